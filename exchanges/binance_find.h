/*
 * binance_find - finds orders, which Binance keeps in two places (exchanges.md 5.3, 5.6).
 *
 * A stop waits at the algo service under its own number; when it fires it becomes another order
 * with a number of its own, whose client id is the stop's. To the callers it is one order all the
 * time: "algo-N" as long as it waits, its child afterwards.
 */
#ifndef EXCHANGES_BINANCE_FIND_H
#define EXCHANGES_BINANCE_FIND_H

#include "exchanges/exchange.h"

/* As exchange_adapter's find_order and open_orders. */
MUST_CHECK int binance_find_order(struct exchange *exchange, const char *symbol,
	const char *client_order_id, enum exchange_found *ret_found, struct order *ret,
	struct err *err);
MUST_CHECK int binance_find_open(struct exchange *exchange, struct arena *arena, const char *symbol,
	struct order_list *ret, struct err *err);

/* An order by its number: any but a waiting stop. */
MUST_CHECK int binance_find_number(struct exchange *exchange, const char *symbol,
	const char *number, bool *ret_found, struct order *ret, struct err *err);

#endif
