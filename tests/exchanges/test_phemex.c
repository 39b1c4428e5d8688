/*
 * The adapter of Phemex over real HTTP, against a venue that answers what a test wants: what is
 * sent, how often, and what is made of the answer.
 */
#include "core/base/cleanup.h"
#include "exchanges/exchange.h"
#include "tests/exchanges/fake_venue.h"

#include <criterion/parameterized.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define CREATE "/g-orders/create"
#define CANCEL "/g-orders/cancel"
#define ACTIVE "/g-orders/activeList"
#define PAST "/api-data/g-futures/orders/by-order-id"
#define TRADES "/api-data/g-futures/trades"
#define FEES "/api-data/g-futures/funding-fees"
#define POSITIONS "/g-accounts/accountPositions"
#define RISK_MODE "/uta-api/risk/risk-mode"
#define LEVERAGE "/g-positions/leverage"

#define OK(data) "{\"code\":0,\"msg\":\"\",\"data\":" data "}"
#define REFUSED(code, text) "{\"code\":" code ",\"msg\":\"" text "\",\"data\":null}"
#define RECEIPT(client, type, more)                                                                \
	OK("{\"orderID\":\"o-1\",\"clOrdID\":\"" client "\",\"orderType\":\"" type "\"" more "}")

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

static void setup(void)
{
	struct err err = {0};
	fake_start(&venue);
	const struct http_options http_options = {.user_agent = "test"};
	http = http_new(&http_options);
	const struct exchange_options options = {
		.venue = VENUE_PHEMEX,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = venue.url,
		.egress_per_second = -1,
		.recv_window_ms = 5000,
		.http = http,
	};
	cr_assert(eq(int, exchange_open(&options, &exchange, &err), 0), "%s", err.message);
	exchange_attach(exchange, &credential);
	adapter = exchange_adapter(exchange);
	arena = arena_new(65536, 4 * 1024 * 1024);
	say("/public/time", -1, OK("{\"serverTime\":%T}"));
}

static void teardown(void)
{
	arena_free(&arena);
	exchange_free(&exchange);
	http_free(&http);
	fake_stop(&venue);
}

TestSuite(phemex, .init = setup, .fini = teardown);

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

Test(phemex, places_an_order_once)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	const struct order_request order = an_order();
	say(CREATE, -1, RECEIPT("bb-1", "Market", ",\"execInst\":\"None\",\"stopPxRp\":\"0\""));

	cr_assert(eq(int, place(&order, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, id, "o-1"));
	cr_expect(eq(int, fake_arrivals(&venue, CREATE), 1));
}

Test(phemex, expiry_is_in_the_venues_time_and_near)
{
	struct err err = {0};
	struct exchange_request request;
	const struct order_request order = an_order();
	venue.clock_ahead_ms = 3600 * 1000;

	cr_assert(eq(int, adapter->prepare_place(exchange, arena, &order, &request, &err), 0));
	int64_t left_ms = request.expires_server_ms - fake_server_ms(&venue);
	cr_expect(left_ms > 3000 && left_ms <= 7500, "%lld", (long long)left_ms);
}

#define STOP(client, type, price, trigger, inst)                                                   \
	RECEIPT(client, type,                                                                      \
		",\"stopPxRp\":\"" price "\",\"trigger\":\"" trigger "\",\"execInst\":\"" inst     \
		"\"")

struct answer_row {
	char because[56];
	int status;
	char body[200];
	char headers[48];
	enum err_code code; /* ERR_NONE: taken */
	enum err_retry retry;
};

