/*
 * martingale_ladder - where the adds of a setting lie and how large they are.
 *
 * Follows from the setting alone. Adds are counted from 1.
 */
#ifndef STRATEGIES_MARTINGALE_LADDER_H
#define STRATEGIES_MARTINGALE_LADDER_H

#include "strategies/martingale_params.h"

#define LADDER_ONE 1000000000000LL /* deviations are in 1e-12, so that growing ones stay exact */
#define LADDER_DEVIATION_MAX (1000 * LADDER_ONE)

/* How many adds there can be. */
int64_t martingale_ladder_count(const struct martingale_params *params);

/*
 * The distance of an add (geometric, custom_list) from its reference: from the base all distances
 * up to it together, from the last fill or the average its own. At most LADDER_DEVIATION_MAX.
 */
int64_t martingale_ladder_deviation(const struct martingale_params *params, int64_t add);

/* Its size in the unit of initial_size, 1e-8; INT64_MAX where that is too small. */
int64_t martingale_ladder_size(const struct martingale_params *params, int64_t add);

#endif
