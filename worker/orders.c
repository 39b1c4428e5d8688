#include "worker/orders.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "strategies/units.h"
#include "worker/resolve.h"

#include <string.h>

#define CANCEL_PATIENCE_MS 5000  /* for a cancelled order to be seen final */
#define UNKNOWN_PATIENCE_MS 4000 /* for an unknown order inside its own run */
#define MARKET_PATIENCE_MS 2000  /* for a market order's fills */
#define NAKED_MAX_MS 10000       /* for an entry that no stop covers, design.md 7 */
#define LOOK_AGAIN_MS 10000
#define ROWS_RESERVED 32 /* for stops that are refused, and for a close in their place */

/* ---- the decision -----------------------------------------------------------------------------
 */

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

static bool is_partial(const struct intent *intent)
{
	return intent->kind == INTENT_PLACE &&
	       (intent->purpose == PURPOSE_REDUCE || intent->purpose == PURPOSE_TAKE_PROFIT);
}

/* Keeps the order of what stays. Returns true if something was taken out. */
static bool drop(struct strategy_output *output, bool (*is_unwanted)(const struct intent *))
{
	size_t kept = 0;

	for (size_t i = 0; i < output->intent_count; i++)
		if (!is_unwanted(&output->intents[i]))
			output->intents[kept++] = output->intents[i];
	bool dropped = kept < output->intent_count;
	output->intent_count = kept;
	return dropped;
}

void orders_drop_entries(struct strategy_output *output)
{
	(void)drop(output, is_entry);
}

bool orders_enforce(struct strategy_output *output, const struct strategy_input *input)
{
	const uint32_t no_risk = BLOCK_EXITS_ONLY | BLOCK_UNKNOWN | BLOCK_DRIFT | BLOCK_RETRIED;
	bool dropped = false;

	if ((input->blocks & no_risk) != 0 || !input->account.settings_match)
		dropped = drop(output, is_entry);
	if ((input->blocks & BLOCK_UNKNOWN_REDUCE) != 0)
		dropped = drop(output, is_partial) || dropped;
	return dropped;
}

/* ---- from intents to rows ---------------------------------------------------------------------
 */

static int misuse(struct err *err, const char *what)
{
	return err_set(err, ERR_BUG, ERR_RETRY_NEVER, "the strategy broke its contract: %s", what);
}

/* A strategy's handle of an order: the place among the rows that view gave it. */
static struct row *shown_order(const struct orders *orders, int32_t id)
{
	struct dossier *dossier = &orders->batch->work->dossier;

	if (id < 0 || (size_t)id >= dossier->row_count || dossier->rows[id].kind != ROW_PLACE ||
		dossier->rows[id].pair != (int)orders->batch->pair)
		return NULL;
	return &dossier->rows[id];
}

static int64_t largest_lots(const struct strategy_rules *rules, const struct intent *intent)
{
	int64_t most = intent->type == ORDER_LIMIT ? rules->max_lots : rules->max_market_lots;

	return most > 0 ? most : intent->lots;
}

/* What an entry adds to the account's notional when it fills. */
static struct decimal value_of(const struct orders *orders, const struct placement *placement)
{
	const struct ticker *ticker = &orders->view->ticker;
	struct decimal price = placement->type == ORDER_LIMIT ? placement->price
			       : placement->side == SIDE_BUY  ? ticker->ask
							      : ticker->bid;

	return decimal_round(decimal_mul(placement->quantity, price), 8, ROUND_UP);
}

static struct planned *place_piece(struct orders *orders, const struct intent *intent, int64_t lots)
{
	const struct strategy_rules *rules = &orders->view->decision.input.rules;
	struct placement placement = {
		.purpose = intent->purpose,
		.side = intent->side,
		.type = intent->type,
		.time_in_force = intent->time_in_force,
		.quantity = units_quantity_of(lots, rules),
		.price = units_price_of(intent->price_ticks, rules),
		.reduce_only = intent->reduce_only,
	};

	if (purpose_is_entry(intent->purpose))
		placement.value = value_of(orders, &placement);
	return batch_place(orders->batch, &placement);
}

static int too_many(struct err *err)
{
	return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
		"a decision wants more orders than one run may send");
}

/* Above the venue's largest order it is split; entries were sized by the strategy. */
static int add_place(struct orders *orders, const struct intent *intent, int64_t lots,
	struct planned **list, size_t *count, struct err *err)
{
	int64_t most = largest_lots(&orders->view->decision.input.rules, intent);

