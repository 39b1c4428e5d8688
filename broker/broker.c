#include "broker/broker.h"

#include "broker/listing.h"
#include "broker/margin.h"
#include "broker/matching.h"
#include "broker/model.h"
#include "broker/notice.h"
#include "broker/roster.h"
#include "broker/vetting.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX 4096
#define LEVERAGE_DEFAULT (10 * FIXED_LEVERAGE_ONE)

/* ---- names ---------------------------------------------------------------------------------- */

const char *broker_event_text(enum broker_event_kind kind)
{
	static const char *const texts[] = {
		[BROKER_EVENT_ACCEPTED] = "accepted",
		[BROKER_EVENT_WORKING] = "working",
		[BROKER_EVENT_TRIGGERED] = "triggered",
		[BROKER_EVENT_AMENDED] = "amended",
		[BROKER_EVENT_CANCELLED] = "cancelled",
		[BROKER_EVENT_REJECTED] = "rejected",
		[BROKER_EVENT_TOO_LATE] = "too_late",
		[BROKER_EVENT_FILL] = "fill",
		[BROKER_EVENT_FUNDING] = "funding",
		[BROKER_EVENT_TRANSFER] = "transfer",
		[BROKER_EVENT_LIQUIDATION] = "liquidation",
	};
	assert((size_t)kind < sizeof texts / sizeof texts[0]);
	return texts[kind];
}

const char *broker_reason_text(enum broker_reason reason)
{
	static const char *const texts[] = {
		[BROKER_REASON_NONE] = "",
		[BROKER_REASON_USER] = "user",
		[BROKER_REASON_POST_ONLY] = "post_only",
		[BROKER_REASON_NO_LIQUIDITY] = "no_liquidity",
		[BROKER_REASON_REDUCE_ONLY] = "reduce_only",
		[BROKER_REASON_MARGIN] = "margin",
		[BROKER_REASON_RISK_LIMIT] = "risk_limit",
		[BROKER_REASON_LIQUIDATION] = "liquidation",
		[BROKER_REASON_SETTLEMENT] = "settlement",
	};
	assert((size_t)reason < sizeof texts / sizeof texts[0]);
	return texts[reason];
}

const char *broker_refusal_text(enum broker_refusal refusal)
{
	return vetting_refusal_name(refusal);
}

/* ---- building ------------------------------------------------------------------------------- */

struct broker_settings broker_settings_default(void)
{
	return (struct broker_settings){
		.seed = 1,
		.symbols_max = 64,
		.closed_max = 500,
		.taker_share_min_bps = 200,
		.taker_share_max_bps = 1000,
		.maker_share_min_bps = 200,
		.maker_share_max_bps = 1000,
		.conditionals_max = 10,
		.orders_max = 500,
	};
}

static bool share_ok(int min_bps, int max_bps)
{
	return min_bps >= 0 && min_bps <= max_bps && max_bps <= 10000;
}

struct broker *broker_new(const struct broker_settings *settings)
{
	assert(settings->symbols_max >= 1 && settings->symbols_max <= SYMBOLS_MAX);
	assert(settings->closed_max >= 0);
	assert(share_ok(settings->taker_share_min_bps, settings->taker_share_max_bps));
	assert(share_ok(settings->maker_share_min_bps, settings->maker_share_max_bps));

	assert(settings->taker_slippage_ppm >= 0 && settings->taker_slippage_ppm <= 100000);

	struct broker *broker = mem_zero(1, sizeof *broker);
	broker->settings = *settings;
	broker->time_ms = INT64_MIN;
	broker->symbols = mem_zero((uint64_t)settings->symbols_max, sizeof *broker->symbols);
	return broker;
}

void broker_free(struct broker **broker)
{
	struct broker *old = *broker;
	if (!old)
		return;
	*broker = NULL;
	roster_free(old);
	for (int i = 0; i < old->account_count; i++) {
		free(old->accounts[i]->slots);
		free(old->accounts[i]->closed);
		free(old->accounts[i]);
	}
	free(old->accounts);
	for (int i = 0; i < old->symbol_count; i++)
		free(old->symbols[i].active);
	free(old->symbols);
	free(old);
}

static int64_t leverage_default(const struct listing *listing)
{
	return listing->leverage_max < LEVERAGE_DEFAULT ? listing->leverage_max : LEVERAGE_DEFAULT;
}

