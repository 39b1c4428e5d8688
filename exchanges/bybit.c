#include "exchanges/bybit.h"

#include "core/base/cleanup.h"
#include "exchanges/bybit_call.h"
#include "exchanges/bybit_reply.h"
#include "exchanges/bybit_request.h"
#include "exchanges/handle.h"
#include "exchanges/ledger.h"
#include "exchanges/mode_cache.h"
#include "exchanges/order_check.h"
#include "exchanges/prepared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * exchanges.md 4.3 and 4.5. The address may send 600 in 5 s: 100 * (5 s + lease of 0.2 s) + 60.
 * Marked common: what most runs ask.
 */
static const struct rate_limits_group groups[] = {
	[BYBIT_WALLET] = {"wallet", 50, true},
	[BYBIT_POSITION] = {"position", 50, true},
	[BYBIT_REALTIME] = {"realtime", 50, true},
	[BYBIT_HISTORY] = {"history", 50, false},
	[BYBIT_EXECUTION] = {"execution", 50, true},
	[BYBIT_INFO] = {"info", 50, false},
	[BYBIT_LEDGER] = {"ledger", 25, false},
	[BYBIT_KEY] = {"key", 10, false},
	[BYBIT_CREATE] = {"create", 10, false},
	[BYBIT_AMEND] = {"amend", 10, false},
	[BYBIT_CANCEL] = {"cancel", 10, false},
	[BYBIT_LEVERAGE] = {"leverage", 10, false},
	[BYBIT_MODE] = {"mode", 10, false},
	[BYBIT_MARGIN] = {"margin", 5, false},
};

const struct rate_limits_plan bybit_limits = {
	.venue = "bybit",
	.egress_per_second = 100,
	.egress_burst = 60,
	.groups = groups,
	.group_count = sizeof groups / sizeof groups[0],
};

#define WEEK_MS (7 * 86400000LL)   /* no execution query spans more: exchanges.md 4.3 */
#define KEPT_MS (730 * 86400000LL) /* executions are kept for two years: exchanges.md 4.9 */
#define PAGES_MAX 1000             /* of 100 rows: what one call of ours may ask for */
#define ARENA_CHUNK (16 * 1024)
#define ARENA_LIMIT (8 * 1024 * 1024)

/* ---- public ----------------------------------------------------------------------------- */

static int read_time(struct exchange *exchange, int64_t *ret_server_ms, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get time = call_get("/v5/market/time", BYBIT_PUBLIC, "%s", "");
	if (call_one(exchange, &bybit_call_venue, &time, &answer, err) == -1)
		return -1;
	if (bybit_reply_time(&answer.result, ret_server_ms, err) == -1)
		return call_misread(err, "the server's time");
	return 0;
}

static int no_symbol(const char *symbol, struct err *err)
{
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "bybit has no symbol %s", symbol);
}

/* Nothing but the symbol comes from outside here, so a parameter error is about it. */
static bool is_parameter_error(const struct err *err)
{
	return err->venue_code == 10001;
}

static int read_rules(
	struct exchange *exchange, const char *symbol, struct rules *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct call_get gets[] = {
		call_get("/v5/market/instruments-info", BYBIT_PUBLIC, "category=linear&symbol=%s",
			symbol),
		call_get(
			"/v5/market/risk-limit", BYBIT_PUBLIC, "category=linear&symbol=%s", symbol),
	};
	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	if (call_all(exchange, &bybit_call_venue, 2, gets, answers, err) == -1)
		return is_parameter_error(err) ? no_symbol(symbol, err) : -1;

	bool found;
	struct rules rules;
	if (bybit_reply_rules(&answers[0].result, symbol, &found, &rules, err) == -1)
		return call_misread(err, "the rules");
	if (!found)
		return no_symbol(symbol, err);
	if (bybit_reply_tiers(&answers[1].result, symbol, &rules, err) == -1)
		return call_misread(err, "the risk tiers");
	*ret = rules;
	return 0;
}

/* exchanges.md 4.3. Months are no fixed number of milliseconds and are left out. */
static const char *interval_word(int64_t interval_ms)
{
	static const struct {
		int64_t minutes;
		const char *word;
	} intervals[] = {
		{1, "1"},
		{3, "3"},
		{5, "5"},
		{15, "15"},
		{30, "30"},
		{60, "60"},
		{120, "120"},
		{240, "240"},
		{360, "360"},
		{720, "720"},
		{1440, "D"},
		{10080, "W"},
	};
	for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++)
		if (interval_ms == intervals[i].minutes * 60000)
			return intervals[i].word;
	return NULL;
}

