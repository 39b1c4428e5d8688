#include "exchanges/rate_limits.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/redis.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READS, ORDERS, HISTORY, FREE };

static const struct rate_limits_group groups[] = {
	[READS] = {"reads", 50, true},
	[ORDERS] = {"orders", 10, false},
	[HISTORY] = {"history", .per_minute = 100},
	[FREE] = {"free"},
};

/* A name of its own for each test, so that tests side by side on one server do not meet. */
static const char *own_name(void)
{
	static char name[32];
	if (name[0] == '\0')
		(void)snprintf(name, sizeof name, "test-%016llx", (unsigned long long)random_u64());
	return name;
}

static struct rate_limits_plan plan_of(int64_t egress_per_second)
{
	return (struct rate_limits_plan){
		.venue = own_name(),
		.egress_per_second = egress_per_second,
		.egress_burst = 40,
		.groups = groups,
		.group_count = sizeof groups / sizeof groups[0],
	};
}

static struct redis *connected(void)
{
	struct redis *redis = NULL;
	struct err err = {0};
	cr_assert(eq(int, redis_new(test_redis_url(), 5000, 5000, &redis, &err), 0), "%s",
		err.message);
	cr_assert(eq(int, redis_connect(redis, &err), 0), "%s", err.message);
	return redis;
}

/* How many permits of at most tries are given before the first refusal. */
static int64_t take_until_refused(struct rate_limits *limits, const char *key, size_t group,
	enum rate_share share, int64_t tries, struct err *err)
{
	for (int64_t i = 0; i < tries; i++)
		if (rate_limits_take(limits, key, group, share, 1, err) == -1)
			return i;
	return tries;
}

/* A clock that a test moves; sleeping moves it too. */
static int64_t test_ms(void *context)
{
	return *(int64_t *)context;
}

static void test_sleep(void *context, int64_t duration_ms)
{
	*(int64_t *)context += duration_ms;
}

Test(rate_limits, without_redis_a_process_keeps_to_the_limit_alone)
{
	int64_t now_ms = 1000;
	const struct clock clock = {test_ms, test_ms, test_sleep, &now_ms};
	struct rate_limits_plan plan = plan_of(0);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(NULL, &clock, "a", &plan);
	struct err err = {0};

	int64_t first = take_until_refused(limits, "key", ORDERS, RATE_NEW_RISK, 100, &err);
	cr_expect(first >= 1 && first <= 10, "%lld in one moment", (long long)first);
	cr_expect(eq(int, err.code, ERR_RATE));
	cr_expect(eq(int, err.retry, ERR_RETRY_THROTTLED));
	cr_expect(err.retry_after_ms > 0 && err.retry_after_ms <= 1000);

	now_ms += err.retry_after_ms;
	cr_expect(eq(int, rate_limits_take(limits, "key", ORDERS, RATE_NEW_RISK, 1, &err), 0),
		"the wait that was named is enough");
	cr_expect(eq(int, rate_limits_take(limits, "other", ORDERS, RATE_NEW_RISK, 1, &err), 0),
		"another account has a limit of its own");
}

Test(rate_limits, a_ban_stops_everything_until_its_time)
{
	int64_t now_ms = 1000;
	const struct clock clock = {test_ms, test_ms, test_sleep, &now_ms};
	struct rate_limits_plan plan = plan_of(0);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(NULL, &clock, "a", &plan);
	struct err err = {0};

	rate_limits_ban(limits, 60000);
	cr_expect(eq(int, rate_limits_take(limits, "key", READS, RATE_PROTECTIVE, 1, &err), -1),
		"a ban by the venue takes the exits too");
	cr_expect(eq(i64, err.retry_after_ms, 60000));
	rate_limits_ban(limits, 10);
	now_ms += 59999;
	cr_expect(eq(int, rate_limits_check_ban(limits, &err), -1),
		"a shorter ban does not end a longer one");
	now_ms += 1;
	cr_expect(eq(int, rate_limits_take(limits, "key", READS, RATE_READ, 1, &err), 0));
}

Test(rate_limits, what_the_venue_says_is_left_wins)
{
	int64_t now_ms = 1000;
	const struct clock clock = {test_ms, test_ms, test_sleep, &now_ms};
	struct rate_limits_plan plan = plan_of(0);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(NULL, &clock, "a", &plan);
	struct err err = {0};

	cr_assert(eq(int, rate_limits_take(limits, "key", READS, RATE_READ, 1, &err), 0));
	rate_limits_observe(limits, "key", READS, 50, 0, 400);
	cr_assert(eq(int, rate_limits_take(limits, "key", READS, RATE_READ, 1, &err), -1));
	cr_expect(eq(i64, err.retry_after_ms, 400));
}

