#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/redis.h"
#include "tests/support/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static struct redis *open_url(const char *url, int64_t timeout_ms)
{
	struct redis *redis = NULL;
	struct err err = {0};

	cr_assert(eq(int, redis_new(url, timeout_ms, timeout_ms, &redis, &err), 0), "%s",
		err.message);
	return redis;
}

static struct redis *open_test(void)
{
	return open_url(test_redis_url(), 5000);
}

/* A key of this test process alone: tests run side by side on one server. */
static const char *own_key(const char *name)
{
	static char key[80];

	(void)snprintf(key, sizeof key, "test:%d:%s", (int)getpid(), name);
	return key;
}

#define COMMAND(redis, ret, err, ...)                                                              \
	redis_command(redis, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),               \
		(const char *[]){__VA_ARGS__}, NULL, ret, err)
#define APPEND(redis, err, ...)                                                                    \
	redis_append(redis, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                \
		(const char *[]){__VA_ARGS__}, NULL, err)

/* --- URLs --- */

struct url_row {
	char because[64];
	char url[136];
	char message[48]; /* "": accepted */
};

ParameterizedTestParameters(redis, checks_urls)
{
	static struct url_row rows[] = {
		{"a host", "redis://cache", ""},
		{"everything", "redis://bb:p%40ss@cache:6380/3", ""},
		{"a password alone", "redis://:hunter2@cache", ""},
		{"IPv6", "redis://[::1]:6379/0", ""},
		{"a socket", "unix:///run/redis.sock?db=2", ""},
		{"no scheme", "cache:6379", "unrecognized scheme"},
		{"another scheme", "http://cache", "unrecognized scheme"},
		{"no host", "redis://:6379", "no host"},
		{"a port beyond 65535", "redis://cache:65536", "unrecognized port"},
		{"a port that is none", "redis://cache:x", "unrecognized port"},
		{"a database that is none", "redis://cache/main", "unrecognized database"},
		{"a user alone", "redis://hunter2@cache", "user without a password"},
		{"half an escape", "redis://:hunter2%4@cache", "malformed %"},
		{"no path", "unix://", "no path"},
		{"a parameter we do not know", "unix:///run/r.sock?x=1", "unrecognized param"},
		{"a path that the kernel would cut",
			"unix:///xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			"at most 107 bytes"},
	};
	return cr_make_param_array(struct url_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct url_row *row, redis, checks_urls)
{
	CLEANUP(redis_free) struct redis *redis = NULL;
	struct err err = {0};
	int result = redis_new(row->url, 0, 0, &redis, &err);

	cr_expect(eq(int, result, row->message[0] == '\0' ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(ne(ptr, strstr(err.message, row->message), NULL), "%s: %s", row->because,
		err.message);
	cr_expect(eq(ptr, strstr(err.message, "hunter2"), NULL), "%s", err.message);
}

#if !__has_include(<hiredis/hiredis_ssl.h>)
Test(redis, tls_is_refused_by_name_where_the_library_has_none)
{
	struct redis *redis = NULL;
	struct err err = {0};

	cr_expect(eq(int, redis_new("rediss://cache", 0, 0, &redis, &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG));
	cr_expect(ne(ptr, strstr(err.message, "rediss:// needs a hiredis with TLS"), NULL), "%s",
		err.message);
}
#endif

/* --- commands --- */

Test(redis, commands_and_replies_have_types)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	struct redis_reply *reply = NULL;
	struct err err = {0};
	const char *key = own_key("types");

	cr_assert(eq(int, COMMAND(redis, &reply, &err, "SET", key, "7"), 0), "%s", err.message);
	cr_expect(eq(int, (int)redis_type(reply), REDIS_STATUS));
	cr_expect(eq(str, redis_text(reply), "OK"));
	redis_reply_free(&reply);
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "INCR", key), 0));
	cr_expect(eq(i64, redis_int(reply), 8));
	redis_reply_free(&reply);
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "MGET", key, "no such key"), 0));
	cr_expect(eq(sz, redis_size(reply), 2));
	cr_expect(eq(str, redis_text(redis_item(reply, 0)), "8"));
	cr_expect(eq(int, (int)redis_type(redis_item(reply, 1)), REDIS_NIL));
	redis_reply_free(&reply);
	cr_assert(eq(int, COMMAND(redis, NULL, &err, "DEL", key), 0));
}

