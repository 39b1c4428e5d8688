/* strategy - the settings of a strategy, and what they would do. */
#include "cli/commands.h"
#include "cli/strategy_params.h"
#include "cli/strategy_preview.h"

static const struct command actions[] = {
	{
		.name = "params",
		.operands = "[STRATEGY]",
		.operands_max = 1,
		.summary = "Print every setting: its value, range, unit and meaning",
		.details = "STRATEGY is martingale unless said. --json prints a JSON Schema (draft "
			   "2020-12)\n"
			   "that a form can be built from; decimals are strings, their bounds "
			   "stand in\n"
			   "x-minimum and x-maximum.",
		.options = strategy_params_options,
		.run = strategy_params_run,
	},
	{
		.name = "preview",
		.operands = "[STRATEGY]",
		.operands_max = 1,
		.summary = "Print the ladder of a setting, entry by entry, and why it is refused",
		.details =
			"Rules and price come from --rules and --price, or from the venue with\n"
			"--exchange and --symbol; without them a market without minimums and with\n"
			"0.5 % maintenance margin at a price of 1 is assumed. Exit code 4: the "
			"ladder\nwould be refused.",
		.options = strategy_preview_options,
		.run = strategy_preview_run,
	},
	{0},
};

const struct command strategy_command = {
	.name = "strategy",
	.summary = "Explain settings and ladders",
	.actions = actions,
};
