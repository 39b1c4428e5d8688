/*
 * What a running system tells of itself: its metrics, and whether it can work. Scraped live from a
 * worker pool and its schedulers (pool.h), while runners work, die and hang.
 */
#include "tests/system/pool.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

TestSuite(status, .init = setup, .fini = teardown, .timeout = 150);

/* The body of a reply. The caller frees. */
static char *body_of(int port, const char *path, long expected)
{
	CLEANUP(text_free) char *url = mem_format("http://127.0.0.1:%d%s", port, path);
	CLEANUP(http_response_free) struct http_response *response = NULL;
	const struct http_request request = {.method = "GET", .url = url};

	cr_assert(zero(int, http_send(pool.http, &request, &response, &err)), "%s", err.message);
	cr_expect(eq(i64, response->status, expected), "%s: %s", path, response->body);
	return mem_text(response->body);
}

/* The value of a series, named as it stands in the text; -1 if it is not there. */
static double value_of(const char *text, const char *series)
{
	size_t length = strlen(series);

	for (const char *at = text; (at = strstr(at, series)) != NULL; at++)
		if ((at == text || at[-1] == '\n') && at[length] == ' ')
			return strtod(at + length, NULL);
	return -1;
}

static double scrape(int port, const char *series)
{
	CLEANUP(text_free) char *text = body_of(port, "/metrics", 200);

	return value_of(text, series);
}

/* A figure follows what it is about at once, but not in the same moment. */
static void until_shows(int port, const char *series, double at_least)
{
	int64_t began_ms = now_ms();

	while (scrape(port, series) < at_least) {
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "%s", series);
		clock_sleep_ms(clock_system(), 20);
	}
}

static void expect_valid(const char *name, const char *text)
{
	if (system("command -v promtool >/dev/null") != 0)
		cr_skip_test("promtool is not installed");
	write_file(name, text);
	CLEANUP(text_free)
	char *line = mem_format("promtool check metrics < %s", file(name));
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	int code = process_run(file("promtool.log"), argv, COMMAND_MS);
	CLEANUP(text_free) char *words = read_file("promtool.log");
	cr_expect(zero(int, code), "%s: %s", name, words);
}

Test(status, a_live_scrape_is_valid_and_has_what_was_promised)
{
	until_shows(pool.worker_port, "bot_executions_total{status=\"success\"}", 2);
	CLEANUP(text_free) char *worker = body_of(pool.worker_port, "/metrics", 200);
	CLEANUP(text_free) char *one = body_of(pool.scheduler_ports[0], "/metrics", 200);
	CLEANUP(text_free) char *other = body_of(pool.scheduler_ports[1], "/metrics", 200);

	expect_valid("worker.prom", worker);
	expect_valid("scheduler.prom", one);
	cr_expect(ge(dbl, value_of(worker, "bot_executions_total{status=\"success\"}"), 2));
	cr_expect(ge(dbl, value_of(worker, "active_bots"), 0));
	cr_expect(ge(dbl, value_of(worker, "trade_pnl_count"), 0));
	cr_expect(ge(dbl, value_of(worker, "vault_opens_total{result=\"opened\"}"), 2));
	cr_expect(ge(dbl,
		value_of(worker, "exchange_requests_total{exchange=\"bybit\","
				 "op=\"account\",code_class=\"2xx\"}"),
		2));
	cr_expect(epsilon_eq(
		dbl, value_of(one, "sched_leader") + value_of(other, "sched_leader"), 1, 0.001));
	cr_expect(ge(dbl,
		scrape(pool.worker_port, "api_request_duration_seconds_count{endpoint="
					 "\"/metrics\"}"),
		1));
}

static double scrape_both(const char *series)
{
	double one = scrape(pool.scheduler_ports[0], series);
	double other = scrape(pool.scheduler_ports[1], series);

	cr_expect(one < 0 || other < 0, "%s: told by the leader only", series);
	return one > other ? one : other;
}

