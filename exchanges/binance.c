#include "exchanges/binance.h"

#include "core/base/cleanup.h"
#include "exchanges/binance_call.h"
#include "exchanges/binance_error.h"
#include "exchanges/binance_find.h"
#include "exchanges/binance_ledger.h"
#include "exchanges/binance_reply.h"
#include "exchanges/binance_request.h"
#include "exchanges/handle.h"
#include "exchanges/mode_cache.h"
#include "exchanges/order_check.h"
#include "exchanges/prepared.h"

#include <stdio.h>
#include <string.h>

/*
 * exchanges.md 5.5. An account's orders: 300 in 10 s and 1200 in a minute, which half of 30 a
 * second keeps below both.
 */
static const struct rate_limits_group groups[] = {
	[BINANCE_ACCOUNT] = {"account"},
	[BINANCE_ORDERS] = {"orders", 30, false},
	[BINANCE_KEY] = {"key"},
};

/* An address may spend 2400 in a minute: 30 * (60 s + lease of 0.2 s) + 500. */
const struct rate_limits_plan binance_limits = {
	.venue = "binance",
	.egress_per_second = 30,
	.egress_burst = 500,
	.groups = groups,
	.group_count = sizeof groups / sizeof groups[0],
};

/* Another host with the same limits: its bans are not the real one's. */
const struct rate_limits_plan binance_testnet_limits = {
	.venue = "binance-testnet",
	.egress_per_second = 30,
	.egress_burst = 500,
	.groups = groups,
	.group_count = sizeof groups / sizeof groups[0],
};

/* ---- public ----------------------------------------------------------------------------- */

static int read_time(struct exchange *exchange, int64_t *ret_server_ms, struct err *err)
{
	return call_server_time(exchange, &binance_call_venue, "/fapi/v1/time", ret_server_ms, err);
}

static int no_symbol(const char *symbol, struct err *err)
{
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"binance has no perpetual %s that settles in USDT", symbol);
}

/* Where it is not served (its testnet, perhaps), nothing differs from what is usual. */
static int read_funding_interval(
	struct exchange *exchange, const char *symbol, int64_t *ret_ms, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get info = call_get("/fapi/v1/fundingInfo", BINANCE_PUBLIC, "%s", "");
	if (call_one(exchange, &binance_call_venue, &info, &answer, err) == -1) {
		if (err->code != ERR_BUG)
			return -1;
		*ret_ms = BINANCE_FUNDING_MS;
		return 0;
	}
	if (binance_reply_funding_interval(&answer.result, symbol, ret_ms, err) == -1)
		return call_misread(err, "the funding interval");
	return 0;
}

/*
 * One reply holds all symbols of the venue. The tiers are told to keys only; they are the same for
 * all, so whoever reads them first reads them for everybody.
 */
static int read_rules(
	struct exchange *exchange, const char *symbol, struct rules *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	if (!exchange->attached)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"binance tells the risk tiers of %s to API keys only, none is attached",
			symbol);
	struct call_get gets[] = {
		call_get("/fapi/v1/exchangeInfo", BINANCE_PUBLIC, "%s", ""),
		call_get("/fapi/v1/leverageBracket", BINANCE_ACCOUNT, "symbol=%s", symbol),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	struct rules rules;
	bool found;
	if (call_all(exchange, &binance_call_venue, 2, gets, answers, err) == -1)
		return err->venue_code == BINANCE_BAD_SYMBOL ? no_symbol(symbol, err) : -1;
	if (binance_reply_rules(&answers[0].result, symbol, &found, &rules, err) == -1)
		return call_misread(err, "the rules");
	if (!found)
		return no_symbol(symbol, err);
	if (binance_reply_tiers(&answers[1].result, symbol, &rules, err) == -1)
		return call_misread(err, "the risk tiers");
	if (read_funding_interval(exchange, symbol, &rules.funding_interval_ms, err) == -1)
		return -1;
	*ret = rules;
	return 0;
}

/* exchanges.md 5.3. Months are no fixed number of milliseconds and are left out. */
static const char *interval_word(int64_t interval_ms)
{
	static const struct {
		int64_t minutes;
		const char *word;
	} intervals[] = {
		{1, "1m"},
		{3, "3m"},
		{5, "5m"},
		{15, "15m"},
		{30, "30m"},
		{60, "1h"},
		{120, "2h"},
		{240, "4h"},
		{360, "6h"},
		{480, "8h"},
		{720, "12h"},
		{1440, "1d"},
		{4320, "3d"},
		{10080, "1w"},
	};
	for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++)
		if (interval_ms == intervals[i].minutes * 60000)
			return intervals[i].word;
	return NULL;
}

