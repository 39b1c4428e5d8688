#include "backtest/desk.h"

#include "broker/grid.h"
#include "core/market/book.h"
#include "strategies/input.h"
#include "strategies/units.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define SETTLE "USDT"
#define CLOSED_KEPT 16
#define E8_PLACES 8

struct standing { /* an order of ours that is not final */
	char id[VENUE_ORDER_ID_SIZE];
	int64_t number;
	struct input_order order;
};

struct desk {
	const struct backtest_options *options;
	struct broker *broker;
	int account, symbol;
	enum leg leg;
	int64_t now_ms;
	uint64_t events;
	int64_t liquidated_ms, paused_ms;

	struct standing standing[STRATEGY_ORDERS_MAX];
	size_t standing_count;

	struct book book;
	struct input_history history;
	int64_t day_ms; /* the day that day_net and day_orders belong to */
	int64_t lots_max;

	unsigned char state[STRATEGY_STATE_SIZE] __attribute__((aligned(16)));
	struct strategy_input input;
	struct strategy_output output;
	struct backtest_counts counts;
	struct backtest_cycles cycles;
};

static int64_t e8(struct decimal amount)
{
	int64_t fixed;

	if (!decimal_to_fixed(amount, E8_PLACES, ROUND_HALF_UP, &fixed))
		die("an amount of %s does not fit", DECIMAL_TEXT(amount));
	return fixed;
}

static int64_t steps(struct decimal amount, struct decimal step)
{
	int64_t count;

	if (!decimal_count(amount, step, &count))
		die("%s is no multiple of %s", DECIMAL_TEXT(amount), DECIMAL_TEXT(step));
	return count;
}

static const struct rules *rules_of(const struct desk *desk)
{
	return broker_rules(desk->broker, desk->symbol);
}

static int64_t lots_of(const struct desk *desk, struct decimal quantity)
{
	return steps(quantity, rules_of(desk)->lot_size);
}

/* --- what happens to the account ------------------------------------------------------------ */

static struct standing *standing_of(struct desk *desk, const char *id)
{
	for (size_t i = 0; i < desk->standing_count; i++)
		if (strcmp(desk->standing[i].id, id) == 0)
			return &desk->standing[i];
	return NULL;
}

/* Oldest first, as a journal's rows stand. */
static void forget(struct desk *desk, const struct standing *gone)
{
	size_t index = (size_t)(gone - desk->standing);

	desk->standing_count--;
	memmove(&desk->standing[index], &desk->standing[index + 1],
		(desk->standing_count - index) * sizeof desk->standing[0]);
}

static void keep_order(struct desk *desk, const struct order *order)
{
	struct standing *standing = standing_of(desk, order->venue_order_id);

	if (standing == NULL)
		return;
	standing->order.quantity = order->quantity;
	standing->order.filled = order->filled;
	standing->order.price = order->price;
	standing->order.trigger_price = order->trigger_price;
	if (order_status_final(order->status))
		forget(desk, standing);
}

/* A new day of the market: what a bot made and sent in it begins at nothing. */
static void turn_day(struct desk *desk, int64_t at_ms)
{
	int64_t day_ms = at_ms - at_ms % DAY_MS;

	if (day_ms == desk->day_ms)
		return;
	desk->day_ms = day_ms;
	desk->history.day_net = DECIMAL_ZERO;
	desk->history.day_orders = 0;
}

static void earn(struct desk *desk, int64_t at_ms, struct decimal amount)
{
	turn_day(desk, at_ms);
	desk->history.day_net = decimal_add(desk->history.day_net, amount);
}

static void count_cycle(struct desk *desk, const struct record_cycle *cycle)
{
	struct backtest_cycles *cycles = &desk->cycles;
	int64_t length_ms = cycle->end_ms - cycle->begin_ms;
	int64_t adds = cycle->adds < BACKTEST_ADDS_MAX ? cycle->adds : BACKTEST_ADDS_MAX;

	cycles->count++;
	cycles->won += cycle->net_e8 > 0;
	*(cycle->net_e8 > 0 ? &cycles->gained_e8 : &cycles->lost_e8) += llabs(cycle->net_e8);
	cycles->length_ms += length_ms;
	if (length_ms > cycles->longest_ms)
		cycles->longest_ms = length_ms;
	cycles->by_adds[adds]++;
}

