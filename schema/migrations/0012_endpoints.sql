-- The endpoint pool (design.md 8): what requests to a venue may go through, what a credential is bound
-- to, and what went through. None of it is a tenant's: admins write it, workers read it.

create table venue_endpoints (
	id uuid primary key default gen_random_uuid(),
	exchange text not null check (exchange in ('phemex', 'bybit', 'binance')),
	environment text not null check (environment in ('testnet', 'live')),
	name text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
	base_url text not null check (length(base_url) between 8 and 199 and base_url ~ '^https?://'),
	egress text not null default '' check (length(egress) <= 63), -- local address or interface; '': any
	tier text not null default 'standard' check (tier in ('economy', 'standard', 'premium', 'emergency')),
	priority integer not null default 0 check (priority between 0 and 1000), -- lower goes first
	weight integer not null default 1 check (weight between 0 and 1000000),
	limit_per_second integer check (limit_per_second between 1 and 1000000), -- null: as configured
	cost_per_1000 numeric not null default 0 check (cost_per_1000 >= 0),
	status text not null default 'active' check (status in ('active', 'draining')),
	created_at timestamptz not null default now(),
	changed_at timestamptz not null default now(),
	unique (exchange, environment, name)
);

-- Rises with every change, stands in each claim's document: a runner reads the pool again when it moved.
create table endpoint_pool (
	singleton boolean primary key default true check (singleton),
	version bigint not null default 1
);
insert into endpoint_pool default values;

create function touch_endpoints() returns trigger language plpgsql as $$
begin
	update endpoint_pool set version = version + 1;
	return null;
end $$;
create trigger touch_endpoints after insert or update or delete on venue_endpoints
	for each statement execute function touch_endpoints();

-- Calls by endpoint, operation and hour. An endpoint that is removed keeps its figures; 'configured' is
-- the one of the configuration file.
create table endpoint_usage (
	exchange text not null,
	environment text not null,
	name text not null,
	operation text not null,
	hour timestamptz not null,
	ok bigint not null default 0,
	refused bigint not null default 0,
	limited bigint not null default 0,
	failed bigint not null default 0,
	duration_ms bigint not null default 0, -- sum
	slowest_ms bigint not null default 0,
	cost numeric not null default 0,       -- by the price of the moment
	primary key (hour, exchange, environment, name, operation)
);

-- What a process counted: [{name, operation, ok, refused, limited, failed, duration_ms, slowest_ms}].
create function note_endpoint_usage(p_exchange text, p_environment text, p jsonb) returns void language sql as $$
	insert into endpoint_usage as u (exchange, environment, name, operation, hour, ok, refused, limited, failed,
		duration_ms, slowest_ms, cost)
		select p_exchange, p_environment, r.name, r.operation, date_trunc('hour', now()), r.ok, r.refused,
			r.limited, r.failed, r.duration_ms, r.slowest_ms,
			coalesce(e.cost_per_1000, 0) * (r.ok + r.refused + r.limited + r.failed) / 1000
		from jsonb_to_recordset(p) as r(name text, operation text, ok bigint, refused bigint, limited bigint,
			failed bigint, duration_ms bigint, slowest_ms bigint)
		left join venue_endpoints e on e.exchange = p_exchange and e.environment = p_environment
			and e.name = r.name
		-- In one order everywhere: two processes that count at once must not wait for each other.
		order by r.name, r.operation
		on conflict (hour, exchange, environment, name, operation) do update set
			ok = u.ok + excluded.ok, refused = u.refused + excluded.refused,
			limited = u.limited + excluded.limited, failed = u.failed + excluded.failed,
			duration_ms = u.duration_ms + excluded.duration_ms,
			slowest_ms = greatest(u.slowest_ms, excluded.slowest_ms), cost = u.cost + excluded.cost
$$;

-- The egress addresses that the venue was told for this key; private calls leave from no other. Empty: any.
alter table credentials add column egresses text[] not null default '{}';

grant select on venue_endpoints, endpoint_pool to botbeat_worker, botbeat_admin;
grant insert, update, delete on venue_endpoints to botbeat_admin;
grant update on endpoint_pool to botbeat_admin;
grant select, insert, update on endpoint_usage to botbeat_worker;
grant select, insert, update on endpoint_usage to botbeat_admin; -- what commands ask counts too
