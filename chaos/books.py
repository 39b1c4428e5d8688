"""books - what the system says happened (Postgres), beside what did happen (the exchange's ledger)."""

from dataclasses import dataclass, field
from decimal import Decimal as D


@dataclass
class Books:
    bots: list = field(default_factory=list)
    rows: list = field(default_factory=list)     # order journal
    trades: list = field(default_factory=list)
    funding: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    usage: list = field(default_factory=list)
    pairs: list = field(default_factory=list)    # legs as booked
    leases: list = field(default_factory=list)
    letters: list = field(default_factory=list)
    now_ms: int = 0


QUERY = """
select json_build_object(
'now_ms', epoch_ms(clock_timestamp()),
'bots', (select json_agg(json_build_object('id', b.id, 'tenant', b.tenant_id, 'status', b.status,
	'reason', b.status_reason, 'interval_s', b.interval_seconds,
	'phase_s', bot_phase(b.id, b.interval_seconds))) from bot_configs b),
'rows', (select coalesce(json_agg(json_build_object('bot', bot_id, 'slot_ms', epoch_ms(scheduled_at),
	'sequence', sequence, 'space', space, 'token', token, 'kind', kind, 'purpose', purpose,
	'id', client_order_id, 'target', target_client_order_id, 'leg', leg, 'side', side,
	'quantity', quantity::text, 'price', price::text, 'reduce_only', reduce_only, 'state', state,
	'filled', filled_quantity::text, 'expires_ms', expires_server_ms, 'sent_ms', epoch_ms(sent_at),
	'created_ms', epoch_ms(created_at), 'reason', reason, 'cycle', cycle) order by created_at), '[]') from order_journal),
'trades', (select coalesce(json_agg(json_build_object('bot', bot_id, 'exec', exec_id, 'part', exec_part,
	'id', client_order_id, 'side', side, 'type', type, 'action', action, 'quantity', quantity::text,
	'price', price::text, 'pnl', pnl::text, 'fee', fee::text, 'cycle', cycle_id,
	'booked_ms', epoch_ms(created_at)) order by created_at), '[]') from trades),
'funding', (select coalesce(json_agg(json_build_object('bot', bot_id, 'id', venue_id, 'amount', amount::text)), '[]') from funding),
'runs', (select coalesce(json_agg(json_build_object('bot', bot_id, 'slot_ms', epoch_ms(scheduled_at), 'kind', kind,
	'status', status, 'attempt', attempt, 'kills', kills, 'worker', worker, 'started_ms', epoch_ms(started_at),
	'finished_ms', epoch_ms(finished_at), 'class', error_class, 'error', left(error, 200))
	order by started_at), '[]') from bot_execution_logs),
'usage', (select coalesce(json_agg(json_build_object('bot', bot_id, 'key', idempotency_key, 'type', type,
	'at_ms', epoch_ms(occurred_at))), '[]') from usage_events where type in ('run', 'trades')),
'pairs', (select json_agg(json_build_object('bot', bot_id, 'held', held, 'quantity', quantity::text,
	'drift', drift_detail, 'leverage', (select leverage from bot_trading_pairs p where p.id = s.pair_id)))
	from pair_states s),
'leases', (select json_agg(json_build_object('bot', bot_id, 'holder', holder, 'until_ms', epoch_ms(lease_until),
	'stopped', stopped)) from run_leases),
'letters', (select coalesce(json_agg(json_build_object('bot', bot_id, 'slot_ms', epoch_ms(scheduled_at),
	'class', class, 'message', left(message, 200))), '[]') from dead_letters))
"""


def read(host):
    answer = host.sql(QUERY, timeout_s=60)
    for table, members in (("rows", ("quantity", "price", "filled")), ("trades", ("quantity", "price", "pnl", "fee")),
                           ("funding", ("amount",)), ("pairs", ("quantity",))):
        for line in answer[table] or ():
            for member in members:
                if line[member] is not None:
                    line[member] = D(line[member])
    return Books(**{name: value or [] for name, value in answer.items() if name != "now_ms"},
                 now_ms=answer["now_ms"])
