#include "tests/support/database.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/postgres.h"
#include "core/store/migrate.h"
#include "core/store/migrations.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "BOTBEAT_TEST_DATABASE_URL"
#define TEMPLATE_LOCK "select pg_advisory_lock(4215970330113)"

static const char *server_url(void)
{
	const char *url = getenv(VARIABLE);

	if (url == NULL || url[0] == '\0')
		cr_skip_test("needs a private Postgres: set %s", VARIABLE);
	return url;
}

/* A later parameter wins over an earlier one and over the path, so nothing has to be parsed. */
static char *with_parameter(const char *url, const char *name, const char *value)
{
	if (strstr(url, "://") == NULL)
		return mem_format("%s %s=%s", url, name, value);
	return mem_format("%s%c%s=%s", url, strchr(url, '?') == NULL ? '?' : '&', name, value);
}

static struct postgres *open_url(const char *url)
{
	struct postgres *postgres = postgres_new(&(struct postgres_options){
		.url = url, .application = "botbeat test", .statement_timeout_ms = 120000});
	struct err err;

	if (postgres_connect(postgres, &err) == -1)
		cr_fatal("%s", err.message);
	return postgres;
}

void test_database_run(struct postgres *postgres, const char *statements)
{
	struct err err;

	if (postgres_script(postgres, statements, &err) == -1)
		cr_fatal("%s\nin: %s", err.message, statements);
}

char *test_database_value(struct postgres *postgres, const char *query)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct err err;

	if (postgres_query(postgres, query, 0, NULL, &result, &err) == -1)
		cr_fatal("%s\nin: %s", err.message, query);
	if (postgres_rows(result) == 0)
		cr_fatal("no row from: %s", query);
	return mem_text(postgres_text(result, 0, 0));
}

struct postgres *test_database_open(const char *url, const char *role)
{
	if (role == NULL)
		return open_url(url);

	CLEANUP(text_free) char *role_url = test_database_as(url, role);
	return open_url(role_url);
}

char *test_database_as(const char *url, const char *role)
{
	CLEANUP(text_free)
	char *option = mem_format("-crole%s%s", strstr(url, "://") == NULL ? "=" : "%3D", role);

	return with_parameter(url, "options", option);
}

/* Named by what the program carries, so that a changed migration finds no old template. */
static char *template_name(void)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < migrations_count; i++)
		hash = hash * 31 +
		       hash_bytes(migrations[i].checksum, strlen(migrations[i].checksum));
	return mem_format("botbeat_template_%016llx", (unsigned long long)hash);
}

static void migrate_database(const char *name)
{
	CLEANUP(text_free) char *url = with_parameter(server_url(), "dbname", name);
	CLEANUP(postgres_free) struct postgres *postgres = open_url(url);
	size_t applied;
	struct err err;

	if (migrate_apply(postgres, &applied, &err) == -1)
		cr_fatal("%s", err.message);
}

/* Made under another name and renamed when it is complete: a killed test leaves no half template.
 */
static void make_template(struct postgres *server, const char *name)
{
	CLEANUP(text_free)
	char *query = mem_format("select count(*) from pg_database where datname = '%s'", name);
	CLEANUP(text_free)
	char *rename = mem_format("alter database botbeat_template_new rename to %s", name);
	CLEANUP(text_free) char *count = test_database_value(server, query);

	if (strcmp(count, "1") == 0)
		return;
	test_database_run(server, "drop database if exists botbeat_template_new with (force)");
	test_database_run(server, "create database botbeat_template_new");
	migrate_database("botbeat_template_new");
	test_database_run(server, rename);
}

static void drop(struct postgres *server, const char *database)
{
	CLEANUP(text_free)
	char *statement = mem_format("drop database if exists %s with (force)", database);

	test_database_run(server, statement);
}

static char *create(struct postgres *server, const char *name, const char *template_of)
{
	CLEANUP(text_free) char *database = mem_format("botbeat_%.30s_%ld", name, (long)getpid());
	CLEANUP(text_free)
	char *statement = mem_format("create database %s template %s", database, template_of);

	drop(server, database);
	test_database_run(server, statement);
	return with_parameter(server_url(), "dbname", database);
}

char *test_database_new(const char *name)
{
	CLEANUP(postgres_free) struct postgres *server = open_url(server_url());
	CLEANUP(text_free) char *template_of = template_name();

	test_database_run(server, TEMPLATE_LOCK); /* released by disconnecting */
	make_template(server, template_of);
	return create(server, name, template_of);
}

char *test_database_new_empty(const char *name)
{
	CLEANUP(postgres_free) struct postgres *server = open_url(server_url());

	return create(server, name, "template0");
}

/* The name that wins: create put it last. */
static const char *last_database(const char *url)
{
	const char *name = NULL;

	for (const char *next = url; (next = strstr(next, "dbname=botbeat_")) != NULL; next++)
		name = next + strlen("dbname=");
	if (name == NULL)
		cr_fatal("not the URL of a test database: nothing is dropped");
	return name;
}

void test_database_drop(char **url)
{
	if (*url == NULL)
		return;

	CLEANUP(postgres_free) struct postgres *server = open_url(server_url());
	const char *name = last_database(*url);
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	CLEANUP(text_free) char *database = mem_format("%.*s", (int)length, name);

	drop(server, database);
	text_free(url);
}
