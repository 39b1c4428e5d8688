/*
 * journal - the order journal's three transactions: plan (T1), send (T2), book (T3).
 *
 * No order leaves without a row, no row is sent twice, a row turns final only with its fills.
 * All three require the run's token; ERR_FENCED means that nothing was written.
 * The SQL stands in schema/migrations/0003_run_protocol.sql.
 */
#ifndef CORE_STORE_JOURNAL_H
#define CORE_STORE_JOURNAL_H

#include "core/base/decimal.h"
#include "core/base/ident.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;

enum journal_state { /* design: planned and sending are ours, the rest is what is known */
	JOURNAL_PLANNED,
	JOURNAL_SENDING,
	JOURNAL_OPEN,
	JOURNAL_UNKNOWN,
	JOURNAL_FILLED,
	JOURNAL_CANCELLED,
	JOURNAL_REJECTED,
	JOURNAL_ABSENT,
	JOURNAL_DONE,
};
const char *journal_state_text(enum journal_state state);
int journal_state_parse(const char *text, enum journal_state *ret); /* -1: unrecognized */
bool journal_state_final(enum journal_state state);

struct journal_run {
	const struct uuid *bot;
	int64_t token;
};

/*
 * T1. rows: JSON array as plan_orders wants them; state: the pair's new strategy state as JSON,
 * which drops what was planned before and not sent; NULL adds to it. ERR_REFUSED with
 * ERR_RETRY_LATER: it has entries, and the account's lease is not ours (any more): nothing was
 * written.
 */
MUST_CHECK int journal_plan(struct postgres *postgres, const struct journal_run *run,
	const struct uuid *pair, const char *state, int64_t state_version, const char *rows,
	struct err *err);

/*
 * T2. 0: the row is `sending`, now write the request. ERR_STOPPED: a gate is closed, the row stays
 * planned. ERR_DATABASE with ERR_RETRY_ASK: unclear whether it committed; do not send.
 */
MUST_CHECK int journal_send(struct postgres *postgres, const struct journal_run *run,
	const char *client_order_id, int64_t expires_server_ms, struct err *err);

/* T3. results: JSON as book_results wants it. */
MUST_CHECK int journal_book(struct postgres *postgres, const struct journal_run *run,
	const char *results, struct err *err);

/*
 * The stop that a pair lost on its way to another: its cancel was sent to make room, and none that
 * followed it stands or may stand.
 */
struct journal_stop {
	bool found;
	struct decimal trigger;
	bool by_mark;
};
MUST_CHECK int journal_lost_stop(struct postgres *postgres, const struct uuid *pair,
	struct journal_stop *ret, struct err *err);

/* Is there a row of this client order id, of this pair? Rows end and are no longer shown to a run.
 */
MUST_CHECK int journal_is_of(struct postgres *postgres, const struct uuid *pair,
	const char *client_order_id, bool *ret, struct err *err);

#endif
