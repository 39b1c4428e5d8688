/*
 * Something dies, hangs or goes away in a whole system (pool.h). After each fault runs go on by
 * themselves, no slot succeeds twice, nothing is stuck, and our books are the exchange's. Recovery
 * times are printed.
 */
#include "tests/system/pool.h"

TestSuite(pool, .init = setup, .fini = teardown, .timeout = 150);

/* ---- children -------------------------------------------------------------------------------- */

Test(pool, a_killed_runners_run_goes_back_at_once)
{
	struct claimed run = wait_for_run();

	cr_assert(zero(int, kill(pool.children[run.slot], SIGKILL)));
	FIGURE("runner killed, its run succeeded after",
		run_ends_as(&run, "the same slot runs again", "success 2 1 0"));
	(void)runs_go_on("others do not wait", 2);
	cr_expect(eq(int, count_in_log("worker.log", "runner died, its run goes back"), 1),
		"one obituary");
	expect_all_well();
}

Test(pool, leases_outlive_the_keeper)
{
	struct claimed run = wait_for_run();

	cr_assert(zero(int, kill(pool.children[RUNNERS], SIGKILL)));
	(void)until_dead(pool.children[RUNNERS]);
	FIGURE("keeper killed, ready again after", until_ready(pool.worker_port, true));
	(void)run_ends_as(&run, "the run does not notice", "success 1 0 0");
	(void)runs_go_on("without it nothing is promoted or renewed", 2);
	expect_all_well();
}

Test(pool, runners_of_a_dead_supervisor_finish_and_leave)
{
	struct claimed run = wait_for_run();

	cr_assert(zero(int, kill(pool.worker, SIGKILL)));
	cr_assert(eq(int, process_wait(pool.worker, PATIENCE_MS), PROCESS_SIGNALLED + SIGKILL));
	(void)run_ends_as(&run, "it finishes", "success 1 0 0");
	int64_t began_ms = now_ms();
	for (int i = 0; i < CHILDREN; i++)
		(void)until_dead(pool.children[i]);
	FIGURE("supervisor killed, after the last run everybody was gone within",
		now_ms() - began_ms);
	start_worker(AS_SET);
	(void)runs_go_on("a new pool has the port and the work", 2);
	expect_all_well();
}

Test(pool, a_runner_that_dies_after_its_supervisor_is_found)
{
	struct claimed run = wait_for_run();

	cr_assert(zero(int, kill(pool.worker, SIGKILL)));
	cr_assert(zero(int, kill(pool.children[run.slot], SIGKILL)));
	cr_assert(eq(int, process_wait(pool.worker, PATIENCE_MS), PROCESS_SIGNALLED + SIGKILL));
	for (int i = 0; i < CHILDREN; i++)
		(void)until_dead(pool.children[i]);
	start_worker(AS_SET);
	FIGURE("supervisor and runner killed, the run succeeded after",
		run_ends_as(&run, "the keeper handed it back", "success 2 1 0"));
	expect_all_well();
}

Test(pool, the_runs_of_a_pool_that_died_whole_are_taken_over)
{
	struct claimed run = wait_for_run();
	int64_t began_ms = now_ms();

	cr_assert(zero(int, kill(pool.worker, SIGKILL)));
	for (int i = 0; i < CHILDREN; i++)
		cr_assert(zero(int, kill(pool.children[i], SIGKILL)));
	cr_assert(eq(int, process_wait(pool.worker, PATIENCE_MS), PROCESS_SIGNALLED + SIGKILL));
	start_worker(AS_SET);
	(void)run_ends_as(&run, "when its lease is over", "success 2 0 0");
	FIGURE("whole pool killed, its run succeeded after", now_ms() - began_ms);
	cr_expect(lt(i64, now_ms() - began_ms, LEASE_MS + INTERVAL_MS));
	expect_all_well();
}

/* ---- leaving --------------------------------------------------------------------------------- */

