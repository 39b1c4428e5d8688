/*
 * bot_show - botbeat bot list and bot show: what bots are, what they hold, and why they do not
 * trade.
 */
#ifndef CLI_BOT_SHOW_H
#define CLI_BOT_SHOW_H

#include "cli/command.h"

MUST_CHECK int bot_show_list(
	struct command_context *context, int argc, char **argv, struct err *err);
MUST_CHECK int bot_show_run(
	struct command_context *context, int argc, char **argv, struct err *err);

struct postgres_result;

/* The table of bot_open_rows, for people. */
void bot_show_rows(const struct postgres_result *rows);

#endif
