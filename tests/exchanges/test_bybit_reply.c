/*
 * Replies in the shape of the venue's own samples. Each parser is shown a good one, and then one
 * with a single fault: its error must name the path of that fault.
 */
#include "exchanges/bybit_reply.h"
#include "tests/exchanges/samples.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define OPEN "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":"
#define CLOSE ",\"retExtInfo\":{},\"time\":1700000000123}"

static const char rules_reply[] = OPEN
	"{\"category\":\"linear\",\"list\":[{\"symbol\":\"BTCUSDT\",\"contractType\":"
	"\"LinearPerpetual\","
	"\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"settleCoin\":"
	"\"USDT\","
	"\"priceFilter\":{\"minPrice\":\"0.10\",\"maxPrice\":\"1999999.80\",\"tickSize\":\"0.10\"},"
	"\"lotSizeFilter\":{\"maxOrderQty\":\"1190.000\",\"minOrderQty\":\"0.001\","
	"\"qtyStep\":\"0.001\",\"maxMktOrderQty\":\"500.000\",\"minNotionalValue\":\"5\"},"
	"\"leverageFilter\":{\"minLeverage\":\"1\",\"maxLeverage\":\"100.00\","
	"\"leverageStep\":\"0.01\"},\"fundingInterval\":480}],\"nextPageCursor\":\"\"}" CLOSE;

static const char tiers_reply[] = OPEN
	"{\"category\":\"linear\",\"list\":["
	"{\"id\":2,\"symbol\":\"BTCUSDT\",\"riskLimitValue\":\"2600000\","
	"\"maintenanceMargin\":\"0.0056\",\"initialMargin\":\"0.0111\",\"isLowestRisk\":0,"
	"\"maxLeverage\":\"90.00\",\"mmDeduction\":\"1200\"},"
	"{\"id\":1,\"symbol\":\"BTCUSDT\",\"riskLimitValue\":\"2000000\","
	"\"maintenanceMargin\":\"0.005\",\"initialMargin\":\"0.01\",\"isLowestRisk\":1,"
	"\"maxLeverage\":\"100.00\",\"mmDeduction\":\"\"}],\"nextPageCursor\":\"\"}" CLOSE;

static const char candles_reply[] = OPEN
	"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"list\":["
	"[\"1700000040000\",\"50010\",\"50020.5\",\"50000\",\"50015\",\"12.5\",\"625187\"],"
	"[\"1699999980000\",\"50000\",\"50012\",\"49990\",\"50010\",\"3.125\",\"156281\"]]}" CLOSE;

static const char ticker_reply[] = OPEN
	"{\"category\":\"linear\",\"list\":[{\"symbol\":\"BTCUSDT\",\"lastPrice\":\"50000.10\","
	"\"indexPrice\":\"50001.00\",\"markPrice\":\"50000.55\",\"bid1Price\":\"50000.00\","
	"\"bid1Size\":\"1.1\",\"ask1Price\":\"50000.10\",\"ask1Size\":\"2\","
	"\"fundingRate\":\"-0.0001\",\"nextFundingTime\":\"1700006400000\"}]}" CLOSE;

static const char wallet_reply[] = OPEN
	"{\"list\":[{\"accountType\":\"UNIFIED\",\"totalEquity\":\"1010\","
	"\"totalAvailableBalance\":\"890.5\",\"coin\":[{\"coin\":\"USDT\",\"equity\":\"1010.25\","
	"\"walletBalance\":\"1000\",\"totalPositionIM\":\"100\",\"totalOrderIM\":\"10.5\","
	"\"locked\":\"0\",\"bonus\":\"2\",\"unrealisedPnl\":\"10.25\"}]}]}" CLOSE;

#define HELD                                                                                       \
	"{\"positionIdx\":1,\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"size\":\"0.010\","           \
	"\"avgPrice\":\"49000.5\",\"markPrice\":\"50000\",\"liqPrice\":\"\",\"leverage\":\"10\","  \
	"\"positionValue\":\"490.005\",\"positionIM\":\"49.3\",\"positionMM\":\"2.7\","            \
	"\"unrealisedPnl\":\"9.995\",\"updatedTime\":\"1700000000100\"}"
#define FLAT                                                                                       \
	"{\"positionIdx\":2,\"symbol\":\"BTCUSDT\",\"side\":\"\",\"size\":\"0\","                  \
	"\"avgPrice\":\"0\",\"markPrice\":\"\",\"liqPrice\":\"\",\"leverage\":\"10\","             \
	"\"positionValue\":\"\",\"positionIM\":\"\",\"positionMM\":\"\",\"unrealisedPnl\":\"\","   \
	"\"updatedTime\":\"0\"}"

static const char hedge_reply[] = OPEN "{\"category\":\"linear\",\"list\":[" FLAT "," HELD
				       "],\"nextPageCursor\":\"\"}" CLOSE;

