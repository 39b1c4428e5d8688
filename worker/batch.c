#include "worker/batch.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "worker/booking.h"
#include "worker/sabotage.h"
#include "worker/seam.h"

#include <assert.h>
#include <string.h>

#define PERMIT_TRIES 4
#define PERMIT_WAIT_MS 500

struct batch *batch_new(struct work *work, size_t pair, bool stop_run)
{
	struct batch *batch = ARENA_NEW(work->arena, struct batch);

	batch->work = work;
	batch->pair = pair;
	batch->stop_run = stop_run;
	return batch;
}

size_t batch_room(const struct batch *batch)
{
	size_t rows = dossier_room(&batch->work->dossier);
	size_t here = BATCH_ROWS_MAX - batch->count;

	return rows < here ? rows : here;
}

/* ---- making rows ------------------------------------------------------------------------------
 */

static struct planned *new_row(struct batch *batch, enum row_kind kind)
{
	struct work *work = batch->work;
	struct dossier *dossier = &work->dossier;
	const struct pair *pair = &dossier->pairs[batch->pair];
	struct order_key key = {
		.bot = dossier->bot,
		.scheduled_s = work->job->scheduled_s,
		.sequence = dossier->next_sequence++,
		.space = IDENT_RUN,
	};

	assert(batch_room(batch) > 0);
	struct planned *planned = &batch->rows[batch->count++];
	*planned = (struct planned){.row = dossier_add_row(dossier)};
	*planned->row = (struct row){
		.pair = (int)batch->pair,
		.kind = kind,
		.state = JOURNAL_PLANNED,
		.made_here = true,
		.leg = pair->leg,
		.created_ms = work_now_ms(work),
		.market_ms = work_market_now_ms(work),
	};
	memcpy(planned->row->symbol, pair->symbol, sizeof planned->row->symbol);
	client_order_id(&key, planned->row->client_order_id);
	return planned;
}

struct planned *batch_place(struct batch *batch, const struct placement *placement)
{
	struct planned *planned = new_row(batch, ROW_PLACE);
	struct row *row = planned->row;

	planned->time_in_force = placement->time_in_force;
	row->purpose = placement->purpose;
	row->side = placement->side;
	row->type = placement->type;
	row->quantity = placement->quantity;
	row->price = placement->type == ORDER_LIMIT ? placement->price : DECIMAL_ZERO;
	row->trigger_price = placement->type == ORDER_STOP_MARKET ? placement->trigger_price
								  : DECIMAL_ZERO;
	row->trigger_by = placement->trigger_by;
	row->reduce_only = placement->reduce_only;
	row->value = placement->value;
	row->cycle = batch->work->dossier.pairs[batch->pair].book.cycle;
	return planned;
}

static struct planned *new_change(struct batch *batch, enum row_kind kind, const struct row *target)
{
	struct planned *planned = new_row(batch, kind);

	memcpy(planned->row->target, target->client_order_id, sizeof planned->row->target);
	planned->row->type = target->type;
	return planned;
}

struct planned *batch_cancel(struct batch *batch, struct row *target)
{
	struct planned *planned = new_change(batch, ROW_CANCEL, target);

	planned->filled_before = target->filled;
	return planned;
}

struct planned *batch_amend(struct batch *batch, const struct row *target, struct decimal quantity,
	struct decimal price)
{
	struct planned *planned = new_change(batch, ROW_AMEND, target);

	planned->row->quantity = quantity;
	*(target->type == ORDER_LIMIT ? &planned->row->price
				      : &planned->row->trigger_price) = price;
	return planned;
}

/* ---- T1 ---------------------------------------------------------------------------------------
 */

static void put_prices(struct doc *doc, const struct row *row)
{
	doc_text(doc, "order_type", order_type_text(row->type));
	doc_decimal(doc, "quantity", row->quantity);
	if (row->type == ORDER_LIMIT)
		doc_decimal(doc, "price", row->price);
	if (row->type == ORDER_STOP_MARKET)
		doc_decimal(doc, "trigger_price", row->trigger_price);
}

