/*
 * api_listing - the routes that list orders: open ones and the recently finished, and history.
 */
#ifndef SIMULATOR_API_LISTING_H
#define SIMULATOR_API_LISTING_H

struct api_call;

int api_listing_realtime(struct api_call *call);
int api_listing_history(struct api_call *call);

#endif
