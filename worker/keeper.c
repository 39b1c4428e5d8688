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
#include "worker/policy.h"
#include "worker/sandbox.h"
#include "worker/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LOOP_MS 50        /* obituaries, retries and stops are looked at this often */
#define AWAY_MS 500       /* between two tries to reach Postgres */
#define EXPIRED_MS 2000   /* leases of dead hosts */
#define RECLAIM_MS 10000  /* jobs that were fetched and never claimed */
#define STALE_MS 5000     /* no round of ours, or no poll by any runner, for that long: not ready */
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
	int max_kills;
	bool database_down, queue_down, subscribed; /* said once */
	bool lease_ended[SCOREBOARD_OBITUARIES];    /* of an obituary whose jobs still wait */
	struct claim_held *held;
	unsigned *held_slots;
	bool *still_held, *stopped;
};

static unsigned runner_slots(const struct keeper *keeper)
{
	return keeper->scoreboard->slots - 1;
}

/* Says a change of state once, whichever way it goes. */
static void note_state(bool *down, bool is_down, const char *what, const struct err *failure)
{
	if (is_down && !*down)
		log_failure(LOG_WARN, what, failure);
	else if (!is_down && *down)
		log_event(LOG_INFO, "answers again", LOG_TEXT("after", what));
	*down = is_down;
}

/*
 * What is away costs each round one timeout and not more, so that leases are still renewed: while
 * Postgres is away only renewing tries it, while Redis is away only promoting does.
 */
static void database_answered(struct keeper *keeper, int result, const struct err *failure)
{
	note_state(&keeper->database_down, result == -1, "Postgres is away, leases are not renewed",
		failure);
	if (result == -1)
		keeper->renew_at_ms = clock_mono_ms(keeper->clock) + AWAY_MS;
}

