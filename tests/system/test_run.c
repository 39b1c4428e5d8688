/* One run after another of one bot, against the simulated exchange: what stands in the end. */
#include "tests/system/world.h"

static void setup(void)
{
	world_open("run", "500");
}

static void teardown(void)
{
	world_close();
}

TestSuite(run, .init = setup, .fini = teardown, .timeout = 120);

Test(run, opens_on_a_dip_and_says_why)
{
	set_price(DIP);
	run_slot();
	expect_success("the first entry");
	EXPECT_DB("select string_agg(state || ' ' || purpose, ',') from order_journal", "open open",
		"one order rests");
	EXPECT_DB("select last_action from pair_states", "open", "the pair tells what was done");
	EXPECT_DB("select kind || ' ' || orders || ' ' || (snapshot is not null) from "
		  "bot_execution_logs",
		"slot 1 true", "the run keeps what it saw");
	EXPECT_DB("select count(*) from run_leases where holder is not null", "0", "and lets go");
	expect_clean("one order");
}

Test(run, replaces_a_resting_entry_only_after_it_is_seen_final)
{
	set_price(DIP);
	for (int i = 0; i < 3; i++) {
		run_slot();
		expect_success("cancel and replace");
	}
	EXPECT_DB("select string_agg(kind || ' ' || state, ', ' order by scheduled_at, sequence)"
		  " from order_journal",
		"place cancelled, cancel done, place cancelled, cancel done, place open",
		"each run has one order of its own");
	expect_clean("one at a time");
}

Test(run, a_round_trip_is_booked_once_with_its_profit)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	run_slot();
	EXPECT_DB("select string_agg(action || ' ' || quantity, ',') from trades", "OPENED 0.250",
		"the fill is booked once");
	set_price(RALLY);
	run_slot();
	expect_success("the exit");
	EXPECT_DB("select string_agg(state, ',') from order_journal where purpose = 'close'",
		"open", "the exit rests at the ask");
	set_price("20600");
	run_slot();
	run_slot();
	EXPECT_DB("select string_agg(action, ',' order by executed_at) from trades",
		"OPENED,CLOSED", "opened and closed");
	/* 0.25 * (20500.1 - 19990); as a maker 0.02 % on both sides: 0.9995 and 1.025005. */
	EXPECT_DB("select trim_scale(pnl) from trades where action = 'CLOSED'", "127.525", "gross");
	EXPECT_DB("select trim_scale(net_pnl) from trades where action = 'CLOSED'", "126.499995",
		"net of its own fee");
	EXPECT_DB("select trim_scale(cycle_net) from trades where action = 'CLOSED'", "125.500495",
		"the cycle's net has both fees");
	EXPECT_DB("select quantity || ' ' || cycle from pair_states", "0 1", "flat again");
	expect_clean("a round trip");
}

/* ---- requests whose reply does not come ------------------------------------------------------ */

struct lost_reply {
	char because[56];
	char fault[16];
};