Test(pool, term_finishes_current_runs_and_counts_no_attempt)
{
	struct claimed run = wait_for_run();
	int64_t began_ms = now_ms();

	cr_assert(zero(int, kill(pool.worker, SIGTERM)));
	cr_expect(zero(int, process_wait(pool.worker, PATIENCE_MS)), "exit code");
	FIGURE("TERM during load, left after", now_ms() - began_ms);
	(void)run_ends_as(&run, "it was finished", "success 1 0 0");
	cr_expect(zero(i64, number_of("select count(*) from run_leases where holder is not null")));
	start_worker(AS_SET);
	(void)runs_go_on("jobs that were not begun wait for the next pool", 3);
	cr_expect(
		zero(i64, number_of("select count(*) from bot_execution_logs where attempt > 1")));
	expect_all_well();
}

Test(pool, what_grace_does_not_suffice_for_goes_back_uncounted)
{
	cr_assert(zero(int, kill(pool.worker, SIGTERM)));
	cr_assert(zero(int, process_wait(pool.worker, PATIENCE_MS)));
	start_worker("worker.grace_ms=0");
	struct claimed run = wait_for_run();
	int64_t began_ms = now_ms();
	cr_assert(zero(int, kill(pool.worker, SIGTERM)));
	cr_expect(zero(int, process_wait(pool.worker, PATIENCE_MS)), "exit code");
	cr_expect(lt(i64, now_ms() - began_ms, 6000), "the keeper hands back within 5 s");
	(void)run_ends_as(&run, "at once, by the keeper", "retrying 0 0 1");
	start_worker(AS_SET);
	(void)run_ends_as(&run, "neither a kill nor an attempt more", "success 1 0 1");
	expect_all_well();
}

Test(pool, hup_replaces_every_child_and_loses_nothing)
{
	pid_t now[CHILDREN];
	int64_t began_ms = now_ms();

	cr_assert(zero(int, kill(pool.worker, SIGHUP)));
	for (int i = 0; i < CHILDREN; i++)
		(void)until_dead(pool.children[i]);
	FIGURE("HUP, all children replaced after", now_ms() - began_ms);
	(void)until_ready(pool.worker_port, true);
	cr_expect(eq(sz, process_children(pool.worker, now, CHILDREN), CHILDREN));
	(void)runs_go_on("with new children", 2);
	cr_expect(
		zero(i64, number_of("select count(*) from bot_execution_logs where attempt > 1")));
	expect_all_well();
}

/* ---- schedulers ------------------------------------------------------------------------------ */

static int leader(void)
{
	CLEANUP(text_free)
	char *holder = test_database_value(pool.admin,
		"select coalesce(max(holder), '') from scheduler_leases where "
		"lease_until > now()");

	for (int i = 0; i < 2; i++) {
		CLEANUP(text_free) char *part = mem_format("-%d-", (int)pool.schedulers[i]);
		if (strstr(holder, part) != NULL)
			return i;
	}
	cr_fatal("nobody leads: \"%s\"", holder);
}

static int64_t until_led_anew(int64_t epoch)
{
	CLEANUP(text_free)
	char *query = mem_format(
		"select epoch > %" PRId64 " and lease_until > now() from scheduler_leases", epoch);

	return eventually("the standby takes over", "t", query);
}

#define EPOCH "select epoch from scheduler_leases"

Test(pool, a_standby_takes_over_from_a_dead_leader)
{
	int first = leader();
	int64_t epoch = number_of(EPOCH);

	cr_assert(zero(int, kill(pool.schedulers[first], SIGKILL)));
	cr_assert(eq(int, process_wait(pool.schedulers[first], PATIENCE_MS),
		PROCESS_SIGNALLED + SIGKILL));
	pool.schedulers[first] = 0;
	int64_t took_ms = until_led_anew(epoch);
	FIGURE("leader killed, led again after", took_ms);
	cr_expect(lt(i64, took_ms, 3 * LEAD_MS * 2 / 5 + 200), "three renewals");
	(void)every_bot_runs("nobody is forgotten");
	expect_all_well();
}

