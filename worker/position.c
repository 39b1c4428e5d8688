#include "worker/position.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/store/journal.h"
#include "core/store/trade.h"
#include "worker/booking.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DRIFT_ROUND_MS 10000    /* between two rounds that count as two */
#define FILLS_OVERLAP_MS 60000  /* read again before the last booked fill: stamps may tie or lag */
#define FILLS_FIRST_MS 86400000 /* how far back when nothing is known */
#define FILLS_DRIFT_MS (7 * 86400000LL) /* and at most, once the drift is confirmed */

static int read_account(struct work *work, size_t index, struct account *ret, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];

	if (work->venue->account(work->exchange, pair->symbol, ret, err) == -1)
		return err_while(err, "could not read the account");
	work->accounts[index] = *ret;
	work->account_read[index] = true;
	return 0;
}

const struct account *position_account(struct work *work, size_t pair)
{
	struct account account;
	struct err err;

	if (!work->account_read[pair] && read_account(work, pair, &account, &err) == -1) {
		log_failure(LOG_DEBUG, "a trade is booked without its balance", &err);
		return NULL;
	}
	return &work->accounts[pair];
}

const struct position *position_of(const struct account *account, const struct pair *pair)
{
	for (size_t i = 0; i < account->position_count; i++)
		if (account->positions[i].leg == pair->leg)
			return &account->positions[i];
	return NULL;
}

static bool agrees(const struct account *account, const struct pair *pair)
{
	const struct position *position = position_of(account, pair);
	const struct book *book = &pair->book;

	if (position == NULL)
		return decimal_is_zero(book->quantity);
	if (!decimal_equal(position->quantity, book->quantity))
		return false;
	return decimal_is_zero(book->quantity) || pair->leg != LEG_ONE_WAY ||
	       position->side == book->held;
}

/*
 * Where to read from: before it everything is booked. Not the newest booked fill: what became of
 * our orders is booked first, and a liquidation may be older than that.
 */
static int64_t fills_from(const struct pair *pair, int64_t server_ms)
{
	if (pair->fills_from_ms == 0)
		return server_ms - FILLS_FIRST_MS;
	/* A drift that lasts is not worth reading months in every run. */
	if (pair->drift_confirmed && pair->fills_from_ms < server_ms - FILLS_DRIFT_MS)
		return server_ms - FILLS_DRIFT_MS;
	return pair->fills_from_ms;
}

/* An order id of ours and of this bot, whether or not its row is still open. */
static bool is_ours(const struct work *work, const struct fill *fill)
{
	struct order_key key;

	return client_order_id_parse(fill->client_order_id, &key) &&
	       strcmp(key.bot.text, work->dossier.bot.text) == 0;
}

static bool on_leg(const struct pair *pair, const struct fill *fill)
{
	if (fill->leg != LEG_ONE_WAY || pair->leg == LEG_ONE_WAY)
		return fill->leg == pair->leg;
	/* The venue does not tell the leg: a forced fill closes, so its side says which. */
	return fill->kind != FILL_TRADE &&
	       fill->side == (pair->leg == LEG_LONG ? SIDE_SELL : SIDE_BUY);
}

/* What a fill does to the row it belongs to, if that row can still change. */
static void count_fill(struct booking *booking, struct row *row, const struct fill *fill)
{
	const struct row *after = booking_row_after(booking, row);
	/* Found late: it is asked about again, until it is final with its fills. */
	enum journal_state state = row->state == JOURNAL_ABSENT ? JOURNAL_UNKNOWN : JOURNAL_OPEN;

	if (journal_state_final(row->state) && row->state != JOURNAL_ABSENT)
		return;
	booking_row(booking, row,
		&(struct row_change){.state = state,
			.filled = decimal_add(after->filled, fill->quantity),
			.filled_value = decimal_add(
				after->filled_value, decimal_mul(fill->quantity, fill->price)),
			.venue_order_id = fill->venue_order_id});
}

/* Is it this pair's? An order of ours belongs to its row's pair, a forced fill to its leg. */
static int belongs(struct work *work, size_t index, const struct fill *fill, const struct row *row,
	bool *ret, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];

	*ret = row != NULL && row->pair == (int)index;
	if (row != NULL)
		return 0;
	if (is_ours(work, fill)) /* of a row that was final before this run */
		return journal_is_of(
			work->context->postgres, &pair->id, fill->client_order_id, ret, err);
	/* Else somebody's hand: drift, if it moved our leg. */
	*ret = fill->kind != FILL_TRADE && on_leg(pair, fill);
	return 0;
}

static int book_one(struct work *work, struct booking *booking, size_t index, struct fill *fill,
	struct err *err)
{
	struct row *row = fill->client_order_id[0] == '\0'
				  ? NULL
				  : dossier_row(&work->dossier, fill->client_order_id);
	bool ours;

