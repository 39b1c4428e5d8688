/*
 * run - one run of one bot, from claim to close. design.md 7 is this file's specification.
 *
 * run_execute does everything that happens between fetching a job and acknowledging it, and never
 * touches the queue: it says what the queue should do. Everything it learns and does is in
 * Postgres when it returns; it may be killed at any instruction.
 */
#ifndef WORKER_RUN_H
#define WORKER_RUN_H

#include "core/base/arena.h"
#include "core/base/backoff.h"
#include "core/base/clock.h"
#include "core/queue/queue.h"
#include "worker/scoreboard.h"

struct postgres;
struct redis;
struct http;
struct vault;
struct config;
struct venues;

struct run_context { /* lives as long as the runner; everything borrowed */
	struct postgres *postgres;
	struct redis *redis; /* for the shared market cache and rate limits */
	struct http *http;
	struct vault *vault;
	struct venues *venues; /* open exchange handles by venue and environment */
	const struct config *config;
	const struct clock *clock;
	struct scoreboard_page *page;
	struct arena *arena; /* reset by run_execute */
	const char *holder;  /* consumer name, stands in lease and run row */
	int64_t lease_ms, soft_timeout_ms;
	struct backoff backoff;
	int max_attempts;
};

enum run_verdict {
	RUN_ACK,   /* done, refused, or dead (its dead letter is in Postgres): acknowledge */
	RUN_RETRY, /* run again after retry_ms */
	RUN_LEAVE, /* Postgres could not be told: leave the job pending, its lease ends by itself */
};

struct run_result {
	enum run_verdict verdict;
	int64_t retry_ms;
	bool dead;     /* also put it on the dead stream, with error_class */
	bool executed; /* it was claimed: counts as a run */
	bool succeeded;
	char error_class[16];
	int64_t start_delay_ms; /* due → claimed, by Postgres's clock */
	int64_t duration_ms;
	int orders, trades;
};

void run_execute(struct run_context *context, const struct job *job, struct run_result *ret);

#endif
