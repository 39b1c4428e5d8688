/*
 * tally - counts what venues are asked and how they answer, for the metrics.
 *
 * Requests are counted by what they are for, in the same words for every venue: the table of paths
 * stands in tally.c, and a path that is not there counts as "other".
 */
#ifndef EXCHANGES_TALLY_H
#define EXCHANGES_TALLY_H

#include "core/base/err.h"

#include <stdint.h>

struct http_response;

/* method, and the URL's path (a query behind it is passed over). response NULL: none came. */
void tally_request(const char *venue, const char *method, const char *path,
	const struct http_response *response);

/* A call that failed, for whatever reason. */
void tally_failure(const char *venue, const struct err *failure);

/* The venue of a plan, "phemex-testnet" counts as "phemex". */
void tally_refused(const char *plan);
void tally_remaining(const char *plan, int64_t remaining);
void tally_banned(const char *plan, int64_t duration_ms);

/* The venue's clock as a reply showed it, and when (our wall clock) it was there. */
void tally_clock(const char *venue, int64_t server_ms, int64_t duration_ms);

#endif
