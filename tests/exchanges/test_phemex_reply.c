/*
 * Replies in the shape of the venue's own samples. Each parser is shown a good one, and then one
 * with a single fault: its error must name the path of that fault.
 */
#include "exchanges/phemex_reply.h"
#include "tests/exchanges/samples.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define OPEN "{\"code\":0,\"msg\":\"\",\"data\":"
#define CLOSE "}"

static const char rules_reply[] = OPEN
	"{\"products\":[],\"perpProductsV2\":[{\"symbol\":\"BTCUSDC\",\"settleCurrency\":\"USDC\"},"
	"{\"symbol\":\"BTCUSDT\",\"type\":\"PerpetualV2\",\"status\":\"Listed\","
	"\"settleCurrency\":\"USDT\",\"tickSize\":\"0.1\",\"qtyStepSize\":\"0.001\","
	"\"minOrderValueRv\":\"1\",\"maxOrderQtyRq\":\"1000\",\"maxLeverage\":100,"
	"\"fundingInterval\":28800,\"leverageMargin\":7}],\"leverageMargins\":["
	"{\"index_id\":1,\"items\":[]},{\"index_id\":7,\"items\":["
	"{\"notionalValueRv\":100000,\"maxLeverage\":12.5,\"maintenanceMarginRateRr\":\"0.06\","
	"\"maintenanceAmountRv\":\"2500\"},"
	"{\"notionalValueRv\":50000.5,\"maxLeverage\":20,\"maintenanceMarginRateRr\":\"0.01\","
	"\"maintenanceAmountRv\":\"0\"}]}]}" CLOSE;

/* Newest first, strings and numbers mixed: neither is promised. */
static const char candles_reply[] = OPEN
	"{\"total\":-1,\"rows\":["
	"[1700000040,60,\"50010\",\"50010\",\"50020.5\",\"50000\",\"50015\",\"12.5\",\"625187\"],"
	"[1699999980,60,50000,50000.1,50012.3,49990,50010,3.125,156281]]}" CLOSE;

static const char ticker_reply[] =
	"{\"error\":null,\"id\":0,\"result\":{\"askRp\":\"1906.03\",\"bidRp\":\"1906\","
	"\"fundingRateRr\":\"-0.0001\",\"indexRp\":\"1906.275\",\"lastRp\":\"1905.63\","
	"\"markRp\":\"1905.733555189\",\"predFundingRateRr\":\"0.0002\",\"symbol\":\"BTCUSDT\","
	"\"timestamp\":1681350167054888200}}";

static const char funding_time_reply[] =
	"[{\"symbol\":\"BTCUSDT\",\"fundingInterval\":28800,\"nextfundingTime\":1742457600000,"
	"\"fundingRate\":\"0.00001369\"}]";

#define ACCOUNT                                                                                    \
	"\"account\":{\"accountBalanceRv\":\"1000\",\"accountId\":123450001,"                      \
	"\"bonusBalanceRv\":\"0\",\"currency\":\"USDT\",\"totalUsedBalanceRv\":\"100.5\","         \
	"\"userID\":12345}"
#define POSITION(symbol, mode, leg, side, size, entry, mark, leverage)                             \
	"{\"symbol\":\"" symbol "\",\"posMode\":\"" mode "\",\"posSide\":\"" leg                   \
	"\",\"side\":\"" side "\",\"size\":\"" size "\",\"avgEntryPriceRp\":\"" entry              \
	"\",\"markPriceRp\":\"" mark "\",\"leverageRr\":\"" leverage                               \
	"\",\"positionMarginRv\":\"49.3\",\"maintMarginReqRr\":\"0.005\","                         \
	"\"liquidationPriceRp\":\"44000.5\",\"valueRv\":\"490\",\"crossMargin\":false,"            \
	"\"transactTimeNs\":1700000000100123456}"

static const char account_reply[] = OPEN "{" ACCOUNT ",\"positions\":[" POSITION(
	"BTCUSDT", "Hedged", "Short", "None", "0", "0", "50000", "-10") "," POSITION("BTCUSDT",
	"Hedged", "Long", "Buy", "0.010", "49000.5", "50000",
	"-10") "," POSITION("ETHUSDT", "OneWay", "Merged", "Sell", "2", "1900", "1950",
	"-5") "," POSITION("XRPUSDT", "OneWay", "Merged", "None", "0", "0", "0", "0") "]}" CLOSE;

