/*
 * pool - the program itself, as it is deployed: a simulated exchange, two schedulers and a worker
 * pool as processes, and bots that run every ten seconds.
 *
 * setup makes all of it in a folder of its own, with its own database and Redis; teardown ends it.
 * Included by each test program once.
 */
#ifndef TESTS_SYSTEM_POOL_H
#define TESTS_SYSTEM_POOL_H

/* A program uses what it needs of this. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/http.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/queue/queue.h"
#include "tests/support/database.h"
#include "tests/support/process.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNNERS 2
#define CHILDREN (RUNNERS + 1) /* the keeper is forked last */
#define BOTS 6
#define LEASE_MS 3000 /* of a run */
#define LEAD_MS 2000  /* of a scheduler */
#define INTERVAL_MS 10000
#define PATIENCE_MS 30000
#define COMMAND_MS 20000
#define CANDLES TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv,volume=quote"

static struct pool {
	char *database;
	struct postgres *admin;
	struct own_redis redis_server;
	struct redis *redis;
	struct queue *queue;
	struct http *http;
	char folder[32];
	char venue_url[64];
	int worker_port;
	int scheduler_ports[2];
	pid_t venue, worker, schedulers[2];
	pid_t children[CHILDREN]; /* of the worker that was started last */
} pool;

static struct err err;

/* ---- files ----------------------------------------------------------------------------------- */

static const char *file(const char *name)
{
	static char paths[4][96];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", pool.folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *out = fopen(file(name), "we");

	cr_assert(ne(ptr, out, NULL));
	cr_assert(ge(int, fputs(text, out), 0));
	cr_assert(zero(int, fclose(out)));
	cr_assert(zero(int, chmod(file(name), 0600)));
}

/* The whole text of a log, "" if there is none yet. The caller frees. */
static char *read_file(const char *name)
{
	CLEANUP(file_close) FILE *in = fopen(file(name), "re");
	char *text = NULL;
	size_t size = 0;

	if (in == NULL || getdelim(&text, &size, '\0', in) == -1) {
		free(text);
		return mem_text("");
	}
	return text;
}

static int count_in_log(const char *name, const char *word)
{
	CLEANUP(text_free) char *text = read_file(name);
	int count = 0;

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		count++;
	return count;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

static void show_logs(void)
{
	static const char *const names[] = {"worker.log", "scheduler-0.log", "scheduler-1.log"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		CLEANUP(text_free) char *text = read_file(names[i]);
		size_t length = strlen(text);
		cr_log_info("%s: …%s", names[i], text + (length > 3000 ? length - 3000 : 0));
	}
}

/* Until the query gives that text; returns after how long. */
static int64_t eventually(const char *because, const char *expected, const char *query)
{
	int64_t began_ms = now_ms();

	for (;;) {
		CLEANUP(text_free) char *value = test_database_value(pool.admin, query);
		if (strcmp(value, expected) == 0)
			return now_ms() - began_ms;
		if (now_ms() - began_ms > PATIENCE_MS) {
			show_logs();
			cr_fatal("%s: still %s, not %s", because, value, expected);
		}
		clock_sleep_ms(clock_system(), 20);
	}
}

static int64_t number_of(const char *query)
{
	CLEANUP(text_free) char *value = test_database_value(pool.admin, query);

	return strtoll(value, NULL, 10);
}

/* 0: nobody answers. */
static long status_of(int port, const char *path)
{
	CLEANUP(text_free) char *url = mem_format("http://127.0.0.1:%d%s", port, path);
	CLEANUP(http_response_free) struct http_response *response = NULL;
	const struct http_request request = {.method = "GET", .url = url};

	return http_send(pool.http, &request, &response, &err) == 0 ? response->status : 0;
}

static int64_t until_ready(int port, bool ready)
{
	int64_t began_ms = now_ms();

	while ((status_of(port, "/ready") == 200) != ready) {
		if (now_ms() - began_ms > PATIENCE_MS) {
			show_logs();
			cr_fatal("port %d does not become %s", port, ready ? "ready" : "unready");
		}
		clock_sleep_ms(clock_system(), 20);
	}
	return now_ms() - began_ms;
}

/* /ready says why not: in words for people, so that a probe's event tells the cause. */
static void expect_reason(int port, const char *reason)
{
	CLEANUP(text_free) char *url = mem_format("http://127.0.0.1:%d/readyz", port);
	CLEANUP(http_response_free) struct http_response *response = NULL;
	const struct http_request request = {.method = "GET", .url = url};

	cr_assert(zero(int, http_send(pool.http, &request, &response, &err)), "%s", err.message);
	cr_expect(ne(ptr, strstr(response->body, reason), NULL), "%s: %s", reason, response->body);
}

static int64_t until_dead(pid_t pid)
{
	int64_t began_ms = now_ms();

	while (process_lives(pid)) {
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "%d goes on", (int)pid);
		clock_sleep_ms(clock_system(), 5);
	}
	return now_ms() - began_ms;
}

