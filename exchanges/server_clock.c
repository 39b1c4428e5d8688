#include "exchanges/server_clock.h"

#include <assert.h>
#include <string.h>

#define SLOW_MS 1000
#define REFRESH_MS (3 * 60 * 1000LL) /* clocks drift by tens of ppm: 10 ms in this time */
#define TRUST_MS (60 * 60 * 1000LL)

void server_clock_add(
	struct server_clock *clock, int64_t server_ms, int64_t sent_mono_ms, int64_t duration_ms)
{
	if (duration_ms < 0 || duration_ms > SLOW_MS)
		return;

	clock->samples[clock->next].offset_ms = server_ms - (sent_mono_ms + duration_ms / 2);
	clock->samples[clock->next].mono_ms = sent_mono_ms + duration_ms;
	clock->next = (clock->next + 1) % SERVER_CLOCK_SAMPLES;
	if (clock->count < SERVER_CLOCK_SAMPLES)
		clock->count++;
}

/* Inserts into an ascending list that has room. */
static void insert(int64_t *sorted, size_t count, int64_t value)
{
	size_t i = count;
	for (; i > 0 && sorted[i - 1] > value; i--)
		sorted[i] = sorted[i - 1];
	sorted[i] = value;
}

/* Offsets of the samples not older than age_ms, ascending; how many. */
static size_t young_offsets(
	const struct server_clock *clock, int64_t now_mono_ms, int64_t age_ms, int64_t *ret_sorted)
{
	size_t count = 0;
	for (size_t i = 0; i < clock->count; i++)
		if (now_mono_ms - clock->samples[i].mono_ms <= age_ms)
			insert(ret_sorted, count++, clock->samples[i].offset_ms);
	return count;
}

bool server_clock_read(
	const struct server_clock *clock, int64_t now_mono_ms, int64_t *ret_server_ms)
{
	int64_t sorted[SERVER_CLOCK_SAMPLES];
	size_t count = young_offsets(clock, now_mono_ms, 2 * REFRESH_MS, sorted);
	if (count == 0)
		count = young_offsets(clock, now_mono_ms, TRUST_MS, sorted);
	if (count == 0)
		return false;

	/* Of an even number the lower one: a timestamp that is late is accepted, an early one not.
	 */
	*ret_server_ms = now_mono_ms + sorted[(count - 1) / 2];
	return true;
}

bool server_clock_stale(const struct server_clock *clock, int64_t now_mono_ms)
{
	int64_t sorted[SERVER_CLOCK_SAMPLES];
	return young_offsets(clock, now_mono_ms, REFRESH_MS, sorted) == 0;
}

void server_clock_forget(struct server_clock *clock)
{
	memset(clock, 0, sizeof *clock);
}
