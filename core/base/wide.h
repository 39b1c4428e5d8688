/*
 * wide - unsigned integers of 256 bits, for the products and quotients inside decimal.
 *
 * Plain values. Only what decimal needs, and no wrapping: what could overflow says so.
 */
#ifndef CORE_BASE_WIDE_H
#define CORE_BASE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 u128;

struct wide {
	uint64_t limbs[4]; /* the least significant first */
};

struct wide wide_from(u128 value);

/* a * b, which always fits. */
struct wide wide_product(u128 a, u128 b);

/* False, and *value is unusable, if the product does not fit. */
bool wide_multiply(struct wide *value, uint64_t factor);

/* The caller knows that the sum fits. */
struct wide wide_add(struct wide a, struct wide b);

/* a - b; a must not be less than b. */
struct wide wide_subtract(struct wide a, struct wide b);

/* -1, 0, 1. */
int wide_compare(struct wide a, struct wide b);
bool wide_is_zero(struct wide value);

/* The divisor is above zero and below 2^255. */
void wide_divide(struct wide dividend, struct wide divisor, struct wide *ret_quotient,
	struct wide *ret_remainder);

/* False if value is 2^128 or more. */
bool wide_narrow(struct wide value, u128 *ret);

#endif
