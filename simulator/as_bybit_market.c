#include "simulator/as_bybit_market.h"

#include "core/base/cleanup.h"
#include "simulator/as_bybit.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>

#define KLINE_LIMIT_MAX 1000
#define KLINE_LIMIT_DEFAULT 200
#define RATE_SCALE 8
#define BOOK_SIZE "10" /* shown beside bid and ask; depth is not modelled */
#define HOUR_MS (INT64_C(3600) * 1000)

int as_bybit_market_time(struct call *call)
{
	int64_t now_ms = call->venue->server_ms;
	char nano[32];

	call_put_integer(call->result, "timeSecond", now_ms / 1000);
	(void)snprintf(nano, sizeof nano, "%" PRId64 "000000", now_ms);
	doc_text(call->result, "timeNano", nano);
	return 0;
}

static struct doc *leverage_filter(const struct rules *rules)
{
	struct doc *filter = doc_object();

	doc_text(filter, "minLeverage", "1");
	doc_decimal(filter, "maxLeverage", decimal_round(rules->max_leverage, 2, ROUND_DOWN));
	doc_text(filter, "leverageStep", "0.01");
	return filter;
}

static struct doc *price_filter(const struct rules *rules)
{
	struct doc *filter = doc_object();

	doc_decimal(filter, "minPrice", rules->tick_size);
	doc_decimal(filter, "maxPrice", decimal_mul(rules->tick_size, decimal_from_int(19999998)));
	doc_decimal(filter, "tickSize", rules->tick_size);
	return filter;
}

static struct doc *lot_filter(const struct rules *rules)
{
	struct doc *filter = doc_object();

	doc_decimal(filter, "maxOrderQty", rules->max_quantity);
	doc_decimal(filter, "minOrderQty", rules->min_quantity);
	doc_decimal(filter, "qtyStep", rules->lot_size);
	doc_decimal(filter, "postOnlyMaxOrderQty", rules->max_quantity);
	doc_decimal(filter, "maxMktOrderQty", rules->max_market_quantity);
	doc_decimal(filter, "minNotionalValue", rules->min_notional);
	return filter;
}

static struct doc *instrument_row(const struct rules *rules)
{
	struct doc *row = doc_object();
	char base[SYMBOL_SIZE];
	char price_scale[8];

	instrument_base_coin(rules->symbol, base);
	(void)snprintf(price_scale, sizeof price_scale, "%d", rules->tick_size.scale);
	doc_text(row, "symbol", rules->symbol);
	doc_text(row, "contractType", "LinearPerpetual");
	doc_text(row, "status", rules->trading ? "Trading" : "Closed");
	doc_text(row, "baseCoin", base);
	doc_text(row, "quoteCoin", "USDT");
	doc_text(row, "launchTime", "1585526400000");
	doc_text(row, "deliveryTime", "0");
	doc_text(row, "deliveryFeeRate", "");
	doc_text(row, "priceScale", price_scale);
	doc_child(row, "leverageFilter", leverage_filter(rules));
	doc_child(row, "priceFilter", price_filter(rules));
	doc_child(row, "lotSizeFilter", lot_filter(rules));
	doc_bool(row, "unifiedMarginTrade", true);
	doc_int(row, "fundingInterval", rules->funding_interval_ms / 60000);
	doc_text(row, "settleCoin", "USDT");
	doc_text(row, "copyTrading", "none");
	doc_text(row, "upperFundingRate", "0.1");
	doc_text(row, "lowerFundingRate", "-0.1");
	doc_bool(row, "isPreListing", false);
	return row;
}

int as_bybit_market_instruments(struct call *call)
{
	int symbol;
	size_t limit;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, &symbol) == -1 ||
		as_bybit_limit(call, 1000, 500, &limit) == -1)
		return -1;
	struct doc *list = doc_array();
	for (size_t i = 0; i < call->venue->instrument_count; i++)
		if (symbol == -1 || (size_t)symbol == i)
			doc_push(list, instrument_row(broker_rules(call->venue->broker, (int)i)));
	doc_text(call->result, "category", "linear");
	doc_child(call->result, "list", list);
	doc_text(call->result, "nextPageCursor", "");
	return 0;
}

static struct doc *kline_row(const struct candle *candle)
{
	struct doc *row = doc_array();
	char open_ms[24];

	(void)snprintf(open_ms, sizeof open_ms, "%" PRId64, candle->open_ms);
	doc_push_text(row, open_ms);
	doc_push_decimal(row, candle->open);
	doc_push_decimal(row, candle->high);
	doc_push_decimal(row, candle->low);
	doc_push_decimal(row, candle->close);
	doc_push_decimal(row, decimal_trim(candle->volume));
	doc_push_decimal(row, view_turnover(candle));
	return row;
}

struct kline_query {
	int symbol;
	enum market_interval interval;
	int64_t from_ms, to_ms;
	size_t limit;
};

static int parse_kline(struct call *call, struct kline_query *ret)
{
	char interval[8] = "";

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, true, &ret->symbol) == -1)
		return -1;
	(void)call_argument(call, "interval", interval, sizeof interval);
	if (!market_interval_parse(interval, &ret->interval))
		return call_refuse(call, AS_BYBIT_PARAMETER, "Invalid period!");
	if (as_bybit_integer(call, "start", 0, INT64_MAX / 2, 0, &ret->from_ms) == -1 ||
		as_bybit_integer(call, "end", 0, INT64_MAX / 2, INT64_MAX / 2, &ret->to_ms) == -1 ||
		as_bybit_limit(call, KLINE_LIMIT_MAX, KLINE_LIMIT_DEFAULT, &ret->limit) == -1)
		return -1;
	return 0;
}

