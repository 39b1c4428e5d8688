/*
 * as_bybit - the simulated exchange as Bybit V5 linear: routes, signing, envelope, codes, limits,
 * and how its requests name things. GET parameters stand in the query, POST parameters in the body.
 *
 * The routes themselves are in as_bybit_market, _order, _listing, _account and _book.
 */
#ifndef SIMULATOR_AS_BYBIT_H
#define SIMULATOR_AS_BYBIT_H

#include "simulator/call.h"

extern const struct dialect as_bybit;

enum { /* the codes that more than one file uses */
	AS_BYBIT_OK = 0,
	AS_BYBIT_PARAMETER = 10001,
	AS_BYBIT_TIMESTAMP = 10002,
	AS_BYBIT_KEY = 10003,
	AS_BYBIT_SIGNATURE = 10004,
	AS_BYBIT_TOO_MANY = 10006,
	AS_BYBIT_ROUTE = 10017,
	AS_BYBIT_NO_ORDER = 110001,
};

/* The refusal that the venue gives for the broker's. */
int as_bybit_refuse_broker(struct call *call, const struct err *err);

/* An integer argument within [least, most]; fallback where it is absent. Refuses others. */
int as_bybit_integer(struct call *call, const char *name, int64_t least, int64_t most,
	int64_t fallback, int64_t *ret);

/* As the venue does, a limit above the most is cut to it. */
int as_bybit_limit(struct call *call, int64_t most, int64_t fallback, size_t *ret);

/*
 * startTime and endTime: both, one, or none; the other is span_ms away, at most most_ms. Without
 * both the span ends now.
 */
int as_bybit_span(struct call *call, int64_t span_ms, int64_t most_ms, int64_t *ret_from_ms,
	int64_t *ret_to_ms);

/* Refuses a category other than linear. */
int as_bybit_category(struct call *call);

/* symbol of query or body; -1 in *ret if it is absent and not required. */
int as_bybit_symbol(struct call *call, bool required, int *ret);

/* A member of the body that is a string; "" where it is absent or null. Refuses other types. */
int as_bybit_text(struct call *call, const char *name, const char **ret);

/* A string member that holds a decimal; *ret_present false where absent or empty. */
int as_bybit_decimal(struct call *call, const char *name, bool *ret_present, struct decimal *ret);
int as_bybit_flag(struct call *call, const char *name, bool *ret); /* false if absent */
int as_bybit_number(struct call *call, const char *name, int64_t fallback, int64_t *ret);

/* The words of the venue. */
const char *as_bybit_side(enum side side); /* "Buy", "Sell" */
int as_bybit_position_index(enum leg leg); /* 0, 1, 2 */
int as_bybit_parse_side(struct call *call, const char *text, enum side *ret);
int as_bybit_parse_leg(struct call *call, int64_t position_index, enum leg *ret);

#endif
