#include "cli/command.h"

#include "cli/arguments.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/log.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 3 /* "bot", "add" */
#define QUESTION_BYTES 512

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_REFUSED };

static const struct command_option everywhere[] = {
	{"config", "FILE", "read settings from FILE"},
	{"set", "SECTION.KEY=VALUE", "change one setting; may be repeated"},
	{"json", NULL, "print JSON"},
	{"help", NULL, "say how the command is used"},
	{0},
};
static const struct command_option at_the_top[] = {
	{"version", NULL, "print the version"},
	{0},
};
static const struct command_option yes[] = {
	{"yes", NULL, "do not ask"},
	{0},
};
static const struct command_option none[] = {{0}};

struct command_context {
	const struct command *command;
	char title[64];
	struct arguments arguments;
	struct config *config;
	struct postgres *database;
	struct postgres *direct;
	struct redis *redis;
};

int command_exit_code(enum err_code code)
{
	if (code == ERR_NONE)
		return EXIT_DONE;
	if (code == ERR_USAGE)
		return EXIT_USAGE;
	if (code == ERR_NOT_FOUND)
		return EXIT_NOT_FOUND;
	if (code == ERR_REFUSED || code == ERR_STOPPED)
		return EXIT_REFUSED;
	return EXIT_FAILED;
}

/* --- help ----------------------------------------------------------------------------------- */

static void print_options(const struct command_option *options)
{
	for (; options->name != NULL; options++) {
		char left[64];
		(void)snprintf(left, sizeof left, "--%s%s%s", options->name,
			options->value != NULL ? " " : "",
			options->value != NULL ? options->value : "");
		printf("  %-28s %s\n", left, options->meaning);
	}
}

static void print_overview(const struct command *const *commands, FILE *out)
{
	fprintf(out, "usage: botbeat [options] COMMAND [options] [operands]\n\ncommands:\n");
	for (; *commands != NULL; commands++)
		fprintf(out, "  %-12s %s\n", (*commands)->name, (*commands)->summary);
	fprintf(out, "\nbotbeat COMMAND --help says more about each.\n");
}

static void print_actions(const struct command *command)
{
	printf("\nactions:\n");
	for (const struct command *action = command->actions; action->name != NULL; action++) {
		char left[64];
		(void)snprintf(left, sizeof left, "%s %s", action->name,
			action->operands != NULL ? action->operands : "");
		printf("  %-28s %s\n", left, action->summary);
	}
}

static void print_help(const struct command *command, const char *title)
{
	printf("usage: %s%s%s%s\n\n%s.\n", title,
		command->actions != NULL ? " ACTION" : " [options]",
		command->operands != NULL ? " " : "",
		command->operands != NULL ? command->operands : "", command->summary);
	if (command->details != NULL)
		printf("\n%s\n", command->details);
	if (command->actions != NULL)
		print_actions(command);
	printf("\noptions:\n");
	if (command->options != NULL)
		print_options(command->options);
	if (command->asks)
		print_options(yes);
	print_options(everywhere);
}

/* --- finding the command -------------------------------------------------------------------- */

static const struct command *find_command(const struct command *const *commands, const char *name)
{
	for (; *commands != NULL; commands++) {
		if (strcmp((*commands)->name, name) == 0)
			return *commands;
	}
	return NULL;
}

static const struct command *find_action(const struct command *command, const char *name)
{
	for (const struct command *action = command->actions; action->name != NULL; action++) {
		if (strcmp(action->name, name) == 0)
			return action;
	}
	return NULL;
}

static void add_title(struct command_context *context, const char *word)
{
	size_t length = strlen(context->title);

	(void)snprintf(context->title + length, sizeof context->title - length, " %s", word);
}

/*
 * One word down the tree: from commands at the top, from the actions of context->command below.
 * Advances *argc and *argv behind the word. Leaves context->command alone if no word is left.
 */
static int descend(struct command_context *context, const struct command *const *commands,
	int *argc, char ***argv, struct err *err)
{
	const struct command_option *const tables[] = {
		everywhere, context->command == NULL ? at_the_top : none, NULL};
	int read;

	if (arguments_read(&context->arguments, tables, true, *argc, *argv, &read, err) == -1)
		return -1;
	*argc -= read;
	*argv += read;
	if (*argc == 0)
		return 0;

	const char *word = (*argv)[0];
	const struct command *found = context->command == NULL
					      ? find_command(commands, word)
					      : find_action(context->command, word);
	if (found == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"unrecognized command \"%.40s\": %s --help lists them", word,
			context->title);
	context->command = found;
	add_title(context, word);
	*argc -= 1;
	*argv += 1;
	return 0;
}

