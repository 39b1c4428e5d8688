#include "exchanges/binance_reply.h"

#include "exchanges/legs.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000
#define ROWS_MAX 10000 /* of symbols and lists; pages of the ledger have 1000 */
#define RATE_SCALE 8
#define RATE_FAR_MS (10 * 60 * 1000) /* between a payment and the stamp that it belongs to */

/* ---- readings --------------------------------------------------------------------------- */

/* The venue numbers what others name. */
static int id_of(const struct field *row, const char *name, const char *prefix, char *ret,
	size_t size, struct err *err)
{
	int64_t id;
	if (field_int(row, name, &id, err) == -1)
		return -1;
	if (id <= 0)
		return reply_fault(row, name, err, "%lld is no id", (long long)id);
	(void)snprintf(ret, size, "%s%lld", prefix, (long long)id);
	return 0;
}

static int time_of(const struct field *row, const char *name, int64_t *ret_ms, struct err *err)
{
	int64_t time_ms;
	if (field_int(row, name, &time_ms, err) == -1)
		return -1;
	if (time_ms < 0)
		return reply_fault(row, name, err, "%lld is no time", (long long)time_ms);
	*ret_ms = time_ms;
	return 0;
}

static int side_of(const struct field *row, enum side *ret, struct err *err)
{
	static const struct reply_word sides[] = {{"BUY", SIDE_BUY}, {"SELL", SIDE_SELL}};
	int side;
	if (REPLY_WORD(row, "side", sides, &side, err) == -1)
		return -1;
	*ret = (enum side)side;
	return 0;
}

static int leg_of(const struct field *row, enum leg *ret, struct err *err)
{
	static const struct reply_word legs[] = {
		{"BOTH", LEG_ONE_WAY}, {"LONG", LEG_LONG}, {"SHORT", LEG_SHORT}};
	int leg;
	if (REPLY_WORD(row, "positionSide", legs, &leg, err) == -1)
		return -1;
	*ret = (enum leg)leg;
	return 0;
}

/* The row of a symbol in a list. *ret_found false: not in it. */
static int row_of(const struct field *list, const char *symbol, struct field *ret, bool *ret_found,
	struct err *err)
{
	size_t count;
	if (reply_count(list, ROWS_MAX, &count, err) == -1)
		return -1;
	*ret_found = false;
	for (size_t i = 0; i < count && !*ret_found; i++) {
		struct field row;
		const char *name;
		if (field_item(list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) != 0)
			continue;
		*ret = row;
		*ret_found = true;
	}
	return 0;
}

static int check_symbol(const struct field *row, const char *symbol, struct err *err)
{
	const char *name;
	if (field_text(row, "symbol", &name, err) == -1)
		return -1;
	if (strcmp(name, symbol) != 0)
		return reply_unclear(row, "a row of another symbol", name, err);
	return 0;
}

/* A number, or a text that holds one: a stop's agreement has the latter (exchanges.md 5.6). */
static int code_of(const struct field *code, int64_t *ret, struct err *err)
{
	int64_t value;
	int result = field_is_string(code) ? field_as_int_text(code, &value, err)
					   : field_as_int(code, &value, err);
	if (result == -1)
		return -1;
	if (value != 200 && value >= 0)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"code: %lld is neither a refusal nor an agreement", (long long)value);
	*ret = value == 200 ? 0 : value;
	return 0;
}

int binance_reply_envelope(
	const struct field_document *document, struct reply_envelope *ret, struct err *err)
{
	struct field root = field_root(document);
	struct field code = {.value = NULL};
	struct reply_envelope envelope = {.text = "", .result = root};
	if (!field_is_array(&root) &&
		(field_get_optional(&root, "code", &code, err) == -1 ||
			reply_optional_text(&root, "msg", &envelope.text, err) == -1))
		return -1;
	if (code.value != NULL && code_of(&code, &envelope.code, err) == -1)
		return -1;
	*ret = envelope;
	return 0;
}

/* ---- rules ------------------------------------------------------------------------------ */