static void end_cycle(struct desk *desk, const struct trade_effect *effect, int64_t at_ms)
{
	const struct book *book = &desk->book;
	const struct record_cycle cycle = {
		.number = effect->cycle,
		.begin_ms = book->cycle_started_ms,
		.end_ms = at_ms,
		.adds = book->adds,
		.lots_max = desk->lots_max,
		.average_e8 = e8(decimal_round(effect->average, E8_PLACES, ROUND_HALF_UP)),
		.pnl_e8 = e8(book->cycle_pnl),
		.fees_e8 = e8(book->cycle_fees),
		.funding_e8 = e8(book->cycle_funding),
		.net_e8 = e8(effect->cycle_net),
		.ended_by = desk->history.cycle_ended_by,
	};

	count_cycle(desk, &cycle);
	if (desk->options->record != NULL)
		record_add_cycle(desk->options->record, &cycle);
}

static void note_history(struct desk *desk, const struct trade_effect *effect,
	const struct fill *fill, enum purpose purpose)
{
	struct input_history *history = &desk->history;

	history->last_fill_ms = fill->executed_ms;
	switch (effect->action) {
	case TRADE_OPENED:
		if (decimal_is_zero(history->cycle_base))
			history->cycle_base = history->last_add = fill->price;
		history->last_entry_ms = fill->executed_ms;
		break;
	case TRADE_ADDED:
		history->last_add = fill->price;
		history->last_entry_ms = fill->executed_ms;
		break;
	case TRADE_REDUCED:
		break;
	case TRADE_CLOSED:
		history->cycle_ended_ms = fill->executed_ms;
		history->cycle_ended_by = purpose;
		history->cycle_base = history->last_add = DECIMAL_ZERO;
		break;
	}
}

/* What has no order of ours is the venue's own doing. */
static enum purpose purpose_of(const struct standing *standing)
{
	return standing == NULL ? PURPOSE_FOREIGN : standing->order.purpose;
}

static void record_fill(struct desk *desk, const struct trade_effect *effect,
	const struct broker_event *event, const struct standing *standing)
{
	const struct fill *fill = event->fill;

	if (desk->options->record == NULL)
		return;
	record_add_fill(desk->options->record,
		&(struct record_fill){
			.sequence = desk->events,
			.at_ms = event->time_ms,
			.action = effect->action,
			.order = standing == NULL ? 0 : standing->number,
			.purpose = purpose_of(standing),
			.side = fill->side,
			.liquidity = fill->liquidity,
			.lots = lots_of(desk, effect->quantity),
			.ticks = steps(fill->price, rules_of(desk)->tick_size),
			.fee_e8 = e8(effect->fee),
			.pnl_e8 = e8(effect->pnl),
			.lots_after = lots_of(desk, desk->book.quantity),
			.average_e8 = e8(decimal_round(effect->average, E8_PLACES, ROUND_HALF_UP)),
			.cycle = effect->cycle,
			.wallet_e8 = e8(event->wallet),
		});
}

static void book_fill(struct desk *desk, const struct broker_event *event)
{
	const struct standing *standing = event->order == NULL
						  ? NULL
						  : standing_of(desk, event->order->venue_order_id);
	struct trade_effect effects[2];
	struct fill fill = *event->fill;
	struct err err;

	fill.leg = desk->leg;
	int count = book_apply(&desk->book, &fill, SETTLE, effects, &err);
	if (count == -1)
		die("a fill of the broker cannot be booked: %s", err.message);
	desk->counts.fills++;
	desk->counts.maker_fills += fill.liquidity == LIQUIDITY_MAKER;
	int64_t held = lots_of(desk, desk->book.quantity);
	desk->lots_max = effects[0].action == TRADE_OPENED ? held
			 : held > desk->lots_max           ? held
							   : desk->lots_max;
	for (int i = 0; i < count; i++) {
		earn(desk, event->time_ms, decimal_sub(effects[i].pnl, effects[i].fee));
		note_history(desk, &effects[i], &fill, purpose_of(standing));
		record_fill(desk, &effects[i], event, standing);
		if (effects[i].cycle_ended)
			end_cycle(desk, &effects[i], event->time_ms);
	}
}

