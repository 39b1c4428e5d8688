/*
 * reply - readings of a venue's fields that core/io/field does not know, shared by all venues.
 *
 * Pure. As field: presence and type are checked, an error is ERR_PROTOCOL and names the path.
 * Outputs are written on success only.
 */
#ifndef EXCHANGES_REPLY_H
#define EXCHANGES_REPLY_H

#include "core/base/arena.h"
#include "core/io/field.h"

/* A text that must fit into the room that our nouns give it. */
MUST_CHECK int reply_copy_text(
	const struct field *row, const char *name, char *ret, size_t size, struct err *err);

/* An amount that the venue leaves empty where it is zero by nature. */
MUST_CHECK int reply_decimal_or_zero(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);
/* Sizes and costs that may be zero or empty, never negative. */
MUST_CHECK int reply_amount_or_zero(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);
/* Prices and sizes: a decimal above zero. */
MUST_CHECK int reply_positive(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);

/*
 * A decimal string, or a JSON number. The library holds a fraction as a double: 15 digits give
 * back what the venue wrote, as far as it wrote no more. For rates and tiers, never for an amount
 * that is booked.
 */
MUST_CHECK int reply_as_number(const struct field *value, struct decimal *ret, struct err *err);
MUST_CHECK int reply_number(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);

/* A list of at most limit rows. */
MUST_CHECK int reply_count(
	const struct field *list, size_t limit, size_t *ret_count, struct err *err);

/* "PATH: PROBLEM "WORD"". Returns -1. */
int reply_unclear(
	const struct field *field, const char *problem, const char *word, struct err *err);

/* Room in the arena for more items behind count: a list is copied once per page, pages are few. */
void *reply_appended(
	struct arena *arena, const void *items, size_t count, size_t more, size_t size_bytes);

#endif
