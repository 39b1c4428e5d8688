#include "simulator/as_phemex_order.h"

#include "core/base/cleanup.h"
#include "simulator/as_phemex.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 40
#define DAY_MS (INT64_C(86400) * 1000)
#define TRADES_MAX 200
#define TRADES_DEFAULT 20
#define TRADES_SPAN_MS (2 * DAY_MS)
#define CUT_ID 7 /* what the older list shows of an execution's and a client's id */

static void put(struct doc *row, const char *name, struct decimal amount)
{
	doc_decimal(row, name, decimal_trim(amount));
}

static const char *symbol_name(const struct call *call, int symbol)
{
	return call->venue->instruments[symbol].rules.symbol;
}

/* --- what is asked -------------------------------------------------------------------------- */

static int parse_client_id(struct call *call, struct order_request *request)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	char text[CALL_TEXT_SIZE];

	if (!call_param(call, "clOrdID", text))
		return 0;
	if (strlen(text) > ID_MAX || text[strspn(text, letters)] != '\0')
		return call->dialect->refuse_parameter(call, "clOrdID");
	(void)snprintf(request->client_order_id, sizeof request->client_order_id, "%.40s", text);
	return 0;
}

static int parse_legs(struct call *call, struct order_request *request)
{
	static const char *const sides[] = {"Buy", "Sell", NULL};
	static const char *const legs[] = {"Long", "Short", "Merged", NULL};
	static const enum leg values[] = {LEG_LONG, LEG_SHORT, LEG_ONE_WAY};
	char text[CALL_TEXT_SIZE];
	int side, leg;

	if (as_phemex_required(call, "side", text) == -1 ||
		call_param_word(call, "side", sides, 0, &side) == -1 ||
		as_phemex_required(call, "posSide", text) == -1 ||
		call_param_word(call, "posSide", legs, 2, &leg) == -1 ||
		call_param_flag(call, "reduceOnly", &request->reduce_only) == -1 ||
		call_param_flag(call, "closeOnTrigger", &request->close_on_trigger) == -1)
		return -1;
	request->side = side == 0 ? SIDE_BUY : SIDE_SELL;
	request->leg = values[leg];
	return 0;
}

static int required_amount(struct call *call, const char *name, struct decimal *ret)
{
	char text[CALL_TEXT_SIZE];
	bool present;

	if (as_phemex_required(call, name, text) == -1)
		return -1;
	return call_param_decimal(call, name, &present, ret);
}

static int parse_trigger_type(struct call *call, enum trigger_by *ret)
{
	static const char *const types[] = {"ByLastPrice", "ByMarkPrice", NULL};
	int type;

	if (call_param_word(call, "triggerType", types, 0, &type) == -1)
		return -1;
	*ret = type == 1 ? TRIGGER_MARK : TRIGGER_LAST;
	return 0;
}

/* A stop's direction is part of its type: Stop goes against the market, …IfTouched with it. */
static int parse_type(struct call *call, struct order_request *request)
{
	static const char *const types[] = {
		"Limit", "Market", "Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched", NULL};
	int type;

	if (call_param_word(call, "ordType", types, 0, &type) == -1 ||
		required_amount(call, "orderQtyRq", &request->quantity) == -1)
		return -1;
	bool limit = type == 0 || type == 3 || type == 5;
	request->type = limit ? ORDER_LIMIT : type == 1 ? ORDER_MARKET : ORDER_STOP_MARKET;
	if (limit && required_amount(call, "priceRp", &request->price) == -1)
		return -1;
	if (type < 2)
		return 0; /* a trigger beside a plain type is passed over, as by the venue */
	request->trigger_rising = (type < 4) == (request->side == SIDE_BUY);
	if (required_amount(call, "stopPxRp", &request->trigger_price) == -1)
		return -1;
	return parse_trigger_type(call, &request->trigger_by);
}

