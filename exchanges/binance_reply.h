/*
 * binance_reply - reads Binance's replies into the nouns of core/market (exchanges.md 5.2 to 5.11).
 *
 * Pure. Every field that is used is checked for presence and type, and an error names its path. A
 * word that is not known (an order state, a margin type) is an error: guessing one could hide a
 * fill. Executions and orders are numbered per symbol only, so the names that we give executions
 * begin with it.
 *
 * The functions take the root of a document: a success has no envelope.
 */
#ifndef EXCHANGES_BINANCE_REPLY_H
#define EXCHANGES_BINANCE_REPLY_H

#include "core/io/field.h"
#include "exchanges/exchange.h"
#include "exchanges/reply.h"

/*
 * {code, msg} is a refusal, or an agreement with code 200 (a number, or a text for stops); all else
 * is a success by itself.
 */
MUST_CHECK int binance_reply_envelope(
	const struct field_document *document, struct reply_envelope *ret, struct err *err);

/* ---- market ----------------------------------------------------------------------------- */

/*
 * exchangeInfo: *ret_found false: the venue has no such perpetual that settles in USDT. The tiers,
 * the highest leverage and the funding interval stay empty: they have replies of their own.
 */
MUST_CHECK int binance_reply_rules(const struct field *root, const char *symbol, bool *ret_found,
	struct rules *ret, struct err *err);
/*
 * leverageBracket, with the highest leverage. Tiers that are scaled for one account are brought
 * back to everybody's, since rules are shared.
 */
MUST_CHECK int binance_reply_tiers(
	const struct field *root, const char *symbol, struct rules *rules, struct err *err);
/* fundingInfo, which lists only symbols that differ from the venue's 8 hours. */
MUST_CHECK int binance_reply_funding_interval(
	const struct field *root, const char *symbol, int64_t *ret_ms, struct err *err);
#define BINANCE_FUNDING_MS (8 * 3600000LL)

/* Oldest first; closed by the market's time. */
MUST_CHECK int binance_reply_candles(const struct field *root, struct arena *arena,
	int64_t interval_ms, int64_t market_ms, struct candle_list *ret, struct err *err);

/* A ticker's three parts: the book's, the last trade's, and mark price and funding. */
MUST_CHECK int binance_reply_book(
	const struct field *root, const char *symbol, struct ticker *ticker, struct err *err);
MUST_CHECK int binance_reply_last(
	const struct field *root, const char *symbol, struct ticker *ticker, struct err *err);
MUST_CHECK int binance_reply_mark(
	const struct field *root, const char *symbol, struct ticker *ticker, struct err *err);

/* ---- account ---------------------------------------------------------------------------- */

/* What an account, and a symbol of it, are set to. */
struct binance_settings {
	enum position_mode position_mode; /* of the whole account */
	enum margin_mode margin_mode;
	struct decimal leverage;
};

struct binance_account_config {
	enum position_mode position_mode;
	bool multi_assets; /* other coins are collateral too */
	bool can_trade;    /* the account, not the key */
};
MUST_CHECK int binance_reply_account_config(
	const struct field *root, struct binance_account_config *ret, struct err *err);
/* The symbol's row: margin mode and leverage. */
MUST_CHECK int binance_reply_symbol_config(const struct field *root, const char *symbol,
	struct binance_settings *settings, struct err *err);

/* account: the balance in USDT and how many symbols are held. */
MUST_CHECK int binance_reply_balance(
	const struct field *root, struct account *account, struct err *err);
/*
 * positionRisk of the symbol, which leaves flat legs out: fills in modes and positions, the long
 * leg first. *ret_agrees false: a leg is held that the settings' mode does not have, so they are
 * not what the account is set to any more; *account is then unchanged.
 */
MUST_CHECK int binance_reply_positions(const struct field *root, const char *symbol,
	const struct binance_settings *settings, bool *ret_agrees, struct account *account,
	struct err *err);

/* balance: the account's alias, "" if no row tells it. */
MUST_CHECK int binance_reply_alias(
	const struct field *root, char *ret_alias, size_t size, struct err *err);
/* apiRestrictions of the spot host: the key's rights. Leaves the account's id alone. */
MUST_CHECK int binance_reply_rights(
	const struct field *root, struct exchange_identity *identity, struct err *err);

/* ---- orders ----------------------------------------------------------------------------- */

MUST_CHECK int binance_reply_order(const struct field *root, struct order *ret, struct err *err);
MUST_CHECK int binance_reply_orders(
	const struct field *root, struct arena *arena, struct order_list *ret, struct err *err);

/* A conditional order of the algo service, whose child is another order once it has fired. */
struct binance_stop {
	struct order order;              /* as long as it waits; its venue_order_id is "algo-N" */
	bool fired;                      /* its own state does not tell what became of it */
	char child[VENUE_ORDER_ID_SIZE]; /* the order that it became, "" if not told */
};
struct binance_stop_list {
	struct binance_stop *items;
	size_t count;
};
MUST_CHECK int binance_reply_stop(
	const struct field *root, struct binance_stop *ret, struct err *err);
MUST_CHECK int binance_reply_stops(const struct field *root, struct arena *arena,
	struct binance_stop_list *ret, struct err *err);

struct binance_receipt { /* of place, amend or cancel; texts are borrowed */
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	const char *client_order_id;
	const char *stop_type;        /* of a stop that was placed, else "" */
	struct decimal trigger_price; /* the same, else 0 */
};
MUST_CHECK int binance_reply_receipt(
	const struct field *root, struct binance_receipt *ret, struct err *err);

/* ---- ledger ----------------------------------------------------------------------------- */

/*
 * Each adds the rows of one page to *list, which grows in the arena. *ret_newest_ms: of the page's
 * rows, 0 if there are none.
 *
 * Executions do not name our id: it comes from their orders (binance_reply_name_fills).
 */
MUST_CHECK int binance_reply_fills(const struct field *root, struct arena *arena,
	struct fill_list *list, size_t *ret_rows, int64_t *ret_newest_ms, struct err *err);
/* Rows of FUNDING_FEE; others are skipped. Their rates are not told: see below. */
MUST_CHECK int binance_reply_funding(const struct field *root, struct arena *arena,
	struct funding_list *list, size_t *ret_rows, int64_t *ret_newest_ms, struct err *err);

/*
 * Gives the fills of an order its client's id, and their kind: the venue names the orders by which
 * it closes a position itself (exchanges.md 5.9).
 */
void binance_reply_name_fills(struct fill_list *fills, const struct order *order);

/*
 * fundingRate: gives the payments their rates, by time. *ret_left: how many have none yet; those
 * stand at the end of the list.
 */
MUST_CHECK int binance_reply_rates(
	const struct field *root, struct funding_list *funding, size_t *ret_left, struct err *err);

#endif
