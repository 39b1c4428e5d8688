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
struct postgres;
struct redis;
struct venues;

/* Everything borrowed; redis may be NULL (nothing is shared then). */
struct venues *venues_new(const struct config *config, struct http *http, struct redis *redis);
void venues_free(struct venues **venues);

/* Opens it at the first use. ERR_INVALID for a venue or environment that is not built. */
MUST_CHECK int venues_get(struct venues *venues, enum venue_name venue,
	enum environment environment, struct exchange **ret, struct err *err);

/*
 * Reads the endpoint pools if they are not of this version (as a claim's document says; -1: read
 * them whatever they are). Rows that name a host which is not allowed are left out, and said once.
 */
MUST_CHECK int venues_pools(
	struct venues *venues, struct postgres *postgres, int64_t version, struct err *err);

/*
 * Notes what went through the endpoints since the last time, if that is a while ago (now: if it is
 * at all). A failure is said and loses nothing: it is counted with the next.
 */
void venues_note_usage(struct venues *venues, struct postgres *postgres, bool now);

/*
 * The hosts of all venues that can be reached, and those that venue.extra_hosts allows endpoints to
 * name: nothing else is talked to.
 */
#define VENUE_HOSTS_MAX 32
struct venue_hosts {
	char texts[VENUE_HOSTS_MAX][256];
	const char *names[VENUE_HOSTS_MAX + 1]; /* NULL-terminated, into texts: do not copy */
};
MUST_CHECK int venues_hosts(const struct config *config, struct venue_hosts *ret, struct err *err);
/* True if one of them is reached by https, so that authorities are needed. */
bool venues_use_https(const struct config *config);

#endif
