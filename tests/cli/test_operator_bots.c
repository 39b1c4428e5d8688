/* bot: what is added, started, changed, stopped and adopted, and what is refused. */
#include "core/base/clock.h"
#include "core/store/bot.h"
#include "core/store/hold.h"
#include "tests/cli/operator.h"

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static void begin(void)
{
	operator_begin();
	operator_has_tenants();
}

TestSuite(operator_bots, .init = begin, .fini = operator_end);

#define BYBIT " --exchange bybit --environment testnet"
#define STATE_OF(bot, what)                                                                        \
	"select " what " from pair_states s join bot_configs b on b.id = s.bot_id where b.name = " \
	"'" bot "'"

/* A long bot of ann's on alice's account. */
static void has_bot(const char *name, const char *more)
{
	cr_assert(
		zero(int, botbeat_with("bot add ann %s" BYBIT " --credential main %s", name, more)),
		"%s", said);
}

static void trade_by_hand(const char *side, const char *quantity, int index)
{
	POST_OK(&op.venue, "/sim/trade",
		"{\"key\":\"alice\",\"symbol\":\"BTCUSDT\",\"side\":\"%s\",\"qty\":\"%s\","
		"\"positionIdx\":%d}",
		side, quantity, index);
}

/* --- add ------------------------------------------------------------------------------------ */

struct refusal {
	char because[64];
	char line[200];
	int code;
	char words[64];
};