static int filter_of(const struct field *row, const char *kind, struct field *ret, struct err *err)
{
	struct field filters;
	size_t count;
	if (field_get(row, "filters", &filters, err) == -1 ||
		reply_count(&filters, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field filter;
		const char *name;
		if (field_item(&filters, i, &filter, err) == -1 ||
			field_text(&filter, "filterType", &name, err) == -1)
			return -1;
		if (strcmp(name, kind) == 0) {
			*ret = filter;
			return 0;
		}
	}
	return reply_fault(&filters, NULL, err, "no %s", kind);
}

struct lots {
	struct decimal step, least, most;
};

static int lots_of(const struct field *row, const char *kind, struct lots *ret, struct err *err)
{
	struct field filter;
	if (filter_of(row, kind, &filter, err) == -1 ||
		reply_positive(&filter, "stepSize", &ret->step, err) == -1 ||
		reply_amount_or_zero(&filter, "minQty", &ret->least, err) == -1 ||
		reply_positive(&filter, "maxQty", &ret->most, err) == -1)
		return -1;
	return 0;
}

/*
 * Market orders must keep to both filters, and one lot serves all orders: the coarser step, which
 * is a multiple of the finer one.
 */
static int lot_rules(const struct field *row, struct rules *rules, struct err *err)
{
	struct lots all, market;
	int64_t ignored;
	if (lots_of(row, "LOT_SIZE", &all, err) == -1 ||
		lots_of(row, "MARKET_LOT_SIZE", &market, err) == -1)
		return -1;
	bool coarser = decimal_less(all.step, market.step);
	rules->lot_size = coarser ? market.step : all.step;
	if (!decimal_count(rules->lot_size, coarser ? all.step : market.step, &ignored))
		return reply_fault(row, "filters", err, "steps %s and %s do not fit each other",
			DECIMAL_TEXT(all.step), DECIMAL_TEXT(market.step));
	rules->min_quantity = decimal_max(decimal_max(all.least, market.least), rules->lot_size);
	rules->max_quantity = all.most;
	rules->max_market_quantity = decimal_min(all.most, market.most);
	return 0;
}

static int rules_row(const struct field *row, struct rules *ret, struct err *err)
{
	struct rules rules = {.tier_count = 0};
	struct field price, notional;
	const char *status;
	if (reply_copy_text(row, "symbol", rules.symbol, sizeof rules.symbol, err) == -1 ||
		field_text(row, "status", &status, err) == -1 ||
		filter_of(row, "PRICE_FILTER", &price, err) == -1 ||
		reply_positive(&price, "tickSize", &rules.tick_size, err) == -1 ||
		lot_rules(row, &rules, err) == -1 ||
		filter_of(row, "MIN_NOTIONAL", &notional, err) == -1 ||
		reply_amount_or_zero(&notional, "notional", &rules.min_notional, err) == -1)
		return -1;
	rules.trading = strcmp(status, "TRADING") == 0;
	*ret = rules;
	return 0;
}

/* Perpetuals on shares have a kind of their own; futures with a date are none of ours. */
static int is_perpetual(const struct field *row, bool *ret, struct err *err)
{
	const char *kind, *coin;
	if (field_text(row, "contractType", &kind, err) == -1 ||
		field_text(row, "marginAsset", &coin, err) == -1)
		return -1;
	*ret = (strcmp(kind, "PERPETUAL") == 0 || strcmp(kind, "TRADIFI_PERPETUAL") == 0) &&
	       strcmp(coin, "USDT") == 0;
	return 0;
}

int binance_reply_rules(const struct field *root, const char *symbol, bool *ret_found,
	struct rules *ret, struct err *err)
{
	struct field symbols, row;
	bool listed, wanted = false;
	if (field_get(root, "symbols", &symbols, err) == -1 ||
		row_of(&symbols, symbol, &row, &listed, err) == -1)
		return -1;
	if (listed && is_perpetual(&row, &wanted, err) == -1)
		return -1;
	if (wanted && rules_row(&row, ret, err) == -1)
		return -1;
	*ret_found = wanted;
	return 0;
}

static int tier_row(const struct field *row, struct risk_tier *ret, struct err *err)
{
	struct risk_tier tier;
	if (reply_positive_number(row, "notionalCap", &tier.limit, err) == -1 ||
		reply_positive_number(row, "initialLeverage", &tier.max_leverage, err) == -1 ||
		reply_number(row, "maintMarginRatio", &tier.maintenance_rate, err) == -1 ||
		reply_number(row, "cum", &tier.deduction, err) == -1)
		return -1;
	tier.initial_rate = decimal_div(
		decimal_from_int(1), tier.max_leverage, RATE_SCALE, ROUND_UP);
	if (decimal_check(tier.initial_rate, "initialLeverage", err) == -1)
		return err_while(err, "%s", row->path);
	*ret = tier;
	return 0;
}

/*
 * An account with larger tiers than others shows them multiplied. Rules are shared by all tenants,
 * so limits and amounts are divided again; smaller ones stay as they are: that is the careful side.
 */
static int unscale(const struct field *entry, struct rules *rules, struct err *err)
{
	struct field field;
	struct decimal factor;
	if (field_get_optional(entry, "notionalCoef", &field, err) == -1)
		return -1;
	if (!field_present(&field))
		return 0;
	if (reply_positive_number(entry, "notionalCoef", &factor, err) == -1)
		return -1;
	if (!decimal_less(decimal_from_int(1), factor))
		return 0;
	for (size_t i = 0; i < rules->tier_count; i++) {
		struct risk_tier *tier = &rules->tiers[i];
		tier->limit = decimal_div(tier->limit, factor, RATE_SCALE, ROUND_DOWN);
		tier->deduction = decimal_div(tier->deduction, factor, RATE_SCALE, ROUND_DOWN);
		if (!decimal_is_valid(tier->limit) || !decimal_is_valid(tier->deduction))
			return reply_fault(entry, "notionalCoef", err, "%s is out of range",
				DECIMAL_TEXT(factor));
	}
	return 0;
}

static int tier_rows(const struct field *entry, struct rules *rules, struct err *err)
{
	struct field brackets;
	size_t count;
	if (field_get(entry, "brackets", &brackets, err) == -1 ||
		reply_count(&brackets, RISK_TIERS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(&brackets, i, &row, err) == -1 ||
			tier_row(&row, &rules->tiers[i], err) == -1)
			return -1;
	}
	if (count == 0)
		return reply_fault(&brackets, NULL, err, "no tier");
	rules->tier_count = count;
	reply_sort_tiers(rules);
	rules->max_leverage = DECIMAL_ZERO;
	for (size_t i = 0; i < count; i++)
		rules->max_leverage = decimal_max(
			rules->max_leverage, rules->tiers[i].max_leverage);
	return unscale(entry, rules, err);
}

/* A list, or, asked by symbol in older answers, its one row. */
int binance_reply_tiers(
	const struct field *root, const char *symbol, struct rules *rules, struct err *err)
{
	struct field entry = *root;
	bool found = true;
	if (field_is_array(root)) {
		if (row_of(root, symbol, &entry, &found, err) == -1)
			return -1;
	} else if (check_symbol(&entry, symbol, err) == -1) {
		return -1;
	}
	if (!found)
		return reply_fault(root, NULL, err, "no tiers of %s", symbol);
	return tier_rows(&entry, rules, err);
}

int binance_reply_funding_interval(
	const struct field *root, const char *symbol, int64_t *ret_ms, struct err *err)
{
	struct field row;
	int64_t hours;
	bool found;
	if (row_of(root, symbol, &row, &found, err) == -1)
		return -1;
	if (!found) {
		*ret_ms = BINANCE_FUNDING_MS;
		return 0;
	}
	if (field_int(&row, "fundingIntervalHours", &hours, err) == -1)
		return -1;
	if (hours <= 0 || hours > 24)
		return reply_fault(&row, "fundingIntervalHours", err, "%lld hours are no interval",
			(long long)hours);
	*ret_ms = hours * HOUR_MS;
	return 0;
}

/* ---- prices ----------------------------------------------------------------------------- */

static int candle_row(
	const struct field *row, int64_t interval_ms, struct candle *ret, struct err *err)
{
	struct field open, close;
	int64_t close_ms;
	if (field_item(row, 0, &open, err) == -1 || field_as_int(&open, &ret->open_ms, err) == -1 ||
		reply_candle(row, 1, false, ret, err) == -1 ||
		field_item(row, 6, &close, err) == -1 || field_as_int(&close, &close_ms, err) == -1)
		return -1;
	if (ret->open_ms < 0 || close_ms < ret->open_ms ||
		close_ms - ret->open_ms != interval_ms - 1)
		return reply_fault(row, NULL, err, "a candle from %lld to %lld, asked for %lld ms",
			(long long)ret->open_ms, (long long)close_ms, (long long)interval_ms);
	return 0;
}

int binance_reply_candles(const struct field *root, struct arena *arena, int64_t interval_ms,
	int64_t market_ms, struct candle_list *ret, struct err *err)
{
	size_t count;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	struct candle *candles = ARENA_ARRAY(arena, struct candle, count > 0 ? count : 1);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(root, i, &row, err) == -1 ||
			candle_row(&row, interval_ms, &candles[i], err) == -1)
			return -1;
		candles[i].closed = candles[i].open_ms <= market_ms - interval_ms;
	}
	if (reply_check_ascending(root, candles, count, err) == -1)
		return -1;
	*ret = (struct candle_list){candles, count};
	return 0;
}