static void queue_answered(struct keeper *keeper, int result, const struct err *failure)
{
	note_state(&keeper->queue_down, result == -1, "Redis is away, nothing is handed back",
		failure);
	if (result == -1)
		keeper->subscribed = false;
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
	database_answered(keeper, result, &err);
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

/* ---- deaths --------------------------------------------------------------------------------- */

static const char *how_it_ended(const struct scoreboard_obituary *obituary)
{
	return obituary->stopped     ? "was stopped with its pool"
	       : obituary->timed_out ? "passed its hard timeout"
				     : "died";
}

static int end_run(
	struct keeper *keeper, const struct scoreboard_obituary *obituary, struct err *err)
{
	const char *phase = runner_phase_text((enum runner_phase)obituary->phase);
	char message[128];
	enum claim_fate fate;

	if (obituary->run.token == 0)
		return 0;
	(void)snprintf(message, sizeof message, "the runner %s in phase %s (signal %d, exit %d)",
		how_it_ended(obituary), phase, obituary->signal, obituary->exit_code);
	struct claim_killed killed = {
		.bot = obituary->run.bot,
		.token = obituary->run.token,
		.retry_ms = 0,
		.max_kills = keeper->max_kills,
		.signal = obituary->signal,
		.memory_kb = obituary->memory_kb,
		.message = message,
		.phase = phase,
		.handed_back = obituary->stopped,
	};
	int result = claim_end_killed(keeper->postgres, &killed, &fate, err);
	database_answered(keeper, result, err);
	if (result == 0 && fate == CLAIM_FATE_DEAD) {
		metrics_add(METRIC_DEAD, 1);
		log_event(LOG_ERROR, "a run killed too many runners, it goes to the dead letters",
			LOG_TEXT("bot", obituary->run.bot.text),
			LOG_INT("slot", obituary->run.scheduled_s));
	}
	return result;
}

static int hand_back(struct keeper *keeper, const char *consumer, struct err *err)
{
	size_t count;
	int result = queue_hand_back(keeper->queue, consumer, true, &count, err);

	queue_answered(keeper, result, err);
	if (result == 0 && count > 0)
		log_event(LOG_INFO, "jobs of a runner that ended go back",
			LOG_TEXT("consumer", consumer), LOG_INT("jobs", (int64_t)count));
	return result;
}

/* First the lease, then the job: handed back earlier it would only be refused as busy. */
static void settle_death(struct keeper *keeper, unsigned place)
{
	struct scoreboard_obituary obituary;
	char consumer[CONSUMER_SIZE];
	struct err err;

	if (!scoreboard_obituary(keeper->scoreboard, place, &obituary))
		return;
	if (!keeper->lease_ended[place] && !keeper->database_down)
		keeper->lease_ended[place] = end_run(keeper, &obituary, &err) == 0;
	if (!keeper->lease_ended[place] || keeper->queue_down)
		return;
	scoreboard_consumer(keeper->child->host, obituary.slot, obituary.generation, consumer);
	if (hand_back(keeper, consumer, &err) == -1)
		return;
	keeper->lease_ended[place] = false;
	scoreboard_settled(keeper->scoreboard, place);
}

static bool deaths_are_settled(const struct keeper *keeper)
{
	struct scoreboard_obituary obituary;

	for (unsigned place = 0; place < SCOREBOARD_OBITUARIES; place++)
		if (scoreboard_obituary(keeper->scoreboard, place, &obituary))
			return false;
	return true;
}

/* Left alone by its supervisor, the keeper finds by itself who has died. */
static void find_deaths(struct keeper *keeper)
{
	for (unsigned slot = 0; slot < runner_slots(keeper); slot++) {
		struct scoreboard_page *page = &keeper->scoreboard->pages[slot];
		struct scoreboard_obituary obituary = {
			.slot = slot,
			.generation = atomic_load(&page->generation),
			.phase = atomic_load(&page->phase),
		};
		int pid = atomic_load(&page->pid);
		if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		if (scoreboard_read_last(page, &obituary.run))
			log_event(LOG_ERROR, "runner died after its supervisor, its run goes back",
				LOG_INT("slot", slot), LOG_INT("pid", pid));
		if (scoreboard_bury(keeper->scoreboard, &obituary))
			scoreboard_reset(page);
	}
}

static void settle_deaths(struct keeper *keeper)
{
	if (worker_orphaned(keeper->child))
		find_deaths(keeper);
	for (unsigned place = 0; place < SCOREBOARD_OBITUARIES; place++)
		settle_death(keeper, place);
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

	database_answered(keeper, result, &err);
	for (size_t i = 0; result == 0 && i < holders.count && !keeper->queue_down; i++)
		if (!is_alive_here(keeper, holders.names[i]) &&
			hand_back(keeper, holders.names[i], &err) == -1)
			break;
	arena_reset(keeper->arena);
	keeper->expired_at_ms = now_ms + EXPIRED_MS;
}

static void reclaim(struct keeper *keeper, int64_t now_ms)
{
	struct err err;
	size_t count;

	queue_answered(keeper,
		queue_reclaim(keeper->queue, keeper->overdue_ms, PROMOTE_LIMIT, &count, &err),
		&err);
	keeper->reclaim_at_ms = now_ms + RECLAIM_MS;
}

static void promote(struct keeper *keeper)
{
	struct err err;
	size_t count;

	queue_answered(keeper, queue_promote(keeper->queue, PROMOTE_LIMIT, &count, &err), &err);
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

	if (!keeper->subscribed && !keeper->queue_down) {
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

/* A runner that works need not poll; one that hangs in its work is killed in time. */
static bool somebody_serves(const struct keeper *keeper)
{
	struct scoreboard_run run;

	for (unsigned slot = 0; slot < runner_slots(keeper); slot++)
		if (is_running(keeper, slot, &run))
			return true;
	return clock_mono_ms(keeper->clock) - atomic_load(&keeper->scoreboard->last_poll_mono_ms) <=
	       STALE_MS;
}

/* On the status server's thread: it reads nothing but shared memory. */
static bool is_ready(void *context, const char **ret_reason)
{
	const struct keeper *keeper = context;
	const struct scoreboard *scoreboard = keeper->scoreboard;
	int64_t now_ms = clock_mono_ms(keeper->clock);
	int64_t round_ms = now_ms - atomic_load(&scoreboard->keeper_heartbeat_mono_ms);

	*ret_reason = atomic_load(&scoreboard->draining)        ? "draining"
		      : !atomic_load(&scoreboard->keeper_ready) ? "Postgres or Redis is away"
		      : round_ms > STALE_MS                     ? "the keeper does not come round"
		      : !somebody_serves(keeper) ? "no runner has polled or claimed for 5 s"
						 : "ok";
	return strcmp(*ret_reason, "ok") == 0;
}

static int serve_status(struct keeper *keeper, struct err *err)
{
	struct status_server_options status = {
		.address = config_text(keeper->config, "worker.listen"),
		.metrics = keeper->child->metrics,
		.ready = is_ready,
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
		if (clock_mono_ms(keeper->clock) >= end_ms || worker_orphaned(keeper->child))
			return -1;
		clock_sleep_ms(keeper->clock, LOOP_MS);
	}
	return 0;
}

/* Whoever comes after a supervisor that died wants its port. */
static void look_after_port(struct keeper *keeper, int64_t now_ms)
{
	struct err err;

	if (worker_orphaned(keeper->child)) {
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
	keeper->max_kills = (int)config_int(config, "worker.poison_kills");
	keeper->overdue_ms = config_int(config, "worker.hard_timeout_ms") + OVERDUE_SLACK_MS;
	return serve_first(keeper, err);
}

static void close_all(struct keeper *keeper)
{
	status_server_stop(&keeper->server);
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
	if (now_ms >= keeper->renew_at_ms)
		renew(keeper, now_ms);
	settle_deaths(keeper);
	if (now_ms >= keeper->expired_at_ms && !keeper->database_down)
		hand_back_expired(keeper, now_ms);
	if (now_ms >= keeper->reclaim_at_ms && !keeper->queue_down)
		reclaim(keeper, now_ms);
	promote(keeper);
	atomic_store(
		&keeper->scoreboard->keeper_ready, !keeper->database_down && !keeper->queue_down);
	listen(keeper);
}

/* Left alone by its supervisor, the keeper stays until the last run has ended. */
static bool may_leave(const struct keeper *keeper)
{
	struct scoreboard_run run;

	if (!worker_orphaned(keeper->child))
		return atomic_load(&keeper->scoreboard->pages[keeper->child->slot].drain) &&
		       deaths_are_settled(keeper);
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
	keeper->renewed_ms = clock_mono_ms(keeper->clock);
	log_room("keeper");
	if (sandbox_hide(&err) == -1 || open_all(keeper, &err) == -1) {
		log_failure(LOG_ERROR, "keeper cannot start", &err);
		exit_code = err.retry == ERR_RETRY_NEVER ? CHILD_EXIT_CONFIG : 1;
	} else {
		atomic_store(&child->scoreboard->pages[child->slot].ready, true);
		while (!may_leave(keeper))
			come_round(keeper);
		settle_deaths(keeper);
	}
	close_all(keeper);
	free(keeper);
	return exit_code;
}
