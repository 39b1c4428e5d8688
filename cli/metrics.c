/* metrics - every metric that a worker or scheduler exports: the contract of dashboards. */
#include "core/io/metrics.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "core/base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>

#define TABLE_LIMIT_BYTES (1 << 20)

static void print_json(void)
{
	static const struct output_column columns[] = {
		{"name", OUTPUT_TEXT},
		{"type", OUTPUT_TEXT},
		{"from", OUTPUT_TEXT},
		{"labels", OUTPUT_TEXT},
		{"says", OUTPUT_TEXT},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };
	struct metrics_entry *entries = mem_zero(METRIC_COUNT, sizeof *entries);
	const char **cells = mem_zero((size_t)METRIC_COUNT * COLUMNS, sizeof *cells);
	unsigned count = 0;

	for (; metrics_entry(count, &entries[count % METRIC_COUNT]); count++) {
		const char **row = &cells[(size_t)count * COLUMNS];
		row[0] = entries[count].name;
		row[1] = entries[count].type;
		row[2] = entries[count].process;
		row[3] = entries[count].labels;
		row[4] = entries[count].help;
	}
	output_table(columns, COLUMNS, cells, count, true);
	free(cells);
	free(entries);
}

static void print_markdown(void)
{
	CLEANUP(buffer_done) struct buffer table;

	buffer_init(&table, TABLE_LIMIT_BYTES);
	metrics_describe(&table);
	(void)fputs(table.data, stdout);
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv, (void)err;
	if (command_json(context))
		print_json();
	else
		print_markdown();
	return 0;
}

const struct command metrics_command = {
	.name = "metrics",
	.summary = "Print every metric that workers and schedulers export",
	.details = "A table in Markdown, the one of docs/metrics.md; --json gives the same for "
		   "programs.",
	.run = run,
};
