#include "scheduler/schedule.h"

#include "scheduler/idmap.h"

#include <assert.h>
#include <stdlib.h>

struct node { /* of the heap; the time stands here too, so that comparing reads no entry */
	int64_t due_ms;
	uint32_t entry;
};

struct schedule {
	struct idmap *bots, *tenants;
	struct schedule_entry *entries; /* by the bot's number */
	uint32_t *place;                /* of an entry in the heap */
	struct node *heap;              /* the one that is due first on top */
	uint32_t capacity, heap_count;
	int64_t mean_micro; /* slots in a second, times 1,000,000; kept with the entries */
};

struct schedule *schedule_new(void)
{
	struct schedule *schedule = mem_zero(1, sizeof *schedule);

	schedule->bots = idmap_new();
	schedule->tenants = idmap_new();
	return schedule;
}

void schedule_free(struct schedule **schedule)
{
	if (*schedule == NULL)
		return;
	idmap_free(&(*schedule)->bots);
	idmap_free(&(*schedule)->tenants);
	free((*schedule)->entries);
	free((*schedule)->place);
	free((*schedule)->heap);
	free(*schedule);
	*schedule = NULL;
}

/* ---- the heap ------------------------------------------------------------------------------- */

static struct node node_of(const struct schedule *schedule, uint32_t entry)
{
	const struct schedule_entry *item = &schedule->entries[entry];

	return (struct node){.due_ms = due_at_ms(&item->due, item->next_slot_s), .entry = entry};
}

static void heap_set(struct schedule *schedule, uint32_t place, struct node node)
{
	schedule->heap[place] = node;
	schedule->place[node.entry] = place;
}

static void sift_up(struct schedule *schedule, uint32_t place)
{
	struct node node = schedule->heap[place];

	while (place > 0) {
		uint32_t parent = (place - 1) / 2;
		if (schedule->heap[parent].due_ms <= node.due_ms)
			break;
		heap_set(schedule, place, schedule->heap[parent]);
		place = parent;
	}
	heap_set(schedule, place, node);
}

static void sift_down(struct schedule *schedule, uint32_t place)
{
	struct node node = schedule->heap[place];

	for (;;) {
		uint32_t child = 2 * place + 1;
		if (child >= schedule->heap_count)
			break;
		if (child + 1 < schedule->heap_count &&
			schedule->heap[child + 1].due_ms < schedule->heap[child].due_ms)
			child++;
		if (node.due_ms <= schedule->heap[child].due_ms)
			break;
		heap_set(schedule, place, schedule->heap[child]);
		place = child;
	}
	heap_set(schedule, place, node);
}

static void heap_remove(struct schedule *schedule, uint32_t entry)
{
	uint32_t place = schedule->place[entry];
	struct node last = schedule->heap[--schedule->heap_count];

	if (last.entry == entry)
		return;
	heap_set(schedule, place, last);
	sift_up(schedule, place);
	sift_down(schedule, schedule->place[last.entry]);
}

static void heap_insert(struct schedule *schedule, uint32_t entry)
{
	heap_set(schedule, schedule->heap_count++, node_of(schedule, entry));
	sift_up(schedule, schedule->heap_count - 1);
}

/* ---- entries -------------------------------------------------------------------------------- */

static void make_room(struct schedule *schedule, uint32_t entry)
{
	if (entry < schedule->capacity)
		return;
	schedule->capacity = schedule->capacity == 0 ? 1024 : schedule->capacity * 2;
	schedule->entries = mem_grow(
		schedule->entries, schedule->capacity, sizeof schedule->entries[0]);
	schedule->place = mem_grow(schedule->place, schedule->capacity, sizeof schedule->place[0]);
	schedule->heap = mem_grow(schedule->heap, schedule->capacity, sizeof schedule->heap[0]);
}

/* Whole numbers: what an entry adds it takes away again, exactly. */
static int64_t rate_micro(const struct admission_bot *bot)
{
	return 1000000 / bot->interval_s;
}

static bool same_timing(const struct admission_bot *a, const struct admission_bot *b)
{
	return a->interval_s == b->interval_s && a->align_candle == b->align_candle &&
	       a->align_delay_ms == b->align_delay_ms;
}

