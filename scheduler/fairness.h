/*
 * fairness - the scheduler's own queue: due jobs, interleaved by tenant. Pure.
 *
 * The streams in Redis hold only a few seconds of work; what is due beyond that waits here, one
 * list a tenant, and is released round by round, so that 5,000 bots of one tenant never stand
 * before one bot of another. Each priority has its own rounds. A bot waits here once: a newer slot
 * replaces the older one in place.
 */
#ifndef SCHEDULER_FAIRNESS_H
#define SCHEDULER_FAIRNESS_H

#include "core/queue/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fairness;

/* A job and whose it is; entry is the caller's handle, unique per bot. */
struct fair_job {
	struct job job;
	uint32_t entry;
	uint32_t tenant; /* small integers given by the caller */
	bool follow_up;  /* asked for again until its run begins: being refused skips no slot */
};

struct fairness *fairness_new(void);
void fairness_free(struct fairness **fairness);

/* False: the bot was waiting already; its slot and due time are the new ones now. */
bool fairness_push(struct fairness *fairness, const struct fair_job *job);

/* Takes up to count jobs: high before normal before low by 8:4:1, tenants in turn. Returns how
 * many. */
size_t fairness_pop(struct fairness *fairness, struct fair_job *ret, size_t count);

/* Puts one at the head of its tenant, if its bot does not wait (the push to Redis failed). */
void fairness_return(struct fairness *fairness, const struct fair_job *job);

/* Forgets a bot (it was stopped). True: it waited. */
bool fairness_forget(struct fairness *fairness, uint32_t entry);

size_t fairness_count(const struct fairness *fairness);
void fairness_clear(struct fairness *fairness);

#endif
