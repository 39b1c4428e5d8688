#include "decision/param.h"

#include "core/base/cleanup.h"
#include "core/base/decimal.h"
#include "core/io/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int param_places(enum param_kind kind)
{
	return kind == PARAM_RATIO ? 6 : 8;
}

int64_t param_index(const struct strategy_param *param, const char *text)
{
	for (int64_t i = 0; param->names[i] != NULL; i++) {
		if (strcmp(param->names[i], text) == 0)
			return i;
	}
	return -1;
}

void param_store(const struct strategy_param *param, void *base, int64_t value)
{
	memcpy((char *)base + param->offset, &value, sizeof value);
}

int64_t param_load(const struct strategy_param *param, const void *base)
{
	int64_t value = 0;

	memcpy(&value, (const char *)base + param->offset, sizeof value);
	return value;
}

const void *param_item_of(const struct strategy_param *param, const void *base, size_t index)
{
	return (const char *)base + param->offset + sizeof(int64_t) + index * param->item_size;
}

void *param_item(const struct strategy_param *param, void *base, size_t index)
{
	return (char *)base + param->offset + sizeof(int64_t) + index * param->item_size;
}

int64_t param_of_text(const struct strategy_param *param, const char *text)
{
	int64_t value = 0;

	switch (param->kind) {
	case PARAM_INT:
		return strtoll(text, NULL, 10);
	case PARAM_RATIO:
	case PARAM_MONEY:
		if (decimal_count(decimal_literal(text),
			    decimal_scaled(1, param_places(param->kind)), &value))
			return value;
		break;
	case PARAM_BOOL:
		return strcmp(text, "true") == 0;
	case PARAM_ENUM:
		value = param_index(param, text);
		if (value != -1)
			return value;
		break;
	case PARAM_SET:
	case PARAM_OBJECT:
	case PARAM_LIST:
		break;
	}
	die("%s: no value of it is \"%s\"", param->name, text);
}

static struct decimal amount_of(const struct strategy_param *param, int64_t value)
{
	return decimal_trim(decimal_scaled(value, param_places(param->kind)));
}

__attribute__((format(printf, 2, 3))) static void append(
	char text[PARAM_BOUND_SIZE], const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text + used, PARAM_BOUND_SIZE - used, format, arguments);
	va_end(arguments);
}

static void append_names(char text[PARAM_BOUND_SIZE], const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++)
		append(text, "%s%s", i > 0 ? ", " : "", names[i]);
}

void param_bound(const struct strategy_param *param, char text[PARAM_BOUND_SIZE])
{
	text[0] = '\0';
	switch (param->kind) {
	case PARAM_INT:
		append(text, "%lld to %lld", (long long)param->minimum, (long long)param->maximum);
		break;
	case PARAM_RATIO:
	case PARAM_MONEY:
		append(text, "%s to %s", DECIMAL_TEXT(amount_of(param, param->minimum)),
			DECIMAL_TEXT(amount_of(param, param->maximum)));
		break;
	case PARAM_BOOL:
		append(text, "true or false");
		break;
	case PARAM_ENUM:
		append_names(text, param->names);
		break;
	case PARAM_SET:
		append(text, "some of ");
		append_names(text, param->names);
		break;
	case PARAM_OBJECT:
		append(text, "an object");
		break;
	case PARAM_LIST:
		append(text, "%lld to %lld items", (long long)param->minimum,
			(long long)param->maximum);
		break;
	}
	if (param->nullable)
		append(text, ", or null");
}

static struct doc *members_of(const struct strategy_param *param, const void *item)
{
	struct doc *object = doc_object();

	for (const struct strategy_param *member = param->members; member->name != NULL; member++)
		param_write(member, item, object);
	return object;
}

static struct doc *list_of(const struct strategy_param *param, const void *base, int64_t count)
{
	struct doc *list = doc_array();

	for (int64_t i = 0; i < count; i++)
		doc_push(list, members_of(param, param_item_of(param, base, (size_t)i)));
	return list;
}

static struct doc *set_of(const struct strategy_param *param, int64_t set)
{
	struct doc *list = doc_array();

	for (size_t i = 0; param->names[i] != NULL; i++) {
		if (set & (1LL << i))
			doc_push_text(list, param->names[i]);
	}
	return list;
}

void param_write(const struct strategy_param *param, const void *base, struct doc *object)
{
	int64_t value = param_load(param, base);

	if (value == PARAM_OFF || (param->kind == PARAM_OBJECT && value == 0)) {
		doc_null(object, param->name);
		return;
	}
	switch (param->kind) {
	case PARAM_INT:
		doc_int(object, param->name, value);
		break;
	case PARAM_RATIO:
	case PARAM_MONEY:
		doc_decimal(object, param->name, amount_of(param, value));
		break;
	case PARAM_BOOL:
		doc_bool(object, param->name, value != 0);
		break;
	case PARAM_ENUM:
		doc_text(object, param->name, param->names[value]);
		break;
	case PARAM_SET:
		doc_child(object, param->name, set_of(param, value));
		break;
	case PARAM_OBJECT:
		doc_child(object, param->name, members_of(param, param_item_of(param, base, 0)));
		break;
	case PARAM_LIST:
		doc_child(object, param->name, list_of(param, base, value));
		break;
	}
}

char *param_text(const struct strategy_param *param, const void *base)
{
	CLEANUP(doc_free) struct doc *object = doc_object();

	param_write(param, base, object);
	char *text = doc_dump(object);
	size_t size = strlen(text);

	/* {"name":VALUE}; a text without its quotes, as a person would say it. */
	char *value = text + strlen(param->name) + 4;
	size -= strlen(param->name) + 5;
	if (size >= 2 && value[0] == '"') {
		value++;
		size -= 2;
	}
	memmove(text, value, size);
	text[size] = '\0';
	return text;
}
