#include "exchanges/phemex.h"

#include "core/base/cleanup.h"
#include "exchanges/handle.h"
#include "exchanges/ledger.h"
#include "exchanges/order_check.h"
#include "exchanges/phemex_call.h"
#include "exchanges/phemex_error.h"
#include "exchanges/phemex_reply.h"
#include "exchanges/phemex_request.h"
#include "exchanges/prepared.h"

#include <stdio.h>
#include <string.h>

/* exchanges.md 3.5. One point a request: the dear ones are not used. */
static const struct rate_limits_group groups[] = {
	[PHEMEX_CONTRACT] = {"contract", .per_minute = 500},
	[PHEMEX_OTHERS] = {"others", .per_minute = 100},
};

/* An address may send 5000 in 5 min: 16 * (300 s + lease of 0.2 s) + 150. */
const struct rate_limits_plan phemex_limits = {
	.venue = "phemex",
	.egress_per_second = 16,
	.egress_burst = 150,
	.groups = groups,
	.group_count = sizeof groups / sizeof groups[0],
};

/* The testnet: 500 in 5 min for everybody in the world together. 1 * 300 s + 60. */
const struct rate_limits_plan phemex_testnet_limits = {
	.venue = "phemex-testnet",
	.egress_per_second = 1,
	.egress_burst = 60,
	.groups = groups,
	.group_count = sizeof groups / sizeof groups[0],
};

#define PAGE_ROWS 200
#define PAGES_MAX 500
#define SPAN_MS                                                                                    \
	(2 * 86400000LL)          /* what fills cover without a start: the widest that is sure (?) \
				   */
#define KEPT_MS (90 * 86400000LL) /* exchanges.md 3.9 */
#define ARENA_CHUNK (16 * 1024)
#define ARENA_LIMIT (8 * 1024 * 1024)

/* ---- public ----------------------------------------------------------------------------- */

static int read_time(struct exchange *exchange, int64_t *ret_server_ms, struct err *err)
{
	return call_server_time(exchange, &phemex_call_venue, "/public/time", ret_server_ms, err);
}

/* One reply holds all products of the venue; the shared cache keeps what is read of it. */
static int read_rules(
	struct exchange *exchange, const char *symbol, struct rules *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get products = call_get("/public/products", PHEMEX_PUBLIC, "%s", "");
	bool found;
	if (call_one(exchange, &phemex_call_venue, &products, &answer, err) == -1)
		return -1;
	if (phemex_reply_rules(&answer.result, symbol, &found, ret, err) == -1)
		return call_misread(err, "the rules");
	if (!found)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"phemex has no symbol %s that settles in USDT", symbol);
	return 0;
}

/* exchanges.md 3.3. Months are no fixed number of milliseconds and are left out. */
static bool has_resolution(int64_t interval_ms)
{
	static const int64_t seconds[] = {60, 300, 900, 1800, 3600, 14400, 86400, 604800};
	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
		if (interval_ms == seconds[i] * 1000)
			return true;
	return false;
}

/* Only these counts are served: the next larger one is asked for. */
static size_t served_count(size_t count)
{
	static const size_t counts[] = {5, 10, 50, 100, 500};
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		if (count <= counts[i])
			return counts[i];
	return 1000;
}

static int read_candles(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t interval_ms, size_t count, struct candle_list *ret, struct err *err)
{
	int64_t server_ms; /* known after this, so that the reply's market time is */
	if (!has_resolution(interval_ms))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"phemex has no candles of %lld ms", (long long)interval_ms);
	if (order_check_symbol(symbol, err) == -1 ||
		exchange_server_ms(exchange, &server_ms, err) == -1)
		return -1;

	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get candles = call_get("/exchange/public/md/v2/kline/last", PHEMEX_PUBLIC,
		"symbol=%s&resolution=%lld&limit=%zu", symbol, (long long)(interval_ms / 1000),
		served_count(count));
	if (call_one(exchange, &phemex_call_venue, &candles, &answer, err) == -1)
		return -1;
	if (phemex_reply_candles(
		    &answer.result, arena, interval_ms, count, answer.market_ms, ret, err) == -1)
		return call_misread(err, "candles");
	return 0;
}

