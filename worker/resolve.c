#include "worker/resolve.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "worker/booking.h"
#include "worker/position.h"
#include "worker/sabotage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ABSENT_GRACE_MS 30000 /* beyond the request's own expiry, design.md 7 */
#define FORGOTTEN_MS 86400000 /* a venue shows working orders at least this soon */
#define ASK_AGAIN_MS 10000    /* the next run that asks about an unknown order */
#define ASK_FIRST_MS 100
#define ASK_MOST_MS 1000

struct finding { /* what the venue said of one row */
	struct row *row;
	bool ripe;  /* asked when the venue could no longer accept the request, or lag behind it */
	bool asked; /* the question was answered */
	bool found;
	bool holds_position; /* the position was asked about for it */
	bool explained;      /* not found, ripe, and the position needs no such order */
	struct order order;
	struct row *amendment;               /* that the order shows to have taken effect */
	struct fill_list fills;              /* all executions of the order, when they were read */
	struct decimal filled, filled_value; /* their sums */
};

struct found_fill {
	struct row *row;
	struct fill *fill;
};

static void sum_fills(struct finding *finding)
{
	finding->filled = DECIMAL_ZERO;
	finding->filled_value = DECIMAL_ZERO;
	for (size_t i = 0; i < finding->fills.count; i++) {
		const struct fill *fill = &finding->fills.items[i];
		finding->filled = decimal_add(finding->filled, fill->quantity);
		finding->filled_value = decimal_add(
			finding->filled_value, decimal_mul(fill->quantity, fill->price));
	}
	/* A list that lags behind what is booked already takes nothing back. */
	if (decimal_less(finding->filled, finding->row->filled)) {
		finding->filled = finding->row->filled;
		finding->filled_value = finding->row->filled_value;
	}
}

/* The venue refuses the request by now, with the grace that its indexes may need. */
static bool long_expired(struct work *work, const struct row *row)
{
	int64_t server_ms;
	struct err err;

	if (exchange_server_ms(work->exchange, &server_ms, &err) == -1)
		return false;
	return row->expires_server_ms != 0 && server_ms > row->expires_server_ms + ABSENT_GRACE_MS;
}

static void unanswered(struct work *work, const char *event, const struct err *failure)
{
	log_failure(LOG_WARN, event, failure);
	if (work->unanswered.code == ERR_NONE)
		work->unanswered = *failure;
}

/* By id, then by fills. A failure to ask is logged and leaves `asked` false. */
static void ask(struct work *work, struct finding *finding)
{
	struct row *row = finding->row;
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	struct err err = {0};

	row->seen_open = false;
	finding->ripe = long_expired(work, row);
	finding->filled = row->filled;
	finding->filled_value = row->filled_value;
	if (work->venue->find_order(work->exchange, row->symbol, row->client_order_id, &found,
		    &finding->order, &err) == -1) {
		unanswered(work, "could not ask about an order, it keeps blocking new risk", &err);
		return;
	}
	finding->found = found == EXCHANGE_FOUND;
	if (!finding->found || !decimal_equal(finding->order.filled, row->filled)) {
		if (work->venue->order_fills(work->exchange, work->arena, row->symbol,
			    row->client_order_id, &finding->fills, &err) == -1) {
			unanswered(work, "could not read the fills of an order", &err);
			return;
		}
		sum_fills(finding);
	}
	finding->asked = true;
	row->seen_open = finding->found && !order_status_final(finding->order.status);
}

static enum journal_state state_of(const struct finding *finding)
{
	switch (finding->order.status) {
	case ORDER_STATUS_FILLED:
		return JOURNAL_FILLED;
	case ORDER_STATUS_CANCELLED:
		return JOURNAL_CANCELLED;
	case ORDER_STATUS_REJECTED:
		return JOURNAL_REJECTED;
	case ORDER_STATUS_OPEN:
	case ORDER_STATUS_UNTRIGGERED:
		return JOURNAL_OPEN;
	}
	die("order status %d has no name", (int)finding->order.status);
}

