#include "simulator/as_bybit.h"

#include "core/base/cleanup.h"
#include "core/io/sign.h"
#include "simulator/as_bybit_account.h"
#include "simulator/as_bybit_book.h"
#include "simulator/as_bybit_listing.h"
#include "simulator/as_bybit_market.h"
#include "simulator/as_bybit_order.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_DEFAULT_MS 5000
#define WINDOW_MAX_MS 60000
#define AHEAD_MAX_MS 1000 /* a timestamp may lie less than this in the future */
#define FORBIDDEN 403
#define MARGIN_MODE_REFUSED 3400045
#define BAN_MS (10 * 60 * 1000)
#define ADDRESS_WINDOW_MS 5000

/* exchanges.md 4.3 and 4.9; where the venue states no limit, 10. The limit is per second. */
static const struct route routes[] = {
	{"GET", "/v5/market/time", false, 0, as_bybit_market_time},
	{"GET", "/v5/market/instruments-info", false, 0, as_bybit_market_instruments},
	{"GET", "/v5/market/kline", false, 0, as_bybit_market_kline},
	{"GET", "/v5/market/tickers", false, 0, as_bybit_market_tickers},
	{"GET", "/v5/market/risk-limit", false, 0, as_bybit_market_risk_limit},
	{"GET", "/v5/system/status", false, 0, as_bybit_market_status},
	{"GET", "/v5/account/wallet-balance", true, 50, as_bybit_account_wallet},
	{"GET", "/v5/account/info", true, 50, as_bybit_account_info},
	{"GET", "/v5/account/transaction-log", true, 25, as_bybit_book_transactions},
	{"POST", "/v5/account/set-margin-mode", true, 5, as_bybit_account_set_margin_mode},
	{"GET", "/v5/user/query-api", true, 10, as_bybit_account_key},
	{"GET", "/v5/position/list", true, 50, as_bybit_account_positions},
	{"GET", "/v5/position/closed-pnl", true, 50, as_bybit_book_closed_pnl},
	{"POST", "/v5/position/set-leverage", true, 10, as_bybit_account_set_leverage},
	{"POST", "/v5/position/switch-mode", true, 10, as_bybit_account_switch_mode},
	{"POST", "/v5/position/trading-stop", true, 10, as_bybit_account_trading_stop},
	{"POST", "/v5/order/create", true, 10, as_bybit_order_create},
	{"POST", "/v5/order/amend", true, 10, as_bybit_order_amend},
	{"POST", "/v5/order/cancel", true, 10, as_bybit_order_cancel},
	{"POST", "/v5/order/cancel-all", true, 10, as_bybit_order_cancel_all},
	{"GET", "/v5/order/realtime", true, 50, as_bybit_listing_realtime},
	{"GET", "/v5/order/history", true, 50, as_bybit_listing_history},
	{"GET", "/v5/execution/list", true, 50, as_bybit_book_executions},
};

#define ROUTES (sizeof routes / sizeof routes[0])

static_assert(ROUTES <= LIMITS_SLOTS, "each route is a counter of the account");

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
	return strlen(text) <= 15 && call_parse_integer(text, ret) && *ret >= 0;
}

static int check_window(struct call *call, const struct proof *proof, int64_t now_ms)
{
	int64_t stamp_ms, window_ms = WINDOW_DEFAULT_MS;

	if (!parse_count(proof->stamp, &stamp_ms))
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: timestamp invalid");
	if (proof->window[0] != '\0' && !parse_count(proof->window, &window_ms))
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: recv_window invalid");
	if (window_ms > WINDOW_MAX_MS)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: recv_window invalid");
	if (stamp_ms < now_ms - window_ms || stamp_ms >= now_ms + AHEAD_MAX_MS)
		return call_refuse(call, AS_BYBIT_TIMESTAMP,
			"invalid request, please check your server timestamp or recv_window param. "
			"req_timestamp[%" PRId64 "],server_timestamp[%" PRId64
			"],recv_window[%" PRId64 "]",
			stamp_ms, now_ms, window_ms);
	return 0;
}

/* timestamp + key + window + (query or body), the bytes as they came. */
static void expected_signature(const struct call *call, const struct proof *proof,
	const char *secret, char ret_hex[SIGN_HEX_SIZE])
{
	const struct http_server_request *request = call->request;
	bool post = strcmp(request->method, "POST") == 0;
	const char *const parts[] = {proof->stamp, proof->key, proof->window,
		post ? request->body : request->query, NULL};

	call_sign(secret, parts, ret_hex);
}

/* The venue's front door turns away a GET with a body, an empty JSON object included. */
static int refuse_body_of_get(struct call *call)
{
	if (strcmp(call->request->method, "GET") != 0 || call->request->body_size_bytes == 0)
		return 0;
	call->status = FORBIDDEN;
	return call_refuse(call, AS_BYBIT_PARAMETER, "a GET has no body");
}

