/*
 * comparison - our books against the venue's, for one symbol of one account.
 *
 * Pure: both sides were read before. What a later run will book by itself is no difference: fills
 * of a row that is not final, forced fills that no run has had the chance to see. They are counted
 * as waiting, and positions are compared as if they were booked. So is a funding payment for as
 * long as runs still look for it (a venue's ledger may lag). Trades by somebody else's hand are
 * counted apart; where they moved a leg of ours the position says so.
 *
 * Two readings are never of one moment: who finds differences reads and compares again.
 */
#ifndef CLI_COMPARISON_H
#define CLI_COMPARISON_H

#include "core/store/ledger.h"
#include "exchanges/exchange.h"

enum difference_kind {
	DIFFERENCE_FILL_MISSING,    /* the venue has a fill of ours that is not booked */
	DIFFERENCE_TRADE_EXTRA,     /* a trade that the venue has no fill for */
	DIFFERENCE_TRADE_UNEQUAL,   /* quantity, price or fee */
	DIFFERENCE_FUNDING_MISSING, /* the venue has a payment of a leg of ours, not booked */
	DIFFERENCE_FUNDING_EXTRA,   /* booked, not the venue's */
	DIFFERENCE_FUNDING_UNEQUAL, /* the amount */
	DIFFERENCE_ORDER_NO_ROW,    /* open at the venue with an id of ours, without a row */
	DIFFERENCE_ORDER_FINAL,     /* open at the venue, final in the journal */
	DIFFERENCE_ORDER_GONE,      /* open in the journal, not known at the venue */
	DIFFERENCE_POSITION,        /* quantity or direction */
};

struct difference {
	enum difference_kind kind;
	struct uuid bot; /* "" if no bot of ours has to do with it */
	char id[CLIENT_ID_SIZE];
	char detail[160];
};

struct comparison {
	struct difference *items; /* in the arena */
	size_t count;
	size_t fills, payments, orders, positions; /* compared */
	size_t waiting; /* fills, payments and orders that a run will book or resolve */
	size_t foreign; /* fills of somebody else's orders, payments on somebody else's positions */
};

struct comparison_venue {             /* the venue's side */
	struct fill_list fills;       /* from ledger.from_ms on */
	struct funding_list payments; /* likewise */
	struct order_list open;
	struct order_list ended; /* comparison_unlisted's rows as far as the venue knows them */
	struct account account;
};

/*
 * Rows that are open in the journal and not among the venue's open orders: the caller asks for each
 * and puts those that are known into ended. In the arena.
 */
void comparison_unlisted(const struct ledger *ledger, const struct order_list *open,
	struct arena *arena, const struct ledger_row ***ret_rows, size_t *ret_count);

void comparison_make(const struct ledger *ledger, const struct comparison_venue *venue,
	struct arena *arena, struct comparison *ret);

const char *difference_kind_text(enum difference_kind kind); /* "fill not booked", … */

#endif
