/*
 * martingale_rule - one decision of our own rule: the order of the checks, strategy.md 3.3.
 *
 *	input in order? mode? position fresh?     else: nothing, or exits only
 *	stop armed → exits → take-profits         never behind a filter, lock or volatility
 *	entry gates → trigger → size              first what any entry needs, then what makes one
 *due difference to the orders that stand       and a last look at the result
 */
#ifndef STRATEGIES_MARTINGALE_RULE_H
#define STRATEGIES_MARTINGALE_RULE_H

#include "strategies/strategy.h"

/* state: struct martingale_state. Fills in an answer that output_init has emptied. */
void martingale_rule_decide(
	const struct strategy_input *input, const void *state, struct strategy_output *output);

#endif
