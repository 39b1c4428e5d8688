#include "exchanges/endpoint_choice.h"

#include <string.h>

/* What a plan falls back to: never to something dearer than it pays for, but in an emergency. */
static const struct order {
	enum endpoint_tier tiers[ENDPOINT_TIERS];
	size_t count;
} orders[ENDPOINT_TIERS] = {
	[TIER_ECONOMY] = {{TIER_ECONOMY, TIER_EMERGENCY}, 2},
	[TIER_STANDARD] = {{TIER_STANDARD, TIER_ECONOMY, TIER_EMERGENCY}, 3},
	[TIER_PREMIUM] = {{TIER_PREMIUM, TIER_STANDARD, TIER_ECONOMY, TIER_EMERGENCY}, 4},
	[TIER_EMERGENCY] = {{TIER_EMERGENCY, TIER_PREMIUM, TIER_STANDARD, TIER_ECONOMY}, 4},
};
/* An installation that has nothing of these serves by what it has. */
static const struct order any = {{TIER_ECONOMY, TIER_STANDARD, TIER_PREMIUM, TIER_EMERGENCY}, 4};

static bool fits(const struct endpoint_candidate *candidate, enum endpoint_tier tier, bool open)
{
	return candidate->usable && !candidate->banned && candidate->tier == tier &&
	       candidate->open == open;
}

/* By weight among those of the tier's lowest priority number; by equal chances if all weigh 0. */
static int draw(const struct endpoint_candidate *candidates, size_t count, enum endpoint_tier tier,
	bool open, uint64_t random)
{
	int64_t priority = INT64_MAX;
	uint64_t total = 0;
	size_t fitting = 0;

	for (size_t i = 0; i < count; i++)
		if (fits(&candidates[i], tier, open) && candidates[i].priority < priority)
			priority = candidates[i].priority;
	for (size_t i = 0; i < count; i++) {
		if (!fits(&candidates[i], tier, open) || candidates[i].priority != priority)
			continue;
		total += (uint64_t)candidates[i].weight;
		fitting++;
	}
	if (fitting == 0)
		return -1;
	uint64_t drawn = random % (total > 0 ? total : fitting);
	for (size_t i = 0; i < count; i++) {
		if (!fits(&candidates[i], tier, open) || candidates[i].priority != priority)
			continue;
		uint64_t share = total > 0 ? (uint64_t)candidates[i].weight : 1;
		if (drawn < share)
			return (int)i;
		drawn -= share;
	}
	return -1; /* not reached: the shares add up */
}

static int walk(const struct endpoint_candidate *candidates, size_t count,
	const struct order *order, bool open, uint64_t random)
{
	for (size_t i = 0; i < order->count; i++) {
		int chosen = draw(candidates, count, order->tiers[i], open, random);
		if (chosen != -1)
			return chosen;
	}
	return -1;
}

static bool has_any(
	const struct endpoint_candidate *candidates, size_t count, const struct order *order)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < order->count; k++)
			if (candidates[i].usable && candidates[i].tier == order->tiers[k])
				return true;
	return false;
}

int endpoint_choose(const struct endpoint_candidate *candidates, size_t count,
	enum endpoint_tier tier, bool insists, uint64_t random)
{
	const struct order *order = has_any(candidates, count, &orders[tier]) ? &orders[tier]
									      : &any;
	int chosen = walk(candidates, count, order, false, random);

	return chosen == -1 && insists ? walk(candidates, count, order, true, random) : chosen;
}

static const char *const tier_names[ENDPOINT_TIERS] = {
	"economy", "standard", "premium", "emergency"};

const char *endpoint_tier_text(enum endpoint_tier tier)
{
	return tier_names[tier];
}

int endpoint_tier_parse(const char *text, enum endpoint_tier *ret)
{
	for (int i = 0; i < ENDPOINT_TIERS; i++) {
		if (strcmp(tier_names[i], text) != 0)
			continue;
		*ret = (enum endpoint_tier)i;
		return 0;
	}
	return -1;
}
