#include "simulator/as_binance_order.h"

#include "core/base/cleanup.h"
#include "simulator/as_binance.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 36
#define DAY_MS (INT64_C(86400) * 1000)
#define SPAN_MAX_MS (7 * DAY_MS)
#define FORGET_UNFILLED_MS (3 * DAY_MS)
#define FORGET_MS (90 * DAY_MS)
#define TRADES_MAX 1000
#define TRADES_DEFAULT 500
#define INCOME_DEFAULT 100
#define FORCED_MAX 100
/* Ids are numbers: an order's is its own, a stop's and a forced order's stand far apart from it. */
#define ALGO_BASE INT64_C(1000000000000)
#define FORCED_BASE INT64_C(2000000000000)
#define ID_LAST (INT64_C(1) << 52)

static void put(struct doc *row, const char *name, struct decimal amount)
{
	doc_decimal(row, name, decimal_trim(amount));
}

static const char *symbol_name(const struct call *call, int symbol)
{
	return call->venue->instruments[symbol].rules.symbol;
}

static bool hedged(const struct call *call, int symbol)
{
	return broker_symbol_state(call->venue->broker, (int)call->account, symbol).mode ==
	       POSITION_HEDGE;
}

/* A stop that still waits, or never fired: the ordinary calls do not see it. */
static bool is_stop(const struct broker_order *order)
{
	return view_conditional(order) && !order->triggered;
}

/* Fired, and refused or left without anything to do: no child came of it. */
static bool is_childless(const struct broker_order *order)
{
	return order->triggered && order->order.status == ORDER_STATUS_CANCELLED &&
	       decimal_is_zero(order->order.filled) &&
	       (order->reason == BROKER_REASON_MARGIN ||
		       order->reason == BROKER_REASON_RISK_LIMIT ||
		       order->reason == BROKER_REASON_REDUCE_ONLY);
}

static bool is_ordinary(const struct broker_order *order)
{
	return !view_conditional(order) || (order->triggered && !is_childless(order));
}

static int64_t number_of(const struct broker_order *order)
{
	return (int64_t)broker_id_number(order->order.venue_order_id);
}

/* --- what is asked -------------------------------------------------------------------------- */

static bool valid_id(const char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:/";
	size_t length = strlen(text);

	return length >= 1 && length <= ID_MAX && strspn(text, letters) == length;
}

/* The venue makes one up where the client gives none. */
static int parse_client_id(struct call *call, const char *name, char ret[CLIENT_ID_SIZE])
{
	char text[CALL_TEXT_SIZE];

	if (!call_param(call, name, text))
		(void)snprintf(text, sizeof text, "sim%016" PRIx64,
			market_dice(call->venue->seed, call->venue->asked, 1));
	if (!valid_id(text))
		return call_refuse(call, -4015, "Client order id is not valid.");
	(void)snprintf(ret, CLIENT_ID_SIZE, "%.36s", text);
	return 0;
}

static int parse_legs(struct call *call, int symbol, struct order_request *request)
{
	static const char *const sides[] = {"BUY", "SELL", NULL};
	static const char *const legs[] = {"LONG", "SHORT", "BOTH", NULL};
	static const enum leg values[] = {LEG_LONG, LEG_SHORT, LEG_ONE_WAY};
	char text[CALL_TEXT_SIZE];
	int side, leg;

	if (as_binance_required(call, "side", text) == -1 ||
		call_param_word(call, "side", sides, 0, &side) == -1 ||
		call_param_word(call, "positionSide", legs, 2, &leg) == -1 ||
		call_param_flag(call, "reduceOnly", &request->reduce_only) == -1)
		return -1;
	request->side = side == 0 ? SIDE_BUY : SIDE_SELL;
	request->leg = values[leg];
	(void)snprintf(request->symbol, sizeof request->symbol, "%s", symbol_name(call, symbol));
	if (hedged(call, symbol) && call_param(call, "reduceOnly", text))
		return call_refuse(call, -1106, "Parameter 'reduceonly' sent when not required.");
	return 0;
}

static int required_amount(struct call *call, const char *name, struct decimal *ret)
{
	char text[CALL_TEXT_SIZE];
	bool present;

	if (as_binance_required(call, name, text) == -1)
		return -1;
	return call_param_decimal(call, name, &present, ret);
}

static int parse_time_in_force(struct call *call, bool required, struct order_request *request)
{
	static const char *const texts[] = {"GTC", "IOC", "FOK", "GTX", NULL};
	static const enum time_in_force values[] = {TIF_GTC, TIF_IOC, TIF_FOK, TIF_POST_ONLY};
	char text[CALL_TEXT_SIZE];
	int word;

	if (required && as_binance_required(call, "timeInForce", text) == -1)
		return -1;
	if (call_param_word(call, "timeInForce", texts, 0, &word) == -1)
		return -1;
	request->time_in_force = values[word];
	return 0;
}

