#include "worker/sandbox.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *sandbox_guard_text(enum sandbox_guard guard)
{
	static const char *const names[SANDBOX_GUARDS] = {
		[SANDBOX_DUMPABLE] = "no ptrace, no core (dumpable 0)",
		[SANDBOX_CORE] = "core size 0",
		[SANDBOX_NO_NEW_PRIVS] = "no new privileges",
		[SANDBOX_MEMORY] = "address space bounded",
		[SANDBOX_FILES] = "open files bounded",
		[SANDBOX_SECCOMP] = "system calls filtered (seccomp)",
		[SANDBOX_LANDLOCK] = "file system closed (Landlock)",
	};
	return names[guard];
}

static void hold(struct sandbox_report *report, enum sandbox_guard guard)
{
	report->holds[guard] = true;
	report->why_not[guard][0] = '\0';
}

static void miss(struct sandbox_report *report, enum sandbox_guard guard, const char *why)
{
	report->holds[guard] = false;
	(void)snprintf(report->why_not[guard], sizeof report->why_not[guard], "%s", why);
}

static void bound(
	struct sandbox_report *report, enum sandbox_guard guard, int resource, rlim_t limit)
{
	struct rlimit bound = {.rlim_cur = limit, .rlim_max = limit};

	if (setrlimit(resource, &bound) == 0)
		hold(report, guard);
	else
		miss(report, guard, strerror(errno));
}

static void bound_process(const struct sandbox_options *options, struct sandbox_report *report)
{
	if (options->files_limit > 0)
		bound(report, SANDBOX_FILES, RLIMIT_NOFILE, (rlim_t)options->files_limit);
	else
		miss(report, SANDBOX_FILES, "not asked for");
#ifdef BOTBEAT_SANITIZE
	miss(report, SANDBOX_MEMORY, "the sanitizer build maps terabytes");
#else
	if (options->memory_limit_bytes > 0)
		bound(report, SANDBOX_MEMORY, RLIMIT_AS, (rlim_t)options->memory_limit_bytes);
	else
		miss(report, SANDBOX_MEMORY, "not asked for");
#endif
}

/* ---- seccomp -------------------------------------------------------------------------------- */

#ifndef BOTBEAT_SANITIZE
/* Never needed by a run: new programs, looking into others, changing the system or its files. */
static const int refused_calls[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	/* other processes of our user */
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(process_mrelease),
	SCMP_SYS(move_pages),
	SCMP_SYS(migrate_pages),
	SCMP_SYS(kcmp),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(tkill),
	SCMP_SYS(setpriority),
	SCMP_SYS(ioprio_set),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(sched_setattr),
	SCMP_SYS(sched_setparam),
	SCMP_SYS(sched_setscheduler),
	/* nobody connects to a runner; binding is for the address that a request leaves from */
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	/* files, also where there is no Landlock */
	SCMP_SYS(creat),
	SCMP_SYS(truncate),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(rmdir),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(chown),
	SCMP_SYS(fchown),
	SCMP_SYS(lchown),
	SCMP_SYS(fchownat),
	SCMP_SYS(setxattr),
	SCMP_SYS(lsetxattr),
	SCMP_SYS(fsetxattr),
	SCMP_SYS(open_by_handle_at),
	/* the system */
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
};

static int refuse(scmp_filter_ctx filter, int error, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)error), call, 0);
}

static int refuse_if(scmp_filter_ctx filter, int error, int call, struct scmp_arg_cmp condition)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint16_t)error), call, 1, &condition);
}

/* Of an int the kernel looks at the lower half only, so a comparison must, too. */
static struct scmp_arg_cmp is_int(unsigned argument, uint32_t value)
{
	return SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, value);
}

static struct scmp_arg_cmp has_bits(unsigned argument, uint32_t mask, uint32_t value)
{
	return SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value);
}

static struct scmp_arg_cmp is_not(unsigned argument, uint64_t value)
{
	return SCMP_CMP(argument, SCMP_CMP_NE, value);
}

/* Threads may be made (libcurl's resolver), processes not. clone3 hides its flags from us: without
 * it glibc falls back to clone. */
