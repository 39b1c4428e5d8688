#include "tests/support/server.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/io/redis.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_MS 10000

static const char *required(const char *variable)
{
	const char *url = getenv(variable);

	if (url == NULL || url[0] == '\0')
		cr_skip_test("%s is not set", variable);
	return url;
}

const char *test_database_url(void)
{
	return required("BOTBEAT_TEST_DATABASE_URL");
}

const char *test_redis_url(void)
{
	return required("BOTBEAT_TEST_REDIS_URL");
}

static void exec_redis(const char *folder, const char *socket)
{
	/* A test that fails leaves at once, without its cleanups. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	int silence = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(silence, STDOUT_FILENO);
	dup2(silence, STDERR_FILENO);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--dir",
		folder, "--save", "", "--appendonly", "no", (char *)NULL);
	_exit(127);
}

static bool answers(const char *url)
{
	CLEANUP(redis_free) struct redis *redis = NULL;
	struct err err;

	return redis_new(url, 0, 0, &redis, &err) == 0 && redis_connect(redis, &err) == 0;
}

void own_redis_again(struct own_redis *redis)
{
	char socket[80];

	(void)snprintf(socket, sizeof socket, "%s/redis.sock", redis->folder);
	redis->pid = fork();
	if (redis->pid == 0)
		exec_redis(redis->folder, socket);

	/* It listens a moment after its socket has appeared; a missing program ends at once. */
	int64_t deadline_ms = clock_mono_ms(clock_system()) + START_TIMEOUT_MS;
	while (!answers(redis->url)) {
		if (waitpid(redis->pid, NULL, WNOHANG) != 0 ||
			clock_mono_ms(clock_system()) > deadline_ms)
			cr_skip_test("redis-server does not start here");
		clock_sleep_ms(clock_system(), 5);
	}
}

void own_redis_start(struct own_redis *ret)
{
	(void)snprintf(ret->folder, sizeof ret->folder, "/tmp/botbeat-redis-XXXXXX");
	if (mkdtemp(ret->folder) == NULL)
		die("could not make a folder for a Redis server");
	(void)snprintf(ret->url, sizeof ret->url, "unix://%s/redis.sock", ret->folder);
	own_redis_again(ret);
}

void own_redis_stop(struct own_redis *redis)
{
	char socket[80];

	if (redis->pid > 0) {
		(void)kill(redis->pid, SIGKILL);
		(void)waitpid(redis->pid, NULL, 0);
		redis->pid = 0;
	}
	(void)snprintf(socket, sizeof socket, "%s/redis.sock", redis->folder);
	(void)unlink(socket);
	(void)rmdir(redis->folder);
}
