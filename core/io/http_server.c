#include "core/io/http_server.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BODY_LIMIT_BYTES ((size_t)1 << 20)
#define HEADERS_LIMIT_BYTES ((size_t)32 << 10)
#define TLS_FILE_LIMIT_BYTES ((size_t)1 << 20)
#define CONNECTIONS_MAX 512u
#define IDLE_TIMEOUT_S 120u
#define THREAD_STACK_BYTES ((size_t)1 << 20)

/*
 * A thread per connection, so that a reply that waits holds up nobody else; how many of them may
 * be inside the handler at once is counted in running.
 */
struct http_server {
	struct http_server_options options;
	struct MHD_Daemon *daemon;
	char *certificate;
	char *key;
	int port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned running;
	bool stopping;
};

/* One request, from its first header to the end of its reply. */
struct exchange {
	char *query;
	struct buffer body;
	bool started;
};

/* --- replies -------------------------------------------------------------------------------- */

static void add_headers(struct MHD_Response *response, const char *lines)
{
	char copy[sizeof((struct http_server_reply *)0)->headers];
	char *rest = NULL;

	(void)snprintf(copy, sizeof copy, "%s", lines);
	for (char *line = strtok_r(copy, "\r\n", &rest); line != NULL;
		line = strtok_r(NULL, "\r\n", &rest)) {
		char *value = strchr(line, ':');
		if (value == NULL)
			continue;
		*value++ = '\0';
		value += strspn(value, " ");
		(void)MHD_add_response_header(response, line, value);
	}
}

struct torn { /* a body that ends before its announced size */
	char *body;
	size_t size_bytes;
};

static ssize_t read_torn(void *context, uint64_t position, char *to, size_t room_bytes)
{
	const struct torn *torn = context;

	if (position >= torn->size_bytes)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t size_bytes = torn->size_bytes - (size_t)position;
	if (size_bytes > room_bytes)
		size_bytes = room_bytes;
	memcpy(to, torn->body + position, size_bytes);
	return (ssize_t)size_bytes;
}

static void free_torn(void *context)
{
	struct torn *torn = context;

	free(torn->body);
	free(torn);
}