static int parse_type(struct call *call, struct order_request *request)
{
	static const char *const types[] = {"LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT",
		"TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET", NULL};
	char text[CALL_TEXT_SIZE];
	int type;

	if (as_binance_required(call, "type", text) == -1 ||
		call_param_word(call, "type", types, 0, &type) == -1)
		return -1;
	if (type >= 2)
		return call_refuse(call, -4120,
			"Order type not supported for this endpoint. Please use the Algo Order API "
			"endpoints instead.");
	request->type = type == 0 ? ORDER_LIMIT : ORDER_MARKET;
	request->time_in_force = TIF_IOC;
	if (required_amount(call, "quantity", &request->quantity) == -1)
		return -1;
	if (request->type == ORDER_MARKET)
		return 0;
	if (required_amount(call, "price", &request->price) == -1)
		return -1;
	return parse_time_in_force(call, true, request);
}

/* Refused at once: a post-only order that would take. */
static bool would_take(const struct call *call, int symbol, const struct order_request *request)
{
	struct broker_price price = view_price(call->venue, (size_t)symbol);

	if (request->time_in_force != TIF_POST_ONLY)
		return false;
	return request->side == SIDE_BUY ? !decimal_less(request->price, price.ask)
					 : !decimal_less(price.bid, request->price);
}

/* In hedge mode no flag trims: an order that would close more than there is, is refused. */
static bool closes_too_much(
	const struct call *call, int symbol, const struct order_request *request)
{
	struct position positions[POSITIONS_MAX];
	size_t count = broker_positions(call->venue->broker, (int)call->account, symbol, positions);
	bool closes = (request->leg == LEG_LONG && request->side == SIDE_SELL) ||
		      (request->leg == LEG_SHORT && request->side == SIDE_BUY);

	for (size_t i = 0; i < count; i++)
		if (closes && positions[i].leg == request->leg)
			return decimal_less(positions[i].quantity, request->quantity);
	return false;
}

/* --- rows ----------------------------------------------------------------------------------- */

static const char *status_text(const struct broker_order *order)
{
	switch (order->order.status) {
	case ORDER_STATUS_OPEN:
	case ORDER_STATUS_UNTRIGGERED:
		return decimal_is_zero(order->order.filled) ? "NEW" : "PARTIALLY_FILLED";
	case ORDER_STATUS_FILLED:
		return "FILLED";
	case ORDER_STATUS_CANCELLED:
		return order->reason == BROKER_REASON_USER ? "CANCELED" : "EXPIRED";
	case ORDER_STATUS_REJECTED:
		return "REJECTED";
	}
	return "";
}

static const char *time_in_force_word(const struct order_request *request)
{
	static const char *const words[] = {
		[TIF_GTC] = "GTC", [TIF_IOC] = "IOC", [TIF_FOK] = "FOK", [TIF_POST_ONLY] = "GTX"};

	return request->type == ORDER_LIMIT ? words[request->time_in_force] : "GTC";
}

static const char *working_type(const struct order_request *request)
{
	return request->trigger_by == TRIGGER_MARK ? "MARK_PRICE" : "CONTRACT_PRICE";
}

static void put_head(struct doc *row, const struct broker_order *order)
{
	doc_int(row, "orderId", number_of(order));
	doc_text(row, "symbol", order->order.symbol);
	doc_text(row, "status", status_text(order));
	doc_text(row, "clientOrderId", order->order.client_order_id);
	doc_decimal(row, "price", order->order.price);
	doc_decimal(row, "origQty", order->order.quantity);
	doc_decimal(row, "executedQty", order->order.filled);
}

static void put_tail(struct doc *row, const struct broker_order *order)
{
	const char *type = order->request.type == ORDER_LIMIT ? "LIMIT" : "MARKET";

	doc_text(row, "timeInForce", time_in_force_word(&order->request));
	doc_text(row, "type", type);
	doc_bool(row, "reduceOnly", order->request.reduce_only);
	doc_bool(row, "closePosition", false);
	doc_text(row, "side", as_binance_side(order->order.side));
	doc_text(row, "positionSide", as_binance_leg(order->order.leg));
	doc_text(row, "stopPrice", "0");
	doc_text(row, "workingType", working_type(&order->request));
	doc_bool(row, "priceProtect", false);
	doc_text(row, "origType", type);
	doc_text(row, "priceMatch", "NONE");
	doc_text(row, "selfTradePreventionMode", "EXPIRE_MAKER");
	doc_int(row, "goodTillDate", 0);
}

/* As a query shows it. */
static struct doc *order_row(const struct broker_order *order)
{
	struct doc *row = doc_object();

	put_head(row, order);
	put(row, "avgPrice", view_average(order));
	put(row, "cumQuote", order->order.filled_value);
	put_tail(row, order);
	doc_int(row, "time", order->order.created_ms);
	doc_int(row, "updateTime", order->order.updated_ms);
	return row;
}

/* As the answers to changes show it: without average and value. */
static struct doc *receipt(const struct broker_order *order)
{
	struct doc *row = doc_object();

	put_head(row, order);
	doc_decimal(row, "cumQty", order->order.filled);
	put_tail(row, order);
	doc_int(row, "updateTime", order->order.updated_ms);
	return row;
}

/* --- changing ------------------------------------------------------------------------------- */

static bool find_by_id(const struct call *call, const char *id, struct broker_order *ret)
{
	return broker_order(call->venue->broker, (int)call->account, id, ret);
}

