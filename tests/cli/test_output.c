#include "cli/output.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <stdio.h>

static const struct output_column columns[] = {
	{"name", OUTPUT_TEXT},
	{"bots", OUTPUT_INT},
	{"pnl", OUTPUT_DECIMAL},
	{"active", OUTPUT_BOOL},
	{"detail", OUTPUT_JSON},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void print(const char *const *cells, size_t rows, bool json)
{
	cr_redirect_stdout();
	output_table(columns, COLUMNS, cells, rows, json);
	(void)fflush(stdout);
}

Test(output, aligns_texts_left_and_numbers_right)
{
	const char *const cells[] = {
		"alpha", "12", "-1.50", "t", "{}", "be", "3", "20.25", "f", "{}"};

	print(cells, 2, false);
	cr_expect_stdout_eq_str("name   bots    pnl  active\n"
				"alpha    12  -1.50  yes\n"
				"be        3  20.25  no\n");
}

Test(output, counts_characters_and_not_bytes)
{
	const char *const cells[] = {
		"\xc3\xa4\xc3\xb6", "1", "1", "t", NULL, "ab", "1", "1", "t", NULL};

	print(cells, 2, false);
	cr_expect_stdout_eq_str("name  bots  pnl  active\n"
				"\xc3\xa4\xc3\xb6       1    1  yes\n"
				"ab       1    1  yes\n");
}

Test(output, lets_no_name_drive_the_terminal)
{
	const char *const cells[] = {"a\x1b[2Jb\n", "1", "1", "t", NULL};

	print(cells, 1, false);
	cr_expect_stdout_eq_str("name     bots  pnl  active\n"
				"a?[2Jb?     1    1  yes\n");
}

Test(output, keeps_amounts_as_texts_in_json_and_counts_as_numbers)
{
	const char *const cells[] = {
		"alpha", "12", "0.10", "t", "{\"a\":[1]}", NULL, NULL, NULL, NULL, NULL};

	print(cells, 2, true);
	cr_expect_stdout_eq_str("[{\"name\":\"alpha\",\"bots\":12,\"pnl\":\"0.10\",\"active\":true,"
				"\"detail\":{\"a\":[1]}},{\"name\":null,\"bots\":null,\"pnl\":null,"
				"\"active\":null,\"detail\":null}]\n");
}

Test(output, prints_an_empty_list_as_such)
{
	print(NULL, 0, true);
	cr_expect_stdout_eq_str("[]\n");
}

Test(output, shows_one_thing_a_line_per_column)
{
	const char *const cells[] = {"alpha", "12", NULL, "f", "{}"};

	cr_redirect_stdout();
	output_record(columns, COLUMNS, cells, false);
	(void)fflush(stdout);
	cr_expect_stdout_eq_str("name    alpha\nbots    12\npnl     -\nactive  no\n");
}

Test(output, quotes_csv_cells_that_need_it)
{
	static const struct output_column two[] = {{"a", OUTPUT_TEXT}, {"b", OUTPUT_TEXT}};
	const char *const cells[] = {"x,y", "say \"hi\"", NULL, "plain"};

	cr_redirect_stdout();
	output_csv(two, 2, cells, 2);
	(void)fflush(stdout);
	cr_expect_stdout_eq_str("a,b\r\n\"x,y\",\"say \"\"hi\"\"\"\r\n,plain\r\n");
}
