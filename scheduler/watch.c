#include "scheduler/watch.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/queue/inspect.h"
#include "core/queue/queue.h"
#include "core/store/figures.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#define STEP_MS 200 /* how soon it leaves, and how soon a new leader looks */

struct watch {
	struct watch_options options;
	struct postgres *postgres;
	struct redis *redis;
	struct queue *queue;
	pthread_t thread;
	bool started;
	_Atomic bool leaving;
};

/* ---- Redis ----------------------------------------------------------------------------------- */

static const char *const queue_names[] = {"high", "normal", "low", "retry", "pending"};

static void show_queue(const struct queue_depth *depth)
{
	const int64_t values[] = {depth->waiting[PRIORITY_HIGH], depth->waiting[PRIORITY_NORMAL],
		depth->waiting[PRIORITY_LOW], depth->retries, depth->pending};

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		metrics_set(METRIC_QUEUE_DEPTH, values[i], queue_names[i]);
	metrics_set(METRIC_QUEUE_OLDEST, depth->oldest_ms);
}

static void show_redis(const struct inspect_server *server)
{
	metrics_set(METRIC_REDIS_MEMORY, server->memory_bytes);
	metrics_set(METRIC_REDIS_MEMORY_MAX, server->memory_max_bytes);
	metrics_set(METRIC_REDIS_EVICTED, server->evicted);
	metrics_set(METRIC_REDIS_WRITE_FAILED, server->write_failed ? 1 : 0);
}

static void hide_queue(void)
{
	for (size_t i = 0; i < sizeof queue_names / sizeof queue_names[0]; i++)
		metrics_unset(METRIC_QUEUE_DEPTH, queue_names[i]);
	metrics_unset(METRIC_QUEUE_OLDEST);
	metrics_unset(METRIC_REDIS_MEMORY);
	metrics_unset(METRIC_REDIS_MEMORY_MAX);
	metrics_unset(METRIC_REDIS_EVICTED);
	metrics_unset(METRIC_REDIS_WRITE_FAILED);
}

static void look_at_queue(struct watch *watch)
{
	struct inspect_server server;
	struct queue_depth depth;
	struct err err;

	if (queue_depth(watch->queue, &depth, &err) == -1 ||
		inspect_server(watch->redis, &server, &err) == -1) {
		log_failure(LOG_DEBUG, "Redis tells no figures", &err);
		hide_queue();
		return;
	}
	show_queue(&depth);
	show_redis(&server);
}

/* ---- Postgres -------------------------------------------------------------------------------- */

static void show_figures(const struct figures *figures)
{
	metrics_set(METRIC_TENANTS, figures->tenants);
	metrics_set(METRIC_BOTS, figures->running, "running");
	metrics_set(METRIC_BOTS, figures->paused, "paused");
	metrics_set(METRIC_BOTS, figures->blocked, "blocked");
	metrics_set(METRIC_BOTS, figures->stopped, "stopped");
	metrics_set(METRIC_ORDERS_OPEN, figures->orders_open);
	metrics_set(METRIC_ORDERS_UNKNOWN, figures->orders_unknown);
	metrics_set(METRIC_QUEUE_DEAD, figures->dead_letters);
	metrics_set(METRIC_DRIFTED, figures->drifted);
	metrics_set(METRIC_UNATTENDED, figures->unattended);
	metrics_set(METRIC_DB_CONNECTIONS, figures->connections);
	metrics_set(METRIC_DB_CONNECTIONS_MAX, figures->connections_max);
	metrics_set(METRIC_DB_SIZE, figures->size_bytes);
	metrics_set(METRIC_DB_REPLICAS, figures->replicas);
	metrics_set(METRIC_DB_CONFIRMED, figures->confirmed ? 1 : 0);
	if (figures->lag_known)
		metrics_set(METRIC_DB_REPLICATION_LAG, figures->lag_ms);
	else
		metrics_unset(METRIC_DB_REPLICATION_LAG);
}

static void hide_figures(void)
{
	static const enum metric plain[] = {METRIC_TENANTS, METRIC_ORDERS_OPEN,
		METRIC_ORDERS_UNKNOWN, METRIC_QUEUE_DEAD, METRIC_DRIFTED, METRIC_UNATTENDED,
		METRIC_DB_CONNECTIONS, METRIC_DB_CONNECTIONS_MAX, METRIC_DB_SIZE,
		METRIC_DB_REPLICAS, METRIC_DB_REPLICATION_LAG, METRIC_DB_CONFIRMED};
	static const char *const states[] = {"running", "paused", "blocked", "stopped"};

	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
		metrics_unset(plain[i]);
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		metrics_unset(METRIC_BOTS, states[i]);
}

static void look_at_database(struct watch *watch)
{
	struct figures figures;
	struct err err;

	if (figures_read(watch->postgres, &figures, &err) == 0) {
		show_figures(&figures);
		return;
	}
	log_failure(LOG_DEBUG, "Postgres tells no figures", &err);
	hide_figures();
}

/* ---- life ------------------------------------------------------------------------------------ */

static void *run(void *context)
{
	const struct clock *clock = clock_system();
	struct watch *watch = context;
	int64_t look_at_ms = 0;
	bool shown = false;

	while (!atomic_load(&watch->leaving)) {
		int64_t now_ms = clock_mono_ms(clock);
		bool leads = now_ms < atomic_load(watch->options.lead_until_mono_ms);
		if (leads && now_ms >= look_at_ms) {
			look_at_queue(watch);
			look_at_database(watch);
			look_at_ms = now_ms + WATCH_MS;
			shown = true;
		} else if (!leads && shown) {
			hide_queue();
			hide_figures();
			look_at_ms = 0;
			shown = false;
		}
		clock_sleep_ms(clock, STEP_MS);
	}
	return NULL;
}

/* Signals are the scheduler's: its thread waits for them. */
static int start_thread(struct watch *watch, struct err *err)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int problem = pthread_create(&watch->thread, NULL, run, watch);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (problem != 0)
		return err_errno(err, problem, "could not start the thread that counts");
	watch->started = true;
	return 0;
}

int watch_start(const struct watch_options *options, struct watch **ret, struct err *err)
{
	const struct config *config = options->config;
	int64_t timeout_ms = config_int(config, "redis.command_timeout_ms");
	CLEANUP(watch_stop) struct watch *watch = mem_zero(1, sizeof *watch);
	struct postgres_options postgres = {
		.url = config_text(config, "database.url"),
		.application = "botbeat scheduler watch",
		.statement_timeout_ms = config_int(config, "database.statement_timeout_ms"),
	};

	watch->options = *options;
	if (redis_new(config_text(config, "redis.url"), timeout_ms, timeout_ms, &watch->redis,
		    err) == -1)
		return -1;
	watch->postgres = postgres_new(&postgres);
	watch->queue = queue_new(&(struct queue_options){
		.redis = watch->redis, .mark_ttl_ms = 1}); /* pushes nothing */
	if (start_thread(watch, err) == -1)
		return -1;
	*ret = TAKE(watch);
	return 0;
}

void watch_stop(struct watch **watch)
{
	if (*watch == NULL)
		return;
	atomic_store(&(*watch)->leaving, true);
	if ((*watch)->started)
		(void)pthread_join((*watch)->thread, NULL);
	queue_free(&(*watch)->queue);
	redis_free(&(*watch)->redis);
	postgres_free(&(*watch)->postgres);
	free(*watch);
	*watch = NULL;
}
