#include "tests/core/store/bot.h"

#include "core/base/arena.h"

#include <sys/wait.h>
#include <unistd.h>

#define STAMP(offset) "date_trunc('second', clock_timestamp()) + interval '" offset "'"
#define RUN_ROW                                                                                    \
	"insert into bot_execution_logs (bot_id, tenant_id, token, scheduled_at, status, "         \
	"retry_at) "
#define IS_NEWEST                                                                                  \
	";update run_leases set newest_slot = (select max(scheduled_at) from bot_execution_logs)"

static struct bot bot;

static void setup(void)
{
	bot_open(&bot, "claim");
}

static void teardown(void)
{
	bot_close(&bot);
}

TestSuite(claim, .init = setup, .fini = teardown);

/* ---- who gets a slot ------------------------------------------------------------------------ */

struct row {
	char because[56];
	char arrange[512];
	int64_t offset_s;
	enum claim_outcome outcome;
	char reason[24];
	char kind[8];
	bool exits_only;
	int attempt;
};

#define OPEN_ROW(state)                                                                            \
	"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, token, "   \
	"kind,"                                                                                    \
	" purpose, client_order_id, exchange, environment, account_id, symbol, leg, side, "        \
	"quantity,"                                                                                \
	" state) values (" TENANT "," BOT "," PAIR ", '2026-01-01', 0, 0, 'place', 'open', 'one'," \
	" 'bybit', 'testnet', '100000001', 'BTCUSDT', 'long', 'buy', 1, '" state "');"

