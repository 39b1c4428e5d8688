/*
 * dossier - the claim's document as structs: the bot, its credential, pairs and open rows.
 *
 * Everything lives in the run's arena. The pairs' books and the rows are this run's working copy:
 * they change only after the transaction that says so has committed.
 */
#ifndef WORKER_DOSSIER_H
#define WORKER_DOSSIER_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/io/field.h"
#include "core/market/book.h"
#include "core/store/journal.h"
#include "exchanges/endpoint_choice.h"
#include "strategies/strategy.h"

enum row_kind { ROW_PLACE, ROW_AMEND, ROW_CANCEL, ROW_SETTING };

struct row { /* one journal row that is not final, or became final in this run */
	char client_order_id[CLIENT_ID_SIZE];
	char target[CLIENT_ID_SIZE]; /* cancel, amend: what it changes */
	int pair;                    /* index, -1: the pair is gone */
	enum row_kind kind;
	enum purpose purpose; /* PLACE only */
	enum journal_state state;
	char symbol[SYMBOL_SIZE];
	enum leg leg;
	enum side side;
	enum order_type type;
	struct decimal quantity, price, trigger_price;
	enum trigger_by trigger_by; /* of a stop */
	struct decimal value;       /* of an entry: what it adds to the account's notional */
	bool reduce_only;
	struct decimal filled, filled_value; /* as booked */
	int64_t expires_server_ms;
	int64_t created_ms; /* Postgres's clock */
	int64_t market_ms;  /* the market's, when it was planned */
	int64_t asked;
	int64_t absent_ms; /* 0: was never declared absent */
	int64_t cycle;
	bool made_here;          /* by this run, not found in the journal */
	bool seen_open;          /* the venue's last answer in this run: it works */
	const char **executions; /* booked execution ids */
	size_t execution_count;
};

struct pair {
	struct uuid id;
	char symbol[SYMBOL_SIZE];
	enum side side; /* SIDE_BUY: a long bot */
	enum leg leg;   /* by side and the pair's position mode */
	enum position_mode position_mode;
	bool automatic, active, claimed;
	int64_t leverage, ema_interval_min;
	struct field params; /* borrowed from the document */
	struct field state;
	int64_t state_version;
	struct book book;
	int64_t last_fill_ms;        /* market time, as all times of the book; 0: none */
	enum purpose cycle_ended_by; /* what book.cycle_ended_ms was the end by */
	int64_t day_ms;              /* the market's UTC day that the two below count; 0: none */
	struct decimal day_net;
	int64_t day_orders;      /* entry orders sent */
	int64_t funding_from_ms; /* the newest funding stamp done with, market time */
	/* The venue's server clock; 0: none. */
	int64_t fills_from_ms;   /* what was executed before is booked, or not ours */
	int64_t funding_seen_ms; /* what was paid before is booked */
	int64_t pnl_owed_ms;     /* the oldest reduction whose venue_pnl is not known yet */
	int64_t drift_since_ms;  /* Postgres's clock; 0: agrees */
	bool drift_confirmed;
	char drift_detail[96]; /* set in this run only, for people */
	uint64_t reasons_hash;
};

struct dossier {
	struct field_document *document; /* owned */
	struct uuid bot, tenant;
	const char *name, *exchange_name, *environment_name, *strategy_name;
	enum venue_name venue;
	enum environment environment;
	enum strategy_mode mode;
	bool has_credential;
	bool credential_ok; /* checked, and not refused since */
	const char *credential, *sealed, *wrapped, *master_key_id, *account_id;
	int64_t version_min;
	const char **egresses; /* that the credential is bound to */
	size_t egress_count;   /* 0: any */
	enum endpoint_tier tier;
	int64_t pool_version;
	struct pair *pairs;
	size_t pair_count;
	struct row *rows; /* fixed in place; this run adds its own at the end */
	size_t row_count, row_capacity;
	int32_t next_sequence;
	bool may_have_sent; /* this slot has rows that may have left: no new risk */
};

/* Parses the document of a claim. The caller calls dossier_done. */
MUST_CHECK int dossier_read(
	const char *document, struct arena *arena, struct dossier *ret, struct err *err);
void dossier_done(struct dossier *dossier);

/* The row of a client order id, NULL if it is not among them. */
struct row *dossier_row(struct dossier *dossier, const char *client_order_id);

/* How many rows this run may still add, and a new one (there must be room). */
size_t dossier_room(const struct dossier *dossier);
struct row *dossier_add_row(struct dossier *dossier);

/* True if anything of a leg is open, unknown or held. */
bool dossier_pair_at_risk(const struct dossier *dossier, size_t pair);

#endif
