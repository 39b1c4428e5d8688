#include "simulator/api_call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int api_call_refuse(struct api_call *call, int code, const char *format, ...)
{
	va_list arguments;

	call->code = code;
	va_start(arguments, format);
	(void)vsnprintf(call->message, sizeof call->message, format, arguments);
	va_end(arguments);
	return -1;
}

/* exchanges.md 4.4 and 4.6 say which code stands for what; the texts are the venue's or near. */
static const struct {
	enum broker_refusal refusal;
	int code;
	char text[96];
} refusals[] = {
	{BROKER_REFUSED_NO_PRICE, 110074, "This contract is not live"},
	{BROKER_REFUSED_NOT_TRADING, 110074, "This contract is not live"},
	{BROKER_REFUSED_LEG, 10001, "position idx not match position mode"},
	{BROKER_REFUSED_CLIENT_ID, 110072, "OrderLinkedID is duplicate"},
	{BROKER_REFUSED_PRICE, 110003, "Order price exceeds the allowable range."},
	{BROKER_REFUSED_QUANTITY, 10001, "Qty invalid"},
	{BROKER_REFUSED_TOO_SMALL, 10001,
		"The number of contracts exceeds minimum limit allowed: qty"},
	{BROKER_REFUSED_TOO_LARGE, 10001,
		"The number of contracts exceeds maximum limit allowed: qty"},
	{BROKER_REFUSED_NOTIONAL, 110094, "Order does not meet minimum order value 5USDT"},
	{BROKER_REFUSED_TRIGGER, 110003, "TriggerPrice exceeds the allowable range."},
	{BROKER_REFUSED_TRIGGER_RISING, 110092, "expect Rising, but trigger_price <= current"},
	{BROKER_REFUSED_TRIGGER_FALLING, 110093, "expect Falling, but trigger_price >= current"},
	{BROKER_REFUSED_CONDITIONALS_MAX, 110009,
		"The number of stop orders exceeds the maximum allowable limit"},
	{BROKER_REFUSED_ORDERS_MAX, 110020, "Not allowed to have more than 500 active orders"},
	{BROKER_REFUSED_FLAT, 110017, "current position is zero, cannot fix reduce-only order qty"},
	{BROKER_REFUSED_REDUCE_SIDE, 110017, "Reduce-only rule not satisfied"},
	{BROKER_REFUSED_MARGIN, 110007, "ab not enough for new order"},
	{BROKER_REFUSED_RISK_LIMIT, 110090, "Order quantity exceeded risk limit"},
	{BROKER_REFUSED_NO_ORDER, API_NO_ORDER, "order not exists or too late to cancel"},
	{BROKER_REFUSED_AMEND_FILLED, 110064,
		"The order quantity is not above the filled quantity"},
	{BROKER_REFUSED_AMEND_FIELD, 110059, "The order has no such field to modify"},
	{BROKER_REFUSED_UNCHANGED, 34040, "not modified"},
	{BROKER_REFUSED_LEVERAGE, 110013, "cannot set leverage due to risk limit level"},
	{BROKER_REFUSED_HAS_POSITION, 110024,
		"You have an existing position, so the position mode cannot be switched"},
	{BROKER_REFUSED_HAS_ORDERS, 110028,
		"You have existing open orders, so the position mode cannot be switched"},
};

int api_call_refuse_broker(struct api_call *call, const struct err *err)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if ((int64_t)refusals[i].refusal == err->venue_code)
			return api_call_refuse(call, refusals[i].code, "%s", refusals[i].text);
	return api_call_refuse(call, API_PARAMETER, "params error: %s", err->message);
}

bool api_call_argument(const struct api_call *call, const char *name, char *text, size_t size)
{
	return http_server_argument(call->request, name, text, size) && text[0] != '\0';
}

static bool parse_integer(const char *text, int64_t *ret)
{
	char *end = NULL;

	if (text[strspn(text, "-0123456789")] != '\0')
		return false;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	*ret = value;
	return true;
}

int api_call_integer(struct api_call *call, const char *name, int64_t least, int64_t most,
	int64_t fallback, int64_t *ret)
{
	char text[32];
	int64_t value = 0;

	if (!http_server_argument(call->request, name, text, sizeof text) || text[0] == '\0') {
		*ret = fallback;
		return 0;
	}
	if (!parse_integer(text, &value) || value < least || value > most)
		return api_call_refuse(call, API_PARAMETER, "params error: %s invalid", name);
	*ret = value;
	return 0;
}

int api_call_limit(struct api_call *call, int64_t most, int64_t fallback, size_t *ret)
{
	int64_t limit = fallback;

	if (api_call_integer(call, "limit", 1, INT32_MAX, fallback, &limit) == -1)
		return -1;
	*ret = (size_t)(limit < most ? limit : most);
	return 0;
}

