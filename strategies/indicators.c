#include "strategies/indicators.h"

#include <math.h>

#define E8_REAL 1e8
#define PPM_REAL 1e6

static bool rounded(double value, double unit, int64_t *ret)
{
	double scaled = value * unit;

	/* 9.2e18 is the end of 64 bits; not-a-number fails the comparison as well. */
	if (!(fabs(scaled) < 9.2e18))
		return false;
	*ret = llround(scaled);
	return true;
}

bool indicators_bars(const struct candle *candles, size_t count, size_t window, struct bars *ret)
{
	if (window > INDICATORS_CANDLES_MAX)
		window = INDICATORS_CANDLES_MAX;
	size_t used = count < window ? count : window;

	for (size_t i = 0; i < used; i++) {
		const struct candle *candle = &candles[count - used + i];

		if (decimal_sign(candle->high) <= 0 || decimal_sign(candle->low) <= 0 ||
			decimal_sign(candle->close) <= 0 || decimal_sign(candle->volume) < 0)
			return false;
		ret->high[i] = decimal_to_double(candle->high);
		ret->low[i] = decimal_to_double(candle->low);
		ret->close[i] = decimal_to_double(candle->close);
		ret->volume[i] = decimal_to_double(candle->volume);
	}
	ret->count = used;
	return used > 0;
}

static double ema_step(double average, double value, size_t span)
{
	double alpha = 2.0 / ((double)span + 1.0);

	return (1.0 - alpha) * average + alpha * value;
}

bool indicators_ema_e8(const double *values, size_t count, size_t span, int64_t *ret)
{
	if (count == 0)
		return false;

	double average = values[0];
	for (size_t i = 1; i < count; i++)
		average = ema_step(average, values[i], span);
	return rounded(average, E8_REAL, ret);
}

static double true_range(const struct bars *bars, size_t i)
{
	double range = bars->high[i] - bars->low[i];

	if (i == 0)
		return range;
	range = fmax(range, fabs(bars->high[i] - bars->close[i - 1]));
	return fmax(range, fabs(bars->low[i] - bars->close[i - 1]));
}

static double atr_step(const struct bars *bars, size_t i, size_t span, double average)
{
	return i == 0 ? true_range(bars, 0) : ema_step(average, true_range(bars, i), span);
}

bool indicators_atr_e8(const struct bars *bars, size_t span, int64_t *ret)
{
	if (bars->count < span)
		return false;

	double average = 0;
	for (size_t i = 0; i < bars->count; i++)
		average = atr_step(bars, i, span, average);
	return rounded(average, E8_REAL, ret);
}

bool indicators_atr_mean_e8(
	const struct bars *bars, size_t span, size_t first, size_t last, int64_t *ret)
{
	if (bars->count < last)
		return false;

	double average = 0;
	double sum = 0;
	size_t counted = 0;
	for (size_t i = 0; i < last; i++) {
		average = atr_step(bars, i, span, average);
		if (i + 1 >= first && average > 0) {
			sum += average;
			counted++;
		}
	}
	return counted > 0 && rounded(sum / (double)counted, E8_REAL, ret);
}

static double mean(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum / (double)count;
}

static double sample_deviation(const double *values, size_t count)
{
	double middle = mean(values, count);
	double squares = 0;

	for (size_t i = 0; i < count; i++)
		squares += (values[i] - middle) * (values[i] - middle);
	return sqrt(squares / (double)(count - 1));
}

bool indicators_bb_width_ppm(const struct bars *bars, size_t span, double deviations, int64_t *ret)
{
	if (span < 2 || bars->count < span)
		return false;

	const double *newest = &bars->close[bars->count - span];
	double half = deviations * sample_deviation(newest, span);
	return rounded(2.0 * half / mean(newest, span), PPM_REAL, ret);
}

bool indicators_hv_ppm(const struct bars *bars, size_t span, int64_t *ret)
{
	double returns[INDICATORS_CANDLES_MAX];

	if (span < 2 || bars->count < span + 1)
		return false;

	const double *newest = &bars->close[bars->count - span];
	for (size_t i = 0; i < span; i++)
		returns[i] = log(newest[i] / newest[(ptrdiff_t)i - 1]);
	return rounded(sample_deviation(returns, span), PPM_REAL, ret);
}

bool indicators_roc_ppm(const struct bars *bars, size_t bars_back, int64_t *ret)
{
	if (bars->count < bars_back + 1)
		return false;

	double now = bars->close[bars->count - 1];
	double then = bars->close[bars->count - 1 - bars_back];
	return rounded((now - then) / then, PPM_REAL, ret);
}

bool indicators_volume_ratio_ppm(
	const struct bars *bars, size_t recent, size_t before, int64_t *ret)
{
	if (bars->count < recent + before)
		return false;

	const double *newest = &bars->volume[bars->count - recent];
	double usual = mean(newest - before, before);
	return usual > 0 && rounded(mean(newest, recent) / usual, PPM_REAL, ret);
}

/* ---- bars ----------------------------------------------------------------------------------- */

static bool is_candle(const struct candle *candle)
{
	return decimal_sign(candle->high) > 0 && decimal_sign(candle->low) > 0 &&
	       decimal_sign(candle->close) > 0 && decimal_sign(candle->volume) >= 0;
}

