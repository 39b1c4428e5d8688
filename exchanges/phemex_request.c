#include "exchanges/phemex_request.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "exchanges/order_check.h"

#include <assert.h>
#include <string.h>

#define QUERY_MAX 1024
#define SIGNED_MAX (64 * 1024)
#define EXPIRY_MAX_MS (10 * 1000) /* exchanges.md 2.5 */

int64_t phemex_request_expiry_s(int64_t now_server_ms, int64_t window_ms)
{
	int64_t expiry_s = (now_server_ms + window_ms + 999) / 1000;
	assert(expiry_s * 1000 - now_server_ms <= EXPIRY_MAX_MS);
	return expiry_s;
}

void phemex_request_sign(const struct phemex_signer *signer, const char *path, const char *query,
	const char *body, char ret_hex[SIGN_HEX_SIZE])
{
	CLEANUP(buffer_done) struct buffer text;
	buffer_init(&text, SIGNED_MAX);
	buffer_format(&text, "%s%s%lld%s", path, query, (long long)signer->expiry_s, body);
	assert(!buffer_failed(&text));
	sign_hmac_sha256(
		signer->secret, strlen(signer->secret), text.data, text.size_bytes, ret_hex);
}

static void build(const struct phemex_signer *signer, struct arena *arena, const char *method,
	const char *path, const char *query, struct exchange_request *ret)
{
	*ret = (struct exchange_request){.method = method};
	ret->url = arena_format(
		arena, "%s%s%s%s", signer->base_url, path, query[0] != '\0' ? "?" : "", query);
	if (signer->key == NULL)
		return;

	char hex[SIGN_HEX_SIZE];
	phemex_request_sign(signer, path, query, "", hex);
	ret->headers[0] = arena_format(arena, "x-phemex-access-token: %s", signer->key);
	ret->headers[1] = arena_format(
		arena, "x-phemex-request-expiry: %lld", (long long)signer->expiry_s);
	ret->headers[2] = arena_format(arena, "x-phemex-request-signature: %s", hex);
	/* The page counts in seconds: whether the last one still counts is open (?), so it does. */
	ret->expires_server_ms = signer->expiry_s * 1000 + 999;
}

void phemex_request_get(const struct phemex_signer *signer, struct arena *arena, const char *path,
	const char *query, struct exchange_request *ret)
{
	build(signer, arena, "GET", path, query, ret);
}

static const char *side_word(enum side side)
{
	return side == SIDE_BUY ? "Buy" : "Sell";
}

static const char *leg_word(enum leg leg)
{
	switch (leg) {
	case LEG_ONE_WAY:
		return "Merged";
	case LEG_LONG:
		return "Long";
	case LEG_SHORT:
		return "Short";
	}
	die("leg %d", (int)leg);
}

static const char *time_in_force_word(const struct order_request *order)
{
	/* As in the page's own samples of market orders and market stops. */
	if (order->type != ORDER_LIMIT)
		return "ImmediateOrCancel";
	switch (order->time_in_force) {
	case TIF_GTC:
		return "GoodTillCancel";
	case TIF_IOC:
		return "ImmediateOrCancel";
	case TIF_FOK:
		return "FillOrKill";
	case TIF_POST_ONLY:
		return "PostOnly";
	}
	die("time in force %d", (int)order->time_in_force);
}

const char *phemex_request_type_word(const struct order_request *order)
{
	if (order->type == ORDER_LIMIT)
		return "Limit";
	if (order->type == ORDER_MARKET)
		return "Market";
	return order_check_stops(order) ? "Stop" : "MarketIfTouched";
}

static void add_decimal(struct buffer *query, const char *name, struct decimal value)
{
	buffer_format(query, "&%s=%s", name, DECIMAL_TEXT(value));
}

/* triggerType is always sent: no default of it is documented (?). */
static void write_order(struct buffer *query, const struct order_request *order)
{
	buffer_format(query, "clOrdID=%s&symbol=%s&side=%s&posSide=%s&ordType=%s",
		order->client_order_id, order->symbol, side_word(order->side), leg_word(order->leg),
		phemex_request_type_word(order));
	add_decimal(query, "orderQtyRq", order->quantity);
	if (order->type == ORDER_LIMIT)
		add_decimal(query, "priceRp", order->price);
	if (order->type == ORDER_STOP_MARKET) {
		add_decimal(query, "stopPxRp", order->trigger_price);
		buffer_format(query, "&triggerType=%s",
			order->trigger_by == TRIGGER_MARK ? "ByMarkPrice" : "ByLastPrice");
	}
	buffer_format(query, "&timeInForce=%s", time_in_force_word(order));
	if (order->reduce_only)
		buffer_text(query, "&reduceOnly=true");
	if (order->close_on_trigger)
		buffer_text(query, "&closeOnTrigger=true");
}

