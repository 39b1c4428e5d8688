/*
 * rational - exact fractions of 128 bits, for the second model of the rule.
 *
 * Shares nothing with the code under test. Always reduced, denominator above zero; an overflow
 * ends the test, so that a wrong answer is never taken for a difference.
 */
#ifndef TESTS_STRATEGIES_RATIONAL_H
#define TESTS_STRATEGIES_RATIONAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct rational {
	__int128 over, under;
};

static inline __int128 rational_product(__int128 a, __int128 b)
{
	__int128 product;

	if (__builtin_mul_overflow(a, b, &product))
		abort();
	return product;
}

static inline struct rational rational_of(__int128 over, __int128 under)
{
	__int128 a = over < 0 ? -over : over;
	__int128 b = under < 0 ? -under : under;

	while (b != 0) {
		__int128 rest = a % b;
		a = b;
		b = rest;
	}
	if (under < 0)
		a = -a;
	return (struct rational){over / a, under / a};
}

static inline struct rational rational_mul(struct rational a, struct rational b)
{
	/* Crosswise first, so that the products stay small. */
	struct rational x = rational_of(a.over, b.under);
	struct rational y = rational_of(b.over, a.under);

	return rational_of(rational_product(x.over, y.over), rational_product(x.under, y.under));
}

static inline struct rational rational_div(struct rational a, struct rational b)
{
	return rational_mul(a, b.over < 0 ? (struct rational){-b.under, -b.over}
					  : (struct rational){b.under, b.over});
}

static inline struct rational rational_neg(struct rational a)
{
	return (struct rational){-a.over, a.under};
}

static inline struct rational rational_add(struct rational a, struct rational b)
{
	__int128 left = rational_product(a.over, b.under);
	__int128 right = rational_product(b.over, a.under);

	return rational_of(left + right, rational_product(a.under, b.under));
}

static inline struct rational rational_sub(struct rational a, struct rational b)
{
	return rational_add(a, rational_neg(b));
}

static inline bool rational_less(struct rational a, struct rational b)
{
	return rational_sub(a, b).over < 0;
}

static inline __int128 rational_floor(struct rational a)
{
	__int128 whole = a.over / a.under;

	return a.over % a.under < 0 ? whole - 1 : whole;
}

/* To places digits, ties to the even digit, as round() of Python's Decimal. */
static inline struct rational rational_round(struct rational a, int places)
{
	__int128 unit = 1;

	while (places-- > 0)
		unit *= 10;
	struct rational scaled = rational_mul(a, rational_of(unit, 1));
	__int128 below = rational_floor(scaled);
	struct rational rest = rational_sub(scaled, rational_of(below, 1));
	struct rational half = rational_of(1, 2);
	bool up = rational_less(half, rest) || (!rational_less(rest, half) && below % 2 != 0);

	return rational_of(below + (up ? 1 : 0), unit);
}

#endif
