/*
 * field - reads JSON that came from outside, field by field.
 *
 * Every reader checks presence and type and names the full path in its error
 * ("result.list[0].size: expected a decimal string, got null"), so that a venue's changed reply is
 * found at the field that changed. Nothing is defaulted silently: what may be absent is asked for
 * by the _optional readers. A field is a borrowed view into its document; it dies with it.
 */
#ifndef CORE_IO_FIELD_H
#define CORE_IO_FIELD_H

#include "core/base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field_document; /* a parsed text; owns all its fields */

struct field {
	const void *value; /* the library's node; NULL where an optional field is absent */
	char path[120];
};

/*
 * Parses text of size_bytes. Refused with ERR_PROTOCOL: malformed text, duplicate keys, more than
 * 64 levels, NUL in strings, trailing garbage. The caller owns *ret and frees it.
 */
MUST_CHECK int field_parse(
	const char *text, size_t size_bytes, struct field_document **ret, struct err *err);
void field_document_free(struct field_document **document);

/* The root, path "". */
struct field field_root(const struct field_document *document);

/* Members and items. _get requires presence (null counts as present of another type). */
MUST_CHECK int field_get(
	const struct field *object, const char *name, struct field *ret, struct err *err);
MUST_CHECK int field_get_optional(
	const struct field *object, const char *name, struct field *ret, struct err *err);
bool field_present(const struct field *field); /* there and not null */
MUST_CHECK int field_count(const struct field *array, size_t *ret, struct err *err);
MUST_CHECK int field_item(
	const struct field *array, size_t index, struct field *ret, struct err *err);

/* Names of an object's members, for refusing unknown ones. index from 0; NULL past the end. */
const char *field_name_at(const struct field *object, size_t index);
bool field_is_object(const struct field *field);
bool field_is_array(const struct field *field);
bool field_is_string(const struct field *field);

/* Required members of object in one step. Text is borrowed from the document. */
MUST_CHECK int field_text(
	const struct field *object, const char *name, const char **ret, struct err *err);
MUST_CHECK int field_bool(const struct field *object, const char *name, bool *ret, struct err *err);
/* A JSON integer. */
MUST_CHECK int field_int(
	const struct field *object, const char *name, int64_t *ret, struct err *err);
/* A JSON string that holds an integer ("1700000000000"). */
MUST_CHECK int field_int_text(
	const struct field *object, const char *name, int64_t *ret, struct err *err);
/* A JSON string that holds a decimal; a JSON number is refused: money does not pass through a
 * double. */
MUST_CHECK int field_decimal(
	const struct field *object, const char *name, struct decimal *ret, struct err *err);
/* As field_decimal, but "" gives *ret_present false (Bybit's word for "no value"). */
MUST_CHECK int field_decimal_or_empty(const struct field *object, const char *name,
	bool *ret_present, struct decimal *ret, struct err *err);

/* The readings of one value, for array items. */
MUST_CHECK int field_as_text(const struct field *field, const char **ret, struct err *err);
MUST_CHECK int field_as_decimal(const struct field *field, struct decimal *ret, struct err *err);
MUST_CHECK int field_as_int(const struct field *field, int64_t *ret, struct err *err);
MUST_CHECK int field_as_int_text(const struct field *field, int64_t *ret, struct err *err);
MUST_CHECK int field_as_bool(const struct field *field, bool *ret, struct err *err);

/* The value as compact JSON text; the caller frees it. */
char *field_dump(const struct field *field);

#endif