static int read_candles(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t interval_ms, size_t count, struct candle_list *ret, struct err *err)
{
	const char *interval = interval_word(interval_ms);
	if (interval == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "bybit has no candles of %lld ms",
			(long long)interval_ms);
	if (order_check_symbol(symbol, err) == -1)
		return -1;

	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get candles = call_get("/v5/market/kline", BYBIT_PUBLIC,
		"category=linear&symbol=%s&interval=%s&limit=%zu", symbol, interval, count);
	if (call_one(exchange, &bybit_call_venue, &candles, &answer, err) == -1)
		return -1;
	if (bybit_reply_candles(
		    &answer.result, arena, symbol, interval_ms, answer.market_ms, ret, err) == -1)
		return call_misread(err, "candles");
	return 0;
}

static int read_ticker(
	struct exchange *exchange, const char *symbol, struct ticker *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get ticker = call_get(
		"/v5/market/tickers", BYBIT_PUBLIC, "category=linear&symbol=%s", symbol);
	if (call_one(exchange, &bybit_call_venue, &ticker, &answer, err) == -1)
		return -1;
	if (bybit_reply_ticker(&answer.result, symbol, answer.market_ms, ret, err) == -1)
		return call_misread(err, "the ticker");
	return 0;
}

/* ---- account ---------------------------------------------------------------------------- */

/* Both keys of a page: false once the last one was read. */
static int next_page(const struct call_answer *answer, char *cursor, size_t size, bool *ret_more,
	struct err *err)
{
	const char *text;
	if (bybit_reply_cursor(&answer->result, &text, err) == -1)
		return call_misread(err, "a page");
	/* Sent back as it came, so it must not be able to change the query. */
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789%-._~:,=+/";
	if (strlen(text) >= size || strspn(text, allowed) != strlen(text))
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER,
			"%s.nextPageCursor: unrecognized \"%.40s\"", answer->result.path, text);
	(void)snprintf(cursor, size, "%s", text);
	*ret_more = text[0] != '\0';
	return 0;
}

#define CURSOR_SIZE 400

typedef int page_reader(const struct field *result, void *context, struct err *err);

/*
 * A list of several pages. read_page adds the rows of one to what context holds. The same page
 * twice means that the venue's cursor stands still.
 */
static int read_pages(struct exchange *exchange, const struct call_get *first,
	page_reader *read_page, void *context, struct err *err)
{
	char cursor[CURSOR_SIZE] = "", seen[CURSOR_SIZE] = "";
	for (size_t page = 0; page < PAGES_MAX; page++) {
		CLEANUP(call_done) struct call_answer answer = {.document = NULL};
		struct call_get wanted = call_get(first->path, first->group, "%s%s%s", first->query,
			cursor[0] != '\0' ? "&cursor=" : "", cursor);
		bool more = false;
		if (call_one(exchange, &bybit_call_venue, &wanted, &answer, err) == -1)
			return -1;
		if (read_page(&answer.result, context, err) == -1)
			return call_misread(err, first->path);
		memcpy(seen, cursor, sizeof seen);
		if (next_page(&answer, cursor, sizeof cursor, &more, err) == -1)
			return -1;
		if (!more || strcmp(seen, cursor) == 0)
			return 0;
	}
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER, "%s: more than %d pages", first->path,
		PAGES_MAX);
}

struct active_page {
	struct arena *arena;
	struct bybit_symbols symbols;
};

static int take_active(const struct field *result, void *context, struct err *err)
{
	struct active_page *page = context;
	return bybit_reply_active(result, page->arena, &page->symbols, err);
}

static int count_active(struct exchange *exchange, size_t *ret, struct err *err)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	struct active_page page = {.arena = arena};
	struct call_get positions = call_get("/v5/position/list", BYBIT_POSITION,
		"category=linear&settleCoin=%s&limit=200", "USDT");
	if (read_pages(exchange, &positions, take_active, &page, err) == -1)
		return -1;
	*ret = page.symbols.count;
	return 0;
}

/*
 * The wallet tells the margin of all positions of the coin. If it is that of this symbol's
 * positions, no other symbol has one, and the list of all positions need not be asked for.
 */
