#include "decision/decision.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "decision/param.h"

#include <stdio.h>
#include <string.h>

#define TABLE_BYTES_MAX (1U << 20)

static void put(struct buffer *out, const char *text)
{
	buffer_add(out, text, strlen(text));
}

static void put_row(
	struct buffer *out, const char *name, const char *value, const struct strategy_param *param)
{
	char bound[PARAM_BOUND_SIZE];
	const char *quote = value[0] == '\0' ? "" : "`";

	param_bound(param, bound);
	put(out, "| `");
	put(out, name);
	put(out, "` | ");
	put(out, quote);
	put(out, value);
	put(out, quote);
	put(out, " | ");
	put(out, bound);
	put(out, " | ");
	put(out, param->unit);
	put(out, " | ");
	put(out, param->meaning);
	put(out, " |\n");
}

static void put_param(struct buffer *out, const struct strategy_param *param, const void *values)
{
	CLEANUP(text_free) char *value = param_text(param, values);

	put_row(out, param->name, value, param);
	for (const struct strategy_param *member = param->members;
		member != NULL && member->name != NULL; member++) {
		CLEANUP(text_free)
		char *name = mem_format("%s%s%s", param->name,
			param->kind == PARAM_LIST ? "[]." : ".", member->name);
		put_row(out, name, member->fallback == NULL ? "" : member->fallback, member);
	}
}

char *decision_params_markdown(const struct strategy_preset *preset)
{
	unsigned char values[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16))) = {0};
	CLEANUP(buffer_done) struct buffer out = {0};

	buffer_init(&out, TABLE_BYTES_MAX);
	preset->values(values);
	put(&out, "| name | value | range | unit | meaning |\n|---|---|---|---|---|\n");
	for (const struct strategy_param *param = preset->params; param->name != NULL; param++)
		put_param(&out, param, values);
	return mem_format("%.*s", (int)out.size_bytes, out.data);
}