static int parse_time_in_force(struct call *call, struct order_request *request)
{
	static const char *const texts[] = {
		"GoodTillCancel", "PostOnly", "ImmediateOrCancel", "FillOrKill", NULL};
	static const enum time_in_force values[] = {TIF_GTC, TIF_POST_ONLY, TIF_IOC, TIF_FOK};
	int word;

	if (call_param_word(call, "timeInForce", texts, 0, &word) == -1)
		return -1;
	request->time_in_force = request->type == ORDER_LIMIT ? values[word] : TIF_IOC;
	return 0;
}

/* Accepted by the venue and left out here: silence would let a client believe that it has them. */
static int refuse_not_modelled(struct call *call)
{
	static const char *const names[] = {"takeProfitRp", "stopLossRp", "tpPxRp", "slPxRp",
		"tpTrigger", "slTrigger", "pegOffsetValueRp", "pegPriceType",
		"pegOffsetProportionRr"};
	char text[CALL_TEXT_SIZE];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (call_param(call, names[i], text))
			return call_refuse(call, AS_PHEMEX_ARGUMENT,
				"%s is not modelled by this simulator", names[i]);
	return 0;
}

/* A conditional order that may only reduce is refused while there is nothing to reduce. */
static bool reduces_nothing(
	const struct call *call, int symbol, const struct order_request *request)
{
	struct position positions[POSITIONS_MAX];
	size_t count = broker_positions(call->venue->broker, (int)call->account, symbol, positions);
	bool reduces = request->reduce_only || request->close_on_trigger;

	if (!reduces || decimal_is_zero(request->trigger_price))
		return false;
	for (size_t i = 0; i < count; i++)
		if (positions[i].leg == request->leg && !decimal_is_zero(positions[i].quantity))
			return false;
	return true;
}

/* --- rows ----------------------------------------------------------------------------------- */

static const char *status_text(const struct broker_order *order)
{
	switch (order->order.status) {
	case ORDER_STATUS_OPEN:
		return order->pending                         ? "Created"
		       : decimal_is_zero(order->order.filled) ? "New"
							      : "PartiallyFilled";
	case ORDER_STATUS_UNTRIGGERED:
		return "Untriggered";
	case ORDER_STATUS_FILLED:
		return "Filled";
	case ORDER_STATUS_CANCELLED:
		return view_conditional(order) && !order->triggered ? "Deactivated" : "Canceled";
	case ORDER_STATUS_REJECTED:
		return "Rejected";
	}
	return "";
}

static const char *type_text(const struct broker_order *order)
{
	const struct order_request *request = &order->request;
	bool limit = request->type == ORDER_LIMIT;
	bool stop = request->trigger_rising == (request->side == SIDE_BUY);

	if (!view_conditional(order))
		return limit ? "Limit" : "Market";
	if (stop)
		return limit ? "StopLimit" : "Stop";
	return limit ? "LimitIfTouched" : "MarketIfTouched";
}

static const char *time_in_force_word(const struct order_request *request)
{
	static const char *const words[] = {[TIF_GTC] = "GoodTillCancel",
		[TIF_IOC] = "ImmediateOrCancel",
		[TIF_FOK] = "FillOrKill",
		[TIF_POST_ONLY] = "PostOnly"};

	return request->type == ORDER_LIMIT ? words[request->time_in_force] : "ImmediateOrCancel";
}

static const char *exec_inst(const struct order_request *request)
{
	return request->close_on_trigger ? "CloseOnTrigger"
	       : request->reduce_only    ? "ReduceOnly"
					 : "None";
}

static int reject_code(const struct broker_order *order)
{
	switch (order->reason) {
	case BROKER_REASON_POST_ONLY:
		return 101;
	case BROKER_REASON_MARGIN:
		return 11001;
	case BROKER_REASON_RISK_LIMIT:
		return 11081;
	case BROKER_REASON_REDUCE_ONLY:
		return 11011;
	case BROKER_REASON_NONE:
	case BROKER_REASON_USER:
	case BROKER_REASON_NO_LIQUIDITY:
	case BROKER_REASON_LIQUIDATION:
	case BROKER_REASON_SETTLEMENT:
		return 0;
	}
	return 0;
}

