#include "core/vault/vault.h"

#include "core/base/cleanup.h"
#include "core/vault/guard.h"
#include "core/vault/ring.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Wrapped tenant key, base64 of:  1 byte form | 24 bytes nonce | 32 + 16 bytes sealed private key
 * Sealed credential, base64 of:   crypto_box_seal of the text below
 *
 *	botbeat-credential-1 LF tenant LF credential LF venue LF environment LF version LF
 *	api key LF api secret
 *
 * A text, so that a dashboard in any language can make it; the secret comes last and may hold
 * line feeds (a PEM key). crypto_box_seal, because every libsodium binding has it.
 */
enum {
	WRAP_FORM = 1,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	PRIVATE_BYTES = crypto_box_SECRETKEYBYTES,
	PUBLIC_BYTES = crypto_box_PUBLICKEYBYTES,
	WRAPPED_BYTES = 1 + NONCE_BYTES + PRIVATE_BYTES + TAG_BYTES,

	NAME_MAX_BYTES = 64,     /* tenant, credential, venue, environment */
	KEY_MAX_BYTES = 512,     /* an API key */
	SECRET_MAX_BYTES = 4096, /* an API secret; RSA keys in PEM are about 3,300 */
	CLEAR_MAX_BYTES = 6 * 1024,
	STACK_WIPE_BYTES = 4096, /* what libsodium's primitives may leave on the stack */
};

#define CREDENTIAL_FORM "botbeat-credential-1"

struct vault {
	struct ring *ring;
};

struct vault_secret {
	char *clear; /* guarded; the lines of the sealed text, each ended by NUL */
	const char *key;
	const char *secret;
	bool exposed;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct err *err, const char *format, ...)
{
	char message[sizeof err->message];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	return err_set(err, ERR_VAULT, ERR_RETRY_NEVER, "%s", message);
}

int vault_init(struct err *err)
{
	if (sodium_init() < 0)
		return refuse(err, "cannot initialise libsodium");
	return 0;
}

int vault_open(const char *source, struct vault **ret, struct err *err)
{
	struct ring *ring;

	if (ring_open(source, &ring, err) == -1)
		return -1;

	struct vault *vault = mem_zero(1, sizeof *vault);
	vault->ring = ring;
	*ret = vault;
	return 0;
}

void vault_free(struct vault **vault)
{
	if (*vault != NULL)
		ring_free(&(*vault)->ring);
	free(*vault);
	*vault = NULL;
}

const char *vault_current_id(const struct vault *vault)
{
	return ring_current(vault->ring);
}

bool vault_has(const struct vault *vault, const char *master_key_id)
{
	return ring_has(vault->ring, master_key_id);
}

bool vault_memory_locked(const struct vault *vault)
{
	return ring_locked(vault->ring);
}

/* Into ordinary memory: for what may be seen, and for the one line that is made to be written. */
static char *base64(const unsigned char *data, size_t size_bytes)
{
	size_t text_bytes = sodium_base64_ENCODED_LEN(size_bytes, sodium_base64_VARIANT_ORIGINAL);
	char *text = mem_alloc(text_bytes);

	sodium_bin2base64(text, text_bytes, data, size_bytes, sodium_base64_VARIANT_ORIGINAL);
	return text;
}

char *vault_new_master_line(const char *id)
{
	if (!ring_id_valid(id))
		return NULL;

	CLEANUP(guard_free) unsigned char *key = guard_alloc(RING_KEY_BYTES);
	randombytes_buf(key, RING_KEY_BYTES);
	char *text = base64(key, RING_KEY_BYTES);
	char *line = mem_format("%s:%s", id, text);
	sodium_memzero(text, strlen(text));
	free(text);
	return line;
}

/*
 * What a wrapped key is bound to. NUL ends each part, and no part can hold one: no two bindings
 * give the same bytes.
 */
struct bound {
	unsigned char data[32 + NAME_MAX_BYTES + VAULT_ID_SIZE];
	size_t size_bytes;
};

