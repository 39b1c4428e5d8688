/*
 * due - slot arithmetic: when a bot runs. Pure.
 *
 * A slot is a UTC second; nothing is written anywhere to schedule a run. `spread` bots have a phase
 * of their own, so that 100,000 five-minute bots make 333 runs a second instead of one herd;
 * `candle` bots stand on the boundary and are due a little after it. An edited interval changes
 * future slots only: no slot is ever used twice, because a slot is its second.
 */
#ifndef SCHEDULER_DUE_H
#define SCHEDULER_DUE_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stdint.h>

struct due {
	int64_t interval_s; /* 10 to 86400 */
	int64_t phase_s;    /* 0 to interval_s - 1 */
	int64_t delay_ms;   /* from the slot to the moment it is due; candle only */
};

/* hash(bot id) mod interval for spread, 0 for candle. */
struct due due_of(
	const struct uuid *bot, int64_t interval_s, bool align_candle, int64_t align_delay_ms);

/* The newest slot that is due at now_ms (its delay included), and when slot is due. */
int64_t due_latest_slot(const struct due *due, int64_t now_ms);
int64_t due_at_ms(const struct due *due, int64_t slot_s);

#endif
