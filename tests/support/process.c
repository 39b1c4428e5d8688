#include "tests/support/process.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LOOK_MS 5

static void exec_program(const char *log, const char *const *argv)
{
	int silence = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	/* A test that fails leaves at once, without its cleanups. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(silence, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
		dup2(out, STDERR_FILENO) == -1)
		_exit(126);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

pid_t process_start(const char *log, const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0)
		exec_program(log, argv);
	if (pid == -1)
		die("could not fork: %s", strerror(errno));
	return pid;
}

int process_wait(pid_t pid, int64_t timeout_ms)
{
	int64_t deadline_ms = clock_mono_ms(clock_system()) + timeout_ms;
	int status;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid)
			return WIFSIGNALED(status) ? PROCESS_SIGNALLED + WTERMSIG(status)
						   : WEXITSTATUS(status);
		if (ended == -1)
			die("could not wait for %d: %s", (int)pid, strerror(errno));
		if (clock_mono_ms(clock_system()) >= deadline_ms)
			return -1;
		clock_sleep_ms(clock_system(), LOOK_MS);
	}
}

int process_run(const char *log, const char *const *argv, int64_t timeout_ms)
{
	pid_t pid = process_start(log, argv);
	int code = process_wait(pid, timeout_ms);

	if (code == -1) {
		(void)kill(pid, SIGKILL);
		code = process_wait(pid, timeout_ms);
	}
	return code;
}

/* State and parent from /proc/PID/stat, whose second field may hold anything, spaces included. */
static bool read_stat(pid_t pid, char *ret_state, pid_t *ret_parent)
{
	char path[64];
	char text[512];
	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	CLEANUP(file_close) FILE *file = fopen(path, "re");

	if (file == NULL || fgets(text, sizeof text, file) == NULL)
		return false;
	const char *end = strrchr(text, ')');
	int parent;
	if (end == NULL || sscanf(end, ") %c %d", ret_state, &parent) != 2)
		return false;
	*ret_parent = parent;
	return true;
}

bool process_lives(pid_t pid)
{
	char state;
	pid_t parent;

	return read_stat(pid, &state, &parent) && state != 'Z' && state != 'X';
}

static int by_pid(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

size_t process_children(pid_t pid, pid_t *ret, size_t limit)
{
	DIR *folder = opendir("/proc");
	size_t count = 0;

	if (folder == NULL)
		die("could not open /proc: %s", strerror(errno));
	for (struct dirent *entry; count < limit && (entry = readdir(folder)) != NULL;) {
		pid_t child = (pid_t)strtol(entry->d_name, NULL, 10);
		pid_t parent;
		char state;
		if (child > 0 && read_stat(child, &state, &parent) && parent == pid && state != 'Z')
			ret[count++] = child;
	}
	(void)closedir(folder);
	qsort(ret, count, sizeof ret[0], by_pid);
	return count;
}

int process_free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, size) == -1 ||
		getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		die("could not find a free port: %s", strerror(errno));
	return ntohs(address.sin_port);
}
