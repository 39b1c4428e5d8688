#include "strategies/units.h"

#include <stdio.h>

/* Reads value as a count of step; off the grid or too large is an error that names the field. */
static int count_exact(struct decimal value, struct decimal step, const char *field,
	const char *step_name, int64_t *ret, struct err *err)
{
	if (decimal_check(value, field, err) == -1)
		return -1;
	if (!decimal_count(value, step, ret))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: %s is not a multiple of the %s %s", field,
			DECIMAL_TEXT(decimal_trim(value)), step_name,
			DECIMAL_TEXT(decimal_trim(step)));
	return 0;
}

static int count_rounded(struct decimal value, struct decimal step, enum rounding rounding,
	const char *field, int64_t *ret, struct err *err)
{
	if (decimal_check(value, field, err) == -1)
		return -1;

	struct decimal on_grid = decimal_to_step(value, step, rounding);
	if (!decimal_is_valid(on_grid) || !decimal_count(on_grid, step, ret))
		return err_set(err, ERR_OVERFLOW, ERR_RETRY_NEVER,
			"%s: %s is beyond the range of a decision", field, DECIMAL_TEXT(value));
	return 0;
}

static int fixed(struct decimal value, int places, enum rounding rounding, const char *field,
	int64_t *ret, struct err *err)
{
	if (decimal_check(value, field, err) == -1)
		return -1;
	if (!decimal_to_fixed(value, places, rounding, ret))
		return err_set(err, ERR_OVERFLOW, ERR_RETRY_NEVER,
			"%s: %s is beyond the range of a decision", field, DECIMAL_TEXT(value));
	return 0;
}

static int above_zero(struct decimal value, const char *field, struct err *err)
{
	if (decimal_check(value, field, err) == -1)
		return -1;
	if (decimal_sign(value) <= 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: must be above zero, is %s",
			field, DECIMAL_TEXT(value));
	return 0;
}

static int tier_of(
	const struct risk_tier *tier, size_t index, struct strategy_tier *ret, struct err *err)
{
	char field[32];

	(void)snprintf(field, sizeof field, "tiers[%zu]", index);
	if (fixed(tier->limit, 8, ROUND_FLOOR, field, &ret->limit_e8, err) == -1 ||
		fixed(tier->maintenance_rate, 6, ROUND_CEILING, field, &ret->maintenance_ppm,
			err) == -1 ||
		fixed(tier->deduction, 8, ROUND_FLOOR, field, &ret->deduction_e8, err) == -1 ||
		fixed(tier->max_leverage, 6, ROUND_FLOOR, field, &ret->max_leverage_ppm, err) == -1)
		return -1;
	return 0;
}

static int fees_of(const struct rules *rules, struct strategy_rules *ret, struct err *err)
{
	ret->maker_fee_ppm = UNITS_MAKER_FEE_PPM;
	ret->taker_fee_ppm = UNITS_TAKER_FEE_PPM;
	if (!rules->fees_known)
		return 0;
	if (fixed(rules->maker_fee, 6, ROUND_CEILING, "maker_fee", &ret->maker_fee_ppm, err) ==
			-1 ||
		fixed(rules->taker_fee, 6, ROUND_CEILING, "taker_fee", &ret->taker_fee_ppm, err) ==
			-1)
		return -1;
	return 0;
}

int units_rules(const struct rules *rules, struct decimal position_value,
	struct strategy_rules *ret, struct err *err)
{
	struct strategy_rules made = {.trading = rules->trading};

	if (above_zero(rules->tick_size, "tick_size", err) == -1 ||
		above_zero(rules->lot_size, "lot_size", err) == -1 ||
		above_zero(rules->max_quantity, "max_quantity", err) == -1 ||
		above_zero(rules->max_market_quantity, "max_market_quantity", err) == -1 ||
		decimal_check(position_value, "value of the position", err) == -1)
		return -1;
	made.tick_size = decimal_trim(rules->tick_size);
	made.lot_size = decimal_trim(rules->lot_size);

