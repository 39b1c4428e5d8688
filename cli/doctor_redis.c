#include "cli/doctor.h"

#include "core/base/clock.h"
#include "core/io/redis.h"
#include "core/queue/inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC "redis"
#define STREAMS 4
#define SKEW_WARN_MS 5000
#define FULL_PERCENT 80

static void check_version(const struct doctor *doctor, const struct inspect_server *server)
{
	bool old = server->major < 6 || (server->major == 6 && server->minor < 2);

	if (old)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC, "install Redis 6.2 or later",
			"version %s is older than 6.2", server->version);
	else
		findings_add(
			doctor->findings, FINDING_OK, TOPIC, NULL, "version %s", server->version);
	if (server->is_replica)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"point redis.url to the primary",
			"this server is a replica: nothing can be written");
}

static void check_memory(const struct doctor *doctor, const struct inspect_server *server)
{
	if (strcmp(server->eviction, "noeviction") == 0)
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"nothing is evicted (maxmemory-policy noeviction)");
	else
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"config set maxmemory-policy noeviction, and in redis.conf",
			"maxmemory-policy is %s: jobs would vanish silently", server->eviction);
	if (server->memory_max_bytes > 0 &&
		server->memory_bytes / FULL_PERCENT * 100 > server->memory_max_bytes)
		findings_add(doctor->findings, FINDING_WARN, TOPIC, "raise maxmemory",
			"%" PRId64 " of %" PRId64 " bytes are used", server->memory_bytes,
			server->memory_max_bytes);
}

static void check_persistence(const struct doctor *doctor, const struct inspect_server *server)
{
	if (server->write_failed)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"is its disk full? look at its log", "its last write to disk failed");
	else if (server->appends)
		findings_add(
			doctor->findings, FINDING_OK, TOPIC, NULL, "the append-only file is on");
	else
		findings_add(doctor->findings, FINDING_WARN, TOPIC, "appendonly yes",
			"nothing is kept on disk: a restart costs up to one interval of runs");
}

static void check_queue(const struct doctor *doctor, struct redis *redis)
{
	struct inspect_queue queue;
	struct err err;

	if (inspect_queue(redis, &queue, &err) == -1)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"does the user's access list allow {bb}:* and streams?", "%s", err.message);
	else if (!queue.has_generation || queue.streams < STREAMS)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"a scheduler makes them: start botbeat scheduler",
			"the queue is not made: %d of %d streams have their group", queue.streams,
			STREAMS);
	else
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"the queue stands, %" PRId64 " runners have asked for work",
			queue.consumers);
}

void doctor_redis_check(const struct doctor *doctor)
{
	struct inspect_server server;
	struct redis *redis;
	struct err err;

	if (command_redis(doctor->context, &redis, &err) == -1 ||
		inspect_server(redis, &server, &err) == -1) {
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"is it running, and is redis.url right? botbeat config prints it", "%s",
			err.message);
		return;
	}
	check_version(doctor, &server);
	check_memory(doctor, &server);
	check_persistence(doctor, &server);
	int64_t skew_ms = server.clock_ms - clock_utc_ms(clock_system());
	if (llabs(skew_ms) > SKEW_WARN_MS)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"run a time service there; a jump of its clock delays retries",
			"its clock is %" PRId64 " ms from this host's", skew_ms);
	check_queue(doctor, redis);
}
