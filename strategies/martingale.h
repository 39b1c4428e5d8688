/*
 * martingale - averages into a losing position and leaves it whole when it has recovered.
 *
 * One strategy, two rules. The preset safe is ours: a ladder of adds under caps, a take-profit and
 * a stop that rest at the venue (martingale_rule.h). The preset dcabot-classic is the bot that our
 * users come from, faults included (martingale_classic.h). This file puts both behind the contract.
 */
#ifndef STRATEGIES_MARTINGALE_H
#define STRATEGIES_MARTINGALE_H

#include "strategies/strategy.h"

/* The first is the default; safe will be, once workers hold its stop at the venue. */
enum martingale_preset { MARTINGALE_DCABOT_CLASSIC, MARTINGALE_SAFE };

extern const char *const martingale_presets[]; /* by that enum; NULL-terminated */

extern const struct strategy martingale;

#endif
