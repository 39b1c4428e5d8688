#include "scheduler/scheduler.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/io/notify.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/io/status_server.h"
#include "core/queue/queue.h"
#include "core/store/leader.h"
#include "core/store/migrate.h"
#include "scheduler/beat.h"
#include "scheduler/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STALE_MS 5000 /* no finished round for that long: not ready */
#define FAILURE_PAUSE_MS 500
#define RAISE_MS 600000 /* USR1: how long debug lines are written */
#define DRAIN_WINDOW_S (30 * 86400)

struct scheduler {
	const struct config *config;
	const struct clock *clock;
	struct postgres *postgres;
	struct postgres *listener; /* direct: LISTEN */
	struct redis *redis;
	struct queue *queue;
	struct beat *beat;
	struct metrics *metrics;
	struct status_server *server;
	struct watch *watch;
	char holder[96];
	int signal_fd;
	sigset_t old_mask;
	int64_t lease_ms, tick_ms, started_mono_ms;
	/* The lease: valid while our clock is before until_mono_ms. */
	bool leads, took_over;
	int64_t epoch, postgres_ms, read_mono_ms, until_mono_ms, renew_mono_ms;
	bool listening;
	/* Read by the status thread. */
	_Atomic(const char *) trouble; /* why rounds fail, said once; NULL: they do not */
	_Atomic int64_t round_mono_ms;
	_Atomic int64_t lead_until_mono_ms; /* 0: does not lead */
};

static int64_t postgres_now_ms(const struct scheduler *scheduler)
{
	return scheduler->postgres_ms + clock_mono_ms(scheduler->clock) - scheduler->read_mono_ms;
}

static void lose_lead(struct scheduler *scheduler, const char *why)
{
	if (scheduler->leads)
		log_event(LOG_WARN, "lead lost, standing by", LOG_TEXT("why", why),
			LOG_INT("epoch", scheduler->epoch));
	scheduler->leads = false;
	scheduler->took_over = false;
	atomic_store(&scheduler->lead_until_mono_ms, 0);
	metrics_unset(METRIC_ENTRIES);
	metrics_unset(METRIC_SCHED_WAITING);
}

/*
 * A leader renews at two fifths of its lease, a standby asks often: with the lease's end the lead
 * is free, and a takeover takes less than three renewals. Our clock is read before asking, so the
 * lease ends early, not late.
 */
static int keep_lead(struct scheduler *scheduler, struct err *err)
{
	struct leader_lease lease;
	int64_t before_ms = clock_mono_ms(scheduler->clock);

	if (scheduler->leads && before_ms >= scheduler->until_mono_ms)
		lose_lead(scheduler, "the lease ran out");
	if (before_ms < scheduler->renew_mono_ms)
		return 0;
	if (leader_take(scheduler->postgres, scheduler->holder, scheduler->lease_ms, &lease, err) ==
		-1)
		return -1;
	scheduler->renew_mono_ms = before_ms + (lease.held ? scheduler->lease_ms * 2 / 5
							   : scheduler->lease_ms / 20);
	if (!lease.held) {
		lose_lead(scheduler, "another scheduler leads");
		return 0;
	}
	if (!scheduler->leads || lease.epoch != scheduler->epoch) {
		log_event(LOG_INFO, "leading", LOG_TEXT("holder", scheduler->holder),
			LOG_INT("epoch", lease.epoch));
		metrics_add(METRIC_LEADER_CHANGES, 1);
		scheduler->took_over = false;
	}
	scheduler->leads = true;
	scheduler->epoch = lease.epoch;
	scheduler->postgres_ms = lease.now_ms;
	scheduler->read_mono_ms = clock_mono_ms(scheduler->clock);
	scheduler->until_mono_ms = before_ms + scheduler->lease_ms;
	atomic_store(&scheduler->lead_until_mono_ms, scheduler->until_mono_ms);
	metrics_set(METRIC_LEADER_EPOCH, lease.epoch);
	metrics_set(METRIC_SCHED_CLOCK, clock_utc_ms(scheduler->clock) - lease.now_ms);
	return 0;
}

