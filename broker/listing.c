#include "broker/listing.h"

#include <string.h>

/* Keeps tick * lot * unit within money, see LISTING_INTEGER_MAX. */
#define UNIT_MAX ((int64_t)1 << 33)

struct field { /* one amount of the rules and where its integer goes */
	struct decimal value;
	const char *name;
	int64_t *target;
};

static int invalid(struct err *err, const struct rules *rules, const char *what)
{
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "symbol %s: %s", rules->symbol, what);
}

static int read_unit(const struct rules *rules, int64_t *ret, struct err *err)
{
	if (!decimal_is_valid(rules->tick_size) || decimal_sign(rules->tick_size) <= 0)
		return invalid(err, rules, "tick_size is not positive");
	if (!decimal_is_valid(rules->lot_size) || decimal_sign(rules->lot_size) <= 0)
		return invalid(err, rules, "lot_size is not positive");
	struct decimal product = decimal_mul(rules->tick_size, rules->lot_size);
	if (!decimal_is_valid(product) || !fixed_exact(product, FIXED_PLACES, ret) || *ret == 0 ||
		*ret > UNIT_MAX)
		return invalid(
			err, rules, "tick_size times lot_size is not a multiple of 0.00000001");
	return 0;
}

static int read_fees(const struct rules *rules, const struct broker_fees *fees,
	struct listing *listing, struct err *err)
{
	const int64_t limit = FIXED_ONE / 100;

	if (!decimal_is_valid(fees->maker) ||
		!fixed_exact(fees->maker, FIXED_PLACES, &listing->maker_rate) ||
		listing->maker_rate < -limit || listing->maker_rate > limit)
		return invalid(err, rules, "maker fee is not a fraction from -0.01 to 0.01");
	if (!decimal_is_valid(fees->taker) ||
		!fixed_exact(fees->taker, FIXED_PLACES, &listing->taker_rate) ||
		listing->taker_rate < 0 || listing->taker_rate > limit)
		return invalid(err, rules, "taker fee is not a fraction from 0 to 0.01");
	return 0;
}

static int read_sizes(const struct rules *rules, struct listing *listing, struct err *err)
{
	const struct field sizes[] = {
		{rules->min_quantity, "min_quantity", &listing->quantity_min},
		{rules->max_quantity, "max_quantity", &listing->quantity_max},
		{rules->max_market_quantity, "max_market_quantity", &listing->market_max},
	};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		if (!decimal_is_valid(sizes[i].value) ||
			!decimal_count(sizes[i].value, rules->lot_size, sizes[i].target) ||
			*sizes[i].target <= 0 || *sizes[i].target > LISTING_INTEGER_MAX)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"symbol %s: %s is not a positive multiple of lot_size",
				rules->symbol, sizes[i].name);
	}
	if (!decimal_is_valid(rules->min_notional) ||
		!fixed_exact(rules->min_notional, FIXED_PLACES, &listing->notional_min) ||
		listing->notional_min < 0)
		return invalid(err, rules, "min_notional is not an amount");
	if (!decimal_is_valid(rules->max_leverage) ||
		!fixed_exact(rules->max_leverage, FIXED_LEVERAGE_PLACES, &listing->leverage_max) ||
		listing->leverage_max < FIXED_LEVERAGE_ONE)
		return invalid(err, rules, "max_leverage is not a number of at least 1");
	return 0;
}

