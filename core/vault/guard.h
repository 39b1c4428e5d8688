/*
 * guard - blocks of memory for secrets, inside core/vault only.
 *
 * A block stands between guard pages, is locked where the host allows, is left out of core dumps,
 * and is zeroed by guard_free. It is made readable and writable; after that it changes only
 * through the three words below. A block holds at least one byte. Running out of memory or a
 * refused mprotect ends the process: a secret that cannot be hidden must not live on.
 *
 * A fork inherits the block and its protection, but not the lock.
 */
#ifndef CORE_VAULT_GUARD_H
#define CORE_VAULT_GUARD_H

#include <stdbool.h>
#include <stddef.h>

void *guard_alloc(size_t size_bytes);

/* Accepts a pointer to NULL, leaves NULL behind; for CLEANUP on a char * or unsigned char *. */
void guard_free(void *block_pointer);

void guard_write(void *block);      /* readable and writable */
void guard_read(const void *block); /* readable */
void guard_hide(const void *block); /* no access: touching it is SIGSEGV */

/* Locks a readable block once more and says whether the host allows it. */
bool guard_lock(void *block, size_t size_bytes);

#endif
