/*
 * Reads any bytes as a reply of Phemex, by every parser there is: whatever they are, a parser gives
 * an error with a message, or values that hold what its header promises.
 */
#include "core/base/cleanup.h"
#include "exchanges/phemex_error.h"
#include "exchanges/phemex_reply.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/promises.h"

#define SYMBOL "BTCUSDT"

static void read_market(const struct field *data, struct arena *arena)
{
	struct err err = {0};
	struct rules rules = {.tier_count = 0};
	struct candle_list candles;
	struct ticker ticker;
	bool found;
	int64_t time_ms;

	if (understood(reply_server_time(data, &time_ms, &err), &err))
		check(time_ms > 0, "time goes forward");
	if (understood(phemex_reply_rules(data, SYMBOL, &found, &rules, &err), &err) && found) {
		check_rules(&rules);
		check_tiers(&rules);
	}
	if (understood(phemex_reply_ticker(data, SYMBOL, &ticker, &err), &err))
		check(decimal_sign(ticker.bid) > 0 && decimal_sign(ticker.mark) > 0,
			"prices are above 0");
	(void)understood(phemex_reply_next_funding(data, SYMBOL, &time_ms, &err), &err);
	if (!understood(phemex_reply_candles(data, arena, 60000, 10, 1700000050000, &candles, &err),
		    &err))
		return;
	check(candles.count <= 10, "no more candles than were asked for");
	check_candles(&candles);
}

static void read_account(const struct field *data)
{
	struct err err = {0};
	struct account account = {.position_count = 0};
	struct exchange_identity identity;
	bool found, classic;

	if (understood(phemex_reply_account(data, SYMBOL, &found, &account, &err), &err)) {
		check(decimal_is_valid(account.balance.equity) &&
				decimal_is_valid(account.balance.available),
			"a balance is a number");
		check(!found || account.position_count >= 1, "what was found has positions");
		check_positions(&account);
	}
	if (understood(phemex_reply_identity(data, &identity, &err), &err))
		check(identity.account_id[0] != '\0', "an account has a name");
	(void)understood(phemex_reply_risk_mode(data, &classic, &err), &err);
}

static void read_lists(const struct field *data, struct arena *arena)
{
	struct err err = {0};
	struct order_list orders = {.count = 0};
	struct fill_list fills = {.count = 0};
	struct funding_list funding = {.count = 0};
	struct phemex_receipt receipt;
	size_t rows;

	if (understood(phemex_reply_orders(data, arena, &orders, &err), &err))
		check_orders(&orders);
	(void)understood(phemex_reply_open_orders(data, arena, &orders, &err), &err);
	if (understood(phemex_reply_fills(data, arena, &fills, &rows, &err), &err))
		check_fills(&fills);
	if (understood(phemex_reply_funding(data, arena, &funding, &rows, &err), &err))
		check_funding(&funding);
	if (understood(phemex_reply_receipt(data, &receipt, &err), &err))
		check(receipt.venue_order_id[0] != '\0', "a receipt names an order");
}

static void read_refusal(const uint8_t *data, size_t size, const struct reply_envelope *envelope)
{
	check_http(data, size, 403, true, phemex_error_http);
	if (envelope != NULL)
		check_code(envelope->code, envelope->text, phemex_error_code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
	struct reply_envelope envelope;
	struct err err = {0};

	if (!understood(field_parse((const char *)data, size, &document, &err), &err) ||
		!understood(phemex_reply_envelope(document, &envelope, &err), &err)) {
		read_refusal(data, size, NULL);
		return 0;
	}
	read_refusal(data, size, &envelope);
	read_market(&envelope.result, arena);
	read_account(&envelope.result);
	read_lists(&envelope.result, arena);
	return 0;
}
