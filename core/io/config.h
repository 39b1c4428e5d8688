/*
 * config - the settings of a process: file, then environment, then options.
 *
 * The file is INI ([database], then url = ...; lines of at most 198 characters; " ;" starts a
 * comment). The environment is BOTBEAT_<SECTION>_<KEY> in upper case (BOTBEAT_DATABASE_URL).
 * Others can read environment and command line, so a password in a value there is refused. An
 * unknown section or key is an error naming file and line, or the variable. Every setting, its
 * default, its range and one line of meaning stand in one table in config.c; `botbeat config`
 * prints it. A config is read-only after loading; HUP loads a new one. Errors are ERR_CONFIG.
 */
#ifndef CORE_IO_CONFIG_H
#define CORE_IO_CONFIG_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

struct config_override {  /* from a command line: --set section.key=value, or an option */
	const char *name; /* "database.url" */
	const char *value;
};

/* file NULL: none. overrides may be NULL. The caller frees. */
MUST_CHECK int config_load(const char *file, const struct config_override *overrides, size_t count,
	struct config **ret, struct err *err);
void config_free(struct config **config);

/* Settings by name; the name must be in the table and of that type (asserted). Texts borrowed. */
const char *config_text(const struct config *config, const char *name); /* "" if unset */
int64_t config_int(const struct config *config, const char *name);
bool config_bool(const struct config *config, const char *name);

/* Walks the table for printing. False past the end. Secrets in value are masked ("****"). */
struct config_entry {
	const char *name;
	char value[512];
	const char *source; /* "default", "file", "environment", "option" */
	const char *meaning;
};
bool config_entry(const struct config *config, size_t index, struct config_entry *ret);

#endif
