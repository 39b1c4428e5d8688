#include "core/io/notify.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/* A service manager's socket in the abstract name space. */
static int listen_as_manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];

	(void)snprintf(name, sizeof name, "@botbeat-notify-%d", (int)getpid());
	memcpy(address.sun_path, name, strlen(name));
	address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert(ge(int, fd, 0));
	cr_assert(zero(
		int, bind(fd, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)))));
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static char *heard(int fd)
{
	static char text[64];
	ssize_t size = recv(fd, text, sizeof text - 1, 0);

	text[size < 0 ? 0 : size] = '\0';
	return text;
}

Test(notify, a_manager_hears_what_is_sent)
{
	int fd = listen_as_manager();

	notify_send("READY=1");
	cr_expect(eq(str, heard(fd), "READY=1"));
	cr_expect(eq(str, heard(fd), ""));
}

Test(notify, the_watchdog_is_fed_if_it_asks)
{
	int fd = listen_as_manager();

	notify_alive();
	cr_expect(eq(str, heard(fd), ""), "nobody asked");
	setenv("WATCHDOG_USEC", "60000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_alive();
	cr_expect(eq(str, heard(fd), ""), "another process was asked");
	unsetenv("WATCHDOG_PID");
	notify_alive();
	cr_expect(eq(str, heard(fd), "WATCHDOG=1"));
	notify_alive();
	cr_expect(eq(str, heard(fd), ""), "three times a span are enough");
}

Test(notify, without_a_manager_nothing_happens)
{
	unsetenv("NOTIFY_SOCKET");
	notify_send("READY=1");
	setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
	notify_send("READY=1");
}
