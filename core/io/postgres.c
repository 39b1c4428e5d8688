#include "core/io/postgres.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/io/metrics.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 5000
#define STATEMENT_TIMEOUT_MS 10000
#define PARAMETERS_MAX 128

struct postgres {
	char *url;
	char *application;
	int64_t connect_timeout_ms;
	int64_t statement_timeout_ms;
	PGconn *connection;  /* NULL: not connected */
	bool was_connected;  /* once: the next connection is another one */
	bool in_transaction; /* from a successful BEGIN to commit or rollback */
	char sqlstate[6];
	PGnotify *notification; /* lent out by the last postgres_wait */
};

/* What a lost connection means depends on whether the statement could commit by itself. */
enum effect {
	EFFECT_COMMITS,     /* outside a transaction, or COMMIT itself */
	EFFECT_UNCOMMITTED, /* inside a transaction: it is rolled back with the connection */
};

static const PGresult *result_of(const struct postgres_result *result)
{
	return (const PGresult *)result;
}

static void pg_result_clear(PGresult **result)
{
	PQclear(*result);
	*result = NULL;
}

/* The first line of the library's text: the rest is hints for people at a psql prompt. */
static int first_line(const char *text)
{
	size_t length = strcspn(text, "\n");

	return length > 180 ? 180 : (int)length;
}

static void drop_notices(void *context, const PGresult *notice)
{
	(void)context;
	(void)notice;
}

struct postgres *postgres_new(const struct postgres_options *options)
{
	struct postgres *postgres = mem_zero(1, sizeof *postgres);

	postgres->url = mem_text(options->url);
	postgres->application = mem_text(
		options->application != NULL ? options->application : "botbeat");
	postgres->connect_timeout_ms = options->connect_timeout_ms > 0 ? options->connect_timeout_ms
								       : CONNECT_TIMEOUT_MS;
	postgres->statement_timeout_ms = options->statement_timeout_ms > 0
						 ? options->statement_timeout_ms
						 : STATEMENT_TIMEOUT_MS;
	return postgres;
}

void postgres_free(struct postgres **postgres)
{
	if (*postgres == NULL)
		return;
	postgres_disconnect(*postgres);
	free((*postgres)->url);
	free((*postgres)->application);
	free(*postgres);
	*postgres = NULL;
}

bool postgres_connected(const struct postgres *postgres)
{
	return postgres->connection != NULL;
}

void postgres_disconnect(struct postgres *postgres)
{
	PQfreemem(postgres->notification);
	postgres->notification = NULL;
	PQfinish(postgres->connection);
	postgres->connection = NULL;
}

const char *postgres_sqlstate(const struct postgres *postgres)
{
	return postgres->sqlstate;
}

/* 1 if fd is ready, 0 at the deadline. Other errors of poll are our own mistakes. */
static int wait_for(int fd, short events, int64_t deadline_mono_ms)
{
	for (;;) {
		int64_t left_ms = deadline_mono_ms - clock_mono_ms(clock_system());
		if (left_ms < 0)
			return 0;

		struct pollfd wanted = {.fd = fd, .events = events};
		int ready = poll(&wanted, 1, (int)(left_ms < 60000 ? left_ms + 1 : 60000));
		if (ready > 0)
			return 1;
		if (ready == -1 && errno != EINTR)
			die("could not poll the database connection: %s", strerror(errno));
	}
}

static int64_t deadline_after(int64_t timeout_ms)
{
	return clock_mono_ms(clock_system()) + timeout_ms;
}

/* Our own words: the library's would quote the URL, password included. */
int postgres_check_url(const char *url, struct err *err)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	if (options == NULL)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"malformed database URL (expected postgres://user@host/name or key=value "
			"pairs)");
	PQconninfoFree(options);
	return 0;
}

static void each_file_of(const PQconninfoOption *options,
	void (*each)(void *context, const char *path), void *context)
{
	static const char *const names[] = {
		"sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "passfile"};

	for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strcmp(option->keyword, names[i]) == 0 && option->val != NULL &&
				option->val[0] != '\0')
				each(context, option->val);
}

void postgres_each_file(
	const char *url, void (*each)(void *context, const char *path), void *context)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	PQconninfoOption *defaults = PQconndefaults();
	const char *home = getenv("HOME");

	if (options != NULL)
		each_file_of(options, each, context);
	if (defaults != NULL)
		each_file_of(defaults, each, context);
	PQconninfoFree(options);
	PQconninfoFree(defaults);
	if (home == NULL || home[0] == '\0')
		return;
	/* Where the library looks if nothing says otherwise. */
	CLEANUP(text_free) char *passwords = mem_format("%s/.pgpass", home);
	CLEANUP(text_free) char *certificates = mem_format("%s/.postgresql", home);
	each(context, passwords);
	each(context, certificates);
}

