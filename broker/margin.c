#include "broker/margin.h"

money margin_unrealised(const struct listing *listing, const struct holding *holding, int64_t ticks)
{
	money value = listing_value(listing, holding->lots, ticks);
	return holding->lots < 0 ? value + holding->cost : value - holding->cost;
}

int64_t margin_leverage(const struct slot *slot, int leg)
{
	int64_t lots = slot->legs[leg].lots;
	bool sold = lots < 0 || (lots == 0 && leg == 1);
	return slot->leverage[sold ? SIDE_SELL : SIDE_BUY];
}

money margin_position(const struct broker *broker, const struct slot *slot, int leg)
{
	const struct holding *holding = &slot->legs[leg];
	if (holding->lots == 0)
		return 0;
	if (model_isolated(slot))
		return holding->margin;
	const struct listing *listing = model_listing(broker, slot);
	money value = listing_value(listing, model_abs(holding->lots), listing->price.mark);
	return listing_initial(value, margin_leverage(slot, leg));
}

struct load { /* what the opening orders of a slot amount to */
	money margin, part;
	money value[2]; /* by side */
};

/*
 * In one-way mode the orders against the position close it first, the oldest first, and only
 * what is left of them opens. Reduce-only orders open nothing and use nothing up.
 */
static struct load load_orders(
	const struct broker *broker, const struct slot *slot, const struct record *part)
{
	const struct listing *listing = model_listing(broker, slot);
	struct load load = {0};
	int64_t closable[2] = {0, 0};
	if (slot->mode == POSITION_ONE_WAY) {
		closable[SIDE_BUY] = model_closable(slot, 0, SIDE_BUY);
		closable[SIDE_SELL] = model_closable(slot, 0, SIDE_SELL);
	}

	for (const struct record *record = slot->first; record; record = record->after) {
		if (!model_live(record) || model_waits(record) || record->reduce_only)
			continue;
		enum side side = record->request.side;
		int64_t left = record->lots - record->filled;
		int64_t closes = left < closable[side] ? left : closable[side];
		closable[side] -= closes;
		money value = listing_value(listing, left - closes, record->reserve);
		money margin = listing_initial(value, slot->leverage[side]) +
			       fixed_ceiling(value * listing->taker_rate, FIXED_ONE);
		load.value[side] += value;
		load.margin += margin;
		if (record == part)
			load.part = margin;
	}
	return load;
}

money margin_orders(const struct broker *broker, const struct slot *slot, const struct record *part,
	money *ret_part)
{
	struct load load = load_orders(broker, slot, part);
	if (ret_part)
		*ret_part = load.part;
	return load.margin;
}

static money maintenance_at(
	const struct listing *listing, const struct holding *holding, int64_t ticks)
{
	if (holding->lots == 0)
		return 0;
	return listing_maintenance(
		listing, listing_value(listing, model_abs(holding->lots), ticks));
}

struct margin_totals margin_totals(const struct broker *broker, const struct account_book *account)
{
	struct margin_totals totals = {0};
	for (int symbol = 0; symbol < broker->symbol_count; symbol++) {
		const struct slot *slot = &account->slots[symbol];
		if (!slot->active)
			continue;
		const struct listing *listing = model_listing(broker, slot);
		totals.order += margin_orders(broker, slot, NULL, NULL);
		for (int leg = 0; leg < POSITIONS_MAX; leg++) {
			const struct holding *holding = &slot->legs[leg];
			int64_t mark = listing->price.mark;
			money unrealised = margin_unrealised(listing, holding, mark);
			totals.unrealised += unrealised;
			totals.free += model_isolated(slot) ? 0 : unrealised;
			totals.position += margin_position(broker, slot, leg);
			totals.maintenance += maintenance_at(listing, holding, mark);
		}
	}
	totals.free += account->wallet - totals.position - totals.order;
	return totals;
}

money margin_available(const struct broker *broker, const struct account_book *account)
{
	return margin_totals(broker, account).free;
}

bool margin_covers(const struct broker *broker, const struct record *record)
{
	money part;
	(void)margin_orders(broker, record->slot, record, &part);
	return part == 0 || margin_available(broker, broker->accounts[record->slot->account]) >= 0;
}

bool margin_within_risk(const struct broker *broker, const struct record *record)
{
	const struct slot *slot = record->slot;
	const struct listing *listing = model_listing(broker, slot);
	enum side side = record->request.side;
	struct load load = load_orders(broker, slot, record);
	if (load.part == 0)
		return true;
	money value = load.value[side];
	int64_t lots = slot->legs[record->leg].lots;
	if (lots != 0 && (lots < 0) == (side == SIDE_SELL))
		value += listing_value(listing, model_abs(lots), listing->price.mark);
	return value <= listing_value_max(listing, slot->leverage[side]);
}

/*
 * Equity minus maintenance of an account's cross legs, one symbol's mark being moved to ticks. What
 * is allotted to isolated legs stands behind those alone.
 */
