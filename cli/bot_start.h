/*
 * bot_start - botbeat bot start: from configuration to a running bot, or a reason why not.
 *
 * Each bot is started by a guarded child of its own, a few at once: parameters, credential, legs,
 * settings and position are checked in that order, and the last step makes it run at once. What was
 * claimed for a start that was refused is given up again. The order protocol is design.md 7,
 * "Whose account" and "Adoption and drift".
 */
#ifndef CLI_BOT_START_H
#define CLI_BOT_START_H

#include "cli/command.h"

extern const struct command_option bot_start_options[];
MUST_CHECK int bot_start_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
