#include "strategies/martingale_orders.h"

#include <assert.h>

/* Limits of one batch: what does not fit waits for the next run. */
#define CANCELS_MAX 5
#define PIECES_MAX 3
#define TOLERANCE_PPM 200 /* a resting price this close is left alone */
#define SOON_MS 1000

_Static_assert(CANCELS_MAX + PIECES_MAX + 3 <= STRATEGY_INTENTS_MAX, "a batch and its notices fit");

struct batch {
	struct martingale_view *view;
	const struct martingale_plan *plan;
	bool used[STRATEGY_ORDERS_MAX]; /* stays, or is moved */
	int cancels, left;
	bool manages;
};

static bool is_exit(enum purpose purpose)
{
	return purpose == PURPOSE_REDUCE || purpose == PURPOSE_CLOSE ||
	       purpose == PURPOSE_TAKE_PROFIT;
}

static int64_t rest_of(const struct strategy_order *order)
{
	return order->lots - order->filled_lots;
}

static int64_t deadline_of(const struct martingale_view *view, int64_t since_ms)
{
	return since_ms + view->params->entry_timeout_s * 1000;
}

static void look_again(const struct martingale_view *view, int64_t at_ms)
{
	int64_t *follow_up_ms = &view->output->follow_up_ms;

	if (*follow_up_ms == 0 || at_ms < *follow_up_ms)
		*follow_up_ms = at_ms;
}

int martingale_orders_resting(const struct martingale_view *view, bool *ret_late)
{
	const struct strategy_input *input = view->input;
	enum purpose fits = view->held ? PURPOSE_ADD : PURPOSE_OPEN;
	int resting = -1;

	*ret_late = false;
	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];
		bool late = input->now_ms >= deadline_of(view, order->created_ms);

		if (!purpose_is_entry(order->purpose) || order->unknown)
			continue;
		/* The rest of an opening that has begun to fill goes on as well. */
		bool mine = order->purpose == fits || view->held;
		if (!mine || order->side != view->input->side || rest_of(order) <= 0)
			continue;
		*ret_late = *ret_late || late;
		if (!late && resting == -1)
			resting = (int)i;
	}
	return resting;
}

/* A market order that is open is on its way: neither cancelled nor sent again. */
static bool is_on_its_way(const struct strategy_order *order)
{
	return is_exit(order->purpose) && !order->unknown && order->type == ORDER_MARKET;
}

static int64_t sum_of_exits(const struct martingale_view *view, bool unknown)
{
	const struct strategy_input *input = view->input;
	int64_t lots = 0;

	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if (unknown ? order->unknown && is_exit(order->purpose) : is_on_its_way(order))
			lots += rest_of(order);
	}
	return lots < view->lots ? lots : view->lots;
}

int64_t martingale_orders_leaving(const struct martingale_view *view, int64_t sold_lots)
{
	int64_t on_their_way = sum_of_exits(view, false);
	int64_t lots = sum_of_exits(view, true) +
		       (sold_lots > on_their_way ? sold_lots : on_their_way);

	return lots < view->lots ? lots : view->lots;
}

/* ---- single intents ------------------------------------------------------------------------- */

static void amend(
	struct batch *batch, const struct strategy_order *order, int64_t ticks, int64_t rest)
{
	struct martingale_view *view = batch->view;

	output_intent(view->output, (struct intent){
					    .kind = INTENT_AMEND,
					    .order_id = order->id,
					    .purpose = order->purpose,
					    .side = order->side,
					    .type = order->type,
					    .time_in_force = TIF_GTC,
					    .price_ticks = ticks,
					    .lots = order->filled_lots + rest,
					    .reduce_only = true,
				    });
	batch->manages = true;
}

static void place_exit(struct batch *batch, enum purpose purpose, int64_t ticks, int64_t lots)
{
	struct martingale_view *view = batch->view;
	bool is_limit = ticks != 0;

	output_intent(view->output, (struct intent){
					    .kind = INTENT_PLACE,
					    .purpose = purpose,
					    .side = side_for(view->input->side, false),
					    .type = is_limit ? ORDER_LIMIT : ORDER_MARKET,
					    .time_in_force = is_limit ? TIF_GTC : TIF_IOC,
					    .price_ticks = ticks,
					    .lots = lots,
					    .reduce_only = true,
				    });
	batch->manages = true;
}

