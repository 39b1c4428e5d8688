#include "broker/vetting.h"

#include "broker/roster.h"

#include <string.h>

struct refusal {
	enum err_code code;
	const char *name, *message;
};

static const struct refusal refusals[] = {
	[BROKER_REFUSED_NOTHING] = {ERR_NONE, "nothing", "nothing was refused"},
	[BROKER_REFUSED_NO_PRICE] = {ERR_MAINTENANCE, "no_price", "there is no price yet"},
	[BROKER_REFUSED_NOT_TRADING] = {ERR_MAINTENANCE, "not_trading", "symbol is not trading"},
	[BROKER_REFUSED_LEG] = {ERR_BUG, "leg", "leg does not match the position mode"},
	[BROKER_REFUSED_CLIENT_ID] = {ERR_DUPLICATE, "client_id",
		"client order id was used before"},
	[BROKER_REFUSED_PRICE] = {ERR_FILTER, "price",
		"price is not a positive multiple of the tick"},
	[BROKER_REFUSED_QUANTITY] = {ERR_FILTER, "quantity",
		"quantity is not a positive multiple of the lot"},
	[BROKER_REFUSED_TOO_SMALL] = {ERR_FILTER, "too_small", "quantity is below the minimum"},
	[BROKER_REFUSED_TOO_LARGE] = {ERR_FILTER, "too_large", "quantity is above the maximum"},
	[BROKER_REFUSED_NOTIONAL] = {ERR_FILTER, "notional", "order value is below the minimum"},
	[BROKER_REFUSED_TRIGGER] = {ERR_FILTER, "trigger",
		"trigger price is not a positive multiple of the tick"},
	[BROKER_REFUSED_TRIGGER_RISING] = {ERR_FILTER, "trigger_rising",
		"trigger expects a rising price and is not above the present one"},
	[BROKER_REFUSED_TRIGGER_FALLING] = {ERR_FILTER, "trigger_falling",
		"trigger expects a falling price and is not below the present one"},
	[BROKER_REFUSED_CONDITIONALS_MAX] = {ERR_FILTER, "conditionals_max",
		"too many conditional orders wait"},
	[BROKER_REFUSED_ORDERS_MAX] = {ERR_FILTER, "orders_max", "too many orders are working"},
	[BROKER_REFUSED_FLAT] = {ERR_FLAT, "flat", "position is zero, nothing to reduce"},
	[BROKER_REFUSED_REDUCE_SIDE] = {ERR_FILTER, "reduce_side",
		"reduce-only order has the side of the position"},
	[BROKER_REFUSED_MARGIN] = {ERR_MARGIN, "margin", "available balance is not enough"},
	[BROKER_REFUSED_RISK_LIMIT] = {ERR_FILTER, "risk_limit",
		"position would pass the limit of its leverage"},
	[BROKER_REFUSED_NO_ORDER] = {ERR_NO_ORDER, "no_order", "order does not exist or is closed"},
	[BROKER_REFUSED_AMEND_FILLED] = {ERR_FILTER, "amend_filled",
		"new quantity is not above what is filled"},
	[BROKER_REFUSED_AMEND_FIELD] = {ERR_FILTER, "amend_field", "order has no such field"},
	[BROKER_REFUSED_UNCHANGED] = {ERR_NO_CHANGE, "unchanged", "nothing would change"},
	[BROKER_REFUSED_LEVERAGE] = {ERR_FILTER, "leverage",
		"leverage is out of range, or its sides differ"},
	[BROKER_REFUSED_HAS_POSITION] = {ERR_BUG, "has_position", "there is a position"},
	[BROKER_REFUSED_HAS_ORDERS] = {ERR_BUG, "has_orders", "there are open orders"},
};

int vetting_refuse(struct err *err, enum broker_refusal refusal, const char *symbol)
{
	const struct refusal *entry = &refusals[refusal];
	enum err_retry retry = entry->code == ERR_MAINTENANCE ? ERR_RETRY_LATER : ERR_RETRY_NEVER;
	(void)err_set(
		err, entry->code, retry, "%s%s%s", symbol, symbol[0] ? ": " : "", entry->message);
	err->venue_code = (int64_t)refusal;
	return -1;
}

const char *vetting_refusal_name(enum broker_refusal refusal)
{
	assert((size_t)refusal < sizeof refusals / sizeof refusals[0]);
	return refusals[refusal].name;
}

int64_t vetting_reserve(const struct listing *listing, const struct record *record)
{
	const struct listing_price *price = &listing->price;
	if (record->request.side == SIDE_BUY)
		return record->market ? price->ask : record->price;
	/* A selling limit order below the bid is filled at the bid. */
	return record->market || record->price < price->bid ? price->bid : record->price;
}

