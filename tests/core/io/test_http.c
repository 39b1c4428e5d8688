#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/http.h"
#include "core/io/http_server.h"
#include "tests/support/certificate.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/* --- a venue on this host --- */

struct venue {
	struct http_server *server;
	struct http *http;
	char base[64];
	atomic_int arrivals; /* requests that reached /order and /read */
	atomic_bool cut;     /* close instead of answering them */
	int64_t delay_ms;
	char seen_body[256];
	char seen_trace[64];
	char seen_type[64];
	char seen_query[256];
	char seen_length[32];
};

static void note(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text != NULL ? text : "(none)");
}

static void answer_text(struct http_server_reply *reply, const char *text)
{
	reply->status = 200;
	reply->content_type = "application/json";
	reply->body = mem_text(text);
	reply->body_size_bytes = strlen(text);
}

static void on_request(
	void *context, const struct http_server_request *request, struct http_server_reply *reply)
{
	struct venue *venue = context;

	note(venue->seen_body, sizeof venue->seen_body, request->body);
	note(venue->seen_query, sizeof venue->seen_query, request->query);
	note(venue->seen_type, sizeof venue->seen_type,
		http_server_header(request, "Content-Type"));
	note(venue->seen_trace, sizeof venue->seen_trace,
		http_server_header(request, "traceparent"));
	note(venue->seen_length, sizeof venue->seen_length,
		http_server_header(request, "content-length"));
	if (strcmp(request->path, "/big") == 0) {
		answer_text(reply, "");
		free(reply->body);
		reply->body = mem_zero(1, 100000);
		reply->body_size_bytes = 100000;
		memset(reply->body, 'x', 100000);
		return;
	}
	if (strcmp(request->path, "/torn") == 0) {
		answer_text(reply, "{\"retCode\":0,\"result\":{}}");
		reply->truncate_bytes = 10;
		return;
	}
	answer_text(reply, "{\"ok\":true}");
	if (strcmp(request->path, "/limit") == 0) {
		reply->status = 429;
		(void)snprintf(reply->headers, sizeof reply->headers,
			"Retry-After: 7\nX-Bapi-Limit-Status:   19  \n");
	}
	if (strcmp(request->path, "/moved") == 0) {
		reply->status = 302;
		(void)snprintf(reply->headers, sizeof reply->headers, "Location: /read\n");
	}
	if (strcmp(request->path, "/slow") == 0)
		reply->delay_ms = venue->delay_ms;
	if (strcmp(request->path, "/order") == 0 || strcmp(request->path, "/read") == 0) {
		atomic_fetch_add(&venue->arrivals, 1);
		reply->cut = atomic_load(&venue->cut);
	}
}

static void venue_open(struct venue *venue, const struct http_options *options,
	const struct certificate *certificate)
{
	struct err err = {0};
	const struct http_server_options server = {
		.address = "127.0.0.1:0",
		.threads = 4,
		.body_limit_bytes = 1000,
		.tls_certificate_file = certificate != NULL ? certificate->certificate_file : NULL,
		.tls_key_file = certificate != NULL ? certificate->key_file : NULL,
		.handler = on_request,
		.context = venue,
	};

	*venue = (struct venue){.arrivals = 0};
	cr_assert(eq(int, http_init(&err), 0), "%s", err.message);
	cr_assert(eq(int, http_server_start(&server, &venue->server, &err), 0), "%s", err.message);
	(void)snprintf(venue->base, sizeof venue->base, "%s://127.0.0.1:%d",
		certificate != NULL ? "https" : "http", http_server_port(venue->server));
	venue->http = http_new(options);
}

static void venue_close(struct venue *venue)
{
	http_free(&venue->http);
	http_server_stop(&venue->server);
}

static int send_to(struct venue *venue, struct http_request request, const char *path,
	struct http_response **ret, struct err *err)
{
	char url[256];

	(void)snprintf(url, sizeof url, "%s%s", venue->base, path);
	request.url = url;
	if (request.method == NULL)
		request.method = "GET";
	return http_send(venue->http, &request, ret, err);
}

