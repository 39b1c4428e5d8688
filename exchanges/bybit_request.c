#include "exchanges/bybit_request.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/sign.h"
#include "exchanges/order_check.h"

#include <assert.h>
#include <string.h>

#define SIGNED_MAX (64 * 1024)

/* String = timestamp + key + window + (query or body): exchanges.md 4.1. */
static void sign(
	const struct bybit_signer *signer, const char *payload, char ret_hex[SIGN_HEX_SIZE])
{
	CLEANUP(buffer_done) struct buffer text;
	buffer_init(&text, SIGNED_MAX);
	buffer_format(&text, "%lld%s%lld%s", (long long)signer->timestamp_ms, signer->key,
		(long long)signer->recv_window_ms, payload);
	assert(!buffer_failed(&text));
	sign_hmac_sha256(
		signer->secret, strlen(signer->secret), text.data, text.size_bytes, ret_hex);
}

/* Returns how many headers were written. */
static size_t sign_headers(const struct bybit_signer *signer, struct arena *arena,
	const char *payload, struct exchange_request *ret)
{
	char hex[SIGN_HEX_SIZE];
	sign(signer, payload, hex);
	ret->headers[0] = arena_format(arena, "X-BAPI-API-KEY: %s", signer->key);
	ret->headers[1] = arena_format(
		arena, "X-BAPI-TIMESTAMP: %lld", (long long)signer->timestamp_ms);
	ret->headers[2] = arena_format(
		arena, "X-BAPI-RECV-WINDOW: %lld", (long long)signer->recv_window_ms);
	ret->headers[3] = arena_format(arena, "X-BAPI-SIGN: %s", hex);
	ret->expires_server_ms = signer->timestamp_ms + signer->recv_window_ms;
	return 4;
}

void bybit_request_get(const struct bybit_signer *signer, struct arena *arena, const char *path,
	const char *query, struct exchange_request *ret)
{
	*ret = (struct exchange_request){.method = "GET"};
	ret->url = arena_format(
		arena, "%s%s%s%s", signer->base_url, path, query[0] != '\0' ? "?" : "", query);
	if (signer->key != NULL)
		(void)sign_headers(signer, arena, query, ret);
}

static void post(const struct bybit_signer *signer, struct arena *arena, const char *path,
	const struct doc *body, struct exchange_request *ret)
{
	CLEANUP(text_free) char *text = doc_dump(body);
	*ret = (struct exchange_request){.method = "POST"};
	ret->url = arena_format(arena, "%s%s", signer->base_url, path);
	ret->body = arena_text(arena, text);
	ret->body_size_bytes = strlen(text);
	size_t count = sign_headers(signer, arena, ret->body, ret);
	ret->headers[count] = arena_text(arena, "Content-Type: application/json");
}

static const char *side_word(enum side side)
{
	return side == SIDE_BUY ? "Buy" : "Sell";
}

static const char *time_in_force_word(enum time_in_force time_in_force)
{
	switch (time_in_force) {
	case TIF_GTC:
		return "GTC";
	case TIF_IOC:
		return "IOC";
	case TIF_FOK:
		return "FOK";
	case TIF_POST_ONLY:
		return "PostOnly";
	}
	die("time in force %d", (int)time_in_force);
}

static int position_index(enum leg leg)
{
	switch (leg) {
	case LEG_ONE_WAY:
		return 0;
	case LEG_LONG:
		return 1;
	case LEG_SHORT:
		return 2;
	}
	die("leg %d", (int)leg);
}

/*
 * Conditional orders (exchanges.md 4.6): triggerDirection 1 fires when the price rises to the
 * trigger, 2 when it falls to it. triggerBy is always sent, its default is stated for TP/SL only.
 */
static void add_trigger(struct doc *body, const struct order_request *order)
{
	doc_decimal(body, "triggerPrice", order->trigger_price);
	doc_int(body, "triggerDirection", order->trigger_rising ? 1 : 2);
	doc_text(body, "triggerBy", order->trigger_by == TRIGGER_MARK ? "MarkPrice" : "LastPrice");
}

