#include "core/io/redis.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/metrics.h"
#include "core/io/sign.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* TLS came with hiredis 1.0; Debian 12 has 0.14. */
#if __has_include(<hiredis/hiredis_ssl.h>)
#include <hiredis/hiredis_ssl.h>
#define REDIS_HAS_TLS 1
#else
#define REDIS_HAS_TLS 0
#endif

#define CONNECT_TIMEOUT_MS 3000
#define COMMAND_TIMEOUT_MS 3000
#define PORT_DEFAULT 6379
#define ARGUMENTS_MAX 4096

struct redis {
	char *host; /* NULL: a Unix socket */
	char *path; /* of that socket */
	char *user; /* NULL: none */
	char *password;
	int port;
	int database;
	bool tls;
	int64_t connect_timeout_ms;
	int64_t command_timeout_ms;
	redisContext *context; /* NULL: not connected; always non-blocking */
	bool was_connected;    /* once: the next connection is another one */
	unsigned appended;     /* commands whose reply has not been read */
	redisReply *message;   /* lent out by the last redis_wait */
#if REDIS_HAS_TLS
	redisSSLContext *tls_context;
#endif
};

static const redisReply *reply_of(const struct redis_reply *reply)
{
	return (const redisReply *)reply;
}

static void hiredis_reply_free(redisReply **reply)
{
	if (*reply != NULL)
		freeReplyObject(*reply);
	*reply = NULL;
}

static void list_free(const char ***list)
{
	free(*list);
}

static void wiped_free(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	text_free(text);
}

/* --- URLs ----------------------------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The text up to end with %XX resolved, or NULL if it is malformed. The caller frees. */
static char *decoded(const char *text, const char *end)
{
	CLEANUP(wiped_free) char *copy = mem_zero((size_t)(end - text) + 1, 1);
	size_t used = 0;

	for (const char *at = text; at < end; at++) {
		if (*at != '%') {
			copy[used++] = *at;
			continue;
		}
		if (end - at < 3 || hex_value(at[1]) < 0 || hex_value(at[2]) < 0)
			return NULL;
		copy[used++] = (char)(hex_value(at[1]) * 16 + hex_value(at[2]));
		at += 2;
	}
	return TAKE(copy);
}

static int bad_url(const char *what, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
		"redis.url: %s (expected redis://[[user]:password@]host[:port][/db] or "
		"unix:///path[?db=N])",
		what);
}

/* A decimal number from 0 to max that fills the whole text; -1 otherwise. */
static int parse_number(const char *text, int max)
{
	if (text[0] == '\0' || strlen(text) > 6 || text[strspn(text, "0123456789")] != '\0')
		return -1;
	int value = (int)strtol(text, NULL, 10);
	return value <= max ? value : -1;
}

static int parse_database(struct redis *redis, const char *text, struct err *err)
{
	redis->database = text[0] == '\0' ? 0 : parse_number(text, 1 << 16);
	return redis->database >= 0 ? 0 : bad_url("unrecognized database number", err);
}

static int parse_login(struct redis *redis, const char *text, const char *end, struct err *err)
{
	const char *colon = memchr(text, ':', (size_t)(end - text));

	if (colon == NULL)
		return bad_url("a user without a password", err);
	if (colon > text)
		redis->user = decoded(text, colon);
	redis->password = decoded(colon + 1, end);
	if (redis->password == NULL || (colon > text && redis->user == NULL))
		return bad_url("a malformed % in user or password", err);
	return 0;
}