ParameterizedTestParameters(run, asks_about_an_order_and_never_sends_a_second)
{
	static struct lost_reply rows[] = {
		{"acknowledged, and the connection was cut", "cut_after"},
		{"executed, and the gateway gave up", "error_after"},
		{"executed, and the reply was not JSON", "garbage"},
		{"executed, and the reply ended early", "truncate"},
	};
	return cr_make_param_array(struct lost_reply, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct lost_reply *row, run, asks_about_an_order_and_never_sends_a_second)
{
	set_price(DIP);
	spoil(row->fault, "/v5/order/create", 1);
	run_slot();
	expect_success(row->because);
	cr_expect(eq(i64, arrivals("/v5/order/create"), 1), "%s", row->because);
	EXPECT_DB("select state " ENTRIES, "open", row->because);
	expect_clean(row->because);
}

Test(run, an_order_that_never_arrived_blocks_entries_until_it_is_proven_absent)
{
	set_price(DIP);
	spoil("cut_before", "/v5/order/create", 1);
	run_slot();
	EXPECT_DB("select state " ENTRIES, "unknown", "it may have arrived");
	run_slot();
	cr_expect(
		eq(i64, arrivals("/v5/order/create"), 1), "not sent again, nor anything beside it");
	EXPECT_DB("select last_reason from pair_states",
		"the outcome of an order or cancel is not known", "and the pair says why");
	EXPECT_DB("select follow_up_at is not null from run_leases where bot_id = " BOT, "t",
		"another look is asked for");
	let_expire();
	run_slot();
	EXPECT_DB("select string_agg(state, ',' order by scheduled_at) " ENTRIES, "absent,open",
		"proven absent, and decided afresh under a new id");
	cr_expect(eq(i64, arrivals("/v5/order/create"), 2));
	expect_clean("absent and entered anew");
}

Test(run, no_absence_is_concluded_while_the_venue_does_not_answer)
{
	set_price(DIP);
	spoil("cut_before", "/v5/order/create", 1);
	run_slot();
	let_expire();
	spoil("error_before", "/v5/order/history", 0);
	run_slot();
	EXPECT_DB(
		"select state " ENTRIES, "unknown", "a question without an answer proves nothing");
	cr_expect(eq(i64, arrivals("/v5/order/create"), 1));
	behave();
	spoil("error_before", "/v5/execution/list", 0);
	run_slot();
	EXPECT_DB("select state " ENTRIES, "unknown", "nor half of the questions");
	behave();
	run_slot();
	EXPECT_DB("select state " ENTRIES "order by scheduled_at limit 1", "absent",
		"all of them do");
}

Test(run, an_absent_order_found_late_is_booked_and_told)
{
	set_price(DIP);
	run_slot();
	test_database_run(
		world.bot.admin, "update order_journal set state = 'absent', absent_at = now()");
	set_price("19980");
	run_slot();
	EXPECT_DB("select type from trades", "late", "booked as what it is");
	EXPECT_DB("select state " ENTRIES "order by scheduled_at limit 1", "filled",
		"its row is true again");
	EXPECT_DB("select count(*) from notification_outbox where event = 'order_found_late'", "1",
		"told");
	expect_clean("found late");
}

/* ---- fills ------------------------------------------------------------------------------------
 */

/* One minute of the market's volume passes at a price; resting orders take a share of it. */
static void trade_a_minute(const char *price)
{
	POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":60000}");
	set_price(price);
}

static void setup_thin(void)
{
	world_close();
	world_open("thin", "1");
}

/* Opens the whole 0.25 without the bot looking, minute by minute. */
static void fill_entry(void)
{
	set_price(DIP);
	run_slot();
	for (int minute = 0; minute < 15; minute++)
		trade_a_minute("19980");
}

Test(run, an_order_that_fills_in_parts_is_booked_part_by_part, .init = setup_thin)
{
	fill_entry();
	run_slot();
	EXPECT_DB("select state " ENTRIES, "filled", "many fills, one row");
	set_price(RALLY);
	run_slot();
	EXPECT_DB("select state from order_journal where purpose = 'close'", "open",
		"the exit rests");

	/* Nobody decides any more: the exit stays, and fills by itself between runs. */
	test_database_run(world.bot.admin, "update bot_configs set mode = 'manual'");
	for (int minute = 0; minute < 15; minute++) {
		trade_a_minute("20600");
		run_slot();
		expect_clean("after each part");
	}
	EXPECT_DB("select count(*) > 2 from trades where action in ('REDUCED', 'CLOSED')", "t",
		"it came in parts");
	EXPECT_DB("select sum(quantity) from trades where side = 'sell'", "0.250", "that add up");
	EXPECT_DB(
		"select state || ' ' || filled_quantity from order_journal where purpose = 'close'",
		"filled 0.250", "and end the row");
}

Test(run, a_partly_filled_entry_is_cancelled_and_its_part_is_kept, .init = setup_thin)
{
	set_price(DIP);
	run_slot();
	trade_a_minute("19980");
	run_slot();
	EXPECT_DB("select state || ' ' || (filled_quantity > 0 and filled_quantity < "
		  "quantity) " ENTRIES,
		"cancelled true", "cancelled with fills");
	EXPECT_DB("select quantity > 0 from pair_states", "t", "the part is ours");
	expect_clean("a part");
}

