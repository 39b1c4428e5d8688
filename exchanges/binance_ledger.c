#include "exchanges/binance_ledger.h"

#include "core/base/cleanup.h"
#include "exchanges/binance_call.h"
#include "exchanges/binance_find.h"
#include "exchanges/binance_reply.h"
#include "exchanges/ledger.h"
#include "exchanges/order_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000LL
#define WEEK_MS (7 * DAY_MS)   /* no query of the ledger spans more: exchanges.md 5.9 */
#define KEPT_MS (90 * DAY_MS)  /* executions and the book: three months */
#define RECENT_MS (2 * DAY_MS) /* where an order that is not found is looked for among fills */
#define PAGE_ROWS 1000
#define PAGES_MAX 100
#define SINGLES_MAX 4               /* orders that are asked for one by one */
#define RATE_MARGIN_MS (10 * 60000) /* of stamps around payments */

/* ---- fills ------------------------------------------------------------------------------ */

struct fill_page {
	struct exchange *exchange;
	const char *symbol;
	struct arena *arena;
	struct fill_list list;
};

/* Pages of a window by time: the next begins with the newest of the last, known ones go later. */
static int read_fill_window(void *context, const struct ledger_window *window, struct err *err)
{
	struct fill_page *page = context;
	int64_t start_ms = window->start_ms;
	char end[40] = "";
	if (window->end_ms != 0)
		(void)snprintf(end, sizeof end, "&endTime=%lld", (long long)window->end_ms);
	for (size_t i = 0; i < PAGES_MAX; i++) {
		CLEANUP(call_done) struct call_answer answer = {.document = NULL};
		struct call_get trades = call_weighing(
			5, call_get("/fapi/v1/userTrades", BINANCE_ACCOUNT,
				   "symbol=%s&startTime=%lld%s&limit=%d", page->symbol,
				   (long long)start_ms, end, PAGE_ROWS));
		size_t rows;
		int64_t newest_ms;
		if (call_one(page->exchange, &binance_call_venue, &trades, &answer, err) == -1)
			return -1;
		if (binance_reply_fills(
			    &answer.result, page->arena, &page->list, &rows, &newest_ms, err) == -1)
			return call_misread(err, "fills");
		if (rows < PAGE_ROWS)
			return 0;
		if (newest_ms <= start_ms)
			break;
		start_ms = newest_ms;
	}
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER,
		"userTrades: pages that do not come to an end at %lld", (long long)start_ms);
}

static bool is_nameless(const struct fill *fill)
{
	return fill->client_order_id[0] == '\0';
}

/* The first nameless fill of an order, from index on. False: there is none. */
static bool next_nameless(const struct fill_list *fills, size_t *index)
{
	for (; *index < fills->count; (*index)++) {
		bool repeated = !is_nameless(&fills->items[*index]);
		for (size_t k = 0; k < *index && !repeated; k++)
			repeated = strcmp(fills->items[k].venue_order_id,
					   fills->items[*index].venue_order_id) == 0;
		if (!repeated)
			return true;
	}
	return false;
}

static int64_t order_number(const struct fill *fill)
{
	return strtoll(fill->venue_order_id, NULL, 10);
}

/* The lowest and the highest order number of the nameless, and how many orders these are. */
static size_t nameless_orders(const struct fill_list *fills, int64_t *ret_low, int64_t *ret_high)
{
	size_t orders = 0;
	*ret_low = INT64_MAX;
	*ret_high = 0;
	for (size_t i = 0; next_nameless(fills, &i); i++) {
		int64_t number = order_number(&fills->items[i]);
		*ret_low = number < *ret_low ? number : *ret_low;
		*ret_high = number > *ret_high ? number : *ret_high;
		orders++;
	}
	return orders;
}

/*
 * Many orders by pages of a list that ascends from the lowest number. What it does not show (it
 * spans a week, by the page's word) is asked for one by one.
 */
static int name_by_list(struct fill_page *page, int64_t low, int64_t high, struct err *err)
{
	for (size_t i = 0; i < PAGES_MAX && low <= high; i++) {
		CLEANUP(call_done) struct call_answer answer = {.document = NULL};
		struct call_get all = call_weighing(
			5, call_get("/fapi/v1/allOrders", BINANCE_ACCOUNT,
				   "symbol=%s&orderId=%lld&limit=%d", page->symbol, (long long)low,
				   PAGE_ROWS));
		struct order_list orders;
		if (call_one(page->exchange, &binance_call_venue, &all, &answer, err) == -1)
			return -1;
		if (binance_reply_orders(&answer.result, page->arena, &orders, err) == -1)
			return call_misread(err, "orders");
		for (size_t k = 0; k < orders.count; k++) {
			int64_t number = strtoll(orders.items[k].venue_order_id, NULL, 10);
			binance_reply_name_fills(&page->list, &orders.items[k]);
			low = number >= low ? number + 1 : low;
		}
		if (orders.count < PAGE_ROWS)
			return 0;
	}
	return 0;
}

