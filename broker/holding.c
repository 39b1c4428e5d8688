#include "broker/holding.h"

money holding_share(money value, int64_t part, int64_t whole)
{
	return part == whole ? value : fixed_half_up(value * part, whole);
}

static struct holding_change reduce(struct holding *holding, const struct listing *listing,
	const struct holding_fill *fill, int64_t closes)
{
	int64_t held = model_abs(holding->lots);
	bool sold = holding->lots < 0;
	struct holding_change change = {
		.closed_lots = closes,
		.closed_cost = holding_share(holding->cost, closes, held),
		.closed_value = listing_value(listing, closes, fill->ticks),
		.closed_open_fee = holding_share(holding->open_fee, closes, held),
		.closing_fee = holding_share(fill->fee, closes, fill->lots),
	};
	money gain = change.closed_value - change.closed_cost;
	change.cash_flow = sold ? -gain : gain;

	holding->margin -= holding_share(holding->margin, closes, held);
	holding->cost -= change.closed_cost;
	holding->open_fee -= change.closed_open_fee;
	holding->lots += model_sign(fill->side) * closes;
	return change;
}

struct holding_change holding_apply(
	struct holding *holding, const struct listing *listing, const struct holding_fill *fill)
{
	struct holding_change change = {0};
	int64_t opens = fill->lots;
	bool against = holding->lots != 0 && (holding->lots < 0) == (fill->side == SIDE_BUY);
	if (against) {
		int64_t held = model_abs(holding->lots);
		int64_t closes = fill->lots < held ? fill->lots : held;
		change = reduce(holding, listing, fill, closes);
		opens -= closes;
	} else if (holding->lots == 0) {
		holding->realised = 0;
	}
	holding->realised += change.cash_flow - change.closing_fee;
	holding->realised_total += change.cash_flow - fill->fee;
	holding->updated_ms = fill->time_ms;
	if (opens == 0)
		return change;

	money value = listing_value(listing, opens, fill->ticks);
	money opening_fee = fill->fee - change.closing_fee;
	if (against) /* turned: a new position begins */
		holding->realised = 0;
	holding->realised -= opening_fee;
	holding->lots += model_sign(fill->side) * opens;
	holding->cost += value;
	holding->open_fee += opening_fee;
	if (fill->isolated)
		holding->margin += listing_initial(value, fill->leverage);
	return change;
}
