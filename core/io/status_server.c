#include "core/io/status_server.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/io/http_server.h"
#include "core/io/metrics.h"

#include <string.h>

#define METRICS_LIMIT_BYTES (4 << 20)

struct status_server {
	struct status_server_options options;
	struct http_server *server;
};

static void respond(struct http_server_reply *reply, int status, const char *text)
{
	reply->status = status;
	reply->content_type = "text/plain; charset=utf-8";
	reply->body = mem_format("%s\n", text);
	reply->body_size_bytes = strlen(reply->body);
}

static void respond_metrics(const struct status_server *server, struct http_server_reply *reply)
{
	CLEANUP(buffer_done) struct buffer text;

	buffer_init(&text, METRICS_LIMIT_BYTES);
	metrics_write(server->options.metrics, &text);
	if (buffer_failed(&text)) {
		respond(reply, 500, "metrics are larger than 4 MiB");
		return;
	}
	reply->status = 200;
	reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
	reply->body = mem_text(text.data);
	reply->body_size_bytes = text.size_bytes;
}

/* Asked first: the order in which a call's arguments are worked out is nobody's promise. */
static void respond_ready(const struct status_server *server, struct http_server_reply *reply)
{
	const char *reason = "";
	bool ready = server->options.ready(server->options.context, &reason);

	respond(reply, ready ? 200 : 503, reason);
}

static void serve(
	void *context, const struct http_server_request *request, struct http_server_reply *reply)
{
	const struct status_server *server = context;

	if (strcmp(request->path, "/metrics") == 0)
		respond_metrics(server, reply);
	else if (strcmp(request->path, "/health") == 0 || strcmp(request->path, "/healthz") == 0)
		respond(reply, 200, "ok");
	else if (strcmp(request->path, "/ready") == 0 || strcmp(request->path, "/readyz") == 0)
		respond_ready(server, reply);
	else
		respond(reply, 404, "not found: try /metrics, /health or /ready");
}

int status_server_start(
	const struct status_server_options *options, struct status_server **ret, struct err *err)
{
	*ret = NULL;
	if (options->address[0] == '\0')
		return 0;
	struct status_server *server = mem_zero(1, sizeof *server);
	server->options = *options;
	struct http_server_options http = {
		.address = options->address, .handler = serve, .context = server};
	if (http_server_start(&http, &server->server, err) == -1) {
		free(server);
		return err_while(err, "could not serve metrics and health");
	}
	*ret = server;
	return 0;
}

void status_server_stop(struct status_server **server)
{
	if (*server == NULL)
		return;
	http_server_stop(&(*server)->server);
	free(*server);
	*server = NULL;
}
