#include "worker/story.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static const struct uuid bot = {"1c9e57aa-0d7e-4b0e-9d8b-0f6f6a1b2c3d"};

/* printf '%s' 1c9e57aa-0d7e-4b0e-9d8b-0f6f6a1b2c3d/1764152340 | sha256sum | cut -c 1-32 */
Test(story, a_slot_has_one_trace_for_all_its_attempts)
{
	char trace[STORY_TRACE_SIZE];
	char first[STORY_PARENT_SIZE];
	char second[STORY_PARENT_SIZE];

	story_trace(&bot, 1764152340, trace);
	cr_expect(eq(str, trace, "387021a94b140cc4b371469936884402"));
	story_parent(&bot, 1764152340, 167, first);
	story_parent(&bot, 1764152340, 168, second);
	cr_expect(eq(str, first, "00-387021a94b140cc4b371469936884402-00000000000000a7-01"));
	cr_expect(eq(sz, strlen(first), 55));
	cr_expect(eq(int, strncmp(first, second, 36), 0), "the trace is the slot's");
	cr_expect(ne(int, strcmp(first, second), 0), "the span is the attempt's");
	story_trace(&bot, 1764152341, second);
	cr_expect(ne(int, strcmp(trace, second), 0), "another slot, another story");
}
