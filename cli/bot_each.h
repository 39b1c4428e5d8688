/*
 * bot_each - the same thing done to several bots, each in a guarded child, a few at once.
 *
 * The bots are the operands, or all of a tenant. One that fails does not keep the others: every
 * outcome is printed, and the command then fails as the first one failed.
 */
#ifndef CLI_BOT_EACH_H
#define CLI_BOT_EACH_H

#include "cli/command.h"
#include "cli/guarded.h"
#include "core/store/bot.h"

struct bot_each_task {
	const char *word; /* "started": what has become of a bot if it went well */
	/* Begins with one bot. ERR_…: this bot failed before there was a child. */
	int (*start)(
		const void *shared, const struct bot *bot, struct guarded *ret, struct err *err);
	const void *shared;
};

/* The command's option table has BOT_PICK_OPTION. */
MUST_CHECK int bot_each_run(struct command_context *context, int argc, char **argv,
	const struct bot_each_task *task, struct err *err);

#endif
