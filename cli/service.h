/*
 * service - what every long-running command sets up before it begins.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "core/base/err.h"

struct command_context;
struct config;

/*
 * Logging by [log], and the libraries that want to be made ready before threads and forks. room:
 * who speaks in the log; static text.
 */
MUST_CHECK int service_begin(
	const struct command_context *context, const char *room, struct err *err);

/* The log's levels as the settings say: again, when they were read again. */
MUST_CHECK int service_log_levels(const struct config *config, struct err *err);

#endif