Test(rate_limits, a_refused_account_is_closed_for_its_group_alone)
{
	int64_t now_ms = 1000;
	const struct clock clock = {test_ms, test_ms, test_sleep, &now_ms};
	struct rate_limits_plan plan = plan_of(0);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(NULL, &clock, "a", &plan);
	struct err err = {0};

	rate_limits_close(limits, "key", ORDERS, 700);
	cr_assert(eq(int, rate_limits_take(limits, "key", ORDERS, RATE_NEW_RISK, 1, &err), -1));
	cr_expect(eq(i64, err.retry_after_ms, 700));
	cr_expect(eq(int, rate_limits_take(limits, "key", READS, RATE_READ, 1, &err), 0));
	cr_expect(eq(int, rate_limits_take(limits, "key", ORDERS, RATE_PROTECTIVE, 1, &err), 0),
		"an exit waits in place");
	cr_expect(now_ms >= 1700, "until the venue opens again");
}

/* The machine's clock, with the sleeps counted. */
static int64_t real_ms(void *context)
{
	(void)context;
	return clock_mono_ms(clock_system());
}

static void counted_sleep(void *context, int64_t duration_ms)
{
	(*(int *)context)++;
	clock_sleep_ms(clock_system(), duration_ms);
}

Test(rate_limits, a_share_is_kept_for_exits)
{
	int sleeps = 0;
	const struct clock clock = {real_ms, real_ms, counted_sleep, &sleeps};
	CLEANUP(redis_free) struct redis *redis = connected();
	struct rate_limits_plan plan = plan_of(0);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(redis, &clock, "a", &plan);
	struct err err = {0};

	(void)take_until_refused(limits, "key", READS, RATE_NEW_RISK, 100, &err);
	cr_expect(eq(int, rate_limits_take(limits, "key", READS, RATE_NEW_RISK, 1, &err), -1));
	cr_expect(eq(int, rate_limits_take(limits, "key", READS, RATE_READ, 1, &err), 0),
		"reads have a share of their own");
	int64_t exits = take_until_refused(limits, "key", READS, RATE_PROTECTIVE, 3, &err);
	cr_expect(eq(i64, exits, 3), "and exits the rest of it");
	cr_expect(eq(int, sleeps, 0), "without waiting for it");
}

Test(rate_limits, one_ban_stops_the_other_processes)
{
	CLEANUP(redis_free) struct redis *redis = connected();
	CLEANUP(redis_free) struct redis *redis_other = connected();
	struct rate_limits_plan plan = plan_of(100);
	CLEANUP(rate_limits_free)
	struct rate_limits *one = rate_limits_new(redis, clock_system(), "a", &plan);
	CLEANUP(rate_limits_free)
	struct rate_limits *other = rate_limits_new(redis_other, clock_system(), "a", &plan);
	CLEANUP(rate_limits_free)
	struct rate_limits *elsewhere = rate_limits_new(redis_other, clock_system(), "b", &plan);
	struct err err = {0};

	rate_limits_ban(one, 30000);
	cr_expect(eq(int, rate_limits_take(other, "key", READS, RATE_READ, 1, &err), -1));
	cr_expect(err.retry_after_ms > 29000 && err.retry_after_ms <= 30000);
	cr_expect(eq(int, rate_limits_take(elsewhere, "key", READS, RATE_READ, 1, &err), 0),
		"a ban is a property of the address");
}

Test(rate_limits, a_redis_that_does_not_answer_stops_nobody)
{
	struct redis *redis = NULL;
	struct err err = {0};
	cr_assert(eq(int, redis_new("unix:///nowhere/socket", 100, 100, &redis, &err), 0));
	struct rate_limits_plan plan = plan_of(100);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(redis, clock_system(), "a", &plan);

	int64_t taken = take_until_refused(limits, "key", READS, RATE_READ, 1000, &err);
	cr_expect(taken >= 1, "exits go on");
	cr_expect(taken <= 10, "%lld: but each process only takes a small part", (long long)taken);
	redis_free(&redis);
}

#define CHILDREN 8

