#include "tests/broker/traffic.h"

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
