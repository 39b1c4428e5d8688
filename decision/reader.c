#include "decision/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool reader_failed(const struct reader *reader)
{
	return reader->failed;
}

void reader_fault(struct reader *reader, const struct field *object, const char *name,
	const char *format, ...)
{
	char text[160];
	va_list arguments;

	if (reader->failed)
		return;
	reader->failed = true;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	(void)err_set(reader->err, ERR_INVALID, ERR_RETRY_NEVER, "%s%s%s: %s", object->path,
		object->path[0] != '\0' ? "." : "", name, text);
}

void reader_take(struct reader *reader, int result)
{
	if (result == -1)
		reader->failed = true;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

void reader_only(struct reader *reader, const struct field *object, const char *const *names)
{
	const char *name = NULL;

	for (size_t i = 0; (name = field_name_at(object, i)) != NULL; i++) {
		if (!is_one_of(name, names))
			reader_fault(reader, object, name, "unrecognized member");
	}
}

struct field reader_get(struct reader *reader, const struct field *object, const char *name)
{
	struct field member = {0};

	if (!reader->failed)
		reader_take(reader, field_get(object, name, &member, reader->err));
	return member;
}

bool reader_has(
	struct reader *reader, const struct field *object, const char *name, struct field *ret)
{
	struct field member = {0};

	if (reader->failed)
		return false;
	reader_take(reader, field_get_optional(object, name, &member, reader->err));
	if (reader->failed || !field_present(&member))
		return false;
	*ret = member;
	return true;
}

static struct decimal as_decimal(struct reader *reader, const struct field *member)
{
	struct decimal value = DECIMAL_ZERO;

	if (!reader->failed)
		reader_take(reader, field_as_decimal(member, &value, reader->err));
	return reader->failed ? DECIMAL_ZERO : value;
}

static int64_t as_int(struct reader *reader, const struct field *member)
{
	int64_t value = 0;

	if (!reader->failed)
		reader_take(reader, field_as_int(member, &value, reader->err));
	return value;
}

static bool as_bool(struct reader *reader, const struct field *member)
{
	bool value = false;

	if (!reader->failed)
		reader_take(reader, field_as_bool(member, &value, reader->err));
	return value;
}

static const char *as_text(struct reader *reader, const struct field *member)
{
	const char *value = "";

	if (!reader->failed)
		reader_take(reader, field_as_text(member, &value, reader->err));
	return value;
}

struct decimal reader_decimal(struct reader *reader, const struct field *object, const char *name)
{
	struct field member = reader_get(reader, object, name);

	return as_decimal(reader, &member);
}

int64_t reader_int(struct reader *reader, const struct field *object, const char *name)
{
	struct field member = reader_get(reader, object, name);

	return as_int(reader, &member);
}

bool reader_bool(struct reader *reader, const struct field *object, const char *name)
{
	struct field member = reader_get(reader, object, name);

	return as_bool(reader, &member);
}

const char *reader_text(struct reader *reader, const struct field *object, const char *name)
{
	struct field member = reader_get(reader, object, name);

	return as_text(reader, &member);
}

struct decimal reader_decimal_or(struct reader *reader, const struct field *object,
	const char *name, struct decimal fallback)
{
	struct field member;

	return reader_has(reader, object, name, &member) ? as_decimal(reader, &member) : fallback;
}

int64_t reader_int_or(
	struct reader *reader, const struct field *object, const char *name, int64_t fallback)
{
	struct field member;

	return reader_has(reader, object, name, &member) ? as_int(reader, &member) : fallback;
}

bool reader_bool_or(
	struct reader *reader, const struct field *object, const char *name, bool fallback)
{
	struct field member;

	return reader_has(reader, object, name, &member) ? as_bool(reader, &member) : fallback;
}

const char *reader_text_or(
	struct reader *reader, const struct field *object, const char *name, const char *fallback)
{
	struct field member;

	return reader_has(reader, object, name, &member) ? as_text(reader, &member) : fallback;
}
