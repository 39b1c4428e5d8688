#include "strategies/martingale_stop.h"

#include "strategies/martingale_risk.h"

#define CUSHION_PPM 20000 /* between stop and liquidation, of mark */
#define CHURN_PPM 200     /* the liquidation moves the trigger from here on, of mark */

/* The loss in e8 that the setting allows. */
static i128 loss_allowed(struct martingale_view *view, int64_t balance_e8)
{
	const struct stop_loss *stop = &view->params->stop_loss.items[0];
	i128 base_e8 = view->cost_e8;

	if (stop->basis == STOP_BALANCE_PCT)
		base_e8 = balance_e8;
	if (stop->basis == STOP_ROE)
		base_e8 = grid_floor(&view->grid, view->cost_e8, PPM, view->leverage_ppm);
	return grid_floor(&view->grid, base_e8, stop->value, PPM);
}

/* Rounded towards the market; 0: no price loses that much. */
static int64_t price_of_loss(struct martingale_view *view, i128 loss_e8)
{
	struct grid *grid = &view->grid;

	if (view->is_long) {
		i128 value_e8 = view->cost_e8 - loss_e8;

		return value_e8 <= 0
			       ? 0
			       : grid_narrow(grid, grid_ticks_ceiling(grid, value_e8, view->lots));
	}
	i128 ticks = grid_ticks_floor(grid, view->cost_e8 + loss_e8, view->lots);
	return grid_narrow(grid, ticks < 1 ? 1 : ticks);
}

/* Where liquidation would come too near; 0: it is not known to come at all. */
static int64_t price_of_liquidation(struct martingale_view *view)
{
	struct grid *grid = &view->grid;
	int64_t liquidation = martingale_risk_nearest_liquidation(view);
	i128 mark_ticks = view->priced ? view->mark_ticks
				       : grid_ticks_floor(grid, view->cost_e8, view->lots);
	int64_t apart = grid_narrow(grid, grid_ceiling(grid, mark_ticks, CUSHION_PPM, PPM));

	if (liquidation == 0)
		return 0;
	if (view->is_long)
		return liquidation + apart;
	return liquidation > apart ? liquidation - apart : 1;
}

static bool is_same_position(const struct martingale_view *view)
{
	const struct martingale_state *state = view->state;

	return state->stop_lots == view->lots &&
	       state->stop_average_e8 == view->input->leg_own.average_e8;
}

/* True if the standing trigger may stay though liquidation would put it at ticks. */
static bool may_stay(const struct martingale_view *view, int64_t ticks)
{
	int64_t standing = view->state->stop_ticks;
	int64_t nearer = view->is_long ? ticks - standing : standing - ticks;

	return standing != 0 && ticks != 0 &&
	       (i128)nearer * PPM <= (i128)CHURN_PPM * view->mark_ticks;
}

static void disarm(struct martingale_state *state)
{
	state->stop_lots = 0;
	state->stop_average_e8 = 0;
	state->stop_balance_e8 = 0;
	state->stop_basis_ticks = 0;
	state->stop_ticks = 0;
}

int64_t martingale_stop_arm(struct martingale_view *view)
{
	struct martingale_state *state = view->state;

	if (!view->held || view->params->stop_loss.count == 0) {
		disarm(state);
		return 0;
	}

	/* The balance of the moment it was armed: a stop does not wander with the wallet. */
	bool same = is_same_position(view);
	int64_t balance_e8 = same ? state->stop_balance_e8 : view->balance_e8;
	int64_t basis = price_of_loss(view, loss_allowed(view, balance_e8));
	int64_t liquidation = price_of_liquidation(view);
	int64_t ticks = basis == 0 || liquidation == 0
				? basis + liquidation
				: martingale_nearer(view, basis, liquidation);

	if (same && basis == state->stop_basis_ticks && may_stay(view, ticks))
		return state->stop_ticks;
	state->stop_lots = view->lots;
	state->stop_average_e8 = view->input->leg_own.average_e8;
	state->stop_balance_e8 = balance_e8;
	state->stop_basis_ticks = basis;
	state->stop_ticks = ticks;
	return ticks;
}

bool martingale_stop_reached(struct martingale_view *view, int64_t trigger_ticks)
{
	const struct stop_loss *stop = &view->params->stop_loss.items[0];
	int64_t last = view->input->ticker.last_ticks;
	int64_t price = stop->trigger == STOP_ON_LAST && last > 0 ? last : view->mark_ticks;

	return trigger_ticks != 0 && view->priced && martingale_away(view, price, trigger_ticks);
}
