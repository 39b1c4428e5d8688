/*
 * traffic - seeded random dealing on one broker: prices with jumps, orders of every kind, amends,
 * cancels, funding, ADL, transfers, leverage. Four accounts: isolated and cross, one-way and
 * hedge; two symbols of different grain.
 */
#ifndef TESTS_BROKER_TRAFFIC_H
#define TESTS_BROKER_TRAFFIC_H

#include "tests/broker/desk.h"

#define TRAFFIC_ACCOUNTS 4
#define TRAFFIC_SYMBOLS 2

struct traffic {
	struct broker *broker;
	uint64_t dice;
	int64_t now_ms;
	int64_t delay_ms_max; /* 0: everything takes effect at once */
	int64_t ticks[TRAFFIC_SYMBOLS];
	int64_t orders;
	FILE *record; /* what was done, for the second model; NULL: nowhere */
};

/* What one step did; for checks that hold after a price only. */
struct traffic_step {
	bool priced;
	int symbol;
};

static inline uint64_t traffic_roll(struct traffic *traffic, uint64_t sides)
{
	/* xorshift64*: plain, and the same everywhere. */
	traffic->dice ^= traffic->dice >> 12;
	traffic->dice ^= traffic->dice << 25;
	traffic->dice ^= traffic->dice >> 27;
	return (traffic->dice * UINT64_C(2685821657736338717) >> 33) % sides;
}

#define TRAFFIC_WRITE(traffic, ...)                                                                \
	do {                                                                                       \
		if ((traffic)->record)                                                             \
			fprintf((traffic)->record, __VA_ARGS__);                                   \
	} while (0)

static inline struct rules traffic_rules(int symbol)
{
	struct rules rules = desk_rules(symbol == 0 ? "BTCUSDT" : "DOGEUSDT");
	if (symbol == 0)
		return rules;
	rules.tick_size = D("0.00001");
	rules.lot_size = D("1");
	rules.min_quantity = D("1");
	rules.max_quantity = D("5000000");
	rules.max_market_quantity = D("1000000");
	rules.max_leverage = D("25");
	rules.tiers[0] = (struct risk_tier){D("5000"), D("0.01"), D("0.04"), D("0"), D("25")};
	rules.tiers[1] = (struct risk_tier){D("20000"), D("0.015"), D("0.05"), D("25"), D("20")};
	rules.tiers[2] = (struct risk_tier){D("1000000"), D("0.05"), D("0.1"), D("725"), D("10")};
	return rules;
}

static inline void traffic_write_symbol(
	struct traffic *traffic, const struct rules *rules, const struct broker_fees *fees)
{
	TRAFFIC_WRITE(traffic, "symbol %s %s %s %s", DECIMAL_TEXT(rules->tick_size),
		DECIMAL_TEXT(rules->lot_size), DECIMAL_TEXT(fees->maker),
		DECIMAL_TEXT(fees->taker));
	for (size_t i = 0; i < rules->tier_count; i++)
		TRAFFIC_WRITE(traffic, " %s %s", DECIMAL_TEXT(rules->tiers[i].limit),
			DECIMAL_TEXT(rules->tiers[i].maintenance_rate));
	TRAFFIC_WRITE(traffic, "\n");
}

static inline void traffic_price(struct traffic *traffic, int symbol)
{
	struct rules rules = traffic_rules(symbol);
	int64_t *ticks = &traffic->ticks[symbol];
	int64_t reach = *ticks / (traffic_roll(traffic, 10) == 0 ? 8 : 300);
	*ticks += (int64_t)traffic_roll(traffic, (uint64_t)(2 * reach + 1)) - reach;
	if (*ticks < 1000)
		*ticks = 1000;
	int64_t apart = *ticks / 2000;
	int64_t mark = *ticks + (int64_t)traffic_roll(traffic, (uint64_t)(2 * apart + 1)) - apart;
	traffic->now_ms += 1 + (int64_t)traffic_roll(traffic, 2000);
	struct broker_price price = {
		.time_ms = traffic->now_ms,
		.last = decimal_mul(decimal_from_int(*ticks), rules.tick_size),
		.mark = decimal_mul(decimal_from_int(mark), rules.tick_size),
		.bid = decimal_mul(decimal_from_int(*ticks - 1), rules.tick_size),
		.ask = decimal_mul(decimal_from_int(*ticks + 1), rules.tick_size),
		.period_ms = traffic->now_ms / 5000,
		.volume = decimal_mul(
			decimal_from_int((int64_t)traffic_roll(traffic, 400000)), rules.lot_size),
	};
	TRAFFIC_WRITE(traffic, "price %d %s\n", symbol, DECIMAL_TEXT(price.mark));
	struct err err;
	if (broker_price(traffic->broker, symbol, &price, &err) == -1)
		die("price: %s", err.message);
}