static int bind(struct bound *ret, const char *tenant, const char *master_key_id, struct err *err)
{
	static const char purpose[] = "botbeat-tenant-key-1";
	struct bound bound = {0};

	if (*tenant == '\0' || strlen(tenant) > NAME_MAX_BYTES)
		return refuse(err, "tenant is not 1 to %d characters", NAME_MAX_BYTES);
	assert(strlen(master_key_id) < VAULT_ID_SIZE);

	bound.size_bytes = (size_t)snprintf((char *)bound.data, sizeof bound.data, "%s%c%s%c%s",
		purpose, '\0', tenant, '\0', master_key_id);
	assert(bound.size_bytes < sizeof bound.data);
	*ret = bound;
	return 0;
}

static int wrap(const struct vault *vault, const char *tenant, const unsigned char *private,
	char **ret_wrapped, struct err *err)
{
	unsigned char wrapped[WRAPPED_BYTES];
	struct bound bound = {0};

	if (bind(&bound, tenant, vault_current_id(vault), err) == -1)
		return -1;

	CLEANUP(guard_free)
	unsigned char *key = ring_derive(vault->ring, vault_current_id(vault), RING_WRAP);
	wrapped[0] = WRAP_FORM;
	randombytes_buf(wrapped + 1, NONCE_BYTES);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + 1 + NONCE_BYTES, NULL, private,
		PRIVATE_BYTES, bound.data, bound.size_bytes, NULL, wrapped + 1, key);
	sodium_stackzero(STACK_WIPE_BYTES);
	*ret_wrapped = base64(wrapped, sizeof wrapped);
	return 0;
}

