/*
 * position - holds the venue's position against our book.
 *
 * Read fills → position → fills: where the two disagree, executions that are ours or the venue's
 * own (liquidation, ADL, settlement) are booked, and the position is read again. What is left is
 * drift: the first round that disagrees blocks new risk, two rounds at least 10 s apart confirm it.
 * Drift is never repaired by trading.
 */
#ifndef WORKER_POSITION_H
#define WORKER_POSITION_H

#include "worker/work.h"

/* Reads the account as of now and books what explains the leg. Drift marks stand in the pair. */
MUST_CHECK int position_check(struct work *work, size_t pair, struct account *ret, struct err *err);

/* The venue's position of the pair's leg, NULL if it shows none. Borrowed from account. */
const struct position *position_of(const struct account *account, const struct pair *pair);

/*
 * True if a fresh reading of the venue's position equals our book, once recent executions are
 * booked. False when it cannot be read. No booking may be pending: this one commits its own.
 */
bool position_explained(struct work *work, size_t pair);

/*
 * The newest account reading of this run for the pair's symbol, read now if there was none; NULL if
 * it cannot be read. For what a trade shows beside its fill: balance and margin level.
 */
const struct account *position_account(struct work *work, size_t pair);

#endif
