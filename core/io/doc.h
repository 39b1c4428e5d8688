/*
 * doc - builds JSON: bodies of requests, rows' documents, --json listings.
 *
 * A doc is an object or an array under construction. Adding a doc to another hands it over
 * (the child pointer is consumed). Amounts are written as decimal strings. Running out of memory
 * ends the process; invalid UTF-8 in texts is replaced, so building cannot fail.
 */
#ifndef CORE_IO_DOC_H
#define CORE_IO_DOC_H

#include "core/base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

struct doc;
struct field;

struct doc *doc_object(void);
struct doc *doc_array(void);
void doc_free(struct doc **doc);

/* Members of an object; a NULL text gives JSON null. Keys keep their order. */
void doc_text(struct doc *object, const char *name, const char *text);
void doc_int(struct doc *object, const char *name, int64_t value);
void doc_bool(struct doc *object, const char *name, bool value);
void doc_null(struct doc *object, const char *name);
void doc_decimal(struct doc *object, const char *name, struct decimal value); /* as a string */
void doc_real(struct doc *object, const char *name, double value); /* figures only, never money */
void doc_child(struct doc *object, const char *name, struct doc *child); /* consumes child */
void doc_field(struct doc *object, const char *name, const struct field *value); /* copies */
/* Text that is JSON already (from a jsonb column); ends the process if it is not. */
void doc_json(struct doc *object, const char *name, const char *json_text);

/* Items of an array. */
void doc_push_text(struct doc *array, const char *text);
void doc_push_int(struct doc *array, int64_t value);
void doc_push_decimal(struct doc *array, struct decimal value);
void doc_push(struct doc *array, struct doc *child); /* consumes child */

/* Compact text, keys in insertion order; the caller frees it. */
char *doc_dump(const struct doc *doc);
/* Indented by two, for people. */
char *doc_dump_pretty(const struct doc *doc);

#endif
