/*
 * database - a fresh, migrated database for a test.
 *
 * BOTBEAT_TEST_DATABASE_URL names a private server and a superuser on it; a test that needs a
 * database is skipped, with a message, where it is not set. Migrations run once per server: every
 * database is a copy of one template, so a fresh one costs a few tens of milliseconds.
 * Whatever fails in here ends the test: these are the test's own means, not what it tests.
 *
 *	CLEANUP(test_database_drop) char *url = test_database_new("claim");
 *	CLEANUP(postgres_free) struct postgres *worker = test_database_open(url, "botbeat_worker");
 */
#ifndef TESTS_SUPPORT_DATABASE_H
#define TESTS_SUPPORT_DATABASE_H

struct postgres;

/* Makes the database "botbeat_<name>_<pid>" and returns its URL; the caller drops it. */
char *test_database_new(const char *name);

/* The same without any schema, for tests of migrations. */
char *test_database_new_empty(const char *name);

/* Drops the database behind *url, whoever is connected, and frees the text. Accepts NULL. */
void test_database_drop(char **url);

/* The URL under which a session acts as a role, as if it had logged in as it. The caller frees. */
char *test_database_as(const char *url, const char *role);

/* A connected session; as the server's superuser if role is NULL. The caller frees it. */
struct postgres *test_database_open(const char *url, const char *role);

/* Runs statements that must succeed. */
void test_database_run(struct postgres *postgres, const char *statements);

/* The first cell of a query that must give one, as text ("" for NULL). The caller frees it. */
char *test_database_value(struct postgres *postgres, const char *query);

#endif
