#include "exchanges/phemex_reply.h"

#include "exchanges/legs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1000000
#define SECOND_MS 1000
#define ROWS_MAX 10000 /* of positions and products; pages of the ledger have 200 */
#define RATE_SCALE 8
#define NOT_A_FILL (-1) /* beside the kinds of fills */

/* ---- readings --------------------------------------------------------------------------- */

/* A list by itself, or as the rows of an object: the pages and live replies differ (3.2). */
static int rows_of(
	const struct field *data, struct field *ret_list, size_t *ret_count, struct err *err)
{
	struct field list = *data;
	if (!field_is_array(data) && field_get(data, "rows", &list, err) == -1)
		return -1;
	if (reply_count(&list, ROWS_MAX, ret_count, err) == -1)
		return -1;
	*ret_list = list;
	return 0;
}

static int ns_to_ms(const struct field *row, const char *name, int64_t *ret_ms, struct err *err)
{
	int64_t time_ns;
	if (field_int(row, name, &time_ns, err) == -1)
		return -1;
	if (time_ns < 0)
		return reply_fault(row, name, err, "%lld is no time", (long long)time_ns);
	*ret_ms = time_ns / NS_PER_MS;
	return 0;
}

/* Two replies spell one field differently: the first of the two that is there. */
static int either(const struct field *row, const char *first, const char *second,
	const char **ret_name, struct err *err)
{
	struct field field;
	if (field_get_optional(row, second, &field, err) == -1)
		return -1;
	*ret_name = field_present(&field) ? second : first;
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

static int leg_of(const struct field *row, enum leg *ret, struct err *err)
{
	static const struct reply_word legs[] = {
		{"Merged", LEG_ONE_WAY}, {"Long", LEG_LONG}, {"Short", LEG_SHORT}};
	int leg;
	if (REPLY_WORD(row, "posSide", legs, &leg, err) == -1)
		return -1;
	*ret = (enum leg)leg;
	return 0;
}

/* ---- envelopes -------------------------------------------------------------------------- */

static int market_envelope(
	const struct field *root, struct reply_envelope *envelope, struct err *err)
{
	struct field error, message;
	if (field_get(root, "error", &error, err) == -1)
		return -1;
	if (!field_present(&error))
		return field_get(root, "result", &envelope->result, err);
	if (field_int(&error, "code", &envelope->code, err) == -1 ||
		field_get_optional(&error, "message", &message, err) == -1)
		return -1;
	if (envelope->code == 0)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "error.code: an error with 0");
	return field_present(&message) ? field_as_text(&message, &envelope->text, err) : 0;
}

int phemex_reply_envelope(
	const struct field_document *document, struct reply_envelope *ret, struct err *err)
{
	struct field root = field_root(document);
	struct field code;
	struct reply_envelope envelope = {.text = ""};
	if (field_is_array(&root)) {
		*ret = (struct reply_envelope){.text = "", .result = root};
		return 0;
	}
	if (field_get_optional(&root, "code", &code, err) == -1)
		return -1;
	if (code.value == NULL) {
		if (market_envelope(&root, &envelope, err) == -1)
			return -1;
	} else if (field_as_int(&code, &envelope.code, err) == -1 ||
		   reply_optional_text(&root, "msg", &envelope.text, err) == -1 ||
		   field_get_optional(&root, "data", &envelope.result, err) == -1) {
		return -1;
	}
	*ret = envelope;
	return 0;
}

/* ---- rules ------------------------------------------------------------------------------ */

static int tier_row(const struct field *row, struct risk_tier *ret, struct err *err)
{
	struct risk_tier tier;
	if (reply_positive_number(row, "notionalValueRv", &tier.limit, err) == -1 ||
		reply_positive_number(row, "maxLeverage", &tier.max_leverage, err) == -1 ||
		reply_number(row, "maintenanceMarginRateRr", &tier.maintenance_rate, err) == -1 ||
		reply_number(row, "maintenanceAmountRv", &tier.deduction, err) == -1)
		return -1;
	tier.initial_rate = decimal_div(
		decimal_from_int(1), tier.max_leverage, RATE_SCALE, ROUND_UP);
	if (decimal_check(tier.initial_rate, "maxLeverage", err) == -1)
		return err_while(err, "%s", row->path);
	*ret = tier;
	return 0;
}

