/*
 * bot - bots and their pairs as configuration, and the words that stop them.
 *
 * A bot is stopped when it is added; starting it is core/store/hold.h's, since it touches the
 * venue. Names are unique within a tenant. A name that does not exist is ERR_NOT_FOUND, one that is
 * taken, or that several tenants use, ERR_REFUSED. Values outside their range are refused by the
 * database; callers check them first to name the field.
 */
#ifndef CORE_STORE_BOT_H
#define CORE_STORE_BOT_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

#define BOT_NAME_SIZE 401 /* 100 characters of UTF-8 */

struct bot {
	struct uuid id, tenant;
	char name[BOT_NAME_SIZE], tenant_name[BOT_NAME_SIZE];
	char exchange[16], environment[16], status[16], mode[16], strategy[32];
	char credential[40]; /* id; "" if it has none */
	int64_t interval_s;
	bool stopped; /* its stop gate */
};

/* By id, NAME, or TENANT/NAME. */
MUST_CHECK int bot_find(
	struct postgres *postgres, const char *name, struct bot *ret, struct err *err);

/* All bots of a tenant (id), by name. */
MUST_CHECK int bot_ids(struct postgres *postgres, const struct uuid *tenant,
	struct postgres_result **ret, struct err *err);

struct bot_new { /* texts borrowed */
	struct uuid id;
	const char *tenant, *credential; /* ids */
	const char *name, *exchange, *environment, *mode, *strategy, *align;
	int64_t interval_s, align_delay_ms;
};
MUST_CHECK int bot_add(struct postgres *postgres, const struct bot_new *bot, struct err *err);

struct bot_pair { /* texts borrowed */
	const char *symbol, *side, *position_mode;
	const char *params; /* JSON object */
	bool automatic, active;
	int64_t leverage, ema_interval_min;
};
MUST_CHECK int bot_add_pair(struct postgres *postgres, const struct uuid *tenant,
	const struct uuid *bot, const struct bot_pair *pair, struct err *err);

/*
 * Changes one column of a bot or pair. column is one of ours, never a user's text; value is its
 * text form, NULL for null.
 */
MUST_CHECK int bot_set(struct postgres *postgres, const struct uuid *bot, const char *column,
	const char *value, struct err *err);
MUST_CHECK int bot_set_pair(struct postgres *postgres, const struct uuid *pair, const char *column,
	const char *value, struct err *err);

/*
 * For `bot edit`, one row, locked if lock (inside a transaction): name, credential id, credential
 * name, interval_seconds, align, align_delay_ms, mode, config_version.
 */
MUST_CHECK int bot_settings(struct postgres *postgres, const struct uuid *bot, bool lock,
	struct postgres_result **ret, struct err *err);

/* The account that the bot holds legs of; "" if it holds none. */
#define BOT_ACCOUNT_SIZE 72
MUST_CHECK int bot_claimed_account(struct postgres *postgres, const struct uuid *bot,
	char ret[BOT_ACCOUNT_SIZE], struct err *err);

/* The next run comes at once. */
MUST_CHECK int bot_follow_up(struct postgres *postgres, const struct uuid *bot, struct err *err);

/* id, tenant, name, exchange, environment, status, mode, symbols, open_positions, last_run_at,
 * last_run_status, next_run_at, why_not_trading; of one tenant (NULL: of all). */
MUST_CHECK int bot_list(struct postgres *postgres, const struct uuid *tenant,
	struct postgres_result **ret, struct err *err);

/* For `bot show`; columns in the .c, which the command prints by name. */
MUST_CHECK int bot_overview(struct postgres *postgres, const struct uuid *bot,
	struct postgres_result **ret, struct err *err);
/* id, symbol, side, active, automatic, leverage, ema_interval, position_mode, claimed, held,
 * quantity, average, cycle, last_action, last_reason, drift, params. */
MUST_CHECK int bot_pairs(struct postgres *postgres, const struct uuid *bot,
	struct postgres_result **ret, struct err *err);
/* client_order_id, kind, purpose, state, symbol, leg, side, quantity, price, filled, sent_at,
 * reason. */
MUST_CHECK int bot_open_rows(struct postgres *postgres, const struct uuid *bot,
	struct postgres_result **ret, struct err *err);
/* scheduled_at, kind, status, admission, attempt, ms, orders, trades, error; newest first. */
MUST_CHECK int bot_last_runs(struct postgres *postgres, const struct uuid *bot, size_t limit,
	struct postgres_result **ret, struct err *err);

/* The stop words: one transaction each, audited. *ret_at_ms: when the stop was in force. */
MUST_CHECK int bot_stop(struct postgres *postgres, const struct uuid *bot, const char *actor,
	const char *reason, int64_t *ret_at_ms, struct err *err);
/* *ret_paused false: the bot does not run. */
MUST_CHECK int bot_pause(struct postgres *postgres, const struct uuid *bot, const char *actor,
	const char *reason, bool *ret_paused, struct err *err);
/* Gives up all legs. *ret_count -1: the bot is not stopped, nothing was done. */
MUST_CHECK int bot_release(struct postgres *postgres, const struct uuid *bot, const char *actor,
	const char *reason, int64_t *ret_count, struct err *err);
/* Gives up the legs of a stopped bot that are flat, if all its rows are final. */
MUST_CHECK int bot_release_idle(struct postgres *postgres, const struct uuid *bot, struct err *err);

struct bot_stopping { /* how far a stop has come */
	bool stop_run_done;
	bool run_live;             /* a run of before still holds the lease */
	int64_t sending;           /* rows on the wire: sending or unknown, of before the stop */
	int64_t expires_server_ms; /* the latest expiry among them; 0: none */
	int64_t entries;           /* resting entries */
	int64_t now_ms;            /* Postgres's clock */
};
MUST_CHECK int bot_stopping(struct postgres *postgres, const struct uuid *bot,
	int64_t stopped_at_ms, struct bot_stopping *ret, struct err *err);

#endif
