/*
 * Golden requests: the worked examples of the fact sheet (exchanges.md 3.1 and 3.6), byte for
 * byte, and each signature once more by the openssl program, which shares no code with us but the
 * library.
 */
#include "core/base/cleanup.h"
#include "exchanges/phemex_request.h"
#include "exchanges/prepared.h"
#include "tests/exchanges/golden.h"

#include <criterion/parameterized.h>
#include <signal.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static const struct phemex_signer signer = {
	.base_url = BASE,
	.key = KEY,
	.secret = SECRET,
	.expiry_s = 1700000060,
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

TestSuite(phemex_request, .init = setup, .fini = teardown);

/* Path and query without '?', then the expiry: what stands in the URL is what was signed. */
static void expect_signed(const struct exchange_request *request)
{
	char text[2048], hex[65];
	const char *path = request->url + strlen(BASE);
	size_t path_size = strcspn(path, "?");
	const char *query = path[path_size] == '?' ? path + path_size + 1 : "";
	(void)snprintf(text, sizeof text, "%.*s%s1700000060", (int)path_size, path, query);
	openssl_digest(text, hex);

	cr_expect(eq(str, header(request, "x-phemex-request-signature"), hex));
	cr_expect(eq(str, header(request, "x-phemex-access-token"), KEY));
	cr_expect(eq(str, header(request, "x-phemex-request-expiry"), "1700000060"));
	cr_expect(eq(i64, request->expires_server_ms, 1700000060999));
	cr_expect(request->body == NULL, "everything stands in the query");
	expect_no_secret(request);
}

Test(phemex_request, signs_a_read)
{
	struct exchange_request request;

	phemex_request_get(&signer, arena, "/api-data/g-futures/orders/by-order-id",
		"symbol=BTCUSDT&clOrdID=bb-7f3a-29a1c-1", &request);

	cr_expect(eq(str, request.method, "GET"));
	cr_expect(eq(str, request.url,
		BASE "/api-data/g-futures/orders/by-order-id?symbol=BTCUSDT"
		     "&clOrdID=bb-7f3a-29a1c-1"));
	cr_expect(eq(str, header(&request, "x-phemex-request-signature"),
		"2bc8216fe6efaebd03e9dadbfbbec04b078db938227efa15facfc5c2dfef5045"));
	expect_signed(&request);
}

Test(phemex_request, a_body_is_signed_behind_the_expiry)
{
	static const char body[] =
		"{\"clOrdID\":\"bb-7f3a-29a1c-1\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\","
		"\"posSide\":\"Merged\",\"ordType\":\"Limit\",\"orderQtyRq\":\"0.010\","
		"\"priceRp\":\"49000.1\",\"timeInForce\":\"GoodTillCancel\"}";
	char hex[SIGN_HEX_SIZE], expected[65], text[512];

	phemex_request_sign(&signer, "/g-orders", "", body, hex);

	cr_expect(eq(sz, strlen(body), 170));
	cr_expect(eq(str, hex, "63f0fb8fd83da36c6937b3c05110a66e3cda910217012225922abeeae07d64b6"));
	(void)snprintf(text, sizeof text, "/g-orders1700000060%s", body);
	openssl_digest(text, expected);
	cr_expect(eq(str, hex, expected));
}

Test(phemex_request, a_public_read_has_no_headers)
{
	struct phemex_signer nobody = {.base_url = BASE};
	struct exchange_request request;

	phemex_request_get(&nobody, arena, "/public/time", "", &request);

	cr_expect(eq(str, request.url, BASE "/public/time"));
	cr_expect(request.headers[0] == NULL);
}

Test(phemex_request, expires_in_whole_seconds_and_in_time)
{
	cr_expect(eq(i64, phemex_request_expiry_s(1700000000000, 5000), 1700000005));
	cr_expect(eq(i64, phemex_request_expiry_s(1700000000001, 5000), 1700000006));
	cr_expect(eq(i64, phemex_request_expiry_s(1700000000999, 500), 1700000002),
		"a short window is not lost in the rounding");
}

