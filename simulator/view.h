/*
 * view - what the exchange can tell, whatever the dialect: orders, fills, the last day.
 *
 * Reads only. Lists are copies or borrowed pointers that hold while the lock does; the caller
 * frees the array itself with view_…_done.
 */
#ifndef SIMULATOR_VIEW_H
#define SIMULATOR_VIEW_H

#include "simulator/venue.h"

/* The last 24 hours of market time, in whole hours and the one that runs. */
struct view_day {
	struct decimal open, high, low, last;
	struct decimal volume, turnover; /* base coin, USDT */
};
struct view_day view_day(const struct venue *venue, size_t symbol);

/* base × close of a candle, in USDT. */
struct decimal view_turnover(const struct candle *candle);

/* In the order of time: the first limit of them from from_ms, or the last where from_ms is 0. */
struct view_span {
	enum market_interval interval;
	int64_t from_ms, to_ms;
	size_t limit;
};
struct candle *view_candles(
	const struct venue *venue, size_t symbol, const struct view_span *span, size_t *ret_count);

/* What the broker trades at: the replay's price unless a hand set it. */
struct broker_price view_price(const struct venue *venue, size_t symbol);

/* --- orders --------------------------------------------------------------------------------- */

struct view_orders {
	struct broker_order *items;
	size_t count;
};

/* Working and waiting orders, oldest first. symbol -1: all. */
struct view_orders view_open(const struct venue *venue, size_t account, int symbol);
/* Final ones that ended from from_ms to to_ms, newest first, at most most. */
struct view_orders view_finished(const struct venue *venue, size_t account, int symbol,
	int64_t from_ms, int64_t to_ms, size_t most);
void view_orders_done(struct view_orders *orders);

/* A stop, whether it waits, has fired or is gone. */
bool view_conditional(const struct broker_order *order);
/* Average price of its fills, 0 without one. */
struct decimal view_average(const struct broker_order *order);
/* What may still fill: 0 once it is final. */
struct decimal view_left(const struct order *order);

/* By the number of its id; false if there is none of this account. */
bool view_numbered(
	const struct venue *venue, size_t account, uint64_t number, struct broker_order *ret);

/* --- what moved money ----------------------------------------------------------------------- */

enum { VIEW_FILLS = 1, VIEW_FUNDING = 2, VIEW_TRANSFERS = 4 };

struct view_wanted {
	unsigned kinds;
	int symbol; /* -1: all */
	int64_t from_ms, to_ms;
	uint64_t after; /* only of a later sequence */
	size_t most;
	bool oldest_first; /* also decides which are left out */
};

struct view_entries {
	const struct records_entry **items; /* borrowed */
	size_t count;
};
struct view_entries view_entries(
	const struct venue *venue, size_t account, const struct view_wanted *wanted);
void view_entries_done(struct view_entries *entries);

const char *view_symbol_of(const struct records_entry *entry); /* "" of a transfer */
/* The rate that a fill's fee was taken at: 0 for forced ones. */
struct decimal view_fee_rate(const struct venue *venue, const struct fill *fill);
/* True if the leg of a funding payment is, or was, a short one. */
bool view_funding_short(const struct records_entry *entry);

/* The payments that were due, by the server's clock; oldest first, of the newest limit. */
struct view_rates {
	struct venue_rate *items;
	size_t count;
};
struct view_rates view_funding_rates(
	const struct venue *venue, size_t symbol, int64_t from_ms, int64_t to_ms, size_t limit);
void view_rates_done(struct view_rates *rates);

#endif
