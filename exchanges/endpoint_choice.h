/*
 * endpoint_choice - which endpoint of a venue's pool a request goes through. Pure.
 *
 * The plan's tier first, then cheaper ones, the emergency tier last; within a tier the lowest
 * priority number that has any; among these by weight. Draining endpoints, open breakers, banned
 * addresses and addresses that a credential is not bound to are left out. If only open breakers are
 * left, what protects a position goes through one of them all the same (design.md 3.7).
 */
#ifndef EXCHANGES_ENDPOINT_CHOICE_H
#define EXCHANGES_ENDPOINT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum endpoint_tier { TIER_ECONOMY, TIER_STANDARD, TIER_PREMIUM, TIER_EMERGENCY };
#define ENDPOINT_TIERS 4

struct endpoint_candidate {
	enum endpoint_tier tier;
	int64_t priority; /* lower goes first */
	int64_t weight;   /* at least 0; 0 among others is never drawn */
	bool usable;      /* not draining, of the bound set, not tried already */
	bool banned;      /* the venue has banned its address, or its limit is used up */
	bool open;        /* its breaker */
};

/*
 * The index of the chosen one; -1: none. random: any 64 bits. insists: the request may go through
 * an open breaker if nothing else is left.
 */
int endpoint_choose(const struct endpoint_candidate *candidates, size_t count,
	enum endpoint_tier tier, bool insists, uint64_t random);

const char *endpoint_tier_text(enum endpoint_tier tier);            /* "economy", … */
int endpoint_tier_parse(const char *text, enum endpoint_tier *ret); /* -1: none of them */

#endif
