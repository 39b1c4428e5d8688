/*
 * martingale_signals - from closed candles to the values that our own rule compares.
 *
 * Series in this order: volatility's, the trend gate's if there is one, the entry filters'. An
 * exponential average of span n is made of exactly 5 n closed candles and seeded with the first; of
 * fewer it is missing.
 */
#ifndef STRATEGIES_MARTINGALE_SIGNALS_H
#define STRATEGIES_MARTINGALE_SIGNALS_H

#include "strategies/martingale_params.h"

/* As strategy.wants and strategy.indicators. */
size_t martingale_signals_wants(
	const struct martingale_params *params, struct series_want ret[SERIES_WANT_MAX]);
void martingale_signals_read(const struct martingale_params *params, const struct series *series,
	size_t count, struct indicators *ret);

#endif
