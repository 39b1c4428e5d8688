/*
 * server - the private servers of a test run.
 *
 * script/test starts them and names them in the environment: BOTBEAT_TEST_DATABASE_URL (a
 * superuser on a Postgres of its own) and BOTBEAT_TEST_REDIS_URL. A test that needs one is skipped
 * with a message where there is none.
 */
#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include <sys/types.h>

/* Borrowed from the environment. Do not return if the variable is not set: the test is skipped. */
const char *test_database_url(void);
const char *test_redis_url(void);

/* A Redis of the test's own, to be stopped, frozen (SIGSTOP) and killed. */
struct own_redis {
	pid_t pid;
	char folder[64];
	char url[96];
};

/* Starts it on a socket in a folder of its own and waits until it listens; skips without one. */
void own_redis_start(struct own_redis *ret);
/* After it was killed and waited for: an empty one in its place, at the same address. */
void own_redis_again(struct own_redis *redis);
/* Kills it if it still runs, and removes the folder. */
void own_redis_stop(struct own_redis *redis);

#endif
