/*
 * ledger - what our books say of one symbol of one account, to be held against the venue.
 *
 * Read-only and whole: the trades, the funding, the journal's place rows that left or may have
 * left, and the legs that bots hold there. Times are UTC milliseconds. Lists live in the arena that
 * the caller gives.
 */
#ifndef CORE_STORE_LEDGER_H
#define CORE_STORE_LEDGER_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/market/market.h"
#include "core/store/journal.h"

struct postgres;
struct postgres_result;

struct ledger_trade {  /* one execution, its parts added up */
	char *exec_id; /* in the arena */
	struct uuid bot;
	struct decimal quantity, price, fee;
	bool declared; /* an operator's word, not the venue's: nothing there to compare it with */
};

struct ledger_payment { /* a booked funding payment */
	char *venue_id; /* in the arena */
	struct uuid bot;
	struct decimal amount;
};

struct ledger_row {
	char client_order_id[CLIENT_ID_SIZE];
	struct uuid bot;
	enum journal_state state;
	enum leg leg;
};

struct ledger_leg {
	struct uuid bot;
	char *bot_name; /* in the arena */
	enum leg leg;
	bool claimed;
	enum side held;
	struct decimal quantity;
	int64_t last_run_ms; /* start of the newest run that succeeded; 0: none */
};

struct ledger_cycle { /* a leg was held from its opening to its close, by our books */
	struct uuid bot;
	enum leg leg;
	int64_t opened_ms, closed_ms; /* closed INT64_MAX: still held */
};

struct ledger {
	struct ledger_trade *trades; /* by exec_id, bytewise */
	size_t trade_count;
	struct ledger_payment *payments; /* by venue_id, bytewise */
	size_t payment_count;
	struct ledger_cycle *cycles;
	size_t cycle_count;
	struct ledger_row *rows; /* by client_order_id, bytewise */
	size_t row_count;
	struct ledger_leg *legs;
	size_t leg_count;
	int64_t from_ms; /* nothing of ours happened before; 0: nothing ever did */
};

struct ledger_key { /* texts borrowed */
	const char *exchange, *environment, *account_id, *symbol;
};

MUST_CHECK int ledger_read(struct postgres *postgres, const struct ledger_key *key,
	struct arena *arena, struct ledger *ret, struct err *err);

/*
 * What there is to compare: credential, symbol, account_id, bots. Each symbol of an account once,
 * by any one credential of its bots; ordered by credential. bot: of this bot only (NULL: of all).
 * The caller frees. A credential that was never checked has no account, so nothing can have been
 * traded with it: it is left out.
 */
MUST_CHECK int ledger_places(struct postgres *postgres, const struct uuid *bot,
	struct postgres_result **ret, struct err *err);

const struct ledger_trade *ledger_trade(const struct ledger *ledger, const char *exec_id);
const struct ledger_payment *ledger_payment(const struct ledger *ledger, const char *venue_id);
const struct ledger_row *ledger_row(const struct ledger *ledger, const char *client_order_id);

#endif
