#include "core/io/log_filter.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static struct log_repeats repeats;

static bool allow(uint64_t key, int64_t now_mono_ms, unsigned *ret_suppressed)
{
	return log_repeat_allow(&repeats, key, "event", now_mono_ms, ret_suppressed);
}

Test(log_filter, tells_what_it_left_out_with_the_next_line)
{
	unsigned suppressed;
	int written = 0;

	for (int i = 0; i < 12; i++)
		written += allow(7, i, &suppressed);
	cr_expect(eq(int, written, LOG_FILTER_BURST));
	cr_expect(allow(7, LOG_FILTER_WINDOW_MS, &suppressed), "the window is over");
	cr_expect(eq(uint, suppressed, 12 - LOG_FILTER_BURST));
	cr_expect(allow(7, LOG_FILTER_WINDOW_MS + 1, &suppressed));
	cr_expect(eq(uint, suppressed, 0), "told once");
}

Test(log_filter, tells_it_also_if_no_line_follows)
{
	const char *event = NULL;
	unsigned suppressed;

	for (int i = 0; i < 8; i++)
		(void)allow(7, i, &suppressed);
	cr_expect(not(log_repeat_due(&repeats, LOG_FILTER_WINDOW_MS - 1, &event, &suppressed)));
	cr_expect(log_repeat_due(&repeats, LOG_FILTER_WINDOW_MS, &event, &suppressed));
	cr_expect(eq(str, event, "event"));
	cr_expect(eq(uint, suppressed, 8 - LOG_FILTER_BURST));
	cr_expect(not(log_repeat_due(&repeats, LOG_FILTER_WINDOW_MS, &event, &suppressed)));
}

/* More kinds than places: the oldest is forgotten, none is lost. */
Test(log_filter, many_kinds_are_all_written)
{
	unsigned suppressed;

	for (uint64_t key = 1; key <= 3 * LOG_FILTER_PLACES; key++)
		cr_expect(allow(key, (int64_t)key, &suppressed));
	cr_expect(allow(1, 1000, &suppressed), "forgotten: written as new");
}

Test(log_filter, a_repeat_is_the_same_event_with_the_same_texts)
{
	struct log_field one[] = {LOG_TEXT("venue", "bybit"), LOG_INT("ms", 1)};
	struct log_field later[] = {LOG_TEXT("venue", "bybit"), LOG_INT("ms", 2)};
	struct log_field other[] = {LOG_TEXT("venue", "phemex"), LOG_INT("ms", 1)};

	cr_expect(eq(u64, log_repeat_key("e", one, 2), log_repeat_key("e", later, 2)));
	cr_expect(ne(u64, log_repeat_key("e", one, 2), log_repeat_key("e", other, 2)));
	cr_expect(ne(u64, log_repeat_key("e", one, 2), log_repeat_key("f", one, 2)));
	cr_expect(ne(u64, log_repeat_key("e", NULL, 0), 0));
}
