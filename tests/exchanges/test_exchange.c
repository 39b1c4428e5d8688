/*
 * The handle and the adapter over real HTTP, against a venue that answers what a test wants: what
 * is sent, how often, and what is made of the answer.
 */
#include "exchanges/exchange.h"

#include "core/base/cleanup.h"
#include "tests/exchanges/fake_venue.h"

#include <criterion/parameterized.h>
#include <signal.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static struct fake_venue venue;
static struct http *http;
static struct exchange *exchange;
static struct arena *arena;
static const struct exchange_credential credential = {.key = "key", .secret = "secret"};

static void setup(void)
{
	struct err err = {0};
	fake_start(&venue);
	const struct http_options http_options = {.user_agent = "test"};
	http = http_new(&http_options);
	const struct exchange_options options = {
		.venue = VENUE_BYBIT,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = venue.url,
		.recv_window_ms = 5000,
		.http = http,
	};
	cr_assert(eq(int, exchange_open(&options, &exchange, &err), 0), "%s", err.message);
	exchange_attach(exchange, &credential);
	arena = arena_new(65536, 1024 * 1024);
}

static void teardown(void)
{
	arena_free(&arena);
	exchange_free(&exchange);
	http_free(&http);
	fake_stop(&venue);
}

TestSuite(exchange, .init = setup, .fini = teardown);

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

static struct exchange_request prepared(void)
{
	struct err err = {0};
	struct exchange_request request;
	const struct order_request order = an_order();
	cr_assert(eq(int,
			  exchange_adapter(exchange)->prepare_place(
				  exchange, arena, &order, &request, &err),
			  0),
		"%s", err.message);
	return request;
}

/* Places an order; -1 with *err as exchange_send says. */
static int place(char ret_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	struct exchange_request request = prepared();
	return exchange_send(exchange, &request, ret_id, err);
}

Test(exchange, places_an_order_once)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request = prepared();

	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/create"), 0), "prepared is not sent");
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, "o-1"));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/create"), 1));
	cr_expect(request.used);
	struct exchange_usage usage = exchange_usage_take(exchange);
	cr_expect(eq(i64, usage.private_calls, 1));
	cr_expect(eq(i64, usage.public_calls, 1), "the clock was asked");
}

Test(exchange, a_request_sent_twice_is_our_own_mistake, .signal = SIGABRT)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request = prepared();
	(void)!exchange_send(exchange, &request, id, &err);
	(void)!exchange_send(exchange, &request, id, &err);
}

Test(exchange, signs_nothing_before_it_knows_the_venues_clock)
{
	struct err err = {0};
	struct exchange_request request;
	const struct order_request order = an_order();
	fake_say(&venue,
		&(struct fake_answer){
			.path = "/v5/market/time", .times = -1, .status = 503, .body = "down"});

	cr_expect(eq(int,
		exchange_adapter(exchange)->prepare_place(exchange, arena, &order, &request, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_NETWORK));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
	cr_expect(strstr(err.message, "the venue's clock is not known") != NULL, "%s", err.message);
}

Test(exchange, expiry_is_in_the_venues_time)
{
	venue.clock_ahead_ms = 3600 * 1000;
	struct exchange_request request = prepared();
	int64_t expected_ms = fake_server_ms(&venue) + 5000;
	cr_expect(request.expires_server_ms > expected_ms - 2000);
	cr_expect(request.expires_server_ms < expected_ms + 1000);
}

Test(exchange, an_order_that_expired_is_not_sent)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request = prepared();
	request.expires_server_ms -= 10000;

	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), -1));
	cr_expect(eq(int, err.code, ERR_CLOCK));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "nothing left");
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/create"), 0));
}

struct answer_row {
	char because[48];
	int status;
	char body[128];
	char headers[48];
	bool cut;
	size_t truncate_bytes;
	enum err_code code;
	enum err_retry retry;
};

