#include "worker/policy.h"

#include <string.h>

#define RESTART_FIRST_MS 2000
#define RESTART_MOST_MS 60000
#define LEAVE_SLACK_MS 60000 /* beyond the hard timeout: for a child that was asked to leave */
#define KEEPER_LEAVE_MS 5000 /* to hand back what killed runners held */

int64_t policy_restart_delay_ms(unsigned deaths)
{
	int64_t delay_ms = RESTART_FIRST_MS;

	if (deaths <= 1)
		return 0;
	for (unsigned i = 2; i < deaths && delay_ms < RESTART_MOST_MS; i++)
		delay_ms *= 2;
	return delay_ms < RESTART_MOST_MS ? delay_ms : RESTART_MOST_MS;
}

static unsigned keeper_of(const struct policy *policy)
{
	return policy->options.runners;
}

void policy_init(struct policy *policy, const struct policy_options *options, int64_t now_ms)
{
	memset(policy, 0, sizeof *policy);
	policy->options = *options;
	policy->reload_next = options->runners + 1;
	for (unsigned slot = 0; slot <= keeper_of(policy); slot++)
		policy->children[slot].restart_at_ms = now_ms;
}

static void act(struct policy_actions *actions, enum policy_action_kind kind, unsigned slot)
{
	actions->items[actions->count++] = (struct policy_action){.kind = kind, .slot = slot};
}

static void enter(struct policy_child *child, enum child_state state, int64_t now_ms)
{
	child->state = state;
	child->since_ms = now_ms;
}

static bool runners_gone(const struct policy *policy)
{
	for (unsigned slot = 0; slot < policy->options.runners; slot++)
		if (policy->children[slot].state != CHILD_DOWN)
			return false;
	return true;
}

static bool runners_finished(const struct policy *policy)
{
	for (unsigned slot = 0; slot < policy->options.runners; slot++)
		if (policy->children[slot].state != CHILD_DOWN || !policy->children[slot].finished)
			return false;
	return true;
}

/* Nobody new when we are leaving; the keeper stays as long as a runner does. */
static bool is_wanted(const struct policy *policy, unsigned slot)
{
	bool leaving = policy->draining || policy->stopping;

	if (slot == keeper_of(policy))
		return !policy->failed && !runners_finished(policy) &&
		       !(leaving && runners_gone(policy));
	return !leaving && !policy->children[slot].finished;
}

/* A pool that has worked is not ended by a child that cannot start: what it lacks may come back. */
static bool ends_pool(const struct policy *policy, const struct policy_event *event)
{
	if (event->signalled || event->exit_code != CHILD_EXIT_CONFIG)
		return false;
	return event->slot == keeper_of(policy) ? !policy->kept : !policy->served;
}

static void bury(struct policy_child *child, int64_t now_ms)
{
	child->killed = false;
	child->restart_at_ms = now_ms + policy_restart_delay_ms(child->deaths);
	enter(child, CHILD_DOWN, now_ms);
}

static void on_exit(struct policy *policy, const struct policy_event *event,
	const struct policy_seen *seen, int64_t now_ms)
{
	struct policy_child *child = &policy->children[event->slot];
	bool clean = !event->signalled && event->exit_code == CHILD_EXIT_RECYCLED;
	bool worked = seen[event->slot].runs > child->runs_at_start;

	if (!event->signalled && event->exit_code == CHILD_EXIT_NO_WORK)
		child->finished = true;
	if (ends_pool(policy, event))
		policy->failed = true;
	if (clean || worked || child->state == CHILD_LEAVING)
		child->deaths = 0;
	if (!clean && child->state != CHILD_LEAVING)
		child->deaths++;
	bury(child, now_ms);
}

void policy_fork_failed(struct policy *policy, unsigned slot, int64_t now_ms)
{
	policy->children[slot].deaths++;
	bury(&policy->children[slot], now_ms);
}

static void ask_to_leave(
	struct policy *policy, unsigned slot, int64_t now_ms, struct policy_actions *actions)
{
	struct policy_child *child = &policy->children[slot];

	if (child->state == CHILD_DOWN || child->state == CHILD_LEAVING)
		return;
	enter(child, CHILD_LEAVING, now_ms);
	act(actions, POLICY_ASK_TO_LEAVE, slot);
}

static void note(struct policy *policy, const struct policy_event *event,
	const struct policy_seen *seen, int64_t now_ms)
{
	switch (event->kind) {
	case POLICY_TICK:
		break;
	case POLICY_EXIT:
		on_exit(policy, event, seen, now_ms);
		break;
	case POLICY_TERM:
		policy->stopping = policy->draining;
		if (!policy->draining)
			policy->drain_since_ms = now_ms;
		policy->draining = true;
		break;
	case POLICY_QUIT:
		policy->draining = true;
		policy->stopping = true;
		break;
	case POLICY_RELOAD:
		policy->reload_next = 0;
		break;
	}
	if (policy->draining && now_ms - policy->drain_since_ms >= policy->options.grace_ms)
		policy->stopping = true;
	if (policy->failed)
		policy->stopping = true;
}

