#include "core/io/notify.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* the abstract name space */
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		    size) == -1)
		return;
}

/* 0: nobody wants to know, or another process is meant. */
static int64_t watchdog_ms(void)
{
	const char *span = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (span == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(span, NULL, 10) / 1000;
}

void notify_alive(void)
{
	static int64_t told_mono_ms;
	int64_t now_ms = clock_mono_ms(clock_system());
	int64_t span_ms = watchdog_ms();

	if (span_ms <= 0 || (told_mono_ms != 0 && now_ms - told_mono_ms < span_ms / 3))
		return;
	told_mono_ms = now_ms;
	notify_send("WATCHDOG=1");
}
