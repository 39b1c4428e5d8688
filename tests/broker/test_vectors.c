/*
 * Numbers worked by hand, per rule, with the working beside them. The broker's own arithmetic is
 * not used to make them.
 */
#include "tests/broker/desk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

/* ---- fees: value * rate to 1e-8, ties away from zero ----------------------------------------- */

struct fee_row {
	char because[64];
	char quantity[16], price[16];
	char taker_fee[16], maker_fee[16];
};

ParameterizedTestParameters(vectors, fees)
{
	static struct fee_row rows[] = {
		/* 5,000 * 0.00055; 5,000 * 0.0002 */
		{"a round value", "0.1", "50000", "2.75", "1"},
		/* 50.0001 * 0.00055 = 0.027500055, a tie; * 0.0002 = 0.01000002 */
		{"a tie goes away from zero", "0.001", "50000.1", "0.02750006", "0.01000002"},
		/* 50.0003 * 0.00055 = 0.027500165, a tie; * 0.0002 = 0.01000006 */
		{"another tie", "0.001", "50000.3", "0.02750017", "0.01000006"},
		/* 0.123 * 43210.7 = 5314.9161 * 0.00055 = 2.923203855; * 0.0002 = 1.06298322 */
		{"an odd value", "0.123", "43210.7", "2.92320386", "1.06298322"},
	};
	return cr_make_param_array(struct fee_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fee_row *row, vectors, fees)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "100000");
	desk_leverage(desk, "1");
	desk_price(desk, row->price);
	desk_trade(desk, SIDE_BUY, row->quantity);
	cr_expect(same(desk_last(desk, BROKER_EVENT_FILL)->fill.fee, row->taker_fee), "%s",
		row->because);

	/* Sold back by a resting order that the market trades through. */
	struct order_request request = desk_limit("m", SIDE_SELL, row->quantity, row->price);
	desk_price(desk, "30000");
	desk_place(desk, &request);
	desk_price(desk, "90000");
	cr_expect(same(desk_last(desk, BROKER_EVENT_FILL)->fill.fee, row->maker_fee), "%s",
		row->because);
}

/* ---- market data off the grid
 * -------------------------------------------------------------------- */

struct grid_row {
	char because[64];
	char given[32];
	char nearest[16], bid[16], ask[16];
};

ParameterizedTestParameters(vectors, prices_are_put_on_the_grid)
{
	static struct grid_row rows[] = {
		{"on the tick", "50000.1", "50000.1", "50000.1", "50000.1"},
		{"below half", "50000.14", "50000.1", "50000.1", "50000.2"},
		{"at half", "50000.15", "50000.2", "50000.1", "50000.2"},
		{"above half", "50000.1500001", "50000.2", "50000.1", "50000.2"},
		{"coarser than the tick", "50000", "50000", "50000", "50000"},
		{"eighteen places", "50000.149999999999999999", "50000.1", "50000.1", "50000.2"},
	};
	return cr_make_param_array(struct grid_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct grid_row *row, vectors, prices_are_put_on_the_grid)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "1000");
	struct broker_price price;
	desk_market(desk, row->given, row->given, "1.0019");
	cr_assert(broker_last_price(desk->broker, 0, &price));
	cr_expect(same(price.last, row->nearest), "%s", row->because);
	cr_expect(same(price.mark, row->nearest), "%s", row->because);
	cr_expect(same(price.bid, row->bid), "%s", row->because);
	cr_expect(same(price.ask, row->ask), "%s", row->because);
	cr_expect(same(price.volume, "1.001"), "%s", row->because);
}

Test(vectors, a_price_that_is_none_changes_nothing)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "1000");
	struct broker_price price;
	struct err err;
	desk_price(desk, "50000");
	cr_assert(broker_last_price(desk->broker, 0, &price));
	price.mark = D("0");
	cr_expect(eq(int, broker_price(desk->broker, 0, &price, &err), -1));
	cr_expect(eq(int, err.code, ERR_INVALID));
	price.mark = D("-1");
	cr_expect(eq(int, broker_price(desk->broker, 0, &price, &err), -1));
	price.mark = D("50001");
	price.volume = D("-1");
	cr_expect(eq(int, broker_price(desk->broker, 0, &price, &err), -1));
	cr_assert(broker_last_price(desk->broker, 0, &price));
	cr_expect(same(price.mark, "50000"));
}

