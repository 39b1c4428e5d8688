#include "worker/booking.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/journal.h"
#include "worker/seam.h"
#include "worker/takings.h"
#include "worker/worth.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL
#define FUNDING_UNREAD_MS 1 /* before every stamp; 0 would leave the stored one as it is */

struct booked_row {
	struct row *row;
	struct row after;
	bool changed; /* beyond a remembered execution: it is written */
	const char *venue_order_id, *reason;
	int64_t venue_code;
	bool amended; /* quantity, price and trigger are new */
};

struct booking {
	struct work *work;
	struct doc *trades, *funding, *pnls, *notices;
	struct pair *after; /* copies of the dossier's pairs */
	bool *touched;
	struct booked_row *changes; /* room for every row of the dossier */
	size_t change_count;
	int trade_count;
	struct takings *takings;
	bool empty;
};

struct booking *booking_new(struct work *work)
{
	const struct dossier *dossier = &work->dossier;
	struct booking *booking = mem_zero(1, sizeof *booking);

	booking->work = work;
	booking->empty = true;
	booking->trades = doc_array();
	booking->funding = doc_array();
	booking->pnls = doc_array();
	booking->notices = doc_array();
	booking->after = ARENA_ARRAY(work->arena, struct pair, dossier->pair_count + 1);
	booking->touched = ARENA_ARRAY(work->arena, bool, dossier->pair_count + 1);
	booking->changes = ARENA_ARRAY(work->arena, struct booked_row, dossier->row_count + 1);
	memcpy(booking->after, dossier->pairs, dossier->pair_count * sizeof dossier->pairs[0]);
	return booking;
}

void booking_free(struct booking **booking)
{
	if (*booking == NULL)
		return;
	doc_free(&(*booking)->trades);
	doc_free(&(*booking)->funding);
	doc_free(&(*booking)->pnls);
	doc_free(&(*booking)->notices);
	free(*booking);
	*booking = NULL;
}

bool booking_empty(const struct booking *booking)
{
	return booking->empty;
}

/* What is pending for a row: changes and fills of one booking add up in it. */
static struct booked_row *pending(struct booking *booking, struct row *row)
{
	for (size_t i = 0; i < booking->change_count; i++)
		if (booking->changes[i].row == row)
			return &booking->changes[i];
	struct booked_row *change = &booking->changes[booking->change_count++];
	*change = (struct booked_row){.row = row, .after = *row};
	return change;
}

const struct row *booking_row_after(struct booking *booking, struct row *row)
{
	return &pending(booking, row)->after;
}

static const char *kept_text(struct booking *booking, const char *text, const char *before)
{
	return text == NULL || text[0] == '\0' ? before : arena_text(booking->work->arena, text);
}

static void take_amendment(struct booked_row *booked, const struct row *amendment)
{
	booked->amended = true;
	booked->after.quantity = amendment->quantity;
	booked->after.price = amendment->price;
	booked->after.trigger_price = amendment->trigger_price;
}

void booking_row(struct booking *booking, struct row *row, const struct row_change *change)
{
	struct booked_row *booked = pending(booking, row);

	booked->after.state = change->state;
	booked->after.filled = change->filled;
	booked->after.filled_value = change->filled_value;
	if (change->asked)
		booked->after.asked++;
	booked->venue_order_id = kept_text(booking, change->venue_order_id, booked->venue_order_id);
	booked->reason = kept_text(booking, change->reason, booked->reason);
	if (change->venue_code != 0)
		booked->venue_code = change->venue_code;
	if (change->amended != NULL)
		take_amendment(booked, change->amended);
	booked->changed = true;
	booking->empty = false;
}

struct pair *booking_pair(struct booking *booking, size_t pair)
{
	booking->touched[pair] = true;
	booking->empty = false;
	return &booking->after[pair];
}

