/*
 * http_server - a small HTTP or HTTPS server over libmicrohttpd: /metrics, /health, and the
 * simulated exchange.
 *
 * The handler is called once per complete request, possibly from several threads at once
 * (threads > 1), and fills in a reply. Requests are bounded: headers 32 KiB, body body_limit_bytes.
 */
#ifndef CORE_IO_HTTP_SERVER_H
#define CORE_IO_HTTP_SERVER_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;

struct http_server_request { /* borrowed by the handler */
	const char *method;
	const char *path;  /* decoded, without query */
	const char *query; /* the raw query text after '?', as it came, "" if none */
	const char *body;  /* NUL-terminated, "" if none */
	size_t body_size_bytes;
	void *internal;
};

struct http_server_reply {
	int status;               /* 0 on entry means 500 if the handler does not set it */
	const char *content_type; /* static text */
	char *body;               /* malloc'd, taken over by the server; NULL: empty */
	size_t body_size_bytes;
	char headers[1024];    /* "Name: value\n" lines, "" for none */
	int64_t delay_ms;      /* wait before answering */
	bool cut;              /* close the connection without a reply byte */
	size_t truncate_bytes; /* > 0: announce the whole body, send this much, then cut */
};

typedef void http_server_handler(
	void *context, const struct http_server_request *request, struct http_server_reply *reply);

struct http_server_options {
	const char *address; /* "127.0.0.1:0", "[::1]:8080", ":9090"; port 0: the kernel picks */
	unsigned threads;    /* 0: 1 */
	size_t body_limit_bytes;          /* 0: 1 MiB */
	const char *tls_certificate_file; /* NULL: plain HTTP */
	const char *tls_key_file;
	http_server_handler *handler;
	void *context;
};

/* "port 8080 is already in use" and the like are ERR_CONFIG naming the address. */
MUST_CHECK int http_server_start(
	const struct http_server_options *options, struct http_server **ret, struct err *err);

/* Checks the form of options.address, for configuration. ERR_CONFIG. */
MUST_CHECK int http_server_check_address(const char *address, struct err *err);

/* Ends waiting replies and open connections; returns when no handler runs any more. */
void http_server_stop(struct http_server **server);
int http_server_port(const struct http_server *server);

/* A request header's value (names without case), borrowed; NULL if absent. */
const char *http_server_header(const struct http_server_request *request, const char *name);

/* A decoded query argument into text; false if absent; an argument that does not fit is absent. */
bool http_server_argument(
	const struct http_server_request *request, const char *name, char *text, size_t size);

#endif
