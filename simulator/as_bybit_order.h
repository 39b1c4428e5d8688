/*
 * as_bybit_order - the routes that change orders: create, amend, cancel, cancel all.
 *
 * They acknowledge; what was asked takes effect a moment later (desk.h).
 */
#ifndef SIMULATOR_AS_BYBIT_ORDER_H
#define SIMULATOR_AS_BYBIT_ORDER_H

#include "core/market/market.h"

struct call;

int as_bybit_order_create(struct call *call);
int as_bybit_order_amend(struct call *call);
int as_bybit_order_cancel(struct call *call);
int as_bybit_order_cancel_all(struct call *call);

/* Reads the body of a create request; refuses what is malformed or not modelled. */
int as_bybit_order_parse(struct call *call, struct order_request *ret);

#endif