/* private: a guarded block of PRIVATE_BYTES. */
static int unwrap(const struct vault *vault, const char *tenant, const char *master_key_id,
	const char *text, unsigned char *private, struct err *err)
{
	unsigned char wrapped[WRAPPED_BYTES];
	size_t size_bytes;
	struct bound bound = {0};

	if (sodium_base642bin(wrapped, sizeof wrapped, text, strlen(text), NULL, &size_bytes, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0 ||
		size_bytes != sizeof wrapped || wrapped[0] != WRAP_FORM)
		return refuse(err, "the wrapped tenant key is malformed");

	CLEANUP(guard_free) unsigned char *key = ring_derive(vault->ring, master_key_id, RING_WRAP);
	/* A fault of this process, not of the row: another that has the key can open it. */
	if (key == NULL)
		return err_set(err, ERR_VAULT, ERR_RETRY_LATER,
			"master key \"%.*s\" is not in the ring", VAULT_ID_SIZE, master_key_id);
	if (bind(&bound, tenant, master_key_id, err) == -1)
		return -1;

	int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(private, NULL, NULL,
		wrapped + 1 + NONCE_BYTES, PRIVATE_BYTES + TAG_BYTES, bound.data, bound.size_bytes,
		wrapped + 1, key);
	sodium_stackzero(STACK_WIPE_BYTES);
	if (opened != 0)
		return refuse(err,
			"the wrapped tenant key does not open with master key \"%s\": "
			"another key, another tenant, or a changed row",
			master_key_id);
	return 0;
}

int vault_new_tenant(const struct vault *vault, const char *tenant, char **ret_public,
	char **ret_wrapped, struct err *err)
{
	CLEANUP(guard_free) unsigned char *private = guard_alloc(PRIVATE_BYTES);
	unsigned char public[PUBLIC_BYTES];
	char *wrapped;

	(void)crypto_box_keypair(public, private);
	if (wrap(vault, tenant, private, &wrapped, err) == -1)
		return -1;
	*ret_public = base64(public, sizeof public);
	*ret_wrapped = wrapped;
	return 0;
}

int vault_rewrap(const struct vault *vault, const char *tenant, const char *master_key_id,
	const char *wrapped, char **ret_wrapped, struct err *err)
{
	CLEANUP(guard_free) unsigned char *private = guard_alloc(PRIVATE_BYTES);

	if (unwrap(vault, tenant, master_key_id, wrapped, private, err) == -1)
		return -1;
	return wrap(vault, tenant, private, ret_wrapped, err);
}

/* A name that stands on a line of its own. */
static int check_line(const char *text, const char *what, size_t bytes_max, struct err *err)
{
	size_t size_bytes = strlen(text);

	if (size_bytes == 0 || size_bytes > bytes_max)
		return refuse(err, "%s is not 1 to %zu characters", what, bytes_max);
	for (const char *c = text; *c != '\0'; c++)
		if (*c < '!' || *c > '~')
			return refuse(
				err, "%s holds a character that is not printable ASCII", what);
	return 0;
}

static int check_binding(const struct vault_binding *binding, struct err *err)
{
	if (check_line(binding->tenant, "tenant", NAME_MAX_BYTES, err) == -1 ||
		check_line(binding->credential, "credential", NAME_MAX_BYTES, err) == -1 ||
		check_line(binding->venue, "venue", NAME_MAX_BYTES, err) == -1 ||
		check_line(binding->environment, "environment", NAME_MAX_BYTES, err) == -1)
		return -1;
	return 0;
}

static int parse_public(const char *text, unsigned char *ret_public, struct err *err)
{
	size_t size_bytes;

	if (sodium_base642bin(ret_public, PUBLIC_BYTES, text, strlen(text), NULL, &size_bytes, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0 ||
		size_bytes != PUBLIC_BYTES)
		return refuse(
			err, "the tenant's public key is not %d bytes of base64", PUBLIC_BYTES);
	return 0;
}

int vault_seal(const char *public_key, const struct vault_binding *binding, int64_t version,
	const char *api_key, const char *api_secret, char **ret_sealed, struct err *err)
{
	unsigned char public[PUBLIC_BYTES];
	unsigned char sealed[CLEAR_MAX_BYTES + crypto_box_SEALBYTES];
	CLEANUP(guard_free) char *clear = guard_alloc(CLEAR_MAX_BYTES);

	if (parse_public(public_key, public, err) == -1 || check_binding(binding, err) == -1 ||
		check_line(api_key, "api key", KEY_MAX_BYTES, err) == -1)
		return -1;
	if (*api_secret == '\0' || strlen(api_secret) > SECRET_MAX_BYTES)
		return refuse(err, "api secret is not 1 to %d bytes", SECRET_MAX_BYTES);
	if (version < 1)
		return refuse(err, "version %" PRId64 " is below 1", version);

	int size_bytes = snprintf(clear, CLEAR_MAX_BYTES,
		CREDENTIAL_FORM "\n%s\n%s\n%s\n%s\n%" PRId64 "\n%s\n%s", binding->tenant,
		binding->credential, binding->venue, binding->environment, version, api_key,
		api_secret);
	assert(size_bytes > 0 && size_bytes < CLEAR_MAX_BYTES);

	int result = crypto_box_seal(
		sealed, (unsigned char *)clear, (unsigned long long)size_bytes, public);
	sodium_stackzero(STACK_WIPE_BYTES);
	if (result != 0)
		return refuse(err, "the tenant's public key is not a valid key");
	*ret_sealed = base64(sealed, (size_t)size_bytes + crypto_box_SEALBYTES);
	return 0;
}

/* Cuts the next line off *rest. NULL if there is no line feed any more. */
static char *cut_line(char **rest)
{
	char *line = *rest;
	char *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

static bool parse_version(const char *text, int64_t *ret_version)
{
	char canonical[32];
	char *end;

	errno = 0;
	long long version = strtoll(text, &end, 10);
	if (errno != 0 || version < 1)
		return false;
	/* One number has one text: "01", "+1" and " 1" are somebody's attempt at something. */
	(void)snprintf(canonical, sizeof canonical, "%lld", version);
	*ret_version = version;
	return strcmp(canonical, text) == 0;
}

/*
 * Compares the lines of the clear text with the row and leaves the last two in *secret. A message
 * may name what the row says, never what the sealed text says.
 */
static int check_clear(
	struct vault_secret *secret, const struct vault_binding *binding, struct err *err)
{
	const struct {
		const char *what;
		const char *wanted;
	} lines[] = {
		{"form", CREDENTIAL_FORM},
		{"tenant", binding->tenant},
		{"credential", binding->credential},
		{"venue", binding->venue},
		{"environment", binding->environment},
	};
	char *rest = secret->clear;
	int64_t version;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const char *line = cut_line(&rest);
		if (line == NULL || strcmp(line, lines[i].wanted) != 0)
			return refuse(err, "the credential was sealed for another %s than \"%.*s\"",
				lines[i].what, NAME_MAX_BYTES, lines[i].wanted);
	}

	const char *text = cut_line(&rest);
	if (text == NULL || !parse_version(text, &version))
		return refuse(err, "the sealed credential has no version");
	if (version < binding->version_min)
		return refuse(err,
			"the sealed credential has version %" PRId64 ", the row accepts %" PRId64
			" and later",
			version, binding->version_min);

	secret->key = cut_line(&rest);
	secret->secret = rest;
	if (secret->key == NULL || *secret->key == '\0' || *secret->secret == '\0')
		return refuse(err, "the sealed credential has no key or no secret");
	return 0;
}

/* Opens the box into secret->clear, guarded and ended by NUL. */
static int open_box(const unsigned char *private, const char *text, struct vault_secret *secret,
	struct err *err)
{
	unsigned char sealed[CLEAR_MAX_BYTES + crypto_box_SEALBYTES];
	unsigned char public[PUBLIC_BYTES];
	size_t size_bytes;

	if (sodium_base642bin(sealed, sizeof sealed, text, strlen(text), NULL, &size_bytes, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0 ||
		size_bytes <= crypto_box_SEALBYTES)
		return refuse(err, "the sealed credential is malformed");

	size_t clear_bytes = size_bytes - crypto_box_SEALBYTES;
	secret->clear = guard_alloc(clear_bytes + 1);
	(void)crypto_scalarmult_base(public, private);
	int opened = crypto_box_seal_open(
		(unsigned char *)secret->clear, sealed, size_bytes, public, private);
	sodium_stackzero(STACK_WIPE_BYTES);
	if (opened != 0)
		return refuse(err, "the sealed credential does not open with the tenant's key");
	secret->clear[clear_bytes] = '\0';
	if (strlen(secret->clear) != clear_bytes)
		return refuse(err, "the sealed credential is not text");
	return 0;
}

int vault_open_credential(const struct vault *vault, const char *master_key_id, const char *wrapped,
	const char *sealed, const struct vault_binding *binding, struct vault_secret **ret,
	struct err *err)
{
	CLEANUP(guard_free) unsigned char *private = guard_alloc(PRIVATE_BYTES);
	CLEANUP(vault_secret_free) struct vault_secret *secret = mem_zero(1, sizeof *secret);

	if (unwrap(vault, binding->tenant, master_key_id, wrapped, private, err) == -1)
		return -1;
	if (open_box(private, sealed, secret, err) == -1)
		return -1;
	if (check_clear(secret, binding, err) == -1)
		return -1;
	guard_hide(secret->clear);
	*ret = TAKE(secret);
	return 0;
}

void vault_secret_expose(struct vault_secret *secret)
{
	guard_read(secret->clear);
	secret->exposed = true;
}

void vault_secret_hide(struct vault_secret *secret)
{
	guard_hide(secret->clear);
	secret->exposed = false;
}

const char *vault_secret_key(const struct vault_secret *secret)
{
	return secret->key;
}

const char *vault_secret_secret(const struct vault_secret *secret)
{
	return secret->secret;
}

void vault_secret_free(struct vault_secret **secret)
{
	if (*secret != NULL && (*secret)->clear != NULL)
		guard_free(&(*secret)->clear);
	free(*secret);
	*secret = NULL;
}

/* For the two functions that read a secret for their caller and leave it as they found it. */
static void restore(const struct vault_secret *secret)
{
	if (!secret->exposed)
		guard_hide(secret->clear);
}

int vault_reseal(const struct vault_secret *secret, const char *new_public_key,
	const struct vault_binding *binding, int64_t version, char **ret_sealed, struct err *err)
{
	guard_read(secret->clear);
	int result = vault_seal(
		new_public_key, binding, version, secret->key, secret->secret, ret_sealed, err);
	restore(secret);
	return result;
}

int vault_fingerprint(const struct vault *vault, const struct vault_secret *secret,
	char ret_hex[65], struct err *err)
{
	CLEANUP(guard_free)
	unsigned char *key = ring_derive(vault->ring, vault_current_id(vault), RING_FINGERPRINT);
	unsigned char hash[crypto_auth_hmacsha256_BYTES];

	guard_read(secret->clear);
	int result = crypto_auth_hmacsha256(hash, (const unsigned char *)secret->key,
		(unsigned long long)strlen(secret->key), key);
	restore(secret);
	sodium_stackzero(STACK_WIPE_BYTES);
	if (result != 0)
		return refuse(err, "cannot compute the fingerprint of an api key");
	sodium_bin2hex(ret_hex, 65, hash, sizeof hash);
	return 0;
}
