#include "core/queue/queue.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/redis.h"
#include "core/queue/payload.h"
#include "core/queue/scripts.h"
#include "core/queue/weights.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_GENERATION "{bb}:generation"
#define KEY_FENCE "{bb}:fence"
#define KEY_MARKS "{bb}:marks"
#define KEY_WAKE "{bb}:wake"
#define KEY_RETRY "{bb}:retry"
#define KEY_DEAD "{bb}:dead"
#define KEY_SWEPT "{bb}:swept"

/*
 * Jobs that were handed back stand in a stream of their own that is tried before all others. It
 * cannot starve them: a runner holds one job, so it is never longer than the number of runners.
 */
enum stream {
	STREAM_HIGH = PRIORITY_HIGH,
	STREAM_NORMAL = PRIORITY_NORMAL,
	STREAM_LOW = PRIORITY_LOW,
	STREAM_BACK = PRIORITY_COUNT,
	STREAM_COUNT,
};

static const char *const keys[STREAM_COUNT] = {
	[STREAM_HIGH] = "{bb}:jobs:high",
	[STREAM_NORMAL] = "{bb}:jobs:normal",
	[STREAM_LOW] = "{bb}:jobs:low",
	[STREAM_BACK] = "{bb}:jobs:back",
};

/* The first letter of a message_id; what follows is Redis's id: "h:1764000000000-0". */
static const char letters[STREAM_COUNT + 1] = "hnlb";

enum {
	BATCH_JOBS = 500,       /* of one push script: about 2 ms of Redis's time */
	WINDOW = 4,             /* push scripts on their way at once */
	PUSH_FIXED = 3 + 6 + 2, /* EVALSHA SHA1 COUNT, keys, fence, ttl */
	REPLY_MS = 3000,        /* for one reply, beside what the command itself waits */
	NUMBER_SIZE = 24,
};

struct queue {
	struct redis *redis; /* borrowed */
	char *consumer;      /* NULL: a producer */
	int64_t mark_ttl_ms;
	struct weights weights;
	char generation[40]; /* the newest seen; "" before */
	bool in_doubt;       /* a fetch failed: a job may be pending for us that we do not know */
	bool has_pushed;     /* the server has most likely the push script */
};

struct queue *queue_new(const struct queue_options *options)
{
	assert(options->mark_ttl_ms > 0);

	struct queue *queue = mem_zero(1, sizeof *queue);
	queue->redis = options->redis;
	queue->consumer = options->consumer == NULL ? NULL : mem_text(options->consumer);
	queue->mark_ttl_ms = options->mark_ttl_ms;
	weights_init(&queue->weights, random_u64());
	return queue;
}

void queue_free(struct queue **queue)
{
	if (*queue != NULL)
		free((*queue)->consumer);
	free(*queue);
	*queue = NULL;
}

static const char *number(int64_t value, char text[NUMBER_SIZE])
{
	(void)snprintf(text, NUMBER_SIZE, "%" PRId64, value);
	return text;
}

#define NUMBER(value) number(value, (char[NUMBER_SIZE]){0})

/*
 * Refusals that pass by themselves. After READONLY we speak to a server that has been demoted:
 * the next command must look the address up again.
 */
static int failed(struct queue *queue, struct err *err, const char *what)
{
	static const char *const passing[] = {"OOM", "LOADING", "READONLY", "MASTERDOWN",
		"CLUSTERDOWN", "TRYAGAIN", "BUSY", "MISCONF", "NOREPLICAS"};
	const char *reason = strstr(err->message, "refused: ");

	for (size_t i = 0; reason != NULL && i < sizeof passing / sizeof passing[0]; i++)
		if (strncmp(reason + strlen("refused: "), passing[i], strlen(passing[i])) == 0)
			err->retry = ERR_RETRY_LATER;
	if (reason != NULL && strncmp(reason, "refused: READONLY", 17) == 0)
		redis_disconnect(queue->redis);
	return err_while(err, "could not %s", what);
}

