#include "decision/decision.h"
#include "decision/reader.h"

#include <string.h>

#define FIELDS_MAX 64

static const struct strategy_preset *preset_of(const struct decision_case *decision)
{
	return strategy_preset_of(decision->strategy, decision->params);
}

struct doc *decision_state_write(const struct decision_case *decision, const void *state)
{
	const struct strategy_preset *preset = preset_of(decision);
	struct doc *doc = doc_object();

	doc_int(doc, "version", decision->strategy->state_version);
	if (!preset->plain_state)
		doc_text(doc, "preset", preset->name);
	for (const struct strategy_field *field = preset->state; field->name != NULL; field++) {
		int64_t value = 0;

		memcpy(&value, (const char *)state + field->offset, sizeof value);
		doc_int(doc, field->name, value);
	}
	return doc;
}

static void only_fields(
	struct reader *reader, const struct strategy_preset *preset, const struct field *object)
{
	const char *names[FIELDS_MAX + 3] = {"version", "preset"};
	size_t count = 2;

	for (const struct strategy_field *field = preset->state; field->name != NULL; field++)
		names[count++] = field->name;
	names[count] = NULL;
	reader_only(reader, object, names);
}

/* Whose memory it is: a state that does not say is that of the preset that never says. */
static const char *owner_of(
	struct reader *reader, const struct strategy *strategy, const struct field *object)
{
	const char *plain = "";

	for (const struct strategy_preset *preset = strategy->presets; preset->name != NULL;
		preset++) {
		if (preset->plain_state)
			plain = preset->name;
	}
	return reader_text_or(reader, object, "preset", plain);
}

static bool is_empty(const struct field *object)
{
	return field_is_object(object) && field_name_at(object, 0) == NULL;
}

int decision_state_read(struct decision_case *decision, const struct field *object, struct err *err)
{
	const struct strategy *strategy = decision->strategy;
	const struct strategy_preset *preset = preset_of(decision);
	struct reader reader = {.err = err};
	unsigned char made[STRATEGY_STATE_SIZE] __attribute__((aligned(16))) = {0};

	memset(decision->state, 0, sizeof decision->state);
	if (is_empty(object))
		return 0;
	int64_t version = reader_int(&reader, object, "version");
	if (!reader_failed(&reader) && version != strategy->state_version)
		reader_fault(&reader, object, "version", "is %lld, this program writes %lld",
			(long long)version, (long long)strategy->state_version);
	const char *owner = owner_of(&reader, strategy, object);
	/* What another rule remembers means nothing to this one: it begins anew. */
	if (!reader_failed(&reader) && strcmp(owner, preset->name) != 0)
		return 0;
	only_fields(&reader, preset, object);
	for (const struct strategy_field *field = preset->state; field->name != NULL; field++) {
		int64_t value = reader_int(&reader, object, field->name);

		memcpy(made + field->offset, &value, sizeof value);
	}
	if (reader_failed(&reader)) {
		err->code = ERR_INVALID;
		return -1;
	}
	memcpy(decision->state, made, sizeof made);
	return 0;
}
