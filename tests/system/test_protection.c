/* No naked time: the stops that a decision wants, against a venue that does not always want them.
 */
#include "tests/system/puppet.h"
#include "tests/system/world.h"

#define LOTS 100         /* 0.1 BTC */
#define DIP_TICKS 199900 /* DIP */

static int64_t trigger_ticks, tp_ticks;
static int64_t tp_lots; /* 0: what is held */
static bool close_now;
static enum stop_action action;

static void setup(void)
{
	world_open("protect", "500");
	world.lossy = true; /* a stop and an exit stand beside each other */
	trigger_ticks = 195000;
	tp_ticks = 0;
	tp_lots = 0;
	close_now = false;
	action = STOP_ACTION_CLOSE_AND_PAUSE;
	test_database_run(world.bot.admin,
		"update bot_configs set strategy = 'puppet' where id = " BOT
		"; update bot_trading_pairs set strategy_params = '{}'");
	set_price("20000");
}

static void teardown(void)
{
	world_close();
}

TestSuite(protection, .init = setup, .fini = teardown, .timeout = 120);

/* ---- scripts ----------------------------------------------------------------------------------
 */

static const struct strategy_order *find_order(
	const struct strategy_input *input, enum purpose purpose)
{
	for (size_t i = 0; i < input->order_count; i++)
		if (input->orders[i].purpose == purpose)
			return &input->orders[i];
	return NULL;
}

static void say_stop(struct strategy_output *output)
{
	output->stop = (struct strategy_stop){.protection = PROTECTION_STOP,
		.trigger_ticks = trigger_ticks,
		.trigger_by = TRIGGER_MARK,
		.action = action};
}

static void say_exit(const struct strategy_input *input, struct strategy_output *output)
{
	const struct strategy_order *resting = find_order(input, PURPOSE_TAKE_PROFIT);
	int64_t lots = tp_lots > 0 ? tp_lots : input->leg_own.lots;

	if (tp_ticks == 0)
		return;
	if (resting == NULL)
		output_intent(
			output, puppet_order(PURPOSE_TAKE_PROFIT, ORDER_LIMIT, lots, tp_ticks));
	else if (resting->price_ticks != tp_ticks || resting->lots != lots)
		output_intent(output, (struct intent){.kind = INTENT_AMEND,
					      .order_id = resting->id,
					      .price_ticks = tp_ticks,
					      .lots = lots});
}

/* Opens once at the dip, wants a stop over it, and does as the test says with what is held. */
static void script(const struct strategy_input *input, struct strategy_output *output)
{
	say_stop(output);
	if (input->leg_own.lots > 0 && close_now)
		output_intent(
			output, puppet_order(PURPOSE_CLOSE, ORDER_MARKET, input->leg_own.lots, 0));
	else if (input->leg_own.lots > 0)
		say_exit(input, output);
	else if (find_order(input, PURPOSE_OPEN) == NULL && !close_now)
		output_intent(output, puppet_order(PURPOSE_OPEN, ORDER_LIMIT, LOTS, DIP_TICKS));
}

static void run_script(const char *because)
{
	puppet_script = script;
	run_slot();
	expect_success(because);
}

static void hold_a_leg(void)
{
	run_script("the opening rests under its stop");
	set_price("19980");
	run_script("and fills");
	EXPECT_DB("select quantity from pair_states", "0.100", "held");
}

#define STOPS "from order_journal where kind = 'place' and purpose = 'stop' "
#define STANDING                                                                                   \
	"select coalesce(string_agg(trim_scale(trigger_price) || ' ' || quantity, ', ' order by "  \
	"created_at), 'none') " STOPS "and state = 'open'"
#define SENT                                                                                       \
	"select string_agg(case kind when 'place' then purpose else kind end || ' ' || state, ', " \
	"'"                                                                                        \
	" order by scheduled_at, sequence) from order_journal where state <> 'cancelled'"          \
	" or reason is distinct from 'never_sent'"

static void refuse(const char *path, int code, int count)
{
	POST_OK(&world.client, "/sim/faults",
		"{\"kind\":\"refuse\",\"path\":\"%s\",\"code\":%d,\"count\":%d}", path, code,
		count);
}

/* ---- before and over an entry ------------------------------------------------------------------
 */

