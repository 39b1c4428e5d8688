#include "simulator/as_bybit_listing.h"

#include "core/base/cleanup.h"
#include "simulator/as_bybit.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 50
#define PAGE_DEFAULT 20
#define ID_SIZE 256 /* room to see that an id is too long, rather than to miss it */
#define CURSOR_SIZE 128
#define REALTIME_CLOSED_MAX 500
#define DAY_MS (INT64_C(86400) * 1000)
#define HISTORY_SPAN_MS (7 * DAY_MS)

/* --- one row -------------------------------------------------------------------------------- */

static const char *status_text(const struct broker_order *order)
{
	switch (order->order.status) {
	case ORDER_STATUS_OPEN:
		return decimal_is_zero(order->order.filled) ? "New" : "PartiallyFilled";
	case ORDER_STATUS_UNTRIGGERED:
		return "Untriggered";
	case ORDER_STATUS_FILLED:
		return "Filled";
	case ORDER_STATUS_CANCELLED:
		return view_conditional(order) && !order->triggered ? "Deactivated" : "Cancelled";
	case ORDER_STATUS_REJECTED:
		return "Rejected";
	}
	return "";
}

static const char *reject_reason(const struct broker_order *order)
{
	switch (order->reason) {
	case BROKER_REASON_NONE:
		return "EC_NoError";
	case BROKER_REASON_USER:
		return "EC_PerCancelRequest";
	case BROKER_REASON_POST_ONLY:
		return "EC_PostOnlyWillTakeLiquidity";
	case BROKER_REASON_NO_LIQUIDITY:
		return "EC_NoImmediateQtyToFill";
	case BROKER_REASON_REDUCE_ONLY:
		return "EC_CancelForNoFullFill";
	case BROKER_REASON_MARGIN:
	case BROKER_REASON_RISK_LIMIT:
	case BROKER_REASON_LIQUIDATION:
	case BROKER_REASON_SETTLEMENT:
		return "EC_Others";
	}
	return "";
}

static const char *cancel_type(const struct broker_order *order)
{
	switch (order->reason) {
	case BROKER_REASON_USER:
		return "CancelByUser";
	case BROKER_REASON_REDUCE_ONLY:
		return "CancelByReduceOnly";
	case BROKER_REASON_LIQUIDATION:
		return "CancelAllBeforeLiq";
	case BROKER_REASON_SETTLEMENT:
		return "CancelBySettle";
	case BROKER_REASON_NONE:
	case BROKER_REASON_POST_ONLY:
	case BROKER_REASON_NO_LIQUIDITY:
	case BROKER_REASON_MARGIN:
	case BROKER_REASON_RISK_LIMIT:
		return "UNKNOWN";
	}
	return "";
}

static const char *time_in_force_word(const struct order_request *request)
{
	if (request->type != ORDER_LIMIT)
		return "IOC";
	switch (request->time_in_force) {
	case TIF_GTC:
		return "GTC";
	case TIF_IOC:
		return "IOC";
	case TIF_FOK:
		return "FOK";
	case TIF_POST_ONLY:
		return "PostOnly";
	}
	return "";
}

static void put_amounts(struct doc *row, const struct broker_order *order)
{
	const struct order *shown = &order->order;
	struct decimal left = view_left(shown);

	doc_decimal(row, "price", shown->price);
	doc_decimal(row, "qty", shown->quantity);
	if (decimal_is_zero(shown->filled))
		doc_text(row, "avgPrice", "");
	else
		doc_decimal(row, "avgPrice", view_average(order));
	doc_decimal(row, "leavesQty", left);
	doc_text(row, "leavesValue", "");
	doc_decimal(row, "cumExecQty", shown->filled);
	doc_decimal(row, "cumExecValue", decimal_trim(shown->filled_value));
	doc_decimal(row, "cumExecFee", decimal_trim(order->fee));
	struct doc *detail = doc_object();
	if (!decimal_is_zero(order->fee))
		doc_decimal(detail, "USDT", decimal_trim(order->fee));
	doc_child(row, "cumFeeDetail", detail);
}

static void put_trigger(struct doc *row, const struct broker_order *order)
{
	bool is_stop = view_conditional(order);

	doc_text(row, "stopOrderType", is_stop ? "Stop" : "");
	doc_text(row, "createType", is_stop ? "CreateByStopOrder" : "CreateByUser");
	if (is_stop)
		doc_decimal(row, "triggerPrice", order->order.trigger_price);
	else
		doc_text(row, "triggerPrice", "");
	doc_int(row, "triggerDirection", !is_stop ? 0 : order->request.trigger_rising ? 1 : 2);
	doc_text(row, "triggerBy",
		!is_stop                                    ? ""
		: order->request.trigger_by == TRIGGER_MARK ? "MarkPrice"
							    : "LastPrice");
	doc_bool(row, "closeOnTrigger", order->request.close_on_trigger);
	doc_text(row, "takeProfit", "");
	doc_text(row, "stopLoss", "");
	doc_text(row, "tpTriggerBy", "");
	doc_text(row, "slTriggerBy", "");
	doc_text(row, "tpslMode", "");
}

