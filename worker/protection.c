#include "worker/protection.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/store/journal.h"
#include "strategies/units.h"
#include "worker/booking.h"
#include "worker/resolve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STOP_PATIENCE_MS 4000   /* for a stop to be seen standing */
#define CANCEL_PATIENCE_MS 5000 /* for a cancelled order to be seen final */
#define CLOSE_PATIENCE_MS 2000  /* for the fills of a close at the market */
#define LOOK_AGAIN_MS 10000

/* ---- what stands ------------------------------------------------------------------------------
 */

static bool is_live(const struct row *row, size_t pair)
{
	return row->pair == (int)pair && row->kind == ROW_PLACE &&
	       !journal_state_final(row->state) && row->state != JOURNAL_PLANNED;
}

static bool is_live_stop(const struct row *row, size_t pair)
{
	return is_live(row, pair) && row->purpose == PURPOSE_STOP;
}

/*
 * A stop of this run must be seen. One of an earlier run stands until the venue says otherwise:
 * that it cannot be asked for a while takes no stop away.
 */
static bool stands(const struct row *row, size_t pair)
{
	return is_live_stop(row, pair) && row->state == JOURNAL_OPEN &&
	       (row->seen_open || !row->made_here);
}

static struct decimal left_of(const struct row *row)
{
	return decimal_sub(row->quantity, row->filled);
}

struct decimal protection_held(const struct work *work, size_t index)
{
	const struct pair *pair = &work->dossier.pairs[index];
	const struct account *account = &work->accounts[index];

	if (pair->drift_since_ms == 0 || !work->account_read[index])
		return pair->book.quantity;
	for (size_t i = 0; i < account->position_count; i++)
		if (account->positions[i].leg == pair->leg)
			return decimal_min(pair->book.quantity, account->positions[i].quantity);
	return DECIMAL_ZERO;
}

struct decimal protection_entries(const struct work *work, size_t pair)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < work->dossier.row_count; i++) {
		const struct row *row = &work->dossier.rows[i];
		if (is_live(row, pair) && purpose_is_entry(row->purpose))
			sum = decimal_add(sum, left_of(row));
	}
	return sum;
}

struct decimal protection_standing(const struct work *work, size_t pair)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < work->dossier.row_count; i++)
		if (stands(&work->dossier.rows[i], pair))
			sum = decimal_add(sum, left_of(&work->dossier.rows[i]));
	return sum;
}

/* ---- what must --------------------------------------------------------------------------------
 */

/* The smallest pieces last, so that what an earlier run split in the same way is found again. */
static size_t split(struct decimal total, struct decimal largest, struct decimal pieces[STOPS_MAX])
{
	size_t count = 0;

	while (decimal_sign(total) > 0 && count < STOPS_MAX) {
		pieces[count] = decimal_sign(largest) > 0 ? decimal_min(total, largest) : total;
		total = decimal_sub(total, pieces[count]);
		count++;
	}
	return count;
}

static struct placement stop_placement(
	const struct protection_state *protection, struct decimal quantity)
{
	const struct pair *pair = &protection->batch->work->dossier.pairs[protection->batch->pair];

	return (struct placement){
		.purpose = PURPOSE_STOP,
		.side = side_for(pair->side, false),
		.type = ORDER_STOP_MARKET,
		.time_in_force = TIF_IOC,
		.quantity = quantity,
		.trigger_price = protection->trigger,
		.trigger_by = protection->stop.trigger_by,
		.reduce_only = true,
	};
}

static bool is_as_wanted(
	const struct protection_state *protection, const struct row *row, struct decimal quantity)
{
	return row->trigger_by == protection->stop.trigger_by &&
	       decimal_equal(row->trigger_price, protection->trigger) &&
	       decimal_equal(left_of(row), quantity);
}

/* A part that has fired already, or another trigger price's kind, is no amendment. */
static bool can_become(const struct protection_state *protection, const struct row *row)
{
	return !protection->batch->work->venue->stops_fixed &&
	       row->trigger_by == protection->stop.trigger_by && decimal_is_zero(row->filled);
}

/* Takes a stop out of the list of those that no wish was found for. */
static struct row *take(struct protection_state *protection, size_t index)
{
	struct row *row = protection->surplus[index];

	protection->surplus_count--;
	memmove(&protection->surplus[index], &protection->surplus[index + 1],
		(protection->surplus_count - index) * sizeof protection->surplus[0]);
	return row;
}

static bool keep_as_it_is(struct protection_state *protection, struct decimal quantity)
{
	for (size_t i = 0; i < protection->surplus_count; i++) {
		if (!is_as_wanted(protection, protection->surplus[i], quantity))
			continue;
		(void)take(protection, i);
		return true;
	}
	return false;
}