Test(protection, a_stop_stands_before_the_entry_that_it_covers)
{
	run_script("an entry and its stop");
	EXPECT_DB("select string_agg(purpose, ',' order by sent_at) from order_journal",
		"stop,open", "the stop is there first");
	EXPECT_DB(STANDING, "19500 0.100", "for the whole entry");
	EXPECT_DB("select state " ENTRIES, "open", "so that it may rest past its run");
	set_price("19980");
	int64_t sent = arrivals("/v5/order/create");
	run_script("filled");
	run_script("and again");
	cr_expect(eq(i64, arrivals("/v5/order/create"), sent), "the same stop goes on standing");
	cr_expect(zero(i64, arrivals("/v5/order/amend")), "nothing is moved that stands right");
	expect_clean("protected");
}

static void script_naked(const struct strategy_input *input, struct strategy_output *output)
{
	if (find_order(input, PURPOSE_OPEN) == NULL)
		output_intent(output, puppet_order(PURPOSE_OPEN, ORDER_LIMIT, LOTS, DIP_TICKS));
	output->entry_timeout_ms = 5000;
}

Test(protection, an_entry_that_no_stop_covers_does_not_outlive_its_run)
{
	puppet_script = script_naked;
	run_slot();
	expect_success("an entry without a stop");
	EXPECT_DB("select state || ' ' || (reason is distinct from 'never_sent') " ENTRIES,
		"cancelled true", "it was sent, waited for, and cancelled");
	cr_expect(ge(i64, world.slept_ms, 3000), "it had its time to fill");
	cr_expect(lt(i64, world.slept_ms, 9000), "and no more than that");
	expect_clean("nothing is left");
}

Test(protection, without_a_stop_that_stands_no_entry_goes)
{
	refuse("/v5/order/create", 110009, 0);
	run_script("the venue takes no stop");
	behave();
	EXPECT_DB("select coalesce(string_agg(reason, ','), 'none') " ENTRIES, "never_sent",
		"nor is the entry sent");
	expect_clean("nothing happened");
}

/* ---- moving ------------------------------------------------------------------------------------
 */

Test(protection, a_stop_is_moved_by_amending)
{
	hold_a_leg();
	trigger_ticks = 196000;
	run_script("a nearer trigger");
	EXPECT_DB(STANDING, "19600 0.100", "the same order, moved");
	EXPECT_DB("select count(*) " STOPS, "1", "there is no second");
	EXPECT_DB("select state from order_journal where kind = 'amend'", "done",
		"the venue shows what was asked for");
	expect_clean("moved");
}

Test(protection, a_lost_reply_to_an_amendment_is_asked_about)
{
	hold_a_leg();
	trigger_ticks = 196000;
	spoil("cut_after", "/v5/order/amend", 1);
	run_script("executed, and nobody said so");
	EXPECT_DB(STANDING, "19600 0.100", "seen at the venue");
	cr_expect(eq(i64, arrivals("/v5/order/amend"), 1), "and not sent again");
	expect_clean("moved");
}

Test(protection, an_amendment_that_was_lost_leaves_the_old_stop_and_is_tried_again)
{
	hold_a_leg();
	trigger_ticks = 196000;
	spoil("cut_before", "/v5/order/amend", 1);
	run_script("it never arrived");
	EXPECT_DB(STANDING, "19500 0.100", "the old one protects the leg");
	EXPECT_DB("select quantity from pair_states", "0.100", "which is not given up for it");
	EXPECT_DB(
		"select follow_up_at is not null from run_leases where bot_id = " BOT, "t", "soon");
	let_expire();
	run_script("the next look");
	EXPECT_DB(STANDING, "19600 0.100", "moved at last");
	expect_clean("moved late");
}

Test(protection, a_stop_that_cannot_be_amended_gives_way_to_a_new_one_that_stands)
{
	hold_a_leg();
	trigger_ticks = 196000;
	refuse("/v5/order/amend", 110003, 1);
	run_script("no amendment");
	EXPECT_DB(STANDING, "19600 0.100", "the new one");
	EXPECT_DB("select string_agg(state, ',' order by created_at) " STOPS, "cancelled,open",
		"the old one went");
	EXPECT_DB(
		"select (select sent_at from order_journal where purpose = 'cancel') > max(sent_at)"
		" " STOPS,
		"t", "after the new one stood");
	expect_clean("replaced");
}

Test(protection, where_the_venue_forbids_two_the_old_one_goes_first_in_the_same_run)
{
	hold_a_leg();
	trigger_ticks = 196000;
	refuse("/v5/order/amend", 110003, 1);
	refuse("/v5/order/create", 110009, 1);
	run_script("neither amended nor doubled");
	EXPECT_DB(STANDING, "19600 0.100", "one stands");
	EXPECT_DB("select string_agg(state, ',' order by created_at) " STOPS,
		"cancelled,rejected,open", "the third try");
	EXPECT_DB("select purpose from order_journal where kind = 'cancel'", "replace",
		"the cancel says that another follows");
	expect_clean("replaced");
}

