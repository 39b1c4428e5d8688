-- What support does about runs that were given up and orders that nobody can explain. SECURITY INVOKER.

-- How commands show a time: 2026-11-22T10:04:06.123Z.
create function utc_text(at timestamptz) returns text language sql stable parallel safe as $$
	select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- A retry never opens the dead slot again: it asks for a run now, which stands for it (claim_run names
-- it), books what may have left, and decides anew. Outcomes: retried; gone (no such letter, or it is not
-- dead any more); unwanted (the bot does not run, why says why).
create function retry_dead_letter(p_id uuid, p_actor text, p_reason text, out outcome text, out why text)
language plpgsql as $$
declare
	letter dead_letters;
	verdict record;
begin
	select * into letter from dead_letters d where d.id = p_id;
	if not found then
		outcome := 'gone'; return;
	end if;
	-- Lock order everywhere: the lease row first.
	perform 1 from run_leases l where l.bot_id = letter.bot_id for update;
	select v.admission, v.reason, v.needs_watch, v.wants_stop_run into verdict
		from bot_admission v where v.bot_id = letter.bot_id;
	if verdict.admission = 'none' and not verdict.needs_watch and not verdict.wants_stop_run then
		outcome := 'unwanted'; why := verdict.reason; return;
	end if;
	update dead_letters d set state = 'retried', retried_as = null
		where d.id = p_id and d.state = 'dead';
	if not found then
		outcome := 'gone'; return;
	end if;
	update run_leases l set follow_up_at = least(l.follow_up_at, clock_timestamp())
		where l.bot_id = letter.bot_id;
	insert into audit_logs (tenant_id, actor, action, object, reason, detail)
		values (letter.tenant_id, p_actor, 'dlq.retry', p_id::text, p_reason,
			jsonb_build_object('bot', letter.bot_id, 'scheduled_at', letter.scheduled_at));
	outcome := 'retried';
end $$;

-- A letter that needs no retry. False: it is not dead (any more).
create function drop_dead_letter(p_id uuid, p_actor text, p_reason text) returns boolean language plpgsql as $$
declare
	letter dead_letters;
begin
	update dead_letters d set state = 'dropped' where d.id = p_id and d.state = 'dead' returning * into letter;
	if not found then
		return false;
	end if;
	insert into audit_logs (tenant_id, actor, action, object, reason, detail)
		values (letter.tenant_id, p_actor, 'dlq.drop', p_id::text, p_reason,
			jsonb_build_object('bot', letter.bot_id, 'scheduled_at', letter.scheduled_at));
	return true;
end $$;

-- The end of `order resolve`, in its transaction: who said so, a run to look at it, the bot given back.
create function finish_resolve(p_bot uuid, p_token bigint, p_actor text, p_reason text, p_client_order_id text,
	p_detail jsonb) returns text language plpgsql as $$
declare
	v_tenant uuid;
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	update run_leases l set follow_up_at = least(l.follow_up_at, clock_timestamp()), holder = null,
		run_at = null, lease_until = clock_timestamp()
		where l.bot_id = p_bot returning l.tenant_id into v_tenant;
	insert into audit_logs (tenant_id, actor, action, object, reason, detail)
		values (v_tenant, p_actor, 'order.resolve', p_client_order_id, p_reason, p_detail);
	return 'resolved';
end $$;
