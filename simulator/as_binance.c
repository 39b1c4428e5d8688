#include "simulator/as_binance.h"

#include "core/base/cleanup.h"
#include "core/io/sign.h"
#include "simulator/as_binance_order.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_DEFAULT_MS 5000
#define WINDOW_MAX_MS 60000
#define AHEAD_MAX_MS 1000
#define MINUTE_MS INT64_C(60000)
#define TEN_SECONDS_MS INT64_C(10000)
#define HOUR_MS INT64_C(3600000)
#define BAN_MS INT64_C(120000)
#define SLOT_TEN_SECONDS 40 /* of the account's counters; Bybit's routes have the first ones */
#define SLOT_MINUTE 41
#define KLINES_MAX 1500
#define KLINES_DEFAULT 500
#define RATES_MAX 1000
#define RATE_SCALE 8
#define BOOK_SIZE "10.000" /* shown beside bid and ask; depth is not modelled */
#define CHARGE_ORDER -1    /* a route's limit: it counts as an order, and weighs nothing */

/* --- words ---------------------------------------------------------------------------------- */

const char *as_binance_side(enum side side)
{
	return side == SIDE_BUY ? "BUY" : "SELL";
}

const char *as_binance_leg(enum leg leg)
{
	return leg == LEG_LONG ? "LONG" : leg == LEG_SHORT ? "SHORT" : "BOTH";
}

static struct broker *broker_of(const struct call *call)
{
	return call->venue->broker;
}

static void put(struct doc *row, const char *name, struct decimal amount)
{
	doc_decimal(row, name, decimal_trim(amount));
}

/* --- signature and window ------------------------------------------------------------------- */

/* A text without the signature parameter and the & before it. */
static char *unsigned_text(const char *text, const char **ret_signature)
{
	char *copy = mem_text(text);
	char *at = strncmp(copy, "signature=", 10) == 0 ? copy : strstr(copy, "&signature=");

	if (at == NULL)
		return copy;
	const char *original = text + (at - copy);
	*ret_signature = strchr(original, '=') + 1;
	char *rest = strchr(at + 1, '&');
	if (rest != NULL)
		memmove(at, rest, strlen(rest) + 1);
	else
		*at = '\0';
	return copy;
}

static int check_signature(struct call *call, const char *secret)
{
	const char *given = "";
	CLEANUP(text_free) char *query = unsigned_text(call->request->query, &given);
	CLEANUP(text_free) char *body = unsigned_text(call->request->body, &given);
	const char *const parts[] = {query, body, NULL};
	char expected[SIGN_HEX_SIZE];

	call_sign(secret, parts, expected);
	if (strncasecmp(given, expected, strlen(expected)) == 0 &&
		(given[strlen(expected)] == '\0' || given[strlen(expected)] == '&'))
		return 0;
	return call_refuse(call, -1022, "Signature for this request is not valid.");
}

static int check_window(struct call *call)
{
	int64_t now_ms = venue_clock_ms(call->venue);
	int64_t stamp_ms, window_ms;
	char text[CALL_TEXT_SIZE];

	if (!call_param(call, "timestamp", text))
		return call_refuse(call, AS_BINANCE_MISSING,
			"Mandatory parameter 'timestamp' was not sent, was empty/null, or "
			"malformed.");
	if (call_param_integer(call, "timestamp", 0, INT64_MAX / 2, 0, &stamp_ms) == -1 ||
		call_param_integer(
			call, "recvWindow", 0, WINDOW_MAX_MS, WINDOW_DEFAULT_MS, &window_ms) == -1)
		return -1;
	if (stamp_ms >= now_ms + AHEAD_MAX_MS)
		return call_refuse(call, -1021,
			"Timestamp for this request was 1000ms ahead of the server's time.");
	if (now_ms - stamp_ms > window_ms)
		return call_refuse(
			call, -1021, "Timestamp for this request is outside of the recvWindow.");
	return 0;
}

static int refuse_key(struct call *call)
{
	call->status = 401;
	return call_refuse(call, -2015,
		"Invalid API-key, IP, or permissions for action, request ip: 127.0.0.1");
}

static int authenticate(struct call *call)
{
	const char *key = http_server_header(call->request, "X-MBX-APIKEY");

	call->form = call->request->body_size_bytes > 0;
	if (key == NULL) {
		call->status = 401;
		return call_refuse(call, -2014, "API-key format invalid.");
	}
	if (!accounts_find(call->venue->accounts, key, &call->account))
		return refuse_key(call);
	if (check_signature(call, accounts_get(call->venue->accounts, call->account)->secret) == -1)
		return -1;
	return check_window(call);
}

/* --- limits --------------------------------------------------------------------------------- */

/* exchanges.md 5.3: candles weigh by how many are asked for, lists without a symbol are dear. */
static int weigh(const struct call *call)
{
	const char *path = call->route->path;
	char text[CALL_TEXT_SIZE];
	int64_t limit = KLINES_DEFAULT;

	if (call->route->limit == CHARGE_ORDER)
		return 0;
	if (strcmp(path, "/fapi/v1/klines") == 0) {
		if (call_param(call, "limit", text))
			(void)call_parse_integer(text, &limit);
		return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10;
	}
	if (strncmp(path, "/fapi/v1/open", 13) == 0 && !call_param(call, "symbol", text))
		return 40;
	return call->route->limit;
}