static int plans_left;

static void stop_at_plan(const char *place)
{
	if (strcmp(place, "planned") == 0 && --plans_left == 0)
		test_database_run(world.bot.admin, "update run_leases set stopped = true, "
						   "stop_run_done = false where bot_id = " BOT);
}

/* The bot is stopped between the cancel of the old stop and the sending of the new one. */
Test(protection, a_stop_of_the_bot_leaves_no_leg_without_the_stop_that_was_on_its_way)
{
	hold_a_leg();
	trigger_ticks = 196000;
	refuse("/v5/order/amend", 110003, 1);
	refuse("/v5/order/create", 110009, 1);
	plans_left = 4; /* the amendment, the new stop, the cancel, the new stop again */
	at_seam = stop_at_plan;
	puppet_script = script;
	run_slot();
	at_seam = NULL;
	EXPECT_DB("select status from bot_execution_logs order by scheduled_at desc limit 1",
		"skipped", "the run was stopped");
	EXPECT_DB(STANDING, "none", "with the old stop gone");
	run_slot();
	EXPECT_DB("select kind from bot_execution_logs order by scheduled_at desc limit 1", "stop",
		"the stop's own run");
	EXPECT_DB(STANDING, "19600 0.100", "places it, although the bot is stopped");
	run_slot();
	EXPECT_DB("select count(*) " STOPS "and state = 'open'", "1", "once");
	expect_clean("stopped and protected");
}

/* ---- when there is none ------------------------------------------------------------------------
 */

Test(protection, a_stop_that_the_venue_refuses_closes_the_leg_and_pauses_the_bot)
{
	hold_a_leg();
	trigger_ticks = 199900; /* the market is below it already */
	run_script("a trigger that would fire at once");
	EXPECT_DB("select quantity from pair_states", "0", "closed at the market");
	EXPECT_DB("select status || ' ' || status_reason from bot_configs where id = " BOT,
		"paused the protective stop could not be placed", "and paused, with the reason");
	EXPECT_DB("select count(*) from notification_outbox where event = 'stop_not_confirmed'",
		"1", "people are told");
	EXPECT_DB(STANDING, "none", "no stop is left behind");
	EXPECT_DB("select cycle_ended_by from pair_states", "close", "by a close of ours");
	expect_clean("given up");
}

Test(protection, the_action_may_be_to_close_alone)
{
	hold_a_leg();
	action = STOP_ACTION_CLOSE;
	trigger_ticks = 199900;
	run_script("closed");
	EXPECT_DB("select quantity from pair_states", "0", "closed");
	EXPECT_DB("select status from bot_configs where id = " BOT, "running", "and not paused");
}

Test(protection, a_stop_whose_request_was_lost_is_placed_again_before_anything_is_given_up)
{
	hold_a_leg();
	test_database_run(world.bot.admin,
		"update order_journal set state = 'absent', absent_at = now() - interval '2 days'"
		" where purpose = 'stop'");
	spoil("cut_before", "/v5/order/create", 1);
	run_script("the first request is lost");
	EXPECT_DB("select quantity from pair_states", "0.100", "nothing was closed");
	EXPECT_DB("select count(*) " STOPS "and state = 'open'", "1", "the second stands");
	EXPECT_DB("select count(*) " STOPS "and state = 'unknown'", "1", "beside the lost one");
}

Test(protection, a_stop_that_cannot_be_asked_about_is_not_taken_for_gone)
{
	hold_a_leg();
	spoil("error_before", "/v5/order/realtime", 0);
	int64_t sent = arrivals("/v5/order/create");
	run_script("the venue does not answer questions");
	cr_expect(eq(i64, arrivals("/v5/order/create"), sent), "nothing is sent for it");
	EXPECT_DB("select quantity from pair_states", "0.100", "nor closed");
	behave();
	expect_clean("asked in vain");
}

/* ---- afterwards --------------------------------------------------------------------------------
 */

Test(protection, a_stop_that_fires_ends_the_cycle_by_its_purpose)
{
	hold_a_leg();
	set_price("19400");
	close_now = true; /* open nothing anew */
	run_script("it fired between two runs");
	EXPECT_DB("select quantity || ' ' || cycle_ended_by from pair_states", "0 stop",
		"booked as what it was");
	cr_expect(eq(int, puppet_saw.cycle_ended_by, PURPOSE_STOP), "and shown");
	expect_clean("stopped out");
}

