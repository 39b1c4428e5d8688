/*
 * as_bybit_listing - the routes that list orders: open ones and the recently finished, and history.
 */
#ifndef SIMULATOR_AS_BYBIT_LISTING_H
#define SIMULATOR_AS_BYBIT_LISTING_H

struct call;

int as_bybit_listing_realtime(struct call *call);
int as_bybit_listing_history(struct call *call);

#endif
