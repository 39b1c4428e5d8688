/*
 * The adapters that trade on real venues, unmodified, against the simulated exchange over HTTP: the
 * same cases for all of them. Where venues differ by their nature, the row of the venue says how.
 */
#include "exchanges/exchange.h"
#include "tests/simulator/client.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define ARENA_BYTES (1U << 20)
#define SYMBOL "BTCUSDT"
#define STEP_MS 300000

struct venue_row {
	enum venue_name venue;
	char create[40];   /* where a plain order is placed */
	char counted[40];  /* how the simulator calls that in its counts */
	char account[16];  /* who alice is */
	bool shows_rights; /* what the key may do */
	bool forms;        /* the candle that forms is listed */
	bool amends_stops;
	bool keeps_ids; /* an id is refused for ever, not only as long as its order is open */
};

static struct venue_row venues[] = {
	{VENUE_BYBIT, "/v5/order/create", "/v5/order/create", "100000001", true, true, true, true},
	{VENUE_PHEMEX, "/g-orders/create", "/g-orders/create", "100000001", false, false, true,
		true},
	{VENUE_BINANCE, "/fapi/v1/order", "POST /fapi/v1/order", "", true, true, false, false},
};

/* A case that runs once for each venue, with its row. */
#define CASE(name)                                                                                 \
	ParameterizedTestParameters(adapter, name)                                                 \
	{                                                                                          \
		return cr_make_param_array(                                                        \
			struct venue_row, venues, sizeof venues / sizeof venues[0]);               \
	}                                                                                          \
	ParameterizedTest(struct venue_row *row, adapter, name)

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
}

static void teardown(void)
{
	exchange_free(&exchange);
	arena_free(&arena);
	client_stop(&client);
}

TestSuite(adapter, .init = setup, .fini = teardown);

static void begin(const struct venue_row *row)
{
	const struct exchange_options options = {.venue = row->venue,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = client.url,
		.key_url = client.url,
		.egress_per_second = -1,
		.recv_window_ms = 5000,
		.http = client.http};
	cr_assert(zero(int, exchange_open(&options, &exchange, &err)), "%s", err.message);
	adapter = exchange_adapter(exchange);
	exchange_attach(exchange, &credential);
}

