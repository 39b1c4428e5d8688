#include "cli/key_rotate.h"

#include "cli/actor.h"
#include "cli/guarded.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/audit.h"
#include "core/store/credential.h"
#include "core/store/tenant.h"
#include "core/vault/vault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BATCH 200 /* rows of one look: a rotation is online, it holds no locks between rows */

/* What the child is told; it opens its own connection. */
struct rotation {
	const struct config *config;
	const char *actor;
	const struct tenant *tenant; /* rotate-tenant only */
	bool progress;               /* someone watches */
};

static struct postgres *connect_child(const struct config *config)
{
	return postgres_new(&(struct postgres_options){
		.url = config_text(config, "database.url"),
		.application = "botbeat key",
		.connect_timeout_ms = config_int(config, "database.connect_timeout_ms"),
		.statement_timeout_ms = config_int(config, "database.statement_timeout_ms"),
	});
}

/* --- key rotate-master ---------------------------------------------------------------------- */

static int rewrap_row(struct vault *vault, struct postgres *postgres,
	const struct postgres_result *rows, size_t row, bool *ret_stored, struct err *err)
{
	struct uuid tenant = postgres_uuid(rows, row, 0);
	const char *before = postgres_text(rows, row, 1);
	CLEANUP(text_free) char *wrapped = NULL;

	if (vault_rewrap(vault, tenant.text, postgres_text(rows, row, 2), before, &wrapped, err) ==
		-1)
		return err_while(err, "tenant %s", tenant.text);
	return tenant_store_rewrapped(
		postgres, &tenant, before, wrapped, vault_current_id(vault), ret_stored, err);
}

/*
 * Until nobody is left. A row that changed under our hands (a tenant's own rotation) is seen again
 * by the next look.
 */
static int rewrap_all(const struct rotation *rotation, struct vault *vault,
	struct postgres *postgres, int64_t *ret_count, struct err *err)
{
	int64_t count = 0;

	for (;;) {
		CLEANUP(postgres_result_free) struct postgres_result *rows = NULL;
		if (tenant_wrapped_otherwise(
			    postgres, vault_current_id(vault), BATCH, &rows, err) == -1)
			return -1;
		for (size_t row = 0; row < postgres_rows(rows); row++) {
			bool stored = false;
			if (rewrap_row(vault, postgres, rows, row, &stored, err) == -1)
				return err_while(
					err, "%" PRId64 " keys were wrapped anew, then", count);
			count += stored ? 1 : 0;
		}
		if (rotation->progress)
			fprintf(stderr, "\r%" PRId64 " keys", count);
		if (postgres_rows(rows) == 0)
			break;
	}
	if (rotation->progress)
		fprintf(stderr, "\r");
	*ret_count = count;
	return 0;
}

static int rotate_master(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct rotation *rotation = context;
	CLEANUP(postgres_free) struct postgres *postgres = connect_child(rotation->config);
	int64_t since_ms = clock_mono_ms(clock_system());
	int64_t count;

	if (rewrap_all(rotation, vault, postgres, &count, err) == -1)
		return -1;
	struct audit_entry entry = {
		.actor = rotation->actor,
		.action = "key.rotate_master",
		.object = vault_current_id(vault),
	};
	if (count > 0 && audit_add(postgres, &entry, err) == -1)
		return -1;
	*ret = doc_object();
	doc_text(*ret, "master_key_id", vault_current_id(vault));
	doc_int(*ret, "rows", count);
	doc_int(*ret, "ms", clock_mono_ms(clock_system()) - since_ms);
	return 0;
}

static int print_rotated(
	const struct command_context *context, const char *text, const char *what, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *id;
	int64_t rows;
	int64_t ms;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (field_text(&root, "master_key_id", &id, err) == -1 ||
		field_int(&root, "rows", &rows, err) == -1 ||
		field_int(&root, "ms", &ms, err) == -1)
		return -1;
	int64_t rate = rows * 1000 / (ms > 0 ? ms : 1);
	if (!command_json(context)) {
		printf("%" PRId64 " %s with master key %s in %" PRId64 " ms (%" PRId64 " rows/s)\n",
			rows, what, id, ms, rate);
		return 0;
	}
	CLEANUP(doc_free) struct doc *doc = doc_object();
	doc_text(doc, "master_key_id", id);
	doc_int(doc, "rows", rows);
	doc_int(doc, "ms", ms);
	doc_int(doc, "rows_per_second", rate);
	output_doc(doc);
	return 0;
}

int key_rotate_master_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(text_free) char *text = NULL;
	struct postgres *postgres;
	(void)argc, (void)argv;

	/* A missing URL or server is said here, where the message is about the command. */
	if (command_database(context, &postgres, err) == -1)
		return -1;
	struct rotation rotation = {
		.config = command_config(context),
		.actor = actor_name(context),
		.progress = isatty(STDERR_FILENO) && !command_json(context),
	};
	struct guarded_task task = {
		.config = rotation.config,
		.ring = true,
		.work = rotate_master,
		.context = &rotation,
	};
	if (guarded_run(&task, &text, err) == -1)
		return -1;
	return print_rotated(context, text, "tenant keys wrapped", err);
}

