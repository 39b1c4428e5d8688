/*
 * Reads any bytes as a reply of Binance, by every parser there is: whatever they are, a parser
 * gives an error with a message, or values that hold what its header promises.
 */
#include "core/base/cleanup.h"
#include "exchanges/binance_error.h"
#include "exchanges/binance_reply.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/promises.h"

#define SYMBOL "BTCUSDT"

static void read_market(const struct field *root, struct arena *arena)
{
	struct err err = {0};
	struct rules rules = {.tier_count = 0};
	struct candle_list candles;
	struct ticker ticker;
	int64_t time_ms;
	bool found;

	if (understood(reply_server_time(root, &time_ms, &err), &err))
		check(time_ms > 0, "time goes forward");
	if (understood(binance_reply_rules(root, SYMBOL, &found, &rules, &err), &err) && found) {
		check_rules(&rules);
		check(!decimal_less(rules.max_quantity, rules.max_market_quantity),
			"a market order keeps to both filters");
	}
	if (understood(binance_reply_tiers(root, SYMBOL, &rules, &err), &err)) {
		check_tiers(&rules);
		check(decimal_sign(rules.max_leverage) > 0, "there is a leverage");
	}
	if (understood(binance_reply_funding_interval(root, SYMBOL, &time_ms, &err), &err))
		check(time_ms > 0, "an interval takes time");
	if (understood(
		    binance_reply_candles(root, arena, 60000, 1700000050000, &candles, &err), &err))
		check_candles(&candles);
	if (understood(binance_reply_book(root, SYMBOL, &ticker, &err), &err))
		check(decimal_sign(ticker.bid) > 0 && decimal_sign(ticker.ask) > 0,
			"prices are above 0");
	(void)understood(binance_reply_last(root, SYMBOL, &ticker, &err), &err);
	if (understood(binance_reply_mark(root, SYMBOL, &ticker, &err), &err))
		check(ticker.next_funding_ms >= 0, "a time");
}

static void read_positions(const struct field *root, enum position_mode mode)
{
	const struct binance_settings settings = {.position_mode = mode,
		.margin_mode = MARGIN_ISOLATED,
		.leverage = decimal_from_int(20)};
	struct account account = {.position_count = 0};
	struct err err = {0};
	bool agrees;

	if (!understood(binance_reply_positions(root, SYMBOL, &settings, &agrees, &account, &err),
		    &err))
		return;
	check_positions(&account);
	check(agrees == (account.position_count > 0), "what agrees has positions");
}

static void read_account(const struct field *root)
{
	struct err err = {0};
	struct account account = {.position_count = 0};
	struct binance_account_config config;
	struct binance_settings settings;
	struct exchange_identity identity = {.permissions_known = false};
	char alias[16];

	read_positions(root, POSITION_HEDGE);
	read_positions(root, POSITION_ONE_WAY);
	if (understood(binance_reply_balance(root, &account, &err), &err))
		check(decimal_is_valid(account.balance.equity), "a balance is a number");
	(void)understood(binance_reply_account_config(root, &config, &err), &err);
	if (understood(binance_reply_symbol_config(root, SYMBOL, &settings, &err), &err))
		check(decimal_sign(settings.leverage) > 0, "leverage is above 0");
	(void)understood(binance_reply_alias(root, alias, sizeof alias, &err), &err);
	if (understood(binance_reply_rights(root, &identity, &err), &err))
		check(identity.permissions_known, "rights are told");
}

static void read_orders(const struct field *root, struct arena *arena)
{
	struct err err = {0};
	struct order order;
	struct order_list orders = {.count = 0};
	struct binance_stop stop;
	struct binance_stop_list stops = {.count = 0};
	struct binance_receipt receipt;

	if (understood(binance_reply_order(root, &order, &err), &err))
		check(order.venue_order_id[0] != '\0', "an order has a number");
	if (understood(binance_reply_orders(root, arena, &orders, &err), &err))
		check_orders(&orders);
	if (understood(binance_reply_stop(root, &stop, &err), &err))
		check(!stop.fired || stop.order.status == ORDER_STATUS_OPEN,
			"what fired has not ended by itself");
	(void)understood(binance_reply_stops(root, arena, &stops, &err), &err);
	if (understood(binance_reply_receipt(root, &receipt, &err), &err))
		check(receipt.venue_order_id[0] != '\0', "a receipt names an order");
}

static void read_ledger(const struct field *root, struct arena *arena)
{
	struct err err = {0};
	struct funding_payment payments[] = {
		{.paid_ms = 1700006400000}, {.paid_ms = 1700035200000}};
	struct funding_list funding = {.count = 0}, rated = {payments, 2};
	struct fill_list fills = {.count = 0};
	size_t rows;
	int64_t newest_ms;

	if (understood(binance_reply_fills(root, arena, &fills, &rows, &newest_ms, &err), &err))
		check_fills(&fills);
	if (understood(binance_reply_funding(root, arena, &funding, &rows, &newest_ms, &err), &err))
		check_funding(&funding);
	if (understood(binance_reply_rates(root, &rated, &rows, &err), &err))
		check(rows <= rated.count, "what is left was there");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
	struct reply_envelope envelope;
	struct err err = {0};

	check_http(data, size, 418, true, binance_error_http);
	check_http(data, size, 503, false, binance_error_http);
	if (!understood(field_parse((const char *)data, size, &document, &err), &err) ||
		!understood(binance_reply_envelope(document, &envelope, &err), &err))
		return 0;
	check_code(envelope.code, envelope.text, binance_error_code);
	read_market(&envelope.result, arena);
	read_account(&envelope.result);
	read_orders(&envelope.result, arena);
	read_ledger(&envelope.result, arena);
	return 0;
}
