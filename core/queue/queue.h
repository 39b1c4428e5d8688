/*
 * queue - a job in Redis: push, fetch, retry, hand back, dead letter.
 *
 * Redis holds only what can be rebuilt from Postgres. A job names a bot and a slot and carries
 * nothing else of either: no secret, no configuration. Delivery is at least once; whether a job
 * runs is decided by the claim in Postgres, so a job too many is harmless and a lost one costs an
 * interval. All keys share the hash slot {bb}; multi-key steps are Lua. docs/queue.md is the
 * exact contract of keys and payloads.
 *
 * A mark per bot ("queued or running", with its slot and an expiry) is the overlap guard; it heals
 * by expiry.
 *
 * Errors: ERR_QUEUE as redis.h says, a refusal that passes by itself (memory full, loading, failed
 * over) turned into ERR_RETRY_LATER; ERR_PROTOCOL where Redis holds what is not ours. Every call
 * may be repeated after a failure: what was done stays done and is not done twice. Streams, groups
 * and scripts that went away (a flush, a new server) are made again by whichever call misses them.
 * Not thread-safe; must not cross a fork, as its connection must not.
 */
#ifndef CORE_QUEUE_QUEUE_H
#define CORE_QUEUE_QUEUE_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis;
struct queue; /* over one borrowed redis connection; one per process */

enum priority { PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_LOW, PRIORITY_COUNT };

struct job {
	struct uuid bot;
	struct uuid tenant;
	int64_t scheduled_s; /* the slot, UTC second */
	enum priority priority;
	int64_t due_ms;      /* when it was due, Postgres time: for start delay */
	char message_id[32]; /* names stream and message once fetched; "" before; opaque */
};

struct queue_options {
	struct redis *redis;  /* borrowed */
	const char *consumer; /* "host-1234/runner 3"; copied; NULL for producers */
	int64_t mark_ttl_ms;  /* hard deadline + longest retry wait */
};

/* Does not connect. */
struct queue *queue_new(const struct queue_options *options);
void queue_free(struct queue **queue);

/*
 * Creates streams, groups and the generation key where missing (after a flush or a new server).
 * *ret_fresh is true if the generation key had to be made, or is another one than at the last call
 * on this queue: Redis had lost its content. One call is one round trip: a scheduler may ask in
 * every tick.
 */
MUST_CHECK int queue_prepare(struct queue *queue, bool *ret_fresh, struct err *err);

/*
 * Pushes jobs, in batches of one script call each; a bot whose live mark says queued or running is
 * left out, and so is the second job of one bot. ret_pushed[i] tells which went in (may be NULL).
 * fence: the scheduler's epoch; a lower one than the newest seen pushes nothing more and fails with
 * ERR_FENCED; count 0 makes it known, and nothing else. After another failure some jobs may be in;
 * a repeat leaves those out by their marks.
 */
MUST_CHECK int queue_push(struct queue *queue, const struct job *jobs, size_t count, int64_t fence,
	bool *ret_pushed, struct err *err);

/*
 * Acknowledges and deletes done (NULL: none; its mark is cleared), then fetches the next job, all
 * in one round trip; waits up to block_ms for one (0: not at all). Jobs that were handed back come
 * first, then streams by weight (8:4:1), one job at a time. *ret_got false on timeout.
 *
 * After a failure a job may be pending for us that we never saw; the next call hands it back. A
 * message that is no job goes to the dead stream, reason "malformed", and fails with ERR_PROTOCOL.
 */
MUST_CHECK int queue_next(struct queue *queue, const struct job *done, int64_t block_ms,
	struct job *ret, bool *ret_got, struct err *err);

/* Acknowledges and deletes, and clears the mark if it is of that slot. */
MUST_CHECK int queue_ack(struct queue *queue, const struct job *done, struct err *err);

/*
 * Removes the message and puts the job into the retry set, due after delay_ms; the mark stays, its
 * expiry begins anew. Nothing happens if the message is not pending any more (it was handed back).
 */
MUST_CHECK int queue_retry(
	struct queue *queue, const struct job *job, int64_t delay_ms, struct err *err);

/* Moves retries whose time has come back to their streams. */
MUST_CHECK int queue_promote(struct queue *queue, size_t limit, size_t *ret_count, struct err *err);

/*
 * Hands back whatever is pending for a consumer (a dead or drained runner): it is served before all
 * other jobs, slot, due time and priority as they were; the consumer is deleted when
 * delete_consumer. Twice or at the same time from two processes is as good as once. A new runner
 * under an old name must not fetch before the old one's jobs are handed back.
 */
MUST_CHECK int queue_hand_back(struct queue *queue, const char *consumer, bool delete_consumer,
	size_t *ret_count, struct err *err);

/*
 * Jobs pending longer than idle_ms for consumers of anybody (hosts that died): handed back, at most
 * limit. idle_ms lies above every hard deadline. Also forgets consumers of dead hosts, now and
 * then.
 */
MUST_CHECK int queue_reclaim(
	struct queue *queue, int64_t idle_ms, size_t limit, size_t *ret_count, struct err *err);

/*
 * Removes the message, clears the mark, and adds the job to the dead stream with a reason class.
 * The stream keeps about the newest 10,000; the row in Postgres is the record.
 */
MUST_CHECK int queue_dead(
	struct queue *queue, const struct job *job, const char *reason, struct err *err);

/* Clears a bot's mark (a bot that was stopped, an operator's action). */
MUST_CHECK int queue_unmark(struct queue *queue, const struct uuid *bot, struct err *err);

struct queue_depth {
	int64_t waiting[PRIORITY_COUNT]; /* not yet delivered; handed-back jobs count as high */
	int64_t pending;                 /* delivered, not acknowledged */
	int64_t retries;
	int64_t dead;
	int64_t oldest_ms; /* age of the oldest waiting job; 0: none */
};
MUST_CHECK int queue_depth(struct queue *queue, struct queue_depth *ret, struct err *err);

/* Wakes keepers and schedulers: a stop was committed, a bot changed. Loss is harmless. */
MUST_CHECK int queue_publish(struct queue *queue, const char *message, struct err *err);
#define QUEUE_CHANNEL "{bb}:control"

#endif
