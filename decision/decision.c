#include "decision/decision.h"

#include "decision/reader.h"
#include "decision/vocabulary.h"
#include "strategies/indicators.h"
#include "strategies/units.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define EMA_INTERVAL_MAX_MIN 43200
#define LEVERAGE_MAX 125
#define TIME_MAX_MS (1LL << 53)

/* Values in the units of a decision; a failed conversion names the member. */

static int64_t money(struct reader *reader, const struct field *object, const char *name)
{
	struct decimal amount = reader_decimal(reader, object, name);
	int64_t value = 0;

	if (!reader_failed(reader))
		reader_take(reader, units_money(amount, name, &value, reader->err));
	return value;
}

static int64_t money_or_zero(struct reader *reader, const struct field *object, const char *name)
{
	struct field member;

	return reader_has(reader, object, name, &member) ? money(reader, object, name) : 0;
}

static int64_t ticks_or_zero(struct reader *reader, const struct field *object, const char *name,
	const struct strategy_rules *rules)
{
	struct decimal price = reader_decimal_or(reader, object, name, DECIMAL_ZERO);
	int64_t value = 0;

	if (!reader_failed(reader))
		reader_take(reader,
			units_price(price, rules, name, ROUND_HALF_UP, &value, reader->err));
	return value;
}

static int64_t lots(struct reader *reader, const struct field *object, const char *name,
	const struct strategy_rules *rules)
{
	struct decimal quantity = reader_decimal(reader, object, name);
	int64_t value = 0;

	if (!reader_failed(reader))
		reader_take(reader, units_lots(quantity, rules, name, &value, reader->err));
	return value;
}

/* Objects, in the order of the document. */

static int64_t ratio(struct reader *reader, const struct field *object, const char *name)
{
	struct decimal amount = reader_decimal(reader, object, name);
	int64_t value = 0;

	if (!reader_failed(reader) && !decimal_to_fixed(amount, 6, ROUND_HALF_UP, &value))
		reader_fault(reader, object, name, "is beyond the range of a decision");
	return value;
}

static void read_tier(struct reader *reader, const struct field *object, struct strategy_tier *ret)
{
	static const char *const names[] = {
		"limit", "maintenance_rate", "deduction", "max_leverage", NULL};

	reader_only(reader, object, names);
	ret->limit_e8 = money(reader, object, "limit");
	ret->maintenance_ppm = ratio(reader, object, "maintenance_rate");
	ret->deduction_e8 = money(reader, object, "deduction");
	ret->max_leverage_ppm = ratio(reader, object, "max_leverage");
}

static void read_tiers(
	struct reader *reader, const struct field *object, struct strategy_rules *ret)
{
	struct field array;
	size_t count = 0;

	if (!reader_has(reader, object, "tiers", &array))
		return;
	reader_take(reader, field_count(&array, &count, reader->err));
	if (count > RISK_TIERS_MAX)
		reader_fault(reader, object, "tiers", "has %zu items, at most %d are read", count,
			RISK_TIERS_MAX);
	for (size_t i = 0; i < count && !reader_failed(reader); i++) {
		struct field item;

		reader_take(reader, field_item(&array, i, &item, reader->err));
		if (!reader_failed(reader))
			read_tier(reader, &item, &ret->tiers[i]);
	}
	ret->tier_count = count;
}

static void read_rules(
	struct reader *reader, const struct field *object, struct strategy_rules *ret)
{
	static const char *const names[] = {"tick_size", "lot_size", "min_quantity", "max_quantity",
		"max_market_quantity", "min_notional", "maintenance_rate", "maker_fee", "taker_fee",
		"tiers", "trading", NULL};
	struct rules rules = {.tier_count = 1};
	struct field fee;