/* ---- average cost and realised PnL ------------------------------------------------------------
 */

Test(vectors, average_cost_is_kept_exactly_over_partial_closes)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");

	/* Buy 0.1 at 50,000: cost 5,000, fee 2.75, margin 500 at leverage 10. */
	desk_price(desk, "50000");
	desk_trade(desk, SIDE_BUY, "0.1");
	cr_expect(same(desk_balance(desk).balance.wallet, "9997.25"));
	cr_expect(same(desk_balance(desk).balance.available, "9497.25"));

	/* Buy 0.05 at 49,000: cost 5,000 + 2,450 = 7,450 for 0.15; fee 1.3475; margin 745. */
	desk_price(desk, "49000");
	desk_trade(desk, SIDE_BUY, "0.05");
	struct position position = desk_position(desk, 0);
	cr_expect(same(position.average, "49666.666666666667"));
	cr_expect(same(position.initial_margin, "745"));
	cr_expect(same(position.unrealised, "-100")); /* 0.15 * 49,000 - 7,450 */

	/* Sell 0.05 at 51,000: a third of the cost, 2,483.33333333; 2,550 - that = 66.66666667;
	 * fee 1.4025; a third of the margin is freed. */
	desk_price(desk, "51000");
	desk_trade(desk, SIDE_SELL, "0.05");
	const struct broker_event *event = &desk_last(desk, BROKER_EVENT_FILL)->event;
	cr_expect(same(event->closed_cost, "2483.33333333"));
	cr_expect(same(event->cash_flow, "66.66666667"));
	cr_expect(same(event->wallet, "10061.16666667")); /* 9,995.9025 + 66.66666667 - 1.4025 */
	cr_expect(same(desk_position(desk, 0).initial_margin, "496.66666667"));
	/* Opening fees 2.75 + 1.3475 = 4.0975, a third of it 1.36583333. */
	cr_expect(same(event->closed_open_fee, "1.36583333"));

	/* Sell 0.1 at 52,000: the rest of the cost, 4,966.66666667; 233.33333333; fee 2.86.
	 * In all exactly 2,550 + 5,200 - 7,450 = 300. */
	desk_price(desk, "52000");
	desk_trade(desk, SIDE_SELL, "0.1");
	cr_expect(same(desk_balance(desk).realised, "300"));
	cr_expect(same(desk_balance(desk).balance.wallet, "10291.64"));
	cr_expect(same(desk_position(desk, 0).quantity, "0"));
	cr_expect(same(desk_position(desk, 0).average, "0"));
	/* 300 - 2.75 - 1.3475 - 1.4025 - 2.86 */
	cr_expect(same(broker_position_extra(desk->broker, 0, 0, LEG_ONE_WAY).realised, "291.64"));
}

Test(vectors, an_order_through_the_position_closes_it_and_opens_the_other_side)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
	desk_price(desk, "50000");
	desk_trade(desk, SIDE_BUY, "0.1");
	desk_price(desk, "51000");
	desk_trade(desk, SIDE_SELL, "0.3");

	/* 0.1 closed: 5,100 - 5,000 = 100. 0.2 opened at 51,000: cost 10,200, margin 1,020.
	 * Fee 15,300 * 0.00055 = 8.415, a third of it, 2.805, belongs to the close. */
	const struct desk_event *fill = desk_last(desk, BROKER_EVENT_FILL);
	cr_expect(same(fill->fill.closed_quantity, "0.1"));
	cr_expect(same(fill->fill.fee, "8.415"));
	cr_expect(same(fill->event.closing_fee, "2.805"));
	cr_expect(same(fill->event.cash_flow, "100"));
	cr_expect(same(fill->event.size_after, "-0.2"));
	struct position position = desk_position(desk, 0);
	cr_expect(eq(int, position.side, SIDE_SELL));
	cr_expect(same(position.quantity, "0.2"));
	cr_expect(same(position.average, "51000"));
	cr_expect(same(position.initial_margin, "1020"));
	/* 10,000 - 2.75 + 100 - 8.415 */
	cr_expect(same(desk_balance(desk).balance.wallet, "10088.835"));
	/* The new position has only paid its share of the fee. */
	cr_expect(same(broker_position_extra(desk->broker, 0, 0, LEG_ONE_WAY).realised, "-5.61"));
}

