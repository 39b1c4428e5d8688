#include "strategies/martingale_preview.h"

#include "strategies/martingale_exit.h"
#include "strategies/martingale_ladder.h"
#include "strategies/martingale_size.h"
#include "strategies/martingale_stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOW_MS 1000000000000LL /* any time will do: nothing is old */
#define VOLUME_MULT_LARGE 2000000

/* ---- one position after another ------------------------------------------------------------- */

struct walk { /* a ladder being filled */
	const struct martingale_params *params;
	const struct strategy_setting *setting;
	struct strategy_input input;
	struct martingale_state state;
	struct strategy_output output;
	struct martingale_view view;
	i128 cost_e8;
};

/* Faults are collected by kind, so that a long ladder does not say the same 200 times. */
struct findings {
	struct strategy_fault *faults;
	size_t count, size;
};

static void init_walk(struct walk *walk, const struct martingale_params *params,
	const struct strategy_setting *setting)
{
	struct strategy_input *input = &walk->input;

	*walk = (struct walk){.params = params, .setting = setting};
	walk->output.quiet = true;
	input->now_ms = NOW_MS;
	input->side = setting->side;
	input->leg = setting->side == SIDE_BUY ? LEG_LONG : LEG_SHORT;
	input->leverage = setting->leverage;
	input->rules = *setting->rules;
	input->params = params;
	input->account = (struct strategy_account){
		.wallet_e8 = setting->balance_e8,
		.equity_e8 = setting->balance_e8,
		.available_e8 = setting->balance_e8,
		.margin_mode = params->margin_mode == WANTED_CROSS ? MARGIN_CROSS : MARGIN_ISOLATED,
		.margin_mode_known = true,
	};
}

/* The account as it is with the position at a price. */
static bool look(struct walk *walk, int64_t price_ticks)
{
	struct strategy_input *input = &walk->input;
	struct martingale_view *view = &walk->view;

	input->ticker = (struct strategy_ticker){
		.bid_ticks = price_ticks,
		.ask_ticks = price_ticks,
		.last_ticks = price_ticks,
		.mark_ticks = price_ticks,
	};
	if (martingale_view_fault(input) != NULL ||
		!martingale_view_init(view, input, &walk->state, &walk->output))
		return false;
	input->account.equity_e8 = grid_narrow(
		&view->grid, walk->setting->balance_e8 + view->unrealised_e8);
	input->account.available_e8 = grid_narrow(
		&view->grid, walk->setting->balance_e8 - view->margin_e8);
	input->account.account_notional_e8 = grid_narrow(&view->grid, view->value_e8);
	return !view->grid.overflow;
}

static void fill(struct walk *walk, int64_t lots, int64_t price_ticks)
{
	struct strategy_leg *own = &walk->input.leg_own;
	struct grid *grid = &walk->view.grid;

	walk->cost_e8 += grid_value_ceiling(grid, lots, price_ticks);
	own->lots += lots;
	own->average_e8 = grid_narrow(grid, grid_average(grid, walk->cost_e8, own->lots));
	own->leverage_ppm = walk->setting->leverage * PPM;
	own->margin_e8 = grid_narrow(
		grid, grid_ceiling(grid, walk->cost_e8, PPM, own->leverage_ppm));
	walk->input.cycle_entered_lots = own->lots;
}

/* ---- where the next entry is ---------------------------------------------------------------- */

/* A reference moved away by a deviation, rounded further away; 0: there is no such price. */
static int64_t moved_away(struct walk *walk, i128 reference_e8, int64_t deviation)
{
	struct grid *grid = &walk->view.grid;
	bool is_long = walk->setting->side == SIDE_BUY;
	i128 factor = is_long ? LADDER_ONE - deviation : LADDER_ONE + deviation;
	i128 unit = grid_product(grid, grid->price.over, LADDER_ONE);
	i128 value = grid_product(
		grid, grid_product(grid, reference_e8, grid->price.under), factor);

	if (value <= 0 || unit <= 0)
		return 0;
	return grid_narrow(grid,
		is_long ? grid_floor(grid, value, 1, unit) : grid_ceiling(grid, value, 1, unit));
}

