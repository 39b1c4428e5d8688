/*
 * martingale_calm - is the market calm enough for an entry?
 *
 * High volatility by three tests, and how fast the price moves against the position: a fall for a
 * long, a rise for a short. Values that are missing or old are said to be so: the setting decides
 * what that means.
 */
#ifndef STRATEGIES_MARTINGALE_CALM_H
#define STRATEGIES_MARTINGALE_CALM_H

#include "strategies/martingale_view.h"
#include "strategies/volatility.h"

struct martingale_calm {
	bool missing;   /* a test could not be made */
	bool wild;      /* high volatility */
	bool dangerous; /* a fast decline or a crash */
	bool safe;      /* a slow or moderate decline */
};

/* Says what each test found. */
struct martingale_calm martingale_calm_look(struct martingale_view *view);

/* Of a moving average of that index (INDICATOR_TREND, INDICATOR_FILTER_1, …): does the price keep
 * the test? An average that is missing or old keeps it only if on_missing_data says so. */
bool martingale_calm_average(struct martingale_view *view, const struct average_test *test,
	enum indicator which, size_t series, const char *gate);

/* Which wanted series stands where: volatility, then the trend gate's, then the filters'. */
#define MARTINGALE_SERIES_VOLATILITY 0
static inline size_t martingale_calm_filter_series(
	const struct martingale_params *params, size_t filter)
{
	return 1 + (size_t)params->trend_gate.count + filter;
}

#endif
