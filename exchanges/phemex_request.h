/*
 * phemex_request - builds and signs the bytes that Phemex wants (exchanges.md 3.1, 3.3, 3.6).
 *
 * Pure: key, secret and expiry come in, bytes go out. All requests carry everything in the query
 * and none a body; what is signed is what is sent. Amounts are sent as they are, with their own
 * scale; the caller has cut them to tick and lot.
 */
#ifndef EXCHANGES_PHEMEX_REQUEST_H
#define EXCHANGES_PHEMEX_REQUEST_H

#include "core/io/sign.h"
#include "exchanges/exchange.h"

struct phemex_signer {
	const char *base_url;
	const char *key;    /* NULL: unsigned */
	const char *secret; /* not copied */
	int64_t expiry_s;   /* by the venue's server clock */
};

/*
 * The second in which a request of now dies: window_ms from now, rounded up. At most 6 s for the
 * widest window, where the venue suggests a minute: an order must not be able to arrive late.
 */
int64_t phemex_request_expiry_s(int64_t now_server_ms, int64_t window_ms);

/* String = path + query (without '?') + expiry + body; absent parts are "". */
void phemex_request_sign(const struct phemex_signer *signer, const char *path, const char *query,
	const char *body, char ret_hex[SIGN_HEX_SIZE]);

/* A GET of path with query ("" for none; unreserved characters only). */
void phemex_request_get(const struct phemex_signer *signer, struct arena *arena, const char *path,
	const char *query, struct exchange_request *ret);

/* The paths of the state-changing ones, to know a request again. */
#define PHEMEX_PATH_PLACE "/g-orders/create"
#define PHEMEX_PATH_CANCEL "/g-orders/cancel"
#define PHEMEX_PATH_AMEND "/g-orders/replace"
#define PHEMEX_PATH_LEVERAGE "/g-positions/leverage"
#define PHEMEX_PATH_MODE "/g-positions/switch-pos-mode-sync"

/* ERR_INVALID names the field that Phemex could not take. */
MUST_CHECK int phemex_request_place(const struct phemex_signer *signer, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err);
MUST_CHECK int phemex_request_cancel(const struct phemex_signer *signer, struct arena *arena,
	const char *symbol, const char *client_order_id, enum leg leg, struct exchange_request *ret,
	struct err *err);
MUST_CHECK int phemex_request_amend(const struct phemex_signer *signer, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err);
MUST_CHECK int phemex_request_position_mode(const struct phemex_signer *signer, struct arena *arena,
	const char *symbol, enum position_mode mode, struct exchange_request *ret, struct err *err);

/*
 * Leverage and margin mode are one number: above 0 isolated, below cross. It is written in the
 * form of the symbol's position mode; the wrong form is refused (exchanges.md 3.3, 3.7).
 */
MUST_CHECK int phemex_request_leverage(const struct phemex_signer *signer, struct arena *arena,
	const char *symbol, enum position_mode mode, struct decimal signed_leverage,
	struct exchange_request *ret, struct err *err);

/* "Stop", "Limit", …: the direction of a trigger is part of the type (exchanges.md 3.6). */
const char *phemex_request_type_word(const struct order_request *order);

#endif
