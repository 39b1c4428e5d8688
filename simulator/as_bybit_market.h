/*
 * as_bybit_market - the public routes: time, rules, candles, ticker, risk tiers, incidents.
 */
#ifndef SIMULATOR_AS_BYBIT_MARKET_H
#define SIMULATOR_AS_BYBIT_MARKET_H

struct call;

int as_bybit_market_time(struct call *call);
int as_bybit_market_instruments(struct call *call);
int as_bybit_market_kline(struct call *call);
int as_bybit_market_tickers(struct call *call);
int as_bybit_market_risk_limit(struct call *call);
int as_bybit_market_status(struct call *call);

#endif