static int parse_host(struct redis *redis, const char *text, const char *end, struct err *err)
{
	const char *host_end = end;
	bool bracketed = text < end && *text == '[';

	if (bracketed) {
		host_end = memchr(text, ']', (size_t)(end - text));
		if (host_end == NULL)
			return bad_url("an address without its closing bracket", err);
		text++;
	} else {
		const char *colon = memchr(text, ':', (size_t)(end - text));
		host_end = colon != NULL ? colon : end;
	}
	if (host_end == text)
		return bad_url("no host", err);
	redis->host = decoded(text, host_end);
	if (redis->host == NULL)
		return bad_url("a malformed % in the host", err);

	const char *rest = host_end + (bracketed ? 1 : 0);
	redis->port = PORT_DEFAULT;
	if (rest == end)
		return 0;
	char port[8] = "";
	if (*rest == ':' && end - rest - 1 < (ptrdiff_t)sizeof port)
		memcpy(port, rest + 1, (size_t)(end - rest - 1));
	redis->port = parse_number(port, 65535);
	return redis->port > 0 ? 0 : bad_url("unrecognized port", err);
}

static int parse_network(struct redis *redis, const char *rest, struct err *err)
{
	const char *end = rest + strcspn(rest, "/");
	const char *at = memrchr(rest, '@', (size_t)(end - rest));

	if (at != NULL && parse_login(redis, rest, at, err) == -1)
		return -1;
	if (parse_host(redis, at != NULL ? at + 1 : rest, end, err) == -1)
		return -1;
	return parse_database(redis, *end == '/' ? end + 1 : "", err);
}

static int parse_unix(struct redis *redis, const char *rest, struct err *err)
{
	const char *end = rest + strcspn(rest, "?");

	if (rest[0] != '/' || end == rest + 1)
		return bad_url("no path of a socket", err);
	redis->path = decoded(rest, end);
	if (redis->path == NULL)
		return bad_url("a malformed % in the path", err);
	/* sockaddr_un ends there; the library would cut the path silently. */
	if (strlen(redis->path) > 107)
		return bad_url("a socket's path is at most 107 bytes", err);
	if (*end == '\0')
		return 0;
	if (strncmp(end, "?db=", 4) != 0)
		return bad_url("unrecognized parameter", err);
	return parse_database(redis, end + 4, err);
}

static int parse_url(struct redis *redis, const char *url, struct err *err)
{
	if (strncmp(url, "redis://", 8) == 0)
		return parse_network(redis, url + 8, err);
	if (strncmp(url, "unix://", 7) == 0)
		return parse_unix(redis, url + 7, err);
	if (strncmp(url, "rediss://", 9) == 0) {
		if (!REDIS_HAS_TLS)
			return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
				"redis.url: rediss:// needs a hiredis with TLS (1.0 or later), "
				"this "
				"build has %d.%d: use redis:// through stunnel, or build against a "
				"later hiredis",
				HIREDIS_MAJOR, HIREDIS_MINOR);
		redis->tls = true;
		return parse_network(redis, url + 9, err);
	}
	return bad_url("unrecognized scheme", err);
}

/* --- connecting ----------------------------------------------------------------------------- */

int redis_new(const char *url, int64_t connect_timeout_ms, int64_t command_timeout_ms,
	struct redis **ret, struct err *err)
{
	CLEANUP(redis_free) struct redis *redis = mem_zero(1, sizeof *redis);

	redis->connect_timeout_ms = connect_timeout_ms > 0 ? connect_timeout_ms
							   : CONNECT_TIMEOUT_MS;
	redis->command_timeout_ms = command_timeout_ms > 0 ? command_timeout_ms
							   : COMMAND_TIMEOUT_MS;
	if (parse_url(redis, url, err) == -1)
		return -1;
	*ret = TAKE(redis);
	return 0;
}

void redis_free(struct redis **redis)
{
	if (*redis == NULL)
		return;
	redis_disconnect(*redis);
#if REDIS_HAS_TLS
	if ((*redis)->tls_context != NULL)
		redisFreeSSLContext((*redis)->tls_context);
#endif
	text_free(&(*redis)->host);
	text_free(&(*redis)->path);
	text_free(&(*redis)->user);
	wiped_free(&(*redis)->password);
	free(*redis);
	*redis = NULL;
}

bool redis_connected(const struct redis *redis)
{
	return redis->context != NULL;
}

