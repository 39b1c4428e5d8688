#include "strategies/martingale_classic.h"

#include "strategies/classic_rule.h"
#include "strategies/classic_size.h"
#include "strategies/output.h"
#include "strategies/text.h"

#define TICKER_AGE_MAX_MS 5000
#define ACCOUNT_AGE_MAX_MS 10000
#define VOLATILITY_INTERVAL_MS 300000LL

/* Limits of one batch: what does not fit waits for the next run. */
#define CANCELS_MAX 5
#define CREATES_MAX 3
_Static_assert(CANCELS_MAX + CREATES_MAX + 1 <= STRATEGY_INTENTS_MAX, "a batch and its notice fit");

/* Fixed in the original. */
#define LEVEL_WARNING_PCT 150
#define REDUCE_PERCENT 33

static bool is_silent(enum strategy_mode mode)
{
	return mode == MODE_MANUAL || mode == MODE_HALTED;
}

static bool account_is_fresh(const struct classic_view *view)
{
	int64_t age_ms = view->input->account.age_ms;

	if (age_ms >= 0 && age_ms <= ACCOUNT_AGE_MAX_MS)
		return true;
	return output_reason(view->output, "account_age", false,
		"account was read %lld ms ago, limit %d ms", (long long)age_ms, ACCOUNT_AGE_MAX_MS);
}

/* Our own orders of the leg. */

/* False if some of our orders remain: nothing new is placed beside them. */
static bool cancel_ours(const struct classic_view *view)
{
	const struct strategy_input *input = view->input;
	int cancelled = 0;
	int left = 0;

	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		/* One whose outcome is unknown is asked about, not cancelled blindly. */
		if (order->purpose == PURPOSE_FOREIGN || order->unknown)
			continue;
		if (cancelled == CANCELS_MAX) {
			left++;
			continue;
		}
		output_intent(view->output, (struct intent){
						    .kind = INTENT_CANCEL,
						    .order_id = order->id,
						    .purpose = order->purpose,
						    .side = order->side,
						    .type = order->type,
					    });
		cancelled++;
	}
	if (left == 0)
		return true;
	return output_reason(view->output, "cancel", false,
		"%d orders are cancelled first, %d remain", cancelled, left);
}

static bool has_unknown(const struct strategy_input *input, bool entries)
{
	for (size_t i = 0; i < input->order_count; i++) {
		const struct strategy_order *order = &input->orders[i];

		if (order->unknown && order->purpose != PURPOSE_FOREIGN &&
			purpose_is_entry(order->purpose) == entries)
			return true;
	}
	return false;
}

/* What the original cannot do without: it raises, and the evaluation ends. */
static bool has_all_data(const struct classic_view *view)
{
	const struct strategy_input *input = view->input;
	const struct strategy_ticker *ticker = &input->ticker;
	static const struct {
		enum indicator which;
		const char *gate;
		const char *name;
	} needed[] = {
		{INDICATOR_EMA_SLOW, "ema_slow", "EMA200"},
		{INDICATOR_EMA_FAST, "ema_fast", "EMA50"},
		{INDICATOR_EMA_ENTRY, "ema_entry", "EMA100 of 1 h"},
	};

	if (ticker->age_ms < 0 || ticker->bid_ticks == 0 || ticker->ask_ticks == 0)
		return output_reason(view->output, "ticker", false, "no bid and ask");
	if (input->account.wallet_e8 <= 0)
		return output_reason(view->output, "balance", false,
			"wallet balance %s is not above zero", TEXT_E8(input->account.wallet_e8));
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		if ((input->indicators.valid & (1U << needed[i].which)) == 0)
			return output_reason(view->output, needed[i].gate, false,
				"%s is missing, no decision", needed[i].name);
	}
	return true;
}

/* What takes entries away. */

static bool candles_are_fresh(const struct classic_view *view)
{
	int64_t last_ms = view->input->indicators.last_closed_ms;
	__int128 since_ms = (__int128)view->input->now_ms - last_ms;

	/* 0: ready values that tell no time. From its end on a candle is good for two intervals. */
	if (last_ms == 0 || since_ms <= 3 * VOLATILITY_INTERVAL_MS)
		return true;
	return output_reason(view->output, "candle_age", false,
		"the newest closed candle began %s s ago",
		TEXT(decimal_scaled(since_ms / 1000, 0)));
}

