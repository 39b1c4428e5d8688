/*
 * What readers are told: who may run and why not, and the figures of a bot, worked out by hand in
 * the comments.
 */
#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/postgres.h"
#include "tests/support/database.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define TENANT "a0000000-0000-4000-8000-000000000000"
#define BOT "a1000000-0000-4000-8000-000000000000"
#define PAIR "a2000000-0000-4000-8000-000000000000"

static void expect_value(
	struct postgres *postgres, const char *query, const char *expected, const char *because)
{
	CLEANUP(text_free) char *value = test_database_value(postgres, query);

	cr_expect(eq(str, value, expected), "%s", because);
}

/* A running bot with one active pair, flat, of a tenant without a subscription. */
static const char running_bot[] =
	"insert into tenants (id, name) values ('" TENANT "', 'a');"
	"insert into subscription_plans (name, priority) values ('fast', 'high'), ('slow', 'low');"
	"insert into bot_configs (id, tenant_id, name, exchange, status)"
	" values ('" BOT "', '" TENANT "', 'bot', 'bybit', 'running');"
	"insert into bot_trading_pairs (id, tenant_id, bot_id, symbol, side)"
	" values ('" PAIR "', '" TENANT "', '" BOT "', 'BTCUSDT', 'long');"
	"update run_leases set stopped = false";

#define HELD "update pair_states set quantity = 0.5;"
#define ROW(state)                                                                                 \
	"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, token,"    \
	" kind, purpose, client_order_id, exchange, environment, account_id, symbol, leg, state,"  \
	" absent_at) values ('" TENANT "', '" BOT "', '" PAIR "', now(), 0, 1, 'place', 'open',"   \
	" 'x', 'bybit', 'paper', 'x', 'BTCUSDT', 'long', '" state "', now());"
#define SUBSCRIBED(plan, status, until)                                                            \
	"insert into user_subscriptions (tenant_id, plan_id, status, current_period_end)"          \
	" select '" TENANT "', id, '" status "', " until                                           \
	" from subscription_plans where name = '" plan "';"

/*
 * Rows that share a database: each is tried in a transaction of its own, which is rolled back. A
 * database per row would cost a second each.
 */
struct row {
	const char *because; /* what is broken if this row fails */
	const char *change;  /* to the running bot */
	const char *expected;
};

static void try_rows(
	const char *name, const char *role, const char *query, const struct row *rows, size_t count)
{
	CLEANUP(test_database_drop) char *url = test_database_new(name);
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	CLEANUP(text_free)
	char *as_role = mem_format("set local role %s;"
				   "select set_config('app.tenant', '" TENANT "', true)",
		role);

	test_database_run(postgres, running_bot);
	for (size_t i = 0; i < count; i++) {
		test_database_run(postgres, "begin");
		test_database_run(postgres, rows[i].change);
		test_database_run(postgres, as_role);
		expect_value(postgres, query, rows[i].expected, rows[i].because);
		test_database_run(postgres, "rollback");
	}
}

