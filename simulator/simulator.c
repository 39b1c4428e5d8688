#include "simulator/simulator.h"

#include "core/base/cleanup.h"
#include "core/io/http_server.h"
#include "simulator/admin.h"
#include "simulator/door.h"
#include "simulator/venue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_MAX_MS 1000
#define BODY_LIMIT_BYTES 65536
#define URL_SIZE 128

struct simulator {
	struct venue *venue;
	struct http_server *server;
	pthread_t pulse; /* moves the market and the orders while nobody asks */
	bool pulse_runs;
	bool stopping;
	char url[URL_SIZE];
};

struct simulator_options simulator_options_default(void)
{
	return (struct simulator_options){.listen = "127.0.0.1:0",
		.threads = 2,
		.default_balance = decimal_from_int(10000),
		.margin_mode = MARGIN_CROSS,
		.speed_milli = 1000,
		.seed = 1,
		.match_delay_min_ms = 2,
		.match_delay_max_ms = 8,
		.ip_limit = 600};
}

static void handle(
	void *context, const struct http_server_request *request, struct http_server_reply *reply)
{
	struct venue *venue = context;

	if (venue->admin && strncmp(request->path, "/sim/", 5) == 0)
		admin_handle(venue, request, reply);
	else
		door_handle(venue, request, reply);
}

static void wait_ms(struct venue *venue, int64_t idle_ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(idle_ms / 1000);
	until.tv_nsec += (long)(idle_ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	(void)pthread_cond_timedwait(&venue->wake, &venue->lock, &until);
}

/* The lock is given up only while waiting; requests take it then. */
static void *pulse(void *context)
{
	struct simulator *simulator = context;
	struct venue *venue = simulator->venue;

	(void)pthread_mutex_lock(&venue->lock);
	while (!simulator->stopping) {
		venue_advance(venue);
		(void)venue_keep(venue); /* requests learn of it */
		wait_ms(venue, venue_idle_ms(venue, IDLE_MAX_MS));
	}
	(void)pthread_mutex_unlock(&venue->lock);
	return NULL;
}

static int start_pulse(struct simulator *simulator, struct err *err)
{
	int result = pthread_create(&simulator->pulse, NULL, pulse, simulator);

	if (result != 0)
		return err_errno(err, result, "could not start a thread");
	simulator->pulse_runs = true;
	return 0;
}

static int start_server(
	struct simulator *simulator, const struct simulator_options *options, struct err *err)
{
	return http_server_start(&(struct http_server_options){.address = options->listen,
					 .threads = options->threads,
					 .body_limit_bytes = BODY_LIMIT_BYTES,
					 .tls_certificate_file = options->tls_certificate_file,
					 .tls_key_file = options->tls_key_file,
					 .handler = handle,
					 .context = simulator->venue},
		&simulator->server, err);
}

/* The listen address with the port that the kernel gave. */
static void write_url(struct simulator *simulator, const struct simulator_options *options)
{
	const char *colon = strrchr(options->listen, ':');
	int length = colon != NULL ? (int)(colon - options->listen) : 0;
	const char *host = length > 0 ? options->listen : "127.0.0.1";

	(void)snprintf(simulator->url, sizeof simulator->url, "%s://%.*s:%d",
		options->tls_certificate_file != NULL ? "https" : "http", length > 0 ? length : 9,
		host, simulator_port(simulator));
}

int simulator_start(
	const struct simulator_options *options, struct simulator **ret, struct err *err)
{
	CLEANUP(simulator_stop) struct simulator *simulator = mem_zero(1, sizeof *simulator);

	if ((options->tls_certificate_file == NULL) != (options->tls_key_file == NULL))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"TLS needs both a certificate and a key");
	if (venue_new(options, &simulator->venue, err) == -1 ||
		start_server(simulator, options, err) == -1 || start_pulse(simulator, err) == -1)
		return err_while(err, "could not start the simulated exchange");
	write_url(simulator, options);
	*ret = TAKE(simulator);
	return 0;
}

static void stop_pulse(struct simulator *simulator)
{
	(void)pthread_mutex_lock(&simulator->venue->lock);
	simulator->stopping = true;
	(void)pthread_cond_signal(&simulator->venue->wake);
	(void)pthread_mutex_unlock(&simulator->venue->lock);
	(void)pthread_join(simulator->pulse, NULL);
}

void simulator_stop(struct simulator **simulator)
{
	if (*simulator == NULL)
		return;
	struct simulator *gone = *simulator;
	/* The server first: its threads use the venue. */
	http_server_stop(&gone->server);
	if (gone->pulse_runs)
		stop_pulse(gone);
	venue_free(&gone->venue);
	free(gone);
	*simulator = NULL;
}

int simulator_port(const struct simulator *simulator)
{
	return http_server_port(simulator->server);
}

const char *simulator_url(const struct simulator *simulator)
{
	return simulator->url;
}

void simulator_state(struct simulator *simulator, struct simulator_state *ret)
{
	struct venue *venue = simulator->venue;

	venue_enter(venue);
	*ret = (struct simulator_state){.market_ms = venue->market_ms,
		.market_end_ms = market_end_ms(venue->market),
		.halted = market_halted(venue->market),
		.accounts = accounts_count(venue->accounts),
		.symbols = venue->instrument_count,
		.ledger_lines = ledger_count(venue->ledger),
		.requests = door_request_count(venue)};
	ret->broken = !venue_leave(venue);
	if (ret->broken)
		ret->failure = venue->failure; /* set once, never changed */
}