Test(run, a_cancel_that_failed_holds_the_replacement_back)
{
	set_price(DIP);
	run_slot();
	spoil("error_before", "/v5/order/cancel", 1);
	run_slot();
	EXPECT_DB("select string_agg(state, ',' order by scheduled_at) " ENTRIES, "open,cancelled",
		"planned beside the cancel, and never sent: the old one still works");
	cr_expect(eq(i64, arrivals("/v5/order/create"), 1));
	expect_clean("a cancel that failed");
}

Test(run, a_resting_exit_is_not_doubled_when_its_cancel_fails)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	set_price(RALLY);
	run_slot();
	spoil("error_before", "/v5/order/cancel", 1);
	run_slot();
	EXPECT_DB("select string_agg(state, ',' order by scheduled_at) from order_journal"
		  " where purpose = 'close'",
		"open,cancelled", "the one that stands goes on standing");
	expect_clean("one exit");
	POST_OK(&world.client, "/sim/faults",
		"{\"kind\":\"error_after\",\"path\":\"/v5/order/cancel\",\"count\":1}");
	spoil("error_before", "/v5/order/realtime", 0);
	run_slot();
	EXPECT_DB("select string_agg(state, ',' order by scheduled_at) from order_journal"
		  " where purpose = 'close'",
		"open,cancelled,open", "but where the venue says nothing, no exit is held back");
	behave();
	run_slot();
	expect_clean("one exit again");
}

static void fill_at_signed(const char *place)
{
	if (strcmp(place, "signed") == 0)
		set_price("19980");
}

Test(run, an_entry_that_fills_while_it_is_cancelled_is_decided_about_again)
{
	set_price(DIP);
	run_slot();
	at_seam = fill_at_signed;
	run_slot();
	at_seam = NULL;
	expect_success("the cancel came too late");
	EXPECT_DB("select string_agg(state, ',' order by scheduled_at) " ENTRIES,
		"filled,cancelled",
		"the replacement of a decision that saw no position is dropped");
	cr_expect(eq(i64, arrivals("/v5/order/create"), 1));
	EXPECT_DB("select last_reason like 'price % < EMA200 20000' from pair_states", "t",
		"decided again, now on the position");
	expect_clean("filled under the cancel");
}

/* As between the questions about orders and the reading of the position. */
Test(run, fills_that_the_position_tells_of_first_are_counted_once, .init = setup_thin)
{
	fill_entry();
	spoil("error_before", "/v5/order/realtime", 0);
	run_slot();
	behave();
	EXPECT_DB("select count(*) > 1 from trades", "t",
		"several fills of one order, found and booked");
	EXPECT_DB("select state || ' ' || (filled_quantity = (select sum(quantity) from "
		  "trades)) " ENTRIES,
		"open true", "its row has the sum of them");
	EXPECT_DB("select drift_since is null from pair_states", "t", "they explain the position");
	run_slot();
	EXPECT_DB("select state " ENTRIES, "filled", "the next answer ends it");
	expect_clean("fills before the answer");
}

/* ---- what is not our doing ------------------------------------------------------------------ */

static void trade_by_hand(const char *side, const char *quantity)
{
	POST_OK(&world.client, "/sim/trade",
		"{\"key\":\"alice\",\"symbol\":\"" SYMBOL "\",\"side\":\"%s\",\"qty\":\"%s\"}",
		side, quantity);
}

Test(run, a_hand_trade_blocks_entries_and_not_exits)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	trade_by_hand("Buy", "0.01");
	run_slot();
	expect_success("drift is no failure");
	EXPECT_DB("select drift_since is not null and not drift_confirmed from pair_states", "t",
		"the first round blocks and asks again");
	EXPECT_DB(
		"select follow_up_at is not null from run_leases where bot_id = " BOT, "t", "soon");
	test_database_run(world.bot.admin,
		"update pair_states set drift_since = drift_since - interval '11 s'");
	run_slot();
	EXPECT_DB("select drift_confirmed from pair_states", "t", "the second confirms");
	EXPECT_DB("select count(*) from notification_outbox where event = 'position_drift'", "1",
		"told once");
	set_price(RALLY);
	run_slot();
	EXPECT_DB("select quantity from order_journal where purpose = 'close'", "0.250",
		"the exit closes ours, not the user's part");
	set_price("20600");
	run_slot();
	set_price(DIP);
	run_slot();
	EXPECT_DB("select count(*) " ENTRIES, "1",
		"no entry beside a position that is not explained");
	trade_by_hand("Sell", "0.01");
	run_slot();
	EXPECT_DB("select drift_since is null from pair_states", "t", "explained again");
	EXPECT_DB("select count(*) " ENTRIES, "2", "and entries go on");
}

