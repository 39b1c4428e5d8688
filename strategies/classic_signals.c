#include "strategies/classic_signals.h"

#include "strategies/indicators.h"

#include <assert.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define EMA_FAST_SPAN 50
#define EMA_SLOW_SPAN 200
#define EMA_ENTRY_SPAN 100
#define VOLATILITY_WINDOW 100
#define DECLINE_CANDLES_MIN 30

size_t classic_signals_wants(int64_t ema_interval_min, struct series_want ret[SERIES_WANT_MAX])
{
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

void classic_signals_read(const struct series *series, size_t count, struct indicators *ret)
{
	struct bars bars;

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
