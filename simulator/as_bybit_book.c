#include "simulator/as_bybit_book.h"

#include "simulator/as_bybit.h"
#include "simulator/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS (INT64_C(86400) * 1000)
#define SPAN_MAX_MS (7 * DAY_MS)
#define ID_SIZE 256 /* room to see that an id is too long, rather than to miss it */
#define AVERAGE_SCALE 8

/* What a request asks for; each route uses its part. */
struct query {
	int symbol; /* -1: all */
	char type[32];
	int64_t from_ms, to_ms;
	size_t limit;
	uint64_t before; /* only rows of an earlier sequence; from the cursor */
};

static int parse_query(struct call *call, int64_t page_max, int64_t page_default, int64_t span_ms,
	struct query *ret)
{
	char cursor[32] = "";

	*ret = (struct query){.before = UINT64_MAX};
	if (as_bybit_symbol(call, false, &ret->symbol) == -1 ||
		as_bybit_limit(call, page_max, page_default, &ret->limit) == -1 ||
		as_bybit_span(call, span_ms, SPAN_MAX_MS, &ret->from_ms, &ret->to_ms) == -1)
		return -1;
	if (call_argument(call, "cursor", cursor, sizeof cursor))
		ret->before = strtoull(cursor, NULL, 10);
	return 0;
}

static void put_page(struct call *call, struct doc *list, uint64_t next)
{
	char cursor[24] = "";

	if (next != 0)
		(void)snprintf(cursor, sizeof cursor, "%" PRIu64, next);
	doc_child(call->result, "list", list);
	doc_text(call->result, "nextPageCursor", cursor);
}

static const struct records *records_of(const struct call *call)
{
	return &call->venue->records[call->account];
}

static bool of_symbol(const struct call *call, const struct query *query, const char *symbol)
{
	return query->symbol == -1 ||
	       strcmp(symbol, call->venue->instruments[query->symbol].rules.symbol) == 0;
}

static bool is_stop(const struct records_entry *entry)
{
	return entry->has_order && !decimal_is_zero(entry->order.trigger_price);
}

/* --- executions ----------------------------------------------------------------------------- */

static const char *exec_type(const struct records_entry *entry)
{
	if (entry->kind == RECORDS_FUNDING)
		return "Funding";
	switch (entry->fill.kind) {
	case FILL_TRADE:
		return "Trade";
	case FILL_LIQUIDATION:
		return "BustTrade";
	case FILL_ADL:
		return "AdlTrade";
	case FILL_SETTLEMENT:
		return "Delivery";
	}
	return "";
}

static const char *create_type(const struct records_entry *entry)
{
	if (is_stop(entry))
		return "CreateByStopOrder";
	switch (entry->fill.kind) {
	case FILL_TRADE:
		return "CreateByUser";
	case FILL_LIQUIDATION:
		return "CreateByTakeOver_PassThrough";
	case FILL_ADL:
		return "CreateByAdl_PassThrough";
	case FILL_SETTLEMENT:
		return "CreateBySettle";
	}
	return "";
}

static void put_fill(const struct call *call, struct doc *row, const struct records_entry *entry)
{
	const struct fill *fill = &entry->fill;
	bool limit = entry->has_order && entry->order.type == ORDER_LIMIT;
	struct decimal quantity = entry->has_order ? entry->order.quantity : fill->quantity;
	struct decimal left = entry->has_order ? view_left(&entry->order) : DECIMAL_ZERO;

	doc_text(row, "symbol", fill->symbol);
	doc_text(row, "orderId", fill->venue_order_id);
	doc_text(row, "orderLinkId", fill->client_order_id);
	doc_text(row, "side", as_bybit_side(fill->side));
	doc_text(row, "orderType", limit ? "Limit" : "Market");
	doc_text(row, "stopOrderType", is_stop(entry) ? "Stop" : "UNKNOWN");
	doc_text(row, "createType", create_type(entry));
	doc_decimal(row, "orderPrice", entry->has_order ? entry->order.price : fill->price);
	doc_decimal(row, "orderQty", quantity);
	doc_decimal(row, "leavesQty", left);
	doc_text(row, "execId", fill->exec_id);
	doc_decimal(row, "execPrice", fill->price);
	doc_decimal(row, "execQty", fill->quantity);
	doc_decimal(row, "execValue", decimal_trim(decimal_mul(fill->price, fill->quantity)));
	doc_decimal(row, "execFee", decimal_trim(fill->fee));
	doc_decimal(row, "feeRate", view_fee_rate(call->venue, fill));
	doc_bool(row, "isMaker", fill->liquidity == LIQUIDITY_MAKER);
	doc_decimal(row, "closedSize", fill->closed_quantity);
}

