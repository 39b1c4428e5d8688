#include "core/io/http.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/trust.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 3000
#define TOTAL_TIMEOUT_MS 5000
#define REPLY_LIMIT_BYTES ((size_t)8 << 20)
#define HEADERS_LIMIT_BYTES ((size_t)64 << 10)
/* A reply that drips slower than this for so long has stalled. */
#define SLOW_BYTES_PER_S 16L
#define SLOW_S 10L
/*
 * Venues close idle connections after a minute or so. One that died unseen costs an order of
 * unknown outcome, a new one costs a handshake: so we let go of them well before.
 */
#define IDLE_MAX_S 20L
#define CONNECTIONS_MAX 8L

struct http {
	struct http_options options; /* texts are copies */
	CURLM *multi;
	CURLSH *share; /* TLS sessions, so that a new connection resumes */
	CURL **spare;  /* handles for the next requests */
	size_t spare_count;
	struct trust *trust; /* own authorities; NULL while unused or shared */
	char trace[80];      /* the whole header line; "": none */
};

/* One request on its way. */
struct transfer {
	const struct http *http;
	const struct http_request *request;
	CURL *easy;
	struct curl_slist *headers;
	struct buffer reply_headers;
	struct buffer reply_body;
	int64_t started_mono_ms;
	bool plain;          /* http, not https */
	bool departed;       /* a byte of the request may have been written */
	bool repeat_stopped; /* the library tried to send it again */
	bool left_loopback;  /* plain http would have left this host */
	bool finished;
	CURLcode code;
	char reason[CURL_ERROR_SIZE];
};

static struct {
	struct trust *trust;
	char *ca_file;
} shared;

/* --- URLs ----------------------------------------------------------------------------------- */

static void url_free(CURLU **url)
{
	curl_url_cleanup(*url);
	*url = NULL;
}

static void curl_text_free(char **text)
{
	curl_free(*text);
	*text = NULL;
}

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	CLEANUP(curl_text_free) char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

static int bad_url(const char *text, const char *why, struct err *err)
{
	/* Cut before the query: it may hold a signature. */
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "cannot use the URL %.*s: %s",
		(int)strcspn(text, "?#") > 100 ? 100 : (int)strcspn(text, "?#"), text, why);
}

struct target {
	char host[256];
	bool plain;
};

/* What holds for every URL that we ever talk to. */
static int check_target(const char *text, CURLU *url, struct target *ret, struct err *err)
{
	CLEANUP(curl_text_free) char *scheme = NULL;
	CLEANUP(curl_text_free) char *host = NULL;

	if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"cannot use the URL: expected https://host[:port][/path]");
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"cannot use the URL of %s: it holds a user or password", host);
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		return bad_url(text, "only https, and http to this host, are allowed", err);

	struct target target = {.plain = strcmp(scheme, "http") == 0};
	if (target.plain && !is_loopback(host))
		return bad_url(text, "plain http is allowed to this host only, use https", err);
	if (strlen(host) >= sizeof target.host)
		return bad_url(text, "the host name is too long", err);
	memcpy(target.host, host, strlen(host) + 1);
	*ret = target;
	return 0;
}

int http_check_url(const char *text, struct err *err)
{
	CLEANUP(url_free) CURLU *url = curl_url();
	struct target target = {0};

	if (url == NULL)
		die("out of memory while reading a URL");
	if (check_target(text, url, &target, err) == -1)
		return -1;
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return bad_url(text, "a base URL has no query and no fragment", err);
	return 0;
}

int http_host(const char *text, char *ret, size_t size, struct err *err)
{
	CLEANUP(url_free) CURLU *url = curl_url();
	struct target target = {0};

	if (url == NULL)
		die("out of memory while reading a URL");
	if (check_target(text, url, &target, err) == -1)
		return -1;
	if (strlen(target.host) >= size)
		return bad_url(text, "the host name is too long", err);
	memcpy(ret, target.host, strlen(target.host) + 1);
	return 0;
}

