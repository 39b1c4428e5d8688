#include "backtest/frames.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct bar { /* what the present candle of an interval has gathered so far */
	bool begun;
	int64_t open_ms;
	int32_t open, high, low, close;
	int64_t volume;
};

struct frame {
	struct series_want want;
	struct candle
		*items; /* closed ones, oldest first, with room for the open one behind them */
	size_t count, room;
	struct bar bar;
};

struct frames {
	struct decimal price_unit, volume_unit;
	int64_t now_ms; /* when the minute that is being walked began */
	size_t count;
	struct frame frames[SERIES_WANT_MAX];
};

struct frames *frames_new(const struct tape *tape, const struct series_want *wants, size_t count)
{
	struct frames *frames = mem_zero(1, sizeof *frames);

	assert(count <= SERIES_WANT_MAX);
	frames->price_unit = tape->price_unit;
	frames->volume_unit = tape->volume_unit;
	frames->now_ms = tape->begin_ms;
	frames->count = count;
	for (size_t i = 0; i < count; i++) {
		struct frame *frame = &frames->frames[i];
		assert(wants[i].interval_ms % TAPE_MINUTE_MS == 0 && wants[i].count > 0);
		frame->want = wants[i];
		frame->room = wants[i].count * 4;
		frame->items = mem_zero(frame->room + 1, sizeof frame->items[0]);
	}
	return frames;
}

void frames_free(struct frames **frames)
{
	if (*frames == NULL)
		return;
	for (size_t i = 0; i < (*frames)->count; i++)
		free((*frames)->frames[i].items);
	free(*frames);
	*frames = NULL;
}

int64_t frames_warm_minutes(const struct series_want *wants, size_t count)
{
	int64_t warm = 0;

	for (size_t i = 0; i < count; i++) {
		/* One more: the tape may begin inside a candle. */
		int64_t minutes = (int64_t)(wants[i].count + 1) *
				  (wants[i].interval_ms / TAPE_MINUTE_MS);
		warm = minutes > warm ? minutes : warm;
	}
	return warm;
}

/* --- gathering ------------------------------------------------------------------------------ */

static void add(struct bar *bar, const struct tape_minute *minute)
{
	bar->high = minute->high > bar->high ? minute->high : bar->high;
	bar->low = minute->low < bar->low ? minute->low : bar->low;
	bar->close = minute->close;
	bar->volume += tape_volume(minute);
}

static struct decimal priced(const struct frames *frames, int64_t price)
{
	return (struct decimal){price * frames->price_unit.coefficient, frames->price_unit.scale};
}

static struct decimal counted(const struct frames *frames, int64_t volume)
{
	return (struct decimal){
		volume * frames->volume_unit.coefficient, frames->volume_unit.scale};
}

static struct candle candle_of(const struct frames *frames, const struct bar *bar, bool closed)
{
	return (struct candle){.open_ms = bar->open_ms,
		.open = priced(frames, bar->open),
		.high = priced(frames, bar->high),
		.low = priced(frames, bar->low),
		.close = priced(frames, bar->close),
		.volume = counted(frames, bar->volume),
		.closed = closed};
}

static void keep(struct frame *frame, const struct candle *candle)
{
	if (frame->count == frame->room) {
		memmove(frame->items, frame->items + frame->count - frame->want.count,
			frame->want.count * sizeof frame->items[0]);
		frame->count = frame->want.count;
	}
	frame->items[frame->count++] = *candle;
}

static void close_minute(
	const struct frames *frames, struct frame *frame, const struct tape_minute *minute)
{
	int64_t into_ms = frames->now_ms % frame->want.interval_ms;
	struct bar *bar = &frame->bar;

	/* A tape that begins inside a candle does not know all of it. */
	if (!bar->begun && into_ms != 0)
		return;
	if (into_ms == 0)
		*bar = (struct bar){true, frames->now_ms, minute->open, minute->high, minute->low,
			minute->close, tape_volume(minute)};
	else
		add(bar, minute);
	if (into_ms + TAPE_MINUTE_MS != frame->want.interval_ms)
		return;
	struct candle candle = candle_of(frames, bar, true);
	keep(frame, &candle);
}

void frames_close(struct frames *frames, const struct tape_minute *minute)
{
	for (size_t i = 0; i < frames->count; i++)
		close_minute(frames, &frames->frames[i], minute);
	frames->now_ms += TAPE_MINUTE_MS;
}

/* --- showing -------------------------------------------------------------------------------- */

/* The part of the minute that has been walked, as a minute without volume. */
static struct tape_minute walked(const struct frames_now *now)
{
	int32_t at = (int32_t)now->path[0];
	struct tape_minute part = {at, at, at, at, 0};

	for (int step = 1; step <= now->step; step++) {
		at = (int32_t)now->path[step];
		part.high = at > part.high ? at : part.high;
		part.low = at < part.low ? at : part.low;
	}
	part.close = at;
	return part;
}

static bool forming(const struct frames *frames, const struct frame *frame,
	const struct tape_minute *part, struct bar *ret)
{
	if (frames->now_ms % frame->want.interval_ms == 0) {
		*ret = (struct bar){
			true, frames->now_ms, part->open, part->high, part->low, part->close, 0};
		return true;
	}
	*ret = frame->bar;
	add(ret, part);
	return frame->bar.begun;
}

static struct series show(struct frames *frames, struct frame *frame, const struct frames_now *now,
	const struct tape_minute *part)
{
	size_t count = frame->count;
	struct bar bar;

	if (frame->want.open_candle && forming(frames, frame, part, &bar)) {
		struct candle *last = &frame->items[count++];
		*last = candle_of(frames, &bar, false);
		last->volume = decimal_add(last->volume,
			walk_volume(counted(frames, tape_volume(now->minute)), now->step));
	}
	size_t shown = count < frame->want.count ? count : frame->want.count;
	return (struct series){.interval_ms = frame->want.interval_ms,
		.candles = frame->items + count - shown,
		.count = shown};
}

void frames_show(struct frames *frames, const struct frames_now *now,
	struct series ret_series[SERIES_WANT_MAX])
{
	const struct tape_minute part = walked(now);

	for (size_t i = 0; i < frames->count; i++)
		ret_series[i] = show(frames, &frames->frames[i], now, &part);
}
