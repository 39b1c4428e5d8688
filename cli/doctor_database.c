#include "cli/doctor.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/postgres.h"
#include "core/store/cluster.h"
#include "core/store/health.h"
#include "core/store/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC "postgres"
#define VERSION_LEAST 150000
#define SKEW_WARN_MS 1000
#define LISTEN_TIMEOUT_MS 2000
#define CHANNEL "botbeat_doctor"

static void check_versions(const struct doctor *doctor, const struct health_server *server)
{
	if (server->version_number < VERSION_LEAST)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC, "install Postgres 15 or later",
			"version %s is older than 15", server->version);
	else
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"version %s, %" PRId64 " of %" PRId64 " connections, %s", server->version,
			server->connections, server->connections_max,
			server->has_ssl ? "encrypted" : "not encrypted");
	if (server->in_recovery)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"point database.url to the primary",
			"this server is a standby: nothing can be written");
}

static void check_role(const struct doctor *doctor, const struct health_server *server)
{
	if (server->passes_rls)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"make a login role and grant it botbeat_worker, botbeat_scheduler or "
			"botbeat_admin",
			"\"%s\" is a superuser or has BYPASSRLS: row security does not hold for it",
			server->user);
	else if (server->roles[0] == '\0')
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"grant it botbeat_worker, botbeat_scheduler or botbeat_admin",
			"\"%s\" acts for no role of ours", server->user);
	else
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL, "\"%s\" acts for: %s",
			server->user, server->roles);
}

static void check_durability(const struct doctor *doctor, const struct health_server *server)
{
	if (server->fsync && server->synchronous_commit && server->full_page_writes)
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"what is committed survives a crash (fsync, synchronous_commit)");
	else
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"turn them on: an order must not be forgotten once it was sent",
			"off:%s%s%s", server->fsync ? "" : " fsync",
			server->synchronous_commit ? "" : " synchronous_commit",
			server->full_page_writes ? "" : " full_page_writes");
}

static void check_clock(
	const struct doctor *doctor, const struct health_server *server, int64_t before_ms)
{
	int64_t after_ms = clock_utc_ms(clock_system());
	int64_t skew_ms = server->clock_ms - (before_ms + after_ms) / 2;

	if (llabs(skew_ms) > SKEW_WARN_MS)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"run a time service on both hosts; nothing is decided by this host's "
			"clock, "
			"but logs mislead",
			"its clock is %" PRId64 " ms from this host's", skew_ms);
	else
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"its clock is %" PRId64 " ms from this host's", skew_ms);
}

static int hear_ourselves(
	struct postgres *postgres, struct postgres *direct, bool *ret_heard, struct err *err)
{
	const char *payload;

	if (postgres_listen(direct, CHANNEL, err) == -1 ||
		postgres_query(postgres, "select pg_notify('" CHANNEL "', 'heard')", 0, NULL, NULL,
			err) == -1 ||
		postgres_wait(direct, LISTEN_TIMEOUT_MS, -1, &payload, err) == -1)
		return -1;
	*ret_heard = payload[0] != '\0';
	return 0;
}

static void check_listen(const struct doctor *doctor, struct postgres *postgres)
{
	static const char remedy[] =
		"set database.direct_url to Postgres itself, not to a pooler in transaction mode";
	struct postgres *direct;
	struct err err;
	bool heard;

	if (command_database_direct(doctor->context, 10000, &direct, &err) == -1 ||
		hear_ourselves(postgres, direct, &heard, &err) == -1)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC, remedy, "cannot listen: %s",
			err.message);
	else if (!heard)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC, remedy,
			"a notification did not arrive within %d ms", LISTEN_TIMEOUT_MS);
	else
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"notifications arrive through database.direct_url");
}

/* --- schema --------------------------------------------------------------------------------- */

static bool check_version(const struct doctor *doctor, struct postgres *postgres)
{
	struct err err;

	if (migrate_check(postgres, &err) == -1) {
		findings_add(doctor->findings, FINDING_FAIL, "schema", "botbeat migrate", "%s",
			err.message);
		return false;
	}
	findings_add(doctor->findings, FINDING_OK, "schema", NULL,
		"version %d, as this program needs", migrate_version());
	return true;
}

/* One line for a list that should be empty. */
static void check_empty(const struct doctor *doctor, const char *list, const char *well,
	const char *ill, const char *remedy)
{
	if (list[0] == '\0')
		findings_add(doctor->findings, FINDING_OK, "schema", NULL, "%s", well);
	else
		findings_add(doctor->findings, FINDING_FAIL, "schema", remedy, "%s: %s", ill, list);
}

