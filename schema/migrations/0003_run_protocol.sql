-- The transactions of a run, one function each and one round trip each. This file is the money
-- protocol: every function first locks the bot's run-lease row and requires the caller's token, so
-- that a run that was overtaken writes nothing. SECURITY INVOKER: the caller's grants and policies
-- hold. Lock order everywhere: run_leases, stop_gates, the run row, journal, states.

-- What the protocol keeps beside the tables of 0001. Times of a leg that strategies measure with
-- (cycle_started_at, last_fill_at and those below, but for funding_seen and pnl_owed) are the market's;
-- on a real venue the server's clock is the same.
alter table pair_states
	add base_price numeric,              -- of the cycle's first fill
	add last_add_price numeric,          -- of its last fill that added; the base until there is one
	add last_entry_at timestamptz,       -- its last fill that opened or added
	add cycle_ended_at timestamptz,      -- when the last cycle that ended did
	add cycle_ended_by text not null default 'foreign', -- the purpose of the order that ended it
	add cycle_unpriced boolean not null default false, -- a fee of the cycle has no worth in its coin
	add market_day timestamptz,          -- the UTC day that the two below count
	add day_net numeric not null default 0,
	add day_orders integer not null default 0, -- entry orders sent
	add funding_seen timestamptz,        -- server's clock: payments before this are booked
	add pnl_owed timestamptz;            -- server's clock: the oldest reduction whose venue_pnl is not known yet
alter table order_journal
	add trigger_by text check (trigger_by in ('last', 'mark')),
	add value numeric,                   -- of an entry: what it adds to the account's notional when it fills
	add market_at timestamptz;           -- the market's time when it was planned

-- By way of UTC's plain timestamp, whose arithmetic is immutable: so they are inlined where they are
-- called. Written over timestamptz they would be started as functions, anew at every call.
create function epoch_ms(at timestamptz) returns bigint language sql immutable as $$
	select (extract(epoch from $1 at time zone 'UTC') * 1000)::bigint
$$;

create function from_ms(ms bigint) returns timestamptz language sql immutable as $$
	select (timestamp 'epoch' + ms * interval '1 millisecond') at time zone 'UTC'
$$;

-- True if the caller's token is the bot's newest and its run has not ended (a statement of a killed runner
-- may still be under way); the lease row stays locked to the end of the transaction.
create function hold_token(p_bot uuid, p_token bigint) returns boolean language plpgsql as $$
begin
	perform 1 from run_leases where bot_id = p_bot and token = p_token and holder is not null for update;
	return found;
end $$;