static struct doc *order_row(const struct broker_order *order)
{
	const struct order *shown = &order->order;
	struct doc *row = doc_object();

	doc_text(row, "orderId", shown->venue_order_id);
	doc_text(row, "orderLinkId", shown->client_order_id);
	doc_text(row, "symbol", shown->symbol);
	doc_text(row, "side", as_bybit_side(shown->side));
	doc_int(row, "positionIdx", as_bybit_position_index(shown->leg));
	doc_text(row, "orderType", order->request.type == ORDER_LIMIT ? "Limit" : "Market");
	doc_text(row, "timeInForce", time_in_force_word(&order->request));
	doc_text(row, "orderStatus", status_text(order));
	doc_text(row, "cancelType", cancel_type(order));
	doc_text(row, "rejectReason", reject_reason(order));
	put_amounts(row, order);
	put_trigger(row, order);
	doc_bool(row, "reduceOnly", shown->reduce_only);
	doc_text(row, "blockTradeId", "");
	doc_text(row, "isLeverage", "");
	doc_text(row, "orderIv", "");
	doc_text(row, "placeType", "");
	doc_text(row, "smpType", "None");
	call_put_integer(row, "createdTime", shown->created_ms);
	call_put_integer(row, "updatedTime", shown->updated_ms);
	return row;
}

/* --- what is asked -------------------------------------------------------------------------- */

struct query {
	int symbol;       /* -1: all */
	char id[ID_SIZE]; /* an order's or a client's; "" */
	bool by_order_id;
	bool plain, conditional;
	size_t limit;
	char cursor[CURSOR_SIZE];
};

static int parse_filter(struct call *call, struct query *query)
{
	char filter[32] = "";

	(void)call_argument(call, "orderFilter", filter, sizeof filter);
	if (filter[0] != '\0' && strcmp(filter, "Order") != 0 && strcmp(filter, "StopOrder") != 0)
		return call_refuse(call, AS_BYBIT_PARAMETER, "orderFilter invalid");
	query->plain = strcmp(filter, "StopOrder") != 0;
	query->conditional = strcmp(filter, "Order") != 0;
	return 0;
}

static int parse_query(struct call *call, struct query *query)
{
	*query = (struct query){0};
	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, &query->symbol) == -1 ||
		parse_filter(call, query) == -1 ||
		as_bybit_limit(call, PAGE_MAX, PAGE_DEFAULT, &query->limit) == -1)
		return -1;
	query->by_order_id = call_argument(call, "orderId", query->id, sizeof query->id);
	if (!query->by_order_id)
		(void)call_argument(call, "orderLinkId", query->id, sizeof query->id);
	(void)call_argument(call, "cursor", query->cursor, sizeof query->cursor);
	return 0;
}

static bool wanted(
	const struct call *call, const struct query *query, const struct broker_order *order)
{
	if (query->symbol != -1 &&
		strcmp(order->order.symbol, call->venue->instruments[query->symbol].rules.symbol) !=
			0)
		return false;
	return view_conditional(order) ? query->conditional : query->plain;
}

static bool find_one(const struct call *call, const struct query *query, struct broker_order *ret)
{
	if (!broker_order(call->venue->broker, (int)call->account, query->id, ret))
		return false;
	/* The broker takes either id; the venue does not mix them up. */
	const char *id = query->by_order_id ? ret->order.venue_order_id
					    : ret->order.client_order_id;
	return strcmp(id, query->id) == 0 && wanted(call, query, ret);
}

static void put_page(struct call *call, struct doc *list, const char *cursor)
{
	doc_text(call->result, "category", "linear");
	doc_child(call->result, "list", list);
	doc_text(call->result, "nextPageCursor", cursor);
}

/* --- open orders ---------------------------------------------------------------------------- */

/* The open orders that are wanted, oldest first. */
static struct view_orders open_orders(const struct call *call, const struct query *query)
{
	struct view_orders orders = view_open(call->venue, call->account, query->symbol);
	size_t kept = 0;

	for (size_t i = 0; i < orders.count; i++)
		if (wanted(call, query, &orders.items[i]))
			orders.items[kept++] = orders.items[i];
	orders.count = kept;
	return orders;
}

