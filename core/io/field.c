#include "core/io/field.h"

#include "core/base/err.h"
#include "core/io/json.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

struct field_document {
	json_t *root;
};

static const char *type_name(const json_t *node)
{
	if (node == NULL)
		return "nothing";
	switch (json_typeof(node)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a real number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

/* The root has no name of its own. */
static const char *path_of(const struct field *field)
{
	return field->path[0] != '\0' ? field->path : "the document";
}

static int mismatch(const struct field *field, const char *wanted, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "%s: expected %s, got %s",
		path_of(field), wanted, type_name(field->value));
}

/* A path that does not fit keeps its end: that is where the trouble is. */
static void set_path(struct field *field, const char *parent, const char *step)
{
	char path[2 * sizeof field->path + 256];
	int length = snprintf(path, sizeof path, "%s%s", parent, step);
	size_t size = (size_t)length < sizeof path ? (size_t)length : sizeof path - 1;
	size_t room = sizeof field->path - 1;

	if (size <= room) {
		memcpy(field->path, path, size + 1);
		return;
	}
	memcpy(field->path, "...", 3);
	memcpy(field->path + 3, path + size - (room - 3), room - 3);
	field->path[room] = '\0';
}

/*
 * The library descends as deep as the text does, so depth is bounded before it sees the text.
 * Brackets inside strings do not count; malformed text is the library's to refuse.
 */
static bool too_deep(const char *text, size_t size_bytes)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < size_bytes; i++) {
		char c = text[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if ((c == '{' || c == '[') && ++depth > DEPTH_MAX)
			return true;
		else if (c == '}' || c == ']')
			depth--;
	}
	return false;
}

int field_parse(const char *text, size_t size_bytes, struct field_document **ret, struct err *err)
{
	if (too_deep(text, size_bytes))
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"cannot read JSON: more than %d levels", DEPTH_MAX);

	json_error_t problem;
	json_t *root = json_loadb(text, size_bytes, JSON_READ, &problem);
	if (root == NULL)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"cannot read JSON: line %d column %d: %s", problem.line, problem.column,
			problem.text);

	struct field_document *document = mem_zero(1, sizeof *document);
	document->root = root;
	*ret = document;
	return 0;
}

void field_document_free(struct field_document **document)
{
	if (*document == NULL)
		return;
	json_decref((*document)->root);
	free(*document);
	*document = NULL;
}

struct field field_root(const struct field_document *document)
{
	return (struct field){.value = document->root};
}

int field_get_optional(
	const struct field *object, const char *name, struct field *ret, struct err *err)
{
	if (!json_is_object((const json_t *)object->value))
		return mismatch(object, "an object", err);

	char step[256];
	(void)snprintf(step, sizeof step, "%s%s", object->path[0] != '\0' ? "." : "", name);
	struct field member = {.value = json_object_get(object->value, name)};
	set_path(&member, object->path, step);
	*ret = member;
	return 0;
}

int field_get(const struct field *object, const char *name, struct field *ret, struct err *err)
{
	struct field member = {0};

	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	if (member.value == NULL)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "%s: missing", member.path);
	*ret = member;
	return 0;
}

bool field_present(const struct field *field)
{
	return field->value != NULL && !json_is_null((const json_t *)field->value);
}

int field_count(const struct field *array, size_t *ret, struct err *err)
{
	if (!field_is_array(array))
		return mismatch(array, "an array", err);
	*ret = json_array_size(array->value);
	return 0;
}

int field_item(const struct field *array, size_t index, struct field *ret, struct err *err)
{
	size_t count = 0;

	if (field_count(array, &count, err) == -1)
		return -1;
	if (index >= count)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "%s: no item %zu, it has %zu",
			path_of(array), index, count);

	char step[32];
	(void)snprintf(step, sizeof step, "[%zu]", index);
	struct field item = {.value = json_array_get(array->value, index)};
	set_path(&item, array->path, step);
	*ret = item;
	return 0;
}

/* Walks the members in their order; objects from outside are small, so a walk per name is fine. */
const char *field_name_at(const struct field *object, size_t index)
{
	if (!field_is_object(object))
		return NULL;

	/* The library's iterator wants a writable node, but only reads it. */
	json_t *node = (json_t *)(uintptr_t)object->value;
	void *step = json_object_iter(node);
	for (size_t i = 0; step != NULL && i < index; i++)
		step = json_object_iter_next(node, step);
	return step != NULL ? json_object_iter_key(step) : NULL;
}