/* ---- funding: value at mark * rate, ties away from zero ----------------------------------------
 */

struct funding_row {
	char because[64];
	enum side side;
	char quantity[16], mark[16], rate[20], paid[20];
};

ParameterizedTestParameters(vectors, funding)
{
	static struct funding_row rows[] = {
		/* 0.2 * 50,123.4 = 10,024.68 * 0.0001 */
		{"a long pays a positive rate", SIDE_BUY, "0.2", "50123.4", "0.0001", "-1.002468"},
		{"a short receives it", SIDE_SELL, "0.2", "50123.4", "0.0001", "1.002468"},
		/* 10,024.68 * 0.00025 */
		{"a short pays a negative rate", SIDE_SELL, "0.2", "50123.4", "-0.00025",
			"-2.50617"},
		{"a long receives it", SIDE_BUY, "0.2", "50123.4", "-0.00025", "2.50617"},
		/* 50.0001 * 0.00012345 = 0.006172512345 */
		{"to 1e-8", SIDE_BUY, "0.001", "50000.1", "0.00012345", "-0.00617251"},
		/* 50 * 0.0000000001 = 0.000000005, a tie */
		{"a tie paid goes up", SIDE_BUY, "0.001", "50000", "0.0000000001", "-0.00000001"},
		{"a tie received too", SIDE_SELL, "0.001", "50000", "0.0000000001", "0.00000001"},
	};
	return cr_make_param_array(struct funding_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct funding_row *row, vectors, funding)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
	struct err err;
	desk_price(desk, "50000");
	desk_trade(desk, row->side, row->quantity);
	desk_market(desk, "50000", row->mark, "1000");
	struct decimal before = desk_balance(desk).balance.wallet;
	cr_assert(eq(int, broker_funding(desk->broker, 0, desk->now_ms, D(row->rate), &err), 0));

	struct decimal after = desk_balance(desk).balance.wallet;
	cr_expect(same(decimal_sub(after, before), row->paid), "%s", row->because);
	cr_expect(same(desk_balance(desk).funding, row->paid), "%s", row->because);
	cr_expect(same(desk_last(desk, BROKER_EVENT_FUNDING)->event.paid, row->paid), "%s",
		row->because);
}

Test(vectors, funding_that_the_free_balance_cannot_pay_comes_out_of_the_margin)
{
	/* Margin 500 and fee 2.75 of 505.5 leave 2.75 free; funding is 5,000 * 0.001 = 5. */
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "505.5");
	struct err err;
	desk_price(desk, "50000");
	desk_trade(desk, SIDE_BUY, "0.1");
	cr_assert(eq(int, broker_funding(desk->broker, 0, desk->now_ms, D("0.001"), &err), 0));

	/* 500 - (5 - 2.75) */
	cr_expect(same(desk_position(desk, 0).initial_margin, "497.75"));
	cr_expect(same(desk_balance(desk).balance.available, "0"));
	/* (5,000 - 497.75) / (0.1 * 0.99445) = 45,273.769... */
	cr_expect(same(desk_position(desk, 0).liquidation, "45273.7"));
}

/* ---- order margin ------------------------------------------------------------------------------
 */

struct order_margin_row {
	char because[64];
	char leverage[8];
	char held[16]; /* bought before; "" for none */
	enum side side;
	char quantity[16], price[16];
	char margin[16];
};

