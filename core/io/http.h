/*
 * http - a client for venues' REST APIs over libcurl.
 *
 * TLS is always verified (system CA store, TLS 1.2 or later); plain http only to loopback; no
 * redirects, no proxy from the environment, http and https only; connections are kept and reused;
 * connect, total and low-speed limits; the size of a reply is bounded.
 *
 * The money rule: libcurl repeats a request, POST included, when a reused connection dies before a
 * reply byte. A request with once = true leaves at most once: a second attempt is aborted and the
 * result is ERR_RETRY_ASK.
 *
 * Errors: before a byte of the request was written (DNS, connect, TLS) ERR_NETWORK with
 * ERR_RETRY_LATER; afterwards ERR_NETWORK, ERR_TIMEOUT or ERR_PROTOCOL (too large) with
 * ERR_RETRY_ASK if once, else ERR_RETRY_LATER. Any HTTP status is a success here.
 * http_init once per program before threads and forks; an http belongs to one process and thread,
 * and is made after the fork. http_init ignores SIGPIPE for the whole program.
 */
#ifndef CORE_IO_HTTP_H
#define CORE_IO_HTTP_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;

struct http_options {
	const char *user_agent;
	int64_t connect_timeout_ms; /* 0: 3000 */
	int64_t total_timeout_ms;   /* 0: 5000 */
	size_t reply_limit_bytes;   /* 0: 8 MiB */
	const char *ca_file;        /* NULL: the system's store; for private CAs and tests */
	const char *egress;         /* NULL, or the local address or interface to leave from */
	const char *const *hosts;   /* allow-list of host names, NULL-terminated; NULL: any */
};

struct http_request {
	const char *method; /* "GET", "POST", "PUT", "DELETE" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
	const char *body;           /* NULL: none, and no content headers at all */
	size_t body_size_bytes;
	bool once;                /* a state-changing request */
	int64_t total_timeout_ms; /* 0: the handle's */
};

struct http_response {
	long status;
	char *body; /* NUL-terminated, owned */
	size_t body_size_bytes;
	char *headers; /* raw header lines, NUL-terminated, owned */
	int64_t duration_ms;
	int64_t certificate_until_ms; /* UTC, of the peer of a new TLS connection; else 0 */
};

MUST_CHECK int http_init(struct err *err);

/*
 * Loads the authorities of ca_file (NULL: the system's) once for this process and all that it
 * forks from now on; every http with the same ca_file then shares them. Called before forking by
 * who will talk https; without it each http loads them at its first https request (about 2 MB).
 * Plain http never does. ERR_CONFIG if they cannot be loaded.
 */
MUST_CHECK int http_trust(const char *ca_file, struct err *err);
struct http *http_new(const struct http_options *options);
/*
 * Another one like it, that leaves from another egress (NULL: any). Connections are never shared
 * between the two: what is bound to an address must not travel over a connection from another.
 */
struct http *http_new_like(const struct http *http, const char *egress);
void http_free(struct http **http);
/* A W3C trace header's value for each request from now on; NULL: none. Copied. */
void http_trace(struct http *http, const char *traceparent);
MUST_CHECK int http_send(struct http *http, const struct http_request *request,
	struct http_response **ret, struct err *err);

/*
 * Several reads at once over the same connection cache: each gets its response or its error.
 * Reads only (once must be false).
 */
void http_send_all(struct http *http, size_t count, const struct http_request *requests,
	struct http_response **ret_responses, struct err *ret_errors);

void http_response_free(struct http_response **response);

/* A header's value without surrounding space, names compared without case; false if absent. */
bool http_header(const struct http_response *response, const char *name, char *text, size_t size);

/* Checks scheme, host and loopback rule of a base URL, for configuration. */
MUST_CHECK int http_check_url(const char *url, struct err *err);

/* True if this host has the address (IPv4, IPv6) or the interface that an egress names. */
bool http_egress_exists(const char *egress);

/* The host that a URL names, as an allow-list wants it. */
MUST_CHECK int http_host(const char *url, char *ret, size_t size, struct err *err);

#endif
