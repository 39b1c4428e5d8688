#include "core/base/cleanup.h"
#include "core/io/config.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/* The environment of whoever runs the tests is not part of them. */
static void forget_environment(void)
{
	extern char **environ;

	for (char **entry = environ; *entry != NULL;) {
		if (strncmp(*entry, "BOTBEAT_", 8) != 0) {
			entry++;
			continue;
		}
		char *name = strndup(*entry, strcspn(*entry, "="));
		unsetenv(name);
		free(name);
	}
}

TestSuite(config, .init = forget_environment);

static int load(const char *file_text, const char *option_name, const char *option_value,
	struct config **ret, struct err *err)
{
	char path[] = "/tmp/botbeat-config-XXXXXX";
	const struct config_override option = {option_name, option_value};
	int fd = mkstemp(path);

	cr_assert(ne(int, fd, -1));
	cr_assert(eq(sz, (size_t)write(fd, file_text, strlen(file_text)), strlen(file_text)));
	close(fd);
	int result = config_load(path, &option, option_name != NULL ? 1 : 0, ret, err);
	unlink(path);
	return result;
}

/* --- precedence --- */

Test(config, defaults_stand_without_a_file)
{
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = {0};

	cr_assert(eq(int, config_load(NULL, NULL, 0, &config, &err), 0), "%s", err.message);
	cr_expect(eq(i64, config_int(config, "worker.runners"), 8));
	cr_expect(eq(i64, config_int(config, "venue.recv_window_ms"), 5000));
	cr_expect(eq(str, config_text(config, "database.url"), ""));
	cr_expect(eq(str, config_text(config, "venue.bybit_url"), "https://api.bybit.com"));
	cr_expect(not(config_bool(config, "venue.allow_unverified_venue")));
}

Test(config, an_option_beats_the_environment_beats_the_file)
{
	static const char file[] = "; a comment\n[worker]\nrunners = 3\nlease_ms = 20000 ; inline\n"
				   "recycle_runs=7\n[log]\nlevel = debug\n";
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = {0};

	setenv("BOTBEAT_WORKER_RUNNERS", "4", 1);
	setenv("BOTBEAT_WORKER_LEASE_MS", "30000", 1);
	cr_assert(eq(int, load(file, "worker.runners", "5", &config, &err), 0), "%s", err.message);
	cr_expect(eq(i64, config_int(config, "worker.runners"), 5));
	cr_expect(eq(i64, config_int(config, "worker.lease_ms"), 30000));
	cr_expect(eq(i64, config_int(config, "worker.recycle_runs"), 7));
	cr_expect(eq(str, config_text(config, "log.level"), "debug"));
}

Test(config, says_where_each_value_is_from)
{
	CLEANUP(config_free) struct config *config = NULL;
	struct config_entry entry;
	struct err err = {0};
	int found = 0;

	setenv("BOTBEAT_LOG_LEVEL", "warn", 1);
	cr_assert(eq(int, load("[worker]\nrunners=2\n", "log.format", "json", &config, &err), 0));
	for (size_t i = 0; config_entry(config, i, &entry); i++) {
		cr_expect(ne(sz, strlen(entry.meaning), 0), "%s", entry.name);
		const char *source = strcmp(entry.name, "worker.runners") == 0 ? "file"
				     : strcmp(entry.name, "log.level") == 0    ? "environment"
				     : strcmp(entry.name, "log.format") == 0   ? "option"
									       : "default";
		cr_expect(eq(str, entry.source, source), "%s", entry.name);
		found += strcmp(source, "default") != 0;
	}
	cr_expect(eq(int, found, 3));
}

/* --- refusals --- */

struct refusal {
	char because[64];
	char text[120];
	char message[112]; /* must stand in the error */
};

ParameterizedTestParameters(config, refuses_a_file)
{
	static struct refusal rows[] = {
		{"a key that does not exist", "[worker]\nruners = 8\n",
			"line 2: unrecognized setting \"worker.runers\""},
		{"a section that does not exist", "\n[wroker]\nrunners = 8\n",
			"line 3: unrecognized setting \"wroker.runners\""},
		{"a key before any section", "url = x\n", "line 1: unrecognized setting \"url\""},
		{"a number out of range", "[worker]\nrunners = 0\n",
			"line 2: worker.runners: expected an integer from 1 to 1024, got \"0\""},
		{"a number beyond 64 bits", "[worker]\nrunners = 99999999999999999999\n",
			"worker.runners: expected an integer"},
		{"a number with a unit", "[worker]\nlease_ms = 10s\n",
			"worker.lease_ms: expected an integer from 1000 to 300000, got \"10s\""},
		{"an empty number", "[worker]\nrunners =\n", "worker.runners: expected"},
		{"a window beyond what is safe", "[venue]\nrecv_window_ms = 5001\n",
			"from 500 to 5000"},
		{"a word that is neither", "[venue]\nallow_unverified_venue = maybe\n",
			"expected true or false, got \"maybe\""},
		{"a level that does not exist", "[log]\nlevel = verbose\n",
			"log.level: expected debug, info, warn or error, got \"verbose\""},
		{"a value given twice", "[worker]\nrunners = 1\nrunners = 2\n",
			"line 3: worker.runners is given twice"},
		{"no equals sign", "[worker]\nrunners\n", "line 2: expected [section]"},
		{"an unclosed section", "[worker\nrunners = 1\n", "line 1: expected [section]"},
		{"an order in clear over the network",
			"[venue]\nbybit_url = http://api.bybit.com\n",
			"venue.bybit_url: cannot use the URL http://api.bybit.com: plain http"},
		{"a Redis URL that is none", "[redis]\nurl = localhost:6379\n",
			"redis.url: unrecognized scheme"},
		{"a Postgres URL that is none", "[database]\nurl = nonsense\n",
			"database.url: malformed database URL"},
		{"an address without a port", "[worker]\nlisten = 127.0.0.1\n",
			"worker.listen: cannot listen on"},
		{"settings that contradict each other", "[worker]\nsoft_timeout_ms = 60001\n",
			"worker.soft_timeout_ms (60001) is above worker.hard_timeout_ms (60000)"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, config, refuses_a_file, .init = forget_environment)
{
	struct config *config = NULL;
	struct err err = {0};
	int result = load(row->text, NULL, NULL, &config, &err);

	cr_expect(eq(int, result, -1), "%s", row->because);
	cr_expect(eq(ptr, config, NULL), "%s", row->because);
	cr_expect(eq(int, err.code, ERR_CONFIG), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->message), NULL), "%s: %s", row->because,
		err.message);
}

