/*
 * client - an in-process simulated exchange and a signing client of it, for this folder's tests.
 *
 * The market stands still until a test moves it (speed 0), orders take effect at the next request
 * (match delay 0), and the server's clock is the machine's, so nothing waits for time to pass.
 */
#ifndef TESTS_SIMULATOR_CLIENT_H
#define TESTS_SIMULATOR_CLIENT_H

#include "core/base/clock.h"
#include "core/io/field.h"
#include "core/io/http.h"
#include "core/io/sign.h"
#include "simulator/simulator.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS INT64_C(1700006400000) /* 2023-11-15T00:00Z */
#define MINUTES 1500                    /* of the made-up file; START_MS lies 1,000 into it */
#define FIRST_MS (START_MS - INT64_C(1000) * 60000)

struct client {
	struct simulator *simulator;
	struct http *http;
	char url[128];
	char key[65], secret[129];
	int64_t shift_ms;  /* added to the timestamp: a wrong clock */
	int64_t window_ms; /* 0: 5000 */
	char file[64];     /* the candle file, removed at the end */
};

struct answer {
	bool arrived; /* false: no complete HTTP reply */
	struct err err;
	long status;
	int64_t code; /* retCode, -1 if the body is no envelope */
	char message[256];
	struct http_response *response;
	struct field_document *document;
	struct field result;
};

/* Prices stand at 20000 and swing by 10 within each minute; the file's volume is 50 a minute. */
__attribute__((unused)) static void write_candles(char *path)
{
	(void)snprintf(path, 64, "/tmp/botbeat-candles-XXXXXX");
	int fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	FILE *file = fdopen(fd, "w");
	(void)fputs("timestamp_ms,open,high,low,close,volume\n", file);
	for (int64_t i = 0; i < MINUTES; i++)
		(void)fprintf(
			file, "%" PRId64 ",20000,20010,19990,20000,50\n", FIRST_MS + i * 60000);
	cr_assert(zero(int, fclose(file)));
}

__attribute__((unused)) static struct simulator_options client_options(
	struct client *client, struct instrument *instrument)
{
	static const struct accounts_entry accounts[] = {
		{"alice", "secret-of-alice", {10000, 0}}, {"bob", "secret-of-bob", {10000, 0}}};
	struct simulator_options options = simulator_options_default();

	write_candles(client->file);
	instrument_default("BTCUSDT", instrument);
	instrument->funding_fixed = true;
	instrument->funding_rate = decimal_literal("0.0001");
	(void)snprintf(instrument->source.file, sizeof instrument->source.file, "%s", client->file);
	options.instruments = instrument;
	options.instrument_count = 1;
	options.accounts = accounts;
	options.account_count = 2;
	options.start_ms = START_MS;
	options.speed_milli = 0;
	options.match_delay_min_ms = options.match_delay_max_ms = 0;
	options.ip_limit = 0;
	options.no_account_limits = true;
	return options;
}

__attribute__((unused)) static void client_start_with(
	struct client *client, const struct simulator_options *options)
{
	struct err err;

	cr_assert(zero(int, http_init(&err)));
	cr_assert(zero(int, simulator_start(options, &client->simulator, &err)), "%s", err.message);
	client->http = http_new(&(struct http_options){.user_agent = "test"});
	(void)snprintf(client->url, sizeof client->url, "%s", simulator_url(client->simulator));
	(void)snprintf(client->key, sizeof client->key, "alice");
	(void)snprintf(client->secret, sizeof client->secret, "secret-of-alice");
}

__attribute__((unused)) static void client_start(struct client *client)
{
	struct instrument instrument;
	struct simulator_options options;

	*client = (struct client){0};
	options = client_options(client, &instrument);
	client_start_with(client, &options);
}

__attribute__((unused)) static void client_stop(struct client *client)
{
	http_free(&client->http);
	simulator_stop(&client->simulator);
	(void)unlink(client->file);
}

__attribute__((unused)) static void client_as(struct client *client, const char *name)
{
	(void)snprintf(client->key, sizeof client->key, "%s", name);
	(void)snprintf(client->secret, sizeof client->secret, "secret-of-%s", name);
}

__attribute__((unused)) static void answer_done(struct answer *answer)
{
	field_document_free(&answer->document);
	http_response_free(&answer->response);
}

static void understand(struct answer *answer)
{
	struct err err;
	const char *text;

	answer->code = -1;
	answer->status = answer->response->status;
	if (field_parse(answer->response->body, answer->response->body_size_bytes,
		    &answer->document, &err) == -1)
		return;
	struct field root = field_root(answer->document);
	answer->result = root;
	if (field_int(&root, "retCode", &answer->code, &err) == -1)
		return;
	cr_assert(zero(int, field_text(&root, "retMsg", &text, &err)), "%s", err.message);
	(void)snprintf(answer->message, sizeof answer->message, "%s", text);
	cr_assert(zero(int, field_get(&root, "result", &answer->result, &err)));
}

