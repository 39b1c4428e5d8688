#include "core/io/doc.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/field.h"
#include "core/io/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A doc is the library's node under another name, so that nobody else needs its header. */
static struct doc *doc_of(json_t *node)
{
	if (node == NULL)
		die("out of memory while building JSON");
	return (struct doc *)node;
}

static json_t *node_of(struct doc *doc)
{
	return (json_t *)doc;
}

/* Bytes of the UTF-8 character at text, 0 if there is none. */
static size_t utf8_length(const char *text, size_t left_bytes)
{
	for (size_t length = 1; length <= 4 && length <= left_bytes; length++) {
		json_t *probe = json_stringn(text, length);
		if (probe != NULL) {
			json_decref(probe);
			return length;
		}
	}
	return 0;
}

/* A copy in which each byte that is no UTF-8 became U+FFFD. */
static char *repaired(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t size_bytes = strlen(text);
	char *copy = mem_alloc(size_bytes * 3 + 1);
	size_t used = 0;

	for (size_t i = 0; i < size_bytes;) {
		size_t length = utf8_length(text + i, size_bytes - i);
		if (length > 0) {
			memcpy(copy + used, text + i, length);
			used += length;
			i += length;
		} else {
			memcpy(copy + used, replacement, 3);
			used += 3;
			i++;
		}
	}
	copy[used] = '\0';
	return copy;
}

static json_t *text_node(const char *text)
{
	if (text == NULL)
		return json_null();

	json_t *node = json_string(text);
	if (node != NULL)
		return node;

	CLEANUP(text_free) char *clean = repaired(text);
	return json_string(clean);
}

static void set(struct doc *object, const char *name, json_t *value)
{
	assert(json_is_object(node_of(object)));
	if (value == NULL)
		die("out of memory while building JSON");

	/* The library drops its hold on value even when it refuses the name: keep one. */
	json_incref(value);
	if (json_object_set_new(node_of(object), name, value) == 0) {
		json_decref(value);
		return;
	}

	CLEANUP(text_free) char *clean = repaired(name);
	if (json_object_set_new(node_of(object), clean, value) == -1)
		die("out of memory while building JSON");
}

static void push(struct doc *array, json_t *value)
{
	assert(json_is_array(node_of(array)));
	if (value == NULL || json_array_append_new(node_of(array), value) == -1)
		die("out of memory while building JSON");
}

struct doc *doc_object(void)
{
	return doc_of(json_object());
}

struct doc *doc_array(void)
{
	return doc_of(json_array());
}

void doc_free(struct doc **doc)
{
	json_decref(node_of(*doc));
	*doc = NULL;
}

void doc_text(struct doc *object, const char *name, const char *text)
{
	set(object, name, text_node(text));
}

void doc_int(struct doc *object, const char *name, int64_t value)
{
	set(object, name, json_integer(value));
}

void doc_bool(struct doc *object, const char *name, bool value)
{
	set(object, name, json_boolean(value));
}

void doc_null(struct doc *object, const char *name)
{
	set(object, name, json_null());
}

void doc_decimal(struct doc *object, const char *name, struct decimal value)
{
	set(object, name, json_string(DECIMAL_TEXT(value)));
}

void doc_real(struct doc *object, const char *name, double value)
{
	/* JSON has no word for these; null says "no figure". */
	set(object, name, isfinite(value) ? json_real(value) : json_null());
}

void doc_child(struct doc *object, const char *name, struct doc *child)
{
	assert(child != object);
	set(object, name, node_of(child));
}

void doc_field(struct doc *object, const char *name, const struct field *value)
{
	assert(value->value != NULL);
	set(object, name, json_deep_copy(value->value));
}

void doc_json(struct doc *object, const char *name, const char *json_text)
{
	json_error_t problem;
	json_t *node = json_loads(json_text, JSON_READ, &problem);

	if (node == NULL)
		die("expected JSON for \"%s\": %s", name, problem.text);
	set(object, name, node);
}

void doc_push_text(struct doc *array, const char *text)
{
	push(array, text_node(text));
}

void doc_push_int(struct doc *array, int64_t value)
{
	push(array, json_integer(value));
}

void doc_push_decimal(struct doc *array, struct decimal value)
{
	push(array, json_string(DECIMAL_TEXT(value)));
}

void doc_push(struct doc *array, struct doc *child)
{
	assert(child != array);
	push(array, node_of(child));
}

static char *dump(const struct doc *doc, size_t flags)
{
	char *text = json_dumps((const json_t *)doc, flags);

	if (text == NULL)
		die("out of memory while writing JSON");
	return text;
}

char *doc_dump(const struct doc *doc)
{
	return dump(doc, JSON_WRITE_COMPACT);
}

char *doc_dump_pretty(const struct doc *doc)
{
	return dump(doc, JSON_WRITE_PRETTY);
}
