/*
 * auth_watch - whose fault it is that a venue does not take a key: the key's, or our address's.
 *
 * A key that is refused blocks its bots; so nobody is blocked by what is not the key's fault. Keys
 * are bound to addresses at the venue: when many of them are refused behind one egress within a
 * minute, it is the egress. So a refusal is believed only when the same key is refused again a
 * minute later and few others were meanwhile. What was refused is kept in Redis by the keys'
 * hashes; without Redis a refusal is believed at once.
 */
#ifndef EXCHANGES_AUTH_WATCH_H
#define EXCHANGES_AUTH_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct redis;

#define AUTH_WATCH_MANY 5 /* keys within a minute */
#define AUTH_WATCH_MS 60000

enum auth_fault {
	AUTH_FAULT_KEY,    /* believed */
	AUTH_FAULT_UNSURE, /* ask again after *ret_wait_ms */
	AUTH_FAULT_EGRESS, /* many keys: stop using the egress for private calls */
};

/* A key (its hash) was refused behind an egress ("" is one too) of a venue ("bybit:testnet"). */
enum auth_fault auth_watch_refused(struct redis *redis, const char *scope, const char *egress,
	const char *key, int64_t *ret_wait_ms);

/* Pure: what it means. first_ms and now_ms by one clock; many: keys refused within a minute. */
enum auth_fault auth_watch_judge(
	int64_t first_ms, int64_t now_ms, int64_t many, int64_t *ret_wait_ms);

#endif
