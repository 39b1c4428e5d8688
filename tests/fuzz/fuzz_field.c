/*
 * Reads any bytes as a venue's reply: whatever they are, they give a document or an error. Every
 * reader is tried on every node, and what was read and written again must be the same document.
 */
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/field.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_message(int result, const struct err *err)
{
	if (result == -1 && err->message[0] == '\0')
		die("an error without a message");
}

static void try_readers(const struct field *field)
{
	struct err err = {0};
	const char *text = NULL;
	struct decimal decimal = DECIMAL_ZERO;
	int64_t number = 0;
	bool flag = false;

	check_message(field_as_text(field, &text, &err), &err);
	check_message(field_as_decimal(field, &decimal, &err), &err);
	check_message(field_as_int(field, &number, &err), &err);
	check_message(field_as_int_text(field, &number, &err), &err);
	check_message(field_as_bool(field, &flag, &err), &err);
}

/* As deep as the document, which field_parse bounds. */
static void walk(const struct field *field)
{
	struct err err = {0};
	struct field child;
	size_t count = 0;

	try_readers(field);
	if (field_count(field, &count, &err) == 0) {
		for (size_t i = 0; i < count; i++) {
			if (field_item(field, i, &child, &err) == -1)
				die("an item within the count is missing: %s", err.message);
			walk(&child);
		}
	}
	for (size_t i = 0; i < 64 && field_name_at(field, i) != NULL; i++) {
		if (field_get(field, field_name_at(field, i), &child, &err) == -1)
			die("a name of an object is missing: %s", err.message);
		walk(&child);
	}
}

static void check_again(const char *text)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct err err;

	if (field_parse(text, strlen(text), &document, &err) == -1)
		die("what was written cannot be read: %s", err.message);
	struct field root = field_root(document);
	CLEANUP(text_free) char *again = field_dump(&root);
	if (strcmp(text, again) != 0)
		die("what was written is read as something else");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct err err = {0};

	int result = field_parse((const char *)data, size, &document, &err);
	check_message(result, &err);
	if (result == -1)
		return 0;

	struct field root = field_root(document);
	walk(&root);
	CLEANUP(text_free) char *text = field_dump(&root);
	check_again(text);
	return 0;
}
