#include "tests/simulator/client.h"
#include "tests/support/certificate.h"

/* Criterion compares char *, not const char *. */
#define WORD(text) ((char *)(uintptr_t)(text))

/* --- the door: signature, window, routes ---------------------------------------------------- */

struct door {
	char because[56];
	char method[8];
	char target[72];
	char body[72]; /* "": none */
	char key[16], secret[24];
	int shift_ms, window_ms;
	int code; /* -1: no envelope */
	int status;
};

#define INFO "/v5/account/info"
#define LEVERAGE "/v5/position/set-leverage"

ParameterizedTestParameters(api, answers_at_the_door)
{
	static struct door rows[] = {
		{"a signed request passes", "GET", INFO, "", "alice", "secret-of-alice", 0, 5000, 0,
			200},
		{"an unknown key", "GET", INFO, "", "carol", "secret-of-alice", 0, 5000, 10003,
			200},
		{"another's secret", "GET", INFO, "", "alice", "secret-of-bob", 0, 5000, 10004,
			200},
		{"a stamp before the window", "GET", INFO, "", "alice", "secret-of-alice", -5100,
			5000, 10002, 200},
		{"a long window lets it pass", "GET", INFO, "", "alice", "secret-of-alice", -5100,
			9000, 0, 200},
		{"a stamp a second ahead", "GET", INFO, "", "alice", "secret-of-alice", 1100, 5000,
			10002, 200},
		{"a little ahead passes", "GET", INFO, "", "alice", "secret-of-alice", 500, 5000, 0,
			200},
		{"a signed body", "POST", LEVERAGE, "{\"category\":\"linear\"}", "alice",
			"secret-of-alice", 0, 5000, 10001, 200},
		{"a body that is no JSON", "POST", LEVERAGE, "{\"category\":", "alice",
			"secret-of-alice", 0, 5000, 10001, 200},
		{"a body that is no object", "POST", LEVERAGE, "[1]", "alice", "secret-of-alice", 0,
			5000, 10001, 200},
		{"signature before body", "POST", LEVERAGE, "{", "alice", "nonsense", 0, 5000,
			10004, 200},
		{"no such route", "GET", "/v5/nothing", "", "alice", "secret-of-alice", 0, 5000,
			10017, 404},
		{"the wrong method", "GET", "/v5/order/create", "", "alice", "secret-of-alice", 0,
			5000, 10017, 404},
		{"public needs no key", "GET", "/v5/market/time", "", "nobody", "x", 0, 5000, 0,
			200},
		{"a symbol that is not there", "GET",
			"/v5/market/kline?category=linear&symbol=XUSDT&interval=1", "", "alice",
			"x", 0, 5000, 10001, 200},
		{"an interval that is not there", "GET",
			"/v5/market/kline?category=linear&symbol=BTCUSDT&interval=7", "", "alice",
			"x", 0, 5000, 10001, 200},
		{"a category that is not there", "GET",
			"/v5/market/tickers?category=spot&symbol=BTCUSDT", "", "alice", "x", 0,
			5000, 10001, 200},
		{"trading-stop is refused by name", "POST", "/v5/position/trading-stop", "{}",
			"alice", "secret-of-alice", 0, 5000, 10001, 200},
		{"a GET with a body", "GET", INFO, "{}", "alice", "secret-of-alice", 0, 5000, -1,
			403},
	};
	return cr_make_param_array(struct door, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct door *row, api, answers_at_the_door)
{
	struct client client;

	client_start(&client);
	(void)snprintf(client.key, sizeof client.key, "%s", row->key);
	(void)snprintf(client.secret, sizeof client.secret, "%s", row->secret);
	client.shift_ms = row->shift_ms;
	client.window_ms = row->window_ms;
	struct answer answer = client_send(
		&client, row->method, row->target, row->body[0] != '\0' ? row->body : NULL);
	cr_expect(answer.arrived, "%s: %s", row->because, answer.err.message);
	cr_expect(eq(i64, answer.code, row->code), "%s: %s", row->because, answer.message);
	cr_expect(eq(long, answer.status, row->status), "%s", row->because);
	answer_done(&answer);
	client_stop(&client);
}

/* --- what an order is refused for ----------------------------------------------------------- */

struct refusal {
	char because[48];
	char body[200]; /* after category and symbol */
	int code;
};

#define BUY "\"side\":\"Buy\",\"orderType\":\"Market\","
#define LIMIT "\"side\":\"Buy\",\"orderType\":\"Limit\","
#define STOP "\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.01\",\"reduceOnly\":true,"

ParameterizedTestParameters(api, refuses_an_order)
{
	static struct refusal rows[] = {
		{"a good market order", BUY "\"qty\":\"0.01\"", 0},
		{"a side that is not there",
			"\"side\":\"Hold\",\"orderType\":\"Market\",\"qty\":\"1\"", 10001},
		{"a type that is not there",
			"\"side\":\"Buy\",\"orderType\":\"Iceberg\",\"qty\":\"1\"", 10001},
		{"no quantity", "\"side\":\"Buy\",\"orderType\":\"Market\"", 10001},
		{"a quantity that is a number", BUY "\"qty\":0.01", 10001},
		{"a quantity with an exponent", BUY "\"qty\":\"1e-2\"", 10001},
		{"a quantity between lots", BUY "\"qty\":\"0.0015\"", 10001},
		{"a quantity beyond the maximum", BUY "\"qty\":\"501\"", 10001},
		{"a quantity below 0", BUY "\"qty\":\"-0.01\"", 10001},
		{"a limit order without a price", LIMIT "\"qty\":\"0.01\"", 10001},
		{"a price between ticks", LIMIT "\"qty\":\"0.01\",\"price\":\"19000.05\"", 110003},
		{"less than the least value", LIMIT "\"qty\":\"0.001\",\"price\":\"4000\"", 110094},
		{"more than the money there is", BUY "\"qty\":\"100\"", 110007},
		{"reduce-only when flat",
			"\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.01\","
			"\"reduceOnly\":true",
			110017},
		{"the leg of another mode", BUY "\"qty\":\"0.01\",\"positionIdx\":1", 10001},
		{"a rising trigger below the price",
			STOP "\"triggerPrice\":\"19000\",\"triggerDirection\":1", 110092},
		{"a falling trigger above the price",
			STOP "\"triggerPrice\":\"21000\",\"triggerDirection\":2", 110093},
		{"a trigger without direction", STOP "\"triggerPrice\":\"19000\"", 10001},
		{"a trigger on the index",
			STOP "\"triggerPrice\":\"19000\",\"triggerDirection\":2,\"triggerBy\":"
			     "\"IndexPrice\"",
			10001},
		{"a stop may stand before its position",
			STOP "\"triggerPrice\":\"19000\",\"triggerDirection\":2,\"triggerBy\":"
			     "\"MarkPrice\"",
			0},
		{"an id of 37 characters",
			BUY "\"qty\":\"0.01\",\"orderLinkId\":"
			    "\"1234567890123456789012345678901234567\"",
			10001},
		{"an id with a blank", BUY "\"qty\":\"0.01\",\"orderLinkId\":\"a b\"", 10001},
		{"an attached stop is not modelled", BUY "\"qty\":\"0.01\",\"stopLoss\":\"19000\"",
			10001},
		{"a time in force that is not there",
			LIMIT "\"qty\":\"0.01\",\"price\":\"19000\",\"timeInForce\":\"GTX\"",
			10001},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, api, refuses_an_order)
{
	struct client client;

	client_start(&client);
	struct answer answer = client_post(&client, "/v5/order/create",
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",%s}", row->body);
	cr_expect(eq(i64, answer.code, row->code), "%s: %s", row->because, answer.message);
	answer_done(&answer);
	struct answer ledger = client_get(&client, "/sim/ledger");
	const char *accepted = strstr(ledger.response->body, "\"event\":\"accepted\"");
	cr_expect(eq(int, accepted != NULL, row->code == 0), "%s: the ledger", row->because);
	answer_done(&ledger);
	client_stop(&client);
}

/* --- orders and what becomes of them -------------------------------------------------------- */

static struct client client;

static void setup(void)
{
	client_start(&client);
}

static void teardown(void)
{
	client_stop(&client);
}

TestSuite(api_orders, .init = setup, .fini = teardown);

#define CREATE "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
#define NAMED "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"%s\"%s}"
#define QUERY "?category=linear&symbol=BTCUSDT"

static void place(const char *id, const char *rest)
{
	POST_OK(&client, "/v5/order/create", CREATE "\"orderLinkId\":\"%s\",%s}", id, rest);
}

static void set_price(const char *last, const char *mark)
{
	POST_OK(&client, "/sim/price", "{\"symbol\":\"BTCUSDT\",\"last\":\"%s\",\"mark\":\"%s\"}",
		last, mark);
}

static void expect_order(
	const char *id, const char *member, const char *expected, const char *because)
{
	char target[160], path[64];

	(void)snprintf(target, sizeof target, "/v5/order/realtime" QUERY "&orderLinkId=%s", id);
	(void)snprintf(path, sizeof path, "list.0.%s", member);
	struct answer answer = client_get(&client, target);
	EXPECT_VALUE(&answer, path, expected, because);
	answer_done(&answer);
}

static void expect_at(
	const char *target, const char *path, const char *expected, const char *because)
{
	struct answer answer = client_get(&client, target);

	EXPECT_VALUE(&answer, path, expected, because);
	answer_done(&answer);
}

static void expect_rows(const char *target, size_t expected, const char *because)
{
	struct answer answer = client_get(&client, target);

	cr_expect(eq(sz, rows_of(&answer), expected), "%s", because);
	answer_done(&answer);
}

Test(api_orders, a_market_order_is_acknowledged_then_filled_and_booked)
{
	place("one", BUY "\"qty\":\"0.1\"");
	expect_order("one", "orderStatus", "Filled", "it was matched after the receipt");
	expect_order("one", "cumExecQty", "0.100", "all of it");
	expect_order("one", "avgPrice", "20000.1", "a taker buys one tick above last");
	expect_order("one", "timeInForce", "IOC", "a market order is always IOC");
	expect_at("/v5/execution/list" QUERY "&orderLinkId=one", "list.0.execFee", "1.1000055",
		"the taker's fee");
	expect_at("/v5/position/list" QUERY, "list.0.size", "0.100", "a position");
	expect_at("/v5/position/list" QUERY, "list.0.side", "Buy", "that is long");
	expect_at("/v5/account/wallet-balance?accountType=UNIFIED", "list.0.coin.0.walletBalance",
		"9998.8999945", "the wallet paid the fee");
	expect_at("/v5/account/transaction-log?accountType=UNIFIED", "list.0.change", "-1.1000055",
		"the book says so too");
}

Test(api_orders, an_id_is_used_once_for_ever)
{
	place("once", LIMIT "\"qty\":\"0.01\",\"price\":\"19000\"");
	POST_OK(&client, "/v5/order/cancel", NAMED, "once", "");
	expect_order("once", "orderStatus", "Cancelled", "it was cancelled");
	struct answer answer = client_post(&client, "/v5/order/create",
		CREATE "\"orderLinkId\":\"once\"," LIMIT "\"qty\":\"0.01\",\"price\":\"19000\"}");
	cr_expect(eq(i64, answer.code, 110072), "a cancelled order's id stays used");
	answer_done(&answer);
	client_as(&client, "bob");
	place("once", LIMIT "\"qty\":\"0.01\",\"price\":\"19000\"");
}

Test(api_orders, a_limit_order_fills_only_when_traded_through)
{
	place("rest", LIMIT "\"qty\":\"0.001\",\"price\":\"19900\"");
	expect_order("rest", "orderStatus", "New", "it rests");
	set_price("19900", "20000");
	expect_order("rest", "orderStatus", "New", "a touch is not a trade through it");
	set_price("19899.9", "20000");
	expect_order("rest", "orderStatus", "Filled", "now it is");
	expect_order("rest", "avgPrice", "19900", "at its own price");
	expect_at("/v5/execution/list" QUERY, "list.0.isMaker", "true", "as a maker");
	expect_at("/v5/execution/list" QUERY, "list.0.execFee", "0.00398", "with a maker's fee");
}

Test(api_orders, a_post_only_order_that_crosses_is_accepted_then_cancelled)
{
	place("maker", LIMIT "\"qty\":\"0.01\",\"price\":\"20100\",\"timeInForce\":\"PostOnly\"");
	expect_order("maker", "orderStatus", "Cancelled", "it would have taken");
	expect_order("maker", "rejectReason", "EC_PostOnlyWillTakeLiquidity", "and says why");
	expect_order("maker", "cumExecQty", "0.000", "nothing was filled");
}

Test(api_orders, a_market_order_beyond_the_volume_ends_cancelled_with_fills)
{
	place("big", BUY "\"qty\":\"4.5\"");
	expect_order("big", "orderStatus", "Cancelled", "the rest found nobody");
	struct answer answer = client_get(&client, "/v5/order/realtime" QUERY "&orderLinkId=big");
	cr_expect(ne(str, value_at(&answer, "list.0.cumExecQty"), WORD("0.000")),
		"but a part was filled");
	EXPECT_VALUE(&answer, "list.0.rejectReason", "EC_NoImmediateQtyToFill", "the reason");
	answer_done(&answer);
}

Test(api_orders, a_stop_fires_between_runs_on_the_price_it_names)
{
	place("open", BUY "\"qty\":\"0.01\"");
	place("last", STOP "\"triggerPrice\":\"19500\",\"triggerDirection\":2,"
			   "\"triggerBy\":\"LastPrice\"");
	place("mark", STOP "\"triggerPrice\":\"19600\",\"triggerDirection\":2,"
			   "\"triggerBy\":\"MarkPrice\"");
	expect_order("mark", "orderStatus", "Untriggered", "it waits");
	expect_order("mark", "stopOrderType", "Stop", "and is marked as a stop");
	expect_rows("/v5/order/realtime" QUERY "&orderFilter=StopOrder", 2, "both wait");
	expect_rows("/v5/order/realtime" QUERY "&orderFilter=Order", 0, "neither rests");
	set_price("19500.1", "19600.1");
	expect_order("last", "orderStatus", "Untriggered", "one tick before");
	set_price("19500.1", "19600");
	expect_order("mark", "orderStatus", "Filled", "the mark reached it");
	expect_order("mark", "triggerDirection", "2", "it is the same order");
	expect_at("/v5/position/list" QUERY, "list.0.side", "", "the position is closed");
	expect_at("/v5/position/closed-pnl" QUERY, "list.0.closedSize", "0.010", "and booked");
	set_price("19400", "19400");
	expect_order("last", "cumExecQty", "0.000", "the other stop fires into nothing");
}

Test(api_orders, a_closed_pnl_is_after_both_fees)
{
	place("in", BUY "\"qty\":\"0.1\"");
	set_price("20100", "20100");
	place("out",
		"\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.1\",\"reduceOnly\":true");
	/* 2010 - 2000.01 - 1.1000055 - 1.1055 */
	expect_at("/v5/position/closed-pnl" QUERY, "list.0.closedPnl", "7.7844945", "the result");
	expect_at("/v5/position/closed-pnl" QUERY, "list.0.side", "Sell", "of the closing order");
	expect_at("/v5/account/wallet-balance?accountType=UNIFIED", "list.0.coin.0.walletBalance",
		"10007.7844945", "is in the wallet");
}

Test(api_orders, a_cancel_that_comes_too_late_loses_to_the_fill)
{
	place("race", LIMIT "\"qty\":\"0.001\",\"price\":\"19900\"");
	set_price("19800", "19900");
	struct answer answer = client_post(&client, "/v5/order/cancel", NAMED, "race", "");
	cr_expect(eq(i64, answer.code, 110001), "it was filled before");
	answer_done(&answer);
	answer = client_post(&client, "/v5/order/cancel", NAMED, "never", "");
	cr_expect(eq(i64, answer.code, 110001), "an id that was never used is answered alike");
	answer_done(&answer);
}

Test(api_orders, an_amend_moves_price_quantity_and_trigger)
{
	place("move", LIMIT "\"qty\":\"0.01\",\"price\":\"19000\"");
	POST_OK(&client, "/v5/order/amend", NAMED, "move", ",\"price\":\"19100\",\"qty\":\"0.02\"");
	expect_order("move", "price", "19100.0", "the price");
	expect_order("move", "qty", "0.020", "the quantity");
	place("stop", STOP "\"triggerPrice\":\"19000\",\"triggerDirection\":2");
	POST_OK(&client, "/v5/order/amend", NAMED, "stop", ",\"triggerPrice\":\"19200\"");
	expect_order("stop", "triggerPrice", "19200.0", "the trigger");
	struct answer answer = client_post(
		&client, "/v5/order/amend", NAMED, "move", ",\"price\":\"19100\"");
	cr_expect(eq(i64, answer.code, 34040), "nothing to change: %s", answer.message);
	answer_done(&answer);
}

Test(api_orders, cancel_all_takes_what_its_filter_names)
{
	place("plain", LIMIT "\"qty\":\"0.01\",\"price\":\"19000\"");
	place("stop", STOP "\"triggerPrice\":\"19000\",\"triggerDirection\":2");
	POST_OK(&client, "/v5/order/cancel-all", CREATE "\"orderFilter\":\"StopOrder\"}");
	expect_order("stop", "orderStatus", "Deactivated", "the stop is gone");
	expect_order("plain", "orderStatus", "New", "the other stays");
	POST_OK(&client, "/v5/order/cancel-all", "%s",
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\"}");
	expect_order("plain", "orderStatus", "Cancelled", "without a filter all go");
	expect_rows("/v5/order/history" QUERY, 2, "history has both");
}

Test(api_orders, pages_follow_their_cursor_without_gap_or_repeat)
{
	char id[32], target[256];

	for (int i = 0; i < 7; i++) {
		(void)snprintf(id, sizeof id, "page-%d", i);
		place(id, LIMIT "\"qty\":\"0.001\",\"price\":\"19000\"");
	}
	(void)snprintf(target, sizeof target, "/v5/order/realtime" QUERY "&limit=3");
	int seen = 0;
	for (int page = 0; page < 3; page++) {
		struct answer answer = client_get(&client, target);
		for (size_t i = 0; i < rows_of(&answer); i++, seen++) {
			char path[40];
			(void)snprintf(id, sizeof id, "page-%d", 6 - seen);
			(void)snprintf(path, sizeof path, "list.%zu.orderLinkId", i);
			EXPECT_VALUE(&answer, path, id, "newest first");
		}
		(void)snprintf(target, sizeof target,
			"/v5/order/realtime" QUERY "&limit=3&cursor=%s",
			value_at(&answer, "nextPageCursor"));
		cr_expect(eq(int, value_at(&answer, "nextPageCursor")[0] == '\0', page == 2),
			"the last page has no cursor");
		answer_done(&answer);
	}
	cr_expect(eq(int, seen, 7));
	POST_OK(&client, "/v5/order/cancel-all", "%s",
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\"}");
	struct answer answer = client_get(&client, "/v5/order/history" QUERY "&limit=5");
	cr_expect(eq(sz, rows_of(&answer), 5));
	(void)snprintf(target, sizeof target, "/v5/order/history" QUERY "&limit=5&cursor=%s",
		value_at(&answer, "nextPageCursor"));
	answer_done(&answer);
	expect_rows(target, 2, "the rest of the history");
}

/* --- accounts ------------------------------------------------------------------------------- */

static int64_t code_of(const char *path, const char *body)
{
	struct answer answer = client_send(&client, "POST", path, body);
	int64_t code = answer.code;

	answer_done(&answer);
	return code;
}

Test(api_orders, hedge_mode_has_two_legs_that_close_each_by_itself)
{
	cr_expect(eq(i64, code_of("/v5/position/switch-mode", CREATE "\"mode\":0}"), 110025),
		"one-way already");
	POST_OK(&client, "/v5/position/switch-mode", CREATE "\"mode\":3}");
	place("long", BUY "\"qty\":\"0.02\",\"positionIdx\":1");
	place("short",
		"\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.01\",\"positionIdx\":2");
	struct answer answer = client_get(&client, "/v5/position/list" QUERY);
	EXPECT_VALUE(&answer, "list.0.positionIdx", "1", "the long leg");
	EXPECT_VALUE(&answer, "list.0.size", "0.020", "the long leg");
	EXPECT_VALUE(&answer, "list.1.positionIdx", "2", "the short leg");
	EXPECT_VALUE(&answer, "list.1.side", "Sell", "the short leg");
	answer_done(&answer);
	cr_expect(eq(i64, code_of("/v5/position/switch-mode", CREATE "\"mode\":0}"), 110024),
		"not with a position");
	place("out", "\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.01\",\"positionIdx\":2,"
		     "\"reduceOnly\":true");
	answer = client_get(&client, "/v5/position/list" QUERY);
	EXPECT_VALUE(&answer, "list.0.size", "0.020", "the long leg stays");
	EXPECT_VALUE(&answer, "list.1.size", "0.000", "the short one is closed");
	EXPECT_VALUE(&answer, "list.1.side", "", "flat legs have no side");
	answer_done(&answer);
	answer = client_get(&client, "/v5/position/list?category=linear&settleCoin=USDT");
	cr_expect(eq(sz, rows_of(&answer), 1), "by coin only legs that are held");
	answer_done(&answer);
	struct answer wrong = client_post(
		&client, "/v5/order/create", CREATE BUY "\"qty\":\"0.01\",\"positionIdx\":0}");
	cr_expect(eq(i64, wrong.code, 10001));
	cr_expect(eq(str, wrong.message, WORD("position idx not match position mode")));
	answer_done(&wrong);
}

Test(api_orders, settings_say_when_they_are_already_so)
{
	static const char both[] = CREATE "\"buyLeverage\":\"20\",\"sellLeverage\":\"20\"}";

	cr_expect(eq(i64, code_of("/v5/position/set-leverage", both), 0));
	cr_expect(eq(i64, code_of("/v5/position/set-leverage", both), 110043));
	expect_at("/v5/position/list" QUERY, "list.0.leverage", "20", "it is set");
	cr_expect(eq(i64,
		code_of("/v5/position/set-leverage",
			CREATE "\"buyLeverage\":\"101\",\"sellLeverage\":\"101\"}"),
		110013));
	cr_expect(eq(i64,
		code_of("/v5/account/set-margin-mode", "{\"setMarginMode\":\"ISOLATED_MARGIN\"}"),
		0));
	expect_at("/v5/account/info", "marginMode", "ISOLATED_MARGIN", "it is set");
	expect_at("/v5/account/wallet-balance?accountType=UNIFIED", "list.0.totalAvailableBalance",
		"", "the account-wide figures go");
	place("open", BUY "\"qty\":\"0.01\"");
	cr_expect(eq(i64,
		code_of("/v5/account/set-margin-mode", "{\"setMarginMode\":\"REGULAR_MARGIN\"}"),
		3400045));
}

Test(api_orders, funding_is_paid_on_the_market_clock_and_told_twice_with_opposite_signs)
{
	place("open", BUY "\"qty\":\"0.1\"");
	/* 8:00 market time is 480 minutes after the start. */
	POST_OK(&client, "/sim/clock", "{\"advance_ms\":28800000}");
	expect_at("/v5/execution/list" QUERY "&execType=Funding", "list.0.feeRate", "0.0001",
		"the rate");
	struct answer fill = client_get(&client, "/v5/execution/list" QUERY "&execType=Funding");
	struct answer book = client_get(
		&client, "/v5/account/transaction-log?accountType=UNIFIED&type=SETTLEMENT");
	char *paid = value_at(&fill, "list.0.execFee");
	char *received = value_at(&book, "list.0.funding");
	cr_expect(eq(chr, received[0], '-'), "a long pays at a positive rate: %s", received);
	cr_expect(eq(str, paid, received + 1));
	answer_done(&fill);
	answer_done(&book);
}

Test(api_orders, a_liquidation_ends_the_position_with_a_fill_that_says_so)
{
	POST_OK(&client, "/v5/position/set-leverage",
		CREATE "\"buyLeverage\":\"100\",\"sellLeverage\":\"100\"}");
	for (int i = 0; i < 4; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "in-%d", i);
		place(id, BUY "\"qty\":\"1\"");
		POST_OK(&client, "/sim/clock", "{\"advance_ms\":60000}");
	}
	set_price("10000", "10000");
	expect_at("/v5/execution/list" QUERY "&execType=BustTrade", "list.0.createType",
		"CreateByTakeOver_PassThrough", "taken over");
	expect_at("/v5/execution/list" QUERY "&execType=BustTrade", "list.0.orderLinkId", "",
		"without an id of ours");
	expect_at("/v5/position/list" QUERY, "list.0.side", "", "flat");
}

Test(api_orders, a_hand_trade_and_an_adl_are_the_users_and_the_venues)
{
	POST_OK(&client, "/sim/trade",
		"{\"key\":\"alice\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"qty\":\"0.05\"}");
	expect_at("/v5/position/list" QUERY, "list.0.size", "0.050", "at once");
	expect_at("/v5/execution/list" QUERY, "list.0.orderLinkId", "", "without an id");
	POST_OK(&client, "/sim/force",
		"{\"key\":\"alice\",\"symbol\":\"BTCUSDT\",\"qty\":\"0.02\",\"price\":\"19000\","
		"\"kind\":\"adl\"}");
	expect_at("/v5/execution/list" QUERY, "list.0.execType", "AdlTrade", "an ADL fill");
	expect_at("/v5/position/list" QUERY, "list.0.size", "0.030", "closes a part");
}

Test(api_orders, the_key_tells_its_account_and_rights)
{
	expect_at("/v5/user/query-api", "userID", "100000001", "the first account");
	expect_at("/v5/user/query-api", "permissions.ContractTrade.0", "Order", "may trade");
	expect_at("/v5/user/query-api", "permissions.Wallet", "[]", "may not withdraw");
	client_as(&client, "bob");
	expect_at("/v5/user/query-api", "userID", "100000002", "the second");
	expect_rows("/v5/order/realtime" QUERY, 0, "nobody sees another's orders");
}

/* --- the market ----------------------------------------------------------------------------- */

Test(api_orders, candles_are_newest_first_and_the_first_is_unfinished)
{
	POST_OK(&client, "/sim/clock", "{\"advance_ms\":90000}");
	struct answer answer = client_get(&client, "/v5/market/kline" QUERY "&interval=1&limit=3");
	char open_ms[24];
	(void)snprintf(open_ms, sizeof open_ms, "%" PRId64, START_MS + 60000);
	EXPECT_VALUE(&answer, "list.0.0", open_ms, "the minute that runs");
	(void)snprintf(open_ms, sizeof open_ms, "%" PRId64, START_MS);
	EXPECT_VALUE(&answer, "list.1.0", open_ms, "the minute before");
	EXPECT_VALUE(&answer, "list.1.2", "20010.0", "its high is the file's");
	EXPECT_VALUE(&answer, "list.1.3", "19990.0", "its low too");
	EXPECT_VALUE(&answer, "list.1.5", "50", "its volume too");
	answer_done(&answer);
	struct answer days = client_get(&client, "/v5/market/kline" QUERY "&interval=D");
	cr_expect(eq(sz, rows_of(&days), 1), "a day that the file cuts is not served");
	answer_done(&days);
}

Test(api_orders, the_market_halts_at_the_end_and_still_has_its_last_price)
{
	POST_OK(&client, "/sim/clock", "{\"advance_ms\":86400000}");
	struct answer clock = client_get(&client, "/sim/clock");
	EXPECT_VALUE(&clock, "halted", "true", "the file has ended");
	EXPECT_VALUE(
		&clock, "market_ms", value_at(&clock, "end_ms"), "the clock stands at its end");
	answer_done(&clock);
	struct answer ticker = client_get(&client, "/v5/market/tickers" QUERY);
	char halted[8] = "";
	EXPECT_VALUE(&ticker, "list.0.lastPrice", "20000.0", "the last close");
	cr_expect(http_header(ticker.response, "X-Market-Halted", halted, sizeof halted));
	answer_done(&ticker);
	POST_OK(&client, "/sim/clock", "{\"advance_ms\":60000}");
	place("after", BUY "\"qty\":\"0.01\"");
	expect_order("after", "orderStatus", "Filled", "orders are still matched");
}

Test(api_orders, rules_and_tiers_are_the_brokers)
{
	expect_at("/v5/market/instruments-info" QUERY, "list.0.lotSizeFilter.qtyStep", "0.001",
		"lot");
	expect_at(
		"/v5/market/instruments-info" QUERY, "list.0.priceFilter.tickSize", "0.1", "tick");
	expect_at("/v5/market/instruments-info" QUERY, "list.0.fundingInterval", "480", "minutes");
	expect_at(
		"/v5/market/risk-limit" QUERY, "list.0.mmDeduction", "", "none on the first tier");
	expect_at("/v5/market/risk-limit" QUERY, "list.1.mmDeduction", "10000",
		"2,000,000 x (1 % - 0.5 %)");
	expect_at("/v5/market/risk-limit" QUERY, "list.2.mmDeduction", "60000",
		"10,000,000 x (1.5 % - 1 %) + 10,000");
}

/* --- misbehaviour, limits, ledger ----------------------------------------------------------- */

struct spoilt {
	char because[48];
	char kind[16];
	bool arrives; /* a reply that can be read */
	int status;
	bool executed;
};

ParameterizedTestParameters(api_faults, spoil_one_request)
{
	static struct spoilt rows[] = {
		{"refused before executing", "error_before", true, 502, false},
		{"refused after executing", "error_after", true, 502, true},
		{"cut before executing", "cut_before", false, 0, false},
		{"cut after executing", "cut_after", false, 0, true},
		{"silent, then cut, after executing", "silent_after", false, 0, true},
		{"refused in the venue's words", "refuse", true, 200, false},
		{"half a body", "truncate", false, 0, true},
		{"HTML in place of JSON", "garbage", true, 200, true},
		{"late, and whole", "latency", true, 200, true},
	};
	return cr_make_param_array(struct spoilt, rows, sizeof rows / sizeof rows[0]);
}

/* The connection is a reused one: requests before went over it. */
ParameterizedTest(struct spoilt *row, api_faults, spoil_one_request)
{
	client_start(&client);
	POST_OK(&client, "/sim/faults",
		"{\"kind\":\"%s\",\"path\":\"/v5/order/create\",\"delay_ms\":20}", row->kind);
	struct answer answer = client_post(&client, "/v5/order/create",
		CREATE "\"orderLinkId\":\"spoilt\"," BUY "\"qty\":\"0.01\"}");
	cr_expect(
		eq(int, answer.arrived, row->arrives), "%s: %s", row->because, answer.err.message);
	if (!answer.arrived)
		cr_expect(eq(int, (int)answer.err.retry, ERR_RETRY_ASK), "%s", row->because);
	else
		cr_expect(eq(long, answer.status, row->status), "%s", row->because);
	answer_done(&answer);

	struct answer state = client_get(&client, "/sim/state");
	EXPECT_VALUE(&state, "requests./v5/order/create", "1", row->because);
	answer_done(&state);
	expect_rows("/v5/execution/list" QUERY "&orderLinkId=spoilt", row->executed ? 1 : 0,
		row->because);
	place("next", BUY "\"qty\":\"0.01\"");
	client_stop(&client);
}

Test(api_limits, the_eleventh_order_of_a_second_is_refused_and_headers_count_down)
{
	struct instrument instrument;
	char text[32];

	client = (struct client){0};
	struct simulator_options options = client_options(&client, &instrument);
	options.no_account_limits = false;
	client_start_with(&client, &options);
	struct answer first = client_get(&client, "/v5/account/info");
	cr_expect(http_header(first.response, "X-Bapi-Limit", text, sizeof text));
	cr_expect(eq(str, text, WORD("50")));
	cr_expect(http_header(first.response, "X-Bapi-Limit-Status", text, sizeof text));
	cr_expect(eq(str, text, WORD("49")));
	cr_expect(http_header(first.response, "X-Bapi-Limit-Reset-Timestamp", text, sizeof text));
	answer_done(&first);
	int refused = 0;
	/* Two windows' worth and one more: whatever the machine's speed, one second has too many.
	 */
	for (int i = 0; i < 200 && refused == 0; i++) {
		struct answer answer = client_post(&client, "/v5/order/cancel", NAMED, "none", "");
		refused += answer.code == 10006;
		answer_done(&answer);
	}
	cr_expect(eq(int, refused, 1));
	client_stop(&client);
}

Test(api_limits, an_address_that_asks_too_often_is_banned)
{
	struct instrument instrument;

	client = (struct client){0};
	struct simulator_options options = client_options(&client, &instrument);
	options.ip_limit = 3;
	client_start_with(&client, &options);
	for (int i = 0; i < 3; i++)
		expect_at("/v5/account/info", "dcpStatus", "OFF", "within the limit");
	struct answer answer = client_get(&client, "/v5/market/time");
	cr_expect(eq(long, answer.status, 403));
	answer_done(&answer);
	client_stop(&client);
}

Test(api_orders, the_ledger_has_what_really_happened)
{
	place("seen", BUY "\"qty\":\"0.01\"");
	expect_order("seen", "orderStatus", "Filled", "done");
	struct answer ledger = client_get(&client, "/sim/ledger?key=alice");
	const char *text = ledger.response->body;
	cr_expect(ne(ptr, (void *)(uintptr_t)strstr(text, "\"event\":\"accepted\""), NULL));
	cr_expect(ne(ptr, (void *)(uintptr_t)strstr(text, "\"event\":\"fill\""), NULL));
	cr_expect(ne(ptr, (void *)(uintptr_t)strstr(text, "\"client_order_id\":\"seen\""), NULL));
	answer_done(&ledger);
	ledger = client_get(&client, "/sim/ledger?key=bob");
	cr_expect(eq(ptr, (void *)(uintptr_t)strstr(ledger.response->body, "seen"), NULL),
		"another's lines are left out");
	answer_done(&ledger);
}

/* --- starting ------------------------------------------------------------------------------- */

Test(api_start, serves_https_with_the_certificate_given)
{
	struct certificate certificate;
	struct instrument instrument;

	client = (struct client){0};
	certificate_make("127.0.0.1", &certificate);
	struct simulator_options options = client_options(&client, &instrument);
	options.tls_certificate_file = certificate.certificate_file;
	options.tls_key_file = certificate.key_file;
	client_start_with(&client, &options);
	http_free(&client.http);
	client.http = http_new(&(struct http_options){
		.user_agent = "test", .ca_file = certificate.certificate_file});
	cr_expect(zero(int, strncmp(client.url, "https://", 8)), "%s", client.url);
	expect_at("/v5/user/query-api", "userID", "100000001", "signed, over TLS");
	client_stop(&client);
	certificate_remove(&certificate);
}

Test(api_start, the_ledger_file_has_every_line)
{
	struct instrument instrument;
	char path[] = "/tmp/botbeat-ledger-XXXXXX";
	char line[4096];
	int lines = 0;

	client = (struct client){0};
	int fd = mkstemp(path);
	struct simulator_options options = client_options(&client, &instrument);
	options.ledger_file = path;
	client_start_with(&client, &options);
	place("written", BUY "\"qty\":\"0.01\"");
	expect_order("written", "orderStatus", "Filled", "done");
	struct answer state = client_get(&client, "/sim/state");
	FILE *file = fdopen(fd, "r");
	while (fgets(line, sizeof line, file) != NULL)
		lines++;
	(void)fclose(file);
	cr_expect(eq(int, lines, atoi(value_at(&state, "ledger_lines"))));
	cr_expect(gt(int, lines, 3));
	answer_done(&state);
	client_stop(&client);
	(void)unlink(path);
}

struct wrong {
	char because[40];
	char error[48];
	int part; /* which option is spoilt */
};

ParameterizedTestParameters(api_start, refuses_options)
{
	static struct wrong rows[] = {
		{"no candles", "1 to 16 symbols", 0},
		{"no account", "no account", 1},
		{"a certificate without a key", "both a certificate and a key", 2},
		{"an address that is none", "127.0.0.1", 3},
		{"a start outside the file", "outside the candle files", 4},
		{"a symbol twice", "BTCUSDT is there twice", 5},
		{"a ledger that cannot be opened", "/nowhere/ledger", 6},
	};
	return cr_make_param_array(struct wrong, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct wrong *row, api_start, refuses_options)
{
	struct instrument instruments[2];
	struct simulator *simulator = NULL;
	struct err err = {.message = ""};

	client = (struct client){0};
	struct simulator_options options = client_options(&client, instruments);
	instruments[1] = instruments[0];
	options.instrument_count = row->part == 0 ? 0 : row->part == 5 ? 2 : 1;
	options.account_count = row->part == 1 ? 0 : 2;
	options.tls_certificate_file = row->part == 2 ? "cert.pem" : NULL;
	options.listen = row->part == 3 ? "127.0.0.1" : "127.0.0.1:0";
	options.start_ms = row->part == 4 ? 60000 : START_MS;
	options.ledger_file = row->part == 6 ? "/nowhere/ledger" : NULL;
	cr_expect(eq(int, simulator_start(&options, &simulator, &err), -1), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->error), NULL), "%s: %s", row->because,
		err.message);
	cr_expect(eq(ptr, simulator, NULL));
	(void)unlink(client.file);
}

Test(api_start, admin_routes_exist_on_loopback_only)
{
	struct instrument instrument;

	client = (struct client){0};
	struct simulator_options options = client_options(&client, &instrument);
	options.listen = "0.0.0.0:0";
	client_start_with(&client, &options);
	(void)snprintf(client.url, sizeof client.url, "http://127.0.0.1:%d",
		simulator_port(client.simulator));
	struct answer answer = client_get(&client, "/sim/ledger");
	cr_expect(eq(long, answer.status, 404));
	answer_done(&answer);
	expect_at("/v5/user/query-api", "userID", "100000001", "the venue itself is there");
	client_stop(&client);
}
