/*
 * operator - an operator at work, for this folder's tests: a database of its own, a simulated
 * exchange in the same process (accounts alice and bob, BTCUSDT at 20000), a folder for keys, and
 * the program's commands, called as main calls them.
 *
 *	EXPECT_EXIT(0, "bot start b1");            what was printed stands in said
 */
#ifndef TESTS_CLI_OPERATOR_H
#define TESTS_CLI_OPERATOR_H

#include "cli/commands.h"
#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "tests/simulator/client.h"
#include "tests/support/database.h"

#include <fcntl.h>

#define WORDS_MAX 40
#define SAID_BYTES 65536

struct operator
{
	struct client venue;
	char *url;
	struct postgres *postgres; /* as the superuser, for looking */
	char folder[64];
};

static struct operator op;
static char said[SAID_BYTES]; /* both streams of the last command */

#define POINTER(name) &name##_command,
static const struct command *const all_commands[] = {COMMANDS(POINTER) NULL};

/* Words are parted by spaces; none of them holds one. */
__attribute__((unused)) static int botbeat(const char *line)
{
	char copy[2048];
	char *words[WORDS_MAX + 2] = {(char[]){"botbeat"}};
	int count = 1;

	cr_assert(lt(sz, strlen(line), sizeof copy));
	(void)snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		cr_assert(lt(int, count, WORDS_MAX));
		words[count++] = word;
	}
	FILE *file = tmpfile();
	cr_assert(ne(ptr, file, NULL));
	(void)fflush(NULL);
	int old_out = dup(STDOUT_FILENO);
	int old_err = dup(STDERR_FILENO);
	(void)dup2(fileno(file), STDOUT_FILENO);
	(void)dup2(fileno(file), STDERR_FILENO);
	int code = command_main(all_commands, "test", count, words);
	(void)fflush(NULL);
	(void)dup2(old_out, STDOUT_FILENO);
	(void)dup2(old_err, STDERR_FILENO);
	(void)close(old_out);
	(void)close(old_err);
	rewind(file);
	size_t got = fread(said, 1, sizeof said - 1, file);
	said[got] = '\0';
	(void)fclose(file);
	return code;
}

#define EXPECT_EXIT(code, line)                                                                    \
	do {                                                                                       \
		int exited = botbeat(line);                                                        \
		cr_expect(eq(int, exited, (code)), "%s\n%s", line, said);                          \
	} while (0)
#define EXPECT_SAID(text) cr_expect(strstr(said, text) != NULL, "\"%s\" is not in:\n%s", text, said)
#define EXPECT_UNSAID(text) cr_expect(strstr(said, text) == NULL, "\"%s\" is in:\n%s", text, said)
#define EXPECT_SQL(query, expected)                                                                \
	do {                                                                                       \
		char *found = test_database_value(op.postgres, query);                             \
		cr_expect(eq(str, found, (char *)(uintptr_t)(expected)), "%s", query);             \
		free(found);                                                                       \
	} while (0)

/* The path of a file of the test's folder; valid until the fourth next call. */
__attribute__((unused)) static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", op.folder, name);
	return path;
}

__attribute__((unused)) static const char *write_file(
	const char *name, unsigned mode, const char *text)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
	cr_assert(zero(int, fchmod(fd, mode)));
	(void)close(fd);
	return path;
}

/* As botbeat, with printf's arguments. */
__attribute__((unused, format(printf, 1, 2))) static int botbeat_with(const char *format, ...)
{
	char line[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	return botbeat(line);
}

static void set_environment(const char *name, const char *value)
{
	cr_assert(zero(int, setenv(name, value, 1)));
}

/* Commands act as the role that an installation gives them. */
__attribute__((unused)) static void operator_begin(void)
{
	int null = open("/dev/null", O_RDONLY);

	op.url = test_database_new("operator");
	op.postgres = test_database_open(op.url, NULL);
	CLEANUP(text_free) char *admin = test_database_as(op.url, "botbeat_admin");
	client_start(&op.venue);
	(void)snprintf(op.folder, sizeof op.folder, "/tmp/botbeat-operator-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(op.folder), NULL));
	set_environment("BOTBEAT_DATABASE_URL", admin);
	set_environment("BOTBEAT_VENUE_BYBIT_TESTNET_URL", op.venue.url);
	set_environment("BOTBEAT_VENUE_BYBIT_URL", op.venue.url);
	set_environment("BOTBEAT_VENUE_REQUESTS_PER_SECOND", "-1");
	set_environment("BOTBEAT_VAULT_MASTER_KEY_FILE", path_of("ring"));
	(void)unsetenv("BOTBEAT_REDIS_URL");
	/* A question is never answered here, as in a script. */
	(void)dup2(null, STDIN_FILENO);
	(void)close(null);
}

__attribute__((unused)) static void operator_end(void)
{
	CLEANUP(text_free) char *remove = mem_format("rm -rf %s", op.folder);

	postgres_free(&op.postgres);
	test_database_drop(&op.url);
	client_stop(&op.venue);
	cr_assert(zero(int, system(remove)));
}

/* A ring, the tenants ann and ben, and keys: ann/main and ann/spare for alice, ben/main for bob. */
__attribute__((unused)) static void operator_has_tenants(void)
{
	cr_assert(zero(int, botbeat_with("key master %s --id first", path_of("ring"))), "%s", said);
	cr_assert(zero(int, botbeat("tenant add ann")), "%s", said);
	cr_assert(zero(int, botbeat("tenant add ben")), "%s", said);
	const char *keys = write_file("keys", 0600,
		"# three keys\n"
		"ann:main:bybit:testnet:alice:secret-of-alice\n"
		"ann:spare:bybit:testnet:alice:secret-of-alice\n"
		"ben:main:bybit:testnet:bob:secret-of-bob\n"
		"ben:copy:bybit:testnet:alice:secret-of-alice\n");
	cr_assert(zero(int, botbeat_with("credential add --file %s", keys)), "%s", said);
}

#endif
