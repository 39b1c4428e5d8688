/*
 * martingale_size - how many lots an entry has: wished, tapered, cut to what the caps leave.
 *
 * One product, floored once. A result below the venue's minimum is nothing, never the minimum.
 */
#ifndef STRATEGIES_MARTINGALE_SIZE_H
#define STRATEGIES_MARTINGALE_SIZE_H

#include "strategies/martingale_risk.h"

struct martingale_wish { /* how large an entry would like to be */
	bool by_loss;    /* notional x loss on margin x gain; else size */
	int64_t size;    /* in the unit of initial_size, 1e-8 */
};

/* At the own side's price. Sets *ret_lots; false if the numbers do not fit. */
bool martingale_size_wished(
	struct martingale_view *view, const struct martingale_wish *wish, int64_t *ret_lots);

/*
 * After taper and caps; 0 with the reason said if nothing is left or it is below a minimum.
 * False: the numbers do not fit.
 */
bool martingale_size_entry(
	struct martingale_view *view, const struct martingale_wish *wish, int64_t *ret_lots);

/* True if an entry of that many lots that already rests is within caps and liquidation distance. */
bool martingale_size_may_rest(struct martingale_view *view, int64_t lots, int64_t price_ticks);

#endif
