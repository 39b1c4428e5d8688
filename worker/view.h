/*
 * view - what a pair's strategy is shown: market, account and rows as one decision input.
 */
#ifndef WORKER_VIEW_H
#define WORKER_VIEW_H

#include "decision/decision.h"
#include "worker/work.h"

/* The part that does not change between two decisions of a run. */
struct view {
	struct decision_case decision; /* strategy, params, state and the input */
	struct rules rules;
	struct ticker ticker;
	int64_t ticker_age_ms; /* when it was read */
	int64_t read_mono_ms;
};

/*
 * Reads rules, ticker and candles, and the pair's parameters and state. ERR_INVALID with
 * ERR_RETRY_NEVER: the configuration is wrong, the bot must be blocked with this reason.
 */
MUST_CHECK int view_read(struct work *work, size_t pair, struct view *ret, struct err *err);

/*
 * Fills the input from this account reading and the rows as they stand now. others: what the
 * account has at risk besides this leg, read under its lease; zeros for a decision without it,
 * which sees more room than there is and whose entries are therefore decided again under the lease.
 */
MUST_CHECK int view_fill(struct work *work, size_t pair, const struct account *account,
	const struct claim_exposure *others, struct view *view, struct err *err);

#endif