Test(run, a_liquidation_is_booked_as_the_bots_trade)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	POST_OK(&world.client, "/sim/force",
		"{\"key\":\"alice\",\"symbol\":\"" SYMBOL
		"\",\"qty\":\"0.1\",\"price\":\"19900\",\"kind\":\"adl\"}");
	run_slot();
	EXPECT_DB("select string_agg(type || ' ' || action, ',' order by executed_at) from trades",
		"trade OPENED,adl REDUCED", "a forced fill is booked, not drift");
	EXPECT_DB("select drift_since is null from pair_states", "t", "it explains the position");
	expect_clean("deleveraged");
}

/* The forced fill is older than the newest fill of ours, which is booked first. */
Test(run, a_forced_fill_before_our_newest_is_still_found)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	test_database_run(
		world.bot.admin, "update pair_states set last_fill_at = now() + interval '2 min'");
	POST_OK(&world.client, "/sim/force",
		"{\"key\":\"alice\",\"symbol\":\"" SYMBOL
		"\",\"qty\":\"0.1\",\"price\":\"19900\",\"kind\":\"adl\"}");
	run_slot();
	EXPECT_DB("select drift_since is null from pair_states", "t", "found and booked");
	expect_clean("found");
}

Test(run, funding_is_booked_once)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":28800000}");
	set_price("19980");
	for (int i = 0; i < 3; i++) {
		run_slot();
		expect_success("a run after a payment");
	}
	EXPECT_DB("select count(*) from funding", "1", "one payment, three runs");
	EXPECT_DB("select cycle_funding = (select sum(amount) from funding) from pair_states", "t",
		"and in the cycle");
}

/* While the venue does not say what became of the entry, our book is flat. */
Test(run, funding_paid_before_its_fill_was_seen_is_booked)
{
	set_price(DIP);
	run_slot();
	set_price("19980");
	POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":28800000}");
	set_price("19980");
	spoil("error_before", "/v5/order/realtime", 0);
	spoil("error_before", "/v5/order/history", 0);
	run_slot();
	behave();
	run_slot();
	EXPECT_DB("select count(*) from trades", "1", "the entry had been filled");
	run_slot();
	expect_success("the last run");
	EXPECT_DB("select count(*) from funding", "1", "and its payment is booked, once");
	EXPECT_DB("select cycle_funding = (select sum(amount) from funding) from pair_states", "t",
		"in the cycle");
}

/* The venue does not say which leg a payment was for: two pairs, or two bots, could book it both.
 */
Test(run, each_leg_of_a_hedge_books_its_own_funding)
{
	POST_OK(&world.client, "/v5/position/switch-mode",
		"{\"category\":\"linear\",\"symbol\":\"" SYMBOL "\",\"mode\":3}");
	test_database_run(world.bot.admin,
		"insert into bot_trading_pairs (id, tenant_id, bot_id, symbol, side, "
		"strategy_params)"
		" select '66666666-6666-4666-8666-666666666666', tenant_id, bot_id, symbol, "
		"'short',"
		" strategy_params from bot_trading_pairs;"
		"update bot_trading_pairs set position_mode = 'hedge';"
		"update leg_claims set leg = 'long';"
		"insert into leg_claims values ('bybit', 'testnet', '100000001', '" SYMBOL
		"', 'short', " TENANT ", " BOT ", '66666666-6666-4666-8666-666666666666')");
	set_price(DIP);
	run_slot();
	set_price("19980");
	run_slot();
	set_price("20010");
	run_slot();
	set_price("20020");
	run_slot();
	EXPECT_DB("select string_agg(position_side || ' ' || action, ',' order by executed_at) "
		  "from trades",
		"long OPENED,short OPENED", "both legs are held");
	POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":28800000}");
	run_slot();
	run_slot();
	expect_success("after a payment");
	EXPECT_DB("select string_agg(p.side || ' ' || sign(f.amount), ',' order by p.side) from "
		  "funding f"
		  " join bot_trading_pairs p on p.id = f.pair_id",
		"long -1,short 1", "longs pay, shorts receive, each once");
}