ParameterizedTestParameters(phemex, knows_what_a_stop_came_to)
{
	static struct answer_row rows[] = {
		{"as it was sent", 200,
			STOP("bb-1", "Stop", "47500", "ByMarkPrice", "CloseOnTrigger"), "",
			ERR_NONE, ERR_RETRY_NEVER},
		{"reduce-only is the other word for it", 200,
			STOP("bb-1", "Stop", "47500.0", "ByMarkPrice", "ReduceOnly"), "", ERR_NONE,
			ERR_RETRY_NEVER},
		{"a trigger that was dropped stops the bot", 200,
			STOP("bb-1", "Market", "0", "UNSPECIFIED", "ReduceOnly"), "", ERR_BUG,
			ERR_RETRY_ASK},
		{"another price of the trigger", 200,
			STOP("bb-1", "Stop", "4750", "ByMarkPrice", "ReduceOnly"), "", ERR_BUG,
			ERR_RETRY_ASK},
		{"another kind of trigger", 200,
			STOP("bb-1", "Stop", "47500", "ByLastPrice", "ReduceOnly"), "", ERR_BUG,
			ERR_RETRY_ASK},
		{"a reduce-only flag that was lost", 200,
			STOP("bb-1", "Stop", "47500", "ByMarkPrice", "None"), "", ERR_BUG,
			ERR_RETRY_ASK},
		{"the receipt of another order", 200,
			STOP("bb-2", "Stop", "47500", "ByMarkPrice", "ReduceOnly"), "",
			ERR_PROTOCOL, ERR_RETRY_ASK},
		{"a success without a receipt", 200, OK("null"), "", ERR_PROTOCOL, ERR_RETRY_ASK},
		{"a page of HTML", 200, "<html>", "", ERR_PROTOCOL, ERR_RETRY_ASK},
		{"a server error", 502, "<html>", "", ERR_NETWORK, ERR_RETRY_ASK},
		{"a refusal is definite", 200, REFUSED("11043", "TE_RISING_TRIGGER_DIRECTLY"), "",
			ERR_FILTER, ERR_RETRY_NEVER},
		{"a refused expiry was not executed", 401, REFUSED("401", "Request Expired"), "",
			ERR_CLOCK, ERR_RETRY_LATER},
		{"a spent limit was not executed", 429, "", "x-ratelimit-retry-after-CONTRACT: 9\n",
			ERR_RATE, ERR_RETRY_THROTTLED},
	};
	return cr_make_param_array(struct answer_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct answer_row *row, phemex, knows_what_a_stop_came_to)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	const struct order_request order = a_stop();
	fake_say(&venue, &(struct fake_answer){.path = CREATE,
				 .times = -1,
				 .status = row->status,
				 .body = row->body,
				 .headers = row->headers});

	int result = place(&order, id, &err);
	cr_assert(eq(int, result, row->code == ERR_NONE ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(eq(int, fake_arrivals(&venue, CREATE), 1), "%s", row->because);
	if (result == 0)
		return;
	cr_expect(eq(int, err.code, row->code), "%s: %s", row->because, err.message);
	cr_expect(eq(int, err.retry, row->retry), "%s: %s", row->because, err.message);
}

Test(phemex, a_spent_group_is_closed_as_long_as_the_venue_says)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	struct order_list orders;
	const struct order_request order = an_order();
	fake_say(&venue, &(struct fake_answer){.path = CREATE,
				 .times = 1,
				 .status = 429,
				 .body = "",
				 .headers = "x-ratelimit-retry-after-CONTRACT: 9\n"});

	cr_assert(eq(int, place(&order, id, &err), -1));
	cr_expect(eq(i64, err.retry_after_ms, 9000));
	cr_expect(eq(int, adapter->prepare_place(exchange, arena, &order, &request, &err), -1));
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), -1),
		"reads of the group have the same limit");
	cr_expect(eq(int, fake_arrivals(&venue, ACTIVE), 0));
}

Test(phemex, a_cancel_names_the_leg_of_its_order)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	say(CANCEL, -1, RECEIPT("bb-1", "Limit", ""));

	cr_assert(eq(int,
		adapter->prepare_cancel(
			exchange, arena, "BTCUSDT", "bb-1", LEG_SHORT, false, &request, &err),
		0));
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, fake_query(&venue, CANCEL), "symbol=BTCUSDT&posSide=Short&clOrdID=bb-1"));
}

