/*
 * as_bybit_book - the routes about an account's past: executions, transaction log, closed PnL.
 */
#ifndef SIMULATOR_AS_BYBIT_BOOK_H
#define SIMULATOR_AS_BYBIT_BOOK_H

struct call;

int as_bybit_book_executions(struct call *call);
int as_bybit_book_transactions(struct call *call);
int as_bybit_book_closed_pnl(struct call *call);

#endif
