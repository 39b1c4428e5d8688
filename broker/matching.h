/*
 * matching - what happens when time or price moves: queued commands, triggers, fills,
 * liquidation, funding. The only file that changes positions and wallets by trading.
 */
#ifndef BROKER_MATCHING_H
#define BROKER_MATCHING_H

#include "broker/model.h"

/* Lets queued commands due by broker->time_ms take effect at the standing prices. */
void matching_queue(struct broker *broker);

/* After a new price of the symbol: triggers, resting orders, liquidation. */
void matching_price(struct broker *broker, int symbol);

void matching_funding(struct broker *broker, int symbol, struct decimal rate, int64_t rate_fixed);

/* Whether an amend could be had now; changes nothing. */
bool matching_amend_fits(struct broker *broker, struct record *record, const struct record *wanted,
	enum broker_reason *ret_reason);

/* Closes lots of the leg at a price without a fee. */
void matching_force(struct broker *broker, struct slot *slot, int leg, enum fill_kind kind,
	int64_t lots, int64_t ticks);

#endif
