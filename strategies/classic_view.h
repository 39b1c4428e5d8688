/*
 * classic_view - what the rule of dcabot-classic looks at, in the original's roundings.
 *
 * Margin and profit to cents, return on margin and margin level to two places, ties to even as
 * Python's round(); everything from the exact amounts of the input. Filled once per decision,
 * read by the rule and the sizes.
 */
#ifndef STRATEGIES_CLASSIC_VIEW_H
#define STRATEGIES_CLASSIC_VIEW_H

#include "strategies/classic_params.h"
#include "strategies/volatility.h"

#define CLASSIC_LEVEL_UNKNOWN INT64_MAX

struct classic_view {
	const struct strategy_input *input;
	const struct classic_params *params;
	struct strategy_output *output;

	bool held;
	int64_t price_ticks; /* bid for a long, ask for a short */
	struct decimal price;
	int64_t balance_e8;

	int64_t margin_cents, unrealised_cents;
	int64_t roe_pct;   /* unrealised / margin */
	int64_t share_bp;  /* margin / balance, 1/100 % */
	int64_t level_pct; /* margin level; CLASSIC_LEVEL_UNKNOWN: no maintenance margin told */
	bool critical;

	int64_t leverage_ppm;
	int64_t symbols;          /* with a position, this one counted */
	int64_t symbol_margin_e8; /* of this symbol, unrounded */
	__int128 room;            /* (cap - share of margin) x balance x symbols, in e8 x ppm */

	enum volatility volatility;
	enum decline decline;
	int64_t decline_score;
};

/* What makes an input one that cannot be decided on; NULL if nothing does. */
const char *classic_view_fault(const struct strategy_input *input);

/*
 * The view of an input without faults whose ticker has bid and ask and whose wallet is above zero.
 * It keeps pointers to input, its params and output.
 */
struct classic_view classic_view_of(
	const struct strategy_input *input, struct strategy_output *output);

#endif