static int take_limit(struct call *call, struct http_server_reply *reply)
{
	static const struct limits_rule ten_seconds = {300, TEN_SECONDS_MS, true};
	static const struct limits_rule minute = {1200, MINUTE_MS, true};
	struct venue *venue = call->venue;
	struct limits_state in_ten, in_minute;

	call_add_header(reply, "X-MBX-USED-WEIGHT-1M: %d\n", limits_address_used(venue->limits, 2));
	if (call->route->limit != CHARGE_ORDER)
		return 0;
	bool passes = limits_take(venue->limits, call->account, SLOT_TEN_SECONDS, 1, &ten_seconds,
		venue->server_ms, &in_ten);
	passes &= limits_take(venue->limits, call->account, SLOT_MINUTE, 1, &minute,
		venue->server_ms, &in_minute);
	call_add_header(reply, "X-MBX-ORDER-COUNT-10S: %d\nX-MBX-ORDER-COUNT-1M: %d\n", in_ten.used,
		in_minute.used);
	if (passes || !venue->account_limits)
		return 0;
	call->status = 429;
	return call_refuse(
		call, -1015, "Too many new orders; current limit is 300 orders per 10 SECOND.");
}

static void refuse_address(struct call *call, enum limits_verdict verdict, int64_t until_ms)
{
	bool banned = verdict == LIMITS_BANNED;

	call->status = banned ? 418 : 429;
	if (banned)
		(void)call_refuse(call, -1003,
			"Way too many requests; IP(127.0.0.1) banned until %" PRId64
			". Please use the websocket for live updates to avoid bans.",
			until_ms);
	else
		(void)call_refuse(call, -1003,
			"Too many requests; current limit of IP(127.0.0.1) is 2400 requests per "
			"minute. Please use the websocket for live updates to avoid polling the "
			"API.");
	call->retry_after_s = (until_ms - call->venue->server_ms + 999) / 1000;
}

/* --- bodies and replies --------------------------------------------------------------------- */

static int read_body(struct call *call)
{
	call->form = call->request->body_size_bytes > 0;
	return 0;
}

static void seal(struct call *call, struct http_server_reply *reply)
{
	if (call->code != 0 && call->status == 200)
		call->status = 400;
	/* Three settings and two cancels say "done" with a code of 200. */
	if (call->code != 0 && call->code != 200) {
		call_set_result(call, doc_object());
		doc_int(call->result, "code", call->code);
		doc_text(call->result, "msg", call->message);
	}
	if (call->retry_after_s > 0)
		call_add_header(reply, "Retry-After: %" PRId64 "\n", call->retry_after_s);
	reply->status = call->status;
	reply->content_type = "application/json";
	reply->body = doc_dump(call->result);
	reply->body_size_bytes = strlen(reply->body);
}

static void refuse_route(struct call *call)
{
	call->status = 404;
	(void)call_refuse(call, -5000, "Path %.80s, Method %s is invalid", call->request->path,
		call->request->method);
}

static int refuse_parameter(struct call *call, const char *name)
{
	return call_refuse(
		call, AS_BINANCE_ILLEGAL, "Data sent for parameter '%s' is not valid.", name);
}

static const struct call_refusal refusals[] = {
	{BROKER_REFUSED_NO_PRICE, -4140, "Invalid symbol status for opening position."},
	{BROKER_REFUSED_NOT_TRADING, -4140, "Invalid symbol status for opening position."},
	{BROKER_REFUSED_LEG, AS_BINANCE_LEG,
		"Order's position side does not match user's setting."},
	{BROKER_REFUSED_CLIENT_ID, -4116, "ClientOrderId is duplicated."},
	{BROKER_REFUSED_PRICE, -4014, "Price not increased by tick size."},
	{BROKER_REFUSED_QUANTITY, -1111, "Precision is over the maximum defined for this asset."},
	{BROKER_REFUSED_TOO_SMALL, -4003, "Quantity less than or equal to zero."},
	{BROKER_REFUSED_TOO_LARGE, -4005, "Quantity greater than max quantity."},
	{BROKER_REFUSED_NOTIONAL, -4164,
		"Order's notional must be no smaller than 5 (unless you choose reduce only)."},
	{BROKER_REFUSED_TRIGGER, -4006, "Stop price less than zero."},
	{BROKER_REFUSED_TRIGGER_RISING, -2021, "Order would immediately trigger."},
	{BROKER_REFUSED_TRIGGER_FALLING, -2021, "Order would immediately trigger."},
	{BROKER_REFUSED_CONDITIONALS_MAX, -4045, "Reach max stop order limit."},
	{BROKER_REFUSED_ORDERS_MAX, -2025, "Reach max open order limit."},
	{BROKER_REFUSED_FLAT, -2022, "ReduceOnly Order is rejected."},
	{BROKER_REFUSED_REDUCE_SIDE, -2022, "ReduceOnly Order is rejected."},
	{BROKER_REFUSED_MARGIN, -2019, "Margin is insufficient."},
	{BROKER_REFUSED_RISK_LIMIT, -2027,
		"Exceeded the maximum allowable position at current leverage."},
	{BROKER_REFUSED_NO_ORDER, AS_BINANCE_UNKNOWN_ORDER, "Unknown order sent."},
	{BROKER_REFUSED_AMEND_FILLED, -2011, "Unknown order sent."},
	{BROKER_REFUSED_AMEND_FIELD, -5025, "Only limit order is supported"},
	{BROKER_REFUSED_UNCHANGED, -5027, "No need to modify the order."},
	{BROKER_REFUSED_LEVERAGE, -4028, "Leverage is not valid"},
	{BROKER_REFUSED_HAS_POSITION, -4068,
		"Position side cannot be changed if there exists position."},
	{BROKER_REFUSED_HAS_ORDERS, -4067,
		"Position side cannot be changed if there exists open orders."},
};

