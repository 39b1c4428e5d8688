/*
 * Every guard is tried from inside: a child enters the sandbox and does what it must not, or what a
 * run needs. What this host or this build cannot give is skipped, and said.
 */
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "worker/sandbox.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NOBODY 65534
#define MEMORY_LIMIT (512LL << 20)
#define FILES_LIMIT 64
#define SECRET "a secret that must not be read"

static struct shared { /* between the test and its children */
	struct sandbox_report report;
	int problem; /* errno of what was tried; 0: it went through */
	bool done;
} * shared;

static char folder[] = "/tmp/botbeat-sandbox-XXXXXX";
static char named_file[64];   /* in the list of what may be read */
static char unnamed_file[64]; /* readable by everybody, but not in the list */
static char socket_file[64];
static int listener = -1;
static pid_t sibling; /* another process of the same user */

/* ---- the world around it --------------------------------------------------------------------- */

static void write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(i64, write(fd, "text", 4), 4));
	cr_assert(zero(int, close(fd)));
}

static void listen_on_path(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_file);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(zero(int, bind(listener, (struct sockaddr *)&address, sizeof address)));
	cr_assert(zero(int, listen(listener, 5)));
	cr_assert(zero(int, chmod(socket_file, 0777)));
}

/*
 * As a worker does, not as root: root may look into everybody. A change of user hides a process by
 * itself, which would pass for the guard under test, and forgets who is told of its parent's end.
 */
static void become_user(void)
{
	if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		_exit(90);
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(91);
}

static pid_t start_sibling(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		become_user();
		for (;;)
			(void)pause();
	}
	return pid;
}

static void setup(void)
{
	shared = mmap(
		NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert(ne(ptr, shared, MAP_FAILED));
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	cr_assert(zero(int, chmod(folder, 0777)));
	(void)snprintf(named_file, sizeof named_file, "%s/named", folder);
	(void)snprintf(unnamed_file, sizeof unnamed_file, "%s/unnamed", folder);
	(void)snprintf(socket_file, sizeof socket_file, "%s/socket", folder);
	write_file(named_file);
	write_file(unnamed_file);
	listen_on_path();
	sibling = start_sibling();
}

static void teardown(void)
{
	(void)kill(sibling, SIGKILL);
	(void)waitpid(sibling, NULL, 0);
	(void)close(listener);
	(void)unlink(named_file);
	(void)unlink(unnamed_file);
	(void)unlink(socket_file);
	(void)rmdir(folder);
	(void)munmap(shared, sizeof *shared);
}

TestSuite(sandbox, .init = setup, .fini = teardown, .timeout = 60);

static void enter(void)
{
	const char *readable[] = {named_file, "/no/such/file", NULL};
	struct sandbox_options options = {.memory_limit_bytes = MEMORY_LIMIT,
		.files_limit = FILES_LIMIT,
		.readable = readable};
	struct err err;

	become_user();
	if (sandbox_enter(&options, &shared->report, &err) == -1)
		_exit(92);
}

/* Runs a deed in a child inside the sandbox; returns how the child ended. */
static int inside(int (*deed)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		enter();
		shared->problem = deed() == 0 ? 0 : errno != 0 ? errno : -1;
		shared->done = true;
		_exit(0);
	}
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return status;
}

static void needs(enum sandbox_guard guard)
{
	const struct sandbox_report report = shared->report;

	if (report.holds[guard])
		return;
	teardown(); /* a skipped test leaves at once */
	cr_skip_test("%s: %s", sandbox_guard_text(guard), report.why_not[guard]);
}

/* ---- what must not be done ------------------------------------------------------------------- */

static int deed_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid == -1 ? -1 : 0;
}

static int deed_fork_by_clone3(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} arguments = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &arguments, sizeof arguments);

	if (pid == 0)
		_exit(0);
	return pid == -1 ? -1 : 0;
}

