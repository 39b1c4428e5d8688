#include "scheduler/due.h"

#include <assert.h>

struct due due_of(
	const struct uuid *bot, int64_t interval_s, bool align_candle, int64_t align_delay_ms)
{
	uint8_t bytes[16];

	assert(interval_s > 0);
	if (align_candle)
		return (struct due){.interval_s = interval_s, .delay_ms = align_delay_ms};
	uuid_bytes(bot, bytes);
	return (struct due){
		.interval_s = interval_s,
		.phase_s = (int64_t)(hash_bytes(bytes, sizeof bytes) % (uint64_t)interval_s),
	};
}

int64_t due_latest_slot(const struct due *due, int64_t now_ms)
{
	int64_t now_s = (now_ms - due->delay_ms) / 1000;

	return now_s - (now_s - due->phase_s) % due->interval_s;
}

int64_t due_at_ms(const struct due *due, int64_t slot_s)
{
	return slot_s * 1000 + due->delay_ms;
}