static int check_request(
	const struct http *http, const char *text, bool *ret_plain, struct err *err)
{
	CLEANUP(url_free) CURLU *url = curl_url();
	struct target target = {0};

	if (url == NULL)
		die("out of memory while reading a URL");
	if (check_target(text, url, &target, err) == -1)
		return -1;
	*ret_plain = target.plain;
	if (http->options.hosts == NULL)
		return 0;
	for (const char *const *host = http->options.hosts; *host != NULL; host++) {
		if (strcasecmp(*host, target.host) == 0)
			return 0;
	}
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
		"cannot send to %s: it is not among the allowed hosts", target.host);
}

static bool can_bind(int family, const void *address, socklen_t size_bytes)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return false;
	bool bound = bind(fd, address, size_bytes) == 0;
	(void)close(fd);
	return bound;
}

bool http_egress_exists(const char *egress)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, egress, &four.sin_addr) == 1)
		return can_bind(AF_INET, &four, sizeof four);
	if (inet_pton(AF_INET6, egress, &six.sin6_addr) == 1)
		return can_bind(AF_INET6, &six, sizeof six);
	return if_nametoindex(egress) != 0;
}

/* --- set-up --------------------------------------------------------------------------------- */

int http_init(struct err *err)
{
	const curl_version_info_data *version = NULL;

	/* A write to a closed TLS connection must be an error, not the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "could not set up libcurl");

	/* The authorities are handed over as OpenSSL objects. */
	version = curl_version_info(CURLVERSION_NOW);
	if (version->ssl_version == NULL || strstr(version->ssl_version, "OpenSSL") == NULL)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"this libcurl has no OpenSSL (it has %s)",
			version->ssl_version != NULL ? version->ssl_version : "no TLS");
	return 0;
}

