#include "strategies/martingale_rule.h"

#include "strategies/martingale_orders.h"
#include "strategies/martingale_stop.h"

#include <string.h>

#define ACCOUNT_AGE_MAX_MS 10000
#define MISSES_MAX 1000
#define RANGE_FAULT "a number is beyond the range of a decision"

/* ---- state ---------------------------------------------------------------------------------- */

static void follow_cycle(struct martingale_state *state, const struct strategy_input *input)
{
	if (state->cycle != input->cycle) {
		state->cycle = input->cycle;
		state->adds_filled = 0;
	}
	/* While flat the counts are of the cycle that is over. */
	if (state->adds_filled < input->cycle_adds &&
		(input->cycle != 0 || input->leg_own.lots > 0))
		state->adds_filled = input->cycle_adds;
}

/* A stop at the venue, a liquidation and a hand end a cycle while nobody is looking. */
static void follow_stops(struct martingale_state *state, const struct strategy_input *input)
{
	const struct martingale_params *params = input->params;
	bool hard = input->cycle_ended_by == PURPOSE_STOP ||
		    input->cycle_ended_by == PURPOSE_FOREIGN;

	if (state->resumed) {
		state->resumed = false;
		state->stopped = false;
		state->stop_seen_ms = input->cycle_ended_ms;
	}
	if (params->stop_action == STOP_ACTION_CLOSE_AND_PAUSE && hard &&
		input->cycle_ended_ms > state->stop_seen_ms)
		state->stopped = true;
}

static bool entry_stands(const struct strategy_input *input)
{
	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if (purpose_is_entry(order->purpose) && order->filled_lots < order->lots)
			return true;
	}
	return false;
}

/* What became of the entry that was planned last. */
static void follow_entry(struct martingale_state *state, const struct strategy_input *input)
{
	if (state->entry_planned_ms == 0 || entry_stands(input))
		return;
	if (input->last_entry_ms >= state->entry_planned_ms)
		state->entry_misses = 0;
	else if (state->entry_misses < MISSES_MAX)
		state->entry_misses++;
	state->entry_planned_ms = 0;
}

/* Since when profit is being taken off the book. */
static void follow_exit(struct martingale_state *state, const struct martingale_exit *exit,
	const struct strategy_input *input)
{
	bool tries = exit->kind == MARTINGALE_EXIT_PART || exit->kind == MARTINGALE_EXIT_PROFIT;

	if (!tries)
		state->exit_since_ms = 0;
	else if (state->exit_since_ms == 0)
		state->exit_since_ms = input->now_ms;
}

/* ---- the decision --------------------------------------------------------------------------- */

static bool is_silent(struct strategy_output *output, enum strategy_mode mode)
{
	if (mode != MODE_MANUAL && mode != MODE_HALTED)
		return false;
	if (!output->quiet)
		output_reason(output, "mode", false, "mode %s", strategy_mode_text(mode));
	return true;
}

static bool position_is_fresh(struct strategy_output *output, int64_t age_ms)
{
	if (age_ms >= 0 && age_ms <= ACCOUNT_AGE_MAX_MS)
		return true;
	if (!output->quiet)
		output_reason(output, "account_age", false,
			"account was read %lld ms ago, limit %d ms", (long long)age_ms,
			ACCOUNT_AGE_MAX_MS);
	output_intent(output, (struct intent){.kind = INTENT_NOTIFY, .code = "stale_position"});
	return false;
}

static void declare_stop(struct martingale_view *view, int64_t trigger_ticks)
{
	const struct martingale_params *params = view->params;
	const struct stop_loss *stop = &params->stop_loss.items[0];
	struct strategy_stop *declared = &view->output->stop;

	declared->protection = PROTECTION_NONE;
	if (trigger_ticks == 0 || !stop->on_exchange)
		return;
	*declared = (struct strategy_stop){
		.protection = PROTECTION_STOP,
		.trigger_ticks = trigger_ticks,
		.trigger_by = stop->trigger == STOP_ON_LAST ? TRIGGER_LAST : TRIGGER_MARK,
		.action = (enum stop_action)params->stop_action,
	};
}

/* Nothing that could be sold stands beside a part that is being sold, but what is left over. */
static void decide_exits(struct martingale_view *view, struct martingale_plan *plan)
{
	int64_t trigger_ticks = martingale_stop_arm(view);

	declare_stop(view, trigger_ticks);
	plan->exit = martingale_exit_now(view, trigger_ticks);
	if (plan->exit.pause)
		view->state->stopped = true;
	follow_exit(view->state, &plan->exit, view->input);
	if (plan->exit.kind != MARTINGALE_EXIT_MARKET)
		plan->targets = martingale_exit_targets(
			view, martingale_orders_leaving(view, plan->exit.lots));
}

static bool may_rest(struct martingale_view *view, int resting)
{
	const struct strategy_order *order = &view->input->orders[resting];

	return view->priced &&
	       martingale_size_may_rest(view, order->lots - order->filled_lots, order->price_ticks);
}

static bool decide_entries(struct martingale_view *view, struct martingale_plan *plan)
{
	bool late = false;
	int resting = martingale_orders_resting(view, &late);
	bool trades = plan->exit.kind == MARTINGALE_EXIT_NONE;

	/* One that has become too large makes room for one that is not. */
	if (resting >= 0 && !may_rest(view, resting))
		resting = -1;
	if (!martingale_entry_decide(view, trades && resting < 0, &plan->entry))
		return false;
	if (late && view->state->entry_planned_ms == 0)
		view->state->entry_planned_ms = view->input->now_ms;
	/* Volatility may forbid to send an entry again that has waited in vain. */
	if ((late || view->state->entry_misses > 0) && plan->entry.wild &&
		(view->params->vol_blocks & VOL_REPRICE) != 0)
		plan->entry.lots = 0;
	if (trades && plan->entry.allowed)
		plan->kept_entry = resting;
	return !view->grid.overflow;
}

static const char *decide(struct martingale_view *view)
{
	struct martingale_plan plan = {.kept_entry = -1};

	decide_exits(view, &plan);
	if (!decide_entries(view, &plan))
		return RANGE_FAULT;
	martingale_orders_write(view, &plan);
	const char *fault = martingale_orders_fault(view);
	return fault == NULL && view->grid.overflow ? RANGE_FAULT : fault;
}

/* A take-profit that rests is better than none: of the cancels, those of entries stay. */
static void give_up(struct strategy_output *output, const char *fault)
{
	size_t kept = 0;

	for (size_t i = 0; i < output->intent_count; i++) {
		if (purpose_is_entry(output->intents[i].purpose))
			output->intents[kept++] = output->intents[i];
	}
	output->intent_count = kept;
	output_fault(output, fault);
}

void martingale_rule_decide(
	const struct strategy_input *input, const void *state, struct strategy_output *output)
{
	struct martingale_state next;
	struct martingale_view view;
	const char *fault = martingale_view_fault(input);

	memcpy(&next, state, sizeof next);
	if (fault == NULL && (is_silent(output, input->mode) ||
				     !position_is_fresh(output, input->account.age_ms))) {
		memcpy(output->state, state, sizeof next);
		return;
	}
	if (fault == NULL) {
		follow_cycle(&next, input);
		follow_stops(&next, input);
		follow_entry(&next, input);
		fault = martingale_view_init(&view, input, &next, output) ? decide(&view)
									  : RANGE_FAULT;
	}
	memcpy(output->state, fault == NULL ? (const void *)&next : state, sizeof next);
	if (fault != NULL)
		give_up(output, fault);
}