Test(config, a_line_that_would_be_cut_is_refused)
{
	char text[400] = "[database]\nurl = postgres://botbeat@/botbeat?host=";
	struct config *config = NULL;
	struct err err = {0};
	size_t used = strlen(text);

	memset(text + used, 'x', 250);
	cr_expect(eq(int, load(text, NULL, NULL, &config, &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "line 2: the line is too long"), NULL), "%s",
		err.message);
}

Test(config, a_missing_file_is_named)
{
	struct config *config = NULL;
	struct err err = {0};

	cr_expect(eq(int, config_load("/nowhere/botbeat.ini", NULL, 0, &config, &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG));
	cr_expect(ne(ptr, strstr(err.message, "/nowhere/botbeat.ini: No such file"), NULL), "%s",
		err.message);
	cr_expect(eq(int, config_load("/", NULL, 0, &config, &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG), "a folder is no file");
}

Test(config, a_slip_in_the_environment_is_named)
{
	struct config *config = NULL;
	struct err err = {0};

	setenv("BOTBEAT_TEST_DATABASE_URL", "not ours", 1);
	setenv("BOTBEAT_WORKER_RUNERS", "4", 1);
	cr_expect(eq(int, config_load(NULL, NULL, 0, &config, &err), -1));
	cr_expect(eq(str, err.message, "unrecognized environment variable BOTBEAT_WORKER_RUNERS"));
	unsetenv("BOTBEAT_WORKER_RUNERS");
	cr_expect(eq(int, config_load(NULL, NULL, 0, &config, &err), 0), "%s", err.message);
	config_free(&config);
}

/* --- passwords --- */

struct password {
	char because[64];
	char setting[24];
	char text[96];
	char masked[96]; /* as printed; the same as text: no password in it */
};

ParameterizedTestParameters(config, keeps_passwords_to_the_file)
{
	static struct password rows[] = {
		{"a URL", "database.url", "postgres://bb:hunter2@db/bb",
			"postgres://bb:****@db/bb"},
		{"a password with an @", "database.url", "postgres://bb:hun@ter2@db/bb",
			"postgres://bb:****@db/bb"},
		{"pairs", "database.url", "host=db password=hunter2 user=bb",
			"host=db password=**** user=bb"},
		{"a quoted pair", "database.url", "host=db password='hunter 2' user=bb",
			"host=db password=****"},
		{"a parameter of a URL", "database.url",
			"postgres://db/bb?password=hunter2&sslmode=disable",
			"postgres://db/bb?password=****&sslmode=disable"},
		{"Redis without a user", "redis.url", "redis://:hunter2@cache:6379/1",
			"redis://:****@cache:6379/1"},
		{"no password", "database.url", "postgres://bb@db:5432/bb",
			"postgres://bb@db:5432/bb"},
		{"a socket", "redis.url", "unix:///run/redis.sock?db=2",
			"unix:///run/redis.sock?db=2"},
	};
	return cr_make_param_array(struct password, rows, sizeof rows / sizeof rows[0]);
}

static void find_entry(const struct config *config, const char *name, struct config_entry *ret)
{
	for (size_t i = 0; config_entry(config, i, ret); i++) {
		if (strcmp(ret->name, name) == 0)
			return;
	}
}

ParameterizedTest(
	struct password *row, config, keeps_passwords_to_the_file, .init = forget_environment)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(config_free) struct config *other = NULL;
	struct config_entry entry = {0};
	struct err err = {0};
	char file[200];
	const char *key = strchr(row->setting, '.') + 1;
	bool secret = strcmp(row->text, row->masked) != 0;

	(void)snprintf(file, sizeof file, "[%.*s]\n%s = %s\n", (int)(key - 1 - row->setting),
		row->setting, key, row->text);
	cr_assert(eq(int, load(file, NULL, NULL, &config, &err), 0), "%s: %s", row->because,
		err.message);
	find_entry(config, row->setting, &entry);
	cr_expect(eq(str, entry.value, row->masked), "%s", row->because);
	cr_expect(eq(str, config_text(config, row->setting), row->text), "%s", row->because);

	int result = load("", row->setting, row->text, &other, &err);
	cr_expect(eq(int, result, secret ? -1 : 0), "%s", row->because);
	cr_expect(eq(ptr, strstr(err.message, "hunter"), NULL), "%s", err.message);
	config_free(&other);
	setenv(strcmp(row->setting, "redis.url") == 0 ? "BOTBEAT_REDIS_URL"
						      : "BOTBEAT_DATABASE_URL",
		row->text, 1);
	result = load("", NULL, NULL, &other, &err);
	cr_expect(eq(int, result, secret ? -1 : 0), "%s", row->because);
	cr_expect(eq(ptr, strstr(err.message, "hunter"), NULL), "%s", err.message);
}