int as_binance_refuse_broker(struct call *call, const struct err *err)
{
	if (call_refuse_broker(call, refusals, sizeof refusals / sizeof refusals[0], err))
		return -1;
	return call_refuse(call, AS_BINANCE_ILLEGAL, "%s", err->message);
}

int as_binance_required(struct call *call, const char *name, char text[CALL_TEXT_SIZE])
{
	if (call_param(call, name, text))
		return 0;
	return call_refuse(call, AS_BINANCE_MISSING,
		"Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name);
}

int as_binance_symbol(struct call *call, bool required, int *ret)
{
	char name[CALL_TEXT_SIZE];
	size_t symbol;

	*ret = -1;
	if (required && as_binance_required(call, "symbol", name) == -1)
		return -1;
	if (!call_param(call, "symbol", name))
		return 0;
	if (!venue_symbol(call->venue, name, &symbol))
		return call_refuse(call, -1121, "Invalid symbol.");
	*ret = (int)symbol;
	return 0;
}

/* Done, in the words of the settings. */
static int say_done(struct call *call)
{
	doc_int(call->result, "code", 200);
	doc_text(call->result, "msg", "success");
	return 0;
}

/* --- the market ----------------------------------------------------------------------------- */

static int ping(struct call *call)
{
	(void)call;
	return 0;
}

static int server_time(struct call *call)
{
	doc_int(call->result, "serverTime", call->venue->server_ms);
	return 0;
}

static struct doc *filter(const char *type)
{
	struct doc *row = doc_object();

	doc_text(row, "filterType", type);
	return row;
}

static struct doc *lot_filter(
	const char *type, const struct rules *rules, struct decimal max_quantity)
{
	struct doc *row = filter(type);

	doc_decimal(row, "stepSize", rules->lot_size);
	doc_decimal(row, "minQty", rules->min_quantity);
	doc_decimal(row, "maxQty", max_quantity);
	return row;
}

static struct doc *filters_of(const struct rules *rules)
{
	struct doc *list = doc_array();
	struct doc *price = filter("PRICE_FILTER");
	struct doc *notional = filter("MIN_NOTIONAL");
	struct doc *orders = filter("MAX_NUM_ORDERS");
	struct doc *percent = filter("PERCENT_PRICE");

	doc_decimal(price, "tickSize", rules->tick_size);
	doc_decimal(price, "minPrice", rules->tick_size);
	doc_decimal(price, "maxPrice", decimal_mul(rules->tick_size, decimal_from_int(19999998)));
	doc_push(list, price);
	doc_push(list, lot_filter("LOT_SIZE", rules, rules->max_quantity));
	doc_push(list, lot_filter("MARKET_LOT_SIZE", rules, rules->max_market_quantity));
	doc_int(orders, "limit", 500);
	doc_push(list, orders);
	doc_decimal(notional, "notional", rules->min_notional);
	doc_push(list, notional);
	doc_text(percent, "multiplierUp", "10.0000");
	doc_text(percent, "multiplierDown", "0.1000");
	doc_text(percent, "multiplierDecimal", "4");
	doc_push(list, percent);
	return list;
}

static struct doc *words(const char *const *texts)
{
	struct doc *list = doc_array();

	for (size_t i = 0; texts[i] != NULL; i++)
		doc_push_text(list, texts[i]);
	return list;
}

static struct doc *symbol_row(const struct rules *rules)
{
	static const char *const types[] = {"LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT",
		"TAKE_PROFIT_MARKET", NULL};
	static const char *const times[] = {"GTC", "IOC", "FOK", "GTX", NULL};
	struct doc *row = doc_object();
	char base[SYMBOL_SIZE];

	instrument_base_coin(rules->symbol, base);
	doc_text(row, "symbol", rules->symbol);
	doc_text(row, "pair", rules->symbol);
	doc_text(row, "contractType", "PERPETUAL");
	doc_int(row, "deliveryDate", INT64_C(4133404800000));
	doc_int(row, "onboardDate", INT64_C(1569398400000));
	doc_text(row, "status", rules->trading ? "TRADING" : "SETTLING");
	doc_text(row, "maintMarginPercent", "2.5000");
	doc_text(row, "requiredMarginPercent", "5.0000");
	doc_text(row, "baseAsset", base);
	doc_text(row, "quoteAsset", "USDT");
	doc_text(row, "marginAsset", "USDT");
	doc_int(row, "pricePrecision", rules->tick_size.scale);
	doc_int(row, "quantityPrecision", rules->lot_size.scale);
	doc_int(row, "baseAssetPrecision", 8);
	doc_int(row, "quotePrecision", 8);
	doc_text(row, "underlyingType", "COIN");
	doc_text(row, "triggerProtect", "0.0500");
	doc_text(row, "liquidationFee", "0.000000");
	doc_text(row, "marketTakeBound", "0.05");
	doc_child(row, "filters", filters_of(rules));
	doc_child(row, "orderTypes", words(types));
	doc_child(row, "timeInForce", words(times));
	return row;
}

static struct doc *rate_limit(const char *type, const char *interval, int number, int limit)
{
	struct doc *row = doc_object();

	doc_text(row, "rateLimitType", type);
	doc_text(row, "interval", interval);
	doc_int(row, "intervalNum", number);
	doc_int(row, "limit", limit);
	return row;
}

static int exchange_info(struct call *call)
{
	struct doc *symbols = doc_array();
	struct doc *assets = doc_array();
	struct doc *usdt = doc_object();
	struct doc *limits = doc_array();

	for (size_t i = 0; i < call->venue->instrument_count; i++)
		doc_push(symbols, symbol_row(broker_rules(broker_of(call), (int)i)));
	doc_text(usdt, "asset", "USDT");
	doc_bool(usdt, "marginAvailable", true);
	doc_text(usdt, "autoAssetExchange", "0");
	doc_push(assets, usdt);
	doc_push(limits, rate_limit("REQUEST_WEIGHT", "MINUTE", 1, 2400));
	doc_push(limits, rate_limit("ORDERS", "MINUTE", 1, 1200));
	doc_push(limits, rate_limit("ORDERS", "SECOND", 10, 300));
	doc_text(call->result, "timezone", "UTC");
	doc_int(call->result, "serverTime", call->venue->server_ms);
	doc_text(call->result, "futuresType", "U_MARGINED");
	doc_child(call->result, "rateLimits", limits);
	doc_child(call->result, "exchangeFilters", doc_array());
	doc_child(call->result, "assets", assets);
	doc_child(call->result, "symbols", symbols);
	return 0;
}

static int parse_interval(struct call *call, enum market_interval *ret)
{
	static const struct {
		char text[4];
		enum market_interval interval;
	} intervals[] = {{"1m", MARKET_1M}, {"3m", MARKET_3M}, {"5m", MARKET_5M},
		{"15m", MARKET_15M}, {"30m", MARKET_30M}, {"1h", MARKET_1H}, {"2h", MARKET_2H},
		{"4h", MARKET_4H}, {"6h", MARKET_6H}, {"12h", MARKET_12H}, {"1d", MARKET_1D},
		{"1w", MARKET_1W}, {"1M", MARKET_1MONTH}};
	char text[CALL_TEXT_SIZE];

	if (as_binance_required(call, "interval", text) == -1)
		return -1;
	for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
		if (strcmp(intervals[i].text, text) == 0) {
			*ret = intervals[i].interval;
			return 0;
		}
	}
	return call_refuse(call, -1120, "Invalid interval.");
}