/* One script; what: for the error. */
static int run(struct queue *queue, struct redis_script *script, const char *what, size_t key_count,
	size_t count, const char *const *arguments, struct redis_reply **ret, struct err *err)
{
	if (redis_eval(queue->redis, script, key_count, count, arguments, ret, err) == -1)
		return failed(queue, err, what);
	return 0;
}

/* A script that returns a number. ret_count may be NULL. */
static int run_count(struct queue *queue, struct redis_script *script, const char *what,
	size_t key_count, size_t count, const char *const *arguments, size_t *ret_count,
	struct err *err)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	if (run(queue, script, what, key_count, count, arguments, &reply, err) == -1)
		return -1;
	if (redis_type(reply) != REDIS_INT || redis_int(reply) < 0)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"could not %s: the reply is not a count", what);
	if (ret_count != NULL)
		*ret_count = (size_t)redis_int(reply);
	return 0;
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

int queue_prepare(struct queue *queue, bool *ret_fresh, struct err *err)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct uuid generation;

	uuid_random(&generation);
	const char *const arguments[] = {KEY_GENERATION, keys[STREAM_BACK], keys[STREAM_HIGH],
		keys[STREAM_NORMAL], keys[STREAM_LOW], generation.text};
	if (run(queue, &scripts_prepare, "prepare the queue", 5, COUNT_OF(arguments), arguments,
		    &reply, err) == -1)
		return -1;
	if (redis_type(reply) != REDIS_ARRAY || redis_size(reply) != 2)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"could not prepare the queue: the reply is malformed");

	/* Somebody else may have been the first to come after a flush. */
	const char *seen = redis_text(redis_item(reply, 1));
	*ret_fresh = redis_int(redis_item(reply, 0)) == 1 ||
		     (queue->generation[0] != '\0' && strcmp(seen, queue->generation) != 0);
	(void)snprintf(queue->generation, sizeof queue->generation, "%s", seen);
	return 0;
}

/* --- push ----------------------------------------------------------------------------------- */

struct push { /* one call of queue_push */
	struct queue *queue;
	const struct job *jobs;
	size_t count;
	char fence[NUMBER_SIZE];
	char ttl[NUMBER_SIZE];
	bool *pushed;           /* count long */
	const char **arguments; /* of one batch; the first PUSH_FIXED stay */
	char (*payloads)[PAYLOAD_SIZE];
};

static void push_done(struct push *push)
{
	free(push->pushed);
	free(push->arguments);
	free(push->payloads);
}

static void push_init(struct push *push, int64_t fence)
{
	const char *const fixed[PUSH_FIXED] = {"EVALSHA", scripts_push.sha1, "6", KEY_FENCE,
		KEY_MARKS, KEY_WAKE, keys[STREAM_HIGH], keys[STREAM_NORMAL], keys[STREAM_LOW],
		push->fence, push->ttl};

	(void)number(fence, push->fence);
	(void)number(push->queue->mark_ttl_ms, push->ttl);
	push->pushed = mem_alloc(push->count * sizeof *push->pushed);
	push->arguments = mem_alloc((PUSH_FIXED + BATCH_JOBS) * sizeof *push->arguments);
	push->payloads = mem_alloc(BATCH_JOBS * sizeof *push->payloads);
	memcpy(push->arguments, fixed, sizeof fixed);
	for (size_t i = 0; i < push->count; i++)
		push->pushed[i] = true;
}

/* Writes the payloads of one batch; returns how many arguments the whole command has. */
static size_t push_batch(struct push *push, size_t batch)
{
	size_t first = batch * BATCH_JOBS;
	size_t count = push->count - first < BATCH_JOBS ? push->count - first : BATCH_JOBS;

	for (size_t i = 0; i < count; i++) {
		payload_write(&push->jobs[first + i], push->payloads[i]);
		push->arguments[PUSH_FIXED + i] = push->payloads[i];
	}
	return PUSH_FIXED + count;
}

