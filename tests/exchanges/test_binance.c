/*
 * The adapter of Binance over real HTTP, against a venue that answers what a test wants: what is
 * sent, how often, and what is made of the answer.
 */
#include "core/base/cleanup.h"
#include "core/io/redis.h"
#include "exchanges/exchange.h"
#include "tests/exchanges/fake_venue.h"
#include "tests/support/server.h"

#include <criterion/parameterized.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define PLACE "POST /fapi/v1/order"
#define FIND "GET /fapi/v1/order"
#define CANCEL "DELETE /fapi/v1/order"
#define AMEND "PUT /fapi/v1/order"
#define STOP_PLACE "POST /fapi/v1/algoOrder"
#define STOP_FIND "GET /fapi/v1/algoOrder"
#define STOP_CANCEL "DELETE /fapi/v1/algoOrder"
#define STOP_LIST "/fapi/v1/allAlgoOrders"
#define OPEN "/fapi/v1/openOrders"
#define STOP_OPEN "/fapi/v1/openAlgoOrders"
#define TRADES "/fapi/v1/userTrades"
#define ORDERS "/fapi/v1/allOrders"
#define FORCED "/fapi/v1/forceOrders"
#define INCOME "/fapi/v1/income"
#define RATES "/fapi/v1/fundingRate"
#define ACCOUNT "/fapi/v3/account"
#define RISK "/fapi/v3/positionRisk"
#define CONFIG "/fapi/v1/accountConfig"
#define SYMBOL_CONFIG "/fapi/v1/symbolConfig"
#define BALANCE "/fapi/v3/balance"
#define RIGHTS "/sapi/v1/account/apiRestrictions"
#define MARGIN "/fapi/v1/marginType"

#define REFUSED(code, text) "{\"code\":" code ",\"msg\":\"" text "\"}"
#define NO_ORDER REFUSED("-2013", "Order does not exist.")
#define PLACED(number, client)                                                                     \
	"{\"orderId\":" number ",\"clientOrderId\":\"" client "\",\"status\":\"NEW\"}"

static struct fake_venue venue;
static struct http *http;
static struct exchange *exchange;
static const struct exchange_adapter *adapter;
static struct arena *arena;
static const struct exchange_credential credential = {.key = "key", .secret = "secret"};

static void say(const char *path, int times, const char *body)
{
	fake_tell(&venue, path, times, body);
}

/* A refusal, with the status that the venue gives it. */
static void refuse(const char *path, const char *query, const char *body)
{
	struct fake_answer answer = {.times = -1, .status = 400, .body = body, .query = query};
	(void)snprintf(answer.path, sizeof answer.path, "%s", path);
	fake_say(&venue, &answer);
}

static void tell(const char *path, const char *query, const char *body)
{
	struct fake_answer answer = {.times = -1, .body = body, .query = query};
	(void)snprintf(answer.path, sizeof answer.path, "%s", path);
	fake_say(&venue, &answer);
}

static void open_exchange(struct redis *redis, int64_t egress_per_second, const char *key_url)
{
	struct err err = {0};
	const struct exchange_options options = {
		.venue = VENUE_BINANCE,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = venue.url,
		.key_url = key_url,
		.egress_per_second = egress_per_second,
		.recv_window_ms = 5000,
		.http = http,
		.redis = redis,
	};
	exchange_free(&exchange);
	cr_assert(eq(int, exchange_open(&options, &exchange, &err), 0), "%s", err.message);
	exchange_attach(exchange, &credential);
	adapter = exchange_adapter(exchange);
}

static void setup(void)
{
	fake_start(&venue);
	const struct http_options http_options = {.user_agent = "test"};
	http = http_new(&http_options);
	open_exchange(NULL, -1, NULL);
	arena = arena_new(65536, 4 * 1024 * 1024);
	say("/fapi/v1/time", -1, "{\"serverTime\":%T}");
}

static void teardown(void)
{
	arena_free(&arena);
	exchange_free(&exchange);
	http_free(&http);
	fake_stop(&venue);
}

TestSuite(binance, .init = setup, .fini = teardown);

static struct order_request an_order(void)
{
	return (struct order_request){
		.client_order_id = "bb-1",
		.symbol = "BTCUSDT",
		.side = SIDE_BUY,
		.leg = LEG_ONE_WAY,
		.type = ORDER_MARKET,
		.quantity = decimal_literal("0.010"),
	};
}

static struct order_request a_stop(void)
{
	struct order_request order = an_order();
	order.side = SIDE_SELL;
	order.type = ORDER_STOP_MARKET;
	order.trigger_price = decimal_literal("47500.0");
	order.trigger_by = TRIGGER_MARK;
	order.reduce_only = true;
	order.close_on_trigger = true;
	return order;
}

static int place(
	const struct order_request *order, char ret_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	struct exchange_request request;
	cr_assert(eq(int, adapter->prepare_place(exchange, arena, order, &request, err), 0), "%s",
		err->message);
	return exchange_send(exchange, &request, ret_id, err);
}

/* ---- what became of a request ----------------------------------------------------------- */

Test(binance, places_an_order_once)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	const struct order_request order = an_order();
	say(PLACE, -1, PLACED("22542179", "bb-1"));

	cr_assert(eq(int, place(&order, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, "22542179"));
	cr_expect(eq(int, fake_arrivals(&venue, PLACE), 1));
	cr_expect(strstr(fake_body_of(&venue, PLACE), "newClientOrderId=bb-1") != NULL);
	cr_expect(eq(str, fake_query(&venue, PLACE), ""));
}

Test(binance, expiry_is_in_the_venues_time)
{
	struct err err = {0};
	struct exchange_request request;
	const struct order_request order = an_order();
	venue.clock_ahead_ms = 3600 * 1000;

	cr_assert(eq(int, adapter->prepare_place(exchange, arena, &order, &request, &err), 0));
	int64_t left_ms = request.expires_server_ms - fake_server_ms(&venue);
	cr_expect(left_ms > 3000 && left_ms <= 5500, "%lld", (long long)left_ms);
}

struct answer_row {
	char because[56];
	int status;
	char body[160];
	char headers[32];
	enum err_code code; /* ERR_NONE: taken */
	enum err_retry retry;
};

