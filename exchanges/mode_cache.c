#include "exchanges/mode_cache.h"

#include "core/base/cleanup.h"
#include "core/io/redis.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 80

/* A mode that is not known is kept too: it is as expensive to ask for. */
#define NEITHER "neither"

static void name_of(const char *key_name, char ret_name[NAME_SIZE])
{
	(void)snprintf(ret_name, NAME_SIZE, "{bb}:m:mode:%s", key_name);
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
	struct redis *redis, const char *key_name, bool *ret_known, enum margin_mode *ret)
{
	char name[NAME_SIZE];
	name_of(key_name, name);
	const char *const get[] = {"GET", name};
	CLEANUP(redis_reply_free) struct redis_reply *reply = ask(redis, 2, get);
	if (reply == NULL || redis_type(reply) != REDIS_TEXT)
		return false;

	struct err ignored;
	*ret_known = strcmp(redis_text(reply), NEITHER) != 0;
	*ret = MARGIN_CROSS;
	return !*ret_known || margin_mode_parse(redis_text(reply), ret, &ignored) == 0;
}

void mode_cache_remember(
	struct redis *redis, const char *key_name, bool known, enum margin_mode mode)
{
	char name[NAME_SIZE], duration[16];
	name_of(key_name, name);
	(void)snprintf(duration, sizeof duration, "%d", MODE_CACHE_MS);
	const char *word = known ? margin_mode_text(mode) : NEITHER;
	tell(redis, 5, (const char *[]){"SET", name, word, "PX", duration});
}

void mode_cache_forget(struct redis *redis, const char *key_name)
{
	char name[NAME_SIZE];
	name_of(key_name, name);
	tell(redis, 2, (const char *[]){"DEL", name});
}
