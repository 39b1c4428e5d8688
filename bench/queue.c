/*
 * queue - jobs that do nothing, through the queue alone: bench_queue RUNNERS JOBS RUNS
 *
 * Forked runners fetch and acknowledge by queue_next as a worker's do, one job at a time.
 * Throughput is taken with all jobs in the streams before the first runner begins. The start delay
 * is taken idle: one job at a time, from before its push until a waiting runner holds it.
 */
#include "core/queue/queue.h"
#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/redis.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define RUNNERS_MAX 1024
#define DELAYS 1000 /* jobs of one sample of the start delay */
#define PAUSE_MS 3  /* between two of them: every runner waits again */
#define WAIT_MS 500 /* of a fetch for a job, as a worker waits */
#define SLOT_FIRST 1764000000
#define EPOCH 1
#define MARK_TTL_MS 120000

struct shared { /* between this process and its runners */
	_Atomic size_t ready;
	_Atomic size_t received;
	_Atomic bool stop;
	struct {
		double end_s, cpu_s;
	} runners[RUNNERS_MAX];
	double pushed_s[DELAYS];
	double delay_ms[DELAYS];
};

struct bench {
	size_t runners, jobs, runs;
	struct redis *redis;
	struct queue *queue;
	struct shared *shared;
	struct job *list;
	pid_t redis_pid;
	pid_t pids[RUNNERS_MAX];
	int gate[2]; /* runners begin when its write end is closed */
};

/* ---- a runner ------------------------------------------------------------------------------- */

static void runner_connect(size_t number, struct redis **ret_redis, struct queue **ret_queue)
{
	char consumer[32];
	struct err err;

	(void)snprintf(consumer, sizeof consumer, "bench/%zu.1", number);
	measure_must(redis_new(measure_setting("BENCH_REDIS_URL"), 0, 0, ret_redis, &err), &err,
		"open Redis");
	measure_must(redis_connect(*ret_redis, &err), &err, "connect to Redis");
	*ret_queue = queue_new(&(struct queue_options){
		.redis = *ret_redis, .consumer = consumer, .mark_ttl_ms = MARK_TTL_MS});
}

/* Fetches until nothing is left. */
static void drain(struct queue *queue)
{
	struct job job;
	struct err err;
	bool got = false;

	do
		measure_must(
			queue_next(queue, got ? &job : NULL, 0, &job, &got, &err), &err, "fetch");
	while (got);
}

/* Waits for jobs until told to stop; notes how long each has taken to arrive. */
static void receive(struct queue *queue, struct shared *shared)
{
	struct job job;
	struct err err;
	bool got = false;

	while (!atomic_load(&shared->stop)) {
		measure_must(queue_next(queue, got ? &job : NULL, WAIT_MS, &job, &got, &err), &err,
			"fetch");
		if (!got)
			continue;
		size_t index = (size_t)(job.scheduled_s - SLOT_FIRST);
		shared->delay_ms[index] = (measure_now_s() - shared->pushed_s[index]) * 1000;
		atomic_fetch_add(&shared->received, 1);
	}
}

__attribute__((noreturn)) static void runner(struct bench *bench, size_t number,
	void (*work)(struct queue *queue, struct shared *shared))
{
	struct redis *redis;
	struct queue *queue;
	char byte;

	(void)close(bench->gate[1]);
	runner_connect(number, &redis, &queue);
	atomic_fetch_add(&bench->shared->ready, 1);
	(void)!read(bench->gate[0], &byte, 1);
	work(queue, bench->shared);
	bench->shared->runners[number].end_s = measure_now_s();
	bench->shared->runners[number].cpu_s = measure_own_cpu_s();
	_exit(0);
}

static void work_drain(struct queue *queue, struct shared *shared)
{
	(void)shared;
	drain(queue);
}

/* ---- the pool ------------------------------------------------------------------------------- */

static void start(struct bench *bench, void (*work)(struct queue *queue, struct shared *shared))
{
	memset(bench->shared, 0, sizeof *bench->shared);
	if (pipe(bench->gate) == -1)
		die("cannot make a pipe");
	for (size_t i = 0; i < bench->runners; i++) {
		bench->pids[i] = fork();
		if (bench->pids[i] == -1)
			die("cannot fork");
		if (bench->pids[i] == 0)
			runner(bench, i, work);
	}
	(void)close(bench->gate[0]);
	while (atomic_load(&bench->shared->ready) < bench->runners)
		clock_sleep_ms(clock_system(), 1);
}

static void open_gate(struct bench *bench)
{
	(void)close(bench->gate[1]);
}

static void finish(struct bench *bench)
{
	for (size_t i = 0; i < bench->runners; i++) {
		int status;
		if (waitpid(bench->pids[i], &status, 0) == -1 || status != 0)
			die("a runner failed");
	}
}

static void prepare(struct bench *bench)
{
	const char *const flush[] = {"FLUSHALL"};
	bool fresh;
	struct err err;

	measure_must(redis_command(bench->redis, 1, flush, NULL, NULL, &err), &err, "empty Redis");
	measure_must(queue_prepare(bench->queue, &fresh, &err), &err, "prepare the queue");
}