#define NAME venue_name_text(row->venue)
#define OK(call) cr_assert(zero(int, (call)), "%s: %s", NAME, err.message)
#define EXPECT_DECIMAL(actual, expected)                                                           \
	cr_expect(decimal_equal(actual, decimal_literal(expected)), "%s: %s, not " expected, NAME, \
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

static struct order_request limit_order(
	const char *id, enum side side, const char *quantity, const char *price)
{
	struct order_request request = market_order(id, side, quantity);

	request.type = ORDER_LIMIT;
	request.time_in_force = TIF_GTC;
	request.price = decimal_literal(price);
	return request;
}

/* A protective stop: of a long if it sells. */
static struct order_request stop_order(
	const char *id, enum side side, const char *quantity, const char *trigger)
{
	struct order_request request = market_order(id, side, quantity);

	request.type = ORDER_STOP_MARKET;
	request.trigger_price = decimal_literal(trigger);
	request.trigger_by = TRIGGER_MARK;
	request.trigger_rising = side == SIDE_BUY;
	request.reduce_only = request.close_on_trigger = true;
	return request;
}

static void send_order(const struct venue_row *row, const struct order_request *request)
{
	struct exchange_request prepared;
	char venue_order_id[VENUE_ORDER_ID_SIZE];

	OK(adapter->prepare_place(exchange, arena, request, &prepared, &err));
	OK(exchange_send(exchange, &prepared, venue_order_id, &err));
	cr_expect(ne(chr, venue_order_id[0], '\0'));
}

/* -1 with err: the venue refused the cancel. */
static int send_cancel(const struct venue_row *row, const char *id, enum leg leg, bool is_stop)
{
	struct exchange_request prepared;
	char venue_order_id[VENUE_ORDER_ID_SIZE];

	OK(adapter->prepare_cancel(exchange, arena, SYMBOL, id, leg, is_stop, &prepared, &err));
	return exchange_send(exchange, &prepared, venue_order_id, &err);
}

static int send_setting(const struct venue_row *row, const struct exchange_setting *setting)
{
	struct exchange_request prepared;
	char venue_order_id[VENUE_ORDER_ID_SIZE];

	OK(adapter->prepare_setting(exchange, arena, setting, &prepared, &err));
	return exchange_send(exchange, &prepared, venue_order_id, &err);
}

static struct order find(const struct venue_row *row, const char *id)
{
	enum exchange_found found;
	struct order order = {.symbol = ""};

	OK(adapter->find_order(exchange, SYMBOL, id, &found, &order, &err));
	cr_assert(eq(int, (int)found, EXCHANGE_FOUND), "%s: %s", NAME, id);
	return order;
}

static struct account read_account(const struct venue_row *row)
{
	struct account account;

	OK(adapter->account(exchange, SYMBOL, &account, &err));
	return account;
}

CASE(reads_rules_prices_candles_and_the_key)
{
	struct exchange_identity identity;
	struct candle_list candles;
	struct ticker ticker;
	struct rules rules;
	int64_t server_ms;

	begin(row);
	OK(adapter->time(exchange, &server_ms, &err));
	cr_expect(gt(i64, server_ms, START_MS), "the server's clock is real");
	OK(adapter->rules(exchange, SYMBOL, &rules, &err));
	EXPECT_DECIMAL(rules.tick_size, "0.1");
	EXPECT_DECIMAL(rules.lot_size, "0.001");
	EXPECT_DECIMAL(rules.tiers[1].deduction, "10000");
	cr_expect(eq(i64, rules.funding_interval_ms, 8 * INT64_C(3600000)));
	cr_expect(rules.trading);
	OK(adapter->ticker(exchange, SYMBOL, &ticker, &err));
	EXPECT_DECIMAL(ticker.last, "20000");
	cr_expect(eq(i64, ticker.market_ms, START_MS), "%s: the market's clock is the replay's",
		NAME);
	OK(adapter->candles(exchange, arena, SYMBOL, STEP_MS, 50, &candles, &err));
	cr_assert(eq(sz, candles.count, 50));
	const struct candle *last = &candles.items[49];
	cr_expect(eq(i64, last->open_ms, row->forms ? START_MS : START_MS - STEP_MS), "%s", NAME);
	cr_expect(eq(int, last->closed, !row->forms), "%s", NAME);
	cr_expect(candles.items[48].closed);
	OK(adapter->identity(exchange, &identity, &err));
	cr_expect(ne(chr, identity.account_id[0], '\0'), "%s", NAME);
	if (row->account[0] != '\0')
		cr_expect(eq(str, identity.account_id, row->account), "%s", NAME);
	cr_expect(eq(int, identity.permissions_known, row->shows_rights), "%s: %s", NAME,
		identity.note);
	if (row->shows_rights)
		cr_expect(identity.can_trade && !identity.can_withdraw, "%s", NAME);
}

CASE(trades_and_finds_what_became_of_it)
{
	struct fill_list fills;

	begin(row);
	struct account account = read_account(row);
	EXPECT_DECIMAL(account.balance.wallet, "10000");
	cr_expect(eq(int, (int)account.position_mode, POSITION_ONE_WAY));
	struct order_request request = market_order("first", SIDE_BUY, "0.1");
	send_order(row, &request);
	struct order order = find(row, "first");
	cr_expect(eq(int, (int)order.status, ORDER_STATUS_FILLED), "%s", NAME);
	EXPECT_DECIMAL(order.filled, "0.1");
	EXPECT_DECIMAL(order.filled_value, "2000.01");
	OK(adapter->order_fills(exchange, arena, SYMBOL, "first", &fills, &err));
	cr_assert(eq(sz, fills.count, 1), "%s", NAME);
	EXPECT_DECIMAL(fills.items[0].price, "20000.1");
	EXPECT_DECIMAL(fills.items[0].fee, "1.1000055");
	cr_expect(eq(str, fills.items[0].client_order_id, "first"), "%s", NAME);
	account = read_account(row);
	EXPECT_DECIMAL(account.positions[0].quantity, "0.1");
	EXPECT_DECIMAL(account.positions[0].average, "20000.1");
	EXPECT_DECIMAL(account.balance.wallet, "9998.8999945");
	cr_expect(eq(sz, account.active_symbols, 1));
}

CASE(all_fills_of_a_symbol_tell_whose_they_are)
{
	struct fill_list fills;
	int64_t server_ms;

	begin(row);
	OK(exchange_server_ms(exchange, &server_ms, &err));
	struct order_request opens = market_order("opens", SIDE_BUY, "0.1");
	struct order_request closes = market_order("closes", SIDE_SELL, "0.04");
	closes.reduce_only = true;
	send_order(row, &opens);
	send_order(row, &closes);
	POST_OK(&client, "/sim/force", "%s",
		"{\"key\":\"alice\",\"symbol\":\"BTCUSDT\",\"qty\":\"0.06\","
		"\"price\":\"20000\",\"kind\":\"adl\"}");
	OK(adapter->fills(exchange, arena, SYMBOL, server_ms - 60000, 0, &fills, &err));
	cr_assert(eq(sz, fills.count, 3), "%s", NAME);
	cr_expect(eq(str, fills.items[0].client_order_id, "opens"), "%s", NAME);
	cr_expect(eq(str, fills.items[1].client_order_id, "closes"), "%s", NAME);
	cr_expect(eq(int, (int)fills.items[1].kind, FILL_TRADE));
	cr_expect(eq(int, (int)fills.items[2].kind, FILL_ADL), "%s", NAME);
	cr_expect(strcmp(fills.items[0].exec_id, fills.items[1].exec_id) != 0);
	struct account account = read_account(row);
	cr_expect(decimal_is_zero(account.positions[0].quantity), "%s", NAME);
	cr_expect(eq(sz, account.active_symbols, 0));
}

CASE(moves_and_cancels_resting_orders_and_stops)
{
	struct exchange_request prepared;
	struct order_list orders;
	char venue_order_id[VENUE_ORDER_ID_SIZE];

	begin(row);
	struct order_request opens = market_order("opens", SIDE_BUY, "0.01");
	struct order_request limit = limit_order("rest", SIDE_BUY, "0.01", "19000");
	struct order_request stop = stop_order("stop", SIDE_SELL, "0.01", "18000");
	send_order(row, &opens);
	send_order(row, &limit);
	send_order(row, &stop);
	cr_expect(eq(int, (int)find(row, "stop").status, ORDER_STATUS_UNTRIGGERED), "%s", NAME);
	OK(adapter->open_orders(exchange, arena, SYMBOL, &orders, &err));
	cr_expect(eq(sz, orders.count, 2), "%s", NAME);
	struct exchange_amend amend = {.client_order_id = "rest",
		.symbol = SYMBOL,
		.leg = LEG_ONE_WAY,
		.has_price = true,
		.price = decimal_literal("19100")};
	OK(adapter->prepare_amend(exchange, arena, &amend, &prepared, &err));
	OK(exchange_send(exchange, &prepared, venue_order_id, &err));
	struct order rest = find(row, "rest");
	EXPECT_DECIMAL(rest.price, "19100");
	EXPECT_DECIMAL(rest.quantity, "0.01");
	struct exchange_amend move = {.client_order_id = "stop",
		.symbol = SYMBOL,
		.leg = LEG_ONE_WAY,
		.has_trigger = true,
		.trigger_price = decimal_literal("18100")};
	int moved = adapter->prepare_amend(exchange, arena, &move, &prepared, &err);
	cr_assert(eq(int, moved, row->amends_stops ? 0 : -1), "%s: %s", NAME, err.message);
	if (row->amends_stops) {
		OK(exchange_send(exchange, &prepared, venue_order_id, &err));
		EXPECT_DECIMAL(find(row, "stop").trigger_price, "18100");
	}
	OK(send_cancel(row, "rest", LEG_ONE_WAY, false));
	cr_expect(eq(int, (int)find(row, "rest").status, ORDER_STATUS_CANCELLED), "%s", NAME);
	OK(send_cancel(row, "stop", LEG_ONE_WAY, true));
	cr_expect(eq(int, (int)find(row, "stop").status, ORDER_STATUS_CANCELLED), "%s", NAME);
	cr_expect(eq(int, send_cancel(row, "stop", LEG_ONE_WAY, true), -1));
	cr_expect(eq(int, (int)err.code, ERR_NO_ORDER), "%s: %s", NAME, err.message);
}

CASE(a_stop_that_fires_is_found_with_its_fills_by_its_own_id)
{
	struct fill_list fills;

	begin(row);
	struct order_request opens = market_order("opens", SIDE_BUY, "0.01");
	struct order_request stop = stop_order("stop", SIDE_SELL, "0.01", "19000");
	send_order(row, &opens);
	send_order(row, &stop);
	POST_OK(&client, "/sim/price", "%s",
		"{\"symbol\":\"BTCUSDT\",\"last\":\"18900\",\"mark\":\"18900\"}");
	struct order fired = find(row, "stop");
	cr_expect(eq(int, (int)fired.status, ORDER_STATUS_FILLED), "%s", NAME);
	EXPECT_DECIMAL(fired.filled, "0.01");
	OK(adapter->order_fills(exchange, arena, SYMBOL, "stop", &fills, &err));
	cr_assert(eq(sz, fills.count, 1), "%s", NAME);
	cr_expect(eq(int, (int)fills.items[0].side, SIDE_SELL));
	cr_expect(eq(str, fills.items[0].client_order_id, "stop"), "%s", NAME);
	struct account account = read_account(row);
	cr_expect(decimal_is_zero(account.positions[0].quantity), "%s", NAME);
}

CASE(holds_both_legs_in_hedge_mode)
{
	struct exchange_setting setting = {.symbol = SYMBOL, .position_mode = POSITION_HEDGE};

	begin(row);
	setting.kind = SETTING_POSITION_MODE;
	OK(send_setting(row, &setting));
	OK(send_setting(row, &setting)); /* already so is success */
	struct order_request longs = market_order("long", SIDE_BUY, "0.03");
	struct order_request shorts = market_order("short", SIDE_SELL, "0.02");
	longs.leg = LEG_LONG;
	shorts.leg = LEG_SHORT;
	send_order(row, &longs);
	send_order(row, &shorts);
	struct account account = read_account(row);
	cr_expect(eq(int, (int)account.position_mode, POSITION_HEDGE), "%s", NAME);
	cr_assert(eq(sz, account.position_count, 2), "%s", NAME);
	cr_expect(eq(int, (int)account.positions[0].leg, LEG_LONG));
	EXPECT_DECIMAL(account.positions[0].quantity, "0.03");
	EXPECT_DECIMAL(account.positions[1].quantity, "0.02");
	cr_expect(eq(int, (int)account.positions[1].side, SIDE_SELL));
	cr_expect(eq(sz, account.active_symbols, 1));

	struct order_request stop = stop_order("stop", SIDE_BUY, "0.02", "22000");
	struct order_request closes = market_order("closes", SIDE_SELL, "0.03");
	stop.leg = LEG_SHORT;
	closes.leg = LEG_LONG;
	closes.reduce_only = true;
	send_order(row, &stop);
	send_order(row, &closes);
	account = read_account(row);
	cr_expect(decimal_is_zero(account.positions[0].quantity), "%s", NAME);
	EXPECT_DECIMAL(account.positions[1].quantity, "0.02");
	OK(send_cancel(row, "stop", LEG_SHORT, true));
}

struct refused {
	char because[40];
	enum side side;
	char quantity[12];
	bool reduce_only, again;
	enum err_code code;
};

CASE(understands_refusals)
{
	static const struct refused refusals[] = {
		{"closing when flat", SIDE_SELL, "0.01", true, false, ERR_FLAT},
		{"more than the money there is", SIDE_BUY, "100", false, false, ERR_MARGIN},
		{"between lots", SIDE_BUY, "0.0015", false, false, ERR_FILTER},
		{"an id that is in use", SIDE_BUY, "0.01", false, true, ERR_DUPLICATE},
	};

	begin(row);
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct refused *refused = &refusals[i];
		char venue_order_id[VENUE_ORDER_ID_SIZE], id[24];
		struct exchange_request prepared;
		(void)snprintf(id, sizeof id, "again-%zu", i);
		struct order_request request = refused->again ? limit_order(id, refused->side,
									refused->quantity, "19000")
							      : market_order(id, refused->side,
									refused->quantity);
		request.reduce_only = refused->reduce_only;
		if (refused->again)
			send_order(row, &request);
		OK(adapter->prepare_place(exchange, arena, &request, &prepared, &err));
		cr_expect(eq(int, exchange_send(exchange, &prepared, venue_order_id, &err), -1),
			"%s: %s", NAME, refused->because);
		cr_expect(eq(int, (int)err.code, (int)refused->code), "%s: %s: %s", NAME,
			refused->because, err.message);
	}
}