static void put_funding(struct doc *row, const struct records_entry *entry)
{
	const struct funding_payment *funding = &entry->funding;

	doc_text(row, "symbol", funding->symbol);
	doc_text(row, "orderId", funding->id);
	doc_text(row, "orderLinkId", "");
	/* As the venue books it: the payment of a long is a Buy. */
	doc_text(row, "side", view_funding_short(entry) ? "Sell" : "Buy");
	doc_text(row, "orderType", "UNKNOWN");
	doc_text(row, "stopOrderType", "UNKNOWN");
	doc_text(row, "createType", "");
	doc_text(row, "orderPrice", "0");
	doc_text(row, "orderQty", "0");
	doc_text(row, "leavesQty", "0");
	doc_text(row, "execId", funding->id);
	doc_decimal(row, "execPrice", entry->mark);
	doc_decimal(row, "execQty", funding->quantity);
	doc_decimal(row, "execValue", decimal_trim(decimal_mul(entry->mark, funding->quantity)));
	doc_decimal(row, "execFee", decimal_trim(decimal_neg(funding->amount)));
	doc_decimal(row, "feeRate", decimal_trim(funding->rate));
	doc_bool(row, "isMaker", false);
	doc_text(row, "closedSize", "0");
}

static struct doc *execution_row(const struct call *call, const struct records_entry *entry)
{
	struct doc *row = doc_object();

	if (entry->kind == RECORDS_FUNDING)
		put_funding(row, entry);
	else
		put_fill(call, row, entry);
	doc_text(row, "execType", exec_type(entry));
	call_put_integer(row, "execTime", entry->time_ms);
	doc_text(row, "feeCurrency", "");
	doc_decimal(row, "markPrice", entry->mark);
	doc_text(row, "indexPrice", "");
	doc_text(row, "underlyingPrice", "");
	doc_text(row, "blockTradeId", "");
	doc_int(row, "seq", (int64_t)entry->sequence);
	return row;
}

static bool execution_wanted(
	const struct call *call, const struct query *query, const struct records_entry *entry)
{
	const char *symbol = entry->kind == RECORDS_FUNDING ? entry->funding.symbol
							    : entry->fill.symbol;

	return entry->kind != RECORDS_TRANSFER && entry->sequence < query->before &&
	       entry->time_ms <= query->to_ms && of_symbol(call, query, symbol) &&
	       (query->type[0] == '\0' || strcmp(query->type, exec_type(entry)) == 0);
}

static void put_executions(struct call *call, const struct query *query)
{
	const struct records *records = records_of(call);
	struct doc *list = doc_array();
	uint64_t next = 0;
	size_t shown = 0;

	for (size_t i = records->entry_count; i > 0; i--) {
		const struct records_entry *entry = &records->entries[i - 1];
		if (entry->time_ms < query->from_ms)
			break;
		if (!execution_wanted(call, query, entry))
			continue;
		if (shown == query->limit) {
			next = entry->sequence + 1;
			break;
		}
		doc_push(list, execution_row(call, entry));
		shown++;
	}
	put_page(call, list, next);
}

/* With an order given, every other filter is ignored. */
static void put_executions_of(struct call *call, const struct query *query, const char *id)
{
	const struct records *records = records_of(call);
	struct broker_order order;
	struct doc *list = doc_array();
	size_t shown = 0;
	uint64_t next = 0;
	/* A forced fill has an order id of the venue's, and no order. */
	const char *order_id = broker_order(call->venue->broker, (int)call->account, id, &order)
				       ? order.order.venue_order_id
				       : id;

	for (size_t i = records_fill_of(records, order_id); i != RECORDS_NONE;
		i = records->entries[i].previous_of_order) {
		const struct records_entry *entry = &records->entries[i];
		if (entry->sequence >= query->before)
			continue;
		if (shown == query->limit) {
			next = entry->sequence + 1;
			break;
		}
		doc_push(list, execution_row(call, entry));
		shown++;
	}
	put_page(call, list, next);
}

