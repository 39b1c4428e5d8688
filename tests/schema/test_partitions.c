/* Months of runs and usage: made ahead, filled from outside, dropped by retention. */
#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "tests/support/database.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static void expect_value(
	struct postgres *postgres, const char *query, const char *expected, const char *because)
{
	CLEANUP(text_free) char *value = test_database_value(postgres, query);

	cr_expect(eq(str, value, expected), "%s", because);
}

/* A run so many days old; a negative age lies ahead. */
static const char make_run[] =
	"create function make_run(tenant uuid, days integer) returns void language sql as"
	" 'insert into bot_execution_logs (bot_id, scheduled_at, tenant_id, status, token)"
	"  values (gen_random_uuid(), now() - days * interval ''1 day'', tenant, ''success'', 1)'";

static const char where_it_is[] =
	"select case tableoid::regclass::text when 'bot_execution_logs_other' then 'outside'"
	" else 'in its month' end from bot_execution_logs";

Test(partitions, this_month_and_three_more_are_there_after_migrating)
{
	CLEANUP(test_database_drop) char *url = test_database_new("partition_default");
	CLEANUP(postgres_free)
	struct postgres *scheduler = test_database_open(url, "botbeat_scheduler");

	expect_value(scheduler, "select ensure_partitions(3)", "0", "made by the migration");
	expect_value(scheduler, "select ensure_partitions(5)", "4", "two months of two tables");
	expect_value(scheduler, "select ensure_partitions(5)", "0", "asking again makes nothing");
}

Test(partitions, a_row_outside_every_month_is_kept_and_moves_when_its_month_is_made)
{
	CLEANUP(test_database_drop) char *url = test_database_new("partition_outside");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	CLEANUP(postgres_free)
	struct postgres *scheduler = test_database_open(url, "botbeat_scheduler");

	test_database_run(postgres, make_run);
	test_database_run(postgres, "select make_run(gen_random_uuid(), -150)");
	expect_value(postgres, where_it_is, "outside", "no month to take it");
	test_database_run(scheduler, "select ensure_partitions(7)");
	expect_value(postgres, where_it_is, "in its month", "moved");
	expect_value(postgres, "select count(*) from bot_execution_logs", "1", "and not doubled");
}

Test(partitions, a_new_month_is_as_guarded_and_indexed_as_the_first)
{
	CLEANUP(test_database_drop) char *url = test_database_new("partition_guard");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	test_database_run(postgres, "select ensure_partitions(8)");
	expect_value(postgres,
		"select count(*) from pg_class where relispartition and relkind = 'r'"
		" and not (relrowsecurity and relforcerowsecurity)",
		"0", "forced row-level security");
	expect_value(postgres,
		"select string_agg(distinct n::text, ',') from (select count(*) as n from pg_index "
		"i"
		" join pg_class c on c.oid = i.indrelid where c.relispartition"
		" and c.relname like 'bot_execution_logs%' group by c.oid) x",
		"3", "the key and two indexes, once each");
	expect_value(postgres,
		"select count(*) from pg_class where relispartition and relkind = 'r'"
		" and (has_table_privilege('botbeat_worker', oid, 'select')"
		"  or has_table_privilege('botbeat_dashboard', oid, 'select'))",
		"0", "reached through the parent only");
}

Test(partitions, nobody_else_may_make_or_drop_months)
{
	CLEANUP(test_database_drop) char *url = test_database_new("partition_rights");
	CLEANUP(postgres_free)
	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");
	CLEANUP(postgres_free) struct postgres *worker = test_database_open(url, "botbeat_worker");
	struct err err;

	cr_expect(eq(int, postgres_script(dashboard, "select drop_old_partitions()", &err), -1));
	cr_expect(eq(str, postgres_sqlstate(dashboard), "42501"));
	cr_expect(eq(int,
		postgres_script(worker, "select drop_partitions_before('trades', now())", &err),
		-1));
	cr_expect(eq(str, postgres_sqlstate(worker), "42501"));
}

#define SHORT "a0000000-0000-4000-8000-000000000000"
#define LONG "b0000000-0000-4000-8000-000000000000"
#define WITHOUT "c0000000-0000-4000-8000-000000000000"

/* Runs of six ages for three tenants, whose plans keep 30 days, 200 days, and 90 without a plan. */
static const char aged_runs[] =
	"insert into tenants (id, name) values"
	" ('" SHORT "', 'short'), ('" LONG "', 'long'), ('" WITHOUT "', 'without');"
	"insert into subscription_plans (name, run_log_retention_days)"
	" values ('short', 30), ('long', 200);"
	"insert into user_subscriptions (tenant_id, plan_id) select t.id, p.id"
	" from tenants t join subscription_plans p using (name);"
	"set role botbeat_owner;"
	"select make_partition('bot_execution_logs', 'scheduled_at',"
	" (date_trunc('month', now() at time zone 'UTC') - m * interval '1 month') at time zone "
	"'UTC')"
	" from generate_series(2, 14) m;"
	"reset role;"
	"select make_run(t.id, age) from tenants t, unnest(array[10, 40, 100, 190, 210, 400]) age";

#define MONTH_OF(age)                                                                              \
	"to_regclass(partition_name('bot_execution_logs', now() - interval '" age " days'))"

Test(partitions, retention_drops_months_and_deletes_what_shorter_plans_do_not_keep)
{
	CLEANUP(test_database_drop) char *url = test_database_new("partition_retention");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	CLEANUP(postgres_free)
	struct postgres *scheduler = test_database_open(url, "botbeat_scheduler");

	test_database_run(postgres, make_run);
	test_database_run(postgres, aged_runs);
	test_database_run(scheduler, "select drop_old_partitions()");

	expect_value(postgres, "select " MONTH_OF("400") " is null", "t",
		"older than the longest plan: gone as a whole");
	expect_value(postgres, "select " MONTH_OF("190") " is null", "f",
		"a plan still keeps rows of it");
	expect_value(postgres,
		"select string_agg(name || ' ' || ages, ', ' order by name) from (select t.name,"
		" string_agg(((extract(epoch from now() - l.scheduled_at) / "
		"86400)::integer)::text, ' '"
		"  order by l.scheduled_at desc) as ages"
		" from bot_execution_logs l join tenants t on t.id = l.tenant_id group by t.name) "
		"x",
		"long 10 40 100 190, short 10, without 10 40", "what each plan keeps");
}

Test(partitions, deleting_by_retention_is_bounded)
{
	CLEANUP(test_database_drop) char *url = test_database_new("partition_bounded");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	CLEANUP(postgres_free)
	struct postgres *scheduler = test_database_open(url, "botbeat_scheduler");

	test_database_run(postgres, make_run);
	test_database_run(postgres,
		"insert into tenants (id, name) values ('" SHORT "', 'short');"
		"select make_run('" SHORT "', 120) from generate_series(1, 25)");
	expect_value(
		scheduler, "select rows_deleted from drop_old_partitions(10)", "10", "first call");
	expect_value(scheduler, "select rows_deleted from drop_old_partitions(10)", "10", "second");
	expect_value(
		scheduler, "select rows_deleted from drop_old_partitions(10)", "5", "the rest");
}
