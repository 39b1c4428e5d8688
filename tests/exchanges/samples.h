/*
 * samples - what the tests of reply parsers share: a sample reply is read through its venue's
 * envelope; then it gets a single fault, whose path the error must name.
 */
#ifndef TESTS_EXCHANGES_SAMPLES_H
#define TESTS_EXCHANGES_SAMPLES_H

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "exchanges/reply.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT_DECIMAL(value, text)                                                                \
	cr_expect(eq(                                                                              \
		str, decimal_text(value, (char[DECIMAL_TEXT_SIZE]){0}, DECIMAL_TEXT_SIZE), text))

static struct arena *arena;
static struct field_document *document; /* of the newest sample */

static inline void samples_setup(void)
{
	arena = arena_new(16384, 1024 * 1024);
}

static inline void samples_teardown(void)
{
	field_document_free(&document);
	arena_free(&arena);
}

typedef int envelope_reader(
	const struct field_document *document, struct reply_envelope *ret, struct err *err);

/* The result that a success holds. */
static inline struct field sample_result(const char *text, envelope_reader *read)
{
	struct err err = {0};
	struct reply_envelope envelope = {.text = ""};
	field_document_free(&document);
	cr_assert(eq(int, field_parse(text, strlen(text), &document, &err), 0), "%s", err.message);
	cr_assert(eq(int, read(document, &envelope, &err), 0), "%s", err.message);
	cr_assert(eq(i64, envelope.code, 0));
	return envelope.result;
}

/* text with the first find in it replaced; the caller frees it. */
static inline char *replaced(const char *text, const char *find, const char *replace)
{
	const char *at = strstr(text, find);
	cr_assert(at != NULL, "the sample has no %s", find);
	return mem_format("%.*s%s%s", (int)(at - text), text, replace, at + strlen(find));
}

struct fault_row {
	int parser; /* of the test's own list */
	char find[72], replace[88];
	char path[80]; /* the error must begin so */
};

struct fault_test {
	const char *sample;
	envelope_reader *envelope;
	int (*parse)(int parser, const struct field *result, struct err *err);
};

static inline void expect_fault(const struct fault_row *row, const struct fault_test *test)
{
	struct err err = {0};
	struct field good = sample_result(test->sample, test->envelope);
	cr_assert(eq(int, test->parse(row->parser, &good, &err), 0), "the sample itself: %s",
		err.message);

	CLEANUP(text_free) char *text = replaced(test->sample, row->find, row->replace);
	struct field bad = sample_result(text, test->envelope);
	cr_assert(
		eq(int, test->parse(row->parser, &bad, &err), -1), "%s was accepted", row->replace);
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", err.message);
	cr_expect(strncmp(err.message, row->path, strlen(row->path)) == 0, "%s, not %s",
		err.message, row->path);
}

#endif
