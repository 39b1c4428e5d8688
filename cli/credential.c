/* credential - adds, seals, checks, replaces and lists API keys. */
#include "core/store/credential.h"

#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/credential_check.h"
#include "cli/credential_output.h"
#include "cli/credential_replace.h"
#include "cli/guarded.h"
#include "cli/output.h"
#include "cli/sealing.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/audit.h"
#include "core/store/endpoint.h"
#include "core/store/tenant.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 100
#define EGRESS_SIZE 64
#define EGRESSES_BYTES_MAX 1024

/* --- credential add ------------------------------------------------------------------------- */

static int check_item(const struct sealing_item *item, struct err *err)
{
	enum venue_name venue;
	enum environment environment;
	size_t length = strlen(item->name);

	if (length == 0 || length > NAME_BYTES_MAX || strchr(item->name, '/') != NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the name of a credential has 1 to %d bytes and no \"/\"", NAME_BYTES_MAX);
	if (venue_name_parse(item->exchange, &venue, err) == -1 ||
		environment_parse(item->environment, &environment, err) == -1)
		return -1;
	return 0;
}

static int store_item(struct postgres *postgres, const char *actor, const struct sealing_item *item,
	struct err *err)
{
	struct credential_new row = {
		.id = item->id,
		.tenant = item->tenant,
		.name = item->name,
		.exchange = item->exchange,
		.environment = item->environment,
		.sealed = item->sealed,
		.version = item->version,
		.key_version = item->key_version,
	};
	struct audit_entry entry = {
		.actor = actor,
		.tenant = &item->tenant,
		.action = "credential.add",
		.object = item->id.text,
		.reason = item->name,
	};

	if (check_item(item, err) == -1 || credential_add(postgres, &row, err) == -1 ||
		audit_add(postgres, &entry, err) == -1)
		return err_while(err, "%.60s/%.60s", item->tenant_name, item->name);
	return 0;
}

/* All or none. */
static int store_items(struct command_context *context, const struct sealing_item *items,
	size_t count, struct err *err)
{
	const char *actor = actor_name(context);
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 || postgres_begin(postgres, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (store_item(postgres, actor, &items[i], err) == -1) {
			postgres_rollback(postgres);
			return -1;
		}
	}
	return postgres_commit(postgres, err);
}

static void print_items(
	const struct command_context *context, const struct sealing_item *items, size_t count)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"tenant", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"exchange", OUTPUT_TEXT},
		{"environment", OUTPUT_TEXT},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };
	const char **cells = mem_zero(count * COLUMNS + 1, sizeof *cells);

	for (size_t i = 0; i < count; i++) {
		cells[i * COLUMNS] = items[i].id.text;
		cells[i * COLUMNS + 1] = items[i].tenant_name;
		cells[i * COLUMNS + 2] = items[i].name;
		cells[i * COLUMNS + 3] = items[i].exchange;
		cells[i * COLUMNS + 4] = items[i].environment;
	}
	output_table(columns, COLUMNS, cells, count, command_json(context));
	free(cells);
}

static int add_many(struct command_context *context, const char *path, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *tenants = NULL;
	CLEANUP(sealing_done) struct sealing_list list = {0};
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 ||
		tenant_public_keys(postgres, &tenants, err) == -1 ||
		sealing_many(command_config(context), path, tenants, &list, err) == -1 ||
		store_items(context, list.items, list.count, err) == -1)
		return -1;
	print_items(context, list.items, list.count);
	return 0;
}

static int add_one(
	struct command_context *context, const char *tenant_name, const char *name, struct err *err)
{
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(text_free) char *sealed = NULL;
	struct sealing_item item = {.name = name, .version = 1};
	struct postgres *postgres;
	const char *path;

	uuid_random(&item.id);
	if (command_require(context, "exchange", &item.exchange, err) == -1 ||
		command_require(context, "environment", &item.environment, err) == -1 ||
		command_require(context, "key-file", &path, err) == -1 ||
		check_item(&item, err) == -1 || command_database(context, &postgres, err) == -1 ||
		tenant_find(postgres, tenant_name, &tenant, err) == -1)
		return -1;
	if (tenant.keys.public_key == NULL)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"tenant %s has no key pair: run key rotate-tenant", tenant.name);
	item.tenant = tenant.id;
	item.tenant_name = tenant.name;
	item.key_version = tenant.keys.key_version;
	struct sealing_target target = {
		.tenant = tenant.id.text,
		.credential = item.id.text,
		.exchange = item.exchange,
		.environment = item.environment,
		.public_key = tenant.keys.public_key,
		.version = item.version,
	};
	if (sealing_one(command_config(context), path, &target, &sealed, err) == -1)
		return -1;
	item.sealed = sealed;
	if (store_items(context, &item, 1, err) == -1)
		return -1;
	print_items(context, &item, 1);
	return 0;
}

