#include "exchanges/exchange.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "core/io/sign.h"
#include "exchanges/handle.h"
#include "exchanges/market_cache.h"
#include "exchanges/pool.h"
#include "exchanges/registry.h"
#include "exchanges/tally.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RECV_WINDOW_MAX_MS 5000 /* exchanges.md 2.5: the request dies with its window */
#define TICKER_MAX_AGE_MS 500
#define CANDLES_MAX 1000

static int copy_url(const char *url, const char *what, enum venue_name venue,
	char ret_url[POOL_URL_SIZE], struct err *err)
{
	if (http_check_url(url, err) == -1)
		return err_while(err, "%s of %s", what, venue_name_text(venue));

	size_t length = strlen(url);
	while (length > 0 && url[length - 1] == '/')
		length--;
	if (length >= POOL_URL_SIZE)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s of %s: longer than %d", what,
			venue_name_text(venue), POOL_URL_SIZE - 1);
	memcpy(ret_url, url, length);
	ret_url[length] = '\0';
	return 0;
}

static int choose_url(const struct exchange_options *options, const struct registry_venue *venue,
	char ret_url[POOL_URL_SIZE], struct err *err)
{
	const char *url = options->base_url;
	if (url == NULL && options->environment == ENVIRONMENT_PAPER)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"environment paper has no venue to call");
	if (url == NULL)
		url = options->environment == ENVIRONMENT_LIVE ? venue->live_url
							       : venue->testnet_url;
	return copy_url(url, "base URL", options->venue, ret_url, err);
}

static int choose_key_url(const struct exchange_options *options,
	const struct registry_venue *venue, char ret_url[POOL_URL_SIZE], struct err *err)
{
	const char *url = options->key_url;
	if (url == NULL && options->environment == ENVIRONMENT_LIVE)
		url = venue->live_key_url;
	ret_url[0] = '\0';
	if (url == NULL || url[0] == '\0')
		return 0;
	return copy_url(url, "URL of keys", options->venue, ret_url, err);
}

static struct rate_limits_plan plan_of(
	const struct exchange_options *options, const struct registry_venue *venue)
{
	bool testnet = options->environment == ENVIRONMENT_TESTNET && venue->testnet_plan != NULL;
	struct rate_limits_plan plan = testnet ? *venue->testnet_plan : *venue->plan;
	if (options->egress_per_second != 0) {
		plan.egress_per_second = options->egress_per_second > 0 ? options->egress_per_second
									: 0;
		plan.egress_burst = plan.egress_per_second;
	}
	return plan;
}

static struct exchange *new_handle(const struct exchange_options *options,
	const struct registry_venue *venue, const char *base_url, const char *key_url)
{
	struct exchange *exchange = mem_zero(1, sizeof *exchange);
	exchange->adapter = venue->adapter;
	exchange->environment = options->environment;
	(void)snprintf(exchange->key_url, sizeof exchange->key_url, "%s", key_url);
	exchange->recv_window_ms = options->recv_window_ms;
	exchange->http = options->http;
	exchange->redis = options->redis;
	exchange->clock = options->clock != NULL ? options->clock : clock_system();
	exchange->ticker_max_age_ms = options->ticker_max_age_ms > 0 ? options->ticker_max_age_ms
								     : TICKER_MAX_AGE_MS;
	exchange->market.speed = 1;
	exchange->plan = plan_of(options, venue);
	struct pool_endpoint configured = {
		.name = "configured", .tier = TIER_STANDARD, .weight = 1};
	(void)snprintf(configured.base_url, sizeof configured.base_url, "%s", base_url);
	if (options->egress != NULL)
		(void)snprintf(configured.egress, sizeof configured.egress, "%s", options->egress);
	exchange->pool = pool_new(exchange, &configured);
	exchange->cache = market_cache_new(exchange, options->redis, exchange->clock, base_url);
	return exchange;
}

