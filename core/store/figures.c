#include "core/store/figures.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

static const char figures_sql[] =
	"select (select count(*) from tenants where status = 'active'), "
	"b.running, b.paused, b.blocked, b.stopped, o.open, o.unknown, "
	"(select count(*) from dead_letters where state = 'dead'), "
	"(select count(*) from pair_states where drift_confirmed), "
	"(select count(*) from run_leases where unattended), "
	/* pg_stat_activity hides from most roles what a foreign session is. */
	"(select sum(numbackends) from pg_stat_database where datid <> 0), "
	"current_setting('max_connections')::bigint, pg_database_size(current_database()), "
	"r.replicas, r.lag_ms, cluster_confirmed() "
	"from (select count(*) filter (where status = 'running') as running, "
	"count(*) filter (where status = 'paused') as paused, "
	"count(*) filter (where status = 'blocked') as blocked, "
	"count(*) filter (where status = 'stopped') as stopped from bot_configs) b, "
	"(select count(*) filter (where state = 'open') as open, "
	"count(*) filter (where state in ('unknown', 'sending') "
	"and updated_at < now() - interval '30 seconds') as unknown "
	"from order_journal where not final) o, "
	"(select count(*) as replicas, "
	"(extract(epoch from max(replay_lag)) * 1000)::bigint as lag_ms "
	"from pg_stat_replication) r";

int figures_read(struct postgres *postgres, struct figures *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, figures_sql, 0, NULL, &result, err) == -1)
		return err_while(err, "could not count for the metrics");
	*ret = (struct figures){
		.tenants = postgres_int(result, 0, 0),
		.running = postgres_int(result, 0, 1),
		.paused = postgres_int(result, 0, 2),
		.blocked = postgres_int(result, 0, 3),
		.stopped = postgres_int(result, 0, 4),
		.orders_open = postgres_int(result, 0, 5),
		.orders_unknown = postgres_int(result, 0, 6),
		.dead_letters = postgres_int(result, 0, 7),
		.drifted = postgres_int(result, 0, 8),
		.unattended = postgres_int(result, 0, 9),
		.connections = postgres_int(result, 0, 10),
		.connections_max = postgres_int(result, 0, 11),
		.size_bytes = postgres_int(result, 0, 12),
		.replicas = postgres_int(result, 0, 13),
		.lag_known = !postgres_is_null(result, 0, 14),
		.confirmed = postgres_bool(result, 0, 15),
	};
	ret->lag_ms = ret->lag_known ? postgres_int(result, 0, 14) : 0;
	return 0;
}
