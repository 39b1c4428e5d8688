#include "cli/credential_replace.h"

#include "cli/actor.h"
#include "cli/credential_check.h"
#include "cli/credential_output.h"
#include "cli/guarded.h"
#include "cli/sealing.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/audit.h"
#include "core/store/credential.h"
#include "core/store/tenant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct command_option credential_replace_options[] = {
	{"key-file", "FILE", "KEY:SECRET, mode 0600; - reads standard input"},
	ACTOR_OPTION,
	{0},
};

struct replacing { /* what the child is told */
	const struct config *config;
	const struct credential *credential; /* as it was */
	struct credential_replacement replacement;
	const char *actor;
};

/* --- in the child --------------------------------------------------------------------------- */

static int attach(struct venue_session *session, const struct replacing *replacing, struct err *err)
{
	const struct credential *credential = replacing->credential;
	struct venue_session_key key = {
		.tenant = &credential->tenant,
		.credential = credential->id.text,
		.exchange = credential->exchange,
		.environment = credential->environment,
		.sealed = replacing->replacement.sealed,
		.wrapped_private_key = credential->wrapped_private_key,
		.master_key_id = credential->master_key_id,
		.egresses = credential->egresses,
		.version_min = replacing->replacement.version,
		.actor = replacing->actor,
		.purpose = "credential.replace",
	};

	return venue_session_attach(session, &key, err);
}

static int store(struct postgres *postgres, const struct replacing *replacing,
	const struct credential_check *check, struct err *err)
{
	const struct credential *credential = replacing->credential;
	CLEANUP(text_free) char *permissions = NULL;
	struct credential_verdict verdict = credential_check_verdict(check, &permissions);
	char version[32];

	(void)snprintf(version, sizeof version, "version %" PRId64, replacing->replacement.version);
	struct audit_entry entry = {
		.actor = replacing->actor,
		.tenant = &credential->tenant,
		.action = "credential.replace",
		.object = credential->id.text,
		.reason = version,
	};

	if (postgres_begin(postgres, err) == -1)
		return -1;
	if (credential_replace(postgres, &credential->id, &replacing->replacement, &verdict, err) ==
			-1 ||
		audit_add(postgres, &entry, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

static int replace_in_child(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct replacing *replacing = context;
	CLEANUP(venue_session_done) struct venue_session session = {0};
	struct credential_check check;

	if (venue_session_open(&session, replacing->config, vault, err) == -1 ||
		attach(&session, replacing, err) == -1)
		return -1;
	if (credential_check_ask(&session, &check, err) == -1) {
		if (err->code == ERR_AUTH)
			err->code = ERR_REFUSED;
		return err_while(err, "the former secret stays: the venue did not take the key");
	}
	if (strcmp(check.status, "refused") == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "the former secret stays: %s",
			check.reason);
	if (store(session.postgres, replacing, &check, err) == -1)
		return -1;
	*ret = credential_output_doc(&check);
	return 0;
}

/* --- the command ---------------------------------------------------------------------------- */

static int seal(struct command_context *context, const struct credential *credential,
	const struct tenant *tenant, int64_t version, char **ret_sealed, struct err *err)
{
	struct sealing_target target = {
		.tenant = tenant->id.text,
		.credential = credential->id.text,
		.exchange = credential->exchange,
		.environment = credential->environment,
		.public_key = tenant->keys.public_key,
		.version = version,
	};
	const char *path;

	if (command_require(context, "key-file", &path, err) == -1)
		return -1;
	if (tenant->keys.public_key == NULL)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"tenant %s has no key pair: run key rotate-tenant", tenant->name);
	return sealing_one(command_config(context), path, &target, ret_sealed, err);
}

int credential_replace_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(credential_done) struct credential credential = {0};
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(text_free) char *sealed = NULL;
	CLEANUP(text_free) char *text = NULL;
	struct postgres *postgres;
	(void)argc;

	if (command_database(context, &postgres, err) == -1 ||
		credential_find(postgres, argv[0], &credential, err) == -1 ||
		tenant_find(postgres, credential.tenant.text, &tenant, err) == -1)
		return -1;
	if (strcmp(credential.status, "revoked") == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"credential %s is revoked: add another one", credential.name);
	int64_t newest = credential.version > credential.version_min ? credential.version
								     : credential.version_min;
	if (seal(context, &credential, &tenant, newest + 1, &sealed, err) == -1)
		return -1;
	struct replacing replacing = {
		.config = command_config(context),
		.credential = &credential,
		.replacement = {.sealed = sealed,
			.version = newest + 1,
			.key_version = tenant.keys.key_version,
			.version_before = credential.version},
		.actor = actor_name(context),
	};
	struct guarded_task task = {
		.config = replacing.config,
		.ring = true,
		.venue = true,
		.work = replace_in_child,
		.context = &replacing,
	};
	if (guarded_run(&task, &text, err) == -1)
		return -1;
	return credential_output_print(context, &credential, text, err);
}