/* At once, so that a standby need not wait for the lease to run out. */
static void leave_lead(struct scheduler *scheduler)
{
	struct err err;

	if (leader_leave(scheduler->postgres, scheduler->holder, &err) == -1)
		log_failure(LOG_WARN, "could not give up the lead, it runs out by itself", &err);
}

static int lead(struct scheduler *scheduler, struct err *err)
{
	int64_t pushed;

	if (!scheduler->took_over) {
		if (beat_take_over(scheduler->beat, postgres_now_ms(scheduler), err) == -1)
			return err_while(err, "could not take over");
		scheduler->took_over = true;
	}
	/* Reading everything may have taken longer than the lease: no lease, no send. */
	if (clock_mono_ms(scheduler->clock) >= scheduler->until_mono_ms)
		return 0;
	int result = beat_tick(
		scheduler->beat, scheduler->epoch, postgres_now_ms(scheduler), &pushed, err);
	if (result == 0) {
		metrics_set(METRIC_LAST_TICK, postgres_now_ms(scheduler));
		metrics_set(METRIC_SCHED_WAITING, beat_waiting(scheduler->beat));
	}
	if (result == -1 && err->code == ERR_FENCED)
		lose_lead(scheduler, "a newer leader has pushed");
	return result;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static bool asked_to_leave(const struct scheduler *scheduler)
{
	struct signalfd_siginfo info;

	if (read(scheduler->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
		return false;
	if (info.ssi_signo == SIGUSR1) {
		log_raise(RAISE_MS);
		log_event(LOG_INFO, "debug lines are written for ten minutes",
			LOG_INT("by_pid", info.ssi_pid));
		return false;
	}
	if (info.ssi_signo != SIGHUP)
		return true;
	log_event(LOG_INFO,
		"settings are read at the start only: stop this scheduler and start it again");
	return false;
}

/* Before anything is read: what changes while we read is told, what changed before is read. */
static int listen_for_changes(struct scheduler *scheduler, struct err *err)
{
	if (scheduler->listening)
		return 0;
	if (postgres_listen(scheduler->listener, "bots", err) == -1)
		return err_while(err, "could not listen for changed bots");
	scheduler->listening = true;
	scheduler->took_over = false;
	return 0;
}

/* Waits for a changed bot, a signal or the next tick. */
static int wait_changes(struct scheduler *scheduler, struct err *err)
{
	int64_t wait_ms = scheduler->leads ? beat_wait_ms(scheduler->beat,
						     postgres_now_ms(scheduler), scheduler->tick_ms)
					   : scheduler->tick_ms;
	const char *payload;
	struct uuid bot;
	struct err ignored;

	for (;;) {
		if (postgres_wait(scheduler->listener, wait_ms, scheduler->signal_fd, &payload,
			    err) == -1) {
			scheduler->listening = false;
			return err_while(err, "could not wait for changed bots");
		}
		if (payload[0] == '\0')
			return 0;
		if (uuid_parse(payload, &bot, &ignored) == 0)
			beat_changed(scheduler->beat, &bot);
		wait_ms = 0; /* take all that have come, then tick */
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool is_ready(void *context, const char **ret_reason)
{
	const struct scheduler *scheduler = context;
	const char *trouble = atomic_load(&scheduler->trouble);
	int64_t round_ms = atomic_load(&scheduler->round_mono_ms);
	bool stale = clock_mono_ms(scheduler->clock) - round_ms >= STALE_MS;

	*ret_reason = trouble != NULL ? trouble
		      : round_ms == 0 ? "no round has been finished yet"
		      : stale         ? "no round has been finished for 5 s"
				      : "ok";
	return trouble == NULL && !stale;
}

/* On the status server's thread: a leader that is stuck has lost its lease all the same. */
static void refresh(void *context)
{
	const struct scheduler *scheduler = context;
	int64_t now_ms = clock_mono_ms(scheduler->clock);
	const char *reason;

	metrics_set(METRIC_LEADER, now_ms < atomic_load(&scheduler->lead_until_mono_ms) ? 1 : 0);
	int64_t round_ms = atomic_load(&scheduler->round_mono_ms);
	metrics_set(
		METRIC_SCHED_LAG, now_ms - (round_ms != 0 ? round_ms : scheduler->started_mono_ms));
	metrics_set(METRIC_SCHED_READY, is_ready(context, &reason) ? 1 : 0);
}

static int one_round(struct scheduler *scheduler, struct err *err)
{
	if (keep_lead(scheduler, err) == -1 || listen_for_changes(scheduler, err) == -1)
		return -1;
	if (scheduler->leads && lead(scheduler, err) == -1)
		return -1;
	atomic_store(&scheduler->round_mono_ms, clock_mono_ms(scheduler->clock));
	return wait_changes(scheduler, err);
}

static void note_trouble(struct scheduler *scheduler, int result, const struct err *failure)
{
	if (result == -1 && scheduler->trouble == NULL)
		log_failure(LOG_WARN, "could not finish a round, trying again", failure);
	else if (result == 0 && scheduler->trouble != NULL)
		log_event(LOG_INFO, "rounds go on again");
	atomic_store(&scheduler->trouble, result == 0                     ? NULL
					  : failure->code == ERR_QUEUE    ? "Redis is away"
					  : failure->code == ERR_DATABASE ? "Postgres is away"
									  : "rounds fail");
}

/* drain: everything that is due goes into the streams, at once. */
static int open_connections(struct scheduler *scheduler, bool drain, struct err *err)
{
	const struct config *config = scheduler->config;
	int64_t timeout_ms = config_int(config, "redis.command_timeout_ms");
	const char *direct = config_text(config, "database.direct_url");
	struct postgres_options options = {
		.url = config_text(config, "database.url"),
		.application = "botbeat scheduler",
		.statement_timeout_ms = config_int(config, "database.statement_timeout_ms"),
	};

	if (redis_new(config_text(config, "redis.url"), timeout_ms, timeout_ms, &scheduler->redis,
		    err) == -1)
		return -1;
	scheduler->postgres = postgres_new(&options);
	options.url = direct[0] == '\0' ? options.url : direct;
	options.application = "botbeat scheduler listen";
	scheduler->listener = postgres_new(&options);
	scheduler->queue = queue_new(&(struct queue_options){
		.redis = scheduler->redis,
		.mark_ttl_ms = config_int(config, "worker.hard_timeout_ms") +
			       config_int(config, "worker.retry_cap_ms"),
	});
	scheduler->beat = beat_new(&(struct beat_options){
		.postgres = scheduler->postgres,
		.queue = scheduler->queue,
		.stream_window_s = drain ? DRAIN_WINDOW_S
					 : config_int(config, "scheduler.stream_window_s"),
		.at_once = drain,
		.reload_ms = config_int(config, "scheduler.reload_s") * 1000,
	});
	return 0;
}

static int open_signals(struct scheduler *scheduler, struct err *err)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGQUIT);
	(void)sigaddset(&mask, SIGHUP);
	(void)sigaddset(&mask, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &mask, &scheduler->old_mask) == -1)
		return err_errno(err, errno, "could not block signals");
	scheduler->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (scheduler->signal_fd == -1)
		return err_errno(err, errno, "could not make a signal descriptor");
	return 0;
}

static void close_all(struct scheduler *scheduler)
{
	status_server_stop(&scheduler->server);
	watch_stop(&scheduler->watch);
	beat_free(&scheduler->beat);
	queue_free(&scheduler->queue);
	redis_free(&scheduler->redis);
	postgres_free(&scheduler->postgres);
	postgres_free(&scheduler->listener);
	fd_close(&scheduler->signal_fd);
	(void)sigprocmask(SIG_SETMASK, &scheduler->old_mask, NULL);
}

static void name_holder(struct scheduler *scheduler)
{
	char host[64];

	if (gethostname(host, sizeof host) == -1)
		(void)snprintf(host, sizeof host, "host");
	host[sizeof host - 1] = '\0';
	/* Containers share names and pids: two of us must never pass for one. */
	(void)snprintf(scheduler->holder, sizeof scheduler->holder, "%s-%d-%04x", host,
		(int)getpid(), (unsigned)random_u64() & 0xffff);
}

static int open_all(struct scheduler *scheduler, struct err *err)
{
	struct status_server_options status = {
		.address = config_text(scheduler->config, "scheduler.listen"),
		.metrics_address = config_text(scheduler->config, "scheduler.metrics_listen"),
		.ready = is_ready,
		.refresh = refresh,
		.context = scheduler,
	};

	if (open_signals(scheduler, err) == -1 || open_connections(scheduler, false, err) == -1)
		return -1;
	scheduler->metrics = metrics_new(
		&(struct metrics_options){.process = METRICS_SCHEDULER, .slots = 1});
	metrics_use(scheduler->metrics, 0);
	status.metrics = scheduler->metrics;
	scheduler->started_mono_ms = clock_mono_ms(scheduler->clock);
	if (status_server_start(&status, &scheduler->server, err) == -1)
		return -1;
	/* Nobody would see what it counts. */
	if (scheduler->server == NULL)
		return 0;
	return watch_start(&(struct watch_options){.config = scheduler->config,
				   .lead_until_mono_ms = &scheduler->lead_until_mono_ms},
		&scheduler->watch, err);
}

static struct scheduler scheduler_of(const struct config *config)
{
	struct scheduler scheduler = {
		.config = config,
		.clock = clock_system(),
		.signal_fd = -1,
		.lease_ms = config_int(config, "scheduler.lease_ms"),
		.tick_ms = config_int(config, "scheduler.tick_ms"),
	};

	name_holder(&scheduler);
	return scheduler;
}

/* An old schema never heals by waiting; an absent database may. */
static int rounds(struct scheduler *scheduler, struct err *err)
{
	bool checked = false;

	while (!asked_to_leave(scheduler)) {
		struct err failure = {0};
		notify_alive();
		int result = checked ? 0 : migrate_check(scheduler->postgres, &failure);
		if (result == -1 && failure.retry == ERR_RETRY_NEVER) {
			*err = failure;
			return -1;
		}
		checked = checked || result == 0;
		if (result == 0)
			result = one_round(scheduler, &failure);
		note_trouble(scheduler, result, &failure);
		if (result == -1)
			clock_sleep_ms(scheduler->clock, FAILURE_PAUSE_MS);
	}
	return 0;
}

int scheduler_run(const struct config *config, struct err *err)
{
	struct scheduler scheduler = scheduler_of(config);

	if (open_all(&scheduler, err) == -1) {
		close_all(&scheduler);
		return err_while(err, "could not start the scheduler");
	}
	log_event(LOG_INFO, "scheduler started", LOG_TEXT("holder", scheduler.holder));
	notify_send("READY=1");
	int result = rounds(&scheduler, err);
	notify_send("STOPPING=1");
	if (scheduler.leads)
		leave_lead(&scheduler);
	log_event(LOG_INFO, "scheduler left", LOG_TEXT("holder", scheduler.holder));
	close_all(&scheduler);
	return result;
}

int scheduler_enqueue_due(const struct config *config, int64_t wait_ms, bool *ret_led,
	int64_t *ret_count, struct err *err)
{
	struct scheduler scheduler = scheduler_of(config);
	int64_t end_ms = clock_mono_ms(scheduler.clock) + wait_ms;
	int result = open_connections(&scheduler, true, err);

	*ret_led = false;
	*ret_count = 0;
	if (result == 0)
		result = migrate_check(scheduler.postgres, err);
	while (result == 0 && !scheduler.leads) {
		scheduler.renew_mono_ms = 0;
		result = keep_lead(&scheduler, err);
		if (scheduler.leads || clock_mono_ms(scheduler.clock) >= end_ms)
			break;
		clock_sleep_ms(scheduler.clock, 100);
	}
	if (result == 0 && scheduler.leads) {
		*ret_led = true;
		result = beat_take_over(scheduler.beat, postgres_now_ms(&scheduler), err);
		if (result == 0)
			result = beat_tick(scheduler.beat, scheduler.epoch,
				postgres_now_ms(&scheduler), ret_count, err);
		leave_lead(&scheduler);
	}
	close_all(&scheduler);
	return result;
}
