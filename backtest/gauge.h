/*
 * gauge - what a run is worth from moment to moment: equity, drawdown, exposure, days.
 *
 * Equity is sampled at the four known prices of each minute (broker/walk.h) and at each step in
 * which something happened to the account, after all of it. While nothing happens it follows from a
 * few whole numbers, so a sample costs a multiplication; while the leg is flat it costs nothing.
 * Money is 1e-8; ratios are doubles: they describe, nobody trades on them.
 *
 * Equity is wallet and unrealised PnL, as a venue shows it, so closing at the very peak costs the
 * fee: within GAUGE_BAND of the peak the account counts as standing at it.
 */
#ifndef BACKTEST_GAUGE_H
#define BACKTEST_GAUGE_H

#include "broker/grid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GAUGE_BAND 1000 /* a thousandth */

struct gauge_day {
	int64_t begin_ms;  /* 00:00 UTC */
	int64_t equity_e8; /* at its end */
};

struct gauge {
	struct grid_leg leg; /* as it has been since changed_ms */
	bool begun;
	int64_t begin_ms, begin_e8;
	int64_t now_ms, equity_e8; /* the newest sample */

	int64_t peak_e8;     /* highest so far */
	int64_t surface_e8;  /* the peak less the band: below it is under water */
	int64_t surface_ms;  /* when it stood there last */
	int64_t trough_e8;   /* lowest since */
	double drawdown;     /* deepest one, a fraction of its peak */
	int64_t drawdown_ms; /* from the last time at its peak until it was made up for, or the end
			      */
	bool drawdown_open;  /* the deepest one has not been made up for */
	int64_t underwater_ms, underwater_longest_ms;

	int64_t held_since_ms, held_ms;
	int64_t low, high;                 /* prices since the leg changed, ticks; high 0: none */
	double exposure, margin, distance; /* extremes; distance: nearest to liquidation, of mark */
	bool distance_known;

	struct gauge_day *days; /* whole ones that have ended; owned */
	size_t day_count, day_room;
	int64_t day_begin_e8; /* equity when the first whole day began */
	bool day_begun;
};

/* The account is there, flat, with its deposit. */
void gauge_begin(struct gauge *gauge, const struct grid_leg *leg, int64_t at_ms);
void gauge_done(struct gauge *gauge);

/* Something happened to the account: leg is what it is now. A sample must follow. */
void gauge_change(struct gauge *gauge, const struct grid_leg *leg, int64_t at_ms);

/* A sample at a price, nothing having happened. */
static inline void gauge_sample(struct gauge *gauge, int64_t at_ms, int64_t ticks);

/* A UTC day has just ended at this time; the newest sample is its last. */
void gauge_day_end(struct gauge *gauge, int64_t at_ms);

/* No more samples: what is running ends here. */
void gauge_end(struct gauge *gauge, int64_t at_ms);

/* ---- the part that runs for every price ------------------------------------------------------ */

int64_t gauge_equity(const struct gauge *gauge, int64_t ticks);
void gauge_surface(struct gauge *gauge, int64_t at_ms, int64_t equity_e8);

static inline void gauge_sample(struct gauge *gauge, int64_t at_ms, int64_t ticks)
{
	const struct grid_leg *leg = &gauge->leg;

	gauge->now_ms = at_ms;
	if (leg->lots == 0)
		return;
	/* Amounts end at 10^18 units of 1e-8 (broker/fixed.h): no product here leaves 64 bits. */
	int64_t value = leg->lots * ticks * leg->unit_e8;
	int64_t equity = leg->wallet_e8 + value + (leg->lots < 0 ? leg->cost_e8 : -leg->cost_e8);
	gauge->equity_e8 = equity;
	if (ticks < gauge->low)
		gauge->low = ticks;
	if (ticks > gauge->high)
		gauge->high = ticks;
	if (equity < gauge->trough_e8)
		gauge->trough_e8 = equity;
	if (equity >= gauge->surface_e8)
		gauge_surface(gauge, at_ms, equity);
}

#endif