static void cancel(struct batch *batch, const struct strategy_order *order)
{
	struct martingale_view *view = batch->view;

	if (batch->cancels == CANCELS_MAX) {
		batch->left++;
		return;
	}
	output_intent(view->output, (struct intent){
					    .kind = INTENT_CANCEL,
					    .order_id = order->id,
					    .purpose = order->purpose,
					    .side = order->side,
					    .type = order->type,
				    });
	batch->cancels++;
	batch->manages = true;
}

/* ---- take-profits that rest ----------------------------------------------------------------- */

static bool is_close(int64_t ticks, int64_t wanted)
{
	int64_t apart = ticks > wanted ? ticks - wanted : wanted - ticks;

	return (i128)apart * PPM <= (i128)wanted * TOLERANCE_PPM;
}

enum match { MATCH_PRICE, MATCH_CLOSE, MATCH_ANY };

static bool matches(const struct strategy_order *order, enum match match, int64_t ticks)
{
	if (match == MATCH_PRICE)
		return order->price_ticks == ticks;
	return match == MATCH_ANY || is_close(order->price_ticks, ticks);
}

/* A take-profit of ours that nothing was decided about yet; -1: none. */
static int find_resting(const struct batch *batch, enum match match, int64_t ticks)
{
	const struct strategy_input *input = batch->view->input;

	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if (order->purpose == PURPOSE_TAKE_PROFIT && !order->unknown && !batch->used[i] &&
			order->type == ORDER_LIMIT && rest_of(order) > 0 &&
			matches(order, match, ticks))
			return (int)i;
	}
	return -1;
}

/* Which order serves which target; -1: none does. Those at the very price come first, then those
 * close to it. */
static void match_targets(struct batch *batch, int found[MARTINGALE_RESTING_MAX])
{
	const struct martingale_targets *targets = &batch->plan->targets;

	for (size_t i = 0; i < targets->count; i++)
		found[i] = -1;
	for (int match = MATCH_PRICE; match <= MATCH_ANY; match++) {
		for (size_t i = 0; i < targets->count; i++) {
			if (found[i] >= 0)
				continue;
			found[i] = find_resting(batch, (enum match)match, targets->ticks[i]);
			if (found[i] >= 0)
				batch->used[found[i]] = true;
		}
	}
}

static int64_t within_limit(const struct martingale_view *view, int64_t lots)
{
	int64_t most = view->input->rules.max_lots;

	return lots < most ? lots : most;
}

static void serve_targets(
	struct batch *batch, const int found[MARTINGALE_RESTING_MAX], bool may_place)
{
	struct martingale_view *view = batch->view;
	const struct martingale_targets *targets = &batch->plan->targets;

	for (size_t i = 0; i < targets->count; i++) {
		int64_t lots = within_limit(view, targets->lots[i]);
		const struct strategy_order *order = found[i] < 0 ? NULL
								  : &view->input->orders[found[i]];

		if (order == NULL) {
			if (may_place)
				place_exit(batch, PURPOSE_TAKE_PROFIT, targets->ticks[i], lots);
			continue;
		}
		bool right = rest_of(order) == lots &&
			     is_close(order->price_ticks, targets->ticks[i]);
		/* Less may always be asked for; more only if nothing is unknown. */
		if (!right && (may_place || lots < rest_of(order)))
			amend(batch, order, targets->ticks[i], lots);
	}
}

/* ---- what is sold now ----------------------------------------------------------------------- */

/* A limit exit off the book that rests already: kept, moved, or -1. */
static int find_exit(const struct batch *batch)
{
	const struct strategy_input *input = batch->view->input;

	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if ((order->purpose == PURPOSE_REDUCE || order->purpose == PURPOSE_CLOSE) &&
			!order->unknown && order->type == ORDER_LIMIT && rest_of(order) > 0)
			return (int)i;
	}
	return -1;
}

/* Everything, split at the venue's largest market order. */
static void sell_all(struct batch *batch)
{
	struct martingale_view *view = batch->view;
	int64_t most = view->input->rules.max_market_lots;
	int64_t left = batch->plan->exit.lots - sum_of_exits(view, false);

	for (int i = 0; i < PIECES_MAX && left > 0; i++) {
		int64_t lots = left < most ? left : most;

		place_exit(batch, PURPOSE_CLOSE, 0, lots);
		left -= lots;
	}
	if (left > 0)
		look_again(view, view->input->now_ms + SOON_MS);
}

static bool has_tried_long_enough(const struct martingale_view *view)
{
	const struct martingale_params *params = view->params;

	return params->exit_order_type == EXIT_LIMIT_THEN_MARKET &&
	       view->input->now_ms - view->state->exit_since_ms >=
		       params->exit_timeout_count * params->entry_timeout_s * 1000;
}