static bool amend_one(struct protection_state *protection, struct decimal quantity)
{
	for (size_t i = 0; i < protection->surplus_count; i++) {
		if (!can_become(protection, protection->surplus[i]))
			continue;
		protection->amends[protection->amend_count++] = batch_amend(
			protection->batch, take(protection, i), quantity, protection->trigger);
		return true;
	}
	return false;
}

static void place_one(struct protection_state *protection, struct decimal quantity)
{
	struct placement placement = stop_placement(protection, quantity);

	protection->places[protection->place_count++] = batch_place(protection->batch, &placement);
}

static void collect_standing(struct protection_state *protection)
{
	struct dossier *dossier = &protection->batch->work->dossier;

	for (size_t i = 0; i < dossier->row_count; i++)
		if (stands(&dossier->rows[i], protection->batch->pair) &&
			protection->surplus_count < STRATEGY_ORDERS_MAX)
			protection->surplus[protection->surplus_count++] = &dossier->rows[i];
}

void protection_init(struct protection_state *protection, struct batch *batch,
	const struct view *view, const struct strategy_stop *stop, struct decimal entries)
{
	const struct work *work = batch->work;
	struct decimal wanted = protection_held(work, batch->pair);
	struct decimal pieces[STOPS_MAX];
	bool kept[STOPS_MAX] = {false};

	*protection = (struct protection_state){
		.batch = batch,
		.stop = *stop,
		.trigger = units_price_of(stop->trigger_ticks, &view->decision.input.rules),
		.largest = view->rules.max_market_quantity,
	};
	if (stop->protection != PROTECTION_STOP)
		return;
	/* Where a stop may wait before there is a position, it covers the entries' fills too. */
	if (!work->venue->stops_need_position)
		wanted = decimal_add(
			wanted, decimal_add(entries, protection_entries(work, batch->pair)));
	size_t count = split(wanted, protection->largest, pieces);
	collect_standing(protection);
	for (size_t i = 0; i < count; i++)
		kept[i] = keep_as_it_is(protection, pieces[i]);
	for (size_t i = 0; i < count; i++)
		if (!kept[i] && !amend_one(protection, pieces[i]))
			place_one(protection, pieces[i]);
}

/* ---- sending ----------------------------------------------------------------------------------
 */

static struct row *target_of(
	const struct protection_state *protection, const struct planned *planned)
{
	return dossier_row(&protection->batch->work->dossier, planned->row->target);
}

static bool is_refusal(const struct planned *planned)
{
	return planned->row->state == JOURNAL_REJECTED;
}

/*
 * An amendment that is refused: the stop may have fired meanwhile, which changes everything; else
 * a new one takes its place.
 */
static int replace(
	struct protection_state *protection, const struct planned *amend, struct err *err)
{
	struct work *work = protection->batch->work;
	struct row *old = target_of(protection, amend);

	if (resolve_until(work, &old, 1, RESOLVE_SEEN, 0, err) == -1)
		return -1;
	if (journal_state_final(old->state)) {
		protection->moved = true;
		return 0;
	}
	if (protection->place_count == STOPS_MAX ||
		protection->surplus_count == STRATEGY_ORDERS_MAX ||
		batch_room(protection->batch) == 0)
		return 0;
	place_one(protection, amend->row->quantity);
	protection->surplus[protection->surplus_count++] = old;
	return batch_plan(protection->batch, NULL, 0, err);
}

static int send_amends(struct protection_state *protection, struct err *err)
{
	for (size_t i = 0; i < protection->amend_count; i++) {
		struct planned *amend = protection->amends[i];
		struct err failure;
		if (batch_send(protection->batch, amend, &failure, err) == -1)
			return -1;
		if (is_refusal(amend) && replace(protection, amend, err) == -1)
			return -1;
	}
	return 0;
}

static int cancel_stop(
	struct batch *batch, struct row *old, bool replaces, bool *ret_gone, struct err *err)
{
	struct row *watched[2];
	struct err failure;

	*ret_gone = false;
	if (batch_room(batch) == 0) /* waits for the next run */
		return 0;
	struct planned *cancel = batch_cancel(batch, old);
	cancel->replaces = replaces;
	if (batch_plan(batch, NULL, 0, err) == -1 || batch_send(batch, cancel, &failure, err) == -1)
		return -1;
	watched[0] = old;
	watched[1] = cancel->row;
	if (resolve_until(batch->work, watched, 2, RESOLVE_FINAL, CANCEL_PATIENCE_MS, err) == -1)
		return -1;
	*ret_gone = journal_state_final(old->state);
	if (!*ret_gone)
		work_follow_up(batch->work, work_now_ms(batch->work) + LOOK_AGAIN_MS);
	return 0;
}

