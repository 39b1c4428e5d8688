#include "backtest/seat.h"

#include "broker/grid.h"
#include "core/market/book.h"
#include "strategies/input.h"
#include "strategies/units.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define CLOSED_KEPT 16
#define E8_PLACES 8

struct standing { /* an order of ours that is not final */
	char id[VENUE_ORDER_ID_SIZE];
	int64_t number;
	struct input_order order;
};

struct seat {
	unsigned char state[STRATEGY_STATE_SIZE] __attribute__((aligned(16)));
	const struct backtest_options *options;
	struct broker *broker;
	int account, symbol;
	enum leg leg;
	enum purpose cycle_ended_by;
	int64_t now_ms;
	uint64_t events;
	int64_t liquidated_ms, paused_ms;

	struct standing standing[STRATEGY_ORDERS_MAX];
	size_t standing_count;

	struct book book;
	int64_t last_fill_ms;
	int64_t day_ms; /* the market's UTC day that the two below count */
	struct decimal day_net;
	int64_t day_orders; /* entry orders sent */
	int64_t lots_max;

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

static const struct rules *rules_of(const struct seat *seat)
{
	return broker_rules(seat->broker, seat->symbol);
}

static int64_t lots_of(const struct seat *seat, struct decimal quantity)
{
	return steps(quantity, rules_of(seat)->lot_size);
}

/* --- what happens to the account ------------------------------------------------------------ */

static struct standing *standing_of(struct seat *seat, const char *id)
{
	for (size_t i = 0; i < seat->standing_count; i++)
		if (strcmp(seat->standing[i].id, id) == 0)
			return &seat->standing[i];
	return NULL;
}

/* Oldest first, as a journal's rows stand. */
static void forget(struct seat *seat, const struct standing *gone)
{
	size_t index = (size_t)(gone - seat->standing);

	seat->standing_count--;
	memmove(&seat->standing[index], &seat->standing[index + 1],
		(seat->standing_count - index) * sizeof seat->standing[0]);
}

static void keep_order(struct seat *seat, const struct order *order)
{
	struct standing *standing = standing_of(seat, order->venue_order_id);

	if (standing == NULL)
		return;
	standing->order.quantity = order->quantity;
	standing->order.filled = order->filled;
	standing->order.price = order->price;
	standing->order.trigger_price = order->trigger_price;
	if (order_status_final(order->status))
		forget(seat, standing);
}

/* A new day of the market: what a bot made and sent in it begins at nothing. */
static void turn_day(struct seat *seat, int64_t at_ms)
{
	int64_t day_ms = at_ms - at_ms % DAY_MS;

	if (day_ms == seat->day_ms)
		return;
	seat->day_ms = day_ms;
	seat->day_net = DECIMAL_ZERO;
	seat->day_orders = 0;
}

static void earn(struct seat *seat, int64_t at_ms, struct decimal amount)
{
	turn_day(seat, at_ms);
	seat->day_net = decimal_add(seat->day_net, amount);
}

static void count_cycle(struct seat *seat, const struct record_cycle *cycle)
{
	struct backtest_cycles *cycles = &seat->cycles;
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

static void end_cycle(struct seat *seat, const struct trade_effect *effect, int64_t at_ms)
{
	const struct book *book = &seat->book;
	const struct record_cycle cycle = {
		.number = effect->cycle,
		.begin_ms = book->cycle_started_ms,
		.end_ms = at_ms,
		.adds = book->adds,
		.lots_max = seat->lots_max,
		.average_e8 = e8(decimal_round(effect->average, E8_PLACES, ROUND_HALF_UP)),
		.pnl_e8 = e8(book->cycle_pnl),
		.fees_e8 = e8(book->cycle_fees),
		.funding_e8 = e8(book->cycle_funding),
		.net_e8 = e8(effect->cycle_net),
		.ended_by = seat->cycle_ended_by,
	};

	count_cycle(seat, &cycle);
	if (seat->options->record != NULL)
		record_add_cycle(seat->options->record, &cycle);
}

/* What has no order of ours is the venue's own doing. */
static enum purpose purpose_of(const struct standing *standing)
{
	return standing == NULL ? PURPOSE_FOREIGN : standing->order.purpose;
}

static void record_fill(struct seat *seat, const struct trade_effect *effect,
	const struct broker_event *event, const struct standing *standing)
{
	const struct fill *fill = event->fill;

	if (seat->options->record == NULL)
		return;
	record_add_fill(seat->options->record,
		&(struct record_fill){
			.sequence = seat->events,
			.at_ms = event->time_ms,
			.action = effect->action,
			.order = standing == NULL ? 0 : standing->number,
			.purpose = purpose_of(standing),
			.side = fill->side,
			.liquidity = fill->liquidity,
			.lots = lots_of(seat, effect->quantity),
			.ticks = steps(fill->price, rules_of(seat)->tick_size),
			.fee_e8 = e8(effect->fee),
			.pnl_e8 = e8(effect->pnl),
			.lots_after = lots_of(seat, seat->book.quantity),
			.average_e8 = e8(decimal_round(effect->average, E8_PLACES, ROUND_HALF_UP)),
			.cycle = effect->cycle,
			.wallet_e8 = e8(event->wallet),
		});
}

static void book_fill(struct seat *seat, const struct broker_event *event)
{
	const struct standing *standing = event->order == NULL
						  ? NULL
						  : standing_of(seat, event->order->venue_order_id);
	struct trade_effect effects[2];
	struct fill fill = *event->fill;
	struct err err;

	fill.leg = seat->leg;
	int count = book_apply(&seat->book, &fill, &fill.fee, effects, &err);
	if (count == -1)
		die("a fill of the broker cannot be booked: %s", err.message);
	seat->last_fill_ms = fill.executed_ms;
	seat->counts.fills++;
	seat->counts.maker_fills += fill.liquidity == LIQUIDITY_MAKER;
	int64_t held = lots_of(seat, seat->book.quantity);
	seat->lots_max = effects[0].action == TRADE_OPENED ? held
			 : held > seat->lots_max           ? held
							   : seat->lots_max;
	for (int i = 0; i < count; i++) {
		earn(seat, event->time_ms, decimal_sub(effects[i].pnl, effects[i].fee));
		if (effects[i].cycle_ended)
			seat->cycle_ended_by = purpose_of(standing);
		record_fill(seat, &effects[i], event, standing);
		if (effects[i].cycle_ended)
			end_cycle(seat, &effects[i], event->time_ms);
	}
}

static void book_payment(struct seat *seat, const struct broker_event *event)
{
	book_funding(&seat->book, event->paid);
	earn(seat, event->time_ms, event->paid);
	if (seat->options->record == NULL)
		return;
	record_add_payment(
		seat->options->record, &(struct record_payment){
					       .sequence = seat->events,
					       .at_ms = event->time_ms,
					       .amount_e8 = e8(event->paid),
					       .lots = lots_of(seat, event->funding->quantity),
					       .rate = event->funding->rate,
					       .cycle = seat->book.cycle,
					       .wallet_e8 = e8(event->wallet),
				       });
}

static void turned_away(struct seat *seat, const char *reason)
{
	seat->counts.refused++;
	(void)snprintf(seat->counts.refusal, sizeof seat->counts.refusal, "%s", reason);
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
	struct seat *seat = context;

	seat->events++;
	if (event->kind == BROKER_EVENT_FILL)
		book_fill(seat, event);
	if (event->kind == BROKER_EVENT_FUNDING)
		book_payment(seat, event);
	if (event->kind == BROKER_EVENT_LIQUIDATION && seat->liquidated_ms == 0)
		seat->liquidated_ms = event->time_ms;
	if (event->order == NULL)
		return;
	if (is_refusal(event))
		turned_away(seat, broker_reason_text(event->reason));
	keep_order(seat, event->order);
}

/* --- building ------------------------------------------------------------------------------- */

static struct broker_settings settings_of(const struct backtest_options *options, struct seat *seat)
{
	struct broker_settings settings = broker_settings_default();

	settings.seed = options->seed;
	settings.symbols_max = 1;
	settings.closed_max = CLOSED_KEPT;
	settings.taker_slippage_ppm = options->slippage_ppm;
	settings.ledger = on_event;
	settings.ledger_context = seat;
	return settings;
}

/* What `bot start` would have set; that it is so already is no failure. */
static int accept_unchanged(int result, const struct err *err)
{
	return result == -1 && err->code == ERR_NO_CHANGE ? 0 : result;
}

static int set_account(struct seat *seat, int64_t at_ms, struct err *err)
{
	const struct backtest_bot *bot = &seat->options->bot;
	struct decimal leverage = decimal_from_int(bot->leverage);

	if (accept_unchanged(broker_set_position_mode(seat->broker, seat->account, seat->symbol,
				     bot->position_mode, err),
		    err) == -1)
		return err_while(err, "position mode");
	if (accept_unchanged(broker_set_leverage(seat->broker, seat->account, seat->symbol,
				     leverage, leverage, err),
		    err) == -1)
		return err_while(err, "leverage %lld", (long long)bot->leverage);
	if (broker_deposit(seat->broker, seat->account, seat->options->balance, at_ms, err) == -1)
		return err_while(err, "balance");
	return 0;
}

static enum leg leg_of(const struct backtest_bot *bot)
{
	if (bot->position_mode == POSITION_ONE_WAY)
		return LEG_ONE_WAY;
	return bot->side == SIDE_BUY ? LEG_LONG : LEG_SHORT;
}

int seat_new(const struct backtest_options *options, struct seat **ret, struct err *err)
{
	struct seat *seat = mem_zero(1, sizeof *seat);
	struct broker_settings settings = settings_of(options, seat);

	seat->options = options;
	seat->leg = leg_of(&options->bot);
	seat->broker = broker_new(&settings);
	if (broker_symbol_add(seat->broker, &options->terms.rules, &options->terms.fees,
		    &seat->symbol, err) == -1)
		goto fail;
	seat->account = broker_account_add(seat->broker, options->bot.margin_mode);
	if (set_account(seat, options->tape->begin_ms, err) == -1)
		goto fail;
	*ret = seat;
	return 0;
fail:
	seat_free(&seat);
	return -1;
}

void seat_free(struct seat **seat)
{
	if (*seat == NULL)
		return;
	broker_free(&(*seat)->broker);
	free(*seat);
	*seat = NULL;
}

/* --- the market ----------------------------------------------------------------------------- */

void seat_price(struct seat *seat, int64_t at_ms, int64_t ticks, int64_t minute_ms, int64_t volume)
{
	seat->now_ms = at_ms;
	grid_price(seat->broker, seat->symbol,
		&(struct grid_price){.time_ms = at_ms,
			.last = ticks,
			.mark = ticks,
			.bid = ticks,
			.ask = ticks + 1,
			.period_ms = minute_ms,
			.volume = volume});
}

void seat_fund(struct seat *seat, int64_t at_ms, struct decimal rate)
{
	struct err err;

	if (broker_funding(seat->broker, seat->symbol, at_ms, rate, &err) == -1)
		die("the broker refused a funding payment: %s", err.message);
}

uint64_t seat_events(const struct seat *seat)
{
	return seat->events;
}

bool seat_quiet(const struct seat *seat, int64_t *ret_low, int64_t *ret_high)
{
	struct grid_quiet quiet;

	if (!grid_quiet(seat->broker, seat->symbol, &quiet))
		return false;
	*ret_low = quiet.last_low > quiet.mark_low ? quiet.last_low : quiet.mark_low;
	*ret_high = quiet.last_high < quiet.mark_high ? quiet.last_high : quiet.mark_high;
	return true;
}

struct grid_leg seat_leg(const struct seat *seat)
{
	return grid_leg(seat->broker, seat->account, seat->symbol, seat->leg);
}

bool seat_holds(const struct seat *seat)
{
	return !decimal_is_zero(seat->book.quantity);
}

int64_t seat_liquidated_ms(const struct seat *seat)
{
	return seat->liquidated_ms;
}

/* --- what the strategy is shown ------------------------------------------------------------- */

static struct ticker ticker_of(const struct seat *seat, const struct broker_price *price)
{
	const struct funding *funding = seat->options->funding;
	struct funding_stamp next = {0};
	struct ticker ticker = {
		.bid = price->bid,
		.ask = price->ask,
		.last = price->last,
		.mark = price->mark,
		.funding_rate = funding_shown(funding, seat->now_ms),
		.market_ms = seat->now_ms,
	};

	if (funding_next(funding, seat->now_ms + 1, &next))
		ticker.next_funding_ms = next.at_ms;
	return ticker;
}

static struct account account_of(const struct seat *seat)
{
	struct broker_symbol_state state = broker_symbol_state(
		seat->broker, seat->account, seat->symbol);
	struct account account = {
		.balance = broker_balance(seat->broker, seat->account).balance,
		.position_mode = state.mode,
		.margin_mode_known = true,
		.margin_mode = broker_margin_mode(seat->broker, seat->account),
	};

	account.position_count = broker_positions(
		seat->broker, seat->account, seat->symbol, account.positions);
	for (size_t i = 0; i < account.position_count; i++)
		if (!decimal_is_zero(account.positions[i].quantity))
			account.active_symbols = 1;
	return account;
}

static struct input_history history_of(const struct seat *seat)
{
	return (struct input_history){
		.last_fill_ms = seat->last_fill_ms,
		.last_entry_ms = seat->book.last_entry_ms,
		.cycle_base = seat->book.base_price,
		.last_add = seat->book.last_add_price,
		.cycle_ended_ms = seat->book.cycle_ended_ms,
		.cycle_ended_by = seat->cycle_ended_by,
		.day_net = seat->day_net,
		.day_orders = seat->day_orders,
	};
}

struct exposure {
	struct decimal notional, margin;
};

/* The leg and its resting entries: nobody else trades on this account. */
static struct exposure exposure_of(const struct seat *seat, const struct account *account)
{
	struct exposure exposure = {DECIMAL_ZERO, DECIMAL_ZERO};

	for (size_t i = 0; i < seat->standing_count; i++) {
		const struct input_order *order = &seat->standing[i].order;
		struct decimal left = decimal_sub(order->quantity, order->filled);
		if (purpose_is_entry(order->purpose))
			exposure.notional = decimal_add(
				exposure.notional, decimal_round(decimal_mul(left, order->price),
							   E8_PLACES, ROUND_UP));
	}
	exposure.margin = decimal_div(exposure.notional,
		decimal_from_int(seat->options->bot.leverage), E8_PLACES, ROUND_UP);
	for (size_t i = 0; i < account->position_count; i++) {
		const struct position *position = &account->positions[i];
		exposure.notional = decimal_add(exposure.notional,
			decimal_round(decimal_mul(position->quantity, position->mark), E8_PLACES,
				ROUND_UP));
		exposure.margin = decimal_add(exposure.margin, position->initial_margin);
	}
	return exposure;
}

static int show(struct seat *seat, struct err *err)
{
	const struct backtest_bot *bot = &seat->options->bot;
	struct input_order orders[STRATEGY_ORDERS_MAX];
	struct broker_price price;
	bool priced = broker_last_price(seat->broker, seat->symbol, &price);

	assert(priced);
	turn_day(seat, seat->now_ms);
	struct ticker ticker = ticker_of(seat, &price);
	struct account account = account_of(seat);
	struct exposure exposure = exposure_of(seat, &account);
	for (size_t i = 0; i < seat->standing_count; i++) {
		orders[i] = seat->standing[i].order;
		orders[i].id = (int32_t)i;
	}
	const struct input_facts facts = {
		.symbol = rules_of(seat)->symbol,
		.side = bot->side,
		.leg = seat->leg,
		.position_mode = bot->position_mode,
		.leverage = bot->leverage,
		.mode = bot->mode,
		.auto_open = bot->auto_open,
		.blocks = seat->paused_ms != 0 ? BLOCK_EXITS_ONLY : 0,
		.rules = rules_of(seat),
		.ticker = &ticker,
		.account = &account,
		.book = &seat->book,
		.account_notional = exposure.notional,
		.account_margin = exposure.margin,
		.history = history_of(seat),
		.orders = orders,
		.order_count = seat->standing_count,
	};
	return input_fill(&facts, &seat->input, err);
}

/* --- what it says --------------------------------------------------------------------------- */

/* A refused request changes nothing; what became of the order is told by the ledger. */
static void cancel(struct seat *seat, const struct standing *standing)
{
	char id[VENUE_ORDER_ID_SIZE];
	struct err err;

	memcpy(id, standing->id, sizeof id);
	if (broker_cancel(seat->broker, seat->account, id, seat->now_ms, &err) == -1)
		die("a standing order cannot be cancelled: %s", err.message);
	seat->counts.cancelled++;
	broker_step(seat->broker, seat->now_ms);
}

static void record_order(
	struct seat *seat, const struct order_request *request, enum purpose purpose, bool taken)
{
	const struct rules *rules = rules_of(seat);

	if (seat->options->record == NULL)
		return;
	record_add_order(seat->options->record,
		&(struct record_order){
			.at_ms = seat->now_ms,
			.number = seat->counts.orders,
			.purpose = purpose,
			.side = request->side,
			.type = request->type,
			.lots = lots_of(seat, request->quantity),
			.ticks = steps(request->price, rules->tick_size),
			.trigger_ticks = steps(request->trigger_price, rules->tick_size),
			.taken = taken,
		});
}

static void place(struct seat *seat, const struct order_request *request, enum purpose purpose)
{
	struct order order;
	struct err err;

	seat->counts.orders++;
	if (purpose_is_entry(purpose))
		seat->day_orders++;
	if (seat->standing_count == STRATEGY_ORDERS_MAX) {
		turned_away(seat, "too many orders");
		return;
	}
	bool taken = broker_place(
			     seat->broker, seat->account, request, seat->now_ms, &order, &err) == 0;
	record_order(seat, request, purpose, taken);
	if (!taken) {
		turned_away(seat, broker_refusal_text((enum broker_refusal)err.venue_code));
		return;
	}
	struct standing *standing = &seat->standing[seat->standing_count++];
	memcpy(standing->id, order.venue_order_id, sizeof standing->id);
	standing->number = seat->counts.orders;
	standing->order = (struct input_order){
		.purpose = purpose,
		.side = request->side,
		.type = request->type,
		.quantity = order.quantity,
		.price = request->price,
		.trigger_price = request->trigger_price,
		.created_ms = seat->now_ms,
	};
	broker_step(seat->broker, seat->now_ms);
}

static void place_piece(struct seat *seat, const struct intent *intent, int64_t lots)
{
	const struct strategy_rules *rules = &seat->input.rules;
	struct order_request request = {
		.side = intent->side,
		.leg = seat->leg,
		.type = intent->type,
		.time_in_force = intent->time_in_force,
		.quantity = units_quantity_of(lots, rules),
		.trigger_by = intent->trigger_by,
		.trigger_rising = intent->side == SIDE_BUY,
		.reduce_only = intent->reduce_only,
		.close_on_trigger = intent->type == ORDER_STOP_MARKET && intent->reduce_only,
	};

	memcpy(request.symbol, rules_of(seat)->symbol, sizeof request.symbol);
	if (intent->type == ORDER_LIMIT)
		request.price = units_price_of(intent->price_ticks, rules);
	if (intent->type == ORDER_STOP_MARKET)
		request.trigger_price = units_price_of(intent->trigger_ticks, rules);
	place(seat, &request, intent->purpose);
}

/* Exits above the venue's maximum are split, as the worker splits them. */
static void place_intent(struct seat *seat, const struct intent *intent)
{
	const struct strategy_rules *rules = &seat->input.rules;
	int64_t most = intent->type == ORDER_LIMIT ? rules->max_lots : rules->max_market_lots;

	for (int64_t left = intent->lots; left > 0; left -= most)
		place_piece(seat, intent, left < most ? left : most);
}

static void amend(struct seat *seat, const struct standing *standing, const struct intent *intent)
{
	const struct strategy_rules *rules = &seat->input.rules;
	struct broker_amend wanted = {
		.has_price = true,
		.has_quantity = true,
		.price = units_price_of(intent->price_ticks, rules),
		.quantity = units_quantity_of(intent->lots, rules),
	};
	struct err err;

	seat->counts.orders++;
	if (broker_amend(seat->broker, seat->account, standing->id, &wanted, seat->now_ms, &err) ==
		-1) {
		turned_away(seat, broker_refusal_text((enum broker_refusal)err.venue_code));
		return;
	}
	broker_step(seat->broker, seat->now_ms);
}

/* Handles are places in the list as it was shown; cancels are carried out from its end. */
static void send_cancels(struct seat *seat)
{
	for (size_t handle = seat->standing_count; handle-- > 0;)
		for (size_t i = 0; i < seat->output.intent_count; i++) {
			const struct intent *intent = &seat->output.intents[i];
			if (intent->kind == INTENT_CANCEL && intent->order_id == (int32_t)handle)
				cancel(seat, &seat->standing[handle]);
		}
}

/* 0: exits, 1: entries. */
static int send_class(enum purpose purpose)
{
	return purpose_is_entry(purpose) ? 1 : 0;
}

static void send_places(struct seat *seat, int class)
{
	for (size_t i = 0; i < seat->output.intent_count; i++) {
		const struct intent *intent = &seat->output.intents[i];
		if (intent->kind == INTENT_PLACE && send_class(intent->purpose) == class)
			place_intent(seat, intent);
	}
}

/* An order that a cancel of the same decision has removed moves the handles after it. */
static void send_amends(struct seat *seat, const struct standing *shown, size_t count)
{
	for (size_t i = 0; i < seat->output.intent_count; i++) {
		const struct intent *intent = &seat->output.intents[i];
		if (intent->kind != INTENT_AMEND)
			continue;
		assert(intent->order_id >= 0 && (size_t)intent->order_id < count);
		const struct standing *standing = standing_of(seat, shown[intent->order_id].id);
		if (standing != NULL)
			amend(seat, standing, intent);
	}
}

static void note_words(struct seat *seat)
{
	for (size_t i = 0; i < seat->output.intent_count; i++) {
		const struct intent *intent = &seat->output.intents[i];
		seat->counts.notices += intent->kind == INTENT_NOTIFY;
		if (intent->kind == INTENT_PAUSE && seat->paused_ms == 0) {
			seat->paused_ms = seat->now_ms;
			seat->counts.pauses++;
		}
	}
}

static void note_fault(struct seat *seat)
{
	const struct strategy_output *output = &seat->output;

	if (output->status != DECISION_FAULT)
		return;
	seat->counts.faults++;
	if (output->reason_count > 0)
		(void)snprintf(seat->counts.fault, sizeof seat->counts.fault, "%s",
			output->reasons[output->reason_count - 1].text);
}

static void execute(struct seat *seat)
{
	struct standing shown[STRATEGY_ORDERS_MAX];
	size_t count = seat->standing_count;

	if (seat->output.intent_count == 0)
		return;
	memcpy(shown, seat->standing, count * sizeof shown[0]);
	send_cancels(seat);
	send_amends(seat, shown, count);
	send_places(seat, 0);
	send_places(seat, 1);
	note_words(seat);
}

/* What takes new risk away takes the entries that still rest first, as in worker/run.c. */
static void cancel_entries(struct seat *seat)
{
	for (size_t i = seat->standing_count; i-- > 0;)
		if (purpose_is_entry(seat->standing[i].order.purpose))
			cancel(seat, &seat->standing[i]);
}

static void look_at_pause(struct seat *seat)
{
	int64_t after_ms = seat->options->bot.resume_after_ms;

	if (seat->paused_ms == 0)
		return;
	if (after_ms != 0 && seat->now_ms >= seat->paused_ms + after_ms)
		seat->paused_ms = 0;
	else
		cancel_entries(seat);
}

int seat_decide(struct seat *seat, int64_t now_ms, const struct series *series, size_t series_count,
	int64_t *ret_follow_up_ms, struct err *err)
{
	const struct backtest_bot *bot = &seat->options->bot;

	seat->now_ms = now_ms;
	look_at_pause(seat);
	bot->strategy->indicators(
		bot->params, series, series_count, rules_of(seat), &seat->input.indicators);
	seat->input.params = bot->params;
	if (show(seat, err) == -1)
		return -1;
	bot->strategy->decide(&seat->input, seat->state, &seat->output);
	memcpy(seat->state, seat->output.state, bot->strategy->state_size);
	seat->counts.decisions++;
	note_fault(seat);
	execute(seat);
	*ret_follow_up_ms = seat->output.follow_up_ms;
	return 0;
}

void seat_result(const struct seat *seat, struct backtest_result *ret)
{
	struct broker_balance balance = broker_balance(seat->broker, seat->account);

	ret->counts = seat->counts;
	ret->cycles = seat->cycles;
	ret->realised_e8 = e8(balance.realised);
	ret->fees_e8 = e8(balance.fees);
	ret->funding_e8 = e8(balance.funding);
	ret->wallet_e8 = e8(balance.balance.wallet);
	ret->open_lots = lots_of(seat, seat->book.quantity);
	ret->liquidated_ms = seat->liquidated_ms;
	ret->paused_ms = seat->paused_ms;
}
