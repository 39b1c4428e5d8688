/* top - what the whole system is doing, live. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/glance.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define DAY_S 86400

static const struct command_option options[] = {
	{"plain", NULL, "one line each time (the default where there is no terminal)"},
	{"every", "SECONDS", "between two looks (1)"},
	{"seconds", "N", "end after N seconds"},
	{0},
};

static volatile sig_atomic_t interrupted;

static void note_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Before the terminal is taken: ncurses would end the process in its own handlers. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = note_signal};

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

struct watch {
	struct postgres *postgres;
	struct queue *queue;
	int64_t every_ms;
	int64_t end_mono_ms; /* 0: none */
};

static bool is_over(const struct watch *watch, int64_t now_mono_ms)
{
	return interrupted || (watch->end_mono_ms != 0 && now_mono_ms >= watch->end_mono_ms);
}

/* How long until the next look, cut at the end. */
static int64_t pause_ms(const struct watch *watch, int64_t now_mono_ms)
{
	int64_t left_ms = watch->end_mono_ms - now_mono_ms;

	return watch->end_mono_ms != 0 && left_ms < watch->every_ms ? left_ms : watch->every_ms;
}

static int watch_lines(const struct watch *watch, struct err *err)
{
	CLEANUP(glance_done) struct glance glance = {0};
	const struct clock *clock = clock_system();

	for (;;) {
		glance_look(&glance, watch->postgres, watch->queue, false);
		glance_print(&glance);
		if (fflush(stdout) == EOF)
			return err_set(err, ERR_SYSTEM, ERR_RETRY_NEVER,
				"could not write to standard output");
		int64_t now_ms = clock_mono_ms(clock);
		if (is_over(watch, now_ms))
			return 0;
		clock_sleep_ms(clock, pause_ms(watch, now_ms));
		if (is_over(watch, clock_mono_ms(clock)))
			return 0;
	}
}

static int watch_screen(const struct watch *watch, struct err *err)
{
	CLEANUP(glance_done) struct glance glance = {0};
	CLEANUP(screen_close) struct screen *screen = NULL;
	const struct clock *clock = clock_system();
	bool quit = false;

	if (screen_open(&screen, err) == -1)
		return -1;
	while (!quit && !is_over(watch, clock_mono_ms(clock))) {
		glance_look(&glance, watch->postgres, watch->queue, true);
		screen_draw(screen, &glance);
		screen_wait(screen, pause_ms(watch, clock_mono_ms(clock)), &quit);
	}
	return 0;
}

static int print_once(const struct watch *watch, struct err *err)
{
	CLEANUP(glance_done) struct glance glance = {0};

	glance_look(&glance, watch->postgres, watch->queue, true);
	if (glance.database_err.code != ERR_NONE || glance.queue_err.code != ERR_NONE) {
		*err = glance.database_err.code != ERR_NONE ? glance.database_err
							    : glance.queue_err;
		return -1;
	}
	CLEANUP(doc_free) struct doc *doc = glance_doc(&glance);
	output_doc(doc);
	return 0;
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(queue_free) struct queue *queue = NULL;
	struct watch watch = {0};
	struct redis *redis;
	int64_t every_s;
	int64_t seconds;
	(void)argc, (void)argv;

	if (command_int(context, "every", 1, DAY_S, 1, &every_s, err) == -1 ||
		command_int(context, "seconds", 1, 365 * DAY_S, 0, &seconds, err) == -1)
		return -1;
	if (command_database(context, &watch.postgres, err) == -1 ||
		command_redis(context, &redis, err) == -1)
		return -1;
	/* Nothing is pushed here, so the marks' lifetime does not matter. */
	queue = queue_new(&(struct queue_options){.redis = redis, .mark_ttl_ms = 1});
	watch.queue = queue;
	watch.every_ms = every_s * 1000;
	if (seconds > 0)
		watch.end_mono_ms = clock_mono_ms(clock_system()) + seconds * 1000;

	if (command_json(context))
		return print_once(&watch, err);
	catch_signals();
	if (command_given(context, "plain") || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return watch_lines(&watch, err);
	return watch_screen(&watch, err);
}

const struct command top_command = {
	.name = "top",
	.summary = "Show what the system is doing: queue, runs, trades, PnL",
	.details = "On a terminal a live view, q quits. Elsewhere one line each time; with --json "
		   "one\n"
		   "document. Needs the rights of botbeat_admin, and Redis.",
	.options = options,
	.run = run,
};
