/*
 * strategy_params - botbeat strategy params: the table of settings.
 */
#ifndef CLI_STRATEGY_PARAMS_H
#define CLI_STRATEGY_PARAMS_H

#include "cli/command.h"

struct strategy;

extern const struct command_option strategy_params_options[];
MUST_CHECK int strategy_params_run(
	struct command_context *context, int argc, char **argv, struct err *err);

/* The strategy that a command's operand names, martingale if there is none. */
MUST_CHECK int strategy_params_find(
	int argc, char **argv, const struct strategy **ret, struct err *err);

#endif