	for (int64_t left = lots; left > 0; left -= most) {
		if (*count == STRATEGY_INTENTS_MAX * SPLITS_MAX ||
			batch_room(orders->batch) <= ROWS_RESERVED)
			return too_many(err);
		list[(*count)++] = place_piece(orders, intent, left < most ? left : most);
	}
	return 0;
}

/*
 * An exit never exceeds what is held (with drift: the smaller of both quantities), and reduces
 * only: so a close beside one of unknown outcome can close no more than there is.
 */
static int add_exit(struct orders *orders, const struct intent *intent, struct err *err)
{
	const struct strategy_input *input = &orders->view->decision.input;
	int64_t held = input->leg_own.lots;

	if (!intent->reduce_only || intent->side != side_for(input->side, false))
		return misuse(err, "an exit must reduce the leg");
	return add_place(orders, intent, intent->lots < held ? intent->lots : held, orders->exits,
		&orders->exit_count, err);
}

static int add_entry(struct orders *orders, const struct intent *intent, struct err *err)
{
	if (intent->reduce_only || intent->side != orders->view->decision.input.side)
		return misuse(err, "an entry must open the leg");
	return add_place(orders, intent, intent->lots, orders->entries, &orders->entry_count, err);
}

static int add_cancel(struct orders *orders, const struct intent *intent, struct err *err)
{
	struct row *target = shown_order(orders, intent->order_id);

	if (target == NULL)
		return misuse(err, "it cancels an order that it was not shown");
	if (target->purpose == PURPOSE_STOP && orders->output->stop.protection == PROTECTION_STOP)
		return misuse(err, "a stop that must stand is not cancelled");
	if (orders->cancel_count == STRATEGY_ORDERS_MAX ||
		batch_room(orders->batch) <= ROWS_RESERVED)
		return too_many(err);
	orders->cancels[orders->cancel_count++] = batch_cancel(orders->batch, target);
	return 0;
}

static int add_amend(struct orders *orders, const struct intent *intent, struct err *err)
{
	const struct strategy_rules *rules = &orders->view->decision.input.rules;
	struct row *target = shown_order(orders, intent->order_id);

	if (target == NULL || target->type != ORDER_LIMIT || purpose_is_entry(target->purpose) ||
		intent->lots <= 0)
		return misuse(err, "only a resting exit is amended");
	if (orders->amend_count == STRATEGY_INTENTS_MAX ||
		batch_room(orders->batch) <= ROWS_RESERVED)
		return too_many(err);
	orders->amends[orders->amend_count++] = batch_amend(orders->batch, target,
		units_quantity_of(intent->lots, rules), units_price_of(intent->price_ticks, rules));
	return 0;
}

static int add_intent(struct orders *orders, const struct intent *intent, struct err *err)
{
	switch (intent->kind) {
	case INTENT_CANCEL:
		return add_cancel(orders, intent, err);
	case INTENT_AMEND:
		return add_amend(orders, intent, err);
	case INTENT_PLACE:
		if (intent->purpose == PURPOSE_STOP || intent->purpose == PURPOSE_FOREIGN ||
			intent->type == ORDER_STOP_MARKET)
			return misuse(err, "stops are said, not placed");
		return purpose_is_entry(intent->purpose) ? add_entry(orders, intent, err)
							 : add_exit(orders, intent, err);
	case INTENT_PAUSE:
		orders->batch->work->pause_reason = intent->code;
		return 0;
	case INTENT_NOTIFY:
	case INTENT_LOCK:
		return 0;
	}
	return misuse(err, "an intent of no kind");
}

static struct decimal entries_wanted(const struct orders *orders)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < orders->entry_count; i++)
		sum = decimal_add(sum, orders->entries[i]->row->quantity);
	return sum;
}

int orders_init(struct orders *orders, struct work *work, size_t pair, const struct view *view,
	const struct strategy_output *output, bool last, struct err *err)
{
	memset(orders, 0, sizeof *orders);
	orders->batch = batch_new(work, pair, false);
	orders->view = view;
	orders->output = output;
	orders->last = last;
	for (size_t i = 0; i < output->intent_count; i++)
		if (add_intent(orders, &output->intents[i], err) == -1)
			return -1;
	protection_init(
		&orders->protection, orders->batch, view, &output->stop, entries_wanted(orders));
	return 0;
}

bool orders_wanted(const struct orders *orders)
{
	return orders->batch->count > 0;
}

/* ---- cancels ----------------------------------------------------------------------------------
 */

