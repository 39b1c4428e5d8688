/*
 * golden - what the tests of golden requests share: the headers of a request, and the openssl
 * program, which signs once more and shares no code with us but the library.
 */
#ifndef TESTS_EXCHANGES_GOLDEN_H
#define TESTS_EXCHANGES_GOLDEN_H

#include "exchanges/exchange.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The key and secret of the fact sheet's examples, and where they are sent to. */
#define KEY "fakeKey0123456789ABCDEF"
#define SECRET "fakeSecret9876543210zyxw"
#define BASE "https://api.example.test"

/* A header's value; NULL: the request has none of that name. */
static inline const char *header(const struct exchange_request *request, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; request->headers[i] != NULL; i++)
		if (strncmp(request->headers[i], name, length) == 0 &&
			strncmp(request->headers[i] + length, ": ", 2) == 0)
			return request->headers[i] + length + 2;
	return NULL;
}

/* What the openssl program signs text with. */
static inline void openssl_digest(const char *text, char ret_hex[65])
{
	char file[] = "/tmp/golden_request_XXXXXX";
	int fd = mkstemp(file);
	cr_assert(fd >= 0);
	cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
	close(fd);

	char command[256];
	(void)snprintf(
		command, sizeof command, "openssl dgst -sha256 -hmac " SECRET " -r %s", file);
	FILE *pipe = popen(command, "r");
	cr_assert(pipe != NULL);
	cr_assert(eq(int, fscanf(pipe, "%64s", ret_hex), 1));
	cr_assert(eq(int, pclose(pipe), 0));
	unlink(file);
}

static inline void expect_no_secret(const struct exchange_request *request)
{
	for (size_t i = 0; request->headers[i] != NULL; i++)
		cr_expect(strstr(request->headers[i], SECRET) == NULL, "the secret in a header");
}

#endif
