/*
 * martingale_check - settings that contradict each other, or the market they are meant for.
 */
#ifndef STRATEGIES_MARTINGALE_CHECK_H
#define STRATEGIES_MARTINGALE_CHECK_H

#include "strategies/martingale_params.h"

/*
 * As strategy.check. Where rules, price or balance are not known, a ladder whose sizes are shares
 * of the balance is held against a market without minimums and 0.5 % maintenance margin.
 */
size_t martingale_check(const struct martingale_params *params,
	const struct strategy_setting *setting, struct strategy_fault *ret, size_t size);

#endif
