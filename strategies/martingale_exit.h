/*
 * martingale_exit - what is sold, when, and at which price.
 *
 * Asked in every decision, before and whatever the entries: no filter, volatility or lock stands
 * in front of an exit.
 */
#ifndef STRATEGIES_MARTINGALE_EXIT_H
#define STRATEGIES_MARTINGALE_EXIT_H

#include "strategies/martingale_view.h"

enum martingale_exit_kind {
	MARTINGALE_EXIT_NONE,
	MARTINGALE_EXIT_MARKET, /* everything, at once */
	MARTINGALE_EXIT_PART,   /* part of it, by the margin that is tied up or missing */
	MARTINGALE_EXIT_PROFIT, /* the take-profit is reached and does not rest at the venue */
};

struct martingale_exit { /* what is sold now */
	enum martingale_exit_kind kind;
	int64_t lots;
	bool at_market;
	bool pause;         /* the bot waits for a person afterwards */
	const char *notice; /* what people are told; NULL: nothing */
};

#define MARTINGALE_RESTING_MAX 2

struct martingale_targets { /* what rests at the venue */
	size_t count;
	int64_t ticks[MARTINGALE_RESTING_MAX]; /* nearest first */
	int64_t lots[MARTINGALE_RESTING_MAX];
};

/* trigger_ticks: of martingale_stop_arm. */
struct martingale_exit martingale_exit_now(struct martingale_view *view, int64_t trigger_ticks);

/* The take-profits that rest beside an exit of sold_lots; none if they are judged in each run. */
struct martingale_targets martingale_exit_targets(struct martingale_view *view, int64_t sold_lots);

/* The price at which the position has earned profit (by tp_basis); 0: no price does. */
int64_t martingale_exit_price(struct martingale_view *view, int64_t profit);

bool martingale_exit_on_book(const struct martingale_params *params);

#endif
