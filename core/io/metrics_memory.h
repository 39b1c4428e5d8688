/*
 * metrics_memory - how the shared segment of metrics is laid out. For the files of this room only.
 *
 *	struct metrics | row of slot 0 | … | row of slot n - 1 | row of the last writers | bots
 *
 * Everything is written by relaxed atomic operations and read without a lock: a scrape sees each
 * cell as it is at that moment.
 */
#ifndef CORE_IO_METRICS_MEMORY_H
#define CORE_IO_METRICS_MEMORY_H

#include "core/io/metrics_family.h"

#include <stdatomic.h>

#define METRICS_UNSET INT64_MIN /* a gauge that nobody has set */
#define METRICS_RUN_STATUSES 3

struct metrics_bot {
	_Atomic uint64_t key; /* hash of the name; 0: free */
	_Atomic bool named;
	char name[40];
	_Atomic int64_t counts[METRICS_RUN_STATUSES]; /* in the order of the label's values */
};

struct metrics {
	size_t size_bytes;
	enum metrics_process process;
	unsigned slots;
	unsigned bots_max;
	_Atomic unsigned bots_used;
	struct metrics_bot others; /* bots beyond the cap */
	_Atomic int64_t *cells;    /* the mapping stands at the same address in every child */
	struct metrics_bot *bots;
};

/* A cell of the family, over all rows; place counts within the family. */
int64_t metrics_cell(const struct metrics *metrics, enum metric metric, unsigned place);

/* Places in the table of bots, free ones included. */
size_t metrics_bots(const struct metrics *metrics);

#endif
