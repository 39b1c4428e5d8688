/*
 * admission - what the scheduler reads and writes of bots: who is due, how, and why not.
 *
 * The view bot_admission is the one place that decides whether a bot may be scheduled; this is its
 * reading. Nothing is written to Postgres to schedule a run.
 */
#ifndef CORE_STORE_ADMISSION_H
#define CORE_STORE_ADMISSION_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postgres;

enum admission { ADMISSION_NONE, ADMISSION_EXITS_ONLY, ADMISSION_NORMAL };

struct admission_bot {
	struct uuid bot, tenant;
	int priority; /* 0 high, 1 normal, 2 low: the queue's order */
	int64_t interval_s;
	bool align_candle; /* else spread */
	int64_t align_delay_ms;
	enum admission admission;
	char reason[32];
	bool owed;             /* a stop run or watch runs, whatever the admission */
	int64_t newest_slot_s; /* 0: never ran */
};

/*
 * Calls each for every bot that is not plainly stopped, or for one bot (bot not NULL; not called at
 * all if it is gone or stopped with nothing owed).
 */
typedef void admission_each(void *context, const struct admission_bot *bot);
MUST_CHECK int admission_load(struct postgres *postgres, const struct uuid *bot,
	admission_each *each, void *context, struct err *err);

/* Bots whose follow-up is due before that time (Postgres's clock), with their newest slot. */
MUST_CHECK int admission_follow_ups(struct postgres *postgres, int64_t until_ms, size_t limit,
	void (*each)(
		void *context, const struct uuid *bot, int64_t follow_up_ms, int64_t newest_slot_s),
	void *context, struct err *err);

/* Runs that wait for a retry: their jobs are gone when Redis has lost its content. */
MUST_CHECK int admission_retries(struct postgres *postgres,
	void (*each)(void *context, const struct uuid *bot, int64_t slot_s, int64_t retry_ms),
	void *context, struct err *err);

/* Records changed verdicts: on the bot, audited, told. */
MUST_CHECK int admission_record(struct postgres *postgres, int64_t *ret_changed, struct err *err);

/* Months of run and usage partitions, created ahead and dropped by retention. */
MUST_CHECK int admission_partitions(struct postgres *postgres, struct err *err);

#endif
