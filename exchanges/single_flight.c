#include "exchanges/single_flight.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/redis.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_MS 2500     /* how long a dead reader holds the others up */
#define PATIENCE_MS 6000 /* longer than a request to a venue may take */
#define POLL_FIRST_MS 2
#define POLL_LAST_MS 40
#define FAILED_MS 500 /* how long one failure speaks for all */
#define FAILED_MAX_MS 5000

#define NAME_SIZE 200
#define NUMBER_SIZE 24

/*
 * A value is "LIFE TEXT": its whole life in ms counts from the request to the venue, so its age is
 * what is missing of it. No host's clock is asked.
 */
static struct redis_script look_script = {
	.source = "local value = redis.call('GET', KEYS[1])\n"
		  "if value then\n"
		  "  local rest = redis.call('PTTL', KEYS[1])\n"
		  "  local age = tonumber(string.match(value, '^%d+')) - rest\n"
		  "  if age <= tonumber(ARGV[1]) then return {'value', value, age, rest} end\n"
		  "end\n"
		  "local failure = redis.call('GET', KEYS[3])\n"
		  "if failure then return {'failure', failure} end\n"
		  "if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return "
		  "{'fetch'} end\n"
		  "return {'wait'}\n"};

/* Puts a value or a failure there and lets the others in. */
static struct redis_script bring_script = {
	.source = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
		  "if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end\n"
		  "return 0\n"};

struct names {
	char value[NAME_SIZE];
	char lock[NAME_SIZE];
	char failure[NAME_SIZE];
	char token[NUMBER_SIZE];
};

static void name_all(const char *name, struct names *ret)
{
	(void)snprintf(ret->value, sizeof ret->value, "%s", name);
	(void)snprintf(ret->lock, sizeof ret->lock, "%s:lock", name);
	(void)snprintf(ret->failure, sizeof ret->failure, "%s:failed", name);
	(void)snprintf(ret->token, sizeof ret->token, "%016" PRIx64, random_u64());
}

static void bring(const struct single_flight *flight, const struct names *names, const char *key,
	const char *text, int64_t keep_ms)
{
	char keep[NUMBER_SIZE];
	(void)snprintf(keep, sizeof keep, "%" PRId64, keep_ms);
	const char *const texts[] = {key, names->lock, text, keep, names->token};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err ignored; /* then the lock ends by itself */
	(void)!redis_eval(flight->redis, &bring_script, 2, 5, texts, &reply, &ignored);
}

static void bring_failure(
	const struct single_flight *flight, const struct names *names, const struct err *failure)
{
	CLEANUP(text_free)
	char *text = mem_format("%d %d %" PRId64 " %" PRId64 " %s", (int)failure->code,
		(int)failure->retry, failure->retry_after_ms, failure->venue_code,
		failure->message);
	int64_t keep_ms = FAILED_MS;
	if (failure->retry == ERR_RETRY_THROTTLED && failure->retry_after_ms > keep_ms)
		keep_ms = failure->retry_after_ms < FAILED_MAX_MS ? failure->retry_after_ms
								  : FAILED_MAX_MS;
	bring(flight, names, names->failure, text, keep_ms);
}

/* What another process's reader failed with, as if it were ours. */
static int take_failure(const char *text, struct err *err)
{
	int code, retry, message_at = 0;
	int64_t retry_after_ms, venue_code;
	if (sscanf(text, "%d %d %" SCNd64 " %" SCNd64 " %n", &code, &retry, &retry_after_ms,
		    &venue_code, &message_at) != 4 ||
		message_at == 0 || code <= ERR_NONE || code > ERR_BUG || retry < ERR_RETRY_NEVER ||
		retry > ERR_RETRY_ASK)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_LATER, "another run could not read the venue");
	(void)err_set(err, (enum err_code)code, (enum err_retry)retry, "%s", text + message_at);
	err->retry_after_ms = retry_after_ms;
	err->venue_code = venue_code;
	return -1;
}

