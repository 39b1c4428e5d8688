#include "backtest/record.h"

#include <stdlib.h>

/* Makes room for one more item; returns the array. */
static void *room_for(void *items, size_t count, size_t *room, size_t size_bytes)
{
	if (count < *room)
		return items;
	*room = *room == 0 ? 64 : *room * 2;
	return mem_grow(items, *room, size_bytes);
}

void record_init(struct record *record, int64_t bucket_ms)
{
	*record = (struct record){.bucket_ms = bucket_ms};
}

void record_done(struct record *record)
{
	free(record->fills);
	free(record->orders);
	free(record->payments);
	free(record->cycles);
	free(record->buckets);
	*record = (struct record){0};
}

void record_add_fill(struct record *record, const struct record_fill *fill)
{
	record->fills = room_for(
		record->fills, record->fill_count, &record->fill_room, sizeof *fill);
	record->fills[record->fill_count++] = *fill;
}

void record_add_order(struct record *record, const struct record_order *order)
{
	record->orders = room_for(
		record->orders, record->order_count, &record->order_room, sizeof *order);
	record->orders[record->order_count++] = *order;
}

void record_add_payment(struct record *record, const struct record_payment *payment)
{
	record->payments = room_for(
		record->payments, record->payment_count, &record->payment_room, sizeof *payment);
	record->payments[record->payment_count++] = *payment;
}

void record_add_cycle(struct record *record, const struct record_cycle *cycle)
{
	record->cycles = room_for(
		record->cycles, record->cycle_count, &record->cycle_room, sizeof *cycle);
	record->cycles[record->cycle_count++] = *cycle;
}

static struct record_bucket *bucket_at(
	struct record *record, int64_t at_ms, int64_t ticks, int64_t equity_e8)
{
	int64_t begin_ms = at_ms - at_ms % record->bucket_ms;

	if (record->bucket_count > 0 &&
		record->buckets[record->bucket_count - 1].begin_ms == begin_ms)
		return &record->buckets[record->bucket_count - 1];
	record->buckets = room_for(record->buckets, record->bucket_count, &record->bucket_room,
		sizeof record->buckets[0]);
	struct record_bucket *bucket = &record->buckets[record->bucket_count++];
	*bucket = (struct record_bucket){.begin_ms = begin_ms,
		.high = ticks,
		.low = ticks,
		.equity_high = equity_e8,
		.equity_low = equity_e8};
	return bucket;
}

void record_sample(struct record *record, int64_t at_ms, int64_t ticks, int64_t equity_e8,
	int64_t wallet_e8, int64_t lots)
{
	struct record_bucket *bucket = bucket_at(record, at_ms, ticks, equity_e8);
	int64_t held = lots < 0 ? -lots : lots;

	bucket->high = ticks > bucket->high ? ticks : bucket->high;
	bucket->low = ticks < bucket->low ? ticks : bucket->low;
	bucket->close = ticks;
	bucket->equity_high = equity_e8 > bucket->equity_high ? equity_e8 : bucket->equity_high;
	bucket->equity_low = equity_e8 < bucket->equity_low ? equity_e8 : bucket->equity_low;
	bucket->equity_e8 = equity_e8;
	bucket->wallet_e8 = wallet_e8;
	bucket->lots_max = held > bucket->lots_max ? held : bucket->lots_max;
}