/* ---- making it ------------------------------------------------------------------------------- */

static void write_settings(const char *name, const char *role)
{
	CLEANUP(text_free) char *url = test_database_as(pool.database, role);
	CLEANUP(text_free)
	char *text = mem_format(
		"[database]\nurl = %s\nconnect_timeout_ms = 1000\n"
		"[redis]\nurl = %s\ncommand_timeout_ms = 1000\n"
		"[venue]\nbybit_testnet_url = %s\nrequests_per_second = -1\n"
		"[vault]\nmaster_key_file = %s/master.keys\n"
		"[log]\nformat = json\nlevel = debug\n"
		"[scheduler]\nlease_ms = %d\n"
		"[worker]\nrunners = %d\nlease_ms = %d\ngrace_ms = 10000\nsoft_timeout_ms = 15000\n"
		"hard_timeout_ms = 20000\nretry_base_ms = 200\nretry_cap_ms = 2000\n",
		url, pool.redis_server.url, pool.venue_url, pool.folder, LEAD_MS, RUNNERS,
		LEASE_MS);

	write_file(name, text);
}

/* botbeat COMMAND … with the administrator's settings; must succeed. */
static void command(const char *const *words)
{
	const char *argv[16] = {BOTBEAT_BINARY};
	size_t count = 1;

	for (; words[count - 1] != NULL; count++)
		argv[count] = words[count - 1];
	argv[count++] = "--config";
	argv[count] = file("admin.ini");
	if (process_run(file("command.log"), argv, COMMAND_MS) == 0)
		return;
	CLEANUP(text_free) char *log = read_file("command.log");
	cr_fatal("botbeat %s %s: %s", words[0], words[1], log);
}

#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})

/* A run asks the exchange several times and each answer takes its time: there is a middle. */
static void start_venue(void)
{
	char accounts[1024] = "";
	size_t used = 0;

	for (int bot = 0; bot < BOTS; bot++)
		used += (size_t)snprintf(accounts + used, sizeof accounts - used,
			"key-%d:secret-of-%d:10000\n", bot, bot);
	write_file("accounts", accounts);
	const char *argv[] = {BOTBEAT_BINARY, "simulate", "--listen", "127.0.0.1:0", "--json",
		"--candles", "BTCUSDT=" CANDLES, "--accounts", file("accounts"), "--start",
		"2022-01-05T17:00Z", "--speed", "240", "--ip-limit", "0", "--latency-ms", "100",
		"--threads", "8", NULL};
	pool.venue = process_start(file("venue.log"), argv);
	int64_t began_ms = now_ms();
	for (int port = 0;;) {
		CLEANUP(text_free) char *log = read_file("venue.log");
		const char *url = strstr(log, "http://127.0.0.1:");
		if (url != NULL && strchr(url, '\n') != NULL &&
			sscanf(url, "http://127.0.0.1:%d", &port) == 1) {
			/* By name: the runner's resolver must work inside its sandbox. */
			(void)snprintf(
				pool.venue_url, sizeof pool.venue_url, "http://localhost:%d", port);
			return;
		}
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "no exchange: %s", log);
		clock_sleep_ms(clock_system(), 10);
	}
}

static void write_bots(void)
{
	char credentials[1024] = "";
	char bots[4096] = "[";
	size_t written = 0;
	size_t used = 1;

	for (int bot = 0; bot < BOTS; bot++) {
		written += (size_t)snprintf(credentials + written, sizeof credentials - written,
			"Alder:key-%d:bybit:testnet:key-%d:secret-of-%d\n", bot, bot, bot);
		used += (size_t)snprintf(bots + used, sizeof bots - used,
			"%s{\"tenant\":\"Alder\",\"name\":\"bot-%d\",\"exchange\":\"bybit\","
			"\"environment\":\"testnet\",\"credential\":\"key-%d\","
			"\"interval_seconds\":%d,\"pairs\":[{\"symbol\":\"BTCUSDT\","
			"\"side\":\"long\",\"leverage\":10,\"position_mode\":\"one_way\"}]}",
			bot == 0 ? "" : ",", bot, bot, INTERVAL_MS / 1000);
	}
	(void)snprintf(bots + used, sizeof bots - used, "]");
	write_file("credentials", credentials);
	write_file("bots.json", bots);
}