static bool platform_allows(const struct classic_view *view)
{
	static const struct {
		uint32_t block;
		const char *text;
	} blocks[] = {
		{BLOCK_EXITS_ONLY, "the platform allows exits only"},
		{BLOCK_UNKNOWN, "the outcome of an order or cancel is not known"},
		{BLOCK_DRIFT, "position and book disagree"},
		{BLOCK_RETRIED, "this slot may have sent already"},
	};

	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
		if (view->input->blocks & blocks[i].block)
			return output_reason(view->output, "platform", false, "%s", blocks[i].text);
	}
	return true;
}

static bool mode_allows(const struct classic_view *view, enum classic_choice choice)
{
	enum strategy_mode mode = view->input->mode;
	bool allowed = mode == MODE_NORMAL || (mode == MODE_GRACEFUL_STOP && choice == CLASSIC_ADD);

	return output_reason(view->output, "mode", allowed, "mode %s", strategy_mode_text(mode));
}

static bool entries_allowed(const struct classic_view *view, enum classic_choice choice)
{
	const struct strategy_input *input = view->input;
	struct strategy_output *output = view->output;

	if (!mode_allows(view, choice) || !platform_allows(view))
		return false;
	if (has_unknown(input, true) || has_unknown(input, false))
		return output_reason(
			output, "platform", false, "the outcome of an order is not known");
	if (!input->account.settings_match)
		return output_reason(output, "settings", false,
			"leverage, position or margin mode is not the bot's");
	if (!input->rules.trading)
		return output_reason(output, "symbol", false, "the symbol is not trading");
	if (input->ticker.age_ms > TICKER_AGE_MAX_MS)
		return output_reason(output, "ticker_age", false,
			"prices are %lld ms old, limit %d ms", (long long)input->ticker.age_ms,
			TICKER_AGE_MAX_MS);
	return candles_are_fresh(view);
}

/* Entries. */

static bool is_worth_sending(const struct classic_view *view, int64_t lots, bool *ret_worth)
{
	struct decimal quantity = units_quantity_of(lots, &view->input->rules);
	struct decimal notional = decimal_mul(view->price, quantity);
	struct decimal least = decimal_scaled(view->input->rules.min_notional_e8, 8);

	if (!decimal_is_valid(notional))
		return false;
	*ret_worth = !decimal_less(notional, least);
	if (!*ret_worth)
		output_reason(view->output, "min_notional", false,
			"order value %s is below the venue's minimum %s", TEXT(notional),
			TEXT(least));
	return true;
}

static void explain_size(const struct classic_view *view, int64_t wished, int64_t lots)
{
	if (wished == lots)
		output_reason(
			view->output, "size", true, "%s", TEXT_LOTS(&view->input->rules, lots));
	else
		output_reason(view->output, "size", true, "asked %s, %s %s",
			TEXT_LOTS(&view->input->rules, wished),
			wished < lots ? "raised to the minimum" : "cut to the maximum",
			TEXT_LOTS(&view->input->rules, lots));
}

static bool fits_cap(const struct classic_view *view, int64_t lots, int64_t room)
{
	if (classic_size_uncapped(view))
		return output_reason(view->output, "margin_cap", true, "off");
	return output_reason(view->output, "margin_cap", lots <= room, "%s %s the room of %s",
		TEXT_LOTS(&view->input->rules, lots), lots <= room ? "fits" : "is more than",
		TEXT_LOTS(&view->input->rules, room));
}

static void plan_entry(const struct classic_view *view, enum classic_choice choice)
{
	struct strategy_output *output = view->output;
	int64_t wished = 0;
	int64_t room = 0;
	bool worth = false;

	if (!entries_allowed(view, choice))
		return;
	if (!classic_size_wished(view, &wished) || !classic_size_room(view, &room)) {
		output_fault(output, "the order size is beyond the range of a decision");
		return;
	}

	int64_t lots = classic_size_clamp(view, wished);
	explain_size(view, wished, lots);
	if (!fits_cap(view, lots, room))
		return;
	if (!is_worth_sending(view, lots, &worth)) {
		output_fault(output, "the order value is beyond the range of a decision");
		return;
	}
	if (!worth)
		return;

	output_action(output, choice == CLASSIC_OPEN ? "open" : "add");
	output_intent(output,
		(struct intent){
			.kind = INTENT_PLACE,
			.purpose = choice == CLASSIC_OPEN ? PURPOSE_OPEN : PURPOSE_ADD,
			.side = view->input->side,
			.type = ORDER_LIMIT,
			.time_in_force = view->params->use_post_only ? TIF_POST_ONLY : TIF_GTC,
			.price_ticks = view->price_ticks,
			.lots = lots,
		});
}

