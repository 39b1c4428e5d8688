#include "exchanges/binance_call.h"

#include "core/io/http.h"
#include "exchanges/binance_error.h"
#include "exchanges/binance_reply.h"
#include "exchanges/binance_request.h"
#include "exchanges/handle.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define TEN_SECONDS_MS 10000
#define BAN_MAX_MS (3 * 86400000LL) /* the longest that the venue names */

static int64_t within(int64_t wait_ms, int64_t most_ms)
{
	return wait_ms < 0 ? 0 : wait_ms > most_ms ? most_ms : wait_ms;
}

static bool server_time(struct exchange *exchange, int64_t *ret_ms)
{
	return server_clock_read(&exchange->server_clock, clock_mono_ms(exchange->clock), ret_ms);
}

/* "… IP(1.2.3.4) banned until 1700000000000. …" */
static int64_t banned_for(struct exchange *exchange, const struct http_response *response)
{
	static const char words[] = "banned until ";
	int64_t server_ms;
	const char *at = strstr(response->body, words);
	if (at == NULL || !server_time(exchange, &server_ms))
		return 0;
	return within(strtoll(at + strlen(words), NULL, 10) - server_ms, BAN_MAX_MS);
}

/* Weights are counted by the minute, from its beginning. */
static int64_t retry_after(
	struct exchange *exchange, int group, const struct http_response *response)
{
	(void)group;
	int64_t seconds;
	if (call_header_number(response, "Retry-After", &seconds) && seconds > 0)
		return within(seconds, BAN_MAX_MS / 1000) * 1000;
	return banned_for(exchange, response);
}

static void observe_orders(struct exchange *exchange, const struct http_response *response,
	const char *name, int64_t limit, int64_t span_ms, int64_t server_ms)
{
	int64_t count;
	if (call_header_number(response, name, &count) && count >= 0)
		rate_limits_observe(exchange->limits, exchange->key_name, BINANCE_ORDERS, 0,
			limit - count, span_ms - server_ms % span_ms);
}

/*
 * Of public replies two tell a weight that is wrong (exchanges.md 5.3), and a run reads its account
 * anyway: private ones only. The spot host counts for itself.
 */
static void observe(struct exchange *exchange, int group, const struct http_response *response)
{
	int64_t weight, server_ms;
	if (group == BINANCE_PUBLIC || group == BINANCE_KEY || exchange->key_name[0] == '\0' ||
		!server_time(exchange, &server_ms))
		return;
	if (call_header_number(response, "X-MBX-USED-WEIGHT-1M", &weight) && weight >= 0)
		rate_limits_observe_address(exchange->limits, BINANCE_WEIGHT_PER_MINUTE,
			BINANCE_WEIGHT_PER_MINUTE - weight, MINUTE_MS - server_ms % MINUTE_MS);
	observe_orders(exchange, response, "X-MBX-ORDER-COUNT-10S", BINANCE_ORDERS_PER_10_S,
		TEN_SECONDS_MS, server_ms);
	observe_orders(exchange, response, "X-MBX-ORDER-COUNT-1M", BINANCE_ORDERS_PER_MINUTE,
		MINUTE_MS, server_ms);
}

static void build(const struct exchange *exchange, int64_t now_server_ms, struct arena *arena,
	const struct call_get *get, struct exchange_request *ret)
{
	struct binance_signer signer = {
		.base_url = get->group == BINANCE_KEY ? exchange->key_url : exchange->base_url,
		.recv_window_ms = exchange->recv_window_ms,
	};
	if (get->group != BINANCE_PUBLIC) {
		signer.key = exchange->credential.key;
		signer.secret = exchange->credential.secret;
		signer.timestamp_ms = now_server_ms;
	}
	binance_request_get(&signer, arena, get->path, get->query, ret);
}

const struct call_venue binance_call_venue = {
	.name = "binance",
	.build = build,
	.observe = observe,
	.retry_after = retry_after,
	.refuse_http = binance_error_http,
	.envelope = binance_reply_envelope,
	.refuse_code = binance_error_code,
};