/* Needs no lock: accounts never change. */
static int authenticate(struct call *call)
{
	const struct http_server_request *request = call->request;
	const struct proof proof = {.key = header(request, "X-BAPI-API-KEY"),
		.stamp = header(request, "X-BAPI-TIMESTAMP"),
		.window = header(request, "X-BAPI-RECV-WINDOW"),
		.signature = header(request, "X-BAPI-SIGN")};
	char expected[SIGN_HEX_SIZE];

	if (refuse_body_of_get(call) == -1)
		return -1;
	if (!accounts_find(call->venue->accounts, proof.key, &call->account))
		return call_refuse(call, AS_BYBIT_KEY, "API key is invalid.");
	if (check_window(call, &proof, venue_clock_ms(call->venue)) == -1)
		return -1;
	expected_signature(
		call, &proof, accounts_get(call->venue->accounts, call->account)->secret, expected);
	if (strcmp(expected, proof.signature) != 0)
		return call_refuse(
			call, AS_BYBIT_SIGNATURE, "error sign! Please check your signature.");
	return 0;
}

/* --- limits --------------------------------------------------------------------------------- */

static int take_limit(struct call *call, struct http_server_reply *reply)
{
	struct venue *venue = call->venue;
	const struct limits_rule rule = {.limit = call->route->limit, .window_ms = 1000};
	struct limits_state state;

	if (!call->route->private)
		return 0;
	bool passes = limits_take(venue->limits, call->account, (size_t)(call->route - routes), 1,
		&rule, venue->server_ms, &state);
	call_add_header(reply,
		"X-Bapi-Limit: %d\nX-Bapi-Limit-Status: %d\n"
		"X-Bapi-Limit-Reset-Timestamp: %" PRId64 "\n",
		state.limit, venue->account_limits ? state.remaining : state.limit, state.reset_ms);
	if (passes || !venue->account_limits)
		return 0;
	return call_refuse(
		call, AS_BYBIT_TOO_MANY, "Too many visits. Exceeded the API Rate Limit.");
}

static void refuse_address(struct call *call, enum limits_verdict verdict, int64_t until_ms)
{
	(void)verdict, (void)until_ms;
	call->status = FORBIDDEN;
	(void)call_refuse(call, AS_BYBIT_TOO_MANY, "access too frequent");
}

/* --- bodies and replies --------------------------------------------------------------------- */

static int read_body(struct call *call)
{
	const struct http_server_request *request = call->request;
	struct err err;

	if (strcmp(request->method, "POST") != 0)
		return refuse_body_of_get(call);
	if (field_parse(request->body, request->body_size_bytes, &call->document, &err) == -1)
		return call_refuse(call, AS_BYBIT_PARAMETER, "Request parameter error.");
	call->body = field_root(call->document);
	if (!field_is_object(&call->body))
		return call_refuse(call, AS_BYBIT_PARAMETER, "Request parameter error.");
	return 0;
}

/* A refused request has an empty result, but for the reasons of a refused margin mode. */
static struct doc *result_of(struct call *call)
{
	if (call->code != AS_BYBIT_OK && call->code != MARGIN_MODE_REFUSED)
		call_set_result(call, doc_object());
	return TAKE(call->result);
}

static void seal(struct call *call, struct http_server_reply *reply)
{
	CLEANUP(doc_free) struct doc *envelope = doc_object();

	reply->status = call->status;
	if (call->status == FORBIDDEN) { /* it comes from the venue's front door */
		reply->content_type = "text/html";
		reply->body = mem_format("<html><body>403, %s</body></html>", call->message);
		reply->body_size_bytes = strlen(reply->body);
		return;
	}
	doc_int(envelope, "retCode", call->code);
	doc_text(envelope, "retMsg", call->code == AS_BYBIT_OK ? "OK" : call->message);
	doc_child(envelope, "result", result_of(call));
	doc_child(envelope, "retExtInfo", doc_object());
	doc_int(envelope, "time", venue_clock_ms(call->venue));
	reply->content_type = "application/json";
	reply->body = doc_dump(envelope);
	reply->body_size_bytes = strlen(reply->body);
}

static void refuse_route(struct call *call)
{
	call->status = 404;
	(void)call_refuse(call, AS_BYBIT_ROUTE, "Route not found.");
}

static int refuse_parameter(struct call *call, const char *name)
{
	return call_refuse(call, AS_BYBIT_PARAMETER, "params error: %s invalid", name);
}

