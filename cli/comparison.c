#include "cli/comparison.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FUNDING_LAG_MS 600000 /* runs look for a payment so long: worker/position.c */

struct matching {
	const struct ledger *ledger;
	const struct comparison_venue *venue;
	struct comparison result;
	struct decimal *waiting; /* per leg: what waiting fills will add to our quantity, signed */
};

const char *difference_kind_text(enum difference_kind kind)
{
	static const char *const names[] = {
		[DIFFERENCE_FILL_MISSING] = "fill not booked",
		[DIFFERENCE_TRADE_EXTRA] = "trade without a fill",
		[DIFFERENCE_TRADE_UNEQUAL] = "trade unlike its fill",
		[DIFFERENCE_FUNDING_MISSING] = "funding not booked",
		[DIFFERENCE_FUNDING_EXTRA] = "funding unknown to the venue",
		[DIFFERENCE_FUNDING_UNEQUAL] = "funding unlike the venue's",
		[DIFFERENCE_ORDER_NO_ROW] = "order without a row",
		[DIFFERENCE_ORDER_FINAL] = "order open, row final",
		[DIFFERENCE_ORDER_GONE] = "row open, order not known",
		[DIFFERENCE_POSITION] = "position unlike the book",
	};
	return names[kind];
}

__attribute__((format(printf, 5, 6))) static void note(struct matching *matching,
	enum difference_kind kind, const struct uuid *bot, const char *id, const char *format, ...)
{
	struct difference *item = &matching->result.items[matching->result.count++];
	va_list arguments;

	item->kind = kind;
	if (bot != NULL)
		item->bot = *bot;
	(void)snprintf(item->id, sizeof item->id, "%s", id);
	va_start(arguments, format);
	(void)vsnprintf(item->detail, sizeof item->detail, format, arguments);
	va_end(arguments);
}

/* --- fills ---------------------------------------------------------------------------------- */

/* A quantity in the leg's own direction; of a one-way leg, buying counts up. */
static struct decimal signed_for(enum leg leg, enum side side, struct decimal quantity)
{
	bool adds = leg == LEG_SHORT ? side == SIDE_SELL : side == SIDE_BUY;

	return adds ? quantity : decimal_neg(quantity);
}

/* The leg that a forced fill closed; -1: none of ours. */
static int forced_leg(const struct ledger *ledger, const struct fill *fill)
{
	for (size_t i = 0; i < ledger->leg_count; i++) {
		const struct ledger_leg *leg = &ledger->legs[i];
		if (!leg->claimed)
			continue;
		if (leg->leg == fill->leg)
			return (int)i;
		enum side closes = leg->leg == LEG_SHORT ? SIDE_BUY : SIDE_SELL;
		if (fill->leg == LEG_ONE_WAY && fill->side == closes)
			return (int)i;
	}
	return -1;
}

static int leg_of_row(const struct ledger *ledger, const struct ledger_row *row)
{
	for (size_t i = 0; i < ledger->leg_count; i++)
		if (ledger->legs[i].leg == row->leg &&
			strcmp(ledger->legs[i].bot.text, row->bot.text) == 0)
			return (int)i;
	return -1;
}

static void wait_for(struct matching *matching, int leg, const struct fill *fill)
{
	matching->result.waiting++;
	if (leg < 0)
		return;
	struct decimal *sum = &matching->waiting[leg];
	*sum = decimal_add(
		*sum, signed_for(matching->ledger->legs[leg].leg, fill->side, fill->quantity));
}

static void note_missing(
	struct matching *matching, const struct uuid *bot, const struct fill *fill, const char *why)
{
	note(matching, DIFFERENCE_FILL_MISSING, bot, fill->exec_id, "%s %s at %s, order %s: %s",
		side_text(fill->side), DECIMAL_TEXT(fill->quantity), DECIMAL_TEXT(fill->price),
		fill->client_order_id[0] == '\0' ? "of the venue" : fill->client_order_id, why);
}

/* A fill that is not booked. */
static void match_unbooked(struct matching *matching, const struct fill *fill)
{
	const struct ledger *ledger = matching->ledger;
	const struct ledger_row *row = ledger_row(ledger, fill->client_order_id);
	struct order_key key;

	if (row != NULL && !journal_state_final(row->state)) {
		wait_for(matching, leg_of_row(ledger, row), fill);
	} else if (row != NULL) {
		note_missing(matching, &row->bot, fill, "its row is final");
	} else if (client_order_id_parse(fill->client_order_id, &key)) {
		note_missing(matching, &key.bot, fill, "its order has no row");
	} else if (fill->kind == FILL_TRADE) {
		matching->result.foreign++;
	} else {
		int leg = forced_leg(ledger, fill);
		if (leg < 0)
			matching->result.foreign++;
		else if (fill->executed_ms > ledger->legs[leg].last_run_ms)
			wait_for(matching, leg, fill);
		else
			note_missing(
				matching, &ledger->legs[leg].bot, fill, fill_kind_text(fill->kind));
	}
}

