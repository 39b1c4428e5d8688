#include "backtest/backtest.h"

#include "backtest/frames.h"
#include "backtest/seat.h"
#include "broker/walk.h"
#include "core/base/cleanup.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#define DAY_MS INT64_C(86400000)
#define PROGRESS_MINUTES 16384
#define NEVER INT64_MAX

struct walker { /* one run */
	const struct backtest_options *options;
	const struct tape *tape;
	struct seat *seat;
	struct frames *frames;
	struct gauge *gauge;
	struct series_want wants[SERIES_WANT_MAX];
	size_t want_count;

	int64_t next_ms;                    /* the next slot or follow-up */
	struct funding_stamp stamp;         /* the next payment; at_ms NEVER: none */
	__int128 volume_over, volume_under; /* volume units to lots */

	/* While last stays from low to high nothing happens to the account as it is. */
	bool quiet;
	int64_t low, high;
	uint64_t events; /* what low, high and the gauge's leg belong to */

	/* The minute that is being walked. */
	const struct tape_minute *minute;
	int64_t minute_ms, volume;
	int64_t path[WALK_STEPS];
	bool drawn; /* path is this minute's */
};

static void walker_done(struct walker *walker)
{
	frames_free(&walker->frames);
	seat_free(&walker->seat);
}

/* --- what is walked ------------------------------------------------------------------------- */

static int64_t next_slot(const struct walker *walker, int64_t after_ms)
{
	int64_t interval_ms = walker->options->bot.interval_ms;

	return after_ms - after_ms % interval_ms + interval_ms;
}

int64_t backtest_warm_ms(const struct backtest_options *options)
{
	struct series_want wants[SERIES_WANT_MAX];
	size_t count = options->bot.strategy->wants(
		options->bot.params, options->bot.ema_interval_min, wants);
	int64_t warm_ms = frames_warm_minutes(wants, count) * TAPE_MINUTE_MS;

	return options->tape->begin_ms + warm_ms;
}

static int check_minute(int64_t at_ms, const char *what, struct err *err)
{
	if (at_ms % TAPE_MINUTE_MS != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s is not a whole minute", what);
	return 0;
}

/* From where to where the bot decides. */
static int choose_span(const struct backtest_options *options, int64_t *ret_from_ms,
	int64_t *ret_to_ms, struct err *err)
{
	const struct tape *tape = options->tape;
	int64_t warm_ms = backtest_warm_ms(options);
	int64_t from_ms = options->from_ms == 0 ? warm_ms : options->from_ms;
	int64_t to_ms = options->to_ms == 0 ? tape_end_ms(tape) : options->to_ms;

	if (check_minute(from_ms, "from", err) == -1 || check_minute(to_ms, "to", err) == -1)
		return -1;
	if (warm_ms >= tape_end_ms(tape))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the candles are too short: the strategy's averages want %" PRId64
			" minutes before the first decision, there are %zu",
			(warm_ms - tape->begin_ms) / TAPE_MINUTE_MS, tape->count);
	if (from_ms < warm_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"from: the strategy's averages want %" PRId64
			" minutes of candles before the first decision, there are %" PRId64,
			(warm_ms - tape->begin_ms) / TAPE_MINUTE_MS,
			(from_ms - tape->begin_ms) / TAPE_MINUTE_MS);
	if (to_ms <= from_ms || to_ms > tape_end_ms(tape))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"to: must lie after the first decision and not after the last candle");
	*ret_from_ms = from_ms;
	*ret_to_ms = to_ms;
	return 0;
}

static int check_bot(const struct backtest_bot *bot, struct err *err)
{
	if (bot->interval_ms < WALK_STEP_MS || bot->interval_ms > DAY_MS ||
		bot->interval_ms % 1000 != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"interval: must be from 5 to 86400 seconds");
	/* A result without the stops that a bot has at its venue would be another bot's. */
	if (strategy_preset_of(bot->strategy, bot->params)->stops)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"preset %s asks for stops at the venue, which a backtest does not place "
			"yet",
			strategy_preset_of(bot->strategy, bot->params)->name);
	if (bot->ema_interval_min < 1)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "ema_interval: must be at least 1");
	return 0;
}

