/* config - what is in force, and where it came from; secrets are masked. */
#include "core/io/config.h"

#include "cli/commands.h"
#include "cli/output.h"

#include <stdlib.h>

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	static const struct output_column columns[] = {
		{"name", OUTPUT_TEXT},
		{"value", OUTPUT_TEXT},
		{"source", OUTPUT_TEXT},
		{"meaning", OUTPUT_TEXT},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };
	const struct config *config = command_config(context);
	struct config_entry *entries = NULL;
	struct config_entry entry;
	size_t count = 0;
	(void)argc, (void)argv, (void)err;

	while (config_entry(config, count, &entry)) {
		entries = mem_grow(entries, count + 1, sizeof *entries);
		entries[count++] = entry;
	}
	const char **cells = mem_zero(count * COLUMNS + 1, sizeof *cells);
	for (size_t i = 0; i < count; i++) {
		cells[i * COLUMNS + 0] = entries[i].name;
		cells[i * COLUMNS + 1] = entries[i].value;
		cells[i * COLUMNS + 2] = entries[i].source;
		cells[i * COLUMNS + 3] = entries[i].meaning;
	}
	output_table(columns, COLUMNS, cells, count, command_json(context));
	free(cells);
	free(entries);
	return 0;
}

const struct command config_command = {
	.name = "config",
	.summary = "Print the settings in force and where each comes from",
	.details = "Settings come from the --config file, then from the environment\n"
		   "(BOTBEAT_DATABASE_URL for database.url), then from --set. Secrets are masked.",
	.run = run,
};