static int tier_rows(const struct field *entry, struct rules *rules, struct err *err)
{
	struct field items;
	size_t count;
	if (field_get(entry, "items", &items, err) == -1 ||
		reply_count(&items, RISK_TIERS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(&items, i, &row, err) == -1 ||
			tier_row(&row, &rules->tiers[i], err) == -1)
			return -1;
	}
	if (count == 0)
		return reply_fault(&items, NULL, err, "no tier");
	rules->tier_count = count;
	reply_sort_tiers(rules);
	return 0;
}

/* The product names its tiers by an index: exchanges.md 3.11. */
static int tiers_of(const struct field *data, int64_t index, struct rules *rules, struct err *err)
{
	struct field margins;
	size_t count;
	if (field_get(data, "leverageMargins", &margins, err) == -1 ||
		reply_count(&margins, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field entry;
		int64_t id;
		if (field_item(&margins, i, &entry, err) == -1 ||
			field_int(&entry, "index_id", &id, err) == -1)
			return -1;
		if (id == index)
			return tier_rows(&entry, rules, err);
	}
	return reply_fault(&margins, NULL, err, "no index_id %lld", (long long)index);
}

/* No minimum is published: one step is the least. Nor is a maximum for market orders. */
static int product_row(
	const struct field *row, struct rules *ret, int64_t *ret_tiers, struct err *err)
{
	struct rules rules = {.tier_count = 0};
	const char *status;
	int64_t funding_s;
	if (reply_copy_text(row, "symbol", rules.symbol, sizeof rules.symbol, err) == -1 ||
		field_text(row, "status", &status, err) == -1 ||
		reply_positive(row, "tickSize", &rules.tick_size, err) == -1 ||
		reply_positive(row, "qtyStepSize", &rules.lot_size, err) == -1 ||
		reply_positive(row, "maxOrderQtyRq", &rules.max_quantity, err) == -1 ||
		reply_amount_or_zero(row, "minOrderValueRv", &rules.min_notional, err) == -1 ||
		reply_positive_number(row, "maxLeverage", &rules.max_leverage, err) == -1 ||
		field_int(row, "fundingInterval", &funding_s, err) == -1 ||
		field_int(row, "leverageMargin", ret_tiers, err) == -1)
		return -1;
	if (funding_s <= 0 || funding_s > INT32_MAX)
		return reply_fault(row, "fundingInterval", err, "%lld seconds are no interval",
			(long long)funding_s);
	rules.trading = strcmp(status, "Listed") == 0;
	rules.min_quantity = rules.lot_size;
	rules.max_market_quantity = rules.max_quantity;
	rules.funding_interval_ms = funding_s * SECOND_MS;
	*ret = rules;
	return 0;
}

static int is_product(const struct field *row, const char *symbol, bool *ret, struct err *err)
{
	const char *name, *coin;
	if (field_text(row, "symbol", &name, err) == -1)
		return -1;
	*ret = strcmp(name, symbol) == 0;
	if (!*ret)
		return 0;
	if (field_text(row, "settleCurrency", &coin, err) == -1)
		return -1;
	*ret = strcmp(coin, "USDT") == 0;
	return 0;
}

int phemex_reply_rules(const struct field *data, const char *symbol, bool *ret_found,
	struct rules *ret, struct err *err)
{
	struct field products;
	size_t count;
	if (field_get(data, "perpProductsV2", &products, err) == -1 ||
		reply_count(&products, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		struct rules rules;
		int64_t tiers;
		bool wanted;
		if (field_item(&products, i, &row, err) == -1 ||
			is_product(&row, symbol, &wanted, err) == -1)
			return -1;
		if (!wanted)
			continue;
		if (product_row(&row, &rules, &tiers, err) == -1 ||
			tiers_of(data, tiers, &rules, err) == -1)
			return -1;
		*ret = rules;
		*ret_found = true;
		return 0;
	}
	*ret_found = false;
	return 0;
}

/* ---- prices ----------------------------------------------------------------------------- */

static int int_item(const struct field *row, size_t index, int64_t *ret, struct err *err)
{
	struct field item;
	if (field_item(row, index, &item, err) == -1)
		return -1;
	return field_is_string(&item) ? field_as_int_text(&item, ret, err)
				      : field_as_int(&item, ret, err);
}

/*
 * time, interval, last close, open, high, low, close, volume, turnover: exchanges.md 3.3. Strings
 * or numbers: the page shows neither (?).
 */
static int candle_row(
	const struct field *row, int64_t interval_ms, struct candle *ret, struct err *err)
{
	int64_t open_s, interval_s;
	struct candle candle = {.closed = false};
	if (int_item(row, 0, &open_s, err) == -1 || int_item(row, 1, &interval_s, err) == -1 ||
		reply_candle(row, 3, true, &candle, err) == -1)
		return -1;
	if (open_s < 0 || open_s > INT64_MAX / SECOND_MS)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "%s[0]: %lld is no time",
			row->path, (long long)open_s);
	if (interval_s != interval_ms / SECOND_MS)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"%s[1]: candles of %lld s, asked for %lld", row->path,
			(long long)interval_s, (long long)(interval_ms / SECOND_MS));
	candle.open_ms = open_s * SECOND_MS;
	*ret = candle;
	return 0;
}