Test(redis, texts_may_hold_any_byte)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err = {0};
	const char *key = own_key("bytes");
	const char *arguments[] = {"SET", key, "a\0\r\n\xff"};
	const size_t sizes[] = {3, strlen(key), 5};

	cr_assert(eq(int, redis_command(redis, 3, arguments, sizes, NULL, &err), 0));
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "GET", key), 0));
	cr_expect(eq(sz, redis_size(reply), 5));
	cr_expect(eq(int, memcmp(redis_text(reply), "a\0\r\n\xff", 5), 0));
	cr_assert(eq(int, COMMAND(redis, NULL, &err, "DEL", key), 0));
}

Test(redis, an_error_reply_fails_and_keeps_the_connection)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	struct redis_reply *reply = NULL;
	struct err err = {0};

	cr_expect(eq(int, COMMAND(redis, &reply, &err, "NOSUCHCOMMAND"), -1));
	cr_expect(eq(ptr, reply, NULL));
	cr_expect(eq(int, err.code, ERR_QUEUE));
	cr_expect(eq(int, err.retry, ERR_RETRY_NEVER));
	cr_expect(ne(ptr, strstr(err.message, "ERR unknown command"), NULL), "%s", err.message);
	cr_expect(redis_connected(redis));
}

Test(redis, a_pipeline_keeps_its_order_and_its_refusals)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	struct redis_reply *reply = NULL;
	struct err err = {0};

	cr_assert(eq(int, APPEND(redis, &err, "ECHO", "one"), 0));
	cr_assert(eq(int, APPEND(redis, &err, "NOSUCHCOMMAND"), 0));
	cr_assert(eq(int, APPEND(redis, &err, "ECHO", "three"), 0));
	cr_assert(eq(int, redis_read(redis, 5000, &reply, &err), 0));
	cr_expect(eq(str, redis_text(reply), "one"));
	redis_reply_free(&reply);
	cr_assert(eq(int, redis_read(redis, 5000, &reply, &err), 0));
	cr_expect(eq(int, (int)redis_type(reply), REDIS_ERROR));
	redis_reply_free(&reply);
	cr_assert(eq(int, redis_read(redis, 5000, &reply, &err), 0));
	cr_expect(eq(str, redis_text(reply), "three"));
	redis_reply_free(&reply);
}

/* More than fits into the kernel's buffers, both ways at once. */
Test(redis, a_long_pipeline_does_not_stand_still)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	struct err err = {0};
	char *large = mem_alloc(10001);

	memset(large, 'x', 10000);
	large[10000] = '\0';
	for (int i = 0; i < 2000; i++)
		cr_assert(eq(int, APPEND(redis, &err, "ECHO", large), 0));
	for (int i = 0; i < 2000; i++) {
		struct redis_reply *reply = NULL;
		cr_assert(eq(int, redis_read(redis, 30000, &reply, &err), 0), "%s", err.message);
		cr_assert(eq(sz, redis_size(reply), 10000));
		redis_reply_free(&reply);
	}
	free(large);
}

Test(redis, a_script_survives_a_flushed_server)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	static struct redis_script script = {.source = "return KEYS[1] .. ARGV[1] .. 'v1'"};
	struct redis_reply *reply = NULL;
	struct err err = {0};

	for (int i = 0; i < 3; i++) {
		if (i == 1)
			cr_assert(eq(int, COMMAND(redis, NULL, &err, "SCRIPT", "FLUSH"), 0));
		cr_assert(eq(int,
				  redis_eval(redis, &script, 1, 2,
					  (const char *[]){"{bb}:k", "-x-"}, &reply, &err),
				  0),
			"%s", err.message);
		cr_expect(eq(str, redis_text(reply), "{bb}:k-x-v1"));
		redis_reply_free(&reply);
	}
}

/* --- bad days --- */

/* A server of one connection that reads and answers as the test says. */
struct frozen {
	int listener;
	char url[64];
	const char *first;  /* what it answers to the first connection; NULL: nothing */
	const char *second; /* to the second */
	pthread_t thread;
};