static void start_slot(const struct broker *broker, struct account_book *account, int symbol)
{
	int64_t leverage = leverage_default(&broker->symbols[symbol].listing);
	account->slots[symbol] = (struct slot){
		.account = account->handle,
		.symbol = symbol,
		.mode = POSITION_ONE_WAY,
		.margin = account->mode,
		.leverage = {leverage, leverage},
	};
}

int broker_symbol_add(struct broker *broker, const struct rules *rules,
	const struct broker_fees *fees, int *ret_symbol, struct err *err)
{
	if (broker->symbol_count == broker->settings.symbols_max)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "more than %d symbols",
			broker->settings.symbols_max);
	if (broker_symbol(broker, rules->symbol) != -1)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "symbol %s is there already",
			rules->symbol);
	struct listing listing = {0};
	if (listing_build(rules, fees, &listing, err) == -1)
		return -1;

	int symbol = broker->symbol_count++;
	broker->symbols[symbol] = (struct symbol_book){.listing = listing};
	for (int i = 0; i < broker->account_count; i++)
		start_slot(broker, broker->accounts[i], symbol);
	*ret_symbol = symbol;
	return 0;
}

static struct listing *listing_of(const struct broker *broker, int symbol)
{
	assert(symbol >= 0 && symbol < broker->symbol_count);
	return &broker->symbols[symbol].listing;
}

int broker_symbol_update(
	struct broker *broker, int symbol, const struct rules *rules, struct err *err)
{
	struct listing *listing = listing_of(broker, symbol);
	struct listing update = *listing;
	if (strcmp(rules->symbol, listing->rules.symbol) != 0 ||
		!decimal_is_valid(rules->tick_size) || !decimal_is_valid(rules->lot_size) ||
		!decimal_equal(rules->tick_size, listing->rules.tick_size) ||
		!decimal_equal(rules->lot_size, listing->rules.lot_size))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"symbol %s: name, tick_size and lot_size cannot change",
			listing->rules.symbol);
	if (listing_build(rules, &listing->fees, &update, err) == -1)
		return -1;
	*listing = update;
	return 0;
}

int broker_symbol(const struct broker *broker, const char *name)
{
	for (int i = 0; i < broker->symbol_count; i++)
		if (strcmp(broker->symbols[i].listing.rules.symbol, name) == 0)
			return i;
	return -1;
}

const struct rules *broker_rules(const struct broker *broker, int symbol)
{
	return &listing_of(broker, symbol)->rules;
}

struct broker_fees broker_fees(const struct broker *broker, int symbol)
{
	return listing_of(broker, symbol)->fees;
}

int broker_symbol_count(const struct broker *broker)
{
	return broker->symbol_count;
}

int broker_account_add(struct broker *broker, enum margin_mode mode)
{
	int handle = broker->account_count++;
	broker->accounts = mem_grow(
		broker->accounts, (uint64_t)broker->account_count, sizeof(struct account_book *));
	struct account_book *account = mem_zero(1, sizeof *account);
	account->handle = handle;
	account->mode = mode;
	account->slots = mem_zero((uint64_t)broker->settings.symbols_max, sizeof *account->slots);
	broker->accounts[handle] = account;
	for (int symbol = 0; symbol < broker->symbol_count; symbol++)
		start_slot(broker, account, symbol);
	return handle;
}

int broker_account_count(const struct broker *broker)
{
	return broker->account_count;
}

/* ---- the market ----------------------------------------------------------------------------- */

static void advance(struct broker *broker, int64_t time_ms)
{
	assert(time_ms >= broker->time_ms);
	broker->time_ms = time_ms;
}

int broker_price(
	struct broker *broker, int symbol, const struct broker_price *price, struct err *err)
{
	struct listing *listing = listing_of(broker, symbol);
	struct listing_price read;
	if (listing_read_price(listing, price, &read, err) == -1)
		return -1;
	advance(broker, price->time_ms);
	listing->price = read;
	listing->priced = true;
	listing->time_ms = price->time_ms;
	broker->price_event++;
	matching_queue(broker);
	matching_price(broker, symbol);
	return 0;
}

void broker_step(struct broker *broker, int64_t time_ms)
{
	advance(broker, time_ms);
	matching_queue(broker);
}

