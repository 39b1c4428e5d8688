/*
 * call - one request to the simulated exchange while it is worked on, and the dialect it speaks.
 *
 * A dialect is a venue's way of saying things: paths, signing, envelope, codes, limits. What a
 * request means is the same for all of them and stands elsewhere: desk.h changes the exchange,
 * view.h and the broker tell what there is. door.c brings request and dialect together.
 *
 * Routes get a call with the lock held and the venue brought up to the present. They read
 * parameters, do, and fill call->result; or refuse with the venue's own code. Texts from a JSON
 * body live as long as the call. For the files of this room only.
 */
#ifndef SIMULATOR_CALL_H
#define SIMULATOR_CALL_H

#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/http_server.h"
#include "simulator/venue.h"

#define CALL_TEXT_SIZE 256 /* room to see that an id is too long, rather than to miss it */

struct call;

struct route {
	char method[8];
	char path[48];
	bool private;
	int limit; /* of an account: the dialect's own measure */
	int (*run)(struct call *call);
};

struct dialect {
	char name[8];
	const char *prefixes[10]; /* its paths begin with one of these; NULL: no more */
	const struct route *routes;
	size_t route_count;
	struct limits_address_rule address;    /* all clients count as one address */
	int (*weigh)(const struct call *call); /* in the address's count; NULL: 1 each */

	/* Key, signature and window; sets call->account. The lock is not held. */
	int (*authenticate)(struct call *call);
	/* What the account's limits say, with their headers in any case. */
	int (*take_limit)(struct call *call, struct http_server_reply *reply);
	/* Makes the body readable. */
	int (*read_body)(struct call *call);
	/* The reply: call->result in the venue's envelope, or the refusal. Takes the result over.
	 */
	void (*seal)(struct call *call, struct http_server_reply *reply);
	/* Too many requests from the address; until_ms: of its ban, or of the window. */
	void (*refuse_address)(struct call *call, enum limits_verdict verdict, int64_t until_ms);
	void (*refuse_route)(struct call *call);
	int (*refuse_parameter)(struct call *call, const char *name);
};

struct call {
	struct venue *venue;
	const struct dialect *dialect;
	const struct route *route;
	const struct http_server_request *request;
	struct field_document *document;
	struct field body; /* a JSON object; else nothing */
	bool form;         /* the body is a form */
	size_t account;    /* private routes; also the broker's handle */
	struct doc *result;
	int status;            /* HTTP; 200 unless set */
	int code;              /* the venue's, with its text; 0: done */
	int64_t retry_after_s; /* for a header; 0: none */
	char message[240];
};

/* Sets code and text and returns -1, so that refusing is one statement. */
__attribute__((format(printf, 3, 4))) int call_refuse(
	struct call *call, int code, const char *format, ...);

/* The same with a row of a table: which of the venue's codes stands for a refusal of the broker. */
struct call_refusal {
	enum broker_refusal refusal;
	int code;
	char text[104];
};
/* False if the table has no row for it. */
bool call_refuse_broker(
	struct call *call, const struct call_refusal *rows, size_t count, const struct err *err);

/* A query argument; false if it is absent or empty. */
bool call_argument(const struct call *call, const char *name, char *text, size_t size);

/* A parameter, wherever it stands: query, form or JSON body. False if absent, null or empty. */
bool call_param(const struct call *call, const char *name, char text[CALL_TEXT_SIZE]);
/* Others are refused by the dialect. */
int call_param_decimal(struct call *call, const char *name, bool *ret_present, struct decimal *ret);
int call_param_integer(struct call *call, const char *name, int64_t least, int64_t most,
	int64_t fallback, int64_t *ret);
int call_param_flag(struct call *call, const char *name, bool *ret); /* false if absent */
/* One of the words, by its place in the list; fallback where it is absent. */
int call_param_word(
	struct call *call, const char *name, const char *const *words, int fallback, int *ret);

/* An integer and nothing else. */
bool call_parse_integer(const char *text, int64_t *ret);

/* Puts another document in the place of the result: a list, or a whole object. */
void call_set_result(struct call *call, struct doc *result);

/* A whole number as a JSON string. */
void call_put_integer(struct doc *object, const char *name, int64_t value);

/* The hex HMAC-SHA256 of the parts, put one behind the other; NULL ends them. */
void call_sign(const char *secret, const char *const *parts, char ret_hex[]);

/* Adds a "Name: value\n" line to a reply. */
__attribute__((format(printf, 2, 3))) void call_add_header(
	struct http_server_reply *reply, const char *format, ...);

#endif