static const char open_reply[] = OPEN
	"{\"rows\":[{\"bizError\":0,\"orderID\":\"o-1\",\"clOrdID\":\"bb-1\","
	"\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"actionTimeNs\":1678163665765381733,"
	"\"transactTimeNs\":1678163665769528669,\"orderType\":\"Stop\",\"priceRp\":\"0\","
	"\"orderQtyRq\":\"0.005\",\"reduceOnly\":false,\"cumQtyRq\":\"0\",\"cumValueRv\":\"0\","
	"\"stopPxRp\":\"47500.5\",\"trigger\":\"ByMarkPrice\",\"ordStatus\":\"Untriggered\","
	"\"execInst\":\"CloseOnTrigger\"}],\"nextPageArg\":\"\"}" CLOSE;

static const char past_reply[] =
	"[{\"orderId\":\"o-2\",\"clOrdId\":\"bb-2\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\","
	"\"ordType\":\"Market\",\"actionTimeNs\":1667562110213260743,\"priceRp\":\"21206.7\","
	"\"orderQtyRq\":\"0.001\",\"reduceOnly\":false,\"cumQtyRq\":\"0.001\","
	"\"cumValueRv\":\"20.5795\",\"ordStatus\":\"Filled\","
	"\"transactTimeNs\":1667562110221077395,\"bizError\":0}]";

#define TRADE(id, type, fee, status)                                                               \
	"{\"transactTimeNs\":1669407633926215067,\"symbol\":\"BTCUSDT\",\"currency\":\"USDT\","    \
	"\"action\":\"New\",\"posSide\":\"Short\",\"side\":\"Sell\",\"tradeType\":\"" type         \
	"\",\"execQtyRq\":\"0.001\",\"execPriceRp\":\"16600\",\"execFeeRv\":\"" fee                \
	"\",\"closedSizeRq\":\"0\",\"closedPnlRv\":\"-1.5\",\"execID\":\"" id                      \
	"\",\"orderID\":\"o-1\",\"clOrdID\":\"\",\"execStatus\":\"" status "\"}"

static const char trades_reply[] = OPEN "{\"total\":4,\"rows\":[" TRADE("e-1", "Trade", "0.00166",
	"MakerFill") "," TRADE("e-2", "Funding", "0.02", "") "," TRADE("e-3", "LiqTrade", "-0.01",
	"Liquidated") "," TRADE("e-4", "AdlTrade", "0", "TakerFill") "]}" CLOSE;

#define PAYMENT(side, fee, time)                                                                   \
	"{\"symbol\":\"BTCUSDT\",\"currency\":\"USDT\",\"execQtyRq\":\"0.16\",\"side\":\"" side    \
	"\",\"execPriceRp\":\"1322.84500459\",\"fundingRateRr\":\"0.0001\",\"execFeeRv\":\"" fee   \
	"\",\"createTime\":" time "}"

static const char funding_reply[] = OPEN "[" PAYMENT("Buy", "0.02116552",
	"1671004800021") "," PAYMENT("Sell", "-0.02116552", "1671004800021") "]" CLOSE;

static const char receipt_reply[] = OPEN
	"{\"actionTimeNs\":1580547265848034600,\"bizError\":0,\"clOrdID\":\"bb-1\","
	"\"execInst\":\"ReduceOnly\",\"ordStatus\":\"Created\",\"orderID\":\"o-1\","
	"\"orderType\":\"Stop\",\"stopPxRp\":\"47500.5\",\"trigger\":\"ByMarkPrice\"}" CLOSE;

/* ---- reading one ------------------------------------------------------------------------ */

TestSuite(phemex_reply, .init = samples_setup, .fini = samples_teardown);

static struct field result_of(const char *text)
{
	return sample_result(text, phemex_reply_envelope);
}

struct envelope_row {
	char because[48];
	char text[96];
	int64_t code;     /* -1: refused */
	char message[48]; /* the envelope's, or the refusal's beginning */
};

