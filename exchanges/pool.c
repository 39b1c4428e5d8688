#include "exchanges/pool.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/ident.h"
#include "core/io/http.h"
#include "exchanges/auth_watch.h"
#include "exchanges/breaker.h"
#include "exchanges/handle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_EGRESS "default" /* what an address that nobody names goes by */
#define WAIT_LEAST_MS 500

struct lane {                          /* one egress address: its connections, its limits */
	char egress[POOL_EGRESS_SIZE]; /* never "" */
	int64_t per_second;
	struct rate_limits_plan plan;
	struct rate_limits *limits;
	struct http *http; /* the handle's own, or ours */
	bool present;      /* this host has the address */
	int breaker;       /* for private calls; -1: none */
};

struct place {
	struct pool_endpoint endpoint;
	struct lane *lane;
	int breaker; /* -1: none */
	bool tried;  /* by the call under way */
};

struct pool {
	struct exchange *exchange;
	struct pool_endpoint configured;
	struct http *home; /* the handle's */
	struct breakers *breakers;
	char scope[32]; /* "bybit:testnet" */
	struct lane *lanes[POOL_MAX];
	size_t lane_count;
	struct place places[POOL_MAX];
	size_t count;
	size_t chosen;
	int pinned; /* -1: none */
	struct pool_route route;
	struct pool_usage usage[POOL_USAGE_MAX];
	size_t usage_count;
};

static const struct pool_route plain_route = {.tier = TIER_STANDARD};

/* ---- lanes and places ------------------------------------------------------------------- */

static const char *egress_of(const struct pool *pool, const struct pool_endpoint *endpoint)
{
	if (endpoint->egress[0] != '\0')
		return endpoint->egress;
	return pool->configured.egress[0] != '\0' ? pool->configured.egress : OWN_EGRESS;
}

static bool is_home(const struct pool *pool, const char *egress)
{
	return strcmp(egress, OWN_EGRESS) == 0 || strcmp(egress, pool->configured.egress) == 0;
}

static void lane_free(struct pool *pool, struct lane *lane)
{
	rate_limits_free(&lane->limits);
	if (lane->http != pool->home)
		http_free(&lane->http);
	free(lane);
}

static struct lane *lane_new(struct pool *pool, const char *egress, int64_t per_second)
{
	struct exchange *exchange = pool->exchange;
	struct lane *lane = mem_zero(1, sizeof *lane);
	char breaker[BREAKER_NAME_SIZE];

	(void)snprintf(lane->egress, sizeof lane->egress, "%s", egress);
	lane->per_second = per_second;
	lane->plan = exchange->plan;
	if (per_second > 0) {
		lane->plan.egress_per_second = per_second;
		lane->plan.egress_burst = per_second;
	}
	lane->limits = rate_limits_new(exchange->redis, exchange->clock, egress, &lane->plan);
	lane->http = is_home(pool, egress) ? pool->home : http_new_like(pool->home, egress);
	lane->present = is_home(pool, egress) || http_egress_exists(egress);
	(void)snprintf(breaker, sizeof breaker, "g:%s", egress);
	lane->breaker = breaker_of(pool->breakers, breaker);
	return lane;
}

/* The limit is the address's: of several endpoints behind one, the smallest that is given. */
static int64_t limit_of(const struct pool *pool, const struct pool_endpoint *endpoints,
	size_t count, const char *egress)
{
	int64_t least = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t given = endpoints[i].per_second;
		if (given > 0 && (least == 0 || given < least) &&
			strcmp(egress_of(pool, &endpoints[i]), egress) == 0)
			least = given;
	}
	return least;
}

