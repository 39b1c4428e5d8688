#include "core/base/backoff.h"

#include <assert.h>

static bool may_repeat(enum err_retry retry)
{
	return retry == ERR_RETRY_LATER || retry == ERR_RETRY_THROTTLED;
}

bool backoff_next(const struct backoff *policy, const struct err *failure, unsigned tries_done,
	uint64_t random, int64_t *ret_delay_ms)
{
	assert(policy->base_ms >= 1);
	assert(policy->cap_ms >= policy->base_ms);
	assert(tries_done >= 1);

	if (!may_repeat(failure->retry) || tries_done >= policy->tries_max)
		return false;

	/* Compared with half the cap, so that the doubling cannot overflow. */
	int64_t ceiling_ms = policy->base_ms;
	for (unsigned i = 1; i < tries_done && ceiling_ms < policy->cap_ms; i++)
		ceiling_ms = ceiling_ms > policy->cap_ms / 2 ? policy->cap_ms : ceiling_ms * 2;

	int64_t delay_ms = (int64_t)(random % ((uint64_t)ceiling_ms + 1));
	*ret_delay_ms = delay_ms > failure->retry_after_ms ? delay_ms : failure->retry_after_ms;
	return true;
}