Test(protection, a_flat_leg_keeps_no_stop)
{
	hold_a_leg();
	close_now = true;
	run_script("closed");
	EXPECT_DB("select quantity from pair_states", "0", "flat");
	EXPECT_DB(STANDING, "none", "a stop left behind would fire into the next position");
	expect_clean("flat");
}

static void script_keep(const struct strategy_input *input, struct strategy_output *output)
{
	(void)input;
	(void)output;
}

Test(protection, a_strategy_without_an_opinion_leaves_the_stop_alone)
{
	hold_a_leg();
	puppet_script = script_keep;
	run_slot();
	expect_success("no opinion");
	EXPECT_DB(STANDING, "19500 0.100", "it stands");
}

/* ---- other words of a decision ------------------------------------------------------------------
 */

Test(protection, a_resting_exit_is_amended_in_place)
{
	hold_a_leg();
	tp_ticks = 205000;
	run_script("an exit rests");
	tp_ticks = 204000;
	run_script("at a nearer price");
	EXPECT_DB("select trim_scale(price) || ' ' || state from order_journal where purpose = "
		  "'take_profit'",
		"20400 open", "the row follows");
	cr_expect(eq(i64, arrivals("/v5/order/amend"), 1));
	cr_expect(zero(i64, arrivals("/v5/order/cancel")), "it never left the book");
	set_price("20500");
	close_now = true;
	run_script("filled");
	EXPECT_DB("select string_agg(action || ' ' || trim_scale(price), ',' order by executed_at)"
		  " from trades",
		"OPENED 19990,CLOSED 20400", "at the amended price");
	expect_clean("amended");
}

Test(protection, an_amended_quantity_fills_whole)
{
	tp_lots = 40;
	hold_a_leg();
	tp_ticks = 205000;
	run_script("a part rests");
	tp_lots = 0;
	spoil("cut_after", "/v5/order/amend", 1);
	spoil("error_before", "/v5/order/realtime", 0);
	puppet_script = script;
	run_slot();
	behave();
	set_price("20600");
	close_now = true;
	run_script("it had been amended, and filled whole before anybody could ask");
	EXPECT_DB(
		"select state || ' ' || filled_quantity || ' ' || quantity from order_journal where"
		" purpose = 'take_profit'",
		"filled 0.100 0.100", "the row is the order's");
	expect_clean("amended unseen");
}

static void script_pause(const struct strategy_input *input, struct strategy_output *output)
{
	(void)input;
	output_intent(output, (struct intent){.kind = INTENT_PAUSE, .code = "stop_loss"});
}

Test(protection, a_pause_hands_the_bot_to_a_person)
{
	puppet_script = script_pause;
	run_slot();
	expect_success("pausing is no failure");
	EXPECT_DB("select status || ' ' || status_reason from bot_configs where id = " BOT,
		"paused stop_loss", "paused");
	EXPECT_DB(
		"select count(*) from notification_outbox where event = 'bot_paused'", "1", "told");
	EXPECT_DB("select count(*) from audit_logs where action = 'bot.pause'", "1", "audited");
}

static void script_wrong(const struct strategy_input *input, struct strategy_output *output)
{
	struct intent exit = puppet_order(PURPOSE_CLOSE, ORDER_MARKET, LOTS, 0);

	(void)input;
	exit.reduce_only = false;
	output_intent(output, exit);
}

Test(protection, an_exit_that_could_open_never_leaves)
{
	puppet_script = script_wrong;
	run_slot();
	EXPECT_DB(
		"select status from bot_configs where id = " BOT, "blocked", "the bot is blocked");
	cr_expect(zero(i64, arrivals("/v5/order/create")));
}

/* ---- a close beside a close ---------------------------------------------------------------------
 */

Test(protection, a_close_beside_one_of_unknown_outcome_closes_no_more_than_there_is)
{
	hold_a_leg();
	close_now = true;
	spoil("silent_after", "/v5/order/create", 1);
	spoil("error_before", "/v5/order/realtime", 0);
	spoil("error_before", "/v5/execution/list", 0);
	puppet_script = script;
	run_slot();
	EXPECT_DB("select string_agg(state, ',') from order_journal where purpose = 'close'",
		"unknown", "it closed the leg, and nobody knows");
	run_slot();
	behave();
	run_script("all is known");
	EXPECT_DB("select coalesce(sum(quantity), 0) from trades where side = 'sell'", "0.100",
		"once the leg, however often it was asked for");
	EXPECT_DB("select quantity = 0 and drift_since is null from pair_states", "t", "flat");
	expect_clean("closed once");
}
