-- Who may do what. Two walls, both needed: grants say which verbs and columns a role has, row-level
-- security says which rows. Roles belong to the whole cluster, so they are made where missing.
--
--   botbeat_owner      owns everything, cannot log in, and sees no row: forced security holds for it too
--   botbeat_scheduler  reads what decides about due runs; leads, records verdicts
--   botbeat_worker     runs: journal, trades, states; the only service that reads sealed credentials
--   botbeat_dashboard  one tenant at a time, named by set_config('app.tenant', …, true)
--   botbeat_admin      what commands need; reads ciphertext too, but an admin's host has no master key
--   botbeat_backup     reads everything
--
-- None can log in as made: an installation grants them to its login roles, or gives them a password.
-- Runs as a superuser, or as a role that owns the database and has CREATEROLE. Only a superuser can
-- hand out BYPASSRLS; without one botbeat_backup is made without, and doctor says so.

do $$
declare
	made text;
begin
	foreach made in array array['owner', 'scheduler', 'worker', 'dashboard', 'admin', 'backup'] loop
		begin
			if to_regrole('botbeat_' || made) is null then
				execute format('create role %I nologin', 'botbeat_' || made);
			end if;
		exception when duplicate_object or unique_violation then
			null; -- another database of the cluster is migrated at the same moment
		end;
	end loop;
	if (select rolsuper from pg_roles where rolname = current_user) then
		if not (select rolbypassrls from pg_roles where rolname = 'botbeat_backup') then
			alter role botbeat_backup bypassrls;
		end if;
	elsif not pg_has_role('botbeat_owner', 'member') then
		execute format('grant botbeat_owner to %I', current_user);
	end if;
end $$;

revoke all on schema public from public;
grant usage, create on schema public to botbeat_owner;
grant usage on schema public to
	botbeat_scheduler, botbeat_worker, botbeat_dashboard, botbeat_admin, botbeat_backup;

-- Everything made so far, and by the owner from now on. Functions are for the services; those that
-- act with the owner's rights take the right away again where they are made.
do $$
declare
	made record;
begin
	for made in select c.oid::regclass as name from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
	loop
		execute format('alter table %s owner to botbeat_owner', made.name);
	end loop;
	for made in select p.oid::regprocedure as name from pg_proc p
		where p.pronamespace = 'public'::regnamespace
		and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
	loop
		execute format('alter function %s owner to botbeat_owner', made.name);
		execute format('revoke execute on function %s from public', made.name);
	end loop;
end $$;
alter default privileges for role botbeat_owner revoke execute on functions from public;
alter default privileges for role botbeat_owner
	grant execute on functions to botbeat_scheduler, botbeat_worker, botbeat_admin;
alter default privileges for role botbeat_owner grant select on tables to botbeat_backup;
alter default privileges for role botbeat_owner grant select on sequences to botbeat_backup;
grant select on all tables in schema public to botbeat_backup;
grant select on all sequences in schema public to botbeat_backup;

-- The rows. One policy for the dashboard, by tenant; one for each service, which sees all tenants and
-- is held by its grants. The setting's absence gives NULL, and NULL equals no tenant.
do $$
declare
	kept text;
	service text;
