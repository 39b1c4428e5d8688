/* What a run shows a strategy, and what it makes of the answer: the decisions are the test's. */
#include "tests/system/puppet.h"
#include "tests/system/world.h"
#include "worker/income.h"

#define HOUR_MS 3600000LL
#define LOTS 100         /* 0.1 BTC */
#define DIP_TICKS 199900 /* DIP */

static void setup(void)
{
	world_open("round", "500");
	test_database_run(world.bot.admin,
		"update bot_configs set strategy = 'puppet' where id = " BOT
		"; update bot_trading_pairs set strategy_params = '{}'");
}

static void teardown(void)
{
	world_close();
}

TestSuite(round, .init = setup, .fini = teardown, .timeout = 120);

/* ---- scripts ----------------------------------------------------------------------------------
 */

/* Opens once, and adds once below; leaves its orders on the book. */
static void script_enter(const struct strategy_input *input, struct strategy_output *output)
{
	output->rests_unprotected = true;
	if (input->order_count > 0)
		return;
	if (input->leg_own.lots == 0)
		output_intent(output, puppet_order(PURPOSE_OPEN, ORDER_LIMIT, LOTS, DIP_TICKS));
	else if (input->cycle_adds == 0)
		output_intent(output, puppet_order(PURPOSE_ADD, ORDER_LIMIT, LOTS, 198000));
}

static void script_close(const struct strategy_input *input, struct strategy_output *output)
{
	if (input->leg_own.lots > 0)
		output_intent(
			output, puppet_order(PURPOSE_CLOSE, ORDER_MARKET, input->leg_own.lots, 0));
}

static void script_watch(const struct strategy_input *input, struct strategy_output *output)
{
	(void)input;
	output->rests_unprotected = true;
}

static void run_script(void (*script)(const struct strategy_input *, struct strategy_output *),
	const char *because)
{
	puppet_script = script;
	run_slot();
	expect_success(because);
}

static void advance(int64_t ms)
{
	POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":%" PRId64 "}", ms);
}

static int64_t market_now(void)
{
	struct answer state = client_get(&world.client, "/sim/clock");
	struct field root = field_root(state.document);
	int64_t market_ms;
	struct err err;

	cr_assert(zero(int, field_int(&root, "market_ms", &market_ms, &err)), "%s", err.message);
	answer_done(&state);
	return market_ms;
}

/* ---- times ------------------------------------------------------------------------------------
 */

Test(round, tells_what_the_fills_did_in_market_time)
{
	set_price("20000");
	run_script(script_enter, "the opening rests");
	set_price("19980");
	run_script(script_watch, "it filled");
	int64_t opened_ms = market_now();
	cr_expect(eq(i64, puppet_saw.cycle, 1));
	cr_expect(eq(i64, puppet_saw.cycle_started_ms, opened_ms), "on the market's clock");
	cr_expect(eq(i64, puppet_saw.now_ms, opened_ms), "which is the one that decides");
	cr_expect(eq(i64, puppet_saw.cycle_base_ticks, DIP_TICKS));
	cr_expect(eq(i64, puppet_saw.last_add_ticks, DIP_TICKS), "the base, as yet");

	advance(HOUR_MS);
	set_price("19980");
	run_script(script_enter, "the add rests");
	cr_expect(eq(i64, puppet_saw.now_ms - puppet_saw.cycle_started_ms, HOUR_MS),
		"an hour of the market has passed");
	set_price("19790");
	run_script(script_watch, "it filled too");
	cr_expect(eq(i64, puppet_saw.cycle_adds, 1));
	cr_expect(eq(i64, puppet_saw.last_add_ticks, 198000));
	cr_expect(eq(i64, puppet_saw.last_entry_ms, market_now()));

	advance(HOUR_MS);
	set_price("19900");
	run_script(script_close, "closed at the market");
	run_script(script_watch, "and seen");
	cr_expect(eq(i64, puppet_saw.cycle, 0), "flat");
	cr_expect(eq(i64, puppet_saw.cycle_ended_ms, market_now()));
	cr_expect(eq(int, puppet_saw.cycle_ended_by, PURPOSE_CLOSE));
	cr_expect(eq(i64, puppet_saw.last_entry_ms, market_now() - HOUR_MS), "an exit is no entry");
	expect_clean("a cycle");
}