static void expect_answer(
	const struct answer_row *row, const char *route, const struct order_request *order)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct fake_answer answer = {
		.times = -1, .status = row->status, .body = row->body, .headers = row->headers};
	(void)snprintf(answer.path, sizeof answer.path, "%s", route);
	fake_say(&venue, &answer);

	int result = place(order, id, &err);
	cr_assert(eq(int, result, row->code == ERR_NONE ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(eq(int, fake_arrivals(&venue, route), 1), "%s", row->because);
	if (result == 0)
		return;
	cr_expect(eq(int, err.code, row->code), "%s: %s", row->because, err.message);
	cr_expect(eq(int, err.retry, row->retry), "%s: %s", row->because, err.message);
}

ParameterizedTestParameters(binance, knows_what_an_order_came_to)
{
	static struct answer_row rows[] = {
		{"taken", 200, PLACED("1", "bb-1"), "", ERR_NONE, ERR_RETRY_NEVER},
		{"the receipt of another order", 200, PLACED("1", "bb-2"), "", ERR_PROTOCOL,
			ERR_RETRY_ASK},
		{"a success without a receipt", 200, "{}", "", ERR_PROTOCOL, ERR_RETRY_ASK},
		{"a page of HTML", 200, "<html>", "", ERR_PROTOCOL, ERR_RETRY_ASK},
		{"an unknown error", 503,
			"Unknown error, please check your request or try again later.", "",
			ERR_NETWORK, ERR_RETRY_ASK},
		{"the same words with a code that says nothing", 503,
			REFUSED("0",
				"Unknown error, please check your request or try again later."),
			"", ERR_PROTOCOL, ERR_RETRY_ASK},
		{"an object of a 503 that looks like a success", 503, PLACED("1", "bb-1"), "",
			ERR_PROTOCOL, ERR_RETRY_ASK},
		{"a service that was not there", 503, "Service Unavailable.", "", ERR_NETWORK,
			ERR_RETRY_LATER},
		{"a backend that timed out", 408,
			REFUSED("-1007", "Timeout waiting for response from backend server."), "",
			ERR_NETWORK, ERR_RETRY_ASK},
		{"an internal error that is sure", 503,
			REFUSED("-1001", "Internal error; unable to process your request."), "",
			ERR_NETWORK, ERR_RETRY_LATER},
		{"too little margin", 400, REFUSED("-2019", "Margin is insufficient."), "",
			ERR_MARGIN, ERR_RETRY_NEVER},
		{"nothing to reduce", 400, REFUSED("-2022", "ReduceOnly Order is rejected."), "",
			ERR_FLAT, ERR_RETRY_NEVER},
		{"a repeated id", 400, REFUSED("-4116", "ClientOrderId is duplicated."), "",
			ERR_DUPLICATE, ERR_RETRY_NEVER},
		{"an account's own limit", 429, REFUSED("-1015", "Too many new orders"), "",
			ERR_RATE, ERR_RETRY_THROTTLED},
		{"the address's limit", 429, REFUSED("-1003", "Too many requests"),
			"Retry-After: 9\n", ERR_RATE, ERR_RETRY_THROTTLED},
		{"a timestamp that was refused", 400, REFUSED("-1021", "Timestamp"), "", ERR_CLOCK,
			ERR_RETRY_LATER},
		{"a code that nobody knows", 400, REFUSED("-98765", "new"), "", ERR_PROTOCOL,
			ERR_RETRY_ASK},
	};
	return cr_make_param_array(struct answer_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct answer_row *row, binance, knows_what_an_order_came_to)
{
	const struct order_request order = an_order();
	expect_answer(row, PLACE, &order);
}

#define STOP_TAKEN(client, type, trigger)                                                          \
	"{\"algoId\":7,\"clientAlgoId\":\"" client "\",\"orderType\":\"" type                      \
	"\",\"triggerPrice\":\"" trigger "\"}"

ParameterizedTestParameters(binance, knows_what_a_stop_came_to)
{
	static struct answer_row rows[] = {
		{"as it was sent", 200, STOP_TAKEN("bb-1", "STOP_MARKET", "47500.000"), "",
			ERR_NONE, ERR_RETRY_NEVER},
		{"another kind of order stops the bot", 200, STOP_TAKEN("bb-1", "MARKET", "0"), "",
			ERR_BUG, ERR_RETRY_ASK},
		{"another trigger", 200, STOP_TAKEN("bb-1", "STOP_MARKET", "4750"), "", ERR_BUG,
			ERR_RETRY_ASK},
		{"the receipt of another stop", 200, STOP_TAKEN("bb-2", "STOP_MARKET", "47500"), "",
			ERR_PROTOCOL, ERR_RETRY_ASK},
		{"it would fire at once", 400, REFUSED("-2021", "Order would immediately trigger."),
			"", ERR_FILTER, ERR_RETRY_NEVER},
		{"a second close-all is refused for certain", 400,
			REFUSED("-4130", "An open stop or take profit order"), "", ERR_FILTER,
			ERR_RETRY_NEVER},
		{"a server error", 502, "<html>", "", ERR_NETWORK, ERR_RETRY_ASK},
	};
	return cr_make_param_array(struct answer_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct answer_row *row, binance, knows_what_a_stop_came_to)
{
	const struct order_request order = a_stop();
	expect_answer(row, STOP_PLACE, &order);
}

Test(binance, a_stops_number_is_told_from_an_orders)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	const struct order_request order = a_stop();
	say(STOP_PLACE, -1, STOP_TAKEN("bb-1", "STOP_MARKET", "47500.0"));

	cr_assert(eq(int, place(&order, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, "algo-7"));
}

Test(binance, one_accounts_order_limit_is_not_the_addresss)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	struct order_list orders;
	const struct order_request order = an_order();
	fake_say(&venue, &(struct fake_answer){.path = PLACE,
				 .times = 1,
				 .status = 429,
				 .body = REFUSED("-1015", "Too many new orders"),
				 .headers = "Retry-After: 9\n"});
	say(OPEN, -1, "[]");
	say(STOP_OPEN, -1, "[]");

	cr_assert(eq(int, place(&order, id, &err), -1));
	cr_expect(eq(i64, err.retry_after_ms, 9000));
	cr_expect(eq(int, adapter->prepare_place(exchange, arena, &order, &request, &err), -1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), 0),
		"reads go on: %s", err.message);
}

Test(binance, a_ban_stops_everything_until_the_time_that_it_names)
{
	struct err err = {0};
	struct ticker ticker;
	struct order_list orders;
	char body[160];
	int64_t server_ms;
	cr_assert(eq(int, exchange_server_ms(exchange, &server_ms, &err), 0));
	(void)snprintf(body, sizeof body,
		REFUSED("-1003", "Way too many requests; IP(10.0.0.1) banned until %lld. Use it."),
		(long long)(server_ms + 300000));
	struct fake_answer answer = {.path = OPEN, .times = 1, .status = 418, .body = body};
	fake_say(&venue, &answer);
	say(STOP_OPEN, -1, "[]");

	cr_assert(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), -1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(err.retry_after_ms > 200000 && err.retry_after_ms <= 300000, "%lld",
		(long long)err.retry_after_ms);
	cr_expect(eq(int, adapter->ticker(exchange, "BTCUSDT", &ticker, &err), -1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(eq(int, fake_arrivals(&venue, "/fapi/v1/premiumIndex"), 0));
}

Test(binance, weight_that_others_spent_stops_reads_before_the_venue_does)
{
	struct err err = {0};
	struct order_list orders;
	int64_t server_ms;
	open_exchange(NULL, 0, NULL);
	cr_assert(eq(int, exchange_server_ms(exchange, &server_ms, &err), 0));
	if (server_ms % 60000 > 55000)
		cr_skip("the minute is nearly over");
	fake_say(&venue, &(struct fake_answer){.path = OPEN,
				 .times = -1,
				 .body = "[]",
				 .headers = "X-MBX-USED-WEIGHT-1M: 2350\n"});
	say(STOP_OPEN, -1, "[]");

	cr_assert(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), 0));
	cr_expect(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), -1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(err.retry_after_ms > 0 && err.retry_after_ms <= 60000);
	cr_expect(eq(int, fake_arrivals(&venue, OPEN), 1));
	struct exchange_request request;
	cr_expect(eq(int,
			  adapter->prepare_cancel(exchange, arena, "BTCUSDT", "bb-1", LEG_ONE_WAY,
				  false, &request, &err),
			  0),
		"what is left is for these: %s", err.message);
}

Test(binance, a_refused_timestamp_is_signed_again_with_a_new_clock)
{
	struct err err = {0};
	struct order_list orders;
	fake_say(&venue, &(struct fake_answer){.path = OPEN,
				 .times = 1,
				 .status = 400,
				 .body = REFUSED("-1021", "Timestamp for this request")});
	tell(OPEN, NULL, "[]");
	fake_say(&venue, &(struct fake_answer){.path = OPEN,
				 .times = 1,
				 .status = 400,
				 .body = REFUSED("-1021", "Timestamp for this request")});
	say(STOP_OPEN, -1, "[]");

	cr_assert(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), 0), "%s",
		err.message);
	cr_expect(eq(int, fake_arrivals(&venue, OPEN), 2));
	cr_expect(eq(int, fake_arrivals(&venue, "/fapi/v1/time"), 2));
}