static void put_trigger(struct doc *row, const struct broker_order *order)
{
	bool conditional = view_conditional(order);

	doc_decimal(row, "stopPxRp", order->order.trigger_price);
	doc_text(row, "trigger",
		!conditional                                ? "UNSPECIFIED"
		: order->request.trigger_by == TRIGGER_MARK ? "ByMarkPrice"
							    : "ByLastPrice");
	doc_text(row, "stopDirection",
		!conditional                    ? "UNSPECIFIED"
		: order->request.trigger_rising ? "Rising"
						: "Falling");
}

static void put_amounts(struct doc *row, const struct broker_order *order)
{
	const struct order *shown = &order->order;

	doc_decimal(row, "priceRp", shown->price);
	doc_decimal(row, "orderQtyRq", shown->quantity);
	doc_decimal(row, "displayQtyRq", shown->quantity);
	doc_decimal(row, "cumQtyRq", shown->filled);
	put(row, "cumValueRv", shown->filled_value);
	doc_decimal(row, "leavesQtyRq", view_left(shown));
	put(row, "leavesValueRv",
		decimal_mul(view_left(shown), decimal_max(shown->price, DECIMAL_ZERO)));
	doc_text(row, "closedPnlRv", "0");
	doc_text(row, "closedSizeRq", "0");
}

/* by_id: as the history store shows it, where two ids and the type are spelt otherwise. */
static struct doc *order_row(const struct broker_order *order, bool by_id)
{
	const struct order *shown = &order->order;
	struct doc *row = doc_object();

	doc_int(row, "bizError", reject_code(order));
	doc_text(row, by_id ? "orderId" : "orderID", shown->venue_order_id);
	doc_text(row, by_id ? "clOrdId" : "clOrdID", shown->client_order_id);
	doc_text(row, by_id ? "ordType" : "orderType", type_text(order));
	doc_text(row, "symbol", shown->symbol);
	doc_text(row, "side", as_phemex_side(shown->side));
	doc_text(row, "posSide", as_phemex_leg(shown->leg));
	doc_text(row, "ordStatus", status_text(order));
	doc_text(row, "timeInForce", time_in_force_word(&order->request));
	doc_bool(row, "reduceOnly", order->request.reduce_only);
	doc_text(row, "execInst", exec_inst(&order->request));
	put_amounts(row, order);
	put_trigger(row, order);
	put(row, "execFeeRv", order->fee);
	doc_text(row, "takeProfitRp", "0");
	doc_text(row, "stopLossRp", "0");
	as_phemex_put_ns(row, "actionTimeNs", shown->created_ms);
	as_phemex_put_ns(row, "transactTimeNs", shown->updated_ms);
	if (by_id) {
		doc_int(row, "createTime", shown->created_ms);
		doc_int(row, "updateTime", shown->updated_ms);
	}
	return row;
}

static struct doc *receipt(const struct call *call, const char *order_id, const char *exec_status)
{
	struct broker_order order = {.pending = false};

	(void)broker_order(call->venue->broker, (int)call->account, order_id, &order);
	struct doc *row = order_row(&order, false);
	doc_text(row, "execStatus", exec_status);
	return row;
}

/* --- changing ------------------------------------------------------------------------------- */

