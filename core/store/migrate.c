#include "core/store/migrate.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "core/store/migrations.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* security_invoker views came with version 15, and the dashboard's isolation rests on them. */
#define SERVER_VERSION_MIN 150000

/* 0002 makes the owner and hands everything over; what comes later is made by it. */
#define OWNER_SINCE 3

/* An arbitrary number, the same in every program that ever migrates this schema. */
#define LOCK "select pg_advisory_xact_lock(4215970330112)"

#define MAKE_TABLE                                                                                 \
	"create table if not exists public.schema_migrations ("                                    \
	"version integer primary key, name text not null, "                                        \
	"checksum text not null, applied_at timestamptz not null default now())"

int migrate_version(void)
{
	return migrations[migrations_count - 1].version;
}

const char *migrate_state_name(enum migrate_state state)
{
	switch (state) {
	case MIGRATE_PENDING:
		return "pending";
	case MIGRATE_APPLIED:
		return "applied";
	case MIGRATE_CHANGED:
		return "changed";
	case MIGRATE_NEWER:
		return "newer";
	}
	die("migration state %d does not exist", (int)state);
}

static int has_table(struct postgres *postgres, bool *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select to_regclass('public.schema_migrations') is not null",
		    0, NULL, &result, err) == -1)
		return -1;
	*ret = postgres_bool(result, 0, 0);
	return 0;
}

/* Rows (version, name, checksum, applied_at) by version; *ret stays NULL without the table. */
static int read_applied(struct postgres *postgres, struct postgres_result **ret, struct err *err)
{
	bool there;

	if (has_table(postgres, &there, err) == -1)
		return -1;
	if (!there)
		return 0;
	return postgres_query(postgres,
		"select version, name, checksum, to_char(applied_at at time zone 'UTC', "
		"'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from public.schema_migrations order by version",
		0, NULL, ret, err);
}

static const struct migration *find(int64_t version)
{
	return version >= 1 && version <= (int64_t)migrations_count ? &migrations[version - 1]
								    : NULL;
}

static enum migrate_state state_of(const struct postgres_result *applied, size_t row)
{
	const struct migration *known = find(postgres_int(applied, row, 0));

	if (known == NULL)
		return MIGRATE_NEWER;
	return strcmp(known->checksum, postgres_text(applied, row, 2)) == 0 ? MIGRATE_APPLIED
									    : MIGRATE_CHANGED;
}

/* An applied migration is history: a database that has another one cannot be reasoned about. */
static int refuse_changed(const struct postgres_result *applied, struct err *err)
{
	for (size_t row = 0; row < postgres_rows(applied); row++) {
		if (state_of(applied, row) == MIGRATE_CHANGED)
			return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
				"migration %s was changed after it was applied: use the program "
				"that applied it, or restore its text",
				postgres_text(applied, row, 1));
	}
	return 0;
}

static int check_server(struct postgres *postgres, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select current_setting('server_version_num'), "
		    "current_setting('server_version')",
		    0, NULL, &result, err) == -1)
		return -1;
	if (postgres_int(result, 0, 0) < SERVER_VERSION_MIN)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"Postgres is version %.20s, 15 or later is needed",
			postgres_text(result, 0, 1));
	return 0;
}

static int record(struct postgres *postgres, const struct migration *migration, struct err *err)
{
	char version[16];
	const char *const values[] = {version, migration->name, migration->checksum};

	(void)snprintf(version, sizeof version, "%d", migration->version);
	return postgres_query(postgres,
		"insert into public.schema_migrations (version, name, checksum) "
		"values ($1, $2, $3)",
		3, values, NULL, err);
}

static int run(struct postgres *postgres, const struct migration *migration, struct err *err)
{
	bool as_owner = migration->version >= OWNER_SINCE;

	if (postgres_script(postgres, "set local search_path = public", err) == -1)
		return -1;
	if (as_owner && postgres_script(postgres, "set local role botbeat_owner", err) == -1)
		return -1;
	if (postgres_script(postgres, migration->text, err) == -1)
		return -1;
	if (as_owner && postgres_script(postgres, "reset role", err) == -1)
		return -1;
	return record(postgres, migration, err);
}

/* Inside the transaction and under the lock: what another installer did meanwhile is seen. */
static int next_step(struct postgres *postgres, bool *ret_done, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *applied = NULL;
	size_t count = 0;

	if (postgres_query(postgres, LOCK, 0, NULL, NULL, err) == -1)
		return err_while(err, "could not wait for another migration to end");
	if (postgres_script(postgres, MAKE_TABLE, err) == -1)
		return -1;
	if (read_applied(postgres, &applied, err) == -1)
		return -1;
	if (refuse_changed(applied, err) == -1)
		return -1;

	count = postgres_rows(applied);
	*ret_done = count >= migrations_count;
	if (*ret_done)
		return 0;
	if (run(postgres, &migrations[count], err) == -1)
		return err_while(err, "could not apply migration %s", migrations[count].name);
	return 0;
}

static int step(struct postgres *postgres, bool *ret_done, struct err *err)
{
	if (postgres_begin(postgres, err) == -1)
		return -1;
	if (next_step(postgres, ret_done, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

int migrate_apply(struct postgres *postgres, size_t *ret_applied, struct err *err)
{
	*ret_applied = 0;
	if (check_server(postgres, err) == -1)
		return -1;
	for (;;) {
		bool done = false;

		if (step(postgres, &done, err) == -1)
			return -1;
		if (done)
			return 0;
		(*ret_applied)++;
	}
}

static void fill_applied(
	const struct postgres_result *applied, size_t row, struct migrate_entry *entry)
{
	entry->version = (int)postgres_int(applied, row, 0);
	entry->state = state_of(applied, row);
	(void)snprintf(entry->name, sizeof entry->name, "%s", postgres_text(applied, row, 1));
	(void)snprintf(
		entry->applied_at, sizeof entry->applied_at, "%s", postgres_text(applied, row, 3));
}

static void fill_pending(const struct migration *migration, struct migrate_entry *entry)
{
	entry->version = migration->version;
	entry->state = MIGRATE_PENDING;
	(void)snprintf(entry->name, sizeof entry->name, "%s", migration->name);
	entry->applied_at[0] = '\0';
}

int migrate_status(
	struct postgres *postgres, struct migrate_entry **ret, size_t *ret_count, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *applied = NULL;

	if (read_applied(postgres, &applied, err) == -1)
		return err_while(err, "could not read the applied migrations");

	size_t done = applied != NULL ? postgres_rows(applied) : 0;
	size_t count = done > migrations_count ? done : migrations_count;
	struct migrate_entry *entries = mem_zero(count, sizeof *entries);

	for (size_t i = 0; i < count; i++) {
		if (i < done)
			fill_applied(applied, i, &entries[i]);
		else
			fill_pending(&migrations[i], &entries[i]);
	}
	*ret = entries;
	*ret_count = count;
	return 0;
}

int migrate_check(struct postgres *postgres, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *applied = NULL;

	if (read_applied(postgres, &applied, err) == -1)
		return err_while(err, "could not read the version of the schema");

	size_t version = applied != NULL ? postgres_rows(applied) : 0;
	if (version >= migrations_count)
		return refuse_changed(applied, err);
	if (version == 0)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"the database has no schema, this program needs version %d: run botbeat "
			"migrate",
			migrate_version());
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
		"schema is version %zu, this program needs %d: run botbeat migrate", version,
		migrate_version());
}
