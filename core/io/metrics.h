/*
 * metrics - counters, gauges and histograms in shared memory, written as Prometheus text.
 *
 * One anonymous shared segment made before forking holds a row of cells per child slot; a child
 * adds to its own row only, the reader sums all rows, so a counter never falls when a child dies
 * (its row is kept and reused by the next child of that slot). Families are declared in one static
 * table in metrics.c; a name that is not there does not compile (enum). Adding costs one relaxed
 * atomic add.
 */
#ifndef CORE_IO_METRICS_H
#define CORE_IO_METRICS_H

#include "core/base/buffer.h"
#include "core/base/err.h"

#include <stdint.h>

enum metric {
	METRIC_RUNS_SUCCESS,
	METRIC_RUNS_ERROR,
	METRIC_RUNS_SKIPPED,   /* bot_executions_total{status} */
	METRIC_RUN_MS,         /* bot_execution_duration_seconds, histogram */
	METRIC_START_DELAY_MS, /* bot_execution_start_delay_seconds, histogram: due → claimed */
	METRIC_QUEUE_CLAIMS,   /* queue_claims_total */
	METRIC_FENCED,         /* queue_fence_rejected_total */
	METRIC_LEASE_EXPIRED,  /* queue_lease_expired_total */
	METRIC_DEAD,           /* queue_dead_total */
	METRIC_CHILD_EXITS,    /* worker_child_exits_total */
	METRIC_VENUE_REQUESTS, /* exchange_requests_total */
	METRIC_ORDERS_SENT,    /* exchange_orders_total{outcome="sent"} */
	METRIC_ORDERS_REJECTED,
	METRIC_ORDERS_UNKNOWN,
	METRIC_DRIFT,       /* exchange_position_drift_total */
	METRIC_VAULT_OPENS, /* vault_opens_total */
	METRIC_ENQUEUED,
	METRIC_SKIPPED,
	METRIC_MISSED,         /* sched_ticks_total{result} */
	METRIC_TICK_DELAY_MS,  /* sched_tick_delay_seconds, histogram */
	METRIC_LEADER_CHANGES, /* sched_leader_changes_total */
	METRIC_LEADER,         /* sched_leader, gauge */
	METRIC_ENTRIES,        /* sched_entries, gauge */
	METRIC_BUSY,           /* worker_busy, gauge per slot, summed: active_bots */
	METRIC_COUNT
};

struct metrics; /* the shared segment */

/* slots: rows, one per process that writes. Ends the process if it cannot be mapped. */
struct metrics *metrics_new(unsigned slots);
/* Selects this process's row; call after fork. Without it adds are dropped. */
void metrics_use(struct metrics *metrics, unsigned slot);
/* Forgets the gauges of a child that died (its counters stay); called by who reaped it. */
void metrics_release(struct metrics *metrics, unsigned slot);
void metrics_add(enum metric metric, int64_t amount);                     /* counters */
void metrics_set(enum metric metric, int64_t value);                      /* gauges */
void metrics_observe(enum metric metric, int64_t value_ms);               /* histograms */
int64_t metrics_total(const struct metrics *metrics, enum metric metric); /* sum over rows */
/* Prometheus text exposition of all families. */
void metrics_write(const struct metrics *metrics, struct buffer *out);

#endif