int as_phemex_order_place(struct call *call)
{
	struct order_request request = {0};
	struct order order;
	struct err err;
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1 || refuse_not_modelled(call) == -1 ||
		parse_client_id(call, &request) == -1 || parse_legs(call, &request) == -1 ||
		parse_type(call, &request) == -1 || parse_time_in_force(call, &request) == -1)
		return -1;
	(void)snprintf(request.symbol, sizeof request.symbol, "%s", symbol_name(call, symbol));
	if (reduces_nothing(call, symbol, &request))
		return call_refuse(call, 11057, "TE_QTY_NOT_MATCH_REDUCE_ONLY");
	if (desk_place(call->venue, call->account, &request, 0, &order, &err) == -1)
		return as_phemex_refuse_broker(call, &err);
	call_set_result(call, receipt(call, order.venue_order_id, "PendingNew"));
	return 0;
}

static bool find_by(const struct call *call, const char *id, bool by_client, int symbol,
	struct broker_order *ret)
{
	return broker_order(call->venue->broker, (int)call->account, id, ret) &&
	       strcmp(by_client ? ret->order.client_order_id : ret->order.venue_order_id, id) ==
		       0 &&
	       strcmp(ret->order.symbol, symbol_name(call, symbol)) == 0;
}

/* The order that a change names; symbol and leg must be its own. */
static int find_named(struct call *call, const char *client_name, struct broker_order *ret)
{
	char order_id[CALL_TEXT_SIZE], client_id[CALL_TEXT_SIZE], leg[CALL_TEXT_SIZE];
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1 ||
		as_phemex_required(call, "posSide", leg) == -1)
		return -1;
	bool has_id = call_param(call, "orderID", order_id);
	if (!has_id && as_phemex_required(call, client_name, client_id) == -1)
		return -1;
	if (!find_by(call, has_id ? order_id : client_id, !has_id, symbol, ret) ||
		strcmp(as_phemex_leg(ret->order.leg), leg) != 0)
		return call_refuse(call, AS_PHEMEX_NO_ORDER, "OM_ORDER_NOT_FOUND");
	return 0;
}

int as_phemex_order_cancel(struct call *call)
{
	struct broker_order order;
	struct err err;

	if (find_named(call, "clOrdID", &order) == -1)
		return -1;
	if (order.order.status == ORDER_STATUS_CANCELLED)
		return call_refuse(call, 11062, "TE_ORD_ALREADY_CANCELED");
	if (order_status_final(order.order.status))
		return call_refuse(call, 11063, "TE_ORD_STATUS_CANNOT_CANCEL");
	if (desk_cancel(call->venue, call->account, order.order.venue_order_id, 0, &err) == -1)
		return as_phemex_refuse_broker(call, &err);
	call_set_result(call, receipt(call, order.order.venue_order_id, "PendingCancel"));
	return 0;
}

int as_phemex_order_replace(struct call *call)
{
	struct broker_amend amend = {.has_price = false};
	struct broker_order order;
	enum trigger_by trigger_by;
	char text[CALL_TEXT_SIZE];
	struct err err;

	if (refuse_not_modelled(call) == -1 || find_named(call, "origClOrdID", &order) == -1 ||
		call_param_decimal(call, "priceRp", &amend.has_price, &amend.price) == -1 ||
		call_param_decimal(call, "orderQtyRq", &amend.has_quantity, &amend.quantity) ==
			-1 ||
		call_param_decimal(
			call, "stopPxRp", &amend.has_trigger_price, &amend.trigger_price) == -1 ||
		parse_trigger_type(call, &trigger_by) == -1)
		return -1;
	if (call_param(call, "triggerType", text) && trigger_by != order.request.trigger_by)
		return call_refuse(call, AS_PHEMEX_ARGUMENT,
			"a change of triggerType is not modelled by this simulator");
	if (order_status_final(order.order.status))
		return call_refuse(call, 11066, "TE_ORD_STATUS_CANNOT_REPLACE");
	if (desk_amend(call->venue, call->account, order.order.venue_order_id, &amend, 0, &err) ==
		-1)
		return as_phemex_refuse_broker(call, &err);
	call_set_result(call, receipt(call, order.order.venue_order_id, "PendingReplace"));
	return 0;
}

