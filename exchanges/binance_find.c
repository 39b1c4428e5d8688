#include "exchanges/binance_find.h"

#include "core/base/cleanup.h"
#include "exchanges/binance_call.h"
#include "exchanges/binance_reply.h"
#include "exchanges/binance_request.h"
#include "exchanges/ledger.h"
#include "exchanges/order_check.h"

#include <string.h>

#define PAGE_ROWS 1000
#define ARENA_CHUNK (16 * 1024)
#define ARENA_LIMIT (16 * 1024 * 1024)

/* An order by "origClientOrderId=…" or "orderId=…". */
static int find_plain(struct exchange *exchange, const char *symbol, const char *which,
	const char *id, bool *ret_found, struct order *ret, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get order = call_get(
		BINANCE_PATH_ORDER, BINANCE_ACCOUNT, "symbol=%s&%s=%s", symbol, which, id);
	*ret_found = false;
	if (call_one(exchange, &binance_call_venue, &order, &answer, err) == -1)
		return err->code == ERR_NO_ORDER ? 0 : -1;
	if (binance_reply_order(&answer.result, ret, err) == -1)
		return call_misread(err, "an order");
	*ret_found = true;
	return 0;
}

int binance_find_number(struct exchange *exchange, const char *symbol, const char *number,
	bool *ret_found, struct order *ret, struct err *err)
{
	return find_plain(exchange, symbol, "orderId", number, ret_found, ret, err);
}

/* The list of a week's stops: the single query has missed some that had filled. */
static int find_listed_stop(struct exchange *exchange, const char *symbol,
	const char *client_order_id, bool *ret_found, struct binance_stop *ret, struct err *err)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get all = call_weighing(5, call_get("/fapi/v1/allAlgoOrders", BINANCE_ACCOUNT,
						       "symbol=%s&limit=%d", symbol, PAGE_ROWS));
	struct binance_stop_list list;
	if (call_one(exchange, &binance_call_venue, &all, &answer, err) == -1)
		return -1;
	if (binance_reply_stops(&answer.result, arena, &list, err) == -1)
		return call_misread(err, "the stops");
	for (size_t i = 0; i < list.count && !*ret_found; i++) {
		if (strcmp(list.items[i].order.client_order_id, client_order_id) != 0)
			continue;
		*ret = list.items[i];
		*ret_found = true;
	}
	return 0;
}

static int find_stop(struct exchange *exchange, const char *symbol, const char *client_order_id,
	bool *ret_found, struct binance_stop *ret, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get stop = call_get(
		BINANCE_PATH_STOP, BINANCE_ACCOUNT, "clientAlgoId=%s", client_order_id);
	*ret_found = false;
	if (call_one(exchange, &binance_call_venue, &stop, &answer, err) == -1) {
		if (err->code != ERR_NO_ORDER)
			return -1;
		return find_listed_stop(exchange, symbol, client_order_id, ret_found, ret, err);
	}
	if (binance_reply_stop(&answer.result, ret, err) == -1)
		return call_misread(err, "a stop");
	*ret_found = strcmp(ret->order.symbol, symbol) == 0;
	return 0;
}

/*
 * What became of a stop is its child's to tell. A child that cannot be seen yet may fill: the
 * order is open until it can be.
 */
static int follow_child(struct exchange *exchange, const struct binance_stop *stop,
	struct order *ret, struct err *err)
{
	struct order child;
	bool found = false;
	*ret = stop->order;
	if (!stop->fired || stop->child[0] == '\0')
		return 0;
	if (find_plain(exchange, stop->order.symbol, "orderId", stop->child, &found, &child, err) ==
		-1)
		return -1;
	if (!found)
		return 0;
	memcpy(child.client_order_id, stop->order.client_order_id, CLIENT_ID_SIZE);
	child.trigger_price = stop->order.trigger_price;
	*ret = child;
	return 0;
}

/*
 * Plain orders first: once a stop has fired, its child answers to the same id there. A stop that
 * fires between the two questions is found by the second.
 */
int binance_find_order(struct exchange *exchange, const char *symbol, const char *client_order_id,
	enum exchange_found *ret_found, struct order *ret, struct err *err)
{
	struct binance_stop stop;
	struct order order;
	bool found;
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1 ||
		find_plain(exchange, symbol, "origClientOrderId", client_order_id, &found, &order,
			err) == -1)
		return -1;
	if (!found) {
		if (find_stop(exchange, symbol, client_order_id, &found, &stop, err) == -1 ||
			(found && follow_child(exchange, &stop, &order, err) == -1))
			return -1;
	}
	if (found)
		*ret = order;
	*ret_found = found ? EXCHANGE_FOUND : EXCHANGE_NOT_FOUND;
	return 0;
}

static bool is_listed(const struct order_list *list, const char *client_order_id)
{
	struct order ignored;
	return ledger_find_order(list, client_order_id, &ignored);
}

/* A stop that has just fired may stand in both lists: then its child counts. */
static void merge_stops(
	struct arena *arena, const struct binance_stop_list *stops, struct order_list *orders)
{
	struct order *items = reply_appended(
		arena, orders->items, orders->count, stops->count, sizeof *items);
	size_t count = orders->count;
	for (size_t i = 0; i < stops->count; i++)
		if (!is_listed(orders, stops->items[i].order.client_order_id))
			items[count++] = stops->items[i].order;
	*orders = (struct order_list){items, count};
}

int binance_find_open(struct exchange *exchange, struct arena *arena, const char *symbol,
	struct order_list *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct call_get gets[] = {
		call_get("/fapi/v1/openOrders", BINANCE_ACCOUNT, "symbol=%s", symbol),
		call_get("/fapi/v1/openAlgoOrders", BINANCE_ACCOUNT, "symbol=%s", symbol),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	struct order_list orders;
	struct binance_stop_list stops;
	if (call_all(exchange, &binance_call_venue, 2, gets, answers, err) == -1)
		return -1;
	if (binance_reply_orders(&answers[0].result, arena, &orders, err) == -1 ||
		binance_reply_stops(&answers[1].result, arena, &stops, err) == -1)
		return call_misread(err, "the open orders");
	merge_stops(arena, &stops, &orders);
	ledger_keep_open(&orders);
	*ret = orders;
	return 0;
}