static struct row *target_of(const struct orders *orders, const struct planned *planned)
{
	return dossier_row(&orders->batch->work->dossier, planned->row->target);
}

/* A stop goes last, when everything else is done. */
static bool goes_last(const struct orders *orders, const struct planned *cancel)
{
	return target_of(orders, cancel)->purpose == PURPOSE_STOP;
}

/*
 * Sends the cancels and waits for their orders to be final. *ret_clear: all are; *ret_changed: one
 * of them had filled further than the decision saw.
 */
static int send_cancels(
	struct orders *orders, bool stops, bool *ret_clear, bool *ret_changed, struct err *err)
{
	struct work *work = orders->batch->work;
	struct row *watched[2 * STRATEGY_ORDERS_MAX];
	size_t count = 0;

	*ret_clear = true;
	*ret_changed = false;
	for (size_t i = 0; i < orders->cancel_count; i++) {
		struct planned *cancel = orders->cancels[i];
		struct err failure;
		if (goes_last(orders, cancel) != stops)
			continue;
		if (batch_send(orders->batch, cancel, &failure, err) == -1)
			return -1;
		watched[count++] = target_of(orders, cancel);
		if (!journal_state_final(cancel->row->state))
			watched[count++] = cancel->row;
	}
	if (count == 0)
		return 0;
	work_phase(work, PHASE_RESOLVE);
	if (resolve_until(work, watched, count, RESOLVE_FINAL, CANCEL_PATIENCE_MS, err) == -1)
		return -1;
	for (size_t i = 0; i < orders->cancel_count; i++) {
		const struct row *target = target_of(orders, orders->cancels[i]);
		if (!orders->cancels[i]->sent)
			continue;
		*ret_clear = *ret_clear && journal_state_final(target->state);
		*ret_changed = *ret_changed ||
			       !decimal_equal(target->filled, orders->cancels[i]->filled_before);
	}
	if (!*ret_clear)
		work_follow_up(work, work_now_ms(work) + LOOK_AGAIN_MS);
	return 0;
}

/* ---- exits and entries ------------------------------------------------------------------------
 */

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
static bool waits_for_old(const struct orders *orders, const struct row *row)
{
	if (row->type != ORDER_LIMIT)
		return false;
	for (size_t i = 0; i < orders->cancel_count; i++) {
		const struct row *old = target_of(orders, orders->cancels[i]);
		if (old->purpose == row->purpose && old->type == row->type && old->seen_open &&
			!journal_state_final(old->state))
			return true;
	}
	return false;
}

struct sending { /* what was sent, and how long its outcome is worth waiting for */
	struct row *rows[STRATEGY_INTENTS_MAX * SPLITS_MAX];
	size_t count;
	int64_t patience_ms;
	bool unknown;
	struct err ended; /* what must end the run, once the outcomes are known */
};

static void wait_for(struct sending *sending, struct row *row, int64_t patience_ms)
{
	sending->rows[sending->count++] = row;
	if (patience_ms > sending->patience_ms)
		sending->patience_ms = patience_ms;
}

static int send_one(
	struct orders *orders, struct planned *planned, struct sending *sending, struct err *err)
{
	struct work *work = orders->batch->work;
	struct err failure;

	if (batch_send(orders->batch, planned, &failure, err) == -1)
		return -1;
	if (failure.code == ERR_FILTER)
		exchange_rules_drop(work->exchange, planned->row->symbol);
	if (ends_run(&failure))
		sending->ended = failure;
	if (planned->row->state == JOURNAL_UNKNOWN) {
		sending->unknown = true;
		wait_for(sending, planned->row, UNKNOWN_PATIENCE_MS);
	} else if (planned->row->state == JOURNAL_OPEN && planned->row->type == ORDER_MARKET) {
		wait_for(sending, planned->row, MARKET_PATIENCE_MS);
	}
	return 0;
}

static int settle(struct orders *orders, const struct sending *sending, struct err *err)
{
	work_phase(orders->batch->work, PHASE_RESOLVE);
	if (sending->count > 0 && resolve_until(orders->batch->work, sending->rows, sending->count,
					  RESOLVE_FINAL, sending->patience_ms, err) == -1)
		return -1;
	if (sending->ended.code == ERR_NONE)
		return 0;
	*err = sending->ended;
	return -1;
}