static inline struct traffic *traffic_open(
	uint64_t seed, int64_t delay_ms_max, FILE *record, broker_ledger *ledger, void *context)
{
	struct traffic *traffic = mem_zero(1, sizeof *traffic);
	struct broker_settings settings = broker_settings_default();
	settings.seed = seed;
	settings.symbols_max = TRAFFIC_SYMBOLS;
	settings.closed_max = 7; /* so that records are reused */
	settings.ledger = ledger;
	settings.ledger_context = context;
	traffic->broker = broker_new(&settings);
	traffic->dice = seed * 2 + 1;
	traffic->delay_ms_max = delay_ms_max;
	traffic->record = record;
	traffic->ticks[0] = 500000;
	traffic->ticks[1] = 12345;
	for (int symbol = 0; symbol < TRAFFIC_SYMBOLS; symbol++) {
		struct rules rules = traffic_rules(symbol);
		struct broker_fees fees = {
			.maker = symbol ? D("-0.00005") : D("0.0002"), .taker = D("0.00055")};
		struct err err;
		int handle;
		traffic_write_symbol(traffic, &rules, &fees);
		if (broker_symbol_add(traffic->broker, &rules, &fees, &handle, &err) == -1)
			die("symbol: %s", err.message);
	}
	for (int account = 0; account < TRAFFIC_ACCOUNTS; account++) {
		enum margin_mode mode = account % 2 ? MARGIN_CROSS : MARGIN_ISOLATED;
		struct err err;
		(void)broker_account_add(traffic->broker, mode);
		TRAFFIC_WRITE(traffic, "account %s %s\n", margin_mode_text(mode),
			account < 2 ? "one_way" : "hedge");
		for (int symbol = 0; symbol < TRAFFIC_SYMBOLS && account >= 2; symbol++)
			if (broker_set_position_mode(
				    traffic->broker, account, symbol, POSITION_HEDGE, &err) == -1)
				die("mode: %s", err.message);
		if (broker_deposit(traffic->broker, account, D("20000"), 0, &err) == -1)
			die("deposit: %s", err.message);
	}
	for (int symbol = 0; symbol < TRAFFIC_SYMBOLS; symbol++)
		traffic_price(traffic, symbol);
	return traffic;
}

static inline void traffic_close(struct traffic **traffic)
{
	if (!*traffic)
		return;
	broker_free(&(*traffic)->broker);
	free(*traffic);
	*traffic = NULL;
}

static inline int64_t traffic_effect(struct traffic *traffic)
{
	if (traffic->delay_ms_max == 0)
		return traffic->now_ms;
	return traffic->now_ms + (int64_t)traffic_roll(traffic, (uint64_t)traffic->delay_ms_max);
}

static inline struct decimal traffic_near(struct traffic *traffic, int symbol, uint64_t spread)
{
	int64_t ticks = traffic->ticks[symbol];
	int64_t reach = ticks / (int64_t)spread;
	ticks += (int64_t)traffic_roll(traffic, (uint64_t)(2 * reach + 1)) - reach;
	return decimal_mul(decimal_from_int(ticks), traffic_rules(symbol).tick_size);
}

static inline struct decimal traffic_size(struct traffic *traffic, int symbol)
{
	uint64_t most = traffic_roll(traffic, 2) == 0 ? 6000 : 400;
	int64_t lots = 1 + (int64_t)traffic_roll(traffic, symbol ? most * 20 : most);
	return decimal_mul(decimal_from_int(lots), traffic_rules(symbol).lot_size);
}

static inline void traffic_place(struct traffic *traffic, int account, int symbol)
{
	static const enum time_in_force tifs[] = {
		TIF_GTC, TIF_GTC, TIF_GTC, TIF_IOC, TIF_FOK, TIF_POST_ONLY};
	struct order_request request = {
		.side = traffic_roll(traffic, 2) ? SIDE_BUY : SIDE_SELL,
		.leg = account < 2 ? LEG_ONE_WAY
				   : (traffic_roll(traffic, 2) ? LEG_LONG : LEG_SHORT),
		.type = traffic_roll(traffic, 3) ? ORDER_LIMIT : ORDER_MARKET,
		.time_in_force = tifs[traffic_roll(traffic, 6)],
		.quantity = traffic_size(traffic, symbol),
		.price = traffic_near(traffic, symbol, 200),
		.reduce_only = traffic_roll(traffic, 3) == 0,
	};
	if (traffic_roll(traffic, 4) == 0) {
		request.trigger_price = traffic_near(traffic, symbol, 100);
		request.trigger_rising = traffic_roll(traffic, 2);
		request.trigger_by = traffic_roll(traffic, 2) ? TRIGGER_LAST : TRIGGER_MARK;
		request.close_on_trigger = traffic_roll(traffic, 2);
	}
	snprintf(request.symbol, sizeof request.symbol, "%s", traffic_rules(symbol).symbol);
	snprintf(request.client_order_id, sizeof request.client_order_id, "t-%lld",
		(long long)traffic->orders++);
	struct order order;
	struct err err;
	(void)!broker_place(
		traffic->broker, account, &request, traffic_effect(traffic), &order, &err);
}