/* The venue's own orders, where the query does not know them. */
static int name_by_force(struct fill_page *page, const struct fill *fill, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get forced = call_weighing(
		20, call_get("/fapi/v1/forceOrders", BINANCE_ACCOUNT,
			    "symbol=%s&startTime=%lld&endTime=%lld&limit=100", page->symbol,
			    (long long)(fill->executed_ms - DAY_MS),
			    (long long)(fill->executed_ms + DAY_MS)));
	struct order_list orders;
	if (call_one(page->exchange, &binance_call_venue, &forced, &answer, err) == -1)
		return -1;
	if (binance_reply_orders(&answer.result, page->arena, &orders, err) == -1)
		return call_misread(err, "forced orders");
	for (size_t i = 0; i < orders.count; i++)
		binance_reply_name_fills(&page->list, &orders.items[i]);
	return 0;
}

/*
 * Executions do not tell our id, only the number of their order; the order tells it, and with it
 * whose they are. A fill whose order nobody knows stays nameless: it is not ours.
 */
static int name_fills(struct fill_page *page, struct err *err)
{
	int64_t low, high;
	if (nameless_orders(&page->list, &low, &high) > SINGLES_MAX &&
		name_by_list(page, low, high, err) == -1)
		return -1;
	for (size_t i = 0; next_nameless(&page->list, &i); i++) {
		const struct fill *fill = &page->list.items[i];
		struct order order;
		bool found;
		if (binance_find_number(page->exchange, page->symbol, fill->venue_order_id, &found,
			    &order, err) == -1)
			return -1;
		if (found)
			binance_reply_name_fills(&page->list, &order);
		else if (name_by_force(page, fill, err) == -1)
			return -1;
	}
	return 0;
}

int binance_ledger_fills(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, int64_t to_ms, struct fill_list *ret, struct err *err)
{
	struct fill_page page = {.exchange = exchange, .symbol = symbol, .arena = arena};
	const struct ledger_range range = {from_ms, to_ms, WEEK_MS, KEPT_MS};
	if (order_check_symbol(symbol, err) == -1 ||
		ledger_read_windows(exchange, &range, read_fill_window, &page, err) == -1)
		return -1;
	ledger_sort_fills(&page.list);
	if (name_fills(&page, err) == -1)
		return -1;
	*ret = page.list;
	return 0;
}

/* The fills of an order by its number, as far as the query shows them. */
static int read_by_number(struct fill_page *page, const char *number, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get trades = call_weighing(
		5, call_get("/fapi/v1/userTrades", BINANCE_ACCOUNT, "symbol=%s&orderId=%s&limit=%d",
			   page->symbol, number, PAGE_ROWS));
	size_t rows;
	int64_t newest_ms;
	if (call_one(page->exchange, &binance_call_venue, &trades, &answer, err) == -1)
		return -1;
	if (binance_reply_fills(&answer.result, page->arena, &page->list, &rows, &newest_ms, err) ==
		-1)
		return call_misread(err, "fills");
	return 0;
}

static struct decimal sum_of(const struct fill_list *fills)
{
	struct decimal sum = DECIMAL_ZERO;
	for (size_t i = 0; i < fills->count; i++)
		sum = decimal_add(sum, fills->items[i].quantity);
	return sum;
}

/* By number the query may show a week only, so what is missing is read backwards from now. */
static int fills_of(struct fill_page *page, const struct order *order, struct err *err)
{
	struct ledger_search search = {
		.client_order_id = order->client_order_id,
		.venue_order_id = order->venue_order_id,
		.filled = order->filled,
		.span_ms = WEEK_MS,
		.kept_ms = KEPT_MS,
	};
	if (read_by_number(page, order->venue_order_id, err) == -1)
		return -1;
	struct decimal seen = sum_of(&page->list);
	if (decimal_check(seen, "fills of an order", err) == -1)
		return -1;
	if (decimal_less(seen, order->filled) &&
		(exchange_server_ms(page->exchange, &search.now_ms, err) == -1 ||
			ledger_read_back(&search, read_fill_window, page, &page->list, err) == -1))
		return -1;
	ledger_sort_fills(&page->list);
	binance_reply_name_fills(&page->list, order);
	return 0;
}

/* Keeps those that answer to our id. */
static void keep_named(struct fill_list *fills, const char *client_order_id)
{
	size_t kept = 0;
	for (size_t i = 0; i < fills->count; i++)
		if (strcmp(fills->items[i].client_order_id, client_order_id) == 0)
			fills->items[kept++] = fills->items[i];
	fills->count = kept;
}

/* The child of a stop that has fired can fill before anything names it (exchanges.md 5.6). */
static bool has_number(const struct order *order)
{
	return strncmp(order->venue_order_id, "algo-", strlen("algo-")) != 0;
}

