/*
 * bot_adoption - holds the venue's position against a leg's book, and makes the book agree.
 *
 * What our rows explain is booked first (worker/resolve, worker/position). Only what is left is
 * adopted: the difference as one journaled adjustment, type "adopted", PnL 0, after which our
 * quantity and average equal the venue's (design.md 7). Nothing is traded.
 */
#ifndef CLI_BOT_ADOPTION_H
#define CLI_BOT_ADOPTION_H

#include "cli/bot_session.h"

struct doc;

/* Asks about rows that are not final and books what is found, for all pairs. */
MUST_CHECK int bot_adoption_resolve(struct bot_session *session, struct err *err);

/* True in *ret if the venue's leg is what our book says, once what is ours was booked. */
MUST_CHECK int bot_adoption_explained(
	struct bot_session *session, size_t pair, bool *ret, struct err *err);

/*
 * Adopts the leg as the venue shows it; adds {symbol, leg, from, to} to done. ERR_REFUSED while a
 * row of the leg is on the wire or unknown: it may explain the difference yet.
 */
MUST_CHECK int bot_adoption_book(struct bot_session *session, size_t pair, const char *reason,
	struct doc *done, struct err *err);

#endif