static int fill_active(struct exchange *exchange, const struct bybit_wallet *wallet,
	struct account *account, struct err *err)
{
	struct decimal margin = DECIMAL_ZERO;
	bool held = false;
	for (size_t i = 0; i < account->position_count; i++) {
		margin = decimal_add(margin, account->positions[i].initial_margin);
		held = held || !decimal_is_zero(account->positions[i].quantity);
	}
	if (wallet->position_margin_known && decimal_is_valid(margin) &&
		decimal_equal(margin, wallet->position_margin)) {
		account->active_symbols = held ? 1 : 0;
		return 0;
	}
	return count_active(exchange, &account->active_symbols, err);
}

/* exchanges.md 4.3: what is available is another figure in each margin mode. */
static int fill_balance(const struct bybit_wallet *wallet, struct account *account, struct err *err)
{
	bool isolated = account->margin_mode_known && account->margin_mode == MARGIN_ISOLATED;
	bool known = isolated ? wallet->isolated_available_known : wallet->cross_available_known;
	if (!known)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_LATER, "result.list[0]: no available balance");
	account->balance = (struct balance){
		.wallet = wallet->wallet,
		.equity = wallet->equity,
		.available = isolated ? wallet->isolated_available : wallet->cross_available,
	};
	return 0;
}

#define MODE_OF "account" /* the margin mode is the whole account's */
#define NEITHER "neither" /* kept too: it is as expensive to ask for */

static bool recall_mode(struct exchange *exchange, struct account *account)
{
	char text[16];
	struct err ignored;
	if (!mode_cache_recall(exchange->redis, exchange->key_name, MODE_OF, text, sizeof text))
		return false;
	account->margin_mode_known = strcmp(text, NEITHER) != 0;
	account->margin_mode = MARGIN_CROSS;
	return !account->margin_mode_known ||
	       margin_mode_parse(text, &account->margin_mode, &ignored) == 0;
}

static void remember_mode(struct exchange *exchange, const struct account *account)
{
	const char *text = account->margin_mode_known ? margin_mode_text(account->margin_mode)
						      : NEITHER;
	mode_cache_remember(exchange->redis, exchange->key_name, MODE_OF, text);
}

static int understand_account(struct exchange *exchange, const struct call_answer *answers,
	bool mode_asked, const char *symbol, struct account *account, struct err *err)
{
	struct bybit_wallet wallet;
	if (bybit_reply_wallet(&answers[0].result, &wallet, err) == -1)
		return call_misread(err, "the balance");
	if (bybit_reply_positions(&answers[1].result, symbol, account, err) == -1)
		return call_misread(err, "the positions");
	if (mode_asked) {
		if (bybit_reply_margin_mode(&answers[2].result, &account->margin_mode_known,
			    &account->margin_mode, err) == -1)
			return call_misread(err, "the margin mode");
		remember_mode(exchange, account);
	}
	if (fill_balance(&wallet, account, err) == -1)
		return -1;
	return fill_active(exchange, &wallet, account, err);
}

/* Two requests at once, mostly; a third where the margin mode was not asked for lately. */
static int read_account(
	struct exchange *exchange, const char *symbol, struct account *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct call_get gets[] = {
		call_get("/v5/account/wallet-balance", BYBIT_WALLET, "accountType=UNIFIED&coin=%s",
			"USDT"),
		call_get("/v5/position/list", BYBIT_POSITION, "category=linear&symbol=%s", symbol),
		call_get("/v5/account/info", BYBIT_INFO, "%s", ""),
	};
	struct account account = {.read_mono_ms = clock_mono_ms(exchange->clock)};
	bool mode_asked = !recall_mode(exchange, &account);

	CLEANUP(call_all_done) struct call_answer answers[CALLS_MAX] = {{.document = NULL}};
	if (call_all(exchange, &bybit_call_venue, mode_asked ? 3 : 2, gets, answers, err) == -1)
		return -1;
	if (understand_account(exchange, answers, mode_asked, symbol, &account, err) == -1)
		return -1;
	*ret = account;
	return 0;
}

/* ---- orders ----------------------------------------------------------------------------- */

static int find_in(struct exchange *exchange, const struct call_get *wanted,
	const char *client_order_id, enum exchange_found *ret_found, struct order *ret,
	struct err *err)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct order_list list = {.count = 0};
	if (call_one(exchange, &bybit_call_venue, wanted, &answer, err) == -1)
		return -1;
	if (bybit_reply_orders(&answer.result, arena, &list, err) == -1)
		return call_misread(err, "an order");
	bool found = ledger_find_order(&list, client_order_id, ret);
	*ret_found = found ? EXCHANGE_FOUND : EXCHANGE_NOT_FOUND;
	return 0;
}

