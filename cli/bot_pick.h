/*
 * bot_pick - the bots that a command is about: its operands, or all of a tenant (--all-of).
 */
#ifndef CLI_BOT_PICK_H
#define CLI_BOT_PICK_H

#include "cli/command.h"
#include "core/store/bot.h"

#define BOT_PICK_OPTION                                                                            \
	{                                                                                          \
		"all-of", "TENANT", "all bots of a tenant"                                         \
	}

struct bot_pick { /* bot_pick_done frees */
	struct bot *bots;
	size_t count;
};

/* The command's option table has BOT_PICK_OPTION. ERR_USAGE unless one of both was given. */
MUST_CHECK int bot_pick(struct command_context *context, struct postgres *postgres, int argc,
	char **argv, struct bot_pick *ret, struct err *err);
void bot_pick_done(struct bot_pick *pick);

#endif
