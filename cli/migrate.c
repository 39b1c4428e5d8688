/* migrate - brings the database to the schema of this program. */
#include "core/store/migrate.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Bounds each migration, and the wait for another installer. */
#define STATEMENT_TIMEOUT_MS (10 * 60 * 1000)

#define NUMBER_BYTES 24

static void print_status(const struct migrate_entry *entries, size_t count, bool json)
{
	static const struct output_column columns[] = {
		{"version", OUTPUT_INT},
		{"name", OUTPUT_TEXT},
		{"state", OUTPUT_TEXT},
		{"applied_at", OUTPUT_TEXT},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };
	const char **cells = mem_zero(count * COLUMNS + 1, sizeof *cells);
	char(*numbers)[NUMBER_BYTES] = mem_zero(count + 1, sizeof *numbers);

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(numbers[i], sizeof numbers[i], "%d", entries[i].version);
		cells[i * COLUMNS + 0] = numbers[i];
		cells[i * COLUMNS + 1] = entries[i].name;
		cells[i * COLUMNS + 2] = migrate_state_name(entries[i].state);
		cells[i * COLUMNS + 3] = entries[i].applied_at[0] != '\0' ? entries[i].applied_at
									  : NULL;
	}
	output_table(columns, COLUMNS, cells, count, json);
	free(numbers);
	free(cells);
}

static int show_status(struct command_context *context, struct postgres *postgres, struct err *err)
{
	struct migrate_entry *entries;
	size_t count;

	if (migrate_status(postgres, &entries, &count, err) == -1)
		return -1;
	print_status(entries, count, command_json(context));
	free(entries);
	return 0;
}

static int apply(struct command_context *context, struct postgres *postgres, struct err *err)
{
	size_t applied = 0;

	if (migrate_apply(postgres, &applied, err) == -1)
		return -1;
	if (command_json(context)) {
		CLEANUP(doc_free) struct doc *doc = doc_object();
		doc_int(doc, "applied", (int64_t)applied);
		doc_int(doc, "version", migrate_version());
		output_doc(doc);
		return 0;
	}
	if (applied == 0)
		printf("nothing to do: the schema is version %d\n", migrate_version());
	else
		printf("applied %zu: the schema is version %d\n", applied, migrate_version());
	return 0;
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct postgres *postgres;
	(void)argc, (void)argv;

	if (command_database_direct(context, STATEMENT_TIMEOUT_MS, &postgres, err) == -1)
		return -1;
	return command_given(context, "status") ? show_status(context, postgres, err)
						: apply(context, postgres, err);
}

static const struct command_option options[] = {
	{"status", NULL, "list the migrations, change nothing"},
	{0},
};

const struct command migrate_command = {
	.name = "migrate",
	.summary = "Bring the database to the schema of this program",
	.details = "Needs a direct connection (database.direct_url, else database.url) as a "
		   "superuser\n"
		   "or as an owner of the database with CREATEROLE. Any number may start at once.",
	.options = options,
	.run = run,
};
