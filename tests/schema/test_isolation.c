/*
 * Who may do what: every table × role × verb. Grants are held against a written table, so that a
 * new table or a new grant is a change of this file; rows are held against what the catalogue
 * lists, so that a new table cannot be forgotten.
 */
#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "tests/support/database.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define TENANT_A "a0000000-0000-4000-8000-000000000000"
#define TENANT_B "b0000000-0000-4000-8000-000000000000"

/* One row of everything for each of the two tenants. */
static const char seed[] =
	"insert into subscription_plans (name) values ('basic');"
	"do $$ declare t uuid; u uuid; c uuid; b uuid; p uuid; begin"
	" foreach t in array array['" TENANT_A "','" TENANT_B "']::uuid[] loop"
	" insert into tenants (id, name) values (t, 'tenant ' || t);"
	" insert into users (tenant_id, email) values (t, 'x@example.com') returning id into u;"
	" insert into user_subscriptions (tenant_id, user_id, plan_id)"
	"  select t, u, id from subscription_plans;"
	" insert into credentials (tenant_id, name, exchange, environment, sealed)"
	"  values (t, 'key', 'bybit', 'live', 'noise') returning id into c;"
	" insert into bot_configs (tenant_id, user_id, credential_id, name, exchange, environment)"
	"  values (t, u, c, 'bot', 'bybit', 'live') returning id into b;"
	" insert into bot_trading_pairs (tenant_id, bot_id, symbol, side)"
	"  values (t, b, 'BTCUSDT', 'long') returning id into p;"
	" insert into leg_claims values ('bybit', 'live', t::text, 'BTCUSDT', 'long', t, b, p);"
	" insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, token,"
	"  kind, purpose, client_order_id, exchange, environment, account_id, symbol, leg)"
	"  values (t, b, p, now(), 0, 1, 'place', 'open', t::text, 'bybit', 'live', t::text,"
	"  'BTCUSDT', 'long');"
	" insert into trades (tenant_id, bot_id, pair_id, exchange, environment, account_id, "
	"symbol,"
	"  side, position_side, action, quantity, price, exec_id, cycle_id, executed_at)"
	"  values (t, b, p, 'bybit', 'live', t::text, 'BTCUSDT', 'buy', 'long', 'OPENED', 1, 1,"
	"  'e', 1, now());"
	" insert into funding (tenant_id, bot_id, pair_id, exchange, environment, account_id,"
	"  venue_id, symbol, amount, paid_at)"
	"  values (t, b, p, 'bybit', 'live', t::text, 'f', 'BTCUSDT', 1, now());"
	" insert into bot_execution_logs (bot_id, scheduled_at, tenant_id, token)"
	"  values (b, now(), t, 1);"
	" insert into usage_events values (t, b, t || '/run', 'run', '', 1, now());"
	" insert into dead_letters (tenant_id, bot_id, scheduled_at, class, message, attempts)"
	"  values (t, b, now(), 'killed', 'x', 1);"
	" insert into audit_logs (tenant_id, actor, action, object) values (t, 'x', 'x', 'x');"
	" insert into notification_preferences (tenant_id, user_id, event) values (t, u, 'x');"
	" insert into notification_outbox (tenant_id, bot_id, event, dedup_key)"
	"  values (t, b, 'x', t::text);"
	" end loop; end $$";

/* The verbs of a relation, as one letter each: capital for every column, small for some. */
#define LETTER(verb, all, some)                                                                    \
	"case when has_table_privilege(r.oid, c.oid, '" verb "') then '" all "'"                   \
	" when has_any_column_privilege(r.oid, c.oid, '" verb "') then '" some "' else '-' end"

static const char grants_query[] = "select c.relname, string_agg(" LETTER(
	"select", "S", "s") "||" LETTER("insert", "I", "i") "||" LETTER("update", "U",
	"u") "||"
	     "case when has_table_privilege(r.oid, c.oid, 'delete') then 'D' else '-' end, ' '"
	     " order by w.place) from pg_class c, pg_roles r, unnest(array['scheduler', 'worker',"
	     " 'dashboard', 'admin', 'backup']) with ordinality as w(name, place)"
	     " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')"
	     " and not c.relispartition and r.rolname = 'botbeat_' || w.name"
	     " group by c.relname order by c.relname";

struct grant {
	const char *relation;
	const char *verbs; /* scheduler, worker, dashboard, admin, backup */
};

