/*
 * owed - slots that an outage left behind, released at a pace. Pure.
 *
 * After a restart of the whole fleet every bot owes its latest slot, and all of them at once would
 * be one herd on the venues, where an ordinary second has the fleet's mean. They wait here and go
 * a few in each second, beside what is due in that second by itself, so that no second has twice
 * the mean (guarantees.md 3, row 27). The newest slots go first, tenants in turn: an old one is
 * about to be followed by the bot's next slot, which takes its place.
 */
#ifndef SCHEDULER_OWED_H
#define SCHEDULER_OWED_H

#include "scheduler/fairness.h"

struct owed;

struct owed *owed_new(void);
void owed_free(struct owed **owed);

/* A slot that is late. Oldest first, as the schedule gives them; a bot waits here once. */
void owed_push(struct owed *owed, const struct fair_job *job);

/* The bot's next slot is due, or it was stopped. True: an owed slot was waiting and is gone. */
bool owed_forget(struct owed *owed, uint32_t entry);

/* So many jobs went by themselves at now_ms. */
void owed_note(struct owed *owed, int64_t now_ms, int64_t count);

/*
 * Takes what may go at now_ms, at most count. mean_milli: slots of the whole schedule in a second,
 * times 1000. Returns how many; to be asked again in the next second while owed_count is not 0.
 */
size_t owed_take(
	struct owed *owed, int64_t now_ms, int64_t mean_milli, struct fair_job *ret, size_t count);

/* How many owed slots may go in a second in which `regular` went by themselves. */
int64_t owed_allowance(int64_t mean_milli, int64_t regular);

size_t owed_count(const struct owed *owed);
void owed_clear(struct owed *owed);

#endif
