#include "core/base/wide.h"

#include "core/base/ident.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Numbers of every length, so that each way of dividing is taken. */
static u128 random_u128(void)
{
	u128 value = (u128)random_u64() << 64 | random_u64();
	return value >> (random_u64() % 128);
}

static bool same(struct wide a, struct wide b)
{
	return wide_compare(a, b) == 0;
}

Test(wide, dividing_undoes_multiplying)
{
	for (int i = 0; i < 20000; i++) {
		u128 factor = random_u128();
		u128 divisor = random_u128();
		divisor += divisor == 0 ? 1 : 0;
		u128 rest = random_u128() % divisor;
		struct wide dividend = wide_add(wide_product(factor, divisor), wide_from(rest));

		struct wide quotient, remainder;
		wide_divide(dividend, wide_from(divisor), &quotient, &remainder);
		cr_assert(same(quotient, wide_from(factor)));
		cr_assert(same(remainder, wide_from(rest)));
	}
}

Test(wide, divisors_beyond_128_bits_divide)
{
	for (int i = 0; i < 5000; i++) {
		struct wide divisor = wide_product(random_u128() >> 1 | 1, random_u128() >> 1 | 1);
		uint64_t factor = random_u64() >> (random_u64() % 64);
		struct wide dividend = divisor;
		if (!wide_multiply(&dividend, factor))
			continue;
		struct wide rest = wide_subtract(divisor, wide_from(1));
		if (wide_compare(dividend, wide_product((u128)-1, (u128)-1)) > 0)
			continue; /* the sum below might not fit */
		if ((dividend.limbs[3] >> 62) != 0)
			continue;
		dividend = wide_add(dividend, rest);

		struct wide quotient, remainder;
		wide_divide(dividend, divisor, &quotient, &remainder);
		cr_assert(same(quotient, wide_from(factor)));
		cr_assert(same(remainder, rest));
	}
}

Test(wide, the_square_of_the_largest_half_is_known)
{
	/* (2^128 - 1)^2 = 2^256 - 2^129 + 1 */
	struct wide square = wide_product((u128)-1, (u128)-1);
	struct wide expected = {{1, 0, UINT64_MAX - 1, UINT64_MAX}};
	cr_assert(same(square, expected));
}

Test(wide, a_product_beyond_256_bits_says_so)
{
	struct wide value = {{0, 0, 0, 1ULL << 63}};
	struct wide copy = value;
	cr_expect(wide_multiply(&copy, 1));
	cr_expect(not(wide_multiply(&value, 2)));
}

Test(wide, narrowing_refuses_what_is_lost)
{
	u128 narrow = 0;
	struct wide value = wide_from((u128)-1);
	cr_expect(wide_narrow(value, &narrow));
	cr_expect(narrow == (u128)-1);
	cr_expect(not(wide_narrow(wide_add(value, wide_from(1)), &narrow)));
}

Test(wide, borrows_run_through_all_limbs)
{
	struct wide value = {{0, 0, 0, 1}};
	struct wide expected = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, 0}};
	cr_expect(same(wide_subtract(value, wide_from(1)), expected));
	cr_expect(same(wide_add(expected, wide_from(1)), value));
	cr_expect(eq(int, wide_compare(expected, value), -1));
}
