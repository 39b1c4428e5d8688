/*
 * scene - a market for our own rule: BTCUSDT at 60,000, tick 0.1, lot 0.001, leverage 5, wallet
 * 10,000, isolated, calm, below its hourly average; the preset safe.
 */
#ifndef TESTS_STRATEGIES_SCENE_H
#define TESTS_STRATEGIES_SCENE_H

#include "strategies/martingale.h"
#include "strategies/martingale_params.h"
#include "strategies/martingale_state.h"
#include "strategies/strategy.h"

#include <stdio.h>
#include <string.h>

#define SCENE_NOW_MS 1670889600000LL
#define SCENE_TICKS(price) ((int64_t)((price)*10 + 0.5))
#define SCENE_E8(amount) ((int64_t)((amount)*100 + ((amount) < 0 ? -0.5 : 0.5)) * 1000000)

struct scene {
	struct martingale_params params;
	struct martingale_state state;
	struct strategy_input input;
	struct strategy_output output;
};

static inline void scene_value(struct scene *scene, enum indicator which, int64_t value)
{
	scene->input.indicators.valid |= 1U << which;
	scene->input.indicators.value[which] = value;
}

/* The whole book and mark at one price, the ask a tick above the bid. */
static inline void scene_price(struct scene *scene, int64_t ticks)
{
	scene->input.ticker = (struct strategy_ticker){
		.bid_ticks = scene->input.side == SIDE_BUY ? ticks : ticks - 1,
		.ask_ticks = scene->input.side == SIDE_BUY ? ticks + 1 : ticks,
		.last_ticks = ticks,
		.mark_ticks = ticks,
	};
}

static inline void scene_calm(struct scene *scene)
{
	scene_value(scene, INDICATOR_ATR, 50 * E8);
	scene_value(scene, INDICATOR_ATR_BASELINE, 50 * E8);
	scene_value(scene, INDICATOR_BB_WIDTH_PPM, 20000);
	scene_value(scene, INDICATOR_HV_PPM, 2000);
	scene_value(scene, INDICATOR_ROC5_PPM, 0);
	scene_value(scene, INDICATOR_ROC15_PPM, 0);
	scene_value(scene, INDICATOR_VOLUME_RATIO_PPM, PPM);
}

static inline void scene_init(struct scene *scene, enum side side)
{
	memset(scene, 0, sizeof *scene);
	struct strategy_input *input = &scene->input;

	strategy_preset(&martingale, "safe")->values(&scene->params);
	input->params = &scene->params;
	input->now_ms = SCENE_NOW_MS;
	strcpy(input->symbol, "BTCUSDT");
	input->side = side;
	input->leg = side == SIDE_BUY ? LEG_LONG : LEG_SHORT;
	input->auto_open = true;
	input->leverage = 5;
	input->rules = (struct strategy_rules){
		.tick_size = decimal_literal("0.1"),
		.lot_size = decimal_literal("0.001"),
		.min_lots = 1,
		.max_lots = 100000,
		.max_market_lots = 50000,
		.min_notional_e8 = 5 * E8,
		.maintenance_ppm = 5000,
		.maker_fee_ppm = 200,
		.taker_fee_ppm = 600,
		.trading = true,
	};
	scene_price(scene, SCENE_TICKS(60000));
	input->account = (struct strategy_account){
		.wallet_e8 = 10000 * E8,
		.equity_e8 = 10000 * E8,
		.available_e8 = 10000 * E8,
		.margin_mode = MARGIN_ISOLATED,
		.margin_mode_known = true,
		.settings_match = true,
	};
	scene_calm(scene);
	scene_value(scene, INDICATOR_FILTER_1, (side == SIDE_BUY ? 61000 : 59000) * E8);
}

/* A position of the running cycle, opened an hour ago at its average, without an add. */
static inline void scene_hold(struct scene *scene, int64_t lots, int64_t average_ticks)
{
	struct strategy_input *input = &scene->input;
	__int128 cost_e8 = (__int128)lots * average_ticks * 10000;

	input->leg_own = (struct strategy_leg){
		.lots = lots,
		.average_e8 = average_ticks * (E8 / 10),
		.margin_e8 = (int64_t)(cost_e8 / input->leverage),
		.leverage_ppm = input->leverage * PPM,
	};
	input->cycle = 1;
	input->cycle_started_ms = SCENE_NOW_MS - 3600000;
	input->last_entry_ms = SCENE_NOW_MS - 3600000;
	input->last_fill_ms = input->last_entry_ms;
	input->cycle_base_ticks = average_ticks;
	input->last_add_ticks = average_ticks;
	input->cycle_entered_lots = lots;
	input->account.active_symbols = 1;
	input->account.account_notional_e8 = (int64_t)cost_e8;
	input->account.account_margin_e8 = input->leg_own.margin_e8;
	input->account.available_e8 = input->account.wallet_e8 - input->leg_own.margin_e8;
}

static inline struct strategy_order *scene_order(
	struct scene *scene, enum purpose purpose, int64_t ticks, int64_t lots)
{
	struct strategy_order *order = &scene->input.orders[scene->input.order_count];
	enum side side = purpose_is_entry(purpose) ? scene->input.side
						   : side_for(scene->input.side, false);

	*order = (struct strategy_order){
		.id = (int32_t)(100 + scene->input.order_count++),
		.purpose = purpose,
		.side = side,
		.type = ticks == 0 ? ORDER_MARKET : ORDER_LIMIT,
		.price_ticks = ticks,
		.lots = lots,
		.created_ms = SCENE_NOW_MS - 10000,
	};
	return order;
}

static inline void scene_decide(struct scene *scene)
{
	martingale.decide(&scene->input, &scene->state, &scene->output);
}

/* The state as the next decision will be given it. */
static inline void scene_go_on(struct scene *scene)
{
	memcpy(&scene->state, scene->output.state, sizeof scene->state);
}

/* The first intent of a kind and purpose, NULL if there is none. */
static inline const struct intent *scene_intent(
	const struct scene *scene, enum intent_kind kind, enum purpose purpose)
{
	for (size_t i = 0; i < scene->output.intent_count; i++) {
		const struct intent *intent = &scene->output.intents[i];

		if (intent->kind == kind && (intent->purpose == purpose || kind >= INTENT_NOTIFY))
			return intent;
	}
	return NULL;
}

static inline const struct intent *scene_placed(const struct scene *scene, enum purpose purpose)
{
	return scene_intent(scene, INTENT_PLACE, purpose);
}

static inline const struct reason *scene_reason(const struct scene *scene, const char *gate)
{
	for (size_t i = 0; i < scene->output.reason_count; i++) {
		if (strcmp(scene->output.reasons[i].gate, gate) == 0)
			return &scene->output.reasons[i];
	}
	return NULL;
}

/* Why nothing was done, for the message of a test that fails. */
static inline const char *scene_story(const struct scene *scene)
{
	static char story[8192];
	size_t used = 0;

	story[0] = '\0';
	for (size_t i = 0; i < scene->output.reason_count; i++) {
		const struct reason *reason = &scene->output.reasons[i];

		used += (size_t)snprintf(story + used, sizeof story - used, "%s %s: %s\n",
			reason->passed ? "+" : "-", reason->gate, reason->text);
	}
	return story;
}

#endif
