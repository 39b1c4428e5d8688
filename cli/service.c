#include "cli/service.h"

#include "cli/command.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "core/vault/vault.h"

#include <string.h>

static enum log_format format_of(const char *text)
{
	return strcmp(text, "json") == 0    ? LOG_JSON
	       : strcmp(text, "human") == 0 ? LOG_HUMAN
					    : LOG_AUTO;
}

int service_log_levels(const struct config *config, struct err *err)
{
	enum log_level level = LOG_INFO;

	if (log_level_parse(config_text(config, "log.level"), &level) == -1)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "log.level is not a level");
	log_level_set(level);
	return log_levels_set(config_text(config, "log.levels"), err);
}

int service_begin(const struct command_context *context, const char *room, struct err *err)
{
	const struct config *config = command_config(context);

	log_setup(LOG_INFO, format_of(config_text(config, "log.format")), room);
	if (service_log_levels(config, err) == -1 || http_init(err) == -1)
		return -1;
	return vault_init(err);
}
