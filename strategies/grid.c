#include "strategies/grid.h"

#include <assert.h>

#define STEP_DIGITS_MAX 1000000000000LL /* the largest coefficient of a step */
#define I128_MAX ((i128)(~(unsigned __int128)0 >> 1))

static const int64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
	1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000};

/* coefficient / 10^scale, times 10^8 if wanted. */
static struct ratio ratio_of(i128 coefficient, int scale)
{
	struct ratio ratio = {coefficient, 1};

	if (scale <= 0) {
		ratio.over *= tens[-scale];
		return ratio;
	}
	while (scale > 18) {
		ratio.under *= tens[18];
		scale -= 18;
	}
	ratio.under *= tens[scale];
	return ratio;
}

static bool is_step(struct decimal step)
{
	return decimal_is_valid(step) && step.coefficient > 0 &&
	       step.coefficient <= STEP_DIGITS_MAX;
}

bool grid_init(struct grid *grid, const struct strategy_rules *rules)
{
	struct decimal tick = rules->tick_size;
	struct decimal lot = rules->lot_size;

	if (!is_step(tick) || !is_step(lot))
		return false;
	grid->overflow = false;
	grid->value = ratio_of(tick.coefficient * lot.coefficient, tick.scale + lot.scale - 8);
	grid->price = ratio_of(tick.coefficient, tick.scale - 8);
	grid->lot = ratio_of(lot.coefficient, lot.scale);
	return true;
}

static bool is_narrow(i128 value)
{
	return value == (int64_t)value;
}

static i128 too_large(struct grid *grid)
{
	grid->overflow = true;
	return 0;
}

i128 grid_product(struct grid *grid, i128 a, i128 b)
{
	/* The common case needs no division to know. */
	if (is_narrow(a) && is_narrow(b))
		return a * b;

	i128 large = a < 0 ? -a : a;
	i128 factor = b < 0 ? -b : b;
	if (factor != 0 && large > I128_MAX / factor)
		return too_large(grid);
	return a * b;
}

/* 64 bits divide several times faster than 128. */
static i128 quotient(i128 dividend, i128 divisor)
{
	if (is_narrow(dividend) && is_narrow(divisor))
		return (int64_t)dividend / (int64_t)divisor;
	return dividend / divisor;
}

static i128 floor_of(i128 dividend, i128 divisor)
{
	assert(divisor > 0);
	if (divisor == 1)
		return dividend;

	i128 whole = quotient(dividend, divisor);
	return dividend < 0 && whole * divisor != dividend ? whole - 1 : whole;
}

static i128 ceiling_of(i128 dividend, i128 divisor)
{
	return -floor_of(-dividend, divisor);
}

i128 grid_floor(struct grid *grid, i128 a, i128 b, i128 c)
{
	return floor_of(grid_product(grid, a, b), c);
}

i128 grid_ceiling(struct grid *grid, i128 a, i128 b, i128 c)
{
	return ceiling_of(grid_product(grid, a, b), c);
}

int64_t grid_narrow(struct grid *grid, i128 value)
{
	return is_narrow(value) ? (int64_t)value : (int64_t)too_large(grid);
}

i128 grid_value_floor(struct grid *grid, i128 lots, i128 ticks)
{
	return grid_floor(
		grid, grid_product(grid, lots, ticks), grid->value.over, grid->value.under);
}

i128 grid_value_ceiling(struct grid *grid, i128 lots, i128 ticks)
{
	return grid_ceiling(
		grid, grid_product(grid, lots, ticks), grid->value.over, grid->value.under);
}

/* value_e8 / (each x value of one lot at one tick) */
static i128 share_floor(struct grid *grid, i128 value_e8, i128 each)
{
	i128 divisor = grid_product(grid, each, grid->value.over);

	return divisor <= 0 ? too_large(grid)
			    : grid_floor(grid, value_e8, grid->value.under, divisor);
}

i128 grid_ticks_floor(struct grid *grid, i128 value_e8, i128 lots)
{
	return share_floor(grid, value_e8, lots);
}

i128 grid_ticks_ceiling(struct grid *grid, i128 value_e8, i128 lots)
{
	return -share_floor(grid, -value_e8, lots);
}

i128 grid_lots_floor(struct grid *grid, i128 value_e8, i128 ticks)
{
	return share_floor(grid, value_e8, ticks);
}

i128 grid_cost(struct grid *grid, i128 lots, i128 average_e8)
{
	return grid_floor(
		grid, grid_product(grid, lots, average_e8), grid->lot.over, grid->lot.under);
}

i128 grid_average(struct grid *grid, i128 cost_e8, i128 lots)
{
	i128 divisor = grid_product(grid, lots, grid->lot.over);
	i128 dividend = grid_product(grid, 2, grid_product(grid, cost_e8, grid->lot.under));
	i128 twice = grid_product(grid, 2, divisor);

	if (divisor <= 0 || twice <= 0 || __builtin_add_overflow(dividend, divisor, &dividend))
		return too_large(grid);
	return floor_of(dividend, twice);
}