static int connect_failed(struct postgres *postgres, struct err *err)
{
	const char *reason = PQerrorMessage(postgres->connection);

	err_set(err, ERR_DATABASE, ERR_RETRY_LATER, "could not connect to the database: %.*s",
		first_line(reason), reason);
	postgres_disconnect(postgres);
	return -1;
}

static int finish_connecting(struct postgres *postgres, struct err *err)
{
	int64_t deadline = deadline_after(postgres->connect_timeout_ms);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK) {
		if (state == PGRES_POLLING_FAILED)
			return connect_failed(postgres, err);

		short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (!wait_for(PQsocket(postgres->connection), events, deadline)) {
			postgres_disconnect(postgres);
			return err_set(err, ERR_DATABASE, ERR_RETRY_LATER,
				"could not connect to the database: no answer within %lld ms",
				(long long)postgres->connect_timeout_ms);
		}
		state = PQconnectPoll(postgres->connection);
	}
	return 0;
}

static int open_connection(struct postgres *postgres, struct err *err)
{
	/* What stands before the URL is a default, what stands after it is not to be changed. */
	const char *const names[] = {
		"gssencmode", "fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {
		"disable", postgres->application, postgres->url, "UTF8", NULL};

	if (postgres_check_url(postgres->url, err) == -1)
		return -1;

	/* The name look-up inside is the one step without a deadline of ours. */
	postgres->connection = PQconnectStartParams(names, values, 1);
	if (postgres->connection == NULL)
		die("out of memory while connecting to the database");
	if (PQstatus(postgres->connection) == CONNECTION_BAD)
		return connect_failed(postgres, err);
	if (finish_connecting(postgres, err) == -1)
		return -1;

	PQsetNoticeReceiver(postgres->connection, drop_notices, NULL);
	if (PQsetnonblocking(postgres->connection, 1) == -1)
		return connect_failed(postgres, err);
	if (postgres->was_connected)
		metrics_add(METRIC_DB_RECONNECTS, 1);
	postgres->was_connected = true;
	return 0;
}

/*
 * An idle connection that the server has closed is noticed before a statement is risked on it.
 * A farewell may stand before the end, so it is read until nothing is left.
 */
static void drop_if_dead(struct postgres *postgres)
{
	struct pollfd idle = {.fd = PQsocket(postgres->connection), .events = POLLIN};

	for (int reads = 0; reads < 16 && poll(&idle, 1, 0) > 0; reads++) {
		if (PQconsumeInput(postgres->connection) == 0 ||
			PQstatus(postgres->connection) == CONNECTION_BAD) {
			postgres_disconnect(postgres);
			return;
		}
	}
}

int postgres_connect(struct postgres *postgres, struct err *err)
{
	postgres->sqlstate[0] = '\0';
	if (postgres->connection != NULL)
		drop_if_dead(postgres);
	if (postgres->connection != NULL)
		return 0;
	/* A new connection would run the rest of the transaction's statements outside of it. */
	if (postgres->in_transaction)
		return err_set(err, ERR_DATABASE, ERR_RETRY_LATER,
			"the connection was lost inside a transaction, which is rolled back");
	return open_connection(postgres, err);
}

static int lost(struct postgres *postgres, enum effect effect, const char *reason, struct err *err)
{
	enum err_retry retry = effect == EFFECT_COMMITS ? ERR_RETRY_ASK : ERR_RETRY_LATER;

	err_set(err, ERR_DATABASE, retry, "lost the database connection: %.*s", first_line(reason),
		reason);
	postgres_disconnect(postgres);
	return -1;
}

/*
 * What the server's word means for a repeat. Classes: PostgreSQL manual, appendix A.
 * A server that ends the connection (57P01, 57P02) may do so just after a commit, and its class 08
 * says that it lost somebody: there only a statement that cannot commit by itself is safe.
 */
static enum err_retry retry_of(const char *sqlstate, enum effect effect)
{
	static const char later[][6] = {
		"40001", "40P01", "40000", "57014", "57P03", "55P03", "25006"};

