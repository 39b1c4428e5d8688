/*
 * income - what a leg earned beside its fills: funding, and the venue's own word on their PnL.
 *
 * Both come from the venue's ledgers, which lag; what is late is booked into the cycle in which it
 * was earned, running or ended.
 */
#ifndef WORKER_INCOME_H
#define WORKER_INCOME_H

#include "worker/work.h"

/*
 * Books funding payments of the leg up to the ticker's market time. A ledger that does not answer
 * is asked again in the next run.
 */
MUST_CHECK int income_funding(struct work *work, size_t pair, const struct rules *rules,
	const struct ticker *ticker, struct err *err);

/*
 * Writes the venue's realised figures beside ours where they are still owed, and tells people of
 * those that differ. A ledger that cannot be read is asked again in the next run: never an error of
 * the run, unless the database fails.
 */
MUST_CHECK int income_realised(struct work *work, size_t pair, struct err *err);

/* Do the two figures differ by more than rounding? value: what the fill was worth. Pure. */
bool income_differs(struct decimal ours, struct decimal venues, struct decimal value);

#endif
