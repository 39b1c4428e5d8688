#include "tests/broker/desk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

static enum order_status status_of(const struct desk *desk, const char *id)
{
	return desk_order(desk, id).order.status;
}

/* Asks without letting it take effect. */
static void ask(struct desk *desk, const struct order_request *request, int64_t effect_ms)
{
	struct order order;
	struct err err;
	cr_assert(eq(int,
		broker_place(desk->broker, desk->account, request, effect_ms, &order, &err), 0));
}

static struct desk *trading_desk(void)
{
	struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
	desk_price(desk, "50000");
	return desk;
}

/* ---- acknowledge first, match later -----------------------------------------------------------
 */

Test(orders, an_order_is_acknowledged_first_and_filled_when_it_takes_effect)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_request("a", SIDE_BUY, "0.1");
	ask(desk, &request, desk->now_ms + 1500);
	cr_expect(desk_order(desk, "a").pending);

	desk_price(desk, "51000"); /* 1,000 ms later: not yet */
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
	int64_t effect_ms = 0;
	cr_expect(broker_due(desk->broker, &effect_ms));

	desk_price(desk, "52000"); /* due, at the price of this moment */
	cr_expect(same(desk_last(desk, BROKER_EVENT_FILL)->fill.price, "52000"));
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	cr_expect(not(broker_due(desk->broker, &effect_ms)));
}

Test(orders, a_cancel_loses_to_a_fill_that_comes_before_its_effect)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.1", "49000");
	struct err err;
	desk_place(desk, &request);
	cr_assert(eq(int, broker_cancel(desk->broker, 0, "a", desk->now_ms + 1500, &err), 0));
	desk_price(desk, "48000");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	desk_price(desk, "48000");
	cr_expect(desk_last(desk, BROKER_EVENT_TOO_LATE) != NULL);
	cr_expect(same(desk_position(desk, 0).quantity, "0.1"));
}

Test(orders, a_cancel_in_effect_keeps_the_next_price_from_filling)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.1", "49000");
	struct err err;
	desk_place(desk, &request);
	cr_assert(eq(int, broker_cancel(desk->broker, 0, "a", desk->now_ms + 500, &err), 0));
	desk_price(desk, "48000");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_CANCELLED));
	cr_expect(eq(int, desk_order(desk, "a").reason, BROKER_REASON_USER));
	cr_expect(same(desk_balance(desk).order_margin, "0"));

	cr_assert(eq(int, broker_cancel(desk->broker, 0, "a", desk->now_ms, &err), -1));
	cr_expect(eq(int, err.code, ERR_NO_ORDER));
}

Test(orders, an_order_cancelled_before_its_effect_never_works)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_request("a", SIDE_BUY, "0.1");
	struct err err;
	ask(desk, &request, desk->now_ms + 5000);
	cr_assert(eq(int, broker_cancel(desk->broker, 0, "a", desk->now_ms + 10, &err), 0));
	for (int i = 0; i < 8; i++)
		desk_price(desk, "50000");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_CANCELLED));
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
}

/* ---- liquidity ----------------------------------------------------------------------------------
 */

struct liquidity_row {
	char because[64];
	enum order_type type;
	enum time_in_force tif;
	char price[16];
	char quantity[16];
	enum order_status status;
	enum broker_reason reason;
	char filled[16];
};

/* The market is at 50,000, half of 0.2 can be taken. */
ParameterizedTestParameters(orders, taking)
{
	static struct liquidity_row rows[] = {
		{"a market order that fits", ORDER_MARKET, TIF_GTC, "0", "0.1", ORDER_STATUS_FILLED,
			BROKER_REASON_NONE, "0.1"},
		{"a market order that does not ends cancelled with fills", ORDER_MARKET, TIF_GTC,
			"0", "0.15", ORDER_STATUS_CANCELLED, BROKER_REASON_NO_LIQUIDITY, "0.1"},
		{"a crossing limit order takes and the rest rests", ORDER_LIMIT, TIF_GTC, "50000",
			"0.15", ORDER_STATUS_OPEN, BROKER_REASON_NONE, "0.1"},
		{"IOC does not rest", ORDER_LIMIT, TIF_IOC, "50000", "0.15", ORDER_STATUS_CANCELLED,
			BROKER_REASON_NO_LIQUIDITY, "0.1"},
		{"IOC that does not cross", ORDER_LIMIT, TIF_IOC, "49999.9", "0.1",
			ORDER_STATUS_CANCELLED, BROKER_REASON_NO_LIQUIDITY, "0"},
		{"FOK takes all or nothing", ORDER_LIMIT, TIF_FOK, "50000", "0.15",
			ORDER_STATUS_CANCELLED, BROKER_REASON_NO_LIQUIDITY, "0"},
		{"FOK that fits", ORDER_LIMIT, TIF_FOK, "50000", "0.1", ORDER_STATUS_FILLED,
			BROKER_REASON_NONE, "0.1"},
		{"post-only that would take is cancelled", ORDER_LIMIT, TIF_POST_ONLY, "50000",
			"0.1", ORDER_STATUS_CANCELLED, BROKER_REASON_POST_ONLY, "0"},
		{"post-only that would not rests", ORDER_LIMIT, TIF_POST_ONLY, "49999.9", "0.1",
			ORDER_STATUS_OPEN, BROKER_REASON_NONE, "0"},
	};
	return cr_make_param_array(struct liquidity_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct liquidity_row *row, orders, taking)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
	desk_market(desk, "50000", "50000", "0.2");
	struct order_request request = desk_request("a", SIDE_BUY, row->quantity);
	request.type = row->type;
	request.time_in_force = row->tif;
	request.price = D(row->price);
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));

	struct broker_order order = desk_order(desk, "a");
	cr_expect(eq(int, order.order.status, row->status), "%s", row->because);
	cr_expect(eq(int, order.reason, row->reason), "%s", row->because);
	cr_expect(same(order.order.filled, row->filled), "%s", row->because);
	cr_expect(same(desk_position(desk, 0).quantity, row->filled), "%s", row->because);
}

