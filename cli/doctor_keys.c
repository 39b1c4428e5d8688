#include "cli/doctor.h"

#include "cli/guarded.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/tenant.h"
#include "core/vault/vault.h"

#include <inttypes.h>
#include <string.h>

#define TOPIC "keys"

/* In the guarded child: which of the master keys in use the ring holds. */
static int look_into_ring(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct postgres_result *in_use = context;
	struct doc *missing = doc_array();
	(void)err;

	for (size_t row = 0; in_use != NULL && row < postgres_rows(in_use); row++) {
		const char *id = postgres_text(in_use, row, 0);
		if (id[0] != '\0' && !vault_has(vault, id))
			doc_push_text(missing, id);
	}
	struct doc *doc = doc_object();
	doc_text(doc, "current", vault_current_id(vault));
	doc_bool(doc, "locked", vault_memory_locked(vault));
	doc_child(doc, "missing", missing);
	*ret = doc;
	return 0;
}

static int add_missing(const struct doctor *doctor, const struct field *root, struct err *err)
{
	struct field missing;
	struct field item;
	const char *id;
	size_t count;

	if (field_get(root, "missing", &missing, err) == -1 ||
		field_count(&missing, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (field_item(&missing, i, &item, err) == -1 ||
			field_as_text(&item, &id, err) == -1)
			return -1;
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"add that key to the ring: without it those credentials cannot be opened",
			"tenants' keys are wrapped by master key \"%s\", which the ring has not",
			id);
	}
	return 0;
}

static int add_ring(const struct doctor *doctor, const char *text, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *current;
	bool locked;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (field_text(&root, "current", &current, err) == -1 ||
		field_bool(&root, "locked", &locked, err) == -1)
		return -1;
	findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
		"the master key ring opens; \"%s\" wraps", current);
	if (locked)
		findings_add(
			doctor->findings, FINDING_OK, TOPIC, NULL, "secrets are locked in memory");
	else
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"raise RLIMIT_MEMLOCK (LimitMEMLOCK=, ulimits.memlock) or turn swap off",
			"secrets are not locked in memory: they could be swapped out");
	return add_missing(doctor, &root, err);
}

void doctor_keys_check(const struct doctor *doctor)
{
	const struct config *config = command_config(doctor->context);
	CLEANUP(postgres_result_free) struct postgres_result *in_use = NULL;
	CLEANUP(text_free) char *text = NULL;
	struct postgres *postgres;
	struct err err;

	if (config_text(config, "vault.master_key_file")[0] == '\0') {
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"set it where a worker runs; elsewhere it should be absent",
			"vault.master_key_file is not set: this host cannot open credentials");
		return;
	}
	/* Without the database the ring itself is still worth a look. */
	if (command_database(doctor->context, &postgres, &err) == 0 &&
		tenant_master_keys(postgres, &in_use, &err) == -1)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"grant botbeat_admin to who runs the doctor", "%s", err.message);

	struct guarded_task task = {
		.config = config, .ring = true, .work = look_into_ring, .context = in_use};
	if (guarded_run(&task, &text, &err) == -1 || add_ring(doctor, text, &err) == -1)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"the file holds ID:BASE64 a line, belongs to the worker's user, mode 0600",
			"%s", err.message);
}