/* ---- stops, claims, leases ------------------------------------------------------------------ */

#define STOP_BOT "update run_leases set stopped = true, stop_run_done = false where bot_id = " BOT

Test(run, a_stop_run_cancels_the_entries_and_watches_the_rest)
{
	set_price(DIP);
	run_slot();
	test_database_run(world.bot.admin, STOP_BOT);
	run_slot();
	expect_success("the stop run");
	EXPECT_DB("select kind from bot_execution_logs order by scheduled_at desc limit 1", "stop",
		"the stop's own run");
	EXPECT_DB("select state " ENTRIES, "cancelled", "the entry is gone");
	EXPECT_DB(
		"select stop_run_done from run_leases where bot_id = " BOT, "t", "nothing is owed");
	expect_clean("stopped");
}

Test(run, a_stop_run_is_owed_until_the_entry_is_seen_final)
{
	set_price(DIP);
	run_slot();
	test_database_run(world.bot.admin, STOP_BOT);
	spoil("cut_before", "/v5/order/cancel", 1);
	run_slot();
	EXPECT_DB("select stop_run_done from run_leases where bot_id = " BOT, "f",
		"it is not confirmed");
	run_slot();
	EXPECT_DB("select stop_run_done from run_leases where bot_id = " BOT, "t", "now it is");
	expect_clean("stopped in two");
}

Test(run, an_entry_found_after_the_stop_run_owes_another)
{
	set_price(DIP);
	run_slot();
	test_database_run(world.bot.admin,
		"update order_journal set state = 'absent', absent_at = now();"
		"update run_leases set stopped = true");
	run_slot();
	EXPECT_DB("select kind || ' ' || (select not stop_run_done from run_leases where bot_id "
		  "= " BOT ") from bot_execution_logs order by scheduled_at desc limit 1",
		"watch true", "a watch run sends nothing, and owes a stop run");
	run_slot();
	EXPECT_DB("select state " ENTRIES, "cancelled", "which cancels it");
	expect_clean("found after the stop");
}

static void stop_at_planned(const char *place)
{
	if (strcmp(place, "planned") == 0)
		test_database_run(world.bot.admin, STOP_BOT);
}

Test(run, a_stop_between_plan_and_send_lets_nothing_pass)
{
	set_price(DIP);
	at_seam = stop_at_planned;
	run_slot();
	at_seam = NULL;
	cr_expect(zero(i64, arrivals("/v5/order/create")), "nothing left");
	EXPECT_DB("select status || ' ' || error_class from bot_execution_logs", "skipped stopped",
		"the run says so");
	EXPECT_DB("select state || ' ' || reason from order_journal", "cancelled never_sent",
		"and its row never left");
}

struct silence {
	char because[48];
	char arrange[160];
};

