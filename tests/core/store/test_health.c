#include "core/store/health.h"

#include "core/store/activity.h"
#include "tests/core/store/bot.h"

static struct bot bot;
static struct postgres *admin;

static void setup(void)
{
	bot_open(&bot, "health");
	admin = test_database_open(bot.url, "botbeat_admin");
}

static void teardown(void)
{
	postgres_free(&admin);
	bot_close(&bot);
}

TestSuite(health, .init = setup, .fini = teardown);

static void read_schema(struct health_schema *ret)
{
	struct err err;

	cr_assert(zero(int, health_schema(admin, ret, &err)), "%s", err.message);
}

Test(health, a_fresh_schema_has_nothing_to_complain_about)
{
	CLEANUP(health_schema_done) struct health_schema schema = {0};

	read_schema(&schema);
	cr_expect(eq(str, schema.tables_open, ""));
	cr_expect(eq(str, schema.roles_missing, ""));
	cr_expect(eq(str, schema.roles_too_strong, ""));
	cr_expect(eq(str, schema.grants_wrong, ""));
	cr_expect(eq(str, schema.months_missing, ""));
	cr_expect(schema.backup_sees_all);
}

Test(health, a_wall_that_was_taken_down_is_named)
{
	CLEANUP(health_schema_done) struct health_schema schema = {0};

	test_database_run(bot.admin, "alter table trades no force row level security;"
				     "alter table pair_states disable row level security");
	read_schema(&schema);
	cr_expect(eq(str, schema.tables_open, "pair_states, trades"));
}

Test(health, a_right_that_breaks_a_promise_is_named)
{
	CLEANUP(health_schema_done) struct health_schema schema = {0};

	test_database_run(bot.admin, "grant select (sealed) on credentials to botbeat_dashboard");
	read_schema(&schema);
	cr_expect(eq(str, schema.grants_wrong, "the dashboard reads sealed keys"));
}

Test(health, a_month_that_is_not_there_is_named)
{
	CLEANUP(health_schema_done) struct health_schema schema = {0};

	test_database_run(bot.admin,
		"do $$ begin execute format('drop table %I', partition_name('usage_events',"
		" date_trunc('month', now() at time zone 'UTC' + interval '1 month') at time zone "
		"'UTC'));"
		" end $$");
	read_schema(&schema);
	cr_expect(zero(int, strncmp(schema.months_missing, "usage_events_", 13)), "%s",
		schema.months_missing);
	cr_expect(eq(sz, strlen(schema.months_missing), strlen("usage_events_2026_12")));
}

Test(health, the_server_says_who_asks)
{
	struct health_server server;
	struct err err;

	cr_assert(zero(int, health_server(admin, &server, &err)), "%s", err.message);
	cr_expect(eq(str, server.user, "botbeat_admin"));
	cr_expect(eq(str, server.roles, "admin"));
	cr_expect(not(server.passes_rls));
	cr_assert(zero(int, health_server(bot.admin, &server, &err)), "%s", err.message);
	cr_expect(server.passes_rls, "a superuser walks through every wall");
}

Test(health, what_waits_for_a_person_is_counted)
{
	struct health_work work;
	struct err err;

	test_database_run(bot.admin,
		"insert into dead_letters (tenant_id, bot_id, scheduled_at, class, message, "
		"attempts)"
		" values (" TENANT ", " BOT ", now(), 'killed', '', 3);"
		"update pair_states set drift_confirmed = true where pair_id = " PAIR ";"
		"insert into order_journal (tenant_id, bot_id, scheduled_at, sequence, token, kind,"
		" purpose, client_order_id, exchange, environment, account_id, symbol, leg, state,"
		" updated_at) select " TENANT ", " BOT ", now(), n, 0, 'place', 'open', 'id' || n,"
		" 'bybit', 'testnet', '1', 'BTCUSDT', 'long', 'unknown', now() - n * interval '9 "
		"minutes'"
		" from generate_series(1, 2) n");
	cr_assert(zero(int, health_work(admin, &work, &err)), "%s", err.message);
	cr_expect(eq(i64, work.dead_letters, 1));
	cr_expect(eq(i64, work.drifted_legs, 1));
	cr_expect(eq(i64, work.unknown_orders, 1), "only the one that waits for long");
	cr_expect(not(work.led));
	cr_expect(eq(i64, work.bots_running, 2));
}