/* ---- finding orders --------------------------------------------------------------------- */

#define ORDER(number, client, type, status, filled)                                                \
	"{\"orderId\":" number ",\"clientOrderId\":\"" client                                      \
	"\",\"symbol\":\"BTCUSDT\",\"side\":\"SELL\",\"positionSide\":\"BOTH\",\"type\":\"" type   \
	"\",\"status\":\"" status "\",\"origQty\":\"1\",\"price\":\"100\",\"executedQty\":"        \
	"\"" filled "\",\"cumQuote\":\"1\",\"reduceOnly\":false,\"closePosition\":false,"          \
	"\"time\":1,\"updateTime\":2}"
#define STOP(client, status, child)                                                                \
	"{\"algoId\":7,\"clientAlgoId\":\"" client "\",\"symbol\":\"BTCUSDT\",\"side\":\"SELL\","  \
	"\"positionSide\":\"BOTH\",\"orderType\":\"STOP_MARKET\",\"algoStatus\":\"" status         \
	"\",\"actualOrderId\":\"" child "\",\"quantity\":\"1\",\"price\":\"0\","                   \
	"\"triggerPrice\":\"90\",\"reduceOnly\":true,\"closePosition\":false,\"createTime\":1,"    \
	"\"updateTime\":2}"

/* What a look-up by "bb-1" meets on its way; "": the venue knows nothing there. */
struct find_row {
	char because[56];
	char plain[400], stop[400], list[400], child[400];
	enum exchange_found found;
	enum order_status status;
	char venue_order_id[16];
	int questions;
};

ParameterizedTestParameters(binance, finds_an_order_wherever_it_is)
{
	static struct find_row rows[] = {
		{"a plain order", ORDER("5", "bb-1", "LIMIT", "NEW", "0"), "", "", "",
			EXCHANGE_FOUND, ORDER_STATUS_OPEN, "5", 1},
		{"a stop that waits", "", STOP("bb-1", "NEW", ""), "", "", EXCHANGE_FOUND,
			ORDER_STATUS_UNTRIGGERED, "algo-7", 2},
		{"the child of a stop answers to its id",
			ORDER("6", "bb-1", "MARKET", "FILLED", "1"), STOP("bb-1", "FINISHED", "6"),
			"", "", EXCHANGE_FOUND, ORDER_STATUS_FILLED, "6", 1},
		{"a stop that fired is its child", "", STOP("bb-1", "TRIGGERED", "6"), "",
			ORDER("6", "x", "MARKET", "FILLED", "1"), EXCHANGE_FOUND,
			ORDER_STATUS_FILLED, "6", 3},
		{"finished is no proof of a fill", "", STOP("bb-1", "FINISHED", "6"), "",
			ORDER("6", "x", "MARKET", "CANCELED", "0"), EXCHANGE_FOUND,
			ORDER_STATUS_CANCELLED, "6", 3},
		{"a child that is not seen yet may fill", "", STOP("bb-1", "TRIGGERED", "6"), "",
			"", EXCHANGE_FOUND, ORDER_STATUS_OPEN, "algo-7", 3},
		{"a stop that fires has no child yet", "", STOP("bb-1", "TRIGGERING", ""), "", "",
			EXCHANGE_FOUND, ORDER_STATUS_OPEN, "algo-7", 2},
		{"a stop that the engine refused", "", STOP("bb-1", "REJECTED", ""), "", "",
			EXCHANGE_FOUND, ORDER_STATUS_REJECTED, "algo-7", 2},
		{"a stop that only the list knows", "", "", "[" STOP("bb-1", "FINISHED", "6") "]",
			ORDER("6", "bb-1", "MARKET", "FILLED", "1"), EXCHANGE_FOUND,
			ORDER_STATUS_FILLED, "6", 4},
		{"nowhere", "", "", "[" STOP("bb-9", "NEW", "") "]", "", EXCHANGE_NOT_FOUND,
			ORDER_STATUS_OPEN, "", 3},
	};
	return cr_make_param_array(struct find_row, rows, sizeof rows / sizeof rows[0]);
}

static void answer_or_refuse(const char *path, const char *query, const char *body)
{
	if (body[0] != '\0')
		tell(path, query, body);
	else
		refuse(path, query, NO_ORDER);
}

