/*
 * registry - the one list of venues that are built.
 */
#ifndef EXCHANGES_REGISTRY_H
#define EXCHANGES_REGISTRY_H

#include "exchanges/exchange.h"
#include "exchanges/rate_limits.h"

struct registry_venue {
	const struct exchange_adapter *adapter;
	const struct rate_limits_plan *plan;
	const struct rate_limits_plan *testnet_plan; /* NULL: the same */
	const char *live_url;
	const char *testnet_url;
	const char *live_key_url; /* NULL: a key's rights are told at live_url, or nowhere */
};

/* NULL: not built. */
const struct registry_venue *registry_find(enum venue_name venue);

#endif
