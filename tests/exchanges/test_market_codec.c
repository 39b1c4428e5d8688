#include "exchanges/market_codec.h"

#include "core/base/cleanup.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define EXPECT_SAME(a, b)                                                                          \
	cr_expect(eq(str, decimal_text(a, (char[DECIMAL_TEXT_SIZE]){0}, DECIMAL_TEXT_SIZE),        \
		decimal_text(b, (char[DECIMAL_TEXT_SIZE]){0}, DECIMAL_TEXT_SIZE)))

Test(market_codec, a_ticker_comes_back_as_it_was)
{
	struct ticker ticker = {
		.bid = decimal_literal("49999.90"),
		.ask = decimal_literal("50000.10"),
		.last = decimal_literal("50000"),
		.mark = decimal_literal("50000.000001"),
		.funding_rate = decimal_literal("-0.000125"),
		.next_funding_ms = 1700006400000,
		.market_ms = 1700000000123,
	};
	struct ticker back;
	struct err err = {0};
	CLEANUP(text_free) char *text = market_codec_write_ticker(&ticker);

	cr_assert(eq(int, market_codec_read_ticker(text, &back, &err), 0), "%s", err.message);
	EXPECT_SAME(back.bid, ticker.bid);
	EXPECT_SAME(back.ask, ticker.ask);
	EXPECT_SAME(back.last, ticker.last);
	EXPECT_SAME(back.mark, ticker.mark);
	EXPECT_SAME(back.funding_rate, ticker.funding_rate);
	cr_expect(eq(i64, back.next_funding_ms, ticker.next_funding_ms));
	cr_expect(eq(i64, back.market_ms, ticker.market_ms));
}

Test(market_codec, rules_come_back_as_they_were)
{
	struct rules rules = {
		.symbol = "BTCUSDT",
		.trading = true,
		.tick_size = decimal_literal("0.10"),
		.lot_size = decimal_literal("0.001"),
		.min_quantity = decimal_literal("0.001"),
		.max_quantity = decimal_literal("1190"),
		.max_market_quantity = decimal_literal("500"),
		.min_notional = decimal_literal("5"),
		.max_leverage = decimal_literal("100.00"),
		.funding_interval_ms = 28800000,
		.tier_count = 2,
		.tiers =
			{
				{
					.limit = decimal_literal("2000000"),
					.maintenance_rate = decimal_literal("0.005"),
					.initial_rate = decimal_literal("0.01"),
					.deduction = decimal_literal("0"),
					.max_leverage = decimal_literal("100"),
				},
				{
					.limit = decimal_literal("2600000"),
					.maintenance_rate = decimal_literal("0.0056"),
					.initial_rate = decimal_literal("0.0111"),
					.deduction = decimal_literal("1200"),
					.max_leverage = decimal_literal("90.00"),
				},
			},
	};
	struct rules back;
	struct err err = {0};
	CLEANUP(text_free) char *text = market_codec_write_rules(&rules);

	cr_assert(eq(int, market_codec_read_rules(text, &back, &err), 0), "%s", err.message);
	CLEANUP(text_free) char *again = market_codec_write_rules(&back);
	cr_expect(eq(str, again, text));
	cr_expect(eq(sz, back.tier_count, 2));
	EXPECT_SAME(back.tiers[1].deduction, rules.tiers[1].deduction);
	EXPECT_SAME(back.max_market_quantity, rules.max_market_quantity);
}

Test(market_codec, candles_come_back_as_they_were)
{
	struct candle items[2] = {
		{1700000000000, decimal_literal("1.10"), decimal_literal("2"),
			decimal_literal("0.5"), decimal_literal("1.5"), decimal_literal("12.345"),
			true},
		{1700000060000, decimal_literal("1.5"), decimal_literal("1.5"),
			decimal_literal("1.5"), decimal_literal("1.5"), decimal_literal("0"),
			false},
	};
	struct candle_list list = {items, 2};
	struct candle *back = NULL;
	size_t count = 0;
	struct err err = {0};
	CLEANUP(text_free) char *text = market_codec_write_candles(&list);

	cr_assert(eq(int, market_codec_read_candles(text, &back, &count, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, count, 2));
	cr_expect(eq(i64, back[1].open_ms, 1700000060000));
	cr_expect(back[0].closed);
	cr_expect(not(back[1].closed));
	EXPECT_SAME(back[0].volume, items[0].volume);
	free(back);
}

struct row {
	char because[48];
	char text[80];
};

ParameterizedTestParameters(market_codec, refuses_what_it_did_not_write)
{
	static struct row rows[] = {
		{"nothing", ""},
		{"another version", "ticker2 1 1 1 1 0 0 0"},
		{"a word missing", "ticker1 1 1 1 1 0 0"},
		{"a word too many", "ticker1 1 1 1 1 0 0 0 0"},
		{"no number", "ticker1 1 x 1 1 0 0 0"},
		{"no integer", "ticker1 1 1 1 1 0 0 1.5"},
		{"an integer out of range", "ticker1 1 1 1 1 0 0 99999999999999999999"},
		{"a word that is too long", "ticker1 11111111111111111111111111111111111111111"
					    "1111111111111111111111111"},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, market_codec, refuses_what_it_did_not_write)
{
	struct ticker ticker;
	struct err err = {0};

	cr_expect(eq(int, market_codec_read_ticker(row->text, &ticker, &err), -1), "%s",
		row->because);
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", row->because);
}

Test(market_codec, a_count_is_bounded_before_it_is_allocated)
{
	struct candle *items = NULL;
	struct rules rules;
	size_t count = 0;
	struct err err = {0};

	cr_expect(eq(int, market_codec_read_candles("candles1 1001", &items, &count, &err), -1));
	cr_expect(eq(int, market_codec_read_candles("candles1 -1", &items, &count, &err), -1));
	cr_expect(eq(int,
		market_codec_read_rules("rules1 BTCUSDT 1 1 1 1 1 1 1 1 1 65", &rules, &err), -1));
}
