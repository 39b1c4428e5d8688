/*
 * moment - points in time and amounts as people type them after an option.
 */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include "cli/command.h"
#include "core/base/decimal.h"

/* "2026-11-01" (its first moment) or "2026-11-01T10:00Z"; 0 if the option was not given. */
MUST_CHECK int moment_option(
	const struct command_context *context, const char *name, int64_t *ret_ms, struct err *err);

/* A decimal from min to max; *value is left alone if the option was not given. */
MUST_CHECK int moment_decimal(const struct command_context *context, const char *name,
	const char *min, const char *max, struct decimal *value, struct err *err);

#endif
