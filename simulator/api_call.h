/*
 * api_call - one request to the simulated venue while it is worked on: reading its parameters
 * and refusing it.
 *
 * Routes get a call with the lock held and the venue brought up to the present. They read
 * parameters, do, and fill call->result; or refuse with the venue's own code. GET parameters stand
 * in the query, POST parameters in the body. Texts from the body live as long as the call.
 * For the files of this room only.
 */
#ifndef SIMULATOR_API_CALL_H
#define SIMULATOR_API_CALL_H

#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/http_server.h"
#include "simulator/venue.h"

enum { /* the codes that more than one file uses */
	API_OK = 0,
	API_PARAMETER = 10001,
	API_TIMESTAMP = 10002,
	API_KEY = 10003,
	API_SIGNATURE = 10004,
	API_TOO_MANY = 10006,
	API_ROUTE = 10017,
	API_NO_ORDER = 110001,
};

struct api_call {
	struct venue *venue;
	const struct http_server_request *request;
	struct field body; /* POST: the object */
	size_t account;    /* private routes; also the broker's handle */
	struct doc *result;
	int code; /* retCode, with its text */
	char message[240];
};

/* Sets code and text and returns -1, so that refusing is one statement. */
__attribute__((format(printf, 3, 4))) int api_call_refuse(
	struct api_call *call, int code, const char *format, ...);

/* The refusal that the venue gives for the broker's. */
int api_call_refuse_broker(struct api_call *call, const struct err *err);

/* A query argument; false if it is absent or empty. */
bool api_call_argument(const struct api_call *call, const char *name, char *text, size_t size);

/* An integer argument within [least, most]; fallback where it is absent. Refuses others. */
int api_call_integer(struct api_call *call, const char *name, int64_t least, int64_t most,
	int64_t fallback, int64_t *ret);

/* As the venue does, a limit above the most is cut to it. */
int api_call_limit(struct api_call *call, int64_t most, int64_t fallback, size_t *ret);

/*
 * startTime and endTime: both, one, or none; the other is span_ms away, at most most_ms. Without
 * both the span ends now.
 */
int api_call_span(struct api_call *call, int64_t span_ms, int64_t most_ms, int64_t *ret_from_ms,
	int64_t *ret_to_ms);

/* Refuses a category other than linear. */
int api_call_category(struct api_call *call);

/* symbol of query or body; -1 in *ret if it is absent and not required. */
int api_call_symbol(struct api_call *call, bool required, int *ret);

/* A member of the body that is a string; "" where it is absent or null. Refuses other types. */
int api_call_text(struct api_call *call, const char *name, const char **ret);

/* A string member that holds a decimal; *ret_present false where absent or empty. */
int api_call_decimal(
	struct api_call *call, const char *name, bool *ret_present, struct decimal *ret);
int api_call_flag(struct api_call *call, const char *name, bool *ret); /* false if absent */
int api_call_number(struct api_call *call, const char *name, int64_t fallback, int64_t *ret);

/* The words of the venue. */
const char *api_call_side(enum side side); /* "Buy", "Sell" */
int api_call_position_index(enum leg leg); /* 0, 1, 2 */
int api_call_parse_side(struct api_call *call, const char *text, enum side *ret);
int api_call_parse_leg(struct api_call *call, int64_t position_index, enum leg *ret);

/* A whole number as a JSON string, as the venue writes its times. */
void api_call_put_integer(struct doc *object, const char *name, int64_t value);

#endif
