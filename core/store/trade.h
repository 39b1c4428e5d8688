/*
 * trade - questions about booked executions and funding payments.
 *
 * Trades are written by journal_book only; this room's part is to say what is booked already, so
 * that a fill read twice from a venue is applied once.
 */
#ifndef CORE_STORE_TRADE_H
#define CORE_STORE_TRADE_H

#include "core/base/arena.h"
#include "core/base/decimal.h"
#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postgres;

struct trade_set { /* ids in ascending byte order, in the arena */
	const char **ids;
	size_t count;
};

/* Execution ids booked for a bot from that venue time on. */
MUST_CHECK int trade_executions(struct postgres *postgres, const struct uuid *bot, int64_t from_ms,
	struct arena *arena, struct trade_set *ret, struct err *err);

/* Venue ids of funding payments booked for a bot from that venue time on. */
MUST_CHECK int trade_funding(struct postgres *postgres, const struct uuid *bot, int64_t from_ms,
	struct arena *arena, struct trade_set *ret, struct err *err);

/* The venue's time of a pair's first trade, 0 if there is none. */
MUST_CHECK int trade_first(
	struct postgres *postgres, const struct uuid *pair, int64_t *ret_ms, struct err *err);

/* The cycle of the pair's newest trade at that venue time; 0 if there was none yet. */
MUST_CHECK int trade_cycle_at(struct postgres *postgres, const struct uuid *pair, int64_t at_ms,
	int64_t *ret_cycle, struct err *err);

/* Reductions from that venue time on beside which the venue's own figure does not stand yet. */
struct trade_owed {
	const char *exec_id;       /* in the arena */
	struct decimal pnl, value; /* ours, gross; quantity * price */
	int64_t cycle;
};
struct trade_owed_list {
	struct trade_owed *items;
	size_t count;
};
MUST_CHECK int trade_owed(struct postgres *postgres, const struct uuid *pair, int64_t from_ms,
	struct arena *arena, struct trade_owed_list *ret, struct err *err);

bool trade_set_has(const struct trade_set *set, const char *id);

#endif