ParameterizedTestParameters(phemex_reply, reads_every_envelope)
{
	static struct envelope_row rows[] = {
		{"a success", "{\"code\":0,\"msg\":\"OK\",\"data\":{}}", 0, "OK"},
		{"a refusal without data", "{\"code\":20004,\"msg\":\"X\",\"data\":null}", 20004,
			"X"},
		{"a refusal without a message", "{\"code\":10002}", 10002, ""},
		{"market data", "{\"error\":null,\"id\":0,\"result\":{}}", 0, ""},
		{"market data that is refused",
			"{\"error\":{\"code\":6001,\"message\":\"invalid argument\"},\"id\":0}",
			6001, "invalid argument"},
		{"a bare list", "[1]", 0, ""},
		{"a code that is text", "{\"code\":\"0\",\"data\":{}}", -1, "code: expected"},
		{"neither", "{\"data\":{}}", -1, "error: missing"},
		{"market data without a result", "{\"error\":null}", -1, "result: missing"},
		{"an error with code 0", "{\"error\":{\"code\":0}}", -1, "error.code: an error"},
		{"a text", "\"down\"", -1, "the document: expected an object"},
		{"a message that is a number", "{\"code\":1,\"msg\":2}", -1, "msg: expected"},
	};
	return cr_make_param_array(struct envelope_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct envelope_row *row, phemex_reply, reads_every_envelope)
{
	struct err err = {0};
	struct reply_envelope envelope = {.code = -1};
	cr_assert(eq(int, field_parse(row->text, strlen(row->text), &document, &err), 0));
	int result = phemex_reply_envelope(document, &envelope, &err);

	cr_assert(eq(int, result, row->code == -1 ? -1 : 0), "%s: %s", row->because, err.message);
	if (result == 0) {
		cr_expect(eq(i64, envelope.code, row->code), "%s", row->because);
		cr_expect(eq(str, envelope.text, row->message), "%s", row->because);
		return;
	}
	cr_expect(strncmp(err.message, row->message, strlen(row->message)) == 0, "%s: %s",
		row->because, err.message);
}

Test(phemex_reply, reads_the_time)
{
	struct field data = result_of(OPEN "{\"serverTime\":1700000000123}" CLOSE);
	struct err err = {0};
	int64_t server_ms;
	cr_assert(eq(int, reply_server_time(&data, &server_ms, &err), 0));
	cr_expect(eq(i64, server_ms, 1700000000123));
}

Test(phemex_reply, reads_rules_and_their_tiers)
{
	struct field data = result_of(rules_reply);
	struct rules rules;
	struct err err = {0};
	bool found = false;

	cr_assert(eq(int, phemex_reply_rules(&data, "BTCUSDT", &found, &rules, &err), 0), "%s",
		err.message);
	cr_assert(found);
	cr_expect(rules.trading);
	EXPECT_DECIMAL(rules.tick_size, "0.1");
	EXPECT_DECIMAL(rules.lot_size, "0.001");
	EXPECT_DECIMAL(rules.min_quantity, "0.001");
	EXPECT_DECIMAL(rules.max_quantity, "1000");
	EXPECT_DECIMAL(rules.max_market_quantity, "1000");
	EXPECT_DECIMAL(rules.min_notional, "1");
	EXPECT_DECIMAL(rules.max_leverage, "100");
	cr_expect(eq(i64, rules.funding_interval_ms, 28800000), "28800 are seconds");
	cr_assert(eq(sz, rules.tier_count, 2));
	EXPECT_DECIMAL(rules.tiers[0].limit, "50000.5");
	EXPECT_DECIMAL(rules.tiers[0].maintenance_rate, "0.01");
	EXPECT_DECIMAL(rules.tiers[0].initial_rate, "0.05000000");
	EXPECT_DECIMAL(rules.tiers[1].max_leverage, "12.5");
	EXPECT_DECIMAL(rules.tiers[1].deduction, "2500");
}

Test(phemex_reply, a_symbol_that_settles_elsewhere_is_not_there)
{
	struct field data = result_of(rules_reply);
	struct rules rules;
	struct err err = {0};
	bool found = true;

	cr_assert(eq(int, phemex_reply_rules(&data, "BTCUSDC", &found, &rules, &err), 0));
	cr_expect(not(found));
	cr_assert(eq(int, phemex_reply_rules(&data, "DOGEUSDT", &found, &rules, &err), 0));
	cr_expect(not(found));
}

Test(phemex_reply, reads_candles_oldest_first)
{
	struct field data = result_of(candles_reply);
	struct candle_list list;
	struct err err = {0};

	cr_assert(
		eq(int, phemex_reply_candles(&data, arena, 60000, 500, 1700000050000, &list, &err),
			0),
		"%s", err.message);
	cr_assert(eq(sz, list.count, 2));
	cr_expect(eq(i64, list.items[0].open_ms, 1699999980000));
	EXPECT_DECIMAL(list.items[0].open, "50000.1");
	EXPECT_DECIMAL(list.items[0].high, "50012.3");
	EXPECT_DECIMAL(list.items[0].volume, "3.125");
	EXPECT_DECIMAL(list.items[1].open, "50010");
	EXPECT_DECIMAL(list.items[1].close, "50015");
	cr_expect(list.items[0].closed);
	cr_expect(not(list.items[1].closed));
}

Test(phemex_reply, cuts_candles_to_the_newest)
{
	struct field data = result_of(candles_reply);
	struct candle_list list;
	struct err err = {0};

	cr_assert(eq(
		int, phemex_reply_candles(&data, arena, 60000, 1, 1700000100000, &list, &err), 0));
	cr_assert(eq(sz, list.count, 1));
	cr_expect(eq(i64, list.items[0].open_ms, 1700000040000));
	cr_expect(list.items[0].closed, "its minute is over by the market's clock");
}

Test(phemex_reply, reads_a_ticker)
{
	struct field result = result_of(ticker_reply);
	struct ticker ticker;
	struct err err = {0};

	cr_assert(eq(int, phemex_reply_ticker(&result, "BTCUSDT", &ticker, &err), 0), "%s",
		err.message);
	EXPECT_DECIMAL(ticker.bid, "1906");
	EXPECT_DECIMAL(ticker.ask, "1906.03");
	EXPECT_DECIMAL(ticker.mark, "1905.733555189");
	EXPECT_DECIMAL(ticker.funding_rate, "-0.0001");
	cr_expect(eq(i64, ticker.market_ms, 1681350167054), "ns become ms");
}

Test(phemex_reply, reads_when_funding_is_due)
{
	struct field list = result_of(funding_time_reply);
	struct err err = {0};
	int64_t next_ms;

	cr_assert(eq(int, phemex_reply_next_funding(&list, "BTCUSDT", &next_ms, &err), 0), "%s",
		err.message);
	cr_expect(eq(i64, next_ms, 1742457600000));
	cr_expect(eq(int, phemex_reply_next_funding(&list, "ETHUSDT", &next_ms, &err), -1));
}

Test(phemex_reply, reads_an_account_in_one_reply)
{
	struct field data = result_of(account_reply);
	struct account account = {.read_mono_ms = 7};
	struct err err = {0};
	bool found = false;

	cr_assert(eq(int, phemex_reply_account(&data, "BTCUSDT", &found, &account, &err), 0), "%s",
		err.message);
	cr_assert(found);
	cr_expect(eq(i64, account.read_mono_ms, 7), "the caller's");
	EXPECT_DECIMAL(account.balance.wallet, "1000");
	EXPECT_DECIMAL(account.balance.equity, "909.9950"); /* + 9.995 - 100 */
	EXPECT_DECIMAL(account.balance.available, "799.5"); /* 1000 - 100.5 - 100 lost in cross */
	cr_expect(eq(sz, account.active_symbols, 2));
	cr_expect(account.margin_mode_known);
	cr_expect(eq(int, account.margin_mode, MARGIN_CROSS), "by the sign, not by crossMargin");
	cr_expect(eq(int, account.position_mode, POSITION_HEDGE));
	cr_assert(eq(sz, account.position_count, 2));
	const struct position *longs = &account.positions[0], *shorts = &account.positions[1];
	cr_expect(eq(int, longs->leg, LEG_LONG));
	cr_expect(eq(int, shorts->leg, LEG_SHORT));
	EXPECT_DECIMAL(longs->quantity, "0.010");
	EXPECT_DECIMAL(longs->average, "49000.5");
	EXPECT_DECIMAL(longs->unrealised, "9.9950");
	EXPECT_DECIMAL(longs->leverage, "10");
	EXPECT_DECIMAL(longs->initial_margin, "49.3");
	EXPECT_DECIMAL(longs->maintenance_margin, "2.50000000"); /* 0.010 * 50000 * 0.005 */
	cr_expect(longs->liquidation_known);
	EXPECT_DECIMAL(longs->liquidation, "44000.5");
	cr_expect(eq(i64, longs->updated_ms, 1700000000100));
	cr_expect(decimal_is_zero(shorts->quantity));
	cr_expect(not(shorts->liquidation_known));
}

Test(phemex_reply, a_symbol_without_rows_is_not_found)
{
	struct field data = result_of(account_reply);
	struct account account = {0};
	struct err err = {0};
	bool found = true;

	cr_assert(eq(int, phemex_reply_account(&data, "DOGEUSDT", &found, &account, &err), 0));
	cr_expect(not(found));
	cr_expect(eq(sz, account.active_symbols, 2));
}

struct margin_row {
	char because[48];
	char leverage[8];
	enum margin_mode mode;
	char magnitude[8];
};

ParameterizedTestParameters(phemex_reply, the_sign_of_the_leverage_is_the_margin_mode)
{
	static struct margin_row rows[] = {
		{"above 0", "20", MARGIN_ISOLATED, "20"},
		{"below 0", "-20", MARGIN_CROSS, "20"},
		{"0 is cross at the maximum", "0", MARGIN_CROSS, "0"},
	};
	return cr_make_param_array(struct margin_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct margin_row *row, phemex_reply, the_sign_of_the_leverage_is_the_margin_mode)
{
	char text[1024];
	struct account account = {0};
	struct err err = {0};
	bool found;
	(void)snprintf(text, sizeof text,
		OPEN "{\"positions\":[" POSITION("BTCUSDT", "OneWay", "Merged", "Sell", "1",
			"50000", "49000", "%s") "]}" CLOSE,
		row->leverage);
	struct field data = result_of(text);

	cr_assert(eq(int, phemex_reply_positions(&data, "BTCUSDT", &found, &account, &err), 0),
		"%s", err.message);
	cr_expect(account.margin_mode_known);
	cr_expect(eq(int, account.margin_mode, row->mode), "%s", row->because);
	EXPECT_DECIMAL(account.positions[0].leverage, row->magnitude);
	EXPECT_DECIMAL(account.positions[0].unrealised, "1000");
	cr_expect(eq(int, account.position_mode, POSITION_ONE_WAY));
}

Test(phemex_reply, legs_that_differ_in_margin_have_no_mode)
{
	struct field data = result_of(OPEN "{\"positions\":[" POSITION(
		"BTCUSDT", "Hedged", "Long", "None", "0", "0", "0", "5") "," POSITION("BTCUSDT",
		"Hedged", "Short", "None", "0", "0", "0", "-5") "]}" CLOSE);
	struct account account = {0};
	struct err err = {0};
	bool found;

	cr_assert(eq(int, phemex_reply_positions(&data, "BTCUSDT", &found, &account, &err), 0));
	cr_expect(not(account.margin_mode_known));
}

Test(phemex_reply, names_the_account_by_its_user)
{
	struct field data = result_of(account_reply);
	struct exchange_identity identity;
	struct err err = {0};

	cr_assert(eq(int, phemex_reply_identity(&data, &identity, &err), 0), "%s", err.message);
	cr_expect(eq(str, identity.account_id, "12345"));
	cr_expect(not(identity.permissions_known), "the API does not tell them");
	cr_expect(not(identity.address_bound_known));
	cr_expect(identity.note[0] != '\0');
}

Test(phemex_reply, knows_a_unified_account_by_either_name)
{
	struct err err = {0};
	bool classic;
	struct field data = result_of(OPEN "{\"riskMode\":\"Classic\"}" CLOSE);
	cr_assert(eq(int, phemex_reply_risk_mode(&data, &classic, &err), 0));
	cr_expect(classic);
	data = result_of(OPEN "{\"assetMode\":\"MultiAsset\"}" CLOSE);
	cr_assert(eq(int, phemex_reply_risk_mode(&data, &classic, &err), 0));
	cr_expect(not(classic));
	data = result_of(OPEN "{}" CLOSE);
	cr_expect(eq(int, phemex_reply_risk_mode(&data, &classic, &err), -1));
	cr_expect(eq(str, err.message, "data.riskMode: missing"));
}

Test(phemex_reply, reads_a_waiting_stop)
{
	struct field data = result_of(open_reply);
	struct order_list list;
	struct err err = {0};

	cr_assert(
		eq(int, phemex_reply_open_orders(&data, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(sz, list.count, 1));
	const struct order *stop = &list.items[0];
	cr_expect(eq(str, stop->client_order_id, "bb-1"));
	cr_expect(eq(str, stop->venue_order_id, "o-1"));
	cr_expect(eq(int, stop->type, ORDER_STOP_MARKET));
	cr_expect(eq(int, stop->status, ORDER_STATUS_UNTRIGGERED));
	cr_expect(stop->reduce_only, "execInst is the flag to trust");
	cr_expect(eq(int, stop->leg, LEG_ONE_WAY), "the venue does not tell");
	EXPECT_DECIMAL(stop->trigger_price, "47500.5");
	cr_expect(eq(i64, stop->created_ms, 1678163665765));
}

Test(phemex_reply, reads_the_history_with_its_own_spelling)
{
	struct field data = result_of(past_reply);
	struct order_list list;
	struct err err = {0};

	cr_assert(eq(int, phemex_reply_orders(&data, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(sz, list.count, 1));
	cr_expect(eq(str, list.items[0].client_order_id, "bb-2"));
	cr_expect(eq(int, list.items[0].status, ORDER_STATUS_FILLED));
	EXPECT_DECIMAL(list.items[0].filled, "0.001");
	EXPECT_DECIMAL(list.items[0].filled_value, "20.5795");
}

Test(phemex_reply, reads_fills_and_leaves_funding_to_its_own_list)
{
	struct field data = result_of(trades_reply);
	struct fill_list list = {0};
	struct err err = {0};
	size_t rows;

	cr_assert(eq(int, phemex_reply_fills(&data, arena, &list, &rows, &err), 0), "%s",
		err.message);
	cr_expect(eq(sz, rows, 4), "a page is full by its rows, not by its fills");
	cr_assert(eq(sz, list.count, 3));
	cr_expect(eq(str, list.items[0].exec_id, "e-1"));
	cr_expect(eq(int, list.items[0].kind, FILL_TRADE));
	cr_expect(eq(int, list.items[0].liquidity, LIQUIDITY_MAKER));
	cr_expect(eq(int, list.items[0].leg, LEG_SHORT));
	cr_expect(eq(str, list.items[0].fee_currency, "USDT"));
	EXPECT_DECIMAL(list.items[0].fee, "0.00166");
	cr_expect(eq(i64, list.items[0].executed_ms, 1669407633926));
	cr_expect(eq(int, list.items[1].kind, FILL_LIQUIDATION));
	cr_expect(eq(int, list.items[2].kind, FILL_ADL));

	cr_assert(eq(int, phemex_reply_fills(&data, arena, &list, &rows, &err), 0));
	cr_expect(eq(sz, list.count, 6), "the next page is added");
	cr_expect(list.items[0].has_venue_pnl);
	EXPECT_DECIMAL(list.items[0].venue_pnl, "-1.5"); /* before fees */
}

Test(phemex_reply, what_was_paid_is_below_zero_in_the_book)
{
	struct field data = result_of(funding_reply);
	struct funding_list list = {0};
	struct err err = {0};
	size_t rows;

	cr_assert(eq(int, phemex_reply_funding(&data, arena, &list, &rows, &err), 0), "%s",
		err.message);
	cr_assert(eq(sz, list.count, 2));
	EXPECT_DECIMAL(list.items[0].amount, "-0.02116552");
	EXPECT_DECIMAL(list.items[1].amount, "0.02116552");
	EXPECT_DECIMAL(list.items[0].rate, "0.0001");
	cr_expect(eq(str, list.items[0].id, "BTCUSDT-Buy-1671004800021"));
	cr_expect(eq(str, list.items[1].id, "BTCUSDT-Sell-1671004800021"),
		"both legs of one moment stay two");
	cr_expect(eq(i64, list.items[0].paid_ms, 1671004800021));
}

/* ---- faults ----------------------------------------------------------------------------- */

enum parser {
	RULES,
	CANDLES,
	TICKER,
	FUNDING_TIME,
	ACCOUNTS,
	KEY,
	OPEN_ORDERS,
	PAST,
	FILLS,
	FUNDING,
	RECEIPT,
};

static const char *sample_of(enum parser parser)
{
	static const char *const samples[] = {
		[RULES] = rules_reply,
		[CANDLES] = candles_reply,
		[TICKER] = ticker_reply,
		[FUNDING_TIME] = funding_time_reply,
		[ACCOUNTS] = account_reply,
		[KEY] = account_reply,
		[OPEN_ORDERS] = open_reply,
		[PAST] = past_reply,
		[FILLS] = trades_reply,
		[FUNDING] = funding_reply,
		[RECEIPT] = receipt_reply,
	};
	return samples[parser];
}

static int parse(int parser, const struct field *result, struct err *err)
{
	bool found;
	size_t rows;
	int64_t time_ms;
	struct rules rules;
	struct candle_list candles;
	struct ticker ticker;
	struct account account = {0};
	struct order_list orders;
	struct fill_list fills = {0};
	struct funding_list funding = {0};
	struct exchange_identity identity;
	struct phemex_receipt receipt;

	switch ((enum parser)parser) {
	case RULES:
		return phemex_reply_rules(result, "BTCUSDT", &found, &rules, err);
	case CANDLES:
		return phemex_reply_candles(result, arena, 60000, 10, 1700000050000, &candles, err);
	case TICKER:
		return phemex_reply_ticker(result, "BTCUSDT", &ticker, err);
	case FUNDING_TIME:
		return phemex_reply_next_funding(result, "BTCUSDT", &time_ms, err);
	case ACCOUNTS:
		return phemex_reply_account(result, "BTCUSDT", &found, &account, err);
	case KEY:
		return phemex_reply_identity(result, &identity, err);
	case OPEN_ORDERS:
		return phemex_reply_open_orders(result, arena, &orders, err);
	case PAST:
		return phemex_reply_orders(result, arena, &orders, err);
	case FILLS:
		return phemex_reply_fills(result, arena, &fills, &rows, err);
	case FUNDING:
		return phemex_reply_funding(result, arena, &funding, &rows, err);
	case RECEIPT:
		return phemex_reply_receipt(result, &receipt, err);
	}
	return 0;
}

ParameterizedTestParameters(phemex_reply, names_the_field_that_is_wrong)
{
	static struct fault_row rows[] = {
		{RULES, "\"tickSize\":\"0.1\"", "\"tick\":\"0.1\"",
			"data.perpProductsV2[1].tickSize: missing"},
		{RULES, "\"qtyStepSize\":\"0.001\"", "\"qtyStepSize\":0.001",
			"data.perpProductsV2[1].qtyStepSize: expected"},
		{RULES, "\"qtyStepSize\":\"0.001\"", "\"qtyStepSize\":\"0\"",
			"data.perpProductsV2[1].qtyStepSize: 0 is not above 0"},
		{RULES, "\"fundingInterval\":28800", "\"fundingInterval\":0",
			"data.perpProductsV2[1].fundingInterval: 0 seconds"},
		{RULES, "\"maxLeverage\":100", "\"maxLeverage\":null",
			"data.perpProductsV2[1].maxLeverage: expected a number"},
		{RULES, "\"maxLeverage\":100", "\"maxLeverage\":-1",
			"data.perpProductsV2[1].maxLeverage: -1 is not above 0"},
		{RULES, "\"leverageMargin\":7", "\"leverageMargin\":8",
			"data.leverageMargins: no index_id 8"},
		{RULES, "\"leverageMargin\":7", "\"leverageMargin\":1",
			"data.leverageMargins[0].items: no tier"},
		{RULES, "\"notionalValueRv\":50000.5", "\"notionalValueRv\":1e40",
			"data.leverageMargins[1].items[1].notionalValueRv:"},
		{RULES, "\"maintenanceMarginRateRr\":\"0.01\"", "\"maintenanceMarginRateRr\":\"x\"",
			"data.leverageMargins[1].items[1].maintenanceMarginRateRr:"},
		{RULES, "\"perpProductsV2\":[", "\"perp\":[", "data.perpProductsV2: missing"},
		{CANDLES, "\"50020.5\"", "\"49999.5\"", "data.rows[0]: high below low"},
		{CANDLES, "1700000040", "1699999980", "data.rows: two candles of 1699999980000"},
		{CANDLES, "[1700000040,60", "[1700000040,300", "data.rows[0][1]: candles of 300 s"},
		{CANDLES, "[1700000040,60", "[true,60", "data.rows[0][0]: expected"},
		{CANDLES, "\"50020.5\"", "null", "data.rows[0][4]: expected a number"},
		{CANDLES, ",3.125,156281]", "]", "data.rows[1]: no item 7"},
		{CANDLES, "\"rows\":[", "\"list\":[", "data.rows: missing"},
		{TICKER, "\"bidRp\":\"1906\"", "\"bidRp\":\"\"", "result.bidRp:"},
		{TICKER, "\"markRp\":\"1905.733555189\"", "\"markPriceRp\":\"1905\"",
			"result.markRp: missing"},
		{TICKER, "\"timestamp\":1681350167054888200", "\"timestamp\":1.6e18",
			"result.timestamp: expected"},
		{TICKER, "\"timestamp\":1681350167054888200", "\"timestamp\":-1",
			"result.timestamp: -1 is no time"},
		{TICKER, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"ETHUSDT\"",
			"result: the ticker of another symbol"},
		{FUNDING_TIME, "\"nextfundingTime\":1742457600000", "\"nextfundingTime\":\"soon\"",
			"[0].nextfundingTime: expected"},
		{ACCOUNTS, "\"accountBalanceRv\":\"1000\"", "\"accountBalanceRv\":1000",
			"data.account.accountBalanceRv: expected"},
		{ACCOUNTS, "\"totalUsedBalanceRv\":\"100.5\",", "",
			"data.account.totalUsedBalanceRv: missing"},
		{ACCOUNTS, "\"currency\":\"USDT\"", "\"currency\":\"BTC\"",
			"data.account: the balance of another currency"},
		{ACCOUNTS, "\"size\":\"0.010\"", "\"size\":\"-0.010\"",
			"data.positions[1].size: -0.010 is below 0"},
		{ACCOUNTS, "\"size\":\"0.010\"", "\"count\":\"0.010\"",
			"data.positions[1].size: missing"},
		{ACCOUNTS, "\"avgEntryPriceRp\":\"49000.5\"", "\"avgEntryPriceRp\":\"\"",
			"data.positions[1].avgEntryPriceRp:"},
		{ACCOUNTS, "\"posSide\":\"Long\",\"side\":\"Buy\"",
			"\"posSide\":\"Long\",\"side\":\"Sell\"",
			"data.positions[1].side: a long leg that is held by a sell"},
		{ACCOUNTS, "\"posSide\":\"Long\"", "\"posSide\":\"Short\"",
			"data.positions[1].side: a short leg"},
		{ACCOUNTS, "\"posSide\":\"Short\"", "\"posSide\":\"Long\"",
			"data.positions[1].posSide: a second long leg"},
		{ACCOUNTS, "\"posSide\":\"Short\"", "\"posSide\":\"Both\"",
			"data.positions[0].posSide: unrecognized \"Both\""},
		{ACCOUNTS, "\"posMode\":\"Hedged\",\"posSide\":\"Long\"",
			"\"posMode\":\"OneWay\",\"posSide\":\"Long\"",
			"data.positions[1].posMode: unrecognized \"OneWay\""},
		{ACCOUNTS, "\"leverageRr\":\"-10\"", "\"leverageRr\":\"x10\"",
			"data.positions[0].leverageRr:"},
		{ACCOUNTS, "\"side\":\"Sell\"", "\"side\":\"None\"",
			"data.positions[2].side: unrecognized \"None\""},
		{ACCOUNTS, "\"positions\":[", "\"position\":[", "data.positions: missing"},
		{KEY, "\"userID\":12345", "\"userID\":\"12345\"", "data.account.userID: expected"},
		{KEY, "\"userID\":12345", "\"userID\":0", "data.account.userID: 0 is no account"},
		{OPEN_ORDERS, "\"ordStatus\":\"Untriggered\"", "\"ordStatus\":\"Levitating\"",
			"data.rows[0].ordStatus: unrecognized \"Levitating\""},
		{OPEN_ORDERS, "\"orderType\":\"Stop\"", "\"orderType\":\"Auction\"",
			"data.rows[0].orderType: unrecognized \"Auction\""},
		{OPEN_ORDERS, "\"nextPageArg\":\"\"", "\"nextPageArg\":\"2\"",
			"data: more open orders than one page"},
		{OPEN_ORDERS, "\"stopPxRp\":\"47500.5\"", "\"stopPxRp\":47500.5",
			"data.rows[0].stopPxRp: expected"},
		{OPEN_ORDERS, "\"clOrdID\":\"bb-1\",", "", "data.rows[0].clOrdID: missing"},
		{OPEN_ORDERS, "\"reduceOnly\":false", "\"reduceOnly\":0",
			"data.rows[0].reduceOnly: expected"},
		{OPEN_ORDERS, "{\"rows\":[", "{\"row\":[", "data.rows: missing"},
		{PAST, "\"cumQtyRq\":\"0.001\"", "\"cumQtyRq\":null", "[0].cumQtyRq: expected"},
		{PAST, "\"actionTimeNs\":1667562110213260743", "\"actionTimeNs\":\"now\"",
			"[0].actionTimeNs: expected"},
		{FILLS, "\"execID\":\"e-1\"", "\"execID\":\"\"", "data.rows[0].execID: empty"},
		{FILLS, "\"tradeType\":\"AdlTrade\"", "\"tradeType\":\"Gift\"",
			"data.rows[3].tradeType: unrecognized \"Gift\""},
		{FILLS, "\"execQtyRq\":\"0.001\"", "\"execQtyRq\":\"0\"",
			"data.rows[0].execQtyRq: 0 is not above 0"},
		{FILLS, "\"execStatus\":\"MakerFill\"", "\"execStatus\":\"Aborted\"",
			"data.rows[0].execStatus: unrecognized \"Aborted\""},
		{FILLS, "\"posSide\":\"Short\"", "\"posSide\":3", "data.rows[0].posSide: expected"},
		{FUNDING, "\"execFeeRv\":\"0.02116552\"", "\"execFeeRv\":0.02116552",
			"data[0].execFeeRv: expected"},
		{FUNDING, "\"createTime\":1671004800021", "\"createTime\":0",
			"data[0].createTime: 0 is no time"},
		{RECEIPT, "\"orderID\":\"o-1\"", "\"orderID\":\"\"", "data.orderID: empty"},
		{RECEIPT, "\"orderType\":\"Stop\",", "", "data.orderType: missing"},
		{RECEIPT, "\"trigger\":\"ByMarkPrice\"", "\"trigger\":1", "data.trigger: expected"},
	};
	return cr_make_param_array(struct fault_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fault_row *row, phemex_reply, names_the_field_that_is_wrong)
{
	const struct fault_test test = {
		sample_of((enum parser)row->parser), phemex_reply_envelope, parse};
	expect_fault(row, &test);
}
