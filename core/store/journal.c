#include "core/store/journal.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RESTORE_FENCE "BB001" /* SQLSTATE */

static const char *const state_names[] = {
	[JOURNAL_PLANNED] = "planned",
	[JOURNAL_SENDING] = "sending",
	[JOURNAL_OPEN] = "open",
	[JOURNAL_UNKNOWN] = "unknown",
	[JOURNAL_FILLED] = "filled",
	[JOURNAL_CANCELLED] = "cancelled",
	[JOURNAL_REJECTED] = "rejected",
	[JOURNAL_ABSENT] = "absent",
	[JOURNAL_DONE] = "done",
};

const char *journal_state_text(enum journal_state state)
{
	return state_names[state];
}

int journal_state_parse(const char *text, enum journal_state *ret)
{
	for (size_t i = 0; i < sizeof state_names / sizeof state_names[0]; i++) {
		if (strcmp(state_names[i], text) != 0)
			continue;
		*ret = (enum journal_state)i;
		return 0;
	}
	return -1;
}

bool journal_state_final(enum journal_state state)
{
	return state >= JOURNAL_FILLED;
}

/* Runs a protocol function; its one word must be `wanted`. */
static int transact(struct postgres *postgres, const char *sql, size_t count,
	const char *const *parameters, const char *wanted, const char *what, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	if (postgres_query(postgres, sql, count, parameters, &result, err) == -1) {
		/* Raised by a trigger, so that nothing sends past it: 0011_restore_fence.sql. */
		if (strcmp(postgres_sqlstate(postgres), RESTORE_FENCE) == 0)
			return err_set(err, ERR_STOPPED, ERR_RETRY_NEVER,
				"could not %s: the restore fence is closed, see botbeat cluster",
				what);
		return err_while(err, "could not %s", what);
	}
	const char *word = postgres_text(result, 0, 0);
	if (strcmp(word, wanted) == 0)
		return 0;
	if (strcmp(word, "stopped") == 0)
		return err_set(err, ERR_STOPPED, ERR_RETRY_NEVER,
			"could not %s: a stop is in force", what);
	if (strcmp(word, "fenced") == 0)
		return err_set(err, ERR_FENCED, ERR_RETRY_NEVER,
			"could not %s: the run was overtaken", what);
	if (strcmp(word, "unleased") == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"could not %s: the account's lease is not ours", what);
	return err_set(
		err, ERR_DATABASE, ERR_RETRY_NEVER, "could not %s: the row is %s", what, word);
}

int journal_plan(struct postgres *postgres, const struct journal_run *run, const struct uuid *pair,
	const char *state, int64_t state_version, const char *rows, struct err *err)
{
	char token[24];
	char version[24];
	(void)snprintf(token, sizeof token, "%" PRId64, run->token);
	(void)snprintf(version, sizeof version, "%" PRId64, state_version);
	const char *parameters[] = {run->bot->text, token, pair->text, state, version, rows};
	return transact(postgres, "select plan_orders($1, $2, $3, $4, $5, $6)", 6, parameters,
		"planned", "plan the orders", err);
}

int journal_send(struct postgres *postgres, const struct journal_run *run,
	const char *client_order_id, int64_t expires_server_ms, struct err *err)
{
	char token[24];
	char expires[24];
	(void)snprintf(token, sizeof token, "%" PRId64, run->token);
	(void)snprintf(expires, sizeof expires, "%" PRId64, expires_server_ms);
	const char *parameters[] = {run->bot->text, token, client_order_id, expires};
	return transact(postgres, "select send_order($1, $2, $3, $4)", 4, parameters, "sending",
		"mark the order as sending", err);
}

int journal_book(struct postgres *postgres, const struct journal_run *run, const char *results,
	struct err *err)
{
	char token[24];
	(void)snprintf(token, sizeof token, "%" PRId64, run->token);
	const char *parameters[] = {run->bot->text, token, results};
	return transact(postgres, "select book_results($1, $2, $3)", 3, parameters, "booked",
		"book the results", err);
}

int journal_is_of(struct postgres *postgres, const struct uuid *pair, const char *client_order_id,
	bool *ret, struct err *err)
{
	const char *parameters[] = {pair->text, client_order_id};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select exists (select from order_journal where pair_id = $1 "
		    "and lower(client_order_id) = lower($2))",
		    2, parameters, &result, err) == -1)
		return err_while(err, "could not look an order up in the journal");
	*ret = postgres_bool(result, 0, 0);
	return 0;
}

int journal_lost_stop(struct postgres *postgres, const struct uuid *pair, struct journal_stop *ret,
	struct err *err)
{
	const char *parameters[] = {pair->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	/* The newest stop of all, of whatever run: it tells where the lost one was to go. */
	if (postgres_query(postgres,
		    "select p.trigger_price, p.trigger_by = 'mark' from (select * from "
		    "order_journal "
		    "where bot_id = (select bot_id from bot_trading_pairs where id = $1) "
		    "and pair_id = $1 and kind = 'place' and purpose = 'stop' "
		    "order by scheduled_at desc, sequence desc limit 1) p "
		    "where p.state in ('cancelled', 'rejected', 'absent') and exists (select from "
		    "order_journal c where c.bot_id = p.bot_id and c.pair_id = p.pair_id "
		    "and c.kind = 'cancel' and c.purpose = 'replace' and c.sent_at is not null "
		    "and c.scheduled_at >= p.scheduled_at)",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not look for a lost stop");
	*ret = (struct journal_stop){.found = postgres_rows(result) == 1};
	if (!ret->found)
		return 0;
	ret->trigger = postgres_decimal(result, 0, 0);
	ret->by_mark = postgres_bool(result, 0, 1);
	return 0;
}
