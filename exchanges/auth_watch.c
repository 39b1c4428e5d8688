#include "exchanges/auth_watch.h"

#include "core/base/cleanup.h"
#include "core/io/redis.h"

#include <stdio.h>

#define NAME_SIZE 160
#define FORGET_MS 300000 /* a key that was not refused for so long begins anew */

/*
 * KEYS 1, 2: sorted sets of keys, by their first and by their last refusal.
 * ARGV: the key, the window, after which a key is forgotten.
 * Answers its first refusal, now, and how many were refused in the window.
 */
static struct redis_script note_script = {
	.source = "local time = redis.call('TIME')\n"
		  "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
		  "local last = redis.call('ZSCORE', KEYS[2], ARGV[1])\n"
		  "if last and now - tonumber(last) > tonumber(ARGV[3]) then\n"
		  "  redis.call('ZREM', KEYS[1], ARGV[1])\n"
		  "end\n"
		  "redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1])\n"
		  "redis.call('ZADD', KEYS[2], now, ARGV[1])\n"
		  "redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - 86400000)\n"
		  "redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, now - 86400000)\n"
		  "redis.call('PEXPIRE', KEYS[1], 86400000)\n"
		  "redis.call('PEXPIRE', KEYS[2], 86400000)\n"
		  "local first = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]))\n"
		  "local many = redis.call('ZCOUNT', KEYS[2], now - tonumber(ARGV[2]), '+inf')\n"
		  "return {first, now, many}\n"};

enum auth_fault auth_watch_judge(
	int64_t first_ms, int64_t now_ms, int64_t many, int64_t *ret_wait_ms)
{
	int64_t known_ms = now_ms - first_ms;

	*ret_wait_ms = known_ms < AUTH_WATCH_MS ? AUTH_WATCH_MS - known_ms : 0;
	if (many >= AUTH_WATCH_MANY)
		return AUTH_FAULT_EGRESS;
	return known_ms < AUTH_WATCH_MS ? AUTH_FAULT_UNSURE : AUTH_FAULT_KEY;
}

enum auth_fault auth_watch_refused(struct redis *redis, const char *scope, const char *egress,
	const char *key, int64_t *ret_wait_ms)
{
	char first[NAME_SIZE];
	char last[NAME_SIZE];
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err ignored;

	*ret_wait_ms = 0;
	if (redis == NULL)
		return AUTH_FAULT_KEY;
	(void)snprintf(first, sizeof first, "{bb}:a:%s:%s:first", scope, egress);
	(void)snprintf(last, sizeof last, "{bb}:a:%s:%s:last", scope, egress);
	const char *texts[] = {first, last, key, "60000", "300000"};
	_Static_assert(AUTH_WATCH_MS == 60000 && FORGET_MS == 300000, "as the texts say");
	if (redis_eval(redis, &note_script, 2, sizeof texts / sizeof texts[0], texts, &reply,
		    &ignored) == -1) {
		/* Whoever cannot be asked convicts nobody. */
		*ret_wait_ms = AUTH_WATCH_MS;
		return AUTH_FAULT_UNSURE;
	}
	return auth_watch_judge(redis_int(redis_item(reply, 0)), redis_int(redis_item(reply, 1)),
		redis_int(redis_item(reply, 2)), ret_wait_ms);
}