static int refuse_processes(scmp_filter_ctx filter)
{
	return refuse_if(filter, EPERM, SCMP_SYS(clone), has_bits(0, CLONE_THREAD, 0)) |
	       refuse(filter, ENOSYS, SCMP_SYS(clone3));
}

/* A signal, or a limit, for anybody but ourselves; and to be looked into again. */
static int refuse_others(scmp_filter_ctx filter)
{
	uint64_t self = (uint64_t)getpid();

	return refuse_if(filter, EPERM, SCMP_SYS(kill), is_not(0, self)) |
	       refuse_if(filter, EPERM, SCMP_SYS(tgkill), is_not(0, self)) |
	       refuse_if(filter, EPERM, SCMP_SYS(rt_sigqueueinfo), is_not(0, self)) |
	       refuse_if(filter, EPERM, SCMP_SYS(rt_tgsigqueueinfo), is_not(0, self)) |
	       refuse_if(filter, EPERM, SCMP_SYS(prlimit64), is_not(0, 0)) |
	       refuse_if(filter, EPERM, SCMP_SYS(prctl), is_int(0, PR_SET_DUMPABLE)) |
	       refuse_if(filter, EPERM, SCMP_SYS(prctl), is_int(0, PR_SET_PTRACER)) |
	       /* typing into the terminal that we were started from */
	       refuse_if(filter, EPERM, SCMP_SYS(ioctl), is_int(1, TIOCSTI)) |
	       refuse_if(filter, EPERM, SCMP_SYS(ioctl), is_int(1, TIOCLINUX));
}

/* INET, INET6 and UNIX sockets only: 2, 10 and 1 of the families. */
static int refuse_families(scmp_filter_ctx filter)
{
	int failed = 0;

	for (int family = 0; family <= AF_INET6; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
			failed |= refuse_if(filter, EAFNOSUPPORT, SCMP_SYS(socket),
				is_int(0, (uint32_t)family));
	return failed | refuse_if(filter, EAFNOSUPPORT, SCMP_SYS(socket),
				SCMP_CMP(0, SCMP_CMP_GT, (scmp_datum_t)AF_INET6));
}

static int refuse_writing(scmp_filter_ctx filter)
{
	static const struct {
		uint32_t mask, value;
	} flags[] = {
		{O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR}, {O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}};
	int failed = refuse(filter, ENOSYS, SCMP_SYS(openat2));

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		failed |= refuse_if(filter, EACCES, SCMP_SYS(openat),
				  has_bits(2, flags[i].mask, flags[i].value)) |
			  refuse_if(filter, EACCES, SCMP_SYS(open),
				  has_bits(1, flags[i].mask, flags[i].value));
	return failed;
}

static int add_rules(scmp_filter_ctx filter)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof refused_calls / sizeof refused_calls[0]; i++)
		failed |= refuse(filter, EPERM, refused_calls[i]);
	return failed | refuse_processes(filter) | refuse_others(filter) | refuse_families(filter) |
	       refuse_writing(filter);
}

static void filter_calls(struct sandbox_report *report)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int failed = filter == NULL ? -ENOMEM : add_rules(filter);

	if (failed == 0)
		failed = seccomp_load(filter);
	if (failed == 0)
		hold(report, SANDBOX_SECCOMP);
	else
		miss(report, SANDBOX_SECCOMP, "this kernel or container refuses the filter");
	if (filter != NULL)
		seccomp_release(filter);
}
#endif

/* ---- Landlock ------------------------------------------------------------------------------- */

/* What TLS, name resolution and the user's name are read from, and our own figures. */
static const char *const readable[] = {"/etc/ssl", "/usr/share/ca-certificates", "/usr/lib/ssl",
	"/usr/local/share/ca-certificates", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
	"/etc/host.conf", "/etc/gai.conf", "/etc/passwd", "/etc/ld.so.cache", "/etc/localtime",
	"/usr/share/zoneinfo", "/run/systemd/resolve", "/lib", "/usr/lib", "/lib64", "/proc/self",
	"/dev/urandom"};

/*
 * Rights and fields that came after the headers of the oldest system we build on: the numbers are
 * the kernel's. A kernel is asked which of them it knows.
 */
