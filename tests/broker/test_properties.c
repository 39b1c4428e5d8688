#include "tests/broker/traffic.h"

#include "broker/grid.h"
#include "core/base/ident.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#define STEPS 6000

struct watch { /* the books kept by listening only */
	uint64_t sequence;
	uint64_t digest; /* of everything told */
	struct decimal wallet[TRAFFIC_ACCOUNTS];
	struct decimal size[TRAFFIC_ACCOUNTS][TRAFFIC_SYMBOLS][2];
	int fills, liquidations, cancelled, too_late, triggered, funded;
	char complaint[160];
};

static void complain(struct watch *watch, const struct broker_event *event, const char *what)
{
	if (!watch->complaint[0])
		snprintf(watch->complaint, sizeof watch->complaint, "event %llu (%s): %s",
			(unsigned long long)event->sequence, broker_event_text(event->kind), what);
}

static void watch_fill(struct watch *watch, const struct broker_event *event)
{
	const struct fill *fill = event->fill;
	struct decimal *size = &watch->size[event->account][event->symbol][event->leg == LEG_SHORT];
	struct decimal before = decimal_abs(*size);
	*size = fill->side == SIDE_BUY ? decimal_add(*size, fill->quantity)
				       : decimal_sub(*size, fill->quantity);
	if (!decimal_equal(*size, event->size_after))
		complain(watch, event, "the position is not the sum of its fills");
	if (event->order && event->order->reduce_only &&
		!decimal_equal(decimal_abs(*size), decimal_sub(before, fill->quantity)))
		complain(watch, event, "a reduce-only order did more than reduce");
	if (event->leg == LEG_LONG && decimal_sign(*size) < 0)
		complain(watch, event, "a long leg is short");
	if (event->leg == LEG_SHORT && decimal_sign(*size) > 0)
		complain(watch, event, "a short leg is long");
	if (event->order && decimal_less(event->order->quantity, event->order->filled))
		complain(watch, event, "more filled than ordered");
	watch->fills++;
	watch->liquidations += fill->kind == FILL_LIQUIDATION;
}

static void watch_event(void *context, const struct broker_event *event)
{
	struct watch *watch = context;
	if (event->sequence != ++watch->sequence)
		complain(watch, event, "the sequence has a gap");
	watch->wallet[event->account] = decimal_add(watch->wallet[event->account], event->change);
	if (!decimal_equal(watch->wallet[event->account], event->wallet))
		complain(watch, event, "the wallet is not the sum of the changes");
	struct decimal sum = decimal_sub(decimal_add(event->cash_flow, event->paid), event->fee);
	if (!decimal_equal(sum, event->change))
		complain(watch, event, "change is not cash flow + paid - fee");
	if (event->kind == BROKER_EVENT_FILL)
		watch_fill(watch, event);
	watch->cancelled += event->kind == BROKER_EVENT_CANCELLED;
	watch->too_late += event->kind == BROKER_EVENT_TOO_LATE;
	watch->triggered += event->kind == BROKER_EVENT_TRIGGERED;
	watch->funded += event->kind == BROKER_EVENT_FUNDING;

	char line[320];
	snprintf(line, sizeof line, "%llu %d %d %d %d %s %s %s %s",
		(unsigned long long)watch->digest, (int)event->kind, (int)event->reason,
		event->account, event->symbol, event->order ? event->order->venue_order_id : "",
		event->fill ? event->fill->exec_id : "", DECIMAL_TEXT(event->wallet),
		DECIMAL_TEXT(event->size_after));
	watch->digest = hash_bytes(line, strlen(line));
}

static void check_books(struct traffic *traffic, const struct watch *watch)
{
	for (int account = 0; account < TRAFFIC_ACCOUNTS; account++) {
		struct broker_balance balance = broker_balance(traffic->broker, account);
		struct decimal sum = decimal_add(balance.deposits, balance.realised);
		sum = decimal_add(decimal_sub(sum, balance.fees), balance.funding);
		cr_assert(decimal_equal(sum, balance.balance.wallet));
		cr_assert(decimal_equal(watch->wallet[account], balance.balance.wallet));
		cr_assert(decimal_equal(balance.balance.equity,
			decimal_add(balance.balance.wallet, balance.unrealised)));
	}
}

