/* The master keys' file: who may have written it, who may read it, and what stands in it. */
#define _GNU_SOURCE /* memfd_create */

#include "core/base/cleanup.h"
#include "core/vault/vault.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_A "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
#define KEY_B "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="

/* Criterion's str takes no const. */
static void expect_text(const char *got, const char *wanted)
{
	cr_expect(zero(int, strcmp(got, wanted)), "\"%s\" is not \"%s\"", got, wanted);
}

static void setup(void)
{
	struct err err;

	cr_assert(zero(int, vault_init(&err)));
}

TestSuite(ring, .init = setup);

/* A file of that mode; unlinked and freed by file_done. */
static char *file_of(const char *text, mode_t mode)
{
	char path[] = "/tmp/botbeat-ring-XXXXXX";
	CLEANUP(fd_close) int fd = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
	cr_assert(zero(int, fchmod(fd, mode)));
	return mem_text(path);
}

static void file_done(char **path)
{
	(void)unlink(*path);
	text_free(path);
}

struct moded {
	char because[64];
	unsigned mode;
	bool opens;
};

ParameterizedTestParameters(ring, looks_at_the_mode_of_its_file)
{
	static struct moded rows[] = {
		{"the owner alone", 0600, true},
		{"the owner alone, read only", 0400, true},
		{"the group can read", 0640, false},
		{"the world can read", 0604, false},
		{"the group can write", 0620, false},
		{"a program is no key file", 0700, false},
		{"set-uid is a slip", 04600, false},
	};
	return cr_make_param_array(struct moded, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct moded *row, ring, looks_at_the_mode_of_its_file)
{
	CLEANUP(file_done) char *path = file_of("m1:" KEY_A "\n", row->mode);
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err = {0};

	cr_expect(eq(int, vault_open(path, &vault, &err), row->opens ? 0 : -1), "%s: %s",
		row->because, err.message);
	cr_expect(zero(ptr, strstr(err.message, "QUFB")), "%s", err.message);
	if (!row->opens)
		cr_expect(ne(ptr, strstr(err.message, path), NULL), "%s", err.message);
}

Test(ring, refuses_a_file_of_somebody_else)
{
	CLEANUP(file_done) char *path = file_of("m1:" KEY_A "\n", 0600);
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err;

	if (geteuid() != 0)
		cr_skip_test("only root can give a file away");
	cr_assert(zero(int, chown(path, 65534, 65534)));
	cr_expect(eq(int, vault_open(path, &vault, &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "65534"), NULL), "%s", err.message);
}

struct text {
	char because[64];
	char text[256];
	char current[16]; /* "": refused */
};

ParameterizedTestParameters(ring, reads_its_lines)
{
	static struct text rows[] = {
		{"one key", "m1:" KEY_A, "m1"},
		{"the first wraps", "m2:" KEY_B "\nm1:" KEY_A "\n", "m2"},
		{"comments and empty lines", "# old and new\n\nm1:" KEY_A "\n\n", "m1"},
		{"line ends of another system", "m1:" KEY_A "\r\n", "m1"},
		{"nothing", "", ""},
		{"only a comment", "# none yet\n", ""},
		{"no id", ":" KEY_A "\n", ""},
		{"no colon", KEY_A "\n", ""},
		{"an id with a space", "m 1:" KEY_A "\n", ""},
		{"an id that does not fit its column",
			"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm:" KEY_A "\n", ""},
		{"the same id twice", "m1:" KEY_A "\nm1:" KEY_B "\n", ""},
		{"a short key", "m1:QUFBQUFBQUFBQUFB\n", ""},
		{"a long key", "m1:" KEY_A "QUFB\n", ""},
		{"something behind the key", "m1:" KEY_A " x\n", ""},
		{"no base64", "m1:%%%%%%%%\n", ""},
	};
	return cr_make_param_array(struct text, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct text *row, ring, reads_its_lines)
{
	CLEANUP(file_done) char *path = file_of(row->text, 0600);
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err = {0};

	int result = vault_open(path, &vault, &err);
	cr_expect(eq(int, result, row->current[0] == '\0' ? -1 : 0), "%s: %s", row->because,
		err.message);
	if (result == 0)
		expect_text(vault_current_id(vault), row->current);
	else
		cr_expect(eq(int, err.code, ERR_VAULT), "%s", row->because);
	cr_expect(zero(ptr, strstr(err.message, "QUFB")), "%s", err.message);
}

Test(ring, is_bounded)
{
	char text[16 * 1024];
	memset(text, '#', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	CLEANUP(file_done) char *path = file_of(text, 0600);
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err;

	cr_expect(eq(int, vault_open(path, &vault, &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "longer"), NULL), "%s", err.message);
}

Test(ring, is_read_twice_from_one_descriptor)
{
	CLEANUP(fd_close) int fd = memfd_create("ring", 0);
	CLEANUP(vault_free) struct vault *first = NULL;
	CLEANUP(vault_free) struct vault *second = NULL;
	char source[16];
	struct err err;

	cr_assert(eq(int, (int)write(fd, "m1:" KEY_A, strlen("m1:" KEY_A)), 47));
	(void)snprintf(source, sizeof source, "fd:%d", fd);
	cr_expect(zero(int, vault_open(source, &first, &err)), "%s", err.message);
	cr_expect(zero(int, vault_open(source, &second, &err)), "%s", err.message);
}

Test(ring, is_read_from_a_pipe)
{
	int ends[2];
	CLEANUP(vault_free) struct vault *vault = NULL;
	char source[16];
	struct err err;

	cr_assert(zero(int, pipe(ends)));
	cr_assert(eq(int, (int)write(ends[1], "m1:" KEY_A, strlen("m1:" KEY_A)), 47));
	(void)close(ends[1]);
	(void)snprintf(source, sizeof source, "fd:%d", ends[0]);
	cr_expect(zero(int, vault_open(source, &vault, &err)), "%s", err.message);
	(void)close(ends[0]);
}

struct source {
	char because[64];
	char source[64];
};

ParameterizedTestParameters(ring, refuses_sources_that_are_none)
{
	static struct source rows[] = {
		{"a file that is not there", "/nonexistent/ring"},
		{"a folder", "/tmp"},
		{"a device", "/dev/null"},
		{"no number", "fd:"},
		{"something behind the number", "fd:3x"},
		{"a negative number", "fd:-1"},
		{"a descriptor that is not open", "fd:999"},
	};
	return cr_make_param_array(struct source, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct source *row, ring, refuses_sources_that_are_none)
{
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err;

	cr_expect(eq(int, vault_open(row->source, &vault, &err), -1), "%s", row->because);
	cr_expect(eq(int, err.code, ERR_VAULT), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->source), NULL), "%s", err.message);
}

Test(ring, makes_lines_that_it_can_read)
{
	CLEANUP(text_free) char *line = vault_new_master_line("2026-11");
	CLEANUP(text_free) char *other = vault_new_master_line("2026-11");
	CLEANUP(file_done) char *path = file_of(line, 0600);
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err;

	cr_expect(ne(str, line, other));
	cr_assert(zero(int, vault_open(path, &vault, &err)), "%s", err.message);
	expect_text(vault_current_id(vault), "2026-11");
	cr_expect(zero(ptr, vault_new_master_line("not an id")));
}
