#include "worker/orders.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "strategies/units.h"
#include "worker/booking.h"
#include "worker/resolve.h"
#include "worker/sabotage.h"
#include "worker/seam.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CANCEL_PATIENCE_MS 5000  /* for a cancelled order to be seen final */
#define UNKNOWN_PATIENCE_MS 4000 /* for an unknown order inside its own run */
#define MARKET_PATIENCE_MS 2000  /* for a market order's fills */
#define SPLITS_MAX 8             /* pieces of an exit beyond the venue's maximum */

struct planned { /* a row of this batch, in sending order */
	struct row *row;
	struct order_request request; /* place rows */
};

struct batch {
	struct work *work;
	size_t pair;
	const struct view *view;
	bool stop_run; /* rows pass a closed stop gate */
	struct planned cancels[STRATEGY_ORDERS_MAX];
	size_t cancel_count;
	struct planned places[STRATEGY_INTENTS_MAX * SPLITS_MAX];
	size_t place_count;
	struct decimal filled_before[STRATEGY_ORDERS_MAX]; /* of the cancelled orders */
};

static bool is_entry(const struct intent *intent)
{
	return intent->kind == INTENT_PLACE && purpose_is_entry(intent->purpose);
}

bool orders_has_entry(const struct strategy_output *output)
{
	for (size_t i = 0; i < output->intent_count; i++)
		if (is_entry(&output->intents[i]))
			return true;
	return false;
}

bool orders_wanted(const struct strategy_output *output)
{
	for (size_t i = 0; i < output->intent_count; i++)
		if (output->intents[i].kind == INTENT_PLACE ||
			output->intents[i].kind == INTENT_CANCEL)
			return true;
	return false;
}

void orders_drop_entries(struct strategy_output *output)
{
	size_t kept = 0;

	for (size_t i = 0; i < output->intent_count; i++)
		if (!is_entry(&output->intents[i]))
			output->intents[kept++] = output->intents[i];
	output->intent_count = kept;
}

static struct row *new_row(struct work *work, size_t pair, enum row_kind kind)
{
	struct dossier *dossier = &work->dossier;
	struct row *row = dossier_add_row(dossier);
	struct order_key key = {
		.bot = dossier->bot,
		.scheduled_s = work->job->scheduled_s,
		.sequence = dossier->next_sequence++,
		.space = IDENT_RUN,
	};

	*row = (struct row){
		.pair = (int)pair,
		.kind = kind,
		.state = JOURNAL_PLANNED,
		.leg = dossier->pairs[pair].leg,
		.created_ms = work_now_ms(work),
		.market_ms = work_market_now_ms(work),
	};
	memcpy(row->symbol, dossier->pairs[pair].symbol, sizeof row->symbol);
	client_order_id(&key, row->client_order_id);
	return row;
}

static void plan_cancel(struct batch *batch, struct row *target)
{
	struct row *row = new_row(batch->work, batch->pair, ROW_CANCEL);

	memcpy(row->target, target->client_order_id, sizeof row->target);
	row->type = target->type;
	batch->filled_before[batch->cancel_count] = target->filled;
	batch->cancels[batch->cancel_count++].row = row;
}

static int64_t largest_lots(const struct strategy_rules *rules, const struct intent *intent)
{
	int64_t most = intent->type == ORDER_LIMIT ? rules->max_lots : rules->max_market_lots;

	return most > 0 ? most : intent->lots;
}

/* What an entry adds to the account's notional when it fills. */
static struct decimal value_of(const struct batch *batch, const struct row *row)
{
	const struct ticker *ticker = &batch->view->ticker;
	struct decimal price = row->type == ORDER_LIMIT ? row->price
			       : row->side == SIDE_BUY  ? ticker->ask
							: ticker->bid;

	return decimal_round(decimal_mul(row->quantity, price), 8, ROUND_UP);
}