int as_bybit_book_executions(struct call *call)
{
	struct query query;
	char id[ID_SIZE] = "";

	if (as_bybit_category(call) == -1 || parse_query(call, 100, 50, SPAN_MAX_MS, &query) == -1)
		return -1;
	(void)call_argument(call, "execType", query.type, sizeof query.type);
	doc_text(call->result, "category", "linear");
	if (call_argument(call, "orderId", id, sizeof id) ||
		call_argument(call, "orderLinkId", id, sizeof id))
		put_executions_of(call, &query, id);
	else
		put_executions(call, &query);
	return 0;
}

/* --- the account book ----------------------------------------------------------------------- */

static const char *book_type(const struct records_entry *entry)
{
	if (entry->kind == RECORDS_FUNDING)
		return "SETTLEMENT";
	if (entry->kind == RECORDS_TRANSFER)
		return decimal_sign(entry->cash_flow) < 0 ? "TRANSFER_OUT" : "TRANSFER_IN";
	switch (entry->fill.kind) {
	case FILL_TRADE:
		return "TRADE";
	case FILL_LIQUIDATION:
		return "LIQUIDATION";
	case FILL_ADL:
		return "ADL";
	case FILL_SETTLEMENT:
		return "DELIVERY";
	}
	return "";
}

struct book_facts { /* what differs between the kinds of entries */
	const char *symbol, *side, *trade_id, *order_id, *link_id;
	struct decimal quantity, price, rate;
};

static struct book_facts facts_of(const struct call *call, const struct records_entry *entry)
{
	const struct fill *fill = &entry->fill;
	const struct funding_payment *funding = &entry->funding;

	switch (entry->kind) {
	case RECORDS_FILL:
		return (struct book_facts){fill->symbol, as_bybit_side(fill->side), fill->exec_id,
			fill->venue_order_id, fill->client_order_id, fill->quantity, fill->price,
			view_fee_rate(call->venue, fill)};
	case RECORDS_FUNDING:
		return (struct book_facts){funding->symbol,
			view_funding_short(entry) ? "Sell" : "Buy", funding->id, funding->id, "",
			funding->quantity, entry->mark, funding->rate};
	case RECORDS_TRANSFER:
		break;
	}
	return (struct book_facts){
		"", "None", "", "", "", DECIMAL_ZERO, DECIMAL_ZERO, DECIMAL_ZERO};
}

static struct doc *book_row(const struct call *call, const struct records_entry *entry)
{
	struct book_facts facts = facts_of(call, entry);
	struct doc *row = doc_object();
	char id[48];

	(void)snprintf(id, sizeof id, "%lld_%" PRIu64, (long long)venue_uid(call->account),
		entry->sequence);
	doc_text(row, "id", id);
	doc_text(row, "symbol", facts.symbol);
	doc_text(row, "category", entry->kind == RECORDS_TRANSFER ? "" : "linear");
	doc_text(row, "side", facts.side);
	call_put_integer(row, "transactionTime", entry->time_ms);
	doc_text(row, "type", book_type(entry));
	doc_text(row, "transSubType", "");
	doc_decimal(row, "qty", facts.quantity);
	doc_decimal(row, "size", entry->size_after);
	doc_text(row, "currency", "USDT");
	doc_decimal(row, "tradePrice", facts.price);
	if (entry->kind == RECORDS_FUNDING)
		doc_decimal(row, "funding", decimal_trim(entry->paid));
	else
		doc_text(row, "funding", "");
	doc_decimal(row, "fee", decimal_trim(entry->fee));
	doc_decimal(row, "cashFlow",
		decimal_trim(entry->kind == RECORDS_TRANSFER ? DECIMAL_ZERO : entry->cash_flow));
	doc_decimal(row, "change", decimal_trim(entry->change));
	doc_decimal(row, "cashBalance", decimal_trim(entry->wallet));
	doc_decimal(row, "feeRate", decimal_trim(facts.rate));
	doc_text(row, "bonusChange", "");
	doc_text(row, "tradeId", facts.trade_id);
	doc_text(row, "orderId", facts.order_id);
	doc_text(row, "orderLinkId", facts.link_id);
	return row;
}

