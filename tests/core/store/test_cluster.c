#include "tests/core/store/bot.h"

#include "core/base/clock.h"
#include "core/store/admission.h"
#include "core/store/cluster.h"

static struct bot bot;
static struct postgres *operator_session;

static void setup(void)
{
	bot_open(&bot, "cluster");
	operator_session = test_database_open(bot.url, "botbeat_admin");
}

static void teardown(void)
{
	postgres_free(&operator_session);
	bot_close(&bot);
}

TestSuite(cluster, .init = setup, .fini = teardown);

#define OK(call) cr_assert(zero(int, (call)), "%s", err.message)

/* As after a point-in-time restore: the same server, one timeline on. */
#define OTHER_TIMELINE "update cluster_identity set timeline = timeline - 1"
/* As a dump in another server. */
#define OTHER_SERVER "update cluster_identity set system_identifier = '7000000000000000001'"

static bool is_open(void)
{
	struct cluster cluster;
	struct err err;

	OK(cluster_read(operator_session, &cluster, &err));
	return cluster.confirmed;
}

Test(cluster, a_new_installation_has_confirmed_itself)
{
	struct cluster cluster;
	struct err err;

	OK(cluster_read(operator_session, &cluster, &err));
	cr_expect(cluster.confirmed);
	cr_expect(eq(str, cluster.confirmed_identifier, cluster.system_identifier));
	cr_expect(gt(sz, strlen(cluster.system_identifier), 10));
	cr_expect(eq(i64, cluster.confirmed_timeline, cluster.timeline));
	cr_expect(ge(i64, cluster.timeline, 1));
}

Test(cluster, another_timeline_or_server_closes_the_fence_until_confirmed)
{
	static const char *const changes[] = {OTHER_TIMELINE, OTHER_SERVER,
		"update cluster_identity set confirmed_at = null", "delete from cluster_identity"};
	struct err err;

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		cr_expect(is_open(), "%s", changes[i]);
		test_database_run(bot.admin, changes[i]);
		cr_expect(not(is_open()), "%s", changes[i]);
		OK(cluster_confirm(operator_session, "os:test", "the former server is off", &err));
	}
	cr_expect(is_open());
	EXPECT_CELL(&bot,
		"select count(*) || ' ' || min(actor) || ' ' || min(reason) from audit_logs where "
		"action = 'cluster.confirm'",
		"4 os:test the former server is off", "who opened it");
}

Test(cluster, nothing_is_scheduled_or_claimed_behind_it)
{
	struct claim claim;
	struct err err;
	int64_t changed;

	test_database_run(bot.admin, OTHER_TIMELINE);
	EXPECT_CELL(&bot,
		"select string_agg(distinct admission || ' ' || reason, ',') from bot_admission",
		"none restore_fence", "every bot, and why");
	bot_claim(&bot, -10, &claim);
	cr_expect(eq(int, (int)claim.outcome, CLAIM_UNWANTED));
	cr_expect(eq(str, claim.reason, "restore_fence"));
	claim_done(&claim);

	/* A position that nobody manages is told about. */
	test_database_run(bot.admin, "update pair_states set quantity = 1, cost = 20000 where "
				     "pair_id = " PAIR);
	CLEANUP(postgres_free)
	struct postgres *scheduler = test_database_open(bot.url, "botbeat_scheduler");
	OK(admission_record(scheduler, &changed, &err));
	EXPECT_CELL(&bot,
		"select count(*) from notification_outbox where event = "
		"'position_unattended'",
		"1", "exits stand still, too");
	OK(cluster_confirm(operator_session, "os:test", "checked", &err));
	EXPECT_CELL(&bot, "select distinct admission from bot_admission where bot_id = " BOT,
		"normal", "open again");
}

/* The connection of a run can end up on another server in the middle of it. */
Test(cluster, a_run_under_way_sends_nothing_more)
{
	struct journal_run run = {&bot.id, bot_token(&bot, -10)};
	struct err err;

	test_database_run(bot.admin,
		"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, "
		"token, kind, purpose, client_order_id, exchange, environment, account_id, symbol, "
		"leg, side, quantity, stop_allowed) select tenant_id, bot_id, " PAIR ", run_at, 0, "
		"token, 'place', 'close', 'one', 'bybit', 'testnet', '100000001', 'BTCUSDT', "
		"'long', 'sell', 1, true from run_leases where bot_id = " BOT);
	test_database_run(bot.admin, OTHER_SERVER);
	cr_expect(eq(int, journal_send(bot.worker, &run, "one", 1234, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_STOPPED), "%s", err.message);
	cr_expect(ne(ptr, strstr(err.message, "restore fence"), NULL), "%s", err.message);
	EXPECT_CELL(&bot, "select state from order_journal", "planned", "it never left");
	OK(cluster_confirm(operator_session, "os:test", "checked", &err));
	OK(journal_send(bot.worker, &run, "one", 1234, &err));
}

Test(cluster, can_be_closed_by_hand)
{
	struct err err;

	OK(cluster_close(operator_session, "os:test", "a dump was restored", &err));
	cr_expect(not(is_open()));
	EXPECT_CELL(&bot, "select reason from audit_logs where action = 'cluster.close'",
		"a dump was restored", "who closed it");
}

Test(cluster, no_service_opens_it)
{
	struct err err;

	test_database_run(bot.admin, OTHER_TIMELINE);
	cr_expect(eq(int, cluster_confirm(bot.worker, "worker", "no", &err), -1));
	cr_expect(not(is_open()));
}