static void plan_piece(struct batch *batch, const struct intent *intent, int64_t lots)
{
	const struct strategy_rules *rules = &batch->view->decision.input.rules;
	struct row *row = new_row(batch->work, batch->pair, ROW_PLACE);
	struct planned *planned = &batch->places[batch->place_count++];

	row->purpose = intent->purpose;
	row->side = intent->side;
	row->type = intent->type;
	row->reduce_only = intent->reduce_only;
	row->quantity = units_quantity_of(lots, rules);
	row->price = intent->type == ORDER_LIMIT ? units_price_of(intent->price_ticks, rules)
						 : DECIMAL_ZERO;
	row->trigger_price = intent->type == ORDER_STOP_MARKET
				     ? units_price_of(intent->trigger_ticks, rules)
				     : DECIMAL_ZERO;
	row->cycle = batch->work->dossier.pairs[batch->pair].book.cycle;
	if (purpose_is_entry(row->purpose))
		row->value = value_of(batch, row);
	planned->row = row;
	planned->request = (struct order_request){
		.side = intent->side,
		.leg = row->leg,
		.type = intent->type,
		.time_in_force = intent->time_in_force,
		.quantity = row->quantity,
		.price = row->price,
		.trigger_price = row->trigger_price,
		.trigger_by = intent->trigger_by,
		.trigger_rising = intent->side == SIDE_BUY,
		.reduce_only = intent->reduce_only,
		.close_on_trigger = intent->type == ORDER_STOP_MARKET && intent->reduce_only,
	};
	memcpy(planned->request.client_order_id, row->client_order_id, sizeof row->client_order_id);
	memcpy(planned->request.symbol, row->symbol, sizeof row->symbol);
}

/* Exits above the venue's maximum are split; entries were sized by the strategy. */
static void plan_place(struct batch *batch, const struct intent *intent)
{
	int64_t most = largest_lots(&batch->view->decision.input.rules, intent);
	int64_t left = intent->lots;

	while (left > 0) {
		int64_t lots = left < most ? left : most;
		plan_piece(batch, intent, lots);
		left -= lots;
	}
}

/* Rows that this decision will add: checked before the first is made. */
static size_t rows_wanted(const struct strategy_rules *rules, const struct strategy_output *output)
{
	size_t count = 0;

	for (size_t i = 0; i < output->intent_count; i++) {
		const struct intent *intent = &output->intents[i];
		int64_t most = largest_lots(rules, intent);
		if (intent->kind == INTENT_CANCEL)
			count++;
		else if (intent->kind == INTENT_PLACE)
			count += (size_t)((intent->lots + most - 1) / most);
	}
	return count;
}

/* 0: protection, 1: exits, 2: entries. */
static int send_class(enum purpose purpose)
{
	return purpose == PURPOSE_STOP ? 0 : purpose_is_entry(purpose) ? 2 : 1;
}

/* A strategy's handle of an order: the place among the rows that view gave it. */
static struct row *shown_order(const struct batch *batch, int32_t id)
{
	struct dossier *dossier = &batch->work->dossier;

	assert(id >= 0 && (size_t)id < dossier->row_count);
	assert(dossier->rows[id].kind == ROW_PLACE && dossier->rows[id].pair == (int)batch->pair);
	return &dossier->rows[id];
}

static void plan_intents(struct batch *batch, const struct strategy_output *output)
{
	for (size_t i = 0; i < output->intent_count; i++)
		if (output->intents[i].kind == INTENT_CANCEL)
			plan_cancel(batch, shown_order(batch, output->intents[i].order_id));
	for (int class = 0; class <= 2; class ++)
		for (size_t i = 0; i < output->intent_count; i++)
			if (output->intents[i].kind == INTENT_PLACE &&
				send_class(output->intents[i].purpose) == class)
				plan_place(batch, &output->intents[i]);
}

static struct doc *row_doc(const struct batch *batch, const struct planned *planned)
{
	const struct dossier *dossier = &batch->work->dossier;
	const struct row *row = planned->row;
	struct order_key key;
	struct doc *doc = doc_object();

	if (!client_order_id_parse(row->client_order_id, &key))
		die("client order id %s cannot be read back", row->client_order_id);
	doc_int(doc, "sequence", key.sequence);
	doc_text(doc, "kind", row->kind == ROW_PLACE ? "place" : "cancel");
	doc_text(doc, "purpose", row->kind == ROW_PLACE ? purpose_text(row->purpose) : "cancel");
	doc_bool(doc, "stop_allowed", batch->stop_run || sabotage(SABOTAGE_STOP_CHECK));
	doc_text(doc, "client_order_id", row->client_order_id);
	doc_text(doc, "exchange", dossier->exchange_name);
	doc_text(doc, "environment", dossier->environment_name);
	doc_text(doc, "account_id", dossier->account_id);
	doc_text(doc, "symbol", row->symbol);
	doc_text(doc, "leg", leg_text(row->leg));
	if (row->kind == ROW_CANCEL) {
		doc_text(doc, "target_client_order_id", row->target);
		return doc;
	}
	doc_text(doc, "side", side_text(row->side));
	doc_text(doc, "order_type", order_type_text(row->type));
	doc_text(doc, "time_in_force", time_in_force_text(planned->request.time_in_force));
	doc_decimal(doc, "quantity", row->quantity);
	if (row->type == ORDER_LIMIT)
		doc_decimal(doc, "price", row->price);
	if (row->type == ORDER_STOP_MARKET)
		doc_decimal(doc, "trigger_price", row->trigger_price);
	if (purpose_is_entry(row->purpose))
		doc_decimal(doc, "value", row->value);
	doc_bool(doc, "reduce_only", row->reduce_only);
	doc_int(doc, "cycle", row->cycle);
	doc_int(doc, "market_ms", row->market_ms);
	return doc;
}

