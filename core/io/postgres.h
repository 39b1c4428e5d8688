/*
 * postgres - one connection to Postgres, every statement bounded in time.
 *
 * Parameters and results are text. No prepared names and no session state, so a connection works
 * through PgBouncer in transaction mode. A connection that failed or timed out is closed at once
 * (a late reply is never read as the next one's) and opened again by the next statement.
 *
 * Errors: ERR_DATABASE with ERR_RETRY_LATER when the statement certainly did nothing (no
 * connection, serialization failure, deadlock, read-only, disk full, too many connections, and
 * everything that breaks an open transaction before its COMMIT was sent); ERR_RETRY_ASK when it may
 * have committed (connection lost, ended by the server or timed out after sending a statement
 * outside of a transaction, or COMMIT); ERR_RETRY_NEVER for errors in our SQL or data, with the
 * SQLSTATE in the message. A malformed URL is ERR_CONFIG. Passwords never appear in messages.
 *
 * A connection lost inside a transaction is not opened again before postgres_rollback or
 * postgres_commit ended it: the rest of its statements fail, none runs outside of it.
 * Not thread-safe; must not cross a fork.
 */
#ifndef CORE_IO_POSTGRES_H
#define CORE_IO_POSTGRES_H

#include "core/base/decimal.h"
#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

struct postgres_options {
	const char *url;              /* postgres://… or key=value; kept as a copy */
	const char *application;      /* shown in pg_stat_activity: "botbeat worker" */
	int64_t connect_timeout_ms;   /* 0: 5000 */
	int64_t statement_timeout_ms; /* 0: 10000; client side deadline of one statement */
};

/* Checks the form of a URL, for configuration. ERR_CONFIG; the message does not quote it. */
MUST_CHECK int postgres_check_url(const char *url, struct err *err);

/*
 * Calls each for every file that connecting by this URL may read (certificates, keys, passwords),
 * there or not: for a process that is about to close the file system to itself.
 */
void postgres_each_file(
	const char *url, void (*each)(void *context, const char *path), void *context);

/* Does not connect yet. */
struct postgres *postgres_new(const struct postgres_options *options);
void postgres_free(struct postgres **postgres);

/* Connects if it is not connected. */
MUST_CHECK int postgres_connect(struct postgres *postgres, struct err *err);
bool postgres_connected(const struct postgres *postgres);
void postgres_disconnect(struct postgres *postgres);

/*
 * Runs one statement with count text parameters (NULL is SQL NULL). *ret may be NULL when rows do
 * not matter; otherwise the caller frees it.
 */
MUST_CHECK int postgres_query(struct postgres *postgres, const char *sql, size_t count,
	const char *const *parameters, struct postgres_result **ret, struct err *err);

/* A script of statements without parameters (migrations). */
MUST_CHECK int postgres_script(struct postgres *postgres, const char *sql, struct err *err);

/* BEGIN … COMMIT around several statements; _rollback never fails (it drops the connection). */
MUST_CHECK int postgres_begin(struct postgres *postgres, struct err *err);
MUST_CHECK int postgres_commit(struct postgres *postgres, struct err *err);
void postgres_rollback(struct postgres *postgres);

/* SQLSTATE of the last failed statement ("23505"), "" if the failure was not the server's. */
const char *postgres_sqlstate(const struct postgres *postgres);

void postgres_result_free(struct postgres_result **result);
size_t postgres_rows(const struct postgres_result *result);
size_t postgres_columns(const struct postgres_result *result);
const char *postgres_column_name(const struct postgres_result *result, size_t column);
size_t postgres_affected(const struct postgres_result *result);
bool postgres_is_null(const struct postgres_result *result, size_t row, size_t column);
/* Borrowed; "" for NULL. */
const char *postgres_text(const struct postgres_result *result, size_t row, size_t column);

/* Typed cells: our own schema's types, so a mismatch is our mistake and ends the process. */
int64_t postgres_int(const struct postgres_result *result, size_t row, size_t column);
bool postgres_bool(const struct postgres_result *result, size_t row, size_t column);
struct decimal postgres_decimal(const struct postgres_result *result, size_t row, size_t column);
struct uuid postgres_uuid(const struct postgres_result *result, size_t row, size_t column);

/*
 * LISTEN on a channel (needs a direct connection). postgres_wait blocks up to timeout_ms for a
 * notification or until wake_fd (-1: none) is readable; *ret_payload is "" on timeout, else
 * borrowed until the next call. After a lost connection it returns -1; the caller listens again
 * and reloads what it may have missed.
 */
MUST_CHECK int postgres_listen(struct postgres *postgres, const char *channel, struct err *err);
MUST_CHECK int postgres_wait(struct postgres *postgres, int64_t timeout_ms, int wake_fd,
	const char **ret_payload, struct err *err);

#endif
