/*
 * bybit - the adapter of Bybit V5, USDT-margined perpetuals (category linear).
 *
 * The parts: bybit_request builds and signs, bybit_call sends reads, bybit_reply understands what
 * comes back, bybit_error knows the codes. Here they are put together into the operations of
 * exchange.h. Facts: exchanges.md 4.
 */
#ifndef EXCHANGES_BYBIT_H
#define EXCHANGES_BYBIT_H

#include "exchanges/exchange.h"
#include "exchanges/rate_limits.h"

extern const struct exchange_adapter bybit_adapter;
extern const struct rate_limits_plan bybit_limits;

#endif
