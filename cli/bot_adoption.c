#include "cli/bot_adoption.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "worker/booking.h"
#include "worker/position.h"
#include "worker/resolve.h"

#include <stdio.h>
#include <string.h>

#define SETTLE_COIN "USDT"
#define READINGS_MAX 3

int bot_adoption_resolve(struct bot_session *session, struct err *err)
{
	struct dossier *dossier = &session->work.dossier;
	int64_t server_ms;

	if (exchange_server_ms(session->venue.exchange, &server_ms, err) == -1)
		return err_while(err, "could not read the venue's time");
	/* What was done on the account before the bot's first start is not the bot's. */
	for (size_t i = 0; i < dossier->pair_count; i++)
		if (dossier->pairs[i].fills_from_ms == 0)
			dossier->pairs[i].fills_from_ms = server_ms;
	return resolve_all(&session->work, err);
}

static bool agrees(const struct account *account, const struct pair *pair)
{
	const struct position *position = position_of(account, pair);

	if (position == NULL || decimal_is_zero(position->quantity))
		return decimal_is_zero(pair->book.quantity);
	return decimal_equal(position->quantity, pair->book.quantity) &&
	       (pair->leg != LEG_ONE_WAY || position->side == pair->book.held);
}

/* A leg that never was ours has nothing to book, and its difference is no drift yet. */
static bool has_history(const struct dossier *dossier, size_t index)
{
	return dossier->pairs[index].book.cycle > 0 || dossier_pair_at_risk(dossier, index);
}

int bot_adoption_explained(struct bot_session *session, size_t index, bool *ret, struct err *err)
{
	struct work *work = &session->work;
	const struct pair *pair = &work->dossier.pairs[index];
	struct account account;

	if (work->venue->account(work->exchange, pair->symbol, &account, err) == -1)
		return err_while(err, "could not read the account");
	*ret = agrees(&account, pair);
	if (*ret || !has_history(&work->dossier, index))
		return 0;
	if (position_check(work, index, &account, err) == -1)
		return -1;
	*ret = pair->drift_since_ms == 0;
	return 0;
}

/* --- the reading ---------------------------------------------------------------------------- */

struct reading {
	struct account account;
	int64_t server_ms; /* the venue's time before it */
};

/*
 * A position that nothing moved while it was read: a fill between the two questions would stand in
 * the adopted quantity and be booked once more. Ours are booked first, so they are no difference.
 */
static int read_still(
	struct bot_session *session, size_t index, struct reading *ret, struct err *err)
{
	struct work *work = &session->work;
	const struct pair *pair = &work->dossier.pairs[index];

	for (int i = 0; i < READINGS_MAX; i++) {
		struct fill_list fills;
		if (exchange_server_ms(work->exchange, &ret->server_ms, err) == -1)
			return err_while(err, "could not read the venue's time");
		if (has_history(&work->dossier, index)
				? position_check(work, index, &ret->account, err) == -1
				: work->venue->account(
					  work->exchange, pair->symbol, &ret->account, err) == -1)
			return err_while(err, "could not read the account");
		if (work->venue->fills(work->exchange, work->arena, pair->symbol, ret->server_ms, 0,
			    &fills, err) == -1)
			return err_while(err, "could not read recent fills");
		if (fills.count == 0)
			return 0;
	}
	return err_set(err, ERR_REFUSED, ERR_RETRY_LATER, "%s is being traded right now: try again",
		pair->symbol);
}

/* --- the adjustment ------------------------------------------------------------------------- */

struct adjustment {
	const struct pair *before;
	struct pair after;
	struct decimal difference; /* the venue's quantity minus ours */
	struct decimal price;
	struct decimal wallet;
	enum trade_action action;
	int64_t read_server_ms; /* when the position was read */
	char id[CLIENT_ORDER_ID_SIZE];
	int32_t sequence;
};

static enum trade_action action_of(const struct adjustment *adjustment)
{
	if (decimal_is_zero(adjustment->after.book.quantity))
		return TRADE_CLOSED;
	if (decimal_is_zero(adjustment->before->book.quantity))
		return TRADE_OPENED;
	return decimal_sign(adjustment->difference) < 0 ? TRADE_REDUCED : TRADE_ADDED;
}