-- What a run needs to know of its bot, as one document. Amounts as text. In plpgsql, which keeps its
-- plan for the session: a function in sql would be parsed and planned anew in every claim. json, not
-- jsonb: it is only ever read as text, and is written as text from the start.
create function run_document(p_bot uuid, p_slot timestamptz) returns json language plpgsql stable as $$
begin
	return (select json_build_object(
		'bot', json_build_object('id', b.id, 'tenant', b.tenant_id, 'name', b.name,
			'exchange', b.exchange, 'environment', b.environment, 'mode', b.mode,
			'strategy', b.strategy, 'interval_seconds', b.interval_seconds,
			'config_version', b.config_version),
		'credential', (select json_build_object('id', c.id, 'sealed', c.sealed,
			'version_min', c.version_min, 'account_id', coalesce(c.account_id, c.key_fingerprint),
			'environment', c.environment, 'status', c.status, 'egresses', c.egresses,
			'wrapped', t.wrapped_private_key, 'master_key_id', t.master_key_id)
			from credentials c join tenants t on t.id = c.tenant_id
			where c.id = b.credential_id and c.tenant_id = b.tenant_id),
		-- The best of the plans that are current, and how new the endpoint pool is (0012).
		'tier', coalesce((select n.endpoint_tier from user_subscriptions u
			join subscription_plans n on n.id = u.plan_id
			where u.tenant_id = b.tenant_id and u.status in ('trialing', 'active', 'past_due')
			and (u.current_period_end is null or u.current_period_end > now())
			order by array_position(array['emergency', 'premium', 'standard', 'economy'], n.endpoint_tier)
			limit 1), 'standard'),
		'pool_version', (select v.version from endpoint_pool v),
		'pairs', coalesce((select json_agg(json_build_object('id', p.id, 'symbol', p.symbol,
			'side', p.side, 'automatic_mode', p.automatic_mode, 'leverage', p.leverage,
			'ema_interval', p.ema_interval, 'position_mode', p.position_mode,
			'params', p.strategy_params, 'active', p.is_active,
			-- Of the account that the credential acts on now, and of no other.
			'claimed', exists (select from leg_claims k join credentials c on c.id = b.credential_id
				where k.pair_id = p.id and k.bot_id = b.id and k.exchange = b.exchange
				and k.environment = b.environment
				and k.account_id = coalesce(c.account_id, c.key_fingerprint)),
			'held', s.held, 'quantity', s.quantity::text, 'cost', s.cost::text, 'cycle', s.cycle,
			'cycle_pnl', s.cycle_pnl::text, 'cycle_fees', s.cycle_fees::text,
			'cycle_funding', s.cycle_funding::text,
			'cycle_started_ms', epoch_ms(s.cycle_started_at), 'adds', s.adds, 'entry_order_id', s.entry_order_id,
			'base_price', s.base_price::text, 'last_add_price', s.last_add_price::text,
			'last_entry_ms', epoch_ms(s.last_entry_at), 'cycle_ended_ms', epoch_ms(s.cycle_ended_at),
			'cycle_ended_by', s.cycle_ended_by, 'cycle_unpriced', s.cycle_unpriced,
			'day_ms', epoch_ms(s.market_day), 'day_net', s.day_net::text, 'day_orders', s.day_orders,
			'funding_seen_ms', epoch_ms(s.funding_seen), 'pnl_owed_ms', epoch_ms(s.pnl_owed),
			'last_fill_ms', epoch_ms(s.last_fill_at), 'state', s.strategy_state,
			'state_version', s.state_version, 'fills_from_ms', epoch_ms(s.fills_from),
			'funding_from_ms', epoch_ms(s.funding_from), 'drift_since_ms', epoch_ms(s.drift_since),
			'drift_confirmed', s.drift_confirmed, 'reasons_hash', s.reasons_hash::text)
			order by p.symbol, p.side)
			from bot_trading_pairs p join pair_states s on s.pair_id = p.id
			where p.bot_id = b.id), '[]'),
		'rows', coalesce((select json_agg(json_build_object('client_order_id', j.client_order_id,
			'pair', j.pair_id, 'kind', j.kind, 'purpose', j.purpose, 'state', j.state,
			'target', j.target_client_order_id, 'symbol', j.symbol, 'leg', j.leg, 'side', j.side,
			'order_type', j.order_type, 'quantity', j.quantity::text, 'price', j.price::text,
			'trigger_price', j.trigger_price::text, 'trigger_by', j.trigger_by,
			'value', j.value::text, 'market_ms', epoch_ms(j.market_at), 'reduce_only', j.reduce_only,
			'filled', j.filled_quantity::text, 'filled_value', j.filled_value::text,
			'expires_server_ms', j.expires_server_ms, 'sent_ms', epoch_ms(j.sent_at),
			'created_ms', epoch_ms(j.created_at), 'asked', j.asked_count,
			'absent_ms', epoch_ms(j.absent_at), 'cycle', j.cycle,
			'executions', coalesce((select json_agg(t.exec_id) from trades t
				where t.bot_id = j.bot_id and t.client_order_id = j.client_order_id
				and t.executed_at > j.created_at - interval '30 days'), '[]'))
			order by j.scheduled_at, j.sequence)
			from order_journal j
			where j.bot_id = b.id and (not j.final
				or (j.state = 'absent' and j.absent_at > now() - interval '24 hours'))), '[]'),
		'next_sequence', (select coalesce(max(j.sequence) + 1, 0) from order_journal j
			where j.bot_id = b.id and j.scheduled_at = p_slot and j.space = 'run'),
		'may_have_sent', exists (select from order_journal j
			where j.bot_id = b.id and j.scheduled_at = p_slot and j.kind = 'place'
			and j.state <> 'planned' and j.reason is distinct from 'never_sent'))
	from bot_configs b where b.id = p_bot);
end $$;

-- The claim decides whether a slot runs. Outcomes: claimed; and refusals: gone (no such bot), future,
-- older (a newer slot was claimed), busy (a live lease), ended, early (its retry is not due),
-- unwanted (nothing to do for a stopped or blocked bot; the reason says which).
create function claim_run(p_bot uuid, p_slot timestamptz, p_holder text, p_lease_ms bigint,
	out outcome text, out reason text, out token bigint, out attempt integer, out kind text,
	out admission text, out lease_until_ms bigint, out now_ms bigint, out document text)
language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	lease run_leases;
	run bot_execution_logs;
	verdict record;
