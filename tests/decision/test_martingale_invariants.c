/*
 * The invariants of strategy.md 3.4 over seeded random states of our own rule. A case that breaks
 * one is shrunk and printed as a snapshot that `botbeat decide` replays. BOTBEAT_TEST_ALL makes it
 * fifty times as many.
 */
#include "core/base/cleanup.h"
#include "decision/decision.h"
#include "tests/strategies/scene.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#define STATES 40000
#define LOTS_TICK_E8 10000 /* a lot of 0.001 at a tick of 0.1 */

typedef __int128 i128;

/* ---- dice ----------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int64_t between(uint64_t *seed, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

static bool one_in(uint64_t *seed, int64_t n)
{
	return between(seed, 1, n) == 1;
}

static void random_ladder(struct martingale_params *params, uint64_t *seed)
{
	params->add_model = between(seed, ADD_LOSS_PROPORTIONAL, ADD_CUSTOM_LIST);
	params->max_adds = between(seed, 0, 8);
	params->add_step = between(seed, 500, 30000);
	params->add_step_mult = between(seed, 500000, 2000000);
	params->add_volume_mult = between(seed, 500000, 3000000);
	params->add_reference = between(seed, REFERENCE_BASE, REFERENCE_AVERAGE);
	params->min_add_interval_s = one_in(seed, 2) ? 0 : 120;
	params->initial_size = between(seed, 100000, 20000000);
	params->add_loss_trigger = -between(seed, 0, 100000);
	if (params->add_model == ADD_LOSS_PROPORTIONAL && one_in(seed, 2))
		params->buildup_limit = between(seed, 0, 200000);
	if (params->add_model != ADD_CUSTOM_LIST)
		return;
	params->add_list.count = between(seed, 1, 6);
	for (int64_t i = 0; i < params->add_list.count; i++)
		params->add_list.items[i] = (struct custom_add){
			params->add_step * (i + 1), between(seed, 100000, 20000000)};
}

static void random_exits(struct martingale_params *params, uint64_t *seed)
{
	params->tp_basis = between(seed, TP_PRICE_MOVE, TP_BALANCE_PCT);
	params->take_profit = between(seed, 500, 60000);
	params->tp_on_book = one_in(seed, 2) ? PARAM_OFF : between(seed, 0, 1);
	params->exit_order_type = between(seed, EXIT_LIMIT_THEN_MARKET, EXIT_MARKET);
	params->time_limit_s = one_in(seed, 4) ? 3600 : 0;
	params->time_limit_action = between(seed, TIME_TP_ONLY, TIME_CLOSE);
	params->stop_action = between(seed, STOP_ACTION_CLOSE, STOP_ACTION_CLOSE_AND_PAUSE);
	params->stop_loss.count = !one_in(seed, 5);
	params->stop_loss.items[0] = (struct stop_loss){between(seed, 0, 2),
		between(seed, 5000, 300000), between(seed, 0, 1), !one_in(seed, 4)};
	if (one_in(seed, 3)) {
		params->tp_steps.count = 3;
		for (int i = 0; i < 3; i++)
			params->tp_steps.items[i] = (struct tp_step){
				10000 * (i + 1), i == 2 ? 200000 : 400000};
	}
	if (one_in(seed, 3)) {
		params->tp_size_ladder.count = 1;
		params->tp_size_ladder.items[0] = (struct size_step){
			between(seed, 0, 200000), 330000};
	}
}

static int64_t or_off(uint64_t *seed, int64_t value)
{
	return one_in(seed, 6) ? PARAM_OFF : value;
}

static void random_risk(struct martingale_params *params, uint64_t *seed)
{
	params->entry_order_type = between(seed, ENTRY_POST_ONLY, ENTRY_MARKET);
	params->max_exposure = or_off(seed, between(seed, 10000, 3000000));
	params->max_margin_pct = or_off(seed, between(seed, 10000, 900000));
	params->account_max_exposure = or_off(seed, between(seed, 10000, 4000000));
	params->max_notional_per_order = or_off(seed, between(seed, 10000, 2000000));
	params->cap_sharing = between(seed, CAP_FIXED, CAP_EQUAL_ACTIVE);
	params->taper_start = between(seed, 0, 10) * 100000;
	params->min_liq_distance = or_off(seed, between(seed, 0, 200000));
	params->start_condition = between(seed, START_CONTINUOUS, START_MANUAL);
	params->vol_blocks = between(seed, 0, 7);
	params->on_missing_data = one_in(seed, 6);
}

static void random_market(struct scene *scene, uint64_t *seed)
{
	struct strategy_input *input = &scene->input;
	int64_t price_e8 = input->ticker.mark_ticks * (E8 / 10);

	scene_value(scene, INDICATOR_FILTER_1, price_e8 + between(seed, -100, 100) * E8);
	scene_value(scene, INDICATOR_ATR, between(seed, 60, 78) * E8);
	scene_value(scene, INDICATOR_BB_WIDTH_PPM, between(seed, 0, 84000));
	scene_value(scene, INDICATOR_HV_PPM, between(seed, 0, 53000));
	scene_value(scene, INDICATOR_ROC5_PPM, between(seed, -40000, 40000));
	scene_value(scene, INDICATOR_ROC15_PPM, between(seed, -60000, 60000));
	scene_value(scene, INDICATOR_VOLUME_RATIO_PPM, between(seed, 0, 3500000));
	if (one_in(seed, 10))
		input->indicators.valid &= (uint32_t)next_random(seed);
	if (one_in(seed, 10))
		input->indicators.closed_ms[0] = SCENE_NOW_MS - between(seed, 0, 40) * 60000;
	if (one_in(seed, 10))
		input->ticker.age_ms = between(seed, -1, 9000);
}

static void random_leg(struct scene *scene, uint64_t *seed)
{
	struct strategy_input *input = &scene->input;
	int64_t average = 600000 + between(seed, -60000, 60000);

	scene_hold(scene, one_in(seed, 2) ? between(seed, 1, 9) : between(seed, 1, 900), average);
	input->cycle_adds = between(seed, 0, 8);
	input->cycle_base_ticks = one_in(seed, 6) ? 0 : average + between(seed, -20000, 20000);
	input->last_add_ticks = input->cycle_base_ticks == 0 ? 0
							     : average + between(seed, -9000, 9000);
	input->last_entry_ms = SCENE_NOW_MS - between(seed, 0, 300000);
	input->cycle_started_ms = SCENE_NOW_MS - between(seed, 0, 7200000);
	input->cycle_entered_lots = input->leg_own.lots +
				    (one_in(seed, 2) ? between(seed, 0, 90) : 0);
	input->cycle_funding_e8 = between(seed, -5, 5) * E8;
	if (one_in(seed, 3))
		input->leg_own.liquidation_ticks = between(seed, 400000, 800000);
}

static void random_orders(struct scene *scene, uint64_t *seed)
{
	static const enum purpose purposes[] = {PURPOSE_OPEN, PURPOSE_ADD, PURPOSE_TAKE_PROFIT,
		PURPOSE_TAKE_PROFIT, PURPOSE_REDUCE, PURPOSE_CLOSE, PURPOSE_FOREIGN};
	int64_t count = one_in(seed, 2) ? between(seed, 0, 3) : between(seed, 0, 9);

	for (int64_t i = 0; i < count; i++) {
		struct strategy_order *order = scene_order(scene, purposes[between(seed, 0, 6)],
			one_in(seed, 9) ? 0 : 600000 + between(seed, -20000, 20000),
			between(seed, 1, 20));

		order->filled_lots = one_in(seed, 3) ? between(seed, 0, order->lots) : 0;
		order->unknown = one_in(seed, 12);
		order->created_ms = SCENE_NOW_MS - between(seed, 0, 90000);
	}
}

static void random_platform(struct scene *scene, uint64_t *seed)
{
	struct strategy_input *input = &scene->input;

	if (one_in(seed, 4))
		input->mode = (enum strategy_mode)between(seed, MODE_NORMAL, MODE_HALTED);
	if (one_in(seed, 5))
		input->blocks = (uint32_t)between(seed, 0, 31);
	input->account.settings_match = !one_in(seed, 12);
	input->rules.trading = !one_in(seed, 12);
	input->auto_open = !one_in(seed, 6);
	input->open_asked = one_in(seed, 6);
	if (one_in(seed, 12))
		input->account.age_ms = between(seed, 0, 20000);
	input->day_net_e8 = between(seed, -300, 300) * E8;
	input->day_orders = one_in(seed, 8) ? 500 : 3;
	input->account.active_symbols = between(seed, 0, 4);
	input->account.available_e8 = between(seed, 0, 10000) * E8;
	if (one_in(seed, 5)) {
		input->cycle_ended_ms = SCENE_NOW_MS - between(seed, 0, 600000);
		input->cycle_ended_by = one_in(seed, 2) ? PURPOSE_STOP : PURPOSE_TAKE_PROFIT;
	}
	if (one_in(seed, 3)) {
		scene->params.margin_mode = WANTED_CROSS;
		scene->params.margin_critical_action = one_in(seed, 2);
		input->account.margin_mode = MARGIN_CROSS;
	}
	scene->state.wild_ms = one_in(seed, 8) ? SCENE_NOW_MS - between(seed, 0, 900000) : 0;
	scene->state.day_locked_until_ms = one_in(seed, 12) ? SCENE_NOW_MS + 1 : 0;
	scene->state.stopped = one_in(seed, 12);
}

static void random_scene(struct scene *scene, uint64_t *seed)
{
	static const int64_t leverages[] = {1, 3, 5, 10, 50, 125};

	scene_init(scene, one_in(seed, 2) ? SIDE_BUY : SIDE_SELL);
	scene->input.leverage = leverages[between(seed, 0, 5)];
	scene->input.account.wallet_e8 = between(seed, 10, 20000) * E8;
	scene->input.account.equity_e8 = scene->input.account.wallet_e8;
	scene->input.rules.min_lots = one_in(seed, 4) ? between(seed, 1, 5) : 1;
	scene->input.rules.max_market_lots = between(seed, 100, 1000);
	scene->input.rules.max_lots = between(seed, 100, 2000);
	random_ladder(&scene->params, seed);
	random_exits(&scene->params, seed);
	random_risk(&scene->params, seed);
	if (!one_in(seed, 3))
		random_leg(scene, seed);
	scene_price(scene, 600000 + (one_in(seed, 3) ? 0 : between(seed, -60000, 60000)));
	random_market(scene, seed);
	random_orders(scene, seed);
	random_platform(scene, seed);
}

/* ---- what is looked at ---------------------------------------------------------------------- */

