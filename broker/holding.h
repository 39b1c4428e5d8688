/*
 * holding - a leg's quantity, entry value, margin and opening fees as fills change it.
 *
 * Average cost: an increase adds to the entry value, a reduction takes its proportional part of
 * it away (ties away from zero) and realises the difference to the exit value. What stays is
 * the exact rest, so the sum of what was realised is exact when the leg is flat again.
 */
#ifndef BROKER_HOLDING_H
#define BROKER_HOLDING_H

#include "broker/model.h"

struct holding_fill {
	enum side side;
	int64_t lots, ticks;
	money fee;
	int64_t leverage; /* of the part that opens */
	bool isolated;
	int64_t time_ms;
};

struct holding_change {
	money cash_flow; /* realised price PnL */
	int64_t closed_lots;
	money closed_cost, closed_value, closed_open_fee, closing_fee;
};

/* A fill larger than an opposite leg closes it and opens the rest the other way. */
struct holding_change holding_apply(
	struct holding *holding, const struct listing *listing, const struct holding_fill *fill);

/* value * part / whole, ties away from zero. */
money holding_share(money value, int64_t part, int64_t whole);

#endif
