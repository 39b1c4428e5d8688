#include "simulator/candles.h"
#include "simulator/instrument.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD(text) ((char *)(uintptr_t)(text))

/* --- files ---------------------------------------------------------------------------------- */

struct file_row {
	char because[48];
	char text[256];
	char error[80]; /* a part of the message; "": it is accepted */
};

#define HEADER "timestamp_ms,open,high,low,close,volume\n"

ParameterizedTestParameters(candles, checks_a_file_whole)
{
	static struct file_row rows[] = {
		{"two minutes", HEADER "60000,1,2,1,2,5\n120000,2,2,2,2,0\n", ""},
		{"line ends of another system", HEADER "60000,1,2,1,2,5\r\n120000,2,2,2,2,0\r\n",
			""},
		{"no header", "60000,1,2,1,2,5\n", "line 1: expected the header"},
		{"nothing at all", "", "line 1: the file is empty"},
		{"no row", HEADER, "line 2: no candle"},
		{"a gap", HEADER "60000,1,2,1,2,5\n180000,2,2,2,2,0\n",
			"line 3: 1 minutes are missing"},
		{"a repeated minute", HEADER "60000,1,2,1,2,5\n60000,2,2,2,2,0\n",
			"line 3: timestamp_ms is there twice"},
		{"time that goes back", HEADER "120000,1,2,1,2,5\n60000,2,2,2,2,0\n",
			"line 3: timestamp_ms goes back"},
		{"no minute's start", HEADER "60001,1,2,1,2,5\n", "line 2: timestamp_ms 60001"},
		{"a high below the close", HEADER "60000,1,1,1,2,5\n", "line 2: high is below"},
		{"a low above the open", HEADER "60000,1,3,2,2,5\n", "line 2: low is above"},
		{"a price of 0", HEADER "60000,0,3,0,2,5\n", "line 2: open: 0 is not above 0"},
		{"a price below 0", HEADER "60000,-1,3,1,2,5\n",
			"line 2: open: -1 is out of range"},
		{"a price with an exponent", HEADER "60000,1e3,3,1,2,5\n", "line 2: open"},
		{"a missing column", HEADER "60000,1,2,1,2\n", "line 2: expected 6 columns, got 5"},
		{"one column too many", HEADER "60000,1,2,1,2,5,6\n",
			"line 2: expected 6 columns, got 7"},
		{"an empty line", HEADER "60000,1,2,1,2,5\n\n", "line 3: expected 6 columns"},
		{"a stamp that is no number", HEADER "soon,1,2,1,2,5\n", "line 2: timestamp_ms"},
		{"a volume below 0", HEADER "60000,1,2,1,2,-5\n", "line 2: volume"},
	};
	return cr_make_param_array(struct file_row, rows, sizeof rows / sizeof rows[0]);
}

static int load_text(
	const char *text, bool quote, struct decimal tick, struct candles **ret, struct err *err)
{
	struct candles_source source = {
		.file = "/tmp/botbeat-candles-XXXXXX", .volume_in_quote = quote};
	int fd = mkstemp(source.file);

	cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
	(void)close(fd);
	int result = candles_load(&source, tick, ret, err);
	(void)unlink(source.file);
	return result;
}

