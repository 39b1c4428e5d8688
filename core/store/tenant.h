/*
 * tenant - tenants and their key pairs, as rows.
 *
 * A tenant's public key seals its credentials; the private one stands here wrapped by the master
 * key named beside it (core/vault). Errors are postgres.h's; a name that does not exist is
 * ERR_NOT_FOUND, one that is taken ERR_REFUSED.
 */
#ifndef CORE_STORE_TENANT_H
#define CORE_STORE_TENANT_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

#define TENANT_NAME_MAX 100

struct tenant_keys { /* of one tenant; texts owned, tenant_keys_done frees */
	char *public_key, *wrapped_private_key, *master_key_id; /* NULL: has none yet */
	int64_t key_version;
};

struct tenant {
	struct uuid id;
	char name[TENANT_NAME_MAX * 4 + 1]; /* characters of UTF-8 */
	bool suspended;
	struct tenant_keys keys;
};

void tenant_done(struct tenant *tenant);

/* Adds a tenant with a name, an id and keys of its own choice. */
MUST_CHECK int tenant_add(struct postgres *postgres, const struct tenant *tenant, struct err *err);

/* By name or id. The caller calls tenant_done. */
MUST_CHECK int tenant_find(
	struct postgres *postgres, const char *name, struct tenant *ret, struct err *err);

/* id, name, status, bots, running, credentials, master_key_id, key_version, created_at; by name. */
MUST_CHECK int tenant_list(
	struct postgres *postgres, struct postgres_result **ret, struct err *err);

/* All that have a key pair: id, name, public_key, key_version. */
MUST_CHECK int tenant_public_keys(
	struct postgres *postgres, struct postgres_result **ret, struct err *err);

/* Up to limit tenants (id, wrapped_private_key, master_key_id) whose key another master key wraps.
 */
MUST_CHECK int tenant_wrapped_otherwise(struct postgres *postgres, const char *master_key_id,
	size_t limit, struct postgres_result **ret, struct err *err);

/*
 * Stores a newly wrapped private key. *ret_stored false: the row holds another key by now, nothing
 * was changed.
 */
MUST_CHECK int tenant_store_rewrapped(struct postgres *postgres, const struct uuid *tenant,
	const char *wrapped_before, const char *wrapped, const char *master_key_id,
	bool *ret_stored, struct err *err);

/* Locks the row to the end of the transaction, so that a key pair is replaced by one at a time. */
MUST_CHECK int tenant_lock(struct postgres *postgres, const struct uuid *tenant, struct err *err);

/* Replaces the key pair; the version rises by one. */
MUST_CHECK int tenant_store_keys(struct postgres *postgres, const struct uuid *tenant,
	const struct tenant_keys *keys, struct err *err);

/* Tenants by master key: master_key_id, tenants. */
MUST_CHECK int tenant_master_keys(
	struct postgres *postgres, struct postgres_result **ret, struct err *err);

#endif
