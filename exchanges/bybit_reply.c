#include "exchanges/bybit_reply.h"

#include "core/base/err.h"
#include "exchanges/legs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define SECOND_MS 1000
#define NS_PER_MS 1000000
#define ROWS_MAX 1000 /* no page is longer: exchanges.md 4.3 */

static int rows_of(
	const struct field *result, struct field *ret_list, size_t *ret_count, struct err *err)
{
	if (field_get(result, "list", ret_list, err) == -1 ||
		reply_count(ret_list, ROWS_MAX, ret_count, err) == -1)
		return -1;
	return 0;
}

int bybit_reply_envelope(
	const struct field_document *document, struct reply_envelope *ret, struct err *err)
{
	struct field root = field_root(document);
	struct reply_envelope envelope = {.text = "", .has_server_time = true};
	if (field_int(&root, "retCode", &envelope.code, err) == -1 ||
		reply_optional_text(&root, "retMsg", &envelope.text, err) == -1 ||
		field_get_optional(&root, "result", &envelope.result, err) == -1 ||
		field_int(&root, "time", &envelope.server_ms, err) == -1)
		return -1;
	*ret = envelope;
	return 0;
}

int bybit_reply_cursor(const struct field *result, const char **ret, struct err *err)
{
	return reply_optional_text(result, "nextPageCursor", ret, err);
}

int bybit_reply_time(const struct field *result, int64_t *ret_server_ms, struct err *err)
{
	int64_t time_ns;
	if (field_int_text(result, "timeNano", &time_ns, err) == -1)
		return -1;
	*ret_server_ms = time_ns / NS_PER_MS;
	return 0;
}

/* ---- rules ------------------------------------------------------------------------------ */

static int lot_rules(const struct field *row, struct rules *rules, struct err *err)
{
	struct field lot;
	if (field_get(row, "lotSizeFilter", &lot, err) == -1)
		return -1;
	if (reply_positive(&lot, "qtyStep", &rules->lot_size, err) == -1 ||
		reply_positive(&lot, "minOrderQty", &rules->min_quantity, err) == -1 ||
		reply_positive(&lot, "maxOrderQty", &rules->max_quantity, err) == -1 ||
		reply_positive(&lot, "maxMktOrderQty", &rules->max_market_quantity, err) == -1 ||
		reply_amount_or_zero(&lot, "minNotionalValue", &rules->min_notional, err) == -1)
		return -1;
	return 0;
}

static int rules_row(const struct field *row, struct rules *ret, struct err *err)
{
	struct rules rules = {.tier_count = 0};
	struct field price, leverage;
	const char *status;
	int64_t funding_minutes;
	if (reply_copy_text(row, "symbol", rules.symbol, sizeof rules.symbol, err) == -1 ||
		field_text(row, "status", &status, err) == -1 ||
		field_int(row, "fundingInterval", &funding_minutes, err) == -1 ||
		field_get(row, "priceFilter", &price, err) == -1 ||
		field_get(row, "leverageFilter", &leverage, err) == -1)
		return -1;
	if (reply_positive(&price, "tickSize", &rules.tick_size, err) == -1 ||
		reply_positive(&leverage, "maxLeverage", &rules.max_leverage, err) == -1 ||
		lot_rules(row, &rules, err) == -1)
		return -1;
	if (funding_minutes <= 0 || funding_minutes > INT32_MAX)
		return reply_fault(row, "fundingInterval", err, "%lld minutes are no interval",
			(long long)funding_minutes);

	rules.trading = strcmp(status, "Trading") == 0;
	rules.funding_interval_ms = funding_minutes * MINUTE_MS;
	*ret = rules;
	return 0;
}

