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

/* One number, of a pair and a time. */
static int read_number(struct postgres *postgres, const char *sql, const struct uuid *pair,
	int64_t at_ms, int64_t *ret, struct err *err)
{
	char at[24];
	(void)snprintf(at, sizeof at, "%" PRId64, at_ms);
	const char *parameters[] = {pair->text, at};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, sql, 2, parameters, &result, err) == -1)
		return -1;
	*ret = postgres_int(result, 0, 0);
	return 0;
}

int trade_first(
	struct postgres *postgres, const struct uuid *pair, int64_t *ret_ms, struct err *err)
{
	if (read_number(postgres,
		    "select coalesce(epoch_ms(min(executed_at)), 0) from trades "
		    "where bot_id = (select bot_id from bot_trading_pairs where id = $1) "
		    "and pair_id = $1 and executed_at >= from_ms($2)",
		    pair, 0, ret_ms, err) == -1)
		return err_while(err, "could not read the first trade");
	return 0;
}

int trade_cycle_at(struct postgres *postgres, const struct uuid *pair, int64_t at_ms,
	int64_t *ret_cycle, struct err *err)
{
	if (read_number(postgres,
		    "select coalesce((select cycle_id from trades "
		    "where bot_id = (select bot_id from bot_trading_pairs where id = $1) "
		    "and pair_id = $1 and executed_at <= from_ms($2) "
		    "order by executed_at desc, cycle_id desc limit 1), 0)",
		    pair, at_ms, ret_cycle, err) == -1)
		return err_while(err, "could not look up the cycle of a payment");
	return 0;
}

int trade_owed(struct postgres *postgres, const struct uuid *pair, int64_t from_ms,
	struct arena *arena, struct trade_owed_list *ret, struct err *err)
{
	char from[24];
	(void)snprintf(from, sizeof from, "%" PRId64, from_ms);
	const char *parameters[] = {pair->text, from};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select exec_id, pnl, quantity * price, cycle_id from trades "
		    "where bot_id = (select bot_id from bot_trading_pairs where id = $1) "
		    "and pair_id = $1 and executed_at >= from_ms($2) and venue_pnl is null "
		    "and exec_part = 0 and action in ('REDUCED', 'CLOSED') and type <> 'adopted'",
		    2, parameters, &result, err) == -1)
		return err_while(err, "could not read trades without the venue's figure");
	struct trade_owed_list list = {.count = postgres_rows(result)};
	list.items = ARENA_ARRAY(arena, struct trade_owed, list.count + 1);
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = (struct trade_owed){
			.exec_id = arena_text(arena, postgres_text(result, i, 0)),
			.pnl = postgres_decimal(result, i, 1),
			.value = postgres_decimal(result, i, 2),
			.cycle = postgres_int(result, i, 3),
		};
	*ret = list;
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
