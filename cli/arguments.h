/*
 * arguments - options and operands of a command line, checked against tables.
 *
 * Only long options, spelt out: an abbreviation that is unique today would change its meaning when
 * an option is added. Texts are borrowed from argv. Errors are ERR_USAGE and name the option.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct command_option;

struct arguments_given {
	const struct command_option *option;
	const char *value; /* NULL of a switch */
};

struct arguments { /* begin with {0} */
	struct arguments_given *given;
	size_t given_count;
	char **operands;
	int operand_count;
};

/*
 * Reads argv[0..argc) and adds to *arguments. tables: option tables (each ends with {0}), ends
 * with NULL. With first_word true it stops at the first operand, whose index in argv is *ret_read
 * (argc if there is none); else it reads all.
 */
MUST_CHECK int arguments_read(struct arguments *arguments,
	const struct command_option *const *tables, bool first_word, int argc, char **argv,
	int *ret_read, struct err *err);
void arguments_done(struct arguments *arguments);

/* The index-th value of an option; NULL past the end. A switch has the value "". */
const char *arguments_value(const struct arguments *arguments, const char *name, size_t index);
size_t arguments_count(const struct arguments *arguments, const char *name);

#endif
