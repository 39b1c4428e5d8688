/*
 * bot_add - botbeat bot add: one bot from options, or many from a file in one transaction.
 */
#ifndef CLI_BOT_ADD_H
#define CLI_BOT_ADD_H

#include "cli/command.h"

extern const struct command_option bot_add_options[];
MUST_CHECK int bot_add_run(struct command_context *context, int argc, char **argv, struct err *err);

#endif