static const char orders_reply[] = OPEN
	"{\"category\":\"linear\",\"list\":["
	"{\"orderId\":\"o-1\",\"orderLinkId\":\"bb-1\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\","
	"\"positionIdx\":0,\"orderStatus\":\"PartiallyFilled\",\"orderType\":\"Limit\","
	"\"qty\":\"0.010\",\"price\":\"49000.1\",\"avgPrice\":\"49000\",\"cumExecQty\":\"0.004\","
	"\"cumExecValue\":\"196\",\"triggerPrice\":\"\",\"stopOrderType\":\"\","
	"\"reduceOnly\":false,\"rejectReason\":\"EC_NoError\",\"cancelType\":\"UNKNOWN\","
	"\"createdTime\":\"1700000000000\",\"updatedTime\":\"1700000000050\"},"
	"{\"orderId\":\"o-2\",\"orderLinkId\":\"\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\","
	"\"positionIdx\":0,\"orderStatus\":\"Untriggered\",\"orderType\":\"Market\","
	"\"qty\":\"0.010\",\"price\":\"\",\"avgPrice\":\"\",\"cumExecQty\":\"0\","
	"\"cumExecValue\":\"\",\"triggerPrice\":\"47500\",\"stopOrderType\":\"Stop\","
	"\"reduceOnly\":true,\"createdTime\":\"1700000000000\",\"updatedTime\":\"1700000000050\"}],"
	"\"nextPageCursor\":\"page%3A2\"}" CLOSE;

#define EXECUTION(id, type, fee, more)                                                             \
	"{\"execId\":\"" id "\",\"orderId\":\"o-1\",\"orderLinkId\":\"bb-1\","                     \
	"\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"execPrice\":\"50000\",\"execQty\":\"0.004\","   \
	"\"execValue\":\"200\",\"execFee\":\"" fee "\",\"feeRate\":\"0.00055\","                   \
	"\"feeCurrency\":\"\",\"execType\":\"" type "\",\"closedSize\":\"0\",\"isMaker\":false,"   \
	"\"execTime\":\"1700000000070\"" more "}"

static const char executions_reply[] = OPEN "{\"category\":\"linear\",\"list\":[" EXECUTION(
	"e-1", "Trade", "0.11", "") "," EXECUTION("e-2", "Funding", "0.02", "") "," EXECUTION("e-3",
	"AdlTrade", "-0.01", "") "," EXECUTION("e-4", "Trade", "0",
	",\"createType\":\"CreateByLiq\"") "],\"nextPageCursor\":\"\"}" CLOSE;

static const char identity_reply[] = OPEN
	"{\"id\":\"13770661\",\"apiKey\":\"k\",\"readOnly\":0,\"permissions\":{"
	"\"ContractTrade\":[\"Order\",\"Position\"],\"Wallet\":[\"AccountTransfer\"],"
	"\"Derivatives\":[\"DerivativesTrade\"]},\"ips\":[\"203.0.113.7\"],\"deadlineDay\":83,"
	"\"userID\":24617703,\"isMaster\":true,\"parentUid\":\"0\",\"uta\":1}" CLOSE;

static const char receipt_reply[] = OPEN "{\"orderId\":\"o-1\",\"orderLinkId\":\"bb-1\"}" CLOSE;

/* ---- reading one ------------------------------------------------------------------------ */

TestSuite(bybit_reply, .init = samples_setup, .fini = samples_teardown);

static struct field result_of(const char *text)
{
	return sample_result(text, bybit_reply_envelope);
}

Test(bybit_reply, reads_the_envelope)
{
	struct err err = {0};
	struct reply_envelope envelope;
	static const char text[] =
		"{\"retCode\":10006,\"retMsg\":\"Too many visits!\",\"result\":null,\"time\":17}";

	cr_assert(eq(int, field_parse(text, strlen(text), &document, &err), 0));
	cr_assert(eq(int, bybit_reply_envelope(document, &envelope, &err), 0));
	cr_expect(eq(i64, envelope.code, 10006));
	cr_expect(eq(str, envelope.text, "Too many visits!"));
	cr_expect(eq(i64, envelope.server_ms, 17));
}

Test(bybit_reply, reads_rules)
{
	struct field result = result_of(rules_reply);
	struct rules rules;
	struct err err = {0};
	bool found = false;

	cr_assert(eq(int, bybit_reply_rules(&result, "BTCUSDT", &found, &rules, &err), 0), "%s",
		err.message);
	cr_assert(found);
	cr_expect(rules.trading);
	EXPECT_DECIMAL(rules.tick_size, "0.10");
	EXPECT_DECIMAL(rules.lot_size, "0.001");
	EXPECT_DECIMAL(rules.max_quantity, "1190.000");
	EXPECT_DECIMAL(rules.max_market_quantity, "500.000");
	EXPECT_DECIMAL(rules.min_notional, "5");
	EXPECT_DECIMAL(rules.max_leverage, "100.00");
	cr_expect(eq(i64, rules.funding_interval_ms, 28800000), "480 are minutes");

	cr_assert(eq(int, bybit_reply_rules(&result, "ETHUSDT", &found, &rules, &err), 0));
	cr_expect(not(found));
}

