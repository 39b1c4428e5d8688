#include "strategies/martingale_exit.h"

#include "strategies/martingale_risk.h"
#include "strategies/martingale_stop.h"

/* ---- profit --------------------------------------------------------------------------------- */

bool martingale_exit_on_book(const struct martingale_params *params)
{
	if (params->tp_on_book == PARAM_OFF)
		return params->tp_basis == TP_PRICE_MOVE;
	return params->tp_on_book;
}

/* What the position must earn before anything is taken, in e8. */
static i128 wanted_profit(struct martingale_view *view, int64_t profit)
{
	struct grid *grid = &view->grid;
	i128 base_e8 = view->cost_e8;

	if (view->params->tp_basis == TP_BALANCE_PCT)
		base_e8 = view->balance_e8;
	if (view->params->tp_basis == TP_ROE)
		base_e8 = grid_floor(grid, view->cost_e8, PPM, view->leverage_ppm);

	i128 wanted_e8 = grid_ceiling(grid, base_e8, profit, PPM);
	i128 least_e8 = grid_ceiling(
		grid, view->balance_e8, view->params->tp_min_balance_profit, PPM);
	return wanted_e8 > least_e8 ? wanted_e8 : least_e8;
}

/* Entry fees of what is held, estimated, and funding paid so far (received < 0). */
static i128 spent(struct martingale_view *view)
{
	const struct strategy_rules *rules = &view->input->rules;
	bool taker = view->params->entry_order_type == ENTRY_MARKET;

	return grid_ceiling(&view->grid, view->cost_e8,
		       taker ? rules->taker_fee_ppm : rules->maker_fee_ppm, PPM) -
	       view->input->cycle_funding_e8;
}

int64_t martingale_exit_price(struct martingale_view *view, int64_t profit)
{
	const struct strategy_rules *rules = &view->input->rules;
	struct grid *grid = &view->grid;
	int64_t fee = martingale_exit_on_book(view->params) ? rules->maker_fee_ppm
							    : rules->taker_fee_ppm;
	i128 earn_e8 = wanted_profit(view, profit) + spent(view);

	/* A long sells for value less its fee, a short buys back for value and its fee. */
	if (view->is_long) {
		i128 value_e8 = grid_ceiling(grid, view->cost_e8 + earn_e8, PPM, PPM - fee);

		return value_e8 <= 0
			       ? 1
			       : grid_narrow(grid, grid_ticks_ceiling(grid, value_e8, view->lots));
	}
	i128 value_e8 = grid_floor(grid, view->cost_e8 - earn_e8, PPM, PPM + fee);
	return value_e8 <= 0 ? 0 : grid_narrow(grid, grid_ticks_floor(grid, value_e8, view->lots));
}

/* ---- what is too small to be left or sold --------------------------------------------------- */

static bool is_dust(struct martingale_view *view, int64_t lots, int64_t ticks)
{
	const struct strategy_rules *rules = &view->input->rules;

	return lots < rules->min_lots ||
	       grid_value_floor(&view->grid, lots, ticks) < rules->min_notional_e8;
}

/* A part that would leave dust becomes everything. */
static int64_t without_dust(struct martingale_view *view, int64_t lots, int64_t held, int64_t ticks)
{
	int64_t rest = held - lots;

	return rest > 0 && is_dust(view, rest, ticks) ? held : lots;
}

/* ---- take-profit ---------------------------------------------------------------------------- */

static void add_target(struct martingale_targets *targets, int64_t ticks, int64_t lots)
{
	targets->ticks[targets->count] = ticks;
	targets->lots[targets->count] = lots;
	targets->count++;
}

/* All that the cycle bought: parts are of it, so that a part sold stays sold. */
static int64_t entered_lots(const struct martingale_view *view)
{
	int64_t entered = view->input->cycle_entered_lots;

	return entered > view->lots ? entered : view->lots;
}

/* Steps one after another; one that is too small joins the next, the last takes what is left. */
static void step_targets(
	struct martingale_view *view, int64_t left, struct martingale_targets *targets)
{
	const struct martingale_params *params = view->params;
	int64_t entered = entered_lots(view);
	int64_t done = entered - view->lots;
	int64_t fraction = 0;