/* Each with the order that it changes, until that is seen as it should be. */
static int send_amends(struct orders *orders, struct sending *sending, struct err *err)
{
	struct row *watched[2 * STRATEGY_INTENTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < orders->amend_count && sending->ended.code == ERR_NONE; i++) {
		struct planned *amend = orders->amends[i];
		struct err failure;
		if (batch_send(orders->batch, amend, &failure, err) == -1)
			return -1;
		if (ends_run(&failure))
			sending->ended = failure;
		watched[count++] = target_of(orders, amend);
		watched[count++] = amend->row;
	}
	if (count == 0)
		return 0;
	if (resolve_until(orders->batch->work, watched, count, RESOLVE_SEEN, MARKET_PATIENCE_MS,
		    err) == -1)
		return -1;
	for (size_t i = 0; i < orders->amend_count; i++)
		if (orders->amends[i]->row->state != JOURNAL_DONE)
			work_follow_up(orders->batch->work,
				work_now_ms(orders->batch->work) + LOOK_AGAIN_MS);
	return 0;
}

static int send_exits(struct orders *orders, struct sending *sending, struct err *err)
{
	if (send_amends(orders, sending, err) == -1)
		return -1;
	for (size_t i = 0; i < orders->exit_count && sending->ended.code == ERR_NONE; i++)
		if (!waits_for_old(orders, orders->exits[i]->row) &&
			send_one(orders, orders->exits[i], sending, err) == -1)
			return -1;
	return 0;
}

