#include "strategies/martingale.h"

#include "strategies/indicators.h"
#include "strategies/martingale_classic.h"
#include "strategies/output.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define EMA_FAST_SPAN 50
#define EMA_SLOW_SPAN 200
#define EMA_ENTRY_SPAN 100
#define VOLATILITY_WINDOW 100
#define DECLINE_CANDLES_MIN 30

static const char *const presets[] = {
	[MARTINGALE_DCABOT_CLASSIC] = "dcabot-classic",
	NULL,
};

#define AT(field) offsetof(struct martingale_params, field)

static const struct strategy_param params_table[] = {
	{.name = "preset",
		.kind = PARAM_ENUM,
		.offset = AT(preset),
		.maximum = MARTINGALE_DCABOT_CLASSIC,
		.default_text = "dcabot-classic",
		.names = presets,
		.unit = "",
		.meaning = "the rule, and the values of everything not given"},
	{.name = "initial_size",
		.kind = PARAM_RATIO,
		.offset = AT(initial_size),
		.minimum = 1,
		.maximum = PPM,
		.default_text = "0.006",
		.unit = "of the wallet balance",
		.meaning = "margin of the first order"},
	{.name = "buildup_limit",
		.kind = PARAM_RATIO,
		.offset = AT(buildup_limit),
		.minimum = 0,
		.maximum = PPM,
		.default_text = "0.02",
		.unit = "margin / balance",
		.meaning = "below it adds need no loss; from it on profit may be taken"},
	{.name = "tp_min_balance_profit",
		.kind = PARAM_RATIO,
		.offset = AT(tp_min_balance_profit),
		.minimum = 0,
		.maximum = PPM,
		.default_text = "0.003",
		.unit = "profit / balance",
		.meaning = "profit must be above it before any is taken"},
	{.name = "take_profit",
		.kind = PARAM_RATIO,
		.offset = AT(take_profit),
		.minimum = 500,
		.maximum = 10 * PPM,
		.default_text = "0.10",
		.unit = "profit / margin",
		.meaning = "above it the position is closed"},
	{.name = "max_margin_pct",
		.kind = PARAM_RATIO,
		.offset = AT(max_margin_pct),
		.nullable = true,
		.minimum = 1,
		.maximum = PPM,
		.default_text = "0.50",
		.unit = "margin / balance",
		.meaning = "cap, shared equally by the symbols with a position; null = off"},
	{.name = "use_post_only",
		.kind = PARAM_BOOL,
		.offset = AT(use_post_only),
		.maximum = 1,
		.default_text = "true",
		.unit = "",
		.meaning = "entries only ever rest on the book"},
	{.name = NULL},
};

static const struct strategy_field state_table[] = {
	{"cycle", offsetof(struct martingale_state, cycle)},
	{"adds_filled", offsetof(struct martingale_state, adds_filled)},
	{NULL, 0},
};

static int martingale_preset(const char *name, void *ret_params)
{
	if (strcmp(name, presets[MARTINGALE_DCABOT_CLASSIC]) != 0)
		return -1;

	const struct martingale_params params = {
		.preset = MARTINGALE_DCABOT_CLASSIC,
		.initial_size = 6000,
		.buildup_limit = 20000,
		.tp_min_balance_profit = 3000,
		.take_profit = 100000,
		.max_margin_pct = 500000,
		.use_post_only = true,
	};
	memcpy(ret_params, &params, sizeof params);
	return 0;
}

static size_t martingale_check(
	const void *params_raw, int64_t leverage, char (*ret_faults)[160], size_t size)
{
	const struct martingale_params *params = params_raw;
	size_t count = 0;

	if ((leverage < 1 || leverage > 125) && count < size)
		snprintf(ret_faults[count++], sizeof ret_faults[0],
			"leverage: must be from 1 to 125");
	if (params->max_margin_pct != PARAM_OFF && params->initial_size > params->max_margin_pct &&
		count < size)
		snprintf(ret_faults[count++], sizeof ret_faults[0],
			"initial_size: the first order would be above max_margin_pct");
	return count;
}

static size_t martingale_wants(
	const void *params, int64_t ema_interval_min, struct series_want ret[SERIES_WANT_MAX])
{
	(void)params;
	ret[0] = (struct series_want){ema_interval_min * MINUTE_MS, EMA_SLOW_SPAN, true};
	ret[1] = (struct series_want){60 * MINUTE_MS, EMA_ENTRY_SPAN, true};
	ret[2] = (struct series_want){5 * MINUTE_MS, VOLATILITY_WINDOW, true};
	return 3;
}

