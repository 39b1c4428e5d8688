/*
 * pair - the legs of a bot that come and go.
 *
 * A leg that never traded is deleted. One that did stays as an inactive row without a claim, since
 * journal, trades and funding are kept and name it; it comes back to life when it is added again.
 * All of this is part of the caller's transaction, after pair_lock_bot.
 */
#ifndef CORE_STORE_PAIR_H
#define CORE_STORE_PAIR_H

#include "core/store/bot.h"

struct postgres;

/*
 * Locks the bot's lease row to the end of the transaction: no run is claimed meanwhile. *ret_free
 * false: a run, or another command, holds the bot now, and knows the legs of before.
 */
MUST_CHECK int pair_lock_bot(
	struct postgres *postgres, const struct uuid *bot, bool *ret_free, struct err *err);

enum pair_added {
	PAIR_ADDED,
	PAIR_ADDED_TAKEN, /* another bot claims the leg on the same account; nothing was done */
	PAIR_ADDED_HELD,  /* it is there, inactive, and holds something; nothing was done */
};
MUST_CHECK int pair_add(struct postgres *postgres, const struct bot *bot,
	const struct bot_pair *pair, enum pair_added *ret, struct err *err);

enum pair_removed {
	PAIR_REMOVED,
	PAIR_REMOVED_TRADED, /* it stays, inactive and without a claim */
	PAIR_REMOVED_HELD,   /* a position, or rows that are not final; nothing was done */
};
MUST_CHECK int pair_remove(struct postgres *postgres, const struct uuid *pair,
	enum pair_removed *ret, struct err *err);

/* The bot's configuration counts as changed: who looked at it before does not write over it. */
MUST_CHECK int pair_touch_bot(struct postgres *postgres, const struct uuid *bot, struct err *err);

#endif
