#include "strategies/martingale_check.h"

#include "strategies/martingale_preview.h"
#include "strategies/text.h"

#include <stdarg.h>
#include <stdio.h>

#define EMA_SPAN_MAX 199 /* five times as many closed candles are what a run can read */
#define NOMINAL_TICKS 100000000LL
#define NOMINAL_BALANCE_E8 (10000 * E8)

struct faults {
	struct strategy_fault *items;
	size_t count, size;
};

#define RATIO(ppm) TEXT(decimal_scaled(ppm, 6))

__attribute__((format(printf, 5, 6))) static void add(struct faults *faults, const char *field,
	const char *value, const char *bound, const char *format, ...)
{
	va_list arguments;

	if (faults->count == faults->size)
		return;
	struct strategy_fault *fault = &faults->items[faults->count++];
	*fault = (struct strategy_fault){0};
	snprintf(fault->field, sizeof fault->field, "%s", field);
	snprintf(fault->value, sizeof fault->value, "%s", value);
	snprintf(fault->bound, sizeof fault->bound, "%s", bound);
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof fault->message, format, arguments);
	va_end(arguments);
}

static const char *number(int64_t value, char text[24])
{
	snprintf(text, 24, "%lld", (long long)value);
	return text;
}
#define NUMBER(value) number(value, (char[24]){0})

/* ---- entries -------------------------------------------------------------------------------- */

static void check_average(
	struct faults *faults, const char *field, int64_t index, const struct average_test *test)
{
	char name[sizeof faults->items->field];

	if (test->ma != AVERAGE_EMA || test->span <= EMA_SPAN_MAX)
		return;
	if (index >= 0)
		snprintf(name, sizeof name, "%s[%lld].span", field, (long long)index);
	else
		snprintf(name, sizeof name, "%s.span", field);
	add(faults, name, NUMBER(test->span), "at most 199 of an ema",
		"an ema is made of five times its span, at most 999 candles are read");
}

static void check_entry(struct faults *faults, const struct martingale_params *params)
{
	for (int64_t i = 0; i < params->entry_filter.count; i++)
		check_average(faults, "entry_filter", i, &params->entry_filter.items[i]);
	if (params->trend_gate.count > 0)
		check_average(faults, "trend_gate", -1, &params->trend_gate.items[0]);
	if (params->price_min != PARAM_OFF && params->price_max != PARAM_OFF &&
		params->price_min > params->price_max)
		add(faults, "price_min", TEXT_E8(params->price_min), "at most price_max",
			"lies above price_max %s", TEXT_E8(params->price_max));
	if (params->initial_size_mode == SIZE_BALANCE_PCT && params->size_basis == BASIS_MARGIN &&
		params->initial_size > E8)
		add(faults, "initial_size", TEXT_E8(params->initial_size), "at most 1",
			"more margin than the whole balance");
}

/* ---- adds ----------------------------------------------------------------------------------- */

static void check_list(struct faults *faults, const struct martingale_params *params)
{
	bool sums = params->add_reference == REFERENCE_BASE;
	int64_t before = 0;

	if (params->add_list.count == 0)
		add(faults, "add_list", "[]", "at least 1 item",
			"custom_list needs the list of its adds");
	for (int64_t i = 0; i < params->add_list.count; i++) {
		int64_t deviation = params->add_list.items[i].deviation;
		int64_t least = sums ? before + params->add_step : params->add_step;
		char name[sizeof faults->items->field];

		snprintf(name, sizeof name, "add_list[%lld].deviation", (long long)i);
		if (deviation < least)
			add(faults, name, RATIO(deviation), "one add_step beyond the one before",
				"must be at least %s: add_step %s beyond the add before",
				RATIO(least), RATIO(params->add_step));
		before = deviation;
	}
}