#define ORDER(id, client, status, filled)                                                          \
	"{\"orderID\":\"" id "\",\"clOrdID\":\"" client                                            \
	"\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"ordStatus\":"        \
	"\"" status "\",\"orderQtyRq\":\"1\",\"priceRp\":\"1\",\"cumQtyRq\":\"" filled             \
	"\",\"cumValueRv\":\"1\",\"reduceOnly\":false,\"actionTimeNs\":1,\"transactTimeNs\":1}"
#define NOTHING_OPEN REFUSED("10002", "OM_ORDER_NOT_FOUND")

Test(phemex, finds_an_order_in_the_history_when_it_is_not_open)
{
	struct err err = {0};
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	struct order order;
	say(ACTIVE, -1, NOTHING_OPEN);
	say(PAST, 1,
		"[" ORDER("o-8", "bb-8", "Filled", "1") "," ORDER(
			"o-7", "bb-7", "Canceled", "0") "]");

	cr_assert(
		eq(int, adapter->find_order(exchange, "BTCUSDT", "bb-7", &found, &order, &err), 0),
		"%s", err.message);
	cr_expect(eq(int, found, EXCHANGE_FOUND));
	cr_expect(eq(str, order.venue_order_id, "o-7"));
	cr_expect(eq(int, order.status, ORDER_STATUS_CANCELLED));

	say(PAST, -1, OK("[]"));
	cr_assert(
		eq(int, adapter->find_order(exchange, "BTCUSDT", "bb-7", &found, &order, &err), 0));
	cr_expect(eq(int, found, EXCHANGE_NOT_FOUND));
}

