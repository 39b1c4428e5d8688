/*
 * Golden requests: the worked examples of the fact sheet (exchanges.md 4.1 and 4.6), byte for
 * byte, and each signature once more by the openssl program, which shares no code with us but the
 * library.
 */
#include "core/base/cleanup.h"
#include "exchanges/bybit_request.h"
#include "tests/exchanges/golden.h"

#include <criterion/parameterized.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static const struct bybit_signer signer = {
	.base_url = BASE,
	.key = KEY,
	.secret = SECRET,
	.timestamp_ms = 1700000000000,
	.recv_window_ms = 5000,
};

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(4096, 65536);
}

static void teardown(void)
{
	arena_free(&arena);
}

TestSuite(bybit_request, .init = setup, .fini = teardown);

static void expect_signed(const struct exchange_request *request, const char *payload)
{
	char text[4096], hex[65];
	(void)snprintf(text, sizeof text, "1700000000000" KEY "5000%s", payload);
	openssl_digest(text, hex);
	cr_expect(eq(str, header(request, "X-BAPI-SIGN"), hex));
	cr_expect(eq(str, header(request, "X-BAPI-API-KEY"), KEY));
	cr_expect(eq(str, header(request, "X-BAPI-TIMESTAMP"), "1700000000000"));
	cr_expect(eq(str, header(request, "X-BAPI-RECV-WINDOW"), "5000"));
	cr_expect(eq(i64, request->expires_server_ms, 1700000005000));
	expect_no_secret(request);
}

Test(bybit_request, signs_a_read)
{
	static const char query[] = "category=linear&symbol=BTCUSDT&orderLinkId=bb-7f3a-29a1c-1";
	struct exchange_request request;

	bybit_request_get(&signer, arena, "/v5/order/realtime", query, &request);

	cr_expect(eq(str, request.method, "GET"));
	cr_expect(eq(str, request.url,
		BASE "/v5/order/realtime?category=linear&symbol=BTCUSDT"
		     "&orderLinkId=bb-7f3a-29a1c-1"));
	cr_expect(request.body == NULL, "a GET with a body is refused with 403");
	cr_expect(header(&request, "Content-Type") == NULL);
	cr_expect(eq(str, header(&request, "X-BAPI-SIGN"),
		"2eb7aebd2e302ead75677e4f896d0f8646fcfc26b6941e3983345c3597f6844f"));
	expect_signed(&request, query);
}

Test(bybit_request, a_public_read_has_no_headers)
{
	struct bybit_signer nobody = {.base_url = BASE, .recv_window_ms = 5000};
	struct exchange_request request;

	bybit_request_get(&nobody, arena, "/v5/market/time", "", &request);

	cr_expect(eq(str, request.url, BASE "/v5/market/time"));
	cr_expect(request.headers[0] == NULL);
}

static struct order_request limit_order(void)
{
	return (struct order_request){
		.client_order_id = "bb-7f3a-29a1c-1",
		.symbol = "BTCUSDT",
		.side = SIDE_BUY,
		.leg = LEG_ONE_WAY,
		.type = ORDER_LIMIT,
		.time_in_force = TIF_GTC,
		.quantity = decimal_literal("0.010"),
		.price = decimal_literal("49000.1"),
	};
}

static struct order_request stop_order(void)
{
	return (struct order_request){
		.client_order_id = "bb-7f3a-29a1c-s1",
		.symbol = "BTCUSDT",
		.side = SIDE_SELL,
		.leg = LEG_ONE_WAY,
		.type = ORDER_STOP_MARKET,
		.quantity = decimal_literal("0.010"),
		.trigger_price = decimal_literal("47500"),
		.trigger_by = TRIGGER_MARK,
		.trigger_rising = false,
		.reduce_only = true,
		.close_on_trigger = true,
	};
}

static struct exchange_request place(const struct order_request *order)
{
	struct exchange_request request;
	struct err err = {0};
	cr_assert(eq(int, bybit_request_place(&signer, arena, order, &request, &err), 0), "%s",
		err.message);
	return request;
}

Test(bybit_request, signs_a_limit_order)
{
	struct order_request order = limit_order();
	struct exchange_request request = place(&order);

	cr_expect(eq(str, request.method, "POST"));
	cr_expect(eq(str, request.url, BASE "/v5/order/create"));
	cr_expect(eq(str, request.body,
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\","
		"\"orderType\":\"Limit\",\"qty\":\"0.010\",\"price\":\"49000.1\","
		"\"timeInForce\":\"GTC\",\"positionIdx\":0,\"orderLinkId\":\"bb-7f3a-29a1c-1\"}"));
	cr_expect(eq(sz, request.body_size_bytes, 173));
	cr_expect(eq(str, header(&request, "Content-Type"), "application/json"));
	cr_expect(eq(str, header(&request, "X-BAPI-SIGN"),
		"f378cec5ebacc219b39455c9b1c1e0705062f634b7d64fc313f7ff1ddb6b8b7a"));
	expect_signed(&request, request.body);
}

