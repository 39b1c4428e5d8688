#include "core/io/status_server.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/http_server.h"
#include "core/io/metrics.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define METRICS_LIMIT_BYTES (16 << 20)

enum route { ROUTE_METRICS, ROUTE_HEALTH, ROUTE_READY, ROUTE_COUNT };

/* As they stand in the label endpoint: the pattern, never the path that was asked for. */
static const char *const route_names[] = {"/metrics", "/health", "/ready", "other"};

struct port { /* one listening address and what it serves */
	struct status_server *owner;
	struct http_server *server;
	bool serves[ROUTE_COUNT];
};

struct status_server {
	struct status_server_options options;
	int64_t started_utc_ms;
	struct port ports[2];
};

static void respond(struct http_server_reply *reply, int status, const char *text)
{
	reply->status = status;
	reply->content_type = "text/plain; charset=utf-8";
	reply->body = mem_format("%s\n", text);
	reply->body_size_bytes = strlen(reply->body);
}

/* ---- metrics --------------------------------------------------------------------------------- */

static int64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long pages = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*d %lld", &pages) != 1)
		pages = 0;
	(void)fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static void respond_metrics(const struct status_server *server, struct http_server_reply *reply)
{
	CLEANUP(buffer_done) struct buffer text;

	metrics_set(METRIC_PROCESS_START, server->started_utc_ms);
	metrics_set(METRIC_PROCESS_MEMORY, resident_bytes());
	if (server->options.refresh != NULL)
		server->options.refresh(server->options.context);
	buffer_init(&text, METRICS_LIMIT_BYTES);
	metrics_write(server->options.metrics, &text);
	if (buffer_failed(&text)) {
		respond(reply, 500, "metrics are larger than 16 MiB");
		return;
	}
	reply->status = 200;
	reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
	reply->body = mem_text(text.data);
	reply->body_size_bytes = text.size_bytes;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* Asked first: the order in which a call's arguments are worked out is nobody's promise. */
static void respond_ready(const struct status_server *server, struct http_server_reply *reply)
{
	const char *reason = "";
	bool ready = server->options.ready(server->options.context, &reason);

	respond(reply, ready ? 200 : 503, reason);
}

static enum route route_of(const char *path)
{
	static const struct {
		const char *path;
		enum route route;
	} paths[] = {{"/metrics", ROUTE_METRICS}, {"/health", ROUTE_HEALTH},
		{"/healthz", ROUTE_HEALTH}, {"/startupz", ROUTE_HEALTH}, {"/ready", ROUTE_READY},
		{"/readyz", ROUTE_READY}};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (strcmp(path, paths[i].path) == 0)
			return paths[i].route;
	return ROUTE_COUNT;
}

static void count(enum route route, int status, int64_t began_mono_ms)
{
	char code[16];

	(void)snprintf(code, sizeof code, "%d", status);
	metrics_add(METRIC_API_REQUESTS, 1, route_names[route], code);
	metrics_observe(METRIC_API_DURATION, clock_mono_ms(clock_system()) - began_mono_ms,
		route_names[route]);
}

static void serve(
	void *context, const struct http_server_request *request, struct http_server_reply *reply)
{
	const struct port *port = context;
	int64_t began_mono_ms = clock_mono_ms(clock_system());
	enum route route = route_of(request->path);

	if (route < ROUTE_COUNT && !port->serves[route])
		route = ROUTE_COUNT;
	switch (route) {
	case ROUTE_METRICS:
		respond_metrics(port->owner, reply);
		break;
	case ROUTE_HEALTH:
		respond(reply, 200, "ok");
		break;
	case ROUTE_READY:
		respond_ready(port->owner, reply);
		break;
	case ROUTE_COUNT:
		respond(reply, 404, "not found: try /metrics, /health or /ready");
		break;
	}
	count(route, reply->status, began_mono_ms);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int start_port(struct port *port, const char *address, struct err *err)
{
	struct http_server_options http = {.address = address, .handler = serve, .context = port};

	if (http_server_start(&http, &port->server, err) == -1)
		return err_while(err, "could not serve metrics and health");
	return 0;
}

int status_server_start(
	const struct status_server_options *options, struct status_server **ret, struct err *err)
{
	bool apart = options->metrics_address != NULL && options->metrics_address[0] != '\0';

	*ret = NULL;
	if (options->address[0] == '\0' && !apart)
		return 0;
	CLEANUP(status_server_stop) struct status_server *server = mem_zero(1, sizeof *server);
	server->options = *options;
	server->started_utc_ms = clock_utc_ms(clock_system());
	server->ports[0] = (struct port){.owner = server, .serves = {!apart, true, true}};
	server->ports[1] = (struct port){.owner = server, .serves = {true, false, false}};
	if (options->address[0] != '\0' &&
		start_port(&server->ports[0], options->address, err) == -1)
		return -1;
	if (apart && start_port(&server->ports[1], options->metrics_address, err) == -1)
		return -1;
	*ret = TAKE(server);
	return 0;
}

void status_server_stop(struct status_server **server)
{
	if (*server == NULL)
		return;
	for (int i = 0; i < 2; i++)
		if ((*server)->ports[i].server != NULL)
			http_server_stop(&(*server)->ports[i].server);
	free(*server);
	*server = NULL;
}
