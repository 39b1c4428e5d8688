#include "scheduler/due.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

struct row {
	char because[64];
	int64_t interval_s, phase_s, delay_ms, now_ms, slot_s;
};

ParameterizedTestParameters(due, latest_slot)
{
	static struct row rows[] = {
		{"on the slot it is due", 300, 0, 0, 1700000100000, 1700000100},
		{"a millisecond before, the last one is", 300, 0, 0, 1700000099999, 1699999800},
		{"a phase moves every slot", 300, 7, 0, 1700000106999, 1699999807},
		{"and is due at its own second", 300, 7, 0, 1700000107000, 1700000107},
		{"a candle's bot waits its delay", 300, 0, 2000, 1700000101999, 1699999800},
		{"and then takes the boundary as its slot", 300, 0, 2000, 1700000102000,
			1700000100},
		{"a day's interval stands on UTC midnight", 86400, 0, 0, 1700092800000, 1700092800},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, due, latest_slot)
{
	const struct due due = {row->interval_s, row->phase_s, row->delay_ms};

	cr_expect(eq(i64, due_latest_slot(&due, row->now_ms), row->slot_s), "%s", row->because);
	cr_expect(le(i64, due_at_ms(&due, row->slot_s), row->now_ms), "%s", row->because);
	cr_expect(gt(i64, due_at_ms(&due, row->slot_s + row->interval_s), row->now_ms), "%s",
		row->because);
}

Test(due, spreads_bots_evenly_over_the_interval)
{
	enum { BOTS = 10000, INTERVAL = 300 };
	int per_second[INTERVAL] = {0};
	int most = 0;

	for (int i = 0; i < BOTS; i++) {
		struct uuid bot;
		uuid_random(&bot);
		struct due due = due_of(&bot, INTERVAL, false, 2000);
		cr_assert(eq(i64, due.delay_ms, 0), "spread bots have no delay");
		per_second[due.phase_s]++;
	}
	for (int i = 0; i < INTERVAL; i++)
		most = per_second[i] > most ? per_second[i] : most;
	/* Mean 33.3, deviation 5.8: twice the mean is six deviations away. */
	cr_expect(lt(int, most, 2 * BOTS / INTERVAL + 5), "the fullest second has %d of %d bots",
		most, BOTS);
}

Test(due, gives_a_bot_the_same_phase_always)
{
	struct uuid bot = {"1c9e6679-7425-40de-944b-e07fc1f90ae7"};
	struct due first = due_of(&bot, 300, false, 0);
	struct due second = due_of(&bot, 300, false, 0);

	cr_expect(eq(i64, first.phase_s, second.phase_s));
	cr_expect(eq(i64, due_of(&bot, 300, true, 2000).phase_s, 0), "a candle's bot has none");
}
