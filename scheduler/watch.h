/*
 * watch - what the leader tells of the queue, Redis and Postgres in its metrics.
 *
 * A thread of its own with connections of its own, so that counting never holds up a tick or a
 * renewal. It looks every WATCH_MS while its scheduler leads; while it does not, or a server does
 * not answer, the figures are not exported: what is not known is not zero.
 */
#ifndef SCHEDULER_WATCH_H
#define SCHEDULER_WATCH_H

#include "core/base/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct config;
struct watch;

#define WATCH_MS 15000

struct watch_options {
	const struct config *config;               /* borrowed */
	const _Atomic int64_t *lead_until_mono_ms; /* borrowed; 0: does not lead */
};

/* Connects when it looks first. */
MUST_CHECK int watch_start(
	const struct watch_options *options, struct watch **ret, struct err *err);
void watch_stop(struct watch **watch);

#endif
