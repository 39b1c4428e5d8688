-- What operators do to bots, one function and one round trip each: start, pause, stop, adopt, release.
-- An action that touches the venue or the books holds the bot as a run does: it takes the lease and a new
-- token, so that a run that was under way is overtaken and a new one is refused until it is given back.
-- SECURITY INVOKER: the caller's grants and policies hold. Lock order as in 0003, configuration last.

-- Takes the bot for an operator's action. Outcomes: taken; gone (no such bot), busy (a live lease, which
-- lease_until_ms ends). As in claim_run, rows that never left are cancelled, rows on their way are
-- unknown. The action's own rows lie in the operator's name space, at the second slot_ms.
create function lease_take(p_bot uuid, p_holder text, p_lease_ms bigint,
	out outcome text, out token bigint, out slot_ms bigint, out next_sequence integer,
	out lease_until_ms bigint, out now_ms bigint, out document text)
language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	slot timestamptz := date_trunc('second', at);
	lease run_leases;
begin
	now_ms := epoch_ms(at);
	slot_ms := epoch_ms(slot);
	select * into lease from run_leases l where l.bot_id = p_bot for update;
	if not found then
		outcome := 'gone'; return;
	end if;
	if lease.holder is not null and lease.lease_until > at then
		outcome := 'busy';
		lease_until_ms := epoch_ms(lease.lease_until);
		return;
	end if;
	token := lease.token + 1;
	lease_until_ms := now_ms + p_lease_ms;
	update run_leases l set token = lease_take.token, holder = p_holder, run_at = slot,
		lease_until = at + p_lease_ms * interval '1 millisecond'
		where l.bot_id = p_bot;
	update order_journal j set state = 'cancelled', reason = 'never_sent', updated_at = at
		where j.bot_id = p_bot and j.state = 'planned';
	update order_journal j set state = 'unknown', updated_at = at
		where j.bot_id = p_bot and j.state = 'sending';
	select coalesce(max(j.sequence) + 1, 0) into next_sequence from order_journal j
		where j.bot_id = p_bot and j.scheduled_at = slot and j.space = 'operator';
	document := run_document(p_bot, slot)::text;
	outcome := 'taken';
end $$;

-- Gives the bot back. False: it was not ours any more.
create function lease_release(p_bot uuid, p_token bigint) returns boolean language sql as $$
	with released as (
		update run_leases set holder = null, run_at = null, lease_until = clock_timestamp()
		where bot_id = p_bot and token = p_token and holder is not null returning 1)
	select exists (select from released)
$$;

-- T1 of a setting: one row of the operator's, before its request leaves. It passes the bot's own closed
-- gate, which a start finds closed; gates above the bot are the caller's to ask (operator_gates).
create function plan_setting(p_bot uuid, p_token bigint, p_pair uuid, p jsonb) returns text
language plpgsql as $$
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, space, token, kind,
		purpose, stop_allowed, client_order_id, exchange, environment, account_id, symbol, leg, reason)
		select l.tenant_id, p_bot, p_pair, l.run_at, (p ->> 'sequence')::integer, 'operator', p_token,
			'setting', 'setting', true, p ->> 'client_order_id', p ->> 'exchange',
			p ->> 'environment', p ->> 'account_id', p ->> 'symbol', p ->> 'leg', p ->> 'what'
		from run_leases l where l.bot_id = p_bot;
	return 'planned';
end $$;

-- An adoption: its journal row, the adjusting trade and the leg's book, in one transaction. p as
-- book_results wants it, with row: {sequence, client_order_id, …} beside.
create function adopt_leg(p_bot uuid, p_token bigint, p_pair uuid, p_actor text, p_reason text, p jsonb)
returns text language plpgsql as $$
declare
	r jsonb := p -> 'row';
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, space, token, kind,
		purpose, stop_allowed, client_order_id, exchange, environment, account_id, symbol, leg, side,
		quantity, price, state, reason)
		select l.tenant_id, p_bot, p_pair, l.run_at, (r ->> 'sequence')::integer, 'operator', p_token,
			'setting', 'adopt', true, r ->> 'client_order_id', r ->> 'exchange',
			r ->> 'environment', r ->> 'account_id', r ->> 'symbol', r ->> 'leg', r ->> 'side',
			(r ->> 'quantity')::numeric, (r ->> 'price')::numeric, 'done', p_reason
		from run_leases l where l.bot_id = p_bot;
	insert into audit_logs (tenant_id, actor, action, object, reason, detail)
		select l.tenant_id, p_actor, 'bot.adopt', p_bot::text, p_reason, r
		from run_leases l where l.bot_id = p_bot;
	return book_results(p_bot, p_token, p - 'row');
