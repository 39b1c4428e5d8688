#include "worker/round.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "worker/booking.h"
#include "worker/income.h"
#include "worker/orders.h"
#include "worker/position.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DECISIONS_MAX 3 /* the first and two made again; one more if only its stop is missing */

struct round { /* one pair, from seeing to acting */
	struct work *work;
	size_t pair;
	bool leased;  /* the account is ours to count in */
	bool entries; /* new risk may be taken */
	struct view *view;
	struct account account;
	struct strategy_output *output;
};

static struct claim_account account_of(const struct dossier *dossier)
{
	return (struct claim_account){
		.exchange = dossier->exchange_name,
		.environment = dossier->environment_name,
		.account_id = dossier->account_id,
	};
}

static const char *why_not(const struct strategy_output *output)
{
	for (size_t i = output->reason_count; i > 0; i--)
		if (!output->reasons[i - 1].passed)
			return output->reasons[i - 1].text;
	return "";
}

static void keep_line(struct work *work, const struct pair *pair, const struct view *view,
	const struct strategy_output *output, uint64_t hash)
{
	struct doc *line = doc_object();

	doc_text(line, "symbol", pair->symbol);
	doc_text(line, "side", pair->side == SIDE_BUY ? "long" : "short");
	doc_text(line, "action", output->action);
	doc_decimal(line, "price", pair->side == SIDE_BUY ? view->ticker.bid : view->ticker.ask);
	doc_decimal(line, "quantity", pair->book.quantity);
	doc_int(line, "reasons", (int64_t)hash);
	doc_push(work->summary, line);
}

/* Keeps what explains this pair's decision: a line always, everything when it matters. */
static void keep_decision(struct work *work, size_t index, const struct view *view,
	const struct strategy_output *output, bool acts)
{
	const struct pair *pair = &work->dossier.pairs[index];
	uint64_t hash = decision_reasons_hash(output);

	work->said[index] = (struct said){.action = arena_text(work->arena, output->action),
		.reason = arena_text(work->arena, why_not(output)),
		.reasons_hash = hash};
	keep_line(work, pair, view, output, hash);
	if (!acts && output->status == DECISION_OK && hash == pair->reasons_hash)
		return;
	if (work->snapshot == NULL)
		work->snapshot = doc_array();
	struct doc *whole = doc_object();
	doc_child(whole, "saw", decision_write(&view->decision));
	doc_child(whole, "said", decision_write_output(&view->decision, output));
	doc_push(work->snapshot, whole);
}

/* What a strategy wants people to know, once in a cycle. */
static int tell(
	struct work *work, size_t index, const struct strategy_output *output, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	CLEANUP(booking_free) struct booking *booking = booking_new(work);

	for (size_t i = 0; i < output->intent_count; i++) {
		const struct intent *intent = &output->intents[i];
		char key[128];
		if (intent->kind != INTENT_NOTIFY)
			continue;
		(void)snprintf(key, sizeof key, "%s/%s/%" PRId64, intent->code, pair->id.text,
			pair->book.cycle);
		struct doc *body = doc_object();
		doc_text(body, "symbol", pair->symbol);
		booking_notice(booking, intent->code, key, body);
	}
	return booking_empty(booking) ? 0 : booking_commit(booking, err);
}

/* What the account has at risk besides this leg; counted only where it can be believed. */
static int read_exposure(struct round *round, struct claim_exposure *ret, struct err *err)
{
	struct work *work = round->work;
	struct claim_account account = account_of(&work->dossier);

	*ret = (struct claim_exposure){.notional = DECIMAL_ZERO, .margin = DECIMAL_ZERO};
	if (!round->leased)
		return 0;
	return claim_account_exposure(
		work->context->postgres, &account, &work->dossier.pairs[round->pair].id, ret, err);
}

static int decide(struct round *round, struct err *err)
{
	struct view *view = round->view;
	struct claim_exposure others;

	if (read_exposure(round, &others, err) == -1 ||
		view_fill(round->work, round->pair, &round->account, &others, view, err) == -1)
		return -1;
	work_phase(round->work, PHASE_DECIDE);
	memset(round->output, 0, sizeof *round->output);
	view->decision.strategy->decide(&view->decision.input, view->decision.state, round->output);
	return 0;
}