/* A request that must succeed; true if its reply is the usual one. */
static bool reads(struct venue *venue, const char *path)
{
	CLEANUP(http_response_free) struct http_response *response = NULL;
	struct err err = {0};

	if (send_to(venue, (struct http_request){0}, path, &response, &err) == -1) {
		cr_log_error("%s", err.message);
		return false;
	}
	return response->status == 200;
}

static const struct http_options plain = {.user_agent = "botbeat-test"};

/* --- the money rule --- */

Test(http, an_order_on_a_dying_reused_connection_arrives_once)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	cr_assert(reads(&venue, "/read")); /* the connection stands, and is kept */
	atomic_store(&venue.arrivals, 0);
	atomic_store(&venue.cut, true);
	int result = send_to(&venue,
		(struct http_request){
			.method = "POST", .body = "{}", .body_size_bytes = 2, .once = true},
		"/order", &response, &err);

	cr_expect(eq(int, result, -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(eq(int, err.code, ERR_NETWORK), "%s", err.message);
	cr_expect(eq(int, atomic_load(&venue.arrivals), 1));
}

Test(http, a_read_on_a_dying_reused_connection_may_be_repeated)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	cr_assert(reads(&venue, "/read"));
	atomic_store(&venue.arrivals, 0);
	atomic_store(&venue.cut, true);
	int result = send_to(&venue, (struct http_request){0}, "/read", &response, &err);

	cr_expect(eq(int, result, -1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
	/* This is what the library does, and why orders are guarded. */
	cr_expect(eq(int, atomic_load(&venue.arrivals), 2));
}

Test(http, an_order_cut_on_a_fresh_connection_is_unknown)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	atomic_store(&venue.cut, true);
	cr_expect(eq(int,
		send_to(&venue, (struct http_request){.method = "POST", .once = true}, "/order",
			&response, &err),
		-1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(eq(int, atomic_load(&venue.arrivals), 1));
}

Test(http, an_order_that_could_not_connect_did_not_leave)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	http_server_stop(&venue.server); /* nobody listens there now */
	cr_expect(eq(int,
		send_to(&venue, (struct http_request){.method = "POST", .once = true}, "/order",
			&response, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_NETWORK));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
}

/* --- limits --- */

Test(http, a_reply_that_comes_too_late_is_a_timeout)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	venue.delay_ms = 60000;
	int64_t before_ms = clock_mono_ms(clock_system());
	cr_expect(eq(int,
		send_to(&venue,
			(struct http_request){
				.method = "POST", .once = true, .total_timeout_ms = 200},
			"/slow", &response, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_TIMEOUT), "%s", err.message);
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - before_ms, 10000));
	cr_expect(eq(int,
		send_to(&venue, (struct http_request){.total_timeout_ms = 200}, "/slow", &response,
			&err),
		-1));
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s", err.message);
}

Test(http, a_reply_is_bounded)
{
	CLEANUP(venue_close) struct venue venue;
	CLEANUP(http_response_free) struct http_response *response = NULL;
	struct err err = {0};
	struct http_options options = plain;

	options.reply_limit_bytes = 99999;
	venue_open(&venue, &options, NULL);
	cr_expect(eq(int, send_to(&venue, (struct http_request){0}, "/big", &response, &err), -1));
	cr_expect(eq(int, err.code, ERR_PROTOCOL), "%s", err.message);
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER));
	cr_expect(eq(int,
		send_to(&venue, (struct http_request){.method = "POST", .once = true}, "/big",
			&response, &err),
		-1));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK));
	http_free(&venue.http);
	options.reply_limit_bytes = 100000;
	venue.http = http_new(&options);
	cr_assert(eq(int, send_to(&venue, (struct http_request){0}, "/big", &response, &err), 0),
		"%s", err.message);
	cr_expect(eq(sz, response->body_size_bytes, 100000));
}

