#include "tests/core/store/bot.h"

#include "core/base/clock.h"
#include "core/store/trade.h"

#include <pthread.h>

#define WAIT_MS 20000

static struct bot bot;
static struct journal_run run;

/* Entries are planned under the account's lease. */
static void lease_account(const struct journal_run *by)
{
	const struct claim_account account = {"bybit", "testnet", "100000001"};
	bool taken;
	struct err err;

	cr_assert(zero(int, claim_take_account(bot.worker, &account, by->bot, by->token, LEASE_MS,
				    &taken, &err)),
		"%s", err.message);
	cr_assert(eq(int, taken, true));
}

static void setup(void)
{
	bot_open(&bot, "journal");
	run = (struct journal_run){&bot.id, bot_token(&bot, -10)};
	lease_account(&run);
}

static void teardown(void)
{
	bot_close(&bot);
}

TestSuite(journal, .init = setup, .fini = teardown);

#define OK(call) cr_assert(zero(int, (call)), "%s", err.message)
#define EXPECT_STATE(expected, because)                                                            \
	EXPECT_CELL(&bot, "select string_agg(state, ' ' order by sequence) from order_journal",    \
		expected, because)

/* One entry as T1 wants it; stop_allowed makes it a row of a stop run. */
static char *plan_row(int sequence, const char *client_order_id, bool stop_allowed)
{
	return mem_format(
		"{\"sequence\":%d,\"kind\":\"place\",\"purpose\":\"open\",\"stop_allowed\":%s,"
		"\"client_order_id\":\"%s\",\"exchange\":\"bybit\",\"environment\":\"testnet\","
		"\"account_id\":\"100000001\",\"symbol\":\"BTCUSDT\",\"leg\":\"long\",\"side\":"
		"\"buy\",\"order_type\":\"limit\",\"quantity\":\"0.5\",\"price\":\"20000\"}",
		sequence, stop_allowed ? "true" : "false", client_order_id);
}

static int plan(const struct journal_run *by, int sequence, const char *id, bool stop_allowed,
	struct err *err)
{
	CLEANUP(text_free) char *row = plan_row(sequence, id, stop_allowed);
	CLEANUP(text_free) char *rows = mem_format("[%s]", row);

	return journal_plan(bot.worker, by, &bot.pair, "{\"adds_filled\": 1}", 1, rows, err);
}

/* A fill of half the order, as T3 wants it, with what the leg is afterwards. */
static char *results(const char *id, const char *state, const char *exec_id)
{
	return mem_format(
		"{\"rows\":[{\"client_order_id\":\"%s\",\"state\":\"%s\",\"filled\":\"0.25\","
		"\"filled_value\":\"5000\"}],"
		"\"trades\":[{\"pair\":\"44444444-4444-4444-8444-444444444444\",\"exchange\":"
		"\"bybit\","
		"\"environment\":\"testnet\",\"account_id\":\"100000001\",\"symbol\":\"BTCUSDT\","
		"\"side\":"
		"\"buy\",\"position_side\":\"long\",\"action\":\"OPENED\",\"type\":\"trade\","
		"\"quantity\":"
		"\"0.25\",\"price\":\"20000\",\"pnl\":\"0\",\"fee\":\"1\",\"fee_currency\":"
		"\"USDT\","
		"\"exec_id\":\"%s\",\"exec_part\":0,\"client_order_id\":\"%s\",\"cycle\":1,"
		"\"executed_ms\":"
		"%" PRId64 "}],"
		"\"pairs\":[{\"pair\":\"44444444-4444-4444-8444-444444444444\",\"held\":\"buy\","
		"\"quantity\":\"0.25\",\"cost\":\"5000\",\"cycle\":1,\"cycle_pnl\":\"0\",\"cycle_"
		"fees\":"
		"\"1\",\"cycle_funding\":\"0\",\"adds\":0}],"
		"\"notices\":[{\"event\":\"filled\",\"dedup_key\":\"filled/1\",\"body\":{}}]}",
		id, state, exec_id, id, bot.now_s * 1000);
}

static int book(const struct journal_run *by, const char *id, const char *state,
	const char *exec_id, struct err *err)
{
	CLEANUP(text_free) char *text = results(id, state, exec_id);

	return journal_book(bot.worker, by, text, err);
}

static void plan_and_send(const char *id)
{
	struct err err;

	OK(plan(&run, 0, id, false, &err));
	OK(journal_send(bot.worker, &run, id, 1234, &err));
}

