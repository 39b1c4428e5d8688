/*
 * door - where requests to the simulated exchange come in, whichever venue they think it is.
 *
 * Finds the dialect by the path, then the route; checks key, signature and window over the exact
 * bytes; counts limits, lets the rules of misbehaviour speak, calls the route with the lock held,
 * and has the dialect seal the reply. Thread-safe.
 */
#ifndef SIMULATOR_DOOR_H
#define SIMULATOR_DOOR_H

#include "core/io/http_server.h"

struct venue;
struct doc;

/* Answers any path that is not under /sim/. */
void door_handle(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply);

/*
 * Adds route → number of arrivals for each route that was ever asked: its path, after the method
 * where the path has several. The lock is held.
 */
void door_requests(const struct venue *venue, struct doc *object);

/* All arrivals at the venues' routes. The lock is held. */
int64_t door_request_count(const struct venue *venue);

/* True if some route has this path. */
bool door_knows(const char *path);

#endif
