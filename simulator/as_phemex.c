#include "simulator/as_phemex.h"

#include "core/base/cleanup.h"
#include "core/io/sign.h"
#include "simulator/as_phemex_order.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define ADDRESS_WINDOW_MS (5 * MINUTE_MS)
#define SLOT_CONTRACT 44 /* of the account's counters; Bybit's and Binance's lie before */
#define SLOT_OTHERS 45
#define UNAUTHORIZED 401
#define SIGNATURE_WRONG 10500
#define TOO_MANY 39995
#define KLINES_MAX 1000
#define ACCOUNT_NUMBER 10000 /* an account id is the user's and this for the USDT product */

/* --- words ---------------------------------------------------------------------------------- */

const char *as_phemex_side(enum side side)
{
	return side == SIDE_BUY ? "Buy" : "Sell";
}

const char *as_phemex_leg(enum leg leg)
{
	return leg == LEG_LONG ? "Long" : leg == LEG_SHORT ? "Short" : "Merged";
}

void as_phemex_put_ns(struct doc *row, const char *name, int64_t at_ms)
{
	doc_int(row, name, at_ms * 1000000);
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

static const char *header(const struct call *call, const char *name)
{
	const char *value = http_server_header(call->request, name);

	return value != NULL ? value : "";
}

static int refuse_signature(struct call *call, const char *text)
{
	call->status = UNAUTHORIZED;
	return call_refuse(call, SIGNATURE_WRONG, "%s", text);
}

/* path + query + expiry + body, with nothing between them. */
static int authenticate(struct call *call)
{
	const char *key = header(call, "x-phemex-access-token");
	const char *expiry = header(call, "x-phemex-request-expiry");
	char expected[SIGN_HEX_SIZE];
	int64_t expiry_s;

	if (!accounts_find(call->venue->accounts, key, &call->account))
		return refuse_signature(call, "Failed to find api-key");
	if (!call_parse_integer(expiry, &expiry_s))
		return refuse_signature(call, "Missing required header x-phemex-request-expiry");
	const char *const parts[] = {
		call->request->path, call->request->query, expiry, call->request->body, NULL};
	call_sign(accounts_get(call->venue->accounts, call->account)->secret, parts, expected);
	if (strcmp(expected, header(call, "x-phemex-request-signature")) != 0)
		return refuse_signature(call, "API Signature verification failed.");
	if (expiry_s > venue_clock_ms(call->venue) / 1000)
		return 0;
	call->status = UNAUTHORIZED;
	return call_refuse(call, UNAUTHORIZED, "401 Request Expired at %s", expiry);
}

/* --- limits --------------------------------------------------------------------------------- */

static int take_limit(struct call *call, struct http_server_reply *reply)
{
	static const struct limits_rule contract = {500, MINUTE_MS, false};
	static const struct limits_rule others = {100, MINUTE_MS, false};
	struct venue *venue = call->venue;
	bool of_contract = call->route->limit > 0;
	const char *suffix = of_contract ? "-CONTRACT" : "";
	struct limits_state state;

	if (!call->route->private)
		return 0;
	bool passes = limits_take(venue->limits, call->account,
		of_contract ? SLOT_CONTRACT : SLOT_OTHERS, abs(call->route->limit),
		of_contract ? &contract : &others, venue->server_ms, &state);
	call_add_header(reply, "x-ratelimit-remaining%s: %d\nx-ratelimit-capacity%s: %d\n", suffix,
		venue->account_limits ? state.remaining : state.limit, suffix, state.limit);
	if (passes || !venue->account_limits)
		return 0;
	call_add_header(reply, "x-ratelimit-retry-after%s: %" PRId64 "\n", suffix,
		(state.end_ms - venue->server_ms + 999) / 1000);
	call->status = 429;
	return call_refuse(call, TOO_MANY, "Too many requests.");
}

static void refuse_address(struct call *call, enum limits_verdict verdict, int64_t until_ms)
{
	(void)verdict;
	call->status = 429;
	call->retry_after_s = (until_ms - call->venue->server_ms + 999) / 1000;
	(void)call_refuse(call, TOO_MANY, "Too many requests.");
}

/* --- bodies and replies --------------------------------------------------------------------- */

static int read_body(struct call *call)
{
	const struct http_server_request *request = call->request;
	struct err err;

	if (request->body_size_bytes == 0)
		return 0;
	if (field_parse(request->body, request->body_size_bytes, &call->document, &err) == -1)
		return refuse_signature(call, "Malformed JSON");
	call->body = field_root(call->document);
	if (field_is_object(&call->body))
		return 0;
	call->body = (struct field){0};
	return refuse_signature(call, "Malformed JSON");
}

/* Market data comes in an envelope of its own. */
static void fill_market_envelope(struct call *call, struct doc *envelope)
{
	struct doc *error = doc_object();

	doc_int(envelope, "id", 0);
	if (call->code == 0) {
		doc_free(&error);
		doc_null(envelope, "error");
		doc_child(envelope, "result", TAKE(call->result));
		return;
	}
	doc_int(error, "code", call->code);
	doc_text(error, "message", call->message);
	doc_child(envelope, "error", error);
	doc_null(envelope, "result");
}

static void seal(struct call *call, struct http_server_reply *reply)
{
	CLEANUP(doc_free) struct doc *envelope = doc_object();

	if (strncmp(call->request->path, "/md/", 4) == 0) {
		fill_market_envelope(call, envelope);
	} else {
		doc_int(envelope, "code", call->code);
		doc_text(envelope, "msg", call->code == 0 ? "" : call->message);
		if (call->code == 0)
			doc_child(envelope, "data", TAKE(call->result));
		else
			doc_null(envelope, "data");
	}
	if (call->retry_after_s > 0)
		call_add_header(
			reply, "x-ratelimit-retry-after: %" PRId64 "\n", call->retry_after_s);
	reply->status = call->status;
	reply->content_type = "application/json";
	reply->body = doc_dump(envelope);
	reply->body_size_bytes = strlen(reply->body);
}

static void refuse_route(struct call *call)
{
	call->status = 404;
	(void)call_refuse(call, 404, "%.80s is not found", call->request->path);
}

static int refuse_parameter(struct call *call, const char *name)
{
	return call_refuse(
		call, AS_PHEMEX_ARGUMENT, "Please double check input arguments: %s", name);
}

static const struct call_refusal refusals[] = {
	{BROKER_REFUSED_NO_PRICE, 11042, "TE_NO_LAST_PRICE"},
	{BROKER_REFUSED_NOT_TRADING, 39997, "Symbol not listed"},
	{BROKER_REFUSED_LEG, AS_PHEMEX_MODE, "TE_ERR_INCONSISTENT_POS_MODE"},
	{BROKER_REFUSED_CLIENT_ID, 11085, "TE_CL_ORD_ID_DUPLICATE"},
	{BROKER_REFUSED_PRICE, 11055, "TE_PRICE_TOO_SMALL"},
	{BROKER_REFUSED_QUANTITY, 11058, "TE_QTY_TOO_SMALL"},
	{BROKER_REFUSED_TOO_SMALL, 11058, "TE_QTY_TOO_SMALL"},
	{BROKER_REFUSED_TOO_LARGE, 11056, "TE_QTY_TOO_LARGE"},
	{BROKER_REFUSED_NOTIONAL, 11115, "TE_ORDER_VALUE_TOO_SMALL"},
	{BROKER_REFUSED_TRIGGER, 11046, "TE_TRIGGER_PRICE_TOO_SMALL"},
	{BROKER_REFUSED_TRIGGER_RISING, 11043, "TE_RISING_TRIGGER_DIRECTLY"},
	{BROKER_REFUSED_TRIGGER_FALLING, 11044, "TE_FALLING_TRIGGER_DIRECTLY"},
	{BROKER_REFUSED_CONDITIONALS_MAX, 11031, "TE_SO_NUM_EXCEEDS"},
	{BROKER_REFUSED_ORDERS_MAX, 11032, "TE_AO_NUM_EXCEEDS"},
	{BROKER_REFUSED_FLAT, 11057, "TE_QTY_NOT_MATCH_REDUCE_ONLY"},
	{BROKER_REFUSED_REDUCE_SIDE, 11011, "TE_REDUCE_ONLY_ABORT"},
	{BROKER_REFUSED_MARGIN, 11001, "TE_NO_ENOUGH_AVAILABLE_BALANCE"},
	{BROKER_REFUSED_RISK_LIMIT, 11081, "TE_RISK_LIMIT_EXCEEDS"},
	{BROKER_REFUSED_NO_ORDER, AS_PHEMEX_NO_ORDER, "OM_ORDER_NOT_FOUND"},
	{BROKER_REFUSED_AMEND_FILLED, 11012, "TE_REPLACE_TO_INVALID_QTY"},
	{BROKER_REFUSED_AMEND_FIELD, 11067, "TE_CANNOT_REPLACE_PRICE"},
	{BROKER_REFUSED_UNCHANGED, 11065, "TE_ORD_REPLACE_NOT_MODIFIED"},
	{BROKER_REFUSED_LEVERAGE, 11004, "TE_INVALID_LEVERAGE"},
	{BROKER_REFUSED_HAS_POSITION, AS_PHEMEX_MODE, "TE_ERR_INCONSISTENT_POS_MODE"},
	{BROKER_REFUSED_HAS_ORDERS, AS_PHEMEX_MODE, "TE_ERR_INCONSISTENT_POS_MODE"},
};

int as_phemex_refuse_broker(struct call *call, const struct err *err)
{
	if (call_refuse_broker(call, refusals, sizeof refusals / sizeof refusals[0], err))
		return -1;
	return call_refuse(call, AS_PHEMEX_ARGUMENT, "%s", err->message);
}

int as_phemex_required(struct call *call, const char *name, char text[CALL_TEXT_SIZE])
{
	if (call_param(call, name, text))
		return 0;
	return call_refuse(call, AS_PHEMEX_MISSING, "Missing parameter - %s", name);
}

int as_phemex_symbol(struct call *call, bool required, int *ret)
{
	char name[CALL_TEXT_SIZE];
	size_t symbol;

	*ret = -1;
	if (required && as_phemex_required(call, "symbol", name) == -1)
		return -1;
	if (!call_param(call, "symbol", name))
		return 0;
	if (!venue_symbol(call->venue, name, &symbol))
		return call_refuse(call, 39997, "Symbol not listed %.31s", name);
	*ret = (int)symbol;
	return 0;
}

/* The one currency that there is, where one is named. */
static int check_currency(struct call *call)
{
	char name[CALL_TEXT_SIZE];

	if (as_phemex_required(call, "currency", name) == -1)
		return -1;
	return strcmp(name, "USDT") == 0
		       ? 0
		       : call_refuse(call, 11028, "TE_CURRENCY_INVALID %.16s", name);
}

/* --- the market ----------------------------------------------------------------------------- */

static int server_time(struct call *call)
{
	doc_int(call->result, "serverTime", call->venue->server_ms);
	return 0;
}

static void put_names(struct doc *row, const struct rules *rules)
{
	char base[SYMBOL_SIZE], text[SYMBOL_SIZE + 16];

	instrument_base_coin(rules->symbol, base);
	doc_text(row, "symbol", rules->symbol);
	doc_text(row, "type", "PerpetualV2");
	(void)snprintf(text, sizeof text, "%s / USDT", base);
	doc_text(row, "displaySymbol", text);
	(void)snprintf(text, sizeof text, ".%s", rules->symbol);
	doc_text(row, "indexSymbol", text);
	(void)snprintf(text, sizeof text, ".M%s", rules->symbol);
	doc_text(row, "markSymbol", text);
	doc_text(row, "contractUnderlyingAssets", base);
	doc_text(row, "baseCurrency", base);
	doc_text(row, "quoteCurrency", "USDT");
	doc_text(row, "settleCurrency", "USDT");
}

static struct doc *product_row(const struct rules *rules, size_t index)
{
	struct doc *row = doc_object();
	int64_t leverage = 0;

	(void)decimal_to_fixed(rules->max_leverage, 0, ROUND_DOWN, &leverage);
	doc_int(row, "code", (int64_t)index + 41541);
	put_names(row, rules);
	doc_decimal(row, "tickSize", rules->tick_size);
	doc_int(row, "priceScale", 0);
	doc_int(row, "ratioScale", 0);
	doc_int(row, "pricePrecision", rules->tick_size.scale);
	doc_text(row, "status", rules->trading ? "Listed" : "Delisted");
	doc_int(row, "listTime", INT64_C(1668225600000));
	doc_bool(row, "majorSymbol", true);
	doc_text(row, "defaultLeverage", "-10");
	doc_int(row, "fundingInterval", rules->funding_interval_ms / 1000);
	doc_int(row, "maxLeverage", leverage);
	doc_int(row, "leverageMargin", (int64_t)index + 1);
	doc_decimal(row, "maxOrderQtyRq", rules->max_quantity);
	doc_decimal(row, "maxPriceRp", decimal_mul(rules->tick_size, decimal_from_int(19999998)));
	doc_decimal(row, "minOrderValueRv", rules->min_notional);
	doc_decimal(row, "minPriceRp", rules->tick_size);
	doc_int(row, "qtyPrecision", rules->lot_size.scale);
	doc_decimal(row, "qtyStepSize", rules->lot_size);
	doc_decimal(row, "tipOrderQtyRq", rules->max_market_quantity);
	return row;
}

static struct doc *tiers_row(const struct rules *rules, size_t index)
{
	struct doc *row = doc_object();
	struct doc *items = doc_array();

	for (size_t i = 0; i < rules->tier_count; i++) {
		const struct risk_tier *tier = &rules->tiers[i];
		struct doc *item = doc_object();
		int64_t limit = 0, leverage = 0;
		(void)decimal_to_fixed(tier->limit, 0, ROUND_DOWN, &limit);
		(void)decimal_to_fixed(tier->max_leverage, 0, ROUND_DOWN, &leverage);
		doc_int(item, "notionalValueRv", limit);
		doc_int(item, "maxLeverage", leverage);
		put(item, "maintenanceMarginRateRr", tier->maintenance_rate);
		put(item, "maintenanceAmountRv", tier->deduction);
		doc_push(items, item);
	}
	doc_int(row, "index_id", (int64_t)index + 1);
	doc_child(row, "items", items);
	return row;
}

static struct doc *currency_row(void)
{
	struct doc *row = doc_object();

	doc_text(row, "currency", "USDT");
	doc_text(row, "name", "TetherUS");
	doc_int(row, "code", 3);
	doc_int(row, "valueScale", 8);
	doc_int(row, "minValueEv", 1);
	doc_int(row, "maxValueEv", INT64_C(5000000000000000000));
	doc_int(row, "needAddrTag", 0);
	doc_text(row, "status", "Listed");
	doc_int(row, "stableCoin", 1);
	doc_int(row, "assetsPrecision", 8);
	return row;
}

static int products(struct call *call)
{
	struct doc *perpetuals = doc_array();
	struct doc *margins = doc_array();
	struct doc *currencies = doc_array();

	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		const struct rules *rules = broker_rules(broker_of(call), (int)i);
		doc_push(perpetuals, product_row(rules, i));
		doc_push(margins, tiers_row(rules, i));
	}
	doc_push(currencies, currency_row());
	doc_int(call->result, "ratioScale", 8);
	doc_child(call->result, "currencies", currencies);
	doc_child(call->result, "products", doc_array());
	doc_child(call->result, "perpProductsV2", perpetuals);
	doc_child(call->result, "riskLimits", doc_array());
	doc_child(call->result, "leverages", doc_array());
	doc_child(call->result, "riskLimitsV2", doc_array());
	doc_child(call->result, "leveragesV2", doc_array());
	doc_child(call->result, "leverageMargins", margins);
	return 0;
}