static void serve_one(int listener, const char *answer, int *ret_peer)
{
	char request[512];

	*ret_peer = accept(listener, NULL, NULL);
	if (*ret_peer == -1 || recv(*ret_peer, request, sizeof request, 0) <= 0)
		return;
	if (answer != NULL)
		(void)send(*ret_peer, answer, strlen(answer), MSG_NOSIGNAL);
}

static void *serve_frozen(void *context)
{
	struct frozen *frozen = context;
	CLEANUP(fd_close) int first = -1;
	CLEANUP(fd_close) int second = -1;

	serve_one(frozen->listener, frozen->first, &first);
	serve_one(frozen->listener, frozen->second, &second);
	/* Late, on the first connection: nobody may take it for an answer. */
	(void)send(first, "$4\r\nlate\r\n", 10, MSG_NOSIGNAL);
	return NULL;
}

static void frozen_start(struct frozen *frozen)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	frozen->listener = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert(eq(int, bind(frozen->listener, (struct sockaddr *)&address, sizeof address), 0));
	cr_assert(eq(int, listen(frozen->listener, 4), 0));
	cr_assert(eq(int, getsockname(frozen->listener, (struct sockaddr *)&address, &size), 0));
	(void)snprintf(
		frozen->url, sizeof frozen->url, "redis://127.0.0.1:%d", ntohs(address.sin_port));
	pthread_create(&frozen->thread, NULL, serve_frozen, frozen);
}

Test(redis, after_a_frozen_server_the_next_reply_is_the_next_commands)
{
	struct frozen frozen = {.first = NULL, .second = "$3\r\nnew\r\n"};
	frozen_start(&frozen);
	CLEANUP(redis_free) struct redis *redis = open_url(frozen.url, 200);
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err = {0};
	int64_t before_ms = clock_mono_ms(clock_system());

	cr_expect(eq(int, COMMAND(redis, &reply, &err, "GET", "old"), -1));
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - before_ms, 5000));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(not(redis_connected(redis)));
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "GET", "new"), 0), "%s", err.message);
	cr_expect(eq(str, redis_text(reply), "new"));
	pthread_join(frozen.thread, NULL);
	close(frozen.listener);
}

Test(redis, half_a_reply_is_a_timeout_too)
{
	struct frozen frozen = {.first = "$100\r\nhalf", .second = "+OK\r\n"};
	frozen_start(&frozen);
	CLEANUP(redis_free) struct redis *redis = open_url(frozen.url, 200);
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err = {0};

	cr_expect(eq(int, COMMAND(redis, &reply, &err, "GET", "x"), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "PING"), 0), "%s", err.message);
	pthread_join(frozen.thread, NULL);
	close(frozen.listener);
}

Test(redis, an_answer_that_is_no_redis_is_an_error)
{
	struct frozen frozen = {.first = "HTTP/1.1 400 Bad Request\r\n\r\n", .second = "+OK\r\n"};
	frozen_start(&frozen);
	CLEANUP(redis_free) struct redis *redis = open_url(frozen.url, 2000);
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err = {0};

	cr_expect(eq(int, COMMAND(redis, &reply, &err, "PING"), -1));
	cr_expect(not(redis_connected(redis)));
	cr_expect(eq(int, err.code, ERR_QUEUE), "%s", err.message);
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "PING"), 0), "%s", err.message);
	pthread_join(frozen.thread, NULL);
	close(frozen.listener);
}

Test(redis, a_real_server_that_froze_is_left_and_found_again)
{
	CLEANUP(own_redis_stop) struct own_redis server = {0};
	own_redis_start(&server);
	CLEANUP(redis_free) struct redis *redis = open_url(server.url, 200);
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err = {0};

	cr_assert(eq(int, COMMAND(redis, NULL, &err, "SET", "k", "old"), 0), "%s", err.message);
	cr_assert(eq(int, kill(server.pid, SIGSTOP), 0));
	cr_expect(eq(int, COMMAND(redis, NULL, &err, "GETSET", "k", "new"), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	/* The kernel still accepts for it: connected, but not greeted by anybody. */
	cr_expect(eq(int, COMMAND(redis, NULL, &err, "ECHO", "x"), -1));
	cr_assert(eq(int, kill(server.pid, SIGCONT), 0));
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "ECHO", "mine"), 0), "%s", err.message);
	cr_expect(eq(str, redis_text(reply), "mine"));
	redis_reply_free(&reply);
	/* Why it was a question: the command ran after all. */
	cr_assert(eq(int, COMMAND(redis, &reply, &err, "GET", "k"), 0), "%s", err.message);
	cr_expect(eq(str, redis_text(reply), "new"));
}

