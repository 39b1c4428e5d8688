#include "worker/worker.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/io/notify.h"
#include "worker/child.h"
#include "worker/policy.h"
#include "worker/scoreboard.h"
#include "worker/story.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef BOTBEAT_SANITIZE
#include <sanitizer/lsan_interface.h>
#endif

#define LOOK_MS 100 /* how often the scoreboard is looked at without an event */
#define START_TIMEOUT_MS 15000
#define RAISE_MS 600000 /* USR1: how long debug lines are written */

struct supervisor {
	struct config *config;      /* the newest; owned after a reload */
	const struct config *first; /* the caller's */
	const struct worker_options *options;
	struct scoreboard *scoreboard;
	struct metrics *metrics;
	struct policy *policy;
	struct policy_seen *seen;
	struct policy_actions *actions;
	pid_t *pids; /* 0: nobody; ours alone: what runners can write decides no kill */
	char host[96];
	int signal_fd;
	int parent_pipe[2];
	sigset_t old_mask;
	bool told_ready, told_leaving; /* to the service manager */
};

static const struct config *config_of(const struct supervisor *supervisor)
{
	return supervisor->config != NULL ? supervisor->config : supervisor->first;
}

static unsigned child_count(const struct supervisor *supervisor)
{
	return supervisor->scoreboard->slots;
}

static bool is_keeper(const struct supervisor *supervisor, unsigned slot)
{
	return slot + 1 == child_count(supervisor);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void look(struct supervisor *supervisor)
{
	for (unsigned slot = 0; slot < child_count(supervisor); slot++) {
		const struct scoreboard_page *page = &supervisor->scoreboard->pages[slot];
		struct scoreboard_run run;
		supervisor->seen[slot] = (struct policy_seen){
			.ready = atomic_load(&page->ready),
			.served = atomic_load(&page->served),
			.runs = atomic_load(&page->runs),
			.running_since_ms = scoreboard_read(page, &run) ? run.started_mono_ms : 0,
		};
	}
}

static bool read_signal(struct supervisor *supervisor, struct signalfd_siginfo *ret)
{
	return read(supervisor->signal_fd, ret, sizeof *ret) == (ssize_t)sizeof *ret;
}

/* Waits for a signal or the deadline; children that ended are reaped apart. */
static struct policy_event wait_event(struct supervisor *supervisor, int64_t now_ms)
{
	struct pollfd poller = {.fd = supervisor->signal_fd, .events = POLLIN};
	struct signalfd_siginfo info;
	int64_t until_ms = policy_deadline(supervisor->policy, supervisor->seen);
	int64_t wait_ms = until_ms - now_ms < LOOK_MS ? until_ms - now_ms : LOOK_MS;

	if (poll(&poller, 1, wait_ms < 0 ? 0 : (int)wait_ms) <= 0 ||
		!read_signal(supervisor, &info))
		return (struct policy_event){.kind = POLICY_TICK};
	switch (info.ssi_signo) {
	case SIGTERM:
	case SIGINT:
		log_event(LOG_INFO, "asked to leave, finishing current runs",
			LOG_INT("by_pid", info.ssi_pid));
		return (struct policy_event){.kind = POLICY_TERM};
	case SIGQUIT:
		return (struct policy_event){.kind = POLICY_QUIT};
	case SIGUSR1:
		log_raise(RAISE_MS);
		log_event(LOG_INFO, "debug lines are written for ten minutes",
			LOG_INT("by_pid", info.ssi_pid));
		return (struct policy_event){.kind = POLICY_TICK};
	case SIGHUP:
		return (struct policy_event){.kind = POLICY_RELOAD};
	default:
		return (struct policy_event){.kind = POLICY_TICK};
	}
}

/* ---- doing ---------------------------------------------------------------------------------- */

/*
 * In the child. Leaving is the supervisor's word only: a terminal's Ctrl-C and a TERM for the whole
 * control group reach children, too. They are ignored before they are unblocked.
 */
_Noreturn static void become_child(struct supervisor *supervisor, unsigned slot)
{
	struct worker_child child = {
		.config = config_of(supervisor),
		.scoreboard = supervisor->scoreboard,
		.metrics = supervisor->metrics,
		.host = supervisor->host,
		.slot = slot,
		.parent_fd = supervisor->parent_pipe[0],
		.until_empty = supervisor->options->until_empty,
	};
	atomic_store(&supervisor->scoreboard->pages[slot].pid, getpid());
	(void)close(supervisor->parent_pipe[1]);
	(void)close(supervisor->signal_fd);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &supervisor->old_mask, NULL);
	metrics_use(supervisor->metrics, slot);
	int exit_code = is_keeper(supervisor, slot) ? keeper_main(&child) : runner_main(&child);
#ifdef BOTBEAT_SANITIZE
	__lsan_do_leak_check(); /* _exit runs no handlers; a leak ends the child here */
#endif
	_exit(exit_code);
}