ParameterizedTestParameters(exchange, knows_what_an_order_came_to)
{
	static struct answer_row rows[] = {
		{"a refusal is definite", 200,
			"{\"retCode\":110007,\"retMsg\":\"not enough\",\"result\":{},\"time\":%T}",
			"", false, 0, ERR_MARGIN, ERR_RETRY_NEVER},
		{"so is a flat leg", 200,
			"{\"retCode\":110017,\"retMsg\":\"current position is zero\",\"result\":{},"
			"\"time\":%T}",
			"", false, 0, ERR_FLAT, ERR_RETRY_NEVER},
		{"a server error is not", 500, "oops", "", false, 0, ERR_NETWORK, ERR_RETRY_ASK},
		{"nor a time-out of theirs", 200,
			"{\"retCode\":10000,\"retMsg\":\"Server "
			"Timeout\",\"result\":{},\"time\":%T}",
			"", false, 0, ERR_NETWORK, ERR_RETRY_ASK},
		{"nor a page of HTML", 200, "<html>welcome</html>", "", false, 0, ERR_PROTOCOL,
			ERR_RETRY_ASK},
		{"nor a success without a receipt", 200,
			"{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{},\"time\":%T}", "", false, 0,
			ERR_PROTOCOL, ERR_RETRY_ASK},
		{"nor the receipt of another order", 200,
			FAKE_OK("{\"orderId\":\"o-9\",\"orderLinkId\":\"bb-9\"}"), "", false, 0,
			ERR_PROTOCOL, ERR_RETRY_ASK},
		{"nor a connection that was cut", 200, "", "", true, 0, ERR_NETWORK, ERR_RETRY_ASK},
		{"nor a reply that was cut", 200,
			"{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{},\"time\":%T}", "", false,
			10, ERR_NETWORK, ERR_RETRY_ASK},
		{"a spent limit is definite", 200,
			"{\"retCode\":10006,\"retMsg\":\"Too many "
			"visits!\",\"result\":{},\"time\":%T}",
			"", false, 0, ERR_RATE, ERR_RETRY_THROTTLED},
		{"a ban is definite", 403, "access too frequent", "", false, 0, ERR_RATE,
			ERR_RETRY_THROTTLED},
	};
	return cr_make_param_array(struct answer_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct answer_row *row, exchange, knows_what_an_order_came_to)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	fake_say(&venue, &(struct fake_answer){
				 .path = "/v5/order/create",
				 .times = -1,
				 .status = row->status,
				 .body = row->body,
				 .headers = row->headers,
				 .cut = row->cut,
				 .truncate_bytes = row->truncate_bytes,
			 });

	cr_assert(eq(int, place(id, &err), -1), "%s", row->because);
	cr_expect(eq(int, err.code, row->code), "%s: %s", row->because, err.message);
	cr_expect(eq(int, err.retry, row->retry), "%s: %s", row->because, err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/create"), 1), "%s", row->because);
}

Test(exchange, a_ban_stops_exits_too_and_sends_nothing)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request ready = prepared();
	fake_say(&venue, &(struct fake_answer){.path = "/v5/order/create",
				 .times = -1,
				 .status = 403,
				 .body = "access too frequent"});

	cr_assert(eq(int, place(id, &err), -1));
	cr_expect(eq(i64, err.retry_after_ms, 600000));
	struct exchange_request request;
	cr_assert(eq(int,
		exchange_adapter(exchange)->prepare_cancel(
			exchange, arena, "BTCUSDT", "bb-1", LEG_ONE_WAY, false, &request, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(err.retry_after_ms > 590000);
	cr_assert(eq(int, exchange_send(exchange, &ready, id, &err), -1),
		"what was prepared before it stays here");
	cr_expect(eq(int, err.retry, ERR_RETRY_THROTTLED));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/create"), 1));
}

Test(exchange, a_spent_limit_closes_its_group_until_the_venue_opens_it)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	char headers[96];
	(void)snprintf(headers, sizeof headers, "X-Bapi-Limit-Reset-Timestamp: %lld\n",
		(long long)(fake_server_ms(&venue) + 3000));
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/order/create",
			.times = 1,
			.body = "{\"retCode\":10006,\"retMsg\":\"\",\"result\":{},\"time\":%T}",
			.headers = headers});

	cr_assert(eq(int, place(id, &err), -1));
	cr_expect(err.retry_after_ms > 1500 && err.retry_after_ms <= 3001, "%lld",
		(long long)err.retry_after_ms);
	struct exchange_request request;
	const struct order_request order = an_order();
	cr_expect(eq(int,
		exchange_adapter(exchange)->prepare_place(exchange, arena, &order, &request, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(eq(int,
			  exchange_adapter(exchange)->prepare_cancel(exchange, arena, "BTCUSDT",
				  "bb-1", LEG_ONE_WAY, false, &request, &err),
			  0),
		"cancels have a limit of their own");
}

#define CLOCK_REFUSED "{\"retCode\":10002,\"retMsg\":\"time\",\"result\":{},\"time\":%T}"

Test(exchange, a_read_with_a_refused_timestamp_is_signed_again_once)
{
	struct err err = {0};
	struct account account;
	(void)prepared(); /* learns the clock */
	fake_say(&venue, &(struct fake_answer){
				 .path = "/v5/position/list", .times = 1, .body = CLOCK_REFUSED});

	cr_assert(eq(int, exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/position/list"), 2));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/time"), 2), "the clock is learnt anew");

	fake_say(&venue, &(struct fake_answer){
				 .path = "/v5/position/list", .times = -1, .body = CLOCK_REFUSED});
	cr_assert(eq(
		int, exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err), -1));
	cr_expect(eq(int, err.code, ERR_CLOCK));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/position/list"), 4));
}

Test(exchange, an_order_with_a_refused_timestamp_is_not_sent_again)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	fake_say(&venue, &(struct fake_answer){
				 .path = "/v5/order/create", .times = 1, .body = CLOCK_REFUSED});

	cr_assert(eq(int, place(id, &err), -1));
	cr_expect(eq(int, err.code, ERR_CLOCK));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "it was not executed");
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/create"), 1));
}

