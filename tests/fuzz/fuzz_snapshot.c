/*
 * Reads any bytes as a snapshot: they give a decision or an error that says something. A snapshot
 * that is read is decided, written, read again and must be decided alike.
 */
#include "core/base/cleanup.h"
#include "decision/decision.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ARENA_CHUNK_BYTES (64U << 10)
#define ARENA_BYTES_MAX (8U << 20)

static char *answer_of(struct decision_case *decision)
{
	static struct strategy_output output;

	decision->strategy->decide(&decision->input, decision->state, &output);
	CLEANUP(doc_free) struct doc *doc = decision_write_output(decision, &output);
	return doc_dump(doc);
}

static int read_text(const char *text, size_t size, struct decision_case *ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK_BYTES, ARENA_BYTES_MAX);

	if (field_parse(text, size, &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	return decision_read(&root, arena, ret, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decision_case decision, copy;
	struct err err = {0};

	if (read_text((const char *)data, size, &decision, &err) == -1) {
		if (err.message[0] == '\0')
			die("an error without a message");
		return 0;
	}
	CLEANUP(text_free) char *answer = answer_of(&decision);
	CLEANUP(doc_free) struct doc *doc = decision_write(&decision);
	CLEANUP(text_free) char *written = doc_dump(doc);

	if (read_text(written, strlen(written), &copy, &err) == -1)
		die("what was written cannot be read: %s", err.message);
	CLEANUP(text_free) char *again = answer_of(&copy);
	if (strcmp(answer, again) != 0)
		die("what was written is decided otherwise");
	return 0;
}
