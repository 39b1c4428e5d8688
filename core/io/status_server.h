/*
 * status_server - /metrics, /health and /ready of a long-running process.
 *
 * /health (alias /healthz) says that the process's server loop is alive and depends on nothing
 * else; /ready (alias /readyz) asks the owner, whose reason stands in the body. Served by a thread
 * of its own: ready must only read what is safe to read from another thread.
 */
#ifndef CORE_IO_STATUS_SERVER_H
#define CORE_IO_STATUS_SERVER_H

#include "core/base/err.h"

#include <stdbool.h>

struct metrics;
struct status_server;

struct status_server_options {
	const char *address;           /* "" : none is started and *ret is NULL */
	const struct metrics *metrics; /* borrowed */
	bool (*ready)(void *context, const char **ret_reason); /* reason: static text */
	void *context;
};

MUST_CHECK int status_server_start(
	const struct status_server_options *options, struct status_server **ret, struct err *err);
void status_server_stop(struct status_server **server);

#endif