/* T1. state NULL leaves the strategy's state as it is. */
static int plan(struct batch *batch, const char *state, int64_t state_version, struct err *err)
{
	struct work *work = batch->work;
	struct journal_run run = work_journal(work);
	CLEANUP(doc_free) struct doc *rows = doc_array();

	work_phase(work, PHASE_PLAN);
	for (size_t i = 0; i < batch->cancel_count; i++)
		doc_push(rows, row_doc(batch, &batch->cancels[i]));
	for (size_t i = 0; i < batch->place_count; i++)
		doc_push(rows, row_doc(batch, &batch->places[i]));
	CLEANUP(text_free) char *text = doc_dump(rows);
	seam("planning");
	if (journal_plan(work->context->postgres, &run, &work->dossier.pairs[batch->pair].id, state,
		    state_version, text, err) == -1)
		return -1;
	seam("planned");
	return 0;
}

static int prepare(struct batch *batch, const struct planned *planned, struct exchange_request *ret,
	struct err *err)
{
	struct work *work = batch->work;

	if (planned->row->kind == ROW_PLACE)
		return work->venue->prepare_place(
			work->exchange, work->arena, &planned->request, ret, err);
	return work->venue->prepare_cancel(work->exchange, work->arena, planned->row->symbol,
		planned->row->target, planned->row->leg, planned->row->type == ORDER_STOP_MARKET,
		ret, err);
}

/* The journal's word for how a send ended, when it is known that it had no effect. */
static enum journal_state refused_state(const struct err *failure)
{
	return failure->code == ERR_NETWORK || failure->code == ERR_RATE ? JOURNAL_CANCELLED
									 : JOURNAL_REJECTED;
}

static struct row_change change_after(
	const struct row *row, int outcome, const char *venue_order_id, const struct err *failure)
{
	struct row_change change = {
		.state = JOURNAL_OPEN,
		.filled = row->filled,
		.filled_value = row->filled_value,
		.venue_order_id = venue_order_id,
	};
	if (outcome == 0)
		return change;
	change.reason = failure->message;
	change.venue_code = failure->venue_code;
	if (failure->retry == ERR_RETRY_ASK || failure->code == ERR_DUPLICATE)
		change.state = JOURNAL_UNKNOWN;
	else
		change.state = refused_state(failure);
	if (change.state == JOURNAL_CANCELLED)
		change.reason = "never_sent";
	return change;
}

static void count_outcome(
	struct work *work, const struct row *row, int outcome, const struct err *failure)
{
	const char *venue = work->dossier.exchange_name;

	if (row->kind != ROW_PLACE)
		return;
	work->orders++;
	metrics_add(METRIC_ORDERS, 1, venue, "sent");
	if (outcome == 0)
		return;
	if (failure->retry == ERR_RETRY_ASK) {
		metrics_add(METRIC_ORDERS, 1, venue, "unknown");
		log_failure(LOG_WARN, "order outcome unknown, asking the venue", failure);
	} else {
		metrics_add(METRIC_ORDERS, 1, venue, "rejected");
		log_failure(LOG_WARN, "order refused", failure);
	}
}

/* Never in a release: what design.md 7 forbids, so that a proof can be seen to fail. */
static int send_again(struct batch *batch, const struct planned *planned,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	struct planned again = *planned;
	struct exchange_request request;

	again.request.client_order_id[0] = 'x';
	if (prepare(batch, &again, &request, err) == -1)
		return -1;
	return exchange_send(batch->work->exchange, &request, ret_venue_order_id, err);
}

/*
 * One row: sign, T2, write, T3. *ret_failure tells how the venue took it (code ERR_NONE:
 * acknowledged). -1 only for what ends the run: fenced, stopped, or a journal that did not answer.
 */