	reader_only(reader, object, names);
	rules.tick_size = reader_decimal(reader, object, "tick_size");
	rules.lot_size = reader_decimal(reader, object, "lot_size");
	rules.min_quantity = reader_decimal(reader, object, "min_quantity");
	rules.max_quantity = reader_decimal(reader, object, "max_quantity");
	rules.max_market_quantity = reader_decimal(reader, object, "max_market_quantity");
	rules.min_notional = reader_decimal(reader, object, "min_notional");
	rules.tiers[0].maintenance_rate = reader_decimal_or(
		reader, object, "maintenance_rate", DECIMAL_ZERO);
	rules.trading = reader_bool_or(reader, object, "trading", true);
	rules.fees_known = reader_has(reader, object, "maker_fee", &fee);
	if (rules.fees_known) {
		rules.maker_fee = reader_decimal(reader, object, "maker_fee");
		rules.taker_fee = reader_decimal(reader, object, "taker_fee");
	}
	if (reader_failed(reader))
		return;
	reader_take(reader, units_rules(&rules, DECIMAL_ZERO, ret, reader->err));
	/* The tier above only carried the rate. */
	ret->tier_count = 0;
	ret->tiers[0] = (struct strategy_tier){0};
	if (!reader_failed(reader))
		read_tiers(reader, object, ret);
}

int decision_rules_read(const struct field *object, struct strategy_rules *ret, struct err *err)
{
	struct reader reader = {.err = err};

	read_rules(&reader, object, ret);
	if (!reader_failed(&reader))
		return 0;
	err->code = ERR_INVALID;
	return -1;
}

static void read_ticker(struct reader *reader, const struct field *object,
	const struct strategy_rules *rules, struct strategy_ticker *ret)
{
	static const char *const names[] = {
		"bid", "ask", "last", "mark", "funding_rate", "next_funding_ms", "age_ms", NULL};

	reader_only(reader, object, names);
	struct ticker ticker = {
		.bid = reader_decimal(reader, object, "bid"),
		.ask = reader_decimal(reader, object, "ask"),
		.last = reader_decimal_or(reader, object, "last", DECIMAL_ZERO),
		.mark = reader_decimal_or(reader, object, "mark", DECIMAL_ZERO),
		.funding_rate = reader_decimal_or(reader, object, "funding_rate", DECIMAL_ZERO),
		.next_funding_ms = reader_int_or(reader, object, "next_funding_ms", 0),
	};
	int64_t age_ms = reader_int(reader, object, "age_ms");
	if (!reader_failed(reader))
		reader_take(reader, units_ticker(&ticker, rules, age_ms, ret, reader->err));
}

static void read_account(
	struct reader *reader, const struct field *object, struct strategy_account *ret)
{
	static const char *const names[] = {"wallet", "equity", "available", "active_symbols",
		"account_notional", "account_margin", "age_ms", "position_mode", "margin_mode",
		"settings_match", NULL};
	struct field mode;

	reader_only(reader, object, names);
	*ret = (struct strategy_account){
		.wallet_e8 = money(reader, object, "wallet"),
		.equity_e8 = money(reader, object, "equity"),
		.available_e8 = money(reader, object, "available"),
		.active_symbols = reader_int(reader, object, "active_symbols"),
		.account_notional_e8 = money(reader, object, "account_notional"),
		.account_margin_e8 = money(reader, object, "account_margin"),
		.age_ms = reader_int(reader, object, "age_ms"),
		.settings_match = reader_bool(reader, object, "settings_match"),
		.margin_mode_known = reader_has(reader, object, "margin_mode", &mode),
	};
	const char *position_mode = reader_text(reader, object, "position_mode");
	if (!reader_failed(reader))
		reader_take(reader,
			position_mode_parse(position_mode, &ret->position_mode, reader->err));
	const char *margin_mode = reader_text_or(reader, object, "margin_mode", "isolated");
	if (!reader_failed(reader))
		reader_take(reader, margin_mode_parse(margin_mode, &ret->margin_mode, reader->err));
}

static void read_leg(struct reader *reader, const struct field *object,
	const struct strategy_rules *rules, struct strategy_leg *ret)
{
	static const char *const names[] = {"quantity", "average", "margin", "maintenance_margin",
		"unrealised", "liquidation", "leverage", NULL};
	struct field liquidation;

	reader_only(reader, object, names);
	struct position position = {
		.quantity = reader_decimal(reader, object, "quantity"),
		.average = reader_decimal(reader, object, "average"),
		.initial_margin = reader_decimal(reader, object, "margin"),
		.maintenance_margin = reader_decimal_or(
			reader, object, "maintenance_margin", DECIMAL_ZERO),
		.unrealised = reader_decimal(reader, object, "unrealised"),
		.leverage = reader_decimal_or(reader, object, "leverage", DECIMAL_ZERO),
		.liquidation_known = reader_has(reader, object, "liquidation", &liquidation),
		.liquidation = reader_decimal_or(reader, object, "liquidation", DECIMAL_ZERO),
	};
	if (!reader_failed(reader))
		reader_take(reader, units_leg(&position, rules, ret, reader->err));
}

