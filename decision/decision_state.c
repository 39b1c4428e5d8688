#include "decision/decision.h"
#include "decision/reader.h"

#include <string.h>

#define FIELDS_MAX 64

struct doc *decision_state_write(const struct strategy *strategy, const void *state)
{
	struct doc *doc = doc_object();

	doc_int(doc, "version", strategy->state_version);
	for (const struct strategy_field *field = strategy->state; field->name != NULL; field++) {
		int64_t value = 0;

		memcpy(&value, (const char *)state + field->offset, sizeof value);
		doc_int(doc, field->name, value);
	}
	return doc;
}

static void only_fields(
	struct reader *reader, const struct strategy *strategy, const struct field *object)
{
	const char *names[FIELDS_MAX + 2] = {"version"};
	size_t count = 1;

	for (const struct strategy_field *field = strategy->state; field->name != NULL; field++)
		names[count++] = field->name;
	names[count] = NULL;
	reader_only(reader, object, names);
}

int decision_state_read(const struct strategy *strategy, const struct field *object,
	void *ret_state, struct err *err)
{
	struct reader reader = {.err = err};
	unsigned char made[STRATEGY_STATE_SIZE] __attribute__((aligned(16))) = {0};

	if (field_is_object(object) && field_name_at(object, 0) == NULL) {
		memset(ret_state, 0, strategy->state_size);
		return 0;
	}
	int64_t version = reader_int(&reader, object, "version");
	if (!reader_failed(&reader) && version != strategy->state_version)
		reader_fault(&reader, object, "version", "is %lld, this program writes %lld",
			(long long)version, (long long)strategy->state_version);
	only_fields(&reader, strategy, object);
	for (const struct strategy_field *field = strategy->state; field->name != NULL; field++) {
		int64_t value = reader_int(&reader, object, field->name);

		memcpy(made + field->offset, &value, sizeof value);
	}
	if (reader_failed(&reader)) {
		err->code = ERR_INVALID;
		return -1;
	}
	memcpy(ret_state, made, strategy->state_size);
	return 0;
}