	if (belongs(work, index, fill, row, &ours, err) == -1)
		return -1;
	if (!ours || (row != NULL && booking_has(booking, row, fill)))
		return 0;
	bool late = row == NULL ? fill->kind == FILL_TRADE : journal_state_final(row->state);
	fill->leg = work->dossier.pairs[index].leg;
	if (booking_fill(booking, index, row, fill, late, position_account(work, index), err) == -1)
		return -1;
	if (row != NULL)
		count_fill(booking, row, fill);
	return 0;
}

/* Books executions since the last known one that are ours or the venue's own. */
static int book_recent(struct work *work, size_t index, int64_t server_ms, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	int64_t from_ms = fills_from(pair, server_ms);
	struct fill_list fills;
	struct trade_set booked;

	if (work->venue->fills(
		    work->exchange, work->arena, pair->symbol, from_ms, 0, &fills, err) == -1)
		return err_while(err, "could not read recent fills");
	if (trade_executions(work->context->postgres, &work->dossier.bot, from_ms, work->arena,
		    &booked, err) == -1)
		return -1;

	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	for (size_t i = 0; i < fills.count; i++) {
		if (trade_set_has(&booked, fills.items[i].exec_id))
			continue;
		if (book_one(work, booking, index, &fills.items[i], err) == -1)
			return -1;
	}
	return booking_empty(booking) ? 0 : booking_commit(booking, err);
}

/* They agree: no drift, and whatever had been executed by seen_ms is booked. */
static int note_agreement(struct work *work, size_t index, int64_t seen_ms, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	bool old = seen_ms - pair->fills_from_ms > FILLS_FIRST_MS;

	if (pair->drift_since_ms == 0 && !old)
		return 0;
	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	struct pair *after = booking_pair(booking, index);
	if (after->drift_since_ms != 0)
		log_event(LOG_INFO, "position and book agree again",
			LOG_TEXT("symbol", after->symbol));
	after->drift_since_ms = 0;
	after->drift_confirmed = false;
	after->fills_from_ms = seen_ms - FILLS_OVERLAP_MS;
	return booking_commit(booking, err);
}

static int mark_drift(
	struct work *work, size_t index, const struct account *account, struct err *err)
{
	const struct position *position = position_of(account, &work->dossier.pairs[index]);
	struct decimal theirs = position == NULL ? DECIMAL_ZERO : position->quantity;
	int64_t now_ms = work_now_ms(work);
	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	struct pair *after = booking_pair(booking, index);

	if (after->drift_since_ms == 0)
		after->drift_since_ms = now_ms;
	(void)snprintf(after->drift_detail, sizeof after->drift_detail,
		"the venue holds %s, booked are %s", DECIMAL_TEXT(theirs),
		DECIMAL_TEXT(after->book.quantity));
	if (!after->drift_confirmed && now_ms - after->drift_since_ms >= DRIFT_ROUND_MS) {
		char key[128];
		struct doc *body = doc_object();
		after->drift_confirmed = true;
		(void)snprintf(key, sizeof key, "drift/%s/%" PRId64, after->id.text,
			after->drift_since_ms);
		doc_text(body, "symbol", after->symbol);
		doc_decimal(body, "booked", after->book.quantity);
		doc_decimal(body, "venue", theirs);
		booking_notice(booking, "position_drift", key, body);
		metrics_add(METRIC_DRIFT, 1);
		log_event(LOG_ERROR,
			"position drift confirmed, no new risk until an operator ends it",
			LOG_TEXT("symbol", after->symbol),
			LOG_DECIMAL("booked", after->book.quantity), LOG_DECIMAL("venue", theirs));
	} else if (!after->drift_confirmed) {
		log_event(LOG_WARN, "position and book disagree, looking again before new risk",
			LOG_TEXT("symbol", after->symbol),
			LOG_DECIMAL("booked", after->book.quantity), LOG_DECIMAL("venue", theirs));
		work_follow_up(work, now_ms + DRIFT_ROUND_MS);
	}
	return booking_commit(booking, err);
}

/* Reads, and where the two disagree books what explains it and reads again. */
static int compare(struct work *work, size_t index, struct account *ret, bool *ret_agrees,
	int64_t *ret_server_ms, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];

	if (exchange_server_ms(work->exchange, ret_server_ms, err) == -1 ||
		read_account(work, index, ret, err) == -1)
		return -1;
	*ret_agrees = agrees(ret, pair);
	if (*ret_agrees)
		return 0;
	if (book_recent(work, index, *ret_server_ms, err) == -1 ||
		read_account(work, index, ret, err) == -1)
		return -1;
	*ret_agrees = agrees(ret, pair);
	return 0;
}

bool position_explained(struct work *work, size_t pair)
{
	struct account account;
	int64_t server_ms;
	bool explained;
	struct err err;

	if (compare(work, pair, &account, &explained, &server_ms, &err) == -1) {
		log_failure(LOG_WARN, "could not hold the position against the book", &err);
		return false;
	}
	return explained;
}

int position_check(struct work *work, size_t index, struct account *ret, struct err *err)
{
	int64_t server_ms;
	bool explained;

	if (compare(work, index, ret, &explained, &server_ms, err) == -1)
		return -1;
	return explained ? note_agreement(work, index, server_ms, err)
			 : mark_drift(work, index, ret, err);
}
