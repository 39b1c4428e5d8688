#include "tests/decision/case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <dirent.h>

#define CASES_MAX 64
#define CASES_DIR TEST_SOURCE_DIR "/tests/decision/cases"

struct row {
	char name[64];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

ParameterizedTestParameters(cases, are_decided_as_recorded)
{
	static struct row rows[CASES_MAX];
	size_t count = 0;
	DIR *directory = opendir(CASES_DIR);

	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (strstr(entry->d_name, ".json") != NULL && count < CASES_MAX)
			snprintf(rows[count++].name, sizeof rows[0].name, "%.63s", entry->d_name);
	}
	closedir(directory);
	qsort(rows, count, sizeof rows[0], by_name);
	return cr_make_param_array(struct row, rows, count);
}

static char *member_of(const char *text, const char *name)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct field member;
	struct err err;

	cr_assert(eq(int, field_parse(text, strlen(text), &document, &err), 0), "%s", err.message);
	struct field root = field_root(document);
	cr_assert(eq(int, field_get(&root, name, &member, &err), 0), "%s", err.message);
	return field_dump(&member);
}

static void expect_same(const char *answer, const char *expected, const char *name)
{
	CLEANUP(text_free) char *have = member_of(answer, name);
	CLEANUP(text_free) char *want = member_of(expected, name);

	cr_expect(eq(str, have, want), "%s of %s", name, answer);
}

/* The answer to a snapshot that was read, written and read again. */
static char *answer_of_copy(struct decision_case *decision)
{
	static struct decision_case copy;
	CLEANUP(doc_free) struct doc *doc = decision_write(decision);
	CLEANUP(text_free) char *text = doc_dump(doc);
	struct err err;

	cr_assert(eq(int, case_read(text, &copy, &err), 0), "%s", err.message);
	return case_answer(&copy);
}

ParameterizedTest(struct row *row, cases, are_decided_as_recorded)
{
	static struct decision_case decision;
	char path[512];
	struct err err;

	snprintf(path, sizeof path, "%s/%s", CASES_DIR, row->name);
	CLEANUP(text_free) char *text = case_file(path);
	cr_assert(text != NULL);
	CLEANUP(text_free) char *snapshot = member_of(text, "snapshot");
	CLEANUP(text_free) char *expected = member_of(text, "expect");
	cr_assert(eq(int, case_read(snapshot, &decision, &err), 0), "%s", err.message);

	CLEANUP(text_free) char *answer = case_answer(&decision);
	expect_same(answer, expected, "action");
	expect_same(answer, expected, "intents");

	CLEANUP(text_free) char *again = answer_of_copy(&decision);
	cr_expect(eq(str, again, answer), "a written snapshot decides alike");
}

Test(cases, are_there)
{
	DIR *directory = opendir(CASES_DIR);
	size_t count = 0;

	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += strstr(entry->d_name, ".json") != NULL;
	closedir(directory);
	cr_expect(ge(sz, count, 17));
}

/* The text between the next pair of ```json and ``` after *cursor, which moves behind it. */
static char *next_block(const char **cursor)
{
	const char *begin = strstr(*cursor, "```json\n");
	cr_assert(begin != NULL);
	begin += strlen("```json\n");
	const char *end = strstr(begin, "```");
	cr_assert(end != NULL);
	*cursor = end + 3;
	return strndup(begin, (size_t)(end - begin));
}

Test(cases, the_example_of_the_manual_is_true)
{
	static struct decision_case decision;
	struct err err;
	CLEANUP(text_free) char *page = case_file(TEST_SOURCE_DIR "/docs/snapshot.md");
	cr_assert(page != NULL);

	const char *cursor = page;
	CLEANUP(text_free) char *snapshot = next_block(&cursor);
	CLEANUP(text_free) char *printed = next_block(&cursor);
	cr_assert(eq(int, case_read(snapshot, &decision, &err), 0), "%s", err.message);
	CLEANUP(text_free) char *answer = case_answer(&decision);

	static const char *const members[] = {
		"status", "action", "intents", "reasons", "state", "follow_up_ms"};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		expect_same(answer, printed, members[i]);
}
