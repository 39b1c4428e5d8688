/*
 * certificate - a self-made TLS certificate for servers on this host, made anew by each test.
 */
#ifndef TESTS_SUPPORT_CERTIFICATE_H
#define TESTS_SUPPORT_CERTIFICATE_H

struct certificate { /* paths of PEM files in a folder of their own */
	char folder[64];
	char certificate_file[96];
	char key_file[96];
};

/* Self-signed, valid for host (a name, or an address such as "127.0.0.1"). Fails the test. */
void certificate_make(const char *host, struct certificate *ret);

/* Removes the files. */
void certificate_remove(const struct certificate *certificate);

#endif