/* PUT is the form that the venue prefers. */
int phemex_request_place(const struct phemex_signer *signer, struct arena *arena,
	const struct order_request *order, struct exchange_request *ret, struct err *err)
{
	if (order_check_request(order, err) == -1)
		return -1;
	CLEANUP(buffer_done) struct buffer query;
	buffer_init(&query, QUERY_MAX);
	write_order(&query, order);
	assert(!buffer_failed(&query));
	build(signer, arena, "PUT", PHEMEX_PATH_PLACE, query.data, ret);
	/* Unique and below 40 bytes: the venue asks for it when it shall look into a request. */
	ret->headers[3] = arena_format(
		arena, "x-phemex-request-tracing: %s", order->client_order_id);
	return 0;
}

int phemex_request_cancel(const struct phemex_signer *signer, struct arena *arena,
	const char *symbol, const char *client_order_id, enum leg leg, struct exchange_request *ret,
	struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 || order_check_id(client_order_id, err) == -1)
		return -1;
	char *query = arena_format(
		arena, "symbol=%s&posSide=%s&clOrdID=%s", symbol, leg_word(leg), client_order_id);
	build(signer, arena, "DELETE", PHEMEX_PATH_CANCEL, query, ret);
	return 0;
}

static int add_change(
	struct buffer *query, bool wanted, const char *name, struct decimal value, struct err *err)
{
	if (!wanted)
		return 0;
	if (order_check_positive(value, name, err) == -1)
		return -1;
	add_decimal(query, name, value);
	return 0;
}

/* What shall stay is left out. */
int phemex_request_amend(const struct phemex_signer *signer, struct arena *arena,
	const struct exchange_amend *amend, struct exchange_request *ret, struct err *err)
{
	if (order_check_symbol(amend->symbol, err) == -1 ||
		order_check_id(amend->client_order_id, err) == -1)
		return -1;
	if (!amend->has_quantity && !amend->has_price && !amend->has_trigger)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "amend: nothing to change");

	CLEANUP(buffer_done) struct buffer query;
	buffer_init(&query, QUERY_MAX);
	buffer_format(&query, "symbol=%s&posSide=%s&origClOrdID=%s", amend->symbol,
		leg_word(amend->leg), amend->client_order_id);
	if (add_change(&query, amend->has_quantity, "orderQtyRq", amend->quantity, err) == -1 ||
		add_change(&query, amend->has_price, "priceRp", amend->price, err) == -1 ||
		add_change(&query, amend->has_trigger, "stopPxRp", amend->trigger_price, err) == -1)
		return -1;
	assert(!buffer_failed(&query));
	build(signer, arena, "PUT", PHEMEX_PATH_AMEND, query.data, ret);
	return 0;
}

int phemex_request_position_mode(const struct phemex_signer *signer, struct arena *arena,
	const char *symbol, enum position_mode mode, struct exchange_request *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1)
		return -1;
	char *query = arena_format(arena, "symbol=%s&targetPosMode=%s", symbol,
		mode == POSITION_HEDGE ? "Hedged" : "OneWay");
	build(signer, arena, "PUT", PHEMEX_PATH_MODE, query, ret);
	return 0;
}

int phemex_request_leverage(const struct phemex_signer *signer, struct arena *arena,
	const char *symbol, enum position_mode mode, struct decimal signed_leverage,
	struct exchange_request *ret, struct err *err)
{
	if (order_check_symbol(symbol, err) == -1 ||
		order_check_positive(decimal_abs(signed_leverage), "leverage", err) == -1)
		return -1;
	struct decimal leverage = decimal_trim(signed_leverage);
	const char *text = DECIMAL_TEXT(leverage);
	char *query = mode == POSITION_HEDGE
			      ? arena_format(arena,
					"symbol=%s&longLeverageRr=%s&shortLeverageRr=%s", symbol,
					text, text)
			      : arena_format(arena, "symbol=%s&leverageRr=%s", symbol, text);
	build(signer, arena, "PUT", PHEMEX_PATH_LEVERAGE, query, ret);
	return 0;
}