Test(pool, a_leader_that_was_frozen_finds_that_it_leads_no_more)
{
	int first = leader();
	const char *log = first == 0 ? "scheduler-0.log" : "scheduler-1.log";
	int64_t epoch = number_of(EPOCH);

	cr_assert(zero(int, kill(pool.schedulers[first], SIGSTOP)));
	(void)until_led_anew(epoch);
	(void)runs_go_on("under the new leader", 1);
	int led_before = count_in_log(log, "\"leading\"");
	cr_assert(zero(int, kill(pool.schedulers[first], SIGCONT)));
	int64_t began_ms = now_ms();
	while (count_in_log(log, "lead lost, standing by") == 0) {
		cr_assert(lt(i64, now_ms() - began_ms, PATIENCE_MS));
		clock_sleep_ms(clock_system(), 5);
	}
	FIGURE("a frozen leader stood by after waking for", now_ms() - began_ms);
	(void)runs_go_on("with both", 2);
	cr_expect(eq(int, count_in_log(log, "\"leading\""), led_before));
	cr_expect(eq(i64, number_of(EPOCH), epoch + 1));
	expect_all_well();
}

/* ---- Redis and Postgres ---------------------------------------------------------------------- */

Test(pool, redis_flushed_costs_at_most_an_interval)
{
	const char *const flush[] = {"FLUSHALL"};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	(void)wait_for_run();
	cr_assert(zero(int, redis_command(pool.redis, 1, flush, NULL, &reply, &err)));
	int64_t took_ms = every_bot_runs("all of them");
	FIGURE("FLUSHALL, every bot had run again after", took_ms);
	cr_expect(lt(i64, took_ms, 2 * INTERVAL_MS));
	expect_all_well();
}

static void stop_redis(void)
{
	cr_assert(zero(int, kill(pool.redis_server.pid, SIGKILL)));
	(void)process_wait(pool.redis_server.pid, PATIENCE_MS);
	pool.redis_server.pid = 0;
}

Test(pool, redis_goes_and_comes_back_empty)
{
	(void)wait_for_run();
	stop_redis();
	FIGURE("Redis killed, worker unready after", until_ready(pool.worker_port, false));
	FIGURE("Redis killed, a scheduler unready after",
		until_ready(pool.scheduler_ports[leader()], false));
	expect_reason(pool.scheduler_ports[leader()], "Redis is away");
	own_redis_again(&pool.redis_server);
	FIGURE("Redis back, worker ready after", until_ready(pool.worker_port, true));
	int64_t took_ms = every_bot_runs("all of them, by themselves");
	FIGURE("Redis back, every bot had run after", took_ms);
	cr_expect(lt(i64, took_ms, 2 * INTERVAL_MS));
	cr_expect(le(int, count_in_log("worker.log", "\"event\":\"Redis is away"), CHILDREN),
		"said once each");
	expect_all_well();
}

Test(pool, redis_that_accepts_and_never_answers_is_noticed)
{
	(void)wait_for_run();
	cr_assert(zero(int, kill(pool.redis_server.pid, SIGSTOP)));
	int64_t took_ms = until_ready(pool.worker_port, false);
	FIGURE("Redis frozen, unready after", took_ms);
	expect_reason(pool.worker_port, "Redis is away");
	cr_expect(lt(i64, took_ms, 2000), "twice its time limit");
	/* Longer than a lease: runs that are under way keep theirs. */
	clock_sleep_ms(clock_system(), LEASE_MS);
	cr_assert(zero(int, kill(pool.redis_server.pid, SIGCONT)));
	FIGURE("Redis thawed, ready after", until_ready(pool.worker_port, true));
	(void)every_bot_runs("nobody hangs");
	cr_expect(zero(i64, number_of("select count(*) from bot_execution_logs where kills > 0")));
	expect_all_well();
}

/* As a server that is being started again: it ends every session and lets nobody in. */
static void close_database(struct postgres *server, bool closed)
{
	const char *name = strstr(pool.database, "dbname=") + strlen("dbname=");
	CLEANUP(text_free)
	char *statements = mem_format(
		"alter database %s allow_connections %s;"
		"select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'",
		name, closed ? "false" : "true", name);

	test_database_run(server, statements);
	postgres_disconnect(pool.admin);
}

