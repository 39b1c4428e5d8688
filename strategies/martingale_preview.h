/*
 * martingale_preview - the whole ladder of a setting, before a cent is in it.
 *
 * Every entry is taken to fill whole at its own price, one after another, at the size that is
 * wished: what a cap would cut is a fault, not a smaller ladder. loss_proportional adds where the
 * loss reaches its trigger, again and again.
 */
#ifndef STRATEGIES_MARTINGALE_PREVIEW_H
#define STRATEGIES_MARTINGALE_PREVIEW_H

#include "strategies/martingale_params.h"

/* As strategy.preview; rules, price and balance of the setting are known. */
void martingale_preview(
	const void *params, const struct strategy_setting *setting, struct strategy_preview *ret);

/*
 * What is wrong with the ladder: an entry below a minimum or above a cap, a liquidation that comes
 * too near, a stop that lies beyond it. One fault for each kind, of the first entry that has it.
 */
size_t martingale_preview_check(const struct martingale_params *params,
	const struct strategy_setting *setting, struct strategy_fault *ret, size_t size);

#endif
