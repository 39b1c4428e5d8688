/* The queue against a real Redis: each step, each step twice, and Redis losing its memory. */
#include "core/queue/queue.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/redis.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TTL_MS 60000
#define WAIT_MS 120000 /* longer than a test may take: whoever waits to the end has failed */
#define COMMAND_MAX 12

static struct redis *redis;
static struct queue *queue; /* consumer "a" */
static struct err err;

static struct redis *connection(void)
{
	struct redis *made;

	cr_assert(
		zero(int, redis_new(test_redis_url(), 2000, 5000, &made, &err)), "%s", err.message);
	return made;
}

static struct queue *queue_of(struct redis *on, const char *consumer, int64_t ttl_ms)
{
	const struct queue_options options = {on, consumer, ttl_ms};

	return queue_new(&options);
}

/* One plain command, NULL at its end. The caller frees the reply. */
static struct redis_reply *plain(const char *first, ...)
{
	const char *words[COMMAND_MAX] = {first};
	size_t count = 1;
	struct redis_reply *reply;
	va_list rest;

	va_start(rest, first);
	while ((words[count] = va_arg(rest, const char *)) != NULL)
		count++;
	va_end(rest);
	cr_assert(zero(int, redis_command(redis, count, words, NULL, &reply, &err)), "%s: %s",
		first, err.message);
	return reply;
}

#define PLAIN(...)                                                                                 \
	do {                                                                                       \
		struct redis_reply *reply_ = plain(__VA_ARGS__, NULL);                             \
		redis_reply_free(&reply_);                                                         \
	} while (0)

/* Criterion runs tests side by side; the server is one. The lock goes with the process. */
static void setup(void)
{
	bool fresh;

	(void)test_redis_url();
	int lock = open("/tmp/botbeat-test-redis.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	cr_assert(ge(int, lock, 0));
	cr_assert(zero(int, flock(lock, LOCK_EX)));

	redis = connection();
	queue = queue_of(redis, "a", TTL_MS);
	PLAIN("FLUSHALL");
	cr_assert(zero(int, queue_prepare(queue, &fresh, &err)), "%s", err.message);
	cr_assert(fresh);
}

static void teardown(void)
{
	queue_free(&queue);
	redis_free(&redis);
}

TestSuite(queue, .init = setup, .fini = teardown, .timeout = 60);

static struct job job_of(int number, enum priority priority)
{
	struct job job = {.scheduled_s = 1764000000, .priority = priority, .due_ms = 1764000000250};

	(void)snprintf(job.bot.text, sizeof job.bot.text, "6f2c0c3e-0000-4000-8000-%012x", number);
	(void)snprintf(job.tenant.text, sizeof job.tenant.text, "6f2c0c3e-0000-4000-9000-%012x",
		number % 7);
	return job;
}

/* Pushes one job; false if it was left out. */
static bool push(const struct job *job)
{
	bool pushed = false;

	cr_assert(zero(int, queue_push(queue, job, 1, 1, &pushed, &err)), "%s", err.message);
	return pushed;
}

/* False if there is none. */
static bool next(struct queue *of, const struct job *done, struct job *ret)
{
	bool got = false;

	cr_assert(zero(int, queue_next(of, done, 0, ret, &got, &err)), "%s", err.message);
	return got;
}

static struct queue_depth depth(void)
{
	struct queue_depth found;

	cr_assert(zero(int, queue_depth(queue, &found, &err)), "%s", err.message);
	return found;
}

static void expect_depth(int waiting, int pending, int retries, int dead)
{
	struct queue_depth found = depth();

	cr_expect(eq(i64, found.waiting[0] + found.waiting[1] + found.waiting[2], waiting));
	cr_expect(eq(i64, found.pending, pending));
	cr_expect(eq(i64, found.retries, retries));
	cr_expect(eq(i64, found.dead, dead));
}

static void expect_same(const struct job *got, const struct job *wanted)
{
	cr_expect(zero(int, strcmp(got->bot.text, wanted->bot.text)));
	cr_expect(zero(int, strcmp(got->tenant.text, wanted->tenant.text)));
	cr_expect(eq(i64, got->scheduled_s, wanted->scheduled_s));
	cr_expect(eq(i64, got->due_ms, wanted->due_ms));
	cr_expect(eq(int, got->priority, wanted->priority));
}

static bool marked(const struct job *job)
{
	struct redis_reply *reply = plain("HEXISTS", "{bb}:marks", job->bot.text, NULL);
	bool found = redis_int(reply) == 1;

	redis_reply_free(&reply);
	return found;
}

/* Sets a bot's mark to an expiry that lies some milliseconds from Redis's now. */
static void set_mark(const struct job *job, int64_t from_now_ms)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = plain("TIME", NULL);
	char mark[40];
	int64_t now_ms = strtoll(redis_text(redis_item(reply, 0)), NULL, 10) * 1000;

	(void)snprintf(mark, sizeof mark, "%013lld %010lld", (long long)(now_ms + from_now_ms),
		(long long)job->scheduled_s);
	PLAIN("HSET", "{bb}:marks", job->bot.text, mark);
}