begin
	now_ms := epoch_ms(at);
	select * into lease from run_leases l where l.bot_id = p_bot for update;
	if not found then
		outcome := 'gone'; return;
	end if;
	if p_slot > at + interval '2 seconds' then
		outcome := 'future'; return;
	elsif p_slot < lease.newest_slot then
		outcome := 'older'; return;
	elsif lease.holder is not null and lease.lease_until > at then
		outcome := 'busy'; return;
	end if;

	-- A slot newer than all that were claimed has no run yet: asking would open every month's partition.
	if p_slot = lease.newest_slot then
		select * into run from bot_execution_logs r where r.bot_id = p_bot and r.scheduled_at = p_slot;
	end if;
	if run.status in ('success', 'error', 'skipped', 'dead') then
		outcome := 'ended'; return;
	elsif run.status = 'retrying' and run.retry_at > at + interval '50 milliseconds' then
		outcome := 'early';
		lease_until_ms := epoch_ms(run.retry_at);
		return;
	end if;

	select v.admission, v.reason, v.wants_stop_run, v.needs_watch into verdict
		from bot_admission v where v.bot_id = p_bot;
	kind := case when lease.stopped and not lease.stop_run_done then 'stop'
		when verdict.admission = 'none' then 'watch' else 'slot' end;
	if kind = 'watch' and not verdict.needs_watch then
		update run_leases set follow_up_at = null where bot_id = p_bot and follow_up_at is not null;
		outcome := 'unwanted'; reason := verdict.reason; return;
	end if;
	admission := case when verdict.admission = 'normal' then 'normal' else 'exits_only' end;
	token := lease.token + 1;
	update run_leases set token = lease.token + 1, holder = p_holder, run_at = p_slot,
		lease_until = at + p_lease_ms * interval '1 millisecond', newest_slot = p_slot,
		newest_open = true, follow_up_at = case when follow_up_at > p_slot then follow_up_at end
		where bot_id = p_bot;
	lease_until_ms := now_ms + p_lease_ms;

	if run.bot_id is null then
		attempt := 1;
		insert into bot_execution_logs (bot_id, scheduled_at, tenant_id, kind, admission, token, worker,
			started_at, retries)
			values (p_bot, p_slot, lease.tenant_id, claim_run.kind, claim_run.admission, claim_run.token,
				p_holder, at, (select max(epoch_ms(d.scheduled_at))::text from dead_letters d
					where d.bot_id = p_bot and d.state = 'retried' and d.retried_as is null));
		-- Which slot stands for a dead one is known only now: the scheduler takes the next free second.
		update dead_letters d set retried_as = p_slot
			where d.bot_id = p_bot and d.state = 'retried' and d.retried_as is null;
	else
		attempt := run.attempt + 1;
		update bot_execution_logs r set status = 'running', attempt = claim_run.attempt,
			token = claim_run.token, worker = p_holder, started_at = at, retry_at = null,
			kind = claim_run.kind, admission = claim_run.admission
			where r.bot_id = p_bot and r.scheduled_at = p_slot;
	end if;

	-- The slot before, if it never ended, is over now: it was overtaken. No older one can be open.
	if lease.newest_open and lease.newest_slot < p_slot then
		update bot_execution_logs r set status = 'error', error_class = 'superseded', finished_at = at,
			error = 'a newer slot was claimed before this one ended'
			where r.bot_id = p_bot and r.scheduled_at = lease.newest_slot
			and r.status in ('running', 'retrying');
	end if;
	-- A run that was overtaken holds nothing of its account any more: others need not wait for its expiry.
	if lease.holder is not null then
		delete from account_leases where bot_id = p_bot;
	end if;
	-- Planned under an earlier token: never left. Sending without a live run: unknown.
	update order_journal j set state = 'cancelled', reason = 'never_sent', updated_at = at
		where j.bot_id = p_bot and j.state = 'planned';
	update order_journal j set state = 'unknown', updated_at = at
		where j.bot_id = p_bot and j.state = 'sending';

	outcome := 'claimed';
	document := run_document(p_bot, p_slot)::text;
end $$;

-- The keeper's renewal of all runs of its host: {bot, token} pairs in, those that still hold out. What they
-- hold of accounts is held as long.
create function renew_leases(p_bots uuid[], p_tokens bigint[], p_lease_ms bigint)
returns table (bot_id uuid, token bigint, stopped boolean) language plpgsql as $$
#variable_conflict use_column
begin
	return query update run_leases l
		set lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
		from (select bot, held from unnest(p_bots, p_tokens) as held(bot, held) order by bot) h
		where l.bot_id = h.bot and l.token = h.held and l.holder is not null
		returning l.bot_id, l.token, l.stopped;
	-- After all the leases: whoever takes an account holds its own lease, and would wait for ours.
	update account_leases a set lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
		from unnest(p_bots, p_tokens) as held(bot, held)
		where a.bot_id = held.bot and a.token = held.held;