static bool is_order_intent(const struct intent *intent)
{
	return intent->kind == INTENT_CANCEL || intent->kind == INTENT_PLACE ||
	       intent->kind == INTENT_AMEND;
}

static const struct intent *entry_of(const struct scene *scene)
{
	for (size_t i = 0; i < scene->output.intent_count; i++) {
		const struct intent *intent = &scene->output.intents[i];

		if (intent->kind == INTENT_PLACE && purpose_is_entry(intent->purpose))
			return intent;
	}
	return NULL;
}

static const struct strategy_order *order_of(const struct scene *scene, int32_t id)
{
	for (size_t i = 0; i < scene->input.order_count; i++) {
		if (scene->input.orders[i].id == id)
			return &scene->input.orders[i];
	}
	return NULL;
}

static size_t count_of(const struct scene *scene, enum intent_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < scene->output.intent_count; i++)
		count += scene->output.intents[i].kind == kind;
	return count;
}

static void decide_copy(const struct scene *scene, struct scene *copy)
{
	memcpy(copy, scene, sizeof *copy);
	copy->input.params = &copy->params;
	scene_decide(copy);
}

/* The orders that stand once the venue has done what was asked. */
static void carry_out(const struct scene *scene, struct scene *after)
{
	struct strategy_input *input = &after->input;

	memcpy(after, scene, sizeof *after);
	input->params = &after->params;
	memcpy(&after->state, scene->output.state, sizeof after->state);
	for (size_t i = 0; i < scene->output.intent_count; i++) {
		const struct intent *intent = &scene->output.intents[i];

		for (size_t k = 0; k < input->order_count && intent->kind != INTENT_PLACE; k++) {
			if (!is_order_intent(intent) || input->orders[k].id != intent->order_id)
				continue;
			if (intent->kind == INTENT_CANCEL) {
				input->order_count--;
				memmove(&input->orders[k], &input->orders[k + 1],
					(input->order_count - k) * sizeof input->orders[0]);
			} else {
				input->orders[k].price_ticks = intent->price_ticks;
				input->orders[k].lots = intent->lots;
			}
			break;
		}
		if (intent->kind == INTENT_PLACE)
			input->orders[input->order_count++] = (struct strategy_order){
				.id = (int32_t)(1000 + i),
				.purpose = intent->purpose,
				.side = intent->side,
				.type = intent->type,
				.price_ticks = intent->price_ticks,
				.lots = intent->lots,
				.created_ms = input->now_ms,
			};
	}
}

