#include "strategies/martingale_risk.h"

/* ---- liquidation ---------------------------------------------------------------------------- */

struct stand {                        /* a position and what stands behind it */
	i128 lots, cost_e8, value_e8; /* at mark */
	i128 margin_e8, cushion_e8;
};

static struct stand stand_of(const struct martingale_view *view)
{
	return (struct stand){
		.lots = view->lots,
		.cost_e8 = view->cost_e8,
		.value_e8 = view->value_e8,
		.margin_e8 = view->margin_e8,
		.cushion_e8 = view->is_cross ? martingale_view_cushion(view) : 0,
	};
}

/* The value at which the loss has eaten the margin up to the maintenance. */
static i128 liquidation_value(struct martingale_view *view, const struct stand *stand)
{
	i128 from_e8 = view->is_cross ? stand->value_e8 : stand->cost_e8;
	i128 behind_e8 = view->is_cross ? stand->cushion_e8 : stand->margin_e8;

	/* A long is worth at most from_e8 when it is liquidated, a short at most from + behind. */
	if (view->is_long)
		return from_e8 - behind_e8 + martingale_view_maintenance(view, from_e8);
	return from_e8 + behind_e8 - martingale_view_maintenance(view, from_e8 + behind_e8);
}

static int64_t liquidation_of(struct martingale_view *view, const struct stand *stand)
{
	struct grid *grid = &view->grid;

	if (stand->lots == 0)
		return 0;

	i128 value_e8 = liquidation_value(view, stand);
	if (view->is_long)
		return value_e8 <= 0
			       ? 0
			       : grid_narrow(grid, grid_ticks_ceiling(grid, value_e8, stand->lots));
	/* A short that nothing stands behind is liquidated at any price. */
	i128 ticks = value_e8 <= 0 ? 1 : grid_ticks_floor(grid, value_e8, stand->lots);
	return grid_narrow(grid, ticks < 1 ? 1 : ticks);
}

int64_t martingale_risk_liquidation(struct martingale_view *view)
{
	struct stand stand = stand_of(view);

	return liquidation_of(view, &stand);
}

int64_t martingale_risk_nearest_liquidation(struct martingale_view *view)
{
	int64_t told = view->input->leg_own.liquidation_ticks;
	int64_t computed = martingale_risk_liquidation(view);

	if (told == 0 || computed == 0)
		return told == 0 ? computed : told;
	return martingale_nearer(view, told, computed);
}

int64_t martingale_risk_liquidation_after(
	struct martingale_view *view, int64_t lots, int64_t price_ticks)
{
	struct grid *grid = &view->grid;
	struct stand stand = stand_of(view);
	i128 paid_e8 = grid_value_ceiling(grid, lots, price_ticks);

	if (!view->held && view->is_cross)
		stand.cushion_e8 = martingale_view_cushion(view);
	stand.lots += lots;
	stand.cost_e8 += paid_e8;
	stand.value_e8 += grid_value_ceiling(grid, lots, view->mark_ticks);
	stand.margin_e8 += grid_floor(grid, paid_e8, PPM, view->leverage_ppm);
	return liquidation_of(view, &stand);
}

bool martingale_risk_far_enough(struct martingale_view *view, int64_t liquidation_ticks)
{
	int64_t least = view->params->min_liq_distance;
	int64_t distance = view->is_long ? view->mark_ticks - liquidation_ticks
					 : liquidation_ticks - view->mark_ticks;

	if (least == PARAM_OFF || liquidation_ticks == 0)
		return true;
	return (i128)distance * PPM >= (i128)least * view->mark_ticks;
}

/* ---- margin level --------------------------------------------------------------------------- */

bool martingale_risk_level_below(struct martingale_view *view, int64_t limit_ppm)
{
	if (!view->held || limit_ppm == PARAM_OFF)
		return false;
	return grid_product(&view->grid, martingale_view_cushion(view), PPM) <
	       grid_product(&view->grid, view->maintenance_e8, limit_ppm);
}

