/*
 * pair_options - legs to trade as a command's options, in the JSON form of cli/bot_form.h.
 *
 * "SYMBOL:SIDE[:auto|manual]", may be repeated; --leverage, --ema-interval, --position-mode,
 * --preset and --params are of all of them.
 */
#ifndef CLI_PAIR_OPTIONS_H
#define CLI_PAIR_OPTIONS_H

#include "cli/command.h"

struct doc;

/* option: the name of the one that names legs. Each goes to the end of list, an array. */
MUST_CHECK int pair_options_add(
	struct command_context *context, const char *option, struct doc *list, struct err *err);

#endif