	for (int64_t i = 0; i < params->tp_steps.count && left > 0; i++) {
		const struct tp_step *step = &params->tp_steps.items[i];
		bool last = i == params->tp_steps.count - 1;
		int64_t ticks = martingale_exit_price(view, step->profit);

		fraction += step->fraction;
		int64_t upto = last ? entered : (int64_t)((i128)entered * fraction / PPM);
		int64_t lots = last || upto - done > left ? left : upto - done;
		if (ticks == 0 || lots <= 0 || (!last && is_dust(view, lots, ticks)))
			continue;
		lots = without_dust(view, lots, left, ticks);
		if (targets->count == MARTINGALE_RESTING_MAX)
			return;
		add_target(targets, ticks, lots);
		left -= lots;
		done = upto;
	}
}

static struct martingale_targets targets_of(struct martingale_view *view, int64_t left)
{
	struct martingale_targets targets = {0};

	if (!view->held || left <= 0)
		return targets;
	if (view->params->tp_steps.count > 0) {
		step_targets(view, left, &targets);
		return targets;
	}
	int64_t ticks = martingale_exit_price(view, view->params->take_profit);
	if (ticks != 0)
		add_target(&targets, ticks, left);
	return targets;
}

static void explain_targets(struct martingale_view *view, const struct martingale_targets *targets)
{
	const struct strategy_rules *rules = &view->input->rules;

	if (view->output->quiet || !view->held)
		return;
	if (targets->count == 0) {
		output_reason(view->output, "take_profit", false, "no price earns that much");
		return;
	}
	bool rests = martingale_exit_on_book(view->params);
	bool reached = martingale_away(view, targets->ticks[0], view->own_ticks);
	output_reason(view->output, "take_profit", rests || reached, "%s at %s %s, price %s",
		TEXT_LOTS(rules, targets->lots[0]), TEXT(units_price_of(targets->ticks[0], rules)),
		rests     ? "rests"
		: reached ? "reached"
			  : "not reached",
		TEXT(units_price_of(view->own_ticks, rules)));
}

struct martingale_targets martingale_exit_targets(struct martingale_view *view, int64_t sold_lots)
{
	struct martingale_targets targets = targets_of(view, view->lots - sold_lots);

	explain_targets(view, &targets);
	if (!martingale_exit_on_book(view->params))
		targets.count = 0;
	return targets;
}

static void take_profit(struct martingale_view *view, struct martingale_exit *exit)
{
	if (martingale_exit_on_book(view->params))
		return;

	struct martingale_targets targets = targets_of(view, view->lots);
	if (targets.count == 0 || !martingale_away(view, targets.ticks[0], view->own_ticks))
		return;
	exit->kind = MARTINGALE_EXIT_PROFIT;
	exit->lots = targets.lots[0];
	exit->at_market = view->params->exit_order_type == EXIT_MARKET;
}

/* ---- a large winner is made smaller --------------------------------------------------------- */

static const struct size_step *applying_step(const struct martingale_view *view)
{
	const struct martingale_params *params = view->params;
	const struct size_step *applies = NULL;

	for (int64_t i = 0; i < params->tp_size_ladder.count; i++) {
		const struct size_step *step = &params->tp_size_ladder.items[i];
		bool over = view->margin_e8 * PPM > (i128)step->over * view->balance_e8;

		if (over && (applies == NULL || step->over > applies->over))
			applies = step;
	}
	return applies;
}

static bool shrinks_winner(struct martingale_view *view, struct martingale_exit *exit)
{
	const struct martingale_params *params = view->params;
	i128 earned_e8 = view->unrealised_e8 - spent(view);
	const struct size_step *step = applying_step(view);
	bool armed = earned_e8 > 0 &&
		     earned_e8 * PPM > (i128)params->tp_min_balance_profit * view->balance_e8;

	if (params->tp_size_ladder.count == 0)
		return false;
	int64_t lots = step == NULL || !armed ? 0
					      : (int64_t)((i128)view->lots * step->fraction / PPM);
	if (lots > 0 && is_dust(view, lots, view->exit_ticks))
		lots = 0;
	MARTINGALE_GATE(view, "size_ladder", lots > 0, "profit %s %s, margin of balance %s a step",
		TEXT_E8(earned_e8), armed ? "is enough" : "is not enough",
		step == NULL ? "below" : "above");
	if (lots == 0)
		return false;
	exit->kind = MARTINGALE_EXIT_PART;
	exit->lots = without_dust(view, lots, view->lots, view->exit_ticks);
	exit->at_market = params->exit_order_type == EXIT_MARKET;
	return true;
}

