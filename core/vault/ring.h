/*
 * ring - the master keys in guarded memory, inside core/vault only.
 *
 * Reads the text form (one ID:BASE64 a line, "#" starts a comment line, empty lines are skipped)
 * and hands out one derived key at a time. A master key itself is never used on data: each purpose
 * has its own key, derived by crypto_kdf, so that a fingerprint says nothing about a wrapped key.
 * Keys are hidden between uses.
 */
#ifndef CORE_VAULT_RING_H
#define CORE_VAULT_RING_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define RING_KEY_BYTES 32

struct ring;

enum ring_purpose {
	RING_WRAP = 1,        /* wraps tenants' private keys */
	RING_FINGERPRINT = 2, /* fingerprints API keys */
};

/* source: a path or "fd:N", as vault_open says. Errors name line and id, never the key. */
MUST_CHECK int ring_open(const char *source, struct ring **ret, struct err *err);
void ring_free(struct ring **ring);

/* The id of the key that wraps. */
const char *ring_current(const struct ring *ring);
bool ring_has(const struct ring *ring, const char *id);

/*
 * Derives the key of that id for a purpose into a new guarded block; the caller frees it with
 * guard_free. NULL if the ring has no such id.
 */
unsigned char *ring_derive(const struct ring *ring, const char *id, enum ring_purpose purpose);

/* True for 1 to VAULT_ID_SIZE - 1 of [A-Za-z0-9._-]. */
bool ring_id_valid(const char *id);

bool ring_locked(const struct ring *ring);

#endif
