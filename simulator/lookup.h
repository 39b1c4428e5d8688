/*
 * lookup - finds a small number by a text: accounts by key, chains of fills by order id.
 *
 * Keys are borrowed and must outlive the lookup. Entries are never removed. Not thread-safe for
 * writers; readers may run at once while nobody puts.
 */
#ifndef SIMULATOR_LOOKUP_H
#define SIMULATOR_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_entry {
	uint64_t hash;
	const char *key; /* NULL: free */
	size_t value;
};

struct lookup { /* zero-initialised is empty */
	struct lookup_entry *entries;
	size_t capacity; /* 0 or a power of two */
	size_t count;
};

void lookup_done(struct lookup *lookup);

/* Adds the key, or replaces its value and goes on borrowing the first text. */
void lookup_put(struct lookup *lookup, const char *key, size_t value);
bool lookup_get(const struct lookup *lookup, const char *key, size_t *ret_value);

#endif
