/*
 * worker - a host's pool: a supervisor, a keeper and N forked runners.
 *
 * The supervisor forks and watches; it talks to no database, venue or TLS, so it cannot hang with
 * them. The keeper renews leases, hands back dead runners' jobs, promotes retries, carries stops to
 * the scoreboard and serves /metrics, /health and /ready. A runner runs one job at a time.
 * TERM drains, a second TERM or QUIT stops hard, HUP reloads by replacing runners one by one.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "core/base/err.h"

#include <stdbool.h>

struct config;

struct worker_options {
	bool until_empty; /* --drain: leave when the queue is empty */
	/* HUP: the settings read again; the supervisor frees them. */
	int (*reload)(void *context, struct config **ret, struct err *err);
	void *context;
};

/*
 * Runs until told to leave. Must be called from a process without threads. 0: everybody left in
 * order. -1: a child said that it can never start, or forking failed.
 */
MUST_CHECK int worker_run(
	const struct worker_options *options, const struct config *config, struct err *err);

#endif
