#include "cli/doctor.h"

#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Three processes: the doctor; a warden, which is no longer root; and its prisoner, which enters
 * the sandbox and tries to break out of it. Then the warden tries to look into the prisoner, as
 * another process of the same user would.
 */

#define TOPIC "sandbox"
#define FILES_LIMIT 64
#define NOBODY 65534 /* root may look into everybody: the trial is held as somebody else */

/* --- what the prisoner tries: true if it was refused ------------------------------------------ */

static bool refuses_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid((pid_t)pid, NULL, 0);
	return pid == -1;
}

/* A program that is not there: refused before it is looked for, or looked for. */
static bool refuses_exec(void)
{
	char *const words[] = {NULL};

	return execve("/nowhere/botbeat", words, words) == -1 && errno == EPERM;
}

static bool refuses_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd == -1;
}

static bool refuses_tracing(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1;
}

static bool refuses_signal(void)
{
	return kill(getppid(), 0) == -1;
}

static bool refuses_writing(void)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/tmp/botbeat-doctor-%d", (int)getpid());
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd == -1)
		return true;
	(void)close(fd);
	(void)unlink(path);
	return false;
}

/* A file of the prisoner's own user, laid out by the warden; "" if that was not possible. */
static char bait[64];

static bool refuses_reading(void)
{
	int fd = open(bait[0] == '\0' ? "/etc/group" : bait, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd == -1;
}

static bool refuses_core(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 &&
	       prctl(PR_GET_DUMPABLE) == 0;
}

static bool refuses_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	void *block = mmap(NULL, limit.rlim_cur, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		return true;
	(void)munmap(block, limit.rlim_cur);
	return false;
}

static bool refuses_files(void)
{
	for (int i = 0; i <= FILES_LIMIT; i++)
		if (dup(STDERR_FILENO) == -1)
			return true;
	return false;
}

struct trial {
	const char *what;    /* what holds if it was refused */
	const char *failure; /* what it means if not */
	bool (*refused)(void);
	enum sandbox_guard guard; /* whose word it puts to the test */
	bool on_every_linux;      /* not refused: FAIL, else a warning */
};

static const struct trial trials[] = {
	{"no core is left behind", "a crash would write secrets to disk", refuses_core,
		SANDBOX_CORE, true},
	{"it cannot fork", "a strategy could start processes", refuses_fork, SANDBOX_SECCOMP, true},
	{"it cannot run programs", "a strategy could run programs", refuses_exec, SANDBOX_SECCOMP,
		true},
	{"it has internet and unix sockets only", "it could open any socket", refuses_socket,
		SANDBOX_SECCOMP, true},
	{"it cannot trace", "it could trace other processes", refuses_tracing, SANDBOX_SECCOMP,
		true},
	{"it signals nobody else", "it could signal other processes", refuses_signal,
		SANDBOX_SECCOMP, true},
	{"it cannot write files", "it could write files of its user", refuses_writing,
		SANDBOX_SECCOMP, true},
	{"it reads what TLS and names need only", "it could read files of its user",
		refuses_reading, SANDBOX_LANDLOCK, false},
	{"its memory is bounded", "it could take all memory", refuses_memory, SANDBOX_MEMORY, true},
	/* The last one: it takes all descriptors. */
	{"its open files are bounded", "it could take all descriptors", refuses_files,
		SANDBOX_FILES, true},
};
#define TRIALS (sizeof trials / sizeof trials[0])

/* --- what the warden tries ------------------------------------------------------------------ */

static bool refuses_attach(pid_t prisoner)
{
	if (ptrace(PTRACE_ATTACH, prisoner, NULL, NULL) == -1)
		return true;
	(void)waitpid(prisoner, NULL, 0);
	(void)ptrace(PTRACE_DETACH, prisoner, NULL, NULL);
	return false;
}

static bool refuses_memory_reading(pid_t prisoner)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/mem", (int)prisoner);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)close(fd);
	return fd == -1;
}

struct verdict { /* over the pipe */
	bool entered;
	struct sandbox_report report;
	bool refused[TRIALS];
	bool refused_attach, refused_memory;
	struct err err;
};

__attribute__((noreturn)) static void prisoner_main(
	const struct sandbox_options *options, int out, int in)
{
	struct verdict verdict = {0};
	char word;

	verdict.entered = sandbox_enter(options, &verdict.report, &verdict.err) == 0;
	for (size_t i = 0; verdict.entered && i < TRIALS; i++)
		verdict.refused[i] = trials[i].refused();
	if (write(out, &verdict, sizeof verdict) != (ssize_t)sizeof verdict)
		_exit(1);
	/* Stays to be looked at until the warden closes its end. */
	(void)!read(in, &word, 1);
	_exit(0);
}

