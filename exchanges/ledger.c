#include "exchanges/ledger.h"

#include <stdlib.h>
#include <string.h>

static int by_time(const void *a, const void *b)
{
	const struct fill *left = a, *right = b;
	if (left->executed_ms != right->executed_ms)
		return left->executed_ms < right->executed_ms ? -1 : 1;
	return strcmp(left->exec_id, right->exec_id);
}

void ledger_sort_fills(struct fill_list *list)
{
	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof list->items[0], by_time);
	size_t kept = 1;
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->items[i].exec_id, list->items[kept - 1].exec_id) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int by_payment(const void *a, const void *b)
{
	const struct funding_payment *left = a, *right = b;
	if (left->paid_ms != right->paid_ms)
		return left->paid_ms < right->paid_ms ? -1 : 1;
	return strcmp(left->id, right->id);
}

void ledger_sort_funding(struct funding_list *list)
{
	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof list->items[0], by_payment);
	size_t kept = 1;
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->items[i].id, list->items[kept - 1].id) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

bool ledger_find_order(
	const struct order_list *list, const char *client_order_id, struct order *ret)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].client_order_id, client_order_id) == 0) {
			*ret = list->items[i];
			return true;
		}
	return false;
}

void ledger_keep_open(struct order_list *list)
{
	size_t open = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!order_status_final(list->items[i].status))
			list->items[open++] = list->items[i];
	list->count = open;
}

int ledger_read_windows(struct exchange *exchange, const struct ledger_range *range,
	ledger_reader *read, void *context, struct err *err)
{
	int64_t to_ms = range->to_ms;
	if (to_ms == 0 && exchange_server_ms(exchange, &to_ms, err) == -1)
		return -1;

	int64_t start_ms = to_ms - range->kept_ms;
	if (start_ms < range->from_ms)
		start_ms = range->from_ms;
	bool last = false;
	for (; !last; start_ms += range->span_ms) {
		struct ledger_window window = {start_ms, start_ms + range->span_ms - 1};
		last = window.end_ms >= to_ms;
		if (last)
			window.end_ms = range->to_ms;
		if (read(context, &window, err) == -1)
			return -1;
	}
	return 0;
}

/* Keeps the order's own fills, each once, and adds them up. */
static struct decimal keep_own(struct fill_list *list, const struct ledger_search *search)
{
	struct decimal quantity = DECIMAL_ZERO;
	size_t kept = 0;
	ledger_sort_fills(list);
	for (size_t i = 0; i < list->count; i++) {
		const struct fill *fill = &list->items[i];
		bool by_id = search->venue_order_id[0] != '\0' &&
			     strcmp(fill->venue_order_id, search->venue_order_id) == 0;
		if (!by_id && strcmp(fill->client_order_id, search->client_order_id) != 0)
			continue;
		quantity = decimal_add(quantity, fill->quantity);
		list->items[kept++] = *fill;
	}
	list->count = kept;
	return quantity;
}

int ledger_read_back(const struct ledger_search *search, ledger_reader *read, void *context,
	struct fill_list *list, struct err *err)
{
	struct ledger_window window = {.start_ms = search->now_ms};
	struct decimal seen;
	do {
		window.start_ms -= search->span_ms;
		if (read(context, &window, err) == -1)
			return -1;
		window.end_ms = window.start_ms - 1;
		seen = keep_own(list, search);
		if (decimal_check(seen, "fills of an order", err) == -1)
			return -1;
	} while (decimal_less(seen, search->filled) &&
		 window.start_ms > search->now_ms - search->kept_ms);
	return 0;
}
