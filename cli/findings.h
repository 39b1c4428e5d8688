/*
 * findings - what a doctor found, one line each: how bad it is, what it is, what to do.
 *
 * On a terminal or in text each finding is printed as it is made, so that a slow check is seen to
 * be slow; as JSON all of them at the end.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

struct findings;

enum finding_level {
	FINDING_OK,
	FINDING_WARN, /* it works, and should not stay so */
	FINDING_FAIL, /* Botbeat does not work, or a promise does not hold */
};

struct findings *findings_new(bool json);
void findings_free(struct findings **findings);

/* topic: "postgres", "redis", …; static. remedy: what to do, NULL for what is well; borrowed. */
__attribute__((format(printf, 5, 6))) void findings_add(struct findings *findings,
	enum finding_level level, const char *topic, const char *remedy, const char *format, ...);

size_t findings_count(const struct findings *findings, enum finding_level level);

/* The last line of the text, or the document. */
void findings_finish(const struct findings *findings);

#endif
