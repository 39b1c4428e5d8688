#include "exchanges/call.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "exchanges/handle.h"
#include "exchanges/tally.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK 4096
#define ARENA_LIMIT (256 * 1024)

struct call_get call_get(const char *path, int group, const char *format, ...)
{
	struct call_get get = {.path = path, .group = group, .weight = 1};
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(get.query, sizeof get.query, format, arguments);
	va_end(arguments);
	assert(length >= 0 && (size_t)length < sizeof get.query);
	return get;
}

struct call_get call_weighing(int64_t weight, struct call_get get)
{
	get.weight = weight;
	return get;
}

void call_done(struct call_answer *answer)
{
	field_document_free(&answer->document);
	*answer = (struct call_answer){.document = NULL};
}

void call_all_done(struct call_answer (*answers)[CALLS_MAX])
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		call_done(&(*answers)[i]);
}

int call_misread(struct err *err, const char *what)
{
	if (err->code == ERR_PROTOCOL)
		err->retry = ERR_RETRY_LATER;
	return err_while(err, "could not read %s", what);
}

bool call_header_number(const struct http_response *response, const char *name, int64_t *ret)
{
	char text[32];
	if (!http_header(response, name, text, sizeof text))
		return false;
	char *end;
	long long value = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		return false;
	*ret = value;
	return true;
}

/* ---- replies ---------------------------------------------------------------------------- */

/*
 * A simulated exchange replays its market at a speed of its own and says so; on a real venue the
 * server's clock is the market's: as the envelope tells it, else as it is known.
 */
static int64_t market_time(struct exchange *exchange, const struct http_response *response,
	const struct reply_envelope *envelope)
{
	int64_t server_ms = exchange->market.now_ms;
	if (envelope->has_server_time)
		server_ms = envelope->server_ms;
	else
		(void)server_clock_read(
			&exchange->server_clock, clock_mono_ms(exchange->clock), &server_ms);
	exchange->market.now_ms = server_ms;
	exchange->market.speed = 1;
	exchange->market.mono_ms = clock_mono_ms(exchange->clock);
	exchange->market.apart = call_header_number(
		response, "X-Market-Time", &exchange->market.now_ms);
	(void)call_header_number(response, "X-Market-Speed", &exchange->market.speed);
	return exchange->market.now_ms;
}

/* Without an account, a limit of the account is the address's. */
static void stop_limited(
	struct exchange *exchange, int group, enum call_limited limited, const struct err *err)
{
	bool has_account = group != CALL_PUBLIC && exchange->key_name[0] != '\0';
	if (limited == LIMITED_NOBODY)
		return;
	if (limited == LIMITED_ADDRESS || !has_account)
		rate_limits_ban(exchange->limits, err->retry_after_ms);
	else
		rate_limits_close(
			exchange->limits, exchange->key_name, (size_t)group, err->retry_after_ms);
}

/* A reply that cannot be read is no proof of anything. */
static int unreadable(const struct call_venue *venue, enum call_kind kind, struct err *err)
{
	err->retry = refusal_unclear(kind);
	return err_while(err, "could not understand %s's reply", venue->name);
}

static int refuse_code(struct exchange *exchange, const struct call_venue *venue, int group,
	const struct call_status *status, const struct reply_envelope *envelope, struct err *err)
{
	enum call_limited limited;
	if (venue->refuse_code(status, envelope->code, envelope->text, &limited, err) == 0) {
		bool accepted = status->http_status >= 200 && status->http_status < 300;
		if (accepted || envelope->code != 0)
			return 0;
		(void)err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "HTTP %ld without a code",
			status->http_status);
		return unreadable(venue, status->kind, err);
	}
	stop_limited(exchange, group, limited, err);
	const char *reason = venue->reason != NULL ? venue->reason(&envelope->result) : "";
	return reason[0] != '\0' ? err_while(err, "%.100s", reason) : -1;
}

