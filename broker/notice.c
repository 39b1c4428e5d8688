#include "broker/notice.h"

#include "broker/roster.h"

#include <stdio.h>
#include <string.h>

void notice_order_view(const struct broker *broker, const struct record *record, struct order *ret)
{
	const struct listing *listing = model_listing(broker, record->slot);
	const struct order_request *request = &record->request;

	*ret = (struct order){
		.side = request->side,
		.leg = model_leg(record->slot, record->leg),
		.type = request->type,
		.status = record->status,
		.quantity = listing_quantity_decimal(listing, record->lots),
		.price = listing_price_decimal(listing, record->price),
		.trigger_price = listing_price_decimal(listing, record->trigger),
		.filled = listing_quantity_decimal(listing, record->filled),
		.filled_value = fixed_money(record->filled_value),
		.reduce_only = record->reduce_only,
		.created_ms = record->created_ms,
		.updated_ms = record->updated_ms,
	};
	roster_order_id(broker, record, ret->venue_order_id);
	memcpy(ret->client_order_id, request->client_order_id, sizeof ret->client_order_id);
	memcpy(ret->symbol, request->symbol, sizeof ret->symbol);
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", broker_reason_text(record->reason));
}

static struct broker_event new_event(
	struct broker *broker, enum broker_event_kind kind, int account, int symbol)
{
	struct decimal zero = fixed_money(0);
	return (struct broker_event){
		.sequence = ++broker->sequence,
		.kind = kind,
		.time_ms = broker->time_ms,
		.account = account,
		.symbol = symbol,
		.leg = LEG_ONE_WAY,
		.cash_flow = zero,
		.fee = zero,
		.paid = zero,
		.change = zero,
		.wallet = fixed_money(broker->accounts[account]->wallet),
		.size_after = DECIMAL_ZERO,
		.closed_cost = zero,
		.closed_value = zero,
		.closed_open_fee = zero,
		.closing_fee = zero,
	};
}

static void tell(struct broker *broker, const struct broker_event *event)
{
	broker->settings.ledger(broker->settings.ledger_context, event);
}

/* The sequence counts whether somebody listens or not. */
static bool unheard(struct broker *broker)
{
	if (broker->settings.ledger)
		return false;
	broker->sequence++;
	return true;
}

void notice_order(struct broker *broker, enum broker_event_kind kind, const struct record *record,
	enum broker_reason reason)
{
	if (unheard(broker))
		return;
	const struct slot *slot = record->slot;
	struct order order;
	notice_order_view(broker, record, &order);
	struct broker_event event = new_event(broker, kind, slot->account, slot->symbol);
	event.reason = reason;
	event.leg = order.leg;
	event.order = &order;
	tell(broker, &event);
}

static void describe_fill(const struct broker *broker, const struct notice_fill *from,
	uint64_t number, struct fill *ret)
{
	const struct listing *listing = model_listing(broker, from->slot);

	*ret = (struct fill){
		.fee_currency = "USDT",
		.kind = from->kind,
		.side = from->side,
		.leg = model_leg(from->slot, from->leg),
		.quantity = listing_quantity_decimal(listing, from->lots),
		.price = listing_price_decimal(listing, from->ticks),
		.fee = fixed_money(from->fee),
		.liquidity = from->liquidity,
		.closed_quantity = listing_quantity_decimal(listing, from->change->closed_lots),
		.executed_ms = broker->time_ms,
	};
	roster_event_id(broker, number, ret->exec_id);
	memcpy(ret->symbol, listing->rules.symbol, sizeof ret->symbol);
	if (from->record) {
		roster_order_id(broker, from->record, ret->venue_order_id);
		memcpy(ret->client_order_id, from->record->request.client_order_id,
			sizeof ret->client_order_id);
	} else { /* the venue's own order, of which nobody keeps a record */
		(void)snprintf(ret->venue_order_id, sizeof ret->venue_order_id, "%s", ret->exec_id);
	}
}

void notice_fill(struct broker *broker, const struct notice_fill *from)
{
	uint64_t number = ++broker->execution;
	if (unheard(broker))
		return;
	const struct slot *slot = from->slot;
	const struct holding_change *change = from->change;
	const struct listing *listing = model_listing(broker, slot);
	struct order order;
	struct fill fill;
	describe_fill(broker, from, number, &fill);

	struct broker_event event = new_event(
		broker, BROKER_EVENT_FILL, slot->account, slot->symbol);
	event.leg = fill.leg;
	event.fill = &fill;
	if (from->record) {
		notice_order_view(broker, from->record, &order);
		event.order = &order;
	}
	event.cash_flow = fixed_money(change->cash_flow);
	event.fee = fixed_money(from->fee);
	event.change = fixed_money(change->cash_flow - from->fee);
	event.size_after = listing_quantity_decimal(listing, slot->legs[from->leg].lots);
	event.closed_cost = fixed_money(change->closed_cost);
	event.closed_value = fixed_money(change->closed_value);
	event.closed_open_fee = fixed_money(change->closed_open_fee);
	event.closing_fee = fixed_money(change->closing_fee);
	tell(broker, &event);
}

void notice_liquidation(struct broker *broker, const struct slot *slot, int leg)
{
	if (unheard(broker))
		return;
	struct broker_event event = new_event(
		broker, BROKER_EVENT_LIQUIDATION, slot->account, slot->symbol);
	event.leg = model_leg(slot, leg);
	event.reason = BROKER_REASON_LIQUIDATION;
	event.size_after = listing_quantity_decimal(
		model_listing(broker, slot), slot->legs[leg].lots);
	tell(broker, &event);
}

void notice_funding(
	struct broker *broker, const struct slot *slot, int leg, struct decimal rate, money paid)
{
	uint64_t number = ++broker->execution;
	if (unheard(broker))
		return;
	const struct listing *listing = model_listing(broker, slot);
	struct funding_payment payment = {
		.leg = model_leg(slot, leg),
		.amount = fixed_money(paid),
		.rate = rate,
		.quantity = listing_quantity_decimal(listing, model_abs(slot->legs[leg].lots)),
		.paid_ms = broker->time_ms,
	};
	roster_event_id(broker, number, payment.id);
	memcpy(payment.symbol, listing->rules.symbol, sizeof payment.symbol);

	struct broker_event event = new_event(
		broker, BROKER_EVENT_FUNDING, slot->account, slot->symbol);
	event.leg = payment.leg;
	event.funding = &payment;
	event.paid = payment.amount;
	event.change = payment.amount;
	event.size_after = listing_quantity_decimal(listing, slot->legs[leg].lots);
	tell(broker, &event);
}

void notice_transfer(struct broker *broker, int account, money amount)
{
	if (unheard(broker))
		return;
	struct broker_event event = new_event(broker, BROKER_EVENT_TRANSFER, account, -1);
	event.cash_flow = fixed_money(amount);
	event.change = event.cash_flow;
	tell(broker, &event);
}