/* ---- single checks; each gives the refusal or NOTHING --------------------------------------- */

static enum broker_refusal check_leg(
	const struct slot *slot, const struct order_request *request, struct record *ret)
{
	bool one_way = slot->mode == POSITION_ONE_WAY;
	if (one_way != (request->leg == LEG_ONE_WAY))
		return BROKER_REFUSED_LEG;
	ret->leg = request->leg == LEG_SHORT ? 1 : 0;
	bool closes = (request->leg == LEG_LONG && request->side == SIDE_SELL) ||
		      (request->leg == LEG_SHORT && request->side == SIDE_BUY);
	ret->reduce_only = closes || request->reduce_only || request->close_on_trigger;
	return BROKER_REFUSED_NOTHING;
}

static enum broker_refusal check_trigger_side(
	const struct listing *listing, const struct record *record)
{
	const struct order_request *request = &record->request;
	int64_t now = request->trigger_by == TRIGGER_MARK ? listing->price.mark
							  : listing->price.last;
	if (request->trigger_rising)
		return record->trigger > now ? BROKER_REFUSED_NOTHING
					     : BROKER_REFUSED_TRIGGER_RISING;
	return record->trigger < now ? BROKER_REFUSED_NOTHING : BROKER_REFUSED_TRIGGER_FALLING;
}

static enum broker_refusal check_prices(
	const struct listing *listing, const struct order_request *request, struct record *ret)
{
	ret->market = request->type != ORDER_LIMIT;
	if (!ret->market && (!listing_ticks(listing, request->price, &ret->price) ||
				    ret->price <= 0 || ret->price > LISTING_INTEGER_MAX))
		return BROKER_REFUSED_PRICE;
	bool has_trigger = decimal_is_valid(request->trigger_price) &&
			   !decimal_is_zero(request->trigger_price);
	ret->conditional = has_trigger || request->type == ORDER_STOP_MARKET;
	if (!ret->conditional)
		return BROKER_REFUSED_NOTHING;
	if (!has_trigger || !listing_ticks(listing, request->trigger_price, &ret->trigger) ||
		ret->trigger <= 0 || ret->trigger > LISTING_INTEGER_MAX)
		return BROKER_REFUSED_TRIGGER;
	return check_trigger_side(listing, ret);
}

static enum broker_refusal check_size(const struct listing *listing, const struct record *record)
{
	int64_t lots_max = record->market ? listing->market_max : listing->quantity_max;
	if (record->lots < listing->quantity_min && !record->reduce_only)
		return BROKER_REFUSED_TOO_SMALL;
	if (record->lots > lots_max)
		return BROKER_REFUSED_TOO_LARGE;
	int64_t price = vetting_reserve(listing, record);
	if (price < record->trigger)
		price = record->trigger;
	money value = listing_value(listing, record->lots, price);
	if (value > FIXED_AMOUNT_MAX)
		return BROKER_REFUSED_TOO_LARGE;
	if (value < listing->notional_min && !record->reduce_only)
		return BROKER_REFUSED_NOTIONAL;
	return BROKER_REFUSED_NOTHING;
}

static enum broker_refusal check_quantity(
	const struct listing *listing, const struct order_request *request, struct record *ret)
{
	if (!listing_lots(listing, request->quantity, &ret->lots) || ret->lots < 0)
		return BROKER_REFUSED_QUANTITY;
	if (ret->lots > 0)
		return check_size(listing, ret);
	ret->close_all = request->reduce_only && request->close_on_trigger && ret->market;
	return ret->close_all ? BROKER_REFUSED_NOTHING : BROKER_REFUSED_QUANTITY;
}

/* Trims a reduce-only order that does not wait for a trigger. */
static enum broker_refusal check_reduce(
	const struct listing *listing, const struct slot *slot, struct record *ret)
{
	if (!ret->reduce_only || ret->conditional)
		return BROKER_REFUSED_NOTHING;
	if (slot->legs[ret->leg].lots == 0)
		return BROKER_REFUSED_FLAT;
	int64_t closable = model_closable(slot, ret->leg, ret->request.side);
	if (closable == 0)
		return BROKER_REFUSED_REDUCE_SIDE;
	if (ret->close_all)
		ret->lots = listing->market_max;
	if (ret->lots > closable)
		ret->lots = closable;
	return BROKER_REFUSED_NOTHING;
}

static enum broker_refusal check_counts(
	const struct broker *broker, const struct slot *slot, bool conditional)
{
	int waiting = 0, working = 0;
	for (const struct record *record = slot->first; record; record = record->after) {
		waiting += model_live(record) && model_waits(record);
		working += model_live(record) && !model_waits(record);
	}
	if (conditional && waiting >= broker->settings.conditionals_max)
		return BROKER_REFUSED_CONDITIONALS_MAX;
	if (!conditional && working >= broker->settings.orders_max)
		return BROKER_REFUSED_ORDERS_MAX;
	return BROKER_REFUSED_NOTHING;
}