bool broker_due(const struct broker *broker, int64_t *ret_effect_ms)
{
	if (!broker->queue_first)
		return false;
	*ret_effect_ms = broker->queue_first->effect_ms;
	return true;
}

int broker_funding(
	struct broker *broker, int symbol, int64_t time_ms, struct decimal rate, struct err *err)
{
	const struct listing *listing = listing_of(broker, symbol);
	int64_t rate_fixed;
	if (!listing->priced)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s has no price yet",
			listing->rules.symbol);
	if (!decimal_is_valid(rate) || !fixed_exact(rate, FIXED_RATE_PLACES, &rate_fixed) ||
		rate_fixed > FIXED_RATE_ONE / 10 || rate_fixed < -FIXED_RATE_ONE / 10)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"funding rate of %s is out of range", listing->rules.symbol);
	advance(broker, time_ms);
	matching_funding(broker, symbol, rate, rate_fixed);
	return 0;
}

bool broker_last_price(const struct broker *broker, int symbol, struct broker_price *ret)
{
	const struct listing *listing = listing_of(broker, symbol);
	if (!listing->priced)
		return false;
	*ret = (struct broker_price){
		.time_ms = listing->time_ms,
		.last = listing_price_decimal(listing, listing->price.last),
		.mark = listing_price_decimal(listing, listing->price.mark),
		.bid = listing_price_decimal(listing, listing->price.bid),
		.ask = listing_price_decimal(listing, listing->price.ask),
		.period_ms = listing->price.period_ms,
		.volume = listing_quantity_decimal(listing, listing->price.volume),
	};
	return true;
}

/* ---- orders --------------------------------------------------------------------------------- */

static struct slot *find_slot(
	const struct broker *broker, int account, const char *symbol_name, struct err *err)
{
	int symbol = broker_symbol(broker, symbol_name);
	if (symbol == -1) {
		(void)vetting_refuse(err, BROKER_REFUSED_NOT_TRADING, symbol_name);
		return NULL;
	}
	return model_slot(broker, account, symbol);
}

/* Margin and risk of an order that is linked already; conditional ones wait for their turn. */
static int check_cover(const struct broker *broker, const struct record *record, struct err *err)
{
	if (record->conditional || record->reduce_only)
		return 0;
	if (!margin_within_risk(broker, record))
		return vetting_refuse(err, BROKER_REFUSED_RISK_LIMIT, record->request.symbol);
	if (!margin_covers(broker, record))
		return vetting_refuse(err, BROKER_REFUSED_MARGIN, record->request.symbol);
	return 0;
}

static void accept(struct record *record, const struct record *plan, int64_t now_ms)
{
	record->request = plan->request;
	record->leg = plan->leg;
	record->market = plan->market;
	record->conditional = plan->conditional;
	record->close_all = plan->close_all;
	record->reduce_only = plan->reduce_only;
	record->lots = plan->lots;
	record->price = plan->price;
	record->trigger = plan->trigger;
	record->reserve = plan->reserve;
	record->status = plan->conditional ? ORDER_STATUS_UNTRIGGERED : ORDER_STATUS_OPEN;
	record->pending = true;
	record->created_ms = record->updated_ms = now_ms;
}

static int place(struct broker *broker, int account, const struct order_request *request,
	bool id_may_repeat, int64_t effect_ms, struct order *ret_order, struct err *err)
{
	struct slot *slot = find_slot(broker, account, request->symbol, err);
	struct record plan = {0};
	if (!slot || vetting_place(broker, slot, request, id_may_repeat, &plan, err) == -1)
		return -1;

	struct record *record = roster_add(broker, slot);
	accept(record, &plan, broker->time_ms);
	roster_activity(broker, slot);
	if (check_cover(broker, record, err) == -1) {
		roster_withdraw(broker, record);
		roster_activity(broker, slot);
		return -1;
	}
	roster_name(broker, record);
	(void)roster_enqueue(broker, COMMAND_PLACE, record, effect_ms);
	notice_order(broker, BROKER_EVENT_ACCEPTED, record, BROKER_REASON_NONE);
	notice_order_view(broker, record, ret_order);
	return 0;
}

int broker_place(struct broker *broker, int account, const struct order_request *request,
	int64_t effect_ms, struct order *ret_order, struct err *err)
{
	return place(broker, account, request, false, effect_ms, ret_order, err);
}