	if (count_rounded(rules->min_quantity, made.lot_size, ROUND_CEILING, "min_quantity",
		    &made.min_lots, err) == -1 ||
		count_rounded(rules->max_quantity, made.lot_size, ROUND_FLOOR, "max_quantity",
			&made.max_lots, err) == -1 ||
		count_rounded(rules->max_market_quantity, made.lot_size, ROUND_FLOOR,
			"max_market_quantity", &made.max_market_lots, err) == -1 ||
		fixed(rules->min_notional, 8, ROUND_CEILING, "min_notional", &made.min_notional_e8,
			err) == -1)
		return -1;
	if (rules->tier_count > 0 &&
		fixed(rules_tier(rules, position_value)->maintenance_rate, 6, ROUND_CEILING,
			"maintenance_rate", &made.maintenance_ppm, err) == -1)
		return -1;
	for (size_t i = 0; i < rules->tier_count; i++)
		if (tier_of(&rules->tiers[i], i, &made.tiers[i], err) == -1)
			return -1;
	made.tier_count = rules->tier_count;
	if (fees_of(rules, &made, err) == -1)
		return -1;
	if (made.min_lots < 1)
		made.min_lots = 1;
	if (made.max_lots < made.min_lots || made.max_market_lots < made.min_lots)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "max_quantity: lies below min_quantity");

	*ret = made;
	return 0;
}

int units_ticker(const struct ticker *ticker, const struct strategy_rules *rules, int64_t age_ms,
	struct strategy_ticker *ret, struct err *err)
{
	struct strategy_ticker made = {
		.next_funding_ms = ticker->next_funding_ms,
		.age_ms = age_ms,
	};

	if (count_exact(ticker->bid, rules->tick_size, "bid", "tick size", &made.bid_ticks, err) ==
			-1 ||
		count_exact(ticker->ask, rules->tick_size, "ask", "tick size", &made.ask_ticks,
			err) == -1 ||
		units_price(ticker->last, rules, "last", ROUND_HALF_UP, &made.last_ticks, err) ==
			-1 ||
		units_price(ticker->mark, rules, "mark", ROUND_HALF_UP, &made.mark_ticks, err) ==
			-1 ||
		fixed(ticker->funding_rate, 6, ROUND_HALF_UP, "funding_rate", &made.funding_ppm,
			err) == -1)
		return -1;

	*ret = made;
	return 0;
}

int units_leg(const struct position *position, const struct strategy_rules *rules,
	struct strategy_leg *ret, struct err *err)
{
	struct strategy_leg made = {0};

	if (units_lots(position->quantity, rules, "quantity of the position", &made.lots, err) ==
			-1 ||
		units_money(position->average, "average of the position", &made.average_e8, err) ==
			-1 ||
		units_money(position->initial_margin, "initial_margin", &made.margin_e8, err) ==
			-1 ||
		units_money(position->maintenance_margin, "maintenance_margin",
			&made.maintenance_e8, err) == -1 ||
		units_money(position->unrealised, "unrealised", &made.unrealised_e8, err) == -1 ||
		fixed(position->leverage, 6, ROUND_HALF_UP, "leverage", &made.leverage_ppm, err) ==
			-1)
		return -1;
	if (position->liquidation_known &&
		units_price(position->liquidation, rules, "liquidation", ROUND_HALF_UP,
			&made.liquidation_ticks, err) == -1)
		return -1;

	*ret = made;
	return 0;
}

int units_money(struct decimal amount, const char *field, int64_t *ret_e8, struct err *err)
{
	return fixed(amount, 8, ROUND_HALF_UP, field, ret_e8, err);
}

int units_price(struct decimal price, const struct strategy_rules *rules, const char *field,
	enum rounding rounding, int64_t *ret_ticks, struct err *err)
{
	return count_rounded(price, rules->tick_size, rounding, field, ret_ticks, err);
}

int units_lots(struct decimal quantity, const struct strategy_rules *rules, const char *field,
	int64_t *ret_lots, struct err *err)
{
	return count_exact(quantity, rules->lot_size, field, "lot size", ret_lots, err);
}

struct decimal units_price_of(int64_t ticks, const struct strategy_rules *rules)
{
	return decimal_mul(decimal_from_int(ticks), rules->tick_size);
}

struct decimal units_quantity_of(int64_t lots, const struct strategy_rules *rules)
{
	return decimal_mul(decimal_from_int(lots), rules->lot_size);
}