static void read_cycle(
	struct reader *reader, const struct field *object, struct strategy_input *ret)
{
	static const char *const names[] = {"number", "adds", "started_ms", "last_fill_ms",
		"base_price", "last_add_price", "last_entry_ms", "ended_ms", "ended_by", "entered",
		"funding", NULL};
	struct field entered;

	reader_only(reader, object, names);
	ret->cycle = reader_int(reader, object, "number");
	ret->cycle_adds = reader_int(reader, object, "adds");
	ret->cycle_started_ms = reader_int_or(reader, object, "started_ms", 0);
	ret->last_fill_ms = reader_int_or(reader, object, "last_fill_ms", 0);
	ret->cycle_base_ticks = ticks_or_zero(reader, object, "base_price", &ret->rules);
	ret->last_add_ticks = ticks_or_zero(reader, object, "last_add_price", &ret->rules);
	ret->last_entry_ms = reader_int_or(reader, object, "last_entry_ms", 0);
	ret->cycle_ended_ms = reader_int_or(reader, object, "ended_ms", 0);
	if (reader_has(reader, object, "entered", &entered))
		ret->cycle_entered_lots = lots(reader, object, "entered", &ret->rules);
	ret->cycle_funding_e8 = money_or_zero(reader, object, "funding");
	const char *ended_by = reader_text_or(reader, object, "ended_by", "foreign");
	if (!reader_failed(reader) && purpose_parse(ended_by, &ret->cycle_ended_by) == -1)
		reader_fault(
			reader, object, "ended_by", "unrecognized purpose \"%.40s\"", ended_by);
}

static void read_order(struct reader *reader, const struct field *object,
	const struct strategy_rules *rules, struct strategy_order *ret)
{
	static const char *const names[] = {"id", "purpose", "side", "type", "price",
		"trigger_price", "quantity", "filled", "unknown", "created_ms", NULL};

	reader_only(reader, object, names);
	int64_t id = reader_int(reader, object, "id");
	if (id < INT32_MIN || id > INT32_MAX)
		reader_fault(reader, object, "id", "does not fit into 32 bits");
	ret->id = (int32_t)id;
	const char *purpose = reader_text(reader, object, "purpose");
	if (!reader_failed(reader) && purpose_parse(purpose, &ret->purpose) == -1)
		reader_fault(reader, object, "purpose", "unrecognized purpose \"%.40s\"", purpose);
	const char *side = reader_text(reader, object, "side");
	if (!reader_failed(reader))
		reader_take(reader, side_parse(side, &ret->side, reader->err));
	const char *type = reader_text(reader, object, "type");
	if (!reader_failed(reader))
		reader_take(reader, order_type_parse(type, &ret->type, reader->err));
	ret->price_ticks = ticks_or_zero(reader, object, "price", rules);
	ret->trigger_ticks = ticks_or_zero(reader, object, "trigger_price", rules);
	ret->lots = lots(reader, object, "quantity", rules);
	ret->filled_lots = lots(reader, object, "filled", rules);
	ret->unknown = reader_bool_or(reader, object, "unknown", false);
	ret->created_ms = reader_int_or(reader, object, "created_ms", 0);
}

static void read_orders(
	struct reader *reader, const struct field *snapshot, struct strategy_input *ret)
{
	struct field array;
	size_t count = 0;

	if (!reader_has(reader, snapshot, "orders", &array))
		return;
	reader_take(reader, field_count(&array, &count, reader->err));
	if (count > STRATEGY_ORDERS_MAX)
		reader_fault(reader, snapshot, "orders", "has %zu items, at most %d are read",
			count, STRATEGY_ORDERS_MAX);
	for (size_t i = 0; i < count && !reader_failed(reader); i++) {
		struct field item;

		reader_take(reader, field_item(&array, i, &item, reader->err));
		if (!reader_failed(reader))
			read_order(reader, &item, &ret->rules, &ret->orders[i]);
	}
	ret->order_count = count;
}

static uint32_t block_of(const char *name)
{
	for (size_t i = 0; i < VOCABULARY_BLOCKS; i++) {
		if (strcmp(vocabulary_blocks[i].name, name) == 0)
			return vocabulary_blocks[i].block;
	}
	return 0;
}

