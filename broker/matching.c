#include "broker/matching.h"

#include "broker/holding.h"
#include "broker/margin.h"
#include "broker/notice.h"
#include "broker/roster.h"
#include "broker/vetting.h"

/* ---- the end of an order -------------------------------------------------------------------- */

static void finish(struct broker *broker, struct record *record, enum order_status status,
	enum broker_reason reason)
{
	record->status = status;
	record->reason = reason;
	record->pending = false;
	record->updated_ms = broker->time_ms;
	record->slot->dirty = true;
}

static void cancel(struct broker *broker, struct record *record, enum broker_reason reason)
{
	finish(broker, record, ORDER_STATUS_CANCELLED, reason);
	notice_order(broker, BROKER_EVENT_CANCELLED, record, reason);
}

/* Refused when it took effect. One that has fired was an order before, so it is cancelled. */
static void turn_away(struct broker *broker, struct record *record, enum broker_reason reason)
{
	if (record->triggered) {
		cancel(broker, record, reason);
		return;
	}
	finish(broker, record, ORDER_STATUS_REJECTED, reason);
	notice_order(broker, BROKER_EVENT_REJECTED, record, reason);
}

/* ---- fills ---------------------------------------------------------------------------------- */

static void book(struct broker *broker, const struct slot *slot,
	const struct holding_change *change, money fee)
{
	struct account_book *account = broker->accounts[slot->account];
	account->realised += change->cash_flow;
	account->fees += fee;
	account->wallet += change->cash_flow - fee;
}

/* Reduce-only orders in the book follow the position down. */
static void trim_reducing(struct broker *broker, struct slot *slot, int leg)
{
	for (struct record *record = slot->first; record; record = record->after) {
		if (!model_live(record) || model_waits(record) || record->pending ||
			!record->reduce_only || record->leg != leg)
			continue;
		int64_t closable = model_closable(slot, leg, record->request.side);
		if (record->lots - record->filled <= closable)
			continue;
		if (closable == 0) {
			cancel(broker, record, BROKER_REASON_REDUCE_ONLY);
			continue;
		}
		record->lots = record->filled + closable;
		record->updated_ms = broker->time_ms;
		notice_order(broker, BROKER_EVENT_AMENDED, record, BROKER_REASON_REDUCE_ONLY);
	}
}

struct execution {
	enum fill_kind kind;
	enum side side;
	enum liquidity liquidity;
	int64_t lots, ticks;
	int64_t fee_rate;
};

/* Books one execution on a leg; record is NULL for forced ones. */
static void execute(struct broker *broker, struct slot *slot, int leg, struct record *record,
	const struct execution *execution)
{
	const struct listing *listing = model_listing(broker, slot);
	money value = listing_value(listing, execution->lots, execution->ticks);
	money fee = listing_fee(value, execution->fee_rate);

	const struct holding_fill fill = {
		.side = execution->side,
		.lots = execution->lots,
		.ticks = execution->ticks,
		.fee = fee,
		.leverage = slot->leverage[execution->side],
		.isolated = model_isolated(slot),
		.time_ms = broker->time_ms,
	};
	struct holding_change change = holding_apply(&slot->legs[leg], listing, &fill);
	book(broker, slot, &change, fee);
	if (record) {
		record->filled += execution->lots;
		record->filled_value += value;
		record->fee += fee;
		record->updated_ms = broker->time_ms;
		if (record->filled == record->lots)
			finish(broker, record, ORDER_STATUS_FILLED, BROKER_REASON_NONE);
	}
	const struct notice_fill told = {slot, leg, record, execution->kind, execution->side,
		execution->liquidity, execution->lots, execution->ticks, fee, &change};
	notice_fill(broker, &told);
	if (change.closed_lots > 0)
		trim_reducing(broker, slot, leg);
}

/* ---- liquidity ------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t value) /* splitmix64's finaliser */
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static int draw_bps(uint64_t dice, int min_bps, int max_bps)
{
	return min_bps + (int)(dice % (uint64_t)(max_bps - min_bps + 1));
}

/*
 * The dice are a hash of what they are thrown for, not a running generator: what one account
 * gets does not depend on what others did or in which order.
 */