static const struct grant grants[] = {
	{"account_leases", "---- SIUD ---- SIUD S---"},
	{"audit_logs", "-I-- -I-- S--- SI-- S---"},
	{"bot_admission", "S--- S--- S--- S--- S---"},
	{"bot_configs", "S--- S-u- Siu- SIUD S---"},
	{"bot_execution_logs", "S--- SIU- S--- SIU- S---"},
	{"bot_overview", "---- ---- S--- S--- S---"},
	{"bot_performance", "---- ---- S--- S--- S---"},
	{"bot_trading_pairs", "S--- S--- Siu- SIUD S---"},
	{"cluster_identity", "S--- S--- ---- SIU- S---"},
	{"credentials", "---- S-u- siu- SIUD S---"},
	{"cycles", "---- ---- S--- S--- S---"},
	{"dead_letter_view", "---- ---- S--- S--- S---"},
	{"dead_letters", "s--- SIU- S--- SIU- S---"},
	{"endpoint_pool", "---- S--- ---- S-U- S---"},
	{"endpoint_usage", "---- SIU- ---- SIU- S---"},
	{"equity_curve", "---- ---- S--- S--- S---"},
	{"funding", "---- SI-- S--- SI-- S---"},
	{"leg_claims", "S--- SIUD S--- SIUD S---"},
	{"notification_outbox", "SI-- SI-- S--- SIu- S---"},
	{"notification_preferences", "---- ---- SIuD SIUD S---"},
	{"order_journal", "S--- SIU- S--- SIU- S---"},
	{"pair_states", "S--- S-U- S--- S-U- S---"},
	{"run_history", "---- ---- S--- S--- S---"},
	{"run_leases", "S-u- S-u- S--- S-U- S---"},
	{"scheduler_leases", "S-u- S--- ---- S-U- S---"},
	{"schema_migrations", "S--- S--- S--- S--- S---"},
	{"stop_gates", "S--- S-u- S--- S-U- S---"},
	{"subscription_plans", "S--- S--- S--- SIUD S---"},
	{"tenants", "s--- S-u- s--- SIUD S---"},
	{"trades", "---- SIu- S--- SI-- S---"},
	{"trades_view", "---- ---- S--- S--- S---"},
	{"usage_daily", "---- ---- S--- S--- S---"},
	{"usage_events", "---- SI-- S--- SI-- S---"},
	{"user_subscriptions", "S--- S--- S--- SIUD S---"},
	{"users", "---- ---- SiuD SIUD S---"},
	{"venue_endpoints", "---- S--- ---- SIUD S---"},
};

Test(isolation, every_role_has_the_written_verbs_and_no_more)
{
	CLEANUP(test_database_drop) char *url = test_database_new("grants");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	size_t count = sizeof grants / sizeof grants[0];
	struct err err;

	cr_assert(eq(int, postgres_query(postgres, grants_query, 0, NULL, &result, &err), 0));
	cr_assert(eq(sz, postgres_rows(result), count), "a relation without a row in this table");
	for (size_t i = 0; i < count; i++) {
		cr_expect(eq(str, postgres_text(result, i, 0), grants[i].relation));
		cr_expect(eq(str, postgres_text(result, i, 1), grants[i].verbs), "%s",
			grants[i].relation);
	}
}

static void expect_value(
	struct postgres *postgres, const char *query, const char *expected, const char *because)
{
	CLEANUP(text_free) char *value = test_database_value(postgres, query);

	cr_expect(eq(str, value, expected), "%s", because);
}

Test(isolation, forced_row_security_covers_every_tenant_table_and_every_partition)
{
	CLEANUP(test_database_drop) char *url = test_database_new("forced");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	expect_value(postgres,
		"select coalesce(string_agg(c.relname, ', '), 'none') from pg_class c"
		" where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
		" and not (c.relrowsecurity and c.relforcerowsecurity)"
		" and (c.relname = 'tenants' or exists (select from pg_attribute a"
		"  where a.attrelid = c.oid and a.attname = 'tenant_id'))",
		"none", "tables without forced row-level security");
	expect_value(postgres,
		"select coalesce(string_agg(c.relname, ', '), 'none') from pg_class c"
		" where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'"
		" and not coalesce(c.reloptions @> '{security_invoker=true}', false)",
		"none", "views that show rows with their owner's rights");
	expect_value(postgres,
		"select string_agg(rolname, ', ') from pg_roles where rolname like 'botbeat\\_%'"
		" and (rolsuper or rolbypassrls)",
		"botbeat_backup", "only the backup passes row-level security");
	expect_value(postgres,
		"select coalesce(string_agg(p.proname, ', '), 'none') from pg_proc p"
		" where p.pronamespace = 'public'::regnamespace and p.prosecdef"
		" and (p.proowner <> 'botbeat_owner'::regrole"
		"  or not coalesce(array_to_string(p.proconfig, ',') ~ 'search_path', false))",
		"none", "functions with the owner's rights that could be led astray");
}

