/*
 * fake_venue - a server on loopback that answers as Bybit would, counts arrivals, and can be told
 * to misbehave, or to answer as another venue. It decides nothing: what it answers is written in
 * the test or here.
 *
 * A route is a path, or a method and a path ("DELETE /fapi/v1/order").
 */
#ifndef TESTS_EXCHANGES_FAKE_VENUE_H
#define TESTS_EXCHANGES_FAKE_VENUE_H

#include "core/base/clock.h"
#include "core/base/ident.h"
#include "core/io/http.h"
#include "core/io/http_server.h"
#include "exchanges/exchange.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define FAKE_PATHS_MAX 40
#define DAY_MS 86400000LL

struct fake_answer { /* to all requests of one route, until changed; times -1: for ever */
	char path[48];
	const char *query;   /* static text that must be in the query; NULL: any */
	int status;          /* 0: 200 */
	const char *body;    /* static text; "%T" is replaced by the server's time */
	const char *headers; /* static text, "" for none */
	int times;
	bool cut;
	size_t truncate_bytes;
};

struct fake_venue {
	struct http_server *server;
	char prefix[24]; /* of every path: two tests never share an address, even if a port comes
			    again */
	char url[96];
	pthread_mutex_t lock;
	struct fake_answer answers[FAKE_PATHS_MAX];
	struct {
		char path[48]; /* with its method */
		int arrivals;
		char query[512];
		char body[512];
		char signature[80];
	} seen[FAKE_PATHS_MAX];
	int64_t delay_ms;
	int64_t clock_ahead_ms; /* of the server's clock */
};

#define FAKE_OK(result) "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":" result ",\"time\":%T}"

static const struct fake_answer fake_defaults[] = {
	{.path = "/v5/market/time",
		.times = -1,
		.body = FAKE_OK("{\"timeSecond\":\"1\",\"timeNano\":\"1000000000\"}")},
	{.path = "/v5/market/tickers",
		.times = -1,
		.body = FAKE_OK(
			"{\"list\":[{\"symbol\":\"BTCUSDT\",\"lastPrice\":\"50000\","
			"\"markPrice\":\"50000\",\"bid1Price\":\"49999.9\",\"ask1Price\":\"50000."
			"1\","
			"\"fundingRate\":\"0.0001\",\"nextFundingTime\":\"1700006400000\"}]}")},
	{.path = "/v5/market/instruments-info",
		.times = -1,
		.body = FAKE_OK(
			"{\"list\":[{\"symbol\":\"BTCUSDT\",\"status\":\"Trading\","
			"\"priceFilter\":{\"tickSize\":\"0.10\"},\"lotSizeFilter\":{"
			"\"maxOrderQty\":\"100\",\"minOrderQty\":\"0.001\",\"qtyStep\":\"0.001\","
			"\"maxMktOrderQty\":\"50\",\"minNotionalValue\":\"5\"},"
			"\"leverageFilter\":{\"maxLeverage\":\"100\"},\"fundingInterval\":480}]}")},
	{.path = "/v5/market/risk-limit",
		.times = -1,
		.body = FAKE_OK("{\"list\":[{\"symbol\":\"BTCUSDT\",\"riskLimitValue\":\"2000000\","
				"\"maintenanceMargin\":\"0.005\",\"initialMargin\":\"0.01\","
				"\"maxLeverage\":\"100\",\"mmDeduction\":\"\"}]}")},
	{.path = "/v5/account/wallet-balance",
		.times = -1,
		.body = FAKE_OK(
			"{\"list\":[{\"totalAvailableBalance\":\"900\",\"coin\":[{"
			"\"coin\":\"USDT\",\"equity\":\"1000\",\"walletBalance\":\"1000\","
			"\"totalPositionIM\":\"0\",\"totalOrderIM\":\"40\",\"locked\":\"0\","
			"\"bonus\":\"0\"}]}]}")},
	{.path = "/v5/position/list",
		.times = -1,
		.body = FAKE_OK(
			"{\"list\":[{\"positionIdx\":0,\"symbol\":\"BTCUSDT\",\"side\":\"\","
			"\"size\":\"0\",\"leverage\":\"10\",\"markPrice\":\"\","
			"\"updatedTime\":\"0\"}],\"nextPageCursor\":\"\"}")},
	{.path = "/v5/account/info",
		.times = -1,
		.body = FAKE_OK("{\"marginMode\":\"ISOLATED_MARGIN\"}")},
	{.path = "/v5/order/create",
		.times = -1,
		.body = FAKE_OK("{\"orderId\":\"o-1\",\"orderLinkId\":\"bb-1\"}")},
	{.path = "/v5/order/cancel",
		.times = -1,
		.body = FAKE_OK("{\"orderId\":\"o-1\",\"orderLinkId\":\"bb-1\"}")},
	{.path = "/v5/position/set-leverage", .times = -1, .body = FAKE_OK("{}")},
};

