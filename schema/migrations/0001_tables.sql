-- The tables. Postgres is the truth; everything in Redis can be rebuilt from here.
-- Amounts are NUMERIC, times timestamptz, names uuid. Every tenant table leads with tenant_id in an
-- index, because row-level security (0002) filters on it. Foreign keys are checked past row-level
-- security, so those that a dashboard can write name the tenant as well: else a tenant could point
-- its bot at another tenant's credential.

create table tenants (
	id uuid primary key default gen_random_uuid(),
	name text not null unique check (length(name) between 1 and 100),
	status text not null default 'active' check (status in ('active', 'suspended')),
	public_key text,              -- base64; credentials are sealed to it
	wrapped_private_key text,     -- base64; by the master key named beside it
	master_key_id text,
	key_version bigint not null default 1,
	created_at timestamptz not null default now()
);

create table users (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	email text not null,
	role text not null default 'member' check (role in ('owner', 'member', 'viewer')),
	created_at timestamptz not null default now(),
	unique (tenant_id, email),
	unique (tenant_id, id)
);

create table subscription_plans (
	id uuid primary key default gen_random_uuid(),
	name text not null unique,
	priority text not null default 'normal' check (priority in ('high', 'normal', 'low')),
	endpoint_tier text not null default 'standard'
		check (endpoint_tier in ('economy', 'standard', 'premium', 'emergency')),
	max_bots integer check (max_bots >= 0),
	max_symbols integer check (max_symbols >= 0),
	max_api_calls_per_month bigint check (max_api_calls_per_month >= 0),
	run_log_retention_days integer not null default 90 check (run_log_retention_days between 1 and 3650),
	created_at timestamptz not null default now()
);

create table user_subscriptions (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	user_id uuid,
	plan_id uuid not null references subscription_plans,
	status text not null default 'active' check (status in ('trialing', 'active', 'past_due', 'cancelled')),
	current_period_start timestamptz not null default now(),
	current_period_end timestamptz,   -- null: endless
	created_at timestamptz not null default now(),
	foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index on user_subscriptions (tenant_id, status);

create table credentials (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	name text not null,
	exchange text not null check (exchange in ('phemex', 'bybit', 'binance')),
	environment text not null check (environment in ('paper', 'testnet', 'live')),
	sealed text not null,             -- base64 sealed box
	version bigint not null default 1,
	version_min bigint not null default 1,
	key_version bigint not null default 1, -- of the tenant key pair it is sealed to
	account_id text,                  -- learnt by `credential check`
	key_fingerprint text,
	permissions jsonb,
	status text not null default 'unchecked'
		check (status in ('unchecked', 'ok', 'unverified', 'refused', 'revoked')),
	status_reason text,
	checked_at timestamptz,
	created_at timestamptz not null default now(),
	unique (tenant_id, name),
	unique (tenant_id, id, exchange, environment)
);

create table bot_configs (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	user_id uuid,
	credential_id uuid,
	name text not null check (length(name) between 1 and 100),
	exchange text not null check (exchange in ('phemex', 'bybit', 'binance')),
	environment text not null default 'paper' check (environment in ('paper', 'testnet', 'live')),
	testnet boolean generated always as (environment = 'testnet') stored,
	-- stopped: nothing is decided; paused: exits only, by a person; blocked: exits only, by the
	-- platform (bad key, invalid configuration), with the reason beside it.
	status text not null default 'stopped' check (status in ('stopped', 'running', 'paused', 'blocked')),
	status_reason text,
	mode text not null default 'normal'
		check (mode in ('normal', 'graceful_stop', 'tp_only', 'manual', 'panic', 'halted')),
	strategy text not null default 'martingale',
	interval_seconds integer not null default 300 check (interval_seconds between 10 and 86400),
	align text not null default 'spread' check (align in ('spread', 'candle')),
	align_delay_ms integer not null default 2000 check (align_delay_ms between 0 and 60000),
	config_version bigint not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	unique (tenant_id, name),
	unique (tenant_id, id),
	foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id),
	-- A key of another venue or environment cannot be put on a bot.
	foreign key (tenant_id, credential_id, exchange, environment)
		references credentials (tenant_id, id, exchange, environment)
);
create index on bot_configs (status) where status <> 'stopped';