Test(phemex_request, an_expiry_beyond_ten_seconds_is_our_own_mistake, .signal = SIGABRT)
{
	(void)phemex_request_expiry_s(1700000000000, 10001);
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

static struct exchange_request place(const struct order_request *order)
{
	struct exchange_request request;
	struct err err = {0};
	cr_assert(eq(int, phemex_request_place(&signer, arena, order, &request, &err), 0), "%s",
		err.message);
	return request;
}

Test(phemex_request, signs_a_limit_order)
{
	struct order_request order = limit_order();
	struct exchange_request request = place(&order);

	cr_expect(eq(str, request.method, "PUT"));
	cr_expect(eq(str, request.url,
		BASE "/g-orders/create?clOrdID=bb-7f3a-29a1c-1&symbol=BTCUSDT&side=Buy"
		     "&posSide=Merged&ordType=Limit&orderQtyRq=0.010&priceRp=49000.1"
		     "&timeInForce=GoodTillCancel"));
	cr_expect(eq(str, header(&request, "x-phemex-request-signature"),
		"9345790c110d5f6d6d12ec4c1f8d8006d083536e7335b8356dc9450f68232558"));
	cr_expect(eq(str, header(&request, "x-phemex-request-tracing"), "bb-7f3a-29a1c-1"));
	expect_signed(&request);
}

Test(phemex_request, signs_a_stop)
{
	struct order_request order = {
		.client_order_id = "bb-7f3a-29a1c-s1",
		.symbol = "BTCUSDT",
		.side = SIDE_SELL,
		.leg = LEG_LONG,
		.type = ORDER_STOP_MARKET,
		.quantity = decimal_literal("0.010"),
		.trigger_price = decimal_literal("47500.0"),
		.trigger_by = TRIGGER_MARK,
		.trigger_rising = false,
		.reduce_only = true,
		.close_on_trigger = true,
	};
	struct exchange_request request = place(&order);

	cr_expect(eq(str, request.url,
		BASE "/g-orders/create?clOrdID=bb-7f3a-29a1c-s1&symbol=BTCUSDT&side=Sell"
		     "&posSide=Long&ordType=Stop&orderQtyRq=0.010&stopPxRp=47500.0"
		     "&triggerType=ByMarkPrice&timeInForce=ImmediateOrCancel&reduceOnly=true"
		     "&closeOnTrigger=true"));
	cr_expect(eq(str, header(&request, "x-phemex-request-signature"),
		"bfa85a2c1f2041746e6c8942ac87647c1575d8b65f4f713498d10e8a238b3507"));
	expect_signed(&request);
}

struct query_row {
	char because[56];
	enum order_type type;
	enum side side;
	enum leg leg;
	enum time_in_force time_in_force;
	bool rising, reduce_only;
	char query[240];
};

#define START "clOrdID=bb-7f3a-29a1c-1&symbol=BTCUSDT&"
#define LIMIT "ordType=Limit&orderQtyRq=0.010&priceRp=49000.1&"

ParameterizedTestParameters(phemex_request, writes_orders)
{
	static struct query_row rows[] = {
		{"a market order has no price", ORDER_MARKET, SIDE_SELL, LEG_ONE_WAY, TIF_GTC,
			false, false,
			START "side=Sell&posSide=Merged&ordType=Market&orderQtyRq=0.010"
			      "&timeInForce=ImmediateOrCancel"},
		{"a hedged short closes by a buy of its leg", ORDER_MARKET, SIDE_BUY, LEG_SHORT,
			TIF_GTC, false, true,
			START "side=Buy&posSide=Short&ordType=Market&orderQtyRq=0.010"
			      "&timeInForce=ImmediateOrCancel&reduceOnly=true"},
		{"post-only is a time in force", ORDER_LIMIT, SIDE_BUY, LEG_LONG, TIF_POST_ONLY,
			false, false, START "side=Buy&posSide=Long&" LIMIT "timeInForce=PostOnly"},
		{"immediate or cancel", ORDER_LIMIT, SIDE_BUY, LEG_LONG, TIF_IOC, false, false,
			START "side=Buy&posSide=Long&" LIMIT "timeInForce=ImmediateOrCancel"},
		{"fill or kill", ORDER_LIMIT, SIDE_BUY, LEG_LONG, TIF_FOK, false, false,
			START "side=Buy&posSide=Long&" LIMIT "timeInForce=FillOrKill"},
		{"a buy that waits for a rise is a stop", ORDER_STOP_MARKET, SIDE_BUY, LEG_SHORT,
			TIF_GTC, true, true,
			START "side=Buy&posSide=Short&ordType=Stop&orderQtyRq=0.010"
			      "&stopPxRp=50000&triggerType=ByLastPrice"
			      "&timeInForce=ImmediateOrCancel&reduceOnly=true"},
		{"a buy that waits for a fall is none", ORDER_STOP_MARKET, SIDE_BUY, LEG_SHORT,
			TIF_GTC, false, true,
			START "side=Buy&posSide=Short&ordType=MarketIfTouched&orderQtyRq=0.010"
			      "&stopPxRp=50000&triggerType=ByLastPrice"
			      "&timeInForce=ImmediateOrCancel&reduceOnly=true"},
		{"a sale that waits for a rise is none", ORDER_STOP_MARKET, SIDE_SELL, LEG_LONG,
			TIF_GTC, true, true,
			START "side=Sell&posSide=Long&ordType=MarketIfTouched&orderQtyRq=0.010"
			      "&stopPxRp=50000&triggerType=ByLastPrice"
			      "&timeInForce=ImmediateOrCancel&reduceOnly=true"},
	};
	return cr_make_param_array(struct query_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct query_row *row, phemex_request, writes_orders)
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
	cr_expect(eq(str, strchr(request.url, '?') + 1, row->query), "%s", row->because);
	expect_signed(&request);
}

Test(phemex_request, a_cancel_names_the_leg)
{
	struct exchange_request request;
	struct err err = {0};

	cr_assert(eq(int,
		phemex_request_cancel(
			&signer, arena, "BTCUSDT", "bb-7f3a-29a1c-1", LEG_SHORT, &request, &err),
		0));
	cr_expect(eq(str, request.method, "DELETE"));
	cr_expect(eq(str, request.url,
		BASE "/g-orders/cancel?symbol=BTCUSDT&posSide=Short&clOrdID=bb-7f3a-29a1c-1"));
	expect_signed(&request);
}

Test(phemex_request, an_amend_names_only_what_changes)
{
	struct exchange_request request;
	struct err err = {0};
	struct exchange_amend amend = {
		.client_order_id = "bb-7f3a-29a1c-s1",
		.symbol = "BTCUSDT",
		.leg = LEG_ONE_WAY,
		.has_quantity = true,
		.has_trigger = true,
		.quantity = decimal_literal("0.020"),
		.trigger_price = decimal_literal("47600.0"),
	};

	cr_assert(eq(int, phemex_request_amend(&signer, arena, &amend, &request, &err), 0));
	cr_expect(eq(str, request.method, "PUT"));
	cr_expect(eq(str, request.url,
		BASE "/g-orders/replace?symbol=BTCUSDT&posSide=Merged&origClOrdID=bb-7f3a-29a1c-s1"
		     "&orderQtyRq=0.020&stopPxRp=47600.0"));
	expect_signed(&request);

	struct exchange_amend nothing = {.client_order_id = "a", .symbol = "BTCUSDT"};
	cr_expect(eq(int, phemex_request_amend(&signer, arena, &nothing, &request, &err), -1));
	cr_expect(eq(str, err.message, "amend: nothing to change"));
}

struct leverage_row {
	char because[48];
	enum position_mode mode;
	char leverage[8];
	char query[80];
};

ParameterizedTestParameters(phemex_request, writes_leverage)
{
	static struct leverage_row rows[] = {
		{"above 0 is isolated", POSITION_ONE_WAY, "20.00", "symbol=BTCUSDT&leverageRr=20"},
		{"below 0 is cross", POSITION_ONE_WAY, "-20", "symbol=BTCUSDT&leverageRr=-20"},
		{"hedged, both legs are named", POSITION_HEDGE, "-7.50",
			"symbol=BTCUSDT&longLeverageRr=-7.5&shortLeverageRr=-7.5"},
	};
	return cr_make_param_array(struct leverage_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct leverage_row *row, phemex_request, writes_leverage)
{
	struct exchange_request request;
	struct err err = {0};

	cr_assert(eq(int,
			  phemex_request_leverage(&signer, arena, "BTCUSDT", row->mode,
				  decimal_literal(row->leverage), &request, &err),
			  0),
		"%s", row->because);
	cr_expect(eq(str, strchr(request.url, '?') + 1, row->query), "%s", row->because);
	cr_expect(prepared_is(&request, PHEMEX_PATH_LEVERAGE));
	expect_signed(&request);
}

Test(phemex_request, the_position_mode_is_the_symbols)
{
	struct exchange_request request;
	struct err err = {0};

	cr_assert(eq(int,
		phemex_request_position_mode(
			&signer, arena, "BTCUSDT", POSITION_HEDGE, &request, &err),
		0));
	cr_expect(eq(str, request.url,
		BASE "/g-positions/switch-pos-mode-sync?symbol=BTCUSDT&targetPosMode=Hedged"));
	expect_signed(&request);
	cr_assert(eq(int,
		phemex_request_position_mode(
			&signer, arena, "BTCUSDT", POSITION_ONE_WAY, &request, &err),
		0));
	cr_expect(strstr(request.url, "targetPosMode=OneWay") != NULL);
}

Test(phemex_request, reads_back_its_own_parameters)
{
	struct order_request order = limit_order();
	struct exchange_request request = place(&order);
	char value[40], small[4];

	cr_assert(prepared_parameter(&request, "side", value, sizeof value));
	cr_expect(eq(str, value, "Buy"), "and not posSide");
	cr_assert(prepared_parameter(&request, "timeInForce", value, sizeof value));
	cr_expect(eq(str, value, "GoodTillCancel"), "the last one");
	cr_expect(not(prepared_parameter(&request, "stopPxRp", value, sizeof value)));
	cr_expect(not(prepared_parameter(&request, "symbol", small, sizeof small)));
	cr_expect(prepared_is(&request, PHEMEX_PATH_PLACE));
	cr_expect(not(prepared_is(&request, PHEMEX_PATH_CANCEL)));
}

struct refused_row {
	char because[48];
	char symbol[SYMBOL_SIZE];
	char client_order_id[CLIENT_ID_SIZE];
	char quantity[16];
	char price[16];
	char message[100];
};

ParameterizedTestParameters(phemex_request, refuses_what_phemex_could_not_take)
{
	static struct refused_row rows[] = {
		{"a symbol cannot smuggle a parameter", "BTC&x=1", "a", "1", "1",
			"symbol: unrecognized \"BTC&x=1\""},
		{"an id with a blank", "BTCUSDT", "a b", "1", "1",
			"client_order_id: \"a b\" is not 1 to 36 of [A-Za-z0-9_-]"},
		{"nothing is no quantity", "BTCUSDT", "a", "0.000", "1",
			"quantity: 0.000 is not above 0"},
		{"a limit order needs a price", "BTCUSDT", "a", "1", "-1",
			"price: -1 is not above 0"},
	};
	return cr_make_param_array(struct refused_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refused_row *row, phemex_request, refuses_what_phemex_could_not_take)
{
	struct exchange_request request;
	struct err err = {0};
	struct order_request order = limit_order();
	memcpy(order.symbol, row->symbol, sizeof order.symbol);
	memcpy(order.client_order_id, row->client_order_id, sizeof order.client_order_id);
	order.quantity = decimal_literal(row->quantity);
	order.price = decimal_literal(row->price);

	cr_expect(eq(int, phemex_request_place(&signer, arena, &order, &request, &err), -1), "%s",
		row->because);
	cr_expect(eq(int, err.code, ERR_INVALID), "%s", row->because);
	cr_expect(eq(str, err.message, row->message), "%s", row->because);
}
