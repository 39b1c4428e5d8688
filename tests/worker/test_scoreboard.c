#include "core/base/clock.h"
#include "worker/scoreboard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOT_A "00000000-0000-4000-8000-00000000000a"
#define BOT_B "00000000-0000-4000-8000-00000000000b"
#define RACE_MS 300

static struct scoreboard *board;

static void setup(void)
{
	board = scoreboard_new(3);
}

static void teardown(void)
{
	cr_assert(zero(
		int, munmap(board, sizeof *board + board->slots * sizeof(struct scoreboard_page))));
}

TestSuite(scoreboard, .init = setup, .fini = teardown, .timeout = 30);

static struct scoreboard_run run_of(const char *bot, int64_t number)
{
	struct scoreboard_run run = {
		.scheduled_s = number, .token = number, .started_mono_ms = number};

	(void)snprintf(run.bot.text, sizeof run.bot.text, "%s", bot);
	(void)snprintf(run.tenant.text, sizeof run.tenant.text, "%s", bot);
	return run;
}

Test(scoreboard, a_page_shows_its_run_from_begin_to_end)
{
	struct scoreboard_page *page = &board->pages[1];
	struct scoreboard_run run = run_of(BOT_A, 7);
	struct scoreboard_run seen;

	cr_expect(not(scoreboard_read(page, &seen)), "nothing has begun");
	run.token = 0;
	scoreboard_begin(page, &run);
	cr_expect(scoreboard_read(page, &seen));
	cr_expect(eq(i64, seen.token, 0), "not claimed yet");
	scoreboard_token(page, 9);
	cr_expect(scoreboard_read(page, &seen));
	cr_expect(eq(i64, seen.token, 9));
	cr_expect(zero(int, strcmp(seen.bot.text, BOT_A)));
	cr_expect(not(scoreboard_read(&board->pages[0], &seen)), "other pages are others'");
	scoreboard_end(page);
	cr_expect(not(scoreboard_read(page, &seen)));
	cr_expect(eq(i64, atomic_load(&page->runs), 1));
}

Test(scoreboard, a_verdict_about_one_run_does_not_hit_the_next)
{
	struct scoreboard_page *page = &board->pages[0];
	struct scoreboard_run run = run_of(BOT_A, 7);

	scoreboard_begin(page, &run);
	atomic_store(&page->lost_token, 7);
	atomic_store(&page->stopped_token, 7);
	scoreboard_end(page);
	run = run_of(BOT_B, 7); /* tokens are counted per bot: they may be equal */
	scoreboard_begin(page, &run);
	cr_expect(eq(i64, atomic_load(&page->lost_token), 0));
	cr_expect(eq(i64, atomic_load(&page->stopped_token), 0));
}

Test(scoreboard, a_new_child_begins_with_a_clean_page_and_old_counts)
{
	struct scoreboard_page *page = &board->pages[0];
	struct scoreboard_run run = run_of(BOT_A, 7);
	struct scoreboard_run seen;

	atomic_store(&page->generation, 4);
	atomic_store(&page->ready, true);
	atomic_store(&page->served, true);
	atomic_store(&page->drain, true);
	atomic_store(&page->pid, 4321);
	scoreboard_begin(page, &run);
	scoreboard_end(page);
	scoreboard_begin(page, &run);
	scoreboard_phase(page, PHASE_SEND);
	scoreboard_reset(page);
	cr_expect(not(scoreboard_read(page, &seen)), "the run died with its runner");
	cr_expect(eq(int, atomic_load(&page->phase), PHASE_IDLE));
	cr_expect(not(atomic_load(&page->ready)));
	cr_expect(not(atomic_load(&page->served)));
	cr_expect(not(atomic_load(&page->drain)), "or the new one would leave at once");
	cr_expect(zero(int, atomic_load(&page->pid)));
	cr_expect(eq(i64, atomic_load(&page->runs), 1));
	cr_expect(eq(u32, atomic_load(&page->generation), 4));
}

/* Writes two runs in turn, whose fields all agree with each other, until it is killed. */
static pid_t start_writer(struct scoreboard_page *page)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	const struct scoreboard_run runs[2] = {run_of(BOT_A, 1), run_of(BOT_B, 2)};
	for (unsigned i = 0;; i++)
		scoreboard_begin(page, &runs[i % 2]);
}

