/*
 * martingale_view - what one decision of our own rule looks at, made once.
 *
 * Amounts are in the units of strategy.h, in 128 bits where they are sums or products. "Away" is
 * the direction in which the position loses: down for a long, up for a short; the rule is written
 * once, for both, in terms of it.
 */
#ifndef STRATEGIES_MARTINGALE_VIEW_H
#define STRATEGIES_MARTINGALE_VIEW_H

#include "strategies/grid.h"
#include "strategies/martingale_params.h"
#include "strategies/martingale_state.h"
#include "strategies/output.h"
#include "strategies/text.h"

struct martingale_view {
	const struct strategy_input *input;
	const struct martingale_params *params;
	struct martingale_state *state; /* the new one */
	struct strategy_output *output;
	struct grid grid;

	bool is_long, held;
	bool priced;       /* bid, ask and mark are there; their age is a gate's matter */
	bool is_cross;     /* margin mode as the venue tells it, else as wanted */
	int64_t own_ticks; /* the side of the book where entries rest and profit is judged */
	int64_t exit_ticks;
	int64_t mark_ticks;
	int64_t balance_e8; /* what sizes and caps are measured against */
	int64_t leverage_ppm;

	/* Of the leg; 0 when flat. */
	int64_t lots;
	i128 cost_e8, value_e8; /* at the average, at mark (at the average without one) */
	i128 unrealised_e8, margin_e8, maintenance_e8;
	i128 resting_e8; /* our entries that rest, at their prices */
};

/* What makes an input one that cannot be decided on; NULL if nothing does. */
const char *martingale_view_fault(const struct strategy_input *input);

/* Fills in a view of an input without faults; keeps the pointers. False: beyond the range. */
bool martingale_view_init(struct martingale_view *view, const struct strategy_input *input,
	struct martingale_state *state, struct strategy_output *output);

/* The maintenance margin of a position of that value, by the venue's tiers. */
i128 martingale_view_maintenance(struct martingale_view *view, i128 value_e8);

/* What stands behind the position: its margin, of a cross account what no other position binds;
 * with the profit or loss at mark. */
i128 martingale_view_cushion(const struct martingale_view *view);

/* a is further away than b, or as far: lower for a long, higher for a short. */
static inline bool martingale_away(const struct martingale_view *view, int64_t a, int64_t b)
{
	return view->is_long ? a <= b : a >= b;
}

/* Of two prices the one that is further away. */
static inline int64_t martingale_further(const struct martingale_view *view, int64_t a, int64_t b)
{
	return martingale_away(view, a, b) ? a : b;
}

static inline int64_t martingale_nearer(const struct martingale_view *view, int64_t a, int64_t b)
{
	return martingale_away(view, a, b) ? b : a;
}

/* A gate and what it said; texts are made only where somebody reads them. Gives passed. */
#define MARTINGALE_GATE(view, gate, passed, ...)                                                   \
	((view)->output->quiet ? (passed)                                                          \
			       : output_reason((view)->output, gate, passed, __VA_ARGS__))

#endif