int binance_reply_book(
	const struct field *root, const char *symbol, struct ticker *ticker, struct err *err)
{
	if (check_symbol(root, symbol, err) == -1 ||
		reply_positive(root, "bidPrice", &ticker->bid, err) == -1 ||
		reply_positive(root, "askPrice", &ticker->ask, err) == -1)
		return -1;
	return 0;
}

int binance_reply_last(
	const struct field *root, const char *symbol, struct ticker *ticker, struct err *err)
{
	if (check_symbol(root, symbol, err) == -1)
		return -1;
	return reply_positive(root, "price", &ticker->last, err);
}

/* The rate is called the last one, and is that of the next payment. */
int binance_reply_mark(
	const struct field *root, const char *symbol, struct ticker *ticker, struct err *err)
{
	if (check_symbol(root, symbol, err) == -1 ||
		reply_positive(root, "markPrice", &ticker->mark, err) == -1 ||
		field_decimal(root, "lastFundingRate", &ticker->funding_rate, err) == -1 ||
		time_of(root, "nextFundingTime", &ticker->next_funding_ms, err) == -1)
		return -1;
	return 0;
}

/* ---- account ---------------------------------------------------------------------------- */

int binance_reply_account_config(
	const struct field *root, struct binance_account_config *ret, struct err *err)
{
	struct binance_account_config config;
	bool hedge;
	if (field_bool(root, "dualSidePosition", &hedge, err) == -1 ||
		field_bool(root, "multiAssetsMargin", &config.multi_assets, err) == -1 ||
		field_bool(root, "canTrade", &config.can_trade, err) == -1)
		return -1;
	config.position_mode = hedge ? POSITION_HEDGE : POSITION_ONE_WAY;
	*ret = config;
	return 0;
}

