#include "broker/roster.h"

#include "core/base/err.h"
#include "core/base/ident.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64               /* records and commands are allocated in blocks */
#define EVENT_INDEX UINT32_MAX /* in the place of the pool index: no order */

static void grow_records(struct broker *broker)
{
	if (broker->record_count + BLOCK > broker->record_room) {
		broker->record_room = broker->record_room ? broker->record_room * 2 : BLOCK;
		broker->records = mem_grow(
			broker->records, broker->record_room, sizeof *broker->records);
	}
	struct record *block = mem_zero(BLOCK, sizeof *block);
	for (uint32_t i = 0; i < BLOCK; i++) {
		block[i].index = broker->record_count;
		broker->records[broker->record_count++] = &block[i];
	}
	for (uint32_t i = BLOCK; i > 0; i--) { /* handed out in the order of their index */
		block[i - 1].after = broker->free_records;
		broker->free_records = &block[i - 1];
	}
}

static void release(struct broker *broker, struct record *record)
{
	record->number = 0;
	record->after = broker->free_records;
	broker->free_records = record;
}

struct record *roster_add(struct broker *broker, struct slot *slot)
{
	if (!broker->free_records)
		grow_records(broker);
	struct record *record = broker->free_records;
	broker->free_records = record->after;

	*record = (struct record){.number = ++broker->number, .index = record->index, .slot = slot};
	record->before = slot->last;
	if (slot->last)
		slot->last->after = record;
	else
		slot->first = record;
	slot->last = record;
	slot->order_count++;
	return record;
}

static void unlink_record(struct record *record)
{
	struct slot *slot = record->slot;
	if (record->before)
		record->before->after = record->after;
	else
		slot->first = record->after;
	if (record->after)
		record->after->before = record->before;
	else
		slot->last = record->before;
	record->before = record->after = NULL;
	slot->order_count--;
}

void roster_withdraw(struct broker *broker, struct record *record)
{
	unlink_record(record);
	release(broker, record);
	broker->number--;
}

/* As far as it is used: a broker may be told to keep a million for each of a million accounts. */
static void grow_closed(struct account_book *account, int most)
{
	int room = account->closed_room == 0 ? 16 : account->closed_room * 2;
	account->closed_room = room < most ? room : most;
	account->closed = mem_grow(
		account->closed, (uint64_t)account->closed_room, sizeof(struct record *));
}

static void keep_closed(struct broker *broker, struct record *record)
{
	struct account_book *account = broker->accounts[record->slot->account];
	int most = broker->settings.closed_max;
	if (most == 0) {
		release(broker, record);
		return;
	}
	if (account->closed_count == most)
		release(broker, account->closed[account->closed_next]);
	else if (account->closed_count++ == account->closed_room)
		grow_closed(account, most);
	account->closed[account->closed_next] = record;
	account->closed_next = (account->closed_next + 1) % most;
}

void roster_sweep(struct broker *broker, struct slot *slot)
{
	if (!slot->dirty)
		return;
	slot->dirty = false;
	for (struct record *record = slot->first, *after; record; record = after) {
		after = record->after;
		if (model_live(record))
			continue;
		unlink_record(record);
		keep_closed(broker, record);
	}
}

void roster_activity(struct broker *broker, struct slot *slot)
{
	bool busy = slot->first || slot->legs[0].lots != 0 || slot->legs[1].lots != 0;
	if (busy == slot->active)
		return;
	struct symbol_book *symbol = &broker->symbols[slot->symbol];
	slot->active = busy;
	if (!busy) {
		int at = 0;
		while (symbol->active[at] != slot)
			at++;
		symbol->active_count--;
		memmove(&symbol->active[at], &symbol->active[at + 1],
			(size_t)(symbol->active_count - at) * sizeof(struct slot *));
		return;
	}
	if (symbol->active_count == symbol->active_room) {
		symbol->active_room = symbol->active_room ? symbol->active_room * 2 : 16;
		symbol->active = mem_grow(
			symbol->active, (uint64_t)symbol->active_room, sizeof(struct slot *));
	}
	symbol->active[symbol->active_count++] = slot;
}

/* ---- ids ------------------------------------------------------------------------------------ */

static void write_id(const struct broker *broker, uint32_t index, uint64_t number,
	char text[VENUE_ORDER_ID_SIZE])
{
	(void)snprintf(text, VENUE_ORDER_ID_SIZE,
		"%08" PRIx32 "-%04" PRIx32 "-%04" PRIx32 "-%04" PRIx64 "-%012" PRIx64,
		broker->settings.id_salt, index >> 16, index & 0xffff, number >> 48 & 0xffff,
		number & 0xffffffffffff);
}

void roster_order_id(const struct broker *broker, const struct record *record,
	char ret_text[VENUE_ORDER_ID_SIZE])
{
	write_id(broker, record->index, record->number, ret_text);
}

void roster_event_id(
	const struct broker *broker, uint64_t number, char ret_text[VENUE_ORDER_ID_SIZE])
{
	write_id(broker, EVENT_INDEX, number, ret_text);
}

