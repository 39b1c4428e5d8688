#include "worker/view.h"

#include "core/base/cleanup.h"
#include "strategies/input.h"

#include <string.h>

static int read_strategy(
	struct work *work, const struct pair *pair, struct view *view, struct err *err)
{
	struct decision_case *decision = &view->decision;

	decision->strategy = strategy_find(work->dossier.strategy_name);
	if (decision->strategy == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "unrecognized strategy \"%s\"",
			work->dossier.strategy_name);
	if (pair->state_version > decision->strategy->state_version)
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"the pair's state is version %lld, this program knows %lld: a newer worker "
			"must run it",
			(long long)pair->state_version,
			(long long)decision->strategy->state_version);
	if (decision_params(decision->strategy, &pair->params, pair->leverage, decision->params,
		    NULL, err) == -1)
		return err_while(err, "parameters of %s %s", pair->symbol,
			pair->side == SIDE_BUY ? "long" : "short");
	return decision_state_read(decision->strategy, &pair->state, decision->state, err);
}

static int read_series(struct work *work, const struct pair *pair, const struct series_want *want,
	struct series *ret, struct err *err)
{
	struct candle_list list;
	int64_t age_ms;
	int result = want->open_candle
			     ? exchange_candles(work->exchange, work->arena, pair->symbol,
				       want->interval_ms, want->count, &list, &age_ms, err)
			     : exchange_closed_candles(work->exchange, work->arena, pair->symbol,
				       want->interval_ms, want->count, &list, &age_ms, err);

	if (result == -1)
		return err_while(err, "could not read candles");
	*ret = (struct series){
		.interval_ms = want->interval_ms, .candles = list.items, .count = list.count};
	return 0;
}

static int read_indicators(
	struct work *work, const struct pair *pair, struct view *view, struct err *err)
{
	const struct strategy *strategy = view->decision.strategy;
	struct series_want wants[SERIES_WANT_MAX];
	struct series series[SERIES_WANT_MAX];
	size_t count = strategy->wants(view->decision.params, pair->ema_interval_min, wants);

	for (size_t i = 0; i < count; i++)
		if (read_series(work, pair, &wants[i], &series[i], err) == -1)
			return -1;
	strategy->indicators(view->decision.params, series, count, &view->rules,
		&view->decision.input.indicators);
	return 0;
}

int view_read(struct work *work, size_t index, struct view *ret, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];

	memset(ret, 0, sizeof *ret);
	ret->read_mono_ms = clock_mono_ms(work->context->clock);
	if (read_strategy(work, pair, ret, err) == -1 ||
		exchange_rules(work->exchange, pair->symbol, &ret->rules, err) == -1 ||
		exchange_ticker(work->exchange, pair->symbol, &ret->ticker, &ret->ticker_age_ms,
			err) == -1 ||
		read_indicators(work, pair, ret, err) == -1)
		return -1;
	ret->decision.input.params = ret->decision.params;
	return 0;
}

static bool is_exit(enum purpose purpose)
{
	return purpose == PURPOSE_REDUCE || purpose == PURPOSE_TAKE_PROFIT ||
	       purpose == PURPOSE_CLOSE;
}

/* What the platform takes away from this decision, design.md 7. */
static uint32_t blocks_of(const struct work *work, size_t index)
{
	const struct dossier *dossier = &work->dossier;
	const struct pair *pair = &dossier->pairs[index];
	uint32_t blocks = 0;

	/* A leg that is not ours by claim may be another bot's; an unchecked key, another
	 * account's. */
	if (work->claim.exits_only || !pair->claimed || !pair->active || !dossier->credential_ok)
		blocks |= BLOCK_EXITS_ONLY;
	if (pair->drift_since_ms != 0)
		blocks |= BLOCK_DRIFT;
	if (dossier->may_have_sent)
		blocks |= BLOCK_RETRIED;
	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct row *row = &dossier->rows[i];
		if (row->pair != (int)index || journal_state_final(row->state) ||
			row->state == JOURNAL_PLANNED)
			continue;
		if (row->kind == ROW_PLACE && row->state == JOURNAL_OPEN)
			continue;
		blocks |= BLOCK_UNKNOWN;
		if (row->kind == ROW_PLACE && is_exit(row->purpose))
			blocks |= BLOCK_UNKNOWN_REDUCE;
	}
	return blocks;
}

static struct input_order shown_order(const struct row *row, int32_t id)
{
	return (struct input_order){
		.id = id,
		.purpose = row->purpose,
		.side = row->side,
		.type = row->type,
		.quantity = row->quantity,
		.filled = row->filled,
		.price = row->price,
		.trigger_price = row->trigger_price,
		.unknown = row->state != JOURNAL_OPEN,
		.created_ms = row->created_ms,
	};
}

/* How many there are; those beyond STRATEGY_ORDERS_MAX are counted only. */
static size_t shown_orders(const struct dossier *dossier, size_t index,
	struct input_order ret_orders[STRATEGY_ORDERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct row *row = &dossier->rows[i];
		if (row->pair != (int)index || row->kind != ROW_PLACE ||
			journal_state_final(row->state) || row->state == JOURNAL_PLANNED)
			continue;
		if (count < STRATEGY_ORDERS_MAX)
			ret_orders[count] = shown_order(row, (int32_t)i);
		count++;
	}
	return count;
}

int view_fill(struct work *work, size_t index, const struct account *account, struct view *view,
	struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	int64_t now_ms = clock_mono_ms(work->context->clock);
	struct input_order orders[STRATEGY_ORDERS_MAX];
	const struct input_facts facts = {
		.symbol = pair->symbol,
		.side = pair->side,
		.leg = pair->leg,
		.position_mode = pair->position_mode,
		.leverage = pair->leverage,
		.mode = work->dossier.mode,
		.auto_open = pair->automatic && pair->active,
		.blocks = blocks_of(work, index),
		.rules = &view->rules,
		.ticker = &view->ticker,
		.ticker_age_ms = view->ticker_age_ms + now_ms - view->read_mono_ms,
		.account = account,
		.account_age_ms = now_ms - account->read_mono_ms,
		.book = &pair->book,
		.drift = pair->drift_since_ms != 0,
		.history = {.last_fill_ms = pair->last_fill_ms},
		.orders = orders,
		.order_count = shown_orders(&work->dossier, index, orders),
	};

	return input_fill(&facts, &view->decision.input, err);
}