static struct doc *kline_row(const struct candle *candle, enum market_interval interval)
{
	struct doc *row = doc_array();
	struct decimal half = decimal_trim(
		decimal_div(candle->volume, decimal_from_int(2), 8, ROUND_DOWN));

	doc_push_int(row, candle->open_ms);
	doc_push_decimal(row, candle->open);
	doc_push_decimal(row, candle->high);
	doc_push_decimal(row, candle->low);
	doc_push_decimal(row, candle->close);
	doc_push_decimal(row, decimal_trim(candle->volume));
	doc_push_int(row, market_interval_end_ms(interval, candle->open_ms) - 1);
	doc_push_decimal(row, view_turnover(candle));
	doc_push_int(row, 1);
	doc_push_decimal(row, half);
	doc_push_text(row, "0");
	doc_push_text(row, "0");
	return row;
}

static int klines(struct call *call)
{
	enum market_interval interval = MARKET_1M;
	int64_t from_ms, to_ms, limit;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 || parse_interval(call, &interval) == -1 ||
		call_param_integer(call, "startTime", 0, INT64_MAX / 2, 0, &from_ms) == -1 ||
		call_param_integer(call, "endTime", 0, INT64_MAX / 2, INT64_MAX / 2, &to_ms) ==
			-1 ||
		call_param_integer(call, "limit", 1, KLINES_MAX, KLINES_DEFAULT, &limit) == -1)
		return -1;
	size_t count;
	struct candle *candles = view_candles(call->venue, (size_t)symbol,
		&(struct view_span){interval, from_ms, to_ms, (size_t)limit}, &count);
	struct doc *list = doc_array();
	for (size_t i = 0; i < count; i++) /* oldest first */
		doc_push(list, kline_row(&candles[i], interval));
	free(candles);
	call_set_result(call, list);
	return 0;
}

/* One object for a symbol, a list for all. */
static int for_symbols(
	struct call *call, struct doc *(*row)(const struct call *call, size_t symbol))
{
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1)
		return -1;
	if (symbol != -1) {
		call_set_result(call, row(call, (size_t)symbol));
		return 0;
	}
	struct doc *list = doc_array();
	for (size_t i = 0; i < call->venue->instrument_count; i++)
		doc_push(list, row(call, i));
	call_set_result(call, list);
	return 0;
}

static struct doc *premium_row(const struct call *call, size_t symbol)
{
	const struct market_quote *quote = market_quote(call->venue->market, symbol);
	struct doc *row = doc_object();

	doc_text(row, "symbol", broker_rules(broker_of(call), (int)symbol)->symbol);
	doc_decimal(row, "markPrice", view_price(call->venue, symbol).mark);
	doc_decimal(row, "indexPrice", quote->index);
	doc_decimal(row, "estimatedSettlePrice", quote->index);
	put(row, "lastFundingRate", quote->funding_rate);
	doc_text(row, "interestRate", "0.00010000");
	doc_int(row, "nextFundingTime", quote->next_funding_ms);
	doc_int(row, "time", call->venue->server_ms);
	return row;
}

static int premium_index(struct call *call)
{
	return for_symbols(call, premium_row);
}

static struct doc *price_row(const struct call *call, size_t symbol)
{
	struct doc *row = doc_object();

	doc_text(row, "symbol", broker_rules(broker_of(call), (int)symbol)->symbol);
	doc_decimal(row, "price", view_price(call->venue, symbol).last);
	doc_int(row, "time", call->venue->server_ms);
	return row;
}

static int ticker_price(struct call *call)
{
	return for_symbols(call, price_row);
}

static struct doc *book_row(const struct call *call, size_t symbol)
{
	struct broker_price price = view_price(call->venue, symbol);
	struct doc *row = doc_object();