static int by_open(const void *a, const void *b)
{
	const struct candle *left = a, *right = b;
	return (left->open_ms > right->open_ms) - (left->open_ms < right->open_ms);
}

int phemex_reply_candles(const struct field *data, struct arena *arena, int64_t interval_ms,
	size_t count, int64_t market_ms, struct candle_list *ret, struct err *err)
{
	struct field list;
	size_t rows;
	if (rows_of(data, &list, &rows, err) == -1)
		return -1;
	struct candle *candles = ARENA_ARRAY(arena, struct candle, rows > 0 ? rows : 1);
	for (size_t i = 0; i < rows; i++) {
		struct field row;
		if (field_item(&list, i, &row, err) == -1 ||
			candle_row(&row, interval_ms, &candles[i], err) == -1)
			return -1;
		candles[i].closed = candles[i].open_ms <= market_ms - interval_ms;
	}

	/* Their order is not promised. */
	qsort(candles, rows, sizeof candles[0], by_open);
	for (size_t i = 1; i < rows; i++)
		if (candles[i - 1].open_ms == candles[i].open_ms)
			return reply_fault(&list, NULL, err, "two candles of %lld",
				(long long)candles[i].open_ms);
	size_t kept = rows < count ? rows : count;
	*ret = (struct candle_list){candles + (rows - kept), kept};
	return 0;
}

int phemex_reply_ticker(
	const struct field *result, const char *symbol, struct ticker *ret, struct err *err)
{
	struct ticker ticker = {.next_funding_ms = 0};
	const char *name;
	if (field_text(result, "symbol", &name, err) == -1)
		return -1;
	if (strcmp(name, symbol) != 0)
		return reply_unclear(result, "the ticker of another symbol", name, err);
	if (reply_positive(result, "bidRp", &ticker.bid, err) == -1 ||
		reply_positive(result, "askRp", &ticker.ask, err) == -1 ||
		reply_positive(result, "lastRp", &ticker.last, err) == -1 ||
		reply_positive(result, "markRp", &ticker.mark, err) == -1 ||
		field_decimal(result, "fundingRateRr", &ticker.funding_rate, err) == -1 ||
		ns_to_ms(result, "timestamp", &ticker.market_ms, err) == -1)
		return -1;
	*ret = ticker;
	return 0;
}

