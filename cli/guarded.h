/*
 * guarded - work that needs secrets in clear, in a forked child under a runner's guards.
 *
 * A command's own process never holds a master key or an opened credential. It forks a child that
 * opens the key ring, enters the sandbox of worker/sandbox.h, works, hands back one JSON document
 * and is gone: what it held is wiped with it. The child inherits no usable connection (Postgres,
 * Redis and TLS must not cross a fork); it opens its own.
 *
 * The child's err arrives in the parent as it was. A child that dies is ERR_SYSTEM, and whatever it
 * had begun is found in the rows that it wrote.
 */
#ifndef CLI_GUARDED_H
#define CLI_GUARDED_H

#include "core/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct config;
struct doc;
struct vault;

/*
 * Runs in the child. vault is NULL if no ring was asked for. *ret is what the parent gets; it may
 * stay NULL.
 */
typedef int guarded_work(struct vault *vault, void *context, struct doc **ret, struct err *err);

struct guarded_task {
	const struct config *config;
	bool ring;  /* open vault.master_key_file before the sandbox closes */
	bool venue; /* it will talk to a venue: load the authorities of TLS before */
	guarded_work *work;
	void *context; /* the child's copy */
};

struct guarded { /* a child at work */
	pid_t pid;
	int fd;
};

MUST_CHECK int guarded_start(const struct guarded_task *task, struct guarded *ret, struct err *err);

/* Waits for its end. *ret_text: the JSON text, "" if there was none; the caller frees it. */
MUST_CHECK int guarded_wait(struct guarded *guarded, char **ret_text, struct err *err);

/* Both. */
MUST_CHECK int guarded_run(const struct guarded_task *task, char **ret_text, struct err *err);

#endif
