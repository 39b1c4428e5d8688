#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/io/status_server.h"
#include "core/queue/queue.h"
#include "core/store/claim.h"
#include "worker/child.h"
#include "worker/deaths.h"
#include "worker/gauges.h"
#include "worker/policy.h"
#include "worker/reach.h"
#include "worker/sandbox.h"
#include "worker/scoreboard.h"

#include <stdlib.h>
#include <string.h>

#define LOOP_MS 50        /* obituaries, retries and stops are looked at this often */
#define AWAY_MS 500       /* between two tries to reach Postgres */
#define EXPIRED_MS 1000   /* leases of dead hosts */
#define RECLAIM_MS 10000  /* jobs that were fetched and never claimed */
#define STALE_MS 5000     /* no round of ours, or no poll by any runner, for that long: not ready */
#define STUCK_MS 15000    /* a run that stands in one phase for longer does not serve */
#define PORT_WAIT_MS 5000 /* for the keeper of a pool whose supervisor died to leave our port */
#define PROMOTE_LIMIT 1000
#define HOLDERS_LIMIT 256
#define OVERDUE_SLACK_MS 30000 /* beyond the hard timeout: nobody runs for longer */

struct keeper {
	const struct worker_child *child;
	const struct config *config;
	struct scoreboard *scoreboard;
	const struct clock *clock;
	struct postgres *postgres;
	struct redis *redis;
	struct redis *channel; /* subscribed: stops */
	struct queue *queue;
	struct arena *arena;
	struct status_server *server;
	int64_t lease_ms;
	int64_t renewed_ms; /* last renewal that succeeded, our clock */
	int64_t renew_at_ms, expired_at_ms, reclaim_at_ms, serve_at_ms;
	int64_t overdue_ms; /* a run older than this is not running any more */
	struct reach reach;
	_Atomic(const char *) away; /* what does not answer, NULL: all do; for the status thread */
	struct deaths *deaths;
	bool subscribed;
	struct claim_held *held;
	unsigned *held_slots;
	bool *still_held, *stopped;
};

static unsigned runner_slots(const struct keeper *keeper)
{
	return keeper->scoreboard->slots - 1;
}

/* ---- leases --------------------------------------------------------------------------------- */

/*
 * The run that a slot is busy with. A page of a runner that ended unseen (its supervisor stopped or
 * dead) shows its run for ever: what is overdue does not count, or its lease would never end.
 */
static bool is_running(const struct keeper *keeper, unsigned slot, struct scoreboard_run *ret)
{
	return scoreboard_read(&keeper->scoreboard->pages[slot], ret) &&
	       clock_mono_ms(keeper->clock) - ret->started_mono_ms < keeper->overdue_ms;
}

static size_t collect_running(struct keeper *keeper)
{
	size_t count = 0;

	for (unsigned slot = 0; slot < runner_slots(keeper); slot++) {
		struct scoreboard_run run;
		if (!is_running(keeper, slot, &run) || run.token == 0)
			continue;
		keeper->held[count] = (struct claim_held){.bot = run.bot, .token = run.token};
		keeper->held_slots[count++] = slot;
	}
	return count;
}

/* The page may show another run by now: the token says which run the verdict is about. */
static void flag(struct keeper *keeper, size_t index, bool lost, bool stopped)
{
	struct scoreboard_page *page = &keeper->scoreboard->pages[keeper->held_slots[index]];
	struct scoreboard_run run;

	if (!scoreboard_read(page, &run) || run.token != keeper->held[index].token ||
		strcmp(run.bot.text, keeper->held[index].bot.text) != 0)
		return;
	if (lost) {
		metrics_add(METRIC_LEASE_EXPIRED, 1);
		atomic_store(&page->lost_token, run.token);
	}
	if (stopped)
		atomic_store(&page->stopped_token, run.token);
}