int broker_place_again(struct broker *broker, int account, const struct order_request *request,
	int64_t effect_ms, struct order *ret_order, struct err *err)
{
	return place(broker, account, request, true, effect_ms, ret_order, err);
}

uint64_t broker_id_number(const char *id)
{
	return roster_id_number(id);
}

static struct record *find_live(
	const struct broker *broker, int account, const char *id, struct err *err)
{
	(void)model_account(broker, account);
	struct record *record = roster_find(broker, account, id);
	if (record && model_live(record))
		return record;
	(void)vetting_refuse(err, BROKER_REFUSED_NO_ORDER, "");
	return NULL;
}

int broker_amend(struct broker *broker, int account, const char *id,
	const struct broker_amend *amend, int64_t effect_ms, struct err *err)
{
	struct record *record = find_live(broker, account, id, err);
	struct record wanted;
	enum broker_reason reason;
	if (!record || vetting_amend(broker, record, amend, &wanted, err) == -1 ||
		(amend->has_trigger_price && vetting_trigger(broker, &wanted, err) == -1))
		return -1;
	if (!matching_amend_fits(broker, record, &wanted, &reason))
		return vetting_refuse(err,
			reason == BROKER_REASON_MARGIN        ? BROKER_REFUSED_MARGIN
			: reason == BROKER_REASON_RISK_LIMIT  ? BROKER_REFUSED_RISK_LIMIT
			: reason == BROKER_REASON_REDUCE_ONLY ? BROKER_REFUSED_FLAT
							      : BROKER_REFUSED_NOT_TRADING,
			record->request.symbol);
	roster_enqueue(broker, COMMAND_AMEND, record, effect_ms)->wanted = *amend;
	return 0;
}

int broker_cancel(
	struct broker *broker, int account, const char *id, int64_t effect_ms, struct err *err)
{
	struct record *record = find_live(broker, account, id, err);
	if (!record)
		return -1;
	(void)roster_enqueue(broker, COMMAND_CANCEL, record, effect_ms);
	return 0;
}

/* ---- settings of an account ----------------------------------------------------------------- */

static bool read_leverage(const struct listing *listing, struct decimal value, int64_t *ret)
{
	return decimal_is_valid(value) && fixed_exact(value, FIXED_LEVERAGE_PLACES, ret) &&
	       *ret >= FIXED_LEVERAGE_ONE && *ret <= listing->leverage_max;
}

/* Value held and asked for in a direction must stay inside the tier of the new leverage. */
static bool leverage_within_risk(const struct broker *broker, const struct slot *slot)
{
	const struct listing *listing = model_listing(broker, slot);
	for (int leg = 0; leg < POSITIONS_MAX; leg++) {
		int64_t lots = model_abs(slot->legs[leg].lots);
		money value = listing_value(listing, lots, listing->price.mark);
		if (value > listing_value_max(listing, margin_leverage(slot, leg)))
			return false;
	}
	for (const struct record *record = slot->first; record; record = record->after)
		if (!margin_within_risk(broker, record))
			return false;
	return true;
}

static void allot_margin(struct slot *slot)
{
	if (!model_isolated(slot))
		return;
	for (int leg = 0; leg < POSITIONS_MAX; leg++)
		slot->legs[leg].margin = listing_initial(
			slot->legs[leg].cost, margin_leverage(slot, leg));
}

static bool survives(const struct broker *broker, const struct slot *slot)
{
	int64_t mark = model_listing(broker, slot)->price.mark;
	for (int leg = 0; leg < POSITIONS_MAX; leg++)
		if (slot->legs[leg].lots != 0 && margin_excess(broker, slot, leg, mark) <= 0)
			return false;
	return true;
}

static enum broker_refusal check_leverage(
	const struct broker *broker, const struct slot *slot, money available_before)
{
	if (!slot->active)
		return BROKER_REFUSED_NOTHING;
	if (!leverage_within_risk(broker, slot))
		return BROKER_REFUSED_RISK_LIMIT;
	money available = margin_available(broker, broker->accounts[slot->account]);
	if ((available < 0 && available < available_before) || !survives(broker, slot))
		return BROKER_REFUSED_MARGIN;
	return BROKER_REFUSED_NOTHING;
}

