#include "exchanges/phemex_call.h"

#include "core/base/cleanup.h"
#include "core/io/http.h"
#include "exchanges/handle.h"
#include "exchanges/phemex_error.h"
#include "exchanges/phemex_reply.h"
#include "exchanges/phemex_request.h"

#include <stdio.h>

#define WAIT_MAX_S 600
#define SPENT_WAIT_MS 5000 /* the headers do not tell when the minute ends */

/* The others' headers have no suffix; some clients expect one (exchanges.md 3.5): both. */
static bool limit_header(
	const struct http_response *response, int group, const char *what, int64_t *ret)
{
	char name[64];
	(void)snprintf(name, sizeof name, "x-ratelimit-%s%s", what,
		group == PHEMEX_CONTRACT ? "-CONTRACT" : "-OTHERS");
	if (call_header_number(response, name, ret))
		return true;
	(void)snprintf(name, sizeof name, "x-ratelimit-%s", what);
	return call_header_number(response, name, ret);
}

static int64_t retry_after(const struct http_response *response, int group)
{
	int64_t seconds;
	bool told = limit_header(response, group, "retry-after", &seconds) ||
		    call_header_number(response, "Retry-After", &seconds);
	if (!told || seconds <= 0)
		return 0;
	return (seconds < WAIT_MAX_S ? seconds : WAIT_MAX_S) * 1000;
}

static void observe_limit(
	struct exchange *exchange, int group, const struct http_response *response)
{
	int64_t capacity, remaining;
	if (group == CALL_PUBLIC || exchange->key_name[0] == '\0' ||
		!limit_header(response, group, "capacity", &capacity) ||
		!limit_header(response, group, "remaining", &remaining))
		return;
	if (capacity > 0 && capacity < 100000)
		rate_limits_observe(exchange->limits, exchange->key_name, (size_t)group, capacity,
			remaining, SPENT_WAIT_MS);
}

/* A reply that cannot be read is no proof of anything. */
static int unreadable(enum call_kind kind, struct err *err)
{
	err->retry = refusal_unclear(kind);
	return err_while(err, "could not understand phemex's reply");
}

/* No envelope tells the time: the market's is the server's clock as it is known. */
static int64_t market_time(struct exchange *exchange, const struct http_response *response)
{
	int64_t server_ms = exchange->market.now_ms;
	(void)server_clock_read(
		&exchange->server_clock, clock_mono_ms(exchange->clock), &server_ms);
	return call_market_time(exchange, response, server_ms);
}

static int check(struct exchange *exchange, enum call_kind kind, int group,
	const struct http_response *response, struct call_answer *ret, struct err *err)
{
	struct call_status status = {
		.kind = kind,
		.http_status = response->status,
		.retry_after_ms = retry_after(response, group),
	};
	enum call_limited limited;
	observe_limit(exchange, group, response);
	if (phemex_error_http(&status, response->body, response->body_size_bytes, &limited, err) ==
		-1) {
		/* Without an account the group's limit is the address's. */
		if (limited == LIMITED_ACCOUNT && group == CALL_PUBLIC)
			limited = LIMITED_ADDRESS;
		call_stop_limited(exchange, group, limited, err);
		return -1;
	}

	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct phemex_envelope envelope;
	if (field_parse(response->body, response->body_size_bytes, &answer.document, err) == -1 ||
		phemex_reply_envelope(answer.document, &envelope, err) == -1)
		return unreadable(kind, err);
	if (phemex_error_code(&status, envelope.code, envelope.text, &limited, err) == -1) {
		call_stop_limited(exchange, group, limited, err);
		return -1;
	}

	answer.result = envelope.result;
	answer.market_ms = market_time(exchange, response);
	*ret = answer;
	answer.document = NULL;
	return 0;
}

static void build(const struct exchange *exchange, int64_t now_server_ms, struct arena *arena,
	const struct call_get *get, struct exchange_request *ret)
{
	struct phemex_signer signer = {.base_url = exchange->base_url};
	if (get->group != CALL_PUBLIC) {
		signer.key = exchange->credential.key;
		signer.secret = exchange->credential.secret;
		signer.expiry_s = phemex_request_expiry_s(now_server_ms, exchange->recv_window_ms);
	}
	phemex_request_get(&signer, arena, get->path, get->query, ret);
}

const struct call_venue phemex_call_venue = {.name = "phemex", .build = build, .check = check};

int phemex_call_understand(struct exchange *exchange, enum call_kind kind,
	const struct http_response *response, struct call_answer *ret, struct err *err)
{
	return check(exchange, kind, PHEMEX_CONTRACT, response, ret, err);
}