ParameterizedTestParameters(vectors, order_margin)
{
	static struct order_margin_row rows[] = {
		/* 4,900 / 10 + 4,900 * 0.00055 */
		{"value / leverage and the taker fee", "10", "", SIDE_BUY, "0.1", "49000",
			"492.695"},
		/* 4,900 / 7.5 = 653.333333333 up, + 2.695 */
		{"rounded up", "7.5", "", SIDE_BUY, "0.1", "49000", "656.02833334"},
		/* 0.3 - 0.1 opens: 10,200 / 10 + 5.61 */
		{"only what passes the position opens", "10", "0.1", SIDE_SELL, "0.3", "51000",
			"1025.61"},
		{"what closes reserves nothing", "10", "0.1", SIDE_SELL, "0.1", "51000", "0"},
		{"an increase reserves all of it", "10", "0.1", SIDE_BUY, "0.1", "49000",
			"492.695"},
	};
	return cr_make_param_array(struct order_margin_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct order_margin_row *row, vectors, order_margin)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
	desk_price(desk, "50000");
	desk_leverage(desk, row->leverage);
	if (row->held[0])
		desk_trade(desk, SIDE_BUY, row->held);
	struct decimal before = desk_balance(desk).balance.available;
	struct order_request request = desk_limit("o", row->side, row->quantity, row->price);
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));

	cr_expect(same(desk_balance(desk).order_margin, row->margin), "%s", row->because);
	struct decimal after = desk_balance(desk).balance.available;
	cr_expect(same(decimal_sub(before, after), row->margin), "%s", row->because);
}

Test(vectors, cross_margin_follows_the_mark)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_CROSS, "1000");
	desk_price(desk, "50000");
	desk_trade(desk, SIDE_BUY, "0.1");
	/* 1,000 - 2.75 - 5,000 / 10 */
	cr_expect(same(desk_balance(desk).balance.available, "497.25"));

	/* At 51,000: 997.25 + 100 - 510 */
	desk_market(desk, "50000", "51000", "1000");
	cr_expect(same(desk_balance(desk).position_margin, "510"));
	cr_expect(same(desk_balance(desk).balance.equity, "1097.25"));
	cr_expect(same(desk_balance(desk).balance.available, "587.25"));
	/* 5,100 * (0.005 + 0.00055) */
	cr_expect(same(desk_balance(desk).maintenance_margin, "28.305"));
}

/* ---- liquidation --------------------------------------------------------------------------------
 */

struct liquidation_row {
	char because[64];
	enum margin_mode mode;
	char deposit[16], leverage[8];
	enum side side;
	char quantity[16];
	char maintenance[16]; /* at entry, 50,000 */
	char liquidation[16]; /* mark at which it happens */
	char safe[16];        /* one tick before */
	char bankruptcy[16];  /* price of the fill */
	char wallet[16];      /* what is left */
};

