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
	const struct row *amended;           /* of an amendment that took effect; else NULL */
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

/* A payment that was made in that cycle; one that has ended gets it into its net. */
void booking_funding(
	struct booking *booking, size_t pair, const struct funding_payment *payment, int64_t cycle);

/* What the venue says that a booked execution earned, before fees. */
void booking_venue_pnl(
	struct booking *booking, size_t pair, const char *exec_id, struct decimal venue_pnl);

/* One more entry order of the pair has left today. */
void booking_entry_sent(struct booking *booking, size_t pair);

/* A pair as a row of T3's "pairs"; the caller owns it. */
struct doc *booking_pair_doc(const struct pair *pair);

/* The pair as it will be: fields besides the book may be changed through it. */
struct pair *booking_pair(struct booking *booking, size_t pair);

/* A fact that people must be told, once per key. body is consumed. */
void booking_notice(
	struct booking *booking, const char *event, const char *dedup_key, struct doc *body);

bool booking_empty(const struct booking *booking);

/* T3. On failure nothing was taken over, and after ERR_RETRY_ASK the run must end. */
MUST_CHECK int booking_commit(struct booking *booking, struct err *err);

#endif