CASE(an_id_whose_order_has_ended)
{
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	struct exchange_request prepared;

	begin(row);
	struct order_request request = market_order("ended", SIDE_BUY, "0.01");
	send_order(row, &request);
	OK(adapter->prepare_place(exchange, arena, &request, &prepared, &err));
	int result = exchange_send(exchange, &prepared, venue_order_id, &err);
	cr_expect(eq(int, result, row->keeps_ids ? -1 : 0),
		"%s: so an id of ours is never used twice", NAME);
}

CASE(an_order_whose_connection_was_cut_is_unknown_sent_once_and_found)
{
	char venue_order_id[VENUE_ORDER_ID_SIZE], arrivals[64];
	struct exchange_request prepared;

	begin(row);
	struct order_request request = market_order("cut", SIDE_BUY, "0.01");
	(void)read_account(row); /* the connection is a reused one */
	POST_OK(&client, "/sim/faults", "{\"kind\":\"cut_after\",\"path\":\"%s\"}", row->create);
	OK(adapter->prepare_place(exchange, arena, &request, &prepared, &err));
	cr_expect(eq(int, exchange_send(exchange, &prepared, venue_order_id, &err), -1));
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_ASK), "%s: %s", NAME, err.message);
	struct answer state = client_get(&client, "/sim/state");
	(void)snprintf(arrivals, sizeof arrivals, "requests.%s", row->counted);
	EXPECT_VALUE(&state, arrivals, "1", "arrivals at the venue");
	answer_done(&state);
	cr_expect(eq(int, (int)find(row, "cut").status, ORDER_STATUS_FILLED), "%s", NAME);
}

