/*
 * binance_call - what is Binance's own in a call: its groups of endpoints, its second host, and
 * what its headers tell of limits.
 */
#ifndef EXCHANGES_BINANCE_CALL_H
#define EXCHANGES_BINANCE_CALL_H

#include "exchanges/call.h"

/* Requests are weighed per address; only orders are counted per account (exchanges.md 5.5). */
enum binance_group {
	BINANCE_PUBLIC = CALL_PUBLIC,
	BINANCE_ACCOUNT = 0,
	BINANCE_ORDERS,
	BINANCE_KEY, /* at the spot host, which knows the key's rights */
};

#define BINANCE_WEIGHT_PER_MINUTE 2400
#define BINANCE_ORDERS_PER_10_S 300
#define BINANCE_ORDERS_PER_MINUTE 1200

extern const struct call_venue binance_call_venue;

#endif
