#include "strategies/classic_view.h"

#include "strategies/units.h"

typedef __int128 i128;

#define CENT_E8 1000000LL
#define LEVEL_CRITICAL_PCT 200 /* margin level 2.0 */
#define SYMBOLS_MAX 1000000LL
#define LEVERAGE_MAX 1000

/* A step that any count of it can be multiplied with. */
static bool is_step(struct decimal step)
{
	return decimal_is_valid(step) && step.coefficient > 0 && step.coefficient <= INT64_MAX;
}

const char *classic_view_fault(const struct strategy_input *input)
{
	const struct strategy_rules *rules = &input->rules;
	const struct strategy_ticker *ticker = &input->ticker;
	const struct strategy_leg *own = &input->leg_own;

	if (!is_step(rules->tick_size) || !is_step(rules->lot_size))
		return "tick size and lot size must be above zero and of at most 18 digits";
	if (rules->min_lots < 1 || rules->max_lots < rules->min_lots ||
		rules->max_market_lots < rules->min_lots)
		return "quantity limits of the symbol are not in order";
	if (ticker->bid_ticks < 0 || ticker->ask_ticks < 0)
		return "a price is below zero";
	if (own->lots < 0 || own->margin_e8 < 0 || own->leverage_ppm < 0 ||
		own->maintenance_e8 < 0 || input->leg_opposite.lots < 0 ||
		input->leg_opposite.margin_e8 < 0)
		return "a size or margin of the position is below zero";
	if (input->leverage < 1 || input->leverage > LEVERAGE_MAX)
		return "leverage is out of range";
	if (input->account.active_symbols < 0 || input->account.active_symbols > SYMBOLS_MAX)
		return "the number of active symbols is out of range";
	if (input->order_count > STRATEGY_ORDERS_MAX)
		return "too many orders";
	return NULL;
}

/* over / under to the nearest whole, ties to even as Python's round(); saturates. */
static int64_t nearest_even(i128 over, i128 under)
{
	i128 whole = over / under;
	i128 rest = over % under;
	i128 twice = 2 * (rest < 0 ? -rest : rest);

	if (twice > under || (twice == under && whole % 2 != 0))
		whole += over < 0 ? -1 : 1;
	if (whole > INT64_MAX)
		return INT64_MAX;
	return whole < -INT64_MAX ? -INT64_MAX : (int64_t)whole;
}

static int64_t symbols_of(const struct strategy_input *input)
{
	bool counted = input->leg_own.lots > 0 || input->leg_opposite.lots > 0;
	int64_t symbols = input->account.active_symbols + (counted ? 0 : 1);

	return symbols < 1 ? 1 : symbols;
}

static int64_t symbol_margin(const struct strategy_input *input)
{
	int64_t own = input->leg_own.lots > 0 ? input->leg_own.margin_e8 : 0;
	int64_t opposite = input->leg_opposite.lots > 0 ? input->leg_opposite.margin_e8 : 0;

	return own > opposite ? own : opposite;
}

static void see_position(struct classic_view *view)
{
	const struct strategy_leg *own = &view->input->leg_own;

	view->margin_cents = nearest_even(own->margin_e8, CENT_E8);
	view->unrealised_cents = nearest_even(own->unrealised_e8, CENT_E8);
	if (view->margin_cents > 0)
		view->roe_pct = nearest_even(
			(i128)100 * view->unrealised_cents, view->margin_cents);
	view->share_bp = nearest_even((i128)10000 * CENT_E8 * view->margin_cents, view->balance_e8);

	i128 cushion_e8 = own->margin_e8 + (i128)view->unrealised_cents * CENT_E8;
	view->level_pct = own->maintenance_e8 > 0
				  ? nearest_even(100 * cushion_e8, own->maintenance_e8)
				  : CLASSIC_LEVEL_UNKNOWN;
	view->critical = view->level_pct < LEVEL_CRITICAL_PCT;
}

struct classic_view classic_view_of(
	const struct strategy_input *input, struct strategy_output *output)
{
	struct classic_view made = {.input = input, .params = input->params, .output = output};
	struct classic_view *view = &made;
	const struct strategy_leg *own = &input->leg_own;

	view->held = own->lots > 0;
	view->price_ticks = input->side == SIDE_BUY ? input->ticker.bid_ticks
						    : input->ticker.ask_ticks;
	view->price = units_price_of(view->price_ticks, &input->rules);
	view->balance_e8 = input->account.wallet_e8;
	view->leverage_ppm = view->held && own->leverage_ppm > 0 ? own->leverage_ppm
								 : input->leverage * PPM;
	view->symbols = symbols_of(input);
	view->symbol_margin_e8 = symbol_margin(input);
	view->room = (i128)view->params->max_margin_pct * view->balance_e8 -
		     (i128)PPM * view->symbols * view->symbol_margin_e8;
	view->volatility = volatility_of(&input->indicators);
	view->decline = volatility_decline(&input->indicators, &view->decline_score);
	if (view->held)
		see_position(view);
	return made;
}