/* ACK answers before the engine does; RESULT, and whatever else, after it. */
static struct doc *place_answer(const struct call *call, const struct broker_order *done)
{
	struct broker_order shown = *done;
	char type[CALL_TEXT_SIZE];

	if (!call_param(call, "newOrderRespType", type) || strcmp(type, "ACK") == 0) {
		shown.order.status = ORDER_STATUS_OPEN;
		shown.order.filled = DECIMAL_ZERO;
	}
	return receipt(&shown);
}

int as_binance_order_place(struct call *call)
{
	struct order_request request = {0};
	struct broker_order done = {.pending = false};
	struct order order;
	struct err err;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		parse_legs(call, symbol, &request) == -1 || parse_type(call, &request) == -1 ||
		parse_client_id(call, "newClientOrderId", request.client_order_id) == -1)
		return -1;
	if (would_take(call, symbol, &request))
		return call_refuse(call, -5022,
			"Due to the order could not be executed as maker, the Post Only order will "
			"be rejected. The order will not be recorded in the order history");
	if (closes_too_much(call, symbol, &request))
		return call_refuse(call, -2022, "ReduceOnly Order is rejected.");
	if (desk_place(call->venue, call->account, &request, DESK_ID_MAY_REPEAT | DESK_AT_ONCE,
		    &order, &err) == -1)
		return as_binance_refuse_broker(call, &err);
	(void)find_by_id(call, order.venue_order_id, &done);
	call_set_result(call, place_answer(call, &done));
	return 0;
}

/* The order that orderId or origClientOrderId names, of the symbol. */
static int find_named(struct call *call, int code, const char *text, struct broker_order *ret)
{
	char id[CALL_TEXT_SIZE];
	int64_t number;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		call_param_integer(call, "orderId", 0, ID_LAST, 0, &number) == -1)
		return -1;
	bool by_id = call_param(call, "origClientOrderId", id);
	if (number == 0 && !by_id)
		return call_refuse(call, AS_BINANCE_MISSING,
			"Param 'origClientOrderId' or 'orderId' must be sent, but both were "
			"empty/null!");
	bool found = number != 0 ? view_numbered(call->venue, call->account, (uint64_t)number, ret)
				 : find_by_id(call, id, ret) &&
					   strcmp(ret->order.client_order_id, id) == 0;
	if (!found || !is_ordinary(ret) ||
		strcmp(ret->order.symbol, symbol_name(call, symbol)) != 0)
		return call_refuse(call, code, "%s", text);
	return 0;
}

static int refuse_unknown(struct call *call)
{
	return call_refuse(call, AS_BINANCE_UNKNOWN_ORDER, "Unknown order sent.");
}

int as_binance_order_cancel(struct call *call)
{
	struct broker_order order = {.pending = false};
	struct err err;

	if (find_named(call, AS_BINANCE_UNKNOWN_ORDER, "Unknown order sent.", &order) == -1)
		return -1;
	if (desk_cancel(call->venue, call->account, order.order.venue_order_id, DESK_AT_ONCE,
		    &err) == -1)
		return as_binance_refuse_broker(call, &err);
	(void)find_by_id(call, order.order.venue_order_id, &order);
	call_set_result(call, receipt(&order));
	return 0;
}

/* Price and quantity must both be sent; what is the same is no change. */
int as_binance_order_amend(struct call *call)
{
	struct broker_amend amend = {.has_price = true, .has_quantity = true};
	struct broker_order order = {.pending = false};
	struct err err;

	if (find_named(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.", &order) == -1 ||
		required_amount(call, "quantity", &amend.quantity) == -1 ||
		required_amount(call, "price", &amend.price) == -1)
		return -1;
	if (order_status_final(order.order.status))
		return call_refuse(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.");
	if (desk_amend(call->venue, call->account, order.order.venue_order_id, &amend, DESK_AT_ONCE,
		    &err) == -1)
		return as_binance_refuse_broker(call, &err);
	(void)find_by_id(call, order.order.venue_order_id, &order);
	call_set_result(call, receipt(&order));
	return 0;
}

/* One that ended meanwhile is passed over. */
static int cancel_open(struct call *call, bool stops)
{
	struct err err;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1)
		return -1;
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, symbol);
	for (size_t i = 0; i < orders.count; i++)
		if (is_stop(&orders.items[i]) == stops &&
			desk_cancel(call->venue, call->account,
				orders.items[i].order.venue_order_id, DESK_AT_ONCE, &err) == -1)
			continue;
	doc_int(call->result, "code", 200);
	doc_text(call->result, "msg", "The operation of cancel all open order is done.");
	return 0;
}

int as_binance_order_cancel_all(struct call *call)
{
	return cancel_open(call, false);
}

/* --- forced orders -------------------------------------------------------------------------- */

