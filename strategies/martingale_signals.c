#include "strategies/martingale_signals.h"

#include "strategies/indicators.h"

#include <assert.h>

#define EMA_CANDLES 5 /* per candle of the span */
#define FALL_BARS 5
#define LONGER_BARS 15
#define VOLUME_BARS 5
#define VOLUME_BARS_BEFORE 16

/* ---- what is wanted ------------------------------------------------------------------------- */

static size_t candles_of(const struct average_test *test)
{
	return (size_t)(test->ma == AVERAGE_EMA ? EMA_CANDLES * test->span : test->span);
}

static struct series_want want_of(int64_t tf, size_t count)
{
	return (struct series_want){martingale_params_interval_ms(tf), count, false};
}

size_t martingale_signals_wants(
	const struct martingale_params *params, struct series_want ret[SERIES_WANT_MAX])
{
	size_t count = 0;

	/* One more: the first range and the first return are against the candle before. */
	ret[count++] = want_of(params->vol_tf, (size_t)params->vol_window + 1);
	if (params->trend_gate.count > 0) {
		const struct average_test *test = &params->trend_gate.items[0];

		ret[count++] = want_of(test->tf, candles_of(test));
	}
	for (int64_t i = 0; i < params->entry_filter.count; i++) {
		const struct average_test *test = &params->entry_filter.items[i];

		ret[count++] = want_of(test->tf, candles_of(test));
	}
	return count;
}

/* ---- values --------------------------------------------------------------------------------- */

static void keep(struct indicators *values, enum indicator which, bool known, int64_t value)
{
	if (known) {
		values->valid |= 1U << which;
		values->value[which] = value;
	} else {
		values->valid &= ~(1U << which);
		values->value[which] = 0;
	}
}

static void read_average(const struct average_test *test, const struct series *series,
	enum indicator which, struct indicators *ret)
{
	double closes[INDICATORS_CANDLES_MAX];
	size_t wanted = candles_of(test);
	int64_t value = 0;
	bool known = indicators_closes(series, wanted, closes);

	if (known && test->ma == AVERAGE_EMA)
		known = indicators_ema_e8(closes, wanted, (size_t)test->span, &value);
	else if (known)
		known = indicators_sma_e8(closes, wanted, &value);
	keep(ret, which, known, value);
}

static void read_ranges(const struct martingale_params *params, const struct strategy_bar *bars,
	struct indicators *ret)
{
	size_t window = (size_t)params->vol_window;
	size_t span = (size_t)params->atr_span;
	int64_t value = 0;
	bool known = indicators_range_ema_e8(
		&bars[window - EMA_CANDLES * span], EMA_CANDLES * span, span, &value);

	keep(ret, INDICATOR_ATR, known, value);
	if (params->atr_baseline == BASELINE_CLASSIC)
		known = indicators_range_ema_mean_e8(bars, window / 2, span, &value);
	else
		known = indicators_range_mean_e8(bars, window, &value);
	keep(ret, INDICATOR_ATR_BASELINE, known, value);
}

/* bars: exactly a window of them. */
static void read_window(const struct martingale_params *params, const struct strategy_bar *bars,
	struct indicators *ret)
{
	size_t window = (size_t)params->vol_window;
	const struct strategy_bar *end = &bars[window];
	int64_t value = 0;

	read_ranges(params, bars, ret);
	bool known = indicators_band_width_ppm(end - params->bb_span, (size_t)params->bb_span,
		(double)params->bb_sd / (double)PPM, &value);
	keep(ret, INDICATOR_BB_WIDTH_PPM, known, value);
	known = indicators_return_deviation_ppm(
		end - params->hv_span, (size_t)params->hv_span, &value);
	keep(ret, INDICATOR_HV_PPM, known, value);
	known = indicators_change_ppm(&end[-1 - FALL_BARS], &end[-1], &value);
	keep(ret, INDICATOR_ROC5_PPM, known, value);
	known = indicators_change_ppm(&end[-1 - LONGER_BARS], &end[-1], &value);
	keep(ret, INDICATOR_ROC15_PPM, known, value);
	known = indicators_volumes_ppm(end, VOLUME_BARS, VOLUME_BARS_BEFORE, &value);
	keep(ret, INDICATOR_VOLUME_RATIO_PPM, known, value);
}

static void forget_window(struct indicators *ret)
{
	for (int which = INDICATOR_ATR; which <= INDICATOR_VOLUME_RATIO_PPM; which++)
		keep(ret, (enum indicator)which, false, 0);
}

static void read_volatility(
	const struct martingale_params *params, const struct series *series, struct indicators *ret)
{
	struct strategy_bar made[INDICATORS_WINDOW_MAX];
	size_t window = (size_t)params->vol_window;
	const struct strategy_bar *bars = indicators_window(series, window, made);

	ret->last_closed_ms = ret->closed_ms[0];
	ret->candles_5m = bars != NULL ? window : 0;
	if (bars != NULL)
		read_window(params, bars, ret);
	else
		forget_window(ret);
}

/* Whether the series has a candle that the values do not know yet. */
static bool is_new(const struct series *series, int64_t *closed_ms)
{
	int64_t newest_ms = indicators_newest_ms(series);
	bool changed = newest_ms == 0 || newest_ms != *closed_ms;

	*closed_ms = newest_ms;
	return changed;
}

void martingale_signals_read(const struct martingale_params *params, const struct series *series,
	size_t count, struct indicators *ret)
{
	size_t at = 0;

	assert(count == 1 + (size_t)(params->trend_gate.count + params->entry_filter.count));
	if (is_new(&series[at], &ret->closed_ms[at]))
		read_volatility(params, &series[at], ret);
	at++;
	if (params->trend_gate.count > 0) {
		if (is_new(&series[at], &ret->closed_ms[at]))
			read_average(
				&params->trend_gate.items[0], &series[at], INDICATOR_TREND, ret);
		at++;
	}
	for (int64_t i = 0; i < params->entry_filter.count; i++, at++) {
		if (is_new(&series[at], &ret->closed_ms[at]))
			read_average(&params->entry_filter.items[i], &series[at],
				(enum indicator)(INDICATOR_FILTER_1 + i), ret);
	}
}
