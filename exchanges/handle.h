/*
 * handle - what an open venue handle holds. For the files of this room only.
 */
#ifndef EXCHANGES_HANDLE_H
#define EXCHANGES_HANDLE_H

#include "exchanges/exchange.h"
#include "exchanges/pool.h"
#include "exchanges/rate_limits.h"
#include "exchanges/server_clock.h"

struct market_cache;

struct exchange {
	const struct exchange_adapter *adapter;
	enum environment environment;
	/* Of the endpoint that the call under way goes through (exchanges/pool.h). */
	const char *base_url; /* without a slash at the end */
	struct rate_limits *limits;
	struct http *http; /* borrowed, or the pool's */
	struct pool *pool;
	size_t prepared; /* mark of the endpoint that the last prepared request is for */
	char key_url[POOL_URL_SIZE]; /* likewise; "": the key's rights are not asked for there */
	int64_t recv_window_ms;
	struct redis *redis;       /* borrowed; may be NULL */
	const struct clock *clock; /* borrowed */
	struct server_clock server_clock;
	struct rate_limits_plan plan; /* the venue's, as configured */
	struct market_cache *cache;
	bool attached;
	struct exchange_credential credential; /* pointers only, borrowed while attached */
	char key_name[RATE_LIMITS_KEY_SIZE];   /* hash of the attached API key; "" */
	int64_t ticker_max_age_ms;
	struct exchange_usage usage;
	struct { /* of the last reply; differs from the server's in a simulator */
		int64_t now_ms;
		int64_t speed;   /* market ms per real ms; 1 on real venues; 0: stands */
		int64_t mono_ms; /* our clock when it came */
		bool apart;      /* the reply named a market time of its own */
	} market;
};

#endif
