#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/field.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/* A reply in the shape of a venue's, with one of everything. */
static const char reply[] =
	"{\"retCode\":0,\"result\":{\"list\":[{\"size\":\"0.010\",\"price\":\"\",\"free\":1.5,"
	"\"none\":null,\"time\":\"1700000000000\",\"flag\":true,\"open\":[1,\"x\"]}],"
	"\"nextPageCursor\":\"\"},\"time\":1700000000000,\"big\":9223372036854775807}";

static struct field_document *parsed(const char *text)
{
	struct field_document *document = NULL;
	struct err err = {0};

	cr_assert(eq(int, field_parse(text, strlen(text), &document, &err), 0), "%s", err.message);
	return document;
}

/* Descends by names and [index] steps: "result.list[0]". */
static struct field at(const struct field_document *document, const char *path)
{
	struct field field = field_root(document);
	struct err err = {0};
	char copy[200];
	char *rest = NULL;

	(void)snprintf(copy, sizeof copy, "%s", path);
	for (char *step = strtok_r(copy, ".]", &rest); step != NULL;
		step = strtok_r(NULL, ".]", &rest)) {
		char *bracket = strchr(step, '[');
		if (bracket != NULL)
			*bracket = '\0';
		if (step[0] != '\0')
			cr_assert(eq(int, field_get(&field, step, &field, &err), 0), "%s",
				err.message);
		if (bracket != NULL)
			cr_assert(
				eq(int, field_item(&field, (size_t)atoi(bracket + 1), &field, &err),
					0),
				"%s", err.message);
	}
	return field;
}

/* --- what is refused as a whole --- */

struct malformed {
	char because[64];
	char text[64];
	char message[64]; /* must stand in the error */
};

ParameterizedTestParameters(field, refuses_malformed_text)
{
	static struct malformed rows[] = {
		{"nothing at all", "", "cannot read JSON"},
		{"only blanks", "  \n ", "cannot read JSON"},
		{"truncated object", "{\"a\":1", "line 1 column"},
		{"truncated string", "{\"a\":\"x", "cannot read JSON"},
		{"a page of HTML", "<html>503</html>", "line 1 column 1"},
		{"trailing garbage", "{\"a\":1} x", "cannot read JSON"},
		{"two documents", "{}{}", "cannot read JSON"},
		{"a name that stands twice", "{\"a\":1,\"a\":2}", "duplicate"},
		{"NUL in a string", "{\"a\":\"\\u0000\"}", "cannot read JSON"},
		{"half a surrogate pair", "[\"\\ud800\"]", "cannot read JSON"},
		{"bytes that are no UTF-8", "[\"\xff\xfe\"]", "cannot read JSON"},
		{"a control character", "[\"a\nb\"]", "cannot read JSON"},
		{"an integer beyond 64 bits", "[92233720368547758070]", "cannot read JSON"},
		{"a number like no other", "[1e999]", "cannot read JSON"},
		{"NaN", "[NaN]", "cannot read JSON"},
		{"a comma too many", "[1,]", "cannot read JSON"},
		{"single quotes", "{'a':1}", "cannot read JSON"},
	};
	return cr_make_param_array(struct malformed, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct malformed *row, field, refuses_malformed_text)
{
	struct field_document *document = NULL;
	struct err err = {0};
	int result = field_parse(row->text, strlen(row->text), &document, &err);

	cr_expect(eq(int, result, -1), "%s", row->because);
	cr_expect(eq(ptr, document, NULL), "%s", row->because);
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->message), NULL), "%s: %s", row->because,
		err.message);
	field_document_free(&document);
}

static int parse_nested(size_t levels, struct err *err)
{
	struct field_document *document = NULL;
	char *text = mem_alloc(2 * levels + 1);

	memset(text, '[', levels);
	memset(text + levels, ']', levels);
	int result = field_parse(text, 2 * levels, &document, err);
	field_document_free(&document);
	free(text);
	return result;
}

Test(field, depth_is_bounded_before_the_parser_descends)
{
	struct err err = {0};

	cr_expect(eq(int, parse_nested(64, &err), 0), "%s", err.message);
	cr_expect(eq(int, parse_nested(65, &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "64 levels"), NULL), "%s", err.message);
	cr_expect(eq(int, parse_nested(5000000, &err), -1));
}

