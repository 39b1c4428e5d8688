/*
 * decimal - exact decimal amounts: prices, quantities, fees, PnL, ratios.
 *
 * A value is coefficient / 10^scale with a 128-bit coefficient and a scale of 0 to 18, so at
 * least 19 digits stand before the point. It is a plain value: copy it, compare it by
 * decimal_compare only (1.0 and 1.00 are equal and differ in scale, as in Postgres NUMERIC).
 *
 * Overflow is sticky and never wraps: an operation whose exact result does not fit, or that has
 * an invalid operand, gives an invalid value; so a formula is written as a formula and checked
 * once at its end with decimal_check. Comparing or printing an invalid value ends the process.
 *
 * Scales follow Postgres: add and sub give the larger scale, mul the sum of both scales (a
 * product beyond 18 places is invalid unless its tail is zero), division takes the wanted scale
 * and rounding.
 */
#ifndef CORE_BASE_DECIMAL_H
#define CORE_BASE_DECIMAL_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_SCALE_MAX 18
#define DECIMAL_TEXT_SIZE 48 /* sign, 39 digits, point, NUL, room to spare */

struct decimal {
	__int128 coefficient;
	int32_t scale; /* -1: invalid */
};

enum rounding {
	ROUND_DOWN,    /* toward zero */
	ROUND_UP,      /* away from zero */
	ROUND_FLOOR,   /* toward minus infinity */
	ROUND_CEILING, /* toward plus infinity */
	ROUND_HALF_UP, /* nearest, ties away from zero, as Postgres round() does */
};

#define DECIMAL_ZERO ((struct decimal){0, 0})

/* The integer as a decimal of scale 0. */
struct decimal decimal_from_int(int64_t value);

/* value / 10^scale; scale 0 to 18. decimal_scaled(12345, 2) is 123.45. */
struct decimal decimal_scaled(__int128 value, int scale);

/*
 * Reads "-12.340", "0", "+7", ".5" is refused as is "5.", an exponent, spaces and everything
 * else that is not an optional sign, digits, and a point with digits after it. Trailing zeros
 * after the 18th place are dropped; other digits there are refused. Returns -1 with ERR_INVALID
 * or ERR_OVERFLOW; the message names the text (cut at 40 characters), not the field.
 */
MUST_CHECK int decimal_parse(const char *text, struct decimal *ret, struct err *err);

/* decimal_parse of a constant in our own code; ends the process if it is malformed. */
struct decimal decimal_literal(const char *text);

bool decimal_is_valid(struct decimal value);

/* 0 if value is valid; else -1 with ERR_OVERFLOW naming what. */
MUST_CHECK int decimal_check(struct decimal value, const char *what, struct err *err);

struct decimal decimal_add(struct decimal a, struct decimal b);
struct decimal decimal_sub(struct decimal a, struct decimal b);
struct decimal decimal_mul(struct decimal a, struct decimal b);
struct decimal decimal_neg(struct decimal value);
struct decimal decimal_abs(struct decimal value);
struct decimal decimal_min(struct decimal a, struct decimal b);
struct decimal decimal_max(struct decimal a, struct decimal b);

/* a / b rounded to scale places. Division by zero is invalid. */
struct decimal decimal_div(struct decimal a, struct decimal b, int scale, enum rounding rounding);

/* a * b / c with the product exact in 256 bits and one rounding at the end. */
struct decimal decimal_mul_div(
	struct decimal a, struct decimal b, struct decimal c, int scale, enum rounding rounding);

/* The value at another scale, rounded if it loses digits. */
struct decimal decimal_round(struct decimal value, int scale, enum rounding rounding);

/*
 * The nearest multiple k*step in the direction of rounding; its scale is step's. A step that is
 * not above zero gives an invalid value.
 */
struct decimal decimal_to_step(struct decimal value, struct decimal step, enum rounding rounding);

/* How often step fits: value / step as an integer. False if not exact or beyond int64. */
bool decimal_count(struct decimal value, struct decimal step, int64_t *ret_count);

/* The same value without trailing zeros after the point. */
struct decimal decimal_trim(struct decimal value);

/* -1, 0, 1. Both must be valid. */
int decimal_compare(struct decimal a, struct decimal b);
bool decimal_equal(struct decimal a, struct decimal b);
bool decimal_less(struct decimal a, struct decimal b);
int decimal_sign(struct decimal value);
bool decimal_is_zero(struct decimal value);

/* Writes "-123.450" with exactly scale places; returns text. size at least DECIMAL_TEXT_SIZE. */
const char *decimal_text(struct decimal value, char *text, size_t size);

/* The nearest double: for indicators and for pictures, never for an amount that is sent or kept. */
double decimal_to_double(struct decimal value);

/*
 * value * 10^places as an integer, rounded. False if it does not fit into 64 bits. The way into
 * the integer units of one decision (money in 1e-8: places 8).
 */
bool decimal_to_fixed(struct decimal value, int places, enum rounding rounding, int64_t *ret);

/* decimal_text into a buffer that lives to the end of the full expression's block. */
#define DECIMAL_TEXT(value) decimal_text(value, (char[DECIMAL_TEXT_SIZE]){0}, DECIMAL_TEXT_SIZE)

#endif
