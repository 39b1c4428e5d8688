/*
 * indicators - moving averages and measures of movement over closing, high and low prices.
 *
 * The one place of the project where prices are doubles. Values leave it rounded, prices to 1e-8
 * ("e8") and ratios to 1e-6 ("ppm"), so that live and backtest compare the same integers; the
 * build switches fused multiply-add off for the same reason. Arrays are oldest first. A function
 * returns false, and leaves *ret alone, if there are too few values or the result is not a
 * number that fits.
 */
#ifndef STRATEGIES_INDICATORS_H
#define STRATEGIES_INDICATORS_H

#include "core/market/market.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDICATORS_CANDLES_MAX 1024 /* of a series, the newest are used */

struct bars { /* candles as numbers */
	size_t count;
	double high[INDICATORS_CANDLES_MAX];
	double low[INDICATORS_CANDLES_MAX];
	double close[INDICATORS_CANDLES_MAX];
	double volume[INDICATORS_CANDLES_MAX];
};

/*
 * The newest window candles (or as many as there are). False if there are none, or if a price is
 * not above zero or a volume below it.
 */
bool indicators_bars(const struct candle *candles, size_t count, size_t window, struct bars *ret);

/*
 * The exponential average of span over the values, seeded with the first one: not converged when
 * the values are as few as the span, as in the bot that dcabot-classic follows.
 */
bool indicators_ema_e8(const double *values, size_t count, size_t span, int64_t *ret);

/* The average true range (EMA of span over true ranges; the first is high - low) at the end. */
bool indicators_atr_e8(const struct bars *bars, size_t span, int64_t *ret);

/*
 * The mean of the average true ranges that stood after bars first to last (counted from 1), zeros
 * left out; false unless there are last bars.
 */
bool indicators_atr_mean_e8(
	const struct bars *bars, size_t span, size_t first, size_t last, int64_t *ret);

/* Width of the Bollinger bands, (upper - lower) / middle, from the sample deviation. */
bool indicators_bb_width_ppm(const struct bars *bars, size_t span, double deviations, int64_t *ret);

/* Sample deviation of the last span logarithmic returns, per bar. */
bool indicators_hv_ppm(const struct bars *bars, size_t span, int64_t *ret);

/* Change of the close over the last bars_back bars. */
bool indicators_roc_ppm(const struct bars *bars, size_t bars_back, int64_t *ret);

/* Mean volume of the newest recent bars over that of the before bars in front of them. */
bool indicators_volume_ratio_ppm(
	const struct bars *bars, size_t recent, size_t before, int64_t *ret);

#endif
