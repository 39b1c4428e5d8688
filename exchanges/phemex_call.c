#include "exchanges/phemex_call.h"

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

static int64_t retry_after(
	struct exchange *exchange, int group, const struct http_response *response)
{
	(void)exchange;
	int64_t seconds;
	bool told = limit_header(response, group, "retry-after", &seconds) ||
		    call_header_number(response, "Retry-After", &seconds);
	if (!told || seconds <= 0)
		return 0;
	return (seconds < WAIT_MAX_S ? seconds : WAIT_MAX_S) * 1000;
}

static void observe(struct exchange *exchange, int group, const struct http_response *response)
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

const struct call_venue phemex_call_venue = {
	.name = "phemex",
	.build = build,
	.observe = observe,
	.retry_after = retry_after,
	.refuse_http = phemex_error_http,
	.envelope = phemex_reply_envelope,
	.refuse_code = phemex_error_code,
};
