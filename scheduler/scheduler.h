/*
 * scheduler - the beat: puts every bot that is due into Redis, once.
 *
 * Several may run; a lease in Postgres elects one leader, the others stand by and take over within
 * seconds. Each tick takes what is due from the schedule in memory, interleaves it by tenant, and
 * tops up the streams to a few seconds of work. Time is Postgres's, read at each lease renewal,
 * plus CLOCK_BOOTTIME since; no lease, no send.
 */
#ifndef SCHEDULER_SCHEDULER_H
#define SCHEDULER_SCHEDULER_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct postgres;
struct redis;

/* Runs until TERM or INT. -1 only for what never heals: configuration, an old schema. */
MUST_CHECK int scheduler_run(const struct config *config, struct err *err);

/*
 * `worker --drain`: takes the lead if nobody holds it (or waits up to wait_ms for it), enqueues
 * what is due now and returns. *ret_count: jobs pushed. If another scheduler leads, nothing is
 * pushed: it does the work, *ret_led is false.
 */
MUST_CHECK int scheduler_enqueue_due(const struct config *config, int64_t wait_ms, bool *ret_led,
	int64_t *ret_count, struct err *err);

#endif
