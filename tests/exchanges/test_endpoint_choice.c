#include "exchanges/endpoint_choice.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

/* Up to four candidates, in letters: tier (e s p !), then d draining or tried, b banned, o open. */
struct row {
	char because[72];
	char candidates[4][8];
	int64_t priority[4], weight[4];
	enum endpoint_tier tier;
	bool insists;
	uint64_t random;
	int chosen;
};

static struct endpoint_candidate candidate_of(const struct row *row, size_t i)
{
	const char *text = row->candidates[i];
	struct endpoint_candidate candidate = {
		.priority = row->priority[i], .weight = row->weight[i], .usable = true};

	for (const char *c = text; *c != '\0'; c++) {
		candidate.tier = *c == 'e'   ? TIER_ECONOMY
				 : *c == 's' ? TIER_STANDARD
				 : *c == 'p' ? TIER_PREMIUM
				 : *c == '!' ? TIER_EMERGENCY
					     : candidate.tier;
		candidate.usable = candidate.usable && *c != 'd';
		candidate.banned = candidate.banned || *c == 'b';
		candidate.open = candidate.open || *c == 'o';
	}
	return candidate;
}

ParameterizedTestParameters(endpoint_choice, chooses)
{
	static struct row rows[] = {
		{"the plan's tier", {"e", "s", "p"}, {0}, {1, 1, 1}, TIER_STANDARD, false, 7, 1},
		{"by weight: 3 of 4 for the first", {"s", "s"}, {0}, {3, 1}, TIER_STANDARD, false,
			2, 0},
		{"by weight: 1 of 4 for the second", {"s", "s"}, {0}, {3, 1}, TIER_STANDARD, false,
			3, 1},
		{"the lowest priority goes first", {"s", "s"}, {2, 1}, {9, 1}, TIER_STANDARD, false,
			0, 1},
		{"the next priority when the first is broken", {"s", "so"}, {2, 1}, {1, 1},
			TIER_STANDARD, false, 0, 0},
		{"weight 0 is not drawn beside others", {"s", "s"}, {0}, {0, 1}, TIER_STANDARD,
			false, 0, 1},
		{"weight 0 serves alone", {"s", "sd"}, {0}, {0, 1}, TIER_STANDARD, false, 5, 0},
		{"draining takes nothing", {"sd", "s"}, {0}, {1, 1}, TIER_STANDARD, false, 0, 1},
		{"nor does a banned address", {"sb", "s"}, {0}, {1, 1}, TIER_STANDARD, false, 0, 1},
		{"a cheaper tier when its own is broken", {"so", "e", "!"}, {0}, {1, 1, 1},
			TIER_STANDARD, false, 0, 1},
		{"nothing dearer but in an emergency", {"so", "p", "!"}, {0}, {1, 1, 1},
			TIER_STANDARD, false, 0, 2},
		{"a tier that is nowhere is served by what there is", {"p"}, {0}, {1}, TIER_ECONOMY,
			false, 0, 0},
		{"all broken: nothing for new risk", {"so", "eo"}, {0}, {1, 1}, TIER_STANDARD,
			false, 0, -1},
		{"all broken: a cancel goes through", {"eo", "so"}, {0}, {1, 1}, TIER_STANDARD,
			true, 0, 1},
		{"a ban stops even that", {"sbo", "sb"}, {0}, {1, 1}, TIER_STANDARD, true, 0, -1},
		{"nothing at all", {"sd"}, {0}, {1}, TIER_STANDARD, true, 0, -1},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, endpoint_choice, chooses)
{
	struct endpoint_candidate candidates[4];
	size_t count = 0;

	for (; count < 4 && row->candidates[count][0] != '\0'; count++)
		candidates[count] = candidate_of(row, count);
	cr_expect(eq(int, endpoint_choose(candidates, count, row->tier, row->insists, row->random),
			  row->chosen),
		"%s", row->because);
}

Test(endpoint_choice, shares_are_the_weights)
{
	struct endpoint_candidate candidates[] = {
		{.tier = TIER_STANDARD, .weight = 70, .usable = true},
		{.tier = TIER_STANDARD, .weight = 30, .usable = true},
	};
	int first = 0;

	for (uint64_t i = 0; i < 1000; i++)
		first += endpoint_choose(candidates, 2, TIER_STANDARD, false, i) == 0;
	cr_expect(eq(int, first, 700));
}

Test(endpoint_choice, tiers_have_names)
{
	enum endpoint_tier tier;

	for (int i = 0; i < ENDPOINT_TIERS; i++) {
		cr_assert(zero(int,
			endpoint_tier_parse(endpoint_tier_text((enum endpoint_tier)i), &tier)));
		cr_expect(eq(int, (int)tier, i));
	}
	cr_expect(eq(int, endpoint_tier_parse("gold", &tier), -1));
}
