#include "simulator/as_bybit_order.h"

#include "simulator/as_bybit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_ID_MAX 36
#define CANCEL_ALL_MAX 500

/* Accepted by the venue and left out here: silence would let a client believe that it has them. */
static const char *const not_modelled[] = {"takeProfit", "stopLoss", "tpslMode", "tpTriggerBy",
	"slTriggerBy", "tpLimitPrice", "slLimitPrice", "tpOrderType", "slOrderType", "orderIv",
	"slippageTolerance", "slippageToleranceType", "bboSideType", "bboLevel", "marketUnit",
	"smpType", "mmp", "trailingStop"};

static int refuse_not_modelled(struct call *call)
{
	for (size_t i = 0; i < sizeof not_modelled / sizeof not_modelled[0]; i++) {
		struct field field = {0};
		struct err err;
		if (field_get_optional(&call->body, not_modelled[i], &field, &err) == -1)
			return call_refuse(call, AS_BYBIT_PARAMETER, "params error");
		if (field_present(&field))
			return call_refuse(call, AS_BYBIT_PARAMETER,
				"%s is not modelled by this simulator", not_modelled[i]);
	}
	return 0;
}

static int parse_link_id(struct call *call, char ret[CLIENT_ID_SIZE])
{
	static const char word[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *text;

	if (as_bybit_text(call, "orderLinkId", &text) == -1)
		return -1;
	if (strlen(text) > LINK_ID_MAX)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "orderLinkId is longer than 36 characters");
	if (text[strspn(text, word)] != '\0')
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"orderLinkId has a character that is not allowed");
	(void)snprintf(ret, CLIENT_ID_SIZE, "%s", text);
	return 0;
}

static int parse_type(struct call *call, struct order_request *request)
{
	const char *text;
	bool has_price;

	if (as_bybit_text(call, "orderType", &text) == -1)
		return -1;
	if (strcmp(text, "Market") != 0 && strcmp(text, "Limit") != 0)
		return call_refuse(call, AS_BYBIT_PARAMETER, "OrderType invalid");
	request->type = strcmp(text, "Limit") == 0 ? ORDER_LIMIT : ORDER_MARKET;
	if (as_bybit_decimal(call, "price", &has_price, &request->price) == -1)
		return -1;
	if (request->type == ORDER_LIMIT && !has_price)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: price is empty");
	if (request->type == ORDER_MARKET)
		request->price = DECIMAL_ZERO; /* the venue ignores it */
	return 0;
}

static int parse_time_in_force(struct call *call, struct order_request *request)
{
	static const struct {
		char text[12];
		enum time_in_force value;
	} words[] = {{"", TIF_GTC}, {"GTC", TIF_GTC}, {"IOC", TIF_IOC}, {"FOK", TIF_FOK},
		{"PostOnly", TIF_POST_ONLY}};
	const char *text;

	if (as_bybit_text(call, "timeInForce", &text) == -1)
		return -1;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].text, text) == 0) {
			request->time_in_force = request->type == ORDER_MARKET ? TIF_IOC
									       : words[i].value;
			return 0;
		}
	}
	return call_refuse(call, AS_BYBIT_PARAMETER, "timeInForce invalid");
}

static int parse_trigger_by(struct call *call, struct order_request *request)
{
	const char *text;

	if (as_bybit_text(call, "triggerBy", &text) == -1)
		return -1;
	if (text[0] == '\0' || strcmp(text, "LastPrice") == 0)
		request->trigger_by = TRIGGER_LAST;
	else if (strcmp(text, "MarkPrice") == 0)
		request->trigger_by = TRIGGER_MARK;
	else if (strcmp(text, "IndexPrice") == 0)
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"triggerBy IndexPrice is not modelled by this simulator");
	else
		return call_refuse(call, AS_BYBIT_PARAMETER, "triggerBy invalid");
	return 0;
}

