#include "strategies/input.h"

#include "strategies/units.h"

#include <stdio.h>

static const struct position *own_position(const struct input_facts *facts)
{
	for (size_t i = 0; i < facts->account->position_count; i++)
		if (facts->account->positions[i].leg == facts->leg)
			return &facts->account->positions[i];
	return NULL;
}

static int fill_rules(const struct input_facts *facts, struct strategy_rules *ret, struct err *err)
{
	const struct position *position = own_position(facts);
	struct decimal value = position == NULL ? DECIMAL_ZERO
						: decimal_round(decimal_mul(position->quantity,
									position->mark),
							  8, ROUND_HALF_UP);

	return units_rules(facts->rules, value, ret, err);
}

/* A live run never changes a setting: what differs blocks entries only. */
static bool settings_match(const struct input_facts *facts)
{
	const struct position *position = own_position(facts);

	return facts->account->position_mode == facts->position_mode && position != NULL &&
	       decimal_equal(position->leverage, decimal_from_int(facts->leverage));
}

static int fill_account(
	const struct input_facts *facts, struct strategy_account *ret, struct err *err)
{
	const struct account *account = facts->account;

	*ret = (struct strategy_account){
		.active_symbols = (int64_t)account->active_symbols,
		.age_ms = facts->account_age_ms,
		.position_mode = account->position_mode,
		.margin_mode = account->margin_mode,
		.margin_mode_known = account->margin_mode_known,
		.settings_match = settings_match(facts),
	};
	if (units_money(account->balance.wallet, "balance.wallet", &ret->wallet_e8, err) == -1 ||
		units_money(account->balance.equity, "balance.equity", &ret->equity_e8, err) ==
			-1 ||
		units_money(account->balance.available, "balance.available", &ret->available_e8,
			err) == -1 ||
		units_money(facts->account_notional, "account_notional", &ret->account_notional_e8,
			err) == -1 ||
		units_money(facts->account_margin, "account_margin", &ret->account_margin_e8,
			err) == -1)
		return -1;
	return 0;
}

/* In one-way mode a position of the other direction is not ours. */
static bool is_own(const struct input_facts *facts, const struct position *position)
{
	return position->leg == facts->leg &&
	       (facts->leg != LEG_ONE_WAY || decimal_is_zero(position->quantity) ||
		       position->side == facts->side);
}

static int fill_legs(const struct input_facts *facts, struct strategy_input *input, struct err *err)
{
	input->leg_own = (struct strategy_leg){0};
	input->leg_opposite = (struct strategy_leg){0};
	for (size_t i = 0; i < facts->account->position_count; i++) {
		const struct position *position = &facts->account->positions[i];
		struct strategy_leg *leg = is_own(facts, position) ? &input->leg_own
								   : &input->leg_opposite;
		if (units_leg(position, &input->rules, leg, err) == -1)
			return -1;
	}
	if (facts->drift) {
		int64_t booked;
		if (units_lots(facts->book->quantity, &input->rules, "book.quantity", &booked,
			    err) == -1)
			return -1;
		if (booked < input->leg_own.lots)
			input->leg_own.lots = booked;
	}
	return 0;
}

static int fill_history(
	const struct input_facts *facts, struct strategy_input *input, struct err *err)
{
	const struct input_history *history = &facts->history;
	const struct book *book = facts->book;

	input->cycle = decimal_is_zero(book->quantity) ? 0 : book->cycle;
	input->cycle_adds = book->adds;
	input->cycle_started_ms = book->cycle_started_ms;
	input->last_fill_ms = history->last_fill_ms;
	input->last_entry_ms = history->last_entry_ms;
	input->cycle_ended_ms = history->cycle_ended_ms;
	input->cycle_ended_by = history->cycle_ended_by;
	input->day_orders = history->day_orders;
	if (units_price(history->cycle_base, &input->rules, "cycle_base", ROUND_HALF_UP,
		    &input->cycle_base_ticks, err) == -1 ||
		units_price(history->last_add, &input->rules, "last_add", ROUND_HALF_UP,
			&input->last_add_ticks, err) == -1 ||
		units_lots(history->cycle_entered, &input->rules, "cycle_entered",
			&input->cycle_entered_lots, err) == -1 ||
		units_money(book->cycle_funding, "cycle_funding", &input->cycle_funding_e8, err) ==
			-1 ||
		units_money(history->day_net, "day_net", &input->day_net_e8, err) == -1)
		return -1;
	return 0;
}

static int fill_order(const struct input_order *order, const struct strategy_rules *rules,
	struct strategy_order *ret, struct err *err)
{
	*ret = (struct strategy_order){
		.id = order->id,
		.purpose = order->purpose,
		.side = order->side,
		.type = order->type,
		.unknown = order->unknown,
		.created_ms = order->created_ms,
	};
	if (units_lots(order->quantity, rules, "order.quantity", &ret->lots, err) == -1 ||
		units_lots(order->filled, rules, "order.filled", &ret->filled_lots, err) == -1 ||
		units_price(order->price, rules, "order.price", ROUND_HALF_UP, &ret->price_ticks,
			err) == -1 ||
		units_price(order->trigger_price, rules, "order.trigger_price", ROUND_HALF_UP,
			&ret->trigger_ticks, err) == -1)
		return -1;
	return 0;
}

static int fill_orders(
	const struct input_facts *facts, struct strategy_input *input, struct err *err)
{
	if (facts->order_count > STRATEGY_ORDERS_MAX)
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER, "more than %d open orders on %s",
			STRATEGY_ORDERS_MAX, facts->symbol);
	for (size_t i = 0; i < facts->order_count; i++)
		if (fill_order(&facts->orders[i], &input->rules, &input->orders[i], err) == -1)
			return -1;
	input->order_count = facts->order_count;
	return 0;
}

int input_fill(const struct input_facts *facts, struct strategy_input *ret, struct err *err)
{
	(void)snprintf(ret->symbol, sizeof ret->symbol, "%s", facts->symbol);
	ret->now_ms = facts->now_ms != 0 ? facts->now_ms : facts->ticker->market_ms;
	ret->side = facts->side;
	ret->leg = facts->leg;
	ret->mode = facts->mode;
	ret->auto_open = facts->auto_open;
	ret->open_asked = facts->open_asked;
	ret->leverage = facts->leverage;
	ret->blocks = facts->blocks;
	if (fill_rules(facts, &ret->rules, err) == -1 ||
		units_ticker(facts->ticker, &ret->rules, facts->ticker_age_ms, &ret->ticker, err) ==
			-1 ||
		fill_account(facts, &ret->account, err) == -1 || fill_legs(facts, ret, err) == -1 ||
		fill_history(facts, ret, err) == -1 || fill_orders(facts, ret, err) == -1)
		return err_while(err, "cannot show %s to its strategy", facts->symbol);
	return 0;
}