/* The ticker does not tell when funding is due: two requests at once. */
static int read_ticker(
	struct exchange *exchange, const char *symbol, struct ticker *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct call_get gets[] = {
		call_get("/md/v3/ticker/24hr", PHEMEX_PUBLIC, "symbol=%s", symbol),
		call_get("/contract-biz/public/real-funding-rates", PHEMEX_PUBLIC, "symbol=%s",
			symbol),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	struct ticker ticker;
	if (call_all(exchange, &phemex_call_venue, 2, gets, answers, err) == -1)
		return -1;
	if (phemex_reply_ticker(&answers[0].result, symbol, &ticker, err) == -1 ||
		phemex_reply_next_funding(
			&answers[1].result, symbol, &ticker.next_funding_ms, err) == -1)
		return call_misread(err, "the ticker");
	/* Its stamp is the server's: the market's too, unless a simulator says otherwise. */
	if (exchange->market.apart)
		ticker.market_ms = answers[0].market_ms;
	*ret = ticker;
	return 0;
}

/* ---- account ---------------------------------------------------------------------------- */

/* A symbol that was never traded may be missing from the list of all: it is asked for by name. */
static int read_positions(
	struct exchange *exchange, const char *symbol, struct account *account, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get positions = call_get(
		"/g-accounts/accountPositions", PHEMEX_CONTRACT, "currency=USDT&symbol=%s", symbol);
	bool found;
	if (call_one(exchange, &phemex_call_venue, &positions, &answer, err) == -1)
		return -1;
	if (phemex_reply_positions(&answer.result, symbol, &found, account, err) == -1)
		return call_misread(err, "the positions");
	if (!found)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_LATER, "data.positions: no row of %s", symbol);
	return 0;
}

static int read_account(
	struct exchange *exchange, const char *symbol, struct account *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get all = call_get(
		"/g-accounts/accountPositions", PHEMEX_CONTRACT, "%s", "currency=USDT");
	struct account account = {.read_mono_ms = clock_mono_ms(exchange->clock)};
	bool found;
	if (call_one(exchange, &phemex_call_venue, &all, &answer, err) == -1)
		return -1;
	if (phemex_reply_account(&answer.result, symbol, &found, &account, err) == -1)
		return call_misread(err, "the account");
	if (!found && read_positions(exchange, symbol, &account, err) == -1)
		return -1;
	*ret = account;
	return 0;
}

/* True if the venue answered, and what it said is definite. */
static bool is_definite(const struct err *err)
{
	return err->retry == ERR_RETRY_NEVER;
}

/* A unified account keeps its balance where we do not look: exchanges.md 7, 10. */
static int check_risk_mode(
	struct exchange *exchange, struct exchange_identity *identity, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get mode = call_get("/uta-api/risk/risk-mode", PHEMEX_OTHERS, "%s", "");
	bool classic;
	if (call_one(exchange, &phemex_call_venue, &mode, &answer, err) == -1) {
		if (!is_definite(err))
			return -1;
		(void)snprintf(identity->note, sizeof identity->note,
			"phemex tells no rights of the key, and not whether the account is "
			"unified: "
			"check both on its site");
		return 0;
	}
	if (phemex_reply_risk_mode(&answer.result, &classic, err) == -1)
		return call_misread(err, "the account's asset mode");
	if (!classic)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the account is in multi-asset mode: switch it to single-asset mode");
	return 0;
}

static int read_identity(struct exchange *exchange, struct exchange_identity *ret, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get account = call_get(
		"/g-accounts/accountPositions", PHEMEX_CONTRACT, "%s", "currency=USDT");
	struct exchange_identity identity;
	if (call_one(exchange, &phemex_call_venue, &account, &answer, err) == -1)
		return -1;
	if (phemex_reply_identity(&answer.result, &identity, err) == -1)
		return call_misread(err, "the account's id");
	if (check_risk_mode(exchange, &identity, err) == -1)
		return -1;
	*ret = identity;
	return 0;
}

