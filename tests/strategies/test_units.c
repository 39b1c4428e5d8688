#include "strategies/units.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct rules usual_rules(void)
{
	struct rules rules = {
		.trading = true,
		.tick_size = decimal_literal("0.10"),
		.lot_size = decimal_literal("0.001"),
		.min_quantity = decimal_literal("0.0015"),
		.max_quantity = decimal_literal("100.0005"),
		.max_market_quantity = decimal_literal("50"),
		.min_notional = decimal_literal("5.000000001"),
		.tier_count = 2,
	};

	rules.tiers[0].limit = decimal_literal("1000");
	rules.tiers[0].maintenance_rate = decimal_literal("0.005");
	rules.tiers[1].limit = decimal_literal("2000");
	rules.tiers[1].maintenance_rate = decimal_literal("0.0100001");
	return rules;
}

Test(units, rules_round_minimums_up_and_maximums_down)
{
	struct rules rules = usual_rules();
	struct strategy_rules made;
	struct err err;

	cr_assert(eq(int, units_rules(&rules, decimal_literal("1001"), &made, &err), 0));
	cr_expect(eq(i64, made.min_lots, 2));
	cr_expect(eq(i64, made.max_lots, 100000));
	cr_expect(eq(i64, made.max_market_lots, 50000));
	cr_expect(eq(i64, made.min_notional_e8, 500000001));
	cr_expect(eq(i64, made.maintenance_ppm, 10001));
}

Test(units, rules_that_make_no_sense_are_refused_by_name)
{
	struct rules rules = usual_rules();
	struct strategy_rules made;
	struct err err;

	rules.tick_size = DECIMAL_ZERO;
	cr_expect(eq(int, units_rules(&rules, DECIMAL_ZERO, &made, &err), -1));
	cr_expect(strstr(err.message, "tick_size") != NULL);

	rules = usual_rules();
	rules.max_quantity = decimal_literal("0.001");
	cr_expect(eq(int, units_rules(&rules, DECIMAL_ZERO, &made, &err), -1));
	cr_expect(strstr(err.message, "max_quantity") != NULL);
}

Test(units, bid_and_ask_must_lie_on_the_grid_and_mark_need_not)
{
	struct rules rules = usual_rules();
	struct strategy_rules units;
	struct strategy_ticker made;
	struct err err;
	struct ticker ticker = {
		.bid = decimal_literal("60000.1"),
		.ask = decimal_literal("60000.20"),
		.last = decimal_literal("60000.15"),
		.mark = decimal_literal("60000.1499"),
		.funding_rate = decimal_literal("-0.0001"),
	};

	cr_assert(eq(int, units_rules(&rules, DECIMAL_ZERO, &units, &err), 0));
	cr_assert(eq(int, units_ticker(&ticker, &units, 7, &made, &err), 0));
	cr_expect(eq(i64, made.bid_ticks, 600001));
	cr_expect(eq(i64, made.ask_ticks, 600002));
	cr_expect(eq(i64, made.last_ticks, 600002));
	cr_expect(eq(i64, made.mark_ticks, 600001));
	cr_expect(eq(i64, made.funding_ppm, -100));

	ticker.bid = decimal_literal("60000.15");
	cr_expect(eq(int, units_ticker(&ticker, &units, 7, &made, &err), -1));
	cr_expect(strstr(err.message, "bid") != NULL);
}

Test(units, a_leg_keeps_what_is_not_known_apart_from_zero)
{
	struct rules rules = usual_rules();
	struct strategy_rules units;
	struct strategy_leg made;
	struct err err;
	struct position position = {
		.quantity = decimal_literal("0.010"),
		.average = decimal_literal("59123.456789012"),
		.initial_margin = decimal_literal("59.12"),
		.unrealised = decimal_literal("-1.5"),
		.leverage = decimal_literal("12.5"),
		.liquidation = decimal_literal("54000"),
	};

	cr_assert(eq(int, units_rules(&rules, DECIMAL_ZERO, &units, &err), 0));
	cr_assert(eq(int, units_leg(&position, &units, &made, &err), 0));
	cr_expect(eq(i64, made.lots, 10));
	cr_expect(eq(i64, made.average_e8, 5912345678901));
	cr_expect(eq(i64, made.unrealised_e8, -150000000));
	cr_expect(eq(i64, made.leverage_ppm, 12500000));
	cr_expect(eq(i64, made.liquidation_ticks, 0), "told, but not known");

	position.liquidation_known = true;
	cr_assert(eq(int, units_leg(&position, &units, &made, &err), 0));
	cr_expect(eq(i64, made.liquidation_ticks, 540000));

	position.quantity = decimal_literal("0.0105");
	cr_expect(eq(int, units_leg(&position, &units, &made, &err), -1));
}

Test(units, amounts_beyond_a_decision_are_an_error)
{
	int64_t value = 0;
	struct err err;

	cr_expect(eq(int, units_money(decimal_literal("92233720369"), "wallet", &value, &err), -1));
	cr_expect(eq(int, err.code, ERR_OVERFLOW));
	cr_expect(strstr(err.message, "wallet") != NULL);
}

Test(units, come_back_as_prices_and_quantities)
{
	struct rules rules = usual_rules();
	struct strategy_rules units;
	struct err err;

	cr_assert(eq(int, units_rules(&rules, DECIMAL_ZERO, &units, &err), 0));
	cr_expect(decimal_equal(units_price_of(600001, &units), decimal_literal("60000.1")));
	cr_expect(decimal_equal(units_quantity_of(32, &units), decimal_literal("0.032")));
}

Test(registry, knows_its_strategies_by_name)
{
	cr_expect(strategy_find("martingale") != NULL);
	cr_expect(strategy_find("grid") == NULL);
	cr_expect(strategy_at(0) != NULL);
	cr_expect(strategy_at(1) == NULL);
}

Test(strategy, names_can_be_read_back)
{
	for (int i = MODE_NORMAL; i <= MODE_HALTED; i++) {
		enum strategy_mode mode = MODE_NORMAL;

		cr_assert(eq(int,
			strategy_mode_parse(strategy_mode_text((enum strategy_mode)i), &mode), 0));
		cr_expect(eq(int, (int)mode, i));
	}
	for (int i = PURPOSE_OPEN; i <= PURPOSE_FOREIGN; i++) {
		enum purpose purpose = PURPOSE_OPEN;

		cr_assert(eq(int, purpose_parse(purpose_text((enum purpose)i), &purpose), 0));
		cr_expect(eq(int, (int)purpose, i));
	}
	enum strategy_mode mode;
	cr_expect(eq(int, strategy_mode_parse("asleep", &mode), -1));
}
