/*
 * Golden requests: the worked examples of the fact sheet (exchanges.md 5.1 and 5.6), byte for
 * byte, the venue's own published pair of text and signature, and each signature once more by the
 * openssl program, which shares no code with us but the library.
 */
#include "core/base/cleanup.h"
#include "core/io/sign.h"
#include "exchanges/binance_request.h"
#include "exchanges/prepared.h"
#include "tests/exchanges/golden.h"

#include <criterion/parameterized.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define END "&recvWindow=5000&timestamp=1700000000000"

static const struct binance_signer signer = {
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

TestSuite(binance_request, .init = setup, .fini = teardown);

/*
 * Method and path, and in the query, or of a POST in the body, the parameters with time, window
 * and, last, the signature of what stands before it.
 */
static void expect_request(const struct exchange_request *request, const char *method,
	const char *path, const char *parameters)
{
	char text[1024], hex[65], whole[1200], url[1400];
	(void)snprintf(
		text, sizeof text, "%s%s", parameters, parameters[0] != '\0' ? END : END + 1);
	openssl_digest(text, hex);
	(void)snprintf(whole, sizeof whole, "%s&signature=%s", text, hex);
	bool posts = strcmp(method, "POST") == 0;
	(void)snprintf(url, sizeof url, BASE "%s%s%s", path, posts ? "" : "?", posts ? "" : whole);

	cr_expect(eq(str, request->method, method));
	cr_expect(eq(str, request->url, url));
	if (posts) {
		cr_expect(eq(str, request->body, whole));
		cr_expect(eq(sz, request->body_size_bytes, strlen(whole)));
		cr_expect(eq(
			str, header(request, "Content-Type"), "application/x-www-form-urlencoded"));
	} else {
		cr_expect(request->body == NULL, "no body beside a query");
		cr_expect(header(request, "Content-Type") == NULL);
	}
	cr_expect(eq(str, header(request, "X-MBX-APIKEY"), KEY));
	cr_expect(eq(i64, request->expires_server_ms, 1700000005000));
	cr_expect(not(request->used));
	expect_no_secret(request);
}

Test(binance_request, signs_as_the_venues_own_example)
{
	static const char secret[] =
		"2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
	static const char text[] =
		"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
		"&recvWindow=5000&timestamp=1591702613943";
	const struct binance_signer theirs = {
		.base_url = BASE,
		.key = KEY,
		.secret = secret,
		.timestamp_ms = 1591702613943,
		.recv_window_ms = 5000,
	};
	struct exchange_request request;

	binance_request_get(&theirs, arena, "/fapi/v1/order",
		"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC",
		&request);
	const char *query = strchr(request.url, '?') + 1;
	cr_expect(strncmp(query, text, strlen(text)) == 0, "%s", query);
	cr_expect(eq(str, query + strlen(text),
		"&signature=3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"));
}

Test(binance_request, signs_a_read)
{
	struct exchange_request request;

	binance_request_get(&signer, arena, "/fapi/v1/order",
		"symbol=BTCUSDT&origClientOrderId=bb-7f3a-29a1c-1", &request);

	expect_request(&request, "GET", "/fapi/v1/order",
		"symbol=BTCUSDT&origClientOrderId=bb-7f3a-29a1c-1");
	cr_expect(strstr(request.url, "&signature=337838e7b963d2546b6f4364e5aaa4f3ca395b0e00e886f1"
				      "25f31deecbc55a38") != NULL,
		"%s", request.url);
}

Test(binance_request, signs_a_read_without_parameters)
{
	struct exchange_request request;

	binance_request_get(&signer, arena, "/fapi/v3/account", "", &request);
	expect_request(&request, "GET", "/fapi/v3/account", "");
}

Test(binance_request, a_public_read_has_no_headers)
{
	struct binance_signer nobody = {.base_url = BASE};
	struct exchange_request request;

	binance_request_get(&nobody, arena, "/fapi/v1/time", "", &request);
	cr_expect(eq(str, request.url, BASE "/fapi/v1/time"));
	cr_expect(request.headers[0] == NULL);
	binance_request_get(&nobody, arena, "/fapi/v1/premiumIndex", "symbol=BTCUSDT", &request);
	cr_expect(eq(str, request.url, BASE "/fapi/v1/premiumIndex?symbol=BTCUSDT"));
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
	cr_assert(eq(int, binance_request_place(&signer, arena, order, &request, &err), 0), "%s",
		err.message);
	return request;
}

Test(binance_request, signs_a_limit_order)
{
	struct order_request order = limit_order();
	struct exchange_request request = place(&order);

	expect_request(&request, "POST", "/fapi/v1/order",
		"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.010&price=49000.1"
		"&newClientOrderId=bb-7f3a-29a1c-1&newOrderRespType=RESULT");
	cr_expect(strstr(request.body,
			  "&signature=6fea3ebc6210eb1c84e31a5501d1800fcf1faf32ecebc62cf21c323047ff4"
			  "4b0") != NULL,
		"%s", request.body);
}

Test(binance_request, signs_a_stop)
{
	struct order_request order = {
		.client_order_id = "bb-7f3a-29a1c-s1",
		.symbol = "BTCUSDT",
		.side = SIDE_SELL,
		.leg = LEG_ONE_WAY,
		.type = ORDER_STOP_MARKET,
		.quantity = decimal_literal("0.010"),
		.trigger_price = decimal_literal("47500.0"),
		.trigger_by = TRIGGER_MARK,
		.reduce_only = true,
		.close_on_trigger = true,
	};
	struct exchange_request request = place(&order);

	expect_request(&request, "POST", "/fapi/v1/algoOrder",
		"algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP_MARKET"
		"&triggerPrice=47500.0&workingType=MARK_PRICE&quantity=0.010&reduceOnly=true"
		"&clientAlgoId=bb-7f3a-29a1c-s1");
	cr_expect(strstr(request.body,
			  "&signature=11596af582dcfbee968b52f6f5fbcbb1fb97c40129187c5c8ffd40d46e022"
			  "8d7") != NULL,
		"%s", request.body);
}

struct order_row {
	char because[56];
	enum order_type type;
	enum side side;
	enum leg leg;
	enum time_in_force time_in_force;
	bool rising, reduce_only;
	char path[24];
	char body[240];
};

#define PLAIN "/fapi/v1/order"
#define ALGO "/fapi/v1/algoOrder"
#define TAIL "&newClientOrderId=bb-7f3a-29a1c-1&newOrderRespType=RESULT"
#define STOP(side, leg, type, reduce)                                                              \
	"algoType=CONDITIONAL&symbol=BTCUSDT&side=" side leg "&type=" type                         \
	"&triggerPrice=50000&workingType=CONTRACT_PRICE&quantity=0.010" reduce                     \
	"&clientAlgoId=bb-7f3a-29a1c-1"

ParameterizedTestParameters(binance_request, writes_orders)
{
	static struct order_row rows[] = {
		{"a market order has no price", ORDER_MARKET, SIDE_SELL, LEG_ONE_WAY, TIF_GTC,
			false, false, PLAIN,
			"symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.010" TAIL},
		{"a reduction says so in one-way mode", ORDER_MARKET, SIDE_SELL, LEG_ONE_WAY,
			TIF_GTC, false, true, PLAIN,
			"symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.010&reduceOnly=true" TAIL},
		{"and must not in hedge mode", ORDER_MARKET, SIDE_BUY, LEG_SHORT, TIF_GTC, false,
			true, PLAIN,
			"symbol=BTCUSDT&side=BUY&positionSide=SHORT&type=MARKET&quantity=0."
			"010" TAIL},
		{"a hedged long is opened by its leg", ORDER_LIMIT, SIDE_BUY, LEG_LONG, TIF_GTC,
			false, false, PLAIN,
			"symbol=BTCUSDT&side=BUY&positionSide=LONG&type=LIMIT&timeInForce=GTC"
			"&quantity=0.010&price=49000.1" TAIL},
		{"post-only is a time in force", ORDER_LIMIT, SIDE_BUY, LEG_ONE_WAY, TIF_POST_ONLY,
			false, false, PLAIN,
			"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=0.010"
			"&price=49000.1" TAIL},
		{"immediate or cancel", ORDER_LIMIT, SIDE_BUY, LEG_ONE_WAY, TIF_IOC, false, false,
			PLAIN,
			"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.010"
			"&price=49000.1" TAIL},
		{"fill or kill", ORDER_LIMIT, SIDE_BUY, LEG_ONE_WAY, TIF_FOK, false, false, PLAIN,
			"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=FOK&quantity=0.010"
			"&price=49000.1" TAIL},
		{"a buy that waits for a rise is a stop", ORDER_STOP_MARKET, SIDE_BUY, LEG_ONE_WAY,
			TIF_GTC, true, true, ALGO,
			STOP("BUY", "", "STOP_MARKET", "&reduceOnly=true")},
		{"a buy that waits for a fall is none", ORDER_STOP_MARKET, SIDE_BUY, LEG_ONE_WAY,
			TIF_GTC, false, true, ALGO,
			STOP("BUY", "", "TAKE_PROFIT_MARKET", "&reduceOnly=true")},
		{"a sale that waits for a rise is none", ORDER_STOP_MARKET, SIDE_SELL, LEG_LONG,
			TIF_GTC, true, true, ALGO,
			STOP("SELL", "&positionSide=LONG", "TAKE_PROFIT_MARKET", "")},
		{"a hedged stop names its leg only", ORDER_STOP_MARKET, SIDE_SELL, LEG_LONG,
			TIF_GTC, false, true, ALGO,
			STOP("SELL", "&positionSide=LONG", "STOP_MARKET", "")},
		{"an entry at a trigger reduces nothing", ORDER_STOP_MARKET, SIDE_BUY, LEG_ONE_WAY,
			TIF_GTC, true, false, ALGO, STOP("BUY", "", "STOP_MARKET", "")},
	};
	return cr_make_param_array(struct order_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct order_row *row, binance_request, writes_orders)
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
	cr_expect(strstr(request.body, row->body) == request.body, "%s: %s", row->because,
		request.body);
	expect_request(&request, "POST", row->path, row->body);
}

Test(binance_request, a_stop_is_cancelled_where_it_waits)
{
	struct exchange_request request;
	struct err err = {0};

	cr_assert(eq(int,
		binance_request_cancel(
			&signer, arena, "BTCUSDT", "bb-7f3a-29a1c-1", false, &request, &err),
		0));
	expect_request(&request, "DELETE", "/fapi/v1/order",
		"symbol=BTCUSDT&origClientOrderId=bb-7f3a-29a1c-1");
	cr_assert(eq(int,
		binance_request_cancel(
			&signer, arena, "BTCUSDT", "bb-7f3a-29a1c-s1", true, &request, &err),
		0));
	expect_request(&request, "DELETE", "/fapi/v1/algoOrder", "clientAlgoId=bb-7f3a-29a1c-s1");
}

struct amend_row { /* no decimals in it: Criterion does not align rows for one */
	char because[48];
	bool has_price, has_quantity, has_trigger;
	enum order_type type;
	char query[120];
	char message[64]; /* of a refusal: how it begins */
};

ParameterizedTestParameters(binance_request, amends)
{
	static struct amend_row rows[] = {
		{"the price, and the quantity stays", true, false, false, ORDER_LIMIT,
			"symbol=BTCUSDT&side=SELL&quantity=0.030&price=49100"
			"&origClientOrderId=bb-7f3a-29a1c-1",
			""},
		{"the quantity, and the price stays", false, true, false, ORDER_LIMIT,
			"symbol=BTCUSDT&side=SELL&quantity=0.020&price=48000.5"
			"&origClientOrderId=bb-7f3a-29a1c-1",
			""},
		{"both", true, true, false, ORDER_LIMIT,
			"symbol=BTCUSDT&side=SELL&quantity=0.020&price=49100"
			"&origClientOrderId=bb-7f3a-29a1c-1",
			""},
		{"neither", false, false, false, ORDER_LIMIT, "", "amend: nothing to change"},
		{"a trigger cannot change", false, false, true, ORDER_STOP_MARKET, "",
			"amend: binance changes limit orders only"},
		{"nor anything of a stop", true, false, false, ORDER_STOP_MARKET, "",
			"amend: binance changes limit orders only"},
	};
	return cr_make_param_array(struct amend_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct amend_row *row, binance_request, amends)
{
	struct exchange_request request;
	struct err err = {0};
	const struct exchange_amend amend = {
		.client_order_id = "bb-7f3a-29a1c-1",
		.symbol = "BTCUSDT",
		.has_price = row->has_price,
		.has_quantity = row->has_quantity,
		.has_trigger = row->has_trigger,
		.price = decimal_literal("49100"),
		.quantity = decimal_literal("0.020"),
		.trigger_price = decimal_literal("47000"),
	};
	const struct order standing = {
		.type = row->type,
		.side = SIDE_SELL,
		.quantity = decimal_literal("0.030"),
		.price = decimal_literal("48000.5"),
	};

	int result = binance_request_amend(&signer, arena, &amend, &standing, &request, &err);
	cr_assert(eq(int, result, row->message[0] == '\0' ? 0 : -1), "%s", row->because);
	if (result == -1) {
		cr_expect(eq(int, err.code, ERR_INVALID));
		cr_expect(strncmp(err.message, row->message, strlen(row->message)) == 0, "%s: %s",
			row->because, err.message);
		return;
	}
	expect_request(&request, "PUT", "/fapi/v1/order", row->query);
}

struct setting_row {
	char because[48];
	int kind;
	char leverage[8];
	enum margin_mode margin;
	enum position_mode mode;
	char path[32];
	char body[64]; /* "": refused */
};

ParameterizedTestParameters(binance_request, writes_settings)
{
	static struct setting_row rows[] = {
		{"leverage is a whole number", SETTING_LEVERAGE, "20.00", MARGIN_CROSS,
			POSITION_ONE_WAY, "/fapi/v1/leverage", "symbol=BTCUSDT&leverage=20"},
		{"and nothing else", SETTING_LEVERAGE, "7.5", MARGIN_CROSS, POSITION_ONE_WAY,
			"/fapi/v1/leverage", ""},
		{"isolated", SETTING_MARGIN_MODE, "1", MARGIN_ISOLATED, POSITION_ONE_WAY,
			"/fapi/v1/marginType", "symbol=BTCUSDT&marginType=ISOLATED"},
		{"cross", SETTING_MARGIN_MODE, "1", MARGIN_CROSS, POSITION_ONE_WAY,
			"/fapi/v1/marginType", "symbol=BTCUSDT&marginType=CROSSED"},
		{"hedge is the account's", SETTING_POSITION_MODE, "1", MARGIN_CROSS, POSITION_HEDGE,
			"/fapi/v1/positionSide/dual", "dualSidePosition=true"},
		{"one-way too", SETTING_POSITION_MODE, "1", MARGIN_CROSS, POSITION_ONE_WAY,
			"/fapi/v1/positionSide/dual", "dualSidePosition=false"},
	};
	return cr_make_param_array(struct setting_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct setting_row *row, binance_request, writes_settings)
{
	struct exchange_request request;
	struct err err = {0};
	struct exchange_setting setting = {
		.symbol = "BTCUSDT",
		.leverage = decimal_literal(row->leverage),
		.margin_mode = row->margin,
		.position_mode = row->mode,
	};
	setting.kind = row->kind;

	int result = binance_request_setting(&signer, arena, &setting, &request, &err);
	cr_assert(eq(int, result, row->body[0] != '\0' ? 0 : -1), "%s", row->because);
	if (result == 0)
		expect_request(&request, "POST", row->path, row->body);
}

Test(binance_request, a_request_reads_back)
{
	struct order_request order = limit_order();
	struct exchange_request request = place(&order);
	char value[40], small[4];

	cr_expect(prepared_is(&request, BINANCE_PATH_ORDER));
	cr_expect(not(prepared_is(&request, BINANCE_PATH_STOP)));
	cr_assert(prepared_parameter(&request, "symbol", value, sizeof value));
	cr_expect(eq(str, value, "BTCUSDT"), "the first of the body");
	cr_assert(prepared_parameter(&request, "newClientOrderId", value, sizeof value));
	cr_expect(eq(str, value, "bb-7f3a-29a1c-1"));
	cr_expect(not(prepared_parameter(&request, "triggerPrice", value, sizeof value)));
	cr_expect(not(prepared_parameter(&request, "symbol", small, sizeof small)));
}

Test(binance_request, refuses_what_would_change_a_query)
{
	struct exchange_request request;
	struct err err = {0};
	struct order_request order = limit_order();

	(void)snprintf(order.symbol, sizeof order.symbol, "BTC&x=1");
	cr_expect(eq(int, binance_request_place(&signer, arena, &order, &request, &err), -1));
	cr_expect(eq(str, err.message, "symbol: unrecognized \"BTC&x=1\""));
	cr_expect(eq(int,
		binance_request_cancel(&signer, arena, "BTCUSDT", "a b", true, &request, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_INVALID));
}
