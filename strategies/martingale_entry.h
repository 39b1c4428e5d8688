/*
 * martingale_entry - may an entry be, is one due, and how large is it?
 *
 * Two sets of gates. What any entry needs, also one that rests already, is asked always; what makes
 * a new one due (a rung reached, a filter, an interval) only for new ones: an entry that rests
 * waits for its timeout.
 */
#ifndef STRATEGIES_MARTINGALE_ENTRY_H
#define STRATEGIES_MARTINGALE_ENTRY_H

#include "strategies/martingale_calm.h"
#include "strategies/martingale_size.h"

struct martingale_entry {
	bool allowed;         /* entries may be at all */
	bool wild;            /* volatility is high now */
	enum purpose purpose; /* OPEN or ADD, whichever it would be */
	int64_t lots;         /* of the one that is due; 0: none is */
};

/*
 * Asks the gates, renews locks and releases in the state. may_replace false: an entry rests and is
 * not to be replaced, so none is due. False: the numbers do not fit.
 */
bool martingale_entry_decide(
	struct martingale_view *view, bool may_replace, struct martingale_entry *ret);

#endif
