/*
 * orders - carries out a decision: plan (T1), then sign, mark (T2), send and book (T3) row by row.
 *
 * Sending order: cancels, then protection, then exits, then entries. Entries wait until every
 * cancelled order of the batch is seen final; if one of them had filled meanwhile, the entries are
 * dropped and the decision is made again. A cancel that fails or stays unconfirmed drops the
 * entries of the batch, never an exit.
 */
#ifndef WORKER_ORDERS_H
#define WORKER_ORDERS_H

#include "worker/view.h"

enum orders_result {
	ORDERS_DONE,  /* everything that was to be sent was sent */
	ORDERS_AGAIN, /* what was seen has changed: decide again on a fresh snapshot */
};

MUST_CHECK int orders_execute(struct work *work, size_t pair, const struct view *view,
	const struct strategy_output *output, enum orders_result *ret, struct err *err);

/*
 * Cancels every resting entry of all pairs; true in *ret_all if none is left. stop_run: the cancels
 * pass a closed stop gate.
 */
MUST_CHECK int orders_cancel_entries(
	struct work *work, bool stop_run, bool *ret_all, struct err *err);

/* True if the decision has an OPEN or ADD. */
bool orders_has_entry(const struct strategy_output *output);

/* True if the decision places or cancels anything. */
bool orders_wanted(const struct strategy_output *output);

/* Takes OPEN and ADD out of a decision; cancels and exits stay. */
void orders_drop_entries(struct strategy_output *output);

#endif