Test(orders, liquidity_of_a_period_is_used_up_and_comes_back_with_the_next)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "100000");
	desk_market(desk, "50000", "50000", "0.2");
	desk_trade(desk, SIDE_BUY, "0.07");
	desk_trade(desk, SIDE_BUY, "0.07");
	cr_expect(same(desk_position(desk, 0).quantity, "0.1"));
	desk_market(desk, "50000", "50000", "0.2");
	desk_trade(desk, SIDE_BUY, "0.07");
	cr_expect(same(desk_position(desk, 0).quantity, "0.17"));
}

Test(orders, a_resting_order_fills_only_when_traded_through_and_in_parts)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.15", "49000");
	desk_place(desk, &request);
	desk_price(desk, "49000"); /* touched is not through */
	cr_expect(same(desk_order(desk, "a").order.filled, "0"));

	desk_market(desk, "48999.9", "49000", "0.2");
	cr_expect(same(desk_order(desk, "a").order.filled, "0.1"));
	const struct desk_event *fill = desk_last(desk, BROKER_EVENT_FILL);
	cr_expect(same(fill->fill.price, "49000"));
	cr_expect(eq(int, fill->fill.liquidity, LIQUIDITY_MAKER));

	desk_market(desk, "48999.9", "49000", "0.2");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	cr_expect(same(desk_order(desk, "a").order.filled_value, "7350"));
	cr_expect(same(desk_balance(desk).order_margin, "0"));
}

Test(orders, the_price_that_lets_an_order_rest_does_not_fill_it_too)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.15", "50000");
	ask(desk, &request, desk->now_ms + 500);
	desk_market(desk, "48000", "48000", "0.2"); /* takes 0.1, then rests above last */
	cr_expect(same(desk_order(desk, "a").order.filled, "0.1"));
	desk_market(desk, "48000", "48000", "0.2");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	cr_expect(eq(int, desk_last(desk, BROKER_EVENT_FILL)->fill.liquidity, LIQUIDITY_MAKER));
}

Test(orders, the_dice_are_the_same_for_the_same_seed_and_differ_between_accounts)
{
	struct decimal got[3][2];
	for (int round = 0; round < 3; round++) {
		struct broker_settings settings = broker_settings_default();
		settings.seed = round == 2 ? 8 : 7;
		CLEANUP(broker_free) struct broker *broker = broker_new(&settings);
		struct rules rules = desk_rules("BTCUSDT");
		struct broker_fees fees = {.maker = D("0"), .taker = D("0")};
		struct err err;
		int symbol;
		cr_assert(eq(int, broker_symbol_add(broker, &rules, &fees, &symbol, &err), 0));
		struct broker_price price = {.time_ms = 1,
			.last = D("100"),
			.mark = D("100"),
			.bid = D("100"),
			.ask = D("100"),
			.period_ms = 60000,
			.volume = D("100")};
		for (int i = 0; i < 2; i++) {
			int account = broker_account_add(broker, MARGIN_CROSS);
			cr_assert(
				eq(int, broker_deposit(broker, account, D("1000000"), 0, &err), 0));
		}
		cr_assert(eq(int, broker_price(broker, symbol, &price, &err), 0));
		for (int i = 0; i < 2; i++) {
			struct order order;
			struct order_request request = desk_request("", SIDE_BUY, "50");
			cr_assert(eq(int, broker_place(broker, i, &request, 1, &order, &err), 0));
			broker_step(broker, 1);
			struct position positions[POSITIONS_MAX];
			(void)broker_positions(broker, i, symbol, positions);
			got[round][i] = positions[0].quantity;
			cr_expect(not(decimal_less(got[round][i], D("2"))));
			cr_expect(not(decimal_less(D("10"), got[round][i])));
		}
	}
	cr_expect(decimal_equal(got[0][0], got[1][0]) && decimal_equal(got[0][1], got[1][1]));
	cr_expect(not(decimal_equal(got[0][0], got[0][1])));
	cr_expect(not(decimal_equal(got[0][0], got[2][0])));
}