static int64_t market_limit(const struct martingale_view *view, int64_t lots)
{
	int64_t most = view->input->rules.max_market_lots;

	return lots < most ? lots : most;
}

/* may_place false: an exit is unknown, so nothing is added; what rests may become less. */
static void sell_part(struct batch *batch, int resting, bool may_place)
{
	struct martingale_view *view = batch->view;
	const struct martingale_exit *exit = &batch->plan->exit;
	int64_t now_ms = view->input->now_ms;
	enum purpose purpose = exit->lots == view->lots ? PURPOSE_CLOSE : PURPOSE_REDUCE;
	const struct strategy_order *order = resting < 0 ? NULL : &view->input->orders[resting];

	if (order == NULL && !may_place)
		return;
	if (exit->at_market || has_tried_long_enough(view)) {
		place_exit(batch, purpose, 0, market_limit(view, exit->lots));
		return;
	}
	if (order == NULL) {
		place_exit(batch, purpose, view->exit_ticks, within_limit(view, exit->lots));
		look_again(view, deadline_of(view, now_ms));
		return;
	}

	bool late = now_ms >= deadline_of(view, order->created_ms);
	int64_t lots = rest_of(order) < exit->lots ? rest_of(order) : exit->lots;
	int64_t ticks = late && may_place ? view->exit_ticks : order->price_ticks;
	batch->used[resting] = true;
	if (lots != rest_of(order) || ticks != order->price_ticks)
		amend(batch, order, ticks, lots);
	look_again(view, deadline_of(view, late ? now_ms : order->created_ms));
}

/* ---- the batch ------------------------------------------------------------------------------ */

/* Whether the limit exit that rests goes on as it is or moved; the rest is cancelled. */
static bool keeps_exit(const struct batch *batch, int resting)
{
	const struct martingale_exit *exit = &batch->plan->exit;

	return resting >= 0 && exit->kind != MARTINGALE_EXIT_NONE &&
	       exit->kind != MARTINGALE_EXIT_MARKET && !exit->at_market &&
	       sum_of_exits(batch->view, false) == 0 && !has_tried_long_enough(batch->view);
}

static void cancel_others(struct batch *batch)
{
	const struct strategy_input *input = batch->view->input;

	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];
		bool ours = is_exit(order->purpose) || purpose_is_entry(order->purpose);

		/* One whose outcome is unknown is asked about, not cancelled blindly. */
		if (ours && !order->unknown && !batch->used[i] && rest_of(order) > 0 &&
			!is_on_its_way(order))
			cancel(batch, order);
	}
	if (batch->left == 0)
		return;
	MARTINGALE_GATE(batch->view, "cancel", false, "%d orders are cancelled first, %d remain",
		batch->cancels, batch->left);
	look_again(batch->view, input->now_ms + SOON_MS);
}

static void watch_kept_entry(struct batch *batch)
{
	const struct martingale_view *view = batch->view;
	int kept = batch->plan->kept_entry;

	if (kept < 0)
		return;
	batch->used[kept] = true;
	look_again(view, deadline_of(view, view->input->orders[kept].created_ms));
	view->output->entry_timeout_ms = view->params->entry_timeout_s * 1000;
}

static bool sends_post_only(struct martingale_view *view)
{
	const struct martingale_params *params = view->params;
	struct martingale_state *state = view->state;

	if (params->entry_order_type != ENTRY_POST_ONLY)
		return false;
	if (params->post_only_retries > 0 && state->entry_misses >= params->post_only_retries) {
		state->entry_misses = 0;
		return false;
	}
	return true;
}

static void place_entry(struct batch *batch)
{
	struct martingale_view *view = batch->view;
	bool at_market = view->params->entry_order_type == ENTRY_MARKET;
	enum time_in_force limit_tif = sends_post_only(view) ? TIF_POST_ONLY : TIF_GTC;

	view->state->entry_planned_ms = view->input->now_ms;
	output_intent(view->output, (struct intent){
					    .kind = INTENT_PLACE,
					    .purpose = batch->plan->entry.purpose,
					    .side = view->input->side,
					    .type = at_market ? ORDER_MARKET : ORDER_LIMIT,
					    .time_in_force = at_market ? TIF_IOC : limit_tif,
					    .price_ticks = at_market ? 0 : view->own_ticks,
					    .lots = batch->plan->entry.lots,
				    });
	view->output->entry_timeout_ms = view->params->entry_timeout_s * 1000;
	look_again(view, deadline_of(view, view->input->now_ms));
}

