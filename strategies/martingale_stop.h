/*
 * martingale_stop - where the stop stands, and whether it is reached.
 *
 * The trigger is the nearer to the market of the setting's price and the liquidation price moved
 * 2 % of mark towards the market. It moves when quantity, average or setting changed, or when the
 * liquidation comes nearer; not with every change of the balance.
 */
#ifndef STRATEGIES_MARTINGALE_STOP_H
#define STRATEGIES_MARTINGALE_STOP_H

#include "strategies/martingale_view.h"

/*
 * The trigger in ticks, 0: no stop is set. Arms it in the new state. A position whose liquidation
 * is that near has its trigger on the market's side: it is reached at once.
 */
int64_t martingale_stop_arm(struct martingale_view *view);

/* True if the price that the stop watches is at the trigger or beyond. */
bool martingale_stop_reached(struct martingale_view *view, int64_t trigger_ticks);

#endif