/* ---- the invariants: NULL, or the one that is broken ---------------------------------------- */

static const char *check_intent(const struct scene *scene, const struct intent *intent)
{
	const struct strategy_rules *rules = &scene->input.rules;
	bool entry = purpose_is_entry(intent->purpose);
	int64_t most = intent->type == ORDER_MARKET ? rules->max_market_lots : rules->max_lots;

	if (intent->kind == INTENT_CANCEL || intent->kind == INTENT_AMEND) {
		const struct strategy_order *order = order_of(scene, intent->order_id);
		if (order == NULL || order->purpose == PURPOSE_FOREIGN || order->unknown)
			return "I16 an order that is not ours to touch";
	}
	if (intent->kind != INTENT_PLACE)
		return NULL;
	if (entry == intent->reduce_only)
		return "I6 reduce-only is wrong";
	if (intent->lots < 1 || intent->lots > most)
		return "I3 quantity out of range";
	if (entry && intent->lots < rules->min_lots)
		return "I3 an entry below the minimum";
	if (intent->type == ORDER_LIMIT && intent->price_ticks < 1)
		return "I3 no price";
	if (entry && intent->type == ORDER_LIMIT &&
		(i128)intent->lots * intent->price_ticks * LOTS_TICK_E8 < rules->min_notional_e8)
		return "I3 notional below the minimum";
	if (intent->side != (entry ? scene->input.side : side_for(scene->input.side, false)))
		return "I6 the wrong side";
	return NULL;
}

