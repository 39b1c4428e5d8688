#include "core/base/arena.h"

#include "core/base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16

struct chunk {
	struct chunk *next;
	size_t size_bytes;
	size_t used_bytes;
	_Alignas(ALIGNMENT) unsigned char data[];
};

struct arena {
	struct chunk *first;   /* kept by reset */
	struct chunk *current; /* the last of the list: only it is tried for room */
	size_t chunk_bytes;
	size_t limit_bytes;
	size_t used_bytes; /* handed out since the last reset, rounding included */
};

static struct chunk *chunk_new(size_t size_bytes)
{
	struct chunk *chunk = mem_alloc(sizeof *chunk + size_bytes);
	chunk->next = NULL;
	chunk->size_bytes = size_bytes;
	chunk->used_bytes = 0;
	return chunk;
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk != NULL) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

struct arena *arena_new(size_t chunk_bytes, size_t limit_bytes)
{
	assert(chunk_bytes >= ALIGNMENT);
	assert(limit_bytes >= ALIGNMENT && limit_bytes <= SIZE_MAX / 2);

	struct arena *arena = mem_zero(1, sizeof *arena);
	arena->chunk_bytes = chunk_bytes;
	arena->limit_bytes = limit_bytes;
	arena->first = chunk_new(chunk_bytes);
	arena->current = arena->first;
	return arena;
}

void arena_free(struct arena **arena)
{
	if (*arena == NULL)
		return;
	chunks_free((*arena)->first);
	free(*arena);
	*arena = NULL;
}

static size_t bounded_size(const struct arena *arena, size_t count, size_t size_bytes)
{
	size_t total;
	if (__builtin_mul_overflow(count, size_bytes, &total) || total > arena->limit_bytes)
		die("arena: %zu times %zu bytes are more than its limit of %zu", count, size_bytes,
			arena->limit_bytes);

	total = (total + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (total > arena->limit_bytes - arena->used_bytes)
		die("arena: full, %zu of %zu bytes used, %zu more asked for", arena->used_bytes,
			arena->limit_bytes, total);
	return total;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes)
{
	size_t total = bounded_size(arena, count, size_bytes);
	if (total > arena->current->size_bytes - arena->current->used_bytes) {
		arena->current->next = chunk_new(
			total > arena->chunk_bytes ? total : arena->chunk_bytes);
		arena->current = arena->current->next;
	}

	void *memory = arena->current->data + arena->current->used_bytes;
	arena->current->used_bytes += total;
	arena->used_bytes += total;
	return memset(memory, 0, total);
}

char *arena_text(struct arena *arena, const char *text)
{
	size_t size_bytes = strlen(text) + 1;
	return memcpy(arena_alloc(arena, size_bytes, 1), text, size_bytes);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		die("arena: cannot format a text");

	size_t size_bytes = (size_t)length + 1;
	char *text = arena_alloc(arena, size_bytes, 1);
	va_start(arguments, format);
	(void)vsnprintf(text, size_bytes, format, arguments);
	va_end(arguments);
	return text;
}

void arena_reset(struct arena *arena)
{
	chunks_free(arena->first->next);
	arena->first->next = NULL;
	arena->first->used_bytes = 0;
	arena->current = arena->first;
	arena->used_bytes = 0;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used_bytes;
}
