#include "scheduler/idmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY UINT32_MAX
#define TOMBSTONE (UINT32_MAX - 1)
#define SIZE_FIRST 1024

struct item {
	struct uuid id;
	bool used;
};

struct idmap {
	struct item *items; /* by number */
	uint32_t limit, capacity;
	uint32_t *free_numbers;
	uint32_t free_count;
	uint32_t *table;     /* numbers by hash */
	uint32_t table_size; /* a power of two */
	uint32_t table_used; /* tombstones included */
};

struct idmap *idmap_new(void)
{
	return mem_zero(1, sizeof(struct idmap));
}

void idmap_free(struct idmap **map)
{
	if (*map == NULL)
		return;
	free((*map)->items);
	free((*map)->free_numbers);
	free((*map)->table);
	free(*map);
	*map = NULL;
}

static uint32_t hash_of(const struct uuid *id)
{
	uint8_t bytes[16];

	uuid_bytes(id, bytes);
	return (uint32_t)hash_bytes(bytes, sizeof bytes);
}

/* Where the id stands, or where it would be put. */
static uint32_t *place_of(const struct idmap *map, const struct uuid *id)
{
	uint32_t mask = map->table_size - 1;
	uint32_t *reusable = NULL;

	for (uint32_t i = hash_of(id) & mask;; i = (i + 1) & mask) {
		uint32_t *place = &map->table[i];
		if (*place == EMPTY)
			return reusable != NULL ? reusable : place;
		if (*place == TOMBSTONE)
			reusable = reusable != NULL ? reusable : place;
		else if (memcmp(map->items[*place].id.text, id->text, sizeof id->text) == 0)
			return place;
	}
}

/* At most half full, so that a search ends soon; rebuilding also sweeps the tombstones. */
static void make_room(struct idmap *map)
{
	if (map->table_size != 0 && map->table_used < map->table_size / 2)
		return;
	uint32_t live = map->limit - map->free_count;
	map->table_size = map->table_size == 0 ? SIZE_FIRST : map->table_size;
	while (live >= map->table_size / 4)
		map->table_size *= 2;
	map->table = mem_grow(map->table, map->table_size, sizeof map->table[0]);
	for (uint32_t i = 0; i < map->table_size; i++)
		map->table[i] = EMPTY;
	map->table_used = live;
	for (uint32_t number = 0; number < map->limit; number++)
		if (map->items[number].used)
			*place_of(map, &map->items[number].id) = number;
}

static uint32_t new_number(struct idmap *map)
{
	if (map->free_count > 0)
		return map->free_numbers[--map->free_count];
	if (map->limit == map->capacity) {
		map->capacity = map->capacity == 0 ? SIZE_FIRST : map->capacity * 2;
		map->items = mem_grow(map->items, map->capacity, sizeof map->items[0]);
		map->free_numbers = mem_grow(
			map->free_numbers, map->capacity, sizeof map->free_numbers[0]);
	}
	return map->limit++;
}

uint32_t idmap_put(struct idmap *map, const struct uuid *id, bool *ret_new)
{
	make_room(map);
	uint32_t *place = place_of(map, id);

	*ret_new = *place == EMPTY || *place == TOMBSTONE;
	if (!*ret_new)
		return *place;
	if (*place == EMPTY)
		map->table_used++;
	uint32_t number = new_number(map);
	map->items[number] = (struct item){.id = *id, .used = true};
	*place = number;
	return number;
}

bool idmap_find(const struct idmap *map, const struct uuid *id, uint32_t *ret)
{
	if (map->table_size == 0)
		return false;
	uint32_t number = *place_of(map, id);
	if (number == EMPTY || number == TOMBSTONE)
		return false;
	*ret = number;
	return true;
}

void idmap_drop(struct idmap *map, uint32_t number)
{
	assert(idmap_used(map, number));
	*place_of(map, &map->items[number].id) = TOMBSTONE;
	map->items[number].used = false;
	map->free_numbers[map->free_count++] = number;
}

uint32_t idmap_limit(const struct idmap *map)
{
	return map->limit;
}

bool idmap_used(const struct idmap *map, uint32_t number)
{
	return number < map->limit && map->items[number].used;
}
