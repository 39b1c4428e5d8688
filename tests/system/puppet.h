/*
 * puppet - a strategy whose decisions a test makes.
 *
 * The bot of world.h runs it after puppet_take; what the run does with a decision is the worker's,
 * the whole way to the venue. A script looks at the input and fills in the answer.
 */
#ifndef TESTS_SYSTEM_PUPPET_H
#define TESTS_SYSTEM_PUPPET_H

#include "strategies/output.h"
#include "strategies/strategy.h"
#include "worker/seam.h"

#include <stddef.h>
#include <string.h>

struct puppet_state {
	int64_t runs;
};

static void (*puppet_script)(const struct strategy_input *input, struct strategy_output *output);
static struct strategy_input puppet_saw; /* the last input */
static int puppet_asked;                 /* how often it was asked in all */

static void puppet_values(void *ret_params)
{
	memset(ret_params, 0, sizeof(int64_t));
}

static size_t puppet_check(const void *params, const struct strategy_setting *setting,
	struct strategy_fault *ret, size_t size)
{
	(void)params;
	(void)setting;
	(void)ret;
	(void)size;
	return 0;
}

static size_t puppet_wants(
	const void *params, int64_t ema_interval_min, struct series_want ret[SERIES_WANT_MAX])
{
	(void)params;
	(void)ema_interval_min;
	(void)ret;
	return 0;
}

static void puppet_indicators(const void *params, const struct series *series, size_t count,
	const struct rules *rules, struct indicators *ret)
{
	(void)params;
	(void)series;
	(void)count;
	(void)rules;
	memset(ret, 0, sizeof *ret);
}

static void puppet_decide(
	const struct strategy_input *input, const void *state, struct strategy_output *ret)
{
	output_init(ret, input->quiet);
	memcpy(ret->state, state, sizeof(struct puppet_state));
	puppet_saw = *input;
	puppet_asked++;
	if (puppet_script != NULL)
		puppet_script(input, ret);
}

static const char *const puppet_names[] = {"plain", NULL};
static const struct strategy_param puppet_params[] = {
	{.name = "preset",
		.kind = PARAM_ENUM,
		.names = puppet_names,
		.unit = "",
		.meaning = "there is one"},
	{.name = NULL},
};
static const struct strategy_field puppet_fields[] = {
	{"runs", offsetof(struct puppet_state, runs)},
	{NULL, 0},
};

static const struct strategy_preset puppet_presets[] = {
	{.name = "plain",
		.meaning = "what a script says",
		.params = puppet_params,
		.state = puppet_fields,
		.plain_state = true,
		.values = puppet_values},
	{.name = NULL},
};
static const char *const puppet_later[] = {NULL};

static const struct strategy puppet = {
	.name = "puppet",
	.presets = puppet_presets,
	.later = puppet_later,
	.params_size = sizeof(int64_t),
	.state_size = sizeof(struct puppet_state),
	.state_version = 1,
	.check = puppet_check,
	.wants = puppet_wants,
	.indicators = puppet_indicators,
	.decide = puppet_decide,
};

const struct strategy *seam_strategy(const char *name)
{
	return strcmp(name, puppet.name) == 0 ? &puppet : strategy_find(name);
}

/* ---- words of a script ----------------------------------------------------------------------- */

__attribute__((unused)) static struct intent puppet_order(
	enum purpose purpose, enum order_type type, int64_t lots, int64_t price_ticks)
{
	bool entry = purpose_is_entry(purpose);

	return (struct intent){.kind = INTENT_PLACE,
		.purpose = purpose,
		.side = side_for(SIDE_BUY, entry),
		.type = type,
		.time_in_force = type == ORDER_LIMIT ? TIF_GTC : TIF_IOC,
		.price_ticks = price_ticks,
		.lots = lots,
		.reduce_only = !entry};
}

#endif
