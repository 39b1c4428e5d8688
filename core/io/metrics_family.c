#include "core/io/metrics_family.h"

#include <string.h>

#define VALUES(...)                                                                                \
	.count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),                \
	.values = {__VA_ARGS__}

static const struct metrics_label status = {"status", VALUES("success", "error", "skipped")};
static const struct metrics_label child_state = {
	"state", VALUES("down", "starting", "idle", "busy")};
static const struct metrics_label exit_cause = {
	"cause", VALUES("ok", "recycled", "error", "signal", "oom", "timeout", "stopped")};
static const struct metrics_label queue_name = {
	"queue", VALUES("high", "normal", "low", "retry", "pending")};
static const struct metrics_label tick_result = {"result", VALUES("enqueued", "skipped", "missed")};
static const struct metrics_label missed_reason = {"reason", VALUES("overrun", "waiting")};
static const struct metrics_label exchange = {
	"exchange", VALUES("phemex", "bybit", "binance", "other")};
static const struct metrics_label operation = {
	"op", VALUES("time", "rules", "ticker", "candles", "account", "orders", "fills", "funding",
		      "key", "place", "amend", "cancel", "setting", "other")};
static const struct metrics_label code_class = {
	"code_class", VALUES("2xx", "3xx", "4xx", "429", "5xx", "none", "other")};
/* err_code_name's words, and "killed" of a run that killed its runner. */
static const struct metrics_label error_class = {
	"class", VALUES("invalid", "usage", "not_found", "refused", "config", "system", "overflow",
			 "network", "timeout", "protocol", "database", "queue", "fenced", "stopped",
			 "vault", "rate", "clock", "auth", "margin", "filter", "duplicate",
			 "no_order", "no_change", "flat", "maintenance", "bug", "killed", "other")};
static const struct metrics_label dead_reason = {"reason",
	VALUES("invalid", "usage", "not_found", "refused", "config", "system", "overflow",
		"network", "timeout", "protocol", "database", "queue", "fenced", "stopped", "vault",
		"rate", "clock", "auth", "margin", "filter", "duplicate", "no_order", "no_change",
		"flat", "maintenance", "bug", "killed", "other")};
static const struct metrics_label order_outcome = {
	"outcome", VALUES("sent", "rejected", "unknown")};
static const struct metrics_label trade_action = {
	"action", VALUES("OPENED", "ADDED", "REDUCED", "CLOSED")};
static const struct metrics_label usage_type = {
	"type", VALUES("run", "run_seconds", "api_calls", "trades", "volume")};
static const struct metrics_label usage_result = {"result", VALUES("recorded")};
static const struct metrics_label bot_state = {
	"state", VALUES("running", "paused", "blocked", "stopped")};
static const struct metrics_label vault_result = {"result", VALUES("opened", "refused")};
static const struct metrics_label auth_kind = {"kind", VALUES("exchange_key", "redis")};
static const struct metrics_label db_result = {"result", VALUES("ok", "refused", "lost")};
static const struct metrics_label endpoint = {
	"endpoint", VALUES("/metrics", "/health", "/ready", "other")};
static const struct metrics_label http_code = {"code", VALUES("200", "404", "500", "503", "other")};
static const struct metrics_label level = {"level", VALUES("debug", "info", "warn", "error")};

/* Times of runs, requests, statements. */
static const struct metrics_bounds seconds = {
	15, {{1, "0.001"}, {2, "0.002"}, {5, "0.005"}, {10, "0.01"}, {25, "0.025"}, {50, "0.05"},
		    {100, "0.1"}, {250, "0.25"}, {500, "0.5"}, {1000, "1"}, {2500, "2.5"},
		    {5000, "5"}, {10000, "10"}, {30000, "30"}, {60000, "60"}}};
/* Gains and losses of one trade, in quote coins. */
static const struct metrics_bounds quote = {17,
	{{-1000000000, "-1000"}, {-300000000, "-300"}, {-100000000, "-100"}, {-30000000, "-30"},
		{-10000000, "-10"}, {-3000000, "-3"}, {-1000000, "-1"}, {-100000, "-0.1"}, {0, "0"},
		{100000, "0.1"}, {1000000, "1"}, {3000000, "3"}, {10000000, "10"}, {30000000, "30"},
		{100000000, "100"}, {300000000, "300"}, {1000000000, "1000"}}};

