/*
 * case - reads a snapshot text into a decision, for the tests of this room.
 */
#ifndef TESTS_DECISION_CASE_H
#define TESTS_DECISION_CASE_H

#include "core/base/cleanup.h"
#include "decision/decision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (4U << 20)

/* The whole file as text the caller frees, or NULL. */
static inline char *case_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return NULL;

	char *text = calloc(1, 1 << 20);
	size_t size = fread(text, 1, (1 << 20) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static inline int case_read(const char *text, struct decision_case *ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16, ARENA_BYTES);

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	return decision_read(&root, arena, ret, err);
}

/* The answer as compact text the caller frees. */
static inline char *case_answer(struct decision_case *decision)
{
	struct strategy_output *output = calloc(1, sizeof *output);

	decision->input.params = decision->params;
	decision->strategy->decide(&decision->input, decision->state, output);
	CLEANUP(doc_free) struct doc *doc = decision_write_output(decision, output);
	free(output);
	return doc_dump(doc);
}

#endif
