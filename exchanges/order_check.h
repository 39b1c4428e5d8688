/*
 * order_check - what no venue could take, refused before anything is built.
 *
 * Pure. Symbols and ids stand unescaped in queries, so that escaping never enters a signature:
 * they are of unreserved characters only. Errors are ERR_INVALID and name the field.
 */
#ifndef EXCHANGES_ORDER_CHECK_H
#define EXCHANGES_ORDER_CHECK_H

#include "core/market/market.h"

MUST_CHECK int order_check_symbol(const char *symbol, struct err *err);
/* 1 to 36 of [A-Za-z0-9_-]: valid on all venues (exchanges.md 1). */
MUST_CHECK int order_check_id(const char *client_order_id, struct err *err);
MUST_CHECK int order_check_positive(struct decimal value, const char *field, struct err *err);
/* Symbol, id, quantity, and the price that the type needs. */
MUST_CHECK int order_check_request(const struct order_request *order, struct err *err);

/*
 * Of an order with a trigger: true if it goes on in the direction of its side (a stop), false if
 * it turns against it (a take-profit).
 */
bool order_check_stops(const struct order_request *order);

#endif
