#include "simulator/lookup.h"

#include "core/base/err.h"
#include "core/base/ident.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 8

static uint64_t hash_of(const char *key)
{
	return hash_bytes(key, strlen(key));
}

/* The key's entry, or the free one where it belongs. */
static struct lookup_entry *slot(const struct lookup *lookup, const char *key, uint64_t hash)
{
	size_t mask = lookup->capacity - 1;

	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		struct lookup_entry *entry = &lookup->entries[i];
		if (entry->key == NULL || (entry->hash == hash && strcmp(entry->key, key) == 0))
			return entry;
	}
}

static void grow(struct lookup *lookup)
{
	struct lookup bigger = {
		.capacity = lookup->capacity == 0 ? CAPACITY_FIRST : lookup->capacity * 2,
		.count = lookup->count};

	bigger.entries = mem_zero(bigger.capacity, sizeof bigger.entries[0]);
	for (size_t i = 0; i < lookup->capacity; i++) {
		const struct lookup_entry *entry = &lookup->entries[i];
		if (entry->key != NULL)
			*slot(&bigger, entry->key, entry->hash) = *entry;
	}
	free(lookup->entries);
	*lookup = bigger;
}

void lookup_done(struct lookup *lookup)
{
	free(lookup->entries);
	*lookup = (struct lookup){0};
}

void lookup_put(struct lookup *lookup, const char *key, size_t value)
{
	/* At most half full, so that a search ends soon. */
	if (lookup->count * 2 >= lookup->capacity)
		grow(lookup);
	uint64_t hash = hash_of(key);
	struct lookup_entry *entry = slot(lookup, key, hash);
	if (entry->key == NULL) {
		lookup->count++;
		entry->hash = hash;
		entry->key = key;
	}
	entry->value = value;
}

bool lookup_get(const struct lookup *lookup, const char *key, size_t *ret_value)
{
	if (lookup->capacity == 0)
		return false;
	const struct lookup_entry *entry = slot(lookup, key, hash_of(key));
	if (entry->key == NULL)
		return false;
	*ret_value = entry->value;
	return true;
}