/* Of the coin-margined world: there is none here. */
static int old_products(struct call *call)
{
	call_set_result(call, doc_array());
	return 0;
}

static int parse_resolution(struct call *call, enum market_interval *ret, int64_t *ret_seconds)
{
	static const struct {
		int64_t seconds;
		enum market_interval interval;
	} resolutions[] = {{60, MARKET_1M}, {300, MARKET_5M}, {900, MARKET_15M}, {1800, MARKET_30M},
		{3600, MARKET_1H}, {14400, MARKET_4H}, {86400, MARKET_1D}, {604800, MARKET_1W},
		{2592000, MARKET_1MONTH}};
	char text[CALL_TEXT_SIZE];
	int64_t seconds = 0;

	if (as_phemex_required(call, "resolution", text) == -1)
		return -1;
	(void)call_parse_integer(text, &seconds);
	for (size_t i = 0; i < sizeof resolutions / sizeof resolutions[0]; i++) {
		if (resolutions[i].seconds == seconds) {
			*ret = resolutions[i].interval;
			*ret_seconds = seconds;
			return 0;
		}
	}
	return refuse_parameter(call, "resolution");
}

struct kline_query {
	int symbol;
	enum market_interval interval;
	int64_t seconds;
	int64_t from_ms, to_ms;
	size_t limit;
};

