#include "strategies/classic_params.h"

#include "strategies/martingale.h"
#include "strategies/text.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct classic_params, field)

const struct strategy_param classic_params_table[] = {
	{.name = "preset",
		.kind = PARAM_ENUM,
		.offset = AT(preset),
		.maximum = MARTINGALE_SAFE,
		.names = martingale_presets,
		.unit = "",
		.meaning = "the rule, and the values of everything not given"},
	{.name = "initial_size",
		.kind = PARAM_RATIO,
		.offset = AT(initial_size),
		.minimum = 1,
		.maximum = PPM,
		.unit = "of the wallet balance",
		.meaning = "margin of the first order"},
	{.name = "buildup_limit",
		.kind = PARAM_RATIO,
		.offset = AT(buildup_limit),
		.minimum = 0,
		.maximum = PPM,
		.unit = "margin / balance",
		.meaning = "below it adds need no loss; from it on profit may be taken"},
	{.name = "tp_min_balance_profit",
		.kind = PARAM_RATIO,
		.offset = AT(tp_min_balance_profit),
		.minimum = 0,
		.maximum = PPM,
		.unit = "profit / balance",
		.meaning = "profit must be above it before any is taken"},
	{.name = "take_profit",
		.kind = PARAM_RATIO,
		.offset = AT(take_profit),
		.minimum = 500,
		.maximum = 10 * PPM,
		.unit = "profit / margin",
		.meaning = "above it the position is closed"},
	{.name = "max_margin_pct",
		.kind = PARAM_RATIO,
		.offset = AT(max_margin_pct),
		.nullable = true,
		.minimum = 1,
		.maximum = PPM,
		.unit = "margin / balance",
		.meaning = "cap, shared equally by the symbols with a position; null = off"},
	{.name = "use_post_only",
		.kind = PARAM_BOOL,
		.offset = AT(use_post_only),
		.maximum = 1,
		.unit = "",
		.meaning = "entries only ever rest on the book"},
	{.name = NULL},
};

const struct strategy_field classic_params_state[] = {
	{"cycle", offsetof(struct classic_state, cycle)},
	{"adds_filled", offsetof(struct classic_state, adds_filled)},
	{NULL, 0},
};

void classic_params_values(void *ret_params)
{
	const struct classic_params params = {
		.preset = MARTINGALE_DCABOT_CLASSIC,
		.initial_size = 6000,
		.buildup_limit = 20000,
		.tp_min_balance_profit = 3000,
		.take_profit = 100000,
		.max_margin_pct = 500000,
		.use_post_only = true,
	};
	memcpy(ret_params, &params, sizeof params);
}

size_t classic_params_check(const struct classic_params *params,
	const struct strategy_setting *setting, struct strategy_fault *ret, size_t size)
{
	(void)setting;
	if (size == 0 || params->max_margin_pct == PARAM_OFF ||
		params->initial_size <= params->max_margin_pct)
		return 0;

	*ret = (struct strategy_fault){.field = "initial_size",
		.message = "the first order would be above max_margin_pct"};
	snprintf(
		ret->value, sizeof ret->value, "%s", TEXT(decimal_scaled(params->initial_size, 6)));
	snprintf(ret->bound, sizeof ret->bound, "at most max_margin_pct %s",
		TEXT(decimal_scaled(params->max_margin_pct, 6)));
	return 1;
}
