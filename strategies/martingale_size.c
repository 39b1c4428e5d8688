#include "strategies/martingale_size.h"

#include "strategies/exact.h"

/* Multiplies or divides by 10^power. */
static void by_tens(struct exact *size, int power)
{
	for (; power > 0; power--)
		exact_times(size, 10);
	for (; power < 0; power++)
		exact_by(size, 10);
}

/* Divides e8 of quote by the price of one lot. */
static void by_price_of_lot(const struct martingale_view *view, struct exact *size)
{
	const struct strategy_rules *rules = &view->input->rules;

	exact_by(size, view->own_ticks);
	exact_by(size, (int64_t)rules->tick_size.coefficient);
	exact_by(size, (int64_t)rules->lot_size.coefficient);
	by_tens(size, rules->tick_size.scale + rules->lot_size.scale - 8);
}

/* 1 until taper_start of the tightest cap, then straight down to 0 at the cap. */
static struct exact taper(const struct martingale_view *view, const struct martingale_cap *cap)
{
	int64_t falls_over = PPM - view->params->taper_start;
	i128 whole = (i128)cap->cap_ppm * view->balance_e8;

	if (cap->cap_ppm == 0 || cap->room >= whole)
		return exact_from(1);
	if (cap->room <= 0)
		return exact_from(0);

	struct exact factor = exact_from((unsigned __int128)cap->room);
	int64_t one = 0;
	exact_times(&factor, PPM);
	exact_by(&factor, cap->cap_ppm);
	exact_by(&factor, view->balance_e8);
	if (falls_over == 0)
		return exact_from(1);
	exact_by(&factor, falls_over);
	/* Where more is left than the taper begins with, it does nothing. */
	return exact_floor(&factor, &one) && one >= 1 ? exact_from(1) : factor;
}

static void by_loss(const struct martingale_view *view, struct exact *size)
{
	i128 loss_e8 = view->unrealised_e8 < 0 ? -view->unrealised_e8 : 0;

	exact_times(size, loss_e8 < INT64_MAX ? (int64_t)loss_e8 : INT64_MAX);
	exact_times(size, view->params->add_loss_gain);
	exact_by(size, PPM);
	exact_times(size, view->leverage_ppm);
	exact_by(size, PPM);
	by_price_of_lot(view, size);
}

static void by_size(const struct martingale_view *view, struct exact *size, int64_t wished)
{
	const struct martingale_params *params = view->params;

	exact_times(size, wished);
	if (params->initial_size_mode == SIZE_QTY) {
		const struct decimal *lot = &view->input->rules.lot_size;

		exact_by(size, (int64_t)lot->coefficient);
		by_tens(size, lot->scale - 8);
		return;
	}
	if (params->initial_size_mode == SIZE_BALANCE_PCT) {
		exact_times(size, view->balance_e8);
		exact_by(size, E8);
	}
	if (params->size_basis == BASIS_MARGIN) {
		exact_times(size, view->leverage_ppm);
		exact_by(size, PPM);
	}
	by_price_of_lot(view, size);
}

static bool lots_of(const struct martingale_view *view, const struct martingale_wish *wish,
	struct exact factor, int64_t *ret_lots)
{
	if (wish->by_loss)
		by_loss(view, &factor);
	else
		by_size(view, &factor, wish->size);
	/* More than can be counted is cut to the caps like everything else. */
	if (!exact_floor(&factor, ret_lots))
		*ret_lots = INT64_MAX;
	return factor.fits;
}

bool martingale_size_wished(
	struct martingale_view *view, const struct martingale_wish *wish, int64_t *ret_lots)
{
	return lots_of(view, wish, exact_from(1), ret_lots);
}

/* An entry counts at the dearer of its price and mark, where it will be judged next. */
static int64_t dear_ticks(const struct martingale_view *view, int64_t price_ticks)
{
	return price_ticks > view->mark_ticks ? price_ticks : view->mark_ticks;
}

static int64_t room_lots(struct martingale_view *view, const struct martingale_room *room)
{
	if (room->notional_e8 <= 0)
		return 0;
	i128 lots = grid_lots_floor(
		&view->grid, room->notional_e8, dear_ticks(view, view->own_ticks));
	return lots < INT64_MAX ? (int64_t)lots : INT64_MAX;
}

static int64_t most_lots(const struct martingale_view *view)
{
	const struct strategy_rules *rules = &view->input->rules;

	return view->params->entry_order_type == ENTRY_MARKET ? rules->max_market_lots
							      : rules->max_lots;
}

