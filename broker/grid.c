#include "broker/grid.h"

#include "broker/margin.h"
#include "broker/matching.h"
#include "broker/model.h"

static struct symbol_book *book_of(const struct broker *broker, int symbol)
{
	assert(symbol >= 0 && symbol < broker->symbol_count);
	return &broker->symbols[symbol];
}

void grid_price(struct broker *broker, int symbol, const struct grid_price *price)
{
	struct listing *listing = &book_of(broker, symbol)->listing;

	assert(price->last >= 1 && price->mark >= 1 && price->bid >= 1 && price->ask >= 1);
	assert(price->volume >= 0 && price->time_ms >= broker->time_ms);
	broker->time_ms = price->time_ms;
	listing->price = (struct listing_price){.last = price->last,
		.mark = price->mark,
		.bid = price->bid,
		.ask = price->ask,
		.period_ms = price->period_ms,
		.volume = price->volume};
	listing->priced = true;
	listing->time_ms = price->time_ms;
	broker->price_event++;
	matching_queue(broker);
	matching_price(broker, symbol);
}

static void at_least(int64_t *low, int64_t ticks)
{
	if (*low < ticks)
		*low = ticks;
}

static void at_most(int64_t *high, int64_t ticks)
{
	if (*high > ticks)
		*high = ticks;
}

/* A waiting order fires at its trigger and beyond. */
static void bound_trigger(const struct record *record, struct grid_quiet *quiet)
{
	bool by_mark = record->request.trigger_by == TRIGGER_MARK;

	if (record->request.trigger_rising)
		at_most(by_mark ? &quiet->mark_high : &quiet->last_high, record->trigger - 1);
	else
		at_least(by_mark ? &quiet->mark_low : &quiet->last_low, record->trigger + 1);
}

/* A resting order fills when last has passed its price, not at it. */
static void bound_orders(const struct slot *slot, struct grid_quiet *quiet)
{
	for (const struct record *record = slot->first; record; record = record->after) {
		if (!model_live(record))
			continue;
		if (model_waits(record))
			bound_trigger(record, quiet);
		else if (record->request.side == SIDE_BUY)
			at_least(&quiet->last_low, record->price);
		else
			at_most(&quiet->last_high, record->price);
	}
}

static void bound_liquidation(
	const struct broker *broker, const struct slot *slot, int leg, struct grid_quiet *quiet)
{
	struct margin_bounds bounds = margin_bounds(broker, slot, leg);

	at_least(&quiet->mark_low, bounds.below + 1);
	at_most(&quiet->mark_high, bounds.above - 1);
}

bool grid_quiet(const struct broker *broker, int symbol, struct grid_quiet *ret)
{
	const struct symbol_book *book = book_of(broker, symbol);
	struct grid_quiet quiet = {1, INT64_MAX, 1, INT64_MAX};

	if (broker->queue_first || !book->listing.priced)
		return false;
	for (int i = 0; i < book->active_count; i++) {
		const struct slot *slot = book->active[i];
		bound_orders(slot, &quiet);
		for (int leg = 0; leg < POSITIONS_MAX; leg++)
			if (slot->legs[leg].lots != 0)
				bound_liquidation(broker, slot, leg, &quiet);
	}
	*ret = quiet;
	return true;
}

struct grid_leg grid_leg(const struct broker *broker, int account, int symbol, enum leg leg)
{
	const struct slot *slot = model_slot(broker, account, symbol);
	const struct holding *holding = &slot->legs[leg == LEG_SHORT ? 1 : 0];

	int64_t liquidation = 0;
	(void)margin_liquidation(broker, slot, leg == LEG_SHORT ? 1 : 0, &liquidation);
	return (struct grid_leg){
		.lots = holding->lots,
		.cost_e8 = (int64_t)holding->cost,
		.unit_e8 = model_listing(broker, slot)->unit,
		.wallet_e8 = (int64_t)broker->accounts[account]->wallet,
		.margin_e8 = (int64_t)holding->margin,
		.leverage_cents = margin_leverage(slot, leg == LEG_SHORT ? 1 : 0),
		.liquidation_ticks = liquidation,
	};
}