static int parse_trigger(struct call *call, struct order_request *request)
{
	bool conditional;
	int64_t direction;

	if (as_bybit_decimal(call, "triggerPrice", &conditional, &request->trigger_price) == -1 ||
		as_bybit_number(call, "triggerDirection", 0, &direction) == -1 ||
		parse_trigger_by(call, request) == -1)
		return -1;
	if (!conditional || decimal_is_zero(request->trigger_price)) {
		request->trigger_price = DECIMAL_ZERO;
		return 0;
	}
	if (direction != 1 && direction != 2)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: TriggerDirection invalid");
	request->trigger_rising = direction == 1;
	if (request->type == ORDER_MARKET)
		request->type = ORDER_STOP_MARKET;
	return 0;
}

static int parse_flags(struct call *call, struct order_request *request)
{
	const char *side;
	int64_t position_index;
	bool has_quantity;

	if (as_bybit_text(call, "side", &side) == -1 ||
		as_bybit_parse_side(call, side, &request->side) == -1 ||
		as_bybit_number(call, "positionIdx", 0, &position_index) == -1 ||
		as_bybit_parse_leg(call, position_index, &request->leg) == -1 ||
		as_bybit_flag(call, "reduceOnly", &request->reduce_only) == -1 ||
		as_bybit_flag(call, "closeOnTrigger", &request->close_on_trigger) == -1 ||
		as_bybit_decimal(call, "qty", &has_quantity, &request->quantity) == -1)
		return -1;
	if (!has_quantity)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: qty is empty");
	return 0;
}

int as_bybit_order_parse(struct call *call, struct order_request *ret)
{
	struct order_request request = {0};
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, true, &symbol) == -1 ||
		refuse_not_modelled(call) == -1 ||
		parse_link_id(call, request.client_order_id) == -1 ||
		parse_flags(call, &request) == -1 || parse_type(call, &request) == -1 ||
		parse_time_in_force(call, &request) == -1 || parse_trigger(call, &request) == -1)
		return -1;
	(void)snprintf(request.symbol, sizeof request.symbol, "%s",
		call->venue->instruments[symbol].rules.symbol);
	*ret = request;
	return 0;
}

static void put_ids(struct doc *object, const char *order_id, const char *link_id)
{
	doc_text(object, "orderId", order_id);
	doc_text(object, "orderLinkId", link_id);
}

int as_bybit_order_create(struct call *call)
{
	struct order_request request;
	struct order order;
	struct err err;

	if (as_bybit_order_parse(call, &request) == -1)
		return -1;
	if (desk_place(call->venue, call->account, &request, 0, &order, &err) == -1)
		return as_bybit_refuse_broker(call, &err);
	put_ids(call->result, order.venue_order_id, order.client_order_id);
	return 0;
}

/* The order that a body names by orderId, else by orderLinkId, of the body's symbol. */
static int find_named(struct call *call, struct broker_order *ret)
{
	const char *order_id = "", *link_id = "";
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, true, &symbol) == -1 ||
		as_bybit_text(call, "orderId", &order_id) == -1 ||
		as_bybit_text(call, "orderLinkId", &link_id) == -1)
		return -1;
	if (order_id[0] == '\0' && link_id[0] == '\0')
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: orderId or orderLinkId is empty");
	if (!broker_order(call->venue->broker, (int)call->account,
		    order_id[0] != '\0' ? order_id : link_id, ret) ||
		strcmp(ret->order.symbol, call->venue->instruments[symbol].rules.symbol) != 0)
		return call_refuse(
			call, AS_BYBIT_NO_ORDER, "order not exists or too late to cancel");
	return 0;
}

int as_bybit_order_amend(struct call *call)
{
	struct broker_amend amend = {0};
	struct broker_order found = {.pending = false};
	const char *trigger_by;
	struct err err;

	if (refuse_not_modelled(call) == -1 || find_named(call, &found) == -1 ||
		as_bybit_decimal(call, "qty", &amend.has_quantity, &amend.quantity) == -1 ||
		as_bybit_decimal(call, "price", &amend.has_price, &amend.price) == -1 ||
		as_bybit_decimal(call, "triggerPrice", &amend.has_trigger_price,
			&amend.trigger_price) == -1 ||
		as_bybit_text(call, "triggerBy", &trigger_by) == -1)
		return -1;
	if (trigger_by[0] != '\0' &&
		strcmp(trigger_by,
			found.request.trigger_by == TRIGGER_MARK ? "MarkPrice" : "LastPrice") != 0)
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"a change of triggerBy is not modelled by this simulator");
	if (!amend.has_quantity && !amend.has_price && !amend.has_trigger_price)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: there is nothing to amend");
	if (desk_amend(call->venue, call->account, found.order.venue_order_id, &amend, 0, &err) ==
		-1)
		return as_bybit_refuse_broker(call, &err);
	put_ids(call->result, found.order.venue_order_id, found.order.client_order_id);
	return 0;
}

