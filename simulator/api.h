/*
 * api - the door of the simulated exchange: Bybit V5 linear over HTTP.
 *
 * Finds the route, checks signature and window over the exact bytes, counts limits, lets the rules
 * of misbehaviour speak, calls the route with the lock held, and wraps its result in the venue's
 * envelope and headers. Thread-safe.
 */
#ifndef SIMULATOR_API_H
#define SIMULATOR_API_H

#include "core/io/http_server.h"

struct venue;
struct doc;

/* Answers any path that is not under /sim/. */
void api_handle(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply);

/* Adds path → number of arrivals for each route that was ever asked. The lock is held. */
void api_requests(const struct venue *venue, struct doc *object);

/* All arrivals at the venue's routes. The lock is held. */
int64_t api_request_count(const struct venue *venue);

#endif