static money cross_excess(
	const struct broker *broker, const struct account_book *account, int moved, int64_t ticks)
{
	money excess = account->wallet;
	for (int symbol = 0; symbol < broker->symbol_count; symbol++) {
		const struct slot *slot = &account->slots[symbol];
		if (!slot->active)
			continue;
		const struct listing *listing = model_listing(broker, slot);
		int64_t mark = symbol == moved ? ticks : listing->price.mark;
		if (model_isolated(slot)) {
			excess -= slot->legs[0].margin + slot->legs[1].margin;
			continue;
		}
		for (int leg = 0; leg < POSITIONS_MAX; leg++)
			excess += margin_unrealised(listing, &slot->legs[leg], mark) -
				  maintenance_at(listing, &slot->legs[leg], mark);
	}
	return excess;
}

money margin_excess(const struct broker *broker, const struct slot *slot, int leg, int64_t ticks)
{
	const struct account_book *account = broker->accounts[slot->account];
	if (!model_isolated(slot))
		return cross_excess(broker, account, slot->symbol, ticks);
	const struct listing *listing = model_listing(broker, slot);
	const struct holding *holding = &slot->legs[leg];
	return holding->margin + margin_unrealised(listing, holding, ticks) -
	       maintenance_at(listing, holding, ticks);
}

/*
 * The excess is a concave function of the price (tier rates ascend), so where it is positive at
 * mark it changes sign at most once to each side, and halving finds that tick exactly, with the
 * very function that decides the liquidation.
 */
static bool search_below(const struct broker *broker, const struct slot *slot, int leg,
	int64_t safe, int64_t *ret_ticks)
{
	int64_t lost = 1;
	if (margin_excess(broker, slot, leg, lost) > 0)
		return false;
	while (safe - lost > 1) {
		int64_t middle = lost + (safe - lost) / 2;
		if (margin_excess(broker, slot, leg, middle) > 0)
			safe = middle;
		else
			lost = middle;
	}
	*ret_ticks = lost;
	return true;
}

static bool search_above(const struct broker *broker, const struct slot *slot, int leg,
	int64_t safe, int64_t *ret_ticks)
{
	const int64_t ticks_max = (int64_t)1 << 47;
	int64_t lost = safe * 2;
	while (margin_excess(broker, slot, leg, lost) > 0) {
		safe = lost;
		lost *= 2;
		if (lost > ticks_max)
			return false;
	}
	while (lost - safe > 1) {
		int64_t middle = safe + (lost - safe) / 2;
		if (margin_excess(broker, slot, leg, middle) > 0)
			safe = middle;
		else
			lost = middle;
	}
	*ret_ticks = lost;
	return true;
}

bool margin_liquidation(
	const struct broker *broker, const struct slot *slot, int leg, int64_t *ret_ticks)
{
	if (slot->legs[leg].lots == 0)
		return false;
	int64_t direction = slot->legs[leg].lots;
	if (!model_isolated(slot))
		direction = slot->legs[0].lots + slot->legs[1].lots;

	int64_t mark = model_listing(broker, slot)->price.mark;
	if (margin_excess(broker, slot, leg, mark) <= 0) {
		*ret_ticks = mark;
		return true;
	}
	if (direction > 0)
		return search_below(broker, slot, leg, mark, ret_ticks);
	return search_above(broker, slot, leg, mark, ret_ticks);
}

struct margin_bounds margin_bounds(const struct broker *broker, const struct slot *slot, int leg)
{
	struct margin_bounds bounds = {.below = 0, .above = INT64_MAX};
	int64_t mark = model_listing(broker, slot)->price.mark;

	if (margin_excess(broker, slot, leg, mark) <= 0)
		return (struct margin_bounds){mark, mark};
	(void)search_below(broker, slot, leg, mark, &bounds.below);
	(void)search_above(broker, slot, leg, mark, &bounds.above);
	return bounds;
}

static money closing_loss(
	const struct listing *listing, const struct holding *holding, int64_t ticks)
{
	money value = listing_value(listing, model_abs(holding->lots), ticks);
	return listing_fee(value, listing->taker_rate) - margin_unrealised(listing, holding, ticks);
}

int64_t margin_bankruptcy(
	const struct listing *listing, const struct holding *holding, money margin)
{
	/* Long: q * price * (1 - fee) = cost - margin; short: q * price * (1 + fee) = cost +
	 * margin. */
	bool sold = holding->lots < 0;
	int64_t rate = sold ? FIXED_ONE + listing->taker_rate : FIXED_ONE - listing->taker_rate;
	money value = (sold ? holding->cost + margin : holding->cost - margin) * FIXED_ONE;
	money divisor = (money)model_abs(holding->lots) * listing->unit * rate;
	int64_t ticks = (int64_t)(sold ? fixed_floor(value, divisor)
				       : fixed_ceiling(value, divisor));
	if (ticks < 1)
		ticks = 1;
	/* The rounding of the fee itself may add one unit. */
	while (closing_loss(listing, holding, ticks) > margin && !(sold && ticks == 1))
		ticks += sold ? -1 : 1;
	return ticks;
}