/* The price before the open is the close of the candle before: the venue shows it. */
static struct doc *kline_row(const struct candle *candle, struct decimal before, int64_t seconds)
{
	struct doc *row = doc_array();

	doc_push_int(row, candle->open_ms / 1000);
	doc_push_int(row, seconds);
	doc_push_decimal(row, before);
	doc_push_decimal(row, candle->open);
	doc_push_decimal(row, candle->high);
	doc_push_decimal(row, candle->low);
	doc_push_decimal(row, candle->close);
	doc_push_decimal(row, decimal_trim(candle->volume));
	doc_push_decimal(row, view_turnover(candle));
	return row;
}

/* Newest first; the candle in formation is not shown. */
static int put_klines(struct call *call, const struct kline_query *query)
{
	struct candle *candles = mem_zero(query->limit + 2, sizeof *candles);
	size_t count = market_candles(call->venue->market, (size_t)query->symbol, query->interval,
		query->from_ms, query->to_ms, query->limit + 2, candles);
	struct doc *rows = doc_array();
	size_t shown = 0;

	for (size_t i = 0; i < count && shown < query->limit; i++) {
		if (!candles[i].closed)
			continue;
		struct decimal before = i + 1 < count ? candles[i + 1].close : candles[i].open;
		doc_push(rows, kline_row(&candles[i], before, query->seconds));
		shown++;
	}
	free(candles);
	doc_int(call->result, "total", -1);
	doc_child(call->result, "rows", rows);
	return 0;
}