int broker_set_leverage(struct broker *broker, int account, int symbol, struct decimal buy,
	struct decimal sell, struct err *err)
{
	struct slot *slot = model_slot(broker, account, symbol);
	const struct listing *listing = model_listing(broker, slot);
	bool may_differ = slot->mode == POSITION_HEDGE && model_isolated(slot);
	int64_t wanted[2];
	if (!read_leverage(listing, buy, &wanted[SIDE_BUY]) ||
		!read_leverage(listing, sell, &wanted[SIDE_SELL]) ||
		(wanted[SIDE_BUY] != wanted[SIDE_SELL] && !may_differ))
		return vetting_refuse(err, BROKER_REFUSED_LEVERAGE, listing->rules.symbol);
	if (memcmp(wanted, slot->leverage, sizeof wanted) == 0)
		return vetting_refuse(err, BROKER_REFUSED_UNCHANGED, listing->rules.symbol);

	struct slot before = *slot;
	money available_before = margin_available(broker, broker->accounts[account]);
	memcpy(slot->leverage, wanted, sizeof wanted);
	allot_margin(slot);
	enum broker_refusal refusal = check_leverage(broker, slot, available_before);
	if (refusal == BROKER_REFUSED_NOTHING)
		return 0;
	*slot = before;
	return vetting_refuse(err, refusal, listing->rules.symbol);
}

static enum broker_refusal check_idle(const struct slot *slot)
{
	if (slot->legs[0].lots != 0 || slot->legs[1].lots != 0)
		return BROKER_REFUSED_HAS_POSITION;
	return slot->first ? BROKER_REFUSED_HAS_ORDERS : BROKER_REFUSED_NOTHING;
}

struct symbols { /* from from up to but not to */
	int from, to;
};

static struct symbols symbols_of(const struct broker *broker, int symbol)
{
	assert(symbol >= -1 && symbol < broker->symbol_count);
	return symbol == -1 ? (struct symbols){0, broker->symbol_count}
			    : (struct symbols){symbol, symbol + 1};
}

/* Modes change only where nothing is held and nothing is asked. */
static int check_all_idle(const struct broker *broker, const struct account_book *book,
	struct symbols symbols, struct err *err)
{
	for (int symbol = symbols.from; symbol < symbols.to; symbol++) {
		enum broker_refusal refusal = check_idle(&book->slots[symbol]);
		if (refusal != BROKER_REFUSED_NOTHING)
			return vetting_refuse(
				err, refusal, broker->symbols[symbol].listing.rules.symbol);
	}
	return 0;
}

int broker_set_position_mode(
	struct broker *broker, int account, int symbol, enum position_mode mode, struct err *err)
{
	struct account_book *book = model_account(broker, account);
	struct symbols symbols = symbols_of(broker, symbol);
	bool same = true;
	for (int i = symbols.from; i < symbols.to; i++)
		same &= book->slots[i].mode == mode;
	if (same)
		return vetting_refuse(err, BROKER_REFUSED_UNCHANGED, "");
	if (check_all_idle(broker, book, symbols, err) == -1)
		return -1;
	for (int i = symbols.from; i < symbols.to; i++) {
		book->slots[i].mode = mode;
		book->slots[i].leverage[SIDE_SELL] = book->slots[i].leverage[SIDE_BUY];
	}
	return 0;
}

int broker_set_margin_mode(
	struct broker *broker, int account, int symbol, enum margin_mode mode, struct err *err)
{
	struct account_book *book = model_account(broker, account);
	struct symbols symbols = symbols_of(broker, symbol);
	bool same = symbol != -1 || book->mode == mode;
	for (int i = symbols.from; i < symbols.to; i++)
		same &= book->slots[i].margin == mode;
	if (same)
		return vetting_refuse(err, BROKER_REFUSED_UNCHANGED, "");
	if (check_all_idle(broker, book, symbols, err) == -1) {
		err->code = ERR_FILTER; /* the account's state, not a request in the wrong mode */
		return -1;
	}
	if (symbol == -1)
		book->mode = mode;
	for (int i = symbols.from; i < symbols.to; i++) {
		book->slots[i].margin = mode;
		book->slots[i].leverage[SIDE_SELL] = book->slots[i].leverage[SIDE_BUY];
	}
	return 0;
}