ParameterizedTest(struct find_row *row, binance, finds_an_order_wherever_it_is)
{
	struct err err = {0};
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	struct order order = {.venue_order_id = ""};
	answer_or_refuse(FIND, "origClientOrderId=bb-1", row->plain);
	answer_or_refuse(FIND, "orderId=6", row->child);
	answer_or_refuse(STOP_FIND, "clientAlgoId=bb-1", row->stop);
	tell(STOP_LIST, NULL, row->list[0] != '\0' ? row->list : "[]");

	cr_assert(
		eq(int, adapter->find_order(exchange, "BTCUSDT", "bb-1", &found, &order, &err), 0),
		"%s: %s", row->because, err.message);
	cr_expect(eq(int, found, row->found), "%s", row->because);
	int questions = fake_arrivals(&venue, FIND) + fake_arrivals(&venue, STOP_FIND) +
			fake_arrivals(&venue, STOP_LIST);
	cr_expect(eq(int, questions, row->questions), "%s", row->because);
	if (found == EXCHANGE_NOT_FOUND)
		return;
	cr_expect(eq(int, order.status, row->status), "%s", row->because);
	cr_expect(eq(str, order.venue_order_id, row->venue_order_id), "%s", row->because);
	cr_expect(eq(str, order.client_order_id, "bb-1"), "%s", row->because);
}

Test(binance, a_look_up_that_fails_is_not_an_absent_order)
{
	struct err err = {0};
	enum exchange_found found;
	struct order order;
	refuse(FIND, NULL, REFUSED("-1007", "Timeout"));
	cr_assert(eq(
		int, adapter->find_order(exchange, "BTCUSDT", "bb-1", &found, &order, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));

	refuse(FIND, NULL, NO_ORDER);
	refuse(STOP_FIND, NULL, NO_ORDER);
	tell(STOP_LIST, NULL, "{}");
	cr_assert(eq(
		int, adapter->find_order(exchange, "BTCUSDT", "bb-1", &found, &order, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
}

Test(binance, open_orders_are_plain_ones_and_stops_each_once)
{
	struct err err = {0};
	struct order_list orders;
	say(OPEN, -1,
		"[" ORDER("5", "a", "LIMIT", "NEW", "0") "," ORDER(
			"6", "fired", "MARKET", "PARTIALLY_FILLED", "0.5") "]");
	say(STOP_OPEN, -1,
		"[" STOP("b", "NEW", "") "," STOP("fired", "TRIGGERED", "6") "," STOP(
			"gone", "CANCELED", "") "]");

	cr_assert(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, orders.count, 3));
	cr_expect(eq(str, orders.items[0].client_order_id, "a"));
	cr_expect(eq(str, orders.items[1].venue_order_id, "6"), "the child, not its stop");
	cr_expect(eq(str, orders.items[2].client_order_id, "b"));
	cr_expect(eq(int, orders.items[2].status, ORDER_STATUS_UNTRIGGERED));
	cr_expect(strncmp(fake_query(&venue, OPEN), "symbol=BTCUSDT&", 15) == 0,
		"without a symbol it would weigh forty: %s", fake_query(&venue, OPEN));
	cr_expect(strncmp(fake_query(&venue, STOP_OPEN), "symbol=BTCUSDT&", 15) == 0);
}

Test(binance, a_cancel_goes_where_its_order_is)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	say(CANCEL, -1, PLACED("5", "bb-1"));
	say(STOP_CANCEL, -1,
		"{\"algoId\":7,\"clientAlgoId\":\"bb-2\",\"code\":\"200\",\"msg\":\"success\"}");

	cr_assert(eq(int,
		adapter->prepare_cancel(
			exchange, arena, "BTCUSDT", "bb-1", LEG_ONE_WAY, false, &request, &err),
		0));
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, "5"));
	cr_assert(eq(int,
		adapter->prepare_cancel(
			exchange, arena, "BTCUSDT", "bb-2", LEG_ONE_WAY, true, &request, &err),
		0));
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, "algo-7"));
	cr_expect(eq(int, fake_arrivals(&venue, CANCEL), 1));
	cr_expect(eq(int, fake_arrivals(&venue, STOP_CANCEL), 1));

	refuse(STOP_CANCEL, NULL, REFUSED("-2011", "Unknown order sent."));
	cr_assert(eq(int,
		adapter->prepare_cancel(
			exchange, arena, "BTCUSDT", "bb-2", LEG_ONE_WAY, true, &request, &err),
		0));
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), -1));
	cr_expect(eq(int, err.code, ERR_NO_ORDER), "it may have fired: it is looked up");
}

Test(binance, an_amend_sends_what_stays_as_it_stands)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	const struct exchange_amend amend = {
		.client_order_id = "bb-1",
		.symbol = "BTCUSDT",
		.has_price = true,
		.price = decimal_literal("101.5"),
	};
	say(FIND, 1, ORDER("5", "bb-1", "LIMIT", "NEW", "0"));
	say(AMEND, -1, PLACED("5", "bb-1"));

	cr_assert(eq(int, adapter->prepare_amend(exchange, arena, &amend, &request, &err), 0), "%s",
		err.message);
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(strncmp(fake_query(&venue, AMEND),
			  "symbol=BTCUSDT&side=SELL&quantity=1&price=101.5&origClientOrderId=bb-1&",
			  strlen("symbol=BTCUSDT&side=SELL&quantity=1&price=101.5&"
				 "origClientOrderId=bb-1&")) == 0,
		"%s", fake_query(&venue, AMEND));

	say(FIND, -1, ORDER("5", "bb-1", "LIMIT", "FILLED", "1"));
	cr_expect(eq(int, adapter->prepare_amend(exchange, arena, &amend, &request, &err), -1));
	cr_expect(eq(int, err.code, ERR_NO_ORDER), "nothing is left to change");
}

/* ---- fills ------------------------------------------------------------------------------ */

#define TRADE(id, number, time)                                                                    \
	"{\"symbol\":\"BTCUSDT\",\"id\":" id ",\"orderId\":" number                                \
	",\"side\":\"SELL\",\"positionSide\":\"BOTH\",\"qty\":\"0.5\",\"price\":\"100\","          \
	"\"commission\":\"0.01\",\"realizedPnl\":\"0\",\"commissionAsset\":\"USDT\",\"maker\":"    \
	"false,\"time\":" time "}"
#define T0 1700000000000

