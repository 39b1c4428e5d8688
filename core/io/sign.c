#include "core/io/sign.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static void write_hex(const unsigned char *digest, size_t size_bytes, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size_bytes; i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_hex[2 * size_bytes] = '\0';
}

static void digest_hex(const EVP_MD *kind, const void *data, size_t size_bytes, char *ret_hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_size = 0;

	if (EVP_Digest(data, size_bytes, digest, &digest_size, kind, NULL) != 1)
		die("cannot compute a digest: the OpenSSL on this host lacks it");
	write_hex(digest, digest_size, ret_hex);
}

void sign_hmac_sha256(const void *key, size_t key_size_bytes, const void *data,
	size_t data_size_bytes, char ret_hex[SIGN_HEX_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_size = 0;

	if (key_size_bytes > INT_MAX)
		die("cannot sign with a key of %zu bytes", key_size_bytes);
	if (HMAC(EVP_sha256(), key, (int)key_size_bytes, data, data_size_bytes, digest,
		    &digest_size) == NULL)
		die("cannot compute HMAC-SHA256: the OpenSSL on this host lacks it");
	write_hex(digest, digest_size, ret_hex);
}

void sign_sha256(const void *data, size_t size_bytes, char ret_hex[SIGN_HEX_SIZE])
{
	digest_hex(EVP_sha256(), data, size_bytes, ret_hex);
}

void sign_sha1(const void *data, size_t size_bytes, char ret_hex[41])
{
	digest_hex(EVP_sha1(), data, size_bytes, ret_hex);
}
