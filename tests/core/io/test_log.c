#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/field.h"
#include "core/io/log.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/* --- what goes to standard error, caught --- */

static int caught = -1;
static int before = -1;

static void catch_lines(void)
{
	char path[] = "/tmp/botbeat-log-XXXXXX";

	caught = mkstemp(path);
	unlink(path);
	before = dup(STDERR_FILENO);
	dup2(caught, STDERR_FILENO);
}

static size_t caught_lines(char *text, size_t size)
{
	dup2(before, STDERR_FILENO);
	ssize_t length = pread(caught, text, size - 1, 0);
	cr_assert(ge(i64, length, 0));
	text[length] = '\0';
	return (size_t)length;
}

static struct field_document *only_line(const char *text)
{
	struct field_document *document = NULL;
	struct err err = {0};
	size_t length = strlen(text);

	cr_assert(eq(chr, text[length - 1], '\n'));
	cr_assert(eq(sz, strcspn(text, "\n"), length - 1), "more than one line: %s", text);
	cr_assert(eq(int, field_parse(text, length, &document, &err), 0), "%s: %s", err.message,
		text);
	return document;
}

Test(log, a_line_is_one_json_object)
{
	char text[8192];
	struct err err = {0};
	const char *value = NULL;
	int64_t number = 0;

	log_setup(LOG_INFO, LOG_JSON, "runner 3");
	log_attach("t1", "b1", "b1/1700000000", "4bf92f3577b34da6a3ce929d0e0e4736");
	catch_lines();
	log_event(LOG_DEBUG, "not wanted");
	log_event(LOG_WARN, "order outcome unknown, asking the venue", LOG_TEXT("venue", "bybit"),
		LOG_INT("waited_ms", 5000), LOG_DECIMAL("qty", decimal_literal("0.010")),
		LOG_TEXT("none", NULL));
	caught_lines(text, sizeof text);

	CLEANUP(field_document_free) struct field_document *document = only_line(text);
	struct field root = field_root(document);
	cr_expect(eq(int, field_text(&root, "event", &value, &err), 0));
	cr_expect(eq(str, value, "order outcome unknown, asking the venue"));
	cr_expect(eq(int, field_text(&root, "level", &value, &err), 0));
	cr_expect(eq(str, value, "warn"));
	cr_expect(eq(int, field_text(&root, "room", &value, &err), 0));
	cr_expect(eq(str, value, "runner 3"));
	cr_expect(eq(int, field_text(&root, "run", &value, &err), 0));
	cr_expect(eq(str, value, "b1/1700000000"));
	cr_expect(eq(int, field_text(&root, "trace_id", &value, &err), 0));
	cr_expect(eq(str, value, "4bf92f3577b34da6a3ce929d0e0e4736"));
	cr_expect(eq(int, field_text(&root, "qty", &value, &err), 0));
	cr_expect(eq(str, value, "0.010"));
	cr_expect(eq(int, field_int(&root, "waited_ms", &number, &err), 0));
	cr_expect(eq(i64, number, 5000));
	cr_expect(eq(str, field_name_at(&root, 0), "time"));
}

Test(log, text_from_outside_cannot_forge_a_line)
{
	static const char evil[] = "x\n{\"level\":\"info\"}\" bot=1 \\ \xff\x1b[31m";
	char text[8192];
	struct err err = {0};
	const char *value = NULL;

	log_setup(LOG_INFO, LOG_JSON, "worker");
	catch_lines();
	log_event(LOG_ERROR, "venue said", LOG_TEXT("message", evil));
	caught_lines(text, sizeof text);
	CLEANUP(field_document_free) struct field_document *document = only_line(text);
	struct field root = field_root(document);
	cr_expect(eq(int, field_text(&root, "level", &value, &err), 0));
	cr_expect(eq(str, value, "error"));

	log_setup(LOG_INFO, LOG_HUMAN, "worker");
	cr_assert(eq(int, ftruncate(caught, 0), 0));
	cr_assert(eq(i64, lseek(caught, 0, SEEK_SET), 0));
	dup2(caught, STDERR_FILENO);
	log_event(LOG_ERROR, "venue said", LOG_TEXT("message", evil));
	size_t length = caught_lines(text, sizeof text);
	cr_expect(eq(sz, strcspn(text, "\n"), length - 1), "%s", text);
	cr_expect(eq(ptr, strchr(text, '\x1b'), NULL));
}

/* Whatever the length of the last field, the line stays whole, bounded and valid. */
Test(log, a_line_is_bounded_and_stays_json)
{
	char text[20000];
	char *big = mem_alloc(10001);

	log_setup(LOG_INFO, LOG_JSON, "worker");
	for (size_t size = 3700; size < 4200; size++) {
		memset(big, size % 3 == 0 ? '"' : 'y', size);
		big[size] = '\0';
		catch_lines();
		log_event(LOG_ERROR, "large", LOG_TEXT("big", big), LOG_INT("after", 12345),
			LOG_TEXT("last", "text"));
		size_t length = caught_lines(text, sizeof text);
		cr_assert(le(sz, length, 4096));
		struct field_document *document = only_line(text);
		field_document_free(&document);
		close(caught);
		close(before);
	}
	free(big);
}