create table bot_trading_pairs (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null,
	symbol text not null check (length(symbol) between 2 and 31),
	side text not null check (side in ('long', 'short')),
	automatic_mode boolean not null default true,
	leverage integer not null default 10 check (leverage between 1 and 125),
	ema_interval integer not null default 1 check (ema_interval between 1 and 10080), -- minutes
	position_mode text not null default 'hedge' check (position_mode in ('hedge', 'one_way')),
	strategy_params jsonb not null default '{}' check (jsonb_typeof(strategy_params) = 'object'),
	is_active boolean not null default true,
	created_at timestamptz not null default now(),
	unique (bot_id, symbol, side),
	foreign key (tenant_id, bot_id) references bot_configs (tenant_id, id) on delete cascade
);
create index on bot_trading_pairs (tenant_id, bot_id);

-- The hot row of a bot: who runs it, with which token, and whether it is stopped. Apart from
-- bot_configs, so that runs never touch (and never notify about) configuration.
create table run_leases (
	bot_id uuid primary key references bot_configs on delete cascade,
	tenant_id uuid not null references tenants on delete cascade,
	token bigint not null default 0,          -- fencing token, rises with every claim
	holder text,                              -- consumer name; null: nobody
	run_at timestamptz,                       -- slot of the running run
	lease_until timestamptz,
	newest_slot timestamptz,                  -- no older slot is ever claimed
	newest_open boolean not null default false, -- its run has not ended
	follow_up_at timestamptz,                 -- earliest follow-up asked for; null: none
	stopped boolean not null default true,    -- the bot's stop gate, read by T2
	stop_requested_at timestamptz,            -- a stop or pause whose entries are still to be cancelled
	stop_run_done boolean not null default true, -- false: a stop run is owed
	admission text,                           -- last recorded scheduling verdict, for "recorded once"
	admission_reason text,
	unattended boolean not null default false -- position_unattended has been raised
) with (fillfactor = 50);
create index on run_leases (tenant_id);
create index on run_leases (follow_up_at) where follow_up_at is not null;

-- Stop gates above the bot: 'system', 'venue:bybit', 'tenant:UUID'; make_tenant_gate below makes a
-- tenant's. A send needs all three open: one that is missing lets nothing pass.
create table stop_gates (
	scope text primary key,
	stopped boolean not null default false,
	reason text,
	changed_at timestamptz not null default now()
);
insert into stop_gates (scope) values ('system'), ('venue:phemex'), ('venue:bybit'), ('venue:binance');

-- Which bot trades which leg of which account.
create table leg_claims (
	exchange text not null,
	environment text not null,
	account_id text not null,
	symbol text not null,
	leg text not null check (leg in ('long', 'short', 'one_way')),
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null references bot_configs on delete cascade,
	pair_id uuid not null references bot_trading_pairs on delete cascade,
	claimed_at timestamptz not null default now(),
	primary key (exchange, environment, account_id, symbol, leg)
);
create index on leg_claims (tenant_id, bot_id);

-- Taken by a run whose decision has entries, so that caps of an account are counted by one at a time.
create table account_leases (
	exchange text not null,
	environment text not null,
	account_id text not null,
	bot_id uuid not null references bot_configs on delete cascade,
	token bigint not null,
	lease_until timestamptz not null,
	primary key (exchange, environment, account_id)
);
create index on account_leases (bot_id);

