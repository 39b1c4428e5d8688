/*
 * metrics - counters, gauges and histograms in shared memory, written as Prometheus text.
 *
 * One anonymous shared segment made before forking holds a row of cells for each process that
 * counts; a process adds to its own row only, the reader sums all rows. So a counter never falls
 * when a child dies (its row is kept and reused by the next child of that slot), and a scrape asks
 * nobody: it reads memory, also while every runner is stuck. Adding costs one relaxed atomic add.
 *
 * Families stand in one static table (metrics_family.c), with the values that each label may have;
 * a name that is not there does not compile (enum), a label's value that is not there counts as
 * "other". docs/metrics.md is written from that table.
 *
 * Labels are given after the amount, in the table's order:
 *
 *	metrics_add(METRIC_RUNS, 1, "success");
 *	metrics_observe(METRIC_RUN_DURATION, duration_ms);
 *
 * Thread-safe. Without metrics_use (commands, tests of other rooms) nothing is counted.
 */
#ifndef CORE_IO_METRICS_H
#define CORE_IO_METRICS_H

#include "core/base/buffer.h"
#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define METRICS_LABELS_MAX 3
#define METRICS_BOTS_MAX 10000

/* Their names, types, labels and units: metrics_family.c. Amounts in ms, in millionths of a quote
 * coin, or plain, as the comment says. */
enum metric {
	/* runs */
	METRIC_RUNS,         /* bot_executions_total{status} */
	METRIC_RUN_DURATION, /* ms */
	METRIC_RUN_DELAY,    /* ms */
	METRIC_ACTIVE,
	/* worker */
	METRIC_CHILDREN,
	METRIC_CHILD_EXITS,
	METRIC_BUSY_RATIO, /* thousandths */
	METRIC_DRAINING,
	METRIC_WORKER_READY,
	METRIC_KEEPER_LAG, /* ms */
	METRIC_POLL_AGE,   /* ms */
	METRIC_RUNNER_MEMORY,
	METRIC_WORKER_CLOCK, /* ms */
	/* queue */
	METRIC_QUEUE_CLAIMS,
	METRIC_LEASE_EXPIRED,
	METRIC_FENCED,
	METRIC_DEAD,
	METRIC_QUEUE_RECONNECTS,
	METRIC_QUEUE_DEPTH,
	METRIC_QUEUE_OLDEST, /* ms */
	METRIC_QUEUE_DEAD,
	METRIC_REDIS_MEMORY,
	METRIC_REDIS_MEMORY_MAX,
	METRIC_REDIS_EVICTED,
	METRIC_REDIS_WRITE_FAILED,
	/* scheduler */
	METRIC_TICKS,
	METRIC_MISSED,
	METRIC_TICK_DELAY, /* ms */
	METRIC_LEADER,
	METRIC_LEADER_EPOCH,
	METRIC_LEADER_CHANGES,
	METRIC_SCHED_LAG, /* ms */
	METRIC_ENTRIES,
	METRIC_SCHED_WAITING,
	METRIC_LAST_TICK,   /* ms since the epoch */
	METRIC_SCHED_CLOCK, /* ms */
	METRIC_SCHED_READY,
	/* venues */
	METRIC_VENUE_REQUESTS,
	METRIC_VENUE_DURATION, /* ms */
	METRIC_VENUE_ERRORS,
	METRIC_RATE_REMAINING,
	METRIC_RATE_REFUSED,
	METRIC_BANNED_UNTIL, /* ms since the epoch */
	METRIC_VENUE_CLOCK,  /* ms */
	METRIC_CERTIFICATE,  /* ms since the epoch */
	METRIC_ORDERS,
	METRIC_ORDERS_UNKNOWN,
	METRIC_ORDERS_OPEN,
	METRIC_STOPS_FAILED,
	METRIC_DRIFT,
	METRIC_DRIFTED,
	METRIC_UNATTENDED,
	/* money */
	METRIC_TRADE_PNL,    /* millionths */
	METRIC_TRADE_PROFIT, /* millionths */
	METRIC_TRADE_LOSS,   /* millionths */
	METRIC_TRADES,
	METRIC_TRADE_VOLUME, /* millionths */
	METRIC_TRADE_FEES,   /* millionths */
	METRIC_USAGE,
	METRIC_TENANTS,
	METRIC_BOTS,
	/* security */
	METRIC_VAULT_OPENS,
	METRIC_AUTH_FAILURES,
	METRIC_RLS_VIOLATIONS,
	/* database */
	METRIC_DB_STATEMENTS,
	METRIC_DB_DURATION, /* ms */
	METRIC_DB_RECONNECTS,
	METRIC_DB_CONNECTIONS,
	METRIC_DB_CONNECTIONS_MAX,
	METRIC_DB_SIZE,
	METRIC_DB_REPLICAS,
	METRIC_DB_REPLICATION_LAG, /* ms */
	METRIC_DB_CONFIRMED,
	/* every process */
	METRIC_API_DURATION, /* ms */
	METRIC_API_REQUESTS,
	METRIC_LOG_LINES,
	METRIC_LOG_SUPPRESSED,
	METRIC_PROCESS_START, /* ms since the epoch */
	METRIC_PROCESS_MEMORY,
	METRIC_BUILD,
	METRIC_COUNT
};