int as_bybit_market_kline(struct call *call)
{
	struct kline_query query;

	if (parse_kline(call, &query) == -1)
		return -1;
	size_t count;
	struct candle *candles = view_candles(call->venue, (size_t)query.symbol,
		&(struct view_span){query.interval, query.from_ms, query.to_ms, query.limit},
		&count);
	struct doc *list = doc_array();
	for (size_t i = count; i > 0; i--) /* newest first, of those that come first */
		doc_push(list, kline_row(&candles[i - 1]));
	free(candles);
	doc_text(call->result, "symbol", broker_rules(call->venue->broker, query.symbol)->symbol);
	doc_text(call->result, "category", "linear");
	doc_child(call->result, "list", list);
	return 0;
}

static void put_day(struct doc *row, const struct venue *venue, size_t symbol)
{
	struct view_day day = view_day(venue, symbol);

	doc_decimal(row, "prevPrice24h", day.open);
	doc_decimal(row, "price24hPcnt",
		decimal_div(decimal_sub(day.last, day.open), day.open, 6, ROUND_HALF_UP));
	doc_decimal(row, "highPrice24h", day.high);
	doc_decimal(row, "lowPrice24h", day.low);
	doc_decimal(row, "turnover24h", day.turnover);
	doc_decimal(row, "volume24h", decimal_trim(day.volume));
}

static void put_funding(
	struct doc *row, const struct market_quote *quote, const struct rules *rules)
{
	char hours[24];

	(void)snprintf(hours, sizeof hours, "%" PRId64, rules->funding_interval_ms / HOUR_MS);
	doc_decimal(row, "fundingRate", decimal_trim(quote->funding_rate));
	call_put_integer(row, "nextFundingTime", quote->next_funding_ms);
	doc_text(row, "fundingIntervalHour", hours);
	doc_text(row, "fundingCap", "0.1");
}

static struct doc *ticker_row(const struct venue *venue, size_t symbol)
{
	const struct rules *rules = broker_rules(venue->broker, (int)symbol);
	const struct market_quote *quote = market_quote(venue->market, symbol);
	struct broker_price price = view_price(venue, symbol);
	struct doc *row = doc_object();

	doc_text(row, "symbol", rules->symbol);
	doc_decimal(row, "lastPrice", price.last);
	doc_decimal(row, "indexPrice", quote->index);
	doc_decimal(row, "markPrice", price.mark);
	put_day(row, venue, symbol);
	doc_text(row, "openInterest", "0");
	doc_text(row, "openInterestValue", "0");
	put_funding(row, quote, rules);
	doc_text(row, "predictedDeliveryPrice", "");
	doc_text(row, "basisRate", "");
	doc_text(row, "deliveryFeeRate", "");
	doc_text(row, "deliveryTime", "0");
	doc_decimal(row, "bid1Price", price.bid);
	doc_text(row, "bid1Size", BOOK_SIZE);
	doc_decimal(row, "ask1Price", price.ask);
	doc_text(row, "ask1Size", BOOK_SIZE);
	return row;
}

int as_bybit_market_tickers(struct call *call)
{
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, &symbol) == -1)
		return -1;
	struct doc *list = doc_array();
	for (size_t i = 0; i < call->venue->instrument_count; i++)
		if (symbol == -1 || (size_t)symbol == i)
			doc_push(list, ticker_row(call->venue, i));
	doc_text(call->result, "category", "linear");
	doc_child(call->result, "list", list);
	return 0;
}

static struct doc *tier_row(const struct rules *rules, size_t tier)
{
	const struct risk_tier *values = &rules->tiers[tier];
	struct doc *row = doc_object();

	doc_int(row, "id", (int64_t)tier + 1);
	doc_text(row, "symbol", rules->symbol);
	doc_decimal(row, "riskLimitValue", values->limit);
	doc_decimal(row, "maintenanceMargin", values->maintenance_rate);
	doc_decimal(row, "initialMargin", values->initial_rate);
	doc_int(row, "isLowestRisk", tier == 0 ? 1 : 0);
	doc_decimal(row, "maxLeverage", decimal_round(values->max_leverage, 2, ROUND_DOWN));
	if (tier == 0)
		doc_text(row, "mmDeduction", "");
	else
		doc_decimal(row, "mmDeduction", decimal_trim(values->deduction));
	return row;
}

int as_bybit_market_risk_limit(struct call *call)
{
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, &symbol) == -1)
		return -1;
	struct doc *list = doc_array();
	for (size_t i = 0; i < call->venue->instrument_count; i++) {
		const struct rules *rules = broker_rules(call->venue->broker, (int)i);
		for (size_t tier = 0; tier < rules->tier_count; tier++)
			if (symbol == -1 || (size_t)symbol == i)
				doc_push(list, tier_row(rules, tier));
	}
	doc_text(call->result, "category", "linear");
	doc_child(call->result, "list", list);
	doc_text(call->result, "nextPageCursor", "");
	return 0;
}

int as_bybit_market_status(struct call *call)
{
	doc_child(call->result, "list", doc_array());
	return 0;
}