Test(binance, fills_get_their_ids_from_their_orders)
{
	struct err err = {0};
	struct fill_list fills;
	tell(TRADES, "startTime=1700000000000",
		"[" TRADE("3", "6", "1700000000300") "," TRADE("1", "5", "1700000000100") "," TRADE(
			"2", "5", "1700000000200") "]");
	tell(TRADES, "startTime=1700604800000", "[" TRADE("3", "6", "1700000000300") "]");
	tell(FIND, "orderId=5", ORDER("5", "bb-1", "LIMIT", "FILLED", "1"));
	tell(FIND, "orderId=6", ORDER("6", "autoclose-1", "LIMIT", "FILLED", "1"));

	cr_assert(eq(int,
			  adapter->fills(
				  exchange, arena, "BTCUSDT", T0, T0 + 8 * DAY_MS, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 2), "seven days a request");
	cr_expect(eq(int, fake_arrivals(&venue, FIND), 2), "one for each order, not for each fill");
	cr_assert(eq(sz, fills.count, 3));
	cr_expect(eq(str, fills.items[0].exec_id, "BTCUSDT-1-sell"));
	cr_expect(eq(str, fills.items[0].client_order_id, "bb-1"));
	cr_expect(eq(str, fills.items[1].client_order_id, "bb-1"));
	cr_expect(eq(int, fills.items[2].kind, FILL_LIQUIDATION));
	cr_expect(strstr(fake_query(&venue, TRADES), "&endTime=1700691200000&") != NULL, "%s",
		fake_query(&venue, TRADES));
}

Test(binance, fills_until_now_have_no_end_that_could_miss_one)
{
	struct err err = {0};
	struct fill_list fills;
	say(TRADES, -1, "[]");

	cr_assert(eq(int,
			  adapter->fills(exchange, arena, "BTCUSDT", fake_server_ms(&venue) - 1000,
				  0, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(strstr(fake_query(&venue, TRADES), "startTime=") != NULL);
	cr_expect(strstr(fake_query(&venue, TRADES), "endTime=") == NULL);
}

Test(binance, many_orders_are_named_by_a_list)
{
	struct err err = {0};
	struct fill_list fills;
	say(TRADES, -1,
		"[" TRADE("1", "11", "1700000000100") "," TRADE("2", "12",
			"1700000000200") "," TRADE("3", "13", "1700000000300") "," TRADE("4", "14",
			"1700000000400") "," TRADE("5", "15", "1700000000500") "]");
	say(ORDERS, -1,
		"[" ORDER("11", "a", "LIMIT", "FILLED", "1") "," ORDER(
			"12", "b", "LIMIT", "FILLED", "1") "," ORDER("13", "c", "LIMIT", "FILLED",
			"1") "," ORDER("14", "d", "LIMIT", "FILLED", "1") "]");
	tell(FIND, "orderId=15", ORDER("15", "e", "LIMIT", "FILLED", "1"));

	cr_assert(eq(int, adapter->fills(exchange, arena, "BTCUSDT", T0, T0 + DAY_MS, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, ORDERS), 1));
	cr_expect(strstr(fake_query(&venue, ORDERS), "&orderId=11&") != NULL, "from the lowest");
	cr_expect(eq(int, fake_arrivals(&venue, FIND), 1), "what the list does not show");
	cr_assert(eq(sz, fills.count, 5));
	cr_expect(eq(str, fills.items[3].client_order_id, "d"));
	cr_expect(eq(str, fills.items[4].client_order_id, "e"));
}

Test(binance, a_forced_order_that_no_query_knows_is_in_its_own_list)
{
	struct err err = {0};
	struct fill_list fills;
	say(TRADES, -1,
		"[" TRADE("1", "11", "1700000000100") "," TRADE("2", "12", "1700000000200") "]");
	refuse(FIND, NULL, NO_ORDER);
	say(FORCED, -1, "[" ORDER("11", "adl_autoclose", "LIMIT", "FILLED", "1") "]");

	cr_assert(eq(int, adapter->fills(exchange, arena, "BTCUSDT", T0, T0 + DAY_MS, &fills, &err),
			  0),
		"%s", err.message);
	cr_assert(eq(sz, fills.count, 2));
	cr_expect(eq(int, fills.items[0].kind, FILL_ADL));
	cr_expect(eq(str, fills.items[1].client_order_id, ""), "nobody's that we know");
	cr_expect(eq(int, fills.items[1].kind, FILL_TRADE));
}

/* A full page of executions from first_ms, each a millisecond later. */
static char *full_page(int64_t first_ms)
{
	char *text = mem_text("[");
	for (int i = 0; i < 1000; i++) {
		char *longer = mem_format(
			"%s%s{\"symbol\":\"BTCUSDT\",\"id\":%d,\"orderId\":5,\"side\":\"SELL\","
			"\"positionSide\":\"BOTH\",\"qty\":\"0.5\",\"price\":\"100\","
			"\"commission\":\"0\",\"realizedPnl\":\"0\",\"commissionAsset\":\"USDT\","
			"\"maker\":true,"
			"\"time\":%lld}",
			text, i > 0 ? "," : "", i + 1, (long long)(first_ms + i));
		free(text);
		text = longer;
	}
	char *whole = mem_format("%s]", text);
	free(text);
	return whole;
}

Test(binance, a_full_page_is_followed_from_its_newest)
{
	struct err err = {0};
	struct fill_list fills;
	CLEANUP(text_free) char *page = full_page(T0);
	tell(TRADES, "startTime=1700000000000&", page);
	tell(TRADES, "startTime=1700000000999&",
		"[" TRADE("1000", "5", "1700000000999") "," TRADE(
			"1001", "5", "1700000001000") "]");
	tell(FIND, NULL, ORDER("5", "bb-1", "LIMIT", "FILLED", "1"));

	cr_assert(eq(int, adapter->fills(exchange, arena, "BTCUSDT", T0, T0 + DAY_MS, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(sz, fills.count, 1001), "the row that both pages have is one");
}

Test(binance, pages_that_do_not_move_are_an_error)
{
	struct err err = {0};
	struct fill_list fills;
	CLEANUP(text_free) char *page = full_page(T0 - 999);
	say(TRADES, -1, page);

	cr_assert(eq(int, adapter->fills(exchange, arena, "BTCUSDT", T0, T0 + DAY_MS, &fills, &err),
		-1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
}

Test(binance, an_orders_fills_are_asked_for_by_its_number)
{
	struct err err = {0};
	struct fill_list fills;
	say(FIND, -1, ORDER("5", "bb-1", "LIMIT", "FILLED", "1.0"));
	tell(TRADES, "orderId=5",
		"[" TRADE("2", "5", "1700000000200") "," TRADE("1", "5", "1700000000100") "]");

	cr_assert(
		eq(int, adapter->order_fills(exchange, arena, "BTCUSDT", "bb-1", &fills, &err), 0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 1));
	cr_assert(eq(sz, fills.count, 2));
	cr_expect(eq(str, fills.items[0].exec_id, "BTCUSDT-1-sell"), "oldest first");
	cr_expect(eq(str, fills.items[0].client_order_id, "bb-1"));
}

Test(binance, fills_older_than_the_query_shows_are_read_back_to)
{
	struct err err = {0};
	struct fill_list fills;
	say(FIND, -1, ORDER("5", "bb-1", "LIMIT", "FILLED", "1.0"));
	say(TRADES, -1, "[" TRADE("1", "5", "1700000000100") "]");
	say(TRADES, 1, "[" TRADE("9", "9", "1700000000900") "]");
	tell(TRADES, "orderId=5", "[" TRADE("2", "5", "1700000000200") "]");

	cr_assert(
		eq(int, adapter->order_fills(exchange, arena, "BTCUSDT", "bb-1", &fills, &err), 0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 3), "0.5, a week of others, 0.5 more");
	cr_assert(eq(sz, fills.count, 2));
	cr_expect(eq(str, fills.items[0].exec_id, "BTCUSDT-1-sell"));
	cr_expect(eq(str, fills.items[1].client_order_id, "bb-1"));
}

Test(binance, a_waiting_stop_has_no_fills_to_ask_for)
{
	struct err err = {0};
	struct fill_list fills = {.count = 9};
	refuse(FIND, NULL, NO_ORDER);
	say(STOP_FIND, -1, STOP("bb-1", "NEW", ""));

	cr_assert(
		eq(int, adapter->order_fills(exchange, arena, "BTCUSDT", "bb-1", &fills, &err), 0),
		"%s", err.message);
	cr_expect(eq(sz, fills.count, 0));
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 0));
}

Test(binance, what_has_no_number_yet_is_looked_for_among_the_newest_fills)
{
	struct err err = {0};
	struct fill_list fills;
	refuse(FIND, NULL, NO_ORDER);
	tell(FIND, "orderId=6", ORDER("6", "bb-1", "MARKET", "FILLED", "0.5"));
	tell(FIND, "orderId=9", ORDER("9", "x", "MARKET", "FILLED", "0.5"));
	say(STOP_FIND, -1, STOP("bb-1", "TRIGGERING", ""));
	say(TRADES, -1,
		"[" TRADE("1", "9", "1700000000100") "," TRADE("2", "6", "1700000000200") "]");

	cr_assert(
		eq(int, adapter->order_fills(exchange, arena, "BTCUSDT", "bb-1", &fills, &err), 0),
		"%s", err.message);
	cr_assert(eq(sz, fills.count, 1));
	cr_expect(eq(str, fills.items[0].venue_order_id, "6"));
}

/* ---- funding ---------------------------------------------------------------------------- */

#define PAYMENT(id, income, time)                                                                  \
	"{\"symbol\":\"BTCUSDT\",\"incomeType\":\"FUNDING_FEE\",\"income\":\"" income              \
	"\",\"asset\":\"USDT\",\"time\":" time ",\"tranId\":" id "}"
#define RATE(rate, time) "{\"fundingRate\":\"" rate "\",\"fundingTime\":" time "}"

Test(binance, funding_is_put_together_with_its_rates)
{
	struct err err = {0};
	struct funding_list funding;
	say(INCOME, -1,
		"[" PAYMENT("2", "0.5", "1700028800000") "," PAYMENT("1", "-0.375",
			"1700000000000") "," PAYMENT("3", "0.5", "1700057600000") "]");
	say(RATES, -1,
		"[" RATE("0.0001", "1700000000002") "," RATE("-0.0002", "1700028800001") "]");

	cr_assert(eq(int,
			  adapter->funding(exchange, arena, "BTCUSDT", T0 - 1000, T0 + DAY_MS,
				  &funding, &err),
			  0),
		"%s", err.message);
	cr_assert(eq(sz, funding.count, 2), "one whose rate is not listed yet comes next time");
	cr_expect(eq(str, funding.items[0].id, "1"), "oldest first");
	cr_expect(decimal_equal(funding.items[0].rate, decimal_literal("0.0001")));
	cr_expect(decimal_equal(funding.items[0].amount, decimal_literal("-0.375")));
	cr_expect(decimal_equal(funding.items[1].rate, decimal_literal("-0.0002")));
	cr_expect(
		strstr(fake_query(&venue, INCOME),
			"&incomeType=FUNDING_FEE&startTime=1699999999000&endTime=1700086400000&") !=
			NULL,
		"%s", fake_query(&venue, INCOME));
	cr_expect(strstr(fake_query(&venue, RATES),
			  "&startTime=1699999400000&endTime=1700058200000&") != NULL,
		"around the payments: %s", fake_query(&venue, RATES));
}

Test(binance, without_payments_no_rates_are_asked_for)
{
	struct err err = {0};
	struct funding_list funding;
	say(INCOME, -1, "[]");

	cr_assert(eq(int, adapter->funding(exchange, arena, "BTCUSDT", T0, T0 + 1, &funding, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(sz, funding.count, 0));
	cr_expect(eq(int, fake_arrivals(&venue, RATES), 0));
}

/* ---- account ---------------------------------------------------------------------------- */

#define WALLET                                                                                     \
	"{\"assets\":[{\"asset\":\"USDT\",\"walletBalance\":\"1000\",\"marginBalance\":\"1010\","  \
	"\"availableBalance\":\"900\"}],\"positions\":[]}"
#define SET_TO(hedge, multi)                                                                       \
	"{\"canTrade\":true,\"dualSidePosition\":" hedge ",\"multiAssetsMargin\":" multi "}"
#define SYMBOL_SET_TO(margin, leverage)                                                            \
	"[{\"symbol\":\"BTCUSDT\",\"marginType\":\"" margin "\",\"leverage\":" leverage "}]"
#define HELD(leg)                                                                                  \
	"[{\"symbol\":\"BTCUSDT\",\"positionSide\":\"" leg "\",\"positionAmt\":\"0.5\","           \
	"\"entryPrice\":\"100\",\"markPrice\":\"101\",\"unRealizedProfit\":\"0.5\","               \
	"\"liquidationPrice\":\"50\",\"isolatedWallet\":\"5\",\"positionInitialMargin\":\"5\","    \
	"\"maintMargin\":\"1\",\"updateTime\":5}]"

static void say_account(void)
{
	say(ACCOUNT, -1, WALLET);
	say(RISK, -1, "[]");
	say(CONFIG, -1, SET_TO("false", "false"));
	say(SYMBOL_CONFIG, -1, SYMBOL_SET_TO("ISOLATED", "20"));
}

Test(binance, an_account_is_read_in_one_go)
{
	struct err err = {0};
	struct account account;
	say_account();

	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0), "%s",
		err.message);
	cr_expect(decimal_equal(account.balance.available, decimal_literal("900")));
	cr_expect(eq(int, account.margin_mode, MARGIN_ISOLATED));
	cr_expect(eq(int, account.position_mode, POSITION_ONE_WAY));
	cr_assert(eq(sz, account.position_count, 1));
	cr_expect(decimal_equal(account.positions[0].leverage, decimal_literal("20")));
	cr_expect(eq(int, fake_arrivals(&venue, CONFIG), 1));
}

Test(binance, a_position_that_no_mode_has_is_an_error)
{
	struct err err = {0};
	struct account account;
	say_account();
	say(RISK, -1, HELD("LONG"));

	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), -1));
	cr_expect(eq(int, err.code, ERR_PROTOCOL));
	cr_expect(eq(int, fake_arrivals(&venue, CONFIG), 1), "what was just read is not repeated");
}

/* A key of its own, so that no other test's settings are remembered for it. */
static struct redis *share(struct exchange_credential *own, char key[32])
{
	struct redis *redis = NULL;
	struct err err = {0};
	cr_assert(eq(int, redis_new(test_redis_url(), 5000, 5000, &redis, &err), 0), "%s",
		err.message);
	(void)snprintf(key, 32, "key-%016llx", (unsigned long long)random_u64());
	*own = (struct exchange_credential){.key = key, .secret = "secret"};
	open_exchange(redis, -1, NULL);
	exchange_attach(exchange, own);
	return redis;
}

Test(binance, settings_are_remembered_until_they_change)
{
	struct err err = {0};
	struct account account;
	struct exchange_credential own;
	char key[32], id[VENUE_ORDER_ID_SIZE];
	CLEANUP(redis_free) struct redis *redis = share(&own, key);
	struct exchange_request request;
	struct exchange_setting setting = {.symbol = "BTCUSDT", .leverage = decimal_from_int(25)};
	setting.kind = SETTING_LEVERAGE;
	say_account();
	say("/fapi/v1/leverage", -1, "{\"leverage\":25,\"maxNotionalValue\":\"1\"}");

	for (int i = 0; i < 3; i++)
		cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0), "%s",
			err.message);
	cr_expect(eq(int, fake_arrivals(&venue, ACCOUNT), 3));
	cr_expect(eq(int, fake_arrivals(&venue, SYMBOL_CONFIG), 1));
	cr_expect(eq(int, account.margin_mode, MARGIN_ISOLATED));

	cr_assert(eq(int, adapter->prepare_setting(exchange, arena, &setting, &request, &err), 0));
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	say(SYMBOL_CONFIG, -1, SYMBOL_SET_TO("ISOLATED", "25"));
	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0));
	cr_expect(decimal_equal(account.positions[0].leverage, decimal_literal("25")));

	setting.kind = SETTING_POSITION_MODE;
	setting.position_mode = POSITION_HEDGE;
	say("/fapi/v1/positionSide/dual", -1, "{\"code\":200,\"msg\":\"success\"}");
	cr_assert(eq(int, adapter->prepare_setting(exchange, arena, &setting, &request, &err), 0));
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	say(CONFIG, -1, SET_TO("true", "false"));
	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0));
	cr_expect(eq(sz, account.position_count, 2), "the mode is every symbol's");
}

