/*
 * worth - what an amount in another coin is worth in the account's own.
 *
 * Venues take fees in a coin of theirs if the account holds it. The trade keeps such a fee as it
 * is; its net result and its cycle's count the worth: the close of the coin's one-minute candle in
 * which the fill was. Where the venue has no such market, or the minute is too long ago, there is
 * no price, and no net.
 */
#ifndef WORKER_WORTH_H
#define WORKER_WORTH_H

#include "worker/work.h"

#define SETTLE_COIN "USDT"

/* False: there is no price. market_ms: the fill's time by the market's clock. */
bool worth_of_fee(
	struct work *work, const struct fill *fill, int64_t market_ms, struct decimal *ret_value);

/* The candle of that minute, NULL if it is not among them. Pure. */
const struct candle *worth_minute(const struct candle_list *candles, int64_t market_ms);

#endif
