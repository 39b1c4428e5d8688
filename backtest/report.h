/*
 * report - a run as one HTML file that needs nothing else: no network, no file beside it.
 *
 * The page and its chart library are built in (page.h); only the data are written here, as JSON,
 * amounts as decimals. The worse path is drawn, both are in the table of figures.
 */
#ifndef BACKTEST_REPORT_H
#define BACKTEST_REPORT_H

#include "backtest/backtest.h"

struct doc;

struct report { /* borrowed for the call */
	const struct backtest_options *options;
	const struct backtest_result *results; /* two: high first, low first */
	const struct record *record;           /* of the worse one */
	const struct doc *assumptions;         /* an object of texts and numbers */
	const char *params;                    /* JSON text */
};

/* The file appears whole or not at all. */
MUST_CHECK int report_write(const struct report *report, const char *path, struct err *err);

/* "high first" and "low first". */
const char *report_path_name(int path);

#endif