int binance_reply_symbol_config(const struct field *root, const char *symbol,
	struct binance_settings *settings, struct err *err)
{
	static const struct reply_word modes[] = {
		{"ISOLATED", MARGIN_ISOLATED}, {"CROSSED", MARGIN_CROSS}};
	struct field row;
	int64_t leverage;
	int mode;
	bool found;
	if (row_of(root, symbol, &row, &found, err) == -1)
		return -1;
	if (!found)
		return reply_fault(root, NULL, err, "no settings of %s", symbol);
	if (REPLY_WORD(&row, "marginType", modes, &mode, err) == -1 ||
		field_int(&row, "leverage", &leverage, err) == -1)
		return -1;
	if (leverage <= 0)
		return reply_fault(
			&row, "leverage", err, "%lld is not above 0", (long long)leverage);
	settings->margin_mode = (enum margin_mode)mode;
	settings->leverage = decimal_from_int(leverage);
	return 0;
}

/*
 * The coin's row, not the account's totals: with other coins as collateral those are dollars.
 */
static int coin_row(const struct field *root, struct balance *ret, struct err *err)
{
	struct field assets;
	size_t count;
	if (field_get(root, "assets", &assets, err) == -1 ||
		reply_count(&assets, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		const char *coin;
		if (field_item(&assets, i, &row, err) == -1 ||
			field_text(&row, "asset", &coin, err) == -1)
			return -1;
		if (strcmp(coin, "USDT") != 0)
			continue;
		if (field_decimal(&row, "walletBalance", &ret->wallet, err) == -1 ||
			field_decimal(&row, "marginBalance", &ret->equity, err) == -1 ||
			field_decimal(&row, "availableBalance", &ret->available, err) == -1)
			return -1;
		return 0;
	}
	return reply_fault(&assets, NULL, err, "no USDT");
}

static int is_held(
	const struct field *list, size_t index, const char **ret_symbol, bool *ret, struct err *err)
{
	struct field row;
	struct decimal size;
	if (field_item(list, index, &row, err) == -1 ||
		field_text(&row, "symbol", ret_symbol, err) == -1 ||
		field_decimal(&row, "positionAmt", &size, err) == -1)
		return -1;
	*ret = !decimal_is_zero(size);
	return 0;
}

/* Two legs of a symbol are one symbol. */
static int count_symbols(const struct field *list, size_t rows, size_t *ret, struct err *err)
{
	size_t symbols = 0;
	for (size_t i = 0; i < rows; i++) {
		const char *symbol, *before;
		bool held, held_before, repeated = false;
		if (is_held(list, i, &symbol, &held, err) == -1)
			return -1;
		for (size_t k = 0; held && k < i && !repeated; k++) {
			if (is_held(list, k, &before, &held_before, err) == -1)
				return -1;
			repeated = held_before && strcmp(before, symbol) == 0;
		}
		symbols += held && !repeated ? 1 : 0;
	}
	*ret = symbols;
	return 0;
}

int binance_reply_balance(const struct field *root, struct account *account, struct err *err)
{
	struct balance balance;
	struct field list;
	size_t rows, symbols;
	if (coin_row(root, &balance, err) == -1 || field_get(root, "positions", &list, err) == -1 ||
		reply_count(&list, ROWS_MAX, &rows, err) == -1 ||
		count_symbols(&list, rows, &symbols, err) == -1)
		return -1;
	account->balance = balance;
	account->active_symbols = symbols;
	return 0;
}

/* In isolated margin it is what was put in, without the profit; "0" is no price. */
static int held_position(const struct field *row, const struct binance_settings *settings,
	struct position *position, struct err *err)
{
	const char *margin = settings->margin_mode == MARGIN_ISOLATED ? "isolatedWallet"
								      : "positionInitialMargin";
	if (reply_positive(row, "entryPrice", &position->average, err) == -1 ||
		reply_positive(row, "markPrice", &position->mark, err) == -1 ||
		field_decimal(row, "unRealizedProfit", &position->unrealised, err) == -1 ||
		field_decimal(row, margin, &position->initial_margin, err) == -1 ||
		reply_amount_or_zero(row, "maintMargin", &position->maintenance_margin, err) ==
			-1 ||
		reply_amount_or_zero(row, "liquidationPrice", &position->liquidation, err) == -1)
		return -1;
	position->liquidation_known = !decimal_is_zero(position->liquidation);
	return legs_check_side(row, position, err);
}

static int position_row(const struct field *row, const struct binance_settings *settings,
	struct position *ret, struct err *err)
{
	struct position position = {.leverage = settings->leverage};
	struct decimal size;
	if (leg_of(row, &position.leg, err) == -1 ||
		field_decimal(row, "positionAmt", &size, err) == -1 ||
		time_of(row, "updateTime", &position.updated_ms, err) == -1)
		return -1;
	position.side = decimal_sign(size) < 0 ? SIDE_SELL : SIDE_BUY;
	position.quantity = decimal_abs(size);
	if (!decimal_is_zero(size) && held_position(row, settings, &position, err) == -1)
		return -1;
	*ret = position;
	return 0;
}

/* The symbol's legs that are held. */
static int read_legs(const struct field *root, const char *symbol,
	const struct binance_settings *settings, struct legs *legs, struct err *err)
{
	size_t count;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		struct position position;
		if (field_item(root, i, &row, err) == -1 || check_symbol(&row, symbol, err) == -1 ||
			position_row(&row, settings, &position, err) == -1)
			return -1;
		if (!decimal_is_zero(position.quantity) &&
			legs_add(legs, &row, "positionSide", &position, err) == -1)
			return -1;
	}
	return 0;
}