Test(log, is_aligned_for_people)
{
	char text[8192];

	log_setup(LOG_INFO, LOG_HUMAN, "runner 3");
	log_attach(NULL, "1c9e", NULL, NULL);
	catch_lines();
	log_event(LOG_WARN, "order outcome unknown", LOG_INT("waited_ms", 5000),
		LOG_TEXT("note", "two words"));
	caught_lines(text, sizeof text);
	cr_expect(eq(str, text + 12,
		" warn  runner 3   order outcome unknown                    bot=1c9e "
		"waited_ms=5000 note=\"two words\"\n"));
}

Test(log, a_failure_is_logged_with_its_class)
{
	char text[8192];
	struct err failure = {0};

	err_set(&failure, ERR_RATE, ERR_RETRY_LATER, "limit reached");
	log_setup(LOG_INFO, LOG_JSON, "worker");
	catch_lines();
	log_failure(LOG_WARN, "postponed", &failure);
	caught_lines(text, sizeof text);
	cr_expect(ne(ptr,
			  strstr(text, "\"class\":\"rate\",\"retry\":\"later\","
				       "\"reason\":\"limit reached\""),
			  NULL),
		"%s", text);
}

Test(log, knows_its_levels)
{
	enum log_level level = LOG_INFO;

	cr_expect(eq(int, log_level_parse("error", &level), 0));
	cr_expect(eq(int, (int)level, LOG_ERROR));
	cr_expect(eq(int, log_level_parse("ERROR", &level), -1));
	log_level_set(LOG_WARN);
	cr_expect(not(log_wants(LOG_INFO)));
	cr_expect(log_wants(LOG_WARN));
}

static int lines_of(const char *text, const char *word)
{
	int count = 0;

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		count++;
	return count;
}

/* Lines of one room of the code, whatever the others say. */
Test(log, a_room_has_a_level_of_its_own)
{
	char text[8192];
	struct err err = {0};

	log_setup(LOG_INFO, LOG_JSON, "runner 3");
	cr_assert(zero(int, log_levels_set("exchanges=debug,core/io=error", &err)), "%s",
		err.message);
	catch_lines();
	log_fields("exchanges", LOG_DEBUG, "venue request", NULL, 0);
	log_fields("worker", LOG_DEBUG, "too much", NULL, 0);
	log_fields("core/io", LOG_WARN, "not that bad", NULL, 0);
	log_fields("worker", LOG_INFO, "as ever", NULL, 0);
	caught_lines(text, sizeof text);
	cr_expect(eq(int, lines_of(text, "\n"), 2), "%s", text);
	cr_expect(eq(int, lines_of(text, "\"component\":\"exchanges\""), 1), "%s", text);
	cr_expect(eq(int, lines_of(text, "as ever"), 1), "%s", text);
}

Test(log, levels_that_make_no_sense_are_named)
{
	struct err err = {0};

	cr_expect(zero(int, log_levels_check("", &err)));
	cr_expect(zero(int, log_levels_check("worker=debug", &err)));
	cr_expect(eq(int, log_levels_check("exchange=debug", &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "\"exchange\""), NULL), "%s", err.message);
	cr_expect(eq(int, log_levels_check("worker=loud", &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "\"loud\""), NULL), "%s", err.message);
	cr_expect(eq(int, log_levels_check("worker", &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "ROOM=LEVEL"), NULL), "%s", err.message);
}

/* In every process that shares the word, for as long as it says. */
Test(log, debug_lines_can_be_asked_for_a_while)
{
	static _Atomic int64_t until_mono_ms;

	log_setup(LOG_WARN, LOG_JSON, "supervisor");
	log_raise_share(&until_mono_ms);
	cr_expect(not(log_wants(LOG_DEBUG)));
	log_raise(60000);
	cr_expect(log_wants(LOG_DEBUG));
	cr_expect(gt(i64, until_mono_ms, 0), "what the children see");
	until_mono_ms = 1;
	cr_expect(not(log_wants(LOG_DEBUG)), "it is over");
}

Test(log, repeats_are_counted_and_other_lines_are_not)
{
	char text[20000];

	log_setup(LOG_DEBUG, LOG_JSON, "runner 3");
	catch_lines();
	for (int i = 0; i < 100; i++) {
		char order[32];
		(void)snprintf(order, sizeof order, "order-%d", i);
		log_event(LOG_WARN, "could not reach the venue", LOG_TEXT("venue", "bybit"),
			LOG_INT("try", i));
		if (i < 20)
			log_event(LOG_WARN, "order refused", LOG_TEXT("order", order));
		if (i < 20)
			log_event(LOG_DEBUG, "step");
	}
	log_event(LOG_WARN, "could not reach the venue", LOG_TEXT("venue", "phemex"));
	caught_lines(text, sizeof text);
	cr_expect(eq(int, lines_of(text, "\"venue\":\"bybit\""), 5), "%s", text);
	cr_expect(eq(int, lines_of(text, "order refused"), 20), "each tells of another order");
	cr_expect(eq(int, lines_of(text, "\"step\""), 20), "debug lines were asked for");
	cr_expect(eq(int, lines_of(text, "phemex"), 1));
}
