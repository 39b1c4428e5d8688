#include "core/store/audit.h"

#include "core/io/postgres.h"

int audit_add(struct postgres *postgres, const struct audit_entry *entry, struct err *err)
{
	const char *parameters[] = {entry->tenant == NULL ? NULL : entry->tenant->text,
		entry->actor, entry->action, entry->object, entry->reason, entry->detail};

	if (postgres_query(postgres,
		    "insert into audit_logs (tenant_id, actor, action, object, reason, detail) "
		    "values ($1, $2, $3, $4, $5, coalesce($6::jsonb, '{}'))",
		    6, parameters, NULL, err) == -1)
		return err_while(err, "could not write the audit log");
	return 0;
}
