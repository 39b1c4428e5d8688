/* The adapter that trades on Bybit, unmodified, against the simulated exchange over HTTP. */
#include "exchanges/exchange.h"
#include "tests/simulator/client.h"

#define ARENA_BYTES (1U << 20)
#define SYMBOL "BTCUSDT"

static struct client client;
static struct exchange *exchange;
static const struct exchange_adapter *adapter;
static struct arena *arena;
static struct err err;
static const struct exchange_credential credential = {"alice", "secret-of-alice"};

static void setup(void)
{
	client_start(&client);
	arena = arena_new(65536, ARENA_BYTES);
	const struct exchange_options options = {.venue = VENUE_BYBIT,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = client.url,
		.recv_window_ms = 5000,
		.http = client.http};
	cr_assert(zero(int, exchange_open(&options, &exchange, &err)), "%s", err.message);
	adapter = exchange_adapter(exchange);
	exchange_attach(exchange, &credential);
}

static void teardown(void)
{
	exchange_free(&exchange);
	arena_free(&arena);
	client_stop(&client);
}

TestSuite(adapter, .init = setup, .fini = teardown);

#define OK(call) cr_assert(zero(int, (call)), "%s", err.message)
#define EXPECT_DECIMAL(actual, expected)                                                           \
	cr_expect(decimal_equal(actual, decimal_literal(expected)), "%s, not " expected,           \
		DECIMAL_TEXT(actual))

static struct order_request market_order(const char *id, enum side side, const char *quantity)
{
	struct order_request request = {.symbol = SYMBOL,
		.side = side,
		.leg = LEG_ONE_WAY,
		.type = ORDER_MARKET,
		.time_in_force = TIF_IOC,
		.quantity = decimal_literal(quantity)};

	(void)snprintf(request.client_order_id, sizeof request.client_order_id, "%s", id);
	return request;
}

static void send_order(const struct order_request *request)
{
	struct exchange_request prepared;
	char venue_order_id[VENUE_ORDER_ID_SIZE];

	OK(adapter->prepare_place(exchange, arena, request, &prepared, &err));
	OK(exchange_send(exchange, &prepared, venue_order_id, &err));
	cr_expect(ne(chr, venue_order_id[0], '\0'));
}

static struct order find(const char *id)
{
	enum exchange_found found;
	struct order order = {.symbol = ""};

	OK(adapter->find_order(exchange, SYMBOL, id, &found, &order, &err));
	cr_assert(eq(int, (int)found, EXCHANGE_FOUND), "%s", id);
	return order;
}

Test(adapter, reads_rules_prices_candles_and_the_key)
{
	struct exchange_identity identity;
	struct candle_list candles;
	struct ticker ticker;
	struct rules rules;
	int64_t server_ms;

	OK(adapter->time(exchange, &server_ms, &err));
	cr_expect(gt(i64, server_ms, START_MS), "the server's clock is real");
	OK(adapter->rules(exchange, SYMBOL, &rules, &err));
	EXPECT_DECIMAL(rules.tick_size, "0.1");
	EXPECT_DECIMAL(rules.tiers[1].deduction, "10000");
	cr_expect(rules.trading);
	OK(adapter->ticker(exchange, SYMBOL, &ticker, &err));
	EXPECT_DECIMAL(ticker.last, "20000");
	cr_expect(eq(i64, ticker.market_ms, START_MS), "the market's clock is the replay's");
	OK(adapter->candles(exchange, arena, SYMBOL, 300000, 50, &candles, &err));
	cr_expect(eq(sz, candles.count, 50));
	cr_expect(eq(i64, candles.items[49].open_ms, START_MS));
	cr_expect(not(candles.items[49].closed));
	cr_expect(candles.items[48].closed);
	OK(adapter->identity(exchange, &identity, &err));
	cr_expect(eq(str, identity.account_id, (char *)(uintptr_t) "100000001"));
	cr_expect(identity.can_trade && !identity.can_withdraw && identity.address_bound);
}

Test(adapter, trades_and_finds_what_became_of_it)
{
	struct account account;
	struct fill_list fills;

	OK(adapter->account(exchange, SYMBOL, &account, &err));
	EXPECT_DECIMAL(account.balance.wallet, "10000");
	cr_expect(eq(int, (int)account.position_mode, POSITION_ONE_WAY));
	struct order_request request = market_order("first", SIDE_BUY, "0.1");
	send_order(&request);
	struct order order = find("first");
	cr_expect(eq(int, (int)order.status, ORDER_STATUS_FILLED));
	EXPECT_DECIMAL(order.filled, "0.1");
	OK(adapter->order_fills(exchange, arena, SYMBOL, "first", &fills, &err));
	cr_assert(eq(sz, fills.count, 1));
	EXPECT_DECIMAL(fills.items[0].price, "20000.1");
	EXPECT_DECIMAL(fills.items[0].fee, "1.1000055");
	OK(adapter->account(exchange, SYMBOL, &account, &err));
	EXPECT_DECIMAL(account.positions[0].quantity, "0.1");
	EXPECT_DECIMAL(account.positions[0].average, "20000.1");
	EXPECT_DECIMAL(account.balance.wallet, "9998.8999945");
	cr_expect(eq(sz, account.active_symbols, 1));
}

