#include "exchanges/binance_request.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/io/sign.h"
#include "exchanges/order_check.h"

#include <assert.h>
#include <string.h>

#define QUERY_MAX 1024

/* The parameters with time, window and signature behind them. */
static char *signed_text(
	const struct binance_signer *signer, struct arena *arena, const char *parameters)
{
	char hex[SIGN_HEX_SIZE];
	char *text = arena_format(arena, "%s%srecvWindow=%lld&timestamp=%lld", parameters,
		parameters[0] != '\0' ? "&" : "", (long long)signer->recv_window_ms,
		(long long)signer->timestamp_ms);
	sign_hmac_sha256(signer->secret, strlen(signer->secret), text, strlen(text), hex);
	return arena_format(arena, "%s&signature=%s", text, hex);
}

static void build(const struct binance_signer *signer, struct arena *arena, const char *method,
	const char *path, const char *parameters, struct exchange_request *ret)
{
	*ret = (struct exchange_request){.method = method};
	const char *text = parameters;
	if (signer->key != NULL) {
		text = signed_text(signer, arena, parameters);
		ret->headers[0] = arena_format(arena, "X-MBX-APIKEY: %s", signer->key);
		ret->expires_server_ms = signer->timestamp_ms + signer->recv_window_ms;
	}
	if (strcmp(method, "POST") != 0) {
		ret->url = arena_format(arena, "%s%s%s%s", signer->base_url, path,
			text[0] != '\0' ? "?" : "", text);
		return;
	}
	ret->url = arena_format(arena, "%s%s", signer->base_url, path);
	ret->body = arena_text(arena, text);
	ret->body_size_bytes = strlen(text);
	ret->headers[1] = arena_text(arena, "Content-Type: application/x-www-form-urlencoded");
}

void binance_request_get(const struct binance_signer *signer, struct arena *arena, const char *path,
	const char *query, struct exchange_request *ret)
{
	build(signer, arena, "GET", path, query, ret);
}

static const char *side_word(enum side side)
{
	return side == SIDE_BUY ? "BUY" : "SELL";
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
		return "GTX";
	}
	die("time in force %d", (int)time_in_force);
}

const char *binance_request_stop_word(const struct order_request *order)
{
	return order_check_stops(order) ? "STOP_MARKET" : "TAKE_PROFIT_MARKET";
}

const char *binance_request_margin_word(enum margin_mode mode)
{
	return mode == MARGIN_ISOLATED ? "ISOLATED" : "CROSSED";
}

/* In one-way mode the leg is the default, and not sent. */
static void add_leg(struct buffer *body, enum leg leg)
{
	if (leg != LEG_ONE_WAY)
		buffer_format(body, "&positionSide=%s", leg == LEG_LONG ? "LONG" : "SHORT");
}

static void add_decimal(struct buffer *body, const char *name, struct decimal value)
{
	buffer_format(body, "&%s=%s", name, DECIMAL_TEXT(value));
}

static void add_reduce_only(struct buffer *body, const struct order_request *order)
{
	bool reduces = order->reduce_only || order->close_on_trigger;
	if (reduces && order->leg == LEG_ONE_WAY)
		buffer_text(body, "&reduceOnly=true");
}

/* RESULT: a market order's reply comes when it is over. */
static void write_order(struct buffer *body, const struct order_request *order)
{
	bool limit = order->type == ORDER_LIMIT;
	buffer_format(body, "symbol=%s&side=%s", order->symbol, side_word(order->side));
	add_leg(body, order->leg);
	buffer_format(body, "&type=%s", limit ? "LIMIT" : "MARKET");
	if (limit)
		buffer_format(body, "&timeInForce=%s", time_in_force_word(order->time_in_force));
	add_decimal(body, "quantity", order->quantity);
	if (limit)
		add_decimal(body, "price", order->price);
	add_reduce_only(body, order);
	buffer_format(body, "&newClientOrderId=%s&newOrderRespType=RESULT", order->client_order_id);
}

/*
 * With a quantity, never closePosition: of those the venue takes only one per direction, so they
 * could not be moved by placing the new one first (exchanges.md 5.6).
 */