static int kline_last(struct call *call)
{
	static const int64_t limits[] = {5, 10, 50, 100, 500, 1000};
	struct kline_query query = {.to_ms = INT64_MAX / 2};
	bool allowed = false;
	int64_t limit;

	if (as_phemex_symbol(call, true, &query.symbol) == -1 ||
		parse_resolution(call, &query.interval, &query.seconds) == -1 ||
		call_param_integer(call, "limit", 1, KLINES_MAX, 100, &limit) == -1)
		return -1;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		allowed |= limits[i] == limit;
	if (!allowed)
		return refuse_parameter(call, "limit");
	query.limit = (size_t)limit;
	return put_klines(call, &query);
}

static int kline_list(struct call *call)
{
	struct kline_query query = {.limit = 2000};
	int64_t from_s, to_s;

	if (as_phemex_symbol(call, true, &query.symbol) == -1 ||
		parse_resolution(call, &query.interval, &query.seconds) == -1 ||
		call_param_integer(call, "from", 0, INT64_C(4102444800), 0, &from_s) == -1 ||
		call_param_integer(
			call, "to", 0, INT64_C(4102444800), INT64_C(4102444800), &to_s) == -1)
		return -1;
	query.from_ms = from_s * 1000;
	query.to_ms = to_s * 1000 - 1;
	return put_klines(call, &query);
}