static void put_placed(struct doc *doc, const struct planned *planned)
{
	const struct row *row = planned->row;

	put_prices(doc, row);
	doc_text(doc, "side", side_text(row->side));
	doc_text(doc, "time_in_force", time_in_force_text(planned->time_in_force));
	if (row->type == ORDER_STOP_MARKET)
		doc_text(doc, "trigger_by", row->trigger_by == TRIGGER_MARK ? "mark" : "last");
	if (purpose_is_entry(row->purpose))
		doc_decimal(doc, "value", row->value);
	doc_bool(doc, "reduce_only", row->reduce_only);
	doc_int(doc, "cycle", row->cycle);
	doc_int(doc, "market_ms", row->market_ms);
}

static const char *kind_text(enum row_kind kind)
{
	return kind == ROW_PLACE ? "place" : kind == ROW_AMEND ? "amend" : "cancel";
}

/* A stop's cancel that is to be followed by another stop says so: a stop run makes it good. */
static const char *purpose_of(const struct planned *planned)
{
	return planned->row->kind == ROW_PLACE ? purpose_text(planned->row->purpose)
	       : planned->replaces             ? "replace"
					       : kind_text(planned->row->kind);
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
	doc_text(doc, "kind", kind_text(row->kind));
	doc_text(doc, "purpose", purpose_of(planned));
	doc_bool(doc, "stop_allowed", batch->stop_run || sabotage(SABOTAGE_STOP_CHECK));
	doc_text(doc, "client_order_id", row->client_order_id);
	doc_text(doc, "exchange", dossier->exchange_name);
	doc_text(doc, "environment", dossier->environment_name);
	doc_text(doc, "account_id", dossier->account_id);
	doc_text(doc, "symbol", row->symbol);
	doc_text(doc, "leg", leg_text(row->leg));
	if (row->kind == ROW_PLACE)
		put_placed(doc, planned);
	else
		doc_text(doc, "target_client_order_id", row->target);
	if (row->kind == ROW_AMEND)
		put_prices(doc, row);
	return doc;
}

int batch_plan(struct batch *batch, const char *state, int64_t state_version, struct err *err)
{
	struct work *work = batch->work;
	struct journal_run run = work_journal(work);
	CLEANUP(doc_free) struct doc *rows = doc_array();

	work_phase(work, PHASE_PLAN);
	for (size_t i = batch->planned_count; i < batch->count; i++)
		doc_push(rows, row_doc(batch, &batch->rows[i]));
	CLEANUP(text_free) char *text = doc_dump(rows);
	seam("planning");
	if (journal_plan(work->context->postgres, &run, &work->dossier.pairs[batch->pair].id, state,
		    state_version, text, err) == -1)
		return -1;
	seam("planned");
	batch->planned_count = batch->count;
	return 0;
}

/* ---- T2 and T3 --------------------------------------------------------------------------------
 */

static struct order_request request_of(const struct planned *planned)
{
	const struct row *row = planned->row;
	bool is_stop = row->type == ORDER_STOP_MARKET;
	struct order_request request = {
		.side = row->side,
		.leg = row->leg,
		.type = row->type,
		.time_in_force = planned->time_in_force,
		.quantity = row->quantity,
		.price = row->price,
		.trigger_price = row->trigger_price,
		.trigger_by = row->trigger_by,
		.trigger_rising = row->side == SIDE_BUY,
		.reduce_only = row->reduce_only,
		.close_on_trigger = is_stop && row->reduce_only,
	};

	memcpy(request.client_order_id, row->client_order_id, sizeof row->client_order_id);
	memcpy(request.symbol, row->symbol, sizeof row->symbol);
	return request;
}

static struct exchange_amend amend_of(const struct row *row)
{
	struct exchange_amend amend = {
		.leg = row->leg,
		.has_quantity = true,
		.quantity = row->quantity,
		.has_price = row->type == ORDER_LIMIT,
		.price = row->price,
		.has_trigger = row->type == ORDER_STOP_MARKET,
		.trigger_price = row->trigger_price,
	};

	memcpy(amend.client_order_id, row->target, sizeof amend.client_order_id);
	memcpy(amend.symbol, row->symbol, sizeof amend.symbol);
	return amend;
}

static int prepare(const struct batch *batch, const struct planned *planned,
	struct exchange_request *ret, struct err *err)
{
	struct work *work = batch->work;
	const struct row *row = planned->row;

