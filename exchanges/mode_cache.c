#include "exchanges/mode_cache.h"

#include "core/base/cleanup.h"
#include "core/io/redis.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 120

static void name_of(const char *key_name, const char *what, char ret_name[NAME_SIZE])
{
	(void)snprintf(ret_name, NAME_SIZE, "{bb}:m:mode:%s:%s", key_name, what);
}

/* A cache that cannot be asked is a cache that is empty. */
static struct redis_reply *ask(struct redis *redis, size_t count, const char *const *arguments)
{
	struct redis_reply *reply = NULL;
	struct err ignored;
	if (redis == NULL || redis_command(redis, count, arguments, NULL, &reply, &ignored) == -1)
		return NULL;
	return reply;
}

static void tell(struct redis *redis, size_t count, const char *const *arguments)
{
	struct redis_reply *reply = ask(redis, count, arguments);
	redis_reply_free(&reply);
}

bool mode_cache_recall(
	struct redis *redis, const char *key_name, const char *what, char *ret, size_t size)
{
	char name[NAME_SIZE];
	name_of(key_name, what, name);
	const char *const get[] = {"GET", name};
	CLEANUP(redis_reply_free) struct redis_reply *reply = ask(redis, 2, get);
	if (reply == NULL || redis_type(reply) != REDIS_TEXT || strlen(redis_text(reply)) >= size)
		return false;
	(void)snprintf(ret, size, "%s", redis_text(reply));
	return true;
}

void mode_cache_remember(
	struct redis *redis, const char *key_name, const char *what, const char *text)
{
	char name[NAME_SIZE], duration[16];
	name_of(key_name, what, name);
	(void)snprintf(duration, sizeof duration, "%d", MODE_CACHE_MS);
	tell(redis, 5, (const char *[]){"SET", name, text, "PX", duration});
}

void mode_cache_forget(struct redis *redis, const char *key_name, const char *what)
{
	char name[NAME_SIZE];
	name_of(key_name, what, name);
	tell(redis, 2, (const char *[]){"DEL", name});
}