/* The venue's own order behind a forced fill: there is none in the broker's book. */
static struct doc *forced_row(const struct records_entry *entry)
{
	const struct fill *fill = &entry->fill;
	int64_t number = (int64_t)broker_id_number(fill->venue_order_id);
	const char *word = fill->kind == FILL_LIQUIDATION ? "autoclose-%" PRId64
			   : fill->kind == FILL_ADL       ? "adl_autoclose"
							  : "settlement_autoclose-%" PRId64;
	struct broker_order order = {
		.order = {.side = fill->side,
			.leg = fill->leg,
			.type = ORDER_LIMIT,
			.status = ORDER_STATUS_FILLED,
			.quantity = fill->quantity,
			.price = fill->price,
			.filled = fill->quantity,
			.filled_value = decimal_mul(fill->quantity, fill->price),
			.created_ms = entry->time_ms,
			.updated_ms = entry->time_ms},
		.request = {.type = ORDER_LIMIT, .time_in_force = TIF_IOC}};
	char id[CLIENT_ID_SIZE];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(id, sizeof id, word, number);
#pragma GCC diagnostic pop
	(void)snprintf(order.order.symbol, SYMBOL_SIZE, "%s", fill->symbol);
	(void)snprintf(order.order.client_order_id, CLIENT_ID_SIZE, "%s", id);
	struct doc *row = order_row(&order);
	doc_int(row, "orderId", FORCED_BASE + number);
	return row;
}

static struct view_entries fills_of(const struct call *call, int symbol)
{
	return view_entries(call->venue, call->account,
		&(struct view_wanted){.kinds = VIEW_FILLS,
			.symbol = symbol,
			.from_ms = INT64_MIN,
			.to_ms = INT64_MAX,
			.most = SIZE_MAX});
}

static bool find_forced(struct call *call, int64_t order_id)
{
	bool found = false;
	CLEANUP(view_entries_done) struct view_entries entries = fills_of(call, -1);

	for (size_t i = 0; i < entries.count && !found; i++) {
		const struct records_entry *entry = entries.items[i];
		found = entry->fill.kind != FILL_TRADE &&
			FORCED_BASE + (int64_t)broker_id_number(entry->fill.venue_order_id) ==
				order_id;
		if (found)
			call_set_result(call, forced_row(entry));
	}
	return found;
}

int as_binance_order_forced(struct call *call)
{
	static const char *const types[] = {"LIQUIDATION", "ADL", NULL};
	int64_t limit, from_ms, to_ms;
	int symbol, type;

	if (as_binance_symbol(call, false, &symbol) == -1 ||
		call_param_word(call, "autoCloseType", types, -1, &type) == -1 ||
		call_param_integer(call, "startTime", 0, INT64_MAX / 2, 0, &from_ms) == -1 ||
		call_param_integer(call, "endTime", 0, INT64_MAX / 2, INT64_MAX / 2, &to_ms) ==
			-1 ||
		call_param_integer(call, "limit", 1, FORCED_MAX, 50, &limit) == -1)
		return -1;
	CLEANUP(view_entries_done) struct view_entries entries = fills_of(call, symbol);
	struct doc *list = doc_array();
	for (size_t i = 0; i < entries.count && limit > 0; i++) {
		const struct records_entry *entry = entries.items[i];
		if (entry->fill.kind == FILL_TRADE || entry->time_ms < from_ms ||
			entry->time_ms > to_ms ||
			(type == 0 && entry->fill.kind != FILL_LIQUIDATION) ||
			(type == 1 && entry->fill.kind != FILL_ADL))
			continue;
		doc_push(list, forced_row(entry));
		limit--;
	}
	call_set_result(call, list);
	return 0;
}

/* --- asking --------------------------------------------------------------------------------- */

/* Cancelled and expired ones without a fill are forgotten after three days. */
static bool forgotten(const struct call *call, const struct order *order)
{
	int64_t age_ms = call->venue->server_ms - order->updated_ms;

	return order_status_final(order->status) &&
	       (age_ms > FORGET_MS ||
		       (decimal_is_zero(order->filled) && age_ms > FORGET_UNFILLED_MS));
}

