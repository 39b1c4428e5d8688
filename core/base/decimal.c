#include "core/base/decimal.h"

#include "core/base/wide.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define INVALID ((struct decimal){0, -1})

static const uint64_t powers[DECIMAL_SCALE_MAX + 1] = {1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL,
	100000ULL, 1000000ULL, 10000000ULL, 100000000ULL, 1000000000ULL, 10000000000ULL,
	100000000000ULL, 1000000000000ULL, 10000000000000ULL, 100000000000000ULL,
	1000000000000000ULL, 10000000000000000ULL, 100000000000000000ULL, 1000000000000000000ULL};

#define COEFFICIENT_MAX ((u128)-1 >> 1)

static bool scale_fits(int scale)
{
	return scale >= 0 && scale <= DECIMAL_SCALE_MAX;
}

static u128 magnitude_of(__int128 coefficient)
{
	return coefficient < 0 ? -(u128)coefficient : (u128)coefficient;
}

/* The one place where a magnitude becomes a value again, or is found not to fit. */
static struct decimal from_magnitude(bool negative, u128 magnitude, int scale)
{
	if (magnitude > COEFFICIENT_MAX + (negative ? 1 : 0))
		return INVALID;
	return (struct decimal){(__int128)(negative ? -magnitude : magnitude), scale};
}

static struct decimal from_wide(bool negative, struct wide magnitude, int scale)
{
	u128 narrow;
	return wide_narrow(magnitude, &narrow) ? from_magnitude(negative, narrow, scale) : INVALID;
}

bool decimal_is_valid(struct decimal value)
{
	return scale_fits(value.scale);
}

static bool both_valid(struct decimal a, struct decimal b)
{
	return decimal_is_valid(a) && decimal_is_valid(b);
}

int decimal_check(struct decimal value, const char *what, struct err *err)
{
	if (decimal_is_valid(value))
		return 0;
	return err_set(
		err, ERR_OVERFLOW, ERR_RETRY_NEVER, "%s is beyond the range of amounts", what);
}

static void must_be_valid(struct decimal value)
{
	if (!decimal_is_valid(value))
		die("an amount beyond the range of amounts was used unchecked");
}

/* Making values. */

struct decimal decimal_from_int(int64_t value)
{
	return (struct decimal){value, 0};
}