/* Right after a price nobody stands who should have been liquidated by it. */
static void check_standing(struct traffic *traffic, int symbol)
{
	for (int account = 0; account < TRAFFIC_ACCOUNTS; account++) {
		struct position positions[POSITIONS_MAX];
		size_t count = broker_positions(traffic->broker, account, symbol, positions);
		struct broker_balance balance = broker_balance(traffic->broker, account);
		for (size_t i = 0; i < count; i++) {
			const struct position *position = &positions[i];
			if (decimal_is_zero(position->quantity))
				continue;
			struct decimal behind = account % 2 ? balance.balance.equity
							    : decimal_add(position->initial_margin,
								      position->unrealised);
			struct decimal needed = account % 2 ? balance.maintenance_margin
							    : position->maintenance_margin;
			cr_assert(decimal_less(needed, behind));
			cr_assert(not(position->liquidation_known &&
				      decimal_equal(position->liquidation, position->mark)));
		}
	}
}

static struct watch run(uint64_t seed, int64_t delay_ms_max)
{
	struct watch watch = {0};
	CLEANUP(traffic_close)
	struct traffic *traffic = traffic_open(seed, delay_ms_max, NULL, watch_event, &watch);
	for (int i = 0; i < STEPS; i++) {
		struct traffic_step step = traffic_step(traffic);
		check_books(traffic, &watch);
		if (step.priced)
			check_standing(traffic, step.symbol);
		cr_assert(watch.complaint[0] == '\0', "step %d: %s", i, watch.complaint);
	}
	return watch;
}

struct seed_row {
	uint64_t seed;
	int64_t delay_ms_max;
};

