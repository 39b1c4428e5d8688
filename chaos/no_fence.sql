-- Takes the fencing token out of a run's transactions, for `script/chaos --sabotage no-fence`: whoever
-- asks may write, also a run that was overtaken. Only ever applied to a database of the script's own.
create or replace function hold_token(p_bot uuid, p_token bigint) returns boolean language plpgsql as $$
begin
	perform 1 from run_leases where bot_id = p_bot for update;
	return true;
end $$;

create or replace function send_order(p_bot uuid, p_token bigint, p_client_order_id text,
	p_expires_server_ms bigint) returns text language plpgsql as $$
begin
	update order_journal set state = 'sending', reason = null, expires_server_ms = p_expires_server_ms,
		sent_at = clock_timestamp(), updated_at = clock_timestamp()
		where bot_id = p_bot and lower(client_order_id) = lower(p_client_order_id);
	return 'sending';
end $$;