static void renew(struct keeper *keeper, int64_t now_ms)
{
	struct err err;
	size_t count = collect_running(keeper);
	int result = count == 0
			     ? postgres_connect(keeper->postgres, &err)
			     : claim_renew(keeper->postgres, keeper->held, count, keeper->lease_ms,
				       keeper->still_held, keeper->stopped, &err);

	keeper->renew_at_ms = now_ms + keeper->lease_ms / 3;
	reach_database(&keeper->reach, result, &err);
	if (result == 0) {
		keeper->renewed_ms = now_ms;
		for (size_t i = 0; i < count; i++)
			flag(keeper, i, !keeper->still_held[i], keeper->stopped[i]);
	} else if (now_ms - keeper->renewed_ms >= keeper->lease_ms) {
		/* Whoever has not been renewed for a whole lease may have been overtaken. */
		for (size_t i = 0; i < count; i++)
			flag(keeper, i, true, false);
	}
}

/* ---- other hosts' deaths, retries, stops ---------------------------------------------------- */

/* Its own runners hand back by themselves what they could not finish: see runner.c. */
static bool is_alive_here(const struct keeper *keeper, const char *holder)
{
	char consumer[CONSUMER_SIZE];

	for (unsigned slot = 0; slot < runner_slots(keeper); slot++) {
		const struct scoreboard_page *page = &keeper->scoreboard->pages[slot];
		scoreboard_consumer(
			keeper->child->host, slot, atomic_load(&page->generation), consumer);
		if (atomic_load(&page->pid) > 0 && strcmp(holder, consumer) == 0)
			return true;
	}
	return false;
}

static void hand_back_expired(struct keeper *keeper, int64_t now_ms)
{
	struct claim_holders holders = {0};
	struct err err;
	int result = claim_expired(keeper->postgres, HOLDERS_LIMIT, keeper->arena, &holders, &err);

	reach_database(&keeper->reach, result, &err);
	for (size_t i = 0; result == 0 && i < holders.count && !keeper->reach.queue_down; i++)
		if (!is_alive_here(keeper, holders.names[i]) &&
			deaths_hand_back(keeper->deaths, holders.names[i], &err) == -1)
			break;
	arena_reset(keeper->arena);
	keeper->expired_at_ms = now_ms + EXPIRED_MS;
}

static void reclaim(struct keeper *keeper, int64_t now_ms)
{
	struct err err;
	size_t count;

	reach_queue(&keeper->reach,
		queue_reclaim(keeper->queue, keeper->overdue_ms, PROMOTE_LIMIT, &count, &err),
		&err);
	keeper->reclaim_at_ms = now_ms + RECLAIM_MS;
}

static void promote(struct keeper *keeper)
{
	struct err err;
	size_t count;

	reach_queue(
		&keeper->reach, queue_promote(keeper->queue, PROMOTE_LIMIT, &count, &err), &err);
}

/* A stop is in Postgres before it is published: flag the run at once, renewal would too, later. */
static void flag_stop(struct keeper *keeper, const char *message)
{
	static const char word[] = "stop ";

	if (strncmp(message, word, sizeof word - 1) != 0)
		return;
	for (unsigned slot = 0; slot < runner_slots(keeper); slot++) {
		struct scoreboard_page *page = &keeper->scoreboard->pages[slot];
		struct scoreboard_run run;
		/* Without a token it has not been claimed: the claim sees the stop. */
		if (scoreboard_read(page, &run) && run.token != 0 &&
			strcmp(run.bot.text, message + sizeof word - 1) == 0)
			atomic_store(&page->stopped_token, run.token);
	}
}

/* Waits for a stop; this wait is the loop's pause. */
static void listen(struct keeper *keeper)
{
	const char *message = NULL;
	struct err err;

	/* What was missed is made good by the next renewal. */
	keeper->subscribed = keeper->subscribed && !keeper->reach.queue_failed;
	keeper->reach.queue_failed = false;
	if (!keeper->subscribed && !keeper->reach.queue_down) {
		redis_disconnect(keeper->channel);
		keeper->subscribed = redis_subscribe(keeper->channel, QUEUE_CHANNEL, &err) == 0;
	}
	if (!keeper->subscribed || redis_wait(keeper->channel, LOOP_MS, &message, &err) == -1) {
		keeper->subscribed = false;
		clock_sleep_ms(keeper->clock, LOOP_MS);
		return;
	}
	if (message != NULL)
		flag_stop(keeper, message);
}

/* ---- serving -------------------------------------------------------------------------------- */