/* A flat leg has no average at the venue: ours, or the mark, says what the difference was worth. */
static struct decimal price_of(const struct position *position, const struct pair *before)
{
	if (position != NULL && decimal_sign(position->average) > 0)
		return position->average;
	if (!decimal_is_zero(before->book.quantity))
		return book_average(&before->book);
	return position == NULL ? DECIMAL_ZERO : position->mark;
}

static int adjust(struct bot_session *session, const struct pair *pair, const struct reading *read,
	struct adjustment *ret, struct err *err)
{
	const struct account *account = &read->account;
	const struct position *position = position_of(account, pair);
	struct decimal quantity = position == NULL ? DECIMAL_ZERO : position->quantity;
	struct decimal average = position == NULL ? DECIMAL_ZERO : position->average;
	enum side held = pair->leg != LEG_ONE_WAY || position == NULL ||
					 decimal_is_zero(position->quantity)
				 ? pair->side
				 : position->side;
	struct adjustment adjustment = {
		.before = pair,
		.after = *pair,
		.price = price_of(position, pair),
		.wallet = account->balance.wallet,
		.read_server_ms = read->server_ms,
	};

	if (book_adopt(&adjustment.after.book, held, quantity, average,
		    work_market_ms(&session->work, read->server_ms), &adjustment.difference,
		    err) == -1)
		return -1;
	adjustment.action = action_of(&adjustment);
	if (adjustment.action == TRADE_CLOSED)
		adjustment.after.cycle_ended_by = PURPOSE_FOREIGN;
	/* What was done until the reading stands in its quantity; what came after it does not. */
	adjustment.after.fills_from_ms = read->server_ms;
	adjustment.after.drift_since_ms = 0;
	adjustment.after.drift_confirmed = false;
	adjustment.sequence = bot_session_next_id(session, adjustment.id);
	*ret = adjustment;
	return 0;
}

/* --- as JSON -------------------------------------------------------------------------------- */

static void name_account(struct doc *doc, const struct dossier *dossier, const char *symbol)
{
	doc_text(doc, "exchange", dossier->exchange_name);
	doc_text(doc, "environment", dossier->environment_name);
	doc_text(doc, "account_id", dossier->account_id);
	doc_text(doc, "symbol", symbol);
}

/* The side of a fill that would have made the difference. */
static enum side fill_side(const struct adjustment *adjustment)
{
	enum side held = decimal_is_zero(adjustment->after.book.quantity)
				 ? adjustment->before->book.held
				 : adjustment->after.book.held;

	return side_for(held, decimal_sign(adjustment->difference) > 0);
}

static enum side held_side(const struct adjustment *adjustment)
{
	return decimal_is_zero(adjustment->after.book.quantity) ? adjustment->before->book.held
								: adjustment->after.book.held;
}

static struct doc *row_doc(const struct dossier *dossier, const struct adjustment *adjustment)
{
	struct doc *row = doc_object();

	doc_int(row, "sequence", adjustment->sequence);
	doc_text(row, "client_order_id", adjustment->id);
	name_account(row, dossier, adjustment->before->symbol);
	doc_text(row, "leg", leg_text(adjustment->before->leg));
	doc_text(row, "side", side_text(fill_side(adjustment)));
	if (!decimal_is_zero(adjustment->difference))
		doc_decimal(row, "quantity", decimal_abs(adjustment->difference));
	doc_decimal(row, "price", adjustment->price);
	return row;
}

static struct doc *trade_doc(const struct dossier *dossier, const struct adjustment *adjustment)
{
	const struct book *book = &adjustment->after.book;
	struct doc *trade = doc_object();

