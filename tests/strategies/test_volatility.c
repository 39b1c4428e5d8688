#include "strategies/volatility.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

static void set(struct indicators *values, enum indicator which, int64_t value)
{
	values->valid |= 1U << which;
	values->value[which] = value;
}

struct decline_row {
	char because[56];
	int64_t roc5_ppm, roc15_ppm, volume_ppm;
	int64_t score;
	enum decline decline;
};

ParameterizedTestParameters(volatility, scores_a_decline)
{
	static struct decline_row rows[] = {
		/* The examples of strategy.md 1.10. */
		{"a fall, jerky, on volume", -52000, -20000, 3200000, 100, DECLINE_CRASH},
		{"a fast fall", -35000, -20000, 1000000, 40, DECLINE_FAST},
		{"a smooth pullback", -12000, -35000, 1100000, 10, DECLINE_SLOW},
		{"a flat market counts as jerky", 1000, 200, 1000000, 30, DECLINE_MODERATE},
		{"a rally scores by jerk and volume", 60000, 10000, 3500000, 60, DECLINE_FAST},
		{"a small fall on volume", -20000, -10000, 2500000, 40, DECLINE_FAST},
		/* Every limit is exclusive. */
		{"exactly 5 % is not below it", -50000, -50000, 1000000, 25, DECLINE_MODERATE},
		{"beyond 5 %", -50001, -50001, 1000000, 40, DECLINE_FAST},
		{"exactly 3 % is not below it", -30000, -30000, 1000000, 10, DECLINE_SLOW},
		{"beyond 3 %", -30001, -30001, 1000000, 25, DECLINE_MODERATE},
		{"exactly 1 % is not below it", -10000, -10000, 1000000, 0, DECLINE_SLOW},
		{"beyond 1 %", -10001, -10001, 1000000, 10, DECLINE_SLOW},
		{"a ratio of 1.5 is smooth", -9000, -6000, 1000000, 0, DECLINE_SLOW},
		{"a ratio above 1.5 is not", -9001, -6000, 1000000, 15, DECLINE_SLOW},
		{"a ratio of 2.5 is the lesser", -5000, 2000, 1000000, 15, DECLINE_SLOW},
		{"a longer move of 0 is smooth", -9000, 0, 1000000, 0, DECLINE_SLOW},
		{"volume of exactly 2", 0, 9000, 2000000, 0, DECLINE_SLOW},
		{"volume of exactly 3", 0, 9000, 3000000, 15, DECLINE_SLOW},
		{"70 is a crash", -50001, 50001, 3000001, 70, DECLINE_CRASH},
		{"20 and more is moderate", -10001, -5000, 1000000, 25, DECLINE_MODERATE},
	};
	return cr_make_param_array(struct decline_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct decline_row *row, volatility, scores_a_decline)
{
	struct indicators values = {0};
	int64_t score = -1;

	set(&values, INDICATOR_ROC5_PPM, row->roc5_ppm);
	set(&values, INDICATOR_ROC15_PPM, row->roc15_ppm);
	set(&values, INDICATOR_VOLUME_RATIO_PPM, row->volume_ppm);
	enum decline decline = volatility_decline(&values, &score);

	cr_expect(eq(i64, score, row->score), "%s", row->because);
	cr_expect(eq(int, decline, row->decline), "%s", row->because);
}

Test(volatility, too_few_candles_are_neither_safe_nor_dangerous)
{
	const struct indicators values = {0};
	int64_t score = -1;
	enum decline decline = volatility_decline(&values, &score);

	cr_expect(eq(int, decline, DECLINE_UNKNOWN));
	cr_expect(not(volatility_decline_safe(decline)));
	cr_expect(not(volatility_decline_dangerous(decline)));
}

struct test_row {
	char because[56];
	int64_t atr_e8, baseline_e8, width_ppm, returns_ppm; /* 0: missing */
	enum volatility volatility;
};

ParameterizedTestParameters(volatility, names_the_first_test_that_triggers)
{
	static struct test_row rows[] = {
		{"nothing known is calm", 0, 0, 0, 0, VOLATILITY_CALM},
		{"exactly 1.5 times is calm", 150, 100, 80000, 50000, VOLATILITY_CALM},
		{"more is not", 151, 100, 90000, 60000, VOLATILITY_ATR},
		{"without a baseline the ATR says nothing", 900, 0, 0, 0, VOLATILITY_CALM},
		{"the bands come second", 150, 100, 80001, 60000, VOLATILITY_BANDS},
		{"the returns come last", 150, 100, 80000, 50001, VOLATILITY_RETURNS},
	};
	return cr_make_param_array(struct test_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct test_row *row, volatility, names_the_first_test_that_triggers)
{
	struct indicators values = {0};

	if (row->atr_e8 > 0)
		set(&values, INDICATOR_ATR, row->atr_e8);
	if (row->baseline_e8 > 0)
		set(&values, INDICATOR_ATR_BASELINE, row->baseline_e8);
	if (row->width_ppm > 0)
		set(&values, INDICATOR_BB_WIDTH_PPM, row->width_ppm);
	if (row->returns_ppm > 0)
		set(&values, INDICATOR_HV_PPM, row->returns_ppm);
	cr_expect(eq(int, volatility_of(&values), row->volatility), "%s", row->because);
}