uint32_t schedule_put(
	struct schedule *schedule, const struct admission_bot *bot, int64_t now_ms, bool catch_up)
{
	bool is_new;
	bool tenant_is_new;
	uint32_t entry = idmap_put(schedule->bots, &bot->bot, &is_new);

	make_room(schedule, entry);
	struct schedule_entry *item = &schedule->entries[entry];
	bool moves = is_new || catch_up || !same_timing(&item->bot, bot);
	int64_t next_slot_s = moves ? 0 : item->next_slot_s;

	if (!is_new) {
		heap_remove(schedule, entry);
		schedule->mean_micro -= rate_micro(&item->bot);
	}
	schedule->mean_micro += rate_micro(bot);
	*item = (struct schedule_entry){
		.bot = *bot,
		.due = due_of(&bot->bot, bot->interval_s, bot->align_candle, bot->align_delay_ms),
		.tenant = idmap_put(schedule->tenants, &bot->tenant, &tenant_is_new),
		.next_slot_s = next_slot_s,
		.seen = true,
	};
	if (moves) {
		int64_t latest_s = due_latest_slot(&item->due, now_ms);
		/* A bot that never ran waits for its own slot: starting it asked for a run at once.
		 */
		bool owes = catch_up && bot->newest_slot_s != 0 && latest_s > bot->newest_slot_s;
		item->next_slot_s = owes ? latest_s : latest_s + item->due.interval_s;
	}
	heap_insert(schedule, entry);
	return entry;
}

void schedule_drop(struct schedule *schedule, uint32_t entry)
{
	heap_remove(schedule, entry);
	schedule->mean_micro -= rate_micro(&schedule->entries[entry].bot);
	idmap_drop(schedule->bots, entry);
}

void schedule_reload_begin(struct schedule *schedule)
{
	for (uint32_t entry = 0; entry < idmap_limit(schedule->bots); entry++)
		if (idmap_used(schedule->bots, entry))
			schedule->entries[entry].seen = false;
}

void schedule_reload_end(
	struct schedule *schedule, void (*dropped)(void *context, uint32_t entry), void *context)
{
	for (uint32_t entry = 0; entry < idmap_limit(schedule->bots); entry++) {
		if (!idmap_used(schedule->bots, entry) || schedule->entries[entry].seen)
			continue;
		dropped(context, entry);
		schedule_drop(schedule, entry);
	}
}

bool schedule_unsee(struct schedule *schedule, const struct uuid *bot, uint32_t *ret_entry)
{
	if (!idmap_find(schedule->bots, bot, ret_entry))
		return false;
	schedule->entries[*ret_entry].seen = false;
	return true;
}

const struct schedule_entry *schedule_find(
	const struct schedule *schedule, const struct uuid *bot, uint32_t *ret_entry)
{
	return idmap_find(schedule->bots, bot, ret_entry) ? &schedule->entries[*ret_entry] : NULL;
}

const struct schedule_entry *schedule_at(const struct schedule *schedule, uint32_t entry)
{
	assert(idmap_used(schedule->bots, entry));
	return &schedule->entries[entry];
}

bool schedule_take_due(struct schedule *schedule, int64_t now_ms, uint32_t *ret_entry,
	int64_t *ret_slot_s, int64_t *ret_missed)
{
	if (schedule_next_ms(schedule) > now_ms)
		return false;
	uint32_t entry = schedule->heap[0].entry;
	struct schedule_entry *item = &schedule->entries[entry];
	int64_t latest_s = due_latest_slot(&item->due, now_ms);

	*ret_entry = entry;
	*ret_slot_s = latest_s;
	*ret_missed = (latest_s - item->next_slot_s) / item->due.interval_s;
	item->next_slot_s = latest_s + item->due.interval_s;
	schedule->heap[0] = node_of(schedule, entry);
	sift_down(schedule, 0);
	return true;
}

int64_t schedule_next_ms(const struct schedule *schedule)
{
	return schedule->heap_count == 0 ? INT64_MAX : schedule->heap[0].due_ms;
}

size_t schedule_count(const struct schedule *schedule)
{
	return schedule->heap_count;
}

int64_t schedule_mean_milli(const struct schedule *schedule)
{
	return schedule->mean_micro / 1000;
}
