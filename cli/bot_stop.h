/*
 * bot_stop - botbeat bot stop and bot pause.
 *
 * A stop is in force when its transaction has committed: no row of the bot turns `sending` after
 * it, but those of its stop run, which cancels the resting entries. The command then waits until
 * what was on the wire before is final or can no more be executed, and until the stop run is done,
 * and names what is left. Several bots are all stopped first and waited for then.
 */
#ifndef CLI_BOT_STOP_H
#define CLI_BOT_STOP_H

#include "cli/command.h"

extern const struct command_option bot_stop_options[];
extern const struct command_option bot_stop_pause_options[];
MUST_CHECK int bot_stop_run(
	struct command_context *context, int argc, char **argv, struct err *err);
MUST_CHECK int bot_stop_pause_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