/* target: path and query; body NULL: a GET. */
__attribute__((unused)) static struct answer client_send(
	struct client *client, const char *method, const char *target, const char *body)
{
	char url[1024], text[8192], signature[SIGN_HEX_SIZE];
	char key[128], stamp[64], window[64], sign[128];
	const char *query = strchr(target, '?');
	const char *headers[] = {key, stamp, window, sign, "Content-Type: application/json", NULL};
	struct answer answer = {0};

	int64_t now_ms = clock_utc_ms(clock_system()) + client->shift_ms;
	int64_t window_ms = client->window_ms != 0 ? client->window_ms : 5000;
	(void)snprintf(text, sizeof text, "%" PRId64 "%s%" PRId64 "%s", now_ms, client->key,
		window_ms,
		body != NULL    ? body
		: query != NULL ? query + 1
				: "");
	sign_hmac_sha256(client->secret, strlen(client->secret), text, strlen(text), signature);
	(void)snprintf(url, sizeof url, "%s%s", client->url, target);
	(void)snprintf(key, sizeof key, "X-BAPI-API-KEY: %s", client->key);
	(void)snprintf(stamp, sizeof stamp, "X-BAPI-TIMESTAMP: %" PRId64, now_ms);
	(void)snprintf(window, sizeof window, "X-BAPI-RECV-WINDOW: %" PRId64, window_ms);
	(void)snprintf(sign, sizeof sign, "X-BAPI-SIGN: %s", signature);
	struct http_request request = {.method = method,
		.url = url,
		.headers = headers,
		.body = body,
		.body_size_bytes = body != NULL ? strlen(body) : 0,
		.once = body != NULL};
	answer.arrived = http_send(client->http, &request, &answer.response, &answer.err) == 0;
	if (answer.arrived)
		understand(&answer);
	return answer;
}

__attribute__((unused)) static struct answer client_get(struct client *client, const char *target)
{
	return client_send(client, "GET", target, NULL);
}

__attribute__((unused, format(printf, 3, 4))) static struct answer client_post(
	struct client *client, const char *path, const char *format, ...)
{
	char body[4096];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(body, sizeof body, format, arguments);
	va_end(arguments);
	return client_send(client, "POST", path, body);
}

/* Posts, checks retCode 0 (or HTTP 200 of an admin route), forgets the rest. */
#define POST_OK(client, path, ...)                                                                 \
	do {                                                                                       \
		struct answer posted = client_post(client, path, __VA_ARGS__);                     \
		cr_assert(posted.arrived, "%s", posted.err.message);                               \
		cr_assert(eq(long, posted.status, 200), "%s", posted.response->body);              \
		cr_assert(le(long, (long)posted.code, 0), "%s", posted.response->body);            \
		answer_done(&posted);                                                              \
	} while (0)

/*
 * A member of the answer by its path from result, as "list.0.side"; "(none)" if it is not there.
 * Numbers and truths are given as their JSON text.
 */
__attribute__((unused)) static char *value_at(const struct answer *answer, const char *path)
{
	static char texts[8][256];
	static unsigned turn;
	char copy[128];
	char *rest = copy;
	struct field field = answer->result;
	struct err err;
	char *text = texts[turn++ % 8];

	(void)snprintf(copy, sizeof copy, "%s", path);
	for (char *part; (part = strsep(&rest, ".")) != NULL;) {
		struct field inner;
		int result = field_is_array(&field)
				     ? field_item(&field, (size_t)strtoul(part, NULL, 10), &inner,
					       &err)
				     : field_get(&field, part, &inner, &err);
		if (result == -1)
			return strcpy(text, "(none)");
		field = inner;
	}
	const char *plain;
	if (field_is_string(&field) && field_as_text(&field, &plain, &err) == 0) {
		(void)snprintf(text, 256, "%s", plain);
		return text;
	}
	char *json = field_dump(&field);
	(void)snprintf(text, 256, "%s", json);
	free(json);
	return text;
}

__attribute__((unused)) static size_t rows_of(const struct answer *answer)
{
	struct field list;
	struct err err;
	size_t count = 0;

	if (field_get(&answer->result, "list", &list, &err) == -1 ||
		field_count(&list, &count, &err) == -1)
		return SIZE_MAX;
	return count;
}

#define EXPECT_VALUE(answer, path, expected, because)                                              \
	cr_expect(eq(str, value_at(answer, path), (char *)(uintptr_t)(expected)), "%s: %s",        \
		because, path)

#endif