static void account_fields(struct doc *doc, const struct account *account, const struct pair *pair)
{
	if (account == NULL)
		return;
	doc_decimal(doc, "balance_after", account->balance.wallet);
	for (size_t i = 0; i < account->position_count; i++) {
		const struct position *position = &account->positions[i];
		if (position->leg != pair->leg || decimal_sign(position->maintenance_margin) <= 0)
			continue;
		struct decimal level = decimal_div(
			decimal_add(position->initial_margin, position->unrealised),
			position->maintenance_margin, 4, ROUND_HALF_UP);
		if (decimal_is_valid(level))
			doc_decimal(doc, "margin_level", level);
	}
}

static bool reduces(const struct trade_effect *effect)
{
	return effect->action == TRADE_REDUCED || effect->action == TRADE_CLOSED;
}

/* PnL in per cent of what the closed part had cost. */
static void percentage_field(struct doc *doc, const struct trade_effect *effect)
{
	if (!reduces(effect))
		return;
	struct decimal cost = decimal_round(
		decimal_mul(decimal_round(effect->average, 9, ROUND_HALF_UP), effect->quantity), 8,
		ROUND_HALF_UP);
	if (!decimal_is_valid(cost) || decimal_sign(cost) <= 0)
		return;
	struct decimal share = decimal_mul_div(
		effect->pnl, decimal_from_int(100), cost, 4, ROUND_HALF_UP);
	if (decimal_is_valid(share))
		doc_decimal(doc, "pnl_percentage", share);
}

static const char *trade_type(const struct fill *fill, bool late)
{
	static const char *const names[] = {
		[FILL_TRADE] = "trade",
		[FILL_LIQUIDATION] = "liquidation",
		[FILL_ADL] = "adl",
		[FILL_SETTLEMENT] = "settlement",
	};
	return late ? "late" : names[fill->kind];
}

static void push_trade(struct booking *booking, const struct pair *pair, const struct fill *fill,
	const struct trade_effect *effect, int part, const char *type,
	const struct account *account)
{
	const struct dossier *dossier = &booking->work->dossier;
	enum side leg_side = pair->leg == LEG_LONG    ? SIDE_BUY
			     : pair->leg == LEG_SHORT ? SIDE_SELL
			     : effect->action == TRADE_OPENED || effect->action == TRADE_ADDED
				     ? fill->side
				     : side_for(fill->side, false);
	struct doc *doc = doc_object();

	doc_text(doc, "pair", pair->id.text);
	doc_text(doc, "exchange", dossier->exchange_name);
	doc_text(doc, "environment", dossier->environment_name);
	doc_text(doc, "account_id", dossier->account_id);
	doc_text(doc, "symbol", pair->symbol);
	doc_text(doc, "side", side_text(fill->side));
	doc_text(doc, "position_side", leg_side == SIDE_BUY ? "long" : "short");
	doc_text(doc, "action", trade_action_text(effect->action));
	doc_text(doc, "type", type);
	doc_decimal(doc, "quantity", effect->quantity);
	doc_decimal(doc, "price", fill->price);
	doc_decimal(doc, "pnl", effect->pnl);
	percentage_field(doc, effect);
	if (effect->fee_priced)
		doc_decimal(doc, "net_pnl", decimal_sub(effect->pnl, effect->fee_value));
	if (fill->has_venue_pnl && part == 0 && reduces(effect))
		doc_decimal(doc, "venue_pnl", fill->venue_pnl);
	doc_decimal(doc, "fee", effect->fee);
	doc_text(doc, "fee_currency", fill->fee_currency);
	doc_text(doc, "liquidity", liquidity_text(fill->liquidity));
	doc_decimal(doc, "position_value",
		decimal_round(decimal_mul(pair->book.quantity, fill->price), 8, ROUND_HALF_UP));
	account_fields(doc, account, pair);
	doc_text(doc, "exec_id", fill->exec_id);
	doc_int(doc, "exec_part", part);
	doc_text(doc, "order_id", fill->venue_order_id);
	doc_text(doc, "client_order_id",
		fill->client_order_id[0] == '\0' ? NULL : fill->client_order_id);
	doc_int(doc, "cycle", effect->cycle);
	if (effect->cycle_ended && effect->net_known)
		doc_decimal(doc, "cycle_net", effect->cycle_net);
	doc_int(doc, "executed_ms", fill->executed_ms);
	doc_push(booking->trades, doc);
	booking->trade_count++;
	takings_add(&booking->takings, booking->work->arena, effect, fill->price);
}

