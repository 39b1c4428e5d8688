#include "simulator/as_bybit_account.h"

#include "simulator/as_bybit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_SCALE 4
#define MODE_ONE_WAY 0
#define MODE_HEDGE 3
#define ALREADY_THAT_LEVERAGE 110043
#define ALREADY_THAT_MODE 110025
#define MARGIN_MODE_REFUSED 3400045

static struct broker *broker_of(const struct call *call)
{
	return call->venue->broker;
}

static int account_of(const struct call *call)
{
	return (int)call->account;
}

/* --- balance -------------------------------------------------------------------------------- */

static void put_amount(struct doc *row, const char *name, struct decimal amount)
{
	doc_decimal(row, name, decimal_trim(amount));
}

static struct decimal ratio(struct decimal part, struct decimal whole)
{
	return decimal_sign(whole) > 0 ? decimal_div(part, whole, RATE_SCALE, ROUND_HALF_UP)
				       : DECIMAL_ZERO;
}

/* Account-wide figures; in isolated margin the venue leaves most of them empty. */
static void put_totals(struct doc *row, const struct broker_balance *balance, bool cross)
{
	struct decimal equity = balance->balance.equity;
	struct decimal initial = decimal_add(balance->position_margin, balance->order_margin);
	const struct {
		char name[24];
		struct decimal amount;
	} totals[] = {
		{"totalWalletBalance", balance->balance.wallet},
		{"totalMarginBalance", equity},
		{"totalAvailableBalance", balance->balance.available},
		{"totalPerpUPL", balance->unrealised},
		{"totalInitialMargin", initial},
		{"totalMaintenanceMargin", balance->maintenance_margin},
		{"accountIMRate", ratio(initial, equity)},
		{"accountMMRate", ratio(balance->maintenance_margin, equity)},
	};

	put_amount(row, "totalEquity", equity);
	for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
		if (cross)
			put_amount(row, totals[i].name, totals[i].amount);
		else
			doc_text(row, totals[i].name, "");
	}
}

static struct doc *coin_row(const struct broker_balance *balance)
{
	struct doc *row = doc_object();

	doc_text(row, "coin", "USDT");
	put_amount(row, "equity", balance->balance.equity);
	put_amount(row, "usdValue", balance->balance.equity);
	put_amount(row, "walletBalance", balance->balance.wallet);
	doc_text(row, "availableToWithdraw", "");
	doc_text(row, "availableToBorrow", "");
	doc_text(row, "borrowAmount", "0");
	doc_text(row, "accruedInterest", "0");
	put_amount(row, "totalOrderIM", balance->order_margin);
	put_amount(row, "totalPositionIM", balance->position_margin);
	put_amount(row, "totalPositionMM", balance->maintenance_margin);
	put_amount(row, "unrealisedPnl", balance->unrealised);
	put_amount(row, "cumRealisedPnl",
		decimal_add(decimal_sub(balance->realised, balance->fees), balance->funding));
	doc_text(row, "bonus", "0");
	doc_text(row, "locked", "0");
	doc_text(row, "spotHedgingQty", "0");
	doc_bool(row, "marginCollateral", true);
	doc_bool(row, "collateralSwitch", true);
	return row;
}

int as_bybit_account_wallet(struct call *call)
{
	struct broker_balance balance = broker_balance(broker_of(call), account_of(call));
	bool cross = broker_margin_mode(broker_of(call), account_of(call)) == MARGIN_CROSS;
	char type[32] = "", coin[32] = "";

	(void)call_argument(call, "accountType", type, sizeof type);
	(void)call_argument(call, "coin", coin, sizeof coin);
	if (strcmp(type, "UNIFIED") != 0)
		return call_refuse(call, AS_BYBIT_PARAMETER, "accountType only support UNIFIED.");
	struct doc *row = doc_object();
	doc_text(row, "accountType", "UNIFIED");
	put_totals(row, &balance, cross);
	doc_text(row, "accountLTV", "");
	struct doc *coins = doc_array();
	if (coin[0] == '\0' || strstr(coin, "USDT") != NULL)
		doc_push(coins, coin_row(&balance));
	doc_child(row, "coin", coins);
	struct doc *list = doc_array();
	doc_push(list, row);
	doc_child(call->result, "list", list);
	return 0;
}

