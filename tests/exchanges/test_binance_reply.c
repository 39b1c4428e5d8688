/*
 * Replies in the shape of the venue's own samples. Each parser is shown a good one, and then one
 * with a single fault: its error must name the path of that fault.
 */
#include "exchanges/binance_reply.h"
#include "tests/exchanges/samples.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define LOTS(kind, step, least, most)                                                              \
	"{\"filterType\":\"" kind "\",\"stepSize\":\"" step "\",\"minQty\":\"" least               \
	"\",\"maxQty\":\"" most "\"}"
#define LISTED(symbol, kind, status, coin, filters)                                                \
	"{\"symbol\":\"" symbol "\",\"pair\":\"" symbol "\",\"contractType\":\"" kind              \
	"\",\"status\":\"" status "\",\"marginAsset\":\"" coin "\",\"pricePrecision\":2,"          \
	"\"quantityPrecision\":3,\"filters\":[" filters "]}"

static const char info_reply[] =
	"{\"timezone\":\"UTC\",\"serverTime\":1565613908500,\"rateLimits\":[],\"symbols\":[" LISTED(
		"BTCUSDT_261225", "CURRENT_QUARTER", "TRADING", "USDT", "") "," LISTED("BTCUSDC",
		"PERPETUAL", "TRADING", "USDC",
		"") "," LISTED("BTCUSDT", "PERPETUAL", "TRADING", "USDT",
		"{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"556.80\",\"maxPrice\":\"4529764\","
		"\"tickSize\":\"0.10\"}," LOTS("LOT_SIZE", "0.001", "0.001", "1000") "," LOTS(
			"MARKET_LOT_SIZE", "0.002", "0.001",
			"120") ","
			       "{\"filterType\":\"MAX_NUM_ORDERS\",\"limit\":200},"
			       "{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"100\"},"
			       "{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"1.05\"}") "]}";

static const char tiers_reply[] =
	"[{\"symbol\":\"ETHUSDT\",\"brackets\":[]},{\"symbol\":\"BTCUSDT\",\"brackets\":["
	"{\"bracket\":2,\"initialLeverage\":100,\"notionalCap\":600000,\"notionalFloor\":50000,"
	"\"maintMarginRatio\":0.005,\"cum\":50.0},"
	"{\"bracket\":1,\"initialLeverage\":125,\"notionalCap\":50000,\"notionalFloor\":0,"
	"\"maintMarginRatio\":0.004,\"cum\":0.0}]}]";

static const char intervals_reply[] =
	"[{\"symbol\":\"BLZUSDT\",\"adjustedFundingRateCap\":\"0.02500000\","
	"\"fundingIntervalHours\":4,\"disclaimer\":false}]";

static const char candles_reply[] =
	"[[1699999980000,\"50000.1\",\"50012.3\",\"49990\",\"50010\",\"3.125\",1700000039999,"
	"\"156281\",100,\"1\",\"1\",\"0\"],"
	"[1700000040000,\"50010\",\"50020.5\",\"50000\",\"50015\",\"12.5\",1700000099999,"
	"\"625187\",200,\"1\",\"1\",\"0\"]]";

static const char book_reply[] =
	"{\"symbol\":\"BTCUSDT\",\"bidPrice\":\"49999.90\",\"bidQty\":\"4\","
	"\"askPrice\":\"50000.00\",\"askQty\":\"9\",\"time\":1589437530011}";
static const char last_reply[] =
	"{\"symbol\":\"BTCUSDT\",\"price\":\"50000.00\",\"time\":1589437530011}";
static const char mark_reply[] =
	"{\"symbol\":\"BTCUSDT\",\"markPrice\":\"50001.12345678\",\"indexPrice\":\"50000\","
	"\"estimatedSettlePrice\":\"50000\",\"lastFundingRate\":\"-0.00038246\","
	"\"interestRate\":\"0.00010000\",\"nextFundingTime\":1700006400000,"
	"\"time\":1700000000123}";

static const char account_config_reply[] =
	"{\"feeTier\":0,\"canTrade\":true,\"canDeposit\":true,\"canWithdraw\":true,"
	"\"dualSidePosition\":true,\"updateTime\":0,\"multiAssetsMargin\":false,"
	"\"tradeGroupId\":-1}";
static const char symbol_config_reply[] =
	"[{\"symbol\":\"BTCUSDT\",\"marginType\":\"CROSSED\",\"isAutoAddMargin\":false,"
	"\"leverage\":21,\"maxNotionalValue\":\"1000000\"}]";

#define SLOT(symbol, leg, size)                                                                    \
	"{\"symbol\":\"" symbol "\",\"positionSide\":\"" leg "\",\"positionAmt\":\"" size          \
	"\",\"unrealizedProfit\":\"0\",\"initialMargin\":\"0\",\"maintMargin\":\"0\","             \
	"\"updateTime\":0}"
static const char account_reply[] =
	"{\"totalWalletBalance\":\"126.7\",\"assets\":[{\"asset\":\"BNB\",\"walletBalance\":\"1\","
	"\"marginBalance\":\"1\",\"availableBalance\":\"1\"},{\"asset\":\"USDT\","
	"\"walletBalance\":\"1000.5\",\"unrealizedProfit\":\"-10.25\","
	"\"marginBalance\":\"990.25\",\"availableBalance\":\"800\"}],\"positions\":[" SLOT(
		"BTCUSDT", "LONG", "0.010") "," SLOT("BTCUSDT", "SHORT",
		"-0.020") "," SLOT("ETHUSDT", "LONG", "0.000") "," SLOT("XRPUSDT", "SHORT",
		"-5") "]}";

#define RISK(symbol, leg, size, liquidation)                                                       \
	"{\"symbol\":\"" symbol "\",\"positionSide\":\"" leg "\",\"positionAmt\":\"" size          \
	"\",\"entryPrice\":\"49000.5\",\"breakEvenPrice\":\"49010\",\"markPrice\":\"50000\","      \
	"\"unRealizedProfit\":\"9.99500000\",\"liquidationPrice\":\"" liquidation                  \
	"\",\"isolatedMargin\":\"59\",\"notional\":\"500\",\"marginAsset\":\"USDT\","              \
	"\"isolatedWallet\":\"49.1\",\"initialMargin\":\"24\",\"maintMargin\":\"2.5\","            \
	"\"positionInitialMargin\":\"23.8\",\"openOrderInitialMargin\":\"0\",\"adl\":2,"           \
	"\"updateTime\":1720736417660}"
static const char risk_reply[] = "[" RISK("BTCUSDT", "SHORT", "-0.020", "0") "," RISK(
	"BTCUSDT", "LONG", "0.010", "44000.5") "]";
static const char one_way_reply[] = "[" RISK("BTCUSDT", "BOTH", "-0.020", "61000") "]";

static const char alias_reply[] =
	"[{\"accountAlias\":\"SgsR\",\"asset\":\"BNB\",\"balance\":\"0\"},"
	"{\"accountAlias\":\"SgsR\",\"asset\":\"USDT\",\"balance\":\"122607.35137903\"}]";

static const char rights_reply[] =
	"{\"ipRestrict\":true,\"createTime\":1623840271000,\"enableReading\":true,"
	"\"enableWithdrawals\":false,\"enableInternalTransfer\":false,\"enableMargin\":false,"
	"\"enableFutures\":true,\"permitsUniversalTransfer\":false,"
	"\"enableSpotAndMarginTrading\":false}";