int as_binance_order_query(struct call *call)
{
	struct broker_order order = {.pending = false};
	int64_t number = 0;

	if (find_named(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.", &order) == -1) {
		int code = call->code;
		if (code == AS_BINANCE_NO_SUCH_ORDER &&
			call_param_integer(call, "orderId", 0, ID_LAST, 0, &number) == 0 &&
			find_forced(call, number)) {
			call->code = 0;
			return 0;
		}
		return -1;
	}
	if (forgotten(call, &order.order))
		return call_refuse(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.");
	call_set_result(call, order_row(&order));
	return 0;
}

int as_binance_order_open_one(struct call *call)
{
	struct broker_order order = {.pending = false};

	if (find_named(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.", &order) == -1)
		return -1;
	if (order_status_final(order.order.status))
		return call_refuse(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.");
	call_set_result(call, order_row(&order));
	return 0;
}

int as_binance_order_open(struct call *call)
{
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1)
		return -1;
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, symbol);
	struct doc *list = doc_array();
	for (size_t i = 0; i < orders.count; i++)
		if (is_ordinary(&orders.items[i]))
			doc_push(list, order_row(&orders.items[i]));
	call_set_result(call, list);
	return 0;
}

struct page { /* of orders or stops, by their numbers or times */
	int symbol;
	int64_t first, from_ms, to_ms, limit;
};

static int parse_page(struct call *call, const char *first, struct page *ret)
{
	if (as_binance_symbol(call, true, &ret->symbol) == -1 ||
		call_param_integer(call, first, 0, ID_LAST, 0, &ret->first) == -1 ||
		call_param_integer(call, "startTime", 0, INT64_MAX / 2, 0, &ret->from_ms) == -1 ||
		call_param_integer(call, "endTime", 0, INT64_MAX / 2, INT64_MAX / 2, &ret->to_ms) ==
			-1 ||
		call_param_integer(call, "limit", 1, TRADES_MAX, TRADES_DEFAULT, &ret->limit) == -1)
		return -1;
	if (ret->from_ms > 0 && ret->to_ms < INT64_MAX / 2 &&
		ret->to_ms - ret->from_ms > SPAN_MAX_MS)
		return call_refuse(call, -4166, "Search window is restricted to recent 7 days.");
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t left = number_of(a), right = number_of(b);

	return left < right ? -1 : left > right;
}

/* Open and finished ones alike, oldest first. */
static struct view_orders orders_of(const struct call *call, int symbol)
{
	struct view_orders all = view_open(call->venue, call->account, symbol);
	CLEANUP(view_orders_done)
	struct view_orders finished = view_finished(
		call->venue, call->account, symbol, INT64_MIN, INT64_MAX, SIZE_MAX);

	all.items = mem_grow(all.items, all.count + finished.count, sizeof all.items[0]);
	if (finished.count > 0)
		memcpy(&all.items[all.count], finished.items, finished.count * sizeof all.items[0]);
	all.count += finished.count;
	if (all.count > 0)
		qsort(all.items, all.count, sizeof all.items[0], by_number);
	return all;
}

static bool on_page(const struct call *call, const struct page *page, int64_t base,
	const struct broker_order *order)
{
	return base + number_of(order) >= page->first && order->order.created_ms >= page->from_ms &&
	       order->order.created_ms <= page->to_ms && !forgotten(call, &order->order);
}

static struct doc *stop_row(const struct broker_order *order, bool whole);

/* Asked from a number or a time the first ones, else the last ones. */
static void put_orders(struct call *call, const struct page *page, bool stops)
{
	CLEANUP(view_orders_done) struct view_orders orders = orders_of(call, page->symbol);
	int64_t base = stops ? ALGO_BASE : 0;
	size_t kept = 0;

	for (size_t i = 0; i < orders.count; i++)
		if ((stops ? view_conditional(&orders.items[i]) : is_ordinary(&orders.items[i])) &&
			on_page(call, page, base, &orders.items[i]))
			orders.items[kept++] = orders.items[i];
	bool forward = page->first != 0 || page->from_ms != 0;
	size_t limit = (size_t)page->limit < kept ? (size_t)page->limit : kept;
	struct doc *list = doc_array();
	for (size_t i = 0; i < limit; i++) {
		const struct broker_order *order = &orders.items[forward ? i : kept - limit + i];
		doc_push(list, stops ? stop_row(order, true) : order_row(order));
	}
	call_set_result(call, list);
}

int as_binance_order_all(struct call *call)
{
	struct page page;

	if (parse_page(call, "orderId", &page) == -1)
		return -1;
	put_orders(call, &page, false);
	return 0;
}

/* --- stops ---------------------------------------------------------------------------------- */

static const char *algo_status(const struct broker_order *order)
{
	if (is_childless(order))
		return order->reason == BROKER_REASON_REDUCE_ONLY ? "EXPIRED" : "REJECTED";
	if (order->triggered)
		return order_status_final(order->order.status) ? "FINISHED" : "TRIGGERED";
	if (!order_status_final(order->order.status))
		return "NEW";
	if (order->order.status == ORDER_STATUS_REJECTED)
		return "REJECTED";
	return order->reason == BROKER_REASON_USER ? "CANCELED" : "EXPIRED";
}

static bool closes_position(const struct order_request *request)
{
	return request->close_on_trigger && decimal_is_zero(request->quantity);
}

/* A stop's direction is part of its type here. */
static const char *algo_type(const struct order_request *request)
{
	bool limit = request->type == ORDER_LIMIT;
	bool stop = request->trigger_rising == (request->side == SIDE_BUY);

	return stop ? (limit ? "STOP" : "STOP_MARKET")
		    : (limit ? "TAKE_PROFIT" : "TAKE_PROFIT_MARKET");
}

static void put_child(struct doc *row, const struct broker_order *order)
{
	char child[24] = "";
	bool fired = order->triggered && !is_childless(order);

	if (fired)
		(void)snprintf(child, sizeof child, "%" PRId64, number_of(order));
	doc_text(row, "actualOrderId", child);
	put(row, "actualPrice", view_average(order));
	if (fired) {
		doc_text(
			row, "actualType", order->request.type == ORDER_LIMIT ? "LIMIT" : "MARKET");
		doc_decimal(row, "actualQty", order->order.filled);
	}
}

/* whole: as a query or a list shows it, with what became of it. */
static struct doc *stop_row(const struct broker_order *order, bool whole)
{
	const struct order_request *request = &order->request;
	struct doc *row = doc_object();

	doc_int(row, "algoId", ALGO_BASE + number_of(order));
	doc_text(row, "clientAlgoId", order->order.client_order_id);
	doc_text(row, "algoType", "CONDITIONAL");
	doc_text(row, "orderType", algo_type(request));
	doc_text(row, "symbol", order->order.symbol);
	doc_text(row, "side", as_binance_side(order->order.side));
	doc_text(row, "positionSide", as_binance_leg(order->order.leg));
	doc_text(row, "timeInForce", time_in_force_word(request));
	doc_decimal(row, "quantity", request->quantity);
	doc_text(row, "algoStatus", algo_status(order));
	if (whole)
		put_child(row, order);
	doc_decimal(row, "triggerPrice", order->order.trigger_price);
	doc_decimal(row, "price", order->order.price);
	doc_null(row, "icebergQuantity");
	doc_text(row, "selfTradePreventionMode", "EXPIRE_MAKER");
	doc_text(row, "workingType", working_type(request));
	doc_text(row, "priceMatch", "NONE");
	doc_bool(row, "closePosition", closes_position(request));
	doc_bool(row, "priceProtect", false);
	doc_bool(row, "reduceOnly", request->reduce_only && !closes_position(request));
	doc_int(row, "createTime", order->order.created_ms);
	doc_int(row, "updateTime", order->order.updated_ms);
	doc_int(row, "triggerTime", order->triggered ? order->order.updated_ms : 0);
	doc_int(row, "goodTillDate", 0);
	return row;
}

static int parse_stop_type(struct call *call, struct order_request *request)
{
	static const char *const algo_types[] = {"CONDITIONAL", NULL};
	static const char *const types[] = {
		"STOP_MARKET", "STOP", "TAKE_PROFIT_MARKET", "TAKE_PROFIT", NULL};
	static const char *const working[] = {"CONTRACT_PRICE", "MARK_PRICE", NULL};
	char text[CALL_TEXT_SIZE];
	int algo, type, price;

	if (as_binance_required(call, "algoType", text) == -1 ||
		call_param_word(call, "algoType", algo_types, 0, &algo) == -1 ||
		as_binance_required(call, "type", text) == -1 ||
		call_param_word(call, "type", types, 0, &type) == -1 ||
		call_param_word(call, "workingType", working, 0, &price) == -1 ||
		required_amount(call, "triggerPrice", &request->trigger_price) == -1)
		return -1;
	request->trigger_by = price == 1 ? TRIGGER_MARK : TRIGGER_LAST;
	request->type = type == 1 || type == 3 ? ORDER_LIMIT : ORDER_STOP_MARKET;
	request->trigger_rising = (type < 2) == (request->side == SIDE_BUY);
	if (request->type == ORDER_LIMIT && required_amount(call, "price", &request->price) == -1)
		return -1;
	return parse_time_in_force(call, false, request);
}

static bool closes_same(const struct broker_order *order, const struct order_request *request)
{
	return is_stop(order) && closes_position(&order->request) &&
	       order->request.side == request->side && order->request.leg == request->leg;
}

/* "Closes the whole position": no quantity, the market types only, one per direction. */
static int parse_close(struct call *call, int symbol, struct order_request *request)
{
	char text[CALL_TEXT_SIZE];

	if (call_param(call, "quantity", text))
		return call_refuse(
			call, -4137, "Quantity must be zero with closePosition equals true");
	if (request->reduce_only)
		return call_refuse(
			call, -4138, "Reduce only must be true with close position equals true");
	if (request->type != ORDER_STOP_MARKET)
		return call_refuse(call, -4136, "Target strategy invalid for orderType LIMIT");
	request->quantity = DECIMAL_ZERO;
	request->reduce_only = request->close_on_trigger = true;
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, symbol);
	for (size_t i = 0; i < orders.count; i++)
		if (closes_same(&orders.items[i], request))
			return call_refuse(call, -4130,
				"An open stop or take profit order with GTE and closePosition in "
				"the direction is existing.");
	return 0;
}

static int parse_stop_size(struct call *call, int symbol, struct order_request *request)
{
	bool close = false, protect = false;

	if (call_param_flag(call, "closePosition", &close) == -1 ||
		call_param_flag(call, "priceProtect", &protect) == -1)
		return -1;
	if (protect)
		return call_refuse(
			call, AS_BINANCE_ILLEGAL, "priceProtect is not modelled by this simulator");
	if (close)
		return parse_close(call, symbol, request);
	return required_amount(call, "quantity", &request->quantity);
}

int as_binance_order_stop_place(struct call *call)
{
	struct order_request request = {0};
	struct broker_order placed = {.pending = false};
	struct order order;
	struct err err;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		parse_legs(call, symbol, &request) == -1 || parse_stop_type(call, &request) == -1 ||
		parse_stop_size(call, symbol, &request) == -1 ||
		parse_client_id(call, "clientAlgoId", request.client_order_id) == -1)
		return -1;
	if (desk_place(call->venue, call->account, &request, DESK_ID_MAY_REPEAT | DESK_AT_ONCE,
		    &order, &err) == -1)
		return as_binance_refuse_broker(call, &err);
	(void)find_by_id(call, order.venue_order_id, &placed);
	call_set_result(call, stop_row(&placed, false));
	return 0;
}

static int find_stop(struct call *call, int code, const char *text, struct broker_order *ret)
{
	char id[CALL_TEXT_SIZE];
	int64_t number;

	if (call_param_integer(call, "algoId", 0, ID_LAST, 0, &number) == -1)
		return -1;
	bool by_id = call_param(call, "clientAlgoId", id);
	if (number == 0 && !by_id)
		return call_refuse(call, AS_BINANCE_MISSING,
			"Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!");
	bool found = number > ALGO_BASE ? view_numbered(call->venue, call->account,
						  (uint64_t)(number - ALGO_BASE), ret)
					: by_id && find_by_id(call, id, ret) &&
						  strcmp(ret->order.client_order_id, id) == 0;
	if (!found || !view_conditional(ret))
		return call_refuse(call, code, "%s", text);
	return 0;
}

int as_binance_order_stop_query(struct call *call)
{
	struct broker_order order = {.pending = false};

	if (find_stop(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.", &order) == -1)
		return -1;
	if (forgotten(call, &order.order))
		return call_refuse(call, AS_BINANCE_NO_SUCH_ORDER, "Order does not exist.");
	call_set_result(call, stop_row(&order, true));
	return 0;
}

/* One that has fired is an ordinary order by now: this call does not know it. */
int as_binance_order_stop_cancel(struct call *call)
{
	struct broker_order order = {.pending = false};
	struct err err;

	if (find_stop(call, AS_BINANCE_UNKNOWN_ORDER, "Unknown order sent.", &order) == -1)
		return -1;
	if (order.triggered)
		return refuse_unknown(call);
	if (desk_cancel(call->venue, call->account, order.order.venue_order_id, DESK_AT_ONCE,
		    &err) == -1)
		return as_binance_refuse_broker(call, &err);
	doc_int(call->result, "algoId", ALGO_BASE + number_of(&order));
	doc_text(call->result, "clientAlgoId", order.order.client_order_id);
	doc_text(call->result, "code", "200"); /* a string, here only */
	doc_text(call->result, "msg", "success");
	return 0;
}

int as_binance_order_stop_cancel_all(struct call *call)
{
	return cancel_open(call, true);
}

int as_binance_order_stop_open(struct call *call)
{
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1)
		return -1;
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, symbol);
	struct doc *list = doc_array();
	for (size_t i = 0; i < orders.count; i++)
		if (is_stop(&orders.items[i]))
			doc_push(list, stop_row(&orders.items[i], true));
	call_set_result(call, list);
	return 0;
}

int as_binance_order_stop_all(struct call *call)
{
	struct page page;

	if (parse_page(call, "algoId", &page) == -1)
		return -1;
	put_orders(call, &page, true);
	return 0;
}

/* --- the books ------------------------------------------------------------------------------ */

static int64_t order_id_of(const struct fill *fill)
{
	int64_t number = (int64_t)broker_id_number(fill->venue_order_id);

	return fill->kind == FILL_TRADE ? number : FORCED_BASE + number;
}

static struct doc *trade_row(const struct records_entry *entry)
{
	const struct fill *fill = &entry->fill;
	struct doc *row = doc_object();

	doc_text(row, "symbol", fill->symbol);
	doc_int(row, "id", (int64_t)broker_id_number(fill->exec_id));
	doc_int(row, "orderId", order_id_of(fill));
	doc_text(row, "side", as_binance_side(fill->side));
	doc_decimal(row, "price", fill->price);
	doc_decimal(row, "qty", fill->quantity);
	put(row, "realizedPnl", entry->cash_flow);
	put(row, "quoteQty", decimal_mul(fill->price, fill->quantity));
	put(row, "commission", fill->fee);
	doc_text(row, "commissionAsset", "USDT");
	doc_int(row, "time", entry->time_ms);
	doc_text(row, "positionSide", as_binance_leg(entry->leg));
	doc_bool(row, "buyer", fill->side == SIDE_BUY);
	doc_bool(row, "maker", fill->liquidity == LIQUIDITY_MAKER);
	return row;
}

struct span {
	int64_t from_ms, to_ms;
	bool forward; /* asked from a time: the first ones, else the last ones */
};

/* At most seven days in one call; the last seven where nothing is said. */
static int parse_span(struct call *call, struct span *ret)
{
	int64_t from_ms, to_ms, now_ms = call->venue->server_ms;

	if (call_param_integer(call, "startTime", 0, INT64_MAX / 2, -1, &from_ms) == -1 ||
		call_param_integer(call, "endTime", 0, INT64_MAX / 2, -1, &to_ms) == -1)
		return -1;
	ret->forward = from_ms != -1;
	if (from_ms == -1)
		from_ms = (to_ms == -1 ? now_ms : to_ms) - SPAN_MAX_MS;
	if (to_ms == -1)
		to_ms = from_ms + SPAN_MAX_MS;
	if (to_ms - from_ms > SPAN_MAX_MS)
		return call_refuse(call, -4166, "Search window is restricted to recent 7 days.");
	ret->from_ms = from_ms;
	ret->to_ms = to_ms;
	return 0;
}

static bool trade_wanted(const struct records_entry *entry, int64_t order_id, int64_t first)
{
	return (order_id == 0 || order_id_of(&entry->fill) == order_id) &&
	       (int64_t)broker_id_number(entry->fill.exec_id) >= first;
}

int as_binance_order_trades(struct call *call)
{
	int64_t order_id, first, limit;
	struct span span;
	int symbol;

	if (as_binance_symbol(call, true, &symbol) == -1 ||
		call_param_integer(call, "orderId", 0, ID_LAST, 0, &order_id) == -1 ||
		call_param_integer(call, "fromId", 0, ID_LAST, 0, &first) == -1 ||
		call_param_integer(call, "limit", 1, TRADES_MAX, TRADES_DEFAULT, &limit) == -1 ||
		parse_span(call, &span) == -1)
		return -1;
	/* By trade or order the time does not count. */
	bool by_time = order_id == 0 && first == 0;
	CLEANUP(view_entries_done)
	struct view_entries entries = view_entries(call->venue, call->account,
		&(struct view_wanted){.kinds = VIEW_FILLS,
			.symbol = symbol,
			.from_ms = by_time ? span.from_ms : INT64_MIN,
			.to_ms = by_time ? span.to_ms : INT64_MAX,
			.most = SIZE_MAX,
			.oldest_first = true});
	size_t kept = 0;
	for (size_t i = 0; i < entries.count; i++)
		if (trade_wanted(entries.items[i], order_id, first))
			entries.items[kept++] = entries.items[i];
	size_t shown = (size_t)limit < kept ? (size_t)limit : kept;
	bool forward = span.forward || first != 0;
	struct doc *list = doc_array();
	for (size_t i = 0; i < shown; i++)
		doc_push(list, trade_row(entries.items[forward ? i : kept - shown + i]));
	call_set_result(call, list);
	return 0;
}

struct income { /* one fill makes up to two rows */
	const char *type;
	struct decimal amount;
};

static size_t income_of(const struct records_entry *entry, struct income ret[2])
{
	size_t count = 0;

	switch (entry->kind) {
	case RECORDS_FUNDING:
		ret[count++] = (struct income){"FUNDING_FEE", entry->paid};
		break;
	case RECORDS_TRANSFER:
		ret[count++] = (struct income){"TRANSFER", entry->cash_flow};
		break;
	case RECORDS_FILL:
		if (!decimal_is_zero(entry->cash_flow))
			ret[count++] = (struct income){"REALIZED_PNL", entry->cash_flow};
		if (!decimal_is_zero(entry->fee))
			ret[count++] = (struct income){entry->fill.kind == FILL_LIQUIDATION
							       ? "INSURANCE_CLEAR"
							       : "COMMISSION",
				decimal_neg(entry->fee)};
		break;
	}
	return count;
}

static struct doc *income_row(const struct records_entry *entry, const struct income *income)
{
	struct doc *row = doc_object();
	char trade_id[24] = "";

	if (entry->kind == RECORDS_FILL)
		(void)snprintf(trade_id, sizeof trade_id, "%" PRIu64,
			broker_id_number(entry->fill.exec_id));
	doc_text(row, "symbol", view_symbol_of(entry));
	doc_text(row, "incomeType", income->type);
	put(row, "income", income->amount);
	doc_text(row, "asset", "USDT");
	doc_int(row, "time", entry->time_ms);
	doc_text(row, "info", entry->kind == RECORDS_FILL ? trade_id : income->type);
	doc_int(row, "tranId", (int64_t)entry->sequence);
	doc_text(row, "tradeId", trade_id);
	return row;
}

/* All rows of the span, oldest first; the caller cuts. */
static struct doc **income_rows(
	const struct view_entries *entries, const char *type, size_t *ret_count)
{
	struct doc **rows = mem_zero(entries->count * 2, sizeof(struct doc *));
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++) {
		struct income incomes[2];
		size_t parts = income_of(entries->items[i], incomes);
		for (size_t k = 0; k < parts; k++)
			if (type[0] == '\0' || strcmp(type, incomes[k].type) == 0)
				rows[count++] = income_row(entries->items[i], &incomes[k]);
	}
	*ret_count = count;
	return rows;
}