Test(http, a_torn_reply_is_no_reply)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	cr_expect(eq(int,
		send_to(&venue, (struct http_request){.method = "POST", .once = true}, "/torn",
			&response, &err),
		-1));
	cr_expect(eq(ptr, response, NULL));
	cr_expect(eq(int, err.retry, ERR_RETRY_ASK), "%s", err.message);
}

Test(http, a_redirect_is_not_followed)
{
	CLEANUP(venue_close) struct venue venue;
	CLEANUP(http_response_free) struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	cr_assert(eq(int, send_to(&venue, (struct http_request){0}, "/moved", &response, &err), 0));
	cr_expect(eq(long, response->status, 302));
	cr_expect(eq(int, atomic_load(&venue.arrivals), 0));
}

/* A server that speaks one byte now and then, and never ends. */
static void *drip(void *context)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
	int listener = *(int *)context;
	CLEANUP(fd_close) int peer = accept(listener, NULL, NULL);
	char request[1024];

	if (recv(peer, request, sizeof request, 0) <= 0)
		return NULL;
	(void)send(peer, head, sizeof head - 1, MSG_NOSIGNAL);
	while (send(peer, "x", 1, MSG_NOSIGNAL) == 1)
		clock_sleep_ms(clock_system(), 20);
	return NULL;
}

Test(http, a_dripping_reply_ends_at_the_total_limit)
{
	CLEANUP(fd_close) int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	CLEANUP(http_free) struct http *http = http_new(&plain);
	struct http_response *response = NULL;
	struct err err = {0};
	char url[64];
	pthread_t thread;

	cr_assert(eq(int, bind(listener, (struct sockaddr *)&address, sizeof address), 0));
	cr_assert(eq(int, listen(listener, 1), 0));
	cr_assert(eq(int, getsockname(listener, (struct sockaddr *)&address, &size), 0));
	pthread_create(&thread, NULL, drip, &listener);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
	struct http_request request = {.method = "GET", .url = url, .total_timeout_ms = 300};
	int64_t before_ms = clock_mono_ms(clock_system());

	cr_expect(eq(int, http_send(http, &request, &response, &err), -1));
	cr_expect(eq(int, err.code, ERR_TIMEOUT), "%s", err.message);
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - before_ms, 5000));
	http_free(&http);
	pthread_join(thread, NULL);
}

/* --- what is sent and read --- */

Test(http, a_get_carries_no_body_and_an_exact_query)
{
	CLEANUP(venue_close) struct venue venue;

	venue_open(&venue, &plain, NULL);
	cr_assert(reads(&venue, "/read?category=linear&symbol=BTC%2FUSDT&cursor=a%3Db+c"));
	cr_expect(eq(str, venue.seen_query, "category=linear&symbol=BTC%2FUSDT&cursor=a%3Db+c"));
	cr_expect(eq(str, venue.seen_body, ""));
	cr_expect(eq(str, venue.seen_type, "(none)"));
	cr_expect(eq(str, venue.seen_length, "(none)"));
}

Test(http, requests_of_a_run_carry_its_trace)
{
	static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000a7-01";
	CLEANUP(venue_close) struct venue venue;

	venue_open(&venue, &plain, NULL);
	http_trace(venue.http, parent);
	cr_assert(reads(&venue, "/read"));
	cr_expect(eq(str, venue.seen_trace, parent));
	http_trace(venue.http, NULL);
	cr_assert(reads(&venue, "/read"));
	cr_expect(eq(str, venue.seen_trace, "(none)"));
}

Test(http, a_body_arrives_as_it_was_signed)
{
	CLEANUP(venue_close) struct venue venue;
	CLEANUP(http_response_free) struct http_response *response = NULL;
	struct err err = {0};
	static const char body[] = "{\"qty\":\"0.010\",\"x\":\"\xc3\xa9 +&=%\"}";
	const char *headers[] = {"Content-Type: application/json", NULL};

	venue_open(&venue, &plain, NULL);
	cr_assert(eq(int,
		send_to(&venue,
			(struct http_request){.method = "POST",
				.headers = headers,
				.body = body,
				.body_size_bytes = sizeof body - 1,
				.once = true},
			"/order", &response, &err),
		0));
	cr_expect(eq(str, venue.seen_body, body));
	cr_expect(eq(str, venue.seen_type, "application/json"));
}

