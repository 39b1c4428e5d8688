#include "worker/gauges.h"

#include "core/io/metrics.h"

enum child_state { CHILD_DOWN, CHILD_STARTING, CHILD_IDLE, CHILD_BUSY, CHILD_STATES };

static const char *const state_names[CHILD_STATES] = {"down", "starting", "idle", "busy"};

static enum child_state state_of(const struct scoreboard_page *page)
{
	struct scoreboard_run run;

	if (atomic_load(&page->pid) <= 0)
		return CHILD_DOWN;
	if (!atomic_load(&page->ready))
		return CHILD_STARTING;
	return scoreboard_read(page, &run) ? CHILD_BUSY : CHILD_IDLE;
}

void gauges_refresh(const struct scoreboard *scoreboard, const struct gauges_state *state)
{
	unsigned runners = scoreboard->slots - 1; /* the last page is the keeper's */
	int64_t counts[CHILD_STATES] = {0};
	int64_t memory_kb = 0;

	for (unsigned slot = 0; slot < runners; slot++) {
		const struct scoreboard_page *page = &scoreboard->pages[slot];
		counts[state_of(page)]++;
		memory_kb += atomic_load(&page->proportional_kb);
	}
	for (int i = 0; i < CHILD_STATES; i++)
		metrics_set(METRIC_CHILDREN, counts[i], state_names[i]);
	metrics_set(METRIC_BUSY_RATIO, runners == 0 ? 0 : counts[CHILD_BUSY] * 1000 / runners);
	metrics_set(METRIC_RUNNER_MEMORY, memory_kb * 1024);
	metrics_set(METRIC_DRAINING, atomic_load(&scoreboard->draining) ? 1 : 0);
	metrics_set(METRIC_WORKER_READY, state->ready ? 1 : 0);
	metrics_set(METRIC_KEEPER_LAG,
		state->now_mono_ms - atomic_load(&scoreboard->keeper_heartbeat_mono_ms));
	if (atomic_load(&scoreboard->last_poll_mono_ms) != 0)
		metrics_set(METRIC_POLL_AGE,
			state->now_mono_ms - atomic_load(&scoreboard->last_poll_mono_ms));
}