/* Remembers an execution as booked, so that it is not applied again in this run. */
static void remember(struct booking *booking, struct row *row, const char *exec_id)
{
	struct row *after = &pending(booking, row)->after;
	const char **list = ARENA_ARRAY(
		booking->work->arena, const char *, after->execution_count + 1);

	if (after->execution_count > 0)
		memcpy(list, after->executions, after->execution_count * sizeof list[0]);
	list[after->execution_count] = arena_text(booking->work->arena, exec_id);
	after->executions = list;
	after->execution_count++;
}

static bool is_booked(const struct row *row, const char *exec_id)
{
	for (size_t i = 0; i < row->execution_count; i++)
		if (strcmp(row->executions[i], exec_id) == 0)
			return true;
	return false;
}

bool booking_has(struct booking *booking, struct row *row, const struct fill *fill)
{
	return is_booked(&pending(booking, row)->after, fill->exec_id);
}

/* The day's sums, of the day that the market has now. */
static void turn_day(struct pair *pair, int64_t market_ms)
{
	int64_t day_ms = market_ms - market_ms % DAY_MS;

	if (day_ms <= pair->day_ms)
		return;
	pair->day_ms = day_ms;
	pair->day_net = DECIMAL_ZERO;
	pair->day_orders = 0;
}

/* What was earned in a day that is over counts in no other. */
static void earn(struct pair *pair, int64_t market_ms, struct decimal amount)
{
	turn_day(pair, market_ms);
	if (market_ms >= pair->day_ms)
		pair->day_net = decimal_add(pair->day_net, amount);
}

/* Stamps that passed while we did not know of the fill were taken for those of a flat leg. */
static void read_funding_again(struct pair *pair, const struct fill *fill)
{
	pair->funding_from_ms = FUNDING_UNREAD_MS;
	if (pair->funding_seen_ms > fill->executed_ms)
		pair->funding_seen_ms = fill->executed_ms;
}

/* What strategies and the venue's own figures want to know of a fill beside its book. */
static void note_effect(const struct booking *booking, struct pair *pair, const struct row *row,
	const struct fill *fill, const struct trade_effect *effect, int64_t market_ms)
{
	struct decimal net = effect->fee_priced ? decimal_sub(effect->pnl, effect->fee_value)
						: effect->pnl;

	earn(pair, market_ms, net);
	if (effect->action == TRADE_OPENED)
		read_funding_again(pair, fill);
	if (effect->cycle_ended)
		pair->cycle_ended_by = row == NULL ? PURPOSE_FOREIGN : row->purpose;
	if (!reduces(effect) || fill->has_venue_pnl || booking->work->venue == NULL ||
		booking->work->venue->realised == NULL)
		return;
	if (pair->pnl_owed_ms == 0 || fill->executed_ms < pair->pnl_owed_ms)
		pair->pnl_owed_ms = fill->executed_ms;
}

