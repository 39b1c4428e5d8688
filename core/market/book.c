#include "core/market/book.h"

#include <assert.h>
#include <string.h>

static struct decimal shown(struct decimal value)
{
	return decimal_is_valid(value) ? decimal_trim(value) : value;
}

/* whole * part / total, rounded half up to BOOK_SCALE places. */
static struct decimal share(struct decimal whole, struct decimal part, struct decimal total)
{
	return shown(decimal_mul_div(whole, part, total, BOOK_SCALE, ROUND_HALF_UP));
}

static struct decimal value_of(struct decimal price, struct decimal quantity)
{
	return share(price, quantity, decimal_from_int(1));
}

struct decimal book_average(const struct book *book)
{
	if (decimal_is_valid(book->quantity) && decimal_is_zero(book->quantity))
		return DECIMAL_ZERO;
	return shown(decimal_div(book->cost, book->quantity, BOOK_SCALE, ROUND_HALF_UP));
}

static void start_cycle(struct book *book, enum side held, struct decimal price, int64_t now_ms)
{
	book->held = held;
	book->cycle++;
	book->cycle_pnl = DECIMAL_ZERO;
	book->cycle_fees = DECIMAL_ZERO;
	book->cycle_funding = DECIMAL_ZERO;
	book->cycle_unpriced = false;
	book->cycle_started_ms = now_ms;
	book->last_entry_ms = now_ms;
	book->base_price = price;
	book->last_add_price = price;
	book->adds = 0;
	book->entry_order_id[0] = '\0';
}

/* A trade's part of a fill and of its fee. */
struct part {
	struct decimal quantity, fee, fee_value;
	bool fee_priced;
};

static void pay_fee(struct book *book, const struct part *part)
{
	book->cycle_unpriced = book->cycle_unpriced || !part->fee_priced;
	if (part->fee_priced)
		book->cycle_fees = decimal_add(book->cycle_fees, part->fee_value);
}

/* True if the fill is of another entry order than the last one, which it then becomes. */
static bool is_new_entry(struct book *book, const struct fill *fill)
{
	if (strcmp(book->entry_order_id, fill->venue_order_id) == 0)
		return false;
	memcpy(book->entry_order_id, fill->venue_order_id, sizeof book->entry_order_id);
	return true;
}

static struct trade_effect enter(
	struct book *book, const struct fill *fill, const struct part *part)
{
	bool was_flat = decimal_is_zero(book->quantity);

	if (was_flat)
		start_cycle(book, fill->side, fill->price, fill->executed_ms);
	if (is_new_entry(book, fill) && !was_flat)
		book->adds++;
	if (book->adds > 0)
		book->last_add_price = fill->price;
	if (fill->executed_ms > book->last_entry_ms)
		book->last_entry_ms = fill->executed_ms;

	book->quantity = decimal_add(book->quantity, part->quantity);
	book->cost = decimal_add(book->cost, value_of(fill->price, part->quantity));
	pay_fee(book, part);

	return (struct trade_effect){
		.action = book->adds == 0 ? TRADE_OPENED : TRADE_ADDED,
		.quantity = part->quantity,
		.average = book_average(book),
		.fee = part->fee,
		.fee_priced = part->fee_priced,
		.fee_value = part->fee_value,
		.cycle = book->cycle,
	};
}

/* Takes part (at most what is held) off the leg; a full close takes the whole cost, so that the
 * roundings of earlier reductions end here and the cycle's PnL is exact. */
static struct decimal realise(struct book *book, struct decimal part, struct decimal price)
{
	bool whole = decimal_equal(part, book->quantity);
	struct decimal cost = whole ? book->cost : share(book->cost, part, book->quantity);
	struct decimal gained = decimal_sub(value_of(price, part), cost);

	book->quantity = whole ? DECIMAL_ZERO : decimal_sub(book->quantity, part);
	book->cost = whole ? DECIMAL_ZERO : decimal_sub(book->cost, cost);
	return shown(book->held == SIDE_BUY ? gained : decimal_neg(gained));
}

static void end_cycle(struct book *book, const struct fill *fill, struct trade_effect *effect)
{
	book->cycle_ended_ms = fill->executed_ms;
	effect->cycle_ended = true;
	effect->net_known = !book->cycle_unpriced;
	if (effect->net_known)
		effect->cycle_net = decimal_add(
			decimal_sub(book->cycle_pnl, book->cycle_fees), book->cycle_funding);
}

static struct trade_effect leave(
	struct book *book, const struct fill *fill, const struct part *part)
{
	struct trade_effect effect = {
		.quantity = part->quantity,
		.average = book_average(book),
		.fee = part->fee,
		.fee_priced = part->fee_priced,
		.fee_value = part->fee_value,
		.cycle = book->cycle,
	};
	bool was_flat = decimal_is_zero(book->quantity);

	if (!was_flat)
		effect.pnl = realise(
			book, decimal_min(part->quantity, book->quantity), fill->price);
	book->cycle_pnl = decimal_add(book->cycle_pnl, effect.pnl);
	pay_fee(book, part);

	effect.action = decimal_is_zero(book->quantity) ? TRADE_CLOSED : TRADE_REDUCED;
	if (effect.action == TRADE_CLOSED && !was_flat)
		end_cycle(book, fill, &effect);
	return effect;
}

