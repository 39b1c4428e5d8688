/*
 * market_cache - public market data, read once for all tenants.
 *
 * Two levels: in this process, so that most runs ask nobody, and in Redis with single flight
 * (single_flight.h). What is shared is public; nothing of an account passes here.
 *
 *	ticker   as old as the caller allows
 *	candles  until the next candle begins; the unfinished one for a sixtieth of its interval
 *	         (1 s to 30 s), if the caller wants it
 *	rules    a day in Redis, a minute in the process, or until dropped
 *
 * Keys begin with `{bb}:m:` and the venue's base URL (hashed): another address may be another
 * market. Ages are real time since the venue was asked.
 */
#ifndef EXCHANGES_MARKET_CACHE_H
#define EXCHANGES_MARKET_CACHE_H

#include "exchanges/exchange.h"

struct market_cache;

/* Reads through the exchange, whose handle must outlive it. The caller frees. */
struct market_cache *market_cache_new(struct exchange *exchange, struct redis *redis,
	const struct clock *clock, const char *base_url);
void market_cache_free(struct market_cache **cache);

MUST_CHECK int market_cache_ticker(struct market_cache *cache, const char *symbol,
	int64_t max_age_ms, struct ticker *ret, int64_t *ret_age_ms, struct err *err);
MUST_CHECK int market_cache_rules(
	struct market_cache *cache, const char *symbol, struct rules *ret, struct err *err);
void market_cache_drop_rules(struct market_cache *cache, const char *symbol);

struct market_cache_series {
	const char *symbol;
	int64_t interval_ms;
	size_t count;     /* 1 to 1000 */
	bool closed_only; /* without the unfinished one, which then need not be fresh */
};
MUST_CHECK int market_cache_candles(struct market_cache *cache,
	const struct market_cache_series *series, struct arena *arena, struct candle_list *ret,
	int64_t *ret_age_ms, struct err *err);

#endif
