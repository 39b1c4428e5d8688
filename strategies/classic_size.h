/*
 * classic_size - how large an entry of dcabot-classic is, and what its margin cap leaves room for.
 *
 * Sizes are exact products, floored once to lots. A function returns false if a number does not
 * fit into the integers of a decision; the caller then decides nothing.
 */
#ifndef STRATEGIES_CLASSIC_SIZE_H
#define STRATEGIES_CLASSIC_SIZE_H

#include "strategies/classic_view.h"

/*
 * The wished size in lots, tapered: an opening by the balance, an add by margin and loss. 0 where
 * the original's size is not above zero.
 */
bool classic_size_wished(const struct classic_view *view, int64_t *ret_lots);

/* As the original clamps: up to the venue's minimum, down to its maximum. */
int64_t classic_size_clamp(const struct classic_view *view, int64_t lots);

/* The margin cap is switched off. */
bool classic_size_uncapped(const struct classic_view *view);

/* The largest order that the cap lets pass; INT64_MAX if it is off. */
bool classic_size_room(const struct classic_view *view, int64_t *ret_lots);

#endif
