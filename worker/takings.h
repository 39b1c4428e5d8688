/*
 * takings - what booked trades earned and cost, for the metrics.
 *
 * Collected while a booking is put together and counted when its transaction has committed: a
 * trade that was not booked was not made. Figures for dashboards in millionths of a quote coin;
 * the books are Postgres's.
 */
#ifndef WORKER_TAKINGS_H
#define WORKER_TAKINGS_H

#include "core/base/arena.h"
#include "core/market/book.h"

struct takings; /* a list in the run's arena; NULL: empty */

void takings_add(struct takings **list, struct arena *arena, const struct trade_effect *effect,
	struct decimal price);

void takings_count(const struct takings *list, const char *venue);

#endif