ParameterizedTest(struct file_row *row, candles, checks_a_file_whole)
{
	struct candles *candles = NULL;
	struct err err = {.message = ""};

	int result = load_text(row->text, false, decimal_literal("0.1"), &candles, &err);
	cr_expect(eq(int, result, row->error[0] == '\0' ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(ne(ptr, strstr(err.message, row->error), NULL), "%s: %s", row->because,
		err.message);
	candles_free(&candles);
}

Test(candles, prices_come_to_the_tick_and_quote_volume_to_base)
{
	struct candles *candles = NULL;
	struct err err;

	cr_assert(zero(int, load_text(HEADER "60000,100.04,100.16,99.95,100.05,1000.5\n", true,
				    decimal_literal("0.1"), &candles, &err)));
	cr_expect(eq(str, WORD(DECIMAL_TEXT(candles->items[0].open)), WORD("100.0")));
	cr_expect(eq(str, WORD(DECIMAL_TEXT(candles->items[0].high)), WORD("100.2")));
	cr_expect(eq(str, WORD(DECIMAL_TEXT(candles->items[0].close)), WORD("100.1")));
	/* 1000.5 / 100.1 */
	cr_expect(eq(str, WORD(DECIMAL_TEXT(candles->items[0].volume)), WORD("9.99500500")));
	candles_free(&candles);
}

struct shipped {
	char file[48];
	int rows;
};

ParameterizedTestParameters(candles, the_shipped_files_are_whole)
{
	static struct shipped rows[] = {
		{"btcusd_perp_ftx_1m_2022-01.csv", 45031},
		{"btcusdt_spot_bybit_1m_2022-12-13.csv", 1440},
	};
	return cr_make_param_array(struct shipped, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct shipped *row, candles, the_shipped_files_are_whole)
{
	struct candles_source source = {.file = ""};
	struct candles *candles = NULL;
	struct err err;

	(void)snprintf(
		source.file, sizeof source.file, "%s/data/candles/%s", TEST_SOURCE_DIR, row->file);
	cr_assert(zero(int, candles_load(&source, decimal_literal("0.1"), &candles, &err)), "%s",
		err.message);
	cr_expect(eq(sz, candles->count, (size_t)row->rows));
	candles_free(&candles);
}

Test(candles, a_file_that_is_not_there_is_named)
{
	struct candles_source source = {.file = "/nowhere/candles.csv"};
	struct candles *candles = NULL;
	struct err err;

	cr_assert(eq(int, candles_load(&source, decimal_literal("0.1"), &candles, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_CONFIG));
	cr_expect(ne(ptr, strstr(err.message, "/nowhere/candles.csv"), NULL));
}

/* --- instruments ---------------------------------------------------------------------------- */

struct instrument_row {
	char because[40];
	char text[80];
	char error[48];
};

ParameterizedTestParameters(instrument, parses)
{
	static struct instrument_row rows[] = {
		{"symbol and file", "BTCUSDT=a.csv", ""},
		{"all options",
			"BTCUSDT=a.csv,volume=quote,shift=-30,tick=0.5,lot=0.01,funding=-0.001",
			""},
		{"no file", "BTCUSDT", "expected SYMBOL=FILE"},
		{"an empty file", "BTCUSDT=", "no file"},
		{"a symbol in lower case", "btcusdt=a.csv", "symbol \"btcusdt\""},
		{"an option that is not there", "BTCUSDT=a.csv,colour=red", "\"colour\""},
		{"a volume that is neither", "BTCUSDT=a.csv,volume=both", "volume must be"},
		{"a shift that is no number", "BTCUSDT=a.csv,shift=1d", "shift must be"},
		{"a tick of 0", "BTCUSDT=a.csv,tick=0", "tick must be above 0"},
		{"a lot below 0", "BTCUSDT=a.csv,lot=-1", "lot must be above 0"},
		{"a wild funding rate", "BTCUSDT=a.csv,funding=0.5", "funding must be"},
		{"an option without a value", "BTCUSDT=a.csv,tick", "tick"},
	};
	return cr_make_param_array(struct instrument_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct instrument_row *row, instrument, parses)
{
	struct instrument instrument;
	struct err err = {.message = ""};

	int result = instrument_parse(row->text, &instrument, &err);
	cr_expect(eq(int, result, row->error[0] == '\0' ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(ne(ptr, strstr(err.message, row->error), NULL), "%s: %s", row->because,
		err.message);
}

Test(instrument, every_tiers_deduction_keeps_the_margin_from_jumping)
{
	struct instrument instrument;

	instrument_default("ETHUSDT", &instrument);
	const struct rules *rules = &instrument.rules;
	for (size_t i = 1; i < rules->tier_count; i++) {
		struct decimal limit = rules->tiers[i - 1].limit;
		struct decimal below = decimal_sub(
			decimal_mul(limit, rules->tiers[i - 1].maintenance_rate),
			rules->tiers[i - 1].deduction);
		struct decimal above = decimal_sub(
			decimal_mul(limit, rules->tiers[i].maintenance_rate),
			rules->tiers[i].deduction);
		cr_expect(decimal_equal(below, above), "tier %zu", i);
	}
}
