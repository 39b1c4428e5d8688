/*
 * rate_limits - keeps all processes together below a venue's rate limits.
 *
 * A limit belongs to an egress address (all requests) or to an account behind an API key (per
 * group of endpoints). Each is a token bucket in Redis; a process leases a few permits at a time
 * and spends them without asking, so that far from a limit a run costs one round trip or none,
 * and near it the leases shrink to single permits. Leases are short: what one process does not
 * spend is refilled soon, and a ban recorded by one stops the others within EGRESS_LEASE_MS.
 *
 * Nobody waits here for new risk: what would exceed a limit is ERR_RATE with
 * ERR_RETRY_THROTTLED, and the run is postponed. Each bucket keeps a share that only protective
 * requests (cancels, stops, reduce-only) may spend, and these may wait a second for it.
 *
 * Without Redis (NULL) the process has the limits for itself. If Redis does not answer, each
 * process allows itself a small share, asking again every second: exits go on.
 * Belongs to one process and thread; made after the fork.
 */
#ifndef EXCHANGES_RATE_LIMITS_H
#define EXCHANGES_RATE_LIMITS_H

#include "core/base/clock.h"
#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis;
struct rate_limits;

#define RATE_LIMITS_GROUPS_MAX 16
#define RATE_LIMITS_KEY_SIZE 33 /* a key's name here: a hash, never the key */

enum rate_share {        /* what a request is for, the least urgent first */
	RATE_NEW_RISK,   /* entries, settings */
	RATE_READ,       /* all reads: exits are decided on them too */
	RATE_PROTECTIVE, /* cancels, stops, reduce-only */
};

struct rate_limits_group { /* requests per account; a venue's table is static */
	const char *name;
	int64_t per_second; /* 0, as per_minute is: no limit but the address's */
	bool common;        /* most runs need it: leased together with others */
	int64_t per_minute; /* instead of per_second, where the venue counts minutes; else 0 */
};

struct rate_limits_plan {
	const char *venue; /* in the names of keys */
	/*
	 * Per address, in requests or in the venue's weights; any rolling window of the venue must
	 * hold burst + rate * (window + lease).
	 */
	int64_t egress_per_second; /* 0: no limit */
	int64_t egress_burst;
	const struct rate_limits_group *groups;
	size_t group_count; /* at most RATE_LIMITS_GROUPS_MAX */
};

/* egress names the address that requests leave from. plan, clock and redis are borrowed. */
struct rate_limits *rate_limits_new(struct redis *redis, const struct clock *clock,
	const char *egress, const struct rate_limits_plan *plan);
void rate_limits_free(struct rate_limits **limits);

/* For requests without an account: only the address counts. */
#define RATE_LIMITS_PUBLIC NULL

/*
 * Takes weight permits of the address (0: it does not count there) and one of the account's group.
 * ERR_RATE with ERR_RETRY_THROTTLED and retry_after_ms: not now, and nothing was taken from the
 * group. A weight above the bucket's burst takes all of the bucket.
 */
MUST_CHECK int rate_limits_take(struct rate_limits *limits, const char *key, size_t group,
	enum rate_share share, int64_t weight, struct err *err);

/* ERR_RATE while the address is banned, as far as this process knows. Costs nothing. */
MUST_CHECK int rate_limits_check_ban(struct rate_limits *limits, struct err *err);

/* The venue banned the address: everything behind it stops for duration_ms, in all processes. */
void rate_limits_ban(struct rate_limits *limits, int64_t duration_ms);

/* The venue refused for this account's group: it is closed for wait_ms, in all processes. */
void rate_limits_close(struct rate_limits *limits, const char *key, size_t group, int64_t wait_ms);

/*
 * What a reply's headers tell of the account's group: its limit (per second, or per minute as
 * the plan counts; 0: not told, the plan's) and what is left until reset_ms from now. What others
 * spent outside of Botbeat is seen here only.
 */
void rate_limits_observe(struct rate_limits *limits, const char *key, size_t group, int64_t limit,
	int64_t remaining, int64_t reset_ms);

/*
 * The same of the address: of its limit, remaining is left until reset_ms from now. Until then
 * entries, and reads, stop where they would touch what is kept for those more urgent. Each process
 * learns it from its own replies. Without effect where the address has no limit.
 */
void rate_limits_observe_address(
	struct rate_limits *limits, int64_t limit, int64_t remaining, int64_t reset_ms);

#endif
