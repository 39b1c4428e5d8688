/* The small parts: accounts, lookup, limits, faults. */
#include "simulator/accounts.h"
#include "simulator/faults.h"
#include "simulator/limits.h"
#include "simulator/lookup.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORD(text) ((char *)(uintptr_t)(text))

/* --- accounts ------------------------------------------------------------------------------- */

struct accounts_row {
	char because[40];
	char text[96];
	unsigned mode;
	char error[64]; /* a part of the message; "": accepted */
};

ParameterizedTestParameters(accounts, loads)
{
	static struct accounts_row rows[] = {
		{"with and without balance", "k1:s1\n# a note\n\nk2:s2:5.5\n", 0600, ""},
		{"read-only is fine", "k1:s1\n", 0400, ""},
		{"open to the group", "k1:s1\n", 0640, "chmod 600"},
		{"open to all", "k1:s1\n", 0604, "chmod 600"},
		{"no secret", "k1\n", 0600, "line 1: expected KEY:SECRET"},
		{"an empty key", ":s1\n", 0600, "line 1: key"},
		{"an empty secret", "k1:\n", 0600, "line 1: secret"},
		{"a key twice", "k1:s1\nk1:s2\n", 0600, "line 2: key \"k1\" is there twice"},
		{"a balance that is none", "k1:s1:much\n", 0600, "line 1: balance"},
		{"a balance below 0", "k1:s1:-1\n", 0600, "line 1: balance"},
		{"a balance of nine places", "k1:s1:0.000000001\n", 0600, "line 1: balance"},
		{"a fourth part", "k1:s1:1:2\n", 0600, "line 1: balance"},
		{"a key with a blank", "k 1:s1\n", 0600, "line 1: key"},
	};
	return cr_make_param_array(struct accounts_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct accounts_row *row, accounts, loads)
{
	char path[] = "/tmp/botbeat-accounts-XXXXXX";
	struct accounts *accounts = accounts_new();
	struct err err = {.message = ""};
	int fd = mkstemp(path);

	cr_assert(eq(sz, (size_t)write(fd, row->text, strlen(row->text)), strlen(row->text)));
	cr_assert(zero(int, fchmod(fd, row->mode)));
	(void)close(fd);
	int result = accounts_load(accounts, path, decimal_from_int(7), &err);
	cr_expect(eq(int, result, row->error[0] == '\0' ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(ne(ptr, strstr(err.message, row->error), NULL), "%s: %s", row->because,
		err.message);
	cr_expect(
		eq(ptr, strstr(err.message, "s1"), NULL), "no secret in an error: %s", err.message);
	(void)unlink(path);
	accounts_free(&accounts);
}

Test(accounts, a_line_without_balance_gets_the_default)
{
	char path[] = "/tmp/botbeat-accounts-XXXXXX";
	struct accounts *accounts = accounts_new();
	struct err err;
	size_t index = 0;
	int fd = mkstemp(path);

	cr_assert(eq(int, (int)write(fd, "k1:s1\nk2:s2:5.5\n", 16), 16));
	(void)close(fd);
	cr_assert(zero(int, accounts_load(accounts, path, decimal_from_int(7), &err)));
	cr_assert(accounts_find(accounts, "k1", &index));
	cr_expect(eq(str, WORD(DECIMAL_TEXT(accounts_get(accounts, index)->balance)), WORD("7")));
	cr_assert(accounts_find(accounts, "k2", &index));
	cr_expect(eq(str, WORD(DECIMAL_TEXT(accounts_get(accounts, index)->balance)), WORD("5.5")));
	cr_expect(not(accounts_find(accounts, "k3", &index)));
	(void)unlink(path);
	accounts_free(&accounts);
}

Test(lookup, finds_each_of_many_and_nothing_else)
{
	static char keys[5000][12];
	struct lookup lookup = {0};
	size_t value = 0;

	cr_expect(not(lookup_get(&lookup, "key", &value)), "an empty one has nothing");
	for (size_t i = 0; i < 5000; i++) {
		(void)snprintf(keys[i], sizeof keys[i], "key-%zu", i);
		lookup_put(&lookup, keys[i], i);
	}
	for (size_t i = 0; i < 5000; i++)
		cr_assert(lookup_get(&lookup, keys[i], &value) && value == i);
	lookup_put(&lookup, "key-17", 99);
	cr_expect(lookup_get(&lookup, keys[17], &value) && value == 99, "a value is replaced");
	cr_expect(eq(sz, lookup.count, 5000));
	cr_expect(not(lookup_get(&lookup, "key-5000", &value)));
	lookup_done(&lookup);
}

/* --- limits --------------------------------------------------------------------------------- */

Test(limits, a_window_of_a_second_begins_with_its_first_request)
{
	const struct limits_rule rule = {.limit = 3, .window_ms = 1000};
	struct limits *limits = limits_new(2, 0);
	struct limits_state state;

	for (int i = 0; i < 3; i++) {
		cr_expect(limits_take(limits, 1, 2, 1, &rule, 1000 + i, &state));
		cr_expect(eq(int, state.remaining, 2 - i));
	}
	cr_expect(eq(i64, state.reset_ms, 2000));
	cr_expect(not(limits_take(limits, 1, 2, 1, &rule, 1999, &state)), "one too many");
	cr_expect(limits_take(limits, 0, 2, 1, &rule, 1999, &state), "another account");
	cr_expect(limits_take(limits, 1, 1, 1, &rule, 1999, &state), "another counter");
	cr_expect(limits_take(limits, 1, 2, 1, &rule, 2000, &state), "the next second");
	limits_free(&limits);
}

Test(limits, an_aligned_window_begins_with_the_clocks_own_minute)
{
	const struct limits_rule rule = {.limit = 10, .window_ms = 60000, .aligned = true};
	struct limits *limits = limits_new(1, 0);
	struct limits_state state;

	cr_expect(limits_take(limits, 0, 0, 10, &rule, 119000, &state), "ten at once");
	cr_expect(not(limits_take(limits, 0, 0, 1, &rule, 119999, &state)));
	cr_expect(eq(int, state.used, 11));
	cr_expect(limits_take(limits, 0, 0, 1, &rule, 120000, &state), "the next minute");
	limits_free(&limits);
}

Test(limits, an_address_is_banned_and_then_let_in_again)
{
	const struct limits_address_rule rule = {
		.rule = {.limit = 600, .window_ms = 5000}, .ban_ms = 600000};
	struct limits *limits = limits_new(1, 1000000 * 2 / 600 + 1); /* two requests */
	int64_t until_ms;

	cr_expect(eq(int, limits_take_address(limits, 0, 1, &rule, 0, &until_ms), LIMITS_PASS));
	cr_expect(eq(int, limits_take_address(limits, 0, 1, &rule, 4999, &until_ms), LIMITS_PASS));
	cr_expect(
		eq(int, limits_take_address(limits, 0, 1, &rule, 4999, &until_ms), LIMITS_BANNED));
	cr_expect(eq(i64, until_ms, 604999));
	cr_expect(eq(int, limits_take_address(limits, 1, 1, &rule, 4999, &until_ms), LIMITS_PASS),
		"another dialect counts for itself");
	cr_expect(eq(
		int, limits_take_address(limits, 0, 1, &rule, 604998, &until_ms), LIMITS_BANNED));
	cr_expect(
		eq(int, limits_take_address(limits, 0, 1, &rule, 604999, &until_ms), LIMITS_PASS));
	limits_free(&limits);
}

Test(limits, a_grace_is_refused_before_the_ban)
{
	const struct limits_address_rule rule = {
		.rule = {.limit = 10, .window_ms = 60000}, .grace = 5, .ban_ms = 120000};
	struct limits *limits = limits_new(1, 1000000);
	int64_t until_ms;

	cr_expect(eq(int, limits_take_address(limits, 0, 10, &rule, 0, &until_ms), LIMITS_PASS));
	cr_expect(eq(int, limits_take_address(limits, 0, 5, &rule, 1000, &until_ms), LIMITS_OVER));
	cr_expect(eq(i64, until_ms, 60000), "until the window ends");
	cr_expect(
		eq(int, limits_take_address(limits, 0, 1, &rule, 1000, &until_ms), LIMITS_BANNED));
	limits_free(&limits);
}

/* --- faults --------------------------------------------------------------------------------- */

static struct fault_rule rule(enum fault_kind kind)
{
	return (struct fault_rule){
		.kind = kind, .count = 1, .chance_ppm = FAULTS_PPM, .status = 502};
}

static struct fault_verdict judge(struct faults *faults, const char *path, const char *key)
{
	return faults_judge(
		faults, &(struct fault_request){.method = "POST", .path = path, .key = key});
}

Test(faults, a_rule_strikes_after_its_skips_and_as_often_as_it_says)
{
	struct faults *faults = faults_new(1);
	struct fault_rule cut = rule(FAULT_CUT_AFTER);
	char struck[8] = "";

	cut.skip = 2;
	cut.count = 2;
	cr_assert(faults_add(faults, &cut));
	for (size_t i = 0; i < 6; i++)
		struck[i] = judge(faults, "/any", "").cut ? 'x' : '.';
	cr_expect(eq(str, struck, WORD("..xx..")));
	cr_expect(eq(i64, faults_get(faults, 0)->seen, 6));
	cr_expect(eq(i64, faults_get(faults, 0)->spoilt, 2));
	faults_clear(faults);
	cr_expect(zero(sz, faults_count(faults)));
	faults_free(&faults);
}

Test(faults, a_rule_names_method_path_and_key)
{
	struct faults *faults = faults_new(1);
	struct fault_rule error = rule(FAULT_ERROR_BEFORE);

	error.count = 0;
	(void)snprintf(error.path, sizeof error.path, "/v5/order/create");
	(void)snprintf(error.key, sizeof error.key, "alice");
	cr_assert(faults_add(faults, &error));
	cr_expect(zero(int, judge(faults, "/v5/order/cancel", "alice").status));
	cr_expect(zero(int, judge(faults, "/v5/order/create", "bob").status));
	cr_expect(eq(int, judge(faults, "/v5/order/create", "alice").status, 502));
	cr_expect(judge(faults, "/v5/order/create", "alice").skip_execution);
	(void)snprintf(error.method, sizeof error.method, "DELETE");
	faults_clear(faults);
	cr_assert(faults_add(faults, &error));
	cr_expect(zero(int, judge(faults, "/v5/order/create", "alice").status), "another method");
	faults_free(&faults);
}

Test(faults, what_several_rules_do_adds_up)
{
	struct faults *faults = faults_new(1);
	struct fault_rule late = rule(FAULT_LATENCY), later = rule(FAULT_LATENCY);
	struct fault_rule cut = rule(FAULT_CUT_AFTER);

	late.delay_ms = 30;
	later.delay_ms = 12;
	cr_assert(faults_add(faults, &late) && faults_add(faults, &later) &&
		  faults_add(faults, &cut));
	struct fault_verdict verdict = judge(faults, "/any", "");
	cr_expect(eq(i64, verdict.delay_ms, 42));
	cr_expect(verdict.cut);
	cr_expect(not(verdict.skip_execution));
	faults_free(&faults);
}

Test(faults, chance_is_about_what_it_says_and_the_seed_repeats_it)
{
	int struck[2] = {0, 0};

	for (int round = 0; round < 2; round++) {
		struct faults *faults = faults_new(42);
		struct fault_rule rare = rule(FAULT_LATENCY);
		rare.count = 0;
		rare.delay_ms = 1;
		rare.chance_ppm = FAULTS_PPM / 10;
		cr_assert(faults_add(faults, &rare));
		for (int i = 0; i < 10000; i++)
			struck[round] += judge(faults, "/any", "").delay_ms > 0;
		faults_free(&faults);
	}
	cr_expect(eq(int, struck[0], struck[1]));
	cr_expect(gt(int, struck[0], 800));
	cr_expect(lt(int, struck[0], 1200));
}

Test(faults, a_full_table_says_so)
{
	struct faults *faults = faults_new(1);
	struct fault_rule late = rule(FAULT_LATENCY);

	for (int i = 0; i < FAULTS_RULES_MAX; i++)
		cr_assert(faults_add(faults, &late));
	cr_expect(not(faults_add(faults, &late)));
	faults_free(&faults);
}