int as_bybit_order_cancel(struct call *call)
{
	struct broker_order found = {.pending = false};
	struct err err;

	if (find_named(call, &found) == -1)
		return -1;
	if (desk_cancel(call->venue, call->account, found.order.venue_order_id, 0, &err) == -1)
		return as_bybit_refuse_broker(call, &err);
	put_ids(call->result, found.order.venue_order_id, found.order.client_order_id);
	return 0;
}

struct sweep { /* what cancel-all takes */
	bool plain, conditional;
	size_t count;
	struct {
		char order_id[VENUE_ORDER_ID_SIZE];
		char link_id[CLIENT_ID_SIZE];
	} orders[CANCEL_ALL_MAX];
};

static bool collect(void *context, const struct broker_order *order)
{
	struct sweep *sweep = context;
	bool waiting = order->order.status == ORDER_STATUS_UNTRIGGERED;

	if (waiting ? !sweep->conditional : !sweep->plain)
		return true;
	(void)snprintf(sweep->orders[sweep->count].order_id, VENUE_ORDER_ID_SIZE, "%s",
		order->order.venue_order_id);
	(void)snprintf(sweep->orders[sweep->count].link_id, CLIENT_ID_SIZE, "%s",
		order->order.client_order_id);
	return ++sweep->count < CANCEL_ALL_MAX;
}

static int parse_sweep(struct call *call, struct sweep *sweep, int *ret_symbol)
{
	const char *filter, *settle_coin, *base_coin;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, ret_symbol) == -1 ||
		as_bybit_text(call, "orderFilter", &filter) == -1 ||
		as_bybit_text(call, "settleCoin", &settle_coin) == -1 ||
		as_bybit_text(call, "baseCoin", &base_coin) == -1)
		return -1;
	if (base_coin[0] != '\0')
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "baseCoin is not modelled by this simulator");
	if (*ret_symbol == -1 && strcmp(settle_coin, "USDT") != 0)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: symbol or settleCoin is needed");
	if (filter[0] != '\0' && strcmp(filter, "Order") != 0 && strcmp(filter, "StopOrder") != 0)
		return call_refuse(call, AS_BYBIT_PARAMETER, "orderFilter invalid");
	sweep->plain = strcmp(filter, "StopOrder") != 0;
	sweep->conditional = strcmp(filter, "Order") != 0;
	return 0;
}

/* An order that ended meanwhile is not in the answer, as if it had not been there. */
static struct doc *cancel_collected(struct call *call, const struct sweep *sweep)
{
	struct doc *list = doc_array();
	struct err err;

	for (size_t i = 0; i < sweep->count; i++) {
		if (desk_cancel(call->venue, call->account, sweep->orders[i].order_id, 0, &err) ==
			-1)
			continue;
		struct doc *row = doc_object();
		put_ids(row, sweep->orders[i].order_id, sweep->orders[i].link_id);
		doc_push(list, row);
	}
	return list;
}

int as_bybit_order_cancel_all(struct call *call)
{
	struct sweep *sweep = mem_zero(1, sizeof *sweep);
	int symbol;

	if (parse_sweep(call, sweep, &symbol) == -1) {
		free(sweep);
		return -1;
	}
	broker_orders(call->venue->broker, (int)call->account, symbol, collect, sweep);
	doc_child(call->result, "list", cancel_collected(call, sweep));
	doc_text(call->result, "success", "1");
	free(sweep);
	return 0;
}