static uint32_t read_blocks(struct reader *reader, const struct field *snapshot)
{
	struct field array;
	size_t count = 0;
	uint32_t set = 0;

	if (!reader_has(reader, snapshot, "blocks", &array))
		return 0;
	reader_take(reader, field_count(&array, &count, reader->err));
	for (size_t i = 0; i < count && !reader_failed(reader); i++) {
		struct field item;
		const char *name = "";

		reader_take(reader, field_item(&array, i, &item, reader->err));
		if (!reader_failed(reader))
			reader_take(reader, field_as_text(&item, &name, reader->err));
		if (!reader_failed(reader) && block_of(name) == 0)
			reader_fault(
				reader, snapshot, "blocks", "unrecognized block \"%.40s\"", name);
		set |= block_of(name);
	}
	return set;
}

/* Indicators: ready values, or candles to make them of. */

static void read_closed(struct reader *reader, const struct field *object, struct indicators *ret)
{
	struct field array;
	size_t count = 0;

	if (!reader_has(reader, object, "closed_ms", &array))
		return;
	reader_take(reader, field_count(&array, &count, reader->err));
	if (count > SERIES_WANT_MAX)
		reader_fault(
			reader, object, "closed_ms", "has more than %d items", SERIES_WANT_MAX);
	for (size_t i = 0; i < count && !reader_failed(reader); i++) {
		struct field item;

		reader_take(reader, field_item(&array, i, &item, reader->err));
		if (!reader_failed(reader))
			reader_take(reader, field_as_int(&item, &ret->closed_ms[i], reader->err));
	}
}

static void read_ready(struct reader *reader, const struct field *object, struct indicators *ret)
{
	const char *names[INDICATOR_COUNT + 4];

	for (size_t i = 0; i < INDICATOR_COUNT; i++)
		names[i] = vocabulary_indicators[i].name;
	names[INDICATOR_COUNT] = "last_closed_ms";
	names[INDICATOR_COUNT + 1] = "candles_5m";
	names[INDICATOR_COUNT + 2] = "closed_ms";
	names[INDICATOR_COUNT + 3] = NULL;
	reader_only(reader, object, names);

	for (size_t i = 0; i < INDICATOR_COUNT; i++) {
		struct field member;

		if (!reader_has(reader, object, names[i], &member))
			continue;
		struct decimal value = reader_decimal(reader, object, names[i]);
		if (!decimal_to_fixed(
			    value, vocabulary_indicators[i].places, ROUND_HALF_UP, &ret->value[i]))
			reader_fault(reader, object, names[i], "is out of range");
		ret->valid |= 1U << i;
	}
	ret->last_closed_ms = reader_int_or(reader, object, "last_closed_ms", 0);
	int64_t candles = reader_int_or(reader, object, "candles_5m", 0);
	if (candles < 0 || candles > INDICATORS_CANDLES_MAX)
		reader_fault(reader, object, "candles_5m", "is out of range");
	ret->candles_5m = (size_t)candles;
	read_closed(reader, object, ret);
}

static int read_cell(const struct field *row, size_t index, struct decimal *ret, struct err *err)
{
	struct field cell;

	if (field_item(row, index, &cell, err) == -1)
		return -1;
	return field_as_decimal(&cell, ret, err);
}

/* [open_ms, "open", "high", "low", "close", "volume"] */
static int read_candle(const struct field *row, struct candle *ret, struct err *err)
{
	struct field open_ms;
	size_t count = 0;

	if (field_count(row, &count, err) == -1)
		return -1;
	if (count != 6)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: expected 6 items, got %zu",
			row->path, count);
	if (field_item(row, 0, &open_ms, err) == -1 ||
		field_as_int(&open_ms, &ret->open_ms, err) == -1 ||
		read_cell(row, 1, &ret->open, err) == -1 ||
		read_cell(row, 2, &ret->high, err) == -1 ||
		read_cell(row, 3, &ret->low, err) == -1 ||
		read_cell(row, 4, &ret->close, err) == -1 ||
		read_cell(row, 5, &ret->volume, err) == -1)
		return -1;
	return 0;
}

