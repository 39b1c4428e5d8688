/*
 * resolve - asks the venue about journal rows that are not final, and books what is found.
 *
 * The answer to every unknown is a question, never a second order. A place row ends when the venue
 * shows it final and its fills add up to what the venue says was filled; until then it stays open.
 * Absent: asked later than its expiry plus 30 s, not found by id, not in fills, and the position
 * explained by what is booked. A question that fails changes nothing: the row keeps blocking new
 * risk on its leg, and exits go on.
 */
#ifndef WORKER_RESOLVE_H
#define WORKER_RESOLVE_H

#include "worker/work.h"

/* Asks about every row that is not final (and absent ones of the last 24 h) and books. */
MUST_CHECK int resolve_all(struct work *work, struct err *err);

/*
 * Asks about the given rows until all have reached their goal or patience_ms of our clock has
 * passed; books each round that learnt something. An amendment ends when its order shows it: give
 * both rows.
 */
enum resolve_goal {
	RESOLVE_FINAL, /* nothing more will happen to them */
	RESOLVE_SEEN,  /* final, or an order that the venue shows working */
};
MUST_CHECK int resolve_until(struct work *work, struct row *const *rows, size_t count,
	enum resolve_goal goal, int64_t patience_ms, struct err *err);

#endif