#define RIGHTS_1 ((1ULL << 13) - 1)
#define RIGHT_REFER (1ULL << 13)     /* since 2 */
#define RIGHT_TRUNCATE (1ULL << 14)  /* since 3 */
#define RIGHT_IOCTL_DEV (1ULL << 15) /* since 5 */
#define NET_BIND_TCP (1ULL << 0)     /* since 4 */
#define SCOPE_SIGNAL (1ULL << 1)     /* since 6 */

#define RULE_NET_PORT 2 /* since 4 */

struct net_port_rule {
	uint64_t allowed_access, port;
};

struct ruleset_attributes {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

#define LANDLOCK_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static void allow_reading(int ruleset, const char *path)
{
	CLEANUP(fd_close) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_READ, .parent_fd = fd};

	if (fd == -1)
		return;
	/* A plain file refuses the right to list: give it reading only. */
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
		return;
	rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	(void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* A request may leave from an address of this host (venue.egress), by whatever port is free. */
static void allow_any_free_port(int ruleset)
{
	struct net_port_rule rule = {.allowed_access = NET_BIND_TCP, .port = 0};

	(void)syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0);
}

/* Everything that can be refused by this kernel, in the shape that it understands. */
static int make_ruleset(void)
{
	struct ruleset_attributes attributes = {.handled_access_fs = RIGHTS_1};
	size_t size = sizeof attributes.handled_access_fs;
	long version = syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version == -1)
		return -1;
	attributes.handled_access_fs |= (version >= 2 ? RIGHT_REFER : 0) |
					(version >= 3 ? RIGHT_TRUNCATE : 0) |
					(version >= 5 ? RIGHT_IOCTL_DEV : 0);
	if (version >= 4) {
		attributes.handled_access_net = NET_BIND_TCP;
		size += sizeof attributes.handled_access_net;
	}
	if (version >= 6) {
		attributes.scoped = SCOPE_SIGNAL;
		size += sizeof attributes.scoped;
	}
	return (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
}

static void close_files(const char *const *more, struct sandbox_report *report)
{
	CLEANUP(fd_close) int ruleset = make_ruleset();

	if (ruleset == -1) {
		miss(report, SANDBOX_LANDLOCK,
			errno == ENOSYS || errno == EOPNOTSUPP ? "this kernel has no Landlock"
							       : strerror(errno));
		return;
	}
	for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
		allow_reading(ruleset, readable[i]);
	for (size_t i = 0; more != NULL && more[i] != NULL; i++)
		allow_reading(ruleset, more[i]);
	allow_any_free_port(ruleset);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		hold(report, SANDBOX_LANDLOCK);
	else
		miss(report, SANDBOX_LANDLOCK, strerror(errno));
}

/* ---- all of it ------------------------------------------------------------------------------ */

int sandbox_hide(struct err *err)
{
	const struct rlimit none = {0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_errno(err, errno, "could not give up being dumpable");
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return err_errno(err, errno, "could not give up core files");
	return 0;
}

int sandbox_enter(
	const struct sandbox_options *options, struct sandbox_report *ret, struct err *err)
{
	memset(ret, 0, sizeof *ret);
	if (sandbox_hide(err) == -1)
		return -1;
	hold(ret, SANDBOX_DUMPABLE);
	hold(ret, SANDBOX_CORE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_errno(err, errno, "could not give up new privileges");
	hold(ret, SANDBOX_NO_NEW_PRIVS);
	bound_process(options, ret);
	close_files(options->readable, ret);
#ifdef BOTBEAT_SANITIZE
	miss(ret, SANDBOX_SECCOMP, "the sanitizer build needs what it refuses");
#else
	filter_calls(ret);
#endif
	return 0;
}

int sandbox_arm_cpu(int64_t seconds, struct err *err)
{
	struct rusage used;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &used) == -1 || getrlimit(RLIMIT_CPU, &limit) == -1)
		return err_errno(err, errno, "could not read CPU time");
	/* The kernel's own sum counts whole ticks and runs a little apart from this one. */
	int64_t used_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
			  used.ru_utime.tv_usec + used.ru_stime.tv_usec;
	limit.rlim_cur = (rlim_t)((used_us + 999999) / 1000000 + seconds + 1);
	if (setrlimit(RLIMIT_CPU, &limit) == -1)
		return err_errno(err, errno, "could not bound CPU time");
	return 0;
}