int booking_fill(struct booking *booking, size_t index, const struct row *row,
	const struct fill *fill, bool late, const struct account *account, struct err *err)
{
	struct row *ours = row == NULL ? NULL
				       : dossier_row(&booking->work->dossier, row->client_order_id);
	if (ours != NULL && is_booked(&pending(booking, ours)->after, fill->exec_id))
		return 0;

	struct pair *pair = booking_pair(booking, index);
	struct trade_effect effects[2];
	struct decimal fee_value;
	/* The leg's times are the market's; the trade's own is the server's, as the venue's books.
	 */
	struct fill in_market = *fill;
	in_market.executed_ms = work_market_ms(booking->work, fill->executed_ms);
	bool priced = worth_of_fee(booking->work, fill, in_market.executed_ms, &fee_value);
	int count = book_apply(&pair->book, &in_market, priced ? &fee_value : NULL, effects, err);
	if (count == -1)
		return err_while(err, "could not book execution %s", fill->exec_id);
	for (int part = 0; part < count; part++) {
		push_trade(
			booking, pair, fill, &effects[part], part, trade_type(fill, late), account);
		note_effect(booking, pair, row, fill, &effects[part], in_market.executed_ms);
	}
	if (in_market.executed_ms > pair->last_fill_ms)
		pair->last_fill_ms = in_market.executed_ms;
	if (ours != NULL)
		remember(booking, ours, fill->exec_id);
	return 0;
}

void booking_funding(
	struct booking *booking, size_t index, const struct funding_payment *payment, int64_t cycle)
{
	const struct dossier *dossier = &booking->work->dossier;
	struct pair *pair = booking_pair(booking, index);
	struct doc *doc = doc_object();

	if (cycle == pair->book.cycle)
		book_funding(&pair->book, payment->amount);
	earn(pair, work_market_ms(booking->work, payment->paid_ms), payment->amount);
	doc_text(doc, "pair", pair->id.text);
	doc_text(doc, "exchange", dossier->exchange_name);
	doc_text(doc, "environment", dossier->environment_name);
	doc_text(doc, "account_id", dossier->account_id);
	doc_text(doc, "venue_id", payment->id);
	doc_text(doc, "symbol", payment->symbol);
	doc_decimal(doc, "amount", payment->amount);
	doc_decimal(doc, "rate", payment->rate);
	doc_decimal(doc, "quantity", payment->quantity);
	doc_int(doc, "cycle", cycle);
	doc_int(doc, "paid_ms", payment->paid_ms);
	doc_push(booking->funding, doc);
}

void booking_venue_pnl(
	struct booking *booking, size_t index, const char *exec_id, struct decimal venue_pnl)
{
	struct doc *doc = doc_object();

	doc_text(doc, "pair", booking->after[index].id.text);
	doc_text(doc, "exec_id", exec_id);
	doc_decimal(doc, "venue_pnl", venue_pnl);
	doc_push(booking->pnls, doc);
	booking->empty = false;
}

void booking_entry_sent(struct booking *booking, size_t index)
{
	struct pair *pair = booking_pair(booking, index);

	turn_day(pair, work_market_now_ms(booking->work));
	pair->day_orders++;
}

void booking_notice(
	struct booking *booking, const char *event, const char *dedup_key, struct doc *body)
{
	struct doc *doc = doc_object();
	doc_text(doc, "event", event);
	doc_text(doc, "dedup_key", dedup_key);
	doc_child(doc, "body", body);
	doc_push(booking->notices, doc);
	booking->empty = false;
}

static void time_field(struct doc *doc, const char *name, int64_t ms)
{
	if (ms != 0)
		doc_int(doc, name, ms);
}

static void put_book(struct doc *doc, const struct book *book)
{
	doc_text(doc, "held", side_text(book->held));
	doc_decimal(doc, "quantity", book->quantity);
	doc_decimal(doc, "cost", book->cost);
	doc_int(doc, "cycle", book->cycle);
	doc_decimal(doc, "cycle_pnl", book->cycle_pnl);
	doc_decimal(doc, "cycle_fees", book->cycle_fees);
	doc_decimal(doc, "cycle_funding", book->cycle_funding);
	doc_bool(doc, "cycle_unpriced", book->cycle_unpriced);
	time_field(doc, "cycle_started_ms", book->cycle_started_ms);
	time_field(doc, "last_entry_ms", book->last_entry_ms);
	time_field(doc, "cycle_ended_ms", book->cycle_ended_ms);
	doc_decimal(doc, "base_price", book->base_price);
	doc_decimal(doc, "last_add_price", book->last_add_price);
	doc_int(doc, "adds", book->adds);
	doc_text(doc, "entry_order_id", book->entry_order_id);
}