end $$;

-- T1: the pair's new strategy state and all planned rows, together, before the first send. Rows
-- planned earlier under this token for the pair and not sent were dropped by the new decision. Entries
-- are planned under the account's lease only, which stays locked to the commit: whoever takes it next
-- counts these rows. p_state null: these rows are added to what the decision planned, and its state stays.
-- Outcomes: planned, fenced, unleased.
create function plan_orders(p_bot uuid, p_token bigint, p_pair uuid, p_state jsonb,
	p_state_version bigint, p_rows jsonb) returns text language plpgsql as $$
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	perform 1 from account_leases a
		where a.bot_id = p_bot and a.token = p_token and a.lease_until > clock_timestamp() for share;
	if not found and jsonb_path_exists(p_rows, '$[*] ? (@.kind == "place" && (@.purpose == "open" || @.purpose == "add"))') then
		return 'unleased';
	end if;
	update order_journal set state = 'cancelled', reason = 'never_sent', updated_at = clock_timestamp()
		where bot_id = p_bot and pair_id = p_pair and state = 'planned' and p_state is not null;
	insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, token, kind, purpose,
		stop_allowed, client_order_id, target_client_order_id, exchange, environment, account_id, symbol,
		leg, side, order_type, time_in_force, quantity, price, trigger_price, trigger_by, value,
		reduce_only, cycle, market_at)
		select l.tenant_id, p_bot, p_pair, l.run_at, r.sequence, p_token, r.kind, r.purpose,
			coalesce(r.stop_allowed, false), r.client_order_id, r.target_client_order_id,
			r.exchange, r.environment, r.account_id, r.symbol, r.leg, r.side, r.order_type,
			r.time_in_force, r.quantity, r.price, r.trigger_price, r.trigger_by, r.value,
			coalesce(r.reduce_only, false), r.cycle, from_ms(r.market_ms)
		from run_leases l, jsonb_to_recordset(p_rows) as r(sequence integer, kind text, purpose text,
			stop_allowed boolean, client_order_id text, target_client_order_id text, exchange text,
			environment text, account_id text, symbol text, leg text, side text, order_type text,
			time_in_force text, quantity numeric, price numeric, trigger_price numeric,
			trigger_by text, value numeric, reduce_only boolean, cycle bigint, market_ms bigint)
		where l.bot_id = p_bot;
	update pair_states set strategy_state = p_state, state_version = p_state_version,
		updated_at = clock_timestamp()
		where pair_id = p_pair and p_state is not null;
	return 'planned';
end $$;

-- T2: planned → sending, with the time after which the venue refuses the request (its own clock).
-- Our token and the stop gates are columns of rows that stay locked to the commit: a stop that
-- committed before us is seen, one that comes after waits for us. Outcomes: sending, fenced, stopped, gone.
create function send_order(p_bot uuid, p_token bigint, p_client_order_id text,
	p_expires_server_ms bigint) returns text language plpgsql as $$
declare
	lease run_leases;
	planned record;
	gates_open integer := 0;
	gate record;
begin
	select * into lease from run_leases where bot_id = p_bot for update;
	if not found or lease.token <> p_token or lease.holder is null then
		return 'fenced';
	end if;
	select j.exchange, j.stop_allowed into planned from order_journal j
		where j.bot_id = p_bot and j.token = p_token and j.state = 'planned'
		and lower(j.client_order_id) = lower(p_client_order_id);
	if not found then
		return 'gone';
	end if;
	for gate in select g.stopped from stop_gates g
		where g.scope in ('system', 'venue:' || planned.exchange, 'tenant:' || lease.tenant_id)
		order by g.scope for share
	loop
		gates_open := gates_open + case when gate.stopped then 0 else 1 end;
	end loop;
	-- All three must be seen open: a gate that is missing, or hidden by a policy, is no open gate.
	if (lease.stopped or gates_open <> 3) and not planned.stop_allowed then
		return 'stopped';
	end if;
	update order_journal j set state = 'sending', expires_server_ms = p_expires_server_ms,
		sent_at = clock_timestamp(), updated_at = clock_timestamp()
		where j.bot_id = p_bot and j.token = p_token and j.state = 'planned'
		and lower(j.client_order_id) = lower(p_client_order_id);
	return case when found then 'sending' else 'gone' end;
end $$;