static void add_flat(struct legs *legs, enum leg leg, const struct binance_settings *settings)
{
	if (legs->seen[leg])
		return;
	legs->seen[leg] = true;
	legs->slots[leg] = (struct position){
		.leg = leg, .side = SIDE_BUY, .leverage = settings->leverage};
}

int binance_reply_positions(const struct field *root, const char *symbol,
	const struct binance_settings *settings, bool *ret_agrees, struct account *account,
	struct err *err)
{
	struct legs legs = {.seen = {false}};
	bool hedge = settings->position_mode == POSITION_HEDGE;
	if (read_legs(root, symbol, settings, &legs, err) == -1)
		return -1;
	*ret_agrees = hedge ? !legs.seen[LEG_ONE_WAY]
			    : !legs.seen[LEG_LONG] && !legs.seen[LEG_SHORT];
	if (!*ret_agrees)
		return 0;
	if (hedge) {
		add_flat(&legs, LEG_LONG, settings);
		add_flat(&legs, LEG_SHORT, settings);
	} else {
		add_flat(&legs, LEG_ONE_WAY, settings);
	}
	if (legs_arrange(&legs, root, account, err) == -1)
		return -1;
	account->margin_mode_known = true;
	account->margin_mode = settings->margin_mode;
	return 0;
}

int binance_reply_alias(const struct field *root, char *ret_alias, size_t size, struct err *err)
{
	size_t count;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	const char *alias = "";
	for (size_t i = 0; i < count; i++) {
		struct field row;
		const char *word;
		if (field_item(root, i, &row, err) == -1 ||
			reply_optional_text(&row, "accountAlias", &word, err) == -1)
			return -1;
		if (alias[0] != '\0' && strcmp(alias, word) != 0)
			return reply_unclear(&row, "a second account alias", word, err);
		alias = word;
	}
	if (strlen(alias) >= size)
		return reply_unclear(root, "an account alias that is too long", alias, err);
	(void)snprintf(ret_alias, size, "%s", alias);
	return 0;
}

/* A key that may move money to another account of the venue is as bad as one that withdraws. */
int binance_reply_rights(
	const struct field *root, struct exchange_identity *identity, struct err *err)
{
	bool reads, trades, withdraws, transfers, moves, bound;
	if (field_bool(root, "enableReading", &reads, err) == -1 ||
		field_bool(root, "enableFutures", &trades, err) == -1 ||
		field_bool(root, "enableWithdrawals", &withdraws, err) == -1 ||
		field_bool(root, "enableInternalTransfer", &transfers, err) == -1 ||
		field_bool(root, "permitsUniversalTransfer", &moves, err) == -1 ||
		field_bool(root, "ipRestrict", &bound, err) == -1)
		return -1;
	identity->permissions_known = true;
	identity->can_trade = reads && trades;
	identity->can_withdraw = withdraws;
	identity->can_transfer = transfers || moves;
	identity->address_bound_known = true;
	identity->address_bound = bound;
	return 0;
}

/* ---- orders ----------------------------------------------------------------------------- */

static int status_of(const struct field *row, struct order *order, struct err *err)
{
	static const struct reply_word states[] = {
		{"NEW", ORDER_STATUS_OPEN},
		{"PARTIALLY_FILLED", ORDER_STATUS_OPEN},
		{"FILLED", ORDER_STATUS_FILLED},
		{"CANCELED", ORDER_STATUS_CANCELLED},
		{"EXPIRED", ORDER_STATUS_CANCELLED}, /* may have fills too: exchanges.md 5.3 */
		{"EXPIRED_IN_MATCH", ORDER_STATUS_CANCELLED},
		{"REJECTED", ORDER_STATUS_REJECTED},
	};
	const char *word;
	int status;
	if (REPLY_WORD(row, "status", states, &status, err) == -1 ||
		field_text(row, "status", &word, err) == -1)
		return -1;
	order->status = (enum order_status)status;
	if (strncmp(word, "EXPIRED", strlen("EXPIRED")) == 0)
		(void)snprintf(order->reason, sizeof order->reason, "%s", word);
	return 0;
}