struct decimal decimal_scaled(__int128 value, int scale)
{
	assert(scale_fits(scale));
	return (struct decimal){value, scale};
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static bool has_form(const char *text)
{
	if (*text == '-' || *text == '+')
		text++;
	if (!is_digit(*text))
		return false;
	while (is_digit(*text))
		text++;
	if (*text == '\0')
		return true;
	if (*text++ != '.' || !is_digit(*text))
		return false;
	while (is_digit(*text))
		text++;
	return *text == '\0';
}

/* Text from outside in a message: short, and only what a row and a log line can hold. */
#define QUOTE_LENGTH 40

static const char *quote(const char *text, char ret_quote[QUOTE_LENGTH + 1])
{
	size_t length = strnlen(text, QUOTE_LENGTH);
	for (size_t i = 0; i < length; i++)
		ret_quote[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	ret_quote[length] = '\0';
	return ret_quote;
}

static int refuse(const char *text, enum err_code code, const char *why, struct err *err)
{
	char quoted[QUOTE_LENGTH + 1];
	return err_set(err, code, ERR_RETRY_NEVER, "\"%s\" %s", quote(text, quoted), why);
}

/* False if ten times more does not fit; a coefficient is at most 2^127, so nothing wraps here. */
static bool append_digit(u128 *magnitude, char digit)
{
	if (*magnitude > (COEFFICIENT_MAX + 1) / 10)
		return false;
	*magnitude = *magnitude * 10 + (unsigned)(digit - '0');
	return *magnitude <= COEFFICIENT_MAX + 1;
}

int decimal_parse(const char *text, struct decimal *ret, struct err *err)
{
	if (!has_form(text))
		return refuse(text, ERR_INVALID, "is not a decimal number", err);

	bool negative = *text == '-';
	bool behind_point = false;
	int scale = 0;
	u128 magnitude = 0;
	for (const char *at = is_digit(*text) ? text : text + 1; *at != '\0'; at++) {
		if (*at == '.') {
			behind_point = true;
		} else if (behind_point && scale == DECIMAL_SCALE_MAX) {
			if (*at != '0')
				return refuse(text, ERR_INVALID,
					"has more than 18 places behind the point", err);
		} else {
			scale += behind_point ? 1 : 0;
			if (!append_digit(&magnitude, *at))
				return refuse(
					text, ERR_OVERFLOW, "is beyond the range of amounts", err);
		}
	}

	struct decimal value = from_magnitude(negative, magnitude, scale);
	if (!decimal_is_valid(value))
		return refuse(text, ERR_OVERFLOW, "is beyond the range of amounts", err);
	*ret = value;
	return 0;
}

struct decimal decimal_literal(const char *text)
{
	struct decimal value;
	struct err err;
	if (decimal_parse(text, &value, &err) == -1)
		die("malformed constant: %s", err.message);
	return value;
}

/* Sums. Equal scales are the common case (prices with prices) and go without wide integers. */

/* value's magnitude at a scale that is not smaller; 128 + 60 bits always fit. */
static struct wide magnitude_at(struct decimal value, int scale)
{
	struct wide magnitude = wide_from(magnitude_of(value.coefficient));
	(void)wide_multiply(&magnitude, powers[scale - value.scale]);
	return magnitude;
}

static int larger_scale(struct decimal a, struct decimal b)
{
	return a.scale > b.scale ? a.scale : b.scale;
}

/* b's sign is passed apart, because the lowest value has no counterpart that sub could add. */
static struct decimal add_aligned(struct decimal a, struct decimal b, bool b_negative)
{
	int scale = larger_scale(a, b);
	struct wide x = magnitude_at(a, scale);
	struct wide y = magnitude_at(b, scale);
	bool a_negative = a.coefficient < 0;

	if (a_negative == b_negative)
		return from_wide(a_negative, wide_add(x, y), scale);
	if (wide_compare(x, y) >= 0)
		return from_wide(a_negative, wide_subtract(x, y), scale);
	return from_wide(b_negative, wide_subtract(y, x), scale);
}

struct decimal decimal_add(struct decimal a, struct decimal b)
{
	if (!both_valid(a, b))
		return INVALID;
	if (a.scale != b.scale)
		return add_aligned(a, b, b.coefficient < 0);

	__int128 sum;
	return __builtin_add_overflow(a.coefficient, b.coefficient, &sum)
		       ? INVALID
		       : (struct decimal){sum, a.scale};
}

struct decimal decimal_sub(struct decimal a, struct decimal b)
{
	if (!both_valid(a, b))
		return INVALID;
	if (a.scale != b.scale)
		return add_aligned(a, b, b.coefficient > 0);

	__int128 difference;
	return __builtin_sub_overflow(a.coefficient, b.coefficient, &difference)
		       ? INVALID
		       : (struct decimal){difference, a.scale};
}

struct decimal decimal_neg(struct decimal value)
{
	if (!decimal_is_valid(value))
		return INVALID;
	return from_magnitude(value.coefficient > 0, magnitude_of(value.coefficient), value.scale);
}

struct decimal decimal_abs(struct decimal value)
{
	if (!decimal_is_valid(value))
		return INVALID;
	return from_magnitude(false, magnitude_of(value.coefficient), value.scale);
}

/* Products and quotients: exact in 256 bits, rounded once. */

static bool rounds_away(enum rounding rounding, bool negative, bool at_least_half)
{
	switch (rounding) {
	case ROUND_DOWN:
		return false;
	case ROUND_UP:
		return true;
	case ROUND_FLOOR:
		return negative;
	case ROUND_CEILING:
		return !negative;
	case ROUND_HALF_UP:
		return at_least_half;
	}
	die("unrecognized rounding %d", (int)rounding);
}

/* The rounded magnitude of a quotient whose sign the caller knows. */
static struct wide divide_rounded(
	struct wide dividend, struct wide divisor, bool negative, enum rounding rounding)
{
	struct wide quotient, remainder;
	wide_divide(dividend, divisor, &quotient, &remainder);
	if (wide_is_zero(remainder))
		return quotient;

	/* remainder >= divisor - remainder rather than twice the remainder: cannot overflow. */
	bool at_least_half = wide_compare(remainder, wide_subtract(divisor, remainder)) >= 0;
	if (rounds_away(rounding, negative, at_least_half))
		quotient = wide_add(quotient, wide_from(1));
	return quotient;
}

/* value * 10^places; false if it leaves 256 bits. */
static bool shift_places(struct wide *value, int places)
{
	for (; places > DECIMAL_SCALE_MAX; places -= DECIMAL_SCALE_MAX) {
		if (!wide_multiply(value, powers[DECIMAL_SCALE_MAX]))
			return false;
	}
	return wide_multiply(value, powers[places]);
}

/* dividend * 10^places / divisor (places may be negative), as a value of the given scale. */
static struct decimal quotient_of(struct wide dividend, struct wide divisor, int places,
	bool negative, int scale, enum rounding rounding)
{
	bool fits = places >= 0 ? shift_places(&dividend, places) : shift_places(&divisor, -places);
	/*
	 * A dividend beyond 2^256 over a divisor of at most 2^127 is beyond every value, so the
	 * result does not fit either. The divisor has at most 128 bits and 36 places (120 bits).
	 */
	if (!fits)
		return INVALID;
	return from_wide(negative, divide_rounded(dividend, divisor, negative, rounding), scale);
}

static bool signs_differ(struct decimal a, struct decimal b)
{
	return (a.coefficient < 0) != (b.coefficient < 0);
}

struct decimal decimal_mul(struct decimal a, struct decimal b)
{
	if (!both_valid(a, b))
		return INVALID;

	struct wide product = wide_product(
		magnitude_of(a.coefficient), magnitude_of(b.coefficient));
	int scale = a.scale + b.scale;
	if (scale > DECIMAL_SCALE_MAX) {
		struct wide tail;
		wide_divide(product, wide_from(powers[scale - DECIMAL_SCALE_MAX]), &product, &tail);
		if (!wide_is_zero(tail))
			return INVALID;
		scale = DECIMAL_SCALE_MAX;
	}
	return from_wide(signs_differ(a, b), product, scale);
}

struct decimal decimal_div(struct decimal a, struct decimal b, int scale, enum rounding rounding)
{
	assert(scale_fits(scale));
	if (!both_valid(a, b) || b.coefficient == 0)
		return INVALID;
	return quotient_of(wide_from(magnitude_of(a.coefficient)),
		wide_from(magnitude_of(b.coefficient)), scale + b.scale - a.scale,
		signs_differ(a, b), scale, rounding);
}

struct decimal decimal_mul_div(
	struct decimal a, struct decimal b, struct decimal c, int scale, enum rounding rounding)
{
	assert(scale_fits(scale));
	if (!both_valid(a, b) || !decimal_is_valid(c) || c.coefficient == 0)
		return INVALID;
	return quotient_of(wide_product(magnitude_of(a.coefficient), magnitude_of(b.coefficient)),
		wide_from(magnitude_of(c.coefficient)), scale + c.scale - a.scale - b.scale,
		signs_differ(a, b) != (c.coefficient < 0), scale, rounding);
}

struct decimal decimal_round(struct decimal value, int scale, enum rounding rounding)
{
	assert(scale_fits(scale));
	if (!decimal_is_valid(value) || value.scale == scale)
		return value;
	return quotient_of(wide_from(magnitude_of(value.coefficient)), wide_from(1),
		scale - value.scale, value.coefficient < 0, scale, rounding);
}

struct decimal decimal_to_step(struct decimal value, struct decimal step, enum rounding rounding)
{
	if (!both_valid(value, step) || step.coefficient <= 0)
		return INVALID;
	struct decimal count = decimal_div(value, step, 0, rounding);
	return decimal_mul(count, step);
}

bool decimal_count(struct decimal value, struct decimal step, int64_t *ret_count)
{
	if (!both_valid(value, step) || step.coefficient == 0)
		return false;
	struct decimal count = decimal_div(value, step, 0, ROUND_DOWN);
	struct decimal again = decimal_mul(count, step);
	if (!decimal_is_valid(again) || !decimal_equal(again, value))
		return false;
	return decimal_to_fixed(count, 0, ROUND_DOWN, ret_count);
}

struct decimal decimal_trim(struct decimal value)
{
	while (value.scale > 0 && value.coefficient % 10 == 0) {
		value.coefficient /= 10;
		value.scale--;
	}
	return value;
}

/* Order. */

static int compare_aligned(struct decimal a, struct decimal b)
{
	int scale = larger_scale(a, b);
	int order = wide_compare(magnitude_at(a, scale), magnitude_at(b, scale));
	return a.coefficient < 0 ? -order : order;
}

int decimal_compare(struct decimal a, struct decimal b)
{
	must_be_valid(a);
	must_be_valid(b);
	if (a.scale == b.scale || signs_differ(a, b))
		return (a.coefficient > b.coefficient) - (a.coefficient < b.coefficient);
	return compare_aligned(a, b);
}

bool decimal_equal(struct decimal a, struct decimal b)
{
	return decimal_compare(a, b) == 0;
}

bool decimal_less(struct decimal a, struct decimal b)
{
	return decimal_compare(a, b) < 0;
}

struct decimal decimal_min(struct decimal a, struct decimal b)
{
	if (!both_valid(a, b))
		return INVALID;
	return decimal_less(b, a) ? b : a;
}

struct decimal decimal_max(struct decimal a, struct decimal b)
{
	if (!both_valid(a, b))
		return INVALID;
	return decimal_less(a, b) ? b : a;
}

int decimal_sign(struct decimal value)
{
	must_be_valid(value);
	return (value.coefficient > 0) - (value.coefficient < 0);
}

bool decimal_is_zero(struct decimal value)
{
	return decimal_sign(value) == 0;
}

/* The ways out. */

const char *decimal_text(struct decimal value, char *text, size_t size)
{
	assert(size >= DECIMAL_TEXT_SIZE);
	must_be_valid(value);

	/* From the last digit to the first: at least one stands before the point. */
	char reversed[DECIMAL_TEXT_SIZE];
	size_t length = 0;
	u128 rest = magnitude_of(value.coefficient);
	for (int place = 0; rest > 0 || place <= value.scale; place++) {
		if (place == value.scale && place > 0)
			reversed[length++] = '.';
		reversed[length++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	}
	if (value.coefficient < 0)
		reversed[length++] = '-';

	for (size_t i = 0; i < length; i++)
		text[i] = reversed[length - 1 - i];
	text[length] = '\0';
	return text;
}

static int leading_zeros(u128 value)
{
	uint64_t high = (uint64_t)(value >> 64);
	return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)value);
}

double decimal_to_double(struct decimal value)
{
	must_be_valid(value);
	u128 magnitude = magnitude_of(value.coefficient);
	if (magnitude == 0)
		return 0;

	/*
	 * Rounded once: the quotient has at least 67 bits, of which a double takes 53; what the
	 * division leaves over is kept as the lowest bit, so that a tie is seen to be none.
	 */
	int shift = leading_zeros(magnitude);
	u128 shifted = magnitude << shift;
	u128 quotient = shifted / powers[value.scale];
	if (shifted % powers[value.scale] != 0)
		quotient |= 1;

	double result = ldexp((double)quotient, -shift);
	return value.coefficient < 0 ? -result : result;
}

bool decimal_to_fixed(struct decimal value, int places, enum rounding rounding, int64_t *ret)
{
	struct decimal fixed = decimal_round(value, places, rounding);
	if (!decimal_is_valid(fixed) || fixed.coefficient < INT64_MIN ||
		fixed.coefficient > INT64_MAX)
		return false;
	*ret = (int64_t)fixed.coefficient;
	return true;
}
