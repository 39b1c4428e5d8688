/* Sealing and opening: what binds a credential to its row, and what a thief of rows can do. */
#define _GNU_SOURCE /* memfd_create */

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/vault/vault.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define API_KEY "canary-api-key-5512"
#define API_SECRET "canary-api-secret-77aa"
#define TENANT "6f2c0c3e-0000-4000-8000-000000000001"
#define CREDENTIAL "6f2c0c3e-0000-4000-8000-00000000000c"

/* A ring in a memfd, read as "fd:N"; lines are joined by line feeds. */
static struct vault *ring_of(const char *lines)
{
	CLEANUP(fd_close) int fd = memfd_create("ring", 0);
	char source[16];
	struct vault *vault;
	struct err err;

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, lines, strlen(lines)), strlen(lines)));
	(void)snprintf(source, sizeof source, "fd:%d", fd);
	cr_assert(zero(int, vault_open(source, &vault, &err)), "%s", err.message);
	return vault;
}

static struct vault *ring_new(void)
{
	CLEANUP(text_free) char *line = vault_new_master_line("m1");

	return ring_of(line);
}

static struct vault_binding binding_of_row(void)
{
	return (struct vault_binding){TENANT, CREDENTIAL, "bybit", "testnet", 3};
}

struct rows { /* what stands in Postgres for one credential */
	char *public;
	char *wrapped;
	char *sealed;
};

static void rows_done(struct rows *rows)
{
	free(rows->public);
	free(rows->wrapped);
	free(rows->sealed);
}

static struct rows rows_of(const struct vault *vault, int64_t version)
{
	struct vault_binding binding = binding_of_row();
	struct rows rows = {0};
	struct err err;

	cr_assert(zero(int, vault_new_tenant(vault, TENANT, &rows.public, &rows.wrapped, &err)));
	cr_assert(zero(int, vault_seal(rows.public, &binding, version, API_KEY, API_SECRET,
				    &rows.sealed, &err)),
		"%s", err.message);
	return rows;
}

static void expect_no_secret(const struct err *err)
{
	cr_expect(eq(int, err->code, ERR_VAULT));
	cr_expect(eq(int, err->retry, ERR_RETRY_NEVER));
	cr_expect(zero(ptr, strstr(err->message, "canary")), "%s", err->message);
}

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

TestSuite(vault, .init = setup);

Test(vault, opens_what_was_sealed)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	struct vault_binding binding = binding_of_row();
	struct err err;

	cr_assert(zero(int, vault_open_credential(vault, "m1", rows.wrapped, rows.sealed, &binding,
				    &secret, &err)),
		"%s", err.message);
	vault_secret_expose(secret);
	expect_text(vault_secret_key(secret), API_KEY);
	expect_text(vault_secret_secret(secret), API_SECRET);
	vault_secret_hide(secret);
}

Test(vault, keeps_a_secret_of_several_lines)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	CLEANUP(text_free) char *sealed = NULL;
	struct vault_binding binding = binding_of_row();
	struct err err;

	cr_assert(zero(int, vault_seal(rows.public, &binding, 3, API_KEY, "-----BEGIN\nab\n-----\n",
				    &sealed, &err)));
	cr_assert(zero(int, vault_open_credential(
				    vault, "m1", rows.wrapped, sealed, &binding, &secret, &err)),
		"%s", err.message);
	vault_secret_expose(secret);
	expect_text(vault_secret_secret(secret), "-----BEGIN\nab\n-----\n");
}

struct swapped {
	char because[64];
	char tenant[40];
	char credential[40];
	char venue[16];
	char environment[16];
	int64_t version_min;
	bool opens;
};

