/*
 * activity - what the whole system is doing now: for a person who watches.
 *
 * Figures of the moment across all tenants, cheap enough to be read every second: nothing here
 * reads a table from end to end except the totals, which are asked for apart. Amounts are text as
 * Postgres gives them. Nothing decides anything by these figures.
 */
#ifndef CORE_STORE_ACTIVITY_H
#define CORE_STORE_ACTIVITY_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;
struct postgres_result;

struct activity {
	int64_t now_ms;    /* Postgres's clock */
	bool led;          /* a scheduler's lease holds */
	char leader[128];  /* the last one's name, "" if there never was one */
	int64_t epoch;     /* changes of leader */
	int64_t window_ms; /* of the next five */
	int64_t runs_done, runs_failed;
	int64_t run_p50_ms, run_p99_ms; /* of runs that ended in the window; 0: none did */
	int64_t delay_p99_ms;           /* slot to start */
	int64_t running;                /* leases that are held */
	int64_t retrying;               /* runs that wait for another try */
	int64_t unknown_orders;         /* unknown, or sending without a live run */
	int64_t open_orders;
	int64_t bots; /* not stopped */
};

/* Runs count over the last window_ms (at most a minute). */
MUST_CHECK int activity_read(
	struct postgres *postgres, int64_t window_ms, struct activity *ret, struct err *err);

/* Running runs, the longest first: bot, tenant, worker, kind, running_ms. The caller frees. */
MUST_CHECK int activity_running(
	struct postgres *postgres, int limit, struct postgres_result **ret, struct err *err);

/*
 * Newest trades of all tenants: executed_at (UTC), tenant, bot, symbol, position_side, action,
 * quantity, price, net_pnl (NULL: fee without a price).
 */
MUST_CHECK int activity_trades(
	struct postgres *postgres, int limit, struct postgres_result **ret, struct err *err);

/*
 * Per tenant, the busiest first: name, bots, open_positions, trades, fees, funding, net_pnl; on
 * each row the sums over all tenants, those beyond limit included: trades_of_all, net_pnl_of_all.
 * Reads all trades: its cost grows with them.
 */
MUST_CHECK int activity_tenants(
	struct postgres *postgres, int limit, struct postgres_result **ret, struct err *err);

#endif