-- T3: what became of rows, with their fills, the legs' books and what must be told, in one
-- transaction. A row turns final here and nowhere else. An execution that is booked already violates the
-- unique key of trades, a row that is final or not there is an error, and nothing is written: the caller
-- counted on something that is not so.
-- An amendment that took effect comes as the amended row's new quantity, price or trigger_price.
-- p: {rows: […], trades: […], funding: […], pairs: […], pnls: […], notices: […]}, all optional.
create function book_results(p_bot uuid, p_token bigint, p jsonb) returns text language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	v_tenant uuid;
	v_rows bigint;
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	select l.tenant_id into v_tenant from run_leases l where l.bot_id = p_bot;

	update order_journal j set
		state = r.state, venue_order_id = coalesce(r.venue_order_id, j.venue_order_id),
		filled_quantity = coalesce(r.filled, j.filled_quantity),
		filled_value = coalesce(r.filled_value, j.filled_value),
		quantity = coalesce(r.quantity, j.quantity), price = coalesce(r.price, j.price),
		trigger_price = coalesce(r.trigger_price, j.trigger_price),
		asked_count = coalesce(r.asked, j.asked_count),
		absent_at = case when r.state = 'absent' then coalesce(j.absent_at, at) else j.absent_at end,
		reason = coalesce(r.reason, j.reason), venue_code = coalesce(r.venue_code, j.venue_code),
		updated_at = at
		from jsonb_to_recordset(p -> 'rows') as r(client_order_id text, state text, venue_order_id text,
			filled numeric, filled_value numeric, quantity numeric, price numeric, trigger_price numeric,
			asked integer, reason text, venue_code bigint)
		where j.bot_id = p_bot and lower(j.client_order_id) = lower(r.client_order_id)
		and (not j.final or j.state = 'absent');
	get diagnostics v_rows = row_count;
	if v_rows <> coalesce(jsonb_array_length(p -> 'rows'), 0) then
		raise exception 'of % journal rows % can still change', jsonb_array_length(p -> 'rows'), v_rows;
	end if;

	insert into trades (tenant_id, bot_id, pair_id, exchange, environment, account_id, symbol, side,
		position_side, action, type, quantity, price, pnl, pnl_percentage, net_pnl, venue_pnl, fee, fee_currency,
		liquidity, balance_after, position_value, margin_level, exec_id, exec_part, order_id,
		client_order_id, cycle_id, cycle_net, executed_at, metadata)
		select v_tenant, p_bot, t.pair, t.exchange, t.environment, t.account_id, t.symbol, t.side,
			t.position_side, t.action, t.type, t.quantity, t.price, t.pnl, t.pnl_percentage, t.net_pnl,
			t.venue_pnl, t.fee, t.fee_currency, t.liquidity, t.balance_after, t.position_value, t.margin_level,
			t.exec_id, t.exec_part, t.order_id, t.client_order_id, t.cycle, t.cycle_net,
			from_ms(t.executed_ms), coalesce(t.metadata, '{}')
		from jsonb_to_recordset(p -> 'trades') as t(pair uuid, exchange text, environment text,
			account_id text, symbol text, side text, position_side text, action text, type text,
			quantity numeric, price numeric, pnl numeric, pnl_percentage numeric, net_pnl numeric,
			venue_pnl numeric, fee numeric, fee_currency text, liquidity text, balance_after numeric,
			position_value numeric, margin_level numeric, exec_id text, exec_part smallint,
			order_id text, client_order_id text, cycle bigint, cycle_net numeric, executed_ms bigint,
			metadata jsonb);

	insert into funding (tenant_id, bot_id, pair_id, exchange, environment, account_id, venue_id, symbol,
		amount, rate, quantity, cycle_id, paid_at)
		select v_tenant, p_bot, f.pair, f.exchange, f.environment, f.account_id, f.venue_id, f.symbol,
			f.amount, f.rate, f.quantity, f.cycle, from_ms(f.paid_ms)
		from jsonb_to_recordset(p -> 'funding') as f(pair uuid, exchange text, environment text,
			account_id text, venue_id text, symbol text, amount numeric, rate numeric, quantity numeric,
			cycle bigint, paid_ms bigint);

	-- A payment that came to light after its cycle had ended belongs to that cycle's net all the same.
	if jsonb_array_length(p -> 'funding') > 0 then
		update trades t set cycle_net = t.cycle_net + f.amount
			from (select f.pair, f.cycle, sum(f.amount) as amount
				from jsonb_to_recordset(p -> 'funding') as f(pair uuid, cycle bigint, amount numeric)
				group by f.pair, f.cycle) f
			where t.bot_id = p_bot and t.pair_id = f.pair and t.cycle_id = f.cycle and t.cycle_net is not null;
	end if;

	-- What the venue says that a fill earned, before fees; told later than the fill itself.
	if jsonb_array_length(p -> 'pnls') > 0 then
		update trades t set venue_pnl = r.venue_pnl
			from jsonb_to_recordset(p -> 'pnls') as r(pair uuid, exec_id text, venue_pnl numeric)
			where t.bot_id = p_bot and t.pair_id = r.pair and t.exec_id = r.exec_id and t.exec_part = 0;
	end if;

	update pair_states s set held = r.held, quantity = r.quantity, cost = r.cost, cycle = r.cycle,
		cycle_pnl = r.cycle_pnl, cycle_fees = r.cycle_fees, cycle_funding = r.cycle_funding,
		cycle_started_at = from_ms(r.cycle_started_ms), adds = r.adds,
		entry_order_id = coalesce(r.entry_order_id, ''),
		base_price = coalesce(r.base_price, s.base_price),
		last_add_price = coalesce(r.last_add_price, s.last_add_price),
		last_entry_at = coalesce(from_ms(r.last_entry_ms), s.last_entry_at),
		cycle_ended_at = coalesce(from_ms(r.cycle_ended_ms), s.cycle_ended_at),
		cycle_ended_by = coalesce(r.cycle_ended_by, s.cycle_ended_by),
		cycle_unpriced = coalesce(r.cycle_unpriced, s.cycle_unpriced),
		market_day = coalesce(from_ms(r.day_ms), s.market_day),
		day_net = coalesce(r.day_net, s.day_net), day_orders = coalesce(r.day_orders, s.day_orders),
		funding_seen = coalesce(from_ms(r.funding_seen_ms), s.funding_seen),
		pnl_owed = from_ms(r.pnl_owed_ms),
		last_fill_at = coalesce(from_ms(r.last_fill_ms), s.last_fill_at),
		fills_from = coalesce(from_ms(r.fills_from_ms), s.fills_from),
		funding_from = coalesce(from_ms(r.funding_from_ms), s.funding_from),
		drift_since = from_ms(r.drift_since_ms), drift_confirmed = coalesce(r.drift_confirmed, false),
		drift_detail = case when r.drift_since_ms is not null
			then coalesce(r.drift_detail, s.drift_detail) end, wallet = coalesce(r.wallet, s.wallet), updated_at = at
		from jsonb_to_recordset(p -> 'pairs') as r(pair uuid, held text, quantity numeric, cost numeric,
			cycle bigint, cycle_pnl numeric, cycle_fees numeric, cycle_funding numeric,
			cycle_started_ms bigint, adds integer, entry_order_id text, base_price numeric,
			last_add_price numeric, last_entry_ms bigint, cycle_ended_ms bigint, cycle_ended_by text,
			cycle_unpriced boolean, day_ms bigint, day_net numeric, day_orders integer,
			funding_seen_ms bigint, pnl_owed_ms bigint, last_fill_ms bigint, fills_from_ms bigint,
			funding_from_ms bigint, drift_since_ms bigint, drift_confirmed boolean, drift_detail text,
			wallet numeric)
		where s.pair_id = r.pair and s.bot_id = p_bot;

	insert into usage_events (tenant_id, bot_id, idempotency_key, type, detail, quantity, occurred_at)
		select v_tenant, p_bot, t.account_id || '/' || t.exec_id || '/' || t.exec_part || '/' || u.type,
			u.type, t.exchange,
			case u.type when 'trades' then 1 else t.quantity * t.price end, from_ms(t.executed_ms)
		from jsonb_to_recordset(p -> 'trades') as t(exchange text, account_id text, exec_id text,
			exec_part smallint, type text, quantity numeric, price numeric, executed_ms bigint),
			(values ('trades'), ('volume')) as u(type)
		where (t.exec_part = 0 or u.type = 'volume') and t.type <> 'adopted'
		on conflict do nothing;

	insert into notification_outbox (tenant_id, bot_id, event, dedup_key, body)
		select v_tenant, p_bot, n.event, n.dedup_key, coalesce(n.body, '{}')
		from jsonb_to_recordset(p -> 'notices') as n(event text, dedup_key text, body jsonb)
		on conflict (dedup_key) do nothing;
	return 'booked';
