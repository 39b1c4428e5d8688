#include "simulator/market.h"

#include "broker/walk.h"
#include "core/base/cleanup.h"
#include "core/base/ident.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS WALK_STEPS /* in a minute */
#define DAY_MS (INT64_C(86400) * 1000)
#define WEEK_MS (7 * DAY_MS)
/* 1970-01-01 was a Thursday, weeks begin on Monday. */
#define FIRST_MONDAY_MS (4 * DAY_MS)
#define WARM_MINUTES 7200
/* The mark moves by 1/SMOOTHING of its distance per step, and is held in hundredths of a tick. */
#define SMOOTHING 4
#define FINE 100
#define OFFSET_PPM_MAX 200

struct series { /* the whole file in one interval; what is incomplete at its begin is left out */
	struct candle *items;
	size_t count;
};

struct replay { /* one symbol */
	struct market_symbol settings;
	uint64_t hash;
	size_t first;        /* the minute of the market's start */
	int64_t path[STEPS]; /* ticks, of the minute being walked */
	int64_t offset_ppm;
	int64_t mark_fine, index_fine;
	struct candle forming; /* the minute being walked, as far as it went */
	struct market_quote quote;
	struct series series[MARKET_INTERVALS];
};

struct market {
	struct replay *replays;
	size_t count;
	uint64_t seed;
	enum market_path path;
	bool mark_is_last;
	int64_t start_ms, end_ms; /* end: of the last step's time */
	int64_t step;             /* steps taken after the first */
	int64_t speed_milli;
	int64_t anchor_ms, anchor_mono_ms; /* the clock stood at anchor_ms then */
};

static const struct {
	char text[4];
	int64_t length_ms; /* 0: calendar months */
} intervals[MARKET_INTERVALS] = {
	[MARKET_1M] = {"1", 60000},
	[MARKET_3M] = {"3", 180000},
	[MARKET_5M] = {"5", 300000},
	[MARKET_15M] = {"15", 900000},
	[MARKET_30M] = {"30", 1800000},
	[MARKET_1H] = {"60", 3600000},
	[MARKET_2H] = {"120", 7200000},
	[MARKET_4H] = {"240", 14400000},
	[MARKET_6H] = {"360", 21600000},
	[MARKET_12H] = {"720", 43200000},
	[MARKET_1D] = {"D", DAY_MS},
	[MARKET_1W] = {"W", WEEK_MS},
	[MARKET_1MONTH] = {"M", 0},
};

/* splitmix64: every input bit reaches every output bit. */
static uint64_t mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

uint64_t market_dice(uint64_t seed, uint64_t a, uint64_t b)
{
	return mix(mix(mix(seed) ^ a) ^ b);
}

bool market_interval_parse(const char *text, enum market_interval *ret)
{
	for (size_t i = 0; i < MARKET_INTERVALS; i++) {
		if (strcmp(intervals[i].text, text) == 0) {
			*ret = (enum market_interval)i;
			return true;
		}
	}
	return false;
}

static int64_t month_start(int64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm calendar;

	(void)gmtime_r(&seconds, &calendar);
	calendar.tm_mday = 1;
	calendar.tm_hour = calendar.tm_min = calendar.tm_sec = 0;
	return (int64_t)timegm(&calendar) * 1000;
}

static int64_t bucket_start(enum market_interval interval, int64_t at_ms)
{
	int64_t length_ms = intervals[interval].length_ms;

	if (length_ms == 0)
		return month_start(at_ms);
	if (length_ms == WEEK_MS && at_ms >= FIRST_MONDAY_MS)
		return at_ms - (at_ms - FIRST_MONDAY_MS) % WEEK_MS;
	return at_ms - at_ms % length_ms;
}

int64_t market_interval_end_ms(enum market_interval interval, int64_t at_ms)
{
	int64_t start_ms = bucket_start(interval, at_ms);

	if (intervals[interval].length_ms == 0) /* a day of the next month, however long this is */
		return month_start(start_ms + 31 * DAY_MS + DAY_MS / 2);
	return start_ms + intervals[interval].length_ms;
}

static void merge(struct candle *into, const struct candle *next)
{
	into->high = decimal_max(into->high, next->high);
	into->low = decimal_min(into->low, next->low);
	into->close = next->close;
	into->volume = decimal_add(into->volume, next->volume);
}

static void series_fill(
	struct series *series, const struct candles *minutes, enum market_interval interval)
{
	size_t room = 0;
	int64_t open_ms = -1;

