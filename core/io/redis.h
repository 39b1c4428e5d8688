/*
 * redis - one connection to Redis, every command bounded in time.
 *
 * After a timeout or a lost connection the connection is dropped and opened again by the next
 * command (a hiredis connection that timed out would hand the late reply to the next caller).
 * Errors: ERR_QUEUE with ERR_RETRY_LATER when nothing was sent, ERR_RETRY_ASK when the command
 * may have run, ERR_RETRY_NEVER for an error reply (its text in the message; postgres and redis
 * passwords never are). URLs: redis://[[user]:password@]host[:port][/db], unix:///path[?db=N],
 * rediss://… where the library has TLS, refused by name where not. Not thread-safe; must not
 * cross a fork.
 */
#ifndef CORE_IO_REDIS_H
#define CORE_IO_REDIS_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis;
struct redis_reply;

enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_INT, REDIS_ARRAY, REDIS_STATUS, REDIS_ERROR };

/* Checks the URL only; does not connect. */
MUST_CHECK int redis_new(const char *url, int64_t connect_timeout_ms, int64_t command_timeout_ms,
	struct redis **ret, struct err *err);
void redis_free(struct redis **redis);
MUST_CHECK int redis_connect(struct redis *redis, struct err *err);
bool redis_connected(const struct redis *redis);
void redis_disconnect(struct redis *redis);

/* One command of count arguments (binary-safe by sizes; NULL sizes: texts). Error replies fail. */
MUST_CHECK int redis_command(struct redis *redis, size_t count, const char *const *arguments,
	const size_t *sizes, struct redis_reply **ret, struct err *err);

/* As above with its own deadline, for blocking commands: timeout_ms counts from the send. */
MUST_CHECK int redis_command_within(struct redis *redis, int64_t timeout_ms, size_t count,
	const char *const *arguments, const size_t *sizes, struct redis_reply **ret,
	struct err *err);

/*
 * Pipelining: append several, then read as many replies in order. An error *reply* is returned as
 * a reply of type REDIS_ERROR here, so that one refused command does not hide the others' replies.
 */
MUST_CHECK int redis_append(struct redis *redis, size_t count, const char *const *arguments,
	const size_t *sizes, struct err *err);
MUST_CHECK int redis_read(
	struct redis *redis, int64_t timeout_ms, struct redis_reply **ret, struct err *err);

/*
 * A Lua script by its SHA1 with EVALSHA, loaded on NOSCRIPT (a restarted or flushed server).
 * struct redis_script is static in the caller; sha1 is filled at first use.
 */
struct redis_script {
	const char *source;
	char sha1[41];
};
MUST_CHECK int redis_eval(struct redis *redis, struct redis_script *script, size_t key_count,
	size_t count, const char *const *keys_then_arguments, struct redis_reply **ret,
	struct err *err);

/* SUBSCRIBE on this connection (then only redis_wait may be used on it). */
MUST_CHECK int redis_subscribe(struct redis *redis, const char *channel, struct err *err);
/* *ret_message is NULL on timeout, else borrowed until the next call. */
MUST_CHECK int redis_wait(
	struct redis *redis, int64_t timeout_ms, const char **ret_message, struct err *err);

void redis_reply_free(struct redis_reply **reply);
enum redis_type redis_type(const struct redis_reply *reply);
const char *redis_text(const struct redis_reply *reply); /* TEXT, STATUS, ERROR; "" otherwise */
size_t redis_size(const struct redis_reply *reply);      /* bytes of a text, items of an array */
int64_t redis_int(const struct redis_reply *reply);      /* INT; 0 otherwise */
const struct redis_reply *redis_item(const struct redis_reply *reply, size_t index); /* borrowed */

#endif