/* The two versions differ in the names of the three prices. */
static int ticker(struct call *call, const char *last, const char *mark, const char *index)
{
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1)
		return -1;
	const struct market_quote *quote = market_quote(call->venue->market, (size_t)symbol);
	struct broker_price price = view_price(call->venue, (size_t)symbol);
	struct view_day day = view_day(call->venue, (size_t)symbol);
	struct doc *row = call->result;
	doc_text(row, "symbol", broker_rules(broker_of(call), symbol)->symbol);
	doc_decimal(row, last, price.last);
	doc_decimal(row, mark, price.mark);
	doc_decimal(row, index, quote->index);
	doc_decimal(row, "openRp", day.open);
	doc_decimal(row, "highRp", day.high);
	doc_decimal(row, "lowRp", day.low);
	doc_decimal(row, "bidRp", price.bid);
	doc_decimal(row, "askRp", price.ask);
	put(row, "volumeRq", day.volume);
	put(row, "turnoverRv", day.turnover);
	put(row, "fundingRateRr", quote->funding_rate);
	put(row, "predFundingRateRr", quote->funding_rate);
	doc_text(row, "openInterestRv", "0");
	as_phemex_put_ns(row, "timestamp", call->venue->server_ms);
	return 0;
}

static int ticker_v2(struct call *call)
{
	return ticker(call, "closeRp", "markPriceRp", "indexPriceRp");
}

