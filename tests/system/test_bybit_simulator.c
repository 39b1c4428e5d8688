/*
 * The adapter against the simulated exchange over HTTP on loopback: what one writes, the other
 * reads. Orders are placed, found, changed, filled and stopped in both position modes.
 */
#include "core/base/arena.h"
#include "exchanges/exchange.h"
#include "tests/simulator/client.h"

static struct client client;
static struct exchange *exchange;
static const struct exchange_adapter *bybit;
static struct arena *arena;

/* The one instrument costs 20,000; each account has 10,000. */
#define SYMBOL "BTCUSDT"

static void setup(void)
{
	struct err err = {0};
	static const struct exchange_credential alice = {
		.key = "alice", .secret = "secret-of-alice"};
	client_start(&client);
	const struct exchange_options options = {
		.venue = VENUE_BYBIT,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = client.url,
		.recv_window_ms = 5000,
		.http = client.http,
		.egress_per_second = -1,
		.ticker_max_age_ms = 1,
	};
	cr_assert(zero(int, exchange_open(&options, &exchange, &err)), "%s", err.message);
	exchange_attach(exchange, &alice);
	bybit = exchange_adapter(exchange);
	arena = arena_new(65536, 4 * 1024 * 1024);
}

static void teardown(void)
{
	arena_free(&arena);
	exchange_free(&exchange);
	client_stop(&client);
}

TestSuite(bybit_simulator, .init = setup, .fini = teardown);

static void price(const char *last)
{
	POST_OK(&client, "/sim/price",
		"{\"symbol\":\"" SYMBOL "\",\"last\":\"%s\",\"mark\":\"%s\"}", last, last);
}

static int set(const struct exchange_setting *setting, struct err *err)
{
	struct exchange_request request;
	char id[VENUE_ORDER_ID_SIZE];
	if (bybit->prepare_setting(exchange, arena, setting, &request, err) == -1)
		return -1;
	return exchange_send(exchange, &request, id, err);
}

static void use_mode(enum position_mode mode)
{
	struct err err = {0};
	const struct exchange_setting setting = {
		.kind = SETTING_POSITION_MODE, .symbol = SYMBOL, .position_mode = mode};
	cr_assert(zero(int, set(&setting, &err)), "%s", err.message);
}

static struct order_request order_of(
	const char *id, enum side side, enum leg leg, const char *quantity)
{
	struct order_request order = {
		.symbol = SYMBOL,
		.side = side,
		.leg = leg,
		.type = ORDER_MARKET,
		.quantity = decimal_literal(quantity),
	};
	(void)snprintf(order.client_order_id, sizeof order.client_order_id, "%s", id);
	return order;
}

static int place(const struct order_request *order, struct err *err)
{
	struct exchange_request request;
	char id[VENUE_ORDER_ID_SIZE];
	if (bybit->prepare_place(exchange, arena, order, &request, err) == -1)
		return -1;
	return exchange_send(exchange, &request, id, err);
}

static void place_ok(const struct order_request *order)
{
	struct err err = {0};
	cr_assert(zero(int, place(order, &err)), "%s: %s", order->client_order_id, err.message);
}

static int cancel(const char *id, struct err *err)
{
	struct exchange_request request;
	char venue_id[VENUE_ORDER_ID_SIZE];
	if (bybit->prepare_cancel(exchange, arena, SYMBOL, id, LEG_ONE_WAY, false, &request, err) ==
		-1)
		return -1;
	return exchange_send(exchange, &request, venue_id, err);
}

static int amend(const struct exchange_amend *change, struct err *err)
{
	struct exchange_request request;
	char id[VENUE_ORDER_ID_SIZE];
	if (bybit->prepare_amend(exchange, arena, change, &request, err) == -1)
		return -1;
	return exchange_send(exchange, &request, id, err);
}

static struct order find(const char *id)
{
	struct err err = {0};
	struct order order = {.quantity = DECIMAL_ZERO};
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	cr_assert(zero(int, bybit->find_order(exchange, SYMBOL, id, &found, &order, &err)), "%s",
		err.message);
	cr_assert(eq(int, found, EXCHANGE_FOUND), "%s", id);
	return order;
}

