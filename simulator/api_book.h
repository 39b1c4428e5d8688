/*
 * api_book - the routes about an account's past: executions, transaction log, closed PnL.
 */
#ifndef SIMULATOR_API_BOOK_H
#define SIMULATOR_API_BOOK_H

struct api_call;

int api_book_executions(struct api_call *call);
int api_book_transactions(struct api_call *call);
int api_book_closed_pnl(struct api_call *call);

#endif