static int prepare_volume(struct walker *walker, struct err *err)
{
	struct decimal unit = decimal_trim(walker->tape->volume_unit);
	struct decimal lot = decimal_trim(walker->options->terms.rules.lot_size);
	int scale = unit.scale > lot.scale ? unit.scale : lot.scale;

	unit = decimal_round(unit, scale, ROUND_DOWN);
	lot = decimal_round(lot, scale, ROUND_DOWN);
	if (!decimal_is_valid(unit) || !decimal_is_valid(lot) || lot.coefficient <= 0 ||
		lot.coefficient > INT64_MAX || unit.coefficient > INT64_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"lot_size: does not fit the unit of the candles' volume");
	walker->volume_over = unit.coefficient;
	walker->volume_under = lot.coefficient;
	return 0;
}

static int64_t lots_traded(const struct walker *walker, const struct tape_minute *minute)
{
	__int128 lots = tape_volume(minute) * walker->volume_over / walker->volume_under;
	const __int128 most = (__int128)1 << 46; /* as many as the broker counts */

	return (int64_t)(lots > most ? most : lots);
}

/* --- the account's standing ----------------------------------------------------------------- */

static void next_stamp(struct walker *walker, int64_t from_ms)
{
	const struct funding *funding = walker->options->funding;

	if (!funding_next(funding, from_ms, &walker->stamp) ||
		(funding->stamps == NULL && decimal_is_zero(funding->rate)))
		walker->stamp.at_ms = NEVER;
}

/* After what may have changed the account; true if it did. */
static bool look(struct walker *walker, int64_t at_ms)
{
	uint64_t events = seat_events(walker->seat);

	if (events == walker->events)
		return false;
	walker->events = events;
	walker->quiet = !walker->options->every_step &&
			seat_quiet(walker->seat, &walker->low, &walker->high);
	struct grid_leg leg = seat_leg(walker->seat);
	gauge_change(walker->gauge, &leg, at_ms);
	return true;
}

static void draw(struct walker *walker)
{
	const struct tape_minute *minute = walker->minute;
	const struct walk_bar bar = {minute->open, minute->high, minute->low, minute->close};

	if (walker->drawn)
		return;
	walk_path(&bar, walker->options->high_first, walker->path);
	walker->drawn = true;
}

static void picture(struct walker *walker, int64_t at_ms, int64_t ticks)
{
	struct gauge *gauge = walker->gauge;

	if (walker->options->record != NULL)
		record_sample(walker->options->record, at_ms, ticks, gauge->equity_e8,
			gauge->leg.wallet_e8, gauge->leg.lots);
}

static void sample(struct walker *walker, int64_t at_ms, int64_t ticks)
{
	gauge_sample(walker->gauge, at_ms, ticks);
	picture(walker, at_ms, ticks);
}

/* --- walking -------------------------------------------------------------------------------- */

/* Nothing happens in the rest of the minute after step from: only its extremes are looked at. */
static void glide(struct walker *walker, int from)
{
	const struct tape_minute *minute = walker->minute;
	bool high_first = walker->options->high_first;
	const int64_t prices[4] = {minute->open, high_first ? minute->high : minute->low,
		high_first ? minute->low : minute->high, minute->close};

	for (int point = 0; point < 4; point++)
		if (walk_points[point] > from)
			sample(walker,
				walker->minute_ms + (int64_t)walk_points[point] * WALK_STEP_MS,
				prices[point]);
}

static bool is_point(int step)
{
	return step == walk_points[0] || step == walk_points[1] || step == walk_points[2] ||
	       step == walk_points[3];
}

static int decide(struct walker *walker, int step, struct err *err)
{
	struct series series[SERIES_WANT_MAX];
	int64_t now_ms = walker->next_ms;
	int64_t follow_up_ms;

	frames_show(walker->frames,
		&(struct frames_now){.minute = walker->minute, .path = walker->path, .step = step},
		series);
	if (seat_decide(walker->seat, now_ms, series, walker->want_count, &follow_up_ms, err) == -1)
		return -1;
	walker->next_ms = next_slot(walker, now_ms);
	if (follow_up_ms > now_ms && follow_up_ms < walker->next_ms)
		walker->next_ms = follow_up_ms;
	return 0;
}