/* "botbeat help bot add" is "botbeat bot add --help". */
static int rewrite_help(int argc, char **argv, char **ret_argv)
{
	static char last[] = "--help";
	int count = 0;

	for (int i = 1; i < argc; i++)
		ret_argv[count++] = argv[i];
	ret_argv[count++] = last;
	return count;
}

/* --- running -------------------------------------------------------------------------------- */

int command_load_config(const struct command_context *context, struct config **ret, struct err *err)
{
	size_t count = arguments_count(&context->arguments, "set");
	struct config_override *overrides = mem_zero(count + 1, sizeof *overrides);
	char **names = mem_zero(count + 1, sizeof *names);
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		const char *text = arguments_value(&context->arguments, "set", i);
		const char *equals = strchr(text, '=');
		if (equals == NULL) {
			result = err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"--set %.60s: expected SECTION.KEY=VALUE", text);
			break;
		}
		names[i] = mem_format("%.*s", (int)(equals - text), text);
		overrides[i] = (struct config_override){names[i], equals + 1};
	}
	if (result == 0)
		result = config_load(command_value(context, "config"), overrides, count, ret, err);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(overrides);
	return result;
}

static int check_operands(const struct command_context *context, struct err *err)
{
	const struct command *command = context->command;
	size_t count = (size_t)context->arguments.operand_count;

	if (count < command->operands_min)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "an operand is missing: %s %s",
			context->title, command->operands);
	if (count > command->operands_max)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"unexpected operand \"%.60s\": see %s --help",
			context->arguments.operands[command->operands_max], context->title);
	return 0;
}

static int run_leaf(struct command_context *context, int argc, char **argv, struct err *err)
{
	const struct command *command = context->command;
	const struct command_option *const tables[] = {everywhere,
		command->options != NULL ? command->options : none, command->asks ? yes : none,
		NULL};
	int read;

	if (arguments_read(&context->arguments, tables, false, argc, argv, &read, err) == -1)
		return -1;
	if (command_given(context, "help")) {
		print_help(command, context->title);
		return 0;
	}
	if (check_operands(context, err) == -1 ||
		command_load_config(context, &context->config, err) == -1)
		return -1;
	return command->run(
		context, context->arguments.operand_count, context->arguments.operands, err);
}

/* What was asked of the program itself, without a command. */
static int run_top(const struct command_context *context, const struct command *const *commands,
	const char *version, struct err *err)
{
	if (arguments_value(&context->arguments, "version", 0) != NULL) {
		printf("botbeat %s\n", version);
		return 0;
	}
	if (arguments_value(&context->arguments, "help", 0) != NULL) {
		print_overview(commands, stdout);
		return 0;
	}
	print_overview(commands, stderr);
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "no command was given");
}

static int run(struct command_context *context, const struct command *const *commands,
	const char *version, int argc, char **argv, struct err *err)
{
	do {
		const struct command *before = context->command;
		if (descend(context, commands, &argc, &argv, err) == -1)
			return -1;
		if (context->command == before)
			break;
	} while (context->command->actions != NULL);

	if (context->command == NULL)
		return run_top(context, commands, version, err);
	if (context->command->run != NULL)
		return run_leaf(context, argc, argv, err);
	if (arguments_value(&context->arguments, "help", 0) == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"an action is missing: %s --help lists them", context->title);
	print_help(context->command, context->title);
	return 0;
}

static int finish_output(int result, struct err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return result;
	if (result == -1)
		return -1;
	return err_errno(err, errno, "could not write to standard output");
}

static void context_done(struct command_context *context)
{
	postgres_free(&context->database);
	postgres_free(&context->direct);
	redis_free(&context->redis);
	config_free(&context->config);
	arguments_done(&context->arguments);
}

int command_main(const struct command *const *commands, const char *version, int argc, char **argv)
{
	CLEANUP(context_done) struct command_context context = {.title = "botbeat"};
	char *help[DEPTH_MAX + 1];
	struct err err = {0};

	/* A service says what and where to in its own first lines; who typed a command reads it. */
	log_setup(LOG_INFO, LOG_NOTE, "botbeat");
	argc = argc > 0 ? argc - 1 : 0;
	argv++;
	if (argc > 0 && argc <= DEPTH_MAX && strcmp(argv[0], "help") == 0) {
		argc = rewrite_help(argc, argv, help);
		argv = help;
	}

	int result = run(&context, commands, version, argc, argv, &err);
	if (finish_output(result, &err) == 0)
		return EXIT_DONE;
	fprintf(stderr, "%s: %s\n", context.title, err.message);
	return command_exit_code(err.code);
}