	if (strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "57P0", 4) == 0 ||
		strcmp(sqlstate, "40003") == 0) {
		if (strcmp(sqlstate, "57P03") != 0)
			return effect == EFFECT_COMMITS ? ERR_RETRY_ASK : ERR_RETRY_LATER;
	}
	for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
		if (strcmp(sqlstate, later[i]) == 0)
			return ERR_RETRY_LATER;
	}
	if (strncmp(sqlstate, "53", 2) == 0 || strncmp(sqlstate, "58", 2) == 0)
		return ERR_RETRY_LATER;
	return ERR_RETRY_NEVER;
}

static int refused(
	struct postgres *postgres, const PGresult *result, enum effect effect, struct err *err)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *reason = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	/* No state: the library itself noticed that the connection is gone. */
	if (sqlstate == NULL)
		return lost(postgres, effect, PQerrorMessage(postgres->connection), err);

	(void)strncpy(postgres->sqlstate, sqlstate, sizeof postgres->sqlstate - 1);
	postgres->sqlstate[sizeof postgres->sqlstate - 1] = '\0';
	err_set(err, ERR_DATABASE, retry_of(sqlstate, effect), "%.200s (SQLSTATE %s)",
		reason != NULL ? reason : "the database refused", postgres->sqlstate);
	if (PQstatus(postgres->connection) == CONNECTION_BAD)
		postgres_disconnect(postgres);
	return -1;
}

static int timed_out(struct postgres *postgres, enum effect effect, struct err *err)
{
	enum err_retry retry = effect == EFFECT_COMMITS ? ERR_RETRY_ASK : ERR_RETRY_LATER;

	/* The server may work on; the role's statement_timeout ends it there. */
	postgres_disconnect(postgres);
	return err_set(err, ERR_DATABASE, retry, "no reply from the database within %lld ms",
		(long long)postgres->statement_timeout_ms);
}

/* Sends what is queued, reading meanwhile: a server that waits for us to read takes no more. */
static int flush_out(
	struct postgres *postgres, enum effect effect, int64_t deadline, struct err *err)
{
	for (;;) {
		int left = PQflush(postgres->connection);
		if (left == 0)
			return 0;
		if (left == -1)
			return lost(postgres, effect, PQerrorMessage(postgres->connection), err);
		if (!wait_for(PQsocket(postgres->connection), POLLIN | POLLOUT, deadline))
			return timed_out(postgres, effect, err);
		if (PQconsumeInput(postgres->connection) == 0)
			return lost(postgres, effect, PQerrorMessage(postgres->connection), err);
	}
}

static int await(struct postgres *postgres, enum effect effect, int64_t deadline, struct err *err)
{
	while (PQisBusy(postgres->connection)) {
		if (!wait_for(PQsocket(postgres->connection), POLLIN, deadline))
			return timed_out(postgres, effect, err);
		if (PQconsumeInput(postgres->connection) == 0)
			return lost(postgres, effect, PQerrorMessage(postgres->connection), err);
	}
	return 0;
}

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	       status == PGRES_EMPTY_QUERY;
}

/*
 * Reads to the end of the statement: with autocommit the commit follows the last row, so the
 * statement has succeeded only when the server is ready again. Gives the last result.
 */
static int collect(struct postgres *postgres, enum effect effect, int64_t deadline, PGresult **ret,
	struct err *err)
{
	CLEANUP(pg_result_clear) PGresult *last = NULL;

	for (;;) {
		if (await(postgres, effect, deadline, err) == -1)
			return last != NULL && !is_good(last) ? refused(postgres, last, effect, err)
							      : -1;
		PGresult *next = PQgetResult(postgres->connection);
		if (next == NULL)
			break;
		/* The first failure is the cause; what follows it is a consequence. */
		if (last != NULL && !is_good(last)) {
			PQclear(next);
			continue;
		}
		PQclear(last);
		last = next;
		if (PQresultStatus(next) == PGRES_COPY_IN || PQresultStatus(next) == PGRES_COPY_OUT)
			die("COPY is not supported here");
	}
	if (last == NULL || PQstatus(postgres->connection) == CONNECTION_BAD) {
		if (last != NULL && !is_good(last))
			return refused(postgres, last, effect, err);
		return lost(postgres, effect, PQerrorMessage(postgres->connection), err);
	}
	if (!is_good(last))
		return refused(postgres, last, effect, err);
	*ret = TAKE(last);
	return 0;
}