static int64_t candles_weight(size_t count)
{
	return count < 100 ? 1 : count < 500 ? 2 : 5;
}

static int read_candles(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t interval_ms, size_t count, struct candle_list *ret, struct err *err)
{
	const char *interval = interval_word(interval_ms);
	int64_t server_ms; /* known after this, so that the reply's market time is */
	if (interval == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"binance has no candles of %lld ms", (long long)interval_ms);
	if (order_check_symbol(symbol, err) == -1 ||
		exchange_server_ms(exchange, &server_ms, err) == -1)
		return -1;

	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get candles = call_weighing(candles_weight(count),
		call_get("/fapi/v1/klines", BINANCE_PUBLIC, "symbol=%s&interval=%s&limit=%zu",
			symbol, interval, count));
	if (call_one(exchange, &binance_call_venue, &candles, &answer, err) == -1)
		return -1;
	if (binance_reply_candles(&answer.result, arena, interval_ms, answer.market_ms, ret, err) ==
		-1)
		return call_misread(err, "candles");
	return 0;
}

/* No single reply has bid, last and mark: three requests at once. */
static int read_ticker(
	struct exchange *exchange, const char *symbol, struct ticker *ret, struct err *err)
{
	int64_t server_ms; /* as above */
	if (order_check_symbol(symbol, err) == -1 ||
		exchange_server_ms(exchange, &server_ms, err) == -1)
		return -1;
	struct call_get gets[] = {
		call_weighing(2, call_get("/fapi/v1/ticker/bookTicker", BINANCE_PUBLIC, "symbol=%s",
					 symbol)),
		call_get("/fapi/v2/ticker/price", BINANCE_PUBLIC, "symbol=%s", symbol),
		call_get("/fapi/v1/premiumIndex", BINANCE_PUBLIC, "symbol=%s", symbol),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	if (call_all(exchange, &binance_call_venue, 3, gets, answers, err) == -1)
		return -1;
	struct ticker ticker = {.market_ms = answers[2].market_ms};
	if (binance_reply_book(&answers[0].result, symbol, &ticker, err) == -1 ||
		binance_reply_last(&answers[1].result, symbol, &ticker, err) == -1 ||
		binance_reply_mark(&answers[2].result, symbol, &ticker, err) == -1)
		return call_misread(err, "the ticker");
	*ret = ticker;
	return 0;
}

/* ---- account ---------------------------------------------------------------------------- */

#define MODE_SIZE 16
#define MODE_OF "account" /* the position mode is the whole account's */

static bool recall_settings(
	struct exchange *exchange, const char *symbol, struct binance_settings *ret)
{
	char position[MODE_SIZE], text[2 * MODE_SIZE], margin[MODE_SIZE], leverage[MODE_SIZE];
	struct err ignored;
	return mode_cache_recall(
		       exchange->redis, exchange->key_name, MODE_OF, position, sizeof position) &&
	       position_mode_parse(position, &ret->position_mode, &ignored) == 0 &&
	       mode_cache_recall(exchange->redis, exchange->key_name, symbol, text, sizeof text) &&
	       sscanf(text, "%15s %15s", margin, leverage) == 2 &&
	       margin_mode_parse(margin, &ret->margin_mode, &ignored) == 0 &&
	       decimal_parse(leverage, &ret->leverage, &ignored) == 0;
}

static void remember_settings(
	struct exchange *exchange, const char *symbol, const struct binance_settings *settings)
{
	char text[2 * MODE_SIZE];
	(void)snprintf(text, sizeof text, "%s %s", margin_mode_text(settings->margin_mode),
		DECIMAL_TEXT(settings->leverage));
	mode_cache_remember(exchange->redis, exchange->key_name, MODE_OF,
		position_mode_text(settings->position_mode));
	mode_cache_remember(exchange->redis, exchange->key_name, symbol, text);
}

static int understand_settings(struct exchange *exchange, const struct call_answer *answers,
	const char *symbol, struct binance_settings *settings, struct err *err)
{
	struct binance_account_config config;
	if (binance_reply_account_config(&answers[0].result, &config, err) == -1 ||
		binance_reply_symbol_config(&answers[1].result, symbol, settings, err) == -1)
		return call_misread(err, "the account's settings");
	settings->position_mode = config.position_mode;
	remember_settings(exchange, symbol, settings);
	return 0;
}

/*
 * Balance and positions at once, and with them the settings where they were not asked for lately:
 * they weigh as much again. *ret_agrees false: what was remembered is not so any more.
 */
static int read_parts(struct exchange *exchange, const char *symbol,
	struct binance_settings *settings, bool known, bool *ret_agrees, struct account *account,
	struct err *err)
{
	struct call_get gets[] = {
		call_weighing(5, call_get("/fapi/v3/account", BINANCE_ACCOUNT, "%s", "")),
		call_weighing(
			5, call_get("/fapi/v3/positionRisk", BINANCE_ACCOUNT, "symbol=%s", symbol)),
		call_weighing(5, call_get("/fapi/v1/accountConfig", BINANCE_ACCOUNT, "%s", "")),
		call_weighing(
			5, call_get("/fapi/v1/symbolConfig", BINANCE_ACCOUNT, "symbol=%s", symbol)),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	if (call_all(exchange, &binance_call_venue, known ? 2 : 4, gets, answers, err) == -1)
		return -1;
	if (!known && understand_settings(exchange, &answers[2], symbol, settings, err) == -1)
		return -1;
	if (binance_reply_balance(&answers[0].result, account, err) == -1)
		return call_misread(err, "the balance");
	if (binance_reply_positions(
		    &answers[1].result, symbol, settings, ret_agrees, account, err) == -1)
		return call_misread(err, "the positions");
	return 0;
}

static int read_account(
	struct exchange *exchange, const char *symbol, struct account *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct account account = {.read_mono_ms = clock_mono_ms(exchange->clock)};
	struct binance_settings settings;
	bool agrees = false, known = recall_settings(exchange, symbol, &settings);
	if (read_parts(exchange, symbol, &settings, known, &agrees, &account, err) == -1)
		return -1;
	if (!agrees && known &&
		read_parts(exchange, symbol, &settings, false, &agrees, &account, err) == -1)
		return -1;
	if (!agrees)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER,
			"%s: a position of a leg that the account's mode does not have", symbol);
	*ret = account;
	return 0;
}

/* A unified margin of several coins is left out: exchanges.md 5.3, design.md 10. */
static int check_config(const struct call_answer *answer, struct err *err)
{
	struct binance_account_config config;
	if (binance_reply_account_config(&answer->result, &config, err) == -1)
		return call_misread(err, "the account's settings");
	if (config.multi_assets)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the account is in multi-assets mode: switch it to single-asset mode");
	if (!config.can_trade)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the venue lets this account not trade futures");
	return 0;
}

/* Rights are told by the spot host only, and not on the testnet: exchanges.md 5.8. */
static int read_rights(
	struct exchange *exchange, struct exchange_identity *identity, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get rights = call_get(
		"/sapi/v1/account/apiRestrictions", BINANCE_KEY, "%s", "");
	if (exchange->key_url[0] == '\0') {
		(void)snprintf(identity->note, sizeof identity->note,
			"binance tells the key's rights at its spot host only, and none is set");
		return 0;
	}
	if (call_one(exchange, &binance_call_venue, &rights, &answer, err) == -1) {
		if (err->retry != ERR_RETRY_NEVER)
			return -1;
		(void)snprintf(identity->note, sizeof identity->note,
			"binance's spot host does not tell the key's rights: %.70s", err->message);
		return 0;
	}
	if (binance_reply_rights(&answer.result, identity, err) == -1)
		return call_misread(err, "the key's rights");
	if (!identity->address_bound)
		(void)snprintf(identity->note, sizeof identity->note,
			"the key is bound to no address: anybody can use it");
	return 0;
}

static int read_identity(struct exchange *exchange, struct exchange_identity *ret, struct err *err)
{
	struct call_get gets[] = {
		call_weighing(5, call_get("/fapi/v3/balance", BINANCE_ACCOUNT, "%s", "")),
		call_weighing(5, call_get("/fapi/v1/accountConfig", BINANCE_ACCOUNT, "%s", "")),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	struct exchange_identity identity = {.permissions_known = false};
	if (call_all(exchange, &binance_call_venue, 2, gets, answers, err) == -1)
		return -1;
	if (binance_reply_alias(
		    &answers[0].result, identity.account_id, sizeof identity.account_id, err) == -1)
		return call_misread(err, "the account's alias");
	if (check_config(&answers[1], err) == -1 || read_rights(exchange, &identity, err) == -1)
		return -1;
	*ret = identity;
	return 0;
}

/* ---- state-changing --------------------------------------------------------------------- */

static int prepare(struct exchange *exchange, const struct call_permit *permit,
	struct binance_signer *ret, struct err *err)
{
	struct binance_signer signer = {
		.base_url = exchange->base_url,
		.key = exchange->credential.key,
		.secret = exchange->credential.secret,
		.recv_window_ms = exchange->recv_window_ms,
	};
	if (call_permit(exchange, permit, &signer.timestamp_ms, err) == -1)
		return -1;
	*ret = signer;
	return 0;
}

/* Orders count for the account, not for the address. */
static int prepare_place(struct exchange *exchange, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err)
{
	const struct call_permit permit = {BINANCE_ORDERS, call_share_of_order(order), 0};
	struct binance_signer signer;
	if (prepare(exchange, &permit, &signer, err) == -1)
		return -1;
	return binance_request_place(&signer, arena, order, ret, err);
}

/*
 * Of a stop that has fired meanwhile the venue does not know the cancel: who asked looks the order
 * up, and finds its child.
 */
static int prepare_cancel(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, enum leg leg, bool is_stop, struct exchange_request *ret,
	struct err *err)
{
	(void)leg;
	const struct call_permit permit = {BINANCE_ACCOUNT, RATE_PROTECTIVE, 1};
	struct binance_signer signer;
	if (prepare(exchange, &permit, &signer, err) == -1)
		return -1;
	return binance_request_cancel(&signer, arena, symbol, client_order_id, is_stop, ret, err);
}

/* Side, and price or quantity where one of them stays, are the standing order's. */
static int prepare_amend(struct exchange *exchange, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err)
{
	const struct call_permit permit = {BINANCE_ORDERS, call_share_of_amend(amend), 0};
	struct binance_signer signer;
	enum exchange_found found;
	struct order standing;
	if (binance_find_order(
		    exchange, amend->symbol, amend->client_order_id, &found, &standing, err) == -1)
		return -1;
	if (found == EXCHANGE_NOT_FOUND || order_status_final(standing.status))
		return err_set(err, ERR_NO_ORDER, ERR_RETRY_NEVER,
			"amend: binance has no open order %s", amend->client_order_id);
	if (prepare(exchange, &permit, &signer, err) == -1)
		return -1;
	return binance_request_amend(&signer, arena, amend, &standing, ret, err);
}

static int prepare_setting(struct exchange *exchange, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	const struct call_permit permit = {BINANCE_ACCOUNT, RATE_NEW_RISK, 1};
	struct binance_signer signer;
	if (prepare(exchange, &permit, &signer, err) == -1)
		return -1;
	return binance_request_setting(&signer, arena, setting, ret, err);
}

/* ---- receipts --------------------------------------------------------------------------- */

#define VALUE_SIZE 80

/* What the venue understood of a stop: a trigger that was lost would be a market order. */
static int check_stop(const struct exchange_request *request, const struct binance_receipt *receipt,
	struct err *err)
{
	char type[VALUE_SIZE], trigger[VALUE_SIZE];
	if (!prepared_parameter(request, "type", type, sizeof type) ||
		!prepared_parameter(request, "triggerPrice", trigger, sizeof trigger))
		return 0; /* its cancel */
	if (strcmp(type, receipt->stop_type) == 0 &&
		decimal_equal(decimal_literal(trigger), receipt->trigger_price))
		return 0;
	return err_set(err, ERR_BUG, ERR_RETRY_ASK,
		"binance took the stop as \"%.40s\" at %s, sent was \"%.40s\" at %s",
		receipt->stop_type, DECIMAL_TEXT(receipt->trigger_price), type, trigger);
}

/* A receipt of another order would be somebody else's reply: ours may have happened. */
static int check_receipt(const struct exchange_request *request, const struct field *root,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	static const char *const names[] = {
		"newClientOrderId", "origClientOrderId", "clientAlgoId"};
	struct binance_receipt receipt;
	char ours[VALUE_SIZE] = "";
	if (binance_reply_receipt(root, &receipt, err) == -1) {
		err->retry = ERR_RETRY_ASK;
		return err_while(err, "could not understand binance's receipt");
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0] && ours[0] == '\0'; i++)
		(void)prepared_parameter(request, names[i], ours, sizeof ours);
	if (strcmp(ours, receipt.client_order_id) != 0)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_ASK,
			"the receipt is of another order, \"%.40s\"", receipt.client_order_id);
	if (prepared_is(request, BINANCE_PATH_STOP) && check_stop(request, &receipt, err) == -1)
		return -1;
	memcpy(ret_venue_order_id, receipt.venue_order_id, VENUE_ORDER_ID_SIZE);
	return 0;
}

