/*
 * limits - the simulated exchange's rate limits, per account and endpoint, and per address.
 *
 * Per account: a window of one second begins with its first request; limit requests pass in it.
 * (The venue says "rolling second"; a window that begins with a request differs from that by at
 * most one burst across two windows.) Per address: ip_limit requests in 5 s, then a ban; all
 * clients count as one address. Not thread-safe. now_ms is server time.
 */
#ifndef SIMULATOR_LIMITS_H
#define SIMULATOR_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMITS_IP_WINDOW_MS 5000
#define LIMITS_IP_BAN_MS (10 * 60 * 1000)

struct limits;

struct limits_state { /* what the headers of a reply say */
	int limit;
	int remaining;    /* after this request */
	int64_t reset_ms; /* when requests pass again: now, unless none remain */
};

/* ip_limit 0: no limit per address. The caller frees. */
struct limits *limits_new(size_t accounts, size_t endpoints, int ip_limit);
void limits_free(struct limits **limits);

/* False if the endpoint's limit is reached; the request counts either way. limit at least 1. */
bool limits_take(struct limits *limits, size_t account, size_t endpoint, int limit, int64_t now_ms,
	struct limits_state *ret);

/* False while the address is banned. A request during the ban does not prolong it. */
bool limits_take_address(struct limits *limits, int64_t now_ms);

#endif