#define ORDER(id, client, type, status, filled, value)                                             \
	"{\"avgPrice\":\"0.00000\",\"clientOrderId\":\"" client "\",\"cumQuote\":\"" value         \
	"\",\"executedQty\":\"" filled "\",\"orderId\":" id ",\"origQty\":\"0.40\","               \
	"\"origType\":\"" type "\",\"price\":\"30000.5\",\"reduceOnly\":false,\"side\":\"BUY\","   \
	"\"positionSide\":\"SHORT\",\"status\":\"" status "\",\"stopPrice\":\"0\","                \
	"\"closePosition\":false,\"symbol\":\"BTCUSDT\",\"time\":1579276756075,"                   \
	"\"timeInForce\":\"GTC\",\"type\":\"" type "\",\"updateTime\":1579276756099}"
static const char order_reply[] = ORDER(
	"1573346959", "bb-1", "LIMIT", "EXPIRED", "0.10", "3000.05");
static const char orders_reply[] = "[" ORDER("1", "bb-1", "MARKET", "FILLED", "0.40",
	"12000.2") "," ORDER("2", "x", "TRAILING_STOP_MARKET", "NEW", "0", "0") "]";

#define STOP(client, status, child)                                                                \
	"{\"algoId\":2146760,\"clientAlgoId\":\"" client "\",\"algoType\":\"CONDITIONAL\","        \
	"\"orderType\":\"STOP_MARKET\",\"symbol\":\"BTCUSDT\",\"side\":\"SELL\","                  \
	"\"positionSide\":\"BOTH\",\"timeInForce\":\"GTC\",\"quantity\":\"0.01\","                 \
	"\"algoStatus\":\"" status "\",\"actualOrderId\":" child ",\"triggerPrice\":\"47500.0\","  \
	"\"price\":\"0.00\",\"workingType\":\"MARK_PRICE\",\"closePosition\":false,"               \
	"\"priceProtect\":false,\"reduceOnly\":true,\"createTime\":1750485492076,"                 \
	"\"updateTime\":1750514545091,\"triggerTime\":0,\"goodTillDate\":0}"
static const char stop_reply[] = STOP("bb-s1", "NEW", "\"\"");
static const char stops_reply[] = "[" STOP("bb-s1", "NEW", "\"\"") "," STOP(
	"bb-s2", "FINISHED", "\"77\"") "," STOP("bb-s3", "TRIGGERED", "78") "]";

static const char placed_reply[] =
	"{\"clientOrderId\":\"bb-1\",\"cumQty\":\"0\",\"executedQty\":\"0\",\"orderId\":22542179,"
	"\"status\":\"NEW\",\"symbol\":\"BTCUSDT\"}";
static const char stop_placed_reply[] = STOP("bb-s1", "NEW", "\"\"");
static const char stop_cancelled_reply[] =
	"{\"algoId\":2146760,\"clientAlgoId\":\"bb-s1\",\"code\":\"200\",\"msg\":\"success\"}";

#define TRADE(id, side, fee, coin, maker)                                                          \
	"{\"buyer\":false,\"commission\":\"" fee "\",\"commissionAsset\":\"" coin "\",\"id\":" id  \
	",\"maker\":" maker ",\"orderId\":25851813,\"price\":\"7819.01\",\"qty\":\"0.002\","       \
	"\"quoteQty\":\"15.63802\",\"realizedPnl\":\"-0.91539999\",\"side\":\"" side               \
	"\",\"positionSide\":\"SHORT\",\"symbol\":\"BTCUSDT\",\"time\":156951497802" id "}"
static const char trades_reply[] = "[" TRADE("2", "SELL", "0.07819010", "USDT", "false") "," TRADE(
	"1", "BUY", "0.00001", "BNB", "true") "]";

#define INCOME(kind, id, income, coin, time)                                                       \
	"{\"symbol\":\"BTCUSDT\",\"incomeType\":\"" kind "\",\"income\":\"" income                 \
	"\",\"asset\":\"" coin "\",\"info\":\"\",\"time\":" time ",\"tranId\":" id                 \
	",\"tradeId\":\"\"}"
static const char income_reply[] = "[" INCOME("FUNDING_FEE", "9689322392", "-0.37500000", "USDT",
	"1700006400000") "," INCOME("COMMISSION", "9689322393", "-0.01", "USDT",
	"1700010000000") "," INCOME("FUNDING_FEE", "9689322394", "0.25", "USDT",
	"1700035200000") "]";

static const char rates_reply[] =
	"[{\"symbol\":\"BTCUSDT\",\"fundingRate\":\"-0.03750000\",\"fundingTime\":1700006400002,"
	"\"markPrice\":\"34287.54619963\",\"rateType\":\"Regular\"}]";

TestSuite(binance_reply, .init = samples_setup, .fini = samples_teardown);

static struct field result_of(const char *text)
{
	return sample_result(text, binance_reply_envelope);
}

/* ---- envelopes -------------------------------------------------------------------------- */

struct envelope_row {
	char because[48];
	char text[96];
	int64_t code;     /* 1: refused */
	char message[64]; /* the envelope's, or the refusal's beginning */
};

