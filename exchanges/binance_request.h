/*
 * binance_request - builds and signs the bytes that Binance USDⓈ-M wants (exchanges.md 5.1, 5.3,
 * 5.6).
 *
 * Pure: key, secret and time come in, bytes go out. A POST carries everything in its body, the
 * others in the query, and the signature stands last; what is signed is what is sent. Amounts are
 * sent as they are, with their own scale; the caller has cut them to tick and lot.
 */
#ifndef EXCHANGES_BINANCE_REQUEST_H
#define EXCHANGES_BINANCE_REQUEST_H

#include "exchanges/exchange.h"

struct binance_signer {
	const char *base_url;
	const char *key;        /* NULL: unsigned */
	const char *secret;     /* not copied */
	int64_t timestamp_ms;   /* the venue's server time */
	int64_t recv_window_ms; /* at most 5000 */
};

/* A GET of path with query ("" for none; unreserved characters only). */
void binance_request_get(const struct binance_signer *signer, struct arena *arena, const char *path,
	const char *query, struct exchange_request *ret);

/* The paths of the state-changing ones, to know a request again. */
#define BINANCE_PATH_ORDER "/fapi/v1/order"
#define BINANCE_PATH_STOP "/fapi/v1/algoOrder"
#define BINANCE_PATH_LEVERAGE "/fapi/v1/leverage"
#define BINANCE_PATH_MARGIN "/fapi/v1/marginType"
#define BINANCE_PATH_MODE "/fapi/v1/positionSide/dual"

/*
 * ERR_INVALID names the field that Binance could not take. A stop goes to an endpoint of its own,
 * as its cancel does. Reduce-only is left out of hedge mode: there the leg says it, and the field
 * is refused.
 */
MUST_CHECK int binance_request_place(const struct binance_signer *signer, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err);
MUST_CHECK int binance_request_cancel(const struct binance_signer *signer, struct arena *arena,
	const char *symbol, const char *client_order_id, bool is_stop, struct exchange_request *ret,
	struct err *err);

/*
 * The venue wants price, quantity and side in every amend (exchanges.md 5.10): what shall stay
 * comes from standing, the order as it is.
 */
MUST_CHECK int binance_request_amend(const struct binance_signer *signer, struct arena *arena,
	const struct exchange_amend *amend, const struct order *standing,
	struct exchange_request *ret, struct err *err);

/* The position mode is the whole account's and names no symbol. */
MUST_CHECK int binance_request_setting(const struct binance_signer *signer, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err);

/* "STOP_MARKET" or "TAKE_PROFIT_MARKET": the direction of a trigger is part of the type. */
const char *binance_request_stop_word(const struct order_request *order);
/* "ISOLATED", "CROSSED" */
const char *binance_request_margin_word(enum margin_mode mode);

#endif