static bool same_file(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

int http_trust(const char *ca_file, struct err *err)
{
	struct trust *trust = NULL;

	if (shared.trust != NULL && same_file(shared.ca_file, ca_file))
		return 0;
	if (trust_load(ca_file, &trust, err) == -1)
		return -1;
	trust_free(&shared.trust);
	text_free(&shared.ca_file);
	shared.trust = trust;
	shared.ca_file = ca_file != NULL ? mem_text(ca_file) : NULL;
	return 0;
}

static char *text_copy(const char *text)
{
	return text != NULL ? mem_text(text) : NULL;
}

static const char *const *list_copy(const char *const *list)
{
	size_t count = 0;

	if (list == NULL)
		return NULL;
	while (list[count] != NULL)
		count++;
	const char **copy = mem_zero(count + 1, sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_text(list[i]);
	return copy;
}

struct http *http_new(const struct http_options *options)
{
	struct http *http = mem_zero(1, sizeof *http);
	struct http_options *own = &http->options;

	*own = *options;
	own->user_agent = text_copy(options->user_agent);
	own->ca_file = text_copy(options->ca_file);
	own->egress = text_copy(options->egress);
	own->hosts = list_copy(options->hosts);
	if (own->connect_timeout_ms == 0)
		own->connect_timeout_ms = CONNECT_TIMEOUT_MS;
	if (own->total_timeout_ms == 0)
		own->total_timeout_ms = TOTAL_TIMEOUT_MS;
	if (own->reply_limit_bytes == 0)
		own->reply_limit_bytes = REPLY_LIMIT_BYTES;

	http->multi = curl_multi_init();
	http->share = curl_share_init();
	if (http->multi == NULL || http->share == NULL)
		die("out of memory while making an HTTP client");
	curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
	return http;
}

struct http *http_new_like(const struct http *http, const char *egress)
{
	struct http_options options = http->options;

	options.egress = egress;
	return http_new(&options);
}

static void free_const(const void *memory)
{
	free((void *)(uintptr_t)memory);
}

void http_trace(struct http *http, const char *traceparent)
{
	http->trace[0] = '\0';
	if (traceparent != NULL)
		(void)snprintf(http->trace, sizeof http->trace, "traceparent: %s", traceparent);
}

void http_free(struct http **pointer)
{
	struct http *http = *pointer;

	if (http == NULL)
		return;
	for (size_t i = 0; i < http->spare_count; i++)
		curl_easy_cleanup(http->spare[i]);
	free(http->spare);
	curl_multi_cleanup(http->multi);
	curl_share_cleanup(http->share);
	trust_free(&http->trust);
	free_const(http->options.user_agent);
	free_const(http->options.ca_file);
	free_const(http->options.egress);
	for (size_t i = 0; http->options.hosts != NULL && http->options.hosts[i] != NULL; i++)
		free_const(http->options.hosts[i]);
	free_const(http->options.hosts);
	free(http);
	*pointer = NULL;
}

static const struct trust *trust_of(const struct http *http)
{
	return http->trust != NULL ? http->trust : shared.trust;
}

static int ensure_trust(struct http *http, struct err *err)
{
	bool is_shared = shared.trust != NULL && same_file(shared.ca_file, http->options.ca_file);

	if (http->trust != NULL || is_shared)
		return 0;
	return trust_load(http->options.ca_file, &http->trust, err);
}

/* --- one transfer --------------------------------------------------------------------------- */

/*
 * Called when the connection stands and the request is about to be written: each time, also when
 * the library repeats it because a reused connection died before a reply byte.
 */
static int on_departure(
	void *context, char *peer_address, char *own_address, int peer_port, int own_port)
{
	struct transfer *transfer = context;

	(void)own_address;
	(void)peer_port;
	(void)own_port;
	/* "localhost" is a name like any other: the address decides. */
	if (transfer->plain && !is_loopback(peer_address)) {
		transfer->left_loopback = true;
		return CURL_PREREQFUNC_ABORT;
	}
	if (transfer->departed && transfer->request->once) {
		transfer->repeat_stopped = true;
		return CURL_PREREQFUNC_ABORT;
	}
	transfer->departed = true;
	return CURL_PREREQFUNC_OK;
}

static size_t on_body(char *data, size_t one, size_t size_bytes, void *context)
{
	struct transfer *transfer = context;

	(void)one;
	buffer_add(&transfer->reply_body, data, size_bytes);
	return buffer_failed(&transfer->reply_body) ? 0 : size_bytes;
}

static size_t on_header(char *data, size_t one, size_t size_bytes, void *context)
{
	struct transfer *transfer = context;

	(void)one;
	/* An interim reply (100) or a repeated read starts over. */
	if (size_bytes >= 5 && strncmp(data, "HTTP/", 5) == 0) {
		buffer_clear(&transfer->reply_headers);
		buffer_clear(&transfer->reply_body);
	}
	buffer_add(&transfer->reply_headers, data, size_bytes);
	return buffer_failed(&transfer->reply_headers) ? 0 : size_bytes;
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *context)
{
	const struct transfer *transfer = context;

	(void)easy;
	trust_apply(trust_of(transfer->http), ssl_ctx);
	return CURLE_OK;
}

static void add_header(struct transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);

	if (longer == NULL)
		die("out of memory while building a request");
	transfer->headers = longer;
}

static void set_headers(struct transfer *transfer)
{
	bool typed = false;

	for (const char *const *line = transfer->request->headers; line != NULL && *line != NULL;
		line++) {
		add_header(transfer, *line);
		typed = typed || strncasecmp(*line, "content-type:", 13) == 0;
	}
	/* Without a word from us the library would claim a form, and wait for a 100 first. */
	if (!typed)
		add_header(transfer, "Content-Type:");
	add_header(transfer, "Expect:");
	if (transfer->http->trace[0] != '\0')
		add_header(transfer, transfer->http->trace);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_body(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	CURL *easy = transfer->easy;

	if (request->body == NULL) {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size_bytes);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_limits(struct transfer *transfer)
{
	const struct http_options *options = &transfer->http->options;
	int64_t total_ms = transfer->request->total_timeout_ms > 0
				   ? transfer->request->total_timeout_ms
				   : options->total_timeout_ms;
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)total_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_S);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)options->reply_limit_bytes);
}

/* What a request may not do, whatever the environment or a reply suggests. */
static void set_rules(struct transfer *transfer)
{
	const struct http_options *options = &transfer->http->options;
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	/* One request per connection at a time: "did it leave?" has a plain answer there. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (options->user_agent != NULL)
		curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent);
	if (options->egress != NULL)
		curl_easy_setopt(easy, CURLOPT_INTERFACE, options->egress);
}

static void set_tls(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* The library would parse its own copy of the system's authorities. */
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
}