/* --- positions ------------------------------------------------------------------------------ */

static void put_tier(struct doc *row, const struct rules *rules, struct decimal value)
{
	const struct risk_tier *tier = rules_tier(rules, value);

	doc_int(row, "riskId", tier - rules->tiers + 1);
	doc_decimal(row, "riskLimitValue", tier->limit);
}

static void put_size(
	struct doc *row, const struct position *position, const struct broker_position_extra *extra)
{
	bool flat = decimal_is_zero(position->quantity);

	doc_text(row, "side", flat ? "" : as_bybit_side(position->side));
	doc_decimal(row, "size", position->quantity);
	put_amount(row, "avgPrice", position->average);
	if (flat)
		doc_text(row, "positionValue", "");
	else
		put_amount(row, "positionValue", extra->value);
	put_amount(row, "markPrice", position->mark);
	if (position->liquidation_known)
		put_amount(row, "liqPrice", position->liquidation);
	else
		doc_text(row, "liqPrice", "");
	doc_text(row, "bustPrice", "");
}

static void put_margin(
	struct doc *row, const struct position *position, const struct broker_position_extra *extra)
{
	put_amount(row, "leverage", position->leverage);
	put_amount(row, "positionBalance", position->initial_margin);
	put_amount(row, "positionIM", position->initial_margin);
	put_amount(row, "positionMM", position->maintenance_margin);
	put_amount(row, "unrealisedPnl", position->unrealised);
	put_amount(row, "curRealisedPnl", extra->realised);
	put_amount(row, "cumRealisedPnl", extra->realised_total);
}

static struct doc *position_row(
	const struct call *call, int symbol, const struct position *position)
{
	const struct rules *rules = broker_rules(broker_of(call), symbol);
	struct broker_position_extra extra = broker_position_extra(
		broker_of(call), account_of(call), symbol, position->leg);
	struct doc *row = doc_object();

	doc_int(row, "positionIdx", as_bybit_position_index(position->leg));
	put_tier(row, rules, extra.value);
	doc_text(row, "symbol", rules->symbol);
	put_size(row, position, &extra);
	put_margin(row, position, &extra);
	doc_int(row, "tradeMode", 0);
	doc_int(row, "autoAddMargin", 0);
	doc_int(row, "adlRankIndicator", 0);
	doc_text(row, "positionStatus", "Normal");
	doc_text(row, "tpslMode", "Full");
	doc_text(row, "takeProfit", "");
	doc_text(row, "stopLoss", "");
	doc_text(row, "trailingStop", "0");
	doc_bool(row, "isReduceOnly", false);
	doc_text(row, "mmrSysUpdatedTime", "");
	doc_text(row, "leverageSysUpdatedTime", "");
	doc_int(row, "seq", (int64_t)ledger_count(call->venue->ledger));
	call_put_integer(row, "createdTime", position->updated_ms);
	call_put_integer(row, "updatedTime", position->updated_ms);
	return row;
}

static void put_positions(const struct call *call, int symbol, bool flat_too, struct doc *list)
{
	struct position positions[POSITIONS_MAX];
	size_t count = broker_positions(broker_of(call), account_of(call), symbol, positions);

	for (size_t i = 0; i < count; i++)
		if (flat_too || !decimal_is_zero(positions[i].quantity))
			doc_push(list, position_row(call, symbol, &positions[i]));
}

int as_bybit_account_positions(struct call *call)
{
	char settle_coin[32] = "";
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, &symbol) == -1)
		return -1;
	(void)call_argument(call, "settleCoin", settle_coin, sizeof settle_coin);
	if (symbol == -1 && settle_coin[0] == '\0')
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"Missing some parameters that must be filled in, symbol or settleCoin");
	struct doc *list = doc_array();
	if (symbol != -1)
		put_positions(call, symbol, true, list);
	else if (strcmp(settle_coin, "USDT") == 0)
		for (size_t i = 0; i < call->venue->instrument_count; i++)
			put_positions(call, (int)i, false, list);
	doc_text(call->result, "category", "linear");
	doc_child(call->result, "list", list);
	doc_text(call->result, "nextPageCursor", "");
	return 0;
}

