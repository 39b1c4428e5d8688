/*
 * api_account - the routes about an account: balance, positions, settings and the key itself.
 */
#ifndef SIMULATOR_API_ACCOUNT_H
#define SIMULATOR_API_ACCOUNT_H

struct api_call;

int api_account_wallet(struct api_call *call);
int api_account_positions(struct api_call *call);
int api_account_info(struct api_call *call);
int api_account_key(struct api_call *call);

int api_account_set_leverage(struct api_call *call);
int api_account_switch_mode(struct api_call *call);
int api_account_set_margin_mode(struct api_call *call);

/* Refused by name: conditional orders are the stops of this venue. */
int api_account_trading_stop(struct api_call *call);

#endif
