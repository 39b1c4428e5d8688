#include "cli/pair_options.h"

#include "cli/text_file.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"

#include <string.h>

#define PARAMS_BYTES_MAX (1U << 20)

static void add_int(struct doc *object, const char *name, int64_t value)
{
	if (value >= 0)
		doc_int(object, name, value);
}

static void add_text(struct doc *object, const char *name, const char *value)
{
	if (value != NULL)
		doc_text(object, name, value);
}

/* "SYMBOL:SIDE", "SYMBOL:SIDE:auto", "SYMBOL:SIDE:manual". */
static int split_pair(const char *option, const char *text, struct doc *pair, struct err *err)
{
	CLEANUP(text_free) char *copy = mem_text(text);
	char *side = strchr(copy, ':');
	char *word = side == NULL ? NULL : strchr(side + 1, ':');

	if (side == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--%s: expected SYMBOL:long or SYMBOL:short, got \"%.60s\"", option, text);
	*side++ = '\0';
	if (word != NULL)
		*word++ = '\0';
	if (word != NULL && strcmp(word, "auto") != 0 && strcmp(word, "manual") != 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--%s: expected auto or manual after the side, got \"%.40s\"", option,
			word);
	doc_text(pair, "symbol", copy);
	doc_text(pair, "side", side);
	doc_bool(pair, "automatic_mode", word == NULL || strcmp(word, "auto") == 0);
	return 0;
}

/* The parameters' document, or NULL. A file's text must be JSON before it is put into a doc. */
static int params_text(struct command_context *context, char **ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *file = command_value(context, "params");
	const char *preset = command_value(context, "preset");

	*ret = NULL;
	if (file != NULL && preset != NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"give --preset or --params, not both: a file may name its preset");
	if (preset != NULL) {
		CLEANUP(doc_free) struct doc *doc = doc_object();
		doc_text(doc, "preset", preset);
		*ret = doc_dump(doc);
		return 0;
	}
	if (file == NULL)
		return 0;
	if (text_file_read_json(file, PARAMS_BYTES_MAX, &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	*ret = field_dump(&root);
	return 0;
}

int pair_options_add(
	struct command_context *context, const char *option, struct doc *list, struct err *err)
{
	CLEANUP(text_free) char *params = NULL;
	const char *text;
	int64_t leverage;
	int64_t ema_interval;

	if (command_int(context, "leverage", 1, 125, -1, &leverage, err) == -1 ||
		command_int(context, "ema-interval", 1, 10080, -1, &ema_interval, err) == -1 ||
		params_text(context, &params, err) == -1)
		return -1;
	for (size_t i = 0; (text = command_value_at(context, option, i)) != NULL; i++) {
		struct doc *pair = doc_object();
		doc_push(list, pair);
		if (split_pair(option, text, pair, err) == -1)
			return -1;
		add_int(pair, "leverage", leverage);
		add_int(pair, "ema_interval", ema_interval);
		add_text(pair, "position_mode", command_value(context, "position-mode"));
		if (params != NULL)
			doc_json(pair, "params", params);
	}
	return 0;
}
