/*
 * single_flight - one read of a venue for all who want it, through Redis.
 *
 * A text stands in Redis with its age. Who finds none that is young enough takes a short lock and
 * reads the venue; the others wait for what it brings, its failure included, so that a thousand
 * runs that start together make one request, also when the venue is down. A reader that dies is
 * replaced when its lock ends. Without Redis (NULL, or gone) everybody reads for himself: the
 * rate limits still hold.
 */
#ifndef EXCHANGES_SINGLE_FLIGHT_H
#define EXCHANGES_SINGLE_FLIGHT_H

#include "core/base/clock.h"
#include "core/base/err.h"

#include <stdint.h>

struct redis;

/*
 * Reads the venue: a text of its own (malloc'd, taken over) and for how long it may be kept at
 * most, from now on.
 */
typedef int single_flight_fetch(
	void *context, char **ret_text, int64_t *ret_keep_ms, struct err *err);

struct single_flight {
	struct redis *redis; /* borrowed; NULL: none */
	const struct clock *clock;
	const char *name;   /* of the text, beginning with the hash slot "{bb}" */
	int64_t max_age_ms; /* an older one is read again */
	single_flight_fetch *fetch;
	void *context;
};

struct single_flight_text {
	char *text;      /* the caller frees */
	int64_t age_ms;  /* real time since the venue was asked */
	int64_t keep_ms; /* how long it may still be kept */
};

/* Errors are fetch's own, this process's or another's; ERR_TIMEOUT: nobody brought it in time. */
MUST_CHECK int single_flight_read(
	const struct single_flight *flight, struct single_flight_text *ret, struct err *err);

/* The next read asks the venue. */
void single_flight_drop(struct redis *redis, const char *name);

#endif