static int run_add(struct command_context *context, int argc, char **argv, struct err *err)
{
	const char *path = command_value(context, "file");

	if (path != NULL && argc > 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"give TENANT NAME with --key-file, or --file, not both");
	if (path != NULL)
		return add_many(context, path, err);
	if (argc != 2)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "%s needs TENANT NAME, or --file",
			command_title(context));
	return add_one(context, argv[0], argv[1], err);
}

/* --- credential seal ------------------------------------------------------------------------ */

static int run_seal(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct sealing_target target;
	struct uuid tenant;
	struct uuid credential;
	CLEANUP(text_free) char *sealed = NULL;
	const char *path;
	(void)argc, (void)argv;

	if (command_require(context, "public-key", &target.public_key, err) == -1 ||
		command_require(context, "tenant", &target.tenant, err) == -1 ||
		command_require(context, "credential", &target.credential, err) == -1 ||
		command_require(context, "exchange", &target.exchange, err) == -1 ||
		command_require(context, "environment", &target.environment, err) == -1 ||
		command_require(context, "key-file", &path, err) == -1 ||
		command_int(context, "version", 1, INT64_MAX, 1, &target.version, err) == -1)
		return -1;
	/* Rows are named by lower-case uuids, and the sealed text must name them exactly. */
	if (uuid_parse(target.tenant, &tenant, err) == -1)
		return err_while(err, "--tenant");
	if (uuid_parse(target.credential, &credential, err) == -1)
		return err_while(err, "--credential");
	target.tenant = tenant.text;
	target.credential = credential.text;
	if (sealing_one(command_config(context), path, &target, &sealed, err) == -1)
		return -1;
	if (!command_json(context)) {
		puts(sealed);
		return 0;
	}
	CLEANUP(doc_free) struct doc *doc = doc_object();
	doc_text(doc, "credential", target.credential);
	doc_text(doc, "sealed", sealed);
	output_doc(doc);
	return 0;
}

/* --- credential check ----------------------------------------------------------------------- */

struct checking {
	const struct config *config;
	const struct credential *credential;
	const char *actor;
};

static int check_in_child(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct checking *checking = context;
	const struct credential *credential = checking->credential;
	CLEANUP(venue_session_done) struct venue_session session = {0};
	struct venue_session_key key = {
		.tenant = &credential->tenant,
		.credential = credential->id.text,
		.exchange = credential->exchange,
		.environment = credential->environment,
		.sealed = credential->sealed,
		.wrapped_private_key = credential->wrapped_private_key,
		.master_key_id = credential->master_key_id,
		.egresses = credential->egresses,
		.version_min = credential->version_min,
		.actor = checking->actor,
		.purpose = "credential.check",
	};
	struct credential_check_of of = {
		.credential = &credential->id,
		.tenant = &credential->tenant,
		.actor = checking->actor,
	};
	struct credential_check check;

	if (venue_session_open(&session, checking->config, vault, err) == -1 ||
		venue_session_attach(&session, &key, err) == -1 ||
		credential_check(&session, &of, &check, err) == -1)
		return -1;
	*ret = credential_output_doc(&check);
	return 0;
}

static int run_check(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(credential_done) struct credential credential = {0};
	CLEANUP(text_free) char *text = NULL;
	struct postgres *postgres;
	(void)argc;

	if (command_database(context, &postgres, err) == -1 ||
		credential_find(postgres, argv[0], &credential, err) == -1)
		return -1;
	struct checking checking = {
		.config = command_config(context),
		.credential = &credential,
		.actor = actor_name(context),
	};
	struct guarded_task task = {
		.config = checking.config,
		.ring = true,
		.venue = true,
		.work = check_in_child,
		.context = &checking,
	};
	if (guarded_run(&task, &text, err) == -1)
		return -1;
	return credential_output_print(context, &credential, text, err);
}

/* --- credential bind ------------------------------------------------------------------------ */

static const struct command_option bind_options[] = {
	{"egress", "ADDRESS", "an address that the venue was told for this key; may be repeated"},
	{"any", NULL, "its calls may leave from any address"},
	ACTOR_OPTION,
	{0},
};

static int read_egresses(const struct command_context *context, struct buffer *ret, struct err *err)
{
	const char *egress;
	size_t count = 0;

	for (; (egress = command_value_at(context, "egress", count)) != NULL; count++) {
		if (egress[0] == '\0' || strlen(egress) >= EGRESS_SIZE ||
			strpbrk(egress, ", \t") != NULL)
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"--egress: expected an address or interface as an endpoint names "
				"it, got \"%.40s\"",
				egress);
		buffer_format(ret, "%s%s", count > 0 ? "," : "", egress);
	}
	if ((count > 0) != command_given(context, "any"))
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "give --egress, or --any");
}

