#include "core/base/buffer.h"

#include "core/base/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an empty buffer's data points at: capacity 0 says that it is not ours to free or write. */
static char empty[1];

#define CAPACITY_FIRST 64

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
	*buffer = (struct buffer){.data = empty, .limit_bytes = limit_bytes};
}

void buffer_done(struct buffer *buffer)
{
	if (buffer->capacity_bytes > 0)
		free(buffer->data);
	buffer_init(buffer, buffer->limit_bytes);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size_bytes = 0;
	buffer->failed = false;
	if (buffer->capacity_bytes > 0)
		buffer->data[0] = '\0';
}

/* Makes room for size_bytes more and the NUL; false, and failed, beyond the limit. */
static bool reserve(struct buffer *buffer, size_t size_bytes)
{
	if (buffer->failed)
		return false;
	if (size_bytes > buffer->limit_bytes - buffer->size_bytes) {
		buffer->failed = true;
		return false;
	}

	size_t needed = buffer->size_bytes + size_bytes + 1;
	if (needed <= buffer->capacity_bytes)
		return true;
	size_t capacity = buffer->capacity_bytes > 0 ? buffer->capacity_bytes : CAPACITY_FIRST;
	while (capacity < needed)
		capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;

	buffer->data = mem_grow(buffer->capacity_bytes > 0 ? buffer->data : NULL, capacity, 1);
	buffer->capacity_bytes = capacity;
	return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t size_bytes)
{
	if (size_bytes == 0 || !reserve(buffer, size_bytes))
		return;
	memcpy(buffer->data + buffer->size_bytes, data, size_bytes);
	buffer->size_bytes += size_bytes;
	buffer->data[buffer->size_bytes] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);

	if (length < 0) {
		buffer->failed = true;
		return;
	}
	if (length == 0 || !reserve(buffer, (size_t)length))
		return;

	va_start(arguments, format);
	(void)vsnprintf(buffer->data + buffer->size_bytes, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->size_bytes += (size_t)length;
}

bool buffer_failed(const struct buffer *buffer)
{
	return buffer->failed;
}
