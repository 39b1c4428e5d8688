/*
 * status_server - /metrics, /health and /ready of a long-running process.
 *
 *	/health, /healthz, /startupz   the process's server loop is alive; depends on nothing else
 *	/ready, /readyz                the owner is asked, whose reason stands in the body
 *	/metrics                       Prometheus text
 *
 * Served by threads of its own: ready and refresh must only read what is safe to read from another
 * thread. So a scrape is answered whatever the process itself is stuck in.
 */
#ifndef CORE_IO_STATUS_SERVER_H
#define CORE_IO_STATUS_SERVER_H

#include "core/base/err.h"

#include <stdbool.h>

struct metrics;
struct status_server;

struct status_server_options {
	const char *address;           /* "" : none is started and *ret is NULL */
	const char *metrics_address;   /* "": /metrics is served at address; else only there */
	const struct metrics *metrics; /* borrowed */
	bool (*ready)(void *context, const char **ret_reason); /* reason: static text */
	/* Sets the gauges that are figures of the moment, before they are written. NULL: none. */
	void (*refresh)(void *context);
	void *context;
};

MUST_CHECK int status_server_start(
	const struct status_server_options *options, struct status_server **ret, struct err *err);
void status_server_stop(struct status_server **server);

#endif
