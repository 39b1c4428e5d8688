#include "core/io/metrics.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BUCKETS 16 /* the last one is +Inf */

enum kind { COUNTER, GAUGE, HISTOGRAM };

/* One line of the exposition: several of one name, told apart by labels, stand side by side. */
struct family {
	const char *name;
	const char *labels; /* "" or `{status="success"}` */
	enum kind kind;
	const char *help;
};

/* clang-format off */
static const struct family families[METRIC_COUNT] = {
	[METRIC_RUNS_SUCCESS] = { "bot_executions_total", "{status=\"success\"}", COUNTER,
		"runs that were claimed, by how they ended" },
	[METRIC_RUNS_ERROR] = { "bot_executions_total", "{status=\"error\"}", COUNTER, "" },
	[METRIC_RUNS_SKIPPED] = { "bot_executions_total", "{status=\"skipped\"}", COUNTER, "" },
	[METRIC_RUN_MS] = { "bot_execution_duration_seconds", "", HISTOGRAM,
		"time from claim to close of a run" },
	[METRIC_START_DELAY_MS] = { "bot_execution_start_delay_seconds", "", HISTOGRAM,
		"time from a run's due second to its claim" },
	[METRIC_QUEUE_CLAIMS] = { "queue_claims_total", "", COUNTER, "jobs claimed" },
	[METRIC_FENCED] = { "queue_fence_rejected_total", "", COUNTER,
		"writes refused because a newer token exists" },
	[METRIC_LEASE_EXPIRED] = { "queue_lease_expired_total", "", COUNTER,
		"runs taken over because their lease ended" },
	[METRIC_DEAD] = { "queue_dead_total", "", COUNTER, "jobs given up as dead letters" },
	[METRIC_CHILD_EXITS] = { "worker_child_exits_total", "", COUNTER, "children that ended" },
	[METRIC_VENUE_REQUESTS] = { "exchange_requests_total", "", COUNTER, "requests sent to venues" },
	[METRIC_ORDERS_SENT] = { "exchange_orders_total", "{outcome=\"sent\"}", COUNTER,
		"orders, by what became of sending them" },
	[METRIC_ORDERS_REJECTED] = { "exchange_orders_total", "{outcome=\"rejected\"}", COUNTER, "" },
	[METRIC_ORDERS_UNKNOWN] = { "exchange_orders_total", "{outcome=\"unknown\"}", COUNTER, "" },
	[METRIC_DRIFT] = { "exchange_position_drift_total", "", COUNTER,
		"positions that our fills do not explain" },
	[METRIC_VAULT_OPENS] = { "vault_opens_total", "", COUNTER, "credentials opened" },
	[METRIC_ENQUEUED] = { "sched_ticks_total", "{result=\"enqueued\"}", COUNTER,
		"due slots, by what became of them" },
	[METRIC_SKIPPED] = { "sched_ticks_total", "{result=\"skipped\"}", COUNTER, "" },
	[METRIC_MISSED] = { "sched_ticks_total", "{result=\"missed\"}", COUNTER, "" },
	[METRIC_TICK_DELAY_MS] = { "sched_tick_delay_seconds", "", HISTOGRAM,
		"time from a slot's due second to its enqueueing" },
	[METRIC_LEADER_CHANGES] = { "sched_leader_changes_total", "", COUNTER,
		"times this process took the lead" },
	[METRIC_LEADER] = { "sched_leader", "", GAUGE, "1 while this process leads" },
	[METRIC_ENTRIES] = { "sched_entries", "", GAUGE, "bots in the schedule" },
	[METRIC_BUSY] = { "active_bots", "", GAUGE, "runs going on now" },
};
/* clang-format on */

/* Upper bounds of the buckets; the text of a bound is what Prometheus shows. */
static const struct {
	int64_t below_ms;
	const char *seconds;
} bounds[BUCKETS - 1] = {{1, "0.001"}, {2, "0.002"}, {5, "0.005"}, {10, "0.01"}, {25, "0.025"},
	{50, "0.05"}, {100, "0.1"}, {250, "0.25"}, {500, "0.5"}, {1000, "1"}, {2500, "2.5"},
	{5000, "5"}, {10000, "10"}, {30000, "30"}, {60000, "60"}};

