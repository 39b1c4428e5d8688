/*
 * binance - the adapter of Binance USDⓈ-M futures, perpetuals that settle in USDT.
 *
 * The parts: binance_request builds and signs, binance_call knows limits and hosts, binance_reply
 * understands what comes back, binance_error knows the codes. Here they are put together into the
 * operations of exchange.h. Facts: exchanges.md 5. Nothing here was tried against the venue.
 */
#ifndef EXCHANGES_BINANCE_H
#define EXCHANGES_BINANCE_H

#include "exchanges/exchange.h"
#include "exchanges/rate_limits.h"

extern const struct exchange_adapter binance_adapter;
extern const struct rate_limits_plan binance_limits;
extern const struct rate_limits_plan binance_testnet_limits;

#endif