	doc_text(row, "symbol", broker_rules(broker_of(call), (int)symbol)->symbol);
	doc_decimal(row, "bidPrice", price.bid);
	doc_text(row, "bidQty", BOOK_SIZE);
	doc_decimal(row, "askPrice", price.ask);
	doc_text(row, "askQty", BOOK_SIZE);
	doc_int(row, "time", call->venue->server_ms);
	return row;
}

static int ticker_book(struct call *call)
{
	return for_symbols(call, book_row);
}

static struct doc *day_row(const struct call *call, size_t symbol)
{
	struct view_day day = view_day(call->venue, symbol);
	struct decimal change = decimal_sub(day.last, day.open);
	struct decimal percent = decimal_mul_div(
		change, decimal_from_int(100), day.open, 3, ROUND_HALF_UP);
	struct doc *row = doc_object();

	doc_text(row, "symbol", broker_rules(broker_of(call), (int)symbol)->symbol);
	doc_decimal(row, "priceChange", change);
	doc_decimal(row, "priceChangePercent", percent);
	doc_decimal(row, "lastPrice", day.last);
	doc_text(row, "lastQty", "0.001");
	doc_decimal(row, "openPrice", day.open);
	doc_decimal(row, "highPrice", day.high);
	doc_decimal(row, "lowPrice", day.low);
	put(row, "volume", day.volume);
	put(row, "quoteVolume", day.turnover);
	doc_int(row, "openTime", call->venue->market_ms - 24 * HOUR_MS);
	doc_int(row, "closeTime", call->venue->market_ms);
	return row;
}

static int ticker_day(struct call *call)
{
	return for_symbols(call, day_row);
}

static int funding_info(struct call *call)
{
	struct doc *list = doc_array();

	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		const struct rules *rules = broker_rules(broker_of(call), (int)i);
		struct doc *row = doc_object();
		doc_text(row, "symbol", rules->symbol);
		doc_text(row, "adjustedFundingRateCap", "0.10000000");
		doc_text(row, "adjustedFundingRateFloor", "-0.10000000");
		doc_int(row, "fundingIntervalHours", rules->funding_interval_ms / HOUR_MS);
		doc_push(list, row);
	}
	call_set_result(call, list);
	return 0;
}

static int funding_rates(struct call *call)
{
	int64_t from_ms, to_ms, limit;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		call_param_integer(call, "startTime", 0, INT64_MAX / 2, 0, &from_ms) == -1 ||
		call_param_integer(call, "endTime", 0, INT64_MAX / 2, INT64_MAX / 2, &to_ms) ==
			-1 ||
		call_param_integer(call, "limit", 1, RATES_MAX, 100, &limit) == -1)
		return -1;
	struct view_rates rates = view_funding_rates(
		call->venue, (size_t)symbol, from_ms, to_ms, (size_t)limit);
	struct doc *list = doc_array();
	for (size_t i = 0; i < rates.count; i++) {
		struct doc *row = doc_object();
		doc_text(row, "symbol", broker_rules(broker_of(call), symbol)->symbol);
		doc_int(row, "fundingTime", rates.items[i].paid_ms);
		put(row, "fundingRate", rates.items[i].rate);
		doc_decimal(row, "markPrice", rates.items[i].mark);
		doc_push(list, row);
	}
	view_rates_done(&rates);
	call_set_result(call, list);
	return 0;
}

/* --- the account ---------------------------------------------------------------------------- */

static struct doc *bracket_row(const struct rules *rules, size_t tier)
{
	const struct risk_tier *values = &rules->tiers[tier];
	struct doc *row = doc_object();
	struct decimal floor = tier == 0 ? DECIMAL_ZERO : rules->tiers[tier - 1].limit;
	int64_t leverage = 0, cap = 0, from = 0;

	(void)decimal_to_fixed(values->max_leverage, 0, ROUND_DOWN, &leverage);
	(void)decimal_to_fixed(values->limit, 0, ROUND_DOWN, &cap);
	(void)decimal_to_fixed(floor, 0, ROUND_DOWN, &from);
	doc_int(row, "bracket", (int64_t)tier + 1);
	doc_int(row, "initialLeverage", leverage);
	doc_int(row, "notionalCap", cap);
	doc_int(row, "notionalFloor", from);
	doc_real(row, "maintMarginRatio", decimal_to_double(values->maintenance_rate));
	doc_real(row, "cum", decimal_to_double(values->deduction));
	return row;
}

static int leverage_bracket(struct call *call)
{
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1)
		return -1;
	struct doc *list = doc_array();
	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		const struct rules *rules = broker_rules(broker_of(call), (int)i);
		struct doc *row = doc_object();
		struct doc *brackets = doc_array();
		for (size_t tier = 0; tier < rules->tier_count; tier++)
			doc_push(brackets, bracket_row(rules, tier));
		doc_text(row, "symbol", rules->symbol);
		doc_child(row, "brackets", brackets);
		if (symbol == -1 || (size_t)symbol == i)
			doc_push(list, row);
		else
			doc_free(&row);
	}
	call_set_result(call, list);
	return 0;
}

/* What isolated legs were allotted is no part of the cross wallet. */
struct cross {
	struct decimal wallet, unrealised;
};

static struct cross cross_part(const struct call *call, const struct broker_balance *balance)
{
	struct cross cross = {balance->balance.wallet, DECIMAL_ZERO};

	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		struct position positions[POSITIONS_MAX];
		size_t count = broker_positions(
			broker_of(call), (int)call->account, (int)i, positions);
		bool isolated =
			broker_symbol_state(broker_of(call), (int)call->account, (int)i).margin ==
			MARGIN_ISOLATED;
		for (size_t k = 0; k < count; k++) {
			if (isolated)
				cross.wallet = decimal_sub(
					cross.wallet, positions[k].initial_margin);
			else
				cross.unrealised = decimal_add(
					cross.unrealised, positions[k].unrealised);
		}
	}
	return cross;
}