/* Beside an order of unknown outcome no new risk is taken, not even of the same decision. */
static int send_entries(struct orders *orders, struct sending *sending, struct err *err)
{
	for (size_t i = 0; i < orders->entry_count; i++) {
		if (sending->ended.code != ERR_NONE || sending->unknown)
			break;
		if (send_one(orders, orders->entries[i], sending, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- no naked time ----------------------------------------------------------------------------
 */

/* Do the stops that the venue shows cover what is held, what may still fill beside it, and more? */
static bool is_covered(const struct orders *orders, struct decimal more)
{
	const struct work *work = orders->batch->work;
	size_t pair = orders->batch->pair;
	struct decimal filled = decimal_add(
		protection_held(work, pair), protection_entries(work, pair));

	return !decimal_less(protection_standing(work, pair), decimal_add(filled, more));
}

static bool is_resting_entry(const struct row *row)
{
	return row->kind == ROW_PLACE && purpose_is_entry(row->purpose) &&
	       !journal_state_final(row->state) && row->state != JOURNAL_PLANNED;
}

static bool rests(const struct row *row, size_t pair)
{
	return row->pair == (int)pair && is_resting_entry(row);
}

static size_t collect_resting(
	struct work *work, size_t pair, struct row *ret_rows[STRATEGY_ORDERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < work->dossier.row_count && count < STRATEGY_ORDERS_MAX; i++)
		if (rests(&work->dossier.rows[i], pair))
			ret_rows[count++] = &work->dossier.rows[i];
	return count;
}

/* A strategy's time-out is the market's; ours is the real time that an entry may be naked. */
static int64_t naked_ms(const struct orders *orders)
{
	int64_t timeout_ms = work_real_ms(orders->batch->work, orders->output->entry_timeout_ms);

	return timeout_ms > 0 && timeout_ms < NAKED_MAX_MS ? timeout_ms : NAKED_MAX_MS;
}

/* All resting entries of a pair, by rows of their own. */
static int cancel_resting(struct batch *batch, struct err *err)
{
	struct work *work = batch->work;
	struct orders orders = {.batch = batch};
	struct row *resting[STRATEGY_ORDERS_MAX];
	size_t count = collect_resting(work, batch->pair, resting);
	bool clear;
	bool changed;

	/* What finds no room waits for the next run. */
	for (size_t i = 0; i < count && batch_room(batch) > 0; i++)
		orders.cancels[orders.cancel_count++] = batch_cancel(batch, resting[i]);
	if (orders.cancel_count == 0)
		return 0;
	if (batch_plan(batch, NULL, 0, err) == -1)
		return -1;
	return send_cancels(&orders, false, &clear, &changed, err);
}

/*
 * Entries that rest without a stop over them: those just sent get a moment to fill, then all are
 * cancelled.
 */
static int end_naked_time(struct orders *orders, bool sent, struct err *err)
{
	struct work *work = orders->batch->work;
	struct row *resting[STRATEGY_ORDERS_MAX];
	size_t count = collect_resting(work, orders->batch->pair, resting);

	if (count == 0 || orders->output->rests_unprotected || is_covered(orders, DECIMAL_ZERO))
		return 0;
	work_phase(work, PHASE_RESOLVE);
	if (sent && resolve_until(work, resting, count, RESOLVE_FINAL, naked_ms(orders), err) == -1)
		return -1;
	return cancel_resting(orders->batch, err);
}

static bool is_naked(const struct orders *orders)
{
	const struct work *work = orders->batch->work;
	size_t pair = orders->batch->pair;

	return orders->output->stop.protection == PROTECTION_STOP &&
	       decimal_less(protection_standing(work, pair), protection_held(work, pair));
}

/*
 * What must be true when the run ends. A stop that the venue refuses, or that stands nowhere, is
 * acted on; one that could not be moved in time but covers the leg where it is protects it, and is
 * moved in the run that was asked for.
 */
static int verify(struct orders *orders, struct err *err)
{
	bool holds = decimal_sign(protection_held(orders->batch->work, orders->batch->pair)) > 0;

	if (is_naked(orders) || (orders->protection.refused && holds))
		return protection_give_up(&orders->protection, err);
	return 0;
}

/* A leg that is flat, with nothing on its way to it, needs no stop; one that wants none has none.
 */
static int clear_stops(struct orders *orders, struct err *err)
{
	struct work *work = orders->batch->work;
	size_t pair = orders->batch->pair;
	bool clear;
	bool changed;

	if (send_cancels(orders, true, &clear, &changed, err) == -1)
		return -1;
	if (orders->output->stop.protection == PROTECTION_KEEP)
		return 0;
	bool empty = decimal_is_zero(protection_held(work, pair)) &&
		     decimal_is_zero(protection_entries(work, pair));
	if (orders->output->stop.protection == PROTECTION_STOP && !empty)
		return 0;
	return protection_clear(orders->batch, err);
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static int plan_all(struct orders *orders, struct err *err)
{
	const struct strategy *strategy = orders->view->decision.strategy;
	CLEANUP(doc_free)
	struct doc *state = decision_state_write(&orders->view->decision, orders->output->state);
	CLEANUP(text_free) char *text = doc_dump(state);

	return batch_plan(orders->batch, text, strategy->state_version, err);
}

/* May entries go? Not beside a cancel that is unconfirmed, nor ahead of a stop that is not there.
 */
static bool entries_may_go(const struct orders *orders, bool clear, bool changed)
{
	if (orders->entry_count == 0 || !clear || changed)
		return false;
	if (orders->output->stop.protection != PROTECTION_STOP)
		return true;
	return !orders->protection.refused && !orders->protection.moved &&
	       (orders->batch->work->venue->stops_need_position ||
		       is_covered(orders, entries_wanted(orders)));
}

static int act(struct orders *orders, bool clear, bool changed, struct err *err)
{
	struct sending sending = {.count = 0};
	bool entries = entries_may_go(orders, clear, changed);

	if (send_exits(orders, &sending, err) == -1 ||
		(entries && send_entries(orders, &sending, err) == -1) ||
		settle(orders, &sending, err) == -1)
		return -1;
	return end_naked_time(orders, entries, err);
}

int orders_execute(
	struct orders *orders, bool state_changed, enum orders_result *ret, struct err *err)
{
	bool clear;
	bool changed;

	*ret = ORDERS_DONE;
	if ((orders->batch->count > 0 || state_changed) && plan_all(orders, err) == -1)
		return -1;
	if (send_cancels(orders, false, &clear, &changed, err) == -1)
		return -1;
	if (changed && !orders->last) {
		*ret = ORDERS_AGAIN;
		return 0;
	}
	if (protection_arm(&orders->protection, err) == -1)
		return -1;
	if (orders->protection.moved && !orders->last) {
		*ret = ORDERS_AGAIN;
		return 0;
	}
	if (act(orders, clear, changed, err) == -1)
		return -1;
	/* An entry has filled where a stop could not wait for it, or a stop was not seen in time.
	 */
	if (is_naked(orders) && !orders->protection.refused && !orders->last) {
		*ret = ORDERS_SETTLE;
		return 0;
	}
	if (verify(orders, err) == -1)
		return -1;
	return clear_stops(orders, err);
}

/* ---- without a decision -----------------------------------------------------------------------
 */

int orders_cancel_entries(struct work *work, bool stop_run, bool *ret_all, struct err *err)
{
	struct row *resting[STRATEGY_ORDERS_MAX];
	bool all = true;

	for (size_t pair = 0; pair < work->dossier.pair_count; pair++) {
		if (cancel_resting(batch_new(work, pair, stop_run), err) == -1)
			return -1;
		all = all && collect_resting(work, pair, resting) == 0;
	}
	*ret_all = all;
	return 0;
}