static void make_bots(void)
{
	write_settings("admin.ini", "botbeat_admin");
	write_settings("scheduler.ini", "botbeat_scheduler");
	write_settings("worker.ini", "botbeat_worker");
	/* An installation grants both to the login role of its CronJob. */
	test_database_run(pool.admin,
		"do $$ begin create role test_drain_login; exception when duplicate_object or "
		"unique_violation then null; end $$;"
		"grant botbeat_worker, botbeat_scheduler to test_drain_login");
	write_settings("drain.ini", "test_drain_login");
	write_bots();
	COMMAND("key", "master", file("master.keys"), "--id", "test");
	COMMAND("tenant", "add", "Alder");
	COMMAND("credential", "add", "--file", file("credentials"));
	COMMAND("bot", "add", "--file", file("bots.json"));
	COMMAND("bot", "start", "--all-of", "Alder");
}

static void start_scheduler(int which)
{
	CLEANUP(text_free)
	char *listen = mem_format("scheduler.listen=127.0.0.1:%d", pool.scheduler_ports[which]);
	const char *argv[] = {BOTBEAT_BINARY, "scheduler", "--config", file("scheduler.ini"),
		"--set", listen, NULL};

	pool.schedulers[which] = process_start(
		file(which == 0 ? "scheduler-0.log" : "scheduler-1.log"), argv);
}

static void launch_worker(const char *setting)
{
	CLEANUP(text_free)
	char *listen = mem_format("worker.listen=127.0.0.1:%d", pool.worker_port);
	const char *argv[] = {BOTBEAT_BINARY, "worker", "--config", file("worker.ini"), "--set",
		listen, "--set", setting, NULL};

	pool.worker = process_start(file("worker.log"), argv);
}

static void start_worker(const char *setting)
{
	launch_worker(setting);
	(void)until_ready(pool.worker_port, true);
	cr_assert(eq(sz, process_children(pool.worker, pool.children, CHILDREN), CHILDREN));
}

#define AS_SET "worker.grace_ms=10000"

/* Only the servers and the bots. */
static void prepare(void)
{
	pool = (struct pool){.folder = "/tmp/botbeat-pool-XXXXXX"};
	pool.database = test_database_new("pool");
	pool.admin = test_database_open(pool.database, NULL);
	own_redis_start(&pool.redis_server);
	cr_assert(ne(ptr, mkdtemp(pool.folder), NULL));
	cr_assert(zero(int, http_init(&err)));
	pool.http = http_new(&(struct http_options){.user_agent = "test"});
	cr_assert(zero(int, redis_new(pool.redis_server.url, 0, 0, &pool.redis, &err)));
	pool.queue = queue_new(
		&(struct queue_options){.redis = pool.redis, .mark_ttl_ms = PATIENCE_MS});
	pool.worker_port = process_free_port();
	pool.scheduler_ports[0] = process_free_port();
	pool.scheduler_ports[1] = process_free_port();
	start_venue();
	make_bots();
}

#define RUNS "select count(*) from bot_execution_logs where status = 'success'"

static void setup(void)
{
	prepare();
	start_scheduler(0);
	start_scheduler(1);
	start_worker(AS_SET);
	(void)eventually("the first runs", "t", "select (" RUNS ") >= 2");
}

static void teardown(void)
{
	CLEANUP(text_free) char *remove = mem_format("rm -rf %s", pool.folder);
	const char *argv[] = {"/bin/sh", "-c", remove, NULL};
	pid_t left[CHILDREN];

	size_t count = process_children(pool.worker, left, CHILDREN);
	for (size_t i = 0; pool.worker > 0 && i < count; i++)
		(void)kill(left[i], SIGKILL);
	for (const pid_t *pid = (pid_t[]){pool.worker, pool.schedulers[0], pool.schedulers[1],
		     pool.venue, -1};
		*pid != -1; pid++)
		if (*pid > 0)
			(void)kill(*pid, SIGKILL);
	queue_free(&pool.queue);
	redis_free(&pool.redis);
	http_free(&pool.http);
	postgres_free(&pool.admin);
	own_redis_stop(&pool.redis_server);
	test_database_drop(&pool.database);
	(void)process_run("/dev/null", argv, COMMAND_MS);
}

/* ---- what must hold -------------------------------------------------------------------------- */

/* Runs of slots that came after this call. */
static int64_t runs_go_on(const char *because, int count)
{
	CLEANUP(text_free) char *since = test_database_value(pool.admin, "select now()");
	CLEANUP(text_free)
	char *enough = mem_format("select (" RUNS " and scheduled_at >= '%s') >= %d", since, count);

	return eventually(because, "t", enough);
}

static int64_t every_bot_runs(const char *because)
{
	CLEANUP(text_free) char *since = test_database_value(pool.admin, "select now()");
	CLEANUP(text_free)
	char *all = mem_format(
		"select count(distinct bot_id) from bot_execution_logs where status = "
		"'success' and scheduled_at >= '%s'",
		since);
	CLEANUP(text_free) char *expected = mem_format("%d", BOTS);

	return eventually(because, expected, all);
}