const struct dialect as_bybit = {
	.name = "bybit",
	.prefixes = {"/v5/"},
	.routes = routes,
	.route_count = ROUTES,
	.address = {.rule = {.limit = 600, .window_ms = ADDRESS_WINDOW_MS}, .ban_ms = BAN_MS},
	.authenticate = authenticate,
	.take_limit = take_limit,
	.read_body = read_body,
	.seal = seal,
	.refuse_address = refuse_address,
	.refuse_route = refuse_route,
	.refuse_parameter = refuse_parameter,
};

/* --- refusals of the broker ----------------------------------------------------------------- */

/* exchanges.md 4.4 and 4.6 say which code stands for what; the texts are the venue's or near. */
static const struct call_refusal refusals[] = {
	{BROKER_REFUSED_NO_PRICE, 110074, "This contract is not live"},
	{BROKER_REFUSED_NOT_TRADING, 110074, "This contract is not live"},
	{BROKER_REFUSED_LEG, 10001, "position idx not match position mode"},
	{BROKER_REFUSED_CLIENT_ID, 110072, "OrderLinkedID is duplicate"},
	{BROKER_REFUSED_PRICE, 110003, "Order price exceeds the allowable range."},
	{BROKER_REFUSED_QUANTITY, 10001, "Qty invalid"},
	{BROKER_REFUSED_TOO_SMALL, 10001,
		"The number of contracts exceeds minimum limit allowed: qty"},
	{BROKER_REFUSED_TOO_LARGE, 10001,
		"The number of contracts exceeds maximum limit allowed: qty"},
	{BROKER_REFUSED_NOTIONAL, 110094, "Order does not meet minimum order value 5USDT"},
	{BROKER_REFUSED_TRIGGER, 110003, "TriggerPrice exceeds the allowable range."},
	{BROKER_REFUSED_TRIGGER_RISING, 110092, "expect Rising, but trigger_price <= current"},
	{BROKER_REFUSED_TRIGGER_FALLING, 110093, "expect Falling, but trigger_price >= current"},
	{BROKER_REFUSED_CONDITIONALS_MAX, 110009,
		"The number of stop orders exceeds the maximum allowable limit"},
	{BROKER_REFUSED_ORDERS_MAX, 110020, "Not allowed to have more than 500 active orders"},
	{BROKER_REFUSED_FLAT, 110017, "current position is zero, cannot fix reduce-only order qty"},
	{BROKER_REFUSED_REDUCE_SIDE, 110017, "Reduce-only rule not satisfied"},
	{BROKER_REFUSED_MARGIN, 110007, "ab not enough for new order"},
	{BROKER_REFUSED_RISK_LIMIT, 110090, "Order quantity exceeded risk limit"},
	{BROKER_REFUSED_NO_ORDER, AS_BYBIT_NO_ORDER, "order not exists or too late to cancel"},
	{BROKER_REFUSED_AMEND_FILLED, 110064,
		"The order quantity is not above the filled quantity"},
	{BROKER_REFUSED_AMEND_FIELD, 110059, "The order has no such field to modify"},
	{BROKER_REFUSED_UNCHANGED, 34040, "not modified"},
	{BROKER_REFUSED_LEVERAGE, 110013, "cannot set leverage due to risk limit level"},
	{BROKER_REFUSED_HAS_POSITION, 110024,
		"You have an existing position, so the position mode cannot be switched"},
	{BROKER_REFUSED_HAS_ORDERS, 110028,
		"You have existing open orders, so the position mode cannot be switched"},
};

int as_bybit_refuse_broker(struct call *call, const struct err *err)
{
	if (call_refuse_broker(call, refusals, sizeof refusals / sizeof refusals[0], err))
		return -1;
	return call_refuse(call, AS_BYBIT_PARAMETER, "params error: %s", err->message);
}

/* --- parameters ----------------------------------------------------------------------------- */

int as_bybit_integer(struct call *call, const char *name, int64_t least, int64_t most,
	int64_t fallback, int64_t *ret)
{
	char text[32];
	int64_t value = 0;

	if (!http_server_argument(call->request, name, text, sizeof text) || text[0] == '\0') {
		*ret = fallback;
		return 0;
	}
	if (!call_parse_integer(text, &value) || value < least || value > most)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: %s invalid", name);
	*ret = value;
	return 0;
}

int as_bybit_limit(struct call *call, int64_t most, int64_t fallback, size_t *ret)
{
	int64_t limit = fallback;

	if (as_bybit_integer(call, "limit", 1, INT32_MAX, fallback, &limit) == -1)
		return -1;
	*ret = (size_t)(limit < most ? limit : most);
	return 0;
}

