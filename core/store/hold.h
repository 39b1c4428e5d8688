/*
 * hold - an operator's hold on a bot: lease and token, as a run has them, for a start or an
 * adoption.
 *
 * While it lasts no run of the bot is claimed, and one that was under way is overtaken. Every write
 * below requires the token (ERR_FENCED: nothing was written, the hold is gone). The rows that it
 * makes lie in the operator's name space, at the hold's second.
 * The SQL stands in schema/migrations/0007_operator.sql.
 */
#ifndef CORE_STORE_HOLD_H
#define CORE_STORE_HOLD_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;

enum hold_outcome { HOLD_TAKEN, HOLD_GONE, HOLD_BUSY };

struct hold {
	enum hold_outcome outcome;
	struct uuid bot;
	int64_t token;
	int64_t slot_s;         /* of the rows' keys */
	int32_t next_sequence;  /* likewise */
	int64_t lease_until_ms; /* BUSY: of whoever has it; Postgres's clock */
	int64_t now_ms;         /* Postgres's clock */
	char *document;         /* TAKEN: as a claim's (run_document); owned, hold_done frees */
};

MUST_CHECK int hold_take(struct postgres *postgres, const struct uuid *bot, const char *holder,
	int64_t lease_ms, struct hold *ret, struct err *err);
void hold_done(struct hold *hold);

/* Gives the bot back; nothing happens if it is not ours any more. */
MUST_CHECK int hold_release(struct postgres *postgres, const struct hold *hold, struct err *err);

/* Stops above the bot that are in force, as "system: reason; …"; "" if there are none. */
#define HOLD_GATES_SIZE 160
MUST_CHECK int hold_gates(struct postgres *postgres, const struct uuid *bot,
	char ret[HOLD_GATES_SIZE], struct err *err);

enum hold_claim { HOLD_CLAIMED, HOLD_CLAIM_TAKEN, HOLD_CLAIM_MOVED };

struct hold_conflict {
	char symbol[32];
	char bot[401]; /* "" if it is another tenant's: its name is not ours to tell */
};

/*
 * Claims legs (JSON array of {pair, symbol, leg}) of an account. TAKEN: another bot has one, see
 * *ret_conflict. MOVED: the bot still holds legs of another account.
 */
MUST_CHECK int hold_claim_legs(struct postgres *postgres, const struct hold *hold,
	const char *account_id, const char *legs, enum hold_claim *ret,
	struct hold_conflict *ret_conflict, struct err *err);

/* How many other bots hold a leg of the account (symbol NULL: of any symbol). */
MUST_CHECK int hold_claimed_by_others(struct postgres *postgres, const struct hold *hold,
	const char *account_id, const char *symbol, int64_t *ret, struct err *err);

/* T1 of a setting; row: {sequence, client_order_id, exchange, environment, account_id, symbol, leg,
 * what}. T2 and T3 are the journal's. */
MUST_CHECK int hold_plan_setting(struct postgres *postgres, const struct hold *hold,
	const struct uuid *pair, const char *row, struct err *err);

struct hold_adoption { /* texts borrowed */
	const struct uuid *pair;
	const char *actor, *reason;
	const char *results; /* as journal_book, with a member `row` */
};
MUST_CHECK int hold_adopt(struct postgres *postgres, const struct hold *hold,
	const struct hold_adoption *adoption, struct err *err);

struct hold_start { /* texts borrowed */
	const char *actor;
	const char *detail; /* JSON object for the audit log */
	const char *stamps; /* JSON array of {pair, fills_from_ms, funding_from_ms} */
};

/* The bot runs from now on; the hold is over. ERR_STOPPED: a stop came meanwhile, and wins. */
MUST_CHECK int hold_start_bot(struct postgres *postgres, const struct hold *hold,
	const struct hold_start *start, struct err *err);

#endif