	doc_text(trade, "pair", adjustment->before->id.text);
	name_account(trade, dossier, adjustment->before->symbol);
	doc_text(trade, "side", side_text(fill_side(adjustment)));
	doc_text(trade, "position_side", held_side(adjustment) == SIDE_BUY ? "long" : "short");
	doc_text(trade, "action", trade_action_text(adjustment->action));
	doc_text(trade, "type", "adopted");
	doc_decimal(trade, "quantity", adjustment->difference);
	doc_decimal(trade, "price", adjustment->price);
	doc_decimal(trade, "pnl", DECIMAL_ZERO);
	doc_decimal(trade, "net_pnl", DECIMAL_ZERO);
	doc_decimal(trade, "fee", DECIMAL_ZERO);
	doc_text(trade, "fee_currency", SETTLE_COIN);
	doc_decimal(trade, "balance_after", adjustment->wallet);
	doc_decimal(trade, "position_value", decimal_round(book->cost, 8, ROUND_HALF_UP));
	doc_text(trade, "exec_id", adjustment->id);
	doc_int(trade, "exec_part", 0);
	doc_text(trade, "client_order_id", adjustment->id);
	doc_int(trade, "cycle", book->cycle);
	if (adjustment->action == TRADE_CLOSED && !book->cycle_unpriced)
		doc_decimal(trade, "cycle_net",
			decimal_add(decimal_sub(book->cycle_pnl, book->cycle_fees),
				book->cycle_funding));
	doc_int(trade, "executed_ms", adjustment->read_server_ms);
	return trade;
}

/* The leg as it will be: without drift, and with its stamp moved. */
static struct doc *pair_doc(const struct adjustment *adjustment)
{
	struct doc *doc = booking_pair_doc(&adjustment->after);

	doc_decimal(doc, "wallet", adjustment->wallet);
	return doc;
}

static char *results_text(const struct dossier *dossier, const struct adjustment *adjustment)
{
	CLEANUP(doc_free) struct doc *results = doc_object();
	struct doc *trades = doc_array();
	struct doc *pairs = doc_array();

	/* An average that alone differed moves no quantity: the book follows, nothing was traded.
	 */
	if (!decimal_is_zero(adjustment->difference))
		doc_push(trades, trade_doc(dossier, adjustment));
	doc_push(pairs, pair_doc(adjustment));
	doc_child(results, "row", row_doc(dossier, adjustment));
	doc_child(results, "trades", trades);
	doc_child(results, "pairs", pairs);
	return doc_dump(results);
}

/* --- adopting ------------------------------------------------------------------------------- */

/* What is on its way may still explain the difference: it would be counted twice. */
static int refuse_unsettled(const struct dossier *dossier, size_t index, struct err *err)
{
	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct row *row = &dossier->rows[i];
		if (row->pair == (int)index && row->kind == ROW_PLACE &&
			(row->state == JOURNAL_SENDING || row->state == JOURNAL_UNKNOWN))
			return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
				"%s: order %s is unknown and may explain the position: wait until "
				"it is found, or say botbeat order resolve",
				row->symbol, row->client_order_id);
	}
	return 0;
}

static void report(const struct adjustment *adjustment, struct doc *done)
{
	struct doc *item = doc_object();

	doc_text(item, "symbol", adjustment->before->symbol);
	doc_text(item, "leg", leg_text(adjustment->before->leg));
	doc_decimal(item, "from", adjustment->before->book.quantity);
	doc_decimal(item, "to", adjustment->after.book.quantity);
	doc_decimal(item, "difference", adjustment->difference);
	doc_decimal(item, "price", adjustment->price);
	doc_push(done, item);
}

int bot_adoption_book(struct bot_session *session, size_t index, const char *reason,
	struct doc *done, struct err *err)
{
	struct dossier *dossier = &session->work.dossier;
	struct adjustment adjustment;
	struct reading read;

	if (refuse_unsettled(dossier, index, err) == -1 ||
		read_still(session, index, &read, err) == -1 ||
		adjust(session, &dossier->pairs[index], &read, &adjustment, err) == -1)
		return -1;
	CLEANUP(text_free) char *results = results_text(dossier, &adjustment);
	struct hold_adoption adoption = {
		.pair = &dossier->pairs[index].id,
		.actor = session->options.actor,
		.reason = reason,
		.results = results,
	};
	if (hold_adopt(session->venue.postgres, &session->hold, &adoption, err) == -1)
		return -1;
	report(&adjustment, done);
	dossier->pairs[index] = adjustment.after;
	return 0;
}
