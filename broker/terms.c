#include "broker/terms.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
	char symbol[SYMBOL_SIZE];
	char tick[16], lot[16], max_quantity[16], max_market_quantity[16];
} sizes[] = {
	{"BTCUSDT", "0.1", "0.001", "1190", "500"}, {"ETHUSDT", "0.01", "0.01", "7240", "3000"},
	{"", "0.0001", "0.1", "1000000", "200000"}, /* every other */
};

/* Limit in USDT, maintenance and initial rate, leverage; deductions follow from these. */
static const struct {
	int64_t limit;
	char maintenance[8], initial[8];
	int leverage;
} tiers[] = {
	{2000000, "0.005", "0.01", 100},
	{10000000, "0.01", "0.02", 50},
	{20000000, "0.015", "0.03", 33},
	{40000000, "0.02", "0.04", 25},
	{80000000, "0.03", "0.06", 16},
	{160000000, "0.05", "0.1", 10},
	{400000000, "0.1", "0.2", 5},
};

#define TIERS (sizeof tiers / sizeof tiers[0])

bool terms_symbol_valid(const char *symbol)
{
	size_t length = strlen(symbol);

	return length >= 2 && length < SYMBOL_SIZE &&
	       strspn(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == length;
}

static void fill_tiers(struct rules *rules)
{
	rules->tier_count = TIERS;
	for (size_t i = 0; i < TIERS; i++) {
		struct risk_tier *tier = &rules->tiers[i];
		tier->limit = decimal_from_int(tiers[i].limit);
		tier->maintenance_rate = decimal_literal(tiers[i].maintenance);
		tier->initial_rate = decimal_literal(tiers[i].initial);
		tier->max_leverage = decimal_from_int(tiers[i].leverage);
		tier->deduction = DECIMAL_ZERO;
		if (i == 0)
			continue;
		const struct risk_tier *below = &rules->tiers[i - 1];
		struct decimal step = decimal_sub(tier->maintenance_rate, below->maintenance_rate);
		tier->deduction = decimal_add(decimal_mul(below->limit, step), below->deduction);
	}
}

struct terms terms_default(const char *symbol)
{
	struct terms terms = {0};
	struct rules *rules = &terms.rules;
	size_t row = 0;

	assert(terms_symbol_valid(symbol));
	while (sizes[row].symbol[0] != '\0' && strcmp(sizes[row].symbol, symbol) != 0)
		row++;
	(void)snprintf(rules->symbol, sizeof rules->symbol, "%s", symbol);
	rules->trading = true;
	rules->tick_size = decimal_literal(sizes[row].tick);
	rules->lot_size = decimal_literal(sizes[row].lot);
	rules->min_quantity = rules->lot_size;
	rules->max_quantity = decimal_literal(sizes[row].max_quantity);
	rules->max_market_quantity = decimal_literal(sizes[row].max_market_quantity);
	rules->min_notional = decimal_from_int(5);
	rules->max_leverage = decimal_from_int(tiers[0].leverage);
	rules->funding_interval_ms = INT64_C(8) * 3600 * 1000;
	fill_tiers(rules);
	terms.fees.maker = decimal_literal("0.0002");
	terms.fees.taker = decimal_literal("0.00055");
	return terms;
}

void terms_set_lot(struct rules *rules, struct decimal lot_size)
{
	rules->lot_size = lot_size;
	rules->min_quantity = lot_size;
	rules->max_quantity = decimal_to_step(rules->max_quantity, lot_size, ROUND_CEILING);
	rules->max_market_quantity = decimal_to_step(
		rules->max_market_quantity, lot_size, ROUND_CEILING);
}
