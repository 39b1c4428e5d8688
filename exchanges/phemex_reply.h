/*
 * phemex_reply - reads Phemex's replies into the nouns of core/market (exchanges.md 3.2, 3.3, 3.9).
 *
 * Pure. Every field that is used is checked for presence and type, and an error names its path.
 * Amounts are the real decimals in strings (Rp, Rv, Rq, Rr); the scaled integers (Ep, Ev, Er) are
 * leftovers in these replies and are not looked at. Times in ns become ms. A word that is not
 * known (an order state, a kind of trade) is an error: guessing one could hide a fill.
 *
 * The functions take what the envelope holds; a list may stand there by itself or as rows.
 */
#ifndef EXCHANGES_PHEMEX_REPLY_H
#define EXCHANGES_PHEMEX_REPLY_H

#include "core/io/field.h"
#include "exchanges/exchange.h"
#include "exchanges/reply.h"

/* {code, msg, data}; of /md {error, id, result}; or a bare list, which is a success. */
MUST_CHECK int phemex_reply_envelope(
	const struct field_document *document, struct reply_envelope *ret, struct err *err);

/* With the tiers. *ret_found false: the venue has no such perpetual that settles in USDT. */
MUST_CHECK int phemex_reply_rules(const struct field *data, const char *symbol, bool *ret_found,
	struct rules *ret, struct err *err);

/* Oldest first, the newest count of them; closed by the market's time. */
MUST_CHECK int phemex_reply_candles(const struct field *data, struct arena *arena,
	int64_t interval_ms, size_t count, int64_t market_ms, struct candle_list *ret,
	struct err *err);

/* Without next_funding_ms, which has a request of its own. */
MUST_CHECK int phemex_reply_ticker(
	const struct field *result, const char *symbol, struct ticker *ret, struct err *err);
MUST_CHECK int phemex_reply_next_funding(
	const struct field *data, const char *symbol, int64_t *ret_ms, struct err *err);

/*
 * accountPositions of the whole currency: balance, symbols with a position, and, if *ret_found,
 * the symbol's positions and modes. ret->read_mono_ms is the caller's.
 */
MUST_CHECK int phemex_reply_account(const struct field *data, const char *symbol, bool *ret_found,
	struct account *ret, struct err *err);
/* Only the symbol's positions and modes, from a reply that was asked by symbol. */
MUST_CHECK int phemex_reply_positions(const struct field *data, const char *symbol, bool *ret_found,
	struct account *ret, struct err *err);

/* Of accountPositions too. Rights are not known: the API does not tell them. */
MUST_CHECK int phemex_reply_identity(
	const struct field *data, struct exchange_identity *ret, struct err *err);
/* *ret_classic false: a unified account, whose balances are elsewhere. */
MUST_CHECK int phemex_reply_risk_mode(const struct field *data, bool *ret_classic, struct err *err);

/* Open orders; more of them than one reply holds is an error. */
MUST_CHECK int phemex_reply_open_orders(
	const struct field *data, struct arena *arena, struct order_list *ret, struct err *err);
/* Orders of the history store, which spells their ids differently. */
MUST_CHECK int phemex_reply_orders(
	const struct field *data, struct arena *arena, struct order_list *ret, struct err *err);

/* Add the rows of one page to *list, which grows in the arena. *ret_rows: on the page. */
MUST_CHECK int phemex_reply_fills(const struct field *data, struct arena *arena,
	struct fill_list *list, size_t *ret_rows, struct err *err);
MUST_CHECK int phemex_reply_funding(const struct field *data, struct arena *arena,
	struct funding_list *list, size_t *ret_rows, struct err *err);

struct phemex_receipt { /* texts are borrowed */
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	const char *client_order_id;
	const char *type;             /* "Stop", … */
	const char *trigger;          /* "ByMarkPrice", …; "" if not told */
	const char *exec_inst;        /* "ReduceOnly", …; "" if not told */
	struct decimal trigger_price; /* 0: none */
};
/* The receipt of place, amend or cancel. */
MUST_CHECK int phemex_reply_receipt(
	const struct field *data, struct phemex_receipt *ret, struct err *err);

#endif
