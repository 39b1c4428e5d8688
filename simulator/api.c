#include "simulator/api.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/sign.h"
#include "simulator/api_account.h"
#include "simulator/api_book.h"
#include "simulator/api_call.h"
#include "simulator/api_listing.h"
#include "simulator/api_market.h"
#include "simulator/api_order.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_DEFAULT_MS 5000
#define WINDOW_MAX_MS 60000
#define AHEAD_MAX_MS 1000 /* a timestamp may lie less than this in the future */
#define STAMP_SIZE 24

typedef int route_run(struct api_call *call);

struct route {
	char method[5];
	char path[32];
	int limit; /* per second and account; 0: public, counted per address only */
	route_run *run;
};

/* exchanges.md 4.3 and 4.9; where the venue states no limit, 10. */
static const struct route routes[] = {
	{"GET", "/v5/market/time", 0, api_market_time},
	{"GET", "/v5/market/instruments-info", 0, api_market_instruments},
	{"GET", "/v5/market/kline", 0, api_market_kline},
	{"GET", "/v5/market/tickers", 0, api_market_tickers},
	{"GET", "/v5/market/risk-limit", 0, api_market_risk_limit},
	{"GET", "/v5/system/status", 0, api_market_status},
	{"GET", "/v5/account/wallet-balance", 50, api_account_wallet},
	{"GET", "/v5/account/info", 50, api_account_info},
	{"GET", "/v5/account/transaction-log", 25, api_book_transactions},
	{"POST", "/v5/account/set-margin-mode", 5, api_account_set_margin_mode},
	{"GET", "/v5/user/query-api", 10, api_account_key},
	{"GET", "/v5/position/list", 50, api_account_positions},
	{"GET", "/v5/position/closed-pnl", 50, api_book_closed_pnl},
	{"POST", "/v5/position/set-leverage", 10, api_account_set_leverage},
	{"POST", "/v5/position/switch-mode", 10, api_account_switch_mode},
	{"POST", "/v5/position/trading-stop", 10, api_account_trading_stop},
	{"POST", "/v5/order/create", 10, api_order_create},
	{"POST", "/v5/order/amend", 10, api_order_amend},
	{"POST", "/v5/order/cancel", 10, api_order_cancel},
	{"POST", "/v5/order/cancel-all", 10, api_order_cancel_all},
	{"GET", "/v5/order/realtime", 50, api_listing_realtime},
	{"GET", "/v5/order/history", 50, api_listing_history},
	{"GET", "/v5/execution/list", 50, api_book_executions},
};

#define ROUTES (sizeof routes / sizeof routes[0])

static_assert(ROUTES <= VENUE_ENDPOINTS_MAX, "each route is an endpoint of the venue's limits");

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < ROUTES; i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

static size_t endpoint_of(const struct route *route)
{
	return (size_t)(route - routes);
}

/* --- signature and window ------------------------------------------------------------------- */

struct proof { /* the headers of a signed request, "" where absent */
	const char *key, *stamp, *window, *signature;
};

static const char *header(const struct http_server_request *request, const char *name)
{
	const char *value = http_server_header(request, name);

	return value != NULL ? value : "";
}

static bool parse_count(const char *text, int64_t *ret)
{
	size_t length = strlen(text);

	if (length == 0 || length > 15 || text[strspn(text, "0123456789")] != '\0')
		return false;
	*ret = strtoll(text, NULL, 10);
	return true;
}

static int check_window(struct api_call *call, const struct proof *proof, int64_t now_ms)
{
	int64_t stamp_ms, window_ms = WINDOW_DEFAULT_MS;

	if (!parse_count(proof->stamp, &stamp_ms))
		return api_call_refuse(call, API_PARAMETER, "params error: timestamp invalid");
	if (proof->window[0] != '\0' && !parse_count(proof->window, &window_ms))
		return api_call_refuse(call, API_PARAMETER, "params error: recv_window invalid");
	if (window_ms > WINDOW_MAX_MS)
		return api_call_refuse(call, API_PARAMETER, "params error: recv_window invalid");
	if (stamp_ms < now_ms - window_ms || stamp_ms >= now_ms + AHEAD_MAX_MS)
		return api_call_refuse(call, API_TIMESTAMP,
			"invalid request, please check your server timestamp or recv_window param. "
			"req_timestamp[%" PRId64 "],server_timestamp[%" PRId64
			"],recv_window[%" PRId64 "]",
			stamp_ms, now_ms, window_ms);
	return 0;
}