/* A process that takes what it gets for two seconds. */
static void greedy_child(const struct rate_limits_plan *plan, int64_t *count)
{
	struct redis *redis = NULL;
	struct err err = {0};
	if (redis_new(getenv("BOTBEAT_TEST_REDIS_URL"), 5000, 5000, &redis, &err) == -1)
		_exit(1);
	const struct clock *clock = clock_system();
	struct rate_limits *limits = rate_limits_new(redis, clock, "a", plan);
	int64_t end_ms = clock_mono_ms(clock) + 2000;
	while (clock_mono_ms(clock) < end_ms)
		if (rate_limits_take(limits, "key", READS, RATE_NEW_RISK, 1, &err) == 0)
			(*count)++;
		else
			clock_sleep_ms(clock, err.retry_after_ms < 5 ? err.retry_after_ms : 5);
	_exit(0);
}

Test(rate_limits, greedy_processes_stay_below_the_limit_together)
{
	(void)test_redis_url();
	struct rate_limits_plan plan = plan_of(0);
	int64_t *counts = mmap(NULL, sizeof(int64_t) * CHILDREN, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert(counts != MAP_FAILED);

	pid_t children[CHILDREN];
	for (size_t i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] == 0)
			greedy_child(&plan, &counts[i]);
	}
	int64_t total = 0;
	for (size_t i = 0; i < CHILDREN; i++) {
		int status;
		cr_assert(eq(int, waitpid(children[i], &status, 0), children[i]));
		cr_assert(eq(int, status, 0));
		total += counts[i];
	}
	/* 50 a second: at most 100 in two seconds and what stood in the bucket. */
	cr_expect(total <= 120, "%lld", (long long)total);
	cr_expect(total >= 25, "%lld: and they get on", (long long)total);
}

Test(rate_limits, a_limit_per_minute_is_kept_in_every_minute)
{
	CLEANUP(redis_free) struct redis *redis = connected();
	struct rate_limits_plan plan = plan_of(0);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(redis, clock_system(), "a", &plan);
	struct err err = {0};

	int64_t first = take_until_refused(limits, "key", HISTORY, RATE_READ, 100, &err);
	cr_expect(first >= 10 && first <= 20, "%lld in one moment", (long long)first);
	cr_expect(err.retry_after_ms >= 1 && err.retry_after_ms <= 800,
		"75 a minute come back, not one a second: %lld", (long long)err.retry_after_ms);
	int64_t kept = take_until_refused(limits, "key", HISTORY, RATE_PROTECTIVE, 3, &err);
	cr_expect(eq(i64, kept, 3), "a share is kept for exits");
}

Test(rate_limits, a_heavy_request_takes_its_weight_of_the_address)
{
	CLEANUP(redis_free) struct redis *redis = connected();
	struct rate_limits_plan plan = plan_of(1);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(redis, clock_system(), "a", &plan);
	struct err err = {0};

	/* 40 stand in the bucket, 12 of them for others than new risk. */
	cr_assert(eq(int, rate_limits_take(limits, "key", FREE, RATE_NEW_RISK, 20, &err), 0));
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_NEW_RISK, 20, &err), -1));
	cr_expect(err.retry_after_ms > 9000 && err.retry_after_ms <= 12000,
		"the weight is waited for: %lld", (long long)err.retry_after_ms);
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_PROTECTIVE, 19, &err), 0));
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_NEW_RISK, 0, &err), 0),
		"what does not count there waits for nothing");
}

Test(rate_limits, a_weight_beyond_the_whole_bucket_is_not_refused_for_ever)
{
	CLEANUP(redis_free) struct redis *redis = connected();
	struct rate_limits_plan plan = plan_of(1);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(redis, clock_system(), "a", &plan);
	struct err err = {0};

	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_READ, 1000, &err), 0), "%s",
		err.message);
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_READ, 1, &err), -1));
}

Test(rate_limits, what_the_venue_counted_of_the_address_stops_the_least_urgent_first)
{
	int64_t now_ms = 1000;
	const struct clock clock = {test_ms, test_ms, test_sleep, &now_ms};
	struct rate_limits_plan plan = plan_of(100);
	CLEANUP(rate_limits_free)
	struct rate_limits *limits = rate_limits_new(NULL, &clock, "a", &plan);
	struct err err = {0};

	rate_limits_observe_address(limits, 100, 25, 30000);
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_NEW_RISK, 1, &err), -1));
	cr_expect(eq(i64, err.retry_after_ms, 30000));
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_READ, 10, &err), 0));
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_READ, 1, &err), -1),
		"what was spent since counts");
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_PROTECTIVE, 1, &err), 0));
	now_ms += 30000;
	cr_expect(eq(int, rate_limits_take(limits, "key", FREE, RATE_NEW_RISK, 1, &err), 0),
		"the next minute is another one");
}
