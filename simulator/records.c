#include "simulator/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *more(void *items, size_t count, size_t *capacity, size_t size_bytes)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity == 0 ? 8 : *capacity * 2;
	return mem_grow(items, *capacity, size_bytes);
}

void records_done(struct records *records)
{
	for (size_t i = 0; i < records->key_count; i++)
		free(records->keys[i]);
	free(records->keys);
	free(records->entries);
	free(records->closed);
	free(records->finals);
	lookup_done(&records->last_fill);
	lookup_done(&records->closed_row);
	*records = (struct records){0};
}

/* A copy of the text that stays where it is while the arrays grow. */
static const char *keep(struct records *records, const char *text)
{
	records->keys = more(
		records->keys, records->key_count, &records->key_capacity, sizeof records->keys[0]);
	char *copy = mem_text(text);
	records->keys[records->key_count++] = copy;
	return copy;
}

static void chain(struct records *records, struct records_entry *entry, size_t index)
{
	const char *order_id = entry->fill.venue_order_id;

	entry->previous_of_order = records_fill_of(records, order_id);
	/* The lookup goes on borrowing the first copy of a known key. */
	const char *key = entry->previous_of_order == RECORDS_NONE ? keep(records, order_id)
								   : order_id;
	lookup_put(&records->last_fill, key, index);
}

static void add_entry(struct records *records, const struct broker_event *event,
	enum records_kind kind, struct decimal mark)
{
	records->entries = more(records->entries, records->entry_count, &records->entry_capacity,
		sizeof records->entries[0]);
	size_t index = records->entry_count++;
	struct records_entry *entry = &records->entries[index];

	*entry = (struct records_entry){.sequence = event->sequence,
		.kind = kind,
		.time_ms = event->time_ms,
		.leg = event->leg,
		.cash_flow = event->cash_flow,
		.fee = event->fee,
		.paid = event->paid,
		.change = event->change,
		.wallet = event->wallet,
		.size_after = event->size_after,
		.mark = mark,
		.previous_of_order = RECORDS_NONE};
	if (event->order != NULL) {
		entry->has_order = true;
		entry->order = *event->order;
	}
	if (kind == RECORDS_FUNDING)
		entry->funding = *event->funding;
	if (kind == RECORDS_FILL) {
		entry->fill = *event->fill;
		chain(records, entry, index);
	}
}

static struct records_closed *new_closed(
	struct records *records, const struct broker_event *event, struct decimal leverage)
{
	const struct fill *fill = event->fill;

	records->closed = more(records->closed, records->closed_count, &records->closed_capacity,
		sizeof records->closed[0]);
	size_t index = records->closed_count++;
	struct records_closed *row = &records->closed[index];
	*row = (struct records_closed){.sequence = event->sequence,
		.side = fill->side,
		.leg = event->leg,
		.kind = fill->kind,
		.type = event->order != NULL ? event->order->type : ORDER_MARKET,
		.order_quantity = event->order != NULL ? event->order->quantity : fill->quantity,
		.order_price = event->order != NULL ? event->order->price : fill->price,
		.leverage = leverage,
		.created_ms = event->time_ms};
	(void)snprintf(row->order_id, sizeof row->order_id, "%s", fill->venue_order_id);
	(void)snprintf(row->symbol, sizeof row->symbol, "%s", fill->symbol);
	lookup_put(&records->closed_row, keep(records, fill->venue_order_id), index);
	return row;
}

static void add_closed(
	struct records *records, const struct broker_event *event, struct decimal leverage)
{
	struct records_closed *row = NULL;
	size_t index;

	if (decimal_is_zero(event->fill->closed_quantity))
		return;
	if (lookup_get(&records->closed_row, event->fill->venue_order_id, &index))
		row = &records->closed[index];
	else
		row = new_closed(records, event, leverage);
	row->closed_quantity = decimal_add(row->closed_quantity, event->fill->closed_quantity);
	row->entry_value = decimal_add(row->entry_value, event->closed_cost);
	row->exit_value = decimal_add(row->exit_value, event->closed_value);
	row->open_fee = decimal_add(row->open_fee, event->closed_open_fee);
	row->close_fee = decimal_add(row->close_fee, event->closing_fee);
	row->updated_ms = event->time_ms;
	row->fills++;
}

static void add_final(struct records *records, const struct broker_event *event)
{
	if (event->order == NULL || !order_status_final(event->order->status))
		return;
	records->finals = more(records->finals, records->final_count, &records->final_capacity,
		sizeof records->finals[0]);
	struct records_final *final = &records->finals[records->final_count++];
	*final = (struct records_final){.sequence = event->sequence, .time_ms = event->time_ms};
	(void)snprintf(final->order_id, sizeof final->order_id, "%s", event->order->venue_order_id);
}

void records_event(struct records *records, const struct broker_event *event, struct decimal mark,
	struct decimal leverage)
{
	switch (event->kind) {
	case BROKER_EVENT_FILL:
		add_entry(records, event, RECORDS_FILL, mark);
		add_closed(records, event, leverage);
		add_final(records, event);
		break;
	case BROKER_EVENT_FUNDING:
		add_entry(records, event, RECORDS_FUNDING, mark);
		break;
	case BROKER_EVENT_TRANSFER:
		add_entry(records, event, RECORDS_TRANSFER, mark);
		break;
	case BROKER_EVENT_CANCELLED:
	case BROKER_EVENT_REJECTED:
		add_final(records, event);
		break;
	case BROKER_EVENT_ACCEPTED:
	case BROKER_EVENT_WORKING:
	case BROKER_EVENT_TRIGGERED:
	case BROKER_EVENT_AMENDED:
	case BROKER_EVENT_TOO_LATE:
	case BROKER_EVENT_LIQUIDATION:
		break;
	}
}

size_t records_fill_of(const struct records *records, const char *order_id)
{
	size_t index;

	return lookup_get(&records->last_fill, order_id, &index) ? index : RECORDS_NONE;
}

struct decimal records_closed_pnl(const struct records_closed *row)
{
	struct decimal gross = row->side == SIDE_SELL
				       ? decimal_sub(row->exit_value, row->entry_value)
				       : decimal_sub(row->entry_value, row->exit_value);

	return decimal_sub(decimal_sub(gross, row->open_fee), row->close_fee);
}