ParameterizedTestParameters(properties, hold)
{
	static struct seed_row rows[] = {{1, 0}, {2, 0}, {3, 3000}, {4, 3000}, {5, 20000}};
	return cr_make_param_array(struct seed_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct seed_row *row, properties, hold)
{
	struct watch watch = run(row->seed, row->delay_ms_max);
	/* The traffic must reach the corners that it is there to test. */
	cr_expect(gt(int, watch.fills, 500));
	cr_expect(gt(int, watch.liquidations, 3));
	cr_expect(gt(int, watch.triggered, 20));
	cr_expect(gt(int, watch.funded, 20));
	cr_expect(gt(int, watch.cancelled, 50));
	if (row->delay_ms_max > 0)
		cr_expect(gt(int, watch.too_late, 5));
}

Test(properties, the_same_calls_give_the_same_ledger)
{
	cr_expect(eq(u64, run(6, 2000).digest, run(6, 2000).digest));
	cr_expect(ne(u64, run(6, 2000).digest, run(7, 2000).digest));
}

/* What one account gets does not depend on what others do. */
Test(properties, accounts_are_independent)
{
	struct decimal wallets[2];
	for (int crowd = 0; crowd < 2; crowd++) {
		CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
		int other = broker_account_add(desk->broker, MARGIN_CROSS);
		struct err err;
		cr_assert(eq(int, broker_deposit(desk->broker, other, D("100000"), 0, &err), 0));
		for (int i = 0; i < 40; i++) {
			desk_market(desk, i % 2 ? "50000" : "50100", "50050", "1");
			struct order order;
			struct order_request request = desk_request("", SIDE_BUY, "0.4");
			request.side = i % 3 ? SIDE_BUY : SIDE_SELL;
			if (crowd)
				(void)!broker_place(
					desk->broker, other, &request, desk->now_ms, &order, &err);
			desk_trade(desk, i % 2 ? SIDE_BUY : SIDE_SELL, "0.3");
		}
		wallets[crowd] = desk_balance(desk).balance.wallet;
	}
	cr_expect(decimal_equal(wallets[0], wallets[1]));
	cr_expect(not(decimal_equal(wallets[0], D("10000"))));
}

/* ---- the quiet range ------------------------------------------------------------------------- */

/* A price from low to high, often one of them; the ends may be far away. */
static int64_t within(struct traffic *traffic, int64_t now, int64_t low, int64_t high)
{
	int64_t reach = now / 3;
	low = low < now - reach ? now - reach : low;
	high = high > now + reach ? now + reach : high;
	switch (traffic_roll(traffic, 3)) {
	case 0:
		return low;
	case 1:
		return high;
	default:
		return low + (int64_t)traffic_roll(traffic, (uint64_t)(high - low + 1));
	}
}

static void price_at(struct traffic *traffic, int symbol, int64_t last, int64_t mark)
{
	traffic->now_ms += 5000; /* another period: its liquidity is all there */
	grid_price(traffic->broker, symbol,
		&(struct grid_price){.time_ms = traffic->now_ms,
			.last = last,
			.mark = mark,
			.bid = last,
			.ask = last + 1,
			.period_ms = traffic->now_ms / 5000,
			.volume = 10000000});
	traffic->ticks[symbol] = last;
}

struct beyond { /* a price just outside, the other inside */
	int64_t last, mark;
};

/* A liquidation may be at a hundred times the price; nobody's market goes there in a step. */
static bool reachable(int64_t now, int64_t ticks)
{
	return ticks >= now / 2 && ticks <= now * 2;
}

static int beyonds(const struct grid_quiet *quiet, int64_t last, int64_t mark, struct beyond ret[4])
{
	int count = 0;

	if (reachable(last, quiet->last_low))
		ret[count++] = (struct beyond){quiet->last_low - 1, mark};
	if (reachable(last, quiet->last_high))
		ret[count++] = (struct beyond){quiet->last_high + 1, mark};
	if (reachable(mark, quiet->mark_low))
		ret[count++] = (struct beyond){last, quiet->mark_low - 1};
	if (reachable(mark, quiet->mark_high))
		ret[count++] = (struct beyond){last, quiet->mark_high + 1};
	return count;
}

Test(properties, nothing_happens_inside_the_quiet_range_and_something_does_beyond)
{
	struct watch watch = {0};
	CLEANUP(traffic_close)
	struct traffic *traffic = traffic_open(11, 0, NULL, watch_event, &watch);
	int tried = 0, left = 0;

	for (int i = 0; i < STEPS; i++) {
		struct traffic_step step = traffic_step(traffic);
		struct grid_quiet quiet;
		struct beyond beyond[4];
		if (!grid_quiet(traffic->broker, step.symbol, &quiet))
			continue;
		int64_t now = traffic->ticks[step.symbol];
		/* Orders that the last price has passed wait for more volume: no range. */
		if (quiet.last_low > quiet.last_high || quiet.mark_low > quiet.mark_high)
			continue;
		int64_t last = within(traffic, now, quiet.last_low, quiet.last_high);
		int64_t mark = within(traffic, now, quiet.mark_low, quiet.mark_high);
		uint64_t sequence = watch.sequence;
		price_at(traffic, step.symbol, last, mark);
		cr_assert(eq(u64, watch.sequence, sequence), "step %d: at %lld, mark %lld", i,
			(long long)last, (long long)mark);
		tried++;
		int count = beyonds(&quiet, last, mark, beyond);
		if (count == 0)
			continue;
		struct beyond pick = beyond[traffic_roll(traffic, (uint64_t)count)];
		price_at(traffic, step.symbol, pick.last, pick.mark);
		cr_assert(gt(u64, watch.sequence, sequence), "step %d: nothing at %lld, mark %lld",
			i, (long long)pick.last, (long long)pick.mark);
		left++;
	}
	cr_expect(gt(int, tried, STEPS / 4), "%d ranges were tried", tried);
	cr_expect(gt(int, left, STEPS / 10), "%d were left", left);
}

Test(properties, a_leg_in_whole_numbers_is_the_same_leg)
{
	struct watch watch = {0};
	CLEANUP(traffic_close)
	struct traffic *traffic = traffic_open(12, 0, NULL, watch_event, &watch);

	for (int i = 0; i < STEPS; i++) {
		struct position positions[POSITIONS_MAX];
		int account = i % TRAFFIC_ACCOUNTS;
		struct traffic_step step = traffic_step(traffic);
		size_t count = broker_positions(traffic->broker, account, step.symbol, positions);
		for (size_t k = 0; k < count; k++) {
			struct rules rules = traffic_rules(step.symbol);
			struct grid_leg leg = grid_leg(
				traffic->broker, account, step.symbol, positions[k].leg);
			int64_t mark;
			cr_assert(decimal_count(positions[k].mark, rules.tick_size, &mark));
			__int128 unrealised = (__int128)leg.lots * mark * leg.unit_e8 +
					      (leg.lots < 0 ? leg.cost_e8 : -leg.cost_e8);
			cr_assert(decimal_equal(
				decimal_scaled(unrealised, 8), positions[k].unrealised));
			cr_assert(decimal_equal(decimal_scaled(leg.wallet_e8, 8),
				broker_balance(traffic->broker, account).balance.wallet));
		}
	}
}