/* Expected: admission / reason / priority / wants_stop_run / needs_watch / has_risk. */
static const struct row admission_rows[] = {
	{"a running bot of a tenant without a subscription runs", "select 1",
		"normal//normal/f/f/f"},
	{"a position is risk", HELD, "normal//normal/f/f/t"},
	{"an order at the venue is risk", ROW("open"), "normal//normal/f/f/t"},
	{"a final row is none", ROW("filled"), "normal//normal/f/f/f"},
	{"a row declared absent is none, and a running bot asks by itself", ROW("absent"),
		"normal//normal/f/f/f"},

	{"a stopped bot does nothing, even with a position",
		HELD "update bot_configs set status = 'stopped'", "none/stopped/normal/f/f/t"},
	{"the stop gate alone is enough", "update run_leases set stopped = true",
		"none/stopped/normal/f/f/f"},
	{"a stopped bot with an order is watched",
		ROW("open") "update run_leases set stopped = true", "none/stopped/normal/f/t/t"},
	{"a stopped bot's absent row is asked about for a day",
		ROW("absent") "update run_leases set stopped = true", "none/stopped/normal/f/t/f"},
	{"and no longer",
		ROW("absent") "update order_journal set absent_at = now() - interval '25 "
			      "h';"
			      "update run_leases set stopped = true",
		"none/stopped/normal/f/f/f"},
	{"a stop owes its stop run", "update run_leases set stopped = true, stop_run_done = false",
		"none/stopped/normal/t/f/f"},

	{"a halt of everything stops the exits too",
		HELD "update stop_gates set stopped = true where scope = 'system'",
		"none/system_stopped/normal/f/f/t"},
	{"a halt of its venue", "update stop_gates set stopped = true where scope = 'venue:bybit'",
		"none/venue_stopped/normal/f/f/f"},
	{"a halt of another venue does not matter",
		"update stop_gates set stopped = true where scope = 'venue:phemex'",
		"normal//normal/f/f/f"},
	{"a halt of its tenant", "update stop_gates set stopped = true where scope like 'tenant:%'",
		"none/tenant_stopped/normal/f/f/f"},
	{"a halted bot with an order is watched",
		ROW("unknown") "update stop_gates set stopped = true where scope = "
			       "'system'",
		"none/system_stopped/normal/f/t/t"},

	{"a suspended tenant's flat bot does not run", "update tenants set status = 'suspended'",
		"none/tenant_suspended/normal/f/f/f"},
	{"a suspended tenant keeps its exits", HELD "update tenants set status = 'suspended'",
		"exits_only/tenant_suspended/normal/f/f/t"},
	{"a paused bot keeps its exits", HELD "update bot_configs set status = 'paused'",
		"exits_only/paused/normal/f/f/t"},
	{"a paused bot has its entries cancelled",
		ROW("open") "update bot_configs set status = 'paused'",
		"exits_only/paused/normal/f/f/t"},
	{"a paused flat bot does not run", "update bot_configs set status = 'paused'",
		"none/paused/normal/f/f/f"},
	{"a blocked bot keeps its exits", HELD "update bot_configs set status = 'blocked'",
		"exits_only/blocked/normal/f/f/t"},
	{"a bot without an active pair does not run",
		"update bot_trading_pairs set is_active = false",
		"none/no_active_pair/normal/f/f/f"},
	{"a switched-off pair keeps its exits",
		HELD "update bot_trading_pairs set is_active = false",
		"exits_only/no_active_pair/normal/f/f/t"},

	{"a plan gives its priority", SUBSCRIBED("slow", "active", "null"), "normal//low/f/f/f"},
	{"the best of several current plans counts",
		SUBSCRIBED("slow", "active", "null") SUBSCRIBED("fast", "trialing", "null"),
		"normal//high/f/f/f"},
	{"a cancelled one gives nothing",
		SUBSCRIBED("slow", "active", "null") SUBSCRIBED("fast", "cancelled", "null"),
		"normal//low/f/f/f"},
	{"a payment that is late still counts in its period",
		SUBSCRIBED("slow", "past_due", "now() + interval '1 h'"), "normal//low/f/f/f"},
	{"a period that ended has lapsed", SUBSCRIBED("slow", "active", "now() - interval '1 h'"),
		"none/subscription_lapsed/normal/f/f/f"},
	{"a lapsed subscription keeps the exits", HELD SUBSCRIBED("slow", "cancelled", "null"),
		"exits_only/subscription_lapsed/normal/f/f/t"},
};

Test(views, admission_is_decided_in_one_place)
{
	try_rows("admission", "botbeat_scheduler",
		"select concat_ws('/', admission, reason, priority, wants_stop_run, needs_watch,"
		" has_risk) from bot_admission",
		admission_rows, sizeof admission_rows / sizeof admission_rows[0]);
}

/* C and SQL must agree on when a bot runs, or the dashboard shows another time than comes. */
Test(views, the_phase_of_a_bot_is_the_schedulers)
{
	static const char *const bots[] = {BOT, "00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff", "6f1e8a52-3c1b-4b6f-9f0e-2d7c8b9a0d11"};
	CLEANUP(test_database_drop) char *url = test_database_new("phase");
	CLEANUP(postgres_free)
	struct postgres *postgres = test_database_open(url, "botbeat_dashboard");

	for (size_t i = 0; i < sizeof bots / sizeof bots[0]; i++) {
		struct uuid bot;
		uint8_t bytes[16];
		struct err err;

		cr_assert(eq(int, uuid_parse(bots[i], &bot, &err), 0));
		uuid_bytes(&bot, bytes);
		CLEANUP(text_free) char *query = mem_format("select bot_phase('%s', 300)", bots[i]);
		CLEANUP(text_free)
		char *expected = mem_format("%d", (int)(hash_bytes(bytes, sizeof bytes) % 300));
		expect_value(postgres, query, expected, bots[i]);
	}
}

