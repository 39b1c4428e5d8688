#include "simulator/desk.h"

#include "simulator/venue.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- carrying out --------------------------------------------------------------------------- */

static int place(
	struct venue *venue, const struct deed *deed, struct order *ret_order, struct err *err)
{
	struct order_request request = deed->request;

	(void)snprintf(request.symbol, sizeof request.symbol, "%s",
		venue->instruments[deed->symbol].rules.symbol);
	if (deed->id_may_repeat)
		return broker_place_again(venue->broker, (int)deed->account, &request,
			deed->effect_ms, ret_order, err);
	return broker_place(
		venue->broker, (int)deed->account, &request, deed->effect_ms, ret_order, err);
}

static int transfer(struct venue *venue, const struct deed *deed, struct err *err)
{
	int account = (int)deed->account;

	if (decimal_sign(deed->amount) < 0)
		return broker_withdraw(
			venue->broker, account, decimal_neg(deed->amount), venue->server_ms, err);
	return broker_deposit(venue->broker, account, deed->amount, venue->server_ms, err);
}

static int force(struct venue *venue, const struct deed *deed, struct err *err)
{
	return broker_force(venue->broker,
		&(struct broker_forced){.account = (int)deed->account,
			.symbol = (int)deed->symbol,
			.leg = deed->leg,
			.kind = deed->fill_kind,
			.quantity = deed->amount,
			.price = deed->second,
			.time_ms = venue->server_ms},
		err);
}

/* Nobody quotes here: a taker buys one tick above the last price and sells at it. */
static int set_price(struct venue *venue, size_t symbol, struct decimal last, struct decimal mark,
	struct err *err)
{
	const struct market_quote *quote = market_quote(venue->market, symbol);

	return broker_price(venue->broker, (int)symbol,
		&(struct broker_price){.time_ms = venue->server_ms,
			.last = last,
			.mark = mark,
			.bid = last,
			.ask = decimal_add(last, venue->instruments[symbol].rules.tick_size),
			.period_ms = quote->minute_ms,
			.volume = quote->volume},
		err);
}

static int pay_funding(struct venue *venue, size_t symbol, struct decimal rate, struct err *err)
{
	struct broker_price price;

	if (broker_funding(venue->broker, (int)symbol, venue->server_ms, rate, err) == -1)
		return -1;
	(void)broker_last_price(venue->broker, (int)symbol, &price);
	if (venue->rate_count == venue->rate_room) {
		venue->rate_room = venue->rate_room == 0 ? 64 : venue->rate_room * 2;
		venue->rates = mem_grow(venue->rates, venue->rate_room, sizeof venue->rates[0]);
	}
	venue->rates[venue->rate_count++] = (struct venue_rate){
		.symbol = symbol, .paid_ms = venue->server_ms, .rate = rate, .mark = price.mark};
	return 0;
}

/* The market's first step was taken when it was made. */
static int step(struct venue *venue, const struct deed *deed, struct err *err)
{
	if (deed->step != 0)
		market_take_step(venue->market);
	for (size_t i = 0; i < venue->instrument_count; i++) {
		const struct market_quote *quote = market_quote(venue->market, i);
		if (set_price(venue, i, quote->last, quote->mark, err) == -1 ||
			(quote->funding_now &&
				pay_funding(venue, i, quote->funding_rate, err) == -1))
			return -1;
	}
	return 0;
}

static int add_symbol(struct venue *venue, const struct deed *deed, struct err *err)
{
	size_t index = (size_t)broker_symbol_count(venue->broker);
	int symbol;

	if (index >= venue->instrument_count ||
		strcmp(venue->instruments[index].rules.symbol, deed->name) != 0 ||
		venue_fingerprint(venue, index) != deed->fingerprint)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"it has symbol %s as number %zu, with other candles or rules than those "
			"given",
			deed->name, index + 1);
	return broker_symbol_add(venue->broker, &venue->instruments[index].rules,
		&venue->instruments[index].fees, &symbol, err);
}

static int add_account(struct venue *venue, const struct deed *deed, struct err *err)
{
	if (venue_admit(venue, deed->name, err) == -1)
		return -1;
	int account = broker_account_add(venue->broker, deed->margin_mode);
	if (decimal_is_zero(deed->amount))
		return 0;
	return broker_deposit(venue->broker, account, deed->amount, venue->server_ms, err);
}

static int carry_out(
	struct venue *venue, const struct deed *deed, struct order *ret_order, struct err *err)
{
	struct broker *broker = venue->broker;
	int account = (int)deed->account;
	int symbol = (int)deed->symbol;

