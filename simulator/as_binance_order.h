/*
 * as_binance_order - Binance's orders, stops and books.
 *
 * An order is executed before its reply leaves. Stops are orders of another kind with ids of their
 * own (algoId, clientAlgoId); one that fires becomes an ordinary order whose client id is that
 * clientAlgoId. A client id is unique among open orders only.
 */
#ifndef SIMULATOR_AS_BINANCE_ORDER_H
#define SIMULATOR_AS_BINANCE_ORDER_H

struct call;

int as_binance_order_place(struct call *call);
int as_binance_order_query(struct call *call);
int as_binance_order_cancel(struct call *call);
int as_binance_order_amend(struct call *call);
int as_binance_order_cancel_all(struct call *call);
int as_binance_order_open_one(struct call *call);
int as_binance_order_open(struct call *call);
int as_binance_order_all(struct call *call);

int as_binance_order_stop_place(struct call *call);
int as_binance_order_stop_query(struct call *call);
int as_binance_order_stop_cancel(struct call *call);
int as_binance_order_stop_cancel_all(struct call *call);
int as_binance_order_stop_open(struct call *call);
int as_binance_order_stop_all(struct call *call);

int as_binance_order_trades(struct call *call);
int as_binance_order_income(struct call *call);
int as_binance_order_forced(struct call *call);

#endif