static struct doc *order_body(const struct order_request *order)
{
	struct doc *body = doc_object();
	doc_text(body, "category", "linear");
	doc_text(body, "symbol", order->symbol);
	doc_text(body, "side", side_word(order->side));
	doc_text(body, "orderType", order->type == ORDER_LIMIT ? "Limit" : "Market");
	doc_decimal(body, "qty", order->quantity);
	if (order->type == ORDER_LIMIT) {
		doc_decimal(body, "price", order->price);
		doc_text(body, "timeInForce", time_in_force_word(order->time_in_force));
	}
	if (order->type == ORDER_STOP_MARKET)
		add_trigger(body, order);
	doc_int(body, "positionIdx", position_index(order->leg));
	if (order->reduce_only)
		doc_bool(body, "reduceOnly", true);
	if (order->close_on_trigger)
		doc_bool(body, "closeOnTrigger", true);
	doc_text(body, "orderLinkId", order->client_order_id);
	return body;
}

int bybit_request_place(const struct bybit_signer *signer, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err)
{
	if (order_check_request(order, err) == -1)
		return -1;
	CLEANUP(doc_free) struct doc *body = order_body(order);
	post(signer, arena, "/v5/order/create", body, ret);
	return 0;
}

/* Category, symbol and our id: how an order is named in a body. */
static int named_order(
	const char *symbol, const char *client_order_id, struct doc **ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1)
		return -1;
	struct doc *body = doc_object();
	doc_text(body, "category", "linear");
	doc_text(body, "symbol", symbol);
	doc_text(body, "orderLinkId", client_order_id);
	*ret = body;
	return 0;
}

int bybit_request_cancel(const struct bybit_signer *signer, struct arena *arena, const char *symbol,
	const char *client_order_id, struct exchange_request *ret, struct err *err)
{
	CLEANUP(doc_free) struct doc *body = NULL;
	if (named_order(symbol, client_order_id, &body, err) == -1)
		return -1;
	post(signer, arena, "/v5/order/cancel", body, ret);
	return 0;
}

static int add_change(
	struct doc *body, bool wanted, const char *name, struct decimal value, struct err *err)
{
	if (!wanted)
		return 0;
	if (order_check_positive(value, name, err) == -1)
		return -1;
	doc_decimal(body, name, value);
	return 0;
}

/* What shall stay is left out (exchanges.md 4.10). */
int bybit_request_amend(const struct bybit_signer *signer, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err)
{
	CLEANUP(doc_free) struct doc *body = NULL;
	if (named_order(amend->symbol, amend->client_order_id, &body, err) == -1)
		return -1;
	if (!amend->has_quantity && !amend->has_price && !amend->has_trigger)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "amend: nothing to change");
	if (add_change(body, amend->has_quantity, "qty", amend->quantity, err) == -1 ||
		add_change(body, amend->has_price, "price", amend->price, err) == -1 ||
		add_change(body, amend->has_trigger, "triggerPrice", amend->trigger_price, err) ==
			-1)
		return -1;
	post(signer, arena, "/v5/order/amend", body, ret);
	return 0;
}

/* Both sides are equal: required in one-way mode and in cross margin. */
static int leverage_body(const struct exchange_setting *setting, struct doc *body, struct err *err)
{
	if (order_check_positive(setting->leverage, "leverage", err) == -1)
		return -1;
	struct decimal leverage = decimal_trim(setting->leverage);
	doc_decimal(body, "buyLeverage", leverage);
	doc_decimal(body, "sellLeverage", leverage);
	return 0;
}

static int symbol_setting(const struct bybit_signer *signer, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	if (order_check_symbol(setting->symbol, err) == -1)
		return -1;
	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_text(body, "category", "linear");
	doc_text(body, "symbol", setting->symbol);
	if (setting->kind == SETTING_POSITION_MODE) {
		doc_int(body, "mode", setting->position_mode == POSITION_HEDGE ? 3 : 0);
		post(signer, arena, "/v5/position/switch-mode", body, ret);
		return 0;
	}
	if (leverage_body(setting, body, err) == -1)
		return -1;
	post(signer, arena, "/v5/position/set-leverage", body, ret);
	return 0;
}

int bybit_request_setting(const struct bybit_signer *signer, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	if (setting->kind != SETTING_MARGIN_MODE)
		return symbol_setting(signer, arena, setting, ret, err);

	CLEANUP(doc_free) struct doc *body = doc_object();
	doc_text(body, "setMarginMode",
		setting->margin_mode == MARGIN_ISOLATED ? "ISOLATED_MARGIN" : "REGULAR_MARGIN");
	post(signer, arena, "/v5/account/set-margin-mode", body, ret);
	return 0;
}
