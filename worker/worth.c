#include "worker/worth.h"

#include "core/io/log.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define CANDLES_MAX 1000
#define WORTH_SCALE 18

const struct candle *worth_minute(const struct candle_list *candles, int64_t market_ms)
{
	for (size_t i = candles->count; i > 0; i--) {
		const struct candle *candle = &candles->items[i - 1];
		if (candle->open_ms <= market_ms)
			return market_ms < candle->open_ms + MINUTE_MS ? candle : NULL;
	}
	return NULL;
}

/* Few sizes, so that runs share what was read. */
static size_t candles_back_to(const struct work *work, int64_t market_ms)
{
	int64_t minutes = (work_market_now_ms(work) - market_ms) / MINUTE_MS + 2;

	return minutes <= 10 ? 10 : minutes <= 100 ? 100 : CANDLES_MAX;
}

static bool price_of(
	struct work *work, const char *coin, int64_t market_ms, struct decimal *ret_price)
{
	char symbol[SYMBOL_SIZE];
	struct candle_list candles;
	int64_t age_ms;
	struct err err;

	(void)snprintf(symbol, sizeof symbol, "%s" SETTLE_COIN, coin);
	if (exchange_candles(work->exchange, work->arena, symbol, MINUTE_MS,
		    candles_back_to(work, market_ms), &candles, &age_ms, &err) == -1) {
		log_failure(LOG_WARN, "a fee's coin has no price, its net stays unknown", &err);
		return false;
	}
	const struct candle *minute = worth_minute(&candles, market_ms);
	if (minute == NULL) {
		log_event(LOG_WARN, "the minute of a fee is gone, its net stays unknown",
			LOG_TEXT("coin", coin));
		return false;
	}
	*ret_price = minute->close;
	return true;
}

bool worth_of_fee(
	struct work *work, const struct fill *fill, int64_t market_ms, struct decimal *ret_value)
{
	struct decimal price;

	*ret_value = fill->fee;
	if (decimal_is_zero(fill->fee) || strcmp(fill->fee_currency, SETTLE_COIN) == 0)
		return true;
	if (!price_of(work, fill->fee_currency, market_ms, &price))
		return false;
	*ret_value = decimal_round(decimal_mul(fill->fee, price), WORTH_SCALE, ROUND_HALF_UP);
	return decimal_is_valid(*ret_value);
}
