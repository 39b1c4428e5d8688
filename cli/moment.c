#include "cli/moment.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>

int moment_option(
	const struct command_context *context, const char *name, int64_t *ret_ms, struct err *err)
{
	const char *text = command_value(context, name);
	char moment[64];

	*ret_ms = 0;
	if (text == NULL)
		return 0;
	(void)snprintf(
		moment, sizeof moment, "%s%s", text, strchr(text, 'T') == NULL ? "T00:00Z" : "");
	if (clock_parse(moment, ret_ms) == 0)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
		"--%s: expected 2026-11-01 or 2026-11-01T10:00Z, got \"%.40s\"", name, text);
}

int moment_decimal(const struct command_context *context, const char *name, const char *min,
	const char *max, struct decimal *value, struct err *err)
{
	const char *text = command_value(context, name);
	struct decimal given;

	if (text == NULL)
		return 0;
	if (decimal_parse(text, &given, err) == -1) {
		err->code = ERR_USAGE;
		return err_while(err, "--%s", name);
	}
	if (decimal_less(given, decimal_literal(min)) || decimal_less(decimal_literal(max), given))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--%s must be %s to %s, got %.40s",
			name, min, max, text);
	*value = given;
	return 0;
}