static void book_payment(struct desk *desk, const struct broker_event *event)
{
	book_funding(&desk->book, event->paid);
	earn(desk, event->time_ms, event->paid);
	if (desk->options->record == NULL)
		return;
	record_add_payment(
		desk->options->record, &(struct record_payment){
					       .sequence = desk->events,
					       .at_ms = event->time_ms,
					       .amount_e8 = e8(event->paid),
					       .lots = lots_of(desk, event->funding->quantity),
					       .rate = event->funding->rate,
					       .cycle = desk->book.cycle,
					       .wallet_e8 = e8(event->wallet),
				       });
}

static void turned_away(struct desk *desk, const char *reason)
{
	desk->counts.refused++;
	(void)snprintf(desk->counts.refusal, sizeof desk->counts.refusal, "%s", reason);
}

/* Cancelled by the venue before anything filled: a post-only order that would have taken. */
static bool is_refusal(const struct broker_event *event)
{
	return event->kind == BROKER_EVENT_REJECTED ||
	       (event->kind == BROKER_EVENT_CANCELLED && event->reason != BROKER_REASON_USER &&
		       event->reason != BROKER_REASON_REDUCE_ONLY &&
		       event->reason != BROKER_REASON_LIQUIDATION &&
		       decimal_is_zero(event->order->filled));
}

static void on_event(void *context, const struct broker_event *event)
{
	struct desk *desk = context;

	desk->events++;
	if (event->kind == BROKER_EVENT_FILL)
		book_fill(desk, event);
	if (event->kind == BROKER_EVENT_FUNDING)
		book_payment(desk, event);
	if (event->kind == BROKER_EVENT_LIQUIDATION && desk->liquidated_ms == 0)
		desk->liquidated_ms = event->time_ms;
	if (event->order == NULL)
		return;
	if (is_refusal(event))
		turned_away(desk, broker_reason_text(event->reason));
	keep_order(desk, event->order);
}

/* --- building ------------------------------------------------------------------------------- */

static struct broker_settings settings_of(const struct backtest_options *options, struct desk *desk)
{
	struct broker_settings settings = broker_settings_default();

	settings.seed = options->seed;
	settings.symbols_max = 1;
	settings.closed_max = CLOSED_KEPT;
	settings.taker_slippage_ppm = options->slippage_ppm;
	settings.ledger = on_event;
	settings.ledger_context = desk;
	return settings;
}

/* What `bot start` would have set; that it is so already is no failure. */
static int accept_unchanged(int result, const struct err *err)
{
	return result == -1 && err->code == ERR_NO_CHANGE ? 0 : result;
}

static int set_account(struct desk *desk, int64_t at_ms, struct err *err)
{
	const struct backtest_bot *bot = &desk->options->bot;
	struct decimal leverage = decimal_from_int(bot->leverage);

	if (accept_unchanged(broker_set_position_mode(desk->broker, desk->account, desk->symbol,
				     bot->position_mode, err),
		    err) == -1)
		return err_while(err, "position mode");
	if (accept_unchanged(broker_set_leverage(desk->broker, desk->account, desk->symbol,
				     leverage, leverage, err),
		    err) == -1)
		return err_while(err, "leverage %lld", (long long)bot->leverage);
	if (broker_deposit(desk->broker, desk->account, desk->options->balance, at_ms, err) == -1)
		return err_while(err, "balance");
	return 0;
}

static enum leg leg_of(const struct backtest_bot *bot)
{
	if (bot->position_mode == POSITION_ONE_WAY)
		return LEG_ONE_WAY;
	return bot->side == SIDE_BUY ? LEG_LONG : LEG_SHORT;
}

int desk_new(const struct backtest_options *options, struct desk **ret, struct err *err)
{
	struct desk *desk = mem_zero(1, sizeof *desk);
	struct broker_settings settings = settings_of(options, desk);

	desk->options = options;
	desk->leg = leg_of(&options->bot);
	desk->broker = broker_new(&settings);
	if (broker_symbol_add(desk->broker, &options->terms.rules, &options->terms.fees,
		    &desk->symbol, err) == -1)
		goto fail;
	desk->account = broker_account_add(desk->broker, options->bot.margin_mode);
	if (set_account(desk, options->tape->begin_ms, err) == -1)
		goto fail;
	*ret = desk;
	return 0;
fail:
	desk_free(&desk);
	return -1;
}

