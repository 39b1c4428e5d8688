#include "core/base/decimal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define LARGEST "170141183460469231731687303715884105727" /* 2^127 - 1 */
#define LOWEST "-170141183460469231731687303715884105728"

#define TEXT 64 /* of an operand in a row; rows hold no pointers */

/* What a result looks like in a row: its digits, or "invalid". */
static const char *shown(struct decimal value, char text[DECIMAL_TEXT_SIZE])
{
	if (!decimal_is_valid(value))
		return strcpy(text, "invalid");
	return decimal_text(value, text, DECIMAL_TEXT_SIZE);
}

#define EXPECT_DECIMAL(actual, expected, because)                                                  \
	do {                                                                                       \
		char shown_text[DECIMAL_TEXT_SIZE];                                                \
		cr_expect(eq(str, shown(actual, shown_text), expected), "%s", because);            \
	} while (0)

/* An operand of a row; "invalid" is one, too. */
static struct decimal operand(const char *text)
{
	if (strcmp(text, "invalid") == 0)
		return decimal_div(DECIMAL_ZERO, DECIMAL_ZERO, 0, ROUND_DOWN);
	return decimal_literal(text);
}

/* Reading and writing. */

struct parse_row {
	char because[64];
	char text[TEXT];
	char written[TEXT]; /* empty: refused */
	enum err_code code;
};

