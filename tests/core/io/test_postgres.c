#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/io/postgres.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static struct postgres *open_within(int64_t statement_timeout_ms)
{
	return postgres_new(&(struct postgres_options){.url = test_database_url(),
		.application = "botbeat test",
		.statement_timeout_ms = statement_timeout_ms});
}

static struct postgres_result *query(struct postgres *postgres, const char *sql)
{
	struct postgres_result *result = NULL;
	struct err err = {0};

	cr_assert(eq(int, postgres_query(postgres, sql, 0, NULL, &result, &err), 0), "%s: %s", sql,
		err.message);
	return result;
}

static void run(struct postgres *postgres, const char *sql)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = query(postgres, sql);
}

static int64_t one_int(struct postgres *postgres, const char *sql)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = query(postgres, sql);

	return postgres_int(result, 0, 0);
}

/* --- reading and writing --- */

Test(postgres, parameters_and_cells_are_text_with_types)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct err err = {0};
	static const char uuid[] = "1c9e0000-0000-4000-8000-000000000001";
	const char *parameters[] = {
		"9007199254740993", "-0.000000000000000001", uuid, "it's", NULL};

	cr_assert(eq(int,
			  postgres_query(postgres,
				  "select $1::bigint as n, $2::numeric, $3::uuid, $4::text, "
				  "$5::text, true, ''",
				  5, parameters, &result, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(sz, postgres_rows(result), 1));
	cr_expect(eq(sz, postgres_columns(result), 7));
	cr_expect(eq(str, postgres_column_name(result, 0), "n"));
	cr_expect(eq(i64, postgres_int(result, 0, 0), 9007199254740993));
	cr_expect(decimal_equal(
		postgres_decimal(result, 0, 1), decimal_literal("-0.000000000000000001")));
	struct uuid read = postgres_uuid(result, 0, 2);
	cr_expect(eq(str, read.text, uuid));
	cr_expect(eq(str, postgres_text(result, 0, 3), "it's"));
	cr_expect(postgres_is_null(result, 0, 4));
	cr_expect(eq(str, postgres_text(result, 0, 4), ""));
	cr_expect(postgres_bool(result, 0, 5));
	cr_expect(not(postgres_is_null(result, 0, 6)));
}

Test(postgres, counts_the_rows_it_changed)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	run(postgres, "create temp table t (n int)");
	result = query(postgres, "insert into t select generate_series(1, 7)");
	cr_expect(eq(sz, postgres_affected(result), 7));
}

/* More than fits into the kernel's buffers, in both directions. */
Test(postgres, large_texts_pass_in_both_directions)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(60000);
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	const size_t size = 20u << 20;
	char *text = mem_alloc(size + 1);
	const char *parameters[] = {text};
	struct err err = {0};

	memset(text, 'x', size);
	text[size] = '\0';
	cr_assert(eq(int, postgres_query(postgres, "select $1::text", 1, parameters, &result, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(sz, strlen(postgres_text(result, 0, 0)), size));
	free(text);
}

/* --- what a failure means --- */

struct refusal {
	char because[64];
	char setup[96];
	char sql[160];
	char sqlstate[6];
	enum err_retry retry;
};

ParameterizedTestParameters(postgres, says_whether_to_repeat)
{
	static struct refusal rows[] = {
		{"our SQL is wrong", "select 1", "selct 1", "42601", ERR_RETRY_NEVER},
		{"our data breaks a rule", "create temp table t (n int primary key)",
			"insert into t values (1), (1)", "23505", ERR_RETRY_NEVER},
		{"a deadlock did nothing", "select 1",
			"do $$ begin raise exception 'x' using errcode = '40P01'; end $$", "40P01",
			ERR_RETRY_LATER},
		{"nor did a lost serialization race", "select 1",
			"do $$ begin raise exception 'x' using errcode = '40001'; end $$", "40001",
			ERR_RETRY_LATER},
		{"the disk may have room later", "select 1",
			"do $$ begin raise exception 'x' using errcode = '53100'; end $$", "53100",
			ERR_RETRY_LATER},
		{"a standby may be promoted", "set default_transaction_read_only = on",
			"create table never_made (n int)", "25006", ERR_RETRY_LATER},
		{"the server's own time limit", "set statement_timeout = 50", "select pg_sleep(30)",
			"57014", ERR_RETRY_LATER},
		{"an end that the server cannot tell", "select 1",
			"do $$ begin raise exception 'x' using errcode = '40003'; end $$", "40003",
			ERR_RETRY_ASK},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, postgres, says_whether_to_repeat)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct err err = {0};

	run(postgres, row->setup);
	cr_expect(eq(int, postgres_query(postgres, row->sql, 0, NULL, NULL, &err), -1), "%s",
		row->because);
	cr_expect(eq(int, err.code, ERR_DATABASE), "%s", row->because);
	cr_expect(eq(int, err.retry, row->retry), "%s: %s", row->because, err.message);
	cr_expect(eq(str, postgres_sqlstate(postgres), row->sqlstate), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->sqlstate), NULL), "%s", err.message);
	cr_expect(
		postgres_connected(postgres), "%s: an error is no reason to hang up", row->because);
}