ParameterizedTestParameters(claim, decides)
{
	static struct row rows[] = {
		{"a due slot runs", "", 0, CLAIM_TAKEN, "", "slot", false, 1},
		{"a second ahead is due", "", 1, CLAIM_TAKEN, "", "slot", false, 1},
		{"a slot far ahead waits", "", 4, CLAIM_FUTURE, "", "", false, 0},
		{"no bot, no run", "delete from leg_claims; delete from bot_configs", 0, CLAIM_GONE,
			"", "", false, 0},
		{"no slot older than the newest",
			"update run_leases set newest_slot = " STAMP("0 s"), -5, CLAIM_OLDER, "",
			"", false, 0},
		{"the newest slot itself may be tried again",
			"update run_leases set newest_slot = " STAMP("-5 s"), 0, CLAIM_TAKEN, "",
			"slot", false, 1},
		{"one run of a bot at a time",
			"update run_leases set holder = 'else', run_at = " STAMP(
				"-5 s") ", lease_until = " STAMP("10 s"),
			0, CLAIM_BUSY, "", "", false, 0},
		{"a lease ends by itself",
			"update run_leases set holder = 'else', run_at = " STAMP(
				"-5 s") ", lease_until = " STAMP("-1 s"),
			0, CLAIM_TAKEN, "", "slot", false, 1},
		{"an ended slot stays ended",
			RUN_ROW "values (" BOT "," TENANT
				", 1, " STAMP("-5 s") ", 'success', null)" IS_NEWEST,
			-5, CLAIM_ENDED, "", "", false, 0},
		{"a dead slot is not raised",
			RUN_ROW "values (" BOT "," TENANT
				", 1, " STAMP("-5 s") ", 'dead', null)" IS_NEWEST,
			-5, CLAIM_ENDED, "", "", false, 0},
		{"a retry waits for its time",
			RUN_ROW "values (" BOT "," TENANT
				", 1, " STAMP("-5 s") ", 'retrying', " STAMP("9 s") ")" IS_NEWEST,
			-5, CLAIM_EARLY, "", "", false, 0},
		{"a retry that is due counts an attempt",
			RUN_ROW "values (" BOT "," TENANT
				", 1, " STAMP("-5 s") ", 'retrying', " STAMP("-1 s") ")" IS_NEWEST,
			-5, CLAIM_TAKEN, "", "slot", false, 2},
		{"a stopped bot decides nothing", "update run_leases set stopped = true", 0,
			CLAIM_UNWANTED, "stopped", "", false, 0},
		{"a stop owes its stop run",
			"update run_leases set stopped = true, stop_run_done = false", 0,
			CLAIM_TAKEN, "", "stop", true, 1},
		{"a stopped bot's orders are watched to their end",
			"update run_leases set stopped = true;" OPEN_ROW("open"), 0, CLAIM_TAKEN,
			"", "watch", true, 1},
		{"and once they are final nobody watches",
			"update run_leases set stopped = true;" OPEN_ROW("filled"), 0,
			CLAIM_UNWANTED, "stopped", "", false, 0},
		{"a pause lets exits run",
			"update bot_configs set status = 'paused'; update pair_states set quantity "
			"= 1",
			0, CLAIM_TAKEN, "", "slot", true, 1},
		{"and nothing where there is nothing to exit",
			"update bot_configs set status = 'paused'", 0, CLAIM_UNWANTED, "paused", "",
			false, 0},
		{"a halt of the venue stops its bots",
			"update stop_gates set stopped = true where scope = 'venue:bybit';"
			"update pair_states set quantity = 1",
			0, CLAIM_UNWANTED, "venue_stopped", "", false, 0},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, claim, decides)
{
	struct claim claim;

	if (row->arrange[0] != '\0')
		test_database_run(bot.admin, row->arrange);
	bot_claim(&bot, row->offset_s, &claim);
	cr_expect(eq(int, (int)claim.outcome, (int)row->outcome), "%s", row->because);
	cr_expect(eq(str, claim.reason, row->reason), "%s", row->because);
	cr_expect(eq(str, claim.kind, row->kind), "%s", row->because);
	cr_expect(eq(int, claim.exits_only, row->exits_only), "%s", row->because);
	cr_expect(eq(int, claim.attempt, row->attempt), "%s", row->because);
	cr_expect(eq(int, claim.document != NULL, row->outcome == CLAIM_TAKEN), "%s", row->because);
	claim_done(&claim);
}

/* A JSON path predicate over the claim's document. */
static void expect_told(const struct claim *claim, const char *predicate, const char *because)
{
	CLEANUP(text_free)
	char *query = mem_format("select '%s'::jsonb @@ '%s'", claim->document, predicate);

	EXPECT_CELL(&bot, query, "t", because);
}

Test(claim, raises_the_token_and_takes_over_what_the_last_run_left)
{
	int64_t first = bot_token(&bot, -10);
	struct claim claim;

	test_database_run(bot.admin, OPEN_ROW("planned"));
	test_database_run(bot.admin,
		"insert into order_journal (tenant_id, bot_id, pair_id, scheduled_at, sequence, "
		"token, kind,"
		" purpose, client_order_id, exchange, environment, account_id, symbol, leg, side, "
		"order_type,"
		" quantity, state)"
		" values (" TENANT "," BOT "," PAIR
		", '2026-01-01', 1, 1, 'place', 'open', 'two', 'bybit',"
		" 'testnet', '100000001', 'BTCUSDT', 'long', 'buy', 'limit', 1, 'sending')");
	bot_forget(&bot);
	bot_claim(&bot, -5, &claim);
	cr_assert(eq(int, (int)claim.outcome, CLAIM_TAKEN));
	cr_expect(eq(i64, claim.token, first + 1), "the fence rises");
	EXPECT_CELL(&bot, "select state || ' ' || reason from order_journal where sequence = 0",
		"cancelled never_sent", "what was planned never left");
	EXPECT_CELL(&bot, "select state from order_journal where sequence = 1", "unknown",
		"what was on its way may have arrived");
	EXPECT_CELL(&bot,
		"select status || ' ' || error_class from bot_execution_logs order by scheduled_at "
		"limit 1",
		"error superseded", "the older slot is over");
	expect_told(&claim, "$.rows.size() == 1", "the one that never left is final");
	expect_told(&claim, "$.rows[0].client_order_id == \"two\"", "the other is shown");
	expect_told(&claim, "$.rows[0].state == \"unknown\"", "as unknown already");
	claim_done(&claim);
}

Test(claim, a_retried_slot_knows_whether_something_may_have_left)
{
	struct claim claim;

	bot_claim(&bot, -5, &claim);
	expect_told(&claim, "$.may_have_sent == false", "the document says so");
	claim_done(&claim);
	test_database_run(bot.admin, OPEN_ROW("sending"));
	test_database_run(bot.admin, "update order_journal set scheduled_at = (select run_at from "
				     "run_leases where bot_id = " BOT "), order_type = 'limit'");
	bot_forget(&bot);
	bot_claim(&bot, -5, &claim);
	cr_assert(eq(int, (int)claim.outcome, CLAIM_TAKEN), "the same slot, taken over");
	cr_expect(eq(int, claim.attempt, 2));
	expect_told(&claim, "$.may_have_sent == true", "the document says so");
	expect_told(&claim, "$.next_sequence == 1", "ids go on");
	claim_done(&claim);
}

Test(claim, a_leg_of_another_account_is_not_claimed)
{
	struct claim claim;

	bot_claim(&bot, -5, &claim);
	expect_told(&claim, "$.pairs[0].claimed == true", "the document says so");
	claim_done(&claim);
	bot_forget(&bot);
	test_database_run(bot.admin, "update credentials set account_id = '100000002'");
	bot_claim(&bot, -4, &claim);
	expect_told(&claim, "$.pairs[0].claimed == false", "the document says so");
	claim_done(&claim);
}

/* Runs in a child: its exit code tells whether it got the slot. */
static void race(const char *url, const struct uuid *id, int64_t scheduled_s)
{
	CLEANUP(postgres_free)
	struct postgres *postgres = test_database_open(url, "botbeat_worker");
	struct claim claim;
	struct err err;

	if (claim_take(postgres, id, scheduled_s, "racer", LEASE_MS, &claim, &err) == -1)
		_exit(99);
	_exit(claim.outcome == CLAIM_TAKEN ? 1 : claim.outcome == CLAIM_BUSY ? 0 : 99);
}

Test(claim, of_many_at_once_one_gets_it)
{
	enum { RACERS = 8 };
	int taken = 0;

	for (int i = 0; i < RACERS; i++)
		if (fork() == 0)
			race(bot.url, &bot.id, bot.now_s);
	for (int i = 0; i < RACERS; i++) {
		int status;
		cr_assert(gt(int, wait(&status), 0));
		cr_assert(eq(int, WIFEXITED(status), true));
		cr_assert(le(int, WEXITSTATUS(status), 1));
		taken += WEXITSTATUS(status);
	}
	cr_expect(eq(int, taken, 1));
}

/* ---- keeping it ------------------------------------------------------------------------------ */

static void take_account_for(
	const struct uuid *id, int64_t token, bool expected, const char *because)
{
	const struct claim_account account = {"bybit", "testnet", "100000001"};
	bool taken;
	struct err err;

	cr_assert(
		zero(int, claim_take_account(bot.worker, &account, id, token, 1000, &taken, &err)),
		"%s", err.message);
	cr_expect(eq(int, taken, expected), "%s", because);
}

static int64_t claim_other(void)
{
	struct claim claim;
	struct err err;

	cr_assert(zero(int, claim_take(bot.worker, &bot.other, bot.now_s - 5, "host/2.1", LEASE_MS,
				    &claim, &err)));
	cr_assert(eq(int, (int)claim.outcome, CLAIM_TAKEN));
	claim_done(&claim);
	return claim.token;
}

Test(claim, an_account_is_one_bots_at_a_time)
{
	int64_t token = bot_token(&bot, -5);
	int64_t other = claim_other();

	take_account_for(&bot.id, token + 1, false, "not with a token that is not ours");
	take_account_for(&bot.id, token, true, "free");
	take_account_for(&bot.id, token, true, "ours already");
	take_account_for(&bot.other, other, false, "another bot waits");
	test_database_run(
		bot.admin, "update account_leases set lease_until = now() - interval '1 s'");
	take_account_for(&bot.other, other, true, "it ends by itself");
}

Test(claim, renewal_tells_what_was_lost_and_what_was_stopped)
{
	struct claim_held held[] = {{bot.id, bot_token(&bot, -5)}, {bot.other, claim_other()}};
	bool still[2], stopped[2];
	struct err err;

	take_account_for(&bot.id, held[0].token, true, "free");
	cr_assert(zero(int, claim_renew(bot.worker, held, 2, 60000, still, stopped, &err)));
	cr_expect(still[0] && still[1] && !stopped[0] && !stopped[1]);
	EXPECT_CELL(&bot,
		"select count(*) from run_leases where lease_until > now() + interval '50 s'", "2",
		"both leases go on");
	EXPECT_CELL(&bot, "select lease_until > now() + interval '50 s' from account_leases", "t",
		"and so does what a run holds of its account");

	test_database_run(bot.admin,
		"update run_leases set stopped = true where bot_id = " BOT ";"
		"update run_leases set token = token + 1 where bot_id = " OTHER_BOT);
	cr_assert(zero(int, claim_renew(bot.worker, held, 2, 60000, still, stopped, &err)));
	cr_expect(still[0] && stopped[0], "stopped, and still ours to end");
	cr_expect(eq(int, still[1], false), "overtaken");
}

Test(claim, a_host_that_died_is_found_by_its_lease)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
	struct claim_holders holders;
	struct err err;

	bot_token(&bot, -5);
	cr_assert(zero(int, claim_expired(bot.worker, 10, arena, &holders, &err)));
	cr_expect(zero(sz, holders.count));
	bot_forget(&bot);
	cr_assert(zero(int, claim_expired(bot.worker, 10, arena, &holders, &err)));
	cr_assert(eq(sz, holders.count, 1));
	cr_expect(eq(str, (char *)(uintptr_t)holders.names[0], "host/1.1"));
}

