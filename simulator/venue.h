/*
 * venue - the state behind the simulated exchange's API, and its passing of time.
 *
 * One lock guards everything here except accounts, instruments and clock, which never change
 * after venue_new. Who holds the lock calls venue_advance before looking at anything: it brings
 * the market and the orders up to the present, so that what a request sees does not depend on
 * when the background thread last ran. For the files of this room only.
 */
#ifndef SIMULATOR_VENUE_H
#define SIMULATOR_VENUE_H

#include "simulator/faults.h"
#include "simulator/ledger.h"
#include "simulator/limits.h"
#include "simulator/market.h"
#include "simulator/records.h"
#include "simulator/simulator.h"

#include <pthread.h>

#define VENUE_ENDPOINTS_MAX 64

struct venue {
	const struct clock *clock;
	struct accounts *accounts;      /* the index is the broker's account handle */
	struct instrument *instruments; /* the index is the broker's and the market's symbol */
	size_t instrument_count;
	struct candles *candles[MARKET_SYMBOLS_MAX];
	int64_t match_delay_min_ms, match_delay_max_ms;
	int64_t latency_ms;
	bool account_limits;
	bool admin; /* /sim/ is served */

	pthread_mutex_t lock;
	pthread_cond_t wake; /* something is due earlier than was known */
	struct market *market;
	struct broker *broker;
	struct records *records; /* one per account */
	struct ledger *ledger;
	struct limits *limits;
	struct faults *faults;
	int64_t server_ms; /* of the last venue_advance; never goes back */
	uint64_t dice;
	int64_t requests[VENUE_ENDPOINTS_MAX]; /* arrivals per endpoint, whatever became of them */
};

MUST_CHECK int venue_new(
	const struct simulator_options *options, struct venue **ret, struct err *err);
void venue_free(struct venue **venue);

/* The server's clock now; needs no lock, may be a moment behind venue->server_ms. */
int64_t venue_clock_ms(const struct venue *venue);

/* Lets everything happen that is due by now, and sets server_ms. */
void venue_advance(struct venue *venue);

/* How long until something is due by itself; at most limit_ms, at least 1. */
int64_t venue_idle_ms(const struct venue *venue, int64_t limit_ms);

/* When a request accepted now takes effect; wakes the background thread for it. */
int64_t venue_effect_ms(struct venue *venue);

int64_t venue_market_ms(const struct venue *venue);

/* A price point by hand; it stands until the next step of the replay. */
MUST_CHECK int venue_set_price(struct venue *venue, size_t symbol, struct decimal last,
	struct decimal mark, struct err *err);

/* The handle of a symbol's name; false if there is none. */
bool venue_symbol(const struct venue *venue, const char *name, size_t *ret);

/* The account's number for the outside. */
int64_t venue_uid(size_t account);

#endif
