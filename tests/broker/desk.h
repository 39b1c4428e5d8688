/*
 * desk - one broker with one symbol, set up so that numbers can be worked by hand.
 *
 * BTCUSDT: tick 0.1, lot 0.001, maker 0.02 %, taker 0.055 %. Tiers (value up to, maintenance,
 * deduction, leverage): 100,000 0.5 % 0 100x; 500,000 1 % 500 50x; 2,000,000 2.5 % 8,000 20x.
 * Half of each period's volume can be taken, half can be got by resting orders.
 */
#ifndef TESTS_BROKER_DESK_H
#define TESTS_BROKER_DESK_H

#include "broker/broker.h"
#include "core/base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESK_EVENTS 256

struct desk_event { /* what a test looks at */
	enum broker_event_kind kind;
	enum broker_reason reason;
	char client_order_id[CLIENT_ID_SIZE];
	struct fill fill;
	struct broker_event event; /* its pointers are dead */
};

struct desk {
	struct broker *broker;
	int account, symbol;
	int64_t now_ms;
	int event_count;
	struct desk_event events[DESK_EVENTS];
};

static inline struct decimal D(const char *text) {
	return decimal_literal(text);
}

static inline bool
same(struct decimal value, const char *text)
{
	bool equal = decimal_is_valid(value) && decimal_equal(value, D(text));
	if (!equal)
		fprintf(stderr, "is %s, should be %s\n", DECIMAL_TEXT(value), text);
	return equal;
}

static inline void desk_listen(void *context, const struct broker_event *event)
{
	struct desk *desk = context;
	if (desk->event_count == DESK_EVENTS)
		return;
	struct desk_event *kept = &desk->events[desk->event_count++];
	*kept = (struct desk_event){.kind = event->kind, .reason = event->reason, .event = *event};
	if (event->order)
		memcpy(kept->client_order_id, event->order->client_order_id, CLIENT_ID_SIZE);
	if (event->fill)
		kept->fill = *event->fill;
}

static inline struct rules desk_rules(const char *symbol)
{
	struct rules rules = {
		.trading = true,
		.tick_size = D("0.1"),
		.lot_size = D("0.001"),
		.min_quantity = D("0.001"),
		.max_quantity = D("100"),
		.max_market_quantity = D("50"),
		.min_notional = D("5"),
		.max_leverage = D("100"),
		.funding_interval_ms = 28800000,
		.tier_count = 3,
		.tiers =
			{
				{D("100000"), D("0.005"), D("0.01"), D("0"), D("100")},
				{D("500000"), D("0.01"), D("0.02"), D("500"), D("50")},
				{D("2000000"), D("0.025"), D("0.05"), D("8000"), D("20")},
			},
	};
	snprintf(rules.symbol, sizeof rules.symbol, "%s", symbol);
	return rules;
}

/* A period of its own for every price, so that liquidity is fresh each time. */
static inline void desk_market(
	struct desk *desk, const char *last, const char *mark, const char *volume)
{
	desk->now_ms += 1000;
	struct broker_price price = {
		.time_ms = desk->now_ms,
		.last = D(last),
		.mark = D(mark),
		.bid = D(last),
		.ask = D(last),
		.period_ms = desk->now_ms,
		.volume = D(volume),
	};
	struct err err;
	if (broker_price(desk->broker, desk->symbol, &price, &err) == -1)
		die("price: %s", err.message);
}

static inline void desk_price(struct desk *desk, const char *last)
{
	desk_market(desk, last, last, "1000");
}

