#include "simulator/view.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS (INT64_C(3600) * 1000)
#define TURNOVER_SCALE 4
#define AVERAGE_SCALE 8

/* --- the market ----------------------------------------------------------------------------- */

struct decimal view_turnover(const struct candle *candle)
{
	struct decimal value = decimal_mul_div(
		candle->volume, candle->close, decimal_from_int(1), TURNOVER_SCALE, ROUND_HALF_UP);

	return decimal_is_valid(value) ? value : DECIMAL_ZERO;
}

struct broker_price view_price(const struct venue *venue, size_t symbol)
{
	struct broker_price price = {0};

	(void)broker_last_price(venue->broker, (int)symbol, &price);
	return price;
}

struct view_day view_day(const struct venue *venue, size_t symbol)
{
	struct candle hours[24];
	int64_t now_ms = venue->market_ms;
	size_t count = market_candles(
		venue->market, symbol, MARKET_1H, now_ms - 24 * HOUR_MS, now_ms, 24, hours);
	const struct market_quote *quote = market_quote(venue->market, symbol);
	struct view_day day = {.open = market_price_day_ago(venue->market, symbol),
		.high = quote->last,
		.low = quote->last,
		.last = view_price(venue, symbol).last,
		.volume = DECIMAL_ZERO,
		.turnover = DECIMAL_ZERO};

	for (size_t i = 0; i < count; i++) {
		day.high = decimal_max(day.high, hours[i].high);
		day.low = decimal_min(day.low, hours[i].low);
		day.volume = decimal_add(day.volume, hours[i].volume);
		day.turnover = decimal_add(day.turnover, view_turnover(&hours[i]));
	}
	return day;
}

struct candle *view_candles(
	const struct venue *venue, size_t symbol, const struct view_span *span, size_t *ret_count)
{
	int64_t to_ms = span->to_ms;
	struct candle *candles = mem_zero(span->limit, sizeof *candles);

	if (span->from_ms > 0) {
		int64_t length_ms = market_interval_end_ms(span->interval, span->from_ms) -
				    span->from_ms;
		int64_t last_ms = span->from_ms + ((int64_t)span->limit - 1) * length_ms;
		/* A time inside a candle: the one that opens next is the first. */
		last_ms += length_ms - 1;
		to_ms = last_ms < to_ms ? last_ms : to_ms;
	}
	size_t count = market_candles(
		venue->market, symbol, span->interval, span->from_ms, to_ms, span->limit, candles);
	for (size_t i = 0; i < count / 2; i++) {
		struct candle other = candles[i];
		candles[i] = candles[count - 1 - i];
		candles[count - 1 - i] = other;
	}
	*ret_count = count;
	return candles;
}

/* --- orders --------------------------------------------------------------------------------- */

static void *more(void *items, size_t count, size_t *capacity, size_t size_bytes)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity == 0 ? 16 : *capacity * 2;
	return mem_grow(items, *capacity, size_bytes);
}

struct growing {
	struct view_orders orders;
	size_t capacity;
};

static bool collect(void *context, const struct broker_order *order)
{
	struct growing *growing = context;
	struct view_orders *orders = &growing->orders;

	orders->items = more(
		orders->items, orders->count, &growing->capacity, sizeof orders->items[0]);
	orders->items[orders->count++] = *order;
	return true;
}

struct view_orders view_open(const struct venue *venue, size_t account, int symbol)
{
	struct growing growing = {.capacity = 0};

	broker_orders(venue->broker, (int)account, symbol, collect, &growing);
	return growing.orders;
}

struct view_orders view_finished(const struct venue *venue, size_t account, int symbol,
	int64_t from_ms, int64_t to_ms, size_t most)
{
	const struct records *records = &venue->records[account];
	const char *name = symbol != -1 ? venue->instruments[symbol].rules.symbol : "";
	struct growing growing = {.capacity = 0};

	for (size_t i = records->final_count; i > 0 && growing.orders.count < most; i--) {
		const struct records_final *final = &records->finals[i - 1];
		struct broker_order order;
		if (final->time_ms < from_ms)
			break;
		if (final->time_ms <= to_ms &&
			broker_order(venue->broker, (int)account, final->order_id, &order) &&
			(symbol == -1 || strcmp(order.order.symbol, name) == 0))
			(void)collect(&growing, &order);
	}
	return growing.orders;
}

void view_orders_done(struct view_orders *orders)
{
	free(orders->items);
	*orders = (struct view_orders){0};
}

bool view_conditional(const struct broker_order *order)
{
	return order->request.type == ORDER_STOP_MARKET ||
	       !decimal_is_zero(order->request.trigger_price);
}

