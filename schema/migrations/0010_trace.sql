-- A run's W3C trace id, as it stands on the run's log lines and in the header of its requests to the venue:
-- the first half of SHA-256 of "bot/second". Derived, so nothing is stored. worker/story.c does the same.
create or replace view run_history with (security_invoker = true) as
select r.tenant_id, r.bot_id, b.name as bot_name, r.scheduled_at, r.kind, r.status, r.admission, r.attempt,
	r.started_at, r.finished_at, r.started_at - r.scheduled_at as start_delay, r.duration_ms, r.phases,
	r.orders, r.trades, r.error_class, r.error, r.retry_at, r.worker, r.summary, r.snapshot,
	left(encode(sha256(convert_to(r.bot_id::text || '/' || extract(epoch from r.scheduled_at)::bigint,
		'UTF8')), 'hex'), 32) as trace_id
from bot_execution_logs r join bot_configs b on b.id = r.bot_id;
