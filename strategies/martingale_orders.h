/*
 * martingale_orders - from what is wanted to what is sent.
 *
 * Holds the plan against the orders that stand and asks for the difference: cancels, moved
 * take-profits, exits, at most one entry. Orders whose outcome is unknown are left alone, foreign
 * ones are not seen, stops are the caller's business (strategy_output.stop).
 */
#ifndef STRATEGIES_MARTINGALE_ORDERS_H
#define STRATEGIES_MARTINGALE_ORDERS_H

#include "strategies/martingale_entry.h"
#include "strategies/martingale_exit.h"

struct martingale_plan {
	struct martingale_exit exit;
	struct martingale_targets targets;
	struct martingale_entry entry;
	int kept_entry; /* index of the order that may go on, -1: none */
};

/* The entry that rests and has not timed out, -1: none; *ret_late: one has timed out. */
int martingale_orders_resting(const struct martingale_view *view, bool *ret_late);

/* Lots that are leaving beside what rests: what is sold now (of which some may be on its way as a
 * market order already), and exits whose outcome is unknown. */
int64_t martingale_orders_leaving(const struct martingale_view *view, int64_t sold_lots);

/* Appends the intents, asks for the next look, and names the action. */
void martingale_orders_write(struct martingale_view *view, const struct martingale_plan *plan);

/* What is broken about the finished intents, NULL if nothing: our own mistake if so. */
const char *martingale_orders_fault(const struct martingale_view *view);

#endif
