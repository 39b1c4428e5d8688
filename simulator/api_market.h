/*
 * api_market - the public routes: time, rules, candles, ticker, risk tiers, incidents.
 */
#ifndef SIMULATOR_API_MARKET_H
#define SIMULATOR_API_MARKET_H

struct api_call;

int api_market_time(struct api_call *call);
int api_market_instruments(struct api_call *call);
int api_market_kline(struct api_call *call);
int api_market_tickers(struct api_call *call);
int api_market_risk_limit(struct api_call *call);
int api_market_status(struct api_call *call);

#endif