Test(bybit_request, signs_a_conditional_order)
{
	struct order_request order = stop_order();
	struct exchange_request request = place(&order);

	cr_expect(eq(str, request.body,
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\","
		"\"orderType\":\"Market\",\"qty\":\"0.010\",\"triggerPrice\":\"47500\","
		"\"triggerDirection\":2,\"triggerBy\":\"MarkPrice\",\"positionIdx\":0,"
		"\"reduceOnly\":true,\"closeOnTrigger\":true,"
		"\"orderLinkId\":\"bb-7f3a-29a1c-s1\"}"));
	cr_expect(eq(sz, request.body_size_bytes, 246));
	cr_expect(eq(str, header(&request, "X-BAPI-SIGN"),
		"53660172fc35efe408412d49af3606b1956ebc1fbbe8faf937ea600aea9db4e4"));
	expect_signed(&request, request.body);
}

struct body_row {
	char because[56];
	enum order_type type;
	enum side side;
	enum leg leg;
	enum time_in_force time_in_force;
	bool rising, reduce_only;
	char body[320];
};

#define START "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
#define END "\"orderLinkId\":\"bb-7f3a-29a1c-1\"}"

ParameterizedTestParameters(bybit_request, writes_orders)
{
	static struct body_row rows[] = {
		{"a market order has no price and no time in force", ORDER_MARKET, SIDE_SELL,
			LEG_ONE_WAY, TIF_GTC, false, false,
			START "\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.010\","
			      "\"positionIdx\":0," END},
		{"a hedged long opens with index 1", ORDER_MARKET, SIDE_BUY, LEG_LONG, TIF_GTC,
			false, false,
			START "\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.010\","
			      "\"positionIdx\":1," END},
		{"a hedged short closes with index 2, reducing", ORDER_MARKET, SIDE_BUY, LEG_SHORT,
			TIF_GTC, false, true,
			START "\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.010\","
			      "\"positionIdx\":2,\"reduceOnly\":true," END},
		{"post-only is a time in force", ORDER_LIMIT, SIDE_BUY, LEG_ONE_WAY, TIF_POST_ONLY,
			false, false,
			START "\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.010\","
			      "\"price\":\"49000.1\",\"timeInForce\":\"PostOnly\",\"positionIdx\":"
			      "0," END},
		{"a short's stop rises to its trigger", ORDER_STOP_MARKET, SIDE_BUY, LEG_SHORT,
			TIF_GTC, true, true,
			START
			"\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.010\","
			"\"triggerPrice\":\"50000\",\"triggerDirection\":1,"
			"\"triggerBy\":\"LastPrice\",\"positionIdx\":2,\"reduceOnly\":true," END},
	};
	return cr_make_param_array(struct body_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct body_row *row, bybit_request, writes_orders)
{
	struct order_request order = limit_order();
	order.type = row->type;
	order.side = row->side;
	order.leg = row->leg;
	order.time_in_force = row->time_in_force;
	order.trigger_rising = row->rising;
	order.trigger_price = decimal_literal("50000");
	order.reduce_only = row->reduce_only;

	struct exchange_request request = place(&order);
	cr_expect(eq(str, request.body, row->body), "%s", row->because);
}

Test(bybit_request, writes_a_cancel)
{
	struct exchange_request request;
	struct err err = {0};

	cr_assert(eq(int,
		bybit_request_cancel(&signer, arena, "BTCUSDT", "bb-7f3a-29a1c-1", &request, &err),
		0));
	cr_expect(eq(str, request.url, BASE "/v5/order/cancel"));
	cr_expect(eq(str, request.body, "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\"," END));
	expect_signed(&request, request.body);
}

Test(bybit_request, an_amend_names_only_what_changes)
{
	struct exchange_request request;
	struct err err = {0};
	struct exchange_amend amend = {
		.client_order_id = "bb-7f3a-29a1c-s1",
		.symbol = "BTCUSDT",
		.has_quantity = true,
		.has_trigger = true,
		.quantity = decimal_literal("0.020"),
		.trigger_price = decimal_literal("47600.0"),
	};

	cr_assert(eq(int, bybit_request_amend(&signer, arena, &amend, &request, &err), 0));
	cr_expect(eq(str, request.url, BASE "/v5/order/amend"));
	cr_expect(eq(str, request.body,
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"bb-7f3a-29a1c-"
		"s1\","
		"\"qty\":\"0.020\",\"triggerPrice\":\"47600.0\"}"));

	struct exchange_amend nothing = {.client_order_id = "a", .symbol = "BTCUSDT"};
	cr_expect(eq(int, bybit_request_amend(&signer, arena, &nothing, &request, &err), -1));
	cr_expect(eq(str, err.message, "amend: nothing to change"));
}

struct setting_row {
	char because[48];
	struct exchange_setting setting;
	char url[64];
	char body[128];
};

ParameterizedTestParameters(bybit_request, writes_settings)
{
	static struct setting_row rows[] = {
		{"leverage is the same for both sides",
			{.kind = SETTING_LEVERAGE, .symbol = "BTCUSDT", .leverage = {1000, 2}},
			"/v5/position/set-leverage",
			"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"buyLeverage\":\"10\","
			"\"sellLeverage\":\"10\"}"},
		{"hedge mode is 3",
			{.kind = SETTING_POSITION_MODE,
				.symbol = "BTCUSDT",
				.position_mode = POSITION_HEDGE},
			"/v5/position/switch-mode",
			"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"mode\":3}"},
		{"one-way mode is 0",
			{.kind = SETTING_POSITION_MODE,
				.symbol = "BTCUSDT",
				.position_mode = POSITION_ONE_WAY},
			"/v5/position/switch-mode",
			"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"mode\":0}"},
		{"the margin mode is the account's",
			{.kind = SETTING_MARGIN_MODE, .margin_mode = MARGIN_ISOLATED},
			"/v5/account/set-margin-mode", "{\"setMarginMode\":\"ISOLATED_MARGIN\"}"},
		{"cross is regular margin",
			{.kind = SETTING_MARGIN_MODE, .margin_mode = MARGIN_CROSS},
			"/v5/account/set-margin-mode", "{\"setMarginMode\":\"REGULAR_MARGIN\"}"},
	};
	return cr_make_param_array(struct setting_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct setting_row *row, bybit_request, writes_settings)
{
	struct exchange_request request;
	struct err err = {0};

	cr_assert(eq(int, bybit_request_setting(&signer, arena, &row->setting, &request, &err), 0),
		"%s", row->because);
	cr_expect(eq(str, request.url + strlen(BASE), row->url), "%s", row->because);
	cr_expect(eq(str, request.body, row->body), "%s", row->because);
	expect_signed(&request, request.body);
}

struct refused_row {
	char because[48];
	char symbol[SYMBOL_SIZE];
	char client_order_id[CLIENT_ID_SIZE];
	char quantity[16];
	char price[16];
	char message[100];
};

ParameterizedTestParameters(bybit_request, refuses_what_bybit_could_not_take)
{
	static struct refused_row rows[] = {
		{"a symbol cannot smuggle a parameter", "BTC&x=1", "a", "1", "1",
			"symbol: unrecognized \"BTC&x=1\""},
		{"an empty symbol", "", "a", "1", "1", "symbol: unrecognized \"\""},
		{"an id with a quote", "BTCUSDT", "a\"b", "1", "1",
			"client_order_id: \"a\"b\" is not 1 to 36 of [A-Za-z0-9_-]"},
		{"an id of 37", "BTCUSDT", "1234567890123456789012345678901234567", "1", "1",
			"client_order_id: \"1234567890123456789012345678901234567\" is not 1 to 36 "
			"of "
			"[A-Za-z0-9_-]"},
		{"nothing is no quantity", "BTCUSDT", "a", "0.000", "1",
			"quantity: 0.000 is not above 0"},
		{"a limit order needs a price", "BTCUSDT", "a", "1", "-1",
			"price: -1 is not above 0"},
	};
	return cr_make_param_array(struct refused_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refused_row *row, bybit_request, refuses_what_bybit_could_not_take)
{
	struct exchange_request request;
	struct err err = {0};
	struct order_request order = limit_order();
	memcpy(order.symbol, row->symbol, sizeof order.symbol);
	memcpy(order.client_order_id, row->client_order_id, sizeof order.client_order_id);
	order.quantity = decimal_literal(row->quantity);
	order.price = decimal_literal(row->price);

	cr_expect(eq(int, bybit_request_place(&signer, arena, &order, &request, &err), -1), "%s",
		row->because);
	cr_expect(eq(int, err.code, ERR_INVALID), "%s", row->because);
	cr_expect(eq(str, err.message, row->message), "%s", row->because);
}