#define WORKER .process = METRICS_WORKER
#define SCHEDULER .process = METRICS_SCHEDULER
#define BOTH .process = METRICS_BOTH
#define COUNTER .kind = METRICS_COUNTER
#define GAUGE .kind = METRICS_GAUGE
#define LAST .kind = METRICS_GAUGE, .last = true
#define HISTOGRAM .kind = METRICS_HISTOGRAM
#define PLAIN .scale = METRICS_ONE
#define SECONDS .scale = METRICS_MILLI
#define RATIO .scale = METRICS_MILLI
#define QUOTE .scale = METRICS_MICRO

/* clang-format off */
const struct metrics_family metrics_families[METRIC_COUNT] = {
	[METRIC_RUNS] = { "bot_executions_total", COUNTER, PLAIN, WORKER, .labels = { &status },
		.help = "runs that were claimed, by how they ended; with metrics.bots_max also by bot_id" },
	[METRIC_RUN_DURATION] = { "bot_execution_duration_seconds", HISTOGRAM, SECONDS, WORKER,
		.bounds = &seconds, .help = "time from the claim of a run to its close" },
	[METRIC_RUN_DELAY] = { "bot_execution_start_delay_seconds", HISTOGRAM, SECONDS, WORKER,
		.bounds = &seconds, .help = "time from a run's due second to its claim" },
	[METRIC_ACTIVE] = { "active_bots", GAUGE, PLAIN, WORKER, .help = "runs going on now" },

	[METRIC_CHILDREN] = { "worker_children", LAST, PLAIN, WORKER, .labels = { &child_state },
		.help = "runners, by what they are doing" },
	[METRIC_CHILD_EXITS] = { "worker_child_exits_total", COUNTER, PLAIN, WORKER,
		.labels = { &exit_cause },
		.help = "children that ended; oom: killed from outside, which the kernel does when memory is out" },
	[METRIC_BUSY_RATIO] = { "worker_busy_ratio", LAST, RATIO, WORKER,
		.help = "runners with a run, of all that are configured" },
	[METRIC_DRAINING] = { "worker_draining", LAST, PLAIN, WORKER, .help = "1 while the pool leaves" },
	[METRIC_WORKER_READY] = { "worker_ready", LAST, PLAIN, WORKER, .help = "1 while /ready answers 200" },
	[METRIC_KEEPER_LAG] = { "worker_keeper_lag_seconds", LAST, SECONDS, WORKER,
		.help = "since the keeper last came round" },
	[METRIC_POLL_AGE] = { "worker_last_poll_age_seconds", LAST, SECONDS, WORKER,
		.help = "since a runner last asked the queue for work" },
	[METRIC_RUNNER_MEMORY] = { "worker_runners_memory_bytes", LAST, PLAIN, WORKER,
		.help = "memory of all runners, shared pages by share, as last looked at" },
	[METRIC_WORKER_CLOCK] = { "worker_clock_offset_seconds", LAST, SECONDS, WORKER,
		.help = "this host's wall clock minus Postgres's, at the last claim" },

	[METRIC_QUEUE_CLAIMS] = { "queue_claims_total", COUNTER, PLAIN, WORKER,
		.help = "jobs whose claim Postgres answered, refused ones included" },
	[METRIC_LEASE_EXPIRED] = { "queue_lease_expired_total", COUNTER, PLAIN, WORKER,
		.help = "runs of this host that lost their lease" },
	[METRIC_FENCED] = { "queue_fence_rejected_total", COUNTER, PLAIN, WORKER,
		.help = "runs that were overtaken and wrote nothing more" },
	[METRIC_DEAD] = { "queue_dead_total", COUNTER, PLAIN, WORKER, .labels = { &dead_reason },
		.help = "jobs given up as dead letters" },
	[METRIC_QUEUE_RECONNECTS] = { "queue_reconnects_total", COUNTER, PLAIN, BOTH,
		.help = "connections to Redis after a process's first" },
	[METRIC_QUEUE_DEPTH] = { "queue_depth", LAST, PLAIN, SCHEDULER, .labels = { &queue_name },
		.help = "jobs in Redis; pending: with a runner; told by the leader" },
	[METRIC_QUEUE_OLDEST] = { "queue_oldest_age_seconds", LAST, SECONDS, SCHEDULER,
		.help = "age of the oldest job that waits in a stream; told by the leader" },
	[METRIC_QUEUE_DEAD] = { "queue_dead", LAST, PLAIN, SCHEDULER,
		.help = "dead letters that wait for a person; told by the leader" },
	[METRIC_REDIS_MEMORY] = { "queue_redis_memory_bytes", LAST, PLAIN, SCHEDULER,
		.help = "memory that Redis uses; told by the leader" },
	[METRIC_REDIS_MEMORY_MAX] = { "queue_redis_memory_max_bytes", LAST, PLAIN, SCHEDULER,
		.help = "maxmemory of Redis, 0: no limit; told by the leader" },
	[METRIC_REDIS_EVICTED] = { "queue_redis_evicted_keys", LAST, PLAIN, SCHEDULER,
		.help = "keys that Redis threw away since it started: jobs may be among them" },
	[METRIC_REDIS_WRITE_FAILED] = { "queue_redis_write_failed", LAST, PLAIN, SCHEDULER,
		.help = "1 if Redis could not write its last file to disk" },

	[METRIC_TICKS] = { "sched_ticks_total", COUNTER, PLAIN, SCHEDULER, .labels = { &tick_result },
		.help = "due slots, by what became of them; skipped: the bot was queued or running" },
	[METRIC_MISSED] = { "sched_missed_total", COUNTER, PLAIN, SCHEDULER, .labels = { &missed_reason },
		.help = "slots that never ran; overrun: several were due at once, waiting: a newer one came first" },
	[METRIC_TICK_DELAY] = { "sched_tick_delay_seconds", HISTOGRAM, SECONDS, SCHEDULER,
		.bounds = &seconds, .help = "time from a slot's due second to its enqueueing" },
	[METRIC_LEADER] = { "sched_leader", LAST, PLAIN, SCHEDULER, .help = "1 while this process leads" },
	[METRIC_LEADER_EPOCH] = { "sched_leader_epoch", LAST, PLAIN, SCHEDULER,
		.help = "number of the leadership that this process saw last" },
	[METRIC_LEADER_CHANGES] = { "sched_leader_changes_total", COUNTER, PLAIN, SCHEDULER,
		.help = "times this process took the lead" },
	[METRIC_SCHED_LAG] = { "sched_loop_lag_seconds", LAST, SECONDS, SCHEDULER,
		.help = "since the last finished round" },
	[METRIC_ENTRIES] = { "sched_entries", LAST, PLAIN, SCHEDULER, .help = "bots in the leader's schedule" },
	[METRIC_SCHED_WAITING] = { "sched_waiting", LAST, PLAIN, SCHEDULER,
		.help = "due slots that wait in the leader for room in the streams" },
	[METRIC_LAST_TICK] = { "sched_last_tick_timestamp_seconds", LAST, SECONDS, SCHEDULER,
		.help = "when the leader last finished a tick" },
	[METRIC_SCHED_CLOCK] = { "sched_clock_offset_seconds", LAST, SECONDS, SCHEDULER,
		.help = "this host's wall clock minus Postgres's, at the last renewal" },
	[METRIC_SCHED_READY] = { "sched_ready", LAST, PLAIN, SCHEDULER, .help = "1 while /ready answers 200" },

	[METRIC_VENUE_REQUESTS] = { "exchange_requests_total", COUNTER, PLAIN, WORKER,
		.labels = { &exchange, &operation, &code_class },
		.help = "requests sent to venues, by HTTP status; none: no reply" },
	[METRIC_VENUE_DURATION] = { "exchange_request_duration_seconds", HISTOGRAM, SECONDS, WORKER,
		.labels = { &exchange, &operation }, .bounds = &seconds,
		.help = "time of a request that was answered" },
	[METRIC_VENUE_ERRORS] = { "exchange_errors_total", COUNTER, PLAIN, WORKER,
		.labels = { &exchange, &error_class }, .help = "calls that failed, by class of error" },
	[METRIC_RATE_REMAINING] = { "exchange_rate_limit_remaining", LAST, PLAIN, WORKER,
		.labels = { &exchange }, .help = "what the last reply said is left of an account's limit" },
	[METRIC_RATE_REFUSED] = { "exchange_rate_refused_total", COUNTER, PLAIN, WORKER,
		.labels = { &exchange }, .help = "requests that we did not send, to stay below a limit" },
	[METRIC_BANNED_UNTIL] = { "exchange_banned_until_timestamp_seconds", LAST, SECONDS, WORKER,
		.labels = { &exchange }, .help = "when a ban of this address ends, as last heard" },
	[METRIC_VENUE_CLOCK] = { "exchange_clock_offset_seconds", LAST, SECONDS, WORKER,
		.labels = { &exchange }, .help = "the venue's clock minus this host's wall clock" },
	[METRIC_CERTIFICATE] = { "exchange_certificate_expiry_timestamp_seconds", LAST, SECONDS, WORKER,
		.labels = { &exchange }, .help = "when the venue's TLS certificate ends" },
	[METRIC_ORDERS] = { "exchange_orders_total", COUNTER, PLAIN, WORKER,
		.labels = { &exchange, &order_outcome },
		.help = "orders and cancels that were sent, and what went wrong with them" },
	[METRIC_ORDERS_UNKNOWN] = { "exchange_orders_unknown", LAST, PLAIN, SCHEDULER,
		.help = "orders whose outcome is not known for more than 30 s; told by the leader" },
	[METRIC_ORDERS_OPEN] = { "exchange_orders_open", LAST, PLAIN, SCHEDULER,
		.help = "orders that stand at venues; told by the leader" },
	[METRIC_STOPS_FAILED] = { "exchange_stops_failed_total", COUNTER, PLAIN, WORKER,
		.help = "legs closed because their protective stop could not be confirmed" },
	[METRIC_DRIFT] = { "exchange_position_drift_total", COUNTER, PLAIN, WORKER,
		.help = "positions that our fills do not explain, when confirmed" },
	[METRIC_DRIFTED] = { "exchange_positions_drifted", LAST, PLAIN, SCHEDULER,
		.help = "legs in drift now; told by the leader" },
	[METRIC_UNATTENDED] = { "exchange_positions_unattended", LAST, PLAIN, SCHEDULER,
		.help = "bots with a position that nobody manages; told by the leader" },

	[METRIC_TRADE_PNL] = { "trade_pnl", HISTOGRAM, QUOTE, WORKER, .bounds = &quote,
		.help = "profit or loss of a trade that reduced a position, before fees, in quote coins" },
	[METRIC_TRADE_PROFIT] = { "trade_profit_quote_total", COUNTER, QUOTE, WORKER,
		.help = "sum of all profits, before fees, in quote coins" },
	[METRIC_TRADE_LOSS] = { "trade_loss_quote_total", COUNTER, QUOTE, WORKER,
		.help = "sum of all losses, before fees, in quote coins, as a positive number" },
	[METRIC_TRADES] = { "trades_total", COUNTER, PLAIN, WORKER, .labels = { &exchange, &trade_action },
		.help = "fills that were booked as trades" },
	[METRIC_TRADE_VOLUME] = { "trade_volume_quote_total", COUNTER, QUOTE, WORKER,
		.labels = { &exchange }, .help = "value of all booked trades, in quote coins" },
	[METRIC_TRADE_FEES] = { "trade_fees_quote_total", COUNTER, QUOTE, WORKER,
		.help = "fees paid in quote coins; rebates and fees in other coins are left out" },
	[METRIC_USAGE] = { "usage_events_total", COUNTER, PLAIN, WORKER,
		.labels = { &usage_type, &usage_result },
		.help = "usage that was written for billing" },
	[METRIC_TENANTS] = { "bot_tenants", LAST, PLAIN, SCHEDULER, .help = "active tenants; told by the leader" },
	[METRIC_BOTS] = { "bot_bots", LAST, PLAIN, SCHEDULER, .labels = { &bot_state },
		.help = "bots, by status; told by the leader" },

	[METRIC_VAULT_OPENS] = { "vault_opens_total", COUNTER, PLAIN, WORKER, .labels = { &vault_result },
		.help = "credentials that runs opened, or could not open" },
	[METRIC_AUTH_FAILURES] = { "auth_failures_total", COUNTER, PLAIN, BOTH, .labels = { &auth_kind },
		.help = "keys and passwords that the other side refused" },
	[METRIC_RLS_VIOLATIONS] = { "rls_violation_total", COUNTER, PLAIN, BOTH,
		.help = "statements refused by row security or grants (SQLSTATE 42501): always our mistake" },

	[METRIC_DB_STATEMENTS] = { "db_statements_total", COUNTER, PLAIN, BOTH, .labels = { &db_result },
		.help = "statements sent to Postgres; lost: no answer" },
	[METRIC_DB_DURATION] = { "db_statement_duration_seconds", HISTOGRAM, SECONDS, BOTH,
		.bounds = &seconds, .help = "time to the last byte of a statement's answer" },
	[METRIC_DB_RECONNECTS] = { "db_reconnects_total", COUNTER, PLAIN, BOTH,
		.help = "connections to Postgres after a process's first" },
	[METRIC_DB_CONNECTIONS] = { "db_connections", LAST, PLAIN, SCHEDULER,
		.help = "client connections of the whole server; told by the leader" },
	[METRIC_DB_CONNECTIONS_MAX] = { "db_connections_max", LAST, PLAIN, SCHEDULER,
		.help = "max_connections; told by the leader" },
	[METRIC_DB_SIZE] = { "db_size_bytes", LAST, PLAIN, SCHEDULER,
		.help = "size of the database; told by the leader" },
	[METRIC_DB_REPLICAS] = { "db_replicas", LAST, PLAIN, SCHEDULER,
		.help = "standbys that stream from the server; told by the leader" },
	[METRIC_DB_REPLICATION_LAG] = { "db_replication_lag_seconds", LAST, SECONDS, SCHEDULER,
		.help = "replay lag of the standby that is furthest behind; told by the leader if it may see it" },
	[METRIC_DB_CONFIRMED] = { "db_cluster_confirmed", LAST, PLAIN, SCHEDULER,
		.help = "0: the restore fence is closed, nothing is traded; told by the leader" },

	[METRIC_API_DURATION] = { "api_request_duration_seconds", HISTOGRAM, SECONDS, BOTH,
		.labels = { &endpoint }, .bounds = &seconds, .help = "time to answer an HTTP request" },
	[METRIC_API_REQUESTS] = { "api_requests_total", COUNTER, PLAIN, BOTH,
		.labels = { &endpoint, &http_code }, .help = "HTTP requests answered" },
	[METRIC_LOG_LINES] = { "log_lines_total", COUNTER, PLAIN, BOTH, .labels = { &level },
		.help = "log lines, suppressed ones included" },
	[METRIC_LOG_SUPPRESSED] = { "log_lines_suppressed_total", COUNTER, PLAIN, BOTH,
		.help = "repeated log lines that were counted but not written" },
	[METRIC_PROCESS_START] = { "process_start_time_seconds", LAST, SECONDS, BOTH,
		.help = "when the serving process began" },
	[METRIC_PROCESS_MEMORY] = { "process_resident_memory_bytes", LAST, PLAIN, BOTH,
		.help = "resident memory of the serving process" },
	[METRIC_BUILD] = { "build_info", LAST, PLAIN, BOTH,
		.help = "1, with the program's version and commit as labels" },
};
/* clang-format on */

