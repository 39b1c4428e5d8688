#include "exchanges/server_clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

Test(server_clock, knows_nothing_before_the_first_sample)
{
	struct server_clock clock = {0};
	int64_t server_ms;

	cr_assert(not(server_clock_read(&clock, 1000, &server_ms)));
	cr_assert(server_clock_stale(&clock, 1000));
}

Test(server_clock, halves_the_round_trip)
{
	struct server_clock clock = {0};
	int64_t server_ms = 0;

	/* Left at 1000, back at 1100: the server said 5000 at about 1050. */
	server_clock_add(&clock, 5000, 1000, 100);
	cr_assert(server_clock_read(&clock, 1100, &server_ms));
	cr_expect(eq(i64, server_ms, 5050));
}

#define SAMPLES_MAX 9

struct row {
	char because[56];
	int64_t offsets[SAMPLES_MAX];
	size_t count;
	int64_t offset;
};

ParameterizedTestParameters(server_clock, takes_the_median)
{
	static struct row rows[] = {
		{"one sample is all there is", {7}, 1, 7},
		{"one sample far off changes nothing", {10, 900, 11}, 3, 11},
		{"of an even number the later clock is not taken", {10, 40}, 2, 10},
		{"order does not matter", {50, 10, 30, 20, 40}, 5, 30},
		{"negative offsets are offsets", {-5, -3, -4}, 3, -4},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, server_clock, takes_the_median)
{
	struct server_clock clock = {0};
	int64_t server_ms = 0;

	for (size_t i = 0; i < row->count; i++)
		server_clock_add(&clock, 1000 + row->offsets[i], 1000, 0);
	cr_assert(server_clock_read(&clock, 2000, &server_ms), "%s", row->because);
	cr_expect(eq(i64, server_ms, 2000 + row->offset), "%s", row->because);
}

Test(server_clock, old_samples_make_room_for_new_ones)
{
	struct server_clock clock = {0};
	int64_t server_ms = 0;

	for (int i = 0; i < SERVER_CLOCK_SAMPLES; i++)
		server_clock_add(&clock, 1000, 1000, 0);
	for (int i = 0; i < SERVER_CLOCK_SAMPLES; i++)
		server_clock_add(&clock, 1500, 1000, 0);
	cr_assert(server_clock_read(&clock, 1000, &server_ms));
	cr_expect(eq(i64, server_ms, 1500));
}

Test(server_clock, ignores_a_reply_that_is_too_slow_to_tell)
{
	struct server_clock clock = {0};
	int64_t server_ms;

	server_clock_add(&clock, 5000, 1000, 1001);
	cr_assert(not(server_clock_read(&clock, 3000, &server_ms)));
}

Test(server_clock, is_asked_again_after_minutes_and_refuses_after_an_hour)
{
	struct server_clock clock = {0};
	int64_t server_ms;

	server_clock_add(&clock, 1000, 1000, 0);
	cr_expect(not(server_clock_stale(&clock, 1000 + 2 * 60000)));
	cr_expect(server_clock_stale(&clock, 1000 + 4 * 60000));
	cr_expect(server_clock_read(&clock, 1000 + 59 * 60000, &server_ms));
	cr_expect(not(server_clock_read(&clock, 1000 + 61 * 60000, &server_ms)));
}

Test(server_clock, forgets)
{
	struct server_clock clock = {0};
	int64_t server_ms;

	server_clock_add(&clock, 1000, 1000, 0);
	server_clock_forget(&clock);
	cr_expect(not(server_clock_read(&clock, 1000, &server_ms)));
}