Test(status, the_leader_tells_of_queue_and_database)
{
	int64_t began_ms = now_ms();

	while (scrape_both("bot_bots{state=\"running\"}") < 0)
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "nobody has counted");
	cr_expect(epsilon_eq(dbl, scrape_both("bot_bots{state=\"running\"}"), BOTS, 0.001));
	cr_expect(epsilon_eq(dbl, scrape_both("bot_tenants"), 1, 0.001));
	cr_expect(epsilon_eq(dbl, scrape_both("sched_entries"), BOTS, 0.001));
	cr_expect(ge(dbl, scrape_both("queue_depth{queue=\"normal\"}"), 0));
	cr_expect(gt(dbl, scrape_both("queue_redis_memory_bytes"), 100000));
	cr_expect(ge(dbl, scrape_both("db_connections"), RUNNERS));
	cr_expect(gt(dbl, scrape_both("db_size_bytes"), 100000));
	cr_expect(epsilon_eq(dbl, scrape_both("exchange_orders_unknown"), 0, 0.001));
	cr_expect(gt(dbl, scrape_both("sched_last_tick_timestamp_seconds"), 1e9));
	/* A standby has none of it, also after it has led. */
	int first = scrape(pool.scheduler_ports[0], "sched_leader") > 0.5 ? 0 : 1;
	cr_assert(zero(int, kill(pool.schedulers[first], SIGSTOP)));
	while (scrape(pool.scheduler_ports[1 - first], "bot_bots{state=\"running\"}") < 0)
		cr_assert(lt(i64, now_ms() - began_ms, 2 * PATIENCE_MS), "nobody took over");
	cr_assert(zero(int, kill(pool.schedulers[first], SIGCONT)));
	while (scrape(pool.scheduler_ports[first], "bot_bots{state=\"running\"}") >= 0)
		cr_assert(lt(i64, now_ms() - began_ms, 2 * PATIENCE_MS), "old figures stay");
}

/* Every counter of before, one line at a time, stands as high or higher after. */
static void expect_no_fall(const char *before, const char *after)
{
	CLEANUP(text_free) char *lines = mem_text(before);
	char *rest = NULL;
	int compared = 0;

	for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char *space = strrchr(line, ' ');
		bool counts = strstr(line, "_total") != NULL || strstr(line, "_count") != NULL ||
			      strstr(line, "_bucket") != NULL;
		if (line[0] == '#' || space == NULL || !counts)
			continue;
		*space = '\0';
		cr_expect(ge(dbl, value_of(after, line), strtod(space + 1, NULL)), "%s", line);
		compared++;
	}
	cr_expect(gt(int, compared, 50));
}

Test(status, counters_do_not_fall_when_runners_die)
{
	CLEANUP(text_free) char *before = body_of(pool.worker_port, "/metrics", 200);

	for (int i = 0; i < RUNNERS; i++)
		cr_assert(zero(int, kill(pool.children[i], SIGKILL)));
	int64_t began_ms = now_ms();
	while (scrape(pool.worker_port, "worker_child_exits_total{cause=\"oom\"}") < RUNNERS)
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "deaths are not counted");
	CLEANUP(text_free) char *after = body_of(pool.worker_port, "/metrics", 200);
	expect_no_fall(before, after);
	(void)runs_go_on("with new runners", 1);
}

Test(status, a_scrape_works_while_every_runner_is_stuck)
{
	for (int i = 0; i < RUNNERS; i++)
		cr_assert(zero(int, kill(pool.children[i], SIGSTOP)));
	int64_t took_ms = until_ready(pool.worker_port, false);
	FIGURE("every runner stuck, unready after", took_ms);
	CLEANUP(text_free) char *text = body_of(pool.worker_port, "/metrics", 200);
	cr_expect(epsilon_eq(dbl, value_of(text, "worker_ready"), 0, 0.001));
	cr_expect(gt(dbl, value_of(text, "worker_last_poll_age_seconds"), 4));
	CLEANUP(text_free) char *reason = body_of(pool.worker_port, "/ready", 503);
	cr_expect(ne(ptr, strstr(reason, "no runner has polled"), NULL), "%s", reason);
	CLEANUP(text_free) char *health = body_of(pool.worker_port, "/health", 200);
	cr_expect(eq(str, health, "ok\n"));
	for (int i = 0; i < RUNNERS; i++)
		cr_assert(zero(int, kill(pool.children[i], SIGCONT)));
	(void)until_ready(pool.worker_port, true);
	until_shows(pool.worker_port, "worker_ready", 1);
}

Test(status, metrics_can_have_a_port_of_their_own)
{
	int port = process_free_port();
	CLEANUP(text_free) char *apart = mem_format("worker.metrics_listen=127.0.0.1:%d", port);

	cr_assert(zero(int, kill(pool.worker, SIGTERM)));
	cr_assert(zero(int, process_wait(pool.worker, PATIENCE_MS)));
	start_worker(apart);
	cr_expect(eq(i64, status_of(pool.worker_port, "/metrics"), 404));
	cr_expect(eq(i64, status_of(pool.worker_port, "/startupz"), 200));
	cr_expect(eq(i64, status_of(port, "/ready"), 404));
	cr_expect(eq(i64, status_of(port, "/metrics"), 200));
}

/* ---- the service manager --------------------------------------------------------------------- */

