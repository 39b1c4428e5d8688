/*
 * strategy_preview - botbeat strategy preview: a ladder before it costs anything.
 */
#ifndef CLI_STRATEGY_PREVIEW_H
#define CLI_STRATEGY_PREVIEW_H

#include "cli/command.h"

extern const struct command_option strategy_preview_options[];
MUST_CHECK int strategy_preview_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