/*
 * The venue also says so of a symbol that is already as wanted (exchanges.md 5.7): it is read. 0:
 * it is so.
 */
static int check_margin_mode(
	struct exchange *exchange, const struct exchange_request *request, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	char symbol[SYMBOL_SIZE] = "", wanted[VALUE_SIZE] = "";
	struct binance_settings settings;
	struct err ignored;
	(void)prepared_parameter(request, "symbol", symbol, sizeof symbol);
	(void)prepared_parameter(request, "marginType", wanted, sizeof wanted);
	struct call_get config = call_weighing(
		5, call_get("/fapi/v1/symbolConfig", BINANCE_ACCOUNT, "symbol=%s", symbol));
	if (call_one(exchange, &binance_call_venue, &config, &answer, &ignored) == -1 ||
		binance_reply_symbol_config(&answer.result, symbol, &settings, &ignored) == -1 ||
		strcmp(binance_request_margin_word(settings.margin_mode), wanted) != 0)
		return err_while(err, "margin mode %s of %s", wanted, symbol);
	return 0;
}

/* Whatever came of a setting, what is remembered may not be so any more. */
static void forget_settings(struct exchange *exchange, const struct exchange_request *request)
{
	char symbol[SYMBOL_SIZE] = MODE_OF;
	(void)prepared_parameter(request, "symbol", symbol, sizeof symbol);
	mode_cache_forget(exchange->redis, exchange->key_name, symbol);
}

