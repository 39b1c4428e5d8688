#include "exchanges/call.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "exchanges/handle.h"
#include "exchanges/pool.h"
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

/* Asking for the time may go through another endpoint: what was chosen stays chosen. */
static int server_ms_here(struct exchange *exchange, int64_t *ret_ms, struct err *err)
{
	size_t mark = pool_mark(exchange);
	int result = exchange_server_ms(exchange, ret_ms, err);
	pool_return_to(exchange, mark);
	return result;
}

int call_permit(struct exchange *exchange, const struct call_permit *permit,
	int64_t *ret_now_server_ms, struct err *err)
{
	if (!exchange->attached)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "no credential is attached");
	if (pool_choose(exchange, POOL_PRIVATE, permit->share, err) == -1)
		return -1;
	while (rate_limits_take(exchange->limits, exchange->key_name, (size_t)permit->group,
		       permit->share, permit->weight, err) == -1)
		if (err->code != ERR_RATE ||
			!pool_choose_other(exchange, POOL_PRIVATE, permit->share))
			return -1;
	exchange->prepared = pool_mark(exchange);
	return server_ms_here(exchange, ret_now_server_ms, err);
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

/* Requests that belong together go the same way: private if one of them is. */
static enum pool_kind kind_of(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->gets[i].group != CALL_PUBLIC)
			return POOL_PRIVATE;
	return POOL_PUBLIC;
}

/* again: over another endpoint than the one that failed. */
static int choose(struct exchange *exchange, const struct batch *batch, bool again, struct err *err)
{
	enum pool_kind kind = kind_of(batch);
	if (again && !pool_choose_other(exchange, kind, RATE_READ))
		return -1;
	if (!again && pool_choose(exchange, kind, RATE_READ, err) == -1)
		return -1;
	while (take_permits(exchange, batch, err) == -1)
		if (err->code != ERR_RATE || !pool_choose_other(exchange, kind, RATE_READ))
			return -1;
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
		if (signs && server_ms_here(exchange, &now_server_ms, err) == -1)
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

static int understand_one(struct exchange *exchange, const struct batch *batch, size_t index,
	struct call_answer *answer, struct err *err)
{
	const struct call_get *get = &batch->gets[index];
	const struct http_response *response = batch->responses[index];
	struct pool_call call = {
		.kind = get->group == CALL_PUBLIC ? POOL_PUBLIC : POOL_PRIVATE,
		.method = batch->requests[index].method,
		.path = get->path,
		.duration_ms = clock_mono_ms(exchange->clock) - batch->sent_mono_ms,
	};
	struct err failure = batch->failures[index];
	int result = -1;
	if (response != NULL) {
		call.duration_ms = response->duration_ms;
		failure = (struct err){.code = ERR_NONE};
		result = check(
			exchange, batch->venue, CALL_READ, get->group, response, answer, &failure);
		if (result == 0)
			failure.code = ERR_NONE;
	}
	pool_note(exchange, &call, &failure);
	if (result == -1) {
		*err = failure;
		return err_while(err, "could not read %s", get->path);
	}
	answer->sent_mono_ms = batch->sent_mono_ms;
	answer->duration_ms = response->duration_ms;
	if (answer->has_server_time) {
		server_clock_add(&exchange->server_clock, answer->server_ms, answer->sent_mono_ms,
			answer->duration_ms);
		tally_clock(batch->venue->name, answer->server_ms, answer->duration_ms);
	}
	return 0;
}

/* All are looked at, for what they tell of limits and endpoints; the first failure is the batch's.
 */
static int understand_batch(struct exchange *exchange, const struct batch *batch,
	struct call_answer *ret_answers, struct err *err)
{
	struct err failure;
	int result = 0;
	for (size_t i = 0; i < batch->count; i++) {
		if (understand_one(exchange, batch, i, &ret_answers[i], &failure) == 0)
			continue;
		if (result == 0)
			*err = failure;
		result = -1;
	}
	return result;
}

static int call_once(struct exchange *exchange, const struct call_venue *venue, size_t count,
	const struct call_get *gets, bool again, struct call_answer *ret_answers, struct err *err)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	CLEANUP(batch_done)
	struct batch batch = {.venue = venue, .count = count, .gets = gets};
	if (choose(exchange, &batch, again, err) == -1 || build(exchange, arena, &batch, err) == -1)
		return -1;
	send_batch(exchange, &batch);
	account_for(exchange, &batch);
	if (understand_batch(exchange, &batch, ret_answers, err) == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		call_done(&ret_answers[i]);
	return -1;
}

/* The endpoint's fault, or its address's: another one may answer. */
static bool another_may_answer(struct exchange *exchange, const struct err *failure)
{
	struct err ignored;
	switch ((int)failure->code) {
	case ERR_NETWORK:
	case ERR_TIMEOUT:
	case ERR_PROTOCOL:
	case ERR_MAINTENANCE:
		return true;
	case ERR_RATE:
		return rate_limits_check_ban(exchange->limits, &ignored) == -1;
	default:
		return false;
	}
}

int call_all(struct exchange *exchange, const struct call_venue *venue, size_t count,
	const struct call_get *gets, struct call_answer *ret_answers, struct err *err)
{
	assert(count >= 1 && count <= CALLS_MAX);

	for (size_t i = 0; i < count; i++)
		ret_answers[i] = (struct call_answer){.document = NULL};
	if (call_once(exchange, venue, count, gets, false, ret_answers, err) == 0)
		return 0;
	tally_failure(venue->name, err);
	bool again = another_may_answer(exchange, err);
	if (!again && err->code != ERR_CLOCK)
		return -1;

	/* What we believed of the server's time was wrong: learn it anew, sign again, once. */
	if (!again)
		server_clock_forget(&exchange->server_clock);
	const struct err first = *err;
	if (call_once(exchange, venue, count, gets, again, ret_answers, err) == 0)
		return 0;
	if (again && err->code == ERR_RATE)
		*err = first; /* there was no other, or nothing left of its limit */
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