/* ---- orders ----------------------------------------------------------------------------- */

/* Waiting and working orders of the symbol. "Not found" means that there are none (3.4). */
static int read_open(struct exchange *exchange, struct arena *arena, const char *symbol,
	struct order_list *ret, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get active = call_get(
		"/g-orders/activeList", PHEMEX_CONTRACT, "symbol=%s", symbol);
	if (call_one(exchange, &phemex_call_venue, &active, &answer, err) == -1) {
		if (err->venue_code != PHEMEX_NO_ORDER)
			return -1;
		*ret = (struct order_list){.count = 0};
		return 0;
	}
	if (phemex_reply_open_orders(&answer.result, arena, ret, err) == -1)
		return call_misread(err, "the open orders");
	return 0;
}

static int read_past(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, struct order_list *ret, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get past = call_get("/api-data/g-futures/orders/by-order-id", PHEMEX_OTHERS,
		"symbol=%s&clOrdID=%s", symbol, client_order_id);
	if (call_one(exchange, &phemex_call_venue, &past, &answer, err) == -1) {
		if (err->venue_code != PHEMEX_NO_ORDER)
			return -1;
		*ret = (struct order_list){.count = 0};
		return 0;
	}
	if (phemex_reply_orders(&answer.result, arena, ret, err) == -1)
		return call_misread(err, "an order");
	return 0;
}

/* The open list first: by-order-id reads a history store, which may lag (exchanges.md 2.5). */
static int find_order(struct exchange *exchange, const char *symbol, const char *client_order_id,
	enum exchange_found *ret_found, struct order *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1)
		return -1;
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	struct order_list list;
	if (read_open(exchange, arena, symbol, &list, err) == -1)
		return -1;
	bool found = ledger_find_order(&list, client_order_id, ret);
	if (!found) {
		if (read_past(exchange, arena, symbol, client_order_id, &list, err) == -1)
			return -1;
		found = ledger_find_order(&list, client_order_id, ret);
	}
	*ret_found = found ? EXCHANGE_FOUND : EXCHANGE_NOT_FOUND;
	return 0;
}

static int open_orders(struct exchange *exchange, struct arena *arena, const char *symbol,
	struct order_list *ret, struct err *err)
{
	struct order_list list;
	if (order_check_symbol(symbol, err) == -1 ||
		read_open(exchange, arena, symbol, &list, err) == -1)
		return -1;
	ledger_keep_open(&list);
	*ret = list;
	return 0;
}

/* ---- ledger ----------------------------------------------------------------------------- */

typedef int page_reader(const struct field *data, void *context, size_t *ret_rows, bool *ret_enough,
	struct err *err);

/*
 * All pages of a list. The offset counts pages by the venue's word; should it count rows, pages
 * overlap and none is missed.
 */
static int read_pages(struct exchange *exchange, const struct call_get *first,
	page_reader *read_page, void *context, struct err *err)
{
	for (size_t page = 0; page < PAGES_MAX; page++) {
		CLEANUP(call_done) struct call_answer answer = {.document = NULL};
		struct call_get wanted = call_get(first->path, first->group,
			"%s&offset=%zu&limit=%d", first->query, page, PAGE_ROWS);
		size_t rows;
		bool enough = false;
		if (call_one(exchange, &phemex_call_venue, &wanted, &answer, err) == -1)
			return -1;
		if (read_page(&answer.result, context, &rows, &enough, err) == -1)
			return call_misread(err, first->path);
		if (rows < PAGE_ROWS || enough)
			return 0;
	}
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER, "%s: more than %d pages", first->path,
		PAGES_MAX);
}

struct fill_page {
	struct exchange *exchange;
	const char *symbol;
	struct arena *arena;
	struct fill_list list;
};

static int take_fills(const struct field *data, void *context, size_t *ret_rows, bool *ret_enough,
	struct err *err)
{
	struct fill_page *page = context;
	*ret_enough = false;
	return phemex_reply_fills(data, page->arena, &page->list, ret_rows, err);
}

