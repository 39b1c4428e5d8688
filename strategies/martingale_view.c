#include "strategies/martingale_view.h"

#define COUNT_MAX (1LL << 53) /* of ticks and lots: products of two stay within 128 bits */
#define LEVERAGE_MAX 1000
#define SYMBOLS_MAX 1000000LL
#define MONEY_MAX_E8 (1LL << 62)

static bool is_count(int64_t value)
{
	return value >= 0 && value <= COUNT_MAX;
}

static bool is_money(int64_t value_e8)
{
	return value_e8 >= -MONEY_MAX_E8 && value_e8 <= MONEY_MAX_E8;
}

static bool is_leg(const struct strategy_leg *leg)
{
	return is_count(leg->lots) && leg->average_e8 >= 0 && leg->margin_e8 >= 0 &&
	       leg->maintenance_e8 >= 0 && leg->leverage_ppm >= 0 &&
	       leg->leverage_ppm <= LEVERAGE_MAX * PPM && is_count(leg->liquidation_ticks) &&
	       is_money(leg->average_e8) && is_money(leg->margin_e8) &&
	       is_money(leg->maintenance_e8) && is_money(leg->unrealised_e8);
}

static bool are_orders(const struct strategy_input *input)
{
	if (input->order_count > STRATEGY_ORDERS_MAX)
		return false;
	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if (!is_count(order->lots) || !is_count(order->filled_lots) ||
			order->filled_lots > order->lots || !is_count(order->price_ticks) ||
			!is_count(order->trigger_ticks))
			return false;
	}
	return true;
}

static bool is_rate(int64_t rate_ppm)
{
	return rate_ppm > -PPM && rate_ppm < PPM;
}

static bool is_time(int64_t time_ms)
{
	return time_ms >= 0 && time_ms <= COUNT_MAX;
}

const char *martingale_view_fault(const struct strategy_input *input)
{
	const struct strategy_rules *rules = &input->rules;
	const struct strategy_ticker *ticker = &input->ticker;
	const struct strategy_account *account = &input->account;

	if (rules->min_lots < 1 || rules->max_lots < rules->min_lots ||
		rules->max_market_lots < rules->min_lots || !is_count(rules->max_lots) ||
		!is_count(rules->max_market_lots) || rules->min_notional_e8 < 0)
		return "quantity limits of the symbol are not in order";
	if (rules->maintenance_ppm < 0 || rules->maintenance_ppm >= PPM ||
		rules->tier_count > RISK_TIERS_MAX || !is_rate(rules->maker_fee_ppm) ||
		!is_rate(rules->taker_fee_ppm))
		return "risk tiers or fees of the symbol are not in order";
	if (!is_count(ticker->bid_ticks) || !is_count(ticker->ask_ticks) ||
		!is_count(ticker->last_ticks) || !is_count(ticker->mark_ticks))
		return "a price is below zero or too large";
	if (!is_leg(&input->leg_own) || !is_leg(&input->leg_opposite) ||
		!is_count(input->cycle_entered_lots) || !is_money(input->cycle_funding_e8))
		return "an amount of the position is below zero or too large";
	if (!is_money(account->wallet_e8) || !is_money(account->equity_e8) ||
		!is_money(account->available_e8) || !is_money(account->account_notional_e8) ||
		!is_money(account->account_margin_e8) || !is_money(input->day_net_e8))
		return "an amount of the account is too large";
	if (account->active_symbols < 0 || account->active_symbols > SYMBOLS_MAX)
		return "the number of active symbols is out of range";
	if (input->leverage < 1 || input->leverage > LEVERAGE_MAX)
		return "leverage is out of range";
	if (!is_time(input->now_ms) || !is_time(input->last_entry_ms) ||
		!is_time(input->cycle_started_ms) || !is_time(input->cycle_ended_ms))
		return "a time is out of range";
	if (!is_count(input->cycle_base_ticks) || !is_count(input->last_add_ticks))
		return "a price of the cycle is below zero or too large";
	return are_orders(input) ? NULL : "an order is not in order";
}

