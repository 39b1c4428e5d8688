/*
 * accounts - who may trade on the simulated exchange: API key, secret and opening balance.
 *
 * A file has one account a line, KEY:SECRET[:BALANCE]; empty lines and lines that begin with # are
 * skipped. It holds secrets, so it must belong to its owner alone (mode 0600 or less), else it is
 * refused. Read-only once loaded, and then safe for any thread.
 */
#ifndef SIMULATOR_ACCOUNTS_H
#define SIMULATOR_ACCOUNTS_H

#include "core/base/decimal.h"
#include "core/base/err.h"

#define ACCOUNTS_KEY_SIZE 65
#define ACCOUNTS_SECRET_SIZE 129
#define ACCOUNTS_UID_FIRST 100000001 /* of the first account; the others follow */

struct accounts_entry {
	char key[ACCOUNTS_KEY_SIZE];       /* 1 to 64 of A-Z a-z 0-9 _ - */
	char secret[ACCOUNTS_SECRET_SIZE]; /* likewise, 1 to 128 */
	struct decimal balance;            /* USDT, at most 8 places */
};

struct accounts;

/* None yet. The caller frees; secrets are wiped. */
struct accounts *accounts_new(void);
void accounts_free(struct accounts **accounts);

/* default_balance stands for a balance that a line leaves out. "FILE line 3: …". */
MUST_CHECK int accounts_load(struct accounts *accounts, const char *file,
	struct decimal default_balance, struct err *err);

/* Copies the entry. ERR_INVALID: malformed, or the key is there already. */
MUST_CHECK int accounts_add(
	struct accounts *accounts, const struct accounts_entry *entry, struct err *err);

size_t accounts_count(const struct accounts *accounts);
const struct accounts_entry *accounts_get(const struct accounts *accounts, size_t index);

/* The index of a key's account; false if there is none. */
bool accounts_find(const struct accounts *accounts, const char *key, size_t *ret_index);

#endif
