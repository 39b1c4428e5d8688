#include "worker/view.h"

#include "core/base/cleanup.h"
#include "strategies/input.h"
#include "worker/position.h"
#include "worker/seam.h"

#include <string.h>

#define DAY_MS 86400000LL

static int read_strategy(
	struct work *work, const struct pair *pair, struct view *view, struct err *err)
{
	struct decision_case *decision = &view->decision;

	decision->strategy = seam_strategy(work->dossier.strategy_name);
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
	return decision_state_read(decision, &pair->state, err);
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
static uint32_t blocks_of(const struct work *work, size_t index, bool stops)
{
	const struct dossier *dossier = &work->dossier;
	const struct pair *pair = &dossier->pairs[index];
	uint32_t blocks = 0;

	/* A leg that is not ours by claim may be another bot's; an unchecked key, another
	 * account's. */
	if (work->claim.exits_only || !pair->claimed || !pair->active || !dossier->credential_ok)
		blocks |= BLOCK_EXITS_ONLY;
	/* No stop is placed at the venue yet: what counts on one takes no new risk. */
	if (stops)
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

/* An order of the leg that has left and is not final. */
static bool is_shown(const struct row *row, size_t index)
{
	return row->pair == (int)index && row->kind == ROW_PLACE &&
	       !journal_state_final(row->state) && row->state != JOURNAL_PLANNED;
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
		.created_ms = row->market_ms != 0 ? row->market_ms : row->created_ms,
	};
}

/* How many there are; those beyond STRATEGY_ORDERS_MAX are counted only. */
static size_t shown_orders(const struct dossier *dossier, size_t index,
	struct input_order ret_orders[STRATEGY_ORDERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct row *row = &dossier->rows[i];
		if (!is_shown(row, index))
			continue;
		if (count < STRATEGY_ORDERS_MAX)
			ret_orders[count] = shown_order(row, (int32_t)i);
		count++;
	}
	return count;
}

/* The bot's day: all its pairs; those that did nothing today count nothing. */
static struct input_history history_of(
	const struct dossier *dossier, const struct pair *pair, int64_t now_ms)
{
	int64_t day_ms = now_ms - now_ms % DAY_MS;
	struct input_history history = {
		.last_fill_ms = pair->last_fill_ms,
		.last_entry_ms = pair->book.last_entry_ms,
		.cycle_base = pair->book.base_price,
		.last_add = pair->book.last_add_price,
		.cycle_ended_ms = pair->book.cycle_ended_ms,
		.cycle_ended_by = pair->cycle_ended_by,
	};

	for (size_t i = 0; i < dossier->pair_count; i++) {
		const struct pair *of = &dossier->pairs[i];
		if (of->day_ms != day_ms)
			continue;
		history.day_net = decimal_add(history.day_net, of->day_net);
		history.day_orders += of->day_orders;
	}
	return history;
}

/* What is left of a resting entry adds this to the account's notional when it fills. */
static struct decimal value_left(const struct row *row)
{
	struct decimal value = decimal_is_zero(row->value) ? decimal_mul(row->quantity, row->price)
							   : row->value;

	return decimal_mul_div(
		value, decimal_sub(row->quantity, row->filled), row->quantity, 8, ROUND_UP);
}

/* The leg itself by the venue's figures, its entries, and what the others of the account have. */
static struct claim_exposure exposure_of(const struct work *work, size_t index,
	const struct account *account, const struct claim_exposure *others)
{
	const struct pair *pair = &work->dossier.pairs[index];
	const struct position *position = position_of(account, pair);
	struct claim_exposure exposure = *others;
	struct decimal entries = DECIMAL_ZERO;

	for (size_t i = 0; i < work->dossier.row_count; i++) {
		const struct row *row = &work->dossier.rows[i];
		if (is_shown(row, index) && purpose_is_entry(row->purpose))
			entries = decimal_add(entries, value_left(row));
	}
	exposure.notional = decimal_add(exposure.notional, entries);
	exposure.margin = decimal_add(exposure.margin,
		decimal_div(entries, decimal_from_int(pair->leverage), 8, ROUND_UP));
	if (position == NULL)
		return exposure;
	exposure.notional = decimal_add(exposure.notional,
		decimal_round(decimal_mul(position->quantity, position->mark), 8, ROUND_UP));
	exposure.margin = decimal_add(exposure.margin, position->initial_margin);
	return exposure;
}

int view_fill(struct work *work, size_t index, const struct account *account,
	const struct claim_exposure *others, struct view *view, struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	int64_t now_ms = clock_mono_ms(work->context->clock);
	int64_t market_ms = work_market_now_ms(work);
	struct input_order orders[STRATEGY_ORDERS_MAX];
	struct claim_exposure exposure = exposure_of(work, index, account, others);
	const struct input_facts facts = {
		.now_ms = market_ms,
		.symbol = pair->symbol,
		.side = pair->side,
		.leg = pair->leg,
		.position_mode = pair->position_mode,
		.leverage = pair->leverage,
		.mode = work->dossier.mode,
		.auto_open = pair->automatic && pair->active,
		.blocks = blocks_of(work, index,
			strategy_preset_of(view->decision.strategy, view->decision.params)->stops),
		.rules = &view->rules,
		.ticker = &view->ticker,
		.ticker_age_ms = view->ticker_age_ms + now_ms - view->read_mono_ms,
		.account = account,
		.account_age_ms = now_ms - account->read_mono_ms,
		.account_notional = exposure.notional,
		.account_margin = exposure.margin,
		.book = &pair->book,
		.drift = pair->drift_since_ms != 0,
		.history = history_of(&work->dossier, pair, market_ms),
		.orders = orders,
		.order_count = shown_orders(&work->dossier, index, orders),
	};

	return input_fill(&facts, &view->decision.input, err);
}
