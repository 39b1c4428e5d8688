/*
 * arena - memory with one lifetime: everything a run allocates, dropped when it ends.
 *
 * Lifetimes in Botbeat: process, run (this), page of a listing. An arena never frees a single
 * block; arena_reset drops all of them and keeps the first chunk for the next run. Not
 * thread-safe. Requests are bounded by the arena's limit: passing it ends the process, since a
 * size from outside must have been checked before.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* chunk_bytes: size of one chunk; limit_bytes: of all together. The caller frees. */
struct arena *arena_new(size_t chunk_bytes, size_t limit_bytes);
void arena_free(struct arena **arena);

/* Zeroed, aligned for any type (16 bytes). Never NULL. */
void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes);
char *arena_text(struct arena *arena, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_format(
	struct arena *arena, const char *format, ...);

/* Drops everything at once. */
void arena_reset(struct arena *arena);
size_t arena_used(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc(arena, 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc(arena, count, sizeof(type)))

#endif