	if (row->kind == ROW_PLACE) {
		struct order_request request = request_of(planned);
		return work->venue->prepare_place(work->exchange, work->arena, &request, ret, err);
	}
	if (row->kind == ROW_AMEND) {
		struct exchange_amend amend = amend_of(row);
		return work->venue->prepare_amend(work->exchange, work->arena, &amend, ret, err);
	}
	return work->venue->prepare_cancel(work->exchange, work->arena, row->symbol, row->target,
		row->leg, row->type == ORDER_STOP_MARKET, ret, err);
}

/*
 * The second order of a run may find the account's permits used up by the first: a run that gave up
 * for that would begin each time with a stop and never get to the entry that it is for. The
 * permits' clock is the machine's.
 */
static int prepare_in_turn(const struct batch *batch, const struct planned *planned,
	struct exchange_request *ret, struct err *err)
{
	for (int i = 0; i < PERMIT_TRIES; i++) {
		if (prepare(batch, planned, ret, err) == 0)
			return 0;
		if (err->code != ERR_RATE || err->retry_after_ms > PERMIT_WAIT_MS)
			return -1;
		clock_sleep_ms(clock_system(), err->retry_after_ms);
	}
	return -1;
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

static bool is_entry(const struct row *row)
{
	return row->kind == ROW_PLACE && purpose_is_entry(row->purpose);
}

/* The soft timeout ends new risk; what takes risk away may still go before the hard one. */
static int may_send(const struct work *work, const struct row *row, struct err *err)
{
	if (work_may_go_on(work, err) == 0)
		return 0;
	return err->code == ERR_TIMEOUT && !is_entry(row) ? 0 : -1;
}

/* Never in a release: what design.md 7 forbids, so that a proof can be seen to fail. */
static int send_again(const struct batch *batch, const struct planned *planned,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	struct row again = *planned->row;
	const struct planned as_new = {.row = &again, .time_in_force = planned->time_in_force};
	struct exchange_request request;

	again.client_order_id[0] = 'x';
	if (prepare(batch, &as_new, &request, err) == -1)
		return -1;
	return exchange_send(batch->work->exchange, &request, ret_venue_order_id, err);
}

int batch_send(
	struct batch *batch, struct planned *planned, struct err *ret_failure, struct err *err)
{
	struct work *work = batch->work;
	struct row *row = planned->row;
	struct journal_run run = work_journal(work);
	struct exchange_request request;
	char venue_order_id[VENUE_ORDER_ID_SIZE] = "";

	assert(!planned->sent && row->state == JOURNAL_PLANNED);
	*ret_failure = (struct err){0};
	work_phase(work, PHASE_SEND);
	if (may_send(work, row, err) == -1)
		return -1;
	if (prepare_in_turn(batch, planned, &request, err) == -1)
		return err_while(err, "could not prepare the request");
	seam("signed");
	if (journal_send(work->context->postgres, &run, row->client_order_id,
		    request.expires_server_ms, err) == -1)
		return -1;
	seam("sending");
	planned->sent = true;
	row->state = JOURNAL_SENDING;
	row->expires_server_ms = request.expires_server_ms;

	int outcome = exchange_send(work->exchange, &request, venue_order_id, ret_failure);
	if (outcome == -1 && ret_failure->retry == ERR_RETRY_ASK && sabotage(SABOTAGE_RESEND))
		outcome = send_again(batch, planned, venue_order_id, ret_failure);
	seam("sent");
	count_outcome(work, row, outcome, ret_failure);

	/* A cancel or amendment that was acknowledged is booked with what became of its order. */
	if (row->kind != ROW_PLACE && (outcome == 0 || ret_failure->code == ERR_NO_CHANGE)) {
		row->state = JOURNAL_OPEN;
		return 0;
	}
	work_phase(work, PHASE_BOOK);
	struct row_change change = change_after(row, outcome, venue_order_id, ret_failure);
	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	booking_row(booking, row, &change);
	if (is_entry(row) && change.state != JOURNAL_CANCELLED)
		booking_entry_sent(booking, batch->pair);
	return booking_commit(booking, err);
}