/* Exits. */

static void place_exit(
	const struct classic_view *view, enum purpose purpose, enum order_type type, int64_t lots)
{
	bool is_limit = type == ORDER_LIMIT;

	output_intent(
		view->output, (struct intent){
				      .kind = INTENT_PLACE,
				      .purpose = purpose,
				      .side = side_for(view->input->side, false),
				      .type = type,
				      .time_in_force = is_limit ? TIF_GTC : TIF_IOC,
				      .price_ticks = is_limit ? view->input->ticker.ask_ticks : 0,
				      .lots = lots,
				      .reduce_only = true,
			      });
}

static void plan_reduce(const struct classic_view *view)
{
	const struct strategy_input *input = view->input;
	int64_t held = input->leg_own.lots;
	int64_t lots = classic_size_clamp(view, (int64_t)((__int128)held * REDUCE_PERCENT / 100));

	if ((input->blocks & BLOCK_UNKNOWN_REDUCE) || has_unknown(input, false)) {
		output_reason(
			view->output, "platform", false, "the outcome of a reduce is not known");
		return;
	}
	if (!output_reason(view->output, "size", lots <= held, "sells %s of %s",
		    TEXT_LOTS(&view->input->rules, lots), TEXT_LOTS(&view->input->rules, held)))
		return;
	output_action(view->output, "reduce");
	place_exit(view, PURPOSE_REDUCE, ORDER_LIMIT, lots);
}

/* The whole leg, split at the venue's largest order. */
static void plan_close(const struct classic_view *view, enum order_type type)
{
	const struct strategy_rules *rules = &view->input->rules;
	int64_t most = type == ORDER_LIMIT ? rules->max_lots : rules->max_market_lots;
	int64_t left = view->input->leg_own.lots;

	output_action(view->output, "close");
	for (int i = 0; i < CREATES_MAX && left > 0; i++) {
		int64_t lots = left < most ? left : most;

		place_exit(view, PURPOSE_CLOSE, type, lots);
		left -= lots;
	}
	if (left > 0)
		output_reason(view->output, "size", false, "%s is left for the next run",
			TEXT_LOTS(&view->input->rules, left));
}

static void plan(const struct classic_view *view, enum classic_choice choice)
{
	switch (choice) {
	case CLASSIC_NONE:
		break;
	case CLASSIC_OPEN:
	case CLASSIC_ADD:
		plan_entry(view, choice);
		break;
	case CLASSIC_REDUCE:
		plan_reduce(view);
		break;
	case CLASSIC_CLOSE:
		plan_close(view, ORDER_LIMIT);
		break;
	}
}

static void warn_of_margin(const struct classic_view *view)
{
	if (view->held && view->level_pct < LEVEL_WARNING_PCT)
		output_intent(view->output,
			(struct intent){.kind = INTENT_NOTIFY, .code = "margin_warning"});
}

static void decide_panic(const struct classic_view *view, bool all_cancelled)
{
	output_reason(view->output, "mode", false, "mode panic: cancel everything and close");
	if (all_cancelled && view->input->leg_own.lots > 0)
		plan_close(view, ORDER_MARKET);
}

void martingale_classic_decide(const struct strategy_input *input, struct strategy_output *output)
{
	/* Until the data are known to be there, only input and output are looked at. */
	struct classic_view view = {.input = input, .params = input->params, .output = output};
	const char *fault = classic_view_fault(input);

	if (fault != NULL) {
		output_fault(output, fault);
		return;
	}
	output->rests_unprotected =
		true; /* the original has no stop and leaves its orders resting */
	if (is_silent(input->mode)) {
		output_reason(output, "mode", false, "mode %s", strategy_mode_text(input->mode));
		return;
	}
	if (!account_is_fresh(&view))
		return;

	bool all_cancelled = cancel_ours(&view);
	if (input->mode == MODE_PANIC) {
		decide_panic(&view, all_cancelled);
		return;
	}
	if (!all_cancelled || !has_all_data(&view))
		return;

	view = classic_view_of(input, output);
	plan(&view, classic_rule_choose(&view));
	warn_of_margin(&view);
}
