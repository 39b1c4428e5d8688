/*
 * prepared - reads a prepared request back: which of ours it was, and what it asked for.
 *
 * Pure. A reply is held against the bytes that were sent, not against what somebody remembers of
 * them.
 */
#ifndef EXCHANGES_PREPARED_H
#define EXCHANGES_PREPARED_H

#include "exchanges/exchange.h"

/* True if the request goes to path. */
bool prepared_is(const struct exchange_request *request, const char *path);

/*
 * A parameter of its query, or of a body that is written as a query. False if there is none of
 * that name, or if it does not fit.
 */
bool prepared_parameter(
	const struct exchange_request *request, const char *name, char *ret, size_t size);

#endif
