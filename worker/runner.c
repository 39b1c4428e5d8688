#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/queue/queue.h"
#include "core/store/migrate.h"
#include "core/vault/vault.h"
#include "worker/child.h"
#include "worker/policy.h"
#include "worker/run.h"
#include "worker/sandbox.h"
#include "worker/scoreboard.h"
#include "worker/venues.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_WAIT_MS 500 /* how long a fetch blocks: also how soon an idle runner leaves */
#define RECONNECT_FIRST_MS 200
#define RECONNECT_MOST_MS 3000
#define MEMORY_LOOK_RUNS 64 /* runs between two looks at our own memory */
#define ARENA_CHUNK_BYTES (256 << 10)
#define ARENA_LIMIT_BYTES (64 << 20)
#define FILES_LIMIT 256
#define READABLE_MAX 32

struct runner {
	const struct worker_child *child;
	const struct config *config;
	struct scoreboard_page *page;
	const struct clock *clock;
	struct postgres *postgres;
	struct redis *redis;
	struct http *http;
	struct vault *vault;
	struct venues *venues;
	struct queue *queue;
	struct arena *arena;
	struct run_context context;
	char consumer[CONSUMER_SIZE];
	char room[24];
	int64_t recycle_runs, recycle_kb, runs;
	int64_t idle_since_ms; /* --drain: the first time that there was nothing to do; 0: not yet
				*/
	int memory_fd;         /* /proc/self/smaps_rollup */
	bool owes_back;        /* the queue could not be told what became of a job */
	bool queue_down;       /* said once */
	bool database_down;
};

/* ---- setting up ----------------------------------------------------------------------------- */

static int open_all(struct runner *runner, struct err *err)
{
	const struct config *config = runner->config;
	const char *ca_file = config_text(config, "venue.ca_file");
	const char *egress = config_text(config, "venue.egress");
	struct http_options http = {
		.user_agent = "botbeat",
		.ca_file = ca_file[0] == '\0' ? NULL : ca_file,
		.connect_timeout_ms = config_int(config, "venue.connect_timeout_ms"),
		.total_timeout_ms = config_int(config, "venue.total_timeout_ms"),
		.egress = egress[0] == '\0' ? NULL : egress,
	};
	struct venue_hosts hosts;
	struct postgres_options postgres = {
		.url = config_text(config, "database.url"),
		.application = "botbeat runner",
		.connect_timeout_ms = config_int(config, "database.connect_timeout_ms"),
		.statement_timeout_ms = config_int(config, "database.statement_timeout_ms"),
	};

	if (vault_open(config_text(config, "vault.master_key_file"), &runner->vault, err) == -1)
		return err_while(err, "could not open the master key ring");
	if (redis_new(config_text(config, "redis.url"),
		    config_int(config, "redis.command_timeout_ms"),
		    config_int(config, "redis.command_timeout_ms"), &runner->redis, err) == -1)
		return -1;
	if (venues_hosts(config, &hosts, err) == -1)
		return -1;
	http.hosts = hosts.names;
	runner->postgres = postgres_new(&postgres);
	runner->http = http_new(&http);
	runner->venues = venues_new(config, runner->http, runner->redis);
	runner->arena = arena_new(ARENA_CHUNK_BYTES, ARENA_LIMIT_BYTES);
	runner->queue = queue_new(&(struct queue_options){
		.redis = runner->redis,
		.consumer = runner->consumer,
		.mark_ttl_ms = config_int(config, "worker.hard_timeout_ms") +
			       config_int(config, "worker.retry_cap_ms"),
	});
	return 0;
}

static void close_all(struct runner *runner)
{
	queue_free(&runner->queue);
	venues_free(&runner->venues);
	http_free(&runner->http);
	redis_free(&runner->redis);
	postgres_free(&runner->postgres);
	vault_free(&runner->vault);
	arena_free(&runner->arena);
	fd_close(&runner->memory_fd);
}

struct readable { /* what a runner must be able to read besides what every program does */
	char *paths[READABLE_MAX + 1];
	size_t count;
};