Test(isolation, no_service_reads_what_is_not_its_own)
{
	CLEANUP(test_database_drop) char *url = test_database_new("columns");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	expect_value(postgres,
		"select string_agg(rolname, ', ' order by rolname) from pg_roles"
		" where rolname like 'botbeat\\_%' and rolname <> 'botbeat_owner'"
		" and has_column_privilege(oid, 'credentials', 'sealed', 'select')",
		"botbeat_admin, botbeat_backup, botbeat_worker", "readers of sealed credentials");
	expect_value(postgres,
		"select string_agg(rolname, ', ' order by rolname) from pg_roles"
		" where rolname like 'botbeat\\_%' and rolname <> 'botbeat_owner'"
		" and has_column_privilege(oid, 'tenants', 'wrapped_private_key', 'select')",
		"botbeat_admin, botbeat_backup, botbeat_worker", "readers of wrapped keys");
	expect_value(postgres,
		"select coalesce(string_agg(p.proname, ', ' order by p.proname), 'none')"
		" from pg_proc p where p.pronamespace = 'public'::regnamespace"
		" and has_function_privilege('botbeat_dashboard', p.oid, 'execute')",
		"bot_next_slot, bot_phase, cluster_confirmed", "functions of the dashboard");
}

enum { VERB_SELECT, VERB_INSERT, VERB_UPDATE, VERB_DELETE, VERB_COUNT };
enum { ATTEMPT_NAME, ATTEMPT_IS_VIEW, ATTEMPT_WHOLE_ROW, ATTEMPT_VERBS };
static const char *const verbs[] = {"select", "insert", "update", "delete"};

/*
 * One row per relation that knows tenants: its name, which rows are B's, and for each verb the
 * statement that tries it on them. Columns that the dashboard may not write are left out, so that
 * it is the rows that are refused wherever the columns are not; where it may write none, the
 * whole row is tried.
 */
static const char attempts_query[] =
	"select r.name, r.is_view, format('select * from %I where %s', r.name, r.theirs),"
	" format('select %s from %I where %s', r.readable, r.name, r.theirs),"
	" format('insert into %I (%s) select %s from jsonb_populate_record(null::%I, %%L)',"
	"  r.name, r.insertable, r.insertable, r.name),"
	" format('update %I set %I = %I where %s', r.name, r.updatable, r.updatable, r.theirs),"
	" format('delete from %I where %s', r.name, r.theirs)"
	" from (select c.relname as name, c.relkind = 'v' as is_view,"
	" case c.relname when 'tenants' then 'id = ''" TENANT_B "'''"
	"  when 'stop_gates' then 'scope = ''tenant:" TENANT_B "'''"
	"  else 'tenant_id = ''" TENANT_B "''' end as theirs,"
	" coalesce(string_agg(quote_ident(a.attname), ', ')"
	"  filter (where may(c.oid, a.attnum, 'select')), '1') as readable,"
	" coalesce(string_agg(quote_ident(a.attname), ', ') filter (where may(c.oid, a.attnum,"
	"  'insert')), string_agg(quote_ident(a.attname), ', ')) as insertable,"
	" coalesce(min(a.attname::text) filter (where may(c.oid, a.attnum, 'update')),"
	"  min(a.attname::text)) as updatable"
	" from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
	"  and a.attgenerated = '' and a.attidentity = ''"
	" where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')"
	" and (c.relname in ('tenants', 'stop_gates') or exists (select from pg_attribute t"
	"  where t.attrelid = c.oid and t.attname = 'tenant_id'))"
	" and not c.relispartition group by c.oid) r order by r.name";

static const char may_function[] =
	"create function may(c oid, a int2, verb text) returns boolean language sql as"
	" 'select has_column_privilege(''botbeat_dashboard'', c, a, verb)'";