-- What we know of a pair's leg, and what its strategy remembers.
create table pair_states (
	pair_id uuid primary key references bot_trading_pairs on delete cascade,
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null references bot_configs on delete cascade,
	held text not null default 'buy' check (held in ('buy', 'sell')),
	quantity numeric not null default 0 check (quantity >= 0),
	cost numeric not null default 0,
	cycle bigint not null default 0,
	cycle_pnl numeric not null default 0,
	cycle_fees numeric not null default 0,
	cycle_funding numeric not null default 0,
	cycle_started_at timestamptz,
	adds integer not null default 0,
	entry_order_id text not null default '', -- venue's id of the cycle's last entry order
	last_fill_at timestamptz,
	strategy_state jsonb not null default '{}',
	state_version bigint not null default 0,
	fills_from timestamptz,        -- fills before this are booked or not ours
	funding_from timestamptz,
	drift_since timestamptz,       -- first round that disagreed; null: agrees
	drift_confirmed boolean not null default false,
	drift_detail text,
	reasons_hash bigint not null default 0,
	last_action text,
	last_reason text,              -- why it did not trade, one line
	wallet numeric,                -- balance at the last booking
	updated_at timestamptz not null default now()
) with (fillfactor = 70);
create index on pair_states (tenant_id, bot_id);
create index on pair_states (bot_id);

-- The order journal: every state-changing request, before it leaves. Journal, trades and funding
-- are kept until the tenant is deleted: a bot or pair that has some cannot be deleted before.
create table order_journal (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null references bot_configs,
	pair_id uuid references bot_trading_pairs,
	scheduled_at timestamptz not null,
	sequence integer not null check (sequence between 0 and 32767),
	space text not null default 'run' check (space in ('run', 'operator')),
	token bigint not null,               -- of the run that planned it
	kind text not null check (kind in ('place', 'amend', 'cancel', 'setting')),
	purpose text not null,               -- open, add, reduce, close, take_profit, stop, cancel, setting
	stop_allowed boolean not null default false, -- passes a closed stop gate: the stop's own rows
	client_order_id text not null,       -- of this row; for a cancel or amend: its own name only
	target_client_order_id text,         -- what a cancel or amend changes
	exchange text not null,
	environment text not null,
	account_id text not null,
	symbol text not null,
	leg text not null check (leg in ('long', 'short', 'one_way')),
	side text check (side in ('buy', 'sell')),
	order_type text,
	time_in_force text,
	quantity numeric check (quantity > 0),
	price numeric,
	trigger_price numeric,
	reduce_only boolean not null default false,
	state text not null default 'planned' check (state in
		('planned', 'sending', 'open', 'unknown', 'filled', 'cancelled', 'rejected', 'absent', 'done')),
	final boolean generated always as
		(state in ('filled', 'cancelled', 'rejected', 'absent', 'done')) stored,
	venue_order_id text,
	filled_quantity numeric not null default 0,
	filled_value numeric not null default 0,
	expires_server_ms bigint,            -- the venue refuses the request after this, by its clock
	sent_at timestamptz,
	asked_count integer not null default 0,
	absent_at timestamptz,               -- when it was declared absent; asked again for 24 h
	reason text,
	venue_code bigint,
	cycle bigint,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	unique (bot_id, scheduled_at, space, sequence),
	check ((kind in ('cancel', 'amend')) = (target_client_order_id is not null))
);
create unique index order_journal_client_order_id on order_journal (lower(client_order_id));
create index order_journal_not_final on order_journal (bot_id) where not final;
create index order_journal_absent on order_journal (bot_id, absent_at) where state = 'absent';
create index on order_journal (tenant_id, created_at);