static int ticker_v3(struct call *call)
{
	return ticker(call, "lastRp", "markRp", "indexRp");
}

static int funding_rates(struct call *call)
{
	struct doc *list = doc_array();
	int symbol;

	if (as_phemex_symbol(call, false, &symbol) == -1) {
		doc_free(&list);
		return -1;
	}
	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		const struct market_quote *quote = market_quote(call->venue->market, i);
		const struct rules *rules = broker_rules(broker_of(call), (int)i);
		struct doc *row = doc_object();
		doc_text(row, "symbol", rules->symbol);
		put(row, "fundingRate", quote->funding_rate);
		doc_int(row, "nextfundingTime", quote->next_funding_ms);
		doc_int(row, "fundingInterval", rules->funding_interval_ms / 1000);
		if (symbol == -1 || (size_t)symbol == i)
			doc_push(list, row);
		else
			doc_free(&row);
	}
	call_set_result(call, list);
	return 0;
}

/* --- the account ---------------------------------------------------------------------------- */

static struct doc *account_row(const struct call *call)
{
	struct broker_balance balance = broker_balance(broker_of(call), (int)call->account);
	struct decimal used = decimal_sub(balance.balance.wallet, balance.balance.available);
	struct doc *row = doc_object();

	doc_int(row, "userID", venue_uid(call->account));
	doc_int(row, "accountId", venue_uid(call->account) * ACCOUNT_NUMBER + 3);
	doc_text(row, "currency", "USDT");
	doc_decimal(row, "accountBalanceRv", balance.balance.wallet);
	/* What is free is balance less this; an unrealised gain frees no more than the balance. */
	put(row, "totalUsedBalanceRv", decimal_max(used, DECIMAL_ZERO));
	doc_text(row, "bonusBalanceRv", "0");
	doc_int(row, "status", 0);
	return row;
}

/* The sign is the margin mode: below 0 is cross. */
static struct decimal signed_leverage(
	const struct broker_symbol_state *state, const struct position *position)
{
	return state->margin == MARGIN_CROSS ? decimal_neg(position->leverage) : position->leverage;
}

static void put_risk(struct doc *row, const struct position *position,
	const struct broker_position_extra *extra, bool flat)
{
	struct decimal rate = DECIMAL_ZERO;

	if (decimal_sign(extra->value) > 0)
		rate = decimal_div(position->maintenance_margin, extra->value, 12, ROUND_HALF_UP);
	put(row, "maintMarginReqRr", rate);
	put(row, "positionMarginRv", position->initial_margin);
	put(row, "assignedPosBalanceRv", position->initial_margin);
	put(row, "posCostRv", position->initial_margin);
	put(row, "usedBalanceRv", position->initial_margin);
	put(row, "liquidationPriceRp",
		!flat && position->liquidation_known ? position->liquidation : DECIMAL_ZERO);
	doc_text(row, "deleveragePercentileRr", "0");
}