ParameterizedTestParameters(run, what_takes_new_risk_away_takes_resting_entries_first)
{
	static struct silence rows[] = {
		{"a pause", "update bot_configs set status = 'paused'"},
		{"a block", "update bot_configs set status = 'blocked'"},
		{"mode manual, in which no strategy acts",
			"update bot_configs set mode = 'manual'"},
		{"mode halted", "update bot_configs set mode = 'halted'"},
		{"a suspended tenant", "update tenants set status = 'suspended'"},
	};
	return cr_make_param_array(struct silence, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct silence *row, run, what_takes_new_risk_away_takes_resting_entries_first)
{
	set_price(DIP);
	run_slot();
	test_database_run(world.bot.admin, row->arrange);
	run_slot();
	expect_success(row->because);
	EXPECT_DB("select string_agg(state, ',') " ENTRIES, "cancelled", row->because);
	expect_clean(row->because);
}

ParameterizedTestParameters(run, takes_no_new_risk)
{
	static struct silence rows[] = {
		{"on a leg that is not claimed", "delete from leg_claims"},
		{"on a pair that is off", "update bot_trading_pairs set is_active = false"},
		{"with a key nobody checked", "update credentials set status = 'unchecked'"},
		{"with a key that was refused", "update credentials set status = 'refused'"},
		{"with leverage that is not the bot's",
			"update bot_trading_pairs set leverage = 7"},
	};
	return cr_make_param_array(struct silence, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct silence *row, run, takes_no_new_risk)
{
	set_price(DIP);
	test_database_run(world.bot.admin, row->arrange);
	run_slot();
	cr_expect(zero(i64, arrivals("/v5/order/create")), "%s", row->because);
}

Test(run, an_account_that_another_bot_holds_defers_entries_and_nothing_else)
{
	set_price(DIP);
	run_slot();
	test_database_run(world.bot.admin,
		"insert into account_leases values ('bybit', 'testnet', '100000001', " OTHER_BOT
		", 1, now() + interval '1 min')");
	run_slot();
	EXPECT_DB("select status from bot_execution_logs order by scheduled_at desc limit 1",
		"retrying", "it waits for the account");
	EXPECT_DB("select string_agg(kind || ' ' || state, ', ' order by scheduled_at, sequence)"
		  " from order_journal",
		"place cancelled, cancel done", "the cancel did not wait");
	test_database_run(world.bot.admin,
		"delete from account_leases;"
		"update bot_execution_logs set retry_at = now() - interval '1 s'"
		" where status = 'retrying'");
	execute(world.slot_s);
	expect_success("the same slot again");
	EXPECT_DB("select count(*) " ENTRIES "and state = 'open'", "1", "now it enters");
	expect_clean("deferred");
}

Test(run, one_pair_that_fails_does_not_stop_the_other)
{
	test_database_run(world.bot.admin,
		"insert into bot_trading_pairs (id, tenant_id, bot_id, symbol, side, position_mode)"
		" values ('66666666-6666-4666-8666-666666666666', " TENANT "," BOT
		", 'AAAUSDT', 'long', 'one_way');"
		"insert into leg_claims values ('bybit', 'testnet', '100000001', 'AAAUSDT', "
		"'one_way', " TENANT ", " BOT ", '66666666-6666-4666-8666-666666666666')");
	set_price(DIP);
	run_slot();
	EXPECT_DB("select last_action from pair_states where pair_id <> " PAIR, "error",
		"the one that failed says so");
	EXPECT_DB("select state " ENTRIES, "open", "the other trades");
}

Test(run, a_retried_slot_takes_no_new_risk)
{
	set_price(DIP);
	spoil("cut_after", "/v5/order/create", 1);
	spoil("error_before", "/v5/order/realtime", 0);
	run_slot();
	behave();
	test_database_run(world.bot.admin, "update bot_execution_logs set status = 'retrying'");
	execute(world.slot_s);
	EXPECT_DB("select string_agg(kind || ' ' || state, ', ' order by scheduled_at, sequence)"
		  " from order_journal",
		"place cancelled, cancel done",
		"what had left is found and cancelled, nothing new");
	cr_expect(eq(i64, arrivals("/v5/order/create"), 1));
	expect_clean("retried");
}

/* The same slot again and again, as the queue would hand it out. */
static void try_slot(int times)
{
	run_slot();
	for (int i = 1; i < times; i++) {
		test_database_run(world.bot.admin,
			"update bot_execution_logs set retry_at = now() where status = 'retrying'");
		execute(world.slot_s);
	}
}

Test(run, a_venue_that_is_away_leaves_no_dead_letter)
{
	set_price(DIP);
	spoil("error_before", "/v5/position/list", 0);
	try_slot(8);
	EXPECT_DB("select status || ' ' || error_class from bot_execution_logs", "retrying network",
		"the slot waits for it");
	EXPECT_DB("select count(*) from dead_letters", "0", "nobody has to send it again");
	behave();
	test_database_run(world.bot.admin, "update bot_execution_logs set retry_at = now()");
	execute(world.slot_s);
	expect_success("it is back");
}

Test(run, a_slot_that_the_venue_answers_wrongly_each_time_is_a_dead_letter)
{
	set_price(DIP);
	spoil("garbage", "/v5/position/list", 0);
	try_slot(5);
	EXPECT_DB("select status || ' ' || error_class from bot_execution_logs", "dead protocol",
		"five tries");
	EXPECT_DB("select count(*) from dead_letters", "1", "and a letter");
}

/* What is known of refused keys is a minute older. */
static void pass_a_minute(void)
{
	static struct redis_script script = {
		.source = "for _, key in ipairs(redis.call('KEYS', '{bb}:a:*:first')) do\n"
			  "  for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do\n"
			  "    redis.call('ZINCRBY', key, -60000, name)\n"
			  "  end\n"
			  "end\n"
			  "return 0\n"};
	const char *const none[] = {"{bb}:a"};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err;

	cr_assert(zero(int, redis_eval(world.redis, &script, 1, 1, none, &reply, &err)), "%s",
		err.message);
}

/* The first refusal may be the address's fault: the key is asked about once more. */
Test(run, a_bad_key_blocks_the_bot_with_its_reason)
{
	set_price(DIP);
	POST_OK(&world.client, "/sim/faults",
		"{\"kind\":\"refuse\",\"path\":\"/v5/position/list\",\"code\":10003,\"count\":0}");
	run_slot();
	EXPECT_DB("select status from bot_configs where id = " BOT, "running", "not yet");
	EXPECT_DB("select status || ' ' || error_class || ' ' || (retry_at > now() + interval '50 "
		  "s') from bot_execution_logs",
		"retrying auth true", "in a minute");
	pass_a_minute();
	test_database_run(world.bot.admin, "update bot_execution_logs set retry_at = now()");
	execute_remembering(world.slot_s);
	EXPECT_DB("select status || ' ' || (status_reason <> '') from bot_configs where id = " BOT,
		"blocked true", "with a reason");
	EXPECT_DB("select status || ' ' || error_class from bot_execution_logs", "error auth",
		"the run ends");
}

/* The plan's tier picks it, and private calls leave from the credential's address only. */
Test(run, calls_go_through_the_pool_and_are_metered_by_tier)
{
	CLEANUP(text_free)
	char *rows = mem_format(
		"insert into venue_endpoints (exchange, environment, name, base_url, egress, tier, "
		"cost_per_1000) values ('bybit', 'testnet', 'gold', '%s', '127.0.0.3', 'premium', "
		"500), ('bybit', 'testnet', 'plain', '%s', '127.0.0.4', 'standard', 0);"
		"insert into subscription_plans (name, endpoint_tier) values ('big', 'premium');"
		"insert into user_subscriptions (tenant_id, plan_id) select " TENANT
		", id from subscription_plans where name = 'big';"
		"update credentials set egresses = '{127.0.0.4}'",
		world.client.url, world.client.url);

	test_database_run(world.bot.admin, rows);
	set_price(DIP);
	run_slot();
	expect_success("a run through the pool");
	venues_note_usage(world.venues, world.bot.worker, true);
	EXPECT_DB("select string_agg(distinct name, ' ' order by name) from endpoint_usage "
		  "where operation like '%/v5/market/%'",
		"gold", "public calls go by the tier");
	EXPECT_DB("select string_agg(distinct name, ' ' order by name) from endpoint_usage "
		  "where operation like '%/v5/account/%' or operation like '%/v5/order/%'",
		"plain", "private ones by the address");
	EXPECT_DB("select string_agg(detail, ' ' order by detail) from usage_events "
		  "where type = 'api_calls'",
		"bybit/premium bybit/standard", "each tier is billed");
	EXPECT_DB("select (sum(quantity) = (select sum(ok + refused + limited + failed) from "
		  "endpoint_usage))::text from usage_events where type = 'api_calls'",
		"true", "no call is lost");
	EXPECT_DB(
		"select (sum(cost) = sum(ok) / 2.0)::text from endpoint_usage where name = 'gold'",
		"true", "at its price");

	test_database_run(world.bot.admin,
		"update venue_endpoints set status = 'draining' where name = 'gold'");
	test_database_run(world.bot.admin, "delete from endpoint_usage");
	run_slot();
	venues_note_usage(world.venues, world.bot.worker, true);
	EXPECT_DB("select string_agg(distinct name, ' ') from endpoint_usage", "plain",
		"a draining endpoint takes nothing from the next run on");
}