static struct MHD_Response *response_of(struct http_server_reply *reply)
{
	if (reply->truncate_bytes > 0 && reply->truncate_bytes < reply->body_size_bytes) {
		struct torn *torn = mem_zero(1, sizeof *torn);
		torn->body = TAKE(reply->body);
		torn->size_bytes = reply->truncate_bytes;
		return MHD_create_response_from_callback(
			reply->body_size_bytes, 4096, read_torn, torn, free_torn);
	}
	if (reply->body == NULL)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_buffer(
		reply->body_size_bytes, TAKE(reply->body), MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_reply(
	struct MHD_Connection *connection, struct http_server_reply *reply)
{
	unsigned status = reply->status != 0 ? (unsigned)reply->status : 500;
	struct MHD_Response *response = response_of(reply);

	if (response == NULL)
		return MHD_NO;
	if (reply->content_type != NULL)
		(void)MHD_add_response_header(response, "Content-Type", reply->content_type);
	add_headers(response, reply->headers);
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_status(struct MHD_Connection *connection, int status, const char *text)
{
	struct http_server_reply reply = {.status = status,
		.content_type = "text/plain",
		.body = mem_text(text),
		.body_size_bytes = strlen(text)};

	return send_reply(connection, &reply);
}

/* --- requests ------------------------------------------------------------------------------- */

/* The handler runs in at most `threads` threads at once; the others wait here. */
static void enter_handler(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	while (server->running >= server->options.threads)
		pthread_cond_wait(&server->changed, &server->lock);
	server->running++;
	pthread_mutex_unlock(&server->lock);
}

static void leave_handler(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->running--;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

/* Waits, or until the server stops. */
static void wait_delay(struct http_server *server, int64_t delay_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(delay_ms / 1000);
	until.tv_nsec += (long)(delay_ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&server->lock);
	int result = 0;
	while (!server->stopping && result == 0)
		result = pthread_cond_timedwait(&server->changed, &server->lock, &until);
	pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result answer(struct http_server *server, struct MHD_Connection *connection,
	const char *method, const char *path, const struct exchange *exchange)
{
	const struct http_server_request request = {
		.method = method,
		.path = path,
		.query = exchange->query,
		.body = exchange->body.data,
		.body_size_bytes = exchange->body.size_bytes,
		.internal = connection,
	};
	struct http_server_reply reply = {.status = 0};

	enter_handler(server);
	server->options.handler(server->options.context, &request, &reply);
	leave_handler(server);

	if (reply.delay_ms > 0)
		wait_delay(server, reply.delay_ms);
	if (reply.cut) {
		free(reply.body);
		return MHD_NO; /* closes the connection */
	}
	enum MHD_Result result = send_reply(connection, &reply);
	free(reply.body);
	return result;
}

static bool announces_too_much(const struct http_server *server, struct MHD_Connection *connection)
{
	const char *text = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, "Content-Length");

	return text != NULL && strtoull(text, NULL, 10) > server->options.body_limit_bytes;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **state)
{
	struct http_server *server = context;
	struct exchange *exchange = *state;

	(void)version;
	if (exchange == NULL)
		return MHD_NO;
	if (!exchange->started) {
		exchange->started = true;
		if (announces_too_much(server, connection))
			return send_status(connection, 413, "the body is too large\n");
		return MHD_YES;
	}
	if (*upload_size > 0) {
		buffer_add(&exchange->body, upload, *upload_size);
		*upload_size = 0;
		return buffer_failed(&exchange->body) ? MHD_NO : MHD_YES;
	}
	return answer(server, connection, method, path, exchange);
}

/* Called with the request line's target before it is taken apart: the query as it came. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	const struct http_server *server = context;
	struct exchange *exchange = mem_zero(1, sizeof *exchange);
	const char *query = strchr(target, '?');

	(void)connection;
	exchange->query = mem_text(query != NULL ? query + 1 : "");
	buffer_init(&exchange->body, server->options.body_limit_bytes);
	return exchange;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)connection;
	(void)how;
	if (exchange == NULL)
		return;
	buffer_done(&exchange->body);
	free(exchange->query);
	free(exchange);
	*state = NULL;
}

/* --- starting and stopping ------------------------------------------------------------------ */

static int bad_address(const char *address, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
		"cannot listen on \"%.80s\": expected ADDRESS:PORT, [ADDRESS]:PORT or :PORT",
		address);
}

/* Numbers only, so that listening never waits for a name server. */
static int parse_address(
	const char *address, struct sockaddr_storage *ret, socklen_t *ret_size, struct err *err)
{
	const char *colon = strrchr(address, ':');
	char host[64];

	if (colon == NULL || (size_t)(colon - address) >= sizeof host)
		return bad_address(address, err);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';

	const char *digits = colon + 1;
	unsigned long port = strtoul(digits, NULL, 10);
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0' || port > 65535)
		return bad_address(address, err);

	struct sockaddr_storage storage = {0};
	size_t length = strlen(host);
	if (host[0] == '[' && host[length - 1] == ']') {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
		host[length - 1] = '\0';
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		*ret_size = sizeof *six;
		if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) != 1)
			return bad_address(address, err);
	} else {
		struct sockaddr_in *four = (struct sockaddr_in *)&storage;
		const char *numeric = length == 0                      ? "0.0.0.0"
				      : strcmp(host, "localhost") == 0 ? "127.0.0.1"
								       : host;
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		*ret_size = sizeof *four;
		if (inet_pton(AF_INET, numeric, &four->sin_addr) != 1)
			return bad_address(address, err);
	}
	*ret = storage;
	return 0;
}

int http_server_check_address(const char *address, struct err *err)
{
	struct sockaddr_storage storage = {0};
	socklen_t size = 0;

	return parse_address(address, &storage, &size, err);
}

static int port_of(int fd)
{
	struct sockaddr_in6 address = {0};
	socklen_t size = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		return 0;
	/* The port stands at the same place in an IPv4 address. */
	return ntohs(address.sin6_port);
}

/* TAKE for a descriptor. */
static int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int listen_on(const char *address, int *ret_fd, struct err *err)
{
	struct sockaddr_storage storage = {0};
	socklen_t size = 0;
	const int on = 1;

	if (parse_address(address, &storage, &size, err) == -1)
		return -1;
	CLEANUP(fd_close) int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_errno(err, errno, "could not make a socket for %s", address);
	/* A restarted process takes its port back at once. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&storage, size) == -1 || listen(fd, 512) == -1) {
		if (errno == EADDRINUSE)
			return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
				"cannot listen on %s: the port is already in use", address);
		err_errno(err, errno, "cannot listen on %s", address);
		err->code = ERR_CONFIG;
		return -1;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

static int read_file(const char *path, char **ret, struct err *err)
{
	struct buffer text;
	char chunk[4096];
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1) {
		err_errno(err, errno, "cannot open %s", path);
		err->code = ERR_CONFIG;
		return -1;
	}
	buffer_init(&text, TLS_FILE_LIMIT_BYTES);
	ssize_t size_bytes = 0;
	while ((size_bytes = read(fd, chunk, sizeof chunk)) > 0)
		buffer_add(&text, chunk, (size_t)size_bytes);
	bool whole = size_bytes == 0 && !buffer_failed(&text);
	if (whole)
		*ret = mem_text(text.data);
	buffer_done(&text);
	if (!whole)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "cannot read %s", path);
	return 0;
}

static int read_tls(struct http_server *server, struct err *err)
{
	if (server->options.tls_certificate_file == NULL)
		return 0;
	if (read_file(server->options.tls_certificate_file, &server->certificate, err) == -1)
		return -1;
	return read_file(server->options.tls_key_file, &server->key, err);
}

static void drop_message(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	const bool tls = server->certificate != NULL;
	const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			       MHD_USE_POLL | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0u);
	const struct MHD_OptionItem tls_options[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)(uintptr_t) "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
		MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		HEADERS_LIMIT_BYTES, MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK_BYTES,
		MHD_OPTION_ARRAY, tls ? tls_options : none, MHD_OPTION_END);
}

static struct http_server *server_new(const struct http_server_options *options)
{
	struct http_server *server = mem_zero(1, sizeof *server);
	pthread_condattr_t monotonic;

	server->options = *options;
	if (server->options.threads == 0)
		server->options.threads = 1;
	if (server->options.body_limit_bytes == 0)
		server->options.body_limit_bytes = BODY_LIMIT_BYTES;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&server->lock, NULL);
	return server;
}

int http_server_start(
	const struct http_server_options *options, struct http_server **ret, struct err *err)
{
	CLEANUP(http_server_stop) struct http_server *server = server_new(options);
	CLEANUP(fd_close) int fd = -1;

	if (read_tls(server, err) == -1 || listen_on(options->address, &fd, err) == -1)
		return -1;
	server->port = port_of(fd);
	server->daemon = start_daemon(server, fd);
	if (server->daemon == NULL)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "cannot serve on %s%s",
			options->address,
			server->certificate != NULL ? ": is the certificate the key's?" : "");
	(void)fd_take(&fd); /* the daemon's from here */
	*ret = TAKE(server);
	return 0;
}

void http_server_stop(struct http_server **pointer)
{
	struct http_server *server = *pointer;

	if (server == NULL)
		return;
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	free(server->certificate);
	if (server->key != NULL)
		explicit_bzero(server->key, strlen(server->key));
	free(server->key);
	free(server);
	*pointer = NULL;
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}

const char *http_server_header(const struct http_server_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->internal, MHD_HEADER_KIND, name);
}

bool http_server_argument(
	const struct http_server_request *request, const char *name, char *text, size_t size)
{
	const char *value = MHD_lookup_connection_value(
		request->internal, MHD_GET_ARGUMENT_KIND, name);

	if (value == NULL || strlen(value) >= size)
		return false;
	memcpy(text, value, strlen(value) + 1);
	return true;
}
