/*
 * venue - the state behind the simulated exchange's API, and its passing of time.
 *
 * One lock guards everything here except accounts, instruments and clock, which never change
 * after venue_new. venue_enter takes it and brings the market and the orders up to the present,
 * each step and each effect at its own time, so that what a request sees does not depend on when
 * the background thread last ran. venue_leave writes down what was done, then gives the lock
 * back. Changes go through desk.h. For the files of this room only.
 */
#ifndef SIMULATOR_VENUE_H
#define SIMULATOR_VENUE_H

#include "simulator/desk.h"
#include "simulator/faults.h"
#include "simulator/journal.h"
#include "simulator/ledger.h"
#include "simulator/limits.h"
#include "simulator/market.h"
#include "simulator/records.h"
#include "simulator/simulator.h"

#include <pthread.h>

#define VENUE_ROUTES_MAX 128

struct venue_rate { /* a funding payment that was due */
	size_t symbol;
	int64_t paid_ms; /* server */
	struct decimal rate, mark;
};

struct venue {
	const struct clock *clock;
	struct accounts *accounts;      /* the index is the broker's account handle */
	struct accounts *given;         /* while it is built: the options', in any order */
	struct instrument *instruments; /* the index is the broker's and the market's symbol */
	size_t instrument_count;
	struct candles *candles[MARKET_SYMBOLS_MAX];
	int64_t match_delay_min_ms, match_delay_max_ms;
	int64_t latency_ms;
	uint64_t seed;
	bool account_limits;
	bool admin; /* /sim/ is served */

	pthread_mutex_t lock;
	pthread_cond_t wake; /* something is due earlier than was known */
	struct market *market;
	struct broker *broker;
	struct records *records; /* one per account */
	/* Each order's id by the number in it, for venues whose ids are numbers. */
	char (*order_ids)[VENUE_ORDER_ID_SIZE];
	uint64_t order_id_count, order_id_room;
	struct venue_rate *rates; /* oldest first */
	size_t rate_count, rate_room;
	struct ledger *ledger;
	struct limits *limits;
	struct faults *faults;
	struct journal *journal; /* NULL: nothing outlives the process */
	bool broken;        /* the journal could not be written: nothing is answered any more */
	struct err failure; /* why */
	/* The present: of the last venue_advance, or of the step or effect that it is about. */
	int64_t server_ms; /* never goes back */
	int64_t mono_ms, market_ms;
	uint64_t asked; /* orders, amends and cancels so far: the dice's position */
	int64_t requests[VENUE_ROUTES_MAX]; /* arrivals per route (door.c), whatever became of them
					     */
};

MUST_CHECK int venue_new(
	const struct simulator_options *options, struct venue **ret, struct err *err);
void venue_free(struct venue **venue);

/* The server's clock now; needs no lock, may be a moment behind venue->server_ms. */
int64_t venue_clock_ms(const struct venue *venue);

/* Takes the lock and lets everything happen that is due by now. */
void venue_enter(struct venue *venue);
/*
 * Writes down what was done and gives the lock back. False if it could not be written: the reply
 * must not leave.
 */
MUST_CHECK bool venue_leave(struct venue *venue);

/* The same two without the lock, for who holds it. */
void venue_advance(struct venue *venue);
bool venue_keep(struct venue *venue);

/* How long until something is due by itself; at most limit_ms, at least 1. */
int64_t venue_idle_ms(const struct venue *venue, int64_t limit_ms);

/* While it is built or restored: takes the account of this key in. ERR_CONFIG: not given. */
MUST_CHECK int venue_admit(struct venue *venue, const char *key, struct err *err);
/* A number that stands for a symbol's rules and candles. */
int64_t venue_fingerprint(const struct venue *venue, size_t symbol);

/* The handle of a symbol's name; false if there is none. */
bool venue_symbol(const struct venue *venue, const char *name, size_t *ret);

/* The account's number for the outside. */
int64_t venue_uid(size_t account);

#endif
