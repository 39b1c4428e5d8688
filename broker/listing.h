/*
 * listing - one symbol's rules in whole ticks, lots and 1e-8, and its standing price.
 */
#ifndef BROKER_LISTING_H
#define BROKER_LISTING_H

#include "broker/broker.h"
#include "broker/fixed.h"

/* Ticks and lots end here, the unit at 2^33: their product fits into money. */
#define LISTING_INTEGER_MAX ((int64_t)1 << 46)

struct listing_tier {
	int64_t limit;        /* money, upper bound of position value, included */
	int64_t rate;         /* maintenance, 1e-8 */
	int64_t deduction;    /* money */
	int64_t leverage_max; /* 0.01 */
};

struct listing_price {
	int64_t last, mark, bid, ask; /* ticks */
	int64_t period_ms;
	int64_t volume; /* lots */
};

struct listing {
	struct rules rules;
	struct broker_fees fees;
	int64_t unit; /* money of one tick times one lot */
	int64_t maker_rate, taker_rate;
	int64_t quantity_min, quantity_max, market_max; /* lots */
	int64_t notional_min;                           /* money */
	int64_t leverage_max;
	size_t tier_count;
	struct listing_tier tiers[RISK_TIERS_MAX];
	bool priced;
	int64_t time_ms;
	struct listing_price price;
};

/* -1 with ERR_INVALID naming the field. Leaves the price alone. */
MUST_CHECK int listing_build(const struct rules *rules, const struct broker_fees *fees,
	struct listing *listing, struct err *err);

/* Rounds as broker_price says; -1 with ERR_INVALID. */
MUST_CHECK int listing_read_price(const struct listing *listing, const struct broker_price *price,
	struct listing_price *ret, struct err *err);

struct decimal listing_price_decimal(const struct listing *listing, int64_t ticks);
struct decimal listing_quantity_decimal(const struct listing *listing, int64_t lots);

/* Exact multiples only. */
bool listing_ticks(const struct listing *listing, struct decimal price, int64_t *ret);
bool listing_lots(const struct listing *listing, struct decimal quantity, int64_t *ret);

static inline money listing_value(const struct listing *listing, int64_t lots, int64_t ticks)
{
	return (money)lots * ticks * listing->unit;
}

static inline money listing_fee(money value, int64_t rate)
{
	return fixed_half_up(value * rate, FIXED_ONE);
}

/* What a position of this value must keep: tier rate, less deduction, plus the fee to close. */
money listing_maintenance(const struct listing *listing, money value);

/* The largest position value that a leverage allows; 0 if none does. */
money listing_value_max(const struct listing *listing, int64_t leverage);

/* value / leverage, rounded up. */
money listing_initial(money value, int64_t leverage);

#endif