static struct account account(void)
{
	struct err err = {0};
	struct account account;
	cr_assert(zero(int, bybit->account(exchange, SYMBOL, &account, &err)), "%s", err.message);
	return account;
}

static struct fill_list fills_of(const char *id)
{
	struct err err = {0};
	struct fill_list list;
	cr_assert(zero(int, bybit->order_fills(exchange, arena, SYMBOL, id, &list, &err)), "%s",
		err.message);
	return list;
}

static struct order_list open_now(void)
{
	struct err err = {0};
	struct order_list list;
	cr_assert(zero(int, bybit->open_orders(exchange, arena, SYMBOL, &list, &err)), "%s",
		err.message);
	return list;
}

#define EXPECT_EQUAL(value, text)                                                                  \
	cr_expect(decimal_equal(value, decimal_literal(text)), "%s, expected %s",                  \
		DECIMAL_TEXT(value), text)

static struct decimal sum_of(const struct fill_list *list)
{
	struct decimal sum = DECIMAL_ZERO;
	for (size_t i = 0; i < list->count; i++)
		sum = decimal_add(sum, list->items[i].quantity);
	return sum;
}

/* ---- what anybody may read -------------------------------------------------------------- */

Test(bybit_simulator, reads_the_market)
{
	struct err err = {0};
	struct rules rules;
	struct ticker ticker;
	struct candle_list candles;
	int64_t age_ms, market_ms = START_MS;

	cr_assert(zero(int, exchange_rules(exchange, SYMBOL, &rules, &err)), "%s", err.message);
	cr_expect(rules.trading);
	cr_expect(gt(sz, rules.tier_count, 0));
	cr_assert(zero(int, exchange_ticker(exchange, SYMBOL, &ticker, &age_ms, &err)), "%s",
		err.message);
	EXPECT_EQUAL(ticker.last, "20000");
	cr_expect(eq(i64, ticker.market_ms, market_ms), "the market's clock, not the server's");

	cr_assert(zero(int, exchange_candles(
				    exchange, arena, SYMBOL, 60000, 200, &candles, &age_ms, &err)),
		"%s", err.message);
	cr_assert(eq(sz, candles.count, 200));
	cr_expect(eq(i64, candles.items[199].open_ms, market_ms));
	cr_expect(not(candles.items[199].closed));
	cr_expect(candles.items[198].closed);
	cr_assert(zero(int, exchange_closed_candles(
				    exchange, arena, SYMBOL, 300000, 100, &candles, &age_ms, &err)),
		"%s", err.message);
	cr_assert(eq(sz, candles.count, 100));
	cr_expect(candles.items[99].closed);
}

Test(bybit_simulator, a_symbol_that_is_not_there_is_named)
{
	struct err err = {0};
	struct rules rules;

	cr_assert(eq(int, exchange_rules(exchange, "NOSUCHUSDT", &rules, &err), -1));
	cr_expect(eq(int, err.code, ERR_INVALID));
	cr_expect(strstr(err.message, "bybit has no symbol NOSUCHUSDT") != NULL, "%s", err.message);
}

Test(bybit_simulator, knows_whose_key_it_is)
{
	struct err err = {0};
	struct exchange_identity identity;

	cr_assert(zero(int, bybit->identity(exchange, &identity, &err)), "%s", err.message);
	cr_expect(identity.account_id[0] != '\0');
	cr_expect(identity.permissions_known);
	cr_expect(identity.can_trade);
	cr_expect(not(identity.can_withdraw));
}

/* ---- orders in both position modes ------------------------------------------------------ */

struct mode_row {
	enum position_mode mode;
	enum leg leg; /* of a long */
	size_t positions;
};

