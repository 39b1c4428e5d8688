/*
 * fixture - bots by the thousand, written straight into the tables.
 *
 * Commands make one bot at a time, through triggers and checks; a benchmark wants 100,000 within
 * seconds. What is written is what the commands would have left behind. Needs a superuser's
 * session, on a database that is migrated and holds nothing of worth: it is emptied first.
 */
#ifndef BENCH_FIXTURE_H
#define BENCH_FIXTURE_H

#include <stddef.h>

struct postgres;

struct fixture {
	size_t bots, tenants;
	size_t interval_s;
	/* A master key ring: each bot gets a sealed credential of its own. NULL: none does. */
	const char *master_key_file;
	/* Their keys and secrets, one KEY:SECRET a line, for the simulated exchange. */
	const char *accounts_file;
};

/*
 * Running bots of one BTCUSDT pair each, in environment testnet, that ran last a day ago: all are
 * due at once. Automatic mode is off, so that a run reads and computes everything and opens
 * nothing.
 */
void fixture_make(struct postgres *postgres, const struct fixture *fixture);

#endif
