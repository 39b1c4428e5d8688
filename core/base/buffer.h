/*
 * buffer - text that grows.
 *
 * Bounded: passing limit_bytes marks the buffer as failed, later appends do nothing, and
 * buffer_failed says so; a truncated text is thus never mistaken for a whole one. Always ends
 * in NUL. The caller owns the struct, buffer_done frees what it holds.
 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data; /* NUL-terminated; "" until something was added */
	size_t size_bytes;
	size_t capacity_bytes;
	size_t limit_bytes;
	bool failed;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_done(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);
void buffer_add(struct buffer *buffer, const void *data, size_t size_bytes);
void buffer_text(struct buffer *buffer, const char *text);
__attribute__((format(printf, 2, 3))) void buffer_format(
	struct buffer *buffer, const char *format, ...);
bool buffer_failed(const struct buffer *buffer);

#endif