static int push_reply(
	struct push *push, size_t batch, const struct redis_reply *reply, struct err *err)
{
	size_t first = batch * BATCH_JOBS;

	if (redis_type(reply) != REDIS_ARRAY)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"could not push jobs: the reply is malformed");
	for (size_t i = 0; i < redis_size(reply); i++) {
		int64_t place = redis_int(redis_item(reply, i));
		if (place < 1 || place > BATCH_JOBS || first + (size_t)place > push->count)
			return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
				"could not push jobs: the reply names job %" PRId64, place);
		push->pushed[first + (size_t)place - 1] = false;
	}
	return 0;
}

static int push_failed(struct push *push, struct err *err)
{
	if (strstr(err->message, "refused: FENCED") != NULL)
		return err_set(err, ERR_FENCED, ERR_RETRY_NEVER,
			"could not push jobs: a later scheduler than epoch %s has pushed",
			push->fence);
	return failed(push->queue, err, "push jobs");
}

/* By itself, loading the script where it is missing. */
static int push_alone(struct push *push, size_t batch, struct err *err)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	size_t count = push_batch(push, batch) - 3;

	if (redis_eval(push->queue->redis, &scripts_push, 6, count, push->arguments + 3, &reply,
		    err) == -1)
		return push_failed(push, err);
	return push_reply(push, batch, reply, err);
}

/* Reads the reply to one batch. *ret_again if the script was flushed before it ran. */
static int push_read(struct push *push, size_t batch, bool *ret_again, struct err *err)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	if (redis_read(push->queue->redis, REPLY_MS, &reply, err) == -1)
		return failed(push->queue, err, "push jobs");
	*ret_again = redis_type(reply) == REDIS_ERROR &&
		     strncmp(redis_text(reply), "NOSCRIPT", 8) == 0;
	if (*ret_again)
		return 0;
	if (redis_type(reply) == REDIS_ERROR) {
		/* The replies behind this one are of no interest, and must not be the next's. */
		redis_disconnect(push->queue->redis);
		err_set(err, ERR_QUEUE, ERR_RETRY_NEVER, "Redis refused: %.200s",
			redis_text(reply));
		return push_failed(push, err);
	}
	return push_reply(push, batch, reply, err);
}

/* Batches from..to-1, a few on their way at once: Redis works while we write the next. */
static int push_stream(struct push *push, size_t from, size_t to, struct err *err)
{
	CLEANUP(text_free) char *again = mem_zero(to, 1);
	size_t sent = from;

	for (size_t read = from; read < to; read++) {
		bool flushed = false;

		for (; sent < to && sent < read + WINDOW; sent++)
			if (redis_append(push->queue->redis, push_batch(push, sent),
				    push->arguments, NULL, err) == -1)
				return failed(push->queue, err, "push jobs");
		if (push_read(push, read, &flushed, err) == -1)
			return -1;
		again[read] = flushed;
	}
	for (size_t i = from; i < to; i++)
		if (again[i] && push_alone(push, i, err) == -1)
			return -1;
	return 0;
}

int queue_push(struct queue *queue, const struct job *jobs, size_t count, int64_t fence,
	bool *ret_pushed, struct err *err)
{
	CLEANUP(push_done) struct push push = {.queue = queue, .jobs = jobs, .count = count};
	size_t batches = (count + BATCH_JOBS - 1) / BATCH_JOBS;

	push_init(&push, fence);
	/* The very first goes alone and loads the script; one without jobs makes the epoch known.
	 * Each batch asks by itself about the fence. */
	size_t alone = queue->has_pushed && count > 0 ? 0 : 1;
	if (alone == 1 && push_alone(&push, 0, err) == -1)
		return -1;
	queue->has_pushed = true;
	if (batches > alone && push_stream(&push, alone, batches, err) == -1)
		return -1;
	if (ret_pushed != NULL)
		memcpy(ret_pushed, push.pushed, count * sizeof *ret_pushed);
	return 0;
}

