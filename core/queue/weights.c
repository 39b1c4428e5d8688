#include "core/queue/weights.h"

static const int shares[PRIORITY_COUNT] = {
	[PRIORITY_HIGH] = 8,
	[PRIORITY_NORMAL] = 4,
	[PRIORITY_LOW] = 1,
};

static enum priority turn(struct weights *weights)
{
	enum priority best = PRIORITY_HIGH;

	for (enum priority i = PRIORITY_HIGH; i < PRIORITY_COUNT; i++) {
		weights->credit[i] += shares[i];
		if (weights->credit[i] > weights->credit[best])
			best = i;
	}
	weights->credit[best] -= WEIGHTS_TOTAL;
	return best;
}

void weights_init(struct weights *weights, uint64_t phase)
{
	*weights = (struct weights){0};
	for (uint64_t i = phase % WEIGHTS_TOTAL; i > 0; i--)
		(void)turn(weights);
}

void weights_order(struct weights *weights, enum priority ret_order[PRIORITY_COUNT])
{
	enum priority first = turn(weights);
	int used = 0;

	ret_order[used++] = first;
	for (enum priority i = PRIORITY_HIGH; i < PRIORITY_COUNT; i++)
		if (i != first)
			ret_order[used++] = i;
}
