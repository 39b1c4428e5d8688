/*
 * reader - reads many members of a document and asks once whether all were right.
 *
 * The first fault is kept in err and every later call gives zero, so that a struct is filled as
 * it is written down. A value may be used only after reader_failed has said no.
 */
#ifndef DECISION_READER_H
#define DECISION_READER_H

#include "core/base/decimal.h"
#include "core/io/field.h"

#include <stdbool.h>
#include <stdint.h>

struct reader {
	struct err *err;
	bool failed;
};

bool reader_failed(const struct reader *reader);

/* Records a fault of a member, ERR_INVALID; the first one stays. */
__attribute__((format(printf, 4, 5))) void reader_fault(struct reader *reader,
	const struct field *object, const char *name, const char *format, ...);

/* Takes the result of a call that filled reader->err on -1. */
void reader_take(struct reader *reader, int result);

/* Every member must be one of names (ended by NULL); others are refused by name. */
void reader_only(struct reader *reader, const struct field *object, const char *const *names);

/* Required members. */
struct field reader_get(struct reader *reader, const struct field *object, const char *name);
struct decimal reader_decimal(struct reader *reader, const struct field *object, const char *name);
int64_t reader_int(struct reader *reader, const struct field *object, const char *name);
bool reader_bool(struct reader *reader, const struct field *object, const char *name);
const char *reader_text(struct reader *reader, const struct field *object, const char *name);

/* Members that may be absent or null. */
bool reader_has(
	struct reader *reader, const struct field *object, const char *name, struct field *ret);
struct decimal reader_decimal_or(struct reader *reader, const struct field *object,
	const char *name, struct decimal fallback);
int64_t reader_int_or(
	struct reader *reader, const struct field *object, const char *name, int64_t fallback);
bool reader_bool_or(
	struct reader *reader, const struct field *object, const char *name, bool fallback);
const char *reader_text_or(
	struct reader *reader, const struct field *object, const char *name, const char *fallback);

#endif