struct decimal view_average(const struct broker_order *order)
{
	const struct order *shown = &order->order;

	if (decimal_is_zero(shown->filled))
		return DECIMAL_ZERO;
	return decimal_trim(
		decimal_div(shown->filled_value, shown->filled, AVERAGE_SCALE, ROUND_HALF_UP));
}

struct decimal view_left(const struct order *order)
{
	return order_status_final(order->status) ? DECIMAL_ZERO
						 : decimal_sub(order->quantity, order->filled);
}

bool view_numbered(
	const struct venue *venue, size_t account, uint64_t number, struct broker_order *ret)
{
	return number < venue->order_id_count && venue->order_ids[number][0] != '\0' &&
	       broker_order(venue->broker, (int)account, venue->order_ids[number], ret);
}

/* --- what moved money ----------------------------------------------------------------------- */

const char *view_symbol_of(const struct records_entry *entry)
{
	switch (entry->kind) {
	case RECORDS_FILL:
		return entry->fill.symbol;
	case RECORDS_FUNDING:
		return entry->funding.symbol;
	case RECORDS_TRANSFER:
		break;
	}
	return "";
}

static unsigned kind_of(const struct records_entry *entry)
{
	static const unsigned kinds[] = {[RECORDS_FILL] = VIEW_FILLS,
		[RECORDS_FUNDING] = VIEW_FUNDING,
		[RECORDS_TRANSFER] = VIEW_TRANSFERS};

	return kinds[entry->kind];
}

static bool wants(const struct venue *venue, const struct view_wanted *wanted,
	const struct records_entry *entry)
{
	return (kind_of(entry) & wanted->kinds) != 0 && entry->time_ms >= wanted->from_ms &&
	       entry->time_ms <= wanted->to_ms && entry->sequence > wanted->after &&
	       (wanted->symbol == -1 ||
		       strcmp(view_symbol_of(entry),
			       venue->instruments[wanted->symbol].rules.symbol) == 0);
}

struct view_entries view_entries(
	const struct venue *venue, size_t account, const struct view_wanted *wanted)
{
	const struct records *records = &venue->records[account];
	struct view_entries entries = {0};
	size_t capacity = 0;

	for (size_t i = 0; i < records->entry_count && entries.count < wanted->most; i++) {
		size_t index = wanted->oldest_first ? i : records->entry_count - 1 - i;
		const struct records_entry *entry = &records->entries[index];
		if (!wanted->oldest_first && entry->time_ms < wanted->from_ms)
			break;
		if (!wants(venue, wanted, entry))
			continue;
		entries.items = more(
			entries.items, entries.count, &capacity, sizeof entries.items[0]);
		entries.items[entries.count++] = entry;
	}
	return entries;
}

void view_entries_done(struct view_entries *entries)
{
	free(entries->items);
	*entries = (struct view_entries){0};
}

struct decimal view_fee_rate(const struct venue *venue, const struct fill *fill)
{
	size_t symbol;

	if (fill->kind != FILL_TRADE || !venue_symbol(venue, fill->symbol, &symbol))
		return DECIMAL_ZERO;
	struct broker_fees fees = broker_fees(venue->broker, (int)symbol);
	return fill->liquidity == LIQUIDITY_MAKER ? fees.maker : fees.taker;
}

bool view_funding_short(const struct records_entry *entry)
{
	return decimal_sign(entry->size_after) < 0;
}

struct view_rates view_funding_rates(
	const struct venue *venue, size_t symbol, int64_t from_ms, int64_t to_ms, size_t limit)
{
	struct view_rates rates = {0};
	size_t matching = 0, capacity = 0;

	for (size_t i = 0; i < venue->rate_count; i++)
		matching += venue->rates[i].symbol == symbol &&
					    venue->rates[i].paid_ms >= from_ms &&
					    venue->rates[i].paid_ms <= to_ms
				    ? 1
				    : 0;
	size_t skip = matching > limit ? matching - limit : 0;
	for (size_t i = 0; i < venue->rate_count; i++) {
		const struct venue_rate *rate = &venue->rates[i];
		if (rate->symbol != symbol || rate->paid_ms < from_ms || rate->paid_ms > to_ms)
			continue;
		if (skip > 0) {
			skip--;
			continue;
		}
		rates.items = more(rates.items, rates.count, &capacity, sizeof rates.items[0]);
		rates.items[rates.count++] = *rate;
	}
	return rates;
}

void view_rates_done(struct view_rates *rates)
{
	free(rates->items);
	*rates = (struct view_rates){0};
}
