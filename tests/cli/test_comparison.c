/* What is a difference between books and venue, and what only waits for the next run. */
#include "cli/comparison.h"

#include "core/base/cleanup.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

/*
 * One world per row: a trade, a journal row, a venue's fill, an open order and a leg, each there or
 * not. Everything of ours has one client order id, and one execution.
 */
struct row {
	char because[72];
	bool trade; /* booked, 0.5 at 100, fee 0.1 */
	bool fill;  /* at the venue */
	char fill_quantity[8];
	enum fill_kind kind;
	bool foreign; /* the fill's order is somebody else's */
	bool row;
	enum journal_state state;
	bool open, ended; /* the venue's order */
	bool foreign_order;
	char booked[8], held[8]; /* our leg, the venue's position */
	int64_t last_run_ms;     /* the fill is of 1000 */
	bool declared;           /* the trade is an operator's word */
	int expected;            /* -1: none, else a kind */
	size_t waiting, foreign_count;
};

static char ours[CLIENT_ID_SIZE];
static const char *const bot_text = "22222222-2222-4222-8222-222222222222";

static void name_ours(void)
{
	struct order_key key = {.scheduled_s = 1764000000};
	struct err err;

	cr_assert(zero(int, uuid_parse(bot_text, &key.bot, &err)));
	client_order_id(&key, ours);
}

static struct fill make_fill(const struct row *row)
{
	struct fill fill = {.kind = row->kind,
		.side = row->kind == FILL_TRADE ? SIDE_BUY : SIDE_SELL,
		.leg = LEG_ONE_WAY,
		.quantity = decimal_literal(row->fill_quantity),
		.price = decimal_literal("100"),
		.fee = decimal_literal("0.10"),
		.executed_ms = 1000};

	(void)snprintf(fill.exec_id, sizeof fill.exec_id, "exec-1");
	if (row->kind == FILL_TRADE)
		(void)snprintf(fill.client_order_id, sizeof fill.client_order_id, "%s",
			row->foreign ? "by hand" : ours);
	return fill;
}

static struct order make_order(const struct row *row)
{
	struct order order = {.quantity = decimal_literal("0.5"), .price = decimal_literal("100")};

	(void)snprintf(order.client_order_id, sizeof order.client_order_id, "%s",
		row->foreign_order ? "by hand" : ours);
	return order;
}

static struct position make_position(const struct row *row)
{
	return (struct position){
		.leg = LEG_ONE_WAY, .side = SIDE_BUY, .quantity = decimal_literal(row->held)};
}