void redis_disconnect(struct redis *redis)
{
	hiredis_reply_free(&redis->message);
	if (redis->context != NULL)
		redisFree(redis->context);
	redis->context = NULL;
	redis->appended = 0;
}

static int64_t deadline_after(int64_t timeout_ms)
{
	return clock_mono_ms(clock_system()) + timeout_ms;
}

/* True if the connection is ready for events, false at the deadline. */
static bool wait_for(struct redis *redis, short events, int64_t deadline_mono_ms)
{
	for (;;) {
		int64_t left_ms = deadline_mono_ms - clock_mono_ms(clock_system());
		struct pollfd wanted = {.fd = redis->context->fd, .events = events};
		if (left_ms < 0)
			left_ms = 0;
		int ready = poll(&wanted, 1, (int)(left_ms < 60000 ? left_ms : 60000));
		if (ready > 0)
			return true;
		if (ready == -1 && errno != EINTR)
			die("could not poll the queue connection: %s", strerror(errno));
		if (ready == 0 && clock_mono_ms(clock_system()) >= deadline_mono_ms)
			return false;
	}
}

static int not_connected(struct redis *redis, const char *reason, struct err *err)
{
	err_set(err, ERR_QUEUE, ERR_RETRY_LATER, "could not connect to Redis at %s: %s",
		redis->host != NULL ? redis->host : redis->path, reason);
	redis_disconnect(redis);
	return -1;
}

/* The connection is of no use any more: a late reply would be taken for the next command's. */
static int lost(struct redis *redis, enum err_retry retry, const char *reason, struct err *err)
{
	err_set(err, ERR_QUEUE, retry, "lost the Redis connection: %.160s", reason);
	redis_disconnect(redis);
	return -1;
}

static int timed_out(struct redis *redis, enum err_retry retry, int64_t timeout_ms, struct err *err)
{
	redis_disconnect(redis);
	return err_set(
		err, ERR_QUEUE, retry, "no reply from Redis within %lld ms", (long long)timeout_ms);
}

static int flush_out(
	struct redis *redis, int64_t deadline_mono_ms, int64_t timeout_ms, struct err *err)
{
	for (int done = 0;;) {
		if (redisBufferWrite(redis->context, &done) != REDIS_OK)
			return lost(redis, ERR_RETRY_ASK, redis->context->errstr, err);
		if (done)
			return 0;
		if (!wait_for(redis, POLLOUT, deadline_mono_ms))
			return timed_out(redis, ERR_RETRY_ASK, timeout_ms, err);
	}
}

static int next_buffered(struct redis *redis, redisReply **ret, struct err *err)
{
	void *reply = NULL;

	if (redisGetReplyFromReader(redis->context, &reply) != REDIS_OK)
		return lost(redis, ERR_RETRY_ASK, redis->context->errstr, err);
	*ret = reply;
	return 0;
}

/* Reads one reply. *ret is NULL at the deadline, and the connection is as it was. */
static int read_until(
	struct redis *redis, int64_t deadline_mono_ms, redisReply **ret, struct err *err)
{
	for (;;) {
		if (next_buffered(redis, ret, err) == -1)
			return -1;
		if (*ret != NULL)
			return 0;
		if (!wait_for(redis, POLLIN, deadline_mono_ms))
			return 0;
		if (redisBufferRead(redis->context) != REDIS_OK)
			return lost(redis, ERR_RETRY_ASK, redis->context->errstr, err);
	}
}

static int exchange(struct redis *redis, int64_t timeout_ms, redisReply **ret, struct err *err)
{
	int64_t deadline = deadline_after(timeout_ms);

	if (flush_out(redis, deadline, timeout_ms, err) == -1)
		return -1;
	if (read_until(redis, deadline, ret, err) == -1)
		return -1;
	if (*ret == NULL)
		return timed_out(redis, ERR_RETRY_ASK, timeout_ms, err);
	return 0;
}