static const char *check_batch(const struct scene *scene)
{
	const struct strategy_output *output = &scene->output;
	bool trims = false;

	if (output->intent_count > 3 + 5 + 3 || count_of(scene, INTENT_CANCEL) > 5 ||
		count_of(scene, INTENT_PLACE) > 3)
		return "I22 the batch is too large";
	for (size_t i = 0; i < output->intent_count; i++) {
		const struct intent *intent = &output->intents[i];
		const char *broken = check_intent(scene, intent);
		if (broken != NULL)
			return broken;
		trims = trims ||
			(intent->kind == INTENT_PLACE && (intent->purpose == PURPOSE_REDUCE ||
								 intent->purpose == PURPOSE_CLOSE));
		for (size_t k = 0; k < i; k++)
			if (is_order_intent(intent) && intent->kind != INTENT_PLACE &&
				output->intents[k].kind != INTENT_PLACE &&
				is_order_intent(&output->intents[k]) &&
				output->intents[k].order_id == intent->order_id)
				return "I17 one order is touched twice";
		if (i > 0 && intent->kind == INTENT_CANCEL &&
			output->intents[i - 1].kind != INTENT_CANCEL)
			return "I22 a cancel after something else";
	}
	return trims && entry_of(scene) != NULL ? "I19 an entry beside an exit" : NULL;
}

/* I5: what would stand afterwards sells no more than is held; unknown orders apart. */
static const char *check_exits(const struct scene *scene, const struct scene *after)
{
	int64_t leaving = 0;
	bool touched = count_of(scene, INTENT_PLACE) + count_of(scene, INTENT_AMEND) > 0;

	for (size_t i = 0; i < after->input.order_count; i++) {
		const struct strategy_order *order = &after->input.orders[i];
		bool exit = order->purpose == PURPOSE_REDUCE || order->purpose == PURPOSE_CLOSE ||
			    order->purpose == PURPOSE_TAKE_PROFIT;

		/* What was on its way already may be more than is left. */
		if (exit && !order->unknown && (order->id >= 1000 || order->type == ORDER_LIMIT))
			leaving += order->lots - order->filled_lots;
	}
	bool all_cancelled = count_of(scene, INTENT_CANCEL) < 5;
	return touched && all_cancelled && leaving > scene->input.leg_own.lots
		       ? "I5 more is sold than is held"
		       : NULL;
}

static bool may_enter(const struct scene *scene)
{
	const struct strategy_input *input = &scene->input;
	const struct martingale_params *params = &scene->params;
	bool held = input->leg_own.lots > 0;
	bool mode = input->mode == MODE_NORMAL || (input->mode == MODE_GRACEFUL_STOP && held);
	bool fresh = input->now_ms - input->indicators.closed_ms[0] <= 900000 ||
		     input->indicators.closed_ms[0] == 0;
	/* A value that is missing or old is not known to be wild. */
	bool judged = (input->indicators.valid & 0x3f8) == 0x3f8 && fresh;
	bool above = judged && (input->indicators.value[INDICATOR_ATR] > 75 * E8 ||
				       input->indicators.value[INDICATOR_BB_WIDTH_PPM] > 80000 ||
				       input->indicators.value[INDICATOR_HV_PPM] > 50000);
	bool lately = scene->state.wild_ms != 0 && input->now_ms - scene->state.wild_ms < 600000;
	bool wild = (params->vol_blocks & (held ? VOL_ADD : VOL_OPEN)) != 0 && (above || lately);
	bool missing = (input->indicators.valid & 0x3f8) != 0x3f8 &&
		       params->on_missing_data == MISSING_BLOCK;
	bool stopped = scene->state.stopped ||
		       (input->cycle_ended_ms != 0 && input->cycle_ended_by == PURPOSE_STOP &&
			       params->stop_action == STOP_ACTION_CLOSE_AND_PAUSE);
	bool cooling = !held && input->cycle_ended_ms != 0 &&
		       input->now_ms - input->cycle_ended_ms < 300000;

	for (size_t i = 0; i < input->order_count; i++) {
		if (input->orders[i].unknown && input->orders[i].purpose != PURPOSE_FOREIGN)
			return false;
	}
	return mode && input->blocks == 0 && input->account.settings_match &&
	       input->rules.trading && input->ticker.age_ms >= 0 && input->ticker.age_ms <= 5000 &&
	       input->account.age_ms <= 10000 && !wild && !missing && !stopped && !cooling &&
	       input->now_ms >= scene->state.day_locked_until_ms;
}