struct doc *booking_pair_doc(const struct pair *pair)
{
	struct doc *doc = doc_object();

	doc_text(doc, "pair", pair->id.text);
	put_book(doc, &pair->book);
	time_field(doc, "last_fill_ms", pair->last_fill_ms);
	doc_text(doc, "cycle_ended_by", purpose_text(pair->cycle_ended_by));
	time_field(doc, "day_ms", pair->day_ms);
	doc_decimal(doc, "day_net", pair->day_net);
	doc_int(doc, "day_orders", pair->day_orders);
	time_field(doc, "funding_from_ms", pair->funding_from_ms);
	time_field(doc, "funding_seen_ms", pair->funding_seen_ms);
	time_field(doc, "fills_from_ms", pair->fills_from_ms);
	time_field(doc, "pnl_owed_ms", pair->pnl_owed_ms);
	time_field(doc, "drift_since_ms", pair->drift_since_ms);
	doc_bool(doc, "drift_confirmed", pair->drift_confirmed);
	doc_text(doc, "drift_detail", pair->drift_detail[0] == '\0' ? NULL : pair->drift_detail);
	return doc;
}

static void put_amendment(struct doc *doc, const struct row *after)
{
	doc_decimal(doc, "quantity", after->quantity);
	if (after->type == ORDER_LIMIT)
		doc_decimal(doc, "price", after->price);
	if (after->type == ORDER_STOP_MARKET)
		doc_decimal(doc, "trigger_price", after->trigger_price);
}

/* One line a row, whatever was said of it: the update would pick any one of several. */
static void push_row(struct doc *rows, const struct booked_row *booked)
{
	const struct row *after = &booked->after;
	struct doc *doc = doc_object();

	doc_text(doc, "client_order_id", after->client_order_id);
	doc_text(doc, "state", journal_state_text(after->state));
	doc_text(doc, "venue_order_id", booked->venue_order_id);
	doc_decimal(doc, "filled", after->filled);
	doc_decimal(doc, "filled_value", after->filled_value);
	doc_int(doc, "asked", after->asked);
	doc_text(doc, "reason", booked->reason);
	if (booked->amended)
		put_amendment(doc, after);
	if (booked->venue_code != 0)
		doc_int(doc, "venue_code", booked->venue_code);
	doc_push(rows, doc);
}

static char *results_text(struct booking *booking)
{
	CLEANUP(doc_free) struct doc *results = doc_object();
	struct doc *rows = doc_array();
	struct doc *pairs = doc_array();

	for (size_t i = 0; i < booking->change_count; i++)
		if (booking->changes[i].changed)
			push_row(rows, &booking->changes[i]);
	for (size_t i = 0; i < booking->work->dossier.pair_count; i++)
		if (booking->touched[i])
			doc_push(pairs, booking_pair_doc(&booking->after[i]));
	doc_child(results, "rows", rows);
	doc_child(results, "pairs", pairs);
	doc_child(results, "trades", TAKE(booking->trades));
	doc_child(results, "funding", TAKE(booking->funding));
	doc_child(results, "pnls", TAKE(booking->pnls));
	doc_child(results, "notices", TAKE(booking->notices));
	return doc_dump(results);
}

int booking_commit(struct booking *booking, struct err *err)
{
	struct work *work = booking->work;
	struct journal_run run = work_journal(work);
	CLEANUP(text_free) char *results = results_text(booking);

	seam("booking");
	if (journal_book(work->context->postgres, &run, results, err) == -1)
		return -1;
	seam("booked");

	for (size_t i = 0; i < booking->change_count; i++)
		*booking->changes[i].row = booking->changes[i].after;
	memcpy(work->dossier.pairs, booking->after,
		work->dossier.pair_count * sizeof booking->after[0]);
	work->trades += booking->trade_count;
	takings_count(booking->takings, work->dossier.exchange_name);
	return 0;
}
