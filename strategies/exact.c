#include "strategies/exact.h"

#include <assert.h>

struct exact exact_from(unsigned __int128 start)
{
	return (struct exact){
		.over = wide_from(start),
		.under = wide_from(1),
		.fits = true,
	};
}

void exact_times(struct exact *exact, int64_t factor)
{
	assert(factor >= 0);
	if (exact->fits)
		exact->fits = wide_multiply(&exact->over, (uint64_t)factor);
}

void exact_by(struct exact *exact, int64_t divisor)
{
	assert(divisor > 0);
	if (exact->fits)
		exact->fits = wide_multiply(&exact->under, (uint64_t)divisor);
}

bool exact_floor(const struct exact *exact, int64_t *ret)
{
	struct wide quotient, rest;
	unsigned __int128 narrow = 0;

	/* The divider wants the divisor's top bit free. */
	if (!exact->fits || exact->under.limbs[3] >> 63 != 0)
		return false;
	wide_divide(exact->over, exact->under, &quotient, &rest);
	if (!wide_narrow(quotient, &narrow) || narrow > (unsigned __int128)INT64_MAX)
		return false;
	*ret = (int64_t)narrow;
	return true;
}