static void start_child(struct supervisor *supervisor, unsigned slot)
{
	struct scoreboard_page *page = &supervisor->scoreboard->pages[slot];

	scoreboard_reset(page);
	atomic_fetch_add(&page->generation, 1);
	pid_t pid = fork();
	if (pid == 0)
		become_child(supervisor, slot);
	if (pid == -1) {
		log_event(LOG_ERROR, "could not fork a child, trying again",
			LOG_TEXT("why", strerror(errno)), LOG_INT("slot", slot));
		policy_fork_failed(supervisor->policy, slot, clock_mono_ms(clock_system()));
		return;
	}
	supervisor->pids[slot] = pid;
}

static void carry_out(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->actions->count; i++) {
		const struct policy_action *action = &supervisor->actions->items[i];
		struct scoreboard_page *page = &supervisor->scoreboard->pages[action->slot];
		pid_t pid = supervisor->pids[action->slot];
		switch (action->kind) {
		case POLICY_FORK:
			start_child(supervisor, action->slot);
			break;
		case POLICY_ASK_TO_LEAVE:
			atomic_store(&page->drain, true);
			break;
		case POLICY_KILL:
			if (pid > 0)
				(void)kill(pid, SIGKILL);
			break;
		}
	}
}

static void step(struct supervisor *supervisor, const struct policy_event *event)
{
	look(supervisor);
	policy_step(supervisor->policy, event, supervisor->seen, clock_mono_ms(clock_system()),
		supervisor->actions);
	atomic_store(&supervisor->scoreboard->draining, supervisor->policy->draining);
	carry_out(supervisor);
}

/* ---- deaths --------------------------------------------------------------------------------- */

static int slot_of(const struct supervisor *supervisor, pid_t pid)
{
	for (unsigned slot = 0; slot < child_count(supervisor); slot++)
		if (supervisor->pids[slot] == pid)
			return (int)slot;
	return -1;
}

/* One line per death: who, how, which run, what happens next. Clean exits are debug lines. */
static void write_obituary(struct supervisor *supervisor, unsigned slot, int status, bool had_run,
	const struct scoreboard_run *run, int64_t memory_kb, int64_t restart_in_ms)
{
	bool signalled = WIFSIGNALED(status);
	bool clean = !signalled && (WEXITSTATUS(status) == CHILD_EXIT_RECYCLED ||
					   WEXITSTATUS(status) == CHILD_EXIT_NO_WORK);

	if (had_run)
		story_attach(&run->tenant, &run->bot, run->scheduled_s);
	log_event(clean ? LOG_DEBUG : LOG_ERROR,
		clean                         ? "child left"
		: had_run                     ? "runner died, its run goes back"
		: is_keeper(supervisor, slot) ? "keeper died, it is started again"
					      : "runner died between runs",
		LOG_INT("slot", slot), LOG_INT("signal", signalled ? WTERMSIG(status) : 0),
		LOG_INT("exit", signalled ? 0 : WEXITSTATUS(status)),
		LOG_INT("memory_kb", memory_kb), LOG_INT("restart_in_ms", restart_in_ms));
	log_detach();
}