struct cell {
	_Atomic int64_t value;            /* counter, gauge, or a histogram's sum in ms */
	_Atomic int64_t buckets[BUCKETS]; /* not cumulated */
};

/* Aligned to the cache line, so that two children's adds do not fight for one. */
struct row {
	_Alignas(64) struct cell cells[METRIC_COUNT];
};

struct metrics {
	unsigned slots;
	struct row rows[];
};

static struct row *own; /* this process's row; NULL: adds are dropped */

struct metrics *metrics_new(unsigned slots)
{
	size_t size_bytes = sizeof(struct metrics) + slots * sizeof(struct row);
	struct metrics *metrics = mmap(
		NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (metrics == MAP_FAILED)
		die("could not map %zu bytes for metrics: %s", size_bytes, strerror(errno));
	metrics->slots = slots;
	return metrics;
}

static void clear_gauges(struct row *row)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		if (families[i].kind == GAUGE)
			atomic_store_explicit(&row->cells[i].value, 0, memory_order_relaxed);
	}
}

void metrics_use(struct metrics *metrics, unsigned slot)
{
	assert(slot < metrics->slots);
	own = &metrics->rows[slot];
	/* A gauge is about a living process; the counters of the slot's earlier holders stay. */
	clear_gauges(own);
}

void metrics_release(struct metrics *metrics, unsigned slot)
{
	assert(slot < metrics->slots);
	clear_gauges(&metrics->rows[slot]);
}

static void add(_Atomic int64_t *value, int64_t amount)
{
	atomic_fetch_add_explicit(value, amount, memory_order_relaxed);
}

static int64_t load(const _Atomic int64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

void metrics_add(enum metric metric, int64_t amount)
{
	assert(families[metric].kind == COUNTER && amount >= 0);
	if (own != NULL)
		add(&own->cells[metric].value, amount);
}

void metrics_set(enum metric metric, int64_t value)
{
	assert(families[metric].kind == GAUGE);
	if (own != NULL)
		atomic_store_explicit(&own->cells[metric].value, value, memory_order_relaxed);
}

void metrics_observe(enum metric metric, int64_t value_ms)
{
	unsigned bucket = 0;

	assert(families[metric].kind == HISTOGRAM);
	if (own == NULL)
		return;
	/* A clock that went back would make the sum fall, which reads as a restart. */
	if (value_ms < 0)
		value_ms = 0;
	while (bucket < BUCKETS - 1 && value_ms > bounds[bucket].below_ms)
		bucket++;
	add(&own->cells[metric].value, value_ms);
	add(&own->cells[metric].buckets[bucket], 1);
}

int64_t metrics_total(const struct metrics *metrics, enum metric metric)
{
	int64_t total = 0;

	for (unsigned slot = 0; slot < metrics->slots; slot++)
		total += load(&metrics->rows[slot].cells[metric].value);
	return total;
}

static int64_t bucket_total(const struct metrics *metrics, enum metric metric, unsigned bucket)
{
	int64_t total = 0;

	for (unsigned slot = 0; slot < metrics->slots; slot++)
		total += load(&metrics->rows[slot].cells[metric].buckets[bucket]);
	return total;
}

static void write_histogram(const struct metrics *metrics, enum metric metric, struct buffer *out)
{
	const char *name = families[metric].name;
	int64_t count = 0;

	for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
		count += bucket_total(metrics, metric, bucket);
		buffer_format(out, "%s_bucket{le=\"%s\"} %lld\n", name,
			bucket < BUCKETS - 1 ? bounds[bucket].seconds : "+Inf", (long long)count);
	}
	int64_t sum_ms = metrics_total(metrics, metric);
	buffer_format(out, "%s_sum %lld.%03lld\n", name, (long long)(sum_ms / 1000),
		(long long)(sum_ms % 1000));
	buffer_format(out, "%s_count %lld\n", name, (long long)count);
}

static void write_heading(const struct family *family, struct buffer *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		types[family->kind]);
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct family *family = &families[i];
		bool first = i == 0 || strcmp(families[i - 1].name, family->name) != 0;

		if (first)
			write_heading(family, out);
		if (family->kind == HISTOGRAM)
			write_histogram(metrics, (enum metric)i, out);
		else
			buffer_format(out, "%s%s %lld\n", family->name, family->labels,
				(long long)metrics_total(metrics, (enum metric)i));
	}
}
