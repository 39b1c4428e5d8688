/*
 * bybit_call - what is Bybit's own in a call: its groups of endpoints, its envelope, and what its
 * headers tell of limits and time.
 */
#ifndef EXCHANGES_BYBIT_CALL_H
#define EXCHANGES_BYBIT_CALL_H

#include "exchanges/call.h"

/* Endpoints that share a limit of the account (exchanges.md 4.3). */
enum bybit_group {
	BYBIT_PUBLIC = CALL_PUBLIC,
	BYBIT_WALLET = 0,
	BYBIT_POSITION,
	BYBIT_REALTIME,
	BYBIT_HISTORY,
	BYBIT_EXECUTION,
	BYBIT_INFO,
	BYBIT_LEDGER,
	BYBIT_KEY,
	BYBIT_CREATE,
	BYBIT_AMEND,
	BYBIT_CANCEL,
	BYBIT_LEVERAGE,
	BYBIT_MODE,
	BYBIT_MARGIN,
};

extern const struct call_venue bybit_call_venue;

#endif
