/*
 * book - our own account of one leg: quantity, average cost and PnL from booked fills.
 *
 * The pure reducer behind trades: each fill in, one trade out. Average cost: an increase moves the
 * average (held as cost, so nothing is rounded until a division is shown), a reduction realises
 * (price - average) * quantity for a long and leaves the average alone. A cycle begins with the
 * first fill of a flat leg and ends when the leg is flat again. A fill larger than the leg in
 * one-way mode closes the leg and opens the other direction: book_apply gives two trades.
 *
 * A leg of hedge mode has no other direction. A fill that reduces it by more than we hold (a
 * liquidation that took a hand-made part with it) is booked whole, earns PnL on our part only and
 * leaves the leg flat; that the venue disagrees is drift, which others look for.
 *
 * Times are those of the fills, in whatever clock the caller gives them: for strategies, the
 * market's. A fee is kept as it was paid; what it was worth in the settle coin is the caller's
 * word. One that nobody can price leaves the cycle without a net result.
 */
#ifndef CORE_MARKET_BOOK_H
#define CORE_MARKET_BOOK_H

#include "core/market/market.h"

#define BOOK_SCALE 18 /* places of a shown average */

struct book {           /* persisted as decimals; zero-initialised is flat */
	enum side held; /* meaningless when quantity is 0 */
	struct decimal quantity;
	struct decimal cost;          /* sum of price * quantity of what is held */
	int64_t cycle;                /* number of the running or last cycle, from 1 */
	struct decimal cycle_pnl;     /* sum of trades.pnl of this cycle so far */
	struct decimal cycle_fees;    /* what fees were worth in the settle coin, paid > 0 */
	struct decimal cycle_funding; /* received > 0 */
	bool cycle_unpriced;          /* a fee of this cycle has no worth: nor has its net */
	int64_t cycle_started_ms;
	int64_t last_entry_ms;     /* the cycle's last fill that opened or added */
	int64_t cycle_ended_ms;    /* when the last cycle that ended did; 0: none has */
	struct decimal base_price; /* of the cycle's first fill */
	struct decimal
		last_add_price; /* of its last fill that added; the base until there is one */
	int64_t adds;           /* filled entry orders after the first, this cycle */
	/* The entry order that filled last: all fills of one order are one entry. */
	char entry_order_id[VENUE_ORDER_ID_SIZE];
};

enum trade_action { TRADE_OPENED, TRADE_ADDED, TRADE_REDUCED, TRADE_CLOSED };

struct trade_effect {
	enum trade_action action;
	struct decimal quantity; /* of this trade, absolute */
	struct decimal pnl;      /* gross by average cost; 0 for entries */
	struct decimal average;  /* of the leg before, for reductions; after, for entries */
	struct decimal fee;      /* this trade's share of the fill's fee, in the fee's own coin */
	bool fee_priced;
	struct decimal fee_value; /* the same in the settle coin, if it is priced */
	int64_t cycle;
	bool cycle_ended;
	bool net_known;           /* only when cycle_ended: every fee of it is priced */
	struct decimal cycle_net; /* then: pnl - fees + funding */
};

/* The average entry price, rounded half up to BOOK_SCALE places; 0 when flat. */
struct decimal book_average(const struct book *book);

/*
 * Applies one fill. Returns the number of effects (1 or 2) or -1 with ERR_OVERFLOW, or ERR_INVALID
 * for a quantity or price that is not above zero; *book is changed on success only.
 * fee_value: what the fill's fee is worth in the settle coin; NULL: there is no price for it.
 */
int book_apply(struct book *book, const struct fill *fill, const struct decimal *fee_value,
	struct trade_effect ret_effects[2], struct err *err);

/*
 * Adds a funding payment (received > 0) to the running cycle; ignored when none runs: it belongs to
 * one that has ended, whose net the caller keeps.
 */
void book_funding(struct book *book, struct decimal amount);

/*
 * Adoption: makes quantity and average equal the venue's, pnl 0. *ret_difference is the venue's
 * quantity minus ours (signed, in the venue's direction). Starts a cycle if none runs.
 */
MUST_CHECK int book_adopt(struct book *book, enum side held, struct decimal quantity,
	struct decimal average, int64_t now_ms, struct decimal *ret_difference, struct err *err);

const char *trade_action_text(enum trade_action action); /* "OPENED", … */

#endif
