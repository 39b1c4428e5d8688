/* The report is one file that needs nothing else, and no text of a user can break out of its data.
 */
#include "backtest/figures.h"
#include "backtest/report.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "tests/backtest/script.h"

TestSuite(report, .init = scratch_open, .fini = scratch_close);

static const struct funding no_funding = {.interval_ms = 8 * 3600000};

struct made {
	struct tape *tape;
	struct record records[2];
	struct backtest_result results[2];
	char *page; /* the whole file */
};

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	struct stat status;

	cr_assert(file != NULL);
	cr_assert(zero(int, fstat(fileno(file), &status)));
	char *text = mem_zero(1, (uint64_t)status.st_size + 1);
	cr_assert(eq(sz, fread(text, 1, (size_t)status.st_size, file), (size_t)status.st_size));
	(void)fclose(file);
	return text;
}

static void make(struct made *made, const char *params)
{
	struct record *const records[2] = {&made->records[0], &made->records[1]};
	CLEANUP(doc_free) struct doc *assumptions = doc_object();
	struct err err;

	made->tape = script_tape(60, 200000);
	struct backtest_options options = script_options(made->tape, &no_funding);
	script_lines[0] = (struct script_line){SCRIPT_MINUTE(2), {script_buy(500, 0)}, 1, 0};
	script_lines[1] = (struct script_line){SCRIPT_MINUTE(9), {script_close(500, 0)}, 1, 0};
	for (int i = 0; i < 2; i++)
		record_init(&made->records[i], 60000);
	cr_assert(zero(int, backtest_both(&options, records, made->results, &err)), "%s",
		err.message);
	doc_text(assumptions, "candles", "</script><script>alert(1)</script>.csv");
	doc_text(assumptions, "fee_maker", "0.0002");
	const struct report report = {.options = &options,
		.results = made->results,
		.record = &made->records[backtest_worse(made->results)],
		.assumptions = assumptions,
		.params = params};
	cr_assert(
		zero(int, report_write(&report, scratch_path("r.html"), &err)), "%s", err.message);
	made->page = read_all(scratch_path("r.html"));
}

static void made_done(struct made *made)
{
	tape_free(&made->tape);
	text_free(&made->page);
	for (int i = 0; i < 2; i++) {
		record_done(&made->records[i]);
		backtest_done(&made->results[i]);
	}
}

/* The text between the data element's tags. */
static struct field_document *data_of(const struct made *made)
{
	static const char open[] = "<script type=\"application/json\" id=\"data\">";
	struct field_document *document = NULL;
	struct err err;

	const char *begin = strstr(made->page, open);
	cr_assert(begin != NULL);
	begin += sizeof open - 1;
	const char *end = strstr(begin, "</script>");
	cr_assert(end != NULL);
	cr_assert(zero(int, field_parse(begin, (size_t)(end - begin), &document, &err)), "%s",
		err.message);
	return document;
}

static size_t count_of(const struct field *root, const char *name)
{
	struct field list;
	struct err err;
	size_t count = 0;

	cr_assert(zero(int, field_get(root, name, &list, &err)), "%s", err.message);
	cr_assert(zero(int, field_count(&list, &count, &err)), "%s", err.message);
	return count;
}

Test(report, has_everything_in_it)
{
	CLEANUP(made_done) struct made made = {.tape = NULL};

	make(&made, "{\"preset\":\"x\"}");
	CLEANUP(field_document_free) struct field_document *document = data_of(&made);
	struct field root = field_root(document);
	cr_expect(eq(sz, count_of(&root, "figures"), FIGURES));
	cr_expect(eq(sz, count_of(&root, "buckets"), 60));
	cr_expect(eq(sz, count_of(&root, "marks"), 2));
	cr_expect(eq(sz, count_of(&root, "cycles"), 1));
	cr_expect(eq(sz, count_of(&root, "paths"), 2));
	cr_expect(eq(sz, count_of(&root, "assumptions"), 2));
	static const char *const places[] = {
		"@@STYLE@@", "@@DATA@@", "@@CHARTS@@", "@@SYNCHRONIZER@@", "@@SCRIPT@@"};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		cr_expect(strstr(made.page, places[i]) == NULL, "%s is filled", places[i]);
	cr_expect(strstr(made.page, "Dygraph") != NULL, "the chart library is inside");
}

Test(report, asks_nobody_for_anything)
{
	static const char *const asks[] = {
		"<link", "src=\"", "@import", "url(http", "<img", "<base"};
	CLEANUP(made_done) struct made made = {.tape = NULL};

	make(&made, "{}");
	cr_expect(strstr(made.page, "default-src 'none'") != NULL,
		"whatever a script wants, the browser fetches nothing");
	/* Markup and style: the chart library behind them has such words in its texts. */
	*strstr(made.page, "<script") = '\0';
	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
		cr_expect(strstr(made.page, asks[i]) == NULL, "%s", asks[i]);
}

Test(report, no_text_breaks_out_of_the_data)
{
	static const char params[] = "{\"preset\":\"</script><img onerror=alert(1)>\"}";
	CLEANUP(made_done) struct made made = {.tape = NULL};

	make(&made, params);
	CLEANUP(field_document_free) struct field_document *document = data_of(&made);
	struct field root = field_root(document), given;
	const char *preset;
	struct err err;

	cr_expect(strstr(made.page, "<img") == NULL);
	cr_assert(zero(int, field_get(&root, "params", &given, &err)));
	cr_assert(zero(int, field_text(&given, "preset", &preset, &err)));
	cr_expect(zero(int, strcmp(preset, "</script><img onerror=alert(1)>")), "and none is lost");
}

Test(report, a_folder_that_is_not_there_is_told)
{
	struct backtest_result results[2] = {{0}};
	struct record record = {0};
	const struct report report = {.results = results, .record = &record, .params = "{}"};
	struct err err;

	cr_expect(eq(int, report_write(&report, scratch_path("none/r.html"), &err), -1));
	cr_expect(strstr(err.message, "could not write") != NULL, "%s", err.message);
}