/* ---- the way of an order --------------------------------------------------------------------- */

Test(journal, an_order_is_planned_then_sent_then_booked)
{
	struct err err;

	OK(plan(&run, 0, "one", false, &err));
	EXPECT_STATE("planned", "T1: the row is there before anything leaves");
	EXPECT_CELL(&bot,
		"select strategy_state ->> 'adds_filled' from pair_states where pair_id = " PAIR,
		"1", "with the strategy's state");
	OK(journal_send(bot.worker, &run, "one", 1234, &err));
	EXPECT_CELL(&bot, "select state || expires_server_ms from order_journal", "sending1234",
		"T2: with the time after which the venue refuses it");
	OK(book(&run, "one", "open", "e1", &err));
	EXPECT_CELL(&bot, "select state || ' ' || filled_quantity from order_journal", "open 0.25",
		"T3");
	EXPECT_CELL(&bot, "select quantity || ' ' || cycle from pair_states where pair_id = " PAIR,
		"0.25 1", "the leg's book is written with it");
	EXPECT_CELL(
		&bot, "select count(*) from notification_outbox", "1", "and what people are told");
	EXPECT_CELL(&bot,
		"select string_agg(type || ' ' || quantity::float8, ', ' order by type)"
		" from usage_events",
		"trades 1, volume 5000", "and what is billed");
}

