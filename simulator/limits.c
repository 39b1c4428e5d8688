#include "simulator/limits.h"

#include "core/base/err.h"

#include <assert.h>
#include <stdlib.h>

#define PPM 1000000

struct window {
	int64_t begin_ms;
	int count;
};

struct address {
	struct window window;
	int64_t banned_until_ms;
};

struct limits {
	struct window *windows; /* [account][slot] */
	size_t accounts;
	int64_t scale_ppm;
	struct address addresses[LIMITS_ADDRESSES];
};

struct limits *limits_new(size_t accounts, int64_t scale_ppm)
{
	struct limits *limits = mem_zero(1, sizeof *limits);

	assert(scale_ppm >= 0);
	limits->accounts = accounts;
	limits->scale_ppm = scale_ppm;
	limits->windows = mem_zero(accounts * LIMITS_SLOTS + 1, sizeof limits->windows[0]);
	return limits;
}

void limits_free(struct limits **limits)
{
	if (*limits != NULL)
		free((*limits)->windows);
	free(*limits);
	*limits = NULL;
}

static void count(struct window *window, const struct limits_rule *rule, int cost, int64_t now_ms)
{
	if (now_ms - window->begin_ms >= rule->window_ms || now_ms < window->begin_ms)
		*window = (struct window){
			.begin_ms = rule->aligned ? now_ms - now_ms % rule->window_ms : now_ms};
	window->count += cost;
}

bool limits_take(struct limits *limits, size_t account, size_t slot, int cost,
	const struct limits_rule *rule, int64_t now_ms, struct limits_state *ret)
{
	assert(account < limits->accounts && slot < LIMITS_SLOTS && rule->limit >= 1);
	struct window *window = &limits->windows[account * LIMITS_SLOTS + slot];

	count(window, rule, cost, now_ms);
	ret->limit = rule->limit;
	ret->used = window->count;
	ret->remaining = window->count < rule->limit ? rule->limit - window->count : 0;
	ret->end_ms = window->begin_ms + rule->window_ms;
	ret->reset_ms = ret->remaining > 0 ? now_ms : ret->end_ms;
	return window->count <= rule->limit;
}

enum limits_verdict limits_take_address(struct limits *limits, size_t address, int cost,
	const struct limits_address_rule *rule, int64_t now_ms, int64_t *ret_until_ms)
{
	assert(address < LIMITS_ADDRESSES);
	struct address *mine = &limits->addresses[address];
	int64_t most = rule->rule.limit * limits->scale_ppm / PPM;

	*ret_until_ms = mine->banned_until_ms;
	if (limits->scale_ppm == 0)
		return LIMITS_PASS;
	if (now_ms < mine->banned_until_ms)
		return LIMITS_BANNED;
	count(&mine->window, &rule->rule, cost, now_ms);
	*ret_until_ms = mine->window.begin_ms + rule->rule.window_ms;
	if (mine->window.count <= most)
		return LIMITS_PASS;
	if (mine->window.count <= most + rule->grace * limits->scale_ppm / PPM)
		return LIMITS_OVER;
	mine->banned_until_ms = *ret_until_ms = now_ms + rule->ban_ms;
	mine->window = (struct window){0};
	return LIMITS_BANNED;
}

int limits_address_used(const struct limits *limits, size_t address)
{
	assert(address < LIMITS_ADDRESSES);
	return limits->addresses[address].window.count;
}