static void check_adds(struct faults *faults, const struct martingale_params *params)
{
	if (params->add_model == ADD_CUSTOM_LIST)
		check_list(faults, params);
	else if (params->add_list.count > 0)
		add(faults, "add_list", NUMBER(params->add_list.count), "add_model custom_list",
			"is only used by add_model custom_list");
	if (params->buildup_limit > 0 && params->add_model != ADD_LOSS_PROPORTIONAL)
		add(faults, "buildup_limit", RATIO(params->buildup_limit), "0",
			"is only used by add_model loss_proportional");
}

/* ---- exits ---------------------------------------------------------------------------------- */

static void check_steps(struct faults *faults, const struct martingale_params *params)
{
	int64_t sum = 0;

	for (int64_t i = 0; i < params->tp_steps.count; i++) {
		const struct tp_step *step = &params->tp_steps.items[i];
		char name[sizeof faults->items->field];

		snprintf(name, sizeof name, "tp_steps[%lld].profit", (long long)i);
		if (i > 0 && step->profit <= step[-1].profit)
			add(faults, name, RATIO(step->profit), "above the step before",
				"must be above the step before, %s", RATIO(step[-1].profit));
		sum += step->fraction;
	}
	if (params->tp_steps.count > 0 && sum != PPM)
		add(faults, "tp_steps", RATIO(sum), "fractions that add up to 1",
			"the fractions add up to %s, not 1", RATIO(sum));
}

static void check_size_ladder(struct faults *faults, const struct martingale_params *params)
{
	for (int64_t i = 1; i < params->tp_size_ladder.count; i++) {
		const struct size_step *step = &params->tp_size_ladder.items[i];
		char name[sizeof faults->items->field];

		snprintf(name, sizeof name, "tp_size_ladder[%lld].margin_pct_over", (long long)i);
		if (step->over <= step[-1].over)
			add(faults, name, RATIO(step->over), "above the step before",
				"must be above the step before, %s", RATIO(step[-1].over));
	}
}

/* ---- risk ----------------------------------------------------------------------------------- */

static void check_margin(struct faults *faults, const struct martingale_params *params)
{
	if (params->margin_warn != PARAM_OFF && params->margin_critical != PARAM_OFF &&
		params->margin_warn < params->margin_critical)
		add(faults, "margin_warn", RATIO(params->margin_warn), "at least margin_critical",
			"lies below margin_critical %s", RATIO(params->margin_critical));
	if (params->margin_critical_action == CRITICAL_REDUCE &&
		params->margin_mode == WANTED_ISOLATED)
		add(faults, "margin_critical_action", "reduce", "margin_mode cross",
			"isolated, a reduction takes its share of the margin along and saves "
			"nothing");
}

static int64_t maintenance_ppm(const struct strategy_rules *rules)
{
	return rules->tier_count > 0 ? rules->tiers[0].maintenance_ppm : rules->maintenance_ppm;
}

/* Isolated, a position is liquidated 1 / leverage - maintenance rate away from its average. */
static void check_leverage(struct faults *faults, const struct martingale_params *params,
	const struct strategy_setting *setting)
{
	int64_t rate = maintenance_ppm(setting->rules);
	int64_t distance = PPM / setting->leverage - rate;

	if (params->margin_mode == WANTED_CROSS || params->min_liq_distance == PARAM_OFF ||
		distance > params->min_liq_distance)
		return;
	int64_t most = PPM / (params->min_liq_distance + rate);
	if (most > 0 && PPM / most - rate <= params->min_liq_distance)
		most--;
	add(faults, "min_liq_distance", RATIO(params->min_liq_distance), "below 1 / leverage",
		"at leverage %lld an isolated position is liquidated %s %% away: leverage at most "
		"%lld",
		(long long)setting->leverage, TEXT_PPM_PERCENT(distance), (long long)most);
}

/* ---- volatility ----------------------------------------------------------------------------- */

