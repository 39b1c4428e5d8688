/*
 * script - a strategy that does what a test says: at a time, these intents.
 *
 * It wants no candles and keeps what it was shown, so that a test can look at both sides of a
 * decision.
 */
#ifndef TESTS_BACKTEST_SCRIPT_H
#define TESTS_BACKTEST_SCRIPT_H

#include "backtest/backtest.h"
#include "tests/backtest/scratch.h"

#define SCRIPT_BEGIN_MS INT64_C(1641340800000) /* 2022-01-05T00:00Z */
#define SCRIPT_MINUTE(i) (SCRIPT_BEGIN_MS + (i)*TAPE_MINUTE_MS)
#define SCRIPT_LINES 16

struct script_line {
	int64_t at_ms;
	struct intent intents[4];
	size_t count;
	int64_t follow_up_ms;
};

static struct script_line script_lines[SCRIPT_LINES];
static const int64_t script_given; /* its parameters: the first preset, nothing else */
static struct strategy_input script_seen[256];
static size_t script_seen_count;

static const struct strategy_param script_params[] = {{.name = NULL}};
static const struct strategy_field script_state[] = {{NULL, 0}};

static size_t script_wants(
	const void *params, int64_t ema_interval_min, struct series_want ret[SERIES_WANT_MAX])
{
	(void)params, (void)ema_interval_min, (void)ret;
	return 0;
}

static void script_indicators(const void *params, const struct series *series, size_t count,
	const struct rules *rules, struct indicators *ret)
{
	(void)params, (void)series, (void)count, (void)rules;
	*ret = (struct indicators){0};
}

static void script_decide(
	const struct strategy_input *input, const void *state, struct strategy_output *ret)
{
	(void)state;
	memset(ret, 0, sizeof *ret);
	if (script_seen_count < sizeof script_seen / sizeof script_seen[0])
		script_seen[script_seen_count++] = *input;
	for (size_t i = 0; i < SCRIPT_LINES; i++) {
		if (script_lines[i].at_ms != input->now_ms)
			continue;
		memcpy(ret->intents, script_lines[i].intents, sizeof script_lines[i].intents);
		ret->intent_count = script_lines[i].count;
		ret->follow_up_ms = script_lines[i].follow_up_ms;
	}
}

static void script_values(void *ret_params)
{
	memset(ret_params, 0, sizeof(int64_t));
}

static const struct strategy_preset script_presets[] = {
	{.name = "plain",
		.meaning = "what a script says",
		.params = script_params,
		.state = script_state,
		.plain_state = true,
		.values = script_values},
	{.name = NULL},
};

static const struct strategy script_strategy = {
	.name = "script",
	.presets = script_presets,
	.wants = script_wants,
	.indicators = script_indicators,
	.decide = script_decide,
};

/* Minutes that stand at a price, in ticks of 0.1; the test moves some of them. */
__attribute__((unused)) static struct tape *script_tape(size_t count, int32_t ticks)
{
	struct tape *tape = tape_new(count);

	tape->price_unit = decimal_literal("0.1");
	tape->volume_unit = decimal_literal("0.001");
	tape->begin_ms = SCRIPT_BEGIN_MS;
	for (size_t i = 0; i < count; i++)
		tape->owned[i] = (struct tape_minute){ticks, ticks, ticks, ticks, 1000000};
	return tape;
}

/* A long hedged bot on BTCUSDT with 10,000, no slippage, no funding, asked every minute. */
__attribute__((unused)) static struct backtest_options script_options(
	const struct tape *tape, const struct funding *funding)
{
	memset(script_lines, 0, sizeof script_lines);
	script_seen_count = 0;
	return (struct backtest_options){
		.bot = {.strategy = &script_strategy,
			.params = &script_given,
			.side = SIDE_BUY,
			.position_mode = POSITION_HEDGE,
			.margin_mode = MARGIN_ISOLATED,
			.auto_open = true,
			.leverage = 10,
			.interval_ms = 60000,
			.ema_interval_min = 1},
		.tape = tape,
		.terms = terms_default("BTCUSDT"),
		.funding = funding,
		.balance = decimal_from_int(10000),
		.seed = 1,
	};
}

__attribute__((unused)) static struct intent script_buy(int64_t lots, int64_t ticks)
{
	return (struct intent){.kind = INTENT_PLACE,
		.purpose = PURPOSE_OPEN,
		.side = SIDE_BUY,
		.type = ticks == 0 ? ORDER_MARKET : ORDER_LIMIT,
		.time_in_force = ticks == 0 ? TIF_IOC : TIF_GTC,
		.price_ticks = ticks,
		.lots = lots};
}

__attribute__((unused)) static struct intent script_close(int64_t lots, int64_t ticks)
{
	return (struct intent){.kind = INTENT_PLACE,
		.purpose = PURPOSE_CLOSE,
		.side = SIDE_SELL,
		.type = ticks == 0 ? ORDER_MARKET : ORDER_LIMIT,
		.time_in_force = ticks == 0 ? TIF_IOC : TIF_GTC,
		.price_ticks = ticks,
		.lots = lots,
		.reduce_only = true};
}

#endif