static inline struct desk *desk_open(enum margin_mode mode, const char *deposit)
{
	struct desk *desk = mem_zero(1, sizeof *desk);
	struct broker_settings settings = broker_settings_default();
	settings.taker_share_min_bps = settings.taker_share_max_bps = 5000;
	settings.maker_share_min_bps = settings.maker_share_max_bps = 5000;
	settings.ledger = desk_listen;
	settings.ledger_context = desk;
	desk->broker = broker_new(&settings);
	struct rules rules = desk_rules("BTCUSDT");
	struct broker_fees fees = {.maker = D("0.0002"), .taker = D("0.00055")};
	struct err err;
	if (broker_symbol_add(desk->broker, &rules, &fees, &desk->symbol, &err) == -1)
		die("symbol: %s", err.message);
	desk->account = broker_account_add(desk->broker, mode);
	if (broker_deposit(desk->broker, desk->account, D(deposit), 0, &err) == -1)
		die("deposit: %s", err.message);
	return desk;
}

static inline void desk_close(struct desk **desk)
{
	if (!*desk)
		return;
	broker_free(&(*desk)->broker);
	free(*desk);
	*desk = NULL;
}

static inline struct order_request desk_request(
	const char *id, enum side side, const char *quantity)
{
	struct order_request request = {
		.side = side,
		.leg = LEG_ONE_WAY,
		.type = ORDER_MARKET,
		.time_in_force = TIF_GTC,
		.quantity = D(quantity),
	};
	snprintf(request.client_order_id, sizeof request.client_order_id, "%s", id);
	snprintf(request.symbol, sizeof request.symbol, "BTCUSDT");
	return request;
}

static inline struct order_request desk_limit(
	const char *id, enum side side, const char *quantity, const char *price)
{
	struct order_request request = desk_request(id, side, quantity);
	request.type = ORDER_LIMIT;
	request.price = D(price);
	return request;
}

static inline struct order_request desk_stop(
	const char *id, enum side side, const char *quantity, const char *trigger, bool rising)
{
	struct order_request request = desk_request(id, side, quantity);
	request.type = ORDER_STOP_MARKET;
	request.trigger_price = D(trigger);
	request.trigger_rising = rising;
	request.reduce_only = true;
	return request;
}

/* Places and lets it take effect at once; the refusal, or NOTHING. */
static inline enum broker_refusal desk_place(struct desk *desk, const struct order_request *request)
{
	struct order order;
	struct err err = {0};
	if (broker_place(desk->broker, desk->account, request, desk->now_ms, &order, &err) == -1)
		return (enum broker_refusal)err.venue_code;
	broker_step(desk->broker, desk->now_ms);
	return BROKER_REFUSED_NOTHING;
}

static inline enum broker_refusal desk_trade(
	struct desk *desk, enum side side, const char *quantity)
{
	struct order_request request = desk_request("", side, quantity);
	return desk_place(desk, &request);
}

static inline struct position desk_position(const struct desk *desk, int leg)
{
	struct position positions[POSITIONS_MAX];
	memset(positions, 0, sizeof positions);
	(void)broker_positions(desk->broker, desk->account, desk->symbol, positions);
	return positions[leg];
}

static inline struct broker_balance desk_balance(const struct desk *desk)
{
	return broker_balance(desk->broker, desk->account);
}

static inline struct broker_order desk_order(const struct desk *desk, const char *id)
{
	struct broker_order order;
	if (!broker_order(desk->broker, desk->account, id, &order))
		die("no order %s", id);
	return order;
}

static inline void desk_leverage(struct desk *desk, const char *leverage)
{
	struct err err;
	if (broker_set_leverage(desk->broker, desk->account, desk->symbol, D(leverage), D(leverage),
		    &err) == -1 &&
		err.code != ERR_NO_CHANGE)
		die("leverage: %s", err.message);
}

static inline void desk_hedge(struct desk *desk)
{
	struct err err;
	if (broker_set_position_mode(
		    desk->broker, desk->account, desk->symbol, POSITION_HEDGE, &err) == -1)
		die("mode: %s", err.message);
}

/* The newest event of a kind; NULL if there is none. */
static inline const struct desk_event *desk_last(
	const struct desk *desk, enum broker_event_kind kind)
{
	for (int i = desk->event_count; i > 0; i--)
		if (desk->events[i - 1].kind == kind)
			return &desk->events[i - 1];
	return NULL;
}

#endif
