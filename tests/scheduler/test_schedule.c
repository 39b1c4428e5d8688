#include "scheduler/schedule.h"

#include "core/base/ident.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define NOW_MS 1700000100000LL

static struct admission_bot bot_of(int64_t interval_s)
{
	struct admission_bot bot = {
		.interval_s = interval_s, .align_candle = true, .admission = ADMISSION_NORMAL};

	uuid_random(&bot.bot);
	uuid_random(&bot.tenant);
	return bot;
}

static int due_count(
	struct schedule *schedule, int64_t now_ms, int64_t *ret_slot_s, int64_t *ret_missed)
{
	uint32_t entry;
	int count = 0;

	while (schedule_take_due(schedule, now_ms, &entry, ret_slot_s, ret_missed))
		count++;
	return count;
}

Test(schedule, a_new_bot_waits_for_its_next_slot)
{
	struct schedule *schedule = schedule_new();
	struct admission_bot bot = bot_of(300);
	int64_t slot_s;
	int64_t missed;

	schedule_put(schedule, &bot, NOW_MS, false);
	cr_expect(eq(int, due_count(schedule, NOW_MS + 299999, &slot_s, &missed), 0));
	cr_expect(eq(int, due_count(schedule, NOW_MS + 300000, &slot_s, &missed), 1));
	cr_expect(eq(i64, slot_s, NOW_MS / 1000 + 300));
	cr_expect(eq(int, due_count(schedule, NOW_MS + 300000, &slot_s, &missed), 0), "once");
	schedule_free(&schedule);
}

Test(schedule, an_outage_is_caught_up_with_the_latest_slot_only)
{
	struct schedule *schedule = schedule_new();
	struct admission_bot bot = bot_of(300);
	int64_t slot_s;
	int64_t missed;

	schedule_put(schedule, &bot, NOW_MS, false);
	cr_expect(eq(int, due_count(schedule, NOW_MS + 3 * 300000, &slot_s, &missed), 1));
	cr_expect(eq(i64, slot_s, NOW_MS / 1000 + 900));
	cr_expect(eq(i64, missed, 2));
	schedule_free(&schedule);
}

Test(schedule, a_new_leader_owes_the_current_slot_if_it_was_not_claimed)
{
	struct schedule *schedule = schedule_new();
	struct admission_bot owed = bot_of(300);
	struct admission_bot claimed = bot_of(300);
	int64_t slot_s;
	int64_t missed;

	owed.newest_slot_s = NOW_MS / 1000 - 300;
	claimed.newest_slot_s = NOW_MS / 1000;
	schedule_put(schedule, &owed, NOW_MS, true);
	schedule_put(schedule, &claimed, NOW_MS, true);
	cr_expect(eq(int, due_count(schedule, NOW_MS, &slot_s, &missed), 1));
	cr_expect(eq(i64, slot_s, NOW_MS / 1000));
	schedule_free(&schedule);
}

Test(schedule, an_edited_interval_moves_the_next_slot_and_other_edits_do_not)
{
	struct schedule *schedule = schedule_new();
	struct admission_bot bot = bot_of(300);

	schedule_put(schedule, &bot, NOW_MS, false);
	int64_t before_ms = schedule_next_ms(schedule);
	bot.admission = ADMISSION_EXITS_ONLY;
	schedule_put(schedule, &bot, NOW_MS + 400000, false);
	cr_expect(eq(i64, schedule_next_ms(schedule), before_ms),
		"a slot that was missed is still owed");
	bot.interval_s = 60;
	schedule_put(schedule, &bot, NOW_MS + 1000, false);
	cr_expect(eq(i64, schedule_next_ms(schedule), NOW_MS + 60000));
	cr_expect(eq(sz, schedule_count(schedule), 1));
	schedule_free(&schedule);
}

static void count_dropped(void *context, uint32_t entry)
{
	(void)entry;
	++*(int *)context;
}

Test(schedule, a_reload_drops_what_it_did_not_see)
{
	struct schedule *schedule = schedule_new();
	struct admission_bot stays = bot_of(60);
	struct admission_bot goes = bot_of(60);
	uint32_t entry;
	int dropped = 0;

	schedule_put(schedule, &stays, NOW_MS, false);
	schedule_put(schedule, &goes, NOW_MS, false);
	schedule_reload_begin(schedule);
	schedule_put(schedule, &stays, NOW_MS, false);
	schedule_reload_end(schedule, count_dropped, &dropped);
	cr_expect(eq(int, dropped, 1));
	cr_expect(schedule_find(schedule, &stays.bot, &entry) != NULL);
	cr_expect(schedule_find(schedule, &goes.bot, &entry) == NULL);
	schedule_free(&schedule);
}

/* Many bots come and go; what is due comes out in order of time, each once. */
Test(schedule, keeps_order_through_many_changes)
{
	enum { BOTS = 5000 };
	static struct admission_bot bots[BOTS];
	struct schedule *schedule = schedule_new();
	uint32_t entry;
	int64_t slot_s;
	int64_t missed;
	int64_t last_ms = 0;
	int taken = 0;

	for (int i = 0; i < BOTS; i++) {
		bots[i] = bot_of(10 + i % 997);
		bots[i].align_candle = i % 2 == 0;
		schedule_put(schedule, &bots[i], NOW_MS, false);
	}
	for (int i = 0; i < BOTS; i += 3) {
		cr_assert(schedule_find(schedule, &bots[i].bot, &entry) != NULL);
		schedule_drop(schedule, entry);
	}
	for (int i = 0; i < BOTS; i += 6)
		schedule_put(schedule, &bots[i], NOW_MS, false);

	size_t expected = schedule_count(schedule);
	while (schedule_next_ms(schedule) <= NOW_MS + 1100000) {
		int64_t at_ms = schedule_next_ms(schedule);
		cr_assert(ge(i64, at_ms, last_ms), "order of time");
		last_ms = at_ms;
		cr_assert(schedule_take_due(schedule, at_ms, &entry, &slot_s, &missed));
		cr_assert(eq(i64, missed, 0));
		taken++;
	}
	cr_expect(eq(sz, schedule_count(schedule), expected));
	cr_expect(gt(int, taken, (int)expected), "everybody was due at least once");
	schedule_free(&schedule);
}