static int deed_exec(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int deed_ptrace(void)
{
	return ptrace(PTRACE_SEIZE, sibling, NULL, NULL) == -1 ? -1 : 0;
}

static int deed_read_memory(void)
{
	char there;
	struct iovec local = {&there, 1};
	struct iovec remote = {(void *)(uintptr_t)folder, 1};

	return process_vm_readv(sibling, &local, 1, &remote, 1, 0) == -1 ? -1 : 0;
}

static int deed_signal(void)
{
	return kill(sibling, 0);
}

static int deed_signal_thread(void)
{
	return (int)syscall(SYS_tgkill, sibling, sibling, 0);
}

static int deed_signal_by_pidfd(void)
{
	return (int)syscall(SYS_pidfd_open, sibling, 0) == -1 ? -1 : 0;
}

static int deed_limit_other(void)
{
	struct rlimit limit = {1, 1};

	return prlimit(sibling, RLIMIT_CPU, &limit, NULL);
}

static int deed_become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int opens_socket(int family)
{
	return socket(family, SOCK_DGRAM, 0) == -1 ? -1 : 0;
}

static int deed_netlink(void)
{
	return opens_socket(AF_NETLINK);
}

/* The kernel looks at the lower half of the argument only. */
static int deed_netlink_in_disguise(void)
{
	return syscall(SYS_socket, AF_NETLINK | (1L << 40), SOCK_DGRAM, NETLINK_ROUTE) == -1 ? -1
											     : 0;
}

static int deed_packet(void)
{
	return opens_socket(AF_VSOCK);
}

static int deed_write_file(void)
{
	return open(named_file, O_WRONLY | O_CLOEXEC) == -1 ? -1 : 0;
}

static int deed_create_file(void)
{
	char path[80];

	(void)snprintf(path, sizeof path, "%s/new", folder);
	return open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600) == -1 ? -1 : 0;
}

static int deed_truncate(void)
{
	return truncate(named_file, 0);
}

static int deed_unlink(void)
{
	return unlink(named_file);
}

static int deed_read_unnamed(void)
{
	return open(unnamed_file, O_RDONLY | O_CLOEXEC) == -1 ? -1 : 0;
}

static int deed_read_environment(void)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)sibling);
	return open(path, O_RDONLY | O_CLOEXEC) == -1 ? -1 : 0;
}

static int bind_port(int fd, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static int deed_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind_port(fd, 0) == -1 ? -1 : listen(fd, 5);
}

static int deed_bind(void)
{
	return bind_port(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 8712);
}

/* What a request from a named egress does. */
static int deed_leave_from(void)
{
	return bind_port(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
}

static int deed_much_memory(void)
{
	/* In pieces: one big piece is refused by other guards, too. */
	for (int64_t taken = 0; taken < 2 * MEMORY_LIMIT; taken += 1 << 20)
		if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED)
			return -1;
	return 0;
}

static int deed_many_files(void)
{
	for (int i = 0; i < 2 * FILES_LIMIT; i++)
		if (dup(STDERR_FILENO) == -1)
			return -1;
	return 0;
}

enum deed { /* no pointers in rows */
	FORK,
	FORK_BY_CLONE3,
	EXEC,
	PTRACE,
	READ_MEMORY,
	SIGNAL,
	SIGNAL_THREAD,
	SIGNAL_BY_PIDFD,
	LIMIT_OTHER,
	BECOME_DUMPABLE,
	NETLINK,
	NETLINK_IN_DISGUISE,
	PACKET,
	WRITE_FILE,
	CREATE_FILE,
	TRUNCATE,
	UNLINK,
	READ_UNNAMED,
	READ_ENVIRONMENT,
	MUCH_MEMORY,
	MANY_FILES,
	LISTEN,
};

static int (*const deeds[])(void) = {
	[FORK] = deed_fork,
	[FORK_BY_CLONE3] = deed_fork_by_clone3,
	[EXEC] = deed_exec,
	[PTRACE] = deed_ptrace,
	[READ_MEMORY] = deed_read_memory,
	[SIGNAL] = deed_signal,
	[SIGNAL_THREAD] = deed_signal_thread,
	[SIGNAL_BY_PIDFD] = deed_signal_by_pidfd,
	[LIMIT_OTHER] = deed_limit_other,
	[BECOME_DUMPABLE] = deed_become_dumpable,
	[NETLINK] = deed_netlink,
	[NETLINK_IN_DISGUISE] = deed_netlink_in_disguise,
	[PACKET] = deed_packet,
	[WRITE_FILE] = deed_write_file,
	[CREATE_FILE] = deed_create_file,
	[TRUNCATE] = deed_truncate,
	[UNLINK] = deed_unlink,
	[READ_UNNAMED] = deed_read_unnamed,
	[READ_ENVIRONMENT] = deed_read_environment,
	[MUCH_MEMORY] = deed_much_memory,
	[MANY_FILES] = deed_many_files,
	[LISTEN] = deed_listen,
};

struct row {
	char because[64];
	enum deed deed;
	enum sandbox_guard guard;
	int problem;
};

