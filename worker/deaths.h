/*
 * deaths - what is done about the run of a runner that died.
 *
 * The supervisor writes an obituary into shared memory; the keeper settles it: first the run's
 * lease ends (claim_end_killed counts the kill and says whether the run is dead), then its job goes
 * back. An obituary stands until both are done, so that neither an absent server nor the keeper's
 * own death loses one. Once the supervisor is gone, the keeper finds by itself who has died.
 */
#ifndef WORKER_DEATHS_H
#define WORKER_DEATHS_H

#include "core/base/err.h"

#include <stdbool.h>

struct deaths;
struct postgres;
struct queue;
struct reach;
struct worker_child;

struct deaths_options { /* all borrowed */
	const struct worker_child *child;
	struct postgres *postgres;
	struct queue *queue;
	struct reach *reach; /* who is away is not asked; what was asked is told */
	int max_kills;       /* a run that killed so many runners is dead */
};

struct deaths *deaths_new(const struct deaths_options *options);
void deaths_free(struct deaths **deaths);

/* Everything that can be done now. */
void deaths_settle(struct deaths *deaths);

/* Nobody has died whose run still waits. */
bool deaths_settled(const struct deaths *deaths);

/* Hands back what a consumer had fetched; also for those of other hosts. */
MUST_CHECK int deaths_hand_back(struct deaths *deaths, const char *consumer, struct err *err);

#endif