ParameterizedTestParameters(operator_bots, refuses_to_add)
{
	static struct refusal rows[] = {
		{"operands or a file", "bot add" BYBIT, 2, "TENANT NAME, or --file"},
		{"a bot has a venue", "bot add ann x --environment testnet --pair BTCUSDT:long", 2,
			"--exchange"},
		{"a bot has a pair", "bot add ann x" BYBIT, 1, "pairs: expected 1 to"},
		{"an unknown tenant is not found", "bot add zoe x" BYBIT " --pair BTCUSDT:long", 3,
			"zoe"},
		{"an unknown key is not found",
			"bot add ann x" BYBIT " --credential no --pair BTCUSDT:long", 3, "no"},
		{"a key of another environment is not taken",
			"bot add ann x --exchange bybit --environment live --credential main "
			"--pair "
			"BTCUSDT:long",
			1, "is for bybit testnet"},
		{"a side is long or short", "bot add ann x" BYBIT " --pair BTCUSDT:up", 1,
			"pairs[0].side"},
		{"a symbol is upper case", "bot add ann x" BYBIT " --pair btcusdt:long", 1,
			"pairs[0].symbol"},
		{"an interval has bounds",
			"bot add ann x" BYBIT " --interval 9 --pair BTCUSDT:long", 2, "--interval"},
		{"a preset must exist", "bot add ann x" BYBIT " --preset nope --pair BTCUSDT:long",
			1, "unrecognized preset"},
		{"leverage has bounds", "bot add ann x" BYBIT " --leverage 126 --pair BTCUSDT:long",
			2, "--leverage"},
		{"a leg stands once",
			"bot add ann x" BYBIT " --pair BTCUSDT:long --pair BTCUSDT:long", 1,
			"twice"},
		{"both legs need hedge mode",
			"bot add ann x" BYBIT
			" --position-mode one_way --pair BTCUSDT:long --pair BTCUSDT:short",
			1, "position_mode hedge"},
		{"a mode is one of six", "bot add ann x" BYBIT " --mode fast --pair BTCUSDT:long",
			1, "mode"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, operator_bots, refuses_to_add)
{
	cr_expect(eq(int, botbeat(row->line), row->code), "%s: %s", row->because, said);
	EXPECT_SAID(row->words);
	EXPECT_SQL("select count(*) from bot_configs", "0");
}

Test(operator_bots, many_are_added_in_one_transaction)
{
	const char *bad = write_file("bad", 0644,
		"[{\"tenant\":\"ann\",\"name\":\"a\",\"exchange\":\"bybit\",\"environment\":"
		"\"testnet\","
		"\"pairs\":[{\"symbol\":\"BTCUSDT\",\"side\":\"long\"}]},"
		"{\"tenant\":\"ann\",\"name\":\"b\",\"exchange\":\"bybit\",\"environment\":"
		"\"testnet\","
		"\"pairs\":[{\"symbol\":\"BTCUSDT\",\"side\":\"long\",\"params\":{\"leverage\":3}}]"
		"}]");
	const char *good = write_file("good", 0644,
		"[{\"tenant\":\"ann\",\"name\":\"a\",\"exchange\":\"bybit\",\"environment\":"
		"\"testnet\",\"credential\":\"main\",\"interval_seconds\":60,"
		"\"pairs\":[{\"symbol\":\"BTCUSDT\",\"side\":\"short\",\"leverage\":7,"
		"\"automatic_mode\":false}]},"
		"{\"tenant\":\"ben\",\"name\":\"b\",\"exchange\":\"bybit\",\"environment\":"
		"\"testnet\","
		"\"pairs\":[{\"symbol\":\"BTCUSDT\",\"side\":\"long\"}]}]");

	cr_expect(eq(int, botbeat_with("bot add --file %s", bad), 1));
	EXPECT_SAID("[1].pairs[0].params");
	EXPECT_SAID("leverage");
	EXPECT_SQL("select count(*) from bot_configs", "0");
	cr_expect(eq(int, botbeat_with("bot add --file %s", good), 0), "%s", said);
	EXPECT_SQL("select string_agg(b.name || b.interval_seconds || p.side || p.leverage || "
		   "p.automatic_mode, ' ' order by b.name) from bot_configs b "
		   "join bot_trading_pairs p on p.bot_id = b.id",
		"a60short7false b300long10true");
	cr_expect(eq(int, botbeat_with("bot add --file %s", good), 4), "%s", said);
}

/* --- start ---------------------------------------------------------------------------------- */

Test(operator_bots, a_start_claims_sets_and_runs)
{
	has_bot("dca", "--leverage 7 --pair BTCUSDT:long --pair BTCUSDT:short:manual");
	EXPECT_EXIT(0, "bot start ann/dca");
	EXPECT_SAID("position mode hedge of BTCUSDT");
	EXPECT_SAID("leverage 7 of BTCUSDT");
	EXPECT_SAID("no stop loss");
	EXPECT_SQL("select b.status || ' ' || l.stopped || ' ' || l.stop_run_done || ' ' || "
		   "(l.follow_up_at <= now()) || ' ' || (l.holder is null) from bot_configs b "
		   "join run_leases l on l.bot_id = b.id",
		"running false true true true");
	EXPECT_SQL("select string_agg(account_id || leg, ' ' order by leg) from leg_claims",
		"100000001long 100000001short");
	EXPECT_SQL(STATE_OF("dca", "bool_and(fills_from is not null and funding_from is not null)"),
		"t");
	EXPECT_SQL(
		"select string_agg(kind || ' ' || space || ' ' || state, ', ' order by sequence) "
		"from order_journal",
		"setting operator done, setting operator done");
	EXPECT_SQL("select count(*) from audit_logs where action = 'bot.start'", "1");

	EXPECT_EXIT(4, "bot start dca");
	EXPECT_SAID("runs already");
}

Test(operator_bots, a_start_needs_what_a_run_needs)
{
	EXPECT_EXIT(2, "bot start");
	EXPECT_EXIT(3, "bot start nobody");
	cr_assert(zero(int, botbeat("bot add ann bare" BYBIT " --pair BTCUSDT:long")));
	EXPECT_EXIT(4, "bot start bare");
	EXPECT_SAID("no credential");

	has_bot("idle", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot edit idle --active no --yes");
	EXPECT_EXIT(4, "bot start idle");
	EXPECT_SAID("none of its pairs is active");

	has_bot("odd", "--pair BTCUSDT:long");
	test_database_run(op.postgres,
		"update bot_trading_pairs set strategy_params = '{\"wrong\": 1}' where bot_id = "
		"(select id from bot_configs where name = 'odd')");
	EXPECT_EXIT(1, "bot start odd");
	EXPECT_SAID("BTCUSDT long: wrong");

	has_bot("halted", "--pair BTCUSDT:long");
	test_database_run(op.postgres,
		"update stop_gates set stopped = true, reason = 'venue is down' "
		"where scope = 'venue:bybit'");
	EXPECT_EXIT(4, "bot start halted");
	EXPECT_SAID("venue:bybit: venue is down");
	EXPECT_SQL("select count(*) from leg_claims", "0");
	EXPECT_SQL("select count(*) from run_leases where not stopped or holder is not null", "0");
}

Test(operator_bots, live_trading_is_not_begun_by_accident)
{
	const char *keys = write_file("live", 0600, "ann:live:bybit:live:alice:secret-of-alice");

	cr_assert(zero(int, botbeat_with("credential add --file %s", keys)), "%s", said);
	cr_assert(zero(int, botbeat("bot add ann dear --exchange bybit --environment live "
				    "--credential live --pair BTCUSDT:long")),
		"%s", said);
	EXPECT_EXIT(4, "bot start dear");
	EXPECT_SAID("venue.allow_unverified_venue");
	EXPECT_EXIT(0, "bot start dear --set venue.allow_unverified_venue=true");
}

Test(operator_bots, a_leg_has_one_bot)
{
	has_bot("first", "--pair BTCUSDT:long");
	has_bot("second", "--pair BTCUSDT:long");
	has_bot("third", "--pair BTCUSDT:short");
	cr_assert(zero(
		int, botbeat("bot add ben other" BYBIT " --credential copy --pair BTCUSDT:long")));

	EXPECT_EXIT(0, "bot start first");
	EXPECT_EXIT(4, "bot start second");
	EXPECT_SAID("bot first");
	EXPECT_EXIT(4, "bot start other");
	EXPECT_SAID("another bot");
	EXPECT_UNSAID("first");
	EXPECT_EXIT(0, "bot start third");
	EXPECT_SQL("select count(*) from leg_claims", "2");

	EXPECT_EXIT(4, "bot start second other --json");
	EXPECT_SAID("\"outcome\":\"refused\"");
	EXPECT_SAID("2 of 2 bots were not started");
}

/* Nobody waited for the stop run of `first`, so its claim is found later, by who needs the leg. */
Test(operator_bots, a_stopped_bots_flat_leg_can_be_claimed)
{
	has_bot("first", "--pair BTCUSDT:long");
	has_bot("second", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start first");
	EXPECT_EXIT(0, "bot stop first --timeout 0");
	EXPECT_EXIT(4, "bot start second");
	test_database_run(op.postgres, "update run_leases set stop_run_done = true");
	EXPECT_EXIT(0, "bot start second");
	EXPECT_EXIT(4, "bot start first");
	EXPECT_SAID("bot second");
}

Test(operator_bots, a_symbol_is_one_leg_in_one_way_mode)
{
	has_bot("one", "--position-mode one_way --pair BTCUSDT:long");
	has_bot("two", "--pair BTCUSDT:short");
	EXPECT_EXIT(0, "bot start one");
	EXPECT_EXIT(4, "bot start two");
	EXPECT_SAID("bot one");
}

Test(operator_bots, settings_change_only_where_nobody_is_hurt)
{
	has_bot("slow", "--position-mode one_way --leverage 5 --pair BTCUSDT:long");
	trade_by_hand("Buy", "0.01", 0);
	EXPECT_EXIT(4, "bot start slow --adopt");
	EXPECT_SAID("leverage is 10, the bot wants 5");
	EXPECT_SAID("it has a position");
	EXPECT_SQL("select count(*) from order_journal", "0");
	EXPECT_SQL("select count(*) from leg_claims", "0");

	trade_by_hand("Sell", "0.01", 0);
	POST_OK(&op.venue, "/v5/order/create",
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":"
		"\"Limit\",\"qty\":\"0.01\",\"price\":\"10000\",\"orderLinkId\":\"hand-1\"}");
	EXPECT_EXIT(4, "bot start slow");
	EXPECT_SAID("it has open orders");
	POST_OK(&op.venue, "/v5/order/cancel",
		"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"hand-1\"}");
	EXPECT_EXIT(0, "bot start slow");
	EXPECT_SAID("leverage 5 of BTCUSDT");

	/* What matches already is no change: a bot that goes on finds its position. */
	EXPECT_EXIT(2, "bot start slow --set-account-mode sideways");
}

Test(operator_bots, the_accounts_margin_mode_changes_on_demand_only)
{
	has_bot("tight", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start tight --set-account-mode isolated");
	EXPECT_SAID("margin mode isolated of the account");
	has_bot("wide", "--pair BTCUSDT:short");
	EXPECT_EXIT(4, "bot start wide --set-account-mode cross");
	EXPECT_SAID("another bot trades on it");
	EXPECT_EXIT(4, "bot start wide --set-account-mode one_way");
	EXPECT_SAID("--set-account-mode one_way: the bot's BTCUSDT wants hedge");
	EXPECT_EXIT(0, "bot start wide --set-account-mode isolated --set-account-mode hedge");
}

/* A credential is asked about before its first use, and a refused one starts nothing. */
Test(operator_bots, a_refused_key_starts_nothing)
{
	const char *keys = write_file(
		"wrong", 0600, "ann:wrong:bybit:testnet:alice:not-her-secret");

	cr_assert(zero(int, botbeat_with("credential add --file %s", keys)), "%s", said);
	cr_assert(zero(
		int, botbeat("bot add ann w" BYBIT " --credential wrong --pair BTCUSDT:long")));
	EXPECT_EXIT(4, "bot start w");
	EXPECT_SAID("refuses the key");
	EXPECT_SQL("select status from bot_configs", "stopped");
}

/* --- positions ------------------------------------------------------------------------------ */

Test(operator_bots, a_strangers_position_is_refused_or_adopted)
{
	has_bot("dca", "--position-mode one_way --pair BTCUSDT:long");
	trade_by_hand("Buy", "0.05", 0);
	EXPECT_EXIT(4, "bot start dca");
	EXPECT_SAID("--adopt takes it over");
	EXPECT_SQL("select count(*) from leg_claims", "0");
	EXPECT_SQL(STATE_OF("dca", "s.drift_since is null"), "t");

	EXPECT_EXIT(0, "bot start dca --adopt");
	EXPECT_SQL(STATE_OF("dca", "trim_scale(s.quantity) || ' ' || s.held || ' ' || s.cycle"),
		"0.05 buy 1");
	EXPECT_SQL("select type || ' ' || action || ' ' || trim_scale(quantity) || ' ' || pnl || ' "
		   "' || "
		   "net_pnl || ' ' || (exec_id = client_order_id) from trades",
		"adopted OPENED 0.05 0 0 true");
	EXPECT_SQL("select space || ' ' || purpose || ' ' || state from order_journal "
		   "where client_order_id = (select exec_id from trades)",
		"operator adopt done");
	EXPECT_SQL(
		"select trim_scale(s.cost / s.quantity) = (select trim_scale(price) from trades) "
		"from pair_states s where s.quantity > 0",
		"t");
}

Test(operator_bots, an_adoption_books_the_difference_only)
{
	has_bot("dca", "--position-mode one_way --pair BTCUSDT:long");
	EXPECT_EXIT(2, "bot adopt dca --yes");
	EXPECT_EXIT(4, "bot adopt dca --reason why --yes");
	EXPECT_SAID("holds no leg");
	EXPECT_EXIT(0, "bot start dca");
	EXPECT_EXIT(4, "bot adopt dca --reason why");
	EXPECT_EXIT(0, "bot adopt dca --reason why --yes");
	EXPECT_SAID("nothing to adopt");

	trade_by_hand("Buy", "0.05", 0);
	EXPECT_EXIT(0, "bot adopt dca --reason hand --yes");
	trade_by_hand("Sell", "0.02", 0);
	EXPECT_EXIT(0, "bot adopt dca --reason hand --yes");
	EXPECT_SQL(STATE_OF("dca", "trim_scale(s.quantity)"), "0.03");
	trade_by_hand("Sell", "0.03", 0);
	EXPECT_EXIT(0, "bot adopt dca --reason hand --yes");
	EXPECT_SQL("select string_agg(action || ' ' || trim_scale(quantity), ', ' order by "
		   "created_at) "
		   "from trades",
		"OPENED 0.05, REDUCED -0.02, CLOSED -0.03");
	EXPECT_SQL(STATE_OF("dca", "s.quantity = 0 and s.drift_since is null"), "t");
	EXPECT_SQL("select count(*) from audit_logs where action = 'bot.adopt' and reason = 'hand'",
		"3");
}

/* An order that may explain the difference would be counted twice. */
Test(operator_bots, nothing_is_adopted_while_an_order_is_unknown)
{
	has_bot("dca", "--position-mode one_way --pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start dca");
	test_database_run(op.postgres,
		"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, "
		"token, "
		"kind, purpose, client_order_id, exchange, environment, account_id, symbol, leg, "
		"side, "
		"order_type, quantity, price, state, sent_at, expires_server_ms) "
		"select b.tenant_id, b.id, p.id, now(), 0, 1, 'place', 'open', 'lost-1', 'bybit', "
		"'testnet', '100000001', 'BTCUSDT', 'one_way', 'buy', 'limit', 0.05, 19000, "
		"'unknown', "
		"now(), epoch_ms(now()) + 600000 from bot_configs b "
		"join bot_trading_pairs p on p.bot_id = b.id");
	trade_by_hand("Buy", "0.05", 0);
	EXPECT_EXIT(4, "bot adopt dca --reason hand --yes");
	EXPECT_SAID("lost-1 is unknown");
	EXPECT_SQL("select count(*) from trades", "0");
}

/* --- stop ----------------------------------------------------------------------------------- */

Test(operator_bots, a_stop_is_in_force_before_it_is_done)
{
	has_bot("dca", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start dca");
	EXPECT_EXIT(1, "bot stop dca --reason enough --timeout 1");
	EXPECT_SAID("the stop is in force");
	EXPECT_SQL("select b.status || ' ' || b.status_reason || ' ' || l.stopped || ' ' || "
		   "l.stop_run_done || ' ' || (l.follow_up_at <= now()) from bot_configs b "
		   "join run_leases l on l.bot_id = b.id",
		"stopped enough true false true");
	EXPECT_SQL("select count(*) from leg_claims", "1");

	/* As the stop run would say. */
	test_database_run(op.postgres, "update run_leases set stop_run_done = true");
	EXPECT_EXIT(0, "bot stop dca --timeout 1");
	EXPECT_SQL("select count(*) from leg_claims", "0");
	EXPECT_EXIT(3, "bot stop nobody");
}

#define SENDING_ROW                                                                                \
	"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, token, "   \
	"kind, purpose, client_order_id, exchange, environment, account_id, symbol, leg, side, "   \
	"order_type, quantity, price, state, sent_at, expires_server_ms) "                         \
	"select b.tenant_id, b.id, p.id, now(), 0, 1, 'place', 'open', 'wire-1', 'bybit', "        \
	"'testnet', '100000001', 'BTCUSDT', 'long', 'buy', 'limit', 0.05, 19000, 'sending', "      \
	"now(), epoch_ms(now()) + 600000 from bot_configs b "                                      \
	"join bot_trading_pairs p on p.bot_id = b.id"

Test(operator_bots, a_stop_waits_for_what_is_on_the_wire)
{
	has_bot("dca", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start dca");
	test_database_run(op.postgres, SENDING_ROW);
	EXPECT_EXIT(1, "bot stop dca --timeout 1");
	test_database_run(op.postgres, "update run_leases set stop_run_done = true");

	struct err err;
	struct bot bot;
	struct bot_stopping state;
	int64_t at_ms;
	cr_assert(zero(int, bot_find(op.postgres, "dca", &bot, &err)), "%s", err.message);
	cr_assert(zero(int, bot_stop(op.postgres, &bot.id, "test", NULL, &at_ms, &err)));
	cr_assert(zero(int, bot_stopping(op.postgres, &bot.id, at_ms, &state, &err)));
	cr_expect(eq(i64, state.sending, 1));
	cr_expect(eq(i64, state.entries, 1));
	cr_expect(gt(i64, state.expires_server_ms, state.now_ms));
	cr_expect(not(state.stop_run_done), "a row that is not final owes a stop run");

	/* Past its expiry it cannot be executed any more: the stop is done, and it is listed. */
	test_database_run(op.postgres,
		"update order_journal set expires_server_ms = epoch_ms(now()) - 60000;"
		"create function done() returns trigger language plpgsql as $$ begin "
		"new.stop_run_done := true; return new; end $$;"
		"create trigger done before update on run_leases for each row execute function "
		"done()");
	EXPECT_EXIT(0, "bot stop dca --timeout 1");
	EXPECT_SAID("wire-1");
	EXPECT_SAID("1 requests of before are not known to be final");
	EXPECT_SQL("select count(*) from leg_claims", "1");
}

Test(operator_bots, a_stop_wins_over_a_start_that_is_under_way)
{
	has_bot("dca", "--pair BTCUSDT:long");
	struct err err;
	struct bot bot;
	struct hold hold;
	int64_t at_ms;
	const struct hold_start start = {.actor = "test", .detail = "{}", .stamps = "[]"};

	cr_assert(zero(int, bot_find(op.postgres, "dca", &bot, &err)));
	cr_assert(zero(int, hold_take(op.postgres, &bot.id, "test", 60000, &hold, &err)));
	cr_expect(eq(int, hold.outcome, HOLD_TAKEN));
	cr_assert(zero(int, bot_stop(op.postgres, &bot.id, "test", NULL, &at_ms, &err)));
	cr_expect(eq(int, hold_start_bot(op.postgres, &hold, &start, &err), -1));
	cr_expect(eq(int, err.code, ERR_STOPPED));
	EXPECT_SQL("select status from bot_configs", "stopped");
	cr_assert(zero(int, hold_release(op.postgres, &hold, &err)));
	hold_done(&hold);
}

Test(operator_bots, a_hold_is_exclusive_and_fences)
{
	has_bot("dca", "--pair BTCUSDT:long");
	struct err err;
	struct bot bot;
	struct hold first;
	struct hold second;
	const struct hold_start start = {.actor = "test", .detail = "{}", .stamps = "[]"};

	cr_assert(zero(int, bot_find(op.postgres, "dca", &bot, &err)));
	cr_assert(zero(int, hold_take(op.postgres, &bot.id, "one", 60000, &first, &err)));
	cr_assert(zero(int, hold_take(op.postgres, &bot.id, "two", 60000, &second, &err)));
	cr_expect(eq(int, second.outcome, HOLD_BUSY));
	test_database_run(
		op.postgres, "update run_leases set lease_until = now() - interval '1 s'");
	cr_assert(zero(int, hold_take(op.postgres, &bot.id, "two", 60000, &second, &err)));
	cr_expect(eq(int, second.outcome, HOLD_TAKEN));
	cr_expect(eq(int, hold_start_bot(op.postgres, &first, &start, &err), -1));
	cr_expect(eq(int, err.code, ERR_FENCED));
	EXPECT_SQL("select status from bot_configs", "stopped");
	hold_done(&first);
	hold_done(&second);
}

Test(operator_bots, a_pause_asks_for_a_run_at_once)
{
	has_bot("dca", "--pair BTCUSDT:long");
	EXPECT_EXIT(4, "bot pause dca");
	EXPECT_EXIT(0, "bot start dca");
	test_database_run(op.postgres, "update run_leases set follow_up_at = null");
	EXPECT_EXIT(0, "bot pause dca --reason lunch --actor ann");
	EXPECT_SQL(
		"select b.status || ' ' || b.status_reason || ' ' || (l.follow_up_at <= now()) || "
		"' ' || l.stopped from bot_configs b join run_leases l on l.bot_id = b.id",
		"paused lunch true false");
	EXPECT_SQL("select actor || ' ' || reason from audit_logs where action = 'bot.pause'",
		"ann lunch");
	EXPECT_EXIT(0, "bot start dca");
	EXPECT_SQL("select status from bot_configs", "running");
}

Test(operator_bots, legs_are_given_up_by_a_stopped_bot_only)
{
	has_bot("dca", "--position-mode one_way --pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start dca");
	EXPECT_EXIT(2, "bot release dca --yes");
	EXPECT_EXIT(4, "bot release dca --reason why");
	EXPECT_EXIT(4, "bot release dca --reason why --yes");
	EXPECT_SAID("not stopped");
	EXPECT_EXIT(0, "bot stop dca --timeout 0");
	EXPECT_EXIT(0, "bot release dca --reason why --yes");
	EXPECT_SQL("select count(*) from leg_claims", "0");
}

/* --- edit and show -------------------------------------------------------------------------- */

Test(operator_bots, an_edit_shows_the_difference_and_asks)
{
	has_bot("dca", "--leverage 10 --pair BTCUSDT:long --pair BTCUSDT:short");
	EXPECT_EXIT(4, "bot edit dca --interval 60");
	EXPECT_SAID("needs --yes");
	EXPECT_SQL("select interval_seconds from bot_configs", "300");
	EXPECT_EXIT(0, "bot edit dca --interval 60 --leverage 5 --pair BTCUSDT:long --ema-interval "
		       "3 --yes");
	EXPECT_SAID("BTCUSDT short leverage");
	EXPECT_UNSAID("BTCUSDT short ema_interval");
	EXPECT_SQL("select interval_seconds from bot_configs", "60");
	EXPECT_SQL("select string_agg(side || leverage || ':' || ema_interval, ' ' order by side) "
		   "from bot_trading_pairs",
		"long5:3 short5:1");
	EXPECT_EXIT(0, "bot edit dca --interval 60");
	EXPECT_SAID("nothing to change");
	EXPECT_EXIT(3, "bot edit dca --pair BTCUSDT:up --active no");
	EXPECT_EXIT(1, "bot edit dca --mode fast --yes");
	EXPECT_EXIT(1, "bot edit dca --preset nope --yes");
	EXPECT_EXIT(2, "bot edit dca --active maybe");
	EXPECT_SQL("select count(*) from audit_logs where action = 'bot.edit'", "1");
}

Test(operator_bots, another_accounts_key_is_refused_while_a_claim_stands)
{
	const char *keys = write_file("other", 0600, "ann:bobs:bybit:testnet:bob:secret-of-bob");

	cr_assert(zero(int, botbeat_with("credential add --file %s", keys)), "%s", said);
	has_bot("dca", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start dca");
	EXPECT_EXIT(4, "bot edit dca --credential bobs --yes");
	EXPECT_SAID("not known yet");
	EXPECT_EXIT(0, "credential check bobs");
	EXPECT_EXIT(4, "bot edit dca --credential bobs --yes");
	EXPECT_SAID("100000002");
	EXPECT_EXIT(0, "credential check ann/spare");
	EXPECT_EXIT(0, "bot edit dca --credential spare --yes");
}

Test(operator_bots, show_says_everything_and_list_says_why)
{
	has_bot("dca", "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot list");
	EXPECT_SAID("it is stopped");
	EXPECT_EXIT(0, "bot list ben --json");
	EXPECT_UNSAID("dca");
	EXPECT_EXIT(0, "bot start dca");
	EXPECT_EXIT(0, "bot show dca");
	EXPECT_SAID("last runs");
	EXPECT_EXIT(0, "bot show ann/dca --json");
	EXPECT_SAID("\"pairs\":[{\"id\"");
	EXPECT_SAID("\"claimed\":true");
	EXPECT_EXIT(3, "bot show nobody");
}

/* --- legs that come and go ------------------------------------------------------------------ */

ParameterizedTestParameters(operator_bots, refuses_legs)
{
	static struct refusal rows[] = {
		{"a leg is there once", "bot edit legs --add-pair BTCUSDT:long --yes", 1,
			"stands there twice"},
		{"both legs have the same leverage",
			"bot edit legs --add-pair BTCUSDT:short --leverage 3 --yes", 1,
			"the same leverage"},
		{"a side has a name", "bot edit legs --add-pair ETHUSDT:up --yes", 1,
			"long, short"},
		{"parameters are checked",
			"bot edit legs --add-pair ETHUSDT:long --preset no --yes", 1, "params"},
		{"a bot keeps a leg", "bot edit legs --remove-pair BTCUSDT:long --yes", 1,
			"expected 1 to"},
		{"a leg that goes must be there", "bot edit legs --remove-pair ETHUSDT:long --yes",
			3, "no pair ETHUSDT:long"},
		{"another bot's leg is not taken", "bot edit other --add-pair BTCUSDT:long --yes",
			4, "traded by another bot"},
		{"a leg's mode stays", "bot edit legs --position-mode one_way --yes", 2,
			"keeps its mode"},
		{"one thing at a time", "bot edit legs --add-pair ETHUSDT:long --active no", 2,
			"an edit of their own"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

/* After the suite's own. */
static void begin_legs(void)
{
	has_bot("legs", "--pair BTCUSDT:long");
	has_bot("other", "--pair ETHUSDT:short");
	cr_assert(zero(int, botbeat("bot start legs")), "%s", said);
}

ParameterizedTest(struct refusal *row, operator_bots, refuses_legs, .init = begin_legs)
{
	int code = botbeat(row->line);

	cr_expect(eq(int, code, row->code), "%s: %s", row->because, said);
	cr_expect(strstr(said, row->words) != NULL, "%s: %s", row->because, said);
	EXPECT_SQL("select count(*) from bot_trading_pairs", "2");
}

Test(operator_bots, legs_are_added_claimed_by_the_next_start_and_removed, .init = begin_legs)
{
	EXPECT_EXIT(0, "bot edit legs --add-pair BTCUSDT:short:manual --leverage 10 --yes");
	EXPECT_SAID("BTCUSDT short");
	EXPECT_SQL("select p.automatic_mode::text from bot_trading_pairs p where p.side = 'short' "
		   "and p.symbol = 'BTCUSDT'",
		"false");
	EXPECT_SQL("select count(*) from leg_claims", "1");
	EXPECT_EXIT(0, "bot stop legs --reason legs --timeout 0");
	EXPECT_EXIT(0, "bot start legs");
	EXPECT_SQL("select count(*) from leg_claims", "2");

	/* Never traded: it is gone, and so is its claim. */
	EXPECT_EXIT(0, "bot edit legs --remove-pair BTCUSDT:short --yes");
	EXPECT_SQL("select count(*) from bot_trading_pairs where symbol = 'BTCUSDT'", "1");
	EXPECT_SQL("select count(*) from leg_claims", "1");
	EXPECT_SQL("select count(*) from audit_logs where action = 'bot.edit' and "
		   "detail -> 'BTCUSDT short' ->> 'to' = 'removed'",
		"1");
}

/* What it holds, or may hold, needs it; what it traded keeps its name. */
Test(operator_bots, a_leg_that_holds_something_stays_and_one_that_traded_is_retired,
	.init = begin_legs)
{
	EXPECT_EXIT(0, "bot edit legs --add-pair BTCUSDT:short --yes");
	test_database_run(op.postgres, "update pair_states set quantity = 0.5 where pair_id = "
				       "(select id from bot_trading_pairs where side = 'long')");
	EXPECT_EXIT(4, "bot edit legs --remove-pair BTCUSDT:long --yes");
	EXPECT_SAID("has a position");
	test_database_run(op.postgres,
		"update pair_states set quantity = 0;"
		"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, "
		"token, kind, purpose, client_order_id, exchange, environment, account_id, symbol, "
		"leg, side, quantity, price, state) select p.tenant_id, p.bot_id, p.id, "
		"'2026-01-05', 0, 1, 'place', 'open', 'ours-1', 'bybit', 'testnet', '1', "
		"'BTCUSDT', "
		"'long', 'buy', 0.5, 20000, 'open' from bot_trading_pairs p where side = 'long'");
	EXPECT_EXIT(4, "bot edit legs --remove-pair BTCUSDT:long --yes");
	test_database_run(op.postgres, "update order_journal set state = 'filled'");
	EXPECT_EXIT(0, "bot edit legs --remove-pair BTCUSDT:long --yes");
	EXPECT_SQL("select is_active::text from bot_trading_pairs where side = 'long'", "false");
	EXPECT_SQL("select count(*) from leg_claims", "0");
	EXPECT_EXIT(0, "bot edit legs --add-pair BTCUSDT:long --ema-interval 5 --yes");
	EXPECT_SQL("select is_active || ' ' || ema_interval from bot_trading_pairs "
		   "where side = 'long'",
		"true 5");
}

Test(operator_bots, legs_change_between_two_runs_only, .init = begin_legs)
{
	test_database_run(op.postgres,
		"update run_leases set holder = 'runner', lease_until = clock_timestamp() + "
		"interval '2 s' where bot_id = (select id from bot_configs where name = 'legs')");
	int64_t begun_ms = clock_mono_ms(clock_system());
	EXPECT_EXIT(0, "bot edit legs --add-pair BTCUSDT:short --yes");
	cr_expect(gt(i64, clock_mono_ms(clock_system()) - begun_ms, 1000), "it waited for the run");
}