static bool is_large_enough(struct martingale_view *view, int64_t lots)
{
	const struct strategy_rules *rules = &view->input->rules;
	i128 notional_e8 = grid_value_floor(&view->grid, lots, view->own_ticks);

	if (lots < rules->min_lots)
		return MARTINGALE_GATE(view, "min_quantity", false,
			"%s is below the venue's minimum %s", TEXT_LOTS(rules, lots),
			TEXT_LOTS(rules, rules->min_lots));
	if (notional_e8 < rules->min_notional_e8)
		return MARTINGALE_GATE(view, "min_notional", false,
			"order value %s is below the venue's minimum %s", TEXT_E8(notional_e8),
			TEXT_E8(rules->min_notional_e8));
	return true;
}

static bool is_far_after(struct martingale_view *view, int64_t lots, int64_t price_ticks)
{
	const struct strategy_rules *rules = &view->input->rules;
	int64_t liquidation = martingale_risk_liquidation_after(view, lots, price_ticks);
	bool far = martingale_risk_far_enough(view, liquidation);

	if (liquidation == 0)
		return MARTINGALE_GATE(
			view, "liquidation", true, "no price would liquidate the position");
	return MARTINGALE_GATE(view, "liquidation", far, "after it at %s, mark %s: %s than %s %%",
		TEXT(units_price_of(liquidation, rules)),
		TEXT(units_price_of(view->mark_ticks, rules)), far ? "not nearer" : "nearer",
		view->params->min_liq_distance == PARAM_OFF
			? "0"
			: TEXT_PPM_PERCENT(view->params->min_liq_distance));
}

static void explain(const struct martingale_view *view, int64_t wished, int64_t tapered,
	int64_t lots, const char *bound)
{
	const struct strategy_rules *rules = &view->input->rules;

	if (view->output->quiet)
		return;
	if (lots < tapered)
		output_reason(view->output, "size", lots > 0, "wished %s, cut to %s by %s",
			TEXT_LOTS(rules, wished), TEXT_LOTS(rules, lots), bound);
	else if (lots < wished)
		output_reason(view->output, "size", lots > 0,
			"wished %s, tapered to %s on the way to a cap", TEXT_LOTS(rules, wished),
			TEXT_LOTS(rules, lots));
	else
		output_reason(view->output, "size", lots > 0, "%s", TEXT_LOTS(rules, lots));
}

static bool is_far_with(struct martingale_view *view, int64_t lots)
{
	return martingale_risk_far_enough(
		view, martingale_risk_liquidation_after(view, lots, view->own_ticks));
}

/*
 * The largest entry after which liquidation is far enough. The distance moves one way with the
 * size, so halving finds it; where even the smallest is too near, it is left for the gate to say.
 */
static int64_t far_lots(struct martingale_view *view, int64_t lots)
{
	int64_t far = view->input->rules.min_lots;
	int64_t near = lots;

	if (lots <= far || is_far_with(view, lots) || !is_far_with(view, far))
		return lots;
	while (near - far > 1) {
		int64_t middle = far + (near - far) / 2;

		if (is_far_with(view, middle))
			far = middle;
		else
			near = middle;
	}
	return far;
}

bool martingale_size_entry(
	struct martingale_view *view, const struct martingale_wish *wish, int64_t *ret_lots)
{
	struct martingale_room room = martingale_risk_room(view, false);
	int64_t wished = 0;
	int64_t tapered = 0;

	*ret_lots = 0;
	if (!martingale_size_wished(view, wish, &wished) ||
		!lots_of(view, wish, taper(view, &room.tightest), &tapered))
		return false;

	int64_t lots = tapered;
	const char *bound = room.name;
	int64_t left = room_lots(view, &room);
	if (lots > left)
		lots = left;
	if (lots > most_lots(view)) {
		lots = most_lots(view);
		bound = "the venue's maximum";
	}
	if (far_lots(view, lots) < lots) {
		lots = far_lots(view, lots);
		bound = "min_liq_distance";
	}
	explain(view, wished, tapered, lots, bound);
	if (is_large_enough(view, lots) && is_far_after(view, lots, view->own_ticks))
		*ret_lots = lots;
	return !view->grid.overflow;
}

bool martingale_size_may_rest(struct martingale_view *view, int64_t lots, int64_t price_ticks)
{
	/* A market order that is on its way has no price of its own. */
	if (price_ticks == 0)
		price_ticks = view->own_ticks;

	struct martingale_room room = martingale_risk_room(view, true);
	i128 value_e8 = grid_value_ceiling(&view->grid, lots, dear_ticks(view, price_ticks));

	if (value_e8 > room.notional_e8)
		return MARTINGALE_GATE(view, "size", false, "%s that rests is more than %s allows",
			TEXT_LOTS(&view->input->rules, lots), room.name);
	return is_far_after(view, lots, price_ticks);
}