static enum claim_fate end_killed(int64_t token)
{
	struct claim_killed killed = {.bot = bot.id,
		.token = token,
		.max_kills = 3,
		.signal = 11,
		.memory_kb = 4096,
		.message = "died",
		.phase = "send"};
	enum claim_fate fate;
	struct err err;

	cr_assert(zero(int, claim_end_killed(bot.worker, &killed, &fate, &err)), "%s", err.message);
	return fate;
}

Test(claim, the_third_runner_killed_by_a_slot_is_its_last)
{
	int64_t token = bot_token(&bot, -5);

	take_account_for(&bot.id, token, true, "free");
	cr_expect(eq(int, (int)end_killed(token - 1), CLAIM_FATE_FENCED), "an older run's death");
	cr_expect(eq(int, (int)end_killed(token), CLAIM_FATE_RETRY), "the first");
	cr_expect(eq(int, (int)end_killed(token), CLAIM_FATE_FENCED), "told twice, counted once");
	EXPECT_CELL(&bot, "select count(*) from account_leases", "0",
		"others need not wait for the dead");
	cr_expect(eq(int, (int)end_killed(bot_token(&bot, -5)), CLAIM_FATE_RETRY), "the second");
	cr_expect(eq(int, (int)end_killed(bot_token(&bot, -5)), CLAIM_FATE_DEAD), "the third");
	EXPECT_CELL(&bot,
		"select concat_ws(' ', class, kills, attempts, signal, memory_kb, phase) from "
		"dead_letters",
		"killed 3 3 11 4096 send", "the dead letter tells how");
	struct claim claim;
	bot_claim(&bot, -5, &claim);
	cr_expect(eq(int, (int)claim.outcome, CLAIM_ENDED), "the slot is over");
}