create table trades (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null references bot_configs,
	pair_id uuid references bot_trading_pairs,
	exchange text not null,
	environment text not null,
	account_id text not null,
	symbol text not null,
	side text not null check (side in ('buy', 'sell')),       -- of the fill
	position_side text not null check (position_side in ('long', 'short')), -- of the leg
	action text not null check (action in ('OPENED', 'ADDED', 'REDUCED', 'CLOSED')),
	type text not null default 'trade'
		check (type in ('trade', 'liquidation', 'adl', 'settlement', 'adopted', 'late')),
	quantity numeric not null,            -- absolute; an adoption may be negative
	price numeric not null,
	pnl numeric not null default 0,       -- gross, by our average cost
	pnl_percentage numeric,               -- of the closed part's cost
	net_pnl numeric,                      -- pnl - fee; null: fee in a coin without a price
	venue_pnl numeric,
	fee numeric not null default 0,       -- paid > 0, rebate < 0
	fee_currency text not null default 'USDT',
	liquidity text check (liquidity in ('maker', 'taker')),
	balance_after numeric,
	position_value numeric,
	margin_level numeric,
	exec_id text not null,
	exec_part smallint not null default 0, -- 1: the opening half of a fill that reversed a leg
	order_id text,
	client_order_id text,
	cycle_id bigint not null,
	cycle_net numeric,                    -- on the trade that ends a cycle
	executed_at timestamptz not null,
	metadata jsonb not null default '{}',
	created_at timestamptz not null default now(),
	unique (exchange, environment, account_id, exec_id, exec_part)
);
create index on trades (tenant_id, executed_at desc);
create index on trades (bot_id, executed_at desc);
create index on trades (bot_id, client_order_id);

create table funding (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null references bot_configs,
	pair_id uuid references bot_trading_pairs,
	exchange text not null,
	environment text not null,
	account_id text not null,
	venue_id text not null,
	symbol text not null,
	amount numeric not null,              -- received > 0, paid < 0
	rate numeric,
	quantity numeric,
	cycle_id bigint,
	paid_at timestamptz not null,
	unique (exchange, environment, account_id, venue_id)
);
create index on funding (tenant_id, paid_at desc);
create index on funding (bot_id, paid_at desc);

-- The runs. Partitioned by month of the slot; created ahead and dropped by retention (0004).
create table bot_execution_logs (
	bot_id uuid not null,
	scheduled_at timestamptz not null,
	tenant_id uuid not null,
	kind text not null default 'slot' check (kind in ('slot', 'stop', 'watch', 'replay')),
	status text not null default 'running'
		check (status in ('running', 'retrying', 'success', 'error', 'skipped', 'dead')),
	admission text not null default 'normal' check (admission in ('normal', 'exits_only')),
	attempt integer not null default 1,
	hand_backs integer not null default 0,   -- drained before it began: no attempt counted
	kills integer not null default 0,        -- poison: runners that this run took with it
	token bigint not null,
	worker text,
	retries text,                            -- the dead slot that this run stands for
	started_at timestamptz not null default now(),
	finished_at timestamptz,
	retry_at timestamptz,
	duration_ms integer,
	phases jsonb,                            -- milliseconds by phase
	summary jsonb,                           -- what it saw and decided, per pair
	snapshot jsonb,                          -- whole, for runs with intents, faults, a changed reason
	error_class text,
	error text,
	orders integer not null default 0,
	trades integer not null default 0,
	primary key (bot_id, scheduled_at)
) partition by range (scheduled_at);
create index on bot_execution_logs (tenant_id, scheduled_at desc);
-- Not by status: a change of an indexed column, or of one in an index's condition, would make the close of
-- every run write all of the row's index entries anew.
create index on bot_execution_logs (retry_at) where retry_at is not null;

create table usage_events (
	tenant_id uuid not null,
	bot_id uuid not null,
	idempotency_key text not null,           -- bot/slot/type: a retried run is billed once
	type text not null,                      -- run, run_seconds, api_calls, trades, volume
	detail text not null default '',         -- venue and tier for calls
	quantity numeric not null,
	occurred_at timestamptz not null,        -- the slot: the same on every retry
	primary key (idempotency_key, occurred_at)
) partition by range (occurred_at);
create index on usage_events (tenant_id, occurred_at);

create table dead_letters (
	id uuid primary key default gen_random_uuid(),
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid not null references bot_configs on delete cascade,
	scheduled_at timestamptz not null,
	class text not null,
	message text not null,
	attempts integer not null,
	kills integer not null default 0,
	phase text,
	signal integer,
	memory_kb bigint,
	state text not null default 'dead' check (state in ('dead', 'retried', 'dropped')),
	retried_as timestamptz,
	created_at timestamptz not null default now(),
	unique (bot_id, scheduled_at)
);
create index on dead_letters (tenant_id, state, created_at desc);