/* Whatever waits for a trigger is a stop to us, those of somebody else included. */
static int type_of(const struct field *row, const char *name, enum order_type *ret, struct err *err)
{
	static const struct reply_word types[] = {
		{"LIMIT", ORDER_LIMIT},
		{"MARKET", ORDER_MARKET},
		{"STOP", ORDER_STOP_MARKET},
		{"STOP_MARKET", ORDER_STOP_MARKET},
		{"TAKE_PROFIT", ORDER_STOP_MARKET},
		{"TAKE_PROFIT_MARKET", ORDER_STOP_MARKET},
		{"TRAILING_STOP_MARKET", ORDER_STOP_MARKET},
		{"LIQUIDATION", ORDER_LIMIT},
	};
	int type;
	if (REPLY_WORD(row, name, types, &type, err) == -1)
		return -1;
	*ret = (enum order_type)type;
	return 0;
}

static int reduces(const struct field *row, bool *ret, struct err *err)
{
	bool reduce_only, close_position;
	if (field_bool(row, "reduceOnly", &reduce_only, err) == -1 ||
		field_bool(row, "closePosition", &close_position, err) == -1)
		return -1;
	*ret = reduce_only || close_position;
	return 0;
}

static int order_row(const struct field *row, struct order *order, struct err *err)
{
	if (id_of(row, "orderId", "", order->venue_order_id, sizeof order->venue_order_id, err) ==
			-1 ||
		reply_copy_text(row, "clientOrderId", order->client_order_id,
			sizeof order->client_order_id, err) == -1 ||
		reply_copy_text(row, "symbol", order->symbol, sizeof order->symbol, err) == -1 ||
		side_of(row, &order->side, err) == -1 || leg_of(row, &order->leg, err) == -1 ||
		type_of(row, "type", &order->type, err) == -1 || status_of(row, order, err) == -1 ||
		reply_amount_or_zero(row, "origQty", &order->quantity, err) == -1 ||
		reply_amount_or_zero(row, "price", &order->price, err) == -1 ||
		reply_optional_amount(row, "stopPrice", &order->trigger_price, err) == -1 ||
		reply_amount_or_zero(row, "executedQty", &order->filled, err) == -1 ||
		reply_amount_or_zero(row, "cumQuote", &order->filled_value, err) == -1 ||
		reduces(row, &order->reduce_only, err) == -1 ||
		time_of(row, "time", &order->created_ms, err) == -1 ||
		time_of(row, "updateTime", &order->updated_ms, err) == -1)
		return -1;
	return 0;
}

int binance_reply_order(const struct field *root, struct order *ret, struct err *err)
{
	struct order order = {.reason = ""};
	if (order_row(root, &order, err) == -1)
		return -1;
	*ret = order;
	return 0;
}

int binance_reply_orders(
	const struct field *root, struct arena *arena, struct order_list *ret, struct err *err)
{
	size_t count;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	struct order *items = ARENA_ARRAY(arena, struct order, count > 0 ? count : 1);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(root, i, &row, err) == -1 || order_row(&row, &items[i], err) == -1)
			return -1;
	}
	*ret = (struct order_list){items, count};
	return 0;
}

/* ---- stops ------------------------------------------------------------------------------ */

/* FINISHED is no proof of a fill: its child was filled or cancelled (exchanges.md 5.6). */
static int stop_status(const struct field *row, struct binance_stop *stop, struct err *err)
{
	static const struct {
		enum order_status status;
		bool fired;
	} meanings[] = {
		{ORDER_STATUS_UNTRIGGERED, false},
		{ORDER_STATUS_OPEN, true},
		{ORDER_STATUS_CANCELLED, false},
		{ORDER_STATUS_REJECTED, false},
	};
	static const struct reply_word states[] = {
		{"NEW", 0},
		{"TRIGGERING", 1},
		{"TRIGGERED", 1},
		{"FINISHED", 1},
		{"CANCELED", 2},
		{"EXPIRED", 2},
		{"REJECTED", 3},
	};
	const char *word;
	int state;
	if (REPLY_WORD(row, "algoStatus", states, &state, err) == -1 ||
		field_text(row, "algoStatus", &word, err) == -1)
		return -1;
	stop->order.status = meanings[state].status;
	stop->fired = meanings[state].fired;
	if (strcmp(word, "EXPIRED") == 0)
		(void)snprintf(stop->order.reason, sizeof stop->order.reason, "%s", word);
	return 0;
}

/* "" until it has fired; a text, sometimes a number: both were seen live. */
static int child_of(const struct field *row, struct binance_stop *stop, struct err *err)
{
	struct field field;
	int64_t id = 0;
	if (field_get_optional(row, "actualOrderId", &field, err) == -1)
		return -1;
	stop->child[0] = '\0';
	if (!field_present(&field))
		return 0;
	if (field_is_string(&field)) {
		const char *text;
		if (field_as_text(&field, &text, err) == -1)
			return -1;
		if (text[0] != '\0' && field_as_int_text(&field, &id, err) == -1)
			return -1;
	} else if (field_as_int(&field, &id, err) == -1) {
		return -1;
	}
	if (id > 0)
		(void)snprintf(stop->child, sizeof stop->child, "%lld", (long long)id);
	return 0;
}