static enum broker_refusal check_place(const struct broker *broker, const struct slot *slot,
	const struct order_request *request, bool id_may_repeat, struct record *ret)
{
	const struct listing *listing = model_listing(broker, slot);
	enum broker_refusal refusal;

	if (!listing->rules.trading)
		return BROKER_REFUSED_NOT_TRADING;
	if (!listing->priced)
		return BROKER_REFUSED_NO_PRICE;
	if (roster_named(broker, slot->account, request->client_order_id, id_may_repeat))
		return BROKER_REFUSED_CLIENT_ID;
	ret->request = *request;
	if ((refusal = check_leg(slot, request, ret)) != BROKER_REFUSED_NOTHING)
		return refusal;
	if ((refusal = check_prices(listing, request, ret)) != BROKER_REFUSED_NOTHING)
		return refusal;
	if ((refusal = check_quantity(listing, request, ret)) != BROKER_REFUSED_NOTHING)
		return refusal;
	if ((refusal = check_reduce(listing, slot, ret)) != BROKER_REFUSED_NOTHING)
		return refusal;
	return check_counts(broker, slot, ret->conditional);
}

int vetting_place(const struct broker *broker, const struct slot *slot,
	const struct order_request *request, bool id_may_repeat, struct record *ret,
	struct err *err)
{
	enum broker_refusal refusal = check_place(broker, slot, request, id_may_repeat, ret);
	if (refusal != BROKER_REFUSED_NOTHING)
		return vetting_refuse(err, refusal, request->symbol);
	if (ret->conditional && ret->market)
		ret->request.type = ORDER_STOP_MARKET;
	ret->reserve = vetting_reserve(model_listing(broker, slot), ret);
	return 0;
}

/* ---- amend ---------------------------------------------------------------------------------- */

static enum broker_refusal read_amend(const struct listing *listing,
	const struct broker_amend *amend, const struct record *record, struct record *ret)
{
	if ((amend->has_price && record->market) ||
		(amend->has_trigger_price && !model_waits(record)) ||
		(amend->has_quantity && record->close_all))
		return BROKER_REFUSED_AMEND_FIELD;
	if (amend->has_price && (!listing_ticks(listing, amend->price, &ret->price) ||
					ret->price <= 0 || ret->price > LISTING_INTEGER_MAX))
		return BROKER_REFUSED_PRICE;
	if (amend->has_trigger_price &&
		(!listing_ticks(listing, amend->trigger_price, &ret->trigger) ||
			ret->trigger <= 0 || ret->trigger > LISTING_INTEGER_MAX))
		return BROKER_REFUSED_TRIGGER;
	if (amend->has_quantity &&
		(!listing_lots(listing, amend->quantity, &ret->lots) || ret->lots <= 0))
		return BROKER_REFUSED_QUANTITY;
	return BROKER_REFUSED_NOTHING;
}

static enum broker_refusal check_amend(const struct listing *listing,
	const struct broker_amend *amend, const struct record *record, struct record *ret)
{
	enum broker_refusal refusal = read_amend(listing, amend, record, ret);
	if (refusal != BROKER_REFUSED_NOTHING)
		return refusal;
	if (ret->lots == record->lots && ret->price == record->price &&
		ret->trigger == record->trigger)
		return BROKER_REFUSED_UNCHANGED;
	if (amend->has_quantity && ret->lots <= record->filled)
		return BROKER_REFUSED_AMEND_FILLED;
	return ret->close_all ? BROKER_REFUSED_NOTHING : check_size(listing, ret);
}

int vetting_amend(const struct broker *broker, const struct record *record,
	const struct broker_amend *amend, struct record *ret, struct err *err)
{
	const struct listing *listing = model_listing(broker, record->slot);
	*ret = *record;
	enum broker_refusal refusal = check_amend(listing, amend, record, ret);
	if (refusal != BROKER_REFUSED_NOTHING)
		return vetting_refuse(err, refusal, record->request.symbol);
	ret->reserve = vetting_reserve(listing, ret);
	return 0;
}

int vetting_trigger(const struct broker *broker, const struct record *record, struct err *err)
{
	if (!model_waits(record))
		return 0;
	enum broker_refusal refusal = check_trigger_side(
		model_listing(broker, record->slot), record);
	return refusal == BROKER_REFUSED_NOTHING
		       ? 0
		       : vetting_refuse(err, refusal, record->request.symbol);
}
