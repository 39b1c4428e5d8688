#include "core/queue/inspect.h"

#include "core/base/cleanup.h"
#include "core/io/redis.h"
#include "core/queue/queue.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct own_redis server;
static struct redis *redis;

static void setup(void)
{
	struct err err;

	own_redis_start(&server);
	cr_assert(zero(int, redis_new(server.url, 2000, 2000, &redis, &err)), "%s", err.message);
}

static void teardown(void)
{
	redis_free(&redis);
	own_redis_stop(&server);
}

TestSuite(inspect, .init = setup, .fini = teardown);

static void command(size_t count, const char *const *words)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err;

	cr_assert(zero(int, redis_command(redis, count, words, NULL, &reply, &err)), "%s",
		err.message);
}

Test(inspect, the_queue_stands_once_it_was_made)
{
	CLEANUP(queue_free)
	struct queue *queue = queue_new(
		&(struct queue_options){.redis = redis, .consumer = "one", .mark_ttl_ms = 1000});
	struct inspect_queue found;
	struct err err;
	bool fresh;

	cr_assert(zero(int, inspect_queue(redis, &found, &err)), "%s", err.message);
	cr_expect(not(found.has_generation));
	cr_expect(eq(int, found.streams, 0), "looking makes nothing");
	cr_assert(zero(int, queue_prepare(queue, &fresh, &err)), "%s", err.message);
	cr_assert(zero(int, inspect_queue(redis, &found, &err)), "%s", err.message);
	cr_expect(found.has_generation);
	cr_expect(eq(int, found.streams, 4));
}

Test(inspect, a_policy_that_loses_jobs_is_seen)
{
	struct inspect_server found;
	struct err err;

	command(4, (const char *const[]){"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
	cr_assert(zero(int, inspect_server(redis, &found, &err)), "%s", err.message);
	cr_expect(eq(str, found.eviction, (char *)(uintptr_t) "allkeys-lru"));
	cr_expect(ge(int, found.major, 6));
	cr_expect(not(found.is_replica));
	cr_expect(gt(i64, found.clock_ms, 1700000000000));
}
