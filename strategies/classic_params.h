/*
 * classic_params - the settings and the state of the preset dcabot-classic.
 *
 * Few, because the preset is the original as it is: what else belongs to it is fixed.
 */
#ifndef STRATEGIES_CLASSIC_PARAMS_H
#define STRATEGIES_CLASSIC_PARAMS_H

#include "strategies/strategy.h"

struct classic_params { /* ratios in ppm; by the names of the table */
	int64_t preset;
	int64_t initial_size;
	int64_t buildup_limit;
	int64_t tp_min_balance_profit;
	int64_t take_profit;
	int64_t max_margin_pct; /* or PARAM_OFF */
	int64_t use_post_only;
};

struct classic_state { /* derivable from fills: losing it loses nothing */
	int64_t cycle;
	int64_t adds_filled; /* of that cycle; never decreases within it */
};

extern const struct strategy_param classic_params_table[];
extern const struct strategy_field classic_params_state[];

/* Fills in a struct classic_params. */
void classic_params_values(void *ret_params);

/* Checks across fields, as strategy.check. */
size_t classic_params_check(const struct classic_params *params,
	const struct strategy_setting *setting, struct strategy_fault *ret, size_t size);

#endif