	switch (deed->kind) {
	case DEED_OPEN: /* looked at before the broker could be made */
		return 0;
	case DEED_SYMBOL:
		return add_symbol(venue, deed, err);
	case DEED_ACCOUNT:
		return add_account(venue, deed, err);
	case DEED_CLOCK:
		market_set_clock(venue->market, deed->anchor_ms, venue->mono_ms, deed->speed_milli);
		return 0;
	case DEED_STEP:
		return step(venue, deed, err);
	case DEED_DUE:
		broker_step(broker, venue->server_ms);
		return 0;
	case DEED_PLACE:
		return place(venue, deed, ret_order, err);
	case DEED_AMEND:
		return broker_amend(
			broker, account, deed->order_id, &deed->amend, deed->effect_ms, err);
	case DEED_CANCEL:
		return broker_cancel(broker, account, deed->order_id, deed->effect_ms, err);
	case DEED_LEVERAGE:
		return broker_set_leverage(
			broker, account, symbol, deed->amount, deed->second, err);
	case DEED_POSITION_MODE:
		return broker_set_position_mode(broker, account, symbol, deed->position_mode, err);
	case DEED_MARGIN_MODE:
		return broker_set_margin_mode(broker, account, symbol, deed->margin_mode, err);
	case DEED_TRANSFER:
		return transfer(venue, deed, err);
	case DEED_PRICE:
		return set_price(venue, (size_t)symbol, deed->amount, deed->second, err);
	case DEED_FUNDING:
		return pay_funding(venue, (size_t)symbol, deed->amount, err);
	case DEED_FORCE:
		return force(venue, deed, err);
	case DEED_KINDS:
		break;
	}
	die("unrecognized deed %d", (int)deed->kind);
}

static bool takes_effect_later(const struct deed *deed)
{
	return deed->kind == DEED_PLACE || deed->kind == DEED_AMEND || deed->kind == DEED_CANCEL;
}

static int act(struct venue *venue, struct deed *deed, struct order *ret_order, struct err *err)
{
	deed->server_ms = venue->server_ms;
	deed->market_ms = venue->market_ms;
	if (carry_out(venue, deed, ret_order, err) == -1)
		return -1;
	if (takes_effect_later(deed)) {
		venue->asked++;
		(void)pthread_cond_signal(&venue->wake);
	}
	if (venue->journal != NULL)
		journal_add(venue->journal, deed);
	return 0;
}

/* What cannot be refused: the deed was made here from what the venue has. */
static void act_surely(struct venue *venue, struct deed *deed)
{
	struct err err;

	if (act(venue, deed, NULL, &err) == -1)
		die("the broker refused the venue itself: %s", err.message);
}

/* --- traders -------------------------------------------------------------------------------- */

/* When a request that is acknowledged now takes effect. */
static int64_t effect_ms(const struct venue *venue, unsigned how)
{
	uint64_t span = (uint64_t)(venue->match_delay_max_ms - venue->match_delay_min_ms) + 1;
	uint64_t dice = market_dice(venue->seed, venue->asked, 0);

	if ((how & DESK_AT_ONCE) != 0)
		return venue->server_ms;
	return venue->server_ms + venue->match_delay_min_ms + (int64_t)(dice % span);
}

static int ask(struct venue *venue, struct deed *deed, unsigned how, struct order *ret_order,
	struct err *err)
{
	deed->effect_ms = effect_ms(venue, how);
	if (act(venue, deed, ret_order, err) == -1)
		return -1;
	if ((how & DESK_AT_ONCE) != 0)
		desk_due(venue);
	return 0;
}

int desk_place(struct venue *venue, size_t account, const struct order_request *request,
	unsigned how, struct order *ret_order, struct err *err)
{
	struct deed deed = {.kind = DEED_PLACE,
		.account = (int64_t)account,
		.symbol = broker_symbol(venue->broker, request->symbol),
		.id_may_repeat = (how & DESK_ID_MAY_REPEAT) != 0,
		.request = *request};

	assert(deed.symbol >= 0);
	return ask(venue, &deed, how, ret_order, err);
}

int desk_amend(struct venue *venue, size_t account, const char *order_id,
	const struct broker_amend *amend, unsigned how, struct err *err)
{
	struct deed deed = {.kind = DEED_AMEND, .account = (int64_t)account, .amend = *amend};

	(void)snprintf(deed.order_id, sizeof deed.order_id, "%s", order_id);
	return ask(venue, &deed, how, NULL, err);
}

int desk_cancel(
	struct venue *venue, size_t account, const char *order_id, unsigned how, struct err *err)
{
	struct deed deed = {.kind = DEED_CANCEL, .account = (int64_t)account};

	(void)snprintf(deed.order_id, sizeof deed.order_id, "%s", order_id);
	return ask(venue, &deed, how, NULL, err);
}

int desk_leverage(struct venue *venue, size_t account, int symbol, struct decimal buy,
	struct decimal sell, struct err *err)
{
	struct deed deed = {.kind = DEED_LEVERAGE,
		.account = (int64_t)account,
		.symbol = symbol,
		.amount = buy,
		.second = sell};

