/*
 * frames - the candles that a strategy asks for, as a venue would show them at a moment of a tape.
 *
 * Minutes are fed in one after the other, each when it has closed; what is shown is made of those
 * and of the part of the present minute that has been walked. There is no way to look ahead: what
 * has not been fed is not there. Memory is bounded by what is asked for, whatever the tape's
 * length.
 */
#ifndef BACKTEST_FRAMES_H
#define BACKTEST_FRAMES_H

#include "backtest/tape.h"
#include "broker/walk.h"
#include "strategies/strategy.h"

struct frames;

/* wants as strategy->wants gave them; intervals are whole minutes (asserted). The caller frees. */
struct frames *frames_new(const struct tape *tape, const struct series_want *wants, size_t count);
void frames_free(struct frames **frames);

/* The next minute has closed. The first one fed is the tape's first. */
void frames_close(struct frames *frames, const struct tape_minute *minute);

/* The minute that is being walked: its path up to and including step (0 to WALK_STEPS - 1). */
struct frames_now {
	const struct tape_minute *minute;
	const int64_t *path;
	int step;
};

/* One series per want, in their order; borrowed until the next call. */
void frames_show(struct frames *frames, const struct frames_now *now,
	struct series ret_series[SERIES_WANT_MAX]);

/* How many minutes must have closed before every want is served whole. */
int64_t frames_warm_minutes(const struct series_want *wants, size_t count);

#endif
