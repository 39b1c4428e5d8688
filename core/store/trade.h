/*
 * trade - questions about booked executions and funding payments.
 *
 * Trades are written by journal_book only; this room's part is to say what is booked already, so
 * that a fill read twice from a venue is applied once.
 */
#ifndef CORE_STORE_TRADE_H
#define CORE_STORE_TRADE_H

#include "core/base/arena.h"
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

/* The venue's time of a pair's newest booked payment, 0 if there is none. */
MUST_CHECK int trade_newest_funding(
	struct postgres *postgres, const struct uuid *pair, int64_t *ret_ms, struct err *err);

bool trade_set_has(const struct trade_set *set, const char *id);

#endif
