/* Candles of every interval as they stood at a moment, held against the minutes themselves. */
#include "backtest/frames.h"
#include "backtest/funding.h"
#include "tests/backtest/scratch.h"

TestSuite(frames, .init = scratch_open, .fini = scratch_close);

#define MINUTE_MS TAPE_MINUTE_MS
#define BEGIN_MS (INT64_C(1641340800000) + 3 * MINUTE_MS) /* inside a candle of 5 minutes */
#define COUNT 400

static struct tape *tape;

static void setup(void)
{
	tape = tape_new(COUNT);
	tape->begin_ms = BEGIN_MS;
	tape->price_unit = decimal_literal("0.1");
	tape->volume_unit = decimal_literal("0.01");
	for (size_t i = 0; i < COUNT; i++) {
		int32_t price = 1000 + (int32_t)(i * 37 % 101);
		tape->owned[i] = (struct tape_minute){price, price + (int32_t)(i % 7),
			price - (int32_t)(i % 5), price + (int32_t)(i % 3), (int64_t)(i * 12 % 50)};
	}
	tape->owned[77].volume = TAPE_MISSING;
}

static void teardown(void)
{
	tape_free(&tape);
}

static struct decimal price_of(int32_t ticks)
{
	return decimal_scaled(ticks, 1);
}

/* The candle that begins at open_ms, from whole minutes up to (not with) the index end. */
static struct candle by_hand(int64_t open_ms, int64_t interval_ms, size_t end)
{
	struct candle candle = {.open_ms = open_ms};
	bool first = true;

	for (size_t i = 0; i < end; i++) {
		int64_t at_ms = BEGIN_MS + (int64_t)i * MINUTE_MS;
		const struct tape_minute *minute = &tape->minutes[i];
		if (at_ms < open_ms || at_ms >= open_ms + interval_ms)
			continue;
		if (first)
			candle.open = candle.high = candle.low = price_of(minute->open);
		first = false;
		candle.high = decimal_max(candle.high, price_of(minute->high));
		candle.low = decimal_min(candle.low, price_of(minute->low));
		candle.close = price_of(minute->close);
		candle.volume = decimal_add(candle.volume, decimal_scaled(tape_volume(minute), 2));
	}
	return candle;
}

static void expect_candle(const struct candle *shown, const struct candle *wanted, size_t minute)
{
	cr_assert(eq(i64, shown->open_ms, wanted->open_ms), "minute %zu", minute);
	cr_assert(decimal_equal(shown->open, wanted->open), "minute %zu", minute);
	cr_assert(decimal_equal(shown->high, wanted->high), "minute %zu", minute);
	cr_assert(decimal_equal(shown->low, wanted->low), "minute %zu", minute);
	cr_assert(decimal_equal(shown->close, wanted->close), "minute %zu", minute);
	cr_assert(decimal_equal(shown->volume, wanted->volume), "minute %zu: %s", minute,
		DECIMAL_TEXT(shown->volume));
}

static void expect_series(const struct series *series, const struct series_want *want, size_t now)
{
	int64_t now_ms = BEGIN_MS + (int64_t)now * MINUTE_MS;
	int64_t forming_ms = now_ms - now_ms % want->interval_ms;
	int64_t newest_ms = want->open_candle ? forming_ms : forming_ms - want->interval_ms;
	int64_t first_ms = BEGIN_MS +
			   (want->interval_ms - BEGIN_MS % want->interval_ms) % want->interval_ms;
	int64_t all = newest_ms < first_ms ? 0 : (newest_ms - first_ms) / want->interval_ms + 1;

	cr_assert(eq(i64, (int64_t)series->count,
			  all < (int64_t)want->count ? all : (int64_t)want->count),
		"minute %zu", now);
	for (size_t i = 0; i < series->count; i++) {
		const struct candle *shown = &series->candles[series->count - 1 - i];
		struct candle wanted = by_hand(
			newest_ms - (int64_t)i * want->interval_ms, want->interval_ms, now);
		bool open = want->open_candle && i == 0;
		cr_assert(eq(int, shown->closed, !open), "minute %zu", now);
		if (!open)
			expect_candle(shown, &wanted, now);
	}
}

Test(frames, closed_candles_are_those_of_the_minutes, .init = setup, .fini = teardown)
{
	const struct series_want wants[] = {
		{MINUTE_MS, 10, true}, {5 * MINUTE_MS, 7, true}, {15 * MINUTE_MS, 4, false}};
	struct frames *frames = frames_new(tape, wants, 3);
	struct series series[SERIES_WANT_MAX];

	cr_expect(eq(i64, frames_warm_minutes(wants, 3), 75), "five quarters of an hour");
	for (size_t i = 0; i < COUNT; i++) {
		const struct tape_minute *minute = &tape->minutes[i];
		const int64_t path[WALK_STEPS] = {minute->open};
		frames_show(frames, &(struct frames_now){minute, path, 0}, series);
		for (int k = 0; k < 3; k++)
			expect_series(&series[k], &wants[k], i);
		frames_close(frames, minute);
	}
	frames_free(&frames);
}

