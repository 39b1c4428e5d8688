/*
 * schedule - every bot that may run, in memory, ordered by when it is due. Pure.
 *
 * Entries are named by small integers that stay the same while the bot is known. A heap holds the
 * next due time of each. Reloading marks what it sees and then drops what it did not see, so a bulk
 * load and a single bot's change are the same operation.
 */
#ifndef SCHEDULER_SCHEDULE_H
#define SCHEDULER_SCHEDULE_H

#include "core/store/admission.h"
#include "scheduler/due.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule;

struct schedule_entry {
	struct admission_bot bot;
	struct due due;
	uint32_t tenant;     /* index, for fairness */
	int64_t next_slot_s; /* the slot that comes next */
	bool seen;           /* by the reload under way */
};

struct schedule *schedule_new(void);
void schedule_free(struct schedule **schedule);

/*
 * Adds or changes a bot. A new bot, or one whose interval changed, is due at its next slot after
 * now_ms; catch_up: at its latest one, if that is newer than the newest that was claimed.
 */
uint32_t schedule_put(
	struct schedule *schedule, const struct admission_bot *bot, int64_t now_ms, bool catch_up);
void schedule_drop(struct schedule *schedule, uint32_t entry);

/* Around a full load: everything not put between begin and end is dropped; dropped: each of them.
 */
void schedule_reload_begin(struct schedule *schedule);
void schedule_reload_end(
	struct schedule *schedule, void (*dropped)(void *context, uint32_t entry), void *context);

/* Before one bot is read again: false if it is not there. Unseen after the load: drop it. */
bool schedule_unsee(struct schedule *schedule, const struct uuid *bot, uint32_t *ret_entry);

/* NULL if the bot is not there. */
const struct schedule_entry *schedule_find(
	const struct schedule *schedule, const struct uuid *bot, uint32_t *ret_entry);
const struct schedule_entry *schedule_at(const struct schedule *schedule, uint32_t entry);

/*
 * Takes the next entry whose slot is due at now_ms; its slot stands in *ret_slot_s (the latest one,
 * if several were missed: *ret_missed of them) and the entry is put to its next slot. False: none.
 */
bool schedule_take_due(struct schedule *schedule, int64_t now_ms, uint32_t *ret_entry,
	int64_t *ret_slot_s, int64_t *ret_missed);

/* When the first entry is due, INT64_MAX if there is none. */
int64_t schedule_next_ms(const struct schedule *schedule);
size_t schedule_count(const struct schedule *schedule);
/* Slots of all entries in a second, times 1000. */
int64_t schedule_mean_milli(const struct schedule *schedule);

#endif
