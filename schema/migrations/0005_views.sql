-- What is read: by the dashboard (docs/views.md is the contract) and, bot_admission, by the scheduler
-- and the claim. Every view has security_invoker: the reader's own rights and rows hold.

-- The one place that says whether a bot may be scheduled (design.md 4, Enforcement).
--   normal      runs at its slots
--   exits_only  no new risk is allowed, and there is some: a position, an open order, a row that is not
--               final; its runs cancel resting entries and manage exits
--   none        not queued; a stop run or watch runs may still be owed (wants_stop_run, needs_watch)
-- A stop (the bot's own, the system's, a venue's, a tenant's) means that nothing is decided, so it never
-- gives exits_only; everything else takes new risk away, and never the exits.
-- A tenant without any subscription is allowed, with normal priority: plans are an offer, not a gate. One
-- with subscriptions of which none is current has lapsed. past_due counts as current until its period ends.
--
-- Read whole for 100,000 bots at each reload, and for one bot at each claim: what is per bot is grouped by
-- bot_id, so that a condition on bot_id reaches every part; what is per tenant is looked up.
create view bot_admission with (security_invoker = true) as
select b.id as bot_id, b.tenant_id, b.user_id, b.exchange, b.environment,
	coalesce(plan.priority, 'normal') as priority,
	b.interval_seconds, b.align, b.align_delay_ms,
	case when why.reason = '' then 'normal'
		when why.is_stop or not risk.has_risk then 'none'
		else 'exits_only' end as admission,
	why.reason,
	not l.stop_run_done as wants_stop_run,
	(why.is_stop or why.reason <> '' and not risk.has_risk)
		and (coalesce(rows.not_final, false) or absent.bot_id is not null) as needs_watch,
	l.follow_up_at, l.newest_slot, risk.has_risk
from bot_configs b
join run_leases l on l.bot_id = b.id
join tenants t on t.id = b.tenant_id
left join stop_gates system on system.scope = 'system'
left join stop_gates venue on venue.scope = 'venue:' || b.exchange
left join stop_gates tenant on tenant.scope = 'tenant:' || b.tenant_id
left join lateral (
	select (array_agg(p.priority order by array_position(array['high', 'normal', 'low'], p.priority))
			filter (where s.current))[1] as priority,
		not bool_or(s.current) as lapsed
	from (select u.plan_id, u.status in ('trialing', 'active', 'past_due')
			and (u.current_period_end is null or u.current_period_end > now()) as current
		from user_subscriptions u where u.tenant_id = b.tenant_id) s
	join subscription_plans p on p.id = s.plan_id) plan on true
left join (select p.bot_id, bool_or(p.is_active) as any_active
	from bot_trading_pairs p group by p.bot_id) pairs on pairs.bot_id = b.id
left join (select s.bot_id, bool_or(s.quantity <> 0) as held
	from pair_states s group by s.bot_id) legs on legs.bot_id = b.id
left join (select j.bot_id, true as not_final
	from order_journal j where not j.final group by j.bot_id) rows on rows.bot_id = b.id
left join (select j.bot_id
	from order_journal j where j.state = 'absent' and j.absent_at > now() - interval '24 hours'
	group by j.bot_id) absent on absent.bot_id = b.id
cross join lateral (select coalesce(legs.held, false) or coalesce(rows.not_final, false) as has_risk) risk
cross join lateral (select b.status = 'stopped' or l.stopped or coalesce(system.stopped, false)
		or coalesce(venue.stopped, false) or coalesce(tenant.stopped, false) as is_stop,
	case
		when b.status = 'stopped' or l.stopped then 'stopped'
		when system.stopped then 'system_stopped'
		when venue.stopped then 'venue_stopped'
		when tenant.stopped then 'tenant_stopped'
		when t.status = 'suspended' then 'tenant_suspended'
		when plan.lapsed then 'subscription_lapsed'
		when b.status = 'blocked' then 'blocked'
		when b.status = 'paused' then 'paused'
		when pairs.any_active is not true then 'no_active_pair'
		-- Plan limits and quotas go here, and nowhere else: 'plan_limit', 'quota_exhausted'.
		else ''
	end as reason) why;