/* --- what a command asks for ---------------------------------------------------------------- */

static bool in_table(const struct command_option *options, const char *name)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (strcmp(options->name, name) == 0)
			return true;
	}
	return false;
}

const char *command_value_at(const struct command_context *context, const char *name, size_t index)
{
	assert(in_table(everywhere, name) || in_table(context->command->options, name) ||
		(context->command->asks && in_table(yes, name)));
	return arguments_value(&context->arguments, name, index);
}

const char *command_value(const struct command_context *context, const char *name)
{
	const char *last = NULL;
	const char *value;

	for (size_t i = 0; (value = command_value_at(context, name, i)) != NULL; i++)
		last = value;
	return last;
}

bool command_given(const struct command_context *context, const char *name)
{
	return command_value_at(context, name, 0) != NULL;
}

int command_int(const struct command_context *context, const char *name, int64_t min, int64_t max,
	int64_t fallback, int64_t *ret, struct err *err)
{
	const char *text = command_value(context, name);
	char *end = NULL;

	if (text == NULL) {
		*ret = fallback;
		return 0;
	}
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || text[strspn(text, "-0123456789")] != '\0' || end == text ||
		*end != '\0' || number < min || number > max)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--%s: expected an integer from %lld to %lld, got \"%.40s\"", name,
			(long long)min, (long long)max, text);
	*ret = number;
	return 0;
}

int command_require(const struct command_context *context, const char *name, const char **ret_value,
	struct err *err)
{
	const char *value = command_value(context, name);

	if (value == NULL)
		return err_set(
			err, ERR_USAGE, ERR_RETRY_NEVER, "%s needs --%s", context->title, name);
	*ret_value = value;
	return 0;
}

bool command_json(const struct command_context *context)
{
	return command_given(context, "json");
}

const struct config *command_config(const struct command_context *context)
{
	return context->config;
}

const char *command_title(const struct command_context *context)
{
	return context->title;
}

static int open_database(const struct command_context *context, const char *url,
	int64_t statement_timeout_ms, struct postgres **ret, struct err *err)
{
	CLEANUP(postgres_free) struct postgres *postgres = NULL;

	if (url[0] == '\0')
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"database.url is not set: give it in the --config file or as "
			"BOTBEAT_DATABASE_URL");
	postgres = postgres_new(&(struct postgres_options){.url = url,
		.application = context->title,
		.connect_timeout_ms = config_int(context->config, "database.connect_timeout_ms"),
		.statement_timeout_ms = statement_timeout_ms});
	if (postgres_connect(postgres, err) == -1)
		return -1;
	*ret = TAKE(postgres);
	return 0;
}

int command_database(struct command_context *context, struct postgres **ret, struct err *err)
{
	const struct config *config = context->config;

	if (context->database == NULL &&
		open_database(context, config_text(config, "database.url"),
			config_int(config, "database.statement_timeout_ms"), &context->database,
			err) == -1)
		return -1;
	*ret = context->database;
	return 0;
}

int command_database_direct(struct command_context *context, int64_t statement_timeout_ms,
	struct postgres **ret, struct err *err)
{
	const char *url = config_text(context->config, "database.direct_url");

	if (url[0] == '\0')
		url = config_text(context->config, "database.url");
	if (context->direct == NULL &&
		open_database(context, url, statement_timeout_ms, &context->direct, err) == -1)
		return -1;
	*ret = context->direct;
	return 0;
}

int command_redis(struct command_context *context, struct redis **ret, struct err *err)
{
	const struct config *config = context->config;
	const char *url = config_text(config, "redis.url");

	if (url[0] == '\0')
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"redis.url is not set: give it in the --config file or as "
			"BOTBEAT_REDIS_URL");
	if (context->redis == NULL) {
		CLEANUP(redis_free) struct redis *redis = NULL;
		if (redis_new(url, config_int(config, "redis.connect_timeout_ms"),
			    config_int(config, "redis.command_timeout_ms"), &redis, err) == -1 ||
			redis_connect(redis, err) == -1)
			return -1;
		context->redis = TAKE(redis);
	}
	*ret = context->redis;
	return 0;
}

int command_confirm(const struct command_context *context, struct err *err, const char *format, ...)
{
	char question[QUESTION_BYTES];
	char answer[16];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(question, sizeof question, format, arguments);
	va_end(arguments);

	if (command_given(context, "yes"))
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "%s: needs --yes", question);
	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(answer, sizeof answer, stdin) != NULL &&
		(strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
		return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "nothing was done");
}