static void readable_add(void *context, const char *path)
{
	struct readable *readable = context;

	if (readable->count < READABLE_MAX)
		readable->paths[readable->count++] = mem_text(path);
}

static void readable_done(struct readable *readable)
{
	for (size_t i = 0; i < readable->count; i++)
		free(readable->paths[i]);
}

/* Opened before the sandbox closes the file system: what it shows is always our own memory. */
static int enter_sandbox(struct runner *runner, struct err *err)
{
	CLEANUP(readable_done) struct readable readable = {0};
	const char *ca_file = config_text(runner->config, "venue.ca_file");
	struct sandbox_report report;

	runner->memory_fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	if (ca_file[0] != '\0')
		readable_add(&readable, ca_file);
	postgres_each_file(config_text(runner->config, "database.url"), readable_add, &readable);
	struct sandbox_options options = {
		.memory_limit_bytes = config_int(runner->config, "worker.memory_limit_mb") << 20,
		.files_limit = FILES_LIMIT,
		.readable = (const char *const *)readable.paths,
	};

	if (sandbox_enter(&options, &report, err) == -1)
		return err_while(err, "could not enter the sandbox");
	for (int guard = 0; guard < SANDBOX_GUARDS; guard++)
		if (!report.holds[guard] && runner->child->slot == 0)
			log_event(LOG_INFO, "a sandbox guard does not hold on this host",
				LOG_TEXT("guard", sandbox_guard_text((enum sandbox_guard)guard)),
				LOG_TEXT("why", report.why_not[guard]));
	return 0;
}

static void fill_context(struct runner *runner)
{
	const struct config *config = runner->config;

	runner->context = (struct run_context){
		.postgres = runner->postgres,
		.redis = runner->redis,
		.http = runner->http,
		.vault = runner->vault,
		.venues = runner->venues,
		.config = config,
		.clock = runner->clock,
		.page = runner->page,
		.arena = runner->arena,
		.holder = runner->consumer,
		.lease_ms = config_int(config, "worker.lease_ms"),
		.soft_timeout_ms = config_int(config, "worker.soft_timeout_ms"),
		.backoff =
			{
				.base_ms = config_int(config, "worker.retry_base_ms"),
				.cap_ms = config_int(config, "worker.retry_cap_ms"),
				.tries_max = (unsigned)config_int(config, "worker.max_attempts"),
			},
		.max_attempts = (int)config_int(config, "worker.max_attempts"),
	};
	runner->recycle_runs = config_int(config, "worker.recycle_runs");
	runner->recycle_kb = config_int(config, "worker.recycle_memory_mb") * 1024;
}

/* ---- waiting for Postgres and Redis --------------------------------------------------------- */

static bool leaving(const struct runner *runner)
{
	return atomic_load(&runner->page->drain) || child_orphaned(runner->child);
}

/* Somewhere in the second half: what failed for all of us together must not return together. */
static void wait_backoff(struct runner *runner, int64_t *delay_ms)
{
	int64_t half_ms = *delay_ms / 2;

	clock_sleep_ms(runner->clock, half_ms + (int64_t)(random_u64() % (uint64_t)(half_ms + 1)));
	*delay_ms = *delay_ms * 2 > RECONNECT_MOST_MS ? RECONNECT_MOST_MS : *delay_ms * 2;
}

/* Fetches nothing while Postgres is away: a claim is the first thing a job needs. */
static bool wait_for_database(struct runner *runner)
{
	int64_t delay_ms = RECONNECT_FIRST_MS;
	struct err err;

	while (!postgres_connected(runner->postgres) && !leaving(runner)) {
		if (postgres_connect(runner->postgres, &err) == 0) {
			if (runner->database_down)
				log_event(LOG_INFO, "Postgres answers again");
			runner->database_down = false;
			break;
		}
		if (!runner->database_down)
			log_failure(LOG_WARN, "Postgres is away, waiting for it", &err);
		runner->database_down = true;
		wait_backoff(runner, &delay_ms);
	}
	return !leaving(runner);
}

/* ---- working -------------------------------------------------------------------------------- */