enum metrics_process { METRICS_WORKER = 1, METRICS_SCHEDULER = 2, METRICS_BOTH = 3 };

struct metrics; /* the shared segment */

struct metrics_options {
	enum metrics_process process; /* whose families are written out */
	unsigned slots;               /* rows, one per process that counts */
	/*
	 * Bots that get a series of their own in bot_executions_total; 0: none, the label bot_id
	 * is not there. What comes above is counted under bot_id "other".
	 */
	unsigned bots_max;
};

/* Ends the process if memory cannot be mapped. */
struct metrics *metrics_new(const struct metrics_options *options);
void metrics_free(struct metrics **metrics);
/* Selects this process's row; call after fork. */
void metrics_use(struct metrics *metrics, unsigned slot);
/* Forgets the gauges of a child that died (its counters stay); called by who reaped it. */
void metrics_release(struct metrics *metrics, unsigned slot);

/*
 * A counter, a gauge, a histogram. A gauge of many processes is their sum, or one cell that the
 * last writer has set (the table says which). metrics_unset takes a gauge out of the exposition
 * until it is set again: what is not known is not zero.
 */
#define metrics_add(metric, amount, ...)                                                           \
	metrics_add_to((metric), (amount), (const char *const[METRICS_LABELS_MAX]){__VA_ARGS__})
#define metrics_set(metric, value, ...)                                                            \
	metrics_set_to((metric), (value), (const char *const[METRICS_LABELS_MAX]){__VA_ARGS__})
#define metrics_unset(metric, ...)                                                                 \
	metrics_unset_of((metric), (const char *const[METRICS_LABELS_MAX]){__VA_ARGS__})
#define metrics_observe(metric, value, ...)                                                        \
	metrics_observe_in((metric), (value), (const char *const[METRICS_LABELS_MAX]){__VA_ARGS__})
/* Sum over rows; of a histogram the count of its observations. */
#define metrics_total(metrics, metric, ...)                                                        \
	metrics_total_of((metrics), (metric), (const char *const[METRICS_LABELS_MAX]){__VA_ARGS__})

void metrics_add_to(enum metric metric, int64_t amount, const char *const *labels);
void metrics_set_to(enum metric metric, int64_t value, const char *const *labels);
void metrics_unset_of(enum metric metric, const char *const *labels);
void metrics_observe_in(enum metric metric, int64_t value, const char *const *labels);
int64_t metrics_total_of(
	const struct metrics *metrics, enum metric metric, const char *const *labels);

/* A run of a bot that ended so: also in its own series, where bots have one. */
void metrics_count_run(const char *bot, const char *status);

/* Named by main; texts are kept, not copied. */
void metrics_build(const char *version, const char *commit);

/* Prometheus text exposition (version 0.0.4) of the process's families. */
void metrics_write(const struct metrics *metrics, struct buffer *out);

struct metrics_entry { /* one family, for people */
	const char *name;
	const char *type;    /* "counter", "gauge", "histogram" */
	const char *process; /* "worker", "scheduler", "both" */
	char labels[512];    /* "`status`: success, error, skipped"; "" */
	const char *help;
};
/* The family at index; false past the end. */
bool metrics_entry(unsigned index, struct metrics_entry *ret);

/* All families as a table in Markdown: docs/metrics.md. */
void metrics_describe(struct buffer *out);

#endif
