#include "cli/arguments.h"

#include "cli/command.h"
#include "core/base/cleanup.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

static const struct command_option options[] = {
	{"speed", "X", "a value"},
	{"yes", NULL, "a switch"},
	{0},
};
static const struct command_option *const tables[] = {options, NULL};

/* Splits "a b c" in place. */
static int split(char *line, char **words)
{
	int count = 0;
	char *rest = line;

	for (char *word = strtok_r(line, " ", &rest); word != NULL && count < WORDS_MAX;
		word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	return count;
}

struct row {
	char because[64];
	char line[64];
	char seen[96]; /* what was read, or the error */
};

static void describe(const struct arguments *arguments, char *text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < arguments->given_count; i++)
		length += (size_t)snprintf(text + length, size - length, "%s=%s;",
			arguments->given[i].option->name, arguments->given[i].value);
	for (int i = 0; i < arguments->operand_count; i++)
		length += (size_t)snprintf(
			text + length, size - length, "[%s]", arguments->operands[i]);
}

ParameterizedTestParameters(arguments, reads)
{
	static struct row rows[] = {
		{"a value may be the next word", "--speed 60", "speed=60;"},
		{"or stand behind an equals sign", "--speed=60", "speed=60;"},
		{"an empty value is a value", "--speed= x", "speed=;[x]"},
		{"options may follow operands", "a --yes b", "yes=;[a][b]"},
		{"an option may be repeated", "--speed 1 --speed 2", "speed=1;speed=2;"},
		{"a value may begin with dashes", "--speed --yes", "speed=--yes;"},
		{"two dashes end the options", "--yes -- --speed", "yes=;[--speed]"},
		{"a lone dash is a file name", "-", "[-]"},
		{"a negative number is an operand", "-5", "[-5]"},
		{"a slip of the pen is refused", "--sped 60", "unrecognized option --sped"},
		{"an abbreviation is not accepted", "--spee 60", "unrecognized option --spee"},
		{"a value that is missing is named", "--speed", "--speed needs a value: X"},
		{"a switch takes none", "--yes=1", "--yes takes no value"},
		{"short options do not exist", "-y",
			"unrecognized option -y: options are long, as "
			"--help"},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, arguments, reads)
{
	CLEANUP(arguments_done) struct arguments arguments = {0};
	char *words[WORDS_MAX];
	char seen[96] = "";
	struct err err = {0};
	int read;

	int count = split(row->line, words);
	if (arguments_read(&arguments, tables, false, count, words, &read, &err) == -1) {
		(void)snprintf(seen, sizeof seen, "%.95s", err.message);
		cr_expect(eq(int, err.code, ERR_USAGE));
	} else {
		describe(&arguments, seen, sizeof seen);
		cr_expect(eq(int, read, count), "%s", row->because);
	}
	cr_expect(eq(str, seen, row->seen), "%s", row->because);
}

Test(arguments, stop_at_the_first_word_when_a_command_is_looked_for)
{
	CLEANUP(arguments_done) struct arguments arguments = {0};
	char line[] = "--yes bot --speed 1";
	char *words[WORDS_MAX];
	struct err err;
	int read = -1;

	int count = split(line, words);
	cr_assert(eq(int, arguments_read(&arguments, tables, true, count, words, &read, &err), 0));
	cr_expect(eq(int, read, 1));
	cr_expect(eq(int, arguments.operand_count, 0));
	cr_expect(eq(sz, arguments.given_count, 1));
}

Test(arguments, give_repeated_values_in_order)
{
	CLEANUP(arguments_done) struct arguments arguments = {0};
	char line[] = "--speed 1 --yes --speed 2";
	char *words[WORDS_MAX];
	struct err err;
	int read;

	int count = split(line, words);
	cr_assert(eq(int, arguments_read(&arguments, tables, false, count, words, &read, &err), 0));
	cr_expect(eq(sz, arguments_count(&arguments, "speed"), 2));
	cr_expect_str_eq(arguments_value(&arguments, "speed", 1), "2");
	cr_expect_null(arguments_value(&arguments, "speed", 2));
}
