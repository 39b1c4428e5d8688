/* Breakers alone, by a clock that the test moves, and together, over a real Redis. */
#include "exchanges/breaker.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/ident.h"
#include "core/io/redis.h"
#include "exchanges/auth_watch.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>

static int64_t now_ms = 1000000;

static int64_t test_ms(void *context)
{
	return *(int64_t *)context;
}

static void test_sleep(void *context, int64_t duration_ms)
{
	*(int64_t *)context += duration_ms;
}

static const struct clock test_clock = {test_ms, test_ms, test_sleep, &now_ms};

/* ---- alone ------------------------------------------------------------------------------ */

static struct breakers *breakers;
static int one;

static void begin_alone(void)
{
	breakers = breakers_new(NULL, &test_clock, "test");
	one = breaker_of(breakers, "e:one");
}

static void end(void)
{
	breakers_free(&breakers);
}

TestSuite(breaker, .init = begin_alone, .fini = end);

static void fail_times(int times)
{
	for (int i = 0; i < times; i++)
		breaker_failed(breakers, one);
}

Test(breaker, opens_when_half_of_some_failed)
{
	for (int i = 0; i < 5; i++)
		breaker_succeeded(breakers, one);
	fail_times(4);
	cr_expect(not(breaker_open(breakers, one)), "four are too few");
	fail_times(1);
	cr_expect(breaker_open(breakers, one), "five of ten");
	cr_expect(eq(i64, breaker_wait_ms(breakers, one), BREAKER_FIRST_MS));
}

Test(breaker, few_failures_among_many_successes_do_not_open_it)
{
	for (int i = 0; i < 100; i++)
		breaker_succeeded(breakers, one);
	fail_times(20);
	cr_expect(not(breaker_open(breakers, one)));
}

Test(breaker, a_new_window_forgets)
{
	fail_times(4);
	now_ms += 10000;
	fail_times(4);
	cr_expect(not(breaker_open(breakers, one)));
}

Test(breaker, one_tries_and_its_failure_doubles_the_wait)
{
	fail_times(5);
	cr_expect(not(breaker_probe(breakers, one)), "not yet");
	now_ms += BREAKER_FIRST_MS;
	cr_expect(breaker_probe(breakers, one), "its turn");
	cr_expect(not(breaker_probe(breakers, one)), "only one");
	now_ms += 10000;
	fail_times(1);
	cr_expect(eq(i64, breaker_wait_ms(breakers, one), 2 * BREAKER_FIRST_MS));
	for (int i = 0; i < 20; i++) {
		now_ms += BREAKER_MOST_MS;
		fail_times(1);
	}
	cr_expect(eq(i64, breaker_wait_ms(breakers, one), BREAKER_MOST_MS), "up to a cap");
}

Test(breaker, one_success_closes_it_and_begins_anew)
{
	fail_times(5);
	now_ms += BREAKER_FIRST_MS;
	cr_assert(breaker_probe(breakers, one));
	breaker_succeeded(breakers, one);
	cr_expect(not(breaker_open(breakers, one)));
	fail_times(4);
	cr_expect(not(breaker_open(breakers, one)), "old failures are forgotten");
	fail_times(1);
	cr_expect(eq(i64, breaker_wait_ms(breakers, one), BREAKER_FIRST_MS));
}

Test(breaker, one_of_another_name_is_another)
{
	int other = breaker_of(breakers, "e:other");

	cr_expect(eq(int, breaker_of(breakers, "e:one"), one));
	breaker_trip(breakers, other);
	cr_expect(breaker_open(breakers, other));
	cr_expect(not(breaker_open(breakers, one)));
}

/* ---- together --------------------------------------------------------------------------- */

static struct redis *redis;
static struct breakers *here, *there;

static void begin_together(void)
{
	char scope[40];
	struct err err;

	(void)snprintf(scope, sizeof scope, "test-%016llx", (unsigned long long)random_u64());
	cr_assert(zero(int, redis_new(test_redis_url(), 5000, 5000, &redis, &err)), "%s",
		err.message);
	here = breakers_new(redis, &test_clock, scope);
	there = breakers_new(redis, &test_clock, scope);
	one = breaker_of(here, "e:one");
	cr_assert(eq(int, breaker_of(there, "e:one"), one));
}