static int64_t fake_server_ms(const struct fake_venue *venue)
{
	return clock_utc_ms(clock_system()) + venue->clock_ahead_ms;
}

/* The candle that forms, and the one before it, by the server's clock. */
static char *fake_kline(const struct fake_venue *venue, int64_t interval_ms)
{
	int64_t now_ms = fake_server_ms(venue);
	int64_t open_ms = now_ms - now_ms % interval_ms;
	return mem_format(
		"{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"symbol\":\"BTCUSDT\",\"list\":["
		"[\"%lld\",\"2\",\"3\",\"1\",\"2.5\",\"7\",\"0\"],"
		"[\"%lld\",\"1\",\"2\",\"1\",\"2\",\"5\",\"0\"]]},\"time\":%lld}",
		(long long)open_ms, (long long)(open_ms - interval_ms), (long long)now_ms);
}

static char *fake_body(const struct fake_venue *venue, const char *body)
{
	const char *mark = strstr(body, "%T");
	if (mark == NULL)
		return mem_text(body);
	return mem_format(
		"%.*s%lld%s", (int)(mark - body), body, (long long)fake_server_ms(venue), mark + 2);
}

/* seen: "METHOD PATH". */
static bool fake_is(const char *route, const char *seen)
{
	const char *path = strchr(seen, ' ') + 1;
	return strcmp(route, seen) == 0 || strcmp(route, path) == 0;
}

static void fake_note(
	struct fake_venue *venue, const char *route, const struct http_server_request *request)
{
	for (size_t i = 0; i < FAKE_PATHS_MAX; i++) {
		if (venue->seen[i].path[0] != '\0' && strcmp(venue->seen[i].path, route) != 0)
			continue;
		const char *signature = http_server_header(request, "X-BAPI-SIGN");
		(void)snprintf(venue->seen[i].path, sizeof venue->seen[i].path, "%s", route);
		(void)snprintf(
			venue->seen[i].query, sizeof venue->seen[i].query, "%s", request->query);
		(void)snprintf(
			venue->seen[i].body, sizeof venue->seen[i].body, "%s", request->body);
		(void)snprintf(venue->seen[i].signature, sizeof venue->seen[i].signature, "%s",
			signature != NULL ? signature : "");
		venue->seen[i].arrivals++;
		return;
	}
}

/* The last answer for the request that still has times left. */
static struct fake_answer *fake_find(struct fake_venue *venue, const char *route, const char *query)
{
	for (size_t i = FAKE_PATHS_MAX; i > 0; i--) {
		struct fake_answer *answer = &venue->answers[i - 1];
		if (answer->times != 0 && fake_is(answer->path, route) &&
			(answer->query == NULL || strstr(query, answer->query) != NULL))
			return answer;
	}
	return NULL;
}