/* One step of the minute: the price, a payment that falls on it, decisions that are due. */
static int take_step(struct walker *walker, int step, struct err *err)
{
	int64_t at_ms = walker->minute_ms + (int64_t)step * WALK_STEP_MS;
	int64_t ticks = walker->path[step];

	seat_price(walker->seat, at_ms, ticks, walker->minute_ms, walker->volume);
	bool changed = look(walker, at_ms);
	if (walker->stamp.at_ms <= at_ms) {
		seat_fund(walker->seat, at_ms, walker->stamp.rate);
		next_stamp(walker, at_ms + 1);
		changed |= look(walker, at_ms);
	}
	while (walker->next_ms < at_ms + WALK_STEP_MS && seat_liquidated_ms(walker->seat) == 0) {
		if (decide(walker, step, err) == -1)
			return -1;
		changed |= look(walker, at_ms);
	}
	if (changed || is_point(step))
		sample(walker, at_ms, ticks);
	return 0;
}

/* True if neither the clock nor the price asks for another look in the rest of the minute. */
static bool rest_is_quiet(const struct walker *walker)
{
	int64_t end_ms = walker->minute_ms + TAPE_MINUTE_MS;

	return walker->quiet && walker->next_ms >= end_ms && walker->stamp.at_ms >= end_ms &&
	       walker->minute->low >= walker->low && walker->minute->high <= walker->high;
}

static int walk_minute(struct walker *walker, struct err *err)
{
	draw(walker);
	walker->volume = lots_traded(walker, walker->minute);
	for (int step = 0; step < WALK_STEPS; step++) {
		if (take_step(walker, step, err) == -1)
			return -1;
		if (seat_liquidated_ms(walker->seat) != 0)
			return 0;
		if (rest_is_quiet(walker)) {
			glide(walker, step);
			return 0;
		}
	}
	return 0;
}

static int pass_minute(struct walker *walker, size_t index, struct err *err)
{
	walker->minute = &walker->tape->minutes[index];
	walker->minute_ms = walker->tape->begin_ms + (int64_t)index * TAPE_MINUTE_MS;
	walker->drawn = false;
	if (rest_is_quiet(walker))
		glide(walker, -1);
	else if (walk_minute(walker, err) == -1)
		return -1;
	frames_close(walker->frames, walker->minute);
	if ((walker->minute_ms + TAPE_MINUTE_MS) % DAY_MS == 0)
		gauge_day_end(walker->gauge, walker->minute_ms + TAPE_MINUTE_MS);
	return 0;
}

static void tell_progress(const struct walker *walker, size_t index, size_t first, size_t end)
{
	const struct backtest_options *options = walker->options;

	if (options->progress != NULL && index % PROGRESS_MINUTES == 0)
		options->progress(options->progress_context,
			(int64_t)((index - first) * 1000000 / (end - first)));
}

static int64_t walk(struct walker *walker, size_t first, size_t end, struct err *err)
{
	for (size_t i = first; i < end; i++) {
		if (pass_minute(walker, i, err) == -1)
			return -1;
		tell_progress(walker, i, first, end);
		if (seat_liquidated_ms(walker->seat) != 0)
			return walker->minute_ms + TAPE_MINUTE_MS;
	}
	return walker->minute_ms + TAPE_MINUTE_MS;
}

static int open_walker(const struct backtest_options *options, struct gauge *gauge,
	struct walker *walker, struct err *err)
{
	const struct backtest_bot *bot = &options->bot;

	*walker = (struct walker){.options = options, .tape = options->tape, .gauge = gauge};
	walker->want_count = bot->strategy->wants(
		bot->params, bot->ema_interval_min, walker->wants);
	walker->frames = frames_new(options->tape, walker->wants, walker->want_count);
	if (prepare_volume(walker, err) == -1)
		return -1;
	return seat_new(options, &walker->seat, err);
}