static void end_together(void)
{
	breakers_free(&here);
	breakers_free(&there);
	redis_free(&redis);
}

TestSuite(breakers, .init = begin_together, .fini = end_together);

Test(breakers, what_several_processes_saw_adds_up)
{
	for (int i = 0; i < 2; i++) {
		breaker_failed(here, one);
		breaker_failed(there, one);
	}
	cr_expect(not(breaker_open(here, one)));
	breaker_failed(there, one);
	cr_expect(breaker_open(there, one), "who failed last knows at once");
	now_ms += 1000;
	cr_expect(breaker_open(here, one), "the other one within a second");
}

/* Redis's own clock counts here, so this one waits for the first pause. */
Test(breakers, only_one_of_all_processes_tries)
{
	breaker_trip(here, one);
	now_ms += 1000;
	cr_assert(breaker_open(there, one));
	clock_sleep_ms(clock_system(), BREAKER_FIRST_MS + 50);
	now_ms += BREAKER_FIRST_MS + 50;
	bool first = breaker_probe(here, one);
	bool second = breaker_probe(there, one);
	cr_expect(first && !second, "%d %d", first, second);
	breaker_succeeded(here, one);
	now_ms += 1000;
	cr_expect(not(breaker_open(there, one)), "its success closes it for all");
}

Test(breakers, who_only_looks_sees_the_counts)
{
	breaker_failed(here, one);
	breaker_succeeded(there, one);
	breaker_failed(there, one);
	struct breaker_state state = breaker_look(here, one);
	cr_expect(eq(i64, state.failures, 2));
	cr_expect(eq(i64, state.successes, 1));
	cr_expect(not(state.open));
}

/* ---- whose fault a refused key is -------------------------------------------------------- */

struct row {
	char because[64];
	int64_t known_ms, many;
	enum auth_fault fault;
	int64_t wait_ms;
};

ParameterizedTestParameters(auth_watch, judges)
{
	static struct row rows[] = {
		{"the first refusal convicts nobody", 0, 1, AUTH_FAULT_UNSURE, AUTH_WATCH_MS},
		{"nor does one within the minute", 59000, 1, AUTH_FAULT_UNSURE, 1000},
		{"a minute later it is the key", 60000, 1, AUTH_FAULT_KEY, 0},
		{"four keys are still keys", 60000, 4, AUTH_FAULT_KEY, 0},
		{"five are the egress", 60000, 5, AUTH_FAULT_EGRESS, 0},
		{"at once", 0, 5, AUTH_FAULT_EGRESS, AUTH_WATCH_MS},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, auth_watch, judges)
{
	int64_t wait_ms;

	cr_expect(eq(int, (int)auth_watch_judge(5000, 5000 + row->known_ms, row->many, &wait_ms),
			  (int)row->fault),
		"%s", row->because);
	cr_expect(eq(i64, wait_ms, row->wait_ms), "%s", row->because);
}

Test(auth_watch, counts_keys_not_refusals, .init = begin_together, .fini = end_together)
{
	char egress[40];
	char key[8];
	int64_t wait_ms;
	enum auth_fault fault = AUTH_FAULT_UNSURE;

	(void)snprintf(egress, sizeof egress, "%016llx", (unsigned long long)random_u64());
	for (int i = 0; i < 20; i++)
		fault = auth_watch_refused(redis, "test", egress, "same", &wait_ms);
	cr_expect(eq(int, (int)fault, (int)AUTH_FAULT_UNSURE), "one key, however often");
	for (int i = 0; i < 4; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		fault = auth_watch_refused(redis, "test", egress, key, &wait_ms);
	}
	cr_expect(eq(int, (int)fault, (int)AUTH_FAULT_EGRESS), "five keys");
	fault = auth_watch_refused(NULL, "test", egress, "alone", &wait_ms);
	cr_expect(eq(int, (int)fault, (int)AUTH_FAULT_KEY), "nobody to compare with");
}