static uint64_t hash_client(int account, const char *id)
{
	uint64_t hash = hash_bytes(id, strlen(id));
	return (hash ^ (uint64_t)(unsigned)account) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The entry of the id, or the free one where it would go. The table is never full. */
static struct client_entry *find_entry(
	const struct broker *broker, uint64_t hash, int account, const char *id)
{
	for (uint64_t at = hash;; at++) {
		struct client_entry *entry = &broker->clients[at & (broker->client_room - 1)];
		if (entry->number == 0)
			return entry;
		if (entry->hash == hash && entry->account == account && strcmp(entry->id, id) == 0)
			return entry;
	}
}

static void grow_clients(struct broker *broker)
{
	struct client_entry *old = broker->clients;
	uint64_t old_room = broker->client_room;
	broker->client_room = old_room ? old_room * 2 : 256;
	broker->clients = mem_zero(broker->client_room, sizeof *broker->clients);
	for (uint64_t i = 0; i < old_room; i++)
		if (old[i].number != 0)
			*find_entry(broker, old[i].hash, old[i].account, old[i].id) = old[i];
	free(old);
}

void roster_name(struct broker *broker, const struct record *record)
{
	const char *id = record->request.client_order_id;
	if (id[0] == '\0')
		return;
	if (broker->client_count * 2 >= broker->client_room)
		grow_clients(broker);
	int account = record->slot->account;
	uint64_t hash = hash_client(account, id);
	struct client_entry *entry = find_entry(broker, hash, account, id);
	broker->client_count += entry->number == 0 ? 1 : 0;
	*entry = (struct client_entry){.hash = hash,
		.account = account,
		.record = record->index,
		.number = record->number};
	(void)snprintf(entry->id, sizeof entry->id, "%s", id);
}

static struct record *resolve(
	const struct broker *broker, int account, uint64_t index, uint64_t number)
{
	if (index >= broker->record_count || number == 0)
		return NULL;
	struct record *record = broker->records[index];
	return record->number == number && record->slot->account == account ? record : NULL;
}

bool roster_named(
	const struct broker *broker, int account, const char *client_order_id, bool working_only)
{
	if (client_order_id[0] == '\0' || broker->client_room == 0)
		return false;
	uint64_t hash = hash_client(account, client_order_id);
	const struct client_entry *entry = find_entry(broker, hash, account, client_order_id);
	if (entry->number == 0)
		return false;
	const struct record *record = resolve(broker, account, entry->record, entry->number);
	return !working_only || (record && model_live(record));
}

struct id_parts {
	uint32_t salt, index;
	uint64_t number;
};

static bool read_id(const char *id, struct id_parts *ret)
{
	uint32_t salt, high, low;
	uint64_t number_high, number_low;
	if (sscanf(id, "%8" SCNx32 "-%4" SCNx32 "-%4" SCNx32 "-%4" SCNx64 "-%12" SCNx64, &salt,
		    &high, &low, &number_high, &number_low) != 5)
		return false;
	*ret = (struct id_parts){salt, high << 16 | low, number_high << 48 | number_low};
	return true;
}

uint64_t roster_id_number(const char *id)
{
	struct id_parts parts;
	return read_id(id, &parts) ? parts.number : 0;
}

struct record *roster_find(const struct broker *broker, int account, const char *id)
{
	struct id_parts parts;
	char again[VENUE_ORDER_ID_SIZE];
	if (read_id(id, &parts)) {
		write_id(broker, parts.index, parts.number, again);
		if (strcmp(again, id) == 0)
			return resolve(broker, account, parts.index, parts.number);
	}
	if (id[0] == '\0' || broker->client_room == 0)
		return NULL;
	const struct client_entry *entry = find_entry(
		broker, hash_client(account, id), account, id);
	return resolve(broker, account, entry->record, entry->number);
}

/* ---- the queue ------------------------------------------------------------------------------ */

static struct command *new_command(struct broker *broker)
{
	struct command *command = broker->free_commands;
	if (!command)
		return mem_zero(1, sizeof *command);
	broker->free_commands = command->after;
	*command = (struct command){0};
	return command;
}

struct command *roster_enqueue(
	struct broker *broker, enum command_kind kind, struct record *record, int64_t effect_ms)
{
	struct command *command = new_command(broker);
	command->kind = kind;
	command->effect_ms = effect_ms;
	command->record = record;
	command->number = record->number;

	struct command *before = broker->queue_last;
	while (before && before->effect_ms > effect_ms)
		before = before->before;
	command->before = before;
	command->after = before ? before->after : broker->queue_first;
	if (command->after)
		command->after->before = command;
	else
		broker->queue_last = command;
	if (before)
		before->after = command;
	else
		broker->queue_first = command;
	return command;
}

bool roster_dequeue(struct broker *broker, int64_t time_ms, struct command *ret)
{
	struct command *command = broker->queue_first;
	if (!command || command->effect_ms > time_ms)
		return false;
	*ret = *command;
	broker->queue_first = command->after;
	if (command->after)
		command->after->before = NULL;
	else
		broker->queue_last = NULL;
	command->after = broker->free_commands;
	broker->free_commands = command;
	return true;
}

static void free_commands(struct command *command)
{
	while (command) {
		struct command *after = command->after;
		free(command);
		command = after;
	}
}

void roster_free(struct broker *broker)
{
	free_commands(broker->queue_first);
	free_commands(broker->free_commands);
	for (uint32_t i = 0; i < broker->record_count; i += BLOCK)
		free(broker->records[i]); /* the first of a block is the block */
	free(broker->records);
	free(broker->clients);
}