/* The venue may have room for one only: the old one goes, the new one follows under a new id. */
static int make_room(
	struct protection_state *protection, size_t place, struct err *failure, struct err *err)
{
	struct batch *batch = protection->batch;
	struct row *old = protection->surplus[protection->surplus_count - 1];
	bool gone;

	if (batch_room(batch) < 2)
		return 0;
	if (cancel_stop(batch, old, true, &gone, err) == -1)
		return -1;
	if (!gone)
		return 0;
	protection->surplus_count--;
	/* It may have fired instead: then there is nothing to protect, and much to look at. */
	if (decimal_sign(old->filled) > 0) {
		protection->moved = true;
		return 0;
	}
	struct placement placement = stop_placement(
		protection, protection->places[place]->row->quantity);
	protection->places[place] = batch_place(batch, &placement);
	if (batch_plan(batch, NULL, 0, err) == -1)
		return -1;
	return batch_send(batch, protection->places[place], failure, err);
}

static int send_places(struct protection_state *protection, struct err *err)
{
	for (size_t i = 0; i < protection->place_count && !protection->moved; i++) {
		struct err failure;
		if (batch_send(protection->batch, protection->places[i], &failure, err) == -1)
			return -1;
		if (is_refusal(protection->places[i]) && protection->surplus_count > 0 &&
			make_room(protection, i, &failure, err) == -1)
			return -1;
		if (!is_refusal(protection->places[i]))
			continue;
		protection->refused = true;
		protection->refusal = failure;
	}
	return 0;
}

/* Until the venue shows each as it should be. */
static int confirm(const struct protection_state *protection, struct err *err)
{
	struct row *watched[3 * STOPS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < protection->amend_count; i++) {
		if (is_refusal(protection->amends[i]) || !protection->amends[i]->sent)
			continue;
		watched[count++] = protection->amends[i]->row;
		watched[count++] = target_of(protection, protection->amends[i]);
	}
	for (size_t i = 0; i < protection->place_count; i++)
		if (protection->places[i]->sent)
			watched[count++] = protection->places[i]->row;
	work_phase(protection->batch->work, PHASE_RESOLVE);
	return resolve_until(
		protection->batch->work, watched, count, RESOLVE_SEEN, STOP_PATIENCE_MS, err);
}

static bool all_stand(const struct protection_state *protection)
{
	for (size_t i = 0; i < protection->place_count; i++)
		if (!stands(protection->places[i]->row, protection->batch->pair))
			return false;
	return true;
}

int protection_arm(struct protection_state *protection, struct err *err)
{
	struct work *work = protection->batch->work;

	if (send_amends(protection, err) == -1 || send_places(protection, err) == -1 ||
		confirm(protection, err) == -1)
		return -1;
	for (size_t i = 0; i < protection->amend_count; i++)
		if (!journal_state_final(protection->amends[i]->row->state))
			work_follow_up(work, work_now_ms(work) + LOOK_AGAIN_MS);
	/* An old stop goes only when the new one is seen standing. */
	if (protection->refused || protection->moved || !all_stand(protection))
		return 0;
	for (size_t i = 0; i < protection->surplus_count; i++) {
		bool gone;
		if (cancel_stop(protection->batch, protection->surplus[i], false, &gone, err) == -1)
			return -1;
	}
	return 0;
}

