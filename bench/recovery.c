/*
 * recovery - kill -9, and how long until the work goes on: bench_recovery runner|pool|leader PID
 * LABEL SAMPLES [GOAL]
 *
 * runner: children of the worker PID are killed one after the other, each in the middle of a run;
 *         a sample ends when a killed run has been claimed again.
 * pool:   the worker PID and all its children are killed at once, while another worker runs; it
 *         ends when the first of their runs has been claimed again. One sample.
 * leader: the scheduler PID is killed, while another stands by; it ends when a slot that was due
 *         after the death has been claimed. One sample.
 *
 * Times are Postgres's, of the rows themselves. Runs must be long enough to be met: script/bench
 * slows the venue down.
 */
#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/postgres.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 5
#define GIVE_UP_S 120

static const char again[] =
	"select coalesce(min((extract(epoch from started_at) * 1000000)::bigint), 0) "
	"from bot_execution_logs where started_at > "
	"'epoch'::timestamptz + $1::bigint * interval '1 microsecond' and attempt > 1 and kills > "
	"0";
static const char next_slot[] =
	"select coalesce(min((extract(epoch from started_at) * 1000000)::bigint), 0) "
	"from bot_execution_logs where scheduled_at > "
	"'epoch'::timestamptz + $1::bigint * interval '1 microsecond'";
static const char taken_over[] =
	"select coalesce(min((extract(epoch from started_at) * 1000000)::bigint), 0) "
	"from bot_execution_logs where started_at > "
	"'epoch'::timestamptz + $1::bigint * interval '1 microsecond' and attempt > 1";

static int64_t ask(struct postgres *postgres, const char *sql, const char *parameter)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	const char *const parameters[] = {parameter};
	struct err err;

	measure_must(
		postgres_query(postgres, sql, parameter == NULL ? 0 : 1, parameters, &result, &err),
		&err, "read the runs");
	return postgres_int(result, 0, 0);
}

static void kill_all(const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (kill(pids[i], SIGKILL) == -1)
			die("cannot kill process %d", (int)pids[i]);
}

/* Seconds from the death of those processes to the first row that sql finds. */
static double dead_for(struct postgres *postgres, const pid_t *pids, size_t count, const char *sql,
	int64_t give_up_s)
{
	char killed[24];
	int64_t killed_us = ask(
		postgres, "select (extract(epoch from clock_timestamp()) * 1000000)::bigint", NULL);
	int64_t begun_ms = clock_mono_ms(clock_system());
	int64_t found_us = 0;

	(void)snprintf(killed, sizeof killed, "%lld", (long long)killed_us);
	kill_all(pids, count);
	while ((found_us = ask(postgres, sql, killed)) == 0) {
		if (clock_mono_ms(clock_system()) - begun_ms > give_up_s * 1000)
			return -1;
		clock_sleep_ms(clock_system(), POLL_MS);
	}
	return (double)(found_us - killed_us) / 1e6;
}

/* A child may be between two runs: then its death says nothing, and another one is taken. */
static void kill_runners(
	struct postgres *postgres, pid_t worker, size_t samples, struct measure *figure)
{
	pid_t children[MEASURE_CHILDREN_MAX];

	for (size_t tried = 0; figure->count < samples; tried++) {
		size_t count = measure_children(worker, children);
		if (count < 3 || tried > samples * 10)
			die("no runner was met in a run");
		double dead_s = dead_for(postgres, &children[1 + tried % (count - 2)], 1, again, 3);
		if (dead_s >= 0)
			measure_add(figure, dead_s * 1000);
		clock_sleep_ms(clock_system(), 1000);
	}
}

static void kill_once(struct postgres *postgres, const pid_t *pids, size_t count, const char *sql,
	struct measure *figure)
{
	double dead_s = dead_for(postgres, pids, count, sql, GIVE_UP_S);

	if (dead_s < 0)
		die("nothing went on within %d s", GIVE_UP_S);
	measure_add(figure, dead_s * 1000);
}

int main(int argc, char **argv)
{
	pid_t pids[MEASURE_CHILDREN_MAX + 1];

	if (argc < 5)
		die("usage: bench_recovery runner|pool|leader PID LABEL SAMPLES [GOAL]");
	pids[0] = (pid_t)measure_argument(argc, argv, 2, 1);
	struct measure figure = {
		.part = "recovery", .name = argv[3], .unit = "ms", .goal = argc > 5 ? argv[5] : ""};
	struct postgres *postgres = postgres_new(
		&(struct postgres_options){.url = measure_setting("BENCH_DATABASE_URL"),
			.application = "botbeat bench",
			.statement_timeout_ms = 60000});
	if (strcmp(argv[1], "runner") == 0)
		kill_runners(postgres, pids[0], measure_argument(argc, argv, 4, 5), &figure);
	else if (strcmp(argv[1], "pool") == 0)
		kill_once(postgres, pids, 1 + measure_children(pids[0], pids + 1), taken_over,
			&figure);
	else if (strcmp(argv[1], "leader") == 0)
		kill_once(postgres, pids, 1, next_slot, &figure);
	else
		die("unrecognized kind \"%s\"", argv[1]);
	measure_print(&figure);
	postgres_free(&postgres);
	return 0;
}
