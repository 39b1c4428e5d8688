/*
 * classic_rule - what dcabot-classic would do: strategy.md 1.5 as gates and a choice.
 *
 * Pure judgement: sizes, orders and what the platform allows come after it. Every gate that is
 * asked leaves a reason in the view's output.
 */
#ifndef STRATEGIES_CLASSIC_RULE_H
#define STRATEGIES_CLASSIC_RULE_H

#include "strategies/classic_view.h"

enum classic_choice {
	CLASSIC_NONE,
	CLASSIC_OPEN,
	CLASSIC_ADD,
	CLASSIC_REDUCE, /* a third of a large winner */
	CLASSIC_CLOSE,
};

enum classic_choice classic_rule_choose(const struct classic_view *view);

#endif
