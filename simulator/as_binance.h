/*
 * as_binance - the simulated exchange as Binance USDⓈ-M futures: signing, replies, codes, limits,
 * public routes and the account. Orders, stops and the books are in as_binance_order.
 *
 * Parameters stand in the query or in a form body alike. A refusal is HTTP 400 with a negative
 * code. Limits: 2,400 weight a minute of the address, then 429, then 418; 300 orders in 10 s and
 * 1,200 a minute of the account.
 */
#ifndef SIMULATOR_AS_BINANCE_H
#define SIMULATOR_AS_BINANCE_H

#include "simulator/call.h"

extern const struct dialect as_binance;

enum {                                    /* the codes that more than one file uses */
	AS_BINANCE_UNKNOWN_ORDER = -2011, /* of a cancel */
	AS_BINANCE_NO_SUCH_ORDER = -2013, /* of a query */
	AS_BINANCE_MISSING = -1102,
	AS_BINANCE_ILLEGAL = -1130,
	AS_BINANCE_LEG = -4061,
};

int as_binance_refuse_broker(struct call *call, const struct err *err);

/* A parameter that must be there. */
int as_binance_required(struct call *call, const char *name, char text[CALL_TEXT_SIZE]);
/* -1 in *ret if it is absent and not required. */
int as_binance_symbol(struct call *call, bool required, int *ret);

/* "BUY", "SELL"; "BOTH", "LONG", "SHORT" */
const char *as_binance_side(enum side side);
const char *as_binance_leg(enum leg leg);

#endif
