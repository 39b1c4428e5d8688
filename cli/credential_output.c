#include "cli/credential_output.h"

#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"

#include <string.h>

struct doc *credential_output_doc(const struct credential_check *check)
{
	struct doc *doc = doc_object();

	doc_text(doc, "account_id", check->account_id);
	doc_text(doc, "status", check->status);
	doc_text(doc, "reason", check->reason[0] == '\0' ? NULL : check->reason);
	doc_bool(doc, "trade", check->identity.can_trade);
	doc_bool(doc, "address_bound",
		check->identity.address_bound_known && check->identity.address_bound);
	doc_text(doc, "note", check->identity.note[0] == '\0' ? NULL : check->identity.note);
	return doc;
}

static const char *optional_text(const struct field *object, const char *name)
{
	struct field member;
	const char *text = NULL;
	struct err ignored;

	if (field_get_optional(object, name, &member, &ignored) == 0 && field_present(&member) &&
		field_as_text(&member, &text, &ignored) == 0)
		return text;
	return NULL;
}

int credential_output_print(const struct command_context *context,
	const struct credential *credential, const char *text, struct err *err)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"account_id", OUTPUT_TEXT},
		{"status", OUTPUT_TEXT},
		{"reason", OUTPUT_TEXT},
		{"trade", OUTPUT_BOOL},
		{"address_bound", OUTPUT_BOOL},
		{"note", OUTPUT_TEXT},
	};
	CLEANUP(field_document_free) struct field_document *document = NULL;
	bool trade;
	bool bound;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (field_bool(&root, "trade", &trade, err) == -1 ||
		field_bool(&root, "address_bound", &bound, err) == -1)
		return -1;
	const char *cells[] = {credential->id.text, credential->name,
		optional_text(&root, "account_id"), optional_text(&root, "status"),
		optional_text(&root, "reason"), trade ? "true" : "false", bound ? "true" : "false",
		optional_text(&root, "note")};
	output_record(columns, sizeof columns / sizeof columns[0], cells, command_json(context));
	return 0;
}
