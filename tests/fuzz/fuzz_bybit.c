/*
 * Reads any bytes as a reply of Bybit, by every parser there is: whatever they are, a parser gives
 * an error with a message, or values that hold what its header promises. The same bytes are read
 * as a text of the shared cache, which other processes write.
 */
#include "core/base/cleanup.h"
#include "exchanges/bybit_error.h"
#include "exchanges/bybit_reply.h"
#include "exchanges/market_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/promises.h"

#include <string.h>

#define SYMBOL "BTCUSDT"

static void read_market(const struct field *result, struct arena *arena)
{
	struct err err = {0};
	struct rules rules = {.tier_count = 0};
	struct candle_list candles;
	struct ticker ticker;
	bool found;
	int64_t server_ms;

	(void)understood(bybit_reply_time(result, &server_ms, &err), &err);
	if (understood(bybit_reply_rules(result, SYMBOL, &found, &rules, &err), &err) && found)
		check_rules(&rules);
	if (understood(bybit_reply_tiers(result, SYMBOL, &rules, &err), &err))
		check_tiers(&rules);
	if (understood(bybit_reply_ticker(result, SYMBOL, 1, &ticker, &err), &err))
		check(decimal_sign(ticker.bid) > 0 && decimal_sign(ticker.mark) > 0,
			"prices are above 0");
	if (understood(bybit_reply_candles(
			       result, arena, SYMBOL, 60000, 1700000050000, &candles, &err),
		    &err))
		check_candles(&candles);
}

static void read_account(const struct field *result, struct arena *arena)
{
	struct err err = {0};
	struct bybit_wallet wallet;
	struct account account = {.position_count = 0};
	struct bybit_symbols symbols = {.count = 0};
	struct exchange_identity identity;
	enum margin_mode mode;
	bool known;

	if (understood(bybit_reply_wallet(result, &wallet, &err), &err))
		check(decimal_is_valid(wallet.isolated_available), "a balance is a number");
	if (understood(bybit_reply_positions(result, SYMBOL, &account, &err), &err))
		check_positions(&account);
	(void)understood(bybit_reply_active(result, arena, &symbols, &err), &err);
	(void)understood(bybit_reply_margin_mode(result, &known, &mode, &err), &err);
	if (understood(bybit_reply_identity(result, &identity, &err), &err))
		check(identity.account_id[0] != '\0', "an account has a name");
}

static void read_lists(const struct field *result, struct arena *arena)
{
	struct err err = {0};
	struct order_list orders = {.count = 0};
	struct fill_list fills = {.count = 0};
	struct funding_list funding = {.count = 0};
	struct realised_list realised = {.count = 0};
	char id[VENUE_ORDER_ID_SIZE];
	const char *text;

	if (understood(bybit_reply_orders(result, arena, &orders, &err), &err))
		check_orders(&orders);
	if (understood(bybit_reply_fills(result, arena, "USDT", &fills, &err), &err))
		check_fills(&fills);
	if (understood(bybit_reply_funding(result, arena, &funding, &err), &err))
		check_funding(&funding);
	if (understood(bybit_reply_realised(result, arena, SYMBOL, &realised, &err), &err))
		for (size_t i = 0; i < realised.count; i++)
			check(realised.items[i].exec_id[0] != '\0', "an execution has an id");
	(void)understood(bybit_reply_cursor(result, &text, &err), &err);
	if (understood(bybit_reply_receipt(result, id, &text, &err), &err))
		check(id[0] != '\0', "a receipt names an order");
	check(bybit_reply_reason(result) != NULL, "a reason is a text");
}

static void read_refusal(const uint8_t *data, size_t size, const struct reply_envelope *envelope)
{
	check_http(data, size, 403, true, bybit_error_http);
	if (envelope != NULL)
		check_code(envelope->code, envelope->text, bybit_error_code);
}

static void items_free(struct candle **items)
{
	free(*items);
	*items = NULL;
}

static void read_cache(const uint8_t *data, size_t size)
{
	CLEANUP(text_free) char *text = mem_alloc(size + 1);
	CLEANUP(items_free) struct candle *items = NULL;
	struct err err = {0};
	struct ticker ticker;
	struct rules rules;
	size_t count;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	(void)understood(market_codec_read_ticker(text, &ticker, &err), &err);
	(void)understood(market_codec_read_rules(text, &rules, &err), &err);
	(void)understood(market_codec_read_candles(text, &items, &count, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
	struct reply_envelope envelope;
	struct err err = {0};

	read_cache(data, size);
	if (!understood(field_parse((const char *)data, size, &document, &err), &err) ||
		!understood(bybit_reply_envelope(document, &envelope, &err), &err)) {
		read_refusal(data, size, NULL);
		return 0;
	}
	read_refusal(data, size, &envelope);
	if (envelope.result.value == NULL)
		return 0; /* callers look at it only if the code says success: then it must be there
			   */
	read_market(&envelope.result, arena);
	read_account(&envelope.result, arena);
	read_lists(&envelope.result, arena);
	return 0;
}