static int await_connect(struct redis *redis, int64_t deadline, struct err *err)
{
	int problem = 0;
	socklen_t size = sizeof problem;

	if (!wait_for(redis, POLLOUT, deadline))
		return not_connected(redis, "no answer in time", err);
	if (getsockopt(redis->context->fd, SOL_SOCKET, SO_ERROR, &problem, &size) == -1)
		problem = errno;
	return problem == 0 ? 0 : not_connected(redis, strerror(problem), err);
}

#if REDIS_HAS_TLS
static int start_tls(struct redis *redis, struct err *err)
{
	redisSSLContextError problem = REDIS_SSL_CTX_NONE;

	if (redis->tls_context == NULL)
		redis->tls_context = redisCreateSSLContext(
			NULL, "/etc/ssl/certs", NULL, NULL, redis->host, &problem);
	if (redis->tls_context == NULL)
		return not_connected(redis, redisSSLContextGetError(problem), err);
	if (redisInitiateSSLWithContext(redis->context, redis->tls_context) != REDIS_OK)
		return not_connected(redis, redis->context->errstr, err);
	return 0;
}
#else
static int start_tls(struct redis *redis, struct err *err)
{
	(void)redis;
	(void)err;
	return 0;
}
#endif

/* One command of the greeting; an error reply closes the connection again. */
static int greet(struct redis *redis, int count, const char **arguments, struct err *err)
{
	CLEANUP(hiredis_reply_free) redisReply *reply = NULL;

	if (redisAppendCommandArgv(redis->context, count, arguments, NULL) != REDIS_OK)
		die("out of memory while greeting Redis");
	if (exchange(redis, redis->connect_timeout_ms, &reply, err) == -1) {
		err->retry = ERR_RETRY_LATER;
		return -1;
	}
	if (reply->type != REDIS_REPLY_ERROR)
		return 0;
	if (strcmp(arguments[0], "AUTH") == 0)
		metrics_add(METRIC_AUTH_FAILURES, 1, "redis");
	return not_connected(redis, reply->str, err);
}

static int log_in(struct redis *redis, struct err *err)
{
	const char *with_user[] = {"AUTH", redis->user, redis->password};
	const char *without_user[] = {"AUTH", redis->password};
	char database[16];
	const char *select_database[] = {"SELECT", database};

	if (redis->user != NULL && greet(redis, 3, with_user, err) == -1)
		return -1;
	if (redis->user == NULL && redis->password != NULL &&
		greet(redis, 2, without_user, err) == -1)
		return -1;

	(void)snprintf(database, sizeof database, "%d", redis->database);
	if (redis->database != 0 && greet(redis, 2, select_database, err) == -1)
		return -1;
	return 0;
}