Test(http, headers_of_a_reply_are_read_without_case)
{
	CLEANUP(venue_close) struct venue venue;
	CLEANUP(http_response_free) struct http_response *response = NULL;
	struct err err = {0};
	char text[16] = "";
	char tiny[2] = "";

	venue_open(&venue, &plain, NULL);
	cr_assert(eq(int, send_to(&venue, (struct http_request){0}, "/limit", &response, &err), 0));
	cr_expect(eq(long, response->status, 429));
	cr_expect(http_header(response, "retry-after", text, sizeof text));
	cr_expect(eq(str, text, "7"));
	cr_expect(http_header(response, "x-bapi-limit-status", text, sizeof text));
	cr_expect(eq(str, text, "19"));
	cr_expect(not(http_header(response, "x-bapi-limit", text, sizeof text)));
	cr_expect(not(http_header(response, "x-bapi-limit-status", tiny, sizeof tiny)));
}

Test(http, several_reads_each_get_their_own_answer)
{
	CLEANUP(venue_close) struct venue venue;
	char urls[4][128];
	struct http_request requests[4] = {0};
	struct http_response *responses[4] = {NULL};
	struct err errors[4];
	static const char *const paths[] = {"/read", "/limit", "/torn", "/read"};

	venue_open(&venue, &plain, NULL);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(urls[i], sizeof urls[i], "%s%s", venue.base, paths[i]);
		requests[i] = (struct http_request){.method = "GET", .url = urls[i]};
	}
	requests[3].url = "http://192.0.2.1/"; /* refused before it is sent */
	http_send_all(venue.http, 4, requests, responses, errors);

	cr_assert(ne(ptr, responses[0], NULL));
	cr_expect(eq(long, responses[0]->status, 200));
	cr_assert(ne(ptr, responses[1], NULL));
	cr_expect(eq(long, responses[1]->status, 429));
	cr_expect(eq(ptr, responses[2], NULL));
	cr_expect(eq(int, errors[2].retry, ERR_RETRY_LATER));
	cr_expect(eq(ptr, responses[3], NULL));
	cr_expect(eq(int, errors[3].code, ERR_CONFIG));
	for (int i = 0; i < 4; i++)
		http_response_free(&responses[i]);
}

/* --- URLs --- */

struct url_row {
	char because[64];
	char url[80];
	char message[48]; /* "" : accepted */
};

ParameterizedTestParameters(http, checks_base_urls)
{
	static struct url_row rows[] = {
		{"a venue", "https://api.bybit.com", ""},
		{"a venue behind a path", "https://gateway.example/bybit", ""},
		{"a simulator by address", "http://127.0.0.1:8080", ""},
		{"a simulator by name", "http://localhost:8080", ""},
		{"a simulator on IPv6", "http://[::1]:8080", ""},
		{"an order in clear over the network", "http://api.bybit.com", "plain http"},
		{"a name that only looks local", "http://localhost.example", "plain http"},
		{"credentials in a URL", "https://user:pw@api.bybit.com", "user or password"},
		{"files", "file:///etc/passwd", "expected https://"},
		{"other schemes", "ftp://api.bybit.com", "only https"},
		{"no scheme", "api.bybit.com", "expected https://"},
		{"nothing", "", "expected https://"},
		{"a query on a base", "https://api.bybit.com?x=1", "no query"},
		{"a blank inside", "https://api.by bit.com", "expected https://"},
	};
	return cr_make_param_array(struct url_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct url_row *row, http, checks_base_urls)
{
	struct err err = {0};
	int result = http_check_url(row->url, &err);

	cr_expect(eq(int, result, row->message[0] == '\0' ? 0 : -1), "%s: %s", row->because,
		err.message);
	cr_expect(ne(ptr, strstr(err.message, row->message), NULL), "%s: %s", row->because,
		err.message);
	cr_expect(eq(ptr, strstr(err.message, "pw"), NULL), "%s", err.message);
}

Test(http, talks_to_allowed_hosts_only)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};
	const char *hosts[] = {"api.bybit.com", NULL};
	struct http_options options = plain;

	options.hosts = hosts;
	venue_open(&venue, &options, NULL);
	cr_expect(eq(int, send_to(&venue, (struct http_request){0}, "/read", &response, &err), -1));
	cr_expect(ne(ptr, strstr(err.message, "127.0.0.1"), NULL), "%s", err.message);
	cr_expect(eq(int, atomic_load(&venue.arrivals), 0));
}