ParameterizedTestParameters(vault, opens_only_for_its_row)
{
	static struct swapped rows[] = {
		{"the right row opens", TENANT, CREDENTIAL, "bybit", "testnet", 3, true},
		{"a later version than the row's lowest opens", TENANT, CREDENTIAL, "bybit",
			"testnet", 2, true},
		{"a replayed old row is refused", TENANT, CREDENTIAL, "bybit", "testnet", 4, false},
		{"another tenant's row is refused", "6f2c0c3e-0000-4000-8000-000000000002",
			CREDENTIAL, "bybit", "testnet", 3, false},
		{"another credential's row is refused", TENANT,
			"6f2c0c3e-0000-4000-8000-00000000000d", "bybit", "testnet", 3, false},
		{"another venue is refused", TENANT, CREDENTIAL, "phemex", "testnet", 3, false},
		{"a testnet key is no live key", TENANT, CREDENTIAL, "bybit", "live", 3, false},
		{"a prefix of the environment is another one", TENANT, CREDENTIAL, "bybit", "test",
			3, false},
		{"an empty venue is not any venue", TENANT, CREDENTIAL, "", "testnet", 3, false},
	};
	return cr_make_param_array(struct swapped, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct swapped *row, vault, opens_only_for_its_row)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	const struct vault_binding binding = {
		row->tenant, row->credential, row->venue, row->environment, row->version_min};
	struct err err;

	int result = vault_open_credential(
		vault, "m1", rows.wrapped, rows.sealed, &binding, &secret, &err);
	cr_expect(eq(int, result, row->opens ? 0 : -1), "%s", row->because);
	if (result == -1)
		expect_no_secret(&err);
}

/* The tenant is checked twice: by the wrapped key and by the sealed text. Here the latter alone. */
Test(vault, refuses_a_credential_sealed_for_another_tenant_to_the_same_key)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	CLEANUP(text_free) char *sealed = NULL;
	struct vault_binding binding = binding_of_row();
	struct err err;

	binding.tenant = "6f2c0c3e-0000-4000-8000-000000000002";
	cr_assert(zero(
		int, vault_seal(rows.public, &binding, 3, API_KEY, API_SECRET, &sealed, &err)));
	binding.tenant = TENANT;
	cr_expect(eq(int,
		vault_open_credential(vault, "m1", rows.wrapped, sealed, &binding, &secret, &err),
		-1));
	expect_no_secret(&err);
	cr_expect(ne(ptr, strstr(err.message, "another tenant"), NULL), "%s", err.message);
}

/* Flips bit after bit of a base64 text; every one must be refused. */
static void expect_each_flip_refused(const struct vault *vault, const struct rows *rows, char *text)
{
	unsigned char data[8192];
	struct vault_binding binding = binding_of_row();
	size_t size_bytes;
	size_t text_bytes = strlen(text) + 1;
	unsigned opened = 0;

	cr_assert(zero(int, sodium_base642bin(data, sizeof data, text, strlen(text), NULL,
				    &size_bytes, NULL, sodium_base64_VARIANT_ORIGINAL)));
	for (size_t bit = 0; bit < size_bytes * 8; bit++) {
		CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
		struct err err;

		data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		sodium_bin2base64(
			text, text_bytes, data, size_bytes, sodium_base64_VARIANT_ORIGINAL);
		data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		if (vault_open_credential(
			    vault, "m1", rows->wrapped, rows->sealed, &binding, &secret, &err) == 0)
			opened++;
		else
			expect_no_secret(&err);
	}
	cr_expect(zero(uint, opened));
}

Test(vault, refuses_every_flipped_bit_of_a_sealed_credential)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);

	expect_each_flip_refused(vault, &rows, rows.sealed);
}

Test(vault, refuses_every_flipped_bit_of_a_wrapped_key)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);

	expect_each_flip_refused(vault, &rows, rows.wrapped);
}

struct garbage {
	char because[64];
	char text[64];
};

ParameterizedTestParameters(vault, refuses_rows_that_are_no_rows)
{
	static struct garbage rows[] = {
		{"an empty column", ""},
		{"no base64", "%%%%"},
		{"shorter than any box", "AAAA"},
		{"base64 with something behind it", "AAAA AAAA"},
		{"base64 of the url alphabet", "-_-_"},
	};
	return cr_make_param_array(struct garbage, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct garbage *row, vault, refuses_rows_that_are_no_rows)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	CLEANUP(text_free) char *text = NULL;
	struct vault_binding binding = binding_of_row();
	struct err err;

	cr_expect(eq(int,
			  vault_open_credential(
				  vault, "m1", rows.wrapped, row->text, &binding, &secret, &err),
			  -1),
		"%s", row->because);
	expect_no_secret(&err);
	cr_expect(eq(int,
			  vault_open_credential(
				  vault, "m1", row->text, rows.sealed, &binding, &secret, &err),
			  -1),
		"%s", row->because);
	expect_no_secret(&err);
	cr_expect(eq(int, vault_seal(row->text, &binding, 1, API_KEY, API_SECRET, &text, &err), -1),
		"%s", row->because);
	expect_no_secret(&err);
}