int api_call_span(struct api_call *call, int64_t span_ms, int64_t most_ms, int64_t *ret_from_ms,
	int64_t *ret_to_ms)
{
	const int64_t latest_ms = INT64_C(4102444800000); /* the year 2100 */
	int64_t from_ms = -1, to_ms = -1;

	if (api_call_integer(call, "startTime", 0, latest_ms, -1, &from_ms) == -1 ||
		api_call_integer(call, "endTime", 0, latest_ms, -1, &to_ms) == -1)
		return -1;
	if (to_ms == -1)
		to_ms = from_ms == -1 ? call->venue->server_ms : from_ms + most_ms;
	if (from_ms == -1)
		from_ms = to_ms - span_ms;
	if (from_ms > to_ms)
		return api_call_refuse(
			call, API_PARAMETER, "params error: startTime is bigger than endTime");
	if (to_ms - from_ms > most_ms)
		return api_call_refuse(call, API_PARAMETER,
			"The time range between startTime and endTime cannot exceed %" PRId64
			" days",
			most_ms / 86400000);
	*ret_from_ms = from_ms;
	*ret_to_ms = to_ms;
	return 0;
}

static bool is_post(const struct api_call *call)
{
	return strcmp(call->request->method, "POST") == 0;
}

int api_call_category(struct api_call *call)
{
	char text[16] = "";
	const char *category = text;

	if (is_post(call)) {
		if (api_call_text(call, "category", &category) == -1)
			return -1;
	} else {
		(void)api_call_argument(call, "category", text, sizeof text);
	}
	if (category[0] == '\0')
		return api_call_refuse(call, API_PARAMETER, "params error: category is empty");
	if (strcmp(category, "linear") != 0)
		return api_call_refuse(call, API_PARAMETER, "Illegal category");
	return 0;
}

int api_call_symbol(struct api_call *call, bool required, int *ret)
{
	char text[SYMBOL_SIZE] = "";
	const char *name = text;
	size_t symbol;

	if (is_post(call)) {
		if (api_call_text(call, "symbol", &name) == -1)
			return -1;
	} else if (http_server_argument(call->request, "symbol", text, sizeof text) == false) {
		text[0] = '\0';
	}
	if (name[0] == '\0' && required)
		return api_call_refuse(call, API_PARAMETER, "params error: symbol is empty");
	if (name[0] == '\0') {
		*ret = -1;
		return 0;
	}
	if (!venue_symbol(call->venue, name, &symbol))
		return api_call_refuse(
			call, API_PARAMETER, "params error: symbol invalid %.31s", name);
	*ret = (int)symbol;
	return 0;
}

/* A member of the body, or nothing. The body is an object: it was checked when it was parsed. */
static struct field member(const struct api_call *call, const char *name)
{
	struct field field = {0};
	struct err ignored;

	if (field_get_optional(&call->body, name, &field, &ignored) == -1)
		return (struct field){0};
	return field;
}

int api_call_text(struct api_call *call, const char *name, const char **ret)
{
	struct field field = member(call, name);
	struct err err;

	*ret = "";
	if (!field_present(&field))
		return 0;
	if (field_as_text(&field, ret, &err) == -1)
		return api_call_refuse(
			call, API_PARAMETER, "params error: %s must be a string", name);
	return 0;
}

int api_call_decimal(
	struct api_call *call, const char *name, bool *ret_present, struct decimal *ret)
{
	const char *text;
	struct err err;

	*ret_present = false;
	if (api_call_text(call, name, &text) == -1)
		return -1;
	if (text[0] == '\0')
		return 0;
	if (decimal_parse(text, ret, &err) == -1)
		return api_call_refuse(call, API_PARAMETER, "params error: %s invalid", name);
	*ret_present = true;
	return 0;
}

int api_call_flag(struct api_call *call, const char *name, bool *ret)
{
	struct field field = member(call, name);
	struct err err;

	*ret = false;
	if (!field_present(&field))
		return 0;
	if (field_as_bool(&field, ret, &err) == -1)
		return api_call_refuse(
			call, API_PARAMETER, "params error: %s must be true or false", name);
	return 0;
}

int api_call_number(struct api_call *call, const char *name, int64_t fallback, int64_t *ret)
{
	struct field field = member(call, name);
	struct err err;

	*ret = fallback;
	if (!field_present(&field))
		return 0;
	if (field_as_int(&field, ret, &err) == -1)
		return api_call_refuse(
			call, API_PARAMETER, "params error: %s must be an integer", name);
	return 0;
}

const char *api_call_side(enum side side)
{
	return side == SIDE_BUY ? "Buy" : "Sell";
}

int api_call_position_index(enum leg leg)
{
	return leg == LEG_LONG ? 1 : leg == LEG_SHORT ? 2 : 0;
}

int api_call_parse_side(struct api_call *call, const char *text, enum side *ret)
{
	if (strcmp(text, "Buy") == 0)
		*ret = SIDE_BUY;
	else if (strcmp(text, "Sell") == 0)
		*ret = SIDE_SELL;
	else
		return api_call_refuse(call, API_PARAMETER, "Side invalid");
	return 0;
}

int api_call_parse_leg(struct api_call *call, int64_t position_index, enum leg *ret)
{
	switch (position_index) {
	case 0:
		*ret = LEG_ONE_WAY;
		return 0;
	case 1:
		*ret = LEG_LONG;
		return 0;
	case 2:
		*ret = LEG_SHORT;
		return 0;
	default:
		return api_call_refuse(call, API_PARAMETER, "params error: positionIdx invalid");
	}
}

void api_call_put_integer(struct doc *object, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, value);
	doc_text(object, name, text);
}
