/*
 * exchange - the one small interface to a venue.
 *
 * An adapter is a table of functions over a venue handle. The handle belongs to one process and
 * holds the connection, clock offset and, while a credential is attached, what is needed to sign.
 * Public calls need no credential. Nothing is guessed from a reply: every field used is checked.
 *
 * State-changing calls are split, because a row must turn `sending` between signing and sending:
 * prepare_… builds and signs the exact bytes (struct exchange_request, with the expiry in the
 * venue's server time), exchange_send writes them, once. A prepared request is never sent twice.
 *
 * Errors carry the class of exchanges.md 2.4 and the retry word; ERR_RETRY_ASK means that it may
 * have happened. The venue's own code stands in err.venue_code, its message in the text.
 */
#ifndef EXCHANGES_EXCHANGE_H
#define EXCHANGES_EXCHANGE_H

#include "core/base/arena.h"
#include "core/market/market.h"
#include "exchanges/endpoint_choice.h"

struct clock;
struct http;
struct redis;
struct exchange; /* an open handle */

#define EXCHANGE_SECRET_MAX 256

/* Borrowed for the time of one run: the adapter signs through it and never copies the secret. */
struct exchange_credential {
	const char *key;    /* API key */
	const char *secret; /* in guarded memory, readable while attached */
};

struct exchange_request {   /* signed bytes, ready to go once */
	const char *method; /* static */
	char *url;          /* in the arena given to prepare */
	char *headers[8]; /* NULL-terminated, in the arena; contain the signature, not the secret */
	char *body;       /* NULL: none */
	size_t body_size_bytes;
	int64_t expires_server_ms; /* the venue refuses it after this, by its own clock */
	bool used;
};

struct exchange_identity {
	char account_id[64]; /* the account that the key acts on; "" if the venue does not tell */
	bool permissions_known;
	bool can_trade, can_withdraw, can_transfer;
	bool address_bound_known, address_bound;
	char note[128]; /* what support should know, "" if nothing */
};

struct exchange_setting { /* leverage and modes, sent by `bot start` only */
	enum { SETTING_LEVERAGE, SETTING_POSITION_MODE, SETTING_MARGIN_MODE } kind;
	char symbol[SYMBOL_SIZE];
	struct decimal leverage;
	enum position_mode position_mode;
	enum margin_mode margin_mode;
};

struct exchange_amend {
	char client_order_id[CLIENT_ID_SIZE];
	char symbol[SYMBOL_SIZE];
	enum leg leg; /* of the order */
	bool has_price, has_quantity, has_trigger;
	struct decimal price, quantity, trigger_price; /* quantity is the new total */
};

enum exchange_found { EXCHANGE_FOUND, EXCHANGE_NOT_FOUND };

/* Lists live in the arena that the caller gives. */
struct order_list {
	struct order *items;
	size_t count;
};
struct fill_list {
	struct fill *items;
	size_t count;
};
struct funding_list {
	struct funding_payment *items;
	size_t count;
};
struct realised { /* what the venue's books say that an execution earned */
	char exec_id[VENUE_ORDER_ID_SIZE];
	struct decimal amount; /* by the venue's average, before fees and funding */
};
struct realised_list {
	struct realised *items;
	size_t count;
};
struct candle_list {
	struct candle *items;
	size_t count;
};

struct exchange_adapter {
	enum venue_name venue;
	/* Kept for the whole account, not per symbol (exchanges.md 1): who changes one changes it
	 * for all. */
	bool margin_mode_of_account, position_mode_of_account;
	/* Venue time now, ms: the server's clock (signing), and the market's (equal on real
	 * venues). */
	int (*time)(struct exchange *, int64_t *ret_server_ms, struct err *err);
	int (*rules)(struct exchange *, const char *symbol, struct rules *ret, struct err *err);
	/*
	 * Oldest first; the last may be unclosed and is marked so. count at most 1000. If
	 * closed_candles_only, the venue never shows the one that forms.
	 */
	bool closed_candles_only;
	/* A stop that waits cannot be amended; one is refused while the leg is flat. */
	bool stops_fixed, stops_need_position;
	int (*candles)(struct exchange *, struct arena *, const char *symbol, int64_t interval_ms,
		size_t count, struct candle_list *ret, struct err *err);
	int (*ticker)(struct exchange *, const char *symbol, struct ticker *ret, struct err *err);
	/* Balance, modes and the symbol's positions. */
	int (*account)(struct exchange *, const char *symbol, struct account *ret, struct err *err);
	/* By client order id, in the venue's order of look-ups (open, then history). */
	int (*find_order)(struct exchange *, const char *symbol, const char *client_order_id,
		enum exchange_found *ret_found, struct order *ret, struct err *err);
	/* Plain and conditional ones together, all of the symbol, foreign ones included. */
	int (*open_orders)(struct exchange *, struct arena *, const char *symbol,
		struct order_list *ret, struct err *err);
	/*
	 * Fills of one order by client id. exec_id is unique per account, whatever a venue's own
	 * numbers are unique in.
	 */
	int (*order_fills)(struct exchange *, struct arena *, const char *symbol,
		const char *client_order_id, struct fill_list *ret, struct err *err);
	/* All fills of the symbol from_ms ≤ executed ≤ to_ms (0: now), oldest first, all pages. */
	int (*fills)(struct exchange *, struct arena *, const char *symbol, int64_t from_ms,
		int64_t to_ms, struct fill_list *ret, struct err *err);
	int (*funding)(struct exchange *, struct arena *, const char *symbol, int64_t from_ms,
		int64_t to_ms, struct funding_list *ret, struct err *err);
	/*
	 * What executions of the symbol earned, by the venue's own books, from_ms ≤ booked; these
	 * may lag behind the fills. NULL where fills tell it themselves (fill.has_venue_pnl).
	 */
	int (*realised)(struct exchange *, struct arena *, const char *symbol, int64_t from_ms,
		struct realised_list *ret, struct err *err);
	int (*identity)(struct exchange *, struct exchange_identity *ret, struct err *err);