static void put_money(struct doc *row, const struct broker_balance *balance,
	const struct cross *cross, bool total)
{
	const struct {
		const char *of_all, *of_asset;
		struct decimal amount;
	} amounts[] = {
		{"totalInitialMargin", "initialMargin",
			decimal_add(balance->position_margin, balance->order_margin)},
		{"totalMaintMargin", "maintMargin", balance->maintenance_margin},
		{"totalWalletBalance", "walletBalance", balance->balance.wallet},
		{"totalUnrealizedProfit", "unrealizedProfit", balance->unrealised},
		{"totalMarginBalance", "marginBalance", balance->balance.equity},
		{"totalPositionInitialMargin", "positionInitialMargin", balance->position_margin},
		{"totalOpenOrderInitialMargin", "openOrderInitialMargin", balance->order_margin},
		{"totalCrossWalletBalance", "crossWalletBalance", cross->wallet},
		{"totalCrossUnPnl", "crossUnPnl", cross->unrealised},
		{"availableBalance", "availableBalance", balance->balance.available},
		{"maxWithdrawAmount", "maxWithdrawAmount", balance->balance.available},
	};

	for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
		doc_decimal(
			row, total ? amounts[i].of_all : amounts[i].of_asset, amounts[i].amount);
}

static struct decimal signed_amount(const struct position *position)
{
	return position->side == SIDE_SELL ? decimal_neg(position->quantity) : position->quantity;
}

static bool has_orders(const struct call *call, size_t symbol)
{
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, (int)symbol);

	return orders.count > 0;
}

static void put_position(
	const struct call *call, struct doc *row, size_t symbol, const struct position *position)
{
	struct broker_position_extra extra = broker_position_extra(
		broker_of(call), (int)call->account, (int)symbol, position->leg);
	bool isolated =
		broker_symbol_state(broker_of(call), (int)call->account, (int)symbol).margin ==
		MARGIN_ISOLATED;
	struct decimal value = position->side == SIDE_SELL ? decimal_neg(extra.value) : extra.value;

	doc_text(row, "symbol", broker_rules(broker_of(call), (int)symbol)->symbol);
	doc_text(row, "positionSide", as_binance_leg(position->leg));
	doc_decimal(row, "positionAmt", signed_amount(position));
	put(row, "notional", value);
	put(row, "isolatedMargin",
		isolated ? decimal_add(position->initial_margin, position->unrealised)
			 : DECIMAL_ZERO);
	put(row, "isolatedWallet", isolated ? position->initial_margin : DECIMAL_ZERO);
	put(row, "initialMargin", position->initial_margin);
	put(row, "maintMargin", position->maintenance_margin);
	doc_int(row, "updateTime", position->updated_ms);
}

/* Legs that are held, or whose symbol has orders. */
static struct doc *positions_list(struct call *call, int wanted,
	void (*more)(const struct call *call, struct doc *row, size_t symbol,
		const struct position *position))
{
	struct doc *list = doc_array();

	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		struct position positions[POSITIONS_MAX];
		size_t count = broker_positions(
			broker_of(call), (int)call->account, (int)i, positions);
		if (wanted != -1 && (size_t)wanted != i)
			continue;
		bool ordered = has_orders(call, i);
		for (size_t k = 0; k < count; k++) {
			if (decimal_is_zero(positions[k].quantity) && !ordered)
				continue;
			struct doc *row = doc_object();
			put_position(call, row, i, &positions[k]);
			more(call, row, i, &positions[k]);
			doc_push(list, row);
		}
	}
	return list;
}

static void put_unrealized(
	const struct call *call, struct doc *row, size_t symbol, const struct position *position)
{
	(void)call, (void)symbol;
	put(row, "unrealizedProfit", position->unrealised);
}

static int account_v3(struct call *call)
{
	struct broker_balance balance = broker_balance(broker_of(call), (int)call->account);
	struct cross cross = cross_part(call, &balance);
	struct doc *asset = doc_object();
	struct doc *assets = doc_array();

	put_money(call->result, &balance, &cross, true);
	doc_text(asset, "asset", "USDT");
	put_money(asset, &balance, &cross, false);
	doc_int(asset, "updateTime", call->venue->server_ms);
	doc_push(assets, asset);
	doc_child(call->result, "assets", assets);
	doc_child(call->result, "positions", positions_list(call, -1, put_unrealized));
	return 0;
}

/* As long as the venue's own, and the same for every key of the account. */
static void write_alias(size_t account, char ret[24])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF";
	uint64_t dice = market_dice((uint64_t)venue_uid(account), 0, 0);

	for (size_t i = 0; i < 12; i++)
		ret[i] = letters[dice >> (5 * i) & 31];
	ret[12] = '\0';
}

static int balance_v3(struct call *call)
{
	struct broker_balance balance = broker_balance(broker_of(call), (int)call->account);
	struct cross cross = cross_part(call, &balance);
	struct doc *row = doc_object();
	struct doc *list = doc_array();
	char alias[24];

	write_alias(call->account, alias);
	doc_text(row, "accountAlias", alias);
	doc_text(row, "asset", "USDT");
	doc_decimal(row, "balance", balance.balance.wallet);
	doc_decimal(row, "crossWalletBalance", cross.wallet);
	doc_decimal(row, "crossUnPnl", cross.unrealised);
	doc_decimal(row, "availableBalance", balance.balance.available);
	doc_decimal(row, "maxWithdrawAmount", balance.balance.available);
	doc_bool(row, "marginAvailable", true);
	doc_int(row, "updateTime", call->venue->server_ms);
	doc_push(list, row);
	call_set_result(call, list);
	return 0;
}