static int check(struct exchange *exchange, const struct call_venue *venue, enum call_kind kind,
	int group, const struct http_response *response, struct call_answer *ret, struct err *err)
{
	struct call_status status = {
		.kind = kind,
		.http_status = response->status,
		.retry_after_ms = venue->retry_after(exchange, group, response),
	};
	enum call_limited limited;
	venue->observe(exchange, group, response);
	if (venue->refuse_http(&status, response->body, response->body_size_bytes, &limited, err) ==
		-1) {
		stop_limited(exchange, group, limited, err);
		return -1;
	}

	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct reply_envelope envelope = {.text = ""};
	if (field_parse(response->body, response->body_size_bytes, &answer.document, err) == -1 ||
		venue->envelope(answer.document, &envelope, err) == -1)
		return unreadable(venue, kind, err);
	if (refuse_code(exchange, venue, group, &status, &envelope, err) == -1)
		return -1;

	answer.result = envelope.result;
	answer.has_server_time = envelope.has_server_time;
	answer.server_ms = envelope.server_ms;
	answer.market_ms = market_time(exchange, response, &envelope);
	*ret = answer;
	answer.document = NULL;
	return 0;
}

int call_understand(struct exchange *exchange, const struct call_venue *venue, enum call_kind kind,
	int group, const struct call_reply *reply, struct call_answer *ret, struct err *err)
{
	/* Only read: the casts are for the struct's owners. */
	const struct http_response response = {
		.status = reply->http_status,
		.body = (char *)(uintptr_t)reply->body,
		.body_size_bytes = reply->size_bytes,
		.headers = (char *)(uintptr_t)reply->headers,
	};
	return check(exchange, venue, kind, group, &response, ret, err);
}

/* ---- permits ---------------------------------------------------------------------------- */

enum rate_share call_share_of_order(const struct order_request *order)
{
	bool protects = order->reduce_only || order->close_on_trigger ||
			order->type == ORDER_STOP_MARKET;
	return protects ? RATE_PROTECTIVE : RATE_NEW_RISK;
}

enum rate_share call_share_of_amend(const struct exchange_amend *amend)
{
	return amend->has_trigger ? RATE_PROTECTIVE : RATE_NEW_RISK;
}

int call_permit(struct exchange *exchange, const struct call_permit *permit,
	int64_t *ret_now_server_ms, struct err *err)
{
	if (!exchange->attached)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "no credential is attached");
	if (rate_limits_take(exchange->limits, exchange->key_name, (size_t)permit->group,
		    permit->share, permit->weight, err) == -1)
		return -1;
	return exchange_server_ms(exchange, ret_now_server_ms, err);
}

/* ---- reads ------------------------------------------------------------------------------ */

struct batch {
	const struct call_venue *venue;
	size_t count;
	const struct call_get *gets;
	struct exchange_request requests[CALLS_MAX];
	struct http_response *responses[CALLS_MAX];
	struct err failures[CALLS_MAX];
	int64_t sent_mono_ms;
};

static void batch_done(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		http_response_free(&batch->responses[i]);
}

static int take_permits(struct exchange *exchange, const struct batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		int group = batch->gets[i].group;
		bool is_public = group == CALL_PUBLIC;
		const char *key = is_public ? RATE_LIMITS_PUBLIC : exchange->key_name;
		if (rate_limits_take(exchange->limits, key, is_public ? 0 : (size_t)group,
			    RATE_READ, batch->gets[i].weight, err) == -1)
			return -1;
	}
	return 0;
}

static int build(
	struct exchange *exchange, struct arena *arena, struct batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct call_get *get = &batch->gets[i];
		int64_t now_server_ms = 0;
		bool signs = get->group != CALL_PUBLIC;
		if (signs && !exchange->attached)
			return err_set(
				err, ERR_INVALID, ERR_RETRY_NEVER, "no credential is attached");
		if (signs && exchange_server_ms(exchange, &now_server_ms, err) == -1)
			return -1;
		batch->venue->build(exchange, now_server_ms, arena, get, &batch->requests[i]);
	}
	return 0;
}

static struct http_request wire_request(const struct exchange_request *request)
{
	return (struct http_request){
		.method = request->method,
		.url = request->url,
		.headers = (const char *const *)request->headers,
	};
}

static void send_batch(struct exchange *exchange, struct batch *batch)
{
	struct http_request wire[CALLS_MAX];
	for (size_t i = 0; i < batch->count; i++)
		wire[i] = wire_request(&batch->requests[i]);

	batch->sent_mono_ms = clock_mono_ms(exchange->clock);
	if (batch->count == 1) {
		struct http_response *response = NULL;
		if (http_send(exchange->http, &wire[0], &response, &batch->failures[0]) == 0)
			batch->responses[0] = response;
		return;
	}
	http_send_all(exchange->http, batch->count, wire, batch->responses, batch->failures);
}

