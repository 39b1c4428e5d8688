/*
 * idmap - small integers for uuids: bots and tenants of the schedule.
 *
 * Open addressing with tombstones. A number is free again after idmap_drop and is given out anew,
 * so arrays indexed by it stay dense.
 */
#ifndef SCHEDULER_IDMAP_H
#define SCHEDULER_IDMAP_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stdint.h>

struct idmap;

struct idmap *idmap_new(void);
void idmap_free(struct idmap **map);

/* The number of an id, made if it has none (*ret_new true). */
uint32_t idmap_put(struct idmap *map, const struct uuid *id, bool *ret_new);
bool idmap_find(const struct idmap *map, const struct uuid *id, uint32_t *ret);
void idmap_drop(struct idmap *map, uint32_t number);

/* Numbers ever given out are below this. */
uint32_t idmap_limit(const struct idmap *map);
bool idmap_used(const struct idmap *map, uint32_t number);

#endif