static int listen_as_manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP(text_free) char *name = mem_format("@botbeat-manager-%d", (int)getpid());
	size_t length = strlen(name);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);

	memcpy(address.sun_path, name, length);
	address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert(ge(int, fd, 0));
	cr_assert(zero(int, bind(fd, (const struct sockaddr *)&address, size)));
	cr_assert(zero(int, setenv("NOTIFY_SOCKET", name, 1)));
	cr_assert(zero(int, setenv("WATCHDOG_USEC", "600000", 1)));
	return fd;
}

static void hears(int fd, const char *word)
{
	int64_t began_ms = now_ms();

	for (;;) {
		char text[64] = "";
		if (recv(fd, text, sizeof text - 1, 0) > 0 && strcmp(text, word) == 0)
			return;
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "%s is not told", word);
		clock_sleep_ms(clock_system(), 5);
	}
}

static void stop_and_hear(pid_t *pid, int manager)
{
	cr_assert(zero(int, kill(*pid, SIGTERM)));
	hears(manager, "STOPPING=1");
	cr_assert(zero(int, process_wait(*pid, PATIENCE_MS)));
	*pid = 0;
}

Test(status, a_service_manager_hears_of_start_life_and_end)
{
	cr_assert(zero(int, kill(pool.worker, SIGTERM)));
	cr_assert(zero(int, process_wait(pool.worker, PATIENCE_MS)));
	stop_schedulers();
	int manager = listen_as_manager();
	start_worker(AS_SET);
	hears(manager, "READY=1");
	hears(manager, "WATCHDOG=1");
	stop_and_hear(&pool.worker, manager);
	start_scheduler(0);
	hears(manager, "READY=1");
	hears(manager, "WATCHDOG=1");
	stop_and_hear(&pool.schedulers[0], manager);
	(void)close(manager);
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* Lines of the worker's log that hold both words. */
static int lines_with(const char *one, const char *other)
{
	CLEANUP(text_free) char *log = read_file("worker.log");
	char *rest = NULL;
	int count = 0;

	for (char *line = strtok_r(log, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest))
		count += strstr(line, one) != NULL && strstr(line, other) != NULL;
	return count;
}

Test(status, one_search_tells_a_runs_story)
{
	struct claimed run = wait_for_run();

	cr_assert(zero(int, kill(pool.children[run.slot], SIGKILL)));
	CLEANUP(text_free)
	char *ended = mem_format("select status || ' ' || attempt from run_history where bot_id = "
				 "'%s' and scheduled_at = to_timestamp(%" PRId64 ")",
		run.bot, run.scheduled_s);
	(void)eventually("the same slot runs again", "success 2", ended);
	CLEANUP(text_free)
	char *query = mem_format("select trace_id from run_history where bot_id = '%s' and "
				 "scheduled_at = to_timestamp(%" PRId64 ")",
		run.bot, run.scheduled_s);
	CLEANUP(text_free) char *trace = test_database_value(pool.admin, query);
	CLEANUP(text_free)
	char *name = mem_format("\"run\":\"%.8s/%" PRId64 "\"", run.bot, run.scheduled_s);
	cr_expect(eq(sz, strlen(trace), 32));
	int64_t began_ms = now_ms();
	while (lines_with(trace, "run ended") == 0)
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "the run's end is not told");
	cr_expect(eq(int, lines_with(trace, "runner died, its run goes back"), 1));
	cr_expect(gt(int, lines_with(trace, "venue request"), 0));
	cr_expect(eq(int, lines_with(name, trace), lines_with(name, "{")), "on every line");
	cr_expect(eq(int, lines_with(name, run.bot), lines_with(name, "{")), "the bot as well");
}

Test(status, usr1_writes_debug_lines_for_a_while)
{
	cr_assert(zero(int, kill(pool.worker, SIGTERM)));
	cr_assert(zero(int, process_wait(pool.worker, PATIENCE_MS)));
	cr_assert(zero(int, unlink(file("worker.log"))));
	start_worker("log.level=warn");
	(void)runs_go_on("quietly", 1);
	cr_expect(zero(int, lines_with("\"level\":\"debug\"", "{")));
	/* Also to the whole group, as a service manager may: children do not mind. */
	for (int i = 0; i < CHILDREN; i++)
		cr_assert(zero(int, kill(pool.children[i], SIGUSR1)));
	cr_assert(zero(int, kill(pool.worker, SIGUSR1)));
	int64_t began_ms = now_ms();
	while (lines_with("\"room\":\"runner", "run ended") == 0)
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "no debug line of a runner");
	cr_expect(eq(int, lines_with("debug lines are written", "supervisor"), 1));
}