static int read_tier(
	const struct rules *rules, size_t index, struct listing_tier *tier, struct err *err)
{
	const struct risk_tier *from = &rules->tiers[index];
	const struct {
		const char *name;
		struct decimal value;
		int places;
		int64_t *target;
	} fields[] = {
		{"limit", from->limit, FIXED_PLACES, &tier->limit},
		{"maintenance_rate", from->maintenance_rate, FIXED_PLACES, &tier->rate},
		{"deduction", from->deduction, FIXED_PLACES, &tier->deduction},
		{"max_leverage", from->max_leverage, FIXED_LEVERAGE_PLACES, &tier->leverage_max},
	};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (!decimal_is_valid(fields[i].value) ||
			!fixed_exact(fields[i].value, fields[i].places, fields[i].target) ||
			*fields[i].target < 0)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"symbol %s: %s of risk tier %zu is out of range", rules->symbol,
				fields[i].name, index + 1);
	}
	/* With the fee to close, a rate of one half keeps every liquidation price solvable. */
	if (tier->rate > FIXED_ONE / 2 || tier->leverage_max < FIXED_LEVERAGE_ONE)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"symbol %s: rate or leverage of risk tier %zu is out of range",
			rules->symbol, index + 1);
	return 0;
}

/* The maintenance margin must be continuous: a jump would liquidate at the boundary itself. */
static bool tier_follows(const struct listing_tier *before, const struct listing_tier *tier)
{
	if (tier->limit <= before->limit || tier->rate < before->rate)
		return false;
	money step = (money)before->limit * (tier->rate - before->rate);
	return (money)(tier->deduction - before->deduction) * FIXED_ONE == step;
}

static int read_tiers(const struct rules *rules, struct listing *listing, struct err *err)
{
	if (rules->tier_count == 0 || rules->tier_count > RISK_TIERS_MAX)
		return invalid(err, rules, "there is no risk tier");
	listing->tier_count = rules->tier_count;
	for (size_t i = 0; i < rules->tier_count; i++) {
		if (read_tier(rules, i, &listing->tiers[i], err) == -1)
			return -1;
		bool fits = i == 0 ? listing->tiers[0].deduction == 0
				   : tier_follows(&listing->tiers[i - 1], &listing->tiers[i]);
		if (!fits)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"symbol %s: risk tier %zu does not continue the one before",
				rules->symbol, i + 1);
	}
	return 0;
}

int listing_build(const struct rules *rules, const struct broker_fees *fees,
	struct listing *listing, struct err *err)
{
	if (rules->symbol[0] == '\0' || memchr(rules->symbol, '\0', SYMBOL_SIZE) == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "symbol has no name");
	if (read_unit(rules, &listing->unit, err) == -1 ||
		read_fees(rules, fees, listing, err) == -1 ||
		read_sizes(rules, listing, err) == -1 || read_tiers(rules, listing, err) == -1)
		return -1;
	listing->rules = *rules;
	listing->fees = *fees;
	return 0;
}

struct steps { /* value = whole * step + rest, of a positive value */
	int64_t whole;
	int half;   /* the rest against half a step: -1 below, 0 equal, 1 above */
	bool exact; /* no rest */
};

static bool small(struct decimal value)
{
	return value.coefficient >= 0 && value.coefficient <= INT64_MAX;
}

/*
 * How often step fits into value. Market data comes by the million, so the common case is done
 * in 128 bits here; false sends the caller to decimal's own division.
 */
static bool count_steps(struct decimal value, struct decimal step, struct steps *ret)
{
	static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
		100000000, 1000000000, 10000000000};
	if (!small(value) || !small(step))
		return false;
	int apart = step.scale - value.scale;
	if (apart > 10 || apart < -10)
		return false;
	__int128 dividend = apart > 0 ? value.coefficient * powers[apart] : value.coefficient;
	__int128 divisor = apart < 0 ? step.coefficient * powers[-apart] : step.coefficient;
	__int128 whole, rest;
	if (dividend <= INT64_MAX && divisor <= INT64_MAX) { /* one instruction, not a call */
		whole = (int64_t)dividend / (int64_t)divisor;
		rest = (int64_t)dividend % (int64_t)divisor;
	} else {
		whole = dividend / divisor;
		rest = dividend % divisor;
	}
	if (whole >= INT64_MAX)
		return false;
	__int128 twice = rest * 2;
	*ret = (struct steps){(int64_t)whole, (twice > divisor) - (twice < divisor), rest == 0};
	return true;
}