	return act(venue, &deed, NULL, err);
}

int desk_position_mode(
	struct venue *venue, size_t account, int symbol, enum position_mode mode, struct err *err)
{
	struct deed deed = {.kind = DEED_POSITION_MODE,
		.account = (int64_t)account,
		.symbol = symbol,
		.position_mode = mode};

	return act(venue, &deed, NULL, err);
}

int desk_margin_mode(
	struct venue *venue, size_t account, int symbol, enum margin_mode mode, struct err *err)
{
	struct deed deed = {.kind = DEED_MARGIN_MODE,
		.account = (int64_t)account,
		.symbol = symbol,
		.margin_mode = mode};

	return act(venue, &deed, NULL, err);
}

/* --- the operator --------------------------------------------------------------------------- */

int desk_transfer(struct venue *venue, size_t account, struct decimal amount, struct err *err)
{
	struct deed deed = {.kind = DEED_TRANSFER, .account = (int64_t)account, .amount = amount};

	return act(venue, &deed, NULL, err);
}

int desk_price(struct venue *venue, size_t symbol, struct decimal last, struct decimal mark,
	struct err *err)
{
	struct deed deed = {
		.kind = DEED_PRICE, .symbol = (int64_t)symbol, .amount = last, .second = mark};

	return act(venue, &deed, NULL, err);
}

int desk_funding(struct venue *venue, size_t symbol, struct decimal rate, struct err *err)
{
	struct deed deed = {.kind = DEED_FUNDING, .symbol = (int64_t)symbol, .amount = rate};

	return act(venue, &deed, NULL, err);
}

int desk_force(struct venue *venue, const struct broker_forced *forced, struct err *err)
{
	struct deed deed = {.kind = DEED_FORCE,
		.account = forced->account,
		.symbol = forced->symbol,
		.leg = forced->leg,
		.fill_kind = forced->kind,
		.amount = forced->quantity,
		.second = forced->price};

	return act(venue, &deed, NULL, err);
}

void desk_clock(struct venue *venue, int64_t skip_ms, int64_t speed_milli)
{
	int64_t now_ms = market_clock_ms(venue->market, venue->mono_ms);
	int64_t end_ms = market_end_ms(venue->market);
	struct deed deed = {.kind = DEED_CLOCK,
		.anchor_ms = skip_ms > end_ms - now_ms ? end_ms : now_ms + skip_ms,
		.speed_milli = speed_milli};

	act_surely(venue, &deed);
}

/* --- time, and the first start -------------------------------------------------------------- */

void desk_step(struct venue *venue)
{
	struct deed deed = {.kind = DEED_STEP, .step = market_step_number(venue->market) + 1};

	venue->market_ms = market_step_ms(venue->market) + MARKET_STEP_MS;
	act_surely(venue, &deed);
}

void desk_due(struct venue *venue)
{
	struct deed deed = {.kind = DEED_DUE};

	act_surely(venue, &deed);
}

int desk_begin(struct venue *venue, const struct deed *deed, struct err *err)
{
	struct deed copy = *deed;

	return act(venue, &copy, NULL, err);
}

/* --- after a crash -------------------------------------------------------------------------- */

static int check_repeat(const struct venue *venue, const struct deed *deed, struct err *err)
{
	bool for_all = deed->kind == DEED_MARGIN_MODE || deed->kind == DEED_POSITION_MODE;

	if (deed->server_ms < venue->server_ms)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "time goes back");
	if (deed->kind >= DEED_PLACE &&
		(deed->account < 0 || deed->account >= broker_account_count(venue->broker) ||
			deed->symbol < (for_all ? -1 : 0) ||
			deed->symbol >= broker_symbol_count(venue->broker)))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"there is no account %" PRId64 " or symbol %" PRId64, deed->account,
			deed->symbol);
	if (deed->kind == DEED_STEP && deed->step != 0 &&
		(deed->step != market_step_number(venue->market) + 1 ||
			market_halted(venue->market)))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"step %" PRId64 " of the market does not follow step %" PRId64, deed->step,
			market_step_number(venue->market));
	return 0;
}

int desk_repeat(struct venue *venue, const struct deed *deed, struct err *err)
{
	struct order order;

	if (check_repeat(venue, deed, err) == -1)
		return -1;
	venue->server_ms = deed->server_ms;
	venue->market_ms = deed->market_ms;
	venue->mono_ms = deed->server_ms; /* until the market is moved to this boot's clock */
	if (carry_out(venue, deed, &order, err) == -1) {
		err->code = ERR_CONFIG;
		return -1;
	}
	venue->asked += takes_effect_later(deed) ? 1 : 0;
	return 0;
}