Test(binance, a_mode_that_was_changed_by_hand_is_seen_by_its_position)
{
	struct err err = {0};
	struct account account;
	struct exchange_credential own;
	char key[32];
	CLEANUP(redis_free) struct redis *redis = share(&own, key);
	say_account();
	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0));

	say(RISK, -1, HELD("LONG"));
	say(CONFIG, -1, SET_TO("true", "false"));
	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0), "%s",
		err.message);
	cr_expect(eq(int, account.position_mode, POSITION_HEDGE));
	cr_assert(eq(sz, account.position_count, 2));
	cr_expect(decimal_equal(account.positions[0].quantity, decimal_literal("0.5")));
}

struct mode_row {
	char because[48];
	char stands[12]; /* marginType */
	bool taken;
};

ParameterizedTestParameters(binance, a_margin_mode_that_stands_is_read_before_it_is_believed)
{
	static struct mode_row rows[] = {
		{"it is as wanted already", "CROSSED", true},
		{"it is another", "ISOLATED", false},
		{"it cannot be read", "", false},
	};
	return cr_make_param_array(struct mode_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(
	struct mode_row *row, binance, a_margin_mode_that_stands_is_read_before_it_is_believed)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE], config[128];
	struct exchange_request request;
	struct exchange_setting setting = {.symbol = "BTCUSDT", .margin_mode = MARGIN_CROSS};
	setting.kind = SETTING_MARGIN_MODE;
	(void)snprintf(config, sizeof config, SYMBOL_SET_TO("%s", "20"), row->stands);
	refuse(MARGIN, NULL, REFUSED("-4067", "Position side cannot be changed"));
	say(SYMBOL_CONFIG, -1, config);

	cr_assert(eq(int, adapter->prepare_setting(exchange, arena, &setting, &request, &err), 0));
	int result = exchange_send(exchange, &request, id, &err);
	cr_expect(eq(int, result, row->taken ? 0 : -1), "%s: %s", row->because, err.message);
	if (result == -1)
		cr_expect(eq(i64, err.venue_code, -4067), "%s", row->because);
}

