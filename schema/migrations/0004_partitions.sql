-- Months of runs and usage: made ahead, dropped by retention. Programs may not make or drop tables, so
-- both functions act as the owner. Neither may make runs wait: where a lock is not to be had within two
-- seconds (a backup is reading), that month is left for the next call.

create policy retention on tenants for select to botbeat_owner using (true);
create policy retention on user_subscriptions for select to botbeat_owner using (true);
create policy retention_select on bot_execution_logs for select to botbeat_owner using (true);
create policy retention_delete on bot_execution_logs for delete to botbeat_owner using (true);

-- Rows outside every month (the scheduler was down for months, a venue's clock is far off) must not
-- stop a booking: they land here, and move when their month is made. Partitions have no grants, and
-- no policy but the mover's: whoever is not the owner reaches rows through the parent only.
create table bot_execution_logs_other partition of bot_execution_logs default;
create table usage_events_other partition of usage_events default;
alter table bot_execution_logs_other enable row level security, force row level security;
alter table usage_events_other enable row level security, force row level security;
create policy move on bot_execution_logs_other to botbeat_owner using (true) with check (true);
create policy move on usage_events_other to botbeat_owner using (true) with check (true);

create function partition_name(p_parent regclass, p_month timestamptz) returns text
language sql immutable as $$
	select p_parent::text || to_char(p_month at time zone 'UTC', '_YYYY_MM')
$$;

-- Makes one month of one table, with the rows of that month that landed outside.
create function make_partition(p_parent regclass, p_column text, p_month timestamptz) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
	made text := partition_name(p_parent, p_month);
	until timestamptz := (p_month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
begin
	execute format('create table %I (like %s including defaults including constraints including indexes)',
		made, p_parent);
	execute format('with moved as (delete from %I where %I >= %L and %I < %L returning *)
		insert into %I select * from moved',
		p_parent || '_other', p_column, p_month, p_column, until, made);
	execute format('alter table %I enable row level security, force row level security', made);
	execute format('alter table %s attach partition %I for values from (%L) to (%L)',
		p_parent, made, p_month, until);
end $$;

-- Sees that the months from the last one to p_months_ahead from now are there. Returns how many it made.
create function ensure_partitions(p_months_ahead integer default 3) returns integer
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
	this_month timestamp := date_trunc('month', now() at time zone 'UTC');
	parent record;
	month timestamptz;
	made integer := 0;
begin
	if p_months_ahead not between 0 and 120 then
		raise exception 'p_months_ahead is %, expected 0 to 120', p_months_ahead;
	end if;
	perform pg_advisory_xact_lock(4215970330114);
	for parent in values ('bot_execution_logs'::regclass, 'scheduled_at'), ('usage_events', 'occurred_at') loop
		for ahead in -1 .. p_months_ahead loop
			month := (this_month + ahead * interval '1 month') at time zone 'UTC';
			continue when to_regclass(partition_name(parent.column1, month)) is not null;
			begin
				perform make_partition(parent.column1, parent.column2, month);
				made := made + 1;
			exception when lock_not_available then
				null; -- the next call tries again; rows of the month land outside until then
			end;
		end loop;
	end loop;
	return made;
end $$;

-- How long each tenant's runs are kept: the longest that a plan of its ever promised; 90 days without.
create function run_log_retention() returns table (tenant_id uuid, days integer) language sql stable as $$
	select t.id, coalesce(max(p.run_log_retention_days), 90)
	from tenants t
	left join user_subscriptions s on s.tenant_id = t.id
	left join subscription_plans p on p.id = s.plan_id
	group by t.id
$$;

create function drop_partitions_before(p_parent regclass, p_before timestamptz) returns integer
language plpgsql set search_path = public, pg_temp as $$
declare
	month record;
	dropped integer := 0;
begin
	for month in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
		where i.inhparent = p_parent and c.relname ~ '_\d{4}_\d\d$'
		and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= p_before
		order by c.relname
	loop
		begin
			execute format('drop table %I', month.relname);
			dropped := dropped + 1;
		exception when lock_not_available then
			null; -- the next call tries again
		end;
	end loop;
	return dropped;
end $$;

-- Retention. A month of runs is dropped when it is older than the longest plan's retention; shorter
-- retentions delete rows, at most p_rows_max a call, so that no transaction is long. Usage is kept
-- for two years: an invoice must be recountable. Call it every hour.
create function drop_old_partitions(p_rows_max integer default 10000,
	out partitions_dropped integer, out rows_deleted bigint)
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
	longest integer := greatest(90, (select max(run_log_retention_days) from subscription_plans));
begin
	perform pg_advisory_xact_lock(4215970330114);
	partitions_dropped := drop_partitions_before('bot_execution_logs', now() - longest * interval '1 day')
		+ drop_partitions_before('usage_events', now() - interval '2 years');
	delete from bot_execution_logs where (bot_id, scheduled_at) in (
		select l.bot_id, l.scheduled_at
		from run_log_retention() r
		join bot_execution_logs l on l.tenant_id = r.tenant_id
			and l.scheduled_at < now() - r.days * interval '1 day'
		limit p_rows_max);
	get diagnostics rows_deleted = row_count;
end $$;

-- Those that act as the owner are for those who need them; their parts are for them alone.
revoke execute on function make_partition(regclass, text, timestamptz),
	drop_partitions_before(regclass, timestamptz), run_log_retention(),
	ensure_partitions(integer), drop_old_partitions(integer)
	from botbeat_scheduler, botbeat_worker, botbeat_admin;
grant execute on function ensure_partitions(integer), drop_old_partitions(integer)
	to botbeat_scheduler, botbeat_worker, botbeat_admin; -- a worker, for --drain

select ensure_partitions(3);
