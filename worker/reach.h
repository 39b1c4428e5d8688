/*
 * reach - which of Postgres and Redis answers the keeper, said once each time it changes.
 *
 * What is away costs a round one timeout and not more, so that leases are still renewed: while
 * Postgres is away only renewing tries it, while Redis is away only promoting does. Every caller of
 * either tells here how it went, and looks here before it asks.
 */
#ifndef WORKER_REACH_H
#define WORKER_REACH_H

#include "core/base/err.h"

#include <stdbool.h>

struct reach { /* begin with {0} */
	bool database_down, queue_down;
	/* It failed since whoever looks after it cleared this: a deadline or a channel is stale. */
	bool database_failed, queue_failed;
};

/* result: 0, or -1 with what failed. */
void reach_database(struct reach *reach, int result, const struct err *failure);
void reach_queue(struct reach *reach, int result, const struct err *failure);

#endif