struct unsealable {
	char because[64];
	char venue[80];
	char key[32];
	char secret[32];
	int64_t version;
};

ParameterizedTestParameters(vault, refuses_to_seal_what_could_not_be_read_back)
{
	static struct unsealable rows[] = {
		{"a line feed would move the fields", "bybit\nlive", "k", "s", 1},
		{"a line feed in the key too", "bybit", "canary\nx", "s", 1},
		{"a space in the key is a slip of the clipboard", "bybit", "canary ", "s", 1},
		{"an empty key", "bybit", "", "s", 1},
		{"an empty secret", "bybit", "k", "", 1},
		{"versions begin at 1", "bybit", "k", "s", 0},
		{"a venue of 65 characters",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "k",
			"s", 1},
	};
	return cr_make_param_array(struct unsealable, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct unsealable *row, vault, refuses_to_seal_what_could_not_be_read_back)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(text_free) char *sealed = NULL;
	const struct vault_binding binding = {TENANT, CREDENTIAL, row->venue, "live", 1};
	struct err err;

	cr_expect(eq(int,
			  vault_seal(rows.public, &binding, row->version, row->key, row->secret,
				  &sealed, &err),
			  -1),
		"%s", row->because);
	expect_no_secret(&err);
}

Test(vault, refuses_another_master_key_under_the_same_id)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(vault_free) struct vault *other = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	struct vault_binding binding = binding_of_row();
	struct err err;

	cr_expect(eq(int,
		vault_open_credential(
			other, "m1", rows.wrapped, rows.sealed, &binding, &secret, &err),
		-1));
	expect_no_secret(&err);
	cr_expect(eq(int,
		vault_open_credential(
			vault, "m9", rows.wrapped, rows.sealed, &binding, &secret, &err),
		-1));
	cr_expect(ne(ptr, strstr(err.message, "m9"), NULL), "%s", err.message);
}

Test(vault, rotates_the_master_key_with_both_in_the_ring)
{
	CLEANUP(text_free) char *old_line = vault_new_master_line("old");
	CLEANUP(text_free) char *new_line = vault_new_master_line("new");
	CLEANUP(text_free) char *both = mem_format("# rotation\n%s\r\n\n%s\n", new_line, old_line);
	CLEANUP(vault_free) struct vault *before = ring_of(old_line);
	CLEANUP(vault_free) struct vault *during = ring_of(both);
	CLEANUP(vault_free) struct vault *after = ring_of(new_line);
	CLEANUP(rows_done) struct rows rows = rows_of(before, 3);
	CLEANUP(text_free) char *wrapped = NULL;
	struct vault_binding binding = binding_of_row();
	struct vault_secret *secret;
	struct err err;

	expect_text(vault_current_id(during), "new");
	cr_expect(vault_has(during, "old"));
	cr_expect(not(vault_has(after, "old")));
	cr_assert(zero(int, vault_rewrap(during, TENANT, "old", rows.wrapped, &wrapped, &err)),
		"%s", err.message);

	/* Rows of both ages open during the rotation, the new one alone afterwards. */
	cr_assert(zero(int, vault_open_credential(during, "old", rows.wrapped, rows.sealed,
				    &binding, &secret, &err)));
	vault_secret_free(&secret);
	cr_assert(zero(int, vault_open_credential(
				    during, "new", wrapped, rows.sealed, &binding, &secret, &err)));
	vault_secret_free(&secret);
	cr_assert(zero(int, vault_open_credential(
				    after, "new", wrapped, rows.sealed, &binding, &secret, &err)));
	vault_secret_free(&secret);
	cr_expect(eq(int,
		vault_open_credential(
			after, "old", rows.wrapped, rows.sealed, &binding, &secret, &err),
		-1));

	/* The id is bound too: a row cannot claim that it was wrapped by another key. */
	cr_expect(eq(int,
		vault_open_credential(during, "old", wrapped, rows.sealed, &binding, &secret, &err),
		-1));
}

