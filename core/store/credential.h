/*
 * credential - sealed API keys, as rows, and what was learnt about them.
 *
 * A row holds a sealed box that only a worker can open. Its version is the one sealed inside; a
 * lower one than version_min is refused at opening. The verdict (account, permissions, status) is
 * given by `credential check` and lost when the secret is replaced.
 */
#ifndef CORE_STORE_CREDENTIAL_H
#define CORE_STORE_CREDENTIAL_H

#include "core/base/ident.h"

#include <stddef.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

#define CREDENTIAL_NAME_SIZE 401
#define CREDENTIAL_ACCOUNT_SIZE 72

struct credential { /* texts owned; credential_done frees */
	struct uuid id, tenant;
	char name[CREDENTIAL_NAME_SIZE];
	char exchange[16], environment[16], status[16];
	char account_id[CREDENTIAL_ACCOUNT_SIZE]; /* or the key's fingerprint; "" until checked */
	int64_t version, version_min, key_version;
	char *egresses; /* that it is bound to, as "a,b"; "": any */
	char *sealed;
	char *wrapped_private_key, *master_key_id; /* the tenant's; "" if it has no key */
};

void credential_done(struct credential *credential);

struct credential_new { /* texts borrowed */
	struct uuid id, tenant;
	const char *name, *exchange, *environment, *sealed;
	int64_t version, key_version;
};

/* ERR_REFUSED: the tenant has a credential of that name. */
MUST_CHECK int credential_add(
	struct postgres *postgres, const struct credential_new *credential, struct err *err);

/* By id, NAME, or TENANT/NAME. ERR_REFUSED if several tenants have one of that name. */
MUST_CHECK int credential_find(
	struct postgres *postgres, const char *name, struct credential *ret, struct err *err);

/* All of one tenant (NULL: all tenants): id, tenant, name, exchange, environment, status,
 * status_reason, account_id, version, bots, bound_to, checked_at. */
MUST_CHECK int credential_list(struct postgres *postgres, const struct uuid *tenant,
	struct postgres_result **ret, struct err *err);

struct credential_verdict {          /* texts borrowed */
	const char *account_id;      /* NULL: the venue tells none */
	const char *key_fingerprint; /* then this stands in its place; NULL: not computed */
	const char *permissions;     /* JSON object; NULL: not known */
	const char *status;          /* "ok", "unverified", "refused" */
	const char *reason;          /* NULL: none */
};

/*
 * Stores a verdict. ERR_REFUSED, and nothing is stored, if the account is another one than bots of
 * this credential hold legs of.
 */
MUST_CHECK int credential_judge(struct postgres *postgres, const struct uuid *credential,
	const struct credential_verdict *verdict, struct err *err);

struct credential_replacement { /* texts borrowed */
	const char *sealed;
	int64_t version;     /* sealed inside, and the lowest that the row accepts from now on */
	int64_t key_version; /* of the tenant's key pair that it is sealed to */
	int64_t version_before;
};

/*
 * Another secret in the place of the row's, with the verdict on it. ERR_REFUSED, and nothing is
 * stored, if its account is another one than bots of this credential hold legs of, or if the row is
 * not of version_before any more.
 */
MUST_CHECK int credential_replace(struct postgres *postgres, const struct uuid *credential,
	const struct credential_replacement *replacement, const struct credential_verdict *verdict,
	struct err *err);

/* The venue does not take the key: status refused, account and permissions stay as they were. */
MUST_CHECK int credential_reject(struct postgres *postgres, const struct uuid *credential,
	const char *reason, struct err *err);

/* All of a tenant whose box is not sealed to key_version (id, exchange, environment, sealed,
 * version, version_min), locked to the end of the transaction. */
MUST_CHECK int credential_sealed_otherwise(struct postgres *postgres, const struct uuid *tenant,
	int64_t key_version, struct postgres_result **ret, struct err *err);

/* The same secret, sealed to another key of its tenant; verdict and version stay. */
MUST_CHECK int credential_store_resealed(struct postgres *postgres, const struct uuid *credential,
	const char *sealed, int64_t key_version, struct err *err);

#endif