/* Out of the former ones, where one is as it should be. */
static struct lane *take_lane(struct pool *pool, struct lane **former, size_t former_count,
	const char *egress, int64_t per_second)
{
	for (size_t i = 0; i < pool->lane_count; i++)
		if (strcmp(pool->lanes[i]->egress, egress) == 0)
			return pool->lanes[i];
	struct lane *lane = NULL;
	for (size_t i = 0; i < former_count && lane == NULL; i++) {
		if (former[i] == NULL || strcmp(former[i]->egress, egress) != 0 ||
			former[i]->per_second != per_second)
			continue;
		lane = former[i];
		former[i] = NULL;
	}
	if (lane == NULL)
		lane = lane_new(pool, egress, per_second);
	pool->lanes[pool->lane_count++] = lane;
	return lane;
}

static bool may_be_used(const struct pool_endpoint *endpoint)
{
	struct err ignored;

	return http_check_url(endpoint->base_url, &ignored) == 0;
}

static void use(struct pool *pool, size_t index)
{
	struct exchange *exchange = pool->exchange;
	const struct place *place = &pool->places[index];

	pool->chosen = index;
	exchange->base_url = place->endpoint.base_url;
	exchange->limits = place->lane->limits;
	exchange->http = place->lane->http;
}

static void add_place(struct pool *pool, const struct pool_endpoint *endpoint, struct lane *lane)
{
	struct place *place = &pool->places[pool->count++];
	char breaker[BREAKER_NAME_SIZE];

	*place = (struct place){.endpoint = *endpoint, .lane = lane};
	(void)snprintf(breaker, sizeof breaker, "e:%s", endpoint->name);
	place->breaker = breaker_of(pool->breakers, breaker);
}

void pool_set(struct exchange *exchange, const struct pool_endpoint *endpoints, size_t count,
	size_t *ret_refused)
{
	struct pool *pool = exchange->pool;
	struct lane *former[POOL_MAX];
	size_t former_count = pool->lane_count;

	*ret_refused = 0;
	memcpy(former, pool->lanes, sizeof former);
	pool->lane_count = 0;
	pool->count = 0;
	pool->pinned = -1;
	for (size_t i = 0; i < count; i++) {
		if (pool->count == POOL_MAX || !may_be_used(&endpoints[i])) {
			(*ret_refused)++;
			continue;
		}
		const char *egress = egress_of(pool, &endpoints[i]);
		add_place(pool, &endpoints[i],
			take_lane(pool, former, former_count, egress,
				limit_of(pool, endpoints, count, egress)));
	}
	if (pool->count == 0)
		add_place(pool, &pool->configured,
			take_lane(pool, former, former_count, egress_of(pool, &pool->configured),
				pool->configured.per_second));
	for (size_t i = 0; i < former_count; i++)
		if (former[i] != NULL)
			lane_free(pool, former[i]);
	use(pool, 0);
}

struct pool *pool_new(struct exchange *exchange, const struct pool_endpoint *configured)
{
	struct pool *pool = mem_zero(1, sizeof *pool);
	size_t refused;

	pool->exchange = exchange;
	pool->configured = *configured;
	pool->home = exchange->http;
	pool->route = plain_route;
	(void)snprintf(pool->scope, sizeof pool->scope, "%s:%s",
		venue_name_text(exchange->adapter->venue), environment_text(exchange->environment));
	/* Another base URL is another venue: a simulator's trouble is not the real one's. */
	CLEANUP(text_free)
	char *key = mem_format("%s:%016llx", pool->scope,
		(unsigned long long)hash_bytes(configured->base_url, strlen(configured->base_url)));
	pool->breakers = breakers_new(exchange->redis, exchange->clock, key);
	exchange->pool = pool;
	pool_set(exchange, NULL, 0, &refused);
	return pool;
}

void pool_free(struct pool **pointer)
{
	struct pool *pool = *pointer;

	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->lane_count; i++)
		lane_free(pool, pool->lanes[i]);
	breakers_free(&pool->breakers);
	free(pool);
	*pointer = NULL;
}

void pool_route(struct exchange *exchange, const struct pool_route *route)
{
	exchange->pool->route = route != NULL ? *route : plain_route;
}

size_t pool_count(const struct exchange *exchange)
{
	return exchange->pool->count;
}