/* A runner that works need not poll, as long as its run goes on. */
static bool somebody_serves(const struct keeper *keeper)
{
	const struct scoreboard *scoreboard = keeper->scoreboard;
	int64_t now_ms = clock_mono_ms(keeper->clock);
	struct scoreboard_run run;

	for (unsigned slot = 0; slot < runner_slots(keeper); slot++)
		if (is_running(keeper, slot, &run) &&
			now_ms - atomic_load(&scoreboard->pages[slot].heartbeat_mono_ms) <=
				STUCK_MS)
			return true;
	return now_ms - atomic_load(&scoreboard->last_poll_mono_ms) <= STALE_MS;
}

/* On the status server's thread: it reads nothing but shared memory. */
static bool is_ready(void *context, const char **ret_reason)
{
	const struct keeper *keeper = context;
	const struct scoreboard *scoreboard = keeper->scoreboard;
	int64_t now_ms = clock_mono_ms(keeper->clock);
	int64_t round_ms = now_ms - atomic_load(&scoreboard->keeper_heartbeat_mono_ms);
	const char *away = atomic_load(&keeper->away);

	*ret_reason = atomic_load(&scoreboard->draining) ? "draining"
		      : away != NULL                     ? away
		      : round_ms > STALE_MS              ? "the keeper does not come round"
		      : !somebody_serves(keeper) ? "no runner has polled or come on with a run"
						 : "ok";
	return strcmp(*ret_reason, "ok") == 0;
}

/* On the status server's thread, too. */
static void refresh(void *context)
{
	const struct keeper *keeper = context;
	const char *reason;
	struct gauges_state state = {
		.ready = is_ready(context, &reason),
		.now_mono_ms = clock_mono_ms(keeper->clock),
	};

	gauges_refresh(keeper->scoreboard, &state);
}

static int serve_status(struct keeper *keeper, struct err *err)
{
	struct status_server_options status = {
		.address = config_text(keeper->config, "worker.listen"),
		.metrics_address = config_text(keeper->config, "worker.metrics_listen"),
		.metrics = keeper->child->metrics,
		.ready = is_ready,
		.refresh = refresh,
		.context = keeper,
	};

	return status_server_start(&status, &keeper->server, err);
}

/* A pool that begins without its port does not begin; a later keeper has leases to renew first. */
static int serve_first(struct keeper *keeper, struct err *err)
{
	int64_t end_ms = clock_mono_ms(keeper->clock) + PORT_WAIT_MS;
	bool is_first = atomic_load(&keeper->scoreboard->pages[keeper->child->slot].generation) ==
			1;

	while (serve_status(keeper, err) == -1) {
		if (!is_first) {
			log_failure(LOG_ERROR, "no status is served, trying again", err);
			keeper->serve_at_ms = clock_mono_ms(keeper->clock) + PORT_WAIT_MS;
			return 0;
		}
		if (clock_mono_ms(keeper->clock) >= end_ms || child_orphaned(keeper->child))
			return -1;
		clock_sleep_ms(keeper->clock, LOOP_MS);
	}
	return 0;
}

