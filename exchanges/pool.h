/*
 * pool - the endpoints of a venue: base URLs and egress addresses, and what each request goes
 * through.
 *
 * An exchange handle has one pool. It begins with the one endpoint of the configuration; the rows
 * of venue_endpoints take its place. Each call chooses an endpoint (endpoint_choice.h) by the route
 * of the run under way: the plan's tier, the addresses that its credential is bound to, and whether
 * it has something at risk. Breakers and limits are shared by all processes; private calls of a
 * bound credential leave from its addresses only.
 *
 * What went through each endpoint is counted here (pool_usage), by operation and outcome.
 * Belongs to one process and thread; made after the fork.
 */
#ifndef EXCHANGES_POOL_H
#define EXCHANGES_POOL_H

#include "core/base/err.h"
#include "exchanges/endpoint_choice.h"
#include "exchanges/rate_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct http;
struct pool;

#define POOL_MAX 24
#define POOL_ID_SIZE 40
#define POOL_NAME_SIZE 64
#define POOL_URL_SIZE 200
#define POOL_EGRESS_SIZE 64

struct pool_endpoint {
	char id[POOL_ID_SIZE]; /* of its row; "": the configuration's */
	char name[POOL_NAME_SIZE];
	char base_url[POOL_URL_SIZE];  /* without a slash at the end */
	char egress[POOL_EGRESS_SIZE]; /* local address or interface; "": any */
	enum endpoint_tier tier;
	int64_t priority, weight;
	int64_t per_second; /* limit of its address; 0: as configured */
	bool draining;
};

struct pool_route { /* of the run under way; addresses are borrowed until the next route */
	enum endpoint_tier tier;
	const char *const *egresses; /* that the credential is bound to */
	size_t egress_count;         /* 0: any */
	bool at_risk;                /* a position, or rows that are not final: reads insist */
};

/*
 * Replaces the pool's endpoints; counts, limits and connections of those that stay are kept. count
 * 0: the configuration's. A base URL that may not be used is left out: *ret_refused, how many were.
 */
void pool_set(struct exchange *exchange, const struct pool_endpoint *endpoints, size_t count,
	size_t *ret_refused);

/* NULL: standard tier, any address, nothing at risk. */
void pool_route(struct exchange *exchange, const struct pool_route *route);

/* All that goes through this endpoint from now on: for tests of one. "" ends that. */
MUST_CHECK int pool_pin(struct exchange *exchange, const char *name, struct err *err);

size_t pool_count(const struct exchange *exchange);
const struct pool_endpoint *pool_at(const struct exchange *exchange, size_t index);

/* ---- for who only looks ------------------------------------------------------------------ */

struct pool_health {
	bool open;                   /* its breaker */
	bool auth_open;              /* its address's, for private calls */
	int64_t wait_ms;             /* until it is tried again */
	int64_t successes, failures; /* of the last seconds, all processes together */
};
struct pool_health pool_look(struct exchange *exchange, size_t index);

/* ---- metering ---------------------------------------------------------------------------- */

enum pool_outcome {
	POOL_OK,      /* the venue did, or told, what was asked */
	POOL_REFUSED, /* it said no */
	POOL_LIMITED, /* by a limit or a ban */
	POOL_FAILED,  /* it did not answer, or not in its language */
};
#define POOL_OUTCOMES 4

struct pool_usage { /* one endpoint, one operation */
	char id[POOL_ID_SIZE], name[POOL_NAME_SIZE];
	char operation[64]; /* "GET /v5/market/kline" */
	int64_t calls[POOL_OUTCOMES];
	int64_t duration_ms; /* sum */
	int64_t slowest_ms;
};
#define POOL_USAGE_MAX 96

/* Since the last clear; the exchange's. What had no place is counted as operation "other". */
const struct pool_usage *pool_usage(const struct exchange *exchange, size_t *ret_count);
void pool_usage_clear(struct exchange *exchange);

/* ---- for this room ----------------------------------------------------------------------- */

struct pool *pool_new(struct exchange *exchange, const struct pool_endpoint *configured);
void pool_free(struct pool **pool);

enum pool_kind { POOL_PUBLIC, POOL_PRIVATE };

/*
 * Chooses an endpoint for requests that belong together: exchange->base_url, ->limits and ->http
 * are its from then on. ERR_RATE with ERR_RETRY_THROTTLED if all breakers are open; ERR_REFUSED
 * with ERR_RETRY_LATER if this host has nothing of the bound set. Either way the run is postponed.
 */
MUST_CHECK int pool_choose(
	struct exchange *exchange, enum pool_kind kind, enum rate_share share, struct err *err);
/* Another one than before, after one was limited or failed. False: there is none. */
bool pool_choose_other(struct exchange *exchange, enum pool_kind kind, enum rate_share share);

/* The chosen endpoint as a mark that a prepared request keeps, and back to it. */
size_t pool_mark(const struct exchange *exchange);
void pool_return_to(struct exchange *exchange, size_t mark);

struct pool_call { /* what became of a request over the chosen endpoint */
	enum pool_kind kind;
	const char *method;
	const char *path; /* with or without query */
	int64_t duration_ms;
};
/*
 * Counts it, and tells breakers. failure: ERR_NONE if it went well; it may be changed: a refusal of
 * the key that may be the egress's fault asks to be repeated later instead of blaming the key.
 */
void pool_note(struct exchange *exchange, const struct pool_call *call, struct err *failure);

#endif
