-- What the leading scheduler counts for the metrics, every fifteen seconds: indexes by which each figure
-- costs what it counts, and the right to count dead letters.
create index dead_letters_waiting on dead_letters (created_at) where state = 'dead';
create index pair_states_drifted on pair_states (pair_id) where drift_confirmed;
create index run_leases_unattended on run_leases (bot_id) where unattended;
grant select (state, class, created_at) on dead_letters to botbeat_scheduler;
