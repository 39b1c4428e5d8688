#include "scheduler/owed.h"

#include "scheduler/schedule.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#define NOW_MS 1700000000300LL
#define BOTS 10000
#define TENANTS 100
#define INTERVAL_S 300
#define OUTAGE_S 3600

static struct fair_job job_of(uint32_t entry, uint32_t tenant)
{
	struct fair_job job = {.entry = entry, .tenant = tenant};

	job.job.priority = PRIORITY_NORMAL;
	job.job.scheduled_s = 1000 + entry;
	return job;
}

struct row {
	char because[64];
	int64_t mean_milli, regular, allowed;
};

ParameterizedTestParameters(owed, a_second_has_room_for)
{
	static struct row rows[] = {
		{"what is left of 1.75 times the mean", 33333, 30, 28},
		{"a full second still moves on", 33333, 55, 10},
		{"a small fleet does not wait", 600, 0, 10},
		{"a large one is not throttled to the least", 3333333, 3000, 2833},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, owed, a_second_has_room_for)
{
	cr_expect(eq(i64, owed_allowance(row->mean_milli, row->regular), row->allowed), "%s",
		row->because);
}

Test(owed, the_newest_slot_goes_first_and_tenants_take_turns)
{
	struct owed *owed = owed_new();
	struct fair_job taken[3];

	for (uint32_t i = 0; i < 3; i++) {
		struct fair_job job = job_of(i, 7);
		owed_push(owed, &job);
	}
	struct fair_job other = job_of(9, 8);
	owed_push(owed, &other);
	cr_assert(eq(sz, owed_take(owed, NOW_MS, 0, taken, 3), 3));
	cr_expect(eq(u32, taken[0].entry, 2));
	cr_expect(eq(u32, taken[1].entry, 9));
	cr_expect(eq(u32, taken[2].entry, 1));
	owed_free(&owed);
}

Test(owed, a_second_is_spent_once)
{
	struct owed *owed = owed_new();
	struct fair_job taken[20];

	for (uint32_t i = 0; i < 30; i++) {
		struct fair_job job = job_of(i, 0);
		owed_push(owed, &job);
	}
	cr_expect(eq(sz, owed_take(owed, NOW_MS, 0, taken, 20), 10));
	cr_expect(eq(sz, owed_take(owed, NOW_MS + 200, 0, taken, 20), 0));
	cr_expect(eq(sz, owed_take(owed, NOW_MS + 1000, 0, taken, 20), 10));
	cr_expect(eq(sz, owed_count(owed), 10));
	cr_expect(owed_forget(owed, 0), "what waits can be forgotten");
	cr_expect(not(owed_forget(owed, 0)));
	owed_clear(owed);
	cr_expect(eq(sz, owed_count(owed), 0));
	owed_free(&owed);
}

/* Everybody's newest run is of before the outage. Deterministic: ids count up. */
static void load(struct schedule *schedule)
{
	for (unsigned i = 0; i < BOTS; i++) {
		struct admission_bot bot = {
			.interval_s = INTERVAL_S,
			.admission = ADMISSION_NORMAL,
			.newest_slot_s = NOW_MS / 1000 - OUTAGE_S,
		};
		(void)snprintf(
			bot.bot.text, sizeof bot.bot.text, "00000000-0000-4000-8000-%012x", i);
		(void)snprintf(bot.tenant.text, sizeof bot.tenant.text,
			"00000000-0000-4000-9000-%012x", i % TENANTS);
		schedule_put(schedule, &bot, NOW_MS, true);
	}
}

/* What a beat does each second: what is due goes, then as much of what is owed as there is room. */
static int64_t one_second(
	struct schedule *schedule, struct owed *owed, int64_t now_ms, bool first, int64_t *lost)
{
	struct fair_job jobs[64];
	uint32_t entry;
	int64_t slot_s;
	int64_t missed;
	int64_t gone = 0;
	size_t taken;

	while (schedule_take_due(schedule, now_ms, &entry, &slot_s, &missed)) {
		struct fair_job job = job_of(entry, schedule_at(schedule, entry)->tenant);
		if (first && now_ms - slot_s * 1000 > 1000) {
			owed_push(owed, &job);
			continue;
		}
		*lost += owed_forget(owed, entry);
		owed_note(owed, now_ms, 1);
		gone++;
	}
	while ((taken = owed_take(owed, now_ms, schedule_mean_milli(schedule), jobs, 64)) > 0)
		gone += (int64_t)taken;
	return gone;
}

Test(owed, no_second_after_a_restart_of_the_whole_fleet_has_twice_the_mean)
{
	struct schedule *schedule = schedule_new();
	struct owed *owed = owed_new();
	const double mean = (double)BOTS / INTERVAL_S;
	int64_t most = 0;
	int64_t lost = 0;
	int64_t done_s = -1;

	load(schedule);
	for (int64_t second = 0; second < INTERVAL_S; second++) {
		int64_t gone = one_second(
			schedule, owed, NOW_MS + second * 1000, second == 0, &lost);
		most = gone > most ? gone : most;
		if (done_s == -1 && owed_count(owed) == 0)
			done_s = second;
	}
	fprintf(stderr,
		"restart of %d bots at %d s: the fullest second has %.2f times the mean; all have "
		"run after %lld s, %lld of them by their next slot\n",
		BOTS, INTERVAL_S, (double)most / mean, (long long)done_s, (long long)lost);
	cr_expect(lt(dbl, (double)most, 2 * mean));
	cr_expect(gt(i64, done_s, 0), "everybody has run within an interval");
	owed_free(&owed);
	schedule_free(&schedule);
}

Test(owed, the_mean_is_kept_when_bots_change_and_go)
{
	struct schedule *schedule = schedule_new();
	struct admission_bot bot = {.interval_s = 300, .admission = ADMISSION_NORMAL};

	uuid_random(&bot.bot);
	uuid_random(&bot.tenant);
	uint32_t entry = schedule_put(schedule, &bot, NOW_MS, false);
	bot.interval_s = 10;
	cr_expect(eq(u32, schedule_put(schedule, &bot, NOW_MS, false), entry));
	cr_expect(eq(i64, schedule_mean_milli(schedule), 100));
	schedule_drop(schedule, entry);
	cr_expect(eq(i64, schedule_mean_milli(schedule), 0));
	schedule_free(&schedule);
}
