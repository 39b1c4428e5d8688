/*
 * seat - the bot on its account: shows it its leg, asks it, and carries out what it says.
 *
 * The part of a run that worker/ does on a venue, done on the broker: the book is kept from fills
 * by the same reducer (core/market/book.h), the input is made by the same function
 * (strategies/input.h), intents are sent in the same order: cancels, protection, exits, entries.
 * What takes time on a venue takes none here, and nothing is ever unknown.
 */
#ifndef BACKTEST_SEAT_H
#define BACKTEST_SEAT_H

#include "backtest/backtest.h"
#include "backtest/frames.h"

struct seat;

/* ERR_INVALID: terms, balance or leverage that the broker refuses. The caller frees. */
MUST_CHECK int seat_new(const struct backtest_options *options, struct seat **ret, struct err *err);
void seat_free(struct seat **seat);

/* A price of the walk, volume in lots of the whole minute; then the account is as after it. */
void seat_price(struct seat *seat, int64_t at_ms, int64_t ticks, int64_t minute_ms, int64_t volume);

void seat_fund(struct seat *seat, int64_t at_ms, struct decimal rate);

/*
 * A slot: decides on series (as strategy->wants orders them) at the price that stands. Returns when
 * the strategy wants to look again, 0 if the next slot will do. -1: the input cannot be shown.
 */
MUST_CHECK int seat_decide(struct seat *seat, int64_t now_ms, const struct series *series,
	size_t series_count, int64_t *ret_follow_up_ms, struct err *err);

/* What has happened so far: counts up with every event on the account. */
uint64_t seat_events(const struct seat *seat);

/* How far the price may go before anything happens to the account. */
bool seat_quiet(const struct seat *seat, int64_t *ret_low, int64_t *ret_high);

struct grid_leg seat_leg(const struct seat *seat);

/* A funding payment would be made or received now. */
bool seat_holds(const struct seat *seat);

int64_t seat_liquidated_ms(const struct seat *seat); /* 0: was not */

/* Fills in counts, cycles and what was booked; gauge, times and what is open are the caller's. */
void seat_result(const struct seat *seat, struct backtest_result *ret);

#endif
