/*
 * promises - what the readers of every venue's replies promise of their values, whatever the bytes
 * were.
 */
#ifndef TESTS_FUZZ_PROMISES_H
#define TESTS_FUZZ_PROMISES_H

#include "core/base/err.h"
#include "exchanges/exchange.h"
#include "exchanges/refusal.h"

/* True if the parser gave values. */
static inline bool understood(int result, const struct err *err)
{
	if (result == -1 && err->message[0] == '\0')
		die("an error without a message");
	return result == 0;
}

static inline void check(bool holds, const char *promise)
{
	if (!holds)
		die("broken promise: %s", promise);
}

static inline void check_rules(const struct rules *rules)
{
	check(decimal_sign(rules->tick_size) > 0 && decimal_sign(rules->lot_size) > 0,
		"tick and lot are above 0");
}

static inline void check_tiers(const struct rules *rules)
{
	check(rules->tier_count >= 1 && rules->tier_count <= RISK_TIERS_MAX, "tiers fit");
	for (size_t i = 1; i < rules->tier_count; i++)
		check(!decimal_less(rules->tiers[i].limit, rules->tiers[i - 1].limit),
			"tiers ascend");
}

static inline void check_candles(const struct candle_list *candles)
{
	for (size_t i = 1; i < candles->count; i++)
		check(candles->items[i - 1].open_ms < candles->items[i].open_ms, "candles ascend");
}

static inline void check_positions(const struct account *account)
{
	check(account->position_count <= POSITIONS_MAX, "positions fit");
	for (size_t i = 0; i < account->position_count; i++)
		check(decimal_sign(account->positions[i].quantity) >= 0 &&
				decimal_is_valid(account->positions[i].unrealised) &&
				decimal_is_valid(account->positions[i].maintenance_margin),
			"quantities are absolute, amounts are numbers");
}

static inline void check_orders(const struct order_list *orders)
{
	for (size_t i = 0; i < orders->count; i++)
		check(decimal_sign(orders->items[i].filled) >= 0, "fills are not negative");
}

static inline void check_fills(const struct fill_list *fills)
{
	for (size_t i = 0; i < fills->count; i++)
		check(fills->items[i].exec_id[0] != '\0' &&
				decimal_sign(fills->items[i].quantity) > 0,
			"a fill has an id and a quantity");
}

static inline void check_funding(const struct funding_list *funding)
{
	for (size_t i = 0; i < funding->count; i++)
		check(funding->items[i].id[0] != '\0', "a payment has an id");
}

typedef int http_reader(const struct call_status *status, const char *body, size_t size_bytes,
	enum call_limited *ret_limited, struct err *err);
typedef int code_reader(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err);

/* The bytes as the body of a refusal by status, which none of its readers takes for a success. */
static inline void check_http(
	const uint8_t *data, size_t size, long http_status, bool always, http_reader *read)
{
	static const enum call_kind kinds[] = {CALL_READ, CALL_ORDER, CALL_SETTING};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct call_status status = {.kind = kinds[i], .http_status = http_status};
		struct err err = {0};
		enum call_limited limited;
		bool passed = understood(
			read(&status, (const char *)data, size, &limited, &err), &err);
		check(!always || !passed, "this status is an error");
	}
}

static inline void check_code(int64_t code, const char *text, code_reader *read)
{
	static const enum call_kind kinds[] = {CALL_READ, CALL_ORDER, CALL_SETTING};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct call_status status = {.kind = kinds[i], .http_status = 200};
		struct err err = {0};
		enum call_limited limited;
		if (understood(read(&status, code, text, &limited, &err), &err))
			check(code == 0 || kinds[i] == CALL_SETTING, "a refusal is no success");
		else
			check(kinds[i] != CALL_READ || err.retry != ERR_RETRY_ASK,
				"a read is never asked about");
	}
}

#endif
