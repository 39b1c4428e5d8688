/*
 * backoff - decides whether a failed job runs again, and how long it waits.
 *
 * Every pause between a failure and the next try comes from here, so that "how hard do we
 * press a venue?" has one answer. The decision is pure: the caller brings the failure and the
 * randomness, and does the waiting. The ceiling doubles from base_ms to cap_ms; the delay is
 * drawn from all of 0..ceiling, because runs that failed together must not return together.
 */
#ifndef CORE_BASE_BACKOFF_H
#define CORE_BASE_BACKOFF_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	int64_t base_ms;    /* ceiling of the first delay; at least 1 */
	int64_t cap_ms;     /* ceiling of every delay; at least base_ms */
	unsigned tries_max; /* tries in all, the first one included */
};

/*
 * Returns true and sets *ret_delay_ms if a job that has now failed tries_done times (at least
 * once), lastly with failure, may run again. Returns false and leaves *ret_delay_ms alone if it
 * is out of tries or if a blind repeat would be wrong (ERR_RETRY_NEVER, ERR_RETRY_ASK). A
 * server's own retry_after_ms wins over a shorter delay of ours, even above cap_ms.
 */
bool backoff_next(const struct backoff *policy, const struct err *failure, unsigned tries_done,
	uint64_t random, int64_t *ret_delay_ms);

#endif
