/*
 * bybit_request - builds and signs the bytes that Bybit V5 wants (exchanges.md 4.1, 4.3, 4.6).
 *
 * Pure: key, secret and time come in, bytes go out. What is signed is what is sent: a query or
 * body is built once and never again. Amounts are sent as they are, with their own scale; the
 * caller has cut them to tick and lot.
 */
#ifndef EXCHANGES_BYBIT_REQUEST_H
#define EXCHANGES_BYBIT_REQUEST_H

#include "exchanges/exchange.h"

struct bybit_signer {
	const char *base_url;
	const char *key;
	const char *secret;     /* not copied */
	int64_t timestamp_ms;   /* the venue's server time */
	int64_t recv_window_ms; /* at most 5000 */
};

/*
 * A GET of path ("/v5/order/realtime") with query (without '?', "" for none; unreserved
 * characters only). signer NULL fields key and secret: unsigned.
 */
void bybit_request_get(const struct bybit_signer *signer, struct arena *arena, const char *path,
	const char *query, struct exchange_request *ret);

/* The state-changing ones. ERR_INVALID names the field that Bybit could not take. */
MUST_CHECK int bybit_request_place(const struct bybit_signer *signer, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err);
MUST_CHECK int bybit_request_cancel(const struct bybit_signer *signer, struct arena *arena,
	const char *symbol, const char *client_order_id, struct exchange_request *ret,
	struct err *err);
MUST_CHECK int bybit_request_amend(const struct bybit_signer *signer, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err);
MUST_CHECK int bybit_request_setting(const struct bybit_signer *signer, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err);

#endif
