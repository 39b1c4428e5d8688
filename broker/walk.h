/*
 * walk - how the price goes through a minute of which only open, high, low and close are known.
 *
 * In steps of 5 s: open, then high and low (or low and high), then close, at steps 0, 4, 8 and 11,
 * in straight lines on the tick grid between them; the minute's volume is spread evenly over the
 * steps. The simulated exchange and the backtester walk the same way, so that what a bot does on
 * the one can be held against the other. Nobody traded inside the bar: which extreme came first is
 * the caller's choice, or dice.
 */
#ifndef BROKER_WALK_H
#define BROKER_WALK_H

#include "core/base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

#define WALK_MINUTE_MS 60000
#define WALK_STEP_MS 5000
#define WALK_STEPS (WALK_MINUTE_MS / WALK_STEP_MS)
#define WALK_VOLUME_SCALE 8

struct walk_bar { /* ticks */
	int64_t open, high, low, close;
};

/* The steps at which the four prices stand: open, one extreme, the other, close. */
extern const int walk_points[4];

void walk_path(const struct walk_bar *bar, bool high_first, int64_t ret_path[WALK_STEPS]);

/* The volume (at most WALK_VOLUME_SCALE places) that has traded once step has been reached. */
struct decimal walk_volume(struct decimal minute, int step);

#endif