/* The last of the three questions that prove an absence, once for each pair that needs it. */
static void explain(struct work *work, struct finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct finding *finding = &findings[i];
		const struct finding *same = NULL;

		if (!finding->asked || finding->found || !finding->ripe || finding->row->pair < 0 ||
			finding->row->state == JOURNAL_ABSENT)
			continue;
		finding->holds_position = true;
		for (size_t k = 0; k < i && same == NULL; k++)
			if (findings[k].holds_position &&
				findings[k].row->pair == finding->row->pair)
				same = &findings[k];
		finding->explained = same != NULL
					     ? same->explained
					     : position_explained(work, (size_t)finding->row->pair);
	}
}

static void note_late(struct work *work, struct booking *booking, const struct row *row)
{
	char key[128];
	struct doc *body = doc_object();

	(void)snprintf(key, sizeof key, "late/%s", row->client_order_id);
	doc_text(body, "client_order_id", row->client_order_id);
	booking_notice(booking, "order_found_late", key, body);
	metrics_add(METRIC_DRIFT, 1);
	log_event(LOG_ERROR, "an order declared absent was found, booking it as drift",
		LOG_TEXT("client_order_id", row->client_order_id));
	work_follow_up(work, work_now_ms(work));
}

static void conclude_found(struct work *work, struct booking *booking, struct finding *finding)
{
	struct row *row = finding->row;
	enum journal_state state = state_of(finding);

	/* Final means booked: fills that lag behind the order keep the row open. */
	if (journal_state_final(state) && !decimal_equal(finding->filled, finding->order.filled))
		state = JOURNAL_OPEN;
	if (row->state == JOURNAL_ABSENT) {
		note_late(work, booking, row);
		/* A stopped bot's entries were cancelled without this one. */
		work->stop_run_owed = work->stop_run_owed || state == JOURNAL_OPEN;
	}
	if (state == row->state && decimal_equal(finding->filled, row->filled) &&
		finding->amendment == NULL)
		return;
	if (finding->amendment != NULL)
		booking_row(booking, finding->amendment,
			&(struct row_change){.state = JOURNAL_DONE, .asked = true});
	booking_row(booking, row,
		&(struct row_change){.state = state,
			.filled = finding->filled,
			.filled_value = finding->filled_value,
			.amended = finding->amendment,
			.venue_order_id = finding->order.venue_order_id,
			.reason = finding->order.reason[0] != '\0' ? finding->order.reason : NULL,
			.asked = true});
}

/* An amendment of it, whose outcome nobody saw, asked for just that much. */
static bool was_amended_to(const struct dossier *dossier, const struct row *row, struct decimal to)
{
	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct row *amendment = &dossier->rows[i];
		if (amendment->kind == ROW_AMEND && !journal_state_final(amendment->state) &&
			strcasecmp(amendment->target, row->client_order_id) == 0 &&
			decimal_equal(amendment->quantity, to))
			return true;
	}
	return false;
}

/* Not found by id any more, but its fills are: venues forget orders sooner than executions. */
static enum journal_state state_by_fills(struct work *work, const struct finding *finding)
{
	const struct row *row = finding->row;

	if (decimal_equal(finding->filled, row->quantity) ||
		was_amended_to(&work->dossier, row, finding->filled))
		return JOURNAL_FILLED;
	/* An order that still works is found; a whole day of not finding it is not a lag. */
	if (finding->explained && work_now_ms(work) - row->created_ms > FORGOTTEN_MS)
		return JOURNAL_CANCELLED;
	return JOURNAL_UNKNOWN;
}

static const char *reason_of(enum journal_state state)
{
	return state == JOURNAL_ABSENT ? "not found by id, not in fills, position explained"
	       : state == JOURNAL_CANCELLED
		       ? "the venue knows only its fills any more, position explained"
		       : NULL;
}

