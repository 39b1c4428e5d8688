/*
 * binance_ledger - fills and funding, which Binance tells in pieces (exchanges.md 5.9).
 *
 * Executions name the number of their order, not our id; payments of funding name neither their
 * rate nor the leg. Both are put together here from the requests that know them.
 */
#ifndef EXCHANGES_BINANCE_LEDGER_H
#define EXCHANGES_BINANCE_LEDGER_H

#include "exchanges/exchange.h"

/* As exchange_adapter's fills, order_fills and funding; a payment's quantity is 0: not told. */
MUST_CHECK int binance_ledger_fills(struct exchange *exchange, struct arena *arena,
	const char *symbol, int64_t from_ms, int64_t to_ms, struct fill_list *ret, struct err *err);
MUST_CHECK int binance_ledger_order_fills(struct exchange *exchange, struct arena *arena,
	const char *symbol, const char *client_order_id, struct fill_list *ret, struct err *err);
MUST_CHECK int binance_ledger_funding(struct exchange *exchange, struct arena *arena,
	const char *symbol, int64_t from_ms, int64_t to_ms, struct funding_list *ret,
	struct err *err);

#endif