/* ---- closing it ------------------------------------------------------------------------------ */

static int close_run(int64_t token, enum claim_end end, const char *document, struct err *err)
{
	const struct claim_close close = {.bot = &bot.id,
		.scheduled_s = bot.now_s - 5,
		.token = token,
		.end = end,
		.retry_ms = 0,
		.document = document};

	return claim_close_run(bot.worker, &close, err);
}

struct ending {
	char because[48];
	enum claim_end end;
	char run[32]; /* status, attempt, hand-backs */
	enum claim_outcome again;
	char letters[2], usage[2];
};

ParameterizedTestParameters(claim, closes)
{
	static struct ending rows[] = {
		{"a success ends the slot and is billed", CLAIM_SUCCESS, "success 1 0", CLAIM_ENDED,
			"0", "1"},
		{"so does an error", CLAIM_ERROR, "error 1 0", CLAIM_ENDED, "0", "1"},
		{"so does a stop", CLAIM_SKIPPED, "skipped 1 0", CLAIM_ENDED, "0", "1"},
		{"a retry is the same slot again", CLAIM_RETRY, "retrying 1 0", CLAIM_TAKEN, "0",
			"0"},
		{"a postponed run counts no attempt", CLAIM_POSTPONE, "retrying 0 1", CLAIM_TAKEN,
			"0", "0"},
		{"what failed too often leaves a letter", CLAIM_DEAD, "dead 1 0", CLAIM_ENDED, "1",
			"1"},
	};
	return cr_make_param_array(struct ending, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct ending *row, claim, closes)
{
	int64_t token = bot_token(&bot, -5);
	struct claim claim;
	struct err err;

	cr_assert(zero(int, close_run(token, row->end, "{}", &err)), "%s", err.message);
	EXPECT_CELL(&bot,
		"select concat_ws(' ', status, attempt, hand_backs) from bot_execution_logs",
		row->run, row->because);
	EXPECT_CELL(&bot, "select count(*) from dead_letters", row->letters, row->because);
	EXPECT_CELL(&bot, "select count(*) from usage_events where type = 'run'", row->usage,
		row->because);
	EXPECT_CELL(&bot,
		"select holder is null and run_at is null from run_leases where bot_id = " BOT, "t",
		"the lease is given back");
	cr_expect(eq(int, close_run(token, row->end, "{}", &err), -1));
	cr_expect(eq(int, (int)err.code, ERR_FENCED), "a run is closed once");
	bot_claim(&bot, -5, &claim);
	cr_expect(eq(int, (int)claim.outcome, (int)row->again), "%s", row->because);
	claim_done(&claim);
}

Test(claim, closing_writes_what_the_run_says)
{
	int64_t token = bot_token(&bot, -5);
	struct err err;

	test_database_run(bot.admin, OPEN_ROW("planned"));
	cr_assert(zero(int, close_run(token, CLAIM_ERROR,
				    "{\"block_bot\": \"bad key\", \"error\": \"bad key\", "
				    "\"follow_up_ms\":"
				    " 4102444800000, \"pairs\": [{\"pair\": "
				    "\"44444444-4444-4444-8444-444444444444\","
				    " \"action\": \"none\", \"reason\": \"why\", \"reasons_hash\": "
				    "-5}]}",
				    &err)),
		"%s", err.message);
	EXPECT_CELL(&bot, "select status || ': ' || status_reason from bot_configs where id = " BOT,
		"blocked: bad key", "the bot is blocked with its reason");
	EXPECT_CELL(&bot,
		"select last_reason || reasons_hash from pair_states where pair_id = " PAIR,
		"why-5", "the pair's reason is kept");
	EXPECT_CELL(&bot,
		"select extract(year from follow_up_at) from run_leases where bot_id = " BOT,
		"2100", "the follow-up is asked for");
	EXPECT_CELL(&bot, "select state || reason from order_journal", "cancellednever_sent",
		"what was still planned never left");
	EXPECT_CELL(&bot, "select count(*) from notification_outbox", "1", "its people are told");
}

Test(claim, a_bot_that_is_blocked_already_is_not_told_again)
{
	struct err err;
	int64_t token = bot_token(&bot, -5);

	test_database_run(bot.admin, "update bot_configs set status = 'blocked'");
	cr_assert(zero(int, close_run(token, CLAIM_ERROR, "{\"block_bot\": \"bad key\"}", &err)));
	EXPECT_CELL(&bot, "select count(*) from notification_outbox", "0", "told when it happened");
}

struct stop_run {
	char because[48];
	char document[64];
	char done[2];
};

ParameterizedTestParameters(claim, a_stop_run_is_done_when_no_entry_is_left)
{
	static struct stop_run rows[] = {
		{"nothing was said of it", "{}", "f"},
		{"all entries are gone", "{\"stop_run_done\": true}", "t"},
		{"one came to light since", "{\"stop_run_done\": true, \"stop_run_owed\": true}",
			"f"},
	};
	return cr_make_param_array(struct stop_run, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct stop_run *row, claim, a_stop_run_is_done_when_no_entry_is_left)
{
	struct err err;

	test_database_run(bot.admin, "update run_leases set stopped = true, stop_run_done = false");
	cr_assert(zero(int, close_run(bot_token(&bot, -5), CLAIM_SUCCESS, row->document, &err)));
	EXPECT_CELL(&bot, "select stop_run_done from run_leases where bot_id = " BOT, row->done,
		row->because);
}
