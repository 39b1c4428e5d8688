#include "worker/income.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "core/store/trade.h"
#include "worker/booking.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEDGER_LAG_MS 600000     /* a venue's ledger may lag; after this a stamp counts as empty */
#define PNL_PATIENCE_MS 86400000 /* after this the venue's figure is given up */
#define PNL_BEFORE_MS 1000       /* a ledger's stamp may be a little older than the fill's */

/* ---- funding --------------------------------------------------------------------------------- */

/*
 * The venue's ledger runs on its server's clock, funding stamps on the market's (on a real venue
 * they agree): whether a stamp has passed is asked of the market, which payments are new of the
 * ledger.
 */
static int read_payments(struct work *work, const struct pair *pair, struct funding_list *ret,
	struct trade_set *ret_booked, bool *ret_read, struct err *err)
{
	int64_t from_ms = pair->funding_seen_ms;
	struct err failure;

	*ret_read = false;
	if (from_ms == 0 && trade_first(work->context->postgres, &pair->id, &from_ms, err) == -1)
		return -1;
	if (work->venue->funding(
		    work->exchange, work->arena, pair->symbol, from_ms, 0, ret, &failure) == -1) {
		log_failure(LOG_INFO, "funding is asked for again later", &failure);
		return 0;
	}
	*ret_read = true;
	return trade_funding(
		work->context->postgres, &work->dossier.bot, from_ms, work->arena, ret_booked, err);
}

/* The cycle that was running when the payment was made, which may have ended since. */
static int book_payment(struct work *work, struct booking *booking, size_t index,
	const struct funding_payment *payment, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	int64_t cycle = 0;

	if (trade_cycle_at(work->context->postgres, &pair->id, payment->paid_ms, &cycle, err) == -1)
		return -1;
	booking_funding(booking, index, payment, cycle > 0 ? cycle : pair->book.cycle);
	return 0;
}

/* A leg that held nothing at the stamp waits for no payment. */
static bool held_at(const struct pair *pair, int64_t stamp_ms)
{
	return !decimal_is_zero(pair->book.quantity) || pair->book.cycle_ended_ms >= stamp_ms;
}

int income_funding(struct work *work, size_t index, const struct rules *rules,
	const struct ticker *ticker, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	int64_t stamp_ms = ticker->market_ms - ticker->market_ms % rules->funding_interval_ms;
	struct funding_list payments = {0};
	struct trade_set booked = {0};
	int64_t server_ms;
	bool read = true;

	if (pair->funding_from_ms >= stamp_ms)
		return 0;
	if (exchange_server_ms(work->exchange, &server_ms, err) == -1 ||
		(pair->book.cycle > 0 &&
			read_payments(work, pair, &payments, &booked, &read, err) == -1))
		return -1;
	/* A ledger that does not answer holds no exit back. */
	if (!read)
		return 0;

	bool seen = !held_at(pair, stamp_ms);
	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	for (size_t i = 0; i < payments.count; i++) {
		const struct funding_payment *payment = &payments.items[i];
		if (!funding_is_of(payment, pair->leg) || trade_set_has(&booked, payment->id))
			continue;
		if (book_payment(work, booking, index, payment, err) == -1)
			return -1;
		seen = true;
	}
	/* A ledger may lag: a stamp is done with when its payment was seen, or after a while. */
	if (seen || ticker->market_ms - stamp_ms > LEDGER_LAG_MS) {
		struct pair *after = booking_pair(booking, index);
		after->funding_from_ms = stamp_ms;
		after->funding_seen_ms = server_ms - LEDGER_LAG_MS;
	}
	return booking_empty(booking) ? 0 : booking_commit(booking, err);
}

/* ---- the venue's own figure ------------------------------------------------------------------ */

/* A cent, or a millionth of what was traded: venues round averages, and differ in where. */
bool income_differs(struct decimal ours, struct decimal venues, struct decimal value)
{
	struct decimal apart = decimal_abs(decimal_sub(ours, venues));
	struct decimal millionth = decimal_mul(decimal_abs(value), decimal_literal("0.000001"));

	return decimal_less(decimal_literal("0.01"), apart) && decimal_less(millionth, apart);
}

static void tell_difference(struct booking *booking, const struct pair *pair,
	const struct trade_owed *owed, struct decimal venues)
{
	char key[128];
	struct doc *body = doc_object();

	(void)snprintf(key, sizeof key, "pnl/%s/%" PRId64, pair->id.text, owed->cycle);
	doc_text(body, "symbol", pair->symbol);
	doc_int(body, "cycle", owed->cycle);
	doc_text(body, "exec_id", owed->exec_id);
	doc_decimal(body, "booked", owed->pnl);
	doc_decimal(body, "venue", venues);
	booking_notice(booking, "pnl_differs", key, body);
	log_event(LOG_WARN, "the venue's profit of a fill is not ours, people are told",
		LOG_TEXT("symbol", pair->symbol), LOG_TEXT("exec_id", owed->exec_id),
		LOG_DECIMAL("booked", owed->pnl), LOG_DECIMAL("venue", venues));
}

static const struct realised *find(const struct realised_list *list, const char *exec_id)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].exec_id, exec_id) == 0)
			return &list->items[i];
	return NULL;
}

/* Books what the ledger tells of the fills; true if nothing is owed any more. */
static bool settle(struct booking *booking, size_t index, const struct pair *pair,
	const struct trade_owed_list *owed, const struct realised_list *told)
{
	bool all = true;

	for (size_t i = 0; i < owed->count; i++) {
		const struct trade_owed *trade = &owed->items[i];
		const struct realised *realised = find(told, trade->exec_id);
		if (realised == NULL) {
			all = false;
			continue;
		}
		booking_venue_pnl(booking, index, trade->exec_id, realised->amount);
		if (income_differs(trade->pnl, realised->amount, trade->value))
			tell_difference(booking, pair, trade, realised->amount);
	}
	return all;
}

int income_realised(struct work *work, size_t index, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	int64_t from_ms = pair->pnl_owed_ms - PNL_BEFORE_MS;
	struct trade_owed_list owed;
	struct realised_list told;
	int64_t server_ms;
	struct err failure;

	if (pair->pnl_owed_ms == 0 || work->venue->realised == NULL)
		return 0;
	if (exchange_server_ms(work->exchange, &server_ms, &failure) == -1 ||
		work->venue->realised(work->exchange, work->arena, pair->symbol, from_ms, &told,
			&failure) == -1) {
		log_failure(LOG_INFO, "the venue's profits are asked for again later", &failure);
		return 0;
	}
	if (trade_owed(work->context->postgres, &pair->id, from_ms, work->arena, &owed, err) == -1)
		return -1;

	CLEANUP(booking_free) struct booking *booking = booking_new(work);
	if (settle(booking, index, pair, &owed, &told) ||
		server_ms - pair->pnl_owed_ms > PNL_PATIENCE_MS)
		booking_pair(booking, index)->pnl_owed_ms = 0;
	return booking_empty(booking) ? 0 : booking_commit(booking, err);
}