ParameterizedTestParameters(decimal, parses)
{
	static struct parse_row rows[] = {
		{"an integer", "42", "42", ERR_NONE},
		{"zero", "0", "0", ERR_NONE},
		{"the scale is kept", "-12.340", "-12.340", ERR_NONE},
		{"a plus sign is allowed and not kept", "+7", "7", ERR_NONE},
		{"zero has no sign", "-0.00", "0.00", ERR_NONE},
		{"zeros before the number say nothing", "007.5", "7.5", ERR_NONE},
		{"a fraction has its zero", "0.001", "0.001", ERR_NONE},
		{"a negative fraction", "-0.001", "-0.001", ERR_NONE},
		{"18 places fit", "0.123456789012345678", "0.123456789012345678", ERR_NONE},
		{"zeros after the 18th place are dropped", "1.0000000000000000000000",
			"1.000000000000000000", ERR_NONE},
		{"other digits there are refused", "0.1234567890123456789", "", ERR_INVALID},
		{"also after zeros", "0.00000000000000000001", "", ERR_INVALID},
		{"the largest", LARGEST, LARGEST, ERR_NONE},
		{"one more", "170141183460469231731687303715884105728", "", ERR_OVERFLOW},
		{"the lowest", LOWEST, LOWEST, ERR_NONE},
		{"one less", "-170141183460469231731687303715884105729", "", ERR_OVERFLOW},
		{"40 digits", "1000000000000000000000000000000000000000", "", ERR_OVERFLOW},
		{"19 digits before 18 places fit", "9999999999999999999.999999999999999999",
			"9999999999999999999.999999999999999999", ERR_NONE},
		{"empty", "", "", ERR_INVALID},
		{"a sign alone", "-", "", ERR_INVALID},
		{"two signs", "--1", "", ERR_INVALID},
		{"nothing before the point", ".5", "", ERR_INVALID},
		{"nothing after the point", "5.", "", ERR_INVALID},
		{"two points", "1.2.3", "", ERR_INVALID},
		{"a point alone", ".", "", ERR_INVALID},
		{"an exponent", "1e5", "", ERR_INVALID},
		{"a space in front", " 1", "", ERR_INVALID},
		{"a space behind", "1 ", "", ERR_INVALID},
		{"a line end", "1\n", "", ERR_INVALID},
		{"a comma", "1,5", "", ERR_INVALID},
		{"an underscore", "1_000", "", ERR_INVALID},
		{"hexadecimal", "0x10", "", ERR_INVALID},
		{"not a number", "NaN", "", ERR_INVALID},
		{"infinity", "Infinity", "", ERR_INVALID},
		{"digits of other scripts", "١٢", "", ERR_INVALID},
	};
	return cr_make_param_array(struct parse_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct parse_row *row, decimal, parses)
{
	struct decimal value = {99, 7};
	struct err err = {.code = ERR_NONE};
	int result = decimal_parse(row->text, &value, &err);

	cr_expect(eq(int, err.code, row->code), "%s", row->because);
	if (row->code == ERR_NONE) {
		cr_assert(eq(int, result, 0), "%s", row->because);
		EXPECT_DECIMAL(value, row->written, row->because);
	} else {
		cr_expect(eq(int, result, -1), "%s", row->because);
		cr_expect(value.coefficient == 99 && value.scale == 7, "written on failure");
	}
}

Test(decimal, a_refusal_quotes_the_text_harmlessly)
{
	struct decimal value;
	struct err err;
	cr_assert(eq(int, decimal_parse("1\n\x80\x1b[2J", &value, &err), -1));
	cr_expect(eq(str, err.message, "\"1???[2J\" is not a decimal number"));

	char text[200];
	memset(text, '7', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	cr_assert(eq(int, decimal_parse(text, &value, &err), -1));
	cr_expect(eq(str, err.message,
		"\"7777777777777777777777777777777777777777\" is beyond the range of amounts"));
}

Test(decimal, a_malformed_constant_ends_the_process, .signal = SIGABRT)
{
	(void)decimal_literal("1.");
}

Test(decimal, integers_become_values)
{
	EXPECT_DECIMAL(decimal_from_int(INT64_MIN), "-9223372036854775808", "all of int64 fits");
	EXPECT_DECIMAL(decimal_scaled(12345, 2), "123.45", "the scale is the number of places");
	EXPECT_DECIMAL(decimal_scaled(-5, 18), "-0.000000000000000005", "zeros are filled in");
}

/* Rounding: every word, both signs, below, at and above the tie. */

struct rounding_row {
	char value[TEXT];
	int scale;
	char down[TEXT], up[TEXT], floor[TEXT], ceiling[TEXT], half_up[TEXT];
};

ParameterizedTestParameters(decimal, rounds)
{
	static struct rounding_row rows[] = {
		{"2.4", 0, "2", "3", "2", "3", "2"},
		{"2.5", 0, "2", "3", "2", "3", "3"},
		{"2.6", 0, "2", "3", "2", "3", "3"},
		{"-2.4", 0, "-2", "-3", "-3", "-2", "-2"},
		{"-2.5", 0, "-2", "-3", "-3", "-2", "-3"},
		{"-2.6", 0, "-2", "-3", "-3", "-2", "-3"},
		{"2.0", 0, "2", "2", "2", "2", "2"},
		{"-2.0", 0, "-2", "-2", "-2", "-2", "-2"},
		{"3.5", 0, "3", "4", "3", "4", "4"},
		{"0.5", 0, "0", "1", "0", "1", "1"},
		{"-0.5", 0, "0", "-1", "-1", "0", "-1"},
		{"0.49999", 0, "0", "1", "0", "1", "0"},
		{"0.000000000000000001", 0, "0", "1", "0", "1", "0"},
		{"-0.000000000000000001", 0, "0", "-1", "-1", "0", "0"},
		{"0.00", 0, "0", "0", "0", "0", "0"},
		{"1.2345", 2, "1.23", "1.24", "1.23", "1.24", "1.23"},
		{"1.2350", 2, "1.23", "1.24", "1.23", "1.24", "1.24"},
		{"1.2", 4, "1.2000", "1.2000", "1.2000", "1.2000", "1.2000"},
		{"9.999", 2, "9.99", "10.00", "9.99", "10.00", "10.00"},
		{"-9.999", 2, "-9.99", "-10.00", "-10.00", "-9.99", "-10.00"},
		{LARGEST, 0, LARGEST, LARGEST, LARGEST, LARGEST, LARGEST},
		{LARGEST, 1, "invalid", "invalid", "invalid", "invalid", "invalid"},
		{"invalid", 2, "invalid", "invalid", "invalid", "invalid", "invalid"},
	};
	return cr_make_param_array(struct rounding_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct rounding_row *row, decimal, rounds)
{
	struct decimal value = operand(row->value);
	EXPECT_DECIMAL(decimal_round(value, row->scale, ROUND_DOWN), row->down, row->value);
	EXPECT_DECIMAL(decimal_round(value, row->scale, ROUND_UP), row->up, row->value);
	EXPECT_DECIMAL(decimal_round(value, row->scale, ROUND_FLOOR), row->floor, row->value);
	EXPECT_DECIMAL(decimal_round(value, row->scale, ROUND_CEILING), row->ceiling, row->value);
	EXPECT_DECIMAL(decimal_round(value, row->scale, ROUND_HALF_UP), row->half_up, row->value);

	/* Division, a product with division, and steps must round by the same words. */
	struct decimal one = decimal_literal("1.0");
	EXPECT_DECIMAL(
		decimal_div(value, one, row->scale, ROUND_CEILING), row->ceiling, row->value);
	EXPECT_DECIMAL(decimal_div(decimal_neg(value), decimal_neg(one), row->scale, ROUND_FLOOR),
		row->floor, row->value);
	EXPECT_DECIMAL(decimal_mul_div(value, decimal_neg(one), decimal_neg(one), row->scale,
			       ROUND_HALF_UP),
		row->half_up, row->value);
	if (row->scale == 0)
		EXPECT_DECIMAL(
			decimal_to_step(value, decimal_from_int(1), ROUND_UP), row->up, row->value);
}

/* Arithmetic. */

enum operation { ADD, SUB, MUL, MIN, MAX };

struct binary_row {
	char because[64];
	enum operation operation;
	char a[TEXT], b[TEXT], result[TEXT];
};

ParameterizedTestParameters(decimal, calculates)
{
	static struct binary_row rows[] = {
		{"equal scales", ADD, "1.25", "2.75", "4.00"},
		{"the larger scale is kept", ADD, "1.5", "2.125", "3.625"},
		{"also from the other side", ADD, "2.125", "1.5", "3.625"},
		{"a sum of both signs", ADD, "1.5", "-2.125", "-0.625"},
		{"a sum of both signs above zero", ADD, "-1.5", "2.125", "0.625"},
		{"both below zero", ADD, "-1.5", "-2.125", "-3.625"},
		{"to nothing", ADD, "1.50", "-1.5", "0.00"},
		{"the largest and none", ADD, LARGEST, "0", LARGEST},
		{"the largest and one", ADD, LARGEST, "1", "invalid"},
		{"the lowest and minus one", ADD, LOWEST, "-1", "invalid"},
		{"a sum whose operand does not fit at the scale, but it does", ADD,
			"20000000000000000000", "-19999999999999999999.999999999999999999",
			"0.000000000000000001"},
		{"a sum that does not fit at the larger scale", ADD, LARGEST, "0.1", "invalid"},
		{"an invalid operand", ADD, "invalid", "1", "invalid"},
		{"an invalid second operand", ADD, "1", "invalid", "invalid"},
		{"an invalid operand at another scale", ADD, "1.00", "invalid", "invalid"},

		{"a difference", SUB, "1.25", "2.75", "-1.50"},
		{"scales of a difference", SUB, "1", "0.001", "0.999"},
		{"a difference of both signs", SUB, "1.5", "-0.25", "1.75"},
		{"the lowest from itself", SUB, LOWEST, LOWEST, "0"},
		{"the lowest from minus one", SUB, "-1", LOWEST, LARGEST},
		{"the lowest from zero", SUB, "0", LOWEST, "invalid"},
		{"the lowest from minus one at another scale", SUB, "-1.0", LOWEST, "invalid"},
		{"below the lowest", SUB, LOWEST, "1", "invalid"},
		{"an invalid subtrahend", SUB, "1", "invalid", "invalid"},

		{"a product has the sum of the scales", MUL, "1.25", "-0.5", "-0.625"},
		{"minus by minus", MUL, "-1.1", "-1.1", "1.21"},
		{"by zero", MUL, "-1.1", "0.00", "0.000"},
		{"to exactly 18 places", MUL, "0.000000001", "0.000000001", "0.000000000000000001"},
		{"a tail of zeros beyond 18 places is dropped", MUL, "0.5000000000", "0.5000000000",
			"0.250000000000000000"},
		{"a tail that says something is not", MUL, "0.0000000001", "0.000000001",
			"invalid"},
		{"a product of 128 bits", MUL, "13043817825332782212", "13043817825332782212",
			"170141183460469231722567801800623612944"},
		{"one more", MUL, "13043817825332782213", "13043817825332782213", "invalid"},
		{"far beyond", MUL, LARGEST, LARGEST, "invalid"},
		{"the lowest can be reached", MUL, "-85070591730234615865843651857942052864", "2",
			LOWEST},
		{"its counterpart cannot", MUL, "85070591730234615865843651857942052864", "2",
			"invalid"},
		{"an invalid factor", MUL, "0", "invalid", "invalid"},

		{"the smaller", MIN, "1.0", "-2", "-2"},
		{"the smaller of equals is the first", MIN, "1.0", "1.00", "1.0"},
		{"the larger", MAX, "1.0", "-2", "1.0"},
		{"the larger of equals is the first", MAX, "1.00", "1.0", "1.00"},
		{"no smaller of an invalid one", MIN, "1", "invalid", "invalid"},
		{"no larger of an invalid one", MAX, "invalid", "1", "invalid"},
	};
	return cr_make_param_array(struct binary_row, rows, sizeof rows / sizeof rows[0]);
}

static struct decimal calculate(enum operation operation, struct decimal a, struct decimal b)
{
	switch (operation) {
	case ADD:
		return decimal_add(a, b);
	case SUB:
		return decimal_sub(a, b);
	case MUL:
		return decimal_mul(a, b);
	case MIN:
		return decimal_min(a, b);
	case MAX:
		return decimal_max(a, b);
	}
	abort();
}

ParameterizedTest(struct binary_row *row, decimal, calculates)
{
	struct decimal result = calculate(row->operation, operand(row->a), operand(row->b));
	EXPECT_DECIMAL(result, row->result, row->because);
}

struct division_row {
	char because[64];
	char a[TEXT], b[TEXT], c[TEXT]; /* a * b / c, or a / c where b is empty */
	int scale;
	enum rounding rounding;
	char result[TEXT];
};

ParameterizedTestParameters(decimal, divides)
{
	static struct division_row rows[] = {
		{"exactly", "10", "", "4", 1, ROUND_DOWN, "2.5"},
		{"a third, down", "1", "", "3", 18, ROUND_DOWN, "0.333333333333333333"},
		{"a third, up", "1", "", "3", 18, ROUND_UP, "0.333333333333333334"},
		{"two thirds, half up", "2", "", "3", 4, ROUND_HALF_UP, "0.6667"},
		{"the scales of the operands do not matter", "2.000", "", "3.0", 4, ROUND_HALF_UP,
			"0.6667"},
		{"a tie", "1", "", "8", 2, ROUND_HALF_UP, "0.13"},
		{"a tie below zero", "-1", "", "8", 2, ROUND_HALF_UP, "-0.13"},
		{"a hair below a tie", "0.124999999999999999", "", "1", 2, ROUND_HALF_UP, "0.12"},
		{"floor of a negative", "1", "", "-3", 2, ROUND_FLOOR, "-0.34"},
		{"ceiling of a negative", "-1", "", "3", 2, ROUND_CEILING, "-0.33"},
		{"minus by minus", "-1", "", "-3", 2, ROUND_FLOOR, "0.33"},
		{"by zero", "1", "", "0.00", 2, ROUND_DOWN, "invalid"},
		{"zero by zero", "0", "", "0", 2, ROUND_DOWN, "invalid"},
		{"zero", "0.00", "", "-7", 2, ROUND_UP, "0.00"},
		{"the largest by the smallest", LARGEST, "", "0.000000000000000001", 0, ROUND_DOWN,
			"invalid"},
		{"the largest by itself", LARGEST, "", LARGEST, 18, ROUND_DOWN,
			"1.000000000000000000"},
		{"the smallest by the largest", "0.000000000000000001", "", LARGEST, 18, ROUND_UP,
			"0.000000000000000001"},
		{"both sides beyond 128 bits", LARGEST, "",
			"100000000000000000000.000000000000000001", 18, ROUND_DOWN,
			"1701411834604692317.316873037158841057"},
		{"an invalid numerator", "invalid", "", "1", 2, ROUND_DOWN, "invalid"},
		{"an invalid divisor", "1", "", "invalid", 2, ROUND_DOWN, "invalid"},

		{"a product and a quotient", "1.5", "4", "3", 2, ROUND_DOWN, "2.00"},
		{"the product may leave 128 bits", LARGEST, LARGEST, LARGEST, 0, ROUND_DOWN,
			LARGEST},
		{"also with the lowest", LOWEST, LOWEST, LOWEST, 0, ROUND_DOWN, LOWEST},
		{"the quotient may not", LARGEST, LARGEST, "1", 0, ROUND_DOWN, "invalid"},
		{"not even far beyond 256 bits", LARGEST, LARGEST, "0.000000000000000001", 18,
			ROUND_DOWN, "invalid"},
		{"it is rounded once, not twice", "0.5", "0.000000000000000001", "0.5", 18,
			ROUND_DOWN, "0.000000000000000001"},
		{"36 places of product", "0.000000000000000003", "0.000000000000000005",
			"0.000000000000000002", 18, ROUND_HALF_UP, "0.000000000000000008"},
		{"signs of all three", "-1", "-1", "-3", 2, ROUND_FLOOR, "-0.34"},
		{"one sign of three", "1", "-1", "3", 2, ROUND_CEILING, "-0.33"},
		{"product by zero", "1", "1", "0", 2, ROUND_DOWN, "invalid"},
		{"an invalid factor", "1", "invalid", "1", 2, ROUND_DOWN, "invalid"},
	};
	return cr_make_param_array(struct division_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct division_row *row, decimal, divides)
{
	struct decimal a = operand(row->a);
	struct decimal c = operand(row->c);
	struct decimal result = row->b[0] == '\0' ? decimal_div(a, c, row->scale, row->rounding)
						  : decimal_mul_div(a, operand(row->b), c,
							    row->scale, row->rounding);
	EXPECT_DECIMAL(result, row->result, row->because);
}

Test(decimal, signs_change)
{
	EXPECT_DECIMAL(decimal_neg(decimal_literal("1.50")), "-1.50", "neg");
	EXPECT_DECIMAL(decimal_neg(decimal_literal("-1.50")), "1.50", "neg");
	EXPECT_DECIMAL(decimal_neg(decimal_literal("0.0")), "0.0", "neg");
	EXPECT_DECIMAL(decimal_abs(decimal_literal("-1.50")), "1.50", "abs");
	EXPECT_DECIMAL(decimal_neg(decimal_literal(LARGEST)),
		"-170141183460469231731687303715884105727", "neg");
	EXPECT_DECIMAL(decimal_neg(decimal_literal(LOWEST)), "invalid", "it has no counterpart");
	EXPECT_DECIMAL(decimal_abs(decimal_literal(LOWEST)), "invalid", "it has no counterpart");
	EXPECT_DECIMAL(decimal_neg(operand("invalid")), "invalid", "neg");
	EXPECT_DECIMAL(decimal_abs(operand("invalid")), "invalid", "abs");
}

Test(decimal, an_overflow_sticks_through_a_formula)
{
	struct decimal large = decimal_literal(LARGEST);
	struct decimal one = decimal_from_int(1);
	struct decimal value = decimal_sub(decimal_add(large, one), large);
	value = decimal_div(decimal_mul(decimal_neg(value), DECIMAL_ZERO), one, 2, ROUND_DOWN);
	value = decimal_trim(decimal_round(decimal_to_step(value, one, ROUND_UP), 3, ROUND_UP));

	struct err err;
	cr_assert(not(decimal_is_valid(value)));
	cr_assert(eq(int, decimal_check(value, "margin", &err), -1));
	cr_expect(eq(int, err.code, ERR_OVERFLOW));
	cr_expect(eq(str, err.message, "margin is beyond the range of amounts"));
	cr_expect(eq(int, decimal_check(one, "margin", &err), 0));
}

Test(decimal, comparing_an_invalid_value_ends_the_process, .signal = SIGABRT)
{
	(void)decimal_compare(operand("invalid"), DECIMAL_ZERO);
}

Test(decimal, asking_an_invalid_value_for_its_sign_ends_the_process, .signal = SIGABRT)
{
	(void)decimal_sign(operand("invalid"));
}

Test(decimal, printing_an_invalid_value_ends_the_process, .signal = SIGABRT)
{
	(void)DECIMAL_TEXT(operand("invalid"));
}

/* Steps. */

struct step_row {
	char because[64];
	char value[TEXT], step[TEXT];
	enum rounding rounding;
	char result[TEXT];
};

ParameterizedTestParameters(decimal, keeps_to_steps)
{
	static struct step_row rows[] = {
		{"a quantity down to its lot", "0.12999", "0.001", ROUND_DOWN, "0.129"},
		{"a price up to its tick", "100.01", "0.05", ROUND_UP, "100.05"},
		{"on the step it stays", "100.05", "0.05", ROUND_UP, "100.05"},
		{"floor goes below zero", "-10.37", "0.5", ROUND_FLOOR, "-10.5"},
		{"down goes toward zero", "-10.37", "0.5", ROUND_DOWN, "-10.0"},
		{"the nearest", "10.26", "0.5", ROUND_HALF_UP, "10.5"},
		{"a tie goes away from zero", "10.25", "0.5", ROUND_HALF_UP, "10.5"},
		{"a step above one", "1234", "100", ROUND_CEILING, "1300"},
		{"the scale is the step's", "7", "0.010", ROUND_DOWN, "7.000"},
		{"less than one step", "0.0009", "0.001", ROUND_DOWN, "0.000"},
		{"a step of zero", "1", "0", ROUND_DOWN, "invalid"},
		{"a step below zero", "1", "-1", ROUND_DOWN, "invalid"},
		{"beyond the range at the step's scale", LARGEST, "0.1", ROUND_DOWN, "invalid"},
		{"an invalid value", "invalid", "1", ROUND_DOWN, "invalid"},
		{"an invalid step", "1", "invalid", ROUND_DOWN, "invalid"},
	};
	return cr_make_param_array(struct step_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct step_row *row, decimal, keeps_to_steps)
{
	struct decimal result = decimal_to_step(
		operand(row->value), operand(row->step), row->rounding);
	EXPECT_DECIMAL(result, row->result, row->because);
}

struct count_row {
	char because[64];
	char value[TEXT], step[TEXT];
	bool exact;
	int64_t count;
};

ParameterizedTestParameters(decimal, counts_steps)
{
	static struct count_row rows[] = {
		{"whole lots", "0.129", "0.001", true, 129},
		{"whatever the scales", "0.5", "0.00100", true, 500},
		{"below zero", "-1.5", "0.5", true, -3},
		{"zero", "0.00", "0.5", true, 0},
		{"not exactly", "0.1295", "0.001", false, 0},
		{"the last int64", "9223372036854775807", "1", true, INT64_MAX},
		{"one beyond", "9223372036854775808", "1", false, 0},
		{"far beyond", LARGEST, "0.000000000000000001", false, 0},
		{"steps of nothing", "1", "0", false, 0},
		{"an invalid value", "invalid", "1", false, 0},
	};
	return cr_make_param_array(struct count_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct count_row *row, decimal, counts_steps)
{
	int64_t count = 0;
	bool exact = decimal_count(operand(row->value), operand(row->step), &count);
	cr_expect(eq(int, exact, row->exact), "%s", row->because);
	cr_expect(eq(i64, count, row->count), "%s", row->because);
}

Test(decimal, trims_zeros_behind_the_point_only)
{
	EXPECT_DECIMAL(decimal_trim(decimal_literal("1.500")), "1.5", "behind");
	EXPECT_DECIMAL(decimal_trim(decimal_literal("-100.00")), "-100", "not before");
	EXPECT_DECIMAL(decimal_trim(decimal_literal("0.000")), "0", "nothing");
	EXPECT_DECIMAL(decimal_trim(decimal_literal("1.05")), "1.05", "not between");
	EXPECT_DECIMAL(decimal_trim(operand("invalid")), "invalid", "sticky");
}

/* Order. */

Test(decimal, orders_values_whatever_their_scale)
{
	static const char *const ascending[] = {LOWEST, "-2", "-1.000000000000000001", "-1.0",
		"-0.5", "-0.000000000000000001", "0.00", "0.000000000000000001", "0.5", "1",
		"1.000000000000000001", "9.9", "10", "99999999999999999999.99", LARGEST};
	int count = (int)(sizeof ascending / sizeof ascending[0]);

	for (int i = 0; i < count; i++) {
		for (int j = 0; j < count; j++) {
			struct decimal a = decimal_literal(ascending[i]);
			struct decimal b = decimal_literal(ascending[j]);
			cr_expect(eq(int, decimal_compare(a, b), (i > j) - (i < j)), "%s and %s",
				ascending[i], ascending[j]);
			cr_expect(eq(int, decimal_less(a, b), i < j));
			cr_expect(eq(int, decimal_equal(a, b), i == j));
		}
	}
}

Test(decimal, equal_values_of_other_scales_are_equal)
{
	cr_expect(decimal_equal(decimal_literal("1.0"), decimal_literal("1.000000000000000000")));
	cr_expect(decimal_equal(decimal_literal("-0.0"), decimal_literal("0")));
	cr_expect(decimal_is_zero(decimal_literal("0.000")));
	cr_expect(eq(int, decimal_sign(decimal_literal("-0.001")), -1));
	cr_expect(eq(int, decimal_sign(decimal_literal("0.001")), 1));
	cr_expect(eq(int, decimal_sign(DECIMAL_ZERO), 0));
}

/* The ways out. */

/* The library's strtod rounds to the nearest, too; bits, because == on doubles says too much. */
static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits;
}

Test(decimal, becomes_the_nearest_double)
{
	static const char *const values[] = {"0", "1", "-1", "0.1", "-0.3", "123456.789",
		"9007199254740993", "9007199254740992.5", "9007199254740993.000000000000000001",
		"0.000000000000000001", "0.999999999999999999", LARGEST, LOWEST};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		cr_expect(eq(u64, bits_of(decimal_to_double(decimal_literal(values[i]))),
				  bits_of(strtod(values[i], NULL))),
			"%s", values[i]);

	uint64_t seed = 20261122;
	for (int i = 0; i < 100000; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		__int128 coefficient = (__int128)seed * (int64_t)(seed ^ (seed << 17));
		struct decimal value = decimal_scaled(
			coefficient >> (seed >> 32) % 120, (int)((seed >> 40) % 19));
		double expected = strtod(DECIMAL_TEXT(value), NULL);
		cr_assert(eq(u64, bits_of(decimal_to_double(value)), bits_of(expected)), "%s",
			DECIMAL_TEXT(value));
	}
}

struct fixed_row {
	char because[64];
	char value[TEXT];
	int places;
	enum rounding rounding;
	bool fits;
	int64_t fixed;
};

ParameterizedTestParameters(decimal, becomes_integer_units)
{
	static struct fixed_row rows[] = {
		{"money in 1e-8", "12.5", 8, ROUND_DOWN, true, 1250000000},
		{"rounded down", "0.123456789", 8, ROUND_DOWN, true, 12345678},
		{"rounded half up", "0.123456789", 8, ROUND_HALF_UP, true, 12345679},
		{"below zero", "-0.123456785", 8, ROUND_HALF_UP, true, -12345679},
		{"the last that fits", "92233720368.54775807", 8, ROUND_DOWN, true, INT64_MAX},
		{"the first that does not", "92233720368.54775808", 8, ROUND_DOWN, false, 0},
		{"the lowest that fits", "-92233720368.54775808", 8, ROUND_DOWN, true, INT64_MIN},
		{"rounding may pass the end", "92233720368.547758075", 8, ROUND_UP, false, 0},
		{"beyond everything", LARGEST, 18, ROUND_DOWN, false, 0},
		{"an invalid value", "invalid", 8, ROUND_DOWN, false, 0},
	};
	return cr_make_param_array(struct fixed_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fixed_row *row, decimal, becomes_integer_units)
{
	int64_t fixed = 0;
	bool fits = decimal_to_fixed(operand(row->value), row->places, row->rounding, &fixed);
	cr_expect(eq(int, fits, row->fits), "%s", row->because);
	cr_expect(eq(i64, fixed, row->fixed), "%s", row->because);
}