/* One line per request at level debug, one count for the bill. */
static void account_for(struct exchange *exchange, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct http_response *response = batch->responses[i];
		if (batch->gets[i].group == CALL_PUBLIC)
			exchange->usage.public_calls++;
		else
			exchange->usage.private_calls++;
		tally_request(batch->venue->name, batch->requests[i].method, batch->gets[i].path,
			response);
		if (log_wants(LOG_DEBUG))
			log_event(LOG_DEBUG, "venue request", LOG_TEXT("venue", batch->venue->name),
				LOG_TEXT("path", batch->gets[i].path),
				LOG_INT("status", response != NULL ? response->status : 0),
				LOG_INT("ms", response != NULL ? response->duration_ms : 0));
	}
}

static int understand_batch(struct exchange *exchange, const struct batch *batch,
	struct call_answer *ret_answers, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct call_get *get = &batch->gets[i];
		const struct http_response *response = batch->responses[i];
		struct call_answer *answer = &ret_answers[i];
		if (response == NULL) {
			*err = batch->failures[i];
			return err_while(err, "could not read %s", get->path);
		}
		if (check(exchange, batch->venue, CALL_READ, get->group, response, answer, err) ==
			-1)
			return err_while(err, "could not read %s", get->path);
		answer->sent_mono_ms = batch->sent_mono_ms;
		answer->duration_ms = response->duration_ms;
		if (!answer->has_server_time)
			continue;
		server_clock_add(&exchange->server_clock, answer->server_ms, answer->sent_mono_ms,
			answer->duration_ms);
		tally_clock(batch->venue->name, answer->server_ms, answer->duration_ms);
	}
	return 0;
}

static int call_once(struct exchange *exchange, const struct call_venue *venue, size_t count,
	const struct call_get *gets, struct call_answer *ret_answers, struct err *err)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	CLEANUP(batch_done)
	struct batch batch = {.venue = venue, .count = count, .gets = gets};
	if (take_permits(exchange, &batch, err) == -1 || build(exchange, arena, &batch, err) == -1)
		return -1;
	send_batch(exchange, &batch);
	account_for(exchange, &batch);
	if (understand_batch(exchange, &batch, ret_answers, err) == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		call_done(&ret_answers[i]);
	return -1;
}

int call_all(struct exchange *exchange, const struct call_venue *venue, size_t count,
	const struct call_get *gets, struct call_answer *ret_answers, struct err *err)
{
	assert(count >= 1 && count <= CALLS_MAX);

	for (size_t i = 0; i < count; i++)
		ret_answers[i] = (struct call_answer){.document = NULL};
	if (call_once(exchange, venue, count, gets, ret_answers, err) == 0)
		return 0;
	tally_failure(venue->name, err);
	if (err->code != ERR_CLOCK)
		return -1;

	/* What we believed of the server's time was wrong: learn it anew, sign again, once. */
	server_clock_forget(&exchange->server_clock);
	if (call_once(exchange, venue, count, gets, ret_answers, err) == 0)
		return 0;
	tally_failure(venue->name, err);
	return -1;
}

int call_one(struct exchange *exchange, const struct call_venue *venue, const struct call_get *get,
	struct call_answer *ret, struct err *err)
{
	return call_all(exchange, venue, 1, get, ret, err);
}

int call_server_time(struct exchange *exchange, const struct call_venue *venue, const char *path,
	int64_t *ret_server_ms, struct err *err)
{
	CLEANUP(call_done) struct call_answer answer = {.document = NULL};
	struct call_get time = call_get(path, CALL_PUBLIC, "%s", "");
	int64_t server_ms;
	if (call_one(exchange, venue, &time, &answer, err) == -1)
		return -1;
	if (reply_server_time(&answer.result, &server_ms, err) == -1)
		return call_misread(err, "the server's time");
	server_clock_add(
		&exchange->server_clock, server_ms, answer.sent_mono_ms, answer.duration_ms);
	*ret_server_ms = server_ms;
	return 0;
}
