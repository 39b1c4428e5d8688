#include "core/base/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

struct text_row {
	char because[48];
	int64_t utc_ms;
	char text[CLOCK_TEXT_SIZE];
};

ParameterizedTestParameters(clock, writes_and_reads_back)
{
	static struct text_row rows[] = {
		{"the epoch", 0, "1970-01-01T00:00:00.000Z"},
		{"a day like any other", 1795341846123, "2026-11-22T10:04:06.123Z"},
		{"before the epoch", -1, "1969-12-31T23:59:59.999Z"},
		{"the last of February in a leap year", 1709251199999, "2024-02-29T23:59:59.999Z"},
		{"the day after", 1709251200000, "2024-03-01T00:00:00.000Z"},
		{"a century that is a leap year", 951782400000, "2000-02-29T00:00:00.000Z"},
		{"a century that is none", 4107542400000, "2100-03-01T00:00:00.000Z"},
		{"the last second of a year", 1735689599000, "2024-12-31T23:59:59.000Z"},
		{"the first year", -62135596800000, "0001-01-01T00:00:00.000Z"},
		{"the last year of four digits", 253402300799999, "9999-12-31T23:59:59.999Z"},
	};
	return cr_make_param_array(struct text_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct text_row *row, clock, writes_and_reads_back)
{
	char text[CLOCK_TEXT_SIZE];
	(void)clock_text(row->utc_ms, text, sizeof text);
	cr_expect(eq(str, text, row->text), "%s", row->because);

	int64_t utc_ms = 1;
	cr_expect(eq(int, clock_parse(row->text, &utc_ms), 0), "%s", row->because);
	cr_expect(eq(i64, utc_ms, row->utc_ms), "%s", row->because);
}

Test(clock, the_ends_of_time_fit_into_the_text)
{
	char text[CLOCK_TEXT_SIZE];
	(void)clock_text(INT64_MAX, text, sizeof text);
	cr_expect(eq(str, text, "292278994-08-17T07:12:55.807Z"));
	(void)clock_text(INT64_MIN, text, sizeof text);
	cr_expect(eq(str, text, "-292275055-05-16T16:47:04.192Z"));
}

Test(clock, agrees_with_the_library_on_every_day_of_four_centuries)
{
	for (int64_t day = -100000; day < 60000; day++) {
		time_t seconds = (time_t)(day * 86400 + 3723);
		struct tm tm;
		(void)gmtime_r(&seconds, &tm);
		char expected[CLOCK_TEXT_SIZE];
		(void)strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &tm);

		char text[CLOCK_TEXT_SIZE];
		(void)clock_text(seconds * 1000LL, text, sizeof text);
		cr_assert(eq(str, text, expected));
		int64_t utc_ms;
		cr_assert(eq(int, clock_parse(text, &utc_ms), 0));
		cr_assert(eq(i64, utc_ms, seconds * 1000LL));
	}
}

struct parse_row {
	char because[48];
	char text[40];
	int64_t utc_ms; /* -1: refused */
};

ParameterizedTestParameters(clock, parses)
{
	static struct parse_row rows[] = {
		{"milliseconds are optional", "1970-01-02T00:00:01Z", 86401000},
		{"seconds are optional", "1970-01-02T00:01Z", 86460000},
		{"UTC must be said", "1970-01-02T00:01:00", -1},
		{"other zones are refused", "1970-01-02T00:01:00+01:00", -1},
		{"a date alone is no time", "1970-01-02", -1},
		{"nor with a Z", "1970-01-02Z", -1},
		{"nothing may follow", "1970-01-02T00:01:00Zx", -1},
		{"nothing may precede", " 1970-01-02T00:01:00Z", -1},
		{"milliseconds have three digits", "1970-01-02T00:01:00.5Z", -1},
		{"milliseconds follow seconds", "1970-01-02T00:01.500Z", -1},
		{"no 13th month", "1970-13-02T00:01:00Z", -1},
		{"no month 0", "1970-00-02T00:01:00Z", -1},
		{"no 31st of April", "2026-04-31T00:00:00Z", -1},
		{"no 29th of February in 2026", "2026-02-29T00:00:00Z", -1},
		{"no day 0", "2026-02-00T00:00:00Z", -1},
		{"no hour 24", "2026-02-01T24:00:00Z", -1},
		{"no minute 60", "2026-02-01T23:60:00Z", -1},
		{"no second 60", "2026-02-01T23:59:60Z", -1},
		{"signs are not digits", "+026-02-01T23:59:00Z", -1},
		{"empty", "", -1},
		{"cut short", "2026-02-0", -1},
	};
	return cr_make_param_array(struct parse_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct parse_row *row, clock, parses)
{
	int64_t utc_ms = -1;
	int result = clock_parse(row->text, &utc_ms);

	cr_expect(eq(int, result, row->utc_ms == -1 ? -1 : 0), "%s", row->because);
	cr_expect(eq(i64, utc_ms, row->utc_ms), "%s", row->because);
}

Test(clock, the_machines_clocks_run)
{
	const struct clock *clock = clock_system();
	int64_t before_ms = clock_mono_ms(clock);
	clock_sleep_ms(clock, 2);

	cr_expect(ge(i64, clock_mono_ms(clock), before_ms + 2));
	cr_expect(gt(i64, clock_utc_ms(clock), 1700000000000));
	clock_sleep_ms(clock, -5); /* at once */
}

static void ignore(int number)
{
	(void)number;
}

Test(clock, a_signal_ends_the_sleep, .timeout = 20)
{
	struct sigaction action = {.sa_handler = ignore};
	cr_assert(eq(int, sigaction(SIGALRM, &action, NULL), 0));
	const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
	cr_assert(eq(int, setitimer(ITIMER_REAL, &soon, NULL), 0));

	clock_sleep_ms(clock_system(), 60000);
}