static const char *exit_cause(const struct scoreboard_obituary *obituary)
{
	if (obituary->timed_out || obituary->stopped)
		return obituary->timed_out ? "timeout" : "stopped";
	/* Nobody but the kernel kills our children so, unless a person does. */
	if (obituary->signal != 0)
		return obituary->signal == SIGKILL ? "oom" : "signal";
	return obituary->exit_code == CHILD_EXIT_RECYCLED  ? "recycled"
	       : obituary->exit_code == CHILD_EXIT_NO_WORK ? "ok"
							   : "error";
}

static void on_death(
	struct supervisor *supervisor, unsigned slot, int status, const struct rusage *usage)
{
	struct scoreboard_page *page = &supervisor->scoreboard->pages[slot];
	bool killed = supervisor->policy->children[slot].killed;
	struct scoreboard_obituary obituary = {
		.slot = slot,
		.generation = atomic_load(&page->generation),
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		.memory_kb = usage->ru_maxrss,
		.phase = atomic_load(&page->phase),
		.timed_out = killed && !supervisor->policy->stopping,
		.stopped = killed && supervisor->policy->stopping,
	};
	bool had_run = scoreboard_read_last(page, &obituary.run);
	struct policy_event event = {
		.kind = POLICY_EXIT,
		.slot = slot,
		.signalled = WIFSIGNALED(status),
		.exit_code = obituary.exit_code,
	};

	metrics_release(supervisor->metrics, slot);
	metrics_add(METRIC_CHILD_EXITS, 1, exit_cause(&obituary));
	if (!is_keeper(supervisor, slot) && !scoreboard_bury(supervisor->scoreboard, &obituary))
		log_event(LOG_WARN, "no room for an obituary, the lease ends by itself",
			LOG_INT("slot", slot));
	supervisor->pids[slot] = 0;
	scoreboard_reset(page);

	look(supervisor);
	policy_step(supervisor->policy, &event, supervisor->seen, clock_mono_ms(clock_system()),
		supervisor->actions);
	write_obituary(supervisor, slot, status, had_run, &obituary.run, obituary.memory_kb,
		supervisor->policy->children[slot].restart_at_ms - clock_mono_ms(clock_system()));
	carry_out(supervisor);
}

static void reap(struct supervisor *supervisor)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		int slot = slot_of(supervisor, pid);
		if (slot == -1)
			log_event(LOG_ERROR, "unrecognized child ended", LOG_INT("pid", pid));
		else
			on_death(supervisor, (unsigned)slot, status, &usage);
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static struct policy_options limits(
	const struct config *config, const struct worker_options *options)
{
	return (struct policy_options){
		.runners = (unsigned)config_int(config, "worker.runners"),
		.hard_timeout_ms = config_int(config, "worker.hard_timeout_ms"),
		.start_timeout_ms = START_TIMEOUT_MS,
		.grace_ms = config_int(config, "worker.grace_ms"),
		.until_empty = options->until_empty,
	};
}

/* The number of runners is the size of shared memory: it stays until the worker is started anew. */
static bool reload(struct supervisor *supervisor)
{
	const struct worker_options *options = supervisor->options;
	unsigned runners = supervisor->policy->options.runners;
	struct config *config;
	struct err err;

	if (options->reload(options->context, &config, &err) == -1) {
		log_failure(LOG_ERROR, "configuration not reloaded, the old one stays", &err);
		return false;
	}
	config_free(&supervisor->config);
	supervisor->config = config;
	supervisor->policy->options = limits(config, options);
	if (supervisor->policy->options.runners != runners)
		log_event(LOG_WARN, "worker.runners changes with the next start only",
			LOG_INT("runners", runners));
	supervisor->policy->options.runners = runners;
	log_event(LOG_INFO, "configuration reloaded, replacing runners one by one");
	return true;
}

static int open_channels(struct supervisor *supervisor, struct err *err)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGQUIT);
	(void)sigaddset(&mask, SIGHUP);
	(void)sigaddset(&mask, SIGUSR1);
	(void)sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, &supervisor->old_mask) == -1)
		return err_errno(err, errno, "could not block signals");
	supervisor->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (supervisor->signal_fd == -1)
		return err_errno(err, errno, "could not make a signal descriptor");
	if (pipe2(supervisor->parent_pipe, O_CLOEXEC) == -1)
		return err_errno(err, errno, "could not make a pipe");
	return 0;
}