/* ---- reduce-only
 * ---------------------------------------------------------------------------------- */

Test(orders, reduce_only_is_trimmed_to_the_position)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	desk_trade(desk, SIDE_BUY, "0.1");
	struct order_request request = desk_request("a", SIDE_SELL, "0.3");
	request.reduce_only = true;
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	cr_expect(same(desk_order(desk, "a").order.quantity, "0.1"));
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
}

Test(orders, reduce_only_is_refused_when_flat_and_on_the_side_of_the_position)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_request("a", SIDE_BUY, "0.1");
	request.reduce_only = true;
	cr_expect(eq(int, desk_place(desk, &request), BROKER_REFUSED_FLAT));
	desk_trade(desk, SIDE_BUY, "0.1");
	cr_expect(eq(int, desk_place(desk, &request), BROKER_REFUSED_REDUCE_SIDE));
}

Test(orders, waiting_reduce_only_orders_follow_the_position_down)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	desk_trade(desk, SIDE_BUY, "0.1");
	struct order_request small = desk_limit("small", SIDE_SELL, "0.03", "52000");
	struct order_request large = desk_limit("large", SIDE_SELL, "0.1", "53000");
	small.reduce_only = large.reduce_only = true;
	desk_place(desk, &small);
	desk_place(desk, &large);

	desk_trade(desk, SIDE_SELL, "0.06");
	cr_expect(same(desk_order(desk, "small").order.quantity, "0.03"));
	cr_expect(same(desk_order(desk, "large").order.quantity, "0.04"));
	cr_expect(
		eq(int, desk_last(desk, BROKER_EVENT_AMENDED)->reason, BROKER_REASON_REDUCE_ONLY));

	desk_trade(desk, SIDE_SELL, "0.04");
	cr_expect(eq(int, status_of(desk, "small"), ORDER_STATUS_CANCELLED));
	cr_expect(eq(int, desk_order(desk, "large").reason, BROKER_REASON_REDUCE_ONLY));
}

Test(orders, close_all_takes_what_there_is_when_it_takes_effect)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	desk_trade(desk, SIDE_BUY, "0.1");
	struct order_request request = desk_request("a", SIDE_SELL, "0");
	request.reduce_only = request.close_on_trigger = true;
	ask(desk, &request, desk->now_ms + 500);
	desk_trade(desk, SIDE_BUY, "0.05");
	desk_price(desk, "50000");
	cr_expect(same(desk_order(desk, "a").order.filled, "0.15"));
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
}

Test(orders, the_closing_side_of_a_hedged_leg_never_opens)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	desk_hedge(desk);
	struct order_request request = desk_request("a", SIDE_SELL, "0.1");
	request.leg = LEG_LONG;
	cr_expect(eq(int, desk_place(desk, &request), BROKER_REFUSED_FLAT));
	request = desk_request("b", SIDE_BUY, "0.1");
	request.leg = LEG_LONG;
	desk_place(desk, &request);
	request = desk_request("c", SIDE_SELL, "0.2");
	request.leg = LEG_SHORT;
	desk_place(desk, &request);
	request = desk_request("d", SIDE_SELL, "0.5");
	request.leg = LEG_LONG;
	desk_place(desk, &request);

	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
	cr_expect(same(desk_position(desk, 1).quantity, "0.2"));
	cr_expect(eq(int, desk_position(desk, 1).side, SIDE_SELL));
	request.leg = LEG_ONE_WAY;
	snprintf(request.client_order_id, sizeof request.client_order_id, "e");
	cr_expect(eq(int, desk_place(desk, &request), BROKER_REFUSED_LEG));
}

/* ---- conditional orders
 * ---------------------------------------------------------------------------- */

