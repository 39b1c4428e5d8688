#include "exchanges/tally.h"

#include "core/base/clock.h"
#include "core/io/http.h"
#include "core/io/metrics.h"

#include <stdio.h>
#include <string.h>

struct known {              /* one request of one venue */
	const char *method; /* NULL: any */
	const char *path;
	const char *operation;
};

/* clang-format off */
static const struct known known[] = {
	{ NULL, "/public/time", "time" },
	{ NULL, "/public/products", "rules" },
	{ NULL, "/exchange/public/md/v2/kline/last", "candles" },
	{ NULL, "/md/v3/ticker/24hr", "ticker" },
	{ NULL, "/contract-biz/public/real-funding-rates", "ticker" },
	{ NULL, "/g-accounts/accountPositions", "account" },
	{ NULL, "/uta-api/risk/risk-mode", "account" },
	{ NULL, "/g-orders/activeList", "orders" },
	{ NULL, "/api-data/g-futures/orders/by-order-id", "orders" },
	{ NULL, "/api-data/g-futures/trades", "fills" },
	{ NULL, "/api-data/g-futures/funding-fees", "funding" },
	{ NULL, "/g-orders/create", "place" },
	{ NULL, "/g-orders/cancel", "cancel" },
	{ NULL, "/g-orders/replace", "amend" },
	{ NULL, "/g-positions/switch-pos-mode-sync", "setting" },
	{ NULL, "/g-positions/leverage", "setting" },

	{ NULL, "/v5/market/time", "time" },
	{ NULL, "/v5/market/instruments-info", "rules" },
	{ NULL, "/v5/market/risk-limit", "rules" },
	{ NULL, "/v5/market/kline", "candles" },
	{ NULL, "/v5/market/tickers", "ticker" },
	{ NULL, "/v5/position/list", "account" },
	{ NULL, "/v5/account/wallet-balance", "account" },
	{ NULL, "/v5/account/info", "account" },
	{ NULL, "/v5/order/realtime", "orders" },
	{ NULL, "/v5/order/history", "orders" },
	{ NULL, "/v5/execution/list", "fills" },
	{ NULL, "/v5/user/query-api", "key" },
	{ NULL, "/v5/order/create", "place" },
	{ NULL, "/v5/order/amend", "amend" },
	{ NULL, "/v5/order/cancel", "cancel" },
	{ NULL, "/v5/position/set-leverage", "setting" },
	{ NULL, "/v5/position/switch-mode", "setting" },
	{ NULL, "/v5/account/set-margin-mode", "setting" },

	{ NULL, "/fapi/v1/time", "time" },
	{ NULL, "/fapi/v1/exchangeInfo", "rules" },
	{ NULL, "/fapi/v1/leverageBracket", "rules" },
	{ NULL, "/fapi/v1/klines", "candles" },
	{ NULL, "/fapi/v1/ticker/bookTicker", "ticker" },
	{ NULL, "/fapi/v1/premiumIndex", "ticker" },
	{ "POST", "/fapi/v1/order", "place" },
	{ "PUT", "/fapi/v1/order", "amend" },
	{ "DELETE", "/fapi/v1/order", "cancel" },
	{ "GET", "/fapi/v1/order", "orders" },
	{ NULL, "/fapi/v1/openOrders", "orders" },
	{ NULL, "/fapi/v1/userTrades", "fills" },
	{ NULL, "/fapi/v1/income", "funding" },
	{ NULL, "/fapi/v1/leverage", "setting" },
	{ NULL, "/fapi/v1/marginType", "setting" },
};
/* clang-format on */

static const char *operation_of(const char *method, const char *path)
{
	size_t length = strcspn(path, "?");

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strncmp(known[i].path, path, length) == 0 && known[i].path[length] == '\0' &&
			(known[i].method == NULL || strcmp(known[i].method, method) == 0))
			return known[i].operation;
	return "other";
}

static const char *class_of(const struct http_response *response)
{
	static const char *const classes[] = {"2xx", "3xx", "4xx", "5xx"};

	if (response == NULL)
		return "none";
	if (response->status == 429 || response->status == 418)
		return "429";
	return response->status >= 200 && response->status < 600
		       ? classes[response->status / 100 - 2]
		       : "other";
}

void tally_request(const char *venue, const char *method, const char *path,
	const struct http_response *response)
{
	const char *operation = operation_of(method, path);

	metrics_add(METRIC_VENUE_REQUESTS, 1, venue, operation, class_of(response));
	if (response == NULL)
		return;
	metrics_observe(METRIC_VENUE_DURATION, response->duration_ms, venue, operation);
	if (response->certificate_until_ms != 0)
		metrics_set(METRIC_CERTIFICATE, response->certificate_until_ms, venue);
}

void tally_failure(const char *venue, const struct err *failure)
{
	metrics_add(METRIC_VENUE_ERRORS, 1, venue, err_code_name(failure->code));
	if (failure->code == ERR_AUTH)
		metrics_add(METRIC_AUTH_FAILURES, 1, "exchange_key");
}

static const char *venue_of(const char *plan, char text[32])
{
	(void)snprintf(text, 32, "%.*s", (int)strcspn(plan, "-"), plan);
	return text;
}

void tally_refused(const char *plan)
{
	char venue[32];

	metrics_add(METRIC_RATE_REFUSED, 1, venue_of(plan, venue));
}

void tally_remaining(const char *plan, int64_t remaining)
{
	char venue[32];

	metrics_set(METRIC_RATE_REMAINING, remaining, venue_of(plan, venue));
}

void tally_banned(const char *plan, int64_t duration_ms)
{
	char venue[32];

	metrics_set(METRIC_BANNED_UNTIL, clock_utc_ms(clock_system()) + duration_ms,
		venue_of(plan, venue));
}

void tally_clock(const char *venue, int64_t server_ms, int64_t duration_ms)
{
	metrics_set(METRIC_VENUE_CLOCK, server_ms + duration_ms / 2 - clock_utc_ms(clock_system()),
		venue);
}