static void close_channels(struct supervisor *supervisor)
{
	fd_close(&supervisor->signal_fd);
	fd_close(&supervisor->parent_pipe[0]);
	fd_close(&supervisor->parent_pipe[1]);
	(void)sigprocmask(SIG_SETMASK, &supervisor->old_mask, NULL);
}

static void name_host(char *ret, size_t size)
{
	char host[64];

	if (gethostname(host, sizeof host) == -1)
		(void)snprintf(host, sizeof host, "host");
	host[sizeof host - 1] = '\0';
	/* Containers share names and pids: what comes after us must not pass for us. */
	(void)snprintf(
		ret, size, "%s-%d-%04x", host, (int)getpid(), (unsigned)random_u64() & 0xffff);
}

/* Started when the keeper serves and a runner waits for work, or for Postgres or Redis. */
static bool has_started(const struct supervisor *supervisor)
{
	bool runner = false;

	for (unsigned slot = 0; slot + 1 < child_count(supervisor); slot++)
		runner = runner || supervisor->seen[slot].ready;
	return runner && supervisor->seen[child_count(supervisor) - 1].ready;
}

static void tell_manager(struct supervisor *supervisor)
{
	notify_alive();
	if (!supervisor->told_ready && has_started(supervisor)) {
		supervisor->told_ready = true;
		notify_send("READY=1");
	}
	if (!supervisor->told_leaving && supervisor->policy->draining) {
		supervisor->told_leaving = true;
		notify_send("STOPPING=1");
	}
}

static void supervise(struct supervisor *supervisor)
{
	struct policy_event event = {.kind = POLICY_TICK};

	while (!supervisor->policy->finished) {
		if (event.kind == POLICY_RELOAD && !reload(supervisor))
			event.kind = POLICY_TICK;
		step(supervisor, &event);
		tell_manager(supervisor);
		if (supervisor->policy->finished)
			break;
		event = wait_event(supervisor, clock_mono_ms(clock_system()));
		reap(supervisor);
	}
}

int worker_run(const struct worker_options *options, const struct config *config, struct err *err)
{
	struct policy_options policy = limits(config, options);
	unsigned runners = policy.runners;
	struct supervisor supervisor = {
		.first = config,
		.options = options,
		.signal_fd = -1,
		.parent_pipe = {-1, -1},
	};

	if (open_channels(&supervisor, err) == -1) {
		close_channels(&supervisor);
		return err_while(err, "could not start the supervisor");
	}
	name_host(supervisor.host, sizeof supervisor.host);
	supervisor.scoreboard = scoreboard_new(runners + 1);
	log_raise_share(&supervisor.scoreboard->debug_until_mono_ms);
	/* A row for each child, and the last for us. */
	supervisor.metrics = metrics_new(&(struct metrics_options){.process = METRICS_WORKER,
		.slots = runners + 2,
		.bots_max = (unsigned)config_int(config, "metrics.bots_max")});
	metrics_use(supervisor.metrics, runners + 1);
	supervisor.policy = mem_zero(1, sizeof *supervisor.policy);
	supervisor.seen = mem_zero(runners + 1, sizeof *supervisor.seen);
	supervisor.pids = mem_zero(runners + 1, sizeof *supervisor.pids);
	supervisor.actions = mem_zero(1, sizeof *supervisor.actions);
	policy_init(supervisor.policy, &policy, clock_mono_ms(clock_system()));
	log_event(LOG_INFO, "worker started", LOG_TEXT("host", supervisor.host),
		LOG_INT("runners", runners));

	supervise(&supervisor);

	bool failed = supervisor.policy->failed;
	log_event(LOG_INFO, "worker left", LOG_TEXT("host", supervisor.host));
	free(supervisor.policy);
	free(supervisor.seen);
	free(supervisor.pids);
	free(supervisor.actions);
	config_free(&supervisor.config);
	close_channels(&supervisor);
	if (failed)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"a child cannot start with this configuration: see the error above");
	return 0;
}