static CURL *take_easy(struct http *http)
{
	CURL *easy = http->spare_count > 0 ? http->spare[--http->spare_count] : curl_easy_init();

	if (easy == NULL)
		die("out of memory while making an HTTP request");
	return easy;
}

static void give_easy(struct http *http, CURL *easy)
{
	if (http->spare_count >= (size_t)CONNECTIONS_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	if (http->spare == NULL)
		http->spare = mem_zero((size_t)CONNECTIONS_MAX, sizeof(CURL *));
	http->spare[http->spare_count++] = easy;
}

static void transfer_init(
	struct transfer *transfer, const struct http *http, const struct http_request *request)
{
	*transfer = (struct transfer){.http = http, .request = request};
	buffer_init(&transfer->reply_headers, HEADERS_LIMIT_BYTES);
	buffer_init(&transfer->reply_body, http->options.reply_limit_bytes);
}

static int transfer_start(struct transfer *transfer, struct http *http, struct err *err)
{
	if (check_request(http, transfer->request->url, &transfer->plain, err) == -1)
		return -1;
	if (!transfer->plain && ensure_trust(http, err) == -1)
		return -1;

	CURL *easy = take_easy(http);
	transfer->easy = easy;
	transfer->started_mono_ms = clock_mono_ms(clock_system());
	curl_easy_setopt(easy, CURLOPT_URL, transfer->request->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason);
	curl_easy_setopt(easy, CURLOPT_SHARE, http->share);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_departure);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	set_rules(transfer);
	set_limits(transfer);
	set_tls(transfer);
	set_body(transfer);
	set_headers(transfer);
	if (curl_multi_add_handle(http->multi, easy) != CURLM_OK)
		die("could not start an HTTP request");
	return 0;
}

static void transfer_done(struct transfer *transfer, struct http *http)
{
	if (transfer->easy != NULL) {
		curl_multi_remove_handle(http->multi, transfer->easy);
		give_easy(http, transfer->easy);
		transfer->easy = NULL;
	}
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	buffer_done(&transfer->reply_headers);
	buffer_done(&transfer->reply_body);
}

static bool too_large(const struct transfer *transfer)
{
	return transfer->code == CURLE_FILESIZE_EXCEEDED || buffer_failed(&transfer->reply_body) ||
	       buffer_failed(&transfer->reply_headers);
}

static int transfer_failed(const struct transfer *transfer, struct err *err)
{
	enum err_retry after = transfer->departed && transfer->request->once ? ERR_RETRY_ASK
									     : ERR_RETRY_LATER;
	const char *reason = transfer->reason[0] != '\0' ? transfer->reason
							 : curl_easy_strerror(transfer->code);

	if (transfer->left_loopback)
		return err_set(err, ERR_NETWORK, ERR_RETRY_LATER,
			"could not send: plain http would leave this host");
	if (transfer->repeat_stopped)
		return err_set(err, ERR_NETWORK, ERR_RETRY_ASK,
			"the connection ended before a reply, the request may have arrived");
	if (!transfer->departed)
		return err_set(
			err, ERR_NETWORK, ERR_RETRY_LATER, "could not connect: %.200s", reason);
	if (too_large(transfer))
		return err_set(err, ERR_PROTOCOL, after, "the reply is larger than %zu bytes",
			transfer->http->options.reply_limit_bytes);
	if (transfer->code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, ERR_TIMEOUT, after, "no whole reply in time: %.200s", reason);
	return err_set(err, ERR_NETWORK, after, "the connection failed: %.200s", reason);
}

static char *take_text(struct buffer *buffer, size_t *ret_size_bytes)
{
	char *text = mem_alloc(buffer->size_bytes + 1);

	memcpy(text, buffer->data, buffer->size_bytes);
	text[buffer->size_bytes] = '\0';
	if (ret_size_bytes != NULL)
		*ret_size_bytes = buffer->size_bytes;
	return text;
}

