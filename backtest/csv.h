/*
 * csv - one-minute candles from the CSV files that venues and data shops give away.
 *
 * Columns are found by the header's words (time, open, high, low, close, volume; volume in quote
 * currency by its own words), or by position where there is no header (time, open, high, low,
 * close, volume). The separator is the first of comma, semicolon and tab in the first line. Times
 * are seconds, milliseconds, microseconds or nanoseconds (by size), or ISO ("2022-01-05T00:00:00Z",
 * "2022-01-05 00:00:00", UTC). Files whose newest row comes first are turned round.
 *
 * What is wrong is refused with its line: text that is no number, a stamp that is no whole minute
 * or goes back, a high below the close, a minute that stands there twice with different numbers.
 * What is only unhandsome is mended and told (struct csv_report): a minute that stands there twice
 * the same is taken once; missing minutes become flat candles in which nobody can trade.
 */
#ifndef BACKTEST_CSV_H
#define BACKTEST_CSV_H

#include "backtest/tape.h"

#include <stdbool.h>

#define CSV_FINDINGS_MAX 20

struct csv_options {
	bool volume_in_quote;      /* whatever the header says; divided by the minute's close */
	struct decimal price_unit; /* 0: the finest that the file shows, at most 8 places */
};

enum csv_finding_kind { CSV_GAP, CSV_DUPLICATE };

struct csv_finding {
	enum csv_finding_kind kind;
	size_t line; /* the row after the gap, or the second of the two */
	int64_t at_ms;
	int64_t minutes; /* of a gap */
};

struct csv_report {
	size_t rows; /* without the header and empty lines */
	size_t gaps, duplicates;
	int64_t missing_minutes, longest_gap;
	bool header, turned, volume_in_quote;
	const char *time_unit; /* "s", "ms", "us", "ns", "ISO"; static */
	size_t finding_count;  /* the first ones, at most CSV_FINDINGS_MAX */
	struct csv_finding findings[CSV_FINDINGS_MAX];
};

/* The tape has no symbol. Errors name the file and the line; the caller frees. */
MUST_CHECK int csv_read(const char *path, const struct csv_options *options, struct tape **ret,
	struct csv_report *ret_report, struct err *err);

/*
 * A time in one of the forms above. *ret_unit (may be NULL) names the form: "s", "ms", "us", "ns"
 * or "ISO".
 */
MUST_CHECK int csv_time(const char *text, int64_t *ret_ms, const char **ret_unit, struct err *err);

#endif
