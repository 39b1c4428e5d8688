/*
 * refusals - the two tables that each venue's table of codes is tested with, and how a row of them
 * is held against it.
 */
#ifndef TESTS_EXCHANGES_REFUSALS_H
#define TESTS_EXCHANGES_REFUSALS_H

#include "exchanges/refusal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#define NEVER ERR_RETRY_NEVER
#define LATER ERR_RETRY_LATER
#define ASK ERR_RETRY_ASK
#define THROTTLED ERR_RETRY_THROTTLED

struct code_row {
	char because[56];
	enum call_kind call;
	int64_t code;
	char text[80];
	enum err_code class; /* ERR_NONE: success */
	enum err_retry retry;
};

typedef int code_reader(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err);

static inline void expect_code(const struct code_row *row, code_reader *read)
{
	struct call_status status = {.kind = row->call, .http_status = 200};
	struct err err = {0};
	enum call_limited limited;
	int result = read(&status, row->code, row->text, &limited, &err);

	cr_assert(eq(int, result, row->class == ERR_NONE ? 0 : -1), "%s", row->because);
	if (result == 0)
		return;
	cr_expect(eq(int, err.code, row->class), "%s", row->because);
	cr_expect(eq(int, err.retry, row->retry), "%s", row->because);
	cr_expect(eq(i64, err.venue_code, row->code), "%s", row->because);
	cr_expect(strstr(err.message, row->text) != NULL, "%s: %s", row->because, err.message);
}

struct http_row {
	char because[56];
	enum call_kind call;
	long status;
	char body[96];
	int64_t retry_after_ms;
	enum err_code class; /* ERR_NONE: the body decides */
	enum err_retry retry;
	int64_t wait_ms;
	enum call_limited limited;
};

typedef int http_reader(const struct call_status *status, const char *body, size_t size_bytes,
	enum call_limited *ret_limited, struct err *err);

static inline void expect_http(const struct http_row *row, http_reader *read)
{
	struct call_status status = {
		.kind = row->call,
		.http_status = row->status,
		.retry_after_ms = row->retry_after_ms,
	};
	struct err err = {0};
	enum call_limited limited;
	int result = read(&status, row->body, strlen(row->body), &limited, &err);

	cr_assert(eq(int, result, row->class == ERR_NONE ? 0 : -1), "%s", row->because);
	cr_expect(eq(int, limited, row->limited), "%s", row->because);
	if (result == 0)
		return;
	cr_expect(eq(int, err.code, row->class), "%s", row->because);
	cr_expect(eq(int, err.retry, row->retry), "%s", row->because);
	cr_expect(eq(i64, err.retry_after_ms, row->wait_ms), "%s", row->because);
}

#endif
