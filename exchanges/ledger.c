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