static void kill_once(struct policy_child *child, unsigned slot, struct policy_actions *actions)
{
	if (!child->killed)
		act(actions, POLICY_KILL, slot);
	child->killed = true;
}

static bool overdue(const struct policy *policy, const struct policy_child *child,
	const struct policy_seen *seen, int64_t now_ms)
{
	if (seen->running_since_ms != 0 &&
		now_ms - seen->running_since_ms >= policy->options.hard_timeout_ms)
		return true;
	if (child->state == CHILD_STARTING)
		return now_ms - child->since_ms >= policy->options.start_timeout_ms;
	return child->state == CHILD_LEAVING &&
	       now_ms - child->since_ms >= policy->options.hard_timeout_ms + LEAVE_SLACK_MS;
}

/* Runners at once; the keeper when it had time to settle their deaths. */
static bool must_die(const struct policy *policy, unsigned slot, int64_t now_ms)
{
	const struct policy_child *child = &policy->children[slot];

	if (!policy->stopping)
		return false;
	if (slot != keeper_of(policy) || policy->failed)
		return true;
	return child->state == CHILD_LEAVING && now_ms - child->since_ms >= KEEPER_LEAVE_MS;
}

static void step_child(struct policy *policy, unsigned slot, const struct policy_seen *seen,
	int64_t now_ms, struct policy_actions *actions)
{
	struct policy_child *child = &policy->children[slot];

	if (child->state == CHILD_DOWN) {
		if (!is_wanted(policy, slot) || now_ms < child->restart_at_ms)
			return;
		child->runs_at_start = seen->runs;
		enter(child, CHILD_STARTING, now_ms);
		act(actions, POLICY_FORK, slot);
		return;
	}
	if (child->state == CHILD_STARTING && seen->ready)
		enter(child, CHILD_READY, now_ms);
	policy->served = policy->served || seen->served;
	policy->kept = policy->kept || (slot == keeper_of(policy) && seen->ready);
	if (must_die(policy, slot, now_ms) || overdue(policy, child, seen, now_ms))
		kill_once(child, slot, actions);
	else if (!is_wanted(policy, slot))
		ask_to_leave(policy, slot, now_ms, actions);
	else if (child->deaths > 0 && child->state == CHILD_READY &&
		 seen->runs > child->runs_at_start)
		child->deaths = 0;
}

/* One child at a time, the keeper last: the next is asked when the one before is ready again. */
static void step_reload(struct policy *policy, int64_t now_ms, struct policy_actions *actions)
{
	if (policy->draining || policy->reload_next > keeper_of(policy))
		return;
	if (policy->reload_next > 0 &&
		policy->children[policy->reload_next - 1].state != CHILD_READY)
		return;
	ask_to_leave(policy, policy->reload_next, now_ms, actions);
	policy->reload_next++;
}

void policy_step(struct policy *policy, const struct policy_event *event,
	const struct policy_seen *seen, int64_t now_ms, struct policy_actions *ret)
{
	ret->count = 0;
	note(policy, event, seen, now_ms);
	step_reload(policy, now_ms, ret);
	for (unsigned slot = 0; slot <= keeper_of(policy); slot++)
		step_child(policy, slot, &seen[slot], now_ms, ret);

	bool left = !runners_gone(policy) ||
		    policy->children[keeper_of(policy)].state != CHILD_DOWN;
	policy->finished = !left &&
			   (policy->draining || policy->stopping || runners_finished(policy));
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t policy_deadline(const struct policy *policy, const struct policy_seen *seen)
{
	int64_t at_ms = policy->draining && !policy->stopping
				? policy->drain_since_ms + policy->options.grace_ms
				: INT64_MAX;

	for (unsigned slot = 0; slot <= keeper_of(policy); slot++) {
		const struct policy_child *child = &policy->children[slot];
		if (child->state == CHILD_DOWN && is_wanted(policy, slot))
			at_ms = earlier(at_ms, child->restart_at_ms);
		if (child->state == CHILD_STARTING && !child->killed)
			at_ms = earlier(at_ms, child->since_ms + policy->options.start_timeout_ms);
		if (seen[slot].running_since_ms != 0 && !child->killed)
			at_ms = earlier(at_ms,
				seen[slot].running_since_ms + policy->options.hard_timeout_ms);
	}
	return at_ms;
}