static int understand(struct exchange *exchange, const struct exchange_request *request,
	long http_status, const char *body, size_t size_bytes, const char *headers,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	const struct call_reply reply = {http_status, body, size_bytes, headers};
	bool is_order = prepared_is(request, BINANCE_PATH_ORDER) ||
			prepared_is(request, BINANCE_PATH_STOP);
	bool is_counted = is_order && strcmp(request->method, "DELETE") != 0;
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	char id[VENUE_ORDER_ID_SIZE] = "";
	if (!is_order)
		forget_settings(exchange, request);
	if (call_understand(exchange, &binance_call_venue, is_order ? CALL_ORDER : CALL_SETTING,
		    is_counted ? BINANCE_ORDERS : BINANCE_ACCOUNT, &reply, &answer, err) == -1) {
		if (err->venue_code != BINANCE_MODE_STANDS ||
			!prepared_is(request, BINANCE_PATH_MARGIN) ||
			check_margin_mode(exchange, request, err) == -1)
			return -1;
	} else if (is_order && check_receipt(request, &answer.result, id, err) == -1) {
		return -1;
	}
	memcpy(ret_venue_order_id, id, sizeof id);
	return 0;
}

const struct exchange_adapter binance_adapter = {
	.venue = VENUE_BINANCE,
	.position_mode_of_account = true,
	.time = read_time,
	.rules = read_rules,
	.candles = read_candles,
	.ticker = read_ticker,
	.account = read_account,
	.find_order = binance_find_order,
	.open_orders = binance_find_open,
	.order_fills = binance_ledger_order_fills,
	.fills = binance_ledger_fills,
	.funding = binance_ledger_funding,
	.identity = read_identity,
	.prepare_place = prepare_place,
	.prepare_cancel = prepare_cancel,
	.stops_fixed = true,
	.stops_need_position = true, /* exchanges.md 5.6 */
	.prepare_amend = prepare_amend,
	.prepare_setting = prepare_setting,
	.understand = understand,
};
