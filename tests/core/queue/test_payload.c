/* The text of a job: what is written is read back, and nothing else is read. */
#include "core/queue/payload.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#define BOT "6f2c0c3e-0000-4000-8000-00000000000a"
#define TENANT "6f2c0c3e-0000-4000-8000-000000000001"

struct written {
	char because[64];
	int64_t scheduled_s;
	enum priority priority;
	int64_t due_ms;
	char text[PAYLOAD_SIZE];
};

ParameterizedTestParameters(payload, is_read_as_written)
{
	static struct written rows[] = {
		{"a job of today", 1764000000, PRIORITY_NORMAL, 1764000000123,
			BOT " 1764000000 n 1764000000123 " TENANT},
		{"small numbers keep their width", 300, PRIORITY_HIGH, 300001,
			BOT " 0000000300 h 0000000300001 " TENANT},
		{"the largest slot and due time", 9999999999, PRIORITY_LOW, 9999999999999,
			BOT " 9999999999 l 9999999999999 " TENANT},
	};
	return cr_make_param_array(struct written, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct written *row, payload, is_read_as_written)
{
	const struct job job = {.bot = {BOT},
		.tenant = {TENANT},
		.scheduled_s = row->scheduled_s,
		.priority = row->priority,
		.due_ms = row->due_ms};
	char text[PAYLOAD_SIZE];
	struct job again;
	struct err err;

	payload_write(&job, text);
	cr_expect(eq(str, text, row->text), "%s", row->because);
	cr_assert(zero(int, payload_parse(text, &again, &err)), "%s", row->because);
	cr_expect(zero(int, memcmp(&again, &job, sizeof job)), "%s", row->because);
}

struct foreign {
	char because[64];
	char text[PAYLOAD_SIZE + 8];
};

ParameterizedTestParameters(payload, refuses_what_is_no_job)
{
	static struct foreign rows[] = {
		{"nothing", ""},
		{"a word", "x"},
		{"one character short",
			BOT " 1764000000 n 1764000000123 6f2c0c3e-0000-4000-8000-00000000000"},
		{"one character long", BOT " 1764000000 n 1764000000123 " TENANT "1"},
		{"no hexadecimal bot",
			"6f2c0c3x-0000-4000-8000-00000000000a 1764000000 n 1764000000123 " TENANT},
		{"no hexadecimal tenant",
			BOT " 1764000000 n 1764000000123 6f2c0c3e-0000-4000-8000-00000000000x"},
		{"a signed slot", BOT " -764000000 n 1764000000123 " TENANT},
		{"a blank in the due time", BOT " 1764000000 n 17640000 0123 " TENANT},
		{"an unrecognized priority", BOT " 1764000000 x 1764000000123 " TENANT},
		{"another separator", BOT ",1764000000,n,1764000000123," TENANT},
	};
	return cr_make_param_array(struct foreign, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct foreign *row, payload, refuses_what_is_no_job)
{
	struct job job;
	struct err err;

	cr_expect(eq(int, payload_parse(row->text, &job, &err), -1), "%s", row->because);
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", row->because);
}