/* ---- what happens to a trader --------------------------------------------------------------- */

static int read_amount(struct decimal amount, int64_t *ret, struct err *err)
{
	if (!decimal_is_valid(amount) || !fixed_exact(amount, FIXED_PLACES, ret) || *ret <= 0 ||
		*ret > FIXED_AMOUNT_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"amount is not a positive multiple of 0.00000001 up to 10000000000");
	return 0;
}

static void transfer(
	struct broker *broker, struct account_book *account, money amount, int64_t time_ms)
{
	advance(broker, time_ms);
	account->wallet += amount;
	account->deposits += amount;
	notice_transfer(broker, account->handle, amount);
}

int broker_deposit(
	struct broker *broker, int account, struct decimal amount, int64_t time_ms, struct err *err)
{
	int64_t units = 0;
	if (read_amount(amount, &units, err) == -1)
		return -1;
	transfer(broker, model_account(broker, account), units, time_ms);
	return 0;
}

int broker_withdraw(
	struct broker *broker, int account, struct decimal amount, int64_t time_ms, struct err *err)
{
	struct account_book *book = model_account(broker, account);
	int64_t units = 0;
	if (read_amount(amount, &units, err) == -1)
		return -1;
	if (units > margin_available(broker, book))
		return vetting_refuse(err, BROKER_REFUSED_MARGIN, "");
	transfer(broker, book, -(money)units, time_ms);
	return 0;
}