/* Realtime forgets closed orders at a restart of the venue, history lags: ask both. */
static int find_order(struct exchange *exchange, const char *symbol, const char *client_order_id,
	enum exchange_found *ret_found, struct order *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1)
		return -1;
	struct call_get places[] = {
		call_get("/v5/order/realtime", BYBIT_REALTIME,
			"category=linear&symbol=%s&orderLinkId=%s", symbol, client_order_id),
		call_get("/v5/order/history", BYBIT_HISTORY,
			"category=linear&symbol=%s&orderLinkId=%s", symbol, client_order_id),
	};
	enum exchange_found found = EXCHANGE_NOT_FOUND;
	struct order order;
	for (size_t i = 0; i < 2 && found == EXCHANGE_NOT_FOUND; i++)
		if (find_in(exchange, &places[i], client_order_id, &found, &order, err) == -1)
			return -1;
	if (found == EXCHANGE_FOUND)
		*ret = order;
	*ret_found = found;
	return 0;
}

struct order_page {
	struct arena *arena;
	struct order_list list;
};

static int take_orders(const struct field *result, void *context, struct err *err)
{
	struct order_page *page = context;
	return bybit_reply_orders(result, page->arena, &page->list, err);
}

/* Without orderFilter the list holds conditional orders too (openOnly 0: open ones only). */
static int open_orders(struct exchange *exchange, struct arena *arena, const char *symbol,
	struct order_list *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	struct order_page page = {.arena = arena};
	struct call_get orders = call_get("/v5/order/realtime", BYBIT_REALTIME,
		"category=linear&symbol=%s&openOnly=0&limit=50", symbol);
	if (read_pages(exchange, &orders, take_orders, &page, err) == -1)
		return -1;

	ledger_keep_open(&page.list);
	*ret = page.list;
	return 0;
}

/* ---- executions ------------------------------------------------------------------------- */

/* Perpetuals named …PERP settle in USDC, the others of this category in USDT. */
static const char *settle_coin(const char *symbol)
{
	size_t length = strlen(symbol);
	return length > 4 && strcmp(symbol + length - 4, "PERP") == 0 ? "USDC" : "USDT";
}

struct fill_page {
	struct arena *arena;
	const char *settle_coin;
	struct fill_list list;
};

static int take_fills(const struct field *result, void *context, struct err *err)
{
	struct fill_page *page = context;
	return bybit_reply_fills(result, page->arena, page->settle_coin, &page->list, err);
}

/* With our id all other filters are ignored, the seven days too (exchanges.md 4.9). */
static int order_fills(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, struct fill_list *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1)
		return -1;
	struct fill_page page = {.arena = arena, .settle_coin = settle_coin(symbol)};
	struct call_get fills = call_get("/v5/execution/list", BYBIT_EXECUTION,
		"category=linear&symbol=%s&orderLinkId=%s&limit=100", symbol, client_order_id);
	if (read_pages(exchange, &fills, take_fills, &page, err) == -1)
		return -1;
	ledger_sort_fills(&page.list);
	*ret = page.list;
	return 0;
}

struct executions { /* what a window of them is read for */
	struct exchange *exchange;
	const char *symbol;
	const char *filter; /* in the query, "" for none */
	page_reader *read_page;
	void *page;
};

static int read_window(void *context, const struct ledger_window *window, struct err *err)
{
	const struct executions *wanted = context;
	char end[40] = "";
	if (window->end_ms != 0)
		(void)snprintf(end, sizeof end, "&endTime=%lld", (long long)window->end_ms);
	struct call_get executions = call_get("/v5/execution/list", BYBIT_EXECUTION,
		"category=linear&symbol=%s%s&startTime=%lld%s&limit=100", wanted->symbol,
		wanted->filter, (long long)window->start_ms, end);
	return read_pages(wanted->exchange, &executions, wanted->read_page, wanted->page, err);
}

static int read_executions(
	struct executions *wanted, int64_t from_ms, int64_t to_ms, struct err *err)
{
	const struct ledger_range range = {from_ms, to_ms, WEEK_MS, KEPT_MS};
	if (order_check_symbol(wanted->symbol, err) == -1)
		return -1;
	return ledger_read_windows(wanted->exchange, &range, read_window, wanted, err);
}