int phemex_reply_next_funding(
	const struct field *data, const char *symbol, int64_t *ret_ms, struct err *err)
{
	struct field list;
	size_t count;
	if (rows_of(data, &list, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		const char *name;
		if (field_item(&list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) == 0)
			return field_int(&row, "nextfundingTime", ret_ms, err);
	}
	return reply_fault(&list, NULL, err, "no funding of %s", symbol);
}

/* ---- account ---------------------------------------------------------------------------- */

static int size_of(const struct field *row, struct decimal *ret, struct err *err)
{
	const char *name;
	if (either(row, "size", "sizeRq", &name, err) == -1)
		return -1;
	return reply_amount_or_zero(row, name, ret, err);
}

/* The reply has no unrealised PnL: (mark - entry) * size, against a short (exchanges.md 3.3). */
static int unrealised_of(const struct field *row, struct position *position, struct err *err)
{
	struct decimal difference = decimal_sub(position->mark, position->average);
	struct decimal gain = decimal_mul(difference, position->quantity);
	position->unrealised = position->side == SIDE_BUY ? gain : decimal_neg(gain);
	if (decimal_check(position->unrealised, "unrealised PnL", err) == 0)
		return 0;
	err->code = ERR_PROTOCOL;
	return err_while(err, "%s", row->path);
}

/*
 * Value at mark times the rate, rounded up. The tier's deduction is not in it, so that it errs to
 * the careful side.
 */
static int maintenance_of(const struct field *row, struct position *position, struct err *err)
{
	struct decimal rate;
	if (reply_amount_or_zero(row, "maintMarginReqRr", &rate, err) == -1)
		return -1;
	position->maintenance_margin = decimal_mul_div(
		position->quantity, position->mark, decimal_from_int(1), RATE_SCALE, ROUND_UP);
	position->maintenance_margin = decimal_mul_div(
		position->maintenance_margin, rate, decimal_from_int(1), RATE_SCALE, ROUND_UP);
	if (decimal_check(position->maintenance_margin, "maintenance margin", err) == 0)
		return 0;
	err->code = ERR_PROTOCOL;
	return err_while(err, "%s", row->path);
}

/* What only a position that is held has, as far as the balance needs it. */
static int held_position(const struct field *row, struct position *position, struct err *err)
{
	if (side_of(row, &position->side, err) == -1 ||
		reply_positive(row, "avgEntryPriceRp", &position->average, err) == -1 ||
		reply_positive(row, "markPriceRp", &position->mark, err) == -1)
		return -1;
	return unrealised_of(row, position, err);
}

/* "0" is no price; the bounds of the price stand for "none" too, and are as far away. */
static int held_risk(const struct field *row, struct position *position, struct err *err)
{
	if (reply_amount_or_zero(row, "positionMarginRv", &position->initial_margin, err) == -1 ||
		reply_amount_or_zero(row, "liquidationPriceRp", &position->liquidation, err) ==
			-1 ||
		maintenance_of(row, position, err) == -1)
		return -1;
	position->liquidation_known = !decimal_is_zero(position->liquidation);
	return legs_check_side(row, position, err);
}

/* The sign of the leverage is the margin mode; 0 is cross at the maximum (exchanges.md 3.7). */
static int leverage_of(
	const struct field *row, struct position *position, bool *ret_isolated, struct err *err)
{
	struct decimal leverage;
	if (reply_number(row, "leverageRr", &leverage, err) == -1) /* the page calls it an int */
		return -1;
	*ret_isolated = decimal_sign(leverage) > 0;
	position->leverage = decimal_abs(leverage);
	return 0;
}

static int position_row(
	const struct field *row, struct position *ret, bool *ret_isolated, struct err *err)
{
	struct position position = {.side = SIDE_BUY};
	const char *mode;
	if (leg_of(row, &position.leg, err) == -1 || field_text(row, "posMode", &mode, err) == -1 ||
		size_of(row, &position.quantity, err) == -1 ||
		leverage_of(row, &position, ret_isolated, err) == -1 ||
		ns_to_ms(row, "transactTimeNs", &position.updated_ms, err) == -1)
		return -1;
	if (strcmp(mode, position.leg == LEG_ONE_WAY ? "OneWay" : "Hedged") != 0)
		return reply_unrecognized(row, "posMode", mode, err);
	bool held = !decimal_is_zero(position.quantity);
	if (held &&
		(held_position(row, &position, err) == -1 || held_risk(row, &position, err) == -1))
		return -1;
	if (!held && reply_optional_amount(row, "markPriceRp", &position.mark, err) == -1)
		return -1;
	*ret = position;
	return 0;
}

int phemex_reply_positions(const struct field *data, const char *symbol, bool *ret_found,
	struct account *ret, struct err *err)
{
	struct field list;
	size_t count, isolated = 0, seen = 0;
	struct legs legs = {.seen = {false}};
	if (field_get(data, "positions", &list, err) == -1 ||
		reply_count(&list, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field row;
		struct position position;
		const char *name;
		bool is_isolated;
		if (field_item(&list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) != 0)
			continue;
		if (position_row(&row, &position, &is_isolated, err) == -1 ||
			legs_add(&legs, &row, "posSide", &position, err) == -1)
			return -1;
		seen++;
		isolated += is_isolated ? 1 : 0;
	}
	if (seen > 0 && legs_arrange(&legs, &list, ret, err) == -1)
		return -1;

	/* Legs that differ are neither: entries then wait until somebody has set them. */
	ret->margin_mode_known = seen > 0 && (isolated == 0 || isolated == seen);
	ret->margin_mode = isolated > 0 ? MARGIN_ISOLATED : MARGIN_CROSS;
	*ret_found = seen > 0;
	return 0;
}

struct sums {
	struct decimal unrealised; /* of all positions */
	struct decimal cross_loss; /* of those in cross margin: they eat what is available */
	size_t symbols;            /* that are held */
};

/* True if another row before this one holds the same symbol: the other leg. */
static int is_repeated(
	const struct field *list, size_t index, const char *symbol, bool *ret, struct err *err)
{
	*ret = false;
	for (size_t i = 0; i < index && !*ret; i++) {
		struct field row;
		struct decimal size;
		const char *name;
		if (field_item(list, i, &row, err) == -1 ||
			field_text(&row, "symbol", &name, err) == -1)
			return -1;
		if (strcmp(name, symbol) != 0)
			continue;
		if (size_of(&row, &size, err) == -1)
			return -1;
		*ret = !decimal_is_zero(size);
	}
	return 0;
}

static int add_held(const struct field *list, size_t index, struct sums *sums, struct err *err)
{
	struct field row;
	struct position position = {.side = SIDE_BUY};
	const char *symbol;
	bool isolated, repeated;
	if (field_item(list, index, &row, err) == -1 ||
		field_text(&row, "symbol", &symbol, err) == -1 ||
		size_of(&row, &position.quantity, err) == -1)
		return -1;
	if (decimal_is_zero(position.quantity))
		return 0;
	if (held_position(&row, &position, err) == -1 ||
		leverage_of(&row, &position, &isolated, err) == -1 ||
		is_repeated(list, index, symbol, &repeated, err) == -1)
		return -1;
	sums->symbols += repeated ? 0 : 1;
	sums->unrealised = decimal_add(sums->unrealised, position.unrealised);
	if (!isolated && decimal_sign(position.unrealised) < 0)
		sums->cross_loss = decimal_add(sums->cross_loss, position.unrealised);
	return 0;
}

/* Equity = balance + unrealised; available = balance - used, less what cross positions lose. */
static int balance_of(
	const struct field *data, const struct sums *sums, struct balance *ret, struct err *err)
{
	struct field account;
	struct decimal wallet, used;
	const char *currency;
	if (field_get(data, "account", &account, err) == -1 ||
		field_text(&account, "currency", &currency, err) == -1 ||
		field_decimal(&account, "accountBalanceRv", &wallet, err) == -1 ||
		field_decimal(&account, "totalUsedBalanceRv", &used, err) == -1)
		return -1;
	if (strcmp(currency, "USDT") != 0)
		return reply_unclear(&account, "the balance of another currency", currency, err);

	struct balance balance = {
		.wallet = wallet,
		.equity = decimal_add(wallet, sums->unrealised),
		.available = decimal_add(decimal_sub(wallet, used), sums->cross_loss),
	};
	if (!decimal_is_valid(balance.equity) || !decimal_is_valid(balance.available))
		return reply_fault(&account, NULL, err, "amounts out of range");
	*ret = balance;
	return 0;
}

int phemex_reply_account(const struct field *data, const char *symbol, bool *ret_found,
	struct account *ret, struct err *err)
{
	struct field list;
	size_t count;
	struct sums sums = {.unrealised = DECIMAL_ZERO, .cross_loss = DECIMAL_ZERO};
	struct account account = *ret;
	if (field_get(data, "positions", &list, err) == -1 ||
		reply_count(&list, ROWS_MAX, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_held(&list, i, &sums, err) == -1)
			return -1;
	if (balance_of(data, &sums, &account.balance, err) == -1 ||
		phemex_reply_positions(data, symbol, ret_found, &account, err) == -1)
		return -1;
	account.active_symbols = sums.symbols;
	*ret = account;
	return 0;
}

int phemex_reply_identity(const struct field *data, struct exchange_identity *ret, struct err *err)
{
	struct field account;
	int64_t user;
	if (field_get(data, "account", &account, err) == -1 ||
		field_int(&account, "userID", &user, err) == -1)
		return -1;
	if (user <= 0)
		return reply_fault(&account, "userID", err, "%lld is no account", (long long)user);
	struct exchange_identity identity = {.permissions_known = false};
	(void)snprintf(identity.account_id, sizeof identity.account_id, "%lld", (long long)user);
	(void)snprintf(identity.note, sizeof identity.note,
		"phemex tells neither the key's rights nor its addresses: check both on its site");
	*ret = identity;
	return 0;
}

/* The page called it assetMode first. */
int phemex_reply_risk_mode(const struct field *data, bool *ret_classic, struct err *err)
{
	const char *name, *word;
	if (either(data, "riskMode", "assetMode", &name, err) == -1 ||
		field_text(data, name, &word, err) == -1)
		return -1;
	*ret_classic = strcmp(word, "Classic") == 0;
	return 0;
}

/* ---- orders ----------------------------------------------------------------------------- */

/* exchanges.md 3.3 and 3.6. Created and Init are states of a receipt, Suspended was seen live. */
static int status_of(const struct field *row, enum order_status *ret, struct err *err)
{
	static const struct reply_word states[] = {
		{"Created", ORDER_STATUS_OPEN},
		{"Init", ORDER_STATUS_OPEN},
		{"New", ORDER_STATUS_OPEN},
		{"PartiallyFilled", ORDER_STATUS_OPEN},
		{"Triggered", ORDER_STATUS_OPEN},
		{"Suspended", ORDER_STATUS_OPEN},
		{"Untriggered", ORDER_STATUS_UNTRIGGERED},
		{"Filled", ORDER_STATUS_FILLED},
		{"Canceled", ORDER_STATUS_CANCELLED},
		{"Deactivated", ORDER_STATUS_CANCELLED},
		{"Rejected", ORDER_STATUS_REJECTED},
	};
	int status;
	if (REPLY_WORD(row, "ordStatus", states, &status, err) == -1)
		return -1;
	*ret = (enum order_status)status;
	return 0;
}

/* Whatever waits for a trigger is a stop to us, those of somebody else included. */
static int type_of(const struct field *row, enum order_type *ret, struct err *err)
{
	static const struct reply_word types[] = {
		{"Limit", ORDER_LIMIT},
		{"Market", ORDER_MARKET},
		{"Stop", ORDER_STOP_MARKET},
		{"MarketIfTouched", ORDER_STOP_MARKET},
		{"StopLimit", ORDER_STOP_MARKET},
		{"LimitIfTouched", ORDER_STOP_MARKET},
		{"StopAsLimit", ORDER_STOP_MARKET},
		{"MarketIfTouchedAsLimit", ORDER_STOP_MARKET},
		{"MarketAsLimit", ORDER_MARKET},
		{"ProtectedMarket", ORDER_MARKET},
		{"Bracket", ORDER_LIMIT},
		{"BoTpLimit", ORDER_LIMIT},
		{"BoSlLimit", ORDER_STOP_MARKET},
		{"BoSlMarket", ORDER_STOP_MARKET},
	};
	const char *name;
	int type;
	if (either(row, "ordType", "orderType", &name, err) == -1 ||
		REPLY_WORD(row, name, types, &type, err) == -1)
		return -1;
	*ret = (enum order_type)type;
	return 0;
}

/* execInst is the flag to trust: reduceOnly reads false beside it (exchanges.md 3.6). */
static int reduce_of(const struct field *row, bool *ret, struct err *err)
{
	const char *exec_inst;
	bool flag;
	if (field_bool(row, "reduceOnly", &flag, err) == -1 ||
		reply_optional_text(row, "execInst", &exec_inst, err) == -1)
		return -1;
	*ret = flag || strcmp(exec_inst, "ReduceOnly") == 0 ||
	       strcmp(exec_inst, "CloseOnTrigger") == 0;
	return 0;
}

/* The open list does not show the leg on its page (?): without it the order counts as one-way. */
static int order_leg(const struct field *row, enum leg *ret, struct err *err)
{
	const char *word;
	if (reply_optional_text(row, "posSide", &word, err) == -1)
		return -1;
	*ret = LEG_ONE_WAY;
	return word[0] != '\0' ? leg_of(row, ret, err) : 0;
}

static int reason_of(const struct field *row, struct order *order, struct err *err)
{
	int64_t code = 0;
	struct field field;
	if (field_get_optional(row, "bizError", &field, err) == -1)
		return -1;
	if (field_present(&field) && field_as_int(&field, &code, err) == -1)
		return -1;
	if (code != 0)
		(void)snprintf(
			order->reason, sizeof order->reason, "bizError %lld", (long long)code);
	return 0;
}

static int order_ids(const struct field *row, struct order *order, struct err *err)
{
	const char *id, *client_id;
	if (either(row, "orderID", "orderId", &id, err) == -1 ||
		either(row, "clOrdID", "clOrdId", &client_id, err) == -1)
		return -1;
	if (reply_copy_text(row, id, order->venue_order_id, sizeof order->venue_order_id, err) ==
			-1 ||
		reply_copy_text(row, client_id, order->client_order_id,
			sizeof order->client_order_id, err) == -1)
		return -1;
	return reply_copy_text(row, "symbol", order->symbol, sizeof order->symbol, err);
}

static int order_row(const struct field *row, struct order *order, struct err *err)
{
	if (order_ids(row, order, err) == -1 || side_of(row, &order->side, err) == -1 ||
		order_leg(row, &order->leg, err) == -1 || type_of(row, &order->type, err) == -1 ||
		status_of(row, &order->status, err) == -1 ||
		reply_amount_or_zero(row, "orderQtyRq", &order->quantity, err) == -1 ||
		reply_amount_or_zero(row, "priceRp", &order->price, err) == -1 ||
		reply_optional_amount(row, "stopPxRp", &order->trigger_price, err) == -1 ||
		reply_amount_or_zero(row, "cumQtyRq", &order->filled, err) == -1 ||
		reply_amount_or_zero(row, "cumValueRv", &order->filled_value, err) == -1 ||
		reduce_of(row, &order->reduce_only, err) == -1 ||
		reason_of(row, order, err) == -1 ||
		ns_to_ms(row, "actionTimeNs", &order->created_ms, err) == -1 ||
		ns_to_ms(row, "transactTimeNs", &order->updated_ms, err) == -1)
		return -1;
	return 0;
}

int phemex_reply_orders(
	const struct field *data, struct arena *arena, struct order_list *ret, struct err *err)
{
	struct field rows;
	size_t count;
	if (rows_of(data, &rows, &count, err) == -1)
		return -1;
	struct order *items = ARENA_ARRAY(arena, struct order, count > 0 ? count : 1);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(&rows, i, &row, err) == -1 || order_row(&row, &items[i], err) == -1)
			return -1;
	}
	*ret = (struct order_list){items, count};
	return 0;
}

/* How to ask for a next page is not documented (?): part of a list would hide standing orders. */
int phemex_reply_open_orders(
	const struct field *data, struct arena *arena, struct order_list *ret, struct err *err)
{
	const char *next = "";
	if (field_is_object(data) && reply_optional_text(data, "nextPageArg", &next, err) == -1)
		return -1;
	if (next[0] != '\0')
		return reply_unclear(data, "more open orders than one page, next", next, err);
	return phemex_reply_orders(data, arena, ret, err);
}

/* ---- ledger ----------------------------------------------------------------------------- */

/* exchanges.md 3.9. Funding is read from its own list, never from both. */
static int trade_of(const struct field *row, int *ret, struct err *err)
{
	static const struct reply_word types[] = {
		{"Trade", FILL_TRADE},
		{"LiqTrade", FILL_LIQUIDATION},
		{"AdlTrade", FILL_ADL},
		{"Funding", NOT_A_FILL},
	};
	return REPLY_WORD(row, "tradeType", types, ret, err);
}

/* Of a forced fill the words are not documented (?): it takes from the book. */
static int liquidity_of(const struct field *row, struct fill *fill, struct err *err)
{
	const char *word;
	if (field_text(row, "execStatus", &word, err) == -1)
		return -1;
	bool maker = strcmp(word, "MakerFill") == 0;
	if (!maker && fill->kind == FILL_TRADE && strcmp(word, "TakerFill") != 0)
		return reply_unrecognized(row, "execStatus", word, err);
	fill->liquidity = maker ? LIQUIDITY_MAKER : LIQUIDITY_TAKER;
	return 0;
}

static int fill_ids(const struct field *row, struct fill *fill, struct err *err)
{
	if (reply_copy_text(row, "execID", fill->exec_id, sizeof fill->exec_id, err) == -1 ||
		reply_copy_text(row, "orderID", fill->venue_order_id, sizeof fill->venue_order_id,
			err) == -1 ||
		reply_copy_text(row, "clOrdID", fill->client_order_id, sizeof fill->client_order_id,
			err) == -1 ||
		reply_copy_text(row, "symbol", fill->symbol, sizeof fill->symbol, err) == -1 ||
		leg_of(row, &fill->leg, err) == -1)
		return -1;
	if (fill->exec_id[0] == '\0')
		return reply_fault(row, "execID", err, "empty");
	return 0;
}

/* Price difference only, the fee stands beside it (exchanges.md 3.9). */
static int closed_pnl(const struct field *row, struct fill *fill, struct err *err)
{
	struct field pnl;
	if (field_get_optional(row, "closedPnlRv", &pnl, err) == -1)
		return -1;
	fill->has_venue_pnl = field_present(&pnl);
	return fill->has_venue_pnl ? field_as_decimal(&pnl, &fill->venue_pnl, err) : 0;
}

/* execFeeRv is positive when paid, as ours. */
static int fill_row(
	const struct field *row, enum fill_kind kind, struct fill *fill, struct err *err)
{
	fill->kind = kind;
	if (fill_ids(row, fill, err) == -1 || side_of(row, &fill->side, err) == -1 ||
		reply_positive(row, "execQtyRq", &fill->quantity, err) == -1 ||
		reply_positive(row, "execPriceRp", &fill->price, err) == -1 ||
		field_decimal(row, "execFeeRv", &fill->fee, err) == -1 ||
		reply_copy_text(row, "currency", fill->fee_currency, sizeof fill->fee_currency,
			err) == -1 ||
		reply_optional_amount(row, "closedSizeRq", &fill->closed_quantity, err) == -1 ||
		closed_pnl(row, fill, err) == -1 || liquidity_of(row, fill, err) == -1 ||
		ns_to_ms(row, "transactTimeNs", &fill->executed_ms, err) == -1)
		return -1;
	return 0;
}

int phemex_reply_fills(const struct field *data, struct arena *arena, struct fill_list *list,
	size_t *ret_rows, struct err *err)
{
	struct field rows;
	size_t count, taken = list->count;
	if (rows_of(data, &rows, &count, err) == -1)
		return -1;
	struct fill *items = reply_appended(arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		int kind;
		if (field_item(&rows, i, &row, err) == -1 || trade_of(&row, &kind, err) == -1)
			return -1;
		if (kind == NOT_A_FILL)
			continue;
		if (fill_row(&row, (enum fill_kind)kind, &items[taken], err) == -1)
			return -1;
		taken++;
	}
	*list = (struct fill_list){items, taken};
	*ret_rows = count;
	return 0;
}

/*
 * No id and no leg: the id is made of symbol, side and time, so that the two legs of one moment
 * stay two. execFeeRv is positive when paid, the book's amount when received.
 */
static int funding_row(const struct field *row, struct funding_payment *payment, struct err *err)
{
	enum side side;
	struct decimal fee;
	payment->leg = LEG_ONE_WAY;
	if (reply_copy_text(row, "symbol", payment->symbol, sizeof payment->symbol, err) == -1 ||
		side_of(row, &side, err) == -1 ||
		field_decimal(row, "execFeeRv", &fee, err) == -1 ||
		field_decimal(row, "fundingRateRr", &payment->rate, err) == -1 ||
		reply_amount_or_zero(row, "execQtyRq", &payment->quantity, err) == -1 ||
		field_int(row, "createTime", &payment->paid_ms, err) == -1)
		return -1;
	if (payment->paid_ms <= 0)
		return reply_fault(
			row, "createTime", err, "%lld is no time", (long long)payment->paid_ms);
	payment->amount = decimal_neg(fee);
	(void)snprintf(payment->id, sizeof payment->id, "%s-%s-%lld", payment->symbol,
		side == SIDE_BUY ? "Buy" : "Sell", (long long)payment->paid_ms);
	return 0;
}

int phemex_reply_funding(const struct field *data, struct arena *arena, struct funding_list *list,
	size_t *ret_rows, struct err *err)
{
	struct field rows;
	size_t count;
	if (rows_of(data, &rows, &count, err) == -1)
		return -1;
	struct funding_payment *items = reply_appended(
		arena, list->items, list->count, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		struct field row;
		if (field_item(&rows, i, &row, err) == -1 ||
			funding_row(&row, &items[list->count + i], err) == -1)
			return -1;
	}
	*list = (struct funding_list){items, list->count + count};
	*ret_rows = count;
	return 0;
}

/* ---- receipts --------------------------------------------------------------------------- */

int phemex_reply_receipt(const struct field *data, struct phemex_receipt *ret, struct err *err)
{
	struct phemex_receipt receipt;
	if (reply_copy_text(data, "orderID", receipt.venue_order_id, sizeof receipt.venue_order_id,
		    err) == -1 ||
		field_text(data, "clOrdID", &receipt.client_order_id, err) == -1 ||
		field_text(data, "orderType", &receipt.type, err) == -1 ||
		reply_optional_text(data, "trigger", &receipt.trigger, err) == -1 ||
		reply_optional_text(data, "execInst", &receipt.exec_inst, err) == -1 ||
		reply_optional_amount(data, "stopPxRp", &receipt.trigger_price, err) == -1)
		return -1;
	if (receipt.venue_order_id[0] == '\0')
		return reply_fault(data, "orderID", err, "empty");
	*ret = receipt;
	return 0;
}