/* The row of a symbol. *ret_found false: not in the list. */
static int row_of(const struct field *result, const char *symbol, struct field *ret,
	bool *ret_found, struct err *err)
{
	struct field list;
	size_t count;
	if (rows_of(result, &list, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		const char *name;
		if (field_item(&list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) == 0) {
			*ret = row;
			*ret_found = true;
			return 0;
		}
	}
	*ret_found = false;
	return 0;
}

int bybit_reply_rules(const struct field *result, const char *symbol, bool *ret_found,
	struct rules *ret, struct err *err)
{
	struct field row;
	bool found;
	if (row_of(result, symbol, &row, &found, err) == -1)
		return -1;
	if (found && rules_row(&row, ret, err) == -1)
		return -1;
	*ret_found = found;
	return 0;
}

/*
 * The tiers' rates are declared as numbers and shown as strings, and stand in fractions or per
 * cent (exchanges.md 4.11): accept both, and take initialMargin * maxLeverage, about 1 or about
 * 100, as the unit.
 */
static int tier_row(const struct field *row, struct risk_tier *ret, struct err *err)
{
	struct risk_tier tier;
	if (reply_positive(row, "riskLimitValue", &tier.limit, err) == -1 ||
		reply_number(row, "maintenanceMargin", &tier.maintenance_rate, err) == -1 ||
		reply_number(row, "initialMargin", &tier.initial_rate, err) == -1 ||
		reply_positive(row, "maxLeverage", &tier.max_leverage, err) == -1 ||
		reply_decimal_or_zero(row, "mmDeduction", &tier.deduction, err) == -1)
		return -1;

	struct decimal unit = decimal_mul(tier.initial_rate, tier.max_leverage);
	if (decimal_check(unit, "initialMargin", err) == -1)
		return err_while(err, "%s", row->path);
	if (!decimal_less(unit, decimal_from_int(10))) {
		struct decimal percent = decimal_scaled(1, 2);
		tier.maintenance_rate = decimal_mul(tier.maintenance_rate, percent);
		tier.initial_rate = decimal_mul(tier.initial_rate, percent);
		if (!decimal_is_valid(tier.maintenance_rate) ||
			!decimal_is_valid(tier.initial_rate))
			return reply_fault(row, NULL, err, "rates out of range");
	}
	*ret = tier;
	return 0;
}

int bybit_reply_tiers(
	const struct field *result, const char *symbol, struct rules *rules, struct err *err)
{
	struct field list;
	size_t rows, count = 0;
	if (rows_of(result, &list, &rows, err) == -1)
		return -1;
	for (size_t i = 0; i < rows; i++) {
		struct field row;
		const char *name;
		if (field_item(&list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) != 0)
			continue;
		if (count == RISK_TIERS_MAX)
			return reply_fault(&list, NULL, err, "more than %d tiers of %s",
				RISK_TIERS_MAX, symbol);
		if (tier_row(&row, &rules->tiers[count++], err) == -1)
			return -1;
	}
	if (count == 0)
		return reply_fault(&list, NULL, err, "no tier of %s", symbol);
	rules->tier_count = count;
	reply_sort_tiers(rules);
	return 0;
}

/* ---- prices ----------------------------------------------------------------------------- */

static int candle_row(const struct field *row, struct candle *ret, struct err *err)
{
	struct field open_time;
	if (field_item(row, 0, &open_time, err) == -1 ||
		field_as_int_text(&open_time, &ret->open_ms, err) == -1)
		return -1;
	return reply_candle(row, 1, false, ret, err);
}

int bybit_reply_candles(const struct field *result, struct arena *arena, const char *symbol,
	int64_t interval_ms, int64_t market_ms, struct candle_list *ret, struct err *err)
{
	struct field list;
	size_t count;
	const char *name;
	if (field_text(result, "symbol", &name, err) == -1 ||
		rows_of(result, &list, &count, err) == -1)
		return -1;
	if (strcmp(name, symbol) != 0)
		return reply_unclear(result, "candles of another symbol", name, err);

	struct candle *candles = ARENA_ARRAY(arena, struct candle, count > 0 ? count : 1);
	for (size_t i = 0; i < count; i++) { /* the venue's newest row is its first */
		struct field row;
		struct candle *candle = &candles[count - 1 - i];
		if (field_item(&list, i, &row, err) == -1 || candle_row(&row, candle, err) == -1)
			return -1;
		candle->closed = candle->open_ms <= market_ms - interval_ms;
	}
	if (reply_check_ascending(&list, candles, count, err) == -1)
		return -1;
	*ret = (struct candle_list){candles, count};
	return 0;
}

int bybit_reply_ticker(const struct field *result, const char *symbol, int64_t market_ms,
	struct ticker *ret, struct err *err)
{
	struct field row;
	bool found;
	if (row_of(result, symbol, &row, &found, err) == -1)
		return -1;
	if (!found)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_NEVER, "result.list: no ticker of %s", symbol);

	struct ticker ticker = {.market_ms = market_ms};
	if (reply_positive(&row, "bid1Price", &ticker.bid, err) == -1 ||
		reply_positive(&row, "ask1Price", &ticker.ask, err) == -1 ||
		reply_positive(&row, "lastPrice", &ticker.last, err) == -1 ||
		reply_positive(&row, "markPrice", &ticker.mark, err) == -1 ||
		field_decimal(&row, "fundingRate", &ticker.funding_rate, err) == -1 ||
		field_int_text(&row, "nextFundingTime", &ticker.next_funding_ms, err) == -1)
		return -1;
	*ret = ticker;
	return 0;
}