static i128 price_e8(struct walk *walk, int64_t ticks)
{
	struct grid *grid = &walk->view.grid;

	return grid_floor(grid, ticks, grid->price.over, grid->price.under);
}

/* Where the loss is as large as the trigger of loss_proportional. */
static int64_t loss_price(struct walk *walk)
{
	int64_t trigger = -walk->params->add_loss_trigger;
	int64_t deviation = trigger * (LADDER_ONE / PPM) / walk->setting->leverage;

	return moved_away(walk, walk->input.leg_own.average_e8, deviation);
}

static int64_t ladder_price(struct walk *walk, int64_t add, int64_t last_ticks)
{
	const struct martingale_params *params = walk->params;
	int64_t deviation = martingale_ladder_deviation(params, add);
	int64_t step = params->add_step * (LADDER_ONE / PPM);
	i128 reference_e8 = walk->input.leg_own.average_e8;

	if (params->add_reference == REFERENCE_BASE)
		reference_e8 = price_e8(walk, walk->setting->price_ticks);
	if (params->add_reference == REFERENCE_LAST_FILL)
		reference_e8 = price_e8(walk, last_ticks);

	int64_t ticks = moved_away(walk, reference_e8, deviation);
	int64_t apart = moved_away(walk, price_e8(walk, last_ticks), step);
	return ticks == 0 || apart == 0 ? 0 : martingale_further(&walk->view, ticks, apart);
}

static int64_t entry_price(struct walk *walk, int64_t add, int64_t last_ticks)
{
	if (add == 0)
		return walk->setting->price_ticks;
	if (walk->params->add_model == ADD_LOSS_PROPORTIONAL)
		return loss_price(walk);
	return ladder_price(walk, add, last_ticks);
}

static bool entry_lots(struct walk *walk, int64_t add, int64_t *ret_lots)
{
	const struct martingale_params *params = walk->params;
	struct martingale_wish wish = {
		.by_loss = add > 0 && params->add_model == ADD_LOSS_PROPORTIONAL,
		.size = add == 0 ? params->initial_size : martingale_ladder_size(params, add),
	};

	return martingale_size_wished(&walk->view, &wish, ret_lots);
}

/* ---- the walk ------------------------------------------------------------------------------- */

static int64_t share_ppm(struct grid *grid, i128 part, i128 whole)
{
	return whole <= 0 ? 0 : grid_narrow(grid, grid_floor(grid, part, PPM, whole));
}

/* Of a price from another, as a share of it. */
static int64_t move_ppm(struct grid *grid, i128 from, i128 to)
{
	return share_ppm(grid, to > from ? to - from : from - to, from);
}

static void describe(struct walk *walk, struct strategy_rung *rung, i128 paid_e8)
{
	struct martingale_view *view = &walk->view;
	struct grid *grid = &view->grid;
	int64_t first = walk->params->tp_steps.count > 0 ? walk->params->tp_steps.items[0].profit
							 : walk->params->take_profit;

	rung->deviation_ppm = move_ppm(grid, walk->setting->price_ticks, rung->price_ticks);
	rung->notional_e8 = grid_narrow(grid, paid_e8);
	rung->total_lots = view->lots;
	rung->total_notional_e8 = grid_narrow(grid, walk->cost_e8);
	rung->average_e8 = walk->input.leg_own.average_e8;
	rung->break_even_ppm = move_ppm(grid, price_e8(walk, rung->price_ticks), rung->average_e8);
	rung->exposure_ppm = share_ppm(grid, walk->cost_e8, view->balance_e8);
	rung->margin_e8 = walk->input.leg_own.margin_e8;
	rung->margin_ppm = share_ppm(grid, rung->margin_e8, view->balance_e8);
	rung->liquidation_ticks = martingale_risk_liquidation(view);
	rung->stop_ticks = martingale_stop_arm(view);
	rung->take_profit_ticks = martingale_exit_price(view, first);
	if (rung->stop_ticks == 0)
		return;
	i128 value_e8 = grid_value_floor(grid, view->lots, rung->stop_ticks);
	rung->loss_at_stop_e8 = grid_narrow(
		grid, view->is_long ? view->cost_e8 - value_e8 : value_e8 - view->cost_e8);
}

