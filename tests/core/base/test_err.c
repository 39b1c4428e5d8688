#include "core/base/err.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

Test(err, failing_fills_everything_and_gives_minus_one)
{
	struct err err = {.retry_after_ms = 9, .venue_code = 9};
	int result = err_set(&err, ERR_NETWORK, ERR_RETRY_ASK, "no reply within %d ms", 5000);

	cr_expect(eq(int, result, -1));
	cr_expect(eq(int, err.code, ERR_NETWORK));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK));
	cr_expect(eq(i64, err.retry_after_ms, 0));
	cr_expect(eq(i64, err.venue_code, 0));
	cr_expect(eq(str, err.message, "no reply within 5000 ms"));
}

Test(err, what_was_tried_stands_in_front)
{
	struct err err;
	(void)err_set(&err, ERR_RATE, ERR_RETRY_THROTTLED, "banned");
	err.retry_after_ms = 30000;
	int result = err_while(&err, "could not read account of %s", "bybit");

	cr_expect(eq(int, result, -1));
	cr_expect(eq(str, err.message, "could not read account of bybit: banned"));
	cr_expect(eq(int, err.code, ERR_RATE), "the class stays");
	cr_expect(eq(i64, err.retry_after_ms, 30000), "so does the wait");
}

Test(err, the_old_message_may_be_an_argument_of_the_new_one)
{
	struct err err;
	(void)err_set(&err, ERR_NETWORK, ERR_RETRY_LATER, "cut");
	(void)err_set(&err, ERR_DATABASE, ERR_RETRY_LATER, "connection: %s", err.message);

	cr_expect(eq(str, err.message, "connection: cut"));
}

Test(err, a_long_message_is_cut_between_characters)
{
	struct err err;
	char text[400] = "x";
	for (int i = 0; i < 130; i++)
		(void)snprintf(text + 1 + 2 * i, 3, "ä"); /* two bytes each, at odd places */
	(void)err_set(&err, ERR_INVALID, ERR_RETRY_NEVER, "%s", text);

	cr_expect(eq(sz, strlen(err.message), 255));
	(void)err_set(&err, ERR_INVALID, ERR_RETRY_NEVER, "x%s", text);
	cr_expect(eq(sz, strlen(err.message), 254), "half a character is none");
}

Test(err, a_missing_file_is_missing_for_good)
{
	struct err err;
	(void)err_errno(&err, ENOENT, "could not open %s", "a.conf");

	cr_expect(eq(str, err.message, "could not open a.conf: No such file or directory"));
	cr_expect(eq(int, err.code, ERR_SYSTEM));
	cr_expect(eq(int, err.retry, ERR_RETRY_NEVER));
}

Test(err, a_lack_of_descriptors_passes)
{
	struct err err;
	(void)err_errno(&err, EMFILE, "could not open %s", "a.conf");

	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
}

Test(err, every_class_has_a_name_of_its_own)
{
	for (int a = ERR_NONE; a <= ERR_BUG; a++) {
		cr_expect(gt(sz, strlen(err_code_name((enum err_code)a)), 0));
		for (int b = ERR_NONE; b < a; b++)
			cr_expect(ne(str, err_code_name((enum err_code)a),
				err_code_name((enum err_code)b)));
	}
	cr_expect(eq(int, strcmp(err_retry_name(ERR_RETRY_ASK), "ask"), 0));
}

Test(err, dying_is_an_abort, .signal = SIGABRT)
{
	die("slot %d has no bot", 3);
}

Test(err, memory_of_no_bytes_is_memory)
{
	void *memory = mem_alloc(0);
	cr_assert(ne(ptr, memory, NULL));
	memory = mem_grow(memory, 0, 8);
	cr_assert(ne(ptr, memory, NULL));
	free(memory);

	char *text = mem_format("%d-%s", 1, "a");
	cr_expect(eq(str, text, "1-a"));
	free(text);
}

Test(err, more_memory_than_there_is_ends_the_process, .signal = SIGABRT)
{
	(void)mem_grow(NULL, UINT64_MAX / 2, 8);
}
