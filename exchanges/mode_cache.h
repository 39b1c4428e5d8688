/*
 * mode_cache - remembers an account's margin mode between runs.
 *
 * Where it is a property of the whole account and has a request of its own (Bybit), asking for it
 * in every run would add a third to the reads of a run that does nothing. It is kept for a minute
 * in Redis, so that all processes ask once, under the hash of the API key.
 */
#ifndef EXCHANGES_MODE_CACHE_H
#define EXCHANGES_MODE_CACHE_H

#include "core/market/market.h"

struct redis;

#define MODE_CACHE_MS (60 * 1000)

/* *ret_known false: a mode that is neither isolated nor cross. Returns false if not remembered. */
bool mode_cache_recall(
	struct redis *redis, const char *key_name, bool *ret_known, enum margin_mode *ret);

/* Redis gone or NULL: nothing is remembered. */
void mode_cache_remember(
	struct redis *redis, const char *key_name, bool known, enum margin_mode mode);
void mode_cache_forget(struct redis *redis, const char *key_name);

#endif
