#include "broker/walk.h"

#include <assert.h>

const int walk_points[4] = {0, 4, 8, WALK_STEPS - 1};

void walk_path(const struct walk_bar *bar, bool high_first, int64_t ret_path[WALK_STEPS])
{
	const int64_t prices[4] = {bar->open, high_first ? bar->high : bar->low,
		high_first ? bar->low : bar->high, bar->close};

	ret_path[0] = prices[0];
	for (int leg = 0; leg < 3; leg++) {
		int from = walk_points[leg];
		int length = walk_points[leg + 1] - from;
		for (int k = 1; k <= length; k++)
			ret_path[from + k] = prices[leg] +
					     (prices[leg + 1] - prices[leg]) * k / length;
	}
}

struct decimal walk_volume(struct decimal minute, int step)
{
	assert(step >= 0 && step < WALK_STEPS);
	if (step == WALK_STEPS - 1)
		return minute;
	struct decimal each = decimal_div(
		minute, decimal_from_int(WALK_STEPS), WALK_VOLUME_SCALE, ROUND_DOWN);
	return decimal_mul(each, decimal_from_int(step + 1));
}