static void conclude_not_found(struct work *work, struct booking *booking, struct finding *finding)
{
	struct row *row = finding->row;
	enum journal_state state = JOURNAL_UNKNOWN;

	if (row->state == JOURNAL_ABSENT) {
		if (finding->fills.count == 0)
			return;
		note_late(work, booking, row);
	}
	if (decimal_sign(finding->filled) > 0)
		state = state_by_fills(work, finding);
	else if (finding->explained)
		state = JOURNAL_ABSENT;
	if (state == JOURNAL_ABSENT)
		log_event(LOG_WARN, "order never reached the venue",
			LOG_TEXT("client_order_id", row->client_order_id));
	if (state == JOURNAL_UNKNOWN)
		work_follow_up(work, work_now_ms(work) + ASK_AGAIN_MS);
	booking_row(booking, row,
		&(struct row_change){.state = state,
			.filled = finding->filled,
			.filled_value = finding->filled_value,
			.reason = reason_of(state),
			.asked = true});
}

static int by_time(const void *left, const void *right)
{
	const struct fill *a = ((const struct found_fill *)left)->fill;
	const struct fill *b = ((const struct found_fill *)right)->fill;

	if (a->executed_ms != b->executed_ms)
		return a->executed_ms < b->executed_ms ? -1 : 1;
	return strcmp(a->exec_id, b->exec_id);
}

/* All executions of all rows, in the order in which they happened: the book depends on it. */
static int book_fills(struct work *work, struct booking *booking, struct finding *findings,
	size_t count, struct err *err)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += findings[i].asked ? findings[i].fills.count : 0;
	if (total == 0)
		return 0;

	struct found_fill *list = ARENA_ARRAY(work->arena, struct found_fill, total);
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; findings[i].asked && k < findings[i].fills.count; k++)
			list[used++] = (struct found_fill){
				findings[i].row, &findings[i].fills.items[k]};
	qsort(list, used, sizeof list[0], by_time);

	for (size_t i = 0; i < used; i++) {
		struct row *row = list[i].row;
		if (row->pair < 0)
			continue;
		const struct account *account = position_account(work, (size_t)row->pair);
		list[i].fill->leg = row->leg;
		if (booking_fill(booking, (size_t)row->pair, row, list[i].fill, row->absent_ms != 0,
			    account, err) == -1)
			return -1;
	}
	return 0;
}

static struct finding *finding_of(
	struct finding *findings, size_t count, const char *client_order_id)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(findings[i].row->client_order_id, client_order_id) == 0)
			return &findings[i];
	return NULL;
}

/* The order shows what the amendment asked for. */
static bool took_effect(const struct row *amendment, const struct order *order)
{
	return decimal_equal(order->quantity, amendment->quantity) &&
	       (amendment->type == ORDER_LIMIT
			       ? decimal_equal(order->price, amendment->price)
			       : decimal_equal(order->trigger_price, amendment->trigger_price));
}

static void match_amendments(
	struct row *const *rows, size_t count, struct finding *findings, size_t asked)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i]->kind != ROW_AMEND || journal_state_final(rows[i]->state))
			continue;
		struct finding *target = finding_of(findings, asked, rows[i]->target);
		if (target != NULL && target->asked && target->found &&
			took_effect(rows[i], &target->order))
			target->amendment = rows[i];
	}
}

/*
 * Cancels, amends and settings end by what became of what they changed. Without it in sight nothing
 * is concluded, unless it had ended before this run.
 */
static void conclude_change(struct work *work, struct booking *booking, struct row *row,
	const struct row *target, bool target_seen)
{
	bool over = target == NULL || journal_state_final(target->state);
	struct row_change change = {.state = row->state};

	if (row->kind != ROW_SETTING && over)
		change.state = row->kind == ROW_CANCEL ? JOURNAL_DONE : JOURNAL_REJECTED;
	else if ((row->kind == ROW_SETTING || target_seen) && long_expired(work, row))
		change.state = JOURNAL_ABSENT;
	if (change.state == row->state)
		return;
	if (change.state == JOURNAL_REJECTED)
		change.reason = "the order ended as it was";
	booking_row(booking, row, &change);
}