const struct pool_endpoint *pool_at(const struct exchange *exchange, size_t index)
{
	assert(index < exchange->pool->count);
	return &exchange->pool->places[index].endpoint;
}

int pool_pin(struct exchange *exchange, const char *name, struct err *err)
{
	struct pool *pool = exchange->pool;

	pool->pinned = -1;
	for (size_t i = 0; name[0] != '\0' && i < pool->count; i++)
		if (strcmp(pool->places[i].endpoint.name, name) == 0)
			pool->pinned = (int)i;
	if (name[0] == '\0' || pool->pinned != -1)
		return 0;
	return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "%s has no endpoint \"%.60s\"",
		pool->scope, name);
}

/* ---- choosing --------------------------------------------------------------------------- */

static bool is_bound_to(const struct pool_route *route, const char *egress)
{
	for (size_t i = 0; i < route->egress_count; i++)
		if (strcmp(route->egresses[i], egress) == 0)
			return true;
	return route->egress_count == 0;
}

static bool is_open(struct pool *pool, const struct place *place, enum pool_kind kind)
{
	bool private_open = kind == POOL_PRIVATE && place->lane->breaker != -1 &&
			    breaker_open(pool->breakers, place->lane->breaker);

	return private_open ||
	       (place->breaker != -1 && breaker_open(pool->breakers, place->breaker));
}

static bool is_banned(const struct place *place)
{
	struct err ignored;

	return rate_limits_check_ban(place->lane->limits, &ignored) == -1;
}

static struct endpoint_candidate candidate_of(
	struct pool *pool, const struct place *place, enum pool_kind kind)
{
	const struct pool_endpoint *endpoint = &place->endpoint;
	bool bound = kind == POOL_PUBLIC || is_bound_to(&pool->route, place->lane->egress);

	return (struct endpoint_candidate){
		.tier = endpoint->tier,
		.priority = endpoint->priority,
		.weight = endpoint->weight,
		.usable = !endpoint->draining && place->lane->present && bound && !place->tried,
		.banned = is_banned(place),
		.open = is_open(pool, place, kind),
	};
}

static bool takes_try(struct pool *pool, int breaker)
{
	return breaker == -1 || !breaker_open(pool->breakers, breaker) ||
	       breaker_probe(pool->breakers, breaker);
}

/* A read whose turn it is goes through an open breaker and finds out: nothing is lost by one. */
static int choose_try(
	struct pool *pool, const struct endpoint_candidate *candidates, enum pool_kind kind)
{
	for (size_t i = 0; i < pool->count; i++) {
		const struct place *place = &pool->places[i];
		if (!candidates[i].open || !candidates[i].usable || candidates[i].banned)
			continue;
		if (takes_try(pool, place->breaker) &&
			(kind == POOL_PUBLIC || takes_try(pool, place->lane->breaker)))
			return (int)i;
	}
	return -1;
}

static int choose(struct pool *pool, enum pool_kind kind, enum rate_share share)
{
	struct endpoint_candidate candidates[POOL_MAX];
	bool insists = share == RATE_PROTECTIVE || (share == RATE_READ && pool->route.at_risk);
	int chosen = -1;

	if (pool->pinned != -1)
		return pool->places[pool->pinned].tried ? -1 : pool->pinned;
	for (size_t i = 0; i < pool->count; i++)
		candidates[i] = candidate_of(pool, &pool->places[i], kind);
	if (share == RATE_READ)
		chosen = choose_try(pool, candidates, kind);
	if (chosen == -1)
		chosen = endpoint_choose(
			candidates, pool->count, pool->route.tier, insists, random_u64());
	return chosen;
}