static bool is_entry(const struct book *book, const struct fill *fill)
{
	switch (fill->leg) {
	case LEG_LONG:
		return fill->side == SIDE_BUY;
	case LEG_SHORT:
		return fill->side == SIDE_SELL;
	case LEG_ONE_WAY:
		return decimal_is_zero(book->quantity) || fill->side == book->held;
	}
	die("leg %d has no name", (int)fill->leg);
}

/* Splits a fill: ret_first takes that much of it and its share of the fee, ret_rest the rest. */
static void split(const struct fill *fill, const struct part *whole, struct decimal first,
	struct part *ret_first, struct part *ret_rest)
{
	*ret_first = (struct part){
		.quantity = first,
		.fee = share(whole->fee, first, fill->quantity),
		.fee_value = share(whole->fee_value, first, fill->quantity),
		.fee_priced = whole->fee_priced,
	};
	*ret_rest = (struct part){
		.quantity = decimal_sub(whole->quantity, first),
		.fee = decimal_sub(whole->fee, ret_first->fee),
		.fee_value = decimal_sub(whole->fee_value, ret_first->fee_value),
		.fee_priced = whole->fee_priced,
	};
}

static int effects_of(struct book *book, const struct fill *fill, const struct decimal *fee_value,
	struct trade_effect effects[2])
{
	const struct part whole = {
		.quantity = fill->quantity,
		.fee = fill->fee,
		.fee_priced = fee_value != NULL,
		.fee_value = fee_value != NULL ? *fee_value : DECIMAL_ZERO,
	};
	struct part first;
	struct part rest;

	if (is_entry(book, fill)) {
		effects[0] = enter(book, fill, &whole);
		return 1;
	}
	if (fill->leg != LEG_ONE_WAY || !decimal_less(book->quantity, fill->quantity)) {
		effects[0] = leave(book, fill, &whole);
		return 1;
	}
	split(fill, &whole, book->quantity, &first, &rest);
	effects[0] = leave(book, fill, &first);
	effects[1] = enter(book, fill, &rest);
	return 2;
}

static int check(
	const struct book *book, const struct trade_effect *effects, int count, struct err *err)
{
	if (decimal_check(book->quantity, "quantity of the leg", err) == -1 ||
		decimal_check(book->cost, "cost of the leg", err) == -1 ||
		decimal_check(book->cycle_pnl, "profit of the cycle", err) == -1 ||
		decimal_check(book->cycle_fees, "fees of the cycle", err) == -1 ||
		decimal_check(book->cycle_funding, "funding of the cycle", err) == -1)
		return -1;
	for (int i = 0; i < count; i++) {
		if (decimal_check(effects[i].average, "average of the leg", err) == -1 ||
			decimal_check(effects[i].pnl, "profit of the trade", err) == -1 ||
			decimal_check(effects[i].fee, "fee of the trade", err) == -1 ||
			decimal_check(effects[i].fee_value, "worth of the fee", err) == -1 ||
			decimal_check(effects[i].cycle_net, "result of the cycle", err) == -1)
			return -1;
	}
	return 0;
}

int book_apply(struct book *book, const struct fill *fill, const struct decimal *fee_value,
	struct trade_effect ret_effects[2], struct err *err)
{
	if (decimal_sign(fill->quantity) <= 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"quantity of fill %s must be above zero", fill->exec_id);
	if (decimal_sign(fill->price) <= 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"price of fill %s must be above zero", fill->exec_id);

	struct book after = *book;
	struct trade_effect effects[2] = {0};
	int count = effects_of(&after, fill, fee_value, effects);

	if (check(&after, effects, count, err) == -1)
		return err_while(err, "could not book fill %s", fill->exec_id);

	*book = after;
	memcpy(ret_effects, effects, (size_t)count * sizeof effects[0]);
	return count;
}

void book_funding(struct book *book, struct decimal amount)
{
	if (!decimal_is_zero(book->quantity))
		book->cycle_funding = decimal_add(book->cycle_funding, amount);
}

/* Ours as a signed amount in the given direction. */
static struct decimal held_towards(const struct book *book, enum side direction)
{
	return book->held == direction ? book->quantity : decimal_neg(book->quantity);
}

int book_adopt(struct book *book, enum side held, struct decimal quantity, struct decimal average,
	int64_t now_ms, struct decimal *ret_difference, struct err *err)
{
	struct book after = *book;
	bool was_flat = decimal_is_zero(book->quantity);
	bool gets_flat = decimal_is_zero(quantity);
	enum side direction = gets_flat && !was_flat ? book->held : held;
	struct decimal ours = was_flat ? DECIMAL_ZERO : held_towards(book, direction);
	struct decimal difference = decimal_sub(quantity, ours);

	if (!gets_flat && (was_flat || book->held != held))
		start_cycle(&after, held, average, now_ms);
	if (gets_flat && !was_flat)
		after.cycle_ended_ms = now_ms;
	after.quantity = quantity;
	after.cost = value_of(average, quantity);

	if (decimal_check(difference, "difference of quantities", err) == -1 ||
		check(&after, NULL, 0, err) == -1)
		return err_while(err, "could not adopt the position");

	*book = after;
	*ret_difference = difference;
	return 0;
}

const char *trade_action_text(enum trade_action action)
{
	static const char *const names[] = {
		[TRADE_OPENED] = "OPENED",
		[TRADE_ADDED] = "ADDED",
		[TRADE_REDUCED] = "REDUCED",
		[TRADE_CLOSED] = "CLOSED",
	};

	assert((size_t)action < sizeof names / sizeof names[0]);
	return names[action];
}