Test(field, brackets_in_strings_are_no_levels)
{
	char text[300] = "[\"";
	struct field_document *document = NULL;
	struct err err = {0};

	memset(text + 2, '[', 200);
	memcpy(text + 202, "\\\"[\"]", 6);
	cr_expect(eq(int, field_parse(text, strlen(text), &document, &err), 0), "%s", err.message);
	field_document_free(&document);
}

/* --- what a reader says about the wrong field --- */

enum reader {
	READ_TEXT,
	READ_BOOL,
	READ_INT,
	READ_INT_TEXT,
	READ_DECIMAL,
	READ_DECIMAL_OR_EMPTY,
};

struct wrong {
	char because[64];
	char object[32];
	char name[16];
	enum reader reader;
	char message[96];
};

ParameterizedTestParameters(field, names_the_field_that_is_wrong)
{
	static struct wrong rows[] = {
		{"null is no amount", "result.list[0]", "none", READ_DECIMAL,
			"result.list[0].none: expected a decimal string, got null"},
		{"money does not pass through a double", "result.list[0]", "free", READ_DECIMAL,
			"result.list[0].free: expected a decimal string, got a real number"},
		{"an integer is no amount either", "", "retCode", READ_DECIMAL,
			"retCode: expected a decimal string, got an integer"},
		{"empty is not zero", "result.list[0]", "price", READ_DECIMAL,
			"result.list[0].price"},
		{"missing is said so", "result.list[0]", "qty", READ_DECIMAL,
			"result.list[0].qty: missing"},
		{"a code in a string is another reply", "result", "nextPageCursor", READ_INT,
			"result.nextPageCursor: expected an integer, got a string"},
		{"a real number is no integer", "result.list[0]", "free", READ_INT,
			"result.list[0].free: expected an integer, got a real number"},
		{"an integer where a string stood", "", "time", READ_INT_TEXT,
			"time: expected an integer in a string, got an integer"},
		{"an amount is no integer", "result.list[0]", "size", READ_INT_TEXT,
			"result.list[0].size: expected an integer in a string, got \"0.010\""},
		{"empty is no integer", "result.list[0]", "price", READ_INT_TEXT,
			"result.list[0].price: expected an integer in a string, got \"\""},
		{"0 is not false", "", "retCode", READ_BOOL,
			"retCode: expected a boolean, got an integer"},
		{"an object is no text", "", "result", READ_TEXT,
			"result: expected a string, got an object"},
		{"an array has no members", "result.list", "size", READ_TEXT,
			"result.list: expected an object, got an array"},
		{"null is present, and wrong", "result.list[0]", "none", READ_DECIMAL_OR_EMPTY,
			"result.list[0].none: expected a decimal string, got null"},
	};
	return cr_make_param_array(struct wrong, rows, sizeof rows / sizeof rows[0]);
}

static int read_with(
	enum reader reader, const struct field *object, const char *name, struct err *err)
{
	const char *text = NULL;
	bool flag = false;
	int64_t number = 0;
	struct decimal decimal = DECIMAL_ZERO;

	switch (reader) {
	case READ_TEXT:
		return field_text(object, name, &text, err);
	case READ_BOOL:
		return field_bool(object, name, &flag, err);
	case READ_INT:
		return field_int(object, name, &number, err);
	case READ_INT_TEXT:
		return field_int_text(object, name, &number, err);
	case READ_DECIMAL:
		return field_decimal(object, name, &decimal, err);
	case READ_DECIMAL_OR_EMPTY:
		return field_decimal_or_empty(object, name, &flag, &decimal, err);
	}
	return 0;
}

ParameterizedTest(struct wrong *row, field, names_the_field_that_is_wrong)
{
	CLEANUP(field_document_free) struct field_document *document = parsed(reply);
	struct field object = at(document, row->object);
	struct err err = {0};

	cr_expect(
		eq(int, read_with(row->reader, &object, row->name, &err), -1), "%s", row->because);
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->message), NULL), "%s: %s", row->because,
		err.message);
}

/* --- what is read --- */

