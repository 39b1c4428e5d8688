#include "exchanges/order_check.h"

#include <string.h>

#define CLIENT_ID_MAX 36 /* exchanges.md 1 */
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool is_word(const char *text, size_t size_max, const char *allowed)
{
	size_t size = strlen(text);
	return size > 0 && size <= size_max && strspn(text, allowed) == size;
}

int order_check_symbol(const char *symbol, struct err *err)
{
	if (is_word(symbol, SYMBOL_SIZE - 1, LETTERS "-"))
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "symbol: unrecognized \"%.40s\"", symbol);
}

int order_check_id(const char *client_order_id, struct err *err)
{
	if (is_word(client_order_id, CLIENT_ID_MAX, LETTERS "-_"))
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"client_order_id: \"%.60s\" is not 1 to %d of [A-Za-z0-9_-]", client_order_id,
		CLIENT_ID_MAX);
}

int order_check_positive(struct decimal value, const char *field, struct err *err)
{
	if (decimal_check(value, field, err) == -1)
		return -1;
	if (decimal_sign(value) > 0)
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: %s is not above 0", field,
		DECIMAL_TEXT(value));
}

int order_check_request(const struct order_request *order, struct err *err)
{
	if (order_check_symbol(order->symbol, err) == -1 ||
		order_check_id(order->client_order_id, err) == -1 ||
		order_check_positive(order->quantity, "quantity", err) == -1)
		return -1;
	if (order->type == ORDER_LIMIT && order_check_positive(order->price, "price", err) == -1)
		return -1;
	if (order->type == ORDER_STOP_MARKET &&
		order_check_positive(order->trigger_price, "trigger_price", err) == -1)
		return -1;
	return 0;
}

bool order_check_stops(const struct order_request *order)
{
	return order->trigger_rising == (order->side == SIDE_BUY);
}