struct traffic_pick {
	struct traffic *traffic;
	int seen;
	struct broker_order order;
};

static inline bool traffic_choose(void *context, const struct broker_order *order)
{
	struct traffic_pick *pick = context;
	if (traffic_roll(pick->traffic, (uint64_t)++pick->seen) == 0)
		pick->order = *order;
	return true;
}

static inline void traffic_touch_order(struct traffic *traffic, int account, int symbol, bool amend)
{
	struct traffic_pick pick = {.traffic = traffic};
	struct err err;
	broker_orders(traffic->broker, account, symbol, traffic_choose, &pick);
	if (pick.seen == 0)
		return;
	const char *id = pick.order.order.venue_order_id;
	if (!amend) {
		(void)!broker_cancel(traffic->broker, account, id, traffic_effect(traffic), &err);
		return;
	}
	struct broker_amend wanted = {
		.has_price = traffic_roll(traffic, 2),
		.has_quantity = traffic_roll(traffic, 2),
		.has_trigger_price = traffic_roll(traffic, 3) == 0,
		.quantity = traffic_size(traffic, symbol),
		.price = traffic_near(traffic, symbol, 200),
		.trigger_price = traffic_near(traffic, symbol, 100),
	};
	(void)!broker_amend(traffic->broker, account, id, &wanted, traffic_effect(traffic), &err);
}

static inline void traffic_leverage(struct traffic *traffic, int account, int symbol)
{
	struct err err;
	struct decimal buy = decimal_scaled(100 + (int64_t)traffic_roll(traffic, 2400), 2);
	struct decimal sell = account == 2 ? decimal_scaled(
						     100 + (int64_t)traffic_roll(traffic, 2400), 2)
					   : buy;
	if (broker_set_leverage(traffic->broker, account, symbol, buy, sell, &err) == 0)
		TRAFFIC_WRITE(traffic, "leverage %d %d %s %s\n", account, symbol, DECIMAL_TEXT(buy),
			DECIMAL_TEXT(sell));
}

static inline void traffic_force(struct traffic *traffic, int account, int symbol)
{
	struct err err;
	struct broker_forced forced = {
		.account = account,
		.symbol = symbol,
		.leg = account < 2 ? LEG_ONE_WAY
				   : (traffic_roll(traffic, 2) ? LEG_LONG : LEG_SHORT),
		.kind = FILL_ADL,
		.quantity = traffic_size(traffic, symbol),
		.price = traffic_near(traffic, symbol, 500),
		.time_ms = traffic->now_ms,
	};
	(void)!broker_force(traffic->broker, &forced, &err);
}

static inline void traffic_funding(struct traffic *traffic, int symbol)
{
	struct err err;
	struct decimal rate = decimal_scaled((int64_t)traffic_roll(traffic, 400001) - 200000, 8);
	if (broker_funding(traffic->broker, symbol, traffic->now_ms, rate, &err) == -1)
		die("funding: %s", err.message);
}

static inline void traffic_transfer(struct traffic *traffic, int account)
{
	struct err err;
	struct decimal amount = decimal_scaled(1 + (int64_t)traffic_roll(traffic, 400000000), 6);
	struct broker_balance balance = broker_balance(traffic->broker, account);
	bool poor = decimal_less(balance.balance.wallet, D("2000"));
	if (poor) /* whoever was liquidated comes back */
		amount = D("20000");
	if (poor || traffic_roll(traffic, 2))
		(void)!broker_deposit(traffic->broker, account, amount, traffic->now_ms, &err);
	else
		(void)!broker_withdraw(traffic->broker, account, amount, traffic->now_ms, &err);
}

static inline struct traffic_step traffic_step(struct traffic *traffic)
{
	int account = (int)traffic_roll(traffic, TRAFFIC_ACCOUNTS);
	int symbol = (int)traffic_roll(traffic, TRAFFIC_SYMBOLS);
	uint64_t what = traffic_roll(traffic, 100);
	if (what < 30) {
		traffic_price(traffic, symbol);
		return (struct traffic_step){true, symbol};
	}
	if (what < 74)
		traffic_place(traffic, account, symbol);
	else if (what < 80)
		traffic_touch_order(traffic, account, symbol, true);
	else if (what < 86)
		traffic_touch_order(traffic, account, symbol, false);
	else if (what < 90)
		traffic_leverage(traffic, account, symbol);
	else if (what < 92)
		traffic_funding(traffic, symbol);
	else if (what < 93)
		traffic_force(traffic, account, symbol);
	else
		traffic_transfer(traffic, account);
	if (traffic->delay_ms_max == 0)
		broker_step(traffic->broker, traffic->now_ms);
	return (struct traffic_step){false, symbol};
}

#endif