static int bind(struct postgres *postgres, const struct command_context *context,
	const struct credential *credential, const char *egresses, struct err *err)
{
	struct audit_entry entry = {
		.actor = actor_name(context),
		.tenant = &credential->tenant,
		.action = "credential.bind",
		.object = credential->id.text,
		.reason = egresses[0] == '\0' ? "any" : egresses,
	};

	if (postgres_begin(postgres, err) == -1)
		return -1;
	if (endpoint_bind(postgres, &credential->id, egresses, err) == -1 ||
		audit_add(postgres, &entry, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

static int run_bind(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(credential_done) struct credential credential = {0};
	CLEANUP(buffer_done) struct buffer egresses;
	struct postgres *postgres;
	(void)argc;

	buffer_init(&egresses, EGRESSES_BYTES_MAX);
	if (read_egresses(context, &egresses, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		credential_find(postgres, argv[0], &credential, err) == -1)
		return -1;
	if (buffer_failed(&egresses))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--egress: too many of them");
	return bind(
		postgres, context, &credential, egresses.size_bytes == 0 ? "" : egresses.data, err);
}

/* --- credential list ------------------------------------------------------------------------ */

static int run_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"tenant", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"exchange", OUTPUT_TEXT},
		{"environment", OUTPUT_TEXT},
		{"status", OUTPUT_TEXT},
		{"reason", OUTPUT_TEXT},
		{"account_id", OUTPUT_TEXT},
		{"version", OUTPUT_INT},
		{"bots", OUTPUT_INT},
		{"bound_to", OUTPUT_TEXT},
		{"checked_at", OUTPUT_TEXT},
	};
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 ||
		(argc > 0 && tenant_find(postgres, argv[0], &tenant, err) == -1) ||
		credential_list(postgres, argc > 0 ? &tenant.id : NULL, &result, err) == -1)
		return -1;
	output_result(columns, sizeof columns / sizeof columns[0], result, command_json(context));
	return 0;
}

/* --- the command ---------------------------------------------------------------------------- */

static const struct command_option add_options[] = {
	{"exchange", "VENUE", "bybit, phemex or binance"},
	{"environment", "WHICH", "paper, testnet or live"},
	{"key-file", "FILE", "KEY:SECRET, mode 0600; - reads standard input"},
	{"file", "FILE", "many: TENANT:NAME:EXCHANGE:ENVIRONMENT:KEY:SECRET a line, mode 0600"},
	ACTOR_OPTION,
	{0},
};
static const struct command_option seal_options[] = {
	{"public-key", "BASE64", "the tenant's (tenant list --json)"},
	{"tenant", "ID", "the tenant's id"},
	{"credential", "ID", "the id that the row will have"},
	{"exchange", "VENUE", "bybit, phemex or binance"},
	{"environment", "WHICH", "paper, testnet or live"},
	{"version", "N", "the version of the secret (1)"},
	{"key-file", "FILE", "KEY:SECRET, mode 0600; - reads standard input"},
	{0},
};
static const struct command_option check_options[] = {
	ACTOR_OPTION,
	{0},
};

static const struct command actions[] = {
	{
		.name = "add",
		.operands = "[TENANT NAME]",
		.operands_max = 2,
		.summary = "Seal an API key and store it",
		.details = "The secret is read from a file or from standard input, never from the\n"
			   "command line, and sealed to the tenant's public key.",
		.options = add_options,
		.run = run_add,
	},
	{
		.name = "seal",
		.summary = "Print a sealed API key, as a dashboard would make it",
		.details =
			"Touches no database and needs no master key: what is printed is what a\n"
			"dashboard stores in credentials.sealed.",
		.options = seal_options,
		.run = run_seal,
	},
	{
		.name = "check",
		.operands = "CREDENTIAL",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Ask the venue whose account the key acts on and what it may do",
		.details =
			"CREDENTIAL is an id, a NAME, or TENANT/NAME. A key that may withdraw or\n"
			"transfer is refused.",
		.options = check_options,
		.run = run_check,
	},
	{
		.name = "replace",
		.operands = "CREDENTIAL",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Put another API key in a credential's place",
		.details =
			"The venue is asked about the new key first. One that may withdraw, or "
			"that "
			"acts\non another account than bots of the credential hold legs of, is "
			"refused and the\nformer one stays. Runs use the new one from their next "
			"slot on; the old sealed\ntext is not accepted again.",
		.options = credential_replace_options,
		.run = credential_replace_run,
	},
	{
		.name = "bind",
		.operands = "CREDENTIAL",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Say which egress addresses a credential's private calls may leave from",
		.details =
			"As the key is bound at the venue. Its runs wait for a host that has one "
			"of them\nrather than leave from elsewhere.",
		.options = bind_options,
		.run = run_bind,
	},
	{
		.name = "list",
		.operands = "[TENANT]",
		.operands_max = 1,
		.summary = "List credentials",
		.run = run_list,
	},
	{0},
};

const struct command credential_command = {
	.name = "credential",
	.summary = "Add, seal, check, replace and list API keys",
	.actions = actions,
};