Test(exchange, reads_an_account_in_three_requests_at_once)
{
	struct err err = {0};
	struct account account;

	cr_assert(eq(int, exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err),
			  0),
		"%s", err.message);
	cr_expect(account.margin_mode_known);
	cr_expect(eq(int, account.margin_mode, MARGIN_ISOLATED));
	cr_expect(decimal_equal(account.balance.available, decimal_literal("960")),
		"isolated: wallet - position margin - order margin");
	cr_expect(eq(sz, account.active_symbols, 0), "no margin is used, so no position exists");
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/position/list"), 1));
	cr_expect(eq(i64, exchange_usage_take(exchange).private_calls, 3));
}

Test(exchange, counts_other_symbols_only_if_the_margin_tells_of_them)
{
	struct err err = {0};
	struct account account;
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/account/wallet-balance",
			.times = -1,
			.body = FAKE_OK(
				"{\"list\":[{\"totalAvailableBalance\":\"700\",\"coin\":[{"
				"\"coin\":\"USDT\",\"equity\":\"1000\","
				"\"walletBalance\":\"1000\",\"totalPositionIM\":\"200\","
				"\"totalOrderIM\":\"0\",\"locked\":\"0\",\"bonus\":\"0\"}]}]}")});
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/position/list",
			.times = 2,
			.body = FAKE_OK("{\"list\":[{\"symbol\":\"ETHUSDT\",\"size\":\"3\"}],"
					"\"nextPageCursor\":\"\"}")});
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/position/list",
			.times = 1,
			.body = FAKE_OK("{\"list\":[{\"positionIdx\":0,\"symbol\":\"BTCUSDT\","
					"\"side\":\"\",\"size\":\"0\",\"leverage\":\"10\","
					"\"markPrice\":\"\",\"updatedTime\":\"0\"}]}")});

	cr_assert(eq(int, exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(sz, account.active_symbols, 1));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/position/list"), 2));
}