static void see_prices(struct martingale_view *view)
{
	const struct strategy_ticker *ticker = &view->input->ticker;

	view->own_ticks = view->is_long ? ticker->bid_ticks : ticker->ask_ticks;
	view->exit_ticks = view->is_long ? ticker->ask_ticks : ticker->bid_ticks;
	view->mark_ticks = ticker->mark_ticks;
	view->priced = ticker->age_ms >= 0 && ticker->bid_ticks > 0 && ticker->ask_ticks > 0 &&
		       ticker->mark_ticks > 0;
}

static void see_account(struct martingale_view *view)
{
	const struct strategy_account *account = &view->input->account;
	const struct strategy_leg *own = &view->input->leg_own;
	int64_t allocated = view->params->allocated_balance;

	view->balance_e8 = account->wallet_e8;
	if (allocated > 0 && allocated < view->balance_e8)
		view->balance_e8 = allocated;
	view->is_cross = account->margin_mode_known ? account->margin_mode == MARGIN_CROSS
						    : view->params->margin_mode == WANTED_CROSS;
	view->leverage_ppm = view->held && own->leverage_ppm > 0 ? own->leverage_ppm
								 : view->input->leverage * PPM;
}

i128 martingale_view_maintenance(struct martingale_view *view, i128 value_e8)
{
	const struct strategy_rules *rules = &view->input->rules;
	int64_t rate_ppm = rules->maintenance_ppm;
	int64_t deduction_e8 = 0;

	for (size_t i = 0; i < rules->tier_count; i++) {
		rate_ppm = rules->tiers[i].maintenance_ppm;
		deduction_e8 = rules->tiers[i].deduction_e8;
		if (value_e8 <= rules->tiers[i].limit_e8)
			break;
	}
	i128 margin_e8 = grid_ceiling(&view->grid, value_e8, rate_ppm, PPM) - deduction_e8;
	return margin_e8 > 0 ? margin_e8 : 0;
}

static void see_position(struct martingale_view *view)
{
	const struct strategy_leg *own = &view->input->leg_own;
	struct grid *grid = &view->grid;

	view->lots = own->lots;
	view->cost_e8 = grid_cost(grid, own->lots, own->average_e8);
	view->value_e8 = view->priced ? grid_value_ceiling(grid, own->lots, view->mark_ticks)
				      : view->cost_e8;
	view->unrealised_e8 = view->priced ? view->value_e8 - view->cost_e8 : own->unrealised_e8;
	if (view->priced && !view->is_long)
		view->unrealised_e8 = -view->unrealised_e8;
	view->margin_e8 = own->margin_e8 > 0
				  ? own->margin_e8
				  : grid_ceiling(grid, view->cost_e8, PPM, view->leverage_ppm);
	view->maintenance_e8 = own->maintenance_e8 > 0
				       ? own->maintenance_e8
				       : martingale_view_maintenance(view, view->value_e8);
}

static void see_orders(struct martingale_view *view)
{
	const struct strategy_input *input = view->input;

	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if (purpose_is_entry(order->purpose))
			view->resting_e8 += grid_value_ceiling(
				&view->grid, order->lots - order->filled_lots, order->price_ticks);
	}
}

bool martingale_view_init(struct martingale_view *view, const struct strategy_input *input,
	struct martingale_state *state, struct strategy_output *output)
{
	*view = (struct martingale_view){
		.input = input,
		.params = input->params,
		.state = state,
		.output = output,
		.is_long = input->side == SIDE_BUY,
		.held = input->leg_own.lots > 0,
	};
	if (!grid_init(&view->grid, &input->rules))
		return false;
	see_prices(view);
	see_account(view);
	if (view->held)
		see_position(view);
	see_orders(view);
	return !view->grid.overflow;
}

i128 martingale_view_cushion(const struct martingale_view *view)
{
	const struct strategy_account *account = &view->input->account;

	if (!view->is_cross)
		return view->margin_e8 + view->unrealised_e8;

	/* Other positions keep at least what they must maintain, which is not told; what they were
	 * opened with is more. */
	i128 others_e8 = account->account_margin_e8 - view->margin_e8;
	return account->equity_e8 - (others_e8 > 0 ? others_e8 : 0);
}