int protection_clear(struct batch *batch, struct err *err)
{
	struct dossier *dossier = &batch->work->dossier;
	size_t count = dossier->row_count;

	for (size_t i = 0; i < count; i++) {
		bool gone;
		if (stands(&dossier->rows[i], batch->pair) &&
			cancel_stop(batch, &dossier->rows[i], false, &gone, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- when there is none -----------------------------------------------------------------------
 */

static void tell(struct protection_state *protection, struct booking *booking)
{
	struct work *work = protection->batch->work;
	const struct pair *pair = &work->dossier.pairs[protection->batch->pair];
	char key[128];
	struct doc *body = doc_object();

	(void)snprintf(key, sizeof key, "stop/%s/%" PRId64, pair->id.text, work->job->scheduled_s);
	doc_text(body, "symbol", pair->symbol);
	doc_decimal(body, "trigger_price", protection->trigger);
	doc_text(body, "reason",
		protection->refused ? protection->refusal.message : "the venue does not show it");
	doc_text(body, "action",
		protection->stop.action == STOP_ACTION_CLOSE ? "close" : "close_and_pause");
	booking_notice(booking, "stop_not_confirmed", key, body);
	metrics_add(METRIC_STOPS_FAILED, 1);
	log_event(LOG_ERROR, "a stop that should stand does not, the leg is closed",
		LOG_TEXT("symbol", pair->symbol), LOG_DECIMAL("trigger", protection->trigger),
		LOG_TEXT("reason", protection->refused ? protection->refusal.message : "not seen"));
}

/* A fill of theirs would be naked again. */
static int cancel_entries(struct batch *batch, struct err *err)
{
	struct work *work = batch->work;
	struct row *watched[2 * STRATEGY_ORDERS_MAX];
	size_t first = batch->count;
	size_t count = 0;
	size_t rows = work->dossier.row_count;

	for (size_t i = 0; i < rows && batch->count - first < STRATEGY_ORDERS_MAX; i++) {
		struct row *row = &work->dossier.rows[i];
		if (!is_live(row, batch->pair) || !purpose_is_entry(row->purpose) ||
			batch_room(batch) <= SPLITS_MAX)
			continue;
		(void)batch_cancel(batch, row);
		watched[count++] = row;
	}
	if (batch->count == first)
		return 0;
	if (batch_plan(batch, NULL, 0, err) == -1)
		return -1;
	for (size_t i = first; i < batch->planned_count; i++) {
		struct err failure;
		if (batch_send(batch, &batch->rows[i], &failure, err) == -1)
			return -1;
		watched[count++] = batch->rows[i].row;
	}
	return resolve_until(work, watched, count, RESOLVE_FINAL, CANCEL_PATIENCE_MS, err);
}

static size_t place_close(struct protection_state *protection, struct row *placed[STOPS_MAX])
{
	struct batch *batch = protection->batch;
	struct decimal pieces[STOPS_MAX];
	size_t count = split(
		protection_held(batch->work, batch->pair), protection->largest, pieces);
	size_t made = 0;

	for (; made < count && batch_room(batch) > 0; made++) {
		struct placement placement = stop_placement(protection, pieces[made]);
		placement.purpose = PURPOSE_CLOSE;
		placement.type = ORDER_MARKET;
		placed[made] = batch_place(batch, &placement)->row;
	}
	return made;
}

/* What did not even leave is for the run to repeat; a leg that is flat by now is closed. */
static int close_leg(struct protection_state *protection, struct err *err)
{
	struct batch *batch = protection->batch;
	struct row *placed[STOPS_MAX];
	struct err failure;
	struct err worst = {0};
	size_t first = batch->count;
	size_t count = place_close(protection, placed);

	if (batch_plan(batch, NULL, 0, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (batch_send(batch, &batch->rows[first + i], &failure, err) == -1)
			return -1;
		if (failure.code != ERR_NONE && failure.code != ERR_FLAT &&
			placed[i]->state != JOURNAL_UNKNOWN)
			worst = failure;
	}
	if (resolve_until(batch->work, placed, count, RESOLVE_FINAL, CLOSE_PATIENCE_MS, err) == -1)
		return -1;
	if (worst.code == ERR_NONE)
		return 0;
	*err = worst;
	return err_while(err, "could not close a leg without its stop");
}

int protection_give_up(struct protection_state *protection, struct err *err)
{
	struct work *work = protection->batch->work;
	CLEANUP(booking_free) struct booking *booking = booking_new(work);

	tell(protection, booking);
	if (protection->stop.action == STOP_ACTION_CLOSE_AND_PAUSE)
		work->pause_reason = "the protective stop could not be placed";
	work_follow_up(work, work_now_ms(work) + LOOK_AGAIN_MS);
	if (booking_commit(booking, err) == -1 || cancel_entries(protection->batch, err) == -1)
		return -1;
	return close_leg(protection, err);
}

/* ---- after a stop of the bot ------------------------------------------------------------------
 */

int protection_restore(struct work *work, size_t index, struct err *err)
{
	struct pair *pair = &work->dossier.pairs[index];
	struct decimal naked = decimal_sub(
		protection_held(work, index), protection_standing(work, index));
	struct journal_stop lost;

	if (decimal_sign(naked) <= 0)
		return 0;
	if (journal_lost_stop(work->context->postgres, &pair->id, &lost, err) == -1)
		return -1;
	if (!lost.found)
		return 0;
	struct protection_state protection = {
		.batch = batch_new(work, index, true),
		.stop = {.protection = PROTECTION_STOP,
			.trigger_by = lost.by_mark ? TRIGGER_MARK : TRIGGER_LAST},
		.trigger = lost.trigger,
	};
	place_one(&protection, naked);
	log_event(LOG_WARN, "a stop had been cancelled to be moved, it is placed again",
		LOG_TEXT("symbol", pair->symbol), LOG_DECIMAL("trigger", lost.trigger));
	if (batch_plan(protection.batch, NULL, 0, err) == -1)
		return -1;
	return protection_arm(&protection, err);
}