/* --- push and fetch ------------------------------------------------------------------------- */

Test(queue, delivers_what_was_pushed)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;

	cr_expect(push(&job));
	expect_depth(1, 0, 0, 0);
	cr_assert(next(queue, NULL, &got));
	expect_same(&got, &job);
	cr_expect(ne(chr, got.message_id[0], '\0'));
	expect_depth(0, 1, 0, 0);
	cr_expect(not(next(queue, &got, &got)));
	expect_depth(0, 0, 0, 0);
	cr_expect(not(marked(&job)));
}

Test(queue, leaves_out_a_bot_that_is_queued_or_running)
{
	struct job job = job_of(1, PRIORITY_NORMAL), later = job, got;

	later.scheduled_s += 300;
	cr_expect(push(&job));
	cr_expect(not(push(&later)));
	cr_assert(next(queue, NULL, &got));
	cr_expect(not(push(&later)));
	cr_assert(zero(int, queue_ack(queue, &got, &err)));
	cr_expect(push(&later));
	expect_depth(1, 0, 0, 0);
}

Test(queue, leaves_out_the_second_job_of_a_bot_in_one_push)
{
	struct job jobs[3] = {
		job_of(1, PRIORITY_HIGH), job_of(2, PRIORITY_HIGH), job_of(1, PRIORITY_LOW)};
	bool pushed[3];

	cr_assert(zero(int, queue_push(queue, jobs, 3, 1, pushed, &err)));
	cr_expect(pushed[0] && pushed[1] && !pushed[2]);
	expect_depth(2, 0, 0, 0);
}

Test(queue, heals_a_leaked_mark_by_its_expiry)
{
	struct job job = job_of(1, PRIORITY_NORMAL);

	set_mark(&job, 5000);
	cr_expect(not(push(&job)));
	set_mark(&job, -5000);
	cr_expect(push(&job));
	cr_expect(not(push(&job)));
}

/* Redis's clock was set back by an hour: the bot must not wait for an hour. */
Test(queue, takes_a_mark_from_the_far_future_for_expired)
{
	struct job job = job_of(1, PRIORITY_NORMAL);

	set_mark(&job, 3600 * 1000);
	cr_expect(push(&job));
}

Test(queue, does_not_clear_the_mark_of_a_later_slot)
{
	struct job job = job_of(1, PRIORITY_NORMAL), later = job, got;

	later.scheduled_s += 300;
	cr_expect(push(&job));
	cr_assert(next(queue, NULL, &got));
	set_mark(&later, 5000);
	cr_assert(zero(int, queue_ack(queue, &got, &err)));
	cr_expect(marked(&job));
}

Test(queue, unmarks_a_bot)
{
	struct job job = job_of(1, PRIORITY_NORMAL);

	cr_expect(push(&job));
	cr_assert(zero(int, queue_unmark(queue, &job.bot, &err)));
	cr_expect(push(&job));
}

Test(queue, refuses_a_scheduler_of_an_older_epoch)
{
	struct job job = job_of(1, PRIORITY_NORMAL), other = job_of(2, PRIORITY_NORMAL);
	bool pushed = true;

	cr_assert(zero(int, queue_push(queue, &job, 1, 7, &pushed, &err)));
	cr_expect(eq(int, queue_push(queue, &other, 1, 6, &pushed, &err), -1));
	cr_expect(eq(int, err.code, ERR_FENCED), "%s", err.message);
	cr_expect(not(marked(&other)));
	expect_depth(1, 0, 0, 0);
	cr_assert(zero(int, queue_push(queue, &other, 1, 8, &pushed, &err)));
	expect_depth(2, 0, 0, 0);
}