/* Until the first breaker is tried again. */
static int64_t wait_of(const struct pool *pool, enum pool_kind kind)
{
	int64_t least_ms = BREAKER_MOST_MS;

	for (size_t i = 0; i < pool->count; i++) {
		const struct place *place = &pool->places[i];
		int64_t own_ms = place->breaker == -1
					 ? 0
					 : breaker_wait_ms(pool->breakers, place->breaker);
		int64_t lane_ms = kind == POOL_PUBLIC || place->lane->breaker == -1
					  ? 0
					  : breaker_wait_ms(pool->breakers, place->lane->breaker);
		int64_t wait_ms = own_ms > lane_ms ? own_ms : lane_ms;
		least_ms = wait_ms < least_ms ? wait_ms : least_ms;
	}
	return least_ms > WAIT_LEAST_MS ? least_ms : WAIT_LEAST_MS;
}

static bool any_ban(const struct pool *pool, struct err *err)
{
	for (size_t i = 0; i < pool->count; i++)
		if (rate_limits_check_ban(pool->places[i].lane->limits, err) == -1)
			return true;
	return false;
}

static int nothing_left(const struct pool *pool, enum pool_kind kind, struct err *err)
{
	bool any_bound = kind == POOL_PUBLIC;

	for (size_t i = 0; i < pool->count; i++)
		any_bound = any_bound ||
			    (pool->places[i].lane->present &&
				    is_bound_to(&pool->route, pool->places[i].lane->egress));
	if (!any_bound)
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"the credential is bound to addresses that this host has no endpoint of %s "
			"for",
			pool->scope);
	if (any_ban(pool, err))
		return -1;
	(void)err_set(err, ERR_RATE, ERR_RETRY_THROTTLED,
		"every endpoint of %s is broken or draining", pool->scope);
	err->retry_after_ms = wait_of(pool, kind);
	return -1;
}

int pool_choose(
	struct exchange *exchange, enum pool_kind kind, enum rate_share share, struct err *err)
{
	struct pool *pool = exchange->pool;

	for (size_t i = 0; i < pool->count; i++)
		pool->places[i].tried = false;
	int chosen = choose(pool, kind, share);
	if (chosen == -1)
		return nothing_left(pool, kind, err);
	use(pool, (size_t)chosen);
	return 0;
}

bool pool_choose_other(struct exchange *exchange, enum pool_kind kind, enum rate_share share)
{
	struct pool *pool = exchange->pool;

	pool->places[pool->chosen].tried = true;
	int chosen = choose(pool, kind, share);
	if (chosen == -1)
		return false;
	use(pool, (size_t)chosen);
	return true;
}

size_t pool_mark(const struct exchange *exchange)
{
	return exchange->pool->chosen;
}

void pool_return_to(struct exchange *exchange, size_t mark)
{
	assert(mark < exchange->pool->count);
	use(exchange->pool, mark);
}

/* ---- what became of it ------------------------------------------------------------------ */

static enum pool_outcome outcome_of(const struct err *failure)
{
	switch ((int)failure->code) {
	case ERR_NONE:
	case ERR_NO_CHANGE:
		return POOL_OK;
	case ERR_RATE:
		return POOL_LIMITED;
	case ERR_NETWORK:
	case ERR_TIMEOUT:
	case ERR_PROTOCOL:
	case ERR_MAINTENANCE:
		return POOL_FAILED;
	default:
		return POOL_REFUSED;
	}
}

static struct pool_usage *usage_of(
	struct pool *pool, const struct pool_endpoint *endpoint, const char *operation)
{
	for (size_t i = 0; i < pool->usage_count; i++)
		if (strcmp(pool->usage[i].name, endpoint->name) == 0 &&
			strcmp(pool->usage[i].operation, operation) == 0)
			return &pool->usage[i];
	/* A copy: for all that the compiler knows, what stands in the pool might overlap in it. */
	const struct pool_endpoint named = *endpoint;
	/* The last place is for all that has none. */
	bool is_last = pool->usage_count >= POOL_USAGE_MAX - 1;
	struct pool_usage *usage = &pool->usage[is_last ? POOL_USAGE_MAX - 1 : pool->usage_count];
	pool->usage_count = is_last ? POOL_USAGE_MAX : pool->usage_count + 1;
	(void)snprintf(usage->id, sizeof usage->id, "%s", named.id);
	(void)snprintf(usage->name, sizeof usage->name, "%s", named.name);
	(void)snprintf(
		usage->operation, sizeof usage->operation, "%s", is_last ? "other" : operation);
	return usage;
}

