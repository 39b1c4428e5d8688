#include "strategies/volatility.h"

#include <assert.h>

#define BAND_WIDTH_MAX_PPM 80000
#define RETURNS_MAX_PPM 50000

struct step { /* points for a value beyond a limit */
	int64_t limit_ppm;
	int64_t points;
};

static bool has(const struct indicators *values, enum indicator which)
{
	return (values->valid & (1U << which)) != 0;
}

enum volatility volatility_of(const struct indicators *values)
{
	const int64_t *value = values->value;

	if (has(values, INDICATOR_ATR) && has(values, INDICATOR_ATR_BASELINE) &&
		(__int128)2 * value[INDICATOR_ATR] > (__int128)3 * value[INDICATOR_ATR_BASELINE])
		return VOLATILITY_ATR;
	if (has(values, INDICATOR_BB_WIDTH_PPM) &&
		value[INDICATOR_BB_WIDTH_PPM] > BAND_WIDTH_MAX_PPM)
		return VOLATILITY_BANDS;
	if (has(values, INDICATOR_HV_PPM) && value[INDICATOR_HV_PPM] > RETURNS_MAX_PPM)
		return VOLATILITY_RETURNS;
	return VOLATILITY_CALM;
}

/* The points of the first step that over / under (both not negative) lies above. */
static int64_t points_above(
	__int128 over, __int128 under, const struct step *steps, size_t step_count)
{
	for (size_t i = 0; i < step_count; i++) {
		if (over * PPM > under * steps[i].limit_ppm)
			return steps[i].points;
	}
	return 0;
}

static int64_t fall_points(int64_t roc5_ppm)
{
	static const struct step steps[] = {{50000, 40}, {30000, 25}, {10000, 10}};

	return roc5_ppm < 0 ? points_above(-(__int128)roc5_ppm, PPM, steps, 3) : 0;
}

/* How much of the longer move happened at its end; a longer move of 0 counts as smooth. */
static int64_t jerk_points(int64_t roc5_ppm, int64_t roc15_ppm)
{
	static const struct step steps[] = {{2500000, 30}, {1500000, 15}};
	__int128 over = roc5_ppm < 0 ? -(__int128)roc5_ppm : roc5_ppm;
	__int128 under = roc15_ppm < 0 ? -(__int128)roc15_ppm : roc15_ppm;

	return under == 0 ? 0 : points_above(over, under, steps, 2);
}

static int64_t volume_points(int64_t ratio_ppm)
{
	static const struct step steps[] = {{3000000, 30}, {2000000, 15}};

	return points_above(ratio_ppm, PPM, steps, 2);
}

enum decline volatility_decline(const struct indicators *values, int64_t *ret_score)
{
	const int64_t *value = values->value;
	int64_t score = 0;

	*ret_score = 0;
	if (!has(values, INDICATOR_ROC5_PPM))
		return DECLINE_UNKNOWN;

	score += fall_points(value[INDICATOR_ROC5_PPM]);
	if (has(values, INDICATOR_ROC15_PPM))
		score += jerk_points(value[INDICATOR_ROC5_PPM], value[INDICATOR_ROC15_PPM]);
	if (has(values, INDICATOR_VOLUME_RATIO_PPM))
		score += volume_points(value[INDICATOR_VOLUME_RATIO_PPM]);

	*ret_score = score;
	if (score >= 70)
		return DECLINE_CRASH;
	if (score >= 40)
		return DECLINE_FAST;
	return score >= 20 ? DECLINE_MODERATE : DECLINE_SLOW;
}

bool volatility_decline_safe(enum decline decline)
{
	return decline == DECLINE_SLOW || decline == DECLINE_MODERATE;
}

bool volatility_decline_dangerous(enum decline decline)
{
	return decline == DECLINE_FAST || decline == DECLINE_CRASH;
}

const char *volatility_decline_text(enum decline decline)
{
	static const char *const names[] = {
		[DECLINE_UNKNOWN] = "unknown decline",
		[DECLINE_SLOW] = "slow decline",
		[DECLINE_MODERATE] = "moderate decline",
		[DECLINE_FAST] = "fast decline",
		[DECLINE_CRASH] = "crash",
	};

	assert((size_t)decline < sizeof names / sizeof names[0]);
	return names[decline];
}
