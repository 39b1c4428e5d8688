#include "worker/policy.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define RUNNERS 2
#define KEEPER RUNNERS

struct pool { /* a supervisor's world without processes */
	struct policy policy;
	struct policy_seen seen[RUNNERS + 1];
	struct policy_actions actions;
	int64_t now_ms;
};

static struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof *pool);
	const struct policy_options options = {.runners = RUNNERS,
		.hard_timeout_ms = 60000,
		.start_timeout_ms = 15000,
		.grace_ms = 30000};

	pool->now_ms = 1000000;
	policy_init(&pool->policy, &options, pool->now_ms);
	return pool;
}

static void step(struct pool *pool, struct policy_event event)
{
	policy_step(&pool->policy, &event, pool->seen, pool->now_ms, &pool->actions);
}

static void tick(struct pool *pool, int64_t after_ms)
{
	pool->now_ms += after_ms;
	step(pool, (struct policy_event){.kind = POLICY_TICK});
}

static int count(const struct pool *pool, enum policy_action_kind kind, unsigned slot)
{
	int found = 0;

	for (size_t i = 0; i < pool->actions.count; i++)
		found += pool->actions.items[i].kind == kind && pool->actions.items[i].slot == slot;
	return found;
}

static void start_all(struct pool *pool)
{
	tick(pool, 0);
	for (unsigned slot = 0; slot <= KEEPER; slot++) {
		cr_assert(eq(int, count(pool, POLICY_FORK, slot), 1), "slot %u is forked", slot);
		pool->seen[slot].ready = true;
	}
	tick(pool, 10);
}

static void die_by_signal(struct pool *pool, unsigned slot)
{
	pool->seen[slot].ready = false;
	pool->seen[slot].running_since_ms = 0;
	step(pool, (struct policy_event){.kind = POLICY_EXIT, .slot = slot, .signalled = true});
}

static void leave(struct pool *pool, unsigned slot, int exit_code)
{
	pool->seen[slot].ready = false;
	step(pool,
		(struct policy_event){.kind = POLICY_EXIT, .slot = slot, .exit_code = exit_code});
}

Test(policy, the_first_restart_is_at_once)
{
	struct pool *pool = pool_new();

	start_all(pool);
	die_by_signal(pool, 0);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1));
	free(pool);
}

Test(policy, from_the_second_death_the_pause_doubles_and_a_finished_run_resets_it)
{
	struct pool *pool = pool_new();

	start_all(pool);
	die_by_signal(pool, 0);
	die_by_signal(pool, 0);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 0), "the second death waits");
	tick(pool, 1999);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 0));
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1), "2 s");
	die_by_signal(pool, 0);
	tick(pool, 3999);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 0), "the third waits 4 s");
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1));
	pool->seen[0].ready = true;
	pool->seen[0].runs++;
	tick(pool, 10);
	die_by_signal(pool, 0);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1),
		"a success makes the next restart immediate");
	cr_expect(eq(i64, policy_restart_delay_ms(40), 60000), "never above a minute");
	free(pool);
}

Test(policy, a_run_past_its_hard_timeout_is_killed_once)
{
	struct pool *pool = pool_new();

	start_all(pool);
	pool->seen[1].running_since_ms = pool->now_ms;
	tick(pool, 59999);
	cr_expect(eq(int, count(pool, POLICY_KILL, 1), 0));
	cr_expect(eq(i64, policy_deadline(&pool->policy, pool->seen), pool->now_ms + 1));
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_KILL, 1), 1));
	tick(pool, 100);
	cr_expect(eq(int, count(pool, POLICY_KILL, 1), 0), "one is enough");
	free(pool);
}

Test(policy, a_child_that_never_gets_ready_is_killed)
{
	struct pool *pool = pool_new();

	tick(pool, 0);
	tick(pool, 15000);
	cr_expect(eq(int, count(pool, POLICY_KILL, 0), 1));
	free(pool);
}

Test(policy, term_drains_runners_first_and_the_keeper_last)
{
	struct pool *pool = pool_new();

	start_all(pool);
	pool->seen[0].running_since_ms = pool->now_ms;
	step(pool, (struct policy_event){.kind = POLICY_TERM});
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, 0), 1));
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, 1), 1));
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, KEEPER), 0),
		"leases are renewed to the end");
	leave(pool, 1, 0);
	cr_expect(eq(int, count(pool, POLICY_FORK, 1), 0), "nobody new");
	leave(pool, 0, 0);
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, KEEPER), 1));
	cr_expect(not(pool->policy.finished));
	leave(pool, KEEPER, 0);
	cr_expect(pool->policy.finished);
	free(pool);
}

Test(policy, a_second_term_and_the_end_of_grace_kill)
{
	struct pool *pool = pool_new();

	start_all(pool);
	step(pool, (struct policy_event){.kind = POLICY_TERM});
	tick(pool, 29999);
	cr_expect(eq(int, count(pool, POLICY_KILL, 0), 0));
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_KILL, 0), 1), "grace is over");
	free(pool);

	pool = pool_new();
	start_all(pool);
	step(pool, (struct policy_event){.kind = POLICY_TERM});
	step(pool, (struct policy_event){.kind = POLICY_TERM});
	cr_expect(eq(int, count(pool, POLICY_KILL, 1), 1), "the second TERM does not wait");
	free(pool);
}

