/*
 * sandbox - what a runner may still do once it holds other people's keys.
 *
 * Guards, each independent and each reported: no core and no ptrace (PR_SET_DUMPABLE 0, RLIMIT_CORE
 * 0), no new privileges, address space and files bounded, CPU time re-armed for each run, seccomp
 * (no new processes, no exec, no signal to others, only INET, INET6 and UNIX sockets, nothing
 * opened for writing; refusals are errors, not kills; clone3 answers ENOSYS so that libcurl's
 * resolver thread can be made by clone), Landlock where the kernel has it (no writes anywhere,
 * reads only of what TLS and name resolution need and of what the caller names). What each guard
 * does not stop is written in docs/sandbox.md. The sanitizer build leaves out what sanitizers
 * cannot live with (address space limit, seccomp).
 */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sandbox_options {
	int64_t memory_limit_bytes; /* of address space; 0: none */
	int64_t files_limit;        /* open descriptors; 0: none */
	const char *const
		*readable; /* files and folders, NULL-terminated, may be missing; NULL: none */
};

enum sandbox_guard {
	SANDBOX_DUMPABLE,
	SANDBOX_CORE,
	SANDBOX_NO_NEW_PRIVS,
	SANDBOX_MEMORY,
	SANDBOX_FILES,
	SANDBOX_SECCOMP,
	SANDBOX_LANDLOCK,
	SANDBOX_GUARDS
};

struct sandbox_report { /* per guard: holds, or why not */
	bool holds[SANDBOX_GUARDS];
	char why_not[SANDBOX_GUARDS][80];
};

/*
 * The part that needs nothing else: no core, no ptrace, /proc/PID closed to the same user. First
 * thing in every child, before it holds a secret. -1 if Linux refuses what it never refuses.
 */
MUST_CHECK int sandbox_hide(struct err *err);

/*
 * Enters the sandbox for the rest of the process's life. A guard that this host cannot give is
 * reported and passed over; -1 only if a guard that every Linux has fails.
 */
MUST_CHECK int sandbox_enter(
	const struct sandbox_options *options, struct sandbox_report *ret, struct err *err);

/* Before each run: so many CPU seconds from now on, or up to two more, until SIGXCPU ends the
 * process. */
MUST_CHECK int sandbox_arm_cpu(int64_t seconds, struct err *err);

const char *sandbox_guard_text(enum sandbox_guard guard);

#endif