Test(frames, the_open_candle_has_what_was_walked_of_its_minute, .init = setup, .fini = teardown)
{
	const struct series_want want = {5 * MINUTE_MS, 3, true};
	struct frames *frames = frames_new(tape, &want, 1);
	struct series series[SERIES_WANT_MAX];
	const int64_t path[WALK_STEPS] = {1500, 1700, 1400, 1600, 2000};

	/* 00:03 to 00:08: the candle of 00:05 has three whole minutes, the fourth is walked. */
	for (size_t i = 0; i < 5; i++)
		frames_close(frames, &tape->minutes[i]);
	const struct tape_minute now = {1500, 2000, 1400, 1800, 1200};
	frames_show(frames, &(struct frames_now){&now, path, 3}, series);
	struct candle wanted = by_hand(BEGIN_MS + 2 * MINUTE_MS, 5 * MINUTE_MS, 5);
	const struct candle *shown = &series[0].candles[series[0].count - 1];
	cr_expect(decimal_equal(shown->open, wanted.open));
	cr_expect(decimal_equal(shown->high, price_of(1700)), "the walk has not been at 2000 yet");
	cr_expect(decimal_equal(shown->close, price_of(1600)));
	/* 12.00 in the minute, 1.00 a step, four steps. */
	cr_expect(decimal_equal(shown->volume, decimal_add(wanted.volume, decimal_from_int(4))));
	cr_expect(not(shown->closed));
	frames_free(&frames);
}

/* --- funding -------------------------------------------------------------------------------- */

Test(funding, a_fixed_rate_is_paid_at_the_interval)
{
	struct funding funding;
	struct funding_stamp stamp;
	struct err err;

	cr_assert(zero(int, funding_read("-0.0002", 8 * 3600000, &funding, &err)));
	cr_expect(funding_next(&funding, 1641340800000, &stamp));
	cr_expect(eq(i64, stamp.at_ms, 1641340800000), "midnight itself");
	cr_expect(funding_next(&funding, 1641340800001, &stamp));
	cr_expect(eq(i64, stamp.at_ms, 1641340800000 + 8 * 3600000));
	cr_expect(decimal_equal(stamp.rate, decimal_literal("-0.0002")));
	cr_expect(decimal_equal(funding_shown(&funding, 5), decimal_literal("-0.0002")));
	funding_done(&funding);
}

Test(funding, a_files_rates_are_known_once_they_are_paid, .init = scratch_open,
	.fini = scratch_close)
{
	struct funding funding;
	struct funding_stamp stamp;
	struct err err;

	const char *path = scratch_write("f.csv", "calc_time,rate\n1641340800007,0.0001\n"
						  "2022-01-05T08:00:00Z,-0.0003\n");
	cr_assert(zero(int, funding_read(path, 8 * 3600000, &funding, &err)), "%s", err.message);
	cr_expect(eq(sz, funding.count, 2));
	cr_expect(eq(i64, funding.stamps[0].at_ms, 1641340800000), "milliseconds are left out");
	cr_expect(decimal_is_zero(funding_shown(&funding, 1641340799999)));
	cr_expect(decimal_equal(
		funding_shown(&funding, 1641340800000 + 3600000), decimal_literal("0.0001")));
	cr_expect(funding_next(&funding, 1641340800001, &stamp));
	cr_expect(decimal_equal(stamp.rate, decimal_literal("-0.0003")));
	cr_expect(not(funding_next(&funding, stamp.at_ms + 1, &stamp)), "no more after it");
	funding_done(&funding);
}

struct bad_funding {
	char text[96];
	char says[64];
};

ParameterizedTestParameters(funding, refuses)
{
	static struct bad_funding rows[] = {
		{"time,rate\n", "there is no rate in it"},
		{"1641340800000\n", "line 1: expected time,rate"},
		{"1641340800000,much\n", "line 1: rate"},
		{"1641340800000,0.2\n", "line 1: a funding rate must be"},
		{"1641340800000,0.1\n1641340800000,0.1\n", "line 2: time does not come after"},
	};
	return cr_make_param_array(struct bad_funding, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(
	struct bad_funding *row, funding, refuses, .init = scratch_open, .fini = scratch_close)
{
	struct funding funding;
	struct err err;

	const char *path = scratch_write("f.csv", row->text);
	cr_assert(eq(int, funding_read(path, 3600000, &funding, &err), -1));
	cr_expect(strstr(err.message, row->says) != NULL, "%s", err.message);
}