/* One round: ask about each place row, book, then settle the rows that changed them. */
static int resolve_round(struct work *work, struct row *const *rows, size_t count, struct err *err)
{
	struct finding *findings = ARENA_ARRAY(work->arena, struct finding, count + 1);
	size_t asked = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i]->kind != ROW_PLACE)
			continue;
		findings[asked].row = rows[i];
		ask(work, &findings[asked]);
		asked++;
	}
	match_amendments(rows, count, findings, asked);
	/* Holding the position against the book may itself book: before this booking begins. */
	explain(work, findings, asked);

	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	for (size_t i = 0; i < asked; i++) {
		if (!findings[i].asked)
			continue;
		if (findings[i].found)
			conclude_found(work, booking, &findings[i]);
		else
			conclude_not_found(work, booking, &findings[i]);
	}
	if (book_fills(work, booking, findings, asked, err) == -1)
		return -1;
	if (!booking_empty(booking) && booking_commit(booking, err) == -1)
		return -1;

	CLEANUP(booking_free) struct booking *changes = booking_new(work);
	for (size_t i = 0; i < count; i++) {
		if (rows[i]->kind == ROW_PLACE || journal_state_final(rows[i]->state))
			continue;
		const struct finding *seen = finding_of(findings, asked, rows[i]->target);
		conclude_change(work, changes, rows[i],
			dossier_row(&work->dossier, rows[i]->target), seen != NULL && seen->asked);
	}
	return booking_empty(changes) ? 0 : booking_commit(changes, err);
}

int resolve_all(struct work *work, struct err *err)
{
	struct dossier *dossier = &work->dossier;
	struct row **rows = ARENA_ARRAY(work->arena, struct row *, dossier->row_count + 1);
	size_t count = 0;

	if (sabotage(SABOTAGE_RECONCILE))
		return 0;
	for (size_t i = 0; i < dossier->row_count; i++) {
		struct row *row = &dossier->rows[i];
		if (journal_state_final(row->state) && row->state != JOURNAL_ABSENT)
			continue;
		if (row->state == JOURNAL_ABSENT && row->kind != ROW_PLACE)
			continue;
		rows[count++] = row;
	}
	return count == 0 ? 0 : resolve_round(work, rows, count, err);
}

static bool has_reached(const struct row *row, enum resolve_goal goal)
{
	if (journal_state_final(row->state))
		return true;
	return goal == RESOLVE_SEEN && row->kind == ROW_PLACE && row->state == JOURNAL_OPEN &&
	       row->seen_open;
}

static bool all_reached(struct row *const *rows, size_t count, enum resolve_goal goal)
{
	for (size_t i = 0; i < count; i++)
		if (!has_reached(rows[i], goal))
			return false;
	return true;
}

int resolve_until(struct work *work, struct row *const *rows, size_t count, enum resolve_goal goal,
	int64_t patience_ms, struct err *err)
{
	const struct clock *clock = work->context->clock;
	int64_t end_ms = clock_mono_ms(clock) + patience_ms;
	int64_t pause_ms = ASK_FIRST_MS;

	while (!all_reached(rows, count, goal)) {
		if (resolve_round(work, rows, count, err) == -1)
			return -1;
		if (all_reached(rows, count, goal) || clock_mono_ms(clock) + pause_ms > end_ms)
			break;
		if (work_may_go_on(work, err) == -1 && err->code == ERR_FENCED)
			return -1;
		clock_sleep_ms(clock, pause_ms);
		pause_ms = pause_ms * 2 > ASK_MOST_MS ? ASK_MOST_MS : pause_ms * 2;
	}
	return 0;
}
