/*
 * child - what a child of the pool is given, and how it sees that its supervisor is gone.
 *
 * The supervisor forks each child into one of the mains below. What a child knows of the
 * supervisor is the end of a pipe, so that neither runner nor keeper includes it.
 */
#ifndef WORKER_CHILD_H
#define WORKER_CHILD_H

#include <stdbool.h>

struct config;
struct metrics;
struct scoreboard;

struct worker_child { /* set before its fork, its own copy after */
	const struct config *config;
	struct scoreboard *scoreboard;
	struct metrics *metrics;
	const char *host; /* "name-pid": first part of consumer names */
	unsigned slot;    /* the keeper's is scoreboard->slots - 1 */
	int parent_fd;    /* read end of a pipe whose other end dies with the supervisor */
	bool until_empty;
};

/* The children's mains; they return the exit code and are followed by _exit. */
int runner_main(const struct worker_child *child);
int keeper_main(const struct worker_child *child);

/* True once the supervisor is gone. */
bool child_orphaned(const struct worker_child *child);

#endif