#define ORDER_ROW(id, status)                                                                      \
	"{\"orderId\":\"o-" id "\",\"orderLinkId\":\"" id "\",\"symbol\":\"BTCUSDT\","             \
	"\"side\":\"Buy\",\"positionIdx\":0,\"orderStatus\":\"" status "\","                       \
	"\"orderType\":\"Limit\",\"qty\":\"1\",\"price\":\"1\",\"cumExecQty\":\"0\","              \
	"\"cumExecValue\":\"0\",\"reduceOnly\":false,\"createdTime\":\"1\",\"updatedTime\":\"1\"}"
#define NO_ROWS FAKE_OK("{\"list\":[],\"nextPageCursor\":\"\"}")

Test(exchange, finds_an_order_in_the_history_when_it_is_not_open)
{
	struct err err = {0};
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	struct order order;
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/order/realtime", .times = -1, .body = NO_ROWS});
	fake_say(&venue, &(struct fake_answer){.path = "/v5/order/history",
				 .times = 1,
				 .body = FAKE_OK("{\"list\":[" ORDER_ROW("bb-7", "Filled") "]}")});

	cr_assert(eq(int,
			  exchange_adapter(exchange)->find_order(
				  exchange, "BTCUSDT", "bb-7", &found, &order, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, found, EXCHANGE_FOUND));
	cr_expect(eq(str, order.venue_order_id, "o-bb-7"));

	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/order/history", .times = -1, .body = NO_ROWS});
	cr_assert(eq(int,
		exchange_adapter(exchange)->find_order(
			exchange, "BTCUSDT", "bb-8", &found, &order, &err),
		0));
	cr_expect(eq(int, found, EXCHANGE_NOT_FOUND));
}

Test(exchange, an_order_that_was_not_asked_for_is_not_ours)
{
	struct err err = {0};
	enum exchange_found found = EXCHANGE_FOUND;
	struct order order;
	fake_say(&venue, &(struct fake_answer){.path = "/v5/order/realtime",
				 .times = -1,
				 .body = FAKE_OK("{\"list\":[" ORDER_ROW("other", "New") "]}")});
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/order/history", .times = -1, .body = NO_ROWS});

	cr_assert(eq(int,
		exchange_adapter(exchange)->find_order(
			exchange, "BTCUSDT", "bb-7", &found, &order, &err),
		0));
	cr_expect(eq(int, found, EXCHANGE_NOT_FOUND));
}

Test(exchange, reads_all_pages_and_leaves_closed_orders_out)
{
	struct err err = {0};
	struct order_list orders;
	fake_say(&venue, &(struct fake_answer){.path = "/v5/order/realtime",
				 .times = 1,
				 .body = FAKE_OK("{\"list\":[" ORDER_ROW(
					 "a", "New") "],"
						     "\"nextPageCursor\":\"\"}")});
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/order/realtime",
			.times = 1,
			.body = FAKE_OK("{\"list\":[" ORDER_ROW("b", "Filled") "," ORDER_ROW(
				"c", "Untriggered") "],\"nextPageCursor\":\"p%3A2\"}")});

	cr_assert(eq(int,
			  exchange_adapter(exchange)->open_orders(
				  exchange, arena, "BTCUSDT", &orders, &err),
			  0),
		"%s", err.message);
	cr_assert(eq(sz, orders.count, 2));
	cr_expect(eq(str, orders.items[0].client_order_id, "c"));
	cr_expect(eq(str, orders.items[1].client_order_id, "a"));
}

Test(exchange, a_cursor_cannot_change_the_query)
{
	struct err err = {0};
	struct order_list orders;
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/order/realtime",
			.times = -1,
			.body = FAKE_OK("{\"list\":[],\"nextPageCursor\":\"a&symbol=ETHUSDT\"}")});

	cr_assert(eq(int,
		exchange_adapter(exchange)->open_orders(exchange, arena, "BTCUSDT", &orders, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_PROTOCOL));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/order/realtime"), 1));
}