static int read_window(void *context, const struct ledger_window *window, struct err *err)
{
	struct fill_page *page = context;
	char end[40] = "";
	if (window->end_ms != 0)
		(void)snprintf(end, sizeof end, "&end=%lld", (long long)window->end_ms);
	struct call_get span = call_get("/api-data/g-futures/trades", PHEMEX_OTHERS,
		"symbol=%s&start=%lld%s", page->symbol, (long long)window->start_ms, end);
	return read_pages(page->exchange, &span, take_fills, page, err);
}

static int read_fills(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, int64_t to_ms, struct fill_list *ret, struct err *err)
{
	struct fill_page page = {.exchange = exchange, .symbol = symbol, .arena = arena};
	const struct ledger_range range = {from_ms, to_ms, SPAN_MS, KEPT_MS};
	if (order_check_symbol(symbol, err) == -1 ||
		ledger_read_windows(exchange, &range, read_window, &page, err) == -1)
		return -1;
	ledger_sort_fills(&page.list);
	*ret = page.list;
	return 0;
}

/*
 * Fills cannot be asked for by order. The order tells how much it filled; of an order that is not
 * found, only the newest are looked at.
 */
static int order_fills(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, struct fill_list *ret, struct err *err)
{
	struct fill_page page = {.exchange = exchange, .symbol = symbol, .arena = arena};
	struct ledger_search search = {
		.client_order_id = client_order_id,
		.venue_order_id = "",
		.filled = DECIMAL_ZERO,
		.span_ms = SPAN_MS,
		.kept_ms = KEPT_MS,
	};
	enum exchange_found found;
	struct order order;
	if (find_order(exchange, symbol, client_order_id, &found, &order, err) == -1 ||
		exchange_server_ms(exchange, &search.now_ms, err) == -1)
		return -1;
	if (found == EXCHANGE_FOUND) {
		search.venue_order_id = order.venue_order_id;
		search.filled = order.filled;
	}
	if (ledger_read_back(&search, read_window, &page, &page.list, err) == -1)
		return -1;
	*ret = page.list;
	return 0;
}

struct funding_page {
	struct arena *arena;
	int64_t from_ms;
	struct funding_list list;
};

/*
 * There is no filter by time, and the order of the rows is not promised (?): a page whose own
 * times descend to before from_ms shows that the following ones are older still.
 */
static int take_funding(const struct field *data, void *context, size_t *ret_rows, bool *ret_enough,
	struct err *err)
{
	struct funding_page *page = context;
	size_t before = page->list.count;
	if (phemex_reply_funding(data, page->arena, &page->list, ret_rows, err) == -1)
		return -1;
	const struct funding_payment *items = page->list.items + before;
	bool descends = *ret_rows > 1 && items[0].paid_ms > items[*ret_rows - 1].paid_ms;
	for (size_t i = 1; i < *ret_rows; i++)
		descends = descends && items[i - 1].paid_ms >= items[i].paid_ms;
	*ret_enough = descends && items[*ret_rows - 1].paid_ms < page->from_ms;
	return 0;
}

static int read_funding(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, int64_t to_ms, struct funding_list *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct funding_page page = {.arena = arena, .from_ms = from_ms};
	struct call_get fees = call_get(
		"/api-data/g-futures/funding-fees", PHEMEX_OTHERS, "symbol=%s", symbol);
	if (read_pages(exchange, &fees, take_funding, &page, err) == -1)
		return -1;

	struct funding_list *list = &page.list;
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		int64_t paid_ms = list->items[i].paid_ms;
		if (paid_ms >= from_ms && (to_ms == 0 || paid_ms <= to_ms))
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	ledger_sort_funding(list);
	*ret = *list;
	return 0;
}

/* ---- state-changing --------------------------------------------------------------------- */