Test(field, reads_each_type)
{
	CLEANUP(field_document_free) struct field_document *document = parsed(reply);
	struct field root = field_root(document);
	struct field item = at(document, "result.list[0]");
	struct err err = {0};
	const char *cursor = NULL;
	bool flag = false, present = true;
	int64_t time = 0, time_text = 0, big = 0;
	struct decimal size = DECIMAL_ZERO, price = DECIMAL_ZERO;
	struct field result = at(document, "result");

	cr_expect(eq(int, field_text(&result, "nextPageCursor", &cursor, &err), 0));
	cr_expect(eq(str, cursor, ""));
	cr_expect(eq(int, field_bool(&item, "flag", &flag, &err), 0));
	cr_expect(flag);
	cr_expect(eq(int, field_int(&root, "time", &time, &err), 0));
	cr_expect(eq(i64, time, 1700000000000));
	cr_expect(eq(int, field_int(&root, "big", &big, &err), 0));
	cr_expect(eq(i64, big, INT64_MAX));
	cr_expect(eq(int, field_int_text(&item, "time", &time_text, &err), 0));
	cr_expect(eq(i64, time_text, 1700000000000));
	cr_expect(eq(int, field_decimal(&item, "size", &size, &err), 0));
	cr_expect(decimal_equal(size, decimal_literal("0.01")));
	cr_expect(eq(int, field_decimal_or_empty(&item, "price", &present, &price, &err), 0));
	cr_expect(not(present));
	cr_expect(eq(int, field_decimal_or_empty(&item, "size", &present, &price, &err), 0));
	cr_expect(present && decimal_equal(price, size));
}

Test(field, absent_and_null_are_told_apart)
{
	CLEANUP(field_document_free) struct field_document *document = parsed(reply);
	struct field item = at(document, "result.list[0]");
	struct field none, qty;
	struct err err = {0};

	cr_assert(eq(int, field_get_optional(&item, "none", &none, &err), 0));
	cr_expect(ne(ptr, none.value, NULL));
	cr_expect(not(field_present(&none)));
	cr_assert(eq(int, field_get_optional(&item, "qty", &qty, &err), 0));
	cr_expect(eq(ptr, qty.value, NULL));
	cr_expect(not(field_present(&qty)));
}

Test(field, items_are_counted_and_bounded)
{
	CLEANUP(field_document_free) struct field_document *document = parsed(reply);
	struct field open = at(document, "result.list[0].open");
	struct field item;
	struct err err = {0};
	size_t count = 0;
	int64_t number = 0;

	cr_expect(eq(int, field_count(&open, &count, &err), 0));
	cr_expect(eq(sz, count, 2));
	cr_expect(eq(int, field_item(&open, 2, &item, &err), -1));
	cr_expect(eq(str, err.message, "result.list[0].open: no item 2, it has 2"));
	cr_assert(eq(int, field_item(&open, 1, &item, &err), 0));
	cr_expect(eq(int, field_as_int(&item, &number, &err), -1));
	cr_expect(
		eq(str, err.message, "result.list[0].open[1]: expected an integer, got a string"));
}

Test(field, names_come_in_their_order)
{
	CLEANUP(field_document_free) struct field_document *document = parsed("{\"b\":1,\"a\":2}");
	struct field root = field_root(document);

	cr_expect(eq(str, field_name_at(&root, 0), "b"));
	cr_expect(eq(str, field_name_at(&root, 1), "a"));
	cr_expect(eq(ptr, field_name_at(&root, 2), NULL));
}

Test(field, a_long_path_keeps_its_end)
{
	char text[600] = "";
	char name[101];
	struct err err = {0};

	memset(name, 'n', 100);
	name[100] = '\0';
	(void)snprintf(text, sizeof text, "{\"%s\":{\"%s\":{\"size\":1}}}", name, name);
	CLEANUP(field_document_free) struct field_document *document = parsed(text);
	struct field field = field_root(document);
	const char *size = NULL;

	cr_assert(eq(int, field_get(&field, name, &field, &err), 0));
	cr_assert(eq(int, field_get(&field, name, &field, &err), 0));
	cr_expect(eq(int, field_text(&field, "size", &size, &err), -1));
	cr_expect(
		ne(ptr, strstr(err.message, "n.size: expected a string"), NULL), "%s", err.message);
	cr_expect(eq(int, strncmp(err.message, "...", 3), 0));
}

Test(field, dumps_what_it_read)
{
	static const char text[] = "{\"b\":0.1,\"a\":[1,\"\\u00e9\",null,true]}";
	CLEANUP(field_document_free) struct field_document *document = parsed(text);
	struct field root = field_root(document);
	CLEANUP(text_free) char *dumped = field_dump(&root);

	cr_expect(eq(str, dumped, "{\"b\":0.10000000000000001,\"a\":[1,\"\xc3\xa9\",null,true]}"));
}
