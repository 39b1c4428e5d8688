#include "core/store/dead_letter.h"

#include "tests/core/store/bot.h"

static struct bot bot;
static struct postgres *admin; /* as a command */
static struct uuid letter;

static const struct dead_letter_word word = {.actor = "os:ann", .reason = "looked at it"};

static void setup(void)
{
	bot_open(&bot, "letters");
	admin = test_database_open(bot.url, "botbeat_admin");
	test_database_run(bot.admin,
		"insert into dead_letters (id, tenant_id, bot_id, scheduled_at, class, message, "
		"attempts)"
		" values ('77777777-7777-4777-8777-777777777777', " TENANT ", " BOT
		", now() - interval '1 hour', 'killed', 'runner died', 3)");
	letter = uuid_of("'77777777-7777-4777-8777-777777777777'");
}

static void teardown(void)
{
	postgres_free(&admin);
	bot_close(&bot);
}

TestSuite(dead_letter, .init = setup, .fini = teardown);

static enum dead_letter_outcome retry(char why[DEAD_LETTER_WHY_SIZE])
{
	enum dead_letter_outcome outcome;
	struct err err;

	cr_assert(zero(int, dead_letter_retry(admin, &letter, &word, &outcome, why, &err)), "%s",
		err.message);
	return outcome;
}

Test(dead_letter, a_retry_is_a_new_slot_and_the_dead_one_stays_dead)
{
	char why[DEAD_LETTER_WHY_SIZE];

	cr_assert(eq(int, (int)retry(why), DEAD_LETTER_DONE));
	EXPECT_CELL(&bot, "select state || coalesce(retried_as::text, '') from dead_letters",
		"retried", "which slot stands for it is not known yet");
	EXPECT_CELL(&bot, "select follow_up_at <= now() from run_leases where bot_id = " BOT, "t",
		"a run is asked for now");
	(void)bot_token(&bot, 0);
	EXPECT_CELL(&bot,
		"select (d.retried_as = r.scheduled_at and r.retries = "
		"epoch_ms(d.scheduled_at)::text)::text"
		" from dead_letters d, bot_execution_logs r",
		"true", "the run that came names it, and it names the run");
	EXPECT_CELL(&bot, "select actor || ' ' || action || ': ' || reason from audit_logs",
		"os:ann dlq.retry: looked at it", "who and why");
}

Test(dead_letter, a_later_run_does_not_stand_for_it_again)
{
	char why[DEAD_LETTER_WHY_SIZE];

	cr_assert(eq(int, (int)retry(why), DEAD_LETTER_DONE));
	(void)bot_token(&bot, -1);
	bot_forget(&bot);
	(void)bot_token(&bot, 0);
	EXPECT_CELL(&bot, "select count(*) from bot_execution_logs where retries is not null", "1",
		"one slot stands for one dead one");
}

Test(dead_letter, is_retried_once)
{
	char why[DEAD_LETTER_WHY_SIZE];

	cr_assert(eq(int, (int)retry(why), DEAD_LETTER_DONE));
	cr_expect(eq(int, (int)retry(why), DEAD_LETTER_GONE));
	EXPECT_CELL(
		&bot, "select count(*) from audit_logs", "1", "nothing was done the second time");
}

Test(dead_letter, of_a_stopped_bot_is_left_alone)
{
	char why[DEAD_LETTER_WHY_SIZE];

	test_database_run(bot.admin, "update run_leases set stopped = true");
	cr_expect(eq(int, (int)retry(why), DEAD_LETTER_UNWANTED));
	cr_expect(eq(str, why, "stopped"));
	EXPECT_CELL(&bot, "select state from dead_letters", "dead", "it waits for the bot");
	EXPECT_CELL(
		&bot, "select count(follow_up_at) from run_leases", "0", "no run was asked for");
}

Test(dead_letter, that_was_dropped_is_not_retried)
{
	enum dead_letter_outcome outcome;
	char why[DEAD_LETTER_WHY_SIZE];
	struct err err;

	cr_assert(zero(int, dead_letter_drop(admin, &letter, &word, &outcome, &err)));
	cr_expect(eq(int, (int)outcome, DEAD_LETTER_DONE));
	cr_expect(eq(int, (int)retry(why), DEAD_LETTER_GONE));
	cr_assert(zero(int, dead_letter_drop(admin, &letter, &word, &outcome, &err)));
	cr_expect(eq(int, (int)outcome, DEAD_LETTER_GONE));
}

struct filter_row {
	char because[40];
	char class[16], state[16];
	int64_t older_than_s, newer_than_s;
	bool other_bot;
	size_t count;
};

ParameterizedTestParameters(dead_letter, is_found_by)
{
	static struct filter_row rows[] = {
		{"no filter", "", "", 0, 0, false, 1},
		{"its class", "killed", "", 0, 0, false, 1},
		{"another class", "auth", "", 0, 0, false, 0},
		{"its state", "", "dead", 0, 0, false, 1},
		{"another state", "", "dropped", 0, 0, false, 0},
		{"older than it is", "", "", 3600, 0, false, 0},
		{"newer than an hour", "", "", 0, 3600, false, 1},
		{"another bot", "", "", 0, 0, true, 0},
	};
	return cr_make_param_array(struct filter_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct filter_row *row, dead_letter, is_found_by)
{
	CLEANUP(postgres_result_free) struct postgres_result *letters = NULL;
	struct dead_letter_filter filter = {.bot = row->other_bot ? &bot.other : NULL,
		.class = row->class[0] == '\0' ? NULL : row->class,
		.state = row->state[0] == '\0' ? NULL : row->state,
		.older_than_s = row->older_than_s,
		.newer_than_s = row->newer_than_s,
		.limit = 10};
	struct err err;

	cr_assert(zero(int, dead_letter_list(admin, &filter, &letters, &err)), "%s", err.message);
	cr_expect(eq(sz, postgres_rows(letters), row->count), "%s", row->because);
}
