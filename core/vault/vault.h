/*
 * vault - sealing, opening and wiping credentials.
 *
 * The dashboard seals a credential to the tenant's public key (libsodium sealed box) and cannot
 * open it again. The tenant's private key is wrapped (XChaCha20-Poly1305) by a platform master key
 * that only workers hold. The sealed text names tenant, credential, venue, environment and a
 * version; opening checks them against the row, so rows cannot be swapped and a testnet key cannot
 * be used as a live one. Clear secrets stand in sodium_malloc memory only: guard pages, locked
 * where the host allows, not dumped, no access between uses, zeroed at the end.
 *
 * Errors are ERR_VAULT with ERR_RETRY_NEVER, or ERR_RETRY_LATER where only this ring lacks the
 * master key, and never contain key material. Not thread-safe.
 */
#ifndef CORE_VAULT_VAULT_H
#define CORE_VAULT_VAULT_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vault;        /* the master key ring, in guarded memory */
struct vault_secret; /* one opened credential, in guarded memory */

#define VAULT_ID_SIZE 40

struct vault_binding { /* what the sealed text must name; texts borrowed */
	const char *tenant;
	const char *credential;
	const char *venue;
	const char *environment;
	int64_t version_min; /* lowest version the row accepts */
};

/* Once per program, before forking. */
MUST_CHECK int vault_init(struct err *err);

/*
 * Reads the key ring from a file (mode 0600 or 0400 and ours, or refused) or an inherited
 * descriptor ("fd:N"). One key a line: ID:BASE64; the first wraps, all unwrap. Empty lines and
 * lines that begin with # are skipped. A descriptor that can seek is read from its start, so that
 * several processes can share it; it stays open, closing it is the caller's.
 */
MUST_CHECK int vault_open(const char *source, struct vault **ret, struct err *err);
void vault_free(struct vault **vault);
const char *vault_current_id(const struct vault *vault);
bool vault_has(const struct vault *vault, const char *master_key_id);

/*
 * Makes one ring line with a new random master key, for `botbeat key master`. Caller wipes and
 * frees. NULL if the id is not 1 to VAULT_ID_SIZE - 1 of [A-Za-z0-9._-].
 */
char *vault_new_master_line(const char *id);

/* A new tenant key pair: public part base64; private part wrapped by the current master, base64. */
MUST_CHECK int vault_new_tenant(const struct vault *vault, const char *tenant, char **ret_public,
	char **ret_wrapped, struct err *err);

/* The same private key wrapped by the ring's current master (rotation of the master key). */
MUST_CHECK int vault_rewrap(const struct vault *vault, const char *tenant,
	const char *master_key_id, const char *wrapped, char **ret_wrapped, struct err *err);

/* Seals key and secret to a tenant's public key. Needs no ring: what a dashboard does. Base64. */
MUST_CHECK int vault_seal(const char *public_key, const struct vault_binding *binding,
	int64_t version, const char *api_key, const char *api_secret, char **ret_sealed,
	struct err *err);

/* Opens one credential for one run. The caller frees (wipes) it. */
MUST_CHECK int vault_open_credential(const struct vault *vault, const char *master_key_id,
	const char *wrapped, const char *sealed, const struct vault_binding *binding,
	struct vault_secret **ret, struct err *err);

/*
 * Re-seals an opened credential to another tenant public key (rotation of the tenant key pair).
 */
MUST_CHECK int vault_reseal(const struct vault_secret *secret, const char *new_public_key,
	const struct vault_binding *binding, int64_t version, char **ret_sealed, struct err *err);

/* Readable between _expose and _hide only; pointers valid until _free. */
void vault_secret_expose(struct vault_secret *secret);
void vault_secret_hide(struct vault_secret *secret);
const char *vault_secret_key(const struct vault_secret *secret);
const char *vault_secret_secret(const struct vault_secret *secret);
void vault_secret_free(struct vault_secret **secret);

/*
 * HMAC-SHA256 fingerprint of an API key under the ring's current key: where a venue tells no
 * account. It changes when another master key becomes the first of the ring.
 */
MUST_CHECK int vault_fingerprint(const struct vault *vault, const struct vault_secret *secret,
	char ret_hex[65], struct err *err);

/* True if the host really locks secrets in memory (RLIMIT_MEMLOCK); for doctor. */
bool vault_memory_locked(const struct vault *vault);

#endif
