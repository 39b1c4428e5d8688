/*
 * inspect - what the Redis behind the queue is, and whether the queue's keys stand: for a doctor.
 *
 * Changes nothing. Asks by INFO only, which every access list allows that lets a worker work.
 */
#ifndef CORE_QUEUE_INSPECT_H
#define CORE_QUEUE_INSPECT_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct redis;

struct inspect_server {
	char version[24];
	int major, minor;
	char eviction[32];                      /* maxmemory_policy */
	int64_t memory_bytes, memory_max_bytes; /* max 0: no limit */
	bool is_replica;
	bool appends;      /* append-only file on */
	bool write_failed; /* its last write to disk failed */
	int64_t evicted;   /* keys thrown away since it started */
	int64_t clock_ms;  /* its wall clock */
};
MUST_CHECK int inspect_server(struct redis *redis, struct inspect_server *ret, struct err *err);

struct inspect_queue {
	bool has_generation;
	int streams;       /* of 4 job streams, those that have the runners' group */
	int64_t consumers; /* runners, those of dead hosts included */
};
MUST_CHECK int inspect_queue(struct redis *redis, struct inspect_queue *ret, struct err *err);

#endif