Test(journal, a_row_is_sent_once)
{
	struct err err;

	plan_and_send("one");
	cr_expect(eq(int, journal_send(bot.worker, &run, "one", 1234, &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_DATABASE), "%s", err.message);
	cr_expect(eq(int, journal_send(bot.worker, &run, "ONE", 1234, &err), -1), "in any case");
}

Test(journal, an_id_is_used_once_ever)
{
	struct err err;

	plan_and_send("one");
	OK(book(&run, "one", "filled", "e1", &err));
	cr_expect(eq(int, plan(&run, 1, "One", false, &err), -1), "venues may not tell case apart");
	cr_expect(eq(int, plan(&run, 0, "two", false, &err), -1), "nor is a number of the slot");
}

Test(journal, a_new_decision_drops_what_was_planned_and_not_sent)
{
	struct err err;

	plan_and_send("one");
	OK(plan(&run, 1, "two", false, &err));
	OK(plan(&run, 2, "three", false, &err));
	EXPECT_STATE("sending cancelled planned", "only what had not left");
	cr_expect(eq(int, journal_send(bot.worker, &run, "two", 1234, &err), -1),
		"it can leave no more");
}

/* ---- fencing -------------------------------------------------------------------------------- */

struct fence {
	char because[48];
	bool ended; /* by its own close or obituary, not overtaken */
};

ParameterizedTestParameters(journal, an_overtaken_run_writes_nothing)
{
	static struct fence rows[] = {
		{"a newer run has the bot", false},
		{"the run has ended", true},
	};
	return cr_make_param_array(struct fence, rows, sizeof rows / sizeof rows[0]);
}

static void expect_fenced(int result, const struct err *err, const char *what)
{
	cr_expect(eq(int, result, -1), "%s", what);
	cr_expect(eq(int, (int)err->code, ERR_FENCED), "%s: %s", what, err->message);
}

ParameterizedTest(struct fence *row, journal, an_overtaken_run_writes_nothing)
{
	const struct claim_account account = {"bybit", "testnet", "100000001"};
	struct claim_close close = {.bot = &bot.id,
		.scheduled_s = bot.now_s - 10,
		.token = run.token,
		.end = CLAIM_SUCCESS,
		.document = "{}"};
	bool taken;
	struct err err;

	OK(plan(&run, 0, "one", false, &err));
	test_database_run(bot.admin, row->ended
					     ? "update run_leases set holder = null, run_at = null"
					     : "update run_leases set token = token + 1");
	expect_fenced(plan(&run, 1, "two", false, &err), &err, "T1");
	expect_fenced(journal_send(bot.worker, &run, "one", 1234, &err), &err, "T2");
	expect_fenced(book(&run, "one", "open", "e1", &err), &err, "T3");
	expect_fenced(claim_close_run(bot.worker, &close, &err), &err, "close");
	OK(claim_take_account(bot.worker, &account, &bot.id, run.token, 1000, &taken, &err));
	cr_expect(eq(int, taken, false), "nor takes an account");
	EXPECT_STATE("planned", row->because);
	EXPECT_CELL(&bot, "select count(*) from trades", "0", row->because);
}

/* ---- stopping -------------------------------------------------------------------------------- */

#define STOP "update run_leases set stopped = true where bot_id = " BOT
#define HALT(scope) "update stop_gates set stopped = true where scope = " scope

struct gate {
	char because[48];
	char stop[128];
	bool stop_run;
	bool leaves;
};

ParameterizedTestParameters(journal, nothing_leaves_after_a_stop)
{
	static struct gate rows[] = {
		{"no stop", "select 1", false, true},
		{"the bot's own stop", STOP, false, false},
		{"a halt of everything", HALT("'system'"), false, false},
		{"a halt of the venue", HALT("'venue:bybit'"), false, false},
		{"a halt of another venue", HALT("'venue:phemex'"), false, true},
		{"a halt of the tenant", HALT("'tenant:' || " TENANT), false, false},
		{"the stop's own rows pass", STOP, true, true},
		{"a gate that is missing is not open",
			"delete from stop_gates where scope = 'system'", false, false},
	};
	return cr_make_param_array(struct gate, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct gate *row, journal, nothing_leaves_after_a_stop)
{
	struct err err;

	OK(plan(&run, 0, "one", row->stop_run, &err));
	test_database_run(bot.admin, row->stop);
	int result = journal_send(bot.worker, &run, "one", 1234, &err);
	cr_expect(eq(int, result, row->leaves ? 0 : -1), "%s", row->because);
	if (!row->leaves)
		cr_expect(eq(int, (int)err.code, ERR_STOPPED), "%s: %s", row->because, err.message);
	EXPECT_STATE(row->leaves ? "sending" : "planned", row->because);
}

struct sender { /* a T2 in a thread of its own */
	pthread_t thread;
	struct postgres *postgres;
	int result;
	struct err err;
};

static void *send_in_thread(void *context)
{
	struct sender *sender = context;

	sender->result = journal_send(sender->postgres, &run, "one", 1234, &sender->err);
	return NULL;
}

/* Until some session waits for a lock: the two statements have met. */
static void wait_until_blocked(void)
{
	int64_t deadline_ms = clock_mono_ms(clock_system()) + WAIT_MS;

	for (;;) {
		CLEANUP(text_free)
		char *waiting = test_database_value(bot.admin,
			"select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
			" and datname = current_database()");
		if (strcmp(waiting, "0") != 0)
			return;
		cr_assert(lt(i64, clock_mono_ms(clock_system()), deadline_ms), "nobody waits");
		clock_sleep_ms(clock_system(), 2);
	}
}

struct race {
	char because[48];
	char stop[128];
};

static struct race races[] = {
	{"the bot's own stop", STOP},
	{"a halt of everything", HALT("'system'")},
	{"a halt of the tenant", HALT("'tenant:' || " TENANT)},
};

ParameterizedTestParameters(journal, a_stop_that_commits_first_is_seen)
{
	return cr_make_param_array(struct race, races, sizeof races / sizeof races[0]);
}

ParameterizedTest(struct race *row, journal, a_stop_that_commits_first_is_seen)
{
	CLEANUP(postgres_free) struct postgres *stopper = test_database_open(bot.url, NULL);
	struct sender sender = {.postgres = bot.worker};
	struct err err;

	OK(plan(&run, 0, "one", false, &err));
	OK(postgres_begin(stopper, &err));
	OK(postgres_query(stopper, row->stop, 0, NULL, NULL, &err));
	cr_assert(zero(int, pthread_create(&sender.thread, NULL, send_in_thread, &sender)));
	wait_until_blocked();
	OK(postgres_commit(stopper, &err));
	cr_assert(zero(int, pthread_join(sender.thread, NULL)));
	cr_expect(eq(int, sender.result, -1), "%s", row->because);
	cr_expect(eq(int, (int)sender.err.code, ERR_STOPPED), "%s: %s", row->because,
		sender.err.message);
	EXPECT_STATE("planned", row->because);
}

struct stopper {
	pthread_t thread;
	struct postgres *postgres;
	const char *stop;
	int result;
	struct err err;
};

static void *stop_in_thread(void *context)
{
	struct stopper *stopper = context;

	stopper->result = postgres_query(
		stopper->postgres, stopper->stop, 0, NULL, NULL, &stopper->err);
	return NULL;
}

ParameterizedTestParameters(journal, a_stop_waits_for_a_send_that_was_first)
{
	return cr_make_param_array(struct race, races, sizeof races / sizeof races[0]);
}

ParameterizedTest(struct race *row, journal, a_stop_waits_for_a_send_that_was_first)
{
	CLEANUP(postgres_free) struct postgres *other = test_database_open(bot.url, NULL);
	struct stopper stopper = {.postgres = other, .stop = row->stop};
	struct err err;

	OK(plan(&run, 0, "one", false, &err));
	OK(postgres_begin(bot.worker, &err));
	OK(journal_send(bot.worker, &run, "one", 1234, &err));
	cr_assert(zero(int, pthread_create(&stopper.thread, NULL, stop_in_thread, &stopper)));
	wait_until_blocked();
	EXPECT_CELL(
		&bot, "select count(*) from run_leases where stopped", "0", "it has not answered");
	OK(postgres_commit(bot.worker, &err));
	cr_assert(zero(int, pthread_join(stopper.thread, NULL)));
	cr_expect(zero(int, stopper.result), "%s: %s", row->because, stopper.err.message);
	EXPECT_STATE("sending", "when it answers, the row can be listed as sent before it");
}

/* ---- booking --------------------------------------------------------------------------------- */

Test(journal, an_execution_is_booked_once)
{
	struct err err;

	plan_and_send("one");
	OK(book(&run, "one", "open", "e1", &err));
	cr_expect(eq(int, book(&run, "one", "filled", "e1", &err), -1), "the same execution again");
	cr_expect(eq(int, (int)err.code, ERR_DATABASE));
	EXPECT_STATE("open", "and nothing of that booking was written");
	EXPECT_CELL(&bot, "select count(*) from trades", "1", "one trade");
	EXPECT_CELL(&bot, "select count(*) from usage_events where type = 'trades'", "1",
		"billed once");
	OK(book(&run, "one", "filled", "e2", &err));
	EXPECT_CELL(&bot, "select count(*) from notification_outbox", "1", "told once");
}

struct last_word {
	char because[48];
	char state[12];
	bool changes;
};

ParameterizedTestParameters(journal, a_final_row_has_had_its_last_word)
{
	static struct last_word rows[] = {
		{"filled is final", "filled", false},
		{"cancelled is final", "cancelled", false},
		{"rejected is final", "rejected", false},
		{"done is final", "done", false},
		{"absent may be found late", "absent", true},
		{"unknown is not final", "unknown", true},
	};
	return cr_make_param_array(struct last_word, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct last_word *row, journal, a_final_row_has_had_its_last_word)
{
	struct err err;

	plan_and_send("one");
	CLEANUP(text_free)
	char *first = mem_format(
		"{\"rows\":[{\"client_order_id\":\"one\",\"state\":\"%s\"}]}", row->state);
	OK(journal_book(bot.worker, &run, first, &err));
	cr_expect(eq(int, book(&run, "one", "open", "e1", &err), row->changes ? 0 : -1), "%s",
		row->because);
	EXPECT_STATE(row->changes ? "open" : row->state, row->because);
	EXPECT_CELL(&bot, "select count(*) from trades", row->changes ? "1" : "0",
		"row and trades are written together or not at all");
}

Test(journal, a_row_that_is_not_there_is_an_error)
{
	struct err err;

	cr_expect(eq(int, book(&run, "nobody", "open", "e1", &err), -1));
	EXPECT_CELL(&bot, "select count(*) from trades", "0", "no trade without its row");
}

Test(journal, knows_what_is_booked_and_whose_an_order_is)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
	struct trade_set set;
	bool ours;
	struct err err;

	plan_and_send("one");
	OK(book(&run, "one", "filled", "e1", &err));
	OK(trade_executions(bot.worker, &bot.id, bot.now_s * 1000, arena, &set, &err));
	cr_expect(eq(sz, set.count, 1));
	cr_expect(eq(int, trade_set_has(&set, "e1"), true));
	cr_expect(eq(int, trade_set_has(&set, "e2"), false));
	OK(trade_executions(bot.worker, &bot.id, bot.now_s * 1000 + 1, arena, &set, &err));
	cr_expect(zero(sz, set.count), "from that time on");
	OK(journal_is_of(bot.worker, &bot.pair, "ONE", &ours, &err));
	cr_expect(eq(int, ours, true), "final rows too, in any case");
	OK(journal_is_of(bot.worker, &bot.pair, "two", &ours, &err));
	cr_expect(eq(int, ours, false));
}
