#include "core/store/health.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <stdio.h>
#include <string.h>

static const char server_sql[] =
	"select current_setting('server_version'), current_setting('server_version_num')::bigint, "
	"current_user, r.rolsuper, r.rolsuper or r.rolbypassrls, "
	"coalesce((select string_agg(s, ', ') from unnest(array['owner', 'scheduler', 'worker', "
	"'admin', 'dashboard', 'backup']) s where to_regrole('botbeat_' || s) is not null "
	"and pg_has_role(current_user, ('botbeat_' || s)::name, 'member')), ''), "
	"current_setting('fsync')::boolean, current_setting('synchronous_commit') <> 'off', "
	"current_setting('full_page_writes')::boolean, pg_is_in_recovery(), "
	"coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false), "
	"(extract(epoch from clock_timestamp()) * 1000)::bigint, "
	"(select count(*) from pg_stat_activity where backend_type = 'client backend'), "
	"current_setting('max_connections')::bigint "
	"from pg_roles r where r.rolname = current_user";

int health_server(struct postgres *postgres, struct health_server *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, server_sql, 0, NULL, &result, err) == -1)
		return err_while(err, "could not ask postgres about itself");
	*ret = (struct health_server){
		.version_number = postgres_int(result, 0, 1),
		.is_superuser = postgres_bool(result, 0, 3),
		.passes_rls = postgres_bool(result, 0, 4),
		.fsync = postgres_bool(result, 0, 6),
		.synchronous_commit = postgres_bool(result, 0, 7),
		.full_page_writes = postgres_bool(result, 0, 8),
		.in_recovery = postgres_bool(result, 0, 9),
		.has_ssl = postgres_bool(result, 0, 10),
		.clock_ms = postgres_int(result, 0, 11),
		.connections = postgres_int(result, 0, 12),
		.connections_max = postgres_int(result, 0, 13),
	};
	(void)snprintf(ret->version, sizeof ret->version, "%s", postgres_text(result, 0, 0));
	(void)snprintf(ret->user, sizeof ret->user, "%s", postgres_text(result, 0, 2));
	(void)snprintf(ret->roles, sizeof ret->roles, "%s", postgres_text(result, 0, 5));
	return 0;
}

/*
 * The walls of 0002_roles.sql, asked from the catalogue. A wrong grant is one that breaks a
 * promise: who may read sealed keys, change what was booked, or send by opening a gate.
 */
static const char schema_sql[] =
	"select "
	"(select coalesce(string_agg(c.relname, ', ' order by c.relname), '') from pg_class c "
	"where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') "
	"and not (c.relrowsecurity and c.relforcerowsecurity) "
	"and (c.relname in ('tenants', 'stop_gates') or exists (select from pg_attribute a "
	"where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))), "
	"(select coalesce(string_agg('botbeat_' || s, ', '), '') from unnest(array['owner', "
	"'scheduler', "
	"'worker', 'dashboard', 'admin', 'backup']) s where to_regrole('botbeat_' || s) is null), "
	"(select coalesce(string_agg(rolname, ', ' order by rolname), '') from pg_roles "
	"where rolname in ('botbeat_owner', 'botbeat_scheduler', 'botbeat_worker', "
	"'botbeat_dashboard', "
	"'botbeat_admin') and (rolsuper or rolbypassrls)), "
	"coalesce((select rolbypassrls from pg_roles where rolname = 'botbeat_backup'), false), "
	"(select coalesce(string_agg(w.what, ', '), '') from (values "
	"('botbeat_dashboard', 'credentials', 'sealed', 'select', 'the dashboard reads sealed "
	"keys'), "
	"('botbeat_scheduler', 'credentials', 'sealed', 'select', 'the scheduler reads sealed "
	"keys'), "
	"('botbeat_dashboard', 'tenants', 'wrapped_private_key', 'select', "
	"'the dashboard reads wrapped private keys'), "
	"('botbeat_worker', 'trades', 'quantity', 'update', 'the worker changes booked trades'), "
	"('botbeat_admin', 'trades', 'quantity', 'update', 'the admin changes booked trades'), "
	"('botbeat_dashboard', 'bot_configs', 'status', 'update', 'the dashboard starts bots'), "
	"('botbeat_worker', 'stop_gates', 'stopped', 'update', 'the worker opens stop gates')) "
	"as w(role, \"table\", \"column\", verb, what) where to_regrole(w.role) is not null "
	"and to_regclass(w.\"table\") is not null "
	"and has_column_privilege(w.role, w.\"table\", w.\"column\", w.verb)), "
	"(select coalesce(string_agg(m.name, ', ' order by m.name), '') from (select p.parent || "
	"to_char(now() at time zone 'UTC' + ahead * interval '1 month', '_YYYY_MM') as name "
	"from (values ('bot_execution_logs'), ('usage_events')) p(parent), generate_series(0, 1) "
	"ahead) m "
	"where to_regclass(m.name) is null)";

int health_schema(struct postgres *postgres, struct health_schema *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, schema_sql, 0, NULL, &result, err) == -1)
		return err_while(err, "could not look at the schema");
	*ret = (struct health_schema){
		.tables_open = mem_text(postgres_text(result, 0, 0)),
		.roles_missing = mem_text(postgres_text(result, 0, 1)),
		.roles_too_strong = mem_text(postgres_text(result, 0, 2)),
		.backup_sees_all = postgres_bool(result, 0, 3),
		.grants_wrong = mem_text(postgres_text(result, 0, 4)),
		.months_missing = mem_text(postgres_text(result, 0, 5)),
	};
	return 0;
}

void health_schema_done(struct health_schema *schema)
{
	text_free(&schema->tables_open);
	text_free(&schema->roles_missing);
	text_free(&schema->roles_too_strong);
	text_free(&schema->grants_wrong);
	text_free(&schema->months_missing);
}

int health_work(struct postgres *postgres, struct health_work *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select (select count(*) from dead_letters where state = 'dead'), "
		    "(select count(*) from order_journal where not final "
		    "and state in ('unknown', 'sending') "
		    "and updated_at < now() - interval '10 minutes'), "
		    "(select count(*) from pair_states where drift_confirmed), "
		    "(select count(*) from run_leases where unattended), "
		    "coalesce((select lease_until > clock_timestamp() from scheduler_leases "
		    "where name = 'leader'), false), "
		    "(select count(*) from bot_configs where status = 'running')",
		    0, NULL, &result, err) == -1)
		return err_while(err, "could not count what waits for a person");
	*ret = (struct health_work){
		.dead_letters = postgres_int(result, 0, 0),
		.unknown_orders = postgres_int(result, 0, 1),
		.drifted_legs = postgres_int(result, 0, 2),
		.unattended_bots = postgres_int(result, 0, 3),
		.led = postgres_bool(result, 0, 4),
		.bots_running = postgres_int(result, 0, 5),
	};
	return 0;
}

int health_venues(struct postgres *postgres, struct postgres_result **ret, struct err *err)
{
	if (postgres_query(postgres,
		    "select exchange, environment, count(*) as bots from bot_configs "
		    "where status <> 'stopped' group by exchange, environment "
		    "order by exchange, environment",
		    0, NULL, ret, err) == -1)
		return err_while(err, "could not list the venues in use");
	return 0;
}