static int read_fills(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, int64_t to_ms, struct fill_list *ret, struct err *err)
{
	struct fill_page page = {.arena = arena, .settle_coin = settle_coin(symbol)};
	struct executions wanted = {exchange, symbol, "", take_fills, &page};
	if (read_executions(&wanted, from_ms, to_ms, err) == -1)
		return -1;
	ledger_sort_fills(&page.list);
	*ret = page.list;
	return 0;
}

struct funding_page {
	struct arena *arena;
	struct funding_list list;
};

static int take_funding(const struct field *result, void *context, struct err *err)
{
	struct funding_page *page = context;
	return bybit_reply_funding(result, page->arena, &page->list, err);
}

/*
 * From the executions, not from the transaction log: an execution's id is unique, a log row's is
 * not (exchanges.md 4.9), and the log has half the limit and lags. Never from both: their signs
 * are opposite.
 */
static int read_funding(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, int64_t to_ms, struct funding_list *ret, struct err *err)
{
	struct funding_page page = {.arena = arena};
	struct executions wanted = {exchange, symbol, "&execType=Funding", take_funding, &page};
	if (read_executions(&wanted, from_ms, to_ms, err) == -1)
		return -1;
	ledger_sort_funding(&page.list);
	*ret = page.list;
	return 0;
}

/* ---- the account book ------------------------------------------------------------------- */

struct realised_page {
	struct exchange *exchange;
	struct arena *arena;
	const char *symbol;
	struct realised_list list;
};

static int take_realised(const struct field *result, void *context, struct err *err)
{
	struct realised_page *page = context;
	return bybit_reply_realised(result, page->arena, page->symbol, &page->list, err);
}

static int read_book_window(void *context, const struct ledger_window *window, struct err *err)
{
	struct realised_page *page = context;
	char end[40] = "";
	if (window->end_ms != 0)
		(void)snprintf(end, sizeof end, "&endTime=%lld", (long long)window->end_ms);
	struct call_get book = call_get("/v5/account/transaction-log", BYBIT_LEDGER,
		"accountType=UNIFIED&category=linear&currency=%s&startTime=%lld%s&limit=50",
		settle_coin(page->symbol), (long long)window->start_ms, end);
	return read_pages(page->exchange, &book, take_realised, page, err);
}

/*
 * cashFlow of the account book is what an execution earned by its price alone; closed-pnl is a
 * figure per order and after fees (exchanges.md 4.9). The book names no symbol to ask for.
 */
static int read_realised(struct exchange *exchange, struct arena *arena, const char *symbol,
	int64_t from_ms, struct realised_list *ret, struct err *err)
{
	const struct ledger_range range = {from_ms, 0, WEEK_MS, KEPT_MS};
	struct realised_page page = {exchange, arena, symbol, {.count = 0}};
	if (order_check_symbol(symbol, err) == -1 ||
		ledger_read_windows(exchange, &range, read_book_window, &page, err) == -1)
		return -1;
	*ret = page.list;
	return 0;
}

static int read_identity(struct exchange *exchange, struct exchange_identity *ret, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get key = call_get("/v5/user/query-api", BYBIT_KEY, "%s", "");
	if (call_one(exchange, &bybit_call_venue, &key, &answer, err) == -1)
		return -1;
	if (bybit_reply_identity(&answer.result, ret, err) == -1)
		return call_misread(err, "the key's rights");
	return 0;
}

/* ---- state-changing --------------------------------------------------------------------- */

static int prepare(struct exchange *exchange, enum bybit_group group, enum rate_share share,
	struct bybit_signer *ret, struct err *err)
{
	struct bybit_signer signer = {
		.base_url = exchange->base_url,
		.key = exchange->credential.key,
		.secret = exchange->credential.secret,
		.recv_window_ms = exchange->recv_window_ms,
	};
	const struct call_permit permit = {(int)group, share, 1};
	if (call_permit(exchange, &permit, &signer.timestamp_ms, err) == -1)
		return -1;
	*ret = signer;
	return 0;
}

static int prepare_place(struct exchange *exchange, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err)
{
	struct bybit_signer signer;
	if (prepare(exchange, BYBIT_CREATE, call_share_of_order(order), &signer, err) == -1)
		return -1;
	return bybit_request_place(&signer, arena, order, ret, err);
}