ParameterizedTestParameters(vectors, liquidation)
{
	static struct liquidation_row rows[] = {
		/*
		 * Margin 5,000. 5,000 + P - 50,000 = P * 0.00555 at P = 45,000 / 0.99445 =
		 * 45,251.143. Bankrupt at 45,000 / 0.99945 = 45,024.763, up to the tick; loss
		 * 4,975.2, fee 24.76364; opening fee 27.5.
		 */
		{"isolated long", MARGIN_ISOLATED, "10000", "10", SIDE_BUY, "1", "277.5", "45251.1",
			"45251.2", "45024.8", "4972.53636"},
		/*
		 * 5,000 + 50,000 - P = P * 0.00555 at P = 55,000 / 1.00555 = 54,696.434. Bankrupt
		 * at 55,000 / 1.00055 = 54,969.766, down; loss 4,969.7, fee 30.233335.
		 */
		{"isolated short", MARGIN_ISOLATED, "10000", "10", SIDE_SELL, "1", "277.5",
			"54696.5", "54696.4", "54969.7", "4972.566665"},
		/*
		 * 4 * 50,000 = 200,000, the second tier: 200,000 * 0.01055 - 500 = 1,610. Margin
		 * 10,000. 4P * 0.98945 = 200,000 - 10,000 - 500 at P = 47,880.135. Bankrupt at
		 * 190,000 / (4 * 0.99945) = 47,526.139, up to 47,526.2; loss 9,895.2, fee
		 * 190,104.8 * 0.00055 = 104.55764; opening fee 110.
		 */
		{"a long in the second tier", MARGIN_ISOLATED, "20000", "20", SIDE_BUY, "4", "1610",
			"47880.1", "47880.2", "47526.2", "9890.24236"},
		/*
		 * 1.9 * 50,000 = 95,000 is in the first tier, but liquidation is not: margin 9,500;
		 * 1.9P * 1.01055 = 95,000 + 9,500 + 500 at P = 54,686.5...: 105,000 / 1.920045 =
		 * 54,686.218; its value 103,903 is in the second. (First tier: 104,500 / 1.910545 =
		 * 54,696.4, value 103,923: beyond it.) Bankrupt at 104,500 / (1.9 * 1.00055) =
		 * 54,969.766, down to 54,969.7; loss 9,442.43, fee 104,442.43 * 0.00055 =
		 * 57.4433365; opening fee 52.25.
		 */
		{"a short that changes tier on the way", MARGIN_ISOLATED, "20000", "10", SIDE_SELL,
			"1.9", "527.25", "54686.3", "54686.2", "54969.7", "10447.8766635"},
		/*
		 * Wallet 997.25. 0.1P * 0.99445 = 5,000 - 997.25 at P = 40,250.892. The account's
		 * wallet goes: bankrupt at 4,002.75 / 0.099945 = 40,049.527, up; loss 995.04, fee
		 * 2.202728.
		 */
		{"cross long", MARGIN_CROSS, "1000", "10", SIDE_BUY, "0.1", "27.75", "40250.8",
			"40250.9", "40049.6", "0.007272"},
		/*
		 * 0.1P * 1.00555 = 5,000 + 997.25 at P = 59,641.489. Bankrupt at 5,997.25 /
		 * 0.100055 = 59,939.533, down to 59,939.5; loss 993.95, fee 5,993.95 * 0.00055 =
		 * 3.2966725, to 1e-8.
		 */
		{"cross short", MARGIN_CROSS, "1000", "10", SIDE_SELL, "0.1", "27.75", "59641.5",
			"59641.4", "59939.5", "0.0033275"},
	};
	return cr_make_param_array(struct liquidation_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct liquidation_row *row, vectors, liquidation)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(row->mode, row->deposit);
	desk_price(desk, "50000");
	desk_leverage(desk, row->leverage);
	cr_assert(eq(int, desk_trade(desk, row->side, row->quantity), BROKER_REFUSED_NOTHING));

	struct position position = desk_position(desk, 0);
	cr_expect(same(position.maintenance_margin, row->maintenance), "%s", row->because);
	cr_assert(position.liquidation_known, "%s", row->because);
	cr_expect(same(position.liquidation, row->liquidation), "%s", row->because);

	desk_market(desk, "50000", row->safe, "1000");
	cr_expect(not(decimal_is_zero(desk_position(desk, 0).quantity)), "%s", row->because);
	desk_market(desk, "50000", row->liquidation, "1000");
	cr_expect(same(desk_position(desk, 0).quantity, "0"), "%s", row->because);
	const struct desk_event *fill = desk_last(desk, BROKER_EVENT_FILL);
	cr_expect(eq(int, fill->fill.kind, FILL_LIQUIDATION), "%s", row->because);
	cr_expect(same(fill->fill.price, row->bankruptcy), "%s", row->because);
	cr_expect(same(desk_balance(desk).balance.wallet, row->wallet), "%s", row->because);
}

Test(vectors, a_hedged_cross_account_is_liquidated_as_one)
{
	/*
	 * Long 0.3 and short 0.1 at 50,000: fees 8.25 + 2.75, wallet 989. Net 0.2 long:
	 * 989 + 0.3P - 15,000 + 5,000 - 0.1P = 0.4P * 0.00555, so P = 9,011 / 0.19778 =
	 * 45,560.72...
	 */
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_CROSS, "1000");
	desk_hedge(desk);
	desk_leverage(desk, "25");
	desk_price(desk, "50000");
	struct order_request request = desk_request("l", SIDE_BUY, "0.3");
	request.leg = LEG_LONG;
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));
	request = desk_request("s", SIDE_SELL, "0.1");
	request.leg = LEG_SHORT;
	cr_assert(eq(int, desk_place(desk, &request), BROKER_REFUSED_NOTHING));

	cr_expect(same(desk_position(desk, 0).liquidation, "45560.7"));
	cr_expect(same(desk_position(desk, 1).liquidation, "45560.7"));
	desk_market(desk, "50000", "45560.7", "1000");
	cr_expect(same(desk_position(desk, 0).quantity, "0"));
	cr_expect(same(desk_position(desk, 1).quantity, "0"));
	struct decimal left = desk_balance(desk).balance.wallet;
	cr_expect(
		decimal_sign(left) >= 0 && decimal_less(left, D("0.1")), "%s", DECIMAL_TEXT(left));
}