/* --- fetch ---------------------------------------------------------------------------------- */

/* "" and STREAM_HIGH if the job was never fetched. */
static enum stream stream_of(const struct job *job, const char **ret_id)
{
	const char *letter = job->message_id[0] == '\0' ? NULL
							: strchr(letters, job->message_id[0]);

	if (letter == NULL || job->message_id[1] != ':') {
		*ret_id = "";
		return STREAM_HIGH;
	}
	*ret_id = job->message_id + 2;
	return (enum stream)(letter - letters);
}

/* payload: as it is in Redis, readable or not. */
static int bury(struct queue *queue, enum stream stream, const char *id, const char *payload,
	const char *reason, struct err *err)
{
	const char *const arguments[] = {KEY_MARKS, keys[stream], KEY_DEAD, id, payload, reason};

	return run_count(
		queue, &scripts_dead, "bury a job", 3, COUNT_OF(arguments), arguments, NULL, err);
}

/* A message that no runner can read would come back for ever: it is buried where it can be seen. */
static int take_job(struct queue *queue, enum stream stream, const char *id, const char *payload,
	struct job *ret, struct err *err)
{
	struct job job;

	if (strlen(id) + 3 > sizeof job.message_id)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"the queue holds a message with an unrecognized id \"%.60s\"", id);
	if (payload_parse(payload, &job, err) == -1) {
		struct err ignored; /* the first failure says more */
		(void)!bury(queue, stream, id, payload, "malformed", &ignored);
		return -1;
	}
	(void)snprintf(job.message_id, sizeof job.message_id, "%c:%.28s", letters[stream], id);
	*ret = job;
	return 0;
}

static int malformed(struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
		"could not fetch a job: the reply is malformed");
}

/* "PLACE MESSAGE PAYLOAD" of the fetching script, whose KEYS are marks, wake and order. */
static int take_text(struct queue *queue, const enum stream order[STREAM_COUNT], const char *text,
	struct job *ret, struct err *err)
{
	const char *id = text + 2;
	size_t id_bytes = text[0] == '\0' || text[1] == '\0' ? 0 : strcspn(id, " ");
	char id_text[64];

	if (text[0] < '3' || text[0] >= '3' + STREAM_COUNT || text[1] != ' ' ||
		id_bytes >= sizeof id_text || id[id_bytes] != ' ')
		return malformed(err);
	memcpy(id_text, id, id_bytes);
	id_text[id_bytes] = '\0';
	return take_job(queue, order[text[0] - '3'], id_text, id + id_bytes + 1, ret, err);
}

/* One round trip: finishes done (NULL: none) and takes the next job if there is one. */
static int fetch(struct queue *queue, const struct job *done, struct job *ret, bool *ret_got,
	struct err *err)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	enum stream order[STREAM_COUNT] = {STREAM_BACK};
	enum priority priorities[PRIORITY_COUNT];
	char place[NUMBER_SIZE] = "3";
	char slot[PAYLOAD_SLOT_SIZE] = "";
	const char *id = "";

	weights_order(&queue->weights, priorities);
	for (size_t i = 0; i < PRIORITY_COUNT; i++)
		order[i + 1] = (enum stream)priorities[i];
	if (done != NULL) {
		enum stream stream = stream_of(done, &id);
		for (size_t i = 0; i < STREAM_COUNT; i++)
			if (order[i] == stream)
				(void)number((int64_t)i + 3, place);
		payload_slot(done->scheduled_s, slot);
	}

	const char *const arguments[] = {KEY_MARKS, KEY_WAKE, keys[order[0]], keys[order[1]],
		keys[order[2]], keys[order[3]], queue->consumer, id, place,
		done == NULL ? "" : done->bot.text, slot};
	if (run(queue, &scripts_next, "fetch a job", 6, COUNT_OF(arguments), arguments, &reply,
		    err) == -1)
		return -1;
	*ret_got = redis_type(reply) == REDIS_TEXT;
	return *ret_got ? take_text(queue, order, redis_text(reply), ret, err) : 0;
}

