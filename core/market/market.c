#include "core/market/market.h"

#include <assert.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const venue_names[] = {
	[VENUE_PHEMEX] = "phemex",
	[VENUE_BYBIT] = "bybit",
	[VENUE_BINANCE] = "binance",
};
static const char *const environments[] = {
	[ENVIRONMENT_PAPER] = "paper",
	[ENVIRONMENT_TESTNET] = "testnet",
	[ENVIRONMENT_LIVE] = "live",
};
static const char *const sides[] = {
	[SIDE_BUY] = "buy",
	[SIDE_SELL] = "sell",
};
static const char *const legs[] = {
	[LEG_LONG] = "long",
	[LEG_SHORT] = "short",
	[LEG_ONE_WAY] = "one_way",
};
static const char *const position_modes[] = {
	[POSITION_HEDGE] = "hedge",
	[POSITION_ONE_WAY] = "one_way",
};
static const char *const margin_modes[] = {
	[MARGIN_ISOLATED] = "isolated",
	[MARGIN_CROSS] = "cross",
};
static const char *const order_types[] = {
	[ORDER_LIMIT] = "limit",
	[ORDER_MARKET] = "market",
	[ORDER_STOP_MARKET] = "stop_market",
};
static const char *const times_in_force[] = {
	[TIF_GTC] = "gtc",
	[TIF_IOC] = "ioc",
	[TIF_FOK] = "fok",
	[TIF_POST_ONLY] = "post_only",
};
static const char *const order_statuses[] = {
	[ORDER_STATUS_OPEN] = "open",
	[ORDER_STATUS_UNTRIGGERED] = "untriggered",
	[ORDER_STATUS_FILLED] = "filled",
	[ORDER_STATUS_CANCELLED] = "cancelled",
	[ORDER_STATUS_REJECTED] = "rejected",
};
static const char *const liquidities[] = {
	[LIQUIDITY_MAKER] = "maker",
	[LIQUIDITY_TAKER] = "taker",
};
static const char *const fill_kinds[] = {
	[FILL_TRADE] = "trade",
	[FILL_LIQUIDATION] = "liquidation",
	[FILL_ADL] = "adl",
	[FILL_SETTLEMENT] = "settlement",
};

static const char *name_at(const char *const names[], size_t count, size_t index)
{
	assert(index < count);
	return names[index];
}

static int name_parse(const char *const names[], size_t count, const char *what, const char *text,
	size_t *ret_index, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "unrecognized %s \"%.40s\"", what, text);
}

/* A pair of functions per enum: foo_text and foo_parse over the table of its names. */
#define TEXT_OF(type, names)                                                                       \
	const char *type##_text(enum type value)                                                   \
	{                                                                                          \
		return name_at(names, COUNT(names), (size_t)value);                                \
	}
#define PARSE_OF(type, names, what)                                                                \
	int type##_parse(const char *text, enum type *ret, struct err *err)                        \
	{                                                                                          \
		size_t index = 0;                                                                  \
                                                                                                   \
		if (name_parse(names, COUNT(names), what, text, &index, err) == -1)                \
			return -1;                                                                 \
		*ret = (enum type)index;                                                           \
		return 0;                                                                          \
	}

TEXT_OF(venue_name, venue_names)
TEXT_OF(environment, environments)
TEXT_OF(side, sides)
TEXT_OF(leg, legs)
TEXT_OF(order_type, order_types)
TEXT_OF(time_in_force, times_in_force)
TEXT_OF(position_mode, position_modes)
TEXT_OF(margin_mode, margin_modes)
TEXT_OF(order_status, order_statuses)
TEXT_OF(liquidity, liquidities)
TEXT_OF(fill_kind, fill_kinds)

PARSE_OF(venue_name, venue_names, "exchange")
PARSE_OF(environment, environments, "environment")
PARSE_OF(side, sides, "side")
PARSE_OF(leg, legs, "leg")
PARSE_OF(order_type, order_types, "order type")
PARSE_OF(time_in_force, times_in_force, "time in force")
PARSE_OF(position_mode, position_modes, "position mode")
PARSE_OF(margin_mode, margin_modes, "margin mode")
PARSE_OF(liquidity, liquidities, "liquidity")
PARSE_OF(fill_kind, fill_kinds, "fill kind")

const struct risk_tier *rules_tier(const struct rules *rules, struct decimal position_value)
{
	assert(rules->tier_count >= 1 && rules->tier_count <= RISK_TIERS_MAX);

	for (size_t i = 0; i < rules->tier_count; i++) {
		if (!decimal_less(rules->tiers[i].limit, position_value))
			return &rules->tiers[i];
	}
	return &rules->tiers[rules->tier_count - 1];
}

bool order_status_final(enum order_status status)
{
	switch (status) {
	case ORDER_STATUS_OPEN:
	case ORDER_STATUS_UNTRIGGERED:
		return false;
	case ORDER_STATUS_FILLED:
	case ORDER_STATUS_CANCELLED:
	case ORDER_STATUS_REJECTED:
		return true;
	}
	die("order status %d has no name", (int)status);
}

bool funding_is_of(const struct funding_payment *payment, enum leg leg)
{
	if (payment->leg != LEG_ONE_WAY || leg == LEG_ONE_WAY)
		return payment->leg == leg;
	bool by_long = decimal_sign(payment->rate) != decimal_sign(payment->amount);
	return by_long == (leg == LEG_LONG);
}

enum side side_for(enum side held, bool opens)
{
	if (opens)
		return held;
	return held == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}
