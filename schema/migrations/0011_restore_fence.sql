-- The restore fence. A database that came out of a backup, or out of a failover that lost commits, has forgotten
-- orders that were sent. It has another system identifier or another timeline than the one that was confirmed,
-- and until `botbeat cluster confirm` nothing is sent: bots are not queued, claims give watch runs only, and no
-- journal row turns sending, whoever asks. What it cannot see is a copy of the files at rest under the same
-- identity, and a dump restored into the same server: for these script and page say to close it by hand
-- (`botbeat cluster close`).

-- The timeline that is written now: the last checkpoint may still be of the former one. A standby has no
-- such thing and replays the one of its control file.
create function cluster_now(out system_identifier text, out timeline bigint) language sql stable as $$
	select s.system_identifier::text, case when pg_is_in_recovery() then c.timeline_id::bigint
		else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint end
	from pg_control_system() s, pg_control_checkpoint() c
$$;

-- With the owner's rights, so that a dashboard may ask why its bots stand still.
create function cluster_confirmed() returns boolean language sql stable
security definer set search_path = public, pg_temp as $$
	select exists (select from cluster_identity i, cluster_now() n where i.confirmed_at is not null
		and i.system_identifier = n.system_identifier and i.timeline = n.timeline)
$$;
grant execute on function cluster_confirmed() to botbeat_dashboard;

-- A new installation confirms itself: there is nothing that it could have forgotten.
insert into cluster_identity (system_identifier, timeline, confirmed_at)
	select n.system_identifier, n.timeline, now() from cluster_now() n
	where not exists (select from tenants) on conflict do nothing;

-- `botbeat cluster confirm`.
create function open_restore_fence(p_actor text, p_reason text) returns void language plpgsql as $$
begin
	insert into cluster_identity as c (system_identifier, timeline, confirmed_at)
		select n.system_identifier, n.timeline, clock_timestamp() from cluster_now() n
		on conflict (singleton) do update set system_identifier = excluded.system_identifier,
			timeline = excluded.timeline, confirmed_at = excluded.confirmed_at;
	insert into audit_logs (actor, action, object, reason, detail)
		select p_actor, 'cluster.confirm', n.system_identifier, p_reason,
			jsonb_build_object('timeline', n.timeline) from cluster_now() n;
end $$;

-- `botbeat cluster close`: for restores that leave no trace in the identity.
create function close_restore_fence(p_actor text, p_reason text) returns void language plpgsql as $$
begin
	update cluster_identity set confirmed_at = null;
	insert into audit_logs (actor, action, object, reason)
		select p_actor, 'cluster.close', n.system_identifier, p_reason from cluster_now() n;
end $$;

-- T2's own wall: it also stops a run that was under way, and whatever else sends.
create function refuse_behind_fence() returns trigger language plpgsql as $$
begin
	if not cluster_confirmed() then
		raise exception 'the restore fence is closed: botbeat cluster confirm' using errcode = 'BB001';
	end if;
	return new;
end $$;
create trigger refuse_behind_fence before update of state on order_journal
	for each row when (new.state = 'sending' and old.state <> 'sending')
	execute function refuse_behind_fence();

-- As in 0005, with the fence among the stops: it comes before all others but the bot's own.
create or replace view bot_admission with (security_invoker = true) as
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
cross join lateral (select not (select cluster_confirmed()) or b.status = 'stopped' or l.stopped
		or coalesce(system.stopped, false)
		or coalesce(venue.stopped, false) or coalesce(tenant.stopped, false) as is_stop,
	case
		when b.status = 'stopped' or l.stopped then 'stopped'
		when not (select cluster_confirmed()) then 'restore_fence'
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