ParameterizedTestParameters(bybit_simulator, trades_and_closes)
{
	static struct mode_row rows[] = {
		{POSITION_ONE_WAY, LEG_ONE_WAY, 1},
		{POSITION_HEDGE, LEG_LONG, 2},
	};
	return cr_make_param_array(struct mode_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct mode_row *row, bybit_simulator, trades_and_closes)
{
	use_mode(row->mode);
	struct account flat = account();
	cr_expect(eq(int, flat.position_mode, row->mode));
	cr_assert(eq(sz, flat.position_count, row->positions));
	cr_expect(zero(sz, flat.active_symbols));
	EXPECT_EQUAL(flat.balance.wallet, "10000");

	struct order_request buy = order_of("buy-1", SIDE_BUY, row->leg, "0.010");
	place_ok(&buy);
	struct order bought = find("buy-1");
	cr_expect(eq(int, bought.status, ORDER_STATUS_FILLED));
	cr_expect(eq(int, bought.type, ORDER_MARKET));
	cr_expect(eq(int, bought.leg, row->leg));
	EXPECT_EQUAL(bought.filled, "0.010");

	struct fill_list fills = fills_of("buy-1");
	cr_assert(gt(sz, fills.count, 0));
	EXPECT_EQUAL(sum_of(&fills), "0.010");
	cr_expect(gt(int, decimal_sign(fills.items[0].fee), 0), "a fee that is paid is positive");
	cr_expect(eq(int, fills.items[0].kind, FILL_TRADE));

	struct account held = account();
	cr_expect(eq(sz, held.active_symbols, 1));
	cr_expect(eq(int, held.positions[0].side, SIDE_BUY));
	EXPECT_EQUAL(held.positions[0].quantity, "0.010");
	cr_expect(decimal_less(held.balance.available, flat.balance.available));

	struct order_request sell = order_of("sell-1", SIDE_SELL, row->leg, "0.010");
	sell.reduce_only = true;
	place_ok(&sell);
	cr_expect(zero(int, decimal_sign(account().positions[0].quantity)));
	struct err err = {0};
	sell = order_of("sell-2", SIDE_SELL, row->leg, "0.010");
	sell.reduce_only = true;
	cr_expect(eq(int, place(&sell, &err), -1));
	cr_expect(eq(int, err.code, ERR_FLAT), "%s", err.message);
	cr_expect(eq(int, err.retry, ERR_RETRY_NEVER));
}

ParameterizedTestParameters(bybit_simulator, a_stop_fires)
{
	static struct mode_row rows[] = {
		{POSITION_ONE_WAY, LEG_ONE_WAY, 1},
		{POSITION_HEDGE, LEG_LONG, 2},
	};
	return cr_make_param_array(struct mode_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct mode_row *row, bybit_simulator, a_stop_fires)
{
	struct err err = {0};
	use_mode(row->mode);
	struct order_request buy = order_of("buy-1", SIDE_BUY, row->leg, "0.010");
	place_ok(&buy);

	struct order_request stop = order_of("stop-1", SIDE_SELL, row->leg, "0.010");
	stop.type = ORDER_STOP_MARKET;
	stop.trigger_price = decimal_literal("19000");
	stop.trigger_by = TRIGGER_MARK;
	stop.reduce_only = stop.close_on_trigger = true;
	place_ok(&stop);

	struct order_list waiting = open_now();
	cr_assert(eq(sz, waiting.count, 1));
	cr_expect(eq(int, waiting.items[0].status, ORDER_STATUS_UNTRIGGERED));
	cr_expect(eq(int, waiting.items[0].type, ORDER_STOP_MARKET));
	cr_expect(eq(int, waiting.items[0].leg, row->leg));
	EXPECT_EQUAL(waiting.items[0].trigger_price, "19000");
	cr_expect(waiting.items[0].reduce_only);

	struct exchange_amend change = {.client_order_id = "stop-1",
		.symbol = SYMBOL,
		.has_trigger = true,
		.trigger_price = decimal_literal("19500")};
	cr_assert(zero(int, amend(&change, &err)), "%s", err.message);
	EXPECT_EQUAL(find("stop-1").trigger_price, "19500");

	price("19400");
	struct order fired = find("stop-1");
	cr_expect(eq(int, fired.status, ORDER_STATUS_FILLED));
	EXPECT_EQUAL(fired.filled, "0.010");
	struct fill_list fills = fills_of("stop-1");
	EXPECT_EQUAL(sum_of(&fills), "0.010");
	cr_expect(eq(str, fills.items[0].client_order_id, (char *)(uintptr_t) "stop-1"));
	EXPECT_EQUAL(fills.items[0].closed_quantity, "0.010");
	cr_expect(zero(int, decimal_sign(account().positions[0].quantity)));
}

Test(bybit_simulator, a_long_and_a_short_stand_side_by_side)
{
	use_mode(POSITION_HEDGE);
	struct order_request longs = order_of("long-1", SIDE_BUY, LEG_LONG, "0.020");
	struct order_request shorts = order_of("short-1", SIDE_SELL, LEG_SHORT, "0.010");
	place_ok(&longs);
	place_ok(&shorts);

	struct account both = account();
	cr_assert(eq(sz, both.position_count, 2));
	EXPECT_EQUAL(both.positions[0].quantity, "0.020");
	EXPECT_EQUAL(both.positions[1].quantity, "0.010");
	cr_expect(eq(int, both.positions[1].side, SIDE_SELL));
	cr_expect(eq(sz, both.active_symbols, 1), "two legs of one symbol");
}

Test(bybit_simulator, a_resting_order_is_listed_amended_and_cancelled)
{
	struct err err = {0};
	struct order_request rest = order_of("rest-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	rest.type = ORDER_LIMIT;
	rest.price = decimal_literal("19000.0");
	place_ok(&rest);

	struct order_list open = open_now();
	cr_assert(eq(sz, open.count, 1));
	cr_expect(eq(int, open.items[0].status, ORDER_STATUS_OPEN));
	cr_expect(eq(int, open.items[0].type, ORDER_LIMIT));

	struct exchange_amend change = {.client_order_id = "rest-1",
		.symbol = SYMBOL,
		.has_price = true,
		.has_quantity = true,
		.price = decimal_literal("18900.0"),
		.quantity = decimal_literal("0.020")};
	cr_assert(zero(int, amend(&change, &err)), "%s", err.message);
	struct order changed = find("rest-1");
	EXPECT_EQUAL(changed.price, "18900");
	EXPECT_EQUAL(changed.quantity, "0.020");

	cr_assert(zero(int, cancel("rest-1", &err)), "%s", err.message);
	cr_expect(eq(int, find("rest-1").status, ORDER_STATUS_CANCELLED));
	cr_expect(zero(sz, open_now().count));
	cr_expect(eq(int, cancel("rest-1", &err), -1));
	cr_expect(eq(int, err.code, ERR_NO_ORDER), "%s", err.message);
}

Test(bybit_simulator, a_post_only_order_that_would_cross_is_accepted_then_cancelled)
{
	struct order_request post = order_of("post-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	post.type = ORDER_LIMIT;
	post.time_in_force = TIF_POST_ONLY;
	post.price = decimal_literal("20500.0");
	place_ok(&post);

	struct order order = find("post-1");
	cr_expect(eq(int, order.status, ORDER_STATUS_CANCELLED));
	cr_expect(eq(str, order.reason, (char *)(uintptr_t) "EC_PostOnlyWillTakeLiquidity"));
	cr_expect(zero(int, decimal_sign(order.filled)));
}

Test(bybit_simulator, definite_refusals_stay_definite)
{
	struct err err = {0};
	struct order_request order = order_of("same-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	place_ok(&order);
	cr_expect(eq(int, place(&order, &err), -1));
	cr_expect(eq(int, err.code, ERR_DUPLICATE), "%s", err.message);

	order = order_of("huge-1", SIDE_BUY, LEG_ONE_WAY, "100");
	cr_expect(eq(int, place(&order, &err), -1));
	cr_expect(eq(int, err.code, ERR_MARGIN), "%s", err.message);
	cr_expect(eq(int, err.retry, ERR_RETRY_NEVER));

	order = order_of("tick-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	order.type = ORDER_LIMIT;
	order.price = decimal_literal("19000.05");
	cr_expect(eq(int, place(&order, &err), -1));
	cr_expect(eq(int, err.code, ERR_FILTER), "%s", err.message);

	order = order_of("mode-1", SIDE_BUY, LEG_LONG, "0.010");
	cr_expect(eq(int, place(&order, &err), -1));
	cr_expect(eq(int, err.code, ERR_BUG), "%s", err.message);
}

Test(bybit_simulator, settings_that_stand_already_are_success)
{
	struct err err = {0};
	const struct exchange_setting leverage = {
		.kind = SETTING_LEVERAGE, .symbol = SYMBOL, .leverage = decimal_literal("7")};
	const struct exchange_setting isolated = {
		.kind = SETTING_MARGIN_MODE, .margin_mode = MARGIN_ISOLATED};

	for (int i = 0; i < 2; i++) {
		cr_expect(zero(int, set(&leverage, &err)), "%s", err.message);
		cr_expect(zero(int, set(&isolated, &err)), "%s", err.message);
	}
	struct account now = account();
	EXPECT_EQUAL(now.positions[0].leverage, "7");
	cr_expect(now.margin_mode_known);
	cr_expect(eq(int, now.margin_mode, MARGIN_ISOLATED));
	EXPECT_EQUAL(now.balance.available, "10000");
}

/* ---- what may have happened ------------------------------------------------------------- */

struct fault_row {
	char kind[16];
	bool executed;
};

ParameterizedTestParameters(bybit_simulator, an_unclear_order_is_found_by_its_id)
{
	static struct fault_row rows[] = {
		{"error_before", false},
		{"error_after", true},
		{"cut_before", false},
		{"cut_after", true},
		{"truncate", true},
		{"garbage", true},
	};
	return cr_make_param_array(struct fault_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fault_row *row, bybit_simulator, an_unclear_order_is_found_by_its_id)
{
	struct err err = {0};
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	struct order order;
	POST_OK(&client, "/sim/faults", "{\"kind\":\"%s\",\"path\":\"/v5/order/create\"}",
		row->kind);

	struct order_request buy = order_of("lost-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	cr_expect(eq(int, place(&buy, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s: %s", row->kind, err.message);
	cr_assert(zero(int, bybit->find_order(exchange, SYMBOL, "lost-1", &found, &order, &err)),
		"%s", err.message);
	cr_expect(eq(int, found == EXCHANGE_FOUND, row->executed), "%s", row->kind);
	EXPECT_EQUAL(account().positions[0].quantity, row->executed ? "0.010" : "0");
}

/* ---- the ledger ------------------------------------------------------------------------- */

Test(bybit_simulator, funding_is_read_with_our_sign)
{
	struct err err = {0};
	struct funding_list list;
	struct fill_list fills;
	struct order_request buy = order_of("buy-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	place_ok(&buy);
	POST_OK(&client, "/sim/funding", "{\"symbol\":\"" SYMBOL "\",\"rate\":\"0.0001\"}");

	int64_t now_ms = clock_utc_ms(clock_system());
	cr_assert(
		zero(int, bybit->funding(exchange, arena, SYMBOL, now_ms - 60000, 0, &list, &err)),
		"%s", err.message);
	cr_assert(eq(sz, list.count, 1));
	cr_expect(lt(int, decimal_sign(list.items[0].amount), 0), "a long pays a positive rate");
	EXPECT_EQUAL(list.items[0].rate, "0.0001");
	EXPECT_EQUAL(list.items[0].quantity, "0.010");

	cr_assert(zero(int, bybit->fills(exchange, arena, SYMBOL, now_ms - 60000, 0, &fills, &err)),
		"%s", err.message);
	EXPECT_EQUAL(sum_of(&fills), "0.010"); /* and no payment among them */
}

Test(bybit_simulator, forced_fills_are_told_apart)
{
	struct err err = {0};
	struct fill_list fills;
	struct order_request buy = order_of("buy-1", SIDE_BUY, LEG_ONE_WAY, "0.010");
	place_ok(&buy);
	POST_OK(&client, "/sim/force",
		"{\"key\":\"alice\",\"symbol\":\"" SYMBOL
		"\",\"qty\":\"0.004\",\"price\":\"20000\","
		"\"kind\":\"adl\"}");

	int64_t now_ms = clock_utc_ms(clock_system());
	cr_assert(zero(int, bybit->fills(exchange, arena, SYMBOL, now_ms - 60000, 0, &fills, &err)),
		"%s", err.message);
	cr_assert(gt(sz, fills.count, 1));
	const struct fill *last = &fills.items[fills.count - 1];
	cr_expect(eq(int, last->kind, FILL_ADL));
	cr_expect(eq(str, (char *)(uintptr_t)last->client_order_id, (char *)(uintptr_t) ""));
	EXPECT_EQUAL(account().positions[0].quantity, "0.006");
}
