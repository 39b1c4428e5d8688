#include "exchanges/registry.h"

#include "exchanges/binance.h"
#include "exchanges/bybit.h"
#include "exchanges/phemex.h"

#include <stddef.h>

/* URLs: exchanges.md 1; 5.8 of the key's. */
static const struct registry_venue venues[] = {
	{&bybit_adapter, &bybit_limits, NULL, "https://api.bybit.com",
		"https://api-testnet.bybit.com", NULL},
	{&phemex_adapter, &phemex_limits, &phemex_testnet_limits, "https://api.phemex.com",
		"https://testnet-api.phemex.com", NULL},
	{&binance_adapter, &binance_limits, &binance_testnet_limits, "https://fapi.binance.com",
		"https://demo-fapi.binance.com", "https://api.binance.com"},
};

const struct registry_venue *registry_find(enum venue_name venue)
{
	for (size_t i = 0; i < sizeof venues / sizeof venues[0]; i++)
		if (venues[i].adapter->venue == venue)
			return &venues[i];
	return NULL;
}
