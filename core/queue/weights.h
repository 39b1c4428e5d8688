/*
 * weights - which stream a runner tries first, inside core/queue only.
 *
 * Smooth weighted round robin, 8:4:1 for high, normal, low: of any 13 turns in a row each priority
 * gets its share, and the turns of one are spread out. Pure; every runner has its own state and
 * begins at a random turn, so that a thousand runners do not ask for the same stream at once.
 */
#ifndef CORE_QUEUE_WEIGHTS_H
#define CORE_QUEUE_WEIGHTS_H

#include "core/queue/queue.h"

#define WEIGHTS_TOTAL 13

struct weights {
	int credit[PRIORITY_COUNT];
};

/* Begins at turn phase % WEIGHTS_TOTAL. */
void weights_init(struct weights *weights, uint64_t phase);

/* The priorities in the order of trial: the one whose turn it is, then the others, high first. */
void weights_order(struct weights *weights, enum priority ret_order[PRIORITY_COUNT]);

#endif