/* Is a price at least so many ppm further away than another? */
static bool is_away(const struct scene *scene, int64_t price, int64_t from, int64_t ppm)
{
	if (scene->input.side == SIDE_BUY)
		return (i128)price * PPM <= (i128)from * (PPM - ppm);
	return (i128)price * PPM >= (i128)from * (PPM + ppm);
}

static const char *check_add(const struct scene *scene)
{
	const struct strategy_input *input = &scene->input;
	const struct martingale_params *params = &scene->params;
	int64_t price = input->side == SIDE_BUY ? input->ticker.bid_ticks : input->ticker.ask_ticks;
	int64_t last = input->last_add_ticks != 0 ? input->last_add_ticks : input->cycle_base_ticks;
	i128 winning = (i128)price * (E8 / 10) - input->leg_own.average_e8;

	if (input->cycle_adds >= params->max_adds)
		return "I9 more adds than allowed";
	if (input->now_ms - input->last_entry_ms < params->min_add_interval_s * 1000)
		return "I9 adds too fast";
	if (params->add_model == ADD_LOSS_PROPORTIONAL)
		return NULL;
	if (input->side == SIDE_BUY ? winning > 0 : winning < 0)
		return "I9 an add on the winning side";
	if (last != 0 && !is_away(scene, price, last, params->add_step))
		return "I10 rungs closer than a step";
	return NULL;
}

/* The venue's own formula, which ours may only be nearer than. */
static const char *check_liquidation(const struct scene *scene, const struct intent *entry)
{
	const struct strategy_input *input = &scene->input;
	bool is_long = input->side == SIDE_BUY;
	double price = (double)(is_long ? input->ticker.bid_ticks : input->ticker.ask_ticks);
	double lots = (double)(input->leg_own.lots + entry->lots);
	double cost = (double)input->leg_own.lots * (double)input->leg_own.average_e8 * 1e-7 +
		      (double)entry->lots * price;
	double margin = (double)input->leg_own.margin_e8 / LOTS_TICK_E8 +
			(double)entry->lots * price / (double)input->leverage;
	double liquidation = is_long ? (cost - margin) / (lots * 0.995)
				     : (cost + margin) / (lots * 1.005);
	double mark = (double)input->ticker.mark_ticks;
	double distance = (is_long ? mark - liquidation : liquidation - mark) / mark;

	if (scene->params.min_liq_distance == PARAM_OFF ||
		input->account.margin_mode == MARGIN_CROSS)
		return NULL;
	return distance * 1e6 < (double)scene->params.min_liq_distance - 5
		       ? "I11 liquidation too near after an entry"
		       : NULL;
}

static const char *check_caps(const struct scene *scene, const struct intent *entry)
{
	const struct strategy_input *input = &scene->input;
	const struct martingale_params *params = &scene->params;
	int64_t own = input->side == SIDE_BUY ? input->ticker.bid_ticks : input->ticker.ask_ticks;
	i128 bought = (i128)entry->lots * own * LOTS_TICK_E8;
	i128 held = (i128)input->leg_own.lots * input->ticker.mark_ticks * LOTS_TICK_E8;
	i128 wallet = input->account.wallet_e8;

	if (params->max_exposure != PARAM_OFF &&
		(held + bought) * PPM > params->max_exposure * wallet)
		return "I4 exposure above its cap";
	if (params->max_margin_pct != PARAM_OFF &&
		((i128)input->leg_own.margin_e8 + bought / input->leverage) * PPM >
			params->max_margin_pct * wallet)
		return "I4 margin above its cap";
	if (params->account_max_exposure != PARAM_OFF &&
		(held + bought) * PPM > params->account_max_exposure * wallet)
		return "I4 the account's exposure above its cap";
	if (params->max_notional_per_order != PARAM_OFF &&
		bought * PPM > params->max_notional_per_order * wallet)
		return "I4 an order above its cap";
	return NULL;
}

static const char *check_entry(const struct scene *scene)
{
	const struct intent *entry = entry_of(scene);
	const char *broken = NULL;

	if (entry == NULL)
		return NULL;
	if (!may_enter(scene))
		return "I7 an entry while blocked";
	if (scene->input.leg_own.lots > 0 && (broken = check_add(scene)) != NULL)
		return broken;
	if ((broken = check_caps(scene, entry)) != NULL)
		return broken;
	return check_liquidation(scene, entry);
}

