#include "exchanges/bybit_call.h"

#include "core/io/http.h"
#include "exchanges/bybit_error.h"
#include "exchanges/bybit_reply.h"
#include "exchanges/bybit_request.h"
#include "exchanges/handle.h"

#define RESET_MAX_MS (60 * 1000)

/* How long the group stays closed, by the header's server time. */
static int64_t reset_after(struct exchange *exchange, const struct http_response *response)
{
	int64_t reset_ms, server_ms;
	if (!call_header_number(response, "X-Bapi-Limit-Reset-Timestamp", &reset_ms) ||
		!server_clock_read(
			&exchange->server_clock, clock_mono_ms(exchange->clock), &server_ms))
		return 0;
	int64_t wait_ms = reset_ms - server_ms;
	return wait_ms < 0 ? 0 : wait_ms > RESET_MAX_MS ? RESET_MAX_MS : wait_ms;
}

static int64_t retry_after(
	struct exchange *exchange, int group, const struct http_response *response)
{
	(void)group;
	int64_t seconds;
	if (call_header_number(response, "Retry-After", &seconds) && seconds > 0 && seconds < 86400)
		return seconds * 1000;
	return reset_after(exchange, response);
}

/* exchanges.md 4.5: what is left of the account's limit for this endpoint. */
static void observe(struct exchange *exchange, int group, const struct http_response *response)
{
	int64_t per_second, remaining;
	if (group == BYBIT_PUBLIC || exchange->key_name[0] == '\0' ||
		!call_header_number(response, "X-Bapi-Limit", &per_second) ||
		!call_header_number(response, "X-Bapi-Limit-Status", &remaining))
		return;
	if (per_second > 0 && per_second < 10000)
		rate_limits_observe(exchange->limits, exchange->key_name, (size_t)group, per_second,
			remaining, reset_after(exchange, response));
}

static void build(const struct exchange *exchange, int64_t now_server_ms, struct arena *arena,
	const struct call_get *get, struct exchange_request *ret)
{
	struct bybit_signer signer = {
		.base_url = exchange->base_url, .recv_window_ms = exchange->recv_window_ms};
	if (get->group != BYBIT_PUBLIC) {
		signer.key = exchange->credential.key;
		signer.secret = exchange->credential.secret;
		signer.timestamp_ms = now_server_ms;
	}
	bybit_request_get(&signer, arena, get->path, get->query, ret);
}

const struct call_venue bybit_call_venue = {
	.name = "bybit",
	.build = build,
	.observe = observe,
	.retry_after = retry_after,
	.refuse_http = bybit_error_http,
	.envelope = bybit_reply_envelope,
	.refuse_code = bybit_error_code,
	.reason = bybit_reply_reason,
};