Test(queue, an_epoch_fences_before_its_first_job)
{
	struct job job = job_of(1, PRIORITY_NORMAL), other = job_of(2, PRIORITY_NORMAL);
	bool pushed = true;

	cr_assert(zero(int, queue_push(queue, &other, 1, 6, &pushed, &err)));
	cr_expect(zero(int, queue_push(queue, NULL, 0, 7, NULL, &err)), "%s", err.message);
	expect_depth(1, 0, 0, 0);
	cr_expect(eq(int, queue_push(queue, &job, 1, 6, &pushed, &err), -1));
	cr_expect(eq(int, err.code, ERR_FENCED), "%s", err.message);
	cr_expect(zero(int, queue_push(queue, &job, 1, 7, &pushed, &err)));
}

static struct job *many(int count)
{
	struct job *jobs = mem_alloc((uint64_t)count * sizeof *jobs);

	for (int i = 0; i < count; i++)
		jobs[i] = job_of(i, (enum priority)(i % PRIORITY_COUNT));
	return jobs;
}

Test(queue, pushes_a_hundred_thousand_jobs)
{
	enum { COUNT = 100000 };
	struct job *jobs = many(COUNT);
	bool *pushed = mem_zero(COUNT, sizeof *pushed);
	int in = 0;

	/* Two that are marked, first and last of a batch. */
	set_mark(&jobs[500], 30000);
	set_mark(&jobs[99999], 30000);
	cr_assert(zero(int, queue_push(queue, jobs, COUNT, 1, pushed, &err)), "%s", err.message);
	for (int i = 0; i < COUNT; i++)
		in += pushed[i];
	cr_expect(eq(int, in, COUNT - 2));
	cr_expect(not(pushed[500] || pushed[99999]));
	expect_depth(COUNT - 2, 0, 0, 0);
	free(jobs);
	free(pushed);
}

Test(queue, pushes_on_when_scripts_are_flushed_and_jobs_repeat)
{
	enum { COUNT = 5000 };
	struct job *jobs = many(COUNT);
	bool pushed[COUNT];

	cr_assert(zero(int, queue_push(queue, jobs, COUNT / 2, 1, NULL, &err)));
	PLAIN("SCRIPT", "FLUSH");
	cr_assert(zero(int, queue_push(queue, jobs, COUNT, 1, pushed, &err)), "%s", err.message);
	cr_expect(not(pushed[COUNT / 2 - 1]));
	cr_expect(pushed[COUNT / 2]);
	expect_depth(COUNT, 0, 0, 0);
	free(jobs);
}

/* Somebody flushes the scripts again and again: batches that were on their way are sent again. */
Test(queue, pushes_every_batch_while_scripts_are_flushed)
{
	enum { COUNT = 50000 };
	struct job *jobs = many(COUNT);
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		redis = connection();
		for (;;)
			PLAIN("SCRIPT", "FLUSH");
	}
	int result = queue_push(queue, jobs, COUNT, 1, NULL, &err);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	cr_assert(zero(int, result), "%s", err.message);
	expect_depth(COUNT, 0, 0, 0);
	free(jobs);
}

Test(queue, takes_from_streams_by_weight_and_starves_none)
{
	enum { EACH = 130 };
	int served[PRIORITY_COUNT] = {0};
	struct job job;

	for (int i = 0; i < EACH * PRIORITY_COUNT; i++) {
		job = job_of(i, (enum priority)(i % PRIORITY_COUNT));
		cr_assert(push(&job));
	}
	for (int i = 0; i < EACH; i++) {
		cr_assert(next(queue, i == 0 ? NULL : &job, &job));
		served[job.priority]++;
	}
	cr_expect(eq(int, served[PRIORITY_HIGH], 80));
	cr_expect(eq(int, served[PRIORITY_NORMAL], 40));
	cr_expect(eq(int, served[PRIORITY_LOW], 10));

	/* One job at a time: nothing else was taken along. */
	expect_depth(EACH * PRIORITY_COUNT - EACH, 1, 0, 0);
	while (next(queue, &job, &job))
		served[job.priority]++;
	cr_expect(eq(int, served[PRIORITY_LOW], EACH));
	expect_depth(0, 0, 0, 0);
}

