#include "decision/decision.h"

#include "core/base/cleanup.h"
#include "decision/param.h"

#include <stdio.h>

struct doc *decision_params_write(const struct strategy *strategy, const void *params)
{
	const struct strategy_preset *preset = strategy_preset_of(strategy, params);
	struct doc *doc = doc_object();

	for (const struct strategy_param *param = preset->params; param->name != NULL; param++)
		param_write(param, params, doc);
	return doc;
}

/* ---- a schema ------------------------------------------------------------------------------- */

static struct doc *schema_of(const struct strategy_param *param);

static void put_decimal(struct doc *schema, const struct strategy_param *param)
{
	int places = param_places(param->kind);
	const char *sign = param->minimum < 0 ? "-?" : "";
	char pattern[48];

	(void)snprintf(pattern, sizeof pattern, "^%s[0-9]+(\\.[0-9]{1,%d})?$", sign, places);
	doc_text(schema, "pattern", pattern);
	doc_decimal(schema, "x-minimum", decimal_trim(decimal_scaled(param->minimum, places)));
	doc_decimal(schema, "x-maximum", decimal_trim(decimal_scaled(param->maximum, places)));
}

static struct doc *names_of(const char *const *names)
{
	struct doc *list = doc_array();

	for (size_t i = 0; names[i] != NULL; i++)
		doc_push_text(list, names[i]);
	return list;
}

static void put_set(struct doc *schema, const struct strategy_param *param)
{
	struct doc *items = doc_object();

	doc_child(items, "enum", names_of(param->names));
	doc_child(schema, "items", items);
	doc_bool(schema, "uniqueItems", true);
}

static void put_members(struct doc *schema, const struct strategy_param *members)
{
	struct doc *properties = doc_object();
	struct doc *required = doc_array();

	for (const struct strategy_param *member = members; member->name != NULL; member++) {
		doc_child(properties, member->name, schema_of(member));
		if (member->fallback == NULL)
			doc_push_text(required, member->name);
	}
	doc_child(schema, "properties", properties);
	doc_child(schema, "required", required);
	doc_bool(schema, "additionalProperties", false);
}

static struct doc *object_of(const struct strategy_param *members)
{
	struct doc *object = doc_object();

	doc_text(object, "type", "object");
	put_members(object, members);
	return object;
}

/* "type": "string", or ["string", "null"]. */
static void put_type(struct doc *schema, const struct strategy_param *param)
{
	static const char *const types[] = {
		[PARAM_INT] = "integer",
		[PARAM_RATIO] = "string",
		[PARAM_MONEY] = "string",
		[PARAM_BOOL] = "boolean",
		[PARAM_ENUM] = "string",
		[PARAM_SET] = "array",
		[PARAM_OBJECT] = "object",
		[PARAM_LIST] = "array",
	};

	if (!param->nullable) {
		doc_text(schema, "type", types[param->kind]);
		return;
	}
	struct doc *both = doc_array();
	doc_push_text(both, types[param->kind]);
	doc_push_text(both, "null");
	doc_child(schema, "type", both);
}

static void put_kind(struct doc *schema, const struct strategy_param *param)
{
	switch (param->kind) {
	case PARAM_INT:
		doc_int(schema, "minimum", param->minimum);
		doc_int(schema, "maximum", param->maximum);
		break;
	case PARAM_RATIO:
	case PARAM_MONEY:
		put_decimal(schema, param);
		break;
	case PARAM_BOOL:
		break;
	case PARAM_ENUM:
		doc_child(schema, "enum", names_of(param->names));
		break;
	case PARAM_SET:
		put_set(schema, param);
		break;
	case PARAM_OBJECT:
		put_members(schema, param->members);
		break;
	case PARAM_LIST:
		doc_child(schema, "items", object_of(param->members));
		doc_int(schema, "minItems", param->minimum);
		doc_int(schema, "maxItems", param->maximum);
		break;
	}
}

static struct doc *schema_of(const struct strategy_param *param)
{
	struct doc *schema = doc_object();

	put_type(schema, param);
	doc_text(schema, "description", param->meaning);
	put_kind(schema, param);
	if (param->unit[0] != '\0')
		doc_text(schema, "x-unit", param->unit);
	if (param->fallback != NULL)
		doc_text(schema, "x-default", param->fallback);
	return schema;
}

struct doc *decision_schema(const struct strategy *strategy, const struct strategy_preset *preset)
{
	unsigned char values[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16))) = {0};
	struct doc *schema = doc_object();
	struct doc *properties = doc_object();
	char title[80];

	preset->values(values);
	for (const struct strategy_param *param = preset->params; param->name != NULL; param++)
		doc_child(properties, param->name, schema_of(param));
	(void)snprintf(title, sizeof title, "%s, preset %s", strategy->name, preset->name);
	doc_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	doc_text(schema, "title", title);
	doc_text(schema, "description", preset->meaning);
	doc_text(schema, "type", "object");
	doc_child(schema, "properties", properties);
	doc_child(schema, "default", decision_params_write(strategy, values));
	doc_bool(schema, "additionalProperties", false);
	return schema;
}
