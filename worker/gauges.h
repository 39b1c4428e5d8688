/*
 * gauges - the worker's figures of the moment, read from the scoreboard when they are scraped.
 *
 * Runs on the status server's thread: it reads shared memory only, so it tells the truth also
 * while every runner and the keeper itself are stuck.
 */
#ifndef WORKER_GAUGES_H
#define WORKER_GAUGES_H

#include "worker/scoreboard.h"

struct gauges_state { /* what the scoreboard does not say */
	bool ready;
	int64_t now_mono_ms;
};

void gauges_refresh(const struct scoreboard *scoreboard, const struct gauges_state *state);

#endif
