/*
 * call - sends reads to a venue, within its limits, whatever its envelope looks like.
 *
 * What all venues share of a read: permits, signing with the server's clock, several requests at
 * once, counting, one more try with a new clock. What differs (the bytes, the envelope, the
 * headers) is the adapter's, in struct call_venue.
 */
#ifndef EXCHANGES_CALL_H
#define EXCHANGES_CALL_H

#include "core/io/field.h"
#include "exchanges/exchange.h"
#include "exchanges/rate_limits.h"
#include "exchanges/refusal.h"

struct http_response;

#define CALL_PUBLIC (-1) /* a group: counts for the address only, and is not signed */
#define CALL_QUERY_SIZE 640
#define CALLS_MAX 3

struct call_get {
	const char *path;            /* static */
	int group;                   /* of the venue's plan, or CALL_PUBLIC */
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
	/*
	 * Takes in what a reply of the group tells beside its result (limits, bans), and fills *ret
	 * if the venue agreed. times are call's.
	 */
	int (*check)(struct exchange *exchange, enum call_kind kind, int group,
		const struct http_response *response, struct call_answer *ret, struct err *err);
};

/* A get of path with a formatted query; ends the process if that is too long. */
__attribute__((format(printf, 3, 4))) struct call_get call_get(
	const char *path, int group, const char *format, ...);

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

/*
 * For state-changing requests: takes the permit and tells the server's time to sign with. The
 * permit is taken before the row turns sending: a run that would exceed a limit is postponed with
 * nothing on its way.
 */
MUST_CHECK int call_permit(struct exchange *exchange, int group, enum rate_share share,
	int64_t *ret_now_server_ms, struct err *err);

/* For check: a header's number; the groups that a limit closes; the market's time of a reply. */
bool call_header_number(const struct http_response *response, const char *name, int64_t *ret);
void call_stop_limited(
	struct exchange *exchange, int group, enum call_limited limited, const struct err *err);
/*
 * A simulated exchange replays its market at a speed of its own and says so; on a real venue the
 * server's clock is the market's.
 */
int64_t call_market_time(
	struct exchange *exchange, const struct http_response *response, int64_t server_ms);

#endif