/* True if the server has hung up on the idle connection: noticed before a command is risked. */
static bool is_dead(const struct redis *redis)
{
	struct pollfd idle = {.fd = redis->context->fd, .events = POLLIN};
	char byte;

	if (redis->appended > 0 || poll(&idle, 1, 0) <= 0)
		return false;
	return recv(redis->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

int redis_connect(struct redis *redis, struct err *err)
{
	int64_t deadline = deadline_after(redis->connect_timeout_ms);

	if (redis->context != NULL && is_dead(redis))
		redis_disconnect(redis);
	if (redis->context != NULL)
		return 0;

	/* The library writes without MSG_NOSIGNAL: a closed connection must be an error, no death.
	 */
	(void)signal(SIGPIPE, SIG_IGN);
	redis->context = redis->host != NULL ? redisConnectNonBlock(redis->host, redis->port)
					     : redisConnectUnixNonBlock(redis->path);
	if (redis->context == NULL)
		die("out of memory while connecting to Redis");
	if (redis->context->err != 0)
		return not_connected(redis, redis->context->errstr, err);
	if (await_connect(redis, deadline, err) == -1)
		return -1;
	if (redis->tls && start_tls(redis, err) == -1)
		return -1;
	if (log_in(redis, err) == -1)
		return -1;
	if (redis->was_connected)
		metrics_add(METRIC_QUEUE_RECONNECTS, 1);
	redis->was_connected = true;
	return 0;
}

/* --- commands ------------------------------------------------------------------------------- */

/* Queues one command; nothing is written yet. */
static void append(
	struct redis *redis, size_t count, const char *const *arguments, const size_t *sizes)
{
	assert(count > 0 && count <= ARGUMENTS_MAX);

	/* The library only reads the list; its parameter lacks the const. */
	const char **readable = (const char **)(uintptr_t)arguments;
	if (redisAppendCommandArgv(redis->context, (int)count, readable, sizes) != REDIS_OK)
		die("out of memory while writing a Redis command");
}

static int refused(const redisReply *reply, struct err *err)
{
	return err_set(err, ERR_QUEUE, ERR_RETRY_NEVER, "Redis refused: %.200s", reply->str);
}

static int command(struct redis *redis, int64_t timeout_ms, size_t count,
	const char *const *arguments, const size_t *sizes, redisReply **ret, struct err *err)
{
	assert(redis->appended == 0);

	if (redis_connect(redis, err) == -1)
		return -1;
	append(redis, count, arguments, sizes);
	return exchange(redis, timeout_ms, ret, err);
}

int redis_command_within(struct redis *redis, int64_t timeout_ms, size_t count,
	const char *const *arguments, const size_t *sizes, struct redis_reply **ret,
	struct err *err)
{
	CLEANUP(hiredis_reply_free) redisReply *reply = NULL;

	if (command(redis, timeout_ms, count, arguments, sizes, &reply, err) == -1)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR)
		return refused(reply, err);
	if (ret != NULL)
		*ret = (struct redis_reply *)TAKE(reply);
	return 0;
}

int redis_command(struct redis *redis, size_t count, const char *const *arguments,
	const size_t *sizes, struct redis_reply **ret, struct err *err)
{
	return redis_command_within(
		redis, redis->command_timeout_ms, count, arguments, sizes, ret, err);
}

int redis_append(struct redis *redis, size_t count, const char *const *arguments,
	const size_t *sizes, struct err *err)
{
	/* Only the first may connect: the later ones belong to the same connection. */
	if (redis->appended == 0 && redis_connect(redis, err) == -1)
		return -1;
	append(redis, count, arguments, sizes);
	redis->appended++;
	return 0;
}

int redis_read(struct redis *redis, int64_t timeout_ms, struct redis_reply **ret, struct err *err)
{
	redisReply *reply = NULL;

	/* A lost connection took the replies with it; whether the commands ran is not known. */
	if (redis->context == NULL)
		return err_set(err, ERR_QUEUE, ERR_RETRY_ASK,
			"the Redis connection was lost before the reply");
	assert(redis->appended > 0);
	if (exchange(redis, timeout_ms, &reply, err) == -1)
		return -1;
	redis->appended--;
	*ret = (struct redis_reply *)reply;
	return 0;
}

static int eval(struct redis *redis, const char *how, const char *what, size_t key_count,
	size_t count, const char *const *keys_then_arguments, redisReply **ret, struct err *err)
{
	assert(key_count <= count && count + 3 <= ARGUMENTS_MAX);

	CLEANUP(list_free) const char **arguments = mem_zero(count + 3, sizeof *arguments);
	char keys[24];
	(void)snprintf(keys, sizeof keys, "%zu", key_count);
	arguments[0] = how;
	arguments[1] = what;
	arguments[2] = keys;
	for (size_t i = 0; i < count; i++)
		arguments[3 + i] = keys_then_arguments[i];
	return command(redis, redis->command_timeout_ms, count + 3, arguments, NULL, ret, err);
}

/* Scripts are the program's, connections a thread's: two may name the same one at once. */
static void name_script(struct redis_script *script)
{
	static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&naming);
	if (script->sha1[0] == '\0')
		sign_sha1(script->source, strlen(script->source), script->sha1);
	pthread_mutex_unlock(&naming);
}