/*
 * A decision with entries counts only under the account's lease: caps of one account are counted by
 * one run at a time. Where another bot of the account holds it they are left out (*ret_deferred);
 * cancels, stops and exits wait for nobody. Else the account is read and decided on again.
 */
static int guard_entries(struct round *round, bool *ret_deferred, struct err *err)
{
	struct work *work = round->work;
	struct claim_account account = account_of(&work->dossier);

	*ret_deferred = false;
	if (!orders_has_entry(round->output) || round->leased)
		return 0;
	if (claim_take_account(work->context->postgres, &account, &work->dossier.bot,
		    work->claim.token, work->context->lease_ms, &round->leased, err) == -1)
		return -1;
	if (!round->leased) {
		*ret_deferred = true;
		orders_drop_entries(round->output);
		return 0;
	}
	work_phase(work, PHASE_MARKET);
	if (position_check(work, round->pair, &round->account, err) == -1)
		return -1;
	return decide(round, err);
}

static bool state_changed(const struct view *view, const struct strategy_output *output)
{
	return memcmp(view->decision.state, output->state, view->decision.strategy->state_size) !=
	       0;
}

/* A strategy's deadline is the market's; the bot's row holds Postgres's time. */
static void follow_up(struct work *work, const struct round *round)
{
	int64_t left_ms = round->output->follow_up_ms - round->view->decision.input.now_ms;

	if (round->output->follow_up_ms != 0)
		work_follow_up(
			work, work_now_ms(work) + work_real_ms(work, left_ms > 0 ? left_ms : 0));
}

static int see(struct round *round, struct err *err)
{
	struct work *work = round->work;
	size_t pair = round->pair;
	struct view *view = round->view;

	work_phase(work, PHASE_MARKET);
	if (view_read(work, pair, view, err) == -1 ||
		income_funding(work, pair, &view->rules, &view->ticker, err) == -1 ||
		income_realised(work, pair, err) == -1 ||
		position_check(work, pair, &round->account, err) == -1)
		return -1;
	return 0;
}

/* What the platform takes away it takes away whatever a strategy makes of it. */
static void enforce(const struct round *round)
{
	if (orders_enforce(round->output, &round->view->decision.input))
		log_event(LOG_WARN, "a strategy wanted what its blocks forbid, it was left out",
			LOG_TEXT("symbol", round->view->decision.input.symbol));
	if (!round->entries)
		orders_drop_entries(round->output);
}

static int act(struct round *round, bool last, enum orders_result *ret, struct err *err)
{
	struct work *work = round->work;
	struct orders *orders = ARENA_NEW(work->arena, struct orders);

	if (orders_init(orders, work, round->pair, round->view, round->output, last, err) == -1)
		return -1;
	keep_decision(work, round->pair, round->view, round->output, orders_wanted(orders));
	if (tell(work, round->pair, round->output, err) == -1)
		return -1;
	return orders_execute(orders, state_changed(round->view, round->output), ret, err);
}

/* Sees, decides, acts. */
static int run_round(struct round *round, bool last, enum orders_result *ret, struct err *err)
{
	struct work *work = round->work;
	bool deferred;

	round->view = ARENA_NEW(work->arena, struct view);
	round->output = ARENA_NEW(work->arena, struct strategy_output);
	if (see(round, err) == -1 || decide(round, err) == -1)
		return -1;
	enforce(round);
	if (guard_entries(round, &deferred, err) == -1)
		return -1;
	enforce(round);
	if (act(round, last, ret, err) == -1)
		return -1;
	follow_up(work, round);
	if (deferred)
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"another bot of this account is deciding");
	return 0;
}

int round_pair(struct work *work, size_t pair, struct err *err)
{
	struct round round = {.work = work, .pair = pair, .entries = true};
	enum orders_result result = ORDERS_AGAIN;

	for (int i = 0; i < DECISIONS_MAX && result == ORDERS_AGAIN; i++)
		if (run_round(&round, i == DECISIONS_MAX - 1, &result, err) == -1)
			return -1;
	round.entries = false;
	if (result == ORDERS_SETTLE)
		return run_round(&round, true, &result, err);
	return 0;
}