begin
	for kept in select c.relname from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
		and (c.relname in ('tenants', 'stop_gates') or exists (select from pg_attribute a
			where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
	loop
		execute format('alter table %I enable row level security', kept);
		execute format('alter table %I force row level security', kept);
		foreach service in array array['scheduler', 'worker', 'admin'] loop
			execute format('create policy %I on %I to %I using (true) with check (true)',
				service, kept, 'botbeat_' || service);
		end loop;
		if kept not in ('tenants', 'stop_gates') then
			execute format('create policy tenant on %I to botbeat_dashboard
				using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)
				with check (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)',
				kept);
		end if;
	end loop;
end $$;
create policy tenant on tenants to botbeat_dashboard
	using (id = nullif(current_setting('app.tenant', true), '')::uuid)
	with check (id = nullif(current_setting('app.tenant', true), '')::uuid);
-- A dashboard sees why its bots stand still, and not which other tenants there are.
create policy tenant on stop_gates for select to botbeat_dashboard
	using (scope not like 'tenant:%'
		or scope = 'tenant:' || nullif(current_setting('app.tenant', true), ''));
-- A send locks its gates FOR SHARE, which wants the right to update; no worker opens or closes one.
drop policy worker on stop_gates;
create policy worker on stop_gates to botbeat_worker using (true) with check (false);

-- The rows that triggers make belong to the bot or tenant just inserted, whoever inserted it. Forced
-- security holds inside SECURITY DEFINER as well, so the owner needs a policy for exactly this.
create policy made_by_trigger on run_leases for insert to botbeat_owner with check (true);
create policy made_by_trigger on pair_states for insert to botbeat_owner with check (true);
create policy made_by_trigger on stop_gates for insert to botbeat_owner with check (true);
alter function make_run_lease() security definer set search_path = public, pg_temp;
alter function make_pair_state() security definer set search_path = public, pg_temp;
alter function make_tenant_gate() security definer set search_path = public, pg_temp;

-- What every program reads before it works.
grant select on schema_migrations to
	botbeat_scheduler, botbeat_worker, botbeat_dashboard, botbeat_admin, botbeat_backup;
grant select on cluster_identity, scheduler_leases to botbeat_scheduler, botbeat_worker, botbeat_admin;

-- The dashboard: reads its tenant, writes configuration, seals credentials and cannot read them back.
-- Starting, stopping and deleting bots are commands: they touch the venue.
grant select (id, name, status, public_key, key_version, created_at) on tenants to botbeat_dashboard;
grant select on users, subscription_plans, user_subscriptions, bot_configs, bot_trading_pairs, run_leases,
	stop_gates, leg_claims, pair_states, order_journal, trades, funding, bot_execution_logs, usage_events,
	dead_letters, audit_logs, notification_preferences, notification_outbox to botbeat_dashboard;
grant insert (id, tenant_id, email, role), update (email, role), delete on users to botbeat_dashboard;
grant select (id, tenant_id, name, exchange, environment, version, key_version, permissions, status,
	status_reason, checked_at, created_at) on credentials to botbeat_dashboard;
grant insert (id, tenant_id, name, exchange, environment, sealed, version, key_version),
	update (name, sealed, version, key_version) on credentials to botbeat_dashboard;
grant insert (id, tenant_id, user_id, credential_id, name, exchange, environment, mode, strategy,
	interval_seconds, align, align_delay_ms),
	update (user_id, credential_id, name, mode, strategy, interval_seconds, align, align_delay_ms)
	on bot_configs to botbeat_dashboard;
grant insert (id, tenant_id, bot_id, symbol, side, automatic_mode, leverage, ema_interval, position_mode,
	strategy_params, is_active),
	update (automatic_mode, leverage, ema_interval, strategy_params, is_active)
	on bot_trading_pairs to botbeat_dashboard;
grant insert, update (event, channel, level), delete on notification_preferences to botbeat_dashboard;

-- The scheduler: reads configuration and risk, leads, records a verdict once, and tells about it.
grant select (id, name, status, created_at) on tenants to botbeat_scheduler;
grant select on subscription_plans, user_subscriptions, bot_configs, bot_trading_pairs, run_leases,
	stop_gates, pair_states, order_journal, bot_execution_logs, leg_claims to botbeat_scheduler;
grant update (admission, admission_reason, unattended) on run_leases to botbeat_scheduler;
grant update (holder, epoch, lease_until) on scheduler_leases to botbeat_scheduler;
grant select, insert on notification_outbox to botbeat_scheduler;
grant insert on audit_logs to botbeat_scheduler;

-- The worker: everything of a run. Journal, trades and funding are never deleted; a trade's facts are
-- never changed, what is learnt later about it is.
grant select on tenants, subscription_plans, user_subscriptions, credentials, bot_configs, bot_trading_pairs,
	run_leases, stop_gates, leg_claims, account_leases, pair_states, order_journal, trades, funding,
	bot_execution_logs, usage_events, dead_letters, notification_outbox to botbeat_worker;
grant update (public_key, wrapped_private_key, master_key_id, key_version) on tenants to botbeat_worker;
grant update (sealed, version, version_min, key_version, account_id, key_fingerprint, permissions, status,
	status_reason, checked_at) on credentials to botbeat_worker;
grant update (status, status_reason, updated_at) on bot_configs to botbeat_worker;
grant update (token, holder, run_at, lease_until, newest_slot, newest_open, follow_up_at, stopped, stop_requested_at,
	stop_run_done, unattended) on run_leases to botbeat_worker;
grant update (changed_at) on stop_gates to botbeat_worker; -- to lock; the policy lets nothing through
grant insert, update, delete on leg_claims, account_leases to botbeat_worker;
grant update on pair_states to botbeat_worker;
grant insert, update on order_journal, bot_execution_logs, dead_letters to botbeat_worker;
grant insert, update (pnl_percentage, net_pnl, venue_pnl, balance_after, position_value, margin_level,
	cycle_net, metadata) on trades to botbeat_worker;
grant insert on funding, usage_events, notification_outbox, audit_logs to botbeat_worker;

-- The admin: what commands change. Money rows are written by a run's functions only as inserts, the
-- audit log only grows.
grant select on tenants, users, subscription_plans, user_subscriptions, credentials, bot_configs,
	bot_trading_pairs, run_leases, stop_gates, leg_claims, account_leases, pair_states, order_journal,
	trades, funding, bot_execution_logs, usage_events, dead_letters, audit_logs,
	notification_preferences, notification_outbox to botbeat_admin;
grant insert, update, delete on tenants, users, subscription_plans, user_subscriptions, credentials,
	bot_configs, bot_trading_pairs, leg_claims, account_leases, notification_preferences to botbeat_admin;
grant update on run_leases, stop_gates, pair_states, scheduler_leases to botbeat_admin;
grant insert, update on order_journal, bot_execution_logs, dead_letters, cluster_identity to botbeat_admin;
grant insert on trades, funding, usage_events, audit_logs, notification_outbox to botbeat_admin;
grant update (sent_at) on notification_outbox to botbeat_admin;