Test(orders, a_stop_fires_on_its_own_price_and_keeps_its_ids)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	desk_trade(desk, SIDE_BUY, "0.1");
	struct order_request request = desk_stop("stop", SIDE_SELL, "0.1", "49000", false);
	request.trigger_by = TRIGGER_MARK;
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	cr_expect(eq(int, status_of(desk, "stop"), ORDER_STATUS_UNTRIGGERED));
	struct order before = desk_order(desk, "stop").order;

	desk_market(desk, "48500", "49000.1", "1000"); /* last is through, mark is not */
	cr_expect(eq(int, status_of(desk, "stop"), ORDER_STATUS_UNTRIGGERED));
	desk_market(desk, "48600", "49000", "1000");
	struct broker_order after = desk_order(desk, "stop");
	cr_expect(eq(int, after.order.status, ORDER_STATUS_FILLED));
	cr_expect(after.triggered);
	cr_expect(strcmp(after.order.venue_order_id, before.venue_order_id) == 0);
	cr_expect(same(desk_last(desk, BROKER_EVENT_FILL)->fill.price, "48600"));
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
}

Test(orders, a_stop_that_fires_into_a_flat_position_is_cancelled)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_stop("stop", SIDE_SELL, "0.1", "49000", false);
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	desk_price(desk, "48000");
	cr_expect(eq(int, status_of(desk, "stop"), ORDER_STATUS_CANCELLED));
	cr_expect(eq(int, desk_order(desk, "stop").reason, BROKER_REASON_REDUCE_ONLY));
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity));
}

Test(orders, a_conditional_limit_order_rests_after_its_trigger)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.1", "50500");
	request.trigger_price = D("51000");
	request.trigger_rising = true;
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	cr_expect(same(desk_balance(desk).order_margin, "0")); /* none while it waits */
	desk_price(desk, "51000");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_OPEN));
	cr_expect(decimal_sign(desk_balance(desk).order_margin) > 0);
	desk_price(desk, "50400");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	cr_expect(same(desk_last(desk, BROKER_EVENT_FILL)->fill.price, "50500"));
}

Test(orders, a_conditional_entry_without_margin_is_cancelled_when_it_fires)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_stop("a", SIDE_BUY, "3", "51000", true);
	request.reduce_only = false;
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	desk_price(desk, "51000");
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_CANCELLED));
	cr_expect(eq(int, desk_order(desk, "a").reason, BROKER_REASON_MARGIN));
}

/* ---- amend
 * ------------------------------------------------------------------------------------------ */

Test(orders, an_amended_price_that_crosses_takes)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.1", "49000");
	desk_place(desk, &request);
	struct broker_amend amend = {.has_price = true, .price = D("50010")};
	struct err err;
	cr_assert(eq(int, broker_amend(desk->broker, 0, "a", &amend, desk->now_ms, &err), 0));
	broker_step(desk->broker, desk->now_ms);
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_FILLED));
	cr_expect(same(desk_last(desk, BROKER_EVENT_FILL)->fill.price, "50000"));
}

Test(orders, an_amend_that_comes_after_the_fill_is_too_late)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.1", "49000");
	desk_place(desk, &request);
	struct broker_amend amend = {.has_quantity = true, .quantity = D("0.2")};
	struct err err;
	cr_assert(
		eq(int, broker_amend(desk->broker, 0, "a", &amend, desk->now_ms + 1500, &err), 0));
	desk_price(desk, "48000");
	desk_price(desk, "48000");
	cr_expect(desk_last(desk, BROKER_EVENT_TOO_LATE) != NULL);
	cr_expect(same(desk_position(desk, 0).quantity, "0.1"));
}

Test(orders, a_stop_can_be_moved)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	desk_trade(desk, SIDE_BUY, "0.1");
	struct order_request request = desk_stop("stop", SIDE_SELL, "0.1", "49000", false);
	desk_place(desk, &request);
	struct broker_amend amend = {.has_trigger_price = true, .trigger_price = D("49500")};
	struct err err;
	cr_assert(eq(int, broker_amend(desk->broker, 0, "stop", &amend, desk->now_ms, &err), 0));
	desk_price(desk, "49400");
	cr_expect(eq(int, status_of(desk, "stop"), ORDER_STATUS_FILLED));
}

/* Rows come by number: Criterion's copies are not aligned for the 128 bits of a decimal. */
struct amend_row {
	const char *because;
	struct broker_amend amend;
	enum broker_refusal refusal;
};

#define AMENDS 5

static struct amend_row amend_row(int which)
{
	const struct amend_row rows[AMENDS] = {
		{"not above what is filled", {.has_quantity = true, .quantity = D("0.1")},
			BROKER_REFUSED_AMEND_FILLED},
		{"the same again",
			{.has_quantity = true,
				.quantity = D("0.15"),
				.has_price = true,
				.price = D("49000")},
			BROKER_REFUSED_UNCHANGED},
		{"off the tick", {.has_price = true, .price = D("49000.05")}, BROKER_REFUSED_PRICE},
		{"more than the margin allows", {.has_quantity = true, .quantity = D("3")},
			BROKER_REFUSED_MARGIN},
		{"no such field", {.has_trigger_price = true, .trigger_price = D("49000")},
			BROKER_REFUSED_AMEND_FIELD},
	};
	return rows[which];
}