static void expect_next_slot(struct postgres *postgres, const char *align, const char *after,
	const char *expected, const char *because)
{
	CLEANUP(text_free)
	char *query = mem_format(
		"select bot_next_slot('" BOT "', 300, '%s', 2000, '2026-01-01 %sZ')"
		" - bot_phase('" BOT "', 300) * interval '1 s' * ('%s' = 'spread')::integer",
		align, after, align);

	expect_value(postgres, query, expected, because);
}

Test(views, the_next_slot_is_the_first_after_now)
{
	CLEANUP(test_database_drop) char *url = test_database_new("next_slot");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	test_database_run(postgres, "set timezone = 'UTC'");
	expect_next_slot(postgres, "candle", "00:04:00", "2026-01-01 00:05:02+00",
		"a candle's bot runs at the boundary plus its delay");
	expect_next_slot(postgres, "candle", "00:05:01", "2026-01-01 00:05:02+00",
		"the delay of this candle is still to come");
	expect_next_slot(postgres, "candle", "00:05:02", "2026-01-01 00:10:02+00",
		"a slot that is now has begun");
	expect_next_slot(postgres, "spread", "00:00:00", "2026-01-01 00:00:00+00",
		"a spread bot runs at its phase after the boundary");
}

/*
 * Two cycles closed and one open, all of one leg; fees in USDT.
 *
 *   cycle  fill                       pnl    fee   balance    funding
 *   1      OPENED  1 @ 100            0     0.1    999.9
 *   1      ADDED   1 @  90            0     0.1    999.8     -0.5
 *   1      CLOSED  2 @ 105           20     0.2   1019.1       (19.3 = 20 - 0.2 - 0.5)
 *   2      OPENED  1 @ 105            0     0.1   1019.0
 *   2      REDUCED 0.5 @ 95          -5     0.05  1013.95
 *   2      CLOSED  0.5 @ 91          -7     0.05  1006.90
 *   3      OPENED  1 @ 91             0    -0.02  1006.92      (a maker's rebate)
 *
 * cycle 1: 20 - 0.4 - 0.5 = 19.1, won; cycle 2: -12 - 0.2 = -12.2, lost; cycle 3 is open: 0.02
 * total:   8 gross - 0.58 fees - 0.5 funding = 6.92; by 7 trades 0.98857143; won 1 of 2
 * balance: peak 1019.1, lowest 999.8, deepest fall 1019.1 - 1006.9 = 12.2, of the peak 1.1971 %
 */
static const char trade_history[] =
	"insert into trades (tenant_id, bot_id, pair_id, exchange, environment, account_id, symbol,"
	" side, position_side, action, quantity, price, pnl, fee, net_pnl, balance_after, exec_id,"
	" cycle_id, executed_at)"
	" select '" TENANT "', '" BOT "', '" PAIR
	"', 'bybit', 'paper', 'x', 'BTCUSDT', side, 'long',"
	" action, quantity, price, pnl, fee, pnl - fee, balance, 'e' || n, cycle,"
	" '2026-01-01Z'::timestamptz + n * interval '1 hour' from (values"
	" (1, 1, 'OPENED', 'buy', 1.0, 100.0, 0.0, 0.1, 999.9),"
	" (2, 1, 'ADDED', 'buy', 1, 90, 0, 0.1, 999.8),"
	" (3, 1, 'CLOSED', 'sell', 2, 105, 20, 0.2, 1019.1),"
	" (4, 2, 'OPENED', 'buy', 1, 105, 0, 0.1, 1019.0),"
	" (5, 2, 'REDUCED', 'sell', 0.5, 95, -5, 0.05, 1013.95),"
	" (6, 2, 'CLOSED', 'sell', 0.5, 91, -7, 0.05, 1006.90),"
	" (7, 3, 'OPENED', 'buy', 1, 91, 0, -0.02, 1006.92))"
	" as t(n, cycle, action, side, quantity, price, pnl, fee, balance);"
	"insert into funding (tenant_id, bot_id, pair_id, exchange, environment, account_id, "
	"venue_id,"
	" symbol, amount, cycle_id, paid_at) values ('" TENANT "', '" BOT "', '" PAIR "', 'bybit',"
	" 'paper', 'x', 'f', 'BTCUSDT', -0.5, 1, '2026-01-01 02:30Z')";

