#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/doc.h"
#include "core/io/field.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

Test(doc, keeps_the_order_in_which_it_was_built)
{
	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_text(body, "symbol", "BTCUSDT");
	doc_decimal(body, "qty", decimal_literal("0.010"));
	doc_int(body, "positionIdx", 0);
	doc_bool(body, "reduceOnly", true);
	doc_null(body, "note");
	doc_text(body, "reason", NULL);
	struct doc *list = doc_array();
	doc_push_text(list, "b");
	doc_push_int(list, -1);
	doc_push_decimal(list, decimal_literal("-1.50"));
	struct doc *inner = doc_object();
	doc_text(inner, "a", "1");
	doc_push(list, inner);
	doc_child(body, "list", list);

	CLEANUP(text_free) char *text = doc_dump(body);
	cr_expect(eq(str, text,
		"{\"symbol\":\"BTCUSDT\",\"qty\":\"0.010\",\"positionIdx\":0,"
		"\"reduceOnly\":true,\"note\":null,\"reason\":null,"
		"\"list\":[\"b\",-1,\"-1.50\",{\"a\":\"1\"}]}"));
}

Test(doc, a_name_given_again_replaces_its_value_in_place)
{
	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_int(body, "a", 1);
	doc_int(body, "b", 2);
	doc_int(body, "a", 3);

	CLEANUP(text_free) char *text = doc_dump(body);
	cr_expect(eq(str, text, "{\"a\":3,\"b\":2}"));
}

Test(doc, text_from_outside_cannot_break_it)
{
	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_text(body, "quote\"name", "a\"b\\c\n\x01");
	doc_text(body, "bad", "x\xff\xc3(\xe2\x82\xac");
	doc_text(body, "bad\xff", "name");

	CLEANUP(text_free) char *text = doc_dump(body);
	cr_expect(eq(str, text,
		"{\"quote\\\"name\":\"a\\\"b\\\\c\\n\\u0001\","
		"\"bad\":\"x\xef\xbf\xbd\xef\xbf\xbd(\xe2\x82\xac\","
		"\"bad\xef\xbf\xbd\":\"name\"}"));
}

Test(doc, figures_that_json_cannot_say_are_null)
{
	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_real(body, "nan", (double)NAN);
	doc_real(body, "inf", -(double)INFINITY);
	doc_real(body, "half", 0.5);

	CLEANUP(text_free) char *text = doc_dump(body);
	cr_expect(eq(str, text, "{\"nan\":null,\"inf\":null,\"half\":0.5}"));
}

Test(doc, a_figure_is_read_as_it_was_written)
{
	CLEANUP(doc_free) struct doc *body = doc_object();
	const double figure = 0.1 + 0.2;
	doc_real(body, "x", figure);
	CLEANUP(text_free) char *text = doc_dump(body);
	double read = strtod(strchr(text, ':') + 1, NULL);

	cr_expect(eq(int, memcmp(&read, &figure, sizeof read), 0), "%s", text);
}

Test(doc, copies_fields_and_json_text)
{
	static const char source[] = "{\"keep\":{\"z\":1,\"a\":[true]}}";
	CLEANUP(doc_free) struct doc *body = doc_object();
	struct field_document *document = NULL;
	struct field root, keep;
	struct err err = {0};

	cr_assert(eq(int, field_parse(source, strlen(source), &document, &err), 0));
	root = field_root(document);
	cr_assert(eq(int, field_get(&root, "keep", &keep, &err), 0));
	doc_field(body, "copy", &keep);
	field_document_free(&document); /* the copy must not need it */
	doc_json(body, "state", "[1, {\"b\": null}]");

	CLEANUP(text_free) char *text = doc_dump(body);
	cr_expect(eq(str, text, "{\"copy\":{\"z\":1,\"a\":[true]},\"state\":[1,{\"b\":null}]}"));
}

Test(doc, is_indented_for_people)
{
	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_int(body, "a", 1);
	CLEANUP(text_free) char *text = doc_dump_pretty(body);

	cr_expect(eq(str, text, "{\n  \"a\": 1\n}"));
}