Test(bybit_reply, reads_tiers_in_the_order_of_their_limits)
{
	struct field result = result_of(tiers_reply);
	struct rules rules = {.tier_count = 0};
	struct err err = {0};

	cr_assert(
		eq(int, bybit_reply_tiers(&result, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	cr_assert(eq(sz, rules.tier_count, 2));
	EXPECT_DECIMAL(rules.tiers[0].limit, "2000000");
	EXPECT_DECIMAL(rules.tiers[0].maintenance_rate, "0.005");
	EXPECT_DECIMAL(rules.tiers[0].deduction, "0");
	EXPECT_DECIMAL(rules.tiers[1].deduction, "1200");
}

Test(bybit_reply, tiers_in_per_cent_are_fractions_too)
{
	struct field result = result_of(OPEN
		"{\"list\":[{\"symbol\":\"BTCUSDT\",\"riskLimitValue\":\"150\","
		"\"maintenanceMargin\":\"0.5\",\"initialMargin\":\"1\",\"maxLeverage\":\"100.00\","
		"\"mmDeduction\":\"\"},{\"symbol\":\"BTCUSDT\",\"riskLimitValue\":\"300\","
		"\"maintenanceMargin\":1,\"initialMargin\":2,\"maxLeverage\":\"50\","
		"\"mmDeduction\":\"\"}]}" CLOSE);
	struct rules rules = {.tier_count = 0};
	struct err err = {0};

	cr_assert(
		eq(int, bybit_reply_tiers(&result, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	cr_expect(decimal_equal(rules.tiers[0].maintenance_rate, decimal_literal("0.005")));
	cr_expect(decimal_equal(rules.tiers[0].initial_rate, decimal_literal("0.01")));
	cr_expect(decimal_equal(rules.tiers[1].maintenance_rate, decimal_literal("0.01")));
}

Test(bybit_reply, reads_candles_oldest_first)
{
	struct field result = result_of(candles_reply);
	struct candle_list list;
	struct err err = {0};

	cr_assert(eq(int,
			  bybit_reply_candles(
				  &result, arena, "BTCUSDT", 60000, 1700000050000, &list, &err),
			  0),
		"%s", err.message);
	cr_assert(eq(sz, list.count, 2));
	cr_expect(eq(i64, list.items[0].open_ms, 1699999980000));
	cr_expect(list.items[0].closed);
	cr_expect(not(list.items[1].closed), "the newest one still forms");
	EXPECT_DECIMAL(list.items[1].high, "50020.5");
	EXPECT_DECIMAL(list.items[0].volume, "3.125");

	cr_assert(eq(int,
		bybit_reply_candles(&result, arena, "BTCUSDT", 60000, 1700000100000, &list, &err),
		0));
	cr_expect(list.items[1].closed, "its minute is over by the market's clock");
}

Test(bybit_reply, reads_a_ticker)
{
	struct field result = result_of(ticker_reply);
	struct ticker ticker;
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_ticker(&result, "BTCUSDT", 77, &ticker, &err), 0), "%s",
		err.message);
	EXPECT_DECIMAL(ticker.bid, "50000.00");
	EXPECT_DECIMAL(ticker.ask, "50000.10");
	EXPECT_DECIMAL(ticker.mark, "50000.55");
	EXPECT_DECIMAL(ticker.funding_rate, "-0.0001");
	cr_expect(eq(i64, ticker.next_funding_ms, 1700006400000));
	cr_expect(eq(i64, ticker.market_ms, 77));
}

Test(bybit_reply, reads_a_wallet_for_both_margin_modes)
{
	struct field result = result_of(wallet_reply);
	struct bybit_wallet wallet;
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_wallet(&result, &wallet, &err), 0), "%s", err.message);
	EXPECT_DECIMAL(wallet.wallet, "1000");
	EXPECT_DECIMAL(wallet.equity, "1010.25");
	cr_expect(wallet.cross_available_known);
	EXPECT_DECIMAL(wallet.cross_available, "890.5");
	cr_expect(wallet.isolated_available_known);
	EXPECT_DECIMAL(wallet.isolated_available, "887.5"); /* 1000 - 100 - 10.5 - 0 - 2 */
	EXPECT_DECIMAL(wallet.position_margin, "100");
}

Test(bybit_reply, an_account_that_never_held_the_coin_has_none_of_it)
{
	struct field result = result_of(
		OPEN "{\"list\":[{\"totalAvailableBalance\":\"\",\"coin\":[]}]}" CLOSE);
	struct bybit_wallet wallet;
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_wallet(&result, &wallet, &err), 0), "%s", err.message);
	cr_expect(not(wallet.cross_available_known), "empty is not zero");
	cr_expect(decimal_is_zero(wallet.wallet));
}