static void put_risk(
	const struct call *call, struct doc *row, size_t symbol, const struct position *position)
{
	(void)call, (void)symbol;
	put(row, "entryPrice", position->average);
	put(row, "breakEvenPrice", position->average);
	doc_decimal(row, "markPrice", position->mark);
	put(row, "unRealizedProfit", position->unrealised);
	put(row, "liquidationPrice",
		position->liquidation_known ? position->liquidation : DECIMAL_ZERO);
	doc_text(row, "marginAsset", "USDT");
	put(row, "positionInitialMargin", position->initial_margin);
	doc_text(row, "openOrderInitialMargin", "0");
	doc_int(row, "adl", 0);
	doc_text(row, "bidNotional", "0");
	doc_text(row, "askNotional", "0");
}

static int position_risk(struct call *call)
{
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1)
		return -1;
	call_set_result(call, positions_list(call, symbol, put_risk));
	return 0;
}

static struct doc *config_row(const struct call *call, size_t symbol)
{
	struct broker_symbol_state state = broker_symbol_state(
		broker_of(call), (int)call->account, (int)symbol);
	const struct rules *rules = broker_rules(broker_of(call), (int)symbol);
	int64_t leverage = 0;
	struct doc *row = doc_object();

	(void)decimal_to_fixed(state.buy_leverage, 0, ROUND_DOWN, &leverage);
	doc_text(row, "symbol", rules->symbol);
	doc_text(row, "marginType", state.margin == MARGIN_ISOLATED ? "ISOLATED" : "CROSSED");
	doc_bool(row, "isAutoAddMargin", false);
	doc_int(row, "leverage", leverage);
	put(row, "maxNotionalValue", rules->tiers[rules->tier_count - 1].limit);
	return row;
}

/* A list, of one where a symbol is named. */
static int symbol_config(struct call *call)
{
	struct doc *list = doc_array();
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1) {
		doc_free(&list);
		return -1;
	}
	for (size_t i = 0; i < call->venue->instrument_count; i++)
		if (symbol == -1 || (size_t)symbol == i)
			doc_push(list, config_row(call, i));
	call_set_result(call, list);
	return 0;
}

/* The mode is the account's: all symbols have the same. */
static bool hedged(const struct call *call)
{
	return broker_symbol_state(broker_of(call), (int)call->account, 0).mode == POSITION_HEDGE;
}

static int account_config(struct call *call)
{
	doc_int(call->result, "feeTier", 0);
	doc_bool(call->result, "canTrade", true);
	doc_bool(call->result, "canDeposit", true);
	doc_bool(call->result, "canWithdraw", true);
	doc_bool(call->result, "dualSidePosition", hedged(call));
	doc_int(call->result, "updateTime", 0);
	doc_bool(call->result, "multiAssetsMargin", false);
	doc_int(call->result, "tradeGroupId", -1);
	return 0;
}

static int get_position_mode(struct call *call)
{
	doc_bool(call->result, "dualSidePosition", hedged(call));
	return 0;
}

static int set_position_mode(struct call *call)
{
	char text[CALL_TEXT_SIZE];
	struct err err;
	bool dual;

	if (as_binance_required(call, "dualSidePosition", text) == -1 ||
		call_param_flag(call, "dualSidePosition", &dual) == -1)
		return -1;
	if (desk_position_mode(call->venue, call->account, -1,
		    dual ? POSITION_HEDGE : POSITION_ONE_WAY, &err) == 0)
		return say_done(call);
	if (err.venue_code == BROKER_REFUSED_UNCHANGED)
		return call_refuse(call, -4059, "No need to change position side.");
	return as_binance_refuse_broker(call, &err);
}

static int set_margin_type(struct call *call)
{
	static const char *const types[] = {"ISOLATED", "CROSSED", NULL};
	char text[CALL_TEXT_SIZE];
	struct err err;
	int symbol, type;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		as_binance_required(call, "marginType", text) == -1 ||
		call_param_word(call, "marginType", types, 0, &type) == -1)
		return -1;
	if (desk_margin_mode(call->venue, call->account, symbol,
		    type == 0 ? MARGIN_ISOLATED : MARGIN_CROSS, &err) == 0)
		return say_done(call);
	switch (err.venue_code) {
	case BROKER_REFUSED_UNCHANGED:
		return call_refuse(call, -4046, "No need to change margin type.");
	case BROKER_REFUSED_HAS_ORDERS:
		return call_refuse(
			call, -4047, "Margin type cannot be changed if there exists open orders.");
	case BROKER_REFUSED_HAS_POSITION:
		return call_refuse(
			call, -4048, "Margin type cannot be changed if there exists position.");
	default:
		return as_binance_refuse_broker(call, &err);
	}
}

static int set_leverage(struct call *call)
{
	char text[CALL_TEXT_SIZE];
	int64_t leverage;
	struct err err;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		as_binance_required(call, "leverage", text) == -1 ||
		call_param_integer(call, "leverage", 1, 125, 1, &leverage) == -1)
		return -1;
	struct decimal wanted = decimal_from_int(leverage);
	/* To set what is set already is no refusal here. */
	if (desk_leverage(call->venue, call->account, symbol, wanted, wanted, &err) == -1 &&
		err.venue_code != BROKER_REFUSED_UNCHANGED)
		return as_binance_refuse_broker(call, &err);
	const struct rules *rules = broker_rules(broker_of(call), symbol);
	struct decimal most = DECIMAL_ZERO;
	for (size_t i = 0; i < rules->tier_count; i++)
		if (!decimal_less(rules->tiers[i].max_leverage, wanted))
			most = rules->tiers[i].limit;
	doc_text(call->result, "symbol", rules->symbol);
	doc_int(call->result, "leverage", leverage);
	put(call->result, "maxNotionalValue", most);
	return 0;
}