#define FILL_ROW(id, time)                                                                         \
	"{\"execId\":\"" id "\",\"orderId\":\"o\",\"orderLinkId\":\"bb-1\","                       \
	"\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1\","           \
	"\"execFee\":\"0\",\"execType\":\"Trade\",\"closedSize\":\"0\",\"isMaker\":true,"          \
	"\"execTime\":\"" time "\"}"

Test(exchange, fills_come_in_the_order_of_their_time_each_once)
{
	struct err err = {0};
	struct fill_list fills;
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/execution/list",
			.times = -1,
			.body = FAKE_OK("{\"list\":[" FILL_ROW("e-3", "1700000000300") "," FILL_ROW(
				"e-1", "1700000000100") "," FILL_ROW("e-3",
				"1700000000300") "]}")});

	cr_assert(eq(int,
			  exchange_adapter(exchange)->fills(exchange, arena, "BTCUSDT",
				  1700000000000, 1700000000000 + 8 * DAY_MS, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/execution/list"), 2), "a week a request");
	cr_assert(eq(sz, fills.count, 2));
	cr_expect(eq(str, fills.items[0].exec_id, "e-1"));
	cr_expect(eq(str, fills.items[1].exec_id, "e-3"));
}

Test(exchange, fills_until_now_have_no_end_that_could_miss_one)
{
	struct err err = {0};
	struct fill_list fills;
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/execution/list", .times = -1, .body = NO_ROWS});
	int64_t from_ms = fake_server_ms(&venue) - 1000;

	cr_assert(eq(int,
			  exchange_adapter(exchange)->fills(
				  exchange, arena, "BTCUSDT", from_ms, 0, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(strstr(fake_query(&venue, "/v5/execution/list"), "startTime=") != NULL);
	cr_expect(strstr(fake_query(&venue, "/v5/execution/list"), "endTime=") == NULL);
	cr_assert(eq(int,
		exchange_adapter(exchange)->fills(
			exchange, arena, "BTCUSDT", from_ms, from_ms + 1, &fills, &err),
		0));
	cr_expect(strstr(fake_query(&venue, "/v5/execution/list"), "endTime=") != NULL);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/execution/list"), 2));
}

Test(exchange, a_read_that_cannot_be_understood_may_be_asked_again)
{
	struct err err = {0};
	struct account account;
	fake_say(&venue, &(struct fake_answer){.path = "/v5/account/wallet-balance",
				 .times = -1,
				 .body = FAKE_OK("{\"list\":[{\"totalAvailableBalance\":1}]}")});

	cr_assert(eq(
		int, exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err), -1));
	cr_expect(eq(int, err.code, ERR_PROTOCOL));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
	cr_expect(strstr(err.message, "result.list[0].totalAvailableBalance") != NULL, "%s",
		err.message);
}

Test(exchange, a_setting_that_is_so_already_is_success)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	const struct exchange_setting setting = {
		.kind = SETTING_LEVERAGE, .symbol = "BTCUSDT", .leverage = decimal_literal("10")};
	fake_say(&venue, &(struct fake_answer){.path = "/v5/position/set-leverage",
				 .times = -1,
				 .body = "{\"retCode\":110043,\"retMsg\":\"leverage not modified\","
					 "\"result\":{},\"time\":%T}"});

	cr_assert(eq(int,
		exchange_adapter(exchange)->prepare_setting(
			exchange, arena, &setting, &request, &err),
		0));
	cr_expect(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, ""));
}

Test(exchange, private_reads_need_a_credential)
{
	struct err err = {0};
	struct account account;
	exchange_attach(exchange, NULL);

	cr_expect(eq(
		int, exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err), -1));
	cr_expect(strstr(err.message, "no credential is attached") != NULL, "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/position/list"), 0));
}