static int stop_row(const struct field *row, struct binance_stop *stop, struct err *err)
{
	struct order *order = &stop->order;
	if (id_of(row, "algoId", "algo-", order->venue_order_id, sizeof order->venue_order_id,
		    err) == -1 ||
		reply_copy_text(row, "clientAlgoId", order->client_order_id,
			sizeof order->client_order_id, err) == -1 ||
		reply_copy_text(row, "symbol", order->symbol, sizeof order->symbol, err) == -1 ||
		side_of(row, &order->side, err) == -1 || leg_of(row, &order->leg, err) == -1 ||
		type_of(row, "orderType", &order->type, err) == -1 ||
		stop_status(row, stop, err) == -1 || child_of(row, stop, err) == -1 ||
		reply_amount_or_zero(row, "quantity", &order->quantity, err) == -1 ||
		reply_amount_or_zero(row, "price", &order->price, err) == -1 ||
		reply_amount_or_zero(row, "triggerPrice", &order->trigger_price, err) == -1 ||
		reduces(row, &order->reduce_only, err) == -1 ||
		time_of(row, "createTime", &order->created_ms, err) == -1 ||
		time_of(row, "updateTime", &order->updated_ms, err) == -1)
		return -1;
	order->filled = DECIMAL_ZERO;
	order->filled_value = DECIMAL_ZERO;
	return 0;
}

int binance_reply_stop(const struct field *root, struct binance_stop *ret, struct err *err)
{
	struct binance_stop stop = {.order.reason = ""};
	if (stop_row(root, &stop, err) == -1)
		return -1;
	*ret = stop;
	return 0;
}

int binance_reply_stops(const struct field *root, struct arena *arena,
	struct binance_stop_list *ret, struct err *err)
{
	size_t count;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	struct binance_stop *items = ARENA_ARRAY(arena, struct binance_stop, count > 0 ? count : 1);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(root, i, &row, err) == -1 || stop_row(&row, &items[i], err) == -1)
			return -1;
	}
	*ret = (struct binance_stop_list){items, count};
	return 0;
}

/* A stop's receipts have names of their own; that of its cancel tells its ids only. */
static int stop_receipt(const struct field *root, struct binance_receipt *receipt, struct err *err)
{
	if (id_of(root, "algoId", "algo-", receipt->venue_order_id, sizeof receipt->venue_order_id,
		    err) == -1 ||
		field_text(root, "clientAlgoId", &receipt->client_order_id, err) == -1 ||
		reply_optional_text(root, "orderType", &receipt->stop_type, err) == -1 ||
		reply_optional_amount(root, "triggerPrice", &receipt->trigger_price, err) == -1)
		return -1;
	return 0;
}

int binance_reply_receipt(const struct field *root, struct binance_receipt *ret, struct err *err)
{
	struct binance_receipt receipt = {.stop_type = "", .trigger_price = DECIMAL_ZERO};
	struct field algo;
	if (field_get_optional(root, "algoId", &algo, err) == -1)
		return -1;
	if (field_present(&algo)) {
		if (stop_receipt(root, &receipt, err) == -1)
			return -1;
	} else if (id_of(root, "orderId", "", receipt.venue_order_id, sizeof receipt.venue_order_id,
			   err) == -1 ||
		   field_text(root, "clientOrderId", &receipt.client_order_id, err) == -1) {
		return -1;
	}
	*ret = receipt;
	return 0;
}

/* ---- ledger ----------------------------------------------------------------------------- */

/*
 * An execution's number is its symbol's, and both sides of one may be the account's: so its name
 * is made of all three.
 */
static int fill_ids(const struct field *row, struct fill *fill, struct err *err)
{
	int64_t id;
	if (field_int(row, "id", &id, err) == -1 ||
		id_of(row, "orderId", "", fill->venue_order_id, sizeof fill->venue_order_id, err) ==
			-1 ||
		reply_copy_text(row, "symbol", fill->symbol, sizeof fill->symbol, err) == -1 ||
		side_of(row, &fill->side, err) == -1)
		return -1;
	(void)snprintf(fill->exec_id, sizeof fill->exec_id, "%s-%lld-%s", fill->symbol,
		(long long)id, side_text(fill->side));
	return 0;
}

/*
 * commission is positive when paid, as ours, and may be in another coin. The profit is before it
 * and before funding (exchanges.md 5.9).
 */
static int fill_row(const struct field *row, struct fill *fill, struct err *err)
{
	bool maker;
	fill->kind = FILL_TRADE;
	if (fill_ids(row, fill, err) == -1 || leg_of(row, &fill->leg, err) == -1 ||
		reply_positive(row, "qty", &fill->quantity, err) == -1 ||
		reply_positive(row, "price", &fill->price, err) == -1 ||
		field_decimal(row, "commission", &fill->fee, err) == -1 ||
		field_decimal(row, "realizedPnl", &fill->venue_pnl, err) == -1 ||
		reply_copy_text(row, "commissionAsset", fill->fee_currency,
			sizeof fill->fee_currency, err) == -1 ||
		field_bool(row, "maker", &maker, err) == -1 ||
		time_of(row, "time", &fill->executed_ms, err) == -1)
		return -1;
	fill->has_venue_pnl = true;
	fill->liquidity = maker ? LIQUIDITY_MAKER : LIQUIDITY_TAKER;
	fill->closed_quantity = DECIMAL_ZERO;
	return 0;
}