static bool read_verdict(int fd, struct verdict *ret)
{
	char *at = (char *)ret;
	size_t left_bytes = sizeof *ret;

	while (left_bytes > 0) {
		ssize_t got = read(fd, at, left_bytes);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		left_bytes -= (size_t)got;
	}
	return true;
}

static void lay_bait(void)
{
	(void)snprintf(bait, sizeof bait, "/tmp/botbeat-doctor-XXXXXX");
	int fd = mkstemp(bait);
	if (fd == -1)
		bait[0] = '\0';
	else
		(void)close(fd);
}

__attribute__((noreturn)) static void warden_main(const struct sandbox_options *options, int out)
{
	struct verdict verdict = {0};
	int told[2];
	int hold[2];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
				      setresuid(NOBODY, NOBODY, NOBODY) == -1))
		_exit(1);
	/* A change of user forbids looking at once; without this the prisoner would inherit it. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	if (pipe2(told, O_CLOEXEC) == -1 || pipe2(hold, O_CLOEXEC) == -1)
		_exit(1);
	lay_bait();
	pid_t prisoner = fork();
	if (prisoner == -1)
		_exit(1);
	if (prisoner == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(hold[1]);
		prisoner_main(options, told[1], hold[0]);
	}
	(void)close(told[1]);
	bool heard = read_verdict(told[0], &verdict);
	if (bait[0] != '\0')
		(void)unlink(bait);
	if (!heard)
		_exit(1);
	verdict.refused_memory = refuses_memory_reading(prisoner);
	verdict.refused_attach = refuses_attach(prisoner);
	(void)close(hold[1]);
	(void)waitpid(prisoner, NULL, 0);
	_exit(write(out, &verdict, sizeof verdict) == (ssize_t)sizeof verdict ? 0 : 1);
}

static bool hold_trial(const struct sandbox_options *options, struct verdict *ret)
{
	int told[2];

	(void)fflush(stdout);
	if (pipe2(told, O_CLOEXEC) == -1)
		return false;
	pid_t warden = fork();
	if (warden == 0)
		warden_main(options, told[1]);
	(void)close(told[1]);
	bool heard = warden != -1 && read_verdict(told[0], ret);
	(void)close(told[0]);
	if (warden != -1)
		(void)waitpid(warden, NULL, 0);
	return heard;
}

/* --- what is said about it ------------------------------------------------------------------ */

static void tell(const struct doctor *doctor, const struct trial *trial,
	const struct verdict *verdict, bool refused)
{
	const char *why = verdict->report.why_not[trial->guard];

	if (refused)
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL, "%s (tried)", trial->what);
	else if (!trial->on_every_linux || why[0] != '\0')
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"docs/sandbox.md says what each guard stops, and what does without it",
			"%s: %s", trial->failure, why[0] == '\0' ? "the guard does not hold" : why);
	else
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"look at the kernel's settings: the guard says that it holds", "%s",
			trial->failure);
}

static void tell_outside(
	const struct doctor *doctor, const char *what, const char *failure, bool refused)
{
	if (refused)
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL, "%s (tried)", what);
	else
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"does the doctor's user have CAP_SYS_PTRACE? take it away", "%s", failure);
}

void doctor_sandbox_check(const struct doctor *doctor)
{
	const struct config *config = command_config(doctor->context);
	struct sandbox_options options = {
		.memory_limit_bytes = config_int(config, "worker.memory_limit_mb") << 20,
		.files_limit = FILES_LIMIT,
	};
	struct verdict verdict = {0};

	if (!hold_trial(&options, &verdict) || !verdict.entered) {
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"workers do not start on this host before this is mended",
			"a runner cannot enter its sandbox: %s",
			verdict.err.message[0] == '\0' ? "the trial was cut short"
						       : verdict.err.message);
		return;
	}
	for (size_t i = 0; i < TRIALS; i++)
		tell(doctor, &trials[i], &verdict, verdict.refused[i]);
	tell_outside(doctor, "others of its user cannot trace it",
		"another process of the same user could trace a runner", verdict.refused_attach);
	tell_outside(doctor, "others of its user cannot read its memory",
		"another process of the same user could read a runner's memory",
		verdict.refused_memory);
	if (geteuid() == 0)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"run workers as a user of their own",
			"this is root, who may look into every process");
}
