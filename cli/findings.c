#include "cli/findings.h"

#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES 512

struct findings {
	bool json;
	struct doc *list;
	size_t counts[FINDING_FAIL + 1];
};

static const char *const level_names[] = {"ok", "warn", "FAIL"};
static const char *const level_words[] = {"ok", "warn", "fail"};

struct findings *findings_new(bool json)
{
	struct findings *findings = mem_zero(1, sizeof *findings);

	findings->json = json;
	findings->list = doc_array();
	return findings;
}

void findings_free(struct findings **findings)
{
	if (*findings == NULL)
		return;
	doc_free(&(*findings)->list);
	free(*findings);
	*findings = NULL;
}

void findings_add(struct findings *findings, enum finding_level level, const char *topic,
	const char *remedy, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	findings->counts[level]++;
	if (findings->json) {
		struct doc *doc = doc_object();
		doc_text(doc, "level", level_words[level]);
		doc_text(doc, "topic", topic);
		doc_text(doc, "text", text);
		doc_text(doc, "remedy", remedy);
		doc_push(findings->list, doc);
		return;
	}
	printf("%-4s  %-9s  %s\n", level_names[level], topic, text);
	if (remedy != NULL)
		printf("                 -> %s\n", remedy);
	(void)fflush(stdout);
}

size_t findings_count(const struct findings *findings, enum finding_level level)
{
	return findings->counts[level];
}

void findings_finish(const struct findings *findings)
{
	if (!findings->json) {
		printf("%zu ok, %zu warnings, %zu failures\n", findings->counts[FINDING_OK],
			findings->counts[FINDING_WARN], findings->counts[FINDING_FAIL]);
		return;
	}
	CLEANUP(doc_free) struct doc *doc = doc_object();
	doc_int(doc, "ok", (int64_t)findings->counts[FINDING_OK]);
	doc_int(doc, "warnings", (int64_t)findings->counts[FINDING_WARN]);
	doc_int(doc, "failures", (int64_t)findings->counts[FINDING_FAIL]);
	CLEANUP(text_free) char *text = doc_dump(findings->list);
	doc_json(doc, "findings", text);
	output_doc(doc);
}