/* Two calls: the working ones with the fired ones, and those that wait. */
int as_phemex_order_cancel_all(struct call *call)
{
	struct err err;
	int64_t cancelled = 0;
	bool waiting;
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1 ||
		call_param_flag(call, "untriggered", &waiting) == -1)
		return -1;
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, symbol);
	for (size_t i = 0; i < orders.count; i++) {
		const struct broker_order *order = &orders.items[i];
		if ((order->order.status == ORDER_STATUS_UNTRIGGERED) == waiting &&
			desk_cancel(call->venue, call->account, order->order.venue_order_id, 0,
				&err) == 0)
			cancelled++;
	}
	doc_int(call->result, "count", cancelled);
	return 0;
}

/* --- asking --------------------------------------------------------------------------------- */

int as_phemex_order_active(struct call *call)
{
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1)
		return -1;
	CLEANUP(view_orders_done)
	struct view_orders orders = view_open(call->venue, call->account, symbol);
	/* So the venue says "none". */
	if (orders.count == 0)
		return call_refuse(call, AS_PHEMEX_NO_ORDER, "OM_ORDER_NOT_FOUND");
	struct doc *rows = doc_array();
	for (size_t i = orders.count; i > 0; i--)
		doc_push(rows, order_row(&orders.items[i - 1], false));
	doc_child(call->result, "rows", rows);
	doc_text(call->result, "nextPageArg", "");
	return 0;
}

int as_phemex_order_by_id(struct call *call)
{
	char order_id[CALL_TEXT_SIZE], client_id[CALL_TEXT_SIZE];
	struct broker_order order;
	int symbol;

	if (as_phemex_symbol(call, true, &symbol) == -1)
		return -1;
	bool has_id = call_param(call, "orderID", order_id);
	bool has_client = call_param(call, "clOrdID", client_id);
	if (!has_id && !has_client)
		return call_refuse(call, AS_PHEMEX_MISSING, "Missing parameter - orderID");
	struct doc *list = doc_array();
	if ((has_id && find_by(call, order_id, false, symbol, &order)) ||
		(has_client && find_by(call, client_id, true, symbol, &order)))
		doc_push(list, order_row(&order, true));
	call_set_result(call, list);
	return 0;
}

/* --- the books ------------------------------------------------------------------------------ */

struct page {
	int symbol; /* -1: all */
	int64_t from_ms, to_ms, offset, limit;
};

static int parse_page(struct call *call, struct page *ret)
{
	int64_t now_ms = call->venue->server_ms;

	if (as_phemex_symbol(call, false, &ret->symbol) == -1 ||
		call_param_integer(call, "end", 0, INT64_MAX / 2, now_ms, &ret->to_ms) == -1 ||
		call_param_integer(call, "start", 0, INT64_MAX / 2, ret->to_ms - TRADES_SPAN_MS,
			&ret->from_ms) == -1 ||
		call_param_integer(call, "offset", 0, 1000000, 0, &ret->offset) == -1 ||
		call_param_integer(call, "limit", 1, TRADES_MAX, TRADES_DEFAULT, &ret->limit) == -1)
		return -1;
	return 0;
}

/* Newest first; offset is a page's number. */
static struct view_entries entries_of(
	const struct call *call, const struct page *page, unsigned kinds)
{
	size_t skip = (size_t)(page->offset * page->limit);
	struct view_entries entries = view_entries(call->venue, call->account,
		&(struct view_wanted){.kinds = kinds,
			.symbol = page->symbol,
			.from_ms = page->from_ms,
			.to_ms = page->to_ms,
			.most = skip + (size_t)page->limit});

	if (skip >= entries.count) {
		entries.count = 0;
	} else if (skip > 0) {
		entries.count -= skip;
		memmove((void *)entries.items, (const void *)&entries.items[skip],
			entries.count * sizeof entries.items[0]);
	}
	return entries;
}