/* The nearest tick in the direction of rounding; false if there is none or it is not positive. */
static bool near_tick(
	const struct listing *listing, struct decimal price, enum rounding rounding, int64_t *ret)
{
	struct steps steps;
	if (!decimal_is_valid(price) || decimal_sign(price) <= 0)
		return false;
	if (!count_steps(price, listing->rules.tick_size, &steps)) {
		struct decimal near = decimal_to_step(price, listing->rules.tick_size, rounding);
		return decimal_is_valid(near) && decimal_count(near, listing->rules.tick_size, ret);
	}
	bool above = (rounding == ROUND_CEILING && !steps.exact) ||
		     (rounding == ROUND_HALF_UP && steps.half >= 0);
	*ret = steps.whole + above;
	return true;
}

static bool read_volume(const struct listing *listing, struct decimal volume, int64_t *ret)
{
	struct steps steps;
	if (!decimal_is_valid(volume) || decimal_sign(volume) < 0)
		return false;
	if (count_steps(volume, listing->rules.lot_size, &steps)) {
		*ret = steps.whole;
		return true;
	}
	struct decimal lots = decimal_div(volume, listing->rules.lot_size, 0, ROUND_DOWN);
	return decimal_is_valid(lots) && decimal_to_fixed(lots, 0, ROUND_DOWN, ret);
}

int listing_read_price(const struct listing *listing, const struct broker_price *price,
	struct listing_price *ret, struct err *err)
{
	const struct {
		const char *name;
		struct decimal value;
		enum rounding rounding;
		int64_t *target;
	} prices[] = {
		{"last", price->last, ROUND_HALF_UP, &ret->last},
		{"mark", price->mark, ROUND_HALF_UP, &ret->mark},
		{"bid", price->bid, ROUND_FLOOR, &ret->bid},
		{"ask", price->ask, ROUND_CEILING, &ret->ask},
	};
	for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
		if (!near_tick(listing, prices[i].value, prices[i].rounding, prices[i].target) ||
			*prices[i].target <= 0 || *prices[i].target > LISTING_INTEGER_MAX)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"%s price of %s is out of range", prices[i].name,
				listing->rules.symbol);
	}
	if (!read_volume(listing, price->volume, &ret->volume))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "volume of %s is out of range",
			listing->rules.symbol);
	ret->period_ms = price->period_ms;
	return 0;
}

struct decimal listing_price_decimal(const struct listing *listing, int64_t ticks)
{
	return decimal_mul(decimal_from_int(ticks), listing->rules.tick_size);
}

struct decimal listing_quantity_decimal(const struct listing *listing, int64_t lots)
{
	return decimal_mul(decimal_from_int(lots), listing->rules.lot_size);
}

bool listing_ticks(const struct listing *listing, struct decimal price, int64_t *ret)
{
	return decimal_is_valid(price) && decimal_count(price, listing->rules.tick_size, ret);
}

bool listing_lots(const struct listing *listing, struct decimal quantity, int64_t *ret)
{
	return decimal_is_valid(quantity) && decimal_count(quantity, listing->rules.lot_size, ret);
}

money listing_maintenance(const struct listing *listing, money value)
{
	size_t i = 0;
	while (i + 1 < listing->tier_count && value > listing->tiers[i].limit)
		i++;
	const struct listing_tier *tier = &listing->tiers[i];
	return fixed_ceiling(value * (tier->rate + listing->taker_rate), FIXED_ONE) -
	       tier->deduction;
}

money listing_value_max(const struct listing *listing, int64_t leverage)
{
	money limit = 0;
	for (size_t i = 0; i < listing->tier_count; i++)
		if (listing->tiers[i].leverage_max >= leverage)
			limit = listing->tiers[i].limit;
	return limit;
}

money listing_initial(money value, int64_t leverage)
{
	return fixed_ceiling(value * FIXED_LEVERAGE_ONE, leverage);
}
