#include "simulator/market.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdint.h>
#include <string.h>

#define WORD(text) ((char *)(uintptr_t)(text))
#define MINUTE INT64_C(60000)
#define BEGIN_MS (INT64_C(1700006400000) - 30 * MINUTE) /* half an hour before a day begins */
#define COUNT 200
#define SPEED 60000 /* a minute a second */

static struct candle items[COUNT];
static struct candles candles = {items, COUNT};
static struct market_symbol symbol;
static struct market *market;
static struct err err;

/* Minute i: open 100 + i, high 3 above it, low 2 below it, close 1 above it. */
static void setup(void)
{
	for (int64_t i = 0; i < COUNT; i++)
		items[i] = (struct candle){.open_ms = BEGIN_MS + i * MINUTE,
			.open = decimal_from_int(100 + i),
			.high = decimal_from_int(103 + i),
			.low = decimal_from_int(98 + i),
			.close = decimal_from_int(101 + i),
			.volume = decimal_from_int(1 + i),
			.closed = true};
	symbol = (struct market_symbol){.symbol = "BTCUSDT",
		.candles = &candles,
		.tick_size = decimal_literal("0.5"),
		.funding_interval_ms = 30 * MINUTE};
}

static void start(int64_t start_ms, uint64_t seed)
{
	const struct market_options options = {.symbols = &symbol,
		.count = 1,
		.start_ms = start_ms,
		.speed_milli = SPEED,
		.seed = seed};

	cr_assert(zero(int, market_new(&options, 0, &market, &err)), "%s", err.message);
}

static void teardown(void)
{
	market_free(&market);
}

TestSuite(market, .init = setup, .fini = teardown);

static bool step_if_due(int64_t now_mono_ms)
{
	bool due = market_next_mono_ms(market) <= now_mono_ms;

	if (due)
		market_take_step(market);
	return due;
}

static int steps(int64_t now_mono_ms)
{
	int count = 0;

	while (step_if_due(now_mono_ms))
		count++;
	return count;
}

Test(market, goes_the_path_that_was_asked_for_with_the_last_price_as_mark)
{
	struct market_options options = {.symbols = &symbol,
		.count = 1,
		.start_ms = BEGIN_MS + 40 * MINUTE,
		.speed_milli = SPEED,
		.mark_is_last = true};

	for (int high_first = 0; high_first < 2; high_first++) {
		options.path = high_first ? MARKET_PATH_HIGH_FIRST : MARKET_PATH_LOW_FIRST;
		for (options.seed = 1; options.seed < 9; options.seed++) {
			cr_assert(zero(int, market_new(&options, 0, &market, &err)));
			cr_expect(eq(int, steps(4 * 1000 / 12 + 1), 4));
			const struct market_quote *quote = market_quote(market, 0);
			cr_expect(decimal_equal(
					  quote->last, high_first ? items[40].high : items[40].low),
				"seed %d does not matter", (int)options.seed);
			cr_expect(decimal_equal(quote->mark, quote->last));
			market_free(&market);
		}
	}
}

Test(market, walks_through_each_minutes_four_prices)
{
	struct decimal high = DECIMAL_ZERO, low = decimal_from_int(1000);

	start(BEGIN_MS + 40 * MINUTE, 7);
	cr_expect(decimal_equal(market_quote(market, 0)->last, items[40].open), "it opens");
	for (int64_t now = 0; now < 1000; now += 10) {
		(void)steps(now);
		high = decimal_max(high, market_quote(market, 0)->last);
		low = decimal_min(low, market_quote(market, 0)->last);
	}
	cr_expect(decimal_equal(high, items[40].high));
	cr_expect(decimal_equal(low, items[40].low));
	cr_expect(decimal_equal(market_quote(market, 0)->last, items[40].close), "it closes");
	cr_expect(eq(int, steps(1000), 1), "the next minute begins a second later");
	cr_expect(decimal_equal(market_quote(market, 0)->last, items[41].open));
}