/* Whoever comes after a supervisor that died wants its port. */
static void look_after_port(struct keeper *keeper, int64_t now_ms)
{
	struct err err;

	if (child_orphaned(keeper->child)) {
		keeper->serve_at_ms = 0;
		status_server_stop(&keeper->server);
	} else if (keeper->serve_at_ms != 0 && now_ms >= keeper->serve_at_ms) {
		keeper->serve_at_ms = serve_status(keeper, &err) == 0 ? 0 : now_ms + PORT_WAIT_MS;
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static int open_all(struct keeper *keeper, struct err *err)
{
	const struct config *config = keeper->config;
	int64_t timeout_ms = config_int(config, "redis.command_timeout_ms");
	struct postgres_options postgres = {
		.url = config_text(config, "database.url"),
		.application = "botbeat keeper",
		.connect_timeout_ms = 2000,
		.statement_timeout_ms = 3000,
	};

	/* A frozen Redis must not keep us from the next renewal. */
	keeper->lease_ms = config_int(config, "worker.lease_ms");
	timeout_ms = timeout_ms < keeper->lease_ms / 4 ? timeout_ms : keeper->lease_ms / 4;
	if (redis_new(config_text(config, "redis.url"), timeout_ms, timeout_ms, &keeper->redis,
		    err) == -1 ||
		redis_new(config_text(config, "redis.url"), timeout_ms, timeout_ms,
			&keeper->channel, err) == -1)
		return -1;
	keeper->postgres = postgres_new(&postgres);
	keeper->queue = queue_new(&(struct queue_options){
		.redis = keeper->redis,
		.mark_ttl_ms = config_int(config, "worker.hard_timeout_ms") +
			       config_int(config, "worker.retry_cap_ms"),
	});
	keeper->arena = arena_new(64 << 10, 4 << 20);
	keeper->held = mem_zero(runner_slots(keeper), sizeof *keeper->held);
	keeper->held_slots = mem_zero(runner_slots(keeper), sizeof *keeper->held_slots);
	keeper->still_held = mem_zero(runner_slots(keeper), sizeof *keeper->still_held);
	keeper->stopped = mem_zero(runner_slots(keeper), sizeof *keeper->stopped);
	keeper->deaths = deaths_new(&(struct deaths_options){
		.child = keeper->child,
		.postgres = keeper->postgres,
		.queue = keeper->queue,
		.reach = &keeper->reach,
		.max_kills = (int)config_int(config, "worker.poison_kills"),
	});
	keeper->overdue_ms = config_int(config, "worker.hard_timeout_ms") + OVERDUE_SLACK_MS;
	return serve_first(keeper, err);
}

static void close_all(struct keeper *keeper)
{
	status_server_stop(&keeper->server);
	deaths_free(&keeper->deaths);
	queue_free(&keeper->queue);
	redis_free(&keeper->redis);
	redis_free(&keeper->channel);
	postgres_free(&keeper->postgres);
	arena_free(&keeper->arena);
	free(keeper->held);
	free(keeper->held_slots);
	free(keeper->still_held);
	free(keeper->stopped);
}

static void come_round(struct keeper *keeper)
{
	int64_t now_ms = clock_mono_ms(keeper->clock);

	atomic_store(&keeper->scoreboard->keeper_heartbeat_mono_ms, now_ms);
	look_after_port(keeper, now_ms);
	if (keeper->reach.database_failed) {
		keeper->reach.database_failed = false;
		keeper->renew_at_ms = now_ms + AWAY_MS;
	}
	if (now_ms >= keeper->renew_at_ms)
		renew(keeper, now_ms);
	deaths_settle(keeper->deaths);
	if (now_ms >= keeper->expired_at_ms && !keeper->reach.database_down)
		hand_back_expired(keeper, now_ms);
	if (now_ms >= keeper->reclaim_at_ms && !keeper->reach.queue_down)
		reclaim(keeper, now_ms);
	promote(keeper);
	atomic_store(&keeper->away, keeper->reach.database_down ? "Postgres is away"
				    : keeper->reach.queue_down  ? "Redis is away"
								: NULL);
	listen(keeper);
}

/* Left alone by its supervisor, the keeper stays until the last run has ended. */
static bool may_leave(const struct keeper *keeper)
{
	struct scoreboard_run run;

	if (!child_orphaned(keeper->child))
		return atomic_load(&keeper->scoreboard->pages[keeper->child->slot].drain) &&
		       deaths_settled(keeper->deaths);
	for (unsigned slot = 0; slot < runner_slots(keeper); slot++)
		if (is_running(keeper, slot, &run))
			return false;
	return true;
}

int keeper_main(const struct worker_child *child)
{
	struct keeper *keeper = mem_zero(1, sizeof *keeper);
	struct err err;
	int exit_code = 0;

	keeper->child = child;
	keeper->config = child->config;
	keeper->scoreboard = child->scoreboard;
	keeper->clock = clock_system();
	atomic_store(&keeper->away, "the keeper has not come round yet");
	keeper->renewed_ms = clock_mono_ms(keeper->clock);
	log_room("keeper");
	if (sandbox_hide(&err) == -1 || open_all(keeper, &err) == -1) {
		log_failure(LOG_ERROR, "keeper cannot start", &err);
		exit_code = err.retry == ERR_RETRY_NEVER ? CHILD_EXIT_CONFIG : 1;
	} else {
		atomic_store(&child->scoreboard->pages[child->slot].ready, true);
		while (!may_leave(keeper))
			come_round(keeper);
		deaths_settle(keeper->deaths);
	}
	close_all(keeper);
	free(keeper);
	return exit_code;
}