int64_t martingale_risk_level_pct(struct martingale_view *view)
{
	i128 level = view->maintenance_e8 > 0
			     ? grid_floor(&view->grid, martingale_view_cushion(view), 100,
				       view->maintenance_e8)
			     : INT64_MAX;

	return level > INT64_MAX || level < -INT64_MAX ? INT64_MAX : (int64_t)level;
}

/* ---- caps ----------------------------------------------------------------------------------- */

static int64_t sharers(const struct martingale_view *view)
{
	const struct strategy_input *input = view->input;
	bool counted = view->held || input->leg_opposite.lots > 0;
	int64_t symbols = input->account.active_symbols + (counted ? 0 : 1);

	if (view->params->cap_sharing == CAP_FIXED || symbols < 1)
		return 1;
	return symbols;
}

static struct martingale_cap cap_of(
	struct martingale_view *view, const char *name, int64_t cap_ppm, i128 used_e8)
{
	struct martingale_cap cap = {.name = name, .cap_ppm = cap_ppm / sharers(view)};

	cap.room = (i128)cap.cap_ppm * view->balance_e8 - grid_product(&view->grid, used_e8, PPM);
	return cap;
}

static void bound_by(struct martingale_room *room, const char *name, i128 notional_e8)
{
	if (notional_e8 >= room->notional_e8)
		return;
	room->notional_e8 = notional_e8;
	room->name = name;
	room->is_setting = true;
}

/* Is less of a's cap left than of b's? */
static bool is_tighter(
	struct grid *grid, const struct martingale_cap *a, const struct martingale_cap *b)
{
	return b->cap_ppm == 0 ||
	       grid_product(grid, a->room, b->cap_ppm) < grid_product(grid, b->room, a->cap_ppm);
}

static void bound_by_exposure(struct martingale_view *view, struct martingale_room *room)
{
	int64_t cap_ppm = view->params->max_exposure;

	if (cap_ppm == PARAM_OFF)
		return;
	struct martingale_cap cap = cap_of(view, "max_exposure", cap_ppm, view->value_e8);
	room->tightest = cap;
	bound_by(room, cap.name, cap.room / PPM);
}

static void bound_by_margin(struct martingale_view *view, struct martingale_room *room)
{
	int64_t cap_ppm = view->params->max_margin_pct;

	if (cap_ppm == PARAM_OFF)
		return;
	struct martingale_cap cap = cap_of(view, "max_margin_pct", cap_ppm, view->margin_e8);
	if (is_tighter(&view->grid, &cap, &room->tightest))
		room->tightest = cap;
	bound_by(room, cap.name, grid_floor(&view->grid, cap.room / PPM, view->leverage_ppm, PPM));
}

/* The whole account: every position and entry of every bot, but our own entries, which are what
 * is being decided. */
static void bound_by_account(struct martingale_view *view, struct martingale_room *room)
{
	const struct strategy_account *account = &view->input->account;
	int64_t cap_ppm = view->params->account_max_exposure;
	i128 used_e8 = account->account_notional_e8 - view->resting_e8;

	if (cap_ppm == PARAM_OFF)
		return;
	if (used_e8 < view->value_e8)
		used_e8 = view->value_e8;
	bound_by(room, "account_max_exposure", (i128)cap_ppm * account->wallet_e8 / PPM - used_e8);
}

struct martingale_room martingale_risk_room(struct martingale_view *view, bool resting)
{
	struct martingale_room room = {.notional_e8 = INT64_MAX, .name = "none"};
	int64_t order_ppm = view->params->max_notional_per_order;

	bound_by_exposure(view, &room);
	bound_by_margin(view, &room);
	bound_by_account(view, &room);
	if (order_ppm != PARAM_OFF)
		bound_by(&room, "max_notional_per_order", (i128)order_ppm * view->balance_e8 / PPM);
	if (resting)
		return room;
	i128 available_e8 = grid_floor(
		&view->grid, view->input->account.available_e8, view->leverage_ppm, PPM);
	if (available_e8 < room.notional_e8)
		room = (struct martingale_room){room.tightest, available_e8, "the balance", false};
	return room;
}