void desk_free(struct desk **desk)
{
	if (*desk == NULL)
		return;
	broker_free(&(*desk)->broker);
	free(*desk);
	*desk = NULL;
}

/* --- the market ----------------------------------------------------------------------------- */

void desk_price(struct desk *desk, int64_t at_ms, int64_t ticks, int64_t minute_ms, int64_t volume)
{
	desk->now_ms = at_ms;
	grid_price(desk->broker, desk->symbol,
		&(struct grid_price){.time_ms = at_ms,
			.last = ticks,
			.mark = ticks,
			.bid = ticks,
			.ask = ticks + 1,
			.period_ms = minute_ms,
			.volume = volume});
}

void desk_fund(struct desk *desk, int64_t at_ms, struct decimal rate)
{
	struct err err;

	if (broker_funding(desk->broker, desk->symbol, at_ms, rate, &err) == -1)
		die("the broker refused a funding payment: %s", err.message);
}

uint64_t desk_events(const struct desk *desk)
{
	return desk->events;
}

bool desk_quiet(const struct desk *desk, int64_t *ret_low, int64_t *ret_high)
{
	struct grid_quiet quiet;

	if (!grid_quiet(desk->broker, desk->symbol, &quiet))
		return false;
	*ret_low = quiet.last_low > quiet.mark_low ? quiet.last_low : quiet.mark_low;
	*ret_high = quiet.last_high < quiet.mark_high ? quiet.last_high : quiet.mark_high;
	return true;
}

struct grid_leg desk_leg(const struct desk *desk)
{
	return grid_leg(desk->broker, desk->account, desk->symbol, desk->leg);
}

bool desk_holds(const struct desk *desk)
{
	return !decimal_is_zero(desk->book.quantity);
}

int64_t desk_liquidated_ms(const struct desk *desk)
{
	return desk->liquidated_ms;
}

/* --- what the strategy is shown ------------------------------------------------------------- */

static struct ticker ticker_of(const struct desk *desk, const struct broker_price *price)
{
	const struct funding *funding = desk->options->funding;
	struct funding_stamp next = {0};
	struct ticker ticker = {
		.bid = price->bid,
		.ask = price->ask,
		.last = price->last,
		.mark = price->mark,
		.funding_rate = funding_shown(funding, desk->now_ms),
		.market_ms = desk->now_ms,
	};

	if (funding_next(funding, desk->now_ms + 1, &next))
		ticker.next_funding_ms = next.at_ms;
	return ticker;
}

static struct account account_of(const struct desk *desk)
{
	struct broker_symbol_state state = broker_symbol_state(
		desk->broker, desk->account, desk->symbol);
	struct account account = {
		.balance = broker_balance(desk->broker, desk->account).balance,
		.position_mode = state.mode,
		.margin_mode_known = true,
		.margin_mode = broker_margin_mode(desk->broker, desk->account),
	};

	account.position_count = broker_positions(
		desk->broker, desk->account, desk->symbol, account.positions);
	for (size_t i = 0; i < account.position_count; i++)
		if (!decimal_is_zero(account.positions[i].quantity))
			account.active_symbols = 1;
	return account;
}

static int show(struct desk *desk, struct err *err)
{
	const struct backtest_bot *bot = &desk->options->bot;
	struct input_order orders[STRATEGY_ORDERS_MAX];
	struct broker_price price;
	bool priced = broker_last_price(desk->broker, desk->symbol, &price);

	assert(priced);
	turn_day(desk, desk->now_ms);
	struct ticker ticker = ticker_of(desk, &price);
	struct account account = account_of(desk);
	for (size_t i = 0; i < desk->standing_count; i++) {
		orders[i] = desk->standing[i].order;
		orders[i].id = (int32_t)i;
	}
	const struct input_facts facts = {
		.symbol = rules_of(desk)->symbol,
		.side = bot->side,
		.leg = desk->leg,
		.position_mode = bot->position_mode,
		.leverage = bot->leverage,
		.mode = bot->mode,
		.auto_open = bot->auto_open,
		.blocks = desk->paused_ms != 0 ? BLOCK_EXITS_ONLY : 0,
		.rules = rules_of(desk),
		.ticker = &ticker,
		.account = &account,
		.book = &desk->book,
		.history = desk->history,
		.orders = orders,
		.order_count = desk->standing_count,
	};
	return input_fill(&facts, &desk->input, err);
}