ParameterizedTestParameters(orders, amends_refused)
{
	static int rows[AMENDS];
	for (int i = 0; i < AMENDS; i++)
		rows[i] = i;
	return cr_make_param_array(int, rows, AMENDS);
}

ParameterizedTest(int *which, orders, amends_refused)
{
	const struct amend_row row = amend_row(*which);
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("a", SIDE_BUY, "0.15", "49000");
	desk_place(desk, &request);
	desk_market(desk, "48999.9", "49000", "0.2"); /* 0.1 of it fills */
	struct err err = {0};
	cr_expect(eq(int, broker_amend(desk->broker, 0, "a", &row.amend, desk->now_ms, &err), -1),
		"%s", row.because);
	cr_expect(eq(i64, err.venue_code, (int64_t)row.refusal), "%s", row.because);
	cr_expect(same(desk_order(desk, "a").order.quantity, "0.15"), "%s", row.because);
}

/* ---- what is refused at once
 * -------------------------------------------------------------------------- */

struct refusal_row {
	const char *because;
	struct order_request request;
	enum broker_refusal refusal;
	enum err_code code;
};

#define REFUSALS 16

static struct order_request with_trigger(const char *trigger, bool rising)
{
	struct order_request request = desk_request("n", SIDE_BUY, "0.1");
	request.trigger_price = D(trigger);
	request.trigger_rising = rising;
	return request;
}

static struct order_request elsewhere(void)
{
	struct order_request request = desk_request("n", SIDE_BUY, "0.1");
	snprintf(request.symbol, sizeof request.symbol, "ETHUSDT");
	return request;
}

static struct refusal_row refusal_row(int which)
{
	const struct refusal_row rows[REFUSALS] = {
		{"no such symbol", elsewhere(), BROKER_REFUSED_NOT_TRADING, ERR_MAINTENANCE},
		{"a used client id", desk_request("used", SIDE_BUY, "0.1"),
			BROKER_REFUSED_CLIENT_ID, ERR_DUPLICATE},
		{"off the tick", desk_limit("n", SIDE_BUY, "0.1", "49000.01"), BROKER_REFUSED_PRICE,
			ERR_FILTER},
		{"no price", desk_limit("n", SIDE_BUY, "0.1", "0"), BROKER_REFUSED_PRICE,
			ERR_FILTER},
		{"off the lot", desk_request("n", SIDE_BUY, "0.1005"), BROKER_REFUSED_QUANTITY,
			ERR_FILTER},
		{"nothing", desk_request("n", SIDE_BUY, "0"), BROKER_REFUSED_QUANTITY, ERR_FILTER},
		{"negative", desk_request("n", SIDE_BUY, "-1"), BROKER_REFUSED_QUANTITY,
			ERR_FILTER},
		{"above the market maximum", desk_request("n", SIDE_BUY, "50.001"),
			BROKER_REFUSED_TOO_LARGE, ERR_FILTER},
		{"above the limit maximum", desk_limit("n", SIDE_BUY, "100.001", "49000"),
			BROKER_REFUSED_TOO_LARGE, ERR_FILTER},
		{"too little money", desk_limit("n", SIDE_BUY, "0.001", "4999"),
			BROKER_REFUSED_NOTIONAL, ERR_FILTER},
		/* 2.1 * 50,000 / 10 = 10,500 */
		{"more than the margin allows", desk_request("n", SIDE_BUY, "2.1"),
			BROKER_REFUSED_MARGIN, ERR_MARGIN},
		/* 40.1 * 50,000 = 2,005,000 */
		{"beyond the last tier", desk_request("n", SIDE_BUY, "40.1"),
			BROKER_REFUSED_RISK_LIMIT, ERR_FILTER},
		{"a rising trigger not above the market", with_trigger("50000", true),
			BROKER_REFUSED_TRIGGER_RISING, ERR_FILTER},
		{"a falling trigger not below the market", with_trigger("50000", false),
			BROKER_REFUSED_TRIGGER_FALLING, ERR_FILTER},
		{"a trigger off the tick", with_trigger("50000.01", true), BROKER_REFUSED_TRIGGER,
			ERR_FILTER},
		{"a stop without trigger", desk_stop("n", SIDE_SELL, "0.1", "0", false),
			BROKER_REFUSED_TRIGGER, ERR_FILTER},
	};
	return rows[which];
}

ParameterizedTestParameters(orders, refused)
{
	static int rows[REFUSALS];
	for (int i = 0; i < REFUSALS; i++)
		rows[i] = i;
	return cr_make_param_array(int, rows, REFUSALS);
}