static struct doc *position_row(
	const struct call *call, size_t symbol, const struct position *position)
{
	struct broker_position_extra extra = broker_position_extra(
		broker_of(call), (int)call->account, (int)symbol, position->leg);
	struct broker_symbol_state state = broker_symbol_state(
		broker_of(call), (int)call->account, (int)symbol);
	bool flat = decimal_is_zero(position->quantity);
	struct doc *row = doc_object();

	doc_int(row, "accountID", venue_uid(call->account) * ACCOUNT_NUMBER + 3);
	doc_int(row, "userID", venue_uid(call->account));
	doc_text(row, "symbol", broker_rules(broker_of(call), (int)symbol)->symbol);
	doc_text(row, "currency", "USDT");
	doc_text(row, "side", flat ? "None" : as_phemex_side(position->side));
	doc_text(row, "positionStatus", "Normal");
	doc_text(row, "posSide", as_phemex_leg(position->leg));
	doc_text(row, "posMode", state.mode == POSITION_HEDGE ? "Hedged" : "OneWay");
	doc_bool(row, "crossMargin", state.margin == MARGIN_CROSS);
	put(row, "leverageRr", signed_leverage(&state, position));
	doc_decimal(row, "size", position->quantity);
	put(row, "valueRv", flat ? DECIMAL_ZERO : extra.value);
	put(row, "avgEntryPriceRp", position->average);
	doc_decimal(row, "markPriceRp", position->mark);
	put_risk(row, position, &extra, flat);
	put(row, "curTermRealisedPnlRv", extra.realised);
	put(row, "cumClosedPnlRv", extra.realised_total);
	doc_text(row, "cumFundingFeeRv", "0");
	doc_text(row, "cumTransactFeeRv", "0");
	doc_int(row, "execSeq", (int64_t)ledger_count(call->venue->ledger));
	doc_int(row, "term", 1);
	as_phemex_put_ns(row, "transactTimeNs", position->updated_ms);
	return row;
}

/* Flat rows are listed too. */
static int account_positions(struct call *call)
{
	struct doc *list = doc_array();
	int symbol;

	if (check_currency(call) == -1 || as_phemex_symbol(call, false, &symbol) == -1) {
		doc_free(&list);
		return -1;
	}
	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		struct position positions[POSITIONS_MAX];
		size_t count = broker_positions(
			broker_of(call), (int)call->account, (int)i, positions);
		for (size_t k = 0; k < count; k++)
			if (symbol == -1 || (size_t)symbol == i)
				doc_push(list, position_row(call, i, &positions[k]));
	}
	doc_child(call->result, "account", account_row(call));
	doc_child(call->result, "positions", list);
	return 0;
}

/* Accounts of one asset only: the other kind's balances are elsewhere. */
static int risk_mode(struct call *call)
{
	doc_text(call->result, "riskMode", "Classic");
	return 0;
}

struct leverage { /* as it was asked: below 0 is cross */
	struct decimal buy, sell;
};

/* One-way takes one, hedged two; the other pair is refused. */
static int parse_leverage(struct call *call, int symbol, struct leverage *ret)
{
	bool has_one, has_long, has_short;
	struct decimal one;
	bool hedged = broker_symbol_state(broker_of(call), (int)call->account, symbol).mode ==
		      POSITION_HEDGE;

	if (call_param_decimal(call, "leverageRr", &has_one, &one) == -1 ||
		call_param_decimal(call, "longLeverageRr", &has_long, &ret->buy) == -1 ||
		call_param_decimal(call, "shortLeverageRr", &has_short, &ret->sell) == -1)
		return -1;
	if (!has_one && !(has_long && has_short))
		return call_refuse(call, AS_PHEMEX_MISSING, "Missing parameter - leverageRr");
	if (has_one == hedged)
		return call_refuse(call, AS_PHEMEX_MODE, "TE_ERR_INCONSISTENT_POS_MODE");
	if (has_one)
		ret->buy = ret->sell = one;
	return 0;
}

/* 0 is cross at the maximum. */
static struct decimal plain_leverage(const struct rules *rules, struct decimal asked)
{
	return decimal_is_zero(asked) ? rules->max_leverage : decimal_abs(asked);
}

static int set_leverage(struct call *call)
{
	struct leverage asked;
	struct err err;
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1 ||
		parse_leverage(call, symbol, &asked) == -1)
		return -1;
	const struct rules *rules = broker_rules(broker_of(call), symbol);
	enum margin_mode mode = decimal_sign(asked.buy) > 0 ? MARGIN_ISOLATED : MARGIN_CROSS;
	if ((mode == MARGIN_ISOLATED) != (decimal_sign(asked.sell) > 0))
		return call_refuse(call, 11004, "TE_INVALID_LEVERAGE");
	struct decimal buy = plain_leverage(rules, asked.buy);
	struct decimal sell = plain_leverage(rules, asked.sell);
	if (decimal_less(buy, decimal_from_int(1)) || decimal_less(rules->max_leverage, buy) ||
		decimal_less(sell, decimal_from_int(1)) || decimal_less(rules->max_leverage, sell))
		return call_refuse(call, 11004, "TE_INVALID_LEVERAGE");
	if (desk_margin_mode(call->venue, call->account, symbol, mode, &err) == -1 &&
		err.venue_code != BROKER_REFUSED_UNCHANGED)
		return call_refuse(call, 11004, "TE_INVALID_LEVERAGE");
	if (desk_leverage(call->venue, call->account, symbol, buy, sell, &err) == -1 &&
		err.venue_code != BROKER_REFUSED_UNCHANGED)
		return err.venue_code == BROKER_REFUSED_MARGIN
			       ? call_refuse(call, 11005, "TE_NO_ENOUGH_BALANCE_FOR_NEW_LEVERAGE")
			       : as_phemex_refuse_broker(call, &err);
	doc_text(call->result, "result", "OK");
	return 0;
}