/* I8: whatever blocks entries, a position that is seen has its stop and its take-profit. */
static const char *check_protection(const struct scene *scene, const struct scene *after)
{
	const struct strategy_input *input = &scene->input;
	const struct martingale_params *params = &scene->params;
	bool silent = input->mode == MODE_MANUAL || input->mode == MODE_HALTED ||
		      input->account.age_ms > 10000;
	bool stops = params->stop_loss.count > 0 && params->stop_loss.items[0].on_exchange;
	bool resting = params->tp_on_book == PARAM_OFF ? params->tp_basis == TP_PRICE_MOVE
						       : params->tp_on_book;
	bool leaves = false;

	if (silent)
		return scene->output.stop.protection != PROTECTION_KEEP ||
				       count_of(scene, INTENT_PLACE) > 0
			       ? "I8 something is done though nothing is seen"
			       : NULL;
	if (input->leg_own.lots == 0)
		return NULL;
	/* At 1x, and in a large cross account, no price loses as much as the stop allows. */
	if (stops && input->leverage > 1 && input->account.margin_mode == MARGIN_ISOLATED &&
		scene->output.stop.protection != PROTECTION_STOP)
		return "I8 no stop";
	for (size_t i = 0; i < after->input.order_count; i++)
		leaves = leaves || (!purpose_is_entry(after->input.orders[i].purpose) &&
					   after->input.orders[i].purpose != PURPOSE_FOREIGN);
	if (resting && !leaves && count_of(scene, INTENT_CANCEL) < 5 &&
		(input->blocks & BLOCK_UNKNOWN_REDUCE) == 0 && params->tp_basis == TP_PRICE_MOVE &&
		input->side == SIDE_BUY)
		return "I8 no exit rests";
	return NULL;
}

/* I2: once done, there is nothing more to do. */
static const char *check_settled(const struct scene *scene, struct scene *after)
{
	bool limited = count_of(scene, INTENT_CANCEL) == 5 || count_of(scene, INTENT_PLACE) == 3;

	if (limited || scene->output.status != DECISION_OK || scene->params.post_only_retries == 1)
		return NULL;
	scene_decide(after);
	for (size_t i = 0; i < after->output.intent_count; i++)
		if (is_order_intent(&after->output.intents[i]))
			return after->output.intents[i].kind == INTENT_PLACE
				       ? "I2 the second decision places more"
				       : "I2 the second decision moves or cancels more";
	return NULL;
}

static const char *check_state(const struct scene *scene)
{
	struct martingale_state after;

	memcpy(&after, scene->output.state, sizeof after);
	if (scene->output.status == DECISION_OK && after.cycle == scene->state.cycle &&
		after.adds_filled < scene->state.adds_filled)
		return "I23 adds went back";
	return NULL;
}

/* What may still be bought: the new entry, and those that rest and were not cancelled. */
static int64_t entry_lots(const struct scene *scene)
{
	const struct intent *entry = entry_of(scene);
	int64_t lots = entry == NULL ? 0 : entry->lots;

	for (size_t i = 0; i < scene->input.order_count; i++) {
		const struct strategy_order *order = &scene->input.orders[i];
		bool cancelled = false;

		for (size_t k = 0; k < scene->output.intent_count; k++)
			cancelled = cancelled ||
				    (scene->output.intents[k].kind == INTENT_CANCEL &&
					    scene->output.intents[k].order_id == order->id);
		if (purpose_is_entry(order->purpose) && !cancelled)
			lots += order->lots - order->filled_lots;
	}
	return lots;
}

/* I20, I21: less room or more caution never makes an entry larger, or one at all. */
static const char *check_tighter(const struct scene *scene, struct scene *copy)
{
	const struct martingale_params *params = &scene->params;
	int64_t lots = entry_lots(scene);
	int64_t *const caps[] = {&copy->params.max_exposure, &copy->params.max_margin_pct,
		&copy->params.account_max_exposure, &copy->params.max_notional_per_order};

	for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
		memcpy(copy, scene, sizeof *copy);
		copy->input.params = &copy->params;
		*caps[i] = *caps[i] == PARAM_OFF ? 500000 : *caps[i] / 2;
		scene_decide(copy);
		/* What a full batch had no room to cancel says nothing. */
		if (entry_lots(copy) > lots && count_of(copy, INTENT_CANCEL) < 5)
			return "I20 a lower cap, a larger entry";
	}
	memcpy(copy, scene, sizeof *copy);
	copy->input.params = &copy->params;
	copy->params.atr_mult = params->atr_mult / 2;
	copy->params.cooldown_after_close_s *= 2;
	copy->params.daily_loss_limit /= 2;
	copy->params.vol_blocks |= VOL_OPEN | VOL_ADD;
	scene_decide(copy);
	return lots == 0 && entry_lots(copy) > 0 ? "I21 more caution, and an entry" : NULL;
}

static bool closes_all(const struct scene *scene)
{
	for (size_t i = 0; i < scene->output.intent_count; i++) {
		const struct intent *intent = &scene->output.intents[i];
		if (intent->kind == INTENT_PLACE && intent->purpose == PURPOSE_CLOSE &&
			intent->type == ORDER_MARKET)
			return true;
	}
	return false;
}