static const char *trade_type(const struct records_entry *entry)
{
	if (entry->kind == RECORDS_FUNDING)
		return "Funding";
	switch (entry->fill.kind) {
	case FILL_TRADE:
		return "Trade";
	case FILL_LIQUIDATION:
		return "LiqTrade";
	case FILL_ADL:
	case FILL_SETTLEMENT: /* the venue has no word for it that is documented */
		return "AdlTrade";
	}
	return "";
}

static const char *fill_type(const struct records_entry *entry)
{
	return entry->has_order && entry->order.type == ORDER_LIMIT ? "Limit" : "Market";
}

static struct doc *fill_row(const struct call *call, const struct records_entry *entry)
{
	const struct fill *fill = &entry->fill;
	struct doc *row = doc_object();

	doc_text(row, "action", "New");
	doc_text(row, "execID", fill->exec_id);
	doc_text(row, "orderID", fill->venue_order_id);
	doc_text(row, "clOrdID", fill->client_order_id);
	doc_text(row, "symbol", fill->symbol);
	doc_text(row, "currency", "USDT");
	doc_text(row, "side", as_phemex_side(fill->side));
	doc_text(row, "posSide", as_phemex_leg(entry->leg));
	doc_text(row, "ordType", fill_type(entry));
	doc_decimal(row, "priceRp", entry->has_order ? entry->order.price : fill->price);
	doc_decimal(row, "orderQtyRq", entry->has_order ? entry->order.quantity : fill->quantity);
	doc_decimal(row, "execPriceRp", fill->price);
	doc_decimal(row, "execQtyRq", fill->quantity);
	put(row, "execValueRv", decimal_mul(fill->price, fill->quantity));
	put(row, "execFeeRv", fill->fee);
	doc_decimal(row, "feeRateRr", view_fee_rate(call->venue, fill));
	doc_text(row, "ptFeeRv", "0");
	doc_decimal(row, "closedSizeRq", fill->closed_quantity);
	put(row, "closedPnlRv", entry->cash_flow);
	doc_text(row, "tradeType", trade_type(entry));
	doc_text(row, "execStatus", fill->liquidity == LIQUIDITY_MAKER ? "MakerFill" : "TakerFill");
	as_phemex_put_ns(row, "transactTimeNs", entry->time_ms);
	return row;
}

static void put_payment(struct doc *row, const struct records_entry *entry)
{
	const struct funding_payment *funding = &entry->funding;

	doc_text(row, "symbol", funding->symbol);
	doc_text(row, "currency", "USDT");
	doc_text(row, "side", view_funding_short(entry) ? "Sell" : "Buy");
	doc_decimal(row, "execQtyRq", funding->quantity);
	doc_decimal(row, "execPriceRp", entry->mark);
	put(row, "execValueRv", decimal_mul(entry->mark, funding->quantity));
	put(row, "execFeeRv", decimal_neg(funding->amount));
	put(row, "feeRateRr", funding->rate);
}

/* The same payment is in both lists: clients must take it from one of them only. */
static struct doc *settlement_row(const struct records_entry *entry)
{
	struct doc *row = doc_object();

	put_payment(row, entry);
	doc_text(row, "action", "SettleFundingFee");
	doc_text(row, "execID", entry->funding.id);
	doc_text(row, "orderID", "");
	doc_text(row, "clOrdID", "");
	doc_text(row, "posSide", as_phemex_leg(entry->leg));
	doc_text(row, "ordType", "UNSPECIFIED");
	doc_text(row, "closedSizeRq", "0");
	doc_text(row, "closedPnlRv", "0");
	doc_text(row, "tradeType", "Funding");
	doc_text(row, "execStatus", "Init");
	as_phemex_put_ns(row, "transactTimeNs", entry->time_ms);
	return row;
}