Test(pool, postgres_goes_and_comes_back)
{
	CLEANUP(postgres_free)
	struct postgres *server = test_database_open(test_database_url(), NULL);

	(void)wait_for_run();
	close_database(server, true);
	FIGURE("Postgres away, worker unready after", until_ready(pool.worker_port, false));
	FIGURE("Postgres away, scheduler 0 unready after",
		until_ready(pool.scheduler_ports[0], false));
	expect_reason(pool.worker_port, "Postgres is away");
	expect_reason(pool.scheduler_ports[0], "Postgres is away");
	/* Longer than the leases: of runs and of the lead. */
	clock_sleep_ms(clock_system(), LEASE_MS);
	close_database(server, false);
	FIGURE("Postgres back, worker ready after", until_ready(pool.worker_port, true));
	FIGURE("Postgres back, every bot had run after", every_bot_runs("all of them"));
	cr_expect(le(int, count_in_log("worker.log", "\"event\":\"Postgres is away"), CHILDREN),
		"said once each");
	expect_all_well();
}

/* ---- beginning ------------------------------------------------------------------------------- */

Test(begin, waits_for_redis, .init = prepare, .fini = teardown, .timeout = 150)
{
	stop_redis();
	start_scheduler(0);
	launch_worker(AS_SET);
	while (status_of(pool.worker_port, "/health") != 200)
		clock_sleep_ms(clock_system(), 10);
	cr_expect(eq(int, (int)status_of(pool.worker_port, "/ready"), 503));
	cr_expect(eq(int, process_wait(pool.worker, 1000), -1), "it stays");
	own_redis_again(&pool.redis_server);
	FIGURE("Redis there, ready after", until_ready(pool.worker_port, true));
	(void)runs_go_on("by itself", 2);
	expect_all_well();
}

static void expect_refusal(const char *because, const char *setting, const char *word)
{
	CLEANUP(text_free)
	char *listen = mem_format("worker.listen=127.0.0.1:%d", pool.worker_port);
	const char *argv[] = {BOTBEAT_BINARY, "worker", "--config", file("worker.ini"), "--set",
		listen, "--set", setting, NULL};

	cr_expect(eq(int, process_run(file("refused.log"), argv, PATIENCE_MS), 1), "%s", because);
	CLEANUP(text_free) char *log = read_file("refused.log");
	cr_expect(ne(ptr, strstr(log, word), NULL), "%s: %s", because, log);
}

Test(begin, is_refused_where_it_cannot_work, .init = prepare, .fini = teardown, .timeout = 150)
{
	expect_refusal("no key file", "vault.master_key_file=/no/such/file", "/no/such/file");
	launch_worker(AS_SET);
	(void)until_ready(pool.worker_port, true);
	expect_refusal("the port is taken", AS_SET, "already in use");
}

/* ---- --drain --------------------------------------------------------------------------------- */

Test(drain, runs_what_is_due_and_exits, .init = prepare, .fini = teardown, .timeout = 150)
{
	const char *argv[] = {
		BOTBEAT_BINARY, "worker", "--drain", "--config", file("drain.ini"), NULL};
	CLEANUP(text_free) char *all = mem_format("%d", BOTS);

	for (int call = 0; call < 2; call++) {
		int64_t began_ms = now_ms();
		cr_expect(zero(int, process_run(file("worker.log"), argv, PATIENCE_MS)));
		FIGURE("--drain took", now_ms() - began_ms);
		(void)eventually("a bot that was just started asked for a run", all,
			"select count(distinct bot_id) from bot_execution_logs where status = "
			"'success'");
		queue_empties();
	}
	cr_expect(zero(int, succeeded_twice()));
	cr_expect(zero(int, count_in_log("worker.log", "\"level\":\"error\"")), "nobody has died");
	cr_expect(zero(i64, marks()));
}