/* What the server refused for want of a right is never a user's mistake. */
static void count(const struct postgres *postgres, int result, int64_t began_mono_ms)
{
	bool answered = result == 0 || postgres->sqlstate[0] != '\0';

	metrics_add(METRIC_DB_STATEMENTS, 1, result == 0 ? "ok" : answered ? "refused" : "lost");
	if (answered)
		metrics_observe(METRIC_DB_DURATION, clock_mono_ms(clock_system()) - began_mono_ms);
	if (strcmp(postgres->sqlstate, "42501") == 0)
		metrics_add(METRIC_RLS_VIOLATIONS, 1);
}

static int run(struct postgres *postgres, enum effect effect, PGresult **ret, struct err *err)
{
	int64_t began_mono_ms = clock_mono_ms(clock_system());
	int64_t deadline = deadline_after(postgres->statement_timeout_ms);

	int result = flush_out(postgres, effect, deadline, err);
	if (result == 0)
		result = collect(postgres, effect, deadline, ret, err);
	count(postgres, result, began_mono_ms);
	return result;
}

static enum effect effect_of(const struct postgres *postgres)
{
	return postgres->in_transaction ? EFFECT_UNCOMMITTED : EFFECT_COMMITS;
}

/* Nothing has been sent when the library refuses to queue a statement. */
static int not_queued(struct postgres *postgres, struct err *err)
{
	return lost(postgres, EFFECT_UNCOMMITTED, PQerrorMessage(postgres->connection), err);
}

int postgres_query(struct postgres *postgres, const char *sql, size_t count,
	const char *const *parameters, struct postgres_result **ret, struct err *err)
{
	assert(count <= PARAMETERS_MAX);

	if (postgres_connect(postgres, err) == -1)
		return -1;
	if (PQsendQueryParams(
		    postgres->connection, sql, (int)count, NULL, parameters, NULL, NULL, 0) == 0)
		return not_queued(postgres, err);

	PGresult *result = NULL;
	if (run(postgres, effect_of(postgres), &result, err) == -1)
		return -1;
	if (ret != NULL)
		*ret = (struct postgres_result *)result;
	else
		PQclear(result);
	return 0;
}

static int run_script(struct postgres *postgres, const char *sql, enum effect effect,
	PGresult **ret, struct err *err)
{
	if (postgres_connect(postgres, err) == -1)
		return -1;
	if (PQsendQuery(postgres->connection, sql) == 0)
		return not_queued(postgres, err);
	return run(postgres, effect, ret, err);
}

int postgres_script(struct postgres *postgres, const char *sql, struct err *err)
{
	CLEANUP(pg_result_clear) PGresult *result = NULL;

	return run_script(postgres, sql, effect_of(postgres), &result, err);
}

int postgres_begin(struct postgres *postgres, struct err *err)
{
	CLEANUP(pg_result_clear) PGresult *result = NULL;

	assert(!postgres->in_transaction);
	if (run_script(postgres, "BEGIN", EFFECT_UNCOMMITTED, &result, err) == -1)
		return -1;
	postgres->in_transaction = true;
	return 0;
}

int postgres_commit(struct postgres *postgres, struct err *err)
{
	CLEANUP(pg_result_clear) PGresult *result = NULL;

	assert(postgres->in_transaction);
	/* Asked first, since the connection's end decides: lost before COMMIT left is rolled back.
	 */
	if (postgres_connect(postgres, err) == -1) {
		postgres->in_transaction = false;
		return -1;
	}
	postgres->in_transaction = false;
	if (run_script(postgres, "COMMIT", EFFECT_COMMITS, &result, err) == -1)
		return -1;
	/* COMMIT of a failed transaction succeeds, as a rollback. */
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return err_set(err, ERR_DATABASE, ERR_RETRY_NEVER,
			"could not commit: a statement of the transaction had failed");
	return 0;
}

void postgres_rollback(struct postgres *postgres)
{
	CLEANUP(pg_result_clear) PGresult *result = NULL;
	struct err ignored;

	if (!postgres->in_transaction)
		return;
	postgres->in_transaction = false;
	if (postgres->connection == NULL)
		return;
	if (run_script(postgres, "ROLLBACK", EFFECT_UNCOMMITTED, &result, &ignored) == -1)
		postgres_disconnect(postgres);
}

void postgres_result_free(struct postgres_result **result)
{
	PQclear((PGresult *)*result);
	*result = NULL;
}

size_t postgres_rows(const struct postgres_result *result)
{
	return (size_t)PQntuples(result_of(result));
}

size_t postgres_columns(const struct postgres_result *result)
{
	return (size_t)PQnfields(result_of(result));
}

const char *postgres_column_name(const struct postgres_result *result, size_t column)
{
	return PQfname(result_of(result), (int)column);
}