static int switch_mode(struct call *call)
{
	static const char *const modes[] = {"OneWay", "Hedged", NULL};
	char text[CALL_TEXT_SIZE];
	struct err err;
	int symbol, mode;

	if (as_phemex_symbol(call, true, &symbol) == -1 ||
		as_phemex_required(call, "targetPosMode", text) == -1 ||
		call_param_word(call, "targetPosMode", modes, 0, &mode) == -1)
		return -1;
	if (desk_position_mode(call->venue, call->account, symbol,
		    mode == 1 ? POSITION_HEDGE : POSITION_ONE_WAY, &err) == -1 &&
		err.venue_code != BROKER_REFUSED_UNCHANGED)
		return as_phemex_refuse_broker(call, &err);
	doc_text(call->result, "result", "OK");
	return 0;
}

/* exchanges.md 3.3, 3.5 and 3.9: above 0 the weight in the group CONTRACT, below 0 in the others.
 */
static const struct route routes[] = {
	{"GET", "/public/time", false, 0, server_time},
	{"GET", "/public/products", false, 0, products},
	{"GET", "/v1/exchange/public/products", false, 0, old_products},
	{"GET", "/exchange/public/md/v2/kline/last", false, 0, kline_last},
	{"GET", "/exchange/public/md/v2/kline/list", false, 0, kline_list},
	{"GET", "/md/v2/ticker/24hr", false, 0, ticker_v2},
	{"GET", "/md/v3/ticker/24hr", false, 0, ticker_v3},
	{"GET", "/contract-biz/public/real-funding-rates", false, 0, funding_rates},
	{"GET", "/g-accounts/accountPositions", true, 1, account_positions},
	{"GET", "/uta-api/risk/risk-mode", true, -1, risk_mode},
	{"PUT", "/g-positions/leverage", true, 1, set_leverage},
	{"PUT", "/g-positions/switch-pos-mode-sync", true, 1, switch_mode},
	{"POST", "/g-orders", true, 1, as_phemex_order_place},
	{"PUT", "/g-orders/create", true, 1, as_phemex_order_place},
	{"PUT", "/g-orders/replace", true, 1, as_phemex_order_replace},
	{"DELETE", "/g-orders/cancel", true, 1, as_phemex_order_cancel},
	{"DELETE", "/g-orders/all", true, 3, as_phemex_order_cancel_all},
	{"GET", "/g-orders/activeList", true, 1, as_phemex_order_active},
	{"GET", "/api-data/g-futures/orders/by-order-id", true, -1, as_phemex_order_by_id},
	{"GET", "/api-data/g-futures/trades", true, -5, as_phemex_order_trades},
	{"GET", "/api-data/g-futures/funding-fees", true, -5, as_phemex_order_funding_fees},
	{"GET", "/exchange/order/v2/tradingList", true, -5, as_phemex_order_trading_list},
};

const struct dialect as_phemex = {
	.name = "phemex",
	.prefixes = {"/public/", "/v1/", "/exchange/", "/md/", "/contract-biz/", "/g-",
		"/api-data/", "/uta-api/"},
	.routes = routes,
	.route_count = sizeof routes / sizeof routes[0],
	.address = {.rule = {.limit = 5000, .window_ms = ADDRESS_WINDOW_MS},
		.ban_ms = ADDRESS_WINDOW_MS},
	.authenticate = authenticate,
	.take_limit = take_limit,
	.read_body = read_body,
	.seal = seal,
	.refuse_address = refuse_address,
	.refuse_route = refuse_route,
	.refuse_parameter = refuse_parameter,
};