/* ---- identity --------------------------------------------------------------------------- */

#define ALIAS "[{\"accountAlias\":\"SgsR\",\"asset\":\"USDT\"}]"
#define MAY(withdraw)                                                                              \
	"{\"ipRestrict\":false,\"enableReading\":true,\"enableFutures\":true,"                     \
	"\"enableWithdrawals\":" withdraw ",\"enableInternalTransfer\":false,"                     \
	"\"permitsUniversalTransfer\":false}"

Test(binance, an_account_is_its_alias_and_a_keys_rights_are_the_spot_hosts_to_tell)
{
	struct err err = {0};
	struct exchange_identity identity;
	say(BALANCE, -1, ALIAS);
	say(CONFIG, -1, SET_TO("false", "false"));
	say(RIGHTS, -1, MAY("true"));
	open_exchange(NULL, -1, venue.url);

	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), 0), "%s", err.message);
	cr_expect(eq(str, identity.account_id, "SgsR"));
	cr_expect(identity.permissions_known && identity.can_trade && identity.can_withdraw);
	cr_expect(not(identity.address_bound));
	cr_expect(strstr(identity.note, "bound to no address") != NULL, "%s", identity.note);
}

Test(binance, a_testnet_tells_no_rights)
{
	struct err err = {0};
	struct exchange_identity identity;
	say(BALANCE, -1, ALIAS);
	say(CONFIG, -1, SET_TO("false", "false"));

	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), 0), "%s", err.message);
	cr_expect(eq(str, identity.account_id, "SgsR"));
	cr_expect(not(identity.permissions_known));
	cr_expect(identity.note[0] != '\0');
	cr_expect(eq(int, fake_arrivals(&venue, RIGHTS), 0));
}

