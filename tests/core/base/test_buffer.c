#include "core/base/buffer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

Test(buffer, a_new_one_is_an_empty_text)
{
	struct buffer buffer;
	buffer_init(&buffer, 10);

	cr_expect(eq(str, buffer.data, ""));
	cr_expect(not(buffer_failed(&buffer)));
	buffer_done(&buffer);
}

Test(buffer, keeps_what_was_added_in_order)
{
	struct buffer buffer;
	buffer_init(&buffer, 1000);
	buffer_text(&buffer, "qty=");
	buffer_format(&buffer, "%d.%s", 12, "50");
	buffer_add(&buffer, "&x\0y", 4);

	cr_expect(eq(sz, buffer.size_bytes, 13));
	cr_expect(eq(int, memcmp(buffer.data, "qty=12.50&x\0y", 14), 0));
	buffer_done(&buffer);
}

Test(buffer, grows_over_many_additions)
{
	struct buffer buffer;
	buffer_init(&buffer, 100000);
	for (int i = 0; i < 10000; i++)
		buffer_format(&buffer, "%04d ", i);

	cr_expect(eq(sz, buffer.size_bytes, 50000));
	cr_expect(eq(int, memcmp(buffer.data + 5 * 7123, "7123 ", 5), 0));
	cr_expect(not(buffer_failed(&buffer)));
	buffer_done(&buffer);
}

Test(buffer, holds_exactly_its_limit)
{
	struct buffer buffer;
	buffer_init(&buffer, 4);
	buffer_text(&buffer, "1234");

	cr_expect(not(buffer_failed(&buffer)));
	cr_expect(eq(str, buffer.data, "1234"));
	buffer_done(&buffer);
}

Test(buffer, beyond_its_limit_it_fails_and_stays_failed)
{
	struct buffer buffer;
	buffer_init(&buffer, 4);
	buffer_text(&buffer, "123");
	buffer_format(&buffer, "%d", 45);
	buffer_text(&buffer, "6");

	cr_expect(buffer_failed(&buffer));
	cr_expect(eq(str, buffer.data, "123"), "nothing is added after a failure");
	buffer_done(&buffer);
}

Test(buffer, cleared_it_starts_again)
{
	struct buffer buffer;
	buffer_init(&buffer, 4);
	buffer_text(&buffer, "123456");
	buffer_clear(&buffer);
	buffer_text(&buffer, "12");

	cr_expect(not(buffer_failed(&buffer)));
	cr_expect(eq(str, buffer.data, "12"));
	buffer_done(&buffer);
	cr_expect(eq(str, buffer.data, ""), "a finished buffer is an empty one");
}