ParameterizedTestParameters(comparison, judges)
{
	static struct row rows[] = {
		{"what is booked as it was filled is well", true, true, "0.5", FILL_TRADE, false,
			true, JOURNAL_FILLED, false, false, false, "0.5", "0.5", 2000, false, -1, 0,
			0},
		{"a fill of a final row must be booked", false, true, "0.5", FILL_TRADE, false,
			true, JOURNAL_FILLED, false, false, false, "0.5", "0.5", 2000, false,
			DIFFERENCE_FILL_MISSING, 0, 0},
		{"a fill of an absent row must be booked", false, true, "0.5", FILL_TRADE, false,
			true, JOURNAL_ABSENT, false, false, false, "0.5", "0.5", 2000, false,
			DIFFERENCE_FILL_MISSING, 0, 0},
		{"a fill of ours without any row is missing", false, true, "0.5", FILL_TRADE, false,
			false, JOURNAL_OPEN, false, false, false, "0.5", "0.5", 2000, false,
			DIFFERENCE_FILL_MISSING, 0, 0},
		{"a fill of an open row waits, and explains the position", false, true, "0.5",
			FILL_TRADE, false, true, JOURNAL_OPEN, true, false, false, "0", "0.5", 2000,
			false, -1, 1, 0},
		{"a filled order whose row is open waits twice", false, true, "0.5", FILL_TRADE,
			false, true, JOURNAL_OPEN, false, true, false, "0", "0.5", 2000, false, -1,
			2, 0},
		{"a trade that the venue does not know", true, false, "0.5", FILL_TRADE, false,
			true, JOURNAL_FILLED, false, false, false, "0.5", "0.5", 2000, false,
			DIFFERENCE_TRADE_EXTRA, 0, 0},
		{"an operator's word has no fill", true, false, "0.5", FILL_TRADE, false, true,
			JOURNAL_FILLED, false, false, false, "0.5", "0.5", 2000, true, -1, 0, 0},
		{"another quantity", true, true, "0.4", FILL_TRADE, false, true, JOURNAL_FILLED,
			false, false, false, "0.5", "0.5", 2000, false, DIFFERENCE_TRADE_UNEQUAL, 0,
			0},
		{"somebody else's fill is not ours to book", false, true, "0.5", FILL_TRADE, true,
			false, JOURNAL_OPEN, false, false, false, "0.5", "0.5", 2000, false, -1, 0,
			1},
		{"but its position is drift", false, true, "0.5", FILL_TRADE, true, false,
			JOURNAL_OPEN, false, false, false, "0.5", "1", 2000, false,
			DIFFERENCE_POSITION, 0, 1},
		{"a liquidation that no run has seen waits", false, true, "0.5", FILL_LIQUIDATION,
			false, false, JOURNAL_OPEN, false, false, false, "0.5", "0", 500, false, -1,
			1, 0},
		{"a liquidation that a run has passed over", false, true, "0.5", FILL_LIQUIDATION,
			false, false, JOURNAL_OPEN, false, false, false, "0", "0", 2000, false,
			DIFFERENCE_FILL_MISSING, 0, 0},
		{"an order of ours without a row", false, false, "0.5", FILL_TRADE, false, false,
			JOURNAL_OPEN, true, false, false, "0", "0", 0, false,
			DIFFERENCE_ORDER_NO_ROW, 0, 0},
		{"somebody else's order is not ours", false, false, "0.5", FILL_TRADE, false, false,
			JOURNAL_OPEN, true, false, true, "0", "0", 0, false, -1, 0, 0},
		{"an order that is open, its row final", false, false, "0.5", FILL_TRADE, false,
			true, JOURNAL_CANCELLED, true, false, false, "0", "0", 0, false,
			DIFFERENCE_ORDER_FINAL, 0, 0},
		{"a row that is open, its order not known", false, false, "0.5", FILL_TRADE, false,
			true, JOURNAL_OPEN, false, false, false, "0", "0", 0, false,
			DIFFERENCE_ORDER_GONE, 0, 0},
		{"an unknown row is being asked about", false, false, "0.5", FILL_TRADE, false,
			true, JOURNAL_UNKNOWN, false, false, false, "0", "0", 0, false, -1, 1, 0},
		{"a position that nothing explains", false, false, "0.5", FILL_TRADE, false, false,
			JOURNAL_OPEN, false, false, false, "0.5", "0.4", 0, false,
			DIFFERENCE_POSITION, 0, 0},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, comparison, judges)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 1 << 20);
	struct comparison result;
	char exec_id[64] = "exec-1";
	char name[] = "dca";

	name_ours();
	struct fill fill = make_fill(row);
	struct order order = make_order(row);
	struct ledger_trade trade = {.exec_id = exec_id,
		.quantity = decimal_literal("0.5"),
		.price = decimal_literal("100.0"),
		.fee = decimal_literal("0.1"),
		.declared = row->declared};
	struct ledger_row journal = {.state = row->state, .leg = LEG_ONE_WAY};
	struct ledger_leg leg = {.bot_name = name,
		.leg = LEG_ONE_WAY,
		.claimed = true,
		.held = SIDE_BUY,
		.quantity = decimal_literal(row->booked),
		.last_run_ms = row->last_run_ms};
	(void)snprintf(journal.bot.text, sizeof journal.bot.text, "%s", bot_text);
	(void)snprintf(leg.bot.text, sizeof leg.bot.text, "%s", bot_text);
	(void)snprintf(journal.client_order_id, sizeof journal.client_order_id, "%s", ours);
	struct ledger ledger = {.trades = &trade,
		.trade_count = row->trade,
		.rows = &journal,
		.row_count = row->row,
		.legs = &leg,
		.leg_count = 1};
	struct comparison_venue venue = {.fills = {&fill, row->fill},
		.open = {&order, row->open},
		.ended = {&order, row->ended},
		.account = {.position_count = 1, .positions = {make_position(row)}}};

	comparison_make(&ledger, &venue, arena, &result);

	cr_expect(eq(sz, result.count, row->expected >= 0), "%s", row->because);
	if (result.count > 0)
		cr_expect(eq(int, (int)result.items[0].kind, row->expected), "%s: %s", row->because,
			result.items[0].detail);
	cr_expect(eq(sz, result.waiting, row->waiting), "%s", row->because);
	cr_expect(eq(sz, result.foreign, row->foreign_count), "%s", row->because);
}

Test(comparison, asks_only_about_rows_that_the_venue_does_not_list)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 1 << 20);
	const struct ledger_row **rows;
	size_t count;
	struct ledger_row journal[3] = {{.client_order_id = "a", .state = JOURNAL_OPEN},
		{.client_order_id = "b", .state = JOURNAL_FILLED},
		{.client_order_id = "c", .state = JOURNAL_UNKNOWN}};
	struct order open = {.client_order_id = "a"};

	comparison_unlisted(&(struct ledger){.rows = journal, .row_count = 3},
		&(struct order_list){&open, 1}, arena, &rows, &count);

	cr_assert(eq(sz, count, 1));
	cr_expect(eq(chr, rows[0]->client_order_id[0], 'c'));
}