static int fetch(
	const struct single_flight *flight, struct single_flight_text *ret, struct err *err)
{
	int64_t asked_mono_ms = clock_mono_ms(flight->clock);
	char *text = NULL;
	int64_t keep_ms;
	if (flight->fetch(flight->context, &text, &keep_ms, err) == -1)
		return -1;
	assert(keep_ms >= 1);
	*ret = (struct single_flight_text){
		.text = text,
		.age_ms = clock_mono_ms(flight->clock) - asked_mono_ms,
		.keep_ms = keep_ms,
	};
	return 0;
}

/* We hold the lock: read the venue and tell the others, whatever came of it. */
static int fetch_for_all(const struct single_flight *flight, const struct names *names,
	struct single_flight_text *ret, struct err *err)
{
	if (fetch(flight, ret, err) == -1) {
		bring_failure(flight, names, err);
		return -1;
	}
	CLEANUP(text_free)
	char *value = mem_format("%" PRId64 " %s", ret->keep_ms + ret->age_ms, ret->text);
	bring(flight, names, names->value, value, ret->keep_ms);
	return 0;
}

static int take_value(
	const struct redis_reply *reply, struct single_flight_text *ret, struct err *err)
{
	const char *text = strchr(redis_text(redis_item(reply, 1)), ' ');
	if (text == NULL)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_LATER, "cached market data is malformed");
	*ret = (struct single_flight_text){
		.text = mem_text(text + 1),
		.age_ms = redis_int(redis_item(reply, 2)),
		.keep_ms = redis_int(redis_item(reply, 3)),
	};
	return 0;
}

static int look(const struct single_flight *flight, const struct names *names,
	struct redis_reply **ret, struct err *err)
{
	char age[NUMBER_SIZE], lock[NUMBER_SIZE];
	(void)snprintf(age, sizeof age, "%" PRId64, flight->max_age_ms);
	(void)snprintf(lock, sizeof lock, "%d", LOCK_MS);
	const char *const texts[] = {
		names->value, names->lock, names->failure, age, names->token, lock};
	return redis_eval(flight->redis, &look_script, 3, 6, texts, ret, err);
}

int single_flight_read(
	const struct single_flight *flight, struct single_flight_text *ret, struct err *err)
{
	assert(strlen(flight->name) < NAME_SIZE - 16);

	if (flight->redis == NULL)
		return fetch(flight, ret, err);

	struct names names;
	name_all(flight->name, &names);
	int64_t deadline_ms = clock_mono_ms(flight->clock) + PATIENCE_MS;
	int64_t pause_ms = POLL_FIRST_MS;
	do {
		CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
		struct err ignored; /* a cache that cannot be asked must not stop an exit */
		if (look(flight, &names, &reply, &ignored) == -1)
			return fetch(flight, ret, err);

		const char *answer = redis_text(redis_item(reply, 0));
		if (strcmp(answer, "value") == 0)
			return take_value(reply, ret, err);
		if (strcmp(answer, "failure") == 0)
			return take_failure(redis_text(redis_item(reply, 1)), err);
		if (strcmp(answer, "fetch") == 0)
			return fetch_for_all(flight, &names, ret, err);

		clock_sleep_ms(flight->clock, pause_ms);
		pause_ms = pause_ms * 2 < POLL_LAST_MS ? pause_ms * 2 : POLL_LAST_MS;
	} while (clock_mono_ms(flight->clock) < deadline_ms);
	return err_set(err, ERR_TIMEOUT, ERR_RETRY_LATER,
		"no market data within %d ms from the run that reads it", PATIENCE_MS);
}

void single_flight_drop(struct redis *redis, const char *name)
{
	if (redis == NULL)
		return;
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err ignored;
	const char *const texts[] = {"DEL", name};
	(void)!redis_command(redis, 2, texts, NULL, &reply, &ignored);
}
