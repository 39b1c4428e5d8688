#include "core/base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A cut inside a UTF-8 character would make the text unfit for a row or a JSON line. */
static size_t whole_characters(const char *text, size_t size_bytes)
{
	size_t end = size_bytes;
	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	return end;
}

static void copy_message(struct err *err, const char *text)
{
	size_t size_bytes = strlen(text);
	if (size_bytes >= sizeof err->message)
		size_bytes = whole_characters(text, sizeof err->message - 1);
	memcpy(err->message, text, size_bytes);
	err->message[size_bytes] = '\0';
}

/* Room for a full message and what is put in front of it or behind it. */
#define TEXT_SIZE (3 * sizeof((struct err *)0)->message)

static void start(struct err *err, enum err_code code, enum err_retry retry)
{
	err->code = code;
	err->retry = retry;
	err->retry_after_ms = 0;
	err->venue_code = 0;
}

int(err_set)(struct err *err, enum err_code code, enum err_retry retry, const char *format, ...)
{
	assert(code != ERR_NONE);

	/* Not formatted in place: the old message may be one of the arguments. */
	char text[TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);

	start(err, code, retry);
	copy_message(err, text);
	return -1;
}

int(err_while)(struct err *err, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);

	if (length >= 0 && (size_t)length < sizeof text)
		(void)snprintf(text + length, sizeof text - (size_t)length, ": %s", err->message);
	copy_message(err, text);
	return -1;
}

/* What passes by itself, as opposed to a wrong path or a missing right. */
static enum err_retry retry_of(int errno_value)
{
	switch (errno_value) {
	case EAGAIN:
	case EBUSY:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case ENOSPC:
		return ERR_RETRY_LATER;
	default:
		return ERR_RETRY_NEVER;
	}
}

int(err_errno)(struct err *err, int errno_value, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);

	if (length >= 0 && (size_t)length < sizeof text)
		(void)snprintf(
			text + length, sizeof text - (size_t)length, ": %s", strerror(errno_value));

	start(err, ERR_SYSTEM, retry_of(errno_value));
	copy_message(err, text);
	return -1;
}

const char *err_code_name(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return "none";
	case ERR_INVALID:
		return "invalid";
	case ERR_USAGE:
		return "usage";
	case ERR_NOT_FOUND:
		return "not_found";
	case ERR_REFUSED:
		return "refused";
	case ERR_CONFIG:
		return "config";
	case ERR_SYSTEM:
		return "system";
	case ERR_OVERFLOW:
		return "overflow";
	case ERR_NETWORK:
		return "network";
	case ERR_TIMEOUT:
		return "timeout";
	case ERR_PROTOCOL:
		return "protocol";
	case ERR_DATABASE:
		return "database";
	case ERR_QUEUE:
		return "queue";
	case ERR_FENCED:
		return "fenced";
	case ERR_STOPPED:
		return "stopped";
	case ERR_VAULT:
		return "vault";
	case ERR_RATE:
		return "rate";
	case ERR_CLOCK:
		return "clock";
	case ERR_AUTH:
		return "auth";
	case ERR_MARGIN:
		return "margin";
	case ERR_FILTER:
		return "filter";
	case ERR_DUPLICATE:
		return "duplicate";
	case ERR_NO_ORDER:
		return "no_order";
	case ERR_NO_CHANGE:
		return "no_change";
	case ERR_FLAT:
		return "flat";
	case ERR_MAINTENANCE:
		return "maintenance";
	case ERR_BUG:
		return "bug";
	}
	die("unrecognized error class %d", (int)code);
}

const char *err_retry_name(enum err_retry retry)
{
	switch (retry) {
	case ERR_RETRY_NEVER:
		return "never";
	case ERR_RETRY_LATER:
		return "later";
	case ERR_RETRY_THROTTLED:
		return "throttled";
	case ERR_RETRY_ASK:
		return "ask";
	}
	die("unrecognized retry word %d", (int)retry);
}

/* By write, not stdio: a child must not print again what its parent had buffered. */
void die(const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text - 1, format, arguments);
	va_end(arguments);

	size_t size_bytes = length < 0 ? 0 : (size_t)length;
	if (size_bytes > sizeof text - 2)
		size_bytes = sizeof text - 2;
	text[size_bytes] = '\n';
	ssize_t written = write(STDERR_FILENO, text, size_bytes + 1);
	(void)written;
	abort();
}

static void *not_null(void *memory, uint64_t size_bytes)
{
	if (memory == NULL)
		die("out of memory: could not get %llu bytes", (unsigned long long)size_bytes);
	return memory;
}

/* Never of 0 bytes, for which the library may answer NULL. */
static uint64_t at_least_one(uint64_t value)
{
	return value == 0 ? 1 : value;
}

void *mem_alloc(uint64_t size_bytes)
{
	return not_null(malloc(at_least_one(size_bytes)), size_bytes);
}

void *mem_zero(uint64_t count, uint64_t size_bytes)
{
	return not_null(calloc(at_least_one(count), at_least_one(size_bytes)), size_bytes);
}

void *mem_grow(void *old, uint64_t count, uint64_t size_bytes)
{
	return not_null(
		reallocarray(old, at_least_one(count), at_least_one(size_bytes)), size_bytes);
}

char *mem_text(const char *text)
{
	return not_null(strdup(text), strlen(text) + 1);
}

char *mem_format(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		die("cannot format a text");

	size_t size_bytes = (size_t)length + 1;
	char *text = mem_alloc(size_bytes);
	va_start(arguments, format);
	(void)vsnprintf(text, size_bytes, format, arguments);
	va_end(arguments);
	return text;
}
