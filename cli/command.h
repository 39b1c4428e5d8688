/*
 * command - the frame of every sub-command: finding it, its options, its help, its exit code.
 *
 * A command is a node of a tree: either it runs, or it has actions (`botbeat bot add`). What it
 * accepts stands in tables, so that help, checking and parsing cannot disagree. Options are long
 * ones, before or after the operands ("--speed 60" or "--speed=60"; "--" ends them); everywhere
 * accepted are --config FILE, --set SECTION.KEY=VALUE, --json and --help.
 *
 * A command prints its result to standard output and returns 0, or fills *err and returns -1. The
 * message then goes to standard error and the class decides the exit code: 1 failed, 2 usage,
 * 3 not found, 4 refused. One process, one command; not thread-safe.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command_context;
struct config;
struct postgres;
struct redis;

struct command_option {
	const char *name;    /* without dashes */
	const char *value;   /* what help calls its value ("FILE"); NULL: a switch */
	const char *meaning; /* one line of help */
};

#define COMMAND_ANY_NUMBER SIZE_MAX

struct command {
	const char *name;
	const char *operands; /* for help: "NAME [SYMBOL]"; NULL: none */
	size_t operands_min, operands_max;
	const char *summary;                  /* one line, capital letter, no full stop */
	const char *details;                  /* more help, whole lines; NULL: none */
	const struct command_option *options; /* ends with {0}; NULL: none */
	const struct command *actions;        /* ends with {0}; then run is NULL */
	bool asks;                            /* destructive: accepts --yes, see command_confirm */
	/* argv holds argc operands, without the names of command and action. */
	int (*run)(struct command_context *context, int argc, char **argv, struct err *err);
};

/*
 * The whole program: finds the command in commands (ends with NULL), runs it and returns the
 * process's exit code. What it writes to standard output and cannot be written (disk full, a
 * closed pipe) is a failure too.
 */
int command_main(const struct command *const *commands, const char *version, int argc, char **argv);

/* Options of the running command, by name without dashes; a name not in its table is our mistake.
 */
bool command_given(const struct command_context *context, const char *name);
/* The last value given, NULL if none was. Borrowed. */
const char *command_value(const struct command_context *context, const char *name);
/* All values of an option that may be repeated: index from 0, NULL past the end. */
const char *command_value_at(const struct command_context *context, const char *name, size_t index);
/* The value as an integer from min to max; fallback if it was not given. ERR_USAGE otherwise. */
MUST_CHECK int command_int(const struct command_context *context, const char *name, int64_t min,
	int64_t max, int64_t fallback, int64_t *ret, struct err *err);
/* ERR_USAGE naming the option if it was not given. */
MUST_CHECK int command_require(const struct command_context *context, const char *name,
	const char **ret_value, struct err *err);

/* --json was given: print one JSON document (or one a line) and nothing else. */
bool command_json(const struct command_context *context);
/* What is in force: file, environment, --set. Valid for the whole run. */
const struct config *command_config(const struct command_context *context);
/* The same sources read once more (a reload); the caller frees. */
MUST_CHECK int command_load_config(
	const struct command_context *context, struct config **ret, struct err *err);
/* "botbeat bot add": for application names. */
const char *command_title(const struct command_context *context);

/*
 * Connections of the process, opened at the first call, closed at the end; borrowed. A missing URL
 * is ERR_CONFIG that says which setting to give. _direct reaches the server itself (LISTEN,
 * migrate): database.direct_url, else database.url.
 */
MUST_CHECK int command_database(
	struct command_context *context, struct postgres **ret, struct err *err);
MUST_CHECK int command_database_direct(struct command_context *context,
	int64_t statement_timeout_ms, struct postgres **ret, struct err *err);
MUST_CHECK int command_redis(struct command_context *context, struct redis **ret, struct err *err);

/*
 * Asks before something that cannot be taken back ("stop bot dca-1?"): on a terminal the person,
 * elsewhere --yes must have been given. ERR_REFUSED if the answer is not yes. The command's table
 * entry must say .asks.
 */
__attribute__((format(printf, 3, 4))) MUST_CHECK int command_confirm(
	const struct command_context *context, struct err *err, const char *format, ...);

/* The exit code for a failure of this class. */
int command_exit_code(enum err_code code);

#endif