int as_binance_order_income(struct call *call)
{
	char type[CALL_TEXT_SIZE] = "";
	struct span span;
	int64_t limit;
	int symbol;

	if (as_binance_symbol(call, false, &symbol) == -1 || parse_span(call, &span) == -1 ||
		call_param_integer(call, "limit", 1, TRADES_MAX, INCOME_DEFAULT, &limit) == -1)
		return -1;
	(void)call_param(call, "incomeType", type);
	CLEANUP(view_entries_done)
	struct view_entries entries = view_entries(call->venue, call->account,
		&(struct view_wanted){.kinds = VIEW_FILLS | VIEW_FUNDING | VIEW_TRANSFERS,
			.symbol = symbol,
			.from_ms = span.from_ms,
			.to_ms = span.to_ms,
			.most = SIZE_MAX,
			.oldest_first = true});
	size_t count;
	struct doc **rows = income_rows(&entries, type, &count);
	size_t shown = (size_t)limit < count ? (size_t)limit : count;
	size_t from = span.forward ? 0 : count - shown;
	struct doc *list = doc_array();
	for (size_t i = 0; i < count; i++) {
		if (i >= from && i < from + shown)
			doc_push(list, rows[i]);
		else
			doc_free(&rows[i]);
	}
	free(rows);
	call_set_result(call, list);
	return 0;
}