static void write_stop(struct buffer *body, const struct order_request *order)
{
	buffer_format(body, "algoType=CONDITIONAL&symbol=%s&side=%s", order->symbol,
		side_word(order->side));
	add_leg(body, order->leg);
	buffer_format(body, "&type=%s", binance_request_stop_word(order));
	add_decimal(body, "triggerPrice", order->trigger_price);
	buffer_format(body, "&workingType=%s",
		order->trigger_by == TRIGGER_MARK ? "MARK_PRICE" : "CONTRACT_PRICE");
	add_decimal(body, "quantity", order->quantity);
	add_reduce_only(body, order);
	buffer_format(body, "&clientAlgoId=%s", order->client_order_id);
}

int binance_request_place(const struct binance_signer *signer, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err)
{
	if (order_check_request(order, err) == -1)
		return -1;
	bool stop = order->type == ORDER_STOP_MARKET;
	CLEANUP(buffer_done) struct buffer body;
	buffer_init(&body, QUERY_MAX);
	if (stop)
		write_stop(&body, order);
	else
		write_order(&body, order);
	assert(!buffer_failed(&body));
	build(signer, arena, "POST", stop ? BINANCE_PATH_STOP : BINANCE_PATH_ORDER, body.data, ret);
	return 0;
}

int binance_request_cancel(const struct binance_signer *signer, struct arena *arena,
	const char *symbol, const char *client_order_id, bool is_stop, struct exchange_request *ret,
	struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1)
		return -1;
	const char *query = is_stop ? arena_format(arena, "clientAlgoId=%s", client_order_id)
				    : arena_format(arena, "symbol=%s&origClientOrderId=%s", symbol,
					      client_order_id);
	build(signer, arena, "DELETE", is_stop ? BINANCE_PATH_STOP : BINANCE_PATH_ORDER, query,
		ret);
	return 0;
}

int binance_request_amend(const struct binance_signer *signer, struct arena *arena,
	const struct exchange_amend *amend, const struct order *standing,
	struct exchange_request *ret, struct err *err)
{
	if (order_check_symbol(amend->symbol, err) == -1 ||
		order_check_id(amend->client_order_id, err) == -1)
		return -1;
	if (amend->has_trigger || standing->type != ORDER_LIMIT)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"amend: binance changes limit orders only; of a stop, place the new one "
			"and cancel the old");
	if (!amend->has_quantity && !amend->has_price)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "amend: nothing to change");

	struct decimal quantity = amend->has_quantity ? amend->quantity : standing->quantity;
	struct decimal price = amend->has_price ? amend->price : standing->price;
	if (order_check_positive(quantity, "quantity", err) == -1 ||
		order_check_positive(price, "price", err) == -1)
		return -1;
	CLEANUP(buffer_done) struct buffer query;
	buffer_init(&query, QUERY_MAX);
	buffer_format(&query, "symbol=%s&side=%s", amend->symbol, side_word(standing->side));
	add_decimal(&query, "quantity", quantity);
	add_decimal(&query, "price", price);
	buffer_format(&query, "&origClientOrderId=%s", amend->client_order_id);
	assert(!buffer_failed(&query));
	build(signer, arena, "PUT", BINANCE_PATH_ORDER, query.data, ret);
	return 0;
}

static int leverage(const struct binance_signer *signer, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	int64_t whole;
	if (order_check_positive(setting->leverage, "leverage", err) == -1)
		return -1;
	if (!decimal_count(setting->leverage, decimal_from_int(1), &whole))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"leverage: %s, binance takes whole numbers only",
			DECIMAL_TEXT(setting->leverage));
	build(signer, arena, "POST", BINANCE_PATH_LEVERAGE,
		arena_format(arena, "symbol=%s&leverage=%lld", setting->symbol, (long long)whole),
		ret);
	return 0;
}

int binance_request_setting(const struct binance_signer *signer, struct arena *arena,
	const struct exchange_setting *setting, struct exchange_request *ret, struct err *err)
{
	if (setting->kind == SETTING_POSITION_MODE) {
		bool hedge = setting->position_mode == POSITION_HEDGE;
		build(signer, arena, "POST", BINANCE_PATH_MODE,
			hedge ? "dualSidePosition=true" : "dualSidePosition=false", ret);
		return 0;
	}
	if (order_check_symbol(setting->symbol, err) == -1)
		return -1;
	if (setting->kind == SETTING_LEVERAGE)
		return leverage(signer, arena, setting, ret, err);
	build(signer, arena, "POST", BINANCE_PATH_MARGIN,
		arena_format(arena, "symbol=%s&marginType=%s", setting->symbol,
			binance_request_margin_word(setting->margin_mode)),
		ret);
	return 0;
}
