/*
 * call - sends reads to a venue, within its limits, and understands every reply's envelope.
 *
 * What all venues share: permits, signing with the server's clock, several requests at once,
 * counting, one more try with a new clock; and from a reply to its result: limits taken in, a
 * refusal by status, the envelope, a refusal by code. What differs (the bytes, the envelope, the
 * headers, the codes) is the adapter's, in struct call_venue.
 */
#ifndef EXCHANGES_CALL_H
#define EXCHANGES_CALL_H

#include "core/io/field.h"
#include "exchanges/exchange.h"
#include "exchanges/rate_limits.h"
#include "exchanges/refusal.h"
#include "exchanges/reply.h"

struct http_response;

#define CALL_PUBLIC (-1) /* a group: counts for the address only, and is not signed */
#define CALL_QUERY_SIZE 640
#define CALLS_MAX 4

struct call_get {
	const char *path;            /* static */
	int group;                   /* of the venue's plan, or CALL_PUBLIC */
	int64_t weight;              /* of the address's limit */
	char query[CALL_QUERY_SIZE]; /* without '?' */
};

struct call_answer {
	struct field_document *document; /* owned */
	struct field result;             /* borrowed of it: what the envelope holds */
	bool has_server_time;            /* the envelope tells it: a sample of its clock */
	int64_t server_ms;
	int64_t market_ms;                 /* the market's time of this reply */
	int64_t sent_mono_ms, duration_ms; /* of a read */
};

struct call_venue { /* static */
	const char *name;
	/* Builds one read; signs it for now_server_ms unless it is public. */
	void (*build)(const struct exchange *exchange, int64_t now_server_ms, struct arena *arena,
		const struct call_get *get, struct exchange_request *ret);
	/* What the headers tell of the account's or the address's limits. */
	void (*observe)(struct exchange *exchange, int group, const struct http_response *response);
	/* How long to wait after a refusal by a limit, in ms; 0: the reply does not tell. */
	int64_t (*retry_after)(
		struct exchange *exchange, int group, const struct http_response *response);
	/* The three steps from a body to its result; see …_error.h and …_reply.h. */
	int (*refuse_http)(const struct call_status *status, const char *body, size_t size_bytes,
		enum call_limited *ret_limited, struct err *err);
	int (*envelope)(
		const struct field_document *document, struct reply_envelope *ret, struct err *err);
	int (*refuse_code)(const struct call_status *status, int64_t code, const char *text,
		enum call_limited *ret_limited, struct err *err);
	/* Words of a refused setting that stand in its result; NULL: the venue has none there. */
	const char *(*reason)(const struct field *result);
};

/* A get of path with a formatted query; ends the process if that is too long. */
__attribute__((format(printf, 3, 4))) struct call_get call_get(
	const char *path, int group, const char *format, ...);

/* The same get, with another weight than 1. */
struct call_get call_weighing(int64_t weight, struct call_get get);

/*
 * Sends one read, or several at once over the same connections. Private ones need an attached
 * credential. All answers or none. A refused timestamp is repeated once with a new clock.
 */
MUST_CHECK int call_one(struct exchange *exchange, const struct call_venue *venue,
	const struct call_get *get, struct call_answer *ret, struct err *err);
MUST_CHECK int call_all(struct exchange *exchange, const struct call_venue *venue, size_t count,
	const struct call_get *gets, struct call_answer *ret_answers, struct err *err);
void call_done(struct call_answer *answer);
/* For CLEANUP of an array of CALLS_MAX. */
void call_all_done(struct call_answer (*answers)[CALLS_MAX]);

/* A reply that does not parse is a venue's hiccup to a read: it may be asked again. */
int call_misread(struct err *err, const char *what);

/* The server's time of a venue that tells it at path only, as {"serverTime": ms}. */
MUST_CHECK int call_server_time(struct exchange *exchange, const struct call_venue *venue,
	const char *path, int64_t *ret_server_ms, struct err *err);

struct call_permit { /* what a state-changing request takes of the limits */
	int group;
	enum rate_share share;
	int64_t weight; /* of the address's limit */
};
/* What a request is for: stops and what reduces may spend what is kept from new risk. */
enum rate_share call_share_of_order(const struct order_request *order);
enum rate_share call_share_of_amend(const struct exchange_amend *amend);

/*
 * For state-changing requests: takes the permit and tells the server's time to sign with. The
 * permit is taken before the row turns sending: a run that would exceed a limit is postponed with
 * nothing on its way.
 */
MUST_CHECK int call_permit(struct exchange *exchange, const struct call_permit *permit,
	int64_t *ret_now_server_ms, struct err *err);

/* The reply of a state-changing request, as exchange_adapter.understand is given it. */
struct call_reply {
	long http_status;
	const char *body;
	size_t size_bytes;
	const char *headers;
};
/* Takes in what it tells, and fills *ret if the venue agreed. */
MUST_CHECK int call_understand(struct exchange *exchange, const struct call_venue *venue,
	enum call_kind kind, int group, const struct call_reply *reply, struct call_answer *ret,
	struct err *err);

/* For the venue's functions: a header's number. */
bool call_header_number(const struct http_response *response, const char *name, int64_t *ret);

#endif
