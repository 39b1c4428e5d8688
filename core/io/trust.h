/*
 * trust - the certificate authorities that the HTTPS client believes; for core/io only.
 *
 * The set is parsed once, before forking, and shared by all children as untouched pages: parsed in
 * each child it would cost more memory than everything else that child holds. It is never changed
 * after loading. Safe to use from any process that inherited it.
 */
#ifndef CORE_IO_TRUST_H
#define CORE_IO_TRUST_H

#include "core/base/err.h"

struct trust;

/*
 * Reads the authorities in the PEM file ca_file; NULL: the system's. The caller frees.
 * ERR_CONFIG if the file cannot be read or holds no certificate.
 */
MUST_CHECK int trust_load(const char *ca_file, struct trust **ret, struct err *err);
void trust_free(struct trust **trust);

/* Makes an OpenSSL SSL_CTX believe exactly these. */
void trust_apply(const struct trust *trust, void *ssl_ctx);

#endif
