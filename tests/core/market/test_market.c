#include "core/market/market.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define EXPECT_NAMES(type, first, last)                                                            \
	for (int i = (first); i <= (int)(last); i++) {                                             \
		enum type value;                                                                   \
		struct err err;                                                                    \
                                                                                                   \
		cr_assert(eq(int, type##_parse(type##_text((enum type)i), &value, &err), 0));      \
		cr_expect(eq(int, (int)value, i), #type);                                          \
	}

Test(market, names_can_be_read_back){
	EXPECT_NAMES(venue_name, VENUE_PHEMEX, VENUE_BINANCE) EXPECT_NAMES(environment,
		ENVIRONMENT_PAPER, ENVIRONMENT_LIVE) EXPECT_NAMES(side, SIDE_BUY, SIDE_SELL)
		EXPECT_NAMES(leg, LEG_LONG, LEG_ONE_WAY) EXPECT_NAMES(order_type, ORDER_LIMIT,
			ORDER_STOP_MARKET) EXPECT_NAMES(time_in_force, TIF_GTC, TIF_POST_ONLY)
			EXPECT_NAMES(position_mode, POSITION_HEDGE, POSITION_ONE_WAY) EXPECT_NAMES(
				margin_mode, MARGIN_ISOLATED, MARGIN_CROSS)
				EXPECT_NAMES(liquidity, LIQUIDITY_MAKER, LIQUIDITY_TAKER)
					EXPECT_NAMES(fill_kind, FILL_TRADE, FILL_SETTLEMENT)}

Test(market, a_name_that_is_none_is_named)
{
	enum side side = SIDE_BUY;
	struct err err;

	cr_expect(eq(int, side_parse("hold", &side, &err), -1));
	cr_expect(eq(int, err.code, ERR_INVALID));
	cr_expect(strcmp(err.message, "unrecognized side \"hold\"") == 0, "%s", err.message);
}

Test(market, the_tier_is_the_first_whose_limit_is_not_below)
{
	struct rules rules = {.tier_count = 2};

	rules.tiers[0].limit = decimal_literal("1000");
	rules.tiers[1].limit = decimal_literal("5000");
	cr_expect(rules_tier(&rules, decimal_literal("1000")) == &rules.tiers[0]);
	cr_expect(rules_tier(&rules, decimal_literal("1000.01")) == &rules.tiers[1]);
	cr_expect(rules_tier(&rules, decimal_literal("9999")) == &rules.tiers[1]);
}

Test(market, only_final_orders_can_fill_no_more)
{
	cr_expect(not(order_status_final(ORDER_STATUS_OPEN)));
	cr_expect(not(order_status_final(ORDER_STATUS_UNTRIGGERED)));
	cr_expect(order_status_final(ORDER_STATUS_FILLED));
	cr_expect(order_status_final(ORDER_STATUS_CANCELLED));
	cr_expect(order_status_final(ORDER_STATUS_REJECTED));
}

Test(market, opening_and_closing_sides)
{
	cr_expect(eq(int, side_for(SIDE_BUY, true), SIDE_BUY));
	cr_expect(eq(int, side_for(SIDE_BUY, false), SIDE_SELL));
	cr_expect(eq(int, side_for(SIDE_SELL, true), SIDE_SELL));
	cr_expect(eq(int, side_for(SIDE_SELL, false), SIDE_BUY));
}
