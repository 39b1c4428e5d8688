/*
 * bybit_reply - reads Bybit's replies into the nouns of core/market (exchanges.md 4.2, 4.3).
 *
 * Pure. Every field that is used is checked for presence and type, and an error names its path
 * ("result.list[0].size: expected a decimal string, got null"). What the venue leaves empty ("")
 * is accepted only where it says that it may, and becomes a flag or, for a flat position or an
 * order without fills, zero. A word that is not known (an order state, an execution type) is an
 * error: guessing one could hide a fill.
 *
 * The functions take the envelope's result, lists live in the arena.
 */
#ifndef EXCHANGES_BYBIT_REPLY_H
#define EXCHANGES_BYBIT_REPLY_H

#include "core/io/field.h"
#include "exchanges/exchange.h"
#include "exchanges/reply.h"

/* The envelope of any reply. */
MUST_CHECK int bybit_reply_envelope(
	const struct field_document *document, struct reply_envelope *ret, struct err *err);

/* nextPageCursor: "" at the end; borrowed. */
MUST_CHECK int bybit_reply_cursor(const struct field *result, const char **ret, struct err *err);

MUST_CHECK int bybit_reply_time(
	const struct field *result, int64_t *ret_server_ms, struct err *err);

/* *ret_found false: the venue has no such symbol. The tiers stay empty: they have a reply of their
 * own. */
MUST_CHECK int bybit_reply_rules(const struct field *result, const char *symbol, bool *ret_found,
	struct rules *ret, struct err *err);
MUST_CHECK int bybit_reply_tiers(
	const struct field *result, const char *symbol, struct rules *rules, struct err *err);

/* Oldest first; closed by the market's time. */
MUST_CHECK int bybit_reply_candles(const struct field *result, struct arena *arena,
	const char *symbol, int64_t interval_ms, int64_t market_ms, struct candle_list *ret,
	struct err *err);

MUST_CHECK int bybit_reply_ticker(const struct field *result, const char *symbol, int64_t market_ms,
	struct ticker *ret, struct err *err);

struct bybit_wallet { /* of wallet-balance with coin=USDT */
	struct decimal wallet, equity;
	bool cross_available_known;
	struct decimal cross_available; /* account-wide, USD */
	bool isolated_available_known;
	struct decimal isolated_available;
	bool position_margin_known;
	struct decimal position_margin; /* of all positions of the coin */
};
MUST_CHECK int bybit_reply_wallet(
	const struct field *result, struct bybit_wallet *ret, struct err *err);

/*
 * Positions asked by symbol: fills in position_mode, positions and their count. Hedge mode has
 * two rows, the long leg first in *ret whatever their order. updated_ms is the venue's.
 */
MUST_CHECK int bybit_reply_positions(
	const struct field *result, const char *symbol, struct account *ret, struct err *err);

/* Positions asked by settle coin: adds the symbols that are not flat to a set. */
struct bybit_symbols {
	char (*items)[SYMBOL_SIZE]; /* in the arena */
	size_t count, capacity;
};
MUST_CHECK int bybit_reply_active(const struct field *result, struct arena *arena,
	struct bybit_symbols *symbols, struct err *err);

/* *ret_known false: portfolio margin, which is neither. */
MUST_CHECK int bybit_reply_margin_mode(
	const struct field *result, bool *ret_known, enum margin_mode *ret, struct err *err);

/* Adds the rows of one page to *list, which grows in the arena. */
MUST_CHECK int bybit_reply_orders(
	const struct field *result, struct arena *arena, struct order_list *list, struct err *err);
/* Fills without funding; the fee's coin is settle_coin where the row names none. */
MUST_CHECK int bybit_reply_fills(const struct field *result, struct arena *arena,
	const char *settle_coin, struct fill_list *list, struct err *err);
/* Rows of execType Funding; others are skipped. */
MUST_CHECK int bybit_reply_funding(const struct field *result, struct arena *arena,
	struct funding_list *list, struct err *err);

/* Rows of the account book that are executions of the symbol; others are skipped. */
MUST_CHECK int bybit_reply_realised(const struct field *result, struct arena *arena,
	const char *symbol, struct realised_list *list, struct err *err);

MUST_CHECK int bybit_reply_identity(
	const struct field *result, struct exchange_identity *ret, struct err *err);

/* The receipt of place, amend or cancel: both ids, the first of the venue. */
MUST_CHECK int bybit_reply_receipt(const struct field *result,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], const char **ret_client_order_id,
	struct err *err);

/* "reasons[0].reasonMsg" of set-margin-mode, "" if there is none. */
const char *bybit_reply_reason(const struct field *result);

#endif