static int prepare(struct exchange *exchange, enum rate_share share, struct phemex_signer *ret,
	struct err *err)
{
	const struct call_permit permit = {PHEMEX_CONTRACT, share, 1};
	int64_t now_ms;
	if (call_permit(exchange, &permit, &now_ms, err) == -1)
		return -1;
	*ret = (struct phemex_signer){
		.base_url = exchange->base_url,
		.key = exchange->credential.key,
		.secret = exchange->credential.secret,
		.expiry_s = phemex_request_expiry_s(now_ms, exchange->recv_window_ms),
	};
	return 0;
}

static int prepare_place(struct exchange *exchange, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err)
{
	struct phemex_signer signer;
	if (prepare(exchange, call_share_of_order(order), &signer, err) == -1)
		return -1;
	return phemex_request_place(&signer, arena, order, ret, err);
}

/* Waiting and working orders have one cancel: exchanges.md 3.6. */
static int prepare_cancel(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, enum leg leg, bool is_stop, struct exchange_request *ret,
	struct err *err)
{
	(void)is_stop;
	struct phemex_signer signer;
	if (prepare(exchange, RATE_PROTECTIVE, &signer, err) == -1)
		return -1;
	return phemex_request_cancel(&signer, arena, symbol, client_order_id, leg, ret, err);
}

static int prepare_amend(struct exchange *exchange, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err)
{
	struct phemex_signer signer;
	if (prepare(exchange, call_share_of_amend(amend), &signer, err) == -1)
		return -1;
	return phemex_request_amend(&signer, arena, amend, ret, err);
}

/*
 * Leverage and margin mode are one number, so the half that is not to change is kept as the venue
 * has it. Leverage 0 is cross at the maximum: no number to go on with.
 */
static int wanted_leverage(const struct account *account, const struct exchange_setting *setting,
	struct decimal *ret, struct err *err)
{
	struct decimal leverage = setting->leverage;
	bool isolated = account->margin_mode == MARGIN_ISOLATED;
	if (setting->kind == SETTING_MARGIN_MODE) {
		leverage = account->positions[0].leverage;
		isolated = setting->margin_mode == MARGIN_ISOLATED;
	} else if (!account->margin_mode_known) {
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s: its legs differ in margin mode, set that first", setting->symbol);
	}
	if (order_check_positive(leverage, "leverage", err) == -1)
		return err_while(err, "%s", setting->symbol);
	*ret = isolated ? leverage : decimal_neg(leverage);
	return 0;
}

static int prepare_leverage(struct exchange *exchange, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	struct account account = {.position_count = 0};
	struct decimal leverage;
	struct phemex_signer signer;
	if (setting->symbol[0] == '\0')
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"symbol: phemex keeps leverage and margin mode per symbol, none is named");
	if (read_account(exchange, setting->symbol, &account, err) == -1 ||
		wanted_leverage(&account, setting, &leverage, err) == -1 ||
		prepare(exchange, RATE_NEW_RISK, &signer, err) == -1)
		return -1;
	return phemex_request_leverage(
		&signer, arena, setting->symbol, account.position_mode, leverage, ret, err);
}

static int prepare_setting(struct exchange *exchange, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	if (setting->kind != SETTING_POSITION_MODE)
		return prepare_leverage(exchange, arena, setting, ret, err);
	struct phemex_signer signer;
	if (prepare(exchange, RATE_NEW_RISK, &signer, err) == -1)
		return -1;
	return phemex_request_position_mode(
		&signer, arena, setting->symbol, setting->position_mode, ret, err);
}

/* ---- receipts --------------------------------------------------------------------------- */

#define VALUE_SIZE 80

static int not_as_sent(const char *field, const char *sent, const char *understood, struct err *err)
{
	return err_set(err, ERR_BUG, ERR_RETRY_ASK,
		"data.%s: phemex took the order with \"%.40s\", sent was \"%.40s\"", field,
		understood, sent);
}

/*
 * A trigger under a wrong name is dropped in silence, and the order executes at once; a lost
 * reduce-only flag opens the other side (exchanges.md 3.6, both seen live). So what the venue
 * understood is held against what was sent, and a difference stops the bot.
 */
