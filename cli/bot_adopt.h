/*
 * bot_adopt - botbeat bot adopt and bot release: an operator's word on positions.
 */
#ifndef CLI_BOT_ADOPT_H
#define CLI_BOT_ADOPT_H

#include "cli/command.h"

extern const struct command_option bot_adopt_options[];
MUST_CHECK int bot_adopt_run(
	struct command_context *context, int argc, char **argv, struct err *err);
MUST_CHECK int bot_adopt_release_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