Test(phemex, a_history_that_cannot_be_read_is_not_an_absent_order)
{
	struct err err = {0};
	enum exchange_found found;
	struct order order;
	say(ACTIVE, -1, NOTHING_OPEN);
	say(PAST, -1, OK("null"));

	cr_assert(eq(
		int, adapter->find_order(exchange, "BTCUSDT", "bb-7", &found, &order, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
}

Test(phemex, leaves_closed_orders_out_of_the_open_ones)
{
	struct err err = {0};
	struct order_list orders;
	say(ACTIVE, 1,
		OK("{\"rows\":[" ORDER("o-1", "a", "Canceled", "0") "," ORDER(
			"o-2", "b", "Untriggered", "0") "],\"nextPageArg\":\"\"}"));
	cr_assert(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, orders.count, 1));
	cr_expect(eq(str, orders.items[0].client_order_id, "b"));

	say(ACTIVE, -1, NOTHING_OPEN);
	cr_assert(eq(int, adapter->open_orders(exchange, arena, "BTCUSDT", &orders, &err), 0));
	cr_expect(eq(sz, orders.count, 0), "\"not found\" of a list: there are none");
}

#define TRADE(id, order, client, time)                                                             \
	"{\"transactTimeNs\":" time ",\"symbol\":\"BTCUSDT\",\"currency\":\"USDT\","               \
	"\"posSide\":\"Merged\",\"side\":\"Buy\",\"tradeType\":\"Trade\",\"execQtyRq\":\"0.5\","   \
	"\"execPriceRp\":\"1\",\"execFeeRv\":\"0\",\"execID\":\"" id "\",\"orderID\":\"" order     \
	"\",\"clOrdID\":\"" client "\",\"execStatus\":\"TakerFill\"}"
#define NO_ROWS OK("{\"total\":0,\"rows\":[]}")

Test(phemex, fills_come_in_the_order_of_their_time_each_once)
{
	struct err err = {0};
	struct fill_list fills;
	say(TRADES, -1,
		"[" TRADE("e-3", "o-1", "", "1700000000300000000") "," TRADE(
			"e-1", "o-1", "", "1700000000100000000") "," TRADE("e-3", "o-1", "",
			"1700000000300000000") "]");

	cr_assert(eq(int,
			  adapter->fills(exchange, arena, "BTCUSDT", 1700000000000,
				  1700000000000 + 3 * DAY_MS, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 2), "two days a request");
	cr_assert(eq(sz, fills.count, 2));
	cr_expect(eq(str, fills.items[0].exec_id, "e-1"));
	cr_expect(eq(str, fills.items[1].exec_id, "e-3"));
	cr_expect(strstr(fake_query(&venue, TRADES), "&end=1700259200000&") != NULL, "%s",
		fake_query(&venue, TRADES));
}

Test(phemex, fills_until_now_have_no_end_that_could_miss_one)
{
	struct err err = {0};
	struct fill_list fills;
	say(TRADES, -1, NO_ROWS);

	cr_assert(eq(int,
			  adapter->fills(exchange, arena, "BTCUSDT", fake_server_ms(&venue) - 1000,
				  0, &fills, &err),
			  0),
		"%s", err.message);
	cr_expect(strstr(fake_query(&venue, TRADES), "&start=") != NULL);
	cr_expect(strstr(fake_query(&venue, TRADES), "&end=") == NULL);
}

Test(phemex, reads_back_until_an_orders_fills_are_all_there)
{
	struct err err = {0};
	struct fill_list fills;
	say(ACTIVE, -1, OK("{\"rows\":[" ORDER("o-1", "bb-1", "PartiallyFilled", "1.0") "]}"));
	say(TRADES, -1, "[" TRADE("e-1", "o-1", "", "1700000000100000000") "]");
	say(TRADES, 1, NO_ROWS);
	say(TRADES, 1,
		"[" TRADE("e-9", "o-9", "x", "1700000000400000000") "," TRADE(
			"e-2", "o-1", "bb-1", "1700000000300000000") "]");

	cr_assert(
		eq(int, adapter->order_fills(exchange, arena, "BTCUSDT", "bb-1", &fills, &err), 0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 3), "0.5, nothing, and 0.5 more");
	cr_assert(eq(sz, fills.count, 2));
	cr_expect(eq(str, fills.items[0].exec_id, "e-1"), "by the venue's id too");
	cr_expect(eq(str, fills.items[1].exec_id, "e-2"));
}

Test(phemex, an_order_that_is_not_found_is_looked_for_among_the_newest_fills)
{
	struct err err = {0};
	struct fill_list fills;
	say(ACTIVE, -1, NOTHING_OPEN);
	say(PAST, -1, OK("[]"));
	say(TRADES, -1, "[" TRADE("e-1", "o-1", "bb-1", "1700000000100000000") "]");

	cr_assert(
		eq(int, adapter->order_fills(exchange, arena, "BTCUSDT", "bb-1", &fills, &err), 0),
		"%s", err.message);
	cr_expect(eq(sz, fills.count, 1));
	cr_expect(eq(int, fake_arrivals(&venue, TRADES), 1));
}

#define PAYMENT(time)                                                                              \
	"{\"symbol\":\"BTCUSDT\",\"execQtyRq\":\"1\",\"side\":\"Buy\",\"fundingRateRr\":"          \
	"\"0.0001\",\"execFeeRv\":\"0.01\",\"createTime\":" time "}"

/* A full page of payments from first_ms, each step_ms later (or earlier). */
static char *full_page(int64_t first_ms, int64_t step_ms)
{
	char *text = mem_text("[");
	for (int i = 0; i < 200; i++) {
		char number[24];
		(void)snprintf(number, sizeof number, "%lld", (long long)(first_ms + i * step_ms));
		char *longer = mem_format("%s%s{\"symbol\":\"BTCUSDT\",\"execQtyRq\":\"1\","
					  "\"side\":\"Buy\",\"fundingRateRr\":\"0.0001\","
					  "\"execFeeRv\":\"0.01\",\"createTime\":%s}",
			text, i > 0 ? "," : "", number);
		free(text);
		text = longer;
	}
	char *whole = mem_format("%s]", text);
	free(text);
	return whole;
}

Test(phemex, funding_is_read_to_where_it_is_old_enough)
{
	struct err err = {0};
	struct funding_list funding;
	CLEANUP(text_free) char *page = full_page(1700000000000, -1000);
	say(FEES, -1, page);

	cr_assert(eq(int,
			  adapter->funding(
				  exchange, arena, "BTCUSDT", 1699999990000, 0, &funding, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, FEES), 1), "the rest is older");
	cr_assert(eq(sz, funding.count, 11));
	cr_expect(eq(i64, funding.items[0].paid_ms, 1699999990000), "oldest first");
}

Test(phemex, funding_in_another_order_is_read_to_its_end)
{
	struct err err = {0};
	struct funding_list funding;
	CLEANUP(text_free) char *page = full_page(1700000000000, 1000);
	say(FEES, -1, "[" PAYMENT("1700000900000") "]");
	say(FEES, 1, page);

	cr_assert(eq(int,
			  adapter->funding(
				  exchange, arena, "BTCUSDT", 1700000500000, 0, &funding, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, FEES), 2));
	cr_assert(eq(sz, funding.count, 1));
	cr_expect(eq(i64, funding.items[0].paid_ms, 1700000900000));
}

#define ACCOUNT(rows)                                                                              \
	OK("{\"account\":{\"accountBalanceRv\":\"1000\",\"accountId\":123450001,"                  \
	   "\"currency\":\"USDT\",\"totalUsedBalanceRv\":\"0\",\"userID\":12345},\"positions\":"   \
	   "[" rows "]}")
#define FLAT(mode, leg, leverage)                                                                  \
	"{\"symbol\":\"BTCUSDT\",\"posMode\":\"" mode "\",\"posSide\":\"" leg                      \
	"\",\"side\":\"None\",\"size\":\"0\",\"leverageRr\":\"" leverage                           \
	"\",\"transactTimeNs\":0}"

Test(phemex, a_symbol_that_was_never_traded_is_asked_for_by_name)
{
	struct err err = {0};
	struct account account;
	say(POSITIONS, -1, ACCOUNT(FLAT("OneWay", "Merged", "10")));
	say(POSITIONS, 1, ACCOUNT(""));

	cr_assert(eq(int, adapter->account(exchange, "BTCUSDT", &account, &err), 0), "%s",
		err.message);
	cr_expect(eq(int, fake_arrivals(&venue, POSITIONS), 2));
	cr_expect(eq(str, fake_query(&venue, POSITIONS), "currency=USDT&symbol=BTCUSDT"));
	cr_expect(eq(int, account.margin_mode, MARGIN_ISOLATED));
	cr_expect(decimal_equal(account.balance.wallet, decimal_literal("1000")));
}

struct setting_row { /* no decimal in it: Criterion does not align rows for one */
	char because[56];
	char account[640];
	int kind;
	char symbol[SYMBOL_SIZE];
	int64_t leverage;
	enum margin_mode margin_mode;
	char query[88]; /* "": refused */
};

ParameterizedTestParameters(phemex, changes_only_the_half_that_was_asked_for)
{
	static struct setting_row rows[] = {
		{"leverage keeps the cross margin", ACCOUNT(FLAT("OneWay", "Merged", "-10")),
			SETTING_LEVERAGE, "BTCUSDT", 20, MARGIN_ISOLATED,
			"symbol=BTCUSDT&leverageRr=-20"},
		{"leverage keeps the isolated margin", ACCOUNT(FLAT("OneWay", "Merged", "10")),
			SETTING_LEVERAGE, "BTCUSDT", 20, MARGIN_ISOLATED,
			"symbol=BTCUSDT&leverageRr=20"},
		{"hedged, both legs are set",
			ACCOUNT(FLAT("Hedged", "Long", "10") "," FLAT("Hedged", "Short", "10")),
			SETTING_LEVERAGE, "BTCUSDT", 5, MARGIN_ISOLATED,
			"symbol=BTCUSDT&longLeverageRr=5&shortLeverageRr=5"},
		{"the margin mode keeps the leverage", ACCOUNT(FLAT("OneWay", "Merged", "-10")),
			SETTING_MARGIN_MODE, "BTCUSDT", 0, MARGIN_ISOLATED,
			"symbol=BTCUSDT&leverageRr=10"},
		{"to cross", ACCOUNT(FLAT("OneWay", "Merged", "10")), SETTING_MARGIN_MODE,
			"BTCUSDT", 0, MARGIN_CROSS, "symbol=BTCUSDT&leverageRr=-10"},
		{"the maximum is no number to keep", ACCOUNT(FLAT("OneWay", "Merged", "0")),
			SETTING_MARGIN_MODE, "BTCUSDT", 0, MARGIN_ISOLATED, ""},
		{"legs that differ have no mode to keep",
			ACCOUNT(FLAT("Hedged", "Long", "10") "," FLAT("Hedged", "Short", "-10")),
			SETTING_LEVERAGE, "BTCUSDT", 5, MARGIN_ISOLATED, ""},
		{"a margin mode is a symbol's", ACCOUNT(FLAT("OneWay", "Merged", "10")),
			SETTING_MARGIN_MODE, "", 0, MARGIN_CROSS, ""},
	};
	return cr_make_param_array(struct setting_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct setting_row *row, phemex, changes_only_the_half_that_was_asked_for)
{
	struct err err = {0};
	char id[VENUE_ORDER_ID_SIZE];
	struct exchange_request request;
	struct exchange_setting setting = {
		.leverage = decimal_from_int(row->leverage), .margin_mode = row->margin_mode};
	setting.kind = row->kind;
	memcpy(setting.symbol, row->symbol, sizeof setting.symbol);
	say(POSITIONS, -1, row->account);
	say(LEVERAGE, -1, OK("\"OK\""));

	int result = adapter->prepare_setting(exchange, arena, &setting, &request, &err);
	cr_assert(eq(int, result, row->query[0] != '\0' ? 0 : -1), "%s: %s", row->because,
		err.message);
	if (result == -1)
		return;
	cr_assert(eq(int, exchange_send(exchange, &request, id, &err), 0), "%s", err.message);
	cr_expect(eq(str, fake_query(&venue, LEVERAGE), row->query), "%s", row->because);
	cr_expect(eq(str, id, ""));
}

Test(phemex, refuses_a_unified_account)
{
	struct err err = {0};
	struct exchange_identity identity;
	say(POSITIONS, -1, ACCOUNT(""));
	say(RISK_MODE, -1, OK("{\"riskMode\":\"MultiAsset\"}"));
	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), -1));
	cr_expect(eq(int, err.code, ERR_REFUSED));
	cr_expect(strstr(err.message, "multi-asset mode") != NULL, "%s", err.message);

	say(RISK_MODE, -1, OK("{\"riskMode\":\"Classic\"}"));
	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), 0), "%s", err.message);
	cr_expect(eq(str, identity.account_id, "12345"));
}