/* ---- account ---------------------------------------------------------------------------- */

/* Not for unified accounts' dead field availableToWithdraw: exchanges.md 4.3. */
static int isolated_available(
	const struct field *coin, struct bybit_wallet *wallet, struct err *err)
{
	static const char *const taken[] = {"totalPositionIM", "totalOrderIM", "locked", "bonus"};
	struct decimal available = wallet->wallet;
	bool known = true;
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		bool present;
		struct decimal amount;
		if (field_decimal_or_empty(coin, taken[i], &present, &amount, err) == -1)
			return -1;
		known = known && present;
		if (present)
			available = decimal_sub(available, amount);
		if (i == 0) {
			wallet->position_margin_known = present;
			wallet->position_margin = present ? amount : DECIMAL_ZERO;
		}
	}
	if (decimal_check(available, "available balance", err) == -1)
		return -1;
	wallet->isolated_available_known = known;
	wallet->isolated_available = available;
	return 0;
}

static int coin_row(const struct field *account, struct bybit_wallet *wallet, struct err *err)
{
	struct field coins;
	size_t count;
	if (field_get(account, "coin", &coins, err) == -1 || field_count(&coins, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field coin;
		const char *name;
		if (field_item(&coins, i, &coin, err) == -1 ||
			field_text(&coin, "coin", &name, err) == -1)
			return -1;
		if (strcmp(name, "USDT") != 0)
			continue;
		if (field_decimal(&coin, "walletBalance", &wallet->wallet, err) == -1 ||
			field_decimal(&coin, "equity", &wallet->equity, err) == -1)
			return -1;
		return isolated_available(&coin, wallet, err);
	}
	/* An account that never held the coin lists none: it has none of it, and no position. */
	wallet->isolated_available_known = true;
	wallet->position_margin_known = true;
	return 0;
}

int bybit_reply_wallet(const struct field *result, struct bybit_wallet *ret, struct err *err)
{
	struct field list, account;
	struct bybit_wallet wallet = {.cross_available_known = false};
	if (field_get(result, "list", &list, err) == -1 ||
		field_item(&list, 0, &account, err) == -1 ||
		field_decimal_or_empty(&account, "totalAvailableBalance",
			&wallet.cross_available_known, &wallet.cross_available, err) == -1 ||
		coin_row(&account, &wallet, err) == -1)
		return -1;
	*ret = wallet;
	return 0;
}

static int leg_of(const struct field *row, enum leg *ret, struct err *err)
{
	int64_t index;
	if (field_int(row, "positionIdx", &index, err) == -1)
		return -1;
	static const enum leg legs[] = {LEG_ONE_WAY, LEG_LONG, LEG_SHORT};
	if (index < 0 || index > 2)
		return reply_fault(row, "positionIdx", err, "unrecognized %lld", (long long)index);
	*ret = legs[index];
	return 0;
}

static int side_of(const struct field *row, enum side *ret, struct err *err)
{
	static const struct reply_word sides[] = {{"Buy", SIDE_BUY}, {"Sell", SIDE_SELL}};
	int side;
	if (REPLY_WORD(row, "side", sides, &side, err) == -1)
		return -1;
	*ret = (enum side)side;
	return 0;
}

/* What only a position that is held has. */
static int held_position(const struct field *row, struct position *position, struct err *err)
{
	if (side_of(row, &position->side, err) == -1 ||
		reply_positive(row, "avgPrice", &position->average, err) == -1 ||
		reply_positive(row, "markPrice", &position->mark, err) == -1 ||
		field_decimal(row, "unrealisedPnl", &position->unrealised, err) == -1 ||
		field_decimal(row, "positionIM", &position->initial_margin, err) == -1 ||
		field_decimal(row, "positionMM", &position->maintenance_margin, err) == -1 ||
		field_decimal_or_empty(row, "liqPrice", &position->liquidation_known,
			&position->liquidation, err) == -1)
		return -1;

	/* 0 stands for "none" as "" does: no price of a liquidation. */
	if (position->liquidation_known && decimal_sign(position->liquidation) <= 0)
		position->liquidation_known = false;
	if (!position->liquidation_known)
		position->liquidation = DECIMAL_ZERO;

	return legs_check_side(row, position, err);
}

static int position_row(const struct field *row, struct position *ret, struct err *err)
{
	struct position position = {.side = SIDE_BUY};
	/* Leverage is "" in portfolio margin only; 0 then matches no wanted leverage. */
	if (leg_of(row, &position.leg, err) == -1 ||
		reply_amount_or_zero(row, "size", &position.quantity, err) == -1 ||
		reply_amount_or_zero(row, "leverage", &position.leverage, err) == -1 ||
		field_int_text(row, "updatedTime", &position.updated_ms, err) == -1)
		return -1;
	bool held = !decimal_is_zero(position.quantity);
	if (held && held_position(row, &position, err) == -1)
		return -1;
	if (!held && reply_decimal_or_zero(row, "markPrice", &position.mark, err) == -1)
		return -1;
	*ret = position;
	return 0;
}

int bybit_reply_positions(
	const struct field *result, const char *symbol, struct account *ret, struct err *err)
{
	struct field list;
	size_t count;
	struct legs legs = {.seen = {false}};
	if (rows_of(result, &list, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		const char *name;
		struct position position;
		if (field_item(&list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) != 0)
			return reply_unclear(&row, "a position of another symbol", name, err);
		if (position_row(&row, &position, err) == -1 ||
			legs_add(&legs, &row, "positionIdx", &position, err) == -1)
			return -1;
	}
	return legs_arrange(&legs, &list, ret, err);
}

/* Room for one more item of a list that grows in the arena by doubling. */
static void *grown(
	struct arena *arena, void *items, size_t count, size_t *capacity, size_t size_bytes)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity == 0 ? 16 : *capacity * 2;
	void *larger = arena_alloc(arena, *capacity, size_bytes);
	if (count > 0)
		memcpy(larger, items, count * size_bytes);
	return larger;
}

static void add_symbol(struct arena *arena, struct bybit_symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (strcmp(symbols->items[i], name) == 0)
			return;
	symbols->items = grown(arena, symbols->items, symbols->count, &symbols->capacity,
		sizeof symbols->items[0]);
	(void)snprintf(symbols->items[symbols->count++], SYMBOL_SIZE, "%s", name);
}

int bybit_reply_active(const struct field *result, struct arena *arena,
	struct bybit_symbols *symbols, struct err *err)
{
	struct field list;
	size_t count;
	if (rows_of(result, &list, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		char name[SYMBOL_SIZE];
		struct decimal size;
		if (field_item(&list, i, &row, err) == -1 ||
			reply_copy_text(&row, "symbol", name, sizeof name, err) == -1 ||
			reply_amount_or_zero(&row, "size", &size, err) == -1)
			return -1;
		if (!decimal_is_zero(size))
			add_symbol(arena, symbols, name);
	}
	return 0;
}

int bybit_reply_margin_mode(
	const struct field *result, bool *ret_known, enum margin_mode *ret, struct err *err)
{
	const char *word;
	if (field_text(result, "marginMode", &word, err) == -1)
		return -1;
	bool isolated = strcmp(word, "ISOLATED_MARGIN") == 0;
	bool cross = strcmp(word, "REGULAR_MARGIN") == 0;
	if (!isolated && !cross && strcmp(word, "PORTFOLIO_MARGIN") != 0)
		return reply_unclear(result, "marginMode: unrecognized", word, err);
	*ret_known = isolated || cross;
	*ret = isolated ? MARGIN_ISOLATED : MARGIN_CROSS;
	return 0;
}

/* ---- orders ----------------------------------------------------------------------------- */

/* exchanges.md 4.3 and 4.6; Triggered is a passing state of the same order. */
static int status_of(const struct field *row, enum order_status *ret, struct err *err)
{
	static const struct reply_word states[] = {
		{"New", ORDER_STATUS_OPEN},
		{"Created", ORDER_STATUS_OPEN},
		{"PartiallyFilled", ORDER_STATUS_OPEN},
		{"Triggered", ORDER_STATUS_OPEN},
		{"Untriggered", ORDER_STATUS_UNTRIGGERED},
		{"Filled", ORDER_STATUS_FILLED},
		{"Cancelled", ORDER_STATUS_CANCELLED},
		{"PartiallyFilledCanceled", ORDER_STATUS_CANCELLED},
		{"Deactivated", ORDER_STATUS_CANCELLED},
		{"Rejected", ORDER_STATUS_REJECTED},
	};
	int status;
	if (REPLY_WORD(row, "orderStatus", states, &status, err) == -1)
		return -1;
	*ret = (enum order_status)status;
	return 0;
}

static int type_of(
	const struct field *row, const struct order *order, enum order_type *ret, struct err *err)
{
	static const struct reply_word types[] = {{"Limit", ORDER_LIMIT}, {"Market", ORDER_MARKET}};
	int plain;
	if (REPLY_WORD(row, "orderType", types, &plain, err) == -1)
		return -1;

	/* Whatever waits for a trigger is a stop to us, TP/SL of somebody else's included. */
	bool conditional = decimal_sign(order->trigger_price) > 0;
	*ret = conditional ? ORDER_STOP_MARKET : (enum order_type)plain;
	return 0;
}

/* The word that explains an end; the venue's words for "none" are left out. */
static int reason_of(const struct field *row, struct order *order, struct err *err)
{
	const char *words[2];
	if (reply_optional_text(row, "rejectReason", &words[0], err) == -1 ||
		reply_optional_text(row, "cancelType", &words[1], err) == -1)
		return -1;
	bool rejected = words[0][0] != '\0' && strcmp(words[0], "EC_NoError") != 0;
	bool cancelled = words[1][0] != '\0' && strcmp(words[1], "UNKNOWN") != 0;
	const char *reason = rejected ? words[0] : cancelled ? words[1] : "";
	(void)snprintf(
		order->reason, sizeof order->reason, "%.*s", (int)sizeof order->reason - 1, reason);
	return 0;
}

static int order_amounts(const struct field *row, struct order *order, struct err *err)
{
	if (reply_amount_or_zero(row, "qty", &order->quantity, err) == -1 ||
		reply_amount_or_zero(row, "price", &order->price, err) == -1 ||
		reply_amount_or_zero(row, "cumExecQty", &order->filled, err) == -1 ||
		reply_amount_or_zero(row, "cumExecValue", &order->filled_value, err) == -1)
		return -1;
	return reply_optional_amount(row, "triggerPrice", &order->trigger_price, err);
}

static int order_row(const struct field *row, struct order *order, struct err *err)
{
	if (reply_copy_text(row, "orderId", order->venue_order_id, sizeof order->venue_order_id,
		    err) == -1 ||
		reply_copy_text(row, "orderLinkId", order->client_order_id,
			sizeof order->client_order_id, err) == -1 ||
		reply_copy_text(row, "symbol", order->symbol, sizeof order->symbol, err) == -1 ||
		side_of(row, &order->side, err) == -1 || leg_of(row, &order->leg, err) == -1 ||
		status_of(row, &order->status, err) == -1 || order_amounts(row, order, err) == -1 ||
		type_of(row, order, &order->type, err) == -1 ||
		field_bool(row, "reduceOnly", &order->reduce_only, err) == -1 ||
		reason_of(row, order, err) == -1 ||
		field_int_text(row, "createdTime", &order->created_ms, err) == -1 ||
		field_int_text(row, "updatedTime", &order->updated_ms, err) == -1)
		return -1;
	return 0;
}

int bybit_reply_orders(
	const struct field *result, struct arena *arena, struct order_list *list, struct err *err)
{
	struct field rows;
	size_t count;
	if (rows_of(result, &rows, &count, err) == -1)
		return -1;
	struct order *items = reply_appended(arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(&rows, i, &row, err) == -1 ||
			order_row(&row, &items[list->count + i], err) == -1)
			return -1;
	}
	*list = (struct order_list){items, list->count + count};
	return 0;
}

/* ---- executions ------------------------------------------------------------------------- */

#define EXECUTION_FUNDING (-1) /* the others are kinds of fills */
#define EXECUTION_NEITHER (-2)

/* exchanges.md 4.9. What changes a position is a fill, whatever its name. */
static int execution_of(const struct field *row, int *ret, struct err *err)
{
	static const struct reply_word types[] = {
		{"Trade", FILL_TRADE},
		{"BustTrade", FILL_LIQUIDATION},
		{"AdlTrade", FILL_ADL},
		{"Delivery", FILL_SETTLEMENT},
		{"Settle", FILL_SETTLEMENT},
		{"BlockTrade", FILL_TRADE},
		{"MovePosition", FILL_TRADE},
		{"CorporateAction", FILL_SETTLEMENT},
		{"Funding", EXECUTION_FUNDING},
		{"SessionSettlePnL", EXECUTION_NEITHER},
	};
	return REPLY_WORD(row, "execType", types, ret, err);
}

/* Step-wise liquidation trades as "Trade": its maker says so in createType. */
static int refine_kind(const struct field *row, enum fill_kind *kind, struct err *err)
{
	static const struct reply_word makers[] = {
		{"CreateByLiq", FILL_LIQUIDATION},
		{"CreateByTakeOver_PassThrough", FILL_LIQUIDATION},
		{"CreateByAdl_PassThrough", FILL_ADL},
		{"CreateBySettle", FILL_SETTLEMENT},
	};
	const char *word;
	if (reply_optional_text(row, "createType", &word, err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof makers / sizeof makers[0] && *kind == FILL_TRADE; i++)
		if (strcmp(word, makers[i].word) == 0)
			*kind = (enum fill_kind)makers[i].value;
	return 0;
}

static int fill_ids(const struct field *row, struct fill *fill, struct err *err)
{
	if (reply_copy_text(row, "execId", fill->exec_id, sizeof fill->exec_id, err) == -1 ||
		reply_copy_text(row, "orderId", fill->venue_order_id, sizeof fill->venue_order_id,
			err) == -1 ||
		reply_copy_text(row, "orderLinkId", fill->client_order_id,
			sizeof fill->client_order_id, err) == -1 ||
		reply_copy_text(row, "symbol", fill->symbol, sizeof fill->symbol, err) == -1)
		return -1;
	if (fill->exec_id[0] == '\0')
		return reply_fault(row, "execId", err, "empty");
	return 0;
}

static int fee_coin(
	const struct field *row, const char *settle_coin, struct fill *fill, struct err *err)
{
	struct field coin;
	if (field_get_optional(row, "feeCurrency", &coin, err) == -1)
		return -1;
	if (field_present(&coin) && reply_copy_text(row, "feeCurrency", fill->fee_currency,
					    sizeof fill->fee_currency, err) == -1)
		return -1;
	if (fill->fee_currency[0] == '\0')
		(void)snprintf(fill->fee_currency, sizeof fill->fee_currency, "%s", settle_coin);
	return 0;
}

/* execFee is positive when paid, as ours. The venue does not name the leg of an execution. */
static int fill_row(const struct field *row, enum fill_kind kind, const char *settle_coin,
	struct fill *fill, struct err *err)
{
	bool maker;
	fill->kind = kind;
	fill->leg = LEG_ONE_WAY;
	if (fill_ids(row, fill, err) == -1 || refine_kind(row, &fill->kind, err) == -1 ||
		side_of(row, &fill->side, err) == -1 ||
		reply_positive(row, "execQty", &fill->quantity, err) == -1 ||
		reply_positive(row, "execPrice", &fill->price, err) == -1 ||
		reply_decimal_or_zero(row, "execFee", &fill->fee, err) == -1 ||
		reply_amount_or_zero(row, "closedSize", &fill->closed_quantity, err) == -1 ||
		field_bool(row, "isMaker", &maker, err) == -1 ||
		field_int_text(row, "execTime", &fill->executed_ms, err) == -1 ||
		fee_coin(row, settle_coin, fill, err) == -1)
		return -1;
	fill->liquidity = maker ? LIQUIDITY_MAKER : LIQUIDITY_TAKER;
	return 0;
}

int bybit_reply_fills(const struct field *result, struct arena *arena, const char *settle_coin,
	struct fill_list *list, struct err *err)
{
	struct field rows;
	size_t count, taken = list->count;
	if (rows_of(result, &rows, &count, err) == -1)
		return -1;
	struct fill *items = reply_appended(arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		int execution;
		if (field_item(&rows, i, &row, err) == -1 ||
			execution_of(&row, &execution, err) == -1)
			return -1;
		if (execution < 0)
			continue;
		if (fill_row(&row, (enum fill_kind)execution, settle_coin, &items[taken], err) ==
			-1)
			return -1;
		taken++;
	}
	*list = (struct fill_list){items, taken};
	return 0;
}

/* A payment as an execution: execFee is positive when paid, the book's amount when received. */
static int funding_row(const struct field *row, struct funding_payment *payment, struct err *err)
{
	struct decimal fee;
	payment->leg = LEG_ONE_WAY;
	if (reply_copy_text(row, "execId", payment->id, sizeof payment->id, err) == -1 ||
		reply_copy_text(row, "symbol", payment->symbol, sizeof payment->symbol, err) ==
			-1 ||
		field_decimal(row, "execFee", &fee, err) == -1 ||
		field_decimal(row, "feeRate", &payment->rate, err) == -1 ||
		reply_amount_or_zero(row, "execQty", &payment->quantity, err) == -1 ||
		field_int_text(row, "execTime", &payment->paid_ms, err) == -1)
		return -1;
	if (payment->id[0] == '\0')
		return reply_fault(row, "execId", err, "empty");
	payment->amount = decimal_neg(fee);
	return 0;
}

int bybit_reply_funding(
	const struct field *result, struct arena *arena, struct funding_list *list, struct err *err)
{
	struct field rows;
	size_t count, taken = list->count;
	if (rows_of(result, &rows, &count, err) == -1)
		return -1;
	struct funding_payment *items = reply_appended(
		arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		int execution;
		if (field_item(&rows, i, &row, err) == -1 ||
			execution_of(&row, &execution, err) == -1)
			return -1;
		if (execution != EXECUTION_FUNDING)
			continue;
		if (funding_row(&row, &items[taken], err) == -1)
			return -1;
		taken++;
	}
	*list = (struct funding_list){items, taken};
	return 0;
}

/* ---- the account book ------------------------------------------------------------------- */

/* A payment of funding has a trade id too; its cash flow is none of price. */
static int is_execution(
	const struct field *row, const char *wanted_symbol, bool *ret, struct err *err)
{
	const char *type;
	const char *symbol;
	const char *trade_id;
	if (field_text(row, "type", &type, err) == -1 ||
		field_text(row, "symbol", &symbol, err) == -1 ||
		field_text(row, "tradeId", &trade_id, err) == -1)
		return -1;
	*ret = trade_id[0] != '\0' && strcmp(symbol, wanted_symbol) == 0 &&
	       strcmp(type, "SETTLEMENT") != 0;
	return 0;
}

int bybit_reply_realised(const struct field *result, struct arena *arena, const char *symbol,
	struct realised_list *list, struct err *err)
{
	struct field rows;
	size_t count, taken = list->count;
	if (rows_of(result, &rows, &count, err) == -1)
		return -1;
	struct realised *items = reply_appended(
		arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		bool wanted;
		if (field_item(&rows, i, &row, err) == -1 ||
			is_execution(&row, symbol, &wanted, err) == -1)
			return -1;
		if (!wanted)
			continue;
		if (reply_copy_text(&row, "tradeId", items[taken].exec_id,
			    sizeof items[taken].exec_id, err) == -1 ||
			field_decimal(&row, "cashFlow", &items[taken].amount, err) == -1)
			return -1;
		taken++;
	}
	*list = (struct realised_list){items, taken};
	return 0;
}

/* ---- the key ---------------------------------------------------------------------------- */

/* True if the list of words named so, if there is one, contains the word. */
static int list_has(const struct field *object, const char *name, const char *word,
	bool *ret_listed, bool *ret_has, struct err *err)
{
	struct field list;
	if (field_get_optional(object, name, &list, err) == -1)
		return -1;
	*ret_listed = false;
	*ret_has = false;
	if (!field_present(&list))
		return 0;

	size_t count;
	if (field_count(&list, &count, err) == -1)
		return -1;
	*ret_listed = count > 0;
	for (size_t i = 0; i < count; i++) {
		struct field item;
		const char *text;
		if (field_item(&list, i, &item, err) == -1 ||
			field_as_text(&item, &text, err) == -1)
			return -1;
		*ret_has = *ret_has || strcmp(text, word) == 0;
	}
	return 0;
}

static int key_rights(
	const struct field *result, struct exchange_identity *identity, struct err *err)
{
	int64_t read_only;
	struct field permissions;
	if (field_int(result, "readOnly", &read_only, err) == -1 ||
		field_get(result, "permissions", &permissions, err) == -1)
		return -1;

	bool listed, derivatives_listed;
	bool order, position, derivatives, withdraw, sub_transfer, transfer;
	if (list_has(&permissions, "ContractTrade", "Order", &listed, &order, err) == -1 ||
		list_has(&permissions, "ContractTrade", "Position", &listed, &position, err) ==
			-1 ||
		list_has(&permissions, "Derivatives", "DerivativesTrade", &derivatives_listed,
			&derivatives, err) == -1 ||
		list_has(&permissions, "Wallet", "Withdraw", &listed, &withdraw, err) == -1 ||
		list_has(&permissions, "Wallet", "SubMemberTransfer", &listed, &sub_transfer,
			err) == -1 ||
		list_has(&permissions, "Wallet", "AccountTransfer", &listed, &transfer, err) == -1)
		return -1;

	/* Accounts that are not unified list no Derivatives at all. */
	identity->permissions_known = true;
	identity->can_trade = read_only == 0 && order && position &&
			      (derivatives || !derivatives_listed);
	identity->can_withdraw = withdraw;
	identity->can_transfer = sub_transfer || transfer;
	return 0;
}

static int key_notes(
	const struct field *result, struct exchange_identity *identity, struct err *err)
{
	struct field unified;
	int64_t is_unified = 1;
	if (field_get_optional(result, "uta", &unified, err) == -1)
		return -1;
	if (field_present(&unified) && field_as_int(&unified, &is_unified, err) == -1)
		return -1;
	if (is_unified == 0)
		(void)snprintf(identity->note, sizeof identity->note,
			"the account is not a unified trading account");
	else if (!identity->address_bound)
		(void)snprintf(identity->note, sizeof identity->note,
			"the key is bound to no address: it expires, and anybody can use it");
	return 0;
}

int bybit_reply_identity(const struct field *result, struct exchange_identity *ret, struct err *err)
{
	struct exchange_identity identity = {.permissions_known = false};
	int64_t user;
	bool listed, anywhere;
	if (field_int(result, "userID", &user, err) == -1 ||
		key_rights(result, &identity, err) == -1 ||
		list_has(result, "ips", "*", &listed, &anywhere, err) == -1)
		return -1;
	if (user <= 0)
		return reply_fault(result, "userID", err, "%lld is no account", (long long)user);

	(void)snprintf(identity.account_id, sizeof identity.account_id, "%lld", (long long)user);
	identity.address_bound_known = true;
	identity.address_bound = listed && !anywhere;
	if (key_notes(result, &identity, err) == -1)
		return -1;
	*ret = identity;
	return 0;
}

/* ---- receipts --------------------------------------------------------------------------- */

int bybit_reply_receipt(const struct field *result, char ret_venue_order_id[VENUE_ORDER_ID_SIZE],
	const char **ret_client_order_id, struct err *err)
{
	char id[VENUE_ORDER_ID_SIZE];
	const char *client_id;
	if (reply_copy_text(result, "orderId", id, sizeof id, err) == -1 ||
		field_text(result, "orderLinkId", &client_id, err) == -1)
		return -1;
	if (id[0] == '\0')
		return reply_fault(result, "orderId", err, "empty");
	memcpy(ret_venue_order_id, id, sizeof id);
	*ret_client_order_id = client_id;
	return 0;
}

const char *bybit_reply_reason(const struct field *result)
{
	struct err ignored; /* a missing reason is no second error */
	struct field reasons, reason;
	const char *text;
	if (!field_present(result) || !field_is_object(result) ||
		field_get_optional(result, "reasons", &reasons, &ignored) == -1 ||
		!field_present(&reasons) || field_item(&reasons, 0, &reason, &ignored) == -1 ||
		field_text(&reason, "reasonMsg", &text, &ignored) == -1)
		return "";
	return text;
}
