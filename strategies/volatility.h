/*
 * volatility - is the market too wild to add to a position, and how does it fall?
 *
 * The two tests of the bot that dcabot-classic follows, over ready indicator values. Both fail
 * open: a value that is missing triggers nothing. The decline score looks at falls only; it is the
 * same for a long and a short, so that a rally scores by its jerkiness and volume alone.
 */
#ifndef STRATEGIES_VOLATILITY_H
#define STRATEGIES_VOLATILITY_H

#include "strategies/strategy.h"

enum volatility { VOLATILITY_CALM, VOLATILITY_ATR, VOLATILITY_BANDS, VOLATILITY_RETURNS };

enum decline {
	DECLINE_UNKNOWN, /* too few candles: neither safe nor dangerous */
	DECLINE_SLOW,
	DECLINE_MODERATE,
	DECLINE_FAST,
	DECLINE_CRASH,
};

/* The first test that triggers: ATR > 1.5 x baseline, band width > 8 %, deviation > 5 %. */
enum volatility volatility_of(const struct indicators *values);

/* 0 to 100 and the class that follows from it; *ret_score is 0 when unknown. */
enum decline volatility_decline(const struct indicators *values, int64_t *ret_score);

bool volatility_decline_safe(enum decline decline);      /* SLOW, MODERATE */
bool volatility_decline_dangerous(enum decline decline); /* FAST, CRASH */

const char *volatility_decline_text(enum decline decline); /* "slow decline", "crash", … */

#endif
