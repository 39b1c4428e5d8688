#include "tests/support/certificate.h"

#include "core/base/err.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_host(X509 *certificate, const char *host)
{
	char names[128];
	const char *kind = host[strspn(host, "0123456789.")] == '\0' ? "IP" : "DNS";

	(void)snprintf(names, sizeof names, "%s:%s", kind, host);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1)
		die("could not name the host in a certificate");
	X509_EXTENSION_free(extension);
}

static X509 *signed_by(EVP_PKEY *key, const char *host)
{
	X509 *certificate = X509_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"botbeat test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	add_host(certificate, host);
	if (X509_sign(certificate, key, EVP_sha256()) == 0)
		die("could not sign a certificate");
	return certificate;
}

void certificate_make(const char *host, struct certificate *ret)
{
	(void)snprintf(ret->folder, sizeof ret->folder, "/tmp/botbeat-test-XXXXXX");
	if (mkdtemp(ret->folder) == NULL)
		die("could not make a folder for a certificate");
	(void)snprintf(ret->certificate_file, sizeof ret->certificate_file, "%s/certificate.pem",
		ret->folder);
	(void)snprintf(ret->key_file, sizeof ret->key_file, "%s/key.pem", ret->folder);

	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = signed_by(key, host);
	FILE *key_file = fopen(ret->key_file, "we");
	FILE *certificate_file = fopen(ret->certificate_file, "we");
	if (key_file == NULL || certificate_file == NULL)
		die("could not write a certificate");
	PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_X509(certificate_file, certificate);
	(void)fclose(key_file);
	(void)fclose(certificate_file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void certificate_remove(const struct certificate *certificate)
{
	(void)unlink(certificate->certificate_file);
	(void)unlink(certificate->key_file);
	(void)rmdir(certificate->folder);
}