/* ---- danger --------------------------------------------------------------------------------- */

static void close_all(
	struct martingale_exit *exit, const struct martingale_view *view, const char *notice)
{
	exit->kind = MARTINGALE_EXIT_MARKET;
	exit->lots = view->lots;
	exit->at_market = true;
	exit->notice = notice;
}

/* The part that must go so that margin_warn holds again; a cross account's cushion stays. */
static int64_t lots_to_reduce(struct martingale_view *view)
{
	struct grid *grid = &view->grid;
	int64_t wanted = view->params->margin_warn == PARAM_OFF ? view->params->margin_critical
								: view->params->margin_warn;
	i128 cushion = martingale_view_cushion(view);
	i128 needed = grid_product(grid, view->maintenance_e8, wanted);

	if (cushion <= 0 || needed <= 0)
		return view->lots;
	i128 kept = grid_floor(grid, grid_product(grid, cushion, PPM), view->lots, needed);
	return kept < view->lots ? view->lots - (int64_t)kept : 0;
}

static bool is_critical(struct martingale_view *view, struct martingale_exit *exit)
{
	bool critical = martingale_risk_level_below(view, view->params->margin_critical);
	bool low = martingale_risk_level_below(view, view->params->margin_warn);

	MARTINGALE_GATE(view, "margin_level", !low && !critical, "margin level %s%s",
		TEXT_HUNDREDTHS(martingale_risk_level_pct(view)),
		critical ? ", critical"
		: low    ? ", low"
			 : "");
	if (low)
		exit->notice = "margin_warning";
	if (!critical)
		return false;
	if (view->params->margin_critical_action == CRITICAL_CLOSE || !view->is_cross) {
		close_all(exit, view, "margin_critical");
		return true;
	}
	int64_t lots = without_dust(view, lots_to_reduce(view), view->lots, view->mark_ticks);
	if (lots == 0)
		return false;
	exit->kind = lots == view->lots ? MARTINGALE_EXIT_MARKET : MARTINGALE_EXIT_PART;
	exit->lots = lots;
	exit->at_market = true;
	exit->notice = "margin_critical";
	return true;
}

static bool is_stopped_out(
	struct martingale_view *view, int64_t trigger_ticks, struct martingale_exit *exit)
{
	const struct strategy_rules *rules = &view->input->rules;
	bool reached = martingale_stop_reached(view, trigger_ticks);

	if (trigger_ticks == 0)
		MARTINGALE_GATE(view, "stop_loss", true, "none");
	else
		MARTINGALE_GATE(view, "stop_loss", !reached, "mark %s, stop at %s",
			TEXT(units_price_of(view->mark_ticks, rules)),
			TEXT(units_price_of(trigger_ticks, rules)));
	if (!reached)
		return false;
	close_all(exit, view, "stop_loss");
	exit->pause = view->params->stop_action == STOP_ACTION_CLOSE_AND_PAUSE;
	return true;
}

static bool is_too_old(struct martingale_view *view, struct martingale_exit *exit)
{
	const struct strategy_input *input = view->input;
	int64_t age_s = (input->now_ms - input->cycle_started_ms) / 1000;
	int64_t limit_s = view->params->time_limit_s;

	if (limit_s == 0 || input->cycle_started_ms == 0)
		return false;
	MARTINGALE_GATE(view, "time_limit", age_s < limit_s,
		"the cycle is %lld s old, limit %lld s", (long long)age_s, (long long)limit_s);
	if (age_s < limit_s || view->params->time_limit_action != TIME_CLOSE)
		return false;
	close_all(exit, view, "time_limit");
	return true;
}

struct martingale_exit martingale_exit_now(struct martingale_view *view, int64_t trigger_ticks)
{
	struct martingale_exit exit = {0};

	if (!view->held)
		return exit;
	if (view->input->mode == MODE_PANIC) {
		close_all(&exit, view, NULL);
		return exit;
	}
	/* Without prices nothing can be judged; what rests at the venue goes on. */
	if (!view->priced)
		return exit;
	/* What closes everything comes first: a worse price never leads to a smaller exit. */
	if (!is_stopped_out(view, trigger_ticks, &exit) && !is_too_old(view, &exit) &&
		!is_critical(view, &exit) && !shrinks_winner(view, &exit))
		take_profit(view, &exit);
	return exit;
}
