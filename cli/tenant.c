/* tenant - adds and lists tenants. */
#include "core/store/tenant.h"

#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/guarded.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/audit.h"
#include "core/vault/vault.h"

#include <stdio.h>
#include <string.h>

/* --- tenant add ----------------------------------------------------------------------------- */

/* In the child: a key pair, of which only the public half leaves it in clear. */
static int make_keys(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct tenant *tenant = context;
	CLEANUP(text_free) char *public_key = NULL;
	CLEANUP(text_free) char *wrapped = NULL;

	if (vault_new_tenant(vault, tenant->id.text, &public_key, &wrapped, err) == -1)
		return -1;
	*ret = doc_object();
	doc_text(*ret, "public_key", public_key);
	doc_text(*ret, "wrapped", wrapped);
	doc_text(*ret, "master_key_id", vault_current_id(vault));
	return 0;
}

static int read_keys(const char *text, struct tenant_keys *ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *public_key;
	const char *wrapped;
	const char *master_key_id;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (field_text(&root, "public_key", &public_key, err) == -1 ||
		field_text(&root, "wrapped", &wrapped, err) == -1 ||
		field_text(&root, "master_key_id", &master_key_id, err) == -1)
		return -1;
	*ret = (struct tenant_keys){
		.public_key = mem_text(public_key),
		.wrapped_private_key = mem_text(wrapped),
		.master_key_id = mem_text(master_key_id),
	};
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	size_t length = strlen(name);
	struct uuid uuid;
	struct err not_uuid;

	if (length == 0 || length > TENANT_NAME_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the name of a tenant has 1 to %d bytes", TENANT_NAME_MAX);
	/* TENANT/NAME and ids are how other commands name things. */
	if (strpbrk(name, "/:") != NULL || uuid_parse(name, &uuid, &not_uuid) == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the name of a tenant holds no \"/\" or \":\" and is no uuid");
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"the name of a tenant holds no control characters");
	return 0;
}

static int store(struct command_context *context, struct postgres *postgres,
	const struct tenant *tenant, struct err *err)
{
	struct audit_entry entry = {
		.actor = actor_name(context),
		.tenant = &tenant->id,
		.action = "tenant.add",
		.object = tenant->name,
	};

	if (postgres_begin(postgres, err) == -1)
		return -1;
	if (tenant_add(postgres, tenant, err) == -1 || audit_add(postgres, &entry, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

static void print_added(const struct command_context *context, const struct tenant *tenant)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"public_key", OUTPUT_TEXT},
		{"master_key_id", OUTPUT_TEXT},
	};
	const char *cells[] = {
		tenant->id.text, tenant->name, tenant->keys.public_key, tenant->keys.master_key_id};

	output_record(columns, sizeof columns / sizeof columns[0], cells, command_json(context));
}

static int run_add(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(text_free) char *keys = NULL;
	struct postgres *postgres;
	(void)argc;

	if (check_name(argv[0], err) == -1)
		return -1;
	(void)snprintf(tenant.name, sizeof tenant.name, "%s", argv[0]);
	uuid_random(&tenant.id);
	struct guarded_task task = {
		.config = command_config(context),
		.ring = true,
		.work = make_keys,
		.context = &tenant,
	};
	if (guarded_run(&task, &keys, err) == -1 || read_keys(keys, &tenant.keys, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		store(context, postgres, &tenant, err) == -1)
		return -1;
	print_added(context, &tenant);
	return 0;
}

/* --- tenant list ---------------------------------------------------------------------------- */

static int run_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"status", OUTPUT_TEXT},
		{"bots", OUTPUT_INT},
		{"running", OUTPUT_INT},
		{"credentials", OUTPUT_INT},
		{"master_key_id", OUTPUT_TEXT},
		{"key_version", OUTPUT_INT},
		{"created_at", OUTPUT_TEXT},
	};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct postgres *postgres;
	(void)argc, (void)argv;

	if (command_database(context, &postgres, err) == -1 ||
		tenant_list(postgres, &result, err) == -1)
		return -1;
	output_result(columns, sizeof columns / sizeof columns[0], result, command_json(context));
	return 0;
}

/* --- the command ---------------------------------------------------------------------------- */

static const struct command_option add_options[] = {
	ACTOR_OPTION,
	{0},
};

static const struct command actions[] = {
	{
		.name = "add",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Add a tenant with a new key pair",
		.details = "Needs the master key ring (vault.master_key_file): the private key is "
			   "stored\nwrapped by its first key. Credentials are sealed to the public "
			   "key.",
		.options = add_options,
		.run = run_add,
	},
	{
		.name = "list",
		.summary = "List tenants",
		.run = run_list,
	},
	{0},
};

const struct command tenant_command = {
	.name = "tenant",
	.summary = "Add and list tenants",
	.actions = actions,
};
