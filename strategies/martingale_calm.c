#include "strategies/martingale_calm.h"

#define SCORE_MAX 100

static bool has(const struct martingale_view *view, enum indicator which)
{
	return (view->input->indicators.valid & (1U << which)) != 0;
}

static int64_t value_of(const struct martingale_view *view, enum indicator which)
{
	return view->input->indicators.value[which];
}

/* A closed candle is good for two of its intervals from its end on. */
static bool is_fresh(const struct martingale_view *view, size_t series, int64_t interval_ms)
{
	int64_t open_ms = view->input->indicators.closed_ms[series];

	/* 0: ready values that tell no time. */
	return open_ms == 0 || view->input->now_ms - open_ms <= 3 * interval_ms;
}

/* ---- volatility ----------------------------------------------------------------------------- */

/* One test: off, missing, or above its limit. */
struct test {
	bool on, known, above;
};

static bool see_test(struct martingale_calm *calm, const struct test *test)
{
	calm->missing = calm->missing || (test->on && !test->known);
	return test->on && test->known && test->above;
}

static void look_at_ranges(struct martingale_view *view, struct martingale_calm *calm)
{
	int64_t limit = view->params->atr_mult;
	int64_t now = value_of(view, INDICATOR_ATR);
	int64_t usual = value_of(view, INDICATOR_ATR_BASELINE);
	const struct test test = {
		.on = limit != PARAM_OFF,
		.known = has(view, INDICATOR_ATR) && has(view, INDICATOR_ATR_BASELINE),
		.above = (i128)now * PPM > (i128)usual * limit,
	};

	if (see_test(calm, &test))
		calm->wild = !MARTINGALE_GATE(view, "volatility", false, "ATR%lld %s > %s x %s",
			(long long)view->params->atr_span, TEXT_E8(now),
			TEXT(decimal_scaled(limit, 6)), TEXT_E8(usual));
}

/* value in ppm against a limit in percent of six places. */
static void look_at_percent(struct martingale_view *view, struct martingale_calm *calm,
	enum indicator which, int64_t limit, const char *name)
{
	const struct test test = {
		.on = limit != PARAM_OFF,
		.known = has(view, which),
		.above = (i128)value_of(view, which) * 100 > limit,
	};

	if (see_test(calm, &test))
		calm->wild = !MARTINGALE_GATE(view, "volatility", false, "%s %s %% > %s %%", name,
			TEXT_PPM_PERCENT(value_of(view, which)), TEXT(decimal_scaled(limit, 6)));
}

/* ---- decline -------------------------------------------------------------------------------- */

/* The points of the first step that over / under (under above zero) lies above. */
static int64_t points_above(i128 over, i128 under, const struct score *steps, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		if (over * PPM > under * steps[i].over)
			return steps[i].points;
	}
	return 0;
}

/* How far the price went against the position; 0 if it went the other way. */
static int64_t adverse(const struct martingale_view *view, enum indicator which)
{
	int64_t change = value_of(view, which);

	if ((change > 0) == view->is_long)
		return 0;
	if (change == INT64_MIN)
		return INT64_MAX;
	return change < 0 ? -change : change;
}

static int64_t score_of(const struct martingale_view *view)
{
	const struct martingale_params *params = view->params;
	int64_t fall = adverse(view, INDICATOR_ROC5_PPM);
	int64_t longer = adverse(view, INDICATOR_ROC15_PPM);
	int64_t score = points_above(
		fall, PPM, params->decline_fall.items, params->decline_fall.count);

	if (fall > 0 && longer > 0)
		score += points_above(
			fall, longer, params->decline_jerk.items, params->decline_jerk.count);
	score += points_above(value_of(view, INDICATOR_VOLUME_RATIO_PPM), PPM,
		params->decline_volume.items, params->decline_volume.count);
	return score < SCORE_MAX ? score : SCORE_MAX;
}

static enum decline class_of(const struct martingale_params *params, int64_t score)
{
	if (score >= params->decline_crash)
		return DECLINE_CRASH;
	if (score >= params->decline_fast)
		return DECLINE_FAST;
	return score >= params->decline_moderate ? DECLINE_MODERATE : DECLINE_SLOW;
}

static void look_at_decline(struct martingale_view *view, struct martingale_calm *calm)
{
	if (!has(view, INDICATOR_ROC5_PPM) || !has(view, INDICATOR_ROC15_PPM) ||
		!has(view, INDICATOR_VOLUME_RATIO_PPM)) {
		calm->missing = true;
		return;
	}

	int64_t score = score_of(view);
	enum decline decline = class_of(view->params, score);
	calm->dangerous = volatility_decline_dangerous(decline);
	calm->safe = volatility_decline_safe(decline);
	MARTINGALE_GATE(view, "decline", !calm->dangerous, "%s, score %lld",
		volatility_decline_text(decline), (long long)score);
}

struct martingale_calm martingale_calm_look(struct martingale_view *view)
{
	const struct martingale_params *params = view->params;
	int64_t interval_ms = martingale_params_interval_ms(params->vol_tf);
	struct martingale_calm calm = {0};

	if (!is_fresh(view, MARTINGALE_SERIES_VOLATILITY, interval_ms)) {
		calm.missing = true;
		MARTINGALE_GATE(view, "candle_age", false,
			"the newest closed candle began %lld s ago",
			(long long)((view->input->now_ms - view->input->indicators.closed_ms[0]) /
				    1000));
		return calm;
	}
	look_at_ranges(view, &calm);
	look_at_percent(
		view, &calm, INDICATOR_BB_WIDTH_PPM, params->bb_width_max, "Bollinger width");
	look_at_percent(view, &calm, INDICATOR_HV_PPM, params->hv_max, "deviation of returns");
	look_at_decline(view, &calm);
	return calm;
}

/* ---- moving averages ------------------------------------------------------------------------ */

static bool is_missing(struct martingale_view *view, const char *gate, const char *why)
{
	bool allowed = view->params->on_missing_data == MISSING_ALLOW;

	return MARTINGALE_GATE(view, gate, allowed, "the average is %s%s", why,
		allowed ? ", on_missing_data allows it" : "");
}

bool martingale_calm_average(struct martingale_view *view, const struct average_test *test,
	enum indicator which, size_t series, const char *gate)
{
	struct grid *grid = &view->grid;
	int64_t offset = view->is_long ? test->offset : -test->offset;
	bool below = (test->op == OP_BELOW) == view->is_long;
	int64_t average_e8 = value_of(view, which);

	if (!has(view, which))
		return is_missing(view, gate, "missing");
	if (!is_fresh(view, series, martingale_params_interval_ms(test->tf)))
		return is_missing(view, gate, "old");

	/* price / under < average x (1 + offset), without a division. */
	i128 price = grid_product(grid, grid_product(grid, view->own_ticks, grid->price.over), PPM);
	i128 limit = grid_product(
		grid, grid_product(grid, average_e8, grid->price.under), PPM + offset);
	bool passed = below ? price < limit : price > limit;
	return MARTINGALE_GATE(view, gate, passed, "price %s is%s %s %s%lld of %lld m %s",
		TEXT(units_price_of(view->own_ticks, &view->input->rules)), passed ? "" : " not",
		below ? "below" : "above", test->ma == AVERAGE_EMA ? "EMA" : "SMA",
		(long long)test->span, (long long)(martingale_params_interval_ms(test->tf) / 60000),
		TEXT_E8(average_e8));
}