Test(market, serves_no_candle_of_the_future)
{
	struct candle found[300];

	start(BEGIN_MS + 40 * MINUTE, 7);
	size_t count = market_candles(market, 0, MARKET_1M, 0, INT64_MAX / 2, 300, found);
	cr_expect(eq(sz, count, 41));
	cr_expect(not(found[0].closed), "the newest is being formed");
	cr_expect(decimal_equal(found[0].high, items[40].open), "and knows only its first price");
	cr_expect(eq(i64, found[1].open_ms, items[39].open_ms));
	cr_expect(found[1].closed);
	(void)steps(500);
	count = market_candles(market, 0, MARKET_1M, 0, INT64_MAX / 2, 1, found);
	cr_expect(eq(sz, count, 1), "the limit holds");
	cr_expect(decimal_less(found[0].volume, items[40].volume), "half of the minute's volume");
}

Test(market, a_replayed_minute_has_exactly_the_files_candle)
{
	struct candle found[3];

	start(BEGIN_MS + 40 * MINUTE, 9);
	for (int64_t now = 0; now <= 2002; now += 7)
		(void)steps(now);
	(void)market_candles(market, 0, MARKET_1M, 0, INT64_MAX / 2, 3, found);
	for (size_t i = 1; i < 3; i++) {
		const struct candle *file = &items[42 - i];
		cr_expect(decimal_equal(found[i].high, file->high));
		cr_expect(decimal_equal(found[i].low, file->low));
		cr_expect(decimal_equal(found[i].close, file->close));
		cr_expect(decimal_equal(found[i].volume, file->volume));
	}
}

Test(market, longer_candles_are_the_minutes_put_together)
{
	struct candle found[10];

	start(BEGIN_MS + 42 * MINUTE, 7);
	size_t count = market_candles(market, 0, MARKET_5M, 0, INT64_MAX / 2, 10, found);
	cr_expect(eq(sz, count, 9));
	cr_expect(eq(i64, found[0].open_ms, BEGIN_MS + 40 * MINUTE), "the one being formed");
	cr_expect(decimal_equal(found[0].open, items[40].open));
	cr_expect(decimal_equal(found[0].high, items[41].high), "42 has only its first price yet");
	cr_expect(eq(i64, found[1].open_ms, BEGIN_MS + 35 * MINUTE));
	cr_expect(decimal_equal(found[1].high, items[39].high));
	cr_expect(decimal_equal(found[1].low, items[35].low));
	cr_expect(decimal_equal(found[1].close, items[39].close));
	cr_expect(eq(str, WORD(DECIMAL_TEXT(found[1].volume)), WORD("190"))); /* 36 + … + 40 */
	count = market_candles(market, 0, MARKET_1H, 0, INT64_MAX / 2, 10, found);
	cr_expect(eq(sz, count, 1), "an hour that the file cuts is left out");
	cr_expect(eq(i64, found[0].open_ms, BEGIN_MS + 30 * MINUTE));
}

Test(market, a_span_of_time_is_inclusive_at_both_ends)
{
	struct candle found[10];

	start(BEGIN_MS + 40 * MINUTE, 7);
	size_t count = market_candles(
		market, 0, MARKET_1M, BEGIN_MS + 10 * MINUTE, BEGIN_MS + 12 * MINUTE, 10, found);
	cr_expect(eq(sz, count, 3));
	cr_expect(eq(i64, found[0].open_ms, BEGIN_MS + 12 * MINUTE));
	cr_expect(eq(i64, found[2].open_ms, BEGIN_MS + 10 * MINUTE));
	cr_expect(zero(sz, market_candles(market, 0, MARKET_1M, 0, BEGIN_MS - 1, 10, found)));
}