/* --- what it says --------------------------------------------------------------------------- */

/* A refused request changes nothing; what became of the order is told by the ledger. */
static void cancel(struct desk *desk, const struct standing *standing)
{
	char id[VENUE_ORDER_ID_SIZE];
	struct err err;

	memcpy(id, standing->id, sizeof id);
	if (broker_cancel(desk->broker, desk->account, id, desk->now_ms, &err) == -1)
		die("a standing order cannot be cancelled: %s", err.message);
	desk->counts.cancelled++;
	broker_step(desk->broker, desk->now_ms);
}

static void place(struct desk *desk, const struct order_request *request, enum purpose purpose)
{
	struct order order;
	struct err err;

	desk->counts.orders++;
	if (purpose_is_entry(purpose))
		desk->history.day_orders++;
	if (desk->standing_count == STRATEGY_ORDERS_MAX) {
		turned_away(desk, "too many orders");
		return;
	}
	if (broker_place(desk->broker, desk->account, request, desk->now_ms, &order, &err) == -1) {
		turned_away(desk, broker_refusal_text((enum broker_refusal)err.venue_code));
		return;
	}
	struct standing *standing = &desk->standing[desk->standing_count++];
	memcpy(standing->id, order.venue_order_id, sizeof standing->id);
	standing->number = desk->counts.orders;
	standing->order = (struct input_order){
		.purpose = purpose,
		.side = request->side,
		.type = request->type,
		.quantity = order.quantity,
		.price = request->price,
		.trigger_price = request->trigger_price,
		.created_ms = desk->now_ms,
	};
	broker_step(desk->broker, desk->now_ms);
}

static void place_piece(struct desk *desk, const struct intent *intent, int64_t lots)
{
	const struct strategy_rules *rules = &desk->input.rules;
	struct order_request request = {
		.side = intent->side,
		.leg = desk->leg,
		.type = intent->type,
		.time_in_force = intent->time_in_force,
		.quantity = units_quantity_of(lots, rules),
		.trigger_by = intent->trigger_by,
		.trigger_rising = intent->side == SIDE_BUY,
		.reduce_only = intent->reduce_only,
		.close_on_trigger = intent->type == ORDER_STOP_MARKET && intent->reduce_only,
	};

	memcpy(request.symbol, rules_of(desk)->symbol, sizeof request.symbol);
	if (intent->type == ORDER_LIMIT)
		request.price = units_price_of(intent->price_ticks, rules);
	if (intent->type == ORDER_STOP_MARKET)
		request.trigger_price = units_price_of(intent->trigger_ticks, rules);
	place(desk, &request, intent->purpose);
}

/* Exits above the venue's maximum are split, as the worker splits them. */
static void place_intent(struct desk *desk, const struct intent *intent)
{
	const struct strategy_rules *rules = &desk->input.rules;
	int64_t most = intent->type == ORDER_LIMIT ? rules->max_lots : rules->max_market_lots;

	for (int64_t left = intent->lots; left > 0; left -= most)
		place_piece(desk, intent, left < most ? left : most);
}

static void amend(struct desk *desk, const struct standing *standing, const struct intent *intent)
{
	const struct strategy_rules *rules = &desk->input.rules;
	struct broker_amend wanted = {
		.has_price = true,
		.has_quantity = true,
		.price = units_price_of(intent->price_ticks, rules),
		.quantity = units_quantity_of(intent->lots, rules),
	};
	struct err err;

	desk->counts.orders++;
	if (broker_amend(desk->broker, desk->account, standing->id, &wanted, desk->now_ms, &err) ==
		-1) {
		turned_away(desk, broker_refusal_text((enum broker_refusal)err.venue_code));
		return;
	}
	broker_step(desk->broker, desk->now_ms);
}

/* Handles are places in the list as it was shown; cancels are carried out from its end. */
static void send_cancels(struct desk *desk)
{
	for (size_t handle = desk->standing_count; handle-- > 0;)
		for (size_t i = 0; i < desk->output.intent_count; i++) {
			const struct intent *intent = &desk->output.intents[i];
			if (intent->kind == INTENT_CANCEL && intent->order_id == (int32_t)handle)
				cancel(desk, &desk->standing[handle]);
		}
}

