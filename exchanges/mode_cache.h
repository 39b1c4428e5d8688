/*
 * mode_cache - remembers between runs what an account is set to.
 *
 * Margin mode, position mode and leverage change rarely, and where they have requests of their own
 * (Bybit's margin mode, all three on Binance) asking in every run would add a third, or double,
 * the reads of a run that does nothing. They are kept for a minute in Redis, so that all processes
 * ask once, under the hash of the API key.
 */
#ifndef EXCHANGES_MODE_CACHE_H
#define EXCHANGES_MODE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

struct redis;

#define MODE_CACHE_MS (60 * 1000)

/* what: the account's "account", or a symbol. False if it is not remembered, or does not fit. */
bool mode_cache_recall(
	struct redis *redis, const char *key_name, const char *what, char *ret, size_t size);

/* Redis gone or NULL: nothing is remembered. */
void mode_cache_remember(
	struct redis *redis, const char *key_name, const char *what, const char *text);
void mode_cache_forget(struct redis *redis, const char *key_name, const char *what);

#endif
