/*
 * glance - one look at the whole system, for `botbeat top`: read it, print it.
 *
 * What could not be read is missing and says why; a look never fails, because whoever watches wants
 * to see the rest, and the trouble. Parts keep their former value until they are read again.
 */
#ifndef CLI_GLANCE_H
#define CLI_GLANCE_H

#include "core/queue/queue.h"
#include "core/store/activity.h"

#include <stdbool.h>
#include <stdint.h>

struct doc;
struct postgres;
struct postgres_result;

struct glance { /* begin with {0}; glance_done frees */
	bool has_activity, has_queue;
	struct activity activity;
	struct queue_depth queue;
	struct postgres_result *running, *trades, *tenants; /* NULL: never read */
	struct err database_err, queue_err; /* of the last look; code ERR_NONE: it worked */
	int64_t totals_after_mono_ms;       /* when the costly part is read again */
};

/* Reads everything. lists false: figures and totals only. queue NULL: there is none. */
void glance_look(struct glance *glance, struct postgres *postgres, struct queue *queue, bool lists);
void glance_done(struct glance *glance);

/* Runs per second of the window, in tenths. */
int64_t glance_runs_per_10s(const struct glance *glance);

/* The only numbers of a tenants row that need no tenant: of all. "0" before the first reading. */
const char *glance_trades(const struct glance *glance);
const char *glance_net_pnl(const struct glance *glance);

/* One line on standard output. */
void glance_print(const struct glance *glance);

/* One document; the caller frees. */
struct doc *glance_doc(const struct glance *glance);

#endif
