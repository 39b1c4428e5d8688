/* The walk inside a minute, and the terms of a symbol that no venue was asked for. */
#include "broker/terms.h"
#include "broker/walk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>

struct row {
	char because[56];
	struct walk_bar bar;
	bool high_first;
	int64_t path[WALK_STEPS];
};

ParameterizedTestParameters(walk, path)
{
	static struct row rows[] = {
		{"up, down, and to the close", {100, 120, 80, 90}, true,
			{100, 105, 110, 115, 120, 110, 100, 90, 80, 83, 86, 90}},
		{"down first", {100, 120, 80, 90}, false,
			{100, 95, 90, 85, 80, 90, 100, 110, 120, 110, 100, 90}},
		{"odd distances stay on the grid and meet the four prices", {10, 13, 9, 12}, true,
			{10, 10, 11, 12, 13, 12, 11, 10, 9, 10, 11, 12}},
		{"a minute without a trade stands still", {7, 7, 7, 7}, false,
			{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, walk, path)
{
	int64_t path[WALK_STEPS];

	walk_path(&row->bar, row->high_first, path);
	for (int i = 0; i < WALK_STEPS; i++)
		cr_expect(eq(i64, path[i], row->path[i]), "%s: step %d", row->because, i);
}

Test(walk, volume_is_spread_evenly_and_ends_whole)
{
	struct decimal minute = decimal_literal("1.00000001");

	cr_expect(decimal_equal(walk_volume(minute, 0), decimal_literal("0.08333333")));
	cr_expect(decimal_equal(walk_volume(minute, 10), decimal_literal("0.91666663")));
	cr_expect(decimal_equal(walk_volume(minute, 11), minute), "nothing is lost in the end");
}

Test(terms, a_broker_takes_them_for_every_symbol)
{
	static const char *const symbols[] = {"BTCUSDT", "ETHUSDT", "1000PEPEUSDT"};
	const struct broker_settings settings = broker_settings_default();

	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
		struct terms terms = terms_default(symbols[i]);
		struct broker *broker = broker_new(&settings);
		struct err err;
		int symbol;

		cr_expect(zero(int, broker_symbol_add(
					    broker, &terms.rules, &terms.fees, &symbol, &err)),
			"%s: %s", symbols[i], err.message);
		terms_set_lot(&terms.rules, decimal_literal("0.03"));
		(void)snprintf(terms.rules.symbol, sizeof terms.rules.symbol, "OTHER");
		cr_expect(zero(int, broker_symbol_add(
					    broker, &terms.rules, &terms.fees, &symbol, &err)),
			"%s with another lot: %s", symbols[i], err.message);
		broker_free(&broker);
	}
}

Test(terms, names_are_vetted)
{
	cr_expect(terms_symbol_valid("BTCUSDT"));
	cr_expect(not(terms_symbol_valid("btcusdt")), "lower case");
	cr_expect(not(terms_symbol_valid("B")), "too short");
	cr_expect(not(terms_symbol_valid("../BTC")), "a path");
}