int exchange_open(const struct exchange_options *options, struct exchange **ret, struct err *err)
{
	assert(options->http != NULL);

	char base_url[POOL_URL_SIZE], key_url[POOL_URL_SIZE];
	const struct registry_venue *venue = registry_find(options->venue);
	if (venue == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "venue %s is not built",
			venue_name_text(options->venue));
	if (options->recv_window_ms < 1 || options->recv_window_ms > RECV_WINDOW_MAX_MS)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"recv_window_ms: %lld is not 1 to %d", (long long)options->recv_window_ms,
			RECV_WINDOW_MAX_MS);
	if (choose_url(options, venue, base_url, err) == -1 ||
		choose_key_url(options, venue, key_url, err) == -1)
		return -1;
	*ret = new_handle(options, venue, base_url, key_url);
	return 0;
}

void exchange_free(struct exchange **exchange)
{
	if (*exchange == NULL)
		return;
	market_cache_free(&(*exchange)->cache);
	pool_free(&(*exchange)->pool);
	free(*exchange);
	*exchange = NULL;
}

const struct exchange_adapter *exchange_adapter(const struct exchange *exchange)
{
	return exchange->adapter;
}

void exchange_attach(struct exchange *exchange, const struct exchange_credential *credential)
{
	exchange->attached = credential != NULL;
	exchange->credential = (struct exchange_credential){.key = NULL};
	exchange->key_name[0] = '\0';
	if (credential == NULL)
		return;
	exchange->credential = *credential; /* the struct may go, what it points to stays */

	/* In Redis a key goes by its hash: who reads Redis learns no key. */
	char hex[SIGN_HEX_SIZE];
	sign_sha256(credential->key, strlen(credential->key), hex);
	(void)snprintf(exchange->key_name, sizeof exchange->key_name, "%.*s",
		(int)sizeof exchange->key_name - 1, hex);
}

int exchange_server_ms(struct exchange *exchange, int64_t *ret_server_ms, struct err *err)
{
	int64_t ignored_ms; /* every reply of the venue is a sample, this one too */
	int64_t now_mono_ms = clock_mono_ms(exchange->clock);
	struct err failure = {.code = ERR_NONE};
	if (server_clock_stale(&exchange->server_clock, now_mono_ms) &&
		exchange->adapter->time(exchange, &ignored_ms, &failure) == 0)
		now_mono_ms = clock_mono_ms(exchange->clock);
	if (server_clock_read(&exchange->server_clock, now_mono_ms, ret_server_ms))
		return 0;

	if (failure.code == ERR_NONE)
		return err_set(err, ERR_TIMEOUT, ERR_RETRY_LATER,
			"the venue's clock is not known: its replies are too slow to tell");
	*err = failure;
	return err_while(err, "the venue's clock is not known");
}

int exchange_market_ms(
	struct exchange *exchange, int64_t server_ms, int64_t *ret_market_ms, struct err *err)
{
	int64_t now_server_ms;

	/* It may ask: the market's clock is read after it. */
	if (exchange_server_ms(exchange, &now_server_ms, err) == -1)
		return -1;
	if (!exchange->market.apart) {
		*ret_market_ms = server_ms;
		return 0;
	}
	int64_t since_reply_ms = clock_mono_ms(exchange->clock) - exchange->market.mono_ms;
	*ret_market_ms = exchange->market.now_ms +
			 (since_reply_ms + server_ms - now_server_ms) * exchange->market.speed;
	return 0;
}

int64_t exchange_market_speed(const struct exchange *exchange)
{
	return exchange->market.speed;
}

/* What can still be refused with nothing sent. */
static int check_before_send(
	struct exchange *exchange, const struct exchange_request *request, struct err *err)
{
	int64_t server_ms;
	if (rate_limits_check_ban(exchange->limits, err) == -1)
		return -1;
	if (server_clock_read(
		    &exchange->server_clock, clock_mono_ms(exchange->clock), &server_ms) &&
		server_ms > request->expires_server_ms)
		return err_set(err, ERR_CLOCK, ERR_RETRY_LATER,
			"the signed request expired %lld ms before it was sent",
			(long long)(server_ms - request->expires_server_ms));
	return 0;
}

static const char *path_of(const struct exchange *exchange, const struct exchange_request *request)
{
	assert(strncmp(request->url, exchange->base_url, strlen(exchange->base_url)) == 0);
	return request->url + strlen(exchange->base_url);
}