/* I13: what closes at a price closes at every worse one. */
static const char *check_urgency(const struct scene *scene, struct scene *copy)
{
	int64_t away = scene->input.side == SIDE_BUY ? -5000 : 5000;

	if (!closes_all(scene) || scene->input.account.margin_mode == MARGIN_CROSS ||
		scene->output.stop.protection != PROTECTION_STOP || scene->input.order_count > 0 ||
		scene->input.ticker.age_ms < 0)
		return NULL;
	memcpy(copy, scene, sizeof *copy);
	copy->input.params = &copy->params;
	const struct reason *stop = scene_reason(scene, "stop_loss");
	/* A profit that is taken at the market is no danger. */
	if (stop == NULL || stop->passed)
		return NULL;
	scene_price(copy, scene->input.ticker.mark_ticks + away);
	scene_decide(copy);
	return closes_all(copy) ? NULL : "I13 a worse price, and no close";
}

static const char *broken_invariant(struct scene *scene)
{
	static struct scene again, after, copy;
	const char *broken = NULL;

	memset(&scene->output, 0xa5, sizeof scene->output);
	scene_decide(scene);
	decide_copy(scene, &again);
	if (memcmp(&again.output, &scene->output, sizeof again.output) != 0)
		return "I1 the same input, another output";
	if (scene->output.status != DECISION_OK)
		return "I26 a fault on input in range";
	carry_out(scene, &after);
	if ((broken = check_batch(scene)) != NULL ||
		(broken = check_exits(scene, &after)) != NULL ||
		(broken = check_entry(scene)) != NULL ||
		(broken = check_protection(scene, &after)) != NULL ||
		(broken = check_state(scene)) != NULL ||
		(broken = check_tighter(scene, &copy)) != NULL ||
		(broken = check_urgency(scene, &copy)) != NULL)
		return broken;
	return check_settled(scene, &after);
}

/* ---- shrinking ------------------------------------------------------------------------------ */

/* One simplification by number; false: there are no more. */
static bool simplify(struct scene *scene, int step)
{
	static struct scene plain;
	struct strategy_input *input = &scene->input;

	scene_init(&plain, input->side);
	switch (step) {
	case 0:
		input->order_count = 0;
		return true;
	case 1:
		input->mode = MODE_NORMAL;
		input->blocks = 0;
		return true;
	case 2:
		scene->state = plain.state;
		return true;
	case 3:
		input->indicators = plain.input.indicators;
		return true;
	case 4:
		input->account = plain.input.account;
		scene->params.margin_mode = plain.params.margin_mode;
		return true;
	case 5:
		input->leg_own = plain.input.leg_own;
		return true;
	case 6:
		input->rules = plain.input.rules;
		return true;
	case 7:
		input->leverage = plain.input.leverage;
		return true;
	case 8:
		input->day_net_e8 = 0;
		input->day_orders = 0;
		input->cycle_ended_ms = 0;
		return true;
	case 9:
		scene->params.tp_steps = plain.params.tp_steps;
		scene->params.tp_size_ladder = plain.params.tp_size_ladder;
		return true;
	case 10:
		scene->params = plain.params;
		return true;
	default:
		break;
	}
	/* Then one order after another. */
	size_t index = (size_t)step - 11;
	if (index >= STRATEGY_ORDERS_MAX)
		return false;
	if (index < input->order_count)
		input->orders[index] = input->orders[--input->order_count];
	return true;
}

/* The smallest case that breaks the same invariant, as JSON. */
static void report(const struct scene *found, const char *broken, int state)
{
	static struct scene small, candidate;
	static struct decision_case decision;

	memcpy(&small, found, sizeof small);
	for (int step = 0;; step++) {
		memcpy(&candidate, &small, sizeof candidate);
		candidate.input.params = &candidate.params;
		if (!simplify(&candidate, step))
			break;
		const char *now = broken_invariant(&candidate);
		if (now != NULL && strcmp(now, broken) == 0)
			memcpy(&small, &candidate, sizeof small);
	}
	decision.strategy = &martingale;
	decision.input = small.input;
	decision.input.params = decision.params;
	memcpy(decision.params, &small.params, sizeof small.params);
	memcpy(decision.state, &small.state, sizeof small.state);
	CLEANUP(doc_free) struct doc *doc = decision_write(&decision);
	CLEANUP(text_free) char *text = doc_dump(doc);
	/* Criterion cuts long messages. */
	fprintf(stderr, "%s\n", text);
	cr_assert(false, "state %d: %s; botbeat decide replays the snapshot above", state, broken);
}

static int states_wanted(void)
{
	return getenv("BOTBEAT_TEST_ALL") != NULL ? 50 * STATES : STATES;
}

