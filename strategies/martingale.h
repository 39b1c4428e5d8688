/*
 * martingale - averages into a losing position and leaves it whole when it has recovered.
 *
 * One strategy, whose presets choose the rule. Only dcabot-classic is built: the algorithm of
 * strategy.md section 1 (martingale_classic.c). This file holds what every preset shares: the
 * table of settings, the candles that are wanted, the values made of them, the state.
 */
#ifndef STRATEGIES_MARTINGALE_H
#define STRATEGIES_MARTINGALE_H

#include "strategies/strategy.h"

enum martingale_preset { MARTINGALE_DCABOT_CLASSIC };

struct martingale_params { /* ratios in ppm; by the names of the table in martingale.c */
	int64_t preset;
	int64_t initial_size;
	int64_t buildup_limit;
	int64_t tp_min_balance_profit;
	int64_t take_profit;
	int64_t max_margin_pct; /* or PARAM_OFF */
	int64_t use_post_only;
};

struct martingale_state { /* derivable from fills: losing it loses nothing */
	int64_t cycle;
	int64_t adds_filled; /* of that cycle; never decreases within it */
};

extern const struct strategy martingale;

#endif
