/*
 * martingale_classic - the rule of the preset dcabot-classic, strategy.md 1.5.
 *
 * Ratios are rounded as the original rounds them (margin and profit to cents, return on margin
 * and margin level to two places, ties to even), but everything is exact: where the original's
 * binary fractions fall short of a lot, ours does not. Kept on purpose: the EMA200 gate stands
 * before the exits, sizes are raised to the minimum, an oversize order is dropped whole, exits are
 * priced at the ask for both sides. Not kept: the cancelling of the opposite leg's orders.
 *
 * Where a symbol's two legs are both open, the original counts the margin of the one that the
 * venue lists last; that order means nothing, so the larger of the two counts here.
 */
#ifndef STRATEGIES_MARTINGALE_CLASSIC_H
#define STRATEGIES_MARTINGALE_CLASSIC_H

#include "strategies/classic_params.h"

/* Appends intents and reasons to an answer that output_init has emptied. */
void martingale_classic_decide(const struct strategy_input *input, struct strategy_output *output);

#endif
