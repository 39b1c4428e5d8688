/*
 * grid - the broker in its own whole numbers, for callers that replay prices by the million.
 *
 * grid_price is broker_price without the reading of decimals. grid_quiet says how far the price of
 * a symbol may move before anything happens: a replay may leave out every price that stays inside,
 * which is most of them, and the ledger is the same to the last digit. grid_leg gives the few
 * numbers from which equity follows at any price. Prices are ticks, quantities lots, money 1e-8.
 */
#ifndef BROKER_GRID_H
#define BROKER_GRID_H

#include "broker/broker.h"

struct grid_price { /* as struct broker_price; all prices at least one tick (asserted) */
	int64_t time_ms;
	int64_t last, mark, bid, ask;
	int64_t period_ms;
	int64_t volume; /* lots of the whole period */
};

void grid_price(struct broker *broker, int symbol, const struct grid_price *price);

/* While last and mark stay from low to high, both included. */
struct grid_quiet {
	int64_t last_low, last_high;
	int64_t mark_low, mark_high;
};

/*
 * False: something is queued, so that the next price or step matters whatever it is. It holds until
 * anything is asked, filled, paid or transferred; in cross margin also until another symbol moves.
 */
bool grid_quiet(const struct broker *broker, int symbol, struct grid_quiet *ret);

struct grid_leg {
	int64_t lots;              /* short < 0 */
	int64_t cost_e8;           /* entry value, >= 0 */
	int64_t unit_e8;           /* one tick times one lot */
	int64_t wallet_e8;         /* of the account */
	int64_t margin_e8;         /* allotted; 0 in cross margin: value / leverage then */
	int64_t leverage_cents;    /* 1000: 10x */
	int64_t liquidation_ticks; /* mark at which it is liquidated; 0: none */
};

/* unrealised at a price = lots * ticks * unit - cost if long, + cost if short. */
struct grid_leg grid_leg(const struct broker *broker, int account, int symbol, enum leg leg);

#endif