Test(martingale_invariants, hold_in_random_states)
{
	static struct scene scene;
	static struct scene before;
	uint64_t seed = 0x9e3779b97f4a7c15;
	int opened = 0, added = 0, closed = 0, reduced = 0, amended = 0;

	for (int state = 0; state < states_wanted(); state++) {
		random_scene(&scene, &seed);
		memcpy(&before, &scene, sizeof before);
		before.input.params = &before.params;
		const char *broken = broken_invariant(&scene);
		if (broken != NULL)
			report(&before, broken, state);
		opened += strcmp(scene.output.action, "open") == 0;
		added += strcmp(scene.output.action, "add") == 0;
		closed += strcmp(scene.output.action, "close") == 0;
		reduced += strcmp(scene.output.action, "reduce") == 0;
		amended += count_of(&scene, INTENT_AMEND) > 0;
	}
	/* Agreement about states in which nothing happens would prove nothing. */
	cr_expect(gt(int, opened, states_wanted() / 400));
	cr_expect(gt(int, added, states_wanted() / 1000), "%d", added);
	cr_expect(gt(int, closed, states_wanted() / 100));
	cr_expect(gt(int, reduced, states_wanted() / 400), "%d", reduced);
	cr_expect(gt(int, amended, states_wanted() / 400), "%d", amended);
}

/* ---- I26 ------------------------------------------------------------------------------------ */

static int64_t extreme(uint64_t *seed)
{
	static const int64_t values[] = {
		0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX / 2, E8, 1000, 1LL << 53, 600000};

	return one_in(seed, 4) ? (int64_t)next_random(seed) : values[between(seed, 0, 9)];
}

static void extreme_scene(struct scene *scene, uint64_t *seed)
{
	struct strategy_input *input = &scene->input;
	struct strategy_leg *own = &input->leg_own;

	random_scene(scene, seed);
	switch (between(seed, 0, 5)) {
	case 0:
		input->rules.tick_size = decimal_scaled(extreme(seed), (int)between(seed, 0, 18));
		input->rules.lot_size = decimal_scaled(extreme(seed), (int)between(seed, 0, 18));
		break;
	case 1:
		*own = (struct strategy_leg){extreme(seed), extreme(seed), extreme(seed),
			extreme(seed), extreme(seed), extreme(seed), extreme(seed)};
		break;
	case 2:
		input->ticker.bid_ticks = extreme(seed);
		input->ticker.ask_ticks = extreme(seed);
		input->ticker.mark_ticks = extreme(seed);
		break;
	case 3:
		input->account.wallet_e8 = extreme(seed);
		input->account.equity_e8 = extreme(seed);
		input->account.account_margin_e8 = extreme(seed);
		input->account.available_e8 = extreme(seed);
		break;
	case 4:
		input->rules.min_lots = extreme(seed);
		input->rules.max_lots = extreme(seed);
		input->rules.min_notional_e8 = extreme(seed);
		input->cycle_funding_e8 = extreme(seed);
		break;
	default:
		for (size_t i = 0; i < INDICATOR_COUNT; i++)
			input->indicators.value[i] = extreme(seed);
		input->now_ms = extreme(seed);
		break;
	}
}

Test(martingale_invariants, extremes_give_a_status_and_never_wrap)
{
	static struct scene scene;
	uint64_t seed = 0xd1b54a32d192ed03;
	int decided = 0, faults = 0;

	for (int state = 0; state < states_wanted(); state++) {
		extreme_scene(&scene, &seed);
		scene_decide(&scene);
		decided += scene.output.status == DECISION_OK;
		faults += scene.output.status == DECISION_FAULT;
		for (size_t i = 0; i < scene.output.intent_count; i++) {
			const struct intent *intent = &scene.output.intents[i];

			cr_assert(intent->kind != INTENT_PLACE ||
					  (intent->lots > 0 && scene.output.status == DECISION_OK),
				"state %d", state);
		}
	}
	cr_expect(gt(int, decided, 1000));
	cr_expect(gt(int, faults, 1000));
}

Test(martingale_invariants, the_cheapest_coin_and_the_largest_size_still_decide)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.input.rules.tick_size = decimal_literal("0.00000001");
	scene.input.rules.lot_size = decimal_literal("1");
	scene.input.rules.max_lots = 1000000000000;
	scene.input.leverage = 125;
	scene.input.account.wallet_e8 = 10000000000 * E8;
	scene.input.account.available_e8 = 10000000000 * E8;
	scene.params.min_liq_distance = PARAM_OFF;
	scene_price(&scene, 100);
	scene_decide(&scene);
	cr_expect(eq(int, scene.output.status, DECISION_OK), "%s", scene_story(&scene));
	cr_assert(scene_placed(&scene, PURPOSE_OPEN) != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, scene_placed(&scene, PURPOSE_OPEN)->lots, 1000000000000));
}