create table audit_logs (
	id bigint generated always as identity primary key,
	tenant_id uuid,                          -- null: the platform's own
	actor text not null,
	action text not null,                    -- bot.stop, credential.open, order.resolve, …
	object text not null,                    -- what it was done to
	reason text,
	detail jsonb not null default '{}',
	created_at timestamptz not null default now()
);
create index on audit_logs (tenant_id, created_at desc);

create table notification_preferences (
	tenant_id uuid not null references tenants on delete cascade,
	user_id uuid not null,
	event text not null,
	channel text not null default 'email',
	level text not null default 'on' check (level in ('off', 'silent', 'on')),
	primary key (user_id, event, channel),
	foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index on notification_preferences (tenant_id);

create table notification_outbox (
	id bigint generated always as identity primary key,
	tenant_id uuid not null references tenants on delete cascade,
	bot_id uuid references bot_configs on delete cascade,
	event text not null,
	dedup_key text not null unique,          -- the same fact is told once
	body jsonb not null default '{}',
	created_at timestamptz not null default now(),
	sent_at timestamptz
);
create index on notification_outbox (tenant_id, created_at desc);
create index on notification_outbox (created_at) where sent_at is null;

-- The scheduler's leadership: one row, its epoch rises with every change of leader.
create table scheduler_leases (
	name text primary key default 'leader',
	holder text,
	epoch bigint not null default 0,
	lease_until timestamptz
);
insert into scheduler_leases (name) values ('leader');

-- Schema facts that a binary checks before it works.
create table cluster_identity (
	singleton boolean primary key default true check (singleton),
	system_identifier text,
	timeline bigint,
	confirmed_at timestamptz
);

-- Every bot has its lease row and every tenant its gate from the first moment.
create function make_run_lease() returns trigger language plpgsql as $$
begin
	insert into run_leases (bot_id, tenant_id) values (new.id, new.tenant_id);
	return null;
end $$;
create trigger make_run_lease after insert on bot_configs
	for each row execute function make_run_lease();

create function make_tenant_gate() returns trigger language plpgsql as $$
begin
	insert into stop_gates (scope) values ('tenant:' || new.id);
	return null;
end $$;
create trigger make_tenant_gate after insert on tenants
	for each row execute function make_tenant_gate();

create function make_pair_state() returns trigger language plpgsql as $$
begin
	insert into pair_states (pair_id, tenant_id, bot_id) values (new.id, new.tenant_id, new.bot_id);
	return null;
end $$;
create trigger make_pair_state after insert on bot_trading_pairs
	for each row execute function make_pair_state();

create function touch_bot() returns trigger language plpgsql as $$
begin
	new.updated_at := now();
	new.config_version := old.config_version + 1;
	return new;
end $$;
create trigger touch_bot before update on bot_configs
	for each row execute function touch_bot();

-- A replaced secret loses the verdict on the former one, unless whoever writes it is entitled to
-- give verdicts (a worker that seals the same secret to a new tenant key).
create function distrust_credential() returns trigger language plpgsql as $$
begin
	if not has_column_privilege('credentials', 'status', 'update') then
		new.status := 'unchecked';
		new.status_reason := null;
		new.checked_at := null;
		new.permissions := null;
	end if;
	return new;
end $$;
create trigger distrust_credential before update of sealed, version on credentials
	for each row execute function distrust_credential();

-- Configuration changes tell the scheduler which bot to load again: an opaque id, nothing else.
create function notify_bot() returns trigger language plpgsql as $$
declare
	changed jsonb := to_jsonb(case tg_op when 'DELETE' then old else new end);
begin
	perform pg_notify('bots', changed ->> tg_argv[0]);
	return null;
end $$;
create trigger notify_bot after insert or update or delete on bot_configs
	for each row execute function notify_bot('id');
create trigger notify_pair after insert or update or delete on bot_trading_pairs
	for each row execute function notify_bot('bot_id');