static void count_run(
	struct runner *runner, const struct uuid *bot, const struct run_result *result)
{
	if (!result->executed)
		return;
	metrics_count_run(bot->text, result->succeeded                ? "success"
				     : result->error_class[0] == '\0' ? "skipped"
								      : "error");
	metrics_observe(METRIC_RUN_DURATION, result->duration_ms);
	metrics_observe(METRIC_RUN_DELAY, result->start_delay_ms);
	if (result->dead)
		metrics_add(METRIC_DEAD, 1, result->error_class);
	runner->runs++;
}

/* Tells the queue what became of the job. An acknowledgement travels with the next fetch. */
static int settle(struct runner *runner, const struct job *job, const struct run_result *result,
	bool *ret_acknowledge, struct err *err)
{
	*ret_acknowledge = false;
	if (result->dead)
		return queue_dead(runner->queue, job, result->error_class, err);
	switch (result->verdict) {
	case RUN_ACK:
		*ret_acknowledge = true;
		return 0;
	case RUN_RETRY:
		return queue_retry(
			runner->queue, job, result->retry_ms < 1 ? 1 : result->retry_ms, err);
	case RUN_LEAVE:
		runner->owes_back = true;
		return 0;
	}
	die("run verdict %d has no name", (int)result->verdict);
}

/* Our share of the memory that we hold, by the kernel's account; 0 if it does not tell. */
static int64_t proportional_kb(const struct runner *runner)
{
	char text[2048];
	ssize_t size = pread(runner->memory_fd, text, sizeof text - 1, 0);
	long long kb = 0;

	text[size < 0 ? 0 : size] = '\0';
	const char *line = strstr(text, "\nPss:");
	return line != NULL && sscanf(line, "\nPss: %lld kB", &kb) == 1 ? kb : 0;
}

/* True when this process has done enough: many runs, or more memory than it should hold. */
static bool worn_out(const struct runner *runner)
{
	if (runner->recycle_runs > 0 && runner->runs >= runner->recycle_runs)
		return true;
	if (runner->runs % MEMORY_LOOK_RUNS != 1)
		return false;
	int64_t kb = proportional_kb(runner);
	atomic_store(&runner->page->proportional_kb, kb);
	if (kb <= runner->recycle_kb)
		return false;
	(void)malloc_trim(0);
	kb = proportional_kb(runner);
	if (kb > runner->recycle_kb)
		log_event(LOG_INFO, "runner above its memory ceiling, it is replaced",
			LOG_INT("kb", kb));
	return kb > runner->recycle_kb;
}

static void execute(struct runner *runner, const struct job *job, struct run_result *result)
{
	struct err err;
	int64_t cpu_s = config_int(runner->config, "worker.hard_timeout_ms") / 1000 + 1;

	if (sandbox_arm_cpu(cpu_s, &err) == -1)
		log_failure(LOG_WARN, "could not bound the run's CPU time", &err);
	/* The supervisor enforces the hard timeout; should it be gone, the alarm does. */
	(void)alarm((unsigned)cpu_s + 5);
	metrics_set(METRIC_ACTIVE, 1);
	run_execute(&runner->context, job, result);
	metrics_set(METRIC_ACTIVE, 0);
	(void)alarm(0);
	count_run(runner, &job->bot, result);
}

/*
 * --drain: retries that come due within the grace time are waited for, counted from when there was
 * nothing to do for the first time; a bot that fails for ever does not keep us. What stays in the
 * retry set is the next call's.
 */
static int found_no_work(struct runner *runner, int *ret_exit, struct err *err)
{
	int64_t now_ms = clock_mono_ms(runner->clock);
	struct queue_depth depth;

	if (queue_depth(runner->queue, &depth, err) == -1)
		return -1;
	if (runner->idle_since_ms == 0)
		runner->idle_since_ms = now_ms;
	if (depth.retries == 0 ||
		now_ms - runner->idle_since_ms >= config_int(runner->config, "worker.grace_ms"))
		*ret_exit = CHILD_EXIT_NO_WORK;
	return 0;
}

/*
 * A job that we fetched and could not finish with the queue, or not close in Postgres, is still
 * pending for us: without this nobody would touch it before we die.
 */