int as_bybit_span(struct call *call, int64_t span_ms, int64_t most_ms, int64_t *ret_from_ms,
	int64_t *ret_to_ms)
{
	const int64_t latest_ms = INT64_C(4102444800000); /* the year 2100 */
	int64_t from_ms = -1, to_ms = -1;

	if (as_bybit_integer(call, "startTime", 0, latest_ms, -1, &from_ms) == -1 ||
		as_bybit_integer(call, "endTime", 0, latest_ms, -1, &to_ms) == -1)
		return -1;
	if (to_ms == -1)
		to_ms = from_ms == -1 ? call->venue->server_ms : from_ms + most_ms;
	if (from_ms == -1)
		from_ms = to_ms - span_ms;
	if (from_ms > to_ms)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: startTime is bigger than endTime");
	if (to_ms - from_ms > most_ms)
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"The time range between startTime and endTime cannot exceed %" PRId64
			" days",
			most_ms / 86400000);
	*ret_from_ms = from_ms;
	*ret_to_ms = to_ms;
	return 0;
}

static bool is_post(const struct call *call)
{
	return strcmp(call->request->method, "POST") == 0;
}

int as_bybit_category(struct call *call)
{
	char text[16] = "";
	const char *category = text;

	if (is_post(call)) {
		if (as_bybit_text(call, "category", &category) == -1)
			return -1;
	} else {
		(void)call_argument(call, "category", text, sizeof text);
	}
	if (category[0] == '\0')
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: category is empty");
	if (strcmp(category, "linear") != 0)
		return call_refuse(call, AS_BYBIT_PARAMETER, "Illegal category");
	return 0;
}

int as_bybit_symbol(struct call *call, bool required, int *ret)
{
	char text[SYMBOL_SIZE] = "";
	const char *name = text;
	size_t symbol;

	if (is_post(call)) {
		if (as_bybit_text(call, "symbol", &name) == -1)
			return -1;
	} else if (http_server_argument(call->request, "symbol", text, sizeof text) == false) {
		text[0] = '\0';
	}
	if (name[0] == '\0' && required)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: symbol is empty");
	if (name[0] == '\0') {
		*ret = -1;
		return 0;
	}
	if (!venue_symbol(call->venue, name, &symbol))
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: symbol invalid %.31s", name);
	*ret = (int)symbol;
	return 0;
}

/* A member of the body, or nothing. The body is an object: it was checked when it was parsed. */
static struct field member(const struct call *call, const char *name)
{
	struct field field = {0};
	struct err ignored;

	if (field_get_optional(&call->body, name, &field, &ignored) == -1)
		return (struct field){0};
	return field;
}

int as_bybit_text(struct call *call, const char *name, const char **ret)
{
	struct field field = member(call, name);
	struct err err;

	*ret = "";
	if (!field_present(&field))
		return 0;
	if (field_as_text(&field, ret, &err) == -1)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: %s must be a string", name);
	return 0;
}

int as_bybit_decimal(struct call *call, const char *name, bool *ret_present, struct decimal *ret)
{
	const char *text;
	struct err err;

	*ret_present = false;
	if (as_bybit_text(call, name, &text) == -1)
		return -1;
	if (text[0] == '\0')
		return 0;
	if (decimal_parse(text, ret, &err) == -1)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: %s invalid", name);
	*ret_present = true;
	return 0;
}

int as_bybit_flag(struct call *call, const char *name, bool *ret)
{
	struct field field = member(call, name);
	struct err err;

	*ret = false;
	if (!field_present(&field))
		return 0;
	if (field_as_bool(&field, ret, &err) == -1)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: %s must be true or false", name);
	return 0;
}

int as_bybit_number(struct call *call, const char *name, int64_t fallback, int64_t *ret)
{
	struct field field = member(call, name);
	struct err err;

	*ret = fallback;
	if (!field_present(&field))
		return 0;
	if (field_as_int(&field, ret, &err) == -1)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: %s must be an integer", name);
	return 0;
}

const char *as_bybit_side(enum side side)
{
	return side == SIDE_BUY ? "Buy" : "Sell";
}

int as_bybit_position_index(enum leg leg)
{
	return leg == LEG_LONG ? 1 : leg == LEG_SHORT ? 2 : 0;
}

int as_bybit_parse_side(struct call *call, const char *text, enum side *ret)
{
	if (strcmp(text, "Buy") == 0)
		*ret = SIDE_BUY;
	else if (strcmp(text, "Sell") == 0)
		*ret = SIDE_SELL;
	else
		return call_refuse(call, AS_BYBIT_PARAMETER, "Side invalid");
	return 0;
}

int as_bybit_parse_leg(struct call *call, int64_t position_index, enum leg *ret)
{
	switch (position_index) {
	case 0:
		*ret = LEG_ONE_WAY;
		return 0;
	case 1:
		*ret = LEG_LONG;
		return 0;
	case 2:
		*ret = LEG_SHORT;
		return 0;
	default:
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: positionIdx invalid");
	}
}