/* A cursor names the last order shown and when it was made, should it be gone by now. */
static void write_cursor(char cursor[CURSOR_SIZE], const struct order *last)
{
	(void)snprintf(
		cursor, CURSOR_SIZE, "%" PRId64 "_%s", last->created_ms, last->venue_order_id);
}

/* How many of the oldest orders are left after the page that the cursor ended. */
static size_t left_after(const struct view_orders *orders, const char *cursor)
{
	const char *id = strchr(cursor, '_');
	int64_t created_ms = strtoll(cursor, NULL, 10);
	size_t left = orders->count;

	if (id == NULL)
		return orders->count;
	for (size_t i = 0; i < orders->count; i++)
		if (strcmp(orders->items[i].order.venue_order_id, id + 1) == 0)
			return i;
	while (left > 0 && orders->items[left - 1].order.created_ms >= created_ms)
		left--;
	return left;
}

static void put_open(struct call *call, const struct query *query)
{
	CLEANUP(view_orders_done) struct view_orders orders = open_orders(call, query);
	char cursor[CURSOR_SIZE] = "";
	struct doc *list = doc_array();

	size_t left = left_after(&orders, query->cursor);
	for (size_t shown = 0; shown < query->limit && left > 0; shown++)
		doc_push(list, order_row(&orders.items[--left]));
	if (left > 0)
		write_cursor(cursor, &orders.items[left].order);
	put_page(call, list, cursor);
}

/* --- finished orders ------------------------------------------------------------------------ */

struct span {
	int64_t from_ms, to_ms;
	size_t most; /* of the newest, all symbols */
};

/* Cancelled and rejected orders without a fill are forgotten after a day. */
static bool remembered(const struct call *call, const struct broker_order *order)
{
	return !decimal_is_zero(order->order.filled) ||
	       order->order.updated_ms > call->venue->server_ms - DAY_MS;
}

static void put_finished(struct call *call, const struct query *query, struct span span)
{
	const struct records *records = &call->venue->records[call->account];
	uint64_t before = query->cursor[0] != '\0' ? strtoull(query->cursor, NULL, 10) : UINT64_MAX;
	size_t oldest = records->final_count > span.most ? records->final_count - span.most : 0;
	char cursor[CURSOR_SIZE] = "";
	struct doc *list = doc_array();
	size_t shown = 0;

	for (size_t i = records->final_count; i > oldest; i--) {
		const struct records_final *final = &records->finals[i - 1];
		struct broker_order order;
		if (final->time_ms < span.from_ms)
			break;
		if (final->sequence >= before || final->time_ms > span.to_ms ||
			!broker_order(
				call->venue->broker, (int)call->account, final->order_id, &order) ||
			!wanted(call, query, &order) || !remembered(call, &order))
			continue;
		if (shown == query->limit) {
			(void)snprintf(cursor, sizeof cursor, "%" PRIu64, final->sequence + 1);
			break;
		}
		doc_push(list, order_row(&order));
		shown++;
	}
	put_page(call, list, cursor);
}

static void put_one(struct call *call, const struct query *query, bool finished_only)
{
	struct doc *list = doc_array();
	struct broker_order order;

	if (find_one(call, query, &order) &&
		(!finished_only ||
			(order_status_final(order.order.status) && remembered(call, &order))))
		doc_push(list, order_row(&order));
	put_page(call, list, "");
}

/* --- routes --------------------------------------------------------------------------------- */

int as_bybit_listing_realtime(struct call *call)
{
	struct query query;
	char settle_coin[16] = "";
	int64_t open_only;

	if (parse_query(call, &query) == -1 ||
		as_bybit_integer(call, "openOnly", 0, 2, 0, &open_only) == -1)
		return -1;
	(void)call_argument(call, "settleCoin", settle_coin, sizeof settle_coin);
	if (query.symbol == -1 && settle_coin[0] == '\0')
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"Missing some parameters that must be filled in, symbol or settleCoin or "
			"baseCoin");
	if (query.id[0] != '\0')
		put_one(call, &query, false);
	else if (open_only == 0)
		put_open(call, &query);
	else
		put_finished(
			call, &query, (struct span){INT64_MIN, INT64_MAX, REALTIME_CLOSED_MAX});
	return 0;
}

int as_bybit_listing_history(struct call *call)
{
	struct query query;
	struct span span = {.most = SIZE_MAX};

	if (parse_query(call, &query) == -1 || as_bybit_span(call, HISTORY_SPAN_MS, HISTORY_SPAN_MS,
						       &span.from_ms, &span.to_ms) == -1)
		return -1;
	if (query.id[0] != '\0')
		put_one(call, &query, true);
	else
		put_finished(call, &query, span);
	return 0;
}
