#include "cli/arguments.h"

#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

static const struct command_option *find(
	const struct command_option *const *tables, const char *name, size_t length)
{
	for (; *tables != NULL; tables++) {
		for (const struct command_option *option = *tables; option->name != NULL;
			option++) {
			if (strlen(option->name) == length &&
				strncmp(option->name, name, length) == 0)
				return option;
		}
	}
	return NULL;
}

static void add_given(
	struct arguments *arguments, const struct command_option *option, const char *value)
{
	arguments->given = mem_grow(
		arguments->given, arguments->given_count + 1, sizeof arguments->given[0]);
	arguments->given[arguments->given_count++] = (struct arguments_given){option, value};
}

static void add_operand(struct arguments *arguments, char *operand)
{
	arguments->operands = mem_grow(arguments->operands, (uint64_t)arguments->operand_count + 1,
		sizeof arguments->operands[0]);
	arguments->operands[arguments->operand_count++] = operand;
}

/* argv[at] begins with "--". *ret_next is the index behind what was read. */
static int read_option(struct arguments *arguments, const struct command_option *const *tables,
	int at, int argc, char **argv, int *ret_next, struct err *err)
{
	const char *name = argv[at] + 2;
	size_t length = strcspn(name, "=");
	const char *value = name[length] == '=' ? name + length + 1 : NULL;
	const struct command_option *option = find(tables, name, length);

	if (option == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "unrecognized option --%.*s",
			length < 60 ? (int)length : 60, name);
	if (option->value == NULL && value != NULL)
		return err_set(
			err, ERR_USAGE, ERR_RETRY_NEVER, "--%s takes no value", option->name);
	*ret_next = at + 1;
	if (option->value != NULL && value == NULL) {
		if (at + 1 >= argc)
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--%s needs a value: %s",
				option->name, option->value);
		value = argv[at + 1];
		*ret_next = at + 2;
	}
	add_given(arguments, option, value == NULL ? "" : value);
	return 0;
}

int arguments_read(struct arguments *arguments, const struct command_option *const *tables,
	bool first_word, int argc, char **argv, int *ret_read, struct err *err)
{
	bool options_ended = false;
	int at = 0;

	while (at < argc) {
		if (!options_ended && strcmp(argv[at], "--") == 0) {
			options_ended = true;
			at++;
		} else if (!options_ended && strncmp(argv[at], "--", 2) == 0) {
			if (read_option(arguments, tables, at, argc, argv, &at, err) == -1)
				return -1;
		} else if (!options_ended && argv[at][0] == '-' && argv[at][1] >= 'A') {
			/* A lone "-" is a file name, "-1" a number. */
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"unrecognized option %.60s: options are long, as --help", argv[at]);
		} else if (first_word) {
			break;
		} else {
			add_operand(arguments, argv[at]);
			at++;
		}
	}
	*ret_read = at;
	return 0;
}

void arguments_done(struct arguments *arguments)
{
	free(arguments->given);
	free(arguments->operands);
	*arguments = (struct arguments){0};
}

const char *arguments_value(const struct arguments *arguments, const char *name, size_t index)
{
	for (size_t i = 0; i < arguments->given_count; i++) {
		if (strcmp(arguments->given[i].option->name, name) == 0 && index-- == 0)
			return arguments->given[i].value;
	}
	return NULL;
}

size_t arguments_count(const struct arguments *arguments, const char *name)
{
	size_t count = 0;

	while (arguments_value(arguments, name, count) != NULL)
		count++;
	return count;
}