unsigned metrics_family_series(const struct metrics_family *family)
{
	unsigned series = 1;

	for (unsigned i = 0; i < METRICS_LABELS_MAX && family->labels[i] != NULL; i++)
		series *= family->labels[i]->count;
	return series;
}

unsigned metrics_family_cells(const struct metrics_family *family)
{
	return family->kind == METRICS_HISTOGRAM ? family->bounds->count + 2 : 1;
}

static unsigned value_place(
	const struct metrics_family *family, const struct metrics_label *label, const char *value)
{
	for (unsigned i = 0; i < label->count; i++)
		if (strcmp(label->values[i], value) == 0)
			return i;
	if (strcmp(label->values[label->count - 1], "other") != 0)
		die("metric %s: label %s has no value \"%s\"", family->name, label->name, value);
	return label->count - 1;
}

unsigned metrics_family_place(const struct metrics_family *family, const char *const *labels)
{
	unsigned place = 0;

	for (unsigned i = 0; i < METRICS_LABELS_MAX; i++) {
		if ((family->labels[i] == NULL) != (labels[i] == NULL))
			die("metric %s: wrong number of labels", family->name);
		if (labels[i] != NULL)
			place = place * family->labels[i]->count +
				value_place(family, family->labels[i], labels[i]);
	}
	return place;
}