static void check_window(struct faults *faults, const struct martingale_params *params)
{
	const struct {
		const char *name;
		int64_t span, needs;
	} spans[] = {
		{"atr_span", params->atr_span, 5 * params->atr_span},
		{"bb_span", params->bb_span, params->bb_span},
		{"hv_span", params->hv_span, params->hv_span},
	};

	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		if (spans[i].needs > params->vol_window)
			add(faults, spans[i].name, NUMBER(spans[i].span), "within vol_window",
				"needs %lld candles, vol_window has %lld",
				(long long)spans[i].needs, (long long)params->vol_window);
	}
	if (params->decline_crash < params->decline_fast)
		add(faults, "decline_crash", NUMBER(params->decline_crash), "at least decline_fast",
			"lies below decline_fast %lld", (long long)params->decline_fast);
	if (params->decline_fast < params->decline_moderate)
		add(faults, "decline_fast", NUMBER(params->decline_fast),
			"at least decline_moderate", "lies below decline_moderate %lld",
			(long long)params->decline_moderate);
}

static void check_scores(
	struct faults *faults, const char *field, const struct score *items, int64_t count)
{
	for (int64_t i = 1; i < count; i++) {
		char name[sizeof faults->items->field];

		snprintf(name, sizeof name, "%s[%lld].over", field, (long long)i);
		if (items[i].over >= items[i - 1].over)
			add(faults, name, RATIO(items[i].over), "below the step before",
				"must be below the step before, %s: the first that applies counts",
				RATIO(items[i - 1].over));
	}
}

/* ---- together ------------------------------------------------------------------------------- */

/* What is not known is taken from a market that has no minimums. */
static bool complete(const struct martingale_params *params, const struct strategy_setting *known,
	struct strategy_rules *rules, struct strategy_setting *ret)
{
	*rules = (struct strategy_rules){
		.tick_size = {1, 8},
		.lot_size = {1, 8},
		.min_lots = 1,
		.max_lots = 1LL << 50,
		.max_market_lots = 1LL << 50,
		.maintenance_ppm = 5000,
		.maker_fee_ppm = UNITS_MAKER_FEE_PPM,
		.taker_fee_ppm = UNITS_TAKER_FEE_PPM,
		.trading = true,
	};
	*ret = *known;
	if (known->rules == NULL || known->price_ticks == 0) {
		ret->rules = rules;
		ret->price_ticks = NOMINAL_TICKS;
	}
	if (known->balance_e8 <= 0)
		ret->balance_e8 = params->allocated_balance > 0 ? params->allocated_balance
								: NOMINAL_BALANCE_E8;

	/* Amounts say nothing without the balance that they are part of, or the price. */
	bool has_balance = known->balance_e8 > 0 || params->allocated_balance > 0;
	bool has_price = known->rules != NULL && known->price_ticks > 0;
	return params->initial_size_mode == SIZE_BALANCE_PCT ||
	       (has_balance && (has_price || params->initial_size_mode == SIZE_QUOTE));
}

size_t martingale_check(const struct martingale_params *params,
	const struct strategy_setting *setting, struct strategy_fault *ret, size_t size)
{
	struct faults faults = {.items = ret, .size = size};
	struct strategy_setting whole;
	struct strategy_rules nominal;
	bool has_ladder = complete(params, setting, &nominal, &whole);

	check_entry(&faults, params);
	check_adds(&faults, params);
	check_steps(&faults, params);
	check_size_ladder(&faults, params);
	check_margin(&faults, params);
	check_window(&faults, params);
	check_scores(
		&faults, "decline_fall", params->decline_fall.items, params->decline_fall.count);
	check_scores(
		&faults, "decline_jerk", params->decline_jerk.items, params->decline_jerk.count);
	check_scores(&faults, "decline_volume", params->decline_volume.items,
		params->decline_volume.count);
	if (setting->leverage == 0)
		return faults.count;
	size_t before = faults.count;
	check_leverage(&faults, params, &whole);
	/* With a leverage that is too high every entry would say so again. */
	if (has_ladder && faults.count == before)
		faults.count += martingale_preview_check(
			params, &whole, &ret[faults.count], size - faults.count);
	return faults.count;
}