static void match_booked(
	struct matching *matching, const struct ledger_trade *trade, const struct fill *fill)
{
	if (decimal_equal(trade->quantity, fill->quantity) &&
		decimal_equal(trade->price, fill->price) && decimal_equal(trade->fee, fill->fee))
		return;
	note(matching, DIFFERENCE_TRADE_UNEQUAL, &trade->bot, fill->exec_id,
		"booked %s at %s fee %s, venue %s at %s fee %s", DECIMAL_TEXT(trade->quantity),
		DECIMAL_TEXT(trade->price), DECIMAL_TEXT(trade->fee), DECIMAL_TEXT(fill->quantity),
		DECIMAL_TEXT(fill->price), DECIMAL_TEXT(fill->fee));
}

static void match_fills(struct matching *matching, bool *ret_seen)
{
	const struct ledger *ledger = matching->ledger;
	const struct fill_list *fills = &matching->venue->fills;

	for (size_t i = 0; i < fills->count; i++) {
		const struct fill *fill = &fills->items[i];
		const struct ledger_trade *trade = ledger_trade(ledger, fill->exec_id);
		if (trade == NULL) {
			match_unbooked(matching, fill);
			continue;
		}
		matching->result.fills++;
		ret_seen[trade - ledger->trades] = true;
		match_booked(matching, trade, fill);
	}
}

static void match_trades(struct matching *matching, const bool *seen)
{
	const struct ledger *ledger = matching->ledger;

	for (size_t i = 0; i < ledger->trade_count; i++) {
		const struct ledger_trade *trade = &ledger->trades[i];
		if (seen[i] || trade->declared)
			continue;
		note(matching, DIFFERENCE_TRADE_EXTRA, &trade->bot, trade->exec_id, "%s at %s",
			DECIMAL_TEXT(trade->quantity), DECIMAL_TEXT(trade->price));
	}
}

/* --- funding -------------------------------------------------------------------------------- */

static const struct ledger_leg *leg_of_cycle(
	const struct ledger *ledger, const struct ledger_cycle *cycle)
{
	for (size_t i = 0; i < ledger->leg_count; i++)
		if (ledger->legs[i].leg == cycle->leg &&
			strcmp(ledger->legs[i].bot.text, cycle->bot.text) == 0)
			return &ledger->legs[i];
	return NULL;
}

/* The leg of ours that was held when the venue paid; NULL: none. */
static const struct ledger_leg *leg_of_payment(
	const struct ledger *ledger, const struct funding_payment *payment)
{
	for (size_t i = 0; i < ledger->cycle_count; i++) {
		const struct ledger_cycle *cycle = &ledger->cycles[i];
		if (funding_is_of(payment, cycle->leg) && cycle->opened_ms <= payment->paid_ms &&
			payment->paid_ms <= cycle->closed_ms)
			return leg_of_cycle(ledger, cycle);
	}
	return NULL;
}

static void match_unbooked_payment(struct matching *matching, const struct funding_payment *payment)
{
	const struct ledger_leg *leg = leg_of_payment(matching->ledger, payment);

	if (leg == NULL)
		matching->result.foreign++;
	else if (payment->paid_ms + FUNDING_LAG_MS > leg->last_run_ms)
		matching->result.waiting++;
	else
		note(matching, DIFFERENCE_FUNDING_MISSING, &leg->bot, payment->id, "%s on %s",
			DECIMAL_TEXT(payment->amount), DECIMAL_TEXT(payment->quantity));
}

static void match_payments(struct matching *matching, bool *ret_seen)
{
	const struct ledger *ledger = matching->ledger;
	const struct funding_list *payments = &matching->venue->payments;

	for (size_t i = 0; i < payments->count; i++) {
		const struct funding_payment *payment = &payments->items[i];
		const struct ledger_payment *booked = ledger_payment(ledger, payment->id);
		if (booked == NULL) {
			match_unbooked_payment(matching, payment);
			continue;
		}
		matching->result.payments++;
		ret_seen[booked - ledger->payments] = true;
		if (!decimal_equal(booked->amount, payment->amount))
			note(matching, DIFFERENCE_FUNDING_UNEQUAL, &booked->bot, payment->id,
				"booked %s, venue %s", DECIMAL_TEXT(booked->amount),
				DECIMAL_TEXT(payment->amount));
	}
	for (size_t i = 0; i < ledger->payment_count; i++)
		if (!ret_seen[i])
			note(matching, DIFFERENCE_FUNDING_EXTRA, &ledger->payments[i].bot,
				ledger->payments[i].venue_id, "%s",
				DECIMAL_TEXT(ledger->payments[i].amount));
}

/* --- orders --------------------------------------------------------------------------------- */