Test(round, tells_when_an_order_was_planned_in_market_time)
{
	set_price("20000");
	run_script(script_enter, "rests");
	int64_t placed_ms = market_now();
	advance(HOUR_MS);
	set_price("20000");
	run_script(script_watch, "looks at it");
	cr_assert(eq(sz, puppet_saw.order_count, 1));
	cr_expect(eq(i64, puppet_saw.orders[0].created_ms, placed_ms));
}

Test(round, counts_a_day_of_the_market)
{
	set_price("20000");
	run_script(script_enter, "one entry");
	set_price("19980");
	run_script(script_close, "closed");
	run_script(script_watch, "seen");
	cr_expect(eq(i64, puppet_saw.day_orders, 1), "entries count, exits do not");
	EXPECT_DB("select sum(net_pnl) = (select day_net from pair_states) from trades", "t",
		"the day's net is that of its trades");
	cr_expect(ne(i64, puppet_saw.day_net_e8, 0));
	test_database_run(world.bot.admin,
		"update pair_states set market_day = market_day - interval '1 day'");
	run_script(script_watch, "as on the day after");
	cr_expect(eq(i64, puppet_saw.day_orders, 0), "yesterday's count nothing");
	cr_expect(eq(i64, puppet_saw.day_net_e8, 0));
	set_price("20000");
	run_script(script_enter, "a new day's first");
	run_script(script_watch, "seen");
	cr_expect(eq(i64, puppet_saw.day_orders, 1), "and the count begins anew");
}

static int64_t follow_up_in_ms;

static void script_follow_up(const struct strategy_input *input, struct strategy_output *output)
{
	output->follow_up_ms = input->now_ms + follow_up_in_ms;
}

struct deadline {
	char because[40];
	char speed[8];
	int64_t market_ms, real_s;
};