static struct postgres *open_history(const char *url)
{
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);
	test_database_run(postgres, running_bot);
	test_database_run(postgres, trade_history);

	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");
	test_database_run(dashboard, "set timezone = 'UTC';"
				     "select set_config('app.tenant', '" TENANT "', false)");
	return dashboard;
}

Test(views, cycles_count_pnl_fees_and_funding)
{
	CLEANUP(test_database_drop) char *url = test_database_new("cycles");
	CLEANUP(postgres_free) struct postgres *dashboard = open_history(url);

	expect_value(dashboard,
		"select string_agg(concat_ws('/', cycle_id, closed, trades, adds, gross_pnl, fees, "
		"funding,"
		" net_pnl, to_char(closed_at, 'HH24:MI')), ' ' order by cycle_id) from cycles",
		"1/t/3/1/20.0/0.4/-0.5/19.1/03:00 2/t/3/0/-12/0.20/0/-12.20/06:00"
		" 3/f/1/0/0/-0.02/0/0.02",
		"the table above");
}

Test(views, performance_follows_from_cycles_and_balances)
{
	CLEANUP(test_database_drop) char *url = test_database_new("performance");
	CLEANUP(postgres_free) struct postgres *dashboard = open_history(url);

	expect_value(dashboard,
		"select concat_ws('/', total_trades, total_pnl, avg_pnl, win_rate, closed_cycles,"
		" avg_cycle_pnl, gross_pnl, fees, funding) from bot_performance",
		"7/6.92/0.98857143/0.5000/2/3.45000000/8.0/0.58/-0.5", "the table above");
	expect_value(dashboard,
		"select concat_ws('/', peak_balance, lowest_balance, max_drawdown,"
		" max_drawdown_percentage) from bot_performance",
		"1019.1/999.8/12.20/1.1971", "the table above");
}

Test(views, a_bot_without_trades_has_zeroes_and_no_rates)
{
	CLEANUP(test_database_drop) char *url = test_database_new("performance_none");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	test_database_run(postgres, running_bot);
	expect_value(postgres,
		"select concat_ws('/', total_trades, total_pnl, fees, funding,"
		" coalesce(avg_pnl, win_rate, peak_balance, max_drawdown)::text) from "
		"bot_performance",
		"0/0/0/0", "nothing is divided by nothing");
}

Test(views, a_fee_without_a_price_makes_the_cycle_unknown_and_is_flagged)
{
	CLEANUP(test_database_drop) char *url = test_database_new("unpriced");
	CLEANUP(postgres_free) struct postgres *dashboard = open_history(url);
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	test_database_run(postgres, "update trades set fee_currency = 'BNB', net_pnl = null"
				    " where exec_id = 'e6'");
	expect_value(dashboard,
		"select coalesce(net_pnl::text, 'unknown') || ' ' || fees_unpriced from cycles"
		" where cycle_id = 2",
		"unknown 1", "the cycle");
	/* The fee of 0.05 is left out, and said so. */
	expect_value(dashboard, "select total_pnl || ' ' || fees_unpriced from bot_performance",
		"6.97 1", "the bot");
	expect_value(
		dashboard, "select count(*) from trades_view where fee_unpriced", "1", "the fill");
}

Test(views, the_equity_curve_runs_over_fills_and_funding)
{
	CLEANUP(test_database_drop) char *url = test_database_new("equity");
	CLEANUP(postgres_free) struct postgres *dashboard = open_history(url);

	expect_value(dashboard,
		"select string_agg(concat_ws('/', to_char(at, 'HH24:MI'), event, cumulative_pnl,"
		" drawdown), ' ' order by at) from equity_curve",
		"01:00/trade/-0.1/0.0 02:00/trade/-0.2/0.1 02:30/funding/-0.7 03:00/trade/19.1/0.0"
		" 04:00/trade/19.0/0.1 05:00/trade/13.95/5.15 06:00/trade/6.90/12.20"
		" 07:00/trade/6.92/12.18",
		"the table above");
}

