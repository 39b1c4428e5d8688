/*
 * as_phemex_order - Phemex's orders and books.
 *
 * A place, a change or a cancel is answered with a receipt and takes effect a moment later. A stop
 * is an order like any other and keeps its ids when it fires.
 */
#ifndef SIMULATOR_AS_PHEMEX_ORDER_H
#define SIMULATOR_AS_PHEMEX_ORDER_H

struct call;

int as_phemex_order_place(struct call *call);
int as_phemex_order_replace(struct call *call);
int as_phemex_order_cancel(struct call *call);
int as_phemex_order_cancel_all(struct call *call);
int as_phemex_order_active(struct call *call);
int as_phemex_order_by_id(struct call *call);

int as_phemex_order_trades(struct call *call);
int as_phemex_order_trading_list(struct call *call);
int as_phemex_order_funding_fees(struct call *call);

#endif
