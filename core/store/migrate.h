/*
 * migrate - brings a database to the schema that this program carries, and checks that it is there.
 *
 * Migrations only go forward. Each runs in a transaction of its own that also records it in
 * schema_migrations with the SHA-256 of its text; the transaction holds an advisory lock, so that
 * any number of installers may start at once: one works, the others wait and find it done.
 * From OWNER_SINCE (migrate.c) on they run as botbeat_owner, whoever connects: what they make
 * belongs to it. A newer database than the program is fine (a rolling upgrade); a migration whose
 * text changed after it was applied is refused by name.
 *
 * The connection must reach the server itself (database.direct_url), as a superuser or as an owner
 * of the database with CREATEROLE. Its statement timeout bounds each migration and the wait for
 * another installer, so it wants minutes. Errors of the database come as postgres.h says; what an
 * operator must mend is ERR_CONFIG with ERR_RETRY_NEVER.
 */
#ifndef CORE_STORE_MIGRATE_H
#define CORE_STORE_MIGRATE_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct postgres;

enum migrate_state {
	MIGRATE_PENDING,
	MIGRATE_APPLIED,
	MIGRATE_CHANGED, /* applied with another text than the program carries */
	MIGRATE_NEWER,   /* applied by a newer program */
};

struct migrate_entry {
	int version;
	enum migrate_state state;
	char name[64];
	char applied_at[40]; /* "" if pending */
};

/* "pending", "applied", "changed", "newer". */
const char *migrate_state_name(enum migrate_state state);

/*
 * Applies what is pending, in order. *ret_applied counts what was committed and is written on
 * failure as well: what came before the failing migration stays.
 */
MUST_CHECK int migrate_apply(struct postgres *postgres, size_t *ret_applied, struct err *err);

/* All migrations known to the program or the database, by version. The caller frees *ret. */
MUST_CHECK int migrate_status(
	struct postgres *postgres, struct migrate_entry **ret, size_t *ret_count, struct err *err);

/*
 * For every program at its start: fails with ERR_CONFIG if the database is older than the program
 * ("schema is version 3, this program needs 5: run botbeat migrate"). Any service role may ask.
 */
MUST_CHECK int migrate_check(struct postgres *postgres, struct err *err);

/* The version that this program needs. */
int migrate_version(void);

#endif
