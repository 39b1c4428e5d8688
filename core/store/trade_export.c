#include "core/store/trade_export.h"

#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>

static const char page_sql[] =
	"select x.id, utc_text(x.executed_at), "
	"t.name, b.name, x.exchange, x.environment, x.account_id, x.symbol, x.side, "
	"x.position_side, "
	"x.action, x.type, x.quantity, x.price, x.pnl, x.pnl_percentage, x.net_pnl, x.venue_pnl, "
	"x.fee, "
	"x.fee_currency, x.liquidity, x.balance_after, x.position_value, x.margin_level, "
	"x.cycle_id, "
	"x.exec_id, x.order_id, x.client_order_id, x.metadata, x.executed_at::text "
	"from trades x join tenants t on t.id = x.tenant_id join bot_configs b on b.id = x.bot_id "
	"where ($1::uuid is null or x.tenant_id = $1::uuid) and ($2::uuid is null or x.bot_id = "
	"$2::uuid) "
	"and ($3::bigint is null or x.executed_at >= from_ms($3::bigint)) "
	"and ($4::bigint is null or x.executed_at < from_ms($4::bigint)) "
	"and ($5::timestamptz is null or (x.executed_at, x.id) > ($5::timestamptz, $6::uuid)) "
	"order by x.executed_at, x.id limit $7";

int trade_export_begin(struct postgres *postgres, struct err *err)
{
	if (postgres_begin(postgres, err) == -1)
		return -1;
	return postgres_query(postgres,
		"set transaction isolation level repeatable read, read only", 0, NULL, NULL, err);
}

static const char *number(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

int trade_export_page(struct postgres *postgres, const struct trade_export_filter *filter,
	size_t limit, struct trade_export_mark *mark, struct postgres_result **ret, struct err *err)
{
	char from[24];
	char to[24];
	char most[24];
	bool resumed = mark->executed_at[0] != '\0';
	const char *parameters[] = {filter->tenant == NULL ? NULL : filter->tenant->text,
		filter->bot == NULL ? NULL : filter->bot->text,
		filter->from_ms == 0 ? NULL : number(filter->from_ms, from),
		filter->to_ms == 0 ? NULL : number(filter->to_ms, to),
		resumed ? mark->executed_at : NULL, resumed ? mark->id.text : NULL,
		number((int64_t)limit, most)};
	struct postgres_result *result = NULL;

	if (postgres_query(postgres, page_sql, 7, parameters, &result, err) == -1)
		return err_while(err, "could not read trades");
	size_t rows = postgres_rows(result);
	if (rows > 0) {
		mark->id = postgres_uuid(result, rows - 1, 0);
		(void)snprintf(mark->executed_at, sizeof mark->executed_at, "%s",
			postgres_text(result, rows - 1, TRADE_EXPORT_COLUMNS));
	}
	*ret = result;
	return 0;
}