/* --- funding -------------------------------------------------------------------------------- */

#define PAID_MS 100000000
#define LAG_MS 600000

struct payment_row {
	char because[72];
	bool booked, paid;
	char amount[8]; /* the venue's; -0.5 is booked */
	enum leg paid_leg, held_leg;
	int64_t opened_ms, closed_ms; /* of the only cycle */
	int64_t last_run_ms;
	int expected; /* -1: none, else a kind */
	size_t waiting, foreign_count;
};

ParameterizedTestParameters(comparison, judges_funding)
{
	static struct payment_row rows[] = {
		{"what is booked as it was paid is well", true, true, "-0.50", LEG_ONE_WAY,
			LEG_ONE_WAY, 1, INT64_MAX, PAID_MS * 2, -1, 0, 0},
		{"another amount", true, true, "-0.4", LEG_ONE_WAY, LEG_ONE_WAY, 1, INT64_MAX,
			PAID_MS * 2, DIFFERENCE_FUNDING_UNEQUAL, 0, 0},
		{"a payment that the venue does not know", true, false, "0", LEG_ONE_WAY,
			LEG_ONE_WAY, 1, INT64_MAX, PAID_MS * 2, DIFFERENCE_FUNDING_EXTRA, 0, 0},
		{"a payment that runs have passed over", false, true, "-0.5", LEG_ONE_WAY,
			LEG_ONE_WAY, 1, INT64_MAX, PAID_MS + LAG_MS, DIFFERENCE_FUNDING_MISSING, 0,
			0},
		{"runs still look for it", false, true, "-0.5", LEG_ONE_WAY, LEG_ONE_WAY, 1,
			INT64_MAX, PAID_MS + LAG_MS - 1, -1, 1, 0},
		{"it was paid on what somebody else held", false, true, "-0.5", LEG_ONE_WAY,
			LEG_ONE_WAY, PAID_MS + 1, INT64_MAX, PAID_MS * 2, -1, 0, 1},
		{"our position was closed before", false, true, "-0.5", LEG_ONE_WAY, LEG_ONE_WAY, 1,
			PAID_MS - 1, PAID_MS * 2, -1, 0, 1},
		{"the other leg paid it", false, true, "-0.5", LEG_SHORT, LEG_LONG, 1, INT64_MAX,
			PAID_MS * 2, -1, 0, 1},
		{"longs pay at a rate above zero", false, true, "-0.5", LEG_ONE_WAY, LEG_LONG, 1,
			INT64_MAX, PAID_MS * 2, DIFFERENCE_FUNDING_MISSING, 0, 0},
		{"and shorts receive", false, true, "-0.5", LEG_ONE_WAY, LEG_SHORT, 1, INT64_MAX,
			PAID_MS * 2, -1, 0, 1},
	};
	return cr_make_param_array(struct payment_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct payment_row *row, comparison, judges_funding)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 1 << 20);
	struct comparison result;
	char name[] = "dca";
	char venue_id[] = "pay-1";
	struct ledger_payment booked = {.venue_id = venue_id, .amount = decimal_literal("-0.5")};
	struct ledger_cycle cycle = {
		.leg = row->held_leg, .opened_ms = row->opened_ms, .closed_ms = row->closed_ms};
	struct ledger_leg leg = {.bot_name = name,
		.leg = row->held_leg,
		.quantity = DECIMAL_ZERO,
		.last_run_ms = row->last_run_ms};
	struct funding_payment payment = {.id = "pay-1",
		.leg = row->paid_leg,
		.amount = decimal_literal(row->amount),
		.rate = decimal_literal("0.0001"),
		.quantity = decimal_literal("1"),
		.paid_ms = PAID_MS};
	struct ledger ledger = {.payments = &booked,
		.payment_count = row->booked,
		.cycles = &cycle,
		.cycle_count = 1,
		.legs = &leg,
		.leg_count = 1};
	struct comparison_venue venue = {.payments = {&payment, row->paid}};

	comparison_make(&ledger, &venue, arena, &result);

	cr_expect(eq(sz, result.count, row->expected >= 0), "%s", row->because);
	if (result.count > 0)
		cr_expect(eq(int, (int)result.items[0].kind, row->expected), "%s: %s", row->because,
			result.items[0].detail);
	cr_expect(eq(sz, result.waiting, row->waiting), "%s", row->because);
	cr_expect(eq(sz, result.foreign, row->foreign_count), "%s", row->because);
}