static bool agrees_with_itself(const struct scoreboard_run *run)
{
	const char *bot = run->scheduled_s == 1 ? BOT_A : BOT_B;

	return run->token == run->scheduled_s && run->started_mono_ms == run->scheduled_s &&
	       strcmp(run->bot.text, bot) == 0 && strcmp(run->tenant.text, bot) == 0;
}

Test(scoreboard, a_reader_never_sees_half_a_run)
{
	struct scoreboard_page *page = &board->pages[0];
	int64_t until_ms = clock_mono_ms(clock_system()) + RACE_MS;
	struct scoreboard_run seen;
	int torn = 0;
	int both[4] = {0};

	pid_t writer = start_writer(page);
	while (clock_mono_ms(clock_system()) < until_ms || both[1] == 0 || both[2] == 0) {
		if (!scoreboard_read(page, &seen))
			continue;
		torn += !agrees_with_itself(&seen);
		both[seen.scheduled_s & 3]++;
	}
	(void)kill(writer, SIGKILL);
	(void)waitpid(writer, NULL, 0);
	cr_expect(zero(int, torn), "of %d readings", both[1] + both[2]);
}

Test(scoreboard, a_writer_killed_in_the_middle_does_not_hold_its_readers)
{
	struct scoreboard_page *page = &board->pages[0];
	struct scoreboard_run run = run_of(BOT_A, 7);
	struct scoreboard_run seen;

	scoreboard_begin(page, &run);
	atomic_fetch_add(&page->sequence, 1); /* odd: being written, for ever */
	cr_expect(not(scoreboard_read(page, &seen)), "it comes back, and shows nothing torn");
	cr_expect(scoreboard_read_last(page, &seen), "of a dead runner, what there is");
	cr_expect(eq(i64, seen.token, 7));
}

Test(scoreboard, an_obituary_stays_until_it_is_settled)
{
	struct scoreboard_obituary obituary = {.slot = 2,
		.generation = 5,
		.run = run_of(BOT_A, 7),
		.signal = SIGSEGV,
		.phase = PHASE_SEND,
		.memory_kb = 4711,
		.timed_out = true};
	struct scoreboard_obituary seen;

	cr_assert(scoreboard_bury(board, &obituary));
	for (int keeper = 0; keeper < 2; keeper++) { /* the first dies before it is done */
		cr_assert(scoreboard_obituary(board, 0, &seen));
		cr_expect(eq(u32, seen.slot, 2));
		cr_expect(eq(u32, seen.generation, 5));
		cr_expect(eq(i64, seen.run.token, 7));
		cr_expect(eq(int, seen.signal, SIGSEGV));
		cr_expect(eq(int, seen.phase, PHASE_SEND));
		cr_expect(eq(i64, seen.memory_kb, 4711));
		cr_expect(seen.timed_out);
		cr_expect(not(seen.stopped));
	}
	scoreboard_settled(board, 0);
	cr_expect(not(scoreboard_obituary(board, 0, &seen)));
}

Test(scoreboard, obituaries_cross_processes_and_say_when_there_is_no_room)
{
	struct scoreboard_obituary seen;

	pid_t supervisor = fork();
	if (supervisor == 0) {
		for (unsigned i = 0; i < SCOREBOARD_OBITUARIES; i++)
			if (!scoreboard_bury(board, &(struct scoreboard_obituary){.slot = i}))
				_exit(1);
		_exit(scoreboard_bury(board, &(struct scoreboard_obituary){0}) ? 2 : 0);
	}
	int status;
	cr_assert(eq(int, waitpid(supervisor, &status, 0), supervisor));
	cr_assert(zero(int, status), "256 fit, the next is refused");
	for (unsigned place = 0; place < SCOREBOARD_OBITUARIES; place++) {
		cr_assert(scoreboard_obituary(board, place, &seen));
		cr_expect(eq(u32, seen.slot, place));
	}
	scoreboard_settled(board, 100);
	cr_expect(scoreboard_bury(board, &(struct scoreboard_obituary){.slot = 9}),
		"a place is used again");
}

Test(scoreboard, a_consumer_is_named_by_host_slot_and_generation)
{
	char first[CONSUMER_SIZE];
	char second[CONSUMER_SIZE];

	scoreboard_consumer("vm-77-1f2e", 3, 1, first);
	scoreboard_consumer("vm-77-1f2e", 3, 2, second);
	cr_expect(zero(int, strcmp(first, "vm-77-1f2e/3.1")), "%s", first);
	cr_expect(ne(str, first, second), "a new runner is not the old one's consumer");
}