int binance_reply_fills(const struct field *root, struct arena *arena, struct fill_list *list,
	size_t *ret_rows, int64_t *ret_newest_ms, struct err *err)
{
	size_t count;
	int64_t newest_ms = 0;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	struct fill *items = reply_appended(arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct fill *fill = &items[list->count + i];
		struct field row;
		if (field_item(root, i, &row, err) == -1 || fill_row(&row, fill, err) == -1)
			return -1;
		if (fill->executed_ms > newest_ms)
			newest_ms = fill->executed_ms;
	}
	*list = (struct fill_list){items, list->count + count};
	*ret_rows = count;
	*ret_newest_ms = newest_ms;
	return 0;
}

static enum fill_kind kind_of(const char *client_order_id)
{
	static const struct {
		const char *start;
		enum fill_kind kind;
	} makers[] = {
		{"autoclose-", FILL_LIQUIDATION},
		{"adl_autoclose", FILL_ADL},
		{"settlement_autoclose-", FILL_SETTLEMENT},
	};
	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
		if (strncmp(client_order_id, makers[i].start, strlen(makers[i].start)) == 0)
			return makers[i].kind;
	return FILL_TRADE;
}

void binance_reply_name_fills(struct fill_list *fills, const struct order *order)
{
	for (size_t i = 0; i < fills->count; i++) {
		struct fill *fill = &fills->items[i];
		if (strcmp(fill->venue_order_id, order->venue_order_id) != 0)
			continue;
		memcpy(fill->client_order_id, order->client_order_id, CLIENT_ID_SIZE);
		fill->kind = kind_of(order->client_order_id);
	}
}

/* A payment in another coin could not be told from one in USDT where it is booked. */
static int funding_row(const struct field *row, struct funding_payment *payment, struct err *err)
{
	const char *coin;
	payment->leg = LEG_ONE_WAY;
	payment->rate = DECIMAL_ZERO;
	payment->quantity = DECIMAL_ZERO;
	if (id_of(row, "tranId", "", payment->id, sizeof payment->id, err) == -1 ||
		reply_copy_text(row, "symbol", payment->symbol, sizeof payment->symbol, err) ==
			-1 ||
		field_text(row, "asset", &coin, err) == -1 ||
		field_decimal(row, "income", &payment->amount, err) == -1 ||
		time_of(row, "time", &payment->paid_ms, err) == -1)
		return -1;
	if (strcmp(coin, "USDT") != 0)
		return reply_unclear(row, "funding in another coin", coin, err);
	return 0;
}

int binance_reply_funding(const struct field *root, struct arena *arena, struct funding_list *list,
	size_t *ret_rows, int64_t *ret_newest_ms, struct err *err)
{
	size_t count, taken = list->count;
	int64_t newest_ms = 0;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	struct funding_payment *items = reply_appended(
		arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		const char *kind;
		int64_t time_ms;
		if (field_item(root, i, &row, err) == -1 ||
			field_text(&row, "incomeType", &kind, err) == -1 ||
			time_of(&row, "time", &time_ms, err) == -1)
			return -1;
		if (time_ms > newest_ms)
			newest_ms = time_ms;
		if (strcmp(kind, "FUNDING_FEE") != 0)
			continue;
		if (funding_row(&row, &items[taken], err) == -1)
			return -1;
		taken++;
	}
	*list = (struct funding_list){items, taken};
	*ret_rows = count;
	*ret_newest_ms = newest_ms;
	return 0;
}

/* The rate whose stamp is nearest to the time. False: none is near. */
static int rate_at(const struct field *root, size_t count, int64_t paid_ms, struct decimal *ret,
	bool *ret_found, struct err *err)
{
	int64_t nearest_ms = RATE_FAR_MS;
	*ret_found = false;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		int64_t stamp_ms;
		if (field_item(root, i, &row, err) == -1 ||
			time_of(&row, "fundingTime", &stamp_ms, err) == -1)
			return -1;
		int64_t far_ms = stamp_ms > paid_ms ? stamp_ms - paid_ms : paid_ms - stamp_ms;
		if (far_ms >= nearest_ms)
			continue;
		if (field_decimal(&row, "fundingRate", ret, err) == -1)
			return -1;
		nearest_ms = far_ms;
		*ret_found = true;
	}
	return 0;
}

int binance_reply_rates(
	const struct field *root, struct funding_list *funding, size_t *ret_left, struct err *err)
{
	size_t count, rated = 0;
	if (reply_count(root, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < funding->count; i++) {
		struct funding_payment payment = funding->items[i];
		bool found;
		if (rate_at(root, count, payment.paid_ms, &payment.rate, &found, err) == -1)
			return -1;
		if (!found)
			continue;
		funding->items[i] = funding->items[rated];
		funding->items[rated++] = payment;
	}
	*ret_left = funding->count - rated;
	return 0;
}
