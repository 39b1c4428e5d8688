/* key - the master key ring and the tenants' key pairs: making, listing, rotating. */
#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/guarded.h"
#include "cli/key_master.h"
#include "cli/key_rotate.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/tenant.h"
#include "core/vault/vault.h"

#include <string.h>

/* --- key list ------------------------------------------------------------------------------- */

/* In the child: which of the ids that tenants use the ring holds. */
static int compare_ring(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct postgres_result *used = context;
	struct doc *list = doc_array();
	bool current_used = false;
	(void)err;

	for (size_t row = 0; row < postgres_rows(used); row++) {
		const char *id = postgres_text(used, row, 0);
		bool current = vault != NULL && strcmp(id, vault_current_id(vault)) == 0;
		struct doc *key = doc_object();
		doc_text(key, "id", id);
		doc_int(key, "tenants", postgres_int(used, row, 1));
		doc_bool(key, "in_ring", vault != NULL && vault_has(vault, id));
		doc_bool(key, "current", current);
		doc_push(list, key);
		current_used = current_used || current;
	}
	if (vault != NULL && !current_used) {
		struct doc *key = doc_object();
		doc_text(key, "id", vault_current_id(vault));
		doc_int(key, "tenants", 0);
		doc_bool(key, "in_ring", true);
		doc_bool(key, "current", true);
		doc_push(list, key);
	}
	*ret = list;
	return 0;
}

static int print_keys(const char *text, bool json, struct err *err)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"tenants", OUTPUT_INT},
		{"in_ring", OUTPUT_BOOL},
		{"current", OUTPUT_BOOL},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };
	CLEANUP(field_document_free) struct field_document *document = NULL;
	size_t count;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field list = field_root(document);
	if (field_count(&list, &count, err) == -1)
		return -1;
	char **cells = mem_zero(count * COLUMNS + 1, sizeof *cells);
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		struct field key;
		int64_t tenants = 0;
		const char *id = "";
		bool in_ring = false;
		bool current = false;
		if (field_item(&list, i, &key, err) == -1 ||
			field_text(&key, "id", &id, err) == -1 ||
			field_int(&key, "tenants", &tenants, err) == -1 ||
			field_bool(&key, "in_ring", &in_ring, err) == -1 ||
			field_bool(&key, "current", &current, err) == -1)
			result = -1;
		cells[i * COLUMNS] = mem_text(id);
		cells[i * COLUMNS + 1] = mem_format("%lld", (long long)tenants);
		cells[i * COLUMNS + 2] = mem_text(in_ring ? "true" : "false");
		cells[i * COLUMNS + 3] = mem_text(current ? "true" : "false");
	}
	if (result == 0)
		output_table(columns, COLUMNS, (const char *const *)cells, count, json);
	for (size_t i = 0; i < count * COLUMNS; i++)
		text_free(&cells[i]);
	free(cells);
	return result;
}

static int run_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	const struct config *config = command_config(context);
	CLEANUP(postgres_result_free) struct postgres_result *used = NULL;
	CLEANUP(text_free) char *text = NULL;
	struct postgres *postgres;
	(void)argc, (void)argv;

	if (command_database(context, &postgres, err) == -1 ||
		tenant_master_keys(postgres, &used, err) == -1)
		return -1;
	struct guarded_task task = {
		.config = config,
		.ring = config_text(config, "vault.master_key_file")[0] != '\0',
		.work = compare_ring,
		.context = used,
	};
	if (guarded_run(&task, &text, err) == -1)
		return -1;
	return print_keys(text, command_json(context), err);
}

/* --- the command ---------------------------------------------------------------------------- */

static const struct command_option master_options[] = {
	{"id", "ID", "the new key's name (master- and today's date and time)"},
	{0},
};
static const struct command_option rotate_options[] = {
	ACTOR_OPTION,
	{0},
};

static const struct command actions[] = {
	{
		.name = "master",
		.operands = "FILE",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Make a master key: a new ring file, or a new first key of one",
		.details =
			"The first key of a ring wraps, all of them unwrap. To rotate: add a key "
			"here,\ngive the file to every worker (HUP), run key rotate-master, then "
			"take the old\nline out of the file.",
		.options = master_options,
		.run = key_master_run,
	},
	{
		.name = "rotate-master",
		.summary = "Wrap every tenant's key by the ring's first key",
		.details = "Online: runs go on. May be interrupted and started again.",
		.options = rotate_options,
		.run = key_rotate_master_run,
	},
	{
		.name = "rotate-tenant",
		.operands = "TENANT",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Give a tenant a new key pair and seal its credentials anew",
		.details =
			"One transaction: runs see the old pair or the new one. A credential that "
			"does\nnot open leaves everything as it was.",
		.options = rotate_options,
		.asks = true,
		.run = key_rotate_tenant_run,
	},
	{
		.name = "list",
		.summary = "List the master keys in use and whether the ring holds them",
		.run = run_list,
	},
	{0},
};

const struct command key_command = {
	.name = "key",
	.summary = "Make, list and rotate keys",
	.actions = actions,
};