static bool lists(const struct order_list *orders, const char *client_order_id)
{
	for (size_t i = 0; i < orders->count; i++)
		if (strcmp(orders->items[i].client_order_id, client_order_id) == 0)
			return true;
	return false;
}

void comparison_unlisted(const struct ledger *ledger, const struct order_list *open,
	struct arena *arena, const struct ledger_row ***ret_rows, size_t *ret_count)
{
	const struct ledger_row **rows = ARENA_ARRAY(
		arena, const struct ledger_row *, ledger->row_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < ledger->row_count; i++) {
		const struct ledger_row *row = &ledger->rows[i];
		if (!journal_state_final(row->state) && !lists(open, row->client_order_id))
			rows[count++] = row;
	}
	*ret_rows = rows;
	*ret_count = count;
}

static void match_open(struct matching *matching)
{
	const struct order_list *open = &matching->venue->open;
	struct order_key key;

	for (size_t i = 0; i < open->count; i++) {
		const struct order *order = &open->items[i];
		if (!client_order_id_parse(order->client_order_id, &key))
			continue;
		const struct ledger_row *row = ledger_row(matching->ledger, order->client_order_id);
		matching->result.orders++;
		if (row == NULL)
			note(matching, DIFFERENCE_ORDER_NO_ROW, &key.bot, order->client_order_id,
				"%s %s at %s", side_text(order->side),
				DECIMAL_TEXT(order->quantity), DECIMAL_TEXT(order->price));
		else if (journal_state_final(row->state))
			note(matching, DIFFERENCE_ORDER_FINAL, &row->bot, order->client_order_id,
				"the row is %s", journal_state_text(row->state));
	}
}

static void match_rows(struct matching *matching)
{
	const struct ledger *ledger = matching->ledger;
	const struct comparison_venue *venue = matching->venue;

	for (size_t i = 0; i < ledger->row_count; i++) {
		const struct ledger_row *row = &ledger->rows[i];
		if (journal_state_final(row->state) || lists(&venue->open, row->client_order_id))
			continue;
		/* It has ended there and a run will book how, or nobody knows yet: both are being
		 * worked on. */
		if (row->state != JOURNAL_OPEN || lists(&venue->ended, row->client_order_id))
			matching->result.waiting++;
		else
			note(matching, DIFFERENCE_ORDER_GONE, &row->bot, row->client_order_id,
				"neither open nor in the venue's history");
	}
}

/* --- positions ------------------------------------------------------------------------------ */

static struct decimal venue_quantity(const struct account *account, enum leg leg)
{
	for (size_t i = 0; i < account->position_count; i++) {
		const struct position *position = &account->positions[i];
		if (position->leg != leg || decimal_is_zero(position->quantity))
			continue;
		return leg == LEG_ONE_WAY ? signed_for(leg, position->side, position->quantity)
					  : position->quantity;
	}
	return DECIMAL_ZERO;
}

static void match_positions(struct matching *matching)
{
	const struct ledger *ledger = matching->ledger;

	for (size_t i = 0; i < ledger->leg_count; i++) {
		const struct ledger_leg *leg = &ledger->legs[i];
		if (!leg->claimed && decimal_is_zero(leg->quantity))
			continue;
		struct decimal booked = leg->leg == LEG_ONE_WAY
						? signed_for(leg->leg, leg->held, leg->quantity)
						: leg->quantity;
		struct decimal ours = decimal_add(booked, matching->waiting[i]);
		struct decimal theirs = venue_quantity(&matching->venue->account, leg->leg);
		matching->result.positions++;
		if (!decimal_equal(ours, theirs))
			note(matching, DIFFERENCE_POSITION, &leg->bot, leg_text(leg->leg),
				"booked %s, waiting fills %s, venue %s", DECIMAL_TEXT(booked),
				DECIMAL_TEXT(matching->waiting[i]), DECIMAL_TEXT(theirs));
	}
}

void comparison_make(const struct ledger *ledger, const struct comparison_venue *venue,
	struct arena *arena, struct comparison *ret)
{
	struct matching matching = {.ledger = ledger, .venue = venue};
	bool *seen = ARENA_ARRAY(arena, bool, ledger->trade_count + 1);
	bool *seen_payments = ARENA_ARRAY(arena, bool, ledger->payment_count + 1);

	/* Nothing is noted twice, so this is the most there can be. */
	matching.result.items = ARENA_ARRAY(arena, struct difference,
		venue->fills.count + ledger->trade_count + venue->payments.count +
			ledger->payment_count + venue->open.count + ledger->row_count +
			ledger->leg_count + 1);
	matching.waiting = ARENA_ARRAY(arena, struct decimal, ledger->leg_count + 1);
	match_fills(&matching, seen);
	match_trades(&matching, seen);
	match_payments(&matching, seen_payments);
	match_open(&matching);
	match_rows(&matching);
	match_positions(&matching);
	*ret = matching.result;
}