end $$;

-- Stops above the bot that are in force: their scope and reason. As for a send, a gate that is missing is
-- not open.
create function operator_gates(p_bot uuid) returns table (scope text, reason text) language sql stable as $$
	select above.scope, case when g.scope is null then 'its stop gate is missing' else g.reason end
	from bot_configs b
	cross join lateral (values ('system'), ('venue:' || b.exchange), ('tenant:' || b.tenant_id))
		as above(scope)
	left join stop_gates g on g.scope = above.scope
	where b.id = p_bot and g.stopped is distinct from false order by above.scope
$$;

-- Claims of a stopped bot end where its leg is flat and every row of it is final.
create function release_idle_claims(p_bot uuid) returns bigint language sql as $$
	with released as (
		delete from leg_claims k using run_leases l, pair_states s
		where k.bot_id = p_bot and l.bot_id = k.bot_id and l.stopped
		and s.pair_id = k.pair_id and s.quantity = 0
		and not exists (select from order_journal j where j.bot_id = k.bot_id and not j.final)
		returning 1)
	select count(*) from released
$$;

-- Claims legs of an account for a bot whose lease the caller holds. p_legs: [{pair, symbol, leg}].
-- Outcomes: claimed; fenced; taken (by conflict: the other bot's name within the tenant, else null);
-- moved (the bot still holds legs of another account). In one-way mode the symbol is the leg, so a
-- symbol is claimed one way or by legs, never both.
create function claim_legs(p_bot uuid, p_token bigint, p_account text, p_legs jsonb,
	out outcome text, out symbol text, out conflict text) language plpgsql as $$
declare
	bot bot_configs;
	wanted record;
	other record;
begin
	if not hold_token(p_bot, p_token) then
		outcome := 'fenced'; return;
	end if;
	select * into bot from bot_configs b where b.id = p_bot;
	-- One account, one claimer at a time: legs of different names may exclude each other.
	perform pg_advisory_xact_lock(hashtextextended(
		'leg_claims/' || bot.exchange || '/' || bot.environment || '/' || p_account, 0));
	select k.symbol into symbol from leg_claims k
		where k.bot_id = p_bot and k.account_id <> p_account limit 1;
	if found then
		outcome := 'moved'; return;
	end if;
	-- What stopped bots have no more use for, and nobody has released yet.
	delete from leg_claims k using run_leases l, pair_states s
		where k.exchange = bot.exchange and k.environment = bot.environment
		and k.account_id = p_account and k.bot_id <> p_bot and l.bot_id = k.bot_id
		and l.stopped and l.stop_run_done and (l.holder is null or l.lease_until < clock_timestamp())
		and s.pair_id = k.pair_id and s.quantity = 0
		and not exists (select from order_journal j where j.bot_id = k.bot_id and not j.final);
	for wanted in select w.pair, w.symbol, w.leg
		from jsonb_to_recordset(p_legs) as w(pair uuid, symbol text, leg text) order by w.symbol, w.leg
	loop
		select k.bot_id, b.tenant_id, b.name into other
			from leg_claims k join bot_configs b on b.id = k.bot_id
			where k.exchange = bot.exchange and k.environment = bot.environment
			and k.account_id = p_account and k.symbol = wanted.symbol and k.bot_id <> p_bot
			and (k.leg = wanted.leg or 'one_way' in (k.leg, wanted.leg)) limit 1;
		if found then
			outcome := 'taken';
			symbol := wanted.symbol;
			conflict := case when other.tenant_id = bot.tenant_id then other.name end;
			return;
		end if;
	end loop;
	delete from leg_claims k where k.bot_id = p_bot and k.pair_id in (
		select w.pair from jsonb_to_recordset(p_legs) as w(pair uuid));
	insert into leg_claims (exchange, environment, account_id, symbol, leg, tenant_id, bot_id, pair_id)
		select bot.exchange, bot.environment, p_account, w.symbol, w.leg, bot.tenant_id, p_bot, w.pair
		from jsonb_to_recordset(p_legs) as w(pair uuid, symbol text, leg text);
	outcome := 'claimed';
end $$;

-- Bots other than p_bot that hold a leg of the account (of the symbol, where one is given).
create function claimed_by_others(p_bot uuid, p_account text, p_symbol text) returns bigint
language sql stable as $$
	select count(distinct k.bot_id) from leg_claims k join bot_configs b on b.id = p_bot
	where k.exchange = b.exchange and k.environment = b.environment and k.account_id = p_account
	and k.bot_id <> p_bot and (p_symbol is null or k.symbol = p_symbol)
$$;

-- The last step of a start: from here on the bot runs, at once. p_stamps: [{pair, fills_from_ms,
-- funding_from_ms}], kept only where the pair has none yet. Gives the lease back. A stop that came after
-- p_taken_ms, when the lease was taken, wins: stopped.
create function start_bot(p_bot uuid, p_token bigint, p_taken_ms bigint, p_actor text, p_detail jsonb,
	p_stamps jsonb) returns text language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	v_tenant uuid;
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	perform 1 from run_leases where bot_id = p_bot
		and stop_requested_at >= from_ms(p_taken_ms) - interval '1 millisecond';
	if found then
		return 'stopped';
	end if;
	update run_leases set stopped = false, stop_run_done = true, stop_requested_at = null,
		follow_up_at = at, holder = null, run_at = null, lease_until = at
		where bot_id = p_bot returning tenant_id into v_tenant;
	update pair_states s set fills_from = coalesce(s.fills_from, from_ms(w.fills_from_ms)),
		funding_from = coalesce(s.funding_from, from_ms(w.funding_from_ms)), updated_at = at
		from jsonb_to_recordset(p_stamps) as w(pair uuid, fills_from_ms bigint, funding_from_ms bigint)
		where s.pair_id = w.pair and s.bot_id = p_bot;
	update bot_configs set status = 'running', status_reason = null where id = p_bot;
	insert into audit_logs (tenant_id, actor, action, object, detail)
		values (v_tenant, p_actor, 'bot.start', p_bot::text, p_detail);
	return 'started';
end $$;

-- A stop: from its commit on no row of the bot turns sending, except those of the stop run, which is owed
-- from here on (not again by a bot that stood still already). Returns the moment.
create function stop_bot(p_bot uuid, p_actor text, p_reason text) returns bigint language plpgsql as $$
declare
	at timestamptz;
	lease run_leases;
	v_idle boolean;
begin
	-- Waits for a send that is between its gate and its commit: that row is sending before us.
	select * into lease from run_leases where bot_id = p_bot for update;
	at := clock_timestamp();
	v_idle := lease.stopped and lease.stop_run_done
		and not exists (select from order_journal j where j.bot_id = p_bot and not j.final);
	update run_leases set stopped = true, stop_run_done = v_idle, stop_requested_at = at,
		follow_up_at = case when v_idle then follow_up_at else at end
		where bot_id = p_bot;
	update bot_configs set status = 'stopped', status_reason = p_reason where id = p_bot;
	insert into audit_logs (tenant_id, actor, action, object, reason)
		values (lease.tenant_id, p_actor, 'bot.stop', p_bot::text, p_reason);
	return epoch_ms(at);
end $$;

-- A pause: the next run, asked for at once, cancels the entries and manages exits only. False: the bot
-- does not run.
create function pause_bot(p_bot uuid, p_actor text, p_reason text) returns boolean language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	v_tenant uuid;
begin
	perform 1 from run_leases where bot_id = p_bot for update;
	update bot_configs set status = 'paused', status_reason = p_reason
		where id = p_bot and status in ('running', 'blocked') returning tenant_id into v_tenant;
	if not found then
		return false;
	end if;
	update run_leases set stop_requested_at = at, follow_up_at = at where bot_id = p_bot;
	insert into audit_logs (tenant_id, actor, action, object, reason)
		values (v_tenant, p_actor, 'bot.pause', p_bot::text, p_reason);
	return true;
end $$;

-- Gives up every leg of a stopped bot, whatever stands in it. Returns how many; -1: the bot is not stopped.
create function release_bot(p_bot uuid, p_actor text, p_reason text) returns bigint language plpgsql as $$
declare
	lease run_leases;
	released bigint;
begin
	select * into lease from run_leases where bot_id = p_bot for update;
	if not lease.stopped or lease.lease_until > clock_timestamp() and lease.holder is not null then
		return -1;
	end if;
	with gone as (delete from leg_claims where bot_id = p_bot returning symbol, leg, account_id)
		select count(*) into released from gone;
	insert into audit_logs (tenant_id, actor, action, object, reason, detail)
		values (lease.tenant_id, p_actor, 'bot.release', p_bot::text, p_reason,
			jsonb_build_object('legs', released));
	return released;
end $$;