static void check_schema(const struct doctor *doctor, struct postgres *postgres)
{
	CLEANUP(health_schema_done) struct health_schema schema = {0};
	struct err err;

	if (health_schema(postgres, &schema, &err) == -1) {
		findings_add(doctor->findings, FINDING_FAIL, "schema", "look at the server's log",
			"%s", err.message);
		return;
	}
	check_empty(doctor, schema.tables_open, "row security is forced on every tenant's table",
		"row security is not forced on",
		"alter table … enable row level security, force row level security");
	check_empty(doctor, schema.roles_missing, "all roles are there", "roles are missing",
		"botbeat migrate makes them in a new cluster: compare with 0002_roles.sql");
	check_empty(doctor, schema.roles_too_strong, "no service role passes row security",
		"these roles pass row security", "alter role … nosuperuser nobypassrls");
	check_empty(doctor, schema.grants_wrong, "no role has a right that breaks a promise",
		"rights that break a promise", "revoke them: compare with 0002_roles.sql");
	check_empty(doctor, schema.months_missing, "this and the next month have their partitions",
		"partitions are missing",
		"start a scheduler, which makes them, or: select ensure_partitions(3)");
	if (!schema.backup_sees_all)
		findings_add(doctor->findings, FINDING_WARN, "schema",
			"as a superuser: alter role botbeat_backup bypassrls",
			"botbeat_backup is held by row security: its backups would be empty");
}

static void check_fence(const struct doctor *doctor, struct postgres *postgres)
{
	struct cluster cluster;
	struct err err;

	if (cluster_read(postgres, &cluster, &err) == -1)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC, "look at the server's log",
			"%s", err.message);
	else if (cluster.confirmed)
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"the server is the one that was confirmed, on timeline %" PRId64,
			cluster.timeline);
	else
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"botbeat doctor --compare-ledger, then botbeat cluster confirm",
			"the restore fence is closed: server %s, timeline %" PRId64
			" is not confirmed, nothing is traded",
			cluster.system_identifier, cluster.timeline);
}

/* --- what waits for a person ---------------------------------------------------------------- */

static void check_count(
	const struct doctor *doctor, int64_t count, const char *what, const char *remedy)
{
	if (count > 0)
		findings_add(doctor->findings, FINDING_WARN, "work", remedy, "%" PRId64 " %s",
			count, what);
}

static void check_work(const struct doctor *doctor, struct postgres *postgres)
{
	struct health_work work;
	struct err err;

	if (health_work(postgres, &work, &err) == -1) {
		findings_add(doctor->findings, FINDING_FAIL, "work",
			"grant botbeat_admin to who runs the doctor", "%s", err.message);
		return;
	}
	if (work.led)
		findings_add(doctor->findings, FINDING_OK, "work", NULL,
			"a scheduler leads, %" PRId64 " bots are started", work.bots_running);
	else
		findings_add(doctor->findings, FINDING_WARN, "work", "start: botbeat scheduler",
			"no scheduler leads: none of %" PRId64 " started bots runs",
			work.bots_running);
	check_count(doctor, work.dead_letters, "dead letters wait", "botbeat dlq list");
	check_count(doctor, work.unknown_orders, "orders are unknown for more than ten minutes",
		"botbeat order list --unknown, then botbeat order resolve");
	check_count(doctor, work.drifted_legs, "legs are not what was booked",
		"botbeat bot list, then botbeat bot adopt");
	check_count(doctor, work.unattended_bots, "bots hold a position that nobody manages",
		"botbeat bot list, then start them or close the position");
}

void doctor_database_check(const struct doctor *doctor)
{
	struct health_server server;
	struct postgres *postgres;
	struct err err;
	int64_t before_ms = 0;

	if (command_database(doctor->context, &postgres, &err) == 0)
		before_ms = clock_utc_ms(clock_system());
	else
		postgres = NULL;
	if (postgres == NULL || health_server(postgres, &server, &err) == -1) {
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"is it running, and is database.url right? botbeat config prints it", "%s",
			err.message);
		return;
	}
	check_clock(doctor, &server, before_ms);
	check_versions(doctor, &server);
	check_role(doctor, &server);
	check_durability(doctor, &server);
	check_listen(doctor, postgres);
	if (!check_version(doctor, postgres))
		return;
	check_schema(doctor, postgres);
	check_fence(doctor, postgres);
	check_work(doctor, postgres);
}