	for (size_t i = 0; i < minutes->count; i++) {
		const struct candle *minute = &minutes->items[i];
		int64_t start_ms = bucket_start(interval, minute->open_ms);
		if (start_ms == open_ms) {
			merge(&series->items[series->count - 1], minute);
			continue;
		}
		if (start_ms != minute->open_ms)
			continue; /* the file begins inside this bucket */
		if (series->count == room) {
			room = room == 0 ? 64 : room * 2;
			series->items = mem_grow(series->items, room, sizeof series->items[0]);
		}
		series->items[series->count] = *minute;
		series->items[series->count++].open_ms = start_ms;
		open_ms = start_ms;
	}
}

static int64_t minute_number(const struct market *market)
{
	return market->step / STEPS;
}

static const struct candle *minute_of(const struct market *market, const struct replay *replay)
{
	size_t index = replay->first + (size_t)minute_number(market);

	assert(index < replay->settings.candles->count);
	return &replay->settings.candles->items[index];
}

static int64_t ticks(const struct replay *replay, struct decimal price)
{
	int64_t count = 0;
	bool whole = decimal_count(price, replay->settings.tick_size, &count);

	assert(whole); /* candles_load put it on the grid */
	return count;
}

static struct decimal price(const struct replay *replay, int64_t count)
{
	return decimal_mul(decimal_from_int(count), replay->settings.tick_size);
}

static struct decimal price_of_fine(const struct replay *replay, int64_t fine)
{
	int64_t count = (fine + FINE / 2) / FINE;

	return price(replay, count < 1 ? 1 : count);
}

static void path_draw(struct replay *replay, const struct candle *minute, bool high_first)
{
	const struct walk_bar bar = {ticks(replay, minute->open), ticks(replay, minute->high),
		ticks(replay, minute->low), ticks(replay, minute->close)};

	walk_path(&bar, high_first, replay->path);
}

static bool goes_high_first(const struct market *market, uint64_t dice)
{
	return market->path == MARKET_PATH_DRAWN ? (dice & 1) != 0
						 : market->path == MARKET_PATH_HIGH_FIRST;
}

static void minute_begin(const struct market *market, struct replay *replay)
{
	const struct candle *minute = minute_of(market, replay);
	uint64_t dice = market_dice(
		market->seed, replay->hash, (uint64_t)(minute->open_ms / 60000));

	path_draw(replay, minute, goes_high_first(market, dice));
	if (!market->mark_is_last)
		replay->offset_ppm = (int64_t)((dice >> 8) % (2 * OFFSET_PPM_MAX + 1)) -
				     OFFSET_PPM_MAX;
	replay->forming = (struct candle){.open_ms = minute->open_ms,
		.open = minute->open,
		.high = minute->open,
		.low = minute->open,
		.close = minute->open,
		.volume = DECIMAL_ZERO};
}

/* Drawn from -0.5 to 2.5 bp: longs pay more often than not, as they do. */
static struct decimal funding_rate(
	const struct market *market, const struct replay *replay, int64_t paid_ms)
{
	if (replay->settings.funding_fixed)
		return replay->settings.funding_rate;
	uint64_t dice = market_dice(
		market->seed, ~replay->hash, (uint64_t)(paid_ms / CANDLES_MINUTE_MS));
	return decimal_scaled((int64_t)(dice % 31) - 5, 5);
}

static void quote_funding(const struct market *market, struct replay *replay, int64_t at_ms)
{
	struct market_quote *quote = &replay->quote;
	int64_t interval_ms = replay->settings.funding_interval_ms;

	quote->next_funding_ms = at_ms - at_ms % interval_ms + interval_ms;
	quote->funding_now = at_ms % interval_ms == 0 && market->step > 0;
	quote->funding_rate = funding_rate(
		market, replay, quote->funding_now ? at_ms : quote->next_funding_ms);
}

static void quote_step(const struct market *market, struct replay *replay)
{
	const struct candle *minute = minute_of(market, replay);
	int64_t step = market->step % STEPS;
	int64_t last = replay->path[step];
	int64_t last_fine = last * FINE;
	int64_t target_fine = last_fine + last_fine / 1000000 * replay->offset_ppm +
			      last_fine % 1000000 * replay->offset_ppm / 1000000;
	struct market_quote *quote = &replay->quote;

	if (market->mark_is_last)
		replay->mark_fine = last_fine;
	else
		replay->mark_fine += (target_fine - replay->mark_fine) / SMOOTHING;
	replay->index_fine += (last_fine - replay->index_fine) / SMOOTHING;
	quote->last = price(replay, last);
	quote->mark = price_of_fine(replay, replay->mark_fine);
	quote->index = price_of_fine(replay, replay->index_fine);
	quote->minute_ms = minute->open_ms;
	quote->volume = minute->volume;
	merge(&replay->forming,
		&(struct candle){.high = quote->last, .low = quote->last, .close = quote->last});
	replay->forming.volume = walk_volume(minute->volume, (int)step);
	quote_funding(market, replay, market_step_ms(market));
}

