#include "core/base/backoff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

struct row {
	char because[48]; /* what is broken if this row fails; no pointers in rows */
	struct err failure;
	unsigned tries_done;
	uint64_t random;
	int64_t delay_ms; /* -1: gives up */
};

ParameterizedTestParameters(backoff, decides)
{
	static struct row rows[] = {
		{"the first delay reaches base", {.retry = ERR_RETRY_LATER}, 1, 100, 100},
		{"the first delay stays at base", {.retry = ERR_RETRY_LATER}, 1, 101, 0},
		{"no delay is one of the delays", {.retry = ERR_RETRY_LATER}, 4, 0, 0},
		{"each failure doubles the ceiling", {.retry = ERR_RETRY_LATER}, 3, 400, 400},
		{"not more than doubles", {.retry = ERR_RETRY_LATER}, 3, 401, 0},
		{"the cap holds", {.retry = ERR_RETRY_LATER}, 5, 1000, 1000},
		{"beyond the cap is drawn again from below", {.retry = ERR_RETRY_LATER}, 5, 1001,
			0},
		{"the last try is the last", {.retry = ERR_RETRY_LATER}, 6, 0, -1},
		{"more tries than allowed are no more", {.retry = ERR_RETRY_LATER}, 7, 0, -1},
		{"the venue's own wait wins",
			{.retry = ERR_RETRY_THROTTLED, .retry_after_ms = 2000}, 1, 0, 2000},
		{"a shorter wait of the venue's does not",
			{.retry = ERR_RETRY_THROTTLED, .retry_after_ms = 50}, 1, 100, 100},
		{"a failure for good is not repeated", {.retry = ERR_RETRY_NEVER}, 1, 0, -1},
		{"an order that may exist is not repeated", {.retry = ERR_RETRY_ASK}, 1, 0, -1},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, backoff, decides)
{
	const struct backoff policy = {.base_ms = 100, .cap_ms = 1000, .tries_max = 6};
	int64_t delay_ms = -1;
	bool again = backoff_next(&policy, &row->failure, row->tries_done, row->random, &delay_ms);

	cr_expect(eq(int, again, row->delay_ms >= 0), "%s", row->because);
	cr_expect(eq(i64, delay_ms, row->delay_ms), "%s", row->because);
}

Test(backoff, the_widest_policy_does_not_overflow)
{
	const struct backoff policy = {.base_ms = 1, .cap_ms = INT64_MAX, .tries_max = 1000};
	const struct err failure = {.retry = ERR_RETRY_LATER};
	int64_t delay_ms = -1;

	cr_assert(backoff_next(&policy, &failure, 999, INT64_MAX, &delay_ms));
	cr_assert(eq(i64, delay_ms, INT64_MAX));
}