static void notify(const struct martingale_view *view, const struct martingale_exit *exit)
{
	const char *code = exit->notice;

	if (code == NULL && !view->input->rules.trading)
		code = "symbol_not_trading";
	if (code != NULL)
		output_intent(view->output, (struct intent){.kind = INTENT_NOTIFY, .code = code});
	if (view->state->stopped && (view->input->blocks & BLOCK_EXITS_ONLY) == 0)
		output_intent(
			view->output, (struct intent){.kind = INTENT_PAUSE, .code = "stop_loss"});
}

static const char *action_of(const struct batch *batch)
{
	const struct martingale_plan *plan = batch->plan;
	const struct strategy_output *output = batch->view->output;
	const char *action = batch->manages ? "manage" : "none";

	for (size_t i = 0; i < output->intent_count; i++) {
		const struct intent *intent = &output->intents[i];

		if (intent->kind != INTENT_PLACE)
			continue;
		if (intent->purpose == PURPOSE_CLOSE)
			return "close";
		if (intent->purpose == PURPOSE_REDUCE)
			return "reduce";
		if (purpose_is_entry(intent->purpose))
			action = plan->entry.purpose == PURPOSE_OPEN ? "open" : "add";
	}
	return action;
}

void martingale_orders_write(struct martingale_view *view, const struct martingale_plan *plan)
{
	struct batch batch = {.view = view, .plan = plan};
	int found[MARTINGALE_RESTING_MAX];
	int resting = find_exit(&batch);
	bool unknown = (view->input->blocks & BLOCK_UNKNOWN_REDUCE) != 0 ||
		       sum_of_exits(view, true) > 0;
	bool at_market = plan->exit.kind == MARTINGALE_EXIT_MARKET;
	bool sells = plan->exit.kind != MARTINGALE_EXIT_NONE && !at_market;

	match_targets(&batch, found);
	watch_kept_entry(&batch);
	if (keeps_exit(&batch, resting))
		batch.used[resting] = true;
	cancel_others(&batch);

	/* A full close waits for nobody; everything else for the last cancel. */
	if (at_market)
		sell_all(&batch);
	else if (batch.left == 0) {
		serve_targets(&batch, found, !unknown);
		if (sells && sum_of_exits(view, false) == 0)
			sell_part(&batch, keeps_exit(&batch, resting) ? resting : -1, !unknown);
		if (plan->entry.lots > 0)
			place_entry(&batch);
	}
	notify(view, &plan->exit);
	output_action(view->output, action_of(&batch));
}

/* ---- the last look -------------------------------------------------------------------------- */

static const char *order_fault(const struct martingale_view *view, const struct intent *intent)
{
	const struct strategy_rules *rules = &view->input->rules;
	bool entry = purpose_is_entry(intent->purpose);
	int64_t most = intent->type == ORDER_MARKET ? rules->max_market_lots : rules->max_lots;

	if (intent->kind == INTENT_AMEND)
		return intent->lots <= 0 || intent->price_ticks <= 0
			       ? "an order is moved to nothing"
			       : NULL;
	if (intent->lots <= 0 || intent->lots > most || (entry && intent->lots < rules->min_lots))
		return "an order's quantity is out of range";
	if (entry == intent->reduce_only)
		return "an order is of the wrong kind";
	if (intent->type == ORDER_LIMIT && intent->price_ticks <= 0)
		return "a limit order has no price";
	return NULL;
}

const char *martingale_orders_fault(const struct martingale_view *view)
{
	const struct strategy_output *output = view->output;
	int64_t leaving = 0;
	bool enters = false;
	bool trims = false;

	for (size_t i = 0; i < output->intent_count; i++) {
		const struct intent *intent = &output->intents[i];
		bool placed = intent->kind == INTENT_PLACE;

		if (!placed && intent->kind != INTENT_AMEND)
			continue;
		const char *fault = order_fault(view, intent);
		if (fault != NULL)
			return fault;
		if (placed && intent->reduce_only)
			leaving += intent->lots;
		enters = enters || !intent->reduce_only;
		trims = trims || (placed && (intent->purpose == PURPOSE_REDUCE ||
						    intent->purpose == PURPOSE_CLOSE));
	}
	if (leaving > view->lots)
		return "more is sold than is held";
	return enters && trims ? "an entry and an exit in one batch" : NULL;
}
