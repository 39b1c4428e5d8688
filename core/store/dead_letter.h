/*
 * dead_letter - runs that were given up: listing them, and what support does about them.
 *
 * A dead slot is never opened again. A retry asks for a run now, which stands for the dead one: it
 * books what may have left and decides anew. Times in lists are UTC text. The SQL of the changes
 * stands in schema/migrations/0008_support.sql; both are audited.
 */
#ifndef CORE_STORE_DEAD_LETTER_H
#define CORE_STORE_DEAD_LETTER_H

#include "core/base/ident.h"

#include <stdint.h>

struct postgres;
struct postgres_result;

struct dead_letter_filter {        /* everything borrowed; NULL or 0: any */
	const struct uuid *tenant; /* id */
	const struct uuid *bot;
	const char *venue; /* "bybit", … */
	const char *class; /* "killed", "auth", … */
	const char *state; /* "dead", "retried", "dropped" */
	int64_t older_than_s, newer_than_s;
	int64_t limit;
};

/*
 * Newest first: id, tenant, bot, scheduled_at, class, attempts, kills, phase, signal, memory_kb,
 * age_s, state, retried_as, message, bot_id. The caller frees.
 */
MUST_CHECK int dead_letter_list(struct postgres *postgres, const struct dead_letter_filter *filter,
	struct postgres_result **ret, struct err *err);

/*
 * One row of the same columns, and bot_id at their end. No row: there is no such letter.
 */
MUST_CHECK int dead_letter_read(struct postgres *postgres, const struct uuid *id,
	struct postgres_result **ret, struct err *err);

/*
 * The run that died: kind, status, admission, attempt, hand_backs, kills, worker, started_at,
 * finished_at, duration_ms, orders, trades, error_class, error, phases, summary, snapshot. No row
 * once retention has dropped it.
 */
MUST_CHECK int dead_letter_run(struct postgres *postgres, const struct uuid *id,
	struct postgres_result **ret, struct err *err);

/*
 * Its journal rows: id, client_order_id, kind, purpose, state, symbol, leg, side, quantity, price,
 * filled, sent_at, reason.
 */
MUST_CHECK int dead_letter_orders(struct postgres *postgres, const struct uuid *id,
	struct postgres_result **ret, struct err *err);

enum dead_letter_outcome {
	DEAD_LETTER_DONE,
	DEAD_LETTER_GONE,     /* no such letter, or it is not dead any more */
	DEAD_LETTER_UNWANTED, /* the bot does not run: a retry would wait for ever */
};

struct dead_letter_word { /* who says so, and why (NULL: no reason given) */
	const char *actor, *reason;
};

/* ret_why: UNWANTED, why the bot does not run ("stopped"). */
#define DEAD_LETTER_WHY_SIZE 64
MUST_CHECK int dead_letter_retry(struct postgres *postgres, const struct uuid *id,
	const struct dead_letter_word *word, enum dead_letter_outcome *ret,
	char ret_why[DEAD_LETTER_WHY_SIZE], struct err *err);

/* DONE or GONE. */
MUST_CHECK int dead_letter_drop(struct postgres *postgres, const struct uuid *id,
	const struct dead_letter_word *word, enum dead_letter_outcome *ret, struct err *err);

#endif
