/*
 * trade_export - all trades of a tenant or bot in time order, a page at a time.
 *
 * The pages are of one moment: the caller holds a transaction around them that trade_export_begin
 * opens (repeatable read, read only) and ends it with postgres_rollback. Amounts are text as
 * stored.
 */
#ifndef CORE_STORE_TRADE_EXPORT_H
#define CORE_STORE_TRADE_EXPORT_H

#include "core/base/ident.h"

#include <stddef.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

struct trade_export_filter { /* everything borrowed; NULL or 0: any */
	const struct uuid *tenant, *bot;
	int64_t from_ms, to_ms; /* executed from ≤ t < to, UTC; to 0: no end */
};

struct trade_export_mark {    /* where the next page begins; begin with {0} */
	char executed_at[48]; /* with all its digits */
	struct uuid id;
};

MUST_CHECK int trade_export_begin(struct postgres *postgres, struct err *err);

/*
 * The next page, empty at the end; the mark moves behind it. Columns: id, executed_at, tenant, bot,
 * exchange, environment, account_id, symbol, side, position_side, action, type, quantity, price,
 * pnl, pnl_percentage, net_pnl, venue_pnl, fee, fee_currency, liquidity, balance_after,
 * position_value, margin_level, cycle_id, exec_id, order_id, client_order_id, metadata (and one
 * more for the mark).
 */
#define TRADE_EXPORT_COLUMNS 29
MUST_CHECK int trade_export_page(struct postgres *postgres,
	const struct trade_export_filter *filter, size_t limit, struct trade_export_mark *mark,
	struct postgres_result **ret, struct err *err);

#endif
