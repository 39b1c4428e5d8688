#include "simulator/door.h"

#include "core/base/cleanup.h"
#include "simulator/as_binance.h"
#include "simulator/as_bybit.h"
#include "simulator/as_phemex.h"
#include "simulator/call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first answers for what belongs to nobody. */
static const struct dialect *const dialects[] = {&as_bybit, &as_phemex, &as_binance};

#define DIALECTS (sizeof dialects / sizeof dialects[0])

static_assert(DIALECTS <= LIMITS_ADDRESSES, "each dialect counts the address for itself");

/* --- routes --------------------------------------------------------------------------------- */

static bool begins_with_one(const char *path, const char *const *prefixes)
{
	for (size_t i = 0; prefixes[i] != NULL; i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static size_t find_dialect(const char *path)
{
	for (size_t i = 0; i < DIALECTS; i++)
		if (begins_with_one(path, dialects[i]->prefixes))
			return i;
	return 0;
}

static const struct route *find_route(
	const struct dialect *dialect, const struct http_server_request *request)
{
	for (size_t i = 0; i < dialect->route_count; i++)
		if (strcmp(dialect->routes[i].path, request->path) == 0 &&
			strcmp(dialect->routes[i].method, request->method) == 0)
			return &dialect->routes[i];
	return NULL;
}

/* A route's place in venue->requests. */
static size_t counter_of(const struct dialect *dialect, const struct route *route)
{
	size_t before = 0;

	for (size_t i = 0; i < DIALECTS && dialects[i] != dialect; i++)
		before += dialects[i]->route_count;
	size_t index = before + (size_t)(route - dialect->routes);
	assert(index < VENUE_ROUTES_MAX);
	return index;
}

/* --- replies -------------------------------------------------------------------------------- */

static void set_body(struct http_server_reply *reply, int status, const char *type, char *body)
{
	free(reply->body);
	reply->status = status;
	reply->content_type = type;
	reply->body = body;
	reply->body_size_bytes = strlen(body);
}

static void add_clock_headers(const struct venue *venue, struct http_server_reply *reply)
{
	call_add_header(reply, "X-Market-Time: %" PRId64 "\nX-Market-Speed: %" PRId64 "\n%s",
		venue->market_ms, (market_speed_milli(venue->market) + 999) / 1000,
		market_halted(venue->market) ? "X-Market-Halted: 1\n" : "");
}

/* Carries out what the rules of misbehaviour want, after the reply was worked out. */
static void spoil(const struct fault_verdict *verdict, struct http_server_reply *reply)
{
	reply->delay_ms += verdict->delay_ms;
	reply->cut = verdict->cut;
	if (verdict->status != 0)
		set_body(reply, verdict->status, "text/html",
			mem_text("<html><body>bad gateway</body></html>"));
	else if (verdict->garbage)
		set_body(reply, 200, "text/html", mem_text("<html><body>welcome</body></html>"));
	if (verdict->truncate && reply->body_size_bytes > 1)
		reply->truncate_bytes = reply->body_size_bytes / 2;
}

static void seal(struct call *call, struct http_server_reply *reply)
{
	if (call->status == 0)
		call->status = 200;
	call->dialect->seal(call, reply);
}

/* --- a request ------------------------------------------------------------------------------ */

/* Before anything else is looked at, signature included: the address pays for every request. */
static bool address_admitted(struct call *call, size_t dialect)
{
	struct venue *venue = call->venue;
	int64_t until_ms;
	int cost = call->dialect->weigh != NULL ? call->dialect->weigh(call) : 1;
	enum limits_verdict verdict = limits_take_address(
		venue->limits, dialect, cost, &call->dialect->address, venue->server_ms, &until_ms);

	if (verdict == LIMITS_PASS)
		return true;
	call->dialect->refuse_address(call, verdict, until_ms);
	return false;
}

static int run(struct call *call, const struct fault_verdict *verdict)
{
	if (verdict->code != 0)
		return call_refuse(call, verdict->code, "%s", verdict->message);
	if (verdict->skip_execution)
		return 0;
	if (call->dialect->read_body(call) == -1)
		return -1;
	return call->route->run(call);
}

static const char *key_of(const struct call *call)
{
	return accounts_get(call->venue->accounts, call->account)->key;
}

static void work(struct call *call, size_t dialect, bool authentic, struct http_server_reply *reply)
{
	struct venue *venue = call->venue;
	struct fault_verdict verdict = {0};

	venue->requests[counter_of(call->dialect, call->route)]++;
	add_clock_headers(venue, reply);
	if (address_admitted(call, dialect)) {
		verdict = faults_judge(venue->faults,
			&(struct fault_request){.method = call->route->method,
				.path = call->route->path,
				.key = call->route->private && authentic ? key_of(call) : ""});
		if (authentic && call->dialect->take_limit(call, reply) == 0)
			(void)run(call, &verdict);
		reply->delay_ms = venue->latency_ms;
	}
	seal(call, reply);
	spoil(&verdict, reply);
}

static void turn_away(struct call *call, struct http_server_reply *reply)
{
	call->dialect->refuse_route(call);
	seal(call, reply);
	doc_free(&call->result);
}

void door_handle(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply)
{
	size_t dialect = find_dialect(request->path);
	struct call call = {.venue = venue,
		.dialect = dialects[dialect],
		.route = find_route(dialects[dialect], request),
		.request = request,
		.result = doc_object()};

	if (call.route == NULL) {
		turn_away(&call, reply);
		return;
	}
	bool authentic = !call.route->private || call.dialect->authenticate(&call) == 0;
	venue_enter(venue);
	work(&call, dialect, authentic, reply);
	reply->cut |= !venue_leave(venue);
	field_document_free(&call.document);
	doc_free(&call.result);
}

/* --- counting ------------------------------------------------------------------------------- */

static bool path_repeats(const struct dialect *dialect, const char *path)
{
	int count = 0;

	for (size_t i = 0; i < dialect->route_count; i++)
		count += strcmp(dialect->routes[i].path, path) == 0 ? 1 : 0;
	return count > 1;
}

void door_requests(const struct venue *venue, struct doc *object)
{
	char name[64];

	for (size_t i = 0; i < DIALECTS; i++) {
		for (size_t k = 0; k < dialects[i]->route_count; k++) {
			const struct route *route = &dialects[i]->routes[k];
			int64_t count = venue->requests[counter_of(dialects[i], route)];
			bool repeats = path_repeats(dialects[i], route->path);
			(void)snprintf(name, sizeof name, "%s%s%s", repeats ? route->method : "",
				repeats ? " " : "", route->path);
			if (count > 0)
				doc_int(object, name, count);
		}
	}
}

int64_t door_request_count(const struct venue *venue)
{
	int64_t count = 0;

	for (size_t i = 0; i < VENUE_ROUTES_MAX; i++)
		count += venue->requests[i];
	return count;
}

bool door_knows(const char *path)
{
	const struct dialect *dialect = dialects[find_dialect(path)];

	for (size_t i = 0; i < dialect->route_count; i++)
		if (strcmp(dialect->routes[i].path, path) == 0)
			return true;
	return false;
}
