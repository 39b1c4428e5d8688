/*
 * What support does beside a trading bot: books held against the venue, orders resolved by word,
 * the doctor. Real parts, as in test_run.c; commands' children open their own connections.
 */
#include "tests/system/world.h"

#include "cli/ledger_check.h"
#include "cli/order_resolve.h"

static char ring_path[64];
static struct config *settings; /* as a command has them */

/* A ring that stays on disk: children read it. */
static void keep_ring(void)
{
	CLEANUP(text_free) char *line = vault_new_master_line("test");
	struct err err;

	(void)snprintf(ring_path, sizeof ring_path, "/tmp/botbeat-ring-XXXXXX");
	int fd = mkstemp(ring_path);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(i64, write(fd, line, strlen(line)), (int64_t)strlen(line)));
	cr_assert(zero(int, close(fd)));
	vault_free(&world.vault);
	cr_assert(zero(int, vault_open(ring_path, &world.vault, &err)), "%s", err.message);
	seal_credential();
}

static void load_settings(bool with_ring)
{
	const struct config_override overrides[] = {
		{"database.url", world.bot.url},
		{"redis.url", test_redis_url()},
		{"venue.bybit_testnet_url", world.client.url},
		{"venue.requests_per_second", "-1"},
		{"vault.master_key_file", with_ring ? ring_path : ""},
	};
	struct err err;

	config_free(&settings);
	cr_assert(zero(int, config_load(NULL, overrides, sizeof overrides / sizeof overrides[0],
				    &settings, &err)),
		"%s", err.message);
}

static void setup(void)
{
	world_open("support", "500");
	keep_ring();
	load_settings(true);
}

static void teardown(void)
{
	config_free(&settings);
	(void)unlink(ring_path);
	world_close();
}

TestSuite(support, .init = setup, .fini = teardown, .timeout = 120);

/* --- the books against the venue ------------------------------------------------------------ */

static void check_ledger(struct ledger_check *ret)
{
	struct ledger_check_options options = {
		.config = settings, .postgres = world.bot.admin, .actor = "test"};
	struct err err;

	cr_assert(zero(int, ledger_check_run(&options, ret, &err)), "%s", err.message);
	for (size_t i = 0; i < ret->failure_count; i++)
		cr_expect(zero(sz, ret->failure_count), "%s", ret->failures[i].error);
}

static void expect_differences(const char *kind, size_t count, const char *because)
{
	CLEANUP(ledger_check_done) struct ledger_check check = {0};

	check_ledger(&check);
	cr_expect(eq(sz, check.difference_count, count), "%s: %s", because,
		check.difference_count > 0 ? check.differences[0].detail : "");
	for (size_t i = 0; i < check.difference_count; i++)
		cr_expect(eq(str, check.differences[i].kind, kind), "%s", because);
}

/* One position that was opened, and one order that rests. */
static void trade_a_little(void)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	run_slot();
	EXPECT_DB("select count(*) from trades", "1", "a fill is booked");
}

Test(support, a_healthy_bot_has_no_differences)
{
	CLEANUP(ledger_check_done) struct ledger_check check = {0};

	trade_a_little();
	check_ledger(&check);
	cr_expect(zero(sz, check.difference_count));
	cr_expect(eq(i64, check.places, 1));
	cr_expect(eq(i64, check.fills, 1));
	cr_expect(eq(i64, check.positions, 1));
}

Test(support, a_fill_between_two_runs_only_waits)
{
	CLEANUP(ledger_check_done) struct ledger_check check = {0};

	set_price(DIP);
	run_slot();
	set_price("19980"); /* it fills, and no run has looked yet */
	check_ledger(&check);
	cr_expect(zero(sz, check.difference_count), "%s",
		check.difference_count > 0 ? check.differences[0].detail : "");
	cr_expect(gt(i64, check.waiting, 0));
}

Test(support, books_that_were_tampered_with_are_found)
{
	trade_a_little();
	test_database_run(world.bot.admin, "update trades set fee = fee + 1");
	expect_differences("trade unlike its fill", 1, "another fee");
	test_database_run(world.bot.admin, "update trades set fee = fee - 1");
	test_database_run(world.bot.admin, "update pair_states set quantity = quantity + 1");
	expect_differences("position unlike the book", 1, "another quantity");
	test_database_run(world.bot.admin, "update pair_states set quantity = quantity - 1");
	test_database_run(world.bot.admin, "delete from trades");
	expect_differences("fill not booked", 1, "a trade is missing");
}

/* Paid by the venue, booked by a run; then tampered with. */
Test(support, funding_is_held_against_the_venues)
{
	trade_a_little();
	test_database_run(world.bot.admin,
		"update pair_states set funding_from = funding_from - interval '8 hours'");
	POST_OK(&world.client, "/sim/funding", "{\"symbol\":\"BTCUSDT\",\"rate\":\"0.0001\"}");
	expect_differences("", 0, "a payment that no run has looked for waits");
	run_slot();
	EXPECT_DB("select count(*) from funding", "1", "it is booked");
	expect_differences("", 0, "and agrees");
	test_database_run(world.bot.admin, "update funding set amount = amount * 2");
	expect_differences("funding unlike the venue's", 1, "another amount");
	test_database_run(world.bot.admin, "update funding set venue_id = 'made up'");
	expect_differences("funding unknown to the venue", 1, "a payment too many");
	test_database_run(world.bot.admin, "delete from funding");
	expect_differences("", 0, "runs look for a missing one for ten minutes");
	test_database_run(world.bot.admin,
		"update bot_execution_logs set started_at = started_at + interval '11 minutes'");
	expect_differences("funding not booked", 1, "then it is missing");
}