end $$;

-- Closes the run: its log, its usage, the lease. p_status: success, error, skipped, dead, or retrying
-- (then p_retry_ms from now; a postponed run does not count an attempt). p holds the rest:
-- {error_class, error, phases, summary, snapshot, orders, trades, follow_up_ms, stop_run_done,
-- stop_run_owed, calls, venue, pairs: [{pair, action, reason, reasons_hash}], block_bot, pause_bot, phase}.
-- Rows still planned never left: nothing of this run sends any more.
create function close_run(p_bot uuid, p_slot timestamptz, p_token bigint, p_status text,
	p_retry_ms bigint, p_count_attempt boolean, p jsonb) returns text language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	v_tenant uuid;
	v_ms bigint;
	v_run bot_execution_logs;
begin
	if not hold_token(p_bot, p_token) then
		return 'fenced';
	end if;
	update bot_execution_logs r set status = p_status,
		finished_at = case when p_status <> 'retrying' then at end,
		retry_at = case when p_status = 'retrying' then at + p_retry_ms * interval '1 millisecond' end,
		attempt = r.attempt - case when p_count_attempt then 0 else 1 end,
		hand_backs = r.hand_backs + case when p_count_attempt then 0 else 1 end,
		duration_ms = (extract(epoch from at - r.started_at) * 1000)::integer,
		error_class = p ->> 'error_class', error = p ->> 'error',
		phases = p -> 'phases', summary = p -> 'summary', snapshot = p -> 'snapshot',
		orders = r.orders + coalesce((p ->> 'orders')::integer, 0),
		trades = r.trades + coalesce((p ->> 'trades')::integer, 0)
		where r.bot_id = p_bot and r.scheduled_at = p_slot
		returning * into v_run;
	v_tenant := v_run.tenant_id;
	v_ms := v_run.duration_ms;

	update run_leases set holder = null, lease_until = at, run_at = null,
		newest_open = p_status = 'retrying',
		follow_up_at = least(follow_up_at, from_ms((p ->> 'follow_up_ms')::bigint)),
		stop_run_done = (stop_run_done or coalesce((p ->> 'stop_run_done')::boolean, false))
			and not coalesce((p ->> 'stop_run_owed')::boolean, false)
		where bot_id = p_bot;
	update order_journal set state = 'cancelled', reason = 'never_sent', updated_at = at
		where bot_id = p_bot and state = 'planned';

	if p ? 'pairs' then
		update pair_states s set last_action = r.action, last_reason = r.reason,
			reasons_hash = r.reasons_hash, updated_at = at
			from jsonb_to_recordset(p -> 'pairs') as r(pair uuid, action text, reason text, reasons_hash bigint)
			where s.pair_id = r.pair and s.bot_id = p_bot;
	end if;
	if p_status <> 'retrying' then
		insert into usage_events (tenant_id, bot_id, idempotency_key, type, detail, quantity, occurred_at)
			select v_tenant, p_bot, p_bot || '/' || epoch_ms(p_slot) || '/' || u.type, u.type, u.detail,
				u.quantity, p_slot
			from (values ('run', '', 1::numeric), ('run_seconds', '', v_ms / 1000.0))
				as u(type, detail, quantity)
			where u.quantity > 0
			-- By the tier of the endpoints that they went through: "bybit/standard".
			union all select v_tenant, p_bot, p_bot || '/' || epoch_ms(p_slot) || '/api_calls/' || c.key,
				'api_calls', coalesce(p ->> 'venue', '') || '/' || c.key, c.value::numeric, p_slot
			from jsonb_each_text(coalesce(p -> 'calls', '{}')) c
			on conflict do nothing;
	end if;
	if p_status = 'dead' then
		insert into dead_letters (tenant_id, bot_id, scheduled_at, class, message, attempts, kills, phase)
			values (v_tenant, p_bot, p_slot, coalesce(p ->> 'error_class', 'error'),
				coalesce(p ->> 'error', ''), v_run.attempt, v_run.kills, p ->> 'phase')
			on conflict (bot_id, scheduled_at) do nothing;
	end if;
	if p ? 'block_bot' then
		update bot_configs set status = 'blocked', status_reason = p ->> 'block_bot', updated_at = at
			where id = p_bot and status = 'running';
		-- A blocked bot's exits run on and fail the same way: told once.
		if found then
			insert into audit_logs (tenant_id, actor, action, object, reason)
				values (v_tenant, 'worker', 'bot.block', p_bot::text, p ->> 'block_bot');
			insert into notification_outbox (tenant_id, bot_id, event, dedup_key, body)
				values (v_tenant, p_bot, 'bot_blocked', 'blocked/' || p_bot || '/' || epoch_ms(p_slot),
					jsonb_build_object('reason', p ->> 'block_bot'))
				on conflict (dedup_key) do nothing;
		end if;
	end if;
	if p ? 'pause_bot' then
		update bot_configs set status = 'paused', status_reason = p ->> 'pause_bot', updated_at = at
			where id = p_bot and status = 'running';
		if found then
			-- As a pause by a person: the next run, asked for at once, cancels what entries rest.
			update run_leases set stop_requested_at = at, follow_up_at = at where bot_id = p_bot;
			insert into audit_logs (tenant_id, actor, action, object, reason)
				values (v_tenant, 'strategy', 'bot.pause', p_bot::text, p ->> 'pause_bot');
			insert into notification_outbox (tenant_id, bot_id, event, dedup_key, body)
				values (v_tenant, p_bot, 'bot_paused', 'paused/' || p_bot || '/' || epoch_ms(p_slot),
					jsonb_build_object('reason', p ->> 'pause_bot'))
				on conflict (dedup_key) do nothing;
		end if;
	end if;
	delete from account_leases where bot_id = p_bot;
	return 'closed';
