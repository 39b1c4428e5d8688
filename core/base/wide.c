#include "core/base/wide.h"

#include <assert.h>

#define LIMBS 4
#define LIMB_BITS 64

struct wide wide_from(u128 value)
{
	return (struct wide){{(uint64_t)value, (uint64_t)(value >> LIMB_BITS), 0, 0}};
}

bool wide_multiply(struct wide *value, uint64_t factor)
{
	uint64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		u128 limb = (u128)value->limbs[i] * factor + carry;
		value->limbs[i] = (uint64_t)limb;
		carry = (uint64_t)(limb >> LIMB_BITS);
	}
	return carry == 0;
}

struct wide wide_product(u128 a, u128 b)
{
	/* a * (high of b * 2^64 + low of b): each part has at most 192 bits. */
	struct wide low = wide_from(a);
	struct wide high = wide_from(a);
	(void)wide_multiply(&low, (uint64_t)b);
	(void)wide_multiply(&high, (uint64_t)(b >> LIMB_BITS));

	struct wide shifted = {{0, high.limbs[0], high.limbs[1], high.limbs[2]}};
	return wide_add(low, shifted);
}

struct wide wide_add(struct wide a, struct wide b)
{
	struct wide sum;
	uint64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		u128 limb = (u128)a.limbs[i] + b.limbs[i] + carry;
		sum.limbs[i] = (uint64_t)limb;
		carry = (uint64_t)(limb >> LIMB_BITS);
	}
	assert(carry == 0);
	return sum;
}

struct wide wide_subtract(struct wide a, struct wide b)
{
	struct wide difference;
	uint64_t borrow = 0;
	for (int i = 0; i < LIMBS; i++) {
		u128 limb = (u128)a.limbs[i] - b.limbs[i] - borrow;
		difference.limbs[i] = (uint64_t)limb;
		borrow = (uint64_t)(limb >> LIMB_BITS) & 1;
	}
	assert(borrow == 0);
	return difference;
}

int wide_compare(struct wide a, struct wide b)
{
	for (int i = LIMBS - 1; i >= 0; i--) {
		if (a.limbs[i] != b.limbs[i])
			return a.limbs[i] < b.limbs[i] ? -1 : 1;
	}
	return 0;
}

bool wide_is_zero(struct wide value)
{
	return (value.limbs[0] | value.limbs[1] | value.limbs[2] | value.limbs[3]) == 0;
}

bool wide_narrow(struct wide value, u128 *ret)
{
	if ((value.limbs[2] | value.limbs[3]) != 0)
		return false;
	*ret = (u128)value.limbs[1] << LIMB_BITS | value.limbs[0];
	return true;
}

/* School division by one digit, the digits being limbs. */
static void divide_by_limb(struct wide dividend, uint64_t divisor, struct wide *ret_quotient,
	struct wide *ret_remainder)
{
	struct wide quotient;
	uint64_t remainder = 0;
	for (int i = LIMBS - 1; i >= 0; i--) {
		u128 part = (u128)remainder << LIMB_BITS | dividend.limbs[i];
		quotient.limbs[i] = (uint64_t)(part / divisor);
		remainder = (uint64_t)(part % divisor);
	}
	*ret_quotient = quotient;
	*ret_remainder = wide_from(remainder);
}

static unsigned bit_at(struct wide value, int place)
{
	return (unsigned)(value.limbs[place / LIMB_BITS] >> (place % LIMB_BITS)) & 1;
}

static int bit_length(struct wide value)
{
	for (int i = LIMBS - 1; i >= 0; i--) {
		if (value.limbs[i] != 0)
			return (i + 1) * LIMB_BITS - __builtin_clzll(value.limbs[i]);
	}
	return 0;
}

static struct wide double_plus(struct wide value, unsigned bit)
{
	struct wide result;
	result.limbs[0] = value.limbs[0] << 1 | bit;
	for (int i = 1; i < LIMBS; i++)
		result.limbs[i] = value.limbs[i] << 1 | value.limbs[i - 1] >> (LIMB_BITS - 1);
	return result;
}

/* Bit by bit. Slow (half a microsecond) and plain; only huge divisors come here. */
static void divide_by_bits(struct wide dividend, struct wide divisor, struct wide *ret_quotient,
	struct wide *ret_remainder)
{
	struct wide quotient = wide_from(0);
	struct wide remainder = wide_from(0);
	for (int place = bit_length(dividend) - 1; place >= 0; place--) {
		remainder = double_plus(remainder, bit_at(dividend, place));
		if (wide_compare(remainder, divisor) >= 0) {
			remainder = wide_subtract(remainder, divisor);
			quotient.limbs[place / LIMB_BITS] |= 1ULL << (place % LIMB_BITS);
		}
	}
	*ret_quotient = quotient;
	*ret_remainder = remainder;
}

void wide_divide(struct wide dividend, struct wide divisor, struct wide *ret_quotient,
	struct wide *ret_remainder)
{
	assert(!wide_is_zero(divisor));
	assert(bit_length(divisor) < LIMBS * LIMB_BITS);

	u128 a, b;
	if (wide_narrow(dividend, &a) && wide_narrow(divisor, &b)) {
		*ret_quotient = wide_from(a / b);
		*ret_remainder = wide_from(a % b);
	} else if (bit_length(divisor) <= LIMB_BITS) {
		divide_by_limb(dividend, divisor.limbs[0], ret_quotient, ret_remainder);
	} else {
		divide_by_bits(dividend, divisor, ret_quotient, ret_remainder);
	}
}
