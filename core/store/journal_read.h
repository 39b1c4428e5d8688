/*
 * journal_read - looking orders up in the journal, for people.
 *
 * Amounts are trimmed decimals as text, times UTC text. Every list is the caller's to free.
 * Changing the journal is core/store/journal.h's.
 */
#ifndef CORE_STORE_JOURNAL_READ_H
#define CORE_STORE_JOURNAL_READ_H

#include "core/base/ident.h"
#include "core/store/journal.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

struct journal_read_filter { /* everything borrowed; NULL: any */
	const struct uuid *tenant, *bot;
	const char *state; /* "open", … */
	bool unknown;      /* unknown, or sending */
	bool unfinished;   /* not final */
	int64_t limit;
};

/*
 * Newest first: id, tenant, bot, created_at, client_order_id, kind, purpose, state, symbol, leg,
 * side, order_type, quantity, price, filled, reason.
 */
MUST_CHECK int journal_read_list(struct postgres *postgres,
	const struct journal_read_filter *filter, struct postgres_result **ret, struct err *err);

struct journal_read_key { /* of one row */
	struct uuid id, bot;
	char client_order_id[CLIENT_ORDER_ID_SIZE];
	enum journal_state state; /* when it was found */
};

/* By the row's id or the client order id, in any case. ERR_NOT_FOUND. */
MUST_CHECK int journal_read_find(
	struct postgres *postgres, const char *name, struct journal_read_key *ret, struct err *err);

/*
 * One row: id, tenant, bot, bot_id, scheduled_at, sequence, space, token, kind, purpose,
 * client_order_id, target_client_order_id, exchange, environment, account_id, symbol, leg, side,
 * order_type, time_in_force, quantity, price, trigger_price, reduce_only, state, final,
 * venue_order_id, filled, filled_value, sent_at, expires_at (the venue's clock), asked, absent_at,
 * reason, venue_code, cycle, created_at, updated_at.
 */
MUST_CHECK int journal_read_row(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err);

/*
 * Its fills: executed_at, exec_id, side, action, type, quantity, price, pnl, fee, fee_currency,
 * liquidity.
 */
MUST_CHECK int journal_read_fills(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err);

/* Rows that change it, and the row that it changes: client_order_id, kind, state, sent_at, reason.
 */
MUST_CHECK int journal_read_changes(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err);

/* The run that planned it: scheduled_at, kind, status, attempt, worker, duration_ms, error,
 * summary. No row for an operator's order, or once retention dropped the log. */
MUST_CHECK int journal_read_run(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err);

#endif