struct open_row {
	char because[40];
	enum venue_name venue;
	enum environment environment;
	char base_url[40], key_url[40]; /* "": none */
	int64_t recv_window_ms;
	char message[80];
};

ParameterizedTestParameters(exchange_open, refuses)
{
	static struct open_row rows[] = {
		{"a window that keeps an order alive", VENUE_BYBIT, ENVIRONMENT_LIVE, "", "", 5001,
			"recv_window_ms: 5001 is not 1 to 5000"},
		{"plain http to somewhere", VENUE_BYBIT, ENVIRONMENT_LIVE, "http://example.test",
			"", 5000, "base URL of bybit: "},
		{"a key shown to somebody by plain http", VENUE_BINANCE, ENVIRONMENT_LIVE, "",
			"http://example.test", 5000, "URL of keys of binance: "},
		{"paper has no venue", VENUE_BYBIT, ENVIRONMENT_PAPER, "", "", 5000,
			"environment paper has no venue to call"},
	};
	return cr_make_param_array(struct open_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct open_row *row, exchange_open, refuses)
{
	struct err err = {0};
	struct exchange *opened = NULL;
	const struct http_options http_options = {.user_agent = "test"};
	struct http *client = http_new(&http_options);
	const struct exchange_options options = {
		.venue = row->venue,
		.environment = row->environment,
		.base_url = row->base_url[0] != '\0' ? row->base_url : NULL,
		.key_url = row->key_url[0] != '\0' ? row->key_url : NULL,
		.recv_window_ms = row->recv_window_ms,
		.http = client,
	};

	cr_expect(eq(int, exchange_open(&options, &opened, &err), -1), "%s", row->because);
	cr_expect(eq(int, err.retry, ERR_RETRY_NEVER), "%s", row->because);
	cr_expect(strncmp(err.message, row->message, strlen(row->message)) == 0, "%s: %s",
		row->because, err.message);
	http_free(&client);
}

/* ---- two clocks ----------------------------------------------------------------------------- */

static int64_t market_of(int64_t server_ms)
{
	int64_t market_ms;
	struct err err = {0};
	cr_assert(eq(int, exchange_market_ms(exchange, server_ms, &market_ms, &err), 0), "%s",
		err.message);
	return market_ms;
}

Test(exchange, the_market_of_a_real_venue_runs_on_its_servers_clock)
{
	struct ticker ticker;
	int64_t age_ms;
	struct err err;
	cr_assert(eq(int, exchange_ticker(exchange, "BTCUSDT", &ticker, &age_ms, &err), 0));
	cr_expect(eq(i64, market_of(1700000000000), 1700000000000));
	cr_expect(eq(i64, exchange_market_speed(exchange), 1));
}

Test(exchange, a_markets_own_clock_is_told_from_the_servers)
{
	struct ticker ticker;
	int64_t age_ms;
	int64_t now_server_ms;
	struct err err;
	fake_say(&venue, &(struct fake_answer){.path = "/v5/market/tickers",
				 .times = -1,
				 .body = fake_defaults[1].body,
				 .headers = "X-Market-Time: 1641340800000\nX-Market-Speed: 60\n"});
	cr_assert(eq(int, exchange_ticker(exchange, "BTCUSDT", &ticker, &age_ms, &err), 0));
	cr_assert(eq(int, exchange_server_ms(exchange, &now_server_ms, &err), 0));
	cr_expect(eq(i64, exchange_market_speed(exchange), 60));

	/* Ten real minutes ago it was ten hours earlier in this market; a minute of ours for the
	 * test. */
	int64_t before_ms = market_of(now_server_ms - 600000);
	int64_t late_ms = before_ms - (1641340800000 - 600000LL * 60);
	cr_expect(ge(i64, late_ms, -60 * 2000));
	cr_expect(le(i64, late_ms, 60 * 60000));
	cr_expect(eq(i64, ticker.market_ms, 1641340800000));
}