static int order_quota(struct call *call)
{
	struct doc *list = doc_array();

	doc_push(list, rate_limit("ORDERS", "SECOND", 10, 300));
	doc_push(list, rate_limit("ORDERS", "MINUTE", 1, 1200));
	call_set_result(call, list);
	return 0;
}

static int key_rights(struct call *call)
{
	static const char *const denied[] = {"enableWithdrawals", "enableInternalTransfer",
		"permitsUniversalTransfer", "enableMargin", "enableVanillaOptions",
		"enableSpotAndMarginTrading", "enablePortfolioMarginTrading", NULL};

	doc_bool(call->result, "ipRestrict", true);
	doc_int(call->result, "createTime", INT64_C(1700000000000));
	doc_bool(call->result, "enableReading", true);
	doc_bool(call->result, "enableFutures", true);
	for (size_t i = 0; denied[i] != NULL; i++)
		doc_bool(call->result, denied[i], false);
	return 0;
}

/* exchanges.md 5.3, 5.6 and 5.9; the number is the weight of the address. */
static const struct route routes[] = {
	{"GET", "/fapi/v1/ping", false, 1, ping},
	{"GET", "/fapi/v1/time", false, 1, server_time},
	{"GET", "/fapi/v1/exchangeInfo", false, 1, exchange_info},
	{"GET", "/fapi/v1/klines", false, 5, klines},
	{"GET", "/fapi/v1/premiumIndex", false, 1, premium_index},
	{"GET", "/fapi/v1/ticker/price", false, 1, ticker_price},
	{"GET", "/fapi/v2/ticker/price", false, 1, ticker_price},
	{"GET", "/fapi/v1/ticker/bookTicker", false, 2, ticker_book},
	{"GET", "/fapi/v1/ticker/24hr", false, 1, ticker_day},
	{"GET", "/fapi/v1/fundingInfo", false, 1, funding_info},
	{"GET", "/fapi/v1/fundingRate", false, 1, funding_rates},
	{"GET", "/fapi/v1/leverageBracket", true, 1, leverage_bracket},
	{"GET", "/fapi/v3/account", true, 5, account_v3},
	{"GET", "/fapi/v3/balance", true, 5, balance_v3},
	{"GET", "/fapi/v3/positionRisk", true, 5, position_risk},
	{"GET", "/fapi/v1/symbolConfig", true, 5, symbol_config},
	{"GET", "/fapi/v1/accountConfig", true, 5, account_config},
	{"GET", "/fapi/v1/positionSide/dual", true, 30, get_position_mode},
	{"POST", "/fapi/v1/positionSide/dual", true, 1, set_position_mode},
	{"POST", "/fapi/v1/marginType", true, 1, set_margin_type},
	{"POST", "/fapi/v1/leverage", true, 1, set_leverage},
	{"GET", "/fapi/v1/rateLimit/order", true, 1, order_quota},
	{"POST", "/fapi/v1/order", true, CHARGE_ORDER, as_binance_order_place},
	{"PUT", "/fapi/v1/order", true, CHARGE_ORDER, as_binance_order_amend},
	{"GET", "/fapi/v1/order", true, 1, as_binance_order_query},
	{"DELETE", "/fapi/v1/order", true, 1, as_binance_order_cancel},
	{"DELETE", "/fapi/v1/allOpenOrders", true, 1, as_binance_order_cancel_all},
	{"GET", "/fapi/v1/openOrder", true, 1, as_binance_order_open_one},
	{"GET", "/fapi/v1/openOrders", true, 1, as_binance_order_open},
	{"GET", "/fapi/v1/allOrders", true, 5, as_binance_order_all},
	{"POST", "/fapi/v1/algoOrder", true, CHARGE_ORDER, as_binance_order_stop_place},
	{"GET", "/fapi/v1/algoOrder", true, 1, as_binance_order_stop_query},
	{"DELETE", "/fapi/v1/algoOrder", true, 1, as_binance_order_stop_cancel},
	{"DELETE", "/fapi/v1/algoOpenOrders", true, 1, as_binance_order_stop_cancel_all},
	{"GET", "/fapi/v1/openAlgoOrders", true, 1, as_binance_order_stop_open},
	{"GET", "/fapi/v1/allAlgoOrders", true, 5, as_binance_order_stop_all},
	{"GET", "/fapi/v1/userTrades", true, 5, as_binance_order_trades},
	{"GET", "/fapi/v1/income", true, 30, as_binance_order_income},
	{"GET", "/fapi/v1/forceOrders", true, 20, as_binance_order_forced},
	{"GET", "/sapi/v1/account/apiRestrictions", true, 1, key_rights},
};

const struct dialect as_binance = {
	.name = "binance",
	.prefixes = {"/fapi/", "/sapi/"},
	.routes = routes,
	.route_count = sizeof routes / sizeof routes[0],
	.address = {.rule = {.limit = 2400, .window_ms = MINUTE_MS, .aligned = true},
		.grace = 600,
		.ban_ms = BAN_MS},
	.weigh = weigh,
	.authenticate = authenticate,
	.take_limit = take_limit,
	.read_body = read_body,
	.seal = seal,
	.refuse_address = refuse_address,
	.refuse_route = refuse_route,
	.refuse_parameter = refuse_parameter,
};
