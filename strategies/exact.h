/*
 * exact - a product over a product, floored once.
 *
 * Order sizes are fractions of five and more factors, and the last lot hangs on the last digit
 * (0.048 x 2/3 is 0.032 lots' worth; binary floating point makes 0.031 of it). So the factors are
 * collected on both sides in 256 bits and divided at the end. Factors are not negative: signs are
 * the caller's. A side that does not fit is remembered, and exact_floor then says so.
 */
#ifndef STRATEGIES_EXACT_H
#define STRATEGIES_EXACT_H

#include "core/base/wide.h"

#include <stdbool.h>
#include <stdint.h>

struct exact {
	struct wide over, under;
	bool fits;
};

/* start / 1. */
struct exact exact_from(unsigned __int128 start);

/* One more factor above or below the line; must not be negative, below the line not zero. */
void exact_times(struct exact *exact, int64_t factor);
void exact_by(struct exact *exact, int64_t divisor);

/* The whole part; false if a side or the result does not fit. */
bool exact_floor(const struct exact *exact, int64_t *ret);

#endif