static bool book_wanted(
	const struct call *call, const struct query *query, const struct records_entry *entry)
{
	return entry->sequence < query->before && entry->time_ms <= query->to_ms &&
	       of_symbol(call, query, facts_of(call, entry).symbol) &&
	       (query->type[0] == '\0' || strcmp(query->type, book_type(entry)) == 0);
}

int as_bybit_book_transactions(struct call *call)
{
	const struct records *records = records_of(call);
	struct query query;
	uint64_t next = 0;
	size_t shown = 0;

	if (parse_query(call, 50, 20, DAY_MS, &query) == -1)
		return -1;
	(void)call_argument(call, "type", query.type, sizeof query.type);
	struct doc *list = doc_array();
	for (size_t i = records->entry_count; i > 0; i--) {
		const struct records_entry *entry = &records->entries[i - 1];
		if (entry->time_ms < query.from_ms)
			break;
		if (!book_wanted(call, &query, entry))
			continue;
		if (shown == query.limit) {
			next = entry->sequence + 1;
			break;
		}
		doc_push(list, book_row(call, entry));
		shown++;
	}
	put_page(call, list, next);
	return 0;
}

/* --- closed PnL ----------------------------------------------------------------------------- */

static struct decimal average(struct decimal value, struct decimal quantity)
{
	return decimal_trim(decimal_div(value, quantity, AVERAGE_SCALE, ROUND_HALF_UP));
}

static struct doc *closed_row(const struct records_closed *closed)
{
	struct doc *row = doc_object();

	doc_text(row, "symbol", closed->symbol);
	doc_text(row, "orderId", closed->order_id);
	doc_text(row, "orderType", closed->type == ORDER_LIMIT ? "Limit" : "Market");
	doc_text(row, "side", as_bybit_side(closed->side));
	doc_decimal(row, "qty", closed->order_quantity);
	doc_decimal(row, "orderPrice", closed->order_price);
	doc_text(row, "execType", closed->kind == FILL_LIQUIDATION ? "BustTrade" : "Trade");
	doc_decimal(row, "closedSize", closed->closed_quantity);
	doc_decimal(row, "cumEntryValue", decimal_trim(closed->entry_value));
	doc_decimal(row, "avgEntryPrice", average(closed->entry_value, closed->closed_quantity));
	doc_decimal(row, "cumExitValue", decimal_trim(closed->exit_value));
	doc_decimal(row, "avgExitPrice", average(closed->exit_value, closed->closed_quantity));
	doc_decimal(row, "closedPnl", decimal_trim(records_closed_pnl(closed)));
	doc_decimal(row, "openFee", decimal_trim(closed->open_fee));
	doc_decimal(row, "closeFee", decimal_trim(closed->close_fee));
	doc_decimal(row, "leverage", decimal_trim(closed->leverage));
	call_put_integer(row, "fillCount", closed->fills);
	call_put_integer(row, "createdTime", closed->created_ms);
	call_put_integer(row, "updatedTime", closed->updated_ms);
	return row;
}

int as_bybit_book_closed_pnl(struct call *call)
{
	const struct records *records = records_of(call);
	struct query query;
	uint64_t next = 0;
	size_t shown = 0;

	if (as_bybit_category(call) == -1 || parse_query(call, 100, 50, SPAN_MAX_MS, &query) == -1)
		return -1;
	struct doc *list = doc_array();
	for (size_t i = records->closed_count; i > 0; i--) {
		const struct records_closed *closed = &records->closed[i - 1];
		if (closed->created_ms < query.from_ms)
			break;
		if (closed->sequence >= query.before || closed->created_ms > query.to_ms ||
			!of_symbol(call, &query, closed->symbol))
			continue;
		if (shown == query.limit) {
			next = closed->sequence + 1;
			break;
		}
		doc_push(list, closed_row(closed));
		shown++;
	}
	doc_text(call->result, "category", "linear");
	put_page(call, list, next);
	return 0;
}