	int (*prepare_place)(struct exchange *, struct arena *, const struct order_request *,
		struct exchange_request *ret, struct err *err);
	/* leg is the order's: one venue wants to be told (exchanges.md 3.3). */
	int (*prepare_cancel)(struct exchange *, struct arena *, const char *symbol,
		const char *client_order_id, enum leg leg, bool is_stop,
		struct exchange_request *ret, struct err *err);
	int (*prepare_amend)(struct exchange *, struct arena *, const struct exchange_amend *,
		struct exchange_request *ret, struct err *err);
	int (*prepare_setting)(struct exchange *, struct arena *, const struct exchange_setting *,
		struct exchange_request *ret, struct err *err);
	/* Understands the reply of a prepared request; *ret_venue_order_id "" if the reply has
	 * none. */
	int (*understand)(struct exchange *, const struct exchange_request *, long status,
		const char *body, size_t size_bytes, const char *headers,
		char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err);
};

struct exchange_options {
	enum venue_name venue;
	enum environment environment; /* picks the base URL */
	const char *base_url;         /* NULL: the venue's own for the environment */
	const char *key_url; /* where the venue tells a key's rights, if that is another host; NULL:
				the venue's own for the environment, "": it is not asked */
	int64_t recv_window_ms; /* at most 5000 */
	struct http *http;      /* borrowed */
	struct redis *redis; /* borrowed: shared cache and rate limits; NULL: neither is shared */
	const char *egress;  /* names the address that requests leave from; NULL: the only one */
	int64_t egress_per_second; /* requests in all; 0: the venue's limit; -1: none (a
				      simulator's) */
	int64_t ticker_max_age_ms; /* of exchange_ticker; 0: 500 */
	const struct clock *clock; /* NULL: the machine's */
};

/* The caller frees; adapters stand in registry.c only. ERR_INVALID if the venue is not built. */
MUST_CHECK int exchange_open(
	const struct exchange_options *options, struct exchange **ret, struct err *err);
void exchange_free(struct exchange **exchange);
const struct exchange_adapter *exchange_adapter(const struct exchange *exchange);

/*
 * Attach for a run, detach before the secret is wiped. NULL detaches. The struct may go after the
 * call; the texts that it points to must stay until the detach.
 */
void exchange_attach(struct exchange *exchange, const struct exchange_credential *credential);

/*
 * Server time as known: wall-independent (offset by samples plus CLOCK_BOOTTIME). Refreshed from
 * replies and the time endpoint; -1 before the first sample failed.
 */
MUST_CHECK int exchange_server_ms(
	struct exchange *exchange, int64_t *ret_server_ms, struct err *err);

/*
 * What time it was in the venue's market when its server's clock stood at server_ms: the same on a
 * real venue; in a simulator by the market time and speed of its last reply. Fails as
 * exchange_server_ms does.
 */
MUST_CHECK int exchange_market_ms(
	struct exchange *exchange, int64_t server_ms, int64_t *ret_market_ms, struct err *err);

/* Market milliseconds in a real one, as the last reply said: 1 on a real venue, 0: it stands. */
int64_t exchange_market_speed(const struct exchange *exchange);

/*
 * Sends a prepared state-changing request, once (asserted), and understands its reply. 0: the
 * venue acknowledged it. ERR_RETRY_ASK: unknown. Every other error is definite: it was not
 * executed. Its rate permits were taken by prepare_… (which fails with ERR_RATE, before the row
 * turned sending); only a ban that became known since, and an expiry that passed, are refused here.
 */
MUST_CHECK int exchange_send(struct exchange *exchange, struct exchange_request *request,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err);

/*
 * Public market data through the shared Redis cache with single flight: one request per symbol
 * and candle for all runners of all hosts. *ret_age_ms: real time since the venue was read.
 */
MUST_CHECK int exchange_rules(
	struct exchange *exchange, const char *symbol, struct rules *ret, struct err *err);
MUST_CHECK int exchange_ticker(struct exchange *exchange, const char *symbol, struct ticker *ret,
	int64_t *ret_age_ms, struct err *err);
MUST_CHECK int exchange_candles(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t interval_ms, size_t count, struct candle_list *ret, int64_t *ret_age_ms,
	struct err *err);
/*
 * The same without the unfinished candle: read again only when the next one has closed, so one
 * request per candle for everybody. count at most 999.
 */
MUST_CHECK int exchange_closed_candles(struct exchange *exchange, struct arena *arena,
	const char *symbol, int64_t interval_ms, size_t count, struct candle_list *ret,
	int64_t *ret_age_ms, struct err *err);
/* After a FILTER refusal: the next exchange_rules reads the venue again. */
void exchange_rules_drop(struct exchange *exchange, const char *symbol);

/* Requests made since the last call of this, for metering; resets the counts. */
struct exchange_usage {
	int64_t public_calls, private_calls;
	int64_t by_tier[ENDPOINT_TIERS]; /* of the endpoints that they went through */
};
struct exchange_usage exchange_usage_take(struct exchange *exchange);

#endif