ParameterizedTestParameters(sandbox, refuses)
{
	static struct row rows[] = {
		{"no new process", FORK, SANDBOX_SECCOMP, EPERM},
		{"clone3 hides its flags, callers fall back", FORK_BY_CLONE3, SANDBOX_SECCOMP,
			ENOSYS},
		{"no other program", EXEC, SANDBOX_SECCOMP, EPERM},
		{"no look into another runner", PTRACE, SANDBOX_SECCOMP, EPERM},
		{"no read of another runner's memory", READ_MEMORY, SANDBOX_SECCOMP, EPERM},
		{"no signal to another runner", SIGNAL, SANDBOX_SECCOMP, EPERM},
		{"nor to its threads", SIGNAL_THREAD, SANDBOX_SECCOMP, EPERM},
		{"nor through a descriptor", SIGNAL_BY_PIDFD, SANDBOX_SECCOMP, EPERM},
		{"no CPU limit for another runner", LIMIT_OTHER, SANDBOX_SECCOMP, EPERM},
		{"hidden for life", BECOME_DUMPABLE, SANDBOX_SECCOMP, EPERM},
		{"no routing tables", NETLINK, SANDBOX_SECCOMP, EAFNOSUPPORT},
		{"a family's upper half counts for nothing", NETLINK_IN_DISGUISE, SANDBOX_SECCOMP,
			EAFNOSUPPORT},
		{"families above INET6", PACKET, SANDBOX_SECCOMP, EAFNOSUPPORT},
		{"nothing is written", WRITE_FILE, SANDBOX_SECCOMP, EACCES},
		{"nothing is made", CREATE_FILE, SANDBOX_SECCOMP, EACCES},
		{"nothing is cut", TRUNCATE, SANDBOX_SECCOMP, EPERM},
		{"nothing is removed", UNLINK, SANDBOX_SECCOMP, EPERM},
		{"nothing is written, by Landlock", WRITE_FILE, SANDBOX_LANDLOCK, EACCES},
		{"only what is named is read", READ_UNNAMED, SANDBOX_LANDLOCK, EACCES},
		{"no other process's environment", READ_ENVIRONMENT, SANDBOX_LANDLOCK, EACCES},
		{"a memory hog gets no more", MUCH_MEMORY, SANDBOX_MEMORY, ENOMEM},
		{"nobody is listened to", LISTEN, SANDBOX_SECCOMP, EPERM},
		{"descriptors are bounded", MANY_FILES, SANDBOX_FILES, EMFILE},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, sandbox, refuses)
{
	int status = inside(deeds[row->deed]);

	needs(row->guard);
	cr_expect(zero(int, status), "%s: a refusal is an error, not a death", row->because);
	cr_expect(shared->done, "%s", row->because);
	cr_expect(eq(int, shared->problem, row->problem), "%s", row->because);
}

/* Landlock knows TCP since its fourth version. */
Test(sandbox, takes_no_port_where_landlock_knows_tcp)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	if (version < 4)
		cr_skip_test("this kernel's Landlock (%ld) does not know TCP", version);
	(void)inside(deed_bind);
	needs(SANDBOX_LANDLOCK);
	cr_expect(eq(int, shared->problem, EACCES));
}

Test(sandbox, leaves_from_an_address_of_this_host)
{
	cr_expect(zero(int, inside(deed_leave_from)));
	cr_expect(shared->done);
	cr_expect(zero(int, shared->problem));
}

/* ---- what a run needs ------------------------------------------------------------------------ */

static void *note_thread(void *context)
{
	*(bool *)context = true;
	return NULL;
}

static int need_thread(void)
{
	pthread_t thread;
	bool ran = false;

	errno = pthread_create(&thread, NULL, note_thread, &ran);
	if (errno != 0)
		return -1;
	return pthread_join(thread, NULL) == 0 && ran ? 0 : -1;
}

/* It asks the routing tables which families there are, is refused, and goes on. */
static int need_name(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;

	errno = 0;
	if (getaddrinfo("localhost", "80", &hints, &found) != 0)
		return -1;
	freeaddrinfo(found);
	return 0;
}

/* Landlock does not stop connecting: Postgres and Redis stay reachable after a restart. */
static int need_unix_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_file);
	return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int reads(const char *path)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;

	return fd >= 0 && read(fd, &byte, 1) == 1 ? 0 : -1;
}

static int need_named_file(void)
{
	return reads(named_file);
}

static int need_own_figures(void)
{
	return reads("/proc/self/smaps_rollup");
}

static int need_users(void)
{
	return reads("/etc/passwd");
}

static int need_own_signal(void)
{
	(void)signal(SIGUSR1, SIG_IGN);
	return kill(getpid(), SIGUSR1) == 0 && raise(SIGUSR1) == 0 ? 0 : -1;
}

enum need { THREAD, NAME, UNIX_SOCKET, NAMED_FILE, OWN_FIGURES, USERS, OWN_SIGNAL };

static int (*const what_is_needed[])(void) = {
	[THREAD] = need_thread,
	[NAME] = need_name,
	[UNIX_SOCKET] = need_unix_socket,
	[NAMED_FILE] = need_named_file,
	[OWN_FIGURES] = need_own_figures,
	[USERS] = need_users,
	[OWN_SIGNAL] = need_own_signal,
};