static void draw_period(const struct broker *broker, struct slot *slot)
{
	int64_t period_ms = model_listing(broker, slot)->price.period_ms;
	if (slot->drawn && slot->period_ms == period_ms)
		return;
	const struct broker_settings *settings = &broker->settings;
	uint64_t dice = mix(settings->seed ^ mix((uint64_t)period_ms));
	dice = mix(dice ^ mix((uint64_t)slot->account << 32 | (uint64_t)slot->symbol));
	slot->drawn = true;
	slot->period_ms = period_ms;
	slot->taker_used = 0;
	slot->maker_used = 0;
	slot->taker_bps = draw_bps(
		mix(dice + 1), settings->taker_share_min_bps, settings->taker_share_max_bps);
	slot->maker_bps = draw_bps(
		mix(dice + 2), settings->maker_share_min_bps, settings->maker_share_max_bps);
}

static int64_t share_left(int64_t volume, int bps, int64_t used)
{
	int64_t share = (int64_t)((money)volume * bps / 10000);
	return share > used ? share - used : 0;
}

static int64_t taker_left(const struct broker *broker, struct slot *slot)
{
	draw_period(broker, slot);
	return share_left(
		model_listing(broker, slot)->price.volume, slot->taker_bps, slot->taker_used);
}

static int64_t maker_left(const struct broker *broker, struct slot *slot)
{
	draw_period(broker, slot);
	return share_left(
		model_listing(broker, slot)->price.volume, slot->maker_bps, slot->maker_used);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- taking --------------------------------------------------------------------------------- */

static bool crosses(const struct listing *listing, const struct record *record)
{
	if (record->market)
		return true;
	return record->request.side == SIDE_BUY ? record->price >= listing->price.ask
						: record->price <= listing->price.bid;
}

/* Market orders are IOC whatever they were asked to be. */
static enum time_in_force time_in_force(const struct record *record)
{
	return record->market ? TIF_IOC : record->request.time_in_force;
}

/* Ask or bid, and the slippage beyond it as far as the order's limit allows. */
static int64_t taken_at(const struct broker *broker, const struct record *record)
{
	const struct listing *listing = model_listing(broker, record->slot);
	bool buys = record->request.side == SIDE_BUY;
	int64_t ticks = buys ? listing->price.ask : listing->price.bid;
	int64_t slip = (int64_t)fixed_ceiling(
		(money)ticks * broker->settings.taker_slippage_ppm, 1000000);

	ticks += buys ? slip : -slip;
	if (ticks < 1)
		ticks = 1;
	if (!record->market && (buys ? ticks > record->price : ticks < record->price))
		return record->price;
	return ticks;
}

/* Fills what crosses and can be had; the rest ends or rests as the time in force says. */
static void take(struct broker *broker, struct record *record)
{
	struct slot *slot = record->slot;
	const struct listing *listing = model_listing(broker, slot);
	enum side side = record->request.side;
	enum time_in_force tif = time_in_force(record);
	int64_t wanted = record->lots - record->filled;
	int64_t lots = crosses(listing, record) ? least(wanted, taker_left(broker, slot)) : 0;

	record->rested = broker->price_event;
	if (tif == TIF_FOK && lots < wanted)
		lots = 0;
	if (lots > 0) {
		slot->taker_used += lots;
		execute(broker, slot, record->leg, record,
			&(struct execution){FILL_TRADE, side, LIQUIDITY_TAKER, lots,
				taken_at(broker, record), listing->taker_rate});
	}
	if (!model_live(record))
		return;
	if (tif == TIF_IOC || tif == TIF_FOK)
		cancel(broker, record, BROKER_REASON_NO_LIQUIDITY);
	else
		record->reserve = record->price;
}

/* Trims a reduce-only order to the position as it is now; false: nothing is left to reduce. */
static bool fit_reducing(const struct broker *broker, struct record *record)
{
	int64_t closable = model_closable(record->slot, record->leg, record->request.side);
	if (closable == 0)
		return false;
	if (record->close_all)
		record->lots = least(closable, model_listing(broker, record->slot)->market_max);
	if (record->lots - record->filled > closable)
		record->lots = record->filled + closable;
	return true;
}

/* Why an order cannot go to the book now; NONE if it can. */
static enum broker_reason unfit(const struct broker *broker, struct record *record)
{
	const struct listing *listing = model_listing(broker, record->slot);
	if (!listing->rules.trading)
		return BROKER_REASON_SETTLEMENT;
	if (record->reduce_only)
		return fit_reducing(broker, record) ? BROKER_REASON_NONE
						    : BROKER_REASON_REDUCE_ONLY;
	record->reserve = vetting_reserve(listing, record);
	if (!margin_within_risk(broker, record))
		return BROKER_REASON_RISK_LIMIT;
	return margin_covers(broker, record) ? BROKER_REASON_NONE : BROKER_REASON_MARGIN;
}

/* An order reaches the book: placed, or fired. */
static void enter_book(struct broker *broker, struct record *record)
{
	enum broker_reason reason = unfit(broker, record);
	record->pending = false;
	if (reason == BROKER_REASON_REDUCE_ONLY) {
		cancel(broker, record, reason);
		return;
	}
	if (reason != BROKER_REASON_NONE) {
		turn_away(broker, record, reason);
		return;
	}
	record->status = ORDER_STATUS_OPEN;
	record->updated_ms = broker->time_ms;
	notice_order(broker, BROKER_EVENT_WORKING, record, BROKER_REASON_NONE);
	if (time_in_force(record) == TIF_POST_ONLY &&
		crosses(model_listing(broker, record->slot), record))
		cancel(broker, record, BROKER_REASON_POST_ONLY);
	else
		take(broker, record);
}

/* ---- conditional orders --------------------------------------------------------------------- */

static bool fires(const struct listing *listing, const struct record *record)
{
	int64_t now = record->request.trigger_by == TRIGGER_MARK ? listing->price.mark
								 : listing->price.last;
	return record->request.trigger_rising ? now >= record->trigger : now <= record->trigger;
}

static void try_trigger(struct broker *broker, struct record *record)
{
	if (!fires(model_listing(broker, record->slot), record))
		return;
	record->triggered = true;
	record->status = ORDER_STATUS_OPEN;
	record->updated_ms = broker->time_ms;
	notice_order(broker, BROKER_EVENT_TRIGGERED, record, BROKER_REASON_NONE);
	enter_book(broker, record);
}

static void start_waiting(struct broker *broker, struct record *record)
{
	record->pending = false;
	record->updated_ms = broker->time_ms;
	notice_order(broker, BROKER_EVENT_WORKING, record, BROKER_REASON_NONE);
	try_trigger(broker, record);
}

/* ---- commands ------------------------------------------------------------------------------- */

static void apply_place(struct broker *broker, struct record *record)
{
	if (!model_live(record)) /* cancelled, or taken over, before it took effect */
		return;
	if (record->conditional)
		start_waiting(broker, record);
	else
		enter_book(broker, record);
}

static void apply_cancel(struct broker *broker, struct record *record)
{
	if (model_live(record))
		cancel(broker, record, BROKER_REASON_USER);
	else
		notice_order(broker, BROKER_EVENT_TOO_LATE, record, BROKER_REASON_NONE);
}

static bool in_book(const struct record *record)
{
	return !record->pending && !model_waits(record);
}

static money reserved(const struct broker *broker, const struct record *record)
{
	money part;
	(void)margin_orders(broker, record->slot, record, &part);
	return part;
}

/* Puts the new amounts in place; false, and the order is as before, if they cannot be had. */
static bool change_amounts(struct broker *broker, struct record *record,
	const struct record *wanted, enum broker_reason *ret_reason)
{
	struct record before = *record;
	money reserved_before = reserved(broker, record);
	record->lots = wanted->lots;
	record->price = wanted->price;
	record->trigger = wanted->trigger;
	record->reserve = wanted->reserve;
	*ret_reason = BROKER_REASON_NONE;
	/* What waits is looked at when it fires; what frees margin is always welcome. */
	if (model_waits(record) ||
		(reserved(broker, record) <= reserved_before && !record->reduce_only))
		return true;
	*ret_reason = unfit(broker, record);
	if (*ret_reason == BROKER_REASON_NONE)
		return true;
	*record = before;
	return false;
}

bool matching_amend_fits(struct broker *broker, struct record *record, const struct record *wanted,
	enum broker_reason *ret_reason)
{
	struct record before = *record;
	bool fits = change_amounts(broker, record, wanted, ret_reason);
	*record = before;
	return fits;
}

static void apply_amend(
	struct broker *broker, struct record *record, const struct broker_amend *amend)
{
	struct record wanted;
	struct err ignored;
	enum broker_reason reason = BROKER_REASON_NONE;
	/* Read again: fills, cuts and the trigger may have changed the order since. */
	if (!model_live(record) || vetting_amend(broker, record, amend, &wanted, &ignored) == -1 ||
		!change_amounts(broker, record, &wanted, &reason)) {
		notice_order(broker, BROKER_EVENT_TOO_LATE, record, reason);
		return;
	}
	record->updated_ms = broker->time_ms;
	notice_order(broker, BROKER_EVENT_AMENDED, record, BROKER_REASON_NONE);
	if (record->pending)
		return;
	if (model_waits(record))
		try_trigger(broker, record);
	else if (time_in_force(record) == TIF_POST_ONLY &&
		 crosses(model_listing(broker, record->slot), record))
		cancel(broker, record, BROKER_REASON_POST_ONLY);
	else
		take(broker, record);
}

static void apply(struct broker *broker, const struct command *command)
{
	struct record *record = command->record;
	if (record->number != command->number) /* closed, and dropped since */
		return;
	struct slot *slot = record->slot;
	switch (command->kind) {
	case COMMAND_PLACE:
		apply_place(broker, record);
		break;
	case COMMAND_AMEND:
		apply_amend(broker, record, &command->wanted);
		break;
	case COMMAND_CANCEL:
		apply_cancel(broker, record);
		break;
	}
	roster_sweep(broker, slot);
	roster_activity(broker, slot);
}

void matching_queue(struct broker *broker)
{
	struct command command;
	while (roster_dequeue(broker, broker->time_ms, &command))
		apply(broker, &command);
}

/* ---- liquidation ---------------------------------------------------------------------------- */

static void cancel_all(struct broker *broker, struct slot *slot, int leg)
{
	for (struct record *record = slot->first; record; record = record->after)
		if (model_live(record) && !record->pending && record->leg == leg)
			cancel(broker, record, BROKER_REASON_LIQUIDATION);
}

static void take_over(struct broker *broker, struct slot *slot, int leg, money margin)
{
	const struct listing *listing = model_listing(broker, slot);
	const struct holding *holding = &slot->legs[leg];
	execute(broker, slot, leg, NULL,
		&(struct execution){FILL_LIQUIDATION, holding->lots < 0 ? SIDE_BUY : SIDE_SELL,
			LIQUIDITY_TAKER, model_abs(holding->lots),
			margin_bankruptcy(listing, holding, margin), listing->taker_rate});
}

static void test_isolated(struct broker *broker, struct slot *slot, int leg)
{
	const struct holding *holding = &slot->legs[leg];
	int64_t mark = model_listing(broker, slot)->price.mark;
	if (holding->lots == 0 || margin_excess(broker, slot, leg, mark) > 0)
		return;
	notice_liquidation(broker, slot, leg);
	cancel_all(broker, slot, leg);
	take_over(broker, slot, leg, holding->margin);
}

static money value_at_mark(const struct broker *broker, const struct slot *slot, int leg)
{
	const struct listing *listing = model_listing(broker, slot);
	return listing_value(listing, model_abs(slot->legs[leg].lots), listing->price.mark);
}

/*
 * What is left of the account (its equity, less what isolated legs were allotted) is shared out by
 * value at mark among its cross legs; a leg's share minus its unrealised PnL is the part of the
 * wallet that its bankruptcy price may cost. The last leg gets the rest, so that the parts make up
 * the wallet.
 */
static void take_over_account(struct broker *broker, struct account_book *account)
{
	money value_left = 0, equity_left = account->wallet;
	for (int symbol = 0; symbol < broker->symbol_count; symbol++) {
		struct slot *slot = &account->slots[symbol];
		if (model_isolated(slot)) {
			equity_left -= slot->legs[0].margin + slot->legs[1].margin;
			continue;
		}
		for (int leg = 0; leg < POSITIONS_MAX; leg++) {
			cancel_all(broker, slot, leg);
			if (slot->legs[leg].lots == 0)
				continue;
			notice_liquidation(broker, slot, leg);
			value_left += value_at_mark(broker, slot, leg);
			equity_left += margin_unrealised(model_listing(broker, slot),
				&slot->legs[leg], model_listing(broker, slot)->price.mark);
		}
	}
	for (int symbol = 0; symbol < broker->symbol_count; symbol++) {
		struct slot *slot = &account->slots[symbol];
		for (int leg = 0; leg < POSITIONS_MAX; leg++) {
			if (slot->legs[leg].lots == 0 || model_isolated(slot))
				continue;
			money value = value_at_mark(broker, slot, leg);
			money share = fixed_floor(equity_left * value, value_left);
			money unrealised = margin_unrealised(model_listing(broker, slot),
				&slot->legs[leg], model_listing(broker, slot)->price.mark);
			equity_left -= share;
			value_left -= value;
			take_over(broker, slot, leg, share - unrealised);
		}
		roster_sweep(broker, slot);
		roster_activity(broker, slot);
	}
}

static bool holds(const struct slot *slot)
{
	return slot->legs[0].lots != 0 || slot->legs[1].lots != 0;
}

static void test_liquidation(struct broker *broker, struct slot *slot)
{
	if (!holds(slot))
		return;
	struct account_book *account = broker->accounts[slot->account];
	if (model_isolated(slot)) {
		test_isolated(broker, slot, 0);
		test_isolated(broker, slot, 1);
	} else if (margin_excess(broker, slot, 0, model_listing(broker, slot)->price.mark) <= 0) {
		take_over_account(broker, account);
	}
}

/* ---- price ---------------------------------------------------------------------------------- */

static void fire_triggers(struct broker *broker, struct slot *slot)
{
	for (struct record *record = slot->first; record; record = record->after)
		if (model_live(record) && !record->pending && model_waits(record))
			try_trigger(broker, record);
}

static bool traded_through(const struct listing *listing, const struct record *record)
{
	return record->request.side == SIDE_BUY ? listing->price.last < record->price
						: listing->price.last > record->price;
}

static void fill_resting(struct broker *broker, struct slot *slot)
{
	const struct listing *listing = model_listing(broker, slot);
	for (struct record *record = slot->first; record; record = record->after) {
		if (!model_live(record) || !in_book(record) ||
			record->rested == broker->price_event || !traded_through(listing, record))
			continue;
		int64_t lots = least(record->lots - record->filled, maker_left(broker, slot));
		if (lots == 0)
			return;
		slot->maker_used += lots;
		execute(broker, slot, record->leg, record,
			&(struct execution){FILL_TRADE, record->request.side, LIQUIDITY_MAKER, lots,
				record->price, listing->maker_rate});
	}
}

void matching_price(struct broker *broker, int symbol)
{
	struct symbol_book *book_of_symbol = &broker->symbols[symbol];
	for (int i = 0; i < book_of_symbol->active_count;) {
		struct slot *slot = book_of_symbol->active[i];
		if (slot->first) {
			fire_triggers(broker, slot);
			fill_resting(broker, slot);
		}
		test_liquidation(broker, slot);
		roster_sweep(broker, slot);
		roster_activity(broker, slot);
		if (i < book_of_symbol->active_count && book_of_symbol->active[i] == slot)
			i++;
	}
}

/* ---- what the venue does -------------------------------------------------------------------- */

/* Isolated: the free balance pays first, the leg's own margin what is missing. */
static void draw_on_margin(
	struct broker *broker, const struct account_book *account, struct holding *holding)
{
	money available = margin_available(broker, account);
	if (available >= 0)
		return;
	money missing = -available;
	holding->margin -= missing < holding->margin ? missing : holding->margin;
}

static void pay_funding(
	struct broker *broker, struct slot *slot, int leg, struct decimal rate, int64_t rate_fixed)
{
	struct account_book *account = broker->accounts[slot->account];
	struct holding *holding = &slot->legs[leg];
	if (holding->lots == 0)
		return;
	const struct listing *listing = model_listing(broker, slot);
	money value = listing_value(listing, holding->lots, listing->price.mark);
	money paid = -fixed_half_up(value * rate_fixed, FIXED_RATE_ONE);
	account->funding += paid;
	account->wallet += paid;
	holding->realised += paid;
	holding->realised_total += paid;
	holding->updated_ms = broker->time_ms;
	if (paid < 0 && model_isolated(slot))
		draw_on_margin(broker, account, holding);
	notice_funding(broker, slot, leg, rate, paid);
}

void matching_funding(struct broker *broker, int symbol, struct decimal rate, int64_t rate_fixed)
{
	const struct symbol_book *book_of_symbol = &broker->symbols[symbol];
	for (int i = 0; i < book_of_symbol->active_count; i++)
		for (int leg = 0; leg < POSITIONS_MAX; leg++)
			pay_funding(broker, book_of_symbol->active[i], leg, rate, rate_fixed);
}

void matching_force(struct broker *broker, struct slot *slot, int leg, enum fill_kind kind,
	int64_t lots, int64_t ticks)
{
	execute(broker, slot, leg, NULL,
		&(struct execution){kind, slot->legs[leg].lots < 0 ? SIDE_BUY : SIDE_SELL,
			LIQUIDITY_TAKER, lots, ticks, 0});
	roster_sweep(broker, slot);
	roster_activity(broker, slot);
}