Test(adapter, moves_and_cancels_resting_orders_and_stops)
{
	struct exchange_request prepared;
	struct order_list orders;
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	struct order_request limit = market_order("rest", SIDE_BUY, "0.01");
	struct order_request stop = market_order("stop", SIDE_SELL, "0.01");

	limit.type = ORDER_LIMIT;
	limit.time_in_force = TIF_GTC;
	limit.price = decimal_literal("19000");
	stop.type = ORDER_STOP_MARKET;
	stop.trigger_price = decimal_literal("18000");
	stop.trigger_by = TRIGGER_MARK;
	stop.reduce_only = stop.close_on_trigger = true;
	send_order(&limit);
	send_order(&stop);
	OK(adapter->open_orders(exchange, arena, SYMBOL, &orders, &err));
	cr_expect(eq(sz, orders.count, 2));
	struct exchange_amend amend = {.client_order_id = "rest",
		.symbol = SYMBOL,
		.has_price = true,
		.price = decimal_literal("19100")};
	OK(adapter->prepare_amend(exchange, arena, &amend, &prepared, &err));
	OK(exchange_send(exchange, &prepared, venue_order_id, &err));
	EXPECT_DECIMAL(find("rest").price, "19100");
	OK(adapter->prepare_cancel(
		exchange, arena, SYMBOL, "stop", LEG_ONE_WAY, true, &prepared, &err));
	OK(exchange_send(exchange, &prepared, venue_order_id, &err));
	cr_expect(eq(int, (int)find("stop").status, ORDER_STATUS_CANCELLED));
	OK(adapter->prepare_cancel(
		exchange, arena, SYMBOL, "stop", LEG_ONE_WAY, true, &prepared, &err));
	cr_expect(eq(int, exchange_send(exchange, &prepared, venue_order_id, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_NO_ORDER), "%s", err.message);
}

struct refused {
	char because[40];
	enum side side;
	char quantity[12];
	bool reduce_only, again;
	enum err_code code;
};

ParameterizedTestParameters(adapter, understands_refusals)
{
	static struct refused rows[] = {
		{"closing when flat", SIDE_SELL, "0.01", true, false, ERR_FLAT},
		{"more than the money there is", SIDE_BUY, "100", false, false, ERR_MARGIN},
		{"between lots", SIDE_BUY, "0.0015", false, false, ERR_FILTER},
		{"an id that was used", SIDE_BUY, "0.01", false, true, ERR_DUPLICATE},
	};
	return cr_make_param_array(struct refused, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refused *row, adapter, understands_refusals)
{
	struct order_request request = market_order("again", row->side, row->quantity);
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	struct exchange_request prepared;

	request.reduce_only = row->reduce_only;
	if (row->again)
		send_order(&request);
	OK(adapter->prepare_place(exchange, arena, &request, &prepared, &err));
	cr_expect(eq(int, exchange_send(exchange, &prepared, venue_order_id, &err), -1));
	cr_expect(eq(int, (int)err.code, (int)row->code), "%s: %s", row->because, err.message);
}

Test(adapter, an_order_whose_connection_was_cut_is_unknown_sent_once_and_found)
{
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	struct exchange_request prepared;
	struct order_request request = market_order("cut", SIDE_BUY, "0.01");
	struct account account;

	OK(adapter->account(exchange, SYMBOL, &account, &err)); /* the connection is a reused one */
	POST_OK(&client, "/sim/faults", "{\"kind\":\"cut_after\",\"path\":\"/v5/order/create\"}");
	OK(adapter->prepare_place(exchange, arena, &request, &prepared, &err));
	cr_expect(eq(int, exchange_send(exchange, &prepared, venue_order_id, &err), -1));
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(eq(int, (int)find("cut").status, ORDER_STATUS_FILLED));
	struct answer state = client_get(&client, "/sim/state");
	EXPECT_VALUE(&state, "requests./v5/order/create", "1", "arrivals at the venue");
	answer_done(&state);
}

Test(adapter, funding_and_settings)
{
	struct exchange_setting setting = {
		.kind = SETTING_LEVERAGE, .symbol = SYMBOL, .leverage = decimal_literal("20")};
	struct order_request request = market_order("open", SIDE_BUY, "0.1");
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	struct exchange_request prepared;
	struct funding_list payments;
	struct account account;

	OK(adapter->prepare_setting(exchange, arena, &setting, &prepared, &err));
	OK(exchange_send(exchange, &prepared, venue_order_id, &err));
	OK(adapter->account(exchange, SYMBOL, &account, &err));
	EXPECT_DECIMAL(account.positions[0].leverage, "20");
	send_order(&request);
	POST_OK(&client, "/sim/price", "%s",
		"{\"symbol\":\"BTCUSDT\",\"last\":\"20000\",\"mark\":\"20000\"}");
	POST_OK(&client, "/sim/funding", "{\"symbol\":\"BTCUSDT\",\"rate\":\"0.0001\"}");
	int64_t now_ms = clock_utc_ms(clock_system());
	OK(adapter->funding(
		exchange, arena, SYMBOL, now_ms - 60000, now_ms + 60000, &payments, &err));
	cr_assert(eq(sz, payments.count, 1));
	EXPECT_DECIMAL(payments.items[0].amount, "-0.2");
	EXPECT_DECIMAL(payments.items[0].rate, "0.0001");
}