Test(queue, gives_each_job_to_one_of_two_consumers)
{
	struct redis *other_redis = connection();
	struct queue *other = queue_of(other_redis, "b", TTL_MS);
	struct job jobs[20], got;
	int seen[20] = {0};

	for (int i = 0; i < 20; i++) {
		jobs[i] = job_of(i, PRIORITY_NORMAL);
		cr_assert(push(&jobs[i]));
	}
	for (int i = 0; i < 20; i++) {
		cr_assert(next(i % 2 == 0 ? queue : other, NULL, &got));
		seen[strtol(got.bot.text + 24, NULL, 16)]++;
		cr_assert(zero(int, queue_ack(i % 2 == 0 ? queue : other, &got, &err)));
	}
	for (int i = 0; i < 20; i++)
		cr_expect(eq(int, seen[i], 1));
	queue_free(&other);
	redis_free(&other_redis);
}

Test(queue, measures_its_age)
{
	struct job job = job_of(1, PRIORITY_LOW);

	cr_expect(zero(i64, depth().oldest_ms));
	PLAIN("XADD", "{bb}:jobs:low", "1000-0", "job", "x");
	cr_assert(push(&job));
	struct queue_depth found = depth();
	cr_expect(eq(i64, found.waiting[PRIORITY_LOW], 2));
	cr_expect(gt(i64, found.oldest_ms, 1000000000000));
}

/* --- waiting -------------------------------------------------------------------------------- */

/* Returns when so many clients wait inside Redis. */
static void await_blocked(int wanted)
{
	char line[32];

	(void)snprintf(line, sizeof line, "blocked_clients:%d\r", wanted);
	for (int i = 0; i < 500; i++) {
		CLEANUP(redis_reply_free)
		struct redis_reply *reply = plain("INFO", "clients", NULL);
		if (strstr(redis_text(reply), line) != NULL)
			return;
		clock_sleep_ms(clock_system(), 10);
	}
	cr_fatal("no %d clients wait for a job", wanted);
}

static void await_pending(int wanted)
{
	for (int i = 0; i < 500; i++) {
		if (depth().pending == wanted)
			return;
		clock_sleep_ms(clock_system(), 10);
	}
	cr_fatal("no %d jobs are pending", wanted);
}

/* A runner of its own: exits 10 + the last digit of the bot it got, 1 on a failure, 0 on none. */
static pid_t runner(const char *name, int64_t block_ms)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct redis *own = connection();
	struct queue *of = queue_of(own, name, TTL_MS);
	struct job job;
	bool got = false;
	if (queue_next(of, NULL, block_ms, &job, &got, &err) == -1)
		_exit(1);
	_exit(got ? 10 + job.bot.text[35] - '0' : 0);
}

static int exit_of(pid_t pid)
{
	int status = 0;

	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(queue, wakes_one_waiting_runner_per_job)
{
	struct job jobs[2] = {job_of(3, PRIORITY_LOW), job_of(4, PRIORITY_HIGH)};
	pid_t runners[4];
	int sum = 0;

	for (int i = 0; i < 4; i++)
		runners[i] = runner((const char *[]){"r0", "r1", "r2", "r3"}[i], WAIT_MS);
	await_blocked(4);
	cr_assert(zero(int, queue_push(queue, jobs, 2, 1, NULL, &err)));
	await_pending(2);
	await_blocked(2);
	jobs[0] = job_of(5, PRIORITY_NORMAL);
	jobs[1] = job_of(6, PRIORITY_NORMAL);
	cr_assert(zero(int, queue_push(queue, jobs, 2, 1, NULL, &err)));
	for (int i = 0; i < 4; i++)
		sum += exit_of(runners[i]);
	cr_expect(eq(int, sum, 13 + 14 + 15 + 16));
}

static int64_t tokens(void)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = plain("LLEN", "{bb}:wake", NULL);

	return redis_int(reply);
}

