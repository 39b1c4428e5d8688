/*
 * figures - how much there is of what, across all tenants, and how Postgres is: for the metrics.
 *
 * Counted every few seconds by the scheduler that leads, with its rights. Nothing decides anything
 * by these figures.
 */
#ifndef CORE_STORE_FIGURES_H
#define CORE_STORE_FIGURES_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;

struct figures {
	int64_t tenants;                           /* active */
	int64_t running, paused, blocked, stopped; /* bots */
	int64_t orders_open;
	int64_t orders_unknown;               /* for longer than 30 s */
	int64_t dead_letters;                 /* that wait for a person */
	int64_t drifted;                      /* legs */
	int64_t unattended;                   /* bots with a position that nobody manages */
	int64_t connections, connections_max; /* of the whole server */
	int64_t size_bytes;                   /* of this database */
	int64_t replicas;
	bool lag_known; /* seen by members of pg_read_all_stats only */
	int64_t lag_ms; /* of the standby that is furthest behind */
	bool confirmed; /* the restore fence is open */
};
MUST_CHECK int figures_read(struct postgres *postgres, struct figures *ret, struct err *err);

#endif
