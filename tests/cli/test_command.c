#include "cli/command.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 10

/* A small program: `try CODE` fails with that class, `group show NAME --count N` prints. */
static int try_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	(void)context, (void)argc;
	static const enum err_code codes[] = {ERR_NONE, ERR_DATABASE, ERR_USAGE, ERR_NOT_FOUND,
		ERR_REFUSED, ERR_STOPPED, ERR_CONFIG};
	enum err_code code = codes[argv[0][0] - '0'];

	if (code == ERR_NONE)
		return 0;
	return err_set(err, code, ERR_RETRY_NEVER, "as asked");
}

static int show_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	int64_t count;
	(void)argc;

	if (command_int(context, "count", 1, 9, 3, &count, err) == -1)
		return -1;
	printf("%s shows %s %d times%s\n", command_title(context), argv[0], (int)count,
		command_json(context) ? " in JSON" : "");
	return 0;
}

static int wipe_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	if (command_confirm(context, err, "wipe %s?", "everything") == -1)
		return -1;
	puts("wiped");
	return 0;
}

static const struct command_option show_options[] = {
	{"count", "N", "how often"},
	{0},
};
static const struct command actions[] = {
	{.name = "show",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Show it",
		.options = show_options,
		.run = show_run},
	{.name = "wipe", .summary = "Wipe it", .asks = true, .run = wipe_run},
	{0},
};
static const struct command try_command = {.name = "try",
	.operands = "CODE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Fail",
	.run = try_run};
static const struct command group_command = {
	.name = "group", .summary = "A group", .actions = actions};
static const struct command *const commands[] = {&try_command, &group_command, NULL};

static int run_line(const char *line)
{
	static char text[256];
	char *words[WORDS_MAX + 1] = {NULL};
	int count = 0;
	char *rest;

	(void)snprintf(text, sizeof text, "botbeat %s", line);
	for (char *word = strtok_r(text, " ", &rest); word != NULL && count < WORDS_MAX;
		word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	return command_main(commands, "1.2.3", count, words);
}

struct exit_row {
	char because[72];
	char line[64];
	int code;
};

ParameterizedTestParameters(command, exits_with)
{
	static struct exit_row rows[] = {
		{"done is 0", "try 0", 0},
		{"a failure is 1", "try 1", 1},
		{"usage is 2, also when the command finds it", "try 2", 2},
		{"not found is 3", "try 3", 3},
		{"refused is 4", "try 4", 4},
		{"a closed stop gate is a refusal", "try 5", 4},
		{"a wrong installation is a failure", "try 6", 1},
		{"no command is a usage error", "", 2},
		{"nor is one that does not exist", "tyr 0", 2},
		{"a group alone does nothing", "group", 2},
		{"nor does an action that does not exist", "group hide x", 2},
		{"a missing operand is named", "group show", 2},
		{"an operand too many is refused", "group show a b", 2},
		{"a number is checked", "group show a --count ten", 2},
		{"and its range", "group show a --count 10", 2},
		{"and that nothing follows", "group show a --count 1x", 2},
		{"another command's option is refused", "try 0 --count 1", 2},
		{"a malformed setting is a usage error", "try 0 --set log.level", 2},
		{"an unknown setting is a failure", "try 0 --set log.levle=debug", 1},
		{"options may stand between group and action", "group --json show a", 0},
		{"what destroys is refused without a terminal and --yes", "group wipe", 4},
		{"and done with it", "group wipe --yes", 0},
		{"--yes is only for what asks", "group show a --yes", 2},
		{"help is no failure", "help", 0},
		{"nor is the help of an action", "group show --help", 0},
		{"nor in the other order", "help group show", 0},
		{"the help of nothing is a usage error", "help nothing", 2},
		{"the version is no failure", "--version", 0},
	};
	return cr_make_param_array(struct exit_row, rows, sizeof rows / sizeof rows[0]);
}

static void redirect(void)
{
	cr_redirect_stdin();
	cr_redirect_stdout();
	cr_redirect_stderr();
}

ParameterizedTest(struct exit_row *row, command, exits_with, .init = redirect)
{
	cr_expect(eq(int, run_line(row->line), row->code), "%s", row->because);
}

Test(command, gives_operands_and_options_to_the_action, .init = redirect)
{
	cr_assert(eq(int, run_line("group show one --count=2 --json"), 0));
	cr_expect_stdout_eq_str("botbeat group show shows one 2 times in JSON\n");
}

Test(command, tells_its_version, .init = redirect)
{
	cr_assert(eq(int, run_line("--version"), 0));
	cr_expect_stdout_eq_str("botbeat 1.2.3\n");
}

Test(command, names_the_command_in_front_of_its_failure, .init = redirect)
{
	cr_assert(eq(int, run_line("group show a --count 0"), 2));
	cr_expect_stderr_eq_str("botbeat group show: --count: expected an integer from 1 to 9, got "
				"\"0\"\n");
}
