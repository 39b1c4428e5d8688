/*
 * metrics_family - the one table of all metrics: names, types, units, labels, buckets, words.
 *
 * For the files of this room only. The names are a contract: dashboards, alerts and docs/metrics.md
 * go by them.
 */
#ifndef CORE_IO_METRICS_FAMILY_H
#define CORE_IO_METRICS_FAMILY_H

#include "core/io/metrics.h"

#include <stddef.h>

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

/* What one of the exposition is in cells: a second is 1000 there, a coin is 1,000,000. */
enum metrics_scale { METRICS_ONE = 1, METRICS_MILLI = 1000, METRICS_MICRO = 1000000 };

struct metrics_label {
	const char *name;
	unsigned count;
	const char *values[32]; /* if the last is "other", it stands for all that are not listed */
};

struct metrics_bounds {
	unsigned count;
	struct {
		int64_t upper; /* in cells' unit */
		const char *text;
	} items[20];
};

struct metrics_family {
	const char *name;
	enum metrics_kind kind;
	enum metrics_scale scale;
	enum metrics_process process;
	bool last; /* a gauge of one cell that the last writer set; else the sum of all writers */
	const struct metrics_label *labels[METRICS_LABELS_MAX];
	const struct metrics_bounds *bounds; /* of a histogram */
	const char *help;
};

extern const struct metrics_family metrics_families[METRIC_COUNT];

/* Series of a family: the product of its labels' values, at least 1. */
unsigned metrics_family_series(const struct metrics_family *family);
/* Cells of one series. A histogram's: its buckets, +Inf the last, then the sum. */
unsigned metrics_family_cells(const struct metrics_family *family);
/* The place among its series. Ends the process if labels are missing or too many. */
unsigned metrics_family_place(const struct metrics_family *family, const char *const *labels);

#endif
