#include "strategies/indicators.h"
#include "strategies/martingale.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#define CANDLES 120

static uint64_t generator = 12345;

static int64_t draw(void)
{
	generator = (generator * 1103515245 + 12345) % 2147483648;
	return (int64_t)(generator % 1000);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A walk whose indicators were worked out once, by a script that follows the definitions. */
static void walk(struct candle candles[CANDLES])
{
	int64_t close = 10000;

	generator = 12345;
	for (int i = 0; i < CANDLES; i++) {
		int64_t open = close;
		close = open + draw() - 495;
		int64_t high = larger(open, close) + draw() % 200;
		int64_t low = -larger(-open, -close) - draw() % 200;
		int64_t volume = draw() + 1;

		candles[i] = (struct candle){
			.open_ms = i * 300000LL,
			.open = decimal_scaled(open, 2),
			.high = decimal_scaled(high, 2),
			.low = decimal_scaled(low, 2),
			.close = decimal_scaled(close, 2),
			.volume = decimal_from_int(volume),
			.closed = i < CANDLES - 1,
		};
	}
}

static struct indicators values_of(const struct candle *candles, size_t count)
{
	const struct series series[3] = {
		{.interval_ms = 60000, .candles = candles, .count = count},
		{.interval_ms = 3600000, .candles = candles, .count = count},
		{.interval_ms = 300000, .candles = candles, .count = count},
	};
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct indicators values;

	strategy_preset(&martingale, "dcabot-classic")->values(params);
	martingale.indicators(params, series, 3, NULL, &values);
	return values;
}

Test(indicators, agree_with_the_definitions)
{
	struct candle candles[CANDLES];
	walk(candles);
	struct indicators values = values_of(candles, CANDLES);
	const int64_t *value = values.value;

	cr_expect(eq(u32, values.valid, (1U << INDICATOR_TREND) - 1));
	cr_expect(eq(i64, value[INDICATOR_EMA_FAST], 11430500859));
	cr_expect(eq(i64, value[INDICATOR_EMA_SLOW], 10878291608));
	cr_expect(eq(i64, value[INDICATOR_ATR], 442728416));
	cr_expect(eq(i64, value[INDICATOR_ATR_BASELINE], 415512421));
	cr_expect(eq(i64, value[INDICATOR_BB_WIDTH_PPM], 156153));
	cr_expect(eq(i64, value[INDICATOR_HV_PPM], 27761));
	cr_expect(eq(i64, value[INDICATOR_ROC5_PPM], 54768));
	cr_expect(eq(i64, value[INDICATOR_ROC15_PPM], 60392));
	cr_expect(eq(i64, value[INDICATOR_VOLUME_RATIO_PPM], 925248));
	cr_expect(eq(sz, values.candles_5m, 100));
	cr_expect(eq(i64, values.last_closed_ms, (CANDLES - 2) * 300000LL));
}

Test(indicators, an_average_uses_no_more_candles_than_its_span)
{
	struct candle candles[CANDLES];
	walk(candles);
	int64_t before = values_of(candles, CANDLES).value[INDICATOR_EMA_FAST];

	candles[CANDLES - 51].close = decimal_from_int(1000000);
	cr_expect(eq(i64, values_of(candles, CANDLES).value[INDICATOR_EMA_FAST], before));
	candles[CANDLES - 50].close = decimal_from_int(1000000);
	cr_expect(ne(i64, values_of(candles, CANDLES).value[INDICATOR_EMA_FAST], before));
}

Test(indicators, the_oldest_close_of_an_average_keeps_its_weight)
{
	double closes[200];
	int64_t value = 0;

	for (size_t i = 0; i < 200; i++)
		closes[i] = i == 0 ? 2.0 : 1.0;
	cr_assert(indicators_ema_e8(closes, 200, 200, &value));
	cr_expect(eq(i64, value - 100000000, 13669316)); /* (199/201)^199 */
}

struct bound {
	size_t candles;
	enum indicator which;
	bool known;
};

ParameterizedTestParameters(indicators, need_enough_candles)
{
	static struct bound rows[] = {
		{1, INDICATOR_EMA_SLOW, true},
		{13, INDICATOR_ATR, false},
		{14, INDICATOR_ATR, true},
		{49, INDICATOR_ATR_BASELINE, false},
		{50, INDICATOR_ATR_BASELINE, true},
		{19, INDICATOR_BB_WIDTH_PPM, false},
		{20, INDICATOR_BB_WIDTH_PPM, true},
		{20, INDICATOR_HV_PPM, false},
		{21, INDICATOR_HV_PPM, true},
		{29, INDICATOR_ROC5_PPM, false},
		{30, INDICATOR_ROC5_PPM, true},
		{0, INDICATOR_EMA_SLOW, false},
	};
	return cr_make_param_array(struct bound, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct bound *row, indicators, need_enough_candles)
{
	struct candle candles[CANDLES];
	walk(candles);
	struct indicators values = values_of(candles, row->candles);
	bool known = (values.valid & (1U << row->which)) != 0;

	cr_expect(eq(int, known, row->known), "%zu candles, indicator %d", row->candles,
		(int)row->which);
}

Test(indicators, prices_that_cannot_be_make_no_values)
{
	struct candle candles[CANDLES];
	walk(candles);
	candles[CANDLES - 1].low = DECIMAL_ZERO;
	cr_expect(eq(u32, values_of(candles, CANDLES).valid, 0));
}

Test(indicators, a_market_that_does_not_move_has_no_baseline)
{
	struct candle candles[CANDLES];
	walk(candles);
	for (int i = 0; i < CANDLES; i++) {
		candles[i].high = candles[i].low = candles[i].close = decimal_from_int(5);
		candles[i].volume = DECIMAL_ZERO;
	}
	struct indicators values = values_of(candles, CANDLES);

	cr_expect(eq(u32, values.valid & (1U << INDICATOR_ATR_BASELINE), 0));
	cr_expect(eq(u32, values.valid & (1U << INDICATOR_VOLUME_RATIO_PPM), 0));
	cr_expect(eq(i64, values.value[INDICATOR_ROC15_PPM], 0));
}

Test(indicators, the_strategy_says_which_candles_it_needs)
{
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct series_want wants[SERIES_WANT_MAX];

	strategy_preset(&martingale, "dcabot-classic")->values(params);
	cr_assert(eq(sz, martingale.wants(params, 15, wants), 3));
	cr_expect(eq(i64, wants[0].interval_ms, 900000));
	cr_expect(eq(sz, wants[0].count, 200));
	cr_expect(eq(i64, wants[1].interval_ms, 3600000));
	cr_expect(eq(sz, wants[1].count, 100));
	cr_expect(eq(i64, wants[2].interval_ms, 300000));
	cr_expect(eq(sz, wants[2].count, 100));
}
