#include "core/io/trust.h"

#include "core/base/cleanup.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

struct trust {
	X509_STORE *store;
};

/* Where distributions keep the bundle: Debian, Fedora, Alpine and the BSDs. */
static const char *system_file(void)
{
	static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (access(files[i], R_OK) == 0)
			return files[i];
	}
	return NULL;
}

/*
 * OpenSSL works out a certificate's extensions at its first use and keeps them in it, and builds
 * its tables of algorithms with the first context: done here, so that no child writes those pages.
 */
static void warm_up(X509_STORE *store)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
		if (certificate != NULL)
			(void)X509_check_purpose(certificate, -1, 0);
	}
	SSL_CTX_free(SSL_CTX_new(TLS_client_method()));
	ERR_clear_error();
}

int trust_load(const char *ca_file, struct trust **ret, struct err *err)
{
	CLEANUP(trust_free) struct trust *trust = mem_zero(1, sizeof *trust);
	const char *file = ca_file != NULL ? ca_file : system_file();

	if (file == NULL)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"no certificate authorities on this host: install ca-certificates");
	trust->store = X509_STORE_new();
	if (trust->store == NULL)
		die("out of memory while loading certificate authorities");
	if (X509_STORE_load_file(trust->store, file) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"cannot load certificate authorities from %s: not readable, or no PEM "
			"certificate in it",
			file);
	}
	warm_up(trust->store);
	*ret = TAKE(trust);
	return 0;
}

void trust_free(struct trust **trust)
{
	if (*trust == NULL)
		return;
	X509_STORE_free((*trust)->store);
	free(*trust);
	*trust = NULL;
}

void trust_apply(const struct trust *trust, void *ssl_ctx)
{
	SSL_CTX_set1_cert_store(ssl_ctx, trust->store);
}