/* --- what is going on ----------------------------------------------------------------------- */

Test(health, figures_count_runs_that_ended_in_the_window)
{
	struct activity activity;
	struct err err;

	test_database_run(bot.admin,
		"insert into bot_execution_logs (bot_id, tenant_id, token, scheduled_at, status,"
		" started_at, finished_at, duration_ms) select " BOT ", " TENANT
		", 1, now() - n * interval '1 s', case n when 1 then 'error' else 'success' end,"
		" now() - n * interval '1 s', now() - n * interval '1 s', 10 * n"
		" from unnest(array[1, 2, 3, 60]) n");
	cr_assert(zero(int, activity_read(admin, 5000, &activity, &err)), "%s", err.message);
	cr_expect(eq(i64, activity.runs_done, 3), "the fourth one ended a minute ago");
	cr_expect(eq(i64, activity.runs_failed, 1));
	cr_expect(eq(i64, activity.run_p50_ms, 20));
	cr_expect(eq(i64, activity.run_p99_ms, 30));
	cr_expect(eq(i64, activity.bots, 2));
	cr_expect(not(activity.led));
}

Test(health, a_row_on_its_way_is_unknown_once_its_run_is_gone)
{
	struct activity activity;
	struct err err;
	int64_t token = bot_token(&bot, 0);
	CLEANUP(text_free)
	char *rows = mem_format(
		"insert into order_journal (tenant_id, bot_id, scheduled_at, sequence, token, kind,"
		" purpose, client_order_id, exchange, environment, account_id, symbol, leg, state)"
		" values (" TENANT ", " BOT ", now(), 0, %" PRId64
		", 'place', 'open', 'one', 'bybit',"
		" 'testnet', '1', 'BTCUSDT', 'long', 'sending')",
		token);

	test_database_run(bot.admin, rows);
	cr_assert(zero(int, activity_read(admin, 5000, &activity, &err)), "%s", err.message);
	cr_expect(eq(i64, activity.running, 1));
	cr_expect(eq(i64, activity.unknown_orders, 0), "its run is on it");
	bot_forget(&bot);
	cr_assert(zero(int, activity_read(admin, 5000, &activity, &err)), "%s", err.message);
	cr_expect(eq(i64, activity.running, 0));
	cr_expect(eq(i64, activity.unknown_orders, 1));
}

Test(health, tenants_are_summed_up_with_fees_and_funding)
{
	CLEANUP(postgres_result_free) struct postgres_result *tenants = NULL;
	struct err err;

	test_database_run(bot.admin,
		"insert into trades (tenant_id, bot_id, exchange, environment, account_id, symbol, "
		"side,"
		" position_side, action, quantity, price, pnl, fee, net_pnl, exec_id, cycle_id,"
		" executed_at) values (" TENANT ", " BOT
		", 'bybit', 'testnet', '1', 'BTCUSDT', 'sell',"
		" 'long', 'CLOSED', 1, 100, 5, 0.25, 4.75, 'one', 1, now());"
		"insert into funding (tenant_id, bot_id, exchange, environment, account_id, "
		"venue_id,"
		" symbol, amount, paid_at) values (" TENANT ", " BOT
		", 'bybit', 'testnet', '1', 'f',"
		" 'BTCUSDT', -0.5, now())");
	cr_assert(zero(int, activity_tenants(admin, 10, &tenants, &err)), "%s", err.message);
	cr_assert(eq(sz, postgres_rows(tenants), 1));
	cr_expect(eq(str, postgres_text(tenants, 0, 3), "1"));
	cr_expect(eq(str, postgres_text(tenants, 0, 4), "0.25"));
	cr_expect(eq(str, postgres_text(tenants, 0, 5), "-0.5"));
	cr_expect(eq(str, postgres_text(tenants, 0, 6), "4.25"));
	cr_expect(eq(str, postgres_text(tenants, 0, 8), "4.25"), "of all");
}