int redis_eval(struct redis *redis, struct redis_script *script, size_t key_count, size_t count,
	const char *const *keys_then_arguments, struct redis_reply **ret, struct err *err)
{
	CLEANUP(hiredis_reply_free) redisReply *reply = NULL;

	name_script(script);
	if (eval(redis, "EVALSHA", script->sha1, key_count, count, keys_then_arguments, &reply,
		    err) == -1)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0) {
		/* EVAL runs it and keeps it for the next EVALSHA. */
		hiredis_reply_free(&reply);
		if (eval(redis, "EVAL", script->source, key_count, count, keys_then_arguments,
			    &reply, err) == -1)
			return -1;
	}
	if (reply->type == REDIS_REPLY_ERROR)
		return refused(reply, err);
	if (ret != NULL)
		*ret = (struct redis_reply *)TAKE(reply);
	return 0;
}

int redis_subscribe(struct redis *redis, const char *channel, struct err *err)
{
	const char *arguments[] = {"SUBSCRIBE", channel};

	return redis_command(redis, 2, arguments, NULL, NULL, err);
}

static bool is_message(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, "message") == 0 &&
	       reply->element[2]->type == REDIS_REPLY_STRING;
}

int redis_wait(struct redis *redis, int64_t timeout_ms, const char **ret_message, struct err *err)
{
	int64_t deadline = deadline_after(timeout_ms);

	hiredis_reply_free(&redis->message);
	if (redis->context == NULL)
		return err_set(err, ERR_QUEUE, ERR_RETRY_LATER,
			"not subscribed: the Redis connection was lost");
	for (;;) {
		redisReply *reply = NULL;
		if (read_until(redis, deadline, &reply, err) == -1) {
			err->retry = ERR_RETRY_LATER;
			return -1;
		}
		if (reply == NULL) {
			*ret_message = NULL;
			return 0;
		}
		if (is_message(reply)) {
			redis->message = reply;
			*ret_message = reply->element[2]->str;
			return 0;
		}
		hiredis_reply_free(&reply);
	}
}

/* --- replies -------------------------------------------------------------------------------- */

void redis_reply_free(struct redis_reply **reply)
{
	if (*reply != NULL)
		freeReplyObject(*reply);
	*reply = NULL;
}

enum redis_type redis_type(const struct redis_reply *reply)
{
	switch (reply_of(reply)->type) {
	case REDIS_REPLY_STRING:
		return REDIS_TEXT;
	case REDIS_REPLY_ARRAY:
		return REDIS_ARRAY;
	case REDIS_REPLY_INTEGER:
		return REDIS_INT;
	case REDIS_REPLY_NIL:
		return REDIS_NIL;
	case REDIS_REPLY_STATUS:
		return REDIS_STATUS;
	case REDIS_REPLY_ERROR:
		return REDIS_ERROR;
	default:
		/* RESP3 is never asked for. */
		die("unrecognized type %d of a Redis reply", reply_of(reply)->type);
	}
}

const char *redis_text(const struct redis_reply *reply)
{
	enum redis_type type = redis_type(reply);

	return type == REDIS_TEXT || type == REDIS_STATUS || type == REDIS_ERROR
		       ? reply_of(reply)->str
		       : "";
}

size_t redis_size(const struct redis_reply *reply)
{
	return redis_type(reply) == REDIS_ARRAY ? reply_of(reply)->elements
						: (size_t)reply_of(reply)->len;
}

int64_t redis_int(const struct redis_reply *reply)
{
	return redis_type(reply) == REDIS_INT ? reply_of(reply)->integer : 0;
}

const struct redis_reply *redis_item(const struct redis_reply *reply, size_t index)
{
	assert(redis_type(reply) == REDIS_ARRAY && index < reply_of(reply)->elements);
	return (const struct redis_reply *)reply_of(reply)->element[index];
}