bool field_is_object(const struct field *field)
{
	return json_is_object((const json_t *)field->value);
}

bool field_is_array(const struct field *field)
{
	return json_is_array((const json_t *)field->value);
}

bool field_is_string(const struct field *field)
{
	return json_is_string((const json_t *)field->value);
}

int field_as_text(const struct field *field, const char **ret, struct err *err)
{
	if (!field_is_string(field))
		return mismatch(field, "a string", err);
	*ret = json_string_value(field->value);
	return 0;
}

int field_as_decimal(const struct field *field, struct decimal *ret, struct err *err)
{
	if (!field_is_string(field))
		return mismatch(field, "a decimal string", err);
	if (decimal_parse(json_string_value(field->value), ret, err) == -1) {
		err->code = ERR_PROTOCOL;
		return err_while(err, "%s", path_of(field));
	}
	return 0;
}

int field_as_int(const struct field *field, int64_t *ret, struct err *err)
{
	if (!json_is_integer((const json_t *)field->value))
		return mismatch(field, "an integer", err);
	*ret = json_integer_value(field->value);
	return 0;
}

/* Digits with an optional minus, nothing else: strtoll alone would take " 7", "+7" and "7x". */
static bool parse_int(const char *text, int64_t *ret)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	size_t count = strspn(digits, "0123456789");

	if (count == 0 || digits[count] != '\0')
		return false;
	errno = 0;
	*ret = strtoll(text, NULL, 10);
	return errno == 0;
}

int field_as_int_text(const struct field *field, int64_t *ret, struct err *err)
{
	if (!field_is_string(field))
		return mismatch(field, "an integer in a string", err);

	const char *text = json_string_value(field->value);
	int64_t value = 0;
	if (!parse_int(text, &value))
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"%s: expected an integer in a string, got \"%.40s\"", path_of(field), text);
	*ret = value;
	return 0;
}

int field_as_bool(const struct field *field, bool *ret, struct err *err)
{
	if (!json_is_boolean((const json_t *)field->value))
		return mismatch(field, "a boolean", err);
	*ret = json_is_true((const json_t *)field->value);
	return 0;
}

int field_text(const struct field *object, const char *name, const char **ret, struct err *err)
{
	struct field member = {0};

	if (field_get(object, name, &member, err) == -1)
		return -1;
	return field_as_text(&member, ret, err);
}

int field_bool(const struct field *object, const char *name, bool *ret, struct err *err)
{
	struct field member = {0};

	if (field_get(object, name, &member, err) == -1)
		return -1;
	return field_as_bool(&member, ret, err);
}

int field_int(const struct field *object, const char *name, int64_t *ret, struct err *err)
{
	struct field member = {0};

	if (field_get(object, name, &member, err) == -1)
		return -1;
	return field_as_int(&member, ret, err);
}

int field_int_text(const struct field *object, const char *name, int64_t *ret, struct err *err)
{
	struct field member = {0};

	if (field_get(object, name, &member, err) == -1)
		return -1;
	return field_as_int_text(&member, ret, err);
}

int field_decimal(
	const struct field *object, const char *name, struct decimal *ret, struct err *err)
{
	struct field member = {0};

	if (field_get(object, name, &member, err) == -1)
		return -1;
	return field_as_decimal(&member, ret, err);
}

int field_decimal_or_empty(const struct field *object, const char *name, bool *ret_present,
	struct decimal *ret, struct err *err)
{
	struct field member = {0};

	if (field_get(object, name, &member, err) == -1)
		return -1;
	if (field_is_string(&member) && json_string_length(member.value) == 0) {
		*ret_present = false;
		return 0;
	}
	if (field_as_decimal(&member, ret, err) == -1)
		return -1;
	*ret_present = true;
	return 0;
}

char *field_dump(const struct field *field)
{
	assert(field->value != NULL);

	char *text = json_dumps(field->value, JSON_WRITE_COMPACT);
	if (text == NULL)
		die("out of memory while writing JSON");
	return text;
}
