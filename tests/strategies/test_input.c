/* What a strategy is shown of a leg: whose position it is, what the account's settings are. */
#include "strategies/input.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

struct scene { /* a hedged account with a long leg of 0.5 and a short one of 0.2, long bot */
	struct rules rules;
	struct ticker ticker;
	struct account account;
	struct book book;
	struct input_order order;
	struct input_facts facts;
	struct strategy_input input;
};

static struct position position_like(enum leg leg, const char *quantity)
{
	return (struct position){
		.leg = leg,
		.side = leg == LEG_SHORT ? SIDE_SELL : SIDE_BUY,
		.quantity = decimal_literal(quantity),
		.average = decimal_literal("20000.25"),
		.mark = decimal_literal("20010"),
		.unrealised = decimal_literal("4.875"),
		.initial_margin = decimal_literal("1000.0125"),
		.maintenance_margin = decimal_literal("55"),
		.leverage = decimal_from_int(10),
		.liquidation_known = true,
		.liquidation = decimal_literal("18090.5"),
	};
}

static void set_scene(struct scene *scene)
{
	*scene = (struct scene){
		.rules = {.symbol = "BTCUSDT",
			.trading = true,
			.tick_size = decimal_literal("0.1"),
			.lot_size = decimal_literal("0.001"),
			.min_quantity = decimal_literal("0.001"),
			.max_quantity = decimal_from_int(100),
			.max_market_quantity = decimal_from_int(50),
			.min_notional = decimal_from_int(5),
			.tier_count = 2,
			.tiers = {{.limit = decimal_from_int(10000),
					  .maintenance_rate = decimal_literal("0.005")},
				{.limit = decimal_from_int(100000),
					.maintenance_rate = decimal_literal("0.01")}}},
		.ticker = {.bid = decimal_literal("20010"),
			.ask = decimal_literal("20010.1"),
			.last = decimal_literal("20010"),
			.mark = decimal_literal("20010"),
			.market_ms = 1700000000000},
		.account = {.balance = {.wallet = decimal_from_int(10000),
				    .equity = decimal_literal("10004.875"),
				    .available = decimal_from_int(8000)},
			.position_mode = POSITION_HEDGE,
			.position_count = 2,
			.active_symbols = 1,
			.positions = {position_like(LEG_LONG, "0.5"),
				position_like(LEG_SHORT, "0.2")}},
		.book = {.held = SIDE_BUY,
			.quantity = decimal_literal("0.5"),
			.cycle = 7,
			.adds = 3,
			.cycle_started_ms = 1690000000000},
		.order = {.id = 12,
			.purpose = PURPOSE_TAKE_PROFIT,
			.side = SIDE_SELL,
			.quantity = decimal_literal("0.5"),
			.filled = decimal_literal("0.1"),
			.price = decimal_literal("20250"),
			.unknown = true,
			.created_ms = 1699999999999},
	};
	scene->facts = (struct input_facts){
		.symbol = "BTCUSDT",
		.side = SIDE_BUY,
		.leg = LEG_LONG,
		.position_mode = POSITION_HEDGE,
		.leverage = 10,
		.auto_open = true,
		.rules = &scene->rules,
		.ticker = &scene->ticker,
		.ticker_age_ms = 40,
		.account = &scene->account,
		.account_age_ms = 60,
		.book = &scene->book,
		.history = {.last_fill_ms = 1699999990000,
			.cycle_base = decimal_literal("20300"),
			.last_add = decimal_literal("19800.5"),
			.day_net = decimal_literal("-12.5"),
			.day_orders = 4},
		.orders = &scene->order,
		.order_count = 1,
	};
}

static void show(struct scene *scene)
{
	struct err err;

	cr_assert(zero(int, input_fill(&scene->facts, &scene->input, &err)), "%s", err.message);
}