/* Waiting and working orders have one cancel: exchanges.md 4.6. */
static int prepare_cancel(struct exchange *exchange, struct arena *arena, const char *symbol,
	const char *client_order_id, enum leg leg, bool is_stop, struct exchange_request *ret,
	struct err *err)
{
	(void)leg;
	(void)is_stop;
	struct bybit_signer signer;
	if (prepare(exchange, BYBIT_CANCEL, RATE_PROTECTIVE, &signer, err) == -1)
		return -1;
	return bybit_request_cancel(&signer, arena, symbol, client_order_id, ret, err);
}

static int prepare_amend(struct exchange *exchange, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err)
{
	struct bybit_signer signer;
	if (prepare(exchange, BYBIT_AMEND, call_share_of_amend(amend), &signer, err) == -1)
		return -1;
	return bybit_request_amend(&signer, arena, amend, ret, err);
}

static int prepare_setting(struct exchange *exchange, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	static const enum bybit_group setting_groups[] = {
		[SETTING_LEVERAGE] = BYBIT_LEVERAGE,
		[SETTING_POSITION_MODE] = BYBIT_MODE,
		[SETTING_MARGIN_MODE] = BYBIT_MARGIN,
	};
	struct bybit_signer signer;
	if (prepare(exchange, setting_groups[setting->kind], RATE_NEW_RISK, &signer, err) == -1)
		return -1;
	return bybit_request_setting(&signer, arena, setting, ret, err);
}

/* Which of ours a request was. */
static enum bybit_group group_of(const struct exchange_request *request)
{
	static const struct {
		const char *path;
		enum bybit_group group;
	} posts[] = {
		{"/v5/order/create", BYBIT_CREATE},
		{"/v5/order/amend", BYBIT_AMEND},
		{"/v5/order/cancel", BYBIT_CANCEL},
		{"/v5/position/set-leverage", BYBIT_LEVERAGE},
		{"/v5/position/switch-mode", BYBIT_MODE},
		{"/v5/account/set-margin-mode", BYBIT_MARGIN},
	};
	for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++)
		if (prepared_is(request, posts[i].path))
			return posts[i].group;
	die("a request to %s was not prepared here", request->url);
}

/* A receipt of another order would be somebody else's reply: ours may have happened. */
static int check_receipt(const struct exchange_request *request, const struct field *result,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	const char *client_order_id;
	char ours[CLIENT_ID_SIZE + 32];
	if (bybit_reply_receipt(result, ret_venue_order_id, &client_order_id, err) == -1) {
		err->retry = ERR_RETRY_ASK;
		return err_while(err, "could not understand bybit's receipt");
	}
	(void)snprintf(ours, sizeof ours, "\"orderLinkId\":\"%s\"", client_order_id);
	if (strstr(request->body, ours) == NULL)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_ASK,
			"result.orderLinkId: the receipt is of another order, \"%.40s\"",
			client_order_id);
	return 0;
}

static int understand(struct exchange *exchange, const struct exchange_request *request,
	long http_status, const char *body, size_t size_bytes, const char *headers,
	char ret_venue_order_id[VENUE_ORDER_ID_SIZE], struct err *err)
{
	const struct call_reply reply = {http_status, body, size_bytes, headers};
	enum bybit_group group = group_of(request);
	bool is_setting = group == BYBIT_LEVERAGE || group == BYBIT_MODE || group == BYBIT_MARGIN;
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	if (call_understand(exchange, &bybit_call_venue, is_setting ? CALL_SETTING : CALL_ORDER,
		    (int)group, &reply, &answer, err) == -1)
		return -1;

	char id[VENUE_ORDER_ID_SIZE] = "";
	if (!is_setting && check_receipt(request, &answer.result, id, err) == -1)
		return -1;
	if (group == BYBIT_MARGIN)
		mode_cache_forget(exchange->redis, exchange->key_name, MODE_OF);
	memcpy(ret_venue_order_id, id, sizeof id);
	return 0;
}

const struct exchange_adapter bybit_adapter = {
	.venue = VENUE_BYBIT,
	.margin_mode_of_account = true,
	.time = read_time,
	.rules = read_rules,
	.candles = read_candles,
	.ticker = read_ticker,
	.account = read_account,
	.find_order = find_order,
	.open_orders = open_orders,
	.order_fills = order_fills,
	.fills = read_fills,
	.funding = read_funding,
	.realised = read_realised,
	.identity = read_identity,
	.prepare_place = prepare_place,
	.prepare_cancel = prepare_cancel,
	.prepare_amend = prepare_amend,
	.prepare_setting = prepare_setting,
	.understand = understand,
};
