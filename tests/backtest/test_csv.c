/* What candle files look like in the wild, and what is refused in them. */
#include "backtest/csv.h"
#include "tests/backtest/scratch.h"

TestSuite(csv, .init = scratch_open, .fini = scratch_close);

/* 2022-01-05T00:00Z in every spelling. */
#define BEGIN_MS INT64_C(1641340800000)

struct good {
	char because[80];
	char text[400];
	int64_t begin_ms;
	size_t count;
	int32_t close[2]; /* of the first two minutes, in the file's unit */
	int64_t volume;   /* of the first */
	char price_unit[16];
};

ParameterizedTestParameters(csv, reads)
{
	static struct good rows[] = {
		{"our own header and milliseconds",
			"timestamp_ms,open,high,low,close,volume\n"
			"1641340800000,10,12,9,11.5,1\n1641340860000,11.5,12,11,12,2\n",
			BEGIN_MS, 2, {115, 120}, 100000000, "0.1"},
		{"no header: columns by position, seconds, more columns than needed",
			"1641340800,10,12,9,11,1.5,99,x\n1641340860,11,12,11,12,2,99,y\n", BEGIN_MS,
			2, {11, 12}, 150000000, "1"},
		{"microseconds", "1641340800000000,1,1,1,1,0\n", BEGIN_MS, 1, {1}, 0, "1"},
		{"columns in another order, words in capitals, ISO time, semicolons, CRLF",
			"Volume;Close;Low;High;Open;Date\r\n2;11;9;12;10;2022-01-05T00:00:00Z\r\n",
			BEGIN_MS, 1, {11}, 200000000, "1"},
		{"ISO with a blank, quoted",
			"time,open,high,low,close,volume\n\"2022-01-05 00:00:00\",1,2,1,2,5\n",
			BEGIN_MS, 1, {2}, 500000000, "1"},
		{"a float's way to write a whole number, as pandas does",
			"time,open,high,low,close,volume\n1641340800000.0,1,2,1,2,5\n", BEGIN_MS, 1,
			{2}, 500000000, "1"},
		{"volume in quote currency by its header: divided by the close",
			"time,open,high,low,close,Volume USDT\n1641340800000,10,10,8,8,20\n",
			BEGIN_MS, 1, {8}, 250000000, "1"},
		{"both volumes: the base one counts",
			"unix,open,high,low,close,quote_volume,volume\n"
			"1641340800,10,10,8,8,20,3\n",
			BEGIN_MS, 1, {8}, 300000000, "1"},
		{"the newest row first",
			"time,open,high,low,close,volume\n1641340860,5,5,5,5,2\n"
			"1641340800,4,4,4,4,1\n",
			BEGIN_MS, 2, {4, 5}, 100000000, "1"},
		{"trailing zeros are no precision",
			"time,open,high,low,close,volume\n"
			"1641340800,4.50000000,4.5,4.50,4.500,1\n",
			BEGIN_MS, 1, {45}, 100000000, "0.1"},
		{"no volume column at all: nobody trades",
			"time,open,high,low,close\n1641340800,4,4,4,4\n", BEGIN_MS, 1, {4}, 0, "1"},
		{"blank lines and no line end at the end",
			"time,open,high,low,close,volume\n\n1641340800,4,4,4,4,1\n\n"
			"1641340860,5,5,5,5,1",
			BEGIN_MS, 2, {4, 5}, 100000000, "1"},
		{"a coin that is counted by the milliard gives up places of its volume",
			"time,open,high,low,close,volume\n"
			"1641340800,0.00001,0.00001,0.00001,0.00001,5.5\n"
			"1641340860,0.00002,0.00002,0.00002,0.00002,1000000000000\n",
			BEGIN_MS, 2, {1, 2}, 55000, "0.00001"},
	};
	return cr_make_param_array(struct good, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct good *row, csv, reads, .init = scratch_open, .fini = scratch_close)
{
	const struct csv_options options = {0};
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct csv_report report;
	struct err err;

	const char *path = scratch_write("candles.csv", row->text);
	cr_assert(zero(int, csv_read(path, &options, &tape, &report, &err)), "%s: %s", row->because,
		err.message);
	cr_expect(eq(i64, tape->begin_ms, row->begin_ms), "%s", row->because);
	cr_expect(eq(sz, tape->count, row->count), "%s", row->because);
	for (size_t i = 0; i < row->count; i++)
		cr_expect(eq(i32, tape->minutes[i].close, row->close[i]), "%s: minute %zu",
			row->because, i);
	cr_expect(eq(i64, tape->minutes[0].volume, row->volume), "%s", row->because);
	cr_expect(decimal_equal(tape->price_unit, decimal_literal(row->price_unit)), "%s: %s",
		row->because, DECIMAL_TEXT(tape->price_unit));
}

struct bad {
	char text[240];
	char says[96];
};

#define HEAD "time,open,high,low,close,volume\n"

ParameterizedTestParameters(csv, refuses)
{
	static struct bad rows[] = {
		{"", "there is no candle in it"},
		{HEAD, "there is no candle in it"},
		{"time,open,high,close,volume\n1641340800,1,1,1,1\n", "line 1: the header has no "
								      "column for low"},
		{"1641340800,1,1,1\n", "line 1: expected time, open, high, low, close"},
		{HEAD "1641340800,1,1,1,1\n", "line 2: the row has only 5 columns"},
		{HEAD "1641340800,1,2,1,x,1\n", "line 2: close: "},
		{HEAD "1641340800,0,2,0,1,1\n", "line 2: open is not above zero"},
		{HEAD "1641340800,-1,2,1,1,1\n", "line 2: open is below zero"},
		{HEAD "1641340800,1,2,1,1,-1\n", "line 2: volume is below zero"},
		{HEAD "1641340800,2,1,1,1,1\n", "line 2: high is below open or close"},
		{HEAD "1641340800,2,3,2,1,1\n", "line 2: low is above open or close"},
		{HEAD "1641340801,1,1,1,1,1\n", "line 2: time 1641340801 is not the start of a "
						"minute"},
		{HEAD "yesterday,1,1,1,1,1\n", "line 2: time: expected a number or"},
		{HEAD "-5,1,1,1,1,1\n", "line 2: time is not of 1970 to 2100"},
		{HEAD "1641340800,1,1,1,1,1\n1641340920,1,1,1,1,1\n1641340860,1,1,1,1,1\n",
			"line 4: time goes back"},
		{HEAD "1641340800,1,1,1,1,1\n1641340860,1,1,1,1,1\n1641340860,1,2,1,1,1\n",
			"line 4: the minute of line 3 stands here again, with other numbers"},
		{HEAD "1641340800,1,1,1,1,1\n1641340860,30000000,30000000,30000000,30000000."
		      "00000001,"
		      "1\n",
			"line 3: high is below open or close"},
		{HEAD "1641340800,1.00000001,2,1,1,1\n1641340860,30000000,30000000,30000000,"
		      "30000000,1\n",
			"line 3: a price is below, or more than"},
		{HEAD "1641340800,1e-5,1,1,1,1\n", "line 2: open: "},
	};
	return cr_make_param_array(struct bad, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct bad *row, csv, refuses, .init = scratch_open, .fini = scratch_close)
{
	const struct csv_options options = {0};
	struct tape *tape = NULL;
	struct csv_report report;
	struct err err;

	const char *path = scratch_write("candles.csv", row->text);
	cr_assert(eq(int, csv_read(path, &options, &tape, &report, &err), -1), "%s", row->says);
	cr_expect(strstr(err.message, row->says) != NULL, "\"%s\" does not say \"%s\"", err.message,
		row->says);
	cr_expect(strstr(err.message, "candles.csv") != NULL, "the file is named");
}

Test(csv, tells_gaps_and_repeated_minutes_with_their_lines)
{
	const struct csv_options options = {0};
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct csv_report report;
	struct err err;

	const char *path = scratch_write("candles.csv",
		HEAD "1641340800,1,1,1,1,1\n" /* 00:00 */
		     "1641340800,1,1,1,1,1\n" /* again, the same */
		     "1641341100,2,3,2,3,1\n" /* 00:05: four are missing */
		     "1641341220,4,4,4,4,1\n" /* 00:07: one is missing */);
	cr_assert(zero(int, csv_read(path, &options, &tape, &report, &err)), "%s", err.message);
	cr_expect(eq(sz, report.rows, 4));
	cr_expect(eq(sz, report.duplicates, 1));
	cr_expect(eq(sz, report.gaps, 2));
	cr_expect(eq(i64, report.missing_minutes, 5));
	cr_expect(eq(i64, report.longest_gap, 4));
	cr_assert(eq(sz, report.finding_count, 3));
	cr_expect(eq(sz, report.findings[0].line, 3));
	cr_expect(eq(sz, report.findings[1].line, 4));
	cr_expect(eq(i64, report.findings[1].minutes, 4));
	cr_expect(eq(i64, report.findings[2].at_ms, BEGIN_MS + 7 * 60000));

	cr_assert(eq(sz, tape->count, 8));
	cr_expect(eq(sz, tape_missing(tape), 5));
	for (int i = 1; i <= 4; i++) {
		cr_expect(eq(i64, tape->minutes[i].volume, TAPE_MISSING));
		cr_expect(eq(i32, tape->minutes[i].high, 1), "it stands at the last close");
	}
	cr_expect(eq(i32, tape->minutes[6].low, 3));
}

Test(csv, the_real_candles_are_read_whole)
{
	const struct csv_options options = {.volume_in_quote = true};
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct csv_report report;
	struct err err;

	cr_assert(zero(int, csv_read(TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv",
				    &options, &tape, &report, &err)),
		"%s", err.message);
	cr_expect(eq(sz, report.rows, 45031));
	cr_expect(zero(sz, report.gaps + report.duplicates));
	cr_expect(eq(sz, tape->count, 45031));
	cr_assert(zero(int, tape_fit(&tape, decimal_literal("0.1"), &err)), "%s", err.message);
	int32_t high = 0, low = INT32_MAX;
	for (size_t i = 0; i < tape->count; i++) {
		high = tape->minutes[i].high > high ? tape->minutes[i].high : high;
		low = tape->minutes[i].low < low ? tape->minutes[i].low : low;
	}
	/* data/candles/NOTICE: high 48,080, low 32,837. */
	cr_expect(eq(i32, high, 480800));
	cr_expect(eq(i32, low, 328370));
}

Test(csv, a_unit_that_is_asked_for_is_taken)
{
	const struct csv_options options = {.price_unit = {5, 1}};
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct csv_report report;
	struct err err;

	const char *path = scratch_write("candles.csv", HEAD "1641340800,1.26,1.8,1.2,1.74,1\n");
	cr_assert(zero(int, csv_read(path, &options, &tape, &report, &err)), "%s", err.message);
	cr_expect(eq(i32, tape->minutes[0].open, 3), "1.26 is nearest to 1.5");
	cr_expect(eq(i32, tape->minutes[0].close, 3), "1.74 too");
	cr_expect(eq(i32, tape->minutes[0].high, 4));
}