Test(phemex, says_if_it_cannot_tell_whether_an_account_is_unified)
{
	struct err err = {0};
	struct exchange_identity identity;
	say(POSITIONS, -1, ACCOUNT(""));

	cr_assert(eq(int, adapter->identity(exchange, &identity, &err), 0), "%s", err.message);
	cr_expect(strstr(identity.note, "unified") != NULL, "no such route: %s", identity.note);
}

Test(phemex, reads_a_ticker_and_when_funding_is_due_at_once)
{
	struct err err = {0};
	struct ticker ticker;
	say("/md/v3/ticker/24hr", -1,
		"{\"error\":null,\"id\":0,\"result\":{\"askRp\":\"2\",\"bidRp\":\"1\",\"lastRp\":"
		"\"1\",\"markRp\":\"1\",\"fundingRateRr\":\"0.0001\",\"symbol\":\"BTCUSDT\","
		"\"timestamp\":1700000000123456789}}");
	say("/contract-biz/public/real-funding-rates", -1,
		"[{\"symbol\":\"BTCUSDT\",\"nextfundingTime\":1700006400000}]");

	cr_assert(
		eq(int, adapter->ticker(exchange, "BTCUSDT", &ticker, &err), 0), "%s", err.message);
	cr_expect(eq(i64, ticker.market_ms, 1700000000123));
	cr_expect(eq(i64, ticker.next_funding_ms, 1700006400000));
}