Test(binance, a_spot_host_that_refuses_leaves_the_rights_unknown)
{
	struct err err = {0};
	struct exchange_identity identity;
	say(BALANCE, -1, ALIAS);
	say(CONFIG, -1, SET_TO("false", "false"));
	open_exchange(NULL, -1, venue.url);
	refuse(RIGHTS, NULL, REFUSED("-2015", "Invalid API-key, IP, or permissions for action."));

	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), 0), "%s", err.message);
	cr_expect(not(identity.permissions_known));
	cr_expect(strstr(identity.note, "-2015") != NULL, "%s", identity.note);

	struct fake_answer down = {.path = RIGHTS, .times = -1, .status = 502, .body = "<html>"};
	fake_say(&venue, &down);
	cr_expect(eq(int, adapter->identity(exchange, &identity, &err), -1),
		"one that is down says nothing about the key");
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
}

Test(binance, refuses_an_account_with_several_coins_as_collateral)
{
	struct err err = {0};
	struct exchange_identity identity;
	say(BALANCE, -1, ALIAS);
	say(CONFIG, -1, SET_TO("false", "true"));

	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), -1));
	cr_expect(eq(int, err.code, ERR_REFUSED));
	cr_expect(strstr(err.message, "multi-assets mode") != NULL, "%s", err.message);
}

/* ---- market ----------------------------------------------------------------------------- */

#define LOTS(kind)                                                                                 \
	"{\"filterType\":\"" kind "\",\"stepSize\":\"0.001\",\"minQty\":\"0.001\","                \
	"\"maxQty\":\"100\"}"
#define INFO                                                                                       \
	"{\"symbols\":[{\"symbol\":\"BTCUSDT\",\"contractType\":\"PERPETUAL\","                    \
	"\"status\":\"TRADING\",\"marginAsset\":\"USDT\",\"filters\":[{\"filterType\":"            \
	"\"PRICE_FILTER\",\"tickSize\":\"0.10\"}," LOTS("LOT_SIZE") "," LOTS(                      \
		"MARKET_LOT_SIZE") ",{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"5\"}]}]}"
#define TIERS                                                                                      \
	"[{\"symbol\":\"BTCUSDT\",\"brackets\":[{\"bracket\":1,\"initialLeverage\":125,"           \
	"\"notionalCap\":50000,\"maintMarginRatio\":0.004,\"cum\":0.0}]}]"

Test(binance, rules_come_with_tiers_and_the_funding_interval)
{
	struct err err = {0};
	struct rules rules;
	say("/fapi/v1/exchangeInfo", -1, INFO);
	say("/fapi/v1/leverageBracket", -1, TIERS);

	cr_assert(eq(int, adapter->rules(exchange, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	cr_expect(eq(i64, rules.funding_interval_ms, 8 * 3600000), "not served: as usual");
	cr_expect(decimal_equal(rules.max_leverage, decimal_literal("125")));
	say("/fapi/v1/fundingInfo", -1, "[{\"symbol\":\"BTCUSDT\",\"fundingIntervalHours\":4}]");
	cr_assert(eq(int, adapter->rules(exchange, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	cr_expect(eq(i64, rules.funding_interval_ms, 4 * 3600000));

	cr_assert(eq(int, adapter->rules(exchange, "NOSUCHUSDT", &rules, &err), -1));
	cr_expect(strstr(err.message, "no perpetual NOSUCHUSDT") != NULL, "%s", err.message);
	exchange_attach(exchange, NULL);
	cr_assert(eq(int, adapter->rules(exchange, "BTCUSDT", &rules, &err), -1));
	cr_expect(strstr(err.message, "API keys only") != NULL, "%s", err.message);
}

Test(binance, a_ticker_is_three_answers_at_once)
{
	struct err err = {0};
	struct ticker ticker;
	say("/fapi/v1/ticker/bookTicker", -1,
		"{\"symbol\":\"BTCUSDT\",\"bidPrice\":\"1\",\"askPrice\":\"2\"}");
	say("/fapi/v2/ticker/price", -1, "{\"symbol\":\"BTCUSDT\",\"price\":\"1\"}");
	say("/fapi/v1/premiumIndex", -1,
		"{\"symbol\":\"BTCUSDT\",\"markPrice\":\"1.5\",\"lastFundingRate\":\"0.0001\","
		"\"nextFundingTime\":1700006400000}");

	cr_assert(
		eq(int, adapter->ticker(exchange, "BTCUSDT", &ticker, &err), 0), "%s", err.message);
	cr_expect(decimal_equal(ticker.mark, decimal_literal("1.5")));
	int64_t off_ms = fake_server_ms(&venue) - ticker.market_ms;
	cr_expect(off_ms > -5000 && off_ms < 5000, "the server's clock is the market's: %lld",
		(long long)off_ms);
}

Test(binance, the_candle_that_forms_is_marked)
{
	struct err err = {0};
	struct candle_list candles;
	int64_t open_ms = fake_server_ms(&venue) / DAY_MS * DAY_MS;
	CLEANUP(text_free)
	char *body = mem_format("[[%lld,\"1\",\"2\",\"1\",\"2\",\"5\",%lld],[%lld,\"2\",\"3\","
				"\"1\",\"2\",\"5\",%lld]"
				"]",
		(long long)(open_ms - DAY_MS), (long long)(open_ms - 1), (long long)open_ms,
		(long long)(open_ms + DAY_MS - 1));
	say("/fapi/v1/klines", -1, body);

	cr_assert(
		eq(int, adapter->candles(exchange, arena, "BTCUSDT", DAY_MS, 2, &candles, &err), 0),
		"%s", err.message);
	cr_assert(eq(sz, candles.count, 2));
	cr_expect(candles.items[0].closed);
	cr_expect(not(candles.items[1].closed));
	cr_expect(eq(
		str, fake_query(&venue, "/fapi/v1/klines"), "symbol=BTCUSDT&interval=1d&limit=2"));
	cr_assert(
		eq(int, adapter->candles(exchange, arena, "BTCUSDT", 7000, 2, &candles, &err), -1));
	cr_expect(eq(str, err.message, "binance has no candles of 7000 ms"));
}