Test(http, no_proxy_is_taken_from_the_environment)
{
	CLEANUP(venue_close) struct venue venue;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	venue_open(&venue, &plain, NULL);
	cr_expect(reads(&venue, "/read"));
}

/* --- TLS --- */

Test(http, talks_tls_to_a_server_that_it_trusts)
{
	struct certificate certificate;
	CLEANUP(venue_close) struct venue venue;
	struct http_options options = plain;

	certificate_make("127.0.0.1", &certificate);
	options.ca_file = certificate.certificate_file;
	venue_open(&venue, &options, &certificate);
	cr_expect(reads(&venue, "/read"));
	cr_expect(reads(&venue, "/read"));
	certificate_remove(&certificate);
}

/* The certificate made for tests is valid for a day. */
Test(http, a_new_connection_tells_when_its_certificate_ends)
{
	struct certificate certificate;
	CLEANUP(venue_close) struct venue venue;
	struct http_options options = plain;
	int64_t tomorrow_ms = clock_utc_ms(clock_system()) + 86400000;

	certificate_make("127.0.0.1", &certificate);
	options.ca_file = certificate.certificate_file;
	venue_open(&venue, &options, &certificate);
	for (int i = 0; i < 2; i++) {
		CLEANUP(http_response_free) struct http_response *response = NULL;
		struct err err = {0};
		cr_assert(zero(int, send_to(&venue, (struct http_request){0}, "/read", &response,
					    &err)),
			"%s", err.message);
		if (i == 0)
			cr_expect(lt(i64,
				(int64_t)llabs(response->certificate_until_ms - tomorrow_ms),
				60000));
		else
			cr_expect(zero(i64, response->certificate_until_ms), "reused: not told");
	}
	certificate_remove(&certificate);
}

Test(http, authorities_loaded_before_are_shared)
{
	struct certificate certificate;
	CLEANUP(venue_close) struct venue venue;
	struct http_options options = plain;
	struct err err = {0};

	certificate_make("127.0.0.1", &certificate);
	options.ca_file = certificate.certificate_file;
	cr_assert(eq(int, http_init(&err), 0));
	cr_assert(eq(int, http_trust(certificate.certificate_file, &err), 0), "%s", err.message);
	venue_open(&venue, &options, &certificate);
	certificate_remove(&certificate); /* nobody reads it again */
	cr_expect(reads(&venue, "/read"));
}

struct tls_row {
	char because[64];
	char host[32];  /* in the server's certificate */
	bool trust_own; /* trust that certificate, or another one */
};