/* Oldest first and nothing from the future: a candle out of order would change every average. */
static int check_time(const struct field *row, const struct candle *candle,
	const struct candle *before, int64_t now_ms, struct err *err)
{
	if (candle->open_ms < 0 || candle->open_ms > now_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: must open between 0 and now_ms", row->path);
	if (before != NULL && candle->open_ms <= before->open_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: does not open after the candle before it", row->path);
	return 0;
}

static int read_rows(const struct field *rows, const struct series_want *want, int64_t now_ms,
	struct arena *arena, struct series *ret, struct err *err)
{
	size_t count = 0;

	if (field_count(rows, &count, err) == -1)
		return -1;
	if (count > INDICATORS_CANDLES_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: has %zu candles, at most %d are read", rows->path, count,
			INDICATORS_CANDLES_MAX);

	struct candle *candles = ARENA_ARRAY(arena, struct candle, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct field row;

		if (field_item(rows, i, &row, err) == -1 ||
			read_candle(&row, &candles[i], err) == -1 ||
			check_time(&row, &candles[i], i > 0 ? &candles[i - 1] : NULL, now_ms,
				err) == -1)
			return -1;
		candles[i].closed = candles[i].open_ms <= now_ms - want->interval_ms;
	}
	while (count > 0 && !want->open_candle && !candles[count - 1].closed)
		count--;
	*ret = (struct series){
		.interval_ms = want->interval_ms, .candles = candles, .count = count};
	return 0;
}

static void series_name(const struct series_want *want, char name[24])
{
	snprintf(name, 24, "%lldm", (long long)(want->interval_ms / MINUTE_MS));
}

static void read_candles(struct reader *reader, const struct field *object, int64_t ema_interval,
	struct arena *arena, struct decision_case *ret)
{
	struct series_want wants[SERIES_WANT_MAX];
	struct series series[SERIES_WANT_MAX] = {0};
	char texts[SERIES_WANT_MAX][24];
	const char *names[SERIES_WANT_MAX + 1];
	size_t count = ret->strategy->wants(ret->params, ema_interval, wants);

	for (size_t i = 0; i < count; i++) {
		series_name(&wants[i], texts[i]);
		names[i] = texts[i];
	}
	names[count] = NULL;
	reader_only(reader, object, names);

	for (size_t i = 0; i < count; i++) {
		struct field rows;

		if (reader_has(reader, object, names[i], &rows))
			reader_take(reader, read_rows(&rows, &wants[i], ret->input.now_ms, arena,
						    &series[i], reader->err));
	}
	if (!reader_failed(reader))
		ret->strategy->indicators(ret->params, series, count, NULL, &ret->input.indicators);
}

static void read_indicators(struct reader *reader, const struct field *snapshot,
	struct arena *arena, struct decision_case *ret)
{
	struct field ready, candles;
	bool has_ready = reader_has(reader, snapshot, "indicators", &ready);
	bool has_candles = reader_has(reader, snapshot, "candles", &candles);
	int64_t ema_interval = reader_int_or(reader, snapshot, "ema_interval", 1);

	if (has_ready && has_candles)
		reader_fault(reader, snapshot, "indicators", "give these or candles, not both");
	if (ema_interval < 1 || ema_interval > EMA_INTERVAL_MAX_MIN)
		reader_fault(reader, snapshot, "ema_interval", "must be from 1 to %d minutes",
			EMA_INTERVAL_MAX_MIN);
	if (reader_failed(reader))
		return;
	if (has_ready)
		read_ready(reader, &ready, &ret->input.indicators);
	if (has_candles)
		read_candles(reader, &candles, ema_interval, arena, ret);
}

/* The whole. */

static void read_identity(
	struct reader *reader, const struct field *snapshot, struct strategy_input *ret)
{
	const char *symbol = reader_text(reader, snapshot, "symbol");
	const char *side = reader_text(reader, snapshot, "side");
	const char *leg = reader_text_or(reader, snapshot, "leg", side);
	const char *mode = reader_text_or(reader, snapshot, "mode", "normal");

	if (strlen(symbol) >= sizeof ret->symbol)
		reader_fault(reader, snapshot, "symbol", "is longer than %zu characters",
			sizeof ret->symbol - 1);
	if (strcmp(side, "long") != 0 && strcmp(side, "short") != 0)
		reader_fault(reader, snapshot, "side", "must be \"long\" or \"short\"");
	if (!reader_failed(reader))
		reader_take(reader, leg_parse(leg, &ret->leg, reader->err));
	if (!reader_failed(reader) && ret->leg != LEG_ONE_WAY && strcmp(leg, side) != 0)
		reader_fault(reader, snapshot, "leg", "must be the side or \"one_way\"");
	if (!reader_failed(reader) && strategy_mode_parse(mode, &ret->mode) == -1)
		reader_fault(reader, snapshot, "mode", "unrecognized mode \"%.40s\"", mode);
	if (reader_failed(reader))
		return;
	memcpy(ret->symbol, symbol, strlen(symbol) + 1);
	ret->side = strcmp(side, "long") == 0 ? SIDE_BUY : SIDE_SELL;
	ret->now_ms = reader_int(reader, snapshot, "now_ms");
	if (ret->now_ms < 0 || ret->now_ms > TIME_MAX_MS)
		reader_fault(reader, snapshot, "now_ms", "is out of range");
	ret->auto_open = reader_bool_or(reader, snapshot, "auto_open", true);
	ret->open_asked = reader_bool_or(reader, snapshot, "open_asked", false);
	ret->blocks = read_blocks(reader, snapshot);
	ret->leverage = reader_int(reader, snapshot, "leverage");
	if (ret->leverage < 1 || ret->leverage > LEVERAGE_MAX)
		reader_fault(reader, snapshot, "leverage", "must be from 1 to %d", LEVERAGE_MAX);
}

static void read_market(
	struct reader *reader, const struct field *snapshot, struct strategy_input *ret)
{
	struct field object = reader_get(reader, snapshot, "rules");

	if (!reader_failed(reader))
		read_rules(reader, &object, &ret->rules);
	if (reader_has(reader, snapshot, "ticker", &object))
		read_ticker(reader, &object, &ret->rules, &ret->ticker);
	else
		ret->ticker.age_ms = -1;
	object = reader_get(reader, snapshot, "account");
	if (!reader_failed(reader))
		read_account(reader, &object, &ret->account);
	if (reader_has(reader, snapshot, "position", &object))
		read_leg(reader, &object, &ret->rules, &ret->leg_own);
	if (reader_has(reader, snapshot, "opposite", &object))
		read_leg(reader, &object, &ret->rules, &ret->leg_opposite);
	if (reader_has(reader, snapshot, "cycle", &object))
		read_cycle(reader, &object, ret);
	ret->day_net_e8 = money_or_zero(reader, snapshot, "day_net");
	ret->day_orders = reader_int_or(reader, snapshot, "day_orders", 0);
	if (!reader_failed(reader))
		read_orders(reader, snapshot, ret);
}

static void read_strategy(
	struct reader *reader, const struct field *snapshot, struct decision_case *ret)
{
	const char *name = reader_text(reader, snapshot, "strategy");
	struct field params = reader_get(reader, snapshot, "params");
	struct field state;

	if (reader_failed(reader))
		return;
	ret->strategy = strategy_find(name);
	if (ret->strategy == NULL) {
		reader_fault(reader, snapshot, "strategy", "unrecognized strategy \"%.40s\"", name);
		return;
	}
	/* Whether a ladder fits the market is asked before a bot starts; what was decided once must
	 * be decided again. */
	reader_take(
		reader, decision_params(ret->strategy, &params, 0, ret->params, NULL, reader->err));
	if (reader_has(reader, snapshot, "state", &state))
		reader_take(reader, decision_state_read(ret, &state, reader->err));
}

int decision_read(const struct field *snapshot, struct arena *arena, struct decision_case *ret,
	struct err *err)
{
	static const char *const names[] = {"strategy", "params", "state", "now_ms", "symbol",
		"side", "leg", "mode", "auto_open", "open_asked", "blocks", "leverage",
		"ema_interval", "rules", "ticker", "account", "position", "opposite", "cycle",
		"day_net", "day_orders", "orders", "indicators", "candles", NULL};
	struct reader reader = {.err = err};

	memset(ret, 0, sizeof *ret);
	reader_only(&reader, snapshot, names);
	read_identity(&reader, snapshot, &ret->input);
	read_strategy(&reader, snapshot, ret);
	read_market(&reader, snapshot, &ret->input);
	read_indicators(&reader, snapshot, arena, ret);
	ret->input.params = ret->params;
	if (!reader_failed(&reader))
		return 0;

	/* What a reader of documents calls protocol is a wrong snapshot here. */
	if (err->code == ERR_PROTOCOL)
		err->code = ERR_INVALID;
	return err_while(err, "could not read the snapshot");
}