-- The scheduler's arithmetic (scheduler/due), for showing when a bot runs next: FNV-1a over the sixteen
-- bytes of the id, modulo the interval.
create function bot_phase(p_bot uuid, p_interval_seconds integer) returns integer
language plpgsql immutable strict parallel safe as $$
declare
	bytes bytea := uuid_send(p_bot);
	hash numeric := 14695981039346656037;
	low integer;
begin
	for i in 0 .. 15 loop
		low := (hash % 256)::integer;
		hash := ((hash - low + (low # get_byte(bytes, i))) * 1099511628211) % 18446744073709551616;
	end loop;
	return (hash % p_interval_seconds)::integer;
end $$;

-- The first slot after p_after.
create function bot_next_slot(p_bot uuid, p_interval_seconds integer, p_align text, p_align_delay_ms integer,
	p_after timestamptz) returns timestamptz
language sql stable strict parallel safe as $$
	select to_timestamp((floor((extract(epoch from p_after) - offset_s) / p_interval_seconds) + 1)
		* p_interval_seconds + offset_s)
	from (select case p_align when 'candle' then p_align_delay_ms / 1000.0
		else bot_phase(p_bot, p_interval_seconds) end as offset_s) as slot
$$;
grant execute on function bot_phase(uuid, integer), bot_next_slot(uuid, integer, text, integer, timestamptz)
	to botbeat_dashboard;

create view bot_overview with (security_invoker = true) as
select b.id as bot_id, b.tenant_id, b.name, b.exchange, b.environment, b.testnet, b.status, b.mode,
	b.strategy, b.interval_seconds, pairs.symbols, pairs.open_positions, a.has_risk, a.priority,
	l.holder is not null and l.lease_until > now() as running,
	run.scheduled_at as last_run_at, run.kind as last_run_kind, run.status as last_run_status,
	run.duration_ms as last_run_ms, run.orders as last_run_orders, run.trades as last_run_trades,
	case when a.admission = 'none' then null
		else least(case when a.follow_up_at > now() then a.follow_up_at end,
			bot_next_slot(b.id, b.interval_seconds, b.align, b.align_delay_ms, now())) end as next_run_at,
	a.admission, a.reason,
	case
		when a.reason <> '' then why.sentence || coalesce(': ' || why.detail, '')
		when run.scheduled_at is null then 'it has not run yet'
		when run.status in ('error', 'dead') then 'its last run failed: ' || coalesce(run.error, run.error_class, 'no reason recorded')
		when run.status = 'retrying' then 'its last run waits for a retry: ' || coalesce(run.error, run.error_class, 'no reason recorded')
		when pairs.drift is not null then 'its position is not what it booked: ' || pairs.drift
		when run.orders > 0 then null
		else pairs.reasons
	end as why_not_trading
from bot_configs b
join bot_admission a on a.bot_id = b.id
join run_leases l on l.bot_id = b.id
left join stop_gates system on system.scope = 'system'
left join stop_gates venue on venue.scope = 'venue:' || b.exchange
left join stop_gates tenant on tenant.scope = 'tenant:' || b.tenant_id
left join lateral (select r.scheduled_at, r.kind, r.status, r.duration_ms, r.orders, r.trades, r.error,
		r.error_class
	from bot_execution_logs r where r.bot_id = b.id order by r.scheduled_at desc limit 1) run on true
left join lateral (
	select string_agg(p.symbol || ' ' || p.side, ', ' order by p.symbol, p.side)
			filter (where p.is_active) as symbols,
		count(*) filter (where s.quantity <> 0) as open_positions,
		string_agg(p.symbol || ' ' || p.side || ': ' || coalesce(s.drift_detail, 'checking'), '; '
			order by p.symbol, p.side) filter (where s.drift_since is not null) as drift,
		string_agg(p.symbol || ' ' || p.side || ': ' || s.last_reason, '; '
			order by p.symbol, p.side) filter (where s.last_reason is not null and p.is_active) as reasons
	from bot_trading_pairs p join pair_states s on s.pair_id = p.id
	where p.bot_id = b.id) pairs on true
cross join lateral (select
	case a.reason
		when 'stopped' then 'it is stopped'
		when 'system_stopped' then 'everything is halted'
		when 'venue_stopped' then b.exchange || ' is halted'
		when 'tenant_stopped' then 'all bots of this tenant are halted'
		when 'tenant_suspended' then 'the account is suspended'
		when 'subscription_lapsed' then 'the subscription has ended'
		when 'blocked' then 'it was blocked'
		when 'paused' then 'it is paused'
		when 'no_active_pair' then 'none of its pairs is active'
		else a.reason
	end as sentence,
	case a.reason
		when 'system_stopped' then system.reason
		when 'venue_stopped' then venue.reason
		when 'tenant_stopped' then tenant.reason
		when 'stopped' then b.status_reason
		when 'blocked' then b.status_reason
		when 'paused' then b.status_reason
	end as detail) why;

create view trades_view with (security_invoker = true) as
select t.id, t.tenant_id, t.bot_id, b.name as bot_name, t.exchange, t.environment, t.symbol, t.side,
	t.position_side, t.action, t.type, t.quantity, t.price, t.quantity * t.price as value, t.pnl,
	t.pnl_percentage, t.net_pnl, t.venue_pnl, t.fee, t.fee_currency, t.net_pnl is null as fee_unpriced,
	t.liquidity, t.balance_after, t.position_value, t.margin_level, t.cycle_id, t.exec_id, t.order_id,
	t.client_order_id, t.executed_at, t.metadata
from trades t join bot_configs b on b.id = t.bot_id;

-- A cycle of a leg, from its opening to the fill that made it flat. Fees are in the account's coin: what a
-- fee in another coin was worth is pnl - net_pnl. A fee without a price makes the cycle's net unknown.
create view cycles with (security_invoker = true) as
select t.tenant_id, t.bot_id, t.pair_id, t.symbol, t.position_side, t.cycle_id, t.opened_at,
	case when t.closed then t.last_at end as closed_at, t.closed, t.trades, t.adds, t.liquidated,
	t.gross_pnl, t.fees, coalesce(f.amount, 0) as funding,
	t.net_trades + coalesce(f.amount, 0) as net_pnl, t.fees_unpriced
from (select tenant_id, bot_id, pair_id, cycle_id, min(symbol) as symbol, min(position_side) as position_side,
		min(executed_at) as opened_at, max(executed_at) as last_at, bool_or(action = 'CLOSED') as closed,
		count(*) filter (where type <> 'adopted') as trades, count(*) filter (where action = 'ADDED') as adds,
		bool_or(type in ('liquidation', 'adl')) as liquidated,
		sum(pnl) as gross_pnl, coalesce(sum(pnl - net_pnl), 0) as fees,
		case when bool_or(net_pnl is null) then null else sum(net_pnl) end as net_trades,
		count(*) filter (where net_pnl is null) as fees_unpriced
	from trades group by tenant_id, bot_id, pair_id, cycle_id) t
left join (select bot_id, pair_id, cycle_id, sum(amount) as amount
	from funding group by bot_id, pair_id, cycle_id) f
	on f.bot_id = t.bot_id and f.pair_id = t.pair_id and f.cycle_id = t.cycle_id;

-- One row per fill and funding payment. The balance is the account's, as far as the fill told it.
create view equity_curve with (security_invoker = true) as
select e.tenant_id, e.bot_id, e.at, e.event, e.amount,
	sum(e.amount) over so_far as cumulative_pnl, e.balance,
	max(e.balance) over so_far as peak_balance,
	max(e.balance) over so_far - e.balance as drawdown
from (select tenant_id, bot_id, executed_at as at, 'trade' as event, coalesce(net_pnl, pnl) as amount,
		balance_after as balance, exec_id as key, exec_part as part
	from trades
	union all
	select tenant_id, bot_id, paid_at, 'funding', amount, null, venue_id, 0
	from funding) e
window so_far as (partition by e.bot_id order by e.at, e.key, e.part rows unbounded preceding);

create view bot_performance with (security_invoker = true) as
select b.id as bot_id, b.tenant_id, b.name,
	coalesce(t.total_trades, 0) as total_trades,
	coalesce(t.gross_pnl, 0) - coalesce(t.fees, 0) + coalesce(f.amount, 0) as total_pnl,
	round((t.gross_pnl - t.fees + coalesce(f.amount, 0)) / nullif(t.total_trades, 0), 8) as avg_pnl,
	coalesce(c.closed, 0) as closed_cycles,
	round(c.won::numeric / nullif(c.closed, 0), 4) as win_rate,
	round(c.net / nullif(c.closed, 0), 8) as avg_cycle_pnl,
	coalesce(t.gross_pnl, 0) as gross_pnl, coalesce(t.fees, 0) as fees, coalesce(f.amount, 0) as funding,
	e.peak_balance, e.lowest_balance, e.max_drawdown, e.max_drawdown_percentage,
	coalesce(t.fees_unpriced, 0) as fees_unpriced, t.first_trade_at, t.last_trade_at
from bot_configs b
left join (select bot_id, count(*) filter (where type <> 'adopted') as total_trades, sum(pnl) as gross_pnl,
		coalesce(sum(pnl - net_pnl), 0) as fees, count(*) filter (where net_pnl is null) as fees_unpriced,
		min(executed_at) as first_trade_at, max(executed_at) as last_trade_at
	from trades group by bot_id) t on t.bot_id = b.id
left join (select bot_id, sum(amount) as amount from funding group by bot_id) f on f.bot_id = b.id
left join (select bot_id, count(*) as closed, count(*) filter (where net_pnl > 0) as won, sum(net_pnl) as net
	from cycles where closed group by bot_id) c on c.bot_id = b.id
left join (select bot_id, max(balance) as peak_balance, min(balance) as lowest_balance,
		max(drawdown) as max_drawdown,
		round(100 * max(drawdown / nullif(peak_balance, 0)), 4) as max_drawdown_percentage
	from equity_curve group by bot_id) e on e.bot_id = b.id;

create view run_history with (security_invoker = true) as
select r.tenant_id, r.bot_id, b.name as bot_name, r.scheduled_at, r.kind, r.status, r.admission, r.attempt,
	r.started_at, r.finished_at, r.started_at - r.scheduled_at as start_delay, r.duration_ms, r.phases,
	r.orders, r.trades, r.error_class, r.error, r.retry_at, r.worker, r.summary, r.snapshot
from bot_execution_logs r join bot_configs b on b.id = r.bot_id;

create view usage_daily with (security_invoker = true) as
select tenant_id, (occurred_at at time zone 'UTC')::date as day, type, detail, sum(quantity) as quantity
from usage_events
group by tenant_id, (occurred_at at time zone 'UTC')::date, type, detail;

create view dead_letter_view with (security_invoker = true) as
select d.id, d.tenant_id, d.bot_id, b.name as bot_name, d.scheduled_at, d.class, d.message, d.attempts,
	d.kills, d.phase, d.signal, d.memory_kb, d.state, d.retried_as, d.created_at
from dead_letters d join bot_configs b on b.id = d.bot_id;

grant select on bot_admission to botbeat_scheduler, botbeat_worker, botbeat_admin, botbeat_dashboard;
grant select on bot_overview, trades_view, cycles, equity_curve, bot_performance, run_history, usage_daily,
	dead_letter_view to botbeat_admin, botbeat_dashboard;