end $$;

-- A runner died with this run: its lease ends at once. The run waits for its retry, or goes to the dead
-- letters when it has killed p_max_kills runners (or was out of attempts).
-- Returns retrying, dead, or fenced (somebody else has it, or it had ended).
create function end_killed_run(p_bot uuid, p_token bigint, p_retry_ms bigint, p_max_kills integer,
	p_message text, p_signal integer, p_memory_kb bigint, p_phase text) returns text
language plpgsql as $$
declare
	at timestamptz := clock_timestamp();
	lease run_leases;
	v_run bot_execution_logs;
	v_dead boolean;
begin
	select * into lease from run_leases where bot_id = p_bot and token = p_token for update;
	if not found or lease.holder is null then
		return 'fenced';
	end if;
	select * into v_run from bot_execution_logs where bot_id = p_bot and scheduled_at = lease.run_at;
	v_dead := coalesce(v_run.kills, 0) + 1 >= p_max_kills;
	update run_leases set holder = null, lease_until = at, run_at = null, newest_open = not v_dead
		where bot_id = p_bot;
	delete from account_leases where bot_id = p_bot;
	update bot_execution_logs set kills = kills + 1, status = case when v_dead then 'dead' else 'retrying' end,
		finished_at = case when v_dead then at end,
		retry_at = case when v_dead then null else at + p_retry_ms * interval '1 millisecond' end,
		error_class = 'killed', error = p_message
		where bot_id = p_bot and scheduled_at = lease.run_at;
	if v_dead then
		insert into dead_letters (tenant_id, bot_id, scheduled_at, class, message, attempts, kills, phase,
			signal, memory_kb)
			values (lease.tenant_id, p_bot, lease.run_at, 'killed', p_message, v_run.attempt, v_run.kills + 1,
				p_phase, p_signal, p_memory_kb)
			on conflict (bot_id, scheduled_at) do nothing;
	end if;
	return case when v_dead then 'dead' else 'retrying' end;