ParameterizedTestParameters(http, refuses_a_wrong_certificate)
{
	static struct tls_row rows[] = {
		{"signed by nobody we know", "127.0.0.1", false},
		{"made out to another host", "api.bybit.com", true},
	};
	return cr_make_param_array(struct tls_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct tls_row *row, http, refuses_a_wrong_certificate)
{
	struct certificate server, other;
	CLEANUP(venue_close) struct venue venue;
	struct http_options options = plain;
	struct http_response *response = NULL;
	struct err err = {0};

	certificate_make(row->host, &server);
	certificate_make("127.0.0.1", &other);
	options.ca_file = row->trust_own ? server.certificate_file : other.certificate_file;
	venue_open(&venue, &options, &server);
	int result = send_to(&venue, (struct http_request){.method = "POST", .once = true},
		"/order", &response, &err);

	cr_expect(eq(int, result, -1), "%s", row->because);
	cr_expect(eq(int, err.code, ERR_NETWORK), "%s", row->because);
	cr_expect(eq(int, err.retry, ERR_RETRY_LATER), "%s: %s", row->because, err.message);
	cr_expect(eq(int, atomic_load(&venue.arrivals), 0), "%s", row->because);
	certificate_remove(&server);
	certificate_remove(&other);
}

Test(http, a_missing_file_of_authorities_is_named)
{
	struct err err = {0};

	cr_expect(eq(int, http_trust("/nowhere/ca.pem", &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG));
	cr_expect(ne(ptr, strstr(err.message, "/nowhere/ca.pem"), NULL), "%s", err.message);
}

/* --- the server's own manners --- */

Test(http_server, refuses_a_body_beyond_its_limit)
{
	CLEANUP(venue_close) struct venue venue;
	CLEANUP(http_response_free) struct http_response *response = NULL;
	struct err err = {0};
	char body[1001];

	memset(body, 'x', sizeof body);
	venue_open(&venue, &plain, NULL);
	cr_assert(eq(int,
			  send_to(&venue,
				  (struct http_request){.method = "POST",
					  .body = body,
					  .body_size_bytes = sizeof body},
				  "/order", &response, &err),
			  0),
		"%s", err.message);
	cr_expect(eq(long, response->status, 413));
	cr_expect(eq(int, atomic_load(&venue.arrivals), 0));
}

Test(http_server, names_the_address_that_is_taken)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_server *second = NULL;
	struct err err = {0};
	char address[32];

	venue_open(&venue, &plain, NULL);
	(void)snprintf(address, sizeof address, "127.0.0.1:%d", http_server_port(venue.server));
	const struct http_server_options options = {.address = address, .handler = on_request};
	cr_expect(eq(int, http_server_start(&options, &second, &err), -1));
	cr_expect(eq(int, err.code, ERR_CONFIG));
	cr_expect(ne(ptr, strstr(err.message, "already in use"), NULL), "%s", err.message);
	cr_expect(ne(ptr, strstr(err.message, address), NULL), "%s", err.message);
}

Test(http_server, stops_while_a_reply_waits)
{
	CLEANUP(venue_close) struct venue venue;
	struct http_response *response = NULL;
	struct err err = {0};

	venue_open(&venue, &plain, NULL);
	venue.delay_ms = 600000;
	cr_expect(eq(int,
		send_to(&venue, (struct http_request){.total_timeout_ms = 100}, "/slow", &response,
			&err),
		-1));
	int64_t before_ms = clock_mono_ms(clock_system());
	http_server_stop(&venue.server);
	cr_expect(lt(i64, clock_mono_ms(clock_system()) - before_ms, 10000));
}

struct address_row {
	char because[48];
	char address[64];
	bool good;
};

ParameterizedTestParameters(http_server, checks_addresses)
{
	static struct address_row rows[] = {
		{"any address", ":9090", true},
		{"loopback", "127.0.0.1:0", true},
		{"IPv6", "[::1]:8080", true},
		{"the local name", "localhost:8080", true},
		{"no port", "127.0.0.1", false},
		{"an empty port", "127.0.0.1:", false},
		{"a port beyond 65535", ":65536", false},
		{"a name, which would need a name server", "metrics:9090", false},
		{"IPv6 without brackets", "::1:8080", false},
		{"nothing", "", false},
		{"an unclosed bracket", "[::1:80", false},
	};
	return cr_make_param_array(struct address_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct address_row *row, http_server, checks_addresses)
{
	struct err err = {0};

	cr_expect(eq(int, http_server_check_address(row->address, &err), row->good ? 0 : -1), "%s",
		row->because);
}