static void fake_handle(
	void *context, const struct http_server_request *request, struct http_server_reply *reply)
{
	struct fake_venue *venue = context;
	size_t prefix = strlen(venue->prefix);
	bool ours = strncmp(request->path, venue->prefix, prefix) == 0;
	const char *path = ours ? request->path + prefix : "";
	char route[48];
	(void)snprintf(route, sizeof route, "%s %s", request->method, path);

	pthread_mutex_lock(&venue->lock);
	fake_note(venue, route, request);
	reply->status = 200;
	reply->content_type = "application/json";
	reply->delay_ms = venue->delay_ms;
	struct fake_answer *answer = fake_find(venue, route, request->query);
	if (answer != NULL) {
		reply->status = answer->status != 0 ? answer->status : 200;
		reply->body = fake_body(venue, answer->body);
		reply->cut = answer->cut;
		reply->truncate_bytes = answer->truncate_bytes;
		(void)snprintf(reply->headers, sizeof reply->headers, "%s",
			answer->headers != NULL ? answer->headers : "");
		if (answer->times > 0)
			answer->times--;
	} else if (strcmp(path, "/v5/market/kline") == 0) {
		reply->body = fake_kline(
			venue, strstr(request->query, "interval=D") != NULL ? DAY_MS : 60000);
	} else {
		reply->status = 404;
		reply->body = mem_text("");
	}
	reply->body_size_bytes = strlen(reply->body);
	pthread_mutex_unlock(&venue->lock);
}

static inline void fake_start(struct fake_venue *venue)
{
	struct err err = {0};
	memset(venue, 0, sizeof *venue);
	pthread_mutex_init(&venue->lock, NULL);
	memcpy(venue->answers, fake_defaults, sizeof fake_defaults);
	cr_assert(eq(int, http_init(&err), 0));
	const struct http_server_options options = {
		.address = "127.0.0.1:0",
		.threads = 4,
		.handler = fake_handle,
		.context = venue,
	};
	cr_assert(eq(int, http_server_start(&options, &venue->server, &err), 0), "%s", err.message);
	(void)snprintf(
		venue->prefix, sizeof venue->prefix, "/%016llx", (unsigned long long)random_u64());
	(void)snprintf(venue->url, sizeof venue->url, "http://127.0.0.1:%d%s",
		http_server_port(venue->server), venue->prefix);
}

static inline void fake_stop(struct fake_venue *venue)
{
	http_server_stop(&venue->server);
	pthread_mutex_destroy(&venue->lock);
}

/* Adds an answer that goes before the others of its path. */
static inline void fake_say(struct fake_venue *venue, const struct fake_answer *answer)
{
	pthread_mutex_lock(&venue->lock);
	size_t place = sizeof fake_defaults / sizeof fake_defaults[0];
	while (place < FAKE_PATHS_MAX - 1 && venue->answers[place].path[0] != '\0')
		place++;
	venue->answers[place] = *answer;
	pthread_mutex_unlock(&venue->lock);
}

static inline int fake_arrivals(struct fake_venue *venue, const char *path)
{
	int arrivals = 0;
	pthread_mutex_lock(&venue->lock);
	for (size_t i = 0; i < FAKE_PATHS_MAX && venue->seen[i].path[0] != '\0'; i++)
		if (fake_is(path, venue->seen[i].path))
			arrivals += venue->seen[i].arrivals;
	pthread_mutex_unlock(&venue->lock);
	return arrivals;
}

/* The same in fewer words: an answer of status 200. */
static inline void fake_tell(
	struct fake_venue *venue, const char *path, int times, const char *body)
{
	struct fake_answer answer = {.times = times, .body = body};
	(void)snprintf(answer.path, sizeof answer.path, "%s", path);
	fake_say(venue, &answer);
}

/* The query of the newest request to the route, "" if there was none. */
static inline const char *fake_query(struct fake_venue *venue, const char *path)
{
	static char query[512];
	query[0] = '\0';
	pthread_mutex_lock(&venue->lock);
	for (size_t i = 0; i < FAKE_PATHS_MAX && venue->seen[i].path[0] != '\0'; i++)
		if (fake_is(path, venue->seen[i].path))
			(void)snprintf(query, sizeof query, "%s", venue->seen[i].query);
	pthread_mutex_unlock(&venue->lock);
	return query;
}

/* The same of its body. */
static inline const char *fake_body_of(struct fake_venue *venue, const char *path)
{
	static char body[512];
	body[0] = '\0';
	pthread_mutex_lock(&venue->lock);
	for (size_t i = 0; i < FAKE_PATHS_MAX && venue->seen[i].path[0] != '\0'; i++)
		if (fake_is(path, venue->seen[i].path))
			(void)snprintf(body, sizeof body, "%s", venue->seen[i].body);
	pthread_mutex_unlock(&venue->lock);
	return body;
}

#endif
