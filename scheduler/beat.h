/*
 * beat - the leader's work: what is due goes into the streams, interleaved and bounded.
 *
 * A beat holds the schedule and the own queue of a scheduler that leads. It makes no decision about
 * leadership: the caller brings the epoch and Postgres's time, and calls beat_tick only while its
 * lease holds.
 */
#ifndef SCHEDULER_BEAT_H
#define SCHEDULER_BEAT_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stdint.h>

struct beat;
struct config;
struct postgres;
struct queue;

struct beat_options {
	struct postgres *postgres; /* borrowed */
	struct queue *queue;       /* borrowed */
	int64_t stream_window_s;   /* seconds of work that may stand in the streams */
	int64_t reload_ms;         /* between two full reloads */
	bool at_once;              /* what an outage left behind is not paced (scheduler/owed.h) */
};

struct beat *beat_new(const struct beat_options *options);
void beat_free(struct beat **beat);

/* On taking the lead: everything is read anew, and the current slot of each bot is caught up. */
MUST_CHECK int beat_take_over(struct beat *beat, int64_t now_ms, struct err *err);

/* One tick under an epoch. *ret_pushed: jobs that went into the streams. ERR_FENCED: a newer
 * leader. */
MUST_CHECK int beat_tick(
	struct beat *beat, int64_t epoch, int64_t now_ms, int64_t *ret_pushed, struct err *err);

/* A bot's configuration changed: read it again at the next tick. */
void beat_changed(struct beat *beat, const struct uuid *bot);

/* How long the caller may wait before the next tick, at most most_ms. */
int64_t beat_wait_ms(const struct beat *beat, int64_t now_ms, int64_t most_ms);

/* Jobs that wait in the own queue, and bots in the schedule. */
int64_t beat_waiting(const struct beat *beat);
int64_t beat_entries(const struct beat *beat);

#endif