static int send_row(struct batch *batch, const struct planned *planned, struct err *ret_failure,
	struct err *err)
{
	struct work *work = batch->work;
	struct journal_run run = work_journal(work);
	struct exchange_request request;
	char venue_order_id[VENUE_ORDER_ID_SIZE] = "";

	*ret_failure = (struct err){0};
	work_phase(work, PHASE_SEND);
	if (work_may_go_on(work, err) == -1)
		return -1;
	if (prepare(batch, planned, &request, err) == -1)
		return err_while(err, "could not prepare the request");
	seam("signed");
	if (journal_send(work->context->postgres, &run, planned->row->client_order_id,
		    request.expires_server_ms, err) == -1)
		return -1;
	seam("sending");
	planned->row->state = JOURNAL_SENDING;
	planned->row->expires_server_ms = request.expires_server_ms;

	int outcome = exchange_send(work->exchange, &request, venue_order_id, ret_failure);
	if (outcome == -1 && ret_failure->retry == ERR_RETRY_ASK && sabotage(SABOTAGE_RESEND))
		outcome = send_again(batch, planned, venue_order_id, ret_failure);
	seam("sent");
	count_outcome(work, planned->row, outcome, ret_failure);

	/* A cancel that was acknowledged is booked with what became of its order. */
	if (planned->row->kind == ROW_CANCEL && outcome == 0) {
		planned->row->state = JOURNAL_OPEN;
		return 0;
	}
	work_phase(work, PHASE_BOOK);
	struct row_change change = change_after(planned->row, outcome, venue_order_id, ret_failure);
	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	booking_row(booking, planned->row, &change);
	if (planned->row->kind == ROW_PLACE && purpose_is_entry(planned->row->purpose) &&
		change.state != JOURNAL_CANCELLED)
		booking_entry_sent(booking, batch->pair);
	return booking_commit(booking, err);
}

/*
 * Sends the cancels and waits for their orders to be final. *ret_clear: all are; *ret_changed: one
 * of them had filled further than the decision saw.
 */
static int send_cancels(struct batch *batch, bool *ret_clear, bool *ret_changed, struct err *err)
{
	struct work *work = batch->work;
	struct row *watched[2 * STRATEGY_ORDERS_MAX];
	size_t count = 0;

	*ret_clear = true;
	*ret_changed = false;
	if (batch->cancel_count == 0)
		return 0;
	for (size_t i = 0; i < batch->cancel_count; i++) {
		struct err failure;
		if (send_row(batch, &batch->cancels[i], &failure, err) == -1)
			return -1;
		struct row *target = dossier_row(&work->dossier, batch->cancels[i].row->target);
		watched[count++] = target;
		if (!journal_state_final(batch->cancels[i].row->state))
			watched[count++] = batch->cancels[i].row;
	}
	work_phase(work, PHASE_RESOLVE);
	if (resolve_until_final(work, watched, count, CANCEL_PATIENCE_MS, err) == -1)
		return -1;
	for (size_t i = 0; i < batch->cancel_count; i++) {
		const struct row *target = dossier_row(
			&work->dossier, batch->cancels[i].row->target);
		*ret_clear = *ret_clear && journal_state_final(target->state);
		*ret_changed = *ret_changed ||
			       !decimal_equal(target->filled, batch->filled_before[i]);
	}
	if (!*ret_clear)
		work_follow_up(work, work_now_ms(work) + 10000);
	return 0;
}

/* Permanent refusals of the key or of ourselves end the run; the rest is the row's own affair. */
static bool ends_run(const struct err *failure)
{
	return failure->code == ERR_AUTH || failure->code == ERR_BUG || failure->code == ERR_RATE ||
	       failure->code == ERR_MAINTENANCE;
}

/*
 * A resting exit that replaces one waits like an entry, if the venue says that the old one still
 * works: an exit stands. Where it says nothing, or the new one is a market order, no exit waits.
 */
static bool waits_for_old(const struct batch *batch, const struct row *row)
{
	if (row->type != ORDER_LIMIT)
		return false;
	for (size_t i = 0; i < batch->cancel_count; i++) {
		const struct row *old = dossier_row(
			&batch->work->dossier, batch->cancels[i].row->target);
		if (old->purpose == row->purpose && old->type == row->type && old->seen_open &&
			!journal_state_final(old->state))
			return true;
	}
	return false;
}