size_t postgres_affected(const struct postgres_result *result)
{
	/* The library only reads it; its parameter lacks the const. */
	PGresult *readable = (PGresult *)(uintptr_t)result;

	return (size_t)strtoull(PQcmdTuples(readable), NULL, 10);
}

static void check_cell(const struct postgres_result *result, size_t row, size_t column)
{
	assert(row < postgres_rows(result));
	assert(column < postgres_columns(result));
}

bool postgres_is_null(const struct postgres_result *result, size_t row, size_t column)
{
	check_cell(result, row, column);
	return PQgetisnull(result_of(result), (int)row, (int)column) == 1;
}

const char *postgres_text(const struct postgres_result *result, size_t row, size_t column)
{
	check_cell(result, row, column);
	return PQgetvalue(result_of(result), (int)row, (int)column);
}

__attribute__((noreturn)) static void wrong_type(
	const struct postgres_result *result, size_t row, size_t column, const char *wanted)
{
	die("column %s: expected %s, got \"%.40s\"", postgres_column_name(result, column), wanted,
		postgres_text(result, row, column));
}

int64_t postgres_int(const struct postgres_result *result, size_t row, size_t column)
{
	const char *text = postgres_text(result, row, column);
	char *end = NULL;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		wrong_type(result, row, column, "an integer");
	return value;
}

bool postgres_bool(const struct postgres_result *result, size_t row, size_t column)
{
	const char *text = postgres_text(result, row, column);

	if (strcmp(text, "t") != 0 && strcmp(text, "f") != 0)
		wrong_type(result, row, column, "a boolean");
	return text[0] == 't';
}

struct decimal postgres_decimal(const struct postgres_result *result, size_t row, size_t column)
{
	struct decimal value;
	struct err err;

	if (decimal_parse(postgres_text(result, row, column), &value, &err) == -1)
		wrong_type(result, row, column, "a decimal");
	return value;
}

struct uuid postgres_uuid(const struct postgres_result *result, size_t row, size_t column)
{
	struct uuid value;
	struct err err;

	if (uuid_parse(postgres_text(result, row, column), &value, &err) == -1)
		wrong_type(result, row, column, "a uuid");
	return value;
}

int postgres_listen(struct postgres *postgres, const char *channel, struct err *err)
{
	if (postgres_connect(postgres, err) == -1)
		return -1;

	char *quoted = PQescapeIdentifier(postgres->connection, channel, strlen(channel));
	if (quoted == NULL)
		die("out of memory while naming a channel");
	CLEANUP(text_free) char *sql = mem_format("LISTEN %s", quoted);
	PQfreemem(quoted);
	return postgres_script(postgres, sql, err);
}

/* 1: the connection has something, 0: timeout, or the caller is wanted elsewhere. */
static int wait_with_wake(struct postgres *postgres, int64_t deadline, int wake_fd)
{
	for (;;) {
		int64_t left_ms = deadline - clock_mono_ms(clock_system());
		struct pollfd wanted[] = {
			{.fd = PQsocket(postgres->connection), .events = POLLIN},
			{.fd = wake_fd, .events = POLLIN}, /* poll ignores -1 */
		};
		if (left_ms < 0)
			left_ms = 0;
		int ready = poll(wanted, 2, (int)(left_ms < 60000 ? left_ms : 60000));
		if (ready == -1 && errno != EINTR)
			die("could not poll the database connection: %s", strerror(errno));
		if (ready > 0 && wanted[0].revents != 0)
			return 1;
		if (ready > 0 || clock_mono_ms(clock_system()) >= deadline)
			return 0;
	}
}

int postgres_wait(struct postgres *postgres, int64_t timeout_ms, int wake_fd,
	const char **ret_payload, struct err *err)
{
	int64_t deadline = deadline_after(timeout_ms);

	PQfreemem(postgres->notification);
	postgres->notification = NULL;
	if (postgres->connection == NULL)
		return err_set(err, ERR_DATABASE, ERR_RETRY_LATER,
			"not listening: the database connection was lost");

	for (;;) {
		postgres->notification = PQnotifies(postgres->connection);
		if (postgres->notification != NULL) {
			*ret_payload = postgres->notification->extra;
			return 0;
		}
		if (!wait_with_wake(postgres, deadline, wake_fd)) {
			*ret_payload = "";
			return 0;
		}
		if (PQconsumeInput(postgres->connection) == 0)
			return lost(postgres, EFFECT_UNCOMMITTED,
				PQerrorMessage(postgres->connection), err);
	}
}