Test(bybit_reply, reads_both_rows_of_hedge_mode)
{
	struct field result = result_of(hedge_reply);
	struct account account = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_positions(&result, "BTCUSDT", &account, &err), 0), "%s",
		err.message);
	cr_expect(eq(int, account.position_mode, POSITION_HEDGE));
	cr_assert(eq(sz, account.position_count, 2));
	const struct position *longs = &account.positions[0], *shorts = &account.positions[1];
	cr_expect(eq(int, longs->leg, LEG_LONG));
	cr_expect(eq(int, shorts->leg, LEG_SHORT));
	EXPECT_DECIMAL(longs->quantity, "0.010");
	EXPECT_DECIMAL(longs->average, "49000.5");
	EXPECT_DECIMAL(longs->maintenance_margin, "2.7");
	cr_expect(not(longs->liquidation_known), "an empty price is not known");
	cr_expect(decimal_is_zero(shorts->quantity));
	cr_expect(eq(i64, longs->updated_ms, 1700000000100));
}

Test(bybit_reply, one_leg_of_hedge_mode_alone_is_no_account)
{
	struct field result = result_of(OPEN "{\"list\":[" HELD "]}" CLOSE);
	struct account account = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_positions(&result, "BTCUSDT", &account, &err), -1));
	cr_expect(eq(
		str, err.message, "result.list: neither one one-way row nor one row of each leg"));
	cr_expect(zero(sz, account.position_count));
}

Test(bybit_reply, reads_the_one_row_of_one_way_mode)
{
	struct field result = result_of(OPEN
		"{\"list\":[{\"positionIdx\":0,\"symbol\":\"BTCUSDT\",\"side\":\"Sell\","
		"\"size\":\"1\",\"avgPrice\":\"50000\",\"markPrice\":\"50000\","
		"\"liqPrice\":\"54000.5\",\"leverage\":\"10\",\"positionIM\":\"5000\","
		"\"positionMM\":\"250\",\"unrealisedPnl\":\"0\",\"updatedTime\":\"1\"}]}" CLOSE);
	struct account account = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_positions(&result, "BTCUSDT", &account, &err), 0), "%s",
		err.message);
	cr_expect(eq(int, account.position_mode, POSITION_ONE_WAY));
	cr_assert(eq(sz, account.position_count, 1));
	cr_expect(eq(int, account.positions[0].side, SIDE_SELL));
	cr_expect(account.positions[0].liquidation_known);
	EXPECT_DECIMAL(account.positions[0].liquidation, "54000.5");
}

Test(bybit_reply, counts_each_symbol_with_a_position_once)
{
	struct field result = result_of(OPEN "{\"list\":[{\"symbol\":\"BTCUSDT\",\"size\":\"1\"},{"
					     "\"symbol\":\"BTCUSDT\",\"size\":\"2\"},"
					     "{\"symbol\":\"ETHUSDT\",\"size\":\"1\"},{\"symbol\":"
					     "\"XRPUSDT\",\"size\":\"0\"}]}" CLOSE);
	struct bybit_symbols symbols = {.count = 0};
	struct err err = {0};

	cr_assert(
		eq(int, bybit_reply_active(&result, arena, &symbols, &err), 0), "%s", err.message);
	cr_expect(eq(sz, symbols.count, 2));
}