/* --- key rotate-tenant ---------------------------------------------------------------------- */

static void secret_release(struct vault_secret **secret)
{
	vault_secret_free(secret);
}

/* One credential at a time in clear. */
static int reseal_row(const struct vault *vault, struct postgres *postgres,
	const struct tenant *before, const struct tenant_keys *after,
	const struct postgres_result *rows, size_t row, struct err *err)
{
	CLEANUP(secret_release) struct vault_secret *secret = NULL;
	CLEANUP(text_free) char *sealed = NULL;
	struct uuid id = postgres_uuid(rows, row, 0);
	struct vault_binding binding = {
		.tenant = before->id.text,
		.credential = id.text,
		.venue = postgres_text(rows, row, 1),
		.environment = postgres_text(rows, row, 2),
		.version_min = postgres_int(rows, row, 5),
	};

	if (vault_open_credential(vault, before->keys.master_key_id,
		    before->keys.wrapped_private_key, postgres_text(rows, row, 3), &binding,
		    &secret, err) == -1 ||
		vault_reseal(secret, after->public_key, &binding, postgres_int(rows, row, 4),
			&sealed, err) == -1)
		return err_while(err, "credential %s", id.text);
	return credential_store_resealed(postgres, &id, sealed, after->key_version, err);
}

/* Inside the transaction: the pair as it is now, a new one, and every credential sealed to it. */
static int replace_pair(const struct rotation *rotation, const struct vault *vault,
	struct postgres *postgres, int64_t *ret_rows, struct err *err)
{
	CLEANUP(tenant_done) struct tenant before = {0};
	CLEANUP(postgres_result_free) struct postgres_result *rows = NULL;
	CLEANUP(text_free) char *public_key = NULL;
	CLEANUP(text_free) char *wrapped = NULL;
	CLEANUP(text_free) char *master_key_id = mem_text(vault_current_id(vault));

	if (tenant_lock(postgres, &rotation->tenant->id, err) == -1 ||
		tenant_find(postgres, rotation->tenant->id.text, &before, err) == -1 ||
		vault_new_tenant(vault, before.id.text, &public_key, &wrapped, err) == -1)
		return -1;
	struct tenant_keys after = {
		.public_key = public_key,
		.wrapped_private_key = wrapped,
		.master_key_id = master_key_id,
		.key_version = before.keys.key_version + 1,
	};
	if (credential_sealed_otherwise(postgres, &before.id, after.key_version, &rows, err) == -1)
		return -1;
	if (postgres_rows(rows) > 0 && before.keys.wrapped_private_key == NULL)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"the tenant has credentials and no key: they are lost, drop them first");
	for (size_t row = 0; row < postgres_rows(rows); row++)
		if (reseal_row(vault, postgres, &before, &after, rows, row, err) == -1)
			return -1;
	*ret_rows = (int64_t)postgres_rows(rows);
	return tenant_store_keys(postgres, &before.id, &after, err);
}

static int rotate_tenant(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct rotation *rotation = context;
	CLEANUP(postgres_free) struct postgres *postgres = connect_child(rotation->config);
	int64_t since_ms = clock_mono_ms(clock_system());
	struct audit_entry entry = {
		.actor = rotation->actor,
		.tenant = &rotation->tenant->id,
		.action = "key.rotate_tenant",
		.object = rotation->tenant->name,
	};
	int64_t rows = 0;

	if (postgres_begin(postgres, err) == -1)
		return -1;
	if (replace_pair(rotation, vault, postgres, &rows, err) == -1 ||
		audit_add(postgres, &entry, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	if (postgres_commit(postgres, err) == -1)
		return -1;
	*ret = doc_object();
	doc_text(*ret, "master_key_id", vault_current_id(vault));
	doc_int(*ret, "rows", rows);
	doc_int(*ret, "ms", clock_mono_ms(clock_system()) - since_ms);
	return 0;
}

int key_rotate_tenant_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(text_free) char *text = NULL;
	struct postgres *postgres;
	(void)argc;

	if (command_database(context, &postgres, err) == -1 ||
		tenant_find(postgres, argv[0], &tenant, err) == -1)
		return -1;
	if (command_confirm(context, err,
		    "give tenant %s a new key pair (a dashboard must fetch the new public key)?",
		    tenant.name) == -1)
		return -1;
	struct rotation rotation = {
		.config = command_config(context),
		.actor = actor_name(context),
		.tenant = &tenant,
	};
	struct guarded_task task = {
		.config = rotation.config,
		.ring = true,
		.work = rotate_tenant,
		.context = &rotation,
	};
	if (guarded_run(&task, &text, err) == -1)
		return -1;
	return print_rotated(context, text, "credentials sealed anew", err);
}
