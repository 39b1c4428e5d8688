/*
 * units - from market nouns to the integers of one decision, and back.
 *
 * Every conversion is checked: an amount that is not on a tick or lot, or does not fit, is an
 * error that names the field. Prices that must be on the grid (bid, ask) are refused off it;
 * those that need not be (last, mark) are rounded half up. Minimums are rounded up, maximums down.
 */
#ifndef STRATEGIES_UNITS_H
#define STRATEGIES_UNITS_H

#include "strategies/strategy.h"

/* What fees are taken for where the venue's are not known. */
#define UNITS_MAKER_FEE_PPM 200
#define UNITS_TAKER_FEE_PPM 600

MUST_CHECK int units_rules(const struct rules *rules, struct decimal position_value,
	struct strategy_rules *ret, struct err *err);
MUST_CHECK int units_ticker(const struct ticker *ticker, const struct strategy_rules *rules,
	int64_t age_ms, struct strategy_ticker *ret, struct err *err);
MUST_CHECK int units_leg(const struct position *position, const struct strategy_rules *rules,
	struct strategy_leg *ret, struct err *err);
MUST_CHECK int units_money(
	struct decimal amount, const char *field, int64_t *ret_e8, struct err *err);
MUST_CHECK int units_price(struct decimal price, const struct strategy_rules *rules,
	const char *field, enum rounding rounding, int64_t *ret_ticks, struct err *err);
MUST_CHECK int units_lots(struct decimal quantity, const struct strategy_rules *rules,
	const char *field, int64_t *ret_lots, struct err *err);

struct decimal units_price_of(int64_t ticks, const struct strategy_rules *rules);
struct decimal units_quantity_of(int64_t lots, const struct strategy_rules *rules);

#endif
