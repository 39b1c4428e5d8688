/*
 * phemex_call - what is Phemex's own in a call: its groups of endpoints, its three envelopes, and
 * what its headers tell of limits.
 */
#ifndef EXCHANGES_PHEMEX_CALL_H
#define EXCHANGES_PHEMEX_CALL_H

#include "exchanges/call.h"

/* Endpoints that share a limit of the account (exchanges.md 3.5). */
enum phemex_group {
	PHEMEX_PUBLIC = CALL_PUBLIC,
	PHEMEX_CONTRACT = 0,
	PHEMEX_OTHERS,
};

extern const struct call_venue phemex_call_venue;

#endif