__attribute__((format(printf, 4, 5))) static void find(
	struct findings *findings, const char *field, const char *value, const char *format, ...)
{
	va_list arguments;

	for (size_t i = 0; i < findings->count; i++) {
		if (strcmp(findings->faults[i].field, field) == 0)
			return;
	}
	if (findings->count == findings->size)
		return;
	struct strategy_fault *fault = &findings->faults[findings->count++];
	*fault = (struct strategy_fault){0};
	snprintf(fault->field, sizeof fault->field, "%s", field);
	snprintf(fault->value, sizeof fault->value, "%s", value);
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof fault->message, format, arguments);
	va_end(arguments);
}

static const char *entry_name(int64_t add, char text[24])
{
	if (add == 0)
		return "the opening";
	snprintf(text, 24, "add %lld", (long long)add);
	return text;
}

/* Which setting is to blame for the size of an entry. */
static const char *size_field(const struct martingale_params *params, int64_t add)
{
	if (add == 0 || params->add_model == ADD_LOSS_PROPORTIONAL)
		return "initial_size";
	if (params->add_model == ADD_CUSTOM_LIST)
		return "add_list";
	return params->add_volume == PARAM_OFF ? "initial_size" : "add_volume";
}

/* Before the entry: its size against minimums and caps, and where it would leave liquidation. */
static void check_entry(struct walk *walk, int64_t add, int64_t lots, struct findings *findings)
{
	struct martingale_view *view = &walk->view;
	const struct strategy_rules *rules = &view->input->rules;
	struct martingale_room room = martingale_risk_room(view, false);
	i128 notional_e8 = grid_value_floor(&view->grid, lots, view->own_ticks);
	int64_t liquidation = martingale_risk_liquidation_after(view, lots, view->own_ticks);
	const char *field = size_field(walk->params, add);
	char text[24];
	const char *entry = entry_name(add, text);

	if (lots < rules->min_lots)
		find(findings, field, TEXT_LOTS(rules, lots),
			"%s would be %s, the venue's minimum is %s", entry, TEXT_LOTS(rules, lots),
			TEXT_LOTS(rules, rules->min_lots));
	else if (notional_e8 < rules->min_notional_e8)
		find(findings, field, TEXT_E8(notional_e8),
			"%s would be worth %s, the venue's minimum is %s", entry,
			TEXT_E8(notional_e8), TEXT_E8(rules->min_notional_e8));
	if (lots > rules->max_lots)
		find(findings, field, TEXT_LOTS(rules, lots),
			"%s would be %s, the venue's maximum is %s", entry, TEXT_LOTS(rules, lots),
			TEXT_LOTS(rules, rules->max_lots));
	if (notional_e8 > room.notional_e8)
		find(findings, room.is_setting ? room.name : field, TEXT_E8(notional_e8),
			"%s needs %s, %s leaves %s: the ladder cannot be carried", entry,
			TEXT_E8(notional_e8), room.name,
			TEXT_E8(room.notional_e8 < 0 ? 0 : room.notional_e8));
	if (!martingale_risk_far_enough(view, liquidation))
		find(findings, "min_liq_distance", TEXT_PPM_PERCENT(walk->params->min_liq_distance),
			"after %s liquidation at %s is only %s %% from its price %s", entry,
			TEXT(units_price_of(liquidation, rules)),
			TEXT_PPM_PERCENT(move_ppm(&view->grid, view->mark_ticks, liquidation)),
			TEXT(units_price_of(view->mark_ticks, rules)));
}

/* After the last entry: as large as the position gets, its stop must come before liquidation. */
static void check_stop(
	const struct walk *walk, const struct strategy_rung *rung, struct findings *findings)
{
	const struct strategy_rules *rules = &walk->setting->rules[0];
	int64_t basis = walk->state.stop_basis_ticks;
	int64_t liquidation = rung->liquidation_ticks;

	if (walk->params->stop_loss.count == 0 || liquidation == 0 || basis == rung->stop_ticks)
		return;
	find(findings, "stop_loss.value",
		TEXT(decimal_scaled(walk->params->stop_loss.items[0].value, 6)),
		basis == 0
			? "no price loses that much: liquidation at %s%s comes first"
			: "with the whole ladder liquidation at %s is within 2 %% of the stop at "
			  "%s, or comes before it",
		TEXT(units_price_of(liquidation, rules)),
		basis == 0 ? "" : TEXT(units_price_of(basis, rules)));
}