Test(vault, reseals_to_a_new_tenant_key_and_leaves_the_secret_hidden)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows old = rows_of(vault, 3);
	CLEANUP(rows_done) struct rows new = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	CLEANUP(vault_secret_free) struct vault_secret *again = NULL;
	CLEANUP(text_free) char *sealed = NULL;
	struct vault_binding binding = binding_of_row();
	struct err err;

	cr_assert(zero(int, vault_open_credential(vault, "m1", old.wrapped, old.sealed, &binding,
				    &secret, &err)));
	cr_assert(zero(int, vault_reseal(secret, new.public, &binding, 4, &sealed, &err)), "%s",
		err.message);
	binding.version_min = 4;
	cr_assert(zero(int, vault_open_credential(
				    vault, "m1", new.wrapped, sealed, &binding, &again, &err)),
		"%s", err.message);
	vault_secret_expose(again);
	expect_text(vault_secret_secret(again), API_SECRET);

	/* A tenant whose key is deleted has only noise left: the new key opens no old row. */
	binding.version_min = 3;
	struct vault_secret *none = NULL;
	cr_expect(eq(int,
		vault_open_credential(vault, "m1", new.wrapped, old.sealed, &binding, &none, &err),
		-1));
}

/* Dies by the signal of a touch of hidden memory, or exits 0 if the touch was allowed. */
static int signal_of_touch(const char *address)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* A sanitizer's handler would turn the fault into an abort. */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)signal(SIGBUS, SIG_DFL);
		volatile char touched = *(const volatile char *)address;
		(void)touched;
		_exit(0);
	}

	int status = 0;
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(vault, faults_on_a_touch_of_a_hidden_secret)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	struct vault_binding binding = binding_of_row();
	CLEANUP(text_free) char *sealed = NULL;
	char hex[65];
	struct err err;

	cr_assert(zero(int, vault_open_credential(vault, "m1", rows.wrapped, rows.sealed, &binding,
				    &secret, &err)));
	cr_expect(eq(int, signal_of_touch(vault_secret_secret(secret)), SIGSEGV));
	vault_secret_expose(secret);
	cr_expect(zero(int, signal_of_touch(vault_secret_secret(secret))));
	cr_assert(zero(int, vault_fingerprint(vault, secret, hex, &err)));
	cr_expect(zero(int, signal_of_touch(vault_secret_secret(secret))));
	vault_secret_hide(secret);
	cr_expect(eq(int, signal_of_touch(vault_secret_key(secret)), SIGSEGV));
	cr_assert(zero(int, vault_fingerprint(vault, secret, hex, &err)));
	cr_assert(zero(int, vault_reseal(secret, rows.public, &binding, 4, &sealed, &err)));
	cr_expect(eq(int, signal_of_touch(vault_secret_key(secret)), SIGSEGV));
}

Test(vault, fingerprints_a_key_the_same_each_time_and_not_across_rings)
{
	CLEANUP(vault_free) struct vault *vault = ring_new();
	CLEANUP(vault_free) struct vault *other = ring_new();
	CLEANUP(rows_done) struct rows rows = rows_of(vault, 3);
	CLEANUP(vault_secret_free) struct vault_secret *secret = NULL;
	struct vault_binding binding = binding_of_row();
	char first[65], second[65], foreign[65];
	struct err err;

	cr_assert(zero(int, vault_open_credential(vault, "m1", rows.wrapped, rows.sealed, &binding,
				    &secret, &err)));
	cr_assert(zero(int, vault_fingerprint(vault, secret, first, &err)));
	cr_assert(zero(int, vault_fingerprint(vault, secret, second, &err)));
	cr_assert(zero(int, vault_fingerprint(other, secret, foreign, &err)));
	cr_expect(eq(sz, strlen(first), 64));
	cr_expect(eq(str, first, second));
	cr_expect(ne(str, first, foreign));
}