ParameterizedTestParameters(binance_reply, reads_every_envelope)
{
	static struct envelope_row rows[] = {
		{"an object is a success by itself", "{\"orderId\":1}", 0, ""},
		{"a list too", "[]", 0, ""},
		{"200 is an agreement", "{\"code\":200,\"msg\":\"success\"}", 0, "success"},
		{"a stop's agreement is a text", "{\"algoId\":1,\"code\":\"200\"}", 0, ""},
		{"below 0 is a refusal", "{\"code\":-2019,\"msg\":\"Margin is insufficient.\"}",
			-2019, "Margin is insufficient."},
		{"in a text too", "{\"code\":\"-2011\"}", -2011, ""},
		{"0 is neither", "{\"code\":0,\"msg\":\"Unknown error\"}", 1,
			"code: 0 is neither a refusal"},
		{"nor is another number", "{\"code\":400}", 1, "code: 400 is neither"},
		{"a code that is a truth", "{\"code\":true}", 1, "code: expected"},
		{"a code that is none", "{\"code\":\"OK\"}", 1, "code: expected"},
		{"words that are a number", "{\"code\":-1,\"msg\":2}", 1, "msg: expected"},
		{"a text", "\"down\"", 1, "the document: expected an object"},
	};
	return cr_make_param_array(struct envelope_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct envelope_row *row, binance_reply, reads_every_envelope)
{
	struct err err = {0};
	struct reply_envelope envelope = {.code = 1};
	cr_assert(eq(int, field_parse(row->text, strlen(row->text), &document, &err), 0));
	int result = binance_reply_envelope(document, &envelope, &err);

	cr_assert(eq(int, result, row->code == 1 ? -1 : 0), "%s: %s", row->because, err.message);
	if (result == 0) {
		cr_expect(eq(i64, envelope.code, row->code), "%s", row->because);
		cr_expect(eq(str, envelope.text, row->message), "%s", row->because);
		cr_expect(not(envelope.has_server_time));
		return;
	}
	cr_expect(strncmp(err.message, row->message, strlen(row->message)) == 0, "%s: %s",
		row->because, err.message);
}

/* ---- market ----------------------------------------------------------------------------- */

Test(binance_reply, reads_rules)
{
	struct field root = result_of(info_reply);
	struct rules rules;
	struct err err = {0};
	bool found = false;

	cr_assert(eq(int, binance_reply_rules(&root, "BTCUSDT", &found, &rules, &err), 0), "%s",
		err.message);
	cr_assert(found);
	cr_expect(eq(str, rules.symbol, "BTCUSDT"));
	cr_expect(rules.trading);
	EXPECT_DECIMAL(rules.tick_size, "0.10");
	EXPECT_DECIMAL(rules.lot_size, "0.002"); /* the coarser: market orders keep to both */
	EXPECT_DECIMAL(rules.min_quantity, "0.002");
	EXPECT_DECIMAL(rules.max_quantity, "1000");
	EXPECT_DECIMAL(rules.max_market_quantity, "120");
	EXPECT_DECIMAL(rules.min_notional, "100");
}

struct listed_row {
	char because[48];
	char symbol[SYMBOL_SIZE];
};

ParameterizedTestParameters(binance_reply, has_no_such_perpetual)
{
	static struct listed_row rows[] = {
		{"a future with a date", "BTCUSDT_261225"},
		{"one that settles in another coin", "BTCUSDC"},
		{"one that is not listed", "DOGEUSDT"},
	};
	return cr_make_param_array(struct listed_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct listed_row *row, binance_reply, has_no_such_perpetual)
{
	struct field root = result_of(info_reply);
	struct rules rules;
	struct err err = {0};
	bool found = true;

	cr_assert(eq(int, binance_reply_rules(&root, row->symbol, &found, &rules, &err), 0), "%s",
		err.message);
	cr_expect(not(found), "%s", row->because);
}

Test(binance_reply, reads_tiers_in_their_order)
{
	struct field root = result_of(tiers_reply);
	struct rules rules = {.tier_count = 0};
	struct err err = {0};

	cr_assert(
		eq(int, binance_reply_tiers(&root, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	cr_assert(eq(sz, rules.tier_count, 2));
	EXPECT_DECIMAL(rules.max_leverage, "125");
	EXPECT_DECIMAL(rules.tiers[0].limit, "50000");
	EXPECT_DECIMAL(rules.tiers[0].maintenance_rate, "0.004"); /* a JSON float */
	EXPECT_DECIMAL(rules.tiers[0].initial_rate, "0.00800000");
	EXPECT_DECIMAL(rules.tiers[1].limit, "600000");
	EXPECT_DECIMAL(rules.tiers[1].deduction, "50");
}

Test(binance_reply, reads_the_tiers_of_one_symbol_without_a_list)
{
	struct field root = result_of(
		"{\"symbol\":\"BTCUSDT\",\"brackets\":[{\"bracket\":1,\"initialLeverage\":20,"
		"\"notionalCap\":5000,\"notionalFloor\":0,\"maintMarginRatio\":0.025,"
		"\"cum\":12.75}]}");
	struct rules rules = {.tier_count = 0};
	struct err err = {0};

	cr_assert(
		eq(int, binance_reply_tiers(&root, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	EXPECT_DECIMAL(rules.tiers[0].deduction, "12.75");
	cr_expect(eq(int, binance_reply_tiers(&root, "ETHUSDT", &rules, &err), -1));
}

struct scaled_row {
	char because[48];
	char factor[8];
	char limit[16], deduction[16];
};

ParameterizedTestParameters(binance_reply, shares_no_accounts_own_tiers)
{
	static struct scaled_row rows[] = {
		{"larger tiers are divided again", "1.5", "4000", "10"},
		{"smaller ones stay: the careful side", "0.5", "6000", "15"},
		{"1 changes nothing", "1", "6000", "15"},
	};
	return cr_make_param_array(struct scaled_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct scaled_row *row, binance_reply, shares_no_accounts_own_tiers)
{
	char text[256];
	struct rules rules = {.tier_count = 0};
	struct err err = {0};
	(void)snprintf(text, sizeof text,
		"[{\"symbol\":\"BTCUSDT\",\"notionalCoef\":%s,\"brackets\":[{\"bracket\":1,"
		"\"initialLeverage\":20,\"notionalCap\":6000,\"maintMarginRatio\":0.025,"
		"\"cum\":15}]}]",
		row->factor);
	struct field root = result_of(text);

	cr_assert(
		eq(int, binance_reply_tiers(&root, "BTCUSDT", &rules, &err), 0), "%s", err.message);
	cr_expect(decimal_equal(rules.tiers[0].limit, decimal_literal(row->limit)), "%s: %s",
		row->because, DECIMAL_TEXT(rules.tiers[0].limit));
	cr_expect(decimal_equal(rules.tiers[0].deduction, decimal_literal(row->deduction)), "%s",
		row->because);
}

Test(binance_reply, funding_is_every_eight_hours_unless_listed)
{
	struct field root = result_of(intervals_reply);
	struct err err = {0};
	int64_t interval_ms;

	cr_assert(eq(int, binance_reply_funding_interval(&root, "BLZUSDT", &interval_ms, &err), 0));
	cr_expect(eq(i64, interval_ms, 4 * 3600000));
	cr_assert(eq(int, binance_reply_funding_interval(&root, "BTCUSDT", &interval_ms, &err), 0));
	cr_expect(eq(i64, interval_ms, 8 * 3600000));
}

Test(binance_reply, reads_candles_as_they_come)
{
	struct field root = result_of(candles_reply);
	struct candle_list list;
	struct err err = {0};

	cr_assert(
		eq(int, binance_reply_candles(&root, arena, 60000, 1700000050000, &list, &err), 0),
		"%s", err.message);
	cr_assert(eq(sz, list.count, 2));
	cr_expect(eq(i64, list.items[0].open_ms, 1699999980000));
	EXPECT_DECIMAL(list.items[0].open, "50000.1");
	EXPECT_DECIMAL(list.items[1].high, "50020.5");
	EXPECT_DECIMAL(list.items[1].volume, "12.5");
	cr_expect(list.items[0].closed);
	cr_expect(not(list.items[1].closed), "the last one forms");
}

Test(binance_reply, reads_a_ticker_in_three_parts)
{
	struct ticker ticker = {.market_ms = 7};
	struct err err = {0};
	struct field root = result_of(book_reply);
	cr_assert(eq(int, binance_reply_book(&root, "BTCUSDT", &ticker, &err), 0));
	root = result_of(last_reply);
	cr_assert(eq(int, binance_reply_last(&root, "BTCUSDT", &ticker, &err), 0));
	root = result_of(mark_reply);
	cr_assert(eq(int, binance_reply_mark(&root, "BTCUSDT", &ticker, &err), 0));

	EXPECT_DECIMAL(ticker.bid, "49999.90");
	EXPECT_DECIMAL(ticker.ask, "50000.00");
	EXPECT_DECIMAL(ticker.last, "50000.00");
	EXPECT_DECIMAL(ticker.mark, "50001.12345678");
	EXPECT_DECIMAL(ticker.funding_rate, "-0.00038246");
	cr_expect(eq(i64, ticker.next_funding_ms, 1700006400000));
	cr_expect(eq(i64, ticker.market_ms, 7), "the caller's");
}

/* ---- account ---------------------------------------------------------------------------- */

Test(binance_reply, reads_what_the_account_is_set_to)
{
	struct binance_account_config config;
	struct binance_settings settings;
	struct err err = {0};
	struct field root = result_of(account_config_reply);
	cr_assert(eq(int, binance_reply_account_config(&root, &config, &err), 0));
	cr_expect(eq(int, config.position_mode, POSITION_HEDGE));
	cr_expect(config.can_trade);
	cr_expect(not(config.multi_assets));

	root = result_of(symbol_config_reply);
	cr_assert(eq(int, binance_reply_symbol_config(&root, "BTCUSDT", &settings, &err), 0));
	cr_expect(eq(int, settings.margin_mode, MARGIN_CROSS));
	EXPECT_DECIMAL(settings.leverage, "21");
	cr_expect(eq(int, binance_reply_symbol_config(&root, "ETHUSDT", &settings, &err), -1));
}

Test(binance_reply, reads_the_coins_balance_not_the_accounts_total)
{
	struct field root = result_of(account_reply);
	struct account account = {.read_mono_ms = 7};
	struct err err = {0};

	cr_assert(eq(int, binance_reply_balance(&root, &account, &err), 0), "%s", err.message);
	EXPECT_DECIMAL(account.balance.wallet, "1000.5");
	EXPECT_DECIMAL(account.balance.equity, "990.25");
	EXPECT_DECIMAL(account.balance.available, "800");
	cr_expect(eq(sz, account.active_symbols, 2), "two legs of a symbol are one symbol");
	cr_expect(eq(i64, account.read_mono_ms, 7));
}

static struct binance_settings set_to(enum position_mode mode, enum margin_mode margin)
{
	return (struct binance_settings){
		.position_mode = mode, .margin_mode = margin, .leverage = decimal_from_int(20)};
}

Test(binance_reply, reads_hedged_legs_in_their_order)
{
	struct field root = result_of(risk_reply);
	const struct binance_settings settings = set_to(POSITION_HEDGE, MARGIN_CROSS);
	struct account account = {0};
	struct err err = {0};
	bool agrees = false;

	cr_assert(eq(int,
			  binance_reply_positions(
				  &root, "BTCUSDT", &settings, &agrees, &account, &err),
			  0),
		"%s", err.message);
	cr_assert(agrees);
	cr_expect(eq(int, account.position_mode, POSITION_HEDGE));
	cr_expect(account.margin_mode_known);
	cr_assert(eq(sz, account.position_count, 2));
	const struct position *longs = &account.positions[0], *shorts = &account.positions[1];
	cr_expect(eq(int, longs->leg, LEG_LONG));
	EXPECT_DECIMAL(longs->quantity, "0.010");
	EXPECT_DECIMAL(longs->average, "49000.5");
	EXPECT_DECIMAL(longs->mark, "50000");
	EXPECT_DECIMAL(longs->unrealised, "9.99500000");
	EXPECT_DECIMAL(longs->initial_margin, "23.8");
	EXPECT_DECIMAL(longs->maintenance_margin, "2.5");
	EXPECT_DECIMAL(longs->leverage, "20");
	cr_expect(longs->liquidation_known);
	EXPECT_DECIMAL(longs->liquidation, "44000.5");
	cr_expect(eq(i64, longs->updated_ms, 1720736417660));
	cr_expect(eq(int, shorts->leg, LEG_SHORT));
	cr_expect(eq(int, shorts->side, SIDE_SELL));
	EXPECT_DECIMAL(shorts->quantity, "0.020"); /* without its sign */
	cr_expect(not(shorts->liquidation_known), "\"0\" is no price");
}

Test(binance_reply, reads_a_one_way_short)
{
	struct field root = result_of(one_way_reply);
	const struct binance_settings settings = set_to(POSITION_ONE_WAY, MARGIN_ISOLATED);
	struct account account = {0};
	struct err err = {0};
	bool agrees = false;

	cr_assert(eq(int,
		binance_reply_positions(&root, "BTCUSDT", &settings, &agrees, &account, &err), 0));
	cr_assert(agrees);
	cr_assert(eq(sz, account.position_count, 1));
	cr_expect(eq(int, account.positions[0].side, SIDE_SELL));
	EXPECT_DECIMAL(account.positions[0].quantity, "0.020");
	EXPECT_DECIMAL(account.positions[0].initial_margin, "49.1"); /* of isolated margin */
	cr_expect(eq(int, account.margin_mode, MARGIN_ISOLATED));
}

Test(binance_reply, flat_legs_are_not_listed)
{
	struct field root = result_of("[]");
	struct binance_settings settings = set_to(POSITION_HEDGE, MARGIN_CROSS);
	struct account account = {0};
	struct err err = {0};
	bool agrees = false;

	cr_assert(eq(int,
		binance_reply_positions(&root, "BTCUSDT", &settings, &agrees, &account, &err), 0));
	cr_assert(eq(sz, account.position_count, 2));
	cr_expect(decimal_is_zero(account.positions[1].quantity));
	EXPECT_DECIMAL(account.positions[1].leverage, "20");
	settings.position_mode = POSITION_ONE_WAY;
	cr_assert(eq(int,
		binance_reply_positions(&root, "BTCUSDT", &settings, &agrees, &account, &err), 0));
	cr_assert(eq(sz, account.position_count, 1));
	cr_expect(eq(int, account.positions[0].leg, LEG_ONE_WAY));
}

Test(binance_reply, a_leg_that_the_mode_does_not_have_shows_that_the_mode_is_another)
{
	struct binance_settings settings = set_to(POSITION_ONE_WAY, MARGIN_CROSS);
	struct account account = {.position_count = 9};
	struct err err = {0};
	bool agrees = true;
	struct field root = result_of(risk_reply);

	cr_assert(eq(int,
		binance_reply_positions(&root, "BTCUSDT", &settings, &agrees, &account, &err), 0));
	cr_expect(not(agrees));
	cr_expect(eq(sz, account.position_count, 9), "unchanged");
	root = result_of(one_way_reply);
	settings.position_mode = POSITION_HEDGE;
	cr_assert(eq(int,
		binance_reply_positions(&root, "BTCUSDT", &settings, &agrees, &account, &err), 0));
	cr_expect(not(agrees));
}

Test(binance_reply, names_the_account_by_its_alias)
{
	struct field root = result_of(alias_reply);
	char alias[64];
	struct err err = {0};

	cr_assert(eq(int, binance_reply_alias(&root, alias, sizeof alias, &err), 0));
	cr_expect(eq(str, alias, "SgsR"));
	root = result_of("[{\"asset\":\"USDT\"}]");
	cr_assert(eq(int, binance_reply_alias(&root, alias, sizeof alias, &err), 0));
	cr_expect(eq(str, alias, ""), "a venue that does not tell");
	root = result_of("[{\"accountAlias\":\"a\"},{\"accountAlias\":\"b\"}]");
	cr_expect(eq(int, binance_reply_alias(&root, alias, sizeof alias, &err), -1));
	cr_expect(eq(str, err.message, "[1]: a second account alias \"b\""));
}

struct key_row {
	char because[48];
	char find[48], replace[48];
	bool can_trade, can_withdraw, can_transfer, bound;
};

ParameterizedTestParameters(binance_reply, reads_what_a_key_may_do)
{
	static struct key_row rows[] = {
		{"trade", "\"ipRestrict\":true", "\"ipRestrict\":true", true, false, false, true},
		{"from anywhere", "\"ipRestrict\":true", "\"ipRestrict\":false", true, false, false,
			false},
		{"not trade futures", "\"enableFutures\":true", "\"enableFutures\":false", false,
			false, false, true},
		{"not read", "\"enableReading\":true", "\"enableReading\":false", false, false,
			false, true},
		{"withdraw", "\"enableWithdrawals\":false", "\"enableWithdrawals\":true", true,
			true, false, true},
		{"send within the venue", "\"enableInternalTransfer\":false",
			"\"enableInternalTransfer\":true", true, false, true, true},
		{"move between wallets", "\"permitsUniversalTransfer\":false",
			"\"permitsUniversalTransfer\":true", true, false, true, true},
	};
	return cr_make_param_array(struct key_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct key_row *row, binance_reply, reads_what_a_key_may_do)
{
	CLEANUP(text_free) char *text = replaced(rights_reply, row->find, row->replace);
	struct field root = result_of(text);
	struct exchange_identity identity = {.account_id = "SgsR"};
	struct err err = {0};

	cr_assert(eq(int, binance_reply_rights(&root, &identity, &err), 0), "%s", err.message);
	cr_expect(identity.permissions_known && identity.address_bound_known);
	cr_expect(eq(int, identity.can_trade, row->can_trade), "%s", row->because);
	cr_expect(eq(int, identity.can_withdraw, row->can_withdraw), "%s", row->because);
	cr_expect(eq(int, identity.can_transfer, row->can_transfer), "%s", row->because);
	cr_expect(eq(int, identity.address_bound, row->bound), "%s", row->because);
	cr_expect(eq(str, identity.account_id, "SgsR"), "not the key's to tell");
}

/* ---- orders ----------------------------------------------------------------------------- */

Test(binance_reply, reads_an_order_that_expired_with_fills)
{
	struct field root = result_of(order_reply);
	struct order order;
	struct err err = {0};

	cr_assert(eq(int, binance_reply_order(&root, &order, &err), 0), "%s", err.message);
	cr_expect(eq(str, order.venue_order_id, "1573346959"));
	cr_expect(eq(str, order.client_order_id, "bb-1"));
	cr_expect(eq(int, order.side, SIDE_BUY));
	cr_expect(eq(int, order.leg, LEG_SHORT));
	cr_expect(eq(int, order.type, ORDER_LIMIT));
	cr_expect(eq(int, order.status, ORDER_STATUS_CANCELLED));
	cr_expect(eq(str, order.reason, "EXPIRED"));
	EXPECT_DECIMAL(order.quantity, "0.40");
	EXPECT_DECIMAL(order.price, "30000.5");
	EXPECT_DECIMAL(order.filled, "0.10");
	EXPECT_DECIMAL(order.filled_value, "3000.05");
	cr_expect(eq(i64, order.created_ms, 1579276756075));
	cr_expect(eq(i64, order.updated_ms, 1579276756099));
}

Test(binance_reply, reads_a_list_of_orders)
{
	struct field root = result_of(orders_reply);
	struct order_list list;
	struct err err = {0};

	cr_assert(eq(int, binance_reply_orders(&root, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(sz, list.count, 2));
	cr_expect(eq(int, list.items[0].status, ORDER_STATUS_FILLED));
	cr_expect(eq(int, list.items[1].type, ORDER_STOP_MARKET), "somebody else's");
	cr_expect(eq(int, list.items[1].status, ORDER_STATUS_OPEN));
}

Test(binance_reply, reads_a_waiting_stop)
{
	struct field root = result_of(stop_reply);
	struct binance_stop stop;
	struct err err = {0};

	cr_assert(eq(int, binance_reply_stop(&root, &stop, &err), 0), "%s", err.message);
	cr_expect(eq(str, stop.order.venue_order_id, "algo-2146760"),
		"its number is no order's number");
	cr_expect(eq(str, stop.order.client_order_id, "bb-s1"));
	cr_expect(eq(int, stop.order.type, ORDER_STOP_MARKET));
	cr_expect(eq(int, stop.order.status, ORDER_STATUS_UNTRIGGERED));
	cr_expect(eq(int, stop.order.leg, LEG_ONE_WAY));
	cr_expect(stop.order.reduce_only);
	EXPECT_DECIMAL(stop.order.trigger_price, "47500.0");
	EXPECT_DECIMAL(stop.order.quantity, "0.01");
	cr_expect(not(stop.fired));
	cr_expect(eq(str, stop.child, ""));
	cr_expect(eq(i64, stop.order.created_ms, 1750485492076));
}

struct stop_row {
	char because[48];
	char status[16];
	enum order_status shown;
	bool fired;
};

ParameterizedTestParameters(binance_reply, knows_the_states_of_a_stop)
{
	static struct stop_row rows[] = {
		{"it waits", "NEW", ORDER_STATUS_UNTRIGGERED, false},
		{"it fires right now", "TRIGGERING", ORDER_STATUS_OPEN, true},
		{"its child works", "TRIGGERED", ORDER_STATUS_OPEN, true},
		{"its child ended, filled or not", "FINISHED", ORDER_STATUS_OPEN, true},
		{"it was cancelled", "CANCELED", ORDER_STATUS_CANCELLED, false},
		{"its position is gone", "EXPIRED", ORDER_STATUS_CANCELLED, false},
		{"the engine refused it at the trigger", "REJECTED", ORDER_STATUS_REJECTED, false},
	};
	return cr_make_param_array(struct stop_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct stop_row *row, binance_reply, knows_the_states_of_a_stop)
{
	CLEANUP(text_free) char *word = mem_format("\"algoStatus\":\"%s\"", row->status);
	CLEANUP(text_free) char *text = replaced(stop_reply, "\"algoStatus\":\"NEW\"", word);
	struct field root = result_of(text);
	struct binance_stop stop;
	struct err err = {0};

	cr_assert(eq(int, binance_reply_stop(&root, &stop, &err), 0), "%s", err.message);
	cr_expect(eq(int, stop.order.status, row->shown), "%s", row->because);
	cr_expect(eq(int, stop.fired, row->fired), "%s", row->because);
}

Test(binance_reply, a_childs_number_is_a_text_or_a_number)
{
	struct field root = result_of(stops_reply);
	struct binance_stop_list list;
	struct err err = {0};

	cr_assert(eq(int, binance_reply_stops(&root, arena, &list, &err), 0), "%s", err.message);
	cr_assert(eq(sz, list.count, 3));
	cr_expect(eq(str, list.items[0].child, ""));
	cr_expect(eq(str, list.items[1].child, "77"));
	cr_expect(eq(str, list.items[2].child, "78"));
}

Test(binance_reply, reads_receipts_of_both_kinds)
{
	struct binance_receipt receipt;
	struct err err = {0};
	struct field root = result_of(placed_reply);
	cr_assert(eq(int, binance_reply_receipt(&root, &receipt, &err), 0));
	cr_expect(eq(str, receipt.venue_order_id, "22542179"));
	cr_expect(eq(str, (char *)(uintptr_t)receipt.client_order_id, "bb-1"));
	cr_expect(eq(str, (char *)(uintptr_t)receipt.stop_type, ""));

	root = result_of(stop_placed_reply);
	cr_assert(eq(int, binance_reply_receipt(&root, &receipt, &err), 0));
	cr_expect(eq(str, receipt.venue_order_id, "algo-2146760"));
	cr_expect(eq(str, (char *)(uintptr_t)receipt.stop_type, "STOP_MARKET"));
	EXPECT_DECIMAL(receipt.trigger_price, "47500.0");

	root = result_of(stop_cancelled_reply);
	cr_assert(eq(int, binance_reply_receipt(&root, &receipt, &err), 0));
	cr_expect(eq(str, (char *)(uintptr_t)receipt.client_order_id, "bb-s1"));
	cr_expect(eq(str, (char *)(uintptr_t)receipt.stop_type, ""));
}

/* ---- ledger ----------------------------------------------------------------------------- */

Test(binance_reply, reads_fills_with_their_own_coin)
{
	struct field root = result_of(trades_reply);
	struct fill_list list = {0};
	struct err err = {0};
	size_t rows;
	int64_t newest_ms;

	cr_assert(eq(int, binance_reply_fills(&root, arena, &list, &rows, &newest_ms, &err), 0),
		"%s", err.message);
	cr_expect(eq(sz, rows, 2));
	cr_expect(eq(i64, newest_ms, 1569514978022));
	cr_assert(eq(sz, list.count, 2));
	const struct fill *fill = &list.items[0];
	cr_expect(eq(str, (char *)(uintptr_t)fill->exec_id, "BTCUSDT-2-sell"),
		"numbers are a symbol's, and both sides may be the account's");
	cr_expect(eq(str, (char *)(uintptr_t)fill->venue_order_id, "25851813"));
	cr_expect(eq(str, (char *)(uintptr_t)fill->client_order_id, ""), "not told");
	cr_expect(eq(int, fill->leg, LEG_SHORT));
	cr_expect(eq(int, fill->side, SIDE_SELL));
	cr_expect(eq(int, fill->liquidity, LIQUIDITY_TAKER));
	EXPECT_DECIMAL(fill->quantity, "0.002");
	EXPECT_DECIMAL(fill->price, "7819.01");
	EXPECT_DECIMAL(fill->fee, "0.07819010");
	cr_expect(fill->has_venue_pnl);
	EXPECT_DECIMAL(fill->venue_pnl, "-0.91539999");
	cr_expect(eq(str, (char *)(uintptr_t)fill->fee_currency, "USDT"));
	cr_expect(eq(i64, fill->executed_ms, 1569514978022));
	cr_expect(eq(str, list.items[1].fee_currency, "BNB"));
	cr_expect(eq(int, list.items[1].liquidity, LIQUIDITY_MAKER));

	cr_assert(eq(int, binance_reply_fills(&root, arena, &list, &rows, &newest_ms, &err), 0));
	cr_expect(eq(sz, list.count, 4), "the next page is added");
}

struct maker_row {
	char because[40];
	char client_order_id[CLIENT_ID_SIZE];
	enum fill_kind kind;
};

ParameterizedTestParameters(binance_reply, knows_the_venues_own_orders_by_their_names)
{
	static struct maker_row rows[] = {
		{"ours", "bb-7f3a-29a1c-1", FILL_TRADE},
		{"a liquidation", "autoclose-1596107620040000020", FILL_LIQUIDATION},
		{"auto-deleveraging", "adl_autoclose", FILL_ADL},
		{"a delisting", "settlement_autoclose-1", FILL_SETTLEMENT},
		{"somebody's own word for it", "my-autoclose-1", FILL_TRADE},
	};
	return cr_make_param_array(struct maker_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct maker_row *row, binance_reply, knows_the_venues_own_orders_by_their_names)
{
	struct fill fills[] = {{.venue_order_id = "7"}, {.venue_order_id = "8"}};
	struct fill_list list = {fills, 2};
	struct order order = {.venue_order_id = "8"};
	memcpy(order.client_order_id, row->client_order_id, sizeof order.client_order_id);

	binance_reply_name_fills(&list, &order);
	cr_expect(eq(str, fills[1].client_order_id, row->client_order_id));
	cr_expect(eq(int, fills[1].kind, row->kind), "%s", row->because);
	cr_expect(eq(str, fills[0].client_order_id, ""), "another order's");
}

Test(binance_reply, funding_gets_its_rate_by_its_time)
{
	struct field root = result_of(income_reply);
	struct funding_list list = {0};
	struct err err = {0};
	size_t rows, left;
	int64_t newest_ms;

	cr_assert(eq(int, binance_reply_funding(&root, arena, &list, &rows, &newest_ms, &err), 0),
		"%s", err.message);
	cr_expect(eq(sz, rows, 3));
	cr_expect(eq(i64, newest_ms, 1700035200000));
	cr_assert(eq(sz, list.count, 2), "a commission is no funding");
	cr_expect(eq(str, list.items[0].id, "9689322392"));
	EXPECT_DECIMAL(list.items[0].amount, "-0.37500000"); /* paid, as ours */
	EXPECT_DECIMAL(list.items[1].amount, "0.25");

	root = result_of(rates_reply);
	cr_assert(eq(int, binance_reply_rates(&root, &list, &left, &err), 0), "%s", err.message);
	cr_expect(eq(sz, left, 1), "the second one's rate is not listed yet");
	EXPECT_DECIMAL(list.items[0].rate, "-0.03750000");
	cr_expect(eq(str, list.items[0].id, "9689322392"));
	cr_expect(eq(str, list.items[1].id, "9689322394"), "and stands at the end");
}

/* ---- faults ----------------------------------------------------------------------------- */

enum parser {
	RULES,
	TIERS,
	INTERVALS,
	CANDLES,
	BOOK,
	LAST,
	MARK,
	ACCOUNT_CONFIG,
	SYMBOL_CONFIG,
	BALANCE,
	POSITIONS,
	ALIAS,
	RIGHTS,
	ORDER_ROW,
	ORDERS,
	STOP_ROW,
	STOPS,
	PLACED,
	STOP_CANCELLED,
	FILLS,
	FUNDING,
	RATES,
};

static const char *sample_of(enum parser parser)
{
	static const char *const samples[] = {
		[RULES] = info_reply,
		[TIERS] = tiers_reply,
		[INTERVALS] = intervals_reply,
		[CANDLES] = candles_reply,
		[BOOK] = book_reply,
		[LAST] = last_reply,
		[MARK] = mark_reply,
		[ACCOUNT_CONFIG] = account_config_reply,
		[SYMBOL_CONFIG] = symbol_config_reply,
		[BALANCE] = account_reply,
		[POSITIONS] = risk_reply,
		[ALIAS] = alias_reply,
		[RIGHTS] = rights_reply,
		[ORDER_ROW] = order_reply,
		[ORDERS] = orders_reply,
		[STOP_ROW] = stop_reply,
		[STOPS] = stops_reply,
		[PLACED] = placed_reply,
		[STOP_CANCELLED] = stop_cancelled_reply,
		[FILLS] = trades_reply,
		[FUNDING] = income_reply,
		[RATES] = rates_reply,
	};
	return samples[parser];
}

static int parse_market(enum parser parser, const struct field *root, struct err *err)
{
	struct rules rules = {.tier_count = 0};
	struct candle_list candles;
	struct ticker ticker;
	int64_t interval_ms;
	bool found;

	if (parser == RULES)
		return binance_reply_rules(root, "BTCUSDT", &found, &rules, err);
	if (parser == TIERS)
		return binance_reply_tiers(root, "BTCUSDT", &rules, err);
	if (parser == INTERVALS)
		return binance_reply_funding_interval(root, "BLZUSDT", &interval_ms, err);
	if (parser == CANDLES)
		return binance_reply_candles(root, arena, 60000, 1700000050000, &candles, err);
	if (parser == BOOK)
		return binance_reply_book(root, "BTCUSDT", &ticker, err);
	if (parser == LAST)
		return binance_reply_last(root, "BTCUSDT", &ticker, err);
	return binance_reply_mark(root, "BTCUSDT", &ticker, err);
}

static int parse_account(enum parser parser, const struct field *root, struct err *err)
{
	const struct binance_settings hedged = set_to(POSITION_HEDGE, MARGIN_CROSS);
	struct binance_account_config config;
	struct binance_settings settings;
	struct exchange_identity identity;
	struct account account = {0};
	char alias[64];
	bool agrees;

	if (parser == ACCOUNT_CONFIG)
		return binance_reply_account_config(root, &config, err);
	if (parser == SYMBOL_CONFIG)
		return binance_reply_symbol_config(root, "BTCUSDT", &settings, err);
	if (parser == BALANCE)
		return binance_reply_balance(root, &account, err);
	if (parser == POSITIONS)
		return binance_reply_positions(root, "BTCUSDT", &hedged, &agrees, &account, err);
	if (parser == ALIAS)
		return binance_reply_alias(root, alias, sizeof alias, err);
	return binance_reply_rights(root, &identity, err);
}

static int parse_orders(enum parser parser, const struct field *root, struct err *err)
{
	struct order order;
	struct order_list orders;
	struct binance_stop stop;
	struct binance_stop_list stops;
	struct binance_receipt receipt;

	if (parser == ORDER_ROW)
		return binance_reply_order(root, &order, err);
	if (parser == ORDERS)
		return binance_reply_orders(root, arena, &orders, err);
	if (parser == STOP_ROW)
		return binance_reply_stop(root, &stop, err);
	if (parser == STOPS)
		return binance_reply_stops(root, arena, &stops, err);
	return binance_reply_receipt(root, &receipt, err);
}

static int parse(int parser, const struct field *root, struct err *err)
{
	struct funding_payment payment = {.paid_ms = 1700006400000};
	struct funding_list funding = {0}, rated = {&payment, 1};
	struct fill_list fills = {0};
	size_t rows;
	int64_t newest_ms;

	if (parser <= MARK)
		return parse_market((enum parser)parser, root, err);
	if (parser <= RIGHTS)
		return parse_account((enum parser)parser, root, err);
	if (parser <= STOP_CANCELLED)
		return parse_orders((enum parser)parser, root, err);
	if (parser == FILLS)
		return binance_reply_fills(root, arena, &fills, &rows, &newest_ms, err);
	if (parser == FUNDING)
		return binance_reply_funding(root, arena, &funding, &rows, &newest_ms, err);
	return binance_reply_rates(root, &rated, &rows, err);
}

ParameterizedTestParameters(binance_reply, names_the_field_that_is_wrong)
{
	static struct fault_row rows[] = {
		{RULES, "\"symbols\":[", "\"symbol\":[", "symbols: missing"},
		{RULES,
			"\"contractType\":\"PERPETUAL\",\"status\":\"TRADING\",\"marginAsset\":"
			"\"USDT\"",
			"\"contractType\":1,\"status\":\"TRADING\",\"marginAsset\":\"USDT\"",
			"symbols[2].contractType: expected"},
		{RULES, "\"tickSize\":\"0.10\"", "\"tick\":\"0.10\"",
			"symbols[2].filters[0].tickSize: missing"},
		{RULES, "\"tickSize\":\"0.10\"", "\"tickSize\":0.10",
			"symbols[2].filters[0].tickSize: expected"},
		{RULES, "\"stepSize\":\"0.001\"", "\"stepSize\":\"0\"",
			"symbols[2].filters[1].stepSize: 0 is not above 0"},
		{RULES, "\"stepSize\":\"0.001\"", "\"stepSize\":\"0.0015\"",
			"symbols[2].filters: steps 0.0015 and 0.002 do not fit"},
		{RULES, "\"filterType\":\"MARKET_LOT_SIZE\"", "\"filterType\":\"LOTS\"",
			"symbols[2].filters: no MARKET_LOT_SIZE"},
		{RULES, "\"maxQty\":\"120\"", "\"maxQty\":null", "symbols[2].filters[2].maxQty:"},
		{RULES, "\"notional\":\"100\"", "\"minNotional\":\"100\"",
			"symbols[2].filters[4].notional: missing"},
		{TIERS, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"XRPUSDT\"",
			"the document: no tiers of BTCUSDT"},
		{TIERS, "\"maintMarginRatio\":0.005", "\"maintMarginRatio\":true",
			"[1].brackets[0].maintMarginRatio: expected a number"},
		{TIERS, "\"notionalCap\":600000", "\"notionalCap\":0",
			"[1].brackets[0].notionalCap: 0 is not above 0"},
		{TIERS, "\"cum\":0.0", "\"cum\":1e40", "[1].brackets[1].cum:"},
		{TIERS, "\"initialLeverage\":125,", "", "[1].brackets[1].initialLeverage: missing"},
		{INTERVALS, "\"fundingIntervalHours\":4", "\"fundingIntervalHours\":\"4\"",
			"[0].fundingIntervalHours: expected"},
		{INTERVALS, "\"fundingIntervalHours\":4", "\"fundingIntervalHours\":0",
			"[0].fundingIntervalHours: 0 hours"},
		{CANDLES, "\"50020.5\"", "\"49999.5\"", "[1]: high below low"},
		{CANDLES, "\"50020.5\"", "50020.5", "[1][2]: expected"},
		{CANDLES, "[1700000040000", "[\"1700000040000\"", "[1][0]: expected"},
		{CANDLES, "1700000099999", "1700000399999", "[1]: a candle from 1700000040000 to"},
		{CANDLES,
			"[1700000040000,\"50010\",\"50020.5\",\"50000\",\"50015\",\"12.5\","
			"17000000",
			"[1699999980000,\"50010\",\"50020.5\",\"50000\",\"50015\",\"12.5\","
			"16999999",
			"[1]: a candle"},
		{BOOK, "\"bidPrice\":\"49999.90\"", "\"bidPrice\":\"0\"",
			"bidPrice: 0 is not above 0"},
		{BOOK, "\"askPrice\":\"50000.00\"", "\"askPrice\":50000", "askPrice: expected"},
		{BOOK, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"ETHUSDT\"",
			"the document: a row of another symbol \"ETHUSDT\""},
		{LAST, "\"price\":\"50000.00\"", "\"last\":\"50000.00\"", "price: missing"},
		{MARK, "\"lastFundingRate\":\"-0.00038246\"", "\"lastFundingRate\":\"\"",
			"lastFundingRate:"},
		{MARK, "\"nextFundingTime\":1700006400000", "\"nextFundingTime\":-1",
			"nextFundingTime: -1 is no time"},
		{ACCOUNT_CONFIG, "\"dualSidePosition\":true", "\"dualSidePosition\":\"true\"",
			"dualSidePosition: expected"},
		{ACCOUNT_CONFIG, "\"multiAssetsMargin\":false,", "", "multiAssetsMargin: missing"},
		{SYMBOL_CONFIG, "\"marginType\":\"CROSSED\"", "\"marginType\":\"cross\"",
			"[0].marginType: unrecognized \"cross\""},
		{SYMBOL_CONFIG, "\"leverage\":21", "\"leverage\":\"21\"", "[0].leverage: expected"},
		{SYMBOL_CONFIG, "\"leverage\":21", "\"leverage\":0",
			"[0].leverage: 0 is not above 0"},
		{BALANCE, "\"asset\":\"USDT\"", "\"asset\":\"USDC\"", "assets: no USDT"},
		{BALANCE, "\"walletBalance\":\"1000.5\"", "\"walletBalance\":1000.5",
			"assets[1].walletBalance: expected"},
		{BALANCE, "\"availableBalance\":\"800\"", "\"available\":\"800\"",
			"assets[1].availableBalance: missing"},
		{BALANCE, "\"positionAmt\":\"-0.020\"", "\"positionAmt\":\"\"",
			"positions[1].positionAmt:"},
		{BALANCE, "\"positions\":[", "\"position\":[", "positions: missing"},
		{POSITIONS, "\"positionSide\":\"LONG\"", "\"positionSide\":\"UP\"",
			"[1].positionSide: unrecognized \"UP\""},
		{POSITIONS, "\"positionSide\":\"LONG\"", "\"positionSide\":\"SHORT\"",
			"[1].side: a short leg that is held by a buy"},
		{POSITIONS, "\"positionAmt\":\"-0.020\"", "\"positionAmt\":\"0.020\"",
			"[0].side: a short leg"},
		{POSITIONS, "\"entryPrice\":\"49000.5\"", "\"entryPrice\":\"0\"",
			"[0].entryPrice: 0 is not above 0"},
		{POSITIONS, "\"unRealizedProfit\"", "\"unrealizedProfit\"",
			"[0].unRealizedProfit: missing"},
		{POSITIONS, "\"positionInitialMargin\":\"23.8\"", "\"positionInitialMargin\":null",
			"[0].positionInitialMargin:"},
		{POSITIONS, "\"updateTime\":1720736417660", "\"updateTime\":\"now\"",
			"[0].updateTime: expected"},
		{POSITIONS, "\"symbol\":\"BTCUSDT\"", "\"symbol\":\"ETHUSDT\"",
			"[0]: a row of another symbol"},
		{ALIAS, "\"accountAlias\":\"SgsR\"", "\"accountAlias\":5",
			"[0].accountAlias: expected"},
		{RIGHTS, "\"enableWithdrawals\":false,", "", "enableWithdrawals: missing"},
		{RIGHTS, "\"enableFutures\":true", "\"enableFutures\":1",
			"enableFutures: expected"},
		{RIGHTS, "\"ipRestrict\":true", "\"ipRestrict\":\"true\"", "ipRestrict: expected"},
		{ORDER_ROW, "\"status\":\"EXPIRED\"", "\"status\":\"LEVITATING\"",
			"status: unrecognized \"LEVITATING\""},
		{ORDER_ROW, "\"type\":\"LIMIT\"", "\"type\":\"AUCTION\"",
			"type: unrecognized \"AUCTION\""},
		{ORDER_ROW, "\"orderId\":1573346959", "\"orderId\":0", "orderId: 0 is no id"},
		{ORDER_ROW, "\"orderId\":1573346959", "\"orderId\":\"1573346959\"",
			"orderId: expected"},
		{ORDER_ROW, "\"executedQty\":\"0.10\"", "\"executedQty\":\"-0.10\"",
			"executedQty: -0.10 is below 0"},
		{ORDER_ROW, "\"cumQuote\":\"3000.05\",", "", "cumQuote: missing"},
		{ORDER_ROW, "\"side\":\"BUY\"", "\"side\":\"HOLD\"", "side: unrecognized \"HOLD\""},
		{ORDER_ROW, "\"reduceOnly\":false", "\"reduceOnly\":0", "reduceOnly: expected"},
		{ORDERS, "\"clientOrderId\":\"x\"", "\"clientOrderId\":null",
			"[1].clientOrderId: expected"},
		{ORDERS, "\"time\":1579276756075", "\"time\":1.5", "[0].time: expected"},
		{STOP_ROW, "\"algoStatus\":\"NEW\"", "\"algoStatus\":\"DREAMING\"",
			"algoStatus: unrecognized \"DREAMING\""},
		{STOP_ROW, "\"orderType\":\"STOP_MARKET\"", "\"type\":\"STOP_MARKET\"",
			"orderType: missing"},
		{STOP_ROW, "\"triggerPrice\":\"47500.0\"", "\"stopPrice\":\"47500.0\"",
			"triggerPrice: missing"},
		{STOP_ROW, "\"algoId\":2146760", "\"algoId\":\"2146760\"", "algoId: expected"},
		{STOPS, "\"actualOrderId\":\"77\"", "\"actualOrderId\":\"none\"",
			"[1].actualOrderId:"},
		{STOPS, "\"actualOrderId\":78", "\"actualOrderId\":true",
			"[2].actualOrderId: expected"},
		{PLACED, "\"orderId\":22542179", "\"orderId\":null", "orderId: expected"},
		{PLACED, "\"clientOrderId\":\"bb-1\",", "", "clientOrderId: missing"},
		{STOP_CANCELLED, "\"clientAlgoId\":\"bb-s1\",", "", "clientAlgoId: missing"},
		{FILLS, "\"id\":2,", "\"id\":\"2\",", "[0].id: expected"},
		{FILLS, "\"qty\":\"0.002\"", "\"qty\":\"0\"", "[0].qty: 0 is not above 0"},
		{FILLS, "\"commission\":\"0.07819010\"", "\"commission\":0.07",
			"[0].commission: expected"},
		{FILLS, "\"realizedPnl\":\"-0.91539999\",", "", "[0].realizedPnl: missing"},
		{FILLS, "\"maker\":false", "\"maker\":\"false\"", "[0].maker: expected"},
		{FILLS, "\"positionSide\":\"SHORT\"", "\"positionSide\":\"MERGED\"",
			"[0].positionSide: unrecognized \"MERGED\""},
		{FILLS, "\"orderId\":25851813", "\"orderId\":-3", "[0].orderId: -3 is no id"},
		{FUNDING, "\"income\":\"-0.37500000\"", "\"income\":-0.375",
			"[0].income: expected"},
		{FUNDING, "\"asset\":\"USDT\"", "\"asset\":\"BNB\"",
			"[0]: funding in another coin \"BNB\""},
		{FUNDING, "\"tranId\":9689322392", "\"tranId\":\"9689322392\"",
			"[0].tranId: expected"},
		{FUNDING, "\"incomeType\":\"COMMISSION\"", "\"incomeType\":7",
			"[1].incomeType: expected"},
		{RATES, "\"fundingRate\":\"-0.03750000\"", "\"fundingRate\":-0.0375",
			"[0].fundingRate: expected"},
		{RATES, "\"fundingTime\":1700006400002,", "", "[0].fundingTime: missing"},
	};
	return cr_make_param_array(struct fault_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct fault_row *row, binance_reply, names_the_field_that_is_wrong)
{
	const struct fault_test test = {
		sample_of((enum parser)row->parser), binance_reply_envelope, parse};
	expect_fault(row, &test);
}