/* --- settings ------------------------------------------------------------------------------- */

static int refuse_leverage(struct call *call, const struct err *err)
{
	if (err->venue_code == BROKER_REFUSED_UNCHANGED)
		return call_refuse(call, ALREADY_THAT_LEVERAGE, "leverage not modified");
	if (err->venue_code == BROKER_REFUSED_RISK_LIMIT)
		return call_refuse(call, 110013, "cannot set leverage due to risk limit level");
	return as_bybit_refuse_broker(call, err);
}

int as_bybit_account_set_leverage(struct call *call)
{
	struct decimal buy, sell;
	bool has_buy, has_sell;
	struct err err;
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, true, &symbol) == -1 ||
		as_bybit_decimal(call, "buyLeverage", &has_buy, &buy) == -1 ||
		as_bybit_decimal(call, "sellLeverage", &has_sell, &sell) == -1)
		return -1;
	if (!has_buy || !has_sell)
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"params error: buyLeverage or sellLeverage is empty");
	struct broker_symbol_state state = broker_symbol_state(
		broker_of(call), account_of(call), symbol);
	if (decimal_equal(state.buy_leverage, buy) && decimal_equal(state.sell_leverage, sell))
		return call_refuse(call, ALREADY_THAT_LEVERAGE, "leverage not modified");
	if (desk_leverage(call->venue, call->account, symbol, buy, sell, &err) == -1)
		return refuse_leverage(call, &err);
	return 0;
}

static int switch_symbol(struct call *call, int symbol, enum position_mode mode)
{
	struct err err;

	if (broker_symbol_state(broker_of(call), account_of(call), symbol).mode == mode)
		return call_refuse(call, ALREADY_THAT_MODE, "Position mode is not modified");
	if (desk_position_mode(call->venue, call->account, symbol, mode, &err) == -1)
		return as_bybit_refuse_broker(call, &err);
	return 0;
}

/* By coin: symbols that cannot switch are passed over in silence, as the venue does. */
static void switch_all(struct call *call, enum position_mode mode)
{
	for (size_t i = 0; i < call->venue->instrument_count; i++)
		(void)switch_symbol(call, (int)i, mode);
	call->code = AS_BYBIT_OK;
}

int as_bybit_account_switch_mode(struct call *call)
{
	const char *coin;
	int64_t mode;
	int symbol;

	if (as_bybit_category(call) == -1 || as_bybit_symbol(call, false, &symbol) == -1 ||
		as_bybit_text(call, "coin", &coin) == -1 ||
		as_bybit_number(call, "mode", -1, &mode) == -1)
		return -1;
	if (mode != MODE_ONE_WAY && mode != MODE_HEDGE)
		return call_refuse(call, AS_BYBIT_PARAMETER, "params error: mode invalid");
	enum position_mode wanted = mode == MODE_HEDGE ? POSITION_HEDGE : POSITION_ONE_WAY;
	if (symbol != -1)
		return switch_symbol(call, symbol, wanted);
	if (strcmp(coin, "USDT") != 0)
		return call_refuse(
			call, AS_BYBIT_PARAMETER, "params error: symbol or coin is needed");
	switch_all(call, wanted);
	return 0;
}

static const char *margin_mode_word(enum margin_mode mode)
{
	return mode == MARGIN_CROSS ? "REGULAR_MARGIN" : "ISOLATED_MARGIN";
}

static int refuse_margin_mode(struct call *call, const struct err *err)
{
	struct doc *reason = doc_object();
	struct doc *reasons = doc_array();

	doc_text(reason, "reasonCode", "3400000");
	doc_text(reason, "reasonMsg", err->message);
	doc_push(reasons, reason);
	doc_child(call->result, "reasons", reasons);
	return call_refuse(call, MARGIN_MODE_REFUSED, "Set margin mode failed");
}