Test(vectors, adl_closes_at_its_price_without_a_fee)
{
	CLEANUP(desk_close) struct desk *desk = desk_open(MARGIN_ISOLATED, "10000");
	struct err err;
	desk_price(desk, "50000");
	desk_trade(desk, SIDE_BUY, "0.2");
	struct broker_forced forced = {.leg = LEG_ONE_WAY,
		.kind = FILL_ADL,
		.quantity = D("0.05"),
		.price = D("52000"),
		.time_ms = desk->now_ms};
	cr_assert(eq(int, broker_force(desk->broker, &forced, &err), 0));

	/* 0.05 * 2,000 = 100; wallet 10,000 - 5.5 + 100 */
	const struct desk_event *fill = desk_last(desk, BROKER_EVENT_FILL);
	cr_expect(eq(int, fill->fill.kind, FILL_ADL));
	cr_expect(same(fill->event.cash_flow, "100"));
	cr_expect(same(fill->fill.fee, "0"));
	cr_expect(same(desk_balance(desk).balance.wallet, "10094.5"));
	cr_expect(same(desk_position(desk, 0).quantity, "0.15"));
}

/* ---- slippage -------------------------------------------------------------------------------- */

struct slippage_row {
	char because[64];
	enum side side;
	char limit[16]; /* "": a market order */
	char paid[16];
};

ParameterizedTestParameters(vectors, slippage)
{
	static struct slippage_row rows[] = {
		/* ask 50,000.1 * 0.0003 = 15.00003, up to a tick: 15.1 */
		{"a market order pays beyond ask, up to a tick", SIDE_BUY, "", "50015.2"},
		/* bid 50,000 * 0.0003 = 15 */
		{"and gets less than bid", SIDE_SELL, "", "49985"},
		{"a limit order never pays more than its limit", SIDE_BUY, "50005", "50005"},
		{"nor gets less", SIDE_SELL, "49990", "49990"},
	};
	return cr_make_param_array(struct slippage_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct slippage_row *row, vectors, slippage)
{
	struct broker_settings settings = broker_settings_default();
	settings.taker_slippage_ppm = 300;
	struct broker *broker = broker_new(&settings);
	struct rules rules = desk_rules("BTCUSDT");
	struct broker_fees fees = {.maker = D("0.0002"), .taker = D("0.00055")};
	struct broker_price price = {.time_ms = 1,
		.last = D("50000"),
		.mark = D("50000"),
		.bid = D("50000"),
		.ask = D("50000.1"),
		.volume = D("1000")};
	struct order_request request = {.side = row->side,
		.leg = LEG_ONE_WAY,
		.type = row->limit[0] ? ORDER_LIMIT : ORDER_MARKET,
		.time_in_force = TIF_GTC,
		.quantity = D("0.1")};
	struct position positions[POSITIONS_MAX];
	struct order order;
	struct err err;
	int symbol;

	if (row->limit[0])
		request.price = decimal_literal(row->limit);
	(void)snprintf(request.symbol, sizeof request.symbol, "BTCUSDT");
	cr_assert(zero(int, broker_symbol_add(broker, &rules, &fees, &symbol, &err)));
	int account = broker_account_add(broker, MARGIN_CROSS);
	cr_assert(zero(int, broker_deposit(broker, account, D("100000"), 0, &err)));
	cr_assert(zero(int, broker_price(broker, symbol, &price, &err)));
	cr_assert(zero(int, broker_place(broker, account, &request, 1, &order, &err)));
	broker_step(broker, 1);
	cr_assert(eq(u64, broker_positions(broker, account, symbol, positions), 1));
	cr_expect(decimal_equal(positions[0].average, decimal_literal(row->paid)), "%s: %s",
		row->because, DECIMAL_TEXT(positions[0].average));
	broker_free(&broker);
}
