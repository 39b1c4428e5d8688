/*
 * venues - the open exchange handles of one process, by venue and environment.
 *
 * A handle keeps its connections and clock offset across runs. Made after the fork; one process.
 */
#ifndef WORKER_VENUES_H
#define WORKER_VENUES_H

#include "core/market/market.h"

struct config;
struct exchange;
struct http;
struct redis;
struct venues;

/* Everything borrowed; redis may be NULL (nothing is shared then). */
struct venues *venues_new(const struct config *config, struct http *http, struct redis *redis);
void venues_free(struct venues **venues);

/* Opens it at the first use. ERR_INVALID for a venue or environment that is not built. */
MUST_CHECK int venues_get(struct venues *venues, enum venue_name venue,
	enum environment environment, struct exchange **ret, struct err *err);

/* The hosts of all venues that can be reached: nothing else is talked to. */
#define VENUE_HOSTS_MAX 8
struct venue_hosts {
	char texts[VENUE_HOSTS_MAX][256];
	const char *names[VENUE_HOSTS_MAX + 1]; /* NULL-terminated, into texts: do not copy */
};
MUST_CHECK int venues_hosts(const struct config *config, struct venue_hosts *ret, struct err *err);
/* True if one of them is reached by https, so that authorities are needed. */
bool venues_use_https(const struct config *config);

#endif