Test(queue, wakes_a_runner_for_each_way_a_job_comes_in)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;
	size_t count;
	pid_t pid;

	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	cr_assert(zero(int, queue_retry(queue, &got, 0, &err)));
	PLAIN("DEL", "{bb}:wake");
	pid = runner("b", WAIT_MS);
	await_blocked(1);
	cr_assert(zero(int, queue_promote(queue, 10, &count, &err)));
	cr_expect(eq(int, exit_of(pid), 11));

	pid = runner("c", WAIT_MS);
	await_blocked(1);
	cr_assert(zero(int, queue_hand_back(queue, "b", true, &count, &err)));
	cr_expect(eq(int, exit_of(pid), 11));

	pid = runner("d", WAIT_MS);
	await_blocked(1);
	cr_assert(zero(int, queue_reclaim(queue, 0, 10, &count, &err)));
	cr_expect(eq(int, exit_of(pid), 11));
}

Test(queue, keeps_few_tokens_and_none_when_nothing_waits)
{
	enum { COUNT = 5000 };
	struct job *jobs = many(COUNT), got;
	bool first = true;

	cr_assert(zero(int, queue_push(queue, jobs, COUNT, 1, NULL, &err)));
	cr_expect(gt(i64, tokens(), 0));
	cr_expect(lt(i64, tokens(), 2000));
	while (next(queue, first ? NULL : &got, &got))
		first = false;
	cr_expect(zero(i64, tokens()));
	free(jobs);
}

Test(queue, goes_on_waiting_after_a_flush)
{
	struct job job = job_of(5, PRIORITY_NORMAL);
	pid_t pid = runner("r", WAIT_MS);

	await_blocked(1);
	PLAIN("FLUSHALL");
	await_blocked(1);
	cr_assert(push(&job));
	cr_expect(eq(int, exit_of(pid), 15));
}

Test(queue, returns_without_a_job_at_the_end_of_its_time)
{
	struct job job;
	bool got = true;

	cr_assert(zero(int, queue_next(queue, NULL, 20, &job, &got, &err)));
	cr_expect(not(got));
}

/* A lost reply leaves a job pending for us that we do not know of. */
Test(queue, finds_a_job_again_whose_delivery_was_lost)
{
	struct job job = job_of(7, PRIORITY_LOW), got;
	bool ignored;

	cr_assert(push(&job));
	PLAIN("XREADGROUP", "GROUP", "runners", "a", "COUNT", "1", "STREAMS", "{bb}:jobs:low", ">");
	/* What makes the fetch fail does not matter. */
	PLAIN("SET", "{bb}:jobs:high", "not a stream");
	cr_expect(eq(int, queue_next(queue, NULL, 0, &got, &ignored, &err), -1));
	PLAIN("DEL", "{bb}:jobs:high");
	cr_assert(next(queue, NULL, &got));
	expect_same(&got, &job);
	expect_depth(0, 1, 0, 0);
}

/* Pushes and waits race here; the property holds in every order. */
Test(queue, never_holds_two_jobs)
{
	enum { PAIRS = 300 };
	pid_t pid = fork();

	if (pid == 0) {
		struct redis *own = connection();
		struct queue *of = queue_of(own, NULL, TTL_MS);
		for (int i = 0; i < PAIRS; i++) {
			struct job pair[2] = {
				job_of(2 * i, PRIORITY_LOW), job_of(2 * i + 1, PRIORITY_NORMAL)};
			if (queue_push(of, pair, 2, 1, NULL, &err) == -1)
				_exit(1);
		}
		_exit(0);
	}

	struct job job;
	for (int i = 0; i < 2 * PAIRS; i++) {
		bool got = false;
		cr_assert(zero(
			int, queue_next(queue, i == 0 ? NULL : &job, WAIT_MS, &job, &got, &err)));
		cr_assert(got);
		cr_expect(eq(i64, depth().pending, 1));
	}
	cr_assert(zero(int, queue_ack(queue, &job, &err)));
	cr_expect(zero(int, exit_of(pid)));
	expect_depth(0, 0, 0, 0);
}