Test(policy, a_reload_replaces_one_runner_after_the_other)
{
	struct pool *pool = pool_new();

	start_all(pool);
	step(pool, (struct policy_event){.kind = POLICY_RELOAD});
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, 0), 1));
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, 1), 0));
	tick(pool, 10);
	cr_expect(
		eq(int, count(pool, POLICY_ASK_TO_LEAVE, 1), 0), "the first has not come back yet");
	leave(pool, 0, 0);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1));
	pool->seen[0].ready = true;
	tick(pool, 10);
	tick(pool, 10);
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, 1), 1));
	free(pool);
}

Test(policy, until_empty_ends_when_every_runner_found_no_work)
{
	struct pool *pool = pool_new();

	start_all(pool);
	leave(pool, 0, CHILD_EXIT_NO_WORK);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 0));
	leave(pool, 1, CHILD_EXIT_NO_WORK);
	tick(pool, 10);
	leave(pool, KEEPER, 0);
	cr_expect(pool->policy.finished);
	cr_expect(not(pool->policy.failed));
	free(pool);
}

Test(policy, a_configuration_that_cannot_work_ends_the_pool)
{
	struct pool *pool = pool_new();

	start_all(pool);
	leave(pool, 0, CHILD_EXIT_CONFIG);
	cr_expect(pool->policy.failed);
	cr_expect(eq(int, count(pool, POLICY_KILL, 1), 1));
	die_by_signal(pool, 1);
	die_by_signal(pool, KEEPER);
	cr_expect(pool->policy.finished);
	free(pool);
}

Test(policy, a_fork_that_failed_is_tried_again)
{
	struct pool *pool = pool_new();

	tick(pool, 0);
	policy_fork_failed(&pool->policy, 0, pool->now_ms);
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1), "the first at once");
	policy_fork_failed(&pool->policy, 0, pool->now_ms);
	tick(pool, 1999);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 0), "then with a pause");
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1));
	free(pool);
}

Test(policy, the_keeper_outlives_runners_that_are_killed_but_not_for_long)
{
	struct pool *pool = pool_new();

	start_all(pool);
	step(pool, (struct policy_event){.kind = POLICY_QUIT});
	cr_expect(eq(int, count(pool, POLICY_KILL, 0), 1));
	cr_expect(eq(int, count(pool, POLICY_KILL, KEEPER), 0), "it hands back what they held");
	die_by_signal(pool, 0);
	die_by_signal(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, KEEPER), 1));
	tick(pool, 4999);
	cr_expect(eq(int, count(pool, POLICY_KILL, KEEPER), 0));
	tick(pool, 1);
	cr_expect(eq(int, count(pool, POLICY_KILL, KEEPER), 1), "Postgres may be away for ever");
	free(pool);
}

Test(policy, a_pool_that_worked_is_not_ended_by_a_child_that_cannot_start)
{
	struct pool *pool = pool_new();

	start_all(pool);
	pool->seen[1].served = true;
	tick(pool, 10);
	leave(pool, 0, CHILD_EXIT_CONFIG);
	leave(pool, 0, CHILD_EXIT_CONFIG);
	cr_expect(not(pool->policy.failed), "a key file may be missing for a moment");
	cr_expect(eq(int, count(pool, POLICY_KILL, 1), 0));
	tick(pool, 2000);
	cr_expect(eq(int, count(pool, POLICY_FORK, 0), 1));
	free(pool);
}

Test(policy, a_keeper_that_cannot_begin_ends_the_pool)
{
	struct pool *pool = pool_new();

	tick(pool, 0);
	pool->seen[0].served = true;
	leave(pool, KEEPER, CHILD_EXIT_CONFIG);
	cr_expect(pool->policy.failed, "its port is taken: without it leases are not renewed");
	free(pool);
}

Test(policy, a_reload_replaces_the_keeper_last)
{
	struct pool *pool = pool_new();

	start_all(pool);
	step(pool, (struct policy_event){.kind = POLICY_RELOAD});
	for (unsigned slot = 0; slot < RUNNERS; slot++) {
		cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, KEEPER), 0));
		leave(pool, slot, 0);
		pool->seen[slot].ready = true;
		tick(pool, 10);
		tick(pool, 10);
	}
	cr_expect(eq(int, count(pool, POLICY_ASK_TO_LEAVE, KEEPER), 1), "its settings count, too");
	leave(pool, KEEPER, 0);
	cr_expect(eq(int, count(pool, POLICY_FORK, KEEPER), 1));
	free(pool);
}

Test(policy, a_child_asked_to_leave_may_finish_a_long_run)
{
	struct pool *pool = pool_new();

	pool->policy.options.hard_timeout_ms = 600000;
	start_all(pool);
	step(pool, (struct policy_event){.kind = POLICY_RELOAD});
	pool->seen[0].running_since_ms = pool->now_ms;
	tick(pool, 599000);
	cr_expect(eq(int, count(pool, POLICY_KILL, 0), 0));
	tick(pool, 1000);
	cr_expect(eq(int, count(pool, POLICY_KILL, 0), 1), "its hard timeout holds");
	free(pool);
}
