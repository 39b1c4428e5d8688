/*
 * booking - one T3: what became of rows, with their fills as trades, in one transaction.
 *
 * Collects changes against copies; the run's dossier changes only when the transaction has
 * committed. An execution is applied once: those that a row has booked already are passed over
 * here, and the database refuses the rest.
 */
#ifndef WORKER_BOOKING_H
#define WORKER_BOOKING_H

#include "worker/work.h"

struct booking;

struct row_change {
	enum journal_state state;
	struct decimal filled, filled_value; /* cumulative; must cover the booked fills */
	const char *venue_order_id;          /* NULL: as it was */
	const char *reason;                  /* NULL: as it was */
	int64_t venue_code;                  /* 0: none */
	bool asked;                          /* one more question was asked */
};

struct booking *booking_new(struct work *work);
void booking_free(struct booking **booking);

/* Several changes of one row end as one: the last word counts, unless it leaves a thing as it was.
 */
void booking_row(struct booking *booking, struct row *row, const struct row_change *change);

/* The row as it will be, borrowed: what fills of this same booking must be added to. */
const struct row *booking_row_after(struct booking *booking, struct row *row);

/* Is it among the executions that the row has booked, or will have by this booking? */
bool booking_has(struct booking *booking, struct row *row, const struct fill *fill);

/*
 * A fill of a pair's leg, as trades. row: whose order it was, NULL for the venue's own
 * (liquidation, ADL, settlement). Fills must come in time order. late: found after the row had been
 * declared absent, or final without it.
 */
MUST_CHECK int booking_fill(struct booking *booking, size_t pair, const struct row *row,
	const struct fill *fill, bool late, const struct account *account, struct err *err);

void booking_funding(struct booking *booking, size_t pair, const struct funding_payment *payment);

/* The pair as it will be: fields besides the book may be changed through it. */
struct pair *booking_pair(struct booking *booking, size_t pair);

/* A fact that people must be told, once per key. body is consumed. */
void booking_notice(
	struct booking *booking, const char *event, const char *dedup_key, struct doc *body);

bool booking_empty(const struct booking *booking);

/* T3. On failure nothing was taken over, and after ERR_RETRY_ASK the run must end. */
MUST_CHECK int booking_commit(struct booking *booking, struct err *err);

#endif