struct need_row {
	char because[64];
	enum need need;
};

ParameterizedTestParameters(sandbox, leaves)
{
	static struct need_row rows[] = {
		{"libcurl's resolver is a thread", THREAD},
		{"names are resolved", NAME},
		{"Postgres and Redis are connected to again", UNIX_SOCKET},
		{"venue.ca_file and Postgres's certificates are read", NAMED_FILE},
		{"a runner sees its own memory", OWN_FIGURES},
		{"libpq asks who we are", USERS},
		{"abort and alarms work", OWN_SIGNAL},
	};
	return cr_make_param_array(struct need_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct need_row *row, sandbox, leaves)
{
	int status = inside(what_is_needed[row->need]);

	cr_expect(zero(int, status), "%s", row->because);
	cr_expect(shared->done, "%s", row->because);
	cr_expect(zero(int, shared->problem), "%s", row->because);
}

/* ---- CPU time -------------------------------------------------------------------------------- */

static int deed_loop(void)
{
	struct err err;

	if (sandbox_arm_cpu(1, &err) == -1)
		return -1;
	for (volatile unsigned spin = 0;; spin++)
		;
}

static int64_t cpu_us(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) == -1)
		_exit(94);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec +
	       used.ru_stime.tv_usec;
}

/* Each run gets its own second: what the former ones used does not count. */
static int spend_a_second_thrice(void)
{
	struct err err;

	for (int run = 0; run < 3; run++) {
		int64_t until_us = cpu_us() + 950000;
		if (sandbox_arm_cpu(1, &err) == -1)
			return -1;
		while (cpu_us() < until_us)
			;
	}
	return 0;
}

Test(sandbox, a_loop_ends_when_its_cpu_time_is_spent)
{
	int64_t began_ms = clock_mono_ms(clock_system());
	int status = inside(deed_loop);

	cr_expect(ne(int, WIFSIGNALED(status), 0));
	cr_expect(eq(int, WTERMSIG(status), SIGXCPU));
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - began_ms, 30000));
}

Test(sandbox, cpu_time_is_armed_anew_for_each_run)
{
	int status = inside(spend_a_second_thrice);

	cr_expect(zero(int, status));
	cr_expect(zero(int, shared->problem));
}

/* ---- looked at from outside ------------------------------------------------------------------ */

static pid_t start_victim(bool hides)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct err err;
		char *secret = mem_text(SECRET);
		become_user();
		if (hides && sandbox_hide(&err) == -1)
			_exit(93);
		shared->problem = (int)strlen(secret);
		shared->done = true;
		for (;;)
			(void)pause();
	}
	while (!*(volatile bool *)&shared->done)
		clock_sleep_ms(clock_system(), 1);
	return pid;
}

/* Ways in, tried as another process of the same user; a bit for each that succeeds. */
static int ways_into(pid_t victim)
{
	char path[64];
	char there[sizeof folder];
	struct iovec local = {there, sizeof there};
	struct iovec remote = {folder, sizeof folder};
	int ways = 0;

	if (process_vm_readv(victim, &local, 1, &remote, 1, 0) > 0)
		ways |= 1;
	(void)snprintf(path, sizeof path, "/proc/%d/mem", (int)victim);
	if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
		ways |= 2;
	(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)victim);
	if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
		ways |= 4;
	if (ptrace(PTRACE_ATTACH, victim, NULL, NULL) == 0) {
		(void)waitpid(victim, NULL, __WALL);
		(void)ptrace(PTRACE_DETACH, victim, NULL, NULL);
		ways |= 8;
	}
	return ways;
}

static int attack(bool hides)
{
	int status;

	shared->done = false;
	pid_t victim = start_victim(hides);
	pid_t attacker = fork();
	if (attacker == 0) {
		become_user();
		_exit(ways_into(victim));
	}
	cr_assert(eq(int, waitpid(attacker, &status, 0), attacker));
	(void)kill(victim, SIGKILL);
	(void)waitpid(victim, NULL, 0);
	cr_assert(ne(int, WIFEXITED(status), 0));
	return WEXITSTATUS(status);
}

Test(sandbox, nobody_of_the_same_user_looks_into_a_hidden_process)
{
	if (attack(false) == 0)
		cr_skip_test("this host lets nobody look into anybody");
	cr_expect(
		zero(int, attack(true)), "ways in: 1 process_vm_readv, 2 mem, 4 environ, 8 ptrace");
}

static int deed_abort(void)
{
	abort();
}

Test(sandbox, a_crash_leaves_no_core)
{
	int status = inside(deed_abort);

	cr_expect(ne(int, WIFSIGNALED(status), 0));
	cr_expect(zero(int, WCOREDUMP(status)));
}
