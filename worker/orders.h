/*
 * orders - carries out a decision: makes its rows, plans them (T1), sends and books them.
 *
 * Sending order: cancels, then protection, then amendments and exits, then entries, then what is
 * left of old stops. Entries wait until every cancelled order of the batch is seen final; if one of
 * them had filled meanwhile, the entries are dropped and the decision is made again. A cancel that
 * fails or stays unconfirmed drops the entries of the batch, never an exit.
 *
 * No naked time: an entry that no standing stop covers is waited for a few seconds and what is left
 * of it is cancelled; a leg without the stop that it should have is closed (design.md 7).
 */
#ifndef WORKER_ORDERS_H
#define WORKER_ORDERS_H

#include "worker/protection.h"

enum orders_result {
	ORDERS_DONE,   /* everything that was to be sent was sent */
	ORDERS_AGAIN,  /* what was seen has changed: decide again on a fresh snapshot */
	ORDERS_SETTLE, /* the leg is held without its stop: decide once more, without entries */
};

struct orders { /* a decision and its rows */
	struct batch *batch;
	const struct view *view;
	const struct strategy_output *output;
	bool last; /* no decision follows: what changes drops the entries, what is missing is made
		    * good */
	struct protection_state protection;
	struct planned *cancels[STRATEGY_ORDERS_MAX];
	struct planned *amends[STRATEGY_INTENTS_MAX];
	struct planned *exits[STRATEGY_INTENTS_MAX * SPLITS_MAX];
	struct planned *entries[STRATEGY_INTENTS_MAX * SPLITS_MAX];
	size_t cancel_count, amend_count, exit_count, entry_count;
};

/*
 * Makes the rows; nothing is planned or sent. ERR_REFUSED: more than one run can send. ERR_BUG: an
 * intent that strategies/strategy.h does not allow.
 */
MUST_CHECK int orders_init(struct orders *orders, struct work *work, size_t pair,
	const struct view *view, const struct strategy_output *output, bool last, struct err *err);

/* True if anything is to be planned. */
bool orders_wanted(const struct orders *orders);

MUST_CHECK int orders_execute(
	struct orders *orders, bool state_changed, enum orders_result *ret, struct err *err);

/*
 * Cancels every resting entry of all pairs; true in *ret_all if none is left. stop_run: the cancels
 * pass a closed stop gate.
 */
MUST_CHECK int orders_cancel_entries(
	struct work *work, bool stop_run, bool *ret_all, struct err *err);

/* True if the decision has an OPEN or ADD. */
bool orders_has_entry(const struct strategy_output *output);

/* Takes OPEN and ADD out of a decision; cancels and exits stay. */
void orders_drop_entries(struct strategy_output *output);

/*
 * Takes out what the platform's blocks forbid, whatever the strategy made of them: entries, and
 * under BLOCK_UNKNOWN_REDUCE all reductions but a close. True if something was taken.
 */
bool orders_enforce(struct strategy_output *output, const struct strategy_input *input);

#endif