Test(bybit_reply, reads_orders_and_appends_pages)
{
	struct field result = result_of(orders_reply);
	struct order_list list = {0};
	struct err err = {0};
	const char *cursor;

	cr_assert(eq(int, bybit_reply_orders(&result, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(int, bybit_reply_orders(&result, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(sz, list.count, 4));
	const struct order *limit = &list.items[2], *stop = &list.items[3];
	cr_expect(eq(str, limit->client_order_id, "bb-1"));
	cr_expect(eq(int, limit->status, ORDER_STATUS_OPEN));
	cr_expect(eq(int, limit->type, ORDER_LIMIT));
	cr_expect(eq(str, limit->reason, ""), "EC_NoError is no reason");
	EXPECT_DECIMAL(limit->filled, "0.004");
	EXPECT_DECIMAL(limit->filled_value, "196");
	cr_expect(eq(int, stop->type, ORDER_STOP_MARKET));
	cr_expect(eq(int, stop->status, ORDER_STATUS_UNTRIGGERED));
	cr_expect(stop->reduce_only);
	EXPECT_DECIMAL(stop->trigger_price, "47500");
	cr_assert(eq(int, bybit_reply_cursor(&result, &cursor, &err), 0));
	cr_expect(eq(str, cursor, "page%3A2"));
}

struct status_row {
	char because[48];
	char word[32];
	enum order_status status;
	char reject[40], cancel[32];
	char reason[40];
};

ParameterizedTestParameters(bybit_reply, reads_order_states)
{
	static struct status_row rows[] = {
		{"new", "New", ORDER_STATUS_OPEN, "EC_NoError", "UNKNOWN", ""},
		{"a triggered stop is the same order", "Triggered", ORDER_STATUS_OPEN, "EC_NoError",
			"UNKNOWN", ""},
		{"filled", "Filled", ORDER_STATUS_FILLED, "EC_NoError", "UNKNOWN", ""},
		{"cancelled by us", "Cancelled", ORDER_STATUS_CANCELLED, "EC_PerCancelRequest",
			"CancelByUser", "EC_PerCancelRequest"},
		{"why it was cut, where no reject says so", "Cancelled", ORDER_STATUS_CANCELLED,
			"EC_NoError", "CancelByReduceOnly", "CancelByReduceOnly"},
		{"a crossing post-only order", "Cancelled", ORDER_STATUS_CANCELLED,
			"EC_PostOnlyWillTakeLiquidity", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity"},
		{"a stop that was taken away", "Deactivated", ORDER_STATUS_CANCELLED, "EC_NoError",
			"CancelByUser", "CancelByUser"},
		{"rejected", "Rejected", ORDER_STATUS_REJECTED, "EC_NoEnoughMargin", "UNKNOWN",
			"EC_NoEnoughMargin"},
	};
	return cr_make_param_array(struct status_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct status_row *row, bybit_reply, reads_order_states)
{
	char text[1024];
	(void)snprintf(text, sizeof text,
		OPEN
		"{\"list\":[{\"orderId\":\"o\",\"orderLinkId\":\"c\",\"symbol\":\"BTCUSDT\","
		"\"side\":\"Buy\",\"positionIdx\":1,\"orderStatus\":\"%s\",\"orderType\":"
		"\"Market\","
		"\"qty\":\"1\",\"price\":\"0\",\"cumExecQty\":\"0.5\",\"cumExecValue\":\"25000\","
		"\"reduceOnly\":true,\"rejectReason\":\"%s\",\"cancelType\":\"%s\","
		"\"createdTime\":\"1\",\"updatedTime\":\"2\"}]}" CLOSE,
		row->word, row->reject, row->cancel);
	struct field result = result_of(text);
	struct order_list list = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_orders(&result, arena, &list, &err), 0), "%s", err.message);
	cr_expect(eq(int, list.items[0].status, row->status), "%s", row->because);
	cr_expect(eq(str, list.items[0].reason, row->reason), "%s", row->because);
	cr_expect(eq(int, list.items[0].type, ORDER_MARKET), "%s", row->because);
	cr_expect(eq(int, list.items[0].leg, LEG_LONG), "%s", row->because);
	EXPECT_DECIMAL(list.items[0].filled, "0.5");
}

Test(bybit_reply, reads_fills_and_leaves_funding_out)
{
	struct field result = result_of(executions_reply);
	struct fill_list list = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_fills(&result, arena, "USDT", &list, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, list.count, 3));
	cr_expect(eq(str, list.items[0].exec_id, "e-1"));
	cr_expect(eq(int, list.items[0].kind, FILL_TRADE));
	cr_expect(eq(int, list.items[0].liquidity, LIQUIDITY_TAKER));
	cr_expect(eq(str, list.items[0].fee_currency, "USDT"), "empty is the settle coin");
	EXPECT_DECIMAL(list.items[0].fee, "0.11");
	cr_expect(eq(int, list.items[1].kind, FILL_ADL));
	EXPECT_DECIMAL(list.items[1].fee, "-0.01"); /* a rebate */
	cr_expect(eq(int, list.items[2].kind, FILL_LIQUIDATION), "its maker was the liquidation");
}

Test(bybit_reply, reads_funding_with_the_sign_turned)
{
	struct field result = result_of(executions_reply);
	struct funding_list list = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_funding(&result, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(sz, list.count, 1));
	cr_expect(eq(str, list.items[0].id, "e-2"));
	EXPECT_DECIMAL(list.items[0].amount, "-0.02"); /* execFee is positive when paid */
	EXPECT_DECIMAL(list.items[0].rate, "0.00055");
	EXPECT_DECIMAL(list.items[0].quantity, "0.004");
}

/* exchanges.md 4.9: cashFlow is the price's doing alone; a payment of funding has a trade id too.
 */
Test(bybit_reply, reads_what_executions_earned_from_the_account_book)
{
	static const char book[] = OPEN
		"{\"list\":["
		"{\"id\":\"1\",\"symbol\":\"BTCUSDT\",\"type\":\"TRADE\",\"tradeId\":\"e-1\","
		"\"cashFlow\":\"-43.1305\",\"fee\":\"4.2\"},"
		"{\"id\":\"1\",\"symbol\":\"BTCUSDT\",\"type\":\"SETTLEMENT\",\"tradeId\":\"e-2\","
		"\"cashFlow\":\"0\",\"funding\":\"-1\"},"
		"{\"id\":\"2\",\"symbol\":\"ETHUSDT\",\"type\":\"TRADE\",\"tradeId\":\"e-3\","
		"\"cashFlow\":\"7\"},"
		"{\"id\":\"3\",\"symbol\":\"\",\"type\":\"TRANSFER_IN\",\"tradeId\":\"\","
		"\"cashFlow\":\"0\"},"
		"{\"id\":\"4\",\"symbol\":\"BTCUSDT\",\"type\":\"LIQUIDATION\",\"tradeId\":\"e-4\","
		"\"cashFlow\":\"-1\"}]}" CLOSE;
	struct field result = result_of(book);
	struct realised_list list = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_realised(&result, arena, "BTCUSDT", &list, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, list.count, 2), "the symbol's executions and nothing else");
	cr_expect(eq(str, list.items[0].exec_id, "e-1"));
	EXPECT_DECIMAL(list.items[0].amount, "-43.1305");
	cr_expect(eq(str, list.items[1].exec_id, "e-4"));
	EXPECT_DECIMAL(list.items[1].amount, "-1");
}

struct kind_row {
	char word[24];
	enum fill_kind kind;
};

ParameterizedTestParameters(bybit_reply, knows_every_execution_that_moves_a_position)
{
	static struct kind_row rows[] = {
		{"Trade", FILL_TRADE},
		{"BustTrade", FILL_LIQUIDATION},
		{"AdlTrade", FILL_ADL},
		{"Delivery", FILL_SETTLEMENT},
		{"Settle", FILL_SETTLEMENT},
		{"BlockTrade", FILL_TRADE},
		{"MovePosition", FILL_TRADE},
		{"CorporateAction", FILL_SETTLEMENT},
	};
	return cr_make_param_array(struct kind_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct kind_row *row, bybit_reply, knows_every_execution_that_moves_a_position)
{
	char text[1024];
	(void)snprintf(text, sizeof text,
		OPEN
		"{\"list\":[{\"execId\":\"e\",\"orderId\":\"o\",\"orderLinkId\":\"\","
		"\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"execPrice\":\"1\",\"execQty\":\"1\","
		"\"execFee\":\"\",\"execType\":\"%s\",\"closedSize\":\"\",\"isMaker\":true,"
		"\"execTime\":\"1\"}]}" CLOSE,
		row->word);
	struct field result = result_of(text);
	struct fill_list list = {0};
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_fills(&result, arena, "USDT", &list, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, list.count, 1), "%s", row->word);
	cr_expect(eq(int, list.items[0].kind, row->kind), "%s", row->word);
}

struct key_row {
	char because[56];
	char find[40], replace[40];
	bool can_trade, can_withdraw, can_transfer, address_bound;
};

ParameterizedTestParameters(bybit_reply, reads_what_a_key_may_do)
{
	static struct key_row rows[] = {
		{"as it is", "", "", true, false, true, true},
		{"read only", "\"readOnly\":0", "\"readOnly\":1", false, false, true, true},
		{"without the right to order", "\"Order\",", "", false, false, true, true},
		{"without derivatives on a unified account", "\"DerivativesTrade\"", "\"Other\"",
			false, false, true, true},
		{"it can withdraw", "\"AccountTransfer\"", "\"Withdraw\"", true, true, false, true},
		{"it can move to sub-accounts", "\"AccountTransfer\"", "\"SubMemberTransfer\"",
			true, false, true, true},
		{"it is bound to no address", "\"203.0.113.7\"", "\"*\"", true, false, true, false},
		{"an empty list binds to nothing", "\"203.0.113.7\"", "", true, false, true, false},
	};
	return cr_make_param_array(struct key_row, rows, sizeof rows / sizeof rows[0]);
}

/* The text with the first occurrence of find replaced. */
ParameterizedTest(struct key_row *row, bybit_reply, reads_what_a_key_may_do)
{
	CLEANUP(text_free) char *text = replaced(identity_reply, row->find, row->replace);
	struct field result = result_of(text);
	struct exchange_identity identity;
	struct err err = {0};

	cr_assert(eq(int, bybit_reply_identity(&result, &identity, &err), 0), "%s", err.message);
	cr_expect(eq(str, identity.account_id, "24617703"));
	cr_expect(identity.permissions_known);
	cr_expect(eq(int, identity.can_trade, row->can_trade), "%s", row->because);
	cr_expect(eq(int, identity.can_withdraw, row->can_withdraw), "%s", row->because);
	cr_expect(eq(int, identity.can_transfer, row->can_transfer), "%s", row->because);
	cr_expect(eq(int, identity.address_bound, row->address_bound), "%s", row->because);
}

/* ---- one fault each --------------------------------------------------------------------- */

enum parser {
	RULES,
	TIERS,
	CANDLES,
	TICKER,
	WALLET,
	POSITIONS,
	ORDERS,
	FILLS,
	FUNDING,
	KEY,
	RECEIPT
};

static const char *sample_of(enum parser parser)
{
	static const char *const samples[] = {
		[RULES] = rules_reply,
		[TIERS] = tiers_reply,
		[CANDLES] = candles_reply,
		[TICKER] = ticker_reply,
		[WALLET] = wallet_reply,
		[POSITIONS] = hedge_reply,
		[ORDERS] = orders_reply,
		[FILLS] = executions_reply,
		[FUNDING] = executions_reply,
		[KEY] = identity_reply,
		[RECEIPT] = receipt_reply,
	};
	return samples[parser];
}

static int parse(int parser, const struct field *result, struct err *err)
{
	bool found;
	struct rules rules = {.tier_count = 0};
	struct candle_list candles;
	struct ticker ticker;
	struct bybit_wallet wallet;
	struct account account = {0};
	struct order_list orders = {0};
	struct fill_list fills = {0};
	struct funding_list funding = {0};
	struct exchange_identity identity;
	char id[VENUE_ORDER_ID_SIZE];
	const char *client_id;

	switch ((enum parser)parser) {
	case RULES:
		return bybit_reply_rules(result, "BTCUSDT", &found, &rules, err);
	case TIERS:
		return bybit_reply_tiers(result, "BTCUSDT", &rules, err);
	case CANDLES:
		return bybit_reply_candles(
			result, arena, "BTCUSDT", 60000, 1700000050000, &candles, err);
	case TICKER:
		return bybit_reply_ticker(result, "BTCUSDT", 0, &ticker, err);
	case WALLET:
		return bybit_reply_wallet(result, &wallet, err);
	case POSITIONS:
		return bybit_reply_positions(result, "BTCUSDT", &account, err);
	case ORDERS:
		return bybit_reply_orders(result, arena, &orders, err);
	case FILLS:
		return bybit_reply_fills(result, arena, "USDT", &fills, err);
	case FUNDING:
		return bybit_reply_funding(result, arena, &funding, err);
	case KEY:
		return bybit_reply_identity(result, &identity, err);
	case RECEIPT:
		return bybit_reply_receipt(result, id, &client_id, err);
	}
	return 0;
}

ParameterizedTestParameters(bybit_reply, names_the_field_that_is_wrong)
{
	static struct fault_row rows[] = {
		{RULES, "\"tickSize\":\"0.10\"", "\"tick\":\"0.10\"",
			"result.list[0].priceFilter.tickSize: missing"},
		{RULES, "\"qtyStep\":\"0.001\"", "\"qtyStep\":0.001",
			"result.list[0].lotSizeFilter.qtyStep: expected"},
		{RULES, "\"qtyStep\":\"0.001\"", "\"qtyStep\":\"0\"",
			"result.list[0].lotSizeFilter.qtyStep: 0 is not above 0"},
		{RULES, "\"fundingInterval\":480", "\"fundingInterval\":\"480\"",
			"result.list[0].fundingInterval: expected"},
		{RULES, "\"fundingInterval\":480", "\"fundingInterval\":0",
			"result.list[0].fundingInterval: 0 minutes"},
		{RULES, "\"list\":[", "\"rows\":[", "result.list: missing"},
		{TIERS, "\"maintenanceMargin\":\"0.0056\"", "\"maintenanceMargin\":\"x\"",
			"result.list[0].maintenanceMargin:"},
		{TIERS, "\"maintenanceMargin\":\"0.0056\"", "\"maintenanceMargin\":[]",
			"result.list[0].maintenanceMargin:"},
		{TIERS, "\"riskLimitValue\":\"2000000\"", "\"riskLimitValue\":null",
			"result.list[1].riskLimitValue: expected"},
		{CANDLES, "\"50020.5\"", "\"49999.5\"", "result.list[0]: high below low"},
		{CANDLES, "\"1700000040000\"", "1700000040000", "result.list[0][0]: expected"},
		{CANDLES, "\"1700000040000\"", "\"1699999980000\"", "result.list: candles are not"},
		{CANDLES, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"ETHUSDT\"",
			"result: candles of another symbol"},
		{TICKER, "\"bid1Price\":\"50000.00\"", "\"bid1Price\":\"\"",
			"result.list[0].bid1Price:"},
		{TICKER, "\"markPrice\":\"50000.55\"", "\"markPrice\":\"5e4\"",
			"result.list[0].markPrice:"},
		{TICKER, "\"nextFundingTime\":\"1700006400000\"", "\"nextFundingTime\":\"soon\"",
			"result.list[0].nextFundingTime:"},
		{TICKER, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"ETHUSDT\"",
			"result.list: no ticker of BTCUSDT"},
		{WALLET, "\"walletBalance\":\"1000\"", "\"walletBalance\":\"\"",
			"result.list[0].coin[0].walletBalance:"},
		{WALLET, "\"totalAvailableBalance\":\"890.5\"", "\"totalAvailableBalance\":890.5",
			"result.list[0].totalAvailableBalance: expected"},
		{WALLET, "\"bonus\":\"2\"", "\"bonus\":false",
			"result.list[0].coin[0].bonus: expected"},
		{WALLET, "\"list\":[{", "\"list\":[],\"x\":[{", "result.list: no item 0"},
		{POSITIONS, "\"size\":\"0.010\"", "\"size\":\"-0.010\"",
			"result.list[1].size: -0.010 is below 0"},
		{POSITIONS, "\"avgPrice\":\"49000.5\"", "\"avgPrice\":\"\"",
			"result.list[1].avgPrice:"},
		{POSITIONS, "\"positionIdx\":1", "\"positionIdx\":2",
			"result.list[1].side: a short leg"},
		{POSITIONS, "\"positionIdx\":1", "\"positionIdx\":3",
			"result.list[1].positionIdx: unrecognized 3"},
		{POSITIONS, "\"positionIdx\":1", "\"positionIdx\":0", "result.list: neither"},
		{POSITIONS, "\"side\":\"Buy\"", "\"side\":\"Long\"",
			"result.list[1].side: unrecognized \"Long\""},
		{POSITIONS, "\"positionMM\":\"2.7\"", "\"positionMM\":\"\"",
			"result.list[1].positionMM:"},
		{POSITIONS, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"ETHUSDT\"",
			"result.list[0]: a position of another symbol"},
		{ORDERS, "\"orderStatus\":\"PartiallyFilled\"", "\"orderStatus\":\"Levitating\"",
			"result.list[0].orderStatus: unrecognized \"Levitating\""},
		{ORDERS, "\"cumExecQty\":\"0.004\"", "\"cumExecQty\":null",
			"result.list[0].cumExecQty: expected"},
		{ORDERS, "\"reduceOnly\":true", "\"reduceOnly\":\"true\"",
			"result.list[1].reduceOnly: expected"},
		{ORDERS, "\"orderType\":\"Market\"", "\"orderType\":\"Auction\"",
			"result.list[1].orderType: unrecognized"},
		{ORDERS, "\"orderLinkId\":\"bb-1\",", "", "result.list[0].orderLinkId: missing"},
		{FILLS, "\"execId\":\"e-1\"", "\"execId\":\"\"", "result.list[0].execId: empty"},
		{FILLS, "\"execType\":\"AdlTrade\"", "\"execType\":\"Gift\"",
			"result.list[2].execType: unrecognized \"Gift\""},
		{FILLS, "\"execQty\":\"0.004\"", "\"execQty\":\"0\"",
			"result.list[0].execQty: 0 is not above 0"},
		{FILLS, "\"isMaker\":false", "\"isMaker\":0", "result.list[0].isMaker: expected"},
		{FUNDING, "\"execId\":\"e-2\"", "\"execId\":7", "result.list[1].execId: expected"},
		{FUNDING, "\"execFee\":\"0.02\"", "\"execFee\":\"\"", "result.list[1].execFee:"},
		{KEY, "\"userID\":24617703", "\"userID\":\"24617703\"", "result.userID: expected"},
		{KEY, "\"userID\":24617703", "\"userID\":0", "result.userID: 0 is no account"},
		{KEY, "\"ContractTrade\":[", "\"ContractTrade\":[1,",
			"result.permissions.ContractTrade[0]: expected"},
		{KEY, "\"readOnly\":0,", "", "result.readOnly: missing"},
		{RECEIPT, "\"orderId\":\"o-1\"", "\"orderId\":\"\"", "result.orderId: empty"},
		{RECEIPT, "\"orderId\":\"o-1\"", "\"orderId\":1", "result.orderId: expected"},
		{RECEIPT, "\"orderId\":\"o-1\"",
			"\"orderId\":"
			"\"0123456789012345678901234567890123456789012345678901234567890123\"",
			"result.orderId: longer than 63"},
	};
	return cr_make_param_array(struct fault_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fault_row *row, bybit_reply, names_the_field_that_is_wrong)
{
	const struct fault_test test = {
		sample_of((enum parser)row->parser), bybit_reply_envelope, parse};
	expect_fault(row, &test);
}

struct envelope_row {
	char because[40];
	char text[80];
	char message[64];
};

ParameterizedTestParameters(bybit_reply, refuses_an_envelope)
{
	static struct envelope_row rows[] = {
		{"no object", "[]", "the document: expected an object"},
		{"no code", "{\"time\":1}", "retCode: missing"},
		{"a code that is text", "{\"retCode\":\"0\",\"time\":1}", "retCode: expected"},
		{"no time", "{\"retCode\":0}", "time: missing"},
	};
	return cr_make_param_array(struct envelope_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct envelope_row *row, bybit_reply, refuses_an_envelope)
{
	struct reply_envelope envelope;
	struct err err = {0};
	cr_assert(eq(int, field_parse(row->text, strlen(row->text), &document, &err), 0));
	cr_assert(eq(int, bybit_reply_envelope(document, &envelope, &err), -1), "%s", row->because);
	cr_expect(strncmp(err.message, row->message, strlen(row->message)) == 0, "%s: %s",
		row->because, err.message);
}
