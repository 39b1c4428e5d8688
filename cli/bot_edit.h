/*
 * bot_edit - botbeat bot edit: shows the difference, asks, and changes it in one transaction.
 *
 * Leverage belongs to a symbol, so both legs of it change together; at the venue it changes with
 * the next start. A credential of another account is refused while the bot holds legs.
 */
#ifndef CLI_BOT_EDIT_H
#define CLI_BOT_EDIT_H

#include "cli/command.h"

extern const struct command_option bot_edit_options[];
MUST_CHECK int bot_edit_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