static void keep(struct indicators *values, enum indicator which, bool known, int64_t value)
{
	if (!known)
		return;
	values->valid |= 1U << which;
	values->value[which] = value;
}

/* The average over exactly the newest span candles, as the original asks for no more. */
static void keep_ema(
	struct indicators *values, enum indicator which, const struct series *series, size_t span)
{
	struct bars bars;
	int64_t value = 0;

	bool known = indicators_bars(series->candles, series->count, span, &bars) &&
		     indicators_ema_e8(bars.close, bars.count, span, &value);
	keep(values, which, known, value);
}

static void keep_volatility(struct indicators *values, const struct bars *bars)
{
	int64_t value = 0;
	bool known = indicators_atr_e8(bars, 14, &value);

	keep(values, INDICATOR_ATR, known, value);
	known = indicators_atr_mean_e8(bars, 14, 14, 50, &value);
	keep(values, INDICATOR_ATR_BASELINE, known, value);
	known = indicators_bb_width_ppm(bars, 20, 2.0, &value);
	keep(values, INDICATOR_BB_WIDTH_PPM, known, value);
	known = indicators_hv_ppm(bars, 20, &value);
	keep(values, INDICATOR_HV_PPM, known, value);

	if (bars->count < DECLINE_CANDLES_MIN)
		return;
	known = indicators_roc_ppm(bars, 5, &value);
	keep(values, INDICATOR_ROC5_PPM, known, value);
	known = indicators_roc_ppm(bars, 15, &value);
	keep(values, INDICATOR_ROC15_PPM, known, value);
	known = indicators_volume_ratio_ppm(bars, 5, 16, &value);
	keep(values, INDICATOR_VOLUME_RATIO_PPM, known, value);
}

static int64_t newest_closed_ms(const struct series *series)
{
	for (size_t i = series->count; i > 0; i--) {
		if (series->candles[i - 1].closed)
			return series->candles[i - 1].open_ms;
	}
	return 0;
}

static void martingale_indicators(const void *params, const struct series *series, size_t count,
	const struct rules *rules, struct indicators *ret)
{
	struct bars bars;

	(void)params;
	(void)rules;
	assert(count == 3);
	memset(ret, 0, sizeof *ret);

	keep_ema(ret, INDICATOR_EMA_FAST, &series[0], EMA_FAST_SPAN);
	keep_ema(ret, INDICATOR_EMA_SLOW, &series[0], EMA_SLOW_SPAN);
	keep_ema(ret, INDICATOR_EMA_ENTRY, &series[1], EMA_ENTRY_SPAN);
	if (!indicators_bars(series[2].candles, series[2].count, VOLATILITY_WINDOW, &bars))
		return;
	keep_volatility(ret, &bars);
	ret->candles_5m = bars.count;
	ret->last_closed_ms = newest_closed_ms(&series[2]);
}

static void keep_state(
	const struct strategy_input *input, const void *state_raw, struct strategy_output *output)
{
	struct martingale_state state;

	memcpy(&state, state_raw, sizeof state);
	if (state.cycle != input->cycle)
		state = (struct martingale_state){.cycle = input->cycle};
	if (state.adds_filled < input->cycle_adds)
		state.adds_filled = input->cycle_adds;
	memcpy(output->state, &state, sizeof state);
}

static void martingale_decide(
	const struct strategy_input *input, const void *state, struct strategy_output *ret)
{
	output_init(ret);
	keep_state(input, state, ret);
	martingale_classic_decide(input, ret);
}

_Static_assert(sizeof(struct martingale_params) <= STRATEGY_PARAMS_SIZE, "params fit");
_Static_assert(sizeof(struct martingale_state) <= STRATEGY_STATE_SIZE, "state fits");

const struct strategy martingale = {
	.name = "martingale",
	.presets = presets,
	.params_size = sizeof(struct martingale_params),
	.state_size = sizeof(struct martingale_state),
	.params = params_table,
	.state = state_table,
	.state_version = 1,
	.preset = martingale_preset,
	.check = martingale_check,
	.wants = martingale_wants,
	.indicators = martingale_indicators,
	.decide = martingale_decide,
};