static void note_send(struct exchange *exchange, const struct exchange_request *request,
	const struct http_response *response)
{
	const char *venue = venue_name_text(exchange->adapter->venue);
	const char *path = path_of(exchange, request);

	exchange->usage.private_calls++;
	tally_request(venue, request->method, path, response);
	if (log_wants(LOG_DEBUG))
		log_event(LOG_DEBUG, "venue request", LOG_TEXT("venue", venue),
			LOG_TEXT("path", path),
			LOG_INT("status", response != NULL ? response->status : 0),
			LOG_INT("ms", response != NULL ? response->duration_ms : 0));
}

int exchange_send(struct exchange *exchange, struct exchange_request *request,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	assert(!request->used);
	request->used = true;

	/* Signed for this endpoint, and for the addresses that its credential is bound to. */
	pool_return_to(exchange, exchange->prepared);
	if (check_before_send(exchange, request, err) == -1)
		return -1;

	const struct http_request wire = {
		.method = request->method,
		.url = request->url,
		.headers = (const char *const *)request->headers,
		.body = request->body,
		.body_size_bytes = request->body_size_bytes,
		.once = true,
	};
	CLEANUP(http_response_free) struct http_response *response = NULL;
	int64_t begun_ms = clock_mono_ms(exchange->clock);
	int sent = http_send(exchange->http, &wire, &response, err);
	note_send(exchange, request, response);
	int result = sent == 0 ? exchange->adapter->understand(exchange, request, response->status,
					 response->body, response->body_size_bytes,
					 response->headers, ret_venue_order_id, err)
			       : -1;
	struct err none = {.code = ERR_NONE};
	const struct pool_call call = {
		.kind = POOL_PRIVATE,
		.method = request->method,
		.path = path_of(exchange, request),
		.duration_ms = clock_mono_ms(exchange->clock) - begun_ms,
	};
	pool_note(exchange, &call, result == 0 ? &none : err);
	if (result == 0)
		return 0;
	tally_failure(venue_name_text(exchange->adapter->venue), err);
	if (sent == 0 && err->code == ERR_CLOCK)
		server_clock_forget(&exchange->server_clock);
	return -1;
}

int exchange_rules(
	struct exchange *exchange, const char *symbol, struct rules *ret, struct err *err)
{
	return market_cache_rules(exchange->cache, symbol, ret, err);
}

void exchange_rules_drop(struct exchange *exchange, const char *symbol)
{
	market_cache_drop_rules(exchange->cache, symbol);
}

int exchange_ticker(struct exchange *exchange, const char *symbol, struct ticker *ret,
	int64_t *ret_age_ms, struct err *err)
{
	return market_cache_ticker(
		exchange->cache, symbol, exchange->ticker_max_age_ms, ret, ret_age_ms, err);
}

static int read_series(struct exchange *exchange, struct arena *arena,
	const struct market_cache_series *series, struct candle_list *ret, int64_t *ret_age_ms,
	struct err *err)
{
	size_t most = CANDLES_MAX - (series->closed_only ? 1 : 0);
	if (series->count < 1 || series->count > most)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "candles: %zu is not 1 to %zu",
			series->count, most);
	return market_cache_candles(exchange->cache, series, arena, ret, ret_age_ms, err);
}

int exchange_candles(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t interval_ms, size_t count, struct candle_list *ret, int64_t *ret_age_ms,
	struct err *err)
{
	const struct market_cache_series series = {
		.symbol = symbol, .interval_ms = interval_ms, .count = count};
	return read_series(exchange, arena, &series, ret, ret_age_ms, err);
}

int exchange_closed_candles(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t interval_ms, size_t count, struct candle_list *ret, int64_t *ret_age_ms,
	struct err *err)
{
	const struct market_cache_series series = {
		.symbol = symbol, .interval_ms = interval_ms, .count = count, .closed_only = true};
	return read_series(exchange, arena, &series, ret, ret_age_ms, err);
}

struct exchange_usage exchange_usage_take(struct exchange *exchange)
{
	struct exchange_usage usage = exchange->usage;
	exchange->usage = (struct exchange_usage){0};
	return usage;
}