Test(queue, buries_a_message_that_is_no_job)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;
	bool ignored;

	PLAIN("XADD", "{bb}:jobs:normal", "*", "job", "what is this");
	cr_assert(push(&job));
	cr_expect(eq(int, queue_next(queue, NULL, 0, &got, &ignored, &err), -1));
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", err.message);
	cr_assert(next(queue, NULL, &got));
	expect_same(&got, &job);
	expect_depth(0, 1, 0, 1);
}

/* --- retry, hand back, reclaim, dead -------------------------------------------------------- */

Test(queue, brings_a_retry_back_to_its_stream_when_its_time_has_come)
{
	struct job job = job_of(1, PRIORITY_LOW), got;
	size_t count;

	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	cr_assert(zero(int, queue_retry(queue, &got, 3600 * 1000, &err)));
	expect_depth(0, 0, 1, 0);
	cr_expect(not(push(&job)));
	cr_assert(zero(int, queue_promote(queue, 10, &count, &err)));
	cr_expect(zero(sz, count));

	/* Its time has come: the score is moved instead of the clock. */
	CLEANUP(redis_reply_free)
	struct redis_reply *all = plain("ZRANGE", "{bb}:retry", "0", "-1", NULL);
	PLAIN("ZADD", "{bb}:retry", "1000", redis_text(redis_item(all, 0)));
	cr_assert(zero(int, queue_promote(queue, 10, &count, &err)));
	cr_expect(eq(sz, count, 1));
	cr_expect(eq(i64, depth().waiting[PRIORITY_LOW], 1));
	cr_assert(next(queue, NULL, &got));
	expect_same(&got, &job);
	cr_expect(marked(&job));
}

Test(queue, promotes_no_more_than_asked)
{
	struct job job, got;
	size_t count;

	for (int i = 0; i < 5; i++) {
		job = job_of(i, PRIORITY_NORMAL);
		cr_assert(push(&job));
		cr_assert(next(queue, NULL, &got));
		cr_assert(zero(int, queue_retry(queue, &got, 0, &err)));
	}
	cr_assert(zero(int, queue_promote(queue, 3, &count, &err)));
	cr_expect(eq(sz, count, 3));
	expect_depth(3, 0, 2, 0);
}

Test(queue, does_not_retry_twice_nor_after_a_hand_back)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;
	size_t count;

	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	cr_assert(zero(int, queue_hand_back(queue, "a", false, &count, &err)));
	cr_expect(eq(sz, count, 1));
	cr_assert(zero(int, queue_retry(queue, &got, 0, &err)));
	cr_assert(zero(int, queue_dead(queue, &got, "poison", &err)));
	cr_assert(zero(int, queue_ack(queue, &got, &err)));
	cr_expect(marked(&job));
	expect_depth(1, 0, 0, 0);
}

Test(queue, serves_handed_back_jobs_first_and_as_they_were)
{
	struct redis *other_redis = connection();
	struct queue *other = queue_of(other_redis, "dead runner", TTL_MS);
	struct job job = job_of(1, PRIORITY_LOW), got;
	size_t count;

	cr_assert(push(&job));
	cr_assert(next(other, NULL, &got));
	for (int i = 2; i < 40; i++) {
		struct job later = job_of(i, PRIORITY_HIGH);
		cr_assert(push(&later));
	}
	cr_assert(zero(int, queue_hand_back(queue, "dead runner", true, &count, &err)));
	cr_expect(eq(sz, count, 1));
	cr_assert(zero(int, queue_hand_back(queue, "dead runner", true, &count, &err)));
	cr_expect(zero(sz, count));
	cr_assert(next(queue, NULL, &got));
	expect_same(&got, &job);

	/* And once more from where it stands now; then it ends like any other. */
	cr_assert(zero(int, queue_hand_back(queue, "a", false, &count, &err)));
	cr_expect(eq(sz, count, 1));
	cr_assert(next(other, NULL, &got));
	expect_same(&got, &job);
	cr_assert(zero(int, queue_ack(other, &got, &err)));
	cr_expect(not(marked(&job)));
	expect_depth(38, 0, 0, 0);
	queue_free(&other);
	redis_free(&other_redis);
}

