#include "core/vault/guard.h"

#include "core/base/err.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

void *guard_alloc(size_t size_bytes)
{
	void *block = sodium_malloc(size_bytes);

	if (block == NULL)
		die("out of memory for a guarded block of %zu bytes", size_bytes);
	return block;
}

void guard_free(void *block_pointer)
{
	void *block;

	/* Copied as bytes: the variable may be a pointer to any type. */
	memcpy(&block, block_pointer, sizeof block);
	sodium_free(block);
	memset(block_pointer, 0, sizeof block);
}

static void must_protect(int result)
{
	if (result != 0)
		die("could not change the protection of secret memory: %s", strerror(errno));
}

/* libsodium's calls take the block without const and do not write to it. */
static void *unconst(const void *block)
{
	void *plain;

	memcpy(&plain, &block, sizeof plain);
	return plain;
}

void guard_write(void *block)
{
	must_protect(sodium_mprotect_readwrite(block));
}

void guard_read(const void *block)
{
	must_protect(sodium_mprotect_readonly(unconst(block)));
}

void guard_hide(const void *block)
{
	must_protect(sodium_mprotect_noaccess(unconst(block)));
}

bool guard_lock(void *block, size_t size_bytes)
{
	return sodium_mlock(block, size_bytes) == 0;
}