Test(support, each_opening_of_a_credential_is_written_down)
{
	expect_differences("", 0, "nothing was traded yet");
	EXPECT_DB("select actor || ' ' || action || ' ' || reason from audit_logs",
		"test credential.open doctor --compare-ledger", "who opened it, and what for");
}

/* --- orders resolved by word ---------------------------------------------------------------- */

#define UNKNOWN_ID "000000000000000000000000000unknown00"

/* An order of which nobody can say whether it left, long past its expiry. */
static void lose_an_order(const char *state)
{
	CLEANUP(text_free)
	char *row = mem_format(
		"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, "
		"token,"
		" kind, purpose, client_order_id, exchange, environment, account_id, symbol, leg, "
		"side,"
		" order_type, quantity, price, state, expires_server_ms, sent_at) values (" TENANT
		", " BOT ", " PAIR
		", '2026-01-01', 0, 0, 'place', 'open', '%s', 'bybit', 'testnet',"
		" '100000001', 'BTCUSDT', 'one_way', 'buy', 'limit', 0.25, 20000, '%s',"
		" epoch_ms(now()) - 60000, now() - interval '1 minute')",
		UNKNOWN_ID, state);

	test_database_run(world.bot.admin, row);
}

static int resolve(
	const struct order_resolve_word *word, struct order_resolve_result *ret, struct err *err)
{
	struct journal_read_key key;

	cr_assert(zero(int, journal_read_find(world.bot.admin, UNKNOWN_ID, &key, err)), "%s",
		err->message);
	return order_resolve_run(settings, &key, word, ret, err);
}

static const struct order_resolve_word absent = {
	.absent = true, .actor = "os:ann", .reason = "support says so"};

static struct order_resolve_word filled_word(const char *quantity)
{
	return (struct order_resolve_word){.quantity = decimal_literal(quantity),
		.price = decimal_literal("19990.5"),
		.fee = decimal_literal("0.4"),
		.actor = "os:ann",
		.reason = "seen on the web page"};
}

Test(support, the_venue_is_asked_before_a_word_is_taken)
{
	struct order_resolve_word word = filled_word("0.25");
	struct order_resolve_result result;
	struct err err;

	lose_an_order("unknown");
	cr_assert(zero(int, resolve(&word, &result, &err)), "%s", err.message);
	cr_expect(result.by_venue, "it does not know the order, and the position is explained");
	cr_expect(eq(str, result.state, "absent"));
	EXPECT_DB("select count(*) from trades", "0", "nothing was declared");
}

Test(support, a_declared_fill_is_booked_once_with_everything_that_belongs_to_it)
{
	struct order_resolve_word word = filled_word("0.25");
	struct order_resolve_result result;
	struct err err;

	lose_an_order("sending");
	load_settings(false);
	cr_assert(zero(int, resolve(&word, &result, &err)), "%s", err.message);
	cr_expect(not(result.venue_asked));
	cr_expect(eq(str, result.state, "filled"));
	EXPECT_DB("select state || ' ' || trim_scale(filled_quantity) from order_journal",
		"filled 0.25", "the row is final");
	EXPECT_DB("select exec_id || ' ' || trim_scale(quantity) || ' ' || trim_scale(price) || ' "
		  "' ||"
		  " trim_scale(fee) || ' ' || action from trades",
		"operator:" UNKNOWN_ID " 0.25 19990.5 0.4 OPENED", "its trade is booked");
	EXPECT_DB("select trim_scale(quantity) || ' ' || trim_scale(cost) from pair_states where "
		  "pair_id = " PAIR,
		"0.25 4997.625", "the leg holds it");
	EXPECT_DB("select actor || ' ' || action || ' ' || reason from audit_logs",
		"os:ann order.resolve seen on the web page", "who and why");
	EXPECT_DB("select (holder is null and follow_up_at <= now())::text from run_leases where "
		  "bot_id = " BOT,
		"true", "the bot is given back, and looked at now");
	cr_expect(eq(int, resolve(&word, &result, &err), -1), "a second time");
	cr_expect(eq(int, (int)err.code, ERR_REFUSED));
	EXPECT_DB("select count(*) from trades", "1", "nothing is booked twice");
}

Test(support, a_part_that_filled_leaves_the_order_cancelled)
{
	struct order_resolve_word word = filled_word("0.1");
	struct order_resolve_result result;
	struct err err;

	lose_an_order("unknown");
	load_settings(false);
	cr_assert(zero(int, resolve(&word, &result, &err)), "%s", err.message);
	cr_expect(eq(str, result.state, "cancelled"));
}

Test(support, more_than_the_order_is_refused_and_changes_nothing)
{
	struct order_resolve_word word = filled_word("0.26");
	struct order_resolve_result result;
	struct err err;

	lose_an_order("unknown");
	load_settings(false);
	cr_expect(eq(int, resolve(&word, &result, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_INVALID));
	EXPECT_DB("select state from order_journal", "unknown", "as it was");
	EXPECT_DB("select count(*) from run_leases where holder is not null", "0", "and let go");
}

Test(support, an_order_that_may_still_arrive_is_not_declared)
{
	struct order_resolve_result result;
	struct err err;

	lose_an_order("unknown");
	load_settings(false);
	test_database_run(world.bot.admin,
		"update order_journal set expires_server_ms = epoch_ms(now()) - 5000");
	cr_expect(eq(int, resolve(&absent, &result, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_REFUSED));
	test_database_run(world.bot.admin,
		"update order_journal set expires_server_ms = epoch_ms(now()) - 31000");
	cr_assert(zero(int, resolve(&absent, &result, &err)), "%s", err.message);
	EXPECT_DB("select state || ' ' || (absent_at is not null) from order_journal",
		"absent true", "it is asked about for another day");
}