/* --- a backend that dies --- */

struct assassin {
	int64_t victim;
	int64_t delay_ms;
};

static void *terminate_later(void *context)
{
	const struct assassin *assassin = context;
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	char sql[96];

	clock_sleep_ms(clock_system(), assassin->delay_ms);
	(void)snprintf(sql, sizeof sql, "select pg_terminate_backend(%lld)::int",
		(long long)assassin->victim);
	run(postgres, sql);
	return NULL;
}

Test(postgres, a_backend_killed_in_mid_statement_leaves_a_question)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct assassin assassin = {one_int(postgres, "select pg_backend_pid()"), 100};
	struct err err = {0};
	pthread_t thread;

	pthread_create(&thread, NULL, terminate_later, &assassin);
	cr_expect(
		eq(int, postgres_query(postgres, "select pg_sleep(30)", 0, NULL, NULL, &err), -1));
	pthread_join(thread, NULL);
	cr_expect(eq(int, err.code, ERR_DATABASE));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(not(postgres_connected(postgres)));
	cr_expect(ne(i64, one_int(postgres, "select pg_backend_pid()"), assassin.victim));
}

Test(postgres, inside_a_transaction_it_is_rolled_back)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct assassin assassin = {0, 100};
	struct err err = {0};
	pthread_t thread;

	cr_assert(eq(int, postgres_begin(postgres, &err), 0));
	assassin.victim = one_int(postgres, "select pg_backend_pid()");
	pthread_create(&thread, NULL, terminate_later, &assassin);
	cr_expect(
		eq(int, postgres_query(postgres, "select pg_sleep(30)", 0, NULL, NULL, &err), -1));
	pthread_join(thread, NULL);
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
	/* The rest of the transaction must not run on a new connection, outside of it. */
	cr_expect(eq(int, postgres_query(postgres, "select 1", 0, NULL, NULL, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
	cr_expect(eq(int, postgres_commit(postgres, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
	cr_expect(eq(i64, one_int(postgres, "select 1"), 1));
}

Test(postgres, an_idle_connection_that_died_costs_nothing)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct assassin assassin = {one_int(postgres, "select pg_backend_pid()"), 0};

	terminate_later(&assassin);
	CLEANUP(postgres_free) struct postgres *other = open_within(0);
	char sql[128];
	(void)snprintf(sql, sizeof sql, "select count(*) from pg_stat_activity where pid = %lld",
		(long long)assassin.victim);
	while (one_int(other, sql) != 0)
		clock_sleep_ms(clock_system(), 5);
	cr_expect(eq(i64, one_int(postgres, "select 1"), 1));
}

/* --- deadlines --- */

Test(postgres, a_late_reply_is_never_read_as_the_next_ones)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(200);
	struct err err = {0};
	int64_t before_ms = clock_mono_ms(clock_system());

	cr_expect(eq(
		int, postgres_query(postgres, "select 1, pg_sleep(1)", 0, NULL, NULL, &err), -1));
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - before_ms, 5000));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(not(postgres_connected(postgres)));
	cr_expect(eq(i64, one_int(postgres, "select 2"), 2));
}

Test(postgres, a_server_that_is_absent_is_asked_again_later)
{
	struct postgres_options options = {.url = "postgres://nobody:hunter2@127.0.0.1:1/none"};
	CLEANUP(postgres_free) struct postgres *postgres = postgres_new(&options);
	struct err err = {0};

	cr_expect(eq(int, postgres_connect(postgres, &err), -1));
	cr_expect(eq(int, err.code, ERR_DATABASE));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
	cr_expect(ne(ptr, strstr(err.message, "127.0.0.1"), NULL), "%s", err.message);
	cr_expect(eq(ptr, strstr(err.message, "hunter2"), NULL), "%s", err.message);
}

Test(postgres, a_malformed_url_does_not_tell_its_password)
{
	struct err err = {0};

	cr_expect(eq(int, postgres_check_url("host=db user=x hunter2", &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG));
	cr_expect(eq(ptr, strstr(err.message, "hunter2"), NULL), "%s", err.message);
	cr_expect(eq(int, postgres_check_url("postgres://u:p@h/db?host=/run", &err), 0));
}

/* --- transactions --- */

Test(postgres, a_transaction_is_all_or_nothing)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct err err = {0};

	run(postgres, "create temp table t (n int)");
	cr_assert(eq(int, postgres_begin(postgres, &err), 0));
	run(postgres, "insert into t values (1)");
	postgres_rollback(postgres);
	cr_expect(eq(i64, one_int(postgres, "select count(*) from t"), 0));
	cr_assert(eq(int, postgres_begin(postgres, &err), 0));
	run(postgres, "insert into t values (1)");
	cr_assert(eq(int, postgres_commit(postgres, &err), 0));
	cr_expect(eq(i64, one_int(postgres, "select count(*) from t"), 1));
}

Test(postgres, committing_a_failed_transaction_fails)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct err err = {0};

	cr_assert(eq(int, postgres_begin(postgres, &err), 0));
	cr_expect(eq(int, postgres_query(postgres, "select 1/0", 0, NULL, NULL, &err), -1));
	cr_expect(eq(int, postgres_commit(postgres, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_NEVER), "%s", err.message);
	cr_expect(eq(i64, one_int(postgres, "select 1"), 1));
}

Test(postgres, a_script_stops_at_its_first_failure)
{
	CLEANUP(postgres_free) struct postgres *postgres = open_within(0);
	struct err err = {0};

	cr_assert(eq(int,
			  postgres_script(postgres,
				  "create temp table t (n int); insert into t values (1), (2);",
				  &err),
			  0),
		"%s", err.message);
	cr_expect(eq(int,
		postgres_script(postgres,
			"insert into t values (3); select 1/0; insert into t values (4);", &err),
		-1));
	cr_expect(eq(str, postgres_sqlstate(postgres), "22012"));
	cr_expect(eq(i64, one_int(postgres, "select count(*) from t"), 2));
}

/* --- notifications --- */

Test(postgres, a_notification_arrives_and_a_wait_ends)
{
	CLEANUP(postgres_free) struct postgres *listener = open_within(0);
	CLEANUP(postgres_free) struct postgres *sender = open_within(0);
	const char *payload = NULL;
	struct err err = {0};

	cr_assert(
		eq(int, postgres_listen(listener, "bot \"changed\"", &err), 0), "%s", err.message);
	cr_assert(eq(int, postgres_wait(listener, 0, -1, &payload, &err), 0));
	cr_expect(eq(str, payload, ""));
	run(sender, "notify \"bot \"\"changed\"\"\", 'one'");
	run(sender, "notify \"bot \"\"changed\"\"\", 'two'");
	cr_assert(eq(int, postgres_wait(listener, 10000, -1, &payload, &err), 0));
	cr_expect(eq(str, payload, "one"));
	cr_assert(eq(int, postgres_wait(listener, 10000, -1, &payload, &err), 0));
	cr_expect(eq(str, payload, "two"));
}

Test(postgres, a_wait_ends_when_the_caller_is_wanted)
{
	CLEANUP(postgres_free) struct postgres *listener = open_within(0);
	const char *payload = NULL;
	struct err err = {0};
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(eq(int, postgres_listen(listener, "bots", &err), 0));
	cr_assert(eq(i64, write(ends[1], "x", 1), 1));
	int64_t before_ms = clock_mono_ms(clock_system());
	cr_expect(eq(int, postgres_wait(listener, 60000, ends[0], &payload, &err), 0));
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - before_ms, 10000));
	cr_expect(eq(str, payload, ""));
}

Test(postgres, a_listener_learns_that_its_connection_died)
{
	CLEANUP(postgres_free) struct postgres *listener = open_within(0);
	struct assassin assassin = {one_int(listener, "select pg_backend_pid()"), 50};
	const char *payload = NULL;
	struct err err = {0};
	pthread_t thread;

	cr_assert(eq(int, postgres_listen(listener, "bots", &err), 0));
	pthread_create(&thread, NULL, terminate_later, &assassin);
	cr_expect(eq(int, postgres_wait(listener, 30000, -1, &payload, &err), -1));
	pthread_join(thread, NULL);
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
	cr_expect(eq(int, postgres_wait(listener, 0, -1, &payload, &err), -1));
}
