#include "core/store/activity.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * Runs are found through the index that leads with the tenant; a run that ended within the window
 * and began more than five minutes after its slot is not worth a scan of the month.
 */
static const char figures[] =
	"with ended as (select r.status, r.duration_ms, "
	"extract(epoch from r.started_at - r.scheduled_at) * 1000 as delay_ms "
	"from tenants t cross join lateral (select * from bot_execution_logs r "
	"where r.tenant_id = t.id and r.scheduled_at > now() - interval '5 minutes' "
	"and r.finished_at > now() - $1::bigint * interval '1 millisecond') r) "
	"select epoch_ms(clock_timestamp()), "
	"coalesce((select lease_until > clock_timestamp() from scheduler_leases where name = "
	"'leader'), "
	"false), "
	"coalesce((select holder from scheduler_leases where name = 'leader'), ''), "
	"coalesce((select epoch from scheduler_leases where name = 'leader'), 0), "
	"(select count(*) from ended), "
	"(select count(*) from ended where status in ('error', 'dead')), "
	"coalesce((select percentile_disc(0.5) within group (order by duration_ms) from ended), "
	"0), "
	"coalesce((select percentile_disc(0.99) within group (order by duration_ms) from ended), "
	"0), "
	"coalesce((select percentile_disc(0.99) within group (order by delay_ms) from ended), "
	"0)::bigint, "
	"(select count(*) from run_leases where holder is not null and lease_until > now()), "
	"(select count(*) from bot_execution_logs where status = 'retrying' "
	"and retry_at is not null and scheduled_at > now() - interval '2 days'), "
	"(select count(*) from order_journal j join run_leases l on l.bot_id = j.bot_id "
	"where not j.final and (j.state = 'unknown' or (j.state = 'sending' "
	"and (l.holder is null or l.lease_until <= now())))), "
	"(select count(*) from order_journal where not final and state = 'open'), "
	"(select count(*) from bot_configs where status <> 'stopped')";

int activity_read(
	struct postgres *postgres, int64_t window_ms, struct activity *ret, struct err *err)
{
	char window[24];
	(void)snprintf(window, sizeof window, "%" PRId64, window_ms);
	const char *parameters[] = {window};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, figures, 1, parameters, &result, err) == -1)
		return err_while(err, "could not read what is going on");
	*ret = (struct activity){
		.now_ms = postgres_int(result, 0, 0),
		.led = postgres_bool(result, 0, 1),
		.epoch = postgres_int(result, 0, 3),
		.window_ms = window_ms,
		.runs_done = postgres_int(result, 0, 4),
		.runs_failed = postgres_int(result, 0, 5),
		.run_p50_ms = postgres_int(result, 0, 6),
		.run_p99_ms = postgres_int(result, 0, 7),
		.delay_p99_ms = postgres_int(result, 0, 8),
		.running = postgres_int(result, 0, 9),
		.retrying = postgres_int(result, 0, 10),
		.unknown_orders = postgres_int(result, 0, 11),
		.open_orders = postgres_int(result, 0, 12),
		.bots = postgres_int(result, 0, 13),
	};
	(void)snprintf(ret->leader, sizeof ret->leader, "%s", postgres_text(result, 0, 2));
	return 0;
}

static int read_list(struct postgres *postgres, const char *sql, int limit,
	struct postgres_result **ret, struct err *err)
{
	char most[16];
	(void)snprintf(most, sizeof most, "%d", limit);
	const char *parameters[] = {most};

	return postgres_query(postgres, sql, 1, parameters, ret, err);
}

int activity_running(
	struct postgres *postgres, int limit, struct postgres_result **ret, struct err *err)
{
	if (read_list(postgres,
		    "select b.name as bot, t.name as tenant, l.holder as worker, r.kind, "
		    "(extract(epoch from clock_timestamp() - r.started_at) * 1000)::bigint as "
		    "running_ms "
		    "from run_leases l join bot_configs b on b.id = l.bot_id "
		    "join tenants t on t.id = l.tenant_id "
		    "left join bot_execution_logs r on r.bot_id = l.bot_id and r.scheduled_at = "
		    "l.run_at "
		    "where l.holder is not null and l.lease_until > now() "
		    "order by r.started_at limit $1",
		    limit, ret, err) == -1)
		return err_while(err, "could not read what runs");
	return 0;
}

int activity_trades(
	struct postgres *postgres, int limit, struct postgres_result **ret, struct err *err)
{
	if (read_list(postgres,
		    "select utc_text(x.executed_at) "
		    "as executed_at, n.name as tenant, b.name as bot, x.symbol, x.position_side, "
		    "x.action, "
		    "trim_scale(x.quantity)::text as quantity, trim_scale(x.price)::text as price, "
		    "trim_scale(x.net_pnl)::text as net_pnl "
		    "from tenants n cross join lateral (select * from trades t where t.tenant_id = "
		    "n.id "
		    "order by t.executed_at desc limit $1) x join bot_configs b on b.id = x.bot_id "
		    "order by x.executed_at desc limit $1",
		    limit, ret, err) == -1)
		return err_while(err, "could not read the newest trades");
	return 0;
}

int activity_tenants(
	struct postgres *postgres, int limit, struct postgres_result **ret, struct err *err)
{
	if (read_list(postgres,
		    "select n.name, coalesce(b.bots, 0) as bots, coalesce(s.positions, 0) as "
		    "open_positions, "
		    "coalesce(t.trades, 0) as trades, trim_scale(coalesce(t.fees, 0))::text as "
		    "fees, "
		    "trim_scale(coalesce(f.amount, 0))::text as funding, "
		    "trim_scale(coalesce(t.net, 0) + coalesce(f.amount, 0))::text as net_pnl, "
		    "coalesce(sum(t.trades) over (), 0)::bigint as trades_of_all, "
		    "trim_scale(coalesce(sum(coalesce(t.net, 0) + coalesce(f.amount, 0)) over (), "
		    "0))::text "
		    "as net_pnl_of_all "
		    "from tenants n "
		    "left join (select tenant_id, count(*) as bots from bot_configs group by "
		    "tenant_id) b "
		    "on b.tenant_id = n.id "
		    "left join (select tenant_id, count(*) as positions from pair_states where "
		    "quantity <> 0 "
		    "group by tenant_id) s on s.tenant_id = n.id "
		    "left join (select tenant_id, count(*) filter (where type <> 'adopted') as "
		    "trades, "
		    "sum(pnl - coalesce(net_pnl, pnl)) as fees, sum(coalesce(net_pnl, pnl)) as net "
		    "from trades group by tenant_id) t on t.tenant_id = n.id "
		    "left join (select tenant_id, sum(amount) as amount from funding group by "
		    "tenant_id) f "
		    "on f.tenant_id = n.id "
		    "order by trades desc, n.name limit $1",
		    limit, ret, err) == -1)
		return err_while(err, "could not sum up the tenants");
	return 0;
}
