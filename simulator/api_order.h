/*
 * api_order - the routes that change orders: create, amend, cancel, cancel all.
 *
 * They acknowledge; what was asked takes effect a moment later (desk.h).
 */
#ifndef SIMULATOR_API_ORDER_H
#define SIMULATOR_API_ORDER_H

#include "core/market/market.h"

struct api_call;

int api_order_create(struct api_call *call);
int api_order_amend(struct api_call *call);
int api_order_cancel(struct api_call *call);
int api_order_cancel_all(struct api_call *call);

/* Reads the body of a create request; refuses what is malformed or not modelled. */
int api_order_parse(struct api_call *call, struct order_request *ret);

#endif