Test(phemex, a_ticker_of_a_replayed_market_has_the_markets_time)
{
	struct err err = {0};
	struct ticker ticker;
	fake_say(&venue, &(struct fake_answer){.path = "/md/v3/ticker/24hr",
				 .times = -1,
				 .headers = "X-Market-Time: 1600000000000\n",
				 .body = "{\"error\":null,\"id\":0,\"result\":{\"askRp\":\"2\","
					 "\"bidRp\":\"1\",\"lastRp\":\"1\",\"markRp\":\"1\","
					 "\"fundingRateRr\":\"0.0001\",\"symbol\":\"BTCUSDT\","
					 "\"timestamp\":1700000000123456789}}"});
	fake_say(&venue,
		&(struct fake_answer){.path = "/contract-biz/public/real-funding-rates",
			.times = -1,
			.headers = "X-Market-Time: 1600000000000\n",
			.body = "[{\"symbol\":\"BTCUSDT\",\"nextfundingTime\":1700006400000}]"});

	cr_assert(
		eq(int, adapter->ticker(exchange, "BTCUSDT", &ticker, &err), 0), "%s", err.message);
	cr_expect(eq(i64, ticker.market_ms, 1600000000000));
}

Test(phemex, a_closed_candle_is_not_asked_for_again_before_the_next_has_closed)
{
	struct err err = {0};
	struct candle_list candles;
	int64_t age_ms;
	int64_t open_s = fake_server_ms(&venue) / DAY_MS * (DAY_MS / 1000) - DAY_MS / 1000;
	CLEANUP(text_free)
	char *body = mem_format(
		"{\"code\":0,\"msg\":\"OK\",\"data\":{\"total\":-1,\"rows\":[[%lld,86400,"
		"\"1\",\"1\",\"2\",\"1\",\"2\",\"5\",\"0\"]]}}",
		(long long)open_s);
	say("/exchange/public/md/v2/kline/last", -1, body);

	for (int i = 0; i < 3; i++) {
		cr_assert(eq(int,
				  exchange_closed_candles(exchange, arena, "BTCUSDT", DAY_MS, 5,
					  &candles, &age_ms, &err),
				  0),
			"%s", err.message);
		cr_assert(eq(sz, candles.count, 1));
		cr_expect(candles.items[0].closed);
	}
	cr_expect(eq(int, fake_arrivals(&venue, "/exchange/public/md/v2/kline/last"), 1));
	cr_expect(strstr(fake_query(&venue, "/exchange/public/md/v2/kline/last"),
			  "resolution=86400&limit=") != NULL);
}

Test(phemex, a_symbol_that_is_not_listed_is_named)
{
	struct err err = {0};
	struct rules rules;
	say("/public/products", -1, OK("{\"perpProductsV2\":[],\"leverageMargins\":[]}"));

	cr_assert(eq(int, adapter->rules(exchange, "NOSUCHUSDT", &rules, &err), -1));
	cr_expect(eq(int, err.code, ERR_INVALID));
	cr_expect(strstr(err.message, "no symbol NOSUCHUSDT") != NULL, "%s", err.message);
}