Test(queue, deletes_the_consumer_that_was_handed_back)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;
	size_t count;

	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	cr_assert(zero(int, queue_hand_back(queue, "a", true, &count, &err)));
	CLEANUP(redis_reply_free)
	struct redis_reply *reply = plain(
		"XINFO", "CONSUMERS", "{bb}:jobs:normal", "runners", NULL);
	cr_expect(zero(sz, redis_size(reply)));
}

Test(queue, hands_a_job_back_once_when_two_processes_try)
{
	struct job jobs[200], got;
	size_t here = 0;
	int status;

	/* More than one page of the script's reading. */
	for (int i = 0; i < 200; i++) {
		jobs[i] = job_of(i, PRIORITY_NORMAL);
		cr_assert(push(&jobs[i]));
		cr_assert(next(queue, NULL, &got));
	}

	pid_t pid = fork();
	if (pid == 0) {
		struct redis *own = connection();
		struct queue *of = queue_of(own, NULL, TTL_MS);
		size_t there = 0;
		_exit(queue_hand_back(of, "a", true, &there, &err) == 0 ? (int)there : 255);
	}
	cr_assert(zero(int, queue_hand_back(queue, "a", true, &here, &err)));
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_expect(eq(int, (int)here + WEXITSTATUS(status), 200));
	expect_depth(200, 0, 0, 0);
}

Test(queue, reclaims_the_jobs_of_a_host_that_died)
{
	struct job job, got;
	size_t count;

	for (int i = 0; i < 5; i++) {
		job = job_of(i, (enum priority)(i % PRIORITY_COUNT));
		cr_assert(push(&job));
		cr_assert(next(queue, NULL, &got));
	}
	cr_assert(
		zero(int, queue_reclaim(queue, 3600 * 1000, 10, &count, &err)), "%s", err.message);
	cr_expect(zero(sz, count));
	cr_assert(zero(int, queue_reclaim(queue, 0, 3, &count, &err)));
	cr_expect(eq(sz, count, 3));
	expect_depth(3, 2, 0, 0);
	cr_assert(zero(int, queue_reclaim(queue, 0, 10, &count, &err)));
	expect_depth(5, 0, 0, 0);
}

Test(queue, buries_a_job_with_its_reason)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;

	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	cr_assert(zero(int, queue_dead(queue, &got, "auth", &err)));
	cr_assert(zero(int, queue_dead(queue, &got, "auth", &err)));
	expect_depth(0, 0, 0, 1);
	cr_expect(not(marked(&job)));

	CLEANUP(redis_reply_free)
	struct redis_reply *reply = plain("XRANGE", "{bb}:dead", "-", "+", NULL);
	const struct redis_reply *fields = redis_item(redis_item(reply, 0), 1);
	cr_expect(zero(int, strncmp(redis_text(redis_item(fields, 1)), job.bot.text, 36)));
	cr_expect(zero(int, strcmp(redis_text(redis_item(fields, 3)), "auth")));
}

/* --- a Redis that loses its memory ---------------------------------------------------------- */

Test(queue, survives_a_flush_between_any_two_steps)
{
	struct job job = job_of(1, PRIORITY_NORMAL), got;
	size_t count;

	for (int step = 0; step < 8; step++) {
		PLAIN("FLUSHALL");
		cr_assert(push(&job));
		if (step == 0)
			PLAIN("FLUSHALL");
		cr_expect(eq(int, next(queue, NULL, &got), step != 0));
		if (step == 0)
			continue;
		PLAIN("FLUSHALL");
		if (step == 1)
			cr_expect(not(next(queue, &got, &got)));
		if (step == 2)
			cr_expect(zero(int, queue_ack(queue, &got, &err)));
		if (step == 3)
			cr_expect(zero(int, queue_retry(queue, &got, 0, &err)));
		if (step == 4)
			cr_expect(zero(int, queue_hand_back(queue, "a", true, &count, &err)));
		if (step == 5)
			cr_expect(zero(int, queue_reclaim(queue, 0, 10, &count, &err)));
		if (step == 6)
			cr_expect(zero(int, queue_dead(queue, &got, "x", &err)));
		if (step == 7)
			cr_expect(zero(int, queue_promote(queue, 10, &count, &err)));
		expect_depth(0, 0, 0, 0);
		cr_assert(push(&job));
		cr_expect(next(queue, NULL, &got));
	}
}

