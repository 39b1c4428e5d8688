/*
 * limits - the simulated exchange's rate limits: counters per account, and per address.
 *
 * Which slot counts what, and how much passes in which window, is a dialect's business. A window
 * begins with its first request, or with the clock's own minute where the rule says so. (A venue
 * that says "rolling" differs from the first by at most one burst across two windows.) All clients
 * count as one address. Not thread-safe. now_ms is server time.
 */
#ifndef SIMULATOR_LIMITS_H
#define SIMULATOR_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMITS_SLOTS 48    /* counters of an account */
#define LIMITS_ADDRESSES 4 /* counters of the address: one per dialect */

struct limits;

struct limits_rule {
	int limit; /* at least 1 */
	int64_t window_ms;
	bool aligned; /* to multiples of the window */
};

struct limits_state { /* what the headers of a reply say */
	int limit, used;
	int remaining;    /* after this request */
	int64_t reset_ms; /* when requests pass again: now, unless none remain */
	int64_t end_ms;   /* of the window */
};

struct limits_address_rule {
	struct limits_rule rule;
	int grace; /* so much beyond the limit is refused; then the address is banned */
	int64_t ban_ms;
};

enum limits_verdict { LIMITS_PASS, LIMITS_OVER, LIMITS_BANNED };

/*
 * scale_ppm: of the addresses' limits; 0: they have none (one machine stands for many addresses).
 * The caller frees.
 */
struct limits *limits_new(size_t accounts, int64_t scale_ppm);
void limits_free(struct limits **limits);

/* False if the limit is reached; the request counts either way. */
bool limits_take(struct limits *limits, size_t account, size_t slot, int cost,
	const struct limits_rule *rule, int64_t now_ms, struct limits_state *ret);

/* *ret_until_ms: of the ban, else of the window. A request during a ban does not prolong it. */
enum limits_verdict limits_take_address(struct limits *limits, size_t address, int cost,
	const struct limits_address_rule *rule, int64_t now_ms, int64_t *ret_until_ms);
/* What the address has used of its window. */
int limits_address_used(const struct limits *limits, size_t address);

#endif