/* An order that has no number yet is looked for among the newest fills, as one not found is. */
int binance_ledger_order_fills(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, struct fill_list *ret, struct err *err)
{
	struct fill_page page = {.exchange = exchange, .symbol = symbol, .arena = arena};
	enum exchange_found found;
	struct order order;
	int64_t now_ms;
	if (binance_find_order(exchange, symbol, client_order_id, &found, &order, err) == -1)
		return -1;
	if (found == EXCHANGE_FOUND && has_number(&order)) {
		if (fills_of(&page, &order, err) == -1)
			return -1;
		*ret = page.list;
		return 0;
	}
	if (found == EXCHANGE_FOUND && order.status != ORDER_STATUS_OPEN) {
		*ret = (struct fill_list){.count = 0};
		return 0;
	}
	if (exchange_server_ms(exchange, &now_ms, err) == -1 ||
		binance_ledger_fills(
			exchange, arena, symbol, now_ms - RECENT_MS, 0, &page.list, err) == -1)
		return -1;
	keep_named(&page.list, client_order_id);
	*ret = page.list;
	return 0;
}

/* ---- funding ---------------------------------------------------------------------------- */

struct funding_page {
	struct exchange *exchange;
	const char *symbol;
	struct arena *arena;
	struct funding_list list; /* with their rates */
};

/* Pages by time: pages by number were taken away elsewhere (exchanges.md 5.9). */
static int read_income(struct funding_page *page, const struct ledger_window *window,
	struct funding_list *list, struct err *err)
{
	int64_t start_ms = window->start_ms;
	char end[40] = "";
	if (window->end_ms != 0)
		(void)snprintf(end, sizeof end, "&endTime=%lld", (long long)window->end_ms);
	for (size_t i = 0; i < PAGES_MAX; i++) {
		CLEANUP(call_done) struct call_answer answer = {.document = NULL};
		struct call_get income = call_weighing(
			30, call_get("/fapi/v1/income", BINANCE_ACCOUNT,
				    "symbol=%s&incomeType=FUNDING_FEE&startTime=%lld%s&limit=%d",
				    page->symbol, (long long)start_ms, end, PAGE_ROWS));
		size_t rows;
		int64_t newest_ms;
		if (call_one(page->exchange, &binance_call_venue, &income, &answer, err) == -1)
			return -1;
		if (binance_reply_funding(
			    &answer.result, page->arena, list, &rows, &newest_ms, err) == -1)
			return call_misread(err, "funding");
		if (rows < PAGE_ROWS)
			return 0;
		if (newest_ms <= start_ms)
			break;
		start_ms = newest_ms;
	}
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER,
		"income: pages that do not come to an end at %lld", (long long)start_ms);
}

/*
 * In hedge mode only the rate tells which leg paid. A payment whose rate is not listed yet is left
 * out: it comes with the next reading.
 */
static int add_rates(struct funding_page *page, struct funding_list *list, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	if (list->count == 0)
		return 0;
	ledger_sort_funding(list);
	struct call_get rates = call_get("/fapi/v1/fundingRate", BINANCE_PUBLIC,
		"symbol=%s&startTime=%lld&endTime=%lld&limit=%d", page->symbol,
		(long long)(list->items[0].paid_ms - RATE_MARGIN_MS),
		(long long)(list->items[list->count - 1].paid_ms + RATE_MARGIN_MS), PAGE_ROWS);
	size_t left;
	if (call_one(page->exchange, &binance_call_venue, &rates, &answer, err) == -1)
		return -1;
	if (binance_reply_rates(&answer.result, list, &left, err) == -1)
		return call_misread(err, "funding rates");
	list->count -= left;
	return 0;
}

static int read_funding_window(void *context, const struct ledger_window *window, struct err *err)
{
	struct funding_page *page = context;
	struct funding_list week = {.count = 0};
	if (read_income(page, window, &week, err) == -1 || add_rates(page, &week, err) == -1)
		return -1;
	struct funding_payment *items = reply_appended(
		page->arena, page->list.items, page->list.count, week.count, sizeof *items);
	if (week.count > 0)
		memcpy(items + page->list.count, week.items, week.count * sizeof *items);
	page->list = (struct funding_list){items, page->list.count + week.count};
	return 0;
}

int binance_ledger_funding(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, int64_t to_ms, struct funding_list *ret, struct err *err)
{
	struct funding_page page = {.exchange = exchange, .symbol = symbol, .arena = arena};
	const struct ledger_range range = {from_ms, to_ms, WEEK_MS, KEPT_MS};
	if (order_check_symbol(symbol, err) == -1 ||
		ledger_read_windows(exchange, &range, read_funding_window, &page, err) == -1)
		return -1;
	ledger_sort_funding(&page.list);
	*ret = page.list;
	return 0;
}
