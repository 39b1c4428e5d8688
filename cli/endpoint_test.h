/*
 * endpoint_test - how endpoints are, as breakers have it and as this host sees them.
 */
#ifndef CLI_ENDPOINT_TEST_H
#define CLI_ENDPOINT_TEST_H

#include "cli/command.h"

struct config;
struct postgres;

#define ENDPOINT_HEALTH_TEXT 64

struct endpoint_health_item {
	char exchange[16], environment[16], name[64];
	char text[ENDPOINT_HEALTH_TEXT]; /* "ok", "open, tried in 12 s", … */
};

struct endpoint_health { /* begin with {0} */
	struct endpoint_health_item *items;
	size_t count;
};

/* Of all endpoints in use. Without redis.url nothing is known: no items. */
MUST_CHECK int endpoint_health_read(const struct config *config, struct postgres *postgres,
	struct endpoint_health *ret, struct err *err);
void endpoint_health_done(struct endpoint_health *health);
/* NULL: not known. Borrowed. */
const char *endpoint_health_text(const struct endpoint_health *health, const char *exchange,
	const char *environment, const char *name);

/* botbeat endpoint test. */
MUST_CHECK int endpoint_test_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