static int send_places(struct batch *batch, bool entries, struct err *err)
{
	struct work *work = batch->work;
	struct row *unsettled[STRATEGY_INTENTS_MAX * SPLITS_MAX];
	size_t count = 0;
	int64_t patience_ms = 0;
	struct err ended = {0};

	for (size_t i = 0; i < batch->place_count; i++) {
		const struct planned *planned = &batch->places[i];
		struct err failure;
		if (purpose_is_entry(planned->row->purpose) ? !entries
							    : waits_for_old(batch, planned->row))
			continue;
		if (send_row(batch, planned, &failure, err) == -1)
			return -1;
		if (failure.code == ERR_FILTER)
			exchange_rules_drop(work->exchange, planned->row->symbol);
		if (ends_run(&failure)) {
			ended = failure;
			break;
		}
		if (planned->row->state == JOURNAL_UNKNOWN) {
			unsettled[count++] = planned->row;
			patience_ms = UNKNOWN_PATIENCE_MS;
			entries = false;
		} else if (planned->row->state == JOURNAL_OPEN &&
			   planned->row->type == ORDER_MARKET) {
			unsettled[count++] = planned->row;
			patience_ms = patience_ms > MARKET_PATIENCE_MS ? patience_ms
								       : MARKET_PATIENCE_MS;
		}
	}
	work_phase(work, PHASE_RESOLVE);
	if (count > 0 && resolve_until_final(work, unsettled, count, patience_ms, err) == -1)
		return -1;
	if (ended.code != ERR_NONE) {
		*err = ended;
		return -1;
	}
	return 0;
}

int orders_execute(struct work *work, size_t pair, const struct view *view,
	const struct strategy_output *output, enum orders_result *ret, struct err *err)
{
	const struct strategy *strategy = view->decision.strategy;
	struct batch *batch = ARENA_NEW(work->arena, struct batch);
	bool clear;
	bool changed;

	size_t wanted = rows_wanted(&view->decision.input.rules, output);
	if (wanted > STRATEGY_INTENTS_MAX * SPLITS_MAX || wanted > dossier_room(&work->dossier))
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"a decision wants %zu orders, too many for one run", wanted);
	batch->work = work;
	batch->pair = pair;
	batch->view = view;
	plan_intents(batch, output);
	CLEANUP(doc_free) struct doc *state = decision_state_write(&view->decision, output->state);
	CLEANUP(text_free) char *state_text = doc_dump(state);
	if (plan(batch, state_text, strategy->state_version, err) == -1 ||
		send_cancels(batch, &clear, &changed, err) == -1)
		return -1;
	if (changed) {
		*ret = ORDERS_AGAIN;
		return 0;
	}
	if (send_places(batch, clear, err) == -1)
		return -1;
	*ret = ORDERS_DONE;
	return 0;
}

static bool is_resting_entry(const struct row *row)
{
	return row->kind == ROW_PLACE && purpose_is_entry(row->purpose) &&
	       !journal_state_final(row->state) && row->state != JOURNAL_PLANNED;
}

static bool entries_rest(const struct dossier *dossier, size_t pair)
{
	for (size_t i = 0; i < dossier->row_count; i++)
		if (dossier->rows[i].pair == (int)pair && is_resting_entry(&dossier->rows[i]))
			return true;
	return false;
}

static int cancel_entries_of(struct work *work, size_t pair, bool stop_run, struct err *err)
{
	struct batch *batch = ARENA_NEW(work->arena, struct batch);
	struct dossier *dossier = &work->dossier;
	size_t rows = dossier->row_count;
	bool clear;
	bool changed;

	batch->work = work;
	batch->pair = pair;
	batch->stop_run = stop_run;
	/* What finds no room waits for the next run. */
	for (size_t i = 0;
		i < rows && batch->cancel_count < STRATEGY_ORDERS_MAX && dossier_room(dossier) > 0;
		i++)
		if (dossier->rows[i].pair == (int)pair && is_resting_entry(&dossier->rows[i]))
			plan_cancel(batch, &dossier->rows[i]);
	if (batch->cancel_count == 0)
		return 0;
	if (plan(batch, NULL, 0, err) == -1)
		return -1;
	return send_cancels(batch, &clear, &changed, err);
}

int orders_cancel_entries(struct work *work, bool stop_run, bool *ret_all, struct err *err)
{
	bool all = true;

	for (size_t pair = 0; pair < work->dossier.pair_count; pair++) {
		if (cancel_entries_of(work, pair, stop_run, err) == -1)
			return -1;
		all = all && !entries_rest(&work->dossier, pair);
	}
	*ret_all = all;
	return 0;
}
