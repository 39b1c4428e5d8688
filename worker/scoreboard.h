/*
 * scoreboard - what every runner is doing, in shared memory.
 *
 * One page per runner slot, made before forking. A runner writes its own page only; supervisor and
 * keeper read all of them and write only the words named as theirs. Nothing here must be true after
 * a crash: it says which run is overdue and which lease to end, Postgres decides the rest.
 * Multi-word fields (the run) are guarded by a sequence count: odd while being written. The
 * keeper's page is the last.
 *
 * Any child could write anywhere here: whom to kill the supervisor knows by itself.
 */
#ifndef WORKER_SCOREBOARD_H
#define WORKER_SCOREBOARD_H

#include "core/base/ident.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum runner_phase { /* where in a run; stands in obituaries, dead letters and phases_ms */
	PHASE_IDLE,
	PHASE_CLAIM,
	PHASE_RESOLVE,
	PHASE_CREDENTIAL,
	PHASE_MARKET,
	PHASE_DECIDE,
	PHASE_PLAN,
	PHASE_SEND,
	PHASE_BOOK,
	PHASE_CLOSE,
	PHASE_COUNT
};

struct scoreboard_run { /* the run a page shows; all zero when idle */
	struct uuid bot;
	struct uuid tenant;
	int64_t scheduled_s;
	int64_t token; /* 0 until claimed */
	int64_t started_mono_ms;
};

struct scoreboard_page {
	/* written by the runner */
	_Atomic uint32_t sequence;
	struct scoreboard_run run;
	_Atomic int phase;
	_Atomic bool ready;  /* it lives: it waits for jobs, or for Postgres or Redis */
	_Atomic bool served; /* it has asked the queue for work */
	_Atomic int64_t heartbeat_mono_ms; /* its last look for work, or phase of a run */
	_Atomic int64_t runs;              /* finished since fork */
	_Atomic int64_t resident_kb;
	_Atomic int64_t proportional_kb; /* PSS at the last look */
	_Atomic int pid;                 /* for a keeper that was left alone */
	/* written by the supervisor */
	_Atomic uint32_t
		generation; /* how often this slot was forked: part of the consumer's name */
	_Atomic bool drain; /* finish the current run, take no more, exit 0 */
	/* written by the keeper */
	_Atomic int64_t lost_token; /* end this run: another holds it, or renewal failed too long */
	_Atomic int64_t stopped_token; /* this run's bot was stopped: send nothing more */
} __attribute__((aligned(256)));

struct scoreboard_obituary { /* from supervisor to keeper: a runner that ended */
	_Atomic bool full;
	struct scoreboard_run run; /* what it was running; all zero: nothing */
	unsigned slot;
	uint32_t generation;
	int signal;
	int exit_code;
	int64_t memory_kb;
	int phase;
	bool timed_out; /* killed by the supervisor past its hard timeout */
	bool stopped;   /* killed by the supervisor because the pool leaves: not the run's fault */
};
#define SCOREBOARD_OBITUARIES 256

struct scoreboard {
	unsigned slots;
	_Atomic int64_t keeper_heartbeat_mono_ms;
	_Atomic int64_t last_poll_mono_ms; /* a runner fetched or polled successfully */
	_Atomic bool draining;
	_Atomic int64_t
		debug_until_mono_ms; /* written by the supervisor: all processes' log level */
	struct scoreboard_obituary obituaries[SCOREBOARD_OBITUARIES];
	struct scoreboard_page pages[];
};

/* Shared anonymous memory; ends the process if it cannot be mapped. */
struct scoreboard *scoreboard_new(unsigned slots);

/* Before a slot is forked again: a page as new, counters kept. */
void scoreboard_reset(struct scoreboard_page *page);

/* The runner's side. */
void scoreboard_begin(struct scoreboard_page *page, const struct scoreboard_run *run);
void scoreboard_token(struct scoreboard_page *page, int64_t token);
void scoreboard_phase(struct scoreboard_page *page, enum runner_phase phase);
void scoreboard_end(struct scoreboard_page *page);

/*
 * A consistent copy. False if the page shows no run, or if its runner has stood still in the middle
 * of writing it: look again later.
 */
bool scoreboard_read(const struct scoreboard_page *page, struct scoreboard_run *ret);

/* What a runner that has ended left on its page, whole or not; false if that is no run. */
bool scoreboard_read_last(const struct scoreboard_page *page, struct scoreboard_run *ret);

/* Supervisor → keeper. False if all places are taken (the lease then ends by itself). */
bool scoreboard_bury(struct scoreboard *scoreboard, const struct scoreboard_obituary *obituary);
/*
 * Keeper: what stands in a place (0 to SCOREBOARD_OBITUARIES - 1); false if nothing does. It stands
 * there until it is settled, so that the next keeper finds what this one could not finish.
 */
bool scoreboard_obituary(
	const struct scoreboard *scoreboard, unsigned place, struct scoreboard_obituary *ret);
void scoreboard_settled(struct scoreboard *scoreboard, unsigned place);

#define CONSUMER_SIZE 128

/* "host-1234/3.7": host and supervisor, slot, generation. The holder in leases and run rows too. */
void scoreboard_consumer(
	const char *host, unsigned slot, uint32_t generation, char ret[CONSUMER_SIZE]);

const char *runner_phase_text(enum runner_phase phase); /* "claim", "resolve", … */

#endif
