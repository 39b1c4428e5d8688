#include "core/queue/inspect.h"

#include "core/base/cleanup.h"
#include "core/io/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION "{bb}:generation"
#define GROUP "runners"

/* The value of "name:value" in INFO's lines; "" if the server does not tell. */
static void info_text(const char *info, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name);

	ret[0] = '\0';
	for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
		line += line[0] == '\n';
		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		const char *value = line + length + 1;
		(void)snprintf(ret, size, "%.*s", (int)strcspn(value, "\r\n"), value);
		return;
	}
}

static int64_t info_int(const char *info, const char *name)
{
	char text[32];

	info_text(info, name, text, sizeof text);
	return strtoll(text, NULL, 10);
}

static bool info_is(const char *info, const char *name, const char *value)
{
	char text[32];

	info_text(info, name, text, sizeof text);
	return strcmp(text, value) == 0;
}

static int read_clock(struct redis *redis, int64_t *ret_ms, struct err *err)
{
	const char *words[] = {"TIME"};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	if (redis_command(redis, 1, words, NULL, &reply, err) == -1)
		return -1;
	if (redis_type(reply) != REDIS_ARRAY || redis_size(reply) != 2)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "redis does not tell its time");
	*ret_ms = strtoll(redis_text(redis_item(reply, 0)), NULL, 10) * 1000 +
		  strtoll(redis_text(redis_item(reply, 1)), NULL, 10) / 1000;
	return 0;
}

int inspect_server(struct redis *redis, struct inspect_server *ret, struct err *err)
{
	const char *words[] = {"INFO"};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	if (redis_command(redis, 1, words, NULL, &reply, err) == -1)
		return err_while(err, "could not ask redis about itself");
	const char *info = redis_text(reply);
	struct inspect_server server = {
		.memory_bytes = info_int(info, "used_memory"),
		.memory_max_bytes = info_int(info, "maxmemory"),
		.evicted = info_int(info, "evicted_keys"),
		.is_replica = info_is(info, "role", "slave"),
		.appends = info_is(info, "aof_enabled", "1"),
		.write_failed = info_is(info, "aof_last_write_status", "err") ||
				info_is(info, "rdb_last_bgsave_status", "err"),
	};
	info_text(info, "redis_version", server.version, sizeof server.version);
	info_text(info, "maxmemory_policy", server.eviction, sizeof server.eviction);
	char *rest = NULL;
	server.major = (int)strtol(server.version, &rest, 10);
	server.minor = rest[0] == '.' ? (int)strtol(rest + 1, NULL, 10) : 0;
	if (read_clock(redis, &server.clock_ms, err) == -1)
		return -1;
	*ret = server;
	return 0;
}

/* The group's consumers; -1: the stream has no group, or is not there. */
static int64_t group_consumers(const struct redis_reply *groups)
{
	for (size_t i = 0; i < redis_size(groups); i++) {
		const struct redis_reply *group = redis_item(groups, i);
		if (redis_size(group) >= 4 && strcmp(redis_text(redis_item(group, 1)), GROUP) == 0)
			return redis_int(redis_item(group, 3));
	}
	return -1;
}

int inspect_queue(struct redis *redis, struct inspect_queue *ret, struct err *err)
{
	static const char *const streams[] = {
		"{bb}:jobs:back", "{bb}:jobs:high", "{bb}:jobs:normal", "{bb}:jobs:low"};
	const char *exists[] = {"EXISTS", GENERATION};
	CLEANUP(redis_reply_free) struct redis_reply *found = NULL;
	struct inspect_queue queue = {0};

	if (redis_command(redis, 2, exists, NULL, &found, err) == -1)
		return -1;
	queue.has_generation = redis_int(found) == 1;
	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
		const char *words[] = {"XINFO", "GROUPS", streams[i]};
		CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
		/* Read as a reply: a stream that is not there is an answer. */
		if (redis_append(redis, 3, words, NULL, err) == -1 ||
			redis_read(redis, 5000, &reply, err) == -1)
			return -1;
		if (redis_type(reply) != REDIS_ARRAY)
			continue;
		int64_t consumers = group_consumers(reply);
		if (consumers < 0)
			continue;
		queue.streams++;
		queue.consumers = consumers > queue.consumers ? consumers : queue.consumers;
	}
	*ret = queue;
	return 0;
}