/* The library tells it as text, of the connection's own certificate first. */
static int64_t certificate_until_ms(CURL *easy)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *chain = NULL;
	long connects = 0;

	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	if (connects == 0 || curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
		chain == NULL || chain->num_of_certs < 1)
		return 0;
	for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next) {
		if (strncmp(line->data, name, sizeof name - 1) != 0)
			continue;
		time_t until_s = curl_getdate(line->data + sizeof name - 1, NULL);
		return until_s == -1 ? 0 : (int64_t)until_s * 1000;
	}
	return 0;
}

static struct http_response *transfer_response(struct transfer *transfer)
{
	struct http_response *response = mem_zero(1, sizeof *response);

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &response->status);
	response->body = take_text(&transfer->reply_body, &response->body_size_bytes);
	response->headers = take_text(&transfer->reply_headers, NULL);
	response->duration_ms = clock_mono_ms(clock_system()) - transfer->started_mono_ms;
	response->certificate_until_ms = certificate_until_ms(transfer->easy);
	return response;
}

static void note_finished(struct http *http)
{
	int left = 0;

	for (CURLMsg *message = curl_multi_info_read(http->multi, &left); message != NULL;
		message = curl_multi_info_read(http->multi, &left)) {
		struct transfer *transfer = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer->finished = true;
		transfer->code = message->data.result;
	}
}

/* Until every started transfer has finished; each has its own deadline inside the library. */
static void drive(struct http *http)
{
	int running = 1;

	while (running > 0) {
		if (curl_multi_perform(http->multi, &running) != CURLM_OK)
			die("could not drive the HTTP requests");
		if (running > 0 && curl_multi_poll(http->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			die("could not wait for the HTTP requests");
	}
	note_finished(http);
}

static int transfer_result(struct transfer *transfer, struct http_response **ret, struct err *err)
{
	assert(transfer->finished);
	if (transfer->code != CURLE_OK)
		return transfer_failed(transfer, err);
	*ret = transfer_response(transfer);
	return 0;
}

int http_send(struct http *http, const struct http_request *request, struct http_response **ret,
	struct err *err)
{
	struct transfer transfer;

	transfer_init(&transfer, http, request);
	int result = transfer_start(&transfer, http, err);
	if (result == 0) {
		drive(http);
		result = transfer_result(&transfer, ret, err);
	}
	transfer_done(&transfer, http);
	return result;
}

void http_send_all(struct http *http, size_t count, const struct http_request *requests,
	struct http_response **ret_responses, struct err *ret_errors)
{
	struct transfer *transfers = mem_zero(count, sizeof *transfers);

	for (size_t i = 0; i < count; i++) {
		assert(!requests[i].once);
		ret_responses[i] = NULL;
		transfer_init(&transfers[i], http, &requests[i]);
		if (transfer_start(&transfers[i], http, &ret_errors[i]) == -1)
			continue;
		ret_errors[i] = (struct err){.code = ERR_NONE};
	}
	drive(http);
	for (size_t i = 0; i < count; i++) {
		if (transfers[i].easy != NULL &&
			transfer_result(&transfers[i], &ret_responses[i], &ret_errors[i]) == -1)
			ret_responses[i] = NULL;
		transfer_done(&transfers[i], http);
	}
	free(transfers);
}

/* --- responses ------------------------------------------------------------------------------ */

void http_response_free(struct http_response **response)
{
	if (*response == NULL)
		return;
	free((*response)->body);
	free((*response)->headers);
	free(*response);
	*response = NULL;
}

bool http_header(const struct http_response *response, const char *name, char *text, size_t size)
{
	size_t name_length = strlen(name);

	for (const char *line = response->headers; *line != '\0';) {
		const char *end = line + strcspn(line, "\r\n");
		if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
			const char *value = line + name_length + 1;
			while (value < end && isspace((unsigned char)*value))
				value++;
			while (end > value && isspace((unsigned char)end[-1]))
				end--;
			int length = snprintf(text, size, "%.*s", (int)(end - value), value);
			return (size_t)length < size;
		}
		line = end + strspn(end, "\r\n");
	}
	return false;
}
