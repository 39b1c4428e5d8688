/*
 * files - a run's fills, payments and picture as CSV.
 *
 * A file appears whole or not at all. Amounts are decimals as text, times UTC.
 */
#ifndef BACKTEST_FILES_H
#define BACKTEST_FILES_H

#include "backtest/record.h"

/*
 * Fills and funding in time order: time, event (OPENED, ADDED, REDUCED, CLOSED, FUNDING), order,
 * purpose, side, quantity, price, liquidity, fee, pnl, funding, quantity_after, average, cycle,
 * wallet.
 */
MUST_CHECK int files_trades(
	const struct record *record, const struct rules *rules, const char *path, struct err *err);

/* The picture: time, high, low, close, equity, equity_low, equity_high, wallet, quantity. */
MUST_CHECK int files_equity(
	const struct record *record, const struct rules *rules, const char *path, struct err *err);

#endif