static void push(struct bench *bench, const struct job *jobs, size_t count)
{
	struct err err;

	measure_must(queue_push(bench->queue, jobs, count, EPOCH, NULL, &err), &err, "push");
}

/* ---- figures -------------------------------------------------------------------------------- */

struct figures {
	struct measure rate, cpu_runners, cpu_redis, delay_p50, delay_p99;
};

static void throughput(struct bench *bench, struct figures *figures)
{
	double end_s = 0;
	double cpu_s = 0;

	prepare(bench);
	push(bench, bench->list, bench->jobs);
	start(bench, work_drain);
	double redis_s = measure_cpu_s(bench->redis_pid);
	double begun_s = measure_now_s();
	open_gate(bench);
	finish(bench);
	for (size_t i = 0; i < bench->runners; i++) {
		if (bench->shared->runners[i].end_s > end_s)
			end_s = bench->shared->runners[i].end_s;
		cpu_s += bench->shared->runners[i].cpu_s;
	}
	double thousands = (double)bench->jobs / 1000;
	measure_add(&figures->rate, (double)bench->jobs / (end_s - begun_s));
	measure_add(&figures->cpu_runners, cpu_s / thousands);
	measure_add(&figures->cpu_redis, (measure_cpu_s(bench->redis_pid) - redis_s) / thousands);
}

static void start_delay(struct bench *bench, struct figures *figures)
{
	struct shared *shared = bench->shared;

	prepare(bench);
	start(bench, receive);
	open_gate(bench);
	clock_sleep_ms(clock_system(), 50);
	for (size_t i = 0; i < DELAYS; i++) {
		struct job job = bench->list[i % bench->jobs];
		job.scheduled_s = SLOT_FIRST + (int64_t)i;
		shared->pushed_s[i] = measure_now_s();
		push(bench, &job, 1);
		while (atomic_load(&shared->received) <= i)
			clock_sleep_ms(clock_system(), 1);
		clock_sleep_ms(clock_system(), PAUSE_MS);
	}
	atomic_store(&shared->stop, true);
	finish(bench);
	measure_add(&figures->delay_p50, measure_quantile(shared->delay_ms, DELAYS, 0.5));
	measure_add(&figures->delay_p99, measure_quantile(shared->delay_ms, DELAYS, 0.99));
}

static struct measure figure(const struct bench *bench, const char *name, const char *unit)
{
	return (struct measure){.part = "queue",
		.name = mem_format("%zu runners: %s", bench->runners, name),
		.unit = unit,
		.goal = ""};
}

static struct job *make_jobs(size_t count)
{
	struct job *jobs = mem_zero(count, sizeof *jobs);
	int64_t now_ms = clock_utc_ms(clock_system());

	for (size_t i = 0; i < count; i++) {
		uuid_random(&jobs[i].bot);
		uuid_random(&jobs[i].tenant);
		jobs[i].scheduled_s = now_ms / 1000;
		jobs[i].due_ms = now_ms;
		jobs[i].priority = PRIORITY_NORMAL;
	}
	return jobs;
}

static struct shared *share(void)
{
	void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("cannot share memory");
	return memory;
}

int main(int argc, char **argv)
{
	struct bench bench = {
		.runners = measure_argument(argc, argv, 1, 2),
		.jobs = measure_argument(argc, argv, 2, 20000),
		.runs = measure_argument(argc, argv, 3, 5),
		.redis_pid = measure_pid("BENCH_REDIS_PID"),
		.shared = share(),
	};
	struct err err;

	if (bench.runners > RUNNERS_MAX)
		die("at most %d runners", RUNNERS_MAX);
	struct figures figures = {
		.rate = figure(&bench, "fetch and acknowledge", "jobs/s"),
		.cpu_runners = figure(&bench, "runners, per 1,000 jobs", "CPU s"),
		.cpu_redis = figure(&bench, "Redis, per 1,000 jobs", "CPU s"),
		.delay_p50 = figure(&bench, "start delay idle, p50", "ms"),
		.delay_p99 = figure(&bench, "start delay idle, p99", "ms"),
	};
	bench.list = make_jobs(bench.jobs);
	measure_must(redis_new(measure_setting("BENCH_REDIS_URL"), 0, 0, &bench.redis, &err), &err,
		"open Redis");
	bench.queue = queue_new(
		&(struct queue_options){.redis = bench.redis, .mark_ttl_ms = MARK_TTL_MS});
	for (size_t i = 0; i < bench.runs; i++) {
		throughput(&bench, &figures);
		start_delay(&bench, &figures);
	}
	measure_print(&figures.rate);
	measure_print(&figures.cpu_runners);
	measure_print(&figures.cpu_redis);
	measure_print(&figures.delay_p50);
	measure_print(&figures.delay_p99);

	prepare(&bench);
	queue_free(&bench.queue);
	redis_free(&bench.redis);
	free(bench.list);
	return 0;
}