bool indicators_bar(
	const struct candle *candle, const struct strategy_bar *before, struct strategy_bar *ret)
{
	if (!is_candle(candle))
		return false;

	struct strategy_bar bar = {
		.open_ms = candle->open_ms,
		.high = decimal_to_double(candle->high),
		.low = decimal_to_double(candle->low),
		.close = decimal_to_double(candle->close),
		.volume = decimal_to_double(candle->volume),
	};
	bar.true_range = bar.high - bar.low;
	if (before != NULL) {
		bar.true_range = fmax(bar.true_range, fabs(bar.high - before->close));
		bar.true_range = fmax(bar.true_range, fabs(bar.low - before->close));
		bar.log_return = log(bar.close / before->close);
	}
	*ret = bar;
	return true;
}

/* How many candles of a series are closed: unclosed ones stand last. */
static size_t closed_count(const struct series *series)
{
	size_t count = series->count;

	while (series->bars == NULL && count > 0 && !series->candles[count - 1].closed)
		count--;
	return count;
}

int64_t indicators_newest_ms(const struct series *series)
{
	size_t count = closed_count(series);

	if (count == 0)
		return 0;
	return series->bars != NULL ? series->bars[count - 1].open_ms
				    : series->candles[count - 1].open_ms;
}

const struct strategy_bar *indicators_window(
	const struct series *series, size_t window, struct strategy_bar room[INDICATORS_WINDOW_MAX])
{
	size_t count = closed_count(series);

	if (window > INDICATORS_WINDOW_MAX || count < window + 1)
		return NULL;
	if (series->bars != NULL)
		return &series->bars[count - window];

	const struct candle *candles = &series->candles[count - window];
	struct strategy_bar before;
	if (!indicators_bar(&candles[-1], NULL, &before))
		return NULL;
	for (size_t i = 0; i < window; i++) {
		if (!indicators_bar(&candles[i], i == 0 ? &before : &room[i - 1], &room[i]))
			return NULL;
	}
	return room;
}

bool indicators_closes(
	const struct series *series, size_t count, double ret[INDICATORS_CANDLES_MAX])
{
	size_t closed = closed_count(series);

	if (count > INDICATORS_CANDLES_MAX || closed < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t at = closed - count + i;

		if (series->bars == NULL && decimal_sign(series->candles[at].close) <= 0)
			return false;
		ret[i] = series->bars != NULL ? series->bars[at].close
					      : decimal_to_double(series->candles[at].close);
	}
	return true;
}

bool indicators_sma_e8(const double *values, size_t count, int64_t *ret)
{
	return count > 0 && rounded(mean(values, count), E8_REAL, ret);
}

bool indicators_range_ema_e8(
	const struct strategy_bar *bars, size_t count, size_t span, int64_t *ret)
{
	if (count == 0)
		return false;

	double average = bars[0].true_range;
	for (size_t i = 1; i < count; i++)
		average = ema_step(average, bars[i].true_range, span);
	return rounded(average, E8_REAL, ret);
}

bool indicators_range_ema_mean_e8(
	const struct strategy_bar *bars, size_t count, size_t span, int64_t *ret)
{
	if (count < span)
		return false;

	double average = bars[0].true_range;
	double sum = span == 1 ? average : 0;
	for (size_t i = 1; i < count; i++) {
		average = ema_step(average, bars[i].true_range, span);
		if (i + 1 >= span)
			sum += average;
	}
	return rounded(sum / (double)(count - span + 1), E8_REAL, ret);
}

bool indicators_range_mean_e8(const struct strategy_bar *bars, size_t count, int64_t *ret)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += bars[i].true_range;
	return count > 0 && rounded(sum / (double)count, E8_REAL, ret);
}

bool indicators_band_width_ppm(
	const struct strategy_bar *bars, size_t count, double deviations, int64_t *ret)
{
	double sum = 0;
	double squares = 0;

	if (count < 2)
		return false;
	for (size_t i = 0; i < count; i++)
		sum += bars[i].close;
	double middle = sum / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += (bars[i].close - middle) * (bars[i].close - middle);
	double half = deviations * sqrt(squares / (double)(count - 1));
	return rounded(2.0 * half / middle, PPM_REAL, ret);
}

bool indicators_return_deviation_ppm(const struct strategy_bar *bars, size_t count, int64_t *ret)
{
	double sum = 0;
	double squares = 0;

	if (count < 2)
		return false;
	for (size_t i = 0; i < count; i++)
		sum += bars[i].log_return;
	double middle = sum / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += (bars[i].log_return - middle) * (bars[i].log_return - middle);
	return rounded(sqrt(squares / (double)(count - 1)), PPM_REAL, ret);
}

bool indicators_change_ppm(
	const struct strategy_bar *from, const struct strategy_bar *to, int64_t *ret)
{
	return rounded((to->close - from->close) / from->close, PPM_REAL, ret);
}

bool indicators_volumes_ppm(
	const struct strategy_bar *end, size_t recent, size_t before, int64_t *ret)
{
	double now = 0;
	double usual = 0;

	for (size_t i = 1; i <= recent; i++)
		now += end[-(ptrdiff_t)i].volume;
	for (size_t i = recent + 1; i <= recent + before; i++)
		usual += end[-(ptrdiff_t)i].volume;
	return usual > 0 &&
	       rounded((now / (double)recent) / (usual / (double)before), PPM_REAL, ret);
}
