#include "worker/view.h"

#include "core/base/cleanup.h"
#include "strategies/units.h"
#include "worker/position.h"

#include <stdio.h>
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

static int fill_order(const struct row *row, int32_t id, const struct strategy_rules *rules,
	struct strategy_order *ret, struct err *err)
{
	*ret = (struct strategy_order){
		.id = id,
		.purpose = row->purpose,
		.side = row->side,
		.type = row->type,
		.unknown = row->state != JOURNAL_OPEN,
		.created_ms = row->created_ms,
	};
	if (units_lots(row->quantity, rules, "order.quantity", &ret->lots, err) == -1 ||
		units_lots(row->filled, rules, "order.filled", &ret->filled_lots, err) == -1 ||
		units_price(row->price, rules, "order.price", ROUND_HALF_UP, &ret->price_ticks,
			err) == -1 ||
		units_price(row->trigger_price, rules, "order.trigger_price", ROUND_HALF_UP,
			&ret->trigger_ticks, err) == -1)
		return -1;
	return 0;
}

static int fill_orders(
	const struct work *work, size_t index, struct strategy_input *input, struct err *err)
{
	const struct dossier *dossier = &work->dossier;

	input->order_count = 0;
	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct row *row = &dossier->rows[i];
		if (row->pair != (int)index || row->kind != ROW_PLACE ||
			journal_state_final(row->state) || row->state == JOURNAL_PLANNED)
			continue;
		if (input->order_count == STRATEGY_ORDERS_MAX)
			return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
				"more than %d open orders on %s", STRATEGY_ORDERS_MAX, row->symbol);
		if (fill_order(row, (int32_t)i, &input->rules, &input->orders[input->order_count],
			    err) == -1)
			return -1;
		input->order_count++;
	}
	return 0;
}

/* With drift, exits use the smaller of our and the venue's quantity. */
static int fill_legs(const struct account *account, const struct pair *pair,
	struct strategy_input *input, struct err *err)
{
	input->leg_own = (struct strategy_leg){0};
	input->leg_opposite = (struct strategy_leg){0};
	for (size_t i = 0; i < account->position_count; i++) {
		const struct position *position = &account->positions[i];
		bool own = position->leg == pair->leg &&
			   (pair->leg != LEG_ONE_WAY || decimal_is_zero(position->quantity) ||
				   position->side == pair->side);
		if (units_leg(position, &input->rules, own ? &input->leg_own : &input->leg_opposite,
			    err) == -1)
			return -1;
	}
	if (pair->drift_since_ms != 0) {
		int64_t booked;
		if (units_lots(pair->book.quantity, &input->rules, "book.quantity", &booked, err) ==
			-1)
			return -1;
		if (booked < input->leg_own.lots)
			input->leg_own.lots = booked;
	}
	return 0;
}

/* A live run never changes a setting: what differs blocks entries only. */
static bool settings_match(const struct account *account, const struct pair *pair)
{
	const struct position *position = position_of(account, pair);

	if (account->position_mode != pair->position_mode)
		return false;
	return position != NULL &&
	       decimal_equal(position->leverage, decimal_from_int(pair->leverage));
}

static int fill_account(const struct work *work, const struct account *account,
	const struct pair *pair, struct strategy_account *ret, struct err *err)
{
	*ret = (struct strategy_account){
		.active_symbols = (int64_t)account->active_symbols,
		.age_ms = clock_mono_ms(work->context->clock) - account->read_mono_ms,
		.position_mode = account->position_mode,
		.margin_mode = account->margin_mode,
		.margin_mode_known = account->margin_mode_known,
		.settings_match = settings_match(account, pair),
	};
	if (units_money(account->balance.wallet, "balance.wallet", &ret->wallet_e8, err) == -1 ||
		units_money(account->balance.equity, "balance.equity", &ret->equity_e8, err) ==
			-1 ||
		units_money(account->balance.available, "balance.available", &ret->available_e8,
			err) == -1)
		return -1;
	return 0;
}

int view_fill(struct work *work, size_t index, const struct account *account, struct view *view,
	struct err *err)
{
	const struct pair *pair = &work->dossier.pairs[index];
	const struct position *position = position_of(account, pair);
	struct strategy_input *input = &view->decision.input;
	int64_t age_ms = view->ticker_age_ms + clock_mono_ms(work->context->clock) -
			 view->read_mono_ms;
	struct decimal value = position == NULL ? DECIMAL_ZERO
						: decimal_round(decimal_mul(position->quantity,
									position->mark),
							  8, ROUND_HALF_UP);

	(void)snprintf(input->symbol, sizeof input->symbol, "%s", pair->symbol);
	input->now_ms = view->ticker.market_ms;
	input->side = pair->side;
	input->leg = pair->leg;
	input->mode = work->dossier.mode;
	input->auto_open = pair->automatic && pair->active;
	input->leverage = pair->leverage;
	input->blocks = blocks_of(work, index);
	input->cycle = decimal_is_zero(pair->book.quantity) ? 0 : pair->book.cycle;
	input->cycle_adds = pair->book.adds;
	input->cycle_started_ms = pair->book.cycle_started_ms;
	input->last_fill_ms = pair->last_fill_ms;
	if (units_rules(&view->rules, value, &input->rules, err) == -1 ||
		units_ticker(&view->ticker, &input->rules, age_ms, &input->ticker, err) == -1 ||
		fill_account(work, account, pair, &input->account, err) == -1 ||
		fill_legs(account, pair, input, err) == -1 ||
		fill_orders(work, index, input, err) == -1)
		return err_while(err, "cannot show %s to its strategy", pair->symbol);
	return 0;
}