int broker_force(struct broker *broker, const struct broker_forced *forced, struct err *err)
{
	struct slot *slot = model_slot(broker, forced->account, forced->symbol);
	const struct listing *listing = model_listing(broker, slot);
	const char *name = listing->rules.symbol;
	int leg = forced->leg == LEG_SHORT ? 1 : 0;
	int64_t lots, ticks;
	assert(forced->kind == FILL_ADL || forced->kind == FILL_SETTLEMENT);
	if (model_leg(slot, leg) != forced->leg)
		return vetting_refuse(err, BROKER_REFUSED_LEG, name);
	if (!listing_ticks(listing, forced->price, &ticks) || ticks <= 0 ||
		ticks > LISTING_INTEGER_MAX)
		return vetting_refuse(err, BROKER_REFUSED_PRICE, name);
	if (!listing_lots(listing, forced->quantity, &lots) || lots <= 0)
		return vetting_refuse(err, BROKER_REFUSED_QUANTITY, name);
	int64_t held = model_abs(slot->legs[leg].lots);
	if (held == 0)
		return vetting_refuse(err, BROKER_REFUSED_FLAT, name);
	advance(broker, forced->time_ms);
	matching_force(broker, slot, leg, forced->kind, lots < held ? lots : held, ticks);
	return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct broker_balance broker_balance(const struct broker *broker, int account)
{
	const struct account_book *book = model_account(broker, account);
	struct margin_totals totals = margin_totals(broker, book);
	return (struct broker_balance){
		.balance =
			{
				.wallet = fixed_money(book->wallet),
				.equity = fixed_money(book->wallet + totals.unrealised),
				.available = fixed_money(totals.free > 0 ? totals.free : 0),
			},
		.unrealised = fixed_money(totals.unrealised),
		.position_margin = fixed_money(totals.position),
		.order_margin = fixed_money(totals.order),
		.maintenance_margin = fixed_money(totals.maintenance),
		.deposits = fixed_money(book->deposits),
		.realised = fixed_money(book->realised),
		.fees = fixed_money(book->fees),
		.funding = fixed_money(book->funding),
	};
}

enum margin_mode broker_margin_mode(const struct broker *broker, int account)
{
	return model_account(broker, account)->mode;
}

struct broker_symbol_state broker_symbol_state(const struct broker *broker, int account, int symbol)
{
	const struct slot *slot = model_slot(broker, account, symbol);
	return (struct broker_symbol_state){
		.mode = slot->mode,
		.margin = slot->margin,
		.buy_leverage = decimal_scaled(slot->leverage[SIDE_BUY], FIXED_LEVERAGE_PLACES),
		.sell_leverage = decimal_scaled(slot->leverage[SIDE_SELL], FIXED_LEVERAGE_PLACES),
	};
}

static struct decimal average_of(const struct listing *listing, const struct holding *holding)
{
	if (holding->lots == 0)
		return DECIMAL_ZERO;
	return decimal_div(fixed_money(holding->cost),
		listing_quantity_decimal(listing, model_abs(holding->lots)), BROKER_AVERAGE_SCALE,
		ROUND_HALF_UP);
}

static struct position position_of(const struct broker *broker, const struct slot *slot, int leg)
{
	const struct listing *listing = model_listing(broker, slot);
	const struct holding *holding = &slot->legs[leg];
	int64_t mark = listing->priced ? listing->price.mark : 0;
	money value = listing_value(listing, model_abs(holding->lots), mark);
	bool held = holding->lots != 0;
	bool sold = holding->lots < 0 || (!held && leg == 1);
	int64_t liquidation = 0;
	bool known = margin_liquidation(broker, slot, leg, &liquidation);

	return (struct position){
		.leg = model_leg(slot, leg),
		.side = sold ? SIDE_SELL : SIDE_BUY,
		.quantity = listing_quantity_decimal(listing, model_abs(holding->lots)),
		.average = average_of(listing, holding),
		.mark = listing_price_decimal(listing, mark),
		.unrealised = fixed_money(margin_unrealised(listing, holding, mark)),
		.initial_margin = fixed_money(margin_position(broker, slot, leg)),
		.maintenance_margin = fixed_money(held ? listing_maintenance(listing, value) : 0),
		.leverage = decimal_scaled(margin_leverage(slot, leg), FIXED_LEVERAGE_PLACES),
		.liquidation_known = known,
		.liquidation = listing_price_decimal(listing, liquidation),
		.updated_ms = holding->updated_ms,
	};
}

size_t broker_positions(const struct broker *broker, int account, int symbol,
	struct position ret_positions[POSITIONS_MAX])
{
	const struct slot *slot = model_slot(broker, account, symbol);
	int count = model_leg_count(slot);
	for (int leg = 0; leg < count; leg++)
		ret_positions[leg] = position_of(broker, slot, leg);
	return (size_t)count;
}

struct broker_position_extra broker_position_extra(
	const struct broker *broker, int account, int symbol, enum leg leg)
{
	const struct slot *slot = model_slot(broker, account, symbol);
	const struct listing *listing = model_listing(broker, slot);
	const struct holding *holding = &slot->legs[leg == LEG_SHORT ? 1 : 0];
	return (struct broker_position_extra){
		.value = fixed_money(
			listing_value(listing, model_abs(holding->lots), listing->price.mark)),
		.realised = fixed_money(holding->realised),
		.realised_total = fixed_money(holding->realised_total),
	};
}

static void view_order(
	const struct broker *broker, const struct record *record, struct broker_order *ret)
{
	notice_order_view(broker, record, &ret->order);
	ret->request = record->request;
	ret->reason = record->reason;
	ret->pending = record->pending;
	ret->triggered = record->triggered;
	ret->fee = fixed_money(record->fee);
}

bool broker_order(
	const struct broker *broker, int account, const char *id, struct broker_order *ret)
{
	(void)model_account(broker, account);
	const struct record *record = roster_find(broker, account, id);
	if (!record)
		return false;
	view_order(broker, record, ret);
	return true;
}

/* Slots hold their orders oldest first; across symbols the next oldest is picked each time. */
static const struct record *next_order(
	const struct broker *broker, const struct account_book *account, int symbol, uint64_t after)
{
	const struct record *next = NULL;
	int from = symbol == -1 ? 0 : symbol;
	int to = symbol == -1 ? broker->symbol_count : symbol + 1;
	for (int i = from; i < to; i++) {
		const struct record *record = account->slots[i].first;
		while (record && (record->number <= after || !model_live(record)))
			record = record->after;
		if (record && (!next || record->number < next->number))
			next = record;
	}
	return next;
}

void broker_orders(
	const struct broker *broker, int account, int symbol, broker_visit *visit, void *context)
{
	const struct account_book *book = model_account(broker, account);
	assert(symbol >= -1 && symbol < broker->symbol_count);
	uint64_t number = 0;
	for (const struct record *record; (record = next_order(broker, book, symbol, number));) {
		struct broker_order view;
		view_order(broker, record, &view);
		number = record->number;
		if (!visit(context, &view))
			return;
	}
}
