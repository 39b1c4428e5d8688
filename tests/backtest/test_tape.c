/* Tapes as files: what was saved comes back, what was damaged does not. */
#include "tests/backtest/scratch.h"

#include <unistd.h>

TestSuite(tape, .init = scratch_open, .fini = scratch_close);

#define BEGIN_MS INT64_C(1641340800000)

static struct tape *tape_of(int64_t begin_ms, size_t count, const char *unit)
{
	struct tape *tape = tape_new(count);

	(void)snprintf(tape->symbol, sizeof tape->symbol, "BTCUSDT");
	tape->price_unit = decimal_literal(unit);
	tape->volume_unit = decimal_scaled(1, 3);
	tape->begin_ms = begin_ms;
	for (size_t i = 0; i < count; i++) {
		int32_t price = 1000 + (int32_t)i;
		tape->owned[i] = (struct tape_minute){price, price + 5, price - 5, price + 1, 7};
	}
	return tape;
}

Test(tape, comes_back_as_it_was_saved)
{
	CLEANUP(tape_free) struct tape *tape = tape_of(BEGIN_MS, 100, "0.05");
	CLEANUP(tape_free) struct tape *again = NULL;
	struct err err;

	cr_assert(zero(int, tape_save(tape, scratch_path("a.tape"), &err)), "%s", err.message);
	cr_expect(tape_is_file(scratch_path("a.tape")));
	cr_assert(zero(int, tape_open(scratch_path("a.tape"), &again, &err)), "%s", err.message);
	cr_expect(eq(str, again->symbol, tape->symbol));
	cr_expect(decimal_equal(again->price_unit, tape->price_unit));
	cr_expect(decimal_equal(again->volume_unit, tape->volume_unit));
	cr_expect(eq(i64, again->begin_ms, BEGIN_MS));
	cr_assert(eq(sz, again->count, 100));
	cr_expect(zero(int, memcmp(again->minutes, tape->minutes, 100 * sizeof *tape->minutes)));
	cr_expect(access(scratch_path("a.tape.new"), F_OK) == -1, "nothing is left beside it");
}

Test(tape, every_damaged_byte_is_noticed)
{
	CLEANUP(tape_free) struct tape *tape = tape_of(BEGIN_MS, 3, "0.1");
	struct err err;
	char bytes[256 + 3 * 24];

	cr_assert(zero(int, tape_save(tape, scratch_path("a.tape"), &err)));
	FILE *file = fopen(scratch_path("a.tape"), "r");
	cr_assert(eq(sz, fread(bytes, 1, sizeof bytes, file), sizeof bytes));
	(void)fclose(file);
	/* Up to the end of the symbol, and from the begin on: the rest of a text is its own. */
	for (size_t i = 0; i < sizeof bytes; i++) {
		bool spare = i >= 112 && i < 256;
		bool text = i >= 8 && i < 88;
		if (spare || text)
			continue;
		struct tape *read = NULL;
		bytes[i] ^= 0x41;
		file = fopen(scratch_path("b.tape"), "w");
		(void)fwrite(bytes, 1, sizeof bytes, file);
		(void)fclose(file);
		bytes[i] ^= 0x41;
		cr_expect(
			eq(int, tape_open(scratch_path("b.tape"), &read, &err), -1), "byte %zu", i);
		tape_free(&read);
	}
}

Test(tape, a_short_file_is_refused_at_every_length)
{
	CLEANUP(tape_free) struct tape *tape = tape_of(BEGIN_MS, 2, "0.1");
	struct tape *read = NULL;
	struct err err;

	for (int length = 256 + 47; length >= 0; length -= 13) {
		cr_assert(zero(int, tape_save(tape, scratch_path("a.tape"), &err)));
		cr_assert(zero(int, truncate(scratch_path("a.tape"), length)));
		cr_expect(
			eq(int, tape_open(scratch_path("a.tape"), &read, &err), -1), "%d", length);
	}
	cr_expect(eq(int, tape_open(scratch_path("none.tape"), &read, &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG));
}

Test(tape, joined_ones_follow_one_another_and_what_is_between_stands_still)
{
	struct tape *tapes[3] = {tape_of(BEGIN_MS, 3, "0.1"),
		tape_of(BEGIN_MS + 3 * 60000, 2, "0.1"), tape_of(BEGIN_MS + 7 * 60000, 1, "0.1")};
	CLEANUP(tape_free) struct tape *whole = NULL;
	struct err err;

	cr_assert(zero(int, tape_join(tapes, 3, &whole, &err)), "%s", err.message);
	cr_assert(eq(sz, whole->count, 8));
	cr_expect(eq(i32, whole->minutes[3].open, 1000), "the second begins");
	cr_expect(eq(sz, tape_missing(whole), 2));
	cr_expect(eq(i32, whole->minutes[5].close, 1002), "at the last close");
	cr_expect(eq(i64, whole->minutes[6].volume, TAPE_MISSING));
	cr_expect(eq(i32, whole->minutes[7].open, 1000));
}

Test(tape, what_does_not_follow_is_not_joined)
{
	struct tape *overlap[2] = {
		tape_of(BEGIN_MS, 3, "0.1"), tape_of(BEGIN_MS + 2 * 60000, 2, "0.1")};
	struct tape *units[2] = {
		tape_of(BEGIN_MS, 3, "0.1"), tape_of(BEGIN_MS + 3 * 60000, 2, "0.01")};
	struct tape *whole = NULL;
	struct err err;

	cr_expect(eq(int, tape_join(overlap, 2, &whole, &err), -1));
	cr_expect(strstr(err.message, "overlap") != NULL, "%s", err.message);
	cr_expect(eq(int, tape_join(units, 2, &whole, &err), -1));
	cr_expect(strstr(err.message, "units") != NULL, "%s", err.message);
	for (int i = 0; i < 2; i++) {
		tape_free(&overlap[i]);
		tape_free(&units[i]);
	}
}

struct fit_row {
	char because[48];
	char unit[16], tick[16];
	int32_t price, fitted; /* fitted 0: refused */
};

ParameterizedTestParameters(tape, fits)
{
	static struct fit_row rows[] = {
		{"the same", "0.1", "0.10", 123, 123},
		{"finer to coarser, to the nearest", "0.01", "0.1", 1234, 123},
		{"a tie goes up", "0.01", "0.1", 1235, 124},
		{"coarser to finer", "1", "0.05", 7, 140},
		{"a tick of a half", "0.1", "0.5", 13, 3},
		{"below a tick", "0.01", "1", 49, 0},
		{"beyond what is counted", "1", "0.00000001", 100, 0},
	};
	return cr_make_param_array(struct fit_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fit_row *row, tape, fits)
{
	CLEANUP(tape_free) struct tape *tape = tape_of(BEGIN_MS, 1, row->unit);
	struct err err;

	tape->owned[0] = (struct tape_minute){row->price, row->price, row->price, row->price, 1};
	int result = tape_fit(&tape, decimal_literal(row->tick), &err);
	cr_expect(eq(int, result, row->fitted == 0 ? -1 : 0), "%s", row->because);
	if (row->fitted != 0)
		cr_expect(eq(i32, tape->minutes[0].low, row->fitted), "%s", row->because);
}
