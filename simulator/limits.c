#include "simulator/limits.h"

#include "core/base/err.h"

#include <assert.h>
#include <stdlib.h>

#define WINDOW_MS 1000

struct window {
	int64_t begin_ms;
	int count;
};

struct limits {
	struct window *windows; /* [account][endpoint] */
	size_t accounts, endpoints;
	int ip_limit;
	struct window address;
	int64_t banned_until_ms;
};

struct limits *limits_new(size_t accounts, size_t endpoints, int ip_limit)
{
	struct limits *limits = mem_zero(1, sizeof *limits);

	limits->accounts = accounts;
	limits->endpoints = endpoints;
	limits->ip_limit = ip_limit;
	limits->windows = mem_zero(accounts * endpoints + 1, sizeof limits->windows[0]);
	return limits;
}

void limits_free(struct limits **limits)
{
	if (*limits != NULL)
		free((*limits)->windows);
	free(*limits);
	*limits = NULL;
}

static void count(struct window *window, int64_t length_ms, int64_t now_ms)
{
	if (now_ms - window->begin_ms >= length_ms || now_ms < window->begin_ms)
		*window = (struct window){.begin_ms = now_ms};
	window->count++;
}

bool limits_take(struct limits *limits, size_t account, size_t endpoint, int limit, int64_t now_ms,
	struct limits_state *ret)
{
	assert(account < limits->accounts && endpoint < limits->endpoints && limit >= 1);
	struct window *window = &limits->windows[account * limits->endpoints + endpoint];

	count(window, WINDOW_MS, now_ms);
	ret->limit = limit;
	ret->remaining = window->count < limit ? limit - window->count : 0;
	ret->reset_ms = ret->remaining > 0 ? now_ms : window->begin_ms + WINDOW_MS;
	return window->count <= limit;
}

bool limits_take_address(struct limits *limits, int64_t now_ms)
{
	if (limits->ip_limit == 0)
		return true;
	if (now_ms < limits->banned_until_ms)
		return false;
	count(&limits->address, LIMITS_IP_WINDOW_MS, now_ms);
	if (limits->address.count <= limits->ip_limit)
		return true;
	limits->banned_until_ms = now_ms + LIMITS_IP_BAN_MS;
	limits->address = (struct window){0};
	return false;
}
