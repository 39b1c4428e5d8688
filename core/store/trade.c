#include "core/store/trade.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_ids(struct postgres *postgres, const char *sql, const struct uuid *bot,
	int64_t from_ms, struct arena *arena, struct trade_set *ret, struct err *err)
{
	char from[24];
	(void)snprintf(from, sizeof from, "%" PRId64, from_ms);
	const char *parameters[] = {bot->text, from};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, sql, 2, parameters, &result, err) == -1)
		return -1;
	struct trade_set set = {.count = postgres_rows(result)};
	set.ids = ARENA_ARRAY(arena, const char *, set.count + 1);
	for (size_t i = 0; i < set.count; i++)
		set.ids[i] = arena_text(arena, postgres_text(result, i, 0));
	*ret = set;
	return 0;
}

int trade_executions(struct postgres *postgres, const struct uuid *bot, int64_t from_ms,
	struct arena *arena, struct trade_set *ret, struct err *err)
{
	if (read_ids(postgres,
		    "select exec_id from trades where bot_id = $1 and executed_at >= from_ms($2) "
		    "order by exec_id collate \"C\"",
		    bot, from_ms, arena, ret, err) == -1)
		return err_while(err, "could not read booked executions");
	return 0;
}

int trade_funding(struct postgres *postgres, const struct uuid *bot, int64_t from_ms,
	struct arena *arena, struct trade_set *ret, struct err *err)
{
	if (read_ids(postgres,
		    "select venue_id from funding where bot_id = $1 and paid_at >= from_ms($2) "
		    "order by venue_id collate \"C\"",
		    bot, from_ms, arena, ret, err) == -1)
		return err_while(err, "could not read booked funding");
	return 0;
}

int trade_newest_funding(
	struct postgres *postgres, const struct uuid *pair, int64_t *ret_ms, struct err *err)
{
	const char *parameters[] = {pair->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select coalesce(epoch_ms(max(paid_at)), 0) from funding where pair_id = $1", 1,
		    parameters, &result, err) == -1)
		return err_while(err, "could not read the newest funding");
	*ret_ms = postgres_int(result, 0, 0);
	return 0;
}

static int by_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

bool trade_set_has(const struct trade_set *set, const char *id)
{
	return bsearch(id, set->ids, set->count, sizeof set->ids[0], by_text) != NULL;
}
