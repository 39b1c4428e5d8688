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

#include "strategies/strategy.h"

#define INDICATORS_CANDLES_MAX 1024 /* of a series, the newest are used */
#define INDICATORS_WINDOW_MAX 512   /* of a window of bars */

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

/* ---- the same of bars (strategy.h), for a caller that shows closed candles again and again ------
 */

/* A candle after the one before (NULL: the first). False as indicators_bars. */
bool indicators_bar(
	const struct candle *candle, const struct strategy_bar *before, struct strategy_bar *ret);

/* When the newest closed candle of a series opened; 0: it has none. */
int64_t indicators_newest_ms(const struct series *series);

/*
 * The newest window closed candles as bars, each with one before it: in the series itself if it has
 * bars, else made in room. NULL if there are fewer than window + 1 or a price is not above zero.
 */
const struct strategy_bar *indicators_window(const struct series *series, size_t window,
	struct strategy_bar room[INDICATORS_WINDOW_MAX]);

/* The closes of exactly the newest count closed candles; false if there are fewer. */
bool indicators_closes(
	const struct series *series, size_t count, double ret[INDICATORS_CANDLES_MAX]);

/* The plain mean of all values. */
bool indicators_sma_e8(const double *values, size_t count, int64_t *ret);

/* The exponential average of true ranges, seeded with the first. */
bool indicators_range_ema_e8(
	const struct strategy_bar *bars, size_t count, size_t span, int64_t *ret);
/* The mean of the values that this average takes from bar span on. */
bool indicators_range_ema_mean_e8(
	const struct strategy_bar *bars, size_t count, size_t span, int64_t *ret);
/* The plain mean of true ranges. */
bool indicators_range_mean_e8(const struct strategy_bar *bars, size_t count, int64_t *ret);

/* Width of the Bollinger bands over all bars. */
bool indicators_band_width_ppm(
	const struct strategy_bar *bars, size_t count, double deviations, int64_t *ret);

/* Sample deviation of their logarithmic returns. */
bool indicators_return_deviation_ppm(const struct strategy_bar *bars, size_t count, int64_t *ret);

/* Change of the close from one bar to another. */
bool indicators_change_ppm(
	const struct strategy_bar *from, const struct strategy_bar *to, int64_t *ret);

/* Mean volume of the recent bars that end before end, over that of the before bars in front of
 * them. */
bool indicators_volumes_ppm(
	const struct strategy_bar *end, size_t recent, size_t before, int64_t *ret);

#endif