CASE(an_order_that_the_server_failed_after_executing_is_unknown_and_found)
{
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	struct exchange_request prepared;

	begin(row);
	struct order_request request = market_order("failed", SIDE_BUY, "0.01");
	POST_OK(&client, "/sim/faults", "{\"kind\":\"error_after\",\"status\":503,\"path\":\"%s\"}",
		row->create);
	OK(adapter->prepare_place(exchange, arena, &request, &prepared, &err));
	cr_expect(eq(int, exchange_send(exchange, &prepared, venue_order_id, &err), -1));
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_ASK), "%s: %s", NAME, err.message);
	cr_expect(eq(int, (int)find(row, "failed").status, ORDER_STATUS_FILLED), "%s", NAME);
}

CASE(a_wrong_secret_is_the_key)
{
	static const struct exchange_credential wrong = {"alice", "secret-of-mallory"};
	struct account account;

	begin(row);
	exchange_attach(exchange, &wrong);
	cr_expect(eq(int, adapter->account(exchange, SYMBOL, &account, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_AUTH), "%s: %s", NAME, err.message);
}

CASE(funding_and_settings)
{
	struct exchange_setting setting = {.symbol = SYMBOL, .leverage = decimal_literal("20")};
	struct funding_list payments;

	begin(row);
	setting.kind = SETTING_LEVERAGE;
	OK(send_setting(row, &setting));
	struct account account = read_account(row);
	EXPECT_DECIMAL(account.positions[0].leverage, "20");
	enum margin_mode other = account.margin_mode == MARGIN_CROSS ? MARGIN_ISOLATED
								     : MARGIN_CROSS;
	setting.kind = SETTING_MARGIN_MODE;
	setting.margin_mode = other;
	OK(send_setting(row, &setting));
	account = read_account(row);
	cr_expect(account.margin_mode_known);
	cr_expect(eq(int, (int)account.margin_mode, (int)other), "%s", NAME);
	EXPECT_DECIMAL(account.positions[0].leverage, "20");

	struct order_request request = market_order("open", SIDE_BUY, "0.1");
	send_order(row, &request);
	POST_OK(&client, "/sim/price", "%s",
		"{\"symbol\":\"BTCUSDT\",\"last\":\"20000\",\"mark\":\"20000\"}");
	POST_OK(&client, "/sim/funding", "%s", "{\"symbol\":\"BTCUSDT\",\"rate\":\"0.0001\"}");
	int64_t now_ms = clock_utc_ms(clock_system());
	OK(adapter->funding(
		exchange, arena, SYMBOL, now_ms - 60000, now_ms + 60000, &payments, &err));
	cr_assert(eq(sz, payments.count, 1), "%s", NAME);
	EXPECT_DECIMAL(payments.items[0].amount, "-0.2");
	EXPECT_DECIMAL(payments.items[0].rate, "0.0001");
}
