/*
 * tick - how long it takes to put every bot that is due into the streams: bench_tick BOTS RUNS
 *
 * Through the scheduler's own beat, with the window of the streams widened so that one tick may
 * fill them. Cold is a scheduler that has just taken the lead: all bots are read from Postgres,
 * their verdicts recorded, and each one's latest slot is caught up. Warm is a tick of a scheduler
 * that has them in memory, an interval later, all due at once.
 */
#include "bench/fixture.h"
#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/metrics.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/queue/queue.h"
#include "scheduler/beat.h"

#include <stdio.h>
#include <stdlib.h>

#define INTERVAL_S 300
#define EPOCH 1
#define STATEMENT_MS 120000
#define STREAMS "{bb}:jobs:high", "{bb}:jobs:normal", "{bb}:jobs:low", "{bb}:jobs:back"

enum process { SCHEDULER, POSTGRES, REDIS, PROCESSES };

struct bench {
	size_t bots, runs;
	struct postgres *postgres;
	struct redis *redis;
	struct queue *queue;
	pid_t pids[PROCESSES];
};

static struct postgres *open_postgres(const char *url)
{
	return postgres_new(&(struct postgres_options){
		.url = url, .application = "botbeat bench", .statement_timeout_ms = STATEMENT_MS});
}

static void make_bots(size_t bots)
{
	CLEANUP(postgres_free)
	struct postgres *postgres = open_postgres(measure_setting("BENCH_DATABASE_URL"));

	fixture_make(postgres,
		&(struct fixture){.bots = bots, .tenants = 100, .interval_s = INTERVAL_S});
}

static void command(struct redis *redis, size_t count, const char *const *arguments)
{
	struct err err;

	measure_must(redis_command(redis, count, arguments, NULL, NULL, &err), &err, "empty Redis");
}

/* Everything but the generation key, whose absence would say that Redis had lost its content. */
static void empty_streams(struct redis *redis)
{
	const char *const arguments[] = {"UNLINK", "{bb}:marks", "{bb}:wake", STREAMS};

	command(redis, sizeof arguments / sizeof arguments[0], arguments);
}

static void empty_redis(struct redis *redis)
{
	const char *const arguments[] = {"FLUSHALL"};

	command(redis, 1, arguments);
}

static double cpu_of(const struct bench *bench, enum process process)
{
	return process == SCHEDULER ? measure_own_cpu_s() : measure_cpu_s(bench->pids[process]);
}

/* One tick; all bots must have gone in. */
static void tick(const struct bench *bench, struct beat *beat, int64_t now_ms)
{
	int64_t pushed;
	struct err err;

	measure_must(beat_tick(beat, EPOCH, now_ms, &pushed, &err), &err, "tick");
	if (pushed != (int64_t)bench->bots)
		die("%lld of %zu bots went in", (long long)pushed, bench->bots);
}

struct figures { /* of one way to tick */
	struct measure seconds;
	struct measure cpu[PROCESSES];
};

static void begin(const struct bench *bench, double ret_cpu_s[PROCESSES], double *ret_s)
{
	for (enum process i = 0; i < PROCESSES; i++)
		ret_cpu_s[i] = cpu_of(bench, i);
	*ret_s = measure_now_s();
}

static void end(const struct bench *bench, const double cpu_s[PROCESSES], double begun_s,
	struct figures *figures)
{
	measure_add(&figures->seconds, measure_now_s() - begun_s);
	for (enum process i = 0; i < PROCESSES; i++)
		measure_add(&figures->cpu[i], cpu_of(bench, i) - cpu_s[i]);
}

static void print(struct figures *figures)
{
	measure_print(&figures->seconds);
	for (enum process i = 0; i < PROCESSES; i++)
		measure_print(&figures->cpu[i]);
}

static struct figures figures_of(const char *way, size_t bots, const char *goal)
{
	static const char *const who[PROCESSES] = {"scheduler", "Postgres", "Redis"};
	struct figures figures = {
		.seconds = {.part = "tick",
			.name = mem_format("%zu bots, %s", bots, way),
			.unit = "s",
			.goal = goal},
	};

	for (enum process i = 0; i < PROCESSES; i++)
		figures.cpu[i] = (struct measure){.part = "tick",
			.name = mem_format("%zu bots, %s: %s", bots, way, who[i]),
			.unit = "CPU s",
			.goal = ""};
	return figures;
}

static void once(struct bench *bench, struct figures *cold, struct figures *warm)
{
	CLEANUP(beat_free)
	struct beat *beat = beat_new(&(struct beat_options){.postgres = bench->postgres,
		.queue = bench->queue,
		.stream_window_s = 1000000,
		.reload_ms = 86400000,
		.at_once = true}); /* a herd as of bots that wait for the same candle */
	int64_t now_ms = clock_utc_ms(clock_system());
	double cpu_s[PROCESSES];
	double begun_s;
	struct err err;

	empty_redis(bench->redis);
	begin(bench, cpu_s, &begun_s);
	measure_must(beat_take_over(beat, now_ms, &err), &err, "take over");
	tick(bench, beat, now_ms);
	end(bench, cpu_s, begun_s, cold);

	empty_streams(bench->redis);
	begin(bench, cpu_s, &begun_s);
	tick(bench, beat, now_ms + INTERVAL_S * 1000);
	end(bench, cpu_s, begun_s, warm);
}

int main(int argc, char **argv)
{
	struct bench bench = {
		.bots = measure_argument(argc, argv, 1, 100000),
		.runs = measure_argument(argc, argv, 2, 5),
		.pids = {0, measure_pid("BENCH_POSTGRES_PID"), measure_pid("BENCH_REDIS_PID")},
	};
	struct figures cold = figures_of("from Postgres", bench.bots, "");
	struct figures warm = figures_of(
		"from memory", bench.bots, bench.bots == 100000 ? "< 0.5" : "");
	struct err err;

	make_bots(bench.bots);
	metrics_use(
		metrics_new(&(struct metrics_options){.process = METRICS_SCHEDULER, .slots = 1}),
		0);
	bench.postgres = open_postgres(measure_setting("BENCH_SCHEDULER_URL"));
	measure_must(redis_new(measure_setting("BENCH_REDIS_URL"), 0, 0, &bench.redis, &err), &err,
		"open Redis");
	bench.queue = queue_new(
		&(struct queue_options){.redis = bench.redis, .mark_ttl_ms = 120000});
	for (size_t i = 0; i < bench.runs; i++)
		once(&bench, &cold, &warm);
	print(&cold);
	print(&warm);

	empty_redis(bench.redis);
	queue_free(&bench.queue);
	redis_free(&bench.redis);
	postgres_free(&bench.postgres);
	return 0;
}