ParameterizedTest(int *which, orders, refused)
{
	const struct refusal_row row = refusal_row(*which);
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request used = desk_limit("used", SIDE_BUY, "0.001", "40000");
	desk_place(desk, &used);
	struct broker_balance before = desk_balance(desk);
	int events = desk->event_count;
	struct order order;
	struct err err = {0};

	cr_expect(eq(int, broker_place(desk->broker, 0, &row.request, desk->now_ms, &order, &err),
			  -1),
		"%s", row.because);
	cr_expect(
		eq(i64, err.venue_code, (int64_t)row.refusal), "%s: %s", row.because, err.message);
	cr_expect(eq(int, err.code, row.code), "%s", row.because);
	cr_expect(decimal_equal(before.balance.available, desk_balance(desk).balance.available),
		"%s", row.because);
	cr_expect(eq(int, desk->event_count, events), "%s", row.because);
}

Test(orders, two_orders_cannot_spend_the_same_margin_before_they_take_effect)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request first = desk_request("a", SIDE_BUY, "1.2"); /* 6,000 and a fee */
	struct order_request second = desk_request("b", SIDE_BUY, "1.2");
	ask(desk, &first, desk->now_ms + 100);
	cr_expect(eq(int, desk_place(desk, &second), BROKER_REFUSED_MARGIN));
}

Test(orders, an_order_whose_margin_is_gone_when_it_takes_effect_is_rejected)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_request("a", SIDE_BUY, "1.9"); /* 9,500 + 52.25 */
	ask(desk, &request, desk->now_ms + 100);
	desk_price(desk, "55000"); /* now 10,450 */
	cr_expect(eq(int, status_of(desk, "a"), ORDER_STATUS_REJECTED));
	cr_expect(eq(int, desk_order(desk, "a").reason, BROKER_REASON_MARGIN));
}

Test(orders, the_eleventh_conditional_order_is_refused)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	for (int i = 0; i < 11; i++) {
		char id[16];
		snprintf(id, sizeof id, "s%d", i);
		struct order_request request = desk_stop(id, SIDE_SELL, "0.1", "49000", false);
		cr_expect(eq(int, desk_place(desk, &request),
			i < 10 ? BROKER_REFUSED_NOTHING : BROKER_REFUSED_CONDITIONALS_MAX));
	}
}

/* ---- ids and lists
 * ------------------------------------------------------------------------------------- */

static bool collect(void *context, const struct broker_order *order)
{
	char *names = context;
	strcat(names, order->order.client_order_id);
	return strlen(names) < 3;
}

Test(orders, open_orders_are_visited_oldest_first_and_found_by_either_id)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	const char *ids[] = {"a", "b", "c", "d"};
	for (int i = 0; i < 4; i++) {
		struct order_request request = desk_limit(ids[i], SIDE_BUY, "0.01", "40000");
		desk_place(desk, &request);
	}
	struct err err;
	cr_assert(eq(int, broker_cancel(desk->broker, 0, "b", desk->now_ms, &err), 0));
	broker_step(desk->broker, desk->now_ms);
	char names[16] = "";
	broker_orders(desk->broker, 0, -1, collect, names);
	cr_expect(strcmp(names, "acd") == 0, "%s", names);

	struct broker_order order;
	struct order first = desk_order(desk, "a").order;
	cr_expect(broker_order(desk->broker, 0, first.venue_order_id, &order));
	cr_expect(strcmp(order.order.client_order_id, "a") == 0);
	int stranger = broker_account_add(desk->broker, MARGIN_CROSS);
	cr_expect(not(broker_order(desk->broker, stranger, first.venue_order_id, &order)));
	cr_expect(not(broker_order(desk->broker, stranger, "a", &order)));
}

Test(orders, closed_orders_are_dropped_but_their_client_ids_stay_used)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	for (int i = 0; i < 600; i++) {
		char id[16];
		snprintf(id, sizeof id, "c%d", i);
		struct order_request request = desk_limit(id, SIDE_BUY, "0.01", "40000");
		request.time_in_force = TIF_IOC;
		cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	}
	struct broker_order order;
	cr_expect(not(broker_order(desk->broker, 0, "c99", &order)));
	cr_expect(broker_order(desk->broker, 0, "c100", &order));
	struct order_request again = desk_limit("c0", SIDE_BUY, "0.01", "40000");
	cr_expect(eq(int, desk_place(desk, &again), BROKER_REFUSED_CLIENT_ID));
}

/* ---- settings
 * ---------------------------------------------------------------------------------------------- */

