/*
 * martingale_state - what our own rule remembers between two decisions.
 *
 * Losing it is survivable: what fills can tell is taken from the fills. Lost would be only how long
 * the market has been calm, a day's lock, how often an entry missed, and that a person has seen the
 * last stop: the bot then pauses once more.
 */
#ifndef STRATEGIES_MARTINGALE_STATE_H
#define STRATEGIES_MARTINGALE_STATE_H

#include "strategies/strategy.h"

struct martingale_state {
	int64_t cycle;
	int64_t adds_filled;         /* of that cycle; never decreases within it */
	int64_t wild_ms;             /* when volatility was last high; 0: never */
	int64_t danger_ms;           /* when the decline was last fast or a crash; 0: never */
	int64_t day_locked_until_ms; /* after the daily loss limit */
	int64_t stopped;             /* 1: after a stop, until a person starts the bot */
	int64_t stop_seen_ms;        /* the end of the cycle whose stop a person has seen */
	int64_t resumed;             /* 1: a person has started the bot since the last decision */
	/* The stop as it was armed: it moves when one of the first four changes. */
	int64_t stop_lots, stop_average_e8, stop_balance_e8, stop_basis_ticks;
	int64_t stop_ticks;       /* 0: none armed */
	int64_t exit_since_ms;    /* since when a limit exit off the book is tried; 0: none is */
	int64_t entry_planned_ms; /* the last entry that was planned; 0: none */
	int64_t entry_misses;     /* how many of them in a row ended unfilled */
};

extern const struct strategy_field martingale_state_table[];

#endif