Test(queue, tells_that_its_memory_was_lost_whoever_noticed_first)
{
	struct redis *other_redis = connection();
	struct queue *other = queue_of(other_redis, NULL, TTL_MS);
	struct job got;
	bool fresh = true;

	cr_assert(zero(int, queue_prepare(queue, &fresh, &err)));
	cr_expect(not(fresh));
	cr_assert(zero(int, queue_prepare(other, &fresh, &err)));
	cr_expect(not(fresh));

	PLAIN("FLUSHALL");
	cr_expect(not(next(queue, NULL, &got)));
	cr_assert(zero(int, queue_prepare(other, &fresh, &err)));
	cr_expect(fresh);
	cr_assert(zero(int, queue_prepare(queue, &fresh, &err)));
	cr_expect(fresh);
	cr_assert(zero(int, queue_prepare(queue, &fresh, &err)));
	cr_expect(not(fresh));
	queue_free(&other);
	redis_free(&other_redis);
}

Test(queue, delivers_jobs_pushed_before_there_was_a_group)
{
	struct job job = job_of(1, PRIORITY_HIGH), got;

	PLAIN("FLUSHALL");
	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	expect_same(&got, &job);
}

Test(queue, carries_on_after_its_connection_was_cut)
{
	struct job job = job_of(1, PRIORITY_HIGH), got;

	cr_assert(push(&job));
	redis_disconnect(redis);
	cr_assert(next(queue, NULL, &got));
	redis_disconnect(redis);
	cr_assert(zero(int, queue_ack(queue, &got, &err)));
	expect_depth(0, 0, 0, 0);
}

Test(queue, loses_nothing_when_memory_is_full)
{
	struct job job = job_of(1, PRIORITY_HIGH), other = job_of(2, PRIORITY_HIGH), got;
	size_t count;
	bool pushed;

	cr_assert(push(&job));
	cr_assert(next(queue, NULL, &got));
	PLAIN("CONFIG", "SET", "maxmemory", "1");
	int push_result = queue_push(queue, &other, 1, 1, &pushed, &err);
	struct err push_err = err;
	int retry_result = queue_retry(queue, &got, 0, &err);
	int hand_result = queue_hand_back(queue, "a", false, &count, &err);
	PLAIN("CONFIG", "SET", "maxmemory", "0");

	cr_expect(eq(int, push_result, -1));
	cr_expect(eq(int, push_err.retry, ERR_RETRY_LATER), "%s", push_err.message);
	cr_expect(eq(int, retry_result, -1));
	cr_expect(eq(int, hand_result, -1));
	expect_depth(0, 1, 0, 0);
	cr_expect(not(marked(&other)));
	cr_assert(zero(int, queue_retry(queue, &got, 0, &err)));
	expect_depth(0, 0, 1, 0);
}

Test(queue, drains_when_memory_is_full)
{
	struct job jobs[2] = {job_of(1, PRIORITY_HIGH), job_of(2, PRIORITY_LOW)}, got;
	bool found[3] = {false};

	cr_assert(zero(int, queue_push(queue, jobs, 2, 1, NULL, &err)));
	PLAIN("CONFIG", "SET", "maxmemory", "1");
	int results = queue_next(queue, NULL, 0, &got, &found[0], &err);
	results += queue_next(queue, &got, 0, &got, &found[1], &err);
	results += queue_next(queue, &got, 0, &got, &found[2], &err);
	PLAIN("CONFIG", "SET", "maxmemory", "0");
	cr_expect(zero(int, results), "%s", err.message);
	cr_expect(found[0] && found[1] && !found[2]);
	expect_depth(0, 0, 0, 0);
}

Test(queue, publishes_to_whoever_listens)
{
	CLEANUP(redis_free) struct redis *listener = connection();
	const char *message = "";

	cr_assert(zero(int, redis_subscribe(listener, QUEUE_CHANNEL, &err)));
	cr_assert(zero(int, queue_publish(queue, "stop", &err)));
	cr_assert(zero(int, redis_wait(listener, 5000, &message, &err)));
	cr_expect(message != NULL && strcmp(message, "stop") == 0);
}