static void count(struct pool *pool, const struct place *place, const struct pool_call *call,
	enum pool_outcome outcome)
{
	char operation[sizeof pool->usage[0].operation];

	(void)snprintf(operation, sizeof operation, "%s %.*s", call->method,
		(int)strcspn(call->path, "?"), call->path);
	struct pool_usage *usage = usage_of(pool, &place->endpoint, operation);
	usage->calls[outcome]++;
	usage->duration_ms += call->duration_ms;
	if (call->duration_ms > usage->slowest_ms)
		usage->slowest_ms = call->duration_ms;
	pool->exchange->usage.by_tier[place->endpoint.tier]++;
}

static void ask_again(struct err *failure, int64_t wait_ms)
{
	failure->retry = ERR_RETRY_THROTTLED;
	failure->retry_after_ms = wait_ms > WAIT_LEAST_MS ? wait_ms : WAIT_LEAST_MS;
}

/* The key was refused: its own fault, or the egress's? */
static void judge_refusal(struct pool *pool, const struct place *place, struct err *failure)
{
	int breaker = place->lane->breaker;
	bool is_broken = breaker != -1 && breaker_open(pool->breakers, breaker);
	int64_t wait_ms;
	enum auth_fault fault = auth_watch_refused(pool->exchange->redis, pool->scope,
		place->lane->egress, pool->exchange->key_name, &wait_ms);

	if (is_broken)
		breaker_failed(pool->breakers, breaker);
	else if (fault == AUTH_FAULT_EGRESS && breaker != -1)
		breaker_trip(pool->breakers, breaker);
	if (fault == AUTH_FAULT_EGRESS && breaker != -1)
		wait_ms = breaker_wait_ms(pool->breakers, breaker);
	if (is_broken || fault != AUTH_FAULT_KEY)
		ask_again(failure, wait_ms);
}

void pool_note(struct exchange *exchange, const struct pool_call *call, struct err *failure)
{
	struct pool *pool = exchange->pool;
	struct place *place = &pool->places[pool->chosen];
	enum pool_outcome outcome = outcome_of(failure);

	count(pool, place, call, outcome);
	if (pool->pinned != -1)
		return;
	if (place->breaker != -1 && outcome == POOL_FAILED)
		breaker_failed(pool->breakers, place->breaker);
	else if (place->breaker != -1 && outcome != POOL_LIMITED)
		breaker_succeeded(pool->breakers, place->breaker);
	if (call->kind == POOL_PUBLIC)
		return;
	if (failure->code == ERR_AUTH)
		judge_refusal(pool, place, failure);
	else if (place->lane->breaker != -1 && (outcome == POOL_OK || outcome == POOL_REFUSED))
		breaker_succeeded(pool->breakers, place->lane->breaker);
}

const struct pool_usage *pool_usage(const struct exchange *exchange, size_t *ret_count)
{
	*ret_count = exchange->pool->usage_count;
	return exchange->pool->usage;
}

void pool_usage_clear(struct exchange *exchange)
{
	memset(exchange->pool->usage, 0, sizeof exchange->pool->usage);
	exchange->pool->usage_count = 0;
}

struct pool_health pool_look(struct exchange *exchange, size_t index)
{
	struct pool *pool = exchange->pool;
	const struct place *place = &pool->places[index];
	struct breaker_state own = {0};
	struct breaker_state lane = {0};

	assert(index < pool->count);
	if (place->breaker != -1)
		own = breaker_look(pool->breakers, place->breaker);
	if (place->lane->breaker != -1)
		lane = breaker_look(pool->breakers, place->lane->breaker);
	return (struct pool_health){
		.open = own.open,
		.auth_open = lane.open,
		.wait_ms = own.wait_ms > lane.wait_ms ? own.wait_ms : lane.wait_ms,
		.successes = own.successes,
		.failures = own.failures,
	};
}