static int hand_back_own(struct runner *runner, struct err *err)
{
	size_t count;

	if (!runner->owes_back)
		return 0;
	if (queue_hand_back(runner->queue, runner->consumer, false, &count, err) == -1)
		return -1;
	runner->owes_back = false;
	return 0;
}

/* One fetch and, if it gave a job, one run. *ret_exit is set when the process should leave. */
static int serve_one(
	struct runner *runner, struct job *job, bool *acknowledge, int *ret_exit, struct err *err)
{
	struct job next;
	struct run_result result;
	bool got;

	if (hand_back_own(runner, err) == -1)
		return -1;
	if (queue_next(runner->queue, *acknowledge ? job : NULL,
		    runner->child->until_empty ? IDLE_WAIT_MS / 2 : IDLE_WAIT_MS, &next, &got,
		    err) == -1)
		return -1;
	*acknowledge = false;
	atomic_store(&runner->page->served, true);
	atomic_store(&runner->child->scoreboard->last_poll_mono_ms, clock_mono_ms(runner->clock));
	if (!got)
		return runner->child->until_empty ? found_no_work(runner, ret_exit, err) : 0;
	*job = next;
	execute(runner, job, &result);
	if (settle(runner, job, &result, acknowledge, err) == 0)
		return 0;
	runner->owes_back = true;
	return -1;
}

static int serve(struct runner *runner)
{
	struct job job = {0};
	struct err err = {0};
	bool acknowledge = false;
	int exit_code = -1;
	int64_t delay_ms = RECONNECT_FIRST_MS;

	while (exit_code == -1 && !leaving(runner)) {
		atomic_store(&runner->page->heartbeat_mono_ms, clock_mono_ms(runner->clock));
		if (!wait_for_database(runner))
			break;
		if (serve_one(runner, &job, &acknowledge, &exit_code, &err) == -1) {
			if (!runner->queue_down)
				log_failure(LOG_WARN, "Redis is away, waiting for it", &err);
			runner->queue_down = true;
			wait_backoff(runner, &delay_ms);
			continue;
		}
		if (runner->queue_down)
			log_event(LOG_INFO, "Redis answers again");
		runner->queue_down = false;
		delay_ms = RECONNECT_FIRST_MS;
		venues_note_usage(runner->venues, runner->postgres, false);
		if (worn_out(runner))
			break;
	}
	if (acknowledge && queue_ack(runner->queue, &job, &err) == -1)
		log_failure(LOG_WARN,
			"could not acknowledge the last job, it is claimed in vain once", &err);
	venues_note_usage(runner->venues, runner->postgres, true);
	return exit_code == -1 ? CHILD_EXIT_RECYCLED : exit_code;
}

/* The schema must be one this program knows; anything else never heals by trying again. */
static int check_schema(struct runner *runner, struct err *err)
{
	if (!wait_for_database(runner))
		return 0;
	return migrate_check(runner->postgres, err);
}

/* Ready means alive: an absent Postgres is waited for, not started again for. */
static int start(struct runner *runner, struct err *err)
{
	if (sandbox_hide(err) == -1 || open_all(runner, err) == -1)
		return -1;
	atomic_store(&runner->page->ready, true);
	if (check_schema(runner, err) == -1 || enter_sandbox(runner, err) == -1)
		return -1;
	fill_context(runner);
	return 0;
}

int runner_main(const struct worker_child *child)
{
	struct runner runner = {
		.child = child,
		.config = child->config,
		.page = &child->scoreboard->pages[child->slot],
		.clock = clock_system(),
		.memory_fd = -1,
	};
	struct err err = {0};
	int exit_code;

	(void)snprintf(runner.room, sizeof runner.room, "runner %u", child->slot);
	log_room(runner.room);
	scoreboard_consumer(
		child->host, child->slot, atomic_load(&runner.page->generation), runner.consumer);
	if (start(&runner, &err) == -1) {
		log_failure(LOG_ERROR, "runner cannot start", &err);
		exit_code = err.retry == ERR_RETRY_NEVER ? CHILD_EXIT_CONFIG : 1;
	} else {
		exit_code = serve(&runner);
	}
	close_all(&runner);
	return exit_code;
}
