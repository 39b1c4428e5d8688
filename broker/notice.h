/*
 * notice - tells the ledger, and shows an order as the outside sees it.
 *
 * Nothing is built when nobody listens: a backtest pays for its ledger only if it wants one.
 */
#ifndef BROKER_NOTICE_H
#define BROKER_NOTICE_H

#include "broker/holding.h"
#include "broker/model.h"

void notice_order_view(const struct broker *broker, const struct record *record, struct order *ret);

/* Something happened to an order that books no money. */
void notice_order(struct broker *broker, enum broker_event_kind kind, const struct record *record,
	enum broker_reason reason);

struct notice_fill {
	struct slot *slot;
	int leg;
	const struct record *record; /* NULL: forced */
	enum fill_kind kind;
	enum side side;
	enum liquidity liquidity;
	int64_t lots, ticks;
	money fee;
	const struct holding_change *change;
};
void notice_fill(struct broker *broker, const struct notice_fill *fill);

void notice_liquidation(struct broker *broker, const struct slot *slot, int leg);
void notice_funding(
	struct broker *broker, const struct slot *slot, int leg, struct decimal rate, money paid);
void notice_transfer(struct broker *broker, int account, money amount);

#endif