Test(market, the_same_seed_gives_the_same_path_at_any_speed)
{
	struct market_quote first, again;

	start(BEGIN_MS + 40 * MINUTE, 7);
	(void)steps(1500);
	first = *market_quote(market, 0);
	market_free(&market);
	start(BEGIN_MS + 40 * MINUTE, 7);
	market_set_clock(market, market_clock_ms(market, 0), 0, 1000);
	for (int64_t now = 0; now <= 90000; now += 500)
		(void)steps(now);
	again = *market_quote(market, 0);
	cr_expect(decimal_equal(first.last, again.last));
	cr_expect(decimal_equal(first.mark, again.mark));
	cr_expect(decimal_equal(first.funding_rate, again.funding_rate));
}

Test(market, the_mark_is_near_the_last_price_and_apart_from_it)
{
	int apart = 0;

	start(BEGIN_MS + 40 * MINUTE, 7);
	for (int64_t now = 0; now < 60000; now += 80) {
		(void)steps(now);
		const struct market_quote *quote = market_quote(market, 0);
		struct decimal distance = decimal_abs(decimal_sub(quote->mark, quote->last));
		cr_expect(decimal_less(distance, decimal_from_int(5)));
		apart += !decimal_is_zero(distance);
	}
	cr_expect(gt(int, apart, 100));
}

Test(market, funding_falls_on_its_stamps_only)
{
	int payments = 0;

	start(BEGIN_MS + 40 * MINUTE, 7);
	cr_expect(eq(i64, market_quote(market, 0)->next_funding_ms, BEGIN_MS + 60 * MINUTE));
	for (int64_t now = 0; market_step_ms(market) < BEGIN_MS + 125 * MINUTE; now += 10)
		while (step_if_due(now))
			payments += market_quote(market, 0)->funding_now;
	cr_expect(eq(int, payments, 3), "at minutes 60, 90 and 120");
}

Test(market, halts_at_the_end_and_never_wraps)
{
	start(BEGIN_MS + 40 * MINUTE, 7);
	(void)steps(INT64_C(3600) * 1000);
	cr_expect(market_halted(market));
	cr_expect(eq(i64, market_now_ms(market, INT64_C(7200) * 1000), market_end_ms(market)));
	cr_expect(decimal_equal(market_quote(market, 0)->last, items[COUNT - 1].close));
	cr_expect(zero(int, steps(INT64_C(7200) * 1000)));
	cr_expect(eq(i64, market_next_mono_ms(market), INT64_MAX));
	market_set_clock(market, market_end_ms(market) + MINUTE, INT64_C(7200) * 1000, 60000);
	cr_expect(zero(int, steps(INT64_C(7200) * 1000)), "skipping does not pass it either");
}

Test(market, the_clock_is_never_more_than_a_step_ahead_of_the_prices)
{
	start(BEGIN_MS + 40 * MINUTE, 7);
	cr_expect(lt(i64, market_now_ms(market, 900), market_step_ms(market) + MARKET_STEP_MS));
	(void)steps(900);
	cr_expect(eq(i64, market_now_ms(market, 900), BEGIN_MS + 40 * MINUTE + 54000));
}

Test(market, a_standing_clock_moves_by_hand)
{
	start(BEGIN_MS + 40 * MINUTE, 7);
	market_set_clock(market, market_clock_ms(market, 0), 0, 0);
	cr_expect(zero(int, steps(100000)));
	market_set_clock(market, market_clock_ms(market, 100000) + 25000, 100000, 0);
	cr_expect(eq(int, steps(100000), 5));
	cr_expect(eq(i64, market_now_ms(market, 200000), BEGIN_MS + 40 * MINUTE + 25000));
}

Test(market, a_start_outside_the_file_is_refused)
{
	struct market_options options = {
		.symbols = &symbol, .count = 1, .start_ms = BEGIN_MS - MINUTE};

	cr_expect(eq(int, market_new(&options, 0, &market, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_INVALID));
	options.start_ms = BEGIN_MS + 1;
	cr_expect(eq(int, market_new(&options, 0, &market, &err), -1), "no minute");
	options.start_ms = 0;
	cr_assert(zero(int, market_new(&options, 0, &market, &err)));
	cr_expect(
		eq(i64, market_start_ms(market), BEGIN_MS + 99 * MINUTE), "by itself: the middle");
}