/*
 * Waits in Redis for a token, which every script that adds jobs leaves, one for each. Tokens are
 * handed to waiting runners in their order: nobody polls, and one job wakes one runner. A blocking
 * read of the streams themselves would save a round trip, but costs Redis a look at every waiting
 * runner for each push (measured: 0.8 ms with 1,000 of them), and gives one job of each stream.
 */
static int wait_for_token(struct queue *queue, int64_t block_ms, struct err *err)
{
	char seconds[NUMBER_SIZE];
	const char *const arguments[] = {"BLPOP", KEY_WAKE, seconds};

	(void)snprintf(seconds, sizeof seconds, "%" PRId64 ".%03d", block_ms / 1000,
		(int)(block_ms % 1000));
	if (redis_command_within(queue->redis, block_ms + REPLY_MS, COUNT_OF(arguments), arguments,
		    NULL, NULL, err) == -1)
		return failed(queue, err, "wait for a job");
	return 0;
}

/* What a failed call left behind: done may be finished or not, a job may be pending for us. */
static int settle(struct queue *queue, const struct job *done, struct err *err)
{
	if (done != NULL && queue_ack(queue, done, err) == -1)
		return -1;
	return queue_hand_back(queue, queue->consumer, false, NULL, err);
}

static int next(struct queue *queue, const struct job *done, int64_t block_ms, struct job *ret,
	bool *ret_got, struct err *err)
{
	int64_t deadline_mono_ms = clock_mono_ms(clock_system()) + block_ms;

	if (queue->in_doubt) {
		if (settle(queue, done, err) == -1)
			return -1;
		done = NULL;
	}
	for (;;) {
		if (fetch(queue, done, ret, ret_got, err) == -1)
			return -1;
		int64_t left_ms = deadline_mono_ms - clock_mono_ms(clock_system());
		if (*ret_got || left_ms <= 0)
			return 0;
		if (wait_for_token(queue, left_ms, err) == -1)
			return -1;
		done = NULL;
	}
}

int queue_next(struct queue *queue, const struct job *done, int64_t block_ms, struct job *ret,
	bool *ret_got, struct err *err)
{
	struct job job;
	bool got;

	assert(queue->consumer != NULL);

	if (next(queue, done, block_ms, &job, &got, err) == -1) {
		queue->in_doubt = true;
		return -1;
	}
	queue->in_doubt = false;
	if (got)
		*ret = job;
	*ret_got = got;
	return 0;
}

/* --- the end of a job ----------------------------------------------------------------------- */

int queue_ack(struct queue *queue, const struct job *done, struct err *err)
{
	char slot[PAYLOAD_SLOT_SIZE];
	const char *id;
	enum stream stream = stream_of(done, &id);

	if (*id == '\0')
		return 0;
	payload_slot(done->scheduled_s, slot);
	const char *const arguments[] = {KEY_MARKS, keys[stream], id, done->bot.text, slot};
	return run_count(queue, &scripts_ack, "acknowledge a job", 2, COUNT_OF(arguments),
		arguments, NULL, err);
}

int queue_retry(struct queue *queue, const struct job *job, int64_t delay_ms, struct err *err)
{
	char payload[PAYLOAD_SIZE];
	const char *id;
	enum stream stream = stream_of(job, &id);

	assert(*id != '\0' && delay_ms >= 0);

	payload_write(job, payload);
	const char *const arguments[] = {KEY_MARKS, keys[stream], KEY_RETRY, id, payload,
		NUMBER(delay_ms), NUMBER(queue->mark_ttl_ms)};
	return run_count(queue, &scripts_retry, "put a job off", 3, COUNT_OF(arguments), arguments,
		NULL, err);
}

