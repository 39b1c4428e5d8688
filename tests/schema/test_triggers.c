/* What the database does by itself when configuration is written, whoever writes it. */
#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "tests/support/database.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define TENANT "a0000000-0000-4000-8000-000000000000"
#define BOT "a1000000-0000-4000-8000-000000000000"

static void expect_value(
	struct postgres *postgres, const char *query, const char *expected, const char *because)
{
	CLEANUP(text_free) char *value = test_database_value(postgres, query);

	cr_expect(eq(str, value, expected), "%s", because);
}

/* A tenant made by the admin, and a dashboard session set to it. */
static struct postgres *open_dashboard(const char *url)
{
	CLEANUP(postgres_free) struct postgres *admin = test_database_open(url, "botbeat_admin");
	test_database_run(admin, "insert into tenants (id, name) values ('" TENANT "', 'a')");

	struct postgres *dashboard = test_database_open(url, "botbeat_dashboard");
	test_database_run(dashboard, "select set_config('app.tenant', '" TENANT "', false)");
	return dashboard;
}

static const char make_bot[] = "insert into bot_configs (id, tenant_id, name, exchange)"
			       " values ('" BOT "', '" TENANT "', 'bot', 'bybit');"
			       "insert into bot_trading_pairs (tenant_id, bot_id, symbol, side)"
			       " values ('" TENANT "', '" BOT "', 'BTCUSDT', 'long')";

Test(triggers, a_new_bot_has_its_lease_and_its_pairs_their_states)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_bot");
	CLEANUP(postgres_free) struct postgres *dashboard = open_dashboard(url);

	test_database_run(dashboard, make_bot);
	expect_value(dashboard, "select stopped from run_leases where bot_id = '" BOT "'", "t",
		"a bot begins stopped");
	expect_value(dashboard, "select quantity from pair_states where bot_id = '" BOT "'", "0",
		"a pair begins flat");
	expect_value(dashboard, "select status from bot_configs", "stopped", "and is not running");
}

Test(triggers, a_new_tenant_has_an_open_gate)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_gate");
	CLEANUP(postgres_free) struct postgres *dashboard = open_dashboard(url);

	expect_value(dashboard, "select stopped from stop_gates where scope = 'tenant:" TENANT "'",
		"f", "a tenant begins with an open gate");
}

Test(triggers, an_edit_raises_the_version_of_the_configuration)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_edit");
	CLEANUP(postgres_free) struct postgres *dashboard = open_dashboard(url);

	test_database_run(dashboard, make_bot);
	test_database_run(dashboard, "update bot_configs set interval_seconds = 60");
	expect_value(dashboard, "select config_version from bot_configs", "2", "one edit");
}

static void expect_notified(struct postgres *listener, const char *because)
{
	const char *payload = NULL;
	struct err err;

	if (postgres_wait(listener, 5000, -1, &payload, &err) == -1)
		cr_fatal("%s", err.message);
	cr_expect(eq(str, payload, BOT), "%s", because);
}

Test(triggers, every_change_of_configuration_names_its_bot)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_notify");
	CLEANUP(postgres_free) struct postgres *dashboard = open_dashboard(url);
	CLEANUP(postgres_free) struct postgres *admin = test_database_open(url, "botbeat_admin");
	CLEANUP(postgres_free)
	struct postgres *listener = test_database_open(url, "botbeat_scheduler");
	struct err err;

	cr_assert(eq(int, postgres_listen(listener, "bots", &err), 0));
	test_database_run(dashboard, make_bot);
	expect_notified(listener, "a bot and its pairs in one transaction tell once");
	test_database_run(dashboard, "update bot_trading_pairs set leverage = 5");
	expect_notified(listener, "a pair's edit names the bot");
	test_database_run(admin, "delete from bot_configs");
	expect_notified(listener, "a deleted bot is named too");
}

Test(triggers, a_replaced_secret_loses_the_verdict_on_the_former)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_verdict");
	CLEANUP(postgres_free) struct postgres *dashboard = open_dashboard(url);
	CLEANUP(postgres_free) struct postgres *worker = test_database_open(url, "botbeat_worker");

	test_database_run(dashboard,
		"insert into credentials (tenant_id, name, exchange, environment, sealed)"
		" values ('" TENANT "', 'key', 'bybit', 'live', 'one')");
	test_database_run(worker, "update credentials set status = 'ok', checked_at = now()");
	test_database_run(worker, "update credentials set sealed = 'one, to a new tenant key'");
	expect_value(dashboard, "select status from credentials", "ok",
		"a worker that seals the same secret again keeps its verdict");
	test_database_run(dashboard, "update credentials set sealed = 'two', version = 2");
	expect_value(dashboard, "select status || coalesce(checked_at::text, '') from credentials",
		"unchecked", "another secret has not been checked");
}

Test(triggers, a_worker_may_lock_a_gate_and_not_move_it)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_lock");
	CLEANUP(postgres_free) struct postgres *worker = test_database_open(url, "botbeat_worker");
	struct err err;

	expect_value(worker, "select stopped from stop_gates where scope = 'system' for share", "f",
		"a send locks its gates");
	cr_expect(eq(int, postgres_script(worker, "update stop_gates set changed_at = now()", &err),
		-1));
	cr_expect(eq(str, postgres_sqlstate(worker), "42501"));
}

Test(triggers, money_rows_stay_until_the_tenant_goes)
{
	CLEANUP(test_database_drop) char *url = test_database_new("trigger_kept");
	CLEANUP(postgres_free) struct postgres *dashboard = open_dashboard(url);
	CLEANUP(postgres_free) struct postgres *admin = test_database_open(url, "botbeat_admin");
	struct err err;

	test_database_run(dashboard, make_bot);
	test_database_run(admin,
		"insert into trades (tenant_id, bot_id, pair_id, exchange, environment, account_id,"
		" symbol, side, position_side, action, quantity, price, exec_id, cycle_id, "
		"executed_at)"
		" select tenant_id, bot_id, id, 'bybit', 'live', 'x', symbol, 'buy', side, "
		"'OPENED', 1,"
		" 1, 'e', 1, now() from bot_trading_pairs");
	cr_expect(eq(int, postgres_script(admin, "delete from bot_trading_pairs", &err), -1));
	cr_expect(eq(str, postgres_sqlstate(admin), "23503"), "a pair with trades stays");
	cr_expect(eq(int, postgres_script(admin, "delete from bot_configs", &err), -1));
	cr_expect(eq(str, postgres_sqlstate(admin), "23503"), "a bot with trades stays");

	test_database_run(admin, "delete from tenants");
	expect_value(admin, "select count(*) from trades", "0", "a tenant goes with everything");
}