static size_t index_of(const struct tape *tape, int64_t at_ms)
{
	return (size_t)((at_ms - tape->begin_ms) / TAPE_MINUTE_MS);
}

static int run(struct walker *walker, int64_t from_ms, int64_t to_ms, struct backtest_result *ret,
	struct err *err)
{
	const struct tape *tape = walker->tape;
	size_t first = index_of(tape, from_ms);
	struct grid_leg leg = seat_leg(walker->seat);

	for (size_t i = 0; i < first; i++)
		frames_close(walker->frames, &tape->minutes[i]);
	gauge_begin(&ret->gauge, &leg, from_ms);
	walker->events = seat_events(walker->seat);
	walker->next_ms = next_slot(walker, from_ms - 1);
	next_stamp(walker, from_ms + 1);
	int64_t end_ms = walk(walker, first, index_of(tape, to_ms), err);
	if (end_ms == -1)
		return -1;
	gauge_end(&ret->gauge, end_ms);
	ret->begin_ms = from_ms;
	ret->end_ms = end_ms;
	seat_result(walker->seat, ret);
	/* The broker was not told the prices that could not change anything: the gauge was. */
	ret->unrealised_e8 = ret->gauge.equity_e8 - ret->wallet_e8;
	ret->counts.minutes = (end_ms - from_ms) / TAPE_MINUTE_MS;
	for (size_t i = first; i < index_of(tape, end_ms); i++)
		ret->counts.missing_minutes += tape->minutes[i].volume == TAPE_MISSING;
	return 0;
}

int backtest_run(
	const struct backtest_options *options, struct backtest_result *ret, struct err *err)
{
	CLEANUP(walker_done) struct walker walker = {0};
	CLEANUP(backtest_done) struct backtest_result result = {0};
	int64_t from_ms, to_ms;

	assert(decimal_equal(options->tape->price_unit, options->terms.rules.tick_size));
	if (check_bot(&options->bot, err) == -1 ||
		choose_span(options, &from_ms, &to_ms, err) == -1 ||
		open_walker(options, &result.gauge, &walker, err) == -1 ||
		run(&walker, from_ms, to_ms, &result, err) == -1)
		return -1;
	*ret = result;
	result = (struct backtest_result){0};
	return 0;
}

void backtest_done(struct backtest_result *result)
{
	gauge_done(&result->gauge);
}

/* --- both paths ----------------------------------------------------------------------------- */

struct path_run {
	struct backtest_options options;
	struct backtest_result result;
	struct err err;
	int outcome;
};

static void *run_path(void *context)
{
	struct path_run *path = context;

	path->outcome = backtest_run(&path->options, &path->result, &path->err);
	return NULL;
}

int backtest_both(const struct backtest_options *options, struct record *const records[2],
	struct backtest_result rets[2], struct err *err)
{
	struct path_run *paths = mem_zero(2, sizeof paths[0]);
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		paths[i].options = *options;
		paths[i].options.high_first = i == 0;
		paths[i].options.record = records[i];
		if (i == 1)
			paths[i].options.progress = NULL;
	}
	bool started = pthread_create(&thread, NULL, run_path, &paths[1]) == 0;
	(void)run_path(&paths[0]);
	if (started)
		(void)pthread_join(thread, NULL);
	else
		(void)run_path(&paths[1]);
	int outcome = 0;
	for (int i = 0; i < 2; i++) {
		rets[i] = paths[i].result;
		if (paths[i].outcome == -1 && outcome == 0) {
			*err = paths[i].err;
			outcome = -1;
		}
	}
	free(paths);
	if (outcome == -1) {
		backtest_done(&rets[0]);
		backtest_done(&rets[1]);
	}
	return outcome;
}

int backtest_worse(const struct backtest_result results[2])
{
	bool liquidated[2] = {results[0].liquidated_ms != 0, results[1].liquidated_ms != 0};

	if (liquidated[0] != liquidated[1])
		return liquidated[0] ? 0 : 1;
	return results[1].gauge.equity_e8 < results[0].gauge.equity_e8 ? 1 : 0;
}