Test(redis, a_server_killed_between_pipelined_replies_leaves_a_question)
{
	CLEANUP(own_redis_stop) struct own_redis server = {0};
	own_redis_start(&server);
	CLEANUP(redis_free) struct redis *redis = open_url(server.url, 5000);
	struct redis_reply *reply = NULL;
	struct err err = {0};

	cr_assert(eq(int, APPEND(redis, &err, "ECHO", "one"), 0), "%s", err.message);
	cr_assert(eq(int, APPEND(redis, &err, "BLPOP", "nothing", "0"), 0));
	cr_assert(eq(int, redis_read(redis, 5000, &reply, &err), 0), "%s", err.message);
	redis_reply_free(&reply);
	own_redis_stop(&server); /* gone for certain, its socket as well */
	cr_expect(eq(int, redis_read(redis, 5000, &reply, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(eq(int, redis_read(redis, 5000, &reply, &err), -1), "the rest is lost as well");
	cr_expect(eq(int, COMMAND(redis, NULL, &err, "PING"), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
}

Test(redis, an_idle_connection_that_died_costs_nothing)
{
	CLEANUP(redis_free) struct redis *redis = open_test();
	CLEANUP(redis_free) struct redis *other = open_test();
	struct redis_reply *reply = NULL;
	struct err err = {0};
	char id[32];

	cr_assert(eq(int, COMMAND(redis, &reply, &err, "CLIENT", "ID"), 0));
	(void)snprintf(id, sizeof id, "%lld", (long long)redis_int(reply));
	redis_reply_free(&reply);
	cr_assert(eq(int, COMMAND(other, NULL, &err, "CLIENT", "KILL", "ID", id), 0));
	cr_expect(eq(int, COMMAND(redis, NULL, &err, "PING"), 0), "%s", err.message);
}

Test(redis, a_server_that_is_absent_is_asked_again_later)
{
	CLEANUP(redis_free) struct redis *redis = open_url("redis://:hunter2@127.0.0.1:1", 1000);
	struct err err = {0};

	cr_expect(eq(int, redis_connect(redis, &err), -1));
	cr_expect(eq(int, err.code, ERR_QUEUE));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
	cr_expect(eq(ptr, strstr(err.message, "hunter2"), NULL), "%s", err.message);
	CLEANUP(redis_free) struct redis *nowhere = open_url("unix:///nowhere/redis.sock", 1000);
	cr_expect(eq(int, redis_connect(nowhere, &err), -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
	cr_expect(ne(ptr, strstr(err.message, "/nowhere/redis.sock"), NULL), "%s", err.message);
}

/* --- messages --- */

Test(redis, messages_arrive_and_a_quiet_channel_times_out)
{
	CLEANUP(redis_free) struct redis *subscriber = open_test();
	CLEANUP(redis_free) struct redis *sender = open_test();
	const char *message = NULL;
	struct err err = {0};
	const char *channel = own_key("channel");

	cr_assert(eq(int, redis_subscribe(subscriber, channel, &err), 0));
	cr_assert(eq(int, redis_wait(subscriber, 10, &message, &err), 0));
	cr_expect(eq(ptr, message, NULL));
	cr_assert(eq(int, COMMAND(sender, NULL, &err, "PUBLISH", channel, "stop"), 0));
	cr_assert(eq(int, redis_wait(subscriber, 5000, &message, &err), 0));
	cr_expect(eq(str, message, "stop"));
	redis_disconnect(subscriber);
	cr_expect(eq(int, redis_wait(subscriber, 10, &message, &err), -1));
}