int as_phemex_order_trades(struct call *call)
{
	struct page page;

	if (parse_page(call, &page) == -1)
		return -1;
	CLEANUP(view_entries_done)
	struct view_entries entries = entries_of(call, &page, VIEW_FILLS | VIEW_FUNDING);
	struct doc *rows = doc_array();
	for (size_t i = 0; i < entries.count; i++)
		doc_push(rows, entries.items[i]->kind == RECORDS_FUNDING
				       ? settlement_row(entries.items[i])
				       : fill_row(call, entries.items[i]));
	doc_int(call->result, "total", -1);
	doc_child(call->result, "rows", rows);
	return 0;
}

/* Words are numbers in the older list, and two ids are cut. */
static struct doc *trading_row(const struct call *call, const struct records_entry *entry)
{
	const struct fill *fill = &entry->fill;
	size_t length = strlen(fill->exec_id);
	static const int types[] = {
		[FILL_TRADE] = 1, [FILL_LIQUIDATION] = 6, [FILL_ADL] = 7, [FILL_SETTLEMENT] = 7};
	struct doc *row = doc_object();
	char client_id[CUT_ID + 1];

	(void)snprintf(client_id, sizeof client_id, "%.7s", fill->client_order_id);
	doc_int(row, "createdAt", entry->time_ms);
	doc_text(row, "symbol", fill->symbol);
	doc_text(row, "currency", "USDT");
	doc_int(row, "action", 1);
	doc_int(row, "tradeType", types[fill->kind]);
	doc_text(row, "execId", &fill->exec_id[length > CUT_ID ? length - CUT_ID : 0]);
	doc_text(row, "orderID", fill->venue_order_id);
	doc_text(row, "clOrdID", client_id);
	doc_int(row, "side", fill->side == SIDE_BUY ? 1 : 2);
	doc_int(row, "posSide", entry->leg == LEG_LONG ? 1 : entry->leg == LEG_SHORT ? 2 : 3);
	doc_int(row, "ordType", strcmp(fill_type(entry), "Limit") == 0 ? 2 : 1);
	doc_decimal(row, "execQtyRq", fill->quantity);
	doc_decimal(row, "execPriceRp", fill->price);
	put(row, "execValueRv", decimal_mul(fill->price, fill->quantity));
	put(row, "execFeeRv", fill->fee);
	doc_decimal(row, "feeRateRr", view_fee_rate(call->venue, fill));
	put(row, "closedPnlRv", entry->cash_flow);
	doc_text(row, "ptFeeRv", "0");
	doc_int(row, "execStatus", fill->liquidity == LIQUIDITY_MAKER ? 6 : 7);
	return row;
}

int as_phemex_order_trading_list(struct call *call)
{
	char currency[CALL_TEXT_SIZE];
	struct page page;

	if (as_phemex_required(call, "currency", currency) == -1 || parse_page(call, &page) == -1)
		return -1;
	CLEANUP(view_entries_done)
	struct view_entries entries = entries_of(call, &page, VIEW_FILLS);
	struct doc *rows = doc_array();
	for (size_t i = 0; i < entries.count; i++)
		doc_push(rows, trading_row(call, entries.items[i]));
	call_set_result(call, rows);
	return 0;
}

int as_phemex_order_funding_fees(struct call *call)
{
	struct page page;
	char symbol[CALL_TEXT_SIZE];

	if (as_phemex_required(call, "symbol", symbol) == -1 || parse_page(call, &page) == -1)
		return -1;
	page.from_ms = INT64_MIN;
	page.to_ms = INT64_MAX;
	CLEANUP(view_entries_done)
	struct view_entries entries = entries_of(call, &page, VIEW_FUNDING);
	struct doc *rows = doc_array();
	for (size_t i = 0; i < entries.count; i++) {
		struct doc *row = doc_object();
		put_payment(row, entries.items[i]);
		put(row, "fundingRateRr", entries.items[i]->funding.rate);
		doc_int(row, "createTime", entries.items[i]->time_ms);
		doc_push(rows, row);
	}
	doc_child(call->result, "rows", rows);
	return 0;
}
