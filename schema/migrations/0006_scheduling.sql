-- What the scheduler writes: who leads, and each bot's verdict when it changes.

-- Takes or renews the lead. The epoch rises with every change of leader; it fences pushes. No row: somebody
-- else leads.
create function take_lead(p_holder text, p_lease_ms bigint)
returns table (epoch bigint, changed boolean, now_ms bigint) language sql as $$
	update scheduler_leases l set
		epoch = l.epoch + case when before.holder = p_holder then 0 else 1 end,
		holder = p_holder,
		lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
	from (select holder, lease_until from scheduler_leases where name = 'leader' for update) before
	where l.name = 'leader' and (before.holder = p_holder or before.holder is null
		or before.lease_until < clock_timestamp())
	returning l.epoch, before.holder is distinct from p_holder, epoch_ms(clock_timestamp())
$$;

-- Gives the lead up at once, on a clean exit.
create function leave_lead(p_holder text) returns void language sql as $$
	update scheduler_leases set lease_until = clock_timestamp() where name = 'leader' and holder = p_holder
$$;

-- Records verdicts that changed: once on the bot, audited, told; not once per tick. A bot that holds a
-- position and is not managed by anybody is told apart. Returns how many changed.
create function record_admissions() returns bigint language plpgsql as $$
declare
	changed bigint;
begin
	with verdicts as (
		select v.bot_id, v.tenant_id, v.admission, v.reason, b.name,
			v.has_risk and (v.reason <> '' or b.mode in ('manual', 'halted')) as unattended,
			l.admission as old_admission, l.admission_reason as old_reason, l.unattended as old_unattended
		from bot_admission v join run_leases l on l.bot_id = v.bot_id join bot_configs b on b.id = v.bot_id
		where v.admission is distinct from l.admission or v.reason is distinct from l.admission_reason
			or (v.has_risk and (v.reason <> '' or b.mode in ('manual', 'halted'))) <> l.unattended
	), written as (
		update run_leases l set admission = v.admission, admission_reason = v.reason, unattended = v.unattended
		from verdicts v where l.bot_id = v.bot_id returning l.bot_id
	), audited as (
		insert into audit_logs (tenant_id, actor, action, object, reason)
		select v.tenant_id, 'scheduler', 'bot.admission', v.bot_id::text,
			v.admission || case when v.reason = '' then '' else ': ' || v.reason end
		from verdicts v
		where v.old_admission is not null
			and (v.admission, v.reason) is distinct from (v.old_admission, v.old_reason)
	), told as (
		insert into notification_outbox (tenant_id, bot_id, event, dedup_key, body)
		select v.tenant_id, v.bot_id, 'bot_admission', 'admission/' || v.bot_id || '/' || clock_timestamp(),
			jsonb_build_object('admission', v.admission, 'reason', v.reason)
		from verdicts v
		where v.old_admission is not null and v.reason not in ('', 'stopped')
			and (v.admission, v.reason) is distinct from (v.old_admission, v.old_reason)
		union all
		select v.tenant_id, v.bot_id, 'position_unattended', 'unattended/' || v.bot_id || '/' || clock_timestamp(),
			jsonb_build_object('reason', v.reason)
		from verdicts v where v.unattended and not v.old_unattended
	)
	select count(*) into changed from written;
	return changed;
end $$;