/* One entry. False: it has no price or no size, the ladder ends before it. */
static bool climb(
	struct walk *walk, int64_t add, struct strategy_rung *rung, struct findings *findings)
{
	struct grid *grid = &walk->view.grid;
	int64_t last_ticks = walk->view.own_ticks;

	rung->price_ticks = entry_price(walk, add, last_ticks);
	if (rung->price_ticks == 0) {
		char text[24];

		find(findings, "max_adds", "", "%s would lie below a price of zero",
			entry_name(add, text));
		return false;
	}
	if (!look(walk, rung->price_ticks) || !entry_lots(walk, add, &rung->lots)) {
		find(findings, "initial_size", "", "a number is beyond the range of a decision");
		return false;
	}
	check_entry(walk, add, rung->lots, findings);
	if (rung->lots == 0)
		return false;

	i128 before_e8 = walk->cost_e8;
	fill(walk, rung->lots, rung->price_ticks);
	if (!look(walk, rung->price_ticks))
		return false;
	describe(walk, rung, walk->cost_e8 - before_e8);
	return !grid->overflow;
}

static void note(const struct martingale_params *params, struct strategy_preview *preview)
{
	for (size_t i = 0; i + 1 < preview->rung_count; i++) {
		const struct strategy_rung *rung = &preview->rungs[i];
		bool falls = rung[1].price_ticks < preview->rungs[0].price_ticks;
		bool fires = falls ? rung->stop_ticks >= rung[1].price_ticks
				   : rung->stop_ticks <= rung[1].price_ticks;

		if (rung->stop_ticks == 0 || !fires)
			continue;
		snprintf(preview->note, sizeof preview->note,
			"after entry %zu the stop comes before the next add: the ladder ends there",
			i + 1);
		return;
	}
	if (params->add_model == ADD_LOSS_PROPORTIONAL)
		snprintf(preview->note, sizeof preview->note,
			"adds depend on how the price moves; shown where each loss reaches "
			"add_loss_trigger");
	else if (params->add_model == ADD_GEOMETRIC && params->add_volume_mult > VOLUME_MULT_LARGE)
		snprintf(preview->note, sizeof preview->note,
			"adds more than double: the position grows very fast");
}

static void climb_all(
	struct walk *walk, struct strategy_preview *preview, struct findings *findings)
{
	int64_t adds = martingale_ladder_count(walk->params);

	preview->rung_count = 0;
	preview->note[0] = '\0';
	/* Prices are needed before there is a position. */
	if (!look(walk, walk->setting->price_ticks)) {
		find(findings, "initial_size", "", "a number is beyond the range of a decision");
		return;
	}
	for (int64_t add = 0; add <= adds; add++) {
		struct strategy_rung *rung = &preview->rungs[preview->rung_count];

		*rung = (struct strategy_rung){0};
		if (!climb(walk, add, rung, findings))
			break;
		preview->rung_count++;
	}
	if (preview->rung_count > 0)
		check_stop(walk, &preview->rungs[preview->rung_count - 1], findings);
	note(walk->params, preview);
}

void martingale_preview(
	const void *params, const struct strategy_setting *setting, struct strategy_preview *ret)
{
	struct findings findings = {0};
	struct walk walk;

	init_walk(&walk, params, setting);
	climb_all(&walk, ret, &findings);
}

size_t martingale_preview_check(const struct martingale_params *params,
	const struct strategy_setting *setting, struct strategy_fault *ret, size_t size)
{
	struct findings findings = {.faults = ret, .size = size};
	struct strategy_preview preview;
	struct walk walk;

	init_walk(&walk, params, setting);
	climb_all(&walk, &preview, &findings);
	return findings.count;
}
