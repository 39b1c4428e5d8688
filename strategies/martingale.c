#include "strategies/martingale.h"

#include "strategies/classic_params.h"
#include "strategies/classic_signals.h"
#include "strategies/martingale_check.h"
#include "strategies/martingale_classic.h"
#include "strategies/martingale_preview.h"
#include "strategies/martingale_rule.h"
#include "strategies/martingale_signals.h"
#include "strategies/martingale_state.h"
#include "strategies/output.h"

#include <stdio.h>
#include <string.h>

#define LEVERAGE_MAX 125

const char *const martingale_presets[] = {
	[MARTINGALE_DCABOT_CLASSIC] = "dcabot-classic",
	[MARTINGALE_SAFE] = "safe",
	NULL,
};

static const struct strategy_preset presets[] = {
	[MARTINGALE_DCABOT_CLASSIC] = {.name = "dcabot-classic",
		.meaning = "the bot dcabot as it is, faults included: no stop, adds without limit",
		.params = classic_params_table,
		.state = classic_params_state,
		.plain_state = true,
		.values = classic_params_values},
	[MARTINGALE_SAFE] = {.name = "safe",
		.meaning = "a ladder of six adds under caps, a take-profit and a stop at the venue",
		.params = martingale_params_table,
		.state = martingale_state_table,
		.stops = true,
		.values = martingale_params_values},
	{.name = NULL},
};

static bool is_classic(const void *params)
{
	int64_t preset = 0;

	memcpy(&preset, params, sizeof preset);
	return preset == MARTINGALE_DCABOT_CLASSIC;
}

static size_t check(const void *params, const struct strategy_setting *setting,
	struct strategy_fault *ret, size_t size)
{
	if (size == 0)
		return 0;
	/* Nothing else can be said with a wrong one. */
	if (setting->leverage < 0 || setting->leverage > LEVERAGE_MAX) {
		*ret = (struct strategy_fault){.field = "leverage",
			.bound = "1 to 125",
			.message = "must be from 1 to 125"};
		snprintf(ret->value, sizeof ret->value, "%lld", (long long)setting->leverage);
		return 1;
	}
	return is_classic(params) ? classic_params_check(params, setting, ret, size)
				  : martingale_check(params, setting, ret, size);
}

static void preview(
	const void *params, const struct strategy_setting *setting, struct strategy_preview *ret)
{
	if (!is_classic(params)) {
		martingale_preview(params, setting, ret);
		return;
	}
	ret->rung_count = 0;
	snprintf(ret->note, sizeof ret->note,
		"dcabot-classic has no ladder: it adds by its loss, without a limit but "
		"max_margin_pct");
}

static size_t wants(
	const void *params, int64_t ema_interval_min, struct series_want ret[SERIES_WANT_MAX])
{
	return is_classic(params) ? classic_signals_wants(ema_interval_min, ret)
				  : martingale_signals_wants(params, ret);
}

static void indicators(const void *params, const struct series *series, size_t count,
	const struct rules *rules, struct indicators *ret)
{
	(void)rules;
	if (is_classic(params))
		classic_signals_read(series, count, ret);
	else
		martingale_signals_read(params, series, count, ret);
}

static void keep_classic_state(
	const struct strategy_input *input, const void *state_raw, struct strategy_output *output)
{
	struct classic_state state;

	memcpy(&state, state_raw, sizeof state);
	if (state.cycle != input->cycle)
		state = (struct classic_state){.cycle = input->cycle};
	if (state.adds_filled < input->cycle_adds)
		state.adds_filled = input->cycle_adds;
	memcpy(output->state, &state, sizeof state);
}

static void decide(
	const struct strategy_input *input, const void *state, struct strategy_output *ret)
{
	output_init(ret, input->quiet);
	if (!is_classic(input->params)) {
		martingale_rule_decide(input, state, ret);
		return;
	}
	keep_classic_state(input, state, ret);
	martingale_classic_decide(input, ret);
}

static void resume(const void *params, void *state_raw)
{
	struct martingale_state state;

	if (is_classic(params))
		return;
	memcpy(&state, state_raw, sizeof state);
	state.resumed = true;
	memcpy(state_raw, &state, sizeof state);
}

_Static_assert(sizeof(struct martingale_params) <= STRATEGY_PARAMS_SIZE, "params fit");
_Static_assert(sizeof(struct martingale_state) <= STRATEGY_STATE_SIZE, "state fits");
_Static_assert(
	sizeof(struct classic_params) <= sizeof(struct martingale_params), "and the smaller ones");
_Static_assert(sizeof(struct classic_state) <= sizeof(struct martingale_state), "as well");

const struct strategy martingale = {
	.name = "martingale",
	.presets = presets,
	.later = martingale_params_later,
	.params_size = sizeof(struct martingale_params),
	.state_size = sizeof(struct martingale_state),
	.state_version = 1,
	.check = check,
	.preview = preview,
	.wants = wants,
	.indicators = indicators,
	.decide = decide,
	.resume = resume,
};