Test(orders, leverage_moves_the_margin_and_is_bounded_by_the_tier)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct err err;
	desk_trade(desk, SIDE_BUY, "0.1");
	desk_leverage(desk, "20");
	cr_expect(same(desk_position(desk, 0).initial_margin, "250"));
	cr_expect(eq(int, broker_set_leverage(desk->broker, 0, 0, D("20"), D("20"), &err), -1));
	cr_expect(eq(int, err.code, ERR_NO_CHANGE));
	cr_expect(eq(int, broker_set_leverage(desk->broker, 0, 0, D("20"), D("10"), &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_LEVERAGE));
	cr_expect(eq(int, broker_set_leverage(desk->broker, 0, 0, D("101"), D("101"), &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_LEVERAGE));
	desk_trade(desk, SIDE_BUY, "2"); /* 105,000: the second tier, at most 50x */
	cr_expect(eq(int, broker_set_leverage(desk->broker, 0, 0, D("60"), D("60"), &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_RISK_LIMIT));
	cr_expect(eq(int, broker_set_leverage(desk->broker, 0, 0, D("1"), D("1"), &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_MARGIN));
}

Test(orders, modes_change_only_while_idle)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct err err;
	struct order_request request = desk_limit("a", SIDE_BUY, "0.1", "49000");
	desk_place(desk, &request);
	cr_expect(eq(int, broker_set_position_mode(desk->broker, 0, 0, POSITION_HEDGE, &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_HAS_ORDERS));
	desk_trade(desk, SIDE_BUY, "0.1");
	cr_expect(eq(int, broker_set_margin_mode(desk->broker, 0, -1, MARGIN_CROSS, &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_HAS_POSITION));
	cr_expect(eq(int, broker_set_margin_mode(desk->broker, 0, -1, MARGIN_ISOLATED, &err), -1));
	cr_expect(eq(int, err.code, ERR_NO_CHANGE));
}

static void price_of(struct desk *desk, int symbol, const char *price)
{
	desk->symbol = symbol;
	desk_price(desk, price);
	desk->symbol = 0;
}

/*
 * One account, cross, but for one symbol. BTC long 1 at 50,000 with 5,000 allotted; ETH short 5 at
 * 3,000. Fees 27.5 and 8.25: the wallet holds 9,964.25.
 */
static struct desk *mixed_desk(void)
{
	struct desk *desk = desk_open(MARGIN_CROSS, "10000");
	struct rules rules = desk_rules("ETHUSDT");
	struct broker_fees fees = {.maker = D("0.0002"), .taker = D("0.00055")};
	int other;
	struct err err;
	if (broker_symbol_add(desk->broker, &rules, &fees, &other, &err) == -1 ||
		broker_set_margin_mode(desk->broker, 0, 0, MARGIN_ISOLATED, &err) == -1)
		die("mixed: %s", err.message);
	price_of(desk, 0, "50000");
	price_of(desk, 1, "3000");
	desk_trade(desk, SIDE_BUY, "1");
	struct order_request request = desk_request("", SIDE_SELL, "5");
	snprintf(request.symbol, sizeof request.symbol, "ETHUSDT");
	desk_place(desk, &request);
	return desk;
}

Test(orders, an_isolated_symbol_of_a_cross_account_stands_by_itself)
{
	CLEANUP(desk_close) struct desk *desk = mixed_desk();
	cr_expect(eq(int, broker_symbol_state(desk->broker, 0, 0).margin, MARGIN_ISOLATED));
	cr_expect(eq(int, broker_symbol_state(desk->broker, 0, 1).margin, MARGIN_CROSS));
	cr_expect(same(desk_balance(desk).balance.wallet, "9964.25"));
	cr_expect(same(desk_balance(desk).balance.available, "3464.25")); /* - 5,000 - 1,500 */
	price_of(desk, 0, "49000");
	cr_expect(same(desk_balance(desk).balance.available, "3464.25"), "no loss of the isolated");
	cr_expect(same(desk_balance(desk).balance.equity, "8964.25"), "which is in the equity");
	price_of(desk, 1, "3100");
	cr_expect(same(desk_balance(desk).balance.available, "2914.25")); /* - 50 - 500 */
	/* 5,000 + (P - 50,000) = 0.00555 P, and 4,964.25 + 5 (3,000 - P) = 5 * 0.00555 P. */
	cr_expect(same(desk_position(desk, 0).liquidation, "45251.1"));
	desk->symbol = 1;
	cr_expect(same(desk_position(desk, 0).liquidation, "3970.9"));
	desk->symbol = 0;
}

Test(orders, a_cross_account_is_taken_over_without_its_isolated_legs)
{
	CLEANUP(desk_close) struct desk *desk = mixed_desk();
	price_of(desk, 1, "3971");
	cr_expect(same(desk_position(desk, 0).quantity, "1"), "the isolated leg stays");
	desk->symbol = 1;
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity), "the cross leg is gone");
	desk->symbol = 0;
	struct decimal wallet = desk_balance(desk).balance.wallet;
	cr_expect(not(decimal_less(wallet, D("5000"))), "what was allotted is left");
	cr_expect(decimal_less(wallet, D("5001")), "and a few ticks");
	price_of(desk, 0, "45251.1");
	cr_expect(decimal_is_zero(desk_position(desk, 0).quantity), "until its own price comes");
}

Test(orders, the_modes_of_all_symbols_change_together_or_not_at_all)
{
	CLEANUP(desk_close) struct desk *desk = mixed_desk();
	struct err err;
	cr_expect(eq(int, broker_set_position_mode(desk->broker, 0, -1, POSITION_HEDGE, &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_HAS_POSITION));
	cr_expect(
		eq(int, broker_set_position_mode(desk->broker, 0, -1, POSITION_ONE_WAY, &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_UNCHANGED));
	desk_trade(desk, SIDE_SELL, "1");
	cr_expect(eq(int, broker_set_position_mode(desk->broker, 0, -1, POSITION_HEDGE, &err), -1));
	cr_expect(eq(int, broker_symbol_state(desk->broker, 0, 0).mode, POSITION_ONE_WAY),
		"the other symbol is held yet");
	cr_expect(eq(int, broker_set_position_mode(desk->broker, 0, 0, POSITION_HEDGE, &err), 0));
}

Test(orders, an_id_may_come_again_where_the_venue_lets_it)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct order_request request = desk_limit("again", SIDE_BUY, "0.1", "49000");
	struct order order;
	struct err err = {0};
	desk_place(desk, &request);
	uint64_t first = broker_id_number(desk_order(desk, "again").order.venue_order_id);
	cr_expect(eq(int, broker_place_again(desk->broker, 0, &request, 0, &order, &err), -1));
	cr_expect(eq(i64, err.venue_code, BROKER_REFUSED_CLIENT_ID), "it is working");
	cr_assert(eq(int, broker_cancel(desk->broker, 0, "again", desk->now_ms, &err), 0));
	broker_step(desk->broker, desk->now_ms);
	cr_expect(eq(int, broker_place(desk->broker, 0, &request, 0, &order, &err), -1));
	cr_assert(eq(int, broker_place_again(desk->broker, 0, &request, 0, &order, &err), 0));
	uint64_t second = broker_id_number(desk_order(desk, "again").order.venue_order_id);
	cr_expect(gt(u64, second, first), "the id names the new one");
	cr_expect(zero(u64, broker_id_number("again")));
}

Test(orders, a_withdrawal_takes_only_what_is_free)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct err err;
	desk_trade(desk, SIDE_BUY, "1"); /* margin 5,000, fee 27.5 */
	cr_expect(eq(int, broker_withdraw(desk->broker, 0, D("4972.51"), desk->now_ms, &err), -1));
	cr_expect(eq(int, err.code, ERR_MARGIN));
	cr_expect(eq(int, broker_withdraw(desk->broker, 0, D("4972.5"), desk->now_ms, &err), 0));
	cr_expect(same(desk_balance(desk).balance.available, "0"));
}

/* ---- rules
 * -----------------------------------------------------------------------------------------------------
 */

struct rules_row {
	char because[64];
	int what;
	char word[24];
};

ParameterizedTestParameters(orders, rules_refused)
{
	static struct rules_row rows[] = {
		{"a unit finer than 1e-8", 0, "lot_size"},
		{"tiers that jump", 1, "risk tier 2"},
		{"tiers that descend", 2, "risk tier 3"},
		{"no tiers", 3, "risk tier"},
		{"a lot that does not divide the maximum", 4, "max_quantity"},
		{"no tick", 5, "tick_size"},
	};
	return cr_make_param_array(struct rules_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct rules_row *row, orders, rules_refused)
{
	CLEANUP(desk_close) struct desk *desk = trading_desk();
	struct rules rules = desk_rules("ETHUSDT");
	struct broker_fees fees = {.maker = D("0.0002"), .taker = D("0.00055")};
	struct err err;
	int symbol;
	switch (row->what) {
	case 0:
		rules.tick_size = D("0.00001");
		rules.lot_size = D("0.0001");
		break;
	case 1:
		rules.tiers[1].deduction = D("499");
		break;
	case 2:
		rules.tiers[2].limit = D("400000");
		break;
	case 3:
		rules.tier_count = 0;
		break;
	case 4:
		rules.max_quantity = D("100.0005");
		break;
	default:
		rules.tick_size = D("0");
	}
	cr_expect(eq(int, broker_symbol_add(desk->broker, &rules, &fees, &symbol, &err), -1), "%s",
		row->because);
	cr_expect(eq(int, err.code, ERR_INVALID), "%s", row->because);
	cr_expect(strstr(err.message, row->word) != NULL, "%s: %s", row->because, err.message);
}