/* A line of the log for each run that was closed as a success: no run stands there twice. */
static int succeeded_twice(void)
{
	CLEANUP(text_free) char *log = read_file("worker.log");
	char runs[512][48];
	int count = 0;
	int twice = 0;

	for (const char *line = log; (line = strstr(line, "\"event\":\"run ended\"")) != NULL;
		line++) {
		const char *run = strstr(line, "\"run\":\"");
		cr_assert(ne(ptr, (void *)(uintptr_t)run, NULL));
		cr_assert(lt(int, count, 512));
		(void)snprintf(
			runs[count], sizeof runs[0], "%.*s", (int)strcspn(run + 7, "\""), run + 7);
		for (int i = 0; i < count; i++)
			twice += strcmp(runs[i], runs[count]) == 0;
		count++;
	}
	cr_assert(gt(int, count, 0), "the log tells of runs");
	return twice;
}

static void queue_empties(void)
{
	int64_t began_ms = now_ms();
	struct queue_depth depth;

	for (;;) {
		cr_assert(zero(int, queue_depth(pool.queue, &depth, &err)), "%s", err.message);
		int64_t left = depth.waiting[0] + depth.waiting[1] + depth.waiting[2] +
			       depth.pending + depth.retries;
		if (left == 0)
			return;
		if (now_ms() - began_ms > PATIENCE_MS) {
			show_logs();
			cr_fatal("stuck: %" PRId64 " pending, %" PRId64 " retries", depth.pending,
				depth.retries);
		}
		clock_sleep_ms(clock_system(), 20);
	}
}

static int64_t marks(void)
{
	const char *const words[] = {"HLEN", "{bb}:marks"};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	cr_assert(zero(int, redis_command(pool.redis, 2, words, NULL, &reply, &err)));
	return redis_int(reply);
}

static void stop_schedulers(void)
{
	for (int i = 0; i < 2; i++) {
		if (pool.schedulers[i] == 0)
			continue;
		cr_expect(zero(int, kill(pool.schedulers[i], SIGTERM)));
		cr_expect(zero(int, process_wait(pool.schedulers[i], PATIENCE_MS)), "scheduler %d",
			i);
		pool.schedulers[i] = 0;
	}
}

/* Nothing more is enqueued; what is there ends; then nothing may be left over or counted twice. */
static void expect_all_well(void)
{
	stop_schedulers();
	queue_empties();
	(void)eventually("no lease is left", "0",
		"select count(*) from run_leases where holder is not null");
	cr_expect(zero(i64, marks()), "no bot is left marked");
	cr_expect(zero(i64, number_of("select count(*) from bot_execution_logs where status in "
				      "('running', 'retrying', 'dead')")));
	cr_expect(zero(i64, number_of("select count(*) from dead_letters")));
	cr_expect(zero(i64, number_of("select count(*) from order_journal where state in "
				      "('unknown', 'sending')")));
	cr_expect(zero(int, succeeded_twice()), "no slot succeeds twice");
	cr_expect(zero(int, kill(pool.worker, SIGTERM)));
	cr_expect(zero(int, process_wait(pool.worker, PATIENCE_MS)), "the pool leaves in order");
	pool.worker = 0;
	cr_expect(zero(int, count_in_log("worker.log", "Sanitizer")), "no child leaks");
	COMMAND("doctor", "--compare-ledger");
}

/* A run that has been claimed just now, and the runner that has it. */
struct claimed {
	int slot;
	char bot[40];
	int64_t scheduled_s;
	int64_t token;
};

static struct claimed wait_for_run(void)
{
	static const char query[] =
		"select coalesce((select split_part(split_part(holder, '/', 2), '.', 1) || ' ' || "
		"bot_id"
		" || ' ' || extract(epoch from run_at)::bigint || ' ' || token from run_leases"
		" where holder is not null and lease_until > now() limit 1), '')";
	int64_t began_ms = now_ms();
	struct claimed run;

	for (;;) {
		CLEANUP(text_free) char *text = test_database_value(pool.admin, query);
		if (sscanf(text, "%d %39s %" SCNd64 " %" SCNd64, &run.slot, run.bot,
			    &run.scheduled_s, &run.token) == 4)
			return run;
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS), "nobody runs");
	}
}

/* "STATUS ATTEMPT KILLS HAND_BACKS" of that run's row. */
static int64_t run_ends_as(const struct claimed *run, const char *because, const char *expected)
{
	CLEANUP(text_free)
	char *query = mem_format(
		"select status || ' ' || attempt || ' ' || kills || ' ' || hand_backs "
		"from bot_execution_logs where bot_id = '%s' and scheduled_at = "
		"to_timestamp(%" PRId64 ")",
		run->bot, run->scheduled_s);

	return eventually(because, expected, query);
}

/* Not a warning: with one, Criterion's program fails though every test passed. */
#define FIGURE(what, ms) cr_log_info("%s: %" PRId64 " ms", what, (int64_t)(ms))

#endif