static int check_understood(const struct exchange_request *request,
	const struct phemex_receipt *receipt, struct err *err)
{
	char type[VALUE_SIZE] = "", price[VALUE_SIZE], trigger[VALUE_SIZE], flag[VALUE_SIZE];
	(void)prepared_parameter(request, "ordType", type, sizeof type);
	if (strcmp(type, receipt->type) != 0)
		return not_as_sent("orderType", type, receipt->type, err);
	if (prepared_parameter(request, "stopPxRp", price, sizeof price) &&
		!decimal_equal(decimal_literal(price), receipt->trigger_price))
		return not_as_sent("stopPxRp", price, DECIMAL_TEXT(receipt->trigger_price), err);
	if (prepared_parameter(request, "triggerType", trigger, sizeof trigger) &&
		strcmp(trigger, receipt->trigger) != 0)
		return not_as_sent("trigger", trigger, receipt->trigger, err);

	bool reduces = prepared_parameter(request, "reduceOnly", flag, sizeof flag) ||
		       prepared_parameter(request, "closeOnTrigger", flag, sizeof flag);
	bool understood = strcmp(receipt->exec_inst, "ReduceOnly") == 0 ||
			  strcmp(receipt->exec_inst, "CloseOnTrigger") == 0;
	if (reduces && !understood)
		return not_as_sent("execInst", "ReduceOnly", receipt->exec_inst, err);
	return 0;
}

/* A receipt of another order would be somebody else's reply: ours may have happened. */
static int check_receipt(const struct exchange_request *request, const struct field *data,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	bool amends = prepared_is(request, PHEMEX_PATH_AMEND);
	char ours[VALUE_SIZE] = "";
	struct phemex_receipt receipt;
	if (phemex_reply_receipt(data, &receipt, err) == -1) {
		err->retry = ERR_RETRY_ASK;
		return err_while(err, "could not understand phemex's receipt");
	}
	(void)prepared_parameter(request, amends ? "origClOrdID" : "clOrdID", ours, sizeof ours);
	if (strcmp(ours, receipt.client_order_id) != 0)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_ASK,
			"data.clOrdID: the receipt is of another order, \"%.40s\"",
			receipt.client_order_id);
	if (prepared_is(request, PHEMEX_PATH_PLACE) &&
		check_understood(request, &receipt, err) == -1)
		return -1;
	memcpy(ret_venue_order_id, receipt.venue_order_id, VENUE_ORDER_ID_SIZE);
	return 0;
}

static int understand(struct exchange *exchange, const struct exchange_request *request,
	long http_status, const char *body, size_t size_bytes, const char *headers,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	const struct call_reply reply = {http_status, body, size_bytes, headers};
	bool is_setting = prepared_is(request, PHEMEX_PATH_LEVERAGE) ||
			  prepared_is(request, PHEMEX_PATH_MODE);
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	if (call_understand(exchange, &phemex_call_venue, is_setting ? CALL_SETTING : CALL_ORDER,
		    PHEMEX_CONTRACT, &reply, &answer, err) == -1)
		return -1;

	char id[VENUE_ORDER_ID_SIZE] = "";
	if (!is_setting && check_receipt(request, &answer.result, id, err) == -1)
		return -1;
	memcpy(ret_venue_order_id, id, sizeof id);
	return 0;
}

const struct exchange_adapter phemex_adapter = {
	.venue = VENUE_PHEMEX,
	.time = read_time,
	.rules = read_rules,
	.closed_candles_only = true,
	.stops_need_position = true, /* seen by a client: exchanges.md 3.6 */
	.candles = read_candles,
	.ticker = read_ticker,
	.account = read_account,
	.find_order = find_order,
	.open_orders = open_orders,
	.order_fills = order_fills,
	.fills = read_fills,
	.funding = read_funding,
	.identity = read_identity,
	.prepare_place = prepare_place,
	.prepare_cancel = prepare_cancel,
	.prepare_amend = prepare_amend,
	.prepare_setting = prepare_setting,
	.understand = understand,
};
