/*
 * run - watches a scheduler and a worker at work: bench_run LABEL WARM_S WINDOW_S WINDOWS [GOAL]
 *
 * script/bench has started them, with more or fewer bots than they can run. After WARM_S, each of
 * WINDOWS windows gives one sample: runs closed a second, CPU seconds of each party per 1,000 runs,
 * and how long the window's runs took from due to claimed and from claimed to closed, by their rows
 * in bot_execution_logs. A run that failed ends the benchmark: its time would say nothing.
 */
#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum party { WORKER, SCHEDULER, POSTGRES, REDIS, VENUE, PARTIES };
enum delay { START_P50, START_P99, RUN_P50, RUN_P99, DELAYS };

struct bench {
	struct postgres *postgres;
	pid_t pids[PARTIES];
	struct measure rate;
	struct measure cpu[PARTIES];
	struct measure delays[DELAYS];
};

struct window {         /* what stood when it began */
	char begun[24]; /* Postgres's clock, microseconds */
	double begun_s;
	double cpu_s[PARTIES];
};

static struct postgres_result *query(
	struct bench *bench, const char *sql, size_t count, const char *const *parameters)
{
	struct postgres_result *result;
	struct err err;

	measure_must(postgres_query(bench->postgres, sql, count, parameters, &result, &err), &err,
		"read the runs");
	return result;
}

static void begin(struct bench *bench, struct window *ret)
{
	CLEANUP(postgres_result_free)
	struct postgres_result *result = query(
		bench, "select (extract(epoch from clock_timestamp()) * 1000000)::bigint", 0, NULL);

	(void)snprintf(ret->begun, sizeof ret->begun, "%s", postgres_text(result, 0, 0));
	ret->begun_s = measure_now_s();
	for (enum party i = 0; i < PARTIES; i++)
		ret->cpu_s[i] = measure_cpu_s(bench->pids[i]);
}

static void end(struct bench *bench, const struct window *window)
{
	double elapsed_s = measure_now_s() - window->begun_s;
	double cpu_s[PARTIES];
	const char *const parameters[] = {window->begun};

	for (enum party i = 0; i < PARTIES; i++)
		cpu_s[i] = measure_cpu_s(bench->pids[i]) - window->cpu_s[i];
	CLEANUP(postgres_result_free)
	struct postgres_result *result = query(bench,
		"with closed as (select r.status, r.error, "
		"extract(epoch from r.started_at - r.scheduled_at) * 1000 as start_ms, "
		"extract(epoch from r.finished_at - r.started_at) * 1000 as run_ms "
		"from bot_execution_logs r where r.finished_at > "
		"'epoch'::timestamptz + $1::bigint * interval '1 microsecond') "
		"select count(*), "
		"coalesce((percentile_cont(0.50) within group (order by start_ms) * 1000)::bigint, "
		"0), "
		"coalesce((percentile_cont(0.99) within group (order by start_ms) * 1000)::bigint, "
		"0), "
		"coalesce((percentile_cont(0.50) within group (order by run_ms) * 1000)::bigint, "
		"0), "
		"coalesce((percentile_cont(0.99) within group (order by run_ms) * 1000)::bigint, "
		"0), "
		"count(*) filter (where status <> 'success'), "
		"coalesce(min(error) filter (where status <> 'success'), '') from closed",
		1, parameters);

	double runs = (double)postgres_int(result, 0, 0);
	if (postgres_int(result, 0, 5) > 0)
		die("%" PRId64 " runs failed: %s", postgres_int(result, 0, 5),
			postgres_text(result, 0, 6));
	if (runs < 1)
		die("no run was closed within %.1f s", elapsed_s);
	measure_add(&bench->rate, runs / elapsed_s);
	for (enum party i = 0; i < PARTIES; i++)
		measure_add(&bench->cpu[i], cpu_s[i] * 1000 / runs);
	for (enum delay i = 0; i < DELAYS; i++)
		measure_add(&bench->delays[i], (double)postgres_int(result, 0, i + 1) / 1000);
}

static struct measure figure(
	const char *label, const char *name, const char *unit, const char *goal)
{
	return (struct measure){.part = "run",
		.name = mem_format("%s: %s", label, name),
		.unit = unit,
		.goal = goal};
}

static void name_figures(struct bench *bench, const char *label, const char *goal)
{
	static const char *const parties[PARTIES] = {
		"worker", "scheduler", "Postgres", "Redis", "simulator"};
	static const char *const delays[DELAYS] = {"due to claimed, p50", "due to claimed, p99",
		"claimed to closed, p50", "claimed to closed, p99"};

	bench->rate = figure(label, "runs", "runs/s", goal);
	for (enum party i = 0; i < PARTIES; i++) {
		CLEANUP(text_free)
		char *name = mem_format("%s, per 1,000 runs", parties[i]);
		bench->cpu[i] = figure(label, name, "CPU s", "");
	}
	for (enum delay i = 0; i < DELAYS; i++)
		bench->delays[i] = figure(label, delays[i], "ms", "");
}

static void find_parties(struct bench *bench)
{
	bench->pids[WORKER] = measure_pid("BENCH_WORKER_PID");
	bench->pids[SCHEDULER] = measure_pid("BENCH_SCHEDULER_PID");
	bench->pids[POSTGRES] = measure_pid("BENCH_POSTGRES_PID");
	bench->pids[REDIS] = measure_pid("BENCH_REDIS_PID");
	bench->pids[VENUE] = measure_pid("BENCH_VENUE_PID");
	bench->postgres = postgres_new(
		&(struct postgres_options){.url = measure_setting("BENCH_DATABASE_URL"),
			.application = "botbeat bench",
			.statement_timeout_ms = 60000});
}

int main(int argc, char **argv)
{
	struct bench bench = {0};

	if (argc < 5)
		die("usage: bench_run LABEL WARM_S WINDOW_S WINDOWS [GOAL]");
	int64_t window_ms = (int64_t)measure_argument(argc, argv, 3, 5) * 1000;
	size_t windows = measure_argument(argc, argv, 4, 3);
	find_parties(&bench);
	name_figures(&bench, argv[1], argc > 5 ? argv[5] : "");

	clock_sleep_ms(clock_system(), (int64_t)measure_argument(argc, argv, 2, 5) * 1000);
	for (size_t i = 0; i < windows; i++) {
		struct window window;
		begin(&bench, &window);
		clock_sleep_ms(clock_system(), window_ms);
		end(&bench, &window);
	}
	measure_print(&bench.rate);
	for (enum party i = 0; i < PARTIES; i++)
		measure_print(&bench.cpu[i]);
	for (enum delay i = 0; i < DELAYS; i++)
		measure_print(&bench.delays[i]);
	postgres_free(&bench.postgres);
	return 0;
}
