/*
 * margin - what is tied up, what is free, and where liquidation stands. Reads only.
 *
 * Isolated: a leg's margin is allotted when it opens (entry value / leverage) and stays. Cross: a
 * leg ties up its value at mark / leverage, and the whole account stands behind it.
 * An opening order reserves value / leverage plus the taker fee of its value.
 */
#ifndef BROKER_MARGIN_H
#define BROKER_MARGIN_H

#include "broker/model.h"

/* Value of the leg at a price minus its entry value, with the sign of the direction. */
money margin_unrealised(
	const struct listing *listing, const struct holding *holding, int64_t ticks);

/* The leverage that a leg stands at. */
int64_t margin_leverage(const struct slot *slot, int leg);

/* Initial margin of a leg: what it takes out of the free balance. */
money margin_position(const struct broker *broker, const struct slot *slot, int leg);

/* What the opening orders of a slot reserve together; *ret_part: the share of one of them. */
money margin_orders(const struct broker *broker, const struct slot *slot, const struct record *part,
	money *ret_part);

struct margin_totals {
	money unrealised, position, order, maintenance;
	money free; /* see margin_available; may be below 0 */
};
struct margin_totals margin_totals(const struct broker *broker, const struct account_book *account);

/* wallet - position - order + what is unrealised on cross legs. */
money margin_available(const struct broker *broker, const struct account_book *account);

/* True if an order that is already linked opens nothing, or all that is reserved is covered. */
bool margin_covers(const struct broker *broker, const struct record *record);

/* True if what the order opens, with all else in its direction, is within the risk tier. */
bool margin_within_risk(const struct broker *broker, const struct record *record);

/*
 * What stands behind a leg minus what it must keep, if its symbol's mark were at ticks: isolated:
 * margin + unrealised - maintenance of the leg; cross: equity - maintenance of the account.
 * Liquidation is at 0 and below.
 */
money margin_excess(const struct broker *broker, const struct slot *slot, int leg, int64_t ticks);

/*
 * The mark, nearest to the present one, at which the leg is liquidated: below for what gains when
 * the price rises, above for the rest. Cross, hedged: both legs share one, on the side of the
 * larger. False if the leg is flat or no positive price does it.
 */
bool margin_liquidation(
	const struct broker *broker, const struct slot *slot, int leg, int64_t *ret_ticks);

/*
 * The marks nearest to the present one at which the leg is liquidated, on either side: 0 below and
 * INT64_MAX above where there is none. The leg is held and not liquidated now, else both are mark.
 */
struct margin_bounds {
	int64_t below, above;
};
struct margin_bounds margin_bounds(const struct broker *broker, const struct slot *slot, int leg);

/*
 * The price at which closing the leg, fee included, costs no more than margin: the nearest such
 * tick.
 */
int64_t margin_bankruptcy(
	const struct listing *listing, const struct holding *holding, money margin);

#endif
