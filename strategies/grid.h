/*
 * grid - values of prices and quantities that stand on a symbol's ticks and lots.
 *
 * Exact: a value is a product over a product of integers and is rounded once, in the direction
 * that the caller names. What does not fit is remembered (overflow) and gives 0, so that a formula
 * is written as a formula and asked once at its end.
 */
#ifndef STRATEGIES_GRID_H
#define STRATEGIES_GRID_H

#include "strategies/strategy.h"

typedef __int128 i128;

struct ratio {
	i128 over, under; /* both above zero */
};

struct grid {
	struct ratio value; /* e8 of one lot at a price of one tick */
	struct ratio price; /* e8 of one tick */
	struct ratio lot;   /* base coin in one lot */
	bool overflow;
};

/* False if a step is not above zero or has too many digits. */
bool grid_init(struct grid *grid, const struct strategy_rules *rules);

/* a * b, and a * b / c (c above zero). */
i128 grid_product(struct grid *grid, i128 a, i128 b);
i128 grid_floor(struct grid *grid, i128 a, i128 b, i128 c);
i128 grid_ceiling(struct grid *grid, i128 a, i128 b, i128 c);

/* Narrowed to 64 bits. */
int64_t grid_narrow(struct grid *grid, i128 value);

/* Lots at a price, in e8. */
i128 grid_value_floor(struct grid *grid, i128 lots, i128 ticks);
i128 grid_value_ceiling(struct grid *grid, i128 lots, i128 ticks);

/* The price, in ticks, at which lots (above zero) are worth value_e8. */
i128 grid_ticks_floor(struct grid *grid, i128 value_e8, i128 lots);
i128 grid_ticks_ceiling(struct grid *grid, i128 value_e8, i128 lots);

/* The lots that value_e8 (not negative) buys at a price above zero. */
i128 grid_lots_floor(struct grid *grid, i128 value_e8, i128 ticks);

/* Lots at an average price in e8: what was paid for them. */
i128 grid_cost(struct grid *grid, i128 lots, i128 average_e8);
/* The average of what was paid, rounded half up. */
i128 grid_average(struct grid *grid, i128 cost_e8, i128 lots);

#endif
