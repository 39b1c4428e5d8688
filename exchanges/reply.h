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
#include "core/market/market.h"

struct reply_envelope {      /* what stands around a result, in any venue's words */
	int64_t code;        /* 0: the venue agreed */
	const char *text;    /* its words, borrowed, "" if there are none */
	struct field result; /* absent or null in some refusals: not checked here */
	bool has_server_time;
	int64_t server_ms;
};

/* {"serverTime": ms} */
MUST_CHECK int reply_server_time(
	const struct field *result, int64_t *ret_server_ms, struct err *err);

/* A text that must fit into the room that our nouns give it. */
MUST_CHECK int reply_copy_text(
	const struct field *row, const char *name, char *ret, size_t size, struct err *err);

/* "" if the field is absent. */
MUST_CHECK int reply_optional_text(
	const struct field *row, const char *name, const char **ret, struct err *err);

struct reply_word { /* a venue's word and what it means to us */
	const char *word;
	int value;
};
/* What a word means. One that is not known is an error: guessing it could hide a fill. */
MUST_CHECK int reply_word(const struct field *row, const char *name, const struct reply_word *words,
	size_t count, int *ret, struct err *err);
#define REPLY_WORD(row, name, words, ret, err)                                                     \
	reply_word(row, name, words, sizeof(words) / sizeof(words)[0], ret, err)
/* "PATH.NAME: unrecognized "WORD"". Returns -1. */
int reply_unrecognized(
	const struct field *row, const char *name, const char *word, struct err *err);

/* An amount that the venue leaves empty where it is zero by nature. */
MUST_CHECK int reply_decimal_or_zero(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);
/* Sizes and costs that may be zero or empty, never negative. */
MUST_CHECK int reply_amount_or_zero(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);
/* The same; 0 if the field is absent. */
MUST_CHECK int reply_optional_amount(
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

MUST_CHECK int reply_positive_number(
	const struct field *row, const char *name, struct decimal *ret, struct err *err);

/*
 * Open, high, low, close and volume of a candle, items at to at + 4 of its row. Strings, or
 * numbers too.
 */
MUST_CHECK int reply_candle(
	const struct field *row, size_t at, bool numbers, struct candle *ret, struct err *err);
/* Candles that do not ascend are an error. */
MUST_CHECK int reply_check_ascending(
	const struct field *list, const struct candle *candles, size_t count, struct err *err);

/* Puts the tiers into the order of their limits. */
void reply_sort_tiers(struct rules *rules);

/* A list of at most limit rows. */
MUST_CHECK int reply_count(
	const struct field *list, size_t limit, size_t *ret_count, struct err *err);

/*
 * ERR_PROTOCOL with "PATH.NAME: …", or "PATH: …" where name is NULL; a root is called "the
 * document". Returns -1.
 */
__attribute__((format(printf, 4, 5))) int reply_fault(
	const struct field *field, const char *name, struct err *err, const char *format, ...);

/* "PATH: PROBLEM "WORD"". Returns -1. */
int reply_unclear(
	const struct field *field, const char *problem, const char *word, struct err *err);

/* As in core/base/err.h: the compiler is told that it fails. */
#define reply_fault(...) (reply_fault(__VA_ARGS__), err_failed())

/* Room in the arena for more items behind count: a list is copied once per page, pages are few. */
void *reply_appended(
	struct arena *arena, const void *items, size_t count, size_t more, size_t size_bytes);

#endif