int queue_promote(struct queue *queue, size_t limit, size_t *ret_count, struct err *err)
{
	const char *const arguments[] = {KEY_MARKS, KEY_RETRY, KEY_WAKE, keys[STREAM_HIGH],
		keys[STREAM_NORMAL], keys[STREAM_LOW], NUMBER((int64_t)limit),
		NUMBER(queue->mark_ttl_ms)};

	return run_count(queue, &scripts_promote, "promote retries", 6, COUNT_OF(arguments),
		arguments, ret_count, err);
}

int queue_hand_back(struct queue *queue, const char *consumer, bool delete_consumer,
	size_t *ret_count, struct err *err)
{
	const char *const arguments[] = {KEY_MARKS, KEY_WAKE, keys[STREAM_BACK], keys[STREAM_HIGH],
		keys[STREAM_NORMAL], keys[STREAM_LOW], consumer, NUMBER(queue->mark_ttl_ms),
		delete_consumer ? "1" : "0"};

	return run_count(queue, &scripts_hand_back, "hand back jobs", 6, COUNT_OF(arguments),
		arguments, ret_count, err);
}

int queue_reclaim(
	struct queue *queue, int64_t idle_ms, size_t limit, size_t *ret_count, struct err *err)
{
	const char *const arguments[] = {KEY_MARKS, KEY_WAKE, keys[STREAM_BACK], keys[STREAM_HIGH],
		keys[STREAM_NORMAL], keys[STREAM_LOW], KEY_SWEPT, NUMBER(idle_ms),
		NUMBER((int64_t)limit), NUMBER(queue->mark_ttl_ms)};

	return run_count(queue, &scripts_reclaim, "reclaim jobs", 7, COUNT_OF(arguments), arguments,
		ret_count, err);
}

int queue_dead(struct queue *queue, const struct job *job, const char *reason, struct err *err)
{
	char payload[PAYLOAD_SIZE];
	const char *id;
	enum stream stream = stream_of(job, &id);

	assert(*id != '\0');

	payload_write(job, payload);
	return bury(queue, stream, id, payload, reason, err);
}

int queue_unmark(struct queue *queue, const struct uuid *bot, struct err *err)
{
	const char *const arguments[] = {"HDEL", KEY_MARKS, bot->text};

	if (redis_command(queue->redis, COUNT_OF(arguments), arguments, NULL, NULL, err) == -1)
		return failed(queue, err, "clear a bot's mark");
	return 0;
}

int queue_depth(struct queue *queue, struct queue_depth *ret, struct err *err)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	const char *const arguments[] = {keys[STREAM_BACK], keys[STREAM_HIGH], keys[STREAM_NORMAL],
		keys[STREAM_LOW], KEY_RETRY, KEY_DEAD};
	int64_t numbers[8];

	if (run(queue, &scripts_depth, "measure the queue", 6, COUNT_OF(arguments), arguments,
		    &reply, err) == -1)
		return -1;
	if (redis_type(reply) != REDIS_ARRAY || redis_size(reply) != COUNT_OF(numbers))
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"could not measure the queue: the reply is malformed");
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		numbers[i] = redis_int(redis_item(reply, i));
	*ret = (struct queue_depth){
		/* Handed-back jobs are served before all others: the high ones' company. */
		.waiting = {numbers[0] + numbers[1], numbers[2], numbers[3]},
		.pending = numbers[4],
		.retries = numbers[5],
		.dead = numbers[6],
		.oldest_ms = numbers[7],
	};
	return 0;
}

int queue_publish(struct queue *queue, const char *message, struct err *err)
{
	const char *const arguments[] = {"PUBLISH", QUEUE_CHANNEL, message};

	if (redis_command(queue->redis, COUNT_OF(arguments), arguments, NULL, NULL, err) == -1)
		return failed(queue, err, "publish to workers and schedulers");
	return 0;
}
