/*
 * order_resolve - the audited way out of an order that nobody can explain.
 *
 * The venue is asked first wherever it can be: what it shows wins over what an operator declares.
 * Only a row that is still unknown then is ended by word: absent (it never reached the venue), or
 * filled (booked as a trade whose execution id is "operator:" and the order's). Nothing is traded.
 */
#ifndef CLI_ORDER_RESOLVE_H
#define CLI_ORDER_RESOLVE_H

#include "core/market/market.h"
#include "core/store/journal_read.h"

struct config;

struct order_resolve_word { /* what the operator says */
	bool absent;
	struct decimal quantity, price; /* else: filled, beyond what is booked of the order */
	struct decimal fee;             /* USDT */
	const char *actor, *reason;
};

struct order_resolve_result {
	char state[16];   /* of the row now */
	bool by_venue;    /* the venue knew: nothing was declared */
	bool venue_asked; /* false: it could not be, why stands in note */
	char note[256];
};

/* Works in a guarded child. ERR_REFUSED: the row is not unknown, a run holds the bot, or the venue
 * may still accept the order. */
MUST_CHECK int order_resolve_run(const struct config *config, const struct journal_read_key *key,
	const struct order_resolve_word *word, struct order_resolve_result *ret, struct err *err);

#endif
