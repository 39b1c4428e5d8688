/*
 * work - one run in progress: what its steps share.
 *
 * The steps of a run stand in their own files (resolve, booking, position, view, orders); this is
 * the hand-over between them. It lives on run_execute's stack; lists live in the run's arena.
 */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include "core/base/arena.h"
#include "core/store/claim.h"
#include "exchanges/exchange.h"
#include "worker/dossier.h"
#include "worker/run.h"

struct doc;

struct said {               /* what a run says of one pair when it closes */
	const char *action; /* NULL: nothing was decided; in the arena */
	const char *reason;
	uint64_t reasons_hash;
};

struct work {
	struct run_context *context;
	const struct job *job;
	struct claim claim;
	struct dossier dossier;
	struct exchange *exchange;
	const struct exchange_adapter *venue;
	struct arena *arena;
	int64_t claimed_mono_ms;  /* our clock when claim.now_ms was read */
	int64_t deadline_mono_ms; /* soft timeout: plan nothing new after it */
	int64_t follow_up_ms;     /* earliest asked for, Postgres's clock; 0: none */
	int64_t phase_ms[PHASE_COUNT];
	int64_t phase_since_ms;
	enum runner_phase phase;
	struct account *accounts; /* last reading per pair, in the arena */
	bool *account_read;
	int orders, trades;
	bool stop_run_done, stop_run_owed; /* owed: an entry came to light after the stop run */
	const char *pause_reason;       /* the bot is paused when the run closes; NULL: it is not */
	struct said *said;              /* per pair, in the arena */
	struct err unanswered;          /* the first question about an order that failed, if any */
	struct doc *summary, *snapshot; /* owned; snapshot NULL: nothing worth keeping */
};

/* Postgres's time now: the claim's reading plus CLOCK_BOOTTIME since. */
int64_t work_now_ms(const struct work *work);

/* Enters a phase: scoreboard, durations, and the check that the run may go on. */
void work_phase(struct work *work, enum runner_phase phase);

/*
 * May this run still act? -1 with ERR_FENCED when the keeper saw the lease lost, ERR_STOPPED when
 * the bot was stopped, ERR_TIMEOUT past the soft timeout.
 */
MUST_CHECK int work_may_go_on(const struct work *work, struct err *err);

/* Asks for another look at that time (Postgres's clock), the earliest wins. */
void work_follow_up(struct work *work, int64_t at_ms);

/*
 * The market's time when the venue's server clock stood at server_ms; server_ms itself where the
 * venue's clock is not known (a real venue's market runs on it).
 */
int64_t work_market_ms(const struct work *work, int64_t server_ms);

/* The market's time now. */
int64_t work_market_now_ms(const struct work *work);

/*
 * How long a stretch of market time takes in real time: divided by the venue's speed. A market that
 * stands is waited for as if it went on at the pace of ours.
 */
int64_t work_real_ms(const struct work *work, int64_t market_ms);

struct journal_run work_journal(const struct work *work);

#endif