/* Rows of B that the statement reached; a refusal for want of rights reached none. */
static size_t reached(struct postgres *dashboard, const char *statement, int verb)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct err err;

	if (postgres_query(dashboard, statement, 0, NULL, &result, &err) == -1) {
		cr_expect(eq(str, postgres_sqlstate(dashboard), "42501"),
			"refused, but not for want of rights: %s\nin: %s", err.message, statement);
		return 0;
	}
	return verb == VERB_SELECT ? postgres_rows(result) : postgres_affected(result);
}

/* B's row as JSON inside the insert; a relation without one would prove nothing. */
static char *insert_statement(
	struct postgres *owner, const struct postgres_result *attempts, size_t i)
{
	CLEANUP(text_free)
	char *read = mem_format("select to_jsonb(theirs)::text from (%s) theirs limit 1",
		postgres_text(attempts, i, ATTEMPT_WHOLE_ROW));
	CLEANUP(text_free) char *row = test_database_value(owner, read);
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	const char *const values[] = {postgres_text(attempts, i, ATTEMPT_VERBS + VERB_INSERT), row};
	struct err err;

	if (postgres_query(owner, "select format($1, $2::text)", 2, values, &result, &err) == -1)
		cr_fatal("%s", err.message);
	return mem_text(postgres_text(result, 0, 0));
}

static char *statement_of(
	struct postgres *owner, const struct postgres_result *attempts, size_t i, int verb)
{
	if (verb == VERB_INSERT)
		return insert_statement(owner, attempts, i);
	return mem_text(postgres_text(attempts, i, (size_t)(ATTEMPT_VERBS + verb)));
}

/* Tries everything on B's rows in transactions that begin with before. */
static void expect_nothing_reached(struct postgres *owner, const struct postgres_result *attempts,
	struct postgres *dashboard, const char *before, const char *because)
{
	for (size_t i = 0; i < postgres_rows(attempts); i++) {
		/* No view can be written by anybody: grants, above. */
		int count = postgres_bool(attempts, i, ATTEMPT_IS_VIEW) ? 1 : VERB_COUNT;

		for (int verb = 0; verb < count; verb++) {
			CLEANUP(text_free) char *statement = statement_of(owner, attempts, i, verb);

			test_database_run(dashboard, "begin");
			test_database_run(dashboard, before);
			cr_expect(eq(sz, reached(dashboard, statement, verb), 0), "%s: %s of %s",
				because, verbs[verb], postgres_text(attempts, i, ATTEMPT_NAME));
			test_database_run(dashboard, "rollback");
		}
	}
}

static void with_two_tenants(char **ret_url, struct postgres **ret_owner,
	struct postgres_result **ret_attempts, const char *name)
{
	struct err err;

	*ret_url = test_database_new(name);
	*ret_owner = test_database_open(*ret_url, NULL);
	test_database_run(*ret_owner, seed);
	test_database_run(*ret_owner, may_function);
	if (postgres_query(*ret_owner, attempts_query, 0, NULL, ret_attempts, &err) == -1)
		cr_fatal("%s", err.message);
}

Test(isolation, a_tenant_reaches_no_row_of_another)
{
	CLEANUP(test_database_drop) char *url = NULL;
	CLEANUP(postgres_free) struct postgres *owner = NULL;
	CLEANUP(postgres_result_free) struct postgres_result *attempts = NULL;

	with_two_tenants(&url, &owner, &attempts, "matrix");
	CLEANUP(postgres_free)
	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");

	cr_assert(ge(sz, postgres_rows(attempts), 28), "the catalogue lists every relation");
	expect_nothing_reached(owner, attempts, dashboard,
		"select set_config('app.tenant', '" TENANT_A "', true)", "set to A");
	expect_nothing_reached(owner, attempts, dashboard, "select 1", "set to nobody");
	expect_nothing_reached(owner, attempts, dashboard,
		"select set_config('app.tenant', '', true)", "set to nothing");
}

