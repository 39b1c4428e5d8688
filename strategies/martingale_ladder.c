#include "strategies/martingale_ladder.h"

#include <assert.h>

typedef __int128 i128;

int64_t martingale_ladder_count(const struct martingale_params *params)
{
	if (params->add_model == ADD_CUSTOM_LIST && params->add_list.count < params->max_adds)
		return params->add_list.count;
	return params->max_adds;
}

static int64_t grown(int64_t value, int64_t mult_ppm, int64_t most)
{
	i128 next = (i128)value * mult_ppm / PPM;

	return next < most ? (int64_t)next : most;
}

static int64_t geometric_deviation(const struct martingale_params *params, int64_t add)
{
	int64_t distance = params->add_step * (LADDER_ONE / PPM);
	int64_t sum = distance;

	for (int64_t i = 1; i < add; i++) {
		distance = grown(distance, params->add_step_mult, LADDER_DEVIATION_MAX);
		sum = distance < LADDER_DEVIATION_MAX - sum ? sum + distance : LADDER_DEVIATION_MAX;
	}
	return params->add_reference == REFERENCE_BASE ? sum : distance;
}

int64_t martingale_ladder_deviation(const struct martingale_params *params, int64_t add)
{
	assert(add >= 1 && add <= MARTINGALE_ADDS_MAX);
	if (params->add_model == ADD_CUSTOM_LIST)
		return params->add_list.items[add - 1].deviation * (LADDER_ONE / PPM);
	return geometric_deviation(params, add);
}

int64_t martingale_ladder_size(const struct martingale_params *params, int64_t add)
{
	assert(add >= 1 && add <= MARTINGALE_ADDS_MAX);
	if (params->add_model == ADD_CUSTOM_LIST)
		return params->add_list.items[add - 1].size;

	int64_t size = params->add_volume == PARAM_OFF ? params->initial_size : params->add_volume;
	for (int64_t i = 1; i < add && params->add_model == ADD_GEOMETRIC; i++)
		size = grown(size, params->add_volume_mult, INT64_MAX);
	return size;
}
