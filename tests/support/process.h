/*
 * process - programs that a test starts, watches and kills.
 *
 * A program dies with the test that started it; what it forks must see to itself. Its output goes
 * to a file. Whatever fails in here ends the test.
 */
#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_SIGNALLED 1000 /* added to the signal in place of an exit code */

/* argv ends with NULL; log is appended to. */
pid_t process_start(const char *log, const char *const *argv);

/* Waits for a child of ours; its exit code, or PROCESS_SIGNALLED + signal. -1: it goes on. */
int process_wait(pid_t pid, int64_t timeout_ms);

/* Runs it to its end; its exit code as above. */
int process_run(const char *log, const char *const *argv, int64_t timeout_ms);

/* Whoever's child it is: false once it has ended, also where nobody has reaped it. */
bool process_lives(pid_t pid);

/* The children of a process, the oldest first; returns how many, at most limit. */
size_t process_children(pid_t pid, pid_t *ret, size_t limit);

/* A port of 127.0.0.1 that was free a moment ago. */
int process_free_port(void);

#endif