/* timestamp + key + window + (query or body), the bytes as they came. */
static void expected_signature(const struct api_call *call, const struct proof *proof,
	const char *secret, char ret_hex[SIGN_HEX_SIZE])
{
	const struct http_server_request *request = call->request;
	bool post = strcmp(request->method, "POST") == 0;
	struct buffer text;

	buffer_init(&text, request->body_size_bytes + strlen(request->query) + 512);
	buffer_text(&text, proof->stamp);
	buffer_text(&text, proof->key);
	buffer_text(&text, proof->window);
	if (post)
		buffer_add(&text, request->body, request->body_size_bytes);
	else
		buffer_text(&text, request->query);
	assert(!buffer_failed(&text)); /* key, stamp and window were bounded before */
	sign_hmac_sha256(secret, strlen(secret), text.data, text.size_bytes, ret_hex);
	buffer_done(&text);
}

/* Needs no lock: accounts never change. */
static int authenticate(struct api_call *call)
{
	const struct http_server_request *request = call->request;
	const struct proof proof = {.key = header(request, "X-BAPI-API-KEY"),
		.stamp = header(request, "X-BAPI-TIMESTAMP"),
		.window = header(request, "X-BAPI-RECV-WINDOW"),
		.signature = header(request, "X-BAPI-SIGN")};
	char expected[SIGN_HEX_SIZE];

	if (!accounts_find(call->venue->accounts, proof.key, &call->account))
		return api_call_refuse(call, API_KEY, "API key is invalid.");
	if (check_window(call, &proof, venue_clock_ms(call->venue)) == -1)
		return -1;
	expected_signature(
		call, &proof, accounts_get(call->venue->accounts, call->account)->secret, expected);
	if (strcmp(expected, proof.signature) != 0)
		return api_call_refuse(
			call, API_SIGNATURE, "error sign! Please check your signature.");
	return 0;
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

/* Takes over call->result. */
static void set_envelope(struct api_call *call, struct http_server_reply *reply, int64_t now_ms)
{
	CLEANUP(doc_free) struct doc *envelope = doc_object();

	doc_int(envelope, "retCode", call->code);
	doc_text(envelope, "retMsg", call->code == API_OK ? "OK" : call->message);
	doc_child(envelope, "result", TAKE(call->result));
	doc_child(envelope, "retExtInfo", doc_object());
	doc_int(envelope, "time", now_ms);
	set_body(reply, 200, "application/json", doc_dump(envelope));
}

static void add_clock_headers(const struct venue *venue, struct http_server_reply *reply)
{
	size_t used = strlen(reply->headers);

	(void)snprintf(reply->headers + used, sizeof reply->headers - used,
		"X-Market-Time: %" PRId64 "\nX-Market-Speed: %" PRId64 "\n%s", venue->market_ms,
		(market_speed_milli(venue->market) + 999) / 1000,
		market_halted(venue->market) ? "X-Market-Halted: 1\n" : "");
}

static void add_limit_headers(const struct limits_state *state, struct http_server_reply *reply)
{
	size_t used = strlen(reply->headers);

	(void)snprintf(reply->headers + used, sizeof reply->headers - used,
		"X-Bapi-Limit: %d\nX-Bapi-Limit-Status: %d\n"
		"X-Bapi-Limit-Reset-Timestamp: %" PRId64 "\n",
		state->limit, state->remaining, state->reset_ms);
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

/* --- a request ------------------------------------------------------------------------------ */

/* Before anything else is looked at, signature included: the address pays for every request. */
static bool address_admitted(struct venue *venue, struct http_server_reply *reply)
{
	if (limits_take_address(venue->limits, venue->server_ms))
		return true;
	set_body(reply, 403, "text/plain",
		mem_text("403, access too frequent, please try again later"));
	return false;
}

static int take_limit(
	struct api_call *call, const struct route *route, struct http_server_reply *reply)
{
	struct venue *venue = call->venue;
	struct limits_state state;

	if (route->limit == 0)
		return 0;
	bool passes = limits_take(venue->limits, call->account, endpoint_of(route), route->limit,
		venue->server_ms, &state);
	if (!venue->account_limits)
		state.remaining = state.limit;
	add_limit_headers(&state, reply);
	if (passes || !venue->account_limits)
		return 0;
	return api_call_refuse(call, API_TOO_MANY, "Too many visits. Exceeded the API Rate Limit.");
}

static int parse_body(struct api_call *call, struct field_document **ret)
{
	const struct http_server_request *request = call->request;
	struct err err;

	if (field_parse(request->body, request->body_size_bytes, ret, &err) == -1)
		return api_call_refuse(call, API_PARAMETER, "Request parameter error.");
	call->body = field_root(*ret);
	if (!field_is_object(&call->body))
		return api_call_refuse(call, API_PARAMETER, "Request parameter error.");
	return 0;
}

static int run(
	struct api_call *call, const struct route *route, const struct fault_verdict *verdict)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	if (verdict->code != 0)
		return api_call_refuse(call, verdict->code, "%s", verdict->message);
	if (verdict->skip_execution)
		return 0;
	if (strcmp(route->method, "POST") == 0 && parse_body(call, &document) == -1)
		return -1;
	return route->run(call);
}

/* A refused request has an empty result, whatever the route had put there. */
static void clear_result(struct api_call *call)
{
	/* One refusal of the venue carries reasons in its result: setting the margin mode. */
	if (call->code == API_OK || call->code == 3400045)
		return;
	doc_free(&call->result);
	call->result = doc_object();
}

static void work(struct api_call *call, const struct route *route, bool authentic,
	struct http_server_reply *reply)
{
	struct venue *venue = call->venue;
	const char *key = route->limit > 0 && authentic ? header(call->request, "X-BAPI-API-KEY")
							: "";

	venue->requests[endpoint_of(route)]++;
	add_clock_headers(venue, reply);
	if (!address_admitted(venue, reply))
		return;
	struct fault_verdict verdict = faults_judge(venue->faults, route->path, key);
	if (authentic && take_limit(call, route, reply) == 0)
		(void)run(call, route, &verdict);
	clear_result(call);
	reply->delay_ms = venue->latency_ms;
	set_envelope(call, reply, venue->server_ms);
	spoil(&verdict, reply);
}

static void refuse_route(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply)
{
	struct api_call call = {.venue = venue, .request = request, .result = doc_object()};

	(void)api_call_refuse(&call, API_ROUTE, "Route not found.");
	set_envelope(&call, reply, venue_clock_ms(venue));
	reply->status = 404;
}

void api_handle(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply)
{
	const struct route *route = find_route(request->path);
	struct api_call call = {.venue = venue, .request = request};

	if (route == NULL || strcmp(route->method, request->method) != 0) {
		refuse_route(venue, request, reply);
		return;
	}
	/* The venue's front door turns away a GET with a body, an empty JSON object included. */
	if (strcmp(request->method, "GET") == 0 && request->body_size_bytes > 0) {
		set_body(reply, 403, "text/html", mem_text("<html><body>403</body></html>"));
		return;
	}
	call.result = doc_object();
	bool authentic = route->limit == 0 || authenticate(&call) == 0;
	venue_enter(venue);
	work(&call, route, authentic, reply);
	reply->cut |= !venue_leave(venue);
	doc_free(&call.result);
}

void api_requests(const struct venue *venue, struct doc *object)
{
	for (size_t i = 0; i < ROUTES; i++)
		if (venue->requests[i] > 0)
			doc_int(object, routes[i].path, venue->requests[i]);
}

int64_t api_request_count(const struct venue *venue)
{
	int64_t count = 0;

	for (size_t i = 0; i < ROUTES; i++)
		count += venue->requests[i];
	return count;
}
