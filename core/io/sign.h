/*
 * sign - the digests that venues want, by OpenSSL.
 */
#ifndef CORE_IO_SIGN_H
#define CORE_IO_SIGN_H

#include "core/base/err.h"

#include <stddef.h>

#define SIGN_HEX_SIZE 65

/* HMAC-SHA256 as lower-case hex and NUL. The key is not copied and not kept. */
void sign_hmac_sha256(const void *key, size_t key_size_bytes, const void *data,
	size_t data_size_bytes, char ret_hex[SIGN_HEX_SIZE]);

/* SHA-256 as lower-case hex and NUL. */
void sign_sha256(const void *data, size_t size_bytes, char ret_hex[SIGN_HEX_SIZE]);

/* SHA-1 as lower-case hex and NUL: names of Redis scripts, nothing secret. */
void sign_sha1(const void *data, size_t size_bytes, char ret_hex[41]);

#endif