/* 0: exits, 1: entries. */
static int send_class(enum purpose purpose)
{
	return purpose_is_entry(purpose) ? 1 : 0;
}

static void send_places(struct desk *desk, int class)
{
	for (size_t i = 0; i < desk->output.intent_count; i++) {
		const struct intent *intent = &desk->output.intents[i];
		if (intent->kind == INTENT_PLACE && send_class(intent->purpose) == class)
			place_intent(desk, intent);
	}
}

/* An order that a cancel of the same decision has removed moves the handles after it. */
static void send_amends(struct desk *desk, const struct standing *shown, size_t count)
{
	for (size_t i = 0; i < desk->output.intent_count; i++) {
		const struct intent *intent = &desk->output.intents[i];
		if (intent->kind != INTENT_AMEND)
			continue;
		assert(intent->order_id >= 0 && (size_t)intent->order_id < count);
		const struct standing *standing = standing_of(desk, shown[intent->order_id].id);
		if (standing != NULL)
			amend(desk, standing, intent);
	}
}

static void note_words(struct desk *desk)
{
	for (size_t i = 0; i < desk->output.intent_count; i++) {
		const struct intent *intent = &desk->output.intents[i];
		desk->counts.notices += intent->kind == INTENT_NOTIFY;
		if (intent->kind == INTENT_PAUSE && desk->paused_ms == 0) {
			desk->paused_ms = desk->now_ms;
			desk->counts.pauses++;
		}
	}
}

static void note_fault(struct desk *desk)
{
	const struct strategy_output *output = &desk->output;

	if (output->status != DECISION_FAULT)
		return;
	desk->counts.faults++;
	if (output->reason_count > 0)
		(void)snprintf(desk->counts.fault, sizeof desk->counts.fault, "%s",
			output->reasons[output->reason_count - 1].text);
}

static void execute(struct desk *desk)
{
	struct standing shown[STRATEGY_ORDERS_MAX];
	size_t count = desk->standing_count;

	if (desk->output.intent_count == 0)
		return;
	memcpy(shown, desk->standing, count * sizeof shown[0]);
	send_cancels(desk);
	send_amends(desk, shown, count);
	send_places(desk, 0);
	send_places(desk, 1);
	note_words(desk);
}

/* What takes new risk away takes the entries that still rest first, as in worker/run.c. */
static void cancel_entries(struct desk *desk)
{
	for (size_t i = desk->standing_count; i-- > 0;)
		if (purpose_is_entry(desk->standing[i].order.purpose))
			cancel(desk, &desk->standing[i]);
}

static void look_at_pause(struct desk *desk)
{
	int64_t after_ms = desk->options->bot.resume_after_ms;

	if (desk->paused_ms == 0)
		return;
	if (after_ms != 0 && desk->now_ms >= desk->paused_ms + after_ms)
		desk->paused_ms = 0;
	else
		cancel_entries(desk);
}

int desk_decide(struct desk *desk, int64_t now_ms, const struct series *series, size_t series_count,
	int64_t *ret_follow_up_ms, struct err *err)
{
	const struct backtest_bot *bot = &desk->options->bot;

	desk->now_ms = now_ms;
	look_at_pause(desk);
	bot->strategy->indicators(
		bot->params, series, series_count, rules_of(desk), &desk->input.indicators);
	desk->input.params = bot->params;
	if (show(desk, err) == -1)
		return -1;
	bot->strategy->decide(&desk->input, desk->state, &desk->output);
	memcpy(desk->state, desk->output.state, bot->strategy->state_size);
	desk->counts.decisions++;
	note_fault(desk);
	execute(desk);
	*ret_follow_up_ms = desk->output.follow_up_ms;
	return 0;
}

void desk_result(const struct desk *desk, struct backtest_result *ret)
{
	struct broker_balance balance = broker_balance(desk->broker, desk->account);

	ret->counts = desk->counts;
	ret->cycles = desk->cycles;
	ret->realised_e8 = e8(balance.realised);
	ret->fees_e8 = e8(balance.fees);
	ret->funding_e8 = e8(balance.funding);
	ret->wallet_e8 = e8(balance.balance.wallet);
	ret->open_lots = lots_of(desk, desk->book.quantity);
	ret->liquidated_ms = desk->liquidated_ms;
	ret->paused_ms = desk->paused_ms;
}