end $$;

-- The account's lease for a run whose decision has entries. True if it is ours now.
create function take_account(p_exchange text, p_environment text, p_account text, p_bot uuid,
	p_token bigint, p_lease_ms bigint) returns boolean language plpgsql as $$
begin
	if not hold_token(p_bot, p_token) then
		return false;
	end if;
	insert into account_leases as a (exchange, environment, account_id, bot_id, token, lease_until)
		values (p_exchange, p_environment, p_account, p_bot, p_token,
			clock_timestamp() + p_lease_ms * interval '1 millisecond')
		on conflict (exchange, environment, account_id) do update
			set bot_id = excluded.bot_id, token = excluded.token, lease_until = excluded.lease_until
			where a.bot_id = excluded.bot_id or a.lease_until < clock_timestamp();
	return found;
end $$;

-- What caps count of an account besides the asking pair's own leg: every other claimed leg at cost with
-- the margin of its wanted leverage, and every entry row that is not final, whoever's bot it is. Asked
-- under the account's lease.
create function account_exposure(p_exchange text, p_environment text, p_account text, p_pair uuid,
	out notional numeric, out margin numeric) language sql stable as $$
	select coalesce(sum(x.value), 0), coalesce(sum(x.value / x.leverage), 0)
	from (select s.cost as value, p.leverage
		from leg_claims k join pair_states s on s.pair_id = k.pair_id
		join bot_trading_pairs p on p.id = k.pair_id
		where k.exchange = $1 and k.environment = $2 and k.account_id = $3 and k.pair_id <> $4
		and s.quantity <> 0
		union all
		select coalesce(j.value, j.quantity * j.price) * (j.quantity - j.filled_quantity) / j.quantity, p.leverage
		from order_journal j join bot_trading_pairs p on p.id = j.pair_id
		where not j.final and j.kind = 'place' and j.purpose in ('open', 'add')
		and j.exchange = $1 and j.environment = $2 and j.account_id = $3 and j.pair_id <> $4
		and j.bot_id in (select k.bot_id from leg_claims k
			where k.exchange = $1 and k.environment = $2 and k.account_id = $3)) x
$$;
