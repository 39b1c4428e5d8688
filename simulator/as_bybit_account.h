/*
 * as_bybit_account - the routes about an account: balance, positions, settings and the key itself.
 */
#ifndef SIMULATOR_AS_BYBIT_ACCOUNT_H
#define SIMULATOR_AS_BYBIT_ACCOUNT_H

struct call;

int as_bybit_account_wallet(struct call *call);
int as_bybit_account_positions(struct call *call);
int as_bybit_account_info(struct call *call);
int as_bybit_account_key(struct call *call);

int as_bybit_account_set_leverage(struct call *call);
int as_bybit_account_switch_mode(struct call *call);
int as_bybit_account_set_margin_mode(struct call *call);

/* Refused by name: conditional orders are the stops of this venue. */
int as_bybit_account_trading_stop(struct call *call);

#endif
