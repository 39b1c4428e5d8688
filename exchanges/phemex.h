/*
 * phemex - the adapter of Phemex, USDT-margined perpetuals (the /g- API).
 *
 * The parts: phemex_request builds and signs, phemex_call knows envelope and limits, phemex_reply
 * understands what comes back, phemex_error knows the codes. Here they are put together into the
 * operations of exchange.h. Facts: exchanges.md 3. Nothing here was tried against the venue.
 */
#ifndef EXCHANGES_PHEMEX_H
#define EXCHANGES_PHEMEX_H

#include "exchanges/exchange.h"
#include "exchanges/rate_limits.h"

extern const struct exchange_adapter phemex_adapter;
extern const struct rate_limits_plan phemex_limits;
extern const struct rate_limits_plan phemex_testnet_limits;

#endif