Test(input, shows_both_legs_the_orders_and_what_fills_tell)
{
	struct scene scene;

	set_scene(&scene);
	show(&scene);
	const struct strategy_input *input = &scene.input;
	cr_expect(eq(i64, input->now_ms, 1700000000000));
	cr_expect(eq(i64, input->leg_own.lots, 500));
	cr_expect(eq(i64, input->leg_own.average_e8, 2000025000000));
	cr_expect(eq(i64, input->leg_own.liquidation_ticks, 180905));
	cr_expect(eq(i64, input->leg_own.leverage_ppm, 10000000));
	cr_expect(eq(i64, input->leg_opposite.lots, 200));
	cr_expect(eq(i64, input->rules.maintenance_ppm, 10000), "the tier of 0.5 at mark");
	cr_expect(eq(i64, input->account.equity_e8, 1000487500000));
	cr_expect(eq(int, input->account.settings_match, true));
	cr_expect(eq(i64, input->cycle, 7));
	cr_expect(eq(i64, input->cycle_adds, 3));
	cr_expect(eq(i64, input->cycle_base_ticks, 203000));
	cr_expect(eq(i64, input->last_add_ticks, 198005));
	cr_expect(eq(i64, input->day_net_e8, -1250000000));
	cr_expect(eq(i64, input->day_orders, 4));
	cr_expect(eq(i64, input->ticker.age_ms, 40));
	cr_expect(eq(i64, input->account.age_ms, 60));
	cr_assert(eq(u64, input->order_count, 1));
	cr_expect(eq(int, input->orders[0].id, 12));
	cr_expect(eq(i64, input->orders[0].lots, 500));
	cr_expect(eq(i64, input->orders[0].filled_lots, 100));
	cr_expect(eq(i64, input->orders[0].price_ticks, 202500));
	cr_expect(eq(int, input->orders[0].unknown, true));
}

Test(input, an_opposite_one_way_position_is_not_the_bots)
{
	struct scene scene;

	set_scene(&scene);
	scene.facts.leg = LEG_ONE_WAY;
	scene.facts.position_mode = scene.account.position_mode = POSITION_ONE_WAY;
	scene.account.position_count = 1;
	scene.account.positions[0] = position_like(LEG_ONE_WAY, "0.5");
	scene.account.positions[0].side = SIDE_SELL;
	show(&scene);
	cr_expect(zero(i64, scene.input.leg_own.lots));
	cr_expect(eq(i64, scene.input.leg_opposite.lots, 500));
}

Test(input, with_drift_the_smaller_quantity_counts)
{
	struct scene scene;

	set_scene(&scene);
	scene.facts.drift = true;
	scene.book.quantity = decimal_literal("0.3");
	show(&scene);
	cr_expect(eq(i64, scene.input.leg_own.lots, 300), "what we booked");
	scene.book.quantity = decimal_literal("0.9");
	show(&scene);
	cr_expect(eq(i64, scene.input.leg_own.lots, 500), "what the venue holds");
}

Test(input, flat_is_no_cycle)
{
	struct scene scene;

	set_scene(&scene);
	scene.book.quantity = DECIMAL_ZERO;
	show(&scene);
	cr_expect(zero(i64, scene.input.cycle));
}

Test(input, settings_that_are_not_the_bots_are_told)
{
	struct scene scene;

	set_scene(&scene);
	scene.facts.leverage = 5;
	show(&scene);
	cr_expect(eq(int, scene.input.account.settings_match, false), "another leverage");
	set_scene(&scene);
	scene.facts.position_mode = POSITION_ONE_WAY;
	show(&scene);
	cr_expect(eq(int, scene.input.account.settings_match, false), "another mode");
	set_scene(&scene);
	scene.facts.leg = LEG_ONE_WAY;
	show(&scene);
	cr_expect(eq(int, scene.input.account.settings_match, false), "no such leg");
}

Test(input, what_cannot_be_counted_is_refused_by_name)
{
	struct scene scene;
	struct err err;

	set_scene(&scene);
	scene.order.quantity = decimal_literal("0.0005");
	cr_expect(eq(int, input_fill(&scene.facts, &scene.input, &err), -1));
	cr_expect(strstr(err.message, "order.quantity") != NULL, "%s", err.message);
	cr_expect(strstr(err.message, "BTCUSDT") != NULL, "%s", err.message);
	set_scene(&scene);
	scene.facts.order_count = STRATEGY_ORDERS_MAX + 1;
	cr_expect(eq(int, input_fill(&scene.facts, &scene.input, &err), -1));
	cr_expect(eq(int, err.code, ERR_REFUSED));
}