Test(isolation, a_failed_transaction_leaves_no_tenant_behind)
{
	CLEANUP(test_database_drop) char *url = NULL;
	CLEANUP(postgres_free) struct postgres *owner = NULL;
	CLEANUP(postgres_result_free) struct postgres_result *attempts = NULL;
	struct err err;

	with_two_tenants(&url, &owner, &attempts, "matrix_error");
	CLEANUP(postgres_free)
	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");

	/* Statements, not postgres_begin, whose rollback drops the connection. */
	test_database_run(dashboard, "begin");
	test_database_run(dashboard, "select set_config('app.tenant', '" TENANT_B "', true)");
	expect_value(dashboard, "select count(*) from trades", "1", "B sees its own");
	cr_assert(eq(int, postgres_script(dashboard, "select 1 / 0", &err), -1));
	test_database_run(dashboard, "rollback");

	for (size_t i = 0; i < postgres_rows(attempts); i++)
		cr_expect(eq(sz,
				  reached(dashboard, postgres_text(attempts, i, ATTEMPT_VERBS),
					  VERB_SELECT),
				  0),
			"%s", postgres_text(attempts, i, ATTEMPT_NAME));
}

/* Without this the matrix could pass because nothing is visible to anybody. */
Test(isolation, a_tenant_sees_its_own_rows_and_services_see_all)
{
	CLEANUP(test_database_drop) char *url = NULL;
	CLEANUP(postgres_free) struct postgres *owner = NULL;
	CLEANUP(postgres_result_free) struct postgres_result *attempts = NULL;

	with_two_tenants(&url, &owner, &attempts, "matrix_control");
	CLEANUP(postgres_free)
	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");
	CLEANUP(postgres_free) struct postgres *admin = test_database_open(url, "botbeat_admin");

	test_database_run(dashboard, "select set_config('app.tenant', '" TENANT_B "', false)");
	for (size_t i = 0; i < postgres_rows(attempts); i++) {
		const char *name = postgres_text(attempts, i, ATTEMPT_NAME);
		const char *statement = postgres_text(attempts, i, ATTEMPT_VERBS);

		cr_expect(ge(sz, reached(dashboard, statement, VERB_SELECT), 1), "B reads its %s",
			name);
		cr_expect(
			ge(sz, reached(admin, statement, VERB_SELECT), 1), "admin reads %s", name);
	}
}

struct refusal {
	char because[72];
	char statement[300];
	char sqlstate[6];
};

static const struct refusal refusals[] = {
	{"a bot cannot be moved to another tenant",
		"update bot_configs set tenant_id = '" TENANT_B "'", "42501"},
	{"a credential of another tenant cannot be put on a bot",
		"update bot_configs set credential_id = '%s'", "23503"},
	{"a sealed credential cannot be read back", "select sealed from credentials", "42501"},
	{"the verdict on a credential is not the dashboard's",
		"update credentials set status = 'ok'", "42501"},
	{"a bot is started by the command, which asks the venue",
		"update bot_configs set status = 'running'", "42501"},
	{"a stop is lifted by the command", "update run_leases set stopped = false", "42501"},
	{"trades are never edited", "update trades set pnl = 1", "42501"},
	{"a bot with money rows is not deleted", "delete from bot_configs", "42501"},
	{"the dashboard does not own anything", "drop table trades", "42501"},
	{"row security cannot be switched off", "alter table trades disable row level security",
		"42501"},
};

Test(isolation, the_dashboard_is_refused_what_is_not_its_business)
{
	CLEANUP(test_database_drop) char *url = NULL;
	CLEANUP(postgres_free) struct postgres *owner = NULL;
	CLEANUP(postgres_result_free) struct postgres_result *attempts = NULL;

	with_two_tenants(&url, &owner, &attempts, "refusals");
	CLEANUP(postgres_free)
	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");
	CLEANUP(text_free)
	char *stolen = test_database_value(
		owner, "select id from credentials where tenant_id = '" TENANT_B "'");

	test_database_run(dashboard, "select set_config('app.tenant', '" TENANT_A "', false)");
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const char *hole = strstr(refusals[i].statement, "%s");
		CLEANUP(text_free)
		char *statement = hole == NULL ? mem_text(refusals[i].statement)
					       : mem_format("%.*s%s%s",
							 (int)(hole - refusals[i].statement),
							 refusals[i].statement, stolen, hole + 2);
		struct err err;

		cr_expect(eq(int, postgres_script(dashboard, statement, &err), -1), "%s",
			refusals[i].because);
		cr_expect(eq(str, postgres_sqlstate(dashboard), refusals[i].sqlstate), "%s: %s",
			refusals[i].because, err.message);
	}
}
