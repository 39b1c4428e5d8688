/*
 * sample - a market to decide on: BTCUSDT, tick 0.1, lot 0.001, leverage 10, wallet 10,000.
 *
 * Calm, slow decline, EMA200 59,000, EMA50 59,000, EMA100 of 1 h 61,000: the state of example E1.
 */
#ifndef TESTS_STRATEGIES_SAMPLE_H
#define TESTS_STRATEGIES_SAMPLE_H

#include "strategies/classic_params.h"
#include "strategies/martingale.h"
#include "strategies/strategy.h"

#include <string.h>

#define DOLLARS(amount) ((int64_t)((amount)*100 + ((amount) < 0 ? -0.5 : 0.5)) * 1000000)
#define TICKS(price) ((int64_t)((price)*10 + 0.5))

struct sample {
	struct classic_params params;
	struct classic_state state;
	struct strategy_input input;
	struct strategy_output output;
};

static inline void sample_value(struct sample *sample, enum indicator which, int64_t value)
{
	sample->input.indicators.valid |= 1U << which;
	sample->input.indicators.value[which] = value;
}

static inline void sample_prices(struct sample *sample, int64_t bid_ticks, int64_t ask_ticks)
{
	sample->input.ticker.bid_ticks = bid_ticks;
	sample->input.ticker.ask_ticks = ask_ticks;
	sample->input.ticker.last_ticks = bid_ticks;
	sample->input.ticker.mark_ticks = bid_ticks;
}

static inline void sample_init(struct sample *sample)
{
	memset(sample, 0, sizeof *sample);
	struct strategy_input *input = &sample->input;

	strategy_preset(&martingale, "dcabot-classic")->values(&sample->params);
	input->params = &sample->params;
	input->now_ms = 1670889600000;
	strcpy(input->symbol, "BTCUSDT");
	input->side = SIDE_BUY;
	input->leg = LEG_LONG;
	input->auto_open = true;
	input->leverage = 10;
	input->rules = (struct strategy_rules){
		.tick_size = decimal_literal("0.1"),
		.lot_size = decimal_literal("0.001"),
		.min_lots = 1,
		.max_lots = 100000,
		.max_market_lots = 100000,
		.min_notional_e8 = 5 * E8,
		.trading = true,
	};
	sample_prices(sample, TICKS(60000), TICKS(60000.1));
	input->account.wallet_e8 = 10000 * E8;
	input->account.equity_e8 = 10000 * E8;
	input->account.available_e8 = 10000 * E8;
	input->account.settings_match = true;
	sample_value(sample, INDICATOR_EMA_FAST, 59000 * E8);
	sample_value(sample, INDICATOR_EMA_SLOW, 59000 * E8);
	sample_value(sample, INDICATOR_EMA_ENTRY, 61000 * E8);
	sample_value(sample, INDICATOR_ATR, 50 * E8);
	sample_value(sample, INDICATOR_ATR_BASELINE, 50 * E8);
	sample_value(sample, INDICATOR_ROC5_PPM, -2000);
	sample_value(sample, INDICATOR_ROC15_PPM, -6000);
	sample_value(sample, INDICATOR_VOLUME_RATIO_PPM, PPM);
}

/* A position whose margin level is level_pct hundredths. */
static inline void sample_hold(struct sample *sample, int64_t lots, int64_t margin_e8,
	int64_t unrealised_e8, int64_t level_pct)
{
	struct strategy_leg *own = &sample->input.leg_own;

	own->lots = lots;
	own->margin_e8 = margin_e8;
	own->unrealised_e8 = unrealised_e8;
	own->maintenance_e8 = (int64_t)(((__int128)margin_e8 + unrealised_e8) * 100 / level_pct);
	own->average_e8 = 60000 * E8;
	own->leverage_ppm = 10 * PPM;
	sample->input.account.active_symbols = 1;
}

static inline void sample_wild(struct sample *sample)
{
	sample_value(sample, INDICATOR_ATR, 86 * E8);
}

static inline void sample_crash(struct sample *sample)
{
	sample_value(sample, INDICATOR_ROC5_PPM, -52000);
	sample_value(sample, INDICATOR_ROC15_PPM, -20000);
	sample_value(sample, INDICATOR_VOLUME_RATIO_PPM, 3200000);
}

static inline void sample_decide(struct sample *sample)
{
	martingale.decide(&sample->input, &sample->state, &sample->output);
}

/* The only PLACE intent, or NULL. */
static inline const struct intent *sample_order(const struct sample *sample)
{
	for (size_t i = 0; i < sample->output.intent_count; i++) {
		if (sample->output.intents[i].kind == INTENT_PLACE)
			return &sample->output.intents[i];
	}
	return NULL;
}

static inline const struct reason *sample_reason(const struct sample *sample, const char *gate)
{
	for (size_t i = 0; i < sample->output.reason_count; i++) {
		if (strcmp(sample->output.reasons[i].gate, gate) == 0)
			return &sample->output.reasons[i];
	}
	return NULL;
}

static inline size_t sample_count(const struct sample *sample, enum intent_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < sample->output.intent_count; i++)
		count += sample->output.intents[i].kind == kind;
	return count;
}

#endif
