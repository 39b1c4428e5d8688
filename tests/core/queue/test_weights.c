/* The turns of the streams: each its share, whatever the phase, and no long wait for a turn. */
#include "core/queue/weights.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(weights, give_each_stream_its_share_of_any_thirteen_turns)
{
	for (uint64_t phase = 0; phase < 2 * WEIGHTS_TOTAL; phase++) {
		struct weights weights;
		int turns[PRIORITY_COUNT] = {0};

		weights_init(&weights, phase);
		for (int i = 0; i < WEIGHTS_TOTAL; i++) {
			enum priority order[PRIORITY_COUNT];
			weights_order(&weights, order);
			turns[order[0]]++;
		}
		cr_expect(eq(int, turns[PRIORITY_HIGH], 8));
		cr_expect(eq(int, turns[PRIORITY_NORMAL], 4));
		cr_expect(eq(int, turns[PRIORITY_LOW], 1));
	}
}

Test(weights, name_every_stream_in_each_turn)
{
	struct weights weights;

	weights_init(&weights, 5);
	for (int i = 0; i < 3 * WEIGHTS_TOTAL; i++) {
		enum priority order[PRIORITY_COUNT];
		unsigned named = 0;

		weights_order(&weights, order);
		for (int k = 0; k < PRIORITY_COUNT; k++)
			named |= 1u << order[k];
		cr_expect(eq(uint, named, 7));
		cr_expect(lt(int, (int)order[1], (int)order[2]));
	}
}

Test(weights, spread_the_turns_of_high)
{
	struct weights weights;
	int others = 0;

	weights_init(&weights, 0);
	for (int i = 0; i < 4 * WEIGHTS_TOTAL; i++) {
		enum priority order[PRIORITY_COUNT];
		weights_order(&weights, order);
		others = order[0] == PRIORITY_HIGH ? 0 : others + 1;
		cr_expect(le(int, others, 1));
	}
}