int as_bybit_account_set_margin_mode(struct call *call)
{
	const char *word;
	enum margin_mode mode;
	struct err err;

	if (as_bybit_text(call, "setMarginMode", &word) == -1)
		return -1;
	if (strcmp(word, "REGULAR_MARGIN") == 0)
		mode = MARGIN_CROSS;
	else if (strcmp(word, "ISOLATED_MARGIN") == 0)
		mode = MARGIN_ISOLATED;
	else if (strcmp(word, "PORTFOLIO_MARGIN") == 0)
		return call_refuse(call, AS_BYBIT_PARAMETER,
			"PORTFOLIO_MARGIN is not modelled by this simulator");
	else
		return call_refuse(call, AS_BYBIT_PARAMETER, "setMarginMode invalid");
	if (broker_margin_mode(broker_of(call), account_of(call)) != mode &&
		desk_margin_mode(call->venue, call->account, -1, mode, &err) == -1)
		return refuse_margin_mode(call, &err);
	doc_child(call->result, "reasons", doc_array());
	return 0;
}

int as_bybit_account_trading_stop(struct call *call)
{
	return call_refuse(call, AS_BYBIT_PARAMETER,
		"position/trading-stop is not modelled by this simulator; place a conditional "
		"order");
}

/* --- the account and its key ---------------------------------------------------------------- */

int as_bybit_account_info(struct call *call)
{
	enum margin_mode mode = broker_margin_mode(broker_of(call), account_of(call));

	doc_text(call->result, "marginMode", margin_mode_word(mode));
	doc_text(call->result, "updatedTime", "1700000000000");
	doc_int(call->result, "unifiedMarginStatus", 5);
	doc_text(call->result, "dcpStatus", "OFF");
	doc_int(call->result, "timeWindow", 10);
	doc_int(call->result, "smpGroup", 0);
	doc_bool(call->result, "isMasterTrader", false);
	doc_text(call->result, "spotHedgingStatus", "OFF");
	return 0;
}

static void put_words(struct doc *object, const char *name, const char *first, const char *second)
{
	struct doc *words = doc_array();

	if (first != NULL)
		doc_push_text(words, first);
	if (second != NULL)
		doc_push_text(words, second);
	doc_child(object, name, words);
}

static struct doc *permissions(void)
{
	struct doc *rights = doc_object();

	put_words(rights, "ContractTrade", "Order", "Position");
	put_words(rights, "Spot", NULL, NULL);
	put_words(rights, "Wallet", NULL, NULL);
	put_words(rights, "Options", NULL, NULL);
	put_words(rights, "Derivatives", "DerivativesTrade", NULL);
	put_words(rights, "CopyTrading", NULL, NULL);
	put_words(rights, "BlockTrade", NULL, NULL);
	put_words(rights, "Exchange", NULL, NULL);
	return rights;
}

int as_bybit_account_key(struct call *call)
{
	char id[24];
	int64_t uid = venue_uid(call->account);

	(void)snprintf(id, sizeof id, "%lld", (long long)uid);
	doc_text(call->result, "id", id);
	doc_text(call->result, "note", "simulated");
	doc_text(call->result, "apiKey", accounts_get(call->venue->accounts, call->account)->key);
	doc_int(call->result, "readOnly", 0);
	doc_text(call->result, "secret", "");
	doc_child(call->result, "permissions", permissions());
	put_words(call->result, "ips", "127.0.0.1", NULL);
	doc_int(call->result, "type", 1);
	doc_int(call->result, "deadlineDay", -2);
	doc_text(call->result, "expiredAt", "1970-01-01T00:00:00Z");
	doc_text(call->result, "createdAt", "2023-11-14T22:13:20Z");
	doc_int(call->result, "unified", 0);
	doc_int(call->result, "uta", 1);
	doc_int(call->result, "userID", uid);
	doc_int(call->result, "inviterID", 0);
	doc_text(call->result, "vipLevel", "No VIP");
	doc_bool(call->result, "isMaster", true);
	doc_text(call->result, "parentUid", "0");
	return 0;
}
