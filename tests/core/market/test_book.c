#include "core/market/book.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

static struct fill fill_of(const char *order, enum leg leg, enum side side, const char *quantity,
	const char *price, const char *fee)
{
	struct fill fill = {
		.leg = leg,
		.side = side,
		.quantity = decimal_literal(quantity),
		.price = decimal_literal(price),
		.fee = decimal_literal(fee),
		.executed_ms = 1000,
	};

	strcpy(fill.venue_order_id, order);
	strcpy(fill.exec_id, "e1");
	strcpy(fill.fee_currency, "USDT");
	return fill;
}

static int apply(struct book *book, struct fill fill, struct trade_effect effects[2])
{
	struct err err;
	int count = book_apply(book, &fill,
		strcmp(fill.fee_currency, "USDT") == 0 ? &fill.fee : NULL, effects, &err);

	cr_assert(gt(int, count, 0), "%s", err.message);
	return count;
}

static void expect_amount(struct decimal have, const char *want, const char *what)
{
	cr_expect(decimal_equal(have, decimal_literal(want)), "%s: %s, not %s", what,
		DECIMAL_TEXT(have), want);
}

Test(book, a_long_cycle_from_opening_to_net_result)
{
	struct book book = {0};
	struct trade_effect effects[2];

	apply(&book, fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0.1"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_OPENED));
	apply(&book, fill_of("o2", LEG_LONG, SIDE_BUY, "1", "90", "0.1"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_ADDED));
	expect_amount(effects[0].average, "95", "average");
	cr_expect(eq(i64, book.adds, 1));

	book_funding(&book, decimal_literal("-0.5"));
	apply(&book, fill_of("o3", LEG_LONG, SIDE_SELL, "0.5", "97", "0.05"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_REDUCED));
	expect_amount(effects[0].pnl, "1", "pnl");
	expect_amount(book_average(&book), "95", "a reduction leaves the average alone");

	apply(&book, fill_of("o4", LEG_LONG, SIDE_SELL, "1.5", "96", "0.15"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_CLOSED));
	cr_expect(effects[0].cycle_ended);
	expect_amount(effects[0].pnl, "1.5", "pnl");
	expect_amount(effects[0].cycle_net, "1.6", "2.5 - 0.4 - 0.5");
	cr_expect(decimal_is_zero(book.quantity));
}

Test(book, a_short_earns_when_the_price_falls)
{
	struct book book = {0};
	struct trade_effect effects[2];

	apply(&book, fill_of("o1", LEG_SHORT, SIDE_SELL, "2", "100", "0"), effects);
	apply(&book, fill_of("o2", LEG_SHORT, SIDE_BUY, "2", "90", "0"), effects);
	expect_amount(effects[0].pnl, "20", "pnl");
}

Test(book, all_fills_of_one_order_are_one_entry)
{
	struct book book = {0};
	struct trade_effect effects[2];

	apply(&book, fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0"), effects);
	apply(&book, fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_OPENED));
	cr_expect(eq(i64, book.adds, 0));
	apply(&book, fill_of("o2", LEG_LONG, SIDE_BUY, "1", "99", "0"), effects);
	apply(&book, fill_of("o2", LEG_LONG, SIDE_BUY, "1", "99", "0"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_ADDED));
	cr_expect(eq(i64, book.adds, 1));
}

Test(book, a_fill_through_zero_closes_and_opens_in_one_way_mode)
{
	struct book book = {0};
	struct trade_effect effects[2];

	apply(&book, fill_of("o1", LEG_ONE_WAY, SIDE_BUY, "1", "100", "0"), effects);
	int count = apply(&book, fill_of("o2", LEG_ONE_WAY, SIDE_SELL, "3", "110", "0.3"), effects);

	cr_assert(eq(int, count, 2));
	cr_expect(eq(int, effects[0].action, TRADE_CLOSED));
	expect_amount(effects[0].pnl, "10", "pnl");
	expect_amount(effects[0].fee, "0.1", "fee of the close");
	expect_amount(effects[0].cycle_net, "9.9", "net");
	cr_expect(eq(int, effects[1].action, TRADE_OPENED));
	expect_amount(effects[1].quantity, "2", "quantity");
	expect_amount(effects[1].fee, "0.2", "fee of the opening");
	cr_expect(eq(i64, effects[1].cycle, 2));
	cr_expect(eq(int, book.held, SIDE_SELL));
	expect_amount(book_average(&book), "110", "average");
}

Test(book, a_leg_of_hedge_mode_never_turns_round)
{
	struct book book = {0};
	struct trade_effect effects[2];

	apply(&book, fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0"), effects);
	int count = apply(&book, fill_of("o2", LEG_LONG, SIDE_SELL, "3", "110", "0"), effects);

	cr_expect(eq(int, count, 1));
	expect_amount(effects[0].quantity, "3", "booked whole");
	expect_amount(effects[0].pnl, "10", "on our part");
	cr_expect(decimal_is_zero(book.quantity));

	apply(&book, fill_of("o3", LEG_LONG, SIDE_SELL, "1", "110", "0"), effects);
	cr_expect(eq(int, effects[0].action, TRADE_CLOSED));
	cr_expect(not(effects[0].cycle_ended));
	expect_amount(effects[0].pnl, "0", "nothing was held");
}

/* A fee of 0.2 in another coin, of which one is worth 300. */
static struct fill foreign_fee(const char *order, enum side side)
{
	struct fill fill = fill_of(order, LEG_LONG, side, "1", "100", "0.2");

	strcpy(fill.fee_currency, "BNB");
	return fill;
}

Test(book, a_fee_in_another_coin_counts_by_its_worth)
{
	struct book book = {0};
	struct trade_effect effects[2];
	struct fill entry = foreign_fee("o1", SIDE_BUY), exit = foreign_fee("o2", SIDE_SELL);
	struct decimal worth = decimal_literal("60");
	struct err err;

	cr_assert(eq(int, book_apply(&book, &entry, &worth, effects, &err), 1));
	expect_amount(effects[0].fee, "0.2", "the fee stays as it is");
	expect_amount(effects[0].fee_value, "60", "its worth beside it");
	cr_assert(eq(int, book_apply(&book, &exit, &worth, effects, &err), 1));
	cr_expect(effects[0].net_known);
	expect_amount(effects[0].cycle_net, "-120", "both fees by their worth");
}

Test(book, a_fee_without_a_price_leaves_the_cycle_without_a_net)
{
	struct book book = {0};
	struct trade_effect effects[2];

	apply(&book, foreign_fee("o1", SIDE_BUY), effects);
	cr_expect(not(effects[0].fee_priced));
	cr_expect(decimal_is_zero(book.cycle_fees));
	apply(&book, fill_of("o2", LEG_LONG, SIDE_SELL, "1", "110", "1"), effects);
	cr_expect(effects[0].fee_priced);
	cr_expect(effects[0].cycle_ended);
	cr_expect(not(effects[0].net_known), "one of its fees is worth nobody knows what");
	apply(&book, fill_of("o3", LEG_LONG, SIDE_BUY, "1", "110", "1"), effects);
	apply(&book, fill_of("o4", LEG_LONG, SIDE_SELL, "1", "110", "1"), effects);
	cr_expect(effects[0].net_known, "the next cycle knows again");
	expect_amount(effects[0].cycle_net, "-2", "net");
}

Test(book, knows_the_prices_and_times_that_a_ladder_is_measured_from)
{
	struct book book = {0};
	struct trade_effect effects[2];
	struct fill fill = fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0");

	apply(&book, fill, effects);
	fill = fill_of("o1", LEG_LONG, SIDE_BUY, "1", "99", "0");
	fill.executed_ms = 2000;
	apply(&book, fill, effects);
	expect_amount(book.base_price, "100", "the first fill is the base");
	expect_amount(book.last_add_price, "100", "the base while nothing was added");
	cr_expect(eq(i64, book.last_entry_ms, 2000));
	fill = fill_of("o2", LEG_LONG, SIDE_BUY, "1", "90", "0");
	fill.executed_ms = 3000;
	apply(&book, fill, effects);
	expect_amount(book.last_add_price, "90", "the add");
	fill = fill_of("o3", LEG_LONG, SIDE_SELL, "3", "95", "0");
	fill.executed_ms = 4000;
	apply(&book, fill, effects);
	cr_expect(eq(i64, book.last_entry_ms, 3000), "an exit is no entry");
	cr_expect(eq(i64, book.cycle_ended_ms, 4000));
	fill = fill_of("o4", LEG_LONG, SIDE_BUY, "1", "80", "0");
	fill.executed_ms = 5000;
	apply(&book, fill, effects);
	expect_amount(book.base_price, "80", "a new cycle has a new base");
	expect_amount(book.last_add_price, "80", "and no adds");
	cr_expect(eq(i64, book.cycle_ended_ms, 4000), "the last one that ended");
}

Test(book, thirds_leave_no_dust_behind)
{
	struct book book = {0};
	struct trade_effect effects[2];
	struct decimal pnl = DECIMAL_ZERO;

	apply(&book, fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0"), effects);
	apply(&book, fill_of("o2", LEG_LONG, SIDE_BUY, "2", "100.01", "0"), effects);
	for (int i = 0; i < 3; i++) {
		apply(&book, fill_of("o3", LEG_LONG, SIDE_SELL, "1", "101", "0"), effects);
		pnl = decimal_add(pnl, effects[0].pnl);
	}
	expect_amount(pnl, "2.98", "3 x 101 - 300.02, in spite of a rounded average");
	cr_expect(decimal_is_zero(book.cost));
}

Test(book, a_refused_fill_changes_nothing)
{
	struct book book = {0};
	struct trade_effect effects[2];
	struct err err;

	apply(&book, fill_of("o1", LEG_LONG, SIDE_BUY, "1", "100", "0"), effects);
	struct fill nothing = fill_of("o2", LEG_LONG, SIDE_BUY, "0", "100", "0");
	cr_expect(eq(int, book_apply(&book, &nothing, &nothing.fee, effects, &err), -1));
	cr_expect(eq(int, err.code, ERR_INVALID));

	struct fill huge = fill_of(
		"o3", LEG_LONG, SIDE_BUY, "100000000000000000000", "100000000000000000000", "0");
	cr_expect(eq(int, book_apply(&book, &huge, &huge.fee, effects, &err), -1));
	cr_expect(eq(int, err.code, ERR_OVERFLOW));
	expect_amount(book.quantity, "1", "quantity");
	expect_amount(book.cost, "100", "cost");
}

Test(book, funding_of_a_flat_leg_belongs_to_no_cycle)
{
	struct book book = {0};

	book_funding(&book, decimal_literal("1"));
	cr_expect(decimal_is_zero(book.cycle_funding));
}

struct adoption {
	char because[48];
	char ours[8]; /* negative: short */
	char theirs[8];
	char difference[8];
	int64_t cycle;
};

ParameterizedTestParameters(book, adopts_only_the_difference)
{
	static struct adoption rows[] = {
		{"a leg begun by hand starts a cycle", "0", "2", "2", 1},
		{"a larger leg", "1", "3", "2", 1},
		{"a smaller leg", "3", "1", "-2", 1},
		{"a leg closed by hand", "3", "0", "-3", 1},
		{"a leg turned round starts a cycle", "1", "-2", "3", 2},
		{"an equal leg", "-2", "-2", "0", 1},
		{"nothing on either side", "0", "0", "0", 0},
	};
	return cr_make_param_array(struct adoption, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct adoption *row, book, adopts_only_the_difference)
{
	struct book book = {0};
	struct trade_effect effects[2];
	struct decimal difference;
	struct err err;
	bool we_short = row->ours[0] == '-', they_short = row->theirs[0] == '-';

	if (strcmp(row->ours, "0") != 0)
		apply(&book,
			fill_of("o1", LEG_ONE_WAY, we_short ? SIDE_SELL : SIDE_BUY,
				row->ours + we_short, "100", "0"),
			effects);
	cr_assert(eq(int,
		book_adopt(&book, they_short ? SIDE_SELL : SIDE_BUY,
			decimal_literal(row->theirs + they_short), decimal_literal("90.5"), 5,
			&difference, &err),
		0));
	expect_amount(difference, row->difference, row->because);
	expect_amount(book.quantity, row->theirs + they_short, row->because);
	cr_expect(eq(i64, book.cycle, row->cycle), "%s", row->because);
	cr_expect(decimal_is_zero(book.cycle_pnl), "%s", row->because);
	if (!decimal_is_zero(book.quantity))
		expect_amount(book_average(&book), "90.5", row->because);
}

/* Property: however a walk of fills goes, cash in and out explains the PnL. */

Test(book, profit_is_what_was_received_minus_what_was_paid)
{
	uint64_t seed = 88172645463325252ULL;

	for (int walk = 0; walk < 200; walk++) {
		struct book book = {0};
		struct decimal pnl = DECIMAL_ZERO, cash = DECIMAL_ZERO;
		struct trade_effect effects[2];

		for (int step = 0; step < 40; step++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			struct fill fill = fill_of(
				"o", LEG_ONE_WAY, seed & 1 ? SIDE_BUY : SIDE_SELL, "1", "1", "0");
			fill.quantity = decimal_scaled((int64_t)(seed >> 8 & 1023) + 1, 3);
			fill.price = decimal_scaled((int64_t)(seed >> 20 & 65535) + 1, 1);
			int count = apply(&book, fill, effects);
			for (int i = 0; i < count; i++)
				pnl = decimal_add(pnl, effects[i].pnl);
			struct decimal value = decimal_mul(fill.quantity, fill.price);
			cash = fill.side == SIDE_BUY ? decimal_sub(cash, value)
						     : decimal_add(cash, value);
		}
		/* What is still held counts at cost. */
		struct decimal held = book.held == SIDE_BUY ? book.cost : decimal_neg(book.cost);
		cr_assert(decimal_equal(decimal_add(cash, held), pnl), "walk %d", walk);
	}
}
