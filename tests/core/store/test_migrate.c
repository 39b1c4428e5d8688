#include "core/store/migrate.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "tests/support/database.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static void apply(struct postgres *postgres, size_t expected)
{
	size_t applied = 99;
	struct err err;

	if (migrate_apply(postgres, &applied, &err) == -1)
		cr_fatal("%s", err.message);
	cr_expect(eq(sz, applied, expected));
}

static size_t needed(void)
{
	return (size_t)migrate_version();
}

Test(migrate, brings_an_empty_database_to_the_programs_version_once)
{
	CLEANUP(test_database_drop) char *url = test_database_new_empty("migrate_once");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	struct err err;

	apply(postgres, needed());
	apply(postgres, 0);
	cr_expect(eq(int, migrate_check(postgres, &err), 0));
}

Test(migrate, works_for_a_database_owner_who_is_no_superuser)
{
	CLEANUP(test_database_drop) char *url = test_database_new_empty("migrate_owner");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	CLEANUP(text_free)
	char *database = test_database_value(postgres, "select current_database()");
	CLEANUP(text_free) char *installer = mem_format("installer_%ld", (long)getpid());
	CLEANUP(text_free)
	char *make = mem_format("create role %s createrole;"
				"alter database %s owner to %s",
		installer, database, installer);
	CLEANUP(text_free)
	char *drop = mem_format("alter database %s owner to session_user;"
				"drop owned by %s; drop role %s",
		database, installer, installer);

	test_database_run(postgres, make);
	CLEANUP(postgres_free) struct postgres *owner = test_database_open(url, installer);
	apply(owner, needed());
	test_database_run(postgres, drop);
}

Test(migrate, is_harmless_when_two_installers_start_at_once)
{
	CLEANUP(test_database_drop) char *url = test_database_new_empty("migrate_twice");
	pid_t child = fork();
	size_t applied;
	struct err err;

	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	int result = migrate_apply(postgres, &applied, &err);
	if (child == 0)
		_exit(result == 0 ? 0 : 1);

	int status = -1;
	cr_assert(eq(int, waitpid(child, &status, 0), child));
	cr_expect(eq(int, status, 0), "the other installer failed");
	cr_expect(eq(int, result, 0), "%s", result == -1 ? err.message : "");

	CLEANUP(text_free)
	char *count = test_database_value(postgres, "select count(*) from schema_migrations");
	cr_expect(eq(sz, strtoul(count, NULL, 10), needed()));
}

struct version_row {
	char because[72];
	char change[160];
	int result;
	char message[120]; /* how the error begins */
};

ParameterizedTestParameters(migrate, checks)
{
	static struct version_row rows[] = {
		{"the schema of the program is accepted", "select 1", 0, ""},
		{"a newer schema is accepted: programs are upgraded one by one",
			"insert into schema_migrations values (1000, '1000_later', 'x')", 0, ""},
		{"an older schema is refused with the remedy",
			"delete from schema_migrations where version > 3", -1,
			"schema is version 3, this program needs "},
		{"a database without a schema is refused with the remedy",
			"drop table schema_migrations", -1,
			"the database has no schema, this program needs version "},
		{"a changed migration is refused by its name",
			"update schema_migrations set checksum = 'x' where version = 2", -1,
			"migration 0002_roles was changed after it was applied"},
	};
	return cr_make_param_array(struct version_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct version_row *row, migrate, checks)
{
	CLEANUP(test_database_drop) char *url = test_database_new("migrate_check");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	struct err err = {0};

	test_database_run(postgres, row->change);
	int result = migrate_check(postgres, &err);

	cr_expect(eq(int, result, row->result), "%s", row->because);
	cr_expect(eq(int, strncmp(err.message, row->message, strlen(row->message)), 0),
		"%s: got \"%s\"", row->because, err.message);
	if (result == -1)
		cr_expect(eq(int, err.code, ERR_CONFIG));
}

Test(migrate, refuses_to_apply_after_a_change_and_changes_nothing)
{
	CLEANUP(test_database_drop) char *url = test_database_new("migrate_changed");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	size_t applied;
	struct err err;

	test_database_run(postgres,
		"update schema_migrations set checksum = 'x' where version = 1;"
		"delete from schema_migrations where version = (select max(version) "
		"from schema_migrations)");
	cr_assert(eq(int, migrate_apply(postgres, &applied, &err), -1));
	cr_expect(eq(sz, applied, 0));
	cr_expect(ne(ptr, strstr(err.message, "0001_tables"), NULL), "%s", err.message);
}

Test(migrate, leaves_nothing_of_a_migration_that_fails)
{
	CLEANUP(test_database_drop) char *url = test_database_new_empty("migrate_fails");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	size_t applied = 99;
	struct err err;

	/* A table in the way, of a name that comes late in the first migration. */
	test_database_run(postgres, "create table scheduler_leases ()");
	cr_assert(eq(int, migrate_apply(postgres, &applied, &err), -1));
	cr_expect(eq(sz, applied, 0));
	cr_expect(ne(ptr, strstr(err.message, "could not apply migration 0001_tables"), NULL), "%s",
		err.message);

	CLEANUP(text_free)
	char *left = test_database_value(
		postgres, "select coalesce(to_regclass('tenants')::text, 'none')");
	cr_expect(eq(str, left, "none"));
}

Test(migrate, lists_what_is_applied_changed_pending_and_newer)
{
	CLEANUP(test_database_drop) char *url = test_database_new("migrate_status");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	struct migrate_entry *entries = NULL;
	size_t count = 0;
	struct err err;

	test_database_run(postgres,
		"update schema_migrations set checksum = 'x' where version = 2;"
		"insert into schema_migrations values (1000, '1000_later', 'x')");
	cr_assert(eq(int, migrate_status(postgres, &entries, &count, &err), 0));
	cr_assert(eq(sz, count, needed() + 1));
	cr_expect(eq(int, entries[0].state, MIGRATE_APPLIED));
	cr_expect(eq(str, entries[0].name, "0001_tables"));
	cr_expect(eq(int, entries[1].state, MIGRATE_CHANGED));
	cr_expect(eq(int, entries[count - 1].state, MIGRATE_NEWER));
	free(entries);

	CLEANUP(test_database_drop) char *empty_url = test_database_new_empty("migrate_pending");
	CLEANUP(postgres_free) struct postgres *empty = test_database_open(empty_url, NULL);
	cr_assert(eq(int, migrate_status(empty, &entries, &count, &err), 0));
	cr_assert(eq(sz, count, needed()));
	cr_expect(eq(int, entries[count - 1].state, MIGRATE_PENDING));
	cr_expect(eq(str, entries[count - 1].applied_at, ""));
	free(entries);
}