ParameterizedTestParameters(round, a_follow_up_is_asked_for_in_real_time)
{
	static struct deadline rows[] = {
		{"a market at our pace", "1", 600000, 600},
		{"one that runs sixty times as fast", "60", 36000000, 600},
		{"one that stands", "0", 600000, 600},
	};
	return cr_make_param_array(struct deadline, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct deadline *row, round, a_follow_up_is_asked_for_in_real_time)
{
	set_price("20000");
	POST_OK(&world.client, "/sim/clock", "{\"speed\":\"%s\"}", row->speed);
	follow_up_in_ms = row->market_ms;
	run_script(script_follow_up, row->because);
	CLEANUP(text_free)
	char *query = mem_format(
		"select (extract(epoch from l.follow_up_at - r.started_at) "
		"between %" PRId64 " and %" PRId64
		")::text from run_leases l join bot_execution_logs r using (bot_id)",
		row->real_s - 60, row->real_s + 60);
	EXPECT_DB(query, "true", row->because);
}

/* ---- income -----------------------------------------------------------------------------------
 */

/* Rests an exit and leaves it. */
static void script_exit(const struct strategy_input *input, struct strategy_output *output)
{
	if (input->leg_own.lots > 0 && input->order_count == 0)
		output_intent(output, puppet_order(PURPOSE_TAKE_PROFIT, ORDER_LIMIT,
					      input->leg_own.lots, 205000));
}

static void hold_a_leg(void)
{
	set_price("20000");
	run_script(script_enter, "the opening rests");
	set_price("19980");
	run_script(script_exit, "the exit rests");
}

#define NET_OF_CYCLES                                                                              \
	"select bool_and(c.net_pnl = t.cycle_net) || ' ' || sum(sign(c.funding)) from cycles c "   \
	"join trades t on t.pair_id = c.pair_id and t.cycle_id = c.cycle_id where t.cycle_net is " \
	"not null"

Test(round, funding_paid_before_the_cycle_ended_enters_its_net)
{
	hold_a_leg();
	advance(8 * HOUR_MS);
	set_price("20600");
	run_script(script_watch, "finds the exit filled, and the payment before it");
	EXPECT_DB("select string_agg(action, ',' order by executed_at) from trades",
		"OPENED,CLOSED", "the cycle is over");
	EXPECT_DB("select count(*) || ' ' || max(cycle_id) from funding", "1 1",
		"the payment is booked");
	EXPECT_DB(NET_OF_CYCLES, "true -1", "and in the cycle's net");
}

/* The ledger lags: the payment is seen when the next cycle has begun. */
Test(round, funding_seen_late_goes_to_the_cycle_that_it_was_paid_in)
{
	hold_a_leg();
	advance(8 * HOUR_MS);
	set_price("20600");
	run_script(script_watch, "the exit is booked, and the payment");
	set_price("20000");
	run_script(script_enter, "the next opening rests");
	set_price("19980");
	run_script(script_watch, "and fills");
	/* As if the list had been empty when the stamp was looked at. */
	test_database_run(world.bot.admin,
		"with gone as (delete from funding returning amount) update trades set cycle_net ="
		" cycle_net - (select amount from gone) where cycle_net is not null;"
		"update pair_states set funding_from = funding_from - interval '8 hours',"
		" funding_seen = null");
	run_script(script_watch, "the payment comes to light");
	EXPECT_DB("select cycle_id || ' ' || (select cycle from pair_states) from funding", "1 2",
		"it was paid in the first cycle");
	EXPECT_DB("select cycle_funding from pair_states", "0", "the second has none");
	run_script(script_close, "the second cycle ends");
	run_script(script_watch, "seen");
	EXPECT_DB(NET_OF_CYCLES, "true -1", "each has its own net");
}

/* The venue's figure comes from its account book, a run after the fill was booked. */
Test(round, the_venues_own_profit_stands_beside_ours)
{
	hold_a_leg();
	spoil("error_before", "/v5/account/transaction-log", 1);
	set_price("20600");
	run_script(script_watch, "the exit is booked");
	EXPECT_DB("select venue_pnl is null from trades where action = 'CLOSED'", "t",
		"the book did not answer, which is no failure of the run");
	run_script(script_watch, "asked again");
	EXPECT_DB("select venue_pnl = pnl and pnl > 0 from trades where action = 'CLOSED'", "t",
		"the same figure, from another hand");
	EXPECT_DB("select venue_pnl is null from trades where action = 'OPENED'", "t",
		"an opening earns nothing");
	EXPECT_DB("select pnl_owed is null from pair_states", "t", "nothing is owed");
	int64_t asked = arrivals("/v5/account/transaction-log");
	run_script(script_watch, "a later run");
	cr_expect(eq(i64, arrivals("/v5/account/transaction-log"), asked), "and nothing asked");
	EXPECT_DB("select count(*) from notification_outbox where event = 'pnl_differs'", "0",
		"they agree");
}

Test(round, a_profit_that_is_not_the_venues_is_told)
{
	hold_a_leg();
	set_price("20600");
	spoil("error_before", "/v5/account/transaction-log", 1);
	run_script(script_watch, "the exit is booked");
	test_database_run(world.bot.admin, "update trades set pnl = pnl + 1 where pnl <> 0");
	run_script(script_watch, "held against the venue's");
	EXPECT_DB("select (body ->> 'booked')::numeric - (body ->> 'venue')::numeric from "
		  "notification_outbox where event = 'pnl_differs'",
		"1", "people are told of both");
	EXPECT_DB("select pnl - venue_pnl from trades where action = 'CLOSED'", "1",
		"both figures stand");
}

struct figures {
	char because[48];
	char ours[16], venues[16], value[16];
	bool differs;
};

ParameterizedTestParameters(income, tells_a_difference_from_rounding)
{
	static struct figures rows[] = {
		{"the same", "12.5", "12.5", "2000", false},
		{"a cent may be rounding", "12.51", "12.5", "2000", false},
		{"two cents are not", "12.52", "12.5", "2000", true},
		{"a millionth of a large fill may be", "500", "499.5", "1000000", false},
		{"more is not", "500", "498", "1000000", true},
		{"nor is the other sign", "-1", "1", "2000", true},
	};
	return cr_make_param_array(struct figures, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct figures *row, income, tells_a_difference_from_rounding)
{
	cr_expect(eq(int,
			  income_differs(decimal_literal(row->ours), decimal_literal(row->venues),
				  decimal_literal(row->value)),
			  row->differs),
		"%s", row->because);
}

/* ---- caps -------------------------------------------------------------------------------------
 */

/* The other bot's leg on the same account: 2 ETH at 1,500 with 10x, and 1 ETH more at 1,400. */
static void neighbour(void)
{
	test_database_run(world.bot.admin,
		"insert into leg_claims select 'bybit', 'testnet', '100000001', p.symbol, 'long',"
		" p.tenant_id, p.bot_id, p.id from bot_trading_pairs p where p.bot_id = " OTHER_BOT
		";"
		"update pair_states set quantity = 2, cost = 3000 where bot_id = " OTHER_BOT ";"
		"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, "
		"token,"
		" kind, purpose, client_order_id, exchange, environment, account_id, symbol, leg, "
		"side,"
		" order_type, quantity, price, filled_quantity, value, state)"
		" select p.tenant_id, p.bot_id, p.id, now() - interval '1 hour', n, 1, 'place',"
		" case n when 3 then 'close' else 'add' end, 'neighbour' || n, 'bybit', 'testnet',"
		" '100000001', p.symbol, 'long', 'buy', 'limit', 1, 1400, 0.5, 1400,"
		" (array['unknown', 'cancelled', 'open'])[n]"
		" from bot_trading_pairs p, generate_series(1, 3) as n where p.bot_id "
		"= " OTHER_BOT);
}

static int64_t notional_seen[4];

static void script_note(const struct strategy_input *input, struct strategy_output *output)
{
	if (puppet_asked <= 4)
		notional_seen[puppet_asked - 1] = input->account.account_notional_e8;
	script_enter(input, output);
}

Test(round, entries_are_decided_on_what_all_bots_of_the_account_have_at_risk)
{
	test_database_run(world.bot.admin,
		"insert into bot_trading_pairs (tenant_id, bot_id, symbol, side, leverage)"
		" values (" TENANT ", " OTHER_BOT ", 'ETHUSDT', 'long', 10)");
	neighbour();
	set_price("20000");
	run_script(script_note, "the first entry");
	cr_expect(eq(int, puppet_asked, 2), "an entry is decided again under the account's lease");
	cr_expect(eq(i64, notional_seen[0], 0), "without it nobody else is counted");
	/* 3,000 held and half of 1,400 still to come; exits and what is final count nothing. */
	cr_expect(eq(i64, notional_seen[1], 3700 * E8));
	cr_expect(eq(i64, puppet_saw.account.account_margin_e8, 370 * E8));

	run_script(script_watch, "its own resting entry");
	cr_expect(eq(i64, puppet_saw.account.account_notional_e8, 1999 * E8), "0.1 at 19990");
	cr_expect(eq(i64, puppet_saw.account.account_margin_e8, 19990000000), "at 10x");
	set_price("19980");
	run_script(script_watch, "its own position");
	cr_expect(eq(i64, puppet_saw.account.account_notional_e8, 1998 * E8), "at the mark");
	EXPECT_DB("select value from order_journal where bot_id = " BOT, "1999.00000000",
		"the row says what it adds");
}

static void steal_account(const char *place)
{
	if (strcmp(place, "planning") == 0)
		test_database_run(world.bot.admin,
			"update account_leases set bot_id = " OTHER_BOT ", token = 9");
}

Test(round, an_account_lost_before_the_plan_plans_no_entry)
{
	set_price("20000");
	at_seam = steal_account;
	puppet_script = script_enter;
	run_slot();
	at_seam = NULL;
	EXPECT_DB("select count(*) from order_journal", "0", "nothing was planned");
	EXPECT_DB("select status from bot_execution_logs", "retrying", "it is tried again");
	cr_expect(zero(i64, arrivals("/v5/order/create")));
}