#define RAN(status, rest)                                                                          \
	"insert into bot_execution_logs (bot_id, scheduled_at, tenant_id, token, status, "         \
	"error_class, error, orders) values ('" BOT "', now() - interval '1 minute', '" TENANT     \
	"', 1, '" status "', " rest ");"

static const struct row reason_rows[] = {
	{"a new bot", "select 1", "it has not run yet"},
	{"a bot that places orders trades", RAN("success", "null, null, 2"), ""},
	{"what its strategy said",
		RAN("success", "null, null, 0") "update pair_states set last_reason = "
						"'price above EMA100'",
		"BTCUSDT long: price above EMA100"},
	{"a failed run", RAN("error", "'network', 'could not reach bybit', 0"),
		"its last run failed: could not reach bybit"},
	{"a run that waits", RAN("retrying", "'rate', 'banned until 10:00', 0"),
		"its last run waits for a retry: banned until 10:00"},
	{"a block says why",
		"update bot_configs set status = 'blocked', status_reason = 'the key was "
		"refused'",
		"it was blocked: the key was refused"},
	{"a halt says why",
		"update stop_gates set stopped = true, reason = 'maintenance' where scope "
		"= 'venue:bybit'",
		"bybit is halted: maintenance"},
	{"a stopped bot", "update bot_configs set status = 'stopped'", "it is stopped"},
	{"drift freezes new risk",
		RAN("success", "null, null, 0") "update pair_states set drift_since = now(), "
						"drift_detail = 'venue has 2, we have 1'",
		"its position is not what it booked: BTCUSDT long: venue has 2, we have 1"},
};

Test(views, the_overview_says_why_a_bot_is_not_trading)
{
	try_rows("why", "botbeat_dashboard", "select why_not_trading from bot_overview",
		reason_rows, sizeof reason_rows / sizeof reason_rows[0]);
}

Test(views, the_overview_shows_last_and_next_run)
{
	CLEANUP(test_database_drop) char *url = test_database_new("overview");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	test_database_run(postgres, running_bot);
	test_database_run(postgres, RAN("error", "'network', 'x', 0"));
	test_database_run(postgres, "insert into bot_execution_logs (bot_id, scheduled_at, "
				    "tenant_id, token, status, orders)"
				    " values ('" BOT "', now(), '" TENANT "', 1, 'success', 1)");
	expect_value(postgres,
		"select concat_ws('/', last_run_at = now(), last_run_status, last_run_orders) from"
		" bot_overview where last_run_at > now() - interval '30 seconds'",
		"f/success/1", "the newest run");
	expect_value(postgres,
		"select next_run_at > now() and next_run_at <= now() + interval '300 seconds'"
		" from bot_overview",
		"t", "within an interval");
	test_database_run(
		postgres, "update run_leases set follow_up_at = now() + interval '1 second'");
	expect_value(postgres,
		"select next_run_at <= follow_up_at from bot_overview join bot_admission using "
		"(bot_id)",
		"t", "a follow-up comes first");
	test_database_run(postgres, "update bot_configs set status = 'stopped'");
	expect_value(postgres, "select coalesce(next_run_at::text, 'never') from bot_overview",
		"never", "a stopped bot has none");
}

Test(views, usage_is_summed_by_utc_day)
{
	CLEANUP(test_database_drop) char *url = test_database_new("usage");
	CLEANUP(postgres_free) struct postgres *postgres = test_database_open(url, NULL);

	test_database_run(postgres, running_bot);
	test_database_run(postgres,
		"insert into usage_events select '" TENANT "', '" BOT "', n::text, 'run', '', 1, at"
		" from (values (1, '2026-01-01 00:00Z'::timestamptz), (2, '2026-01-01 23:59Z'),"
		" (3, '2026-01-02 00:00Z')) as u(n, at)");
	expect_value(postgres,
		"select string_agg(day || ' ' || quantity, ', ' order by day) from usage_daily",
		"2026-01-01 2, 2026-01-02 1", "two runs and one");
}
