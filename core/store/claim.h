/*
 * claim - a run's place in Postgres: taking a slot, keeping it, closing it.
 *
 * The claim is what makes delivery at least once harmless: whoever asks, a slot runs once at a
 * time and ends once. Every claim raises the bot's fencing token; every later write of the run
 * requires it (ERR_FENCED otherwise: nothing was written, end the run).
 * The SQL stands in schema/migrations/0003_run_protocol.sql.
 */
#ifndef CORE_STORE_CLAIM_H
#define CORE_STORE_CLAIM_H

#include "core/base/decimal.h"
#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct postgres;

enum claim_outcome {
	CLAIM_TAKEN,
	CLAIM_GONE,     /* no such bot */
	CLAIM_FUTURE,   /* more than 2 s ahead of Postgres's clock */
	CLAIM_OLDER,    /* older than the bot's newest slot */
	CLAIM_BUSY,     /* another run of the bot holds a live lease */
	CLAIM_ENDED,    /* the slot's run row is closed */
	CLAIM_EARLY,    /* its retry is due at until_ms */
	CLAIM_UNWANTED, /* a stopped or blocked bot with nothing left to do */
};

struct claim {
	enum claim_outcome outcome;
	int64_t now_ms;   /* Postgres's clock */
	int64_t until_ms; /* TAKEN: end of the lease; EARLY: when to try again */
	char reason[64];  /* UNWANTED: why */
	/* TAKEN only */
	int64_t token;
	int attempt;
	char kind[8]; /* "slot", "stop", "watch" */
	bool exits_only;
	char *document; /* JSON, see run_document; owned, claim_done frees */
};

MUST_CHECK int claim_take(struct postgres *postgres, const struct uuid *bot, int64_t scheduled_s,
	const char *holder, int64_t lease_ms, struct claim *ret, struct err *err);
void claim_done(struct claim *claim);

enum claim_end {
	CLAIM_SUCCESS,
	CLAIM_ERROR,
	CLAIM_SKIPPED,
	CLAIM_RETRY,
	CLAIM_POSTPONE,
	CLAIM_DEAD
};

struct claim_close {
	const struct uuid *bot;
	int64_t scheduled_s;
	int64_t token;
	enum claim_end end;   /* POSTPONE: a retry that does not count an attempt */
	int64_t retry_ms;     /* RETRY, POSTPONE: from now */
	const char *document; /* JSON for close_run's p, "{}" at least */
};
MUST_CHECK int claim_close_run(
	struct postgres *postgres, const struct claim_close *close, struct err *err);

/* Leases of a host's running runs; ret_held[i] tells whether run i still holds its own,
 * ret_stopped[i] whether its bot has been stopped meanwhile. */
struct claim_held {
	struct uuid bot;
	int64_t token;
};
MUST_CHECK int claim_renew(struct postgres *postgres, const struct claim_held *runs, size_t count,
	int64_t lease_ms, bool *ret_held, bool *ret_stopped, struct err *err);

/*
 * The token under which holder runs the bot; 0 if it does not. For a runner that died between its
 * claim's commit and the reply: waits for a claim that is just being committed.
 */
MUST_CHECK int claim_token_of(struct postgres *postgres, const struct uuid *bot, const char *holder,
	int64_t *ret_token, struct err *err);

struct claim_killed {
	struct uuid bot;
	int64_t token;
	int64_t retry_ms;
	int max_kills;
	int signal; /* 0: it exited */
	int64_t memory_kb;
	const char *message, *phase;
	bool handed_back; /* the pool left before it ended: neither kill nor attempt is counted */
};
enum claim_fate { CLAIM_FATE_RETRY, CLAIM_FATE_DEAD, CLAIM_FATE_FENCED };
/* A runner died with this run: ends its lease at once. */
MUST_CHECK int claim_end_killed(struct postgres *postgres, const struct claim_killed *killed,
	enum claim_fate *ret, struct err *err);

/*
 * Holders whose lease ended with a run in their hands: hosts that died. Their jobs are handed back
 * by whoever sees this first. Names in the arena, at most limit.
 */
struct claim_holders {
	const char **names;
	size_t count;
};
MUST_CHECK int claim_expired(struct postgres *postgres, size_t limit, struct arena *arena,
	struct claim_holders *ret, struct err *err);

/* The account's lease, for runs with entries; *ret_taken false: somebody else has it. */
struct claim_account {
	const char *exchange, *environment, *account_id;
};
MUST_CHECK int claim_take_account(struct postgres *postgres, const struct claim_account *account,
	const struct uuid *bot, int64_t token, int64_t lease_ms, bool *ret_taken, struct err *err);

/*
 * What caps count of the account besides that pair's own leg: positions of all bots at cost, and
 * all entry rows that are not final. Means what it says only under the account's lease.
 */
struct claim_exposure {
	struct decimal notional, margin;
};
MUST_CHECK int claim_account_exposure(struct postgres *postgres,
	const struct claim_account *account, const struct uuid *pair, struct claim_exposure *ret,
	struct err *err);

#endif
