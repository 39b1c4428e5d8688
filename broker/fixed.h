/*
 * fixed - money and ratios as integers, inside the broker.
 *
 * Money counts 1e-8 USDT, a ratio 1e-8, a leverage 0.01. 128 bits leave room for the product of
 * an amount, a price and a rate: an amount ends at 10^10 USDT (10^18 units), so no sum or product
 * here comes near 10^38.
 */
#ifndef BROKER_FIXED_H
#define BROKER_FIXED_H

#include "core/base/decimal.h"

#include <assert.h>
#include <stdint.h>

typedef __int128 money;

#define FIXED_PLACES 8
#define FIXED_ONE ((int64_t)100000000)
#define FIXED_LEVERAGE_PLACES 2
#define FIXED_LEVERAGE_ONE 100
#define FIXED_RATE_PLACES 12 /* funding rates come with more digits than fees */
#define FIXED_RATE_ONE ((int64_t)1000000000000)
#define FIXED_AMOUNT_MAX ((money)1000000000000000000) /* 10^10 USDT */

/* dividend / divisor, ties away from zero; divisor > 0. */
static inline money fixed_half_up(money dividend, money divisor)
{
	assert(divisor > 0);
	money half = divisor / 2;
	/* An odd divisor has no ties; an even one has them exactly at half. */
	return dividend >= 0 ? (dividend + half) / divisor : -((-dividend + half) / divisor);
}

static inline money fixed_floor(money dividend, money divisor)
{
	assert(divisor > 0);
	money quotient = dividend / divisor;
	return dividend % divisor < 0 ? quotient - 1 : quotient;
}

static inline money fixed_ceiling(money dividend, money divisor)
{
	assert(divisor > 0);
	money quotient = dividend / divisor;
	return dividend % divisor > 0 ? quotient + 1 : quotient;
}

static inline struct decimal fixed_money(money amount)
{
	return decimal_scaled(amount, FIXED_PLACES);
}

/* True and the integer if value is a whole number of 10^-places. */
static inline bool fixed_exact(struct decimal value, int places, int64_t *ret)
{
	int64_t whole;
	if (!decimal_to_fixed(value, places, ROUND_DOWN, &whole))
		return false;
	if (!decimal_equal(decimal_scaled(whole, places), value))
		return false;
	*ret = whole;
	return true;
}

#endif