static void steps_taken(struct market *market)
{
	for (size_t i = 0; i < market->count; i++) {
		struct replay *replay = &market->replays[i];
		if (market->step % STEPS == 0)
			minute_begin(market, replay);
		if (market->step == 0)
			replay->mark_fine = replay->index_fine = replay->path[0] * FINE;
		quote_step(market, replay);
	}
}

struct span {
	int64_t first_ms, last_ms; /* open times of the first and last minute that all files have */
};

static int common_span(const struct market_options *options, struct span *ret, struct err *err)
{
	struct span span = {INT64_MIN, INT64_MAX};

	for (size_t i = 0; i < options->count; i++) {
		const struct candles *candles = options->symbols[i].candles;
		int64_t first_ms = candles->items[0].open_ms;
		int64_t last_ms = candles->items[candles->count - 1].open_ms;
		span.first_ms = first_ms > span.first_ms ? first_ms : span.first_ms;
		span.last_ms = last_ms < span.last_ms ? last_ms : span.last_ms;
	}
	if (span.first_ms > span.last_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the candle files have no minute in common; move one with shift=DAYS");
	*ret = span;
	return 0;
}

static int choose_start(
	const struct market_options *options, struct span span, int64_t *ret, struct err *err)
{
	int64_t start_ms = options->start_ms;

	if (start_ms == 0) {
		int64_t minutes = (span.last_ms - span.first_ms) / CANDLES_MINUTE_MS;
		int64_t offset = minutes / 2 < WARM_MINUTES ? minutes / 2 : WARM_MINUTES;
		start_ms = span.first_ms + offset * CANDLES_MINUTE_MS;
	}
	if (start_ms % CANDLES_MINUTE_MS != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the market's start %" PRId64 " is not the start of a minute", start_ms);
	if (start_ms < span.first_ms || start_ms > span.last_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the market's start %" PRId64
			" is outside the candle files, which have %" PRId64 " to %" PRId64,
			start_ms, span.first_ms, span.last_ms);
	*ret = start_ms;
	return 0;
}

static void replay_init(
	struct replay *replay, const struct market_symbol *settings, int64_t start_ms)
{
	const struct candles *candles = settings->candles;

	assert(settings->funding_interval_ms >= CANDLES_MINUTE_MS);
	assert(settings->funding_interval_ms % CANDLES_MINUTE_MS == 0);
	replay->settings = *settings;
	replay->hash = hash_bytes(settings->symbol, strlen(settings->symbol));
	replay->first = (size_t)((start_ms - candles->items[0].open_ms) / CANDLES_MINUTE_MS);
	/* One-minute candles are the file itself. */
	for (size_t i = MARKET_1M + 1; i < MARKET_INTERVALS; i++)
		series_fill(&replay->series[i], candles, (enum market_interval)i);
}

int market_new(const struct market_options *options, int64_t now_mono_ms, struct market **ret,
	struct err *err)
{
	struct span span;
	int64_t start_ms;

	assert(options->count >= 1 && options->count <= MARKET_SYMBOLS_MAX);
	assert(options->speed_milli >= 0);
	if (common_span(options, &span, err) == -1 ||
		choose_start(options, span, &start_ms, err) == -1)
		return -1;
	struct market *market = mem_zero(1, sizeof *market);
	market->replays = mem_zero(options->count, sizeof market->replays[0]);
	market->count = options->count;
	market->seed = options->seed;
	market->path = options->path;
	market->mark_is_last = options->mark_is_last;
	market->start_ms = start_ms;
	market->end_ms = span.last_ms + CANDLES_MINUTE_MS - MARKET_STEP_MS;
	market->speed_milli = options->speed_milli;
	market->anchor_ms = start_ms;
	market->anchor_mono_ms = now_mono_ms;
	for (size_t i = 0; i < options->count; i++)
		replay_init(&market->replays[i], &options->symbols[i], start_ms);
	steps_taken(market);
	*ret = market;
	return 0;
}

void market_free(struct market **market)
{
	if (*market == NULL)
		return;
	for (size_t i = 0; i < (*market)->count; i++)
		for (size_t k = 0; k < MARKET_INTERVALS; k++)
			free((*market)->replays[i].series[k].items);
	free((*market)->replays);
	free(*market);
	*market = NULL;
}

int64_t market_clock_ms(const struct market *market, int64_t now_mono_ms)
{
	__int128 elapsed = (__int128)(now_mono_ms - market->anchor_mono_ms) * market->speed_milli;
	__int128 now_ms = market->anchor_ms + elapsed / 1000;

	return now_ms > market->end_ms ? market->end_ms : (int64_t)now_ms;
}

int64_t market_step_ms(const struct market *market)
{
	return market->start_ms + market->step * MARKET_STEP_MS;
}

int64_t market_now_ms(const struct market *market, int64_t now_mono_ms)
{
	int64_t now_ms = market_clock_ms(market, now_mono_ms);
	int64_t bound_ms = market_step_ms(market) + MARKET_STEP_MS - 1;

	if (market_halted(market))
		return market->end_ms;
	return now_ms < bound_ms ? now_ms : bound_ms;
}

int64_t market_start_ms(const struct market *market)
{
	return market->start_ms;
}

int64_t market_end_ms(const struct market *market)
{
	return market->end_ms;
}

int64_t market_speed_milli(const struct market *market)
{
	return market->speed_milli;
}

bool market_halted(const struct market *market)
{
	return market_step_ms(market) >= market->end_ms;
}

void market_take_step(struct market *market)
{
	assert(!market_halted(market));
	market->step++;
	steps_taken(market);
}

int64_t market_step_number(const struct market *market)
{
	return market->step;
}

int64_t market_next_mono_ms(const struct market *market)
{
	int64_t next_ms = market_step_ms(market) + MARKET_STEP_MS;

	if (market_halted(market))
		return INT64_MAX;
	if (next_ms <= market->anchor_ms)
		return market->anchor_mono_ms;
	if (market->speed_milli == 0)
		return INT64_MAX;
	__int128 wait = (__int128)(next_ms - market->anchor_ms) * 1000;
	return market->anchor_mono_ms +
	       (int64_t)((wait + market->speed_milli - 1) / market->speed_milli);
}

void market_set_clock(
	struct market *market, int64_t anchor_ms, int64_t now_mono_ms, int64_t speed_milli)
{
	assert(speed_milli >= 0);
	market->anchor_ms = anchor_ms < market->end_ms ? anchor_ms : market->end_ms;
	market->anchor_mono_ms = now_mono_ms;
	market->speed_milli = speed_milli;
}

void market_move_mono(struct market *market, int64_t delta_ms)
{
	market->anchor_mono_ms += delta_ms;
}

const struct market_quote *market_quote(const struct market *market, size_t symbol)
{
	assert(symbol < market->count);
	return &market->replays[symbol].quote;
}

struct decimal market_price_day_ago(const struct market *market, size_t symbol)
{
	const struct replay *replay = &market->replays[symbol];
	size_t minute = replay->first + (size_t)minute_number(market);
	const struct candle *items = replay->settings.candles->items;

	return minute < 1440 ? items[0].open : items[minute - 1440].open;
}

static struct series series_of(const struct replay *replay, enum market_interval interval)
{
	const struct candles *minutes = replay->settings.candles;

	return interval == MARKET_1M ? (struct series){minutes->items, minutes->count}
				     : replay->series[interval];
}

/* How many candles of the series opened before at_ms. */
static size_t opened_before(struct series series, int64_t at_ms)
{
	size_t low = 0, high = series.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (series.items[middle].open_ms < at_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The candle being formed: the bucket's whole minutes and the walked part of the present one. */
static bool candle_forming(const struct market *market, const struct replay *replay,
	enum market_interval interval, struct candle *ret)
{
	struct series minutes = series_of(replay, MARKET_1M);
	int64_t open_ms = bucket_start(interval, market_step_ms(market));
	size_t first = opened_before(minutes, open_ms);
	size_t now = replay->first + (size_t)minute_number(market);

	if (minutes.items[first].open_ms != open_ms)
		return false; /* the file begins inside this bucket */
	struct candle candle = first == now ? replay->forming : minutes.items[first];
	for (size_t i = first + 1; i < now; i++)
		merge(&candle, &minutes.items[i]);
	if (first < now)
		merge(&candle, &replay->forming);
	candle.closed = false;
	*ret = candle;
	return true;
}

size_t market_candles(const struct market *market, size_t symbol, enum market_interval interval,
	int64_t from_ms, int64_t to_ms, size_t limit, struct candle *ret)
{
	const struct replay *replay = &market->replays[symbol];
	struct series series = series_of(replay, interval);
	int64_t forming_ms = bucket_start(interval, market_step_ms(market));
	size_t count = 0;

	assert(symbol < market->count);
	if (limit > 0 && from_ms <= forming_ms && forming_ms <= to_ms &&
		candle_forming(market, replay, interval, &ret[0]))
		count = 1;
	/* What opens at forming_ms or later is the future, though the file knows it. */
	size_t end = opened_before(series, to_ms < forming_ms ? to_ms + 1 : forming_ms);
	while (count < limit && end > 0 && series.items[end - 1].open_ms >= from_ms) {
		ret[count] = series.items[--end];
		ret[count++].closed = true;
	}
	return count;
}
