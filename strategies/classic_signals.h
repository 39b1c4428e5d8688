/*
 * classic_signals - the candles and values of dcabot-classic, in the original's windows: the
 * unfinished candle is included, and an average is made of exactly as many candles as its span.
 */
#ifndef STRATEGIES_CLASSIC_SIGNALS_H
#define STRATEGIES_CLASSIC_SIGNALS_H

#include "strategies/strategy.h"

/* As strategy.wants and strategy.indicators. */
size_t classic_signals_wants(int64_t ema_interval_min, struct series_want ret[SERIES_WANT_MAX]);
void classic_signals_read(const struct series *series, size_t count, struct indicators *ret);

#endif
