#include "cli/strategy_params.h"

#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "decision/decision.h"
#include "decision/param.h"

#include <stdio.h>

#define ROWS_MAX 160
#define COLUMNS 5

const struct command_option strategy_params_options[] = {
	{"preset", "NAME", "whose settings (the strategy's first)"},
	{"markdown", NULL, "as a table for documents"},
	{0},
};

struct listing { /* cells, row by row; all owned */
	char *cells[ROWS_MAX * COLUMNS];
	size_t rows;
};

static void listing_done(struct listing *listing)
{
	for (size_t i = 0; i < listing->rows * COLUMNS; i++)
		text_free(&listing->cells[i]);
}

int strategy_params_find(int argc, char **argv, const struct strategy **ret, struct err *err)
{
	const char *name = argc > 0 ? argv[0] : strategy_at(0)->name;

	*ret = strategy_find(name);
	if (*ret == NULL)
		return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER,
			"unrecognized strategy \"%.40s\"", name);
	return 0;
}

static void add_row(
	struct listing *listing, char *name, char *value, const struct strategy_param *param)
{
	char **cells = &listing->cells[listing->rows * COLUMNS];
	char bound[PARAM_BOUND_SIZE];

	if (listing->rows == ROWS_MAX)
		die("more than %d settings", ROWS_MAX);
	param_bound(param, bound);
	cells[0] = name;
	cells[1] = value;
	cells[2] = mem_text(bound);
	cells[3] = mem_text(param->unit);
	cells[4] = mem_text(param->meaning);
	listing->rows++;
}

/* Members stand below their object: name.member, name[].member of a list. */
static void add_param(
	struct listing *listing, const struct strategy_param *param, const void *values)
{
	bool is_list = param->kind == PARAM_LIST && param_load(param, values) > 0;
	char *value = is_list ? mem_format("%lld items", (long long)param_load(param, values))
			      : param_text(param, values);

	add_row(listing, mem_text(param->name), value, param);
	if (param->members == NULL)
		return;
	const char *infix = param->kind == PARAM_LIST ? "[]." : ".";
	for (const struct strategy_param *member = param->members; member->name != NULL; member++)
		add_row(listing, mem_format("%s%s%s", param->name, infix, member->name),
			mem_text(member->fallback == NULL ? "" : member->fallback), member);
}

static void print_table(const struct listing *listing)
{
	static const struct output_column columns[COLUMNS] = {
		{"name", OUTPUT_TEXT},
		{"value", OUTPUT_TEXT},
		{"range", OUTPUT_TEXT},
		{"unit", OUTPUT_TEXT},
		{"meaning", OUTPUT_TEXT},
	};

	output_table(columns, COLUMNS, (const char *const *)listing->cells, listing->rows, false);
}

int strategy_params_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(listing_done) struct listing listing = {.rows = 0};
	unsigned char values[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16))) = {0};
	const char *name = command_value(context, "preset");
	const struct strategy *strategy;

	if (strategy_params_find(argc, argv, &strategy, err) == -1)
		return -1;
	const struct strategy_preset *preset = name == NULL ? &strategy->presets[0]
							    : strategy_preset(strategy, name);
	if (preset == NULL)
		return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER,
			"strategy %s has no preset \"%.40s\"", strategy->name, name);
	if (command_json(context)) {
		CLEANUP(doc_free) struct doc *schema = decision_schema(strategy, preset);
		output_doc(schema);
		return 0;
	}
	if (command_given(context, "markdown")) {
		CLEANUP(text_free) char *table = decision_params_markdown(preset);
		fputs(table, stdout);
		return 0;
	}
	preset->values(values);
	for (const struct strategy_param *param = preset->params; param->name != NULL; param++)
		add_param(&listing, param, values);
	print_table(&listing);
	return 0;
}
